//! How does a page look without its editor? Its nodes as plain HTML: known nodes and marks only, everything escaped.
//!
//! The same for previews and versions (LibreOffice makes pages of it), for the file that people take away, and for the way
//! to Markdown. Nothing in it is fetched when it is shown: pictures are in it or are replaced by their description.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    pictures::Pictures,
    room_tree::{Element, Node, Run, color, font, link, points},
};

/// Pixels of one step of indentation: two characters.
const INDENT_PX: i64 = 32;

/// What the HTML is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown, on pages or in a browser.
    Show,
    /// To become Markdown: structure without looks.
    Structure,
}

/// Makes HTML of nodes.
pub struct Renderer<'a> {
    /// The pictures that may be shown.
    pub pictures: &'a Pictures,
    /// What it is for.
    pub purpose: Purpose,
}

impl Renderer<'_> {
    /// The HTML of a body.
    pub fn render(&self, nodes: &[Node]) -> String {
        let mut out = String::new();
        self.nodes(nodes, &mut out);
        out
    }

    fn shows(&self) -> bool {
        self.purpose == Purpose::Show
    }

    fn nodes(&self, nodes: &[Node], out: &mut String) {
        for node in nodes {
            match node {
                Node::Element(element) => self.element(element, out),
                Node::Run(run) => self.run(run, out),
            }
        }
    }

    fn element(&self, element: &Element, out: &mut String) {
        let (open, close): (String, String) = match element.tag.as_str() {
            "paragraph" if !self.shows() && is_title(element) => ("<h1>".into(), "</h1>".into()),
            "paragraph" => (format!("<p{}>", self.block_style(element)), "</p>".into()),
            "heading" => {
                let level = element.level();
                (format!("<h{level}{}>", self.block_style(element)), format!("</h{level}>"))
            }
            "bulletList" => ("<ul>".into(), "</ul>".into()),
            "taskList" => ("<ul class=\"tasks\">".into(), "</ul>".into()),
            "orderedList" => (ordered_list(element), "</ol>".into()),
            "listItem" => ("<li>".into(), "</li>".into()),
            "taskItem" => return self.task(element, out),
            "table" => return self.table(element, out),
            "tableRow" => ("<tr>".into(), "</tr>".into()),
            "tableHeader" => (format!("<th{}>", self.cell(element)), "</th>".into()),
            "tableCell" => (format!("<td{}>", self.cell(element)), "</td>".into()),
            "blockquote" => ("<blockquote>".into(), "</blockquote>".into()),
            "codeBlock" => {
                let language = element.text("language").filter(|language| is_word(language));
                let class = language.map(|language| format!(" class=\"language-{language}\"")).unwrap_or_default();
                (format!("<pre><code{class}>"), "</code></pre>".into())
            }
            "horizontalRule" => ("<hr>".into(), String::new()),
            "pageBreak" if self.shows() => ("<p style=\"page-break-after:always\"></p>".into(), String::new()),
            "pageBreak" => return,
            "hardBreak" => ("<br>".into(), String::new()),
            "image" => (self.image(element), String::new()),
            "mention" => {
                let label = element.text("label").or(element.text("id")).unwrap_or_default();
                if !self.shows() {
                    return out.push_str(&escape(&format!("@{label}")));
                }
                (format!("<span class=\"mention\">@{}</span>", escape(&label)), String::new())
            }
            // A node of a newer client: its content is shown, its look is not known.
            _ => (String::new(), String::new()),
        };
        out.push_str(&open);
        self.nodes(&element.children, out);
        out.push_str(&close);
    }

    fn task(&self, element: &Element, out: &mut String) {
        let done = element.text("checked").as_deref() == Some("true");
        // Markdown's makers know ☒, people know ☑.
        let sign = if !done {
            '☐'
        } else if self.shows() {
            '☑'
        } else {
            '☒'
        };
        let mut inner = String::new();
        self.nodes(&element.children, &mut inner);
        // The sign belongs into the first line.
        match inner.find('>').filter(|_| inner.starts_with("<p")) {
            Some(end) => inner.insert_str(end + 1, &format!("{sign} ")),
            None => inner.insert_str(0, &format!("{sign} ")),
        }
        let _ = write!(out, "<li>{inner}</li>");
    }

    fn table(&self, element: &Element, out: &mut String) {
        let rows: Vec<&Element> = element.elements().filter(|row| row.tag == "tableRow").collect();
        out.push_str("<table border=\"1\">");
        let widths = table_widths(&rows);
        if self.shows() && widths.iter().any(|width| *width > 0) {
            out.push_str("<colgroup>");
            for width in widths {
                let style = if width > 0 { format!(" style=\"width:{width}px\"") } else { String::new() };
                let _ = write!(out, "<col{style}>");
            }
            out.push_str("</colgroup>");
        }
        // Rows of header cells come again on each page; a cell that reaches further down keeps them together.
        let heads = header_rows(&rows);
        for (part, rows) in [("thead", &rows[..heads]), ("tbody", &rows[heads..])] {
            if !rows.is_empty() {
                let _ = write!(out, "<{part}>");
                rows.iter().for_each(|row| self.element(row, out));
                let _ = write!(out, "</{part}>");
            }
        }
        out.push_str("</table>");
    }

    fn cell(&self, element: &Element) -> String {
        let mut out = String::new();
        let (columns, rows) = element.spans();
        for (name, span) in [("colspan", columns), ("rowspan", rows)] {
            if span > 1 {
                let _ = write!(out, " {name}=\"{span}\"");
            }
        }
        if let Some(background) =
            element.text("backgroundColor").and_then(|value| color(&value)).filter(|_| self.shows())
        {
            let _ = write!(out, " bgcolor=\"#{background}\" style=\"background-color:#{background}\"");
        }
        out
    }

    fn block_style(&self, element: &Element) -> String {
        if !self.shows() {
            return String::new();
        }
        let mut css = String::new();
        let name = element.text("styleName").filter(|name| NAMED.iter().any(|(known, _)| known == name));
        if let Some((_, look)) = NAMED.iter().find(|(known, _)| Some(*known) == name.as_deref()) {
            css.push_str(look);
        }
        if let Some(side) = element.alignment("textAlign") {
            let _ = write!(css, "text-align:{side};");
        }
        if element.indent() > 0 {
            let _ = write!(css, "margin-left:{}px;", element.indent() * INDENT_PX);
        }
        let class = name.map(|name| format!(" class=\"{name}\"")).unwrap_or_default();
        let style = if css.is_empty() { String::new() } else { format!(" style=\"{}\"", css.trim_end_matches(';')) };
        class + &style
    }

    fn image(&self, element: &Element) -> String {
        let alt = escape(&element.text("alt").or(element.text("title")).unwrap_or_default());
        let Some(src) = self.source(element) else {
            return if alt.is_empty() { String::new() } else { format!("<p>[{alt}]</p>") };
        };
        let mut size = String::new();
        for name in ["width", "height"] {
            if let Some(pixels) = element.number(name).filter(|pixels| (1..=10_000).contains(pixels)) {
                let _ = write!(size, " {name}=\"{pixels}\"");
            }
        }
        let title = element.text("title").map(|title| format!(" title=\"{}\"", escape(&title))).unwrap_or_default();
        let image = format!("<img src=\"{src}\" alt=\"{alt}\"{title}{size}>");
        match element.alignment("align").filter(|side| self.shows() && *side != "justify") {
            Some(side) => format!("<p style=\"text-align:{side}\">{image}</p>"),
            None => image,
        }
    }

    /// The address of a picture that is in the file itself.
    fn source(&self, element: &Element) -> Option<String> {
        if let Some(picture) = element.picture().and_then(|id| self.pictures.find(&id)) {
            return Some(match &picture.file {
                Some(name) if self.purpose == Purpose::Structure => escape(name),
                _ => format!("data:{};base64,{}", picture.media_type, STANDARD.encode(&picture.bytes)),
            });
        }
        element.text("src").filter(|src| is_data_picture(src)).map(|src| escape(&src))
    }

    fn run(&self, run: &Run, out: &mut String) {
        let marks: Vec<(String, &str)> = run.marks.iter().filter_map(|(name, _)| self.mark(run, name)).collect();
        marks.iter().for_each(|(open, _)| out.push_str(open));
        out.push_str(&escape(&run.text));
        marks.iter().rev().for_each(|(_, close)| out.push_str(close));
    }

    fn mark(&self, run: &Run, name: &str) -> Option<(String, &'static str)> {
        Some(match name {
            "bold" => ("<strong>".into(), "</strong>"),
            "italic" => ("<em>".into(), "</em>"),
            "strike" => ("<s>".into(), "</s>"),
            "underline" => ("<u>".into(), "</u>"),
            "code" => ("<code>".into(), "</code>"),
            "subscript" => ("<sub>".into(), "</sub>"),
            "superscript" => ("<sup>".into(), "</sup>"),
            "highlight" if self.shows() => {
                let background = run.attribute("highlight", "color").and_then(|value| color(&value));
                let style = background.map(|color| format!(" style=\"background-color:#{color}\""));
                (format!("<mark{}>", style.unwrap_or_default()), "</mark>")
            }
            "textStyle" if self.shows() => (format!("<span style=\"{}\">", text_style(run)?), "</span>"),
            "insertion" => (format!("<ins{}>", change(run, name)), "</ins>"),
            "deletion" => (format!("<del{}>", change(run, name)), "</del>"),
            "link" => {
                let href = run.attribute("link", "href")?;
                (link(&href).map_or("<a>".into(), |href| format!("<a href=\"{}\">", escape(href))), "</a>")
            }
            _ => return None,
        })
    }
}

