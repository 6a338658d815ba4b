//! Whether a text is Groovy, which the product runs and Wayfare does not.
//!
//! In: a text that may be JavaScript. Out: the line that only Groovy takes. It is asked where a script does not
//! parse, and where an import says nothing of the language; so what counts are signs that no JavaScript has.

use super::tokens::{Piece, pieces};

/// What to do about a script in Groovy.
pub const GROOVY_ADVICE: &str =
    "scripts in Groovy are not run; write it in JavaScript, or register the decision in Rust";

/// A line that only Groovy takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroovySign {
    /// The line, counted from 1.
    pub line: usize,
    /// What gives it away.
    pub sign: &'static str,
}

/// The types that begin a declaration in Groovy.
const TYPES: [&str; 11] = [
    "String",
    "def",
    "int",
    "long",
    "boolean",
    "Map",
    "List",
    "Set",
    "JsonValue",
    "Integer",
    "Object",
];

/// The first line of `text` that only Groovy takes.
pub fn groovy_sign(text: &str) -> Option<GroovySign> {
    let mut words: Vec<&str> = Vec::new();
    let mut line = 1;
    let mut begins = 1;
    for piece in pieces(text).chain([Piece::Space("\n")]) {
        match piece {
            Piece::Space(space) => {
                let ends = space.matches('\n').count();
                if ends > 0 {
                    if let Some(sign) = sign_of(&words) {
                        return Some(GroovySign { line: begins, sign });
                    }
                    words.clear();
                }
                line += ends;
            }
            Piece::Opaque(text) => {
                if words.is_empty() {
                    begins = line;
                }
                if !text.starts_with('/') {
                    words.push("''");
                }
                line += text.matches('\n').count();
            }
            Piece::Word(word) => {
                if words.is_empty() {
                    begins = line;
                }
                words.push(word);
            }
            Piece::Sign(sign) => {
                if words.is_empty() {
                    begins = line;
                }
                words.push(match sign {
                    '=' => "=",
                    '.' => ".",
                    '?' => "?",
                    ':' => ":",
                    '*' => "*",
                    _ => "",
                });
            }
        }
    }
    None
}

/// What of a line's words gives Groovy away.
fn sign_of(words: &[&str]) -> Option<&'static str> {
    match words {
        ["import", "static", ..] => return Some("`import static`"),
        ["import", name, ".", ..] if *name != "''" && !words.contains(&"''") => {
            return Some("an import without quotes");
        }
        ["import" | "export", ..] => return None,
        ["def", name, "=", ..] if is_name(name) => return Some("`def`"),
        [kind, name, "=", ..] if TYPES.contains(kind) && is_name(name) => {
            return Some("a variable declared by its type");
        }
        _ => {}
    }
    let mut pairs = words.windows(2);
    let elvis = words
        .windows(2)
        .any(|pair| pair == ["?", ":"])
        .then_some("the operator `?:`");
    elvis.or_else(|| {
        pairs
            .any(|pair| matches!(pair, ["as", "Map" | "List" | "Set" | "String"]))
            .then_some("`as` with a type")
    })
}

fn is_name(word: &str) -> bool {
    word.starts_with(|sign: char| sign.is_alphabetic() || sign == '_')
}

#[cfg(test)]
mod tests {
    use super::{GroovySign, groovy_sign};

    #[test]
    fn groovy_is_told_by_its_lines() {
        let found = |text| groovy_sign(text).map(|GroovySign { line, .. }| line);
        assert_eq!(found("/*\n*/\nimport static a.b.C.d\n"), Some(3));
        assert_eq!(found("// x\nimport a.b.C\n"), Some(2));
        assert_eq!(found("String pwd = state.get(\"a\");"), Some(1));
        assert_eq!(found("\n\ndef x = 1"), Some(3));
        assert_eq!(found("x = name ?: 'nobody'"), Some(1));
        assert_eq!(found("x = state as Map"), Some(1));
    }

    #[test]
    fn javascript_is_not_taken_for_it() {
        for text in [
            "var def = 1;\ndef = 2;",
            "import a from 'b';\nimport 'c';\nimport * as Map from 'd';",
            "var x = a ? b : c; var y = a?.b;",
            "String (x)",
            "// import a.b.C\n/* def x = 1\nString y = 2 */",
            "var t = `\nimport a.b.C\n`;",
            "outcome = 'true'",
        ] {
            assert_eq!(groovy_sign(text), None, "{text}");
        }
    }
}
