//! How much may one document cost, and which walls stand around the child?
//!
//! The numbers travel to the child in its first message; what the kernel really enforces comes back as [`Isolation`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// What one task may use. A task that goes beyond ends with a code, never with a sick server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Wall clock for a whole prepare task (detection, conversion, text).
    pub prepare_seconds: u64,
    /// Wall clock for drawing pages (one task, one or more images).
    pub render_seconds: u64,
    /// Wall clock for any other task.
    pub other_seconds: u64,
    /// Wall clock for a conversion for which somebody waits.
    pub exchange_seconds: u64,
    /// Wall clock for one LibreOffice run; it ends before `prepare_seconds` so that a plain view can replace it.
    pub convert_seconds: u64,
    /// Wall clock for recognising the few pages of one task; what is left over is recorded as a warning.
    pub ocr_seconds: u64,
    /// Resident memory of the child and everything it started.
    pub memory_bytes: u64,
    /// Bytes in the child's folder, and the size of any file it writes.
    pub disk_bytes: u64,
    /// Processes in the child's group.
    pub processes: usize,
    /// Pages of one document that are shown and read.
    pub pages: usize,
    /// Pages of one document that are recognised.
    pub ocr_pages: usize,
    /// Bytes of text kept of one document.
    pub text_bytes: usize,
    /// Bytes that archives and office files may unpack to.
    pub unpacked_bytes: u64,
    /// Entries of an archive that are looked at.
    pub entries: usize,
    /// Archives and messages inside each other.
    pub depth: usize,
    /// Bytes of pictures that a converted document brings along.
    pub picture_bytes: usize,
    /// Pixels of an uploaded image.
    pub image_pixels: u64,
    /// Pixels of a drawn page.
    pub page_pixels: u64,
    /// Pixels of a page drawn for recognition.
    pub ocr_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            prepare_seconds: 1200,
            render_seconds: 30,
            other_seconds: 60,
            exchange_seconds: 180,
            convert_seconds: 300,
            ocr_seconds: 600,
            memory_bytes: 2 << 30,
            disk_bytes: 2 << 30,
            processes: 64,
            pages: 20_000,
            ocr_pages: 1_000,
            text_bytes: 64 << 20,
            unpacked_bytes: 300 << 20,
            entries: 20_000,
            depth: 8,
            picture_bytes: 64 << 20,
            image_pixels: 120_000_000,
            page_pixels: 24_000_000,
            ocr_pixels: 25_000_000,
        }
    }
}

/// The walls that stand around a child, as reported by the child after it built them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Isolation {
    /// Landlock ABI the kernel offers; 0 when the file system is not confined.
    pub landlock_abi: i32,
    /// Whether Landlock enforces everything that was asked for.
    pub landlock_full: bool,
    /// Whether the system call filter is loaded (no network, no new namespaces, no tracing).
    pub seccomp: bool,
    /// Whether privileges cannot be regained.
    pub no_new_privs: bool,
    /// Whether all capabilities are gone.
    pub no_capabilities: bool,
}

impl fmt::Display for Isolation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let landlock = match (self.landlock_abi, self.landlock_full) {
            (0, _) => "files not confined (no landlock)".to_owned(),
            (abi, true) => format!("files confined (landlock {abi})"),
            (abi, false) => format!("files partly confined (landlock {abi})"),
        };
        let seccomp = if self.seccomp { "no network (seccomp)" } else { "network open (no seccomp)" };
        let rights = if self.no_new_privs && self.no_capabilities { "no privileges" } else { "privileges kept" };
        write!(out, "{landlock}, {seccomp}, {rights}")
    }
}
