//! What do the records of a zip file look like? APPNOTE 6.3, without compression.

use super::{Entry, Source};

/// 4.5: zip64; made on Unix, so that names and rights are read as such.
const VERSION: u16 = 45;
const MADE_BY: u16 = (3 << 8) | VERSION;
/// Names in UTF-8.
const UTF8: u16 = 1 << 11;
/// Checksum and sizes follow the data.
const DESCRIPTOR: u16 = 1 << 3;
const LARGEST: u64 = u32::MAX as u64;
const EXTENDED_TIME: u16 = 0x5455;
const ZIP64: u16 = 0x0001;

/// Longest path of an entry: its length has two bytes.
pub const PATH_MAX_BYTES: usize = u16::MAX as usize;

/// What the records of one entry say.
pub struct Header<'a> {
    path: &'a str,
    is_folder: bool,
    is_large: bool,
    size: u64,
    offset: u64,
    seconds: i64,
    pub crc: u32,
}

impl<'a> Header<'a> {
    /// The header of `entry`, which begins at `offset`; its checksum is set later.
    pub fn of(entry: &'a Entry, offset: u64) -> Self {
        Self {
            path: &entry.path,
            is_folder: matches!(entry.source, Source::Folder),
            is_large: entry.is_large(),
            size: entry.size_bytes(),
            offset,
            seconds: entry.modified.div_euclid(1000),
            crc: 0,
        }
    }

    fn is_64(&self) -> bool {
        self.size >= LARGEST
    }

    pub fn local_length(&self) -> u64 {
        30 + self.path.len() as u64 + 9 + if self.is_64() { 20 } else { 0 }
    }

    pub fn descriptor_length(&self) -> u64 {
        match (self.is_large, self.is_64()) {
            (false, _) => 0,
            (true, false) => 16,
            (true, true) => 24,
        }
    }

    pub fn central_length(&self) -> u64 {
        46 + self.path.len() as u64 + 9 + self.central_zip64().len() as u64
    }

    /// Stands before the data.
    pub fn local(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.local_length() as usize);
        put4(&mut out, 0x0403_4b50);
        self.common(&mut out);
        put2(&mut out, self.path.len() as u16);
        put2(&mut out, 9 + if self.is_64() { 20 } else { 0 });
        out.extend_from_slice(self.path.as_bytes());
        self.time(&mut out);
        if self.is_64() {
            put2(&mut out, ZIP64);
            put2(&mut out, 16);
            put8(&mut out, self.size);
            put8(&mut out, self.size);
        }
        out
    }

    /// Stands behind the data of a large entry.
    pub fn descriptor(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put4(&mut out, 0x0807_4b50);
        put4(&mut out, self.crc);
        for _ in 0..2 {
            if self.is_64() { put8(&mut out, self.size) } else { put4(&mut out, self.size as u32) }
        }
        out
    }

    /// Stands in the directory.
    pub fn central(&self, out: &mut Vec<u8>) {
        let zip64 = self.central_zip64();
        put4(out, 0x0201_4b50);
        put2(out, MADE_BY);
        self.common(out);
        put2(out, self.path.len() as u16);
        put2(out, 9 + zip64.len() as u16);
        // No comment, first disk, no internal attributes.
        for _ in 0..3 {
            put2(out, 0);
        }
        put4(out, if self.is_folder { 0o40755 << 16 | 0x10 } else { 0o100644 << 16 });
        put4(out, self.offset.min(LARGEST) as u32);
        out.extend_from_slice(self.path.as_bytes());
        self.time(out);
        out.extend_from_slice(&zip64);
    }

    /// Version, flags, method, time, checksum and sizes.
    fn common(&self, out: &mut Vec<u8>) {
        let (date, time) = dos_time(self.seconds);
        put2(out, VERSION);
        put2(out, if self.is_large { UTF8 | DESCRIPTOR } else { UTF8 });
        put2(out, 0);
        put2(out, time);
        put2(out, date);
        put4(out, self.crc);
        put4(out, self.size.min(LARGEST) as u32);
        put4(out, self.size.min(LARGEST) as u32);
    }

    fn time(&self, out: &mut Vec<u8>) {
        put2(out, EXTENDED_TIME);
        put2(out, 5);
        out.push(1);
        put4(out, self.seconds.clamp(0, i64::from(i32::MAX)) as u32);
    }

    fn central_zip64(&self) -> Vec<u8> {
        let mut values = Vec::new();
        if self.is_64() {
            put8(&mut values, self.size);
            put8(&mut values, self.size);
        }
        if self.offset >= LARGEST {
            put8(&mut values, self.offset);
        }
        if values.is_empty() {
            return values;
        }
        let mut out = Vec::new();
        put2(&mut out, ZIP64);
        put2(&mut out, values.len() as u16);
        out.extend(values);
        out
    }
}

