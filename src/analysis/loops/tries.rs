//! Loops on which a secret can be tried without a limit, and those that issue the code anew.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    Code, Diagnostic, Diagnostics,
    analysis::{
        component::Arcs,
        flow::{Arc, Bound, Exits, Flow, State, StateKind},
        loops::{
            Here, Loops,
            code::{Part, Parts},
            put,
        },
    },
    codes,
    model::{
        journey::{Journey, Node, NodeKind, Task},
        program::Program,
        signature::{Challenge, Factor},
    },
};

/// The greatest limit that still is one: no account should see more wrong guesses than that in a row.
const TRIES_MAX: u64 = 100;

/// By journey, how it can be left.
#[derive(Debug)]
pub(super) struct Summaries {
    parts: Parts,
    /// Without passing a limiter.
    free: Vec<Exits>,
    /// Without passing a limiter or a code being issued.
    same: Vec<Exits>,
    /// After a try of a secret that stays: on the first.
    fixed: Vec<Exits>,
    /// After a try of a code: on the first, and on the second.
    code: Vec<Exits>,
    code_same: Vec<Exits>,
    /// After a code that is not typed was not confirmed: on the first.
    shown: Vec<Exits>,
}

impl Summaries {
    pub(super) fn new(program: &Program) -> Self {
        let none = vec![Exits::default(); program.journeys.len()];
        Self {
            parts: Parts::new(&program.catalog),
            free: none.clone(),
            same: none.clone(),
            fixed: none.clone(),
            code: none.clone(),
            code_same: none.clone(),
            shown: none,
        }
    }

    /// By state of a journey, what it has to do with codes; nothing where none has.
    pub(super) fn parts_of(&self, journey: &Journey, flow: &Flow) -> Vec<Part> {
        let of = |state: &State| {
            let task = task(journey, state).filter(|_| state.kind == StateKind::Step);
            task.map_or(Part::None, |task| self.parts.of(task.ty))
        };
        flow.states.iter().map(of).collect()
    }
}

/// How a journey can end after a try of each kind.
#[derive(Debug, Clone, Copy)]
struct Tried {
    fixed: Exits,
    code: Exits,
    code_same: Exits,
    shown: Exits,
}

/// What is tried where an arc is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Try {
    /// A secret that stays what it is.
    Fixed,
    /// A code that is typed.
    Code,
    /// A code that is not typed: a question on another device.
    Shown,
}

