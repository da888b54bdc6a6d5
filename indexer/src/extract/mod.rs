//! What text, title and safe HTML does a file have, without pdfium, LibreOffice or tesseract?
//!
//! Called only inside the worker process, on files that anyone may have uploaded. Every format family has its own file;
//! they share the text budget ([`sink`]), the guarded zip reader ([`package`]), the XML walker ([`xml`]) and the decoder of
//! character encodings ([`encoding`]). Bad input ends as an [`ExtractError`] with a stable code or as a bounded result.
//!
//! Formats whose text comes from the PDF alone (PDF, images) end as [`ExtractError::UnsupportedType`].

mod archive;
mod doc;
pub mod encoding;
mod html;
mod html_depth;
mod mail;
mod markdown;
mod markup;
mod msg;
mod names;
mod number_format;
mod odf;
mod ofd;
mod ofd_page;
mod ooxml;
mod ooxml_headings;
mod ooxml_text;
mod package;
mod plain;
mod ppt;
mod rtf;
mod sheets;
mod sink;
mod source;
pub mod table;
mod xls_area;
mod xml;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::text::PageText;

pub use html::clean_html;
use source::Source;

/// Bounds on what one file may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Text beyond this many bytes is cut off.
    pub max_text_bytes: usize,
    /// Bytes that may come out of compressed parts, all together.
    pub max_unpacked_bytes: u64,
    /// Entries that an archive may list.
    pub max_entries: usize,
    /// Files inside files: a mail's attachments, their attachments, …
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_text_bytes: 32 << 20, max_unpacked_bytes: 512 << 20, max_entries: 20_000, max_depth: 3 }
    }
}

/// What one file holds.
#[derive(Debug, Clone, Default)]
pub struct FileText {
    /// All text, in reading order, with `\n` line ends and without control characters.
    pub text: String,
    /// The title that the file states (mail: the subject).
    pub title: Option<String>,
    /// The author that the file states (mail: the sender).
    pub author: Option<String>,
    /// Files inside this file; their names are safe to display, never to open.
    pub attachments: Vec<Attachment>,
    /// Sanitised HTML without any outside reference, to be paginated.
    pub clean_html: Option<String>,
    /// The decoded source of a text file.
    pub plain: Option<String>,
    /// Pages with text, for formats that have pages of their own (OFD).
    pub pages: Vec<PageText>,
    /// Files inside whose text only their pages tell (PDF): the caller reads them.
    pub unread: Vec<InnerFile>,
    /// Headings that the file marks as such.
    pub headings: Vec<String>,
    /// Text was cut off at a limit.
    pub is_truncated: bool,
}

/// A file inside a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Name made safe for display: no path, no control characters.
    pub name: String,
    /// True media type.
    pub media_type: String,
    /// Size in bytes.
    pub size_bytes: u64,
}

/// A file inside a file that has to be read by its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerFile {
    /// Name made safe for display.
    pub name: String,
    /// The whole file.
    pub bytes: Vec<u8>,
}

/// Why a file gives no text. The codes are stable.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// A password is needed.
    #[error("the document is encrypted")]
    Encrypted,
    /// The file breaks the rules of its format.
    #[error("the document is damaged: {0}")]
    Damaged(String),
    /// The file is too large to be read whole.
    #[error("the document is too large")]
    TooLarge,
    /// No text can be read from this type here.
    #[error("no text is read from {0}")]
    Unsupported(String),
    /// Unpacking goes beyond the limits.
    #[error("the archive unpacks beyond the limits")]
    ArchiveBomb,
    /// The file itself could not be read.
    #[error("the file could not be read: {0}")]
    Unreadable(#[source] std::io::Error),
}

impl ExtractError {
    /// Returns the stable code of the outcome.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Encrypted => "document_encrypted",
            Self::Damaged(_) => "document_damaged",
            Self::TooLarge => "document_too_large",
            Self::Unsupported(_) => "unsupported_type",
            Self::ArchiveBomb => "archive_bomb",
            Self::Unreadable(_) => "document_unreadable",
        }
    }

    fn damaged(reason: impl std::fmt::Display) -> Self {
        Self::Damaged(reason.to_string())
    }
}

