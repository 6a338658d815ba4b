//! Who was proved when success is reached, and when the level rises.
//!
//! The memory of a run is what is proved of its subject: nothing, that a session was brought, or a factor.
//! An outcome that may write the name of the identity clears it; the factor that the same outcome proves
//! comes after. A session alone proves nobody. An error takes back what the failing node did, and nothing
//! before it.

use std::collections::BTreeMap;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        counterexample,
        explore::{Domain, Explored, Hit, Next, explore},
        flow::{Arc, Exit, Flow, Flows, Only, Raise, State, StateKind},
        space::{Instance, Space},
    },
    codes,
    model::{
        journey::{Journey, JourneyId},
        program::Program,
        signature::Factor,
    },
};

const NOTHING: u32 = 0;
const SESSION: u32 = 1;
const PROVED: u32 = 2;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// Success of the outermost journey without proof.
    AtSuccess,
    /// A raise of the level without proof.
    AtRaise,
}

impl Domain for Evidence {
    fn visit(&self, at: &Instance, _: u32, state: &State, memory: u32) -> Next {
        let success = at.outermost && state.kind == StateKind::Exit(Exit::Success);
        if *self == Self::AtSuccess && success && memory != PROVED {
            return Next::Hit;
        }
        Next::Go(memory)
    }

    fn leave(&self, _: &Instance, _: u32, arc: &Arc, memory: u32) -> Next {
        if arc.only == Only::Passing {
            return Next::Dead;
        }
        let kept = if arc.writes_identity { NOTHING } else { memory };
        let memory = match arc.proves {
            None => kept,
            Some(Factor::Session) => kept.max(SESSION),
            Some(
                Factor::Password
                | Factor::Otp
                | Factor::Device
                | Factor::Push
                | Factor::Federation
                | Factor::MailLink
                | Factor::Recovery
                | Factor::Certificate
                | Factor::Knowledge,
            ) => PROVED,
        };
        let raises = match arc.raise {
            Raise::By(by) => by > 0,
            Raise::Unknown => true,
        };
        if *self == Self::AtRaise && raises && memory != PROVED {
            return Next::HitAndGo(memory);
        }
        Next::Go(memory)
    }
}

/// Checks every journey that can be started by itself, and through it those it calls.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let mut raises: BTreeMap<(JourneyId, u32), Diagnostic> = BTreeMap::new();
    for journey in program
        .journeys
        .iter()
        .filter(|journey| !journey.settings.inner_only)
    {
        let space = Space::new(program, flows, journey.id, &[]);
        let start = Flow::of_node(journey.start);
        let explored = explore(&space, &Evidence::AtSuccess, start, NOTHING);
        unproved(&space, journey, &explored, diagnostics);
        let explored = explore(&space, &Evidence::AtRaise, start, NOTHING);
        raised(&space, &explored, &mut raises);
    }
    for (_, finding) in raises {
        diagnostics.push(finding);
    }
}

fn unproved(
    space: &Space<'_>,
    journey: &Journey,
    explored: &Explored,
    diagnostics: &mut Diagnostics,
) {
    let program = space.program;
    let (Some(root), Some(flow)) = (explored.tables.first(), space.flow(0)) else {
        return;
    };
    let mut nodes: BTreeMap<u32, Hit> = BTreeMap::new();
    for hit in root.hits.values() {
        let Some(state) = flow.state(hit.state) else {
            continue;
        };
        let known = nodes.entry(Flow::of_node(state.node)).or_insert(*hit);
        if hit.length < known.length {
            *known = *hit;
        }
    }
    for (id, hit) in nodes {
        let node = flow
            .state(id)
            .and_then(|state| journey.graph.node_weight(state.node));
        let Some(node) = node else { continue };
        let run = counterexample::of_hit(space, &Evidence::AtSuccess, explored, 0, hit);
        let finding = Diagnostic::new(
            codes::UNPROVED_SUCCESS,
            node.span,
            format!(
                "`{}` leads to success without a proof of who logs in",
                node.path
            ),
        )
        .help("let every way to it prove a factor of the person named last, or allow it here");
        diagnostics.push(run.tell(program, finding, "success is reached unproved by"));
    }
}

fn raised(
    space: &Space<'_>,
    explored: &Explored,
    found: &mut BTreeMap<(JourneyId, u32), Diagnostic>,
) {
    let program = space.program;
    for (id, table) in explored.tables.iter().enumerate() {
        let Some(flow) = space.flow(table.instance) else {
            continue;
        };
        for hit in table.hits.values() {
            let Some(state) = flow.state(hit.state) else {
                continue;
            };
            let key = (flow.journey, Flow::of_node(state.node));
            let node = program
                .journey(flow.journey)
                .and_then(|journey| journey.graph.node_weight(state.node));
            let (Some(node), false) = (node, found.contains_key(&key)) else {
                continue;
            };
            let run = counterexample::of_hit(space, &Evidence::AtRaise, explored, id, *hit);
            let finding = Diagnostic::new(
                codes::LEVEL_WITHOUT_PROOF,
                node.span,
                format!(
                    "`{}` raises the level on a way without any proof",
                    node.path
                ),
            )
            .help("raise the level only behind an outcome that proves a factor");
            let finding = run.tell(program, finding, "it is reached unproved by");
            found.insert(key, finding);
        }
    }
}
