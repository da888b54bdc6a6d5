//! How does a page become the body of a Word file?
//!
//! Written from the page's nodes directly: the ways through HTML (pandoc, LibreOffice) were tried and lose colours,
//! alignment, named styles, widths of columns or proposed changes. Word, WPS and LibreOffice read what is written here as
//! their own: real styles, lists that count, merged cells, tracked changes.

use std::{borrow::Cow, fmt::Write};

use super::{
    docx_styles::{self, Counting, HEADER_COLOR, LIST_STEP, List},
    pictures::{Picture, Pictures},
    room_html::{escape, header_rows, table_widths},
    room_tree::{Element, Node, Run, color, font, link, points},
};

/// Twentieths of a point per pixel.
const TWIPS_PER_PIXEL: i64 = 15;
/// English metric units per pixel.
const EMU_PER_PIXEL: f64 = 9525.0;
/// Twentieths of a point of a step of indentation: two characters of 12 points.
const INDENT: i64 = 480;
/// The highest picture, in pixels at 96 per inch: what fits on a page of A4.
const MAX_HEIGHT: f64 = 860.0;

/// A page as parts of a Word file.
pub struct Body {
    /// `word/document.xml`.
    pub document: String,
    /// The lists, for `word/numbering.xml`.
    pub lists: Vec<List>,
    /// Addresses that the text links to; relation `link1` and so on.
    pub links: Vec<String>,
    /// Indices of the pictures that are shown; relation `picture0` and so on is the index.
    pub used: Vec<usize>,
    /// Whether the page is an official document.
    pub official: bool,
}

/// Writes nodes.
pub fn body(nodes: &[Node], pictures: &Pictures) -> Body {
    let official = nodes.iter().any(|node| match node {
        Node::Element(element) => element.text("styleName").is_some_and(|name| name.starts_with("official-")),
        Node::Run(_) => false,
    });
    let margins = if official { OFFICIAL_MARGINS } else { MARGINS };
    let mut writer = Writer {
        pictures,
        out: String::new(),
        lists: Vec::new(),
        links: Vec::new(),
        used: Vec::new(),
        changes: 0,
        drawings: 0,
        width: PAGE_WIDTH - margins.left - margins.right,
    };
    writer.blocks(nodes, &Place::default());
    if writer.out.is_empty() {
        writer.out.push_str("<w:p/>");
    }
    let section = format!(
        "<w:sectPr><w:footerReference w:type=\"default\" r:id=\"footer\"/><w:pgSz w:w=\"{PAGE_WIDTH}\" w:h=\"16838\"/>\
         <w:pgMar w:top=\"{}\" w:right=\"{}\" w:bottom=\"{}\" w:left=\"{}\" w:header=\"851\" w:footer=\"{}\" w:gutter=\"0\"/></w:sectPr>",
        margins.top, margins.right, margins.bottom, margins.left, margins.footer
    );
    let document = format!("{DOCUMENT}<w:body>{}{section}</w:body></w:document>", writer.out);
    Body { document, lists: writer.lists, links: writer.links, used: writer.used, official }
}

const DOCUMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:document \
    xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
    xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
    xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
    xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\">";

/// A4, in twentieths of a point.
const PAGE_WIDTH: i64 = 11906;

struct Margins {
    top: i64,
    right: i64,
    bottom: i64,
    left: i64,
    footer: i64,
}

/// Word's own for Chinese.
const MARGINS: Margins = Margins { top: 1440, right: 1800, bottom: 1440, left: 1800, footer: 992 };
/// GB/T 9704: 37 mm above, 28 mm at the binding, a type area of 156 by 225 mm.
const OFFICIAL_MARGINS: Margins = Margins { top: 2098, right: 1474, bottom: 1984, left: 1588, footer: 1361 };