/// How long the end is: see [`end`].
pub fn end_length(count: u64, offset: u64, size: u64) -> u64 {
    22 + if needs_64(count, offset, size) { 56 + 20 } else { 0 }
}

/// Stands behind the directory, which has `size` bytes and begins at `offset`.
pub fn end(out: &mut Vec<u8>, count: u64, offset: u64, size: u64) {
    if needs_64(count, offset, size) {
        put4(out, 0x0606_4b50);
        put8(out, 44);
        put2(out, MADE_BY);
        put2(out, VERSION);
        put4(out, 0);
        put4(out, 0);
        for value in [count, count, size, offset] {
            put8(out, value);
        }
        put4(out, 0x0706_4b50);
        put4(out, 0);
        put8(out, offset + size);
        put4(out, 1);
    }
    put4(out, 0x0605_4b50);
    put4(out, 0);
    let count = count.min(u64::from(u16::MAX)) as u16;
    put2(out, count);
    put2(out, count);
    put4(out, size.min(LARGEST) as u32);
    put4(out, offset.min(LARGEST) as u32);
    put2(out, 0);
}

fn needs_64(count: u64, offset: u64, size: u64) -> bool {
    count >= u64::from(u16::MAX) || offset >= LARGEST || size >= LARGEST
}

/// Date and time as DOS counts them, in UTC: from 1980, in steps of two seconds.
fn dos_time(seconds: i64) -> (u16, u16) {
    let days = seconds.div_euclid(86_400);
    let second = seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    if year < 1980 {
        return ((1 << 5) | 1, 0);
    }
    let date = ((year.min(2107) - 1980) << 9) | (month << 5) | day;
    let time = ((second / 3600) << 11) | ((second / 60 % 60) << 5) | (second % 60 / 2);
    (date as u16, time as u16)
}

/// Year, month and day of a day since 1970, as Howard Hinnant's civil-from-days gives them.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn put2(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put4(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put8(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(dos_time(1_767_600_000), (((2026 - 1980) << 9) | (1 << 5) | 5, 8 << 11));
        assert_eq!(dos_time(0), (33, 0));
        assert_eq!(civil(11_016), (2000, 2, 29));
    }

    #[test]
    fn the_lengths_are_those_of_the_records() {
        for size_bytes in [0, 5, 5 << 20, LARGEST - 1, LARGEST, 1 << 40] {
            for offset in [0, LARGEST, 1 << 40] {
                let id = storage::ContentId::from_bytes([0; 32]);
                let entry =
                    Entry { path: "报告.txt".into(), modified: 0, source: Source::Content { id, size_bytes } };
                let header = Header::of(&entry, offset);
                assert_eq!(header.local().len() as u64, header.local_length());
                let mut central = Vec::new();
                header.central(&mut central);
                assert_eq!(central.len() as u64, header.central_length());
                if header.descriptor_length() > 0 {
                    assert_eq!(header.descriptor().len() as u64, header.descriptor_length());
                }
                for count in [1, 70_000] {
                    let mut last = Vec::new();
                    end(&mut last, count, offset, 100);
                    assert_eq!(last.len() as u64, end_length(count, offset, 100));
                }
            }
        }
    }
}
