//! How fast does an edit reach the others, although it is on disk first? Clients and server in one process, SQLite with
//! `synchronous=FULL`. Run: `cargo bench --bench rooms`; seconds per scene from `BENCH_SECONDS` (5).
//!
//! Printed per scene: edits accepted per second, deliveries per second, time from sending an edit to its arrival at another
//! client (p50, p99), and processor time per delivery, load generator included.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};
use tokio_tungstenite::tungstenite::Message;
use wenshu::{
    actions::{
        add_token::add_token,
        add_user::{AddUser, add_user},
        create_folder::create_folder,
        create_page::create_page,
    },
    app::App,
    auth::policy::Caller,
    clock::Clock,
    config::Config,
    names::{DocumentName, FolderName},
    rooms::{
        lib0::{Reader, put_buffer, put_uint},
        protocol, update,
    },
    server,
};

/// What one scene is like.
struct Scene {
    name: &'static str,
    rooms: usize,
    /// Clients in each room.
    clients: usize,
    /// Of those, how many write.
    writers: usize,
    /// Pause between two edits of a writer; zero: the next one when the last is saved.
    every: Duration,
    /// Edits that a writer has under way at most.
    window: u64,
}

fn main() {
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        println!(
            "{:<42} {:>9} {:>11} {:>8} {:>8} {:>8}",
            "scene", "edits/s", "deliver/s", "p50 ms", "p99 ms", "µs cpu"
        );
        let millis = Duration::from_millis;
        for scene in [
            Scene { name: "2 people, one types", rooms: 1, clients: 2, writers: 1, every: millis(20), window: 1 },
            Scene {
                name: "hot room: 100 clients, 20 write 10/s",
                rooms: 1,
                clients: 100,
                writers: 20,
                every: millis(100),
                window: 100,
            },
            Scene {
                name: "hot room, ceiling: 10 clients, 10 write",
                rooms: 1,
                clients: 10,
                writers: 10,
                every: millis(0),
                window: 200,
            },
            Scene {
                name: "200 rooms of 2, 1 writes 10/s",
                rooms: 200,
                clients: 2,
                writers: 1,
                every: millis(100),
                window: 100,
            },
            Scene { name: "200 rooms of 2, ceiling", rooms: 200, clients: 2, writers: 1, every: millis(0), window: 50 },
        ] {
            run(scene, Duration::from_secs(seconds)).await;
        }
    });
}

