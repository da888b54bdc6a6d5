//! On a folder: death and power cuts at every sync, rename and unlink, of work, of collecting garbage, and of the recovery
//! after that; and a disk that fails a sync.

use std::{path::Path, time::Duration};

use crate::{
    database_name, everything,
    ledger::{Ledger, Tally, begin, check_all},
    points,
    power::{Fault, Shim, files},
    support::{Library, Program, database::TestDatabase, noise, sha256},
};

/// A place of its own for each run.
struct Place {
    program: Program,
    _folder: tempfile::TempDir,
    _database: TestDatabase,
}

async fn place() -> Place {
    let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::create().await);
    let mut program = Program::new(folder.path()).variable("WENSHU_JOBS", "false");
    if !database.url.is_empty() {
        program = program.flag("--database", &database.url);
    }
    Place { program, _folder: folder, _database: database }
}

/// A prepared library; the service has stopped in order.
async fn prepared(seed: u64) -> (Place, Library, Ledger) {
    let place = place().await;
    let (service, library, ledger) = begin(&place.program, seed).await;
    assert!(service.stop().0.success());
    (place, library, ledger)
}

/// Work under a fault, then the power is cut.
async fn work_under(fault: Fault, seed: u64) -> (Place, Library, Ledger, Shim, bool) {
    let (place, library, mut ledger) = prepared(seed).await;
    let (shim, program) = Shim::around(&place.program, fault);
    let service = program.serve();
    let library = library.at(&service.anonymous());
    shim.arm();
    let all_done = ledger.work(&library).await;
    if all_done {
        service.kill()
    } else {
        let _ = service.wait(Duration::from_secs(20));
    }
    (place, library, ledger, shim, all_done)
}

