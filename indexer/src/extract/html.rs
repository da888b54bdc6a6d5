//! What does an HTML page say, and how can it be shown without running or fetching anything?

use std::borrow::Cow;
use std::collections::HashSet;

use ammonia::{Builder, UrlRelative};
use scraper::{Html, Node};

use super::source::Source;
use super::{FileText, Guard, Result, encoding, html_depth, sink, sink::Sink};
use crate::headings::{Headings, MAX_CHARS};

/// Pages beyond this size are cut: parsers of deeply nested HTML take more than linear time.
const MAX_HTML_BYTES: usize = 16 << 20;

/// Elements whose content is not shown.
const SILENT: [&str; 14] = [
    "script", "style", "template", "noscript", "iframe", "object", "embed", "applet", "head", "audio", "video",
    "canvas", "noframes", "datalist",
];

/// Elements that do not end a line.
const INLINE: [&str; 38] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "input", "ins", "kbd", "label", "mark", "nobr", "q", "rb", "rp", "rt", "ruby", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "u", "var", "wbr",
];

/// Reads an HTML file.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let limit = guard.limits.max_text_bytes.min(MAX_HTML_BYTES);
    let bytes = source.read_head(limit as u64)?;
    let declared = declared_charset(&bytes);
    let html = encoding::decode(&bytes, declared.as_deref()).text;
    let mut page = read_text(&html, guard);
    page.clean_html = Some(clean_html(&html, page.title.as_deref()));
    page.plain = Some(sink::clean(&html, limit).0);
    page.is_truncated |= source.size_bytes() > limit as u64;
    Ok(page)
}

/// Reads the visible text and the title of HTML.
pub fn read_text(html: &str, guard: &Guard) -> FileText {
    let document = Html::parse_document(&html_depth::limit(html));
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    let (title, author) = (title(&document), author(&document));
    if let Some(title) = &title {
        sink.line(title);
    }
    let headings = push_visible(&document, &mut sink).into_vec();
    let (text, is_truncated) = sink.finish();
    FileText { text, title, author, headings, is_truncated, ..FileText::default() }
}

/// What a walk through visible text must remember.
#[derive(Default)]
struct Walk {
    silent: usize,
    preformatted: usize,
    after_space: bool,
    /// Depth of open headings, and what the outermost says so far.
    in_heading: usize,
    heading: String,
    headings: Headings,
}

fn push_visible(document: &Html, sink: &mut Sink) -> Headings {
    let mut walk = Walk { after_space: true, ..Walk::default() };
    let mut next = Some(document.tree.root());
    // Without recursion: pages may nest as deeply as they like.
    while let Some(node) = next {
        walk.enter(node.value(), sink);
        next = node.first_child();
        let mut done = node;
        while next.is_none() {
            walk.leave(done.value(), sink);
            next = done.next_sibling();
            match done.parent() {
                Some(parent) if next.is_none() => done = parent,
                _ => break,
            }
        }
    }
    walk.headings
}

impl Walk {
    fn enter(&mut self, node: &Node, sink: &mut Sink) {
        match node {
            Node::Element(element) => {
                let name = element.name();
                self.silent += usize::from(is_silent(element));
                self.preformatted += usize::from(is_preformatted(name));
                self.in_heading += usize::from(is_heading(name));
                if self.silent == 0 && (name == "br" || !(is_inline(name) || matches!(name, "td" | "th"))) {
                    sink.end_line();
                    self.after_space = true;
                }
                if let Some(alt) = element.attr("alt").filter(|_| name == "img" && self.silent == 0) {
                    sink.push(alt);
                    self.after_space = false;
                }
            }
            Node::Text(_) if self.silent > 0 => {}
            Node::Text(text) => {
                if self.in_heading > 0 && self.heading.len() < MAX_CHARS * 4 {
                    self.heading.push_str(text);
                }
                if self.preformatted > 0 {
                    sink.push(text);
                } else {
                    self.after_space = push_collapsed(text, self.after_space, sink);
                }
            }
            _ => {}
        }
    }

    fn leave(&mut self, node: &Node, sink: &mut Sink) {
        let Node::Element(element) = node else { return };
        let name = element.name();
        if self.silent == 0 && !is_inline(name) {
            match name {
                "td" | "th" => sink.end_cell(),
                "tr" => sink.end_row(),
                _ => sink.end_line(),
            }
            self.after_space = true;
        }
        if is_heading(name) {
            self.in_heading -= 1;
            if self.in_heading == 0 {
                self.headings.push(&std::mem::take(&mut self.heading));
            }
        }
        self.preformatted -= usize::from(is_preformatted(name));
        self.silent -= usize::from(is_silent(element));
    }
}

