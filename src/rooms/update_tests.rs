//! Unit tests and properties of the update gate.

use proptest::prelude::*;
use yrs::{
    Array, Doc, GetString, Map, ReadTxn, Text, Transact, Update, WriteTxn, XmlElementPrelim, XmlFragment,
    updates::{decoder::Decode, encoder::Encode},
};

use super::*;

fn doc(client: u64) -> Doc {
    let client_id = yrs::block::ClientID::new(client);
    Doc::with_options(yrs::Options { client_id, offset_kind: yrs::OffsetKind::Utf16, ..Default::default() })
}

fn whole(doc: &Doc) -> Vec<u8> {
    doc.transact().encode_state_as_update_v1(&yrs::StateVector::default())
}

fn apply(doc: &Doc, update: &[u8]) {
    doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
}

fn varied() -> Doc {
    let doc = doc(7);
    {
        let mut tx = doc.transact_mut();
        let text = tx.get_or_insert_text("text");
        text.insert(&mut tx, 0, "文枢 and 😀 text");
        text.insert_with_attributes(&mut tx, 3, "bold", [("bold".into(), true.into())].into());
        text.remove_range(&mut tx, 1, 3);
        let map = tx.get_or_insert_map("map");
        map.insert(&mut tx, "k", yrs::any!({ "a": [1, 2.5, null, true, "s"], "b": { "c": -7 } }));
        let list = tx.get_or_insert_array("list");
        list.insert_range(&mut tx, 0, [1, 2, 3]);
        let xml = tx.get_or_insert_xml_fragment("default");
        xml.insert(&mut tx, 0, XmlElementPrelim::empty("paragraph"));
    }
    doc
}

#[test]
fn a_document_of_every_kind_of_content_passes() {
    let bytes = whole(&varied());
    let facts = check(&bytes).unwrap();
    assert_eq!(facts.sections.len(), 1);
    assert_eq!(facts.sections[0].end, varied().transact().state_vector().get(&yrs::block::ClientID::new(7)));
    assert!(!facts.deletes.is_empty());
}

#[test]
fn a_client_section_that_repeats_is_refused() {
    let one = whole(&varied());
    let facts = walk(&one).unwrap();
    let section = &one[1..facts.deletes_at];
    let mut hostile = vec![2];
    hostile.extend_from_slice(section);
    hostile.extend_from_slice(section);
    hostile.extend_from_slice(&one[facts.deletes_at..]);
    assert!(Update::decode_v1(&hostile).is_ok(), "yrs takes it: the gate is what stops it");
    assert_eq!(check(&hostile), Err("a client has two sections"));
}

#[test]
fn headers_that_promise_more_than_follows_are_refused() {
    for hostile in [
        &[0xff, 0xff, 0xff, 0x7f][..],
        &[1, 0xff, 0xff, 0xff, 0x7f, 1, 0],
        &[0, 1, 1, 0xff, 0xff, 0xff, 0x7f],
        &[1, 1, 1, 0, 8, 1, 1, b'a', 0xff, 0xff, 0xff, 0x7f, 0],
        &[0, 0, 0],
        &[],
    ] {
        assert!(check(hostile).is_err(), "{hostile:?}");
    }
}

#[test]
fn deeply_nested_values_are_refused() {
    let mut hostile = vec![1, 1, 1, 0, 8, 1, 1, b'a', 1];
    for _ in 0..100_000 {
        hostile.extend_from_slice(&[117, 1]);
    }
    hostile.extend_from_slice(&[126, 0]);
    assert_eq!(check(&hostile), Err("a value is nested too deeply"));
}

#[test]
fn coverage_follows_updates_and_knows_what_is_new() {
    let doc = varied();
    let first = check(&whole(&doc)).unwrap();
    let mut coverage = Coverage::default();
    assert!(!coverage.covers(&first));
    coverage.add(&first);
    assert!(coverage.covers(&first));
    let before = doc.transact().state_vector();
    assert_eq!(StateVector::read(&coverage.state_vector()), StateVector::read(&before.encode_v1()));
    {
        let mut tx = doc.transact_mut();
        let text = tx.get_or_insert_text("text");
        text.remove_range(&mut tx, 0, 1);
    }
    let deleting = check(&doc.transact().encode_state_as_update_v1(&before)).unwrap();
    assert!(!coverage.covers(&deleting));
    coverage.add(&deleting);
    assert!(coverage.covers(&deleting));
}

#[test]
fn structs_beyond_a_hole_are_not_claimed() {
    let mut coverage = Coverage::default();
    let section = |start, end| Section { client: 1, start, end, solid_end: end, structs: 1, from: 0, to: 0 };
    coverage.add(&Facts { sections: vec![section(5, 9)], ..Facts::default() });
    assert_eq!(coverage.clock(1), 0);
    coverage.add(&Facts { sections: vec![section(0, 5)], ..Facts::default() });
    assert_eq!(coverage.clock(1), 5);
}

#[derive(Clone, Debug)]
enum Edit {
    Insert(usize, u32, String),
    Remove(usize, u32, u32),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (0..3usize, any::<u32>(), "[a-z文枢]{1,5}").prop_map(|(who, at, text)| Edit::Insert(who, at, text)),
        (0..3usize, any::<u32>(), 1..4u32).prop_map(|(who, at, len)| Edit::Remove(who, at, len)),
    ];
    prop::collection::vec(edit, 1..40)
}

fn perform(docs: &[Doc], edits: &[Edit]) {
    for edit in edits {
        let (Edit::Insert(who, ..) | Edit::Remove(who, ..)) = edit;
        let doc = &docs[*who];
        {
            let mut tx = doc.transact_mut();
            let text = tx.get_or_insert_text("t");
            let len = text.get_string(&tx).encode_utf16().count() as u32;
            match edit {
                Edit::Insert(_, at, what) => text.insert(&mut tx, at % (len + 1), what),
                Edit::Remove(_, at, count) if len > 0 => {
                    let at = at % len;
                    text.remove_range(&mut tx, at, (*count).min(len - at));
                }
                Edit::Remove(..) => {}
            }
        }
        let update = whole(doc);
        docs.iter().for_each(|other| apply(other, &update));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_walked_without_a_panic(bytes: Vec<u8>) {
        let _ = check(&bytes);
    }

    #[test]
    fn damaged_updates_are_walked_without_a_panic(at in 0usize..400, value: u8, cut in 0usize..400) {
        let mut bytes = whole(&varied());
        let len = bytes.len();
        bytes[at % len] = value;
        bytes.truncate(len - cut % len);
        let _ = check(&bytes);
    }

    #[test]
    fn a_difference_brings_an_older_document_up_to_date(before in edits(), after in edits()) {
        let docs: Vec<Doc> = (1..=3).map(doc).collect();
        perform(&docs, &before);
        let old = whole(&docs[0]);
        perform(&docs, &after);
        let new = whole(&docs[0]);
        let reader = doc(99);
        apply(&reader, &old);
        let has = StateVector::read(&reader.transact().state_vector().encode_v1()).unwrap();
        let facts = check(&new).unwrap();
        if let Some(difference) = difference(&new, &facts, &has) {
            check(&difference).unwrap();
            apply(&reader, &difference);
        }
        prop_assert_eq!(whole(&reader).len(), new.len());
        let text = |doc: &Doc| { let mut tx = doc.transact_mut(); let t = tx.get_or_insert_text("t"); t.get_string(&tx) };
        prop_assert_eq!(text(&reader), text(&docs[0]));
    }
}
