//! Which characters do these bytes stand for?
//!
//! The order of trust: a byte order mark, UTF-16 by its pattern, valid UTF-8, ISO-2022-JP by its escapes, the encoding that
//! the file declares (when it fits), then detection. Chinese files without any mark of their encoding are the common case
//! here, so bytes that are sound GB2312 with everyday characters are taken as Chinese before Western guesses.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, Encoding, GB18030, GBK, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes that are looked at to detect an encoding.
const SAMPLE_BYTES: usize = 1 << 20;

/// Decoded text and what it was decoded from.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text; bytes that mean nothing are U+FFFD. Control characters are still there.
    pub text: String,
    /// WHATWG name of the encoding.
    pub encoding: &'static str,
}

/// Decodes `bytes`; `declared` is the encoding that the file or its carrier names.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> Decoded {
    if let Some(text) = decode_utf32(bytes) {
        return Decoded { text, encoding: "UTF-32" };
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return whole(&bytes[mark..], encoding);
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return whole(bytes, encoding);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !has_iso_2022_jp_escape(bytes)
    {
        return Decoded { text: text.to_owned(), encoding: UTF_8.name() };
    }
    if has_iso_2022_jp_escape(bytes) && bytes.is_ascii() {
        return whole(bytes, ISO_2022_JP);
    }
    if let Some(encoding) = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()))
        && fits(bytes, encoding)
    {
        return whole(bytes, encoding);
    }
    if is_mostly_utf8(bytes) {
        return whole(bytes, UTF_8);
    }
    by_line(bytes, guess(bytes))
}

/// Returns the likely encoding of bytes that are not UTF-8 and have no mark.
pub fn guess(bytes: &[u8]) -> &'static Encoding {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let is_cjk =
        [GBK, GB18030, BIG5, encoding_rs::SHIFT_JIS, encoding_rs::EUC_JP, encoding_rs::EUC_KR].contains(&guess);
    match guess {
        // GB18030 is GBK and more: what GBK lacks would be lost for nothing.
        _ if guess == GBK => GB18030,
        _ if !is_cjk && is_everyday_chinese(sample) => GB18030,
        _ => guess,
    }
}

fn whole(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    let encoding = if encoding == GBK { GB18030 } else { encoding };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), encoding: encoding.name() }
}

/// Decodes line by line: lines that are plainly UTF-8 stay UTF-8 in a file whose other lines are in `encoding`.
fn by_line(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    let is_mixable = encoding.is_ascii_compatible();
    if !is_mixable || !bytes.split(|byte| *byte == b'\n').any(is_utf8_line) {
        return whole(bytes, encoding);
    }
    let other: Vec<u8> =
        bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_utf8_line(line)).flatten().copied().collect();
    let encoding = guess(&other);
    let mut text = String::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line_encoding = if is_utf8_line(line) { UTF_8 } else { encoding };
        text.push_str(&line_encoding.decode_without_bom_handling(line).0);
    }
    Decoded { text, encoding: encoding.name() }
}

/// Tells whether a line is valid UTF-8 with so many multi-byte characters that it cannot be chance.
fn is_utf8_line(line: &[u8]) -> bool {
    let high = line.iter().filter(|byte| **byte >= 0x80).count();
    high >= 6 && std::str::from_utf8(line).is_ok()
}

/// Tells whether bytes are UTF-8 but for a cut at the end or a few damaged places.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let (mut sound, mut broken) = (0usize, 0usize);
    for chunk in sample.utf8_chunks() {
        sound += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    sound > 20 * broken
}

fn fits(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let (text, _) = encoding.decode_without_bom_handling(sample);
    let broken = text.chars().filter(|character| *character == '\u{fffd}').count();
    broken * 50 <= text.chars().count().min(sample.len())
        && (encoding != UTF_8 || broken == 0 || is_mostly_utf8(sample))
}

/// Tells whether bytes are sound GB2312 whose ideographs are mostly of the first, everyday level.
fn is_everyday_chinese(bytes: &[u8]) -> bool {
    let (mut everyday, mut rare, mut index) = (0usize, 0usize, 0);
    while index < bytes.len() {
        let lead = bytes[index];
        index += 1;
        if lead < 0x80 {
            continue;
        }
        let Some(trail) = bytes.get(index) else { break };
        if !(0xa1..=0xfe).contains(trail) {
            return false;
        }
        match lead {
            0xb0..=0xd7 => everyday += 1,
            0xd8..=0xf7 => rare += 1,
            0xa1..=0xa9 => {}
            _ => return false,
        }
        index += 1;
    }
    everyday >= 2 && everyday >= 4 * rare
}

