//! Changes tags, archive fields and levels of documents: one from its form, many at once, or the rows of a table.
//!
//! Each document changes as a whole or not at all, with an outcome of its own; all that change do so in one transaction.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use serde_json::json;

use crate::{
    actions::add_version::refuse_level,
    app::App,
    audit::{self, Event},
    auth::policy::{self, Action, Caller, DocumentAccess},
    db::{self, Tx, document_tags::TagRow, documents::Document},
    error::{Error, Result},
    ids::{DocumentId, PropertyId},
    records::{
        Records,
        edit::{Plan, RecordEdit},
        value::Property,
    },
};

/// Whether anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Apply,
    /// Only to hear what would come of it.
    Try,
}

/// What came of one document: whether anything changed.
pub type Outcome = Result<bool>;

/// Unique values that earlier parts of one piece of work have taken or given up: the parts of a trial are not stored.
#[derive(Default)]
pub struct Claims {
    taken: HashMap<(PropertyId, String), DocumentId>,
    freed: HashSet<(PropertyId, String)>,
}

/// Somebody else has a value.
struct Taken {
    property: Property,
    holder: DocumentId,
}

/// What is known of one document on the way through.
enum Step {
    Planned(Box<Plan>),
    Refused(Error),
    Taken(Box<Taken>),
}

/// Changes documents, at most [`db::JOIN_MAX`]; each may be named once. The outcomes are in the order of `edits`.
pub async fn edit_records(
    app: &App,
    by: &Caller,
    edits: &[(DocumentId, &RecordEdit)],
    mode: Mode,
    claims: &mut Claims,
) -> Result<Vec<Outcome>> {
    let ids: Vec<DocumentId> = edits.iter().map(|(id, _)| id.clone()).collect();
    // Rights are looked up before the transaction, and hold when the document is still where it was.
    let seen = db::documents::list(app.db.read(), &ids).await?;
    let access = DocumentAccess::load(&app.db, by, &seen).await?;
    let seen: HashMap<&DocumentId, &Document> = seen.iter().map(|document| (&document.id, document)).collect();

    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let present = db::documents::list(&mut *tx, &ids).await?;
    let places: Vec<_> = present.iter().map(|document| (&document.id, &document.folder_id)).collect();
    let records = Records::load(&mut tx, &places).await?;
    let mut present: HashMap<DocumentId, Document> =
        present.into_iter().map(|document| (document.id.clone(), document)).collect();
    let mut steps: Vec<Step> = edits
        .iter()
        .map(|(id, edit)| {
            let planned = allowed(app, by, &access, seen.get(id).copied(), present.remove(id), edit)
                .and_then(|document| Plan::new(document, edit, &records));
            planned.map_or_else(Step::Refused, |plan| Step::Planned(Box::new(plan)))
        })
        .collect();
    refuse_taken(&mut tx, &mut steps, claims).await?;
    let plans: Vec<&Plan> = steps.iter().filter_map(Step::plan).filter(|plan| !plan.is_empty()).collect();
    claims.remember(&plans);
    match mode {
        Mode::Apply if !plans.is_empty() => {
            write(app, by, &mut tx, &plans).await?;
            tx.commit().await?;
        }
        _ => drop(tx),
    }
    outcomes(app, by, steps).await
}

/// The document as it is now, when the caller may change it.
fn allowed(
    app: &App,
    by: &Caller,
    access: &DocumentAccess,
    seen: Option<&Document>,
    present: Option<Document>,
    edit: &RecordEdit,
) -> Result<Document> {
    let hidden = || Error::not_found("document");
    let seen = seen.filter(|document| document.trashed_at.is_none()).ok_or_else(hidden)?;
    let role = access.role(&seen.id);
    policy::check(role, Action::Read, seen)?;
    if edit.concerns_record() {
        policy::check(role, Action::EditRecord, seen)?;
    }
    if let Some(level) = edit.level.filter(|level| *level != seen.level) {
        policy::check_level(role, by, seen, level)?;
        refuse_level(app, level)?;
    }
    let present = present.filter(|document| document.trashed_at.is_none()).ok_or_else(hidden)?;
    let place = |document: &Document| (document.folder_id.clone(), document.scope_id.clone(), document.level);
    if place(&present) != place(seen) {
        return Err(Error::conflict("document_changed", "who has access changed in the meantime, try again"));
    }
    Ok(present)
}

