//! The folder that an import makes, as a value.
//!
//! In: nothing; the writer fills it. Out: what the command writes and what its table shows. Writing to a
//! disk is not here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{bundle::NodeId, finding::Finding};

/// What an import makes of a bundle.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Project {
    /// The files by path below the folder: `/` between parts, every part an identifier of this project's
    /// making, so that nothing in an export chooses a path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The journeys, by the name of the tree.
    pub journeys: BTreeMap<Arc<str>, Imported>,
    /// What was called what.
    pub names: Names,
    /// What was noticed, worst first within a tree.
    pub findings: Vec<Finding>,
}

/// A journey that was made of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Its identifier.
    pub journey: Arc<str>,
    /// The path of its file.
    pub file: String,
    /// How many nodes it has, those in pages included.
    pub nodes: usize,
    /// How many lines its file has, without blank ones, comments and `allow` lines.
    pub lines: usize,
    /// The codes of the language that were allowed, with how often.
    pub allowed: BTreeMap<Arc<str>, usize>,
    /// Whether the text compiles.
    pub compiles: bool,
}

/// What was called what in the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// The identifier of the journey of each tree.
    pub journeys: BTreeMap<Arc<str>, Arc<str>>,
    /// The path of each node in its journey (`page.child` in pages), by tree and id.
    pub nodes: BTreeMap<(Arc<str>, NodeId), Arc<str>>,
    /// The path of the file of each script, by id.
    pub scripts: BTreeMap<Arc<str>, String>,
    /// The identifiers of trees, nodes and parameters that are taken.
    pub taken: BTreeSet<Arc<str>>,
}
