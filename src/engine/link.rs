//! From a checked program and behaviours to a plan.
//!
//! Every mistake is found in one go: types without a behaviour, settings that a behaviour refuses,
//! secret parameters that nobody has bound. What is wrong with a program itself was said before, by the
//! compiler; here it could only be a broken invariant.

use std::{collections::BTreeMap, fmt, sync::Arc};

use petgraph::{Direction, graph::NodeIndex, visit::EdgeRef};

use crate::{
    analysis::levels::{Gain, GainRow, Levels},
    engine::{
        error::{LinkError, NodeError},
        expr::{compile_test, slots},
        ground::Finds,
        live::{self, Input, Inputs, NodeFacts, Reads},
        node_type::{KeyTable, NodeType, Setup},
        obligation::Obligations,
        pin::Pins,
        plan::{
            Behaviour, Facts, InnerOutcomes, Kind, Label, NOWHERE, Needs, Plan, PlanChild,
            PlanJourney, PlanNode, PlanPage, Unit, WellKnown,
        },
        registry::{Missing, Registry},
        run::TARGET_LEVEL,
        silent::{self, Hops},
    },
    model::{
        expr::Slot,
        journey::{Guard, Journey, Node, NodeKind, On, OutcomeId, Page, SettingValue, Task},
        program::Program,
        signature::{Challenge, Found, LevelChange, Runs, Scope, Signature, StateKey},
        value::Value,
    },
    secret::Secret,
};

/// The values of the secret parameters of a program, by name.
pub type Secrets = BTreeMap<Arc<str>, Secret<String>>;

/// Everything that keeps a program from being linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkErrors(pub Vec<LinkError>);

impl fmt::Display for LinkErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for LinkErrors {}

impl IntoIterator for LinkErrors {
    type Item = LinkError;
    type IntoIter = std::vec::IntoIter<LinkError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Makes the plan.
pub(crate) fn link(
    program: &Program,
    registry: &Registry,
    secrets: &Secrets,
    levels: Levels,
) -> Result<(Plan, Inputs), LinkErrors> {
    let mut linker = Linker::new(program, registry);
    for name in program.secret_parameters.keys() {
        if !secrets.contains_key(name) {
            linker.errors.push(LinkError::Unbound(Arc::clone(name)));
        }
    }
    linker.number();
    linker.oblige();
    for journey in &program.journeys {
        linker.journey(journey);
    }
    linker.finish(levels)
}

struct Linker<'a> {
    program: &'a Program,
    registry: &'a Registry,
    errors: Vec<LinkError>,
    /// The number of each node of each journey.
    numbers: Vec<Vec<u32>>,
    /// The nodes in the order of their numbers.
    order: Vec<(usize, NodeIndex<u32>)>,
    facts: Vec<NodeFacts>,
    plan: Plan,
}

impl<'a> Linker<'a> {
    fn new(program: &'a Program, registry: &'a Registry) -> Self {
        let mut keys = KeyTable::new(program.keys.iter().cloned());
        let known = WellKnown {
            username: keys.intern("username"),
            user_info: keys.intern("userInfo"),
            error_message: keys.intern("errorMessage"),
            error_node: keys.intern("errorNode"),
            target_level: keys.intern(TARGET_LEVEL),
        };
        Self {
            program,
            registry,
            errors: Vec::new(),
            numbers: Vec::new(),
            order: Vec::new(),
            facts: Vec::new(),
            plan: Plan {
                nodes: Vec::new(),
                targets: Vec::new(),
                hops: Hops::default(),
                labels: Vec::new(),
                gains: Vec::new(),
                gain_rows: Vec::new(),
                units: Vec::new(),
                pages: Vec::new(),
                journeys: Vec::new(),
                keys,
                known,
                pins: Pins::default(),
                obligations: Obligations::default(),
            },
        }
    }

    /// Numbers every node: each journey in the order a walk would meet its nodes, the rest behind.
    fn number(&mut self) {
        for (at, journey) in self.program.journeys.iter().enumerate() {
            let graph = &journey.graph;
            let mut numbers = vec![NOWHERE; graph.node_count()];
            let mut stack = vec![journey.start];
            let mut rest = graph.node_indices();
            // BOUND: every node is numbered once, and every arrow is put on the stack once.
            while let Some(node) = stack.pop().or_else(|| rest.next()) {
                let Some(number) = numbers.get_mut(node.index()).filter(|n| **n == NOWHERE) else {
                    continue;
                };
                *number = u32::try_from(self.order.len()).unwrap_or(NOWHERE);
                self.order.push((at, node));
                let mut next: Vec<_> = graph
                    .edges_directed(node, Direction::Outgoing)
                    .map(|edge| (edge.weight().on, edge.target()))
                    .collect();
                // The arrow written first is walked first.
                next.sort_unstable_by(|a, b| b.cmp(a));
                stack.extend(next.into_iter().map(|(_, target)| target));
            }
            self.numbers.push(numbers);
        }
    }

