//! Who may change what is locked? LOCK and UNLOCK, and the check that every change begins with. Locks are rows of the
//! database: they hold on every node and over a restart.

use axum::{
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};

use crate::{
    auth::policy::{self, Action},
    dav::{
        Dav,
        conditions::{self, List, State},
        path::DavPath,
        resolve::{Node, Target},
        write,
        xml::{self, LockAsked},
        xml_response,
    },
    db::{self, dav_locks::Lock},
    error::{Error, Result},
    ids::FolderId,
};

/// What a client gets that names no time.
const USUAL_MS: i64 = 10 * 60 * 1000;
/// The longest time that is given: whoever works on refreshes.
const LONGEST_MS: i64 = 60 * 60 * 1000;
/// Locks of one person at once.
const MOST: i64 = 10_000;
/// Longest text about the owner.
const OWNER_MAX_BYTES: usize = 4096;

/// What the conditions of a request say.
pub struct Guard {
    /// Tokens that the client shows.
    tokens: Vec<String>,
}

/// How far a change reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Bytes or properties of what is there.
    Content,
    /// Also the list of the folder that it is in.
    Membership,
    /// Also everything below.
    Tree,
}

impl Dav {
    /// Checks the header `If` and the conditional headers of a request to change `target`.
    pub async fn guard(&self, target: &Target) -> Result<Guard> {
        let lists = conditions::read_if(&self.headers)?;
        let guard = self.guard_if(&lists, target).await?;
        let modified = target.node.as_ref().map(|node| node.info("").modified_at);
        conditions::check_headers(
            &self.headers,
            target.tag().as_deref().or(target.node.as_ref().map(|_| "\"\"")),
            modified,
        )?;
        Ok(guard)
    }

    async fn guard_if(&self, lists: &[List], target: &Target) -> Result<Guard> {
        let mut met = lists.is_empty();
        for list in lists {
            let state = match &list.resource {
                Some(path) if path.names != target.path.names => match self.resolve(path).await {
                    Ok(other) => self.state(&other).await?,
                    Err(error) if error.status().is_client_error() => State::default(),
                    Err(error) => return Err(error),
                },
                _ => self.state(target).await?,
            };
            met |= list.is_met(&state);
        }
        if met { Ok(Guard { tokens: conditions::tokens(lists) }) } else { Err(conditions::failed()) }
    }

    async fn state(&self, target: &Target) -> Result<State> {
        let tokens = self.locks_on(target).await?.into_iter().map(|lock| lock.token).collect();
        Ok(State { tokens, tag: target.tag() })
    }

    /// Locks on something, on its name, and those above that reach it.
    pub async fn locks_on(&self, target: &Target) -> Result<Vec<Lock>> {
        let (folder, key) = target.place();
        let node = match (&target.node, &target.absent) {
            (None, Some(absent)) if absent.kind == "away" => absent.document_id.as_ref().map_or("", |id| id.as_str()),
            _ => target.id(),
        };
        if target.path.names.is_empty() {
            return Ok(Vec::new());
        }
        db::dav_locks::list_on(self.db(), self.app.clock.now(), node, (&folder, &key), target.above()).await
    }

    /// Refuses with 423 to change what is locked, unless the client shows the token of its own lock.
    pub async fn require(&self, guard: &Guard, target: &Target, reach: Reach) -> Result<()> {
        self.require_one(guard, self.locks_on(target).await?)?;
        if reach == Reach::Content {
            return Ok(());
        }
        if let Some(parent) = &target.parent {
            let now = self.app.clock.now();
            let id = parent.folder.id.as_str();
            let locks = db::dav_locks::list_on(self.db(), now, id, ("-", "-"), &parent.line).await?;
            self.require_one(guard, locks)?;
        }
        if let (Reach::Tree, Some(Node::Folder(node))) = (reach, &target.node) {
            let below = db::dav_locks::list_below(self.db(), self.app.clock.now(), &node.folder.id).await?;
            for lock in below {
                self.require_one(guard, vec![lock])?;
            }
        }
        Ok(())
    }

    fn require_one(&self, guard: &Guard, locks: Vec<Lock>) -> Result<()> {
        let Some(first) = locks.first() else { return Ok(()) };
        if locks.iter().any(|lock| lock.user_id == self.caller.id && guard.tokens.contains(&lock.token)) {
            return Ok(());
        }
        Err(locked(&first.path, "lock-token-submitted"))
    }

