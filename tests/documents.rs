//! What the documents say, held to the compiler.

use std::{fs, path::Path};

use wayfare::{Compiler, MemoryImporter, Registry, Source, codes};

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
fn blocks(text: &str, language: &str) -> Vec<(usize, String)> {
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

/// Every finding of a text, one a line.
fn findings(name: &str, text: &str) -> Vec<String> {
    let lib = MemoryImporter::new([Source::new(
        "lib/otp.journey",
        read("journeys/lib/otp.journey"),
    )]);
    let compiled = Compiler::new(Registry::standard().catalog())
        .importer(&lib)
        .compile([Source::new(name, text)]);
    // An exception that the text makes and gives a reason for is what it says it is.
    let findings = compiled.diagnostics.iter().filter(|d| d.allowed.is_none());
    findings.map(|d| d.one_line(&compiled.sources)).collect()
}

#[test]
fn journeys_in_documents_compile_without_a_finding() {
    let mut seen = 0;
    for document in documents() {
        for (line, block) in blocks(&read(&document), "journey") {
            let found = findings("block.journey", &block);
            assert!(found.is_empty(), "{document}:{line}\n{}", found.join("\n"));
            let formatted = wayfare::format(&Source::new("block.journey", block.as_str())).unwrap();
            assert_eq!(formatted, block, "{document}:{line} is not in its one form");
            seen += 1;
        }
    }
    assert!(seen >= 9, "{seen} blocks");
}

#[test]
fn broken_journeys_in_documents_have_the_finding_they_are_there_for() {
    let text = read("docs/diagnostics.md");
    let mut seen = 0;
    for page in text.split("\n## ").skip(1) {
        let code = page.lines().next().unwrap_or_default();
        for (line, block) in blocks(page, "journey,bad") {
            let found = findings("block.journey", &block);
            let tag = format!("[{code}]");
            assert!(
                found.iter().any(|f| f.contains(&tag)),
                "{code}, line {line}: {found:?}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 20, "{seen} blocks");
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let text = read("docs/diagnostics.md");
    let pages: Vec<&str> = text
        .split("\n## ")
        .skip(1)
        .filter_map(|page| page.lines().next())
        .collect();
    let words: Vec<&str> = codes::ALL.iter().map(|code| code.word).collect();
    assert_eq!(
        pages, words,
        "docs/diagnostics.md has the codes of src/codes.rs, in their order"
    );
    for code in codes::ALL {
        let page = text.split(&format!("\n## {}\n", code.word)).nth(1).unwrap();
        let page = page.split("\n## ").next().unwrap();
        let head = format!(
            "*{}{}.* {}.",
            code.severity,
            if code.allowable {
                ", can be allowed"
            } else {
                ""
            },
            code.summary
        );
        assert!(
            page.contains(&head),
            "the page of `{}` begins with:\n{head}",
            code.word
        );
    }
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
