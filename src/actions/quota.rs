//! May so much more be kept? The one rule for everything that adds bytes: uploads, versions of pages, restored and unlocked
//! versions, copies.
//!
//! A version counts with its plain size, in full, for its library and for its author, also when other versions share its
//! bytes and while it lies in the trash; what was unlocked counts as well. The journal of a page, previews and the search
//! index do not count. An unfinished upload reserves its declared size, or what has arrived when none was declared.
//! The counters change in the transactions that add and remove versions, each in one guarded update: so they are exact, and
//! of several that want the last byte one gets it.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use crate::{
    app::App,
    config::Config,
    db::{
        self, Connection, Tx,
        uploads::{Reservation, Upload},
        usage::{Delta, Owner, Usage},
    },
    error::{Error, Result},
    ids::{FolderId, UserId},
};

/// How much somebody keeps and may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Of versions.
    pub used_bytes: i64,
    /// Of uploads that are on their way.
    pub reserved_bytes: i64,
    /// `None`: unlimited.
    pub limit_bytes: Option<i64>,
}

impl Space {
    /// What is taken, by versions and by uploads on their way.
    pub fn taken_bytes(&self) -> i64 {
        self.used_bytes + self.reserved_bytes
    }

    /// What is left; `None`: no limit.
    pub fn available_bytes(&self) -> Option<i64> {
        self.limit_bytes.map(|limit| (limit - self.taken_bytes()).max(0))
    }
}

/// How much `owner` keeps and may keep.
pub async fn space(app: &App, owner: Owner<'_>) -> Result<Space> {
    Ok(space_of(app, is_library(owner), db::usage::find(&mut app.db.look().await?, owner).await?))
}

/// The same of a row that was read already.
pub fn space_of(app: &App, is_library: bool, usage: Usage) -> Space {
    let limit = usage.quota_bytes.unwrap_or_else(|| default_limit(&app.config, is_library));
    Space {
        used_bytes: usage.used_bytes,
        reserved_bytes: usage.reserved_bytes,
        limit_bytes: (limit >= 0).then_some(limit),
    }
}

/// What `user` sees as used and still available in `folder` (RFC 4331): used is the library's; available is the smaller of
/// what the library and the person have left, `None` without any limit.
pub async fn space_in_folder(app: &App, folder: &FolderId, user: &UserId) -> Result<(i64, Option<i64>)> {
    let library = space(app, Owner::Library(&library_of(app, folder).await?)).await?;
    let person = space(app, Owner::User(user)).await?;
    let available = [library, person].iter().filter_map(Space::available_bytes).min();
    Ok((library.used_bytes, available))
}

/// Refuses what would not fit now, before anything is sent or made. The counting itself decides later.
pub async fn require(app: &App, folder: &FolderId, user: &UserId, bytes: i64) -> Result<()> {
    require_in(app, &library_of(app, folder).await?, user, bytes).await.map(drop)
}

/// Like [`require`], for a library; tells how many bytes are available (`None`: any number).
pub async fn require_in(app: &App, library: &FolderId, user: &UserId, bytes: i64) -> Result<Option<i64>> {
    let mut least: Option<i64> = None;
    for owner in [Owner::Library(library), Owner::User(user)] {
        let space = space(app, owner).await?;
        let Some(available) = space.available_bytes() else { continue };
        if bytes > available {
            return Err(exceeded(owner, space, bytes));
        }
        least = Some(least.map_or(available, |least| least.min(available)));
    }
    Ok(least)
}

/// What versions and uploads add, by library and person.
#[derive(Default)]
pub struct Tally(BTreeMap<(FolderId, UserId), Delta>);

impl Tally {
    /// Adds a new version; what an upload had reserved for it is given back.
    pub fn add_version(&mut self, library: &FolderId, author: &UserId, bytes: i64, reserved: Option<&Reservation>) {
        self.of(library, author).used_bytes += bytes;
        if let Some(Reservation { library_id: Some(library), user_id, reserved_bytes }) = reserved {
            self.of(library, user_id).reserved_bytes -= reserved_bytes;
        }
    }

    /// Adds what an upload reserves.
    pub fn reserve(&mut self, library: &FolderId, user: &UserId, bytes: i64) {
        self.of(library, user).reserved_bytes += bytes;
    }

