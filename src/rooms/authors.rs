//! Who wrote which item of a room? The journal knows: it names the sender of every update.

use std::collections::HashMap;

use crate::{
    db::{self, Db},
    error::{Error, Result},
    ids::UserId,
    rooms::{RoomName, loader, segment, update},
};

/// The first sender of each clock of each client.
#[derive(Debug, Default)]
pub struct Authors {
    people: Vec<UserId>,
    /// Ranges of clocks that do not overlap: first, end, index into `people`.
    clocks: HashMap<u64, Vec<(u32, u32, usize)>>,
}

impl Authors {
    /// Reads the whole journal of a room.
    pub async fn read(db: &Db, room: &RoomName) -> Result<Self> {
        // The tail first: what a compaction moves meanwhile is then found twice, and not missed.
        let tail = loader::list_tail(db, room, 0).await?;
        let segments = db::room_snapshots::list_segments(db.read(), room).await?;
        let collected = tokio::task::spawn_blocking(move || {
            let mut authors = Self::default();
            for (_, _, packed) in &segments {
                for row in segment::unpack(packed)? {
                    authors.add(&row.author_id, &row.payload)?;
                }
            }
            for row in &tail {
                authors.add(&row.author_id, &row.payload)?;
            }
            Ok(authors)
        });
        collected.await.map_err(Error::internal)?
    }

    /// Takes in the next update of the journal.
    pub fn add(&mut self, author: &UserId, payload: &[u8]) -> Result<()> {
        let facts = update::walk(payload).map_err(|why| Error::internal(anyhow::anyhow!("a stored update: {why}")))?;
        let person = self.people.iter().position(|known| known == author).unwrap_or_else(|| {
            self.people.push(author.clone());
            self.people.len() - 1
        });
        for section in facts.sections {
            // Behind a hole nobody can tell from the header which clocks the update really brings.
            self.claim(section.client, section.start, section.solid_end, person);
        }
        Ok(())
    }

    /// Gives `person` the clocks of a range that nobody has.
    fn claim(&mut self, client: u64, start: u32, end: u32, person: usize) {
        let ranges = self.clocks.entry(client).or_default();
        let (mut at, mut fresh) = (start, Vec::new());
        for &(from, to, _) in ranges.iter().filter(|(from, to, _)| *from < end && *to > start) {
            if at < from {
                fresh.push((at, from, person));
            }
            at = to;
        }
        if at < end {
            fresh.push((at, end, person));
        }
        if !fresh.is_empty() {
            ranges.extend(fresh);
            ranges.sort_unstable();
        }
    }

    /// Who sent an item.
    pub fn of(&self, client: u64, clock: u32) -> Option<&UserId> {
        let ranges = self.clocks.get(&client)?;
        let at = ranges.partition_point(|(_, to, _)| *to <= clock);
        ranges.get(at).filter(|(from, _, _)| *from <= clock).map(|(_, _, person)| &self.people[*person])
    }

    /// Everybody who sent a part of a run of items; `None` stands for items that the journal does not know.
    pub fn of_run(&self, client: u64, clock: u32, len: u32) -> Vec<Option<&UserId>> {
        let mut found: Vec<Option<&UserId>> = Vec::new();
        for clock in clock..clock.saturating_add(len) {
            let author = self.of(client, clock);
            if !found.contains(&author) {
                found.push(author);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use yrs::{Doc, Text, Transact, WriteTxn};

    use super::*;

    fn typed(doc: &Doc, text: &str) -> Vec<u8> {
        let mut tx = doc.transact_mut();
        let shared = tx.get_or_insert_text("t");
        shared.push(&mut tx, text);
        tx.encode_update_v1()
    }

    #[test]
    fn an_item_belongs_to_who_sent_it_first() {
        let (ada, eve) = (UserId::new(), UserId::new());
        let doc = Doc::with_client_id(7);
        let (first, second) = (typed(&doc, "abc"), typed(&doc, "de"));
        let mut authors = Authors::default();
        authors.add(&ada, &first).unwrap();
        authors.add(&eve, &first).unwrap();
        authors.add(&eve, &second).unwrap();
        assert_eq!(authors.of(7, 0), Some(&ada));
        assert_eq!(authors.of(7, 2), Some(&ada));
        assert_eq!(authors.of(7, 3), Some(&eve));
        assert_eq!(authors.of(7, 5), None);
        assert_eq!(authors.of(8, 0), None);
        assert_eq!(authors.of_run(7, 1, 5), [Some(&ada), Some(&eve), None]);
    }

    #[test]
    fn ranges_that_overlap_give_only_what_is_left() {
        let (ada, eve) = (UserId::new(), UserId::new());
        let mut authors = Authors { people: vec![ada.clone(), eve.clone()], ..Authors::default() };
        authors.claim(1, 10, 20, 0);
        authors.claim(1, 30, 40, 0);
        authors.claim(1, 0, 50, 1);
        let owners: Vec<bool> = [0, 9, 10, 19, 20, 29, 30, 39, 40, 49].map(|at| authors.of(1, at) == Some(&ada)).into();
        assert_eq!(owners, [false, false, true, true, false, false, true, true, false, false]);
        assert!((0..50).all(|at| authors.of(1, at).is_some()));
    }
}
