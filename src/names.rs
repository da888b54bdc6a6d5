//! What may a document or folder be called? Names are parsed once, at the door; inner code trusts them.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};

/// Longest name in bytes of UTF-8: what file systems of those who download it can hold.
pub const NAME_MAX_BYTES: usize = 255;

/// What two names are compared by: letters differ neither by case nor by the way an accent is written.
/// Columns named `name_key` hold it.
pub fn key(name: &str) -> String {
    let name: String = name.nfc().collect();
    unicase::UniCase::unicode(name).to_folded_case().nfc().collect()
}

/// Returns `name` trimmed and composed (NFC): how names of people and groups are stored.
pub fn tidy(name: &str) -> String {
    name.trim().nfc().collect()
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Parses what somebody typed: trimmed, in NFC, at most [`NAME_MAX_BYTES`], nothing that a file system or a
            /// reader could misunderstand.
            pub fn parse(text: &str) -> Result<Self> {
                parse(text).map(Self)
            }

            /// The name as shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The same name with `number` before its extension: `plan.txt` → `plan (2).txt`. A long stem gives way.
            pub fn numbered(&self, number: u32) -> Self {
                let (stem, extension) = match self.0.rfind('.') {
                    Some(dot) if dot > 0 && self.0.len() - dot <= 16 => self.0.split_at(dot),
                    _ => (self.0.as_str(), ""),
                };
                let tail = format!(" ({number}){extension}");
                let stem = &stem[..stem.floor_char_boundary(NAME_MAX_BYTES - tail.len())];
                Self(format!("{}{tail}", stem.trim_end()))
            }

            /// What it is compared and sorted by.
            pub fn key(&self) -> String {
                key(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a file or page.
    DocumentName
);
name!(
    /// The name of a folder or library.
    FolderName
);

/// `text` without the blanks around it, which no name of a file or folder has.
pub fn trimmed(text: &str) -> String {
    text.replace('\t', " ").trim_matches([' ', '\u{3000}']).to_owned()
}

fn parse(text: &str) -> Result<String> {
    let name: String = trimmed(text).nfc().collect();
    if name.trim().is_empty() {
        return Err(invalid("a name needs at least one character"));
    }
    if name == "." || name == ".." {
        return Err(invalid("this name means a folder to other programs"));
    }
    if name.contains(['/', '\\']) {
        return Err(invalid("a name cannot contain / or \\"));
    }
    if name.chars().any(is_hidden_control) {
        return Err(invalid("a name cannot contain control characters or marks that change the direction of reading"));
    }
    if name.len() > NAME_MAX_BYTES {
        return Err(Error::invalid("name_too_long", "a name may have 255 bytes (85 Chinese characters)").field("name"));
    }
    Ok(name)
}

fn invalid(message: &'static str) -> Error {
    Error::invalid("name_invalid", message).field("name")
}

/// Controls, line and paragraph separators, and bidirectional overrides, which make `exe.png` out of `gnp.exe`; and the two
/// that are no characters, which no XML can hold.
fn is_hidden_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// Looks for a number that makes a name free: the first one when not many are taken. Of thousands of equal names only some are
/// asked for, by doubling and halving; the number before the one that is found is taken.
pub struct FreeNumber {
    /// Taken; 1 is the name without a number.
    taken: u32,
    free: Option<u32>,
}

impl Default for FreeNumber {
    /// The name without a number is taken.
    fn default() -> Self {
        Self { taken: 1, free: None }
    }
}

impl FreeNumber {
    /// As long as so few are taken, every number is tried.
    const FEW: u32 = 16;

    /// The number to be asked for next.
    pub fn candidate(&self) -> u32 {
        match self.free {
            Some(free) => self.taken + (free - self.taken) / 2,
            None if self.taken < Self::FEW => self.taken + 1,
            None => self.taken.saturating_mul(2),
        }
    }

    /// Takes the answer for [`FreeNumber::candidate`]; returns the number when it is found.
    pub fn answer(&mut self, is_taken: bool) -> Option<u32> {
        let asked = self.candidate();
        match is_taken {
            true => self.taken = asked,
            false => self.free = Some(asked),
        }
        self.free.filter(|free| *free <= self.taken + 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_free_number_is_found_soon_also_among_thousands() {
        for taken in [1, 2, 3, 15, 16, 17, 18, 1000, 40_000] {
            let (mut numbers, mut asked) = (FreeNumber::default(), 0);
            let found = loop {
                asked += 1;
                if let Some(found) = numbers.answer(numbers.candidate() <= taken) {
                    break found;
                }
            };
            assert_eq!(found, taken + 1);
            assert!(asked <= 50, "{taken} {asked}");
        }
        // With holes any number will do that is free, the first one among the first.
        let mut numbers = FreeNumber::default();
        let found = std::iter::from_fn(|| Some(numbers.answer(numbers.candidate() != 7))).flatten().next();
        assert_eq!(found, Some(7));
    }

    #[test]
    fn every_hostile_name_is_treated_as_the_corpus_accepts() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus/hostile/names.json");
        let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for entry in file["names"].as_array().unwrap() {
            let (name, acceptable) = (entry["name"].as_str().unwrap(), entry["acceptable"].as_str().unwrap());
            let parsed = DocumentName::parse(name);
            match &parsed {
                // One entry has a slash among what it is about; a slash is refused everywhere.
                Err(_) => assert!(acceptable.starts_with("refuse") || name.contains('/'), "{name:?}: {acceptable}"),
                Ok(parsed) if parsed.as_str() == name => {
                    assert!(acceptable.starts_with("store"), "{name:?} was stored: {acceptable}");
                }
                Ok(parsed) => assert!(
                    ["trim", "strip", "replace", "NFC"].iter().any(|word| acceptable.contains(word)),
                    "{name:?} became {parsed:?}: {acceptable}"
                ),
            }
        }
    }

    #[test]
    fn names_that_look_the_same_have_one_key() {
        for (one, other) in [("Plan.TXT", "plan.txt"), ("caf\u{e9}", "cafe\u{301}"), ("STRASSE", "straße")] {
            assert_eq!(key(one), key(other));
        }
        assert_ne!(key("报告"), key("報告"));
    }

    #[test]
    fn numbering_keeps_the_extension_and_the_limit() {
        let numbered = |name: &str, number| DocumentName::parse(name).unwrap().numbered(number).to_string();
        assert_eq!(numbered("plan.txt", 2), "plan (2).txt");
        assert_eq!(numbered(".pdf", 2), ".pdf (2)");
        assert_eq!(numbered("无后缀", 3), "无后缀 (3)");
        let long = numbered(&format!("{}.pdf", "长".repeat(83)), 12);
        assert!(long.len() <= NAME_MAX_BYTES && long.ends_with(" (12).pdf"), "{long}");
    }

    proptest! {
        #[test]
        fn parsing_a_parsed_name_changes_nothing(text in any::<String>()) {
            if let Ok(name) = DocumentName::parse(&text) {
                prop_assert_eq!(DocumentName::parse(name.as_str()).unwrap(), name.clone());
                prop_assert!(DocumentName::parse(name.numbered(2).as_str()).is_ok());
            }
        }
    }
}
