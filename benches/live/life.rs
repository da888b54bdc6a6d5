//! What happens around the typing: opening a long document, leaving many behind, being killed, coming back all at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::{SinkExt, StreamExt, TryStreamExt, stream};
use tokio::{task::JoinSet, time::sleep};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, Heard},
    figures::{self, Memory},
    servers::{Place, Server},
    trace::{self, Trace},
    traffic, updates,
};

/// The longest that a peer waits before it stores what it has (y-sweet and Hocuspocus: 10 s), and a little.
const STORED_AFTER: Duration = Duration::from_secs(12);
/// y-websocket answers the first client before it has read the document, and sends the content later.
const LOADED_AFTER: Duration = Duration::from_secs(1);
/// A client number that writes where only one does.
const AUTHOR: u64 = 1;

/// How long one client and many need to open the trace, after a restart of the server.
pub struct Opening {
    pub one: Duration,
    pub many: Duration,
}

/// Loads the trace, then opens it `tries` times each with one client and with `many`; the medians.
pub async fn cold_open(server: &mut Server, trace: &Trace, many: usize, tries: usize) -> Result<Opening> {
    let place = server.places(1).await?.remove(0);
    let mut author = Client::open(&place).await?;
    author.sync(&[0]).await?;
    // Read while writing: some servers send things back, all of them acknowledge.
    let (mut sink, mut stream, dialect) = author.split();
    let reading = tokio::spawn(async move { while let Some(Ok(_)) = stream.next().await {} });
    for update in &trace.updates {
        sink.feed(dialect.update(update)).await?;
    }
    sink.flush().await?;
    let begin = Instant::now();
    loop {
        let mut reader = Client::open(&place).await?;
        let updates = reader.sync(&[0]).await?;
        reader.leave().await?;
        if trace.is_whole(&updates)? {
            break;
        }
        ensure!(begin.elapsed() < Duration::from_secs(300), "the trace does not get through");
        sleep(Duration::from_millis(500)).await;
    }
    sleep(STORED_AFTER).await;
    sink.close().await?;
    let _ = reading.await;
    sleep(Duration::from_secs(1)).await;
    let (mut ones, mut manies) = (Vec::new(), Vec::new());
    for _ in 0..tries {
        ones.push(open_after_restart(server, &place, trace, 1).await?);
        manies.push(open_after_restart(server, &place, trace, many).await?);
    }
    Ok(Opening { one: median(ones), many: median(manies) })
}

async fn open_after_restart(server: &mut Server, place: &Place, trace: &Trace, clients: usize) -> Result<Duration> {
    server.stop().await?;
    server.start().await?;
    sleep(Duration::from_secs(1)).await;
    let place = server.again(place);
    let bytes = trace.bytes_at_least;
    let begin = Instant::now();
    let mut opening = JoinSet::new();
    for number in 0..clients {
        let place = place.taken_by(number);
        opening.spawn(async move {
            let mut client = Client::open(&place).await?;
            let updates = client.sync_at_least(&[0], bytes).await?;
            anyhow::Ok((begin.elapsed(), updates, client))
        });
    }
    let (mut last, mut all) = (Duration::ZERO, Vec::new());
    while let Some(opened) = opening.join_next().await {
        let (took, updates, client) = opened??;
        last = last.max(took);
        all.push((updates, client));
    }
    // Looked at after the clock has stopped.
    for (updates, client) in all {
        ensure!(trace.is_whole(&updates)?, "a client was synchronised without the whole text");
        client.leave().await?;
    }
    Ok(last)
}

/// Memory of the server and of everything that it started, before and after `rooms` were opened, written to, and left.
pub struct Left {
    pub before: Memory,
    pub after: Memory,
    pub after_with_children: Memory,
}

/// Opens rooms, writes a line into each, leaves, and waits for `settle`.
pub async fn leave_rooms(server: &mut Server, rooms: usize, settle: Duration) -> Result<Left> {
    let before = figures::memory_of(server.id());
    let places = server.places(rooms).await?;
    let visits = stream::iter(places.iter().enumerate()).map(|(number, place)| async move {
        let mut client = Client::open(&place.taken_by(number)).await?;
        client.sync(&[0]).await?;
        client.write((0..20).map(|clock| updates::keystroke(AUTHOR, clock))).await?;
        // The answer comes after the server has taken the edits in.
        client.sync(&[0]).await?;
        client.leave().await
    });
    visits.buffer_unordered(32).try_collect::<Vec<()>>().await?;
    sleep(settle).await;
    Ok(Left {
        before,
        after: figures::memory_of(server.id()),
        after_with_children: figures::memory_of_tree(server.id()),
    })
}

/// What `kill -9` took back.
#[derive(Default)]
pub struct Losses {
    pub cycles: usize,
    /// Cycles in which something was lost that somebody had seen.
    pub with_loss: usize,
    /// Edits lost that another client had seen.
    pub seen: u64,
    /// Edits lost that had been called saved (Wenshu alone calls them so).
    pub saved: u64,
    /// Edits that others had seen at all.
    pub shown: u64,
}

