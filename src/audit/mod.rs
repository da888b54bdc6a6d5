//! What is worth remembering for ever? The events of the audit log, recorded in the transaction of what they tell about.

pub mod readings;
pub mod rights;
pub mod verify;

use serde_json::{Value, json};

use crate::{
    clock::Millis,
    db::{self, Tx},
    error::Result,
    ids::{DocumentId, FolderId, UserId},
};

/// One event before it is recorded. `action` is in the past tense (`version_added`).
pub struct Event {
    action: &'static str,
    document: Option<DocumentId>,
    folder: Option<FolderId>,
    details: Value,
}

impl Event {
    /// An event named `action`.
    pub fn new(action: &'static str) -> Self {
        Self { action, document: None, folder: None, details: json!({}) }
    }

    /// The document it happened to.
    pub fn document(mut self, id: &DocumentId) -> Self {
        self.document = Some(id.clone());
        self
    }

    /// The folder it happened to or in.
    pub fn folder(mut self, id: &FolderId) -> Self {
        self.folder = Some(id.clone());
        self
    }

    /// What else is to be known, as a JSON object. No secrets, no content.
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// Appends `event` to the chain, in the transaction of the change itself. `actor` is `None` for the server.
pub async fn record(tx: &mut Tx, actor: Option<&UserId>, now: Millis, event: Event) -> Result<()> {
    record_all(tx, actor, now, vec![event]).await
}

/// Appends events to the chain, in order, in the transaction of the changes themselves.
pub async fn record_all(tx: &mut Tx, actor: Option<&UserId>, now: Millis, events: Vec<Event>) -> Result<()> {
    tx.concerns_rights |= events.iter().any(|event| rights::concerned_by(event.action));
    let events: Vec<_> = events
        .iter()
        .map(|event| db::audit::NewEvent {
            at: now,
            actor_id: actor,
            action: event.action,
            document_id: event.document.as_ref(),
            folder_id: event.folder.as_ref(),
            details: event.details.to_string(),
        })
        .collect();
    db::audit::insert_all(tx, &events).await
}
