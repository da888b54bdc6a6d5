//! Which names does an archive list, and what do the documents inside say?
//!
//! Nothing is unpacked to disk: climbing paths and links stay what they are, names. Documents inside are read one by one in
//! memory, within the limits; one that is too large, locked or a bomb is only listed.

use super::package::Package;
use super::source::Source;
use super::{Attachment, FileText, Guard, Result, names, read_inner, sink::Sink};

/// Bytes that one document inside may have to be read.
const MAX_INNER_BYTES: u64 = 64 << 20;
/// Endings of documents whose text is looked for; the others are listed.
const READ: [&str; 36] = [
    "docx", "docm", "dotx", "xlsx", "xlsm", "xlsb", "pptx", "pptm", "ppsx", "doc", "xls", "ppt", "wps", "et", "dps",
    "odt", "ods", "odp", "rtf", "pdf", "ofd", "txt", "csv", "tsv", "md", "html", "htm", "xhtml", "xml", "json", "eml",
    "msg", "zip", "log", "mht", "markdown",
];

/// Reads the names of a zip file's entries.
pub fn read(source: &Source, guard: &Guard, depth: usize) -> Result<FileText> {
    let mut package = Package::open_archive(source)?;
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    // Pages show the names; what stands inside is for search.
    let mut listing = Sink::new(guard.limits.max_text_bytes);
    let mut attachments = Vec::new();
    let entries: Vec<(String, u64)> =
        package.listing().take(guard.limits.max_entries).map(|(name, size)| (name.clone(), size)).collect();
    for (index, (name, size_bytes)) in entries.into_iter().enumerate() {
        let path = names::display_path(&name);
        if path.is_empty() {
            continue;
        }
        sink.line(&path);
        listing.line(&path);
        if name.ends_with('/') {
            continue;
        }
        let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let bytes = if READ.contains(&ending.as_str()) && !sink.is_full() {
            package.read_within(index, MAX_INNER_BYTES.min(guard.unpack_allowance() / 2), guard)
        } else {
            None
        };
        let attachment = match bytes {
            Some(bytes) => {
                let (found, inner) = read_inner(&path, bytes, guard, depth + 1);
                sink.line(&inner.map(|inner| inner.text).unwrap_or_default());
                Attachment { name: path, ..found }
            }
            // What an entry really is only shows when it is unpacked.
            None => Attachment { name: path, media_type: "application/octet-stream".to_owned(), size_bytes },
        };
        attachments.push(attachment);
    }
    let is_short = package.names().len() > guard.limits.max_entries;
    let (text, is_truncated) = sink.finish();
    let plain = Some(listing.finish().0);
    Ok(FileText { text, plain, attachments, is_truncated: is_truncated || is_short, ..FileText::default() })
}
