//! Which names does an archive list?
//!
//! Nothing is unpacked: bombs, climbing paths and links inside it stay what they are, names.

use super::package::Package;
use super::source::Source;
use super::{Attachment, FileText, Guard, Result, names, sink::Sink};

/// Reads the names of a zip file's entries.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let package = Package::open_archive(source)?;
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    let mut attachments = Vec::new();
    for (name, size_bytes) in package.listing().take(guard.limits.max_entries) {
        let path = names::display_path(name);
        if path.is_empty() {
            continue;
        }
        sink.line(&path);
        if !name.ends_with('/') {
            // What an entry really is would only show when it is unpacked.
            attachments.push(Attachment { name: path, media_type: "application/octet-stream".to_owned(), size_bytes });
        }
    }
    let is_short = package.names().len() > guard.limits.max_entries;
    let (text, is_truncated) = sink.finish();
    Ok(FileText { text, attachments, is_truncated: is_truncated || is_short, ..FileText::default() })
}
