//! How do uploads get into the database, many at once? Whoever comes while others are being written shares the next
//! transaction: a few statements and one wait for the disk serve all of them.
//!
//! What is wrong with one of them is told to that one. When the statements of several fail together, each is written alone.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::FutureExt;
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    actions::{
        add_version::{FIRST, NewFile, NewVersion, append_first, new_attached, new_document, refuse_level},
        current_document, current_folder,
        drive_locks::Closed,
        finish_upload::{Finished, mark_all},
        name_taken_by,
        quota::{self, Tally},
        trash::{Replaced, give_way},
    },
    app::App,
    auth::policy::Caller,
    clock::Millis,
    db::{
        self, Tx,
        documents::Document,
        folders::Folder,
        uploads::{Standing, Upload},
        versions::Version,
    },
    error::{Error, Result},
    ids::{DocumentId, FolderId},
    names::{DocumentName, FreeNumber},
};

/// Most that are written in one transaction.
const MOST: usize = 64;

/// A file that came.
pub struct Arrival {
    pub by: Caller,
    pub place: Place,
    /// A file in a folder gets a number when there is one of its name, unless `is_exact`: 409 `name_taken` then.
    pub name: DocumentName,
    pub is_exact: bool,
    /// The least level it gets.
    pub level: i64,
    pub new: NewVersion,
    /// What brought it; it is finished with it.
    pub upload: Option<Upload>,
    /// A folder that it comes in place of, which goes to the trash then.
    pub replaces: Option<FolderId>,
}

/// Where a file goes.
pub enum Place {
    Folder(FolderId),
    /// It belongs to that page or board.
    Page(DocumentId),
}

/// Those who wait to be written.
#[derive(Clone, Default)]
pub struct Intake(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Somebody looks after those who wait.
    is_served: bool,
    waiting: Vec<Waiting>,
}

struct Waiting {
    order: Order,
    told: oneshot::Sender<Result<Outcome>>,
}

enum Order {
    Begin(Box<Upload>),
    Add(Box<Arrival>),
}

enum Outcome {
    Begun(Box<Upload>),
    Added(Box<(Document, Version)>),
}

impl Intake {
    /// Writes an upload of which nothing is known yet, with room for its bytes; returns it as it was written.
    pub async fn begin(&self, app: &App, upload: Upload) -> Result<Upload> {
        match self.order(app, Order::Begin(Box::new(upload))).await? {
            Outcome::Begun(upload) => Ok(*upload),
            Outcome::Added(_) => Err(lost()),
        }
    }

    /// Adds a file with its first version. The caller may do that.
    pub async fn add(&self, app: &App, arrival: Arrival) -> Result<(Document, Version)> {
        match self.order(app, Order::Add(Box::new(arrival))).await? {
            Outcome::Added(added) => Ok(*added),
            Outcome::Begun(_) => Err(lost()),
        }
    }

    async fn order(&self, app: &App, order: Order) -> Result<Outcome> {
        let (told, outcome) = oneshot::channel();
        let is_served = {
            let mut state = self.state();
            state.waiting.push(Waiting { order, told });
            std::mem::replace(&mut state.is_served, true)
        };
        if !is_served {
            // A thread that may wait serves the first batch, with this one in it. Those who come later have somebody else.
            let is_needed = if storage::may_wait() { serve_next(app).await } else { true };
            if is_needed {
                // A thread of its own, which waits for the disk: whoever came first may go away, and the others still wait.
                let (app, runtime) = (app.clone(), Handle::current());
                app.tasks.clone().spawn_blocking(move || runtime.block_on(async { while serve_next(&app).await {} }));
            }
        }
        outcome.await.map_err(|_| lost())?
    }

    /// Those who wait, the first of them.
    fn next(&self) -> Vec<Waiting> {
        let mut state = self.state();
        let count = state.waiting.len().min(MOST);
        state.waiting.drain(..count).collect()
    }

