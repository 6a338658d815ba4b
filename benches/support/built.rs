//! Programs of any size, built without text: shapes that an author may write, and some that hurt.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::graph::{DiGraph, NodeIndex};
use wayfare::{
    Catalog, LocalizedText, Program, SourceMap, Span, Value,
    model::{
        expr::{Expr, KeyId, Slot},
        guard::RealmGuard,
        journey::{
            Child, Edge, Guard, Journey, JourneyId, JourneySettings, Node, NodeKind, On, OutcomeId,
            Page, SettingValue, Task,
        },
        property::{At, Ensure, Place, PlaceKind, Point, Property},
        signature::Factor,
        value::Type,
    },
};

/// A program in the making.
pub(crate) struct Builder {
    catalog: Arc<Catalog>,
    journeys: Vec<Journey>,
    keys: Vec<Arc<str>>,
    guards: Vec<RealmGuard>,
}

impl Builder {
    fn new() -> Self {
        Self {
            catalog: Arc::new(wayfare::catalogue::standard()),
            journeys: Vec::new(),
            keys: ["username", "password"].map(Arc::from).to_vec(),
            guards: Vec::new(),
        }
    }

    fn build(self) -> Program {
        let names = |name: fn(&Journey) -> &Arc<str>| -> BTreeMap<Arc<str>, JourneyId> {
            let all = self.journeys.iter();
            all.map(|journey| (Arc::clone(name(journey)), journey.id))
                .collect()
        };
        Program {
            sources: Arc::new(SourceMap::default()),
            catalog: Arc::clone(&self.catalog),
            by_wire_name: names(|journey| &journey.wire_name),
            by_name: names(|journey| &journey.name),
            journeys: self.journeys,
            keys: self.keys,
            secret_parameters: BTreeMap::new(),
            policies: Vec::new(),
            guards: self.guards,
            scenarios: Vec::new(),
            uncovered: Vec::new(),
        }
    }

    fn task(&self, name: &str, settings: &[(&str, Value)]) -> Task {
        let ty = self.catalog.find(name).expect("a type of the product");
        let settings = settings.iter();
        let constant = |(name, value): &(&str, Value)| {
            (Arc::from(*name), SettingValue::Constant(value.clone()))
        };
        Task {
            ty,
            version: 1,
            settings: settings.map(constant).collect(),
            files: BTreeMap::new(),
        }
    }

    fn kind(&self, name: &str) -> NodeKind {
        NodeKind::Task(self.task(name, &[]))
    }

    fn page(&self) -> NodeKind {
        let child = |name: &str, ty: &str| Child {
            name: Arc::from(name),
            task: self.task(ty, &[]),
            outcomes: vec![Arc::from("outcome")],
            span: Span::default(),
        };
        NodeKind::Page(Page {
            header: LocalizedText::default(),
            description: LocalizedText::default(),
            stage: None,
            children: vec![
                child("name", "UsernameCollector"),
                child("password", "PasswordCollector"),
            ],
            version: 1,
        })
    }

    fn limit(&self, retries: i64) -> NodeKind {
        NodeKind::Task(self.task("RetryLimitDecision", &[("retryLimit", Value::Int(retries))]))
    }

    /// A journey whose first nodes ask for a name and a password and check them; what follows the check
    /// is not wired yet.
    fn login(&mut self, id: u32) -> (Journey, NodeIndex) {
        let mut one = journey(id);
        let page = add(&mut one, self.page(), &["outcome"]);
        let check = add(&mut one, self.kind("DataStoreDecision"), YES_NO);
        let limit = add(&mut one, self.limit(2), &["Retry", "Reject"]);
        let failure = one.failure;
        arrow(&mut one, page, 0, check);
        arrow(&mut one, check, 1, limit);
        arrow(&mut one, limit, 0, page);
        arrow(&mut one, limit, 1, failure);
        (one, check)
    }
}

const YES_NO: &[&str] = &["true", "false"];

