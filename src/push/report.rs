//! What does whoever waits see? A line that moves on a terminal, failures as they come, and what was done at the end.

use std::{
    io::{IsTerminal, Write},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::{
    file::Outcome,
    scan::{File, Scanned},
};

/// From one picture of the progress to the next.
const REDRAW: Duration = Duration::from_millis(100);

/// What was done so far. Cheap to clone.
#[derive(Clone)]
pub struct Report(Arc<Parts>);

struct Parts {
    began: Instant,
    quiet: bool,
    terminal: bool,
    files: u64,
    total_bytes: u64,
    passed_over: usize,
    /// Bytes that are on the service by now.
    there_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    counts: [AtomicU64; 5],
    drawn: Mutex<Instant>,
}

/// Places in `counts`.
const NEW: usize = 0;
const CHANGED: usize = 1;
const UNCHANGED: usize = 2;
const FAILED: usize = 3;
const UNSURE: usize = 4;

impl Report {
    pub fn begin(scanned: &Scanned, quiet: bool) -> Self {
        let files = || scanned.folders.iter().flat_map(|folder| &folder.files);
        Self(Arc::new(Parts {
            began: Instant::now(),
            quiet,
            terminal: !quiet && std::io::stderr().is_terminal(),
            files: files().count() as u64,
            total_bytes: files().map(|file| file.stamp.size_bytes).sum(),
            passed_over: scanned.passed_over,
            there_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            counts: Default::default(),
            drawn: Mutex::new(Instant::now()),
        }))
    }

    /// Bytes that were there before.
    pub fn passed(&self, bytes: u64) {
        self.0.there_bytes.fetch_add(bytes, Relaxed);
        self.draw();
    }

    /// Bytes that went over the wire.
    pub fn sent(&self, bytes: u64) {
        self.0.sent_bytes.fetch_add(bytes, Relaxed);
        self.0.there_bytes.fetch_add(bytes, Relaxed);
        self.draw();
    }

    pub fn done(&self, file: &File, outcome: Outcome) {
        let (place, word) = match outcome {
            Outcome::New => (NEW, "new"),
            Outcome::Changed => (CHANGED, "changed"),
            Outcome::Unchanged => (UNCHANGED, ""),
            Outcome::Unsure => (UNSURE, "compare"),
        };
        self.0.counts[place].fetch_add(1, Relaxed);
        if !self.0.quiet && !word.is_empty() {
            self.clear();
            println!("{word:8} {}", shown(&file.path));
        }
        self.draw();
    }

    pub fn failure(&self, path: &Path, why: &str) {
        self.0.counts[FAILED].fetch_add(1, Relaxed);
        self.clear();
        eprintln!("failed   {}: {why}", shown(path));
    }

    pub fn failed(&self) -> u64 {
        self.0.counts[FAILED].load(Relaxed)
    }

    /// Says what was done.
    pub fn end(&self, dry_run: bool) {
        self.clear();
        if self.0.quiet {
            return;
        }
        let count = |place: usize| self.0.counts[place].load(Relaxed);
        let mut line = format!("{} new, {} changed, {} unchanged", count(NEW), count(CHANGED), count(UNCHANGED));
        if count(UNSURE) > 0 {
            line += &format!(", {} to compare", count(UNSURE));
        }
        if self.failed() > 0 {
            line += &format!(", {} failed", self.failed());
        }
        if self.0.passed_over > 0 {
            line += &format!(", {} links and special files passed over", self.0.passed_over);
        }
        match dry_run {
            true => println!("{line}; nothing was sent (dry run)"),
            false => println!(
                "{line}; sent {} of {} in {:.1} s",
                size(self.0.sent_bytes.load(Relaxed)),
                size(self.0.total_bytes),
                self.0.began.elapsed().as_secs_f64()
            ),
        }
    }

    fn draw(&self) {
        let parts = &*self.0;
        if !parts.terminal {
            return;
        }
        let Ok(mut drawn) = parts.drawn.try_lock() else { return };
        if drawn.elapsed() < REDRAW {
            return;
        }
        *drawn = Instant::now();
        let done: u64 = parts.counts.iter().map(|count| count.load(Relaxed)).sum();
        let (there, sent) = (parts.there_bytes.load(Relaxed), parts.sent_bytes.load(Relaxed));
        let mut out = std::io::stderr().lock();
        let _ = write!(
            out,
            "\r\x1b[K{done} of {} files, {} of {}, sent {}",
            parts.files,
            size(there.min(parts.total_bytes)),
            size(parts.total_bytes),
            size(sent)
        );
        let _ = out.flush();
    }

    fn clear(&self) {
        if self.0.terminal {
            eprint!("\r\x1b[K");
        }
    }
}

/// A path for people: what a terminal would obey is escaped.
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    match text.is_empty() {
        true => ".".to_owned(),
        false => {
            text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
        }
    }
}

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{amount:.1} {}", UNITS[unit]) }
}
