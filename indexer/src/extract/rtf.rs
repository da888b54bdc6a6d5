//! Which words stand in rich text (RTF)?
//!
//! Pages come from LibreOffice; this text is for search and for Outlook messages, whose body may be compressed RTF.

use encoding_rs::Encoding;

use super::source::Source;
use super::{ExtractError, FileText, Guard, Result, encoding, sink::Sink};

/// Groups nested deeper than this are ignored.
const MAX_GROUPS: usize = 500;

/// Groups whose text is no part of the document.
const SILENT: [&str; 29] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "objdata",
    "themedata",
    "colorschememapping",
    "datastore",
    "latentstyles",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "generator",
    "xmlnstbl",
    "fldinst",
    "bkmkstart",
    "bkmkend",
    "filetbl",
    "revtbl",
    "mmathPr",
    "htmltag",
    "pntext",
    "panose",
    "falt",
    "atnid",
    "atnauthor",
    "sp",
];

/// Reads a rich text file.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let bytes = source.read_all()?;
    if !bytes.starts_with(b"{\\rtf") {
        return Err(ExtractError::damaged("it does not begin as RTF"));
    }
    Ok(text(&bytes, guard.limits.max_text_bytes))
}

/// Returns the text, title and author of rich text.
pub fn text(source: &[u8], limit_bytes: usize) -> FileText {
    let mut reader = Reader::new(limit_bytes);
    let mut position = 0;
    while position < source.len() && !reader.sink.is_full() {
        position = reader.step(source, position);
    }
    reader.flush();
    let (text, is_truncated) = reader.sink.finish();
    let some = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    FileText {
        text,
        is_truncated,
        title: some(reader.title.finish().0),
        author: some(reader.author.finish().0),
        ..FileText::default()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Target {
    Body,
    Title,
    Author,
    FontTable,
    Nothing,
}

#[derive(Clone, Copy)]
struct Group {
    target: Target,
    encoding: &'static Encoding,
    /// Characters to skip after `\u`, written for readers that know no Unicode.
    skip: usize,
    is_hidden: bool,
    /// What the group holds that says the same thing twice, for old readers and in Unicode.
    twofold: Target,
}

struct Reader {
    groups: Vec<Group>,
    too_deep: usize,
    /// The next control word says what the group is for, and unknown ones are to be ignored.
    is_optional: bool,
    default_encoding: &'static Encoding,
    fonts: std::collections::HashMap<i32, &'static Encoding>,
    font: i32,
    bytes: Vec<u8>,
    high_surrogate: Option<u16>,
    to_skip: usize,
    sink: Sink,
    title: Sink,
    author: Sink,
}

impl Reader {
    fn new(limit_bytes: usize) -> Self {
        let group = Group {
            target: Target::Body,
            encoding: encoding_rs::WINDOWS_1252,
            skip: 1,
            is_hidden: false,
            twofold: Target::Nothing,
        };
        Self {
            groups: vec![group],
            too_deep: 0,
            is_optional: false,
            default_encoding: encoding_rs::WINDOWS_1252,
            fonts: Default::default(),
            font: 0,
            bytes: Vec::new(),
            high_surrogate: None,
            to_skip: 0,
            sink: Sink::new(limit_bytes),
            title: Sink::new(4096),
            author: Sink::new(4096),
        }
    }

    fn group(&mut self) -> &mut Group {
        self.groups.last_mut().expect("the outermost group is never taken away")
    }

    /// Handles what stands at `position`; returns where the next thing begins.
    fn step(&mut self, source: &[u8], position: usize) -> usize {
        match source[position] {
            b'{' => {
                self.flush();
                self.to_skip = 0;
                if self.groups.len() < MAX_GROUPS {
                    let group = *self.group();
                    self.groups.push(group);
                } else {
                    self.too_deep += 1;
                }
                position + 1
            }
            b'}' => {
                self.flush();
                self.to_skip = 0;
                if self.too_deep > 0 {
                    self.too_deep -= 1;
                } else if self.groups.len() > 1 {
                    self.groups.pop();
                }
                position + 1
            }
            b'\\' => self.control(source, position + 1),
            b'\r' | b'\n' | 0 => position + 1,
            byte => {
                self.byte(byte);
                position + 1
            }
        }
    }

    fn control(&mut self, source: &[u8], position: usize) -> usize {
        let Some(first) = source.get(position) else {
            return position;
        };
        if !first.is_ascii_alphabetic() {
            return self.symbol(source, position);
        }
        let letters = source[position..].iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = std::str::from_utf8(&source[position..position + letters]).unwrap_or_default();
        let mut end = position + letters;
        let sign = usize::from(source.get(end) == Some(&b'-'));
        let digits =
            source[(end + sign).min(source.len())..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let number = if digits > 0 {
            std::str::from_utf8(&source[end..end + sign + digits]).ok().and_then(|text| text.parse::<i64>().ok())
        } else {
            None
        };
        if digits > 0 {
            end += sign + digits;
        }
        if source.get(end) == Some(&b' ') {
            end += 1;
        }
        if word == "bin" {
            return end.saturating_add(usize::try_from(number.unwrap_or(0)).unwrap_or(0)).min(source.len());
        }
        self.word(word, number);
        end
    }

    fn symbol(&mut self, source: &[u8], position: usize) -> usize {
        match source[position] {
            b'\'' => {
                let digits = source.get(position + 1..position + 3).and_then(|digits| std::str::from_utf8(digits).ok());
                if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    self.byte(byte);
                }
                return (position + 3).min(source.len());
            }
            b'*' => self.is_optional = true,
            b'~' => self.character('\u{a0}'),
            b'_' => self.character('-'),
            b'\r' | b'\n' => self.character('\n'),
            byte @ (b'\\' | b'{' | b'}') => self.byte(byte),
            _ => {}
        }
        position + 1
    }

    fn word(&mut self, word: &str, number: Option<i64>) {
        let is_optional = std::mem::take(&mut self.is_optional);
        if !matches!(word, "u") {
            self.flush();
        }
        let value = number.unwrap_or(0);
        match word {
            "u" => self.unicode(value as i32 as u16),
            "uc" => self.group().skip = usize::try_from(value).unwrap_or(1).min(16),
            "ansicpg" => {
                self.default_encoding = encoding::code_page(u32::try_from(value).unwrap_or(0));
                self.group().encoding = self.default_encoding;
            }
            "f" => {
                self.font = value as i32;
                self.group().encoding = self.fonts.get(&self.font).copied().unwrap_or(self.default_encoding);
            }
            "fcharset" => {
                if let (Some(known), font) = (charset(value), self.font) {
                    self.fonts.insert(font, known);
                }
            }
            "par" | "line" | "page" | "sect" | "row" => self.character('\n'),
            "tab" | "cell" => self.character('\t'),
            "emdash" => self.character('—'),
            "endash" => self.character('–'),
            "lquote" => self.character('‘'),
            "rquote" => self.character('’'),
            "ldblquote" => self.character('“'),
            "rdblquote" => self.character('”'),
            "bullet" => self.character('•'),
            "v" | "deleted" => self.group().is_hidden = value != 0 || number.is_none(),
            "plain" => self.group().is_hidden = false,
            "fonttbl" => self.group().target = Target::FontTable,
            "upr" => {
                let group = self.group();
                (group.twofold, group.target) = (group.target, Target::Nothing);
            }
            "ud" => self.group().target = self.group().twofold,
            "title" if self.group().target == Target::Nothing => self.group().target = Target::Title,
            "author" if self.group().target == Target::Nothing => self.group().target = Target::Author,
            "shptxt" | "footnote" | "annotation" | "shpinst" | "shprslt" if is_optional => {}
            _ if SILENT.contains(&word) => self.group().target = Target::Nothing,
            _ if is_optional => self.group().target = Target::Nothing,
            _ => {}
        }
    }

    fn unicode(&mut self, unit: u16) {
        self.flush();
        match (self.high_surrogate.take(), unit) {
            (_, 0xd800..=0xdbff) => self.high_surrogate = Some(unit),
            (Some(high), 0xdc00..=0xdfff) => {
                let decoded = char::decode_utf16([high, unit]).next().and_then(std::result::Result::ok);
                self.character(decoded.unwrap_or('\u{fffd}'));
            }
            _ => self.character(char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}')),
        }
        self.to_skip = self.group().skip;
    }

    fn byte(&mut self, byte: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else {
            self.bytes.push(byte);
        }
    }

    /// Decodes the bytes that gathered; characters of several bytes come in several escapes.
    fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let encoding = self.group().encoding;
        let text = encoding.decode_without_bom_handling(&bytes).0.into_owned();
        self.push(&text);
    }

    fn character(&mut self, character: char) {
        self.flush();
        self.push(character.encode_utf8(&mut [0; 4]));
    }

    fn push(&mut self, text: &str) {
        let Group { target, is_hidden, .. } = *self.group();
        match target {
            Target::Body if !is_hidden => self.sink.push(text),
            Target::Title => self.title.push(text),
            Target::Author => self.author.push(text),
            _ => {}
        }
    }
}

/// Returns the encoding of a font's character set; `None` for the default one.
fn charset(number: i64) -> Option<&'static Encoding> {
    let page = match number {
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        77 => 10000,
        _ => return None,
    };
    Some(encoding::code_page(page))
}

