//! What is a value of a property? Text as somebody typed it, parsed once into its canonical form by the property's kind.

use std::borrow::Cow;

use indexer::normalize::normalize;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::{
    db::properties::PropertyRow,
    error::{Error, Result},
};

/// Longest value, in characters.
pub const VALUE_MAX_CHARS: usize = 2000;
/// Longest option and longest tag, in characters.
pub const LABEL_MAX_CHARS: usize = 60;
/// Choices of one document.
pub const CHOICES_MAX: usize = 50;
/// Keys up to this length are the folded value itself: they stand in database indexes.
const KEY_MAX_BYTES: usize = 240;
/// Digits that a number may have: what a double holds exactly.
const NUMBER_DIGITS: usize = 15;

/// What values of a property are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Anything up to 2000 characters.
    Text,
    /// A decimal number.
    Number,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// One of the options.
    Choice,
    /// Any of the options.
    Choices,
}

impl Kind {
    /// The kind as stored.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Number => "number",
            Kind::Date => "date",
            Kind::Choice => "choice",
            Kind::Choices => "choices",
        }
    }

    /// The kind stored as `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Kind::Text, Kind::Number, Kind::Date, Kind::Choice, Kind::Choices].into_iter().find(|kind| kind.name() == name)
    }

    /// Whether values are taken from a list of options.
    pub fn has_options(self) -> bool {
        matches!(self, Kind::Choice | Kind::Choices)
    }
}

/// A property whose stored form was taken apart.
#[derive(Clone, Debug)]
pub struct Property {
    pub row: PropertyRow,
    pub kind: Kind,
    pub options: Vec<String>,
}

impl TryFrom<PropertyRow> for Property {
    type Error = Error;

    fn try_from(row: PropertyRow) -> Result<Self> {
        let broken = || Error::internal(anyhow::anyhow!("property {} is stored in a way nobody wrote", row.id));
        let kind = Kind::from_name(&row.kind).ok_or_else(broken)?;
        let options = serde_json::from_str(&row.options).map_err(|_| broken())?;
        Ok(Self { kind, options, row })
    }
}

/// A value in canonical form.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub text: String,
    pub key: String,
    /// Of numbers, and of dates as epoch milliseconds.
    pub number: Option<f64>,
}

impl Property {
    /// Parses what was given for a document; blank texts count as nothing.
    pub fn parse(&self, given: &[String]) -> Result<Vec<Value>> {
        let given: Vec<&str> = given.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
        if self.kind != Kind::Choices && given.len() > 1 {
            return Err(self.invalid("only one value is possible here"));
        }
        if given.len() > CHOICES_MAX {
            return Err(self.invalid("at most 50 choices are possible"));
        }
        let mut values: Vec<Value> = Vec::with_capacity(given.len());
        for text in given {
            let value = self.parse_one(text)?;
            if !values.iter().any(|known| known.key == value.key) {
                values.push(value);
            }
        }
        if self.kind == Kind::Choices {
            // In the order of the options, so that the same choices are always the same value.
            values.sort_by_key(|value| self.options.iter().position(|option| *option == value.text));
        }
        Ok(values)
    }

    fn parse_one(&self, text: &str) -> Result<Value> {
        if text.chars().count() > VALUE_MAX_CHARS {
            return Err(self.invalid("a value may have 2000 characters"));
        }
        let (text, number) = match self.kind {
            Kind::Text => (self.parse_text(text)?, None),
            Kind::Number => {
                let text = parse_number(text).ok_or_else(|| self.invalid("this is not a number"))?;
                let number = text.parse().ok();
                (text, number)
            }
            Kind::Date => {
                let date = Date::parse(text).ok_or_else(|| self.invalid("this is not a day like 2023-05-06"))?;
                (date.to_string(), Some(date.epoch_ms() as f64))
            }
            Kind::Choice | Kind::Choices => {
                let option = self.option(text).ok_or_else(|| self.unknown_option(text))?;
                (option.to_owned(), None)
            }
        };
        Ok(Value { key: key_of(&text), text, number })
    }

    fn parse_text(&self, text: &str) -> Result<String> {
        let text: String = text.replace("\r\n", "\n").replace('\r', "\n").nfc().collect();
        if text.chars().any(|c| is_unseen(c) && !matches!(c, '\n' | '\t')) {
            return Err(self.invalid("a value cannot contain control characters"));
        }
        Ok(text)
    }

