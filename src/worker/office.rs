//! How does an office document become a PDF?
//!
//! By one LibreOffice run with a new profile that forbids what documents should not do: fetch, run macros, start
//! programs. The exit status proves nothing (a file that could not be loaded also ends with 0), so only a PDF with an end
//! counts. LibreOffice repairs and guesses; whether the input was sound is decided before.

use std::{
    fs,
    io::{Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    child::Child,
    task::{WorkerError, codes},
};

/// How LibreOffice reads and writes one kind of document.
pub struct Route {
    /// Ending of the copy that it opens; LibreOffice looks at it.
    pub ending: &'static str,
    /// Import filter when it must not guess.
    pub import: Option<&'static str>,
    /// Export filter.
    pub export: &'static str,
}

/// The status of a first run with a new profile that wants to be started again.
const RESTART: i32 = 81;

/// Returns how to convert a media type, `None` when LibreOffice does not open such files.
pub fn route(media_type: &str) -> Option<Route> {
    let route = |ending, export| Some(Route { ending, import: None, export });
    const WRITER: &str = "writer_pdf_Export";
    const CALC: &str = "calc_pdf_Export";
    const IMPRESS: &str = "impress_pdf_Export";
    match media_type {
        "application/msword" => route("doc", WRITER),
        "application/rtf" | "text/rtf" => route("rtf", WRITER),
        "application/vnd.oasis.opendocument.text" => route("odt", WRITER),
        "application/vnd.oasis.opendocument.text-template" => route("ott", WRITER),
        "application/vnd.oasis.opendocument.text-flat-xml" => route("fodt", WRITER),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => route("docx", WRITER),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template" => route("dotx", WRITER),
        "application/vnd.ms-word.document.macroEnabled.12" => route("docm", WRITER),
        "application/vnd.ms-word.template.macroEnabled.12" => route("dotm", WRITER),
        "application/vnd.ms-excel" => route("xls", CALC),
        "application/vnd.oasis.opendocument.spreadsheet" => route("ods", CALC),
        "application/vnd.oasis.opendocument.spreadsheet-template" => route("ots", CALC),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => route("xlsx", CALC),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template" => route("xltx", CALC),
        "application/vnd.ms-excel.sheet.macroEnabled.12" => route("xlsm", CALC),
        "application/vnd.ms-excel.sheet.binary.macroEnabled.12" => route("xlsb", CALC),
        "application/vnd.ms-powerpoint" => route("ppt", IMPRESS),
        "application/vnd.oasis.opendocument.presentation" => route("odp", IMPRESS),
        "application/vnd.oasis.opendocument.presentation-template" => route("otp", IMPRESS),
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => route("pptx", IMPRESS),
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow" => route("ppsx", IMPRESS),
        "application/vnd.openxmlformats-officedocument.presentationml.template" => route("potx", IMPRESS),
        "application/vnd.ms-powerpoint.presentation.macroEnabled.12" => route("pptm", IMPRESS),
        "application/vnd.ms-powerpoint.slideshow.macroEnabled.12" => route("ppsm", IMPRESS),
        "application/vnd.oasis.opendocument.graphics" => route("odg", "draw_pdf_Export"),
        _ => None,
    }
}

/// Plain text in UTF-8.
pub const TEXT: Route = Route { ending: "txt", import: Some("Text (encoded):UTF8"), export: "writer_pdf_Export" };
/// Sanitised HTML in UTF-8.
pub const HTML: Route = Route { ending: "html", import: Some("HTML (StarWriter)"), export: "writer_pdf_Export" };
/// A flat OpenDocument drawing.
pub const DRAWING: Route =
    Route { ending: "fodg", import: Some("OpenDocument Drawing Flat XML"), export: "draw_pdf_Export" };
/// Comma separated UTF-8.
pub const CSV: Route = Route { ending: "csv", import: Some("CSV:44,34,76,1"), export: "calc_pdf_Export" };

/// Converts a file; returns the PDF, which stands in the child's `out` folder.
pub fn convert(child: &Child, input: &Path, route: &Route) -> Result<PathBuf, WorkerError> {
    let program = program(child)?;
    let folder = child.work().join("office");
    let failed = |error| WorkerError::unavailable("preparing a conversion", error);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("out")).map_err(failed)?;
    let source = folder.join(format!("document.{}", route.ending));
    fs::copy(input, &source).map_err(failed)?;
    let profile = folder.join("profile");
    write_profile(&profile).map_err(failed)?;
    let deadline = Instant::now() + Duration::from_secs(child.limits.convert_seconds);
    // A new profile makes the first start end early, asking to be started again.
    for _ in 0..3 {
        if run(&program, &profile, &source, route, child.limits.convert_seconds, deadline)? != Some(RESTART) {
            break;
        }
    }
    let made = folder.join("out/document.pdf");
    if !is_whole_pdf(&made) {
        return Err(WorkerError::new(codes::CONVERSION_FAILED, "no pages could be made of this document"));
    }
    let result = child.out().join("rendition.pdf");
    fs::rename(&made, &result).map_err(failed)?;
    let _ = fs::remove_dir_all(&folder);
    Ok(result)
}

