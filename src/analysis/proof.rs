//! Who was proved when success is reached, and when the level rises.
//!
//! The memory of a run is what is proved of its subject: nothing, that a session was brought, or a factor.
//! An outcome that may write the name of the identity drops it; the factor that the same outcome proves
//! comes after. Who has made an account in this run may be let in as its owner, and has proved nothing
//! else. A code proves something only of whom it was sent to,
//! which is whoever was named then, unless the state may have stated another address; one that was made and
//! has gone to nobody is answered by nobody, unless another node may have shown it. A session alone proves
//! nobody. An error takes back what the failing node did, and nothing before it.
//!
//! Two findings share what goes wrong. Where nobody was ever proved, it is `unproved_success`, at the node
//! whose arrow enters success. Where somebody was, or a code was made, and then another person was named,
//! it is `identity_swapped`, at the node that names the other. Only the first can be allowed so that such
//! a run succeeds: at run time there is one check, and its exception stands at the arrow into success.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        counterexample::{self, Counterexample},
        evidence::{Fates, Unproved},
        explore::{Domain, Explored, Hit, Next, TableId},
        flow::{Arc, Exit, Factors, Flow, Flows, Only, State, StateKind},
        identity::Swaps,
        space::{Instance, Space},
        starts::Starts,
    },
    codes,
    model::{
        address::Stated,
        journey::{Journey, JourneyId, Node},
        program::Program,
        signature::{Challenge, Factor},
        unsent::Use,
    },
};

/// What a run remembers of proofs: what is proved of its subject, and whose code is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    proof: Proof,
    code: Code,
    /// Whether the account of the person named last was made by this run.
    made: bool,
    address: Address,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// Nobody was ever proved; a session that was brought proves nobody.
    Nothing,
    /// A cookie names the person named last, or this run has made their account; nothing else was proved
    /// of anybody.
    Admitted,
    /// Somebody was proved, and then another person named.
    Dropped,
    /// A factor of the person named last.
    Proved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    /// None is waited for, or one that proves nothing.
    None,
    /// One that was made and that nobody can know: no answer to it is right.
    Made,
    /// One that was made, has gone to nobody's address, and that somebody may know.
    Shown,
    /// One that has gone to the person named last.
    Open,
    /// One that had gone to somebody before another person was named.
    Stale,
}

/// What the state says of where a code is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    /// Nothing: the profile is asked.
    None,
    /// An address of the person named last.
    Own,
    /// One that may be anybody's.
    Foreign,
}

impl Memory {
    /// That of a run that begins.
    pub(super) const START: Self = Self {
        proof: Proof::Nothing,
        code: Code::None,
        made: false,
        address: Address::None,
    };

    /// How many there are.
    pub(super) const COUNT: u32 = 120;

    /// As a number below [`Self::COUNT`].
    pub(super) fn pack(self) -> u32 {
        let code = match self.code {
            Code::None => 0,
            Code::Made => 1,
            Code::Shown => 2,
            Code::Open => 3,
            Code::Stale => 4,
        };
        let proof = match self.proof {
            Proof::Nothing => 0,
            Proof::Dropped => 1,
            Proof::Proved => 2,
            Proof::Admitted => 3,
        };
        let address = match self.address {
            Address::None => 0,
            Address::Own => 1,
            Address::Foreign => 2,
        };
        u32::from(self.made) * 60 + address * 20 + proof * 5 + code
    }

    /// From its number.
    pub(super) fn unpack(memory: u32) -> Self {
        Self {
            proof: match memory % 20 / 5 {
                0 => Proof::Nothing,
                1 => Proof::Dropped,
                2 => Proof::Proved,
                _ => Proof::Admitted,
            },
            code: match memory % 5 {
                0 => Code::None,
                1 => Code::Made,
                2 => Code::Shown,
                3 => Code::Open,
                _ => Code::Stale,
            },
            address: match memory % 60 / 20 {
                0 => Address::None,
                1 => Address::Own,
                _ => Address::Foreign,
            },
            made: memory >= 60,
        }
    }

    /// Whether the person named last may log in: a factor is proved, a cookie names them, or this run has
    /// made their account.
    pub(super) fn lets_in(self) -> bool {
        self.is_proved() || self.proof == Proof::Admitted
    }

    /// Whether a factor of the person named last is proved; a cookie and a new account set aside.
    pub(super) fn is_proved(self) -> bool {
        self.proof == Proof::Proved
    }

    /// Whether the account of the person named last is this run's to change.
    pub(super) fn may_change(self) -> bool {
        self.is_proved() || self.made
    }

