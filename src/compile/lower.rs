//! Journeys become graphs: fragments expanded, arrows drawn.
//!
//! A use of a fragment becomes an *instance*: its own copy of the fragment's nodes, named `use.node`.
//! Instances form a tree that is built with a worklist, parents first. Entries are then found from the
//! leaves up and exits from the root down, so that every arrow is resolved in constant time.

use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};

use crate::{
    codes,
    compile::{
        context::Cx,
        outcome::Wiring,
        raw::Place,
        scope::Env,
        unit::{
            ChildPlan, DecisionPlan, Dest, Filled, Key, Kind, NodeInfo, PagePlan, Shape, TaskPlan,
            Unit, UnitId, Way, Wired, Written, derived, page_settings,
        },
    },
    diagnostic::Diagnostic,
    model::{
        journey::{
            Allow, Child, Edge, Journey, JourneyId, Node, NodeKind, On, OutcomeId, Page,
            SettingValue, Task,
        },
        text::LocalizedText,
        value::Value,
    },
    syntax::ast,
};

pub(super) type Ix = NodeIndex<u32>;

/// One copy of a unit within a journey.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) unit: UnitId,
    /// The instance around it, and the node there that uses it.
    pub(super) parent: Option<(usize, usize)>,
    pub(super) env: Env,
    path: String,
    /// What each node of the unit became.
    pub(super) slots: Vec<Slot>,
    /// Where the unit starts.
    pub(super) entry: Ix,
    /// Where each exit leads in the end.
    exits: Vec<Ix>,
}

/// What a node of a unit became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Node(Ix),
    Instance(usize),
}

/// A lowered journey with what places need to know of its expansion.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) journey: Journey,
    pub(super) instances: Vec<Instance>,
}

struct Lowering<'l, 'a> {
    units: &'l [Unit<'a>],
    /// The number each journey will have.
    ids: &'l [Option<JourneyId>],
    graph: DiGraph<Node, Edge, u32>,
    instances: Vec<Instance>,
    success: Ix,
    failure: Ix,
    loose_end: Ix,
    /// Arrows of every graph node: where it stands in its unit, and its outcomes.
    places: Vec<(Ix, usize, usize, Vec<Wired>)>,
}

