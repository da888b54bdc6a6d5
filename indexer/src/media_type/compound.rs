//! Which document is an OLE compound file, by the directory entries that its head shows?

use super::package;

/// First bytes of every compound file.
pub const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// Returns the type of a compound file that begins with `head`.
pub fn detect(head: &[u8], extension: &str) -> &'static str {
    let has = |name: &str| has_entry(head, name);
    if has("EncryptedPackage") {
        // Only the name still tells what was encrypted.
        return package::by_extension(extension)
            .unwrap_or("application/vnd.openxmlformats-officedocument.wordprocessingml.document");
    }
    if has("PowerPoint Document") || has("PP40") {
        return "application/vnd.ms-powerpoint";
    }
    if has("WordDocument") {
        return "application/msword";
    }
    if has("Workbook") || has("Book") {
        return "application/vnd.ms-excel";
    }
    if has("__properties_version1.0") || has("__nameid_version1.0") {
        return "application/vnd.ms-outlook";
    }
    match extension {
        "doc" | "dot" | "wps" => "application/msword",
        "xls" | "xlt" | "et" => "application/vnd.ms-excel",
        "ppt" | "pot" | "pps" | "dps" => "application/vnd.ms-powerpoint",
        "msg" => "application/vnd.ms-outlook",
        _ => package::by_extension(extension).unwrap_or("application/x-ole-storage"),
    }
}

/// Tells whether a directory entry of this name stands in the head: entries are 128 bytes long and begin with the name in
/// UTF-16, zero-filled; its length in bytes with the final zero follows at 64.
fn has_entry(head: &[u8], name: &str) -> bool {
    let wanted: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let entries = head.get(512..).unwrap_or_default().chunks_exact(128);
    entries.into_iter().any(|entry| {
        entry.starts_with(&wanted) && usize::from(u16::from_le_bytes([entry[64], entry[65]])) == wanted.len()
    })
}
