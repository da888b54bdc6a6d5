//! Which child does which task, and how many at once?
//!
//! Lanes that never wait for each other: converters (minutes), recognition (minutes, and nobody waits), a child that reads text only (seconds), renderers and
//! builders of rooms (milliseconds), and conversions for which somebody waits. A conversion that takes long makes room for
//! the next one, so that a few slow documents do not hold up
//! all others. A renderer keeps its last
//! document open, and a page goes to the renderer that has its document, so scrolling does not load a long PDF again and
//! again. A caller that goes away while waiting costs nothing; one that goes away during a task leaves a task that ends
//! by itself.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use tempfile::TempDir;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::{
    child::Ready,
    limits::Limits,
    slot::{FileKey, Keeps, Slot},
    task::{Answer, Lane, Task, WorkerError, codes},
};

/// Which fonts conversions use, unless the administrator says otherwise.
const FONTS: &str = include_str!("fonts.conf");

/// How the pool is set up.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The program started with the argument `worker`; this program when absent.
    pub program: Option<PathBuf>,
    /// Children for conversions; as many again for those that take long, and as many for recognition.
    pub converters: usize,
    /// Children for page images.
    pub renderers: usize,
    /// Where the children's folders are made; the system's folder for temporary files when absent. Best on the same
    /// file system as the inputs, which are then linked instead of copied.
    pub folder: Option<PathBuf>,
    /// The PDF library; `WENSHU_PDFIUM` or the usual places when absent.
    pub pdfium: Option<PathBuf>,
    /// LibreOffice's `soffice.bin`; the usual places when absent.
    pub soffice: Option<PathBuf>,
    /// A fontconfig file for all programs; the built-in one when absent. Page breaks depend on the fonts.
    pub fontconfig: Option<PathBuf>,
    /// Tasks after which a child that is kept is replaced. Converters are replaced after each document.
    pub tasks_per_child: usize,
    /// What one task may use.
    pub limits: Limits,
}

impl Default for PoolConfig {
    fn default() -> Self {
        PoolConfig {
            program: None,
            converters: 2,
            renderers: 2,
            folder: None,
            pdfium: std::env::var_os("WENSHU_PDFIUM").map(PathBuf::from),
            soffice: None,
            fontconfig: None,
            tasks_per_child: 1000,
            limits: Limits::default(),
        }
    }
}

/// After this time a conversion counts as long.
const LONG: Duration = Duration::from_secs(30);

/// A child that had nothing to do for so long ends: each takes some MB, and a new one starts in a moment.
const UNUSED_MAX: Duration = Duration::from_secs(15);

struct LaneState {
    idle: Mutex<Vec<Slot>>,
    /// Seats of ordinary tasks, and of those that take long. There is a slot for each.
    free: Arc<Semaphore>,
    long: Arc<Semaphore>,
    sizes: [usize; 2],
}

struct Shared {
    convert: LaneState,
    recognise: LaneState,
    text: LaneState,
    render: LaneState,
    room: LaneState,
    exchange: LaneState,
    /// Cancelled when running tasks are to be given up.
    stopping: CancellationToken,
    // Removed when the last handle is gone; the children have ended by then.
    _folder: TempDir,
}

/// The child processes. Clones share them.
#[derive(Clone)]
pub struct WorkerPool {
    shared: Arc<Shared>,
    ready: Arc<Ready>,
}

impl WorkerPool {
    /// Makes the folders, starts one child of each lane, and logs which isolation is in force.
    pub async fn start(config: PoolConfig) -> Result<Self, WorkerError> {
        let failed = |error| WorkerError::unavailable("making the workers' folder", error);
        let mut builder = tempfile::Builder::new();
        builder.prefix("wenshu-workers-");
        let folder = match &config.folder {
            Some(parent) => std::fs::create_dir_all(parent).and_then(|()| builder.tempdir_in(parent)),
            None => builder.tempdir(),
        }
        .map_err(failed)?;
        let mut config = config;
        if config.fontconfig.is_none() {
            let file = folder.path().join("fonts.conf");
            std::fs::write(&file, FONTS).map_err(failed)?;
            config.fontconfig = Some(file);
        }
        let config = Arc::new(config);
        let lane = |name: &str, count: usize, keeps: Keeps| -> std::io::Result<Vec<Slot>> {
            let slot = |number| Slot::new(folder.path().join(format!("{name}-{number}")), config.clone(), keeps);
            (0..count.max(1)).map(slot).collect()
        };
        let long = config.converters.max(1);
        let mut converters = lane("convert", 2 * long, Keeps::Nothing).map_err(failed)?;
        let recognisers = lane("recognise", config.converters, Keeps::Nothing).map_err(failed)?;
        let texts = lane("text", 1, Keeps::Child).map_err(failed)?;
        let mut renderers = lane("render", config.renderers, Keeps::Document).map_err(failed)?;
        let rooms = lane("room", config.renderers, Keeps::Child).map_err(failed)?;
        let exchange = lane("exchange", config.converters, Keeps::Nothing).map_err(failed)?;
        // Those that are taken first, see `take`.
        let ready = converters.last_mut().expect("a lane has at least one slot").warm().await?;
        renderers.first_mut().expect("a lane has at least one slot").warm().await?;
        tracing::info!(isolation = %ready.isolation, pdfium = ready.pdfium, "workers ready");
        let state = |slots: Vec<Slot>, long: usize| LaneState {
            free: Arc::new(Semaphore::new(slots.len() - long)),
            long: Arc::new(Semaphore::new(long)),
            sizes: [slots.len() - long, long],
            idle: Mutex::new(slots),
        };
        let shared = Shared {
            convert: state(converters, long),
            recognise: state(recognisers, 0),
            text: state(texts, 0),
            render: state(renderers, 0),
            room: state(rooms, 0),
            exchange: state(exchange, 0),
            stopping: CancellationToken::new(),
            _folder: folder,
        };
        let shared = Arc::new(shared);
        tokio::spawn(end_unused(Arc::downgrade(&shared)));
        Ok(WorkerPool { shared, ready: Arc::new(ready) })
    }

