//! A paper as its author typed it: about 260,000 edits, recorded one by one.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use yrs::{Doc, GetString, OffsetKind, Options, ReadTxn, Text, Transact, Update, updates::decoder::Decode};

/// Edits per update: what a fast typist's editor sends within a few seconds, joined.
const EDITS_PER_UPDATE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    start_content: String,
    end_content: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    /// Position, number of characters deleted, text inserted.
    patches: Vec<(u32, u32, String)>,
}

/// The trace as a client would send it.
pub struct Trace {
    pub updates: Vec<Vec<u8>>,
    pub edits: usize,
    /// Less than the whole document takes as one update, more than any of its parts: servers join structs as they like.
    pub bytes_at_least: usize,
    text: String,
}

impl Trace {
    /// Reads and plays the trace.
    pub fn load() -> Result<Self> {
        let file = folder().join("automerge-paper.json.gz");
        let output = Command::new("gzip").arg("-dc").arg(&file).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "{} cannot be unpacked", file.display());
        let file: File = serde_json::from_slice(&output.stdout).context("the trace is not as expected")?;
        let doc = document();
        let text = doc.get_or_insert_text("t");
        text.push(&mut doc.transact_mut(), &file.start_content);
        let patches: Vec<_> = file.txns.into_iter().flat_map(|transaction| transaction.patches).collect();
        let mut updates = Vec::new();
        for group in patches.chunks(EDITS_PER_UPDATE) {
            let mut tx = doc.transact_mut();
            for (position, deleted, inserted) in group {
                if *deleted > 0 {
                    text.remove_range(&mut tx, *position, *deleted);
                }
                if !inserted.is_empty() {
                    text.insert(&mut tx, *position, inserted);
                }
            }
            updates.push(tx.encode_update_v1());
        }
        ensure!(text.get_string(&doc.transact()) == file.end_content, "the trace was not played as recorded");
        let bytes_at_least = doc.transact().encode_state_as_update_v1(&yrs::StateVector::default()).len() / 3;
        Ok(Self { updates, edits: patches.len(), bytes_at_least, text: file.end_content })
    }

    /// Whether updates bring the whole text.
    pub fn is_whole(&self, updates: &[Vec<u8>]) -> Result<bool> {
        let doc = document();
        let text = doc.get_or_insert_text("t");
        let mut tx = doc.transact_mut();
        for update in updates {
            tx.apply_update(Update::decode_v1(update)?)?;
        }
        Ok(text.get_string(&tx) == self.text)
    }
}

/// How many structs of a client updates bring, without a hole before.
pub fn clock_of(updates: &[Vec<u8>], client: u64) -> Result<u64> {
    let doc = document();
    let mut tx = doc.transact_mut();
    for update in updates {
        tx.apply_update(Update::decode_v1(update)?)?;
    }
    Ok(u64::from(tx.state_vector().get(&yrs::block::ClientID::new(client))))
}

fn document() -> Doc {
    Doc::with_options(Options { offset_kind: OffsetKind::Utf16, ..Options::default() })
}

/// The corpus lies beside the checkout.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/text/traces")
}