fn is_title(element: &Element) -> bool {
    matches!(element.text("styleName").as_deref(), Some("title" | "official-title"))
}

fn text_style(run: &Run) -> Option<String> {
    let attribute = |name| run.attribute("textStyle", name);
    let mut css = String::new();
    if let Some(color) = attribute("color").and_then(|value| color(&value)) {
        let _ = write!(css, "color:#{color};");
    }
    if let Some(size) = attribute("fontSize").and_then(|value| points(&value)) {
        let _ = write!(css, "font-size:{size}pt;");
    }
    if let Some(family) = attribute("fontFamily").and_then(|value| font(&value)) {
        let _ = write!(css, "font-family:'{family}';");
    }
    (!css.is_empty()).then(|| css.trim_end_matches(';').to_owned())
}

/// Who proposed a change.
fn change(run: &Run, mark: &str) -> String {
    run.attribute(mark, "name").map(|name| format!(" title=\"{}\"", escape(&name))).unwrap_or_default()
}

fn ordered_list(element: &Element) -> String {
    let mut out = String::from("<ol");
    if let Some(start) = element.number("start").filter(|start| *start != 1 && (0..=1_000_000).contains(start)) {
        let _ = write!(out, " start=\"{start}\"");
    }
    match element.text("type").as_deref() {
        Some(kind @ ("a" | "A" | "i" | "I")) => drop(write!(out, " type=\"{kind}\"")),
        // The style sheet knows them.
        Some(kind @ ("decimal-paren" | "cjk" | "cjk-paren" | "circled")) => drop(write!(out, " class=\"{kind}\"")),
        _ => {}
    }
    out + ">"
}

