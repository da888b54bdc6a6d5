//! A bucket on a bad day: answers as a bad network gives them, while people upload, restore, download and delete and while
//! somebody looks after the store; and Garage away, killed and started again under load.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;

use crate::{
    chores::{flip, impatient, with_copy},
    everything,
    ledger::{Ledger, ask, begin, check_all},
    place::{Kind, Place},
    s3::{Trouble, Troubled},
    support::{Library, Metadata, document_of, garage::Garage, noise, sha256},
    table::Tally,
};

const MIB: usize = 1 << 20;
/// How long a client goes on trying.
const PATIENCE: Duration = Duration::from_secs(120);

/// Of each `of` requests so many have `trouble`, each kind in turn. A request is tried four times before its failure shows;
/// of each sixty so many in a row fail that it does.
fn trouble(troubled: &Troubled, trouble: usize, of: usize, in_a_row: usize) {
    let kinds = [
        Trouble::Unavailable,
        Trouble::ResetAfter,
        Trouble::ResetBefore,
        Trouble::Truncate,
        Trouble::Slow(Duration::from_millis(700)),
    ];
    let turn = AtomicUsize::new(0);
    troubled.follow(0, move |_, _, _| {
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        if turn % 60 >= 60 - in_a_row {
            // Of these a change may have been made all the same.
            return kinds[turn % 3];
        }
        if turn % of >= trouble { Trouble::Pass } else { kinds[(turn * 7 / 3) % kinds.len()] }
    });
}

/// What a patient client knows of an upload.
struct Patient<'a> {
    library: &'a Library,
    path: String,
    bytes: &'a [u8],
    acknowledged: usize,
    refused: usize,
    lost: usize,
}

