//! How is an unfinished upload kept, so that it goes on after a broken connection or a crash?
//!
//! Every suspension writes one object `uploads/<key>/<offset>-<token>` and never changes another one: the token is the
//! writer's own, so that of two nodes which go on with the same upload neither overwrites what the other relies on. It holds the chunks cut
//! and the uncut bytes that came since, so a thousand small requests do not write the whole list (or up to 4 MiB of uncut
//! bytes) a thousand times. To keep resuming cheap as well, a suspension takes over what earlier ones hold as long as
//! that is at most twice as much ([`Runs`]): every byte is written O(log n) times and a resume reads O(log n) objects.
//!
//! Object: list entries, uncut bytes, header (JSON), BLAKE3 of the header (32 bytes), length of the header (four bytes,
//! little endian), `WENSHUU1`. The header names the parts of the lists and of the uncut bytes: object, position, length
//! and hash. Objects at offsets that the caller does not name are never read.

use bytes::Bytes;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};

use crate::block::Pieces;
use crate::error::{Error, Result};
use crate::manifest::{ChunkRef, decode_entries, encode_entries};
use crate::objects::{Objects, upload_key};

const MAGIC: &[u8; 8] = b"WENSHUU1";

/// Everything a writer needs to go on.
pub(crate) struct State {
    pub offset: u64,
    pub chunks: Vec<ChunkRef>,
    /// The bytes since the last cut.
    pub uncut: Bytes,
    /// Over all bytes before `offset`.
    pub sha256: Sha256,
    pub saved: Saved,
}

/// Where the state of a writer is stored already.
#[derive(Default)]
pub(crate) struct Saved {
    pub point: Point,
    entries: Runs,
    uncut: Runs,
}

/// A sequence of bytes that is spread over the objects of several suspensions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Runs(Vec<Run>);

/// Where an upload can go on, as [`Writer::checkpoint`](crate::Writer::checkpoint) returned it. Offset 0 is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Bytes that are durable.
    pub offset: u64,
    /// Of the writer that made them so; 0: a writer from before writers had one.
    pub token: u64,
}

