//! Does a name fit what somebody is typing?

use super::pinyin;
use crate::normalize::normalize;

/// Says how `name` fits `typed`: 0 begins with it, 1 contains it, 2 is read like it (pinyin or initials) from the
/// beginning, 3 in the middle; `None` when not at all.
pub fn fits(name: &str, typed: &str) -> Option<u8> {
    let (name, typed) = (normalize(name), normalize(typed));
    if typed.is_empty() {
        return None;
    }
    if name.starts_with(&typed) {
        return Some(0);
    }
    if name.contains(&typed) {
        return Some(1);
    }
    // Spaces between syllables are common: "xie tong".
    let letters = typed.replace(' ', "");
    if !letters.chars().all(|char| char.is_ascii_alphanumeric()) {
        return None;
    }
    let chars: Vec<char> = name.chars().collect();
    let (start, _) = pinyin::find(&chars, &letters)?;
    Some(if start == 0 { 2 } else { 3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_by_characters_and_by_sound() {
        let fitting = [
            ("协同办公", "協同", 0),
            ("关于协同办公", "协同", 1),
            ("协同办公", "xtbg", 2),
            ("关于协同办公", "xie tong", 3),
        ];
        for (name, typed, quality) in fitting {
            assert_eq!(fits(name, typed), Some(quality), "{name} {typed}");
        }
        assert_eq!(fits("协同办公", "合同"), None);
        assert_eq!(fits("协同办公", " "), None);
    }
}
