//! What did the searcher ask for?
//!
//! Turns the text of the search box into clauses. Words stand side by side for AND; `OR` joins its two neighbours
//! (`合同 OR 协议 2023` is (合同 or 协议) and 2023); `-` excludes; quotes keep spaces; `type:` `author:` `tag:` `in:`
//! `after:` `before:` filter. A mistake is reported with its place.

use crate::normalize::normalize;

/// More clauses than anyone types; bounds the work of one search.
const MAX_ITEMS: usize = 64;
const MAX_CHARS: usize = 2000;
/// Dates without a zone are days in China (UTC+8).
const ZONE_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// A parsed query: every clause must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    pub clauses: Vec<Clause>,
}

/// Holds when one of its items holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    pub any: Vec<Item>,
}

/// A condition, or its opposite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub negated: bool,
    pub term: Term,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Normalised text that occurs in the name, the tags or the body. `quoted` text is not read as pinyin.
    Text { text: String, quoted: bool },
    /// A short name of a kind of file (`pdf`, `word`), an extension or a media type.
    Type(String),
    /// Part of the author's name, normalised.
    Author(String),
    /// Part of a tag, normalised.
    Tag(String),
    /// A folder: its id, or part of the path.
    In(String),
    /// Changed at this time (epoch milliseconds) or later.
    After(i64),
    /// Changed before this time.
    Before(i64),
}

/// A mistake in the query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {position})")]
pub struct QueryError {
    /// Stable name of the mistake.
    pub code: &'static str,
    pub message: String,
    /// Offset in characters, from 0.
    pub position: usize,
}

fn error(code: &'static str, message: impl Into<String>, position: usize) -> QueryError {
    QueryError { code, message: message.into(), position }
}

impl Query {
    /// Parses the text of the search box.
    pub fn parse(text: &str) -> Result<Query, QueryError> {
        let chars: Vec<char> = text.chars().collect();
        if chars.len() > MAX_CHARS {
            return Err(error("query_too_long", format!("the query is longer than {MAX_CHARS} characters"), MAX_CHARS));
        }
        let mut query = Query::default();
        let mut items = 0;
        let mut pending_or = None;
        let mut parser = Parser { chars, at: 0 };
        while parser.skip_space() {
            let start = parser.at;
            if parser.take_or() {
                if pending_or.is_some() || query.clauses.is_empty() {
                    return Err(error("or_without_left", "OR needs a word before it", start));
                }
                pending_or = Some(start);
                continue;
            }
            let Some(item) = parser.item()? else { continue };
            items += 1;
            if items > MAX_ITEMS {
                return Err(error("too_many_words", format!("more than {MAX_ITEMS} words"), start));
            }
            query.add(item, pending_or.take().is_some());
        }
        match pending_or {
            Some(position) => Err(error("or_without_right", "OR needs a word after it", position)),
            None => Ok(query),
        }
    }

    /// Returns the normalised texts that are looked for (not the excluded ones), in order, each once.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = Vec::new();
        for item in self.clauses.iter().flat_map(|clause| &clause.any) {
            if let (false, Term::Text { text, .. }) = (item.negated, &item.term)
                && !texts.contains(&text.as_str())
            {
                texts.push(text);
            }
        }
        texts
    }

    fn add(&mut self, item: Item, or: bool) {
        if or && let Some(last) = self.clauses.last_mut() {
            last.any.push(item);
            return;
        }
        // A document has one type and one author: naming two of them means either.
        let alike = |other: &Item| !other.negated && same_filter(&other.term, &item.term);
        let clause = self.clauses.iter_mut().find(|clause| !item.negated && clause.any.iter().all(alike));
        match clause {
            Some(clause) => clause.any.push(item),
            None => self.clauses.push(Clause { any: vec![item] }),
        }
    }
}

fn same_filter(left: &Term, right: &Term) -> bool {
    matches!((left, right), (Term::Type(_), Term::Type(_)) | (Term::Author(_), Term::Author(_)))
}

struct Parser {
    chars: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Moves to the next word; false at the end.
    fn skip_space(&mut self) -> bool {
        while self.peek(0).is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        self.at < self.chars.len()
    }

