//! Where does the program run: on a folder under the shim, or on a bucket behind a server that makes trouble? Both count the
//! calls that change the store, and end the program before or after one of them.

use std::{
    process::Output,
    sync::atomic::{AtomicUsize, Ordering},
};

use storage::{Backend, Store};

use crate::{
    power::{Fault, Shim, files},
    s3::{Trouble, Troubled},
    support::{
        Program, Running,
        database::TestDatabase,
        garage::{Bucket, Garage},
    },
};

/// The two kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Folder,
    Garage,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Garage => "Garage",
        }
    }
}

/// A place of its own for each run.
pub struct Place {
    pub program: Program,
    pub troubled: Option<Troubled>,
    bucket: Option<Bucket>,
    _folder: tempfile::TempDir,
    _database: TestDatabase,
}

/// A program under a fault, from its start on.
pub enum Armed {
    Folder(Shim),
    Garage,
}

/// How a command under a fault ended.
pub struct Ran {
    pub output: Output,
    /// Calls that change the store.
    pub calls: usize,
}

impl Place {
    pub async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Folder => Self::folder().await,
            Kind::Garage => Self::on(Garage::shared()).await,
        }
    }

    async fn folder() -> Self {
        let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::create().await);
        let program = program(folder.path(), &database);
        std::fs::create_dir(&program.data).unwrap();
        Self { program, troubled: None, bucket: None, _folder: folder, _database: database }
    }

    /// A bucket of its own behind a troubled server.
    pub async fn on(garage: &Garage) -> Self {
        let bucket = bucket(garage);
        let troubled = Troubled::before(&bucket.endpoint).await;
        let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::create().await);
        let url = format!("s3://{}?endpoint=http://{}&region={}", bucket.bucket, troubled.address, bucket.region);
        let program = program(folder.path(), &database)
            .flag("--storage", &url)
            .variable("AWS_ACCESS_KEY_ID", &bucket.access_key)
            .variable("AWS_SECRET_ACCESS_KEY", &bucket.secret_key);
        Self { program, troubled: Some(troubled), bucket: Some(bucket), _folder: folder, _database: database }
    }

    /// What is stored here, without trouble.
    pub fn backend(&self) -> Backend {
        match &self.bucket {
            None => Backend::Local { root: self.program.data.join("objects") },
            Some(bucket) => backend_of(bucket),
        }
    }

    /// The objects as they are.
    pub fn objects(&self) -> std::sync::Arc<dyn object_store::ObjectStore> {
        Store::open(&self.backend()).unwrap().objects()
    }

    /// A second store beside this one, and its address.
    pub fn copy_address(&self) -> (Backend, String) {
        match &self.bucket {
            None => {
                let root = self.program.data.with_file_name("copy");
                std::fs::create_dir_all(&root).unwrap();
                (Backend::Local { root: root.clone() }, root.display().to_string())
            }
            Some(_) => {
                let copy = bucket(Garage::shared());
                let url = format!("s3://{}?endpoint={}&region={}", copy.bucket, copy.endpoint, copy.region);
                (backend_of(&copy), url)
            }
        }
    }

    pub async fn database(&self) -> wenshu::db::Db {
        let program = &self.program;
        let url = program.flags.iter().skip_while(|flag| *flag != "--database").nth(1).cloned();
        let url = url.unwrap_or_else(|| format!("sqlite://{}", program.data.join("wenshu.db").display()));
        wenshu::db::Db::connect(&url).await.unwrap()
    }

    /// Runs one statement.
    pub async fn sql(&self, statement: &'static str, value: &str) -> u64 {
        let db = self.database().await;
        let mut tx = db.begin().await.unwrap();
        let query = sqlx::query(statement);
        let query = if value.is_empty() { query } else { query.bind(value.to_owned()) };
        let done = query.execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
        done.rows_affected()
    }

    /// Starts the service under `fault`; calls are counted after [`Place::arm`].
    pub fn serve_under(&self, fault: Fault) -> (Running, Armed) {
        match &self.troubled {
            None => {
                let (shim, program) = Shim::around(&self.program, fault);
                (program.serve(), Armed::Folder(shim))
            }
            Some(_) => (self.program.serve(), Armed::Garage),
        }
    }

    /// Starts the service under `fault`, armed as early as can be; `None` when it dies before it listens.
    pub fn try_serve_armed(&self, fault: Fault) -> Option<(Running, Armed)> {
        match &self.troubled {
            None => {
                let (shim, program) = Shim::around(&self.program, fault);
                shim.arm();
                match program.try_serve() {
                    Ok(service) => Some((service, Armed::Folder(shim))),
                    Err(_) => {
                        shim.cut_power();
                        None
                    }
                }
            }
            Some(troubled) => {
                let service = self.program.serve();
                troubled.follow(service.id(), plan(fault));
                Some((service, Armed::Garage))
            }
        }
    }

    /// Begins to count, and to fail.
    pub fn arm(&self, armed: &Armed, service: &Running, fault: Fault) {
        match (armed, &self.troubled) {
            (Armed::Folder(shim), _) => shim.arm(),
            (Armed::Garage, Some(troubled)) => troubled.follow(service.id(), plan(fault)),
            (Armed::Garage, None) => unreachable!("a bucket has a server before it"),
        }
    }

    pub fn calls(&self, armed: &Armed) -> usize {
        match (armed, &self.troubled) {
            (Armed::Folder(shim), _) => shim.calls(),
            (Armed::Garage, troubled) => troubled.as_ref().map_or(0, Troubled::count),
        }
    }

    /// Nothing fails any more; what was not synced is gone. Returns how many names that were.
    pub fn disarm(&self, armed: &Armed) -> usize {
        match (armed, &self.troubled) {
            (Armed::Folder(shim), _) => shim.cut_power().names,
            (Armed::Garage, Some(troubled)) => {
                troubled.pass();
                0
            }
            (Armed::Garage, None) => 0,
        }
    }

    /// Runs a command under a fault, and cuts the power after it.
    pub async fn run_under(&self, program: &Program, arguments: &[&str], fault: Fault) -> Ran {
        match &self.troubled {
            None => {
                let (shim, program) = Shim::around(program, fault);
                shim.arm();
                let output = program.run(arguments);
                let calls = shim.calls();
                shim.cut_power();
                Ran { output, calls }
            }
            Some(troubled) => {
                troubled.follow(0, plan(fault));
                let child = program.spawn(arguments);
                troubled.name_process(child.id());
                let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
                let output = ended.await.unwrap();
                let calls = troubled.count();
                troubled.pass();
                Ran { output, calls }
            }
        }
    }

    /// Makes all objects look as if they were written three days ago; a bucket cannot, there the grace period is short.
    pub fn age(&self) {
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 24 * 3600);
        for (path, _) in files(&self.program.data.join("objects")) {
            std::fs::File::open(&path).and_then(|file| file.set_modified(then)).unwrap();
        }
    }
}

fn program(folder: &std::path::Path, database: &TestDatabase) -> Program {
    let program = Program::new(folder).variable("WENSHU_JOBS", "false");
    if database.url.is_empty() { program } else { program.flag("--database", &database.url) }
}

fn bucket(garage: &Garage) -> Bucket {
    static BUCKETS: AtomicUsize = AtomicUsize::new(0);
    garage.bucket(&format!("faults-{}", BUCKETS.fetch_add(1, Ordering::Relaxed)))
}

fn backend_of(bucket: &Bucket) -> Backend {
    Backend::S3 {
        endpoint: bucket.endpoint.clone(),
        bucket: bucket.bucket.clone(),
        region: bucket.region.clone(),
        access_key: bucket.access_key.clone(),
        secret_key: bucket.secret_key.clone(),
    }
}

fn plan(fault: Fault) -> impl Fn(&str, &str, usize) -> Trouble + Send + Sync + 'static {
    move |_, _, number| match fault {
        Fault::Kill(n) if n == number => Trouble::KillBefore,
        Fault::KillAfter(n) if n == number => Trouble::KillAfter,
        _ => Trouble::Pass,
    }
}
