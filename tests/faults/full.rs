//! A full disk, while people upload, restore and send chunks and while somebody looks after the store: each says that there is
//! no space, nothing is lost, and it goes on when there is room. The disk is a small tmpfs, which needs root.

use std::{fs, path::Path};

use reqwest::Method;

use crate::{
    chores::flip,
    ledger::{Ledger, ask, begin, check_all},
    place::{Kind, Place},
    power::files,
    support::{SmallDisk, noise, sha256},
    table::Tally,
};

const MIB: usize = 1 << 20;

/// All bytes below a folder of the store, whatever their names are.
fn contents_of(objects: &Path) -> Vec<Vec<u8>> {
    files(objects).into_iter().map(|(path, _)| fs::read(path).unwrap()).collect()
}

/// With the objects on the full disk, or with everything on it.
async fn on_a_full_disk(all_of_it: bool) {
    let place = Place::new(Kind::Folder).await;
    let objects = place.program.data.join("objects");
    let disk = SmallDisk::new(if all_of_it { &place.program.data } else { &objects }, 72 * MIB);
    let program = place.program.clone().variable("WENSHU_DISK_RESERVE_BYTES", 0);
    let (service, library, mut ledger) = begin(&program, 1).await;
    let big = noise(7, 6 * MIB);
    let kept = library.upload("kept.bin", &big).await;
    ledger.versions.push((kept, 1, sha256(&big)));
    let gone = library.upload("gone.bin", &noise(8, 3 * MIB)).await;
    assert!(service.stop().0.success());
    place.sql("delete from documents where id = $1", &gone).await;
    place.age();
    assert!(program.run(&["gc"]).status.success());
    assert!(place.sql("update condemned_objects set at = 1", "").await > 1);
    let copy = crate::chores::with_copy(&place).await.variable("WENSHU_DISK_RESERVE_BYTES", 0);

    let mut tally = Tally::default();
    let service = program.serve();
    service.wait_until_ready().await;
    let back = library.at(&service.anonymous());
    // An upload, and one in chunks, are cut by it; a version comes back or does not, and it is said which.
    disk.fill();
    assert!(!ledger.work(&back).await, "there was room");
    let (document, ..) = ledger.versions[0].clone();
    let restore = back.client.request(Method::POST, &format!("/documents/{document}/versions/1/restore"));
    let answer = ask(restore).await.expect("the service runs");
    match answer.status.as_u16() {
        201 => {
            ledger.versions.push((document, answer.json()["number"].as_i64().unwrap(), ledger.versions[0].2.clone()))
        }
        507 => {}
        _ => panic!("{answer}"),
    }
    tally.cuts += 2;
    let of_delta = delta_on(&back, &disk, &mut ledger).await;
    tally.add(of_delta);
    tally.add(Tally { acknowledged: 0, ..ledger.look(&back).await });
    service.kill();

    // Collecting garbage needs no room in the store; where there is none for the database it says so.
    disk.fill();
    let output = program.run(&["gc"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() || said.contains("space") || said.contains("full"), "{said}");
    assert!(all_of_it || output.status.success(), "{said}");
    tally.cuts += 1;

    // A repair keeps the damaged bytes or does not touch them.
    disk.fill();
    let mut victims: Vec<_> =
        files(&objects.join("chunks")).into_iter().map(|(path, meta)| (meta.len(), path)).collect();
    victims.sort();
    let (_, victim) = victims.pop().unwrap();
    let key = victim.strip_prefix(&objects).unwrap().to_str().unwrap().to_owned();
    disk.make_room();
    flip(&place, &key, 12_345).await;
    let damaged = fs::read(&victim).unwrap();
    disk.fill();
    let output = copy.run(&["verify", "--repair"]);
    assert!(!output.status.success(), "there was room for it");
    tally.destroyed += usize::from(!contents_of(&objects).contains(&damaged));
    tally.cuts += 1;
    disk.make_room();
    let output = copy.run(&["verify", "--repair"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    tally.destroyed += usize::from(!contents_of(&objects).contains(&damaged));
    (tally.planted, tally.found) = (1, 1);

    // With room everything goes on.
    tally.add(Tally { cuts: 0, ..check_all(&program, &library, &mut ledger).await });
    let service = program.serve();
    let back = library.at(&service.anonymous());
    assert!(ledger.add_more(&back, 5).await, "it does not go on");
    assert!(service.stop().0.success());
    tally.add(Tally { cuts: 0, ..check_all(&program, &library, &mut ledger).await });
    let what = if all_of_it { "full disk, database too" } else { "full disk of the objects" };
    tally.assert_good(&format!("{what}: upload, delta, restore, gc, repair"), "folder");
}

/// An upload in chunks that meets the full disk after some of them.
async fn delta_on(library: &crate::support::Library, disk: &SmallDisk, ledger: &mut Ledger) -> Tally {
    disk.make_room();
    assert!(ledger.begin_delta(library, noise(70, 8 * MIB)).await, "there is room");
    disk.fill();
    assert!(!ledger.go_on_with_delta(library).await, "there was room");
    let tally = ledger.look_at_delta(library).await;
    disk.make_room();
    assert!(ledger.go_on_with_delta(library).await, "there is room");
    Tally { cuts: 1, ..tally }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_the_objects_loses_nothing() {
    on_a_full_disk(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_everything_loses_nothing() {
    on_a_full_disk(true).await;
}
