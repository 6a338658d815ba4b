//! From a query filter to one of RFC 4515.
//!
//! A directory compares by the rules of its own and does not know what is kept beside it, so what comes out
//! finds everybody for whom the filter holds, and maybe more: the filter is asked once more of each entry.

use wayfare::{
    Filter,
    filter::{Comparison, Operand, Pointer},
};

/// A text as it stands in a filter: whatever could be read as part of the filter is escaped.
pub fn escaped(text: &str) -> String {
    ldap3::ldap_escape(text).into_owned()
}

/// What finds at least everybody for whom the filter holds; `attribute` tells which attribute of the
/// directory holds one of the profile, where one does. `None` where all would be found.
pub fn filter_for(filter: &Filter, attribute: &impl Fn(&str) -> Option<String>) -> Option<String> {
    match bounded(filter, true, attribute) {
        Part::All => None,
        Part::Nobody => Some("(!(objectClass=*))".to_owned()),
        Part::Text(text) => Some(text),
    }
}

/// A part of a filter.
enum Part {
    All,
    Nobody,
    Text(String),
}

impl Part {
    fn not(self) -> Self {
        match self {
            Self::All => Self::Nobody,
            Self::Nobody => Self::All,
            Self::Text(text) => Self::Text(format!("(!{text})")),
        }
    }
}

/// A filter that holds for no fewer (`wide`), or for no more.
///
/// BOUND: as deep as the filter, which was bounded when it was read.
fn bounded(filter: &Filter, wide: bool, attribute: &impl Fn(&str) -> Option<String>) -> Part {
    let unknown = if wide { Part::All } else { Part::Nobody };
    match filter {
        Filter::Always(true) => Part::All,
        Filter::Always(false) => Part::Nobody,
        Filter::Not(part) => bounded(part, !wide, attribute).not(),
        Filter::All(parts) => {
            let mut texts = Vec::new();
            for part in parts {
                match bounded(part, wide, attribute) {
                    Part::All => {}
                    Part::Nobody => return Part::Nobody,
                    Part::Text(text) => texts.push(text),
                }
            }
            together('&', texts, Part::All)
        }
        Filter::Any(parts) => {
            let mut texts = Vec::new();
            for part in parts {
                match bounded(part, wide, attribute) {
                    Part::All => return Part::All,
                    Part::Nobody => {}
                    Part::Text(text) => texts.push(text),
                }
            }
            together('|', texts, Part::Nobody)
        }
        // A comparison is never narrower in a directory than here, so it stands where more may be found.
        Filter::Compare {
            at,
            how,
            with: Operand::Text(text),
        } => match (place(at, attribute), wide, text.is_empty()) {
            (Some(name), true, false) => {
                let text = escaped(text);
                match how {
                    Comparison::Equal => Part::Text(format!("({name}={text})")),
                    Comparison::Contains => Part::Text(format!("({name}=*{text}*)")),
                    Comparison::StartsWith => Part::Text(format!("({name}={text}*)")),
                    Comparison::EndsWith => Part::Text(format!("({name}=*{text})")),
                    _ => Part::Text(format!("({name}=*)")),
                }
            }
            _ => unknown,
        },
        Filter::Present(at) | Filter::Compare { at, .. } => match (place(at, attribute), wide) {
            (Some(name), true) => Part::Text(format!("({name}=*)")),
            _ => unknown,
        },
    }
}

fn together(how: char, mut texts: Vec<String>, none: Part) -> Part {
    match texts.len() {
        0 => none,
        1 => texts.pop().map_or(none, Part::Text),
        _ => Part::Text(format!("({how}{})", texts.concat())),
    }
}

/// The attribute of the directory; of a place within an attribute, the attribute.
fn place(at: &Pointer, attribute: &impl Fn(&str) -> Option<String>) -> Option<String> {
    attribute(at.attribute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(name: &str) -> Option<String> {
        match name.to_ascii_lowercase().as_str() {
            "username" => Some("uid".to_owned()),
            "mail" => Some("mail".to_owned()),
            _ => None,
        }
    }

    fn of(text: &str) -> Option<String> {
        filter_for(&Filter::parse(text).unwrap(), &mapped)
    }

    #[test]
    fn comparisons_become_those_of_directories() {
        for (text, expected) in [
            (r#"userName eq "ada""#, "(uid=ada)"),
            (
                r#"MAIL sw "a" and userName co "b""#,
                "(&(mail=a*)(uid=*b*))",
            ),
            (r#"mail ew "c" or mail pr"#, "(|(mail=*c)(mail=*))"),
            (r#"mail gt "c""#, "(mail=*)"),
            (r#"mail eq "a" and city eq "x""#, "(mail=a)"),
            (r#"mail eq "a" and !(city eq "x")"#, "(mail=a)"),
            ("false", "(!(objectClass=*))"),
        ] {
            assert_eq!(of(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_a_directory_cannot_tell_finds_all() {
        for text in [
            "true",
            r#"city eq "x""#,
            r#"mail eq "a" or city eq "x""#,
            // The directory may find more for a comparison, so its opposite may find too few.
            r#"!(mail eq "a")"#,
            r#"mail sw """#,
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_that_is_typed_is_read_as_a_filter() {
        for (typed, expected) in [
            ("*", r"\2a"),
            ("a)(uid=*", r"a\29\28uid=\2a"),
            (r"a\", r"a\5c"),
            ("a\0b", r"a\00b"),
            ("(|(a=b))", r"\28|\28a=b\29\29"),
            ("é", "é"),
        ] {
            assert_eq!(escaped(typed), expected);
            let filter = Filter::equal("userName", typed);
            assert_eq!(
                filter_for(&filter, &mapped),
                Some(format!("(uid={expected})"))
            );
        }
        let long = "*".repeat(100_000);
        assert_eq!(escaped(&long).len(), 300_000);
    }
}
