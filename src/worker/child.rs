//! What does a child process do from its start to its end?
//!
//! It takes the pipes away from the libraries it will load, reads [`Setup`], loads the PDF library, builds its walls,
//! says [`Ready`], then answers one task after another until the server closes the pipe. A panic in a task ends as an
//! error of that task; anything worse ends the child, and the server starts another one.

use std::{
    fs::File,
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};

use nix::{
    libc,
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

use super::{
    apart::apart,
    export, import,
    limits::{Isolation, Limits},
    pdf::Library,
    prepare, recognise, render, room, sandbox, table,
    task::{Answer, Probe, Task, WorkerError, codes},
    unlock, wire,
};

/// The first message to a child.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    /// The child's folder with `in`, `work` and `out`.
    pub folder: PathBuf,
    /// What each task may use.
    pub limits: Limits,
    /// The PDF library; searched in the usual places when absent.
    pub pdfium: Option<PathBuf>,
    /// The office program; searched in the usual places when absent.
    pub soffice: Option<PathBuf>,
}

/// The first message of a child.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// The walls that stand.
    pub isolation: Isolation,
    /// Whether the PDF library was found.
    pub pdfium: bool,
}

/// What the tasks of one child share.
pub struct Child {
    /// The child's folder.
    pub folder: PathBuf,
    /// What each task may use.
    pub limits: Limits,
    /// The office program, when configured.
    pub soffice: Option<PathBuf>,
    /// The PDF library with the document opened last.
    pub library: Option<Library>,
}

impl Child {
    /// Returns the PDF library, or the error that says it is not installed.
    pub fn library(&mut self) -> Result<&mut Library, WorkerError> {
        self.library.as_mut().ok_or_else(|| {
            WorkerError::new(codes::PDFIUM_MISSING, "libpdfium.so was not found; set WENSHU_PDFIUM to its path")
        })
    }

    /// Returns a folder for the files of the running task.
    pub fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Returns the folder for results.
    pub fn out(&self) -> PathBuf {
        self.folder.join("out")
    }
}

/// Runs `wenshu worker`: serves tasks on the standard pipes until the server is gone.
pub fn main() {
    // Deeply nested documents recurse deeply. The thread is as the main thread to everything it starts.
    let served = std::thread::Builder::new().stack_size(256 << 20).spawn(serve).map(|thread| thread.join());
    match served {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => {
            eprintln!("worker stopped: {error}");
            std::process::exit(1);
        }
        _ => std::process::exit(2),
    }
}

fn serve() -> io::Result<()> {
    let (mut input, mut output) = take_pipes()?;
    let Some(setup) = wire::read::<Setup>(&mut input)? else {
        return Ok(());
    };
    let library = Library::load(setup.pdfium.as_deref());
    let office = setup.soffice.iter().filter_map(|path| path.parent()?.parent().map(PathBuf::from));
    let readable = office.chain(std::env::var_os("FONTCONFIG_FILE").map(PathBuf::from)).collect::<Vec<_>>();
    let isolation = sandbox::enter(&setup.folder, &readable, &setup.limits)?;
    end_with_the_server(input.as_raw_fd())?;
    std::env::set_current_dir(setup.folder.join("work"))?;
    wire::write(&mut output, &Ready { isolation, pdfium: library.is_some() })?;

    let mut child = Child { folder: setup.folder, limits: setup.limits, soffice: setup.soffice, library };
    while let Some(task) = wire::read::<Task>(&mut input)? {
        sandbox::allow_cpu(task.time_limit(&child.limits).as_secs());
        let result = catch_unwind(AssertUnwindSafe(|| perform(&mut child, task)))
            .unwrap_or_else(|_| Err(WorkerError::new(codes::CRASHED, "the parser failed on this document")));
        wire::write(&mut output, &result)?;
    }
    Ok(())
}

/// Does one task.
fn perform(child: &mut Child, task: Task) -> Result<Answer, WorkerError> {
    match task {
        Task::Prepare { input, name, media_type, .. } => {
            prepare::prepare(child, &input, &name, &media_type).map(Answer::Prepared)
        }
        Task::Recognise { pdf, pages, .. } => recognise::recognise(child, &pdf, &pages),
        Task::Unlock { input, name, password, .. } => unlock::unlock(child, &input, &name, &password),
        Task::ReadText { input, name, .. } => apart(|| prepare::read_text(child, &input, &name).map(Answer::Prepared)),
        Task::RenderPage { pdf, page, width_px, .. } => render::render(child, &pdf, &[(page, width_px)]),
        Task::RenderPages { pdf, images, .. } => render::render(child, &pdf, &images),
        Task::Room { make, input, .. } => apart(|| room::make(child, make, &input)),
        Task::Export { format, input, title, .. } => export::export(child, format, &input, &title),
        Task::Import { input, name, .. } => import::import(child, &input, &name),
        Task::ReadTable { input, .. } => table::read(child, &input),
        Task::Probe { read, write, connect } => Ok(Answer::Probed(probe(&read, &write, &connect))),
        Task::Misbehave { how } => misbehave(child, &how),
    }
}

