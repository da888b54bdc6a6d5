//! How does the service start and stop? Data folder, database, router, jobs; and the same in reverse.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use storage::{Backend, Store};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    actions::{
        add_user::{AddUser, add_user},
        intake::Intake,
        object_guard::ObjectGuard,
        upload_address::Seal,
        upload_locks::UploadLocks,
    },
    app::{App, JobSignal, Node, Parts},
    auth::{basic::Verified, guests::Guests},
    clock::Clock,
    config::Config,
    db::{self, Db},
    http::{self, health::Readiness, listener},
    jobs::{
        self, check_usage::CheckUsage, clean_up::CleanUp, expire_trash::ExpireTrash, list_chunks::ListChunks,
        remove_expired_uploads::RemoveExpiredUploads, thin_versions::ThinVersions,
    },
    memory,
    preview::Preview,
    rooms::{self, Rooms, http_transport::HttpPeers},
    search::{self, Search},
    telemetry::Metrics,
    worker::{PoolConfig, Workers},
};

/// How long requests may go on after the signal to stop.
const FINISH: Duration = Duration::from_secs(20);

/// Opens everything the service stands on. The data folder is this process's alone from now on.
pub async fn build_app(config: Config, clock: Clock) -> anyhow::Result<App> {
    create_folder(&config.data)?;
    let lock = lock_folder(&config.data)?;
    open(config, clock, Some(lock)).await
}

/// Opens the same for a command that may run beside the service: database and storage can be shared.
pub async fn open_app(config: Config, clock: Clock) -> anyhow::Result<App> {
    create_folder(&config.data)?;
    open(config, clock, None).await
}

/// Where the objects are, by the settings and the environment.
pub fn backend(config: &Config) -> anyhow::Result<Backend> {
    Ok(Backend::parse(&config.storage_url(), |name| std::env::var(name).ok())?)
}

/// Opens the storage with the key file, if there is one. Without the right key nothing would be found, and plain bytes must not
/// get into an encrypted storage: so the service does not start.
async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let backend = backend(config)?;
    let opened = match config.storage_key()? {
        Some(key) => Store::open_with_key(&backend, &key).await,
        None => match Store::open(&backend) {
            Ok(store) => match store.require_key().await {
                Err(error @ storage::Error::KeyMissing) => Err(error),
                // A storage that cannot be reached now may be reached later: `/readyz` says so until then.
                _ => Ok(store),
            },
            Err(error) => Err(error),
        },
    };
    opened.map_err(|error| match key_refusal(&error) {
        Some(refusal) => anyhow::Error::new(error).context(refusal),
        None => anyhow::Error::new(error).context("the storage does not open"),
    })
}

/// What an administrator is told about keys, each with its code.
pub fn key_refusal(error: &storage::Error) -> Option<&'static str> {
    match error {
        storage::Error::KeyMissing => Some("storage_key_missing: set storage_key_file to the key file of this storage"),
        storage::Error::KeyWrong => Some("storage_key_wrong: storage_key_file is not the key file of this storage"),
        storage::Error::KeyFileInvalid { .. } => Some("storage_key_invalid: `wenshu key new FILE` makes a key file"),
        storage::Error::NotEncrypted => {
            Some("storage_not_encrypted: a storage that was begun without a key file goes on without one")
        }
        _ => None,
    }
}

async fn open(config: Config, clock: Clock, data_lock: Option<File>) -> anyhow::Result<App> {
    let db = Db::connect(&config.database_url()).await.context("the database does not open")?;
    db.migrate().await.context("the database cannot be brought up to date")?;
    let seal = Seal::open(&db).await.context("the key for the addresses of uploads cannot be read")?;
    let guard = ObjectGuard::new(db.clone(), clock.clone(), config.gc_grace_ms);
    let store = open_store(&config).await?.guarded(Arc::new(guard));
    let workers = Workers::new(PoolConfig {
        program: config.worker_program.clone(),
        converters: config.converters,
        renderers: config.renderers,
        folder: Some(config.scratch()),
        ..PoolConfig::default()
    });
    let node = match &data_lock {
        Some(_) => Some(open_node(&config, &store, db::changes::last(db.read()).await?)?),
        None => None,
    };
    let rooms = Rooms::new(db.clone(), clock.clone());
    let metrics = Metrics::default();
    rooms.register_metrics(&metrics.registry);
    Ok(App::new(Parts {
        config,
        db,
        store,
        workers,
        node,
        clock,
        jobs: JobSignal::default(),
        rooms,
        http_peers: HttpPeers::default(),
        guests: Guests::default(),
        verified: Verified::default(),
        uploads: UploadLocks::default(),
        seal,
        intake: Intake::default(),
        readings: Default::default(),
        metrics,
        readiness: Readiness::default(),
        tasks: TaskTracker::new(),
        shutdown: CancellationToken::new(),
        data_lock,
    }))
}

