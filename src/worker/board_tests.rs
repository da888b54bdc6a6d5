//! Unit tests of boards.

use yrs::{GetString as _, StateVector, Text as _, Update, updates::decoder::Decode};

use super::*;

fn board(build: impl FnOnce(&mut TransactionMut)) -> Doc {
    let doc = Doc::new();
    {
        let mut tx = doc.transact_mut();
        declare(&mut tx);
        build(&mut tx);
    }
    doc
}

fn put(tx: &mut TransactionMut, id: &str, properties: Value) {
    let elements = tx.get_or_insert_map(ELEMENTS);
    let element = elements.insert(tx, id, MapPrelim::default());
    element.insert(tx, "id", id);
    for (key, value) in properties.as_object().unwrap() {
        element.insert(tx, key.as_str(), to_any(value, 0));
    }
}

fn sample() -> Doc {
    board(|tx| {
        put(
            tx,
            "b",
            json!({ "type": "text", "index": "a1", "x": 10, "y": 90, "text": "第二\n行", "originalText": "第二行" }),
        );
        put(
            tx,
            "a",
            json!({ "type": "rectangle", "index": "a0", "x": 0, "y": 0.5, "width": 100, "height": 50, "version": 4 }),
        );
        put(tx, "c", json!({ "type": "text", "index": "a2", "x": 10, "y": 10, "text": "First <one>" }));
        put(tx, "d", json!({ "type": "text", "index": "a3", "text": "gone", "isDeleted": true }));
        put(
            tx,
            "e",
            json!({ "type": "arrow", "index": "a4", "x": 5, "y": 5, "points": [[0, 0], [30.25, 0]], "endArrowhead": "arrow" }),
        );
        tx.get_or_insert_map(FILES).insert(tx, "f1", to_any(&json!({ "document": "d1", "mimeType": "image/png" }), 0));
        tx.get_or_insert_map(SETTINGS).insert(tx, "board", to_any(&json!({ "viewBackgroundColor": "#ffffff" }), 0));
    })
}

#[test]
fn a_scene_has_what_is_shown_in_order() {
    let scene = scene(&sample());
    let ids: Vec<&str> = elements(&scene).filter_map(|element| string(element, "id")).collect();
    assert_eq!(ids, ["a", "b", "c", "e"]);
    assert_eq!(scene["elements"][0]["x"], json!(0), "a whole number is one in the file too");
    assert_eq!(scene["elements"][0]["y"], json!(0.5));
    assert_eq!(scene["files"]["f1"]["document"], "d1");
    assert_eq!(scene["appState"]["viewBackgroundColor"], "#ffffff");
    assert_eq!(parse(serde_json::to_vec(&scene).unwrap().as_slice()).unwrap(), scene);
}

#[test]
fn text_reads_from_top_to_bottom_without_line_breaks_of_the_board() {
    assert_eq!(text(&scene(&sample())), "First <one>\n第二行\n");
}

#[test]
fn restoring_brings_the_scene_back_and_deletes_what_came_later() {
    let doc = sample();
    let then = scene(&doc);
    {
        let mut tx = doc.transact_mut();
        put(&mut tx, "new", json!({ "type": "ellipse", "index": "a9" }));
        let elements = tx.get_or_insert_map(ELEMENTS);
        let Some(Out::YMap(first)) = elements.get(&tx, "a") else { panic!() };
        first.insert(&mut tx, "x", 77.0);
        first.insert(&mut tx, "link", "https://example.org/");
        let Some(Out::YMap(third)) = elements.get(&tx, "c") else { panic!() };
        third.insert(&mut tx, "isDeleted", true);
    }
    let before = doc.transact().encode_state_as_update_v1(&StateVector::default());
    let update = restoring_update(&doc, &then);
    crate::rooms::update::check(&update).unwrap();
    let other = Doc::new();
    for update in [&before, &update] {
        other.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
    }
    let restored = scene(&other);
    let content = |scene: &Value| {
        let mut scene = scene.clone();
        for element in scene["elements"].as_array_mut().unwrap() {
            let element = element.as_object_mut().unwrap();
            element.remove("version");
            element.remove("isDeleted");
        }
        scene
    };
    assert_eq!(content(&restored), content(&then));
    assert_eq!(restored["elements"][0]["version"], json!(5), "clients see a newer element");
    assert!(restoring_update(&other, &restored).len() < 4, "nothing is left to change");
}

#[test]
fn a_drawing_holds_lines_and_texts() {
    let drawing = super::super::board_drawing::drawing(&scene(&sample())).unwrap();
    assert_eq!(drawing.matches("<draw:path").count(), 3, "a box, a line and its head");
    assert_eq!(drawing.matches("<draw:frame").count(), 2);
    assert!(drawing.contains("First &lt;one&gt;") && !drawing.contains("gone"));
    assert!(super::super::board_drawing::drawing(&json!({ "elements": [] })).is_none());
}

#[test]
fn hostile_values_are_passed_over() {
    let doc = board(|tx| {
        put(
            tx,
            "n",
            json!({ "type": "line", "x": 1e308, "points": [["a"], [1], 7, [1e308, 1e308], [2, 2]], "angle": "x" }),
        );
        tx.get_or_insert_map(ELEMENTS).insert(tx, "plain", "no element");
        tx.get_or_insert_text("default").insert(tx, 0, "text");
    });
    let scene = scene(&doc);
    assert_eq!(elements(&scene).count(), 1);
    let _ = super::super::board_drawing::drawing(&scene);
    assert_eq!(doc.get_or_insert_text("default").get_string(&doc.transact()), "text");
}