impl Here<'_> {
    /// Reports loops without a limit on tries.
    pub(super) fn tries(&mut self, known: &mut Summaries, diagnostics: &mut Diagnostics) {
        let id = self.journey.id;
        let is_free = |arc: &Arc| self.is_free(arc) && self.flow.returns(arc, &known.free);
        let is_same = |arc: &Arc| {
            self.is_free(arc) && self.flow.returns(arc, &known.same) && !self.issues(arc)
        };
        let free = Loops::new(self.flow, is_free);
        let same = Loops::new(self.flow, is_same);
        let tries = Tried {
            fixed: self.ends_after(is_free, |arc| self.is_try(arc, Try::Fixed, known, false)),
            code: self.ends_after(is_free, |arc| self.is_try(arc, Try::Code, known, false)),
            code_same: self.ends_after(is_same, |arc| self.is_try(arc, Try::Code, known, true)),
            shown: self.ends_after(is_free, |arc| self.is_try(arc, Try::Shown, known, false)),
        };
        let (ends_free, ends_same) = (self.ends_by(is_free), self.ends_by(is_same));
        self.report(known, &free, &same, diagnostics);
        put(&mut known.fixed, id, tries.fixed);
        put(&mut known.code, id, tries.code);
        put(&mut known.code_same, id, tries.code_same);
        put(&mut known.shown, id, tries.shown);
        put(&mut known.free, id, ends_free);
        put(&mut known.same, id, ends_same);
    }

    fn report(
        &mut self,
        known: &Summaries,
        free: &Loops<'_>,
        same: &Loops<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        let limiters = OnceCell::new();
        let mut told = BTreeSet::new();
        // The finding at the answer says more than the one at the question.
        let answers = |arc: &Arc| !self.asks_device(arc);
        let mut answered = BTreeSet::new();
        let on_one = |arc: &&&Arc| free.is_on_one(arc);
        let (first, later): (Vec<&&Arc>, Vec<&&Arc>) = free
            .kept
            .iter()
            .filter(on_one)
            .partition(|arc| answers(arc));
        for arc in first.into_iter().chain(later) {
            let component = free.component(arc.from);
            if self.asks_device(arc) && answered.contains(&component) {
                continue;
            }
            let is_kept = |arc: &Arc| self.flow.returns(arc, &known.same) && !self.issues(arc);
            let stays = is_kept(arc) && same.is_on_one(arc);
            let code = if self.is_try(arc, Try::Fixed, known, false)
                || stays && self.is_try(arc, Try::Code, known, true)
            {
                codes::UNBOUNDED_PASSWORD_LOOP
            } else if self.is_try(arc, Try::Code, known, false)
                || !stays && self.is_try(arc, Try::Shown, known, false)
            {
                codes::COUNT_RESET
            } else {
                continue;
            };
            answered.insert(component);
            if told.contains(&(arc.from, code.word)) {
                continue;
            }
            told.insert((arc.from, code.word));
            // Beyond what is kept, findings are only counted.
            if told.len() > Diagnostics::KEPT_MAX {
                diagnostics.push(Diagnostic::new(code, self.journey.span, "and more loops"));
                continue;
            }
            let Some(mut finding) = self.finding(arc, code) else {
                continue;
            };
            if code == codes::COUNT_RESET {
                finding = self.with_issuer(finding, arc, free);
            }
            let limiters = limiters.get_or_init(|| Limiters::new(self.flow, self.reached));
            finding = self.with_limiter(finding, arc, limiters);
            if let Some(around) = self.around(arc, free) {
                finding = around.tell(self.program, finding, "around:");
            }
            diagnostics.push(finding);
        }
    }

    /// Whether no limiter counts.
    fn is_free(&self, arc: &Arc) -> bool {
        !limits(arc.bound) && self.is_reached(arc.from)
    }

    fn part(&self, state: u32) -> Part {
        self.parts.get(state as usize).copied().unwrap_or_default()
    }

    /// How the journey can end after a try, by some of its arcs; nothing where nobody asks.
    fn ends_after(&self, keep: impl Fn(&Arc) -> bool, is_try: impl Fn(&Arc) -> bool) -> Exits {
        if !self.called {
            return Exits::default();
        }
        ends_after_a_try(self.flow, keep, is_try)
    }

    /// Whether a new code is there once an arc is taken.
    fn issues(&self, arc: &Arc) -> bool {
        !arc.is_error() && matches!(self.part(arc.from), Part::Issues | Part::Asks)
    }

    /// Whether a question has gone to somebody's device once an arc is taken.
    fn asks_device(&self, arc: &Arc) -> bool {
        let asks = arc.challenge == Challenge::Opens && arc.via.is_none();
        asks && !arc.is_error() && self.part(arc.from) == Part::Asks
    }

    fn is_try(&self, arc: &Arc, kind: Try, known: &Summaries, same: bool) -> bool {
        if arc.via.is_some() {
            let ends = match (kind, same) {
                (Try::Fixed, _) => &known.fixed,
                (Try::Code, false) => &known.code,
                (Try::Code, true) => &known.code_same,
                (Try::Shown, _) => &known.shown,
            };
            return self.flow.returns(arc, ends);
        }
        let Some(state) = self.flow.state(arc.from) else {
            return false;
        };
        if arc.proves.is_some_and(Factor::is_shown) {
            return false;
        }
        if !arc.compares && !arc.is_error() {
            return false;
        }
        let checks = self.part(arc.from) == Part::Checks;
        match kind {
            Try::Fixed => state.verifies && !checks,
            Try::Code => state.verifies && checks,
            Try::Shown => !state.verifies && checks || self.asks_device(arc),
        }
    }

    fn finding(&self, arc: &Arc, code: Code) -> Option<Diagnostic> {
        let state = self.flow.state(arc.from)?;
        let node = self.journey.graph.node_weight(state.node)?;
        Some(if code == codes::COUNT_RESET {
            self.reset(state, node)
        } else {
            self.unbounded(state, node)
        })
    }

    fn unbounded(&self, state: &State, node: &Node) -> Diagnostic {
        let (message, expected) = match state.kind {
            StateKind::Call(_) => (
                format!(
                    "a secret can be tried without a limit: `{}` is asked again and again",
                    node.path
                ),
                format!(
                    "`{}` compares a secret and sets no limit by itself",
                    self.name_of(state)
                ),
            ),
            StateKind::Step | StateKind::Exit(_) => (
                format!(
                    "a secret can be tried at `{}` without a limit",
                    self.name_of(state)
                ),
                "a secret is compared here".to_owned(),
            ),
        };
        Diagnostic::new(codes::UNBOUNDED_PASSWORD_LOOP, node.span, message)
            .expected(expected)
            .help("let every way back pass the `Retry` of a `RetryLimitDecision`")
    }

    fn reset(&self, state: &State, node: &Node) -> Diagnostic {
        let (message, expected) = match state.kind {
            StateKind::Call(_) => (
                format!(
                    "each round through `{}` begins its count of tries anew with a new code",
                    node.path
                ),
                format!("`{}` checks a code", self.name_of(state)),
            ),
            StateKind::Step if self.part(Flow::of_node(state.node)) == Part::Asks => (
                format!(
                    "each round sends another question to a device at `{}`",
                    self.name_of(state)
                ),
                "its owner is asked until they give in".to_owned(),
            ),
            StateKind::Step | StateKind::Exit(_) => (
                format!(
                    "a new code begins the count of tries at `{}` anew",
                    self.name_of(state)
                ),
                "the code is checked here".to_owned(),
            ),
        };
        Diagnostic::new(codes::COUNT_RESET, node.span, message)
            .expected(expected)
            .help("let the way back to a new code pass the `Retry` of a `RetryLimitDecision`, too")
    }

    /// The node of a state in words; of an inner journey its name.
    fn name_of(&self, state: &State) -> String {
        let Some(node) = self.journey.graph.node_weight(state.node) else {
            return String::new();
        };
        match (state.kind, &node.kind) {
            (StateKind::Call(inner), _) => self
                .program
                .journey(inner)
                .map_or_else(String::new, |inner| inner.name.to_string()),
            (_, NodeKind::Page(page)) => {
                let child = page.children.get(usize::from(state.child));
                format!("{}.{}", node.path, child.map_or("", |child| &*child.name))
            }
            _ => node.path.to_string(),
        }
    }

    /// Names where the code is issued on that loop.
    fn with_issuer(&self, finding: Diagnostic, arc: &Arc, free: &Loops<'_>) -> Diagnostic {
        let component = free.component(arc.from);
        let issuer = (0..).zip(&self.flow.states).find_map(|(id, state)| {
            let issues = matches!(self.part(id), Part::Issues | Part::Asks);
            (issues && free.component(id) == component && id != arc.from)
                .then(|| self.journey.graph.node_weight(state.node))
                .flatten()
        });
        match issuer {
            Some(node) => finding.label(node.span, format!("`{}` issues a new code", node.path)),
            None => finding,
        }
    }

    /// Near misses are worth naming: a limiter that this loop goes around, or one that is none.
    fn with_limiter(&self, finding: Diagnostic, arc: &Arc, limiters: &Limiters) -> Diagnostic {
        let Some((node, bound)) = limiters.near(self.flow, arc.from) else {
            return finding;
        };
        let Some(node) = self.journey.graph.node_weight(node) else {
            return finding;
        };
        let text = match bound {
            Bound::Times(times) if times > TRIES_MAX => {
                format!("`{}` lets {times} tries pass, which is no limit", node.path)
            }
            Bound::Unknown => format!("the limit of `{}` is computed: it may be none", node.path),
            Bound::Times(_) | Bound::None => format!("`{}` is not on that way", node.path),
        };
        finding.label(node.span, text)
    }
}

