//! Which words stand in a Word 97 document?
//!
//! Pages come from LibreOffice; this text is for search, also of documents that are attached to mails. The piece table
//! (MS-DOC 2.8.35) says where the characters are. Older formats than Word 97 give no text here.

use std::io::Read;

use super::source::Source;
use super::{ExtractError, FileText, Guard, Result, sink::Sink};

const MAGIC: u16 = 0xa5ec;
const WORD_97: u16 = 0x00c1;
const IS_ENCRYPTED: u16 = 0x0100;
const USES_SECOND_TABLE: u16 = 0x0200;
const PIECE_TABLE_OFFSET: usize = 0x01a2;

/// Reads a Word document.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let mut file = source.open_compound_file()?;
    let mut stream = |name: &str| -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let stream = file.open_stream(name).map_err(ExtractError::damaged)?;
        stream
            .take(guard.unpack_allowance().saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(ExtractError::damaged)?;
        guard.count_unpacked(bytes.len() as u64)?;
        Ok(bytes)
    };
    let document = stream("/WordDocument")?;
    let (Some(magic), Some(version), Some(flags)) = (u16_at(&document, 0), u16_at(&document, 2), u16_at(&document, 10))
    else {
        return Err(ExtractError::damaged("its header is cut off"));
    };
    if flags & IS_ENCRYPTED != 0 && magic == MAGIC {
        return Err(ExtractError::Encrypted);
    }
    if magic != MAGIC || version < WORD_97 {
        return Ok(FileText::default());
    }
    let table = stream(if flags & USES_SECOND_TABLE != 0 { "/1Table" } else { "/0Table" })?;
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    push_pieces(&document, &table, &mut sink)?;
    let (text, is_truncated) = sink.finish();
    Ok(FileText { text, is_truncated, ..FileText::default() })
}

fn push_pieces(document: &[u8], table: &[u8], sink: &mut Sink) -> Result<()> {
    let cut_off = || ExtractError::damaged("its piece table is cut off");
    let start = u32_at(document, PIECE_TABLE_OFFSET).ok_or_else(cut_off)? as usize;
    let length = u32_at(document, PIECE_TABLE_OFFSET + 4).ok_or_else(cut_off)? as usize;
    let mut clx = start.checked_add(length).and_then(|end| table.get(start..end)).ok_or_else(cut_off)?;
    // Runs of formatting stand before the piece table.
    while clx.first() == Some(&1) {
        let skip = 3 + usize::from(u16_at(clx, 1).ok_or_else(cut_off)?);
        clx = clx.get(skip..).ok_or_else(cut_off)?;
    }
    let size = u32_at(clx, 1).filter(|_| clx.first() == Some(&2)).ok_or_else(cut_off)? as usize;
    let pieces = clx.get(5..).and_then(|rest| rest.get(..size)).ok_or_else(cut_off)?;
    let count = pieces.len().saturating_sub(4) / 12;
    let mut field = Field::default();
    for index in 0..count {
        let (Some(from), Some(to)) = (u32_at(pieces, index * 4), u32_at(pieces, index * 4 + 4)) else {
            break;
        };
        let Some(place) = u32_at(pieces, (count + 1) * 4 + index * 8 + 2) else {
            break;
        };
        let characters = to.saturating_sub(from) as usize;
        push_piece(document, place, characters, &mut field, sink);
        if sink.is_full() {
            break;
        }
    }
    Ok(())
}

fn push_piece(document: &[u8], place: u32, characters: usize, field: &mut Field, sink: &mut Sink) {
    let is_compressed = place & 0x4000_0000 != 0;
    let offset = (place & 0x3fff_ffff) as usize;
    let (start, length) = if is_compressed { (offset / 2, characters) } else { (offset, characters.saturating_mul(2)) };
    let Some(rest) = document.get(start..) else {
        return;
    };
    let bytes = &rest[..length.min(rest.len())];
    let encoding = if is_compressed { encoding_rs::WINDOWS_1252 } else { encoding_rs::UTF_16LE };
    for character in encoding.decode_without_bom_handling(bytes).0.chars() {
        field.push(character, sink);
    }
}

/// Fields stand as `begin code separator result end`: only the result is shown.
#[derive(Default)]
struct Field {
    /// For every open field: whether its code is being read.
    open: Vec<bool>,
}

impl Field {
    fn push(&mut self, character: char, sink: &mut Sink) {
        match character {
            '\u{13}' if self.open.len() < 1000 => self.open.push(true),
            '\u{14}' => self.open.last_mut().into_iter().for_each(|is_code| *is_code = false),
            '\u{15}' => drop(self.open.pop()),
            _ if self.open.iter().any(|is_code| *is_code) => {}
            '\u{7}' => sink.push_char('\t'),
            '\u{1e}' => sink.push_char('-'),
            '\u{a0}' => sink.push_char(' '),
            other => sink.push_char(other),
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).and_then(|pair| pair.try_into().ok()).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes)
}
