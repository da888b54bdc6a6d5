//! What does a mail say: its header, body, attachments and what stands in them?

use mail_parser::{Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::source::Source;
use super::{ExtractError, FileText, Guard, Result, encoding, html, names, read_inner, sink::Sink};

/// Mails inside mails that one file may hold; more are only made to exhaust parsers.
const MAX_NESTED_MESSAGES: usize = 100;

/// Pictures that are shown inside the body, all together.
const MAX_INLINE_PICTURE_BYTES: usize = 16 << 20;

/// Reads a mail in the Internet message format.
pub fn read(source: &Source, guard: &Guard, depth: usize) -> Result<FileText> {
    let raw = source.read_all()?;
    if count_nested(&raw) > MAX_NESTED_MESSAGES {
        return Err(ExtractError::damaged("too many mails inside of each other"));
    }
    let message = MessageParser::default().parse(&raw).ok_or_else(|| ExtractError::damaged("it has no mail header"))?;
    read_message(&message, guard, depth)
}

/// The lines of a mail's header that readers want to see, with their labels.
#[derive(Default)]
pub struct Header {
    pub from: String,
    pub to: String,
    pub cc: String,
    pub bcc: String,
    pub date: String,
    pub subject: String,
}

impl Header {
    fn of(message: &Message) -> Self {
        let people = |address: Option<&Address>| address.map(show_people).unwrap_or_default();
        Self {
            from: people(message.from().or_else(|| message.sender())),
            to: people(message.to()),
            cc: people(message.cc()),
            bcc: people(message.bcc()),
            date: message.date().map(|date| date.to_rfc3339()).unwrap_or_default(),
            subject: message.subject().unwrap_or_default().to_owned(),
        }
    }

    /// Returns the fields that are not empty.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("主题 Subject", &self.subject),
            ("发件人 From", &self.from),
            ("收件人 To", &self.to),
            ("抄送 Cc", &self.cc),
            ("密送 Bcc", &self.bcc),
            ("日期 Date", &self.date),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(label, value)| (label, value.as_str()))
    }

    /// Adds the values, one in a line.
    pub fn push(&self, sink: &mut Sink) {
        self.fields().for_each(|(_, value)| sink.line(value));
    }

    /// Returns a whole page: a table of the header, the safe body, the names of the attachments.
    pub fn page(&self, safe_body: &str, attachments: &[super::Attachment]) -> String {
        let mut page = String::from("<table>\n");
        for (label, value) in self.fields() {
            page.push_str(&format!(
                "<tr><th align=\"left\" valign=\"top\">{label}</th><td>{}</td></tr>\n",
                html::escape(value)
            ));
        }
        for attachment in attachments {
            page.push_str(&format!(
                "<tr><th align=\"left\" valign=\"top\">附件 Attachment</th><td>{} ({} B)</td></tr>\n",
                html::escape(&attachment.name),
                attachment.size_bytes
            ));
        }
        page.push_str("</table>\n<hr>\n");
        page.push_str(safe_body);
        html::page(Some(&self.subject), &page)
    }
}

fn read_message(message: &Message, guard: &Guard, depth: usize) -> Result<FileText> {
    let header = Header::of(message);
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    header.push(&mut sink);
    push_body(message, guard, &mut sink);
    let mut text = FileText { title: some(&header.subject), author: some(&header.from), ..FileText::default() };
    for part in message.attachments() {
        push_attachment(part, guard, depth, &mut text, &mut sink);
    }
    text.clean_html = Some(header.page(&safe_body(message), &text.attachments));
    (text.text, text.is_truncated) = sink.finish();
    Ok(text)
}

fn push_body(message: &Message, guard: &Guard, sink: &mut Sink) {
    for part in message.text_bodies() {
        match &part.body {
            PartType::Html(body) => sink.line(&html::read_text(body, guard).text),
            _ => sink.line(&part_text(part)),
        }
    }
    // A mail may say in HTML what its plain text leaves out.
    for part in message.html_bodies() {
        if let PartType::Html(body) = &part.body {
            let shown = html::read_text(body, guard).text;
            if !same_words(sink.as_str()).contains(&same_words(&shown)) {
                sink.line(&shown);
            }
        }
    }
}