    /// Whether what was proved was proved of another.
    pub(super) fn is_dropped(self) -> bool {
        self.proof == Proof::Dropped
    }

    /// Whether the code that is waited for was made for another.
    pub(super) fn is_stale(self) -> bool {
        self.code == Code::Stale
    }

    /// Whether a run can take an arc: nobody answers a code rightly that nobody can know.
    pub(super) fn can_take(self, arc: &Arc) -> bool {
        let answers = arc.challenge == Challenge::Answers && arc.code == Use::Waits;
        !answers || self.code != Code::Made
    }

    /// The factor that taking an arc proves of whoever is named behind it.
    pub(super) fn proves(self, arc: &Arc) -> Option<Factor> {
        let answers = arc.challenge == Challenge::Answers;
        arc.proves.filter(|_| !answers || self.code == Code::Open)
    }

    /// What it holds of codes, and nothing of proofs.
    pub(super) fn of_codes(self) -> Self {
        Self {
            code: self.code,
            address: self.address,
            ..Self::START
        }
    }

    /// The memory behind an arc.
    pub(super) fn after(self, arc: &Arc) -> Self {
        let mut memory = self;
        if arc.renames {
            memory.proof = match memory.proof {
                // Who only has cookies, or made an account, was never proved.
                Proof::Nothing | Proof::Admitted => Proof::Nothing,
                Proof::Dropped | Proof::Proved => Proof::Dropped,
            };
            memory.made = false;
            // One that went to nobody yet is closed.
            memory.code = match memory.code {
                Code::None | Code::Made | Code::Shown => Code::None,
                Code::Open | Code::Stale => Code::Stale,
            };
            if memory.address == Address::Own {
                memory.address = Address::Foreign;
            }
        }
        memory.made |= arc.account.makes;
        let stale = arc.challenge == Challenge::Answers && memory.code == Code::Stale;
        let proves = match arc.proves {
            Some(factor @ (Factor::Session | Factor::Cookie | Factor::Registration)) => {
                Some(factor)
            }
            _ => memory.proves(arc),
        };
        memory.proof = match (proves, memory.proof) {
            (Some(Factor::Cookie | Factor::Registration), Proof::Nothing) => Proof::Admitted,
            (None, Proof::Nothing) if stale && arc.proves.is_some() => Proof::Dropped,
            // The cookie or the new account of one does not stand for another who was proved.
            (None | Some(Factor::Session | Factor::Cookie | Factor::Registration), proof) => proof,
            (Some(_), _) => Proof::Proved,
        };
        memory.code_after(arc)
    }

    /// What becomes of the code, and of the address that is stated for one.
    fn code_after(self, arc: &Arc) -> Self {
        let mut memory = self;
        if memory.code == Code::Made && arc.code == Use::Shows {
            memory.code = Code::Shown;
        }
        let astray = match arc.stated {
            Stated::Used => memory.address == Address::Foreign,
            // A page that also writes an address has failed.
            Stated::Written => arc.is_error(),
            Stated::Kept | Stated::Found => false,
        };
        memory.code = match (arc.challenge, memory.code) {
            (_, Code::Made | Code::Shown | Code::Open) if astray => Code::None,
            (Challenge::None, code) | (Challenge::Binds, code @ (Code::None | Code::Stale)) => code,
            (Challenge::Opens | Challenge::Binds, _) => Code::Open,
            (Challenge::Makes, _) => Code::Made,
            (Challenge::Answers, _) => Code::None,
        };
        memory.address = match arc.stated {
            // What failed has written nothing.
            _ if arc.is_error() => memory.address,
            Stated::Written => Address::Foreign,
            Stated::Found => Address::Own,
            Stated::Used if memory.address == Address::None => Address::Own,
            Stated::Kept | Stated::Used => memory.address,
        };
        memory
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// Success of the outermost journey on runs on which nobody was ever proved.
    Never,
    /// The same, of runs on which somebody else was.
    Dropped,
    /// A raise of the level without proof.
    AtRaise,
}

/// A change of the account of somebody who is not proved.
///
/// A number above those of [`Memory`] holds the factors that such changes have handed out: they prove
/// nothing of the account any more.
#[derive(Debug, Clone, Copy)]
struct Changes;

impl Domain for Changes {
    fn visit(&self, _: &Instance, _: u32, _: &State, memory: u32) -> Next {
        Next::Go(memory)
    }

