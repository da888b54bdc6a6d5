//! How does live editing compare with Hocuspocus, y-sweet and y-websocket? All of them in one run, on one machine, under the same load.
//!
//! `make bench-live` installs the peers and prints one table; `cargo bench --bench live -- --help` shows how to run a part. Each
//! server is a process of its own. Wenshu has every edit fsynced before anybody sees it; the peers run as they ship. Nothing is
//! judged here but one thing: when Wenshu fails in a scene or loses an edit that somebody had seen, the exit status is 1.

mod client;
#[path = "../common/figures.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod figures;
mod life;
#[path = "../common/ours.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod ours;
#[path = "../common/process.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod process;
mod servers;
mod trace;
mod traffic;
mod updates;

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::time::timeout;

use servers::{Kind, Server};
use trace::Trace;
use traffic::Load;

/// A server that takes longer over a scene has failed in it.
const SCENE_MAX: Duration = Duration::from_secs(1800);

/// Measures Wenshu and its peers under the same load.
#[derive(Parser)]
struct Options {
    /// Who is measured
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Kind::Wenshu, Kind::YSweet, Kind::Hocuspocus, Kind::YWebsocket])]
    servers: Vec<Kind>,
    /// What is measured
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Scene::value_variants().to_vec())]
    scenes: Vec<Scene>,
    /// Length of a measured run
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Length of one step on the way to a ceiling
    #[arg(long, default_value_t = 4)]
    step_seconds: u64,
    /// Times that each server is killed
    #[arg(long, default_value_t = 5)]
    kills: usize,
    /// Times that Wenshu is killed
    #[arg(long, default_value_t = 10)]
    own_kills: usize,
    /// Rooms that are opened and left
    #[arg(long, default_value_t = 5000)]
    left_rooms: usize,
    /// Seconds from leaving the rooms to looking at the memory
    #[arg(long, default_value_t = 30)]
    settle_seconds: u64,
    /// Restarts before openings of the long document; the median counts
    #[arg(long, default_value_t = 3)]
    openings: usize,
    /// What cargo passes on
    #[arg(long, hide = true)]
    bench: bool,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scene {
    /// 100 clients in one room, 20 of them write 10 edits per second
    Hot,
    /// 500 rooms of two, one of them writes 10 edits per second
    Rooms,
    /// Edits per second of the hot room with a p99 below 250 ms
    HotCeiling,
    /// Edits per second of 200 rooms of two with a p99 below 250 ms
    RoomsCeiling,
    /// Opening a document of 260,000 edits after a restart
    Open,
    /// Memory after many rooms were opened and left
    Memory,
    /// Edits lost to `kill -9` that somebody had seen
    Kill,
    /// 1,000 clients over 50 rooms after a restart
    Return,
}

/// Rows in the order of their first mention; a cell for each server.
#[derive(Default)]
struct Table {
    rows: Vec<(String, BTreeMap<Kind, String>)>,
}

impl Table {
    fn put(&mut self, row: &str, server: Kind, cell: String) {
        println!("{:<56} {:<22} {cell}", row, server.title());
        match self.rows.iter_mut().find(|(name, _)| name == row) {
            Some((_, cells)) => drop(cells.insert(server, cell)),
            None => self.rows.push((row.to_owned(), BTreeMap::from([(server, cell)]))),
        }
    }