fn same_words(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

/// Returns the text of a part; one without a declared charset is decoded by what its bytes look like.
fn part_text(part: &MessagePart) -> String {
    let charset = part.content_type().and_then(|kind| kind.attribute("charset"));
    let is_known = charset.is_some_and(|label| encoding_rs::Encoding::for_label(label.as_bytes()).is_some());
    match &part.body {
        PartType::Text(text) | PartType::Html(text) if is_known || !text.contains('\u{fffd}') => text.to_string(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => encoding::decode(bytes, charset).text,
        _ => part.text_contents().unwrap_or_default().to_owned(),
    }
}

fn push_attachment(part: &MessagePart, guard: &Guard, depth: usize, text: &mut FileText, sink: &mut Sink) {
    let name = attachment_name(part);
    if let PartType::Message(inner) = &part.body {
        let name = inner.subject().map(|subject| format!("{}.eml", names::display_name(subject))).unwrap_or(name);
        sink.line(&name);
        text.attachments.push(super::Attachment {
            name,
            media_type: "message/rfc822".to_owned(),
            size_bytes: inner.raw_message.len() as u64,
        });
        if guard.admits_inner_file(depth + 1)
            && let Ok(inner) = read_message(inner, guard, depth + 1)
        {
            sink.line(&inner.text);
        }
        return;
    }
    let (listing, inner) = read_inner(&name, part.contents().to_vec(), guard, depth + 1);
    if part.is_content_type("text", "html") || !is_body_picture(part, &listing.media_type) {
        sink.line(&listing.name);
    }
    if let Some(inner) = inner {
        sink.line(&inner.text);
    }
    text.attachments.push(listing);
}

/// Returns the stated name of a part, decoded, or one made from its type.
fn attachment_name(part: &MessagePart) -> String {
    if let Some(name) = part.attachment_name().map(names::display_name).filter(|name| name != "unnamed") {
        return name;
    }
    let extension = match part.content_type().map(|kind| (kind.ctype(), kind.subtype().unwrap_or_default())) {
        Some(("text", "html")) => "html",
        Some(("text", _)) => "txt",
        Some(("image", subtype)) if subtype.chars().all(|character| character.is_ascii_alphanumeric()) => subtype,
        _ => "bin",
    };
    format!("unnamed.{extension}")
}

/// Tells whether a part is a picture that the body shows.
fn is_body_picture(part: &MessagePart, media_type: &str) -> bool {
    media_type.starts_with("image/") && part.content_id().is_some()
}

/// Returns the body as safe HTML, with the pictures it refers to inside.
fn safe_body(message: &Message) -> String {
    let mut body = String::new();
    for part in message.html_bodies() {
        match &part.body {
            PartType::Html(source) => body.push_str(&html::clean_body(&with_pictures(source, message))),
            _ => body.push_str(&preformatted(&part_text(part))),
        }
    }
    body
}

/// Returns text as HTML that keeps its lines.
pub fn preformatted(text: &str) -> String {
    format!("<div style=\"white-space:pre-wrap\">{}</div>\n", html::escape(text.trim_end()).replace('\n', "<br>\n"))
}

/// Replaces `cid:` references by the pictures themselves.
fn with_pictures(source: &str, message: &Message) -> String {
    let mut result = source.to_owned();
    let mut budget = MAX_INLINE_PICTURE_BYTES;
    for part in &message.parts {
        let Some(id) = part.content_id().filter(|id| source.contains(*id)) else {
            continue;
        };
        let bytes = part.contents();
        let kind = crate::media_type::detect(&bytes[..bytes.len().min(crate::media_type::HEAD_BYTES)], "");
        if kind.starts_with("image/") && kind != "image/svg+xml" && bytes.len() <= budget {
            budget -= bytes.len();
            result = result.replace(&format!("cid:{id}"), &format!("data:{kind};base64,{}", base64(bytes)));
        }
    }
    result
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = u32::from(group[0]) << 16
            | u32::from(*group.get(1).unwrap_or(&0)) << 8
            | u32::from(*group.get(2).unwrap_or(&0));
        for index in 0..4 {
            let is_padding = index > group.len();
            let letter = ALPHABET[(bits >> (18 - 6 * index)) as usize & 63];
            text.push(if is_padding { '=' } else { char::from(letter) });
        }
    }
    text
}

fn show_people(address: &Address) -> String {
    address
        .iter()
        .map(|person| match (person.name(), person.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (name, address) => name.or(address).unwrap_or_default().to_owned(),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn count_nested(raw: &[u8]) -> usize {
    const WORD: &[u8] = b"message/rfc822";
    raw.windows(WORD.len()).filter(|window| window[0] | 0x20 == b'm' && window.eq_ignore_ascii_case(WORD)).count()
}

fn some(text: &str) -> Option<String> {
    let (text, _) = super::sink::clean(text.trim(), 4096);
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Limits;

    fn read_mail(raw: &str) -> Result<FileText> {
        let limits = Limits::default();
        let guard = Guard::new(&limits);
        read(&Source::bytes(raw.replace('\n', "\r\n").into_bytes()), &guard, 0)
    }

    #[test]
    fn base64_has_the_right_padding() {
        assert_eq!([&b""[..], b"f", b"fo", b"foo", b"foob"].map(base64), ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }

    #[test]
    fn attachments_are_listed_and_read() {
        let mail = read_mail(
            "From: =?gb2312?B?1cXI/Q==?= <a@example.com>\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n<p>body<script>no</script>\n--x\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"../n.txt\"\n\ninside\n--x--\n",
        )
        .unwrap();
        assert_eq!(mail.author.as_deref(), Some("张三 <a@example.com>"));
        assert_eq!(mail.attachments[0].name, "n.txt");
        assert_eq!(mail.text, "s\n张三 <a@example.com>\nbody\nn.txt\ninside");
        let html = mail.clean_html.unwrap();
        assert!(html.contains("<p>body") && !html.contains("script"), "{html}");
    }

    #[test]
    fn inline_pictures_come_into_the_page() {
        let mail = read_mail(
            "From: a\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html\n\n<img src=\"cid:p@x\"><img src=\"cid:absent\">\n--x\nContent-Type: image/gif\nContent-ID: <p@x>\nContent-Transfer-Encoding: base64\n\nR0lGODlhAQABAAAAACw=\n--x--\n",
        )
        .unwrap();
        let html = mail.clean_html.unwrap();
        assert!(html.contains("data:image/gif;base64,R0lGODlhAQABAAAAACw=") && !html.contains("cid:"), "{html}");
    }

    #[test]
    fn endless_mails_in_mails_are_refused() {
        let raw = "Content-Type: message/rfc822\n\n".repeat(5000);
        assert_eq!(read_mail(&raw).unwrap_err().code(), "document_damaged");
    }
}
