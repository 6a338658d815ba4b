//! Exports of the product, read.
//!
//! In: the files of an export as paths and bytes, in any packaging, several at once. Out: one [`Bundle`] for
//! each realm that they name, and what was noticed of the packaging. A file is known by what stands in it; its
//! path only says what lies beside what. What is wrong with one file, tree or node keeps nothing else from
//! being read, and members of which nothing is known are kept as they stand. Findings are of what a
//! [`Bundle`] does not show: a node that did not come along, or an outcome that leads nowhere, is in it to be
//! seen. Archives are not unpacked.

mod draft;
mod entity;
mod export;
mod gather;
mod json;
mod raw;
mod shape;
mod tree;

use crate::{
    bundle::Bundle,
    finding::{Code, Finding},
};
use draft::Draft;
pub(crate) use entity::METADATA;
pub(crate) use export::DETAILS;
pub(crate) use gather::{FILE, FILES, SINGLE};

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InputFile {
    /// Its path below the folder that is read, with `/` between parts.
    pub path: String,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

impl InputFile {
    /// A file of this path with these bytes.
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            bytes: bytes.into(),
        }
    }
}

/// How much is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// How many files.
    pub files: usize,
    /// How many bytes one file has.
    pub file_bytes: usize,
    /// How many bytes all of them have.
    pub all_bytes: usize,
    /// How deep JSON is nested.
    pub depth: usize,
    /// How many values one file has.
    pub values: usize,
    /// How many things are noticed; what is noticed after them is only counted.
    pub findings: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            files: 200_000,
            file_bytes: 64 << 20,
            all_bytes: 512 << 20,
            depth: 64,
            values: 4_000_000,
            findings: 10_000,
        }
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The journeys by realm, those first of which no realm is named.
    pub bundles: Vec<Bundle>,
    /// What was noticed of the packaging.
    pub findings: Vec<Finding>,
}

/// Reads the files of an export.
pub fn read(files: &[InputFile], limits: &ReadLimits) -> Reading {
    let mut draft = Draft::new(*limits);
    let mut left = limits.all_bytes;
    for (place, file) in files.iter().enumerate() {
        if place >= limits.files {
            let more = files.len() - place;
            let message = format!("{more} files are not read: there are more than {place}");
            draft.note(Finding::new(Code::TooLarge, message));
            break;
        }
        if file.bytes.len() > limits.file_bytes.min(left) {
            let message = format!("not read: its {} bytes are too many", file.bytes.len());
            draft.note(Finding::new(Code::TooLarge, message).file(file.path.as_str()));
            continue;
        }
        left -= file.bytes.len();
        draft.file(file);
    }
    gather::gather(draft)
}
