//! How is an encrypted Office Open XML file decrypted (MS-OFFCRYPTO)?
//!
//! It is a compound file with two streams: `EncryptionInfo` tells how the key comes from the password and lets it be
//! checked, `EncryptedPackage` is the zip file. *Agile* encryption (since Office 2010, also WPS) describes itself in XML,
//! *standard* encryption (Office 2007) in binary.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
};

use aes::{
    Aes128, Aes192, Aes256,
    cipher::{Array, BlockCipherDecrypt, KeyInit},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use quick_xml::{Reader, events::Event};
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha384, Sha512};

use super::{
    task::WorkerError,
    unlock::{damaged, unknown, wrong},
};

/// Turns of the hash that a file may ask for (MS-OFFCRYPTO 2.3.4.10).
const MAX_SPIN: u32 = 10_000_000;
/// Turns of standard encryption.
const STANDARD_SPIN: u32 = 50_000;
/// Bytes of the package that are encrypted together.
const SEGMENT_BYTES: usize = 4096;
const BLOCK: usize = 16;
const MAX_INFO_BYTES: u64 = 1 << 20;

const VERIFIER_INPUT: [u8; 8] = [0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79];
const VERIFIER_HASH: [u8; 8] = [0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e];
const KEY_VALUE: [u8; 8] = [0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6];

/// Tells whether a compound file holds an encrypted package.
pub fn is_encrypted(input: &Path) -> bool {
    cfb::open(input).is_ok_and(|file| file.is_stream("/EncryptedPackage") && file.is_stream("/EncryptionInfo"))
}

/// Writes the package inside to `out`.
pub fn unlock(input: &Path, password: &str, out: &Path, most: u64) -> Result<(), WorkerError> {
    let mut file = cfb::open(input).map_err(damaged)?;
    let info = stream(&mut file, "/EncryptionInfo", MAX_INFO_BYTES)?;
    let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (major, minor) = (u16_at(&info, 0)?, u16_at(&info, 2)?);
    let cipher = match (major, minor) {
        (4, 4) => Agile::read(info.get(8..).unwrap_or_default())?.open(&password)?,
        (2..=4, 2) => standard_key(&info, &password)?,
        _ => return Err(unknown()),
    };
    let package = stream(&mut file, "/EncryptedPackage", most)?;
    let size = package.first_chunk::<8>().map(|size| u64::from_le_bytes(*size)).ok_or_else(|| damaged("no size"))?;
    let plain = cipher.decrypt(package.get(8..).unwrap_or_default())?;
    let plain = plain.get(..size as usize).ok_or_else(|| damaged("the package is cut off"))?;
    if !plain.starts_with(b"PK") {
        return Err(wrong());
    }
    let written = fs::File::create(out).and_then(|mut file| file.write_all(plain));
    written.map_err(|error| WorkerError::unavailable("writing the document", error))
}

fn stream(file: &mut cfb::CompoundFile<fs::File>, name: &str, most: u64) -> Result<Vec<u8>, WorkerError> {
    let mut bytes = Vec::new();
    let stream = file.open_stream(name).map_err(damaged)?;
    stream.take(most + 1).read_to_end(&mut bytes).map_err(damaged)?;
    if bytes.len() as u64 > most {
        return Err(WorkerError::new(super::task::codes::TOO_LARGE, "the document is too large to be decrypted"));
    }
    Ok(bytes)
}

/// How the bytes of the package become plain.
enum Cipher {
    /// Segments in CBC mode, each with a vector made of the salt and its number.
    Segments { key: Vec<u8>, salt: Vec<u8>, hash: Hash },
    /// Every block alone.
    Blocks { key: Vec<u8> },
}

impl Cipher {
    fn decrypt(&self, bytes: &[u8]) -> Result<Vec<u8>, WorkerError> {
        let whole = &bytes[..bytes.len() - bytes.len() % BLOCK];
        let mut plain = Vec::with_capacity(whole.len());
        match self {
            Cipher::Blocks { key } => plain.extend(decrypt(key, None, whole)?),
            Cipher::Segments { key, salt, hash } => {
                for (number, segment) in whole.chunks(SEGMENT_BYTES).enumerate() {
                    let vector = fit(hash.of(&[salt, &(number as u32).to_le_bytes()]), BLOCK);
                    plain.extend(decrypt(key, Some(&vector), segment)?);
                }
            }
        }
        Ok(plain)
    }
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn named(name: &str) -> Result<Self, WorkerError> {
        match name {
            "SHA1" | "SHA-1" => Ok(Hash::Sha1),
            "SHA256" | "SHA-256" => Ok(Hash::Sha256),
            "SHA384" | "SHA-384" => Ok(Hash::Sha384),
            "SHA512" | "SHA-512" => Ok(Hash::Sha512),
            _ => Err(unknown()),
        }
    }

    fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn digest<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut hasher = D::new();
            parts.iter().for_each(|part| hasher.update(part));
            hasher.finalize().to_vec()
        }
        match self {
            Hash::Sha1 => digest::<Sha1>(parts),
            Hash::Sha256 => digest::<Sha256>(parts),
            Hash::Sha384 => digest::<Sha384>(parts),
            Hash::Sha512 => digest::<Sha512>(parts),
        }
    }

    /// The hash of the password after all its turns.
    fn spun(self, salt: &[u8], password: &[u8], spin: u32) -> Vec<u8> {
        let mut hash = self.of(&[salt, password]);
        for turn in 0..spin {
            hash = self.of(&[&turn.to_le_bytes(), &hash]);
        }
        hash
    }
}

/// What `EncryptionInfo` says in XML.
#[derive(Default)]
struct Agile {
    key_salt: Vec<u8>,
    key_hash: String,
    key_cipher: String,
    salt: Vec<u8>,
    hash: String,
    cipher: String,
    spin: u32,
    key_bits: usize,
    verifier_input: Vec<u8>,
    verifier_hash: Vec<u8>,
    key_value: Vec<u8>,
}

impl Agile {
    fn read(xml: &[u8]) -> Result<Self, WorkerError> {
        let xml = std::str::from_utf8(xml).map_err(damaged)?;
        let mut reader = Reader::from_str(xml);
        let mut agile = Agile::default();
        loop {
            let event = reader.read_event().map_err(damaged)?;
            let (Event::Start(tag) | Event::Empty(tag)) = &event else {
                if matches!(event, Event::Eof) {
                    return Ok(agile);
                }
                continue;
            };
            let get = |name: &str| {
                let found = tag.attributes().flatten().find(|attribute| attribute.key.as_ref() == name);
                found.map(|attribute| attribute.value.to_string()).unwrap_or_default()
            };
            let bytes = |name: &str| STANDARD.decode(get(name)).map_err(damaged);
            match tag.local_name().as_ref() {
                "keyData" => {
                    agile.key_salt = bytes("saltValue")?;
                    agile.key_hash = get("hashAlgorithm");
                    agile.key_cipher = get("cipherAlgorithm") + &get("cipherChaining");
                }
                "encryptedKey" => {
                    agile.salt = bytes("saltValue")?;
                    agile.hash = get("hashAlgorithm");
                    agile.cipher = get("cipherAlgorithm") + &get("cipherChaining");
                    agile.spin = get("spinCount").parse().map_err(damaged)?;
                    agile.key_bits = get("keyBits").parse().map_err(damaged)?;
                    agile.verifier_input = bytes("encryptedVerifierHashInput")?;
                    agile.verifier_hash = bytes("encryptedVerifierHashValue")?;
                    agile.key_value = bytes("encryptedKeyValue")?;
                }
                _ => {}
            }
        }
    }

    /// Makes the key of the package, when the password is right.
    fn open(self, password: &[u8]) -> Result<Cipher, WorkerError> {
        if self.cipher != "AESChainingModeCBC" || self.key_cipher != self.cipher || self.spin > MAX_SPIN {
            return Err(unknown());
        }
        let hash = Hash::named(&self.hash)?;
        let spun = hash.spun(&self.salt, password, self.spin);
        let vector = fit(self.salt.clone(), BLOCK);
        let value = |block_key: &[u8], encrypted: &[u8]| {
            let key = fit(hash.of(&[&spun, block_key]), self.key_bits / 8);
            decrypt(&key, Some(&vector), encrypted)
        };
        let input = value(&VERIFIER_INPUT, &self.verifier_input)?;
        let stated = value(&VERIFIER_HASH, &self.verifier_hash)?;
        // The input is as long as the salt, and padded to whole blocks.
        let made = hash.of(&[input.get(..self.salt.len()).unwrap_or(&input)]);
        if made.is_empty() || stated.get(..made.len()) != Some(&made) {
            return Err(wrong());
        }
        let key = fit(value(&KEY_VALUE, &self.key_value)?, self.key_bits / 8);
        Ok(Cipher::Segments { key, salt: self.key_salt, hash: Hash::named(&self.key_hash)? })
    }
}

