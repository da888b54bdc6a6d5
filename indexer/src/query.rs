//! What did the searcher ask for?
//!
//! Turns the text of the search box into clauses. Words stand side by side for AND; `OR` joins its two neighbours
//! (`合同 OR 协议 2023` is (合同 or 协议) and 2023); `-` excludes; quotes keep spaces; `type:` `author:` `tag:` `in:`
//! `after:` `before:`, their Chinese names, and the names of properties (`档号:A1`, `年度:2020..2023`, `页数:>10`)
//! filter. A mistake is reported with its place.

use crate::normalize::normalize;

/// More clauses than anyone types; bounds the work of one search.
const MAX_ITEMS: usize = 64;
const MAX_CHARS: usize = 2000;
/// Dates without a zone are days in China (UTC+8).
pub(crate) const ZONE_MS: i64 = 8 * 3_600_000;
pub(crate) const DAY_MS: i64 = 86_400_000;

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
    /// A value of any of these properties: several libraries have one of the name.
    Property(Vec<(String, PropertyTest)>),
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum PropertyTest {
    /// Contains the text (normalised).
    Contains(String),
    /// Is a number or a date (epoch milliseconds) from the first on and before the second.
    Range { from: Option<f64>, before: Option<f64> },
}

impl Eq for PropertyTest {}

/// A property that a query may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryName {
    /// As people call it.
    pub name: String,
    pub id: String,
    pub kind: NameKind,
}

/// How the values of a property are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NameKind {
    #[default]
    Text,
    Number,
    Date,
}

/// The filters that are always there, by their names.
const KEYS: [(&str, &str); 14] = [
    ("type", "type"),
    ("author", "author"),
    ("tag", "tag"),
    ("in", "in"),
    ("after", "after"),
    ("before", "before"),
    ("类型", "type"),
    ("作者", "author"),
    ("标签", "tag"),
    ("位置", "in"),
    ("目录", "in"),
    ("晚于", "after"),
    ("起始", "after"),
    ("早于", "before"),
];
/// Characters of the longest name of a filter.
const MAX_KEY_CHARS: usize = 64;

/// What stands before a colon.
enum Key {
    Known(&'static str),
    Property(Vec<QueryName>),
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
        Query::parse_with(text, &[])
    }

