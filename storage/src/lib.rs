//! How are the bytes of documents kept, so that saved means saved and equal bytes are kept once?
//!
//! Content is cut into chunks by its own bytes ([`cut`]), each chunk is stored under the hash of its plain bytes
//! ([`chunk`]), and the ordered list of chunks names the content ([`manifest`]). A [`Writer`] takes a stream of any length
//! in bounded memory and can be suspended and resumed at a byte offset ([`suspension`]); [`Store::read`] gives back any
//! range and checks every chunk it touches. The objects live in a local folder, in S3-compatible storage or in memory
//! ([`backend`]), encrypted when there is a key file ([`seal`], [`keys`]). The crate knows no users and no SQL. `README.md` describes the format.

mod assemble;
mod backend;
mod block;
mod chunk;
mod cut;
mod derived;
mod direct;
mod error;
mod folder;
mod guard;
mod ids;
mod job;
mod keys;
mod manifest;
mod objects;
mod plain_http;
mod reader;
mod recent;
mod seal;
mod store;
mod suspension;
pub mod sweep;
mod tree;
mod writer;

pub use backend::Backend;
pub use block::Gathered;
pub use cut::{AVERAGE_CHUNK_BYTES, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, PieceCutter, Sizes};
pub use error::{Error, Result};
pub use guard::{Guard, GuardError, Known};
pub use ids::{ChunkHash, ChunkId, ContentId};
pub use job::may_wait;
pub use keys::KeyFile;
pub use manifest::{ChunkRef, Manifest};
pub use store::Store;
pub use suspension::Point;
pub use writer::{Stored, Writer};
