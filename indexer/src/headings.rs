//! Which lines of a document are its headings?
//!
//! A match in a heading says more than one in the body. Formats that mark headings tell them (Markdown, HTML, styles of office
//! documents, pages of this service); of a PDF they are the short lines that stand out by their height and the numbered ones
//! ([`of_pages`]). Either way they are kept as written, each once, within bounds: [`Headings`].

use std::collections::HashMap;

use crate::text::PageText;

/// Headings of one document that are kept.
pub const MAX_HEADINGS: usize = 200;
/// Characters of one heading that are kept.
pub const MAX_CHARS: usize = 100;

/// Headings in the order of the document, each once.
#[derive(Debug, Default)]
pub struct Headings {
    kept: Vec<String>,
}

impl Headings {
    /// Adds a heading; white space becomes single spaces. One without a letter or digit, a repeated one, and one beyond
    /// the bounds are left out.
    pub fn push(&mut self, text: &str) {
        if self.kept.len() >= MAX_HEADINGS {
            return;
        }
        let mut heading = String::new();
        for word in text.split_whitespace() {
            if !heading.is_empty() {
                heading.push(' ');
            }
            heading.extend(word.chars().filter(|character| !character.is_control()));
            if heading.len() > MAX_CHARS * 4 {
                break;
            }
        }
        let end = heading.char_indices().nth(MAX_CHARS).map_or(heading.len(), |(at, _)| at);
        heading.truncate(end);
        if heading.chars().any(char::is_alphanumeric) && !self.kept.contains(&heading) {
            self.kept.push(heading);
        }
    }

    /// Returns them.
    pub fn into_vec(self) -> Vec<String> {
        self.kept
    }
}

/// How much higher than the body a line must be to stand out.
const STANDS_OUT: f32 = 1.18;
/// Characters of a line that stands out; more is a paragraph in large type.
const MAX_TALL_CHARS: usize = 60;
/// Characters of a numbered line that is as high as the body.
const MAX_NUMBERED_CHARS: usize = 36;
/// Pages on which the same line is a running title.
const MANY_PAGES: usize = 3;

/// A line of a page with its place.
struct Line {
    text: String,
    top: f32,
    bottom: f32,
    /// Of its words, in points.
    height: f32,
}

/// Finds the headings of pages by the height of their lines and by their numbers.
pub fn of_pages(pages: &[PageText]) -> Vec<String> {
    let lines: Vec<Vec<Line>> = pages.iter().map(lines).collect();
    let body = body_height(&lines);
    let mut on_pages: HashMap<String, usize> = HashMap::new();
    for page in &lines {
        let mut told: Vec<String> = page.iter().map(|line| without_numbers(&line.text)).collect();
        told.sort_unstable();
        told.dedup();
        told.into_iter().for_each(|line| *on_pages.entry(line).or_default() += 1);
    }
    let is_running = |line: &Line| {
        pages.len() > MANY_PAGES && on_pages.get(&without_numbers(&line.text)).is_some_and(|count| *count >= MANY_PAGES)
    };
    let mut headings = Headings::default();
    for page in &lines {
        let mut index = 0;
        while let Some(line) = page.get(index) {
            index += 1;
            let numbered = is_numbered(&line.text);
            if !numbered && (!is_tall(line, body) || is_running(line)) {
                continue;
            }
            let mut text = line.text.clone();
            if is_tall(line, body) {
                // A long title takes several lines of one height.
                let mut last = line;
                while let Some(next) = page.get(index).filter(|next| continues(last, next, body)) {
                    join(&mut text, &next.text);
                    last = next;
                    index += 1;
                }
            }
            headings.push(&text);
        }
    }
    headings.into_vec()
}

/// Splits a page into lines that have a place.
fn lines(page: &PageText) -> Vec<Line> {
    let (mut lines, mut start, mut next) = (Vec::new(), 0u32, 0usize);
    for text in page.text.split('\n') {
        let end = start + text.chars().count() as u32;
        let (mut heights, mut top, mut bottom) = (Vec::new(), f32::MAX, f32::MIN);
        // Words stand in the order of the text.
        while let Some(word) = page.words.get(next).filter(|word| word.start < end) {
            if word.start >= start {
                // Upright: a word that is turned by a quarter says nothing about its line.
                heights.push(word.h);
                (top, bottom) = (top.min(word.y), bottom.max(word.y + word.h));
            }
            next += 1;
        }
        heights.sort_by(f32::total_cmp);
        if let Some(height) = heights.get(heights.len() / 2) {
            lines.push(Line { text: text.trim().to_owned(), top, bottom, height: *height });
        }
        start = end + 1;
    }
    lines
}

/// Returns the height that most characters have.
fn body_height(pages: &[Vec<Line>]) -> f32 {
    let mut heights: Vec<(f32, usize)> =
        pages.iter().flatten().map(|line| (line.height, line.text.chars().count())).collect();
    heights.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: usize = heights.iter().map(|(_, count)| count).sum();
    let mut passed = 0;
    let middle = heights.iter().find(|(_, count)| {
        passed += count;
        passed * 2 >= all
    });
    middle.map_or(f32::MAX, |(height, _)| *height)
}

