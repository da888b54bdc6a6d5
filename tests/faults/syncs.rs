//! A disk that fails a sync; and products that are broken on purpose: one that does not sync, one that acknowledges before it
//! has synced, one that tries a failed sync again. The harness must notice each of them.

use crate::{
    deaths::{Left, calls_of_work, run, work_under},
    ledger::check_all,
    place::{Armed, Kind},
    points,
    power::Fault,
    table::Tally,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_fails_is_no_acknowledgement_and_is_not_tried_again() {
    let calls = calls_of_work(Kind::Folder).await;
    let (mut tally, mut refused, mut again) = (Tally::default(), 0, Vec::new());
    for n in points(calls, 8) {
        let left = work_under(Kind::Folder, Fault::Eio(n), n as u64 + 1).await;
        let Left { place, library, mut ledger, armed, all_done } = left;
        refused += usize::from(!all_done);
        if let Armed::Folder(shim) = &armed {
            again.extend(shim.synced_after_failure());
        }
        place.disarm(&armed);
        tally.add(check_all(&place.program, &library, &mut ledger).await);
    }
    println!("EIO: {calls} calls, refused {refused}");
    assert!(again.is_empty(), "failed syncs were tried again: {again:?}");
    assert!(refused > 0, "no failed sync reached anybody");
    tally.assert_good("EIO at every sync", "folder");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_syncs_the_harness_finds_losses() {
    run(Kind::Folder, Fault::NoSync, 1).await.assert_noticed("no sync", "folder");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledging_before_the_sync_is_noticed() {
    run(Kind::Folder, Fault::LateSync, 1).await.assert_noticed("acknowledged before the sync", "folder");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trying_a_failed_sync_again_is_noticed() {
    let calls = calls_of_work(Kind::Folder).await;
    let (mut tally, mut tried, mut noticed) = (Tally::default(), 0, 0);
    for n in points(calls, 12).into_iter().take(24) {
        let left = work_under(Kind::Folder, Fault::Retry(n), n as u64 + 1).await;
        let Left { place, library, mut ledger, armed, .. } = left;
        let Armed::Folder(shim) = &armed else { unreachable!("it is a folder") };
        if shim.failures_of_objects() > 0 {
            tried += 1;
            noticed += usize::from(!shim.synced_after_failure().is_empty());
        }
        place.disarm(&armed);
        tally.add(check_all(&place.program, &library, &mut ledger).await);
    }
    assert!(tried > 0 && noticed == tried, "of {tried} syncs that were tried again {noticed} were noticed");
    tally.assert_noticed("a failed sync tried again", "folder");
}
