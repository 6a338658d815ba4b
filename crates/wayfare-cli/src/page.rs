//! The pages of docs/diagnostics.md, one a code: what a finding means, a journey that has it, how to mend
//! it, and a journey that is fine.

use wayfare::Code;

const DOCUMENT: &str = include_str!("../../../docs/diagnostics.md");

/// The beginning of the paragraph that says how to mend.
const MEND: &str = "**Mend it:** ";

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'d> {
    /// A paragraph on what the finding means.
    Meaning(String),
    /// A journey with the finding.
    Bad(&'d str),
    /// How to mend it.
    Mend(String),
    /// A journey without a finding.
    Good(&'d str),
}

/// The page as it stands in the document, without its heading.
pub(crate) fn markdown(code: Code) -> &'static str {
    let head = format!("\n## {}\n", code.word);
    DOCUMENT.split_once(&head).map_or("", |(_, rest)| {
        rest.split("\n## ").next().unwrap_or(rest).trim()
    })
}

/// The page in its parts; the line that repeats what the table of codes says is left out.
pub(crate) fn parts(code: Code) -> Vec<Part<'static>> {
    let page = markdown(code);
    let mut rest = page.split_once("\n\n").map_or("", |(_, rest)| rest);
    let mut parts = Vec::new();
    // BOUND: every round takes a paragraph or a block off the rest.
    while !rest.is_empty() {
        let fenced = rest
            .strip_prefix("```")
            .and_then(|block| block.split_once('\n'));
        if let Some((info, block)) = fenced {
            let (text, after) = block.split_once("\n```").unwrap_or((block, ""));
            parts.push(if info.ends_with(",bad") {
                Part::Bad(text)
            } else {
                Part::Good(text)
            });
            rest = after;
        } else {
            let (text, after) = rest.split_once("\n\n").unwrap_or((rest, ""));
            let text = text.replace('\n', " ");
            parts.push(match text.strip_prefix(MEND) {
                Some(mend) => Part::Mend(mend.to_owned()),
                None => Part::Meaning(text),
            });
            rest = after;
        }
        rest = rest.trim_start();
    }
    parts
}

/// Markdown as it is read on a terminal: links are their text, what is quoted stays quoted.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    // BOUND: every round takes a link off the rest.
    while let Some((before, link)) = rest.split_once('[') {
        let parted = link.split_once("](").and_then(|(shown, target)| {
            let (_, after) = target.split_once(')')?;
            (!shown.contains(']')).then_some((shown, after))
        });
        plain.push_str(before);
        rest = if let Some((shown, after)) = parted {
            plain.push_str(shown);
            after
        } else {
            plain.push('[');
            link
        };
    }
    plain.push_str(rest);
    plain.replace("**", "")
}

/// The text in lines of at most this many characters, broken at blanks outside of backquotes.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    for word in words(text) {
        let length = word.chars().count();
        if column > 0 {
            let fits = column + 1 + length <= width;
            wrapped.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

/// The words of a text; what stands in backquotes is one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let parts = text.split(move |c: char| {
        quoted ^= c == '`';
        c == ' ' && !quoted
    });
    parts.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use wayfare::codes;

    use super::{Part, parts, plain, wrap};

    #[test]
    fn a_page_has_its_parts() {
        let page = parts(codes::UNWIRED_OUTCOME);
        assert!(matches!(page.first(), Some(Part::Meaning(_))), "{page:?}");
        let bad = |p: &Part<'_>| matches!(p, Part::Bad(text) if text.starts_with("journey "));
        let good = |p: &Part<'_>| matches!(p, Part::Good(text) if text.ends_with('}'));
        assert_eq!(page.iter().filter(|p| bad(p)).count(), 1);
        assert_eq!(page.iter().filter(|p| good(p)).count(), 1);
        assert!(page.iter().any(|p| matches!(p, Part::Mend(_))));
    }

    #[test]
    fn links_are_their_text() {
        let text = "See [`naming`](#naming) and `[GET]`, **or** [x](y.md).";
        assert_eq!(plain(text), "See `naming` and `[GET]`, or x.");
        assert_eq!(plain("a [b"), "a [b");
    }

    #[test]
    fn lines_break_outside_of_backquotes() {
        assert_eq!(wrap("aa `bb cc` dd", 6), "aa\n`bb cc`\ndd");
        assert_eq!(wrap("aa bb", 5), "aa bb");
        assert_eq!(wrap("aa bb", 4), "aa\nbb");
        assert_eq!(wrap("", 4), "");
    }
}
