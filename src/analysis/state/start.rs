//! Where runs begin, and what shared state holds there.
//!
//! A run begins with nothing in its state but what the engine puts there. A journey that only a
//! transaction starts may find anything in shared state, and so may one that a policy wants for a
//! transaction: whoever asked for the transaction put it there. An embedder who starts other journeys with
//! data of its own says so by an `allow` in them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    analysis::{
        flow::{Flow, Flows},
        state::memory::{self, Memory},
    },
    model::{journey::JourneyId, policy::Requirement, program::Program},
};

/// The keys that the engine, the wire or a session reads or writes.
const ENGINE: &[&str] = &[
    "username",
    "realm",
    "authLevel",
    "targetAuthLevel",
    "successUrl",
    "failureUrl",
    "errorNode",
    "errorMessage",
    "NodeType",
    "maxAuthenticationSessionDuration",
    "pageNodeCallbacks",
];

/// Whether someone besides the nodes of a journey may read a key.
pub(super) fn is_read_by_engine(name: &str) -> bool {
    ENGINE.contains(&name)
}

/// Whether the engine itself may have written a key.
pub(super) fn is_written_by_engine(name: &str) -> bool {
    name != "username" && ENGINE.contains(&name)
}

/// The journeys that can be started by themselves, each with the memory of every key.
pub(super) fn roots(program: &Program) -> BTreeMap<JourneyId, Memory> {
    let wanted: BTreeSet<JourneyId> = program
        .policies
        .iter()
        .flat_map(|policy| &policy.requirements)
        .filter_map(|requirement| match requirement {
            Requirement::Transaction(name) => program.by_wire_name.get(name).copied(),
            _ => None,
        })
        .collect();
    program
        .journeys
        .iter()
        .filter(|journey| journey.settings.enabled && !journey.settings.inner_only)
        .map(|journey| {
            let given = journey.settings.transactional_only || wanted.contains(&journey.id);
            (
                journey.id,
                if given {
                    memory::SHARED
                } else {
                    memory::NOTHING
                },
            )
        })
        .collect()
}

/// How many journeys are tried as the one that a run begins in.
const TRIED_MAX: usize = 16;

/// The journeys among the roots from which a journey can be entered, itself first.
pub(super) fn leading_to(
    flows: &Flows,
    roots: &BTreeMap<JourneyId, Memory>,
    to: JourneyId,
) -> Vec<(JourneyId, Memory)> {
    let mut found = BTreeSet::from([to]);
    // Callers stand behind those they call.
    for id in &flows.order {
        let mut calls = flows.get(*id).into_iter().flat_map(Flow::calls);
        if calls.any(|(_, inner)| found.contains(&inner)) {
            found.insert(*id);
        }
    }
    let own = roots.get(&to).map(|memory| (to, *memory));
    let others = found.iter().filter(|id| **id != to);
    let others = others.filter_map(|id| roots.get(id).map(|memory| (*id, *memory)));
    own.into_iter().chain(others).take(TRIED_MAX).collect()
}
