//! Who comes into a room, searches or uploads, and what may they? Answers are kept for moments: a thousand people who come
//! back at once, everybody whose rights are looked at again, every letter typed into a search, and each of a thousand small
//! files, cost a few queries.
//!
//! The rules stay in `policy`, this keeps what they said. An answer is kept under the epoch (`audit::rights`) in which it
//! was asked for and is found in that epoch only. The watch over rights reads the audit log a few times a second; as soon as it
//! cannot, nothing is taken from here. Refusals are never kept: who is given a role may come in at once.

use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{FutureExt, TryFutureExt, future::BoxFuture};
use moka::future::Cache;

use crate::{
    app::App,
    audit,
    auth::{
        CurrentUser, Shown, SignedIn, hash_secret,
        policy::{self, Caller, FolderAccess, Role, Scopes},
    },
    clock::Millis,
    db::{self, documents::Document, folders::Folder},
    error::Result,
    ids::{DocumentId, FolderId},
};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(5);
/// Answers of one kind that are kept.
const MOST: u64 = 10_000;
/// Without a look at the audit log for so long, everything is asked again.
const UNWATCHED: Duration = Duration::from_secs(1);

type Kept<K, V> = Cache<(u64, K), Option<(V, Millis)>>;

/// What is known of those who come into rooms.
pub struct Guests {
    shown: Kept<String, CurrentUser>,
    callers: Kept<SignedIn, Caller>,
    documents: Kept<DocumentId, Arc<Document>>,
    folders: Kept<FolderId, Arc<Folder>>,
    access: Kept<(Caller, FolderId), Arc<FolderAccess>>,
    roles: Kept<(Caller, DocumentId), Role>,
    scopes: Kept<Caller, Arc<Scopes>>,
    began: Instant,
    /// Milliseconds after `began` of the last look at the audit log, and of the last question; 0: none yet.
    looked_at: AtomicU64,
    asked_at: AtomicU64,
}

impl Default for Guests {
    fn default() -> Self {
        Self {
            shown: cache(),
            callers: cache(),
            documents: cache(),
            folders: cache(),
            access: cache(),
            roles: cache(),
            scopes: cache(),
            began: Instant::now(),
            looked_at: AtomicU64::new(0),
            asked_at: AtomicU64::new(0),
        }
    }
}

fn cache<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>() -> Kept<K, V> {
    Cache::builder().max_capacity(MOST).time_to_live(KEPT).build()
}

impl Guests {
    /// Whom a token or a session stands for.
    pub(super) async fn who(&self, app: &App, shown: &Shown) -> Result<CurrentUser> {
        // A session's secret must not pass for a token's.
        let key = match shown {
            Shown::Token(secret) => format!("token {}", hash_secret(secret)),
            Shown::Cookie(secret) => format!("session {}", hash_secret(secret)),
        };
        let found = self.ask(app, &self.shown, key, || shown.look_up(app).map_ok(Some).boxed()).await?;
        found.ok_or_else(super::unauthorized)
    }

    /// The account as it is now; `None` when the session or token has ended or the account is disabled.
    pub async fn caller(&self, app: &App, signed_in: &SignedIn) -> Result<Option<Caller>> {
        self.ask(app, &self.callers, signed_in.clone(), || find_caller(app, signed_in).boxed()).await
    }

    /// A document, as far as rights and its kind are concerned: names and versions may be older.
    pub async fn document(&self, app: &App, id: &DocumentId) -> Result<Option<Arc<Document>>> {
        let find = || async { Ok(db::documents::find(app.db.read(), id).await?.map(|it| (Arc::new(it), Millis::MAX))) };
        self.ask(app, &self.documents, id.clone(), || find().boxed()).await
    }

    /// The caller's role on a document; `None` when it is hidden.
    pub async fn role(&self, app: &App, caller: &Caller, document: &Document) -> Result<Option<Role>> {
        let find = || async {
            let Some(access) = self.access(app, caller, &document.folder_id).await? else { return Ok(None) };
            Ok(policy::role_in(&app.db, caller, document, &access).await?.map(|role| (role, Millis::MAX)))
        };
        self.ask(app, &self.roles, (caller.clone(), document.id.clone()), || find().boxed()).await
    }

