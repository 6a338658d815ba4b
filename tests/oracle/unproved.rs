//! Which nodes lead to success unproved, which behind another name, and which change the account of
//! somebody who is not there: every run again, with what is proved of whom as plain data.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;
use wayfare::{Factor, model::journey::JourneyId};

use super::{
    challenge::Codes,
    kinds::{Kind, renames},
    moves::{Event, How, Spot, moves},
    random::Made,
};

/// Who was named last, who was ever proved, and whom the code that is out was made for; people are told
/// apart by how often another was named.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of a run, each named"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Proof {
    session: bool,
    /// Whether a cookie names the one named last, or this run has made their account, and nobody was
    /// proved before.
    admitted: bool,
    /// Whether the account of the one named last was made in this run.
    made: bool,
    /// Whether a device was registered for somebody who was not there.
    planted: bool,
    /// Whether the one named last is proved.
    of_last: bool,
    /// Whether one named before was proved, or answered a code.
    of_another: bool,
    /// What is known of a code.
    codes: Codes,
}

const NOBODY: Proof = Proof {
    session: false,
    admitted: false,
    made: false,
    planted: false,
    of_last: false,
    of_another: false,
    codes: Codes::NONE,
};

/// The proof at hand, and the one an error in the node at hand goes back to.
type State = (Vec<Spot>, Proof, Proof);

/// Whether a device that was planted is told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Planting {
    Counts,
    IsForgotten,
}

/// False where no run goes on so.
fn follow(
    made: &Made,
    event: &Event,
    planting: Planting,
    proof: &mut Proof,
    before: &mut Proof,
) -> bool {
    match event {
        Event::Visit(stack) if stack.last().unwrap().2 == 0 => *before = *proof,
        Event::Leave(stack, How::Next(outcome) | How::Go(outcome)) => {
            let (id, node, child) = *stack.last().unwrap();
            let Some((kind, number)) = made.kind(id, node, child) else {
                return true;
            };
            let name = kind.outcomes()[outcome.index()];
            // A limit of nothing never lets a run pass.
            if kind == Kind::Limits && number == 0 && name == "Retry" {
                return false;
            }
            if proof.codes.is_beyond(kind, name) {
                return false;
            }
            let factor = kind
                .proves(name)
                .filter(|factor| *factor != Factor::Session);
            if matches!(kind, Kind::Enrols | Kind::Prepares) && name == "true" {
                proof.planted |= !proof.of_last && !proof.made;
            }
            proof.codes.named(kind, name);
            if renames(kind, name) {
                proof.of_another |= proof.of_last;
                proof.of_last = false;
                proof.session = false;
                proof.admitted = false;
                proof.made = false;
            }
            proof.session |= kind.proves(name) == Some(Factor::Session);
            match (kind, factor) {
                (_, None) => {}
                (Kind::Cookie | Kind::Registers, Some(_)) => proof.admitted = !proof.of_another,
                (Kind::Device, Some(_)) if proof.planted && planting == Planting::Counts => {}
                (Kind::Code, Some(_)) if proof.codes.is_of_another() => {
                    proof.of_another |= !proof.of_last && !proof.admitted;
                }
                (Kind::Code, Some(_)) if !proof.codes.is_out() => {}
                (_, Some(_)) => proof.of_last = true,
            }
            proof.made |= matches!(kind, Kind::Makes | Kind::Registers) && name == "true";
            proof.codes.done(kind, name);
        }
        Event::Leave(stack, How::Error | How::Unhandled) => {
            *proof = *before;
            proof.codes.failed(&made.all_kinds(stack));
        }
        Event::Visit(_) | Event::Enter | Event::Return(..) | Event::Failed => {}
    }
    true
}

/// The nodes of the first journey that lead to its success without a proof.
#[derive(Debug, Default)]
pub(super) struct Unproved {
    /// By position: where nobody was ever proved.
    pub(super) never: BTreeSet<u32>,
    /// By number: where another was proved.
    pub(super) dropped: BTreeSet<NodeIndex<u32>>,
}

/// Tries every run.
pub(super) fn nodes(made: &Made) -> Unproved {
    let root = made.journey(JourneyId(0));
    let first: State = (vec![(root.id, root.start, 0)], NOBODY, NOBODY);
    let (mut found, mut seen) = (Unproved::default(), BTreeSet::from([first.clone()]));
    let mut open = vec![first];
    while let Some((stack, proof, before)) = open.pop() {
        for next in moves(made, &stack) {
            let (mut proof, mut before, mut from) = (proof, before, None);
            let mut goes = true;
            for event in &next.events {
                goes &= follow(made, event, Planting::IsForgotten, &mut proof, &mut before);
                match event {
                    Event::Leave(stack, _) | Event::Return(stack, _) => from = stack.last(),
                    Event::Visit(stack)
                        if goes
                            && stack.len() == 1
                            && stack[0].1 == root.success
                            && !proof.of_last
                            && !proof.admitted =>
                    {
                        let node = from.unwrap().1;
                        if proof.of_another {
                            found.dropped.insert(node);
                        } else {
                            found.never.insert(root.graph[node].span.start);
                        }
                    }
                    _ => {}
                }
            }
            if let Some(to) = next.to
                && goes
                && seen.insert((to.clone(), proof, before))
            {
                open.push((to, proof, before));
            }
        }
        assert!(seen.len() < 300_000, "a case that is too large");
    }
    found
}

/// The nodes that change the account of somebody who is not proved, by position. Tries every run.
pub(super) fn changes(made: &Made) -> BTreeSet<u32> {
    let root = made.journey(JourneyId(0));
    let first: State = (vec![(root.id, root.start, 0)], NOBODY, NOBODY);
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::from([first.clone()]));
    let mut open = vec![first];
    while let Some((stack, proof, before)) = open.pop() {
        for next in moves(made, &stack) {
            let (mut proof, mut before) = (proof, before);
            let mut goes = true;
            for event in &next.events {
                if let Event::Leave(stack, How::Next(outcome) | How::Go(outcome)) = event {
                    let (id, node, child) = *stack.last().unwrap();
                    let enrols = made.kind(id, node, child).is_some_and(|(kind, _)| {
                        kind == Kind::Enrols && kind.outcomes()[outcome.index()] == "true"
                    });
                    if enrols && !proof.of_last && !proof.made {
                        found.insert(made.journey(id).graph[node].span.start);
                    }
                }
                goes &= follow(made, event, Planting::Counts, &mut proof, &mut before);
            }
            if let Some(to) = next.to
                && goes
                && seen.insert((to.clone(), proof, before))
            {
                open.push((to, proof, before));
            }
        }
        assert!(seen.len() < 300_000, "a case that is too large");
    }
    found
}
