//! What do the bodies of WebDAV say? Small XML documents with namespaces; nothing is fetched and no entity is expanded.

use std::{borrow::Cow, collections::BTreeMap};

use quick_xml::{
    Reader,
    escape::{escape, unescape},
    events::{BytesStart, Event},
};

use crate::error::{Error, Result};

/// The namespace of everything that RFC 4918 defines.
pub const DAV: &str = "DAV:";
/// Deepest nesting that is read.
const MAX_DEPTH: usize = 32;

/// The name of a property.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PropName {
    pub namespace: String,
    pub name: String,
}

impl PropName {
    /// A property of RFC 4918.
    pub fn dav(name: &str) -> Self {
        Self { namespace: DAV.to_owned(), name: name.to_owned() }
    }

    /// The empty element of this name.
    pub fn element(&self) -> String {
        match self.namespace.as_str() {
            DAV => format!("<D:{}/>", self.name),
            "" => format!("<{} xmlns=\"\"/>", self.name),
            other => format!("<X:{} xmlns:X=\"{}\"/>", self.name, escape(other)),
        }
    }
}

/// What a PROPFIND asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All properties that cost little, and these.
    All(Vec<PropName>),
    Names,
    These(Vec<PropName>),
}

/// One step of a PROPPATCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub name: PropName,
    /// The element; `None`: the property is to go.
    pub value: Option<String>,
}

/// What a LOCK asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockAsked {
    pub exclusive: bool,
    /// What stands in the element `owner`, as XML.
    pub owner: String,
}

/// Reads the body of a PROPFIND; none asks for everything.
pub fn read_propfind(body: &[u8]) -> Result<Asked> {
    if body.is_empty() {
        return Ok(Asked::All(Vec::new()));
    }
    let root = parse(body)?;
    root.require("propfind")?;
    let names = |element: &Element| element.children.iter().map(Element::prop_name).collect();
    let include = root.child("include").map(names).unwrap_or_default();
    if let Some(prop) = root.child("prop") {
        return Ok(Asked::These(names(prop)));
    }
    if root.child("propname").is_some() {
        return Ok(Asked::Names);
    }
    root.child("allprop").map(|_| Asked::All(include)).ok_or_else(invalid)
}

/// Reads the body of a PROPPATCH.
pub fn read_proppatch(body: &[u8]) -> Result<Vec<Change>> {
    let root = parse(body)?;
    root.require("propertyupdate")?;
    let mut changes = Vec::new();
    for step in root.children.iter().filter(|step| step.namespace == DAV) {
        let sets = match step.name.as_str() {
            "set" => true,
            "remove" => false,
            _ => continue,
        };
        for prop in step.child("prop").into_iter().flat_map(|prop| &prop.children) {
            changes.push(Change { name: prop.prop_name(), value: sets.then(|| prop.to_xml()) });
        }
    }
    if changes.is_empty() { Err(invalid()) } else { Ok(changes) }
}

/// Reads the body of a LOCK.
pub fn read_lock(body: &[u8]) -> Result<LockAsked> {
    let root = parse(body)?;
    root.require("lockinfo")?;
    let scope = root.child("lockscope").ok_or_else(invalid)?;
    let exclusive = match (scope.child("exclusive"), scope.child("shared")) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        _ => return Err(invalid()),
    };
    if root.child("locktype").and_then(|kind| kind.child("write")).is_none() {
        return Err(invalid());
    }
    let owner = root.child("owner").map(Element::to_xml).unwrap_or_default();
    Ok(LockAsked { exclusive, owner })
}

/// Text as it stands in an element.
pub fn text(text: &str) -> Cow<'_, str> {
    escape(text)
}

#[derive(Debug)]
struct Element {
    namespace: String,
    name: String,
    /// As written, with its prefix.
    qualified: String,
    /// Attributes other than declarations of namespaces, as written.
    attributes: String,
    /// Prefixes that mean something here.
    prefixes: BTreeMap<String, String>,
    language: Option<String>,
    children: Vec<Element>,
    /// Between the tags, as written.
    inner: String,
    inner_from: usize,
}

