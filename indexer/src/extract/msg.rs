//! What does an Outlook message say (MS-OXMSG)?
//!
//! A compound file with one stream per property. Properties of type 001F are UTF-16, 001E are in the code page that the
//! message names, 0102 are bytes.

use std::io::Read;

use encoding_rs::Encoding;

use super::mail::{self, Header};
use super::source::{ReadSeek, Source};
use super::{Attachment, FileText, Guard, Result, encoding, html, names, read_inner, rtf, sink, sink::Sink};

type File<'a> = cfb::CompoundFile<Box<dyn ReadSeek + 'a>>;

const SUBJECT: u16 = 0x0037;
const SENT_REPRESENTING_NAME: u16 = 0x0042;
const SENDER_NAME: u16 = 0x0c1a;
const SENDER_SMTP: u16 = 0x5d01;
const SENDER_ADDRESS: u16 = 0x0c1f;
const DISPLAY_BCC: u16 = 0x0e02;
const DISPLAY_CC: u16 = 0x0e03;
const DISPLAY_TO: u16 = 0x0e04;
const TRANSPORT_HEADERS: u16 = 0x007d;
const BODY: u16 = 0x1000;
const RTF_COMPRESSED: u16 = 0x1009;
const HTML: u16 = 0x1013;
const ATTACH_DATA: u16 = 0x3701;
const ATTACH_NAMES: [u16; 3] = [0x3707, 0x3704, 0x3001];
const SENT_AT: u16 = 0x0039;
const DELIVERED_AT: u16 = 0x0e06;
const CODE_PAGES: [u16; 2] = [0x3ffd, 0x3fde];

/// The header of the list of fixed-size properties is longer in the message itself than in what is inside it.
const TOP_LEVEL_HEADER: usize = 32;
const EMBEDDED_HEADER: usize = 24;

/// Reads an Outlook message.
pub fn read(source: &Source, guard: &Guard, depth: usize) -> Result<FileText> {
    let mut file = source.open_compound_file()?;
    read_message(&mut file, "", TOP_LEVEL_HEADER, guard, depth)
}

fn read_message(file: &mut File, folder: &str, header_bytes: usize, guard: &Guard, depth: usize) -> Result<FileText> {
    let mut storage = Storage::open(file, folder, header_bytes, guard)?;
    let header = header(&mut storage)?;
    let body = storage.text(BODY)?;
    let html_body = html_body(&mut storage)?;
    let encapsulated =
        if html_body.is_empty() || body.is_empty() { rtf_body(&mut storage, guard)? } else { String::new() };

    let mut sink = Sink::new(guard.limits.max_text_bytes);
    header.push(&mut sink);
    if !body.trim().is_empty() {
        sink.line(&body);
    } else if !html_body.is_empty() {
        sink.line(&html::read_text(&html_body, guard).text);
    } else {
        sink.line(&encapsulated);
    }
    let mut text = FileText { title: some(&header.subject), author: some(&header.from), ..FileText::default() };
    let attachments = storage.children("__attach_version1.0_");
    for attachment in attachments {
        read_attachment(file, &attachment, guard, depth, &mut text, &mut sink)?;
    }
    let safe_body = match (html_body.is_empty(), body.trim().is_empty()) {
        (false, _) => html::clean_body(&html_body),
        (true, false) => mail::preformatted(&body),
        (true, true) => mail::preformatted(&encapsulated),
    };
    text.clean_html = Some(header.page(&safe_body, &text.attachments));
    (text.text, text.is_truncated) = sink.finish();
    Ok(text)
}

fn header(storage: &mut Storage) -> Result<Header> {
    let name = first_of(storage, &[SENT_REPRESENTING_NAME, SENDER_NAME])?;
    let address = first_of(storage, &[SENDER_SMTP, SENDER_ADDRESS])?;
    let from = match (name.is_empty(), address.contains('@') && address != name) {
        (false, true) => format!("{name} <{address}>"),
        (true, _) => address,
        _ => name,
    };
    let transport = storage.text(TRANSPORT_HEADERS)?;
    let stated_date = transport.lines().find_map(|line| line.strip_prefix("Date:")).map(|date| date.trim().to_owned());
    let date = storage.time(SENT_AT).or_else(|| storage.time(DELIVERED_AT)).or(stated_date).unwrap_or_default();
    Ok(Header {
        from,
        to: storage.text(DISPLAY_TO)?,
        cc: storage.text(DISPLAY_CC)?,
        bcc: storage.text(DISPLAY_BCC)?,
        date,
        subject: storage.text(SUBJECT)?,
    })
}

fn first_of(storage: &mut Storage, properties: &[u16]) -> Result<String> {
    for property in properties {
        let text = storage.text(*property)?;
        if !text.trim().is_empty() {
            return Ok(text.trim().to_owned());
        }
    }
    Ok(String::new())
}

fn html_body(storage: &mut Storage) -> Result<String> {
    match storage.bytes(HTML, "0102")? {
        Some(bytes) => Ok(encoding::decode(&bytes, Some(storage.code_page.name())).text),
        None => storage.text(HTML),
    }
}

fn rtf_body(storage: &mut Storage, guard: &Guard) -> Result<String> {
    let compressed = storage.bytes(RTF_COMPRESSED, "0102")?.unwrap_or_default();
    let limit = guard.limits.max_text_bytes;
    Ok(rtf::decompress(&compressed, limit).map(|source| rtf::text(&source, limit).text).unwrap_or_default())
}

