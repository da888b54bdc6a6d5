//! What do a document's notes say, and which items say it? Threads and messages, in the child.
//!
//! The items' ids let the server find out from the journal who wrote them (`rooms/authors`); what the notes themselves
//! say of their authors is only a claim. Everything here comes from clients and is cut to what the mirror keeps.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use yrs::{
    Any, Array, ArrayRef, Assoc, BranchID, Doc, GetString, ID, IndexedSequence, Map, MapRef, Number, Out, ReadTxn,
    Text, TextRef, Transact,
};

/// The shared type that holds the threads.
const THREADS: &str = "threads";
const MAX_THREADS: usize = 5_000;
const MAX_MESSAGES: usize = 500;
const MAX_ID_CHARS: usize = 64;
const MAX_QUOTE_CHARS: usize = 1_000;
const MAX_TEXT_CHARS: usize = 20_000;
/// UTF-16 units of all messages whose writers are looked for. Each takes a walk over the message's items.
const MAX_UNITS: u32 = 200_000;

/// Consecutive items of one client: client, first clock, how many.
pub type Run = (u64, u32, u32);

/// A conversation about a place in the text.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotedThread {
    pub id: String,
    pub quote: String,
    pub assignee: Option<String>,
    pub resolved_by: Option<String>,
    pub resolved_at: Option<i64>,
    pub created_at: i64,
    pub messages: Vec<NotedMessage>,
}

/// A message of a conversation.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotedMessage {
    pub id: String,
    /// Who it says wrote it.
    pub claimed: Option<String>,
    pub at: i64,
    pub edited_at: Option<i64>,
    pub text: String,
    /// The items that hold the message and its letters. `None` when they cannot be told.
    pub items: Option<Vec<Run>>,
}

/// Reads the notes of a document.
pub fn read(doc: &Doc) -> Vec<NotedThread> {
    let tx = doc.transact();
    let Some(threads) = tx.get_map(THREADS) else { return Vec::new() };
    let mut units = MAX_UNITS;
    let mut ids: Vec<&str> = threads.keys(&tx).filter(|id| is_id(id)).collect();
    ids.sort_unstable();
    ids.truncate(MAX_THREADS);
    ids.into_iter().filter_map(|id| thread(&tx, id, threads.get(&tx, id)?, &mut units)).collect()
}

fn thread(tx: &impl ReadTxn, id: &str, value: Out, units: &mut u32) -> Option<NotedThread> {
    let Out::YMap(thread) = value else { return None };
    let messages = match thread.get(tx, "messages") {
        Some(Out::YArray(messages)) => read_messages(tx, &messages, units),
        _ => Vec::new(),
    };
    // A thread without messages was emptied by its author.
    (!messages.is_empty()).then(|| NotedThread {
        id: id.to_owned(),
        quote: string(tx, &thread, "quote", MAX_QUOTE_CHARS).unwrap_or_default(),
        assignee: string(tx, &thread, "assignee", MAX_ID_CHARS),
        resolved_by: string(tx, &thread, "resolvedBy", MAX_ID_CHARS),
        resolved_at: time(tx, &thread, "resolvedAt"),
        created_at: time(tx, &thread, "createdAt").unwrap_or_default(),
        messages,
    })
}

fn read_messages(tx: &impl ReadTxn, messages: &ArrayRef, units: &mut u32) -> Vec<NotedMessage> {
    let mut seen = HashSet::new();
    let read = messages.iter(tx).take(MAX_MESSAGES).filter_map(|value| message(tx, value, units));
    read.filter(|message| seen.insert(message.id.clone())).collect()
}

fn message(tx: &impl ReadTxn, value: Out, units: &mut u32) -> Option<NotedMessage> {
    let Out::YMap(message) = value else { return None };
    let (text, items) = match message.get(tx, "text") {
        Some(Out::YText(text)) => {
            let len = text.len(tx);
            let items = units.checked_sub(len).and_then(|left| {
                *units = left;
                items_of(tx, &message, &text, len)
            });
            (cut(&text.get_string(tx), MAX_TEXT_CHARS), items)
        }
        // Nothing says which item put a plain value there.
        Some(Out::Any(Any::String(text))) => (cut(&text, MAX_TEXT_CHARS), None),
        _ => return None,
    };
    Some(NotedMessage {
        id: string(tx, &message, "id", MAX_ID_CHARS).filter(|id| is_id(id))?,
        claimed: string(tx, &message, "author", MAX_ID_CHARS),
        at: time(tx, &message, "at").unwrap_or_default(),
        edited_at: time(tx, &message, "editedAt"),
        text,
        items,
    })
}

fn items_of(tx: &impl ReadTxn, message: &MapRef, text: &TextRef, len: u32) -> Option<Vec<Run>> {
    let mut runs = Vec::new();
    for branch in [AsRef::<yrs::branch::Branch>::as_ref(message), text.as_ref()] {
        let BranchID::Nested(id) = branch.id() else { return None };
        add(&mut runs, id);
    }
    for index in 0..len {
        add(&mut runs, *text.sticky_index(tx, index, Assoc::After)?.id()?);
    }
    Some(runs)
}

fn add(runs: &mut Vec<Run>, id: ID) {
    let client = id.client.get();
    match runs.last_mut() {
        Some((last, clock, len)) if *last == client && id.clock == *clock + *len => *len += 1,
        _ => runs.push((client, id.clock, 1)),
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_ID_CHARS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn string(tx: &impl ReadTxn, map: &MapRef, key: &str, max_chars: usize) -> Option<String> {
    match map.get(tx, key)? {
        Out::Any(Any::String(text)) => Some(cut(&text, max_chars)),
        _ => None,
    }
}

/// PostgreSQL keeps no NUL in text.
fn cut(text: &str, max_chars: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(max_chars).collect()
}

fn time(tx: &impl ReadTxn, map: &MapRef, key: &str) -> Option<i64> {
    match map.get(tx, key)? {
        Out::Any(Any::Number(Number::Float(number))) if number.is_finite() => Some(number as i64),
        Out::Any(Any::Number(Number::Int(number))) => Some(number),
        _ => None,
    }
}
