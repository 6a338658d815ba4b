//! What the product's old interpreter takes and today's JavaScript does not, written as the latter.
//!
//! In: the text of a script. Out: the text that is run, every line where it was and, but for `for each`, every
//! column too, so that errors name places of the text as its author knows it. Three things are rewritten:
//! `text.length()`, a method in Java and a property here; `for each (x in list)`, which is `for (x of …)`; and
//! invisible characters between words, which come with copying from web pages. All else is left to the
//! interpreter, whose errors have places.

use std::borrow::Cow;

use super::tokens::{Piece, pieces};

/// The name by which a rewritten `for each` comes to the values of whatever it goes through.
pub(super) const VALUES: &str = "$valuesOf";

/// The text as it is run.
pub(crate) fn translated(text: &str) -> Cow<'_, str> {
    let suspicious =
        text.contains("length") || text.contains("each") || text.chars().any(is_invisible);
    if !suspicious {
        return Cow::Borrowed(text);
    }
    let all: Vec<Piece<'_>> = pieces(text).collect();
    let mut out = String::with_capacity(text.len() + 16);
    let mut loops = Loops::default();
    let mut at = 0;
    while let Some(piece) = all.get(at) {
        if let Some(end) = length_call(&all, at) {
            out.push_str("length");
            for blanked in all.get(at + 1..end).unwrap_or_default() {
                blank(&mut out, blanked);
            }
            at = end;
            continue;
        }
        if is_each(&all, at) {
            out.push_str("    ");
            loops.begin();
        } else if loops.is_separator(piece) {
            out.push_str("of ");
            out.push_str(VALUES);
            out.push('(');
        } else {
            if loops.closes(piece) {
                out.push(')');
            }
            push(&mut out, piece);
        }
        at += 1;
    }
    Cow::Owned(out)
}

/// The heads of `for each` that are open here.
#[derive(Debug, Default)]
struct Loops {
    /// For each of them how many parentheses are open in it, and whether its `in` was seen.
    open: Vec<(usize, bool)>,
}

impl Loops {
    fn begin(&mut self) {
        self.open.push((0, false));
    }

    /// Whether this is the `in` of the innermost head.
    fn is_separator(&mut self, piece: &Piece<'_>) -> bool {
        match self.open.last_mut() {
            Some((1, seen @ false)) if *piece == Piece::Word("in") => {
                *seen = true;
                true
            }
            _ => false,
        }
    }

    /// Counts parentheses; whether this one closes a head whose values were opened.
    fn closes(&mut self, piece: &Piece<'_>) -> bool {
        let Some((depth, seen)) = self.open.last_mut() else {
            return false;
        };
        match piece {
            Piece::Sign('(') => *depth += 1,
            Piece::Sign(')') => {
                *depth = depth.saturating_sub(1);
                if *depth == 0 {
                    let closes = *seen;
                    self.open.pop();
                    return closes;
                }
            }
            _ => {}
        }
        false
    }
}

