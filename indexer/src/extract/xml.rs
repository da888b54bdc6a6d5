//! How is XML from strangers walked?
//!
//! Element by element, without recursion. Entities that a document defines for itself are never expanded and external
//! ones never read: only the five of XML and numbered characters mean anything.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;

use super::{ExtractError, Result, encoding};

/// One step of a walk; names are without their prefix.
pub enum Node<'a> {
    /// A start tag. An empty element is followed by its own [`Node::End`].
    Start(Element<'a>),
    /// Text, with entities resolved; one run may come in several pieces.
    Text(&'a str),
    /// An end tag.
    End(&'a str),
}

/// A start tag.
pub struct Element<'a> {
    /// Name without prefix.
    pub name: &'a str,
    tag: &'a BytesStart<'a>,
}

impl Element<'_> {
    /// Returns the value of the attribute of this name, whatever its prefix.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.find(|attribute| attribute.local_name().as_ref() == name)
    }

    /// Returns the value of the attribute of this full name, prefix included.
    pub fn qualified_attribute(&self, name: &str) -> Option<String> {
        self.find(|attribute| attribute.as_ref() == name)
    }

    fn find(&self, is_wanted: impl Fn(QName) -> bool) -> Option<String> {
        let attribute =
            self.tag.attributes().with_checks(false).flatten().find(|attribute| is_wanted(attribute.key))?;
        // A value with entities that mean nothing stays as it is written.
        Some(unescape(&attribute.value).unwrap_or(Cow::Borrowed(&attribute.value)).into_owned())
    }
}

/// Decodes an XML part by its byte order mark or declaration.
pub fn decode(bytes: Vec<u8>) -> String {
    let is_utf8 = !bytes.starts_with(&[0xef, 0xbb, 0xbf])
        && !bytes.starts_with(&[0xff, 0xfe])
        && !bytes.starts_with(&[0xfe, 0xff]);
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if is_utf8 && !text.contains('\0') => return text,
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let declared = declared_encoding(&bytes[..bytes.len().min(200)]);
    encoding::decode(&bytes, declared.as_deref()).text
}

fn declared_encoding(head: &[u8]) -> Option<String> {
    let head: String = head.iter().map(|byte| char::from(*byte)).collect();
    let value =
        head.strip_prefix("<?xml")?.split("?>").next()?.split("encoding").nth(1)?.trim_start_matches([' ', '=']);
    let quote = value.chars().next()?;
    Some(value[1..].split(quote).next()?.to_owned())
}

/// Walks `xml`, telling `visit` every element and text. A document that is not well-formed ends as damaged.
pub fn walk(xml: &str, mut visit: impl FnMut(Node)) -> Result<()> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().map_err(ExtractError::damaged)? {
            Event::Start(tag) => visit(Node::Start(Element { name: tag.local_name().as_ref(), tag: &tag })),
            Event::Empty(tag) => {
                visit(Node::Start(Element { name: tag.local_name().as_ref(), tag: &tag }));
                visit(Node::End(tag.local_name().as_ref()));
            }
            Event::End(tag) => visit(Node::End(tag.local_name().as_ref())),
            Event::Text(text) => visit(Node::Text(&text)),
            Event::CData(text) => visit(Node::Text(&text)),
            Event::GeneralRef(reference) => {
                if let Some(character) = resolve(&reference) {
                    visit(Node::Text(character.encode_utf8(&mut [0; 4])));
                }
            }
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn resolve(reference: &quick_xml::events::BytesRef) -> Option<char> {
    match reference.as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

/// Returns the text of the first element of this name, trimmed; `None` when it is absent or blank.
pub fn first_text(xml: &str, name: &str) -> Option<String> {
    let (mut depth, mut is_done, mut text) = (0usize, false, String::new());
    let outcome = walk(xml, |node| match node {
        Node::Start(element) if !is_done && element.name == name => depth += 1,
        Node::End(end) if depth > 0 && end == name => {
            depth -= 1;
            is_done = depth == 0;
        }
        Node::Text(piece) if depth > 0 && text.len() < 4096 => text.push_str(piece),
        _ => {}
    });
    let text = text.trim();
    (outcome.is_ok() && !text.is_empty()).then(|| super::sink::clean(text, 4096).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(xml: &str) -> Result<String> {
        let mut text = String::new();
        walk(xml, |node| {
            if let Node::Text(piece) = node {
                text.push_str(piece);
            }
        })?;
        Ok(text)
    }

    #[test]
    fn only_known_entities_mean_something() {
        let xml = r#"<!DOCTYPE a [<!ENTITY b "boom"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>1 &lt; 2 &amp;&#x4e2d;&b;&c;</a>"#;
        assert_eq!(text_of(xml).unwrap(), "1 < 2 &中");
    }

    #[test]
    fn broken_xml_is_damage() {
        assert_eq!(text_of("<a><b></a>").unwrap_err().code(), "document_damaged");
    }

    #[test]
    fn declared_encodings_are_followed() {
        let text = "<?xml version=\"1.0\" encoding=\"GBK\"?><a>档案管理</a>";
        assert_eq!(decode(encoding_rs::GBK.encode(text).0.into_owned()), text);
        assert_eq!(decode([b"\xef\xbb\xbf".as_slice(), "<a>文</a>".as_bytes()].concat()), "<a>文</a>");
    }
}
