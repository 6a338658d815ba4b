//! Golden files: the text, and what is found as a comment at its end, word for word.
//!
//! `UPDATE=1` writes what is found now.

use std::{collections::BTreeSet, path::Path};

use wayfare::{Compiled, Compiler, Source, codes};

const FOLDERS: &[&str] = &[
    "reach", "loops", "ensure", "level", "proof", "state", "guard",
];

fn render(compiled: &Compiled) -> String {
    let mut lines = vec!["// findings".to_owned()];
    let at = |span| {
        let at = compiled.sources.locate(span);
        format!("{}:{}", at.line, at.column)
    };
    for finding in &compiled.diagnostics {
        let (severity, code) = (finding.severity, finding.code);
        lines.push(format!("// {severity}[{code}]: {}", finding.message));
        lines.push(format!(
            "//   --> {}: {}",
            at(finding.span),
            finding.expected
        ));
        for label in &finding.labels {
            lines.push(format!("//   {}: {}", at(label.span), label.text));
        }
        lines.extend(
            finding
                .notes
                .iter()
                .map(|note| format!("//   note: {note}")),
        );
        if let Some(route) = &finding.route {
            assert!(!route.journey.is_empty(), "{finding:?}");
            assert!(!route.end.is_empty(), "{finding:?}");
        }
        let has_run = finding.notes.iter().any(|note| note.contains(" -> "));
        assert!(finding.route.is_some() || !has_run, "{finding:?}");
        lines.extend(finding.help.iter().map(|help| format!("//   help: {help}")));
        lines.extend(
            finding
                .allowed
                .iter()
                .map(|why| format!("//   allowed: {why}")),
        );
    }
    if compiled.diagnostics.is_empty() {
        lines.push("// none".to_owned());
    }
    let lines: Vec<&str> = lines
        .iter()
        .map(|line| line.trim_end().trim_end_matches(':'))
        .collect();
    lines.join("\n") + "\n"
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads and writes its own files"
)]
fn golden_files_say_what_the_proofs_find() {
    let update = std::env::var_os("UPDATE").is_some();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let (mut wrong, mut seen, mut clean) = (Vec::new(), BTreeSet::new(), 0);
    for folder in FOLDERS {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap();
            let (body, expected) = match text.find("\n// findings") {
                Some(at) => text.split_at(at + 1),
                None => (&*text, ""),
            };
            let compiled = Compiler::new(wayfare::catalogue::standard())
                .compile([Source::new("main.journey", body)]);
            seen.extend(compiled.diagnostics.iter().map(|finding| finding.code.word));
            clean += usize::from(compiled.diagnostics.is_empty());
            let said = render(&compiled);
            if said == expected {
                continue;
            }
            if update {
                std::fs::write(&path, format!("{body}{said}")).unwrap();
            } else {
                wrong.push(format!("{}\n{said}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for code in [
        codes::UNREACHABLE,
        codes::NO_SUCCESS,
        codes::LOOSE_END,
        codes::SPINNING_LOOP,
        codes::UNBOUNDED_PASSWORD_LOOP,
        codes::COUNT_RESET,
        codes::NO_WAY_OUT,
        codes::ENSURE_FAILED,
        codes::GUARD_FAILED,
        codes::IDLE_GUARD,
        codes::UNPROVED_SUCCESS,
        codes::LEVEL_NOT_REACHED,
        codes::LEVEL_WITHOUT_PROOF,
    ] {
        assert!(seen.contains(code.word), "no golden file raises {code}");
    }
    assert!(clean >= 5, "only {clean} files are fine");
}