fn has_iso_2022_jp_escape(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    sample.windows(3).any(|window| matches!(window, [0x1b, b'$', b'B' | b'@'] | [0x1b, b'(', b'I']))
}

fn decode_utf32(bytes: &[u8]) -> Option<String> {
    let read: fn([u8; 4]) -> u32 = match bytes.get(..4)? {
        [0xff, 0xfe, 0, 0] => u32::from_le_bytes,
        [0, 0, 0xfe, 0xff] => u32::from_be_bytes,
        _ => return None,
    };
    let units = bytes[4..].chunks(4).map(|unit| <[u8; 4]>::try_from(unit).ok().map(read));
    Some(units.map(|unit| unit.and_then(char::from_u32).unwrap_or('\u{fffd}')).collect())
}

/// Recognises UTF-16 without a byte order mark: every unit means something, and some are characters that only UTF-16
/// writes with these bytes (ASCII with a zero byte, or Chinese punctuation).
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES) & !1];
    if sample.len() < 4
        || !bytes.len().is_multiple_of(2)
        || (std::str::from_utf8(sample).is_ok() && !sample.contains(&0))
    {
        return None;
    }
    let little = utf16_score(sample, u16::from_le_bytes);
    let big = utf16_score(sample, u16::from_be_bytes);
    match (little, big) {
        (Some(little), big) if big.is_none_or(|big| little > big) => Some(UTF_16LE),
        (_, Some(_)) => Some(UTF_16BE),
        _ => None,
    }
}

fn utf16_score(sample: &[u8], read: fn([u8; 2]) -> u16) -> Option<usize> {
    let (mut typical, mut plausible, mut units) = (0usize, 0usize, 0usize);
    let most_units = sample.len() / 2;
    for decoded in char::decode_utf16(sample.chunks_exact(2).map(|pair| read([pair[0], pair[1]]))) {
        units += 1;
        match decoded.unwrap_or('\0') {
            '\0' => {}
            '\t' | '\n' | '\r' | ' '..='~' | '\u{3000}'..='\u{3002}' | '\u{ff01}'..='\u{ff5e}' => typical += 1,
            '\u{a0}'..='\u{52f}' | '\u{2010}'..='\u{2030}' | '\u{3003}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' => {
                plausible += 1
            }
            _ => {}
        }
        // Bytes that are not text are found out after a few: the rest could not make up for it.
        if (units - typical - plausible) * 20 > most_units {
            return None;
        }
    }
    let is_sound = (typical + plausible) * 20 >= units * 19 && typical * 100 >= units && typical > 0;
    is_sound.then_some(typical * 2 + plausible)
}

/// Tells whether bytes read like text in some encoding, judged by control characters and by what does not decode.
pub fn looks_like_text(head: &[u8], is_cut: bool) -> bool {
    if Encoding::for_bom(head).is_some()
        || decode_utf32(head).is_some()
        || utf16_without_mark(&head[..head.len() & !1]).is_some()
    {
        return true;
    }
    let is_utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => is_cut && error.error_len().is_none(),
    };
    // Most that is no text has a NUL soon.
    if !is_utf8 && head.contains(&0) {
        return false;
    }
    let is_control = |byte: &&u8| **byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    let controls = head.iter().filter(is_control).count();
    if is_utf8 {
        let nul = head.iter().filter(|byte| **byte == 0).count();
        return nul * 20 <= head.len() && controls * 5 <= head.len();
    }
    if controls * 200 > head.len() {
        return false;
    }
    is_mostly_utf8(head) || decodes_soundly(head)
}

fn decodes_soundly(head: &[u8]) -> bool {
    let text: Cow<str> = Cow::Owned(by_line(head, guess(head)).text);
    let total = text.chars().count();
    let strange = text
        .chars()
        .filter(|character| matches!(character, '\u{80}'..='\u{9f}' | '\u{fffd}' | '\u{e000}'..='\u{f8ff}'))
        .count();
    // The last character may have been cut in two by the limit of the head.
    strange <= 1 + total / 50
}

