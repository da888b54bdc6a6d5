//! What do the bodies of WebDAV say? Small XML documents with namespaces; nothing is fetched and no entity is expanded.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    ops::RangeInclusive,
    rc::Rc,
};

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
/// Most prefixes that mean something at one place.
const MAX_PREFIXES: usize = 64;
/// Letters beyond ASCII that names may be made of in every edition of XML 1.0: parsers differ about others.
const LETTERS: [RangeInclusive<char>; 24] = [
    '\u{c0}'..='\u{d6}',
    '\u{d8}'..='\u{f6}',
    '\u{f8}'..='\u{131}',
    '\u{134}'..='\u{13e}',
    '\u{141}'..='\u{148}',
    '\u{14a}'..='\u{17e}',
    '\u{388}'..='\u{38a}',
    '\u{38e}'..='\u{3a1}',
    '\u{3a3}'..='\u{3ce}',
    '\u{401}'..='\u{40c}',
    '\u{40e}'..='\u{44f}',
    '\u{451}'..='\u{45c}',
    '\u{5d0}'..='\u{5ea}',
    '\u{621}'..='\u{63a}',
    '\u{641}'..='\u{64a}',
    '\u{905}'..='\u{939}',
    '\u{e01}'..='\u{e2e}',
    '\u{1e00}'..='\u{1e9b}',
    '\u{1ea0}'..='\u{1ef9}',
    '\u{3041}'..='\u{3094}',
    '\u{30a1}'..='\u{30fa}',
    '\u{3105}'..='\u{312c}',
    '\u{4e00}'..='\u{9fa5}',
    '\u{ac00}'..='\u{d7a3}',
];
/// Namespaces that have their prefixes, `xml` and `xmlns`, and no others.
const RESERVED: [&str; 2] = ["http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/"];

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

/// Text as it stands in an element. What no XML can hold is replaced.
pub fn text(text: &str) -> Cow<'_, str> {
    match text.chars().all(is_char) {
        true => escape(text),
        false => {
            let held: String = text.chars().map(|c| if is_char(c) { c } else { char::REPLACEMENT_CHARACTER }).collect();
            Cow::Owned(escape(held.as_str()).into_owned())
        }
    }
}

/// An element that was stored, as it may be sent; `None` when it is not well-formed: earlier versions took more than now.
pub fn stored(element: &str) -> Option<String> {
    parse(element.as_bytes()).ok().map(|element| element.to_xml())
}

#[derive(Debug)]
struct Element {
    namespace: String,
    name: String,
    /// As written, with its prefix.
    qualified: String,
    /// Declarations of namespaces.
    declared: String,
    /// Other attributes.
    attributes: String,
    /// Prefixes that mean something here.
    prefixes: Rc<BTreeMap<String, String>>,
    language: Option<String>,
    children: Vec<Element>,
    /// Between the tags, written anew of what was understood: so it means the same to every other parser.
    inner: String,
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
        for (prefix, namespace) in self.prefixes.iter() {
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
        self.with(&declared)
    }

    fn with(&self, declared: &str) -> String {
        let Self { qualified, attributes, inner, .. } = self;
        format!("<{qualified}{declared}{attributes}>{inner}</{qualified}>")
    }
}

fn parse(body: &[u8]) -> Result<Element> {
    let text = std::str::from_utf8(body).map_err(|_| invalid())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What is stored is sent to others: it has to be well-formed for every parser.
    if !text.chars().all(is_char) {
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
                open.push(begin(&tag, open.last())?);
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(invalid)?;
                match open.last_mut() {
                    Some(parent) => {
                        parent.inner.push_str(&element.with(&element.declared));
                        parent.children.push(element);
                    }
                    None => root = Some(element),
                }
            }
            Event::GeneralRef(entity) => {
                let c = match &*entity {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "apos" => '\'',
                    "quot" => '"',
                    _ => entity.resolve_char_ref().ok().flatten().filter(|c| is_char(*c)).ok_or_else(invalid)?,
                };
                let element = open.last_mut().ok_or_else(invalid)?;
                match c {
                    // Any other parser would take it for the end of a line.
                    '\r' => element.inner.push_str("&#13;"),
                    c => element.inner.push_str(&escape(&*c.encode_utf8(&mut [0; 4]))),
                }
            }
            Event::Text(piece) if piece.contains("]]>") || (open.is_empty() && !piece.trim().is_empty()) => {
                return Err(invalid());
            }
            Event::Text(piece) => {
                if let Some(element) = open.last_mut() {
                    element.inner.push_str(&piece);
                }
            }
            Event::CData(piece) => open.last_mut().ok_or_else(invalid)?.inner.push_str(&escape(&*piece)),
            Event::Decl(_) if before > 0 => return Err(invalid()),
            Event::PI(_) | Event::DocType(_) => return Err(invalid()),
            Event::Eof => break,
            _ => {}
        }
    }
    root.filter(|_| open.is_empty()).ok_or_else(invalid)
}

