//! Attacks on the compiler: too deep, too many, in circles, not what it looks like.
//!
//! Every text is compiled on a thread with a stack of 1 MiB that has to be done in time; what it comes to
//! must be a program or findings, each of them short enough to be shown.

use std::{
    fmt::Write as _,
    sync::{Arc, mpsc},
    time::Duration,
};

use wayfare::{Compiler, Source, catalogue, compile::CompileLimits};

/// How long a text may take here: far more than it needs, far less than what is exponential or square takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest finding as it is shown.
const SHOWN_BYTES_MAX: usize = 4 * 1_024;

/// What a text comes to: whether there is a program, and the findings, one line each.
#[derive(Debug)]
struct Outcome {
    program: bool,
    findings: Vec<String>,
}

impl Outcome {
    fn has(&self, code: &str) -> bool {
        let code = format!("[{code}]");
        self.findings.iter().any(|finding| finding.contains(&code))
    }
}

fn compile(what: &str, text: String) -> Outcome {
    within(what, text, CompileLimits::default())
}

/// Compiles on a small stack, in time.
fn within(what: &str, text: String, limits: CompileLimits) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let compiling = thread.spawn(move || {
        let compiler = Compiler::new(catalogue::standard()).limits(limits);
        let result = compiler.compile([Source::new("a.journey", text)]);
        let sources = Arc::clone(&result.sources);
        let findings = result
            .diagnostics
            .iter()
            .map(|finding| finding.one_line(&sources));
        let _ = sender.send(Outcome {
            program: result.program.is_some(),
            findings: findings.collect(),
        });
    });
    let outcome = receiver.recv_timeout(PATIENCE);
    let outcome = outcome.unwrap_or_else(|error| panic!("{what}: {error}"));
    compiling.expect("a thread").join().expect("it ends well");
    assert!(
        outcome.program || !outcome.findings.is_empty(),
        "{what} comes to nothing"
    );
    for finding in &outcome.findings {
        assert!(
            finding.len() <= SHOWN_BYTES_MAX,
            "{what}: {} bytes",
            finding.len()
        );
    }
    outcome
}

/// What opens and what closes, so many times.
type Nest = fn(usize) -> (String, String);

/// A journey with name and password around what is given.
fn journey(name: &str, start: &str, rest: &str) -> String {
    format!(
        "journey {name} {{\n  start {start}\n\n  node credentials: Page {{\n    node username: UsernameCollector\n    \
         node password: PasswordCollector\n    -> check\n  }}\n{rest}}}\n"
    )
}

fn check(yes: &str) -> String {
    format!("\n  node check: DataStoreDecision {{\n    true -> {yes}\n    false -> failure\n  }}\n")
}

