//! The `wenshu` program; see `cli.rs` for its commands.

fn main() -> std::process::ExitCode {
    wenshu::cli::main()
}
