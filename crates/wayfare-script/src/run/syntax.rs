//! Whether a text is a script: what can be said before it is run.

use wayfare::NodeError;

use super::{Budget, fault, realm};

/// Refuses a text that is no script.
///
/// The text is read whole before anything of it runs, and what runs first ends it.
pub(super) fn check(path: &str, text: &str, budget: &Budget) -> Result<(), NodeError> {
    if let Some((line, column)) = large_number(text) {
        return Err(NodeError::new(format!(
            "{path}:{line}:{column}: whole numbers without end, as `12n`, are not run here"
        )));
    }
    realm::compile(path, text, budget).map_err(|fault| fault::told(&fault, path, &[]))
}

/// Where a number like `12n` stands: its arithmetic is not bounded by steps.
///
/// Comments and texts are skipped, as long as there is no doubt what is one. Where a pattern, a text with
/// expressions in it or a rare comment could have another reader see it otherwise, what looks like such a number
/// anywhere is taken for one.
fn large_number(text: &str) -> Option<(usize, usize)> {
    let (mut line, mut column) = (1, 0);
    let mut skips = Skips::None;
    let mut before = ' ';
    let mut number = false;
    let mut doubtful = text.starts_with("#!");
    let mut skipped = None;
    let mut behind = text.chars();
    // BOUND: every turn takes a character.
    while let Some(at) = behind.next() {
        let rest = behind.as_str();
        let next = rest.chars().next().unwrap_or(' ');
        column += 1;
        let ends = is_end(at);
        if ends {
            (line, column) = (line + 1, 0);
        }
        if at == 'n' && number && !is_word(next) {
            if skips == Skips::None {
                return Some((line, column));
            }
            skipped = skipped.or(Some((line, column)));
        }
        let word = is_word(at);
        number = word && (number || (at.is_ascii_digit() && !is_word(before) && before != '.'));
        number &= word && (at.is_ascii_hexdigit() || matches!(at, '_' | 'x' | 'X' | 'o' | 'O'));
        let mut took = None;
        match skips {
            Skips::Line if ends => skips = Skips::None,
            Skips::Block if before == '*' && at == '/' => skips = Skips::None,
            Skips::Text(_) if at == '\\' => took = behind.next(),
            Skips::Text('`') if at == '$' && next == '{' => doubtful = true,
            Skips::Text(quote) if at == quote || (ends && quote != '`') => skips = Skips::None,
            Skips::None => match (at, next) {
                ('/', '/') => skips = Skips::Line,
                ('/', '*') => {
                    took = behind.next();
                    skips = Skips::Block;
                }
                ('/', _) => doubtful |= hides(rest),
                ('<', '!') => doubtful |= rest.starts_with("!--"),
                ('-', '-') => doubtful |= rest.starts_with("->"),
                ('"' | '\'' | '`', _) => skips = Skips::Text(at),
                _ => {}
            },
            Skips::Line | Skips::Block | Skips::Text(_) => {}
        }
        before = at;
        if let Some(taken) = took {
            (line, column) = if is_end(taken) {
                (line + 1, 0)
            } else {
                (line, column + 1)
            };
            before = ' ';
            number = false;
        }
    }
    skipped.filter(|_| doubtful)
}

/// Whether a pattern that may begin here could hold what looks like the beginning of a text or a comment.
fn hides(rest: &str) -> bool {
    let line = rest.split(is_end).next().unwrap_or_default();
    line.contains(['"', '\'', '`']) || line.contains("//") || line.contains("/*")
}

/// What is gone over at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skips {
    None,
    Line,
    Block,
    Text(char),
}

fn is_word(at: char) -> bool {
    at.is_alphanumeric() || matches!(at, '_' | '$')
}

fn is_end(at: char) -> bool {
    matches!(at, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::large_number;

    #[test]
    fn numbers_without_end_are_found_and_nothing_else() {
        for (text, at) in [
            ("var a = 12n;", Some((1, 11))),
            ("\n0xFFn", Some((2, 5))),
            ("var a = 12; // 12n", None),
            ("/* 1n */ '2n' + \"3n\" + `4n`", None),
            ("a12n + b.n + n1n", None),
            ("'it\\'s 5n'", None),
            ("1_000n", Some((1, 6))),
            ("`${3n}`", Some((1, 5))),
            ("var r = /'/, a = 3n, q = /'/;", Some((1, 19))),
            ("var r = /[/*]/; 3n; /[*/]/", Some((1, 18))),
            ("var r = /[//]/; 3n", Some((1, 18))),
            ("// a\u{2028}3n", Some((2, 2))),
            ("<!-- /*\n3n //*/", Some((2, 2))),
            ("#!`\n3n", Some((2, 2))),
            ("'3n'; a / b; // 'c' 4n", Some((1, 3))),
            ("'3n'; a / b;\n// 4n", None),
            ("`3n ${a}`", Some((1, 3))),
            ("'a\\\n3n'", None),
        ] {
            assert_eq!(large_number(text), at, "{text}");
        }
    }
}
