//! What is this content really, whatever its name says?
//!
//! Content decides first. The name only tells apart what content cannot: kinds of plain text, kinds of compound files whose
//! directory lies beyond the head. Pure, never panics, looks at the head alone.

mod compound;
mod package;
mod words;

use crate::extract::encoding;

/// Bytes of a file that [`detect`] wants to see.
pub const HEAD_BYTES: usize = 64 << 10;

const BINARY: &str = "application/octet-stream";

/// Returns the true media type of content that begins with `head` and is called `name`.
pub fn detect(head: &[u8], name: &str) -> &'static str {
    let extension = extension(name);
    if head.is_empty() {
        return "application/x-empty";
    }
    if let Some(kind) = by_magic(head, &extension) {
        return kind;
    }
    if !encoding::looks_like_text(head, head.len() >= HEAD_BYTES) {
        return BINARY;
    }
    words::detect(head, &extension)
}

/// Tells whether files of this type are text in some encoding.
pub fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || matches!(
            media_type,
            "application/json"
                | "application/xml"
                | "application/javascript"
                | "application/x-ndjson"
                | "application/yaml"
                | "application/toml"
        )
}

/// Returns the lower-case extension of a name, without the dot.
fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.trim().to_lowercase()).unwrap_or_default()
}

fn by_magic(head: &[u8], extension: &str) -> Option<&'static str> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") || head.starts_with(b"PK\x07\x08PK\x03\x04") {
        return Some(package::detect(head, extension));
    }
    if head.starts_with(&compound::MAGIC) {
        return Some(compound::detect(head, extension));
    }
    if head.starts_with(b"{\\rtf") {
        return Some("application/rtf");
    }
    if is_pdf(head) || (extension == "pdf" && is_damaged_pdf(head)) {
        return Some("application/pdf");
    }
    media_magic(head).or_else(|| archive_magic(head))
}

/// Tells whether this is a PDF: the header may stand behind some junk, but not inside of another document.
fn is_pdf(head: &[u8]) -> bool {
    let Some(start) = head[..head.len().min(1024)].windows(5).position(|window| window == b"%PDF-") else {
        return false;
    };
    let before = &head[..start];
    let is_blank =
        before.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0 || matches!(byte, 0xef | 0xbb | 0xbf));
    is_blank || (!words::begins_with_markup(before) && media_magic(head).is_none() && !before.starts_with(b"MZ"))
}

/// Tells whether this was a PDF before its first bytes were damaged: the next ones and the objects still show it.
fn is_damaged_pdf(head: &[u8]) -> bool {
    let has = |part: &[u8], word: &[u8]| part.windows(word.len()).any(|window| window == word);
    has(&head[..head.len().min(16)], b"PDF-1.") && has(head, b" obj")
}

