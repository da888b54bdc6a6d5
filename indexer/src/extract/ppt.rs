//! Which words stand in a PowerPoint 97 presentation?
//!
//! Pages come from LibreOffice; this text is for search. The document stream is a tree of records (MS-PPT 2.3.1); text
//! stands in atoms of four kinds. Presentations older than PowerPoint 97 give no text here.

use std::io::Read;

use super::source::Source;
use super::{ExtractError, FileText, Guard, Result, sink::Sink};

const TEXT_CHARS: u16 = 0x0fa0;
const TEXT_BYTES: u16 = 0x0fa8;
const CSTRING: u16 = 0x0fba;
const COMMENT: u16 = 0x2ee0;
/// Containers of the texts of master slides: prompts such as "click to edit".
const MAIN_MASTER: u16 = 0x03f8;
const CONTAINER_VERSION: u16 = 0x0f;

/// Reads a presentation.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let mut file = source.open_compound_file()?;
    if file.is_stream("/EncryptedSummary") {
        return Err(ExtractError::Encrypted);
    }
    if !file.is_stream("/PowerPoint Document") {
        return Ok(FileText::default());
    }
    let mut document = Vec::new();
    let stream = file.open_stream("/PowerPoint Document").map_err(ExtractError::damaged)?;
    stream
        .take(guard.unpack_allowance().saturating_add(1))
        .read_to_end(&mut document)
        .map_err(ExtractError::damaged)?;
    guard.count_unpacked(document.len() as u64)?;
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    push_records(&document, &mut sink);
    let (text, is_truncated) = sink.finish();
    Ok(FileText { text, is_truncated, ..FileText::default() })
}

/// Walks the records flatly: a container's header is stepped over, so its children follow.
fn push_records(document: &[u8], sink: &mut Sink) {
    let mut position = 0usize;
    let mut comment_end = 0usize;
    while let Some(header) = document.get(position..position + 8) {
        let version = u16::from_le_bytes([header[0], header[1]]) & 0x0f;
        let kind = u16::from_le_bytes([header[2], header[3]]);
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let body_start = position + 8;
        let end = body_start.saturating_add(length).min(document.len());
        if kind == COMMENT {
            comment_end = end;
        }
        if version == CONTAINER_VERSION && kind != MAIN_MASTER {
            position = body_start;
            continue;
        }
        let body = &document[body_start..end];
        match kind {
            TEXT_CHARS => sink.line(&encoding_rs::UTF_16LE.decode_without_bom_handling(body).0),
            CSTRING if position < comment_end => sink.line(&encoding_rs::UTF_16LE.decode_without_bom_handling(body).0),
            // A star alone holds the place of a slide's number.
            TEXT_BYTES if body == b"*" => {}
            // The low bytes of UTF-16: Latin-1.
            TEXT_BYTES => sink.line(&body.iter().map(|byte| char::from(*byte)).collect::<String>()),
            _ => {}
        }
        if sink.is_full() {
            return;
        }
        position = end;
    }
}
