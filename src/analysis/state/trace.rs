//! The shortest run on which one key is as it should not be where it is read.

use crate::{
    analysis::{
        counterexample::{self, Counterexample},
        explore::{Domain, Next, explore},
        flow::{Arc, Flow, Flows, Only, State},
        space::{Instance, Space},
        state::{
            memory::{self, Memory},
            wired::Wired,
        },
    },
    model::{journey::JourneyId, program::Program},
};

/// Where a run is to come, and how the key is to be there.
pub(super) struct Goal<'g> {
    pub(super) journey: JourneyId,
    pub(super) state: u32,
    /// The bit of the key.
    pub(super) bit: u64,
    pub(super) is: &'g dyn Fn(Memory) -> bool,
}

struct Trace<'a> {
    space: &'a Space<'a>,
    wired: &'a Wired,
    goal: &'a Goal<'a>,
}

fn narrow(memory: u32) -> Memory {
    Memory::try_from(memory).unwrap_or(0)
}

impl Domain for Trace<'_> {
    fn visit(&self, at: &Instance, id: u32, _: &State, memory: u32) -> Next {
        let here = at.journey == self.goal.journey && id == self.goal.state;
        if here && (self.goal.is)(narrow(memory)) {
            return Next::Hit;
        }
        Next::Go(memory)
    }

    fn leave(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next {
        if arc.only == Only::Passing {
            return Next::Dead;
        }
        if arc.via.is_some() {
            return Next::Go(memory);
        }
        let mut memory = narrow(memory);
        for (event, mask) in self.wired.of(at.journey).on_arc(id) {
            if mask & self.goal.bit == 0 {
                continue;
            }
            match memory::step(memory, *event) {
                Some(next) => memory = next,
                None => return Next::Dead,
            }
        }
        Next::Go(u32::from(memory))
    }

    fn call(&self, at: &Instance, state: u32, memory: u32) -> u32 {
        let inner = at
            .callee(state)
            .and_then(|callee| self.space.instance(callee));
        let declared =
            inner.is_some_and(|inner| self.wired.of(inner.journey).declared & self.goal.bit != 0);
        u32::from(memory::enter(narrow(memory), declared))
    }

    fn back(&self, at: &Instance, arc: &Arc, before: u32, after: u32) -> u32 {
        let later = self.wired.of(at.journey).later.get(arc.from as usize);
        let kept = later.is_some_and(|mask| mask & self.goal.bit != 0);
        u32::from(memory::back(narrow(before), narrow(after), kept))
    }
}

/// The shortest run from the start of a journey to a goal, and how much was looked at.
pub(super) fn run(
    program: &Program,
    flows: &Flows,
    wired: &Wired,
    (root, memory): (JourneyId, Memory),
    goal: &Goal<'_>,
) -> (Option<Counterexample>, usize) {
    let Some(journey) = program.journey(root) else {
        return (None, 0);
    };
    let start = Flow::of_node(journey.start);
    let space = Space::new(program, flows, root, &[]);
    let trace = Trace {
        space: &space,
        wired,
        goal,
    };
    let explored = explore(&space, &trace, start, u32::from(memory));
    let work = explored.work().saturating_add(space.instances.len());
    (counterexample::of_best(&space, &trace, &explored), work)
}
