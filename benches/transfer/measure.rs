//! What did it take? Time, processor time of the server and of Garage until both are at rest again, and memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{contestants::Life, figures};

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// A server is at rest when it used less than a twentieth of one processor for so long.
const REST: Duration = Duration::from_millis(400);
/// What is waited for no longer.
const REST_MAX: Duration = Duration::from_secs(20);

/// What one piece of work took.
pub struct Sample {
    pub took: Duration,
    /// Of the server with its children, what it does afterwards included.
    pub cpu: Option<Duration>,
    pub garage_cpu: Option<Duration>,
    /// Most memory of the server's process in MiB.
    pub peak: Option<f64>,
    /// Most memory seen of it and its children.
    pub peak_of_tree: Option<f64>,
}

/// Does the work while looking at the server.
pub async fn measured<T>(life: &Life, work: impl Future<Output = Result<T>>) -> Result<(Sample, T)> {
    // What was written before is on the disk now, and does not slow this down.
    tokio::task::spawn_blocking(nix::unistd::sync).await?;
    at_rest(life).await;
    let (server, garage) = (life.id(), life.garage_id());
    let before = (server.map(figures::cpu_of_tree), garage.map(figures::cpu_of_tree));
    let watch = server.map(Watch::begin).transpose()?;
    let began = Instant::now();
    let done = work.await?;
    let took = began.elapsed();
    at_rest(life).await;
    let spent =
        |process: Option<u32>, before: Option<Duration>| Some(figures::cpu_of_tree(process?).saturating_sub(before?));
    let (cpu, garage_cpu) = (spent(server, before.0), spent(garage, before.1));
    let peaks = watch.map(Watch::end);
    Ok((Sample { took, cpu, garage_cpu, peak: peaks.map(|it| it.0), peak_of_tree: peaks.map(|it| it.1) }, done))
}

/// Waits until what goes on after an answer is over.
async fn at_rest(life: &Life) {
    let processes: Vec<u32> = life.id().into_iter().chain(life.garage_id()).collect();
    let spent = || processes.iter().map(|process| figures::cpu_of_tree(*process)).sum::<Duration>();
    let (began, mut last) = (Instant::now(), spent());
    while !processes.is_empty() && began.elapsed() < REST_MAX {
        tokio::time::sleep(REST).await;
        let now = spent();
        if now.saturating_sub(last) < REST / 20 {
            break;
        }
        last = now;
    }
}

/// Looks at the memory of a process and its children.
struct Watch {
    process: u32,
    is_over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<f64>,
}

impl Watch {
    fn begin(process: u32) -> Result<Self> {
        figures::forget_peak(process)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = is_over.clone();
        let thread = std::thread::spawn(move || {
            let mut most = 0.0f64;
            while !seen.load(Relaxed) {
                most = most.max(figures::resident_of_tree(process));
                std::thread::sleep(LOOK);
            }
            most
        });
        Ok(Self { process, is_over, thread })
    }

    /// Of the process alone, and of the tree.
    fn end(self) -> (f64, f64) {
        let peak = figures::peak_of(self.process);
        self.is_over.store(true, Relaxed);
        (peak, self.thread.join().unwrap_or_default().max(peak))
    }
}
