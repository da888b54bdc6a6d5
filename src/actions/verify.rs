//! Is everything there that the database promises? Reads and hashes the content of every version again.

use std::collections::HashSet;

use storage::{ContentId, Store};

use crate::{
    db::{self, Db, versions::Use},
    error::Result,
};

/// Uses read at a time.
const BATCH: i64 = 1000;

/// What `wenshu verify` found.
#[derive(Debug, Default)]
pub struct Report {
    pub contents: u64,
    pub versions: u64,
    /// Versions whose content is not what was stored, with the reason.
    pub damaged: Vec<Damage>,
}

/// A version that cannot be read any more.
#[derive(Debug)]
pub struct Damage {
    pub affected: Use,
    pub reason: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Use { document_id, document_name, number, .. } = &self.affected;
        write!(f, "document {document_id} ({document_name:?}) version {number}: {}", self.reason)
    }
}

/// Checks every content once and tells `found` of each damaged version as soon as it is known.
/// Fails when the store does not answer: that is no damage.
pub async fn verify(db: &Db, store: &Store, mut found: impl FnMut(&Damage)) -> Result<Report> {
    let mut report = Report::default();
    // Uses come sorted by content; only the last one may go on in the next batch.
    let mut last: Option<(String, Option<String>)> = None;
    let mut after: Option<Use> = None;
    loop {
        let batch = db::versions::list_uses(db.read(), after.as_ref(), BATCH).await?;
        let Some(end) = batch.last().cloned() else { return Ok(report) };
        for affected in batch {
            report.versions += 1;
            let reason = match &last {
                Some((content, reason)) if *content == affected.content_id => reason.clone(),
                _ => {
                    report.contents += 1;
                    check(store, &affected.content_id).await?
                }
            };
            last = Some((affected.content_id.clone(), reason.clone()));
            if let Some(reason) = reason {
                let damage = Damage { affected, reason };
                found(&damage);
                report.damaged.push(damage);
            }
        }
        after = Some(end);
    }
}

/// Why the content is damaged, if it is.
async fn check(store: &Store, content: &str) -> Result<Option<String>> {
    let Ok(content) = content.parse::<ContentId>() else {
        return Ok(Some("the database holds an impossible content id".into()));
    };
    match store.verify(&content).await {
        Ok(()) => Ok(None),
        Err(error @ (storage::Error::Damaged { .. } | storage::Error::Missing { .. })) => Ok(Some(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

impl Report {
    /// How many distinct contents are damaged.
    pub fn damaged_contents(&self) -> usize {
        self.damaged.iter().map(|damage| &damage.affected.content_id).collect::<HashSet<_>>().len()
    }
}
