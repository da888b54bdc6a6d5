//! How are parts of a zip file read without trusting what it says about itself?
//!
//! Every byte that comes out is counted against the limits, whatever sizes the headers state.

use std::io::Read;

use zip::ZipArchive;
use zip::result::ZipError;

use super::source::{ReadSeek, Source};
use super::{ExtractError, Guard, Result, names, xml};

/// A part that inflates more than this many times is a bomb, once it is large.
const MAX_RATIO: u64 = 200;
const RATIO_COUNTS_FROM_BYTES: u64 = 32 << 20;
/// The same for documents inside archives.
const BOMB_FROM_BYTES: u64 = 1 << 20;

/// An opened zip file.
pub struct Package<'a> {
    zip: ZipArchive<Box<dyn ReadSeek + 'a>>,
    names: Vec<String>,
    sizes: Vec<u64>,
}

impl<'a> Package<'a> {
    /// Opens a document that is a zip file; one with more entries than the limits allow is refused.
    pub fn open(source: &'a Source, guard: &Guard) -> Result<Self> {
        let package = Self::open_archive(source)?;
        if package.names.len() > guard.limits.max_entries {
            return Err(ExtractError::ArchiveBomb);
        }
        Ok(package)
    }

    /// Opens a zip file with any number of entries.
    pub fn open_archive(source: &'a Source) -> Result<Self> {
        let zip = ZipArchive::new(source.open()?).map_err(zip_error)?;
        let names = zip.file_names_raw().map(names::zip_name).collect();
        let sizes = (0..zip.len()).map(|index| zip.by_index_data(index).map_or(0, |entry| entry.size())).collect();
        Ok(Self { zip, names, sizes })
    }

    /// Returns the names of all entries in the order of the directory, as they stand in the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns names with the sizes that the directory states, which may be lies.
    pub fn listing(&self) -> impl Iterator<Item = (&String, u64)> {
        self.names.iter().zip(self.sizes.iter().copied())
    }

    /// Returns the names that `is_wanted` picks, with numbers in natural order.
    pub fn names_where(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut names: Vec<String> = self.names.iter().filter(|name| is_wanted(name)).cloned().collect();
        names.sort_by_key(|name| natural_key(name));
        names
    }

    /// Tells whether there is a part of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.index(name).is_some()
    }

    /// Reads a part; `None` when there is none of this name.
    pub fn read(&mut self, name: &str, guard: &Guard) -> Result<Option<Vec<u8>>> {
        let Some(index) = self.index(name) else {
            return Ok(None);
        };
        let mut part = self.zip.by_index(index).map_err(zip_error)?;
        let mut bytes = Vec::new();
        let compressed = part.compressed_size();
        inflate(&mut part, compressed, guard, |piece| bytes.extend_from_slice(piece))?;
        Ok(Some(bytes))
    }

    /// Reads the part of this number when it is at most `most` bytes long and no bomb.
    pub fn read_within(&mut self, index: usize, most: u64, guard: &Guard) -> Option<Vec<u8>> {
        let mut part = self.zip.by_index(index).ok()?;
        let compressed = part.compressed_size();
        // Nobody writes documents that shrink that much: what claims to be one only costs time.
        let is_bomb = |size: u64| size > BOMB_FROM_BYTES && size / MAX_RATIO > compressed;
        if part.is_dir() || part.is_symlink() || part.size() > most || is_bomb(part.size()) {
            return None;
        }
        let mut bytes = Vec::new();
        let mut within = part.by_ref().take(most + 1);
        inflate(&mut within, compressed, guard, |piece| bytes.extend_from_slice(piece)).ok()?;
        let size = bytes.len() as u64;
        (size <= most && !is_bomb(size)).then_some(bytes)
    }

    /// Reads a part as XML text; `None` when there is none of this name.
    pub fn read_xml(&mut self, name: &str, guard: &Guard) -> Result<Option<String>> {
        Ok(self.read(name, guard)?.map(xml::decode))
    }

    /// Inflates every part that `is_wanted` picks and drops the bytes: proves that a parser without limits may have them.
    pub fn check_sizes(&mut self, guard: &Guard, is_wanted: impl Fn(&str) -> bool) -> Result<()> {
        for index in 0..self.names.len().min(self.zip.len()) {
            if is_wanted(&self.names[index]) {
                let mut part = self.zip.by_index(index).map_err(zip_error)?;
                let compressed = part.compressed_size();
                inflate(&mut part, compressed, guard, |_| {})?;
            }
        }
        Ok(())
    }

    fn index(&self, name: &str) -> Option<usize> {
        let name = name.trim_start_matches('/');
        let is_same = |other: &String| other == name;
        let is_alike = |other: &String| other.trim_start_matches('/').eq_ignore_ascii_case(name);
        self.names.iter().position(is_same).or_else(|| self.names.iter().position(is_alike))
    }
}

fn inflate(part: &mut impl Read, compressed: u64, guard: &Guard, mut take: impl FnMut(&[u8])) -> Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0u64;
    loop {
        let read = part.read(&mut buffer).map_err(ExtractError::damaged)?;
        if read == 0 {
            return Ok(());
        }
        total += read as u64;
        guard.count_unpacked(read as u64)?;
        if total > RATIO_COUNTS_FROM_BYTES && total / MAX_RATIO > compressed {
            return Err(ExtractError::ArchiveBomb);
        }
        take(&buffer[..read]);
    }
}

fn zip_error(error: ZipError) -> ExtractError {
    match error {
        ZipError::UnsupportedArchive(reason) if reason == ZipError::PASSWORD_REQUIRED => ExtractError::Encrypted,
        ZipError::InvalidPassword => ExtractError::Encrypted,
        other => ExtractError::damaged(other),
    }
}

/// Returns a key that sorts `slide10` after `slide9`.
fn natural_key(name: &str) -> Vec<(u64, String)> {
    let mut key = Vec::new();
    let (mut word, mut number) = (String::new(), None::<u64>);
    for character in name.chars() {
        match character.to_digit(10) {
            Some(digit) => number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(digit))),
            None => {
                if let Some(number) = number.take() {
                    key.push((0, std::mem::take(&mut word)));
                    key.push((number, String::new()));
                }
                word.push(character);
            }
        }
    }
    key.push((0, word));
    key.push((number.unwrap_or(0), String::new()));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_sort_by_value() {
        let mut names = ["ppt/slides/slide10.xml", "ppt/slides/slide9.xml", "ppt/slides/slide1.xml"];
        names.sort_by_key(|name| natural_key(name));
        assert_eq!(names, ["ppt/slides/slide1.xml", "ppt/slides/slide9.xml", "ppt/slides/slide10.xml"]);
    }
}
