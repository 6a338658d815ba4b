//! Golden files: the text, and what the compiler says of it as a comment at the end.
//!
//! A file may hold several sources, each after a line `//--- name`. Those under `lib/` come by import
//! only. `UPDATE=1` writes what the compiler says now.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use wayfare::{Compiled, Compiler, Diagnostic, MemoryImporter, Source, codes};

/// The folders whose files are ours.
const FOLDERS: &[&str] = &[
    "names",
    "values",
    "exprs",
    "wiring",
    "fragments",
    "imports",
    "extern",
    "ensure-places",
    "policies",
    "tests",
    "many",
];

struct Case {
    path: PathBuf,
    body: String,
    expected: String,
}

/// Texts by name, in the order they stand in the file.
type Texts = Vec<(String, String)>;

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut found = Vec::new();
    for folder in FOLDERS {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let (body, expected) = match text.find("\n// findings") {
                Some(at) => {
                    let (body, expected) = text.split_at(at + 1);
                    (body.to_owned(), expected.to_owned())
                }
                None => (text, String::new()),
            };
            found.push(Case {
                path,
                body,
                expected,
            });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() >= 40, "only {} golden files", found.len());
    found
}

fn texts(body: &str) -> Texts {
    if !body.starts_with("//--- ") {
        return vec![("main.journey".to_owned(), body.to_owned())];
    }
    let mut made = Texts::new();
    for part in body.split("//--- ").skip(1) {
        let (name, text) = part.split_once('\n').unwrap();
        made.push((name.trim().to_owned(), text.to_owned()));
    }
    made
}

fn compile(texts: &Texts) -> Compiled {
    let source = |(name, text): &(String, String)| Source::new(&**name, &**text);
    let importer = MemoryImporter::new(texts.iter().map(source));
    let is_root =
        |(name, _): &&(String, String)| !name.starts_with("lib/") && name.ends_with(".journey");
    Compiler::new(wayfare::catalogue::standard())
        .importer(&importer)
        .compile(texts.iter().filter(is_root).map(source))
}

fn is_proof(finding: &Diagnostic) -> bool {
    let ours = [codes::NAMING, codes::UNUSED];
    finding.code.allowable && !ours.contains(&finding.code)
}

