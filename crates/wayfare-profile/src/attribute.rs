//! One attribute of a profile.

use std::sync::Arc;

use wayfare::engine::effect::Shape;

use crate::policy::Policy;

/// One attribute of a profile.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and a schema has all of them"
)]
pub struct Attribute {
    /// The name; letter case does not tell two apart.
    pub name: Arc<str>,
    /// What people call it.
    pub title: String,
    /// What values it takes.
    pub shape: Shape,
    /// Whether every profile must have it.
    pub required: bool,
    /// Whether no two profiles may have the same value.
    pub unique: bool,
    /// Whether profiles are looked for by it, so that a store keeps an index.
    pub searchable: bool,
    /// Whether only a hash of it is kept.
    pub secret: bool,
    /// Who changes it.
    pub editing: Editing,
    /// Whether its owner sees it.
    pub viewable: bool,
    /// What else must hold of its values, in the order in which it is judged.
    pub policies: Vec<Policy>,
}

/// What the owner of a profile may do with an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editing {
    /// It is not shown.
    Hidden,
    /// It is shown.
    ReadOnly,
    /// It may be changed.
    Editable,
}

impl Attribute {
    /// Whether its owner sees it.
    pub fn is_viewable(&self) -> bool {
        self.viewable
    }

    /// Whether its owner changes it.
    pub fn is_editable(&self) -> bool {
        self.editing == Editing::Editable
    }
}