    fn oblige(&mut self) {
        let numbers = &self.numbers;
        let number =
            |journey: usize, node: NodeIndex<u32>| numbers.get(journey)?.get(node.index()).copied();
        self.plan.obligations = Obligations::of(self.program, number);
    }

    fn number_of(&self, journey: usize, node: NodeIndex<u32>) -> Option<u32> {
        self.numbers.get(journey)?.get(node.index()).copied()
    }

    fn bug(&mut self, what: impl Into<String>) {
        self.errors.push(LinkError::Bug(what.into()));
    }

    fn journey(&mut self, journey: &'a Journey) {
        let at = journey.id.index();
        let start = self.number_of(at, journey.start).unwrap_or(NOWHERE);
        self.plan.journeys.push(PlanJourney {
            name: Arc::clone(&journey.name),
            first_node: u32::try_from(self.plan.nodes.len()).unwrap_or(NOWHERE),
            first_unit: u32::try_from(self.plan.units.len()).unwrap_or(NOWHERE),
            settings: journey.settings.clone(),
            start,
            inputs: live::Row::default(),
        });
        let first = self.plan.nodes.len();
        let program = self.program;
        let mine: Vec<_> = self
            .order
            .iter()
            .skip(first)
            .take_while(|(of, _)| *of == at)
            .map(|(_, node)| *node)
            .collect();
        for index in mine {
            let Some(node) = program
                .journeys
                .get(at)
                .and_then(|j| j.graph.node_weight(index))
            else {
                self.bug("a node without content");
                continue;
            };
            self.node(journey, index, node);
        }
    }

    fn node(&mut self, journey: &'a Journey, index: NodeIndex<u32>, node: &'a Node) {
        let name: Arc<str> = Arc::from(format!("{}/{}", journey.name, node.path));
        let mut facts = NodeFacts::default();
        let (kind, body) = match &node.kind {
            NodeKind::Task(task) => {
                let unit = self.task(journey, &node.path, &name, task, &node.outcomes, &mut facts);
                (Kind::Task, unit)
            }
            NodeKind::Decision(guards) => (
                Kind::Task,
                self.decision(journey, node, &name, guards, &mut facts),
            ),
            NodeKind::Page(page) => (Kind::Page, self.page(journey, node, page, &mut facts)),
            NodeKind::Inner(inner) => (Kind::Inner, inner.0),
            NodeKind::Success => (Kind::Success, journey.id.0),
            NodeKind::Failure => (Kind::Failure, journey.id.0),
            NodeKind::LooseEnd => (Kind::LooseEnd, journey.id.0),
        };
        let (first, error) = self.arrows(journey, index, node, &name);
        let id = u32::try_from(self.plan.nodes.len()).unwrap_or(NOWHERE);
        self.plan.nodes.push(PlanNode {
            kind,
            marked: self.plan.obligations.is_marked(id),
            outcomes: u16::try_from(node.outcomes.len()).unwrap_or(u16::MAX),
            first,
            body,
            error,
        });
        let inner = matches!(node.kind, NodeKind::Inner(_)).then(|| InnerOutcomes {
            success: node.outcome("true"),
            failure: node.outcome("false"),
            error: node.outcome("error"),
        });
        self.plan.labels.push(Label {
            name,
            journey: journey.id.0,
            outcomes: node.outcomes.clone(),
            allows_unproved: node.allows_unproved_success(),
            inner,
            verifies_entered: true,
            verifies_resumed: true,
            live: live::Row::default(),
        });
        self.facts.push(facts);
    }

