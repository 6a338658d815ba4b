//! The rule by which names are compared, as the server has it.
//!
//! A name is normalised to NFC, lowered letter by letter and normalised once more. A name with a control
//! character or with blanks around it belongs to nobody.

use unicode_normalization::UnicodeNormalization as _;

/// What a name is compared by; `None` where it can be nobody's.
pub(crate) fn key(name: &str) -> Option<String> {
    if name.is_empty() || name.trim() != name || name.chars().any(char::is_control) {
        return None;
    }
    if name.is_ascii() {
        return Some(name.to_ascii_lowercase());
    }
    let lowered: String = name.nfc().flat_map(char::to_lowercase).collect();
    Some(lowered.nfc().collect())
}
