//! What is worth remembering for ever? The events of the audit log, recorded in the transaction of what they tell about.

pub mod readings;
pub mod rights;
pub mod verify;

use serde_json::{Value, json};

use crate::{
    clock::Millis,
    db::{self, Tx},
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
pub fn record(tx: &mut Tx, actor: Option<&UserId>, now: Millis, event: Event) {
    record_all(tx, actor, now, vec![event]);
}

/// Appends events to the chain, in order, in the transaction of the changes themselves.
pub fn record_all(tx: &mut Tx, actor: Option<&UserId>, now: Millis, events: Vec<Event>) {
    if events.iter().any(|event| rights::concerned_by(event.action)) {
        tx.concerns_rights();
    }
    let events = events.into_iter().map(|event| db::audit::NewEvent {
        at: now,
        actor_id: actor.cloned(),
        action: event.action,
        document_id: event.document,
        folder_id: event.folder,
        details: event.details.to_string(),
    });
    db::audit::note(tx, events);
}
