//! How are Chinese names found by Latin letters?
//!
//! 协同办公 is found by `xietongbangong`, its parts, and `xtbg`. Characters with several readings (重庆: chong, zhong)
//! are known by each of them.

use pinyin::ToPinyinMulti;

use crate::normalize::{is_latin, normalize};

/// Names with several many-voiced characters: that many readings are indexed.
const MAX_READINGS: usize = 8;
/// Digits of a number in a sort key, so that 2 sorts before 10.
const NUMBER_WIDTH: usize = 12;

/// Returns the syllables a character is read as, the usual one first.
fn syllables(char: char) -> Vec<String> {
    let mut syllables: Vec<String> = Vec::new();
    for reading in char.to_pinyin_multi().into_iter().flatten() {
        let plain = reading.plain().replace('ü', "v");
        if !syllables.contains(&plain) {
            syllables.push(plain);
        }
    }
    syllables
}

/// Returns the readings of a name, one a line: in full and by initials. Empty for names without Chinese characters.
pub fn readings(name: &str) -> String {
    let mut full = vec![String::new()];
    let mut initials = vec![String::new()];
    let mut chinese = false;
    for char in normalize(name).chars() {
        let syllables = syllables(char);
        chinese |= !syllables.is_empty();
        if !syllables.is_empty() {
            let mut first: Vec<String> =
                syllables.iter().filter_map(|syllable| syllable.get(..1)).map(str::to_owned).collect();
            first.dedup();
            extend(&mut full, &syllables);
            extend(&mut initials, &first);
        } else if is_latin(char) {
            extend(&mut full, &[char.to_string()]);
            extend(&mut initials, &[char.to_string()]);
        }
    }
    if !chinese {
        return String::new();
    }
    full.extend(initials);
    full.join("\n")
}

fn extend(lines: &mut Vec<String>, syllables: &[String]) {
    let take = if lines.len() * syllables.len() <= MAX_READINGS { syllables.len() } else { 1 };
    let longer =
        syllables[..take].iter().flat_map(|syllable| lines.iter().map(move |line| format!("{line}{syllable}")));
    *lines = longer.collect();
}

/// Says where `letters` reads a run of characters of `name` from the beginning of a syllable: in full (the last
/// syllable may be unfinished) or by initials. Offsets are in the characters of the normalised name.
pub fn find(name: &[char], letters: &str) -> Option<(usize, usize)> {
    let syllables: Vec<Vec<String>> = name.iter().map(|char| syllables(*char)).collect();
    let chinese = |from: usize, to: usize| syllables[from..to].iter().any(|readings| !readings.is_empty());
    (0..name.len()).find_map(|start| {
        let end =
            read(name, &syllables, start, letters, false).or_else(|| read(name, &syllables, start, letters, true))?;
        chinese(start, end).then_some((start, end))
    })
}

fn read(name: &[char], syllables: &[Vec<String>], at: usize, letters: &str, initials: bool) -> Option<usize> {
    let Some(first) = letters.chars().next() else {
        return Some(at);
    };
    let char = *name.get(at)?;
    if syllables[at].is_empty() {
        if !is_latin(char) {
            return read(name, syllables, at + 1, letters, initials);
        }
        return if char == first {
            read(name, syllables, at + 1, &letters[first.len_utf8()..], initials)
        } else {
            None
        };
    }
    syllables[at].iter().find_map(|syllable| {
        if initials {
            return syllable
                .starts_with(first)
                .then(|| read(name, syllables, at + 1, &letters[first.len_utf8()..], true))?;
        }
        match letters.strip_prefix(syllable.as_str()) {
            Some(rest) => read(name, syllables, at + 1, rest, false),
            None => syllable.starts_with(letters).then_some(at + 1),
        }
    })
}

/// Returns the key by which names sort as people expect: Chinese by pinyin, numbers by value.
pub fn sort_key(name: &str) -> String {
    let mut key = String::new();
    let mut digits = String::new();
    for char in normalize(name).chars() {
        if char.is_ascii_digit() {
            digits.push(char);
            continue;
        }
        push_number(&mut key, &mut digits);
        if let Some(syllable) = syllables(char).first() {
            key.push_str(syllable);
        }
        key.push(char);
    }
    push_number(&mut key, &mut digits);
    key
}

fn push_number(key: &mut String, digits: &mut String) {
    if !digits.is_empty() {
        key.push_str(&format!("{:0>NUMBER_WIDTH$}", digits.trim_start_matches('0')));
        digits.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(name: &str, letters: &str) -> Option<(usize, usize)> {
        find(&normalize(name).chars().collect::<Vec<_>>(), letters)
    }

    #[test]
    fn names_are_read_in_full_and_by_initials() {
        assert!(readings("协同办公").lines().any(|line| line == "xietongbangong"));
        assert!(readings("協同办公").lines().any(|line| line == "xtbg"));
        assert!(readings("重庆").lines().any(|line| line == "chongqing"));
        assert_eq!(readings("plan.txt"), "");
        assert_eq!(find_in("关于协同办公", "xtbg"), Some((2, 6)));
        assert_eq!(find_in("关于协同办公", "tongban"), Some((3, 5)));
        assert_eq!(find_in("关于协同办公", "xieto"), Some((2, 4)));
        assert_eq!(find_in("关于协同办公", "iet"), None);
        assert_eq!(find_in("重庆2023年", "cq2023n"), Some((0, 7)));
        assert_eq!(find_in("plan", "pl"), None);
    }

    #[test]
    fn sort_keys_follow_pinyin_and_numbers() {
        let mut names = vec!["第10章", "张三", "第2章", "北京", "安全"];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(names, ["安全", "北京", "第2章", "第10章", "张三"]);
    }
}