/// Converts a text document to a Word file, which stands in the child's `work` folder.
pub fn to_word(child: &Child, input: &Path, route: &Route) -> Result<PathBuf, WorkerError> {
    let program = program(child)?;
    let folder = child.work().join("office");
    let failed = |error| WorkerError::unavailable("preparing a conversion", error);
    fs::create_dir_all(folder.join("out")).map_err(failed)?;
    let source = folder.join(format!("document.{}", route.ending));
    fs::copy(input, &source).map_err(failed)?;
    let made = folder.join("out/document.docx");
    convert_to(child, &program, &["docx:MS Word 2007 XML"], &[source], &made)?;
    let result = child.work().join("converted.docx");
    fs::rename(&made, &result)
        .map_err(|_| WorkerError::new(codes::CONVERSION_FAILED, "this document could not be converted"))?;
    let _ = fs::remove_dir_all(&folder);
    Ok(result)
}

/// Draws vector pictures as PNG; those that cannot be drawn are `None`.
pub fn to_png(child: &Child, files: &[PathBuf]) -> Result<Vec<Option<PathBuf>>, WorkerError> {
    let program = match program(child) {
        Ok(program) => program,
        Err(error) if error.code == codes::OFFICE_MISSING => return Ok(vec![None; files.len()]),
        Err(error) => return Err(error),
    };
    let folder = child.work().join("office");
    fs::create_dir_all(folder.join("out"))
        .map_err(|error| WorkerError::unavailable("preparing a conversion", error))?;
    let made = |file: &PathBuf| folder.join("out").join(file.file_stem().unwrap_or_default()).with_extension("png");
    let Some(last) = files.last() else { return Ok(Vec::new()) };
    // Whatever happens to one of them, the text is worth more than its drawings.
    let _ = convert_to(child, &program, &["png"], files, &made(last));
    Ok(files.iter().map(|file| Some(made(file)).filter(|png| png.is_file())).collect())
}

/// Runs LibreOffice until `made` is there.
fn convert_to(child: &Child, program: &Path, to: &[&str], files: &[PathBuf], made: &Path) -> Result<(), WorkerError> {
    let folder = child.work().join("office");
    let profile = folder.join("profile");
    write_profile(&profile).map_err(|error| WorkerError::unavailable("preparing a conversion", error))?;
    let seconds = child.limits.exchange_seconds.saturating_sub(10).max(1) / 2;
    let deadline = Instant::now() + Duration::from_secs(seconds);
    for _ in 0..3 {
        let mut command = start(program, &profile);
        command.arg("--convert-to").args(to).arg("--outdir").arg(folder.join("out")).args(files);
        let status = finish(command, &folder, seconds, deadline)?;
        if status != Some(RESTART) || made.is_file() {
            break;
        }
    }
    if made.is_file() {
        return Ok(());
    }
    Err(WorkerError::new(codes::CONVERSION_FAILED, "this document could not be converted"))
}

fn program(child: &Child) -> Result<PathBuf, WorkerError> {
    let usual = [
        "/usr/lib/libreoffice/program/soffice.bin",
        "/usr/lib64/libreoffice/program/soffice.bin",
        "/opt/libreoffice/program/soffice.bin",
    ];
    let places = child.soffice.iter().cloned().chain(usual.map(PathBuf::from));
    places.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        WorkerError::new(codes::OFFICE_MISSING, "LibreOffice is not installed; office documents have no preview")
    })
}

