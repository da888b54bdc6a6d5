//! Which documents contain this text, and where?
//!
//! Documents come from the indexing job (`put`, `delete`, then `commit` with the number of the last change contained),
//! searches from the server. The index is a cache: it can be lost at any moment and is built again from the stored texts,
//! so damage or another schema version simply empties it and reports position 0.

mod collect;
mod compile;
mod excluded;
mod facets;
mod keyed;
mod kinds;
mod layout;
mod pinyin;
mod places;
mod rank;
mod rights;
mod schema;
mod search;
mod similar;
mod snippet;
mod spread;
mod suggest;
mod texts;
mod tokenizer;
mod typed;
mod types;
mod writer;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tantivy::directory::MmapDirectory;
use tantivy::directory::error::OpenReadError;
use tantivy::indexer::UserOperation;
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::{IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyError};

pub use typed::fits;
pub use types::{
    Access, FacetCounts, Filter, Hit, IndexDocument, Property, Scopes, SearchRequest, SearchResults, Similar, Snippet,
    Sort, Suggestion,
};

use crate::query::QueryError;
use schema::Fields;
use writer::Writer;

/// Pages listed in a hit.
pub const MAX_HIT_PAGES: usize = 200;
/// Beside the index in its folder; tells the schema version.
const VERSION_FILE: &str = "wenshu-index-version";
/// Indexes up to this size are read and checked whole at every start (about a second); larger ones only in outline.
const CHECKED_BYTES: u64 = 1 << 30;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("the cursor is not one this index gave out")]
    Cursor,
    /// Another process has the index open for writing.
    #[error("the index in {0} is in use by another process")]
    InUse(PathBuf),
    /// The index must be cleared and built again.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    #[error("index in {0}: {1}")]
    Io(PathBuf, std::io::Error),
    #[error("index: {0}")]
    Tantivy(#[from] TantivyError),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The number of the last change that the last commit contains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

/// When small pieces of the index are made into larger ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Merging {
    /// As soon as there are some: searches are quicker in few pieces.
    #[default]
    Eager,
    /// When there are many: while changes keep coming, each merge would soon be done again.
    PutOff,
}

/// Resources of the writer.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub threads: usize,
    /// Memory for documents not yet written, over all threads.
    pub memory_bytes: usize,
}

impl Default for Options {
    /// One thread and 20 MB: enough for some megabytes of text per second, modest on small machines. Every commit sets up
    /// tables in proportion to this, for one line of text as for a library.
    fn default() -> Self {
        Options { threads: 1, memory_bytes: 20_000_000 }
    }
}

impl Options {
    /// All cores up to four, 40 MB each: for building a whole index.
    pub fn bulk() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, 4);
        Options { threads, memory_bytes: threads * 40_000_000 }
    }
}

/// The search index of a server. One may be open for writing per folder; share it by `Arc`.
pub struct Index {
    dir: PathBuf,
    fields: Fields,
    reader: IndexReader,
    writer: Writer,
}

impl Index {
    /// Opens or creates the index in `dir` and tells which changes it contains.
    pub fn open(dir: &Path) -> Result<(Index, Position)> {
        Index::open_with(dir, Options::default())
    }

    /// Opens the index with chosen writer resources.
    pub fn open_with(dir: &Path, options: Options) -> Result<(Index, Position)> {
        match Index::try_open(dir, options) {
            Err(error) if is_damage(&error) => {
                tracing::warn!(%error, "search index is set aside and built anew");
                set_aside(dir).map_err(|error| Error::Io(dir.to_owned(), error))?;
                Index::try_open(dir, options)
            }
            opened => opened,
        }
    }

    fn try_open(dir: &Path, options: Options) -> Result<(Index, Position)> {
        let io = |error| Error::Io(dir.to_owned(), error);
        std::fs::create_dir_all(dir).map_err(io)?;
        check_version(dir)?;
        let fields = Fields::new();
        let directory = MmapDirectory::open(dir).map_err(TantivyError::from)?;
        let settings = IndexSettings {
            // Measured on the law texts: 0.33 bytes per byte of text; blocks of 32 KB make it 0.30, level 3 0.35, lz4 0.54. A
            // block is what one snippet of a short document decompresses.
            docstore_compression: Compressor::Zstd(ZstdCompressor { compression_level: Some(6) }),
            docstore_blocksize: 16_384,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        let index = tantivy::Index::builder()
            .schema(fields.schema.clone())
            .settings(settings)
            .tokenizers(schema::tokenizers())
            .open_or_create(directory)?;
        let writer = Writer::open(index.clone(), options).map_err(|error| match error {
            TantivyError::LockFailure(..) => Error::InUse(dir.to_owned()),
            error => error.into(),
        })?;
        check_files(&index, dir)?;
        let reader: IndexReader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        write_version(dir).map_err(io)?;
        let position = index.load_metas()?.payload.and_then(|payload| payload.parse().ok()).unwrap_or(0);
        Ok((Index { dir: dir.to_owned(), fields, reader, writer }, Position(position)))
    }

    /// Adds `document`, replacing the one with its id. Visible after the next commit.
    pub fn put(&self, document: &IndexDocument) -> Result<()> {
        let delete = UserOperation::Delete(self.fields.id_term(&document.id));
        let documents = self.fields.documents(document);
        // One batch: its documents stay neighbours in one segment, which is how chunks are found again.
        let operations: Vec<_> = std::iter::once(delete).chain(documents.into_iter().map(UserOperation::Add)).collect();
        self.writer.change(|writer| writer.run(operations))?;
        Ok(())
    }

    /// Removes a document if it is there. Visible after the next commit.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.writer.change(|writer| Ok(writer.delete_term(self.fields.id_term(id))))?;
        Ok(())
    }

