//! Small exports of the project's own, each with what it becomes beside it: the text, and what was noticed.
//!
//! `UPDATE=1` rewrites the expectations.

use std::{fmt::Write as _, fs, path::PathBuf};

use wayfare_import::{InputFile, Project, ReadLimits, WriteOptions, read, write};

use super::real::{compiled, refused};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/write/golden"))
}

fn shown(project: &Project) -> String {
    let mut out = String::new();
    for (path, bytes) in &project.files {
        if !path.starts_with("am/") {
            let text = std::str::from_utf8(bytes).unwrap();
            let _ = writeln!(out, "==== {path}\n{}", text.trim_end());
        }
    }
    out.push_str("==== findings\n");
    for finding in &project.findings {
        let _ = write!(out, "{}", finding.code);
        for part in [&finding.tree, &finding.node].into_iter().flatten() {
            let _ = write!(out, " · {part}");
        }
        let _ = write!(out, ": {}", finding.message);
        if let Some(help) = &finding.help {
            let _ = write!(out, " ({help})");
        }
        out.push('\n');
    }
    out
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads and rewrites its golden files"
)]
fn exports_become_what_stands_beside_them() {
    let update = std::env::var("UPDATE").is_ok();
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        count += 1;
        let file = InputFile::new("export.json", fs::read(&path).unwrap());
        let reading = read(&[file], &ReadLimits::default());
        let made: Vec<Project> = reading
            .bundles
            .iter()
            .map(|bundle| write(bundle, &WriteOptions::default()))
            .collect();
        for project in &made {
            let compiled = compiled(project);
            assert!(
                compiled.program.is_some(),
                "{path:?}: {:?}",
                compiled.into_program()
            );
            assert_eq!(refused(&compiled), Vec::<String>::new(), "{path:?}");
        }
        let text: String = made.iter().map(shown).collect();
        let beside = path.with_extension("txt");
        if update {
            fs::write(&beside, &text).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", beside.display()));
        }
    }
    assert!(count >= 10, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
