//! What can be asked of a worker, and what comes back?
//!
//! A task names files in the server's terms; the pool replaces the names by those inside the child's folder, and moves
//! the results to the folder the caller asked for. To add a kind of work: a variant here with its paths, lane and time
//! in the `match`es below, an [`Answer`] variant, and one line in `child::perform`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::limits::Limits;

/// One piece of work for a child process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Finds the type of an uploaded file, makes pages of it, and extracts its text.
    Prepare {
        /// The uploaded file.
        input: PathBuf,
        /// Its name as the user gave it; only the ending matters, and only as a hint.
        name: String,
        /// The type the caller believes in; empty when unknown. The content decides.
        media_type: String,
        /// The folder that receives `text.json` and, when the original is no PDF, `rendition.pdf`.
        out: PathBuf,
    },
    /// Reads pages that are pictures; see `recognise`.
    Recognise {
        /// The original PDF or the rendition.
        pdf: PathBuf,
        /// Page numbers from 1.
        pages: Vec<u32>,
        /// The folder that receives the text.
        out: PathBuf,
    },
    /// Takes the password off a protected file; see `unlock`.
    Unlock {
        /// The uploaded file.
        input: PathBuf,
        /// Its name as the user gave it.
        name: String,
        /// What opens it.
        password: Password,
        /// The folder that receives the file without its password.
        out: PathBuf,
    },
    /// Extracts the text that stands in an uploaded file itself, without making pages.
    ReadText {
        /// The uploaded file.
        input: PathBuf,
        /// Its name as the user gave it.
        name: String,
        /// The folder that receives `text.json`.
        out: PathBuf,
    },
    /// Draws one page of a PDF.
    RenderPage {
        /// The original PDF or the rendition.
        pdf: PathBuf,
        /// Page number from 1.
        page: u32,
        /// Width of the image in pixels.
        width_px: u32,
        /// The folder that receives the image.
        out: PathBuf,
    },
    /// Draws several pages or widths at once.
    RenderPages {
        /// The original PDF or the rendition.
        pdf: PathBuf,
        /// Page numbers from 1, with the width of each image in pixels.
        images: Vec<(u32, u32)>,
        /// The folder that receives the images.
        out: PathBuf,
    },
    /// Builds a room's document from its updates and makes something of it; see `room`.
    Room {
        /// What to make.
        make: RoomMake,
        /// The updates, as [`super::room::pack`] writes them.
        input: PathBuf,
        /// The folder that receives the result.
        out: PathBuf,
    },
    /// Makes a file of a page that people take away; see `export`.
    Export {
        /// What to make.
        format: ExportFormat,
        /// A page's updates and pictures, as [`super::pictures::write_parcel`] writes them.
        input: PathBuf,
        /// The page's name.
        title: String,
        /// The folder that receives the file.
        out: PathBuf,
    },
    /// Makes HTML that the editor understands of an uploaded file; see `import`.
    Import {
        /// The uploaded file.
        input: PathBuf,
        /// Its name as the user gave it.
        name: String,
        /// The folder that receives the HTML.
        out: PathBuf,
    },
    /// Reads a table that somebody sends in; see `table`.
    ReadTable {
        /// The file: CSV or a workbook.
        input: PathBuf,
        /// The folder that receives the rows.
        out: PathBuf,
    },
    /// Tries what a child must not be able to do, and says what succeeded.
    Probe {
        /// Files that it tries to read.
        read: Vec<String>,
        /// Files that it tries to make.
        write: Vec<String>,
        /// Addresses that it tries to reach.
        connect: Vec<String>,
    },
    /// Misbehaves on purpose, to test the limits: `loop`, `memory`, `disk`, `crash`, `panic`, `sleep`, `orphan`.
    #[doc(hidden)]
    Misbehave {
        /// What to do.
        how: String,
    },
}

/// What opens a protected file. It is shown to nobody, not even in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Takes what somebody typed.
    pub fn new(typed: String) -> Self {
        Password(typed)
    }

    /// Returns it as typed.
    pub(super) fn typed(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("(password)")
    }
}

/// What a page is taken away as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Office Open XML, for Word and WPS.
    Docx,
    /// Pages.
    Pdf,
    /// GitHub's Markdown; with pictures, a ZIP archive of the text and a folder.
    Md,
    /// One file that needs nothing else.
    Html,
}

/// What is made of a room's updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomMake {
    /// The whole state as one update, decoded again and compared.
    State,
    /// An `indexer::text::Extracted` as JSON.
    Text,
    /// The ids of the documents whose pictures the page shows, as a JSON list.
    Pictures,
    /// An update after which the text is that of the last packed update, taken as a document of its own.
    Restore,
    /// The threads of a document's notes (`Vec<NotedThread>`) as JSON.
    Notes,
    /// The board as an Excalidraw file.
    Board,
    /// An update after which the board shows the Excalidraw file that is packed last.
    RestoreBoard,
}