#[test]
fn f01_nesting_of_any_depth_is_a_finding() {
    let guard = |text: String| {
        let node = format!(
            "\n  node g: Decision {{\n    when {text} -> success\n    else -> failure\n  }}\n"
        );
        journey("a", "credentials", &(check("g") + &node))
    };
    let values: [(&str, Nest); 12] = [
        ("lists", |n| ("[".repeat(n), "]".repeat(n))),
        ("records", |n| ("{ a = ".repeat(n), "}".repeat(n))),
        ("lists and records", |n| {
            ("[{ a = ".repeat(n), "}]".repeat(n))
        }),
        ("open lists", |n| ("[".repeat(n), String::new())),
        ("closed lists", |n| ("]".repeat(n), String::new())),
        ("braces", |n| ("{".repeat(n), "}".repeat(n))),
        ("parentheses", |n| ("(".repeat(n), ")".repeat(n))),
        ("signs", |n| ("-".repeat(n), "1".to_owned())),
        ("texts in texts", |n| ("\"${".repeat(n), "}\"".repeat(n))),
        ("quotes", |n| ("\"".repeat(n), String::new())),
        ("blocks of text", |n| ("\"\"\"\n".repeat(n), String::new())),
        ("calls", |n| ("len(".repeat(n), ")".repeat(n))),
    ];
    let guards: [(&str, Nest); 6] = [
        ("parentheses", |n| ("(".repeat(n) + "true", ")".repeat(n))),
        ("negations", |n| ("!".repeat(n), "true".to_owned())),
        ("negated parentheses", |n| {
            ("!(".repeat(n) + "true", ")".repeat(n))
        }),
        ("calls", |n| {
            ("len(".repeat(n) + "\"a\"", ")".repeat(n) + " == 1")
        }),
        ("lists", |n| {
            ("realm in ".to_owned() + &"[".repeat(n), "]".repeat(n))
        }),
        ("indexes", |n| ("request.headers[".repeat(n), "]".repeat(n))),
    ];
    let blocks = [
        "journey a {\n",
        "fragment a() -> b {\n",
        "node a: Page {\n",
        "node a: Page(\n",
        "on error {\n",
    ];
    // The deepest for a few only: a mebibyte takes its time to read in a build for tests.
    let deepest = ["lists", "parentheses", "negations", "open lists"];
    for depth in [100, 1_000, 10_000, 100_000, 1_000_000] {
        let tried = |what: &str| depth <= 10_000 || deepest.contains(&what);
        for (what, nest) in values.into_iter().filter(|(what, _)| tried(what)) {
            let (open, close) = nest(depth);
            let text = format!("let a = {open}{close}\n");
            let outcome = compile(&format!("{what} {depth}"), text);
            assert!(!outcome.program, "{what} {depth}");
        }
        for (what, nest) in guards.into_iter().filter(|(what, _)| tried(what)) {
            let (open, close) = nest(depth);
            let outcome = compile(&format!("guard: {what} {depth}"), guard(open + &close));
            assert!(!outcome.program || what == "negations", "{what} {depth}");
        }
        for block in blocks
            .into_iter()
            .filter(|block| depth <= 10_000 || block.starts_with("node a: Page {"))
        {
            let count = depth.min(1_000_000 / block.len());
            for close in ["", "}\n"] {
                let text = block.repeat(count) + &close.repeat(count);
                assert!(
                    !compile(&format!("{block:?} {count}"), text).program,
                    "{block:?} {count}"
                );
            }
        }
    }
    // At the limit of 64 and one past it: the braces of journey and node are the first two.
    for (depth, deep) in [(62, false), (63, true)] {
        let outcome = compile(
            "at the limit",
            guard("(".repeat(depth) + "true" + &")".repeat(depth)),
        );
        assert_eq!(
            outcome.has("too_deep"),
            deep,
            "{depth}: {:?}",
            outcome.findings
        );
        assert_eq!(outcome.program, !deep, "{depth}: {:?}", outcome.findings);
    }
}

#[test]
fn f01_fragments_within_fragments_end() {
    for depth in [10, 60, 70, 1_000] {
        let mut text = String::new();
        for n in 0..depth {
            let body = if n + 1 == depth {
                "node m: Message {\n    true -> done\n    false -> done\n  }".to_owned()
            } else {
                format!("node m: f{} {{\n    done -> done\n  }}", n + 1)
            };
            let _ = writeln!(
                text,
                "fragment f{n}() -> done {{\n  start m\n\n  {body}\n}}"
            );
        }
        let node = "\n  node m: f0 {\n    done -> success\n  }\n";
        text.push_str(&journey("a", "credentials", &(check("m") + node)));
        let outcome = compile(&format!("fragments {depth}"), text);
        assert_eq!(
            outcome.program,
            depth <= 60,
            "{depth}: {:?}",
            outcome.findings.first()
        );
        assert_eq!(outcome.has("too_deep"), depth > 64, "{depth}");
    }
}

