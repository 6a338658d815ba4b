//! How users and instants are called.

use wayfare::{Realm, Timestamp};

/// The distinguished name by which the product calls a user.
pub fn universal_id(username: &str, realm: &Realm) -> String {
    let mut name = String::from("id=");
    for (at, c) in username.char_indices() {
        let edge = (at == 0 && matches!(c, ' ' | '#')) || (at + 1 == username.len() && c == ' ');
        if edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
            name.push('\\');
        }
        name.push(c);
    }
    name.push_str(",ou=user");
    let parts: Vec<&str> = realm.parts().collect();
    for part in parts.iter().rev() {
        name.push_str(",o=");
        name.push_str(part);
    }
    if !parts.is_empty() {
        name.push_str(",ou=services");
    }
    name.push_str(",ou=am-config");
    name
}

/// An instant as `2025-07-31T15:05:45Z`.
pub fn time(at: Timestamp) -> String {
    let seconds = at.seconds();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 1970 to a date of the Gregorian calendar: eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// An instant with its thousandths: `2025-07-31T15:05:45.265Z`.
pub fn instant(at: Timestamp) -> String {
    let mut text = time(at);
    text.pop();
    format!("{text}.{:03}Z", at.0 % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_kind_of_year() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(time(Timestamp(seconds * 1_000)), text);
        }
        assert_eq!(instant(Timestamp(7)), "1970-01-01T00:00:00.007Z");
    }

    #[test]
    fn names_cannot_break_out_of_a_distinguished_name() {
        assert_eq!(
            universal_id("a,ou=admin+x", &Realm::root()),
            "id=a\\,ou\\=admin\\+x,ou=user,ou=am-config"
        );
    }
}