    pub async fn lock(&self, path: DavPath, body: &[u8]) -> Result<Response> {
        let mut target = self.resolve(&path).await?;
        if matches!(target.node, Some(Node::Root)) {
            return Err(Error::forbidden("lock_not_allowed", "the drive as a whole cannot be locked"));
        }
        if body.is_empty() {
            return self.refresh(&target).await;
        }
        let asked = xml::read_lock(body)?;
        if asked.owner.len() > OWNER_MAX_BYTES {
            return Err(Error::invalid("owner_too_long", "the text about the owner of a lock has at most 4096 bytes"));
        }
        let deep = match self.headers.get("depth").map(HeaderValue::as_bytes) {
            Some(b"0") => false,
            None => target.node.as_ref().is_some_and(Node::is_folder),
            Some(depth) if depth.eq_ignore_ascii_case(b"infinity") => target.node.as_ref().is_some_and(Node::is_folder),
            Some(_) => return Err(Error::invalid("depth_invalid", "a lock has depth 0 or infinity")),
        };
        let guard = self.guard(&target).await?;
        match &target.node {
            Some(Node::Folder(node)) => policy::check(Some(node.role), Action::Upload, &node.folder).map(drop)?,
            Some(Node::Document(node)) => policy::check(Some(node.role), Action::Upload, &node.document).map(drop)?,
            Some(Node::Page(_)) => {
                return Err(Error::forbidden("document_is_page", "a page is edited by many at once"));
            }
            Some(Node::Root | Node::Temporary(_)) | None => {}
        }
        let made = target.node.is_none() && target.absent.as_ref().is_none_or(|absent| absent.kind != "away");
        if made {
            // A name without anything: from now on an empty file is there, for this person.
            self.require(&guard, &target, Reach::Membership).await?;
            self.require_free(&target, &asked, deep).await?;
            let nothing = self.app.store.put(bytes::Bytes::new()).await?;
            self.hold_back(&target, &nothing.into(), 0, write::EMPTY_MS, None).await?;
            target = self.resolve(&path).await?;
        }
        let lock = self.add_lock(&target, asked, deep).await?;
        let status = if made { StatusCode::CREATED } else { StatusCode::OK };
        let token = HeaderValue::try_from(format!("<{}>", lock.token)).expect("a uuid is a header value");
        let mut response = self.lock_answer(status, std::slice::from_ref(&lock));
        response.headers_mut().insert("lock-token", token);
        Ok(response)
    }

    /// Refuses with 423 a lock that another one keeps away.
    async fn require_free(&self, target: &Target, asked: &LockAsked, deep: bool) -> Result<()> {
        let mut others = self.locks_on(target).await?;
        if let (true, Some(Node::Folder(node))) = (deep, &target.node) {
            others.extend(db::dav_locks::list_below(self.db(), self.app.clock.now(), &node.folder.id).await?);
        }
        match others.iter().find(|other| asked.exclusive || other.exclusive == 1) {
            Some(other) => Err(locked(&other.path, "no-conflicting-lock")),
            None => Ok(()),
        }
    }

    async fn add_lock(&self, target: &Target, asked: LockAsked, deep: bool) -> Result<Lock> {
        let now = self.app.clock.now();
        let (folder_id, name_key) = target.place();
        let node_id = match (&target.node, &target.absent) {
            (None, Some(absent)) => absent.document_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            _ => target.id().to_owned(),
        };
        let timeout_ms = self.timeout();
        let lock = Lock {
            token: format!("urn:uuid:{}", uuid::Builder::from_random_bytes(rand::random()).into_uuid()),
            user_id: self.caller.id.clone(),
            folder_id,
            name_key,
            node_id,
            path: target.href(),
            exclusive: i64::from(asked.exclusive),
            deep: i64::from(deep),
            owner: asked.owner,
            timeout_ms,
            created_at: now,
            expires_at: now + timeout_ms,
        };
        let mut tx = self.app.db.begin().await?;
        // One after the other: of two locks at the same moment the second sees the first.
        db::folders::lock_tree(&mut tx).await?;
        let place = (lock.folder_id.as_str(), lock.name_key.as_str());
        let mut others = db::dav_locks::list_on(&mut *tx, now, &lock.node_id, place, target.above()).await?;
        if deep {
            let folder: FolderId = lock.node_id.parse()?;
            others.extend(db::dav_locks::list_below(&mut *tx, now, &folder).await?);
        }
        if let Some(other) = others.iter().find(|other| lock.exclusive == 1 || other.exclusive == 1) {
            return Err(locked(&other.path, "no-conflicting-lock"));
        }
        if db::dav_locks::count_of(&mut tx, &self.caller.id).await? >= MOST {
            return Err(Error::too_many("too_many_locks", "too many locks, end some of them", 60));
        }
        db::dav_locks::insert(&mut tx, &lock).await?;
        tx.commit().await?;
        Ok(lock)
    }

