//! Which files are a program's own business and none of the archive's? Known by their names.

/// What is to become of a file of some name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A document.
    Document,
    /// A step of saving: it is renamed or deleted in a moment. What stays becomes a document after all.
    Scratch,
    /// Notes of a file manager or of an office program to itself: dropped after a while.
    Junk,
}

/// What the name of a file tells.
pub fn fate_of(name: &str) -> Fate {
    let lower = name.to_lowercase();
    let is_junk = lower.starts_with("._")
        || lower.starts_with("~$")
        || lower.starts_with(".~")
        || matches!(lower.as_str(), ".ds_store" | "thumbs.db" | "ehthumbs.db" | "desktop.ini" | ".apdisk")
        || lower.starts_with(".metadata_never_index");
    if is_junk {
        return Fate::Junk;
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| lower.len() > ending.len() && lower.ends_with(ending));
    let is_scratch = ends(&[".tmp", ".temp", ".partial", ".part", ".filepart", ".crdownload", ".swp", ".swx", "~"])
        || lower.starts_with(".goutputstream-")
        || lower == "4913"
        || is_safe_save(&lower)
        || is_excel(name);
    if is_scratch { Fate::Scratch } else { Fate::Document }
}

/// Folders that systems put on every drive, for their own purposes.
pub fn is_system_folder(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        ".spotlight-v100"
            | ".trashes"
            | ".trash-1000"
            | ".fseventsd"
            | ".temporaryitems"
            | "$recycle.bin"
            | "system volume information"
    )
}

/// `报告.docx.sb-1a2b3c4d-XyZ012`: how macOS saves.
fn is_safe_save(lower: &str) -> bool {
    let Some((_, tail)) = lower.rsplit_once(".sb-") else { return false };
    let Some((number, letters)) = tail.split_once('-') else { return false };
    number.len() == 8
        && number.bytes().all(|byte| byte.is_ascii_hexdigit())
        && letters.len() == 6
        && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `5A3B1C00`: how Excel saves. Eight digits alone are more likely a date.
fn is_excel(name: &str) -> bool {
    name.len() == 8
        && name.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
        && name.bytes().any(|byte| byte.is_ascii_uppercase())
        && name.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_leave_behind_is_known() {
        for junk in
            [".DS_Store", "._报告.docx", "Thumbs.db", "desktop.ini", "~$报告.docx", ".~lock.a.odt#", ".~报告.docx"]
        {
            assert_eq!(fate_of(junk), Fate::Junk, "{junk}");
        }
        for scratch in [
            "~WRD0001.tmp",
            "~WRL0002.tmp",
            "5A3B1C00",
            "lu2417p0d4.tmp",
            "报告.docx~",
            ".报告.txt.swp",
            "4913",
            ".goutputstream-ABCDEF",
            "报告.docx.sb-1a2b3c4d-XyZ012",
            "数据.csv.part",
        ] {
            assert_eq!(fate_of(scratch), Fate::Scratch, "{scratch}");
        }
        for document in [
            "报告.docx",
            "20240101",
            "DEADBEEF",
            "tmp",
            ".tmp",
            "~",
            "a.sb-1-2",
            "~报告.docx",
            "Backup of a.wbk",
            ".env",
        ] {
            assert_eq!(fate_of(document), Fate::Document, "{document}");
        }
    }
}