    /// Makes everything put and deleted so far durable and visible, and remembers `position` with it. After an error all
    /// of it since the last commit must be sent again.
    pub fn commit(&self, position: u64) -> Result<()> {
        self.writer.commit(&position.to_string())?;
        self.reader.reload()?;
        Ok(())
    }

    /// Says when pieces are merged from the next commit on.
    pub fn set_merging(&self, merging: Merging) {
        self.writer.set_merging(merging);
    }

    /// Writes with other resources from here on, after a commit. Waits until merges in the background have ended.
    pub fn resize(&self, options: Options) -> Result<()> {
        self.writer.resize(options)?;
        self.reader.reload()?;
        Ok(())
    }

    /// Makes one piece of everything committed: searches are quicker in one than in many, and it is smaller. Takes as long as
    /// reading and writing the index does.
    pub fn merge_all(&self) -> Result<()> {
        self.writer.merge_all()?;
        self.reader.reload()?;
        Ok(())
    }

    /// Removes all documents, durably; the position is 0 again.
    pub fn clear(&self) -> Result<()> {
        self.writer.change(IndexWriter::delete_all_documents)?;
        self.commit(0)
    }

    /// Returns how many documents the last commit contains.
    pub fn document_count(&self) -> Result<u64> {
        let everything = SearchRequest { access: Access::all(), ..SearchRequest::default() };
        Ok(self.search(&everything)?.total)
    }

    /// Returns the bytes of the index on disk.
    pub fn size_bytes(&self) -> Result<u64> {
        folder_bytes(&self.dir).map_err(|error| Error::Io(self.dir.clone(), error))
    }

    /// Returns where the bytes of the index go, largest first: by field and kind of data, `stored text`, `columns`.
    pub fn space_usage(&self) -> Result<Vec<(String, u64)>> {
        let mut parts: BTreeMap<String, u64> = BTreeMap::new();
        for segment in self.reader.searcher().segment_readers() {
            let usage = segment.space_usage().map_err(|error| Error::Io(self.dir.clone(), error))?;
            *parts.entry("stored text".into()).or_default() += usage.store().total().get_bytes();
            *parts.entry("columns".into()).or_default() += usage.fast_fields().total().get_bytes();
            let by_field = [
                ("terms", usage.termdict()),
                ("postings", usage.postings()),
                ("positions", usage.positions()),
                ("lengths", usage.fieldnorms()),
            ];
            for (label, part) in by_field {
                for field in part.fields() {
                    let name = format!("{} {label}", field.field_name());
                    *parts.entry(name).or_default() += field.total().get_bytes();
                }
            }
        }
        let mut parts: Vec<_> = parts.into_iter().collect();
        parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        Ok(parts)
    }
}

fn check_version(dir: &Path) -> Result<()> {
    let found = std::fs::read_to_string(dir.join(VERSION_FILE)).ok();
    let empty = !dir.join("meta.json").exists();
    match found {
        Some(version) if version.trim() == schema::VERSION.to_string() => Ok(()),
        None if empty => Ok(()),
        _ => Err(Error::Damaged("it has another version".into())),
    }
}

fn write_version(dir: &Path) -> std::io::Result<()> {
    let path = dir.join(VERSION_FILE);
    if path.exists() {
        return Ok(());
    }
    std::fs::write(&path, schema::VERSION.to_string())?;
    std::fs::File::open(&path)?.sync_all()
}

/// Reads what a search will read, so that damage shows now and not in the middle of one.
fn check_files(index: &tantivy::Index, dir: &Path) -> Result<()> {
    let size = folder_bytes(dir).map_err(|error| Error::Io(dir.to_owned(), error))?;
    if size > CHECKED_BYTES {
        return Ok(());
    }
    let damaged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| index.validate_checksum()))
        .map_err(|_| Error::Damaged("a file cannot be read".into()))??;
    if damaged.is_empty() { Ok(()) } else { Err(Error::Damaged(format!("{} files are not as written", damaged.len()))) }
}

/// Says whether building the index anew helps; a full disk or missing rights are no damage.
fn is_damage(error: &Error) -> bool {
    match error {
        Error::Damaged(_) => true,
        // A file that ends too early, or has no end of its own. Disks that cannot be read say something else.
        Error::Tantivy(TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. })) => {
            matches!(io_error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData)
        }
        Error::Tantivy(error) => matches!(
            error,
            TantivyError::DataCorruption(_)
                | TantivyError::SchemaError(_)
                | TantivyError::IncompatibleIndex(_)
                | TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_))
                | TantivyError::InternalError(_)
                | TantivyError::FieldNotFound(_)
                | TantivyError::InvalidArgument(_)
        ),
        _ => false,
    }
}

/// Moves the folder out of the way; the last damaged index is kept for a look at it. A folder that cannot be moved (a
/// mount) is emptied.
fn set_aside(dir: &Path) -> std::io::Result<()> {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".damaged");
    let aside = dir.with_file_name(name);
    if aside.exists() {
        std::fs::remove_dir_all(&aside)?;
    }
    if std::fs::rename(dir, &aside).is_ok() {
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)? {
        std::fs::remove_file(entry?.path())?;
    }
    Ok(())
}

fn folder_bytes(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        // A merge may remove a file meanwhile.
        bytes += entry?.metadata().map_or(0, |metadata| metadata.len());
    }
    Ok(bytes)
}
