//! Which character does a glyph of an embedded font show?
//!
//! Where a PDF does not say what its characters mean, pdfium answers with their codes. In fonts addressed by glyph number
//! that number is the code, and the embedded TrueType font usually still has its table from characters to glyphs: read
//! backwards, it gives the text.

use std::collections::HashMap;

/// From glyph numbers to characters.
pub type FontMap = HashMap<u16, char>;

/// Reads the `cmap` table of a TrueType or OpenType font backwards. `None` when there is nothing to read.
pub fn read(font: &[u8]) -> Option<FontMap> {
    let tables = u16_at(font, 4)?.min(64);
    let record =
        (0..tables as usize).map(|index| 12 + index * 16).find(|at| font.get(*at..*at + 4) == Some(b"cmap"))?;
    let cmap = font.get(u32_at(font, record + 8)? as usize..)?;
    let mut map = FontMap::new();
    for index in 0..u16_at(cmap, 2)?.min(32) as usize {
        let at = 4 + index * 8;
        let (platform, encoding) = (u16_at(cmap, at)?, u16_at(cmap, at + 2)?);
        // Unicode tables only: others number their characters in their own way.
        if platform != 0 && !(platform == 3 && matches!(encoding, 1 | 10)) {
            continue;
        }
        let table = cmap.get(u32_at(cmap, at + 4)? as usize..)?;
        match u16_at(table, 0)? {
            4 => segments(table, &mut map),
            12 => groups(table, &mut map),
            _ => None,
        };
    }
    (!map.is_empty()).then_some(map)
}

/// Format 4: segments of 16-bit characters.
fn segments(table: &[u8], map: &mut FontMap) -> Option<()> {
    let count = usize::from(u16_at(table, 6)? / 2);
    let (ends, starts) = (14, 16 + count * 2);
    let (deltas, offsets) = (starts + count * 2, starts + count * 4);
    for index in 0..count {
        let (start, end) = (u16_at(table, starts + index * 2)?, u16_at(table, ends + index * 2)?);
        let (delta, offset) = (u16_at(table, deltas + index * 2)?, u16_at(table, offsets + index * 2)?);
        for code in start..=end {
            let glyph = if offset == 0 {
                code.wrapping_add(delta)
            } else {
                let at = offsets + index * 2 + usize::from(offset) + usize::from(code - start) * 2;
                match u16_at(table, at) {
                    Some(0) | None => continue,
                    Some(glyph) => glyph.wrapping_add(delta),
                }
            };
            add(map, glyph, u32::from(code));
        }
    }
    Some(())
}

/// Format 12: groups of 32-bit characters.
fn groups(table: &[u8], map: &mut FontMap) -> Option<()> {
    for index in 0..u32_at(table, 12)?.min(100_000) as usize {
        let at = 16 + index * 12;
        let (start, end, glyph) = (u32_at(table, at)?, u32_at(table, at + 4)?, u32_at(table, at + 8)?);
        for step in 0..=end.checked_sub(start)?.min(0xffff) {
            add(map, u16::try_from(glyph.checked_add(step)?).ok()?, start + step);
        }
    }
    Some(())
}

fn add(map: &mut FontMap, glyph: u16, code: u32) {
    if glyph != 0
        && code != 0xffff
        && let Some(character) = char::from_u32(code)
    {
        map.entry(glyph).or_insert(character);
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn font(format_4: &[u16]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend(b"cmap\0\0\0\0\0\0\0\x1c\0\0\0\0");
        bytes.extend([0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12]);
        bytes.extend(format_4.iter().flat_map(|value| value.to_be_bytes()));
        bytes
    }

    #[test]
    fn glyphs_become_characters() {
        // 世 to 丙 are glyphs from U+4E16 + 3 on
        let map = read(&font(&[4, 32, 0, 4, 0, 0, 0, 0x4e19, 0xffff, 0, 0x4e16, 0xffff, 3, 1, 0, 0])).unwrap();
        assert_eq!(map.get(&0x4e19), Some(&'世'));
    }

    #[test]
    fn cut_off_fonts_are_harmless() {
        let whole = font(&[4, 32, 0, 4, 0, 0, 0, 0x4e19, 0xffff, 0, 0x4e16, 0xffff, 3, 1, 0, 0]);
        for length in 0..whole.len() {
            let _ = read(&whole[..length]);
        }
    }
}
