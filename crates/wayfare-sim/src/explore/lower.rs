//! From a journey of a program to the table that the search walks.
//!
//! In: a program, whether or not the proofs refuse it. Out: places, moves, and where in a state everything
//! stands. Nodes, signatures and properties are read here and nowhere later.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::{graph::NodeIndex, visit::EdgeRef};
use wayfare::{
    AuthLevel, Factor, Program, Registry,
    model::{
        expr::{Expr, Function, KeyId, Slot},
        journey::{Guard, Journey, Node, NodeKind, On, OutcomeId, SettingValue, Task},
        signature::Known,
    },
};

use crate::explore::{
    ExploreError, Runs,
    frame::{CountKey, DEPTH_MAX, Facts, Frame, facts, frames, node_count, tasks},
    guard::condition,
    layout::{Field, Layout},
    local,
    outcome::{Scene, Variant},
    table::{Label, Move, Op, Parts, Place, Store, Table},
    watch::{Event, Spot, Watches},
};

struct Lower<'a> {
    program: &'a Program,
    frames: Vec<Frame>,
    /// By frame and node, the frame of the inner journey that is called there.
    inner: BTreeMap<(usize, NodeIndex<u32>), usize>,
    counts: BTreeMap<CountKey, Field>,
    watches: Watches<'a>,
    scene: Scene<'a>,
    /// The place of a run that has failed in an error.
    failed: usize,
    places: Vec<Place>,
    moves: Vec<Vec<(Vec<Op>, usize, Label)>>,
    guards: Vec<Vec<Option<crate::explore::table::Condition>>>,
}

/// The table of a journey.
pub(super) fn lower(
    program: &Program,
    root: &Journey,
    runs: Runs,
    failures_max: u32,
) -> Result<Table, ExploreError> {
    let duel = runs != Runs::One;
    let frames = frames(program, root)?;
    let size = frames
        .last()
        .map_or(0, |frame| frame.base + node_count(program, frame.journey));
    let facts_of = facts(program, &frames, root);
    let mut layout = Layout::default();
    let mut parts = parts(&mut layout, size, &facts_of);
    let counts: BTreeMap<CountKey, Field> = facts_of
        .counts
        .iter()
        .map(|(key, most)| (*key, layout.field(*most)))
        .collect();
    let kept: Vec<(KeyId, Field)> = facts_of
        .keys
        .iter()
        .map(|key| (*key, layout.field(1)))
        .collect();
    let fact = |key: KeyId| {
        kept.iter()
            .find(|(known, _)| *known == key)
            .map(|(_, field)| *field)
    };
    let watches = if duel {
        Watches::none(root)
    } else {
        Watches::new(root, &mut layout, &facts_of.factors, fact)
    };
    let words_of_run = layout.words();
    let mut shared = if duel { Layout::default() } else { layout };
    let base = if duel {
        words_of_run * runs.number()
    } else {
        0
    };
    let store = store(&mut shared, base, failures_max);
    let words = base + shared.words();
    parts.words = if duel { words_of_run } else { words };
    let remembered = remembered(&watches, words_of_run);
    let built = Registry::standard().built().map(str::to_owned).collect();
    let scene = Scene {
        program,
        built: &built,
        duel,
        facts: &kept,
        factors: &facts_of.factors,
        codes: facts_of.codes,
        addresses: &facts_of.addresses,
        locks: facts_of.locks,
        ceiling: facts_of.ceiling,
    };
    let left_out = left_out(root, &watches);
    let shown = watches.shown().collect();
    let mut lower = Lower {
        program,
        frames,
        inner: BTreeMap::new(),
        counts,
        watches,
        scene,
        failed: size,
        places: vec![Place::default(); size + 1],
        moves: vec![Vec::new(); size + 1],
        guards: Vec::new(),
    };
    lower.all(&fact);
    let at_start = lower.arrive(0, root.start);
    let (places, moves, guards) = (lower.places, lower.moves, lower.guards);
    let mut table = Table {
        places,
        first: Vec::new(),
        moves: Vec::new(),
        ops: Vec::new(),
        labels: Vec::new(),
        start: index(root.start.index()),
        at_start,
        guards,
        parts,
        shown,
        store,
        words,
        kept: remembered,
        ceiling: facts_of.ceiling,
        claim: root.settings.level.map_or(0, AuthLevel::number),
        proves_whom: !root.settings.inner_only,
        locks: facts_of.locks,
        session: bit(&facts_of.factors, Factor::Session),
        password: bit(&facts_of.factors, Factor::Password),
        otp: bit(&facts_of.factors, Factor::Otp),
        properties: root
            .ensures
            .iter()
            .map(|ensure| Arc::clone(&ensure.label))
            .collect(),
        left_out,
    };
    flatten(&mut table, moves);
    local::mark(&mut table);
    Ok(table)
}

