//! What does a column of a table of records mean? Told by its head: a fixed column, or a property by its name.

use super::{
    definition::FIXED_COLUMNS,
    value::{Property, key_of},
};
use crate::error::{Error, Result};

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The document's id.
    Id,
    /// The document's name.
    Name,
    Tags,
    Level,
    /// The folders above, as far as they are seen.
    Path,
    /// The property at this place in the library's order.
    Property(usize),
    /// Nothing that is known here.
    Ignored,
}

/// In the order of [`FIXED_COLUMNS`], with what else people write above such columns.
const FIXED: [(Column, &[&str]); 5] = [
    (Column::Id, &["文档编号", "文档id", "document id", "document_id"]),
    (Column::Name, &["名称", "文档名", "文档名称", "题名", "标题", "name", "file name", "filename", "title"]),
    (Column::Tags, &["tags", "tag"]),
    (Column::Level, &["level", "classification"]),
    (Column::Path, &["path", "位置", "文件夹", "所在文件夹", "目录", "folder"]),
];

/// Levels as people write them, from 0.
const LEVELS: [&[&str]; 4] =
    [&["公开", "0", "public"], &["内部", "1", "internal"], &["秘密", "2", "secret"], &["机密", "3", "confidential"]];

/// Finds out what each column means. Two columns for one thing are an error: which of them would count?
pub fn read_head(head: &[String], properties: &[Property]) -> Result<Vec<Column>> {
    let keys: Vec<String> = head.iter().map(|text| key_of(text.trim())).collect();
    let mut columns = Vec::with_capacity(head.len());
    for (text, key) in head.iter().zip(&keys) {
        let column = if key.is_empty() { Column::Ignored } else { meaning(key, properties) };
        if column != Column::Ignored && columns.contains(&column) {
            let message = "two columns stand for the same thing";
            return Err(Error::invalid("column_repeated", message).with("column", text.trim()));
        }
        columns.push(column);
    }
    // Other words for a fixed column count only where the column itself is not there.
    for (at, key) in keys.iter().enumerate() {
        if columns[at] == Column::Ignored
            && let Some((column, _)) = FIXED.iter().find(|(_, words)| words.iter().any(|word| key_of(word) == *key))
            && !columns.contains(column)
        {
            columns[at] = *column;
        }
    }
    Ok(columns)
}

fn meaning(key: &str, properties: &[Property]) -> Column {
    if let Some(at) = FIXED_COLUMNS.iter().position(|name| key_of(name) == key) {
        return FIXED[at].0;
    }
    match properties.iter().position(|property| property.row.name_key == key) {
        Some(at) => Column::Property(at),
        None => Column::Ignored,
    }
}

/// Reads a level.
pub fn parse_level(text: &str) -> Result<i64> {
    let key = key_of(text.trim());
    let level = LEVELS.iter().position(|words| words.iter().any(|word| key_of(word) == key));
    let unknown = || Error::invalid("level_unknown", "a level is 公开, 内部, 秘密 or 机密 (0 to 3)").field("level");
    level.map(|level| level as i64).ok_or_else(unknown)
}

/// The Chinese name of a level.
pub fn level_name(level: i64) -> &'static str {
    usize::try_from(level).ok().and_then(|level| LEVELS.get(level)).map_or("", |words| words[0])
}

/// What a spreadsheet would take for a formula begins with one of these.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '＝', '＠'];

/// Makes a text that a spreadsheet shows and never computes.
pub fn neutral(text: &str) -> std::borrow::Cow<'_, str> {
    // What looks as if it had been made so already is made so once more, so that reading it back gives the same.
    let is_formula = text.trim_start_matches('\'').starts_with(FORMULA);
    if is_formula { format!("'{text}").into() } else { text.into() }
}

/// Takes back what [`neutral`] did.
pub fn natural(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heads(head: &[&str]) -> Result<Vec<Column>> {
        let head: Vec<String> = head.iter().map(|text| (*text).to_owned()).collect();
        read_head(&head, &[])
    }

    #[test]
    fn heads_are_known_however_they_are_typed() {
        use Column::*;
        assert_eq!(
            heads(&["ＩＤ", " 標籤 ", "Level", "路径", "别的", ""]).unwrap(),
            [Id, Tags, Level, Path, Ignored, Ignored]
        );
        assert_eq!(heads(&["题名", "文件名"]).unwrap(), [Ignored, Name], "the column itself counts");
        assert_eq!(heads(&["题名"]).unwrap(), [Name]);
        assert_eq!(heads(&["标签", "標籤"]).unwrap_err().code(), "column_repeated");
    }

    #[test]
    fn levels_are_read() {
        for (text, level) in [("公开", 0), ("１", 1), (" 秘密 ", 2), ("機密", 3)] {
            assert_eq!(parse_level(text).unwrap(), level);
        }
        assert_eq!(parse_level("绝密").unwrap_err().code(), "level_unknown");
    }

    proptest! {
        #[test]
        fn neutral_texts_come_back_and_are_no_formulas(text in "['=+\\-@\t＝a1]{0,6}") {
            let made = neutral(&text).into_owned();
            prop_assert_eq!(natural(&made), text.as_str());
            prop_assert!(!made.starts_with(FORMULA));
        }
    }
}
