//! What can be asked of the program on the command line?

use std::{io::IsTerminal, process::ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{
    app::App,
    clock::Clock,
    config::{Config, Flags},
    server,
};

/// Wenshu 文枢: keeps, shows, finds and edits documents together.
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
    /// Runs the service until Ctrl-C or SIGTERM.
    Serve,
    /// The isolated child process; the service starts it itself.
    #[command(hide = true)]
    Worker,
}

/// Parses the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Worker) {
        // The child sets up its own isolation before anything else: no runtime, no log, no configuration.
        crate::worker::child::main();
    }
    init_log();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wenshu: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let config = Config::load(&cli.flags)?;
    let runtime = tokio::runtime::Runtime::new().context("the runtime does not start")?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve => serve(config).await,
            Command::Worker => unreachable!("the worker was started before the runtime"),
        }
    })
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("the address {} cannot be listened on", config.listen))?;
    let address = listener.local_addr()?;
    let app = server::build_app(config, Clock::default()).await?;
    let password = server::add_first_admin(&app).await?;
    println!("Wenshu 文枢 listens on http://{address}");
    if let Some(password) = password {
        println!("Sign in as `admin` with the password {password} (shown only this once)");
    }
    stop_on_signal(&app)?;
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
    });
    Ok(())
}

fn init_log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("WENSHU_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().init();
    }
}
