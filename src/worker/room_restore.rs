//! How does a page become again what a version says? By the least change to its blocks, so that those which did not change keep
//! their identity: comments that are anchored there, and carets, stay where they are.

use yrs::{
    Any, Doc, Out, ReadTxn, Text, Transact, TransactionMut, WriteTxn, Xml, XmlElementPrelim, XmlElementRef,
    XmlFragment, XmlFragmentRef, XmlOut, XmlTextPrelim, XmlTextRef,
    types::{Attrs, text::YChange},
};

use super::{room::BODY, task::WorkerError, task::codes};

/// Beyond so many pairs of blocks only the beginning and the end of a page are compared.
const PAIRS_MAX: usize = 16_000_000;

/// Makes the body of `doc` that of `target`; returns the update that does.
pub(super) fn restore(doc: &Doc, target: &Doc) -> Result<Vec<u8>, WorkerError> {
    let from = target.transact();
    let body = from.get_xml_fragment(BODY);
    let body = body.ok_or_else(|| WorkerError::new(codes::DAMAGED, "the version has no text"))?;
    let mut tx = doc.transact_mut();
    let to = tx.get_or_insert_xml_fragment(BODY);
    let now: Vec<String> = to.children(&tx).map(|block| print(&tx, &block)).collect();
    let blocks: Vec<XmlOut> = body.children(&from).collect();
    let then: Vec<String> = blocks.iter().map(|block| print(&from, block)).collect();
    // From the end, so that places before stay what they are.
    let (mut now_end, mut then_end) = (now.len(), then.len());
    let kept = common(&now, &then);
    for (place, at) in kept.iter().rev().map(|pair| (pair.0 + 1, pair.1 + 1)).chain([(0, 0)]) {
        if now_end > place {
            to.remove_range(&mut tx, place as u32, (now_end - place) as u32);
        }
        for (index, block) in blocks[at..then_end].iter().enumerate() {
            insert(&from, block, &mut tx, &to, (place + index) as u32);
        }
        (now_end, then_end) = (place.saturating_sub(1), at.saturating_sub(1));
    }
    Ok(tx.encode_update_v1())
}

/// Everything that a block says, for comparing.
fn print(tx: &impl ReadTxn, block: &XmlOut) -> String {
    let mut out = String::new();
    print_into(tx, block, &mut out);
    out
}

fn print_into(tx: &impl ReadTxn, node: &XmlOut, out: &mut String) {
    use std::fmt::Write;
    let sorted = |mut attributes: Vec<(String, String)>| {
        attributes.sort();
        attributes
    };
    match node {
        XmlOut::Element(element) => {
            let attributes = element.attributes(tx).filter_map(|(name, value)| match value {
                Out::Any(Any::Null | Any::Undefined) => None,
                Out::Any(value) => Some((name.to_owned(), format!("{value:?}"))),
                _ => None,
            });
            let _ = write!(out, "<{:?} {:?}>", element.try_tag(), sorted(attributes.collect()));
            element.children(tx).for_each(|child| print_into(tx, &child, out));
            out.push_str("</>");
        }
        XmlOut::Text(text) => {
            for piece in text.diff(tx, YChange::identity) {
                let attributes = piece.attributes.map(|attributes| *attributes).unwrap_or_default();
                let attributes = attributes.iter().map(|(name, value)| (name.to_string(), format!("{value:?}")));
                let insert = match &piece.insert {
                    Out::Any(value) => format!("{value:?}"),
                    _ => "embedded".to_owned(),
                };
                let _ = write!(out, "{insert}{:?}", sorted(attributes.collect()));
            }
        }
        XmlOut::Fragment(fragment) => fragment.children(tx).for_each(|child| print_into(tx, &child, out)),
    }
}

/// Places of a longest common subsequence, in order.
fn common(now: &[String], then: &[String]) -> Vec<(usize, usize)> {
    let head = now.iter().zip(then).take_while(|(a, b)| a == b).count();
    let (now_rest, then_rest) = (&now[head..], &then[head..]);
    let tail = now_rest.iter().rev().zip(then_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (height, width) = (now_rest.len() - tail, then_rest.len() - tail);
    let mut pairs: Vec<(usize, usize)> = (0..head).map(|at| (at, at)).collect();
    if height * width <= PAIRS_MAX {
        let mut lengths = vec![0u32; (height + 1) * (width + 1)];
        let cell = |row: usize, column: usize| row * (width + 1) + column;
        for row in (0..height).rev() {
            for column in (0..width).rev() {
                lengths[cell(row, column)] = match now_rest[row] == then_rest[column] {
                    true => lengths[cell(row + 1, column + 1)] + 1,
                    false => lengths[cell(row + 1, column)].max(lengths[cell(row, column + 1)]),
                };
            }
        }
        let (mut row, mut column) = (0, 0);
        while row < height && column < width {
            if now_rest[row] == then_rest[column] {
                pairs.push((head + row, head + column));
                (row, column) = (row + 1, column + 1);
            } else if lengths[cell(row + 1, column)] >= lengths[cell(row, column + 1)] {
                row += 1;
            } else {
                column += 1;
            }
        }
    }
    pairs.extend((0..tail).map(|at| (now.len() - tail + at, then.len() - tail + at)));
    pairs
}

fn insert(from: &impl ReadTxn, block: &XmlOut, tx: &mut TransactionMut, to: &XmlFragmentRef, at: u32) {
    match block {
        XmlOut::Element(element) => {
            let tag = element.try_tag().cloned().unwrap_or_else(|| "unknown".into());
            let copy = to.insert(tx, at, XmlElementPrelim::empty(tag));
            copy_into(from, element, tx, &copy);
        }
        XmlOut::Text(text) => {
            let copy = to.insert(tx, at, XmlTextPrelim::new(""));
            copy_text(from, text, tx, &copy);
        }
        // Cannot stand in a fragment; an empty text keeps the places right.
        XmlOut::Fragment(_) => {
            to.insert(tx, at, XmlTextPrelim::new(""));
        }
    }
}

fn copy_into(from: &impl ReadTxn, source: &XmlElementRef, tx: &mut TransactionMut, copy: &XmlElementRef) {
    for (name, value) in source.attributes(from) {
        if let Out::Any(value) = value {
            copy.insert_attribute(tx, name.to_owned(), value);
        }
    }
    let fragment: &XmlFragmentRef = copy.as_ref();
    for (at, child) in source.children(from).enumerate() {
        insert(from, &child, tx, fragment, at as u32);
    }
}

fn copy_text(from: &impl ReadTxn, text: &XmlTextRef, tx: &mut TransactionMut, copy: &XmlTextRef) {
    for piece in text.diff(from, YChange::identity) {
        let attributes: Attrs = piece.attributes.map(|attributes| *attributes).unwrap_or_default();
        let end = copy.len(tx);
        match piece.insert {
            Out::Any(Any::String(string)) => copy.insert_with_attributes(tx, end, &string, attributes),
            Out::Any(value) => {
                copy.insert_embed_with_attributes(tx, end, value, attributes);
            }
            _ => {}
        }
    }
}