#[test]
fn f02_long_programs_and_circles_end() {
    let chain = |length: usize| {
        let mut rest = check("n1");
        for n in 1..=length {
            let to = if n == length {
                "success".to_owned()
            } else {
                format!("n{}", n + 1)
            };
            let _ = writeln!(
                rest,
                "  node n{n}: ModifyAuthLevel(authLevelIncrement = 1) -> {to}"
            );
        }
        journey("a", "credentials", &rest)
    };
    let outcome = compile("a chain of a million", chain(1_000_000));
    assert!(
        outcome.has("file_too_large") && !outcome.program,
        "{:?}",
        outcome.findings.first()
    );
    let large = CompileLimits::default().file_bytes(64 << 20);
    let outcome = within("a chain of 12,000", chain(12_000), large);
    assert!(
        outcome.has("too_many_nodes") && !outcome.program,
        "{:?}",
        outcome.findings.first()
    );
    // The page, its two children or not, and the check are of the 10,000 as well.
    let fits = within("a chain of 9,900", chain(9_900), large);
    assert!(fits.program, "{:?}", fits.findings.first());

    // Menus of which each entry leads back; one with more entries than a menu may have.
    let mut menus = check("menu0");
    for menu in 0..1_000 {
        let _ = writeln!(
            menus,
            "\n  node menu{menu}: ChoiceCollector {{\n    prompt = \"Where to?\""
        );
        for entry in 0..20 {
            let _ = writeln!(menus, "    e{entry} -> menu{menu}");
        }
        let next = if menu == 999 {
            "success".to_owned()
        } else {
            format!("menu{}", menu + 1)
        };
        let _ = writeln!(menus, "    Leave -> {next}\n  }}");
    }
    let outcome = compile("20,000 self-loops", journey("a", "credentials", &menus));
    assert!(outcome.program, "{:?}", outcome.findings.first());
    let mut menu = String::from("\n  node menu: ChoiceCollector {\n    prompt = \"Where to?\"\n");
    for n in 0..20_000 {
        let _ = writeln!(menu, "    e{n} -> menu");
    }
    menu.push_str("    Leave -> success\n  }\n");
    let outcome = compile(
        "a long menu",
        journey("a", "credentials", &(check("menu") + &menu)),
    );
    assert!(
        outcome.has("out_of_range"),
        "{:?}",
        outcome.findings.first()
    );

    // 2^20 ways, and properties about all of them.
    let mut diamonds = check("d0");
    for n in 0..20 {
        let next = if n == 19 {
            "last".to_owned()
        } else {
            format!("d{}", n + 1)
        };
        let _ = writeln!(
            diamonds,
            "\n  node d{n}: Decision {{\n    when realm == \"/a{n}\" -> l{n}\n    else -> r{n}\n  }}\n\n  \
             node l{n}: ModifyAuthLevel(authLevelIncrement = 1) -> {next}\n\n  \
             node r{n}: ModifyAuthLevel(authLevelIncrement = 2) -> {next}"
        );
    }
    diamonds.push_str(
        "\n  node last: ModifyAuthLevel(authLevelIncrement = 1) -> success\n\n  \
         ensure every path to success passes last\n  ensure auth_level >= 21 at success\n  \
         ensure at most 1 visits of d19\n  ensure has shared.username at last\n",
    );
    let outcome = compile("20 diamonds", journey("a", "credentials", &diamonds));
    assert!(outcome.program, "{:?}", outcome.findings);
    let outcome = compile(
        "20 diamonds",
        journey("a", "credentials", &diamonds.replace(">= 21", ">= 22")),
    );
    assert!(
        outcome.has("ensure_failed") && !outcome.program,
        "{:?}",
        outcome.findings
    );
}

#[test]
fn f02_journeys_within_each_other_and_idle_loops_are_findings() {
    for length in [1, 2, 1_000] {
        let mut text = String::new();
        for n in 0..length {
            let inner = (n + 1) % length;
            let _ = writeln!(
                text,
                "journey j{n} {{\n  start x\n\n  node x: journey j{inner} {{\n    true -> success\n    false -> failure\n  }}\n}}"
            );
        }
        let outcome = compile(&format!("a circle of {length}"), text);
        assert!(
            outcome.has("recursive_journey") && !outcome.program,
            "{length}: {:?}",
            outcome.findings.first()
        );
    }
    for length in [1, 2, 1_000] {
        let mut rest = check("n0");
        for n in 0..length {
            let _ = writeln!(
                rest,
                "  node n{n}: Decision {{\n    when realm == \"/\" -> success\n    else -> n{}\n  }}",
                (n + 1) % length
            );
        }
        let outcome = compile(
            &format!("an idle loop of {length}"),
            journey("a", "credentials", &rest),
        );
        assert!(
            outcome.has("spinning_loop") && !outcome.program,
            "{length}: {:?}",
            outcome.findings.first()
        );
    }
    let mut text = String::new();
    for n in 0..1_000 {
        let _ = writeln!(text, "let a{n} = a{}", (n + 1) % 1_000);
    }
    let outcome = compile("constants in a circle", text);
    assert!(
        outcome.has("recursive_constant"),
        "{:?}",
        outcome.findings.first()
    );
}

