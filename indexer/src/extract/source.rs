//! Where do the bytes of a file come from: a file on disk, or a part that was taken out of another file?

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use super::{ExtractError, Result};

/// The largest file that is read into memory as a whole.
const MAX_WHOLE_BYTES: u64 = 512 << 20;

const COMPOUND_FILE_MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// What parsers read from.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// The bytes of one file.
pub enum Source {
    File { path: PathBuf, size_bytes: u64 },
    Bytes(Vec<u8>),
}

impl Source {
    /// Returns the source that reads the file at `path`.
    pub fn file(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(Self::File { path: path.to_owned(), size_bytes: metadata.len() })
    }

    /// Returns the source that holds `bytes`.
    pub fn bytes(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }

    /// Returns the size in bytes.
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::File { size_bytes, .. } => *size_bytes,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Tells whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.size_bytes() == 0
    }

    /// Opens the bytes for reading from the start.
    pub fn open(&self) -> Result<Box<dyn ReadSeek + '_>> {
        Ok(match self {
            Self::File { path, .. } => {
                Box::new(BufReader::with_capacity(64 << 10, File::open(path).map_err(ExtractError::Unreadable)?))
            }
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes.as_slice())),
        })
    }

    /// Reads everything.
    pub fn read_all(&self) -> Result<Vec<u8>> {
        if self.size_bytes() > MAX_WHOLE_BYTES {
            return Err(ExtractError::TooLarge);
        }
        self.read_head(MAX_WHOLE_BYTES)
    }

    /// Reads at most the first `limit` bytes.
    pub fn read_head(&self, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open()?.take(limit).read_to_end(&mut bytes).map_err(ExtractError::Unreadable)?;
        Ok(bytes)
    }

    /// Tells whether this is an OLE compound file.
    pub fn is_compound_file(&self) -> Result<bool> {
        Ok(self.read_head(8)? == COMPOUND_FILE_MAGIC)
    }

    /// Opens the bytes as an OLE compound file.
    pub fn open_compound_file(&self) -> Result<cfb::CompoundFile<Box<dyn ReadSeek + '_>>> {
        cfb::CompoundFile::open(self.open()?).map_err(ExtractError::damaged)
    }
}