    fn take_or(&mut self) -> bool {
        let is_or = self.chars[self.at..].starts_with(&['O', 'R']) && self.peek(2).is_none_or(char::is_whitespace);
        if is_or {
            self.at += 2;
        }
        is_or
    }

    fn item(&mut self) -> Result<Option<Item>, QueryError> {
        let negated = self.peek(0) == Some('-') && self.peek(1).is_some_and(|next| !next.is_whitespace());
        if negated {
            self.at += 1;
        }
        let start = self.at;
        if let Some(key) = self.key() {
            return Ok(Some(Item { negated, term: self.filter(&key, start)? }));
        }
        let (text, quoted) = self.value()?;
        let text = normalize(&text);
        Ok((!text.is_empty()).then_some(Item { negated, term: Term::Text { text, quoted } }))
    }

    /// Takes `type:` and its like.
    fn key(&mut self) -> Option<String> {
        let rest = &self.chars[self.at..];
        let colon = rest.iter().take(8).position(|char| matches!(char, ':' | '：'))?;
        let key: String = rest[..colon].iter().collect::<String>().to_ascii_lowercase();
        if !["type", "author", "tag", "in", "after", "before"].contains(&key.as_str()) {
            return None;
        }
        self.at += colon + 1;
        Some(key)
    }

    fn filter(&mut self, key: &str, start: usize) -> Result<Term, QueryError> {
        let position = self.at;
        let missing = || error("value_missing", format!("{key}: needs a value"), start);
        if self.peek(0).is_none_or(char::is_whitespace) {
            return Err(missing());
        }
        let (raw, _) = self.value()?;
        let text = normalize(&raw);
        if text.is_empty() {
            return Err(missing());
        }
        let date = || {
            parse_date(&raw).ok_or_else(|| {
                error("date_invalid", format!("“{raw}” is no date like 2024, 2024-03 or 2024-03-05"), position)
            })
        };
        Ok(match key {
            "type" => Term::Type(raw.trim().to_lowercase()),
            "author" => Term::Author(text),
            "tag" => Term::Tag(text),
            "in" => Term::In(raw.trim().to_owned()),
            "after" => Term::After(date()?),
            _ => Term::Before(date()?),
        })
    }

    /// Takes a quoted phrase, or a word up to white space or a quote.
    fn value(&mut self) -> Result<(String, bool), QueryError> {
        match self.peek(0) {
            Some('"') => self.quoted(|char| char == '"').map(|text| (text, true)),
            Some('“' | '”') if self.curly_phrase() => self.quoted(|char| char == '”').map(|text| (text, true)),
            _ => Ok((self.word(), false)),
        }
    }

    /// Curly quotes are also part of texts: they make a phrase only around a whole word of the query.
    fn curly_phrase(&self) -> bool {
        let rest = &self.chars[self.at + 1..];
        let Some(close) = rest.iter().position(|char| *char == '”') else {
            return false;
        };
        rest.get(close + 1).is_none_or(|next| next.is_whitespace())
    }

    fn quoted(&mut self, closes: impl Fn(char) -> bool) -> Result<String, QueryError> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(char) = self.take_char() {
            match char {
                (char, false) if closes(char) => return Ok(text),
                (char, _) => text.push(char),
            }
        }
        Err(error("quote_not_closed", "the quote is not closed", open))
    }

    fn word(&mut self) -> String {
        let mut text = String::new();
        while let Some(next) = self.peek(0)
            && !next.is_whitespace()
            && next != '"'
        {
            let (char, _) = self.take_char().expect("just peeked");
            text.push(char);
        }
        text
    }

    /// Takes one character; a backslash makes the next quote, minus or backslash plain.
    fn take_char(&mut self) -> Option<(char, bool)> {
        let char = self.peek(0)?;
        self.at += 1;
        if char == '\\'
            && let Some(next @ ('"' | '”' | '-' | '\\')) = self.peek(0)
        {
            self.at += 1;
            return Some((next, true));
        }
        Some((char, false))
    }
}

