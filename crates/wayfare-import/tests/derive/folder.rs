//! The journeys of this repository in the product's words.

use std::{collections::BTreeMap, path::Path};

use wayfare::{Compiler, Importer, MemoryImporter, Source, catalogue};
use wayfare_import::{Code, DeriveOptions, Derived, derive};

/// The files below a folder, with paths from it.
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the journeys of the repository"
)]
pub(crate) fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                let Ok(text) = std::fs::read_to_string(&path) else {
                    continue;
                };
                found.insert(name.replace('\\', "/"), text);
            }
        }
    }
    found
}

/// What one text is, with the other files to import.
pub(crate) fn derived(name: &str, files: &BTreeMap<String, String>) -> Derived {
    let importer = MemoryImporter::new(
        files
            .iter()
            .map(|(name, text)| Source::new(name.as_str(), text.as_str())),
    );
    let importer: &dyn Importer = &importer;
    let compiled = Compiler::new(catalogue::standard())
        .importer(importer)
        .without_tests()
        .compile([Source::new(name, files[name].as_str())]);
    let program = compiled
        .program
        .map(wayfare::Valid::into_inner)
        .or(compiled.refused);
    let Some(program) = program else {
        let findings = compiled.diagnostics.iter();
        let lines = findings.map(|finding| finding.one_line(&compiled.sources));
        panic!("{name}: {}", lines.collect::<Vec<_>>().join("\n"));
    };
    derive(&program, &DeriveOptions::default())
}

/// Every file of journeys that stands alone.
pub(crate) fn roots(files: &BTreeMap<String, String>) -> Vec<&str> {
    let is_root = |name: &&str| {
        let own = name.ends_with(".journey") && !name.starts_with("lib/");
        own && !name.contains(".test.") && !name.contains(".guard.")
    };
    files.keys().map(String::as_str).filter(is_root).collect()
}

#[test]
fn journeys_of_the_repository_derive_or_say_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../journeys");
    let files = files(&root);
    let mut trees = 0;
    for name in roots(&files) {
        let made = derived(name, &files);
        trees += made.bundle.trees.len();
        assert!(trees > 0 || !made.refused.is_empty(), "{name}");
        for journey in &made.refused {
            let said = made.findings.iter().any(|f| f.code == Code::NoCounterpart);
            assert!(said, "{name}: {journey} is left out without a word");
        }
        for (tree, made) in &made.bundle.trees {
            let found = made.nodes.values().all(|node| node.found);
            assert_eq!(found, tree.as_ref() != "Unavailable", "{tree}");
            let entry = made.entry.as_ref().unwrap();
            assert!(entry.is_end() || made.nodes.contains_key(entry), "{tree}");
        }
    }
    assert!(trees > 80, "{trees} trees");
}
