//! What the reader of journeys promises, whatever the text.

use proptest::prelude::*;
use wayfare::{
    Source, SourceId, SourceMap, codes,
    syntax::{Parsed, SourceLimits, parse, parse_within},
};

/// The text read, and its findings in one line each.
fn read(name: &str, text: &str) -> (Parsed, Vec<String>) {
    let mut sources = SourceMap::default();
    let source = Source::new(name, text);
    let id: SourceId = sources.add(source.clone());
    let parsed = parse(&source, id);
    let lines = parsed
        .diagnostics
        .iter()
        .map(|d| d.one_line(&sources))
        .collect();
    (parsed, lines)
}

/// The journeys that people copy, by name.
#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
pub(crate) fn samples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["journeys", "journeys/lib", "journeys/capture"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "journey") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() >= 10, "only {} samples", found.len());
    found
}

#[test]
fn the_examples_read_without_findings() {
    for (name, text) in samples() {
        let (parsed, findings) = read(&name, &text);
        assert!(findings.is_empty(), "{findings:#?}");
        assert!(!parsed.file.items.is_empty(), "{name} is empty");
    }
}

#[test]
fn the_blocks_of_the_language_document_read_without_findings() {
    let document = include_str!("../docs/language.md");
    let mut blocks = 0;
    for block in document.split("```journey\n").skip(1) {
        let text = block.split("```").next().unwrap();
        let (_, findings) = read("docs/language.md", text);
        assert!(findings.is_empty(), "{findings:#?}\n{text}");
        blocks += 1;
    }
    assert!(blocks >= 8, "only {blocks} blocks");
}

/// Runs on a thread with a small stack, as a server's may be.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    on_a_stack_of(256 * 1024, work);
}