/// Refuses whatever would give two documents one value of a unique property. What one document gives up, another one of the
/// same part may take; so a refusal may lead to others.
async fn refuse_taken(tx: &mut Tx, steps: &mut [Step], claims: &Claims) -> Result<()> {
    let mut holders: HashMap<(PropertyId, String), Option<DocumentId>> = HashMap::new();
    for step in steps.iter() {
        for (property, _, after) in step.claims() {
            let Some(key) = after else { continue };
            let place = (property.row.id.clone(), key.to_owned());
            if let Entry::Vacant(entry) = holders.entry(place) {
                let place = entry.key();
                let holder = match claims.taken.get(place) {
                    Some(holder) => Some(holder.clone()),
                    None if claims.freed.contains(place) => None,
                    None => db::document_properties::find_holder(tx, &place.0, key).await?,
                };
                entry.insert(holder);
            }
        }
    }
    loop {
        let freed: HashSet<(PropertyId, String)> = steps
            .iter()
            .flat_map(Step::claims)
            .filter_map(|(property, before, _)| Some((property.row.id.clone(), before?.to_owned())))
            .collect();
        let mut claimed: HashMap<(PropertyId, String), DocumentId> = HashMap::new();
        let mut refused = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            let Some(plan) = step.plan() else { continue };
            for (property, _, after) in step.claims() {
                let Some(key) = after else { continue };
                let place = (property.row.id.clone(), key.to_owned());
                let stored = holders.get(&place).cloned().flatten().filter(|_| !freed.contains(&place));
                match claimed.get(&place).cloned().or(stored) {
                    Some(holder) => {
                        refused.push((number, Taken { property: property.clone(), holder }));
                        break;
                    }
                    None => claimed.insert(place, plan.document.id.clone()),
                };
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        for (number, taken) in refused {
            steps[number] = Step::Taken(Box::new(taken));
        }
    }
}

impl Step {
    fn plan(&self) -> Option<&Plan> {
        match self {
            Step::Planned(plan) => Some(plan),
            _ => None,
        }
    }

    /// Unique properties that change: the key given up and the key claimed.
    fn claims(&self) -> impl Iterator<Item = (&Property, Option<&str>, Option<&str>)> {
        let changes = self.plan().into_iter().flat_map(|plan| &plan.properties);
        changes.filter_map(|change| change.claim().map(|(before, after)| (&change.property, before, after)))
    }
}

impl Claims {
    fn remember(&mut self, plans: &[&Plan]) {
        let changes = || plans.iter().flat_map(|plan| plan.properties.iter().map(move |change| (plan, change)));
        for (_, change) in changes() {
            if let Some((Some(before), _)) = change.claim() {
                let place = (change.property.row.id.clone(), before.to_owned());
                self.taken.remove(&place);
                self.freed.insert(place);
            }
        }
        for (plan, change) in changes() {
            if let Some((_, Some(after))) = change.claim() {
                let place = (change.property.row.id.clone(), after.to_owned());
                self.freed.remove(&place);
                self.taken.insert(place, plan.document.id.clone());
            }
        }
    }
}

async fn write(app: &App, by: &Caller, tx: &mut Tx, plans: &[&Plan]) -> Result<()> {
    let now = app.clock.now();
    // Given up first, so that another document may take it.
    for plan in plans {
        for change in plan.properties.iter().filter(|change| change.claim().is_some() && !change.before.is_empty()) {
            db::document_properties::delete_from(tx, &plan.document.id, &change.property.row.id, 0).await?;
        }
    }
    for plan in plans {
        write_values(tx, plan).await?;
        write_tags(tx, plan).await?;
        if let Some(level) = plan.level {
            db::documents::update_level(tx, &plan.document.id, level, &by.id, now).await?;
            db::documents::update_attached(tx, &plan.document.id).await?;
        }
    }
    audit::record_all(tx, Some(&by.id), now, plans.iter().flat_map(|plan| events(plan)).collect());
    let changed: Vec<DocumentId> = plans.iter().map(|plan| plan.document.id.clone()).collect();
    db::changes::append_all(tx, &changed, now);
    Ok(())
}

async fn write_values(tx: &mut Tx, plan: &Plan) -> Result<()> {
    for change in &plan.properties {
        if change.after.len() < change.before.len() {
            let kept = change.after.len() as i64;
            db::document_properties::delete_from(tx, &plan.document.id, &change.property.row.id, kept).await?;
        }
        for row in change.rows(&plan.document.id) {
            db::document_properties::upsert(tx, &row).await?;
        }
    }
    Ok(())
}

async fn write_tags(tx: &mut Tx, plan: &Plan) -> Result<()> {
    let Some(tags) = &plan.tags else { return Ok(()) };
    for row in &tags.before {
        if !tags.after.iter().any(|(_, key)| *key == row.tag_key) {
            db::document_tags::delete(tx, &plan.document.id, &row.tag_key).await?;
        }
    }
    for (position, (tag, tag_key)) in tags.after.iter().enumerate() {
        let row = TagRow {
            document_id: plan.document.id.clone(),
            tag_key: tag_key.clone(),
            tag: tag.clone(),
            position: position as i64,
        };
        if !tags.before.contains(&row) {
            db::document_tags::upsert(tx, &row).await?;
        }
    }
    Ok(())
}

fn events(plan: &Plan) -> Vec<Event> {
    let event = |name| Event::new(name).document(&plan.document.id).folder(&plan.document.folder_id);
    let record = (!plan.is_record_empty()).then(|| event("record_edited").details(plan.details()));
    let level = plan.level.map(|level| event("level_set").details(json!({ "from": plan.document.level, "to": level })));
    record.into_iter().chain(level).collect()
}

/// Outcomes for the caller: who has a taken value is told only when the caller may see that document.
async fn outcomes(app: &App, by: &Caller, steps: Vec<Step>) -> Result<Vec<Outcome>> {
    let holders: Vec<DocumentId> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Taken(taken) => Some(taken.holder.clone()),
            _ => None,
        })
        .collect();
    let visible = visible(app, by, &holders).await?;
    let outcome = |step| match step {
        Step::Planned(plan) => Ok(!plan.is_empty()),
        Step::Refused(error) => Err(error),
        Step::Taken(taken) if visible.contains(&taken.holder) => {
            Err(taken.property.taken().with("document_id", taken.holder.as_str()))
        }
        Step::Taken(taken) => Err(taken.property.taken()),
    };
    Ok(steps.into_iter().map(outcome).collect())
}

/// Which of `documents` the caller may know of.
pub async fn visible(app: &App, by: &Caller, documents: &[DocumentId]) -> Result<HashSet<DocumentId>> {
    if documents.is_empty() {
        return Ok(HashSet::new());
    }
    let documents = db::documents::list(app.db.read(), documents).await?;
    let access = DocumentAccess::load(&app.db, by, &documents).await?;
    Ok(documents.into_iter().map(|document| document.id).filter(|id| access.role(id).is_some()).collect())
}