type Result<T> = std::result::Result<T, ExtractError>;

/// The limits and what was used of them, shared by a file and the files inside it.
struct Guard<'a> {
    limits: &'a Limits,
    unpacked_bytes: Cell<u64>,
    files: Cell<usize>,
    unread: RefCell<Vec<InnerFile>>,
}

/// Files inside files that are read for text, per top-level file.
const MAX_INNER_FILES: usize = 500;
/// Bytes of files inside that are handed on unread, all together.
const MAX_UNREAD_BYTES: usize = 64 << 20;

impl<'a> Guard<'a> {
    fn new(limits: &'a Limits) -> Self {
        Guard { limits, unpacked_bytes: Cell::new(0), files: Cell::new(0), unread: RefCell::default() }
    }

    /// Counts `bytes` that came out of a compressed part.
    fn count_unpacked(&self, bytes: u64) -> Result<()> {
        let total = self.unpacked_bytes.get().saturating_add(bytes);
        self.unpacked_bytes.set(total);
        if total > self.limits.max_unpacked_bytes { Err(ExtractError::ArchiveBomb) } else { Ok(()) }
    }

    /// Returns how many more bytes may be unpacked.
    fn unpack_allowance(&self) -> u64 {
        self.limits.max_unpacked_bytes.saturating_sub(self.unpacked_bytes.get())
    }

    /// Tells whether a file found at `depth` may still be read.
    fn admits_inner_file(&self, depth: usize) -> bool {
        self.files.set(self.files.get() + 1);
        depth <= self.limits.max_depth && self.files.get() <= MAX_INNER_FILES
    }

    /// Keeps a file that only its pages tell the text of.
    fn hand_on(&self, name: &str, bytes: Vec<u8>) {
        let mut unread = self.unread.borrow_mut();
        if unread.iter().map(|file| file.bytes.len()).sum::<usize>() + bytes.len() <= MAX_UNREAD_BYTES {
            unread.push(InnerFile { name: name.to_owned(), bytes });
        }
    }
}

/// Reads the text of the file at `path`, whose true type is `media_type`.
pub fn file_text(path: &Path, media_type: &str, limits: &Limits) -> Result<FileText> {
    let guard = Guard::new(limits);
    let source = Source::file(path).map_err(ExtractError::Unreadable)?;
    let mut text = read_guarded(&source, media_type, &guard, 0)?;
    text.unread = guard.unread.take();
    Ok(text)
}

/// Tells whether [`file_text`] reads files of this type; for files of no known type their first `head` decides.
pub fn is_read(media_type: &str, head: &[u8]) -> bool {
    match media_type {
        "application/octet-stream" => plain::may_be_text(&head[..head.len().min(crate::media_type::HEAD_BYTES)]),
        "text/html"
        | "application/xhtml+xml"
        | "image/svg+xml"
        | "message/rfc822"
        | "application/vnd.ms-outlook"
        | "application/rtf"
        | "application/msword"
        | "application/vnd.ms-powerpoint"
        | "application/ofd"
        | "application/zip"
        | "application/vnd.ms-excel" => true,
        kind => {
            ooxml::is_ooxml(kind)
                || kind.starts_with("application/vnd.oasis.opendocument.")
                || crate::media_type::is_text(kind)
        }
    }
}

/// Reads one file; a panic inside a parser becomes an error of this file.
fn read_guarded(source: &Source, media_type: &str, guard: &Guard, depth: usize) -> Result<FileText> {
    // The guard holds counters only and the source is read-only, so neither can be left half-changed.
    catch_unwind(AssertUnwindSafe(|| read(source, media_type, guard, depth)))
        .unwrap_or_else(|_| Err(ExtractError::damaged("its parser panicked")))
}

