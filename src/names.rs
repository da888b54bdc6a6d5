//! When are two names the same? The normal form that `*_key` columns hold.

use unicode_normalization::UnicodeNormalization;

/// Returns `name` as it is compared: composed (NFC), without case.
pub fn key(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// Returns `name` trimmed and composed (NFC): how names are stored.
pub fn tidy(name: &str) -> String {
    name.trim().nfc().collect()
}
