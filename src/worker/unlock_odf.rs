//! How is an encrypted OpenDocument file decrypted (ODF 1.2, part 3, 4.8)?
//!
//! Every part of the zip file is deflated, then encrypted with a key of its own, made of the password and what the manifest
//! says. The parts are put into a new zip file, with a manifest that says nothing of encryption.

use std::{
    fs::File,
    io::{BufReader, Read, Write},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::DeflateDecoder;
use hmac::{Hmac, KeyInit, Mac};
use quick_xml::{Reader, Writer, events::Event};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{
    task::{WorkerError, codes},
    unlock::{damaged, unknown, wrong},
    unlock_ooxml::decrypt,
};

const MANIFEST: &str = "META-INF/manifest.xml";
const MAX_MANIFEST_BYTES: u64 = 8 << 20;
const MAX_TURNS: u32 = 10_000_000;
/// Only so many bytes count for the checksums whose names end in `1k`.
const CHECKED_BYTES: usize = 1024;

/// How one part is encrypted.
#[derive(Default, Clone)]
struct Part {
    path: String,
    checksum_type: String,
    checksum: Vec<u8>,
    algorithm: String,
    vector: Vec<u8>,
    derivation: String,
    turns: u32,
    salt: Vec<u8>,
    key_bytes: usize,
    start: String,
}

/// Writes the document without its encryption to `out`.
pub fn unlock(input: &Path, password: &str, out: &Path, most: u64) -> Result<(), WorkerError> {
    let file = File::open(input).map_err(|error| WorkerError::unavailable("opening the document", error))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut left = most;
    let manifest = read(&mut zip, MANIFEST, MAX_MANIFEST_BYTES, &mut left)?;
    let manifest = String::from_utf8(manifest).map_err(damaged)?;
    let (parts, plain_manifest) = read_manifest(&manifest)?;
    if parts.is_empty() {
        return Err(WorkerError::new(codes::NOT_ENCRYPTED, "this document needs no password"));
    }
    let failed = |error: std::io::Error| WorkerError::unavailable("writing the document", error);
    let mut made = ZipWriter::new(File::create(out).map_err(failed)?);
    let names: Vec<String> = zip.file_names().flatten().map(|name| name.into_owned()).collect();
    // The type stands first and is not compressed.
    let (first, others): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| *name == "mimetype");
    let mut start_keys = Vec::new();
    for name in first.into_iter().chain(others) {
        if name.ends_with('/') {
            continue;
        }
        let bytes = match parts.iter().find(|part| part.path == *name) {
            _ if name == MANIFEST => plain_manifest.clone(),
            Some(part) => {
                let sealed = read(&mut zip, name, most, &mut left)?;
                part.open(&sealed, password, &mut start_keys, &mut left)?
            }
            None => read(&mut zip, name, most, &mut left)?,
        };
        let method = if name == "mimetype" { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        made.start_file(name.as_str(), SimpleFileOptions::default().compression_method(method)).map_err(damaged)?;
        made.write_all(&bytes).map_err(failed)?;
    }
    made.finish().map_err(damaged)?;
    Ok(())
}

fn read(zip: &mut ZipArchive<BufReader<File>>, name: &str, most: u64, left: &mut u64) -> Result<Vec<u8>, WorkerError> {
    let part = zip.by_name(name).map_err(damaged)?;
    bounded(part, most, left)
}

fn bounded(source: impl Read, most: u64, left: &mut u64) -> Result<Vec<u8>, WorkerError> {
    let most = most.min(*left);
    let mut bytes = Vec::new();
    source.take(most + 1).read_to_end(&mut bytes).map_err(damaged)?;
    if bytes.len() as u64 > most {
        return Err(WorkerError::new("archive_bomb", "the document unpacks beyond the limits"));
    }
    *left -= bytes.len() as u64;
    Ok(bytes)
}

/// Reads how the parts are encrypted; returns that, and the manifest without it.
fn read_manifest(manifest: &str) -> Result<(Vec<Part>, Vec<u8>), WorkerError> {
    let mut reader = Reader::from_str(manifest);
    let mut writer = Writer::new(Vec::new());
    let (mut parts, mut current, mut inside) = (Vec::new(), Part::default(), 0usize);
    loop {
        let event = reader.read_event().map_err(damaged)?;
        let mut hidden = inside > 0;
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                let get = |name: &str| {
                    let mut attributes = tag.attributes();
                    let mut found = attributes.with_checks(false).flatten();
                    let found = found.find(|attribute| attribute.key.local_name().as_ref() == name);
                    let value = found.map(|attribute| attribute.value.to_string()).unwrap_or_default();
                    match quick_xml::escape::unescape(&value) {
                        Ok(plain) => plain.into_owned(),
                        Err(_) => value,
                    }
                };
                let bytes = |name: &str| STANDARD.decode(get(name)).map_err(damaged);
                match tag.local_name().as_ref() {
                    "file-entry" => current = Part { path: get("full-path"), ..Part::default() },
                    "encryption-data" => {
                        (current.checksum_type, current.checksum) = (get("checksum-type"), bytes("checksum")?);
                        hidden = true;
                        inside += usize::from(matches!(event, Event::Start(_)));
                    }
                    "algorithm" => {
                        (current.algorithm, current.vector) = (get("algorithm-name"), bytes("initialisation-vector")?);
                    }
                    "key-derivation" => {
                        current.derivation = get("key-derivation-name");
                        current.turns = get("iteration-count").parse().unwrap_or(0);
                        current.salt = bytes("salt")?;
                        current.key_bytes = get("key-size").parse().unwrap_or(16);
                    }
                    "start-key-generation" => current.start = get("start-key-generation-name"),
                    "encrypted-key" => return Err(unknown()),
                    _ => {}
                }
            }
            Event::End(tag) if tag.local_name().as_ref() == "encryption-data" => {
                inside = inside.saturating_sub(1);
                parts.push(current.clone());
            }
            Event::Eof => break,
            _ => {}
        }
        if !hidden {
            writer.write_event(event).map_err(damaged)?;
        }
    }
    Ok((parts, writer.into_inner()))
}

