//! What does a text file say?

use super::source::Source;
use super::{ExtractError, FileText, Guard, Result, encoding, sink};
use crate::media_type::HEAD_BYTES;

/// Reads text of any encoding.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let (text, is_truncated) = decoded(source, guard, None)?;
    Ok(FileText { plain: Some(text.clone()), text, is_truncated, ..FileText::default() })
}

/// Reads content of no known type as text when that makes sense: no NUL and hardly any control characters.
pub fn read_unknown(source: &Source, guard: &Guard) -> Result<FileText> {
    let head = source.read_head(HEAD_BYTES as u64)?;
    if !may_be_text(&head) {
        return Err(ExtractError::Unsupported("application/octet-stream".to_owned()));
    }
    read(source, guard)
}

/// Tells whether content of no known type that begins so is read as text.
pub fn may_be_text(head: &[u8]) -> bool {
    let is_strange = |byte: &&u8| **byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c);
    !head.contains(&0) && head.iter().filter(is_strange).count() * 200 <= head.len()
}

/// Returns the decoded, cleaned text of a file and whether it was cut off.
pub fn decoded(source: &Source, guard: &Guard, declared: Option<&str>) -> Result<(String, bool)> {
    let limit = guard.limits.max_text_bytes;
    // UTF-16 takes at most twice as many bytes as UTF-8; an even limit keeps its units whole.
    let most = (limit as u64).saturating_mul(2) & !1;
    let bytes = source.read_head(most)?;
    let (text, is_cut) = sink::clean(&encoding::decode(&bytes, declared).text, limit);
    Ok((text, is_cut || source.size_bytes() > most))
}