fn is_tall(line: &Line, body: f32) -> bool {
    let count = line.text.chars().count();
    let letters = line.text.chars().filter(|character| character.is_alphabetic()).count();
    line.height >= body * STANDS_OUT
        && (2..=MAX_TALL_CHARS).contains(&count)
        && letters >= 2
        && letters * 2 > count
        && !ends_a_sentence(&line.text)
}

fn continues(line: &Line, next: &Line, body: f32) -> bool {
    is_tall(next, body)
        && !is_numbered(&next.text)
        && (next.height - line.height).abs() < 0.08 * line.height
        && (-0.5 * line.height..1.2 * line.height).contains(&(next.top - line.bottom))
}

fn join(text: &mut String, more: &str) {
    let is_latin = |character: Option<char>| character.is_some_and(|character| character.is_ascii_alphanumeric());
    if is_latin(text.chars().next_back()) || is_latin(more.chars().next()) {
        text.push(' ');
    }
    text.push_str(more);
}

fn ends_a_sentence(text: &str) -> bool {
    text.ends_with(['。', '；', '，', '、', ';', ',', '!', '！']) || (text.ends_with('.') && text.contains(' '))
}

/// Tells whether a line begins like 第三章 总则, 一、总体要求 or 附件1, and is no entry of a table of contents.
pub fn is_numbered(text: &str) -> bool {
    let count = text.chars().count();
    if count > MAX_NUMBERED_CHARS || ends_a_sentence(text) || text.contains("……") || text.contains("....") {
        return false;
    }
    if let Some(rest) = text.strip_prefix('第') {
        let rest = rest.trim_start_matches(|character: char| is_number(character) || character == ' ');
        let mut after = rest.chars();
        // 条 begins a paragraph, not a heading.
        return rest.len() + 3 < text.len()
            && matches!(after.next(), Some('编' | '編' | '章' | '节' | '節' | '篇'))
            && after.next().is_none_or(|character| character.is_whitespace() || is_ideograph(character));
    }
    let rest = text.trim_start_matches(is_chinese_number);
    rest.len() < text.len() && rest.starts_with('、') && (3..=26).contains(&count) && !text.contains(['，', '。', '：'])
}

fn is_number(character: char) -> bool {
    character.is_ascii_digit() || ('０'..='９').contains(&character) || is_chinese_number(character)
}

fn is_chinese_number(character: char) -> bool {
    "一二三四五六七八九十百零〇".contains(character)
}

fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}')
}

fn without_numbers(text: &str) -> String {
    text.chars().filter(|character| !character.is_numeric() && !character.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Word;

    fn page(lines: &[(&str, f32)]) -> PageText {
        let mut page = PageText { width: 595.0, height: 842.0, ..PageText::default() };
        let (mut position, mut y) = (0, 50.0);
        for (text, h) in lines {
            let count = text.chars().count() as u32;
            page.words.push(Word { start: position, end: position + count, x: 50.0, y, w: 300.0, h: *h });
            page.text.push_str(text);
            page.text.push('\n');
            position += count + 1;
            y += h * 1.5;
        }
        page
    }

    #[test]
    fn headings_are_bounded_and_each_once() {
        let mut headings = Headings::default();
        headings.push("  总 则\n第一节 ");
        headings.push("总 则 第一节");
        headings.push("……");
        headings.push(&"长".repeat(500));
        (0..1000).for_each(|number| headings.push(&format!("第{number}章")));
        let headings = headings.into_vec();
        assert_eq!(headings[0], "总 则 第一节");
        assert_eq!(headings[1].chars().count(), MAX_CHARS);
        assert_eq!(headings.len(), MAX_HEADINGS);
    }

    #[test]
    fn tall_and_numbered_lines_of_pages_are_headings() {
        let body = "为了规范招标投标活动，保护国家利益、社会公共利益和招标投标活动当事人的合法权益";
        let pages = [
            page(&[
                ("国务院关于进一步加强安全生产", 22.0),
                ("工作的通知", 22.0),
                (body, 12.0),
                ("第一章 总则", 12.0),
                ("第一条 为了规范", 12.0),
                (body, 12.0),
                ("一、总体要求", 12.0),
                ("第二章 招标……………12", 12.0),
                (body, 12.0),
            ]),
            page(&[(body, 12.0), ("附录 A Terms", 16.0), (body, 12.0)]),
        ];
        assert_eq!(
            of_pages(&pages),
            ["国务院关于进一步加强安全生产工作的通知", "第一章 总则", "一、总体要求", "附录 A Terms"]
        );
    }

    #[test]
    fn running_titles_are_none() {
        let body = "为了规范招标投标活动，保护国家利益、社会公共利益和招标投标活动当事人的合法权益";
        let pages: Vec<PageText> = (0..6)
            .map(|number| {
                page(&[
                    ("年度报告 第1页", 20.0),
                    (body, 12.0),
                    (&format!("专题{}论", ["甲", "乙", "丙", "丁", "戊", "己"][number]), 20.0),
                    (body, 12.0),
                ])
            })
            .collect();
        assert_eq!(of_pages(&pages), ["专题甲论", "专题乙论", "专题丙论", "专题丁论", "专题戊论", "专题己论"]);
    }
}
