//! What the formatter promises: one form, nothing lost, nothing changed.

use proptest::prelude::*;
use wayfare::{Source, SourceMap, ast, format};

use crate::shape::shape;

/// Everything the language has, written carelessly.
const RICH: &str = include_str!("golden/format/careless.journey");

fn formatted(text: &str) -> String {
    match format(&Source::new("test.journey", text)) {
        Ok(done) => done,
        Err(findings) => {
            let mut sources = SourceMap::default();
            sources.add(Source::new("test.journey", text));
            let lines: Vec<String> = findings.iter().map(|d| d.one_line(&sources)).collect();
            panic!("{lines:#?}\n{text}")
        }
    }
}

fn tree(text: &str) -> ast::File {
    let mut sources = SourceMap::default();
    let source = Source::new("test.journey", text);
    let id = sources.add(source.clone());
    let parsed = wayfare::parse(&source, id);
    let lines: Vec<String> = parsed
        .diagnostics
        .iter()
        .map(|d| d.one_line(&sources))
        .collect();
    assert!(lines.is_empty(), "{lines:#?}\n{text}");
    parsed.file
}

/// The text without its trailing comment of expectations.
fn rich() -> &'static str {
    crate::golden::input(RICH)
}

/// The rich file and every example, canonical and not.
fn samples() -> Vec<String> {
    let mut all = vec![rich().to_owned(), formatted(rich())];
    all.extend(crate::syntax::samples().into_iter().map(|(_, text)| text));
    all
}

#[test]
fn the_examples_are_in_the_one_form() {
    for (name, text) in crate::syntax::samples() {
        assert_eq!(formatted(&text), text, "{name}: run `wayfare fmt`");
    }
}

#[test]
fn windows_line_ends_change_nothing() {
    for text in samples() {
        assert_eq!(formatted(&text.replace('\n', "\r\n")), formatted(&text));
    }
}

#[test]
fn a_file_with_mistakes_is_not_touched() {
    let source = Source::new("test.journey", "journey a {\n  nod b: C\n}\n");
    let findings = format(&source).unwrap_err();
    assert_eq!(findings.len(), 1);
}

#[test]
fn formatting_keeps_the_tree_and_is_done_after_one_pass() {
    for text in samples() {
        let once = formatted(&text);
        assert_eq!(shape(&tree(&once)), shape(&tree(&text)), "{once}");
        assert_eq!(formatted(&once), once);
    }
}

/// The places between two tokens of a text; the strings and comments in it are whole.
#[expect(clippy::string_slice, reason = "a test cuts its own texts")]
fn boundaries(text: &str) -> Vec<usize> {
    let mut found = vec![0];
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(inside) = rest.strip_prefix("\"\"\"") {
            inside.find("\"\"\"").unwrap() + 6
        } else if rest.starts_with('"') {
            let mut end = 1;
            while bytes[at + end] != b'"' {
                end += if bytes[at + end] == b'\\' { 2 } else { 1 };
            }
            end + 1
        } else if rest.starts_with("->") || rest.starts_with("&&") || rest.starts_with("||") {
            2
        } else {
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
                .unwrap_or(rest.len())
                .max(1)
        };
        at += length;
        found.push(at);
    }
    found
}

/// The items of a file, each a file of its own.
#[expect(clippy::string_slice, reason = "a test cuts its own texts")]
fn items(text: &str) -> Vec<&str> {
    let mut sources = SourceMap::default();
    let source = Source::new("test.journey", text);
    let id = sources.add(source.clone());
    let ends: Vec<usize> = wayfare::parse(&source, id)
        .file
        .items
        .iter()
        .map(|item| match item {
            ast::Item::Import(item) => item.span,
            ast::Item::Constant(item) => item.span,
            ast::Item::Parameter(item) => item.span,
            ast::Item::Journey(item) => item.span,
            ast::Item::Fragment(item) => item.span,
            ast::Item::Extern(item) => item.span,
            ast::Item::Policy(item) => item.span,
            ast::Item::Allow(item) => item.span,
            ast::Item::Test(item) => item.span,
            ast::Item::Guard(item) => item.span,
            ast::Item::Uncovered(item) => item.span,
        })
        .map(|span| {
            text[span.range().end..]
                .find('\n')
                .map_or(text.len(), |n| span.range().end + n + 1)
        })
        .collect();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts
        .zip(ends.iter())
        .map(|(start, end)| &text[start..*end])
        .collect()
}

/// A comment is put at every boundary, on the line and on a line of its own; wherever the language takes
/// it, it is still there after formatting, once, and formatting again changes nothing.
#[test]
fn every_comment_survives_at_every_boundary() {
    let mut taken = 0;
    let mut refused = 0;
    let tidy = formatted(rich());
    for text in items(rich()).into_iter().chain(items(&tidy)) {
        let meaning = shape(&tree(text));
        for at in boundaries(text) {
            for comment in [" // KEEP\n", "\n// KEEP\n"] {
                let (before, after) = text.split_at(at);
                let with = format!("{before}{comment}{after}");
                let source = Source::new("test.journey", with.as_str());
                let Ok(once) = format(&source) else {
                    refused += 1;
                    continue;
                };
                let once_meaning = shape(&tree(&once));
                // Inside a text block it is text.
                if once_meaning != meaning && shape(&tree(&with)) != meaning {
                    refused += 1;
                    continue;
                }
                taken += 1;
                assert_eq!(
                    once.matches("// KEEP").count(),
                    1,
                    "lost:\n{with}\n--\n{once}"
                );
                assert_eq!(once_meaning, meaning, "{with}\n--\n{once}");
                assert_eq!(formatted(&once), once, "{with}");
                let comments = |text: &str| text.matches("//").count();
                assert_eq!(comments(&once), comments(&with), "{with}\n--\n{once}");
            }
        }
    }
    println!("{taken} comments taken, {refused} places refused");
    assert!(taken > 500, "only {taken} places took a comment");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn format_is_idempotent(text in crate::shape::journeys()) {
        let once = formatted(&text);
        prop_assert_eq!(formatted(&once), once);
    }

    #[test]
    fn format_preserves_meaning(text in crate::shape::journeys()) {
        let once = formatted(&text);
        prop_assert_eq!(shape(&tree(&once)), shape(&tree(&text)));
    }
}
