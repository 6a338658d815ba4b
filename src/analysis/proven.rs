//! Whether a factor is proved of whoever is named at a place.
//!
//! `every path to … passes proof of …` asks for evidence and not for an arrow: naming another person drops
//! what was proved, as at run time, and a code proves something only of whom it was made for. An error in a
//! page takes back what earlier children proved, although the run has passed them; so the memory of a run
//! that is in a page holds what was proved before it, too.

use crate::{
    analysis::{
        counterexample,
        ensure::{Question, Verdict, verdict},
        evidence::codes_at,
        explore::{Domain, Next, explore},
        flow::{Arc, Factors, Only, State, StateKind},
        proof::Memory,
        space::{Instance, Mark},
    },
    model::{
        property::{Place, PlaceKind},
        signature::Factor,
    },
};

/// The factors among what a path may pass.
pub(super) fn factors_of(passes: &[Place]) -> Vec<Factor> {
    let factor = |place: &Place| match place.kind {
        PlaceKind::Proof(factor) => Some(factor),
        PlaceKind::Points(_) | PlaceKind::Any(..) => None,
    };
    passes.iter().filter_map(factor).collect()
}

impl Question<'_> {
    /// Whether one of the factors is proved, or one of the other places passed, wherever a place is come to.
    pub(super) fn proven(&self, to: &Place, passes: &[Place]) -> Verdict {
        let places: Vec<&Place> = passes.iter().chain([to]).collect();
        let mut space = self.space(&places);
        for place in passes {
            if !matches!(place.kind, PlaceKind::Proof(_)) {
                space.mark(place, Mark::CUT);
            }
        }
        space.mark(to, Mark::GOAL);
        let proven = Proven {
            factors: Factors::of(&factors_of(passes)),
        };
        let mut worst: Option<Verdict> = None;
        for code in codes_at(self.program, self.flows, self.journey, self.start()) {
            let start = Now { armed: true, code };
            let explored = explore(&space, &proven, self.start(), start.pack());
            let run = counterexample::of_best(&space, &proven, &explored);
            worst = Some(match (worst, verdict(&explored, run)) {
                (Some(Verdict::Fails(one)), Verdict::Fails(other)) => {
                    Verdict::Fails(if one.length <= other.length {
                        one
                    } else {
                        other
                    })
                }
                (_, found @ Verdict::Fails(_)) | (None | Some(Verdict::Holds), found) => found,
                (Some(known), _) => known,
            });
        }
        worst.unwrap_or(Verdict::Holds)
    }
}

/// What a run knows of the factors that are asked for.
#[derive(Debug, Clone, Copy)]
struct Now {
    /// Whether none of them is proved of whoever is named.
    armed: bool,
    /// The code that is waited for.
    code: Memory,
}

impl Now {
    const COUNT: u32 = 2 * Memory::COUNT;

    fn pack(self) -> u32 {
        2 * self.code.pack() + u32::from(self.armed)
    }

    fn unpack(now: u32) -> Self {
        Self {
            armed: now % 2 == 1,
            code: Memory::unpack(now / 2),
        }
    }
}

/// The factors that are asked for. A memory is what is known now, and above it what was known where the
/// page at hand was come to.
struct Proven {
    factors: Factors,
}

fn step(marks: u8, now: Now) -> Option<Next> {
    if Mark::CUT.within(marks) {
        return Some(Next::Dead);
    }
    (now.armed && Mark::GOAL.within(marks)).then_some(Next::Hit)
}

impl Domain for Proven {
    fn visit(&self, at: &Instance, id: u32, state: &State, memory: u32) -> Next {
        let now = memory % Now::COUNT;
        if let Some(end) = step(at.on_state(id), Now::unpack(now)) {
            return end;
        }
        if state.kind == StateKind::Step && state.child == 0 {
            return Next::Go(now * Now::COUNT + now);
        }
        Next::Go(memory)
    }

    fn leave(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next {
        let before = match arc.only {
            Only::Always => memory % Now::COUNT,
            Only::Passing => memory / Now::COUNT,
            Only::Done => return Next::Dead,
        };
        let mut now = Now::unpack(before);
        if !now.code.can_take(arc) {
            return Next::Dead;
        }
        now.armed |= arc.renames;
        if now
            .code
            .proves(arc)
            .is_some_and(|factor| self.factors.has(factor))
        {
            now.armed = false;
        }
        now.code = now.code.after(arc).of_codes();
        if let Some(end) = step(at.on_arc(id), now) {
            return end;
        }
        let page = if arc.completes() {
            0
        } else {
            memory / Now::COUNT
        };
        Next::Go(page * Now::COUNT + now.pack())
    }

    fn call(&self, _: &Instance, _: u32, memory: u32) -> u32 {
        memory % Now::COUNT
    }
}