impl<'a> Cx<'a> {
    /// Lowers one journey; `None` where the values that fragments are used with do not fit.
    pub(super) fn lower(
        &mut self,
        units: &[Unit<'a>],
        ids: &[Option<JourneyId>],
        id: JourneyId,
        unit: UnitId,
    ) -> Option<Lowered> {
        let before = self.errors();
        let Written::Journey(written) = units.get(unit.0)?.written else {
            return None;
        };
        let mut graph = DiGraph::default();
        let end = |graph: &mut DiGraph<Node, Edge, u32>, path: &str, kind| {
            graph.add_node(Node {
                path: Arc::from(path),
                kind,
                outcomes: Vec::new(),
                doc: None,
                allows: Vec::new(),
                span: written.head,
            })
        };
        let success = end(&mut graph, "success", NodeKind::Success);
        let failure = end(&mut graph, "failure", NodeKind::Failure);
        let loose_end = end(&mut graph, "nowhere", NodeKind::LooseEnd);
        let mut lowering = Lowering {
            units,
            ids,
            graph,
            instances: vec![instance(unit, None, Env::new(), String::new(), failure)],
            success,
            failure,
            loose_end,
            places: Vec::new(),
        };
        // BOUND: `check_costs` holds the number of instances and of nodes.
        let mut next = 0;
        while next < lowering.instances.len() {
            self.expand(&mut lowering, next)?;
            next += 1;
        }
        if self.errors() != before {
            return None;
        }
        lowering.entries()?;
        lowering.exits()?;
        lowering.arrows()?;
        let start = lowering.instances.first()?.entry;
        let file = units.get(unit.0)?.file;
        let settings = units.get(unit.0)?.settings.clone();
        let wire = written.wire_name.as_ref().unwrap_or(&written.name);
        let mut allows = self.scopes.get(file.index())?.allows.clone();
        allows.extend(written.body.allows.iter().map(allow));
        Some(Lowered {
            journey: Journey {
                id,
                name: Arc::from(&*written.name.text),
                wire_name: Arc::from(&*wire.text),
                doc: doc(written.doc.as_ref()),
                settings,
                graph: lowering.graph,
                start,
                success,
                failure,
                loose_end,
                ensures: Vec::new(),
                allows,
                span: written.head,
            },
            instances: lowering.instances,
        })
    }

    /// Makes the nodes of one instance, and the instances it uses.
    fn expand(&mut self, lowering: &mut Lowering<'_, 'a>, at: usize) -> Option<()> {
        let current = lowering.instances.get(at)?;
        let (id, env, prefix) = (current.unit, current.env.clone(), current.path.clone());
        let units = lowering.units;
        let unit = units.get(id.0)?;
        let mut slots = Vec::with_capacity(unit.nodes.len());
        for (number, info) in unit.nodes.iter().enumerate() {
            let path = format!("{prefix}{}", info.ast.name.text);
            let place = Place {
                file: unit.file,
                env: Some(&env),
            };
            if let Kind::Use(plan) = &info.kind {
                let used = units.get(plan.unit.0)?;
                let inner = self.bind(used, &plan.arguments, place);
                let made = lowering.instances.len();
                let entry = lowering.failure;
                lowering.instances.push(instance(
                    plan.unit,
                    Some((at, number)),
                    inner,
                    format!("{path}."),
                    entry,
                ));
                slots.push(Slot::Instance(made));
                continue;
            }
            let (kind, outcomes, wired) = self.lower_node(info, place, lowering.ids)?;
            let node = lowering.graph.add_node(Node {
                path: Arc::from(path),
                kind,
                outcomes,
                doc: doc(info.ast.doc.as_ref()),
                allows: info.ast.allows.iter().map(allow).collect(),
                span: info.ast.name.span,
            });
            lowering.places.push((node, at, number, wired));
            slots.push(Slot::Node(node));
        }
        lowering.instances.get_mut(at)?.slots = slots;
        Some(())
    }

    /// The formals of a fragment with the values of one use.
    fn bind(&mut self, used: &Unit<'a>, arguments: &[&'a ast::Setting], place: Place<'_>) -> Env {
        let Written::Fragment(fragment) = used.written else {
            return Env::new();
        };
        let mut env = Env::new();
        for formal in &fragment.formals {
            let argument = arguments.iter().find(|a| a.key.text == formal.name.text);
            let raw = match (argument, &formal.default) {
                (Some(argument), _) => self.raw(&argument.value, place),
                (None, Some(default)) => {
                    let place = Place {
                        file: used.file,
                        env: None,
                    };
                    self.raw(default, place)
                }
                (None, None) => continue,
            };
            env.insert(self.word(&formal.name.text), raw);
        }
        env
    }

    /// What a node is, its outcomes, and its arrows in their order.
    fn lower_node(
        &mut self,
        info: &NodeInfo<'a>,
        place: Place<'_>,
        ids: &[Option<JourneyId>],
    ) -> Option<(NodeKind, Vec<Arc<str>>, Vec<Wired>)> {
        let wired = info.wired.clone();
        match &info.kind {
            Kind::Task(plan) => {
                let (task, outcomes, wired) = self.lower_task(plan, info, wired, place)?;
                Some((NodeKind::Task(task), outcomes, wired))
            }
            Kind::Decision(plan) => {
                let guards = self.lower_guards(plan, place);
                let outcomes = guards.iter().map(|g| Arc::clone(&g.name)).collect();
                Some((NodeKind::Decision(guards), outcomes, wired))
            }
            Kind::Page(plan) => {
                let (page, outcomes) = self.lower_page(plan, info, &wired, place)?;
                Some((NodeKind::Page(page), outcomes, wired))
            }
            Kind::Inner(unit) => {
                let id = ids.get(unit.0).copied().flatten()?;
                let outcomes = wired.iter().map(|w| Arc::clone(&w.outcome)).collect();
                Some((NodeKind::Inner(id), outcomes, wired))
            }
            Kind::Use(_) | Kind::Broken => None,
        }
    }

