//! Who may hold memory with an upload while it is short? Whoever goes on.
//!
//! What uploads hold together is bounded (`storage/src/block.rs`). Clients that send a byte now and then would hold all of it for
//! as long as they like, so while nothing is left each has to bring something; who does not is sent away, and may come back.

use std::time::Duration;

use storage::Store;
use tokio::time::Instant;

/// Shorter than others wait for what is held.
const WINDOW: Duration = Duration::from_secs(4);
/// What a slow telephone brings in this time.
const LEAST_BYTES: usize = 64 * 1024;

/// What came of one request lately.
pub struct Pace {
    since: Instant,
    bytes: usize,
}

impl Pace {
    /// Begins now.
    pub fn begin() -> Self {
        Self { since: Instant::now(), bytes: 0 }
    }

    /// Takes note of bytes that came.
    pub fn brought(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Ends when too little came while uploads held all the memory that they may.
    pub async fn too_slow(&mut self, store: &Store) {
        loop {
            tokio::time::sleep_until(self.since + WINDOW).await;
            let brought = std::mem::take(&mut self.bytes);
            self.since = Instant::now();
            if brought < LEAST_BYTES && store.is_busy() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use storage::Backend;

    use super::*;

    #[tokio::test]
    async fn who_brings_next_to_nothing_is_sent_away_only_while_memory_is_short() {
        let store = Store::open(&Backend::Memory).unwrap();
        let mut pace = Pace::begin();
        assert!(tokio::time::timeout(WINDOW + WINDOW / 4, pace.too_slow(&store)).await.is_err(), "there is enough");
        let (mut chunks, piece) = (Vec::new(), vec![7; 4 << 20]);
        while !store.is_busy() {
            let mut chunk = store.gather();
            chunk.add(&piece).await.unwrap();
            chunks.push(chunk);
        }
        pace.brought(LEAST_BYTES);
        let began = Instant::now();
        tokio::time::timeout(3 * WINDOW, pace.too_slow(&store)).await.unwrap();
        assert!(began.elapsed() > WINDOW, "it had brought enough before");
    }
}
