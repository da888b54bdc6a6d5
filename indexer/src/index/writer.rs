//! How does the index go on after a write that failed, for instance on a full disk? With a new writer: tantivy's does not
//! survive that, and what it had not committed has to be sent again anyway.

use std::sync::{Mutex, PoisonError, RwLock};

use tantivy::IndexWriter;

use super::Options;

/// The one writer of an index, made anew when it is needed after a failure.
pub(super) struct Writer {
    index: tantivy::Index,
    options: Mutex<Options>,
    /// Adding needs a shared, committing an exclusive borrow. `None` after a failure.
    current: RwLock<Option<IndexWriter>>,
}

impl Writer {
    /// Takes the index for writing; fails when somebody else has it.
    pub fn open(index: tantivy::Index, options: Options) -> tantivy::Result<Self> {
        let current = make(&index, options)?;
        Ok(Self { index, options: Mutex::new(options), current: RwLock::new(Some(current)) })
    }

    /// Adds or deletes. After an error everything since the last commit is gone.
    pub fn change<T>(&self, work: impl FnOnce(&IndexWriter) -> tantivy::Result<T>) -> tantivy::Result<T> {
        self.make_if_missing()?;
        let done = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            let writer = current.as_ref().ok_or_else(|| lost("another change failed"))?;
            work(writer)
        };
        done.inspect_err(|_| self.give_up())
    }

    /// Commits with `payload`. After an error everything since the last commit is gone.
    pub fn commit(&self, payload: &str) -> tantivy::Result<()> {
        self.make_if_missing()?;
        let done = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let writer = current.as_mut().ok_or_else(|| lost("another change failed"))?;
            writer.prepare_commit().and_then(|mut prepared| {
                prepared.set_payload(payload);
                prepared.commit()
            })
        };
        done.map(drop).inspect_err(|_| self.give_up())
    }

    /// Goes on with other resources when all merges have ended. What is not committed is gone.
    pub fn resize(&self, options: Options) -> tantivy::Result<()> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *self.options.lock().unwrap_or_else(PoisonError::into_inner) = options;
        if let Some(writer) = current.take() {
            writer.wait_merging_threads()?;
        }
        *current = Some(make(&self.index, options)?);
        Ok(())
    }

    /// Makes one segment of all, after a commit.
    pub fn merge_all(&self) -> tantivy::Result<()> {
        self.make_if_missing()?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let writer = current.as_mut().ok_or_else(|| lost("another change failed"))?;
        let segments = self.index.searchable_segment_ids()?;
        if segments.len() > 1 {
            writer.merge(&segments).wait()?;
        }
        // Not before the next commit otherwise: until then the disk holds both.
        writer.garbage_collect_files().wait()?;
        Ok(())
    }

    fn make_if_missing(&self) -> tantivy::Result<()> {
        if self.current.read().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(());
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.is_none() {
            let options = *self.options.lock().unwrap_or_else(PoisonError::into_inner);
            *current = Some(make(&self.index, options)?);
        }
        Ok(())
    }

    fn give_up(&self) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn make(index: &tantivy::Index, options: Options) -> tantivy::Result<IndexWriter> {
    index.writer_with_num_threads(options.threads.max(1), options.memory_bytes.max(16_000_000))
}

fn lost(why: &str) -> tantivy::TantivyError {
    tantivy::TantivyError::SystemError(format!("the index writer was given up: {why}"))
}