    /// The option that `text` means, however its width or script is typed.
    pub fn option(&self, text: &str) -> Option<&str> {
        let exact = self.options.iter().find(|option| option.as_str() == text);
        let key = || key_of(text);
        exact
            .or_else(|| {
                let key = key();
                self.options.iter().find(|option| key_of(option) == key)
            })
            .map(String::as_str)
    }

    /// Takes a cell of a table apart: several choices are separated by `;`, `；` or, where no option has it, `,` `，` `、`.
    pub fn split(&self, cell: &str) -> Vec<String> {
        if self.kind != Kind::Choices || self.option(cell.trim()).is_some() {
            return vec![cell.to_owned()];
        }
        let pieces: Vec<String> = pieces(cell, &[';', '；', '\n']);
        if pieces.iter().all(|piece| self.option(piece).is_some()) {
            return pieces;
        }
        pieces
            .iter()
            .flat_map(|piece| match self.option(piece) {
                Some(_) => vec![piece.clone()],
                None => self::pieces(piece, &[',', '，', '、']),
            })
            .collect()
    }

    /// The refusal of a value, naming this property.
    pub fn invalid(&self, message: impl Into<Cow<'static, str>>) -> Error {
        self.named(Error::invalid("property_value_invalid", message))
    }

    /// The refusal to leave this property empty.
    pub fn required(&self) -> Error {
        self.named(Error::invalid("property_required", "this field has to be filled in"))
    }

    /// The refusal of a value that another document has.
    pub fn taken(&self) -> Error {
        self.named(Error::conflict("property_value_taken", "another document of this library has this value"))
    }

    fn unknown_option(&self, text: &str) -> Error {
        let shown: String = text.chars().take(LABEL_MAX_CHARS).collect();
        self.named(Error::invalid("property_option_unknown", "this is none of the options")).with("option", shown)
    }

    /// Adds to an error which property it is about.
    pub fn named(&self, error: Error) -> Error {
        error.field("properties").with("property_id", self.row.id.as_str()).with("property", self.row.name.as_str())
    }
}

/// The pieces of a text between `separators`, trimmed, without empty ones.
pub fn pieces(text: &str, separators: &[char]) -> Vec<String> {
    text.split(separators).map(str::trim).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}

/// What values, names and tags are compared by: traditional is simplified, full width is half width, case does not matter.
pub fn key_of(text: &str) -> String {
    let folded = normalize(text);
    // What is nothing but characters that a search ignores is compared as it is.
    let key = if folded.is_empty() { text.trim().to_owned() } else { folded };
    if key.len() <= KEY_MAX_BYTES {
        return key;
    }
    let head = &key[..key.floor_char_boundary(KEY_MAX_BYTES - 70)];
    format!("{head} {}", hex::encode(Sha256::digest(key.as_bytes())))
}

/// Characters that nobody sees, or that change the order of reading.
pub fn is_unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A tag, tidied; no separators, so that several fit into one cell of a table.
pub fn parse_tag(text: &str) -> Result<(String, String)> {
    let tag: String = text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
    let fault = if tag.is_empty() {
        "a tag needs at least one character"
    } else if tag.chars().count() > LABEL_MAX_CHARS {
        "a tag may have 60 characters"
    } else if tag.chars().any(|c| is_unseen(c) || TAG_SEPARATORS.contains(&c)) {
        "a tag cannot contain commas, semicolons or control characters"
    } else {
        let key = key_of(&tag);
        return Ok((tag, key));
    };
    let shown: String = text.chars().take(LABEL_MAX_CHARS).collect();
    Err(Error::invalid("tag_invalid", fault).field("tags").with("tag", shown))
}

/// What stands between tags in a cell of a table.
pub const TAG_SEPARATORS: [char; 6] = [';', '；', ',', '，', '、', '\n'];