/// Opens the copy of the objects that damage is repaired from.
pub fn open_copy(app: &App) -> anyhow::Result<Store> {
    let backend = Backend::parse(&app.config.storage_copy, |name| std::env::var(name).ok())?;
    Ok(Store::open(&backend)?)
}

/// Index and caches, and an empty scratch folder: what a killed process left there is nobody's.
fn open_node(config: &Config, store: &Store, newest_change: i64) -> anyhow::Result<Node> {
    let scratch = config.scratch();
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch).with_context(|| format!("the folder {} cannot be made", scratch.display()))?;
    let search =
        Search::open(&config.data.join("index"), newest_change as u64).context("the search index does not open")?;
    let preview = Preview::new(store.clone(), config.data.join("cache")).context("the cache does not open")?;
    Ok(Node { preview, search })
}

/// Answers requests on `listener` until `app.shutdown`, then stops in order: no new connections, requests finish,
/// rooms and jobs put away their work, the database closes.
pub async fn serve(app: App, listener: TcpListener) -> anyhow::Result<()> {
    if app.config.jobs {
        let mut tx = app.db.begin().await?;
        if app.db.engine() == db::Engine::Sqlite {
            // This process holds the data folder alone, so nobody else works on what a killed one left.
            db::jobs::end_leases(&mut tx).await?;
        }
        let now = app.clock.now();
        jobs::enqueue(&mut tx, &CleanUp {}, now, now).await?;
        jobs::enqueue(&mut tx, &ExpireTrash {}, now, now).await?;
        jobs::enqueue(&mut tx, &ThinVersions {}, now, now).await?;
        jobs::enqueue(&mut tx, &CheckUsage {}, now, now).await?;
        jobs::enqueue(&mut tx, &RemoveExpiredUploads {}, now, now).await?;
        jobs::collect_garbage::schedule(&mut tx, &app.config, now).await?;
        jobs::verify_storage::schedule(&mut tx, &app.config, now).await?;
        jobs::enqueue(&mut tx, &ListChunks { content_id: None }, now, now).await?;
        tx.commit().await?;
        jobs::runner::start(&app, jobs::all());
    }
    if app.db.engine() == db::Engine::Sqlite {
        app.tasks.spawn(db::sqlite::move_log(app.db.clone(), app.shutdown.clone()));
    }
    rooms::start(&app);
    app.tasks.spawn(memory::give_back(app.clone()));
    app.tasks.spawn(search::follow(app.clone()));
    listener::answer_all(&app, listener, http::router(app.clone()), FINISH).await;
    app.tasks.close();
    if tokio::time::timeout(FINISH, app.tasks.wait()).await.is_err() {
        tracing::warn!("some tasks did not finish in time");
    }
    app.workers.stop().await;
    app.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Adds the first administrator when there are no accounts; returns the password when it was made up here.
pub async fn add_first_admin(app: &App) -> anyhow::Result<Option<String>> {
    if db::users::count(app.db.read()).await? > 0 {
        return Ok(None);
    }
    let given = std::env::var("WENSHU_ADMIN_PASSWORD").ok().filter(|given| !given.is_empty());
    let password = given.clone().unwrap_or_else(made_up_password);
    let admin = AddUser {
        name: "admin".into(),
        password: password.clone(),
        is_admin: true,
        clearance: Some(3),
        ..AddUser::default()
    };
    match add_user(app, None, admin).await {
        Ok(_) => Ok(given.is_none().then_some(password)),
        // Another node on the same database was quicker.
        Err(error) if error.code() == "user_name_taken" => Ok(None),
        Err(error) => Err(error).context("the first administrator cannot be added"),
    }
}

/// 16 characters without look-alikes: 80 bits.
pub fn made_up_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    rand::random::<[u8; 16]>().iter().map(|byte| LETTERS[usize::from(byte % 32)] as char).collect()
}

fn create_folder(folder: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("the data folder {} cannot be made", folder.display()))
}

fn lock_folder(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("wenshu.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("the data folder {} is in use by another running wenshu", folder.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("the data folder cannot be locked"),
    }
}
