//! What does pandoc's tree look like as HTML that the editor reads? Nodes of the page's schema only, everything escaped,
//! pictures inside, nothing that is fetched or runs. The notes of `docx_marks` become attributes.

use std::{collections::HashMap, fmt::Write, mem};

use serde_json::Value;

use super::{
    docx_marks::{CLOSE, END, OPEN},
    docx_styles::STYLES,
    room_html::escape,
    room_tree::{color, font, link, points},
};

/// Width of a page's text in pixels, of which columns have their share.
const TEXT_WIDTH_PX: f64 = 640.0;
/// Nodes inside each other beyond this are left out.
const MAX_DEPTH: usize = 100;

/// A picture that was found.
#[derive(Debug, Clone)]
pub struct Shown {
    /// A `data:` address.
    pub url: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// Pictures by the name that the tree has for them.
pub type Media = HashMap<String, Shown>;

/// The names of a tree's pictures, each once.
pub fn pictures(tree: &Value) -> Vec<String> {
    fn walk(value: &Value, names: &mut Vec<String>) {
        match value {
            Value::Object(object) if object.get("t").is_some_and(|tag| tag == "Image") => {
                if let Some(name) = value["c"][2][0].as_str().filter(|name| !names.iter().any(|own| own == name)) {
                    names.push(name.to_owned());
                }
            }
            Value::Object(object) => object.values().for_each(|inner| walk(inner, names)),
            Value::Array(list) => list.iter().for_each(|inner| walk(inner, names)),
            _ => {}
        }
    }
    let mut names = Vec::new();
    walk(&tree["blocks"], &mut names);
    names
}

/// Writes a tree. Returns also how many pictures had to be left out.
pub fn write(tree: &Value, notes: bool, media: &Media) -> (String, usize) {
    let mut writer = Writer { notes, media, ..Writer::new(media) };
    // Pandoc takes the paragraphs at the beginning that are called so for facts about the document.
    for name in ["title", "subtitle", "author", "date", "abstract"] {
        writer.fact(&tree["meta"][name]);
    }
    writer.blocks(&tree["blocks"], 0);
    let footnotes = mem::take(&mut writer.footnotes);
    if !footnotes.is_empty() {
        writer.out.push_str("<hr>");
        for (number, note) in footnotes.iter().enumerate() {
            let _ = write!(writer.out, "<p><sup>[{}]</sup> {note}</p>", number + 1);
        }
    }
    (writer.out, writer.left_out)
}

/// What notes say of a paragraph.
#[derive(Default)]
struct Told {
    alignment: Option<&'static str>,
    indent: u8,
    style: Option<&'static str>,
    rule: bool,
    page_break: bool,
}

/// What notes say of a cell.
#[derive(Default)]
struct CellTold {
    background: Option<String>,
    header: bool,
}

enum Part {
    Text(String),
    /// A block that stood in the text.
    Block(String),
}

/// The text of a paragraph while it is written.
#[derive(Default)]
struct Line {
    parts: Vec<Part>,
    text: String,
    /// Tags that are open, to be opened again behind a block.
    open: Vec<(String, &'static str)>,
    pictures: usize,
}

struct Writer<'a> {
    notes: bool,
    media: &'a Media,
    out: String,
    /// CSS of the characters, from notes and from spans.
    look: Vec<(String, Option<String>)>,
    told: Told,
    cell: CellTold,
    numbering: Option<&'static str>,
    /// The box of a task is still to be taken from the text.
    strip: bool,
    footnotes: Vec<String>,
    in_note: bool,
    quoted: bool,
    /// Widths of the columns of the table that is written, in pixels.
    widths: Vec<i64>,
    left_out: usize,
}

impl<'a> Writer<'a> {
    fn new(media: &'a Media) -> Self {
        Writer {
            notes: false,
            media,
            out: String::new(),
            look: Vec::new(),
            told: Told::default(),
            cell: CellTold::default(),
            numbering: None,
            strip: false,
            footnotes: Vec::new(),
            in_note: false,
            quoted: false,
            widths: Vec::new(),
            left_out: 0,
        }
    }