    fn lower_task(
        &mut self,
        plan: &TaskPlan<'a>,
        info: &NodeInfo<'a>,
        wired: Vec<Wired>,
        place: Place<'_>,
    ) -> Option<(Task, Vec<Arc<str>>, Vec<Wired>)> {
        let filled = self.refill_task(plan, place)?;
        let shape = self.shape(plan.signature, &filled);
        let (outcomes, wired): (Vec<Arc<str>>, Vec<Wired>) = match &shape {
            Shape::Named(names) => {
                let mut kept = Vec::with_capacity(names.len());
                let mut missing = Vec::new();
                for (name, _) in names {
                    match wired.iter().find(|w| w.outcome == *name) {
                        Some(found) => kept.push(found.clone()),
                        None => missing.push(Arc::clone(name)),
                    }
                }
                if !missing.is_empty() {
                    let label = format!("`{}`", plan.signature.name);
                    let wiring = Wiring {
                        node: info.ast,
                        ty: &label,
                        exits: false,
                    };
                    self.unwired(wiring, &missing, kept.first().map(|w| w.way.span));
                    return None;
                }
                (names.iter().map(|(n, _)| Arc::clone(n)).collect(), kept)
            }
            Shape::Authored(_) | Shape::Open => (
                wired.iter().map(|w| Arc::clone(&w.outcome)).collect(),
                wired,
            ),
        };
        let task = self.task(plan, filled, &shape, &outcomes);
        Some((task, outcomes, wired))
    }

    fn refill_task(&mut self, plan: &TaskPlan<'a>, place: Place<'_>) -> Option<Filled<'a>> {
        if plan.filled.dependent.is_empty() {
            return Some(plan.filled.clone());
        }
        let keys: Vec<Key<'_>> = plan.signature.settings.iter().map(Key::Setting).collect();
        let filled = self.refill(&plan.filled, &keys, place);
        (!filled.broken).then_some(filled)
    }

    /// A task with its settings; the list of authored outcomes follows from the arms.
    fn task(
        &mut self,
        plan: &TaskPlan<'a>,
        mut filled: Filled<'a>,
        shape: &Shape,
        outcomes: &[Arc<str>],
    ) -> Task {
        if let (Some(key), Shape::Authored(besides)) = (derived(plan.signature), shape) {
            let authored = outcomes.iter().filter(|o| !besides.contains(o));
            let list = authored.map(|o| Value::Text(Arc::clone(o))).collect();
            let key = self.word(key);
            filled.set(key, SettingValue::Constant(Value::List(list)));
        }
        Task {
            ty: plan.ty,
            version: plan.version,
            settings: filled.values,
            files: filled.files,
        }
    }

    fn lower_guards(
        &mut self,
        plan: &DecisionPlan<'a>,
        place: Place<'_>,
    ) -> Vec<crate::model::journey::Guard> {
        match plan.dependent {
            Some(node) => self.guards(node, place),
            None => plan.guards.clone(),
        }
    }

    fn lower_page(
        &mut self,
        plan: &PagePlan<'a>,
        info: &NodeInfo<'a>,
        wired: &[Wired],
        place: Place<'_>,
    ) -> Option<(Page, Vec<Arc<str>>)> {
        let types = page_settings();
        let keys: Vec<Key<'_>> = types.iter().map(|(key, ty)| Key::Plain(key, ty)).collect();
        let filled = self.refill(&plan.filled, &keys, place);
        if filled.broken {
            return None;
        }
        let text = |key: &str| match filled.get(key) {
            Some(SettingValue::Constant(Value::Localized(text))) => text.clone(),
            _ => LocalizedText::default(),
        };
        let stage = match filled.get("stage") {
            Some(SettingValue::Constant(Value::Text(stage))) => Some(Arc::clone(stage)),
            Some(SettingValue::Computed(_)) => {
                self.report(
                    Diagnostic::new(
                        codes::WRONG_TYPE,
                        info.ast.name.span,
                        "`stage` of a page cannot depend on the run",
                    )
                    .expected("a text known when compiled"),
                );
                return None;
            }
            _ => None,
        };
        let mut children = Vec::with_capacity(plan.children.len());
        for child in &plan.children {
            children.push(self.lower_child(child, place)?);
        }
        let outcomes = wired.iter().map(|w| Arc::clone(&w.outcome)).collect();
        let page = Page {
            header: text("pageHeader"),
            description: text("pageDescription"),
            stage,
            children,
            version: plan.version,
        };
        Some((page, outcomes))
    }

    fn lower_child(&mut self, child: &ChildPlan<'a>, place: Place<'_>) -> Option<Child> {
        let filled = self.refill_task(&child.task, place)?;
        let shape = self.shape(child.task.signature, &filled);
        Some(Child {
            name: Arc::from(&*child.ast.name.text),
            task: self.task(&child.task, filled, &shape, &child.outcomes),
            outcomes: child.outcomes.clone(),
            span: child.ast.name.span,
        })
    }
}

