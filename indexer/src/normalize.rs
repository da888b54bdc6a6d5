//! When are two texts the same for a searcher?
//!
//! Both the indexed text and the query pass through here: NFKC, lower case, traditional → simplified, one form for
//! brackets, quotes and dashes, no invisible characters, white space only where it separates Latin words. The mapping
//! back to the original text is kept, so that marks can be shown on what the author wrote.
//!
//! Every rule looks at one character and its direct neighbours, so the normal form of a part of a text is the same
//! part of its normal form. Exact substring search rests on that.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// A normalised text whose characters know where they came from.
#[derive(Debug, Clone, Default)]
pub struct Normalized {
    /// The normal form, one entry per character.
    pub chars: Vec<char>,
    /// For each character, the bytes of the original text it was made from.
    sources: Vec<Range<u32>>,
}

impl Normalized {
    /// Normalises `text`.
    pub fn new(text: &str) -> Self {
        let mut normalized = Normalized::default();
        walk(text, |char, source| {
            normalized.chars.push(char);
            normalized.sources.push(source.start as u32..source.end as u32);
        });
        normalized
    }

    /// Returns the bytes of the original text behind the normalised characters `range`.
    pub fn bytes(&self, range: Range<usize>) -> Range<usize> {
        if range.is_empty() {
            let at = self.sources.get(range.start).map_or(0, |source| source.start as usize);
            return at..at;
        }
        self.sources[range.start].start as usize..self.sources[range.end - 1].end as usize
    }

    /// Returns where `needle` (already normalised) begins, without overlaps.
    pub fn find_all(&self, needle: &[char]) -> Vec<usize> {
        let mut found = Vec::new();
        let mut from = 0;
        while !needle.is_empty() && from + needle.len() <= self.chars.len() {
            if self.chars[from..].starts_with(needle) {
                found.push(from);
                from += needle.len();
            } else {
                from += 1;
            }
        }
        found
    }
}

/// Returns the normal form of `text`.
pub fn normalize(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    walk(text, |char, _| normal.push(char));
    normal
}

/// Returns where `needle` stands in `text`, as ranges of original character offsets: what a viewer marks.
pub fn find_all(text: &str, needle: &str) -> Vec<(u32, u32)> {
    let needle: Vec<char> = normalize(needle).chars().collect();
    let normalized = Normalized::new(text);
    let mut offsets = CharOffsets::new(text);
    let found = normalized.find_all(&needle).into_iter();
    found
        .map(|start| {
            let bytes = normalized.bytes(start..start + needle.len());
            (offsets.at(bytes.start), offsets.at(bytes.end))
        })
        .collect()
}

/// Turns ascending byte offsets into character offsets in one pass.
pub struct CharOffsets<'a> {
    text: &'a str,
    byte: usize,
    char: u32,
}

impl<'a> CharOffsets<'a> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'a str) -> Self {
        CharOffsets { text, byte: 0, char: 0 }
    }

    /// Returns the character offset of `byte`; going back starts over.
    pub fn at(&mut self, byte: usize) -> u32 {
        if byte < self.byte {
            (self.byte, self.char) = (0, 0);
        }
        self.char += self.text[self.byte..byte].chars().count() as u32;
        self.byte = byte;
        self.char
    }
}

/// Calls `sink` with every character of the normal form of `text` and the bytes of `text` it stands for.
pub fn walk(text: &str, sink: impl FnMut(char, Range<usize>)) {
    let mut output = Output { sink, last: None, space: None };
    let mut rest = text.char_indices().peekable();
    while let Some((start, char)) = rest.next() {
        let combines = rest.peek().is_some_and(|&(_, next)| joins_previous(next));
        if !combines && let Some(simple) = simple_form(char) {
            output.push(simple, start..start + char.len_utf8());
            continue;
        }
        let mut end = start + char.len_utf8();
        while let Some(&(at, next)) = rest.peek()
            && joins_previous(next)
        {
            end = at + next.len_utf8();
            rest.next();
        }
        for part in text[start..end].nfkc() {
            for lower in part.to_lowercase() {
                output.push(fold(lower), start..end);
            }
        }
    }
}