fn begin(tag: &BytesStart<'_>, parent: Option<&Element>) -> Result<Element> {
    let mut prefixes = parent.map(|parent| parent.prefixes.clone()).unwrap_or_default();
    let mut language = parent.and_then(|parent| parent.language.clone());
    let (mut declared, mut attributes) = (String::new(), String::new());
    let mut used = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| invalid())?;
        let key: &str = attribute.key.as_ref();
        // The end of a line as such is a blank there.
        let value = attribute.value.replace(['\t', '\n', '\r'], " ");
        let value = unescape(&value).map_err(|_| invalid())?.into_owned();
        if attribute.value.contains('<') || !is_name(key) || !value.chars().all(is_char) {
            return Err(invalid());
        }
        let declares = key == "xmlns" || key.starts_with("xmlns:");
        if declares && (RESERVED.contains(&value.as_str()) || matches!(key, "xmlns:xml" | "xmlns:xmlns")) {
            return Err(invalid());
        }
        let written = escape(&value).replace('\t', "&#9;").replace('\n', "&#10;").replace('\r', "&#13;");
        let written = format!(" {key}=\"{written}\"");
        match key.split_once(':') {
            None if key == "xmlns" => {
                declared.push_str(&written);
                match value.is_empty() {
                    true => drop(Rc::make_mut(&mut prefixes).remove("")),
                    false => drop(Rc::make_mut(&mut prefixes).insert(String::new(), value)),
                }
            }
            // A prefix cannot be taken back (Namespaces in XML 1.0).
            Some(("xmlns", _)) if value.is_empty() => return Err(invalid()),
            Some(("xmlns", prefix)) => {
                declared.push_str(&written);
                Rc::make_mut(&mut prefixes).insert(prefix.to_owned(), value);
            }
            other => {
                if key == "xml:lang" {
                    language = Some(value);
                }
                let other = other.filter(|(prefix, _)| *prefix != "xml");
                used.extend(other.map(|(prefix, name)| (prefix.to_owned(), name.to_owned())));
                attributes.push_str(&written);
            }
        }
    }
    if prefixes.len() > MAX_PREFIXES {
        return Err(invalid());
    }
    // Two attributes are one when their prefixes mean the same.
    let mut meant = HashSet::new();
    for (prefix, name) in &used {
        let namespace = prefixes.get(prefix).ok_or_else(invalid)?;
        if !meant.insert((namespace, name)) {
            return Err(invalid());
        }
    }
    let name = tag.name();
    let qualified: &str = name.as_ref();
    let (prefix, name) = qualified.split_once(':').unwrap_or(("", qualified));
    if !is_name(qualified) || !(prefix.is_empty() || prefixes.contains_key(prefix)) {
        return Err(invalid());
    }
    Ok(Element {
        namespace: prefixes.get(prefix).cloned().unwrap_or_default(),
        name: name.to_owned(),
        qualified: qualified.to_owned(),
        declared,
        attributes,
        prefixes,
        language,
        children: Vec::new(),
        inner: String::new(),
    })
}

/// Whether XML can hold a character, and programs can show it.
fn is_char(c: char) -> bool {
    !matches!(c, '\u{fffe}' | '\u{ffff}') && (!c.is_control() || matches!(c, '\t' | '\n' | '\r'))
}

/// A name, with or without a prefix.
fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_' || LETTERS.iter().any(|range| range.contains(&c));
    let part = |part: &str| {
        part.starts_with(is_letter)
            && part.chars().all(|c| is_letter(c) || c.is_ascii_digit() || matches!(c, '-' | '.'))
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
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop>&#1;</D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop>&#xFFFE;</D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop>&#xd800;</D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop>&#;</D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop a=\"&#1;\"/></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop xmlns:a=\"&#x1;\"/></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop><µ/></D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop><a²/></D:allprop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop ①=\"1\"/></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\" xmlns:a=\"u\" xmlns:b=\"u\"><D:allprop a:c=\"1\" b:c=\"2\"/></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop xmlns:xml=\"u\"/></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop xmlns:a=\"http://www.w3.org/2000/xmlns/\"/></D:propfind>",
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
            <a:x b="1&quot;"><foo xmlns="http://bar">&lt;y&#20013;<!-- - --><![CDATA[<&]]>&#13;</foo></a:x></D:prop></D:set>
            <D:remove><D:prop><a:z/></D:prop></D:remove></D:propertyupdate>"#;
        let changes = read_proppatch(body).unwrap();
        assert_eq!(
            changes[0].value.as_deref(),
            Some(
                r#"<a:x xmlns:D="DAV:" xmlns:a="urn:a" xmlns="" xml:lang="zh" b="1&quot;"><foo xmlns="http://bar">&lt;y中&lt;&amp;&#13;</foo></a:x>"#
            )
        );
        assert_eq!((changes[1].name.name.as_str(), &changes[1].value), ("z", &None));
        // What was stored can be read again.
        assert_eq!(stored(changes[0].value.as_ref().unwrap()), changes[0].value);
        assert_eq!(stored("<x>&#1;</x>"), None);
        // Attributes without a blank between them, which not every parser takes.
        let known = stored("<x><y a='1'b=\"2&#10;\"/></x>");
        assert!(known.is_none_or(|known| known == "<x xmlns=\"\"><y a=\"1\" b=\"2&#10;\"></y></x>"));
        assert_eq!(text("a\u{1}<\u{ffff}"), "a\u{fffd}&lt;\u{fffd}");
    }
}