    /// Whether there is somebody to look after. When there is nobody, whoever comes next needs somebody.
    fn is_needed(&self) -> bool {
        let mut state = self.state();
        state.is_served = !state.waiting.is_empty();
        state.is_served
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes those who wait, on a thread that may wait. Returns whether there are more.
async fn serve_next(app: &App) -> bool {
    let (orders, told): (Vec<_>, Vec<_>) = app.intake.next().into_iter().map(|one| (one.order, one.told)).unzip();
    // A panic is the end of these alone: they hear that their answer was lost.
    let outcomes = AssertUnwindSafe(write_or_divide(app.clone(), orders)).catch_unwind().await.unwrap_or_default();
    for (told, outcome) in told.into_iter().zip(outcomes) {
        // Who does not listen any more finds what was written.
        let _ = told.send(outcome);
    }
    app.intake.is_needed()
}

async fn write_or_divide(app: App, orders: Vec<Order>) -> Vec<Result<Outcome>> {
    match write(&app, &orders).await {
        Ok(outcomes) => outcomes,
        // Once it was to be committed, nobody knows what became of it.
        Err(Failure::Commit(error)) => orders.iter().map(|_| Err(error.again())).collect(),
        Err(Failure::Statement(error)) if orders.len() == 1 => vec![Err(error)],
        Err(Failure::Statement(_)) => {
            let mut outcomes = Vec::with_capacity(orders.len());
            for order in orders {
                let outcome = match write(&app, std::slice::from_ref(&order)).await {
                    Ok(mut outcomes) => outcomes.pop().unwrap_or_else(|| Err(lost())),
                    Err(Failure::Commit(error) | Failure::Statement(error)) => Err(error),
                };
                outcomes.push(outcome);
            }
            outcomes
        }
    }
}

enum Failure {
    /// Nothing was written.
    Statement(Error),
    Commit(Error),
}

async fn write(app: &App, orders: &[Order]) -> Result<Vec<Result<Outcome>>, Failure> {
    let mut tx = app.db.begin_here().await.map_err(Failure::Statement)?;
    let outcomes = write_all(app, &mut tx, orders).await.map_err(Failure::Statement)?;
    if outcomes.iter().any(Result::is_ok) {
        tx.commit().await.map_err(Failure::Commit)?;
    }
    Ok(outcomes)
}

/// What is written in one transaction, and what was found on the way.
struct Batch<'a> {
    app: &'a App,
    tx: &'a mut Tx,
    now: Millis,
    folders: HashMap<FolderId, (Folder, FolderId)>,
    /// Names that there are, and who has them.
    names: HashMap<(FolderId, String), DocumentId>,
    /// What is locked in all those folders.
    closed: Closed,
}

async fn write_all(app: &App, tx: &mut Tx, orders: &[Order]) -> Result<Vec<Result<Outcome>>> {
    db::folders::lock_tree(tx).await?;
    let now = app.clock.now();
    let wanted: HashSet<(FolderId, String)> = orders.iter().filter_map(Order::name).collect();
    let folders: HashSet<FolderId> = wanted.iter().map(|(folder, _)| folder.clone()).collect();
    let names = db::documents::find_names(tx, &wanted.into_iter().collect::<Vec<_>>()).await?;
    let closed = Closed::read(tx, &folders.into_iter().collect::<Vec<_>>(), now).await?;
    let mut batch = Batch { app, tx, now, folders: HashMap::new(), names, closed };
    let mut outcomes: Vec<Option<Result<Outcome>>> = Vec::with_capacity(orders.len());
    let (mut begun, mut files) = (Vec::new(), Vec::new());
    for order in orders {
        let refused = match order {
            Order::Begin(upload) => batch.check(upload).await.map(|upload| begun.push(upload)),
            Order::Add(arrival) => batch.place(arrival).await.map(|file| files.push((&**arrival, file))),
        };
        outcomes.push(refused.err().map(Err));
    }
    let mut begun = batch.begin(begun).await?.into_iter();
    let mut added = batch.add(files).await?.into_iter();
    let written = orders.iter().zip(outcomes).map(|(order, refused)| {
        let mut written = || match order {
            Order::Begin(_) => begun.next().map(|upload| Outcome::Begun(Box::new(upload))),
            Order::Add(_) => added.next().map(|added| Outcome::Added(Box::new(added))),
        };
        refused.unwrap_or_else(|| written().ok_or_else(lost))
    });
    Ok(written.collect())
}

impl Order {
    /// The name that must not be there.
    fn name(&self) -> Option<(FolderId, String)> {
        match self {
            Order::Begin(upload) => Some((upload.folder_id.clone()?, DocumentName::parse(&upload.name).ok()?.key())),
            Order::Add(arrival) => match &arrival.place {
                Place::Folder(folder) => Some((folder.clone(), arrival.name.key())),
                Place::Page(_) => None,
            },
        }
    }
}

impl Batch<'_> {
    /// The upload with what it reserves, when it has a place still. A name that is taken is refused; it was free when the upload
    /// was announced: then its file gets a number.
    async fn check(&mut self, upload: &Upload) -> Result<Upload> {
        let name = DocumentName::parse(&upload.name)?;
        let library = match (&upload.document_id, &upload.attached_to, &upload.folder_id) {
            (None, None, Some(folder)) => {
                let (_, library) = self.folder(folder).await?;
                self.closed.require_open(folder, &name.key(), &upload.user_id)?;
                let taken = self.names.get(&(folder.clone(), name.key()));
                if let Some(other) = taken.filter(|_| upload.standing != Standing::Announced) {
                    return Err(name_taken_by(other));
                }
                Some(library)
            }
            (Some(document), ..) | (None, Some(document), _) => {
                let document = current_document(self.tx, document).await?;
                Some(quota::library_in(self.tx, &document.folder_id).await?)
            }
            (None, None, None) => None,
        };
        // Without a length, bytes are reserved as they come.
        let reserved_bytes = upload.size_bytes.unwrap_or(0);
        Ok(Upload { library_id: library, reserved_bytes, standing: Standing::Written, ..upload.clone() })
    }

