//! What may a property be? Names and options are parsed once, at the door.

use unicode_normalization::UnicodeNormalization;

use crate::{
    error::{Error, Result},
    records::value::{Kind, LABEL_MAX_CHARS, is_unseen, key_of},
};

/// Properties of one library.
pub const PROPERTIES_MAX: usize = 60;
/// Options of one property.
pub const OPTIONS_MAX: usize = 500;

/// Heads of the columns that every table of records may have: no property is called so.
pub const FIXED_COLUMNS: [&str; 5] = ["id", "文件名", "标签", "密级", "路径"];

/// The name of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyName {
    pub text: String,
    pub key: String,
}

impl PropertyName {
    /// Parses what somebody typed.
    pub fn parse(text: &str) -> Result<Self> {
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
        let invalid = |message: &'static str| Err(Error::invalid("property_name_invalid", message).field("name"));
        if text.is_empty() {
            return invalid("a name needs at least one character");
        }
        if text.chars().count() > LABEL_MAX_CHARS {
            return invalid("the name of a field may have 60 characters");
        }
        if text.chars().any(is_unseen) {
            return invalid("a name cannot contain control characters");
        }
        let key = key_of(&text);
        if FIXED_COLUMNS.iter().any(|name| key_of(name) == key) {
            return Err(
                Error::invalid("property_name_reserved", "tables have a column of this name already").field("name")
            );
        }
        Ok(Self { text, key })
    }
}

/// Parses the options of a property of `kind`: none, or some that all differ.
pub fn parse_options(kind: Kind, given: &[String]) -> Result<Vec<String>> {
    let invalid = |message: &'static str| Error::invalid("property_options_invalid", message).field("options");
    if !kind.has_options() {
        return match given.is_empty() {
            true => Ok(Vec::new()),
            false => Err(invalid("only fields to choose from have options")),
        };
    }
    if given.is_empty() {
        return Err(invalid("a field to choose from needs options"));
    }
    if given.len() > OPTIONS_MAX {
        return Err(invalid("a field may have 500 options"));
    }
    let mut options: Vec<String> = Vec::with_capacity(given.len());
    let mut keys = Vec::with_capacity(given.len());
    for text in given {
        let option: String = text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
        if option.is_empty() || option.chars().count() > LABEL_MAX_CHARS {
            return Err(invalid("an option has 1 to 60 characters"));
        }
        if option.chars().any(|c| is_unseen(c) || matches!(c, ';' | '；')) {
            return Err(invalid("an option cannot contain semicolons or control characters"));
        }
        let key = key_of(&option);
        if keys.contains(&key) {
            return Err(invalid("two options are the same").with("option", option));
        }
        keys.push(key);
        options.push(option);
    }
    Ok(options)
}

/// Refuses what cannot be unique.
pub fn check_unique(kind: Kind, is_unique: bool) -> Result<()> {
    if is_unique && kind == Kind::Choices {
        let message = "several choices cannot be unique";
        return Err(Error::invalid("property_unique_impossible", message).field("unique"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_options_are_checked() {
        let code =
            |name: &str| PropertyName::parse(name).map(|name| name.text).map_err(|error| error.code().to_owned());
        assert_eq!(code(" 保管  期限 "), Ok("保管 期限".into()));
        assert_eq!(code("標籤"), Err("property_name_reserved".into()));
        assert_eq!(code("ＩＤ"), Err("property_name_reserved".into()));
        assert_eq!(code(""), Err("property_name_invalid".into()));
        assert_eq!(code("a\u{202e}b"), Err("property_name_invalid".into()));
        let options = |kind, given: &[&str]| {
            let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
            parse_options(kind, &given).map_err(|error| error.code().to_owned())
        };
        assert_eq!(options(Kind::Choice, &[" 永久", "30年"]), Ok(vec!["永久".into(), "30年".into()]));
        for given in [&["30年", "３０年"][..], &[][..], &["a;b"][..], &[" "][..]] {
            assert_eq!(options(Kind::Choices, given), Err("property_options_invalid".into()), "{given:?}");
        }
        assert_eq!(options(Kind::Text, &["x"]), Err("property_options_invalid".into()));
        assert!(check_unique(Kind::Choices, true).is_err() && check_unique(Kind::Text, true).is_ok());
    }
}
