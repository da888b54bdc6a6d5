//! Under which conditions is a request to be done? The header `If` of RFC 4918, and the conditional headers of RFC 9110.

use axum::http::{HeaderMap, StatusCode};
use axum_extra::headers::{ETag, HeaderMapExt, IfMatch, IfNoneMatch, IfUnmodifiedSince};

use crate::{
    clock::Millis,
    dav::path::DavPath,
    error::{Error, Result},
};

/// One condition of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Token { token: String, negated: bool },
    Tag { tag: String, negated: bool },
}

/// Conditions that have to be true together, on one resource; `None`: on that of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub resource: Option<DavPath>,
    pub conditions: Vec<Condition>,
}

/// What is known of a resource that conditions ask about.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub tokens: Vec<String>,
    pub tag: Option<String>,
}

impl List {
    /// Whether all conditions are true of `state`.
    pub fn is_met(&self, state: &State) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Token { token, negated } => state.tokens.contains(token) != *negated,
            Condition::Tag { tag, negated } => (state.tag.as_deref() == Some(weakless(tag))) != *negated,
        })
    }
}

/// Reads the header `If`; no lists without one.
pub fn read_if(headers: &HeaderMap) -> Result<Vec<List>> {
    let Some(value) = headers.get("if") else { return Ok(Vec::new()) };
    let text = value.to_str().map_err(|_| invalid())?;
    parse(text).ok_or_else(invalid)
}

/// All tokens that stand in the lists.
pub fn tokens(lists: &[List]) -> Vec<String> {
    let conditions = lists.iter().flat_map(|list| &list.conditions);
    conditions
        .filter_map(|condition| match condition {
            Condition::Token { token, .. } => Some(token.clone()),
            Condition::Tag { .. } => None,
        })
        .collect()
}

fn parse(text: &str) -> Option<Vec<List>> {
    let mut rest = text.trim();
    let (mut lists, mut resource) = (Vec::new(), None);
    while !rest.is_empty() {
        if let Some(tagged) = rest.strip_prefix('<') {
            let (address, after) = tagged.split_once('>')?;
            // A resource elsewhere is in no state that is known here: its conditions are asked of nothing.
            let elsewhere = || DavPath { names: vec![String::new()], is_folder: false };
            resource = Some(DavPath::parse_address(address).unwrap_or_else(|_| elsewhere()));
            rest = after.trim_start();
        }
        let (conditions, after) = parse_list(rest.strip_prefix('(')?)?;
        lists.push(List { resource: resource.clone(), conditions });
        rest = after.trim_start();
    }
    (!lists.is_empty()).then_some(lists)
}

fn parse_list(mut rest: &str) -> Option<(Vec<Condition>, &str)> {
    let mut conditions = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(')') {
            return (!conditions.is_empty()).then_some((conditions, after));
        }
        let negated = rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("not"));
        if negated {
            rest = rest[3..].trim_start();
        }
        if let Some(token) = rest.strip_prefix('<') {
            let (token, after) = token.split_once('>')?;
            conditions.push(Condition::Token { token: token.to_owned(), negated });
            rest = after;
        } else {
            let (tag, after) = rest.strip_prefix('[')?.split_once(']')?;
            conditions.push(Condition::Tag { tag: tag.to_owned(), negated });
            rest = after;
        }
    }
}

/// The tag without the mark of a weak one: what is compared with has strong tags only.
fn weakless(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/")
}

/// Refuses with 412 what `If-Match`, `If-None-Match` or `If-Unmodified-Since` forbid to change. `tag` and `modified` are
/// those of what is there now.
pub fn check_headers(headers: &HeaderMap, tag: Option<&str>, modified: Option<Millis>) -> Result<()> {
    let tag: Option<ETag> = tag.and_then(|tag| tag.parse().ok());
    if let Some(wanted) = headers.typed_get::<IfMatch>()
        && !tag.as_ref().is_some_and(|tag| wanted.precondition_passes(tag))
    {
        return Err(failed());
    }
    if headers.contains_key("if-match") && headers.typed_get::<IfMatch>().is_none() {
        return Err(failed());
    }
    if let Some(unwanted) = headers.typed_get::<IfNoneMatch>()
        && tag.as_ref().is_some_and(|tag| !unwanted.precondition_passes(tag))
    {
        return Err(failed());
    }
    if let (Some(since), Some(modified)) = (headers.typed_get::<IfUnmodifiedSince>(), modified) {
        let modified = std::time::UNIX_EPOCH + std::time::Duration::from_millis(modified.max(0) as u64);
        if !headers.contains_key("if-match") && !since.precondition_passes(modified) {
            return Err(failed());
        }
    }
    Ok(())
}

/// 412.
pub fn failed() -> Error {
    Error::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", "it is not in the state that you expect")
}

fn invalid() -> Error {
    Error::invalid("if_invalid", "the header If cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_rfc_4918_shows_them() {
        let lists = parse(r#"(<urn:a> ["t1"]) (Not <urn:b>)"#).unwrap();
        assert_eq!(lists.len(), 2);
        assert_eq!(tokens(&lists), ["urn:a", "urn:b"]);
        let state = State { tokens: vec!["urn:a".into()], tag: Some("\"t1\"".into()) };
        assert!(lists[0].is_met(&state) && lists[1].is_met(&state));
        assert!(!lists[0].is_met(&State { tag: Some("\"t2\"".into()), ..state.clone() }));
        assert!(!lists[0].is_met(&State::default()) && lists[1].is_met(&State::default()));

        let tagged = parse("<http://h/dav/a%20b> (<urn:a>) (<urn:c>) </dav/c> ([W/\"x\"])").unwrap();
        assert_eq!(tagged[1].resource.as_ref().unwrap().names, ["a b"]);
        assert_eq!(tagged[2].resource.as_ref().unwrap().names, ["c"]);
        for wrong in ["", "(", "()", "(<a>", "<a>", "x", "(x)", "(<a>) y"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