    async fn begin(&mut self, uploads: Vec<Upload>) -> Result<Vec<Upload>> {
        let mut tally = Tally::default();
        for upload in &uploads {
            if let Some(library) = &upload.library_id {
                tally.reserve(library, &upload.user_id, upload.reserved_bytes);
            }
        }
        tally.write(self.app, self.tx).await?;
        db::uploads::insert_all(self.tx, &uploads).await?;
        Ok(uploads)
    }

    /// The document that an arrival makes, and its library.
    async fn place(&mut self, arrival: &Arrival) -> Result<(Document, FolderId)> {
        let (mut document, library) = match &arrival.place {
            Place::Folder(id) => {
                let (folder, library) = self.folder(id).await?;
                let name = self.name(id, arrival).await?;
                self.closed.require_open(id, &name.key(), &arrival.by.id)?;
                let document = new_document(&arrival.by.id, &folder, "file", &name, arrival.by.clearance, self.now);
                self.names.insert((id.clone(), name.key()), document.id.clone());
                (document, library)
            }
            Place::Page(id) => {
                let page = current_document(self.tx, id).await?;
                let library = quota::library_in(self.tx, &page.folder_id).await?;
                (new_attached(&arrival.by.id, &page, &arrival.name, self.now), library)
            }
        };
        document.level = document.level.max(arrival.level);
        refuse_level(self.app, document.level)?;
        Ok((document, library))
    }

    async fn folder(&mut self, id: &FolderId) -> Result<(Folder, FolderId)> {
        if let Some(known) = self.folders.get(id) {
            return Ok(known.clone());
        }
        let found = (current_folder(self.tx, id).await?, quota::library_in(self.tx, id).await?);
        self.folders.insert(id.clone(), found.clone());
        Ok(found)
    }

    /// The name of an arrival, or with a number that makes it free: see [`FreeNumber`].
    async fn name(&mut self, folder: &FolderId, arrival: &Arrival) -> Result<DocumentName> {
        let wanted = (folder.clone(), arrival.name.key());
        match self.names.get(&wanted) {
            // All names that are wanted at first have been looked for.
            None => return Ok(arrival.name.clone()),
            Some(other) if arrival.is_exact => return Err(name_taken_by(other)),
            Some(_) => {}
        }
        let mut numbers = FreeNumber::default();
        loop {
            let numbered = (folder.clone(), arrival.name.numbered(numbers.candidate()).key());
            let is_taken = self.names.contains_key(&numbered)
                || db::documents::find_by_name(&mut **self.tx, folder, &numbered.1).await?.is_some();
            if let Some(free) = numbers.answer(is_taken) {
                return Ok(arrival.name.numbered(free));
            }
        }
    }

    /// Writes the documents with their versions, and what their uploads became.
    async fn add(&mut self, files: Vec<(&Arrival, (Document, FolderId))>) -> Result<Vec<(Document, Version)>> {
        for (arrival, (document, _)) in &files {
            if let Some(folder) = &arrival.replaces {
                let replaced = Replaced::Folder(folder);
                give_way(self.tx, &arrival.by.id, replaced, &document.folder_id, self.now).await?;
            }
        }
        let became = files.iter().filter_map(|(arrival, (document, _))| {
            let finished = Finished { document_id: document.id.clone(), version: FIRST };
            Some((arrival.upload.as_ref()?, finished, arrival.new.size_bytes))
        });
        let mut reserved = mark_all(self.tx, &became.collect::<Vec<_>>()).await?;
        let files = files.into_iter().map(|(arrival, (document, library))| NewFile {
            author: arrival.by.id.clone(),
            reserved: arrival.upload.as_ref().and_then(|upload| reserved.remove(&upload.id)),
            new: arrival.new.clone(),
            document,
            library,
        });
        let added = append_first(self.app, self.tx, files.collect(), self.now).await?;
        for (document, _) in &added {
            db::changes::append(self.tx, &document.id, self.now);
        }
        Ok(added)
    }
}

fn lost() -> Error {
    Error::internal(anyhow::anyhow!("the answer of a transaction was lost"))
}