fn is_inline(name: &str) -> bool {
    INLINE.contains(&name)
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_preformatted(name: &str) -> bool {
    matches!(name, "pre" | "textarea")
}

/// Adds text with runs of white space made one space; tells whether it ended in one.
fn push_collapsed(text: &str, mut after_space: bool, sink: &mut Sink) -> bool {
    for character in text.chars() {
        let is_space = matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}');
        if !is_space {
            sink.push_char(character);
        } else if !after_space {
            sink.push_char(' ');
        }
        after_space = is_space;
    }
    after_space
}

fn is_silent(element: &scraper::node::Element) -> bool {
    if SILENT.contains(&element.name()) || element.attr("hidden").is_some() {
        return true;
    }
    element.attr("style").is_some_and(|style| {
        let style: String =
            style.chars().filter(|character| !character.is_whitespace()).collect::<String>().to_ascii_lowercase();
        style.contains("display:none") || style.contains("visibility:hidden")
    })
}

fn title(document: &Html) -> Option<String> {
    let title = document
        .tree
        .nodes()
        .find(|node| node.value().as_element().is_some_and(|element| element.name() == "title"))?;
    let text: String =
        title.children().filter_map(|child| child.value().as_text().map(|text| text.to_string())).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then(|| sink::clean(&text, 1000).0)
}

fn author(document: &Html) -> Option<String> {
    let mut elements = document.tree.nodes().filter_map(|node| node.value().as_element());
    let meta = elements.find(|element| {
        element.name() == "meta" && element.attr("name").is_some_and(|name| name.eq_ignore_ascii_case("author"))
    })?;
    meta.attr("content").map(|author| sink::clean(author.trim(), 1000).0).filter(|author| !author.is_empty())
}

/// Returns the charset that a page declares in its first bytes.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    let head: String =
        bytes[..bytes.len().min(4096)].iter().map(|byte| char::from(*byte).to_ascii_lowercase()).collect();
    let head_end = head.find("<body").unwrap_or(head.len());
    let after = head[..head_end]
        .split("charset")
        .nth(1)
        .or_else(|| head[..head_end].strip_prefix("<?xml")?.split("encoding").nth(1))?;
    let value = after.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let label: String = value
        .chars()
        .take_while(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | ':'))
        .collect();
    (!label.is_empty()).then_some(label)
}

/// Returns a whole page with the body of `html` made safe: no scripts, handlers, forms, frames, styles that fetch, and no
/// address of anything outside; pictures only as data inside it.
pub fn clean_html(html: &str, title: Option<&str>) -> String {
    page(title, &clean_body(html))
}

/// Returns the safe content of the body of `html`.
pub fn clean_body(html: &str) -> String {
    let html = &html[..html.floor_char_boundary(MAX_HTML_BYTES)];
    sanitiser().clean(&html_depth::limit(html)).to_string()
}

/// Returns a whole page around a safe body.
pub fn page(title: Option<&str>, safe_body: &str) -> String {
    let title = escape(title.unwrap_or_default());
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title></head><body>\n{safe_body}\n</body></html>\n"
    )
}

/// Returns text with the characters that mean something in HTML escaped, and without control characters.
pub fn escape(text: &str) -> String {
    sink::clean(text, usize::MAX)
        .0
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn sanitiser() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(["font", "u", "big", "section", "main", "input", "tfoot", "address"])
        .add_clean_content_tags([
            "iframe", "object", "embed", "applet", "noscript", "noframes", "template", "title", "svg", "math", "audio",
            "video", "canvas", "select", "textarea", "button", "frameset", "xml",
        ])
        .add_generic_attributes([
            "align", "valign", "width", "height", "dir", "lang", "style", "bgcolor", "color", "border",
        ])
        .add_tag_attributes("td", ["colspan", "rowspan"])
        .add_tag_attributes("th", ["colspan", "rowspan"])
        .add_tag_attributes("table", ["cellpadding", "cellspacing"])
        .add_tag_attributes("font", ["size", "face"])
        .add_tag_attributes("input", ["type", "checked", "disabled"])
        .filter_style_properties(HashSet::from([
            "text-align",
            "color",
            "background-color",
            "font-weight",
            "font-style",
            "font-size",
            "text-decoration",
            "vertical-align",
            "text-indent",
            "width",
            "border",
            "border-collapse",
            "white-space",
            "page-break-before",
            "page-break-after",
            "writing-mode",
        ]))
        .url_schemes(HashSet::from(["data"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true)
        .attribute_filter(safe_attribute);
    builder
}

fn safe_attribute<'v>(element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    match (element, attribute) {
        ("img", "src") => is_inline_picture(value).then_some(Cow::Borrowed(value)),
        (_, "href" | "src" | "cite" | "background" | "data" | "action" | "longdesc" | "ping" | "poster" | "srcset") => {
            None
        }
        // The only boxes that are kept are those of task lists.
        ("input", "type") if value != "checkbox" => Some(Cow::Borrowed("hidden")),
        (_, "style") if has_reference(value) => None,
        _ => Some(Cow::Borrowed(value)),
    }
}

