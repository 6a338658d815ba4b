//! Times as Capture writes them, in UTC: `2016-04-20 17:02:18.649505 +0000` in records, and without what
//! stands after the second in signed requests.

/// Microseconds since 1970.
pub type Micros = i64;

const DAY: i64 = 86_400;

/// A time as records show it.
pub fn record(micros: Micros) -> String {
    let (seconds, part) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    format!("{}.{part:06} +0000", plain(seconds))
}

/// A time as `Date` headers of signed requests show it, from seconds since 1970.
pub fn plain(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Seconds since 1970 of a time as `Date` headers of signed requests show it.
pub fn seconds(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days(date)? * DAY + hour * 3_600 + minute * 60 + second)
}

/// Days since 1970 of a date such as `2016-04-20`.
pub fn days(text: &str) -> Option<i64> {
    let [year, month, day] = numbers(text, '-', [4, 2, 2])?;
    let count = from_civil(year, month, day);
    // Only what comes back the same is a date: there is no 31st of April.
    (civil(count) == (year, month, day)).then_some(count)
}

fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut read = digits.map(|digits| {
        let part = parts.next()?;
        let plain = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse().ok()).flatten()
    });
    let all = [read[0].take()?, read[1].take()?, read[2].take()?];
    parts.next().is_none().then_some(all)
}

/// Year, month and day of a count of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    // The year begins in March here, so that the leap day is its last.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

fn from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_in_records() {
        assert_eq!(
            record(1_461_171_738_649_505),
            "2016-04-20 17:02:18.649505 +0000"
        );
        assert_eq!(record(-1), "1969-12-31 23:59:59.999999 +0000");
        assert_eq!(plain(1_461_171_738), "2016-04-20 17:02:18");
    }

    #[test]
    fn only_days_that_exist_are_dates() {
        assert_eq!(days("1970-01-01"), Some(0));
        assert_eq!(days("2000-02-29"), Some(11_016));
        for wrong in [
            "2016-04-31",
            "2100-02-29",
            "16-04-20",
            "2016-4-20",
            "2016-00-10",
            "+016-04-20",
            "2016-04-20-",
        ] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_second_comes_back() {
        for at in (-100_000_000_000..200_000_000_000_i64).step_by(86_399 * 37) {
            if (0..=9_999).contains(&civil(at.div_euclid(DAY)).0) {
                assert_eq!(seconds(&plain(at)), Some(at));
            }
        }
    }
}