    /// A LOCK without body: the time begins anew.
    async fn refresh(&self, target: &Target) -> Result<Response> {
        let lists = conditions::read_if(&self.headers)?;
        if lists.is_empty() {
            return Err(Error::invalid("lock_token_missing", "name the lock that is to be refreshed"));
        }
        let guard = self.guard_if(&lists, target).await?;
        let mut locks = self.locks_on(target).await?;
        locks.retain(|lock| lock.user_id == self.caller.id && guard.tokens.contains(&lock.token));
        if locks.is_empty() {
            return Err(conditions::failed());
        }
        let (now, timeout_ms) = (self.app.clock.now(), self.timeout());
        let mut tx = self.app.db.begin().await?;
        for lock in &mut locks {
            lock.timeout_ms = timeout_ms;
            lock.expires_at = now + timeout_ms;
            if !db::dav_locks::update_expiry(&mut tx, &lock.token, timeout_ms, now, lock.expires_at).await? {
                return Err(conditions::failed());
            }
        }
        tx.commit().await?;
        Ok(self.lock_answer(StatusCode::OK, &locks))
    }

    pub async fn unlock(&self, path: DavPath) -> Result<Response> {
        let target = self.resolve(&path).await?;
        let token = self.headers.get("lock-token").and_then(|token| token.to_str().ok());
        let token = token.and_then(|token| token.trim().strip_prefix('<')?.strip_suffix('>'));
        let token = token.ok_or_else(|| Error::invalid("lock_token_missing", "send the header Lock-Token"))?;
        let lock = self.locks_on(&target).await?.into_iter().find(|lock| lock.token == token);
        let lock = lock.ok_or_else(|| {
            let error = Error::conflict("lock_not_found", "there is no such lock here");
            error.with("condition", "lock-token-matches-request-uri")
        })?;
        if lock.user_id != self.caller.id {
            return Err(Error::forbidden("unlock_not_allowed", "this lock is somebody else's"));
        }
        let mut tx = self.app.db.begin().await?;
        db::dav_locks::delete(&mut tx, token).await?;
        tx.commit().await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// The time that the client asks for, within reason.
    fn timeout(&self) -> i64 {
        let asked = self.headers.get("timeout").and_then(|value| value.to_str().ok()).unwrap_or_default();
        for wish in asked.split(',').map(str::trim) {
            if wish.eq_ignore_ascii_case("infinite") {
                return LONGEST_MS;
            }
            if let Some(seconds) = wish.strip_prefix("Second-").and_then(|seconds| seconds.parse::<i64>().ok()) {
                return seconds.saturating_mul(1000).clamp(1000, LONGEST_MS);
            }
        }
        USUAL_MS
    }

    fn lock_answer(&self, status: StatusCode, locks: &[Lock]) -> Response {
        let found = discovery(locks, self.app.clock.now());
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>{found}</D:lockdiscovery></D:prop>"
        );
        xml_response(status, body)
    }
}

/// The value of the property `lockdiscovery`.
pub fn discovery(locks: &[Lock], now: i64) -> String {
    let active = locks.iter().map(|lock| {
        let scope = if lock.exclusive == 1 { "exclusive" } else { "shared" };
        let depth = if lock.deep == 1 { "infinity" } else { "0" };
        format!(
            "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:{scope}/></D:lockscope>\
             <D:depth>{depth}</D:depth>{}<D:timeout>Second-{}</D:timeout>\
             <D:locktoken><D:href>{}</D:href></D:locktoken><D:lockroot><D:href>{}</D:href></D:lockroot></D:activelock>",
            xml::stored(&lock.owner).unwrap_or_default(),
            (lock.expires_at - now).max(0) / 1000,
            lock.token,
            xml::text(&lock.path),
        )
    });
    active.collect()
}

fn locked(href: &str, condition: &'static str) -> Error {
    Error::new(StatusCode::LOCKED, "document_locked", "somebody has locked it")
        .with("href", href)
        .with("condition", condition)
}