fn is_inline_picture(value: &str) -> bool {
    let kinds = ["png", "jpeg", "jpg", "gif", "webp", "bmp"];
    let Some(rest) = value.strip_prefix("data:image/") else {
        return false;
    };
    let Some((kind, data)) = rest.split_once(";base64,") else {
        return false;
    };
    kinds.contains(&kind) && data.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

fn has_reference(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    ["url", "expression", "@", "\\", "image", "//", "javascript"].iter().any(|word| style.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Limits;

    fn text(html: &str) -> String {
        let limits = Limits::default();
        let guard = Guard::new(&limits);
        read_text(html, &guard).text
    }

    #[test]
    fn only_visible_text_is_read() {
        let html = "<title>题名</title><style>p{}</style><p>正文 <b>粗</b>体<script>alert(1)</script><p hidden>藏<p style='display: NONE'>藏<noscript>无</noscript>";
        assert_eq!(text(html), "题名\n正文 粗体");
    }

    #[test]
    fn blocks_cells_and_line_breaks_separate_words() {
        let html =
            "<table><tr><td>一</td><td>二</td></tr><tr><td>三</td></tr></table>甲<br>乙<div>丙</div><pre>a\n  b</pre>";
        assert_eq!(text(html), "一\t二\n三\n甲\n乙\n丙\na\n  b");
    }

    #[test]
    fn headings_are_told() {
        let limits = Limits::default();
        let guard = Guard::new(&limits);
        let html = "<h1>总\n <b>则</b></h1><p>文<h2 hidden>藏</h2><h3>二<h4>三</h4></h3>";
        assert_eq!(read_text(html, &guard).headings, ["总 则", "二", "三"]);
    }

    #[test]
    fn nothing_active_or_remote_survives() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<a href='javascript:alert(1)'>x</a>",
            "<a href='http://127.0.0.1/'>x</a>",
            "<iframe src='file:///etc/passwd'></iframe>",
            "<object data='file:///etc/passwd'></object>",
            "<img src='http://127.0.0.1/a.png'><img src='//127.0.0.1/a.png'><img src='/a.png'><img srcset='http://127.0.0.1/a'>",
            "<p style='background:url(http://127.0.0.1/a)'>x</p><p style='color:red;border:url(http://127.0.0.1)'>x</p>",
            "<style>@import 'http://127.0.0.1/';</style><link rel=stylesheet href='http://127.0.0.1/'>",
            "<svg onload=alert(1)><image href='http://127.0.0.1/'/></svg><math><a href='http://127.0.0.1/'>x</a></math>",
            "<form action='http://127.0.0.1/'><input type=image src='http://127.0.0.1/'></form>",
            "<meta http-equiv=refresh content='0;url=http://127.0.0.1/'><base href='http://127.0.0.1/'>",
            "<img src='data:image/svg+xml;base64,AAAA'><a href='data:text/html;base64,AAAA'>x</a>",
            "<table background='http://127.0.0.1/'><tr><td background='http://127.0.0.1/'>x</table>",
            "<q cite='http://127.0.0.1/'>x</q><blockquote cite='http://127.0.0.1/'>x</blockquote>",
        ];
        for html in hostile {
            let clean = clean_html(html, Some("<script>t"));
            for word in [
                "<script",
                "alert",
                "onerror",
                "onload",
                "http:",
                "127.0.0.1",
                "file:",
                "javascript:",
                "data:",
                "href",
                "<iframe",
                "<object",
                "<form",
                "<svg",
                "<link",
                "<base",
                "refresh",
                "url(",
            ] {
                assert!(!clean.contains(word), "{word} in {clean}");
            }
        }
    }

    #[test]
    fn structure_and_inline_pictures_survive() {
        let html = "<h1>题</h1><table border=1><tr><td colspan=2 style='text-align:center'>文</td></tr></table><img src='data:image/png;base64,iVBORw0='>";
        let clean = clean_body(html);
        for part in ["<h1>题</h1>", "colspan=\"2\"", "text-align:center", "data:image/png;base64,iVBORw0="] {
            assert!(clean.contains(part), "{part} in {clean}");
        }
    }

    #[test]
    fn deeply_nested_pages_are_read_in_time() {
        let start = std::time::Instant::now();
        let html = "<div>".repeat(200_000) + "底";
        assert_eq!(text(&html), "底");
        assert!(clean_body(&html).contains('底'));
        assert!(start.elapsed() < std::time::Duration::from_secs(10));
    }

    #[test]
    fn charsets_are_found_in_both_meta_forms() {
        assert_eq!(declared_charset(b"<meta charset='GBK'>").as_deref(), Some("gbk"));
        assert_eq!(
            declared_charset(b"<META http-equiv=Content-Type content=\"text/html; charset=gb2312\">").as_deref(),
            Some("gb2312")
        );
        assert_eq!(declared_charset(b"<p>x").as_deref(), None);
    }
}
