//! Texts, numbers and times as the language writes them.
//!
//! In: what an export holds. Out: a literal that reads as exactly that. Nothing in a text is ever taken for
//! a place where a value is put in.

use std::fmt::Write as _;

/// The most columns after which a text with several lines is written as a block.
const FLAT_MAX: usize = 60;

/// A text in quotes, in which nothing has a meaning of its own.
pub(super) fn quoted(text: &str) -> String {
    let mut made = String::with_capacity(text.len() + 2);
    made.push('"');
    escape(text, &mut made);
    made.push('"');
    made
}

/// What stands between the quotes.
pub(super) fn escape(text: &str, made: &mut String) {
    let mut before = None;
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' => made.push_str("\\\""),
            '\\' => made.push_str("\\\\"),
            '\n' => made.push_str("\\n"),
            '\t' => made.push_str("\\t"),
            '\r' => made.push_str("\\r"),
            '$' if letters.peek() == Some(&'{') => made.push_str("\\$"),
            c if is_hidden(c, before) => {
                let _ = write!(made, "\\u{{{:x}}}", u32::from(c));
            }
            c => made.push(c),
        }
        before = Some(c);
    }
}

/// A text as the value of a setting: in quotes, or as a block where that is easier to read.
pub(super) fn value(text: &str) -> String {
    let signs = text.matches(['"', '\\']).count();
    let lines = text.matches('\n').count();
    if lines == 0 && signs >= 4 && is_plain(text) && !text.starts_with('"') && !text.ends_with('"')
    {
        return format!("\"\"\"{text}\"\"\"");
    }
    if lines > 0 && text.len() > FLAT_MAX && is_plain(text) && keeps_indent(text) {
        let mut made = String::from("\"\"\"\n");
        for line in text.split('\n') {
            made.push_str(line);
            made.push('\n');
        }
        made.push_str("\"\"\"");
        return made;
    }
    quoted(text)
}

/// Whether a text can stand in a block as it is.
fn is_plain(text: &str) -> bool {
    let mut before = None;
    !text.contains("\"\"\"")
        && text.chars().all(|c| {
            let fits = c == '\n' || !is_hidden(c, before);
            before = Some(c);
            fits
        })
}

/// Whether the lines of a block would come out as they are: some line begins at the margin, and none is
/// blank but not empty.
fn keeps_indent(text: &str) -> bool {
    let is_blank = |line: &&str| line.trim_matches([' ', '\t']).is_empty();
    let at_margin = text
        .split('\n')
        .any(|line| !is_blank(&line) && !line.starts_with([' ', '\t']));
    at_margin && text.split('\n').filter(is_blank).all(str::is_empty)
}

/// Whether a character may not stand in a text as it is.
fn is_hidden(c: char, before: Option<char>) -> bool {
    let after_ascii = before.is_none_or(|b| b.is_ascii());
    c.is_control()
        || matches!(c,
            '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{061C}'
            | '\u{00AD}'
            | '\u{034F}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{2028}'..='\u{2029}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF9}'..='\u{FFFD}'
            | '\u{E0000}'..='\u{E007F}')
        || after_ascii
            && matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// An outcome: quoted where it is not a plain word.
pub(super) fn outcome(name: &str) -> String {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_word = name.bytes().all(|b| is_letter(b) || b == b'-')
        && name.bytes().next().is_some_and(is_letter)
        && name.bytes().last().is_some_and(is_letter)
        && !name.contains("--")
        && !matches!(
            name,
            "when" | "else" | "on" | "node" | "start" | "allow" | "ensure"
        );
    if is_word {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A key of a record: quoted where it is not a plain word.
pub(super) fn key(name: &str) -> String {
    if is_key(name) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Whether a name can stand left of `=`.
pub(super) fn is_key(name: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    name.bytes().all(|b| is_letter(b) || b == b'-')
        && name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && !name.contains("--")
        && !name.ends_with('-')
}

/// A duration in its usual form.
pub(super) fn duration(mut milliseconds: u128) -> String {
    const UNITS: [(&str, u128); 5] = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, length) in UNITS {
        if milliseconds >= length {
            let _ = write!(text, "{}{unit}", milliseconds / length);
            milliseconds %= length;
        }
    }
    text
}

/// A size in its usual form.
pub(super) fn size(bytes: u64) -> String {
    for (unit, length) in [("MiB", 1_048_576), ("KiB", 1_024)] {
        if bytes > 0 && bytes.is_multiple_of(length) {
            return format!("{}{unit}", bytes / length);
        }
    }
    format!("{bytes}B")
}

/// A text as a comment may quote it: one line, nothing hidden, not long.
pub(super) fn remark(text: &str) -> String {
    let mut made = String::new();
    let mut before = None;
    for c in text.chars().take(120) {
        made.push(if is_hidden(c, before) { ' ' } else { c });
        before = made.chars().last();
    }
    made.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> String {
        let source = wayfare::Source::new("a.journey", format!("let a = {value}\n"));
        let parsed = wayfare::parse(&source, wayfare::SourceId::default());
        assert!(
            parsed.diagnostics.is_empty(),
            "{value}: {:?}",
            parsed.diagnostics
        );
        match parsed.file.items.into_iter().next() {
            Some(wayfare::ast::Item::Constant(constant)) => match constant.value.kind {
                wayfare::ast::ValueKind::Block(text) => text,
                wayfare::ast::ValueKind::Text(parts) => parts
                    .into_iter()
                    .map(|part| match part {
                        wayfare::ast::TextPart::Raw(text) => text,
                        wayfare::ast::TextPart::Path(path) => panic!("{path:?}"),
                    })
                    .collect(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_text_reads_as_what_it_was() {
        let texts = [
            "",
            "plain",
            "a \"quoted\" one",
            "{\"a\": \"b\", \"c\": {\"d\": \"e\"}}",
            "${shared.username} and {{OTP}} and $ and $$",
            "$${x}",
            "back\\slash \\${x}",
            "line\nline",
            "first line that is long enough for a block\n\n  second, indented\nthird\n",
            "  every line is indented, so that a block would take it off\n  and this one too",
            "a line with blanks behind, which the block would lose\n   \nand more",
            "tab\there\r\nand \u{7} bell",
            "\u{202e}turned \u{feff}hidden \u{fffd}",
            "emoji \u{1F468}\u{200D}\u{1F469} joined, a\u{200D}b not",
            "three \"\"\" quotes \"\"\" in it",
            "\u{fe0f}first",
        ];
        for text in texts {
            assert_eq!(read(&value(text)), text, "{}", value(text));
            assert_eq!(read(&quoted(text)), text, "{}", quoted(text));
        }
    }

    #[test]
    fn times_and_sizes_are_written_as_people_do() {
        assert_eq!(duration(300_000), "5m");
        assert_eq!(duration(5_400_500), "1h30m500ms");
        assert_eq!(duration(0), "0s");
        assert_eq!(size(65_536), "64KiB");
        assert_eq!(size(100), "100B");
    }
}