#[test]
fn f04_texts_that_are_not_what_they_look_like_are_findings() {
    let good = journey("login", "credentials", &check("success"));
    assert!(compile("the good one", good.clone()).findings.is_empty());
    let with = |from: &str, to: &str| {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from:?}");
        changed
    };
    for (what, text, codes) in [
        (
            "a mark of direction in a comment",
            with("start", "// \u{202e} nothing\n  start"),
            &["hidden_character"][..],
        ),
        (
            "an isolate in a comment",
            with("start", "// \u{2066}x\u{2069}\n  start"),
            &["hidden_character"],
        ),
        (
            "a mark of direction in a name",
            with("credentials", "cre\u{202e}dentials"),
            &["bad_encoding", "syntax", "hidden_character"],
        ),
        (
            "an invisible blank in a name",
            with("credentials", "cre\u{200b}dentials"),
            &["bad_encoding", "syntax", "hidden_character"],
        ),
        (
            "a letter of another script",
            with("start credentials", "start cr\u{435}dentials"),
            &["bad_encoding", "syntax", "unknown_target"],
        ),
        (
            "a keyword of another script",
            with("journey", "j\u{43e}urney"),
            &["bad_encoding", "syntax"],
        ),
        (
            "full-width letters",
            with("start", "\u{ff53}tart"),
            &["bad_encoding", "syntax"],
        ),
        ("NUL", with("start", "\0start"), &["bad_encoding", "syntax"]),
        (
            "NUL in a comment",
            with("start", "// a\0b\n  start"),
            &["bad_encoding", "hidden_character"],
        ),
        (
            "a lone carriage return",
            with("start", "// nothing\r  start"),
            &["bad_encoding", "hidden_character"],
        ),
        (
            "an escape of a terminal",
            with("start", "// \u{1b}[2J\n  start"),
            &["bad_encoding", "hidden_character"],
        ),
        (
            "a mark of order within",
            with("start", "\u{feff}start"),
            &["bad_encoding", "syntax", "hidden_character"],
        ),
        (
            "a replacement character",
            with("start", "\u{fffd}start"),
            &["bad_encoding", "syntax"],
        ),
        (
            "a separator of lines",
            with("start", "// a\u{2028}  start"),
            &["bad_encoding", "hidden_character"],
        ),
    ] {
        let outcome = compile(what, text);
        assert!(!outcome.program, "{what} is taken");
        assert!(
            codes.iter().any(|code| outcome.has(code)),
            "{what}: {:?}",
            outcome.findings
        );
        // What is told of it cannot play the same trick on whoever reads it.
        for finding in &outcome.findings {
            let hidden = |c: char| {
                c.is_control()
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
            };
            assert!(!finding.contains(hidden), "{what}: {finding:?}");
        }
    }
}

#[test]
fn f04_marks_that_editors_write_are_taken_or_named() {
    let good = journey("login", "credentials", &check("success"));
    // Ends of lines of another system, and a mark of order at the very beginning, are how some editors write.
    for (what, text) in [
        (
            "ends of lines of two characters",
            good.replace('\n', "\r\n"),
        ),
        (
            "a mark of order at the beginning",
            format!("\u{feff}{good}"),
        ),
    ] {
        let outcome = compile(what, text);
        let marked = what.contains("mark of order");
        assert_eq!(outcome.program, !marked, "{what}: {:?}", outcome.findings);
        assert_eq!(
            outcome.has("bad_encoding"),
            marked,
            "{what}: {:?}",
            outcome.findings
        );
    }
}

#[test]
fn f04_lines_of_any_length_are_findings() {
    for (what, line) in [
        ("a name of a mebibyte", "a".repeat((1 << 20) - 10)),
        (
            "a text of a mebibyte",
            format!("let a = \"{}\"", "x".repeat((1 << 20) - 20)),
        ),
        (
            "an open text of a mebibyte",
            format!("let a = \"{}", "\u{fc}".repeat((1 << 19) - 20)),
        ),
        (
            "a comment of a mebibyte",
            format!("// {}", "x".repeat((1 << 20) - 20)),
        ),
        ("blanks of a mebibyte", " ".repeat((1 << 20) - 10)),
        ("arrows of a mebibyte", "-> ".repeat(300_000)),
        (
            "a type of a mebibyte",
            format!(
                "journey a {{\n  start b\n  node b: {} -> success\n}}\n",
                "T".repeat(1_000_000)
            ),
        ),
    ] {
        within(
            what,
            line + "\n",
            CompileLimits::default().file_bytes(2 << 20),
        );
    }
    // One byte more than a file may have.
    let outcome = compile("one byte more", " ".repeat((1 << 20) + 1));
    assert!(outcome.has("file_too_large"), "{:?}", outcome.findings);
}
