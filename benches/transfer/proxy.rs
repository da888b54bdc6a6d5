//! How many bytes go over the wire, and how long does that take where the wire is not a loopback? A way to a server that counts them,
//! in both directions, and lets only so many through in a second as a line of 1 Gbit/s.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::Result;

/// Bytes in a second, of both directions together.
const LINE: u32 = 125_000_000;

/// How late a thread may wake up.
const LATENESS: Duration = Duration::from_millis(5);

/// Passes everything on; its threads end with their connections, the listening one with the bench.
pub struct Counter {
    pub port: u16,
    line: Arc<Line>,
}

struct Line {
    bytes: AtomicU64,
    free_at: Mutex<Instant>,
}

impl Line {
    /// Takes the time that so many bytes take.
    fn carry(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        let done_at = {
            let mut free_at = self.free_at.lock().expect("no holder panics");
            // Who wakes up late may catch up.
            *free_at = (*free_at).max(Instant::now() - LATENESS) + Duration::from_secs(1) * bytes as u32 / LINE;
            *free_at
        };
        std::thread::sleep(done_at.saturating_duration_since(Instant::now()));
    }
}

impl Counter {
    pub fn before(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let line = Arc::new(Line { bytes: AtomicU64::new(0), free_at: Mutex::new(Instant::now()) });
        let counter = Self { port: listener.local_addr()?.port(), line: line.clone() };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)) {
                    connect(client, server, &line);
                }
            }
        });
        Ok(counter)
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.line.bytes.load(Relaxed)
    }
}

fn connect(client: TcpStream, server: TcpStream, line: &Arc<Line>) {
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let (Ok(client_too), Ok(server_too)) = (client.try_clone(), server.try_clone()) else { return };
    for (from, to) in [(client, server_too), (server, client_too)] {
        let line = line.clone();
        std::thread::spawn(move || pass_on(from, to, &line));
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, line: &Line) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        line.carry(count);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
