//! The journeys of the folder `journeys/nodes` as examples, without their tests.

use std::path::Path;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/journeys/nodes");

/// A file that shows types.
pub(in super::super) struct Example {
    /// The name of the file.
    pub(in super::super) file: String,
    /// The types that it shows, as its head names them.
    pub(in super::super) types: Vec<String>,
    /// What it shows, in a sentence.
    pub(super) about: String,
    /// Its journeys, with what they stand on.
    pub(super) text: String,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the journeys of the project"
)]
pub(in super::super) fn examples() -> Vec<Example> {
    let mut files: Vec<_> = std::fs::read_dir(Path::new(FOLDER))
        .expect("journeys/nodes is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "journey"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("a journey");
            let name = path.file_name().expect("a name").to_string_lossy();
            example(&name, &text)
        })
        .collect()
}

fn example(file: &str, text: &str) -> Example {
    let head: Vec<_> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .collect();
    let head = head.join(" ");
    let (types, about) = head
        .split_once(": ")
        .unwrap_or_else(|| panic!("{file}: its head is no `//! Type: what it shows`"));
    let types = types.replace(" and ", ", ");
    let mut begins = about.chars();
    let first = begins.next().expect("some words").to_uppercase();
    Example {
        file: file.to_owned(),
        types: types.split(", ").map(str::to_owned).collect(),
        about: format!("{first}{}", begins.as_str()),
        text: without_tests(text),
    }
}

/// The items of a file that are no tests and say nothing about tests, as they stand.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    for item in items(text) {
        let code = item.lines().find(|line| !line.starts_with("//"));
        let of_tests = ["test ", "allow uncovered "];
        if code.is_some_and(|line| !of_tests.iter().any(|word| line.starts_with(word))) {
            if !kept.is_empty() {
                kept.push('\n');
            }
            kept.push_str(&item);
        }
    }
    kept
}

/// The items of a file in its one form: between blank lines that stand in no braces.
fn items(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut open = false;
    for line in text.lines() {
        if line.is_empty() && !open {
            items.push(String::new());
            continue;
        }
        let within = line.starts_with([' ', '}']);
        open = if within {
            line != "}"
        } else {
            line.ends_with('{')
        };
        let item = items.last_mut().expect("there is one");
        item.push_str(line);
        item.push('\n');
    }
    items.retain(|item| !item.is_empty());
    items
}