struct Output<F> {
    sink: F,
    last: Option<char>,
    space: Option<Range<usize>>,
}

impl<F: FnMut(char, Range<usize>)> Output<F> {
    fn push(&mut self, char: char, source: Range<usize>) {
        if is_ignorable(char) {
            return;
        }
        if char.is_whitespace() || char.is_control() {
            let start = self.space.as_ref().map_or(source.start, |space| space.start);
            self.space = Some(start..source.end);
            return;
        }
        if let Some(space) = self.space.take()
            && self.last.is_some_and(is_latin)
            && is_latin(char)
        {
            (self.sink)(' ', space);
        }
        (self.sink)(char, source);
        self.last = Some(char);
    }
}

/// Returns the normal form of characters that need no decomposition: nearly all of a Chinese or English text.
fn simple_form(char: char) -> Option<char> {
    match char {
        '\0'..='\u{7f}' => Some(fold(char.to_ascii_lowercase())),
        '\u{4e00}'..='\u{9fff}' => Some(simplify(char)),
        '\u{3001}' | '\u{3002}' => Some(char),
        _ => None,
    }
}

fn fold(char: char) -> char {
    match char {
        '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}' => simplify(char),
        '[' | '{' | '〔' | '【' | '〖' | '〘' | '〚' | '⟦' | '⟨' | '❲' => '(',
        ']' | '}' | '〕' | '】' | '〗' | '〙' | '〛' | '⟧' | '⟩' | '❳' => ')',
        '“' | '”' | '„' | '‟' | '「' | '」' | '『' | '』' | '〝' | '〞' | '〟' => '"',
        '‘' | '’' | '‚' | '‛' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '・' | '‧' | '•' | '∙' | '⋅' => '·',
        '\u{2e80}'..='\u{2eff}' => radical(char),
        _ => char,
    }
}

/// Returns the character behind the radical forms that PDF files use for it and NFKC leaves alone.
fn radical(char: char) -> char {
    const PAIRS: &str = "⺠民⻁虎⻄西⻅见⻆角⻉贝⻋车⻓长⻔门⻘青⻙韦⻚页⻛风⻜飞⻝食⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻬齐⻮齿⻰龙⻳龟⻊足⺟母⻒镸⻑长⻫齐⻯龙⻲龟";
    let mut pairs = PAIRS.chars();
    while let (Some(form), Some(whole)) = (pairs.next(), pairs.next()) {
        if form == char {
            return whole;
        }
    }
    char
}

/// Says whether `char` belongs to the character before it (accents, voicing marks, Hangul vowels).
fn joins_previous(char: char) -> bool {
    match char {
        '\0'..='\u{2ff}' | '\u{3000}'..='\u{3029}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ff9d}' => false,
        '\u{1160}'..='\u{11ff}' => true,
        // Half-width voicing marks become combining ones.
        '\u{ff9e}' | '\u{ff9f}' => true,
        _ => canonical_combining_class(char) != 0,
    }
}

/// Says whether `char` has no visible form of its own: zero width, bidi controls, soft hyphen, variation selectors.
fn is_ignorable(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e01ef}')
}

