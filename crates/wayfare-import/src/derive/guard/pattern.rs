//! Patterns of texts as scripts write them.
//!
//! In: a pattern of the language, which matches a whole text of characters. Out: one of scripts, which
//! matches units of two bytes, or nothing where the two would differ. What a pattern may hold is listed here;
//! any other is refused.

/// Any character but the newline: a pair of units, or one that is no half of a pair.
const ANY: &str = r"(?:[^\n\uD800-\uDFFF]|[\uD800-\uDBFF][\uDC00-\uDFFF])";

/// Blanks, as the language has them.
const BLANK: &str = r"\t\n\v\f\r ";

/// The pattern of a script for the whole of a text.
pub(super) fn translated(pattern: &str) -> Option<String> {
    let mut chars = pattern.chars().peekable();
    let mut made = String::from("/^(?:");
    // Whether what stands before is repeated already, and whether lazily.
    let mut repeated = (false, false);
    while let Some(c) = chars.next() {
        let repeats = matches!(c, '*' | '+' | '?' | '{');
        repeated = match (repeats, repeated) {
            (false, _) => (false, false),
            (true, (false, _)) => (true, false),
            (true, (true, false)) if c == '?' => (true, true),
            // Scripts repeat nothing that is repeated.
            (true, (true, _)) => return None,
        };
        match c {
            '.' => made.push_str(ANY),
            '\\' => made.push_str(&escape(chars.next()?, false)?),
            '[' => made.push_str(&class(&mut chars)?),
            '(' => match chars.peek() {
                Some('?') => {
                    chars.next();
                    if chars.next()? != ':' {
                        return None;
                    }
                    made.push_str("(?:");
                }
                _ => made.push_str("(?:"),
            },
            '{' => made.push_str(&counts(&mut chars)?),
            ')' | '|' | '*' | '+' | '?' => made.push(c),
            '^' | '$' | ']' | '}' => return None,
            c => made.push_str(&plain(c)?),
        }
    }
    made.push_str(")$/");
    Some(made)
}

/// A character that means itself.
fn plain(c: char) -> Option<String> {
    match c {
        '/' => Some("\\/".to_owned()),
        c if c == ' ' || c.is_ascii_graphic() => Some(c.to_string()),
        // One that takes two units would be two characters for what repeats it.
        c => u16::try_from(u32::from(c))
            .ok()
            .map(|unit| format!("\\u{unit:04X}")),
    }
}

fn escape(c: char, in_class: bool) -> Option<String> {
    Some(match c {
        'd' if in_class => "0-9".to_owned(),
        'w' if in_class => "0-9A-Za-z_".to_owned(),
        's' if in_class => BLANK.to_owned(),
        'd' => "[0-9]".to_owned(),
        'w' => "[0-9A-Za-z_]".to_owned(),
        's' => format!("[{BLANK}]"),
        'n' | 'r' | 't' | 'f' | 'v' => format!("\\{c}"),
        c if c.is_ascii_punctuation() => format!("\\{c}"),
        _ => return None,
    })
}

/// A class of characters, behind its bracket.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let is_not = chars.next_if_eq(&'^').is_some();
    let mut inner = String::new();
    let mut last = None;
    loop {
        let c = chars.next()?;
        match c {
            ']' if inner.is_empty() => return None,
            ']' => break,
            '\\' => {
                let escaped = chars.next()?;
                inner.push_str(&escape(escaped, true)?);
            }
            '-' if inner.is_empty() || chars.peek() == Some(&']') => inner.push_str("\\-"),
            '-' => {
                let from: char = last.filter(char::is_ascii_alphanumeric)?;
                let to = *chars.peek().filter(|to| to.is_ascii_alphanumeric())?;
                if from > to {
                    return None;
                }
                inner.push('-');
            }
            // Nested classes, and what joins them.
            '[' | '&' | '~' => return None,
            '^' => inner.push_str("\\^"),
            c => inner.push_str(&plain(c)?),
        }
        last = Some(c);
    }
    Some(if is_not {
        format!("(?:[^{inner}\\uD800-\\uDFFF]|[\\uD800-\\uDBFF][\\uDC00-\\uDFFF])")
    } else {
        format!("[{inner}]")
    })
}

/// How often, behind its brace.
fn counts(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut inner = String::from("{");
    loop {
        let c = chars.next()?;
        inner.push(c);
        match c {
            '}' => break,
            '0'..='9' | ',' => {}
            _ => return None,
        }
    }
    let inside = inner.strip_prefix('{')?.strip_suffix('}')?;
    let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    (is_number(least) && (most.is_empty() || is_number(most))).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_translated_or_refused() {
        let known = [
            ("[a-z]+@b/c", Some("/^(?:[a-z]+@b\\/c)$/")),
            (r"\d{2,3}(x|y)?", Some("/^(?:[0-9]{2,3}(?:x|y)?)$/")),
            ("é", Some("/^(?:\\u00E9)$/")),
            (r"[\w.]+", Some("/^(?:[0-9A-Za-z_.]+)$/")),
            ("(?i)a", None),
            ("^a", None),
            ("[[:alpha:]]", None),
            ("\u{1F600}", None),
            (r"\bx", None),
            ("a{2", None),
            ("a+?", Some("/^(?:a+?)$/")),
            ("a++", None),
            (r"[\w.-]", Some("/^(?:[0-9A-Za-z_.\\-])$/")),
            ("[é-z]", None),
        ];
        for (pattern, wanted) in known {
            assert_eq!(translated(pattern).as_deref(), wanted, "{pattern}");
        }
    }
}
