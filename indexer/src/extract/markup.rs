//! What text does an SVG or another XML file show?

use super::source::Source;
use super::xml::{self, Node};
use super::{FileText, Guard, Result, sink::Sink};

/// Elements whose content is no text for readers.
const SILENT: [&str; 4] = ["script", "style", "metadata", "handler"];

/// Reads the text of all elements; entities of the document's own are ignored.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let limit = guard.limits.max_text_bytes;
    let bytes = source.read_head((limit as u64).saturating_mul(4))?;
    let plain = xml::decode(bytes);
    let mut sink = Sink::new(limit);
    let (mut silent, mut title, mut is_title) = (0usize, String::new(), false);
    let outcome = xml::walk(&plain, |node| match node {
        Node::Start(element) => {
            silent += usize::from(SILENT.contains(&element.name));
            is_title = element.name == "title" && title.is_empty();
        }
        Node::End(name) => {
            silent = silent.saturating_sub(usize::from(SILENT.contains(&name)));
            is_title = false;
            if name != "tspan" {
                sink.end_line();
            }
        }
        Node::Text(text) if silent == 0 => {
            if is_title {
                title.push_str(text);
            }
            sink.push(text);
        }
        Node::Text(_) => {}
    });
    // XML that breaks off still shows what stands before; only a file without any text is damaged.
    if outcome.is_err() && sink.as_str().trim().is_empty() {
        outcome?;
    }
    let (text, is_truncated) = sink.finish();
    let (plain, _) = super::sink::clean(&plain, limit);
    let title = Some(title.trim().to_owned()).filter(|title| !title.is_empty());
    Ok(FileText { text, title, plain: Some(plain), is_truncated, ..FileText::default() })
}
