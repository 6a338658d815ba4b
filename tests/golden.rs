//! Golden files of the reader: a text, and what is said of its shape as a comment at the end.
//!
//! `UPDATE=1` writes what is said now. In `syntax` each file shows one slip, except those whose names
//! say otherwise; in `format` the canonical form stands beside, in a file that ends in `.formatted`.

use std::path::{Path, PathBuf};

use wayfare::{Compiler, Diagnostic, Diagnostics, Source, SourceMap, parse};

/// The text before the comment that says what was found.
pub(crate) fn input(text: &str) -> &str {
    text.find(
        "
// findings",
    )
    .map_or(text, |at| text.split_at(at + 1).0)
}

struct Case {
    path: PathBuf,
    name: String,
    text: String,
    expected: String,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn cases(folder_name: &str) -> Vec<Case> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder(folder_name)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "journey") {
            continue;
        }
        let whole = std::fs::read_to_string(&path).unwrap();
        let text = input(&whole).to_owned();
        found.push(Case {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            expected: whole.split_at(text.len()).1.to_owned(),
            path,
            text,
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn findings(name: &str, text: &str) -> (Diagnostics, SourceMap) {
    let mut sources = SourceMap::default();
    let source = Source::new(name, text);
    let id = sources.add(source.clone());
    (parse(&source, id).diagnostics, sources)
}

fn render(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let mut lines = vec!["// findings".to_owned()];
    for finding in diagnostics {
        let at = sources.locate(finding.span);
        let name = sources.get(finding.span.source).unwrap().name();
        lines.push(format!(
            "// {}[{}]: {}",
            finding.severity, finding.code, finding.message
        ));
        lines.push(format!("//   --> {name}:{}:{}", at.line, at.column));
        if !finding.expected.is_empty() {
            lines.push(format!("//   expected: {}", finding.expected));
        }
        for label in &finding.labels {
            let at = sources.locate(label.span);
            lines.push(format!("//   {}:{}: {}", at.line, at.column, label.text));
        }
        if let Some(help) = &finding.help {
            lines.push(format!("//   help: {help}"));
        }
        if let Some(fix) = &finding.fix {
            let old = sources.text(fix.span);
            lines.push(format!(
                "//   fix: {}: {old:?} becomes {:?}",
                fix.title, fix.replacement
            ));
        }
    }
    if diagnostics.is_empty() {
        lines.push("// none".to_owned());
    }
    lines.join("\n") + "\n"
}

#[expect(clippy::disallowed_methods, reason = "a test writes its own files")]
#[test]
fn golden_files_say_what_the_reader_says() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    let cases = cases("syntax");
    assert!(cases.len() >= 60, "only {} golden files", cases.len());
    for case in cases {
        let (diagnostics, sources) = findings(&case.name, &case.text);
        let said = render(&diagnostics, &sources);
        if said != case.expected {
            if update {
                std::fs::write(&case.path, format!("{}{said}", case.text)).unwrap();
            } else {
                wrong.push(format!("{}\n{said}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever else the compiler finds in what was read, it says of shape what the reader says.
#[test]
fn the_compiler_says_of_shape_what_the_reader_says() {
    for case in cases("syntax") {
        let (diagnostics, sources) = findings(&case.name, &case.text);
        let compiled = Compiler::new(wayfare::catalogue::standard())
            .compile([Source::new(case.name.as_str(), case.text.as_str())]);
        if diagnostics.has_errors() {
            assert!(compiled.program.is_none(), "{}", case.name);
        }
        let said: Vec<String> = compiled
            .diagnostics
            .iter()
            .map(|d| d.one_line(&compiled.sources))
            .collect();
        for finding in &diagnostics {
            let line = finding.one_line(&sources);
            assert!(said.contains(&line), "{line}\n{said:#?}");
        }
    }
}

#[test]
fn one_slip_is_one_finding() {
    for case in cases("syntax") {
        if case.name.starts_with("many_") || case.name.starts_with("fine_") {
            continue;
        }
        let (diagnostics, sources) = findings(&case.name, &case.text);
        assert_eq!(
            diagnostics.len(),
            1,
            "{}\n{}",
            case.name,
            render(&diagnostics, &sources)
        );
    }
}

/// What a finding is, wherever it stands.
fn identity(finding: &Diagnostic) -> (&'static str, String) {
    (finding.code.word, finding.message.to_string())
}

#[test]
fn every_fix_removes_its_finding_and_adds_none() {
    let mut fixes = 0;
    for case in cases("syntax") {
        let (diagnostics, _) = findings(&case.name, &case.text);
        for finding in &diagnostics {
            let Some(fix) = &finding.fix else { continue };
            fixes += 1;
            let mut mended = case.text.clone();
            mended.replace_range(fix.span.range(), &fix.replacement);
            let mut left: Vec<_> = diagnostics.iter().map(identity).collect();
            let at = left.iter().position(|i| *i == identity(finding)).unwrap();
            left.remove(at);
            let (after, sources) = findings(&case.name, &mended);
            let mut found: Vec<_> = after.iter().map(identity).collect();
            left.sort();
            found.sort();
            assert_eq!(
                found,
                left,
                "{}: {}\n{mended}\n{}",
                case.name,
                fix.title,
                render(&after, &sources)
            );
        }
    }
    println!("{fixes} fixes applied");
    assert!(fixes >= 60, "only {fixes} fixes");
}

#[test]
fn messages_follow_the_rules() {
    for case in cases("syntax") {
        let (diagnostics, _) = findings(&case.name, &case.text);
        for finding in &diagnostics {
            let message = &finding.message;
            assert!(
                !message.contains('\n') && !message.ends_with('.'),
                "{message}"
            );
            assert!(
                !message.starts_with(|c: char| c.is_uppercase() && !message.starts_with("U+")),
                "{message}"
            );
            assert!(message.len() < 400, "{message}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
#[test]
fn twenty_slips_are_twenty_findings() {
    let path = folder("syntax").join("many_twenty.journey");
    let text = std::fs::read_to_string(path).unwrap();
    let (diagnostics, sources) = findings("many_twenty.journey", input(&text));
    assert_eq!(diagnostics.len(), 20, "{}", render(&diagnostics, &sources));
}

#[expect(clippy::disallowed_methods, reason = "a test writes its own files")]
#[test]
fn formatted_files_stand_beside() {
    let update = std::env::var_os("UPDATE").is_some();
    let cases = cases("format");
    assert!(!cases.is_empty());
    for case in cases {
        let done = wayfare::format(&Source::new(case.name.as_str(), case.text.as_str())).unwrap();
        let beside = case.path.with_extension("formatted");
        if update {
            std::fs::write(&beside, &done).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&beside).unwrap(),
            done,
            "{}",
            case.name
        );
    }
}
