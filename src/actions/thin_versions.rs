//! Removes versions that a library does not want to keep: every version stays for some days, then the last one of each day,
//! then the last one of each week. Never the newest, never one with a name, never one during which somebody annotated the
//! document, never of what is on hold or in the trash. The others keep their numbers.

use serde_json::json;

use crate::{
    actions::quota,
    app::App,
    audit,
    clock::Millis,
    db::{
        self, Tx,
        retention::{OlderVersion, RetentionRow},
    },
    error::Result,
    ids::{DocumentId, FolderId, UserId},
    jobs::expire_trash::DAY_MS,
};

/// Documents looked at together.
const BATCH: i64 = 500;
/// Documents thinned in one transaction.
const TOGETHER: usize = 50;
/// Days begin at midnight in China.
const DAY_OFFSET_MS: i64 = 8 * 60 * 60 * 1000;
/// 1970-01-01 was a Thursday: weeks begin on Mondays.
const WEEK_OFFSET_DAYS: i64 = 3;

/// Which versions stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub keep_all_days: i64,
    pub daily_days: i64,
    pub max_versions: Option<i64>,
}

/// What goes, or would go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thinned {
    pub documents: i64,
    pub versions: i64,
    pub size_bytes: i64,
}

/// What the rule needs to know of an older version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Older {
    created_at: Millis,
    is_protected: bool,
}

impl Rule {
    /// The rule of a row.
    pub fn of(row: &RetentionRow) -> Self {
        Self { keep_all_days: row.keep_all_days, daily_days: row.daily_days, max_versions: row.max_versions }
    }

    /// Which of `older` (oldest first, without the newest version of all) go.
    fn superfluous(&self, older: &[Older], newest_at: Millis, now: Millis) -> Vec<bool> {
        let mut goes = vec![false; older.len()];
        // Of each span the last one stays: whoever is followed by another of the same span goes.
        let mut next_span = self.span(newest_at, now);
        for (index, version) in older.iter().enumerate().rev() {
            let span = self.span(version.created_at, now);
            goes[index] = !version.is_protected && span.is_some() && span == next_span;
            next_span = span;
        }
        if let Some(max) = self.max_versions {
            // The newest one counts, and what is protected counts, too.
            let mut left = 1 + goes.iter().filter(|goes| !**goes).count() as i64;
            let days = self.keep_all_days;
            for (goes, version) in goes.iter_mut().zip(older) {
                if left > max && !*goes && !version.is_protected && age_days(version.created_at, now) >= days {
                    *goes = true;
                    left -= 1;
                }
            }
        }
        goes
    }

    /// The day or week of which one version stays; `None`: all of them do.
    fn span(&self, at: Millis, now: Millis) -> Option<(bool, i64)> {
        let day = (at + DAY_OFFSET_MS).div_euclid(DAY_MS);
        match age_days(at, now) {
            age if age < self.keep_all_days => None,
            age if age < self.keep_all_days + self.daily_days => Some((false, day)),
            _ => Some((true, (day + WEEK_OFFSET_DAYS).div_euclid(7))),
        }
    }
}

fn age_days(at: Millis, now: Millis) -> i64 {
    (now - at).div_euclid(DAY_MS)
}

/// The versions of one document that go.
fn choose<'a>(rule: Rule, older: &[&'a OlderVersion], newest_at: Millis, now: Millis) -> Vec<&'a OlderVersion> {
    let facts: Vec<Older> = older
        .iter()
        .map(|version| Older {
            created_at: version.created_at,
            // A restored one is called after its source, by who restored it: that is a name, too.
            is_protected: version.is_annotated == 1 || !version.note.is_empty(),
        })
        .collect();
    let goes = rule.superfluous(&facts, newest_at, now);
    older.iter().zip(goes).filter(|(_, goes)| *goes).map(|(version, _)| *version).collect()
}

/// What would go if `rule` were the rule of `library` now.
pub async fn preview(app: &App, library: &FolderId, rule: Rule) -> Result<Thinned> {
    let mut thinned = Thinned::default();
    let mut after = String::new();
    loop {
        let documents = db::retention::list_candidates(app.db.read(), library, &after, BATCH).await?;
        let Some(last) = documents.last() else { return Ok(thinned) };
        after = last.to_string();
        let older = db::retention::list_older(app.db.read(), &documents).await?;
        for group in older.chunk_by(|one, other| one.document_id == other.document_id) {
            thinned.add(&chosen_of(rule, group, app.clock.now()));
        }
    }
}

/// Removes what the rule does not keep; in transactions of bounded size.
pub async fn thin_library(app: &App, library: &FolderId, rule: Rule) -> Result<Thinned> {
    let mut thinned = Thinned::default();
    let mut after = String::new();
    loop {
        let documents = db::retention::list_candidates(app.db.read(), library, &after, BATCH).await?;
        let Some(last) = documents.last() else { return Ok(thinned) };
        after = last.to_string();
        let older = db::retention::list_older(app.db.read(), &documents).await?;
        let affected: Vec<DocumentId> = older
            .chunk_by(|one, other| one.document_id == other.document_id)
            .filter(|group| !chosen_of(rule, group, app.clock.now()).is_empty())
            .map(|group| group[0].document_id.clone())
            .collect();
        for documents in affected.chunks(TOGETHER) {
            thinned.merge(thin_documents(app, library, documents, rule).await?);
        }
    }
}

/// The last one of the older versions counts as newest of its span: whatever came after it is newer still and stays.
fn chosen_of(rule: Rule, group: &[OlderVersion], now: Millis) -> Vec<&OlderVersion> {
    let older: Vec<&OlderVersion> = group.iter().collect();
    let newest_at = group.iter().map(|version| version.until).next_back().unwrap_or(now);
    choose(rule, &older, newest_at, now)
}