fn on_a_stack_of(bytes: usize, work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(bytes)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn a_million_of_every_bracket_ends_on_a_small_stack() {
    for bracket in ["(", "[", "{", ")", "]", "}", "([{", "{\n", "a = [\n", "f("] {
        let text = bracket.repeat(1_000_000 / bracket.len());
        on_a_small_stack(move || {
            let (parsed, findings) = read("hostile.journey", &text);
            assert!(!findings.is_empty());
            drop(parsed);
        });
    }
}

/// Sixty-four levels of everything that nests are read on a small stack, and one more is refused.
#[test]
fn the_depth_that_is_allowed_is_read_on_a_small_stack() {
    let nests: [(&str, &str, &str, &str, &str, usize); 6] = [
        ("let a = ", "[", "1", "]", "\n", 0),
        ("let a = ", "{a=", "1", "}", "\n", 0),
        ("param a: ", "[", "Int", "]", "\n", 0),
        (
            "journey a {\nnode b: D {\nwhen ",
            "(",
            "a",
            ")",
            " -> c\n}\n}\n",
            2,
        ),
        (
            "journey a {\nnode b: D {\nwhen ",
            "f(",
            "a",
            ")",
            " -> c\n}\n}\n",
            2,
        ),
        ("journey a {\n", "node b: D {\n", "-> c\n", "}\n", "}\n", 1),
    ];
    for (head, open, middle, close, tail, outer) in nests {
        for (depth, is_fine) in [(64, true), (65, false)] {
            let times = depth - outer;
            let text = format!(
                "{head}{}{middle}{}{tail}",
                open.repeat(times),
                close.repeat(times)
            );
            let again = text.clone();
            on_a_small_stack(move || {
                let (parsed, findings) = read("deep.journey", &text);
                assert_eq!(findings.is_empty(), is_fine, "{findings:#?}\n{text}");
                assert!(is_fine || findings[0].contains("too_deep"), "{findings:#?}");
                drop(parsed);
            });
            on_a_stack_of(1024 * 1024, move || {
                let source = Source::new("deep.journey", again.as_str());
                assert_eq!(wayfare::format(&source).is_ok(), is_fine);
            });
        }
    }
}

#[test]
fn the_size_is_capped_by_a_setting() {
    let mut sources = SourceMap::default();
    let source = Source::new("a.journey", "let a = 1\n");
    let id = sources.add(source.clone());
    let limits = SourceLimits::default();
    assert_eq!((limits.bytes_max, limits.depth_max), (1024 * 1024, 64));
    let size = source.text().len();
    assert!(
        parse_within(&source, id, limits.bytes_max(size))
            .diagnostics
            .is_empty()
    );
    let refused = parse_within(&source, id, limits.bytes_max(size - 1));
    assert_eq!(
        refused.diagnostics.iter().next().unwrap().code,
        codes::FILE_TOO_LARGE
    );
    assert!(refused.file.items.is_empty());

    let full = format!("//{}\n", "x".repeat(1024 * 1024 - 3));
    assert!(read("a.journey", &full).1.is_empty());
    assert_eq!(read("a.journey", &format!("{full}\n")).1.len(), 1);
}

#[test]
fn the_depth_is_capped_by_a_setting() {
    let mut sources = SourceMap::default();
    let source = Source::new("a.journey", "let a = [[1]]\n");
    let id = sources.add(source.clone());
    let limits = SourceLimits::default();
    assert!(
        parse_within(&source, id, limits.depth_max(2))
            .diagnostics
            .is_empty()
    );
    let refused = parse_within(&source, id, limits.depth_max(1));
    assert_eq!(
        refused.diagnostics.iter().next().unwrap().code,
        codes::TOO_DEEP
    );
}

/// What every result must be, whatever the text.
fn check_findings(text: &str) {
    let mut sources = SourceMap::default();
    let source = Source::new("any.journey", text);
    let id = sources.add(source.clone());
    let parsed = parse(&source, id);
    for finding in &parsed.diagnostics {
        let mut spans = vec![finding.span];
        spans.extend(finding.labels.iter().map(|l| l.span));
        spans.extend(finding.fix.as_ref().map(|f| f.span));
        for span in spans {
            assert!(text.get(span.range()).is_some(), "{finding:?}\n{text}");
        }
        let size = finding.message.len() + finding.expected.len();
        assert!(size < 1_000, "{finding:?}");
    }
    let lines = text.matches('\n').count()
        + text.matches('"').count()
        + text.matches(['{', '}', ';', '\\', '$', '=', '-']).count()
        + text.split_whitespace().count()
        + text
            .chars()
            .filter(|c| !c.is_ascii() || c.is_control())
            .count()
        + 2;
    assert!(
        parsed.diagnostics.len() <= lines,
        "{} findings\n{text}",
        parsed.diagnostics.len()
    );
}

/// A piece of a journey, for texts that are almost right.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "journey a {\n", "node b: C", "node b: C {\n", "}\n", "}", "{", "->", "-> c\n", "true -> c\n", "when ",
            "else -> c\n", "has a.b", "&&", "||", "!", "(", ")", "[", "]", "= 5m\n", "x = ", "\"", "\"text\"", "\"\"\"",
            "\\", "${a", "//", "/// doc\n", "//! file\n", "\n", "\r\n", "\r", ";", ",", "|", "1h30m", "1m1h", "0x1",
            "import \"a\"\n", "let a = 1\n", "param p: [Int]\n", "fragment f(a: Int) -> x {\n", "start b\n", "ensure ",
            "every path to success passes b", "extern X \"Y\" -> * {\n", "proves nothing\n", "test \"a\" {\n", "\u{202e}",
            "\u{feff}", "\0", "é", "→", "on error -> c\n", "allow a because \"b\"\n", "nod b: C\n", "=>", "@2", "as x",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn parse_never_panics(text in any::<String>()) {
        check_findings(&text);
    }

    #[test]
    fn diagnostics_point_inside_the_source(pieces in prop::collection::vec(piece(), 0..24)) {
        check_findings(&pieces.concat());
    }

    /// A good file with a piece cut out, put in or said twice.
    #[test]
    fn mutated_journeys_never_panic(
        text in crate::shape::journeys(),
        at in any::<prop::sample::Index>(),
        length in 0..20_usize,
        with in piece(),
    ) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        if !places.is_empty() {
            let first = at.index(places.len());
            let start = places[first];
            let end = places.get(first + length).copied().unwrap_or(text.len());
            let mut mutated = text;
            mutated.replace_range(start..end, &with);
            check_findings(&mutated);
        }
    }
}
