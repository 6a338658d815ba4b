//! The pages of docs/diagnostics.md: each code has one, its bad journey has this finding and no other, its
//! good journey has none.
//!
//! A line that is a comment with the path of a journey file begins a file in a block; files below `lib`
//! are there to be imported. What no text can show is made by a function of [`MADE`].

use std::{collections::BTreeSet, fmt::Write as _};

use wayfare::{Code, Compiled, Compiler, MemoryImporter, Registry, Source, codes};

use crate::documents::{blocks, read};

/// The journeys of a code that no text on a page can show.
struct Made {
    code: Code,
    because: &'static str,
    /// The files, with the finding or without it.
    files: fn(bad: bool) -> Vec<Source>,
}

const MADE: [Made; 4] = [
    Made {
        code: codes::FILE_TOO_LARGE,
        because: "a mebibyte is too long for a page",
        files: |bad| {
            vec![Source::new(
                "a.journey",
                comment(1_024 * 1_024 + usize::from(bad)),
            )]
        },
    },
    Made {
        code: codes::TOO_MANY_FILES,
        because: "ten thousand files are too many for a page",
        files: |bad| {
            let names = (0..10_000 + usize::from(bad)).map(|n| format!("{n}.journey"));
            names.map(|name| Source::new(name, "")).collect()
        },
    },
    Made {
        code: codes::HIDDEN_CHARACTER,
        because: "a page hides nothing from who reads it",
        files: |bad| {
            let text = if bad { "// a \u{202e}b\n" } else { "// a b\n" };
            vec![Source::new("a.journey", text)]
        },
    },
    Made {
        code: codes::TOO_MANY_NODES,
        because: "ten thousand nodes are too many for a page",
        files: |bad| vec![Source::new("a.journey", doubling(if bad { 14 } else { 9 }))],
    },
];

/// The one code that `wayfare test` says, of a program that compiles; tests of the command line play its page.
const PLAYED: Code = codes::TEST_FAILED;

/// What is said of the settings of a server: tests of the server play these pages.
fn is_of_settings(code: Code) -> bool {
    let mut passes = codes::PASSES.iter();
    passes.any(|pass| pass.name == "bindings" && pass.codes.contains(&code))
}

/// A comment of this many bytes.
fn comment(bytes: usize) -> String {
    format!("//{}\n", "-".repeat(bytes - 3))
}

/// A journey of a fragment of a fragment, each of which has the one below it twice: 2 to this power of
/// nodes come from them.
fn doubling(power: usize) -> String {
    let mut text = String::from(
        "fragment f0() -> done {\n  start a\n  node a: Message {\n    true | false -> done\n  }\n}\n",
    );
    for n in 1..=power {
        let below = n - 1;
        let _ = write!(
            text,
            "fragment f{n}() -> done {{\n  start a\n  node a: f{below} {{\n    done -> b\n  }}\n  \
             node b: f{below} {{\n    done -> done\n  }}\n}}\n"
        );
    }
    text + &format!(
        "journey login {{\n  start name\n  node name: UsernameCollector -> password\n  \
         node password: PasswordCollector -> check\n  node check: DataStoreDecision {{\n    \
         true -> steps\n    false -> failure\n  }}\n  node steps: f{power} {{\n    done -> success\n  }}\n}}\n"
    )
}

/// The files of a block.
pub(crate) fn sources(block: &str) -> Vec<Source> {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in block.lines() {
        let path = line
            .strip_prefix("// ")
            .filter(|path| path.ends_with(".journey") && !path.contains(' '));
        match (path, files.last_mut()) {
            (Some(path), _) => files.push((path, String::new())),
            (None, Some((_, text))) => {
                let _ = writeln!(text, "{line}");
            }
            (None, None) => files.push(("block.journey", format!("{line}\n"))),
        }
    }
    let trimmed = files
        .into_iter()
        .map(|(path, text)| Source::new(path, format!("{}\n", text.trim_end())));
    trimmed.collect()
}

/// Compiles files; those below `lib`, and the fragments of the examples, can be imported.
pub(crate) fn compile(files: &[Source]) -> Compiled {
    let (library, program): (Vec<Source>, Vec<Source>) = files
        .iter()
        .cloned()
        .partition(|file| file.name().starts_with("lib/"));
    let otp = Source::new("lib/otp.journey", read("journeys/lib/otp.journey"));
    let importer = MemoryImporter::new([otp].into_iter().chain(library));
    Compiler::new(Registry::standard().catalog())
        .importer(&importer)
        .scripts(&crate::told::Lines)
        .compile(program)
}

