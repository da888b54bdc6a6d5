//! The `wenshu` program; see `cli.rs` for its commands.

/// The system's allocator keeps what an upload has used: 300 MB after a large one, against 50 MB here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    wenshu::memory::keep_small();
    wenshu::cli::main()
}
