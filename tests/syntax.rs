//! What the reader of journeys promises, whatever the text.

use wayfare::{
    Source, SourceId, SourceMap,
    syntax::{Parsed, parse},
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
pub fn samples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["journeys", "journeys/lib"] {
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

/// Texts that try to exhaust a reader: every bracket in every place where one may stand, floods of
/// openers, closers, quotes, operators and lines.
fn hostile(size: usize) -> Vec<(&'static str, String)> {
    let nest = |head: &str, open: &str, middle: &str, close: &str, tail: &str| {
        let times = size / (open.len() + close.len()).max(1);
        format!(
            "{head}{}{middle}{}{tail}",
            open.repeat(times),
            close.repeat(times)
        )
    };
    let flood = |unit: &str| unit.repeat(size / unit.len());
    vec![
        ("nested lists", nest("let a = ", "[", "1", "]", "\n")),
        ("nested records", nest("let a = ", "{a=", "1", "}", "\n")),
        (
            "nested list types",
            nest("param a: ", "[", "Int", "]", "\n"),
        ),
        ("nested map types", nest("param a: ", "{", "Int", "}", "\n")),
        (
            "nested groups",
            nest(
                "journey a {\nnode b: D {\nwhen ",
                "(",
                "a",
                ")",
                " -> c\n}\n}\n",
            ),
        ),
        (
            "nested calls",
            nest(
                "journey a {\nnode b: D {\nwhen ",
                "f(",
                "a",
                ")",
                " -> c\n}\n}\n",
            ),
        ),
        (
            "nested negations",
            nest(
                "journey a {\nnode b: D {\nwhen ",
                "!(has ",
                "a",
                ")",
                " -> c\n}\n}\n",
            ),
        ),
        (
            "nested nodes",
            nest("journey a {\n", "node b: D {\n", "", "}\n", "}\n"),
        ),
        ("nested stray blocks", nest("", "x y {\n", "", "}\n", "")),
        (
            "nested later blocks",
            nest("test \"a\" ", "{", "", "}", "\n"),
        ),
        (
            "nested later blocks in a string",
            nest("test \"a\" \"", "{", "", "}", "\n"),
        ),
        ("open parentheses", flood("(")),
        ("open squares", flood("[")),
        ("open braces", flood("{")),
        ("open braces on lines", flood("{\n")),
        ("closed parentheses", flood(")")),
        ("closed squares", flood("]")),
        ("closed braces", flood("}")),
        ("closed braces on lines", flood("}\n")),
        ("crossed brackets", flood("([{)]}")),
        ("crossed brackets on lines", flood("(\n[\n}\n)\n")),
        ("quotes", flood("\"")),
        ("quotes on lines", flood("\"\n")),
        ("strings that do not end", flood("a = \"${b[\"${c[\"\n")),
        (
            "a string that does not end",
            format!("let a = \"{}", flood("x")),
        ),
        ("text block quotes", flood("\"\"\"")),
        ("open text blocks", flood("let a = \"\"\"\n")),
        ("inserts", format!("let a = \"{}\"", flood("${a[\"b\"]}"))),
        ("half inserts", format!("let a = \"{}\"", flood("${a["))),
        ("escapes", format!("let a = \"{}\"", flood("\\q"))),
        (
            "negations",
            format!(
                "journey a {{\nnode b: D {{\nwhen {}a -> c\n}}\n}}\n",
                flood("!")
            ),
        ),
        (
            "a long sum",
            format!(
                "journey a {{\nnode b: D {{\nwhen {}a -> c\n}}\n}}\n",
                flood("a + ")
            ),
        ),
        (
            "a long choice",
            format!(
                "journey a {{\nnode b: D {{\nwhen {}a -> c\n}}\n}}\n",
                flood("a || ")
            ),
        ),
        (
            "long comparisons",
            format!(
                "journey a {{\nnode b: D {{\nwhen {}a -> c\n}}\n}}\n",
                flood("a < ")
            ),
        ),
        ("a long path", format!("let a = {}a\n", flood("a."))),
        ("a long word", flood("a")),
        (
            "a long line",
            format!("journey a {{\n{}\n}}\n", flood("a b ")),
        ),
        (
            "many outcomes",
            format!(
                "journey a {{\nnode b: D {{\n{}c -> d\n}}\n}}\n",
                flood("a | ")
            ),
        ),
        (
            "many outcomes without an arrow",
            format!("journey a {{\nnode b: D {{\n{}c\n}}\n}}\n", flood("a | ")),
        ),
        (
            "many arrows on a line",
            format!("journey a {{\nnode b: D {{\n{}\n}}\n}}\n", flood("a -> b ")),
        ),
        ("bad lines", flood("nod\n")),
        (
            "bad nodes",
            format!("journey a {{\n{}}}\n", flood("nod b: D {\ntrue => c\n}\n")),
        ),
        ("open journeys", flood("journey a {\n")),
        (
            "open nodes",
            format!("journey a {{\n{}", flood("node b: D(\n")),
        ),
        (
            "open lists in settings",
            format!("journey a {{\n{}", flood("x = [1,\n")),
        ),
        ("semicolons", flood("start a;\n")),
        ("newlines", flood("\n")),
        ("carriage returns", flood("\r")),
        ("blanks", flood(" ")),
        ("tabs before a word", format!("{}x", flood("\t"))),
        ("comments", flood("// a\n")),
        ("docs without an item", flood("/// a\n")),
        ("docs of many items", flood("/// a\nlet a = 1\n")),
        ("slashes", flood("/")),
        ("zeros", format!("let a = {}\n", flood("0"))),
        ("digits and units", format!("let a = {}\n", flood("1m"))),
        ("points", format!("let a = {}\n", flood("1."))),
        ("nulls", flood("\0")),
        ("marks of direction", flood("\u{202e}")),
        ("letters of other scripts", flood("я")),
        ("arrows", flood("->")),
        ("commas", format!("let a = [{}]\n", flood(","))),
        ("bars", flood("|")),
    ]
}

/// Runs on a thread with a small stack, as a server's may be.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn hostile_texts_end_on_a_small_stack() {
    for size in [100, 1_000, 10_000, 100_000] {
        for (what, text) in hostile(size) {
            on_a_small_stack(move || {
                println!("{what} of {size}");
                let before = std::time::Instant::now();
                let (parsed, _) = read("hostile.journey", &text);
                println!(
                    "   {:?} {} {:?}",
                    before.elapsed(),
                    parsed.diagnostics.len(),
                    parsed.diagnostics.iter().next().map(|d| d.message.clone())
                );
                drop(parsed);
            });
        }
    }
}
