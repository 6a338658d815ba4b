//! The files of a package, while they are made.
//!
//! In: folders, names and values. Out: files of which no two have one path, nor paths that only differ in
//! capitals.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::pack::{OutputFile, name};

#[derive(Debug, Default)]
pub(super) struct Files {
    files: Vec<OutputFile>,
    taken: BTreeSet<String>,
}

impl Files {
    /// A path that is free, of a folder whose parts are safe, a name of any kind, and an ending.
    pub(super) fn path(&mut self, folder: &str, file: &str, ending: &str) -> String {
        let stem = name::part(file);
        let join = |stem: &str| {
            if folder.is_empty() {
                format!("{stem}{ending}")
            } else {
                format!("{folder}/{stem}{ending}")
            }
        };
        let mut path = join(&stem);
        let mut number = 2_usize;
        while !self.taken.insert(path.to_lowercase()) {
            path = join(&format!("{stem}~{number}"));
            number += 1;
        }
        path
    }

    /// Adds a file at a path that is free.
    pub(super) fn bytes(&mut self, path: String, bytes: Vec<u8>) {
        self.files.push(OutputFile { path, bytes });
    }

    /// Adds a value in a file of a name of any kind, in a folder whose parts are safe.
    pub(super) fn json(&mut self, folder: &str, file: &str, ending: &str, value: &Value) {
        let path = self.path(folder, file, ending);
        self.bytes(path, pretty(value));
    }

    /// The files in the order of their paths.
    pub(super) fn into_files(mut self) -> Vec<OutputFile> {
        self.files.sort();
        self.files
    }
}

/// A value as people read it.
pub(super) fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

/// A folder within a folder; the outer may be none.
pub(super) fn within(outer: &str, inner: &str) -> String {
    if outer.is_empty() {
        inner.to_owned()
    } else {
        format!("{outer}/{inner}")
    }
}

/// A path of an export as a path of this package: each part safe, and nothing that leaves the folder.
pub(super) fn folder_of(path: &str) -> (String, String) {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let file = parts.pop().unwrap_or_default().to_owned();
    let folder: Vec<String> = parts.into_iter().map(name::part).collect();
    (folder.join("/"), file)
}