/// Whether an arc with this bound keeps tries few.
fn limits(bound: Bound) -> bool {
    matches!(bound, Bound::Times(times) if times <= TRIES_MAX)
}

fn task<'a>(journey: &'a Journey, state: &State) -> Option<&'a Task> {
    match &journey.graph.node_weight(state.node)?.kind {
        NodeKind::Task(task) => Some(task),
        NodeKind::Page(page) => Some(&page.children.get(usize::from(state.child))?.task),
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => None,
    }
}

/// How a journey can end after a try, by some of its arcs: each state is passed before and after one.
fn ends_after_a_try(
    flow: &Flow,
    keep: impl Fn(&Arc) -> bool,
    is_try: impl Fn(&Arc) -> bool,
) -> Exits {
    const BEFORE: u8 = 1;
    const AFTER: u8 = 2;
    if !flow.arcs.iter().any(|arc| is_try(arc) && keep(arc)) {
        return Exits::default();
    }
    let mut seen = vec![0_u8; flow.states.len()];
    let mut open = vec![(flow.start, BEFORE)];
    if let Some(start) = seen.get_mut(flow.start as usize) {
        *start = BEFORE;
    }
    // BOUND: a state is looked at once before a try, and once after.
    while let Some((state, when)) = open.pop() {
        for (_, arc) in flow.leaving(state).filter(|(_, arc)| keep(arc)) {
            // An inner journey may end alike with and without a try.
            let then = if is_try(arc) { when | AFTER } else { when };
            for when in [BEFORE, AFTER] {
                if let Some(seen) = seen.get_mut(arc.to as usize)
                    && then & when != 0
                    && *seen & when == 0
                {
                    *seen |= when;
                    open.push((arc.to, when));
                }
            }
        }
    }
    let after: Vec<bool> = seen.iter().map(|seen| seen & AFTER != 0).collect();
    flow.ends(&after)
}

