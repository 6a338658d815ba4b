//! One file a command.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod graph;
pub(crate) mod new;
pub(crate) mod run;
pub(crate) mod serve;

use std::collections::BTreeMap;

use wayfare::{
    Registry, Value,
    compile::{Compiled, Compiler},
};

use crate::project::Project;

/// Compiles a project against the standard node types.
pub(crate) fn compile(project: &Project, parameters: &BTreeMap<String, Value>) -> Compiled {
    Compiler::new(Registry::standard().catalog())
        .parameters(
            parameters
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        )
        .importer(&project.folder)
        .compile(project.sources.iter().cloned())
}
