//! What the scripts of real exports tell, where the folder that `WAYFARE_CORPUS` names is there.
//!
//! They are test data, never part of the project.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use wayfare::{Generation, ScriptText};
use wayfare_import::{InputFile, ReadLimits, WriteOptions, read, write};
use wayfare_script::{facts, suggest};

/// The share of scripts that must tell something.
const SHARE: f64 = 0.9;

/// The files of an entry of the corpus.
#[expect(clippy::disallowed_methods, reason = "a test reads the corpus")]
fn files(entry: &Path) -> Vec<InputFile> {
    let (mut found, mut open) = (Vec::new(), vec![entry.to_owned()]);
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            let name = path.strip_prefix(entry.parent().unwrap()).unwrap();
            found.push(InputFile::new(
                name.display().to_string(),
                fs::read(&path).unwrap(),
            ));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

#[expect(clippy::disallowed_methods, reason = "a test reads the corpus")]
fn scripts() -> Option<BTreeMap<String, String>> {
    let Some(folder) = std::env::var("WAYFARE_CORPUS").ok().map(PathBuf::from) else {
        println!("skipped: WAYFARE_CORPUS names no folder");
        return None;
    };
    let mut entries: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let mut scripts = BTreeMap::new();
    for entry in entries {
        for bundle in read(&files(&entry), &ReadLimits::default()).bundles {
            let project = write(&bundle, &WriteOptions::default());
            for (path, bytes) in project.files {
                if Path::new(&path)
                    .extension()
                    .is_some_and(|ending| ending == "js")
                {
                    let text = String::from_utf8(bytes).unwrap();
                    // One text is one script, however often it came.
                    scripts.entry(text).or_insert(path);
                }
            }
        }
    }
    Some(scripts)
}

#[test]
fn the_scripts_of_the_corpus_tell_what_they_do() {
    let Some(scripts) = scripts() else { return };
    let (mut told, mut offered) = (0, 0);
    for (text, path) in &scripts {
        let generation = ScriptText::new(path, text).generation();
        assert_ne!(generation, Generation::Groovy);
        let found = facts(text, generation);
        if let Some((line, why)) = &found.unread {
            println!("{path}:{line}: {why}");
            continue;
        }
        told += 1;
        let names = found.outcomes.lines.keys();
        let targets: BTreeMap<Arc<str>, String> = names
            .map(|name| (Arc::clone(name), format!("to_{name}")))
            .collect();
        if let Some(made) = suggest(text, generation, &targets, &|_| false) {
            offered += 1;
            println!(
                "{path} could be {} {{ {} }}",
                made.ty.unwrap_or("nothing"),
                made.lines.join("; ")
            );
        }
    }
    println!(
        "{told} of {} scripts tell what they do, for {offered} something is offered",
        scripts.len()
    );
    assert!(f64::from(told) >= SHARE * f64::from(u32::try_from(scripts.len()).unwrap()));
}