/// Where a block stands.
#[derive(Clone, Default)]
struct Place {
    /// Lists around it.
    depth: usize,
    /// Its list, when its first paragraph is to have the number.
    number: Option<usize>,
    /// A box before the text.
    task: Option<char>,
    /// Whether it stands in a cell; a header's is bold.
    cell: Option<bool>,
    /// Whether it is quoted.
    quoted: bool,
}

struct Writer<'a> {
    pictures: &'a Pictures,
    out: String,
    lists: Vec<List>,
    links: Vec<String>,
    used: Vec<usize>,
    changes: usize,
    drawings: usize,
    /// Of the text, in twentieths of a point.
    width: i64,
}

impl Writer<'_> {
    fn blocks(&mut self, nodes: &[Node], place: &Place) {
        let mut place = Cow::Borrowed(place);
        for (index, node) in nodes.iter().enumerate() {
            match node {
                Node::Element(element) => self.block(element, &place),
                // Text where blocks are expected: a client broke the schema, the words are kept.
                Node::Run(_) => self.paragraph(&place, "", "", &nodes[index..=index]),
            }
            if place.number.is_some() || place.task.is_some() {
                let place = place.to_mut();
                (place.number, place.task) = (None, None);
            }
        }
    }

    fn block(&mut self, element: &Element, place: &Place) {
        match element.tag.as_str() {
            "paragraph" => {
                let style = element.text("styleName").and_then(|name| docx_styles::find(&name)).map_or("", |style| style.id);
                self.paragraph(place, style, &self.looks(element, place), &element.children);
            }
            "heading" => {
                let style = format!("Heading{}", element.level());
                self.paragraph(place, &style, &self.looks(element, place), &element.children);
            }
            "bulletList" => self.list(element, place, Counting::Bullets),
            "taskList" => self.list(element, place, Counting::Tasks),
            "orderedList" => {
                let format = docx_styles::numbering(&element.text("type").unwrap_or_default());
                let start = element.number("start").unwrap_or(1).clamp(0, 1_000_000);
                self.list(element, place, Counting::Ordered { format, start });
            }
            "blockquote" => self.blocks(&element.children, &Place { quoted: true, ..place.clone() }),
            "codeBlock" => self.paragraph(place, "SourceCode", "", &element.children),
            "table" => self.table(element, place),
            "horizontalRule" => self.out.push_str(
                "<w:p><w:pPr><w:pBdr><w:bottom w:val=\"single\" w:sz=\"6\" w:space=\"1\" w:color=\"8F959E\"/></w:pBdr></w:pPr></w:p>",
            ),
            "pageBreak" => self.out.push_str("<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>"),
            "image" => {
                let side = element.alignment("align").map(justification).unwrap_or_default();
                self.paragraph(place, "", &side, &[Node::Element(element.clone())]);
            }
            "hardBreak" | "mention" => self.paragraph(place, "", "", &[Node::Element(element.clone())]),
            // A node of a newer client: what it contains is kept.
            _ => self.blocks(&element.children, place),
        }
    }

    fn looks(&self, element: &Element, place: &Place) -> String {
        let mut out = String::new();
        if element.indent() > 0 {
            let left = element.indent() * INDENT + place.depth as i64 * LIST_STEP;
            let _ = write!(out, "<w:ind w:left=\"{left}\"/>");
        }
        out + &element.alignment("textAlign").map(justification).unwrap_or_default()
    }

    /// Writes a paragraph; `looks` are its own `w:ind` and `w:jc`.
    fn paragraph(&mut self, place: &Place, style: &str, looks: &str, inline: &[Node]) {
        let style = match (style, place.quoted, place.cell) {
            ("", true, _) => "Quote",
            ("", _, Some(true)) => "TableHead",
            ("", _, Some(false)) => "TableText",
            (style, ..) => style,
        };
        self.out.push_str("<w:p><w:pPr>");
        if !style.is_empty() {
            let _ = write!(self.out, "<w:pStyle w:val=\"{style}\"/>");
        }
        if let Some(list) = place.number {
            let level = place.depth.saturating_sub(1).min(8);
            let _ = write!(self.out, "<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{list}\"/></w:numPr>");
        } else if place.depth > 0 && !looks.contains("<w:ind") {
            // A further paragraph of an item stands below the first one's text.
            let _ = write!(self.out, "<w:ind w:left=\"{}\"/>", place.depth as i64 * LIST_STEP);
        }
        let _ = write!(self.out, "{looks}</w:pPr>");
        if let Some(sign) = place.task {
            let _ = write!(self.out, "<w:r><w:t xml:space=\"preserve\">{sign} </w:t></w:r>");
        }
        self.inline(inline);
        self.out.push_str("</w:p>");
    }

    fn list(&mut self, element: &Element, place: &Place, counting: Counting) {
        self.lists.push(List { counting, level: place.depth });
        let number = self.lists.len();
        for item in element.elements() {
            let task = (item.tag == "taskItem" || counting == Counting::Tasks)
                .then(|| if item.text("checked").as_deref() == Some("true") { '☑' } else { '☐' });
            let inner = Place { depth: place.depth + 1, number: Some(number), task, ..place.clone() };
            match item.tag.as_str() {
                "listItem" | "taskItem" => self.blocks(&item.children, &inner),
                _ => self.block(item, &inner),
            }
        }
    }

    fn table(&mut self, element: &Element, place: &Place) {
        let rows: Vec<&Element> = element.elements().filter(|row| row.tag == "tableRow").collect();
        let columns =
            rows.iter().map(|row| row.elements().map(|cell| cell.spans().0).sum::<usize>()).max().unwrap_or(0);
        // A cell from above may make a later row wider than its own cells say.
        let columns = columns.clamp(1, 63);
        let available = self.width - place.depth as i64 * LIST_STEP;
        let widths = column_widths(&table_widths(&rows), columns, available);
        let total: i64 = widths.iter().sum();
        let _ = write!(
            self.out,
            "<w:tbl><w:tblPr><w:tblStyle w:val=\"TableGrid\"/><w:tblW w:w=\"{total}\" w:type=\"dxa\"/>{}<w:tblLayout w:type=\"fixed\"/><w:tblLook w:val=\"0420\" w:firstRow=\"1\" w:lastRow=\"0\" w:firstColumn=\"0\" w:lastColumn=\"0\" w:noHBand=\"0\" w:noVBand=\"1\"/></w:tblPr><w:tblGrid>",
            if place.depth > 0 {
                format!("<w:tblInd w:w=\"{}\" w:type=\"dxa\"/>", place.depth as i64 * LIST_STEP)
            } else {
                String::new()
            }
        );
        for width in &widths {
            let _ = write!(self.out, "<w:gridCol w:w=\"{width}\"/>");
        }
        self.out.push_str("</w:tblGrid>");
        let heads = header_rows(&rows);
        // For each column: how many rows a cell from above still reaches, and how many columns it has.
        let mut reaching: Vec<(usize, usize)> = vec![(0, 0); columns];
        for (index, row) in rows.iter().enumerate() {
            self.out.push_str("<w:tr>");
            if index < heads {
                self.out.push_str("<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
            }
            self.row(row, &widths, &mut reaching);
            self.out.push_str("</w:tr>");
        }
        if rows.is_empty() {
            self.out.push_str("<w:tr><w:tc><w:p/></w:tc></w:tr>");
        }
        self.out.push_str("</w:tbl>");
        // Two tables in a row would become one.
        self.out.push_str(
            "<w:p><w:pPr><w:spacing w:before=\"0\" w:after=\"0\" w:line=\"120\" w:lineRule=\"exact\"/></w:pPr></w:p>",
        );
    }

    fn row(&mut self, row: &Element, widths: &[i64], reaching: &mut [(usize, usize)]) {
        let mut column = 0;
        let mut cells = row.elements().filter(|cell| matches!(cell.tag.as_str(), "tableCell" | "tableHeader"));
        let mut wrote = false;
        while column < widths.len() {
            let (rows, reach) = reaching[column];
            if rows > 0 {
                let reach = reach.clamp(1, widths.len() - column);
                self.open_cell(widths, column, reach, "<w:vMerge/>", None);
                self.out.push_str("<w:p><w:pPr><w:pStyle w:val=\"TableText\"/></w:pPr></w:p></w:tc>");
                reaching[column].0 -= 1;
                column += reach;
                wrote = true;
                continue;
            }
            let Some(cell) = cells.next() else { break };
            let (wide, high) = cell.spans();
            // A cell may not run into one that reaches down from above.
            let free = reaching[column..].iter().take_while(|(rows, _)| *rows == 0).count();
            let wide = wide.clamp(1, free);
            let merge = if high > 1 { "<w:vMerge w:val=\"restart\"/>" } else { "" };
            let is_head = cell.tag == "tableHeader";
            let background = cell.text("backgroundColor").and_then(|value| color(&value));
            let background = background.or_else(|| is_head.then(|| HEADER_COLOR.to_owned()));
            self.open_cell(widths, column, wide, merge, background.as_deref());
            let before = self.out.len();
            self.blocks(&cell.children, &Place { cell: Some(is_head), ..Place::default() });
            if self.out.len() == before {
                self.out.push_str("<w:p><w:pPr><w:pStyle w:val=\"TableText\"/></w:pPr></w:p>");
            }
            self.out.push_str("</w:tc>");
            reaching[column] = (high - 1, wide);
            column += wide;
            wrote = true;
        }
        if column < widths.len() || !wrote {
            self.open_cell(widths, column.min(widths.len() - 1), widths.len() - column.min(widths.len() - 1), "", None);
            self.out.push_str("<w:p/></w:tc>");
        }
    }

    fn open_cell(&mut self, widths: &[i64], column: usize, wide: usize, merge: &str, background: Option<&str>) {
        let width: i64 = widths[column..column + wide].iter().sum();
        let _ = write!(self.out, "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>");
        if wide > 1 {
            let _ = write!(self.out, "<w:gridSpan w:val=\"{wide}\"/>");
        }
        self.out.push_str(merge);
        if let Some(background) = background {
            let _ =
                write!(self.out, "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"{}\"/>", background.to_uppercase());
        }
        self.out.push_str("</w:tcPr>");
    }

    fn inline(&mut self, nodes: &[Node]) {
        let mut open_link: Option<String> = None;
        for node in nodes {
            let target = match node {
                Node::Run(run) => run.attribute("link", "href").and_then(|href| link(&href).map(str::to_owned)),
                Node::Element(_) => None,
            };
            if open_link != target {
                if open_link.is_some() {
                    self.out.push_str("</w:hyperlink>");
                }
                if let Some(href) = &target {
                    self.links.push(href.clone());
                    let _ = write!(self.out, "<w:hyperlink r:id=\"link{}\" w:history=\"1\">", self.links.len());
                }
                open_link = target;
            }
            match node {
                Node::Run(run) => self.run(run, open_link.is_some()),
                Node::Element(element) => self.inline_element(element),
            }
        }
        if open_link.is_some() {
            self.out.push_str("</w:hyperlink>");
        }
    }

    fn inline_element(&mut self, element: &Element) {
        match element.tag.as_str() {
            "hardBreak" => self.out.push_str("<w:r><w:br/></w:r>"),
            "pageBreak" => self.out.push_str("<w:r><w:br w:type=\"page\"/></w:r>"),
            "mention" => {
                let label = element.text("label").or(element.text("id")).unwrap_or_default();
                let _ = write!(
                    self.out,
                    "<w:r><w:rPr><w:rStyle w:val=\"Mention\"/></w:rPr><w:t>@{}</w:t></w:r>",
                    xml(&label)
                );
            }
            "image" => self.image(element),
            _ => self.inline(&element.children),
        }
    }

    fn run(&mut self, run: &Run, linked: bool) {
        let change = ["deletion", "insertion"].into_iter().find(|mark| run.mark(mark).is_some());
        let deleted = change == Some("deletion");
        if let Some(mark) = change {
            self.changes += 1;
            let author = run.attribute(mark, "name").unwrap_or_default();
            let at = run.attribute(mark, "at").and_then(|at| at.parse::<f64>().ok()).unwrap_or(0.0);
            let element = if deleted { "del" } else { "ins" };
            let _ = write!(
                self.out,
                "<w:{element} w:id=\"{}\" w:author=\"{}\" w:date=\"{}\">",
                self.changes,
                xml(&author),
                date(at)
            );
        }
        self.out.push_str("<w:r>");
        let properties = run_properties(run, linked);
        if !properties.is_empty() {
            let _ = write!(self.out, "<w:rPr>{properties}</w:rPr>");
        }
        let text = if deleted { "delText" } else { "t" };
        for (index, line) in run.text.split('\n').enumerate() {
            if index > 0 {
                self.out.push_str("<w:br/>");
            }
            for (index, part) in line.split('\t').enumerate() {
                if index > 0 {
                    self.out.push_str("<w:tab/>");
                }
                if !part.is_empty() {
                    let _ = write!(self.out, "<w:{text} xml:space=\"preserve\">{}</w:{text}>", xml(part));
                }
            }
        }
        self.out.push_str("</w:r>");
        if change.is_some() {
            self.out.push_str(if deleted { "</w:del>" } else { "</w:ins>" });
        }
    }

    fn image(&mut self, element: &Element) {
        let alt = element.text("alt").or(element.text("title")).unwrap_or_default();
        let index = element.picture().and_then(|id| self.pictures.0.iter().position(|picture| picture.id == id));
        let Some(index) = index else {
            if !alt.is_empty() {
                let _ = write!(
                    self.out,
                    "<w:r><w:rPr><w:color w:val=\"808080\"/></w:rPr><w:t xml:space=\"preserve\">[{}]</w:t></w:r>",
                    xml(&alt)
                );
            }
            return;
        };
        if !self.used.contains(&index) {
            self.used.push(index);
        }
        self.drawings += 1;
        let (width, height) = self.size(element, &self.pictures.0[index]);
        let (id, alt) = (self.drawings, xml(&alt));
        let _ = write!(
            self.out,
            "<w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent cx=\"{width}\" cy=\"{height}\"/>\
             <wp:docPr id=\"{id}\" name=\"图片 {id}\" descr=\"{alt}\"/><a:graphic><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\">\
             <pic:pic><pic:nvPicPr><pic:cNvPr id=\"{id}\" name=\"图片 {id}\" descr=\"{alt}\"/><pic:cNvPicPr/></pic:nvPicPr>\
             <pic:blipFill><a:blip r:embed=\"picture{index}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>\
             <pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr>\
             </pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
        );
    }

    /// Width and height in the file's units: as wished, but no larger than the page.
    fn size(&self, element: &Element, picture: &Picture) -> (i64, i64) {
        let natural = (f64::from(picture.width), f64::from(picture.height));
        let wish =
            |name| element.number(name).filter(|pixels| (1..=20_000).contains(pixels)).map(|pixels| pixels as f64);
        let (width, height) = match (wish("width"), wish("height")) {
            (Some(width), Some(height)) => (width, height),
            (Some(width), None) => (width, width * natural.1 / natural.0),
            (None, Some(height)) => (height * natural.0 / natural.1, height),
            (None, None) => natural,
        };
        let most = self.width as f64 / TWIPS_PER_PIXEL as f64;
        let scale = (most / width).min(MAX_HEIGHT / height).min(1.0);
        let units = |pixels: f64| ((pixels * scale * EMU_PER_PIXEL) as i64).max(1);
        (units(width), units(height))
    }
}

