//! What may be shown as the name of a file inside a file?

use super::encoding;

const MAX_NAME_CHARS: usize = 200;

/// Returns a name that is safe to display: the last path segment, without control or direction characters.
pub fn display_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|segment| !matches!(segment.trim(), "" | "." | "..")).unwrap_or("");
    let clean = clean_name(last);
    if clean.is_empty() { "unnamed".to_owned() } else { clean }
}

/// Returns the path of an archive entry for display: forward slashes, no climbing, no drive, no control characters.
pub fn display_path(path: &str) -> String {
    path.split(['/', '\\'])
        .map(clean_name)
        .filter(|segment| !matches!(segment.as_str(), "" | "." | ".."))
        .collect::<Vec<_>>()
        .join("/")
}

/// Decodes the raw name of a zip entry: UTF-8 when flagged or valid, else what Windows in China, Taiwan or Japan writes.
pub fn zip_name(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding::decode(raw, None).text,
    }
}

fn clean_name(name: &str) -> String {
    let is_shown = |character: &char| {
        !character.is_control()
            && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    name.chars().filter(is_shown).take(MAX_NAME_CHARS).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_climb_or_hide() {
        assert_eq!(display_name("../../etc/passwd"), "passwd");
        assert_eq!(display_name("..\\..\\evil\0.txt"), "evil.txt");
        assert_eq!(display_name("a\u{202e}txt.exe"), "atxt.exe");
        assert_eq!(display_name("../.."), "unnamed");
        assert_eq!(display_path("../../etc/passwd"), "etc/passwd");
        assert_eq!(display_path("/附件\\预算表.csv"), "附件/预算表.csv");
    }

    #[test]
    fn zip_names_in_gbk_are_read() {
        let raw = encoding_rs::GBK.encode("合同（2024年）.txt").0;
        assert_eq!(zip_name(&raw), "合同（2024年）.txt");
        assert_eq!(zip_name("附件/预算表.csv".as_bytes()), "附件/预算表.csv");
        assert_eq!(zip_name(&encoding_rs::GBK.encode("附件/预算表.csv").0), "附件/预算表.csv");
    }
}