impl Element {
    fn require(&self, name: &str) -> Result<()> {
        if self.namespace == DAV && self.name == name { Ok(()) } else { Err(invalid()) }
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.namespace == DAV && child.name == name)
    }

    fn prop_name(&self) -> PropName {
        PropName { namespace: self.namespace.clone(), name: self.name.clone() }
    }

    /// The element by itself: with everything declared that it uses, prefixes as they were.
    fn to_xml(&self) -> String {
        let mut declared = String::new();
        for (prefix, namespace) in &self.prefixes {
            match prefix.as_str() {
                "" => declared.push_str(&format!(" xmlns=\"{}\"", escape(namespace))),
                prefix => declared.push_str(&format!(" xmlns:{prefix}=\"{}\"", escape(namespace))),
            }
        }
        if !self.prefixes.contains_key("") {
            declared.push_str(" xmlns=\"\"");
        }
        if let Some(language) = self.language.as_ref().filter(|_| !self.attributes.contains("xml:lang")) {
            declared.push_str(&format!(" xml:lang=\"{}\"", escape(language.as_str())));
        }
        let Self { qualified, attributes, inner, .. } = self;
        format!("<{qualified}{declared}{attributes}>{inner}</{qualified}>")
    }
}

fn parse(body: &[u8]) -> Result<Element> {
    let text = std::str::from_utf8(body).map_err(|_| invalid())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What is stored is sent to others as it is: it has to be well-formed for every parser.
    if text
        .chars()
        .any(|c| (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}'))
    {
        return Err(invalid());
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let before = reader.buffer_position() as usize;
        match reader.read_event().map_err(|_| invalid())? {
            Event::Start(tag) => {
                if open.len() >= MAX_DEPTH || root.is_some() {
                    return Err(invalid());
                }
                let mut element = begin(&tag, open.last())?;
                element.inner_from = reader.buffer_position() as usize;
                open.push(element);
            }
            Event::End(_) => {
                let mut element = open.pop().ok_or_else(invalid)?;
                element.inner = text[element.inner_from..before.max(element.inner_from)].to_owned();
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => root = Some(element),
                }
            }
            Event::GeneralRef(entity) => {
                let known = entity.is_char_ref() || matches!(&*entity, "lt" | "gt" | "amp" | "apos" | "quot");
                if !known {
                    return Err(invalid());
                }
            }
            Event::Text(piece) if piece.contains("]]>") || (open.is_empty() && !piece.trim().is_empty()) => {
                return Err(invalid());
            }
            Event::Decl(_) if before > 0 => return Err(invalid()),
            Event::PI(_) | Event::DocType(_) => return Err(invalid()),
            Event::CData(_) if open.is_empty() => return Err(invalid()),
            Event::Eof => break,
            _ => {}
        }
    }
    root.filter(|_| open.is_empty()).ok_or_else(invalid)
}