/// Returns the encoding of a Windows or Macintosh code page number.
pub fn code_page(number: u32) -> &'static Encoding {
    match number {
        936 | 20936 => GB18030,
        65001 => UTF_8,
        950 => BIG5,
        932 | 10001 => encoding_rs::SHIFT_JIS,
        949 | 51949 => encoding_rs::EUC_KR,
        51932 | 20932 => encoding_rs::EUC_JP,
        52936 | 54936 => GB18030,
        50220..=50222 => ISO_2022_JP,
        874 => encoding_rs::WINDOWS_874,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        10000 => encoding_rs::MACINTOSH,
        20866 => encoding_rs::KOI8_R,
        28592 => encoding_rs::ISO_8859_2,
        28595 => encoding_rs::ISO_8859_5,
        _ => WINDOWS_1252,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMPLIFIED: &str =
        "为了规范数据处理活动，保障数据安全，促进数据开发利用，制定本法。\n第一条 国家对作品的出版";
    const TRADITIONAL: &str =
        "香港特別行政區的行政機關、立法機關和司法機關，除使用中文外，還可使用英文。\n第一百零四條";
    const JAPANESE: &str = "これは日本語のテストです。カタカナとひらがなと漢字、すべて読めますか。";

    fn decoded(bytes: &[u8]) -> String {
        decode(bytes, None).text
    }

    fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn chinese_and_japanese_without_marks_are_detected() {
        for (encoding, text) in [
            (GBK, SIMPLIFIED),
            (GB18030, "娱乐性游钓和在尚未养殖的滩涂捡拾鱼䑩"),
            (BIG5, TRADITIONAL),
            (encoding_rs::SHIFT_JIS, JAPANESE),
            (encoding_rs::EUC_JP, JAPANESE),
            (ISO_2022_JP, JAPANESE),
        ] {
            let (bytes, _, lossy) = encoding.encode(text);
            assert!(!lossy, "{}", encoding.name());
            assert_eq!(decoded(&bytes), text, "{}", encoding.name());
        }
    }

    #[test]
    fn short_gbk_words_are_chinese() {
        for word in ["合同", "序号,名称,金额", "付款通知书编号"] {
            assert_eq!(decoded(&GBK.encode(word).0), word);
        }
    }

    #[test]
    fn utf16_is_recognised_with_and_without_marks() {
        for text in [SIMPLIFIED, "Stanley Cups,Team,Location\n", "第一章　总则，一、二。"] {
            for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                assert_eq!(decoded(&utf16(text, to_bytes)), text);
                assert_eq!(decoded(&utf16(&format!("\u{feff}{text}"), to_bytes)), text);
            }
        }
    }

    #[test]
    fn marks_of_utf8_and_utf32_are_no_text() {
        assert_eq!(decoded("\u{feff}文".as_bytes()), "文");
        assert_eq!(decoded(&[0xff, 0xfe, 0, 0, 0x87, 0x65, 0, 0]), "文");
    }

    #[test]
    fn a_file_of_two_encodings_is_read_line_by_line() {
        let mut bytes = GBK.encode("第一行是国标编码\r\n").0.into_owned();
        bytes.extend_from_slice("第二行是统一码\r\n".as_bytes());
        assert_eq!(decoded(&bytes), "第一行是国标编码\r\n第二行是统一码\r\n");
    }

    #[test]
    fn a_damaged_byte_in_utf8_becomes_one_replacement() {
        let mut bytes = SIMPLIFIED.as_bytes().to_vec();
        bytes.insert(6, 0xff);
        assert_eq!(decoded(&bytes), SIMPLIFIED.replacen("规", "\u{fffd}规", 1));
    }

    #[test]
    fn a_declared_encoding_counts_only_when_it_fits() {
        let bytes = GBK.encode(SIMPLIFIED).0;
        assert_eq!(decode(&bytes, Some("gb2312")).text, SIMPLIFIED);
        assert_eq!(decode(&bytes, Some("utf-8")).text, SIMPLIFIED);
        assert_eq!(decode(SIMPLIFIED.as_bytes(), Some("gb2312")).text, SIMPLIFIED);
    }

    #[test]
    fn western_text_stays_western() {
        let bytes = WINDOWS_1252.encode("Müller aß in Köln ein Stück Käsekuchen für 3 €").0;
        assert_eq!(decoded(&bytes), "Müller aß in Köln ein Stück Käsekuchen für 3 €");
    }

    #[test]
    fn text_and_binary_are_told_apart() {
        assert!(looks_like_text(SIMPLIFIED.as_bytes(), false));
        assert!(looks_like_text(&SIMPLIFIED.as_bytes()[..10], true));
        assert!(looks_like_text(&GBK.encode(SIMPLIFIED).0, false));
        assert!(looks_like_text(&utf16(SIMPLIFIED, u16::to_le_bytes), false));
        let noise: Vec<u8> = (0u32..4096).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(!looks_like_text(&noise, false));
    }
}
