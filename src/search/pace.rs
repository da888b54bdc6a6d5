//! How long does the follower rest from one commit to the next?
//!
//! A commit costs much the same however little is in it: some dozen files, each made safe on the disk. What happens alone is
//! found at once. Where one change follows the other, each rest is twice as long as the one before, so that more and more of
//! them share a commit, and always so short that all are found within two seconds.

use std::time::Duration;

/// After a commit before which nothing happened.
const SHORTEST: Duration = Duration::from_millis(250);
/// The rest and the commit behind it take no longer than this: with the reading of texts, all is found within two seconds.
const LONGEST: Duration = Duration::from_millis(1500);
/// When changes keep coming, a commit that took long is followed by a rest so many times as long, within the same bound.
const RESTS_PER_COMMIT: u32 = 4;
/// Changes that were found waiting after so many rests in a row are many: pieces of the index are merged later.
const BUSY: u32 = 3;

/// Counts how many commits followed one another without a moment in which nothing was to be done.
#[derive(Debug, Default)]
pub struct Pace {
    in_a_row: u32,
}

impl Pace {
    /// Returns the rest after a commit that took `took`.
    pub fn after_commit(&mut self, took: Duration) -> Duration {
        let before = self.in_a_row;
        self.in_a_row = before.saturating_add(1);
        if before == 0 {
            return SHORTEST;
        }
        // A machine that needs seconds for a commit does something else for half of the time.
        (SHORTEST * (1 << before.min(3))).max(took * RESTS_PER_COMMIT).min(LONGEST.saturating_sub(took).max(took))
    }

    /// Nothing had changed when the rest was over. Returns whether merging was put off before.
    pub fn calm(&mut self) -> bool {
        let was_busy = self.is_busy();
        self.in_a_row = 0;
        was_busy
    }

    /// Returns whether changes keep coming.
    pub fn is_busy(&self) -> bool {
        self.in_a_row >= BUSY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(40);

    #[test]
    fn what_happens_alone_rests_shortly_each_time() {
        let mut pace = Pace::default();
        for took_ms in [0, 40, 300, 2000] {
            assert_eq!(pace.after_commit(Duration::from_millis(took_ms)), SHORTEST);
            assert!(!pace.calm(), "merging was never put off");
        }
    }

    #[test]
    fn rests_grow_while_changes_keep_coming_and_end_with_them() {
        let mut pace = Pace::default();
        let rests: Vec<_> = (0..6).map(|_| pace.after_commit(QUICK).as_millis()).collect();
        assert_eq!(rests, [250, 500, 1000, 1460, 1460, 1460]);
        assert!(pace.is_busy());
        assert!(pace.calm() && !pace.is_busy() && !pace.calm());
        assert_eq!(pace.after_commit(QUICK), SHORTEST);
    }

    #[test]
    fn a_rest_and_the_commit_behind_it_stay_within_the_bound_and_slow_commits_get_longer_rests() {
        for took_ms in [0, 1, 50, 100, 200, 300, 500, 700, 750] {
            let took = Duration::from_millis(took_ms);
            let mut pace = Pace::default();
            for _ in 0..20 {
                let rest = pace.after_commit(took);
                assert!(rest >= SHORTEST, "{took:?} {rest:?}");
                assert!(rest + took <= LONGEST.max(2 * took), "{took:?} {rest:?}");
            }
        }
        for (took_ms, second_ms) in [(40, 500), (200, 800), (3000, 3000)] {
            let took = Duration::from_millis(took_ms);
            let mut pace = Pace::default();
            pace.after_commit(took);
            assert_eq!(pace.after_commit(took), Duration::from_millis(second_ms));
        }
    }
}
