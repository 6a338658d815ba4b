//! What becomes of values: every run again, with what holds a key as plain data.
//!
//! The programs are of types made up for each node, which read, write and remove keys in every scope. Each
//! verdict must be the one that all runs together give, and each run that is shown must be one, and none
//! may be shorter.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use petgraph::{
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};
use proptest::{collection::vec, prelude::any, test_runner::TestCaseError};
use wayfare::{
    Catalog, Diagnostic, Program, RouteOn, SourceId, SourceMap, Span, Type, Value,
    analysis::findings,
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::{
            Child, Edge, Guard, Journey, JourneyId, JourneySettings, Node, NodeKind, On, OutcomeId,
            Page, SettingValue, Task,
        },
        signature::{
            Known, Outcomes, Preset, Removal, Scope, Secrecy, Setting, Signature, StateKey,
        },
    },
};

use super::{
    Tally,
    brute::{Event, How, Spot, moves},
    cases,
    kinds::KEYS,
    random::{Choices, Made, key},
    runner,
    world::{Fact, arm_says},
};

/// The keys that the programs speak of.
const NAMES: [&str; 3] = ["username", "note", "ticket"];

const SCOPES: [Scope; 4] = [Scope::Shared, Scope::Transient, Scope::Secure, Scope::Any];

const TYPES: [Type; 4] = [Type::Any, Type::Text, Type::Int, Type::Bool];

fn line(choices: &mut Choices<'_>, scope: Scope, ty: Type) -> StateKey {
    StateKey {
        scope,
        key: Cow::Borrowed(*choices.pick(&NAMES)),
        named_by: None,
        ty,
        secrecy: Secrecy::Public,
        always: !choices.one_in(4),
    }
}

/// A type of its own for one node, and the node's task.
fn task(choices: &mut Choices<'_>, catalog: &mut Catalog, child: bool) -> (Task, Vec<Arc<str>>) {
    let number = catalog.iter().count();
    let (mut reads, mut writes, mut removes) = (Vec::new(), Vec::new(), Vec::new());
    let outcomes: &[&str] = if !child && choices.one_in(2) {
        &["true", "false"]
    } else {
        &["done"]
    };
    match choices.below(6) {
        0 | 1 => {
            let scope = *choices.pick(&SCOPES);
            let ty = choices.pick(&TYPES).clone();
            reads.push(line(choices, scope, ty));
        }
        2 | 3 => {
            for _ in 0..=choices.below(2) {
                let scope = *choices.pick(&[Scope::Shared, Scope::Transient]);
                let ty = choices.pick(&TYPES).clone();
                writes.push(line(choices, scope, ty));
            }
        }
        4 => removes.push(Removal {
            key: Cow::Borrowed(*choices.pick(&NAMES)),
            named_by: None,
            outcome: Cow::Borrowed(*choices.pick(&["*", outcomes[0]])),
        }),
        _ => {}
    }
    let mut settings = Vec::new();
    let mut declared: Vec<Setting> = Vec::new();
    // Secrets are kept transient, and a setting may name one where it is shown.
    let is_secret = choices.one_in(10);
    if is_secret {
        writes = vec![StateKey {
            secrecy: Secrecy::Secret,
            key: Cow::Borrowed("ticket"),
            ..line(choices, Scope::Transient, Type::Any)
        }];
    } else if choices.one_in(10) {
        declared.push(Setting {
            default: Preset::None,
            ..Setting::new("names", Type::Text)
        });
        let name = *choices.pick(&NAMES);
        settings.push((
            Arc::from("names"),
            SettingValue::Constant(Value::from(name)),
        ));
        let scope = *choices.pick(&SCOPES);
        reads.push(StateKey {
            key: Cow::Borrowed("*"),
            named_by: Some(Cow::Borrowed("names")),
            always: false,
            ..line(choices, scope, Type::Any)
        });
    }
    let asks = choices.one_in(4);
    let signature = Signature {
        settings: declared.into(),
        outcomes: Outcomes::Fixed(outcomes.iter().map(|name| Cow::Borrowed(*name)).collect()),
        reads: reads.into(),
        writes: writes.into(),
        removes: removes.into(),
        asks: Known::Is(asks),
        suspends: Known::Is(false),
        calls_out: Known::Is(false),
        verifies: Known::Is(false),
        ..Signature::new(format!("Probe{number}"), format!("Probe{number}Node"))
    };
    let ty = catalog.add(signature).unwrap();
    let outcomes = outcomes.iter().map(|name| Arc::from(*name)).collect();
    let task = Task {
        ty,
        version: 1,
        settings,
    };
    (task, outcomes)
}

fn has(choices: &mut Choices<'_>) -> Expr {
    let id = key(NAMES[choices.below(NAMES.len())]);
    let slot = match choices.below(3) {
        0 => Slot::Shared(id),
        1 => Slot::Transient(id),
        _ => Slot::Secure(id),
    };
    let has = Expr::Has(slot);
    if choices.one_in(3) {
        Expr::Not(Box::new(has))
    } else {
        has
    }
}

