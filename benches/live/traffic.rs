//! How fast are edits delivered, at what cost, and how many per second at most?
//!
//! A delivery is one character of one writer that reached one other client, whether it came in a frame of its own or in one with
//! others. The time of an edit counts from the moment at which it was due, so a server that holds up its writers gains nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use futures::{SinkExt, StreamExt, TryStreamExt, stream};
use hdrhistogram::Histogram;
use tokio::{task::JoinSet, time::sleep};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, Dialect, Heard, Sink, Stream},
    figures,
    servers::{Place, Server},
    updates,
};

/// What goes on.
#[derive(Clone, Copy)]
pub struct Load {
    pub rooms: usize,
    /// Clients in each room.
    pub clients: usize,
    /// Of those, how many write.
    pub writers: usize,
    /// Edits per second of one writer.
    pub rate: f64,
    pub length: Duration,
}

/// What came of it.
pub struct Outcome {
    pub latency: Histogram<u64>,
    pub expected: u64,
    /// Edits that were due and not written in time.
    pub unwritten: u64,
    /// Of the server and of what it started.
    pub server_cpu: Duration,
    /// Of the server's own process.
    pub main_cpu: Duration,
    pub own_cpu: Duration,
}

/// Later than this a timer of the load generator is not: a writer was held up.
const TIMER_SLACK: Duration = Duration::from_millis(5);
/// How long deliveries may go on after the last edit.
const GRACE: Duration = Duration::from_secs(5);

/// A clock in microseconds, and when each writer's edits were sent.
struct Sheet {
    begin: Instant,
    /// By writer, by clock.
    sent: Vec<Vec<AtomicU64>>,
}

impl Sheet {
    fn at(&self, time: Instant) -> u64 {
        time.saturating_duration_since(self.begin).as_micros() as u64
    }
}

/// What the tasks of one run share.
struct Shared {
    stop: AtomicBool,
    written: AtomicU64,
    delivered: AtomicU64,
}

/// Runs a load on new documents.
pub async fn run(server: &mut Server, load: Load) -> Result<Outcome> {
    let places = server.places(load.rooms).await?;
    let clients = connect(&places, load.clients).await?;
    let begin = Instant::now() + Duration::from_millis(300);
    let edits_each = (load.rate * load.length.as_secs_f64()).ceil() as usize;
    let shared =
        Arc::new(Shared { stop: AtomicBool::new(false), written: AtomicU64::new(0), delivered: AtomicU64::new(0) });
    let (mut readers, mut writers) = (JoinSet::new(), JoinSet::new());
    let mut sheets = Vec::new();
    for _ in &places {
        let column = || (0..edits_each).map(|_| AtomicU64::new(0)).collect();
        sheets.push(Arc::new(Sheet { begin, sent: (0..load.writers).map(|_| column()).collect() }));
    }
    let all_writers = (load.rooms * load.writers) as f64;
    for (number, client) in clients.into_iter().enumerate() {
        let (room, place_in_room) = (number / load.clients, number % load.clients);
        let (sink, stream, dialect) = client.split();
        let own = (place_in_room < load.writers).then_some(place_in_room as u64 + 1);
        readers.spawn(read(stream, dialect.clone(), own, sheets[room].clone(), shared.clone()));
        if let Some(own) = own {
            let phase = (room * load.writers + place_in_room) as f64 / all_writers / load.rate;
            writers.spawn(write(sink, dialect, own, load.rate, phase, sheets[room].clone(), shared.clone()));
        }
    }
    tokio::time::sleep_until(begin.into()).await;
    let before = (figures::cpu_of_tree(server.id()), figures::cpu_of(server.id()), figures::own_cpu());
    let wanted = (edits_each * load.rooms * load.writers) as u64;
    let deadline = begin + load.length + GRACE;
    while let Ok(Some(writer)) = tokio::time::timeout_at(deadline.into(), writers.join_next()).await {
        writer??;
    }
    let expected = wanted * (load.clients as u64 - 1);
    while shared.delivered.load(Ordering::Relaxed) < expected && Instant::now() < deadline {
        sleep(Duration::from_millis(10)).await;
    }
    let server_cpu = figures::cpu_of_tree(server.id()).saturating_sub(before.0);
    let main_cpu = figures::cpu_of(server.id()).saturating_sub(before.1);
    let own_cpu = figures::own_cpu() - before.2;
    shared.stop.store(true, Ordering::Relaxed);
    writers.shutdown().await;
    let mut latency = histogram();
    while let Some(heard) = readers.join_next().await {
        latency.add(heard??)?;
    }
    let unwritten = wanted - shared.written.load(Ordering::Relaxed);
    Ok(Outcome { latency, expected, unwritten, server_cpu, main_cpu, own_cpu })
}

