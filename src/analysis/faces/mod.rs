//! What a stranger sees of a known and of an unknown user.
//!
//! In: a journey and where the two may part: at proofs of the subject, or at a place. Out: the first
//! places where they part before, each with a run of a known user and one of an unknown user on the same
//! answers. The journey is laid beside itself: two runs go on together, and wherever what they do may
//! depend on whether the user is there, each way of the one is compared with each way of the other. Each
//! pair of states is compared once; looking alike is not carried from pair to pair, for a run that ends at
//! a proof looks like every other. What one of them has done alone goes with the pair, one trace at a time.
//! Pairs over a bound are not compared, and then nothing is shown.
//!
//! Not looked at: time, and what only an outage outside can bring about.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        ensure::{Question, Verdict},
        faces::{
            label::{Label, alike, same_choice},
            memory::{Memory, Trace, Traces},
            world::{Finders, Thing, When},
        },
        flow::{Arc, Exit, Flow, Flows, Only, State, StateKind},
        proof::Runs,
        space::{InstanceId, Mark, Space},
    },
    codes,
    model::{
        journey::{Journey, JourneyId, NodeKind},
        program::Program,
        property::Place,
    },
};

mod label;
mod live;
mod memory;
mod told;
mod world;

/// How many pairs of states may be compared, beside four for each state of the journeys.
const PAIRS_MAX: usize = 400_000;

/// How much may be compared for one journey after the other, the states that are laid out included.
const WORK_MAX: usize = 1_000_000;

/// Where the two may part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Where the subject is proved.
    Proof,
    /// Where [`Mark::CUT`] stands.
    Marked,
}

impl Question<'_> {
    /// Whether a known and an unknown user look the same until a place.
    pub(super) fn same_face(&self, until: &Place) -> Verdict {
        let mut space = self.space(&[until]);
        space.mark(until, Mark::CUT);
        let start = space.instance(0).map(|first| first.on_state(self.start()));
        if start.is_some_and(|marks| Mark::CUT.within(marks)) || !may_differ(&space, Until::Marked)
        {
            return Verdict::Holds;
        }
        let from_start = self
            .program
            .journey(self.journey)
            .is_some_and(|journey| journey.start == self.from && !journey.settings.inner_only);
        let compared = Faces::compared(&space, Until::Marked, self.start(), !from_start);
        match compared.differences.first() {
            Some(difference) => Verdict::Fails(Box::new(compared.runs(*difference))),
            None if compared.cut_short => Verdict::Open(CUT_SHORT.into()),
            None => Verdict::Holds,
        }
    }
}

/// What stands before the run of a known user.
pub(super) const KNOWN_SEES: &str = "a known user sees";

const CUT_SHORT: &str = "the inner journeys are too many to lay two runs beside each other";

const TOO_MUCH: &str = "so many journeys look up users that this one was not looked at: make those that only others call `innerTreeOnly`";

/// Reports every place at which a stranger can tell whether there is such a user.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let mut told: BTreeSet<(JourneyId, u32)> = BTreeSet::new();
    let (mut found, mut runs) = (Diagnostics::default(), Runs::default());
    let differing = differing(program, flows);
    let mut work: usize = 0;
    for journey in program
        .journeys
        .iter()
        .filter(|journey| !journey.settings.inner_only)
        .filter(|journey| differing.get(journey.id.index()) != Some(&false))
    {
        if work > WORK_MAX {
            diagnostics.push(not_shown(journey, TOO_MUCH));
            continue;
        }
        let space = Space::new(program, flows, journey.id, &[]);
        work = work.saturating_add(states(&space));
        if !may_differ(&space, Until::Proof) {
            continue;
        }
        let start = Flow::of_node(journey.start);
        let compared = Faces::compared(&space, Until::Proof, start, false);
        work = work.saturating_add(compared.pairs.len());
        let partings = compared.partings();
        for difference in &compared.differences {
            let parting = compared.parting(*difference, &partings);
            if told.insert(compared.key(parting)) {
                // Beyond what is kept, findings are only counted.
                let shown = (found.len() < Diagnostics::KEPT_MAX).then_some(&mut runs);
                found.push(compared.finding(*difference, parting, shown));
            }
        }
        if compared.cut_short && compared.differences.is_empty() {
            diagnostics.push(not_shown(journey, CUT_SHORT));
        }
    }
    diagnostics.append(found);
}