fn guards(choices: &mut Choices<'_>, at: usize) -> Vec<Guard> {
    let mut arms = Vec::new();
    for arm in 0..=choices.below(2) {
        let open = Expr::Has(Slot::Header(Arc::from(format!("h{at}-{arm}"))));
        let own = has(choices);
        let condition = match choices.below(4) {
            0 => open,
            1 => own,
            2 => Expr::Binary(BinaryOp::And, Box::new(own), Box::new(open)),
            _ => Expr::Binary(BinaryOp::Or, Box::new(own), Box::new(open)),
        };
        arms.push(Guard {
            name: Arc::from(format!("{arm}")),
            condition: Some(condition),
            span: Span::default(),
        });
    }
    arms.push(Guard {
        name: Arc::from("else"),
        condition: None,
        span: Span::default(),
    });
    arms
}

fn next_span(spans: &mut usize) -> Span {
    *spans += 2;
    Span::new(SourceId::default(), *spans, *spans + 1)
}

fn node(
    choices: &mut Choices<'_>,
    catalog: &mut Catalog,
    spans: &mut usize,
    (at, journey, journeys): (usize, usize, usize),
) -> Node {
    let (kind, outcomes) = match choices.below(8) {
        0 => {
            let arms = guards(choices, at);
            let names = (0..arms.len()).map(|arm| Arc::from(format!("{arm}")));
            let names = names.collect();
            (NodeKind::Decision(arms), names)
        }
        1 => {
            let count = 2 + choices.below(2);
            let mut children = Vec::new();
            for child in 0..count {
                let (task, outcomes) = task(choices, catalog, child + 1 < count);
                children.push(Child {
                    name: Arc::from(format!("c{child}")),
                    task,
                    outcomes,
                    span: next_span(spans),
                });
            }
            let outcomes = children.last().unwrap().outcomes.clone();
            let page = Page {
                header: wayfare::LocalizedText::default(),
                description: wayfare::LocalizedText::default(),
                stage: None,
                children,
                version: 1,
            };
            (NodeKind::Page(page), outcomes)
        }
        2 | 3 if journey + 1 < journeys => {
            let inner = journey + 1 + choices.below(journeys - journey - 1);
            let mut names: Vec<Arc<str>> = vec![Arc::from("true"), Arc::from("false")];
            if choices.one_in(3) {
                names.push(Arc::from("error"));
            }
            let inner = JourneyId(u32::try_from(inner).unwrap());
            (NodeKind::Inner(inner), names)
        }
        _ => {
            let (task, outcomes) = task(choices, catalog, false);
            (NodeKind::Task(task), outcomes)
        }
    };
    Node {
        path: Arc::from(format!("n{at}")),
        kind,
        outcomes,
        doc: None,
        allows: Vec::new(),
        span: next_span(spans),
    }
}

fn end(path: &str, kind: NodeKind) -> Node {
    Node {
        path: Arc::from(path),
        kind,
        outcomes: Vec::new(),
        doc: None,
        allows: Vec::new(),
        span: Span::default(),
    }
}

fn program(choices: &mut Choices<'_>) -> Made {
    let mut catalog = Catalog::default();
    let count = 1 + choices.below(3);
    let mut spans = 0;
    let mut journeys = Vec::new();
    for number in 0..count {
        let mut graph = DiGraph::default();
        let success = graph.add_node(end("success", NodeKind::Success));
        let failure = graph.add_node(end("failure", NodeKind::Failure));
        let loose_end = graph.add_node(end("nowhere", NodeKind::LooseEnd));
        let nodes = 1 + choices.below(if count == 1 { 8 } else { 4 });
        for at in 0..nodes {
            graph.add_node(node(choices, &mut catalog, &mut spans, (at, number, count)));
        }
        for at in 0..nodes {
            let from = NodeIndex::new(at + 3);
            let target = |choices: &mut Choices<'_>| {
                // Mostly onward, so that runs are long enough to be of use.
                if choices.one_in(3) {
                    NodeIndex::new(choices.below(nodes + 3))
                } else if at + 1 < nodes {
                    NodeIndex::new(at + 4)
                } else {
                    success
                }
            };
            for outcome in 0..graph[from].outcomes.len() {
                let on = On::Outcome(OutcomeId(u16::try_from(outcome).unwrap()));
                let to = target(choices);
                graph.add_edge(
                    from,
                    to,
                    Edge {
                        on,
                        span: Span::default(),
                    },
                );
            }
            if choices.one_in(5) {
                let to = target(choices);
                let on = On::Error;
                graph.add_edge(
                    from,
                    to,
                    Edge {
                        on,
                        span: Span::default(),
                    },
                );
            }
        }
        let id = JourneyId(u32::try_from(number).unwrap());
        let name: Arc<str> = Arc::from(format!("j{number}"));
        journeys.push(Journey {
            id,
            wire_name: Arc::clone(&name),
            name,
            doc: None,
            settings: JourneySettings {
                inner_only: number > 0 && !choices.one_in(3),
                transactional_only: choices.one_in(12),
                ..JourneySettings::default()
            },
            graph,
            start: NodeIndex::new(3),
            success,
            failure,
            loose_end,
            ensures: Vec::new(),
            allows: Vec::new(),
            span: Span::default(),
        });
    }
    let by_name: BTreeMap<Arc<str>, JourneyId> = journeys
        .iter()
        .map(|j| (Arc::clone(&j.name), j.id))
        .collect();
    let program = Program {
        sources: Arc::new(SourceMap::default()),
        catalog: Arc::new(catalog),
        by_wire_name: by_name.clone(),
        by_name,
        journeys,
        keys: KEYS.iter().map(|key| Arc::from(*key)).collect(),
        secret_parameters: BTreeMap::new(),
        policies: Vec::new(),
        guards: Vec::new(),
        scenarios: Vec::new(),
        uncovered: Vec::new(),
    };
    Made {
        program,
        kinds: BTreeMap::new(),
    }
}

