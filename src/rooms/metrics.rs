//! How are the rooms doing? Numbers for Prometheus.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, Registry};

/// Bounds of commit durations, in seconds.
const SECONDS: [f64; 11] = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.25, 1.0, 10.0];

/// The counters of all rooms of this node; cheap to clone.
#[derive(Clone)]
pub struct RoomMetrics {
    pub open: IntGauge,
    pub connections: IntGauge,
    /// Updates that are durable.
    pub updates: IntCounter,
    /// Time from taking a batch to its being durable.
    pub commits: Histogram,
    /// Commits that failed; their rooms started afresh.
    pub failed_commits: IntCounter,
}

impl Default for RoomMetrics {
    fn default() -> Self {
        let constant = "the names are constants that were tried";
        let commits = HistogramOpts::new("wenshu_journal_commit_seconds", "Time of a commit of room updates");
        Self {
            open: IntGauge::new("wenshu_rooms_open", "Rooms that are open on this node").expect(constant),
            connections: IntGauge::new("wenshu_room_connections", "Connections to rooms of this node").expect(constant),
            updates: IntCounter::new("wenshu_room_updates_total", "Updates made durable by this node").expect(constant),
            commits: Histogram::with_opts(commits.buckets(SECONDS.into())).expect(constant),
            failed_commits: IntCounter::new("wenshu_journal_failed_commits_total", "Commits that failed")
                .expect(constant),
        }
    }
}

impl RoomMetrics {
    /// Shows the numbers in `registry`.
    pub fn register(&self, registry: &Registry) {
        let collectors: [Box<dyn prometheus::core::Collector>; 5] = [
            Box::new(self.open.clone()),
            Box::new(self.connections.clone()),
            Box::new(self.updates.clone()),
            Box::new(self.commits.clone()),
            Box::new(self.failed_commits.clone()),
        ];
        for collector in collectors {
            registry.register(collector).expect("each name is registered once");
        }
    }
}