/// Makes the key of standard encryption, when the password is right.
fn standard_key(info: &[u8], password: &[u8]) -> Result<Cipher, WorkerError> {
    const AES: std::ops::RangeInclusive<u32> = 0x660e..=0x6610;
    let cut_off = || damaged("how it is encrypted is cut off");
    let header_bytes = u32_at(info, 8)? as usize;
    let (algorithm, key_bits) = (u32_at(info, 12 + 8)?, u32_at(info, 12 + 16)? as usize);
    if !AES.contains(&algorithm) {
        return Err(unknown());
    }
    let verifier = info.get(12usize.saturating_add(header_bytes)..).ok_or_else(cut_off)?;
    let salt = verifier.get(4..20).ok_or_else(cut_off)?;
    let (input, stated) = (verifier.get(20..36).ok_or_else(cut_off)?, verifier.get(40..72).ok_or_else(cut_off)?);
    let spun = Hash::Sha1.spun(salt, password, STANDARD_SPIN);
    let last = Hash::Sha1.of(&[&spun, &0u32.to_le_bytes()]);
    let half = |pad: u8| {
        let mut mixed = [pad; 64];
        mixed.iter_mut().zip(&last).for_each(|(byte, other)| *byte ^= other);
        Hash::Sha1.of(&[&mixed])
    };
    let key = fit([half(0x36), half(0x5c)].concat(), key_bits / 8);
    let made = Hash::Sha1.of(&[&decrypt(&key, None, input)?]);
    if !decrypt(&key, None, stated)?.starts_with(&made) {
        return Err(wrong());
    }
    Ok(Cipher::Blocks { key })
}

/// Makes bytes as long as wanted, as the format says.
fn fit(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.resize(length, 0x36);
    bytes
}

/// Decrypts whole blocks, in CBC mode when there is a vector.
pub(super) fn decrypt(key: &[u8], vector: Option<&[u8]>, bytes: &[u8]) -> Result<Vec<u8>, WorkerError> {
    fn blocks<C: KeyInit + BlockCipherDecrypt>(key: &[u8], vector: Option<&[u8]>, bytes: &[u8]) -> Option<Vec<u8>> {
        let cipher = C::new_from_slice(key).ok()?;
        let mut before: Vec<u8> = vector.map(<[u8]>::to_vec).unwrap_or_default();
        let mut plain = Vec::with_capacity(bytes.len());
        for chunk in bytes.chunks_exact(BLOCK) {
            let mut block = Array::try_from(chunk).ok()?;
            cipher.decrypt_block(&mut block);
            plain.extend_from_slice(&block);
            if vector.is_some() {
                let start = plain.len() - BLOCK;
                plain[start..].iter_mut().zip(&before).for_each(|(byte, other)| *byte ^= other);
                before.clear();
                before.extend_from_slice(chunk);
            }
        }
        Some(plain)
    }
    if !bytes.len().is_multiple_of(BLOCK) || vector.is_some_and(|vector| vector.len() != BLOCK) {
        return Err(damaged("an encrypted part has no whole blocks"));
    }
    let plain = match key.len() {
        16 => blocks::<Aes128>(key, vector, bytes),
        24 => blocks::<Aes192>(key, vector, bytes),
        32 => blocks::<Aes256>(key, vector, bytes),
        _ => return Err(unknown()),
    };
    plain.ok_or_else(unknown)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, WorkerError> {
    let pair = bytes.get(at..).and_then(|rest| rest.first_chunk());
    pair.map(|pair| u16::from_le_bytes(*pair)).ok_or_else(|| damaged("how it is encrypted is cut off"))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, WorkerError> {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk());
    four.map(|four| u32::from_le_bytes(*four)).ok_or_else(|| damaged("how it is encrypted is cut off"))
}
