//! What can the disk and the bucket do at all? Copying files and syncing them, and `rclone copy`.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::{figures, garage::Bucket, measure::Sample};

const BUFFER: usize = 1024 * 1024;

/// Copies a folder's files, so many at a time, and syncs each and then its folder.
pub fn copy_folder(from: &Path, to: &Path, at_once: usize) -> Result<Sample> {
    fs::create_dir_all(to)?;
    let files: Vec<PathBuf> = fs::read_dir(from)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    nix::unistd::sync();
    let (next, cpu, began) = (AtomicUsize::new(0), figures::own_cpu(), Instant::now());
    std::thread::scope(|scope| {
        let copy = || {
            let mut buffer = vec![0; BUFFER];
            while let Some(file) = files.get(next.fetch_add(1, Relaxed)) {
                copy_file(file, to, &mut buffer)?;
            }
            anyhow::Ok(())
        };
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(copy)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("copying does not panic"))
    })?;
    let (took, cpu) = (began.elapsed(), figures::own_cpu() - cpu);
    Ok(Sample { took, cpu: Some(cpu), garage_cpu: None, peak: None, peak_of_tree: None })
}

fn copy_file(from: &Path, to: &Path, buffer: &mut [u8]) -> Result<()> {
    let target = to.join(from.file_name().context("a file has a name")?);
    let (mut source, mut copy) = (File::open(from)?, File::create(target)?);
    loop {
        match source.read(buffer)? {
            0 => break,
            count => copy.write_all(&buffer[..count])?,
        }
    }
    copy.sync_all()?;
    Ok(File::open(to)?.sync_all()?)
}

/// `rclone copy` of a file or a folder into a bucket, over `endpoint`.
pub fn rclone(from: &Path, bucket: &Bucket, endpoint: &str, to: &str, at_once: usize) -> Result<Sample> {
    nix::unistd::sync();
    let children = figures::ended_children_cpu();
    let began = Instant::now();
    let mut process = Command::new("rclone")
        .args(["copy", "--transfers", &at_once.to_string(), "--s3-no-check-bucket"])
        .arg(from)
        .arg(format!("bench:{}/{to}", bucket.bucket))
        // A setting that this version of rclone does not survive, even over plain HTTP.
        .env_remove("AWS_CA_BUNDLE")
        .env("RCLONE_CONFIG", "/dev/null")
        .env("RCLONE_CONFIG_BENCH_TYPE", "s3")
        .env("RCLONE_CONFIG_BENCH_PROVIDER", "Other")
        .env("RCLONE_CONFIG_BENCH_FORCE_PATH_STYLE", "true")
        .env("RCLONE_CONFIG_BENCH_ENDPOINT", endpoint)
        .env("RCLONE_CONFIG_BENCH_REGION", &bucket.region)
        .env("RCLONE_CONFIG_BENCH_ACCESS_KEY_ID", &bucket.access_key)
        .env("RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY", &bucket.secret_key)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("rclone: run `make bench-transfer`")?;
    let mut peak = 0.0f64;
    let status = loop {
        if let Some(status) = process.try_wait()? {
            break status;
        }
        peak = peak.max(figures::peak_of(process.id()));
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = began.elapsed();
    let mut words = String::new();
    process.stderr.take().context("piped")?.read_to_string(&mut words)?;
    ensure!(status.success(), "rclone: {words}");
    let cpu = figures::ended_children_cpu() - children;
    Ok(Sample { took, cpu: Some(cpu), garage_cpu: None, peak: Some(peak), peak_of_tree: None })
}
