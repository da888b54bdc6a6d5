//! The `wenshu` program; see `cli.rs` for its commands.

fn main() -> std::process::ExitCode {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        wenshu::worker::child::main();
        return std::process::ExitCode::SUCCESS;
    }
    wenshu::cli::main()
}
