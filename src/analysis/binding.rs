//! Whether journeys that run without a person get what they ask, and can say why they fail.
//!
//! In: a program, and bindings that stand in a configuration: a journey, the fields of a request with the
//! inputs they go to, the grounds that have a code. Out: findings with both places, that of the binding and
//! that of the node. What a node asks is known where its type and settings say so; a script, a node outside
//! and a chain of journeys deeper than the bound may ask anything, and settle nothing.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use petgraph::{Direction, graph::NodeIndex, visit::EdgeRef};

use crate::{
    codes,
    diagnostic::{Diagnostic, Diagnostics},
    engine::headless::Slot,
    model::{
        ground::GroundKind,
        journey::{Journey, Node, NodeKind, SettingValue, Task},
        program::Program,
        signature::{Known, Signature},
        value::Value,
    },
    source::Span,
};

/// A journey that a request runs, and what of the request goes where.
///
/// Its places point into the configuration, which is a source beside those of the program.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// What is bound, as messages call it: `capture.operations.auth_native`.
    pub name: Arc<str>,
    /// The journey, by its name on the wire.
    pub journey: Arc<str>,
    /// Where the journey is named.
    pub at: Span,
    /// The fields.
    pub fields: Vec<BoundField>,
    /// The grounds that have a code of their own, each with its place.
    pub grounds: BTreeMap<GroundKind, Span>,
    /// Whether every other ground has a code all the same.
    pub has_default: bool,
    /// Whether the journey may ask for what no field brings: then the request fails there.
    pub partial: bool,
}

/// A field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundField {
    /// Its name.
    pub name: Arc<str>,
    /// The input it goes to.
    pub slot: Slot,
    /// Where that stands.
    pub at: Span,
    /// Whether it holds a password, where that is known.
    pub secret: Option<bool>,
}

/// How deep journeys that call journeys are looked into.
const DEPTH_MAX: usize = 32;

/// What is wrong with bindings, in their order.
pub fn check(program: &Program, bindings: &[Binding]) -> Diagnostics {
    let mut found = Diagnostics::default();
    for binding in bindings {
        let journey = program.journey_on_wire(&binding.journey);
        match journey.filter(|journey| journey.settings.enabled && !journey.settings.inner_only) {
            Some(journey) => Check { program, binding }.all(journey, &mut found),
            None => found.push(unknown(program, binding, journey)),
        }
    }
    found
}

fn unknown(program: &Program, binding: &Binding, there: Option<&Journey>) -> Diagnostic {
    let Binding {
        name, journey, at, ..
    } = binding;
    if let Some(there) = there {
        let message = format!("`{name}` runs `{journey}`, which cannot be started alone");
        return Diagnostic::new(codes::UNKNOWN_BOUND_JOURNEY, *at, message)
            .expected("a journey that is enabled and not kept for others to call")
            .label(there.span, "it is declared here");
    }
    let mut names: Vec<&str> = program.journeys.iter().map(|j| &*j.wire_name).collect();
    names.sort_unstable();
    names.truncate(8);
    let message = format!("`{name}` runs `{journey}`, and there is no such journey");
    Diagnostic::new(codes::UNKNOWN_BOUND_JOURNEY, *at, message).expected(match names.as_slice() {
        [] => "a journey of the realm".to_owned(),
        names => format!("a journey of the realm: `{}`", names.join("`, `")),
    })
}

/// One thing that a node asks.
#[derive(Debug, Clone)]
struct Input {
    field: Arc<str>,
    kind: &'static str,
    required: bool,
    /// Whether it takes a password; nothing where it takes either.
    secret: Option<bool>,
    /// The node, or the child of a page.
    at: Span,
}

/// What a node asks.
enum Asks {
    Nothing,
    These(Vec<Input>),
    Anything,
}

struct Check<'a> {
    program: &'a Program,
    binding: &'a Binding,
}

impl<'a> Check<'a> {
    fn all(&self, journey: &'a Journey, found: &mut Diagnostics) {
        self.shared(found);
        let every = self.every(journey);
        if !self.binding.partial {
            self.first(journey, found);
        }
        self.fields(journey, &every, found);
        self.grounds(&every, found);
    }

