//! The node types that a compiler knows.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use crate::model::{key_facts::KeyFacts, signature::Signature};

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
///
/// Clones share what stands in it, so that every program has the catalogue that it was compiled with.
#[derive(Clone, Default)]
pub struct Catalog {
    listed: Arc<Listed>,
}

#[derive(Clone, Default)]
struct Listed {
    signatures: Vec<Arc<Signature>>,
    by_name: BTreeMap<Arc<str>, TypeId>,
    by_wire: BTreeMap<Arc<str>, TypeId>,
    /// Types of which more is known than of the type that they are of, with that one.
    variants: BTreeMap<TypeId, TypeId>,
    /// What follows from the signatures, once somebody has asked.
    facts: OnceLock<KeyFacts>,
    digests: Vec<OnceLock<[u8; 32]>>,
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
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
        if self.listed.by_name.contains_key(&*signature.name)
            || self.listed.by_wire.contains_key(&*signature.wire)
        {
            return Err(DuplicateType(signature.name.into_owned()));
        }
        let (name, wire) = (Arc::from(&*signature.name), Arc::from(&*signature.wire));
        let id = self.push(signature);
        let listed = Arc::make_mut(&mut self.listed);
        listed.by_name.insert(name, id);
        listed.by_wire.insert(wire, id);
        Ok(id)
    }

    /// Adds what is known of some nodes of a type, beyond what holds of all.
    ///
    /// It has the names of that type and is found by none; [`Catalog::kind`] leads back.
    pub(crate) fn add_variant(&mut self, of: TypeId, signature: Signature) -> TypeId {
        let kind = self.kind(of);
        let id = self.push(signature);
        Arc::make_mut(&mut self.listed).variants.insert(id, kind);
        id
    }

    fn push(&mut self, signature: Signature) -> TypeId {
        let listed = Arc::make_mut(&mut self.listed);
        let id = TypeId(u32::try_from(listed.signatures.len()).unwrap_or(u32::MAX));
        listed.signatures.push(Arc::new(signature));
        listed.digests.push(OnceLock::new());
        listed.facts = OnceLock::new();
        id
    }

    /// What the signatures say of state keys.
    pub(crate) fn key_facts(&self) -> &KeyFacts {
        let listed = &*self.listed;
        let signatures = listed.signatures.iter().map(|signature| &**signature);
        listed.facts.get_or_init(|| KeyFacts::of(signatures))
    }

    /// The digest of a signature, which `make` makes where it has not been asked for before.
    pub(crate) fn digest(&self, id: TypeId, make: impl FnOnce() -> [u8; 32]) -> [u8; 32] {
        match self.listed.digests.get(id.index()) {
            Some(digest) => *digest.get_or_init(make),
            None => make(),
        }
    }

    /// The type as it is found by its name, for one of which more is known at some nodes.
    pub fn kind(&self, id: TypeId) -> TypeId {
        self.listed.variants.get(&id).copied().unwrap_or(id)
    }

    /// The type with this name in text.
    pub fn find(&self, name: &str) -> Option<TypeId> {
        self.listed.by_name.get(name).copied()
    }

    /// The type with this id on the wire.
    pub fn find_wire(&self, wire: &str) -> Option<TypeId> {
        self.listed.by_wire.get(wire).copied()
    }

    /// The signature of a type.
    pub fn get(&self, id: TypeId) -> Option<&Arc<Signature>> {
        self.listed.signatures.get(id.index())
    }

    /// All types in the order added.
    pub fn iter(&self) -> impl Iterator<Item = (TypeId, &Arc<Signature>)> {
        self.listed
            .signatures
            .iter()
            .enumerate()
            .map(|(i, s)| (TypeId(u32::try_from(i).unwrap_or(u32::MAX)), s))
    }

    /// All names in text, sorted; for "did you mean".
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.listed.by_name.keys().map(|name| &**name)
    }
}
