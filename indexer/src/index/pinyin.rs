//! How are Chinese names found by Latin letters?
//!
//! 协同办公 is found by `xietongbangong`, its parts, and `xtbg`. Characters with several readings (重庆: chong, zhong)
//! are known by each of them: the readings of a character stand at the same position, so nothing multiplies.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pinyin::ToPinyinMulti;

use crate::normalize::{is_latin, normalize};

/// Readings of one character that are indexed.
const MAX_READINGS: usize = 4;
/// Characters of a name that are indexed.
const MAX_CHARS: usize = 128;
/// Ways to cut letters into syllables that are tried (xian: xian, xi an).
const MAX_PARSES: usize = 16;
/// Digits of a number in a sort key, so that 2 sorts before 10.
const NUMBER_WIDTH: usize = 12;
/// Before a syllable, which would else look like a pair of initials.
const SYLLABLE: char = '=';

/// Every syllable there is.
static SYLLABLES: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| ('\u{4e00}'..='\u{9fff}').flat_map(syllables).collect());

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

/// Returns the index terms of a normalised name with their positions: syllables, and pairs of initials. Nothing for names
/// without Chinese characters.
pub fn tokens(name: &str) -> Vec<(usize, String)> {
    let mut read: Vec<Vec<String>> = Vec::new();
    let mut chinese = false;
    for char in name.chars().take(MAX_CHARS) {
        let mut readings = syllables(char);
        readings.truncate(MAX_READINGS);
        chinese |= !readings.is_empty();
        if !readings.is_empty() {
            read.push(readings);
        } else if is_latin(char) {
            read.push(vec![char.to_string()]);
        }
    }
    let mut tokens = Vec::new();
    if !chinese {
        return tokens;
    }
    for (at, readings) in read.iter().enumerate() {
        tokens.extend(readings.iter().map(|syllable| (at, format!("{SYLLABLE}{syllable}"))));
        let next = read.get(at + 1).map_or(Vec::new(), |next| initials(next));
        for first in initials(readings) {
            tokens.extend(next.iter().map(|second| (at, format!("{first}{second}"))));
        }
    }
    tokens
}

fn initials(readings: &[String]) -> Vec<char> {
    let mut initials: Vec<char> = readings.iter().filter_map(|syllable| syllable.chars().next()).collect();
    initials.sort_unstable();
    initials.dedup();
    initials
}

/// Returns the ways to read `letters` as syllables and single letters or digits, as index terms. The last one may be the
/// beginning of a syllable.
pub fn parses(letters: &str) -> Vec<Vec<String>> {
    let mut parses = Vec::new();
    extend(&mut parses, &mut Vec::new(), letters);
    parses
}

fn extend(parses: &mut Vec<Vec<String>>, read: &mut Vec<String>, rest: &str) {
    if parses.len() >= MAX_PARSES {
        return;
    }
    if rest.is_empty() {
        parses.push(read.clone());
        return;
    }
    let begins = SYLLABLES.range(rest.to_owned()..).next().is_some_and(|syllable| syllable.starts_with(rest));
    if begins {
        let mut parse = read.clone();
        parse.push(format!("{SYLLABLE}{rest}"));
        parses.push(parse);
    }
    let longest = rest.char_indices().map(|(at, char)| at + char.len_utf8()).take(6);
    for end in longest.collect::<Vec<_>>().into_iter().rev() {
        // The whole rest is tried as a beginning already. A single letter may also be a letter of the name.
        let (part, last) = (&rest[..end], end == rest.len() && begins);
        if !last && (SYLLABLES.contains(part) || part.chars().count() == 1) {
            read.push(format!("{SYLLABLE}{part}"));
            extend(parses, read, &rest[end..]);
            read.pop();
        }
    }
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
        let terms = |name: &str| tokens(&normalize(name)).into_iter().map(|(_, term)| term).collect::<Vec<_>>();
        assert_eq!(terms("協同"), ["=xie", "xt", "=tong"]);
        assert!(terms("重庆").contains(&"=chong".to_owned()) && terms("重庆").contains(&"zq".to_owned()));
        assert!(terms("plan.txt").is_empty());
        assert!(parses("xietong").contains(&vec!["=xie".into(), "=tong".into()]));
        assert!(parses("xian").contains(&vec!["=xi".into(), "=an".into()]));
        assert!(parses("cq2").iter().all(|parse| parse.last().unwrap() == "=2"));
        assert!(parses(&"a".repeat(100)).len() <= MAX_PARSES);
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
