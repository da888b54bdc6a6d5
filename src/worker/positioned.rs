//! How are pages shown of which only the text and its places are known?
//!
//! As a flat OpenDocument drawing: one frame for each run of text at its place, converted like any other document. Lines,
//! seals and pictures of such files (OFD) are not drawn; what is written stands where it belongs.

use std::fmt::Write;

use indexer::text::{PageText, Word};

/// Frames on one page; more is not a page of text.
const MAX_RUNS: usize = 20_000;

/// Makes a flat OpenDocument drawing of pages. `None` when no page has places.
pub fn drawing(pages: &[PageText]) -> Option<String> {
    if pages.iter().all(|page| page.words.is_empty()) {
        return None;
    }
    let (mut layouts, mut masters, mut body) = (String::new(), String::new(), String::new());
    let mut sizes = std::collections::BTreeSet::new();
    for (number, page) in pages.iter().enumerate() {
        let (width, height) = (page.width.clamp(10.0, 8000.0), page.height.clamp(10.0, 8000.0));
        let _ = write!(
            layouts,
            "<style:page-layout style:name=\"L{number}\"><style:page-layout-properties fo:page-width=\"{width}pt\" \
             fo:page-height=\"{height}pt\" fo:margin=\"0pt\"/></style:page-layout>"
        );
        let _ = write!(masters, "<style:master-page style:name=\"M{number}\" style:page-layout-name=\"L{number}\"/>");
        let _ = write!(body, "<draw:page draw:name=\"p{number}\" draw:master-page-name=\"M{number}\">");
        for run in runs(page).into_iter().take(MAX_RUNS) {
            sizes.insert(run.size_tenths);
            let _ = write!(
                body,
                "<draw:frame draw:style-name=\"g\" svg:x=\"{:.1}pt\" svg:y=\"{:.1}pt\" svg:width=\"{:.1}pt\" \
                 svg:height=\"{:.1}pt\"><draw:text-box><text:p><text:span text:style-name=\"t{}\">{}</text:span></text:p>\
                 </draw:text-box></draw:frame>",
                run.x,
                run.y,
                run.w,
                run.h,
                run.size_tenths,
                escaped(&run.text)
            );
        }
        body.push_str("</draw:page>");
    }
    let mut styles = String::new();
    for size in sizes {
        let points = f64::from(size) / 10.0;
        let _ = write!(
            styles,
            "<style:style style:name=\"t{size}\" style:family=\"text\"><style:text-properties fo:font-size=\"{points}pt\" \
             style:font-size-asian=\"{points}pt\" style:font-size-complex=\"{points}pt\"/></style:style>"
        );
    }
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document {NAMESPACES} office:version=\"1.2\" \
         office:mimetype=\"application/vnd.oasis.opendocument.graphics\"><office:automatic-styles>{layouts}{FRAME_STYLE}{styles}\
         </office:automatic-styles><office:master-styles>{masters}</office:master-styles><office:body><office:drawing>{body}\
         </office:drawing></office:body></office:document>"
    ))
}

const NAMESPACES: &str = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
    xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\" \
    xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
    xmlns:draw=\"urn:oasis:names:tc:opendocument:xmlns:drawing:1.0\" \
    xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" \
    xmlns:svg=\"urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0\"";

const FRAME_STYLE: &str = "<style:style style:name=\"g\" style:family=\"graphic\"><style:graphic-properties \
    draw:stroke=\"none\" draw:fill=\"none\" draw:auto-grow-width=\"true\" draw:auto-grow-height=\"true\" \
    draw:textarea-vertical-align=\"top\" draw:textarea-horizontal-align=\"left\" fo:padding=\"0pt\" \
    fo:wrap-option=\"no-wrap\"/></style:style>";

struct Run {
    text: String,
    x: f32,
    y: f32,
    w: f32,
    h: f32,
    size_tenths: u32,
}

/// Joins words that follow each other closely on one line.
fn runs(page: &PageText) -> Vec<Run> {
    let characters: Vec<char> = page.text.chars().collect();
    let mut runs: Vec<Run> = Vec::new();
    for word in &page.words {
        let text: String = characters.get(word.start as usize..word.end as usize).unwrap_or_default().iter().collect();
        if text.trim().is_empty() || !is_sound(word) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if follows(run, word) => {
                run.text.push_str(&text);
                run.w = word.x + word.w - run.x;
            }
            _ => runs.push(Run {
                text,
                x: word.x,
                y: word.y,
                w: word.w,
                h: word.h,
                size_tenths: (word.h.clamp(1.0, 500.0) * 10.0).round() as u32,
            }),
        }
    }
    runs
}

fn is_sound(word: &Word) -> bool {
    [word.x, word.y, word.w, word.h].iter().all(|value| value.is_finite() && value.abs() < 20_000.0)
}

fn follows(run: &Run, word: &Word) -> bool {
    let gap = word.x - (run.x + run.w);
    (word.y - run.y).abs() < 0.1 * run.h && (word.h - run.h).abs() < 0.1 * run.h && gap.abs() < 0.15 * run.h
}

fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            character if character.is_control() => {}
            character => result.push(character),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_a_line_share_a_frame() {
        let at = |start, x, y| Word { start, end: start + 1, x, y, w: 10.0, h: 12.0 };
        let page = PageText {
            text: "甲<乙".into(),
            width: 100.0,
            height: 100.0,
            words: vec![at(0, 5.0, 5.0), at(1, 15.0, 5.0), at(2, 5.0, 40.0)],
        };
        let drawing = drawing(&[page]).unwrap();
        assert_eq!(drawing.matches("<draw:frame").count(), 2);
        assert!(drawing.contains("甲&lt;</text:span>"));
    }

    #[test]
    fn pages_without_places_are_left_to_others() {
        assert!(drawing(&[PageText::default()]).is_none());
    }
}