/// Says whether `char` is written without spaces between words: Han, kana, bopomofo.
pub fn is_cjk(char: char) -> bool {
    matches!(char, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3040}'..='\u{312f}'
        | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Says whether `char` is part of a word of a script that separates words by spaces.
pub fn is_latin(char: char) -> bool {
    if char.is_ascii() { char.is_ascii_alphanumeric() } else { !is_cjk(char) && char.is_alphanumeric() }
}

const TABLE_START: u32 = 0x3400;
const TABLE_END: u32 = 0xa000;

struct Simplified {
    /// U+3400 to U+9FFF by code point.
    table: Vec<char>,
    rare: HashMap<char, char>,
}

static SIMPLIFIED: LazyLock<Simplified> = LazyLock::new(|| {
    let opencc = OpenCC::from_config(BuiltinConfig::T2s).expect("the dictionary is part of the program");
    let one = |from: char| {
        let converted = opencc.convert(from.encode_utf8(&mut [0; 4]));
        let mut chars = converted.chars();
        match (chars.next(), chars.next()) {
            (Some(to), None) => to,
            _ => from,
        }
    };
    // Followed to its end, so that normalising twice changes nothing.
    let last = |from: char| {
        let mut to = from;
        for _ in 0..4 {
            let next = one(to);
            if next == to || next == from {
                break;
            }
            to = next;
        }
        to
    };
    let table = (TABLE_START..TABLE_END).map(|code| char::from_u32(code).map_or('\u{fffd}', last)).collect();
    let rare = (0x20000..0x323b0).filter_map(char::from_u32).map(|from| (from, last(from)));
    Simplified { table, rare: rare.filter(|(from, to)| from != to).collect() }
});

fn simplify(char: char) -> char {
    let code = char as u32;
    if (TABLE_START..TABLE_END).contains(&code) {
        return SIMPLIFIED.table[(code - TABLE_START) as usize];
    }
    SIMPLIFIED.rare.get(&char).copied().unwrap_or(char)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn variants_of_one_text_become_equal() {
        for (left, right) in [
            ("國務院關於資訊公開", "国务院关于资讯公开"),
            ("国发〔2023〕12号", "国发[2023]12號"),
            ("国发（２０２３）１２号", "国发【2023】12号"),
            ("协 同\n办\u{200b}公", "协同办公"),
            ("第 1 条", "第1条"),
            ("Hello,\n  World", "hello,world"),
            ("cloud \t storage", "CLOUD storage"),
            ("ｱﾊﾟｰﾄ", "アパート"),
            ("e\u{301}te\u{301}", "ÉTÉ"),
            ("GB/T 33190—2016", "gb/t 33190-2016"),
            ("“三个代表”", "「三個代表」"),
            ("⻓城", "长城"),
            ("a\u{202e}b\u{feff}c", "abc"),
        ] {
            assert_eq!(normalize(left), normalize(right), "{left} / {right}");
        }
        assert_ne!(normalize("cloud storage"), normalize("cloudstorage"));
    }

    #[test]
    fn marks_point_into_the_original() {
        assert_eq!(find_all("關於 資 訊公開的㈱", "资讯"), vec![(3, 6)]);
        assert_eq!(find_all("關於資訊公開的㈱", "(株)"), vec![(7, 8)]);
        assert_eq!(find_all("aaaa", "aa"), vec![(0, 2), (2, 4)]);
        assert_eq!(find_all("Cafe\u{301} x", "CAFÉ"), vec![(0, 5)]);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "[ -~\u{a0}-\u{a7}\u{e0}-\u{ff}α-ω\u{4e00}-\u{9fa5}\u{3400}-\u{4db5}\u{f900}-\u{fa6d}\u{ff01}-\u{ff5e}「」〔〕。、ァ-ン①-⑳\n]{0,60}") {
            let once = normalize(&text);
            prop_assert_eq!(normalize(&once), once);
        }

        #[test]
        fn a_part_of_a_text_is_found_in_it(text in "[a-c 国國，。（\u{200b}\n1２]{0,40}", from in 0usize..40, len in 1usize..10) {
            let part: String = text.chars().skip(from).take(len).collect();
            prop_assert!(normalize(&text).contains(&normalize(&part)));
        }

        #[test]
        fn sources_are_valid_slices(text in any::<String>()) {
            let normalized = Normalized::new(&text);
            for at in 0..normalized.chars.len() {
                prop_assert!(text.get(normalized.bytes(at..at + 1)).is_some());
            }
        }
    }
}
