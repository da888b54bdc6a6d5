//! What does a table of records look like that people take away? Columns of their choice, a row for each document.
//!
//! Cells keep what they mean: a day stays a day and a number a number in a workbook, so that a spreadsheet can sort and
//! compute; texts never become formulas.

use std::path::Path;

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::{
    clock::Millis,
    http::documents::DocumentView,
    ids::PropertyId,
    records::{
        columns::{level_name, neutral},
        definition::FIXED_COLUMNS,
        value::{Date, Kind, Property, key_of},
    },
};

/// Longest text in a cell of a workbook, in UTF-16 units.
const CELL_MAX: usize = 32_767;
/// Hours that office time is ahead of UTC: China has one time of day.
const OFFICE_HOURS: i64 = 8;

/// A column that is written.
#[derive(Clone, Debug, PartialEq)]
pub enum OutColumn {
    Id,
    Name,
    Path,
    Tags,
    Level,
    Type,
    Author,
    UpdatedAt,
    CreatedAt,
    Size,
    Pages,
    Property { id: PropertyId, name: String, kind: Kind },
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Nothing,
    Text(String),
    /// The number, and how it is written in full.
    Number(f64, String),
    Day(Date),
    Moment(Millis),
}

impl OutColumn {
    /// The fixed column of this name in the API.
    pub fn fixed(name: &str) -> Option<Self> {
        Some(match name {
            "id" => OutColumn::Id,
            "name" => OutColumn::Name,
            "path" => OutColumn::Path,
            "tags" => OutColumn::Tags,
            "level" => OutColumn::Level,
            "type" => OutColumn::Type,
            "author" => OutColumn::Author,
            "updated_at" => OutColumn::UpdatedAt,
            "created_at" => OutColumn::CreatedAt,
            "size" => OutColumn::Size,
            "pages" => OutColumn::Pages,
            _ => return None,
        })
    }

    /// The column of a property.
    pub fn property(property: &Property) -> Self {
        OutColumn::Property { id: property.row.id.clone(), name: property.row.name.clone(), kind: property.kind }
    }

    fn head(&self) -> &str {
        match self {
            OutColumn::Id => FIXED_COLUMNS[0],
            OutColumn::Name => FIXED_COLUMNS[1],
            OutColumn::Tags => FIXED_COLUMNS[2],
            OutColumn::Level => FIXED_COLUMNS[3],
            OutColumn::Path => FIXED_COLUMNS[4],
            OutColumn::Type => "类型",
            OutColumn::Author => "最后修改人",
            OutColumn::UpdatedAt => "最后修改时间",
            OutColumn::CreatedAt => "创建时间",
            OutColumn::Size => "大小(字节)",
            OutColumn::Pages => "预览页数",
            OutColumn::Property { name, .. } => name,
        }
    }

    fn cell(&self, view: &DocumentView) -> Cell {
        let number = |number: i64| Cell::Number(number as f64, number.to_string());
        match self {
            OutColumn::Id => Cell::Text(view.id.to_string()),
            OutColumn::Name => Cell::Text(view.name.clone()),
            OutColumn::Path => {
                Cell::Text(view.path.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join("/"))
            }
            OutColumn::Tags => Cell::text(view.tags.join("；")),
            OutColumn::Level => Cell::Text(level_name(view.level).to_owned()),
            OutColumn::Type => Cell::Text(view.media_type.clone()),
            OutColumn::Author => Cell::Text(view.updated_by.name.clone()),
            OutColumn::UpdatedAt => Cell::Moment(view.updated_at),
            OutColumn::CreatedAt => Cell::Moment(view.created_at),
            OutColumn::Size => number(view.size_bytes),
            OutColumn::Pages => view.page_count.map_or(Cell::Nothing, number),
            OutColumn::Property { id, kind, .. } => {
                let filled = view.properties.iter().find(|property| property.property_id == *id);
                filled.map_or(Cell::Nothing, |filled| Cell::value(*kind, &filled.values))
            }
        }
    }
}

impl Cell {
    fn text(text: String) -> Self {
        if text.is_empty() { Cell::Nothing } else { Cell::Text(text) }
    }

    fn value(kind: Kind, values: &[String]) -> Self {
        let text = values.join("；");
        match kind {
            Kind::Number => match text.parse() {
                Ok(number) => Cell::Number(number, text),
                Err(_) => Cell::text(text),
            },
            Kind::Date => Date::parse(&text).map_or(Cell::text(text), Cell::Day),
            _ => Cell::text(text),
        }
    }

