//! How do writers that come at the same moment share one transaction, and so one wait for the disk?
//!
//! Each works in it alone, one after the other, behind a savepoint: what one of them takes back leaves the others' work
//! there. When nobody waits any more, or enough have written, it is committed, and all of them learn how that ended.
//!
//! The tree is locked from the beginning, so PostgreSQL sees everybody who may wait for each other in one order. Share a
//! transaction only for what adds rows: rows of others that it changed would stay locked while the next one works.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::{
    db::{Db, Open, Tx, folders},
    error::{Error, Result},
};

/// Writers of one transaction at most: others wait for the one writer of SQLite, too.
const MEMBERS: usize = 32;
/// Everything since the last one of this name can be taken back.
const SAVEPOINT: &str = "savepoint member";
const TAKE_BACK: &str = "rollback to savepoint member";

/// Who waits for a part in a transaction.
#[derive(Default)]
pub(super) struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    /// Somebody looks after those who wait.
    is_served: bool,
    waiting: VecDeque<Waiting>,
}

type Waiting = oneshot::Sender<Result<Tx>>;
/// Learns how the commit ended.
type Told = oneshot::Sender<Result<()>>;

/// The way back of a shared transaction.
pub(super) struct Back(oneshot::Sender<Given>);

/// A transaction that comes back from a member.
struct Given {
    open: Open,
    /// Who waits for the commit; `None`: the member's work is to be taken back.
    told: Option<Told>,
}

/// Waits for a part in a transaction.
pub(super) async fn begin(db: &Db) -> Result<Tx> {
    let (sender, receiver) = oneshot::channel();
    if db.queue.add(sender) {
        tokio::spawn(serve(db.clone()));
    }
    receiver.await.map_err(|_| gone())?
}

impl Queue {
    /// Returns whether nobody looks after those who wait, up to now.
    fn add(&self, waiting: Waiting) -> bool {
        let mut state = self.state();
        state.waiting.push_back(waiting);
        !std::mem::replace(&mut state.is_served, true)
    }

    /// The next one who still waits.
    fn next(&self) -> Option<Waiting> {
        self.state().next()
    }

    /// The same; when there is nobody, whoever comes next needs somebody to look after them.
    fn next_or_end(&self) -> Option<Waiting> {
        let mut state = self.state();
        let next = state.next();
        state.is_served = next.is_some();
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Option<Waiting> {
        std::iter::from_fn(|| self.waiting.pop_front()).find(|waiting| !waiting.is_closed())
    }
}

impl Back {
    /// Gives back what is to be kept, and waits for the commit.
    pub(super) async fn give(self, open: Option<Open>) -> Result<()> {
        let (told, commit) = oneshot::channel();
        let given = Given { open: open.ok_or_else(gone)?, told: Some(told) };
        self.0.send(given).map_err(|_| gone())?;
        commit.await.map_err(|_| gone())?
    }

    /// Gives back what is to be taken back.
    pub(super) fn give_unwritten(self, open: Open) {
        // Whoever lent it ended with the runtime: the connection closes, which takes everything back.
        if let Err(Given { open, .. }) = self.0.send(Given { open, told: None }) {
            let mut connection = open.connection;
            connection.close_on_drop();
        }
    }
}

/// Looks after those who wait until there is nobody.
async fn serve(db: Db) {
    while let Some(first) = db.queue.next_or_end() {
        let mut written = Vec::new();
        let outcome = share(&db, first, &mut written).await;
        for told in written {
            // Who does not listen any more finds what was written.
            let _ = told.send(outcome.as_ref().map(drop).map_err(Error::again));
        }
    }
}

/// One transaction: `first` works in it, and whoever waits by then. Adds those who have written.
async fn share(db: &Db, first: Waiting, written: &mut Vec<Told>) -> Result<()> {
    let mut tx = match open(db).await {
        Ok(tx) => tx,
        Err(error) => return Ok(drop(first.send(Err(error)))),
    };
    let mut next = Some(first);
    while let Some(member) = next {
        tx = lend(tx, member, written).await?;
        next = if written.len() < MEMBERS { db.queue.next() } else { None };
    }
    match written.is_empty() {
        true => Ok(()),
        false => tx.commit().await,
    }
}

async fn open(db: &Db) -> Result<Tx> {
    let mut tx = db.begin().await?;
    folders::lock_tree(&mut tx).await?;
    Ok(tx)
}

/// Lets `member` work in the transaction and returns it with what is to be kept of that. After an error nothing is known
/// of the transaction: it is taken back as a whole.
async fn lend(mut tx: Tx, member: Waiting, written: &mut Vec<Told>) -> Result<Tx> {
    let before = tx.end().mark();
    if let Err(error) = sqlx::raw_sql(SAVEPOINT).execute(&mut *tx).await {
        let error = Error::from(error);
        let _ = member.send(Err(error.again()));
        return Err(error);
    }
    let (back, given) = oneshot::channel();
    tx.back = Some(Back(back));
    // Who does not wait any more drops it, which gives it back.
    let _ = member.send(Ok(tx));
    let Given { open, told } = given.await.map_err(|_| gone())?;
    let mut tx = Tx { open: Some(open), back: None };
    match told {
        Some(told) => written.push(told),
        None => {
            tx.end().return_to(before);
            sqlx::raw_sql(TAKE_BACK).execute(&mut *tx).await?;
        }
    }
    Ok(tx)
}

fn gone() -> Error {
    Error::internal(anyhow::anyhow!("a shared transaction was lost"))
}