    fn blocks(&mut self, blocks: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for block in blocks.as_array().into_iter().flatten() {
            self.block(block, depth);
        }
    }

    fn fact(&mut self, fact: &Value) {
        if !self.notes {
            return;
        }
        match fact["t"].as_str().unwrap_or_default() {
            "MetaInlines" => self.paragraph(None, &fact["c"], 0),
            "MetaBlocks" => self.blocks(&fact["c"], 0),
            "MetaList" => fact["c"].as_array().into_iter().flatten().for_each(|inner| self.fact(inner)),
            _ => {}
        }
    }

    fn block(&mut self, block: &Value, depth: usize) {
        let content = &block["c"];
        match block["t"].as_str().unwrap_or_default() {
            "Para" | "Plain" => self.paragraph(None, content, depth),
            "Header" => {
                let level = content[0].as_u64().unwrap_or(1).clamp(1, 6);
                self.paragraph(Some(level as u8), &content[2], depth);
            }
            "LineBlock" => content.as_array().into_iter().flatten().for_each(|line| self.paragraph(None, line, depth)),
            "CodeBlock" => {
                let language =
                    content[0][1][0].as_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                let class = language.map(|name| format!(" class=\"language-{name}\"")).unwrap_or_default();
                let text = self.without_notes(content[1].as_str().unwrap_or_default());
                let _ = write!(self.out, "<pre><code{class}>{}</code></pre>", escape(&text));
            }
            "BlockQuote" => {
                let outer = mem::replace(&mut self.quoted, false);
                let inner = self.aside(|writer| writer.blocks(content, depth + 1));
                // Pandoc takes text that is moved in for a quotation.
                let quoted = mem::replace(&mut self.quoted, outer) || !self.notes;
                match quoted && !inner.is_empty() {
                    true => drop(write!(self.out, "<blockquote>{inner}</blockquote>")),
                    false => self.out.push_str(&inner),
                }
            }
            "BulletList" => self.list(None, content, depth),
            "OrderedList" => self.list(Some(&content[0]), &content[1], depth),
            "DefinitionList" => {
                for entry in content.as_array().into_iter().flatten() {
                    let term = Value::Array(vec![serde_json::json!({ "t": "Strong", "c": entry[0] })]);
                    self.paragraph(None, &term, depth);
                    entry[1].as_array().into_iter().flatten().for_each(|meaning| self.blocks(meaning, depth + 1));
                }
            }
            "HorizontalRule" => self.out.push_str("<hr>"),
            "Table" => self.table(content, depth),
            "Div" => self.blocks(&content[1], depth + 1),
            _ => {}
        }
    }

    /// Writes elsewhere, and returns what was written.
    fn aside(&mut self, write: impl FnOnce(&mut Self)) -> String {
        let before = mem::take(&mut self.out);
        write(self);
        mem::replace(&mut self.out, before)
    }

    fn paragraph(&mut self, level: Option<u8>, inlines: &Value, depth: usize) {
        let mut line = Line::default();
        self.look.clear();
        self.inlines(inlines, &mut line, depth);
        let told = mem::take(&mut self.told);
        let Line { mut parts, text, pictures, .. } = line;
        parts.push(Part::Text(text));
        if told.page_break {
            self.out.push_str(PAGE_BREAK);
        }
        let mut attributes = String::new();
        if let Some(style) = told.style.filter(|_| level.is_none()) {
            let _ = write!(attributes, " data-style-name=\"{style}\"");
        }
        if told.indent > 0 {
            let _ = write!(attributes, " data-indent=\"{}\"", told.indent);
        }
        if let Some(side) = told.alignment {
            let _ = write!(attributes, " style=\"text-align:{side}\"");
        }
        let tag = level.map_or("p".to_owned(), |level| format!("h{level}"));
        let mut wrote = false;
        for part in parts {
            match part {
                Part::Text(text) if has_text(&text) => {
                    let _ = write!(self.out, "<{tag}{attributes}>{text}</{tag}>");
                    wrote = true;
                }
                Part::Text(_) => {}
                Part::Block(block) => {
                    let side = told.alignment.filter(|side| pictures > 0 && *side != "justify");
                    let block = match side {
                        Some(side) => block.replacen("<img ", &format!("<img data-align=\"{side}\" "), 1),
                        None => block,
                    };
                    self.out.push_str(&block);
                    wrote = true;
                }
            }
        }
        if !wrote && told.rule {
            self.out.push_str("<hr>");
        }
    }

