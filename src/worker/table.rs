//! How does a table that somebody sends in become rows? `indexer` reads it, the rows go into a file of JSON lines, and the
//! server reads that line by line: neither side holds the table whole.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use indexer::extract::{
    ExtractError,
    table::{Row, TableLimits, TableSource, read_table},
};

use super::{
    child::Child,
    task::{Answer, WorkerError, codes},
};

/// Reads the table into `rows.jsonl`: one line for each row that is not empty; the last line says how it was read.
pub fn read(child: &mut Child, input: &Path) -> Result<Answer, WorkerError> {
    let failed = |error: std::io::Error| WorkerError::unavailable("writing the rows", error);
    let file = PathBuf::from("rows.jsonl");
    let mut out = BufWriter::new(File::create(child.out().join(&file)).map_err(failed)?);
    let limits = TableLimits { max_unpacked_bytes: child.limits.unpacked_bytes, ..TableLimits::default() };
    let source = read_table(input, &limits, &mut |row| {
        serde_json::to_writer(&mut out, &row)?;
        out.write_all(b"\n")
    })
    .map_err(|error| match error {
        ExtractError::TooLarge => WorkerError::new("table_too_large", "a table may have 100,000 rows and 200 columns"),
        ExtractError::Unsupported(_) => {
            WorkerError::new(codes::UNSUPPORTED, "tables are CSV files or Excel workbooks (.xlsx, .xls)")
        }
        error => WorkerError::new(error.code(), error.to_string()),
    })?;
    serde_json::to_writer(&mut out, &source).map_err(|error| failed(error.into()))?;
    out.flush().map_err(failed)?;
    Ok(Answer::Converted { file, media_type: "application/jsonl".to_owned(), warnings: Vec::new() })
}

/// Bytes of rows that are held at one time.
const HELD_BYTES: usize = 8 << 20;
/// Longest line: 200 cells of 20,000 characters.
const LINE_MAX_BYTES: u64 = 32 << 20;

/// The rows in a file that a child wrote. What a child writes is no more trusted than what it read.
pub struct TableRows {
    file: BufReader<File>,
    /// How the table was read, once all rows were.
    pub source: Option<TableSource>,
}

impl TableRows {
    /// Opens the file.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self { file: BufReader::new(File::open(path)?), source: None })
    }

    /// Reads the next rows, at most `count`; none at the end.
    pub fn next(&mut self, count: usize) -> io::Result<Vec<Row>> {
        let (mut rows, mut held, mut line) = (Vec::new(), 0, String::new());
        while rows.len() < count && held < HELD_BYTES && self.source.is_none() {
            line.clear();
            held += (&mut self.file).take(LINE_MAX_BYTES).read_line(&mut line)?;
            if line.starts_with('{') {
                self.source = Some(serde_json::from_str(&line)?);
            } else {
                rows.push(serde_json::from_str(&line)?);
            }
        }
        Ok(rows)
    }
}
