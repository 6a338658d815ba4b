//! Nodes that nothing leads to, journeys without a way to success, declared loose ends.
//!
//! One mistake gives one finding: of nodes that stand behind each other with nothing leading to any of
//! them, only the first is named.

use std::collections::BTreeSet;

use petgraph::{Direction, graph::NodeIndex, visit::EdgeRef};

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        component::Arcs,
        flow::{Exit, Flow, Flows},
    },
    codes,
    model::{
        journey::{Journey, JourneyId, NodeKind, On},
        program::Program,
    },
    source::Span,
};

/// Finds all three in every journey.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    for journey in &program.journeys {
        unreachable(journey, diagnostics);
        loose_ends(journey, diagnostics);
    }
    no_success(program, flows, diagnostics);
}

fn is_end(kind: &NodeKind) -> bool {
    match kind {
        NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => true,
        NodeKind::Task(_) | NodeKind::Decision(_) | NodeKind::Page(_) | NodeKind::Inner(_) => false,
    }
}

fn arcs_of(journey: &Journey) -> Arcs {
    let arcs: Vec<(u32, u32)> = journey
        .graph
        .edge_references()
        .map(|edge| (Flow::of_node(edge.source()), Flow::of_node(edge.target())))
        .collect();
    Arcs::new(journey.graph.node_count(), &arcs)
}

fn unreachable(journey: &Journey, diagnostics: &mut Diagnostics) {
    let arcs = arcs_of(journey);
    let reached = arcs.reach([Flow::of_node(journey.start)]);
    let is_reached = |node: NodeIndex<u32>| reached.get(node.index()).copied().unwrap_or(true);
    if journey.graph.node_indices().all(is_reached) {
        return;
    }
    let components = arcs.components();
    let component = |node: NodeIndex<u32>| components.get(node.index()).copied().unwrap_or(0);
    // A component that another unreached one leads to is a consequence of that one.
    let led_to: BTreeSet<u32> = journey
        .graph
        .edge_references()
        .filter(|edge| !is_reached(edge.source()))
        .filter(|edge| component(edge.source()) != component(edge.target()))
        .map(|edge| component(edge.target()))
        .collect();
    let mut told = BTreeSet::new();
    let mut spans: BTreeSet<Span> = BTreeSet::new();
    for index in journey
        .graph
        .node_indices()
        .filter(|index| !is_reached(*index))
    {
        let Some(node) = journey.graph.node_weight(index) else {
            continue;
        };
        let group = component(index);
        if is_end(&node.kind)
            || led_to.contains(&group)
            || !told.insert(group)
            || !spans.insert(node.span)
        {
            continue;
        }
        let mut finding = Diagnostic::new(
            codes::UNREACHABLE,
            node.span,
            format!("nothing leads to `{}`", node.path),
        )
        .label(journey.span, format!("`{}` starts elsewhere", journey.name))
        .help(format!("point an arrow to `{}`, or remove it", node.path));
        let behind = arcs.reach([Flow::of_node(index)]);
        let behind = journey
            .graph
            .node_indices()
            .filter(|other| *other != index && !is_reached(*other))
            .filter(|other| behind.get(other.index()) == Some(&true))
            .filter_map(|other| journey.graph.node_weight(other))
            .filter(|other| !is_end(&other.kind))
            .count();
        match behind {
            0 => {}
            1 => finding = finding.note("one more node is reached from here only"),
            more => finding = finding.note(format!("{more} more nodes are reached from here only")),
        }
        diagnostics.push(finding);
    }
}

fn loose_ends(journey: &Journey, diagnostics: &mut Diagnostics) {
    let mut told: BTreeSet<Span> = BTreeSet::new();
    for edge in journey
        .graph
        .edges_directed(journey.loose_end, Direction::Incoming)
    {
        let Some(node) = journey.graph.node_weight(edge.source()) else {
            continue;
        };
        if !told.insert(edge.weight().span) {
            continue;
        }
        let from = match edge.weight().on {
            On::Error => format!("an error in `{}`", node.path),
            On::Outcome(outcome) => match node.outcomes.get(outcome.index()) {
                Some(name) if node.outcomes.len() > 1 => {
                    format!("outcome `{name}` of `{}`", node.path)
                }
                Some(_) | None => format!("`{}`", node.path),
            },
        };
        let finding = Diagnostic::new(
            codes::LOOSE_END,
            edge.weight().span,
            format!("{from} is declared to lead nowhere"),
        )
        .label(node.span, "this node")
        .note("a run that comes here fails at once");
        diagnostics.push(finding);
    }
}

fn no_success(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let never: BTreeSet<JourneyId> = flows
        .order
        .iter()
        .filter(|id| {
            flows
                .ends
                .get(id.index())
                .is_some_and(|ends| !ends.has(Exit::Success))
        })
        .copied()
        .collect();
    for id in &never {
        let (Some(flow), Some(journey)) = (flows.get(*id), program.journey(*id)) else {
            continue;
        };
        let arcs = arcs_of(journey);
        let written = arcs.reach([Flow::of_node(journey.start)]);
        let drawn = written.get(journey.success.index()) == Some(&true);
        let cause = flow
            .calls()
            .filter(|(state, inner)| {
                written.get(*state as usize) == Some(&true) && never.contains(inner)
            })
            .find_map(|(state, inner)| Some((flow.state(state)?.node, program.journey(inner)?)));
        // Where only an inner journey is to blame and is told so, the caller need not be.
        if drawn && cause.is_some_and(|(_, inner)| !allows_no_success(inner)) {
            continue;
        }
        let mut finding = Diagnostic::new(
            codes::NO_SUCCESS,
            journey.span,
            format!("no way through `{}` ends in success", journey.name),
        );
        if let Some((node, inner)) = cause
            && let Some(node) = journey.graph.node_weight(node)
        {
            finding = finding.label(node.span, format!("`{}` never ends in success", inner.name));
        }
        finding = finding.help("point an arrow to `success`, or say why there is none: `allow no_success because \"…\"`");
        diagnostics.push(finding);
    }
}

fn allows_no_success(journey: &Journey) -> bool {
    let word = codes::NO_SUCCESS.word;
    journey
        .allows
        .iter()
        .any(|allow| allow.codes.iter().any(|(code, _)| &**code == word))
}
