//! What does a page consist of? Its nodes as a plain tree, read once from the Yjs document for all that is made of it.

use yrs::{
    Any, Out, ReadTxn, Text, Xml, XmlElementRef, XmlFragment, XmlFragmentRef, XmlOut, XmlTextRef,
    types::{Attrs, text::YChange},
};

/// Nodes inside each other beyond this are left out: no reader of what we make gets that deep.
const MAX_DEPTH: usize = 200;

/// A node of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A node with a name.
    Element(Element),
    /// Characters that look alike.
    Run(Run),
}

/// A node with a name, attributes and children.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// The name in the editor's schema.
    pub tag: String,
    attributes: Vec<(String, Any)>,
    /// What is inside.
    pub children: Vec<Node>,
}

/// Characters with marks.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The characters.
    pub text: String,
    /// Known and unknown marks, by name.
    pub marks: Vec<(String, Any)>,
}

/// Reads a body.
pub fn read(tx: &impl ReadTxn, body: &XmlFragmentRef) -> Vec<Node> {
    children(tx, body, 0)
}

fn children(tx: &impl ReadTxn, parent: &impl XmlFragment, depth: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    if depth < MAX_DEPTH {
        for child in parent.children(tx) {
            match child {
                XmlOut::Element(element) => nodes.extend(read_element(tx, &element, depth)),
                XmlOut::Text(text) => read_text(tx, &text, depth, &mut nodes),
                XmlOut::Fragment(fragment) => nodes.extend(children(tx, &fragment, depth + 1)),
            }
        }
    }
    nodes
}

fn read_element(tx: &impl ReadTxn, element: &XmlElementRef, depth: usize) -> Option<Node> {
    let mut attributes: Vec<(String, Any)> = element
        .attributes(tx)
        .filter_map(|(name, value)| match value {
            Out::Any(value) => Some((name.to_owned(), value)),
            _ => None,
        })
        .collect();
    // A map's order is not that of another process: what is made of a page must not depend on it.
    attributes.sort_by(|a, b| a.0.cmp(&b.0));
    Some(Node::Element(Element {
        tag: element.try_tag()?.to_string(),
        attributes,
        children: children(tx, element, depth + 1),
    }))
}

fn read_text(tx: &impl ReadTxn, text: &XmlTextRef, depth: usize, nodes: &mut Vec<Node>) {
    for piece in text.diff(tx, YChange::identity) {
        match piece.insert {
            Out::Any(Any::String(string)) => {
                let marks = piece.attributes.as_deref().map(marks).unwrap_or_default();
                nodes.push(Node::Run(Run { text: string.to_string(), marks }));
            }
            Out::YXmlElement(element) => nodes.extend(read_element(tx, &element, depth + 1)),
            _ => {}
        }
    }
}

fn marks(attributes: &Attrs) -> Vec<(String, Any)> {
    let mut marks: Vec<(String, Any)> = attributes
        .iter()
        .filter(|(_, value)| !matches!(value, Any::Null | Any::Undefined | Any::Bool(false)))
        // Marks that overlap themselves are named `mark--hash`.
        .map(|(name, value)| (name.split_once("--").map_or(&**name, |(name, _)| name).to_owned(), value.clone()))
        .collect();
    marks.sort_by(|a, b| a.0.cmp(&b.0));
    marks
}

/// A value as text.
pub fn text_of(value: &Any) -> Option<String> {
    match value {
        Any::String(text) => Some(text.to_string()),
        Any::Bool(_) | Any::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

impl Element {
    /// An attribute as text.
    pub fn text(&self, name: &str) -> Option<String> {
        text_of(self.value(name)?)
    }

    /// An attribute as a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        let value = self.text(name)?.parse::<f64>().ok()?;
        value.is_finite().then_some(value as i64)
    }

    /// An attribute as it is.
    pub fn value(&self, name: &str) -> Option<&Any> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The elements among the children.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Run(_) => None,
        })
    }

    /// Level of a heading.
    pub fn level(&self) -> u8 {
        self.number("level")
            .and_then(|level| u8::try_from(level).ok())
            .filter(|level| (1..=6).contains(level))
            .unwrap_or(1)
    }

    /// `left`, `center`, `right` or `justify`.
    pub fn alignment(&self, name: &str) -> Option<&'static str> {
        let value = self.text(name)?;
        ["left", "center", "right", "justify"].into_iter().find(|known| *known == value)
    }

    /// Steps of indentation, at most 8.
    pub fn indent(&self) -> i64 {
        self.number("indent").unwrap_or(0).clamp(0, 8)
    }

    /// Columns and rows of a cell.
    pub fn spans(&self) -> (usize, usize) {
        let span = |name| self.number(name).and_then(|span| usize::try_from(span).ok()).unwrap_or(1).clamp(1, 1000);
        (span("colspan"), span("rowspan"))
    }

    /// Widths of a cell's columns in pixels; 0 where unknown.
    pub fn column_widths(&self) -> Vec<i64> {
        let columns = self.spans().0;
        let mut widths: Vec<i64> = match self.value("colwidth") {
            Some(Any::Array(widths)) => widths
                .iter()
                .map(|width| text_of(width).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) as i64)
                .collect(),
            Some(value) => text_of(value)
                .into_iter()
                .flat_map(|text| text.split(',').map(|width| width.trim().parse().unwrap_or(0)).collect::<Vec<_>>())
                .collect(),
            None => Vec::new(),
        };
        widths.resize(columns, 0);
        widths
    }

    /// The document that an image shows, when it shows one.
    pub fn picture(&self) -> Option<String> {
        let src = self.text("src")?;
        let id = src.strip_prefix("/api/v1/documents/")?.strip_suffix("/content")?;
        (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')).then(|| id.to_owned())
    }
}