fn not_shown(journey: &Journey, why: &'static str) -> Diagnostic {
    let message = format!(
        "whether `{}` tells known users apart cannot be shown",
        journey.name
    );
    Diagnostic::new(codes::ENUMERATION, journey.span, message).note(why)
}

/// How many states the journeys have that a run can come to.
fn states(space: &Space<'_>) -> usize {
    let flows = space.instances.iter();
    let flows = flows.filter_map(|instance| space.flow(instance.id));
    flows.map(|flow| flow.states.len()).sum()
}

/// Whether anything that a run can come to depends on the user at all.
fn may_differ(space: &Space<'_>, until: Until) -> bool {
    let mut journeys = space.instances.iter().map(|instance| instance.journey);
    journeys.any(|journey| may_differ_in(space.program, space.flows, journey, until))
}

/// Whether anything in one journey does, those that it calls left out.
fn may_differ_in(program: &Program, flows: &Flows, journey: JourneyId, until: Until) -> bool {
    let parts = |thing| {
        let shown = matches!(thing, Thing::Task(task, _) if world::shows(task));
        let proved = until == Until::Marked && world::may_prove(program, thing);
        shown || proved || world::depends(program, thing)
    };
    let states = flows.get(journey).map_or(&[][..], |flow| &flow.states);
    program.journey(journey).is_some_and(|journey| {
        let mut things = states.iter().map(|state| Thing::of(journey, state).1);
        things.any(parts)
    })
}

/// By journey, whether anything in it or further in depends on the user: callees first, and each is
/// looked at once for all its callers. A journey that calls itself may always.
fn differing(program: &Program, flows: &Flows) -> Vec<bool> {
    let mut differing = vec![true; program.journeys.len()];
    for id in &flows.order {
        let mut calls = flows.get(*id).into_iter().flat_map(Flow::calls);
        let differs = calls.any(|(_, inner)| differing.get(inner.index()) != Some(&false))
            || may_differ_in(program, flows, *id, Until::Proof);
        if let Some(place) = differing.get_mut(id.index()) {
            *place = differs;
        }
    }
    differing
}

/// A journey that a run is in, with its callers.
#[derive(Debug, Clone, Copy)]
struct Frame {
    instance: InstanceId,
    /// The frame and state of the call.
    caller: Option<(u32, u32)>,
}

/// Where a run of one of the two worlds is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Stand {
    frame: u32,
    state: u32,
    /// Whether there is such a user.
    known: bool,
    /// Whether the name is what the client said.
    typed: bool,
}

/// An arc that a run has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taken {
    frame: u32,
    arc: u32,
}

/// A way on.
#[derive(Debug, Clone, Copy)]
struct Way {
    to: Stand,
    taken: Option<Taken>,
    when: When,
}

/// Two runs side by side.
#[derive(Debug, Clone, Copy)]
struct Pair {
    known: Stand,
    unknown: Stand,
    /// What one of them has done alone, and is looked at.
    trace: Trace,
    from: Option<u32>,
    by_known: Option<Taken>,
    by_unknown: Option<Taken>,
}

/// What there is to see and to do for one run.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each named"
)]
struct View<'a> {
    label: Label<'a>,
    thing: Thing<'a>,
    ways: Vec<Way>,
    /// Whether the ways depend on whether there is such a user, or on the trace.
    depends: bool,
    /// Whether it may lack what it needs, where the other does not.
    lacks: bool,
    /// Whether what is shown does.
    shows: bool,
    /// What it writes.
    writes: Traces,
    /// What it writes on every outcome.
    sets: Traces,
    /// What the earlier children of its page have written.
    before: Traces,
    /// Whether what is written differs.
    differs: bool,
}

