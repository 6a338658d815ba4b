//! What the documents say, held to the compiler.

use std::{fs, path::Path};

use crate::pages::{compile, lines, sources};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the documents of the project"
)]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test looks for the documents of the project"
)]
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(ending))
        .map(|name| {
            if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            }
        })
        .collect();
    found.sort();
    found
}

/// The blocks of a document in this language, with the line they begin at.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<(usize, String)> {
    let fence = format!("```{language}");
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line == fence {
            let block: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```")
                .collect();
            found.push((number + 1, block.join("\n") + "\n"));
        }
    }
    found
}

fn documents() -> Vec<String> {
    [files("", ".md"), files("docs", ".md")].concat()
}

#[test]
fn journeys_in_documents_compile_without_a_finding() {
    let mut seen = 0;
    for document in documents() {
        for (line, block) in blocks(&read(&document), "journey") {
            let texts = sources(&block);
            let found = lines(&compile(&texts));
            assert!(found.is_empty(), "{document}:{line}\n{}", found.join("\n"));
            for text in &texts {
                let formatted = wayfare::format(text).unwrap();
                assert_eq!(
                    formatted,
                    text.text(),
                    "{document}:{line} is not in its one form"
                );
            }
            seen += 1;
        }
    }
    assert!(seen >= 9, "{seen} blocks");
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in documents() {
        let folder = Path::new(&document).parent().unwrap().to_path_buf();
        let text = read(&document);
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            let target = root().join(&folder).join(path);
            let there = fs::exists(&target).unwrap();
            assert!(there, "{document} links to {link}");
        }
    }
}