    fn list(&mut self, ordered: Option<&Value>, items: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let outer = self.numbering.take();
        let items: Vec<&Value> = items.as_array().into_iter().flatten().collect();
        let signs: Vec<Option<char>> = items.iter().map(|item| self.sign(item)).collect();
        let tasks = ordered.is_none() && !items.is_empty() && signs.iter().all(Option::is_some);
        let mut inner = String::new();
        for (item, sign) in items.into_iter().zip(signs) {
            self.strip = tasks;
            let text = self.aside(|writer| writer.blocks(item, depth + 1));
            self.strip = false;
            let text = if text.is_empty() { "<p></p>".to_owned() } else { text };
            if tasks {
                let done = sign != Some('☐');
                let _ = write!(inner, "<li data-type=\"taskItem\" data-checked=\"{done}\">{text}</li>");
            } else {
                let _ = write!(inner, "<li>{text}</li>");
            }
        }
        let numbering = mem::replace(&mut self.numbering, outer);
        if tasks {
            let _ = write!(self.out, "<ul data-type=\"taskList\">{inner}</ul>");
        } else if ordered.is_some() || numbering.is_some() {
            let start = ordered.and_then(|of| of[0].as_i64()).filter(|start| *start != 1);
            let start = start.map(|start| format!(" start=\"{start}\"")).unwrap_or_default();
            let kind = numbering.or(match ordered.and_then(|of| of[1]["t"].as_str()) {
                Some("LowerAlpha") => Some("a"),
                Some("UpperAlpha") => Some("A"),
                Some("LowerRoman") => Some("i"),
                Some("UpperRoman") => Some("I"),
                _ => None,
            });
            let kind = kind.map(|kind| format!(" type=\"{kind}\"")).unwrap_or_default();
            let _ = write!(self.out, "<ol{start}{kind}>{inner}</ol>");
        } else {
            let _ = write!(self.out, "<ul>{inner}</ul>");
        }
    }

    /// The box with which an item's text begins.
    fn sign(&self, item: &Value) -> Option<char> {
        let mut text = String::new();
        for inline in item[0]["c"].as_array()?.iter().take(6) {
            text.push_str(&self.without_notes(inline["c"].as_str().unwrap_or_default()));
        }
        text.chars().next().filter(|sign| matches!(sign, '☐' | '☒' | '☑'))
    }

    fn table(&mut self, content: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let shares: Vec<f64> =
            content[2].as_array().into_iter().flatten().map(|column| column[1]["c"].as_f64().unwrap_or(0.0)).collect();
        let mut rows = Vec::new();
        let mut take = |list: &Value, header: bool| {
            rows.extend(list.as_array().into_iter().flatten().map(|row| (row[1].clone(), header)));
        };
        take(&content[3][1], true);
        for body in content[4].as_array().into_iter().flatten() {
            take(&body[2], true);
            take(&body[3], false);
        }
        take(&content[5][1], false);
        let mut caption = self.aside(|writer| writer.blocks(&content[1][1], depth + 1));
        let mut html = String::new();
        let outer = mem::take(&mut self.widths);
        // How many rows each column is still taken from above, to know to which column a cell belongs.
        let mut taken = vec![0u64; shares.len()];
        for (row, header) in rows {
            html.push_str("<tr>");
            let mut column = 0;
            for cell in row.as_array().into_iter().flatten() {
                while taken.get(column).is_some_and(|rows| *rows > 0) {
                    column += 1;
                }
                let (high, wide) =
                    (cell[2].as_u64().unwrap_or(1).max(1), cell[3].as_u64().unwrap_or(1).max(1) as usize);
                html.push_str(&self.cell(cell, header, column, &shares, depth));
                for rows in taken.iter_mut().skip(column).take(wide) {
                    *rows = high;
                }
                column += wide;
            }
            taken.iter_mut().for_each(|rows| *rows = rows.saturating_sub(1));
            html.push_str("</tr>");
        }
        self.widths = outer;
        if !html.contains("<td") && !html.contains("<th") {
            return;
        }
        self.out.push_str(&mem::take(&mut caption));
        let _ = write!(self.out, "<table><tbody>{html}</tbody></table>");
    }

