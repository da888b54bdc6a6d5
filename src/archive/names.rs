//! What may an entry of an archive be called, so that every system can unpack it?

use std::collections::HashSet;

/// Characters that Windows takes in no name.
const REFUSED: [char; 9] = ['<', '>', ':', '"', '/', '\\', '|', '?', '*'];
/// Names that Windows takes for devices, whatever the extension.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// The names that are taken in one folder of an archive.
#[derive(Default)]
pub struct Taken(HashSet<String>);

impl Taken {
    /// `name` as every system takes it, with a number when it is taken already.
    pub fn give(&mut self, name: &str) -> String {
        let safe = safe(name);
        let (stem, extension) = match safe.rfind('.') {
            Some(dot) if dot > 0 && safe.len() - dot <= 16 => safe.split_at(dot),
            _ => (safe.as_str(), ""),
        };
        let mut given = safe.clone();
        let mut number = 1;
        while !self.0.insert(given.to_lowercase()) {
            number += 1;
            given = format!("{stem} ({number}){extension}");
        }
        given
    }
}

fn safe(name: &str) -> String {
    let mut safe: String = name.chars().map(|c| if c.is_control() || REFUSED.contains(&c) { '_' } else { c }).collect();
    if safe.ends_with([' ', '.']) {
        safe.truncate(safe.trim_end_matches([' ', '.']).len());
        safe.push('_');
    }
    let stem = safe.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    if DEVICES.contains(&stem.as_str()) {
        safe.insert(0, '_');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_so_that_windows_takes_them() {
        let mut taken = Taken::default();
        for (name, given) in [
            ("报告.docx", "报告.docx"),
            ("报告.DOCX", "报告 (2).DOCX"),
            ("a:b?.txt", "a_b_.txt"),
            ("a|b*.txt", "a_b_ (2).txt"),
            ("CON.txt", "_CON.txt"),
            ("ends. ", "ends_"),
            ("...", "_"),
            ("../x", ".._x"),
        ] {
            assert_eq!(taken.give(name), given);
        }
    }
}
