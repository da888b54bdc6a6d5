//! What is made of a room's updates, in the child? Its state as one update, its text, its HTML, the way back to a version.
//! (What is on a whiteboard is in `board`.)
//!
//! Only here is a Yjs document built: updates come from clients, and a document may do anything to the process it is in.

use std::{fs, path::Path};

use indexer::{headings::Headings, text::Extracted};
use yrs::{
    Any, Doc, Options, Out, ReadTxn, StateVector, Text, Transact, Update, WriteTxn, Xml, XmlElementRef, XmlFragment,
    XmlOut, types::text::YChange, updates::decoder::Decode,
};

use super::{
    board,
    child::Child,
    pictures::{Parcel, Pictures},
    room_html::{Purpose, Renderer},
    room_notes, room_restore,
    room_tree::{self, Element, Node},
    task::{Answer, RoomMake, WorkerError, codes},
};

/// Media type of a page's content: the state as one Yjs update (v1).
pub const PAGE: &str = "application/vnd.wenshu.page";
/// The shared type that holds the text, as Tiptap names it.
pub(super) const BODY: &str = "default";

/// Puts updates into one file for [`super::Task::Room`].
pub fn pack<'a>(updates: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for update in updates {
        out.extend_from_slice(&(update.len() as u32).to_le_bytes());
        out.extend_from_slice(update);
    }
    out
}

/// The reverse of [`pack`].
pub(super) fn unpack(mut packed: &[u8]) -> Result<Vec<&[u8]>, WorkerError> {
    let mut updates = Vec::new();
    while !packed.is_empty() {
        let (len, rest) = packed.split_first_chunk::<4>().ok_or_else(|| damaged("the updates end too early"))?;
        let len = u32::from_le_bytes(*len) as usize;
        let (update, rest) = rest.split_at_checked(len).ok_or_else(|| damaged("the updates end too early"))?;
        updates.push(update);
        packed = rest;
    }
    Ok(updates)
}

/// Does a room's task.
pub fn make(child: &Child, make: RoomMake, input: &Path) -> Result<Answer, WorkerError> {
    let packed = fs::read(input).map_err(|error| WorkerError::unavailable("reading updates", error))?;
    let updates = unpack(&packed)?;
    let made = match make {
        RoomMake::State => state(&updates)?,
        RoomMake::Text => {
            let doc = build(&updates)?;
            let text = page_text(&doc) + &board::text(&board::scene(&doc));
            let headings = page_headings(&page_tree(&doc));
            let extracted = Extracted { extra: text, headings, ..Extracted::default() };
            serde_json::to_vec(&extracted).map_err(|error| WorkerError::unavailable("writing the text", error))?
        }
        RoomMake::Notes => serde_json::to_vec(&room_notes::read(&build(&updates)?))
            .map_err(|error| WorkerError::unavailable("writing the notes", error))?,
        RoomMake::Pictures => serde_json::to_vec(&shown_pictures(&page_tree(&build(&updates)?)))
            .map_err(|error| WorkerError::unavailable("writing the list of pictures", error))?,
        RoomMake::Restore => {
            let (target, updates) = updates.split_last().ok_or_else(|| damaged("there is no version to restore"))?;
            restoring_update(updates, target)?
        }
        RoomMake::Board => serde_json::to_vec(&board::scene(&build(&updates)?))
            .map_err(|error| WorkerError::unavailable("writing the board", error))?,
        RoomMake::RestoreBoard => {
            let (target, updates) = updates.split_last().ok_or_else(|| damaged("there is no version to restore"))?;
            board::restoring_update(&build(updates)?, &board::parse(target)?)
        }
    };
    let file = "made";
    fs::write(child.out().join(file), made).map_err(|error| WorkerError::unavailable("writing the result", error))?;
    Ok(Answer::Room { file: file.into() })
}

fn damaged(what: impl std::fmt::Display) -> WorkerError {
    WorkerError::new(codes::DAMAGED, what.to_string())
}

/// Builds the document of updates.
pub(super) fn build(updates: &[&[u8]]) -> Result<Doc, WorkerError> {
    let doc = Doc::with_options(Options { offset_kind: yrs::OffsetKind::Utf16, ..Options::default() });
    {
        let mut tx = doc.transact_mut();
        // Declared before anything arrives, so that it is a fragment whatever the first update thinks.
        tx.get_or_insert_xml_fragment(BODY);
        board::declare(&mut tx);
        for update in updates {
            let update = Update::decode_v1(update).map_err(damaged)?;
            tx.apply_update(update).map_err(damaged)?;
        }
    }
    Ok(doc)
}

/// Folds updates into one, and proves that it says the same.
fn state(updates: &[&[u8]]) -> Result<Vec<u8>, WorkerError> {
    let doc = build(updates)?;
    let state = doc.transact().encode_state_as_update_v1(&StateVector::default());
    let again = build(&[&state])?;
    let (ours, theirs) = (doc.transact(), again.transact());
    if ours.state_vector() != theirs.state_vector() {
        return Err(damaged("the folded state has other clocks than its updates"));
    }
    if theirs.encode_state_as_update_v1(&StateVector::default()).len() != state.len() {
        return Err(damaged("the folded state is read back as something else"));
    }
    drop((ours, theirs));
    if page_html(&doc) != page_html(&again) || board::scene(&doc) != board::scene(&again) {
        return Err(damaged("the folded state reads otherwise than its updates"));
    }
    Ok(state)
}