    fn leave(&self, _: &Instance, _: u32, arc: &Arc, memory: u32) -> Next {
        let before = Memory::unpack(memory % Memory::COUNT);
        if arc.only == Only::Passing || !before.can_take(arc) {
            return Next::Dead;
        }
        let mut handed = memory / Memory::COUNT;
        let worthless = arc
            .proves
            .is_some_and(|factor| Factors::has_in(handed, factor));
        let after = before.after(&Arc {
            proves: arc.proves.filter(|_| !worthless),
            ..*arc
        });
        let strange = !before.may_change();
        if strange {
            handed |= u32::from(arc.account.hands.0);
        }
        let next = handed * Memory::COUNT + after.pack();
        if strange && arc.account.changes {
            return Next::HitAndGo(next);
        }
        Next::Go(next)
    }
}

impl Domain for Evidence {
    fn visit(&self, at: &Instance, _: u32, state: &State, memory: u32) -> Next {
        if !at.outermost || state.kind != StateKind::Exit(Exit::Success) {
            return Next::Go(memory);
        }
        let known = Memory::unpack(memory);
        let hit = match self {
            Self::Never => !known.lets_in() && !known.is_dropped(),
            Self::Dropped => known.is_dropped(),
            Self::AtRaise => false,
        };
        if hit { Next::Hit } else { Next::Go(memory) }
    }

    fn leave(&self, _: &Instance, _: u32, arc: &Arc, memory: u32) -> Next {
        let before = Memory::unpack(memory);
        if arc.only == Only::Passing || !before.can_take(arc) {
            return Next::Dead;
        }
        let memory = before.after(arc);
        if *self == Self::AtRaise && arc.raise.may_raise() && !memory.is_proved() {
            return Next::HitAndGo(memory.pack());
        }
        Next::Go(memory.pack())
    }
}

/// Checks every journey that can be started by itself, and through it those it calls.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let (mut raises, mut changes) = (Found::new(), Found::new());
    let mut swaps = Swaps::default();
    let mut runs = Runs::default();
    let (mut looked_into, mut changed_in) = (BTreeSet::new(), BTreeSet::new());
    let fates = Fates::new(program, flows);
    let starts = Starts::new(program, flows);
    let mut space = None;
    let [mut never, mut dropped, mut at_raises, mut at_changes] = [const { Shared::new() }; 4];
    for journey in program
        .journeys
        .iter()
        .filter(|journey| !journey.settings.inner_only)
    {
        let (may_succeed, may_raise) = (fates.may_succeed(journey), fates.may_raise(journey));
        let may_change = fates.may_change(journey);
        let may = may_succeed || may_raise || may_change;
        let Some(flow) = flows.get(journey.id).filter(|_| may) else {
            continue;
        };
        if runs.are_spent() {
            let here = Unshown {
                program,
                flows,
                journey,
                starts: &starts,
            };
            here.success(&fates.unproved(flow), &mut swaps, diagnostics);
            let states = fates.raises(flows, journey, &mut looked_into);
            here.found(Told::Raise, &states, &mut raises);
            let states = fates.changes(flows, journey, &mut changed_in);
            here.found(Told::Change, &states, &mut changes);
            continue;
        }
        let space = space.get_or_insert_with(|| Space::of_all(program, flows));
        if may_succeed {
            let never = never.enter(space, &Evidence::Never, journey, &mut runs);
            let dropped = dropped.enter(space, &Evidence::Dropped, journey, &mut runs);
            let mut found = Diagnostics::default();
            unproved(space, journey, (never, dropped), &mut runs, &mut found);
            for finding in found {
                diagnostics.push(starts.hint(journey, finding));
            }
            swapped(space, journey, dropped, &mut runs, &mut swaps, &starts);
        }
        if may_raise {
            let domain = &Evidence::AtRaise;
            let of = (Told::Raise, journey, &starts);
            let explored = at_raises.enter(space, domain, journey, &mut runs);
            findings(space, of, (domain, explored), &mut runs, &mut raises);
        }
        if may_change {
            let of = (Told::Change, journey, &starts);
            let explored = at_changes.enter(space, &Changes, journey, &mut runs);
            findings(space, of, (&Changes, explored), &mut runs, &mut changes);
        }
    }
    for finding in swaps.into_findings() {
        diagnostics.push(finding);
    }
    for (_, finding) in raises.into_iter().chain(changes) {
        diagnostics.push(finding);
    }
}

/// What one domain explores for one journey after the other: what several call is explored once.
#[derive(Debug)]
struct Shared(Option<Explored>);

/// An exploration, the table of the journey that runs begin in, and the first table that is new with it.
#[derive(Debug, Clone, Copy)]
struct Rooted<'e> {
    explored: &'e Explored,
    root: TableId,
    first: TableId,
}

