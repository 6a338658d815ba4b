//! What was read of the corpus is packed as the same JSON again.

use serde_json::Value;
use wayfare_import::{Bundle, Form, InputFile, OutputFile, ReadLimits, pack, read};

use crate::{
    corpus::{self, Row},
    pack::forms::FORMS,
};

/// Files whose JSON does not come back as it stood, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

pub(crate) fn again(files: Vec<OutputFile>) -> Vec<InputFile> {
    files
        .into_iter()
        .map(|file| InputFile::new(file.path, file.bytes))
        .collect()
}

/// The JSON of files without paths, and the texts beside them, in an order of their own.
pub(super) fn contents(files: &[InputFile]) -> Vec<String> {
    let mut contents: Vec<String> = files
        .iter()
        .map(|file| match serde_json::from_slice::<Value>(&file.bytes) {
            Ok(value) => format!("{value:#}"),
            Err(_) => String::from_utf8(file.bytes.clone()).unwrap(),
        })
        .collect();
    contents.sort();
    contents
}

fn packed(bundles: &[Bundle]) -> Vec<InputFile> {
    let files = bundles
        .iter()
        .map(|bundle| pack(bundle, bundle.form).unwrap());
    again(files.flatten().collect())
}

fn excused(row: &Row) -> bool {
    EXCEPTIONS.iter().any(|(file, _)| *file == row.get("file"))
}

#[test]
fn the_corpus_comes_back_as_it_stood() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let mut wrong = Vec::new();
    for row in corpus::rows(&folder) {
        let files = corpus::files(&folder, &row);
        let bundles = read(&files, &ReadLimits::default()).bundles;
        let after = contents(&packed(&bundles));
        let before = contents(&files);
        if before != after && !excused(&row) {
            for (place, value) in before.iter().enumerate() {
                if !after.contains(value) {
                    println!("{}: {place} of {}", row.get("file"), before.len());
                }
            }
            wrong.push(row.get("file").to_owned());
        }
    }
    for (file, reason) in EXCEPTIONS {
        println!("not the same: {file}: {reason}");
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_was_packed_of_the_corpus_is_read_as_the_same() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    for row in corpus::rows(&folder) {
        let files = corpus::files(&folder, &row);
        let bundles = read(&files, &ReadLimits::default()).bundles;
        let reading = read(&packed(&bundles), &ReadLimits::default());
        assert_eq!(reading.bundles, bundles, "{}", row.get("file"));
    }
}

/// What a bundle says of its trees, without the packaging.
pub(super) fn meaning(bundle: &Bundle) -> Vec<String> {
    let mut meaning = Vec::new();
    for tree in bundle.trees.values() {
        meaning.push(format!("{} {:?}", tree.name, tree.entry));
        for (id, node) in &tree.nodes {
            meaning.push(format!(
                "{} {id} {:?} {} {:?} {:?} {:?} {:?} {:?}",
                tree.name,
                node.place,
                node.ty,
                node.version,
                node.display,
                node.connections,
                node.children,
                node.settings,
            ));
        }
    }
    for (id, script) in &bundle.scripts {
        meaning.push(format!("{id} {} {}", script.name, script.text));
    }
    meaning
}

#[test]
fn the_corpus_means_the_same_in_every_form() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    for row in corpus::rows(&folder) {
        let files = corpus::files(&folder, &row);
        for bundle in read(&files, &ReadLimits::default()).bundles {
            for form in FORMS {
                let files = again(pack(&bundle, form).unwrap());
                let reading = read(&files, &ReadLimits::default());
                let what = format!("{} as {form:?}", row.get("file"));
                assert_eq!(reading.bundles.len(), 1, "{what}");
                let crossed = &reading.bundles[0];
                assert_eq!(meaning(crossed), meaning(&bundle), "{what}");
                // which tool wrote a file is said in what it says of itself, which is not made up
                let platform = form == Form::Platform && bundle.form != form;
                let expected = if platform { Form::FrodoMulti } else { form };
                assert_eq!(crossed.form, expected, "{what}");
            }
        }
    }
}