    /// Returns the isolation in force and whether the PDF library was found.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Does a task. The files of the answer are in the folder that the task names.
    pub async fn run(&self, mut task: Task) -> Result<Answer, WorkerError> {
        if let Some(out) = task.out() {
            std::fs::create_dir_all(&*out)
                .map_err(|error| WorkerError::unavailable("making the folder for results", error))?;
        }
        let kind = task.lane();
        let key = match (kind, task.input()) {
            (Lane::Render, Some(input)) => input.canonicalize().and_then(|path| FileKey::of(&path)).ok(),
            _ => None,
        };
        let closed = |_| WorkerError::new(codes::UNAVAILABLE, "the workers have been stopped");
        let permit = self.lane(kind).free.clone().acquire_owned().await.map_err(closed)?;
        let shared = self.shared.clone();
        // Detached: a caller that goes away must not take the slot with it.
        let (tell, told) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let state = shared.lane(kind);
            let mut slot = state.take(key.as_ref());
            let (answer, seat) = shared.execute(state, &mut slot, task, permit).await;
            let _ = tell.send(answer);
            if matches!(kind, Lane::Convert | Lane::Exchange) && !shared.stopping.is_cancelled() {
                // The next document finds a fresh child waiting.
                let _ = slot.warm().await;
            }
            state.give_back(slot);
            drop(seat);
        });
        told.await.unwrap_or_else(|error| Err(WorkerError::unavailable("running a task", error)))
    }

    /// Refuses further tasks, gives up the running ones, and ends all children.
    pub async fn stop(&self) {
        self.shared.stopping.cancel();
        for kind in Lane::ALL {
            let state = self.lane(kind);
            for (seats, size) in [&state.free, &state.long].into_iter().zip(state.sizes) {
                let all = seats.acquire_many(size as u32).await;
                seats.close();
                drop(all);
            }
            let slots = std::mem::take(&mut *state.idle.lock().expect("nothing panics while holding it"));
            for mut slot in slots {
                slot.stop().await;
            }
        }
    }

    fn lane(&self, kind: Lane) -> &LaneState {
        self.shared.lane(kind)
    }
}

/// Ends children that nobody needs, as long as there is a pool.
async fn end_unused(pool: Weak<Shared>) {
    loop {
        tokio::time::sleep(UNUSED_MAX / 3).await;
        let Some(shared) = pool.upgrade() else { return };
        for kind in Lane::ALL {
            shared.lane(kind).end_unused().await;
        }
    }
}

impl Shared {
    /// Does a task, which leaves its seat for one of the long seats when it takes long and one is free.
    async fn execute(
        &self,
        state: &LaneState,
        slot: &mut Slot,
        task: Task,
        mut seat: OwnedSemaphorePermit,
    ) -> (Result<Answer, WorkerError>, OwnedSemaphorePermit) {
        let done = {
            let mut work = std::pin::pin!(slot.execute(task));
            let long_seat = async {
                tokio::time::sleep(LONG).await;
                state.long.clone().acquire_owned().await
            };
            let mut long_seat = std::pin::pin!(long_seat);
            loop {
                tokio::select! {
                    answer = &mut work => break Some(answer),
                    Ok(long) = &mut long_seat, if state.is_ordinary(&seat) => seat = long,
                    () = self.stopping.cancelled() => break None,
                }
            }
        };
        let answer = match done {
            Some(answer) => answer,
            None => {
                slot.stop().await;
                Err(WorkerError::new(codes::UNAVAILABLE, "the workers are being stopped"))
            }
        };
        (answer, seat)
    }

    fn lane(&self, kind: Lane) -> &LaneState {
        match kind {
            Lane::Convert => &self.convert,
            Lane::Recognise => &self.recognise,
            Lane::Text => &self.text,
            Lane::Render => &self.render,
            Lane::Room => &self.room,
            Lane::Exchange => &self.exchange,
        }
    }
}

impl LaneState {
    /// Takes the idle slot that has the document open, else the one that was idle longest; without a document to keep open,
    /// the one that was used last, which has its child ready. The permit guarantees one.
    fn take(&self, key: Option<&FileKey>) -> Slot {
        let mut idle = self.idle.lock().expect("nothing panics while holding it");
        let index = match key {
            Some(key) => idle.iter().position(|slot| slot.has_open(key)).unwrap_or(0),
            None => idle.len() - 1,
        };
        idle.remove(index)
    }

    /// Ends the children in idle slots that were not used for long. A seat is taken for each, as for a task.
    async fn end_unused(&self) {
        while let Ok(_seat) = self.free.clone().try_acquire_owned() {
            let unused = {
                let mut idle = self.idle.lock().expect("nothing panics while holding it");
                let index = idle.iter().position(|slot| slot.is_unused_for(UNUSED_MAX));
                index.map(|index| idle.remove(index))
            };
            let Some(mut slot) = unused else { return };
            slot.stop().await;
            // Behind those with a child, see `take`.
            self.idle.lock().expect("nothing panics while holding it").insert(0, slot);
        }
    }

    fn is_ordinary(&self, seat: &OwnedSemaphorePermit) -> bool {
        Arc::ptr_eq(seat.semaphore(), &self.free)
    }

    fn give_back(&self, slot: Slot) {
        self.idle.lock().expect("nothing panics while holding it").push(slot);
    }
}