impl<'a> Patient<'a> {
    /// Uploads in parts of one MiB and goes on after each failure where the server says that it stands, as tus clients do.
    async fn upload(library: &'a Library, name: &str, bytes: &'a [u8]) -> (String, usize, usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut refused = 0;
        let path = loop {
            let begun = ask(library.begin_request(&library.new_document(name), bytes.len())).await;
            if let Some(place) = begun.as_ref().filter(|answer| answer.status == 201) {
                break place.header("location").expect("a place").to_owned();
            }
            refused += 1;
            assert!(Instant::now() < deadline, "an upload cannot begin");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let mut patient = Patient { library, path, bytes, acknowledged: 0, refused, lost: 0 };
        loop {
            if let Some(document) = patient.send().await {
                return (document, patient.refused, patient.lost);
            }
            assert!(Instant::now() < deadline, "{} does not end: at {}", patient.path, patient.acknowledged);
        }
    }

    /// Sends one part; the document, when that was the last.
    async fn send(&mut self) -> Option<String> {
        let (from, end) = (self.acknowledged, self.bytes.len().min(self.acknowledged + MIB));
        let answer = ask(self.library.part(&self.path, from, self.bytes[from..end].to_vec())).await;
        if let Some(answer) = answer.as_ref().filter(|answer| answer.status == 204) {
            self.acknowledged = end;
            return (end == self.bytes.len()).then(|| document_of(answer));
        }
        self.refused += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let head = ask(self.library.tus(Method::HEAD, &self.path)).await.filter(|answer| answer.status == 200);
        let offset = head.and_then(|answer| answer.header("upload-offset")?.parse::<usize>().ok());
        if let Some(offset) = offset {
            self.lost += usize::from(offset < self.acknowledged);
            self.acknowledged = offset;
        }
        None
    }
}

/// Downloads what was acknowledged last; returns how many were not what was stored. An error, or a body that ends too
/// early, is no wrong byte.
async fn count_wrong(library: &Library, ledger: &Ledger) -> usize {
    let mut wrong = 0;
    for (document, number, hash) in ledger.versions.iter().rev().take(3) {
        let path = format!("/documents/{document}/versions/{number}/content");
        if let Some(answer) = ask(library.client.request(Method::GET, &path)).await
            && answer.status == 200
        {
            wrong += usize::from(&sha256(&answer.body) != hash);
        }
    }
    wrong
}

/// A newer version of a document, the first one again, and another document away.
async fn change(library: &Library, ledger: &mut Ledger, document: &str, old: &str, number: u64) -> usize {
    let mut refused = 0;
    let newer = noise(5000 + number, 30_000);
    let metadata = Metadata(vec![("filename", "newer.bin".into()), ("document_id", document.to_owned())]);
    match ask(library.upload_request(&metadata, &newer)).await {
        Some(answer) if answer.status == 201 => {
            let version = answer.header("wenshu-version").and_then(|number| number.parse().ok()).unwrap_or(2);
            ledger.versions.push((document.to_owned(), version, sha256(&newer)));
        }
        _ => refused += 1,
    }
    let restore = format!("/documents/{document}/versions/1/restore");
    match ask(library.client.request(Method::POST, &restore)).await {
        Some(answer) if answer.status == 201 => {
            let version = answer.json()["number"].as_i64().expect("a number");
            ledger.versions.push((document.to_owned(), version, old.to_owned()));
        }
        _ => refused += 1,
    }
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_a_bad_network_lose_nothing_and_serve_nothing_wrong() {
    let place = Place::new(Kind::Garage).await;
    let troubled = place.troubled.as_ref().unwrap();
    let (service, library, mut ledger) = begin(&place.program, 1).await;
    trouble(troubled, 2, 3, 0);
    let mut tally = Tally::default();
    let (mut refused, files) = (0, if everything() { 30 } else { 4 });
    for number in 0..files {
        let bytes = noise(1000 + number, 1000 + 90_000 * (number as usize % 40));
        let (document, of_upload, lost) = Patient::upload(&library, &format!("{number}.bin"), &bytes).await;
        ledger.versions.push((document.clone(), 1, sha256(&bytes)));
        refused += of_upload;
        tally.lost += lost;
        refused += change(&library, &mut ledger, &document, &sha256(&bytes), number).await;
        tally.wrong += count_wrong(&library, &ledger).await;
        if number % 4 == 3 {
            let gone = ask(library.client.request(Method::DELETE, &format!("/documents/{document}"))).await;
            if gone.is_some_and(|answer| answer.status.is_success()) {
                ledger.versions.retain(|(id, ..)| *id != document);
                ledger.trashed.push(document);
            }
        }
    }
    // All of the usual work, as often as it takes.
    while !ledger.work(&library).await {
        refused += 1;
        troubled.pass();
        let of_check = ledger.check(&library).await;
        tally.add(Tally { acknowledged: 0, ..of_check });
        trouble(troubled, 2, 3, 0);
        assert!(refused < 10_000, "nothing gets done");
        if refused % 5 == 4 {
            troubled.pass();
        }
    }
    troubled.pass();
    service.wait_until_ready().await;
    assert!(service.stop().0.success());
    tally.cuts = troubled.troubles();
    println!("bad answers: {} troubles, refused {refused}", tally.cuts);
    assert!(tally.cuts > 20, "{} troubles, {refused} refused", tally.cuts);
    tally.add(Tally { cuts: 0, ..check_all(&place.program, &library, &mut ledger).await });
    tally.assert_good("503, resets, cut bodies, slowness: upload, delta, restore, download, delete", "Garage");
}

/// Those who look after the store say that it cannot be reached, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_network_is_no_damage_and_removes_nothing() {
    let (place, library, mut ledger) = crate::chores::with_garbage(Kind::Garage, 1).await;
    let troubled = place.troubled.as_ref().unwrap();
    let program = with_copy(&place).await;
    let mut tally = Tally::default();
    let before = troubled.troubles();
    for round in 0..if everything() { 12 } else { 3 } {
        for command in [&["verify"][..], &["gc"], &["verify", "--repair"]] {
            let quick = impatient(&place);
            let program = if command[0] == "gc" { &quick } else { &program };
            trouble(troubled, 1 + round % 2, 3, 10 * (round % 2));
            let (program, command) = (program.clone(), command.to_vec());
            let output = tokio::task::spawn_blocking(move || program.run(&command)).await.unwrap();
            troubled.pass();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // That it cannot be reached may be said; that something is damaged or gone may not.
            if said.contains("damaged:") || said.contains("versions are damaged") {
                println!("round {round}: {said}");
                tally.false_alarms += 1;
            }
        }
        tally.add(Tally { cuts: 0, ..check_all(&place.program, &library, &mut ledger).await });
    }
    // And true damage is found and mended in between.
    let victim = victim_of(&place).await;
    flip(&place, &victim, 333).await;
    (tally.planted, tally.found) = (1, 0);
    for _ in 0..20 {
        trouble(troubled, 1, 3, 0);
        let program = program.clone();
        let output = tokio::task::spawn_blocking(move || program.run(&["verify", "--repair"])).await.unwrap();
        troubled.pass();
        if output.status.success() {
            tally.found = 1;
            break;
        }
    }
    tally.cuts = troubled.troubles() - before;
    tally.add(Tally { cuts: 0, ..check_all(&place.program, &library, &mut ledger).await });
    tally.assert_good("503, resets, cut bodies, slowness: verify, gc, repair", "Garage");
}

async fn victim_of(place: &Place) -> String {
    use futures::TryStreamExt;
    let prefix = object_store::path::Path::from("contents");
    let found = place.objects().list(Some(&prefix)).try_next().await.unwrap().expect("there is a list");
    found.location.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garage_killed_and_started_again_under_load_loses_nothing() {
    let garage = Garage::start();
    let place = Place::on(&garage).await;
    let troubled = place.troubled.as_ref().unwrap();
    // Not there yet when the service starts.
    troubled.follow(0, |_, _, _| Trouble::ResetBefore);
    let service = place.program.serve();
    let (status, report) = service.readiness().await;
    assert_eq!((status, &report["storage"]), (503, &"unavailable".into()), "{report}");
    troubled.pass();
    let (library, mut ledger) = crate::ledger::begin_on(&service, 1).await;
    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4u64)
        .map(|writer| {
            let (library, over) = (library.clone(), over.clone());
            tokio::spawn(async move {
                let (mut kept, mut refused, mut lost, mut number) = (Vec::new(), 0, 0, 0u64);
                while !over.load(Ordering::SeqCst) {
                    number += 1;
                    let bytes = noise(writer << 32 | number, 200_000 + 900_000 * (number as usize % 5));
                    let (document, of_upload, of_lost) =
                        Patient::upload(&library, &format!("{writer}-{number}.bin"), &bytes).await;
                    kept.push((document, 1, sha256(&bytes)));
                    refused += of_upload;
                    lost += of_lost;
                }
                (kept, refused, lost)
            })
        })
        .collect();
    let mut tally = Tally::default();
    for round in 0..if everything() { 20 } else { 4 } {
        tokio::time::sleep(Duration::from_millis(1200)).await;
        tokio::task::block_in_place(|| garage.kill_and_restart());
        if round % 8 == 1 {
            // Away for longer than anybody tries on its own.
            troubled.follow(0, |_, _, _| Trouble::ResetBefore);
            tokio::time::sleep(Duration::from_secs(7)).await;
            troubled.pass();
        }
        tally.cuts += 1;
    }
    over.store(true, Ordering::SeqCst);
    let mut refused = 0;
    for writer in writers {
        let (kept, of_writer, lost) = writer.await.unwrap();
        assert!(!kept.is_empty());
        ledger.versions.extend(kept);
        refused += of_writer;
        tally.lost += lost;
    }
    service.wait_until_ready().await;
    assert!(service.stop().0.success());
    println!("Garage killed {} times under load, refused {refused}", tally.cuts);
    assert!(refused > 0, "nobody noticed that it was away");
    tally.add(Tally { cuts: 0, ..check_all(&place.program, &library, &mut ledger).await });
    tally.assert_good("Garage away at start, killed under load", "Garage");
}