fn task_at(made: &Made, (journey, node, child): Spot) -> Option<&Task> {
    match &made.journey(journey).graph[node].kind {
        NodeKind::Task(task) => Some(task),
        NodeKind::Page(page) => Some(&page.children[usize::from(child)].task),
        _ => None,
    }
}

fn signature(made: &Made, spot: Spot) -> Option<&Signature> {
    task_at(made, spot)
        .and_then(|task| made.program.catalog.get(task.ty))
        .map(|s| &**s)
}

/// The key that a line means for the task.
fn means(task: &Task, line: &StateKey) -> String {
    if line.named_by.is_none() {
        return line.key.to_string();
    }
    match &task.settings[0].1 {
        SettingValue::Constant(value) => value.as_text().unwrap().to_owned(),
        SettingValue::Computed(_) => panic!("the generator computes nothing"),
    }
}

fn spots(made: &Made) -> Vec<Spot> {
    let mut all = Vec::new();
    for journey in &made.program.journeys {
        for node in journey.graph.node_indices() {
            let children = match &journey.graph[node].kind {
                NodeKind::Page(page) => page.children.len(),
                _ => 1,
            };
            for child in 0..children {
                all.push((journey.id, node, u16::try_from(child).unwrap()));
            }
        }
    }
    all
}

fn asks(made: &Made, (journey, node, child): Spot) -> bool {
    let asks = |spot| signature(made, spot).is_some_and(|s| s.asks == Known::Is(true));
    match &made.journey(journey).graph[node].kind {
        NodeKind::Page(page) => {
            let children = 0..u16::try_from(page.children.len()).unwrap();
            child == 0
                && children
                    .into_iter()
                    .any(|child| asks((journey, node, child)))
        }
        _ => asks((journey, node, child)),
    }
}

fn slot_of(slot: &Slot) -> Option<(usize, Scope)> {
    let (id, scope) = match slot {
        Slot::Shared(id) => (id, Scope::Shared),
        Slot::Transient(id) => (id, Scope::Transient),
        Slot::Secure(id) => (id, Scope::Secure),
        _ => return None,
    };
    Some((id.0 as usize, scope))
}

fn slots(expr: &Expr, into: &mut Vec<Slot>) {
    match expr {
        Expr::Has(slot) => into.push(slot.clone()),
        Expr::Not(inner) => slots(inner, into),
        Expr::Binary(_, left, right) => {
            slots(left, into);
            slots(right, into);
        }
        _ => {}
    }
}

fn guard_slots(arms: &[Guard]) -> Vec<Slot> {
    let mut found = Vec::new();
    for condition in arms.iter().filter_map(|arm| arm.condition.as_ref()) {
        slots(condition, &mut found);
    }
    found
}

/// Whether a spot reads a key from where a stop may take it, journeys further in included.
fn declares(made: &Made, (journey, node, child): Spot, name: &str) -> bool {
    match &made.journey(journey).graph[node].kind {
        NodeKind::Decision(arms) => guard_slots(arms).iter().any(|slot| {
            slot_of(slot).is_some_and(|(id, scope)| KEYS[id] == name && scope != Scope::Shared)
        }),
        NodeKind::Inner(inner) => journey_declares(made, *inner, name),
        _ => {
            let spot = (journey, node, child);
            let task = task_at(made, spot);
            signature(made, spot).is_some_and(|signature| {
                signature
                    .reads
                    .iter()
                    .any(|line| line.scope != Scope::Shared && means(task.unwrap(), line) == name)
            })
        }
    }
}

fn node_declares(made: &Made, journey: JourneyId, node: NodeIndex<u32>, name: &str) -> bool {
    let here = |spot: &Spot| spot.0 == journey && spot.1 == node;
    spots(made)
        .into_iter()
        .filter(here)
        .any(|spot| declares(made, spot, name))
}

fn journey_declares(made: &Made, journey: JourneyId, name: &str) -> bool {
    let nodes = made.journey(journey).graph.node_indices();
    nodes
        .into_iter()
        .any(|node| node_declares(made, journey, node, name))
}

/// Whether anything from a node on declares a key; a page counts as a whole.
fn live(made: &Made, journey: JourneyId, from: NodeIndex<u32>, name: &str) -> bool {
    let graph = &made.journey(journey).graph;
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(node) = open.pop() {
        if seen.insert(node) {
            if node_declares(made, journey, node, name) {
                return true;
            }
            open.extend(graph.neighbors(node));
        }
    }
    false
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sensitive {
    Never,
    Transient,
    Secure,
    Lost,
}

use Sensitive::{Lost, Never, Secure, Transient};

/// What a run holds of one key: in shared state, and in transient state for each frame.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Data {
    shared: bool,
    frames: Vec<Sensitive>,
    /// Both, as they were when the node at hand was entered.
    before: (bool, Sensitive),
    /// How far a given run has been followed.
    step: usize,
}

