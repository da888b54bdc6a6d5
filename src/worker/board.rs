//! What is on a whiteboard? Its elements as an Excalidraw scene, their text, and the way back to an earlier scene.
//!
//! In the room, `elements` maps an element's id to a map of its properties, so that two people may change two properties of
//! one element; `files` maps the id of a picture to the document that holds it; `settings` holds what all see alike. A
//! version is a plain `.excalidraw` file, except that its pictures name their documents instead of carrying their bytes.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use serde_json::{Map as Object, Number, Value, json};
use yrs::{Any, Doc, Map, MapPrelim, MapRef, Out, ReadTxn, Transact, TransactionMut, WriteTxn};

use super::task::{WorkerError, codes};

/// Media type of a board's content.
pub const BOARD: &str = "application/vnd.excalidraw+json";
/// The shared types of a board.
const ELEMENTS: &str = "elements";
const FILES: &str = "files";
const SETTINGS: &str = "settings";
/// Values may be nested so deep: points within points are the deepest that is known.
const DEPTH_MAX: usize = 16;

/// Declares the shared types, before anything arrives that could make something else of them.
pub fn declare(tx: &mut TransactionMut) {
    for name in [ELEMENTS, FILES, SETTINGS] {
        tx.get_or_insert_map(name);
    }
}

/// The scene: what is not deleted, the lowest element first.
pub fn scene(doc: &Doc) -> Value {
    let tx = doc.transact();
    let mut elements: Vec<Object<String, Value>> = all(&tx, ELEMENTS).into_values().filter(is_shown).collect();
    elements.sort_by_cached_key(order);
    let settings = all(&tx, SETTINGS).remove("board").unwrap_or_default();
    let files: Object<String, Value> =
        all(&tx, FILES).into_iter().map(|(id, file)| (id, Value::Object(file))).collect();
    json!({
        "type": "excalidraw",
        "version": 2,
        "source": "wenshu",
        "elements": elements,
        "appState": settings,
        "files": files,
    })
}

/// The text of a board: one line for each text, from top to bottom.
pub fn text(scene: &Value) -> String {
    let mut texts: Vec<(f64, f64, &str)> = elements(scene)
        .filter_map(|element| {
            let text = ["originalText", "text", "name"].into_iter().find_map(|key| string(element, key))?;
            Some((number(element, "y"), number(element, "x"), text.trim()))
        })
        .filter(|(.., text)| !text.is_empty())
        .collect();
    texts.sort_by(|a, b| (a.0, a.1).partial_cmp(&(b.0, b.1)).unwrap_or(Ordering::Equal));
    texts.into_iter().map(|(.., text)| format!("{text}\n")).collect()
}

/// The elements of a scene that are not deleted.
pub fn elements(scene: &Value) -> impl Iterator<Item = &Object<String, Value>> {
    scene["elements"].as_array().into_iter().flatten().filter_map(Value::as_object).filter(|element| is_shown(element))
}

/// A property that is text.
pub fn string<'a>(element: &'a Object<String, Value>, key: &str) -> Option<&'a str> {
    element.get(key)?.as_str()
}

/// A property that is a number; 0 when it is none.
pub fn number(element: &Object<String, Value>, key: &str) -> f64 {
    element.get(key).and_then(Value::as_f64).filter(|number| number.is_finite()).unwrap_or(0.0)
}

/// Reads a stored version.
pub fn parse(version: &[u8]) -> Result<Value, WorkerError> {
    let damaged = |what: String| WorkerError::new(codes::DAMAGED, what);
    let scene: Value = serde_json::from_slice(version).map_err(|error| damaged(error.to_string()))?;
    match scene["elements"].is_array() {
        true => Ok(scene),
        false => Err(damaged("the board has no elements".into())),
    }
}

/// Changes `doc` so that its board shows `scene`, and returns that change. What came later is marked deleted, not removed:
/// it can be brought back.
pub fn restoring_update(doc: &Doc, scene: &Value) -> Vec<u8> {
    let mut wanted: HashMap<&str, &Object<String, Value>> =
        elements(scene).filter_map(|element| Some((string(element, "id")?, element))).collect();
    let mut tx = doc.transact_mut();
    let present = all(&tx, ELEMENTS);
    let map = tx.get_or_insert_map(ELEMENTS);
    for (id, now) in &present {
        match wanted.remove(id.as_str()) {
            Some(then) => change(&mut tx, &map, id, Some(now), then),
            None if is_shown(now) => {
                let mut gone = now.clone();
                gone.insert("isDeleted".into(), Value::Bool(true));
                change(&mut tx, &map, id, Some(now), &gone);
            }
            None => {}
        }
    }
    for (id, then) in wanted {
        change(&mut tx, &map, id, None, then);
    }
    restore_whole(&mut tx, SETTINGS, [("board", &scene["appState"])]);
    let files = scene["files"].as_object().into_iter().flatten().map(|(id, file)| (id.as_str(), file));
    restore_whole(&mut tx, FILES, files);
    tx.encode_update_v1()
}