/// Unpacks compressed RTF (MS-OXRTFCP); `None` when it is damaged.
pub fn decompress(compressed: &[u8], limit_bytes: usize) -> Option<Vec<u8>> {
    const DICTIONARY: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
    let number = |at: usize| compressed.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    let size = (number(4)? as usize).min(limit_bytes);
    let body = compressed.get(16..)?;
    if &compressed[8..12] == b"MELA" {
        return Some(body[..body.len().min(size)].to_vec());
    }
    let mut window = [b' '; 4096];
    window[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
    let mut write = DICTIONARY.len();
    let mut output = Vec::new();
    let mut input = body.iter().copied();
    'tokens: while let Some(control) = input.next() {
        for bit in 0..8 {
            if output.len() >= size {
                break 'tokens;
            }
            if control >> bit & 1 == 0 {
                let Some(byte) = input.next() else {
                    break 'tokens;
                };
                output.push(byte);
                window[write] = byte;
                write = (write + 1) % 4096;
                continue;
            }
            let (Some(high), Some(low)) = (input.next(), input.next()) else {
                break 'tokens;
            };
            let reference = u16::from_be_bytes([high, low]);
            let (offset, length) = (usize::from(reference >> 4), usize::from(reference & 15) + 2);
            if offset == write {
                break 'tokens;
            }
            for step in 0..length {
                let byte = window[(offset + step) % 4096];
                output.push(byte);
                window[write] = byte;
                write = (write + 1) % 4096;
            }
        }
    }
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &[u8]) -> String {
        text(source, 10_000).text
    }

    #[test]
    fn unicode_and_code_page_escapes_are_read() {
        assert_eq!(shown(br"{\rtf1\ansi\ansicpg936 \'d6\'d0\'ce\'c4 \u20013?\u25991 ?a\par b}"), "中文 中文a\nb");
        assert_eq!(shown(br"{\rtf1{\fonttbl{\f1\fcharset128 MS;}}\f1\'83\'65\'83\'58}"), "テス");
        assert_eq!(shown(br"{\rtf1\uc1\u-10180 ?\u-8448 ?}"), "\u{1f300}");
    }

    #[test]
    fn tables_of_fonts_fields_and_unknown_groups_are_left_out() {
        assert_eq!(shown(br"{\rtf1{\fonttbl{\f0 Arial;}}{\info{\title T}}{\*\unknown x}{\field{\*\fldinst PAGE}{\fldrslt 7}}{\v hidden}\{a\}}"), "7{a}");
    }

    #[test]
    fn damaged_rich_text_does_no_harm() {
        let deep = [b"{".repeat(100_000), b"x".to_vec()].concat();
        for source in [
            &b"{\\rtf1\\'"[..],
            b"{\\rtf1\\'z",
            b"\\bin999999999999 x",
            b"}}}}x",
            b"\\",
            b"\\u",
            b"\\u99999999999",
            &deep,
        ] {
            shown(source);
        }
    }

    #[test]
    fn compressed_rich_text_is_unpacked() {
        // The example of MS-OXRTFCP 3.1.1.
        let compressed = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72,
            0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62,
            0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        assert_eq!(decompress(&compressed, 1000).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(decompress(&[0; 10], 1000), None);
    }
}