/// The end of a `.length()` whose word stands at `at`.
fn length_call(all: &[Piece<'_>], at: usize) -> Option<usize> {
    if all.get(at) != Some(&Piece::Word("length")) {
        return None;
    }
    let before = all.get(..at)?.iter().rev();
    let before = before
        .clone()
        .find(|piece| !matches!(piece, Piece::Space(_)));
    if before != Some(&Piece::Sign('.')) {
        return None;
    }
    let open = next(all, at + 1)?;
    let close = next(all, open + 1)?;
    let is_call =
        all.get(open) == Some(&Piece::Sign('(')) && all.get(close) == Some(&Piece::Sign(')'));
    is_call.then_some(close + 1)
}

/// Whether the word at `at` is the `each` of a `for each`.
fn is_each(all: &[Piece<'_>], at: usize) -> bool {
    all.get(at) == Some(&Piece::Word("each"))
        && at.checked_sub(2).is_some_and(|before| {
            all.get(before) == Some(&Piece::Word("for"))
                && matches!(all.get(before + 1), Some(Piece::Space(_)))
        })
        && next(all, at + 1).and_then(|at| all.get(at)) == Some(&Piece::Sign('('))
}

/// The place of the next piece that is no white space.
fn next(all: &[Piece<'_>], from: usize) -> Option<usize> {
    let rest = all.get(from..)?;
    let skipped = rest
        .iter()
        .position(|piece| !matches!(piece, Piece::Space(_)))?;
    Some(from + skipped)
}

fn push(out: &mut String, piece: &Piece<'_>) {
    match piece {
        Piece::Word(text) | Piece::Space(text) | Piece::Opaque(text) => out.push_str(text),
        Piece::Sign(sign) if is_invisible(*sign) => out.push(' '),
        Piece::Sign(sign) => out.push(*sign),
    }
}

/// As much white space as the piece is long, with its line ends.
fn blank(out: &mut String, piece: &Piece<'_>) {
    match piece {
        Piece::Space(text) => out.push_str(text),
        _ => out.push(' '),
    }
}

/// Whether a character is one that shows nothing and is no white space either.
fn is_invisible(sign: char) -> bool {
    matches!(sign, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::translated;

    proptest! {
        #[test]
        fn lines_stay_where_they_were(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "for each (", "var x", " in ", ")", "(", ".length()", "length", "\n", "'", "`", "${", "}", "/", "//", "/*", "*/", " ",
                    "\u{200b}", "a", ".",
                ]),
                0..40,
            )
        ) {
            let text = parts.concat();
            let made = translated(&text);
            prop_assert_eq!(made.matches('\n').count(), text.matches('\n').count());
            if !text.contains("each") {
                prop_assert_eq!(made.chars().count(), text.chars().count());
            }
        }
    }

    #[test]
    fn long_lines_take_no_longer_than_they_are() {
        let text = "(/[ length ".repeat(20_000);
        assert_eq!(translated(&text), text);
    }

    #[test]
    fn lengths_of_texts_are_properties() {
        assert_eq!(translated("if (a.length() > 3)"), "if (a.length   > 3)");
        assert_eq!(translated("a . length ( ) "), "a . length     ");
        assert_eq!(translated("a.length\n()"), "a.length\n  ");
    }

    #[test]
    fn what_is_no_call_stays() {
        for text in [
            "a.length > 3",
            "length()",
            "a.length(1)",
            "'a.length()' + \"b.length()\"",
            "// a.length()\n/* b.length() */",
            "/a.length()/.test(b)",
            "`a.length()`",
        ] {
            assert_eq!(translated(text), text);
        }
    }

    #[test]
    fn code_within_templates_is_code() {
        assert_eq!(
            translated("`n: ${a.length()} ${ {b: 1} } a.length()`"),
            "`n: ${a.length  } ${ {b: 1} } a.length()`"
        );
        assert_eq!(translated("a / b.length() / 2"), "a / b.length   / 2");
    }

    #[test]
    fn for_each_goes_through_values() {
        assert_eq!(
            translated("for each (var x in list.get('a')) { y(x); }"),
            "for      (var x of $valuesOf( list.get('a'))) { y(x); }"
        );
        assert_eq!(
            translated("for each(x in a) for each (y in (b)) z();"),
            "for     (x of $valuesOf( a)) for      (y of $valuesOf( (b))) z();"
        );
        assert_eq!(translated("forEach(each in a)"), "forEach(each in a)");
    }

    #[test]
    fn invisible_characters_are_blanks() {
        assert_eq!(translated("a\u{200b}\n'b\u{200b}'"), "a \n'b\u{200b}'");
    }

    #[test]
    fn broken_texts_are_kept() {
        for text in [
            "'a",
            "`a ${",
            "/* a",
            "/a",
            "for each (a in",
            "for each",
            "}}}",
            "a.length(",
        ] {
            let _ = translated(text);
        }
    }
}