    fn of(&mut self, library: &FolderId, user: &UserId) -> &mut Delta {
        self.0.entry((library.clone(), user.clone())).or_default()
    }

    /// Counts everything, or refuses it. Call it under [`db::folders::lock_tree`]: so no folder changes its library
    /// meanwhile, and nobody waits for the rows of another order.
    pub async fn write(self, app: &App, tx: &mut Tx) -> Result<()> {
        let (for_libraries, for_users) = (default_limit(&app.config, true), default_limit(&app.config, false));
        // First what is given back.
        let mut deltas: Vec<_> = self.0.into_iter().filter(|(_, delta)| *delta != Delta::default()).collect();
        deltas.sort_by_key(|(_, delta)| delta.used_bytes + delta.reserved_bytes > 0);
        for ((library, user), delta) in deltas {
            let done = db::usage::add_to_both(tx, &library, &user, delta, for_libraries, for_users).await?;
            for owner in [Owner::Library(&library), Owner::User(&user)] {
                if !done.iter().any(|kind| kind == owner.kind()) {
                    // Its first bytes, or too many.
                    add_within(app, tx, owner, delta).await?;
                }
            }
        }
        Ok(())
    }
}

/// Refuses `more` bytes that would be kept aside for `user` in `folder`: files of programs in the middle of saving, see
/// [`db::dav_overlay`]. They count for nobody until they are versions, but all of them together, without the entry `except`,
/// have to fit into what is left. Called behind the change and under [`db::folders::lock_tree`], with nothing more, of several at
/// once each sees those before it.
pub async fn require_aside(
    app: &App,
    db: &mut Connection,
    folder: &FolderId,
    user: &UserId,
    more: i64,
    except: Option<&str>,
) -> Result<()> {
    let library = db::properties::find_library(&mut *db, folder).await?.ok_or_else(|| Error::not_found("folder"))?;
    for owner in [Owner::Library(&library), Owner::User(user)] {
        let space = space_of(app, is_library(owner), db::usage::find(&mut *db, owner).await?);
        let Some(available) = space.available_bytes() else { continue };
        let needed = db::dav_overlay::size_of(&mut *db, owner, except).await?.saturating_add(more);
        if needed > available {
            return Err(exceeded(owner, space, needed));
        }
    }
    Ok(())
}

/// Counts `bytes` for a library and an author, or refuses them. Call it under [`db::folders::lock_tree`].
pub async fn charge(app: &App, tx: &mut Tx, folder: &FolderId, author: &UserId, bytes: i64) -> Result<()> {
    let mut tally = Tally::default();
    tally.add_version(&library_in(tx, folder).await?, author, bytes, None);
    tally.write(app, tx).await
}

/// Takes the bytes of removed versions away again. Call it under [`db::folders::lock_tree`], once for each author, in the
/// order of their ids.
pub async fn refund(tx: &mut Tx, library: &FolderId, by_author: &[(UserId, i64)]) -> Result<()> {
    let total: i64 = by_author.iter().map(|(_, bytes)| bytes).sum();
    let minus = |bytes: i64| Delta { used_bytes: -bytes, reserved_bytes: 0 };
    if total > 0 {
        db::usage::add(tx, Owner::Library(library), minus(total), None).await?;
    }
    for (author, bytes) in by_author {
        db::usage::add(tx, Owner::User(author), minus(*bytes), None).await?;
    }
    Ok(())
}

/// Lets `bytes` change their library, if they fit into the new one. Call it under [`db::folders::lock_tree`].
pub async fn transfer(app: &App, tx: &mut Tx, from: &FolderId, to: &FolderId, bytes: i64) -> Result<()> {
    if from == to || bytes == 0 {
        return Ok(());
    }
    add_within(app, tx, Owner::Library(to), Delta { used_bytes: bytes, reserved_bytes: 0 }).await?;
    db::usage::add(tx, Owner::Library(from), Delta { used_bytes: -bytes, reserved_bytes: 0 }, None).await?;
    Ok(())
}

