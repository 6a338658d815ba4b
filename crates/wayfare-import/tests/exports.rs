//! Small exports of the project's own making, one folder for each packaging.
//!
//! All of them hold the same two trees, `Sign In` and `Second Step`.

use std::path::Path;

use wayfare_import::{InputFile, ReadLimits, Reading, read};

use crate::corpus;

/// The files of a folder.
pub(crate) fn files(folder: &str) -> Vec<InputFile> {
    let exports = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exports");
    corpus::all_in(&exports.join(folder))
}

/// What is read of a folder.
pub(crate) fn reading(folder: &str) -> Reading {
    read(&files(folder), &ReadLimits::default())
}