impl Rooted<'_> {
    fn run<D: Domain>(
        self,
        space: &Space<'_>,
        domain: &D,
        table: TableId,
        hit: Hit,
    ) -> Counterexample {
        counterexample::of_hit(space, domain, self.explored, table, hit)
    }
}

impl Shared {
    const fn new() -> Self {
        Self(None)
    }

    fn enter<D: Domain>(
        &mut self,
        space: &Space<'_>,
        domain: &D,
        journey: &Journey,
        runs: &mut Runs,
    ) -> Rooted<'_> {
        // Tables that were cut short say nothing to others.
        self.0.take_if(|explored| explored.cut_short);
        let explored = self.0.get_or_insert_default();
        let (first, before) = (explored.tables.len(), explored.work());
        let from = (Flow::of_node(journey.start), Memory::START.pack());
        let root = explored.enter(space, domain, space.outermost(journey.id), from);
        runs.work += explored.work() - before;
        Rooted {
            explored,
            root,
            first,
        }
    }
}

/// How many steps the runs of one check may have together before further findings go without.
const RUN_STEPS_MAX: u64 = 100_000;

/// How much may be explored for runs before further findings go without.
const WORK_MAX: usize = 2_000_000;

/// The runs that were built for findings, so that very many findings behind very long ways do not take
/// their product.
#[derive(Debug, Default)]
pub(super) struct Runs {
    steps: u64,
    work: usize,
}

impl Runs {
    /// A run for one finding more; none where those before were long enough.
    pub(super) fn of(&mut self, build: impl FnOnce() -> Counterexample) -> Option<Counterexample> {
        if self.steps >= RUN_STEPS_MAX {
            return None;
        }
        let run = build();
        self.steps = self.steps.saturating_add(run.length);
        Some(run)
    }

    /// Whether nothing further is to be explored.
    fn are_spent(&self) -> bool {
        self.work >= WORK_MAX
    }
}

/// A finding with its run, or with a word on why there is none.
pub(super) fn tell(
    run: Option<&Counterexample>,
    program: &Program,
    finding: Diagnostic,
    lead: &str,
) -> Diagnostic {
    match run {
        Some(run) => run.tell(program, finding, lead),
        None => finding.note("its run is left out: those of the other findings are long enough"),
    }
}

/// A journey of which the findings are reported without runs.
struct Unshown<'a> {
    program: &'a Program,
    flows: &'a Flows,
    journey: &'a Journey,
    starts: &'a Starts,
}

impl Unshown<'_> {
    fn success(&self, hits: &[(Hit, Unproved)], swaps: &mut Swaps, diagnostics: &mut Diagnostics) {
        let mut unproved = BTreeMap::new();
        for (hit, kind) in hits {
            let state = self
                .flows
                .get(self.journey.id)
                .and_then(|f| f.state(hit.state));
            let node = state.and_then(|state| self.journey.graph.node_weight(state.node));
            let (Some(state), Some(node)) = (state, node) else {
                continue;
            };
            if kind.never || kind.dropped && node.allows_unproved_success() {
                unproved.insert(state.node, node);
            }
            if kind.dropped {
                swaps.add(
                    (self.program, self.flows, self.starts),
                    self.journey,
                    *hit,
                    None,
                );
            }
        }
        for node in unproved.into_values() {
            let finding = tell(None, self.program, unproved_success(node), "");
            diagnostics.push(self.starts.hint(self.journey, finding));
        }
    }

    fn found(&self, told: Told, states: &[(JourneyId, u32)], found: &mut Found) {
        for (id, state) in states {
            let state = self.flows.get(*id).and_then(|flow| flow.state(*state));
            let Some(state) = state else { continue };
            let journey = self.program.journey(*id);
            let node = journey.and_then(|journey| journey.graph.node_weight(state.node));
            let Some(node) = node else { continue };
            found
                .entry((*id, Flow::of_node(state.node)))
                .or_insert_with(|| {
                    let finding = tell(None, self.program, told.of(node), "");
                    self.starts.hint(self.journey, finding)
                });
        }
    }
}

/// Findings by the node they are about.
type Found = BTreeMap<(JourneyId, u32), Diagnostic>;

/// What is told of a node on whose arcs something was found.
#[derive(Debug, Clone, Copy)]
enum Told {
    /// It raises the level.
    Raise,
    /// It changes an account.
    Change,
}

impl Told {
    fn of(self, node: &Node) -> Diagnostic {
        match self {
            Self::Raise => level_without_proof(node),
            Self::Change => unproved_write(node),
        }
    }
}