fn span(at: usize) -> Span {
    // Copies of a fragment stand at one place of the text; these nodes are no copies.
    Span {
        start: u32::try_from(at).unwrap_or(u32::MAX),
        end: u32::try_from(at + 1).unwrap_or(u32::MAX),
        ..Span::default()
    }
}

fn node(path: String, kind: NodeKind, outcomes: &[&str], at: usize) -> Node {
    Node {
        path: path.into(),
        kind,
        outcomes: outcomes.iter().map(|name| Arc::from(*name)).collect(),
        doc: None,
        allows: Vec::new(),
        span: span(at),
    }
}

fn journey(id: u32) -> Journey {
    let mut graph = DiGraph::default();
    let end = |name: &str, kind| node(name.to_owned(), kind, &[], 0);
    let success = graph.add_node(end("success", NodeKind::Success));
    let failure = graph.add_node(end("failure", NodeKind::Failure));
    let loose_end = graph.add_node(end("nowhere", NodeKind::LooseEnd));
    let name: Arc<str> = Arc::from(format!("j{id}"));
    Journey {
        id: JourneyId(id),
        wire_name: Arc::clone(&name),
        name,
        doc: None,
        settings: JourneySettings::default(),
        graph,
        start: NodeIndex::new(3),
        success,
        failure,
        loose_end,
        ensures: Vec::new(),
        allows: Vec::new(),
        span: Span::default(),
    }
}

fn add(journey: &mut Journey, kind: NodeKind, outcomes: &[&str]) -> NodeIndex {
    let at = journey.graph.node_count();
    journey
        .graph
        .add_node(node(format!("n{at}"), kind, outcomes, at))
}

fn arrow(journey: &mut Journey, from: NodeIndex, outcome: u16, to: NodeIndex) {
    let edge = Edge {
        on: On::Outcome(OutcomeId(outcome)),
        span: Span::default(),
    };
    journey.graph.add_edge(from, to, edge);
}

/// Leads each node to the one after it, from the first to the last of these.
fn follow(journey: &mut Journey, first: NodeIndex, last: NodeIndex) {
    for at in first.index()..last.index() {
        arrow(journey, NodeIndex::new(at), 0, NodeIndex::new(at + 1));
    }
}

fn place(kind: PlaceKind) -> Place {
    Place {
        text: "place".into(),
        kind,
        span: Span::default(),
    }
}

fn at(journey: &Journey, node: NodeIndex) -> Place {
    place(PlaceKind::Points(vec![Point {
        calls: Vec::new(),
        journey: journey.id,
        node,
        at: At::Node,
    }]))
}

fn ensure(journey: &Journey, property: Property) -> Ensure {
    Ensure {
        label: "e".into(),
        from: journey.start,
        property,
        span: Span::default(),
    }
}

/// One login, and behind it a chain of whatever `next` adds, which returns where the chain goes on and by
/// which outcome.
fn behind(
    builder: &mut Builder,
    count: usize,
    mut next: impl FnMut(&Builder, &mut Journey, usize) -> NodeIndex,
) -> Journey {
    let (mut one, mut last) = builder.login(0);
    for n in 0..count.saturating_sub(3) {
        let here = next(builder, &mut one, n);
        arrow(&mut one, last, 0, here);
        last = here;
    }
    let success = one.success;
    arrow(&mut one, last, 0, success);
    one
}

fn whole(mut builder: Builder, journey: Journey) -> Program {
    builder.journeys.push(journey);
    builder.build()
}

/// A login and a chain of messages.
pub(crate) fn chain(count: usize) -> Program {
    let mut builder = Builder::new();
    let message = builder.kind("Message");
    let one = behind(&mut builder, count, |_, one, _| {
        let here = add(one, message.clone(), YES_NO);
        let failure = one.failure;
        arrow(one, here, 1, failure);
        here
    });
    whole(builder, one)
}

