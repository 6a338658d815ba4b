//! The uses of journeys in one journey, and what of them states must tell apart.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::graph::NodeIndex;
use wayfare::{
    AuthLevel, Factor, Program,
    model::{
        address::Addresses,
        expr::KeyId,
        journey::{Journey, JourneyId, Node, NodeKind, Task},
        signature::LevelChange,
    },
};

use crate::explore::{
    ExploreError, guard,
    outcome::{constant_int, keeps_codes, limit_of},
    watch,
};

/// How many places a journey may have with all inner journeys in it.
const PLACES_MAX: usize = 1 << 22;
/// How deep journeys may stand in each other.
pub(super) const DEPTH_MAX: usize = 64;

/// One use of a journey: the journey itself, or an inner one at one call.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) journey: JourneyId,
    pub(super) calls: Vec<(JourneyId, NodeIndex<u32>)>,
    pub(super) caller: Option<usize>,
    pub(super) base: usize,
    pub(super) path: String,
}

pub(super) type CountKey = (JourneyId, NodeIndex<u32>, u16);

pub(super) fn node_count(program: &Program, journey: JourneyId) -> usize {
    program
        .journey(journey)
        .map_or(0, |journey| journey.graph.node_count())
}

/// The journey and every inner journey, once for each way it is called.
pub(super) fn frames(program: &Program, root: &Journey) -> Result<Vec<Frame>, ExploreError> {
    let first = Frame {
        journey: root.id,
        calls: Vec::new(),
        caller: None,
        base: 0,
        path: String::new(),
    };
    let mut frames = vec![first];
    let mut size = root.graph.node_count();
    let mut next = 0;
    while let Some(frame) = frames.get(next) {
        let (id, calls, path) = (frame.journey, frame.calls.clone(), frame.path.clone());
        let Some(journey) = program.journey(id) else {
            break;
        };
        for node in journey.graph.node_indices() {
            let Some(Node {
                kind: NodeKind::Inner(inner),
                path: name,
                ..
            }) = journey.graph.node_weight(node)
            else {
                continue;
            };
            let mut calls = calls.clone();
            calls.push((id, node));
            if calls.len() >= DEPTH_MAX {
                return Err(ExploreError::TooLarge);
            }
            frames.push(Frame {
                journey: *inner,
                calls,
                caller: Some(next),
                base: size,
                path: format!("{path}{name}."),
            });
            size += node_count(program, *inner);
            if size > PLACES_MAX {
                return Err(ExploreError::TooLarge);
            }
        }
        next += 1;
    }
    Ok(frames)
}

/// What of a program states must tell apart.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) counts: BTreeMap<CountKey, u32>,
    pub(super) keys: Vec<KeyId>,
    pub(super) factors: Vec<Factor>,
    pub(super) codes: bool,
    pub(super) addresses: Addresses,
    pub(super) locks: bool,
    pub(super) ceiling: u32,
}

/// The tasks of a node, with the number of the child.
pub(super) fn tasks(node: &Node) -> Vec<(u16, &Task, &[Arc<str>])> {
    match &node.kind {
        NodeKind::Task(task) => vec![(0, task, &node.outcomes)],
        NodeKind::Page(page) => (0..)
            .zip(&page.children)
            .map(|(at, child)| (at, &child.task, child.outcomes.as_slice()))
            .collect(),
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => Vec::new(),
    }
}

pub(super) fn facts(program: &Program, frames: &[Frame], root: &Journey) -> Facts {
    let (mut keys, level) = watch::spoken_of(root);
    let claim = root.settings.level.map_or(0, AuthLevel::number);
    let mut facts = Facts {
        codes: true,
        addresses: Addresses::new(
            &program.catalog,
            frames
                .iter()
                .filter_map(|frame| program.journey(frame.journey)),
        ),
        ceiling: level.max(claim),
        ..Facts::default()
    };
    let mut falls = false;
    for frame in frames {
        let Some(journey) = program.journey(frame.journey) else {
            continue;
        };
        for (index, node) in journey
            .graph
            .node_indices()
            .zip(journey.graph.node_weights())
        {
            if let NodeKind::Decision(arms) = &node.kind {
                facts.ceiling = facts.ceiling.max(guard::spoken_of(arms, &mut keys));
            }
            for (child, task, outcomes) in tasks(node) {
                let Some(signature) = program.catalog.get(task.ty) else {
                    continue;
                };
                if let Some(most) = limit_of(task, signature) {
                    facts.counts.insert((frame.journey, index, child), most);
                }
                facts.codes &= keeps_codes(task, signature);
                facts.locks |=
                    matches!(&*signature.name, "AccountLockout" | "AccountActiveDecision");
                let setting = |key: &str| {
                    task.settings
                        .iter()
                        .find(|(name, _)| &**name == key)
                        .map(|(_, value)| value)
                };
                for name in outcomes {
                    facts.factors.extend(signature.proves(name, setting));
                }
                for known in signature.facts.iter() {
                    let bounds = known.level_at_least.iter().chain(&known.level_below);
                    let numbers = bounds.filter_map(|key| constant_int(task, key));
                    let greatest = numbers.max().unwrap_or(0).clamp(0, i64::from(i32::MAX));
                    facts.ceiling = facts.ceiling.max(u32::try_from(greatest).unwrap_or(0));
                    falls |= match &known.level {
                        LevelChange::None => false,
                        LevelChange::By(by) => *by < 0,
                        LevelChange::BySetting(key) => {
                            constant_int(task, key).is_some_and(|by| by < 0)
                        }
                    };
                }
            }
        }
    }
    // Levels above every number that is compared are one level, where no level falls.
    let greatest = i32::MAX.unsigned_abs();
    facts.ceiling = if falls {
        greatest
    } else {
        facts.ceiling.saturating_add(1).min(greatest)
    };
    keys.sort_unstable();
    keys.dedup();
    facts.keys = keys;
    facts.factors.sort_unstable();
    facts.factors.dedup();
    facts
}