    /// The targets of a node, one for each outcome.
    fn arrows(
        &mut self,
        journey: &Journey,
        index: NodeIndex<u32>,
        node: &Node,
        name: &str,
    ) -> (u32, u32) {
        let first = self.plan.targets.len();
        let mut error = NOWHERE;
        let mut targets = vec![NOWHERE; node.outcomes.len()];
        for edge in journey.graph.edges_directed(index, Direction::Outgoing) {
            let to = self
                .number_of(journey.id.index(), edge.target())
                .unwrap_or(NOWHERE);
            match edge.weight().on {
                On::Error => error = to,
                On::Outcome(outcome) => {
                    if let Some(target) = targets.get_mut(outcome.index()) {
                        *target = to;
                    }
                }
            }
        }
        for (outcome, target) in node.outcomes.iter().zip(&targets) {
            if *target == NOWHERE {
                self.bug(format!("outcome `{outcome}` of `{name}` leads nowhere"));
            }
        }
        self.plan.targets.extend(targets);
        (u32::try_from(first).unwrap_or(NOWHERE), error)
    }

    /// A task, or the child of a page, as a unit.
    fn task(
        &mut self,
        journey: &Journey,
        path: &str,
        name: &Arc<str>,
        task: &'a Task,
        outcomes: &[Arc<str>],
        facts: &mut NodeFacts,
    ) -> u32 {
        let program = self.program;
        let Some(signature) = program.catalog.get(task.ty) else {
            self.bug(format!("`{name}` has a type that is not in the catalogue"));
            return NOWHERE;
        };
        let found = match &signature.runs {
            Some(runs) if !self.registry.knows(&signature.name) => self
                .registry
                .has_interpreter()
                .then_some(Behaves::ByScript(runs))
                .ok_or_else(|| Missing::Interpreter(Arc::clone(&runs.path))),
            _ => self
                .registry
                .behaviour(&signature.name, &task.settings, &task.files)
                .map(Behaves::As),
        };
        let behaviour = match found {
            Err(Missing::Type) => {
                self.errors.push(LinkError::NoBehaviour {
                    journey: Arc::clone(&journey.name),
                    node: Arc::from(path),
                    ty: Arc::from(&*signature.name),
                });
                None
            }
            Err(Missing::Script(script)) => {
                self.errors.push(LinkError::NoScript {
                    journey: Arc::clone(&journey.name),
                    node: Arc::from(path),
                    script,
                });
                None
            }
            Err(Missing::Interpreter(script)) => {
                self.errors.push(LinkError::NoInterpreter {
                    journey: Arc::clone(&journey.name),
                    node: Arc::from(path),
                    script,
                });
                None
            }
            Ok(behaves) => {
                let mut setup = Setup {
                    settings: &task.settings,
                    files: &task.files,
                    outcomes,
                    journey: &journey.name,
                    node: path,
                    keys: &mut self.plan.keys,
                    registry: self.registry,
                    program: Some(program),
                };
                let prepared = match behaves {
                    Behaves::As(ty) => ty.prepare(&mut setup),
                    Behaves::ByScript(runs) => {
                        // What a text tells bounds no script: its declaration does.
                        let declared = program.catalog.get(program.catalog.kind(task.ty));
                        let signature = declared.unwrap_or(signature);
                        Registry::prepare_declared(&mut setup, signature, runs)
                    }
                };
                self.accept(journey, path, prepared)
            }
        };
        task_facts(signature, task, &mut self.plan.keys, facts);
        let Some(behaviour) = behaviour else {
            return NOWHERE;
        };
        let mut needs = Needs::default();
        for (_, setting) in &task.settings {
            if let SettingValue::Computed(expr) = setting {
                slots(expr, &mut |slot| {
                    needs.slot(slot);
                    facts.reads.slot(slot);
                });
            }
        }
        self.unit(Unit {
            name: Arc::clone(name),
            ty: Arc::from(&*signature.name),
            wire: Arc::from(&*signature.wire),
            behaviour: Behaviour::Node(behaviour),
            facts: outcomes
                .iter()
                .map(|outcome| outcome_facts(signature, task, outcome))
                .collect(),
            finds: outcome_finds(signature, outcomes),
            needs: needs.boxed(),
        })
    }

    fn accept<T>(
        &mut self,
        journey: &Journey,
        path: &str,
        result: Result<T, NodeError>,
    ) -> Option<T> {
        match result {
            Ok(made) => Some(made),
            Err(error) => {
                self.errors.push(LinkError::Refused {
                    journey: Arc::clone(&journey.name),
                    node: Arc::from(path),
                    message: error.message,
                });
                None
            }
        }
    }