impl Data {
    fn own(&mut self) -> &mut Sensitive {
        self.frames.last_mut().unwrap()
    }

    fn finds(&self, scope: Scope) -> bool {
        let own = *self.frames.last().unwrap();
        match scope {
            Scope::Shared => self.shared,
            Scope::Transient => own == Transient,
            Scope::Secure => matches!(own, Transient | Secure),
            _ => self.shared || matches!(own, Transient | Secure),
        }
    }

    fn misses(&self, scope: Scope) -> bool {
        let own = *self.frames.last().unwrap();
        let gone = match scope {
            Scope::Shared => false,
            Scope::Transient => matches!(own, Secure | Lost),
            _ => own == Lost,
        };
        gone && !self.finds(scope)
    }
}

/// What a write means to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Put,
    Drop,
    Nothing,
}

/// A question about one key.
struct Question<'q> {
    name: &'q str,
    effect: &'q dyn Fn(&StateKey) -> Effect,
    /// Whether nodes and guards stop runs without the value.
    strict: bool,
    /// Whether a transaction may have brought it.
    given: bool,
}

/// False where no run goes on so.
fn follow(made: &Made, asked: &Question<'_>, data: &mut Data, event: &Event) -> bool {
    match event {
        Event::Visit(stack) => {
            if stack.len() > data.frames.len() {
                return false;
            }
            if stack.last().unwrap().2 == 0 {
                data.before = (data.shared, *data.own());
            }
        }
        Event::Leave(stack, How::Next(outcome) | How::Go(outcome)) => {
            return leaves(made, asked, data, stack, *outcome);
        }
        Event::Leave(_, How::Error | How::Unhandled) => {
            data.shared = data.before.0;
            *data.own() = data.before.1;
        }
        Event::Return(..) => {
            let inner = data.frames.pop().unwrap();
            let own = data.own();
            if matches!(*own, Never | Lost) && inner != Never {
                *own = Lost;
            }
        }
        Event::Enter | Event::Failed => {}
    }
    true
}

fn leaves(
    made: &Made,
    asked: &Question<'_>,
    data: &mut Data,
    stack: &[Spot],
    outcome: OutcomeId,
) -> bool {
    let spot = *stack.last().unwrap();
    if let NodeKind::Decision(arms) = &made.journey(spot.0).graph[spot.1].kind {
        return !asked.strict || takes(asked, data, arms, outcome.index());
    }
    let (Some(task), Some(signature)) = (task_at(made, spot), signature(made, spot)) else {
        return true;
    };
    let mine = |line: &&StateKey| means(task, line) == asked.name;
    if asked.strict {
        let mut needs = signature
            .reads
            .iter()
            .filter(mine)
            .filter(|line| line.always);
        if !needs.all(|line| data.finds(line.scope)) {
            return false;
        }
    }
    if asks(made, spot) {
        stops(made, asked, data, stack);
    }
    let name = match &signature.outcomes {
        Outcomes::Fixed(names) => names[outcome.index()].to_string(),
        _ => panic!("the generator fixes outcomes"),
    };
    for gone in signature
        .removes
        .iter()
        .filter(|gone| gone.key == asked.name)
    {
        if gone.outcome == "*" || gone.outcome == name {
            data.shared = false;
            *data.own() = Never;
        }
    }
    for line in signature.writes.iter().filter(mine) {
        match ((asked.effect)(line), line.scope) {
            (Effect::Nothing, _) => {}
            (Effect::Put, Scope::Shared) => data.shared = true,
            (Effect::Put, _) => *data.own() = Transient,
            (Effect::Drop, Scope::Shared) => data.shared = false,
            (Effect::Drop, _) => *data.own() = Never,
        }
    }
    true
}

/// Every frame loses what nothing in it still reads.
fn stops(made: &Made, asked: &Question<'_>, data: &mut Data, stack: &[Spot]) {
    let top = stack.len() - 1;
    for (at, ((journey, node, _), own)) in stack.iter().zip(&mut data.frames).enumerate() {
        let kept = if at == top {
            live(made, *journey, *node, asked.name)
        } else {
            let graph = &made.journey(*journey).graph;
            let mut next = graph.edges(*node).map(|edge| edge.target());
            next.any(|next| live(made, *journey, next, asked.name))
        };
        *own = match *own {
            Never => Never,
            Transient | Secure if kept => Secure,
            Transient | Secure | Lost => Lost,
        };
    }
}

fn takes(asked: &Question<'_>, data: &Data, arms: &[Guard], arm: usize) -> bool {
    guard_slots(arms).iter().all(|slot| {
        let Some((id, scope)) = slot_of(slot) else {
            return true;
        };
        if KEYS[id] != asked.name {
            return true;
        }
        let lacks = Expr::Not(Box::new(Expr::Has(slot.clone())));
        let there = match scope {
            Scope::Secure => *data.frames.last().unwrap() == Secure,
            _ => data.finds(scope),
        };
        !(arm_says(arms, arm, Fact::Has(slot)) && !data.finds(scope)
            || arm_says(arms, arm, Fact::Holds(&lacks)) && there)
    })
}