impl Lowering<'_, '_> {
    /// Where each instance starts, from the leaves up: children stand after their parents.
    fn entries(&mut self) -> Option<()> {
        for at in (0..self.instances.len()).rev() {
            let current = self.instances.get(at)?;
            let start = self.units.get(current.unit.0)?.start?;
            let entry = match current.slots.get(start)? {
                Slot::Node(node) => *node,
                Slot::Instance(inner) => self.instances.get(*inner)?.entry,
            };
            self.instances.get_mut(at)?.entry = entry;
        }
        Some(())
    }

    /// Where each exit leads, from the root down.
    fn exits(&mut self) -> Option<()> {
        for at in 0..self.instances.len() {
            let current = self.instances.get(at)?;
            let Some((parent, number)) = current.parent else {
                continue;
            };
            let unit = self.units.get(current.unit.0)?;
            let outer = self.units.get(self.instances.get(parent)?.unit.0)?;
            let wired = &outer.nodes.get(number)?.wired;
            let mut exits = Vec::new();
            for exit in unit.written.exits() {
                let way = wired.iter().find(|w| *w.outcome == *exit.text)?;
                exits.push(self.resolve(parent, way.way.to)?);
            }
            self.instances.get_mut(at)?.exits = exits;
        }
        Some(())
    }

    /// The graph node that an arrow within an instance leads to.
    fn resolve(&self, instance: usize, to: Dest) -> Option<Ix> {
        match to {
            Dest::Success => Some(self.success),
            Dest::Failure => Some(self.failure),
            Dest::Nowhere => Some(self.loose_end),
            Dest::Exit(exit) => self.instances.get(instance)?.exits.get(exit).copied(),
            Dest::Node(node) => match self.instances.get(instance)?.slots.get(node)? {
                Slot::Node(node) => Some(*node),
                Slot::Instance(inner) => Some(self.instances.get(*inner)?.entry),
            },
        }
    }

    fn arrows(&mut self) -> Option<()> {
        let places = std::mem::take(&mut self.places);
        for (node, at, number, wired) in places {
            for (outcome, wired) in wired.iter().enumerate() {
                let on = On::Outcome(OutcomeId(u16::try_from(outcome).ok()?));
                let target = self.resolve(at, wired.way.to)?;
                let span = wired.way.span;
                self.graph.add_edge(node, target, Edge { on, span });
            }
            if let Some((instance, way)) = error_way(self.units, &self.instances, at, number) {
                let target = self.resolve(instance, way.to)?;
                let edge = Edge {
                    on: On::Error,
                    span: way.span,
                };
                self.graph.add_edge(node, target, edge);
            }
        }
        Some(())
    }
}

/// The `on error` in force for a node: its own, its fragment's, that of the use, and so on outwards;
/// with the instance in whose words it is written.
pub(super) fn error_way(
    units: &[Unit<'_>],
    instances: &[Instance],
    at: usize,
    number: usize,
) -> Option<(usize, Way)> {
    let (mut at, mut number) = (at, number);
    // BOUND: fragments nest at most as deep as the limits allow.
    loop {
        let instance = instances.get(at)?;
        let unit = units.get(instance.unit.0)?;
        let own = unit.nodes.get(number).and_then(|node| node.on_error);
        if let Some(way) = own.or(unit.on_error) {
            return Some((at, way));
        }
        (at, number) = instance.parent?;
    }
}

fn instance(
    unit: UnitId,
    parent: Option<(usize, usize)>,
    env: Env,
    path: String,
    entry: Ix,
) -> Instance {
    Instance {
        unit,
        parent,
        env,
        path,
        slots: Vec::new(),
        entry,
        exits: Vec::new(),
    }
}

fn doc(doc: Option<&ast::Doc>) -> Option<Arc<str>> {
    doc.map(|doc| Arc::from(&*doc.text))
}

/// An `allow` line as the model holds it.
pub(super) fn allow(written: &ast::Allow) -> Allow {
    Allow {
        codes: written
            .codes
            .iter()
            .map(|code| (Arc::from(&*code.text), code.span))
            .collect(),
        reason: Arc::from(&*written.reason.text),
        span: written.span,
    }
}