async fn run(fault: Fault, seed: u64) -> Tally {
    let (place, library, mut ledger, shim, _) = work_under(fault, seed).await;
    let cut = shim.cut_power();
    let mut tally = check_all(&place.program, &library, &mut ledger).await;
    tally.cut_names = cut.names;
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_and_power_cuts_at_every_call_lose_nothing() {
    let (_place, _, _, shim, all_done) = work_under(Fault::Count, 1).await;
    assert!(all_done);
    let calls = shim.calls();
    assert!(calls > 20, "{calls} calls");
    let mut tally = Tally::default();
    for n in points(calls, 7) {
        tally.add(run(Fault::Kill(n), n as u64 + 1).await);
        if everything() || n % 3 == 0 {
            tally.add(run(Fault::KillAfter(n), n as u64 + 1).await);
        }
    }
    tally.assert_nothing_lost(&format!("folder, {}, killed and without power at {calls} calls", database_name()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_during_the_recovery_loses_nothing_either() {
    let (_place, _, _, shim, _) = work_under(Fault::Count, 1).await;
    let calls = shim.calls();
    let mut tally = Tally::default();
    for first in points(calls, 5).into_iter().skip(1).step_by(if everything() { 9 } else { 2 }) {
        for second in 1..=if everything() { 12 } else { 2 } {
            let (place, library, mut ledger, shim, _) = work_under(Fault::Kill(first), first as u64).await;
            shim.cut_power();
            let (shim, program) = Shim::around(&place.program, Fault::Kill(second));
            // Armed before the start: opening and migrating count as well.
            shim.arm();
            if let Ok(service) = program.try_serve() {
                let again = library.at(&service.anonymous());
                let mut later = ledger.clone();
                if later.work(&again).await {
                    service.kill()
                } else {
                    let _ = service.wait(Duration::from_secs(20));
                }
                // What was acknowledged the second time counts, too; the upload that was cut the first time is still there.
                ledger.versions = later.versions;
                ledger.trashed = later.trashed;
            }
            shim.cut_power();
            tally.add(check_all(&place.program, &library, &mut ledger).await);
        }
    }
    tally.assert_nothing_lost(&format!("folder, {}, killed again during the recovery", database_name()));
}

/// The harness must notice when nothing is synced: this is the run that has to fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_syncs_the_harness_finds_losses() {
    let tally = run(Fault::NoSync, 1).await;
    println!("faults | control: no fsync | acknowledged {} | lost {}", tally.acknowledged, tally.lost);
    assert!(tally.lost > 0, "nothing was lost without a single sync: the other tests show nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_fails_is_no_acknowledgement_and_is_not_tried_again() {
    let (_place, _, _, shim, _) = work_under(Fault::Count, 1).await;
    let calls = shim.calls();
    let (mut tally, mut failures) = (Tally::default(), 0);
    for n in points(calls, 8) {
        let (place, library, mut ledger, shim, all_done) = work_under(Fault::Eio(n), n as u64 + 1).await;
        failures += usize::from(!all_done);
        let again = shim.synced_after_failure();
        assert!(again.is_empty(), "call {n}: a failed sync was tried again: {again:?}");
        shim.cut_power();
        tally.add(check_all(&place.program, &library, &mut ledger).await);
    }
    println!("faults | folder, {}, EIO | calls {calls} | refused {failures}", database_name());
    assert!(failures > 0, "no failed sync reached anybody");
    tally.assert_nothing_lost(&format!("folder, {}, EIO at a sync", database_name()));
}

/// Objects that nothing refers to, condemned long ago.
async fn with_garbage(seed: u64) -> (Place, Library, Ledger) {
    let (place, library, mut ledger) = {
        let place = place().await;
        let (service, library, mut ledger) = begin(&place.program, seed).await;
        let kept = noise(seed * 100 + 50, 3 << 20);
        let shared = [kept.clone(), noise(seed * 100 + 51, 3 << 20)].concat();
        let id = library.upload("kept.bin", &kept).await;
        ledger.versions.push((id, 1, sha256(&kept)));
        let gone = [
            library.upload("gone.bin", &shared).await,
            library.upload("small.bin", &noise(seed * 100 + 52, 9000)).await,
        ];
        assert!(service.stop().0.success());
        purge(&place.program, &gone).await;
        (place, library, ledger)
    };
    age(&place.program.data);
    assert!(place.program.run(&["gc"]).status.success());
    condemned_long_ago(&place.program).await;
    ledger.trashed.clear();
    (place, library, ledger)
}

async fn database(program: &Program) -> wenshu::db::Db {
    let url = program.flags.iter().skip_while(|flag| *flag != "--database").nth(1).cloned();
    let url = url.unwrap_or_else(|| format!("sqlite://{}", program.data.join("wenshu.db").display()));
    wenshu::db::Db::connect(&url).await.unwrap()
}

async fn purge(program: &Program, documents: &[String]) {
    let db = database(program).await;
    for document in documents {
        let mut tx = db.begin().await.unwrap();
        sqlx::query("delete from documents where id = $1").bind(document).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }
    db.close().await;
}

async fn condemned_long_ago(program: &Program) {
    assert!(time_passes(program).await >= 2, "there is garbage");
}

/// As if everything on the list had been there for ever; returns how much that is.
async fn time_passes(program: &Program) -> u64 {
    let db = database(program).await;
    let mut tx = db.begin().await.unwrap();
    let done = sqlx::query("update condemned_objects set at = 1").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
    done.rows_affected()
}

/// Makes all objects look as if they were written three days ago.
fn age(data: &Path) {
    let then = std::time::SystemTime::now() - Duration::from_secs(3 * 24 * 3600);
    for (path, _) in files(&data.join("objects")) {
        std::fs::File::open(&path).and_then(|file| file.set_modified(then)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_while_garbage_is_collected_loses_nothing_and_leaves_nothing() {
    let (place, _, _) = with_garbage(1).await;
    let (shim, program) = Shim::around(&place.program, Fault::Count);
    shim.arm();
    assert!(program.run(&["gc"]).status.success());
    let calls = shim.calls();
    assert!(calls > 2, "{calls} calls");
    let objects = files(&place.program.data.join("objects")).len();
    let mut tally = Tally::default();
    for n in points(calls, 4) {
        let (place, library, mut ledger) = with_garbage(n as u64 + 1).await;
        for fault in [Fault::Kill(n), Fault::KillAfter(n)] {
            let (shim, program) = Shim::around(&place.program, fault);
            shim.arm();
            program.run(&["gc"]);
            shim.cut_power();
        }
        // The same bytes come back while rows of the killed pass are still there, but nobody removes anything any more.
        time_passes(&place.program).await;
        let service = place.program.serve();
        let back = library.at(&service.anonymous());
        let bytes = noise((n as u64 + 1) * 100 + 52, 9000);
        let id = back.upload("back.bin", &bytes).await;
        ledger.versions.push((id, 1, sha256(&bytes)));
        assert!(service.stop().0.success());
        tally.add(check_all(&place.program, &library, &mut ledger).await);
        // What a killed pass has left goes with the next ones.
        condemn_the_rest(&place.program).await;
        let left = files(&place.program.data.join("objects")).len();
        assert!(left <= objects + 1, "call {n}: {left} objects are left of {objects}, and the one that came back");
        tally.add(check_all(&place.program, &library, &mut ledger).await);
    }
    tally.assert_nothing_lost(&format!("folder, {}, killed at {calls} calls of gc", database_name()));
}

/// Two more passes, with all the time they need between them.
async fn condemn_the_rest(program: &Program) {
    for _ in 0..3 {
        age(&program.data);
        time_passes(program).await;
        let output = program.run(&["gc"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