/// The same chain, of which four properties and a guard are stated.
pub(crate) fn stated(count: usize) -> Program {
    let mut program = chain(count);
    let Some(one) = program.journeys.first_mut() else {
        return program;
    };
    let middle = NodeIndex::new(count / 2 + 3);
    let check = NodeIndex::new(4);
    let to = || at(one, one.success);
    let proved = place(PlaceKind::Points(vec![Point {
        calls: Vec::new(),
        journey: one.id,
        node: check,
        at: At::Outcome(OutcomeId(0)),
    }]));
    let ensures = vec![
        ensure(
            one,
            Property::EveryPath {
                to: to(),
                passes: vec![place(PlaceKind::Proof(Factor::Password))],
            },
        ),
        ensure(
            one,
            Property::Never {
                what: at(one, one.start),
                after: at(one, middle),
            },
        ),
        ensure(
            one,
            Property::AtMost {
                visits: 3,
                of: at(one, check),
            },
        ),
        ensure(one, Property::SameFace { until: proved }),
    ];
    let held = ensure(
        one,
        Property::EveryPath {
            to: to(),
            passes: vec![at(one, middle)],
        },
    );
    one.ensures = ensures;
    program.guards.push(RealmGuard {
        name: "guard".into(),
        realm: None,
        except: Vec::new(),
        holds: vec![(JourneyId(0), held)],
        span: Span::default(),
    });
    program
}

/// Messages that may be read again, and every tenth node a limiter that leads back ten nodes.
pub(crate) fn loops(count: usize) -> Program {
    let mut builder = Builder::new();
    let (message, limit) = (builder.kind("Message"), builder.limit(3));
    let one = behind(&mut builder, count, |_, one, n| {
        if n % 10 == 9 {
            let here = add(one, limit.clone(), &["Reject", "Retry"]);
            arrow(one, here, 1, NodeIndex::new(here.index() - 9));
            return here;
        }
        let here = add(one, message.clone(), YES_NO);
        arrow(one, here, 1, here);
        here
    });
    whole(builder, one)
}

