//! Programs changed without text.
//!
//! In: a program that passed every check, and a changed copy of it. Out: the copy as a checked program,
//! where it is of the same shape and no finding refuses it. Of the same shape means: the same nodes of the
//! same types with the same settings, values of the same kinds, and an arrow for each outcome that had
//! one; what the passes before the proofs have made sure of then still holds.

use std::{collections::BTreeSet, mem::discriminant, sync::Arc};

use petgraph::graph::NodeIndex;

use crate::{
    Code, Diagnostic, Severity,
    analysis::findings,
    codes,
    model::{
        journey::{Allow, Journey, Node, NodeKind, On, SettingValue, Task},
        program::{Program, Valid},
    },
};

/// Checks a changed copy of a program, for tools that look at what small changes do.
///
/// Findings with one of the codes `besides` are passed over, as are those that an `allow` line of the
/// copy covers and those of the program itself.
///
/// # Errors
/// The code of the first finding that refuses the copy; `unwired_outcome` where it is of another shape.
pub fn accept(
    original: &Valid<Program>,
    changed: Program,
    besides: &[Code],
) -> Result<Valid<Program>, Code> {
    if !is_alike(original, &changed) {
        return Err(codes::UNWIRED_OUTCOME);
    }
    let key = |finding: &Diagnostic| (finding.code.word, finding.span);
    let known: BTreeSet<_> = findings(original)
        .iter()
        .filter(|finding| finding.code.allowable)
        .map(key)
        .collect();
    for finding in &findings(&changed) {
        let excused = besides.iter().any(|code| code.word == finding.code.word)
            || known.contains(&key(finding))
            || finding.code.allowable && is_allowed(&changed, finding);
        if finding.severity == Severity::Error && !excused {
            return Err(finding.code);
        }
    }
    Ok(Valid::assume(changed))
}

/// Checks a program that was refused as though an `allow` line stood wherever one may stand, for tools
/// that play in a world of their own what the checks speak of. Nothing that serves anybody calls it.
///
/// # Errors
/// The code of the first finding that no `allow` line can cover.
pub fn overlook(refused: Program) -> Result<Valid<Program>, Code> {
    let all = findings(&refused);
    let mut fixed = all
        .iter()
        .filter(|finding| finding.severity == Severity::Error && !finding.code.allowable);
    match fixed.next() {
        Some(finding) => Err(finding.code),
        None => Ok(Valid::assume(refused)),
    }
}

/// Whether an `allow` line at the item that a finding speaks of covers it.
fn is_allowed(program: &Program, finding: &Diagnostic) -> bool {
    let covers = |allows: &[Allow]| {
        let mut codes = allows.iter().flat_map(|allow| &allow.codes);
        codes.any(|(code, _)| **code == *finding.code.word)
    };
    program.journeys.iter().any(|journey| {
        let mut nodes = journey.graph.node_weights();
        let at_node = |node: &Node| speaks_of(node, finding);
        let here = journey.span == finding.span
            || journey
                .ensures
                .iter()
                .any(|ensure| ensure.span == finding.span);
        match nodes.find(|node| at_node(node)) {
            Some(node) => covers(&node.allows) || covers(&journey.allows),
            None => here && covers(&journey.allows),
        }
    })
}

fn speaks_of(node: &Node, finding: &Diagnostic) -> bool {
    let child = match &node.kind {
        NodeKind::Page(page) => page.children.iter().any(|child| child.span == finding.span),
        NodeKind::Task(_)
        | NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => false,
    };
    node.span == finding.span || child
}

fn is_alike(one: &Program, other: &Program) -> bool {
    let same = Arc::ptr_eq(&one.catalog, &other.catalog)
        && one.keys == other.keys
        && one.by_name == other.by_name
        && one.by_wire_name == other.by_wire_name
        && one.journeys.len() == other.journeys.len();
    let mut journeys = one.journeys.iter().zip(&other.journeys);
    same && journeys.all(|(one, other)| is_alike_journey(one, other))
}

fn is_alike_journey(one: &Journey, other: &Journey) -> bool {
    let ends = |journey: &Journey| (journey.success, journey.failure, journey.loose_end);
    let same = one.id == other.id
        && ends(one) == ends(other)
        && one.graph.node_count() == other.graph.node_count()
        && other.graph.node_weight(other.start).is_some()
        && one.ensures == other.ensures;
    let mut nodes = one.graph.node_indices().map(|index| {
        let weights = one
            .graph
            .node_weight(index)
            .zip(other.graph.node_weight(index));
        weights.is_some_and(|(one, other)| is_alike_node(one, other))
            && arrows(one, index) == arrows(other, index)
    });
    same && nodes.all(|alike| alike)
}

fn arrows(journey: &Journey, node: NodeIndex<u32>) -> Vec<On> {
    let mut arrows: Vec<On> = journey
        .graph
        .edges(node)
        .map(|edge| edge.weight().on)
        .collect();
    arrows.sort_unstable();
    arrows
}

fn is_alike_node(one: &Node, other: &Node) -> bool {
    let kinds = match (&one.kind, &other.kind) {
        (NodeKind::Task(one), NodeKind::Task(other)) => is_alike_task(one, other),
        (NodeKind::Page(one), NodeKind::Page(other)) => {
            let mut children = one.children.iter().zip(&other.children);
            one.version == other.version
                && one.children.len() == other.children.len()
                && children.all(|(one, other)| {
                    one.outcomes == other.outcomes && is_alike_task(&one.task, &other.task)
                })
        }
        (NodeKind::Decision(one), NodeKind::Decision(other)) => {
            let mut arms = one.iter().zip(other);
            one.len() == other.len()
                && arms.all(|(one, other)| one.condition.is_some() == other.condition.is_some())
        }
        (NodeKind::Inner(one), NodeKind::Inner(other)) => one == other,
        (one, other) => discriminant(one) == discriminant(other),
    };
    kinds && one.path == other.path && one.outcomes == other.outcomes
}

fn is_alike_task(one: &Task, other: &Task) -> bool {
    let mut settings = one.settings.iter().zip(&other.settings);
    let same = one.ty == other.ty
        && one.version == other.version
        && one.settings.len() == other.settings.len();
    same && settings.all(|((key, one), (other_key, other))| {
        let values = match (one, other) {
            (SettingValue::Constant(one), SettingValue::Constant(other)) => {
                discriminant(one) == discriminant(other)
            }
            (one, other) => one == other,
        };
        key == other_key && values
    })
}