/// How many rows at the top are header cells alone and let no cell reach below them.
pub fn header_rows(rows: &[&Element]) -> usize {
    let is_head =
        |row: &&&Element| row.elements().next().is_some() && row.elements().all(|cell| cell.tag == "tableHeader");
    let count = rows.iter().take_while(is_head).count();
    let reach = rows[..count]
        .iter()
        .enumerate()
        .map(|(number, row)| number + row.elements().map(|cell| cell.spans().1).max().unwrap_or(1));
    if reach.max().unwrap_or(0) > count { 0 } else { count }
}

/// The widths of a table's columns in pixels, as far as its first row knows them.
pub fn table_widths(rows: &[&Element]) -> Vec<i64> {
    rows.first().map(|row| row.elements().flat_map(Element::column_widths).collect()).unwrap_or_default()
}

fn is_data_picture(src: &str) -> bool {
    let data = src.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
    data.is_some_and(|(kind, data)| {
        matches!(kind, "png" | "jpeg" | "gif" | "webp")
            && data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
    })
}

fn is_word(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-#._".contains(&byte))
}

/// What the named styles of paragraphs look like; the official ones as GB/T 9704 says.
const NAMED: &[(&str, &str)] = &[
    ("title", "text-align:center;font-family:SimHei,黑体,sans-serif;font-size:22pt;font-weight:bold;"),
    ("subtitle", "text-align:center;font-size:16pt;color:#595959;"),
    (
        "official-issuer",
        "text-align:center;font-family:FZXiaoBiaoSong-B05S,SimSun,宋体,serif;font-size:36pt;font-weight:bold;color:#ff0000;",
    ),
    (
        "official-number",
        "text-align:center;font-family:FangSong,仿宋,serif;font-size:16pt;border-bottom:2px solid #ff0000;padding-bottom:8px;",
    ),
    (
        "official-title",
        "text-align:center;font-family:FZXiaoBiaoSong-B05S,SimSun,宋体,serif;font-size:22pt;font-weight:bold;",
    ),
    ("official-recipients", "font-family:FangSong,仿宋,serif;font-size:16pt;"),
    ("official-body", "font-family:FangSong,仿宋,serif;font-size:16pt;text-indent:2em;text-align:justify;"),
    ("official-attachment", "font-family:FangSong,仿宋,serif;font-size:16pt;text-indent:2em;"),
    ("official-signature", "font-family:FangSong,仿宋,serif;font-size:16pt;text-align:right;margin-right:2em;"),
    ("official-date", "font-family:FangSong,仿宋,serif;font-size:16pt;text-align:right;margin-right:4em;"),
    (
        "official-copies",
        "font-family:FangSong,仿宋,serif;font-size:14pt;border-top:1px solid #000;border-bottom:1px solid #000;padding:4px 1em;",
    ),
];

/// Text that means itself in HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\0' => {}
            other => out.push(other),
        }
    }
    out
}

/// A file of its own around a body: nothing is fetched, nothing runs, and it prints on A4.
pub fn whole_file(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n<title>{}</title>\n<style>\n{}</style>\n\
         </head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n",
        escape(title),
        include_str!("page.css")
    )
}
