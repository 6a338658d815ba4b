//! How often one run may try a secret.
//!
//! A secret is known by the factor that comparing it proves, or by its type where it proves none.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    analysis::{
        counterexample::Counterexample,
        flow::Flow,
        space::{Mark, Space},
        summary::Summaries,
        visits::{Unfolded, count::Greatest},
    },
    model::{
        catalog::TypeId,
        journey::{Journey, JourneyId, NodeKind},
        program::Program,
        property::{Place, PlaceKind},
        signature::{Known, Signature},
    },
};

/// The most tries of a secret in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Most {
    /// This many.
    Times(u64),
    /// There is no bound, or none that can be shown.
    Unbounded,
}

/// By secret, the most tries in one run.
pub(crate) type Secrets = BTreeMap<Arc<str>, Most>;

/// The secrets that runs of a journey may try.
pub(super) fn of(all: &Summaries<'_>, journey: &Journey) -> Secrets {
    types(all.program, journey)
        .into_iter()
        .map(|(secret, types)| {
            let (space, start) = marked(all, journey, &types);
            let greatest = Unfolded::new(&space, start).map(|all| all.greatest(0));
            let most = match greatest {
                Some(Greatest::AtMost(times)) => Most::Times(times),
                Some(Greatest::Unbounded | Greatest::Unsure) | None => Most::Unbounded,
            };
            (secret, most)
        })
        .collect()
}

/// A shortest run that tries a secret more often than this.
pub(super) fn run_beyond(
    all: &Summaries<'_>,
    journey: &Journey,
    secret: &str,
    tries: u64,
) -> Option<Counterexample> {
    let types = types(all.program, journey);
    let (space, start) = marked(all, journey, types.get(secret)?);
    Unfolded::new(&space, start)?.shortest(&space, tries)
}

fn marked<'s>(
    all: &'s Summaries<'_>,
    journey: &Journey,
    types: &BTreeSet<TypeId>,
) -> (Space<'s>, u32) {
    let mut space = all.space(journey);
    for ty in types {
        let place = Place {
            text: Arc::from(""),
            kind: PlaceKind::Any(*ty, None),
            span: journey.span,
        };
        space.mark(&place, Mark::GOAL);
    }
    (space, Flow::of_node(journey.start))
}

/// The types that compare a secret, in the journeys that a run may be in.
fn types(program: &Program, journey: &Journey) -> BTreeMap<Arc<str>, BTreeSet<TypeId>> {
    let mut found: BTreeMap<Arc<str>, BTreeSet<TypeId>> = BTreeMap::new();
    let mut seen: BTreeSet<JourneyId> = BTreeSet::from([journey.id]);
    let mut open = vec![journey.id];
    while let Some(id) = open.pop() {
        for node in program
            .journey(id)
            .into_iter()
            .flat_map(|j| j.graph.node_weights())
        {
            let tasks = match &node.kind {
                NodeKind::Task(task) => vec![task.ty],
                NodeKind::Page(page) => page.children.iter().map(|child| child.task.ty).collect(),
                NodeKind::Inner(inner) => {
                    if seen.insert(*inner) {
                        open.push(*inner);
                    }
                    continue;
                }
                NodeKind::Decision(_)
                | NodeKind::Success
                | NodeKind::Failure
                | NodeKind::LooseEnd => continue,
            };
            for ty in tasks {
                if let Some(secret) = program.catalog.get(ty).and_then(|s| secret_of(s)) {
                    let kind = program.catalog.kind(ty);
                    found.entry(secret).or_default().insert(kind);
                }
            }
        }
    }
    found
}

fn secret_of(signature: &Signature) -> Option<Arc<str>> {
    if signature.verifies == Known::Is(false) {
        return None;
    }
    let factor = signature.facts.iter().find_map(|facts| facts.proves);
    Some(factor.map_or_else(
        || Arc::from(&*signature.name),
        |factor| Arc::from(factor.word()),
    ))
}
