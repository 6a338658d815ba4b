//! Bundles, packed as files of a form again.
//!
//! In: a [`Bundle`], and a [`Form`]. Out: files by path. What was read from a form is packed in it as the same
//! JSON, apart from the order of members. Into another form goes what that form can hold: ids and spellings
//! become its own, what packagings said of themselves stays behind, and so does what it has no place for.
//! Every part of a path is made safe here, since names come from exports.

mod beside;
mod config_manager;
mod entity;
mod export;
mod files;
mod lists;
mod name;
mod rest;
mod script;
mod tree;

use crate::bundle::{Bundle, Form};
use files::Files;
pub use lists::standard_lists;

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct OutputFile {
    /// Its path below the folder of the package, with `/` between parts; every part can be written everywhere.
    pub path: String,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

/// Why a bundle cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// There is nothing in it.
    #[error("there is no journey, no script and nothing else to pack")]
    Empty,
}

/// Packs a bundle in a form.
pub fn pack(bundle: &Bundle, form: Form) -> Result<Vec<OutputFile>, PackError> {
    let nothing_beside = bundle
        .besides
        .values()
        .all(std::collections::BTreeMap::is_empty);
    if bundle.trees.is_empty() && bundle.scripts.is_empty() && nothing_beside {
        return Err(PackError::Empty);
    }
    let mut files = Files::default();
    let packing = Packing {
        bundle,
        form,
        same: bundle.form == form,
    };
    match form {
        Form::FrodoSingle | Form::FrodoMulti | Form::Treetool | Form::Platform => {
            export::pack(&packing, &mut files);
        }
        Form::FrodoConfig => export::pack_config(&packing, &mut files),
        Form::Amster | Form::FileBased => entity::pack(&packing, &mut files),
        Form::ConfigManager => config_manager::pack(&packing, &mut files),
        Form::Rest => rest::pack(&packing, &mut files),
    }
    Ok(files.into_files())
}

/// A bundle that is being packed.
struct Packing<'a> {
    bundle: &'a Bundle,
    form: Form,
    /// Whether it was read from this form.
    same: bool,
}

impl Packing<'_> {
    /// Whether the form is the one that the bundle was read from, or both are frodo's.
    fn kin(&self) -> bool {
        let frodo = |form| {
            matches!(
                form,
                Form::FrodoSingle | Form::FrodoMulti | Form::FrodoConfig
            )
        };
        self.same || (frodo(self.form) && frodo(self.bundle.form))
    }
}
