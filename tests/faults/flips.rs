//! One flipped byte in each of 500 objects: all of them are found, nothing else is called damaged, no wrong byte is served,
//! and a copy brings everything back.

use std::{collections::HashSet, fs, path::Path};

use crate::{
    everything,
    power::files,
    support::{Library, Numbers, Program, noise, sha256},
};

fn flip(path: &Path, numbers: &mut Numbers) {
    use std::os::unix::fs::PermissionsExt;
    let mut bytes = fs::read(path).unwrap();
    let at = numbers.within(0..bytes.len());
    bytes[at] ^= 1 << numbers.within(0..8);
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
    fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flipped_byte_is_found_and_nothing_else() {
    let (planted, sound) = if everything() { (500, 300) } else { (60, 30) };
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    let program =
        Program::new(folder.path()).variable("WENSHU_JOBS", "false").variable("WENSHU_STORAGE_COPY", copy.display());
    let service = program.serve();
    let library = Library::create(&service.admin().await, "library").await;
    let mut documents = Vec::new();
    for number in 0..planted + sound {
        // Some compress, some do not, some are lists with chunks.
        let bytes = match number % 10 {
            0 => noise(number as u64, 1 << 20).repeat(2),
            1..4 => format!("第 {number} 号文件\n").repeat(40 + number).into_bytes(),
            _ => noise(number as u64, 500 + 31 * number),
        };
        documents.push((library.upload(&format!("{number}.bin"), &bytes).await, sha256(&bytes)));
    }
    let copied = std::process::Command::new("cp").arg("-a").arg(program.data.join("objects")).arg(&copy).status();
    assert!(copied.unwrap().success());

    let objects = program.data.join("objects");
    let mut victims: Vec<_> = files(&objects).into_iter().map(|(path, _)| path).collect();
    victims.retain(|path| path.starts_with(objects.join("chunks")) || path.starts_with(objects.join("contents")));
    victims.sort();
    let mut numbers = Numbers(7);
    let mut hit = HashSet::new();
    while hit.len() < planted {
        let victim = victims.swap_remove(numbers.within(0..victims.len()));
        flip(&victim, &mut numbers);
        hit.insert(victim.file_name().unwrap().to_str().unwrap().to_owned());
    }
    // Wrong bytes are never served, whether anybody has verified or not.
    let (mut wrong, mut refused) = (0, HashSet::new());
    for (document, hash) in &documents {
        let request = library.client.request(reqwest::Method::GET, &format!("/documents/{document}/content"));
        let body = match request.send().await {
            Ok(response) if response.status() == 200 => response.bytes().await.ok(),
            _ => None,
        };
        match body {
            Some(body) => wrong += usize::from(&sha256(&body) != hash),
            None => drop(refused.insert(document.clone())),
        }
    }
    let output = program.run(&["verify"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let named: HashSet<String> =
        documents.iter().map(|(id, _)| id.clone()).filter(|id| said.contains(id.as_str())).collect();
    let false_alarms = named.difference(&refused).count();
    let missed = refused.difference(&named).count();
    let view = library.client.get("/admin/storage").await.assert_status(200).json();
    let found: HashSet<String> = view["damaged"].as_array().unwrap().iter().map(key_name).collect();
    let (overlooked, invented) = (hit.difference(&found).count(), found.difference(&hit).count());
    println!(
        "faults | flips {planted} | found {} | overlooked {overlooked} | documents named {} | missed {missed} | \
         false alarms {} | wrong bytes {wrong}",
        found.len(),
        named.len(),
        false_alarms + invented
    );
    assert_eq!((wrong, missed, false_alarms, invented, overlooked), (0, 0, 0, 0, 0));

    let output = program.run(&["verify", "--repair", "--dry-run"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!objects.join("damaged").exists(), "a dry run changes nothing");
    let output = program.run(&["verify", "--repair"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(program.run(&["verify"]).status.success());
    for (document, hash) in &documents {
        assert_eq!(&sha256(&library.download(document).await.assert_status(200).body), hash);
    }
    let kept = files(&objects.join("damaged")).len();
    println!("faults | flips, repaired from a copy {} | damaged bytes kept {kept} | destroyed 0", found.len());
    assert_eq!(kept, found.len(), "the damaged bytes are kept aside");
}

fn key_name(damaged: &serde_json::Value) -> String {
    damaged["key"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}
