//! How does the index go on after a write that failed, for instance on a full disk? With a new writer: tantivy's does not
//! survive that, and what it had not committed has to be sent again anyway.

use std::sync::{Mutex, PoisonError, RwLock};

use tantivy::IndexWriter;
use tantivy::merge_policy::{LogMergePolicy, MergePolicy};

use super::{Merging, Options};

/// So many pieces of about one size are made into one, when merging is put off.
const MANY_PIECES: usize = 24;

/// The one writer of an index, made anew when it is needed after a failure.
pub(super) struct Writer {
    index: tantivy::Index,
    options: Mutex<Options>,
    merging: Mutex<Merging>,
    /// Adding needs a shared, committing an exclusive borrow. `None` after a failure.
    current: RwLock<Option<IndexWriter>>,
    /// Changes are numbered and then sent on. Those that overtake each other in between are lost.
    order: Mutex<()>,
}

impl Writer {
    /// Takes the index for writing; fails when somebody else has it.
    pub fn open(index: tantivy::Index, options: Options) -> tantivy::Result<Self> {
        let merging = Merging::default();
        let current = make(&index, options, merging)?;
        Ok(Self {
            index,
            options: Mutex::new(options),
            merging: Mutex::new(merging),
            current: RwLock::new(Some(current)),
            order: Mutex::default(),
        })
    }

    /// Adds or deletes. After an error everything since the last commit is gone.
    pub fn change<T>(&self, work: impl FnOnce(&IndexWriter) -> tantivy::Result<T>) -> tantivy::Result<T> {
        self.make_if_missing()?;
        let done = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            let writer = current.as_ref().ok_or_else(|| lost("another change failed"))?;
            let _order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
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
        *current = Some(make(&self.index, options, self.merging())?);
        Ok(())
    }

    /// Merges in this way from the next commit on.
    pub fn set_merging(&self, merging: Merging) {
        *self.merging.lock().unwrap_or_else(PoisonError::into_inner) = merging;
        if let Some(writer) = &*self.current.read().unwrap_or_else(PoisonError::into_inner) {
            writer.set_merge_policy(policy(merging));
        }
    }

    fn merging(&self) -> Merging {
        *self.merging.lock().unwrap_or_else(PoisonError::into_inner)
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
            *current = Some(make(&self.index, options, self.merging())?);
        }
        Ok(())
    }

    fn give_up(&self) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn make(index: &tantivy::Index, options: Options, merging: Merging) -> tantivy::Result<IndexWriter> {
    let writer = index.writer_with_num_threads(options.threads.max(1), options.memory_bytes.max(16_000_000))?;
    writer.set_merge_policy(policy(merging));
    Ok(writer)
}

fn policy(merging: Merging) -> Box<dyn MergePolicy> {
    let mut policy = LogMergePolicy::default();
    if merging == Merging::PutOff {
        policy.set_min_num_segments(MANY_PIECES);
    }
    Box::new(policy)
}

fn lost(why: &str) -> tantivy::TantivyError {
    tantivy::TantivyError::SystemError(format!("the index writer was given up: {why}"))
}

#[cfg(test)]
mod tests {
    use tantivy::schema::{STORED, STRING, Schema};

    use super::*;

    #[test]
    fn merges_that_were_put_off_are_made_with_the_next_commit_after_it() {
        let mut schema = Schema::builder();
        let name = schema.add_text_field("name", STRING | STORED);
        let index = tantivy::Index::create_in_ram(schema.build());
        let writer = Writer::open(index.clone(), Options::default()).unwrap();
        writer.set_merging(Merging::PutOff);
        for number in 0..12 {
            writer.change(|writer| writer.add_document(tantivy::doc!(name => number.to_string()))).unwrap();
            writer.commit(&number.to_string()).unwrap();
        }
        // Waits for merges, and goes on in the same way.
        writer.resize(Options::default()).unwrap();
        assert_eq!(index.searchable_segment_ids().unwrap().len(), 12);
        writer.set_merging(Merging::Eager);
        writer.commit("11").unwrap();
        writer.resize(Options::default()).unwrap();
        assert_eq!(index.searchable_segment_ids().unwrap().len(), 1);
        assert_eq!(index.load_metas().unwrap().payload.as_deref(), Some("11"));
    }
}