/// Runs LibreOffice once; returns its exit status.
fn run(
    program: &Path,
    profile: &Path,
    source: &Path,
    route: &Route,
    cpu_seconds: u64,
    deadline: Instant,
) -> Result<Option<i32>, WorkerError> {
    let folder = source.parent().expect("the source stands in a folder");
    let mut command = start(program, profile);
    if let Some(import) = route.import {
        command.arg(format!("--infilter={import}"));
    }
    command.args(["--convert-to", &format!("pdf:{}", route.export), "--outdir"]).arg(folder.join("out")).arg(source);
    finish(command, folder, cpu_seconds, deadline)
}

/// The program with what every run needs.
fn start(program: &Path, profile: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg(format!("-env:UserInstallation=file://{}", profile.display()));
    command.args(["--headless", "--norestore", "--nologo", "--nodefault", "--nofirststartwizard", "--nolockcheck"]);
    command
}

/// Waits for a run; returns its exit status.
fn finish(
    mut command: Command,
    folder: &Path,
    cpu_seconds: u64,
    deadline: Instant,
) -> Result<Option<i32>, WorkerError> {
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    end_with_parent(&mut command, cpu_seconds * 2);
    let mut process = command.spawn().map_err(|error| WorkerError::unavailable("starting LibreOffice", error))?;
    loop {
        match process.try_wait() {
            Ok(Some(status)) => return Ok(status.code()),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            _ => {
                let _ = kill(Pid::from_raw(process.id() as i32), Signal::SIGKILL);
                let _ = process.wait();
                return Err(WorkerError::new(codes::TIMED_OUT, "making pages of this document took too long"));
            }
        }
    }
}

/// Makes a helper program die with the worker and bounds its processor time.
pub fn end_with_parent(command: &mut Command, cpu_seconds: u64) {
    // SAFETY: only system calls that are allowed between fork and exec.
    unsafe {
        command.pre_exec(move || {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            let (_, hard) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_CPU)?;
            let limit = cpu_seconds.min(hard);
            nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CPU, limit, limit)?;
            Ok(())
        });
    }
}

/// Returns whether a PDF has a beginning and an end: a killed run leaves only the former.
fn is_whole_pdf(path: &Path) -> bool {
    let check = || -> std::io::Result<bool> {
        let mut file = fs::File::open(path)?;
        let mut head = [0; 5];
        file.read_exact(&mut head)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(64)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        Ok(&head == b"%PDF-" && tail.windows(5).any(|window| window == b"%%EOF"))
    };
    check().unwrap_or(false)
}

fn write_profile(profile: &Path) -> std::io::Result<()> {
    let user = profile.join("user");
    fs::create_dir_all(&user)?;
    let mut items = String::new();
    for (path, name, value) in SETTINGS {
        items.push_str(&format!(
            "<item oor:path=\"/org.openoffice.{path}\"><prop oor:name=\"{name}\" oor:op=\"fuse\"><value>{value}</value></prop></item>\n"
        ));
    }
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<oor:items xmlns:oor=\"http://openoffice.org/2001/registry\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n{items}</oor:items>\n"
    );
    fs::write(user.join("registrymodifications.xcu"), text)
}

const SETTINGS: &[(&str, &str, &str)] = &[
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Java/ApplicationJava", "Enable", "false"),
    ("Office.Java/VirtualMachine", "NetAccess", "1"),
    ("Office.Recovery/AutoSave", "Enabled", "false"),
    ("Office.Recovery/RecoveryInfo", "Enabled", "false"),
    ("Office.Common/Save/Document", "CreateBackup", "false"),
    ("Office.Common/Misc", "FirstRun", "false"),
    ("Office.Common/Misc", "UseLocking", "false"),
    ("Office.Common/Misc", "CrashReport", "false"),
    ("Office.Common/Misc", "CollectUsageInformation", "false"),
    ("Setup/Office", "ooSetupInstCompleted", "true"),
    ("Office.Writer/Content/Update", "Link", "2"),
    ("Office.Calc/Content/Update", "Link", "2"),
    ("Office.Common/Load", "UserDefinedSettings", "true"),
];