    /// Two fields for one input: one of them would be lost.
    fn shared(&self, found: &mut Diagnostics) {
        let mut taken: BTreeMap<&Slot, &BoundField> = BTreeMap::new();
        for field in &self.binding.fields {
            let Some(other) = taken.insert(&field.slot, field) else {
                continue;
            };
            let message = format!(
                "`{}` and `{}` both go to `{}`",
                other.name, field.name, field.slot
            );
            found.push(
                Diagnostic::new(codes::SHARED_INPUT, field.at, message)
                    .expected("one field for each input")
                    .label(other.at, "the other one"),
            );
        }
    }

    /// What the first question of the journey needs and no field brings.
    fn first(&self, journey: &'a Journey, found: &mut Diagnostics) {
        let mut told = BTreeSet::new();
        for inputs in self.first_asks(journey) {
            let mut counts = BTreeMap::<Arc<str>, u32>::new();
            let mut kinds = BTreeMap::<&str, u32>::new();
            for input in inputs {
                let nth = count(&mut counts, Arc::clone(&input.field));
                let mth = count(&mut kinds, input.kind);
                let brought = self.binding.fields.iter().any(|field| match &field.slot {
                    Slot::Field(name, n) => *name == input.field && *n == nth,
                    Slot::Kind(kind, n) => **kind == *input.kind && *n == mth,
                    // Which callback has which number, the graph does not say.
                    Slot::Id(_) => true,
                });
                if brought || !input.required || !told.insert((input.at, nth)) {
                    continue;
                }
                let Binding { name, journey, .. } = self.binding;
                let slot = Slot::Field(Arc::clone(&input.field), nth);
                found.push(
                    Diagnostic::new(
                        codes::UNBOUND_INPUT,
                        self.binding.at,
                        format!(
                            "`{journey}` asks for `{slot}`, and no field of `{name}` brings it"
                        ),
                    )
                    .expected(format!("a field that goes to `{slot}`"))
                    .label(input.at, "it is asked for here"),
                );
            }
        }
    }

    /// Passwords where none is asked for, and names where one is.
    fn kinds(&self, asked: &[Input], found: &mut Diagnostics) {
        for field in &self.binding.fields {
            let Some(secret) = field.secret else {
                continue;
            };
            let of_slot = |input: &&Input| match &field.slot {
                Slot::Field(name, _) => input.field == *name,
                Slot::Kind(kind, _) => *input.kind == **kind,
                Slot::Id(_) => false,
            };
            let mut goes_to = asked.iter().filter(of_slot);
            let fits = |input: &Input| input.secret.is_none_or(|other| other == secret);
            let Some(input) = goes_to.clone().next() else {
                continue;
            };
            if goes_to.any(fits) {
                continue;
            }
            let (holds, wanted) = if secret {
                ("holds a password", "an input that takes a password")
            } else {
                ("holds no password", "an input that takes none")
            };
            let message = format!(
                "`{}` {holds} and goes to `{}`, which `{}` asks for otherwise",
                field.name, field.slot, self.binding.journey
            );
            found.push(
                Diagnostic::new(codes::UNFIT_FIELD, field.at, message)
                    .expected(wanted)
                    .label(input.at, "it is asked for here"),
            );
        }
    }

    /// Fields that nothing asks for.
    fn fields(
        &self,
        journey: &'a Journey,
        every: &[(&'a Journey, &'a Node)],
        found: &mut Diagnostics,
    ) {
        let mut asked = Vec::new();
        let mut is_all = true;
        for (_, node) in every {
            match self.asks(node) {
                Asks::Nothing => {}
                Asks::These(inputs) => asked.extend(inputs),
                Asks::Anything => is_all = false,
            }
        }
        self.kinds(&asked, found);
        if !is_all {
            return;
        }
        for field in &self.binding.fields {
            let is_asked = match &field.slot {
                Slot::Field(name, _) => asked.iter().any(|input| input.field == *name),
                Slot::Kind(kind, _) => asked.iter().any(|input| *input.kind == **kind),
                Slot::Id(_) => true,
            };
            if is_asked {
                continue;
            }
            let mut names: Vec<&str> = asked.iter().map(|input| &*input.field).collect();
            names.sort_unstable();
            names.dedup();
            let Binding { journey: run, .. } = self.binding;
            found.push(
                Diagnostic::new(
                    codes::UNASKED_FIELD,
                    field.at,
                    format!(
                        "`{}` goes to `{}`, which `{run}` never asks for",
                        field.name, field.slot
                    ),
                )
                .expected(match names.as_slice() {
                    [] => "no field: the journey asks nothing".to_owned(),
                    names => format!("an input of the journey: `{}`", names.join("`, `")),
                })
                .label(journey.span, "the journey"),
            );
        }
    }

