//! Trees that are kept change nothing but the work.

use std::path::Path;

use wayfare::{Compiled, Compiler, MemoryImporter, Source, Trees};

use crate::documents::read;

/// Every journey of the examples, and a mistake of each kind.
#[expect(
    clippy::disallowed_methods,
    reason = "a test looks for the files of the project"
)]
fn files() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["journeys", "tests/golden/exprs", "tests/golden/loops"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder");
        for path in entries.map(|entry| entry.expect("a file").path()) {
            if path.extension().is_some_and(|end| end == "journey") {
                let name = path.strip_prefix(root).expect("below the root");
                let name = name.to_str().expect("a name of text");
                files.push(Source::new(name, read(name)));
            }
        }
    }
    files.sort_by(|a, b| a.name().cmp(b.name()));
    assert!(files.len() > 20, "{} files", files.len());
    files
}

/// What is said, and the names of the journeys with their hashes.
fn told(compiled: &Compiled) -> (Vec<String>, Vec<String>) {
    let findings = compiled.diagnostics.iter();
    let findings = findings.map(|finding| format!("{finding:?}"));
    let journeys = compiled.program.iter().flat_map(|program| {
        let journeys = program.journeys.iter();
        journeys.map(|journey| format!("{} {}", journey.name, program.hash_of(journey.id)))
    });
    (findings.collect(), journeys.collect())
}

#[test]
fn what_is_said_and_made_is_the_same() {
    let trees = Trees::default();
    let (mut files, mut programs) = (files(), 0);
    let mut held = |files: &[Source], when: &str| {
        let importer = MemoryImporter::new(files.to_vec());
        let compiler = Compiler::new(wayfare::catalogue::standard()).importer(&importer);
        let anew = told(&compiler.clone().compile(files.to_vec()));
        let kept = told(&compiler.trees(&trees).compile(files.to_vec()));
        assert_eq!(kept, anew, "{when}");
        programs += usize::from(!anew.1.is_empty());
    };
    held(&files, "at first");
    held(&files, "once more");
    for at in (0..files.len()).step_by(files.len() / 5) {
        let name = files[at].name().to_owned();
        let text = files[at].text().to_owned();
        let middle = (0..=text.len() / 2)
            .rev()
            .find(|at| text.is_char_boundary(*at));
        let cut = text
            .get(..middle.unwrap_or(0))
            .unwrap_or_default()
            .to_owned();
        files[at] = Source::new(name.as_str(), cut);
        held(&files, "a file that ends in its middle");
        files[at] = Source::new(name.as_str(), format!("// another first line\n{text}"));
        held(&files, "a file whose places have moved");
        files[at] = Source::new(name.as_str(), text);
    }
    let first = files.remove(0);
    held(
        &files,
        "without the first, so that all others are other numbers",
    );
    let alone: Vec<Source> = files
        .iter()
        .filter(|file| file.name().starts_with("journeys/lo"))
        .cloned()
        .collect();
    held(&alone, "those of a login");
    files.insert(0, first);
    held(&files, "all of them again");
    assert!(programs > 0, "none of them was compiled");
}
