//! Secrets that come to where they may be seen.
//!
//! Texts with a secret in them are refused when they are compiled; here are the other ways: a setting or
//! a declaration that puts a secret key into shared state, which the holder of the state may read, and a
//! setting that names a secret key where the type shows, sends or logs what it finds there. What the types
//! of the product keep in shared state by themselves is their own affair.

use crate::{
    Diagnostic,
    analysis::{
        flow::StateKind,
        state::{
            Check,
            memory::{self, Memory},
            place::named,
            sweep::sweep,
            touch::{Read, Source, Write},
            trace::Goal,
            wired::{PRESENCE, WIDTH, Wired},
        },
    },
    codes,
    model::{
        journey::{JourneyId, NodeKind},
        signature::{Scope, Secrecy},
    },
};

struct Sink {
    journey: JourneyId,
    state: u32,
    read: Read,
}

/// Checks both ways.
pub(super) fn check(check: &mut Check<'_>) {
    let (writes, sinks) = candidates(check);
    for (journey, state, write) in writes {
        written(check, journey, state, &write);
    }
    shown(check, &sinks);
}

type Writes = Vec<(JourneyId, u32, Write)>;

fn candidates(check: &Check<'_>) -> (Writes, Vec<Sink>) {
    let (mut writes, mut sinks) = (Vec::new(), Vec::new());
    let secret = &check.touches.secret;
    for flow in check
        .flows
        .order
        .iter()
        .filter_map(|id| check.flows.get(*id))
    {
        for (at, state) in (0..).zip(&flow.states) {
            if secret.is_empty() || state.kind != StateKind::Step {
                continue;
            }
            let touch = check.touches.of(flow.journey, at);
            let into =
                |write: &&Write| !write.sensitive && !write.blank && secret.contains(&write.key);
            for write in touch.writes.iter().filter(into) {
                if write.setting.is_some() || !is_of_product(check, flow.journey, at) {
                    writes.push((flow.journey, at, write.clone()));
                }
            }
            for read in touch.reads.iter().filter(|read| secret.contains(&read.key)) {
                if matches!(read.source, Source::Setting(_)) && read.secrecy != Secrecy::Secret {
                    sinks.push(Sink {
                        journey: flow.journey,
                        state: at,
                        read: read.clone(),
                    });
                }
            }
        }
    }
    (writes, sinks)
}

/// Whether the node of a state is of a type of the product.
fn is_of_product(check: &Check<'_>, journey: JourneyId, state: u32) -> bool {
    let node = check.flows.get(journey).and_then(|flow| {
        let state = flow.state(state)?;
        let node = check
            .program
            .journey(journey)?
            .graph
            .node_weight(state.node)?;
        Some((node, state.child))
    });
    let task = node.and_then(|(node, child)| match &node.kind {
        NodeKind::Task(task) => Some(task),
        NodeKind::Page(page) => page
            .children
            .get(usize::from(child))
            .map(|child| &child.task),
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => None,
    });
    task.and_then(|task| check.program.catalog.get(task.ty))
        .is_none_or(|signature| crate::catalogue::is_of_product(&signature.wire))
}

/// A secret key that is written to shared state.
fn written(check: &mut Check<'_>, journey: JourneyId, state: u32, write: &Write) {
    let (program, flows) = (check.program, check.flows);
    let mut run = None;
    if !check.is_spent() {
        let wired = Wired::new(program, flows, &check.touches, &[write.key], &PRESENCE);
        let goal = Goal {
            journey,
            state,
            bit: wired.bit(write.key),
            is: &|_| true,
        };
        run = check.run(&wired, &goal);
    }
    // What no run comes to is said elsewhere.
    let comes = run.is_some() || check.is_spent() && check.may_come_to(journey, state);
    let Some(at) = named(program, flows, journey, state).filter(|_| comes) else {
        return;
    };
    if !check
        .told
        .insert((codes::LEAKED_SECRET.word, at.span, write.key))
        || check.is_beyond(codes::LEAKED_SECRET, &at)
    {
        return;
    }
    let name = check.touches.names.name(write.key);
    let message = format!(
        "`{}` puts `{name}`, which is secret, into shared state",
        at.text
    );
    let mut finding = Diagnostic::new(codes::LEAKED_SECRET, at.span, message);
    if let Some(setting) = &write.setting {
        finding = finding.note(format!("the setting `{setting}` names it"));
    }
    if let Some(other) = check.writer(write.key, Scope::Transient) {
        finding = finding.label(other.span, format!("`{}` keeps it transient", other.text));
    }
    let finding = finding
        .help("write it under another key, or let a type that keeps it transient ask for it");
    let lead = format!("`{}` is reached by", at.text);
    check.report(finding, &lead, run.as_ref());
}

/// Secret keys that are read where they are shown.
fn shown(check: &mut Check<'_>, sinks: &[Sink]) {
    let mut keys: Vec<_> = sinks.iter().map(|sink| sink.read.key).collect();
    keys.sort_unstable();
    keys.dedup();
    for keys in keys.chunks(WIDTH) {
        let (program, flows) = (check.program, check.flows);
        let wired = Wired::new(program, flows, &check.touches, keys, &PRESENCE);
        let roots = check
            .roots
            .keys()
            .map(|id| (*id, memory::NOTHING))
            .collect();
        let reached = sweep(flows, &wired, &roots);
        for sink in sinks.iter().filter(|sink| keys.contains(&sink.read.key)) {
            let bit = wired.bit(sink.read.key);
            let scope = sink.read.scope;
            let is = |memory: Memory| memory::has(memory, scope);
            let row = reached.at(sink.journey, sink.state);
            let mut there = (0..).zip(&row).filter(|(_, keys)| **keys & bit != 0);
            if !there.any(|(memory, _)| is(memory)) {
                continue;
            }
            let goal = Goal {
                journey: sink.journey,
                state: sink.state,
                bit,
                is: &is,
            };
            show(check, &wired, &goal, &sink.read, &roots);
        }
    }
}

fn show(
    check: &mut Check<'_>,
    wired: &Wired,
    goal: &Goal<'_>,
    read: &Read,
    roots: &std::collections::BTreeMap<JourneyId, Memory>,
) {
    let Some(at) = named(check.program, check.flows, goal.journey, goal.state) else {
        return;
    };
    if !check
        .told
        .insert((codes::LEAKED_SECRET.word, at.span, read.key))
        || check.is_beyond(codes::LEAKED_SECRET, &at)
    {
        return;
    }
    let run = check.run_from(wired, goal, roots);
    let name = check.touches.names.name(read.key);
    let message = format!("`{}` shows or sends `{name}`, which is secret", at.text);
    let mut finding = Diagnostic::new(codes::LEAKED_SECRET, at.span, message);
    if let Source::Setting(setting) = &read.source {
        finding = finding.note(format!("the setting `{setting}` names it"));
    }
    if let Some(writer) = check.writer(read.key, read.scope) {
        finding = finding.label(writer.span, format!("`{}` writes it", writer.text));
    }
    let finding = finding.help("take the key out of the setting");
    let lead = format!("`{}` finds it by", at.text);
    check.report(finding, &lead, run.as_ref());
}