    fn print(&self, servers: &[Kind]) {
        let titles: Vec<&str> = servers.iter().map(|server| server.title()).collect();
        println!("\n| | {} |\n|---|{}", titles.join(" | "), "---:|".repeat(servers.len()));
        for (name, cells) in &self.rows {
            let cells: Vec<&str> = servers.iter().map(|server| cells.get(server).map_or("–", String::as_str)).collect();
            println!("| {name} | {} |", cells.join(" | "));
        }
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let trace = if options.scenes.contains(&Scene::Open) { Some(Trace::load()?) } else { None };
    let (mut table, mut own_losses, mut has_failed) = (Table::default(), 0, false);
    println!("{}", circumstances(&options));
    for scene in &options.scenes {
        for kind in &options.servers {
            let played = timeout(SCENE_MAX, play(*scene, *kind, &options, trace.as_ref(), &mut table)).await;
            match played.unwrap_or_else(|_| Err(anyhow::anyhow!("no end after {} s", SCENE_MAX.as_secs()))) {
                Ok(losses) if kind.is_ours() => own_losses += losses,
                Ok(_) => {}
                Err(error) => {
                    has_failed |= kind.is_ours();
                    table.put(&format!("{scene:?}"), *kind, format!("failed: {error:#}").replace('|', "/"));
                }
            }
        }
    }
    table.print(&options.servers);
    println!("\n{}", circumstances(&options));
    if own_losses > 0 {
        eprintln!("Wenshu lost {own_losses} edits that were seen or called saved");
    }
    Ok(if own_losses > 0 || has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Plays one scene with one server; returns the edits that it lost.
async fn play(scene: Scene, kind: Kind, options: &Options, trace: Option<&Trace>, table: &mut Table) -> Result<u64> {
    let mut server = Server::new(kind).await?;
    let length = Duration::from_secs(options.seconds);
    let hot = Load { rooms: 1, clients: 100, writers: 20, rate: 10.0, length };
    match scene {
        Scene::Hot => traffic_rows("hot room (100 clients, 20 × 10/s)", &mut server, hot, table).await?,
        Scene::Rooms => {
            let load = Load { rooms: 500, clients: 2, writers: 1, ..hot };
            traffic_rows("500 rooms × 2 clients (1 × 10/s)", &mut server, load, table).await?;
        }
        Scene::HotCeiling => {
            ceiling_row("hot room: ceiling, edits/s", &mut server, hot, 1000.0, options, table).await?
        }
        Scene::RoomsCeiling => {
            let load = Load { rooms: 200, clients: 2, writers: 1, ..hot };
            ceiling_row("200 rooms: ceiling, edits/s", &mut server, load, 8000.0, options, table).await?;
        }
        Scene::Open => {
            let trace = trace.expect("loaded for this scene");
            let opening = life::cold_open(&mut server, trace, 50, options.openings).await?;
            let name = |clients: &str| format!("cold open of {} edits, {clients}, ms", trace.edits);
            table.put(&name("1 client"), kind, millis(opening.one));
            table.put(&name("50 clients"), kind, millis(opening.many));
        }
        Scene::Memory => {
            let settle = Duration::from_secs(options.settle_seconds);
            let left = life::leave_rooms(&mut server, options.left_rooms, settle).await?;
            let name = |what: &str| format!("{what} {} rooms opened and left: RSS / PSS, MB", options.left_rooms);
            let cell = |memory: figures::Memory| format!("{:.0} / {:.0}", memory.rss, memory.pss);
            table.put(&name("before"), kind, cell(left.before));
            table.put(&name("after"), kind, cell(left.after));
            table.put(&name("after, with its children,"), kind, cell(left.after_with_children));
        }
        Scene::Kill => {
            let cycles = if kind.is_ours() { options.own_kills } else { options.kills };
            let losses = life::kill_again_and_again(&mut server, cycles).await?;
            let cell = format!("{} / {} in {} of {} kills", losses.seen, losses.shown, losses.with_loss, losses.cycles);
            table.put("kill -9: edits lost / that others had seen", kind, cell);
            let saved = if kind.is_ours() { losses.saved.to_string() } else { "says nothing".into() };
            table.put("kill -9: edits lost that were called saved", kind, saved);
            return Ok(losses.seen + losses.saved);
        }
        Scene::Return => {
            let back = life::come_back(&mut server, 50, 1000).await?;
            table.put("restart: until connections are taken, ms", kind, millis(back.start));
            table.put("1,000 clients back in 50 rooms: all synchronised, ms", kind, millis(back.synchronised));
            table.put("1,000 clients back: refused tries", kind, back.retries.to_string());
        }
    }
    server.stop().await?;
    Ok(0)
}

async fn traffic_rows(name: &str, server: &mut Server, load: Load, table: &mut Table) -> Result<()> {
    let outcome = traffic::run(server, load).await?;
    let mut put = |what: &str, cell: String| table.put(&format!("{name}: {what}"), server.kind, cell);
    put("p50 / p99, ms", format!("{:.1} / {:.1}", outcome.millis(0.5), outcome.millis(0.99)));
    let (all, main) = (outcome.micros(outcome.server_cpu), outcome.micros(outcome.main_cpu));
    put("server CPU per delivery (its main process), µs", format!("{all:.1} ({main:.1})"));
    put(
        "CPU per delivery with the load generator, µs",
        format!("{:.1}", outcome.micros(outcome.server_cpu + outcome.own_cpu)),
    );
    put("delivered", format!("{:.2} %", 100.0 * outcome.latency.len() as f64 / outcome.expected as f64));
    Ok(())
}

async fn ceiling_row(
    name: &str,
    server: &mut Server,
    load: Load,
    first: f64,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    let load = Load { length: Duration::from_secs(options.step_seconds), ..load };
    let most = traffic::ceiling(server, load, first, Duration::from_millis(250)).await?;
    table.put(name, server.kind, format!("{most:.0}"));
    Ok(())
}

fn millis(time: Duration) -> String {
    format!("{:.0}", time.as_secs_f64() * 1e3)
}

/// Where and when this was measured.
fn circumstances(options: &Options) -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let node = std::process::Command::new("node").arg("--version").output();
    let node = node.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let versions: Vec<String> = options.servers.iter().map(|server| server.version()).collect();
    let load = load.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    format!("{cores} cores, load average {load}; {}; Node {node}", versions.join("; "))
}
