//! Any bytes are read as an export without a panic, twice alike; what is written stays in its folder.
//!
//! A line `=== PATH` begins a file; what stands before the first is a file of its own. Bytes that are no text
//! are files too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfare_import::{InputFile, ReadLimits, WriteOptions, read, write};

/// The files that bytes are.
fn files(bytes: &[u8]) -> Vec<InputFile> {
    let mut files = vec![InputFile::new("export.json", Vec::new())];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Some(path) = line.strip_prefix(b"=== ") {
            let path = String::from_utf8_lossy(path).trim_end().to_owned();
            files.push(InputFile::new(path, Vec::new()));
        } else if let Some(last) = files.last_mut() {
            last.bytes.extend_from_slice(line);
        }
    }
    files
}

/// Whether a path is one of a file below a folder, on every system.
fn is_below(path: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    path.len() < 250
        && path.split('/').all(|part| {
            !part.is_empty() && !part.starts_with("..") && part != "." && part.chars().all(fits)
        })
}

fuzz_target!(|bytes: &[u8]| {
    // What is longer says nothing more, and takes long.
    if bytes.len() > 64 * 1_024 {
        return;
    }
    let files = files(bytes);
    let limits = ReadLimits::default();
    let reading = read(&files, &limits);
    assert_eq!(reading, read(&files, &limits), "it is read otherwise the second time");
    for bundle in &reading.bundles {
        let project = write(bundle, &WriteOptions::default());
        assert_eq!(project, write(bundle, &WriteOptions::default()), "it is written otherwise the second time");
        for path in project.files.keys() {
            assert!(is_below(path), "{path:?} is no path below a folder");
        }
        for (tree, journey) in &project.journeys {
            assert!(journey.compiles, "{tree:?} does not compile");
            let text = project.files.get(&journey.file).expect("its file is there");
            let text = String::from_utf8(text.clone()).expect("it is text");
            let source = wayfare::Source::new(journey.file.as_str(), text.as_str());
            let formatted = wayfare::format(&source).expect("it is a text of the language");
            assert_eq!(formatted, text, "{tree:?} is not in its one form");
        }
    }
});
