//! Instants as RFC 3339 texts, read and written.
//!
//! The calendar is the proleptic Gregorian one, as the RFC has it. Leap seconds are read as the second
//! before. Instants before 1970 and after the year 9999 are refused.

use crate::engine::host::Timestamp;

const DAY_MS: u64 = 86_400_000;

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// An instant as `2026-01-31T23:59:59.999Z`.
pub(crate) fn write(at: Timestamp) -> String {
    let (year, month, day) = date(i64::try_from(at.0 / DAY_MS).unwrap_or(0));
    let ms = at.0 % DAY_MS;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1_000 % 60,
        ms % 1_000
    )
}

/// Takes a number of exactly this many digits off the front.
fn digits(text: &mut &str, count: usize) -> Option<i64> {
    let (head, tail) = text.split_at_checked(count)?;
    if !head.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    *text = tail;
    head.parse().ok()
}

fn mark(text: &mut &str, marks: &[char]) -> Option<char> {
    let first = text.chars().next().filter(|c| marks.contains(c))?;
    *text = text.get(first.len_utf8()..)?;
    Some(first)
}

/// The thousandths after the point, cut off rather than rounded.
fn fraction(text: &mut &str) -> Option<i64> {
    if mark(text, &['.']).is_none() {
        return Some(0);
    }
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (part, tail) = text.split_at_checked(end)?;
    if part.is_empty() || part.len() > 9 {
        return None;
    }
    *text = tail;
    let mut ms = 0;
    for at in 0..3 {
        ms = ms * 10 + part.as_bytes().get(at).map_or(0, |b| i64::from(b - b'0'));
    }
    Some(ms)
}

/// Reads an RFC 3339 instant.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    if text.len() > 40 {
        return None;
    }
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    mark(&mut rest, &['-'])?;
    let month = digits(&mut rest, 2).filter(|m| (1..=12).contains(m))?;
    mark(&mut rest, &['-'])?;
    let day = digits(&mut rest, 2)?;
    let start = days(year, month, day);
    if date(start) != (year, month, day) {
        return None;
    }
    mark(&mut rest, &['T', 't', ' '])?;
    let hour = digits(&mut rest, 2).filter(|h| *h < 24)?;
    mark(&mut rest, &[':'])?;
    let minute = digits(&mut rest, 2).filter(|m| *m < 60)?;
    mark(&mut rest, &[':'])?;
    let second = digits(&mut rest, 2).filter(|s| *s <= 60)?.min(59);
    let ms = fraction(&mut rest)?;
    let offset = match mark(&mut rest, &['Z', 'z', '+', '-'])? {
        sign @ ('+' | '-') => {
            let hours = digits(&mut rest, 2).filter(|h| *h < 24)?;
            mark(&mut rest, &[':'])?;
            let minutes = digits(&mut rest, 2).filter(|m| *m < 60)?;
            let span = (hours * 60 + minutes) * 60_000;
            if sign == '-' { -span } else { span }
        }
        _ => 0,
    };
    let day_ms = i64::try_from(DAY_MS).ok()?;
    let total = start * day_ms + ((hour * 60 + minute) * 60 + second) * 1_000 + ms - offset;
    (rest.is_empty())
        .then(|| u64::try_from(total).ok().map(Timestamp))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_read_and_write() {
        for (text, ms) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2000-02-29T12:34:56.789Z", 951_827_696_789),
            ("2026-11-21T19:00:00.000Z", 1_795_287_600_000),
        ] {
            assert_eq!(read(text), Some(Timestamp(ms)), "{text}");
            assert_eq!(write(Timestamp(ms)), text);
        }
        assert_eq!(
            read("2026-11-21T20:00:00+01:00"),
            read("2026-11-21T19:00:00Z")
        );
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00Zx",
            "1969-12-31T23:59:59Z",
            "2026-01-01T00:00:00.Z",
            "２026-01-01T00:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_reads_back() {
        for day in 0..146_097_u64 {
            let at = Timestamp(day * DAY_MS);
            assert_eq!(read(&write(at)), Some(at));
        }
    }
}
