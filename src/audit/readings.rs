//! Who is in the middle of reading what? Viewers and download programs ask for many parts of one content: one event stands for
//! all of them. It must not depend on the first byte being among them: whoever leaves that out is told of, too.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use crate::{
    clock::Millis,
    ids::{DocumentId, UserId},
};

/// So long parts belong to a reading that was noted.
const LASTS_MS: Millis = 60 * 60 * 1000;
/// Readings that are remembered; of more the oldest half is forgotten, and noted once more.
const REMEMBERED: usize = 10_000;

type Reading = (UserId, DocumentId, i64);

/// The readings that this node has noted. Cheap to clone.
#[derive(Clone, Default)]
pub struct Readings(Arc<Mutex<HashMap<Reading, Millis>>>);

impl Readings {
    /// Whether a part of a version belongs to a reading that was noted.
    pub fn is_noted(&self, user: &UserId, document: &DocumentId, version: i64, now: Millis) -> bool {
        let noted = self.0.lock().expect("nothing panics while holding it");
        noted.get(&(user.clone(), document.clone(), version)).is_some_and(|at| now - at < LASTS_MS)
    }

    /// Remembers a reading that was noted.
    pub fn note(&self, user: &UserId, document: &DocumentId, version: i64, now: Millis) {
        let mut noted = self.0.lock().expect("nothing panics while holding it");
        if noted.len() >= REMEMBERED {
            let mut times: Vec<Millis> = noted.values().copied().collect();
            let (_, middle, _) = times.select_nth_unstable(REMEMBERED / 2);
            let middle = *middle;
            noted.retain(|_, at| *at > middle);
        }
        noted.insert((user.clone(), document.clone(), version), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_lasts_and_few_are_remembered() {
        let (readings, user) = (Readings::default(), UserId::new());
        let document = DocumentId::new();
        assert!(!readings.is_noted(&user, &document, 1, 0));
        readings.note(&user, &document, 1, 0);
        assert!(readings.is_noted(&user, &document, 1, LASTS_MS - 1));
        assert!(!readings.is_noted(&user, &document, 1, LASTS_MS));
        assert!(!readings.is_noted(&user, &document, 2, 1));
        for number in 0..3 * REMEMBERED as i64 {
            readings.note(&user, &document, number, number);
        }
        assert!(readings.0.lock().unwrap().len() <= REMEMBERED);
        assert!(readings.is_noted(&user, &document, 3 * REMEMBERED as i64 - 1, 3 * REMEMBERED as i64));
    }
}