    fn decision(
        &mut self,
        journey: &Journey,
        node: &Node,
        name: &Arc<str>,
        guards: &'a [Guard],
        facts: &mut NodeFacts,
    ) -> u32 {
        let mut needs = Needs::default();
        let mut tests = Vec::with_capacity(guards.len());
        for guard in guards {
            let test = match &guard.condition {
                None => None,
                Some(condition) => {
                    slots(condition, &mut |slot| {
                        needs.slot(slot);
                        facts.reads.slot(slot);
                    });
                    let test = compile_test(condition);
                    self.accept(journey, &node.path, test)
                }
            };
            tests.push(test);
        }
        if guards.len() != node.outcomes.len() {
            self.bug(format!("`{name}` has other arms than outcomes"));
        }
        self.unit(Unit {
            name: Arc::clone(name),
            ty: Arc::from("Decision"),
            wire: Arc::from("Decision"),
            behaviour: Behaviour::Guards(tests.into()),
            facts: Vec::new(),
            finds: Vec::new(),
            needs: needs.boxed(),
        })
    }

    fn page(
        &mut self,
        journey: &Journey,
        node: &Node,
        page: &'a Page,
        facts: &mut NodeFacts,
    ) -> u32 {
        let mut children = Vec::with_capacity(page.children.len());
        for child in &page.children {
            let path = format!("{}.{}", node.path, child.name);
            let name: Arc<str> = Arc::from(format!("{}/{path}", journey.name));
            let mut own = NodeFacts::default();
            let unit = self.task(
                journey,
                &path,
                &name,
                &child.task,
                &child.outcomes,
                &mut own,
            );
            facts.reads.inputs.append(&mut own.reads.inputs);
            facts.reads.everything |= own.reads.everything;
            facts.verifies |= own.verifies;
            facts.stops |= own.stops;
            children.push(PlanChild {
                unit,
                outcomes: u16::try_from(child.outcomes.len()).unwrap_or(u16::MAX),
            });
        }
        let outcomes = self.page_outcomes(node, page);
        let earlier = children
            .split_last()
            .map_or(&[][..], |(_, earlier)| earlier);
        let before_last = earlier.iter().fold(Gain::NONE, |gain, child| {
            let facts = self.plan.unit(child.unit).map(|unit| unit.facts.iter());
            let facts = facts.into_iter().flatten();
            facts.fold(gain, |gain, facts| gain.then(Gain::at_most(facts.level)))
        });
        self.plan.pages.push(PlanPage {
            header: page.header.clone(),
            description: page.description.clone(),
            stage: page.stage.clone(),
            children,
            outcomes,
            lead: page.lead(&self.program.catalog),
            before_last,
        });
        u32::try_from(self.plan.pages.len() - 1).unwrap_or(NOWHERE)
    }

    /// The outcomes of a page are those of its last child; in version 2 its name stands before them.
    fn page_outcomes(&mut self, node: &Node, page: &Page) -> Vec<OutcomeId> {
        let Some(last) = page.children.last() else {
            return Vec::new();
        };
        let mut outcomes = Vec::with_capacity(last.outcomes.len());
        for outcome in &last.outcomes {
            let prefixed = format!("{}-{outcome}", last.name);
            match node.outcome(&prefixed).or_else(|| node.outcome(outcome)) {
                Some(id) => outcomes.push(id),
                None => self.bug(format!("page `{}` lacks outcome `{outcome}`", node.path)),
            }
        }
        outcomes
    }

    fn unit(&mut self, unit: Unit) -> u32 {
        self.plan.units.push(unit);
        u32::try_from(self.plan.units.len() - 1).unwrap_or(NOWHERE)
    }

    /// What the level can gain from each node on.
    fn gains(&mut self, levels: Levels) {
        let (rows, nodes): (Vec<GainRow>, Vec<Vec<u32>>) = levels.into_gains();
        self.plan.gain_rows = rows;
        let row = |(journey, node): &(usize, NodeIndex<u32>)| {
            let row = nodes.get(*journey).and_then(|rows| rows.get(node.index()));
            row.copied().unwrap_or(NOWHERE)
        };
        self.plan.gains = self.order.iter().map(row).collect();
    }

    fn finish(mut self, levels: Levels) -> Result<(Plan, Inputs), LinkErrors> {
        if !self.errors.is_empty() {
            return Err(LinkErrors(self.errors));
        }
        let registry = self.registry;
        self.plan.pins = Pins::new(
            self.program
                .hashes(|signature| registry.revision(&signature.name)),
        );
        self.gains(levels);
        self.plan.hops = silent::hops(&self.plan);
        let inputs = live::annotate(&mut self.plan, &self.facts);
        Ok((self.plan, inputs))
    }
}