/// Gives an element the properties of `then`, as an edit newer than all before.
fn change(
    tx: &mut TransactionMut,
    map: &MapRef,
    id: &str,
    now: Option<&Object<String, Value>>,
    then: &Object<String, Value>,
) {
    let content = |element: &Object<String, Value>| {
        let mut element = element.clone();
        ["version", "versionNonce", "updated"].iter().for_each(|key| drop(element.remove(*key)));
        element.insert("isDeleted".into(), Value::Bool(!is_shown(&element)));
        element
    };
    if now.is_some_and(|now| content(now) == content(then)) {
        return;
    }
    let mut then = content(then);
    let version = now.map_or(0.0, |now| number(now, "version")) + 1.0;
    then.insert("version".into(), json!(version as i64));
    let element = match map.get(tx, id) {
        Some(Out::YMap(element)) => element,
        _ => map.insert(tx, id, MapPrelim::default()),
    };
    let gone: Vec<String> = element.keys(tx).filter(|key| !then.contains_key(*key)).map(str::to_owned).collect();
    for key in gone.iter().filter(|key| !["versionNonce", "updated"].contains(&key.as_str())) {
        element.remove(tx, key);
    }
    for (key, value) in then {
        if now.and_then(|now| now.get(&key)) != Some(&value) {
            element.insert(tx, key, to_any(&value, 0));
        }
    }
}

/// Puts values into a map that are not there yet or are others.
fn restore_whole<'a>(tx: &mut TransactionMut, name: &str, values: impl IntoIterator<Item = (&'a str, &'a Value)>) {
    let present = all(tx, name);
    let map = tx.get_or_insert_map(name);
    for (key, value) in values {
        if value.is_object() && present.get(key) != value.as_object() {
            map.insert(tx, key, to_any(value, 0));
        }
    }
}

/// The entries of a shared map that are maps themselves, shared ones or plain ones.
fn all(tx: &impl ReadTxn, name: &str) -> HashMap<String, Object<String, Value>> {
    let Some(map) = tx.get_map(name) else { return HashMap::new() };
    let entry = |(id, value): (&str, Out)| {
        let value = match value {
            Out::YMap(shared) => {
                shared.iter(tx).filter_map(|(key, value)| Some((key.to_owned(), plain(value)?))).collect()
            }
            Out::Any(Any::Map(map)) => map.iter().map(|(key, value)| (key.clone(), to_json(value))).collect(),
            _ => return None,
        };
        Some((id.to_owned(), value))
    };
    map.iter(tx).filter_map(entry).collect()
}

fn plain(value: Out) -> Option<Value> {
    match value {
        Out::Any(any) => Some(to_json(&any)),
        _ => None,
    }
}

fn is_shown(element: &Object<String, Value>) -> bool {
    element.get("isDeleted") != Some(&Value::Bool(true))
}

/// Elements lie above each other by their fractional index; equal ones by id.
fn order(element: &Object<String, Value>) -> (String, String) {
    let key = |name| string(element, name).unwrap_or_default().to_owned();
    (key("index"), key("id"))
}

fn to_json(any: &Any) -> Value {
    match any {
        Any::Null | Any::Undefined | Any::Buffer(_) => Value::Null,
        Any::Bool(value) => Value::Bool(*value),
        Any::Number(yrs::Number::Int(value)) => Value::from(*value),
        Any::Number(yrs::Number::Float(value)) if value.fract() == 0.0 && value.abs() < 9e15 => json!(*value as i64),
        Any::Number(yrs::Number::Float(value)) => Number::from_f64(*value).map_or(Value::Null, Value::Number),
        Any::String(value) => Value::String(value.to_string()),
        Any::Array(values) => values.iter().map(to_json).collect(),
        Any::Map(values) => values.iter().map(|(key, value)| (key.clone(), to_json(value))).collect(),
    }
}

fn to_any(value: &Value, depth: usize) -> Any {
    match value {
        _ if depth > DEPTH_MAX => Any::Null,
        Value::Null => Any::Null,
        Value::Bool(value) => Any::Bool(*value),
        Value::Number(value) => Any::from(value.as_f64().unwrap_or_default()),
        Value::String(value) => Any::String(value.as_str().into()),
        Value::Array(values) => Any::Array(values.iter().map(|value| to_any(value, depth + 1)).collect()),
        Value::Object(values) => {
            Any::Map(Arc::new(values.iter().map(|(key, value)| (key.clone(), to_any(value, depth + 1))).collect()))
        }
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