/// People who write into one room until the server is killed, `cycles` times.
pub async fn kill_again_and_again(server: &mut Server, cycles: usize) -> Result<Losses> {
    let mut losses = Losses::default();
    for cycle in 0..cycles {
        let place = server.places(1).await?.remove(0);
        // From half a second to two and a half, spread over the cycles.
        let length = Duration::from_millis(500 + (cycle as u64 * 617) % 2000);
        let known = write_until_killed(server, &place, length).await?;
        server.start().await?;
        let place = server.again(&place);
        let mut reader = Client::open(&place).await?;
        let mut updates = reader.sync(&[0]).await?;
        updates.extend(reader.linger(LOADED_AFTER).await?);
        reader.leave().await?;
        let mut lost = 0;
        for (number, writer) in known.iter().enumerate() {
            let kept = trace::clock_of(&updates, number as u64 + 1)?;
            let (seen, saved) = (writer.seen.load(Ordering::Relaxed), writer.saved.load(Ordering::Relaxed));
            losses.shown += seen;
            lost += seen.saturating_sub(kept);
            losses.saved += saved.saturating_sub(kept);
        }
        losses.cycles += 1;
        losses.seen += lost;
        losses.with_loss += usize::from(lost > 0);
    }
    Ok(losses)
}

/// What is known of a writer's edits.
#[derive(Default)]
struct Known {
    /// The most that another client has heard.
    seen: AtomicU64,
    /// The most that the server called saved.
    saved: AtomicU64,
}

async fn write_until_killed(server: &mut Server, place: &Place, length: Duration) -> Result<Arc<Vec<Known>>> {
    const WRITERS: usize = 10;
    const PAUSE: Duration = Duration::from_millis(50);
    let known: Arc<Vec<Known>> = Arc::new((0..WRITERS).map(|_| Known::default()).collect());
    let clients = traffic::connect(std::slice::from_ref(place), WRITERS + 1).await?;
    let (mut readers, mut writers) = (JoinSet::new(), JoinSet::new());
    for (number, client) in clients.into_iter().enumerate() {
        let (mut sink, mut stream, dialect) = client.split();
        let (known, speaks) = (known.clone(), dialect.clone());
        readers.spawn(async move {
            // Ends with the connection: what was sent before the kill is still heard.
            while let Some(Ok(message)) = stream.next().await {
                let Message::Binary(frame) = message else { continue };
                match dialect.read(&frame) {
                    Ok(Heard::Update(update) | Heard::Step2(update)) => {
                        let _ = updates::brings(update, |client, _, end| {
                            if client != number as u64 + 1 {
                                known[client as usize - 1].seen.fetch_max(end, Ordering::Relaxed);
                            }
                        });
                    }
                    Ok(Heard::Saved(count)) if number < WRITERS => {
                        // The answer to the server's step 1 counts as an update too.
                        known[number].saved.fetch_max(count.saturating_sub(1), Ordering::Relaxed);
                    }
                    _ => {}
                }
            }
        });
        if number < WRITERS {
            writers.spawn(async move {
                for clock in 0.. {
                    let frame = speaks.update(&updates::keystroke(number as u64 + 1, clock));
                    if sink.send(frame).await.is_err() {
                        return;
                    }
                    sleep(PAUSE).await;
                }
            });
        }
    }
    sleep(length).await;
    server.kill()?;
    while readers.join_next().await.is_some() {}
    writers.shutdown().await;
    Ok(known)
}

/// How long a restart kept people out, and how long it took until all were back.
pub struct Return {
    pub start: Duration,
    pub synchronised: Duration,
    pub retries: u64,
}

/// Clients who know all of their rooms lose the server and connect again as soon as it is there.
pub async fn come_back(server: &mut Server, rooms: usize, clients: usize) -> Result<Return> {
    const EDITS: u64 = 200;
    let places = server.places(rooms).await?;
    for place in &places {
        let mut author = Client::open(place).await?;
        author.sync(&[0]).await?;
        author.write((0..EDITS).map(|clock| updates::keystroke(AUTHOR, clock))).await?;
        author.sync(&[0]).await?;
        author.leave().await?;
    }
    let present = traffic::connect(&places, clients / rooms).await?;
    sleep(STORED_AFTER).await;
    // Everybody hangs on while the server stops; those who do not read would hold up some servers' closing.
    let mut hanging = JoinSet::new();
    for client in present {
        let (sink, mut stream, _) = client.split();
        hanging.spawn(async move {
            while let Some(Ok(_)) = stream.next().await {}
            drop(sink);
        });
    }
    server.stop().await?;
    while hanging.join_next().await.is_some() {}
    let start = server.start().await?;
    let places: Vec<Place> = places.iter().map(|place| server.again(place)).collect();
    let retries = Arc::new(AtomicU64::new(0));
    let known = updates::state_vector(&[(AUTHOR, EDITS)]);
    let mut coming = JoinSet::new();
    let begin = Instant::now();
    for number in 0..clients {
        let place = places[number % rooms].taken_by(number);
        let (retries, known) = (retries.clone(), known.clone());
        coming.spawn(async move {
            loop {
                let back = async {
                    let mut client = Client::open(&place).await?;
                    client.sync(&known).await?;
                    client.appear(1_000_000 + number as u64).await?;
                    anyhow::Ok(client)
                };
                match back.await {
                    Ok(client) => return anyhow::Ok((begin.elapsed(), client)),
                    Err(error) if begin.elapsed() > Duration::from_secs(120) => return Err(error),
                    Err(_) => retries.fetch_add(1, Ordering::Relaxed),
                };
                sleep(Duration::from_millis(100)).await;
            }
        });
    }
    let (mut last, mut back) = (Duration::ZERO, Vec::new());
    while let Some(one) = coming.join_next().await {
        let (took, client) = one?.context("a client did not come back")?;
        last = last.max(took);
        back.push(client);
    }
    Ok(Return { start, synchronised: last, retries: retries.load(Ordering::Relaxed) })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
