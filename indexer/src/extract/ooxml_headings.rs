//! Which paragraphs of an Office document are headings?
//!
//! In a text, those whose style is called a heading or has an outline level, or that have one themselves; in slides, the
//! titles.

use std::collections::{HashMap, HashSet};

use super::Result;
use super::xml::{self, Node};
use crate::headings::{Headings, MAX_CHARS};

/// Styles that a style may be based on, one on the other.
const MAX_BASES: usize = 20;

/// A paragraph style.
#[derive(Default)]
struct Style {
    based_on: Option<String>,
    /// Whether it says so itself, by name or outline level; `None`: as its base.
    is_heading: Option<bool>,
}

/// Returns the ids of the styles whose paragraphs are headings.
pub fn heading_styles(styles: &str) -> Result<HashSet<String>> {
    let mut found: HashMap<String, Style> = HashMap::new();
    let mut current: Option<String> = None;
    xml::walk(styles, |node| match node {
        Node::Start(element) => {
            if element.name == "style" {
                current = element.attribute("styleId");
            }
            let Some(style) = current.as_ref().map(|id| found.entry(id.clone()).or_default()) else { return };
            match (element.name, element.attribute("val")) {
                ("name", Some(name)) if is_heading_name(&name) => style.is_heading = Some(true),
                ("basedOn", base) => style.based_on = base,
                ("outlineLvl", Some(level)) => {
                    // A title has the level of a body, and is one all the same.
                    let is_level = is_outline_level(&level);
                    if is_level || style.is_heading.is_none() {
                        style.is_heading = Some(is_level);
                    }
                }
                _ => {}
            }
        }
        Node::End("style") => current = None,
        _ => {}
    })?;
    let is_heading = |id: &String| {
        let mut style = found.get(id);
        for _ in 0..MAX_BASES {
            match style {
                Some(Style { is_heading: Some(says), .. }) => return *says,
                Some(Style { based_on: Some(base), .. }) => style = found.get(base),
                _ => return false,
            }
        }
        false
    };
    Ok(found.keys().filter(|id| is_heading(id)).cloned().collect())
}

/// Word names its own styles in English, in every language.
fn is_heading_name(name: &str) -> bool {
    let name = name.to_lowercase();
    name == "title"
        || name == "subtitle"
        || name == "标题"
        || name
            .strip_prefix("heading ")
            .or(name.strip_prefix("标题 "))
            .is_some_and(|rest| rest.trim().parse::<u8>().is_ok_and(|level| (1..=9).contains(&level)))
}

fn is_outline_level(value: &str) -> bool {
    value.parse::<u8>().is_ok_and(|level| level < 9)
}

/// Adds the headings of a text's main part.
pub fn push_word(document: &str, styles: &HashSet<String>, headings: &mut Headings) -> Result<()> {
    let (mut depth, mut is_heading, mut text, mut reads) = (0usize, false, String::new(), false);
    xml::walk(document, |node| match node {
        Node::Start(element) => match element.name {
            "p" => {
                depth += 1;
                if depth == 1 {
                    (is_heading, text) = (false, String::new());
                }
            }
            "pStyle" if depth == 1 => {
                is_heading |= element.attribute("val").is_some_and(|style| styles.contains(&style));
            }
            "outlineLvl" if depth == 1 => {
                is_heading |= element.attribute("val").is_some_and(|level| is_outline_level(&level));
            }
            "tab" | "br" if is_heading => text.push(' '),
            "t" => reads = is_heading && depth == 1 && text.len() < MAX_CHARS * 4,
            _ => {}
        },
        Node::Text(piece) if reads => text.push_str(piece),
        Node::End("t") => reads = false,
        Node::End("p") => {
            depth = depth.saturating_sub(1);
            if depth == 0 && is_heading {
                headings.push(&text);
            }
        }
        _ => {}
    })
}

/// Adds the title of a slide.
pub fn push_slide(slide: &str, headings: &mut Headings) -> Result<()> {
    let (mut is_title, mut text, mut reads) = (false, String::new(), false);
    xml::walk(slide, |node| match node {
        Node::Start(element) => match element.name {
            "sp" => (is_title, text) = (false, String::new()),
            "ph" => is_title = element.attribute("type").is_some_and(|kind| kind == "title" || kind == "ctrTitle"),
            "br" if is_title => text.push(' '),
            "t" => reads = is_title && text.len() < MAX_CHARS * 4,
            _ => {}
        },
        Node::Text(piece) if reads => text.push_str(piece),
        Node::End("t") => reads = false,
        Node::End("p") if is_title => text.push(' '),
        Node::End("sp") if is_title => {
            headings.push(&text);
            is_title = false;
        }
        _ => {}
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_inherit_that_they_are_headings() {
        let styles = r#"<w:styles>
            <w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/></w:style>
            <w:style w:type="paragraph" w:styleId="a"><w:name w:val="章名"/><w:basedOn w:val="1"/></w:style>
            <w:style w:type="paragraph" w:styleId="b"><w:name w:val="正文缩进"/><w:basedOn w:val="1"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>
            <w:style w:type="paragraph" w:styleId="c"><w:name w:val="公文标题"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
            <w:style w:type="paragraph" w:styleId="d"><w:name w:val="Normal"/><w:basedOn w:val="d"/></w:style></w:styles>"#;
        let mut found: Vec<String> = heading_styles(styles).unwrap().into_iter().collect();
        found.sort();
        assert_eq!(found, ["1", "a", "c"]);
    }

    #[test]
    fn headings_of_a_text_and_titles_of_slides_are_told() {
        let document = r#"<w:body><w:p><w:pPr><w:pStyle w:val="1"/></w:pPr><w:r><w:t>第一章</w:t><w:tab/><w:t>总则</w:t></w:r></w:p>
            <w:p><w:r><w:t>正文</w:t></w:r></w:p><w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>第一节</w:t></w:r></w:p></w:body>"#;
        let mut headings = Headings::default();
        push_word(document, &HashSet::from(["1".to_owned()]), &mut headings).unwrap();
        let slide = r#"<p:cSld><p:sp><p:ph type="ctrTitle"/><a:p><a:r><a:t>年度</a:t></a:r></a:p><a:p><a:r><a:t>报告</a:t></a:r></a:p></p:sp>
            <p:sp><p:ph type="body"/><a:t>正文</a:t></p:sp></p:cSld>"#;
        push_slide(slide, &mut headings).unwrap();
        assert_eq!(headings.into_vec(), ["第一章 总则", "第一节", "年度 报告"]);
    }
}