    fn cell(&mut self, cell: &Value, header: bool, column: usize, shares: &[f64], depth: usize) -> String {
        let outer = mem::take(&mut self.cell);
        let inner = self.aside(|writer| writer.blocks(&cell[4], depth + 1));
        let told = mem::replace(&mut self.cell, outer);
        // Word calls the first row of nearly every table one for which a look is meant; only a repeated one is a header.
        let tag = if if self.notes { told.header } else { header } { "th" } else { "td" };
        let (high, wide) = (cell[2].as_u64().unwrap_or(1), cell[3].as_u64().unwrap_or(1) as usize);
        let mut out = format!("<{tag}");
        for (name, span) in [("rowspan", high), ("colspan", wide as u64)] {
            if span > 1 {
                let _ = write!(out, " {name}=\"{}\"", span.min(1000));
            }
        }
        let shared = || shares.iter().map(|share| (share * TEXT_WIDTH_PX).round() as i64).collect();
        let all: Vec<i64> = if self.widths.len() >= column + wide { self.widths.clone() } else { shared() };
        let widths: Vec<i64> = all.into_iter().skip(column).take(wide).collect();
        if widths.len() == wide && widths.iter().all(|width| *width > 0) {
            let _ = write!(out, " colwidth=\"{}\"", widths.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
        }
        let background = told.background.or_else(|| css(&cell[0], "background-color").and_then(|value| color(&value)));
        if let Some(background) = background {
            let _ = write!(out, " style=\"background-color:#{background}\"");
        }
        let inner = if inner.is_empty() { "<p></p>".to_owned() } else { inner };
        let _ = write!(out, ">{inner}</{tag}>");
        out
    }

    fn inlines(&mut self, inlines: &Value, line: &mut Line, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for inline in inlines.as_array().into_iter().flatten() {
            self.inline(inline, line, depth);
        }
    }

    fn inline(&mut self, inline: &Value, line: &mut Line, depth: usize) {
        let content = &inline["c"];
        let mut within = |open: &str, close: &'static str, inner: &Value| {
            line.open(open.to_owned(), close);
            self.inlines(inner, line, depth + 1);
            line.close();
        };
        match inline["t"].as_str().unwrap_or_default() {
            "Str" => self.text(content.as_str().unwrap_or_default(), line),
            "Space" | "SoftBreak" => self.text(" ", line),
            "LineBreak" => line.text.push_str("<br>"),
            "Emph" => within("<em>", "</em>", content),
            "Strong" => within("<strong>", "</strong>", content),
            "Underline" => within("<u>", "</u>", content),
            "Strikeout" => within("<s>", "</s>", content),
            "Superscript" => within("<sup>", "</sup>", content),
            "Subscript" => within("<sub>", "</sub>", content),
            "SmallCaps" => self.inlines(content, line, depth + 1),
            "Cite" => self.inlines(&content[1], line, depth + 1),
            "Quoted" => {
                let (open, close) = if content[0]["t"] == "SingleQuote" { ("‘", "’") } else { ("“", "”") };
                self.text(open, line);
                self.inlines(&content[1], line, depth + 1);
                self.text(close, line);
            }
            "Code" => {
                let text = self.without_notes(content[1].as_str().unwrap_or_default());
                let _ = write!(line.text, "<code>{}</code>", escape(&text));
            }
            "Math" => {
                let _ = write!(line.text, "<code>{}</code>", escape(content[1].as_str().unwrap_or_default()));
            }
            "RawInline" if content[1].as_str().is_some_and(|raw| raw.starts_with("<br")) => line.text.push_str("<br>"),
            "Link" => match content[2][0].as_str().and_then(link) {
                Some(href) => within(&format!("<a href=\"{}\">", escape(href)), "</a>", &content[1]),
                None => self.inlines(&content[1], line, depth + 1),
            },
            "Image" => self.image(content, line),
            "Note" => self.note(content, line, depth),
            "Span" => {
                let style = span_css(&content[0]);
                let shown = style.is_some();
                self.look.extend(style);
                self.inlines(&content[1], line, depth + 1);
                if shown {
                    self.look.pop();
                }
            }
            _ => {}
        }
    }

