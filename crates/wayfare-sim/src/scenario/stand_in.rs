//! Node types whose behaviour is not here, played by the tests.
//!
//! In: what a test says of a node, `reply NODE { outcome = "…" }`. Out: the reply of a node outside, which
//! [`ExternalNode`] takes for what the signature allows: it writes what the reply gives, raises the level,
//! and proves its factor of the user that the reply names.

use std::sync::Arc;

use wayfare::{
    EffectReply, ExternalNode, Program, Registry,
    engine::effect::{ExternalReply, Went},
    model::scenario,
};

/// What is said to a node of which a test says nothing.
pub(crate) const UNSAID: &str = "nothing says how this node ends";

/// The registry, and each type of the program that has no behaviour in it, as one that is outside; so are
/// scripts that are not registered.
pub fn registry(program: &Program, mut registry: Registry) -> Registry {
    registry.fill(program, |signature| {
        Some(ExternalNode::rehearsed(signature.clone()))
    });
    registry
}

/// What is said for a node outside.
pub(crate) fn reply(said: &scenario::StandIn) -> EffectReply {
    let writes = said.writes.iter();
    let went = Went {
        outcome: Arc::clone(&said.outcome),
        writes: writes
            .map(|(scope, key, value)| (scope.path(key), value.clone()))
            .collect(),
        user: said.user.clone(),
        memory: None,
    };
    EffectReply::External(Box::new(match &said.suspends {
        None => ExternalReply::Went(went),
        Some(text) => ExternalReply::Waits {
            text: text.to_string(),
            within: None,
            link: false,
            memory: None,
            then: Some(went),
        },
    }))
}
