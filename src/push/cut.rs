//! Which chunks does a file consist of? One thread reads and cuts, another one hashes, in bounded memory.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::mpsc::sync_channel,
};

use serde::{Deserialize, Serialize};
use storage::{ChunkHash, Sizes};

use super::scan::Stamp;

/// A piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub hash: ChunkHash,
    pub size_bytes: u32,
}

/// Bytes read at a time.
const READ_BYTES: usize = 4 << 20;
/// Chunks between the two threads.
const BETWEEN: usize = 2;

/// Cuts a file. `None` when it changed meanwhile.
pub fn cut(path: &Path, sizes: Sizes) -> io::Result<Option<(Stamp, Vec<Piece>)>> {
    let mut file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let pieces = pieces(&mut file, sizes)?;
    let is_same = Stamp::of(&file.metadata()?) == stamp && Stamp::of(&path.symlink_metadata()?) == stamp;
    let total: u64 = pieces.iter().map(|piece| u64::from(piece.size_bytes)).sum();
    Ok((is_same && total == stamp.size_bytes).then_some((stamp, pieces)))
}

fn pieces(source: &mut impl Read, sizes: Sizes) -> io::Result<Vec<Piece>> {
    std::thread::scope(|scope| {
        let (give, take) = sync_channel::<Vec<u8>>(BETWEEN);
        let hashing = scope.spawn(move || {
            let piece = |chunk: Vec<u8>| Piece { hash: ChunkHash::of(&chunk), size_bytes: chunk.len() as u32 };
            take.into_iter().map(piece).collect::<Vec<_>>()
        });
        let mut window = Vec::with_capacity(sizes.max + READ_BYTES);
        loop {
            let read = source.by_ref().take(READ_BYTES as u64).read_to_end(&mut window)?;
            let mut start = 0;
            while let Some(length) = sizes.first_chunk(&window[start..], read == 0) {
                let chunk = window[start..start + length].to_vec();
                give.send(chunk).expect("the other thread takes until this one has nothing more");
                start += length;
            }
            window.drain(..start);
            if read == 0 {
                drop(give);
                return Ok(hashing.join().expect("hashing does not panic"));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_as_the_store_cuts_it() {
        let sizes = Sizes::STORE;
        let bytes: Vec<u8> = (0u32..3_000_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for length in [0, 1, sizes.min, sizes.max + 1, bytes.len()] {
            let mut rest = &bytes[..length];
            let mut expected = Vec::new();
            while let Some(length) = sizes.first_chunk(rest, true) {
                expected.push(Piece { hash: ChunkHash::of(&rest[..length]), size_bytes: length as u32 });
                rest = &rest[length..];
            }
            assert_eq!(pieces(&mut &bytes[..length], sizes).unwrap(), expected, "{length} bytes");
        }
    }
}
