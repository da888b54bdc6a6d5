//! May they still? Looks a few times a second whether anything about rights changed, and cuts off whom it concerns.
//!
//! Every change of an account, a grant, a level or a place is in the audit log, written in the same transaction and visible to
//! every node. So one small read tells that nothing happened; only when something did are connections looked at.

use std::{sync::atomic::Ordering, time::Duration};

use futures::{StreamExt, stream};
use tokio::time::{Instant, MissedTickBehavior};

use crate::{
    app::App,
    audit,
    auth::{
        CurrentUser,
        policy::{Action, Role},
    },
    db,
    error::Result,
    rooms::{RoomName, protocol::CloseCode, registry::Link},
};

/// How often the audit log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How often everybody is looked at, whatever the log says: sessions and tokens also end by time.
const ALL_EVERY: Duration = Duration::from_secs(30);
/// Connections looked at together.
const TOGETHER: usize = 8;
/// What somebody may do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Reads,
    Writes,
}

/// Why somebody may not be in a room.
pub type Refusal = (CloseCode, &'static str);

/// What `user` may do in a room now. The outer error is a fault of ours.
pub async fn standing(app: &App, user: &CurrentUser, room: &RoomName) -> Result<Result<Standing, Refusal>> {
    let Some(caller) = app.guests.caller(app, &user.signed_in).await? else {
        return Ok(Err((CloseCode::Unauthorized, "sign in first")));
    };
    let missing = Ok(Err((CloseCode::RoomNotFound, "there is no such room")));
    let Some(document) = app.guests.document(app, &room.document()).await? else { return missing };
    if !document.is_live() {
        return missing;
    }
    Ok(match app.guests.role(app, &caller, &document).await? {
        None => Err((CloseCode::RoomNotFound, "there is no such room")),
        Some(role) if role >= least_to_write(room) => Ok(Standing::Writes),
        Some(Role::Previewer) if !room.is_body() => Err((CloseCode::Forbidden, "your role does not show you notes")),
        Some(_) => Ok(Standing::Reads),
    })
}

/// The least role that may write in a room: its body is edited, its notes are comments.
fn least_to_write(room: &RoomName) -> Role {
    let action = if room.is_body() { Action::Edit } else { Action::Comment };
    action.least_role()
}

/// Watches until the service stops.
pub async fn watch(app: App) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut seen, mut all_at) = (None, Instant::now());
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = app.shutdown.cancelled() => return,
        }
        if seen.is_some() && app.rooms.count().1 == 0 && !app.guests.are_asked() {
            app.guests.looked();
            continue;
        }
        match look(&app, &mut seen).await {
            Ok(changed) => {
                if changed {
                    audit::rights::begin_epoch();
                }
                app.guests.looked();
                let due = changed || all_at.elapsed() >= ALL_EVERY;
                if due {
                    all_at = Instant::now();
                }
                if due && !check_all(&app).await {
                    seen = seen.map(|seq: i64| seq.saturating_sub(1));
                }
            }
            Err(error) => tracing::warn!(%error, "changes of rights cannot be read"),
        }
    }
}

/// Whether the audit log has something new that may concern rights.
async fn look(app: &App, seen: &mut Option<i64>) -> Result<bool> {
    let Some(after) = seen else {
        *seen = Some(db::audit::head(app.db.read()).await?.0);
        return Ok(true);
    };
    let mut changed = false;
    loop {
        let events = db::audit::list(app.db.read(), *after, None, 500).await?;
        let Some(last) = events.last() else { return Ok(changed) };
        *after = last.seq;
        changed |= events.iter().any(|event| audit::rights::concerned_by(&event.action));
    }
}

/// Looks at all connections. False when some could not be checked.
async fn check_all(app: &App) -> bool {
    let checks =
        stream::iter(app.rooms.links()).map(|link| async move { check(app, &link).await }).buffer_unordered(TOGETHER);
    checks.fold(true, |all, one| async move { all && one }).await
}

/// Looks at one connection. False when it could not be checked.
pub(super) async fn check(app: &App, link: &Link) -> bool {
    match standing(app, &link.user, &link.room).await {
        Ok(Ok(now)) => {
            let (may, might) =
                (now == Standing::Writes, link.may_write.swap(now == Standing::Writes, Ordering::Relaxed));
            // Starting anew sends what was refused before, and shows the editor what it may do now.
            if may && !might {
                link.outbox.close(CloseCode::Restarting, "your role has changed, connect again");
            }
            true
        }
        // To somebody who was inside, the document is no secret: say what happened.
        Ok(Err((CloseCode::RoomNotFound, _))) => {
            link.may_write.store(false, Ordering::Relaxed);
            link.outbox.close(CloseCode::Forbidden, "you have no access to this document any more");
            true
        }
        Ok(Err((code, reason))) => {
            link.may_write.store(false, Ordering::Relaxed);
            link.outbox.close(code, reason);
            true
        }
        Err(error) => {
            tracing::warn!(%error, "rights cannot be checked");
            false
        }
    }
}