/// Which children do a kind of work: long conversions never stand before page images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Minutes: conversions.
    Convert,
    /// Minutes: recognition. Nobody waits for it, so it never holds up pages.
    Recognise,
    /// Seconds: text that needs no pages.
    Text,
    /// Milliseconds: page images.
    Render,
    /// Milliseconds: what is made of a room's updates.
    Room,
    /// Seconds: conversions for which somebody waits.
    Exchange,
}

impl Lane {
    pub const ALL: [Lane; 6] = [Lane::Convert, Lane::Recognise, Lane::Text, Lane::Render, Lane::Room, Lane::Exchange];
}

impl Task {
    /// Returns the lane that does this task.
    pub fn lane(&self) -> Lane {
        match self {
            Task::ReadText { .. } => Lane::Text,
            Task::Recognise { .. } => Lane::Recognise,
            Task::Export { .. } | Task::Import { .. } | Task::ReadTable { .. } | Task::Unlock { .. } => Lane::Exchange,
            Task::Prepare { .. } | Task::Probe { .. } | Task::Misbehave { .. } => Lane::Convert,
            Task::RenderPage { .. } | Task::RenderPages { .. } => Lane::Render,
            Task::Room { .. } => Lane::Room,
        }
    }

    /// Returns how long the task may take by the clock on the wall.
    pub fn time_limit(&self, limits: &Limits) -> Duration {
        Duration::from_secs(match self {
            Task::Prepare { .. } => limits.prepare_seconds,
            Task::RenderPage { .. } | Task::RenderPages { .. } => limits.render_seconds,
            // What is late ends by itself.
            Task::Recognise { .. } => limits.ocr_seconds + 60,
            Task::Export { .. } | Task::Import { .. } | Task::ReadTable { .. } | Task::Unlock { .. } => {
                limits.exchange_seconds
            }
            Task::ReadText { .. } | Task::Room { .. } | Task::Probe { .. } | Task::Misbehave { .. } => {
                limits.other_seconds
            }
        })
    }

    /// Returns the file that the child reads, to be placed in its folder.
    pub(super) fn input(&mut self) -> Option<&mut PathBuf> {
        match self {
            Task::Prepare { input, .. }
            | Task::ReadText { input, .. }
            | Task::Room { input, .. }
            | Task::Export { input, .. }
            | Task::Unlock { input, .. }
            | Task::Import { input, .. }
            | Task::ReadTable { input, .. } => Some(input),
            Task::Recognise { pdf, .. } | Task::RenderPage { pdf, .. } | Task::RenderPages { pdf, .. } => Some(pdf),
            Task::Probe { .. } | Task::Misbehave { .. } => None,
        }
    }

    /// Returns the folder in which the caller wants the results.
    pub(super) fn out(&mut self) -> Option<&mut PathBuf> {
        match self {
            Task::Prepare { out, .. }
            | Task::ReadText { out, .. }
            | Task::RenderPage { out, .. }
            | Task::RenderPages { out, .. }
            | Task::Room { out, .. }
            | Task::Export { out, .. }
            | Task::Recognise { out, .. }
            | Task::Unlock { out, .. }
            | Task::Import { out, .. }
            | Task::ReadTable { out, .. } => Some(out),
            Task::Probe { .. } | Task::Misbehave { .. } => None,
        }
    }
}

/// The result of a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Of [`Task::Prepare`], and of [`Task::ReadText`] without pages.
    Prepared(Prepared),
    /// Of [`Task::Recognise`].
    Recognised {
        /// The pages that were read, a list of [`super::Recognised`] as JSON.
        text: PathBuf,
        /// What could not be read, and why.
        warnings: Vec<Warning>,
    },
    /// Of [`Task::RenderPage`] and [`Task::RenderPages`], in the order asked.
    Rendered {
        /// The images.
        images: Vec<PageImage>,
    },
    /// Of [`Task::Room`].
    Room {
        /// What was made.
        file: PathBuf,
    },
    /// Of [`Task::Export`], [`Task::Import`], [`Task::ReadTable`] and [`Task::Unlock`].
    Converted {
        /// What was made.
        file: PathBuf,
        /// Its type.
        media_type: String,
        /// What is not as it was, although the file was made.
        warnings: Vec<Warning>,
    },
    /// Of [`Task::Probe`].
    Probed(Probe),
    /// Of a task that has nothing to say.
    Done,
}

impl Answer {
    /// Returns the files that the child says it made.
    pub(super) fn files(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Answer::Prepared(prepared) => {
                let mut files = vec![&mut prepared.text];
                if let Rendition::Pdf(file) = &mut prepared.rendition {
                    files.push(file);
                }
                files
            }
            Answer::Recognised { text, .. } => vec![text],
            Answer::Room { file } | Answer::Converted { file, .. } => vec![file],
            Answer::Rendered { images } => images.iter_mut().map(|image| &mut image.file).collect(),
            Answer::Probed(_) | Answer::Done => Vec::new(),
        }
    }
}