    /// Parses the text of the search box, in which the properties `names` may stand.
    pub fn parse_with(text: &str, names: &[QueryName]) -> Result<Query, QueryError> {
        let chars: Vec<char> = text.chars().collect();
        if chars.len() > MAX_CHARS {
            return Err(error("query_too_long", format!("the query is longer than {MAX_CHARS} characters"), MAX_CHARS));
        }
        let mut query = Query::default();
        let mut items = 0;
        let mut pending_or = None;
        let mut parser = Parser { chars, at: 0, names };
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

struct Parser<'a> {
    chars: Vec<char>,
    at: usize,
    names: &'a [QueryName],
}

impl Parser<'_> {
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
            let term = match key {
                Key::Known(key) => self.filter(key, start)?,
                Key::Property(names) => self.property(&names, start)?,
            };
            return Ok(Some(Item { negated, term }));
        }
        let (text, quoted) = self.value()?;
        let text = normalize(&text);
        Ok((!text.is_empty()).then_some(Item { negated, term: Term::Text { text, quoted } }))
    }

    /// Takes `type:` and its like. Other colons are part of a text.
    fn key(&mut self) -> Option<Key> {
        let rest = &self.chars[self.at..];
        let colon = rest.iter().take(MAX_KEY_CHARS).position(|char| matches!(char, ':' | '：'))?;
        let key = normalize(&rest[..colon].iter().collect::<String>());
        let known = KEYS.iter().find(|(name, _)| normalize(name) == key).map(|(_, known)| Key::Known(known));
        let named: Vec<QueryName> = self.names.iter().filter(|name| normalize(&name.name) == key).cloned().collect();
        let key = known.or_else(|| (!named.is_empty()).then_some(Key::Property(named)))?;
        self.at += colon + 1;
        Some(key)
    }

    fn property(&mut self, names: &[QueryName], start: usize) -> Result<Term, QueryError> {
        let position = self.at;
        let (raw, _) = self.value()?;
        let text = normalize(&raw);
        if text.is_empty() {
            return Err(error("value_missing", format!("{}: needs a value", names[0].name), start));
        }
        let test = |name: &QueryName| match name.kind {
            NameKind::Text => Some(PropertyTest::Contains(text.clone())),
            kind => parse_range(&raw, kind),
        };
        let tests: Vec<_> = names.iter().filter_map(|name| Some((name.id.clone(), test(name)?))).collect();
        if tests.is_empty() {
            let date = names[0].kind == NameKind::Date;
            let what = if date { "date like 2024-03 or 2020..2024" } else { "number like 5, >5 or 5..9" };
            return Err(error("value_invalid", format!("“{raw}” is no {what}"), position));
        }
        Ok(Term::Property(tests))
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

/// Reads `5`, `>5`, `>=5`, `<5`, `<=5`, `5..9`, `5..`, `..9`; a date stands for its whole day, month or year.
fn parse_range(raw: &str, kind: NameKind) -> Option<PropertyTest> {
    let text: String = normalize(raw);
    let start = |text: &str| match kind {
        NameKind::Date => parse_date(text).map(|time| time as f64),
        _ => text.parse::<f64>().ok().filter(|number| number.is_finite()),
    };
    let after = |text: &str| match kind {
        NameKind::Date => date_end(text).map(|time| time as f64),
        _ => start(text).map(f64::next_up),
    };
    let (from, before) = if let Some((from, to)) = text.split_once("..") {
        let from = if from.is_empty() { None } else { Some(start(from)?) };
        (from, if to.is_empty() { None } else { Some(after(to)?) })
    } else if let Some(rest) = text.strip_prefix(">=") {
        (Some(start(rest)?), None)
    } else if let Some(rest) = text.strip_prefix("<=") {
        (None, Some(after(rest)?))
    } else if let Some(rest) = text.strip_prefix('>') {
        (Some(after(rest)?), None)
    } else if let Some(rest) = text.strip_prefix('<') {
        (None, Some(start(rest)?))
    } else {
        (Some(start(&text)?), Some(after(&text)?))
    };
    (from.is_some() || before.is_some()).then_some(PropertyTest::Range { from, before })
}

/// Returns the end (epoch milliseconds) of a year, month or day.
fn date_end(text: &str) -> Option<i64> {
    let start = parse_date(text)?;
    let parts = normalize(text).split(['年', '月', '日', '/', '.', '-']).filter(|part| !part.is_empty()).count();
    let days_ahead = [366, 31, 1].get(parts.checked_sub(1)?)?;
    // Far enough ahead to be in the next year, month or day; then back to its beginning.
    let next = (start + ZONE_MS) / DAY_MS + days_ahead;
    (0..31).map(|back| next - back).find_map(|day| {
        let (year, month, first) = date_of(day);
        let begins = match parts {
            1 => month == 1 && first == 1,
            2 => first == 1,
            _ => true,
        };
        begins.then(|| days_since_epoch(year, month, first) * DAY_MS - ZONE_MS)
    })
}

/// Returns year, month and day of a day counted from 1970-01-01: the inverse of [`days_since_epoch`].
pub(crate) fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
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
    fn properties() {
        let name = |name: &str, kind| QueryName { name: name.into(), id: name.into(), kind };
        let names = [name("檔號", NameKind::Text), name("页数", NameKind::Number), name("成文日期", NameKind::Date)];
        let test = |q: &str| match Query::parse_with(q, &names).unwrap().clauses.remove(0).any.remove(0).term {
            Term::Property(mut tests) => tests.remove(0).1,
            other => panic!("{other:?}"),
        };
        let range = |from: Option<f64>, before: Option<f64>| PropertyTest::Range { from, before };
        assert_eq!(test("档号:A-１"), PropertyTest::Contains("a-1".into()));
        assert_eq!(test("页数：>=5"), range(Some(5.0), None));
        assert_eq!(test("页数:5..9"), range(Some(5.0), Some(9f64.next_up())));
        assert_eq!(test("页数:5"), range(Some(5.0), Some(5f64.next_up())));
        let day = |text: &str| Some(parse_date(text).unwrap() as f64);
        assert_eq!(test("成文日期:2024"), range(day("2024-01-01"), day("2025-01-01")));
        assert_eq!(test("成文日期:2024年2月"), range(day("2024-02-01"), day("2024-03-01")));
        assert_eq!(test("成文日期:2024-12-31"), range(day("2024-12-31"), day("2025-01-01")));
        assert_eq!(test("成文日期:2023..2024-01"), range(day("2023-01-01"), day("2024-02-01")));
        assert_eq!(test("成文日期:<2023"), range(None, day("2023-01-01")));
        let error = Query::parse_with("a 页数:many", &names).unwrap_err();
        assert_eq!((error.code, error.position), ("value_invalid", 5));
        // What is no name of a property is text.
        assert_eq!(terms("档号:A1"), vec![vec![(false, text("档号:a1"))]]);
        assert_eq!(terms("作者:鲁迅"), vec![vec![(false, Term::Author("鲁迅".into()))]]);
    }

    proptest::proptest! {
        #[test]
        fn days_are_dates(day in -200_000i64..400_000) {
            let (year, month, of_month) = date_of(day);
            proptest::prop_assert_eq!(days_since_epoch(year, month, of_month), day);
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