/// The number of nodes that a move completes.
fn length(events: &[Event]) -> u64 {
    let completes = |event: &&Event| match event {
        Event::Leave(_, how) => !matches!(how, How::Next(_)),
        Event::Return(..) => true,
        _ => false,
    };
    events.iter().filter(completes).count() as u64
}

/// Calls back for all that runs from one journey bring, the shortest runs first; `along` keeps to the
/// steps of one run.
fn runs(
    made: &Made,
    asked: &Question<'_>,
    root: JourneyId,
    along: Option<&[Step]>,
    mut each: impl FnMut(&[Spot], &Data, u64),
) {
    let given = asked.given && made.journey(root).settings.transactional_only;
    let start = vec![(root, made.journey(root).start, 0)];
    let data = Data {
        shared: given,
        frames: vec![Never],
        before: (given, Never),
        step: 0,
    };
    let mut open = BTreeSet::from([(0_u64, start, data)]);
    let mut seen = BTreeSet::new();
    while let Some((far, stack, data)) = open.pop_first() {
        if !seen.insert((stack.clone(), data.clone())) {
            continue;
        }
        assert!(seen.len() < 200_000, "a case that is too large");
        each(&stack, &data, far);
        for next in moves(made, &stack) {
            let (mut data, mut goes) = (data.clone(), true);
            for event in &next.events {
                if matches!(event, Event::Enter) {
                    let NodeKind::Inner(inner) =
                        made.journey(stack.last().unwrap().0).graph[stack.last().unwrap().1].kind
                    else {
                        panic!("only inner journeys are entered");
                    };
                    let own = *data.own();
                    let given = journey_declares(made, inner, asked.name);
                    data.frames.push(if given { own } else { Never });
                }
                goes &= goes && follow(made, asked, &mut data, event);
                goes &= along.is_none_or(|steps| keeps_to(made, steps, &mut data, event));
            }
            if let Some(to) = next.to
                && goes
            {
                open.insert((far + length(&next.events), to, data));
            }
        }
    }
}

/// A step of a run as a finding tells it.
type Step = (String, String, Option<String>);

fn keeps_to(made: &Made, steps: &[Step], data: &mut Data, event: &Event) -> bool {
    let (stack, how) = match event {
        Event::Leave(stack, how) if !matches!(how, How::Next(_)) => (stack, how),
        Event::Return(stack, how) => (stack, how),
        _ => return true,
    };
    let (id, node, _) = *stack.last().unwrap();
    let journey = made.journey(id);
    let weight = &journey.graph[node];
    let on = match how {
        How::Go(outcome) => Some(match &weight.kind {
            NodeKind::Decision(arms) => arms[outcome.index()].name.to_string(),
            _ => weight.outcomes[outcome.index()].to_string(),
        }),
        _ => None,
    };
    let own: Step = (journey.name.to_string(), weight.path.to_string(), on);
    let fits = steps.get(data.step) == Some(&own);
    data.step += 1;
    fits
}

/// The journeys that runs begin in.
fn roots(made: &Made) -> Vec<JourneyId> {
    let journeys = made.program.journeys.iter();
    let outer = journeys.filter(|journey| journey.settings.enabled && !journey.settings.inner_only);
    outer.map(|journey| journey.id).collect()
}

/// What all runs say of a spot: code, key, and how long the shortest run that shows it is.
type Verdicts = BTreeMap<(Span, &'static str, String), u64>;

/// A finding and the question that its run answers.
struct Expected<'q> {
    code: &'static str,
    spot: Spot,
    name: &'q str,
    bad: Box<dyn Fn(&Data) -> bool + 'q>,
    effect: Box<dyn Fn(&StateKey) -> Effect + 'q>,
    strict: bool,
    given: bool,
}

impl Expected<'_> {
    fn question(&self) -> Question<'_> {
        Question {
            name: self.name,
            effect: &self.effect,
            strict: self.strict,
            given: self.given,
        }
    }
}

fn span(made: &Made, (journey, node, child): Spot) -> Span {
    let node = &made.journey(journey).graph[node];
    match &node.kind {
        NodeKind::Page(page) => page.children[usize::from(child)].span,
        _ => node.span,
    }
}

/// The length of the shortest run on which something is so at a spot, from any root.
fn shortest(
    made: &Made,
    asked: &Question<'_>,
    spot: Spot,
    is: &dyn Fn(&Data) -> bool,
) -> Option<u64> {
    let mut best: Option<u64> = None;
    for root in roots(made) {
        runs(made, asked, root, None, |stack, data, far| {
            if *stack.last().unwrap() == spot && is(data) && best.is_none_or(|best| far < best) {
                best = Some(far);
            }
        });
    }
    best
}

