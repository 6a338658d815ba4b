//! Who is named when success is reached, and who was proved before.
//!
//! In: an exploration that found success behind a proof that another name has dropped. Out: one finding
//! for each node that names the other person. Runs on which nobody was ever proved are the business of
//! `unproved_success`; a run belongs to one of the two.

use std::collections::BTreeMap;

use petgraph::{graph::NodeIndex, visit::EdgeRef};

use crate::{
    Diagnostic, Span,
    analysis::{
        counterexample::{CounterStep, Counterexample, on_of},
        explore::{Hit, HitPlace},
        flow::{Arc, Flow, Flows, Leave},
        proof::{Memory, tell},
        starts::Starts,
    },
    codes,
    model::{
        journey::{Journey, JourneyId, NodeKind, On},
        program::Program,
        signature::Challenge,
    },
};

/// A node of a run, or a child of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stand {
    journey: JourneyId,
    node: NodeIndex<u32>,
    child: u16,
}

/// What a run did to the identity, last.
#[derive(Debug, Clone, Copy, Default)]
struct Swap {
    /// Who was named then was proved here.
    proved: Option<Stand>,
    /// A code was made here.
    made: Option<Stand>,
    /// Another person was named here: after the proof, and after the code.
    after_proof: Option<Stand>,
    after_code: Option<Stand>,
    /// Whether the swap is one of the code, which was answered.
    of_code: bool,
}

impl Swap {
    fn of(flows: &Flows, run: &Counterexample) -> Self {
        let mut swap = Self::default();
        let mut memory = Memory::START;
        for step in &run.steps {
            let Some(flow) = flows.get(step.journey) else {
                continue;
            };
            for arc in arcs_of(flow, step) {
                let child = flow.state(arc.from).map_or(0, |state| state.child);
                let at = Stand {
                    journey: step.journey,
                    node: step.node,
                    child,
                };
                let after = memory.after(arc);
                swap.follow(arc, memory, after, at);
                memory = after;
            }
        }
        swap
    }

    fn follow(&mut self, arc: &Arc, before: Memory, after: Memory, at: Stand) {
        if before.is_proved() && after.is_dropped() {
            self.after_proof = Some(at);
            self.of_code = false;
        }
        if after.is_stale() && !before.is_stale() {
            self.after_code = Some(at);
        }
        if matches!(arc.challenge, Challenge::Opens | Challenge::Makes) {
            self.made = Some(at);
        }
        if after.is_proved() && arc.proves.is_some() {
            self.proved = Some(at);
        }
        if arc.challenge == Challenge::Answers && before.is_stale() && !before.is_proved() {
            self.of_code = true;
        }
    }

    fn writer(&self) -> Option<Stand> {
        if self.of_code {
            self.after_code
        } else {
            self.after_proof
        }
    }
}

/// The arcs that a completed node took: one, or of a page one for each child.
fn arcs_of<'f>(flow: &'f Flow, step: &CounterStep) -> Vec<&'f Arc> {
    let mut arcs = Vec::new();
    let mut state = Flow::of_node(step.node);
    if step.on == On::Error {
        return arcs;
    }
    let past = flow.leaving(state).map(|(_, arc)| arc);
    if let Some(past) = past.into_iter().find(|arc| arc.leave == Leave::Past) {
        let mut leaving = flow.leaving(past.to).map(|(_, arc)| arc);
        if let Some(arc) = leaving.find(|arc| on_of(arc.leave) == Some(step.on)) {
            return vec![past, arc];
        }
    }
    loop {
        let leaving = flow.leaving(state).map(|(_, arc)| arc);
        let next = leaving.filter(|arc| matches!(arc.leave, Leave::Next(_)));
        // Which one was taken the step does not say: the first, but for one that names another person.
        let next = next.min_by_key(|arc| (!arc.renames, arc.proves.is_some()));
        if let Some(arc) = next {
            arcs.push(arc);
            state = arc.to;
            continue;
        }
        let mut leaving = flow.leaving(state).map(|(_, arc)| arc);
        arcs.extend(leaving.find(|arc| arc.via.is_none() && on_of(arc.leave) == Some(step.on)));
        return arcs;
    }
}

/// The findings, by the node that names the other person.
#[derive(Debug, Default)]
pub(super) struct Swaps {
    found: BTreeMap<(JourneyId, u32, u16), (u64, Diagnostic)>,
}

