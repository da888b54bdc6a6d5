//! How fast does a file come out, whole and in small pieces?
//!
//! The client is as lean as one can be, a socket that is read into one buffer, so that the server is what is measured. Bytes are
//! compared with what was sent: of the whole file in a first run that does not count, of ranges outside the measured time.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

use crate::{
    Scene,
    contestants::{Kind, Life},
    floors,
    measure::measured,
    results::{Figure, Results},
    s3,
    source::Source,
};

const RANGE_BYTES: usize = 64 * 1024;
const RANGES: usize = 500;
const AT_ONCE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(120);
const BUFFER: usize = 1024 * 1024;

/// A file that can be got.
#[derive(Clone)]
struct Address {
    port: u16,
    path: String,
    authorization: String,
}

/// The gigabyte in one request.
pub async fn whole(life: &mut Life, source: &Source, results: &mut Results) -> Result<()> {
    let address = provide(life, source).await?;
    let (expected, warm) = (source.big().clone(), address.clone());
    tokio::task::spawn_blocking(move || get_whole(&warm, &expected, true)).await??;
    let expected = source.big().clone();
    let work = async { tokio::task::spawn_blocking(move || get_whole(&address, &expected, false)).await? };
    let (sample, took) = measured(life, work).await?;
    let megabytes = source.big().len() as f64 / 1e6;
    let mut put = |figure, value| results.put(Scene::Download, life.kind, figure, value);
    put(Figure::MegabytesPerSecond, megabytes / took.as_secs_f64());
    let gibibytes = source.big().len() as f64 / f64::from(1 << 30);
    for (figure, cpu) in [(Figure::Cpu, sample.cpu), (Figure::GarageCpu, sample.garage_cpu)] {
        if let Some(cpu) = cpu {
            put(figure, cpu.as_secs_f64() / gibibytes);
        }
    }
    if let Some(peak) = sample.peak {
        put(Figure::Peak, peak);
    }
    Ok(())
}

/// Random ranges.
pub async fn ranges(life: &mut Life, source: &Source, results: &mut Results) -> Result<()> {
    let address = provide(life, source).await?;
    let get = |seed: u64| {
        let (address, expected) = (address.clone(), source.big().clone());
        async move { tokio::task::spawn_blocking(move || get_ranges(&address, &expected, seed)).await? }
    };
    // Connections, prepared statements and the like.
    get(1).await?;
    let (_, mut times) = measured(life, get(2)).await?;
    times.sort();
    let quantile = |part: f64| times[((times.len() - 1) as f64 * part).round() as usize].as_secs_f64() * 1e3;
    results.put(Scene::Ranges, life.kind, Figure::Median, quantile(0.5));
    results.put(Scene::Ranges, life.kind, Figure::Percentile99, quantile(0.99));
    Ok(())
}

/// Makes sure that the gigabyte is there, and says where.
async fn provide(life: &mut Life, source: &Source) -> Result<Address> {
    match life.kind {
        Kind::Disk => {
            // The very file, not a copy: it costs no room.
            let link = life.files().join("big.bin");
            if !link.exists() {
                std::os::unix::fs::symlink(source.big_file()?, link)?;
            }
            Ok(Address { port: life.port, path: "/big.bin".into(), authorization: String::new() })
        }
        Kind::Garage => {
            let bucket = life.bucket().context("Garage has a bucket")?;
            let file = source.big_file()?;
            // Does nothing when the upload has put it there.
            tokio::task::block_in_place(|| floors::rclone(&file, bucket, &bucket.endpoint, "Big", 1))?;
            let path = s3::presigned_path(bucket, "Big/0.bin")?;
            let (_, port) = bucket.endpoint.rsplit_once(':').context("an endpoint with a port")?;
            Ok(Address { port: port.parse()?, path, authorization: String::new() })
        }
        _ => {
            if life.big_document.is_none() {
                let target = life.target.as_ref().context("Wenshu takes uploads")?;
                life.big_document = Some(target.upload("Big-0.bin", source.big().clone(), false).await?);
            }
            let document = life.big_document.as_deref().unwrap_or_default();
            let path = format!("/api/v1/documents/{document}/content");
            Ok(Address { port: life.port, path, authorization: format!("Authorization: Bearer {}\r\n", life.token) })
        }
    }
}

fn get_whole(address: &Address, expected: &Bytes, compares: bool) -> Result<Duration> {
    let mut connection = Connection::open(address)?;
    let (mut buffer, mut at) = (vec![0; BUFFER], 0);
    let began = Instant::now();
    connection.get(None, expected.len(), &mut buffer, |piece| {
        ensure!(!compares || expected[at..at + piece.len()] == *piece, "a wrong byte after {at}");
        at += piece.len();
        Ok(())
    })?;
    Ok(began.elapsed())
}

fn get_ranges(address: &Address, expected: &Bytes, seed: u64) -> Result<Vec<Duration>> {
    let one_client = |client: u64| {
        let mut random = SmallRng::seed_from_u64(seed * 1000 + client);
        let mut connection = Connection::open(address)?;
        let (mut buffer, mut got, mut times) = (vec![0; BUFFER], Vec::new(), Vec::new());
        for _ in 0..RANGES.div_ceil(AT_ONCE) {
            let from = random.random_range(0..expected.len() - RANGE_BYTES);
            got.clear();
            let began = Instant::now();
            connection.get(Some(from), RANGE_BYTES, &mut buffer, |piece| {
                got.extend_from_slice(piece);
                Ok(())
            })?;
            times.push(began.elapsed());
            ensure!(expected[from..from + RANGE_BYTES] == got, "a wrong byte in a range from {from}");
        }
        Ok(times)
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..AT_ONCE as u64).map(|client| scope.spawn(move || one_client(client))).collect();
        let mut times = Vec::new();
        for client in clients {
            times.extend(client.join().expect("a client does not panic")?);
        }
        Ok(times)
    })
}

/// HTTP/1.1 over a connection that is kept.
struct Connection<'a> {
    stream: TcpStream,
    address: &'a Address,
}

impl<'a> Connection<'a> {
    fn open(address: &'a Address) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", address.port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, address })
    }

    /// Gets `length` bytes, all there are or from a position, piece by piece.
    fn get(
        &mut self,
        from: Option<usize>,
        length: usize,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let Address { port, path, authorization } = self.address;
        let range = from.map(|from| format!("Range: bytes={from}-{}\r\n", from + length - 1)).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{authorization}{range}\r\n");
        self.stream.write_all(request.as_bytes())?;
        let mut filled = 0;
        let head = loop {
            filled += match self.stream.read(&mut buffer[filled..])? {
                0 => bail!("the server closed the connection"),
                count => count,
            };
            if let Some(end) = buffer[..filled].windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).to_lowercase();
        let status = if from.is_some() { "http/1.1 206" } else { "http/1.1 200" };
        let says_length = text.lines().any(|line| *line == *format!("content-length: {length}"));
        ensure!(text.starts_with(status) && says_length, "not what was asked for: {text}");
        take(&buffer[head..filled])?;
        let mut left = (length + head).checked_sub(filled).context("more came than was asked for")?;
        while left > 0 {
            let most = left.min(buffer.len());
            match self.stream.read(&mut buffer[..most])? {
                0 => bail!("the server closed the connection, {left} bytes before the end"),
                count => {
                    take(&buffer[..count])?;
                    left -= count;
                }
            }
        }
        Ok(())
    }
}