struct Faces<'a, 's> {
    space: &'a Space<'s>,
    memory: Memory,
    finders: Finders<'s>,
    until: Until,
    frames: Vec<Frame>,
    deeper: HashMap<(u32, u32), u32>,
    seen: HashSet<(Stand, Stand, Trace)>,
    pairs: Vec<Pair>,
    open: VecDeque<u32>,
    /// The pairs that do not look alike.
    differences: Vec<u32>,
    pairs_max: usize,
    cut_short: bool,
}

impl<'a, 's> Faces<'a, 's> {
    /// Lays two runs beside each other until nothing is left to compare.
    fn compared(space: &'a Space<'s>, until: Until, start: u32, typed: bool) -> Self {
        let mut faces = Self {
            space,
            memory: Memory::new(space),
            finders: Finders::of(space),
            until,
            frames: vec![Frame {
                instance: 0,
                caller: None,
            }],
            deeper: HashMap::new(),
            seen: HashSet::new(),
            pairs: Vec::new(),
            open: VecDeque::new(),
            differences: Vec::new(),
            pairs_max: states(space).saturating_mul(4).saturating_add(PAIRS_MAX),
            cut_short: false,
        };
        faces.run(start, typed);
        faces
    }

    fn run(&mut self, start: u32, typed: bool) {
        let at = |known| Stand {
            frame: 0,
            state: start,
            known,
            typed,
        };
        self.join(Pair {
            known: at(true),
            unknown: at(false),
            trace: Trace::NONE,
            from: None,
            by_known: None,
            by_unknown: None,
        });
        while let Some(pair) = self.open.pop_front() {
            if self.cut_short {
                return;
            }
            self.compare(pair);
        }
    }

    /// Two runs must look alike from here on.
    fn join(&mut self, pair: Pair) {
        if !self.seen.insert((pair.known, pair.unknown, pair.trace)) {
            return;
        }
        if self.pairs.len() >= self.pairs_max {
            self.cut_short = true;
            return;
        }
        let id = u32::try_from(self.pairs.len()).unwrap_or(u32::MAX);
        self.pairs.push(pair);
        self.open.push_back(id);
    }

    /// Two runs go on to a pair, with what they have left behind: each trace is looked at by itself.
    fn go(&mut self, next: Pair, left: Left) {
        // Without one first: they may not have come here without the one that they bring.
        let (known, unknown) = (self.is_error(next.by_known), self.is_error(next.by_unknown));
        let is_over = left.is_over && !known && !unknown;
        let lasting = if is_over { Trace::NONE } else { left.lasting };
        let fresh = if known == unknown {
            left.fresh
        } else {
            left.fresh.and(left.undone)
        };
        let traces = [Trace::NONE, lasting].into_iter();
        for trace in traces.chain(fresh.list()) {
            if trace == Trace::NONE || self.matters(trace, next) {
                self.join(Pair { trace, ..next });
            }
        }
    }

    fn compare(&mut self, id: u32) {
        let Some(pair) = self.pairs.get(id as usize).copied() else {
            return;
        };
        let (Some(mut left), Some(mut right)) = (
            self.view(pair.known, pair.trace),
            self.view(pair.unknown, pair.trace),
        ) else {
            return;
        };
        if self.is_uneven(pair) {
            for view in [&mut left, &mut right] {
                view.depends = true;
                view.differs = true;
            }
        }
        let same_node =
            pair.known.frame == pair.unknown.frame && pair.known.state == pair.unknown.state;
        match (left.label, right.label) {
            (Label::Silent, Label::Silent) => {
                let together = same_node || same_choice(left.thing, right.thing);
                if together {
                    self.together(id, pair, &left, &right, same_node);
                } else {
                    // Where nothing is chosen a run goes first, so that they meet where they can.
                    let waits = is_passed(right.thing) && !is_passed(left.thing);
                    self.alone(id, pair, &left, &right, !waits);
                }
            }
            (Label::Silent, _) => self.alone(id, pair, &left, &right, true),
            (_, Label::Silent) => self.alone(id, pair, &left, &right, false),
            (seen, other) => {
                if alike(seen, other) && !left.shows && !right.shows {
                    self.together(id, pair, &left, &right, same_node);
                } else {
                    self.differences.push(id);
                }
            }
        }
    }