fn media_magic(head: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    Some(match head {
        _ if at(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if at(0, b"\xff\xd8\xff") => "image/jpeg",
        _ if at(0, b"GIF87a") || at(0, b"GIF89a") => "image/gif",
        _ if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        _ if at(0, b"RIFF") && at(8, b"WAVE") => "audio/wav",
        _ if at(0, b"RIFF") && at(8, b"AVI ") => "video/x-msvideo",
        _ if at(0, b"II*\0") || at(0, b"MM\0*") => "image/tiff",
        _ if at(0, b"BM") && at(6, &[0; 4]) && head.len() > 26 => "image/bmp",
        _ if at(0, &[0, 0, 1, 0]) && head.len() > 22 && head[5] == 0 && head[4] > 0 => "image/x-icon",
        _ if at(4, b"ftypheic") || at(4, b"ftypheix") || at(4, b"ftypmif1") => "image/heic",
        _ if at(4, b"ftypavif") => "image/avif",
        _ if at(4, b"ftypqt") => "video/quicktime",
        _ if at(4, b"ftypM4A") => "audio/mp4",
        _ if at(4, b"ftyp") => "video/mp4",
        _ if at(0, b"\x1a\x45\xdf\xa3") => "video/x-matroska",
        _ if at(0, b"OggS") => "audio/ogg",
        _ if at(0, b"fLaC") => "audio/flac",
        _ if at(0, b"ID3") || at(0, b"\xff\xfb") => "audio/mpeg",
        _ if at(0, b"AT&TFORM") => "image/vnd.djvu",
        _ => return None,
    })
}

fn archive_magic(head: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    Some(match head {
        _ if at(0, b"\x1f\x8b") => "application/gzip",
        _ if at(0, b"\x28\xb5\x2f\xfd") => "application/zstd",
        _ if at(0, b"BZh") && at(4, b"1AY&SY") => "application/x-bzip2",
        _ if at(0, b"\xfd7zXZ\0") => "application/x-xz",
        _ if at(0, b"7z\xbc\xaf\x27\x1c") => "application/x-7z-compressed",
        _ if at(0, b"Rar!\x1a\x07") => "application/vnd.rar",
        _ if at(257, b"ustar") => "application/x-tar",
        _ if at(0, b"SQLite format 3\0") => "application/vnd.sqlite3",
        _ if at(0, b"wOFF") => "font/woff",
        _ if at(0, b"wOF2") => "font/woff2",
        _ if at(0, b"OTTO\0") => "font/otf",
        _ if at(0, &[0, 1, 0, 0, 0]) && head.len() > 12 => "font/ttf",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_wins_over_the_name() {
        assert_eq!(detect(b"%PDF-1.7\n", "report.docx"), "application/pdf");
        assert_eq!(detect(b"GIF89a/*", "script.js"), "image/gif");
        assert_eq!(detect(b"<!DOCTYPE html><!--\n%PDF-1.7", "a.pdf"), "text/html");
        assert_eq!(detect(b"", "a.pdf"), "application/x-empty");
    }

    #[test]
    fn names_tell_kinds_of_text_apart() {
        let text = "序号,名称\n1,合同\n".as_bytes();
        assert_eq!(detect(text, "表.CSV"), "text/csv");
        assert_eq!(detect(text, "表.md"), "text/markdown");
        assert_eq!(detect(text, "表"), "text/plain");
        assert_eq!(detect(text, "表.docx"), "text/plain");
    }

    /// Returns a zip file's local headers of stored entries, as a head shows them.
    fn zip_head(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut head = Vec::new();
        for (name, content) in entries {
            head.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
            head.extend_from_slice(&[(content.len() as u32).to_le_bytes(); 2].concat());
            head.extend_from_slice(&[name.len() as u8, 0, 0, 0]);
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(content.as_bytes());
        }
        head
    }

    #[test]
    fn documents_in_zip_files_are_told_apart_by_their_entries() {
        let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for (entries, name, expected) in [
            (vec![("word/document.xml", "")], "a.pdf", word),
            (vec![("[Content_Types].xml", "")], "a.docx", word),
            (vec![("[Content_Types].xml", "")], "a.bin", "application/zip"),
            (vec![("xl/workbook.xml", "")], "a.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12"),
            (
                vec![("word/document.xml", ""), ("word/vbaProject.bin", "")],
                "a",
                "application/vnd.ms-word.document.macroEnabled.12",
            ),
            (
                vec![("mimetype", "application/vnd.oasis.opendocument.text")],
                "a.zip",
                "application/vnd.oasis.opendocument.text",
            ),
            (vec![("OFD.xml", "")], "a", "application/ofd"),
            (vec![("合同.txt", "")], "a.docx", "application/zip"),
        ] {
            assert_eq!(detect(&zip_head(&entries), name), expected, "{entries:?} {name}");
        }
    }

    #[test]
    fn compound_files_are_told_apart_by_their_directory_then_by_name() {
        let with_entry = |name: &str| {
            let mut head = [compound::MAGIC.as_slice(), &[0; 504]].concat();
            let mut entry: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
            let length = entry.len() as u8;
            entry.resize(128, 0);
            entry[64] = length;
            head.extend_from_slice(&entry);
            head
        };
        assert_eq!(detect(&with_entry("WordDocument"), "a.xls"), "application/msword");
        assert_eq!(detect(&with_entry("Workbook"), "a"), "application/vnd.ms-excel");
        assert_eq!(detect(&with_entry("__properties_version1.0"), "a"), "application/vnd.ms-outlook");
        assert_eq!(detect(&with_entry("Other"), "a.ppt"), "application/vnd.ms-powerpoint");
        assert_eq!(detect(&with_entry("Other"), "a"), "application/x-ole-storage");
    }

    #[test]
    fn mails_and_markup_are_recognised() {
        let mail = b"Received: from a\r\nMessage-ID: <1>\r\nFrom: a\r\nTo: b\r\n\r\nbody";
        assert_eq!(detect(mail, "a.txt"), "message/rfc822");
        assert_eq!(detect(b"Subject: x\n\nbody", "a.eml"), "message/rfc822");
        assert_eq!(detect(b"Subject: x\n\nbody", "a.txt"), "text/plain");
        assert_eq!(detect(b"<?xml version='1.0'?><!-- c --><svg/>", "a.txt"), "image/svg+xml");
        assert_eq!(detect(b"<?xml version='1.0'?><a/>", "a.svg"), "application/xml");
        assert_eq!(detect(b"\xff\xfe<\0h\0t\0m\0l\0>\0", "a.txt"), "text/html");
    }

    #[test]
    fn any_bytes_give_some_type() {
        for seed in 0u32..2000 {
            let noise: Vec<u8> =
                (0..seed % 300).map(|n| (n.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 11) as u8).collect();
            for magic in [&b""[..], b"PK\x03\x04", &compound::MAGIC, b"%PDF-", b"<?xml", b"\xff\xfe", b"From: "] {
                detect(&[magic, &noise].concat(), "x.docx");
            }
        }
    }
}
