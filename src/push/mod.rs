//! `wenshu push`: how does a folder of this machine get into the service, at the cost of what is new?
//!
//! Walk the folder ([`scan`]), make the folders that are missing, compare with what was pushed before ([`cache`]), cut the
//! files that changed ([`cut`]) and send the chunks that the server does not have from this user ([`file`]). What is already
//! there is neither read nor sent again. It talks to the service as every client does ([`remote`]), over the API.

mod cache;
mod cut;
mod file;
mod folders;
mod moment;
mod remote;
mod report;
mod scan;

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use futures::{StreamExt, stream};
use tokio::sync::Semaphore;

use cache::Cache;
use file::Pusher;
use folders::Folders;
use remote::Remote;
use report::{Report, shown};

/// Files on their way at a time.
const FILES_AT_ONCE: usize = 8;

/// Uploads what is new in a folder
#[derive(clap::Args)]
pub struct Options {
    /// Folder whose content is uploaded
    dir: PathBuf,
    /// Address of the service
    #[arg(long, env = "WENSHU_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Where to put it: an id, or a path that begins with the name of a library, such as 设计部/2026; what is missing below the
    /// library is made
    #[arg(long)]
    folder: String,
    /// API token of the account to upload as; better given in the environment, where other users do not see it
    #[arg(long, env = "WENSHU_TOKEN", hide_env_values = true)]
    token: String,
    /// Only tells what would be done
    #[arg(long)]
    dry_run: bool,
    /// Takes hidden files and folders, too
    #[arg(long)]
    hidden: bool,
    /// Prints nothing but failures
    #[arg(long, short)]
    quiet: bool,
    /// File that remembers what was pushed; below ~/.cache/wenshu by default
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

/// Does what the options say; fails when a single file could not be pushed.
pub async fn push(options: &Options) -> anyhow::Result<()> {
    let root = options.dir.canonicalize().with_context(|| format!("{} cannot be read", options.dir.display()))?;
    if !root.is_dir() {
        bail!("{} is no folder", options.dir.display());
    }
    let remote = Remote::connect(&options.url, &options.token).await?;
    let folders = Folders::open(&remote, &options.folder, options.dry_run).await?;
    let place = format!("{}\n{}\n{}", remote.base(), folders.root_name(), root.display());
    let cache = Cache::open(options.state.as_deref(), &place)?;
    let scanned = {
        let (root, hidden) = (root.clone(), options.hidden);
        tokio::task::spawn_blocking(move || scan::scan(&root, hidden)).await??
    };
    let report = Report::begin(&scanned, options.quiet);
    let pusher = Pusher {
        root,
        remote,
        cache,
        report: report.clone(),
        dry_run: options.dry_run,
        cutting: Semaphore::new(std::thread::available_parallelism().map_or(2, |count| count.get())),
        sending: Semaphore::new(file::CHUNKS_AT_ONCE),
    };
    let pushed = tokio::select! {
        pushed = push_all(&pusher, folders, scanned) => pushed,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted: the next push goes on from here")),
    };
    // Also after a failure: what is there need not be read again.
    pusher.cache.save()?;
    pushed?;
    report.end(options.dry_run);
    match report.failed() {
        0 => Ok(()),
        failed => bail!("{failed} of the files could not be uploaded"),
    }
}

async fn push_all(pusher: &Pusher, mut folders: Folders, scanned: scan::Scanned) -> anyhow::Result<()> {
    for (path, why) in &scanned.unreadable {
        pusher.report.failure(path, why);
    }
    // Folder by folder, parents first: their names are made and compared, then their files go, a few at a time.
    let mut work = Vec::new();
    for folder in scanned.folders {
        let id = match folders.find_or_make(&pusher.remote, &folder.path).await {
            Ok(id) => id,
            Err(failure) if failure.is_final() => return Err(failure.into()),
            Err(failure) => {
                pusher.report.failure(&folder.path, &failure.to_string());
                for file in &folder.files {
                    pusher.report.failure(&file.path, "its folder could not be made");
                }
                continue;
            }
        };
        let there = match &id {
            Some(id) => pusher.remote.documents(id, &folder.files).await?,
            None => Default::default(),
        };
        let id = id.map(Arc::new);
        work.extend(folder.files.into_iter().map(|file| {
            let document = there.get(&file.name).cloned();
            (id.clone(), file, document)
        }));
    }
    let mut going = stream::iter(work)
        .map(|(folder, file, document)| async move {
            let outcome = pusher.push(folder.as_deref().map(String::as_str), &file, document).await;
            (file, outcome)
        })
        .buffer_unordered(FILES_AT_ONCE);
    while let Some((file, outcome)) = going.next().await {
        match outcome {
            Ok(outcome) => pusher.report.done(&file, outcome),
            // Whoever is not let in, is not let in with the next file either.
            Err(failure) if failure.is_final() => return Err(anyhow::Error::new(failure).context(shown(&file.path))),
            Err(failure) => pusher.report.failure(&file.path, &failure.to_string()),
        }
        pusher.cache.save_sometimes()?;
    }
    Ok(())
}
