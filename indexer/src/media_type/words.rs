//! Which kind of text is this?

use crate::extract::encoding;

/// Characters that are looked at.
const PREFIX_BYTES: usize = 4096;

/// Returns the type of a text that begins with `head`.
pub fn detect(head: &[u8], extension: &str) -> &'static str {
    // An even cut keeps UTF-16 whole; half a character at the end does not matter here.
    let prefix = encoding::decode(&head[..head.len().min(PREFIX_BYTES)], None).text;
    let text = prefix.trim_start_matches(|character: char| {
        character.is_whitespace() || character == '\u{feff}' || character == '\0'
    });
    if let Some(kind) = markup(text, extension) {
        return kind;
    }
    if is_mail(text, extension) {
        return "message/rfc822";
    }
    match extension {
        "csv" => "text/csv",
        "tsv" | "tab" => "text/tab-separated-values",
        "md" | "markdown" | "mkd" | "mdown" => "text/markdown",
        "json" | "geojson" | "ipynb" if text.starts_with(['{', '[', '"']) => "application/json",
        "yaml" | "yml" => "application/yaml",
        "toml" => "application/toml",
        "css" => "text/css",
        "js" | "mjs" | "cjs" => "text/javascript",
        "ics" if text.starts_with("BEGIN:VCALENDAR") => "text/calendar",
        "vcf" if text.starts_with("BEGIN:VCARD") => "text/vcard",
        _ => "text/plain",
    }
}

/// Tells whether bytes begin with an element or declaration of HTML, XML or SVG.
pub fn begins_with_markup(head: &[u8]) -> bool {
    let prefix = encoding::decode(&head[..head.len().min(PREFIX_BYTES)], None).text;
    markup(prefix.trim_start(), "").is_some()
}

fn markup(text: &str, extension: &str) -> Option<&'static str> {
    // Markdown may begin with an HTML comment or element.
    if matches!(extension, "md" | "markdown") || !text.starts_with('<') {
        return None;
    }
    let lower = text.to_lowercase();
    let rest = skip_prolog(&lower);
    let element: String = rest
        .strip_prefix('<')
        .unwrap_or_default()
        .chars()
        .take_while(|character| character.is_alphanumeric() || matches!(character, ':' | '-' | '!'))
        .collect();
    let is_xml = lower.starts_with("<?xml");
    match element.as_str() {
        "svg" | "svg:svg" => Some("image/svg+xml"),
        "html" if is_xml => Some("application/xhtml+xml"),
        "html" | "head" | "body" | "script" | "title" | "meta" | "iframe" | "table" | "div" | "style" | "h1" | "p"
        | "a" | "br" | "font" | "img"
            if !is_xml =>
        {
            Some("text/html")
        }
        _ if lower.contains("<!doctype html") => Some("text/html"),
        _ if lower.contains("<!doctype svg") => Some("image/svg+xml"),
        _ if is_xml => Some("application/xml"),
        _ => match extension {
            "html" | "htm" | "xhtml" | "mht" => Some("text/html"),
            "svg" => Some("image/svg+xml"),
            "xml" | "xsd" | "xsl" | "rss" | "atom" => Some("application/xml"),
            _ => None,
        },
    }
}

/// Skips declarations, comments and the document type.
fn skip_prolog(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
        let end = if text.starts_with("<?") {
            text.find("?>").map(|at| at + 2)
        } else if text.starts_with("<!--") {
            text.find("-->").map(|at| at + 3)
        } else if text.starts_with("<!doctype") {
            let open = text.find('[').unwrap_or(usize::MAX);
            let close = text.find('>').unwrap_or(usize::MAX);
            if open < close { text.find("]>").map(|at| at + 2) } else { text.find('>').map(|at| at + 1) }
        } else {
            return text;
        };
        match end {
            Some(end) => text = &text[end..],
            None => return "",
        }
    }
}

/// Tells whether a text begins with the header of a mail.
fn is_mail(text: &str, extension: &str) -> bool {
    const TELLING: [&str; 6] = ["received", "return-path", "message-id", "mime-version", "delivered-to", "x-mailer"];
    const COMMON: [&str; 6] = ["from", "to", "subject", "date", "content-type", "reply-to"];
    let (mut telling, mut common) = (0, 0);
    for line in text.lines().take(60) {
        if line.starts_with([' ', '\t']) || line.starts_with("From ") {
            continue;
        }
        let Some((field, _)) = line.split_once(':') else {
            break;
        };
        if field.is_empty() || !field.bytes().all(|byte| byte.is_ascii_graphic()) {
            break;
        }
        let field = field.to_ascii_lowercase();
        telling += usize::from(TELLING.contains(&field.as_str()));
        common += usize::from(COMMON.contains(&field.as_str()));
    }
    match extension {
        "eml" => telling + common >= 1,
        "" | "mail" | "mbox" => telling >= 1 && telling + common >= 3,
        _ => telling >= 2 && telling + common >= 4,
    }
}