    /// Grounds without a code.
    fn grounds(&self, every: &[(&'a Journey, &'a Node)], found: &mut Diagnostics) {
        if self.binding.has_default {
            return;
        }
        let mut kinds = BTreeMap::<GroundKind, Span>::new();
        for (_, node) in every {
            for (task, outcomes, at) in tasks(node) {
                for outcome in outcomes {
                    for kind in self.found_by(task, outcome) {
                        kinds.entry(kind).or_insert(at);
                    }
                }
            }
        }
        for (kind, at) in kinds {
            if self.binding.grounds.contains_key(&kind) {
                continue;
            }
            let Binding { name, journey, .. } = self.binding;
            found.push(
                Diagnostic::new(
                    codes::UNBOUND_GROUND,
                    self.binding.at,
                    format!("`{journey}` can fail as `{kind}`, for which `{name}` has no code"),
                )
                .expected(format!("a code for `{kind}`, or a default"))
                .label(at, "it is found here"),
            );
        }
    }

    fn found_by(&self, task: &Task, outcome: &str) -> Vec<GroundKind> {
        let Some(signature) = self.program.catalog.get(task.ty) else {
            return Vec::new();
        };
        match signature.finds(outcome, |key| setting(task, key)) {
            Known::Is(None) => Vec::new(),
            // What is told more exactly has the code of this one.
            Known::Is(Some(kind)) => vec![kind],
            Known::Unknown => {
                let raised = GroundKind::ALL.iter().map(|(kind, _)| *kind);
                let own = [GroundKind::Rejected, GroundKind::Internal];
                raised.filter(|kind| !own.contains(kind)).collect()
            }
        }
    }

    /// Every node that a run can come to, those of inner journeys among them.
    fn every(&self, journey: &'a Journey) -> Vec<(&'a Journey, &'a Node)> {
        let mut nodes = Vec::new();
        let mut seen = BTreeSet::from([journey.id]);
        let mut open = vec![journey];
        // BOUND: every journey is looked at once, and every node of it.
        while let Some(journey) = open.pop() {
            for index in reachable(journey) {
                let Some(node) = journey.graph.node_weight(index) else {
                    continue;
                };
                if let NodeKind::Inner(inner) = &node.kind
                    && seen.insert(*inner)
                    && let Some(inner) = self.program.journeys.get(inner.index())
                {
                    open.push(inner);
                }
                nodes.push((journey, node));
            }
        }
        nodes
    }

    /// What the first question asks, for each node that may be the one to ask it.
    fn first_asks(&self, journey: &'a Journey) -> Vec<Vec<Input>> {
        let mut first = Vec::new();
        let mut open = VecDeque::from([(journey, journey.start, 0)]);
        let mut seen = BTreeSet::from([(journey.id, journey.start.index())]);
        // BOUND: every node of every journey is looked at once.
        while let Some((journey, index, depth)) = open.pop_front() {
            let Some(node) = journey.graph.node_weight(index) else {
                continue;
            };
            if let NodeKind::Inner(inner) = &node.kind {
                let inner = self.program.journeys.get(inner.index());
                let inner = inner.filter(|_| depth < DEPTH_MAX);
                if let Some(inner) = inner
                    && seen.insert((inner.id, inner.start.index()))
                {
                    open.push_back((inner, inner.start, depth + 1));
                }
                continue;
            }
            match self.asks(node) {
                Asks::These(inputs) => first.push(inputs),
                Asks::Anything => {}
                Asks::Nothing => {
                    for edge in journey.graph.edges_directed(index, Direction::Outgoing) {
                        let key = (journey.id, edge.target().index());
                        if seen.insert(key) {
                            open.push_back((journey, edge.target(), depth));
                        }
                    }
                }
            }
        }
        first
    }

