//! Which parts of a content does a `Range` header ask for, and how are several given at once (RFC 9110, 14)?

use std::ops::Range;

use axum::http::HeaderValue;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use storage::{Manifest, Store};

/// Ranges that are looked at; whoever asks for more gets the whole.
const MAX_RANGES: usize = 512;
/// Ranges this near to each other are given as one: what stands between two parts is as long.
const NEAR_BYTES: u64 = 128;

/// What is to be given.
#[derive(Debug, PartialEq)]
pub enum Part {
    Whole,
    One(Range<u64>),
    Many(Several),
    /// All ranges begin after the end: 416.
    Outside,
}

/// Several ranges, in order and apart from each other, and what stands between them.
#[derive(Debug, PartialEq)]
pub struct Several {
    ranges: Vec<Range<u64>>,
    boundary: String,
}

/// Reads a `Range` header. What is unknown or malformed asks for the whole, as RFC 9110 allows.
pub fn parse(header: &str, size: u64) -> Part {
    if size == 0 {
        // Programs that ask for everything from the first byte on would take a refusal for a failure.
        return Part::Whole;
    }
    let Some(set) = header.trim().strip_prefix("bytes=") else { return Part::Whole };
    let mut ranges = Vec::new();
    let specs = set.split(',').map(str::trim).filter(|spec| !spec.is_empty());
    for (count, spec) in specs.enumerate() {
        match parse_one(spec, size) {
            Some(range) if count < MAX_RANGES => ranges.extend(Some(range).filter(|range| !range.is_empty())),
            _ => return Part::Whole,
        }
    }
    if set.split(',').all(|spec| spec.trim().is_empty()) {
        return Part::Whole;
    }
    ranges.sort_unstable_by_key(|range| range.start);
    let mut apart: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(NEAR_BYTES) => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    match apart.len() {
        0 => Part::Outside,
        1 => Part::One(apart.remove(0)),
        _ => Part::Many(Several { ranges: apart, boundary: format!("wenshu{:032x}", rand::random::<u128>()) }),
    }
}

/// One range, cut to what there is; empty when it begins after the end, `None` when it is none.
fn parse_one(spec: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = spec.split_once('-')?;
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number has are a large number.
        true if !text.is_empty() => Some(text.parse::<u64>().unwrap_or(u64::MAX)),
        _ => None,
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Some(first.min(size)..last.saturating_add(1).min(size)),
        (Some(first), None) if last.is_empty() => Some(first.min(size)..size),
        (None, Some(length)) if first.is_empty() => Some(size.saturating_sub(length)..size),
        _ => None,
    }
}

/// `Content-Range` of a range that is not empty.
pub fn content_range(range: &Range<u64>, size: u64) -> HeaderValue {
    HeaderValue::try_from(shown(range, size)).expect("digits are a header value")
}

fn shown(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}

impl Several {
    /// `Content-Type` of them together.
    pub fn content_type(&self) -> HeaderValue {
        let text = format!("multipart/byteranges; boundary={}", self.boundary);
        HeaderValue::try_from(text).expect("hex is a header value")
    }

    /// The first byte that is given.
    pub fn first(&self) -> u64 {
        self.ranges[0].start
    }

    /// How long the body is.
    pub fn length(&self, media_type: &str, size: u64) -> u64 {
        let parts = self.ranges.iter().enumerate();
        let parts = parts
            .map(|(index, range)| self.before(index, range, media_type, size).len() as u64 + range.end - range.start);
        parts.sum::<u64>() + self.end().len() as u64
    }

    /// The body.
    pub fn stream(
        self,
        store: Store,
        manifest: Manifest,
        media_type: &str,
    ) -> impl Stream<Item = storage::Result<Bytes>> + Send + use<> {
        let size = manifest.size_bytes();
        let end = Bytes::from(self.end());
        let parts = self.ranges.iter().enumerate();
        let parts: Vec<_> = parts
            .map(|(index, range)| (Bytes::from(self.before(index, range, media_type, size)), range.clone()))
            .collect();
        let parts = stream::iter(parts)
            .flat_map(move |(before, range)| stream::iter([Ok(before)]).chain(store.read(&manifest, range)));
        parts.chain(stream::iter([Ok(end)]))
    }

    fn before(&self, index: usize, range: &Range<u64>, media_type: &str, size: u64) -> String {
        let line = if index == 0 { "" } else { "\r\n" };
        let shown = shown(range, size);
        format!("{line}--{}\r\nContent-Type: {media_type}\r\nContent-Range: {shown}\r\n\r\n", self.boundary)
    }

    fn end(&self) -> String {
        format!("\r\n--{}--\r\n", self.boundary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_as_rfc_9110_says() {
        assert_eq!(parse("bytes=0-0", 10), Part::One(0..1));
        assert_eq!(parse("bytes=2-", 10), Part::One(2..10));
        assert_eq!(parse("bytes=-3", 10), Part::One(7..10));
        assert_eq!(parse("bytes=-30", 10), Part::One(0..10));
        assert_eq!(parse("bytes=5-99", 10), Part::One(5..10));
        assert_eq!(parse("bytes=0-18446744073709551615", 10), Part::One(0..10));
        assert_eq!(parse("bytes=0-99999999999999999999999", 10), Part::One(0..10));
        for outside in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=10-, 20-30"] {
            assert_eq!(parse(outside, 10), Part::Outside, "{outside}");
        }
        for whole in
            ["bytes=3-2", "lines=1-2", "bytes=a-b", "bytes=-", "0-1", "bytes=", "bytes=,", "bytes=0-1,x", "bytes=+1-2"]
        {
            assert_eq!(parse(whole, 10), Part::Whole, "{whole}");
        }
        for empty in ["bytes=0-", "bytes=-5", "bytes=0-0"] {
            assert_eq!(parse(empty, 0), Part::Whole, "{empty}");
        }
    }

    #[test]
    fn several_ranges_are_ordered_and_joined_where_they_touch() {
        let ranges = |header: &str| match parse(header, 100_000) {
            Part::Many(several) => several.ranges,
            Part::One(range) => vec![range],
            other => panic!("{header}: {other:?}"),
        };
        assert_eq!(ranges("bytes=5000-5009, 0-9"), [0..10, 5000..5010]);
        assert_eq!(ranges("bytes=0-9,5-19,20-29"), std::slice::from_ref(&(0..30)));
        assert_eq!(ranges("bytes=0-9,100-109"), std::slice::from_ref(&(0..110)));
        assert_eq!(ranges("bytes=0-9,-10,200000-"), [0..10, 99_990..100_000]);
        let many = format!("bytes={}", vec!["0-1"; MAX_RANGES + 1].join(","));
        assert_eq!(parse(&many, 100_000), Part::Whole);
    }
}
