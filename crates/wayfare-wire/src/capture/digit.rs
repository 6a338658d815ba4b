//! The digits of random ids and secrets: small letters and numbers, without those that look like another.

const DIGITS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The digit of the five lowest bits.
pub fn digit(bits: u8) -> char {
    let digit = DIGITS.get(usize::from(bits & 31));
    char::from(digit.copied().unwrap_or(b'a'))
}