fn begin(tag: &BytesStart<'_>, parent: Option<&Element>) -> Result<Element> {
    let mut prefixes = parent.map(|parent| parent.prefixes.clone()).unwrap_or_default();
    let mut language = parent.and_then(|parent| parent.language.clone());
    let mut attributes = String::new();
    let mut used = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| invalid())?;
        let key: &str = attribute.key.as_ref();
        let value = unescape(&attribute.value).map_err(|_| invalid())?.into_owned();
        if attribute.value.contains('<') || !is_name(key) {
            return Err(invalid());
        }
        match key.split_once(':') {
            None if key == "xmlns" && value.is_empty() => drop(prefixes.remove("")),
            None if key == "xmlns" => drop(prefixes.insert(String::new(), value)),
            // A prefix cannot be taken back (Namespaces in XML 1.0).
            Some(("xmlns", _)) if value.is_empty() => return Err(invalid()),
            Some(("xmlns", prefix)) => drop(prefixes.insert(prefix.to_owned(), value)),
            other => {
                if key == "xml:lang" {
                    language = Some(value.clone());
                }
                if let Some((prefix, _)) = other.filter(|(prefix, _)| *prefix != "xml") {
                    used.push(prefix.to_owned());
                }
                attributes.push_str(&format!(" {key}=\"{}\"", escape(&value)));
            }
        }
    }
    let name = tag.name();
    let qualified: &str = name.as_ref();
    let (prefix, name) = qualified.split_once(':').unwrap_or(("", qualified));
    used.push(prefix.to_owned());
    if used.iter().any(|prefix| !prefix.is_empty() && !prefixes.contains_key(prefix)) || !is_name(qualified) {
        return Err(invalid());
    }
    Ok(Element {
        namespace: prefixes.get(prefix).cloned().unwrap_or_default(),
        name: name.to_owned(),
        qualified: qualified.to_owned(),
        attributes,
        prefixes,
        language,
        children: Vec::new(),
        inner: String::new(),
        inner_from: 0,
    })
}

/// A name, with or without a prefix.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match name.split_once(':') {
        Some((prefix, local)) => part(prefix) && part(local),
        None => part(name),
    }
}

fn invalid() -> Error {
    Error::invalid("xml_invalid", "the body is not the XML that this method takes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_questions_of_propfind() {
        assert_eq!(read_propfind(b"").unwrap(), Asked::All(vec![]));
        let these =
            br#"<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getetag/><a:x xmlns:a="urn:a"/></prop></propfind>"#;
        let x = PropName { namespace: "urn:a".into(), name: "x".into() };
        assert_eq!(read_propfind(these).unwrap(), Asked::These(vec![PropName::dav("getetag"), x.clone()]));
        assert_eq!(x.element(), r#"<X:x xmlns:X="urn:a"/>"#);
        let names = br#"<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>"#;
        assert_eq!(read_propfind(names).unwrap(), Asked::Names);
    }

    #[test]
    fn what_is_not_well_formed_or_dangerous_is_refused() {
        for body in [
            "<propfind",
            "<propfind xmlns=\"DAV:\"><allprop/>",
            "<propfind><allprop/></propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:prop><bar:foo xmlns:bar=\"\"/></D:prop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:prop><bar:foo/></D:prop></D:propfind>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind><D:propfind xmlns:D=\"DAV:\"/>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop>&xxe;</D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop>\u{1}</D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop>]]></D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop><!-- a -- b --></D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop a=\"<\"/></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop a=\"1\" a=\"2\"/></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop><a'b/></D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop><?x y?></D:allprop></D:propfind>",
        ] {
            assert!(read_propfind(body.as_bytes()).is_err(), "{body}");
        }
        let deep = format!("{}{}", "<a>".repeat(1000), "</a>".repeat(1000));
        assert!(read_propfind(deep.as_bytes()).is_err());
    }

    #[test]
    fn a_value_keeps_its_namespaces() {
        let body = br#"<D:propertyupdate xmlns:D="DAV:" xmlns:a="urn:a" xml:lang="zh"><D:set><D:prop>
            <a:x b="1&quot;"><foo xmlns="http://bar">&lt;y&#20013;</foo></a:x></D:prop></D:set>
            <D:remove><D:prop><a:z/></D:prop></D:remove></D:propertyupdate>"#;
        let changes = read_proppatch(body).unwrap();
        assert_eq!(
            changes[0].value.as_deref(),
            Some(
                r#"<a:x xmlns:D="DAV:" xmlns:a="urn:a" xmlns="" xml:lang="zh" b="1&quot;"><foo xmlns="http://bar">&lt;y&#20013;</foo></a:x>"#
            )
        );
        assert_eq!((changes[1].name.name.as_str(), &changes[1].value), ("z", &None));
        // What was stored can be read again.
        assert!(parse(changes[0].value.as_ref().unwrap().as_bytes()).is_ok());
    }
}