impl Swaps {
    /// Adds what a run into success shows; where there is no run, the node that enters success is named.
    pub(super) fn add(
        &mut self,
        (program, flows, starts): (&Program, &Flows, &Starts),
        journey: &Journey,
        hit: Hit,
        run: Option<&Counterexample>,
    ) {
        let swap = run.map_or_else(Swap::default, |run| Swap::of(flows, run));
        let length = run.map_or(u64::MAX, |run| run.length);
        let entry = entry_of(flows, journey, hit);
        // Of a run that is too long to keep the end is known all the same.
        let writer = swap.writer().or(entry.map(|(node, _)| Stand {
            journey: journey.id,
            node,
            child: 0,
        }));
        let Some(writer) = writer else { return };
        let key = (writer.journey, Flow::of_node(writer.node), writer.child);
        let known = self.found.get(&key);
        if known.is_some_and(|(known, _)| *known <= length) {
            return;
        }
        let finding = finding(program, &swap, writer, entry.map(|(_, span)| span));
        let finding = tell(run, program, finding, "success is reached by");
        let finding = starts.hint(journey, finding);
        self.found.insert(key, (length, finding));
    }

    /// All of them.
    pub(super) fn into_findings(self) -> impl Iterator<Item = Diagnostic> {
        self.found.into_values().map(|(_, finding)| finding)
    }
}

fn finding(program: &Program, swap: &Swap, writer: Stand, entry: Option<Span>) -> Diagnostic {
    let (name, span) = named(program, writer);
    let before = if swap.of_code { swap.made } else { swap.proved };
    let before = before.map(|stand| named(program, stand));
    let other = match (&before, swap.of_code) {
        (Some((before, _)), true) => format!("after `{before}` has made a code for the first"),
        (Some((before, _)), false) => format!("after `{before}` has proved the first"),
        (None, _) => "after the first was proved".to_owned(),
    };
    let message = format!("`{name}` may name another person {other}");
    let finding = Diagnostic::new(codes::IDENTITY_SWAPPED, span, message)
        .expected("what was proved is dropped here");
    let mut finding = match unlisted(program, writer) {
        Some(setting) => finding.help(format!(
            "list in `{setting}` what it writes, `[]` where that is nothing: without `username` \
             among it, it names nobody; a node that writes what it does not list fails"
        )),
        None => finding.help(
            "name the person before anything is proved, or prove a factor of whom is named last",
        ),
    };
    if let Some((_, span)) = before {
        let text = if swap.of_code {
            "the code is made here"
        } else {
            "who logs in is proved here"
        };
        finding = finding.label(span, text);
    }
    match entry {
        Some(span) => finding.label(span, "success is entered here"),
        None => finding,
    }
}

/// The setting in which the node that names another could say what it writes, and does not.
fn unlisted(program: &Program, stand: Stand) -> Option<String> {
    let journey = program.journey(stand.journey)?;
    let task = match &journey.graph.node_weight(stand.node)?.kind {
        NodeKind::Task(task) => task,
        NodeKind::Page(page) => &page.children.get(usize::from(stand.child))?.task,
        _ => return None,
    };
    let signature = program.catalog.get(task.ty)?;
    let setting = signature.writes_unlisted(|key| {
        let found = task.settings.iter().find(|(name, _)| &**name == key);
        found.map(|(_, value)| value)
    });
    setting.map(str::to_owned)
}

/// The name of a node as the language writes it, and where it is declared.
fn named(program: &Program, stand: Stand) -> (String, Span) {
    let node = program
        .journey(stand.journey)
        .and_then(|journey| journey.graph.node_weight(stand.node));
    let Some(node) = node else {
        return (String::new(), Span::default());
    };
    if let NodeKind::Page(page) = &node.kind
        && let Some(child) = page.children.get(usize::from(stand.child))
    {
        return (format!("{}.{}", node.path, child.name), child.span);
    }
    (node.path.to_string(), node.span)
}

/// The node whose arrow enters success, and that arrow.
fn entry_of(flows: &Flows, journey: &Journey, hit: Hit) -> Option<(NodeIndex<u32>, Span)> {
    let flow = flows.get(journey.id)?;
    let node = flow.state(hit.state)?.node;
    let arc = match hit.place {
        HitPlace::Behind(arc, _) | HitPlace::OnArc(arc, _) => flow.arcs.get(arc as usize),
        HitPlace::Start | HitPlace::Inside(_) => None,
    };
    let on = arc.and_then(|arc| on_of(arc.leave))?;
    let edge = journey
        .graph
        .edges(node)
        .find(|edge| edge.weight().on == on && edge.target() == journey.success)?;
    Some((node, edge.weight().span))
}
