//! By which names is a document's type known: `pdf`, `word`, `.docx`, `application/pdf`?

use super::types::IndexDocument;

/// Short names with the media types (whole, or a beginning that ends in `/`) they stand for.
const KINDS: &[(&str, &[&str])] = &[
    ("pdf", &["application/pdf"]),
    ("ofd", &["application/ofd", "application/vnd.ofd"]),
    (
        "word",
        &[
            "application/msword",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.",
            "application/vnd.ms-word.",
            "application/vnd.oasis.opendocument.text",
            "application/rtf",
            "text/rtf",
            "application/wps-office.wps",
            "application/vnd.ms-works",
        ],
    ),
    (
        "excel",
        &[
            "application/vnd.ms-excel",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.",
            "application/vnd.oasis.opendocument.spreadsheet",
            "text/csv",
            "text/tab-separated-values",
        ],
    ),
    (
        "ppt",
        &[
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.presentationml.",
            "application/vnd.oasis.opendocument.presentation",
        ],
    ),
    ("image", &["image/"]),
    ("text", &["text/plain", "text/markdown"]),
    ("web", &["text/html", "application/xhtml+xml"]),
    ("mail", &["message/", "application/vnd.ms-outlook"]),
    (
        "archive",
        &[
            "application/zip",
            "application/gzip",
            "application/x-tar",
            "application/x-7z-compressed",
            "application/vnd.rar",
            "application/x-rar",
        ],
    ),
    ("audio", &["audio/"]),
    ("video", &["video/"]),
];

/// Other words people use for the short names.
const ALIASES: &[(&str, &str)] = &[
    ("document", "word"),
    ("文档", "word"),
    ("sheet", "excel"),
    ("spreadsheet", "excel"),
    ("表格", "excel"),
    ("powerpoint", "ppt"),
    ("presentation", "ppt"),
    ("slides", "ppt"),
    ("演示", "ppt"),
    ("图片", "image"),
    ("picture", "image"),
    ("文本", "text"),
    ("txt", "text"),
    ("email", "mail"),
    ("邮件", "mail"),
    ("网页", "web"),
    ("页面", "page"),
    ("白板", "board"),
    ("whiteboard", "board"),
    ("压缩包", "archive"),
];

/// Returns every term under which the document's type is indexed.
pub fn terms(document: &IndexDocument) -> Vec<String> {
    let media_type = document.media_type.to_ascii_lowercase();
    let mut terms = vec![document.kind.clone()];
    if document.kind == "file" {
        for (kind, types) in KINDS {
            if types.iter().any(|prefix| media_type.starts_with(prefix)) {
                terms.push((*kind).to_owned());
            }
        }
        if let Some((_, extension)) = document.name.rsplit_once('.')
            && (1..=8).contains(&extension.len())
        {
            terms.push(format!(".{}", extension.to_ascii_lowercase()));
        }
    }
    if let Some((family, _)) = media_type.split_once('/') {
        terms.push(format!("{family}/*"));
    }
    terms.push(media_type);
    terms
}

/// Returns the one name under which the document's type is counted: `page`, `board`, a short name, or `other`.
pub fn facet(document: &IndexDocument) -> &str {
    if document.kind != "file" {
        return &document.kind;
    }
    let media_type = document.media_type.to_ascii_lowercase();
    let known = KINDS.iter().find(|(_, types)| types.iter().any(|prefix| media_type.starts_with(prefix)));
    known.map_or("other", |(kind, _)| kind)
}

/// Returns the terms that a filter value stands for.
pub fn wanted(value: &str) -> Vec<String> {
    let value = value.trim().to_lowercase();
    let known = ALIASES.iter().find(|(alias, _)| *alias == value).map(|(_, kind)| (*kind).to_owned());
    let extension = format!(".{}", value.trim_start_matches('.'));
    [Some(value), known, Some(extension)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_short_names() {
        let named = |name: &str, media_type: &str| {
            terms(&IndexDocument {
                kind: "file".into(),
                name: name.into(),
                media_type: media_type.into(),
                ..Default::default()
            })
        };
        let docx = named("a.DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
        assert!(["word", ".docx", "file", "application/*"].iter().all(|term| docx.contains(&(*term).to_owned())));
        assert!(named("x", "image/png").contains(&"image".to_owned()));
        assert!(wanted("PowerPoint").contains(&"ppt".to_owned()));
        assert!(wanted("docx").contains(&".docx".to_owned()));
    }
}
