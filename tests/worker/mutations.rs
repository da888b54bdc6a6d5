//! Damaged copies of the corpus go through the whole worker: each ends with an answer or a stable code, in time, and nothing of it is
//! left. `MUTATIONS` says how many (40 otherwise), `SEED` which.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use wenshu::worker::{Limits, PoolConfig, WorkerPool};

use crate::{
    limits::processes_below,
    support::{config, corpus, manifest, prepare},
};

/// Larger files say nothing that smaller ones do not, and take longer.
const MAX_BYTES: u64 = 400_000;
/// How long one file may take; the limits below end it before.
const PATIENCE: Duration = Duration::from_secs(240);

fn mutate(bytes: &mut Vec<u8>, random: &mut StdRng) {
    for _ in 0..random.random_range(1..12) {
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..6) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            // Sizes and offsets are what parsers trust.
            2 => bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
            3 => {
                let part: Vec<u8> = bytes[at..].iter().take(random.random_range(1..200)).copied().collect();
                let place = random.random_range(0..bytes.len());
                bytes.splice(place..place, part);
            }
            4 => drop(bytes.splice(at..(at + random.random_range(1..200)).min(bytes.len()), [])),
            _ if bytes.len() > 2000 => bytes.truncate(bytes.len() - random.random_range(0..bytes.len() / 4)),
            _ => {}
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutated_files_end_in_time_and_leave_nothing() {
    let number =
        |name: &str, otherwise: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (count, seed) = (number("MUTATIONS", 40), number("SEED", 20_260_105));
    let folder = tempfile::tempdir().unwrap();
    let workers = folder.path().join("workers");
    let limits = Limits {
        prepare_seconds: 120,
        convert_seconds: 50,
        ocr_seconds: 30,
        memory_bytes: 1 << 30,
        disk_bytes: 512 << 20,
        ..Limits::default()
    };
    let config = PoolConfig { converters: 3, limits, folder: Some(workers.clone()), ..config() };
    let pool = WorkerPool::start(config).await.unwrap();
    let files: Vec<_> = manifest()
        .into_iter()
        .map(|entry| corpus().join(entry.path))
        .filter(|path| !path.starts_with(corpus().join("text")))
        .filter(|path| fs::metadata(path).is_ok_and(|metadata| (1..MAX_BYTES).contains(&metadata.len())))
        .collect();
    let mut random = StdRng::seed_from_u64(seed);
    let mut inputs = Vec::new();
    for index in 0..count {
        let original = files.choose(&mut random).expect("the corpus has files");
        let mut bytes = fs::read(original).unwrap();
        mutate(&mut bytes, &mut random);
        let name = original.file_name().unwrap().to_str().unwrap();
        let path = folder.path().join(format!("{index}-{name}"));
        fs::write(&path, bytes).unwrap();
        inputs.push(path);
    }
    let outcomes = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let slow = Arc::new(Mutex::new(Vec::new()));
    stream::iter(inputs)
        .for_each_concurrent(3, |path| {
            let (pool, outcomes, slow) = (pool.clone(), outcomes.clone(), slow.clone());
            async move {
                let began = Instant::now();
                let outcome = tokio::time::timeout(PATIENCE, prepare(&pool, &path)).await;
                let outcome = outcome.unwrap_or_else(|_| panic!("{} hangs", path.display()));
                let code = match outcome {
                    Ok(_) => "prepared".to_owned(),
                    Err(error) => {
                        assert!(error.is_final(), "{}: {error}", path.display());
                        error.code
                    }
                };
                if began.elapsed() > Duration::from_secs(60) {
                    slow.lock().unwrap().push(format!("{} {code} {:?}", path.display(), began.elapsed()));
                }
                *outcomes.lock().unwrap().entry(code).or_default() += 1;
            }
        })
        .await;
    println!("{count} mutated files: {:?}", outcomes.lock().unwrap());
    println!("slower than a minute: {:#?}", slow.lock().unwrap());
    let sound = prepare(&pool, &corpus().join("pdf/text/en-outline.pdf")).await.unwrap();
    assert_eq!(sound.prepared.page_sizes.len(), 4, "the pool still answers");
    pool.stop().await;
    assert_eq!(processes_below(&workers.canonicalize().unwrap()), 0);
    drop(pool);
    assert_eq!(fs::read_dir(&workers).unwrap().count(), 0, "no folder is left");
}
