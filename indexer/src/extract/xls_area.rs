//! Would the sheets of an Excel 97 workbook fit into memory?
//!
//! The parser lays every sheet out as a full rectangle: two cells in opposite corners cost half a gigabyte. The corners
//! are known beforehand from the cell records, which begin with row and column (MS-XLS 2.5.13).

use std::io::Read;

use super::source::Source;
use super::{ExtractError, Guard, Result};

/// Cells of all rectangles together; each takes some 60 bytes.
const MAX_CELLS: u64 = 8 << 20;

const BEGIN_OF_SHEET: u16 = 0x0809;
const CELL_RECORDS: [u16; 9] = [0x0203, 0x0204, 0x0205, 0x0006, 0x0207, 0x00fd, 0x027e, 0x00bd, 0x00d6];

/// Refuses a workbook whose sheets span more cells than the limit.
pub fn check(source: &Source, guard: &Guard) -> Result<()> {
    let mut file = source.open_compound_file()?;
    let Some(name) = ["/Workbook", "/Book", "/WORKBOOK", "/BOOK"].into_iter().find(|name| file.is_stream(name)) else {
        return Ok(());
    };
    let stream = file.open_stream(name).map_err(ExtractError::damaged)?;
    let mut records = Vec::new();
    stream.take(guard.unpack_allowance().saturating_add(1)).read_to_end(&mut records).map_err(ExtractError::damaged)?;
    guard.count_unpacked(records.len() as u64)?;
    if spanned_cells(&records) > MAX_CELLS { Err(ExtractError::TooLarge) } else { Ok(()) }
}

fn spanned_cells(records: &[u8]) -> u64 {
    let (mut total, mut corners, mut position) = (0u64, None::<[u64; 4]>, 0usize);
    while let Some(header) = records.get(position..position + 4) {
        let kind = u16::from_le_bytes([header[0], header[1]]);
        let length = usize::from(u16::from_le_bytes([header[2], header[3]]));
        let body = records.get(position + 4..position + 8);
        if kind == BEGIN_OF_SHEET {
            total += corners.take().map_or(0, area);
        } else if let Some(body) = body.filter(|_| CELL_RECORDS.contains(&kind) && length >= 4) {
            let row = u64::from(u16::from_le_bytes([body[0], body[1]]));
            let column = u64::from(u16::from_le_bytes([body[2], body[3]]));
            let [top, left, bottom, right] = corners.unwrap_or([row, column, row, column]);
            corners = Some([top.min(row), left.min(column), bottom.max(row), right.max(column)]);
        }
        position += 4 + length;
    }
    total + corners.map_or(0, area)
}

fn area([top, left, bottom, right]: [u64; 4]) -> u64 {
    (bottom - top + 1) * (right - left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_of_each_sheet_count() {
        let cell =
            |row: u16, column: u16| [[0x03, 0x02, 4, 0].as_slice(), &row.to_le_bytes(), &column.to_le_bytes()].concat();
        let sheet = [0x09, 0x08, 0, 0];
        let records = [sheet.as_slice(), &cell(0, 0), &cell(65_535, 255), &sheet, &cell(5, 5)].concat();
        assert_eq!(spanned_cells(&records), 65_536 * 256 + 1);
        assert_eq!(spanned_cells(&[1, 2, 255, 255]), 0);
    }
}
