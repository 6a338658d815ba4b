//! Properties whose memory is one bit: armed or not.
//!
//! `every path to … passes …` is armed from the start and does not look past the cut; `never … after …`
//! is armed by what comes first; `has … at …` and implied conditions are armed while the fact is missing.

use crate::analysis::{
    explore::{Domain, Next},
    flow::{Arc, Only, State},
    space::{Instance, Mark},
};

/// The memory of a run in which the goal does no harm.
pub(super) const CALM: u32 = 0;
/// The memory of a run that must not reach the goal.
pub(super) const ARMED: u32 = 1;

/// What the marks of the instances speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Places that are passed: an event that is the goal and arms meets the goal first.
    Passing,
    /// Facts that are made: an arc makes its facts before it is looked at, and an error in a page takes
    /// back what earlier children made.
    Facts,
}

fn turned(marks: u8, memory: u32) -> u32 {
    if Mark::DISARM.within(marks) {
        CALM
    } else if Mark::ARM.within(marks) {
        ARMED
    } else {
        memory
    }
}

fn step(marks: u8, memory: u32) -> Next {
    if Mark::CUT.within(marks) {
        return Next::Dead;
    }
    if Mark::GOAL.within(marks) && memory == ARMED {
        return Next::Hit;
    }
    Next::Go(turned(marks, memory))
}

impl Domain for Phase {
    fn visit(&self, at: &Instance, id: u32, _: &State, memory: u32) -> Next {
        step(at.on_state(id), memory)
    }

    fn leave(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next {
        let marks = at.on_arc(id);
        match self {
            Self::Facts if arc.only == Only::Passing => Next::Dead,
            Self::Passing if arc.only == Only::Done => Next::Dead,
            Self::Passing => step(marks, memory),
            Self::Facts => step(marks, turned(marks, memory)),
        }
    }
}
