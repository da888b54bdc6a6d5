//! What is the service doing? Log lines for people and numbers for Prometheus.

use std::{io::IsTerminal, time::Duration};

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use tracing_subscriber::EnvFilter;

/// What is logged unless WENSHU_LOG says otherwise. An unknown certificate is told by whoever asked for the connection.
const DEFAULT_FILTER: &str = "info,sqlx=warn,rustls_platform_verifier=off";
/// Bounds of request durations, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0];

/// The counters; other parts register theirs in `registry`.
pub struct Metrics {
    pub registry: Registry,
    requests: HistogramVec,
    pub jobs_done: IntCounterVec,
    jobs: IntGaugeVec,
    memory: IntGauge,
    open_files: IntGauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let requests =
            HistogramOpts::new("wenshu_http_request_seconds", "Time until the answer began").buckets(SECONDS.into());
        let requests = HistogramVec::new(requests, &["method", "route", "status"]);
        let jobs_done = Opts::new("wenshu_jobs_total", "Tries of jobs on this node, by outcome");
        let jobs_done = IntCounterVec::new(jobs_done, &["kind", "outcome"]);
        let jobs = IntGaugeVec::new(Opts::new("wenshu_jobs", "Jobs in the table, by state"), &["state"]);
        let memory = IntGauge::new("process_resident_memory_bytes", "Memory in use by the server process");
        let open_files = IntGauge::new("process_open_fds", "Open file descriptors of the server process");
        let constant = "the names are constants that were tried";
        let metrics = Self {
            registry,
            requests: requests.expect(constant),
            jobs_done: jobs_done.expect(constant),
            jobs: jobs.expect(constant),
            memory: memory.expect(constant),
            open_files: open_files.expect(constant),
        };
        let collectors: [Box<dyn prometheus::core::Collector>; 5] = [
            Box::new(metrics.requests.clone()),
            Box::new(metrics.jobs_done.clone()),
            Box::new(metrics.jobs.clone()),
            Box::new(metrics.memory.clone()),
            Box::new(metrics.open_files.clone()),
        ];
        for collector in collectors {
            metrics.registry.register(collector).expect("each name is registered once");
        }
        metrics
    }
}

impl Metrics {
    /// Counts one answered request.
    pub fn request(&self, method: &str, route: &str, status: u16, duration: Duration) {
        self.requests.with_label_values(&[method, route, &status.to_string()]).observe(duration.as_secs_f64());
    }

    /// Everything as Prometheus text; `jobs` is the table's count by state.
    pub fn text(&self, jobs: &[(String, i64)]) -> anyhow::Result<String> {
        for state in ["waiting", "running", "failed"] {
            let count = jobs.iter().find(|(of, _)| of == state).map_or(0, |(_, count)| *count);
            self.jobs.with_label_values(&[state]).set(count);
        }
        self.memory.set(resident_bytes().unwrap_or_default());
        self.open_files.set(std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as i64));
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8(text)?)
    }
}

/// Starts the log on standard error: lines on a terminal, JSON elsewhere. `WENSHU_LOG` chooses what is logged.
pub fn start_log() {
    let filter = EnvFilter::try_from_env("WENSHU_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    // A line that cannot be written (the disk is full, nobody reads the pipe) is lost. Telling so on the same way panics, in
    // the middle of whatever logged.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().with_span_list(false).init();
    }
}

fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<i64>().ok().map(|kib| kib * 1024)
}
