//! What the worker's tests share: the corpus, a pool with the real child, and reading results.

use std::path::{Path, PathBuf};

use indexer::text::Extracted;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use wenshu::worker::{Answer, Limits, PoolConfig, Prepared, Recognised, Rendition, Task, WorkerError, WorkerPool};

/// Returns the folder of the test documents.
pub fn corpus() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = root.ancestors().map(|folder| folder.join("shared/corpus")).find(|folder| folder.is_dir());
    found.expect("shared/corpus lies beside the repository")
}

/// One entry of the corpus's manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    pub path: String,
    pub mime: String,
    pub pages: Option<usize>,
    #[serde(default)]
    pub phrases: Vec<Phrase>,
    pub expect: Option<String>,
    #[serde(default)]
    pub must_not: Vec<String>,
    #[serde(default)]
    pub needs_password: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Phrase {
    pub text: String,
    pub page: Option<usize>,
}

/// Returns all entries of the manifest.
pub fn manifest() -> Vec<Entry> {
    #[derive(Deserialize)]
    struct Manifest {
        files: Vec<Entry>,
    }
    let text = std::fs::read(corpus().join("manifest.json")).unwrap();
    serde_json::from_slice::<Manifest>(&text).unwrap().files
}

/// Returns a pool configuration with the real child and the library of the build folder.
pub fn config() -> PoolConfig {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/libpdfium.so");
    let pdfium = std::env::var_os("WENSHU_PDFIUM").map_or(built, PathBuf::from);
    PoolConfig {
        program: Some(env!("CARGO_BIN_EXE_wenshu").into()),
        pdfium: Some(pdfium.canonicalize().expect("libpdfium.so is in build/ or WENSHU_PDFIUM names it")),
        ..PoolConfig::default()
    }
}

pub fn limits() -> Limits {
    Limits { convert_seconds: 200, ..Limits::default() }
}

/// A prepared document with its text, in a folder that goes away with it.
pub struct Result {
    pub prepared: Prepared,
    pub text: Extracted,
    pub folder: tempfile::TempDir,
    pub input: PathBuf,
}

impl Result {
    /// Returns the PDF from which pages are drawn.
    pub fn pdf(&self) -> Option<PathBuf> {
        match &self.prepared.rendition {
            Rendition::Original => Some(self.input.clone()),
            Rendition::Pdf(path) => Some(path.clone()),
            Rendition::None => None,
        }
    }
}

pub async fn prepare(pool: &WorkerPool, input: &Path) -> std::result::Result<Result, WorkerError> {
    let folder = tempfile::tempdir().unwrap();
    let name = input.file_name().unwrap().to_str().unwrap().to_owned();
    let task =
        Task::Prepare { input: input.to_owned(), name, media_type: String::new(), out: folder.path().to_owned() };
    let Answer::Prepared(prepared) = pool.run(task).await? else { panic!("another answer") };
    let text = serde_json::from_slice(&std::fs::read(&prepared.text).unwrap()).unwrap();
    let mut result = Result { prepared, text, folder, input: input.to_owned() };
    recognise(pool, &mut result).await?;
    Ok(result)
}

/// Reads the pages that are pictures, as the server does after it shows them.
async fn recognise(pool: &WorkerPool, result: &mut Result) -> std::result::Result<(), WorkerError> {
    for pages in result.prepared.unread.clone().chunks(4) {
        let pdf = result.pdf().expect("there are pages to read");
        let task = Task::Recognise { pdf, pages: pages.to_vec(), out: result.folder.path().join("recognised") };
        let Answer::Recognised { text, warnings } = pool.run(task).await? else { panic!("another answer") };
        let read: Vec<Recognised> = serde_json::from_slice(&std::fs::read(text).unwrap()).unwrap();
        for page in read {
            result.text.pages[page.page as usize - 1] = page.text;
        }
        result.prepared.warnings.extend(warnings);
    }
    Ok(())
}
/// Returns a text as the manifest compares it: NFKC, no white space, nothing of zero width.
pub fn squeezed(text: &str) -> String {
    let zero_width = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}');
    text.nfkc().filter(|c| !c.is_whitespace() && !zero_width(*c)).collect()
}
