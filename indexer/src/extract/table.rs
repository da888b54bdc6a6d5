//! What stands in the rows of a table that somebody sends in? CSV in any encoding and with any separator, or the first
//! sheet of a workbook that has cells.
//!
//! Cells come as what they mean, not as a spreadsheet happens to show them: days as `2023-05-06`, numbers without
//! `.0`. Rows are handed on one by one; memory holds one of them (and an xls sheet, or the bytes of a CSV file, whole).

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{Data, DataRef, ExcelDateTime, Reader, SheetVisible, Style, Xls, Xlsx, XlsxError};

use super::number_format::{self, Moment};
use super::source::{ReadSeek, Source};
use super::{ExtractError, Guard, Result, encoding, xls_area};

/// How large a table may be.
#[derive(Debug, Clone)]
pub struct TableLimits {
    /// Rows that are not empty.
    pub max_rows: usize,
    /// Columns; cells to the right of these have to be empty.
    pub max_columns: usize,
    /// Characters of one cell.
    pub max_cell_chars: usize,
    /// Bytes that an old workbook may unpack to.
    pub max_unpacked_bytes: u64,
}

impl Default for TableLimits {
    fn default() -> Self {
        Self { max_rows: 100_001, max_columns: 200, max_cell_chars: 20_000, max_unpacked_bytes: 512 << 20 }
    }
}

/// How a table was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TableSource {
    /// CSV: the encoding.
    pub encoding: Option<String>,
    /// CSV: what stands between cells.
    pub separator: Option<char>,
    /// Workbook: the sheet.
    pub sheet: Option<String>,
}

/// A row, by the number that a spreadsheet gives it.
pub type Row = (u64, Vec<String>);

/// Reads the table at `path` and hands every row that is not empty to `sink`, which may end it with an error.
pub fn read_table(
    path: &Path,
    limits: &TableLimits,
    sink: &mut dyn FnMut(Row) -> std::io::Result<()>,
) -> Result<TableSource> {
    let source = Source::file(path).map_err(ExtractError::Unreadable)?;
    let mut rows = Rows { limits, sink, count: 0 };
    // The source is read-only; what the sink has seen of a table that fails is thrown away.
    catch_unwind(AssertUnwindSafe(|| match source.read_head(4)?.as_slice() {
        [] => Err(ExtractError::damaged("it is empty")),
        [b'P', b'K', 3, 4] => read_xlsx(&source, &mut rows),
        [0xd0, 0xcf, 0x11, 0xe0] => read_xls(&source, limits, &mut rows),
        _ => read_csv(&source, &mut rows),
    }))
    .unwrap_or_else(|_| Err(ExtractError::damaged("its parser panicked")))
}

/// The way out, with its limits.
struct Rows<'a> {
    limits: &'a TableLimits,
    sink: &'a mut dyn FnMut(Row) -> std::io::Result<()>,
    count: usize,
}

impl Rows<'_> {
    fn push(&mut self, number: u64, mut cells: Vec<String>) -> Result<()> {
        while cells.last().is_some_and(|cell| cell.trim().is_empty()) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(());
        }
        self.count += 1;
        let is_long = |cell: &String| {
            cell.len() > self.limits.max_cell_chars && { cell.chars().count() > self.limits.max_cell_chars }
        };
        if self.count > self.limits.max_rows || cells.len() > self.limits.max_columns || cells.iter().any(is_long) {
            return Err(ExtractError::TooLarge);
        }
        (self.sink)((number, cells)).map_err(ExtractError::Unreadable)
    }
}

fn read_csv(source: &Source, rows: &mut Rows) -> Result<TableSource> {
    let bytes = source.read_all()?;
    if !encoding::looks_like_text(&bytes[..bytes.len().min(64 << 10)], bytes.len() > 64 << 10) {
        return Err(ExtractError::Unsupported("this kind of file as a table".to_owned()));
    }
    let decoded = encoding::decode(&bytes, None);
    drop(bytes);
    // One kind of line end, or the reader counts lines in its own way.
    let text =
        if decoded.text.contains('\r') { decoded.text.replace("\r\n", "\n").replace('\r', "\n") } else { decoded.text };
    let mut text = text.as_str();
    let mut stated = None;
    // A line that Excel writes and understands.
    if let Some(rest) = text.strip_prefix("sep=") {
        stated = rest.chars().next().filter(char::is_ascii);
        text = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    let separator = stated.unwrap_or_else(|| separator_of(text));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator as u8)
        .from_reader(text.as_bytes());
    // Lines that the reader does not see, less line breaks inside cells, which a spreadsheet does not count.
    let mut offset = i64::from(stated.is_some());
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(ExtractError::damaged)? {
        let line = record.position().map_or(0, csv::Position::line);
        let number = line.saturating_add_signed(offset);
        offset -= record.iter().map(|cell| cell.matches('\n').count() as i64).sum::<i64>();
        rows.push(number, record.iter().map(str::to_owned).collect())?;
    }
    Ok(TableSource { encoding: Some(decoded.encoding.to_owned()), separator: Some(separator), sheet: None })
}