/// A decimal number in canonical form: no separators of thousands, no zeros that say nothing.
fn parse_number(text: &str) -> Option<String> {
    let folded: String = text.nfkc().filter(|c| !matches!(c, ' ' | '_' | '\u{a0}')).collect();
    let (sign, digits) = match folded.strip_prefix(['-', '−', '–']) {
        Some(rest) => ("-", rest),
        None => ("", folded.strip_prefix('+').unwrap_or(&folded)),
    };
    if digits.contains(['e', 'E']) {
        let value: f64 = format!("{sign}{digits}").parse().ok()?;
        return (value.is_finite() && value.abs() < 1e15).then(|| parse_number(&format!("{value}"))).flatten();
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = without_thousands(whole)?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(&whole) || !is_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if whole.len() + fraction.len() > NUMBER_DIGITS {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if whole == "0" && fraction.is_empty() { "" } else { sign };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// `1,234,567` without its commas; `None` when they stand elsewhere than between thousands.
fn without_thousands(whole: &str) -> Option<String> {
    if !whole.contains(',') {
        return Some(whole.to_owned());
    }
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let fits = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    fits.then(|| whole.replace(',', ""))
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// Reads a day as people and spreadsheets write it: 2023-05-06, 2023/5/6, 2023.5.6, 20230506, 2023年5月6日; a time of
    /// day behind it is left out.
    pub fn parse(text: &str) -> Option<Self> {
        let folded: String = text.nfkc().collect();
        let day_text = folded.trim().split(['T', ' ']).next().unwrap_or_default();
        let rest = folded.trim()[day_text.len()..].trim_start_matches(['T', ' ']);
        if !rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '+' | 'Z' | '-')) {
            return None;
        }
        let numbers: Vec<&str> = if day_text.len() == 8 && day_text.bytes().all(|byte| byte.is_ascii_digit()) {
            vec![&day_text[..4], &day_text[4..6], &day_text[6..]]
        } else {
            let day_text = day_text.strip_suffix(['日', '号']).unwrap_or(day_text);
            day_text.split(['-', '/', '.', '年', '月']).collect()
        };
        let [year, month, day] = numbers.as_slice() else { return None };
        let number = |text: &str, longest: usize| -> Option<i64> {
            let fits = (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            fits.then(|| text.parse().ok()).flatten()
        };
        if year.len() != 4 {
            return None;
        }
        let date = Self { year: number(year, 4)?, month: number(month, 2)?, day: number(day, 2)? };
        date.exists().then_some(date)
    }

    fn exists(self) -> bool {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days = match self.month {
            2 => 28 + i64::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        (1000..=9999).contains(&self.year) && (1..=12).contains(&self.month) && (1..=days).contains(&self.day)
    }

    /// Days from 1970-01-01, in the calendar that is used everywhere now.
    pub fn epoch_days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * (self.month + if self.month > 2 { -3 } else { 9 }) + 2) / 5 + self.day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// Midnight UTC: a day has no place.
    pub fn epoch_ms(self) -> i64 {
        self.epoch_days() * 86_400_000
    }

    /// The day and the second of the day at a place `hours` ahead of UTC.
    pub fn of_office(at: i64, hours: i64) -> (Self, i64) {
        let seconds = at.div_euclid(1000) + hours * 3600;
        let days = seconds.div_euclid(86_400) + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (Self { year, month, day }, seconds.rem_euclid(86_400))
    }

    /// Year, month and day.
    pub fn parts(self) -> (i64, i64, i64) {
        (self.year, self.month, self.day)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::{FolderId, PropertyId, UserId};

    fn property(kind: Kind, options: &[&str]) -> Property {
        let row = PropertyRow {
            id: PropertyId::new(),
            library_id: FolderId::new(),
            name: "字段".into(),
            name_key: "字段".into(),
            kind: kind.name().into(),
            options: "[]".into(),
            is_required: 0,
            is_facet: 0,
            is_unique: 0,
            position: 0,
            created_by: UserId::new(),
            created_at: 0,
            updated_at: 0,
        };
        Property { row, kind, options: options.iter().map(|option| (*option).to_owned()).collect() }
    }

    fn parsed(property: &Property, given: &[&str]) -> Result<Vec<String>, String> {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        let texts = |values: Vec<Value>| values.into_iter().map(|value| value.text).collect();
        property.parse(&given).map(texts).map_err(|error| error.code().to_owned())
    }

    #[test]
    fn numbers_have_one_form() {
        for (typed, canonical) in [
            ("007", "7"),
            ("１２３", "123"),
            ("1,234,567.50", "1234567.5"),
            ("-0.0", "0"),
            ("−5", "-5"),
            (".5", "0.5"),
            ("1e3", "1000"),
            ("2023.0", "2023"),
            ("123456789012345", "123456789012345"),
        ] {
            assert_eq!(parse_number(typed).as_deref(), Some(canonical), "{typed}");
        }
        for typed in ["", "-", "1,23", "12a", "NaN", "inf", "1e400", "1234567890123456", "1.2.3", "十", "1,2345", ","]
        {
            assert_eq!(parse_number(typed), None, "{typed}");
        }
    }

    #[test]
    fn days_are_read_as_people_write_them() {
        for typed in [
            "2023-05-06",
            "2023/5/6",
            "2023.05.06",
            "20230506",
            "2023年5月6日",
            "２０２３－０５－０６",
            "2023-05-06 00:00:00",
            "2023-05-06T08:00:00Z",
        ] {
            assert_eq!(Date::parse(typed).map(|date| date.to_string()).as_deref(), Some("2023-05-06"), "{typed}");
        }
        for typed in
            ["2023-02-29", "2023-13-01", "23-05-06", "2023-05", "20230500", "5/6/2023", "昨天", "2023-05-06 上午", ""]
        {
            assert_eq!(Date::parse(typed), None, "{typed}");
        }
        assert_eq!(Date::parse("1970-01-01").unwrap().epoch_ms(), 0);
        assert_eq!(Date::parse("2024-02-29").unwrap().epoch_days(), 19_782);
        assert_eq!(Date::parse("1949-10-01").unwrap().epoch_days(), -7_397);
    }

    #[test]
    fn options_are_known_however_they_are_typed() {
        let years = property(Kind::Choice, &["永久", "30年", "10年"]);
        assert_eq!(parsed(&years, &["３０年"]), Ok(vec!["30年".into()]));
        assert_eq!(parsed(&years, &["20年"]), Err("property_option_unknown".into()));
        assert_eq!(parsed(&years, &["永久", "30年"]), Err("property_value_invalid".into()));
        assert_eq!(parsed(&years, &[" "]), Ok(vec![]));
        let several = property(Kind::Choices, &["党务、人事", "财务", "基建"]);
        assert_eq!(parsed(&several, &["基建", "財務", "基建"]), Ok(vec!["财务".into(), "基建".into()]));
        assert_eq!(several.split("党务、人事"), ["党务、人事"]);
        assert_eq!(several.split("党务、人事；基建"), ["党务、人事", "基建"]);
        assert_eq!(several.split("财务、基建"), ["财务", "基建"]);
    }

    #[test]
    fn long_values_have_short_keys_of_their_own() {
        let (one, other) = ("长".repeat(500), format!("{}短", "长".repeat(499)));
        assert!(key_of(&one).len() <= KEY_MAX_BYTES);
        assert_ne!(key_of(&one), key_of(&other));
        assert_eq!(key_of("國發〔2023〕１２號"), key_of("国发[2023]12号"));
    }

    #[test]
    fn tags_are_tidied() {
        assert_eq!(parse_tag("  年度  报告 ").unwrap().0, "年度 报告");
        for tag in ["", " ", "a;b", "甲、乙", "a\u{202e}b", &"长".repeat(61)] {
            assert_eq!(parse_tag(tag).unwrap_err().code(), "tag_invalid", "{tag:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_a_parsed_value_changes_nothing(text in "[ -~０-９年月日，。\u{4e00}-\u{4eff}]{0,30}") {
            for kind in [Kind::Text, Kind::Number, Kind::Date] {
                let property = property(kind, &[]);
                if let Ok(values) = property.parse(std::slice::from_ref(&text)) {
                    let texts: Vec<String> = values.iter().map(|value| value.text.clone()).collect();
                    prop_assert_eq!(property.parse(&texts).unwrap(), values);
                }
            }
        }

        #[test]
        fn days_follow_each_other(days in 0i64..60_000) {
            let (mut year, mut left) = (1900, days);
            let length = |year: i64| if (Date { year, month: 2, day: 29 }).exists() { 366 } else { 365 };
            while left >= length(year) {
                left -= length(year);
                year += 1;
            }
            let mut month = 1;
            while !(Date { year, month, day: left + 1 }).exists() {
                left -= (28..=31).rev().find(|day| Date { year, month, day: *day }.exists()).unwrap();
                month += 1;
            }
            let date = Date { year, month, day: left + 1 };
            prop_assert_eq!(date.epoch_days(), days - 25_567);
            prop_assert_eq!(Date::of_office(date.epoch_ms() + 86_399_999, 0), (date, 86_399));
        }
    }
}
