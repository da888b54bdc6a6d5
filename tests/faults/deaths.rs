//! Death of the program before and after each call that changes what is stored, while somebody works, and again while it
//! recovers from that. On a folder the power goes in the same moment.

use std::time::Duration;

use crate::{
    everything,
    ledger::{Ledger, begin_on, check_all},
    place::{Armed, Kind, Place},
    points,
    power::Fault,
    support::Library,
    table::Tally,
};

/// How long a killed process may take to go. One that only refused something is killed then.
const DYING: Duration = Duration::from_secs(1);

/// What is left of a run.
pub struct Left {
    pub place: Place,
    pub library: Library,
    pub ledger: Ledger,
    pub armed: Armed,
    pub all_done: bool,
}

/// Work under a fault; the service is dead afterwards.
pub async fn work_under(kind: Kind, fault: Fault, seed: u64) -> Left {
    let place = Place::new(kind).await;
    let (service, armed) = place.serve_under(fault);
    let (library, mut ledger) = begin_on(&service, seed).await;
    place.arm(&armed, &service, fault);
    let all_done = ledger.work(&library).await;
    if all_done {
        service.kill()
    } else {
        let _ = service.wait(DYING);
    }
    Left { place, library, ledger, armed, all_done }
}

/// Work under a fault, a power cut, and a look at what is there.
pub async fn run(kind: Kind, fault: Fault, seed: u64) -> Tally {
    let Left { place, library, mut ledger, armed, .. } = work_under(kind, fault, seed).await;
    let cut_names = place.disarm(&armed);
    let tally = check_all(&place.program, &library, &mut ledger).await;
    Tally { cut_names, ..tally }
}

/// How many calls the work makes. They come in about the same order each time, not in the very same.
pub async fn calls_of_work(kind: Kind) -> usize {
    let left = work_under(kind, Fault::Count, 1).await;
    assert!(left.all_done);
    left.place.calls(&left.armed)
}

async fn at_every_call(kind: Kind, some: usize) {
    let calls = calls_of_work(kind).await;
    assert!(calls > 8, "{calls} calls");
    let (mut tally, mut survived) = (Tally::default(), 0);
    for n in points(calls, some) {
        for fault in [Fault::Kill(n), Fault::KillAfter(n)] {
            let left = work_under(kind, fault, n as u64 + 1).await;
            survived += usize::from(left.all_done);
            let Left { place, library, mut ledger, armed, .. } = left;
            let cut_names = place.disarm(&armed);
            tally.add(Tally { cut_names, ..check_all(&place.program, &library, &mut ledger).await });
        }
    }
    println!("{}: {calls} calls, not reached {survived}, unsynced names {}", kind.name(), tally.cut_names);
    assert!(survived * 4 <= tally.cuts, "{survived} of {} runs were not cut", tally.cuts);
    tally.assert_good("killed at every call: upload, delta, restore, delete", kind.name());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_and_power_cuts_at_every_call_lose_nothing() {
    at_every_call(Kind::Folder, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_at_every_request_that_changes_the_bucket_loses_nothing() {
    at_every_call(Kind::Garage, 3).await;
}

/// The service starts again after a death, goes on with the same work, and dies again, at each of its first calls; then the
/// first passes over what is stored die as well.
async fn during_recovery(kind: Kind) {
    let calls = calls_of_work(kind).await;
    let mut tally = Tally::default();
    let firsts: Vec<_> = points(calls, 4).into_iter().skip(1).step_by(if everything() { 9 } else { 2 }).collect();
    for first in firsts {
        for second in 1..=if everything() { 12 } else { 2 } {
            let left = work_under(kind, Fault::Kill(first), first as u64).await;
            let Left { place, library, mut ledger, armed, .. } = left;
            place.disarm(&armed);
            recover_under(&place, &library, &mut ledger, Fault::Kill(second)).await;
            // Whoever looks after that dies, too: of these, `gc` changes the store and both the database.
            for pass in [&["verify"][..], &["gc"]] {
                place.run_under(&place.program, pass, Fault::Kill(1 + second % 4)).await;
            }
            tally.add(Tally { cuts: 4, ..check_all(&place.program, &library, &mut ledger).await });
        }
    }
    tally.assert_good("killed again during the recovery: start, work, verify, gc", kind.name());
}

async fn recover_under(place: &Place, library: &Library, ledger: &mut Ledger, fault: Fault) {
    // On a folder armed before the start: opening and migrating count as well.
    let Some((service, armed)) = place.try_serve_armed(fault) else { return };
    let again = library.at(&service.anonymous());
    let mut later = ledger.clone();
    if later.work(&again).await {
        service.kill()
    } else {
        let _ = service.wait(DYING);
    }
    // What was acknowledged the second time counts, too; the uploads that were cut the first time are still there.
    ledger.versions = later.versions;
    ledger.trashed = later.trashed;
    place.disarm(&armed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_during_the_recovery_loses_nothing_either() {
    during_recovery(Kind::Folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_during_the_recovery_of_a_bucket_loses_nothing_either() {
    during_recovery(Kind::Garage).await;
}
