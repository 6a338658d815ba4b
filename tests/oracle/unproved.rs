//! Which nodes lead to success unproved: every run again, with what is proved of whom as plain data.

use std::collections::BTreeSet;

use wayfare::{Factor, model::journey::JourneyId};

use super::{
    brute::{Event, How, Spot, moves},
    kinds::Kind,
    random::Made,
};

/// What is proved: nothing, that a session came along, or a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Proof {
    Nothing,
    Session,
    Factor,
}

/// The proof at hand, and the one an error in the node at hand goes back to.
type State = (Vec<Spot>, Proof, Proof);

/// False where no run goes on so.
fn follow(made: &Made, event: &Event, proof: &mut Proof, before: &mut Proof) -> bool {
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
            if kind.names(name) {
                *proof = Proof::Nothing;
            }
            *proof = match kind.proves(name) {
                None => *proof,
                Some(Factor::Session) => Proof::Session.max(*proof),
                Some(_) => Proof::Factor,
            };
        }
        Event::Leave(_, How::Error | How::Unhandled) => *proof = *before,
        Event::Visit(_) | Event::Enter | Event::Return(..) | Event::Failed => {}
    }
    true
}

/// The positions of the nodes of the first journey that lead to its success without a proof.
pub(super) fn nodes(made: &Made) -> BTreeSet<u32> {
    let root = made.journey(JourneyId(0));
    let first: State = (
        vec![(root.id, root.start, 0)],
        Proof::Nothing,
        Proof::Nothing,
    );
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::from([first.clone()]));
    let mut open = vec![first];
    while let Some((stack, proof, before)) = open.pop() {
        for next in moves(made, &stack) {
            let (mut proof, mut before, mut from) = (proof, before, None);
            let mut goes = true;
            for event in &next.events {
                goes &= follow(made, event, &mut proof, &mut before);
                match event {
                    Event::Leave(stack, _) | Event::Return(stack, _) => from = stack.last(),
                    Event::Visit(stack)
                        if goes
                            && stack.len() == 1
                            && stack[0].1 == root.success
                            && proof != Proof::Factor =>
                    {
                        found.insert(root.graph[from.unwrap().1].span.start);
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