    fn asks(&self, node: &Node) -> Asks {
        let mut all = Vec::new();
        for (task, _, at) in tasks(node) {
            let Some(signature) = self.program.catalog.get(task.ty) else {
                return Asks::Anything;
            };
            match inputs(signature, task, at) {
                Asks::Nothing => {}
                Asks::These(inputs) => all.extend(inputs),
                Asks::Anything => return Asks::Anything,
            }
        }
        if all.is_empty() {
            Asks::Nothing
        } else {
            Asks::These(all)
        }
    }
}

fn count<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) -> u32 {
    let count = counts.entry(key).or_insert(0);
    *count += 1;
    *count
}

fn reachable(journey: &Journey) -> Vec<NodeIndex<u32>> {
    let mut seen = BTreeSet::from([journey.start]);
    let mut order = Vec::new();
    let mut open = vec![journey.start];
    // BOUND: every node is put on the stack once.
    while let Some(index) = open.pop() {
        order.push(index);
        let edges = journey.graph.edges_directed(index, Direction::Outgoing);
        open.extend(
            edges
                .map(|edge| edge.target())
                .filter(|to| seen.insert(*to)),
        );
    }
    order
}

/// The tasks of a node, with their outcomes and places.
fn tasks(node: &Node) -> Vec<(&Task, &[Arc<str>], Span)> {
    match &node.kind {
        NodeKind::Task(task) => vec![(task, node.outcomes.as_slice(), node.span)],
        NodeKind::Page(page) => {
            let children = page.children.iter();
            children
                .map(|child| (&child.task, child.outcomes.as_slice(), child.span))
                .collect()
        }
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => Vec::new(),
    }
}

fn setting<'t>(task: &'t Task, key: &str) -> Option<&'t SettingValue> {
    let mut settings = task.settings.iter();
    settings
        .find(|(name, _)| **name == *key)
        .map(|(_, value)| value)
}

/// Callbacks that show something and take no answer.
const SHOWN: [&str; 4] = [
    "MetadataCallback",
    "PollingWaitCallback",
    "SuspendedTextOutputCallback",
    "TextOutputCallback",
];

/// What a node of a type asks, by the fields of its callbacks.
fn inputs(signature: &Signature, task: &Task, at: Span) -> Asks {
    let one = |field: &str, kind| Input {
        field: Arc::from(field),
        kind,
        required: true,
        secret: Some(kind.contains("Password")),
        at,
    };
    let is_true = |key: &str| match setting(task, key) {
        Some(SettingValue::Constant(value)) => value.as_bool() == Some(true),
        Some(SettingValue::Computed(_)) | None => false,
    };
    let these = match &*signature.wire {
        "ValidatedUsernameNode" if is_true("validateInput") => {
            vec![one("username", "ValidatedCreateUsernameCallback")]
        }
        "UsernameCollectorNode" | "ValidatedUsernameNode" => {
            vec![one("username", "NameCallback")]
        }
        "ValidatedPasswordNode" if is_true("validateInput") => {
            vec![one("password", "ValidatedCreatePasswordCallback")]
        }
        // A code is typed like a password, and shown where it is typed as often as not.
        "OneTimePasswordCollectorDecisionNode" => vec![Input {
            secret: None,
            ..one("password", "PasswordCallback")
        }],
        "PasswordCollectorNode" | "ValidatedPasswordNode" => {
            vec![one("password", "PasswordCallback")]
        }
        "ChoiceCollectorNode" => vec![one("choice", "ChoiceCallback")],
        "MessageNode" => vec![one("confirmation", "ConfirmationCallback")],
        "AttributeCollectorNode" => match setting(task, "attributesToCollect") {
            Some(SettingValue::Constant(Value::List(names))) => {
                let names = names.iter().filter_map(Value::as_text);
                let required = is_true("required");
                let attribute = |name: &str| Input {
                    required,
                    ..one(name, "StringAttributeInputCallback")
                };
                names.map(attribute).collect()
            }
            _ => return Asks::Anything,
        },
        _ => {
            let never = signature.asks(|key| setting(task, key)) == Known::Is(false);
            let mut callbacks = signature.callbacks.iter();
            let only_shows = !signature.callbacks.is_empty()
                && callbacks.all(|callback| SHOWN.contains(&&**callback));
            return if never && signature.callbacks.is_empty() || only_shows {
                Asks::Nothing
            } else {
                Asks::Anything
            };
        }
    };
    Asks::These(these)
}
