//! How do values carry the key that they belong to: `author` 王小明, `property:…` 永久?
//!
//! As one term: the key, a separator that no text contains, the value. The terms of a key are neighbours in every sorted
//! dictionary, so a key is a range of terms and of ordinals.

use std::ops::Range;

use tantivy::columnar::StrColumn;

/// Between key and value. Control characters are no part of names and values.
pub const SEPARATOR: char = '\u{1f}';
/// The character after [`SEPARATOR`]: where the terms of a key end.
const AFTER: char = '\u{20}';

/// Returns the term of `value` under `key`.
pub fn term(key: &str, value: &str) -> String {
    format!("{key}{SEPARATOR}{value}")
}

/// Returns the value of a term.
pub fn value(term: &str) -> &str {
    term.split_once(SEPARATOR).map_or(term, |(_, value)| value)
}

/// Returns the terms between which all terms of `key` lie: from the first on, before the second.
pub fn bounds(key: &str) -> (String, String) {
    (format!("{key}{SEPARATOR}"), format!("{key}{AFTER}"))
}

/// Returns the ordinals of the terms of `key` in a column.
pub fn ordinals(column: &StrColumn, key: &str) -> tantivy::Result<Range<u64>> {
    let (first, end) = bounds(key);
    let at = |term: &str| -> tantivy::Result<u64> {
        use tantivy::columnar::TermOrdHit::{Exact, Next};
        let (Exact(ordinal) | Next(ordinal)) = column.dictionary().term_ord_or_next(term)?;
        Ok(ordinal.min(column.num_terms() as u64))
    };
    Ok(at(&first)?..at(&end)?)
}

/// Returns a text that sorts as the number does.
pub fn number(number: f64) -> String {
    let bits = number.to_bits();
    // Negative numbers count backwards, positive ones come after them.
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    format!("{ordered:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_text() {
        let numbers = [f64::MIN, -2.5, -2.0, -0.001, 0.0, 1e-9, 2.0, 10.0, 1.7e12, f64::MAX];
        assert!(numbers.windows(2).all(|pair| number(pair[0]) < number(pair[1])));
    }

    #[test]
    fn terms_of_a_key_lie_between_its_bounds() {
        let (first, end) = bounds("tag");
        assert!(first <= term("tag", "") && term("tag", "\u{10ffff}") < end);
        assert!(term("tags", "a") > end && term("ta", "z") < first);
        assert_eq!(value(&term("tag", "预算")), "预算");
    }
}