/// Reserves `to_bytes` in all for an upload, more than before, or refuses them. Call it under [`db::folders::lock_tree`].
pub async fn reserve(app: &App, tx: &mut Tx, upload: &mut Upload, to_bytes: i64) -> Result<()> {
    let Some(library) = &upload.library_id else { return Ok(()) };
    let more = to_bytes - upload.reserved_bytes;
    if more <= 0 {
        return Ok(());
    }
    let mut tally = Tally::default();
    tally.reserve(library, &upload.user_id, more);
    tally.write(app, tx).await?;
    upload.reserved_bytes = to_bytes;
    Ok(())
}

/// Gives back what an upload that ended had reserved. Call it under [`db::folders::lock_tree`].
pub async fn release(tx: &mut Tx, reservation: &Reservation) -> Result<()> {
    let Reservation { library_id: Some(library), user_id, reserved_bytes } = reservation else { return Ok(()) };
    if *reserved_bytes > 0 {
        let delta = Delta { used_bytes: 0, reserved_bytes: -reserved_bytes };
        db::usage::add(tx, Owner::Library(library), delta, None).await?;
        db::usage::add(tx, Owner::User(user_id), delta, None).await?;
    }
    Ok(())
}

/// How many bytes an upload of unknown length may still grow by; `None`: any number.
pub async fn room_of(app: &App, upload: &Upload) -> Result<Option<i64>> {
    let Some(library) = &upload.library_id else { return Ok(None) };
    let library = space(app, Owner::Library(library)).await?;
    let person = space(app, Owner::User(&upload.user_id)).await?;
    Ok([library, person].iter().filter_map(Space::available_bytes).min())
}

/// The refusal of `more` bytes of an upload.
pub async fn refusal_of(app: &App, upload: &Upload, more: i64) -> Error {
    let Some(library) = &upload.library_id else { return Error::internal(anyhow::anyhow!("no library")) };
    let (library, person) = (Owner::Library(library), Owner::User(&upload.user_id));
    match (space(app, library).await, space(app, person).await) {
        (Ok(space), _) if space.available_bytes().is_some_and(|available| more > available) => {
            exceeded(library, space, more)
        }
        (_, Ok(space)) => exceeded(person, space, more),
        (Err(error), _) | (_, Err(error)) => error,
    }
}

/// The library that a folder is in.
pub async fn library_of(app: &App, folder: &FolderId) -> Result<FolderId> {
    db::properties::find_library(app.db.read(), folder).await?.ok_or_else(|| Error::not_found("folder"))
}

/// The library that a folder is in, as this transaction sees it.
pub async fn library_in(tx: &mut Tx, folder: &FolderId) -> Result<FolderId> {
    db::properties::find_library(&mut **tx, folder).await?.ok_or_else(|| Error::not_found("folder"))
}

/// Whether an error is one of this rule.
pub fn is_refusal(error: &Error) -> bool {
    matches!(error.code(), "quota_library_exceeded" | "quota_user_exceeded")
}

async fn add_within(app: &App, tx: &mut Tx, owner: Owner<'_>, delta: Delta) -> Result<()> {
    if db::usage::add(tx, owner, delta, Some(default_limit(&app.config, is_library(owner)))).await? {
        return Ok(());
    }
    let usage = db::usage::find(&mut **tx, owner).await?;
    Err(exceeded(owner, space_of(app, is_library(owner), usage), delta.used_bytes + delta.reserved_bytes))
}

/// What the settings say; -1: unlimited.
fn default_limit(config: &Config, is_library: bool) -> i64 {
    let limit = if is_library { config.quota_library_bytes } else { config.quota_user_bytes };
    if limit == 0 { -1 } else { i64::try_from(limit).unwrap_or(i64::MAX) }
}

fn is_library(owner: Owner<'_>) -> bool {
    matches!(owner, Owner::Library(_))
}

/// 507 `quota_library_exceeded` or `quota_user_exceeded`.
fn exceeded(owner: Owner<'_>, space: Space, needed_bytes: i64) -> Error {
    let (code, message) = match owner {
        Owner::Library(_) => ("quota_library_exceeded", "this is more than the library may still keep"),
        Owner::User(_) => ("quota_user_exceeded", "this is more than you may still keep"),
    };
    Error::new(StatusCode::INSUFFICIENT_STORAGE, code, message)
        .with("limit_bytes", space.limit_bytes)
        .with("used_bytes", space.taken_bytes())
        .with("needed_bytes", needed_bytes)
}