fn unproved_write(node: &Node) -> Diagnostic {
    let message = format!(
        "`{}` changes an account of which nobody is proved the owner",
        node.path
    );
    Diagnostic::new(codes::UNPROVED_WRITE, node.span, message)
        .expected("whoever types a name comes here, and it is that account which is changed")
        .help(
            "let every way to it prove a factor of the person named last, one that this run has \
             not registered itself",
        )
}

fn unproved_success(node: &Node) -> Diagnostic {
    let message = format!(
        "`{}` leads to success without a proof of who logs in",
        node.path
    );
    Diagnostic::new(codes::UNPROVED_SUCCESS, node.span, message)
        .help("let every way to it prove a factor of the person named last, or allow it here")
}

fn level_without_proof(node: &Node) -> Diagnostic {
    let message = format!(
        "`{}` raises the level on a way without any proof",
        node.path
    );
    Diagnostic::new(codes::LEVEL_WITHOUT_PROOF, node.span, message)
        .help("raise the level only behind an outcome that proves a factor")
}

/// The shortest hit for each node that leads to it.
fn by_node(space: &Space<'_>, of: Rooted<'_>) -> BTreeMap<u32, Hit> {
    let mut nodes: BTreeMap<u32, Hit> = BTreeMap::new();
    let root = of.explored.tables.get(of.root);
    let Some((root, flow)) = root.and_then(|root| Some((root, space.flow(root.instance)?))) else {
        return nodes;
    };
    for hit in root.hits.values() {
        let Some(state) = flow.state(hit.state) else {
            continue;
        };
        let known = nodes.entry(Flow::of_node(state.node)).or_insert(*hit);
        if hit.length < known.length {
            *known = *hit;
        }
    }
    nodes
}

/// Reports success that nobody was proved for, by the node that leads to it.
///
/// Where another person was named after a proof, that is the finding; but an exception that lets such a
/// run pass at run time is one all the same, and is shown.
fn unproved(
    space: &Space<'_>,
    journey: &Journey,
    (never, dropped): (Rooted<'_>, Rooted<'_>),
    runs: &mut Runs,
    diagnostics: &mut Diagnostics,
) {
    let program = space.program;
    let weight = |id: u32| journey.graph.node_weight(NodeIndex::new(id as usize));
    let mut found: BTreeMap<u32, (Evidence, Hit)> = by_node(space, dropped)
        .into_iter()
        .filter(|(id, _)| weight(*id).is_some_and(Node::allows_unproved_success))
        .map(|(id, hit)| (id, (Evidence::Dropped, hit)))
        .collect();
    let hits = by_node(space, never).into_iter();
    found.extend(hits.map(|(id, hit)| (id, (Evidence::Never, hit))));
    for (id, (evidence, hit)) in found {
        let Some(node) = weight(id) else { continue };
        let of = if evidence == Evidence::Never {
            never
        } else {
            dropped
        };
        let run = runs.of(|| of.run(space, &evidence, of.root, hit));
        let lead = "success is reached unproved by";
        let finding = unproved_success(node);
        diagnostics.push(tell(run.as_ref(), program, finding, lead));
    }
}

fn swapped(
    space: &Space<'_>,
    journey: &Journey,
    dropped: Rooted<'_>,
    runs: &mut Runs,
    swaps: &mut Swaps,
    starts: &Starts,
) {
    let of = (space.program, space.flows, starts);
    for hit in by_node(space, dropped).into_values() {
        let run = runs.of(|| dropped.run(space, &Evidence::Dropped, dropped.root, hit));
        swaps.add(of, journey, hit, run.as_ref());
    }
}

fn findings<D: Domain>(
    space: &Space<'_>,
    (told, root, starts): (Told, &Journey, &Starts),
    (domain, of): (&D, Rooted<'_>),
    runs: &mut Runs,
    found: &mut Found,
) {
    let program = space.program;
    // What lies in the other tables was told of the journeys before.
    for (id, table) in of.explored.tables.iter().enumerate().skip(of.first) {
        let Some(flow) = space.flow(table.instance) else {
            continue;
        };
        for hit in table.hits.values() {
            let Some(state) = flow.state(hit.state) else {
                continue;
            };
            let key = (flow.journey, Flow::of_node(state.node));
            let node = program
                .journey(flow.journey)
                .and_then(|journey| journey.graph.node_weight(state.node));
            let (Some(node), false) = (node, found.contains_key(&key)) else {
                continue;
            };
            let run = runs.of(|| of.run(space, domain, id, *hit));
            let finding = told.of(node);
            let finding = tell(run.as_ref(), program, finding, "it is reached unproved by");
            found.insert(key, starts.hint(root, finding));
        }
    }
}
