//! How does an uploaded file become text that the editor understands?
//!
//! The file is found sound first, as for a preview. Old and other office formats become Word files by LibreOffice, Word files
//! get notes of what pandoc does not tell (`docx_marks`), pandoc reads them, and its tree is written as HTML of the
//! page's schema (`pandoc_html`) with the pictures inside.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufReader, Read},
    mem,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use zip::ZipArchive;

use super::{
    child::Child,
    docx_marks, office, pandoc,
    pandoc_html::{self, Media},
    pictures,
    prepare::{detect, own_text},
    room_html::escape,
    task::{Answer, Warning, WorkerError, codes},
};

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// How a kind of file is read.
enum Way {
    /// By pandoc, as a Word file.
    Word,
    /// By LibreOffice into a Word file first.
    Office(office::Route),
    /// By pandoc in this format, from decoded text.
    Text(&'static str),
    /// Line by line.
    Plain,
}

fn way(kind: &str) -> Option<Way> {
    let template = "application/vnd.openxmlformats-officedocument.wordprocessingml.template";
    match kind {
        WORD
        | "application/vnd.ms-word.document.macroEnabled.12"
        | "application/vnd.ms-word.template.macroEnabled.12" => Some(Way::Word),
        kind if kind == template => Some(Way::Word),
        "application/msword"
        | "application/rtf"
        | "text/rtf"
        | "application/vnd.oasis.opendocument.text"
        | "application/vnd.oasis.opendocument.text-template"
        | "application/vnd.oasis.opendocument.text-flat-xml" => office::route(kind).map(Way::Office),
        "text/html" | "application/xhtml+xml" => Some(Way::Text("html")),
        "text/markdown" => Some(Way::Text("gfm")),
        "text/plain" => Some(Way::Plain),
        _ => None,
    }
}

/// Makes HTML of the file.
pub fn import(child: &mut Child, input: &Path, name: &str) -> Result<Answer, WorkerError> {
    let kind = detect(input, name)?;
    let Some(way) = way(&kind) else {
        return Err(WorkerError::new(codes::UNSUPPORTED, format!("{kind} cannot be turned into a page")));
    };
    // Damaged, encrypted and exploding files are told here, with their codes.
    let own = own_text(input, &kind, &child.limits)?.unwrap_or_default();
    let failed = |error| WorkerError::unavailable("preparing a conversion", error);
    let mut warnings = Vec::new();
    let html = match way {
        Way::Word => word(child, input, &mut warnings)?,
        Way::Office(route) => {
            let made = office::to_word(child, input, &route)?;
            word(child, &made, &mut warnings)?
        }
        Way::Text(format) => {
            let source = child.work().join("source.txt");
            fs::write(&source, own.plain.unwrap_or_default()).map_err(failed)?;
            let mut tree = parse(&pandoc::run(child, format, "json", &source)?)?;
            read_raw_html(child, &mut tree)?;
            written(&tree, false, &own_pictures(child, &tree), &mut warnings)
        }
        Way::Plain => plain(&own.plain.unwrap_or(own.text)),
    };
    if html.trim().is_empty() {
        warnings.push(Warning::new("nothing_found", "the document has nothing that a page could show"));
    }
    let file = PathBuf::from("page.html");
    fs::write(child.out().join(&file), html).map_err(failed)?;
    Ok(Answer::Converted { file, media_type: "text/html".to_owned(), warnings })
}

fn parse(json: &[u8]) -> Result<Value, WorkerError> {
    // Trees deeper than the parser's limit are nothing that a page could show.
    serde_json::from_slice(json).map_err(|_| WorkerError::new(codes::TOO_LARGE, "the document is nested too deeply"))
}

/// Pieces of HTML in Markdown, which are read one by one.
const RAW_PIECES: usize = 100;

/// Reads the tables and pictures that stand as HTML in Markdown.
fn read_raw_html(child: &Child, tree: &mut Value) -> Result<(), WorkerError> {
    let Some(blocks) = tree["blocks"].as_array_mut() else { return Ok(()) };
    let mut read = Vec::with_capacity(blocks.len());
    let mut pieces = 0;
    for block in mem::take(blocks) {
        let raw = block["c"][1]
            .as_str()
            .filter(|raw| block["t"] == "RawBlock" && (raw.contains("<table") || raw.contains("<img")));
        match raw.filter(|_| pieces < RAW_PIECES) {
            Some(raw) => {
                pieces += 1;
                let source = child.work().join("piece.html");
                fs::write(&source, raw).map_err(|error| WorkerError::unavailable("preparing a conversion", error))?;
                let mut piece = parse(&pandoc::run(child, "html", "json", &source)?)?;
                read.extend(piece["blocks"].as_array_mut().map(mem::take).unwrap_or_default());
            }
            None => read.push(block),
        }
    }
    *blocks = read;
    Ok(())
}

fn written(tree: &Value, notes: bool, media: &Media, warnings: &mut Vec<Warning>) -> String {
    let (html, left_out) = pandoc_html::write(tree, notes, media);
    if left_out > 0 {
        warnings.push(Warning::new("pictures_left_out", format!("{left_out} pictures cannot be shown")));
    }
    html
}

/// One paragraph for each line.
fn plain(text: &str) -> String {
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    lines.map(|line| format!("<p>{}</p>", escape(line))).collect()
}

fn word(child: &Child, input: &Path, warnings: &mut Vec<Warning>) -> Result<String, WorkerError> {
    let marked = child.work().join("marked.docx");
    // A package that cannot be copied can perhaps be read.
    let (source, notes) = match docx_marks::mark(input, &marked) {
        Ok(()) => (marked.as_path(), true),
        Err(error) => {
            eprintln!("a Word file could not be marked: {error}");
            (input, false)
        }
    };
    let json = match pandoc::run(child, "docx", "json", source) {
        Err(error) if notes && error.code == codes::CONVERSION_FAILED => pandoc::run(child, "docx", "json", input)?,
        other => other?,
    };
    let tree = parse(&json)?;
    let media = word_pictures(child, input, &pandoc_html::pictures(&tree))?;
    Ok(written(&tree, notes, &media, warnings))
}

/// Takes the pictures out of a Word file; those that browsers do not show become PNG.
fn word_pictures(child: &Child, docx: &Path, names: &[String]) -> Result<Media, WorkerError> {
    let failed = |error: std::io::Error| WorkerError::unavailable("reading pictures", error);
    let mut media = Media::default();
    let mut left = child.limits.picture_bytes;
    let mut drawings: Vec<(String, PathBuf)> = Vec::new();
    let Ok(mut zip) = ZipArchive::new(BufReader::new(File::open(docx).map_err(failed)?)) else { return Ok(media) };
    let folder = child.work().join("drawings");
    fs::create_dir_all(&folder).map_err(failed)?;
    for name in names {
        let Ok(part) = zip.by_name(&format!("word/{name}")) else { continue };
        let mut bytes = Vec::new();
        if part.take(left as u64 + 1).read_to_end(&mut bytes).is_err() || bytes.len() > left {
            continue;
        }
        left -= bytes.len();
        let ending =
            Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        if matches!(ending.as_str(), "emf" | "wmf" | "svg") {
            let file = folder.join(format!("{}.{ending}", drawings.len()));
            fs::write(&file, bytes).map_err(failed)?;
            drawings.push((name.clone(), file));
        } else if let Some(picture) = pictures::decode(bytes, &child.limits) {
            media.insert(name.clone(), data_url(&picture));
        }
    }
    if !drawings.is_empty() {
        let files: Vec<PathBuf> = drawings.iter().map(|(_, file)| file.clone()).collect();
        let made = office::to_png(child, &files)?;
        for ((name, _), png) in drawings.into_iter().zip(made) {
            let picture = png.and_then(|png| fs::read(png).ok()).filter(|bytes| bytes.len() <= left);
            if let Some(picture) = picture.and_then(|bytes| pictures::decode(bytes, &child.limits)) {
                left -= picture.bytes.len();
                media.insert(name, data_url(&picture));
            }
        }
    }
    Ok(media)
}

/// The pictures that stand in the text itself; nothing is fetched.
fn own_pictures(child: &Child, tree: &Value) -> Media {
    let mut media = HashMap::new();
    let mut left = child.limits.picture_bytes;
    for address in pandoc_html::pictures(tree) {
        let data = address.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
        let Some((_, data)) = data.filter(|(_, data)| data.len() / 4 * 3 <= left) else { continue };
        let Ok(bytes) = STANDARD.decode(data.split_ascii_whitespace().collect::<String>()) else { continue };
        if let Some(picture) = pictures::decode(bytes, &child.limits) {
            left = left.saturating_sub(picture.bytes.len());
            let url = data_url(&picture);
            media.insert(address, url);
        }
    }
    media
}

fn data_url(picture: &pictures::Picture) -> pandoc_html::Shown {
    pandoc_html::Shown {
        url: format!("data:{};base64,{}", picture.media_type, STANDARD.encode(&picture.bytes)),
        width: picture.width,
        height: picture.height,
    }
}