    /// Both go on: by the same outcome where it does not depend on the user, else each by any of theirs.
    fn together(
        &mut self,
        id: u32,
        pair: Pair,
        left: &View<'_>,
        right: &View<'_>,
        same_node: bool,
    ) {
        let depends = left.depends || right.depends;
        let lacks = left.lacks || right.lacks;
        let mut fresh = Traces::default();
        for view in [left, right].into_iter().filter(|view| view.differs) {
            fresh = fresh.and(view.writes);
        }
        if let (Some(known), Some(unknown)) = (self.unit(pair.known), self.unit(pair.unknown)) {
            fresh = fresh.and(self.memory.side_by_side(known, unknown));
        }
        let differs = left.differs || right.differs;
        let behind = Left {
            lasting: pair.trace,
            is_over: !differs && left.sets.both(right.sets).has(pair.trace),
            fresh,
            undone: left.before.and(right.before),
        };
        let lasting = |way: &&Way| same_node || way.when != When::Outage;
        for way in left.ways.iter().filter(lasting) {
            let twin = self.twin(way, right, same_node);
            if let Some(twin) = twin.filter(|_| !depends || way.when == When::Outage) {
                self.go(next_of(id, way, &twin), behind);
            }
        }
        if depends || lacks {
            self.across(id, (&left.ways, &right.ways), depends, behind);
        }
        debug_assert!(pair.known.known && !pair.unknown.known);
    }

    /// Every way of the one against every way of the other; where no way depends on anything, only one of
    /// them may lack what it needs, and fail.
    fn across(&mut self, id: u32, (lefts, rights): (&[Way], &[Way]), depends: bool, behind: Left) {
        let inside = |way: &&Way| way.when != When::Outage;
        for left in lefts.iter().filter(inside) {
            for right in rights.iter().filter(inside) {
                if self.cut_short {
                    return;
                }
                if depends || self.fails(left) != self.fails(right) {
                    self.go(next_of(id, left, right), behind);
                }
            }
        }
    }

    /// One goes on, by any of its ways, while the other waits.
    fn alone(&mut self, id: u32, pair: Pair, left: &View<'_>, right: &View<'_>, known: bool) {
        let goes = if known { left } else { right };
        let at = if known { pair.known } else { pair.unknown };
        // The other may never do it: what it leaves is not the same in both from here on.
        let counted = self.unit(at).map(|unit| self.memory.alone(unit, known));
        let behind = Left {
            lasting: pair.trace,
            is_over: false,
            fresh: goes.writes.and(counted.unwrap_or_default()),
            undone: goes.before,
        };
        for way in goes.ways.iter().filter(|way| way.when != When::Outage) {
            let mut next = Pair {
                trace: Trace::NONE,
                from: Some(id),
                by_known: None,
                by_unknown: None,
                ..pair
            };
            if known {
                (next.known, next.by_known) = (way.to, way.taken);
            } else {
                (next.unknown, next.by_unknown) = (way.to, way.taken);
            }
            self.go(next, behind);
        }
    }

    fn unit(&self, at: Stand) -> Option<(JourneyId, u32)> {
        Some((self.flow(at.frame)?.journey, at.state))
    }

    fn matters(&self, trace: Trace, pair: Pair) -> bool {
        let units = self.unit(pair.known).zip(self.unit(pair.unknown));
        units.is_some_and(|(known, unknown)| self.memory.matters(trace, known, unknown))
    }

