//! How does a page become a file that people take away? Word from its nodes, PDF from that by LibreOffice, HTML from its
//! nodes, Markdown from that by pandoc.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    child::Child,
    docx, docx_package, office, pandoc,
    pictures::{Parcel, Pictures, ending, read_parcel},
    room::{build, page_tree, shown_pictures, unpack},
    room_html::{Purpose, Renderer, whole_file},
    room_tree::Node,
    task::{Answer, ExportFormat, Warning, WorkerError},
};

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Makes the file.
pub fn export(child: &mut Child, format: ExportFormat, input: &Path, title: &str) -> Result<Answer, WorkerError> {
    let Parcel { updates, mut pictures } = read_parcel(input, &child.limits)?;
    let nodes = page_tree(&build(&unpack(&updates)?)?);
    let warnings = missing(&nodes, &pictures);
    let (file, media_type) = match format {
        ExportFormat::Docx => (word(child, title, &nodes, &pictures, child.out().join("page.docx"))?, WORD),
        ExportFormat::Pdf => {
            let source = word(child, title, &nodes, &pictures, child.work().join("page.docx"))?;
            let route = office::route(WORD).expect("Word files are converted");
            (office::convert(child, &source, &route)?, "application/pdf")
        }
        ExportFormat::Html => {
            let body = Renderer { pictures: &pictures, purpose: Purpose::Show }.render(&nodes);
            (write(child, "page.html", whole_file(title, &body).as_bytes())?, "text/html; charset=utf-8")
        }
        ExportFormat::Md => markdown(child, title, &nodes, &mut pictures)?,
    };
    let file = file.file_name().map(PathBuf::from).unwrap_or_default();
    Ok(Answer::Converted { file, media_type: media_type.to_owned(), warnings })
}

/// Says which pictures could not be brought along.
fn missing(nodes: &[Node], pictures: &Pictures) -> Vec<Warning> {
    let count = shown_pictures(nodes).iter().filter(|id| pictures.find(id).is_none()).count();
    (count > 0)
        .then(|| Warning::new("pictures_left_out", format!("{count} pictures cannot be shown")))
        .into_iter()
        .collect()
}

fn word(child: &Child, title: &str, nodes: &[Node], pictures: &Pictures, to: PathBuf) -> Result<PathBuf, WorkerError> {
    let _ = child;
    let body = docx::body(nodes, pictures);
    docx_package::write(&to, title, &body, pictures)
        .map_err(|error| WorkerError::unavailable("writing the file", error))?;
    Ok(to)
}

fn write(child: &Child, name: &str, bytes: &[u8]) -> Result<PathBuf, WorkerError> {
    let to = child.out().join(name);
    fs::write(&to, bytes).map_err(|error| WorkerError::unavailable("writing the file", error))?;
    Ok(to)
}

/// A text, or an archive of the text and its pictures.
fn markdown(
    child: &Child,
    title: &str,
    nodes: &[Node],
    pictures: &mut Pictures,
) -> Result<(PathBuf, &'static str), WorkerError> {
    for (number, picture) in pictures.0.iter_mut().enumerate() {
        picture.file = Some(format!("images/{}.{}", number + 1, ending(picture.media_type)));
    }
    let body = Renderer { pictures, purpose: Purpose::Structure }.render(nodes);
    let source = child.work().join("page.html");
    fs::write(&source, body).map_err(|error| WorkerError::unavailable("writing the page", error))?;
    let text = pandoc::run(child, "html", "gfm", &source)?;
    if pictures.0.is_empty() {
        return Ok((write(child, "page.md", &text)?, "text/markdown; charset=utf-8"));
    }
    let to = child.out().join("page.zip");
    let pack = || -> std::io::Result<()> {
        let mut zip = ZipWriter::new(File::create(&to)?);
        let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(format!("{}.md", file_stem(title)), packed).map_err(std::io::Error::other)?;
        zip.write_all(&text)?;
        for picture in &pictures.0 {
            zip.start_file(picture.file.as_deref().unwrap_or_default(), stored).map_err(std::io::Error::other)?;
            zip.write_all(&picture.bytes)?;
        }
        zip.finish().map_err(std::io::Error::other)?;
        Ok(())
    };
    pack().map_err(|error| WorkerError::unavailable("writing the archive", error))?;
    Ok((to, "application/zip"))
}

/// A name that every system can unpack.
fn file_stem(title: &str) -> String {
    let fine = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    let stem: String = title.chars().map(fine).take(80).collect();
    let stem = stem.trim_matches(['.', ' ']);
    if stem.is_empty() { "page".to_owned() } else { stem.to_owned() }
}