/// Moves the pipes to private descriptors, so that nothing a library prints ends up between messages.
fn take_pipes() -> io::Result<(File, File)> {
    let keep = |fd: i32| -> io::Result<File> {
        // SAFETY: the duplicate is new and owned by nobody else.
        let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
        Ok(File::from(borrowed.try_clone_to_owned()?))
    };
    let (input, output) = (keep(0)?, keep(1)?);
    let null: OwnedFd = File::open("/dev/null")?.into();
    // SAFETY: 0, 1 and 2 stay open all the time and are replaced before any thread uses them.
    let (mut zero, mut one) = unsafe { (OwnedFd::from_raw_fd(0), OwnedFd::from_raw_fd(1)) };
    nix::unistd::dup2(null, &mut zero)?;
    nix::unistd::dup2(io::stderr(), &mut one)?;
    std::mem::forget((zero, one));
    Ok((input, output))
}

/// Starts a thread that kills the whole process group as soon as nobody holds the other end of the pipe any more:
/// then the server is dead, whatever it died of.
fn end_with_the_server(pipe: i32) -> io::Result<()> {
    std::thread::Builder::new().stack_size(64 << 10).spawn(move || {
        let mut watched = libc::pollfd { fd: pipe, events: 0, revents: 0 };
        // Nothing is asked for, so it wakes up for a hang-up or an error only.
        // SAFETY: one structure, as the count says; the descriptor stays open as long as the process lives.
        while unsafe { libc::poll(&raw mut watched, 1, -1) } <= 0 {}
        let _ = kill(Pid::from_raw(0), Signal::SIGKILL);
    })?;
    Ok(())
}

fn probe(read: &[String], write: &[String], connect: &[String]) -> Probe {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    let opens = |path: &&String| File::open(path).is_ok();
    let makes = |path: &&String| File::create(path).is_ok();
    let reaches = |address: &&String| match address.parse() {
        Ok(address) => std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_secs(1)).is_ok(),
        Err(_) => std::os::unix::net::UnixStream::connect(address).is_ok(),
    };
    let kinds = [
        ("tcp", AddressFamily::Inet, SockType::Stream),
        ("udp", AddressFamily::Inet, SockType::Datagram),
        ("tcp6", AddressFamily::Inet6, SockType::Stream),
        ("udp6", AddressFamily::Inet6, SockType::Datagram),
        ("netlink", AddressFamily::Netlink, SockType::Raw),
        ("packet", AddressFamily::Packet, SockType::Raw),
        ("vsock", AddressFamily::Vsock, SockType::Stream),
    ];
    let sockets = kinds.iter().filter(|(_, family, kind)| socket(*family, *kind, SockFlag::empty(), None).is_ok());
    Probe {
        read: read.iter().filter(opens).cloned().collect(),
        written: write.iter().filter(makes).cloned().collect(),
        connected: connect.iter().filter(reaches).cloned().collect(),
        sockets: sockets.map(|(name, ..)| (*name).to_owned()).collect(),
    }
}

/// Does what broken documents make parsers do.
fn misbehave(child: &Child, how: &str) -> Result<Answer, WorkerError> {
    match how {
        "loop" => loop {
            std::hint::spin_loop();
        },
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "memory" => {
            let mut kept = Vec::new();
            loop {
                kept.push(vec![1u8; 16 << 20]);
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
        "disk" => {
            for number in 0.. {
                let file = child.work().join(format!("fill-{number}"));
                if std::fs::write(file, vec![7; 8 << 20]).is_err() {
                    break;
                }
            }
        }
        "crash" => std::process::abort(),
        "panic" => panic!("asked to"),
        "orphan" => {
            let orphan = std::process::Command::new("/bin/sleep").arg("3600").spawn();
            orphan.map_err(|error| WorkerError::unavailable("starting sleep", error))?;
        }
        _ => {}
    }
    Ok(Answer::Done)
}