fn justification(side: &'static str) -> String {
    format!("<w:jc w:val=\"{}\"/>", if side == "justify" { "both" } else { side })
}

/// Widths of columns in twentieths of a point: as the page knows them, the rest shared, and no wider than the text.
fn column_widths(pixels: &[i64], columns: usize, available: i64) -> Vec<i64> {
    let known = |index: usize| {
        pixels.get(index).copied().filter(|width| *width > 0).map(|width| width.min(5000) * TWIPS_PER_PIXEL)
    };
    let taken: i64 = (0..columns).filter_map(known).sum();
    let open = (0..columns).filter(|index| known(*index).is_none()).count() as i64;
    let share = if open > 0 { ((available - taken) / open).max(600) } else { 0 };
    let widths: Vec<i64> = (0..columns).map(|index| known(index).unwrap_or(share)).collect();
    let total: i64 = widths.iter().sum();
    if total <= available {
        return widths;
    }
    widths.iter().map(|width| (width * available / total).max(100)).collect()
}

/// Properties of characters, in the order of the schema.
fn run_properties(run: &Run, linked: bool) -> String {
    let has = |name| run.mark(name).is_some();
    let style = |name| run.attribute("textStyle", name);
    let mut out = String::new();
    if has("code") {
        out.push_str("<w:rStyle w:val=\"VerbatimChar\"/>");
    } else if linked {
        out.push_str("<w:rStyle w:val=\"Hyperlink\"/>");
    }
    if let Some(family) = style("fontFamily").and_then(|value| font(&value)) {
        let family = xml(&family);
        let _ = write!(out, "<w:rFonts w:ascii=\"{family}\" w:hAnsi=\"{family}\" w:eastAsia=\"{family}\"/>");
    }
    for (mark, element) in [("bold", "<w:b/>"), ("italic", "<w:i/>"), ("strike", "<w:strike/>")] {
        if has(mark) {
            out.push_str(element);
        }
    }
    if let Some(color) = style("color").and_then(|value| color(&value)) {
        let _ = write!(out, "<w:color w:val=\"{}\"/>", color.to_uppercase());
    }
    if let Some(size) = style("fontSize").and_then(|value| points(&value)) {
        let half = (size * 2.0).round() as i64;
        let _ = write!(out, "<w:sz w:val=\"{half}\"/><w:szCs w:val=\"{half}\"/>");
    }
    if has("underline") {
        out.push_str("<w:u w:val=\"single\"/>");
    }
    if has("highlight") {
        let color =
            run.attribute("highlight", "color").and_then(|value| color(&value)).unwrap_or_else(|| "fff3a3".into());
        let _ = write!(out, "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"{}\"/>", color.to_uppercase());
    }
    if has("superscript") || has("subscript") {
        let side = if has("superscript") { "superscript" } else { "subscript" };
        let _ = write!(out, "<w:vertAlign w:val=\"{side}\"/>");
    }
    out
}

/// Text for XML: without the characters that it cannot contain.
pub fn xml(text: &str) -> String {
    let allowed = |c: &char| (*c >= ' ' || matches!(c, '\t' | '\n' | '\r')) && !matches!(c, '\u{fffe}' | '\u{ffff}');
    escape(&text.chars().filter(allowed).collect::<String>())
}

/// A moment in milliseconds as the format writes it; civil-from-days as Howard Hinnant gives it.
fn date(at_ms: f64) -> String {
    let seconds = (at_ms / 1000.0).clamp(0.0, 4_102_444_800.0) as i64;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates() {
        assert_eq!(date(0.0), "1970-01-01T00:00:00Z");
        assert_eq!(date(1_709_210_096_000.0), "2024-02-29T12:34:56Z");
    }

    #[test]
    fn columns_fit_the_page() {
        assert_eq!(column_widths(&[100, 0], 2, 8306), [1500, 6806]);
        let wide = column_widths(&[2000, 2000, 0], 3, 8306);
        assert!(wide.iter().sum::<i64>() < 8406, "{wide:?}");
        assert_eq!(column_widths(&[], 2, 8306), [4153, 4153]);
    }
}
