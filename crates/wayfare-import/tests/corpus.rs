//! Real exports from public repositories, where the folder that `WAYFARE_CORPUS` names is there.
//!
//! They are test data, never part of the project.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use wayfare_import::InputFile;

/// A journey of the corpus, as its index describes it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    members: BTreeMap<String, String>,
}

impl Row {
    pub(crate) fn get(&self, member: &str) -> &str {
        self.members.get(member).map_or("", String::as_str)
    }
}

/// The folder, or nothing with a word about it.
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads where the corpus is"
)]
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var("WAYFARE_CORPUS").ok().map(PathBuf::from);
    let folder = folder.filter(|folder| folder.join("index.csv").is_file());
    if folder.is_none() {
        println!("skipped: WAYFARE_CORPUS names no folder with an index.csv");
    }
    folder
}

/// The rows of the index.
pub(crate) fn rows(folder: &Path) -> Vec<Row> {
    let index = text(&folder.join("index.csv"));
    let mut lines = index.lines().map(fields);
    let heads = lines.next().unwrap();
    lines
        .map(|fields| Row {
            members: heads.iter().cloned().zip(fields).collect(),
        })
        .collect()
}

fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

#[expect(clippy::disallowed_methods, reason = "a test reads the corpus")]
fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

fn text(path: &Path) -> String {
    String::from_utf8(bytes(path)).unwrap()
}

/// The files of a row: its file, or the folder that its file is in.
pub(crate) fn files(folder: &Path, row: &Row) -> Vec<InputFile> {
    let file = row.get("file");
    match file.split_once('/') {
        None => vec![InputFile::new(file, bytes(&folder.join(file)))],
        Some((inner, _)) => all_in(&folder.join(inner)),
    }
}

/// Every file in a folder, by path below it, in the order of their paths.
#[expect(clippy::disallowed_methods, reason = "a test reads the corpus")]
pub(crate) fn all_in(folder: &Path) -> Vec<InputFile> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(&inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                files.push(InputFile::new(name, bytes(&path)));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}