/// Opens `each` clients at every place; all are synchronised and visible.
pub async fn connect(places: &[Place], each: usize) -> Result<Vec<Client>> {
    let numbers = 0..places.len() * each;
    let opening = stream::iter(numbers).map(|number| {
        let place = places[number / each].taken_by(number);
        async move {
            let mut client = Client::open(&place).await?;
            client.sync(&[0]).await?;
            client.appear(1_000_000 + number as u64).await?;
            anyhow::Ok(client)
        }
    });
    opening.buffered(64).try_collect().await
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 2).expect("sane bounds")
}

/// Types at `rate`, the first edit `phase` seconds after the beginning.
async fn write(
    mut sink: Sink,
    dialect: Dialect,
    own: u64,
    rate: f64,
    phase: f64,
    sheet: Arc<Sheet>,
    shared: Arc<Shared>,
) -> Result<()> {
    let column = &sheet.sent[own as usize - 1];
    let due = |clock: usize| sheet.begin + Duration::from_secs_f64(phase + clock as f64 / rate);
    let mut clock = 0;
    while clock < column.len() {
        tokio::time::sleep_until(due(clock).into()).await;
        let (now, before) = (Instant::now(), clock);
        while clock < column.len() && due(clock) <= now {
            let late = now - due(clock);
            let stamp = if late > TIMER_SLACK { due(clock) } else { now };
            column[clock].store(sheet.at(stamp), Ordering::Relaxed);
            sink.feed(dialect.update(&updates::keystroke(own, clock as u64))).await?;
            clock += 1;
        }
        sink.flush().await?;
        shared.written.fetch_add((clock - before) as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// Measures what others write.
async fn read(
    mut stream: Stream,
    dialect: Dialect,
    own: Option<u64>,
    sheet: Arc<Sheet>,
    shared: Arc<Shared>,
) -> Result<Histogram<u64>> {
    let mut heard = histogram();
    // What came of each writer so far: a server may say things twice.
    let mut known = vec![0; sheet.sent.len()];
    while !shared.stop.load(Ordering::Relaxed) {
        let Ok(next) = tokio::time::timeout(Duration::from_millis(200), stream.next()).await else { continue };
        let frame = match next {
            Some(Ok(Message::Binary(frame))) => frame,
            Some(Ok(Message::Close(why))) => anyhow::bail!("closed: {why:?}"),
            Some(Ok(_)) => continue,
            Some(Err(error)) => return Err(error.into()),
            None => anyhow::bail!("the connection is gone"),
        };
        let (Heard::Update(update) | Heard::Step2(update)) = dialect.read(&frame)? else { continue };
        let now = sheet.at(Instant::now());
        let mut new = 0;
        let read = updates::brings(update, |client, start, end| {
            let Some(column) = sheet.sent.get(client as usize - 1) else { return };
            if own == Some(client) {
                return;
            }
            let known = &mut known[client as usize - 1];
            for clock in start.max(*known)..end {
                let took = now.saturating_sub(column[clock as usize].load(Ordering::Relaxed));
                heard.record(took.max(1)).expect("within the bounds");
                new += 1;
            }
            *known = end.max(*known);
        });
        ensure!(read.is_ok(), "an update that nobody wrote");
        shared.delivered.fetch_add(new, Ordering::Relaxed);
    }
    Ok(heard)
}

/// Raises the rate until edits come too late, then looks for the border; edits per second that still went well.
pub async fn ceiling(server: &mut Server, base: Load, first: f64, bound: Duration) -> Result<f64> {
    let writers = (base.rooms * base.writers) as f64;
    let (mut good, mut bad) = (0.0, f64::INFINITY);
    let mut rate = first;
    for _ in 0..12 {
        let load = Load { rate: rate / writers, ..base };
        let went_well = match run(server, load).await {
            Ok(outcome) => outcome.keeps(bound),
            // A server that throws its clients out is beyond its ceiling.
            Err(error) => {
                eprintln!("    {rate:.0}/s: {error:#}");
                false
            }
        };
        if went_well {
            good = rate;
        } else {
            bad = rate;
            // What was left undone must not weigh on the next step.
            server.stop().await?;
            server.start().await?;
        }
        if bad / good.max(1.0) < 1.12 || bad < 50.0 {
            break;
        }
        rate = match (good > 0.0, bad.is_finite()) {
            (true, false) => good * 1.6,
            (true, true) => (good * bad).sqrt(),
            (false, _) => bad / 2.0,
        };
    }
    Ok(good)
}

impl Outcome {
    pub fn millis(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1e3
    }

    /// Whether everything came, and in time.
    fn keeps(&self, bound: Duration) -> bool {
        self.unwritten == 0 && self.latency.len() >= self.expected && self.millis(0.99) < bound.as_secs_f64() * 1e3
    }

    /// Microseconds of processor time per delivery.
    pub fn micros(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.latency.len().max(1) as f64
    }
}