impl Point {
    /// The name of the object below the upload's prefix.
    pub(crate) fn name(self) -> String {
        match self {
            Self { offset, token: 0 } => offset.to_string(),
            Self { offset, token } => format!("{offset}-{token:016x}"),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Run {
    /// The offset and the token that name the object.
    at: u64,
    #[serde(default)]
    token: u64,
    position: u64,
    length: u64,
    blake3: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    offset: u64,
    sha256_state: String,
    entries: Runs,
    uncut: Runs,
}

impl Runs {
    fn length(&self) -> u64 {
        self.0.iter().map(|run| run.length).sum()
    }

    /// Extends the stored sequence to `whole`, of which it is the beginning; returns the part the object at `at` has to
    /// hold, from `position` on.
    fn extend(&mut self, whole: &Bytes, at: Point, position: u64) -> Bytes {
        let mut length = whole.len() as u64 - self.length();
        if length == 0 {
            return Bytes::new();
        }
        // Taking over up to twice as much keeps the runs falling in size, so there are at most log2 of them.
        while let Some(last) = self.0.pop_if(|last| last.length <= 2 * length) {
            length += last.length;
        }
        let part = whole.slice(whole.len() - length as usize..);
        let blake3 = blake3::hash(&part).to_string();
        self.0.push(Run { at: at.offset, token: at.token, position, length, blake3 });
        part
    }

    /// Reads the sequence back.
    async fn read(&self, objects: &Objects, upload: &str, own: (Point, &Bytes)) -> Result<Bytes> {
        let parts = try_join_all(self.0.iter().map(|run| run.read(objects, upload, own))).await?;
        let mut whole = Pieces::default();
        parts.into_iter().for_each(|part| whole.push(part));
        Ok(whole.join())
    }
}

impl Run {
    async fn read(&self, objects: &Objects, upload: &str, (own_point, own): (Point, &Bytes)) -> Result<Bytes> {
        let at = Point { offset: self.at, token: self.token };
        let damaged = || Error::UploadDamaged { upload: upload.to_owned(), offset: self.at };
        let end = self.position.checked_add(self.length).ok_or_else(damaged)?;
        let part = if at == own_point {
            own.get(self.position as usize..end as usize).map(|part| own.slice_ref(part)).ok_or_else(damaged)?
        } else {
            let found = objects.get_range(&upload_key(upload, at)?, self.position..end).await;
            let found = found.map_err(|error| as_upload(error, upload, self.at))?;
            found.ok_or_else(|| Error::UploadMissing { upload: upload.to_owned(), offset: self.at })?
        };
        match part.len() as u64 == self.length && blake3::hash(&part).to_string() == self.blake3 {
            true => Ok(part),
            false => Err(damaged()),
        }
    }
}

impl Saved {
    /// Says that bytes that were uncut when they were saved have been cut since.
    pub fn forget_uncut(&mut self) {
        self.uncut = Runs::default();
    }

    /// Writes what is new since the last call. All `chunks` must be stored by now.
    pub async fn save(
        &mut self,
        objects: &Objects,
        upload: &str,
        point: Point,
        chunks: &[ChunkRef],
        uncut: &Bytes,
        sha256: &Sha256,
    ) -> Result<()> {
        let (mut entry_runs, mut uncut_runs) = (self.entries.clone(), self.uncut.clone());
        let entries = entry_runs.extend(&encode_entries(chunks), point, 0);
        let uncut = uncut_runs.extend(uncut, point, entries.len() as u64);
        let sha256_state = hex::encode(sha256.serialize());
        let header = Header { offset: point.offset, sha256_state, entries: entry_runs, uncut: uncut_runs };
        let json = serde_json::to_vec(&header).expect("a header is plain data");
        let footer = [blake3::hash(&json).as_bytes(), &(json.len() as u32).to_le_bytes()[..], MAGIC].concat();
        objects.put(&upload_key(upload, point)?, vec![entries, uncut, json.into(), footer.into()]).await?;
        *self = Self { point, entries: header.entries, uncut: header.uncut };
        Ok(())
    }
}

/// Reads the state of `upload` that was saved at `point`.
pub(crate) async fn load(objects: &Objects, upload: &str, point: Point) -> Result<State> {
    let offset = point.offset;
    let damaged = || Error::UploadDamaged { upload: upload.to_owned(), offset };
    let found = objects.get(&upload_key(upload, point)?).await;
    let Some(object) = found.map_err(|error| as_upload(error, upload, offset))? else {
        return Err(Error::UploadMissing { upload: upload.to_owned(), offset });
    };
    let header = parse_header(&object).filter(|header| header.offset == offset).ok_or_else(damaged)?;
    let sha256 = parse_sha256(&header.sha256_state).ok_or_else(damaged)?;
    let entries = header.entries.read(objects, upload, (point, &object)).await?;
    let uncut = header.uncut.read(objects, upload, (point, &object)).await?;
    let chunks = decode_entries(&entries).ok_or_else(damaged)?;
    let cut_bytes: u64 = chunks.iter().map(|chunk| u64::from(chunk.size_bytes)).sum();
    if cut_bytes + uncut.len() as u64 != offset {
        return Err(damaged());
    }
    let saved = Saved { point, entries: header.entries, uncut: header.uncut };
    Ok(State { offset, chunks, uncut, sha256, saved })
}

/// Names the upload whose state is damaged.
fn as_upload(error: Error, upload: &str, offset: u64) -> Error {
    match error {
        Error::ObjectDamaged { .. } => Error::UploadDamaged { upload: upload.to_owned(), offset },
        other => other,
    }
}

fn parse_header(object: &[u8]) -> Option<Header> {
    let (rest, magic) = object.split_last_chunk::<8>()?;
    let (rest, length) = rest.split_last_chunk::<4>()?;
    let (rest, hash) = rest.split_last_chunk::<32>()?;
    let json = rest.get(rest.len().checked_sub(u32::from_le_bytes(*length) as usize)?..)?;
    let whole = magic == MAGIC && blake3::hash(json).as_bytes() == hash;
    whole.then(|| serde_json::from_slice(json).ok()).flatten()
}

fn parse_sha256(text: &str) -> Option<Sha256> {
    let bytes = hex::decode(text).ok()?;
    let state = SerializedState::<Sha256>::try_from(&bytes[..]).ok()?;
    Sha256::deserialize(&state).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_stay_few_and_are_not_rewritten_often(steps in prop::collection::vec(0..2000usize, 1..300)) {
            let whole = Bytes::from(vec![7; steps.iter().sum()]);
            let (mut runs, mut end, mut written) = (Runs::default(), 0, 0);
            for (at, step) in steps.iter().enumerate() {
                end += step;
                written += runs.extend(&whole.slice(..end), Point { offset: at as u64, token: 1 }, 0).len();
                prop_assert_eq!(runs.length(), end as u64);
            }
            let logarithm = (whole.len().max(2) as f64).log2().ceil() as usize;
            prop_assert!(runs.0.len() <= logarithm + 1, "{} runs", runs.0.len());
            prop_assert!(written <= whole.len() * (2 * logarithm + 1), "{written} of {}", whole.len());
        }
    }

    #[test]
    fn foreign_bytes_are_no_header() {
        for bytes in [&b""[..], b"WENSHUU1", &[0; 200]] {
            assert!(parse_header(bytes).is_none());
        }
    }
}
