//! On Garage: death of the program before and after every request that changes the bucket, death of Garage itself under
//! load, and answers as a bad network gives them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use crate::{
    database_name, everything,
    ledger::{Ledger, Tally, begin, check_all},
    points,
    s3::{Trouble, Troubled},
    support::{Library, Program, database::TestDatabase, document_of, garage::Garage, noise, sha256},
};

/// A bucket of its own behind a troubled server.
struct Place {
    program: Program,
    troubled: Troubled,
    _folder: tempfile::TempDir,
    _database: TestDatabase,
}

async fn place(garage: &Garage) -> Place {
    static BUCKETS: AtomicUsize = AtomicUsize::new(0);
    let bucket = garage.bucket(&format!("faults-{}", BUCKETS.fetch_add(1, Ordering::Relaxed)));
    let troubled = Troubled::before(&bucket.endpoint).await;
    let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::create().await);
    let url = format!("s3://{}?endpoint=http://{}&region={}", bucket.bucket, troubled.address, bucket.region);
    let mut program = Program::new(folder.path())
        .flag("--storage", &url)
        .variable("WENSHU_JOBS", "false")
        .variable("AWS_ACCESS_KEY_ID", &bucket.access_key)
        .variable("AWS_SECRET_ACCESS_KEY", &bucket.secret_key);
    if !database.url.is_empty() {
        program = program.flag("--database", &database.url);
    }
    Place { program, troubled, _folder: folder, _database: database }
}

/// Work while requests go as `plan` says.
async fn work_under(
    seed: u64,
    plan: impl Fn(&str, &str, usize) -> Trouble + Send + Sync + 'static,
) -> (Place, Library, Ledger, bool) {
    let place = place(Garage::shared()).await;
    let (service, library, mut ledger) = begin(&place.program, seed).await;
    place.troubled.follow(service.id(), plan);
    let all_done = ledger.work(&library).await;
    if all_done {
        service.kill()
    } else {
        let _ = service.wait(Duration::from_secs(30));
    }
    (place, library, ledger, all_done)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_at_every_request_that_changes_the_bucket_loses_nothing() {
    let (place, _, _, all_done) = work_under(1, |_, _, _| Trouble::Pass).await;
    assert!(all_done);
    let requests = place.troubled.count();
    assert!(requests > 3, "{requests}");
    let mut tally = Tally::default();
    for n in points(requests, 4) {
        for trouble in [Trouble::KillBefore, Trouble::KillAfter] {
            let plan = move |_: &str, _: &str, number: usize| if number == n { trouble } else { Trouble::Pass };
            let (place, library, mut ledger, all_done) = work_under(n as u64 + 1, plan).await;
            assert!(!all_done, "request {n} did not end the program");
            place.troubled.pass();
            tally.add(check_all(&place.program, &library, &mut ledger).await);
        }
    }
    tally.assert_nothing_lost(&format!("Garage, {}, killed at {requests} PUTs and DELETEs", database_name()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_a_bad_network_lose_nothing_and_serve_nothing_wrong() {
    let place = place(Garage::shared()).await;
    let (service, library, mut ledger) = begin(&place.program, 1).await;
    let kinds = [
        Trouble::Unavailable,
        Trouble::ResetAfter,
        Trouble::ResetBefore,
        Trouble::Truncate,
        Trouble::Slow(Duration::from_millis(700)),
    ];
    let turn = AtomicUsize::new(0);
    // Two of three requests have trouble, each kind in turn; so every third try of one request succeeds.
    place.troubled.follow(service.id(), move |_, _, _| {
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        if turn % 3 == 2 { Trouble::Pass } else { kinds[(turn * 7 / 3) % kinds.len()] }
    });
    let (mut refused, mut wrong, mut downloads) = (0, 0, 0);
    let files = if everything() { 150 } else { 8 };
    for number in 0..files {
        let bytes = noise(1000 + number, 1000 + 90_000 * (number as usize % 40));
        let name = format!("{number}.bin");
        // A client that tries again.
        for _ in 0..20 {
            let answer = library.try_upload(&library.new_document(&name), &bytes).await;
            if answer.status == 201 {
                ledger.versions.push((document_of(&answer), 1, sha256(&bytes)));
                break;
            }
            refused += 1;
        }
        for (document, _, hash) in ledger.versions.iter().rev().take(3) {
            let request = library.client.request(reqwest::Method::GET, &format!("/documents/{document}/content"));
            downloads += 1;
            // An error, or a body that ends too early, is no wrong byte.
            if let Ok(response) = request.send().await
                && response.status() == 200
                && let Ok(body) = response.bytes().await
            {
                wrong += usize::from(&sha256(&body) != hash && document != &ledger.versions[0].0);
            }
        }
    }
    place.troubled.pass();
    service.wait_until_ready().await;
    assert!(service.stop().0.success());
    let troubles = place.troubled.troubles();
    println!(
        "faults | Garage, {}, bad answers {troubles} | refused {refused} | downloads {downloads}",
        database_name()
    );
    assert!(troubles > 20, "{troubles}");
    let mut tally = check_all(&place.program, &library, &mut ledger).await;
    tally.wrong += wrong;
    tally.assert_nothing_lost(&format!("Garage, {}, 503, resets, cut bodies, slowness", database_name()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garage_killed_and_started_again_under_load_loses_nothing() {
    let garage = Garage::start();
    let place = place(&garage).await;
    let (service, library, mut ledger) = begin(&place.program, 1).await;
    let until = Instant::now() + Duration::from_secs(if everything() { 60 } else { 10 });
    let writers: Vec<_> = (0..4u64)
        .map(|writer| {
            let library = library.clone();
            tokio::spawn(async move {
                let (mut kept, mut refused, mut number) = (Vec::new(), 0, 0u64);
                while Instant::now() < until {
                    number += 1;
                    let bytes = noise(writer << 32 | number, 200_000 + 400_000 * (number as usize % 5));
                    let name = format!("{writer}-{number}.bin");
                    let answer = library.try_upload(&library.new_document(&name), &bytes).await;
                    if answer.status == 201 {
                        kept.push((document_of(&answer), 1, sha256(&bytes)));
                    } else {
                        refused += 1;
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                }
                (kept, refused)
            })
        })
        .collect();
    let mut kills = 0;
    while Instant::now() + Duration::from_secs(4) < until {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        tokio::task::block_in_place(|| garage.kill_and_restart());
        kills += 1;
    }
    let mut refused = 0;
    for writer in writers {
        let (kept, of_writer) = writer.await.unwrap();
        assert!(!kept.is_empty());
        ledger.versions.extend(kept);
        refused += of_writer;
    }
    service.wait_until_ready().await;
    assert!(service.stop().0.success());
    println!("faults | Garage killed {kills} times under load | refused {refused}");
    assert!(kills > 0);
    let tally = check_all(&place.program, &library, &mut ledger).await;
    tally.assert_nothing_lost(&format!("Garage killed, {}", database_name()));
}
