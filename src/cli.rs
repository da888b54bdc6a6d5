//! What can be asked of the program on the command line?

use std::{
    io::{BufRead, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use storage::{KeyFile, Store};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    actions::{
        add_token::add_token,
        add_user::{AddUser, add_user},
        collect_garbage::collect_garbage,
        verify::{self, Pace, Report},
    },
    app::App,
    audit::verify::{Verdict, verify as verify_audit},
    clock::Clock,
    config::{Config, DEFAULT_FILE, Flags},
    db,
    http::{self, listener},
    names, push, search, server, telemetry,
};

/// Wenshu 文枢: keeps, shows and finds documents, and lets people edit them together.
#[derive(Parser)]
#[command(name = "wenshu", version)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the service until Ctrl-C or SIGTERM
    Serve,
    /// The isolated child process; the service starts it itself
    #[command(hide = true)]
    Worker,
    /// Brings the database up to this program's version
    Migrate,
    /// Manages accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Manages API tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Builds the search index anew from stored text; the service must not run on this data folder
    Reindex,
    /// Looks after the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Uploads what is new in a folder of this machine, also to a service elsewhere
    Push(push::Options),
    /// Reads and hashes everything stored again and reports damage; deletes nothing
    Verify {
        /// Takes good copies of what is damaged from the storage that the setting `storage_copy` names
        #[arg(long)]
        repair: bool,
        /// With --repair: only says what would be repaired
        #[arg(long, requires = "repair")]
        dry_run: bool,
    },
    /// Removes stored bytes that nothing has referred to for two grace periods
    Gc {
        /// Only says what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Manages the key of an encrypted storage
    #[command(subcommand)]
    Key(KeyCommand),
    /// Prints the settings file with its defaults and explanations
    Config,
    /// Prints the OpenAPI description
    Openapi,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Adds an account; without --password-stdin a password is made up and printed
    Add {
        /// Name to sign in with
        name: String,
        /// Name that colleagues see
        #[arg(long, default_value = "")]
        display_name: String,
        /// May manage accounts and groups
        #[arg(long)]
        admin: bool,
        /// Reads the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Makes a token that acts for USER and prints it
    Create {
        /// Sign-in name of the account
        user: String,
        /// What the token is for
        name: String,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Writes a new key into FILE, which must not exist; name it in `storage_key_file` before the first start
    New {
        /// The file to make; only its owner may read it
        file: PathBuf,
    },
    /// Changes the key of the storage; content stays as it is. May run beside the service, and again after it was interrupted
    Rotate {
        /// Key file that takes the place of `storage_key_file`; made when it does not exist
        #[arg(long, value_name = "FILE", required_unless_present = "new_data_key")]
        to: Option<PathBuf>,
        /// Encrypts what is written from the next start on with a new data key
        #[arg(long)]
        new_data_key: bool,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Checks that no event was changed or removed
    Verify,
}

/// Parses the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Worker) {
        // The child isolates itself before anything else: no runtime, no log, no settings.
        crate::worker::child::main();
        return ExitCode::SUCCESS;
    }
    telemetry::start_log();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wenshu: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match &cli.command {
        Command::Config => return print(DEFAULT_FILE),
        Command::Openapi => return print(&http::openapi().to_pretty_json()?),
        Command::Push(options) => {
            let runtime = tokio::runtime::Runtime::new().context("the runtime does not start")?;
            return runtime.block_on(push::push(options));
        }
        Command::Key(KeyCommand::New { file }) => {
            KeyFile::create(file).with_context(|| format!("{} cannot be made", file.display()))?;
            return print(&format!("{} holds the key: keep a copy of it in a safe place", file.display()));
        }
        _ => {}
    }
    let config = Config::load(&cli.flags, std::env::vars())?;
    let runtime = tokio::runtime::Runtime::new().context("the runtime does not start")?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve => return serve(config).await,
            Command::Reindex => return reindex(config).await,
            Command::Key(KeyCommand::Rotate { to, new_data_key }) => {
                return rotate_key(&config, to, new_data_key).await;
            }
            _ => {}
        }
        let app = server::open_app(config, Clock::default()).await?;
        let done = command(&app, cli.command).await;
        app.db.close().await;
        done
    })
}

/// The commands that may run beside a running service.
async fn command(app: &App, command: Command) -> anyhow::Result<()> {
    match command {
        Command::User(UserCommand::Add { name, display_name, admin, password_stdin }) => {
            let password = if password_stdin { Some(first_line()?) } else { None };
            add_account(app, AddUser { name, display_name, is_admin: admin, ..AddUser::default() }, password).await
        }
        Command::Token(TokenCommand::Create { user, name }) => create_token(app, &user, &name).await,
        Command::Audit(AuditCommand::Verify) => match verify_audit(app.db.read()).await? {
            Verdict::Intact { events } => print(&format!("the audit log is intact: {events} events")),
            Verdict::Broken { seq } => bail!("the audit log was changed at event {seq}"),
        },
        Command::Verify { repair: false, .. } => verify_content(app).await,
        Command::Verify { dry_run, .. } => repair_content(app, dry_run).await,
        Command::Gc { dry_run } => print(&collect_garbage(app, dry_run).await?.to_string()),
        // Opening the app has brought the database up to date.
        Command::Migrate => print("the database is up to date"),
        Command::Serve
        | Command::Worker
        | Command::Reindex
        | Command::Key(_)
        | Command::Push(_)
        | Command::Config
        | Command::Openapi => {
            unreachable!("handled before the app was opened")
        }
    }
}

