//! What does a Markdown file say, and what does it look like as HTML?

use pulldown_cmark::{Options, Parser};

use super::source::Source;
use super::{FileText, Guard, Result, html, plain};

/// Reads Markdown: the text as readers see it, the source, and safe HTML.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let (markdown, is_truncated) = plain::decoded(source, guard, None)?;
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut rendered = String::with_capacity(markdown.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut rendered, Parser::new_ext(&markdown, options));
    let safe = html::clean_body(&rendered);
    let shown = html::read_text(&safe, guard);
    let title = first_heading(&markdown);
    Ok(FileText {
        clean_html: Some(html::page(title.as_deref(), &safe)),
        text: shown.text,
        headings: shown.headings,
        title,
        plain: Some(markdown),
        is_truncated: is_truncated || shown.is_truncated,
        ..FileText::default()
    })
}

fn first_heading(markdown: &str) -> Option<String> {
    let line = markdown.lines().map(str::trim).find(|line| line.starts_with("# "))?;
    let heading = line.trim_start_matches('#').trim().trim_end_matches('#').trim();
    (!heading.is_empty()).then(|| heading.chars().take(300).collect())
}