/// The parts of a run; how many words they fill is known when all else has its place.
fn parts(layout: &mut Layout, places: usize, facts: &Facts) -> Parts {
    Parts {
        place: layout.field(index(places)),
        level: layout.field(facts.ceiling),
        named: layout.field(3),
        proved: layout.field((1 << facts.factors.len()) - 1),
        taken: layout.field(1),
        code: layout.field(3),
        bound: layout.field(2),
        address: layout.field(if facts.addresses.is_empty() { 0 } else { 2 }),
        words: 0,
    }
}

fn store(layout: &mut Layout, base: usize, failures_max: u32) -> Store {
    Store {
        base,
        passwords: layout.field(failures_max),
        codes: layout.field(failures_max),
        outside: layout.field(failures_max.saturating_add(1)),
        locked: layout.field(1),
        stolen: layout.field(7),
    }
}

/// By word of a run, the bits that remember what was passed.
fn remembered(watches: &Watches<'_>, words: usize) -> Vec<u64> {
    let mut remembered = vec![0_u64; words];
    for (word, bits) in watches.memory().map(Field::bits) {
        if let Some(mask) = remembered.get_mut(word) {
            *mask |= bits;
        }
    }
    remembered
}

fn left_out(root: &Journey, watches: &Watches<'_>) -> Vec<(Arc<str>, &'static str)> {
    let label = |at: usize| root.ensures.get(at).map(|ensure| Arc::clone(&ensure.label));
    let all = watches.left_out.iter();
    all.filter_map(|(at, why)| Some((label(*at)?, *why)))
        .collect()
}

fn flatten(table: &mut Table, moves: Vec<Vec<(Vec<Op>, usize, Label)>>) {
    for at_place in moves {
        table.first.push(index(table.moves.len()));
        for (ops, to, label) in at_place {
            let from = index(table.ops.len());
            table.ops.extend(ops);
            table.moves.push(Move {
                ops: (from, index(table.ops.len())),
                to: index(to),
                label: index(table.labels.len()),
            });
            table.labels.push(label);
        }
    }
    table.first.push(index(table.moves.len()));
}

