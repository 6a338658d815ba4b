//! Ids that are the same for the same text, every time.
//!
//! In: what a thing is and where it stands. Out: a UUID. The product makes its ids by chance; ones that
//! follow from names make two exports of one text the same export.

use std::{fmt::Write as _, sync::Arc};

use sha2::{Digest as _, Sha256};

/// The id of a thing that has none of its own: `node` `Login/check`.
///
/// It has the form of a UUID that is made of a name.
pub fn derived_id(kind: &str, name: &str) -> Arc<str> {
    let mut hash = Sha256::new();
    hash.update(b"wayfare\0");
    hash.update(kind.as_bytes());
    hash.update(b"\0");
    hash.update(name.as_bytes());
    let mut bytes = [0_u8; 16];
    for (byte, from) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = from;
    }
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        let byte = match at {
            6 => byte & 0x0f | 0x50,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // INVARIANT: writing to a text never fails.
        let _ = write!(text, "{byte:02x}");
    }
    Arc::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_names_and_look_like_ids() {
        let id = derived_id("node", "Login/check");
        assert_eq!(id, derived_id("node", "Login/check"));
        assert_ne!(id, derived_id("node", "Login/check2"));
        assert_ne!(id, derived_id("script", "Login/check"));
        assert_eq!(id.len(), 36);
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes()[14], b'5');
        assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
