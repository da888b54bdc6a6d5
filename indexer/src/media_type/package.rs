//! Which document is a zip file, by the entries that its head shows?

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const SLIDES: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// Returns the type of a zip file that begins with `head`.
pub fn detect(head: &[u8], extension: &str) -> &'static str {
    let entries = local_entries(head);
    if let Some(kind) = stated_type(head, &entries) {
        return kind;
    }
    let has = |prefix: &str| entries.iter().any(|entry| entry.name.starts_with(prefix));
    let has_macros = entries.iter().any(|entry| entry.name.ends_with("vbaProject.bin"));
    if has("OFD.xml") || (extension == "ofd" && (has("Doc_0/") || entries.is_empty())) {
        return "application/ofd";
    }
    if has("word/") {
        return word(extension, has_macros);
    }
    if has("xl/") {
        return sheet(extension, has_macros);
    }
    if has("ppt/") {
        return slides(extension, has_macros);
    }
    // The head shows the parts that all of them have, not the ones that tell them apart.
    if has("[Content_Types].xml") || has("_rels/") || has("docProps/") || has("customXml/") {
        return by_extension(extension).unwrap_or("application/zip");
    }
    if has("META-INF/MANIFEST.MF") {
        return "application/java-archive";
    }
    "application/zip"
}

/// Returns the type of an Office document by its extension alone.
pub fn by_extension(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "docx" | "docm" | "dotx" | "dotm" => word(extension, false),
        "xlsx" | "xlsm" | "xltx" | "xltm" | "xlsb" => sheet(extension, false),
        "pptx" | "pptm" | "potx" | "potm" | "ppsx" | "ppsm" => slides(extension, false),
        _ => return None,
    })
}

fn word(extension: &str, has_macros: bool) -> &'static str {
    match extension {
        "docm" => "application/vnd.ms-word.document.macroEnabled.12",
        "dotx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
        "dotm" => "application/vnd.ms-word.template.macroEnabled.12",
        _ if has_macros => "application/vnd.ms-word.document.macroEnabled.12",
        _ => WORD,
    }
}

fn sheet(extension: &str, has_macros: bool) -> &'static str {
    match extension {
        "xlsm" => "application/vnd.ms-excel.sheet.macroEnabled.12",
        "xltx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
        "xltm" => "application/vnd.ms-excel.template.macroEnabled.12",
        "xlsb" => "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
        _ if has_macros => "application/vnd.ms-excel.sheet.macroEnabled.12",
        _ => SHEET,
    }
}

fn slides(extension: &str, has_macros: bool) -> &'static str {
    match extension {
        "pptm" => "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
        "potx" => "application/vnd.openxmlformats-officedocument.presentationml.template",
        "potm" => "application/vnd.ms-powerpoint.template.macroEnabled.12",
        "ppsx" => "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
        "ppsm" => "application/vnd.ms-powerpoint.slideshow.macroEnabled.12",
        _ if has_macros => "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
        _ => SLIDES,
    }
}

/// Returns the type that an uncompressed `mimetype` entry states (OpenDocument, EPUB).
fn stated_type(head: &[u8], entries: &[Entry]) -> Option<&'static str> {
    let entry = entries.iter().find(|entry| entry.name == "mimetype")?;
    let content = head.get(entry.data..)?;
    let known = [
        "application/vnd.oasis.opendocument.text-template",
        "application/vnd.oasis.opendocument.text-master",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet-template",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation-template",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.graphics",
        "application/vnd.oasis.opendocument.chart",
        "application/vnd.oasis.opendocument.formula",
        "application/epub+zip",
    ];
    known.into_iter().find(|kind| content.starts_with(kind.as_bytes()))
}

struct Entry {
    name: String,
    /// Where its data begins in the head.
    data: usize,
}

/// Lists the entries whose headers stand in the head, local ones and those of the directory.
fn local_entries(head: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (start, magic) in head.windows(4).enumerate() {
        let (length_at, name_at) = match magic {
            b"PK\x03\x04" => (26, 30),
            b"PK\x01\x02" => (28, 46),
            _ => continue,
        };
        let number = |at: usize| {
            head.get(start + at..start + at + 2).map(|pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])))
        };
        let (Some(name_length), Some(extra_length)) = (number(length_at), number(length_at + 2)) else {
            break;
        };
        if let Some(name) = head.get(start + name_at..start + name_at + name_length) {
            entries.push(Entry {
                name: String::from_utf8_lossy(name).replace('\\', "/"),
                data: start + name_at + name_length + extra_length,
            });
        }
        if entries.len() >= 2000 {
            break;
        }
    }
    entries
}
