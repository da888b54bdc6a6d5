//! Which walls does a child build around itself before it looks at the first document?
//!
//! In order: resource limits, no capabilities, no new privileges, Landlock (read the system's programs and fonts, write
//! its own folder, signal nobody outside), and a system call filter (no network, no connections to local sockets, no
//! namespaces, no tracing, no leaving the process group by which the server kills it). Everything is inherited by the
//! programs that the child starts. What the kernel lacks is reported, not hidden.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
    path_beneath_rules,
};
use nix::{
    libc,
    sys::resource::{Resource, setrlimit},
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::limits::{Isolation, Limits};

/// Folders and files of the system that converters need. `/etc/passwd`, `/proc` and everybody's data are not among them.
const READABLE: &[&str] = &[
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/opt/libreoffice",
    "/etc/fonts",
    "/etc/libreoffice",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/paperspecs",
    "/etc/papersize",
    "/var/cache/fontconfig",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/sys/devices/system/cpu",
    "/proc/cpuinfo",
    "/proc/meminfo",
];

/// Confines this process and everything it will start. `folder` has `in` (read only), `work` and `out`.
pub fn enter(folder: &Path, readable: &[PathBuf], limits: &Limits) -> io::Result<Isolation> {
    limit_resources(limits)?;
    let no_capabilities = drop_capabilities();
    let (landlock_abi, landlock_full) = confine_files(folder, readable).unwrap_or((0, false));
    let no_new_privs = nix::sys::prctl::set_no_new_privs().is_ok();
    let seccomp = filter_calls().is_ok();
    Ok(Isolation { landlock_abi, landlock_full, seccomp, no_new_privs, no_capabilities })
}

fn limit_resources(limits: &Limits) -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_FSIZE, limits.disk_bytes, limits.disk_bytes)?;
    lower(Resource::RLIMIT_NOFILE, 1024)?;
    // LibreOffice and pdfium reserve far more address space than they touch, so this is only the outermost wall;
    // the server watches the resident memory.
    lower(Resource::RLIMIT_AS, limits.memory_bytes.saturating_mul(4).max(8 << 30))?;
    // The kernel's own emergency brake should take a converter, never the server.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    // A file that grows over its limit is an error to the writer, not a death without words.
    // SAFETY: ignoring a signal installs no handler.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    Ok(())
}

fn lower(resource: Resource, most: u64) -> io::Result<()> {
    let (_, hard) = nix::sys::resource::getrlimit(resource)?;
    let most = most.min(hard);
    Ok(setrlimit(resource, most, most)?)
}

/// Lets this process spend so many more seconds of processor time; then the kernel kills it.
pub fn allow_cpu(seconds: u64) {
    let used = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF)
        .map(|usage| (usage.user_time().tv_sec() + usage.system_time().tv_sec()).max(0) as u64)
        .unwrap_or(0);
    let limit = used + seconds + 1;
    if let Ok((_, hard)) = nix::sys::resource::getrlimit(Resource::RLIMIT_CPU) {
        let _ = setrlimit(Resource::RLIMIT_CPU, limit.min(hard), hard);
    }
}

/// Gives up all capabilities, which matters where the server runs as root (containers).
fn drop_capabilities() -> bool {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header { version: 0x2008_0522, pid: 0 };
    let none = [0u32; 6];
    // SAFETY: the header and the three pairs of words have the layout that version 3 of the call asks for.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    result == 0
}

fn confine_files(folder: &Path, readable: &[PathBuf]) -> Result<(i32, bool), landlock::RulesetError> {
    let abi = ABI::V7;
    let read = AccessFs::from_read(abi);
    let write = AccessFs::from_all(abi) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::Execute);
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(READABLE, read))?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(["/dev/null"], AccessFs::ReadFile | AccessFs::WriteFile))?
        .add_rules(path_beneath_rules([folder.join("in")], AccessFs::ReadFile | AccessFs::ReadDir))?
        .add_rules(path_beneath_rules([folder.join("work"), folder.join("out")], write))?
        .restrict_self()?;
    let abi = match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi as i32,
        _ => 0,
    };
    Ok((abi, status.ruleset == RulesetStatus::FullyEnforced))
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn filter_calls() -> Result<(), Box<dyn std::error::Error>> {
    // Programs fall back to the older call, whose flags a filter can see.
    let missing: Rules = [(libc::SYS_clone3, vec![])].into();
    apply(missing, libc::ENOSYS)?;
    // LibreOffice will not run without its socket for a second instance, which stands in /tmp. It may believe it has one.
    let pretended: Rules = [(libc::SYS_bind, vec![]), (libc::SYS_listen, vec![])].into();
    apply(pretended, 0)?;
    apply(forbidden()?, libc::EPERM)
}

fn apply(rules: Rules, errno: i32) -> Result<(), Box<dyn std::error::Error>> {
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(errno as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)?;
    Ok(())
}

/// Returns the calls that fail inside, some only with certain arguments.
fn forbidden() -> Result<Rules, seccompiler::BackendError> {
    let when = |argument, length, operator, value| {
        SeccompRule::new(vec![SeccompCondition::new(argument, length, operator, value)?])
    };
    let mut rules: Rules = ALWAYS_FORBIDDEN.iter().map(|call| (*call, vec![])).collect();
    let not_local = when(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, libc::AF_UNIX as u64)?;
    rules.insert(libc::SYS_socket, vec![not_local]);
    // A datagram with an address would reach a local service without connecting.
    rules.insert(libc::SYS_sendto, vec![when(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?]);
    let namespaces = (libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP) as u64;
    let mut clones = Vec::new();
    for bit in (0..64).map(|bit| 1u64 << bit).filter(|bit| namespaces & bit != 0) {
        clones.push(when(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(bit), bit)?);
    }
    rules.insert(libc::SYS_clone, clones);
    Ok(rules)
}

const ALWAYS_FORBIDDEN: &[i64] = &[
    // reaching out: local services too (a database socket, a container engine); the ring would bypass this filter
    libc::SYS_connect,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // leaving the process group by which the server ends everything
    libc::SYS_setsid,
    libc::SYS_setpgid,
    // other processes
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    // the machine
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_sethostname,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
];
