//! What text does a PDF page have, where do its words stand, and can the text be trusted?
//!
//! pdfium gives characters with boxes. They become text plus words; a word here is a run of characters that stand evenly
//! on one line, so that the place of any character inside follows from its number (Chinese lines are few long words,
//! which keeps a law of 500 pages small). [`PageReading::quality`] tells when the text layer is missing or wrong and the
//! page has to be recognised from its picture.

use std::{collections::HashMap, ffi::c_void, ptr::null_mut};

use indexer::text::{PageText, Word};
use pdfium_render::prelude::PdfiumLibraryBindings;

use super::{
    font_map::{self, FontMap},
    pdf::{Page, Placement},
};

/// Characters of one page that are read; a page with more is not meant for people.
const MAX_CHARS: i32 = 400_000;
/// Longest run that is one word.
const MAX_WORD_CHARS: usize = 40;
/// Marks a character that is not part of the text.
const DROPPED: char = '\0';
/// `FPDF_TEXTRENDERMODE_INVISIBLE`: the text layer of a scan.
const INVISIBLE: i32 = 3;

/// The text of a page and what speaks for or against it.
pub struct PageReading {
    /// Text and words.
    pub text: PageText,
    /// What is known about the characters.
    pub quality: Quality,
}

/// Counts of characters by what is known about them; white space and generated characters are not counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quality {
    /// All characters.
    pub chars: usize,
    /// Characters whose font does not say what they mean.
    pub unmapped: usize,
    /// Private use, replacement and control characters.
    pub garbage: usize,
    /// Letters and digits of any script.
    pub letters: usize,
    /// Dots, dashes and the like, which fill forms and tables of contents.
    pub fillers: usize,
    /// Characters that are not drawn (the layer that recognition put over a scan).
    pub invisible: usize,
}

impl Quality {
    /// Returns whether there is no text worth speaking of.
    pub fn is_empty(&self) -> bool {
        self.chars == 0
    }

    /// Returns whether the text is so doubtful that the picture of the page should be read instead.
    pub fn is_doubtful(&self) -> bool {
        if self.chars == 0 {
            return false;
        }
        let visible = self.chars - self.invisible;
        let unmapped = visible > self.chars / 2 && self.unmapped * 4 > self.chars;
        let garbage = self.garbage * 5 > self.chars;
        let meant = self.chars - self.fillers;
        let no_language = meant >= 4 && self.letters * 2 < meant;
        unmapped || garbage || no_language
    }
}

