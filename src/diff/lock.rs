//! Arrows that lead to where the account is locked.
//!
//! From a node the account is locked for certain if it is a lock, or if every arrow of it leads to where
//! that is so. An arrow into such nodes from outside of them is where a run is locked; it is compared with
//! the same arrow on the other side.

use std::collections::BTreeSet;

use super::{Direction, Found, Topic, graph::Graph, side::Side, walk::Walked};
use crate::model::{
    journey::{Journey, JourneyId, NodeKind, On, SettingValue, Task},
    program::Program,
    signature::Preset,
    value::Value,
};

/// Compares where a journey locks.
pub(super) fn both(
    old: &Side<'_>,
    new: &Side<'_>,
    graphs: (&Graph<'_>, &Graph<'_>),
    walked: &Walked,
    found: &mut Found,
) {
    let is = |side: &Side<'_>, journey: JourneyId, at: u32| {
        let nodes = side.locks.get(journey.index());
        nodes.and_then(|nodes| nodes.get(at as usize)) == Some(&true)
    };
    let before = |at: u32| is(old, graphs.0.journey.id, at);
    let after = |at: u32| is(new, graphs.1.journey.id, at);
    let mut told = BTreeSet::new();
    for (number, pair) in walked.pairs.iter().enumerate() {
        let (Some(a), Some(b)) = (graphs.0.spot(pair.nodes.0), graphs.1.spot(pair.nodes.1)) else {
            continue;
        };
        // Where both lock, or come only to where one does, the arrow before has told it.
        if before(pair.nodes.0) || after(pair.nodes.1) {
            continue;
        }
        for (way, (to, on)) in &a.ways {
            let Some((there, on_there)) = b.ways.get(way) else {
                continue;
            };
            let (was, is) = (before(*to), after(*there));
            if was == is || !told.insert((b.name.clone(), way.clone())) {
                continue;
            }
            let name = if *on == On::Error {
                format!("an error in `{}`", b.name)
            } else {
                format!("`{}.{way}`", b.name)
            };
            let (direction, message, graph, on) = if was {
                let message = format!("{name} does not lock the account any more");
                (Direction::Weaker, message, graphs.1, on_there)
            } else {
                let message = format!("{name} locks the account now");
                (Direction::Stronger, message, graphs.0, on)
            };
            let shown = walked.run_to(graph, !was, Some(number), Some(*on));
            found.shown(
                direction,
                Topic::Lock,
                message,
                (graph.program, shown.as_ref()),
            );
        }
    }
}

/// By journey and node, whether from there the account is locked for certain.
pub(super) fn of(program: &Program, order: &[JourneyId]) -> Vec<Vec<bool>> {
    let mut all: Vec<Vec<bool>> = vec![Vec::new(); program.journeys.len()];
    for id in order {
        let Some(journey) = program.journey(*id) else {
            continue;
        };
        let locks = within(program, journey, &all);
        if let Some(place) = all.get_mut(id.index()) {
            *place = locks;
        }
    }
    all
}

fn within(program: &Program, journey: &Journey, inner: &[Vec<bool>]) -> Vec<bool> {
    let graph = &journey.graph;
    let mut locks = vec![false; graph.node_count()];
    // How many arrows of each node lead to where nothing is known yet.
    let mut left: Vec<usize> = graph
        .node_indices()
        .map(|at| graph.edges(at).count())
        .collect();
    let mut open = Vec::new();
    for (at, node) in graph.node_indices().zip(graph.node_weights()) {
        let is = match &node.kind {
            NodeKind::Task(task) => is_lock(program, task),
            NodeKind::Inner(id) => {
                let start = program.journey(*id).map(|journey| journey.start.index());
                let nodes = inner.get(id.index()).zip(start);
                nodes.and_then(|(nodes, start)| nodes.get(start)) == Some(&true)
            }
            NodeKind::Page(_)
            | NodeKind::Decision(_)
            | NodeKind::Success
            | NodeKind::Failure
            | NodeKind::LooseEnd => false,
        };
        if is {
            open.push(at);
        }
    }
    while let Some(at) = open.pop() {
        match locks.get_mut(at.index()) {
            Some(known) if !*known => *known = true,
            _ => continue,
        }
        for from in graph.neighbors_directed(at, petgraph::Direction::Incoming) {
            if let Some(left) = left.get_mut(from.index()) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    open.push(from);
                }
            }
        }
    }
    locks
}

/// Whether a node locks the account: its setting says so.
fn is_lock(program: &Program, task: &Task) -> bool {
    const KEY: &str = "lockAction";
    let set = task.settings.iter().find(|(key, _)| &**key == KEY);
    match set {
        Some((_, SettingValue::Constant(Value::Text(word)))) => &**word == "LOCK",
        Some(_) => false,
        None => {
            let setting = program.catalog.get(task.ty).and_then(|s| s.setting(KEY));
            setting.is_some_and(|s| matches!(&s.default, Preset::Text(word) if word == "LOCK"))
        }
    }
}