impl Part {
    /// Decrypts and inflates a part. `start_keys` remembers what the password became.
    fn open(
        &self,
        sealed: &[u8],
        password: &str,
        start_keys: &mut Vec<(String, Vec<u8>)>,
        left: &mut u64,
    ) -> Result<Vec<u8>, WorkerError> {
        let is_aes = self.algorithm.ends_with("#aes256-cbc")
            || self.algorithm.ends_with("#aes192-cbc")
            || self.algorithm.ends_with("#aes128-cbc");
        if !is_aes || !self.derivation.to_ascii_uppercase().ends_with("PBKDF2") || self.turns > MAX_TURNS {
            return Err(unknown());
        }
        let start = match start_keys.iter().find(|(name, _)| *name == self.start) {
            Some((_, key)) => key.clone(),
            None => {
                let key = if self.start.to_ascii_lowercase().ends_with("sha256") {
                    Sha256::digest(password.as_bytes()).to_vec()
                } else {
                    Sha1::digest(password.as_bytes()).to_vec()
                };
                start_keys.push((self.start.clone(), key.clone()));
                key
            }
        };
        let key = derive(&start, &self.salt, self.turns, self.key_bytes)?;
        let mut plain = decrypt(&key, Some(&self.vector), sealed)?;
        // The last byte counts the padding; a wrong key gives any count.
        let padding = usize::from(plain.last().copied().unwrap_or(0));
        if !(1..=16).contains(&padding) || padding > plain.len() {
            return Err(wrong());
        }
        plain.truncate(plain.len() - padding);
        if !self.fits(&plain) {
            return Err(wrong());
        }
        bounded(DeflateDecoder::new(plain.as_slice()), u64::MAX - 1, left)
    }

    /// Compares the checksum of what was encrypted.
    fn fits(&self, plain: &[u8]) -> bool {
        let name = self.checksum_type.to_ascii_lowercase();
        let checked = if name.ends_with("1k") { &plain[..plain.len().min(CHECKED_BYTES)] } else { plain };
        if name.contains("sha256") {
            self.checksum == Sha256::digest(checked).as_slice()
        } else if name.contains("sha1") {
            self.checksum == Sha1::digest(checked).as_slice()
        } else {
            true
        }
    }
}

/// PBKDF2 with HMAC-SHA-1 (RFC 8018).
fn derive(password: &[u8], salt: &[u8], turns: u32, length: usize) -> Result<Vec<u8>, WorkerError> {
    if length > 64 {
        return Err(unknown());
    }
    let mac = Hmac::<Sha1>::new_from_slice(password).map_err(damaged)?;
    let mut key = Vec::new();
    for block in 1u32.. {
        if key.len() >= length {
            break;
        }
        let once = |parts: &[&[u8]]| {
            let mut mac = mac.clone();
            parts.iter().for_each(|part| mac.update(part));
            mac.finalize().into_bytes().to_vec()
        };
        let mut last = once(&[salt, &block.to_be_bytes()]);
        let mut sum = last.clone();
        for _ in 1..turns {
            last = once(&[&last]);
            sum.iter_mut().zip(&last).for_each(|(byte, other)| *byte ^= other);
        }
        key.extend(sum);
    }
    key.truncate(length);
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_derived_as_rfc_6070_says() {
        let key = derive(b"password", b"salt", 4096, 20).unwrap();
        assert_eq!(hex::encode(key), "4b007901b765489abead49d926f721d065a429c1");
        let key = derive(b"passwordPASSWORDpassword", b"saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 25).unwrap();
        assert_eq!(hex::encode(key), "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
    }

    #[test]
    fn a_protected_file_is_written_without_its_protection() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.odt");
        let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/files/zh-password.odt");
        let wrong = unlock(&input, "文档密码", &out, 1 << 20).unwrap_err();
        assert_eq!(wrong.code, codes::WRONG_PASSWORD);
        unlock(&input, "文档密码2024", &out, 1 << 20).unwrap();
        let mut zip = ZipArchive::new(File::open(&out).unwrap()).unwrap();
        let mut text = String::new();
        zip.by_name("content.xml").unwrap().read_to_string(&mut text).unwrap();
        assert!(text.contains("规范干部人事档案工作"));
        let mut manifest = String::new();
        zip.by_name(MANIFEST).unwrap().read_to_string(&mut manifest).unwrap();
        assert!(!manifest.contains("encryption") && manifest.contains("full-path=\"content.xml\""), "{manifest}");
        assert_eq!(unlock(&out, "x", &folder.path().join("again"), 1 << 20).unwrap_err().code, codes::NOT_ENCRYPTED);
        if let Ok(keep) = std::env::var("KEEP") {
            std::fs::copy(&out, keep).unwrap();
        }
        let bomb = unlock(&input, "文档密码2024", &out, 5_000).unwrap_err();
        assert_eq!(bomb.code, "archive_bomb");
    }
}