/// The reads of a spot that must not miss: key, scope, and whether they are needed.
fn needs(made: &Made, spot: Spot) -> Vec<(String, Scope, bool)> {
    if let NodeKind::Decision(arms) = &made.journey(spot.0).graph[spot.1].kind {
        let slots = guard_slots(arms);
        let own = slots.iter().filter_map(slot_of);
        let transient = own.filter(|(_, scope)| *scope == Scope::Transient);
        return transient
            .map(|(id, scope)| (KEYS[id].to_owned(), scope, false))
            .collect();
    }
    let (Some(task), Some(signature)) = (task_at(made, spot), signature(made, spot)) else {
        return Vec::new();
    };
    let reads = signature.reads.iter().filter(|line| line.always);
    reads
        .map(|line| (means(task, line), line.scope, true))
        .collect()
}

fn put(_: &StateKey) -> Effect {
    Effect::Put
}

fn reading(made: &Made, all: &mut Vec<Expected<'_>>) {
    for spot in spots(made) {
        for (name, scope, needed) in needs(made, spot) {
            let name = NAMES.into_iter().find(|own| *own == name).unwrap();
            let asked = Question {
                name,
                effect: &put,
                strict: true,
                given: true,
            };
            let (mut there, mut lost, mut missing) = (false, false, false);
            for root in roots(made) {
                runs(made, &asked, root, None, |stack, data, _| {
                    if *stack.last().unwrap() == spot {
                        there |= data.finds(scope);
                        lost |= data.misses(scope);
                        missing |= !data.finds(scope) && !data.misses(scope);
                    }
                });
            }
            let code = match (needed, lost, missing, there) {
                (true, true, ..) | (false, true, false, false) => "lost_value",
                (true, false, true, false) => "unwritten_key",
                (true, false, true, true) => "maybe_unwritten_key",
                _ => continue,
            };
            let bad: Box<dyn Fn(&Data) -> bool> = if code == "lost_value" {
                Box::new(move |data| data.misses(scope))
            } else {
                Box::new(move |data| !data.finds(scope))
            };
            let effect = Box::new(put);
            all.push(Expected {
                code,
                spot,
                name,
                bad,
                effect,
                strict: true,
                given: true,
            });
        }
    }
}

fn accepts(read: &Type, written: &Type) -> bool {
    *read == Type::Any || *written == Type::Any || read == written
}

fn clashes<'q>(made: &'q Made, all: &mut Vec<Expected<'q>>) {
    for spot in spots(made) {
        let Some(own) = signature(made, spot) else {
            continue;
        };
        for line in own.reads.iter().filter(|line| line.ty != Type::Any) {
            let name = NAMES.into_iter().find(|own| *own == line.key).unwrap();
            let writers = || {
                made.program
                    .catalog
                    .iter()
                    .flat_map(|(_, s)| s.writes.iter())
            };
            // What is transient hides what is shared, whatever its type.
            let used = |s: &StateKey| s.key == name && s.scope != Scope::Shared;
            let hidden = line.scope == Scope::Any && writers().any(used);
            let (scope, ty) = (line.scope, line.ty.clone());
            let effect = move |write: &StateKey| {
                if !write.always {
                    Effect::Nothing
                } else if accepts(&ty, &write.ty) || hidden && write.scope == Scope::Shared {
                    Effect::Drop
                } else {
                    Effect::Put
                }
            };
            let asked = Question {
                name,
                effect: &effect,
                strict: false,
                given: false,
            };
            let bad = move |data: &Data| data.finds(scope);
            if shortest(made, &asked, spot, &bad).is_some() {
                all.push(Expected {
                    code: "type_clash",
                    spot,
                    name,
                    bad: Box::new(bad),
                    effect: Box::new(effect),
                    strict: false,
                    given: false,
                });
            }
        }
    }
}

/// Whether a run as it stands shows the secret.
type Shown = Box<dyn Fn(&Data) -> bool>;

fn leaks(made: &Made, all: &mut Vec<Expected<'_>>) {
    let lines = || {
        made.program
            .catalog
            .iter()
            .flat_map(|(_, s)| s.reads.iter().chain(s.writes.iter()))
    };
    if !lines().any(|line| line.secrecy == Secrecy::Secret) {
        return;
    }
    for spot in spots(made) {
        let (Some(task), Some(own)) = (task_at(made, spot), signature(made, spot)) else {
            continue;
        };
        let into = |line: &StateKey| line.scope == Scope::Shared && line.key == "ticket";
        let mut found: Vec<(bool, Shown)> = Vec::new();
        if own.writes.iter().any(into) {
            found.push((true, Box::new(|_| true)));
        }
        for line in own.reads.iter().filter(|line| line.named_by.is_some()) {
            if means(task, line) == "ticket" {
                let scope = line.scope;
                // What a transaction brings was not kept secret here.
                found.push((false, Box::new(move |data| data.finds(scope))));
            }
        }
        for (given, bad) in found {
            let asked = Question {
                name: "ticket",
                effect: &put,
                strict: true,
                given,
            };
            if shortest(made, &asked, spot, &bad).is_some() {
                all.push(Expected {
                    code: "leaked_secret",
                    spot,
                    name: "ticket",
                    bad,
                    effect: Box::new(put),
                    strict: true,
                    given,
                });
                break;
            }
        }
    }
}