impl Run {
    /// A mark's value.
    pub fn mark(&self, name: &str) -> Option<&Any> {
        self.marks.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// An attribute of a mark, as text.
    pub fn attribute(&self, mark: &str, name: &str) -> Option<String> {
        match self.mark(mark)? {
            Any::Map(map) => text_of(map.get(name)?),
            _ => None,
        }
    }
}

/// A colour as six hexadecimal digits; `None` for anything else, which then has no colour.
pub fn color(value: &str) -> Option<String> {
    let value = value.trim().to_ascii_lowercase();
    if let Some(hex) = value.strip_prefix('#').filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return match hex.len() {
            3 => Some(hex.chars().flat_map(|digit| [digit, digit]).collect()),
            6 | 8 => Some(hex[..6].to_owned()),
            _ => None,
        };
    }
    if let Some(parts) =
        value.strip_prefix("rgb(").or(value.strip_prefix("rgba(")).and_then(|rest| rest.strip_suffix(')'))
    {
        let parts: Vec<u8> = parts
            .split([',', ' ', '/'])
            .filter(|part| !part.is_empty())
            .take(3)
            .map_while(|part| part.parse().ok())
            .collect();
        return (parts.len() == 3).then(|| parts.iter().map(|part| format!("{part:02x}")).collect());
    }
    let named = [
        ("black", "000000"),
        ("white", "ffffff"),
        ("red", "ff0000"),
        ("green", "008000"),
        ("blue", "0000ff"),
        ("yellow", "ffff00"),
        ("orange", "ffa500"),
        ("purple", "800080"),
        ("gray", "808080"),
        ("grey", "808080"),
        ("cyan", "00ffff"),
        ("magenta", "ff00ff"),
        ("lime", "00ff00"),
        ("navy", "000080"),
        ("teal", "008080"),
        ("maroon", "800000"),
        ("olive", "808000"),
        ("silver", "c0c0c0"),
    ];
    named.into_iter().find(|(name, _)| *name == value).map(|(_, hex)| hex.to_owned())
}

/// A size in points.
pub fn points(value: &str) -> Option<f64> {
    let value = value.trim();
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = value[..value.len() - unit.len()].parse().ok()?;
    let points = match unit {
        "pt" => number,
        "px" | "" => number * 0.75,
        "em" | "rem" => number * 12.0,
        "%" => number * 0.12,
        _ => return None,
    };
    (1.0..=400.0).contains(&points).then_some(points)
}

/// A font's name without anything that could end a quotation.
pub fn font(value: &str) -> Option<String> {
    let first = value.split(',').next()?.trim().trim_matches(['"', '\'']);
    let fine = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-');
    (!first.is_empty() && first.chars().count() <= 60 && first.chars().all(fine)).then(|| first.to_owned())
}

/// An address that may be followed out of a file.
pub fn link(href: &str) -> Option<&str> {
    let lower = href.trim_start().to_ascii_lowercase();
    ["http://", "https://", "mailto:", "tel:"].iter().any(|start| lower.starts_with(start)).then_some(href.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_sizes_are_read_or_left_out() {
        assert_eq!(color("#F0c").as_deref(), Some("ff00cc"));
        assert_eq!(color("rgb(1, 2, 255)").as_deref(), Some("0102ff"));
        assert_eq!(color("red;background:url(x)"), None);
        assert_eq!(points("16px"), Some(12.0));
        assert_eq!(points("22pt"), Some(22.0));
        assert_eq!(points("expression(1)"), None);
        assert_eq!(font("\"仿宋_GB2312\", serif").as_deref(), Some("仿宋_GB2312"));
        assert_eq!(font("x;} body{"), None);
        assert_eq!(link("javascript:alert(1)"), None);
    }
}
