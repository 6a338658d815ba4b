//! Built-in types of which a performer may say how their nodes end.
//!
//! What an identity provider says comes in several steps, with a browser in between. A rehearsal says in one
//! word how such a node ends, as it does of a node outside, and the signature bounds what that may do.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::EffectReply,
        error::NodeError,
        node_type::{NodeType, Prepared, Setup},
    },
    model::{signature::Signature, value::Value},
    nodes::external::ExternalNode,
};

/// The types: what they do is asked by `Effect::Social`.
pub(crate) const STOOD_IN: &[&str] = &[
    "SelectIdP",
    "SocialProviderHandler",
    "SocialProviderHandlerNodeV2",
];

/// What a node of the other kind keeps on a visit once it was said how it ends.
const SAID: &str = "went";

/// A type with what stands in for it.
#[derive(Debug)]
pub(super) struct StoodIn {
    own: Arc<dyn NodeType>,
    other: ExternalNode,
}

impl StoodIn {
    pub(super) fn new(own: Arc<dyn NodeType>) -> Self {
        let other = ExternalNode::new(own.signature());
        Self { own, other }
    }
}

impl NodeType for StoodIn {
    fn signature(&self) -> Signature {
        self.own.signature()
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Either {
            own: self.own.prepare(setup)?,
            other: self.other.prepare(setup)?,
        }))
    }

    fn errors(&self) -> Vec<&'static str> {
        self.own.errors()
    }

    fn calls(&self) -> Vec<&'static str> {
        self.own.calls()
    }
}

#[derive(Debug)]
struct Either {
    own: Box<dyn Prepared>,
    other: Box<dyn Prepared>,
}

impl Prepared for Either {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        self.own.enter(cx)
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let said = match &reply {
            Reply::Effect(EffectReply::External(_)) => true,
            Reply::Effect(EffectReply::Identity(_)) => {
                matches!(cx.visit(), Some(Value::Map(map)) if map.contains_key(SAID))
            }
            _ => false,
        };
        if said {
            self.other.resume(cx, reply)
        } else {
            self.own.resume(cx, reply)
        }
    }
}
