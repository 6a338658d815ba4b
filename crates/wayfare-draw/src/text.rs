//! How wide words are, how long ones are shortened, and how all are written into XML.
//!
//! The widths are those of a wide sans-serif face, so that words fit their boxes in whatever face a
//! viewer has.

/// The most characters of a text that are measured or written; tooltips are cut there too.
const LONG: usize = 2_000;

/// The widths of the characters from space to tilde, in hundredths of the size.
const WIDTHS: [i64; 95] = [
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75,
    79, 61, 79, 70, 64, 62, 74, 69, 99, 69, 62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36,
    64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84,
];

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) size: i64,
    pub(crate) bold: bool,
}

fn hundredths(c: char) -> i64 {
    let code = u32::from(c);
    let plain = code.checked_sub(32).and_then(|at| usize::try_from(at).ok());
    if let Some(width) = plain.and_then(|at| WIDTHS.get(at)) {
        return *width;
    }
    match code {
        // Marks that stand on the letter before them.
        0x300..=0x36F | 0x200B..=0x200D | 0xFE00..=0xFE0F => 0,
        // Latin, Greek, Cyrillic and what is near them: as wide as a capital.
        0..=0x10FF => 80,
        _ => 105,
    }
}

/// The width of a text in pixels.
pub(crate) fn width(text: &str, face: Face) -> i64 {
    let sum: i64 = text.chars().take(LONG).map(hundredths).sum();
    let sum = if face.bold { sum * 112 / 100 } else { sum };
    (sum * face.size + 99) / 100
}

/// A text that is at most this wide, with an ellipsis where something is left out.
///
/// Of a long name both ends are kept: what tells two apart stands as often at the end.
pub(crate) fn shorten(text: &str, face: Face, most: i64) -> String {
    let text: String = text.chars().take(LONG).collect();
    if width(&text, face) <= most {
        return text;
    }
    let room = most - width("…", face);
    let take = |chars: &mut dyn Iterator<Item = char>, room: i64| {
        let mut kept = String::new();
        let mut used = String::new();
        for c in chars {
            used.push(c);
            if width(&used, face) > room {
                break;
            }
            kept.push(c);
        }
        kept
    };
    let tail = take(&mut text.chars().rev(), room / 3);
    let tail: String = tail.chars().rev().collect();
    let head = take(&mut text.chars(), room - width(&tail, face));
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

/// A text as it may stand in XML, between tags and in attributes.
///
/// What XML cannot hold, and what turns the direction of writing around, is shown as a mark of
/// replacement, so that a name never looks like another.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        if at >= LONG {
            out.push('…');
            break;
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{061C}'
            | '\u{FFFE}'
            | '\u{FFFF}' => out.push('\u{FFFD}'),
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: Face = Face {
        size: 10,
        bold: false,
    };

    #[test]
    fn what_is_shortened_fits() {
        for text in [
            "",
            "a",
            "abcdefghijklmnopqrstuvwxyz",
            "WWWWWWWWWWWWWWWWWWW",
            "日本語日本語日本語",
        ] {
            let short = shorten(text, FACE, 80);
            assert!(width(&short, FACE) <= 80, "{short}");
            assert_eq!(short == text, width(text, FACE) <= 80, "{short}");
        }
        assert_eq!(
            shorten("collector_of_names_17", FACE, 90),
            "collector_o…s_17"
        );
    }

    #[test]
    fn nothing_is_left_to_read_as_markup() {
        assert_eq!(
            escape("<script>alert(\"1\")</script>&'\u{0}\u{202E}x"),
            "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\u{FFFD}\u{FFFD}x"
        );
    }
}