/// One character with its box in points from the top left.
struct Glyph {
    character: char,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// Reads the text of a page.
pub fn read(page: &Page<'_>) -> PageReading {
    let (width, height) = page.size();
    let (bindings, handle) = page.raw();
    let mut reading = PageReading {
        text: PageText { text: String::new(), width, height, words: Vec::new() },
        quality: Quality::default(),
    };
    // SAFETY: the page is loaded; the text page is closed below.
    unsafe {
        let text_page = bindings.FPDFText_LoadPage(handle.cast());
        if text_page.is_null() {
            return reading;
        }
        let glyphs = glyphs(bindings, text_page.cast(), &page.placement(), &mut reading.quality);
        bindings.FPDFText_ClosePage(text_page);
        assemble(&glyphs, &mut reading.text);
    }
    reading
}

/// Reads the characters. `text_page` must be valid.
unsafe fn glyphs(
    bindings: &dyn PdfiumLibraryBindings,
    text_page: *mut c_void,
    placement: &Placement,
    quality: &mut Quality,
) -> Vec<Option<Glyph>> {
    // SAFETY: the caller guarantees the text page; indexes are below the count; FS_RECTF is four floats.
    unsafe {
        let count = bindings.FPDFText_CountChars(text_page.cast()).clamp(0, MAX_CHARS);
        let mut glyphs = Vec::with_capacity(count as usize);
        let mut doubts = Vec::new();
        let mut high = None;
        let mut object = null_mut();
        let mut mode = 0;
        for index in 0..count {
            let unit = bindings.FPDFText_GetUnicode(text_page.cast(), index);
            let Some(character) = character(unit, &mut high) else {
                continue;
            };
            // 2 and FFFE stand for a hyphen at the end of a line: the word goes on.
            if matches!(character, '\u{2}' | '\u{fffe}' | '\u{ad}') {
                glyphs.push(None);
                continue;
            }
            let mut rect = [0f32; 4];
            bindings.FPDFText_GetLooseCharBox(text_page.cast(), index, rect.as_mut_ptr().cast());
            let [left, top, right, bottom] = rect.map(f64::from);
            let (x1, y1) = placement.point(left, top);
            let (x2, y2) = placement.point(right, bottom);
            let generated = bindings.FPDFText_IsGenerated(text_page.cast(), index) == 1;
            if !character.is_whitespace() && !generated {
                let now = bindings.FPDFText_GetTextObject(text_page.cast(), index);
                if now != object {
                    object = now;
                    mode = if now.is_null() { 0 } else { bindings.FPDFTextObj_GetTextRenderMode(now) };
                }
                let unmapped = bindings.FPDFText_HasUnicodeMapError(text_page.cast(), index) == 1;
                count_quality(quality, character, unmapped, mode == INVISIBLE);
                if unmapped && mode != INVISIBLE && !object.is_null() {
                    doubts.push(Doubt {
                        glyph: glyphs.len(),
                        code: unit,
                        font: bindings.FPDFTextObj_GetFont(object).cast(),
                    });
                }
            }
            // A control character may yet turn out to be the number of a glyph; what stays one is dropped below.
            let dropped = character.is_control() && !character.is_whitespace();
            glyphs.push(Some(Glyph {
                character: if dropped { DROPPED } else { character },
                left: x1.min(x2),
                top: y1.min(y2),
                right: x1.max(x2),
                bottom: y1.max(y2),
            }));
        }
        repair(bindings, &doubts, &mut glyphs, quality);
        glyphs.retain(|glyph| glyph.as_ref().is_none_or(|glyph| glyph.character != DROPPED));
        glyphs
    }
}

/// A character whose meaning the PDF does not tell.
struct Doubt {
    glyph: usize,
    code: u32,
    font: *mut c_void,
}

/// Gives doubtful characters the meaning that their embedded font knows. The fonts must belong to a loaded page.
unsafe fn repair(
    bindings: &dyn PdfiumLibraryBindings,
    doubts: &[Doubt],
    glyphs: &mut [Option<Glyph>],
    quality: &mut Quality,
) {
    let mut maps: HashMap<*mut c_void, Option<FontMap>> = HashMap::new();
    for doubt in doubts.iter().filter(|doubt| doubt.code > 0xff) {
        // Codes of more than one byte show that the font is addressed by glyph numbers.
        // SAFETY: as the caller guarantees.
        maps.entry(doubt.font)
            .or_insert_with(|| unsafe { font_data(bindings, doubt.font) }.as_deref().and_then(font_map::read));
    }
    for doubt in doubts {
        let map = maps.get(&doubt.font).and_then(Option::as_ref);
        let character = map.zip(u16::try_from(doubt.code).ok()).and_then(|(map, code)| map.get(&code));
        if let (Some(character), Some(Some(glyph))) = (character, glyphs.get_mut(doubt.glyph)) {
            glyph.character = *character;
            quality.unmapped -= 1;
        }
    }
}

/// Returns the embedded font file.
unsafe fn font_data(bindings: &dyn PdfiumLibraryBindings, font: *mut c_void) -> Option<Vec<u8>> {
    const MAX_FONT_BYTES: usize = 64 << 20;
    let mut length = 0;
    // SAFETY: the caller guarantees the font; the buffer has the length given.
    unsafe {
        if font.is_null() || bindings.FPDFFont_GetIsEmbedded(font.cast()) != 1 {
            return None;
        }
        bindings.FPDFFont_GetFontData(font.cast(), null_mut(), 0, &mut length);
        if length == 0 || length > MAX_FONT_BYTES {
            return None;
        }
        let mut bytes = vec![0; length];
        (bindings.FPDFFont_GetFontData(font.cast(), bytes.as_mut_ptr(), length, &mut length) != 0).then_some(bytes)
    }
}

/// Joins UTF-16 pairs, drops NUL and lone halves.
fn character(unit: u32, high: &mut Option<u32>) -> Option<char> {
    match (unit, high.take()) {
        (0, _) => None,
        (0xd800..=0xdbff, _) => {
            *high = Some(unit);
            None
        }
        (0xdc00..=0xdfff, Some(first)) => char::from_u32(0x10000 + ((first - 0xd800) << 10) + (unit - 0xdc00)),
        (0xdc00..=0xdfff, None) => None,
        (other, _) => char::from_u32(other),
    }
}

fn count_quality(quality: &mut Quality, character: char, unmapped: bool, invisible: bool) {
    quality.chars += 1;
    quality.unmapped += usize::from(unmapped);
    quality.invisible += usize::from(invisible);
    let garbage = matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{fffd}' | '\u{f0000}'..) || character.is_control();
    quality.garbage += usize::from(garbage);
    quality.letters += usize::from(character.is_alphanumeric());
    quality.fillers += usize::from(matches!(
        character,
        '.' | '-'
            | '_'
            | '…'
            | '·'
            | '—'
            | '–'
            | '*'
            | '•'
            | '='
            | '|'
            | ':'
            | ','
            | '('
            | ')'
            | '/'
            | '□'
            | '■'
            | '●'
    ));
}

/// Makes text and words of the characters.
fn assemble(glyphs: &[Option<Glyph>], page: &mut PageText) {
    let drop_spaces = is_spaced_out(glyphs);
    let mut run = Run::default();
    let mut position = 0u32;
    let mut after_hyphen = false;
    for (index, glyph) in glyphs.iter().enumerate() {
        let Some(glyph) = glyph else {
            after_hyphen = true;
            continue;
        };
        let character = glyph.character;
        if matches!(character, '\r' | '\n') {
            // A hyphenated word continues on the next line as one word of the text.
            if !after_hyphen && !page.text.ends_with('\n') && !page.text.is_empty() {
                page.text.push('\n');
                position += 1;
            }
            run.finish(page, position);
            continue;
        }
        after_hyphen = false;
        if character.is_whitespace() {
            run.finish(page, position);
            if drop_spaces && between_ideographs(glyphs, index) {
                continue;
            }
            page.text.push(if character == '\u{3000}' { character } else { ' ' });
            position += 1;
            continue;
        }
        if !run.takes(glyph) {
            run.finish(page, position);
        }
        run.add(glyph, position);
        page.text.push(character);
        position += 1;
    }
    run.finish(page, position);
    let kept = page.text.trim_end().len();
    page.text.truncate(kept);
}

fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Returns whether a character takes the width of an ideograph.
pub fn is_wide(character: char) -> bool {
    is_ideograph(character)
        || matches!(character, '\u{3001}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '\u{ac00}'..='\u{d7a3}')
}

fn between_ideographs(glyphs: &[Option<Glyph>], index: usize) -> bool {
    let wide =
        |glyph: Option<&Option<Glyph>>| glyph.and_then(Option::as_ref).is_some_and(|glyph| is_wide(glyph.character));
    index > 0 && wide(glyphs.get(index - 1)) && wide(glyphs.get(index + 1))
}

/// Returns whether most ideographs are kept apart by spaces: then the spaces mean nothing.
fn is_spaced_out(glyphs: &[Option<Glyph>]) -> bool {
    let (mut apart, mut together) = (0, 0);
    for window in glyphs.windows(3) {
        let [Some(first), Some(middle), third] = window else {
            continue;
        };
        if !is_ideograph(first.character) {
            continue;
        }
        if is_ideograph(middle.character) {
            together += 1;
        } else if middle.character == ' ' && third.as_ref().is_some_and(|third| is_ideograph(third.character)) {
            apart += 1;
        }
    }
    apart > 20 && apart > together / 2
}

/// Characters that stand evenly on one line.
#[derive(Default)]
struct Run {
    start: u32,
    chars: usize,
    wide: bool,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Run {
    fn takes(&self, glyph: &Glyph) -> bool {
        if self.chars == 0 {
            return true;
        }
        let height = (self.bottom - self.top).max(glyph.bottom - glyph.top).max(1.0);
        let same_line =
            (glyph.bottom - self.bottom).abs() < 0.5 * height && (glyph.top - self.top).abs() < 0.5 * height;
        let adjacent = glyph.left - self.right < 0.5 * height && glyph.left > self.left - 0.2 * height;
        let even = !self.wide || {
            let advance = (self.right - self.left) / self.chars as f64;
            (glyph.right - self.right - advance).abs() < 0.12 * advance
        };
        same_line && adjacent && even && self.wide == is_wide(glyph.character) && self.chars < MAX_WORD_CHARS
    }

    fn add(&mut self, glyph: &Glyph, position: u32) {
        if self.chars == 0 {
            *self = Run {
                start: position,
                chars: 0,
                wide: is_wide(glyph.character),
                left: glyph.left,
                top: glyph.top,
                right: glyph.right,
                bottom: glyph.bottom,
            };
        }
        self.chars += 1;
        self.left = self.left.min(glyph.left);
        self.top = self.top.min(glyph.top);
        self.right = self.right.max(glyph.right);
        self.bottom = self.bottom.max(glyph.bottom);
    }

    fn finish(&mut self, page: &mut PageText, position: u32) {
        if self.chars > 0 {
            let end = self.start + self.chars as u32;
            debug_assert!(end <= position, "words lie inside the text");
            // Cropped pages have text that nobody sees: it is found, but there is nothing to mark.
            let (width, height) = (f64::from(page.width), f64::from(page.height));
            if self.right > 0.0 && self.bottom > 0.0 && self.left < width && self.top < height {
                let (w, h) = (self.right - self.left, self.bottom - self.top);
                page.words.push(word(self.start, end, self.left, self.top, w, h));
            }
        }
        self.chars = 0;
    }
}

/// Makes a word with a tenth of a point of precision.
pub fn word(start: u32, end: u32, x: f64, y: f64, w: f64, h: f64) -> Word {
    let tenth = |value: f64| ((value * 10.0).round() / 10.0) as f32;
    Word { start, end, x: tenth(x), y: tenth(y), w: tenth(w), h: tenth(h) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<Option<Glyph>> {
        let glyph = |(index, character): (usize, char)| {
            let left = index as f64 * 10.0;
            Some(Glyph { character, left, top: 0.0, right: left + 10.0, bottom: 12.0 })
        };
        text.chars().enumerate().map(glyph).collect()
    }

    fn assembled(text: &str) -> PageText {
        let mut page = PageText { width: 1000.0, height: 1000.0, ..PageText::default() };
        assemble(&line(text), &mut page);
        page
    }

    #[test]
    fn words_point_at_their_characters() {
        let page = assembled("see 公司法 now");
        let words: Vec<String> = page
            .words
            .iter()
            .map(|word| page.text.chars().skip(word.start as usize).take((word.end - word.start) as usize).collect())
            .collect();
        assert_eq!(words, ["see", "公司法", "now"]);
        assert_eq!((page.words[1].x, page.words[1].w), (40.0, 30.0));
    }

    #[test]
    fn spaces_between_all_ideographs_are_dropped() {
        let spaced = "中华人民共和国档案法第六届全国人民代表大会常务委员会第二十次会议"
            .chars()
            .map(|c| format!("{c} "))
            .collect::<String>();
        assert_eq!(assembled(&spaced).text, "中华人民共和国档案法第六届全国人民代表大会常务委员会第二十次会议");
        assert_eq!(assembled("姓名 部门").text, "姓名 部门");
    }

    #[test]
    fn punctuation_noise_is_doubtful_and_a_form_is_not() {
        let quality = |text: &str| {
            let mut quality = Quality::default();
            text.chars().for_each(|character| count_quality(&mut quality, character, false, false));
            quality
        };
        assert!(quality("\"7+%-").is_doubtful());
        assert!(!quality("Name:______________ Date:__________").is_doubtful());
        assert!(!quality("第一章……………………1").is_doubtful());
    }
}