/// The text of a page: one line for each block.
pub fn page_text(doc: &Doc) -> String {
    let mut text = String::new();
    let tx = doc.transact();
    if let Some(body) = tx.get_xml_fragment(BODY) {
        for node in body.children(&tx) {
            add_text(&tx, &node, &mut text);
        }
    }
    text
}

fn add_text(tx: &impl ReadTxn, node: &XmlOut, text: &mut String) {
    match node {
        XmlOut::Text(run) => {
            for piece in run.diff(tx, YChange::identity) {
                match piece.insert {
                    Out::Any(Any::String(string)) => text.push_str(&string),
                    Out::YXmlElement(element) => add_text(tx, &XmlOut::Element(element), text),
                    _ => {}
                }
            }
        }
        XmlOut::Element(element) => {
            for name in ["alt", "title", "label"] {
                text.push_str(&attribute(tx, element, name).unwrap_or_default());
            }
            if element.try_tag().is_some_and(|tag| &**tag == "hardBreak") {
                text.push('\n');
            }
            element.children(tx).for_each(|child| add_text(tx, &child, text));
            if !text.is_empty() && !text.ends_with('\n') && !is_inline(element) {
                text.push('\n');
            }
        }
        XmlOut::Fragment(fragment) => fragment.children(tx).for_each(|child| add_text(tx, &child, text)),
    }
}

/// An attribute as text.
fn attribute(tx: &impl ReadTxn, element: &XmlElementRef, name: &str) -> Option<String> {
    match element.get_attribute(tx, name)? {
        Out::Any(value) => room_tree::text_of(&value),
        _ => None,
    }
}

fn is_inline(element: &XmlElementRef) -> bool {
    element.try_tag().is_some_and(|tag| matches!(&**tag, "mention" | "hardBreak"))
}

/// The nodes of a page.
pub(super) fn page_tree(doc: &Doc) -> Vec<Node> {
    let tx = doc.transact();
    tx.get_xml_fragment(BODY).map(|body| room_tree::read(&tx, &body)).unwrap_or_default()
}

/// The HTML of a page, for showing it without an editor.
pub fn page_html(doc: &Doc) -> String {
    Renderer { pictures: &Pictures::default(), purpose: Purpose::Show }.render(&page_tree(doc))
}

/// The documents whose pictures a page shows, each once.
pub(super) fn shown_pictures(nodes: &[Node]) -> Vec<String> {
    fn walk(element: &Element, ids: &mut Vec<String>) {
        if element.tag == "image"
            && let Some(id) = element.picture()
            && !ids.contains(&id)
        {
            ids.push(id);
        }
        element.elements().for_each(|child| walk(child, ids));
    }
    let mut ids = Vec::new();
    for node in nodes {
        if let Node::Element(element) = node {
            walk(element, &mut ids);
        }
    }
    ids
}

/// Text, headings and HTML of a page, with its pictures.
pub(super) fn read_parcel(parcel: &Parcel) -> Result<(String, Vec<String>, String), WorkerError> {
    let doc = build(&unpack(&parcel.updates)?)?;
    let tree = page_tree(&doc);
    let html = Renderer { pictures: &parcel.pictures, purpose: Purpose::Show }.render(&tree);
    Ok((page_text(&doc), page_headings(&tree), html))
}

/// The headings and titles of a page.
fn page_headings(nodes: &[Node]) -> Vec<String> {
    fn text(element: &Element, said: &mut String) {
        for child in &element.children {
            match child {
                Node::Run(run) => said.push_str(&run.text),
                Node::Element(child) if child.tag == "hardBreak" => said.push(' '),
                Node::Element(child) => {
                    said.push_str(&child.text("label").unwrap_or_default());
                    text(child, said);
                }
            }
        }
    }
    fn walk(element: &Element, headings: &mut Headings) {
        let is_title = |style: String| matches!(style.as_str(), "title" | "subtitle" | "official-title");
        if element.tag == "heading" || (element.tag == "paragraph" && element.text("styleName").is_some_and(is_title)) {
            let mut said = String::new();
            text(element, &mut said);
            headings.push(&said);
        } else {
            element.elements().for_each(|child| walk(child, headings));
        }
    }
    let mut headings = Headings::default();
    for node in nodes {
        if let Node::Element(element) = node {
            walk(element, &mut headings);
        }
    }
    headings.into_vec()
}

/// An update to a document of `updates` that makes its body that of `target`.
fn restoring_update(updates: &[&[u8]], target: &[u8]) -> Result<Vec<u8>, WorkerError> {
    room_restore::restore(&build(updates)?, &build(&[target])?)
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
