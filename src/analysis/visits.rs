//! How often a place is passed in one run.
//!
//! Only limiters bound this: each lets a run pass on one of its outcomes at most so many times, counted
//! over the whole run and over all frames. Without those arcs a place either lies on a loop (then it is
//! passed without bound) or a longest way is easy to find; the exact maximum is the best sequence of
//! bounded arcs with longest ways between them. The counting needs the journeys unfolded; that, and the
//! number of sequences, are capped, and what lies beyond is not shown.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    analysis::{
        component::Arcs,
        counterexample::Calls,
        ensure::{Question, Verdict},
        flow::{Bound, Flow, Only, StateKind},
        space::{InstanceId, Mark, Space},
    },
    model::property::Place,
};

pub(super) mod count;
mod run;

/// How many states may be unfolded.
const VERTICES_MAX: usize = 400_000;

/// No limiter.
const FREE: u32 = u32::MAX;

impl Question<'_> {
    /// Whether a place is passed at most this often.
    pub(super) fn at_most(&self, visits: u64, of: &Place) -> Verdict {
        let mut space = self.space(&[of]);
        space.mark(of, Mark::GOAL);
        let Some(unfolded) = Unfolded::new(&space, self.start()) else {
            return Verdict::Open(Cow::Borrowed(
                "the inner journeys are too many to count visits through them",
            ));
        };
        match unfolded.greatest(visits) {
            count::Greatest::AtMost(most) if most <= visits => Verdict::Holds,
            count::Greatest::Unsure => Verdict::Open(Cow::Borrowed(
                "there are too many limiters, or too high limits, to count visits through them",
            )),
            greatest => match unfolded.shortest(&space, visits) {
                Some(run) => Verdict::Fails(Box::new(run)),
                None => Verdict::Open(Cow::Owned(format!(
                    "`{}` can be passed {} in one run",
                    of.text,
                    greatest.times(),
                ))),
            },
        }
    }
}

/// A journey in one chain of callers.
#[derive(Debug)]
struct Frame {
    instance: InstanceId,
    calls: Calls,
    /// The number of its first state among all.
    offset: u32,
}

/// An arc of the unfolded program.
#[derive(Debug, Clone, Copy)]
struct Way {
    from: u32,
    to: u32,
    /// How many visits it adds: by itself, and by where it leads.
    on_arc: u8,
    on_state: u8,
    /// The limiter that bounds it.
    limiter: u32,
    /// The frame and number of the arc it stands for; none where an inner journey begins.
    arc: Option<(u32, u32)>,
    /// Whether it completes a node.
    completes: bool,
}

impl Way {
    fn visits(&self) -> u64 {
        u64::from(self.on_arc) + u64::from(self.on_state)
    }
}

/// A program unfolded from where runs begin: every call has its own copy of what it calls.
#[derive(Debug)]
pub(super) struct Unfolded {
    frames: Vec<Frame>,
    vertices: usize,
    start: u32,
    /// Sorted by where they begin.
    ways: Vec<Way>,
    /// How often each limiter lets a run pass.
    limits: Vec<u64>,
    /// Visits at the very start.
    at_start: u64,
}

impl Unfolded {
    /// What runs from a state of the outermost journey can pass; `None` where that is too much.
    pub(super) fn new(space: &Space<'_>, start: u32) -> Option<Self> {
        let mut all = Self {
            frames: vec![Frame {
                instance: 0,
                calls: Calls::from([]),
                offset: 0,
            }],
            vertices: space.flow(0)?.states.len(),
            start,
            ways: Vec::new(),
            limits: Vec::new(),
            at_start: u64::from(counts(space.instance(0)?.on_state(start))),
        };
        let mut limiters: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        let mut next = 0;
        while next < all.frames.len() {
            if all.vertices > VERTICES_MAX {
                return None;
            }
            all.unfold(space, next, &mut limiters)?;
            next += 1;
        }
        all.trim();
        Some(all)
    }