    /// Writes text, hearing the notes in it.
    fn text(&mut self, text: &str, line: &mut Line) {
        if !self.notes {
            return self.characters(text, line);
        }
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            self.characters(before, line);
            let (note, after) = after.split_once(CLOSE).unwrap_or((after, ""));
            self.hear(note, line);
            rest = after;
        }
        self.characters(rest, line);
    }

    fn characters(&mut self, text: &str, line: &mut Line) {
        let mut text = text;
        if self.strip && !text.is_empty() {
            text = text.trim_start_matches(['☐', '☒', '☑', ' ']);
            self.strip = text.is_empty();
        }
        if text.is_empty() {
            return;
        }
        let css: String = self.look.iter().map(|(css, _)| css.as_str()).collect();
        let background = self.look.iter().rev().find_map(|(_, background)| background.clone());
        let mut html = escape(text);
        if !css.is_empty() {
            html = format!("<span style=\"{}\">{html}</span>", css.trim_end_matches(';'));
        }
        if let Some(background) = background {
            html = format!("<mark style=\"background-color:#{background}\">{html}</mark>");
        }
        // Words are told one by one: those that look alike are written as one.
        if let Some(end) = html.ends_with("</span>").then_some("</span>")
            && let Some(start) = html.find('>').map(|end| &html[..=end])
            && line.text.ends_with(end)
            && line
                .text
                .rfind("<span")
                .is_some_and(|at| line.text[at..].starts_with(start) && !line.text[at + 1..].contains("<mark"))
            && !html.starts_with("<mark")
        {
            line.text.truncate(line.text.len() - end.len());
            line.text.push_str(&html[start.len()..]);
            return;
        }
        line.text.push_str(&html);
    }

    fn hear(&mut self, note: &str, line: &mut Line) {
        if note == END {
            self.look.clear();
            return;
        }
        if note == "pb" {
            line.block(PAGE_BREAK.to_owned());
            return;
        }
        let (mut css, mut background) = (String::new(), None);
        for entry in note.split(';') {
            let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
            match key {
                "a" => self.told.alignment = ["center", "right", "justify"].into_iter().find(|known| *known == value),
                "i" => self.told.indent = value.parse().unwrap_or(0u8).min(8),
                "st" => self.told.style = STYLES.iter().map(|style| style.page_name).find(|known| *known == value),
                "hr" => self.told.rule = true,
                "q" => self.quoted = true,
                "w" => self.widths = fitting(value),
                "pbb" => self.told.page_break = true,
                "n" => {
                    self.numbering =
                        ["cjk", "cjk-paren", "decimal-paren", "circled"].into_iter().find(|known| *known == value)
                }
                "bg" => self.cell.background = color(&format!("#{value}")),
                "th" => self.cell.header = true,
                "c" => css.extend(color(&format!("#{value}")).map(|color| format!("color:#{color};"))),
                "s" => css.extend(value.parse::<f64>().ok().map(|half| format!("font-size:{}pt;", half / 2.0))),
                "f" => css.extend(font(&value.replace('+', " ")).map(|font| format!("font-family:{font};"))),
                "h" => background = color(&format!("#{value}")),
                _ => {}
            }
        }
        if !css.is_empty() || background.is_some() {
            self.look.push((css, background));
        }
    }