fn read_attachment(
    file: &mut File,
    folder: &str,
    guard: &Guard,
    depth: usize,
    text: &mut FileText,
    sink: &mut Sink,
) -> Result<()> {
    let mut storage = Storage::open(file, folder, 8, guard)?;
    let name = first_of(&mut storage, &ATTACH_NAMES)?;
    let embedded = format!("{folder}/__substg1.0_{ATTACH_DATA:04X}000D");
    if storage.file.is_storage(&embedded) {
        let name = names::display_name(&name);
        sink.line(&name);
        text.attachments.push(Attachment { name, media_type: "application/vnd.ms-outlook".to_owned(), size_bytes: 0 });
        if guard.admits_inner_file(depth + 1)
            && let Ok(inner) = read_message(file, &embedded, EMBEDDED_HEADER, guard, depth + 1)
        {
            sink.line(&inner.text);
        }
        return Ok(());
    }
    let bytes = storage.bytes(ATTACH_DATA, "0102")?.unwrap_or_default();
    let (listing, inner) = read_inner(&name, bytes, guard, depth + 1);
    sink.line(&listing.name);
    if let Some(inner) = inner {
        sink.line(&inner.text);
    }
    text.attachments.push(listing);
    Ok(())
}

/// One storage of the compound file: a message, a recipient or an attachment.
struct Storage<'f, 'a, 'g> {
    file: &'f mut File<'a>,
    folder: String,
    code_page: &'static Encoding,
    fixed: Vec<u8>,
    guard: &'g Guard<'g>,
}

impl<'f, 'a, 'g> Storage<'f, 'a, 'g> {
    fn open(file: &'f mut File<'a>, folder: &str, header_bytes: usize, guard: &'g Guard<'g>) -> Result<Self> {
        let mut storage =
            Self { file, folder: folder.to_owned(), code_page: encoding_rs::WINDOWS_1252, fixed: Vec::new(), guard };
        let fixed = storage.stream("__properties_version1.0")?.unwrap_or_default();
        storage.fixed = fixed.get(header_bytes..).unwrap_or_default().to_vec();
        let number = CODE_PAGES.iter().find_map(|property| storage.fixed_value(*property)).unwrap_or(0) as u32;
        storage.code_page = encoding::code_page(number);
        Ok(storage)
    }

    /// Returns the value of a property of fixed size.
    fn fixed_value(&self, property: u16) -> Option<u64> {
        let entry = self.fixed.chunks_exact(16).find(|entry| u16::from_le_bytes([entry[2], entry[3]]) == property)?;
        entry[8..16].try_into().ok().map(u64::from_le_bytes)
    }

    /// Returns a time property in ISO 8601; Windows counts 100 ns from 1601.
    fn time(&self, property: u16) -> Option<String> {
        let seconds = (self.fixed_value(property)? / 10_000_000).checked_sub(11_644_473_600)?;
        let (days, seconds) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil_date(days);
        (year < 3000).then(|| {
            format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
        })
    }

    fn text(&mut self, property: u16) -> Result<String> {
        if let Some(bytes) = self.bytes(property, "001F")? {
            return Ok(encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.trim_end_matches('\0').to_owned());
        }
        let Some(bytes) = self.bytes(property, "001E")? else {
            return Ok(String::new());
        };
        Ok(encoding::decode(&bytes, Some(self.code_page.name())).text.trim_end_matches('\0').to_owned())
    }

    fn bytes(&mut self, property: u16, kind: &str) -> Result<Option<Vec<u8>>> {
        self.stream(&format!("__substg1.0_{property:04X}{kind}"))
    }

    fn stream(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = format!("{}/{name}", self.folder);
        if !self.file.is_stream(&path) {
            return Ok(None);
        }
        let allowance = self.guard.unpack_allowance();
        let stream = self.file.open_stream(&path).map_err(super::ExtractError::damaged)?;
        let mut bytes = Vec::new();
        stream.take(allowance.saturating_add(1)).read_to_end(&mut bytes).map_err(super::ExtractError::damaged)?;
        self.guard.count_unpacked(bytes.len() as u64)?;
        Ok(Some(bytes))
    }

    /// Returns the paths of the storages inside whose names begin with `prefix`, in order.
    fn children(&self, prefix: &str) -> Vec<String> {
        let folder = if self.folder.is_empty() { "/" } else { &self.folder };
        let Ok(entries) = self.file.read_storage(folder) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter(|entry| entry.is_storage() && entry.name().starts_with(prefix))
            .map(|entry| format!("{}/{}", self.folder, entry.name()))
            .collect();
        names.sort();
        names.truncate(2048);
        names
    }
}

/// Returns year, month and day of a count of days since 1970.
fn civil_date(days: u64) -> (u64, u64, u64) {
    // Eras of 400 years from 0000-03-01 have one length each.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

fn some(text: &str) -> Option<String> {
    let (text, _) = sink::clean(text.trim(), 4096);
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!([0, 59, 11_016, 19_787].map(civil_date), [(1970, 1, 1), (1970, 3, 1), (2000, 2, 29), (2024, 3, 5)]);
    }
}