/// Every finding, one a line; an exception that a text makes and gives a reason for is what it says it is.
pub(crate) fn lines(compiled: &Compiled) -> Vec<String> {
    let findings = compiled.diagnostics.iter().filter(|d| d.allowed.is_none());
    findings.map(|d| d.one_line(&compiled.sources)).collect()
}

/// The codes of the findings.
fn found(compiled: &Compiled) -> BTreeSet<&'static str> {
    let findings = compiled.diagnostics.iter().filter(|d| d.allowed.is_none());
    findings.map(|d| d.code.word).collect()
}

fn assert_bad(code: Code, files: &[Source]) {
    let compiled = compile(files);
    let expected: BTreeSet<&str> = [code.word].into_iter().filter(|_| code != PLAYED).collect();
    assert_eq!(
        found(&compiled),
        expected,
        "{code}: {:#?}",
        lines(&compiled)
    );
}

fn assert_good(code: Code, files: &[Source]) {
    let said = lines(&compile(files));
    assert!(said.is_empty(), "{code}: {said:#?}");
}

/// The pages, by the words of their headings.
fn pages(text: &str) -> Vec<(&str, &str)> {
    let pages = text.split("\n## ").skip(1);
    pages.filter_map(|page| page.split_once('\n')).collect()
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let text = read("docs/diagnostics.md");
    let pages = pages(&text);
    let headings: Vec<&str> = pages.iter().map(|(word, _)| *word).collect();
    let words: Vec<&str> = codes::ALL.iter().map(|code| code.word).collect();
    assert_eq!(
        headings, words,
        "docs/diagnostics.md has the codes of src/codes.rs, in their order"
    );
    for (code, (_, page)) in codes::ALL.iter().zip(pages) {
        let can = if code.allowable { "can" } else { "cannot" };
        let head = format!(
            "\n*{}, {can} be allowed.* {}.\n\n",
            code.severity, code.summary
        );
        let meaning = page.strip_prefix(&head);
        let meaning = meaning.unwrap_or_else(|| panic!("the page of `{code}` begins with {head}"));
        let is_prose = meaning.starts_with(|c: char| c.is_ascii_uppercase() || c == '`');
        assert!(is_prose, "the page of `{code}` says what it means");
        assert_eq!(page.matches("\n**Mend it:** ").count(), 1, "{code}");
    }
}

#[test]
fn bad_journeys_have_their_finding_and_good_ones_none() {
    let text = read("docs/diagnostics.md");
    for (word, page) in pages(&text) {
        let code = codes::find(word).unwrap_or_else(|| panic!("{word} is no code"));
        if is_of_settings(code) {
            continue;
        }
        let (bad, good) = (blocks(page, "journey,bad"), blocks(page, "journey"));
        if let Some(made) = MADE.iter().find(|made| made.code == code) {
            assert!(
                bad.is_empty() && good.is_empty(),
                "{code}: {}",
                made.because
            );
            assert_bad(code, &(made.files)(true));
            assert_good(code, &(made.files)(false));
            continue;
        }
        let ([(_, bad)], [(_, good)]) = (bad.as_slice(), good.as_slice()) else {
            panic!("the page of `{code}` has one bad journey and one good one");
        };
        assert_bad(code, &sources(bad));
        assert_good(code, &sources(good));
        assert!(
            page.find("```journey,bad") < page.find("\n**Mend it:** "),
            "{code}"
        );
        assert!(
            page.find("\n**Mend it:** ") < page.find("```journey\n"),
            "{code}"
        );
    }
}

#[test]
fn what_can_be_allowed_is_allowed_by_a_line() {
    let text = read("docs/diagnostics.md");
    for (word, page) in pages(&text) {
        let code = codes::find(word).unwrap_or_else(|| panic!("{word} is no code"));
        let blocks = blocks(page, "journey,bad");
        let Some((_, bad)) = blocks.first().filter(|_| code != PLAYED) else {
            continue;
        };
        // Behind the imports, at the level of a file.
        let mut files = sources(bad);
        let Some(first) = files.first_mut() else {
            continue;
        };
        let line = format!("allow {code} because \"a test\"\n");
        *first = Source::new(first.name(), format!("{}\n{line}", first.text()));
        let compiled = compile(&files);
        let refused = found(&compiled).contains(codes::UNKNOWN_CODE.word);
        let silenced = !found(&compiled).contains(code.word);
        if code.allowable {
            // A success without proof is allowed for one arrow, at its node.
            let is_at_a_node = code == codes::UNPROVED_SUCCESS;
            assert_eq!(silenced, !is_at_a_node, "{code}: {:#?}", lines(&compiled));
            assert!(!refused, "{code}: {:#?}", lines(&compiled));
        } else {
            assert!(!silenced, "{code}: {:#?}", lines(&compiled));
        }
    }
}
