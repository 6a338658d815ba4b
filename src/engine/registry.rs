//! Behaviours by the name of their node type.
//!
//! A registry is what an embedder adds node types to. The compiler sees the signatures alone, through
//! [`Registry::catalog`]; [`Engine::link`](crate::Engine::link) joins the behaviours to a checked
//! program. Signatures of types without a behaviour stand in the standard catalogue: journeys that use
//! them compile and are refused when linked.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    catalogue,
    engine::node_type::NodeType,
    model::{
        catalog::{Catalog, DuplicateType},
        signature::Signature,
    },
    nodes,
};

/// The node types that a program may use, with their behaviours.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    types: BTreeMap<Arc<str>, Entry>,
    /// Names in the order added, so that catalogues come out the same every time.
    order: Vec<Arc<str>>,
}

#[derive(Debug, Clone)]
struct Entry {
    ty: Arc<dyn NodeType>,
    signature: Signature,
}

impl Registry {
    /// A registry without any type.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The built-in types.
    pub fn standard() -> Self {
        let mut registry = Self::default();
        for ty in nodes::standard() {
            let signature = ty.signature();
            // The table of built-in types names each once; a second one would be unreachable.
            let _ = registry.insert(ty, signature);
        }
        registry
    }

    /// Adds a type of one's own.
    ///
    /// # Errors
    /// A type of this name is there already.
    pub fn add(&mut self, ty: impl NodeType) -> Result<&mut Self, DuplicateType> {
        let signature = ty.signature();
        self.insert(Arc::new(ty), signature)?;
        Ok(self)
    }

    fn insert(&mut self, ty: Arc<dyn NodeType>, signature: Signature) -> Result<(), DuplicateType> {
        let name: Arc<str> = Arc::from(&*signature.name);
        if self.types.contains_key(&name) {
            return Err(DuplicateType(name.to_string()));
        }
        self.order.push(Arc::clone(&name));
        self.types.insert(name, Entry { ty, signature });
        Ok(())
    }

    /// What a compiler needs to know: every product type, and every type added here.
    pub fn catalog(&self) -> Catalog {
        let mut catalog = catalogue::standard();
        for name in &self.order {
            let Some(entry) = self.types.get(name) else {
                continue;
            };
            if catalog.find(name).is_none() {
                // A clash of wire ids leaves the earlier type in place.
                let _ = catalog.add(entry.signature.clone());
            }
        }
        catalog
    }

    /// The names of the types that have a behaviour, in order.
    pub fn built(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(|name| &**name)
    }

    /// The behaviour of the type with this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<dyn NodeType>> {
        self.types.get(name).map(|entry| &entry.ty)
    }
}
