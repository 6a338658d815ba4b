//! What the reader of journeys promises, whatever the text.

use wayfare::{
    Source, SourceId, SourceMap,
    syntax::{Parsed, parse},
};

/// The text read, and its findings in one line each.
fn read(name: &str, text: &str) -> (Parsed, Vec<String>) {
    let mut sources = SourceMap::default();
    let source = Source::new(name, text);
    let id: SourceId = sources.add(source.clone());
    let parsed = parse(&source, id);
    let lines = parsed
        .diagnostics
        .iter()
        .map(|d| d.one_line(&sources))
        .collect();
    (parsed, lines)
}

/// The journeys that people copy, by name.
fn samples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["journeys", "journeys/lib"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "journey") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() >= 10, "only {} samples", found.len());
    found
}

#[test]
fn the_examples_read_without_findings() {
    for (name, text) in samples() {
        let (parsed, findings) = read(&name, &text);
        assert!(findings.is_empty(), "{findings:#?}");
        assert!(!parsed.file.items.is_empty(), "{name} is empty");
    }
}

#[test]
fn the_blocks_of_the_language_document_read_without_findings() {
    let document = include_str!("../docs/language.md");
    let mut blocks = 0;
    for block in document.split("```journey\n").skip(1) {
        let text = block.split("```").next().unwrap();
        let (_, findings) = read("docs/language.md", text);
        assert!(findings.is_empty(), "{findings:#?}\n{text}");
        blocks += 1;
    }
    assert!(blocks >= 8, "only {blocks} blocks");
}