fn read(source: &Source, media_type: &str, guard: &Guard, depth: usize) -> Result<FileText> {
    if source.is_empty() {
        return Err(ExtractError::damaged("it is empty"));
    }
    if ooxml::is_ooxml(media_type) && source.is_compound_file()? {
        return Err(ooxml::compound_file_error(source));
    }
    match media_type {
        "text/html" | "application/xhtml+xml" => html::read(source, guard),
        "text/markdown" => markdown::read(source, guard),
        "image/svg+xml" | "text/xml" | "application/xml" => markup::read(source, guard),
        "message/rfc822" => mail::read(source, guard, depth),
        "application/vnd.ms-outlook" => msg::read(source, guard, depth),
        "application/rtf" => rtf::read(source, guard),
        "application/msword" => doc::read(source, guard),
        "application/vnd.ms-powerpoint" => ppt::read(source, guard),
        "application/ofd" => ofd::read(source, guard),
        "application/zip" => archive::read(source, guard, depth),
        "application/vnd.ms-excel" => sheets::read_xls(source, guard),
        "application/octet-stream" => plain::read_unknown(source, guard),
        kind if ooxml::is_ooxml(kind) => ooxml::read(source, kind, guard, depth),
        kind if kind.starts_with("application/vnd.oasis.opendocument.") => odf::read(source, guard),
        kind if crate::media_type::is_text(kind) => plain::read(source, guard),
        kind => Err(ExtractError::Unsupported(kind.to_owned())),
    }
}

/// Reads a file inside another one: its listing, and its text when the limits allow and it has any.
fn read_inner(name: &str, bytes: Vec<u8>, guard: &Guard, depth: usize) -> (Attachment, Option<FileText>) {
    let name = names::display_name(name);
    let media_type = crate::media_type::detect(&bytes[..bytes.len().min(64 << 10)], &name);
    let listing = Attachment { name, media_type: media_type.to_owned(), size_bytes: bytes.len() as u64 };
    if !guard.admits_inner_file(depth) {
        return (listing, None);
    }
    if media_type == "application/pdf" {
        guard.hand_on(&listing.name, bytes);
        return (listing, None);
    }
    // What cannot be read inside must not hide what can be read outside.
    let text = read_guarded(&Source::bytes(bytes), media_type, guard, depth).ok();
    (listing, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types of every family that `media_type::detect` knows.
    const KINDS: [&str; 44] = [
        "application/gzip",
        "application/javascript",
        "application/json",
        "application/msword",
        "application/octet-stream",
        "application/ofd",
        "application/pdf",
        "application/rtf",
        "application/toml",
        "application/vnd.ms-excel",
        "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
        "application/vnd.ms-outlook",
        "application/vnd.ms-powerpoint",
        "application/vnd.ms-word.document.macroEnabled.12",
        "application/vnd.oasis.opendocument.graphics",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.rar",
        "application/vnd.sqlite3",
        "application/x-7z-compressed",
        "application/x-ndjson",
        "application/x-ole-storage",
        "application/x-tar",
        "application/xhtml+xml",
        "application/xml",
        "application/yaml",
        "application/zip",
        "application/zstd",
        "audio/mpeg",
        "font/ttf",
        "image/heic",
        "image/png",
        "image/svg+xml",
        "image/vnd.djvu",
        "image/x-icon",
        "message/rfc822",
        "text/csv",
        "text/html",
        "text/markdown",
        "text/plain",
        "text/xml",
        "video/mp4",
    ];

    #[test]
    fn what_is_read_is_told_without_reading_it() {
        let contents: [&[u8]; 4] = [b"one line\n", b"\0\x01\x02\xff", b"\x1b[1mbold", &[0xe9; 300]];
        let limits = Limits::default();
        for kind in KINDS {
            for content in contents {
                let guard = Guard::new(&limits);
                let read = read_guarded(&Source::bytes(content.to_vec()), kind, &guard, 0);
                let refused = matches!(&read, Err(ExtractError::Unsupported(refused)) if refused == kind);
                assert_eq!(is_read(kind, content), !refused, "{kind} {content:?}: {read:?}");
            }
        }
    }
}
