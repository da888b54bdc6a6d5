//! What time is it? One place to ask, so that tests can hold the time still.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// The system's clock, or one that tests set.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// A clock that stands still at `now` until [`Clock::advance`].
    pub fn fixed(now: Millis) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now))))
    }

    /// The present time.
    pub fn now(&self) -> Millis {
        match &self.0 {
            Some(fixed) => fixed.load(Ordering::SeqCst),
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis),
        }
    }

    /// Moves a fixed clock forward; a real clock is left alone.
    pub fn advance(&self, by_ms: Millis) {
        if let Some(fixed) = &self.0 {
            fixed.fetch_add(by_ms, Ordering::SeqCst);
        }
    }
}