/// Whether a spot may read a key from shared, or from transient and secure state.
fn may_read(made: &Made, spot: Spot, name: &str, sensitive: bool) -> bool {
    let looks = |scope: Scope| match scope {
        Scope::Shared => !sensitive,
        Scope::Transient | Scope::Secure => sensitive,
        _ => true,
    };
    if let NodeKind::Decision(arms) = &made.journey(spot.0).graph[spot.1].kind {
        let slots = guard_slots(arms);
        let mut own = slots.iter().filter_map(slot_of);
        return own.any(|(id, scope)| KEYS[id] == name && looks(scope));
    }
    let (Some(task), Some(own)) = (task_at(made, spot), signature(made, spot)) else {
        return false;
    };
    let mut reads = own.reads.iter();
    reads.any(|line| means(task, line) == name && looks(line.scope))
}

/// Whether some run reads what a line of a spot writes, and whether some run writes it at all.
fn is_read(made: &Made, spot: Spot, line: &StateKey) -> (bool, bool) {
    let name = NAMES.into_iter().find(|own| *own == line.key).unwrap();
    let sensitive = line.scope != Scope::Shared;
    let effect = |write: &StateKey| {
        if std::ptr::eq(write, line) {
            Effect::Put
        } else if write.always {
            Effect::Drop
        } else {
            Effect::Nothing
        }
    };
    let asked = Question {
        name,
        effect: &effect,
        strict: false,
        given: false,
    };
    let alone = made.program.journeys.len() == 1;
    let (mut read, mut visited) = (false, false);
    for root in roots(made) {
        runs(made, &asked, root, None, |stack, data, _| {
            let here = *stack.last().unwrap();
            visited |= here == spot;
            let own = *data.frames.last().unwrap();
            let there = match (sensitive, alone) {
                (false, _) => data.shared,
                // A stop may be counted as one that keeps what it drops.
                (true, true) => own != Never,
                (true, false) => matches!(own, Transient | Secure),
            };
            read |= there && may_read(made, here, name, sensitive);
            let kind = &made.journey(here.0).graph[here.1].kind;
            let ends = matches!(
                kind,
                NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
            );
            read |= ends && stack.len() == 1 && data.shared;
        });
    }
    (read, visited)
}

/// A node whose values nothing reads must be told where there is one journey; elsewhere, who calls is not
/// told apart, so that some are not, but none is told that is read.
fn dead(made: &Made, all: &wayfare::Diagnostics, tally: &Tally) -> Result<(), String> {
    let of = |word: &'static str| all.iter().filter(move |finding| finding.code.word == word);
    let lost: BTreeSet<&str> = of("lost_value").filter_map(key_of).collect();
    let said: BTreeSet<Span> = of("dead_write").map(|finding| finding.span).collect();
    let mut is = BTreeSet::new();
    for spot in spots(made) {
        let Some(own) = signature(made, spot) else {
            continue;
        };
        let named = |line: &StateKey| line.key == "username" || lost.contains(&*line.key);
        if own.writes.is_empty() || own.writes.iter().any(|line| !line.always || named(line)) {
            continue;
        }
        let lines: Vec<(bool, bool)> = own
            .writes
            .iter()
            .map(|line| is_read(made, spot, line))
            .collect();
        let dead = lines.iter().all(|(read, visited)| !read && *visited);
        if dead {
            is.insert(span(made, spot));
        }
        if said.contains(&span(made, spot)) && !dead {
            return Err(format!("{spot:?} is read"));
        }
    }
    for finding in of("dead_write") {
        tally.add("dead_write");
        let steps = steps(finding).ok_or("a dead write without its run")?;
        let root = made.program.by_name[&finding.route.as_ref().unwrap().journey];
        let free = Question {
            name: "note",
            effect: &put,
            strict: false,
            given: false,
        };
        let mut real = false;
        // It may end on the arrow that overwrites, which no visit follows where it ends the run.
        let most = steps.len().saturating_sub(1);
        runs(made, &free, root, Some(&steps), |_, data, _| {
            real |= data.step >= most;
        });
        if !real {
            return Err(format!("no run is like that of {finding:?}"));
        }
    }
    let missed = |spot: &Spot| {
        let own = span(made, *spot);
        is.contains(&own) && !said.contains(&own) && goes_at_last(made, *spot)
    };
    if made.program.journeys.len() == 1
        && let Some(spot) = spots(made).iter().find(|spot| missed(spot))
    {
        return Err(format!("{spot:?} is dead and not told"));
    }
    Ok(())
}