    fn unfold(
        &mut self,
        space: &Space<'_>,
        frame: usize,
        limiters: &mut BTreeMap<(u32, u32), u32>,
    ) -> Option<()> {
        let number = u32::try_from(frame).ok()?;
        let Frame {
            instance, offset, ..
        } = *self.frames.get(frame)?;
        let calls = Calls::clone(&self.frames.get(frame)?.calls);
        let at = space.instance(instance)?;
        let flow = space.flow(instance)?;
        for (id, arc) in (0..).zip(&flow.arcs) {
            if arc.via.is_some() || arc.is_shut() || arc.only == Only::Done {
                continue;
            }
            let limiter = match arc.bound {
                Bound::None | Bound::Unknown => FREE,
                Bound::Times(times) => {
                    let fresh = u32::try_from(self.limits.len()).ok()?;
                    let known = *limiters.entry((flow.journey.0, arc.from)).or_insert(fresh);
                    if known == fresh {
                        self.limits.push(times);
                    }
                    known
                }
            };
            self.ways.push(Way {
                from: offset.saturating_add(arc.from),
                to: offset.saturating_add(arc.to),
                on_arc: counts(at.on_arc(id)),
                on_state: counts(at.on_state(arc.to)),
                limiter,
                arc: Some((number, id)),
                completes: arc.completes(),
            });
        }
        for (state, inner) in flow.calls() {
            let callee = at.callee(state)?;
            let target = space.flow(callee)?;
            let first = u32::try_from(self.vertices).ok()?;
            self.vertices = self.vertices.saturating_add(target.states.len());
            let node = flow.state(state)?.node;
            let deeper = calls
                .iter()
                .copied()
                .chain([(flow.journey, node)])
                .collect();
            self.frames.push(Frame {
                instance: callee,
                calls: deeper,
                offset: first,
            });
            let begin = Flow::of_node(space.program.journey(inner)?.start);
            self.ways.push(Way {
                from: offset.saturating_add(state),
                to: first.saturating_add(begin),
                on_arc: 0,
                on_state: counts(space.instance(callee)?.on_state(begin)),
                limiter: FREE,
                arc: None,
                completes: false,
            });
            for (end, exit) in (0..).zip(&target.states) {
                let StateKind::Exit(exit) = exit.kind else {
                    continue;
                };
                for (id, arc) in flow.leaving(state).filter(|(_, arc)| arc.via == Some(exit)) {
                    self.ways.push(Way {
                        from: first.saturating_add(end),
                        to: offset.saturating_add(arc.to),
                        on_arc: counts(at.on_arc(id)),
                        on_state: counts(at.on_state(arc.to)),
                        limiter: FREE,
                        arc: Some((number, id)),
                        completes: true,
                    });
                }
            }
            if self.vertices > VERTICES_MAX {
                return None;
            }
        }
        Some(())
    }

    /// Leaves out what no run reaches, and frees limiters whose bound cannot matter: those with a single
    /// arc that is not on a loop with a visit, for a run need not take such an arc twice.
    fn trim(&mut self) {
        let pairs: Vec<(u32, u32)> = self.ways.iter().map(|way| (way.from, way.to)).collect();
        let arcs = Arcs::new(self.vertices, &pairs);
        let reached = arcs.reach([self.start]);
        self.ways
            .retain(|way| reached.get(way.from as usize) == Some(&true));
        self.ways.sort_by_key(|way| way.from);
        let components = arcs.components();
        let component = |vertex: u32| components.get(vertex as usize).copied().unwrap_or(0);
        let mut counting = vec![false; self.vertices];
        let mut arcs_of = vec![0_u32; self.limits.len()];
        for way in &self.ways {
            if way.visits() > 0
                && component(way.from) == component(way.to)
                && let Some(counting) = counting.get_mut(component(way.from) as usize)
            {
                *counting = true;
            }
            if let Some(count) = arcs_of.get_mut(way.limiter as usize) {
                *count += 1;
            }
        }
        for way in &mut self.ways {
            let alone = arcs_of.get(way.limiter as usize) == Some(&1);
            let looping = component(way.from) == component(way.to)
                && counting.get(component(way.from) as usize) == Some(&true);
            if alone && !looping {
                way.limiter = FREE;
            }
        }
    }

    fn leaving(&self, vertex: u32) -> impl Iterator<Item = (usize, &Way)> {
        let from = self.ways.partition_point(|way| way.from < vertex);
        let rest = self.ways.get(from..).unwrap_or(&[]);
        (from..).zip(rest.iter().take_while(move |way| way.from == vertex))
    }
}

fn counts(marks: u8) -> u8 {
    u8::from(Mark::GOAL.within(marks))
}