async fn run(scene: Scene, length: Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { data: folder.path().join("data"), jobs: false, ..Config::default() };
    let app = server::build_app(config, Clock::default()).await.expect("a server");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(server::serve(app.clone(), listener));
    let (token, pages) = people(&app, scene.rooms).await;

    let start = Instant::now() + Duration::from_secs(1);
    let (stop, edits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut clients = JoinSet::new();
    for page in &pages {
        // When each writer of the room sent its edit number n, in nanoseconds after the start.
        let sent: Arc<Vec<Vec<AtomicU64>>> =
            Arc::new((0..scene.writers).map(|_| (0..400_000).map(|_| AtomicU64::new(0)).collect()).collect());
        for client in 0..scene.clients {
            let url = format!("ws://{address}/api/v1/rooms/{page}?ack=1&token={token}");
            let writes = (client < scene.writers).then_some((client, scene.every, scene.window));
            clients.spawn(take_part(url, writes, sent.clone(), start, stop.clone(), edits.clone()));
        }
    }
    tokio::time::sleep_until(start.into()).await;
    let cpu = cpu_time();
    tokio::time::sleep(length).await;
    stop.store(true, Ordering::Relaxed);
    let (cpu, took) = (cpu_time() - cpu, start.elapsed());
    let mut all = Histogram::<u64>::new(3).expect("a histogram");
    while let Some(heard) = clients.join_next().await {
        all.add(heard.expect("a client ends")).expect("the same bounds");
    }
    let millis = |quantile| all.value_at_quantile(quantile) as f64 / 1e6;
    let rate = |count: u64| count as f64 / took.as_secs_f64();
    let micros = cpu.as_micros() as f64 / all.len().max(1) as f64;
    let edits = edits.load(Ordering::Relaxed);
    println!(
        "{:<42} {:>9.0} {:>11.0} {:>8.2} {:>8.2} {:>8.1}",
        scene.name,
        rate(edits),
        rate(all.len()),
        millis(0.5),
        millis(0.99),
        micros
    );
    app.shutdown.cancel();
    let _ = serving.await;
}

/// An account with a token, and pages.
async fn people(app: &App, rooms: usize) -> (String, Vec<String>) {
    let input = AddUser { name: "ada".into(), password: "correct horse".into(), is_admin: true, ..AddUser::default() };
    let user = add_user(app, None, input).await.expect("an account");
    let caller = Caller::from(&user);
    let (_, token) = add_token(app, &user.id, None, "bench", None).await.expect("a token");
    let name = FolderName::parse("library").expect("a name");
    let folder = create_folder(app, &caller, None, &name).await.expect("a folder");
    let mut pages = Vec::new();
    for number in 0..rooms {
        let name = DocumentName::parse(&format!("page {number}")).expect("a name");
        pages.push(create_page(app, &caller, &folder, &name).await.expect("a page").id.to_string());
    }
    (token, pages)
}

/// One character of text: struct `clock` of client `client`.
fn edit(client: u64, clock: u64) -> Vec<u8> {
    let mut out = vec![1, 1];
    put_uint(&mut out, client);
    put_uint(&mut out, clock);
    match clock {
        0 => {
            out.extend_from_slice(&[4, 1]);
            put_buffer(&mut out, b"t");
        }
        _ => {
            out.push(0x84);
            put_uint(&mut out, client);
            put_uint(&mut out, clock - 1);
        }
    }
    put_buffer(&mut out, b"x");
    out.push(0);
    out
}

/// A client: writes as told until `stop`, and measures what arrives until a moment later.
async fn take_part(
    url: String,
    writes: Option<(usize, Duration, u64)>,
    sent: Arc<Vec<Vec<AtomicU64>>>,
    start: Instant,
    stop: Arc<AtomicBool>,
    edits: Arc<AtomicU64>,
) -> Histogram<u64> {
    let (socket, _) = tokio_tungstenite::connect_async(url).await.expect("a connection");
    let (mut sink, mut stream) = socket.split();
    sink.send(Message::Binary(protocol::sync_step1(&[0]))).await.expect("step 1 is sent");
    let (saved, mut acks) = mpsc::unbounded_channel();
    let writing = {
        let (stop, sent) = (stop.clone(), sent.clone());
        tokio::spawn(async move {
            tokio::time::sleep_until(start.into()).await;
            let Some((writer, every, window)) = writes else { return };
            let (mut durable, mut clock) = (0u64, 0u64);
            while !stop.load(Ordering::Relaxed) && (clock as usize) < sent[writer].len() {
                while clock - durable >= window {
                    let Some(count) = acks.recv().await else { return };
                    edits.fetch_add(count - durable, Ordering::Relaxed);
                    durable = count;
                }
                sent[writer][clock as usize].store(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
                let frame = protocol::update(&edit(writer as u64 + 1, clock));
                if sink.send(Message::Binary(frame)).await.is_err() {
                    return;
                }
                clock += 1;
                if every.is_zero() {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(every).await;
                }
                while let Ok(count) = acks.try_recv() {
                    edits.fetch_add(count - durable, Ordering::Relaxed);
                    durable = count;
                }
            }
        })
    };
    let mut heard = Histogram::<u64>::new(3).expect("a histogram");
    while !stop.load(Ordering::Relaxed) {
        let Ok(next) = tokio::time::timeout(Duration::from_millis(100), stream.next()).await else { continue };
        match next {
            Some(Ok(Message::Binary(frame))) => note(&frame, &sent, start, &mut heard, &saved),
            Some(Ok(Message::Close(why))) => panic!("closed: {why:?}"),
            Some(Ok(_)) => {}
            _ => break,
        }
    }
    writing.abort();
    heard
}

fn note(
    frame: &[u8],
    sent: &[Vec<AtomicU64>],
    start: Instant,
    heard: &mut Histogram<u64>,
    saved: &mpsc::UnboundedSender<u64>,
) {
    let mut reader = Reader::new(frame);
    match (frame.first(), frame.get(1)) {
        (Some(100), _) => {
            reader.byte().expect("it was there");
            let _ = saved.send(reader.uint().expect("a count"));
        }
        (Some(0), Some(2)) => {
            let payload = frame[2..].split_at(frame.len() - 2 - reader_len(&frame[2..])).1;
            let facts = update::walk(payload).expect("an update");
            for section in &facts.sections {
                let at = &sent[section.client as usize - 1][section.start as usize];
                let took = (start.elapsed().as_nanos() as u64).saturating_sub(at.load(Ordering::Relaxed));
                heard.record(took.max(1)).expect("within the bounds");
            }
        }
        _ => {}
    }
}

/// The length that a buffer says it has.
fn reader_len(bytes: &[u8]) -> usize {
    Reader::new(bytes).buffer().expect("a buffer").len()
}

fn cpu_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the usage of this process");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros as u64)
}
