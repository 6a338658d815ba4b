//! Journeys with the flaws that have cost others dearly, and each of them mended.
//!
//! `flawed/<g>/<name>.journey` says in its first line what is wrong with it, `//! flawed: CODE`; beside it
//! stands `<name>.mended.journey`, the same journeys without any finding. The folders are named after the
//! guarantees: g1 must-pass, g2 levels, g3 identity, g4 state, g5 loops, g6 enumeration.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use wayfare::{Compiled, Compiler, MemoryImporter, Registry, Severity, Source, codes};

/// A folder, how many flawed journeys it must hold, and the codes it is about.
const FOLDERS: &[(&str, usize, &[&str])] = &[
    (
        "g1",
        10,
        &["ensure_failed", "guard_failed", "unproved_success"],
    ),
    (
        "g2",
        10,
        &[
            "ensure_failed",
            "level_not_reached",
            "level_without_proof",
            "unbounded_level",
            "unsatisfiable_advice",
        ],
    ),
    (
        "g3",
        20,
        &["identity_swapped", "unproved_success", "unproved_write"],
    ),
    (
        "g4",
        10,
        &[
            "unwritten_key",
            "maybe_unwritten_key",
            "type_clash",
            "dead_write",
            "leaked_secret",
            "lost_value",
        ],
    ),
    (
        "g5",
        10,
        &[
            "spinning_loop",
            "maybe_spinning_loop",
            "unbounded_password_loop",
            "count_reset",
            "no_way_out",
        ],
    ),
    ("g6", 20, &["enumeration"]),
];

/// How many there must be in all.
const ALL_MIN: usize = 60;

const MARK: &str = "//! flawed: ";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flawed")
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
pub(crate) fn files(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(root().join(folder)) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".journey") {
            found.insert(name.to_owned(), std::fs::read_to_string(&path).unwrap());
        }
    }
    found
}

fn compile(name: &str, text: &str) -> Compiled {
    // What is imported lies below the folder of who imports it.
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let lib = MemoryImporter::new([Source::new(
        format!("{folder}/lib/otp.journey"),
        crate::documents::read("journeys/lib/otp.journey"),
    )]);
    Compiler::new(Registry::standard().catalog())
        .importer(&lib)
        .compile([Source::new(name, text)])
}

fn said(compiled: &Compiled) -> String {
    let lines: Vec<String> = compiled
        .diagnostics
        .iter()
        .map(|finding| format!("    {}", finding.one_line(&compiled.sources)))
        .collect();
    if lines.is_empty() {
        "    nothing is found".to_owned()
    } else {
        lines.join("\n")
    }
}

/// The names of the journeys that a text declares.
fn journeys(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("journey "))
        .filter_map(|line| line.split([' ', '{', '(']).next())
        .collect()
}

/// What is wrong with the test file itself, or with what is found in it.
fn faults_of_flawed(path: &str, text: &str, codes_here: &[&str]) -> Vec<String> {
    let Some(word) = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix(MARK))
        .map(str::trim)
    else {
        return vec![format!("{path}: the first line is not `{MARK}CODE`")];
    };
    if codes::find(word).is_none() {
        return vec![format!("{path}: there is no code `{word}`")];
    }
    let mut faults = Vec::new();
    if !codes_here.contains(&word) {
        faults.push(format!("{path}: `{word}` is not what this folder is about"));
    }
    let compiled = compile(path, text);
    let open = || {
        let findings = compiled.diagnostics.iter();
        findings.filter(|finding| finding.allowed.is_none())
    };
    if !open().any(|finding| finding.code.word == word) {
        let said = said(&compiled);
        faults.push(format!("{path}: `{word}` is not found\n{said}"));
    }
    // A journey that does not even compile shows nothing.
    for finding in open().filter(|finding| finding.severity == Severity::Error) {
        let proved = finding.code.allowable || codes_here.contains(&finding.code.word);
        if !proved {
            let line = finding.one_line(&compiled.sources);
            faults.push(format!("{path}: besides, it is not whole\n    {line}"));
        }
    }
    faults
}

fn faults_of_mended(path: &str, text: &str, flawed: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let compiled = compile(path, text);
    if !compiled.diagnostics.is_empty() || compiled.program.is_none() {
        let said = said(&compiled);
        faults.push(format!("{path}: mended, and yet\n{said}"));
    }
    if text.starts_with(MARK) {
        faults.push(format!("{path}: a mended journey is not flawed"));
    }
    if journeys(text) != journeys(flawed) {
        faults.push(format!("{path}: not the journeys of the flawed one"));
    }
    faults
}

#[test]
fn each_flaw_is_found_and_each_mended_journey_is_clean() {
    let mut faults = Vec::new();
    let mut count = 0;
    for (folder, min, codes_here) in FOLDERS {
        let files = files(folder);
        let mut here = 0;
        for (name, text) in &files {
            let path = format!("tests/flawed/{folder}/{name}.journey");
            if let Some(flawed) = name.strip_suffix(".mended") {
                match files.get(flawed) {
                    Some(flawed) => faults.extend(faults_of_mended(&path, text, flawed)),
                    None => faults.push(format!("{path}: there is no flawed twin")),
                }
                continue;
            }
            here += 1;
            faults.extend(faults_of_flawed(&path, text, codes_here));
            if !files.contains_key(&format!("{name}.mended")) {
                faults.push(format!("{path}: there is no `{name}.mended.journey`"));
            }
        }
        if here < *min {
            faults.push(format!("tests/flawed/{folder}: {here} of at least {min}"));
        }
        println!("{folder}: {here} flawed journeys");
        count += here;
    }
    if count < ALL_MIN {
        faults.push(format!("tests/flawed: {count} of at least {ALL_MIN}"));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn nothing_stands_in_a_folder_that_is_not_looked_at() {
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let known = FOLDERS.iter().any(|(folder, ..)| *folder == name);
        assert!(known, "tests/flawed/{name} is in no table");
    }
}

/// The harness itself: each way to be wrong is said.
#[test]
fn a_file_that_is_wrong_is_named_with_what_is_wrong() {
    let clean = "journey a {\n  start bye\n\n  node bye: Message {\n    true -> failure\n    false -> failure\n  }\n}\n";
    let says = |text: &str, words: &str| {
        let said = faults_of_flawed("x.journey", text, &["no_success"]).join("\n");
        assert!(said.contains(words), "{said}");
    };
    says(clean, "the first line is not");
    says(&format!("{MARK}nothing\n{clean}"), "there is no code");
    says(
        &format!("{MARK}unproved_success\n{clean}"),
        "not what this folder is about",
    );
    says(&format!("{MARK}unproved_success\n{clean}"), "is not found");
    let broken = clean.replace("false -> failure", "false -> nobody");
    says(&format!("{MARK}no_success\n{broken}"), "it is not whole");
    let whole = faults_of_flawed(
        "x.journey",
        &format!("{MARK}no_success\n{clean}"),
        &["no_success"],
    );
    assert!(whole.is_empty(), "{whole:?}");
    let other = clean.replace("journey a", "journey b");
    let said = faults_of_mended("x.journey", clean, &other).join("\n");
    assert!(
        said.contains("and yet") && said.contains("not the journeys"),
        "{said}"
    );
}