/// The limiters of a journey, by the loop of the whole journey that they are on.
#[derive(Debug)]
struct Limiters {
    components: Vec<u32>,
    by_component: BTreeMap<u32, (u32, Bound)>,
    any: Option<(u32, Bound)>,
}

impl Limiters {
    fn new(flow: &Flow, reached: &[bool]) -> Self {
        let pairs: Vec<(u32, u32)> = flow.arcs.iter().map(|arc| (arc.from, arc.to)).collect();
        let components = Arcs::new(flow.states.len(), &pairs).components();
        let mut by_component = BTreeMap::new();
        let mut any = None;
        for arc in &flow.arcs {
            let at = arc.from as usize;
            if arc.bound == Bound::None || reached.get(at) != Some(&true) {
                continue;
            }
            let limiter = (arc.from, arc.bound);
            any = any.or(Some(limiter));
            let component = components.get(at).copied().unwrap_or(u32::MAX);
            by_component.entry(component).or_insert(limiter);
        }
        Self {
            components,
            by_component,
            any,
        }
    }

    /// The limiter on a loop with a state, else any.
    fn near(&self, flow: &Flow, state: u32) -> Option<(petgraph::graph::NodeIndex<u32>, Bound)> {
        let component = self.components.get(state as usize)?;
        let (at, bound) = self.by_component.get(component).copied().or(self.any)?;
        Some((flow.state(at)?.node, bound))
    }
}