impl Needs {
    fn slot(&mut self, slot: &Slot) {
        let (list, name) = match slot {
            Slot::User(name) => (&mut self.user, name),
            Slot::Session(name) => (&mut self.session, name),
            _ => return,
        };
        if let Err(at) = list.binary_search(name) {
            list.insert(at, Arc::clone(name));
        }
    }

    fn boxed(self) -> Option<Box<Self>> {
        (!self.user.is_empty() || !self.session.is_empty()).then(|| Box::new(self))
    }
}

/// What leaving by an outcome may do.
fn outcome_facts(signature: &Signature, task: &Task, outcome: &str) -> Facts {
    let setting = |key: &str| {
        let found = task.settings.iter().find(|(name, _)| **name == *key);
        found.map(|(_, value)| value)
    };
    let level = match signature.facts_of(outcome).map(|facts| &facts.level) {
        None | Some(LevelChange::None) => Some(0),
        Some(LevelChange::By(by)) => Some(i64::from(*by)),
        Some(LevelChange::BySetting(key)) => match setting(key) {
            Some(SettingValue::Constant(value)) => value.as_int(),
            Some(SettingValue::Computed(_)) | None => None,
        },
    };
    Facts {
        proves: signature.proves(outcome, setting),
        answers: signature
            .facts_of(outcome)
            .is_some_and(|facts| facts.challenge == Challenge::Answers),
        renames: signature.renames(outcome, setting).or(true),
        level,
    }
}

/// What a node does.
enum Behaves<'a> {
    /// As its type.
    As(&'a Arc<dyn NodeType>),
    /// As the script that its type is declared with.
    ByScript(&'a Runs),
}

/// What the signature of a task says of reading, comparing and stopping.
fn task_facts(signature: &Signature, task: &Task, keys: &mut KeyTable, facts: &mut NodeFacts) {
    facts.verifies |= signature.verifies.or(true);
    facts.stops |= signature.asks.or(false) || signature.suspends.or(false);
    for read in signature.reads.iter() {
        read_facts(read, task, keys, &mut facts.reads);
    }
}

fn read_facts(read: &StateKey, task: &Task, keys: &mut KeyTable, reads: &mut Reads) {
    let object = match read.scope {
        Scope::Shared | Scope::ObjectShared => return,
        Scope::Transient | Scope::Secure | Scope::Any => false,
        Scope::ObjectTransient => true,
    };
    let mut add = |name: &str| {
        reads.inputs.push(if object {
            Input::Member(Arc::from(name))
        } else {
            Input::Key(keys.intern(name))
        });
    };
    let Some(setting) = &read.named_by else {
        if read.key == "*" {
            reads.everything = true;
        } else {
            add(&read.key);
        }
        return;
    };
    let value = task
        .settings
        .iter()
        .find(|(key, _)| **key == **setting)
        .map(|(_, value)| value);
    match value {
        None => {}
        Some(SettingValue::Constant(Value::Text(name))) => add(name),
        Some(SettingValue::Constant(Value::List(list))) => {
            list.iter().filter_map(Value::as_text).for_each(add);
        }
        Some(SettingValue::Constant(Value::Map(map))) => {
            for (key, value) in map.iter() {
                add(key);
                if let Some(text) = value.as_text() {
                    add(text);
                }
            }
        }
        Some(SettingValue::Constant(_) | SettingValue::Computed(_)) => reads.everything = true,
    }
}

/// What each outcome finds; those at the end that find nothing are left out.
fn outcome_finds(signature: &Signature, outcomes: &[Arc<str>]) -> Vec<Finds> {
    let find = |outcome: &Arc<str>| {
        let mut lines = signature.finds.iter();
        match lines.find(|line| *line.outcome == **outcome) {
            None => Finds::Nothing,
            Some(line) => match line.ground {
                Found::Kind(kind) => Finds::Kind(kind),
                Found::BySetting(_) => Finds::Raised,
            },
        }
    };
    let mut finds: Vec<_> = outcomes.iter().map(find).collect();
    let used = finds.iter().rposition(|finds| *finds != Finds::Nothing);
    finds.truncate(used.map_or(0, |last| last + 1));
    finds
}
