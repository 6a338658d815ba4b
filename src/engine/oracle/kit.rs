//! The behaviours that the walker shares with the engine, by the path of their node.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::{Direction, graph::NodeIndex, visit::EdgeRef};

use super::state::Wanted;
use crate::{
    engine::{
        node_type::{KeyTable, Prepared, Setup},
        registry::Registry,
    },
    model::{
        expr::{Expr, Slot},
        journey::{Journey, Node, NodeKind, SettingValue, Task},
        program::Program,
        signature::{Scope, Signature},
        value::Value,
    },
};

/// Where a run stands: a journey by number, and a node of its graph.
pub(super) type Spot = (usize, NodeIndex<u32>);

#[derive(Debug)]
pub(super) struct Kit {
    pub(super) program: Program,
    pub(super) behaviours: BTreeMap<String, Box<dyn Prepared>>,
    pub(super) keys: KeyTable,
}

impl Kit {
    pub(super) fn new(program: &Program, registry: &Registry) -> Self {
        let mut kit = Self {
            program: program.clone(),
            behaviours: BTreeMap::new(),
            keys: KeyTable::default(),
        };
        for key in &program.keys {
            kit.keys.intern(key);
        }
        for journey in &program.journeys {
            for node in journey.graph.node_weights() {
                match &node.kind {
                    NodeKind::Task(task) => {
                        let path = format!("{}/{}", journey.name, node.path);
                        kit.prepare(registry, path, &node.path, task, &node.outcomes);
                    }
                    NodeKind::Page(page) => {
                        for child in &page.children {
                            let within = format!("{}.{}", node.path, child.name);
                            let path = format!("{}/{within}", journey.name);
                            kit.prepare(registry, path, &within, &child.task, &child.outcomes);
                        }
                    }
                    NodeKind::Decision(_)
                    | NodeKind::Inner(_)
                    | NodeKind::Success
                    | NodeKind::Failure
                    | NodeKind::LooseEnd => {}
                }
            }
        }
        kit
    }

    fn prepare(
        &mut self,
        registry: &Registry,
        path: String,
        node: &str,
        task: &Task,
        outcomes: &[Arc<str>],
    ) {
        let ty = registry
            .behaviour(&self.signature(task).name, &task.settings, &task.files)
            .unwrap();
        let mut setup = Setup {
            settings: &task.settings,
            files: &task.files,
            outcomes,
            journey: path.split('/').next().unwrap(),
            node,
            keys: &mut self.keys,
            registry,
            program: None,
        };
        let behaviour = ty.prepare(&mut setup).unwrap();
        self.behaviours.insert(path, behaviour);
    }

    pub(super) fn signature(&self, task: &Task) -> Arc<Signature> {
        Arc::clone(self.program.catalog.get(task.ty).unwrap())
    }

    pub(super) fn journey(&self, at: usize) -> &Journey {
        &self.program.journeys[at]
    }

    pub(super) fn node(&self, spot: Spot) -> &Node {
        &self.journey(spot.0).graph[spot.1]
    }

    pub(super) fn path(&self, spot: Spot) -> String {
        format!("{}/{}", self.journey(spot.0).name, self.node(spot).path)
    }

    /// What one node declares to read.
    fn own(&self, spot: Spot) -> Wanted {
        let mut wanted = Wanted::default();
        match &self.node(spot).kind {
            NodeKind::Task(task) => self.task(task, &mut wanted),
            NodeKind::Page(page) => {
                for child in &page.children {
                    self.task(&child.task, &mut wanted);
                }
            }
            NodeKind::Decision(guards) => {
                for guard in guards {
                    if let Some(condition) = &guard.condition {
                        self.expr(condition, &mut wanted);
                    }
                }
            }
            NodeKind::Inner(inner) => wanted = self.inputs(inner.index()),
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => {}
        }
        wanted
    }

    fn task(&self, task: &Task, wanted: &mut Wanted) {
        for (_, setting) in &task.settings {
            if let SettingValue::Computed(expr) = setting {
                self.expr(expr, wanted);
            }
        }
        for read in self.signature(task).reads.iter() {
            let member = match read.scope {
                Scope::Shared | Scope::ObjectShared => continue,
                Scope::ObjectTransient => true,
                Scope::Transient | Scope::Secure | Scope::Any => false,
            };
            let mut names = Vec::new();
            match &read.named_by {
                None if read.key == "*" => wanted.everything = true,
                None => names.push(read.key.to_string()),
                Some(by) => match task.settings.iter().find(|(key, _)| **key == **by) {
                    None => {}
                    Some((_, SettingValue::Constant(value))) => named(value, &mut names),
                    Some((_, SettingValue::Computed(_))) => wanted.everything = true,
                },
            }
            if member {
                wanted.members.append(&mut names);
            } else {
                wanted.keys.append(&mut names);
            }
        }
    }

    fn expr(&self, expr: &Expr, wanted: &mut Wanted) {
        match expr {
            Expr::Literal(_) => {}
            Expr::Read(slot, _) | Expr::Has(slot) => match slot {
                Slot::Transient(key) | Slot::Secure(key) => {
                    wanted.keys.push(self.keys.name(*key).unwrap().to_string());
                }
                Slot::Object(name) => wanted.members.push(name.to_string()),
                _ => {}
            },
            Expr::Not(inner) => self.expr(inner, wanted),
            Expr::Binary(_, left, right) => {
                self.expr(left, wanted);
                self.expr(right, wanted);
            }
            Expr::Call(_, parts) | Expr::Join(parts) => {
                for part in parts {
                    self.expr(part, wanted);
                }
            }
        }
    }

    /// What the nodes of a journey declare to read, at any depth.
    pub(super) fn inputs(&self, journey: usize) -> Wanted {
        let mut wanted = Wanted::default();
        for node in self.journey(journey).graph.node_indices() {
            wanted.add(&self.own((journey, node)));
        }
        wanted
    }

    /// What may still be read in this journey from any of these nodes on.
    pub(super) fn wanted(&self, journey: usize, from: Vec<NodeIndex<u32>>) -> Wanted {
        let mut wanted = Wanted::default();
        let (mut seen, mut rest) = (Vec::new(), from);
        while let Some(node) = rest.pop() {
            if seen.contains(&node) {
                continue;
            }
            seen.push(node);
            wanted.add(&self.own((journey, node)));
            rest.extend(self.next(journey, node));
        }
        wanted
    }

    /// Everything that an arrow of the node leads to.
    pub(super) fn next(&self, journey: usize, node: NodeIndex<u32>) -> Vec<NodeIndex<u32>> {
        let graph = &self.journey(journey).graph;
        let edges = graph.edges_directed(node, Direction::Outgoing);
        edges.map(|edge| edge.target()).collect()
    }
}

/// The names that a setting holds.
fn named(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Text(text) => names.push(text.to_string()),
        Value::List(list) => {
            names.extend(list.iter().filter_map(Value::as_text).map(str::to_owned));
        }
        Value::Map(map) => {
            names.extend(map.keys().map(ToString::to_string));
            names.extend(map.values().filter_map(Value::as_text).map(str::to_owned));
        }
        _ => {}
    }
}