pub(super) fn bit(factors: &[Factor], wanted: Factor) -> u32 {
    factors
        .iter()
        .position(|factor| *factor == wanted)
        .map_or(0, |at| 1 << at)
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Where a run goes when an inner journey, or a node, ends in a way.
struct Onward {
    ops: Vec<Op>,
    to: usize,
    label: (usize, Option<Arc<str>>),
}

impl<'a> Lower<'a> {
    fn all(&mut self, fact: &impl Fn(KeyId) -> Option<Field>) {
        for at in 0..self.frames.len() {
            if let Some(Frame {
                caller: Some(caller),
                calls,
                ..
            }) = self.frames.get(at)
                && let Some((_, node)) = calls.last()
            {
                self.inner.insert((*caller, *node), at);
            }
        }
        if let Some(place) = self.places.get_mut(self.failed) {
            place.is_end = true;
            place.path = Arc::from("failure");
        }
        for frame in 0..self.frames.len() {
            let Some(journey) = self
                .frames
                .get(frame)
                .and_then(|frame| self.program.journey(frame.journey))
            else {
                continue;
            };
            for node in journey.graph.node_indices() {
                self.node(frame, journey, node, fact);
            }
        }
    }

    fn at(&self, frame: usize, node: NodeIndex<u32>) -> usize {
        self.frames.get(frame).map_or(0, |frame| frame.base) + node.index()
    }

    fn events(&self, frame: usize, node: NodeIndex<u32>, event: Event<'_>) -> Vec<Op> {
        let Some(frame) = self.frames.get(frame) else {
            return Vec::new();
        };
        self.watches.ops(
            Spot {
                calls: &frame.calls,
                journey: frame.journey,
                node,
            },
            event,
        )
    }

    fn node_at(&self, frame: usize, node: NodeIndex<u32>) -> Option<&'a Node> {
        self.program
            .journey(self.frames.get(frame)?.journey)?
            .graph
            .node_weight(node)
    }

    /// What arriving at a node means.
    fn arrive(&self, frame: usize, node: NodeIndex<u32>) -> Vec<Op> {
        let ty = self
            .node_at(frame, node)
            .and_then(|node| tasks(node).first().map(|(_, task, _)| task.ty));
        self.events(frame, node, Event::Visit { child: 0, ty })
    }

    fn target(&self, frame: usize, node: NodeIndex<u32>, on: On) -> Option<NodeIndex<u32>> {
        let journey = self.program.journey(self.frames.get(frame)?.journey)?;
        journey
            .graph
            .edges(node)
            .find(|edge| edge.weight().on == on)
            .map(|edge| edge.target())
    }

    /// On to a node: what was done before, arriving, and success of the outermost journey.
    fn onward(
        &self,
        frame: usize,
        from: NodeIndex<u32>,
        to: NodeIndex<u32>,
        mut ops: Vec<Op>,
        on: Option<Arc<str>>,
    ) -> Onward {
        ops.extend(self.arrive(frame, to));
        let root = self
            .frames
            .get(frame)
            .filter(|frame| frame.caller.is_none());
        let journey = root.and_then(|frame| self.program.journey(frame.journey));
        if journey.is_some_and(|journey| journey.success == to) {
            let allowed = self
                .node_at(frame, from)
                .is_some_and(Node::allows_unproved_success);
            ops.push(Op::Success(allowed));
        }
        Onward {
            ops,
            to: self.at(frame, to),
            label: (self.at(frame, from), on),
        }
    }

    /// The inner journey of a frame ends by an outcome of its caller, where that is wired.
    fn back(&self, frame: usize, name: &str) -> Option<Onward> {
        let caller = self.frames.get(frame)?.caller?;
        let (_, node) = self.frames.get(frame)?.calls.last().copied()?;
        let weight = self.node_at(caller, node)?;
        let outcome = weight.outcome(name)?;
        let to = self.target(caller, node, On::Outcome(outcome))?;
        let ops = self.events(caller, node, Event::Return(On::Outcome(outcome)));
        Some(self.onward(
            caller,
            node,
            to,
            ops,
            weight.outcomes.get(outcome.index()).cloned(),
        ))
    }

    /// A node fails: the first that takes the error goes on, else the run has failed, if that is to be expected.
    fn fails(&self, frame: usize, node: NodeIndex<u32>, expected: bool) -> Option<Onward> {
        if let Some(to) = self.target(frame, node, On::Error) {
            let ops = self.events(frame, node, Event::Error);
            return Some(self.onward(frame, node, to, ops, None));
        }
        let mut at = frame;
        for _ in 0..DEPTH_MAX {
            let Some(caller) = self.frames.get(at).and_then(|frame| frame.caller) else {
                break;
            };
            if let Some(found) = self.back(at, "error") {
                return Some(found);
            }
            let (_, call) = self.frames.get(at)?.calls.last().copied()?;
            if let Some(to) = self.target(caller, call, On::Error) {
                let ops = self.events(caller, call, Event::Return(On::Error));
                return Some(self.onward(caller, call, to, ops, None));
            }
            at = caller;
        }
        let ops = self.events(0, node, Event::Failed);
        expected.then(|| Onward {
            ops,
            to: self.failed,
            label: (self.at(frame, node), None),
        })
    }

    fn push(&mut self, at: usize, mut before: Vec<Op>, onward: Onward, note: Option<&'static str>) {
        before.extend(onward.ops);
        let (place, on) = onward.label;
        let label = Label {
            place: index(place),
            on,
            note,
            hidden: false,
        };
        if let Some(moves) = self.moves.get_mut(at) {
            moves.push((before, onward.to, label));
        }
    }

    fn node(
        &mut self,
        frame: usize,
        journey: &'a Journey,
        node: NodeIndex<u32>,
        fact: &impl Fn(KeyId) -> Option<Field>,
    ) {
        let at = self.at(frame, node);
        let Some(weight) = journey.graph.node_weight(node) else {
            return;
        };
        let prefix = self.frames.get(frame).map_or("", |frame| &frame.path);
        let outermost = self
            .frames
            .get(frame)
            .is_some_and(|frame| frame.caller.is_none());
        let mut place = Place {
            path: Arc::from(format!("{prefix}{}", weight.path)),
            node: Arc::clone(&weight.path),
            journey: Arc::clone(&journey.name),
            outcomes: weight.outcomes.len(),
            ..Place::default()
        };
        match &weight.kind {
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => {
                place.is_end = outermost;
                let end = match weight.kind {
                    NodeKind::Success => self.back(frame, "true"),
                    NodeKind::Failure => self.back(frame, "false"),
                    _ => self.back(frame, "error").or_else(|| self.loose(frame)),
                };
                if let Some(onward) = end {
                    self.push(at, Vec::new(), onward, None);
                }
            }
            NodeKind::Inner(_) => {
                if let Some(inner) = self.inner.get(&(frame, node)).copied()
                    && let Some(start) = self
                        .frames
                        .get(inner)
                        .and_then(|f| self.program.journey(f.journey))
                        .map(|j| j.start)
                {
                    let ops = self.arrive(inner, start);
                    let to = self.at(inner, start);
                    let label = Label {
                        place: index(at),
                        on: None,
                        note: None,
                        hidden: true,
                    };
                    if let Some(moves) = self.moves.get_mut(at) {
                        moves.push((ops, to, label));
                    }
                }
                // The call itself fails where the embedder lets no journey stand in another.
                if let Some(onward) = self.fails(frame, node, false) {
                    self.push(at, Vec::new(), onward, None);
                }
            }
            NodeKind::Decision(arms) => self.decision(frame, node, weight, arms, fact),
            NodeKind::Task(_) | NodeKind::Page(_) => {
                self.describe(weight, &mut place);
                self.tasks(frame, node, weight);
            }
        }
        if let Some(found) = self.places.get_mut(at) {
            *found = place;
        }
    }

    /// A loose end that the caller does not take: the caller is at its own loose end.
    fn loose(&self, frame: usize) -> Option<Onward> {
        let caller = self.frames.get(frame)?.caller?;
        let (id, node) = self.frames.get(frame)?.calls.last().copied()?;
        let to = self.program.journey(id)?.loose_end;
        Some(self.onward(caller, node, to, Vec::new(), None))
    }

    fn describe(&self, node: &Node, place: &mut Place) {
        for (_, task, outcomes) in tasks(node) {
            let Some(signature) = self.program.catalog.get(task.ty) else {
                continue;
            };
            place.stops |=
                signature.asks == Known::Is(true) || signature.suspends == Known::Is(true);
            let short = |name: &str| Arc::from(name.strip_suffix("Callback").unwrap_or(name));
            place
                .asks
                .extend(signature.callbacks.iter().map(|name| short(name)));
            let builtin = signature.name == "OneTimePasswordCollectorDecision";
            for name in outcomes {
                let factor = signature.facts_of(name).and_then(|facts| facts.proves);
                place.foreign_code |= factor == Some(Factor::Otp) && !(builtin && self.scene.codes);
                place.push |= factor == Some(Factor::Push);
            }
        }
    }

    fn decision(
        &mut self,
        frame: usize,
        node: NodeIndex<u32>,
        weight: &Node,
        arms: &[Guard],
        fact: &impl Fn(KeyId) -> Option<Field>,
    ) {
        let at = self.at(frame, node);
        let ceiling = self.scene.ceiling;
        let number = index(self.guards.len());
        let conditions = arms.iter().map(|arm| {
            arm.condition
                .as_ref()
                .map(|expr| condition(expr, ceiling, fact))
        });
        self.guards.push(conditions.collect());
        for arm in 0..u16::try_from(arms.len()).unwrap_or(u16::MAX) {
            let outcome = OutcomeId(arm);
            let Some(to) = self.target(frame, node, On::Outcome(outcome)) else {
                continue;
            };
            let name = weight.outcomes.get(outcome.index());
            let event = Event::Leave {
                child: 0,
                whole: true,
                outcome,
                name: name.map_or("", |name| name),
                ty: None,
                proves: None,
            };
            let ops = self.events(frame, node, event);
            let onward = self.onward(frame, node, to, ops, name.cloned());
            self.push(at, vec![Op::Guard(number, arm)], onward, None);
        }
        if let Some(onward) = self.fails(frame, node, guards_may_fail(arms)) {
            self.push(at, Vec::new(), onward, None);
        }
    }

    /// A task, or the children of a page one after the other.
    fn tasks(&mut self, frame: usize, index: NodeIndex<u32>, weight: &'a Node) {
        let at = self.at(frame, index);
        let Some(journey) = self.frames.get(frame).map(|frame| frame.journey) else {
            return;
        };
        let children = tasks(weight);
        // What was sent was sent, wherever a page fails; to whom is not known where it writes an address too.
        let astray = children
            .iter()
            .any(|(_, task, _)| self.scene.sends(task))
            .then(|| {
                let mut all = children.iter();
                Op::Astray(all.any(|(_, task, outcomes)| self.scene.writes_address(task, outcomes)))
            });
        let lead = match &weight.kind {
            NodeKind::Page(page) => page.lead(&self.program.catalog),
            _ => None,
        };
        let mut ways = vec![Variant::default()];
        for (child, task, outcomes) in &children {
            let last = usize::from(*child) + 1 == children.len();
            let past = lead.filter(|_| last);
            if *child > 0 {
                let visit = self.events(
                    frame,
                    index,
                    Event::Visit {
                        child: *child,
                        ty: Some(self.program.catalog.kind(task.ty)),
                    },
                );
                for way in &mut ways {
                    way.ops.extend(&visit);
                }
            }
            if let Some(onward) = self.fails(frame, index, may_fail(self.program, task)) {
                // Whatever was passed stays passed, and what it did is taken back.
                for way in ways.iter().filter(|way| *child == 0 || !way.ops.is_empty()) {
                    let mut ops = Vec::with_capacity(way.ops.len() + 2);
                    if *child > 0 {
                        ops.push(Op::Save);
                        ops.extend(&way.ops);
                        ops.push(Op::Restore);
                    }
                    ops.extend(astray);
                    let onward = Onward {
                        ops: onward.ops.clone(),
                        to: onward.to,
                        label: onward.label.clone(),
                    };
                    self.push(at, ops, onward, way.note);
                }
            }
            let count = self.counts.get(&(journey, index, *child)).copied();
            let ends = if last { outcomes.len() } else { 1 };
            let mut next = Vec::new();
            for (id, name) in (0..).map(OutcomeId).zip(outcomes.iter()).take(ends) {
                let left = self.leave(frame, index, (*child, last), (id, name), task);
                let target = self.target(frame, index, On::Outcome(id)).filter(|_| last);
                // A last child that comes first leaves past the others, as if none of them were there.
                let alone = past.filter(|lead| lead.ends(id)).map(|_| {
                    let visit = Event::Visit {
                        child: *child,
                        ty: Some(self.program.catalog.kind(task.ty)),
                    };
                    Variant {
                        ops: self.events(frame, index, visit),
                        ..Variant::default()
                    }
                });
                let ways = alone.as_ref().map_or(&*ways, std::slice::from_ref);
                for variant in self.scene.variants(task, name, count) {
                    for way in ways {
                        let mut ops = way.ops.clone();
                        ops.extend(&variant.ops);
                        ops.extend(&left);
                        let note = variant.note.or(way.note);
                        match target {
                            Some(to) => {
                                let name = weight.outcomes.get(id.index()).cloned();
                                let onward = self.onward(frame, index, to, Vec::new(), name);
                                self.push(at, ops, onward, note);
                            }
                            None => next.push(Variant { ops, note }),
                        }
                    }
                }
            }
            ways = next;
        }
        if children.is_empty()
            && let Some(to) = self.target(frame, index, On::Outcome(OutcomeId(0)))
        {
            let onward = self.onward(
                frame,
                index,
                to,
                Vec::new(),
                weight.outcomes.first().cloned(),
            );
            self.push(at, Vec::new(), onward, None);
        }
    }

    fn leave(
        &self,
        frame: usize,
        node: NodeIndex<u32>,
        (child, whole): (u16, bool),
        (outcome, name): (OutcomeId, &str),
        task: &Task,
    ) -> Vec<Op> {
        let setting = |key: &str| {
            task.settings
                .iter()
                .find(|(name, _)| &**name == key)
                .map(|(_, value)| value)
        };
        let proves = self
            .program
            .catalog
            .get(task.ty)
            .and_then(|signature| signature.proves(name, setting));
        self.events(
            frame,
            node,
            Event::Leave {
                child,
                whole,
                outcome,
                name,
                ty: Some(self.program.catalog.kind(task.ty)),
                proves,
            },
        )
    }
}

