//! How does a page look without its editor? Its nodes as plain HTML: known nodes and marks only, everything escaped.

use std::fmt::Write;

use yrs::{
    Any, Out, ReadTxn, Text, Xml, XmlElementRef, XmlFragment, XmlFragmentRef, XmlOut, XmlTextRef,
    types::{Attrs, text::YChange},
};

/// The HTML of a body.
pub fn render(tx: &impl ReadTxn, body: &XmlFragmentRef) -> String {
    let mut out = String::new();
    body.children(tx).for_each(|node| node_html(tx, &node, &mut out));
    out
}

/// An attribute as text.
pub fn attribute(tx: &impl ReadTxn, element: &XmlElementRef, name: &str) -> Option<String> {
    match element.get_attribute(tx, name)? {
        Out::Any(Any::String(text)) => Some(text.to_string()),
        Out::Any(Any::Null | Any::Undefined) => None,
        Out::Any(value @ (Any::Bool(_) | Any::Number(_))) => Some(value.to_string()),
        _ => None,
    }
}

fn node_html(tx: &impl ReadTxn, node: &XmlOut, out: &mut String) {
    match node {
        XmlOut::Element(element) => element_html(tx, element, out),
        XmlOut::Text(text) => text_html(tx, text, out),
        XmlOut::Fragment(fragment) => fragment.children(tx).for_each(|child| node_html(tx, &child, out)),
    }
}

fn element_html(tx: &impl ReadTxn, element: &XmlElementRef, out: &mut String) {
    let Some(tag) = element.try_tag() else { return };
    let (open, close) = match &**tag {
        "paragraph" => (format!("<p{}>", alignment(tx, element)), "</p>".into()),
        "heading" => {
            let level = attribute(tx, element, "level").and_then(|level| level.parse().ok()).unwrap_or(1);
            let level: u8 = if (1..=6).contains(&level) { level } else { 1 };
            (format!("<h{level}{}>", alignment(tx, element)), format!("</h{level}>"))
        }
        "bulletList" | "taskList" => ("<ul>".into(), "</ul>".into()),
        "orderedList" => {
            let start = attribute(tx, element, "start").and_then(|start| start.parse::<i32>().ok());
            (start.map_or("<ol>".into(), |start| format!("<ol start=\"{start}\">")), "</ol>".into())
        }
        "listItem" => ("<li>".into(), "</li>".into()),
        "taskItem" => {
            let done = attribute(tx, element, "checked").as_deref() == Some("true");
            (format!("<li>{} ", if done { '☑' } else { '☐' }), "</li>".into())
        }
        "table" => ("<table border=\"1\"><tbody>".into(), "</tbody></table>".into()),
        "tableRow" => ("<tr>".into(), "</tr>".into()),
        "tableHeader" => (format!("<th{}>", spans(tx, element)), "</th>".into()),
        "tableCell" => (format!("<td{}>", spans(tx, element)), "</td>".into()),
        "blockquote" => ("<blockquote>".into(), "</blockquote>".into()),
        "codeBlock" => ("<pre><code>".into(), "</code></pre>".into()),
        "horizontalRule" => ("<hr>".into(), String::new()),
        "hardBreak" => ("<br>".into(), String::new()),
        "image" => (image(tx, element), String::new()),
        // A node of a newer client: its content is shown, its look is not known.
        _ => (String::new(), String::new()),
    };
    out.push_str(&open);
    element.children(tx).for_each(|child| node_html(tx, &child, out));
    out.push_str(&close);
}

fn alignment(tx: &impl ReadTxn, element: &XmlElementRef) -> String {
    match attribute(tx, element, "textAlign").as_deref() {
        Some(side @ ("left" | "center" | "right" | "justify")) => format!(" style=\"text-align:{side}\""),
        _ => String::new(),
    }
}

fn spans(tx: &impl ReadTxn, element: &XmlElementRef) -> String {
    let mut out = String::new();
    for name in ["colspan", "rowspan"] {
        let span = attribute(tx, element, name).and_then(|span| span.parse::<u16>().ok());
        if let Some(span) = span.filter(|span| (2..=1000).contains(span)) {
            let _ = write!(out, " {name}=\"{span}\"");
        }
    }
    out
}

/// Only pictures that are in the page itself: nothing is fetched when it is shown.
fn image(tx: &impl ReadTxn, element: &XmlElementRef) -> String {
    let alt = escape(&attribute(tx, element, "alt").unwrap_or_default());
    match attribute(tx, element, "src") {
        Some(src) if is_picture(&src) => format!("<img src=\"{}\" alt=\"{alt}\">", escape(&src)),
        _ if alt.is_empty() => String::new(),
        _ => format!("[{alt}]"),
    }
}

fn is_picture(src: &str) -> bool {
    let data = src.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
    data.is_some_and(|(kind, data)| {
        matches!(kind, "png" | "jpeg" | "gif" | "webp")
            && data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
    })
}

fn text_html(tx: &impl ReadTxn, text: &XmlTextRef, out: &mut String) {
    for piece in text.diff(tx, YChange::identity) {
        match piece.insert {
            Out::Any(Any::String(string)) => {
                let marks = piece.attributes.as_deref().map(marks).unwrap_or_default();
                marks.iter().for_each(|(open, _)| out.push_str(open));
                out.push_str(&escape(&string));
                marks.iter().rev().for_each(|(_, close)| out.push_str(close));
            }
            Out::YXmlElement(element) => element_html(tx, &element, out),
            _ => {}
        }
    }
}

/// Opening and closing tags of a run's marks, always in the same order.
fn marks(attributes: &Attrs) -> Vec<(String, &'static str)> {
    let mut known: Vec<(&str, &Any)> = attributes
        .iter()
        .filter(|(_, value)| !matches!(value, Any::Null | Any::Undefined | Any::Bool(false)))
        // Marks that overlap themselves are named `mark--hash`.
        .map(|(name, value)| (name.split_once("--").map_or(&**name, |(name, _)| name), value))
        .collect();
    known.sort_by(|a, b| a.0.cmp(b.0));
    known.into_iter().filter_map(|(name, value)| mark(name, value)).collect()
}

fn mark(name: &str, value: &Any) -> Option<(String, &'static str)> {
    Some(match name {
        "bold" => ("<strong>".into(), "</strong>"),
        "italic" => ("<em>".into(), "</em>"),
        "strike" => ("<s>".into(), "</s>"),
        "underline" => ("<u>".into(), "</u>"),
        "code" => ("<code>".into(), "</code>"),
        "highlight" => ("<mark>".into(), "</mark>"),
        "subscript" => ("<sub>".into(), "</sub>"),
        "superscript" => ("<sup>".into(), "</sup>"),
        "link" => {
            let Any::Map(map) = value else { return None };
            let Some(Any::String(href)) = map.get("href") else { return None };
            let safe = ["http://", "https://", "mailto:", "/", "#"].iter().any(|start| href.starts_with(start));
            (if safe { format!("<a href=\"{}\">", escape(href)) } else { "<a>".into() }, "</a>")
        }
        _ => return None,
    })
}

fn escape(text: &str) -> String {
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