/// Returns the start (epoch milliseconds) of a year, month or day: `2024`, `2024-03`, `2024-03-05`, `2024年3月5日`.
pub fn parse_date(text: &str) -> Option<i64> {
    let normal = normalize(text).replace(['年', '月', '/', '.'], "-");
    let parts: Vec<&str> = normal.trim_end_matches(['日', '-']).split('-').collect();
    if parts.len() > 3 || parts[0].len() != 4 {
        return None;
    }
    let number = |at: usize, or: i64| match parts.get(at) {
        Some(part) if !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit()) => {
            part.parse::<i64>().ok()
        }
        Some(_) => None,
        None => Some(or),
    };
    let (year, month, day) = (number(0, 0)?, number(1, 1)?, number(2, 1)?);
    let valid = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    valid.then(|| days_since_epoch(year, month, day) * DAY_MS - ZONE_MS)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the days from 1970-01-01 in the Gregorian calendar, years counted from March.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Term {
        Term::Text { text: text.into(), quoted: false }
    }

    fn terms(query: &str) -> Vec<Vec<(bool, Term)>> {
        let query = Query::parse(query).unwrap();
        query
            .clauses
            .into_iter()
            .map(|clause| clause.any.into_iter().map(|item| (item.negated, item.term)).collect())
            .collect()
    }

    #[test]
    fn words_phrases_exclusions_and_or() {
        assert_eq!(terms("協同 Office"), vec![vec![(false, text("协同"))], vec![(false, text("office"))]]);
        assert_eq!(terms("a OR b c"), vec![vec![(false, text("a")), (false, text("b"))], vec![(false, text("c"))]]);
        assert_eq!(terms("-草案"), vec![vec![(true, text("草案"))]]);
        let phrase = |text: &str| Term::Text { text: text.into(), quoted: true };
        assert_eq!(terms("\"cloud storage\""), vec![vec![(false, phrase("cloud storage"))]]);
        assert_eq!(terms("“协同办公”"), vec![vec![(false, phrase("协同办公"))]]);
        assert_eq!(terms("“三个代表”重要"), vec![vec![(false, text("\"三个代表\"重要"))]]);
        assert_eq!(terms(r#""say \"yes\"""#), vec![vec![(false, phrase("say\"yes\""))]]);
        assert_eq!(terms("国发〔2023〕12号"), vec![vec![(false, text("国发(2023)12号"))]]);
        assert_eq!(terms("a - b"), vec![vec![(false, text("a"))], vec![(false, text("-"))], vec![(false, text("b"))]]);
        assert_eq!(terms("http://x"), vec![vec![(false, text("http://x"))]]);
        assert_eq!(terms(" \u{200b} "), Vec::<Vec<(bool, Term)>>::new());
    }

    #[test]
    fn filters() {
        assert_eq!(
            terms("type:pdf Type：Word"),
            vec![vec![(false, Term::Type("pdf".into())), (false, Term::Type("word".into()))]]
        );
        assert_eq!(terms("author:\"李 明\""), vec![vec![(false, Term::Author("李明".into()))]]);
        assert_eq!(
            terms("-tag:旧 in:财务部"),
            vec![vec![(true, Term::Tag("旧".into()))], vec![(false, Term::In("财务部".into()))]]
        );
        assert_eq!(terms("after:1970-01-02"), vec![vec![(false, Term::After(DAY_MS - ZONE_MS))]]);
    }

    #[test]
    fn dates() {
        assert_eq!(parse_date("2024"), Some(1_704_038_400_000));
        assert_eq!(parse_date("2024-03-05"), Some(1_709_568_000_000));
        assert_eq!(parse_date("2024年3月5日"), parse_date("2024-03-05"));
        assert_eq!(parse_date("2024-03"), parse_date("2024-3-1"));
        for bad in ["24", "2024-13", "2023-02-29", "2024-x", "x", "2024-01-01-01", ""] {
            assert!(parse_date(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn mistakes_say_where() {
        for (query, code, position) in [
            ("协同 \"办公", "quote_not_closed", 3),
            ("OR a", "or_without_left", 0),
            ("合同 OR", "or_without_right", 3),
            ("a OR OR b", "or_without_left", 5),
            ("a author:", "value_missing", 2),
            ("after:明天", "date_invalid", 6),
            ("x type: pdf", "value_missing", 2),
        ] {
            let error = Query::parse(query).unwrap_err();
            assert_eq!((error.code, error.position), (code, position), "{query}");
        }
        assert!(Query::parse(&"a ".repeat(65)).is_err());
        assert!(Query::parse(&"字".repeat(2001)).is_err());
    }
}
