//! What a stranger sees at a state.

use crate::{
    analysis::faces::world::Thing,
    model::{
        catalog::Catalog,
        journey::{Guard, Node, NodeKind, Task},
        program::Program,
        signature::Known,
    },
};

/// Types that ask nothing and yet are seen: what they write stands in the answer that refuses a login.
const SEEN: &[&str] = &[
    "SetErrorDetails",
    "SetFailureDetails",
    "SetFailureUrl",
    "SetCustomCookie",
];

/// What is seen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Label<'a> {
    /// Nothing.
    Silent,
    /// The login succeeds, or is refused.
    End(bool),
    /// A question, a wait or a part of an answer.
    Shown(&'a Node),
}

/// What is seen at the first state of a node.
pub(super) fn of_node<'a>(program: &Program, node: &'a Node) -> Label<'a> {
    let seen = match &node.kind {
        NodeKind::Task(task) => is_seen(&program.catalog, task),
        NodeKind::Page(_) => true,
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => false,
    };
    if seen {
        Label::Shown(node)
    } else {
        Label::Silent
    }
}

fn is_seen(catalog: &Catalog, task: &Task) -> bool {
    let Some(signature) = catalog.get(task.ty) else {
        return true;
    };
    let stops = signature.asks != Known::Is(false) || signature.suspends != Known::Is(false);
    stops || SEEN.contains(&&*signature.name)
}

/// Whether two labels look alike; what they show of the state apart.
pub(super) fn alike(left: Label<'_>, right: Label<'_>) -> bool {
    match (left, right) {
        (Label::Silent, Label::Silent) => true,
        (Label::End(left), Label::End(right)) => left == right,
        (Label::Shown(left), Label::Shown(right)) => same_nodes(left, right),
        (Label::Silent | Label::End(_) | Label::Shown(..), _) => false,
    }
}

fn same_nodes(left: &Node, right: &Node) -> bool {
    if std::ptr::eq(left, right) {
        return true;
    }
    let kinds = match (&left.kind, &right.kind) {
        (NodeKind::Task(left), NodeKind::Task(right)) => left == right,
        (NodeKind::Page(left), NodeKind::Page(right)) => {
            let heads = left.header == right.header
                && left.description == right.description
                && left.stage == right.stage
                && left.version == right.version
                && left.children.len() == right.children.len();
            heads
                && left.children.iter().zip(&right.children).all(|(l, r)| {
                    // Names of children are not shown.
                    l.task == r.task && l.outcomes.len() == r.outcomes.len()
                })
        }
        _ => false,
    };
    kinds && left.outcomes == right.outcomes
}

/// Whether two silent states choose their way alike.
pub(super) fn same_choice(left: Thing<'_>, right: Thing<'_>) -> bool {
    match (left, right) {
        (Thing::Task(left, of_left), Thing::Task(right, of_right)) => {
            left == right && of_left == of_right
        }
        (Thing::Decision(left), Thing::Decision(right)) => {
            let same = |(l, r): (&Guard, &Guard)| l.name == r.name && l.condition == r.condition;
            left.len() == right.len() && left.iter().zip(right).all(same)
        }
        _ => false,
    }
}
