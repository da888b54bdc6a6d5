//! What do the cells of a workbook show?
//!
//! Cells stream out of calamine one by one (xlsx), so a sheet whose corners are far apart costs no memory.

use std::io::Cursor;

use calamine::{Cell, Data, DataRef, ExcelDateTime, Reader, Style, Xls, Xlsb, Xlsx, XlsxError};

use super::number_format::{self, Moment};
use super::source::{ReadSeek, Source};
use super::{ExtractError, FileText, Guard, Result, sink::Sink, xls_area};

/// Adds the cells of all sheets of an xlsx or xlsb workbook.
pub fn push_workbook(source: &Source, media_type: &str, sink: &mut Sink) -> Result<()> {
    if media_type.contains("sheet.binary") {
        return push_binary_workbook(source, sink);
    }
    let mut book = Xlsx::new(source.open()?).map_err(xlsx_error)?;
    let (mut failure, mut is_any_read) = (None, false);
    for sheet in book.sheet_names() {
        if sink.is_full() {
            break;
        }
        sink.line(&sheet);
        match push_sheet(&mut book, &sheet, sink) {
            Ok(()) => is_any_read = true,
            Err(error) => failure = Some(error),
        }
        sink.end_row();
    }
    // One sheet that breaks the rules must not hide the others.
    failure.filter(|_| !is_any_read).map_or(Ok(()), Err)
}

fn push_sheet(book: &mut Workbook, sheet: &str, sink: &mut Sink) -> Result<()> {
    let mut cells = match book.worksheet_cells_reader(sheet) {
        Ok(cells) => cells,
        // Chart and dialogue sheets have no cells.
        Err(XlsxError::NotAWorksheet(_) | XlsxError::WorksheetNotFound(_)) => return Ok(()),
        Err(error) => return Err(xlsx_error(error)),
    };
    let format_of =
        |style: &Style| style.number_format.as_ref().map_or_else(String::new, |format| format.format_code.clone());
    let formats: Vec<String> = cells.styles().iter().map(format_of).collect();
    let mut row = 0;
    while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(xlsx_error)? {
        if sink.is_full() {
            break;
        }
        push_cell(&cell, formats.get(style).map_or("", String::as_str), &mut row, sink);
    }
    Ok(())
}

type Workbook<'a> = Xlsx<Box<dyn ReadSeek + 'a>>;

fn push_binary_workbook(source: &Source, sink: &mut Sink) -> Result<()> {
    let mut book = Xlsb::new(source.open()?).map_err(ExtractError::damaged)?;
    for sheet in book.sheet_names() {
        sink.line(&sheet);
        let Ok(mut cells) = book.worksheet_cells_reader(&sheet) else {
            continue;
        };
        let mut row = 0;
        while let Ok(Some(cell)) = cells.next_cell() {
            if sink.is_full() {
                return Ok(());
            }
            push_cell(&cell, "", &mut row, sink);
        }
        sink.end_row();
    }
    Ok(())
}

/// Reads a workbook in the binary format of Excel 97.
pub fn read_xls(source: &Source, guard: &Guard) -> Result<FileText> {
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    xls_area::check(source, guard)?;
    let mut book = Xls::new(Cursor::new(source.read_all()?)).map_err(|error| match error {
        calamine::XlsError::Password => ExtractError::Encrypted,
        other => ExtractError::damaged(other),
    })?;
    push_ranges(&mut book, &mut sink)?;
    let (text, is_truncated) = sink.finish();
    Ok(FileText { text, is_truncated, ..FileText::default() })
}

fn push_ranges<R: std::io::Read + std::io::Seek, B: Reader<R>>(book: &mut B, sink: &mut Sink) -> Result<()> {
    for sheet in book.sheet_names() {
        if sink.is_full() {
            break;
        }
        sink.line(&sheet);
        let Ok(range) = book.worksheet_range(&sheet) else {
            continue;
        };
        let mut row = 0;
        for (at_row, _, value) in range.used_cells() {
            if sink.is_full() {
                break;
            }
            start_row(&mut row, at_row as u32, sink);
            sink.push(&show(value));
            sink.end_cell();
        }
        sink.end_row();
    }
    Ok(())
}

fn push_cell(cell: &Cell<DataRef>, format: &str, row: &mut u32, sink: &mut Sink) {
    start_row(row, cell.get_position().0, sink);
    match cell.get_value() {
        DataRef::SharedString(text) => sink.push(text),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => sink.push(text),
        DataRef::Int(number) => sink.push(&number_format::show_number(*number as f64, format)),
        DataRef::Float(number) => sink.push(&number_format::show_number(*number, format)),
        DataRef::Bool(truth) => sink.push(if *truth { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(moment) => push_moment(moment, format, sink),
        DataRef::Error(_) | DataRef::Empty => {}
    }
    sink.end_cell();
}

fn start_row(row: &mut u32, at_row: u32, sink: &mut Sink) {
    if *row != at_row {
        sink.end_row();
        *row = at_row;
    }
}

fn push_moment(moment: &ExcelDateTime, format: &str, sink: &mut Sink) {
    let value = moment.as_f64();
    if moment.is_duration() {
        let seconds = (value * 86_400.0).round() as i64;
        return sink.push(&format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    }
    if !(0.0..2_958_466.0).contains(&value) {
        return sink.push(&number_format::plain(value));
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    sink.push(&number_format::show_moment(Moment { year, month, day, hour, minute, second }, format));
}

fn show(value: &Data) -> String {
    match value {
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number_format::plain(*number),
        Data::Bool(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(moment) => {
            let mut sink = Sink::new(100);
            push_moment(moment, "", &mut sink);
            sink.finish().0
        }
        Data::Error(_) | Data::Empty => String::new(),
    }
}

fn xlsx_error(error: XlsxError) -> ExtractError {
    match error {
        XlsxError::Password => ExtractError::Encrypted,
        other => ExtractError::damaged(other),
    }
}
