//! How do the server and its child exchange messages?
//!
//! One message is a little-endian `u32` length followed by that many bytes of JSON. Both sides refuse lengths above
//! [`MESSAGE_MAX_BYTES`]: the child's answers are as untrusted as the documents it read.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest message that either side accepts.
pub const MESSAGE_MAX_BYTES: usize = 16 << 20;

fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = bytes.len() - 4;
    if length > MESSAGE_MAX_BYTES {
        return Err(too_long(length));
    }
    bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(bytes)
}

fn length(header: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(header) as usize;
    if length > MESSAGE_MAX_BYTES { Err(too_long(length)) } else { Ok(length) }
}

fn too_long(length: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a worker message of {length} bytes is too long"))
}

/// Writes one message (server side).
pub async fn send(to: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> io::Result<()> {
    to.write_all(&frame(message)?).await?;
    to.flush().await
}

/// Reads one message (server side).
pub async fn receive<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let mut header = [0; 4];
    from.read_exact(&mut header).await?;
    let mut bytes = vec![0; length(header)?];
    from.read_exact(&mut bytes).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Writes one message (child side).
pub fn write(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    to.write_all(&frame(message)?)?;
    to.flush()
}

/// Reads one message (child side); `None` when the server has closed the pipe.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut header = [0; 4];
    match from.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut bytes = vec![0; length(header)?];
    from.read_exact(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_pipe() {
        let mut pipe = Vec::new();
        write(&mut pipe, &vec!["文枢", "wenshu"]).unwrap();
        let back: Option<Vec<String>> = read(&mut pipe.as_slice()).unwrap();
        assert_eq!(back.unwrap(), ["文枢", "wenshu"]);
    }

    #[test]
    fn a_closed_pipe_is_not_an_error() {
        assert!(read::<String>(&mut [].as_slice()).unwrap().is_none());
    }

    #[test]
    fn a_length_that_asks_for_gigabytes_is_refused() {
        let error = read::<String>(&mut [0xff, 0xff, 0xff, 0x7f].as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
