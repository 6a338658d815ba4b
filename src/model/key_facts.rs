//! What a catalogue says of state keys: of which type they are, and which are secret.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    signature::{Scope, Secrecy, Signature},
    value::Type,
};

/// What the signatures of a catalogue say of state keys, whoever writes them.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyFacts {
    types: BTreeMap<(Scope, String), Type>,
    secret: BTreeSet<String>,
}

impl KeyFacts {
    pub(crate) fn of<'s>(signatures: impl Iterator<Item = &'s Signature> + Clone) -> Self {
        let mut facts = Self::default();
        for signature in signatures {
            for key in signature.reads.iter().chain(signature.writes.iter()) {
                if key.key == "*" || key.named_by.is_some() {
                    continue;
                }
                if key.secrecy == Secrecy::Secret {
                    facts.secret.insert(key.key.to_string());
                }
            }
            for key in signature.writes.iter() {
                if key.key == "*" || key.named_by.is_some() {
                    continue;
                }
                let scope = if key.scope == Scope::Any {
                    Scope::Shared
                } else {
                    key.scope
                };
                // Writers that disagree leave the type open.
                facts
                    .types
                    .entry((scope, key.key.to_string()))
                    .and_modify(|ty| {
                        if *ty != key.ty {
                            *ty = Type::Any;
                        }
                    })
                    .or_insert_with(|| key.ty.clone());
            }
        }
        facts.secret.insert("password".to_owned());
        facts
    }

    pub(crate) fn is_secret(&self, key: &str) -> bool {
        self.secret.contains(key)
    }

    pub(crate) fn type_of(&self, scope: Scope, key: &str) -> Type {
        if self.is_secret(key) {
            return Type::Secret;
        }
        self.types
            .get(&(scope, key.to_owned()))
            .cloned()
            .unwrap_or(Type::Any)
    }
}