    fn is_uneven(&self, pair: Pair) -> bool {
        let units = self.unit(pair.known).zip(self.unit(pair.unknown));
        units.is_some_and(|(known, unknown)| self.memory.is_uneven(known, unknown, pair.trace))
    }

    /// The way of the other run that is taken on the same outcome.
    fn twin(&self, way: &Way, other: &View<'_>, same_node: bool) -> Option<Way> {
        let found = other.ways.iter().find(|twin| {
            if same_node {
                return twin.taken == way.taken && twin.to.frame == way.to.frame;
            }
            let leave = |taken: Option<Taken>| self.arc(taken?).map(|arc| arc.leave);
            leave(twin.taken) == leave(way.taken)
        });
        found.copied()
    }

    fn flow(&self, frame: u32) -> Option<&'a Flow> {
        let frame = self.frames.get(frame as usize)?;
        self.space.flow(frame.instance)
    }

    fn arc(&self, taken: Taken) -> Option<&'a Arc> {
        self.flow(taken.frame)?.arcs.get(taken.arc as usize)
    }

    fn journey(&self, frame: u32) -> Option<&'a Journey> {
        let frame = self.frames.get(frame as usize)?;
        let instance = self.space.instance(frame.instance)?;
        self.space.program.journey(instance.journey)
    }

    fn view(&mut self, at: Stand, trace: Trace) -> Option<View<'a>> {
        let flow = self.flow(at.frame)?;
        let state = flow.state(at.state)?;
        let mut view = View {
            label: Label::Silent,
            thing: Thing::Other,
            ways: Vec::new(),
            depends: false,
            lacks: false,
            shows: false,
            writes: Traces::default(),
            sets: Traces::default(),
            before: Traces::default(),
            differs: false,
        };
        match state.kind {
            StateKind::Exit(exit) => self.leave(at, exit, &mut view),
            StateKind::Call(_) => self.enter(at, &mut view)?,
            StateKind::Step => self.step(at, trace, (flow, state), &mut view)?,
        }
        Some(view)
    }

    /// The end of a journey: of the outermost one it is seen, of another its caller goes on.
    fn leave(&mut self, at: Stand, exit: Exit, view: &mut View<'a>) {
        let caller = self.frames.get(at.frame as usize).and_then(|f| f.caller);
        let Some((frame, call)) = caller else {
            view.label = Label::End(exit == Exit::Success);
            return;
        };
        let Some(flow) = self.flow(frame) else { return };
        let back = flow.leaving(call).filter(|(_, arc)| arc.via == Some(exit));
        for (id, arc) in back {
            self.way(at, frame, (id, arc), Some(at.typed), When::Both, view);
        }
    }

    fn enter(&mut self, at: Stand, view: &mut View<'a>) -> Option<()> {
        let instance = self.frames.get(at.frame as usize)?.instance;
        let callee = self.space.instance(instance)?.callee(at.state)?;
        let start = self.space.flow(callee)?.start;
        let next = u32::try_from(self.frames.len()).unwrap_or(u32::MAX);
        let frame = *self.deeper.entry((at.frame, at.state)).or_insert(next);
        if frame == next {
            self.frames.push(Frame {
                instance: callee,
                caller: Some((at.frame, at.state)),
            });
        }
        if self.until == Until::Marked && self.is_cut(frame, None, start) {
            return Some(());
        }
        view.ways.push(Way {
            to: Stand {
                frame,
                state: start,
                ..at
            },
            taken: None,
            when: When::Both,
        });
        Some(())
    }

    fn step(
        &mut self,
        at: Stand,
        trace: Trace,
        (flow, state): (&'a Flow, &State),
        view: &mut View<'a>,
    ) -> Option<()> {
        let program = self.space.program;
        let (node, thing) = Thing::of(self.journey(at.frame)?, state);
        view.thing = thing;
        let site = self.memory.site(flow.journey, at.state);
        let is_looked_up = at.typed && world::depends(program, thing);
        // Where a place is named, what a secret brings is seen before it like all else.
        let is_proved = at.typed && self.until == Until::Marked && world::may_prove(program, thing);
        view.depends = is_looked_up || is_proved || site.chooses.has(trace);
        view.lacks = site.needs.has(trace);
        view.differs = view.depends || site.reads.has(trace);
        view.writes = site.writes;
        view.sets = site.sets;
        view.before = site.before;
        for (id, arc) in flow.leaving(at.state) {
            if arc.is_shut() || arc.only == Only::Done {
                continue;
            }
            // What is missing in one of the two runs is no outage.
            let when = if arc.is_error() && view.lacks {
                When::Both
            } else {
                world::when(program, thing, arc, is_looked_up)
            };
            let here = match (when, self.until) {
                (When::Rightly, Until::Proof) => false,
                (When::Rightly, Until::Marked) => at.known || !at.typed,
                (When::Known, _) => at.known,
                (When::Unknown, _) => !at.known,
                (When::Both | When::Outage, _) => true,
            };
            if here {
                let typed = world::typed(program, thing, arc, &self.finders);
                self.way(at, at.frame, (id, arc), typed, when, view);
            }
        }
        let Some(node) = node.filter(|_| state.child == 0) else {
            return Some(());
        };
        view.label = label::of_node(program, node);
        // Who cannot be looked up is asked nothing.
        if !at.known && is_looked_up && view.ways.iter().all(|way| self.fails(way)) {
            view.label = Label::Silent;
        }
        let tasks: Vec<_> = match &node.kind {
            NodeKind::Task(task) => vec![task],
            NodeKind::Page(page) => page.children.iter().map(|child| &child.task).collect(),
            _ => Vec::new(),
        };
        let by_itself = at.typed && tasks.iter().any(|task| world::shows(task));
        let is_shown = matches!(view.label, Label::Shown(..));
        view.shows = is_shown && (by_itself || site.shows.has(trace));
        Some(())
    }

    fn fails(&self, way: &Way) -> bool {
        self.is_error(way.taken)
    }

    fn is_error(&self, taken: Option<Taken>) -> bool {
        let arc = taken.and_then(|taken| self.arc(taken));
        arc.is_some_and(Arc::is_error)
    }

    fn way(
        &self,
        at: Stand,
        frame: u32,
        (id, arc): (u32, &Arc),
        typed: Option<bool>,
        when: When,
        view: &mut View<'a>,
    ) {
        if self.until == Until::Marked && self.is_cut(frame, Some(id), arc.to) {
            return;
        }
        view.ways.push(Way {
            to: Stand {
                frame,
                state: arc.to,
                known: at.known,
                typed: typed.unwrap_or(at.typed),
            },
            taken: Some(Taken { frame, arc: id }),
            when,
        });
    }

    fn is_cut(&self, frame: u32, arc: Option<u32>, state: u32) -> bool {
        let frame = self.frames.get(frame as usize);
        frame
            .and_then(|frame| self.space.instance(frame.instance))
            .is_some_and(|instance| {
                let on_arc = arc.map_or(0, |arc| instance.on_arc(arc));
                Mark::CUT.within(on_arc | instance.on_state(state))
            })
    }
}

/// What two runs leave behind that go on.
#[derive(Debug, Clone, Copy)]
struct Left {
    /// The trace that they came with.
    lasting: Trace,
    /// Whether both have now done the same about it, unless they failed.
    is_over: bool,
    /// What only one of them has done now.
    fresh: Traces,
    /// What is taken back where only one of them has failed.
    undone: Traces,
}

fn next_of(from: u32, known: &Way, unknown: &Way) -> Pair {
    Pair {
        known: known.to,
        unknown: unknown.to,
        trace: Trace::NONE,
        from: Some(from),
        by_known: known.taken,
        by_unknown: unknown.taken,
    }
}

/// Whether a state is passed without a choice: a call, or the end of an inner journey.
fn is_passed(thing: Thing<'_>) -> bool {
    matches!(thing, Thing::Other)
}