    fn without_notes(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            out.push_str(before);
            rest = after.split_once(CLOSE).map_or("", |(_, after)| after);
        }
        out + rest
    }

    fn image(&mut self, content: &Value, line: &mut Line) {
        let mut alt = Line::default();
        self.inlines(&content[1], &mut alt, MAX_DEPTH - 10);
        let mut described = plain_text(&alt.text);
        if described.is_empty() {
            described = content[2][1].as_str().unwrap_or_default().trim_start_matches("fig:").to_owned();
        }
        let name = content[2][0].as_str().unwrap_or_default();
        let Some(shown) = self.media.get(name) else {
            self.left_out += 1;
            if !described.is_empty() {
                self.characters(&format!("[{described}]"), line);
            }
            return;
        };
        let size = |key: &str| {
            let value = content[0][2].as_array()?.iter().find(|pair| pair[0] == key)?[1].as_str()?;
            pixels(value)
        };
        let (natural_width, natural_height) = (f64::from(shown.width), f64::from(shown.height));
        let (width, height) = match (size("width"), size("height")) {
            (Some(width), Some(height)) => (width, height),
            (Some(width), None) => (width, width * natural_height / natural_width),
            (None, Some(height)) => (height * natural_width / natural_height, height),
            (None, None) => (natural_width, natural_height),
        };
        let scale = (TEXT_WIDTH_PX / width).min(1.0);
        let (width, height) = ((width * scale).round().max(1.0), (height * scale).round().max(1.0));
        line.pictures += 1;
        line.block(format!(
            "<img src=\"{}\" alt=\"{}\" width=\"{width}\" height=\"{height}\">",
            shown.url,
            escape(&described)
        ));
    }

    fn note(&mut self, content: &Value, line: &mut Line, depth: usize) {
        // A note inside a note has no place of its own.
        if self.in_note {
            return;
        }
        self.in_note = true;
        let look = mem::take(&mut self.look);
        let told = mem::take(&mut self.told);
        let mut inner = Line::default();
        for block in content.as_array().into_iter().flatten() {
            if matches!(block["t"].as_str(), Some("Para" | "Plain")) {
                self.inlines(&block["c"], &mut inner, depth + 1);
                inner.text.push(' ');
            }
        }
        self.in_note = false;
        (self.look, self.told) = (look, told);
        self.footnotes.push(inner.text.trim().to_owned());
        let _ = write!(line.text, "<sup>[{}]</sup>", self.footnotes.len());
    }
}

const PAGE_BREAK: &str = "<div data-page-break></div>";

impl Line {
    fn open(&mut self, open: String, close: &'static str) {
        self.text.push_str(&open);
        self.open.push((open, close));
    }

    fn close(&mut self) {
        if let Some((_, close)) = self.open.pop() {
            self.text.push_str(close);
        }
    }

    /// Puts a block between what was written and what follows.
    fn block(&mut self, block: String) {
        for (_, close) in self.open.iter().rev() {
            self.text.push_str(close);
        }
        self.parts.push(Part::Text(mem::take(&mut self.text)));
        self.parts.push(Part::Block(block));
        self.text = self.open.iter().map(|(open, _)| open.as_str()).collect();
    }
}

/// Widths in twentieths of a point, in pixels, no wider than a page.
fn fitting(widths: &str) -> Vec<i64> {
    let widths: Vec<f64> =
        widths.split(',').filter_map(|width| width.parse::<f64>().ok()).map(|width| width / 15.0).collect();
    let scale = (TEXT_WIDTH_PX * 1.1 / widths.iter().sum::<f64>().max(1.0)).min(1.0);
    widths.into_iter().map(|width| (width * scale).round() as i64).collect()
}