/// What became of an uploaded file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// The true type of the content.
    pub media_type: String,
    /// Width and height of each page in points, as shown (rotation applied). Empty when there are no pages.
    pub page_sizes: Vec<(f32, f32)>,
    /// Where the pages can be drawn from.
    pub rendition: Rendition,
    /// An `indexer::text::Extracted` as JSON.
    pub text: PathBuf,
    /// Pages, from 1, that say more to the eye than to a program: [`Task::Recognise`] reads them.
    pub unread: Vec<u32>,
    /// What the caller should know although the document was prepared.
    pub warnings: Vec<Warning>,
}

/// Where the pages of a document can be drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rendition {
    /// The uploaded file itself is a PDF.
    Original,
    /// This PDF was made from it.
    Pdf(PathBuf),
    /// There are no pages.
    None,
}

/// Something that is not as good as it could be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable code: `ocr_unavailable`, `ocr_incomplete`, `pages_left_out`, `simplified_view`, `text_cut`, `no_preview`.
    pub code: String,
    /// One English sentence.
    pub message: String,
}

impl Warning {
    /// Makes a warning.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Warning { code: code.to_owned(), message: message.into() }
    }
}

/// One drawn page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageImage {
    /// Page number from 1.
    pub page: u32,
    /// Real width in pixels; smaller than asked when the page is too high for the pixel budget.
    pub width_px: u32,
    /// Real height in pixels.
    pub height_px: u32,
    /// The WebP file.
    pub file: PathBuf,
}

/// What a child managed to do of what it must not do. All lists are empty in a sound sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Files it could read.
    pub read: Vec<String>,
    /// Files it could make.
    pub written: Vec<String>,
    /// Addresses to which it could open a connection.
    pub connected: Vec<String>,
    /// Kinds of sockets it could open.
    pub sockets: Vec<String>,
}

/// Stable codes of [`WorkerError`]. Codes of `indexer::extract::ExtractError` pass through unchanged.
pub mod codes {
    /// A password is needed.
    pub const ENCRYPTED: &str = "document_encrypted";
    /// The password given is not the right one.
    pub const WRONG_PASSWORD: &str = "password_wrong";
    /// The document needs no password.
    pub const NOT_ENCRYPTED: &str = "document_not_encrypted";
    /// Its way of encryption is not known here.
    pub const ENCRYPTION_UNKNOWN: &str = "encryption_not_supported";
    /// The content is not what its type asks for.
    pub const DAMAGED: &str = "document_damaged";
    /// More pages, bytes or entries than are handled.
    pub const TOO_LARGE: &str = "document_too_large";
    /// More pixels than are handled.
    pub const IMAGE_TOO_LARGE: &str = "image_too_large";
    /// Nothing here reads such files.
    pub const UNSUPPORTED: &str = "unsupported_type";
    /// The file is sound as far as could be seen, but no pages came out of it.
    pub const CONVERSION_FAILED: &str = "conversion_failed";
    /// There is no such page.
    pub const PAGE_NOT_FOUND: &str = "page_not_found";
    /// The time was up.
    pub const TIMED_OUT: &str = "timed_out";
    /// The memory was used up.
    pub const OUT_OF_MEMORY: &str = "out_of_memory";
    /// The disk space of one task was used up.
    pub const OUT_OF_DISK: &str = "out_of_disk";
    /// The child died of the document.
    pub const CRASHED: &str = "worker_crashed";
    /// No child could be started or reached: not the document's fault.
    pub const UNAVAILABLE: &str = "worker_unavailable";
    /// The PDF library is not installed.
    pub const PDFIUM_MISSING: &str = "pdfium_missing";
    /// The office program is not installed.
    pub const OFFICE_MISSING: &str = "office_missing";
    /// The converter of text formats is not installed.
    pub const PANDOC_MISSING: &str = "pandoc_missing";
}

/// Why a task has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{code}: {message}")]
pub struct WorkerError {
    /// Stable code, see [`codes`].
    pub code: String,
    /// One English sentence for people.
    pub message: String,
}

impl WorkerError {
    /// Makes an error.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        WorkerError { code: code.to_owned(), message: message.into() }
    }

    /// Makes an error about the machine rather than the document.
    pub(super) fn unavailable(doing: &str, error: impl std::fmt::Display) -> Self {
        WorkerError::new(codes::UNAVAILABLE, format!("{doing}: {error}"))
    }

    /// Returns whether the same document would fail again: false when the machine was at fault.
    pub fn is_final(&self) -> bool {
        !matches!(
            self.code.as_str(),
            codes::UNAVAILABLE | codes::PDFIUM_MISSING | codes::OFFICE_MISSING | codes::PANDOC_MISSING
        )
    }
}

/// Returns whether a path that a child gave is a plain file name.
pub(super) fn is_plain_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == path.as_os_str())
}
