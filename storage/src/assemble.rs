//! How does a content come from chunks that somebody else has cut?
//!
//! A client that cuts by the same rules sends only the chunks that are new, each under its hash, and at the end the list.
//! The bytes are hashed here, so no chunk ever stands under a name that is not its own; the list is written last, after
//! every chunk of it was found, so it never names a chunk that is not there.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::block::{Gathered, Pieces};
use crate::cut::MAX_CHUNK_BYTES;
use crate::error::{Error, Result};
use crate::ids::{ChunkHash, ChunkId};
use crate::manifest::{ChunkRef, Manifest};
use crate::objects::{Length, chunk_key};
use crate::store::Store;
use crate::writer::{Chunk, store_chunk, store_list};

/// Chunks looked for at a time.
const LOOKS_AT_ONCE: usize = 32;

impl Store {
    /// Makes one chunk durable, unless it is already. Fails with [`Error::WrongChunk`] when `hash` is not the hash of
    /// `plain`, or when its size is not that of a chunk.
    pub async fn put_chunk(&self, hash: &ChunkHash, plain: Bytes) -> Result<ChunkRef> {
        self.put_pieces(hash, plain.into()).await
    }

    /// Begins to take the bytes of a chunk for [`Store::put_gathered`].
    pub fn gather(&self) -> Gathered {
        Gathered::new(self.blocks.clone())
    }

    /// Does what [`Store::put_chunk`] does, with bytes that came little by little.
    pub async fn put_gathered(&self, hash: &ChunkHash, plain: Gathered) -> Result<ChunkRef> {
        self.put_pieces(hash, plain.into_pieces()).await
    }

    async fn put_pieces(&self, hash: &ChunkHash, plain: Pieces) -> Result<ChunkRef> {
        if plain.len() == 0 || plain.len() > MAX_CHUNK_BYTES {
            return Err(Error::WrongChunk { chunk: *hash });
        }
        let permit = self.in_flight.clone().acquire_many_owned(plain.len() as u32).await;
        let permit = permit.expect("the semaphore is never closed");
        let (store, hash) = (self.clone(), *hash);
        let keep = async move {
            let _permit = permit;
            let chunk = store.compute(move || Chunk::new(plain)).await?;
            if chunk.hash() != hash {
                return Err(Error::WrongChunk { chunk: hash });
            }
            let stored = store_chunk(&store, chunk).await?;
            store.objects.settle(stored.name).await?;
            Ok(stored.chunk)
        };
        self.in_one(keep).await?
    }

    /// Makes the content of these chunks durable. Fails with [`Error::ChunksMissing`] when some are not in the store.
    /// The sizes are believed: they must be those with which the chunks were stored.
    pub async fn assemble(&self, chunks: &[ChunkRef]) -> Result<Manifest> {
        let distinct: HashMap<ChunkId, u32> = chunks.iter().map(|chunk| (chunk.id, chunk.size_bytes)).collect();
        let mut looks = stream::iter(distinct)
            .map(|(id, size_bytes)| async move {
                Ok::<_, Error>((id, self.objects.find(&chunk_key(&id), Length::Chunk(size_bytes)).await?))
            })
            .buffer_unordered(LOOKS_AT_ONCE);
        // Many names are in one folder, which is synced once.
        let (mut missing, mut names) = (Vec::new(), HashSet::new());
        while let Some((id, found)) = looks.try_next().await? {
            match found {
                Some(name) => names.extend(name),
                None => missing.push(id),
            }
        }
        if !missing.is_empty() {
            return Err(Error::ChunksMissing { chunks: missing });
        }
        self.objects.settle(names).await?;
        let manifest = Manifest::new(chunks);
        // Last, since whoever finds the list may rely on its chunks.
        store_list(self, &manifest).await?;
        Ok(manifest)
    }
}