/// What stands between cells: the candidate that is in the head line most often, outside of quotes.
fn separator_of(text: &str) -> char {
    const CANDIDATES: [char; 4] = [',', '\t', ';', '|'];
    let mut counts = [0usize; 4];
    let (mut is_quoted, mut is_any) = (false, false);
    for c in text.chars().take(64 << 10) {
        match c {
            '"' => is_quoted = !is_quoted,
            '\n' if !is_quoted && is_any => break,
            _ if !is_quoted => {
                is_any |= !c.is_whitespace();
                if let Some(at) = CANDIDATES.iter().position(|candidate| *candidate == c) {
                    counts[at] += 1;
                }
            }
            _ => {}
        }
    }
    let best = (0..CANDIDATES.len()).rev().max_by_key(|at| counts[*at]).unwrap_or_default();
    CANDIDATES[best]
}

fn read_xlsx(source: &Source, rows: &mut Rows) -> Result<TableSource> {
    let mut book: Xlsx<Box<dyn ReadSeek + '_>> = Xlsx::new(source.open()?).map_err(xlsx_error)?;
    let shown = book.sheets_metadata().iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = shown.map(|sheet| sheet.name.clone()).collect();
    for sheet in names {
        let mut cells = match book.worksheet_cells_reader(&sheet) {
            Ok(cells) => cells,
            // Chart and dialogue sheets have no cells.
            Err(XlsxError::NotAWorksheet(_) | XlsxError::WorksheetNotFound(_)) => continue,
            Err(error) => return Err(xlsx_error(error)),
        };
        let format_of =
            |style: &Style| style.number_format.as_ref().map_or_else(String::new, |format| format.format_code.clone());
        let formats: Vec<String> = cells.styles().iter().map(format_of).collect();
        let mut row = Building::default();
        while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(xlsx_error)? {
            let format = formats.get(style).map_or("", String::as_str);
            let text = match cell.get_value() {
                DataRef::SharedString(text) => (*text).to_owned(),
                DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
                DataRef::Int(number) => number_text(*number as f64, format),
                DataRef::Float(number) => number_text(*number, format),
                DataRef::Bool(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
                DataRef::DateTime(moment) => moment_text(moment),
                DataRef::Error(_) | DataRef::Empty => continue,
            };
            let (at_row, at_column) = cell.get_position();
            row.put(at_row, at_column, text, rows)?;
        }
        row.end(rows)?;
        if rows.count > 0 {
            return Ok(TableSource { sheet: Some(sheet), ..TableSource::default() });
        }
    }
    Ok(TableSource::default())
}

fn read_xls(source: &Source, limits: &TableLimits, rows: &mut Rows) -> Result<TableSource> {
    let bounds = super::Limits { max_unpacked_bytes: limits.max_unpacked_bytes, ..super::Limits::default() };
    let guard = Guard::new(&bounds);
    xls_area::check(source, &guard)?;
    let mut book = Xls::new(Cursor::new(source.read_all()?)).map_err(|error| match error {
        calamine::XlsError::Password => ExtractError::Encrypted,
        other => ExtractError::damaged(other),
    })?;
    let shown = book.sheets_metadata().iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = shown.map(|sheet| sheet.name.clone()).collect();
    for sheet in names {
        let Ok(range) = book.worksheet_range(&sheet) else { continue };
        let (top, left) = range.start().unwrap_or_default();
        let mut row = Building::default();
        for (at_row, at_column, value) in range.used_cells() {
            let text = match value {
                Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
                Data::Int(number) => number.to_string(),
                Data::Float(number) => number_format::plain(*number),
                Data::Bool(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
                Data::DateTime(moment) => moment_text(moment),
                Data::Error(_) | Data::Empty => continue,
            };
            row.put(top + at_row as u32, left + at_column as u32, text, rows)?;
        }
        row.end(rows)?;
        if rows.count > 0 {
            return Ok(TableSource { sheet: Some(sheet), ..TableSource::default() });
        }
    }
    Ok(TableSource::default())
}

/// The row whose cells are coming in.
#[derive(Default)]
struct Building {
    row: u32,
    cells: Vec<String>,
}

impl Building {
    fn put(&mut self, row: u32, column: u32, text: String, rows: &mut Rows) -> Result<()> {
        if row != self.row {
            rows.push(u64::from(self.row) + 1, std::mem::take(&mut self.cells))?;
            self.row = row;
        }
        let column = column as usize;
        if column >= rows.limits.max_columns {
            return if text.trim().is_empty() { Ok(()) } else { Err(ExtractError::TooLarge) };
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
        Ok(())
    }

    fn end(&mut self, rows: &mut Rows) -> Result<()> {
        rows.push(u64::from(self.row) + 1, std::mem::take(&mut self.cells))
    }
}

/// A number as it means; one that is filled up with zeros, as numbers of files are, keeps them.
fn number_text(value: f64, format: &str) -> String {
    let plain = number_format::plain(value);
    let is_padded = format.len() > 1 && format.bytes().all(|byte| byte == b'0');
    if is_padded && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{plain:0>width$}", width = format.len().min(30));
    }
    plain
}

fn moment_text(moment: &ExcelDateTime) -> String {
    let value = moment.as_f64();
    if moment.is_duration() || !(0.0..2_958_466.0).contains(&value) {
        return number_format::plain(value);
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    number_format::iso(Moment { year, month, day, hour, minute, second })
}

fn xlsx_error(error: XlsxError) -> ExtractError {
    match error {
        XlsxError::Password => ExtractError::Encrypted,
        other => ExtractError::damaged(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (TableSource, Vec<Row>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut rows = Vec::new();
        let source = read_table(file.path(), &TableLimits::default(), &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
        (source, rows)
    }

    fn row(number: u64, cells: &[&str]) -> Row {
        (number, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn encodings_and_separators_are_found_out() {
        let text = "档号\t题名\t备注\r\nA1\t关于\"十四五\"规划的通知\t\r\n";
        let (gbk, _, _) = encoding_rs::GBK.encode(text);
        let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), &gbk, &utf16, format!("\u{feff}{text}").as_bytes()] {
            let (source, rows) = read(bytes);
            assert_eq!(source.separator, Some('\t'), "{source:?}");
            assert_eq!(rows, [row(1, &["档号", "题名", "备注"]), row(2, &["A1", "关于\"十四五\"规划的通知"])]);
        }
        assert_eq!(read("a;b,c;d\n1;2;3\n".as_bytes()).0.separator, Some(';'));
        assert_eq!(read("a,\"x;y;z;w\",b\n".as_bytes()).0.separator, Some(','));
        let stated = read("sep=|\na,b|c\n1|2\n".as_bytes());
        assert_eq!(stated.1, [row(2, &["a,b", "c"]), row(3, &["1", "2"])]);
    }

    #[test]
    fn rows_have_the_numbers_of_a_spreadsheet() {
        let (_, rows) = read("名称,备注\n甲,\"两\n行\"\n\n,\n乙,x\n".as_bytes());
        assert_eq!(rows, [row(1, &["名称", "备注"]), row(2, &["甲", "两\n行"]), row(5, &["乙", "x"])]);
    }

    #[test]
    fn numbers_of_files_keep_their_zeros() {
        assert_eq!(number_text(12.0, "0000"), "0012");
        assert_eq!(number_text(2023.0, "General"), "2023");
        assert_eq!(number_text(1.5, "00"), "1.5");
    }

    #[test]
    fn what_is_too_large_or_no_table_is_refused() {
        let refused = |bytes: &[u8], limits: TableLimits| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            read_table(file.path(), &limits, &mut |_| Ok(())).unwrap_err().code()
        };
        let small = TableLimits { max_rows: 1, max_columns: 2, max_cell_chars: 3, ..TableLimits::default() };
        for text in ["a\nb\n", "a,b,c\n", "abcd\n"] {
            assert_eq!(refused(text.as_bytes(), small.clone()), "document_too_large");
        }
        assert_eq!(refused(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", TableLimits::default()), "unsupported_type");
        assert_eq!(refused(b"PK\x03\x04broken", TableLimits::default()), "document_damaged");
        assert_eq!(refused(b"", TableLimits::default()), "document_damaged");
    }
}