    /// The cell of a CSV file.
    fn plain(&self) -> String {
        match self {
            Cell::Nothing => String::new(),
            Cell::Text(text) => neutral(text).into_owned(),
            Cell::Number(_, text) => text.clone(),
            Cell::Day(date) => date.to_string(),
            Cell::Moment(at) => {
                let (date, seconds) = Date::of_office(*at, OFFICE_HOURS);
                format!("{date} {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
            }
        }
    }
}

/// Heads, of which no two are the same: a column of ours gives way to a property of its name.
pub fn heads(columns: &[OutColumn]) -> Vec<String> {
    let names = |column: &OutColumn| matches!(column, OutColumn::Property { .. });
    let taken: Vec<String> =
        columns.iter().filter(|column| names(column)).map(|column| key_of(column.head())).collect();
    let head = |column: &OutColumn| match !names(column) && taken.contains(&key_of(column.head())) {
        true => format!("{}（系统）", column.head()),
        false => column.head().to_owned(),
    };
    columns.iter().map(head).collect()
}

/// The cells of a document.
pub fn row(columns: &[OutColumn], view: &DocumentView) -> Vec<Cell> {
    columns.iter().map(|column| column.cell(view)).collect()
}

/// The beginning of a CSV file: the mark by which spreadsheets know UTF-8, and the heads.
pub fn csv_head(columns: &[OutColumn]) -> Vec<u8> {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    let heads = heads(columns);
    bytes.extend(csv_lines([heads.iter().map(|head| neutral(head).into_owned()).collect()]));
    bytes
}

/// Rows of a CSV file.
pub fn csv_rows(rows: &[Vec<Cell>]) -> Vec<u8> {
    csv_lines(rows.iter().map(|row| row.iter().map(Cell::plain).collect()))
}

fn csv_lines(lines: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for line in lines {
        writer.write_record(&line).expect("rows have as many cells as the head, and memory takes them");
    }
    writer.into_inner().expect("memory takes them")
}

/// A workbook that is written row by row; rows go to a file in between, not into memory.
pub struct Sheet {
    workbook: Workbook,
    next: u32,
    day: Format,
    moment: Format,
}

impl Sheet {
    /// Begins a workbook whose unfinished rows lie in `folder`.
    pub fn begin(folder: &Path, columns: &[OutColumn]) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(folder)?;
        let bold = Format::new().set_bold();
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name("著录")?;
        sheet.set_freeze_panes(1, 0)?;
        for (at, (column, head)) in columns.iter().zip(heads(columns)).enumerate() {
            sheet.set_column_width(at as u16, width(column))?;
            sheet.write_string_with_format(0, at as u16, head, &bold)?;
        }
        let day = Format::new().set_num_format("yyyy-mm-dd");
        let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        Ok(Self { workbook, next: 1, day, moment })
    }

    /// Adds rows.
    pub fn push(&mut self, rows: &[Vec<Cell>]) -> Result<(), XlsxError> {
        let sheet = self.workbook.worksheet_from_index(0)?;
        for row in rows {
            for (at, cell) in row.iter().enumerate() {
                put(sheet, (self.next, at as u16), cell, &self.day, &self.moment)?;
            }
            self.next += 1;
        }
        Ok(())
    }

    /// Writes the file.
    pub fn save(mut self, to: &Path) -> Result<(), XlsxError> {
        self.workbook.save(to)
    }
}

fn width(column: &OutColumn) -> f64 {
    match column {
        OutColumn::Name | OutColumn::Path => 36.0,
        OutColumn::Level | OutColumn::Pages => 8.0,
        OutColumn::Id => 12.0,
        _ => 18.0,
    }
}

fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    day: &Format,
    moment: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Nothing => {}
        Cell::Text(text) => {
            // A workbook says itself what is text; only what looks neutralised is neutralised, as it will be read back.
            let text = if text.starts_with('\'') { neutral(text) } else { text.into() };
            sheet.write_string(row, column, cut(&text))?;
        }
        Cell::Number(number, _) => {
            sheet.write_number(row, column, *number)?;
        }
        Cell::Day(date) => {
            let (year, month, day_of_month) = date.parts();
            match ExcelDateTime::from_ymd(year as u16, month as u8, day_of_month as u8) {
                Ok(value) => sheet.write_datetime_with_format(row, column, value, day)?,
                // Spreadsheets know no days before 1900.
                Err(_) => sheet.write_string(row, column, date.to_string())?,
            };
        }
        Cell::Moment(at) => {
            let (date, seconds) = Date::of_office(*at, OFFICE_HOURS);
            let (year, month, day_of_month) = date.parts();
            let value = ExcelDateTime::from_ymd(year as u16, month as u8, day_of_month as u8)
                .and_then(|day| day.and_hms((seconds / 3600) as u16, (seconds / 60 % 60) as u8, (seconds % 60) as f64));
            match value {
                Ok(value) => sheet.write_datetime_with_format(row, column, value, moment)?,
                Err(_) => sheet.write_string(row, column, cell.plain())?,
            };
        }
    }
    Ok(())
}

fn cut(text: &str) -> &str {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > CELL_MAX {
            return &text[..at];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_csv_are_never_formulas() {
        for (text, plain) in
            [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-5", "'-5"), ("2023", "2023"), ("'=x", "''=x")]
        {
            assert_eq!(Cell::Text(text.into()).plain(), plain);
        }
        assert_eq!(Cell::value(Kind::Number, &["-5".into()]).plain(), "-5");
        let lines = csv_rows(&[vec![Cell::Text("a,\"b\"\nc".into()), Cell::Nothing]]);
        assert_eq!(String::from_utf8(lines).unwrap(), "\"a,\"\"b\"\"\nc\",\r\n");
    }

    #[test]
    fn moments_are_those_of_the_office() {
        assert_eq!(Cell::Moment(0).plain(), "1970-01-01 08:00:00");
        assert_eq!(Cell::Moment(1_767_628_799_000).plain(), "2026-01-05 23:59:59");
        assert_eq!(Cell::Moment(1_767_628_800_000).plain(), "2026-01-06 00:00:00");
        assert_eq!(Cell::Moment(-1).plain(), "1970-01-01 07:59:59");
    }
}