async fn thin_documents(app: &App, library: &FolderId, documents: &[DocumentId], rule: Rule) -> Result<Thinned> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    // Decided again where nobody else writes: a hold, a name or a newer version may have come.
    let held = db::holds::list_held(&mut *tx, documents).await?;
    let present = db::documents::list(&mut *tx, documents).await?;
    let free: Vec<_> = present.into_iter().filter(|one| one.trashed_at.is_none() && !held.contains(&one.id)).collect();
    let ids: Vec<DocumentId> = free.iter().map(|document| document.id.clone()).collect();
    let older = db::retention::list_older(&mut *tx, &ids).await?;
    let mut thinned = Thinned::default();
    let (mut events, mut refunds) = (Vec::new(), std::collections::BTreeMap::<UserId, i64>::new());
    for group in older.chunk_by(|one, other| one.document_id == other.document_id) {
        let chosen = chosen_of(rule, group, now);
        if quota::library_in(&mut tx, &folder_of(&free, &group[0].document_id)).await? != *library || chosen.is_empty()
        {
            continue;
        }
        remove(&mut tx, &chosen).await?;
        for version in &chosen {
            *refunds.entry(version.author_id.clone()).or_default() += version.size_bytes;
        }
        let numbers: Vec<i64> = chosen.iter().map(|version| version.number).collect();
        let bytes: i64 = chosen.iter().map(|version| version.size_bytes).sum();
        let details = json!({ "numbers": numbers, "size_bytes": bytes });
        events.push(audit::Event::new("versions_thinned").document(&group[0].document_id).details(details));
        thinned.add(&chosen);
    }
    if !events.is_empty() {
        quota::refund(&mut tx, library, &refunds.into_iter().collect::<Vec<_>>()).await?;
        audit::record_all(&mut tx, None, now, events);
    }
    tx.commit().await?;
    Ok(thinned)
}

fn folder_of(documents: &[db::documents::Document], id: &DocumentId) -> FolderId {
    let found = documents.iter().find(|document| document.id == *id);
    found.expect("only their versions were listed").folder_id.clone()
}

async fn remove(tx: &mut Tx, versions: &[&OlderVersion]) -> Result<()> {
    for version in versions {
        db::versions::delete(tx, &version.document_id, version.number).await?;
    }
    for version in versions {
        db::purge::delete_unused_facts(tx, &version.content_id).await?;
        for content in [Some(&version.content_id), version.unlocked_id.as_ref()].into_iter().flatten() {
            db::purge::delete_unused_preview(tx, content, &version.media_type).await?;
        }
    }
    Ok(())
}

impl Thinned {
    fn add(&mut self, versions: &[&OlderVersion]) {
        self.documents += i64::from(!versions.is_empty());
        self.versions += versions.len() as i64;
        self.size_bytes += versions.iter().map(|version| version.size_bytes).sum::<i64>();
    }

    fn merge(&mut self, other: Self) {
        self.documents += other.documents;
        self.versions += other.versions;
        self.size_bytes += other.size_bytes;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Millis = 1_767_600_000_000;
    const RULE: Rule = Rule { keep_all_days: 7, daily_days: 30, max_versions: None };

    fn at(days_ago: f64) -> Older {
        Older { created_at: NOW - (days_ago * DAY_MS as f64) as i64, is_protected: false }
    }

    fn stays(rule: Rule, older: &[Older]) -> Vec<bool> {
        rule.superfluous(older, NOW, NOW).into_iter().map(|goes| !goes).collect()
    }

    #[test]
    fn what_is_young_stays_then_the_last_of_a_day_then_the_last_of_a_week() {
        // 2026-01-05 16:00 in China, a Monday.
        let older = [at(100.2), at(100.1), at(99.0), at(20.1), at(20.05), at(10.0), at(3.1), at(3.05), at(3.0)];
        // 100 days ago was a Saturday, 99 a Sunday: one week.
        assert_eq!(stays(RULE, &older), [false, false, true, false, true, true, true, true, true]);
    }

    #[test]
    fn what_is_protected_stays_and_takes_nothing_with_it() {
        let mut older = [at(20.1), at(20.05), at(20.01)];
        older[0].is_protected = true;
        assert_eq!(stays(RULE, &older), [true, false, true]);
    }

    #[test]
    fn at_most_so_many_stay_but_never_young_ones_go() {
        let rule = Rule { max_versions: Some(3), ..RULE };
        let older = [at(400.0), at(300.0), at(200.0), at(100.0)];
        assert_eq!(stays(rule, &older), [false, false, true, true]);
        let young = [at(4.0), at(3.0), at(2.0), at(1.0)];
        assert_eq!(stays(rule, &young), [true; 4]);
    }

    proptest! {
        #[test]
        fn thinning_twice_removes_nothing_more(mut ages in prop::collection::vec(0.0..500.0f64, 0..60), max in 1..20i64) {
            ages.sort_by(|one, other| other.total_cmp(one));
            let rule = Rule { max_versions: Some(max), ..RULE };
            let older: Vec<Older> = ages.into_iter().map(at).collect();
            let goes = rule.superfluous(&older, NOW, NOW);
            let rest: Vec<Older> = older.iter().zip(&goes).filter(|(_, goes)| !**goes).map(|(one, _)| *one).collect();
            prop_assert!(rule.superfluous(&rest, NOW, NOW).iter().all(|goes| !goes));
        }
    }
}
