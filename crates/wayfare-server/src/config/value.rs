//! Spans of time and sizes as texts.

use std::time::Duration;

/// Reads `30s`, `5m`, `1h30m`, `250ms`, `1d`: whole numbers with units, largest first.
///
/// ```
/// use std::time::Duration;
/// use wayfare_server::config::parse_duration;
/// assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5_400)));
/// assert_eq!(parse_duration("5"), None);
/// assert_eq!(parse_duration("5 m"), None);
/// ```
pub fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 5] = [
        ("ms", 1),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
    ];
    let mut rest = text;
    let mut total: u64 = 0;
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let number: u64 = number.parse().ok()?;
        let (unit, factor) = UNITS.into_iter().find(|(unit, _)| tail.starts_with(unit))?;
        if factor >= last {
            return None;
        }
        last = factor;
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = tail.get(unit.len()..)?;
    }
    (last != u64::MAX).then(|| Duration::from_millis(total))
}

/// Reads `64KiB`, `1MiB`, `512B`.
///
/// ```
/// use wayfare_server::config::parse_size;
/// assert_eq!(parse_size("64KiB"), Some(65_536));
/// assert_eq!(parse_size("64"), None);
/// ```
pub fn parse_size(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 4] = [
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("B", 1),
    ];
    let (unit, factor) = UNITS.into_iter().find(|(unit, _)| text.ends_with(unit))?;
    let digits = text.get(..text.len().checked_sub(unit.len())?)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
