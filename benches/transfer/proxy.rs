//! How many bytes go over the wire? A way to a server that counts them, in both directions.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use anyhow::Result;

/// Passes everything on; its threads end with their connections, the listening one with the bench.
pub struct Counter {
    pub port: u16,
    bytes: Arc<AtomicU64>,
}

impl Counter {
    pub fn before(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let counter = Self { port: listener.local_addr()?.port(), bytes: Arc::default() };
        let bytes = counter.bytes.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)) {
                    connect(client, server, &bytes);
                }
            }
        });
        Ok(counter)
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }
}

fn connect(client: TcpStream, server: TcpStream, bytes: &Arc<AtomicU64>) {
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let (Ok(client_too), Ok(server_too)) = (client.try_clone(), server.try_clone()) else { return };
    for (from, to) in [(client, server_too), (server, client_too)] {
        let bytes = bytes.clone();
        std::thread::spawn(move || pass_on(from, to, &bytes));
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, bytes: &AtomicU64) {
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        bytes.fetch_add(count as u64, Relaxed);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
