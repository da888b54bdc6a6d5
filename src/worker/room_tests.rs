//! Unit tests of what is made of a room's updates.

use yrs::{TransactionMut, Xml, XmlElementPrelim, XmlFragmentRef, XmlTextPrelim, branch::BranchID};

use super::*;

fn page(build: impl FnOnce(&mut TransactionMut, &XmlFragmentRef)) -> Vec<u8> {
    let doc = Doc::with_options(Options { offset_kind: yrs::OffsetKind::Utf16, ..Options::default() });
    let mut tx = doc.transact_mut();
    let body = tx.get_or_insert_xml_fragment(BODY);
    build(&mut tx, &body);
    tx.encode_state_as_update_v1(&StateVector::default())
}

fn heading(tx: &mut TransactionMut, body: &XmlFragmentRef, level: i64, text: &str) {
    let heading = body.push_back(tx, XmlElementPrelim::empty("heading"));
    heading.insert_attribute(tx, "level", Any::from(level));
    heading.push_back(tx, XmlTextPrelim::new(text));
}

fn sample() -> Vec<u8> {
    page(|tx, body| {
        heading(tx, body, 2, "关于协同办公的通知");
        let paragraph = body.push_back(tx, XmlElementPrelim::empty("paragraph"));
        let text = paragraph.push_back(tx, XmlTextPrelim::new("plain <text> "));
        let end = text.len(tx);
        text.insert_with_attributes(tx, end, "bold", [("bold".into(), Any::Map(Default::default()))].into());
        let list = body.push_back(tx, XmlElementPrelim::empty("taskList"));
        let item = list.push_back(tx, XmlElementPrelim::empty("taskItem"));
        item.insert_attribute(tx, "checked", Any::Bool(true));
        let line = item.push_back(tx, XmlElementPrelim::empty("paragraph"));
        line.push_back(tx, XmlTextPrelim::new("done"));
        let image = body.push_back(tx, XmlElementPrelim::empty("image"));
        image.insert_attribute(tx, "src", Any::from("http://example.org/spy.png"));
        image.insert_attribute(tx, "alt", Any::from("chart"));
    })
}

fn read_page(update: &[u8]) -> Result<(String, String), WorkerError> {
    let (text, _, html) = read_parcel(&Parcel { updates: pack([update]), pictures: Pictures::default() })?;
    Ok((text, html))
}

#[test]
fn headings_and_titles_are_told() {
    let update = page(|tx, body| {
        let title = body.push_back(tx, XmlElementPrelim::empty("paragraph"));
        title.insert_attribute(tx, "styleName", Any::from("official-title"));
        title.push_back(tx, XmlTextPrelim::new("关于开展档案检查的通知"));
        heading(tx, body, 2, "一、检查范围");
        let quote = body.push_back(tx, XmlElementPrelim::empty("blockquote"));
        let inner = quote.push_back(tx, XmlElementPrelim::empty("heading"));
        inner.push_back(tx, XmlTextPrelim::new("引文"));
        body.push_back(tx, XmlElementPrelim::empty("paragraph")).push_back(tx, XmlTextPrelim::new("正文"));
    });
    let headings = page_headings(&page_tree(&build(&[&update]).unwrap()));
    assert_eq!(headings, ["关于开展档案检查的通知", "一、检查范围", "引文"]);
}

#[test]
fn text_has_a_line_for_each_block() {
    let (text, _) = read_page(&sample()).unwrap();
    assert_eq!(text, "关于协同办公的通知\nplain <text> bold\ndone\nchart\n");
}

#[test]
fn html_is_escaped_and_fetches_nothing() {
    let (_, html) = read_page(&sample()).unwrap();
    assert_eq!(
        html,
        "<h2>关于协同办公的通知</h2><p>plain &lt;text&gt; <strong>bold</strong></p><ul class=\"tasks\"><li><p>☑ done</p></li></ul><p>[chart]</p>"
    );
}

#[test]
fn a_state_says_what_its_updates_said() {
    let folded = state(&[&sample()]).unwrap();
    assert_eq!(read_page(&folded).unwrap(), read_page(&sample()).unwrap());
}

#[test]
fn a_state_keeps_what_waits_for_a_missing_update() {
    let doc = Doc::with_client_id(5);
    let text = { doc.transact_mut().get_or_insert_text("t") };
    let mut updates = Vec::new();
    for word in ["one ", "two ", "three"] {
        let mut tx = doc.transact_mut();
        text.push(&mut tx, word);
        updates.push(tx.encode_update_v1());
    }
    let early = state(&[&updates[0], &updates[2]]).unwrap();
    let whole = build(&[&early, &updates[1]]).unwrap();
    let tx = whole.transact();
    assert_eq!(yrs::GetString::get_string(&tx.get_text("t").unwrap(), &tx), "one two three");
}

#[test]
fn restoring_brings_back_text_attributes_and_marks() {
    let then = sample();
    let doc = build(&[&then]).unwrap();
    {
        let mut tx = doc.transact_mut();
        let body = tx.get_or_insert_xml_fragment(BODY);
        body.remove_range(&mut tx, 0, 2);
        heading(&mut tx, &body, 1, "something else");
    }
    let now = doc.transact().encode_state_as_update_v1(&StateVector::default());
    let back = restoring_update(&[&now], &then).unwrap();
    crate::rooms::update::check(&back).unwrap();
    let restored = build(&[&now, &back]).unwrap();
    assert_eq!(page_html(&restored), read_page(&then).unwrap().1);
    let tx = restored.transact();
    let XmlOut::Element(first) = tx.get_xml_fragment(BODY).unwrap().first_child().unwrap() else { panic!() };
    assert_eq!(first.get_attribute(&tx, "level"), Some(Out::Any(Any::from(2i64))), "a number stays a number");
}

fn ids(doc: &Doc) -> Vec<BranchID> {
    let tx = doc.transact();
    let body = tx.get_xml_fragment(BODY).unwrap();
    body.children(&tx).map(|block| block.id()).collect()
}

#[test]
fn restoring_leaves_blocks_alone_that_did_not_change() {
    let line = |tx: &mut TransactionMut, body: &XmlFragmentRef, at: u32, words: &str| {
        let paragraph = body.insert(tx, at, XmlElementPrelim::empty("paragraph"));
        paragraph.push_back(tx, XmlTextPrelim::new(words));
    };
    let then = page(|tx, body| (0..6).for_each(|number| line(tx, body, number, &format!("line {number}"))));
    let doc = build(&[&then]).unwrap();
    let before = ids(&doc);
    {
        let mut tx = doc.transact_mut();
        let body = tx.get_or_insert_xml_fragment(BODY);
        body.remove_range(&mut tx, 4, 1);
        body.remove_range(&mut tx, 1, 1);
        line(&mut tx, &body, 3, "between");
        line(&mut tx, &body, 0, "first");
    }
    let now = doc.transact().encode_state_as_update_v1(&StateVector::default());
    let back = restoring_update(&[&now], &then).unwrap();
    let restored = build(&[&now, &back]).unwrap();
    assert_eq!(page_html(&restored), read_page(&then).unwrap().1);
    let after = ids(&restored);
    let kept: Vec<usize> = (0..6).filter(|at| before[*at] == after[*at]).collect();
    assert_eq!(kept, [0, 2, 3, 5]);
    assert!(restoring_update(&[&then], &then).unwrap().len() < 4, "nothing to do");
}
