//! Which pictures may what is made of a page show? Those that the server handed over: it knows who may see what.
//!
//! The server writes a [`Parcel`]: updates, and the content of pictures. The child reads it, decodes every picture's head,
//! and turns what word processors do not show into PNG.

use std::{
    fs::File,
    io::{self, BufWriter, Cursor, Read, Write},
    path::Path,
};

use image::{GenericImageView, ImageFormat, ImageReader};
use serde::{Deserialize, Serialize};

use super::{
    limits::Limits,
    task::{WorkerError, codes},
};

/// A picture that may be shown.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Id of its document.
    pub id: String,
    /// Type of the bytes: PNG, JPEG or GIF.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Where it lies beside what is made, when it is not inside.
    pub file: Option<String>,
}

/// The pictures that may be shown.
#[derive(Debug, Clone, Default)]
pub struct Pictures(pub Vec<Picture>);

impl Pictures {
    /// The picture of a document.
    pub fn find(&self, id: &str) -> Option<&Picture> {
        self.0.iter().find(|picture| picture.id == id)
    }
}

/// What stands before the contents in a parcel.
#[derive(Serialize, Deserialize)]
struct Header {
    updates: u64,
    pictures: Vec<(String, u64)>,
}

/// Updates of a room, and pictures, in one file for the child.
pub struct Parcel {
    /// As [`super::room::pack`] writes them.
    pub updates: Vec<u8>,
    /// What the pages may show.
    pub pictures: Pictures,
}

/// Writes a parcel: the packed updates and files of pictures, each with the id of its document.
pub fn write_parcel(to: &Path, updates: &[u8], pictures: &[(String, std::path::PathBuf)]) -> io::Result<()> {
    let sized = pictures.iter().map(|(id, file)| Ok((id.clone(), std::fs::metadata(file)?.len())));
    let header = Header { updates: updates.len() as u64, pictures: sized.collect::<io::Result<_>>()? };
    let header = serde_json::to_vec(&header)?;
    let mut out = BufWriter::new(File::create(to)?);
    out.write_all(&(header.len() as u32).to_le_bytes())?;
    out.write_all(&header)?;
    out.write_all(updates)?;
    for (_, file) in pictures {
        io::copy(&mut File::open(file)?, &mut out)?;
    }
    out.flush()
}

/// Reads a parcel. What is no picture, or too large a one, is left out.
pub fn read_parcel(from: &Path, limits: &Limits) -> Result<Parcel, WorkerError> {
    let failed = |error| WorkerError::unavailable("reading a parcel", error);
    let mut file = File::open(from).map_err(failed)?;
    let mut part = |length: u64| {
        let mut bytes = Vec::new();
        let read = (&mut file).take(length).read_to_end(&mut bytes).map_err(failed)?;
        if read as u64 == length {
            Ok(bytes)
        } else {
            Err(WorkerError::new(codes::DAMAGED, "the parcel ends too early"))
        }
    };
    let length = part(4)?;
    let length = u32::from_le_bytes(length.try_into().expect("four bytes were read"));
    let header: Header = serde_json::from_slice(&part(length.into())?).map_err(|error| failed(error.into()))?;
    let updates = part(header.updates)?;
    let mut pictures = Vec::new();
    for (id, length) in header.pictures {
        if let Some(picture) = decode(part(length)?, limits) {
            pictures.push(Picture { id, ..picture });
        }
    }
    Ok(Parcel { updates, pictures: Pictures(pictures) })
}

/// Looks at the content of a picture; `None` when it cannot be shown.
pub fn decode(bytes: Vec<u8>, limits: &Limits) -> Option<Picture> {
    let reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().ok()?;
    let format = reader.format()?;
    let (width, height) = reader.into_dimensions().ok()?;
    if width == 0 || height == 0 || u64::from(width) * u64::from(height) > limits.image_pixels {
        return None;
    }
    let media_type = match format {
        ImageFormat::Png => "image/png",
        ImageFormat::Jpeg => "image/jpeg",
        ImageFormat::Gif => "image/gif",
        _ => {
            let mut png = Vec::new();
            let image = image::load_from_memory_with_format(&bytes, format).ok()?;
            image.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).ok()?;
            let (width, height) = image.dimensions();
            return Some(Picture { id: String::new(), media_type: "image/png", bytes: png, width, height, file: None });
        }
    };
    Some(Picture { id: String::new(), media_type, bytes, width, height, file: None })
}

/// The ending of a picture's file.
pub fn ending(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpeg",
        "image/gif" => "gif",
        _ => "png",
    }
}
