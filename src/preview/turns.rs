//! How many contents are prepared at once? While many files come in, one: whoever sends them comes first.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// More files than these within [`WITHIN`] are a rush.
const MANY: usize = 8;
const WITHIN: Duration = Duration::from_secs(1);
/// A rush is over when there was none for so long.
const CALM: Duration = Duration::from_secs(1);

/// Who may prepare a content now.
#[derive(Default)]
pub struct Turns {
    state: Mutex<State>,
    ended: Notify,
}

/// Held while a content is prepared.
pub struct Turn<'a>(&'a Turns);

impl Turns {
    /// Notes that a file came in.
    pub fn came(&self) {
        self.state().came(Instant::now());
    }

    /// Waits until one more content may be prepared.
    pub async fn take(&self) -> Turn<'_> {
        loop {
            // Before looking, so that no end is missed.
            let ended = self.ended.notified();
            let now = Instant::now();
            let Err(calm_at) = self.state().take(now) else { return Turn(self) };
            tokio::select! {
                () = ended => {}
                () = tokio::time::sleep_until(calm_at.into()) => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().running -= 1;
        self.0.ended.notify_waiters();
    }
}

#[derive(Default)]
struct State {
    /// The last files that came, oldest first.
    came: VecDeque<Instant>,
    rush_until: Option<Instant>,
    running: usize,
}

impl State {
    fn came(&mut self, now: Instant) {
        if self.came.len() == MANY {
            let first = self.came.pop_front();
            if first.is_some_and(|first| now.duration_since(first) < WITHIN) {
                self.rush_until = Some(now + CALM);
            }
        }
        self.came.push_back(now);
    }

    /// Counts one more that is prepared, or tells when to ask again.
    fn take(&mut self, now: Instant) -> Result<(), Instant> {
        match self.rush_until {
            Some(until) if self.running > 0 && now < until => Err(until),
            _ => {
                self.running += 1;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn few_files_are_prepared_side_by_side() {
        let (mut state, start) = (State::default(), Instant::now());
        for number in 0..MANY as u64 {
            state.came(after(start, number));
            assert!(state.take(after(start, number)).is_ok());
        }
        // Eight each second, for ever.
        for number in 0..100 {
            state.came(after(start, 1001 + number * 125));
            assert!(state.take(after(start, 1001 + number * 125)).is_ok(), "{number}");
        }
    }

    #[test]
    fn in_a_rush_one_is_prepared_at_a_time_until_it_is_calm() {
        let (mut state, start) = (State::default(), Instant::now());
        assert!(state.take(start).is_ok());
        for number in 0..=MANY as u64 {
            state.came(after(start, number * 100));
        }
        let last = MANY as u64 * 100;
        assert_eq!(state.take(after(start, last)), Err(after(start, last + 1000)));
        state.running -= 1;
        assert!(state.take(after(start, last + 10)).is_ok(), "the one before has ended");
        assert!(state.take(after(start, last + 20)).is_err());
        state.came(after(start, last + 50));
        assert!(state.take(after(start, last + 1049)).is_err(), "it goes on");
        assert!(state.take(after(start, last + 1050)).is_ok() && state.take(after(start, last + 1050)).is_ok());
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_the_one_before_ends() {
        let turns = Turns::default();
        (0..=MANY).for_each(|_| turns.came());
        let first = turns.take().await;
        let waited = tokio::time::timeout(Duration::from_millis(50), turns.take()).await;
        assert!(waited.is_err(), "two at once in a rush");
        let (_second, ()) = tokio::join!(turns.take(), async { drop(first) });
        assert_eq!(turns.state().running, 1);
    }
}