    /// The scopes in which the caller may see documents.
    pub async fn scopes(&self, app: &App, caller: &Caller) -> Result<Arc<Scopes>> {
        let find = || async {
            let scopes = policy::readable_scopes(&app.db, caller).await?;
            Ok(Some((Arc::new(scopes), Millis::MAX)))
        };
        let found = self.ask(app, &self.scopes, caller.clone(), || find().boxed()).await?;
        Ok(found.unwrap_or_else(|| Arc::new(Scopes::Only(Vec::new()))))
    }

    /// A folder that is not in the trash, as far as rights are concerned: names may be older.
    pub async fn folder(&self, app: &App, id: &FolderId) -> Result<Option<Arc<Folder>>> {
        let find = || async { Ok(db::folders::find(app.db.read(), id).await?.map(|it| (Arc::new(it), Millis::MAX))) };
        self.ask(app, &self.folders, id.clone(), || find().boxed()).await
    }

    /// The caller's roles on a folder and on those above it.
    pub async fn access(&self, app: &App, caller: &Caller, folder: &FolderId) -> Result<Option<Arc<FolderAccess>>> {
        let find = || async {
            let access = FolderAccess::load(&app.db, caller, std::slice::from_ref(folder)).await?;
            Ok(Some((Arc::new(access), Millis::MAX)))
        };
        self.ask(app, &self.access, (caller.clone(), folder.clone()), || find().boxed()).await
    }

    /// Notes that the audit log was looked at, or that there was no need to.
    pub fn looked(&self) {
        self.looked_at.store(self.now(), Ordering::SeqCst);
    }

    /// Whether answers may be kept, so that the audit log has to be looked at.
    pub fn are_asked(&self) -> bool {
        self.is_recent(&self.asked_at, 2 * KEPT)
    }

    /// Takes an answer that is kept, or finds it: once, however many ask for it at the same time.
    async fn ask<'a, K, V>(
        &self,
        app: &App,
        kept: &Kept<K, V>,
        key: K,
        find: impl Fn() -> BoxFuture<'a, Result<Option<(V, Millis)>>> + Send + Sync,
    ) -> Result<Option<V>>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let value = |answer: Option<(V, Millis)>| answer.map(|(value, _)| value);
        if !self.is_recent(&self.looked_at, UNWATCHED) {
            return find().await.map(value);
        }
        self.asked_at.store(self.now(), Ordering::SeqCst);
        // Before the question: what happens meanwhile makes the answer one of an epoch that is over.
        let epoch = audit::rights::epoch();
        let now = app.clock.now();
        let is_over = |answer: &Option<(V, Millis)>| answer.as_ref().is_none_or(|(_, until)| *until <= now);
        let answer = kept.entry((epoch, key)).or_insert_with_if(async { find().await.ok().flatten() }, is_over).await;
        match answer.into_value() {
            Some((value, _)) => Ok(Some(value)),
            // Refusals and failures are everybody's own.
            None => find().await.map(value),
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64 + 1
    }

    fn is_recent(&self, at: &AtomicU64, within: Duration) -> bool {
        let at = at.load(Ordering::SeqCst);
        at > 0 && self.now().saturating_sub(at) <= within.as_millis() as u64
    }
}

async fn find_caller(app: &App, signed_in: &SignedIn) -> Result<Option<(Caller, Millis)>> {
    let now = app.clock.now();
    Ok(match signed_in {
        SignedIn::Session { token_hash } => {
            let idle = app.config.session_idle_ms;
            let session = db::sessions::find(app.db.read(), token_hash, now, now - idle).await?;
            session.map(|it| (Caller::from(&it.user), it.expires_at.min(it.last_seen_at + idle)))
        }
        SignedIn::Token { id } => {
            let found = db::tokens::find_user_by_id(app.db.read(), id, now).await?;
            found.map(|(user, expires_at)| (Caller::from(&user), expires_at.unwrap_or(Millis::MAX)))
        }
    })
}