/// Whether what a spot writes comes to an end of the journey, or is overwritten; on a round without an
/// end it is neither.
fn goes_at_last(made: &Made, spot: Spot) -> bool {
    let graph = &made.journey(spot.0).graph;
    let line = &signature(made, spot).unwrap().writes[0];
    let overwrites = |other: Spot| {
        signature(made, other).is_some_and(|own| {
            let mut writes = own.writes.iter();
            let shared = line.scope == Scope::Shared;
            let same = |w: &StateKey| {
                w.always && w.key == line.key && (w.scope == Scope::Shared) == shared
            };
            writes.any(same) || own.removes.iter().any(|gone| gone.key == line.key)
        })
    };
    let later = spots(made);
    let mut later = later
        .into_iter()
        .filter(|own| own.1 == spot.1 && own.2 > spot.2);
    if later.any(overwrites) {
        return true;
    }
    // An error of the node itself takes back what it wrote.
    let goes = graph.edges(spot.1);
    let goes = goes.filter(|edge| edge.weight().on != On::Error);
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = goes.map(|edge| edge.target()).collect();
    while let Some(node) = open.pop() {
        if !seen.insert(node) {
            continue;
        }
        let ends = matches!(
            graph[node].kind,
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
        );
        let own = spots(made);
        if ends || own.into_iter().any(|own| own.1 == node && overwrites(own)) {
            return true;
        }
        open.extend(graph.neighbors(node));
    }
    false
}

fn key_of(finding: &Diagnostic) -> Option<&'static str> {
    NAMES.into_iter().find(|name| {
        finding.message.contains(&format!("`{name}`"))
            || finding.message.contains(&format!(".{name}`"))
    })
}

const CODES: [&str; 5] = [
    "unwritten_key",
    "maybe_unwritten_key",
    "lost_value",
    "type_clash",
    "leaked_secret",
];

fn steps(finding: &Diagnostic) -> Option<Vec<Step>> {
    let route = finding.route.as_ref()?;
    let steps = route.steps.iter().map(|step| {
        let on = match &step.on {
            RouteOn::Outcome(name) => Some(name.to_string()),
            RouteOn::Error => None,
        };
        (step.journey.to_string(), step.node.to_string(), on)
    });
    Some(steps.collect())
}

fn check(made: &Made, tally: &Tally) -> Result<(), String> {
    let mut expected = Vec::new();
    reading(made, &mut expected);
    clashes(made, &mut expected);
    leaks(made, &mut expected);
    let mut verdicts = Verdicts::new();
    for one in &expected {
        let asked = one.question();
        let far = shortest(made, &asked, one.spot, &one.bad).ok_or("no run to a verdict")?;
        let known = verdicts
            .entry((span(made, one.spot), one.code, one.name.to_owned()))
            .or_insert(far);
        *known = (*known).min(far);
    }
    let all = findings(&made.program);
    let mut said = Verdicts::new();
    for finding in all
        .iter()
        .filter(|finding| CODES.contains(&finding.code.word))
    {
        tally.add(finding.code.word);
        let name = key_of(finding).ok_or("a finding without its key")?;
        let steps = steps(finding).ok_or("a finding without its run")?;
        let place = (finding.span, finding.code.word, name.to_owned());
        said.insert(place.clone(), steps.len() as u64);
        let root = finding
            .route
            .as_ref()
            .map(|route| Arc::clone(&route.journey))
            .unwrap();
        let root = made.program.by_name[&root];
        let mut real = false;
        for one in expected.iter().filter(|one| {
            (span(made, one.spot), one.code, one.name) == (place.0, place.1, &*place.2)
        }) {
            let asked = one.question();
            runs(made, &asked, root, Some(&steps), |stack, data, _| {
                let there = *stack.last().unwrap() == one.spot && data.step == steps.len();
                real |= there && (one.bad)(data);
            });
        }
        if !real {
            return Err(format!("no run is like that of {finding:?}"));
        }
    }
    if said != verdicts {
        return Err(format!("said {said:#?}\nis {verdicts:#?}"));
    }
    dead(made, &all, tally)
}

pub(super) fn show(made: &Made) -> String {
    let mut lines = Vec::new();
    for journey in &made.program.journeys {
        lines.push(format!(
            "{} {:?}",
            journey.name, journey.settings.inner_only
        ));
        for spot in spots(made).into_iter().filter(|spot| spot.0 == journey.id) {
            let node = &journey.graph[spot.1];
            let body = match (&node.kind, signature(made, spot)) {
                (_, Some(own)) => format!(
                    "{} {:?} asks {:?} reads {:?} writes {:?} removes {:?} {:?}",
                    own.name,
                    task_at(made, spot).map(|t| &t.settings),
                    own.asks,
                    own.reads,
                    own.writes,
                    own.removes,
                    node.outcomes
                ),
                (kind, None) => format!("{kind:?}"),
            };
            let arrows = journey.graph.edges(spot.1).map(|edge| {
                format!(
                    "{:?} -> {}",
                    edge.weight().on,
                    journey.graph[edge.target()].path
                )
            });
            let arrows: Vec<String> = arrows.collect();
            lines.push(format!("  {}.{} {body} {arrows:?}", node.path, spot.2));
        }
    }
    lines.join("\n")
}

#[test]
fn what_is_said_of_the_state_is_what_all_runs_say() {
    let tally = Tally::default();
    runner(cases(300))
        .run(&vec(any::<u16>(), 0..160), |numbers| {
            let made = program(&mut Choices::new(&numbers));
            tally.add("program");
            if made.program.journeys.len() > 1 {
                tally.add("inner journeys");
            }
            check(&made, &tally)
                .map_err(|why| TestCaseError::fail(format!("{why}\n{}", show(&made))))
        })
        .unwrap();
    tally.expect(&["program", "inner journeys", "dead_write"]);
    tally.expect(&CODES);
}