fn render(compiled: &Compiled) -> String {
    let mut lines = vec!["// findings".to_owned()];
    for finding in &compiled.diagnostics {
        let at = compiled.sources.locate(finding.span);
        let name = compiled.sources.get(finding.span.source).unwrap().name();
        // What the proofs say is golden elsewhere; here it matters that they say it.
        let said = if is_proof(finding) {
            "…"
        } else {
            &finding.message
        };
        lines.push(format!("// {}[{}]: {said}", finding.severity, finding.code));
        lines.push(format!("//   --> {name}:{}:{}", at.line, at.column));
        if let Some(reason) = &finding.allowed {
            lines.push(format!("//   allowed: {reason}"));
        }
        if is_proof(finding) {
            continue;
        }
        if !finding.expected.is_empty() {
            lines.push(format!("//   expected: {}", finding.expected));
        }
        for label in &finding.labels {
            let at = compiled.sources.locate(label.span);
            lines.push(format!("//   {}:{}: {}", at.line, at.column, label.text));
        }
        for note in &finding.notes {
            lines.push(format!("//   note: {note}"));
        }
        if let Some(help) = &finding.help {
            lines.push(format!("//   help: {help}"));
        }
        if let Some(fix) = &finding.fix {
            lines.push(format!("//   fix: {}", fix.title));
        }
    }
    if compiled.diagnostics.is_empty() {
        lines.push("// none".to_owned());
    }
    lines.join("\n") + "\n"
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test writes its own files")]
fn golden_files_say_what_the_compiler_says() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let said = render(&compile(&texts(&case.body)));
        if said == case.expected {
            continue;
        }
        if update {
            std::fs::write(&case.path, format!("{}{said}", case.body)).unwrap();
        } else {
            wrong.push(format!("{}\n{said}", case.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn findings_point_inside_their_source_and_follow_the_rules_of_messages() {
    for case in cases() {
        let compiled = compile(&texts(&case.body));
        for finding in &compiled.diagnostics {
            let text = compiled.sources.get(finding.span.source).unwrap().text();
            assert!(text.get(finding.span.range()).is_some(), "{finding:?}");
            let message = &finding.message;
            assert!(
                !message.contains('\n') && !message.ends_with('.'),
                "{message}"
            );
            let first = message.chars().next().unwrap();
            assert!(!first.is_uppercase(), "{message}");
            assert!(message.len() < 400, "{message}");
            assert!(
                is_proof(finding) || !finding.expected.is_empty(),
                "nothing expected: {message}"
            );
        }
        assert_eq!(
            compiled.program.is_some(),
            !compiled.diagnostics.has_errors(),
            "{}",
            case.path.display()
        );
    }
}

/// What a finding is, wherever it stands.
fn identity(finding: &Diagnostic) -> (String, String) {
    (finding.code.word.to_owned(), finding.message.to_string())
}

#[test]
fn every_fix_removes_its_finding_and_adds_none() {
    let mut count = 0;
    for case in cases() {
        let sources = texts(&case.body);
        let compiled = compile(&sources);
        let before: Vec<_> = compiled.diagnostics.iter().map(identity).collect();
        for finding in &compiled.diagnostics {
            let Some(fix) = &finding.fix else { continue };
            count += 1;
            let name = compiled.sources.get(fix.span.source).unwrap().name();
            let mut fixed = sources.clone();
            let (_, text) = fixed.iter_mut().find(|(n, _)| n == name).unwrap();
            text.replace_range(fix.span.range(), &fix.replacement);
            let mut left = before.clone();
            let at = left.iter().position(|i| *i == identity(finding)).unwrap();
            left.remove(at);
            let mut after: Vec<_> = compile(&fixed).diagnostics.iter().map(identity).collect();
            left.sort();
            after.sort();
            assert_eq!(left, after, "{}: {}", case.path.display(), fix.title);
        }
    }
    println!("{count} fixes applied");
    assert!(count >= 25, "only {count} fixes");
}

#[test]
fn every_code_of_the_compiler_has_a_golden_file() {
    let ours: BTreeSet<&str> = [
        codes::DUPLICATE_NAME,
        codes::BAD_WIRE_NAME,
        codes::COLON_IN_WIRE_NAME,
        codes::UNKNOWN_IMPORT,
        codes::IMPORT_CYCLE,
        codes::IMPORT_OUTSIDE,
        codes::IMPORTED_JOURNEY,
        codes::UNKNOWN_NAME,
        codes::UNKNOWN_TARGET,
        codes::UNKNOWN_JOURNEY,
        codes::UNKNOWN_TYPE,
        codes::KNOWN_TYPE,
        codes::RECURSIVE_FRAGMENT,
        codes::RECURSIVE_JOURNEY,
        codes::RECURSIVE_CONSTANT,
        codes::TOO_MANY_NODES,
        codes::MISSING_START,
        codes::MISSING_PARAMETER,
        codes::NAMING,
        codes::UNUSED,
        codes::UNKNOWN_SETTING,
        codes::MISSING_SETTING,
        codes::WRONG_TYPE,
        codes::WRONG_UNIT,
        codes::OUT_OF_RANGE,
        codes::CONTRADICTING_SETTINGS,
        codes::SECRET_LITERAL,
        codes::SECRET_IN_TEXT,
        codes::BAD_RESOURCE,
        codes::UNKNOWN_SUBJECT,
        codes::UNKNOWN_REQUIREMENT,
        codes::NOT_STARTABLE,
        codes::UNGUARDED_KEY,
        codes::UNKNOWN_FUNCTION,
        codes::UNKNOWN_PATH,
        codes::BAD_PATTERN,
        codes::UNWIRED_OUTCOME,
        codes::UNKNOWN_OUTCOME,
        codes::DUPLICATE_OUTCOME,
        codes::AMBIGUOUS_ARROW,
        codes::MISSING_ELSE,
        codes::MISPLACED,
        codes::BAD_PAGE,
        codes::BAD_EXIT,
        codes::UNKNOWN_PLACE,
        codes::UNKNOWN_CODE,
        codes::UNUSED_ALLOW,
    ]
    .iter()
    .map(|code| code.word)
    .collect();
    let mut raised: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases() {
        for finding in &compile(&texts(&case.body)).diagnostics {
            *raised.entry(finding.code.word).or_default() += 1;
        }
    }
    let missing: Vec<_> = ours
        .iter()
        .filter(|word| !raised.contains_key(*word))
        .collect();
    assert!(missing.is_empty(), "never raised: {missing:?}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn a_file_with_twenty_mistakes_gives_exactly_twenty() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/many/twenty.journey");
    let text = std::fs::read_to_string(path).unwrap();
    let body = text.split("\n// findings").next().unwrap().to_owned() + "\n";
    let compiled = compile(&texts(&body));
    let findings: Vec<_> = compiled.diagnostics.iter().map(identity).collect();
    assert_eq!(findings.len(), 20, "{findings:#?}");
    let codes: BTreeSet<_> = findings.iter().map(|(code, _)| code).collect();
    assert!(codes.len() >= 18, "only {} kinds of mistakes", codes.len());
}
