//! What does it cost to send what is there already, and what is there but for 1 MB in the middle?
//!
//! By `wenshu push`, which asks what is missing; by tus and `rclone`, which send everything. Times are of the direct way; the bytes on
//! the wire are counted once, in the first round, on the same work with other bytes inserted, over a line of 1 Gbit/s.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::{
    contestants::Life,
    floors, ours,
    proxy::Counter,
    results::{Figure, Results, Way, Work},
    source::Source,
};

/// Another port than the server's own, for what is counted.
type Port = Option<u16>;

pub async fn play(life: &mut Life, round: usize, source: &Source, results: &mut Results) -> Result<()> {
    if life.kind.is_ours() {
        push(life, round, source, results).context("push")?;
    }
    match life.target.is_some() {
        true => tus(life, round, source, results).await.context("tus"),
        false => rclone(life, round, source, results),
    }
}

/// Notes what some work took and what it added to the store.
fn noted(
    life: &Life,
    (way, work): (Way, Work),
    results: &mut Results,
    act: impl FnOnce() -> Result<Duration>,
) -> Result<()> {
    nix::unistd::sync();
    let before = life.stored_bytes()?;
    let took = act()?;
    let stored = life.stored_bytes()?.saturating_sub(before);
    results.put_again(way, work, life.kind, Figure::Seconds, took.as_secs_f64());
    results.put_again(way, work, life.kind, Figure::StoredMegabytes, stored as f64 / 1e6);
    Ok(())
}

/// Notes what goes over a line to `port`, and how long that takes.
fn counted(
    life: &Life,
    (way, work): (Way, Work),
    port: u16,
    results: &mut Results,
    act: impl FnOnce(u16) -> Result<Duration>,
) -> Result<()> {
    let counter = Counter::before(port)?;
    let took = act(counter.port)?;
    results.put_again(way, work, life.kind, Figure::LineSeconds, took.as_secs_f64());
    results.put_again(way, work, life.kind, Figure::MovedMegabytes, counter.bytes() as f64 / 1e6);
    Ok(())
}

fn push(life: &Life, round: usize, source: &Source, results: &mut Results) -> Result<()> {
    let big = source.big_file()?;
    // Folders with one file each, on the source's disk: links cost no room.
    let folder = |name: &str, file: &Path| -> Result<PathBuf> {
        let folder = life.folder().join(name);
        fs::create_dir_all(&folder)?;
        let link = folder.join("big.bin");
        let _ = fs::remove_file(&link);
        fs::hard_link(file, link)?;
        Ok(folder)
    };
    let first = folder("push", &big)?;
    noted(life, (Way::Push, Work::First), results, || run_push(life, &first, "first", None))?;
    // Nothing changed: the client remembers what it sent.
    noted(life, (Way::Push, Work::Unchanged), results, || run_push(life, &first, "first", None))?;
    // Another folder on another machine: nothing is remembered, all is read, cut and hashed, nothing need be sent.
    let second = folder("push-again", &big)?;
    noted(life, (Way::Push, Work::Again), results, || run_push(life, &second, "second", None))?;
    let changed = folder("push", &source.inserted_file(1)?)?;
    noted(life, (Way::Push, Work::Inserted), results, || run_push(life, &changed, "first", None))?;
    if round == 0 {
        let third = folder("push-counted", &big)?;
        counted(life, (Way::Push, Work::Again), life.port, results, |port| {
            run_push(life, &third, "third", Some(port))
        })?;
        let changed = folder("push", &source.inserted_file(2)?)?;
        counted(life, (Way::Push, Work::Inserted), life.port, results, |port| {
            run_push(life, &changed, "first", Some(port))
        })?;
    }
    Ok(())
}

/// Runs the client to its end. `target` is a folder of the library and what the client remembers.
fn run_push(life: &Life, folder: &Path, target: &str, port: Port) -> Result<Duration> {
    let began = Instant::now();
    let output = Command::new(ours::program())
        .arg("push")
        .arg(folder)
        .args(["--url", &format!("http://127.0.0.1:{}", port.unwrap_or(life.port))])
        .args(["--folder", &format!("bench/{target}")])
        .arg("--state")
        .arg(life.folder().join(format!("push-{target}-{}.state", port.is_some())))
        .env("WENSHU_TOKEN", &life.token)
        .output()?;
    let took = began.elapsed();
    ensure!(output.status.success(), "wenshu push: {}", String::from_utf8_lossy(&output.stderr));
    Ok(took)
}

async fn tus(life: &Life, round: usize, source: &Source, results: &mut Results) -> Result<()> {
    let target = life.target.as_ref().context("it speaks tus")?;
    let send = |name: &'static str, bytes: bytes::Bytes, port: Port| {
        let mut target = target.clone();
        if let Some(port) = port {
            target.url = target.url.replace(&format!(":{}/", life.port), &format!(":{port}/"));
        }
        let began = Instant::now();
        let sent = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(target.upload(name, bytes, false))
        });
        sent.map(|_| began.elapsed())
    };
    if !life.kind.is_ours() {
        noted(life, (Way::Plain, Work::First), results, || send("first.bin", source.big().clone(), None))?;
    }
    noted(life, (Way::Plain, Work::Again), results, || send("again.bin", source.big().clone(), None))?;
    noted(life, (Way::Plain, Work::Inserted), results, || send("inserted.bin", source.inserted(3).into(), None))?;
    if round == 0 && life.kind.is_ours() {
        counted(life, (Way::Plain, Work::Again), life.port, results, |port| {
            send("counted.bin", source.big().clone(), Some(port))
        })?;
    }
    Ok(())
}

fn rclone(life: &Life, round: usize, source: &Source, results: &mut Results) -> Result<()> {
    let bucket = life.bucket().context("rclone goes to Garage")?;
    let send = |file: &Path, to: &str, endpoint: &str| {
        tokio::task::block_in_place(|| floors::rclone(file, bucket, endpoint, to, 1)).map(|sample| sample.took)
    };
    let big = source.big_file()?;
    noted(life, (Way::Plain, Work::First), results, || send(&big, "first", &bucket.endpoint))?;
    noted(life, (Way::Plain, Work::Unchanged), results, || send(&big, "first", &bucket.endpoint))?;
    noted(life, (Way::Plain, Work::Again), results, || send(&big, "again", &bucket.endpoint))?;
    let inserted = source.inserted_file(3)?;
    noted(life, (Way::Plain, Work::Inserted), results, || send(&inserted, "again", &bucket.endpoint))?;
    if round == 0 {
        let (_, port) = bucket.endpoint.rsplit_once(':').context("an endpoint with a port")?;
        let port = port.parse()?;
        counted(life, (Way::Plain, Work::Again), port, results, |port| {
            send(&big, "counted", &format!("http://127.0.0.1:{port}"))
        })?;
    }
    Ok(())
}