/// Whether HTML of a line shows anything.
fn has_text(html: &str) -> bool {
    html.contains("<br>") || !plain_text(html).is_empty()
}

/// The text of HTML written here.
fn plain_text(html: &str) -> String {
    let mut out = String::new();
    for piece in html.split('<') {
        out.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&").trim().to_owned()
}

/// A length as pandoc writes it, in pixels.
fn pixels(value: &str) -> Option<f64> {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = value[..value.len() - unit.len()].parse().ok()?;
    let pixels = match unit {
        "in" => number * 96.0,
        "cm" => number * 96.0 / 2.54,
        "mm" => number * 96.0 / 25.4,
        "pt" => number * 96.0 / 72.0,
        "px" | "" => number,
        "%" => number / 100.0 * TEXT_WIDTH_PX,
        _ => return None,
    };
    (1.0..=20_000.0).contains(&pixels).then_some(pixels)
}

/// A property of an element's own style.
fn css(attributes: &Value, property: &str) -> Option<String> {
    let style = attributes[2].as_array()?.iter().find(|pair| pair[0] == "style")?[1].as_str()?;
    let found = style
        .split(';')
        .filter_map(|entry| entry.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case(property))?;
    Some(found.1.trim().to_owned())
}

fn span_css(attributes: &Value) -> Option<(String, Option<String>)> {
    let mut out = String::new();
    out.extend(css(attributes, "color").and_then(|value| color(&value)).map(|color| format!("color:#{color};")));
    out.extend(
        css(attributes, "font-size").and_then(|value| points(&value)).map(|size| format!("font-size:{size}pt;")),
    );
    let background =
        css(attributes, "background-color").or_else(|| css(attributes, "background")).and_then(|value| color(&value));
    (!out.is_empty() || background.is_some()).then_some((out, background))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn str(text: &str) -> Value {
        json!({ "t": "Str", "c": text })
    }

    #[test]
    fn notes_become_looks_and_are_not_seen() {
        let text = "\u{fdd0}a=center\u{fdd1}\u{fdd0}c=FF0000;s=32\u{fdd1}红头\u{fdd0}/\u{fdd1}文件";
        let tree = json!({ "blocks": [{ "t": "Para", "c": [str(text)] }] });
        let (html, _) = write(&tree, true, &Media::default());
        assert_eq!(
            html,
            "<p style=\"text-align:center\"><span style=\"color:#ff0000;font-size:16pt\">红头</span>文件</p>"
        );
    }

    #[test]
    fn pictures_leave_the_line_and_unknown_ones_leave_their_words() {
        let image = |name: &str| json!({ "t": "Image", "c": [["", [], []], [str("图")], [name, ""]] });
        let strong = json!({ "t": "Strong", "c": [str("a"), image("media/1.png"), str("b"), image("http://x/y.png")] });
        let tree = json!({ "blocks": [{ "t": "Para", "c": [strong] }] });
        let shown = Shown { url: "data:image/png;base64,AA==".into(), width: 10, height: 5 };
        let (html, left_out) = write(&tree, false, &Media::from([("media/1.png".to_owned(), shown)]));
        assert_eq!(
            html,
            "<p><strong>a</strong></p><img src=\"data:image/png;base64,AA==\" alt=\"图\" width=\"10\" height=\"5\"><p><strong>b[图]</strong></p>"
        );
        assert_eq!(left_out, 1);
    }

    #[test]
    fn nothing_runs_and_nothing_is_fetched() {
        let tree = json!({ "blocks": [
            { "t": "RawBlock", "c": ["html", "<script>alert(1)</script>"] },
            { "t": "Para", "c": [{ "t": "Link", "c": [["", [], []], [str("<b>")], ["javascript:alert(1)", ""]] }] },
        ] });
        assert_eq!(write(&tree, false, &Media::default()).0, "<p>&lt;b&gt;</p>");
    }
}
