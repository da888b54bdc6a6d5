//! What do all flows stand on? The running program, somebody who uploads, and files to upload.

#[path = "../../api/support/client.rs"]
#[allow(dead_code, reason = "the API tests use all of it")]
mod client;
#[path = "../../api/support/database.rs"]
#[allow(dead_code, reason = "the API tests use all of it")]
pub mod database;
#[allow(dead_code, reason = "the fault tests use all of it")]
mod disk;
#[path = "../../../storage/tests/support/garage.rs"]
#[allow(dead_code, reason = "the tests of the storage crate use all of it")]
pub mod garage;
mod library;
#[allow(dead_code, reason = "the fault tests use all of it")]
mod program;
mod proxy;

pub use client::{Answer, Client};
pub use disk::SmallDisk;
pub use library::{Library, Metadata, document_of, until};
pub use program::{Program, Running};
pub use proxy::Proxy;

/// Bytes that do not compress, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&numbers.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// SHA-256 as hex.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(bytes))
}

/// Numbers that look random and are the same in each run (splitmix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of `range`.
    pub fn within(&mut self, range: std::ops::Range<usize>) -> usize {
        range.start + (self.next() % range.len() as u64) as usize
    }
}