/// Whether a task may fail: it calls out, cannot work without a value, or computes a setting.
fn may_fail(program: &Program, task: &Task) -> bool {
    let computed = task
        .settings
        .iter()
        .any(|(_, value)| matches!(value, SettingValue::Computed(_)));
    program.catalog.get(task.ty).is_none_or(|signature| {
        let setting = |key: &str| {
            let found = task.settings.iter().find(|(name, _)| &**name == key);
            found.map(|(_, value)| value)
        };
        signature.calls(setting).or(true)
            || computed
            || signature.reads.iter().any(|read| read.always)
    })
}

/// Whether guards may fail: they ask outside, or convert.
fn guards_may_fail(arms: &[Guard]) -> bool {
    use wayfare::model::expr::BinaryOp;
    let mut open: Vec<&Expr> = arms
        .iter()
        .filter_map(|arm| arm.condition.as_ref())
        .collect();
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Read(slot, _) | Expr::Has(slot) => {
                if matches!(slot, Slot::User(_) | Slot::Session(_) | Slot::SessionLevel) {
                    return true;
                }
            }
            Expr::Literal(_) => {}
            Expr::Not(inner) => open.push(inner),
            Expr::Binary(BinaryOp::Add | BinaryOp::Subtract, ..)
            | Expr::Call(Function::Int | Function::Age | Function::Before | Function::After, _) => {
                return true;
            }
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Call(_, parts) | Expr::Join(parts) => open.extend(parts),
        }
    }
    false
}