/// One node that leads to all others, which lead to success.
pub(crate) fn fan(count: usize) -> Program {
    let mut builder = Builder::new();
    let (mut one, check) = builder.login(0);
    let success = one.success;
    let count = count.saturating_sub(4);
    let names: Vec<String> = (0..count).map(|at| format!("c{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let choose = builder.kind("ChoiceCollector");
    let choose = add(&mut one, choose, &names);
    arrow(&mut one, check, 0, choose);
    let message = builder.kind("Message");
    for outcome in 0..u16::try_from(count).unwrap_or(u16::MAX) {
        let here = add(&mut one, message.clone(), YES_NO);
        arrow(&mut one, choose, outcome, here);
        arrow(&mut one, here, 0, success);
        arrow(&mut one, here, 1, success);
    }
    whole(builder, one)
}

/// Pages that ask for the name and the password, one behind the other, then the check.
pub(crate) fn pages(count: usize) -> Program {
    let builder = Builder::new();
    let mut one = journey(0);
    let page = builder.page();
    let first = one.start;
    for _ in 1..count {
        add(&mut one, page.clone(), &["outcome"]);
    }
    let check = builder.kind("DataStoreDecision");
    let check = add(&mut one, check, YES_NO);
    follow(&mut one, first, check);
    let (success, failure) = (one.success, one.failure);
    arrow(&mut one, check, 0, success);
    arrow(&mut one, check, 1, failure);
    whole(builder, one)
}

/// Every other node writes a key of its own, and the next decides by it.
pub(crate) fn keys(count: usize) -> Program {
    let mut builder = Builder::new();
    for key in 0..count {
        builder.keys.push(format!("k{key}").into());
    }
    let one = behind(&mut builder, count, |builder, one, n| {
        let key = n / 2;
        if n % 2 == 0 {
            let value = (Arc::from(format!("k{key}")), Value::Bool(true));
            let attributes = Value::Map(Arc::new([value].into_iter().collect()));
            let task = builder.task("SetState", &[("attributes", attributes)]);
            return add(one, NodeKind::Task(task), &["outcome"]);
        }
        let slot = Slot::Shared(KeyId(u32::try_from(key + 2).unwrap_or(0)));
        let arm = |name: &str, condition| Guard {
            name: name.into(),
            condition,
            span: Span::default(),
        };
        let arms = vec![arm("1", Some(Expr::Read(slot, Type::Bool))), arm("2", None)];
        let here = add(one, NodeKind::Decision(arms), &["1", "2"]);
        let failure = one.failure;
        arrow(one, here, 1, failure);
        here
    });
    whole(builder, one)
}

/// Raises of the level that nobody proved anything for, with a way back from the last to the first.
pub(crate) fn raises(count: usize) -> Program {
    let mut builder = Builder::new();
    let mut one = journey(0);
    let up =
        NodeKind::Task(builder.task("ModifyAuthLevel", &[("authLevelIncrement", Value::Int(1))]));
    let first = one.start;
    for _ in 1..count {
        add(&mut one, up.clone(), &["outcome"]);
    }
    let message = builder.kind("Message");
    let last = add(&mut one, message, YES_NO);
    follow(&mut one, first, last);
    let success = one.success;
    arrow(&mut one, last, 0, success);
    arrow(&mut one, last, 1, first);
    builder.journeys.push(one);
    builder.build()
}

/// Journeys that can all be started, each of which calls the next: ten nodes a journey.
pub(crate) fn calls(count: usize) -> Program {
    let mut builder = Builder::new();
    let journeys = u32::try_from(count / 10).unwrap_or(u32::MAX).max(1);
    let message = builder.kind("Message");
    for id in 0..journeys {
        let (mut one, mut last) = builder.login(id);
        let (success, failure) = (one.success, one.failure);
        for _ in 0..6 {
            let here = add(&mut one, message.clone(), YES_NO);
            arrow(&mut one, last, 0, here);
            arrow(&mut one, here, 1, failure);
            last = here;
        }
        if id + 1 < journeys {
            let call = add(&mut one, NodeKind::Inner(JourneyId(id + 1)), YES_NO);
            arrow(&mut one, last, 0, call);
            arrow(&mut one, call, 1, failure);
            last = call;
        }
        arrow(&mut one, last, 0, success);
        builder.journeys.push(one);
    }
    builder.build()
}

/// A chain of nodes whose name is never proved: everything is found at its end.
pub(crate) fn unproved(count: usize) -> Program {
    let mut builder = Builder::new();
    let mut one = journey(0);
    let debug = builder.kind("Debug");
    for _ in 0..count {
        add(&mut one, debug.clone(), &["outcome"]);
    }
    let (first, success) = (one.start, one.success);
    let last = NodeIndex::new(one.graph.node_count() - 1);
    follow(&mut one, first, last);
    arrow(&mut one, last, 0, success);
    builder.journeys.push(one);
    builder.build()
}

/// Journeys that only others start, each of which calls the next twice: as many frames as there are subsets.
pub(crate) fn nested(count: usize) -> Program {
    let mut builder = Builder::new();
    let journeys = u32::try_from(count / 5).unwrap_or(u32::MAX).max(1);
    for id in 0..journeys {
        let (mut one, last) = builder.login(id);
        one.settings.inner_only = id > 0;
        let (success, failure) = (one.success, one.failure);
        if id + 1 == journeys {
            arrow(&mut one, last, 0, success);
            builder.journeys.push(one);
            break;
        }
        let inner = NodeKind::Inner(JourneyId(id + 1));
        let first = add(&mut one, inner.clone(), YES_NO);
        let second = add(&mut one, inner, YES_NO);
        arrow(&mut one, last, 0, first);
        arrow(&mut one, first, 0, second);
        arrow(&mut one, first, 1, failure);
        arrow(&mut one, second, 0, success);
        arrow(&mut one, second, 1, failure);
        builder.journeys.push(one);
    }
    builder.build()
}

/// Limiters behind each other, all of which lead back to the login, and how often it may be tried.
pub(crate) fn limiters(count: usize) -> Program {
    let mut builder = Builder::new();
    let limit = builder.limit(3);
    let mut one = behind(&mut builder, count, |_, one, _| {
        let here = add(one, limit.clone(), &["Reject", "Retry"]);
        let start = one.start;
        arrow(one, here, 1, start);
        here
    });
    let check = at(&one, NodeIndex::new(4));
    one.ensures = vec![ensure(
        &one,
        Property::AtMost {
            visits: 3,
            of: check,
        },
    )];
    whole(builder, one)
}

/// A chain of messages, of each of which two properties are stated.
pub(crate) fn ensures(count: usize) -> Program {
    let mut program = chain(count / 2);
    let Some(one) = program.journeys.first_mut() else {
        return program;
    };
    let last = one.graph.node_count();
    let mut ensures = Vec::new();
    for node in (6..last).map(NodeIndex::new) {
        let to = at(one, one.success);
        let passes = vec![at(one, node)];
        ensures.push(ensure(one, Property::EveryPath { to, passes }));
        let (what, after) = (at(one, one.start), at(one, node));
        ensures.push(ensure(one, Property::Never { what, after }));
    }
    one.ensures = ensures;
    program
}

/// Journeys that call each other, each of which must meet twenty guards.
pub(crate) fn guarded(count: usize) -> Program {
    let mut program = calls(count);
    for guard in 0..20 {
        let hold = |journey: &Journey| {
            let property = Property::EveryPath {
                to: at(journey, journey.success),
                passes: vec![place(PlaceKind::Proof(Factor::Password))],
            };
            (journey.id, ensure(journey, property))
        };
        program.guards.push(RealmGuard {
            name: format!("guard {guard}").into(),
            realm: None,
            except: Vec::new(),
            holds: program.journeys.iter().map(hold).collect(),
            span: Span::default(),
        });
    }
    program
}

/// Nodes with sixty-four outcomes each, which lead anywhere further on and sometimes back.
pub(crate) fn dense(count: usize) -> Program {
    let mut builder = Builder::new();
    let (mut one, check) = builder.login(0);
    let names: Vec<String> = (0..64).map(|at| format!("c{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let choose = builder.kind("ChoiceCollector");
    let count = count / 16;
    let first = one.graph.node_count();
    for _ in 0..count {
        add(&mut one, choose.clone(), &names);
    }
    arrow(&mut one, check, 0, NodeIndex::new(first));
    for from in 0..count {
        for outcome in 0..64_u16 {
            let next = from + 1 + (from * 31 + usize::from(outcome) * 17) % 97;
            let back = outcome == 63 && from % 8 == 7;
            let to = if back { from.saturating_sub(5) } else { next };
            let to = if to < count {
                NodeIndex::new(first + to)
            } else {
                one.success
            };
            arrow(&mut one, NodeIndex::new(first + from), outcome, to);
        }
    }
    whole(builder, one)
}

/// Copies of a fragment, behind each other, in each of which something is stated and not met.
pub(crate) fn fragments(count: usize) -> Program {
    let mut builder = Builder::new();
    let (mut one, mut last) = builder.login(0);
    let message = builder.kind("Message");
    let (success, failure) = (one.success, one.failure);
    for copy in 0..count / 4 {
        let first = add(&mut one, message.clone(), YES_NO);
        arrow(&mut one, last, 0, first);
        for _ in 0..3 {
            add(&mut one, message.clone(), YES_NO);
        }
        last = NodeIndex::new(first.index() + 3);
        follow(&mut one, first, last);
        for (at, node) in (first.index()..=last.index())
            .map(NodeIndex::new)
            .enumerate()
        {
            arrow(&mut one, node, 1, failure);
            if let Some(node) = one.graph.node_weight_mut(node) {
                node.path = format!("f{copy}.n{at}").into();
                node.span = span(at + 10);
            }
        }
        let (what, after) = (at(&one, last), at(&one, first));
        one.ensures.push(Ensure {
            from: first,
            ..ensure(&one, Property::Never { what, after })
        });
    }
    arrow(&mut one, last, 0, success);
    whole(builder, one)
}

/// Journeys that can all be started and call each other, none of which proves anything, and all raise.
pub(crate) fn unproved_calls(count: usize) -> Program {
    let mut builder = Builder::new();
    let journeys = u32::try_from(count / 10).unwrap_or(u32::MAX).max(1);
    let up =
        NodeKind::Task(builder.task("ModifyAuthLevel", &[("authLevelIncrement", Value::Int(1))]));
    for id in 0..journeys {
        let mut one = journey(id);
        let (first, success, failure) = (one.start, one.success, one.failure);
        for _ in 0..9 {
            add(&mut one, up.clone(), &["outcome"]);
        }
        let mut last = NodeIndex::new(first.index() + 8);
        follow(&mut one, first, last);
        if id + 1 < journeys {
            let call = add(&mut one, NodeKind::Inner(JourneyId(id + 1)), YES_NO);
            arrow(&mut one, last, 0, call);
            arrow(&mut one, call, 1, failure);
            last = call;
        }
        arrow(&mut one, last, 0, success);
        builder.journeys.push(one);
    }
    builder.build()
}

/// Another name is asked for behind the proof, and behind it each node of a chain may lead to success.
pub(crate) fn swaps(count: usize) -> Program {
    let mut builder = Builder::new();
    let (mut one, check) = builder.login(0);
    let (name, message) = (builder.kind("UsernameCollector"), builder.kind("Message"));
    let success = one.success;
    let mut last = add(&mut one, name, &["outcome"]);
    arrow(&mut one, check, 0, last);
    for _ in 0..count.saturating_sub(4) {
        let here = add(&mut one, message.clone(), YES_NO);
        arrow(&mut one, last, 0, here);
        arrow(&mut one, here, 1, success);
        last = here;
    }
    arrow(&mut one, last, 0, success);
    whole(builder, one)
}

/// Nodes that need what nothing writes, each a key of its own.
pub(crate) fn unwritten(count: usize) -> Program {
    let mut builder = Builder::new();
    for key in 0..count {
        builder.keys.push(format!("k{key}").into());
    }
    let NodeKind::Task(message) = builder.kind("Message") else {
        return whole(builder, journey(0));
    };
    let one = behind(&mut builder, count, |_, one, n| {
        let slot = Slot::Shared(KeyId(u32::try_from(n + 2).unwrap_or(0)));
        let mut task = message.clone();
        let read = SettingValue::Computed(Expr::Read(slot, Type::Text));
        task.settings.push((Arc::from("message"), read));
        let here = add(one, NodeKind::Task(task), YES_NO);
        let failure = one.failure;
        arrow(one, here, 1, failure);
        here
    });
    whole(builder, one)
}

/// Journeys that can all be started and call each other, each of which claims a level that it reaches.
pub(crate) fn claims(count: usize) -> Program {
    claimed(count, 1)
}

/// The same, but for the claims: each journey raises only in a loop that a run need not go around.
pub(crate) fn unmet_claims(count: usize) -> Program {
    use petgraph::visit::EdgeRef as _;
    let mut program = claimed(count, 6);
    for one in &mut program.journeys {
        let [check, raise, message] = [4, 6, 7].map(NodeIndex::new);
        let (failure, edges) = (one.failure, one.graph.edge_references());
        let is_replaced =
            |from, to| (from, to) == (check, raise) || (from, to) == (message, failure);
        let replaced = edges.filter(|edge| is_replaced(edge.source(), edge.target()));
        let replaced: Vec<_> = replaced.map(|edge| edge.id()).collect();
        one.graph.retain_edges(|_, edge| !replaced.contains(&edge));
        arrow(one, check, 0, message);
        arrow(one, message, 1, raise);
    }
    program
}

fn claimed(count: usize, level: i64) -> Program {
    let mut program = calls(count);
    let up = program
        .catalog
        .find("ModifyAuthLevel")
        .expect("a type of the product");
    for one in &mut program.journeys {
        one.settings.level = Some(wayfare::AuthLevel::saturating(level));
        // The first message raises the level instead.
        if let Some(node) = one.graph.node_weight_mut(NodeIndex::new(6)) {
            node.kind = NodeKind::Task(Task {
                ty: up,
                version: 1,
                settings: vec![(
                    Arc::from("authLevelIncrement"),
                    SettingValue::Constant(Value::Int(1)),
                )],
                files: BTreeMap::new(),
            });
            node.outcomes = vec![Arc::from("outcome")];
        }
        let second = one.graph.edges(NodeIndex::new(6)).find_map(|edge| {
            use petgraph::visit::EdgeRef as _;
            (edge.weight().on == On::Outcome(OutcomeId(1))).then(|| edge.id())
        });
        if let Some(second) = second {
            one.graph.remove_edge(second);
        }
    }
    program
}

/// Journeys that can all be started and call each other, each of which looks up whoever is named and goes
/// on alike.
pub(crate) fn lookups(count: usize) -> Program {
    let mut builder = Builder::new();
    let journeys = u32::try_from(count / 10).unwrap_or(u32::MAX).max(1);
    let (name, look) = (
        builder.kind("UsernameCollector"),
        builder.kind("IdentifyExistingUser"),
    );
    let message = builder.kind("Message");
    for id in 0..journeys {
        let mut one = journey(id);
        let (success, failure) = (one.success, one.failure);
        let mut last = add(&mut one, name.clone(), &["outcome"]);
        let found = add(&mut one, look.clone(), YES_NO);
        arrow(&mut one, last, 0, found);
        last = found;
        for _ in 0..6 {
            let here = add(&mut one, message.clone(), YES_NO);
            arrow(&mut one, last, 0, here);
            arrow(&mut one, last, 1, here);
            last = here;
        }
        arrow(&mut one, last, 1, failure);
        let (page, check) = (
            add(&mut one, builder.page(), &["outcome"]),
            add(&mut one, builder.kind("DataStoreDecision"), YES_NO),
        );
        if id + 1 < journeys {
            let call = add(&mut one, NodeKind::Inner(JourneyId(id + 1)), YES_NO);
            arrow(&mut one, last, 0, call);
            arrow(&mut one, call, 0, page);
            arrow(&mut one, call, 1, failure);
        } else {
            arrow(&mut one, last, 0, page);
        }
        arrow(&mut one, page, 0, check);
        arrow(&mut one, check, 0, success);
        arrow(&mut one, check, 1, failure);
        builder.journeys.push(one);
    }
    builder.build()
}

/// A choice, and behind each outcome a look for whoever is named: a known user sees a message more.
pub(crate) fn tellings(count: usize) -> Program {
    let builder = Builder::new();
    let mut one = journey(0);
    let (success, failure) = (one.success, one.failure);
    let count = count.saturating_sub(4) / 2;
    let names: Vec<String> = (0..count).map(|at| format!("c{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let name = add(&mut one, builder.kind("UsernameCollector"), &["outcome"]);
    let choose = add(&mut one, builder.kind("ChoiceCollector"), &names);
    let page = add(&mut one, builder.page(), &["outcome"]);
    let check = add(&mut one, builder.kind("DataStoreDecision"), YES_NO);
    arrow(&mut one, name, 0, choose);
    arrow(&mut one, page, 0, check);
    arrow(&mut one, check, 0, success);
    arrow(&mut one, check, 1, failure);
    let (look, message) = (
        builder.kind("IdentifyExistingUser"),
        builder.kind("Message"),
    );
    for outcome in 0..u16::try_from(count).unwrap_or(u16::MAX) {
        let found = add(&mut one, look.clone(), YES_NO);
        let shown = add(&mut one, message.clone(), YES_NO);
        arrow(&mut one, choose, outcome, found);
        arrow(&mut one, found, 0, shown);
        arrow(&mut one, found, 1, failure);
        arrow(&mut one, shown, 0, page);
        arrow(&mut one, shown, 1, page);
    }
    whole(builder, one)
}
