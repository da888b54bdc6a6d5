//! Does anything that was acknowledged get lost, or come back wrong, whatever fails and whenever?
//!
//! The real program runs on a folder or on Garage, on SQLite or PostgreSQL, and is killed at each call that makes something
//! durable or visible; the power is cut in the same moment; disks and servers answer with errors; bytes flip. A short form
//! runs with all tests, `make faults` runs all of it and prints the counts. Each control, a run of a product that was broken
//! on purpose, must be noticed, else the others would show nothing.

mod chores;
mod deaths;
mod flips;
mod full;
mod ledger;
mod network;
mod nodes;
mod place;
mod power;
mod s3;
#[path = "../flows/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the flows use all of it")]
mod support;
mod syncs;
mod table;

/// Whether everything is to be tried, not a sample.
fn everything() -> bool {
    std::env::var("TEST_FAULTS").is_ok_and(|wanted| wanted == "all")
}

/// Some of `1..=last`, spread evenly and with both ends; all of them in the long form.
fn points(last: usize, some: usize) -> Vec<usize> {
    if everything() || last <= some {
        return (1..=last).collect();
    }
    let mut points: Vec<usize> = (0..some).map(|index| 1 + index * (last - 1) / (some - 1)).collect();
    points.dedup();
    points
}
