//! Can a message to a room do harm? Everything that the server does with one, and what the child does with its update.
//!
//! The gate must not panic, and what it accepts must stay acceptable when it is cut and joined. Building a document may fail (the
//! child says so), but must not touch memory that is not its own: the address sanitizer looks on.
#![no_main]

use std::{panic, sync::Once};

use libfuzzer_sys::fuzz_target;
use yrs::{Doc, GetString, ReadTxn, StateVector as YrsStateVector, Transact, Update, WriteTxn, updates::decoder::Decode};

#[allow(dead_code, reason = "the server uses all of it")]
#[path = "../../src/rooms"]
mod rooms {
    pub mod lib0;
    pub mod merge;
    pub mod protocol;
    pub mod update;
}

use rooms::{
    merge::join,
    protocol::Message,
    update::{Coverage, Facts, StateVector, check, difference},
};

fuzz_target!(|data: &[u8]| {
    // Panics that are caught, as the server and the child catch them, are no findings.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| panic::set_hook(Box::new(|_| {})));
    match Message::read(data) {
        Ok(Message::Update(update)) => try_update(update),
        Ok(Message::SyncStep1(state)) => drop(StateVector::read(state)),
        Ok(Message::Awareness(_) | Message::QueryAwareness) | Err(_) => try_update(data),
    }
});

fn try_update(bytes: &[u8]) {
    let Ok(facts) = check(bytes) else { return };
    let mut coverage = Coverage::default();
    coverage.add(&facts);
    let has = StateVector::read(&coverage.state_vector()).expect("an own state vector is read");
    for has in [StateVector::default(), has] {
        if let Some(rest) = difference(bytes, &facts, &has) {
            check(&rest).expect("what is left of an accepted update is accepted");
        }
    }
    let empty: &[u8] = rooms::update::EMPTY;
    let nothing = Facts { deletes_at: 1, ..Facts::default() };
    let joined = join(&[(bytes, &facts), (empty, &nothing)]).expect("nothing overlaps");
    let again = check(&joined).expect("a joined update is accepted");
    let mut covered = Coverage::default();
    covered.add(&again);
    assert!(covered.includes(&coverage) && coverage.includes(&covered));
    let _ = panic::catch_unwind(|| build(bytes));
}

/// What the child does.
fn build(bytes: &[u8]) {
    let doc = Doc::new();
    let mut tx = doc.transact_mut();
    let body = tx.get_or_insert_xml_fragment("default");
    let Ok(update) = Update::decode_v1(bytes) else { return };
    if tx.apply_update(update).is_ok() {
        let _ = body.get_string(&tx);
        let _ = tx.encode_state_as_update_v1(&YrsStateVector::default());
    }
}
