//! Death of those who look after the store: `gc` and `verify --repair`, at each of their calls. What they leave behind may
//! neither lose anything, nor stand in the way of an upload, nor stay for ever.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use object_store::{ObjectStoreExt, PutPayload, path::Path};

use crate::{
    ledger::{Ledger, begin, check_all},
    place::{Kind, Place},
    points,
    power::Fault,
    support::{Library, Program, noise, sha256},
    table::Tally,
};

/// How long an upload of bytes that a dead pass was removing may take, on a busy machine.
const SHORT: Duration = Duration::from_secs(8);

/// The program with a grace period that is over soon: times of objects in a bucket cannot be changed.
pub fn impatient(place: &Place) -> Program {
    match place.troubled {
        None => place.program.clone(),
        Some(_) => place.program.clone().variable("WENSHU_GC_GRACE_MS", 1000),
    }
}

async fn time_passes(place: &Place) -> u64 {
    match place.troubled {
        None => place.age(),
        Some(_) => tokio::time::sleep(Duration::from_millis(1100)).await,
    }
    place.sql("update condemned_objects set at = 1", "").await
}

/// Objects that nothing refers to, condemned long ago; some of their chunks are in use.
pub async fn with_garbage(kind: Kind, seed: u64) -> (Place, Library, Ledger) {
    let place = Place::new(kind).await;
    let (service, library, mut ledger) = begin(&place.program, seed).await;
    let kept = noise(seed * 100 + 50, 3 << 20);
    let shared = [kept.clone(), noise(seed * 100 + 51, 3 << 20)].concat();
    let id = library.upload("kept.bin", &kept).await;
    ledger.versions.push((id, 1, sha256(&kept)));
    let gone =
        [library.upload("gone.bin", &shared).await, library.upload("small.bin", &noise(seed * 100 + 52, 9000)).await];
    assert!(service.stop().0.success());
    for document in &gone {
        assert_eq!(place.sql("delete from documents where id = $1", document).await, 1);
    }
    time_passes(&place).await;
    let output = impatient(&place).run(&["gc"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(time_passes(&place).await >= 2, "there is garbage");
    (place, library, ledger)
}

/// The bytes that were garbage come back; returns how long that took.
async fn bring_back(place: &Place, library: &Library, ledger: &mut Ledger) -> Duration {
    let service = place.program.serve();
    service.wait_until_ready().await;
    let back = library.at(&service.anonymous());
    let seed = ledger.seed * 100;
    let whole = [noise(seed + 50, 3 << 20), noise(seed + 51, 3 << 20)].concat();
    let began = Instant::now();
    for (name, bytes) in [("back.bin", noise(seed + 52, 9000)), ("gone again.bin", whole)] {
        let id = back.upload(name, &bytes).await;
        ledger.versions.push((id, 1, sha256(&bytes)));
    }
    let took = began.elapsed();
    assert!(service.stop().0.success());
    took
}

/// More passes, with all the time they need between them.
async fn collect_the_rest(place: &Place) {
    for _ in 0..4 {
        time_passes(place).await;
        let output = impatient(place).run(&["gc"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

async fn keys(place: &Place) -> Vec<String> {
    let listed = place.objects();
    let listed: Vec<_> = listed.list(None).try_collect().await.unwrap();
    let keys = listed.into_iter().map(|object| object.location.to_string());
    keys.filter(|key| key != "probe").collect()
}

async fn collecting(kind: Kind, some: usize) {
    let (place, _, _) = with_garbage(kind, 1).await;
    let ran = place.run_under(&impatient(&place), &["gc"], Fault::Count).await;
    assert!(ran.output.status.success() && ran.calls > 2, "{} calls", ran.calls);
    let (mut tally, mut longest) = (Tally::default(), Duration::ZERO);
    for n in points(ran.calls, some) {
        for comes_late in [false, true] {
            let (place, library, mut ledger) = with_garbage(kind, n as u64 + 1).await;
            let in_use = keys(&place).await.len();
            for fault in [Fault::Kill(n), Fault::KillAfter(n)] {
                place.run_under(&impatient(&place), &["gc"], fault).await;
            }
            longest = longest.max(bring_back(&place, &library, &mut ledger).await);
            if comes_late {
                // A removal that the dead pass had sent arrives only now.
                arrive(&place).await;
            }
            tally.add(Tally { cuts: 2, ..check_all(&place.program, &library, &mut ledger).await });
            collect_the_rest(&place).await;
            let left = keys(&place).await;
            assert!(left.iter().all(|key| !key.starts_with("spare/")), "call {n}: {left:?}");
            assert!(left.len() <= in_use + 1, "call {n}: {left:?}");
            tally.add(Tally { cuts: 0, ..check_all(&place.program, &library, &mut ledger).await });
            assert_eq!(place.sql("delete from condemned_objects", "").await, 0, "nothing is on the list");
        }
    }
    println!("{}: an upload after a dead pass waited {longest:?} at the most", kind.name());
    assert!(longest < SHORT, "an upload waited {longest:?} for a dead pass");
    tally.assert_good("gc killed at every call, its bytes come back at once", kind.name());
}

/// Removes everything whose removal had begun.
async fn arrive(place: &Place) {
    let db = place.database().await;
    let keys: Vec<String> = sqlx::query_scalar("select key from condemned_objects where state = 'dying'")
        .fetch_all(db.read())
        .await
        .unwrap();
    db.close().await;
    for key in keys {
        let _ = place.objects().delete(&Path::from(key)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_while_garbage_is_collected_loses_nothing_and_leaves_nothing() {
    collecting(Kind::Folder, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_while_garbage_of_a_bucket_is_collected_loses_nothing_and_leaves_nothing() {
    collecting(Kind::Garage, 2).await;
}

/// Flips a bit of one object, wherever it is.
pub async fn flip(place: &Place, key: &str, at: usize) {
    let store = place.objects();
    let path = Path::from(key);
    let mut bytes = store.get(&path).await.unwrap().bytes().await.unwrap().to_vec();
    let at = at % (bytes.len() * 8);
    bytes[at / 8] ^= 1 << (at % 8);
    store.put(&path, PutPayload::from(bytes)).await.unwrap();
}

/// Copies every object into a second store, as a nightly copy does; returns the program that knows of it.
pub async fn with_copy(place: &Place) -> Program {
    let (backend, address) = place.copy_address();
    let (from, to) = (place.objects(), storage::Store::open(&backend).unwrap().objects());
    for key in keys(place).await.into_iter().map(Path::from) {
        let bytes = from.get(&key).await.unwrap().bytes().await.unwrap();
        to.put(&key, PutPayload::from(bytes)).await.unwrap();
    }
    place.program.clone().variable("WENSHU_STORAGE_COPY", address)
}

/// A library of which a list and some chunks are damaged, and a good copy of all of it.
async fn damaged(kind: Kind, seed: u64) -> (Place, Program, Library, Ledger, Vec<String>) {
    let place = Place::new(kind).await;
    let (service, library, mut ledger) = begin(&place.program, seed).await;
    let bytes = noise(seed * 100 + 60, 5 << 20);
    let id = library.upload("list.bin", &bytes).await;
    ledger.versions.push((id, 1, sha256(&bytes)));
    assert!(service.stop().0.success());
    let program = with_copy(&place).await;
    let mut victims = keys(&place).await;
    victims.sort();
    victims.retain(|key| key.starts_with("chunks/") || key.starts_with("contents/"));
    // The list, and every second chunk.
    let victims: Vec<_> =
        victims.into_iter().enumerate().filter(|(at, key)| at % 2 == 0 || key.starts_with("contents/")).collect();
    let victims: Vec<_> = victims.into_iter().map(|(_, key)| key).collect();
    for (number, key) in victims.iter().enumerate() {
        flip(&place, key, 1000 + number).await;
    }
    (place, program, library, ledger, victims)
}

async fn repairing(kind: Kind, some: usize) {
    const REPAIR: &[&str] = &["verify", "--repair"];
    let (place, program, ..) = damaged(kind, 1).await;
    let ran = place.run_under(&program, REPAIR, Fault::Count).await;
    assert!(ran.output.status.success(), "{}", String::from_utf8_lossy(&ran.output.stderr));
    assert!(ran.calls > 3, "{} calls", ran.calls);
    let mut tally = Tally::default();
    for n in points(ran.calls, some) {
        for fault in [Fault::Kill(n), Fault::KillAfter(n)] {
            let (place, program, library, mut ledger, victims) = damaged(kind, n as u64 + 1).await;
            let mut bytes_of_victims = Vec::new();
            for key in &victims {
                bytes_of_victims
                    .push(place.objects().get(&Path::from(key.as_str())).await.unwrap().bytes().await.unwrap());
            }
            place.run_under(&program, REPAIR, fault).await;
            let output = program.run(REPAIR);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let mut of_run = check_all(&program, &library, &mut ledger).await;
            of_run.planted = victims.len();
            of_run.found = if output.status.success() { victims.len() } else { 0 };
            // The damaged bytes are aside, each once at least.
            let mut aside = Vec::new();
            for key in keys(&place).await.into_iter().filter(|key| key.starts_with("damaged/")) {
                aside.push(place.objects().get(&Path::from(key)).await.unwrap().bytes().await.unwrap());
            }
            of_run.destroyed = bytes_of_victims.iter().filter(|bytes| !aside.contains(bytes)).count();
            assert!(!of_run.is_bad(), "call {n}, {fault:?}: {of_run:?}\n{said}");
            tally.add(of_run);
        }
    }
    tally.assert_good("repair killed at every call", kind.name());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repair_that_dies_destroys_nothing_and_goes_on() {
    repairing(Kind::Folder, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repair_of_a_bucket_that_dies_destroys_nothing_and_goes_on() {
    repairing(Kind::Garage, 2).await;
}