/// From one word about the progress of a long command to the next.
const PROGRESS: std::time::Duration = std::time::Duration::from_secs(2);

async fn reindex(config: Config) -> anyhow::Result<()> {
    let app = server::build_app(config, Clock::default()).await?;
    app.search().rebuild();
    let building = search::catch_up(&app);
    tokio::pin!(building);
    loop {
        tokio::select! {
            result = &mut building => break result?,
            () = tokio::time::sleep(PROGRESS) => {
                if let Some(progress) = app.search().rebuilding() {
                    print(&format!("{} of {} documents", progress.done, progress.total))?;
                }
            }
        }
    }
    print(&format!("{} documents are in the index", app.search().index().document_count()?))
}

async fn rotate_key(config: &Config, to: Option<PathBuf>, new_data_key: bool) -> anyhow::Result<()> {
    let old = config.storage_key()?.context("storage_key_missing: storage_key_file names no file")?;
    let new = match &to {
        // It exists when the command was interrupted before.
        Some(path) if path.exists() => KeyFile::read(path),
        Some(path) => KeyFile::create(path),
        None => Ok(old.clone()),
    };
    let new = new.with_context(|| format!("{} cannot be used", to.clone().unwrap_or_default().display()))?;
    let rotated = Store::rotate_keys(&server::backend(config)?, &old, &new, new_data_key).await;
    rotated.map_err(|error| {
        let refusal =
            server::key_refusal(&error).unwrap_or("the key was not changed completely: run the command again");
        anyhow::Error::new(error).context(refusal)
    })?;
    match to {
        Some(path) => print(&format!("{} opens the storage now: set storage_key_file to it", path.display())),
        None => print("what is written from the next start on is encrypted with a new data key"),
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let app = server::build_app(config, Clock::default()).await?;
    let listener = listener::listen(app.config.listen)
        .with_context(|| format!("the address {} cannot be listened on", app.config.listen))?;
    let address = listener.local_addr()?;
    let password = server::add_first_admin(&app).await?;
    // Before anybody is told: who is told may stop it.
    stop_on_signal(&app)?;
    print(&format!("Wenshu 文枢 listens on http://{address}"))?;
    if let Some(password) = password {
        print(&format!("Sign in as admin with the password {password} (shown this once only)"))?;
    }
    server::serve(app, listener).await
}

fn stop_on_signal(app: &App) -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let shutdown = app.shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        shutdown.cancel();
        // Whoever asks twice does not want to wait. What was acknowledged is durable anyway.
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(())
}

async fn add_account(app: &App, account: AddUser, password: Option<String>) -> anyhow::Result<()> {
    let made_up = password.is_none();
    let password = password.unwrap_or_else(server::made_up_password);
    let user = add_user(app, None, AddUser { password: password.clone(), ..account }).await?;
    print(&format!("added {}", user.name))?;
    if made_up { print(&format!("password: {password}")) } else { Ok(()) }
}

async fn create_token(app: &App, user: &str, name: &str) -> anyhow::Result<()> {
    let found = db::users::find_by_name(app.db.read(), &names::key(&names::tidy(user))).await?;
    let (user, _) = found.with_context(|| format!("there is no account {user}"))?;
    let (_, secret) = add_token(app, &user.id, None, name, None).await?;
    print(&secret)
}

async fn verify_content(app: &App) -> anyhow::Result<()> {
    let report = verify::verify(app, Pace::new(0), |damage| eprintln!("damaged: {damage}")).await?;
    let Report { versions, contents, chunks, bytes, damaged_objects, damaged_contents, damaged_versions, .. } = report;
    if damaged_objects == 0 && report.damage.is_empty() {
        return print(&format!(
            "all content is there and intact: {versions} versions, {contents} contents, {chunks} chunks, {bytes} bytes"
        ));
    }
    bail!(
        "{damaged_versions} of {versions} versions are damaged ({damaged_contents} contents, {damaged_objects} objects)"
    )
}

async fn repair_content(app: &App, dry_run: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        !app.config.storage_copy.is_empty(),
        "the setting `storage_copy` does not say where good copies are"
    );
    let copy = server::open_copy(app).context("the copy of the storage does not open")?;
    let done = verify::repair(app, &copy, dry_run, |damage| eprintln!("damaged: {damage}")).await?;
    let word = if dry_run { "would be repaired" } else { "repaired" };
    done.repaired.iter().try_for_each(|key| print(&format!("{word}: {key}")))?;
    done.left.iter().for_each(|key| eprintln!("no good copy: {key}"));
    print(&format!("{word}: {} objects, without a good copy: {}", done.repaired.len(), done.left.len()))?;
    anyhow::ensure!(done.left.is_empty(), "{} damaged objects have no good copy", done.left.len());
    Ok(())
}

fn first_line() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Prints one line at once, also into a pipe.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    Ok(out.flush()?)
}
