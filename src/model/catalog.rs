//! The node types that a compiler knows.

use std::{collections::BTreeMap, sync::Arc};

use crate::model::signature::Signature;

/// The number of a node type within one [`Catalog`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub(crate) u32);

impl TypeId {
    /// The position of the type in its catalogue.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Signatures by name; both the name in text and the id on the wire find a type.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    signatures: Vec<Arc<Signature>>,
    by_name: BTreeMap<Arc<str>, TypeId>,
    by_wire: BTreeMap<Arc<str>, TypeId>,
    /// Types of which more is known than of the type that they are of, with that one.
    variants: BTreeMap<TypeId, TypeId>,
}

/// A name that the catalogue has already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("node type `{0}` is in the catalogue already")]
pub struct DuplicateType(pub String);

impl Catalog {
    /// Adds a type.
    ///
    /// # Errors
    /// Its name or its wire id is taken.
    pub fn add(&mut self, signature: Signature) -> Result<TypeId, DuplicateType> {
        if self.by_name.contains_key(&*signature.name)
            || self.by_wire.contains_key(&*signature.wire)
        {
            return Err(DuplicateType(signature.name.into_owned()));
        }
        let id = TypeId(u32::try_from(self.signatures.len()).unwrap_or(u32::MAX));
        self.by_name.insert(Arc::from(&*signature.name), id);
        self.by_wire.insert(Arc::from(&*signature.wire), id);
        self.signatures.push(Arc::new(signature));
        Ok(id)
    }

    /// Adds what is known of some nodes of a type, beyond what holds of all.
    ///
    /// It has the names of that type and is found by none; [`Catalog::kind`] leads back.
    pub(crate) fn add_variant(&mut self, of: TypeId, signature: Signature) -> TypeId {
        let id = TypeId(u32::try_from(self.signatures.len()).unwrap_or(u32::MAX));
        self.signatures.push(Arc::new(signature));
        self.variants.insert(id, self.kind(of));
        id
    }

    /// The type as it is found by its name, for one of which more is known at some nodes.
    pub fn kind(&self, id: TypeId) -> TypeId {
        self.variants.get(&id).copied().unwrap_or(id)
    }

    /// The type with this name in text.
    pub fn find(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// The type with this id on the wire.
    pub fn find_wire(&self, wire: &str) -> Option<TypeId> {
        self.by_wire.get(wire).copied()
    }

    /// The signature of a type.
    pub fn get(&self, id: TypeId) -> Option<&Arc<Signature>> {
        self.signatures.get(id.index())
    }

    /// All types in the order added.
    pub fn iter(&self) -> impl Iterator<Item = (TypeId, &Arc<Signature>)> {
        self.signatures
            .iter()
            .enumerate()
            .map(|(i, s)| (TypeId(u32::try_from(i).unwrap_or(u32::MAX)), s))
    }

    /// All names in text, sorted; for "did you mean".
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }
}
