//! Hostile texts, in a process of their own: the bound on the parser's work is one for the process, and no
//! other text may meet it.

use wayfare::{Source, SourceMap, syntax::parse};

/// Texts that try to exhaust a reader: every bracket in every place where one may stand, floods of
/// openers, closers, quotes, operators and lines.
#[expect(clippy::too_many_lines, reason = "it is a list")]
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

/// No time is measured here: what a text may cost is bounded by the count of the parser's calls, which is
/// the same on every machine. The bound is one for the process, which is why this test has one to itself.
#[test]
fn hostile_texts_end_on_a_small_stack_with_linear_work() {
    const SIZE: usize = 20_000;
    const CALLS_A_BYTE: usize = 400;
    pest::set_call_limit(std::num::NonZeroUsize::new(SIZE * CALLS_A_BYTE));
    for size in [100, SIZE] {
        for (what, text) in hostile(size) {
            let read = std::thread::Builder::new()
                .stack_size(256 * 1024)
                .spawn(move || {
                    let mut sources = SourceMap::default();
                    let source = Source::new("hostile.journey", text);
                    let id = sources.add(source.clone());
                    let parsed = parse(&source, id);
                    parsed
                        .diagnostics
                        .iter()
                        .all(|d| !d.message.contains("not understood from here on"))
                });
            let is_whole = read.unwrap().join().unwrap();
            assert!(
                is_whole,
                "{what} of {size} costs more than {CALLS_A_BYTE} calls a byte"
            );
        }
    }
    pest::set_call_limit(None);
}
