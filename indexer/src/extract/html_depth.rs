//! How deep may HTML nest before its parser takes quadratic time?
//!
//! Parsers of HTML look through all open elements at every tag. A page of a hundred thousand nested elements costs them
//! minutes, so tags beyond a depth that no real page has are taken out before parsing.

use std::borrow::Cow;

const MAX_DEPTH: usize = 400;

/// Elements that never hold others, or that the next one of their kind closes.
const SHALLOW: [&str; 35] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p",
    "li", "td", "th", "tr", "dt", "dd", "option", "optgroup", "tbody", "thead", "tfoot", "colgroup", "rt", "rp", "rb",
    "html", "head", "body", "frame", "keygen",
];

/// Returns `html` without the tags that open elements beyond the depth, and without their end tags.
pub fn limit(html: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let (mut depth, mut too_deep, mut copied, mut position) = (0usize, 0usize, 0usize, 0usize);
    while let Some(start) = html[position..].find('<').map(|at| position + at) {
        let rest = &html[start + 1..];
        let is_end = rest.starts_with('/');
        let name = tag_name(&rest[usize::from(is_end)..]);
        position = start + 1;
        if name.is_empty() || SHALLOW.iter().any(|shallow| name.eq_ignore_ascii_case(shallow)) {
            continue;
        }
        let end = rest.find('>').map_or(html.len(), |at| start + at + 2);
        let is_dropped = if is_end { too_deep > 0 } else { depth >= MAX_DEPTH };
        if is_dropped {
            kept.push_str(&html[copied..start]);
            (copied, position) = (end, end);
        }
        match (is_end, is_dropped) {
            (true, true) => too_deep -= 1,
            (true, false) => depth = depth.saturating_sub(1),
            (false, true) => too_deep += 1,
            (false, false) => depth += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(html);
    }
    kept.push_str(&html[copied..]);
    Cow::Owned(kept)
}

fn tag_name(rest: &str) -> &str {
    let length = rest.bytes().take(40).take_while(u8::is_ascii_alphanumeric).count();
    let name = &rest[..length];
    if name.starts_with(|character: char| character.is_ascii_alphabetic()) { name } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_pages_stay_as_they_are() {
        let html = "<div><p>a<br>1 < 2 </p></div>".repeat(10_000) + &"<p>a<li>b".repeat(10_000);
        assert!(matches!(limit(&html), Cow::Borrowed(_)));
    }

    #[test]
    fn only_tags_beyond_the_depth_are_taken_out() {
        let deep = format!("{}文{}<b>z</b>", "<div>".repeat(1000), "</div>".repeat(1000));
        let expected = format!("{}文{}<b>z</b>", "<div>".repeat(MAX_DEPTH), "</div>".repeat(MAX_DEPTH));
        assert_eq!(limit(&deep), expected);
    }
}
