//! One journey as a tree.
//!
//! In: a journey of the program. Out: its tree, with every node in it, or none where a part of it has no
//! counterpart. All that has none is said, not only the first.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use petgraph::{graph::NodeIndex, visit::EdgeRef as _};
use serde_json::{Map, Value as Json, json};
use wayfare::{
    ast,
    model::{
        journey::{Journey, Node as GraphNode, NodeKind, On, Page},
        program::Program,
    },
};

use super::{
    DeriveOptions,
    arrow::Callers,
    id::derived_id,
    layout::{Layout, layout},
    node::{self, INNER, PAGE, TREE, UNAVAILABLE},
    text::{Env, Texts, Written},
    value::{Held, Writer, count},
    words,
};
use crate::{
    bundle::{Node, NodeId, Place, Script, Tree},
    finding::{Code, Finding},
};

/// A journey while it is made into a tree.
#[derive(Debug)]
pub(super) struct Maker<'m> {
    pub(super) program: &'m Program,
    pub(super) texts: &'m Texts,
    pub(super) options: &'m DeriveOptions,
    pub(super) journey: &'m Journey,
    pub(super) findings: Vec<Finding>,
    /// The path of each node.
    pub(super) paths: BTreeMap<NodeId, Arc<str>>,
    /// The settings that hold secrets, by path.
    pub(super) secrets: BTreeSet<(Arc<str>, Arc<str>)>,
    /// The scripts by id, with the paths of their files.
    pub(super) scripts: BTreeMap<Arc<str>, (String, Script)>,
    callers: &'m Callers,
    text: Option<(&'m ast::Journey, Env<'m>)>,
    refused: bool,
}

/// What a node of a page is called within its tree.
fn child_path(page: &str, child: &str) -> String {
    format!("{page}.{child}")
}

/// What people read of a node: what its type is called where it has its name from that, else the last part
/// of its path.
pub(super) fn display_of(path: &str, wire: &str) -> Arc<str> {
    Arc::from(words::of_node(
        path.rsplit('.').next().unwrap_or(path),
        wire,
    ))
}

impl<'m> Maker<'m> {
    pub(super) fn new(
        program: &'m Program,
        texts: &'m Texts,
        callers: &'m Callers,
        options: &'m DeriveOptions,
        journey: &'m Journey,
    ) -> Self {
        Self {
            program,
            texts,
            options,
            journey,
            findings: Vec::new(),
            paths: BTreeMap::new(),
            secrets: BTreeSet::new(),
            scripts: BTreeMap::new(),
            callers,
            text: texts.journey(journey.span),
            refused: false,
        }
    }

    /// A finding at a node of this journey.
    pub(super) fn at(&self, finding: Finding, path: &str) -> Finding {
        finding.tree(Arc::clone(&self.journey.wire_name)).node(path)
    }

    /// Says why a node has no counterpart, and that the journey has none.
    pub(super) fn refuse(&mut self, path: &str, why: &str) {
        self.left_out(path, why);
        self.refused = true;
    }

    /// Says what is left out of a node.
    pub(super) fn left_out(&mut self, path: &str, what: &str) {
        let finding = self.at(Finding::new(Code::NoCounterpart, what), path);
        self.findings.push(finding);
    }

    pub(super) fn id_of(&mut self, path: &str) -> NodeId {
        let id = NodeId(derived_id(
            "node",
            &format!("{}/{path}", self.journey.wire_name),
        ));
        self.paths.insert(id.clone(), Arc::from(path));
        id
    }

    /// What people read: the last part of the path, in words.
    /// The tree; `None` where something of the journey has no counterpart.
    pub(super) fn make(&mut self) -> Option<Tree> {
        let journey = self.journey;
        if self.stands_for_another() {
            return None;
        }
        let drawn = layout(journey);
        let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
        let mut on_errors: BTreeSet<&str> = BTreeSet::new();
        for at in journey.graph.node_indices() {
            let Some(node) = journey.graph.node_weight(at) else {
                continue;
            };
            if self.behind(at) != at {
                continue;
            }
            if let Some(why) = self.callers.refusal(journey, at)
                && !matches!(node.kind, NodeKind::Decision(_))
                && on_errors.insert(why)
            {
                self.refuse(&node.path, why);
            }
            let made = self.node(at, node);
            let Some((mut made, children)) = made else {
                continue;
            };
            if let Some(place) = drawn.nodes.get(&at) {
                made.entry.insert("x".to_owned(), Json::from(place.x));
                made.entry.insert("y".to_owned(), Json::from(place.y));
            }
            nodes.insert(self.id_of(&node.path), made);
            nodes.extend(children);
        }
        if self.refused {
            return None;
        }
        Some(Tree {
            name: Arc::clone(&journey.wire_name),
            realm: self.options.realm.clone(),
            entry: self.target(journey.start),
            body: self.body(&drawn),
            nodes,
            meta: Map::new(),
            lists: BTreeMap::new(),
        })
    }

    /// Whether the journey only stands where a tree is called that no export has brought: the product may
    /// well have it.
    pub(super) fn stands_for_another(&self) -> bool {
        let start = self.journey.graph.node_weight(self.journey.start);
        let Some(NodeKind::Task(task)) = start.map(|start| &start.kind) else {
            return false;
        };
        let catalog = &self.program.catalog;
        catalog
            .get(task.ty)
            .is_some_and(|ty| ty.name == UNAVAILABLE)
            && node::type_of_unavailable(task) == Some(TREE)
    }

    fn node(
        &mut self,
        at: NodeIndex<u32>,
        node: &'m GraphNode,
    ) -> Option<(Node, BTreeMap<NodeId, Node>)> {
        let path = &node.path;
        let written = self.written(path);
        match &node.kind {
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => None,
            NodeKind::Task(task) => {
                let mut made =
                    self.task(path, task, &node.outcomes, written.as_ref(), Place::Tree)?;
                made.connections = self.connections(at, node, str::to_owned);
                Some((made, BTreeMap::new()))
            }
            NodeKind::Inner(inner) => {
                let called = self.program.journey(*inner)?;
                let made = self.inner(at, node, &called.wire_name);
                Some((made, BTreeMap::new()))
            }
            NodeKind::Page(page) => self.page(at, node, page, written.as_ref()),
            NodeKind::Decision(guards) => {
                let made = self.decision(at, node, guards)?;
                Some((made, BTreeMap::new()))
            }
        }
    }

    /// The node in the text with this path.
    fn written(&self, path: &str) -> Option<Written<'m>> {
        let (journey, env) = self.text.as_ref()?;
        self.texts.node(journey, env, path)
    }

    fn inner(&mut self, at: NodeIndex<u32>, node: &GraphNode, tree: &str) -> Node {
        let with_error = node.outcomes.iter().any(|outcome| &**outcome == "error");
        let mut settings = Map::new();
        settings.insert("tree".to_owned(), Json::from(tree));
        settings.insert("displayErrorOutcome".to_owned(), Json::from(with_error));
        let outcomes: Vec<(String, String)> = node
            .outcomes
            .iter()
            .map(|outcome| (outcome.to_string(), words::of_outcome(INNER, outcome)))
            .collect();
        let id = self.id_of(&node.path);
        Node {
            place: Place::Tree,
            ty: Arc::from(INNER),
            display: Some(display_of(&node.path, INNER)),
            connections: self.connections(at, node, str::to_owned),
            settings,
            record: node::record(&id, INNER, None, &outcomes),
            found: true,
            ..Node::default()
        }
    }

    fn page(
        &mut self,
        at: NodeIndex<u32>,
        node: &'m GraphNode,
        page: &'m Page,
        written: Option<&Written<'m>>,
    ) -> Option<(Node, BTreeMap<NodeId, Node>)> {
        let id = self.id_of(&node.path);
        let mut children: BTreeMap<NodeId, Node> = BTreeMap::new();
        let mut order = Vec::with_capacity(page.children.len());
        for child in &page.children {
            let path = child_path(&node.path, &child.name);
            let stands = written.and_then(|written| {
                let mut all = written.node.children.iter();
                let node = all.find(|node| node.name.text == *child.name)?;
                let env = written.env.clone();
                Some(Written { node, env })
            });
            let place = Place::Page(id.clone());
            let stands = stands.as_ref();
            let made = self.task(&path, &child.task, &child.outcomes, stands, place)?;
            let id = self.id_of(&path);
            order.push(id.clone());
            children.insert(id, made);
        }
        let last = page.children.last()?;
        let last_id = order.last()?.clone();
        let signature = self.program.catalog.get(last.task.ty)?;
        let prefix = format!("{}-", last.name);
        let renamed = |name: &str| match name.strip_prefix(&prefix) {
            Some(own) if page.version == 2 => format!("{last_id}-{own}"),
            _ => name.to_owned(),
        };
        let outcomes: Vec<(String, String)> = node
            .outcomes
            .iter()
            .map(|name| match name.strip_prefix(&prefix) {
                Some(own) if page.version == 2 => (renamed(name), own.to_owned()),
                _ => (name.to_string(), node::shown(signature, name)),
            })
            .collect();
        let version = node::version_of(page.version);
        let made = Node {
            place: Place::Tree,
            ty: Arc::from(PAGE),
            version: version.clone(),
            display: Some(display_of(&node.path, PAGE)),
            connections: self.connections(at, node, renamed),
            entry: Map::new(),
            settings: self.page_settings(page, written),
            record: node::record(&id, PAGE, version.as_deref(), &outcomes),
            found: true,
            children: order,
        };
        Some((made, children))
    }

    fn page_settings(&self, page: &Page, written: Option<&Written<'_>>) -> Map<String, Json> {
        let writer = Writer {
            texts: self.texts,
            locale: &self.options.locale,
        };
        let mut made = Map::new();
        let stage = page.stage.as_ref().map(|text| Json::from(&**text));
        let texts = [
            ("pageHeader", Some(writer.localized(&page.header))),
            ("pageDescription", Some(writer.localized(&page.description))),
            ("stage", stage),
        ];
        let catalog = &self.program.catalog;
        let signature = catalog.find_wire(PAGE).and_then(|ty| catalog.get(ty));
        for (key, value) in texts {
            let set = written.and_then(|written| {
                let found = written.node.settings.iter().find(|s| s.key.text == key)?;
                let held = Held::from(signature?.setting(key)?);
                let model = match key {
                    "pageHeader" => wayfare::Value::Localized(page.header.clone()),
                    "pageDescription" => wayfare::Value::Localized(page.description.clone()),
                    _ => wayfare::Value::Text(page.stage.clone()?),
                };
                writer.with_parameters(&model, &found.value, &written.env, held)
            });
            if let Some(value) = set.or(value) {
                made.insert(key.to_owned(), value);
            }
        }
        made
    }

    /// Where a node leads; what leads nowhere has no connection.
    pub(super) fn connections(
        &mut self,
        at: NodeIndex<u32>,
        node: &GraphNode,
        renamed: impl Fn(&str) -> String,
    ) -> BTreeMap<Arc<str>, NodeId> {
        let journey = self.journey;
        let mut made = BTreeMap::new();
        for edge in journey.graph.edges(at) {
            let On::Outcome(outcome) = edge.weight().on else {
                continue;
            };
            let Some(name) = node.outcomes.get(outcome.index()) else {
                continue;
            };
            if let Some(target) = self.target(edge.target()) {
                made.insert(Arc::from(renamed(name)), target);
            }
        }
        made
    }

    /// Where an arrow leads that leads here: past nodes that only have an `else`, of which the product
    /// needs none.
    fn behind(&self, at: NodeIndex<u32>) -> NodeIndex<u32> {
        let graph = &self.journey.graph;
        let mut here = at;
        for _ in 0..graph.node_count() {
            let is_plain = graph
                .node_weight(here)
                .is_some_and(|node| match &node.kind {
                    NodeKind::Decision(guards) => {
                        guards.iter().all(|guard| guard.condition.is_none())
                    }
                    _ => false,
                });
            let mut edges = graph.edges(here);
            let next = edges.find(|edge| edge.weight().on != On::Error);
            match next.filter(|_| is_plain) {
                Some(edge) => here = edge.target(),
                None => return here,
            }
        }
        // They go round.
        at
    }

    pub(super) fn target(&mut self, at: NodeIndex<u32>) -> Option<NodeId> {
        let journey = self.journey;
        let at = self.behind(at);
        let node = journey.graph.node_weight(at)?;
        if at == journey.success {
            Some(NodeId(Arc::from(NodeId::SUCCESS)))
        } else if at == journey.failure {
            Some(NodeId(Arc::from(NodeId::FAILURE)))
        } else if at == journey.loose_end {
            None
        } else {
            Some(self.id_of(&node.path))
        }
    }

    fn body(&self, drawn: &Layout) -> Map<String, Json> {
        let settings = &self.journey.settings;
        let mut body = Map::new();
        let mut put = |key: &str, value: Json| {
            body.insert(key.to_owned(), value);
        };
        put("_id", Json::from(&*self.journey.wire_name));
        put("enabled", Json::from(settings.enabled));
        put("identityResource", Json::from(&*settings.identity_resource));
        put("innerTreeOnly", Json::from(settings.inner_only));
        put("mustRun", Json::from(settings.must_run));
        put("noSession", Json::from(settings.no_session));
        // Younger than most that read it.
        if settings.transactional_only {
            put("transactionalOnly", Json::from(true));
        }
        put("uiConfig", json!({ "categories": "[]" }));
        let description = settings.description.best([&*self.options.locale]);
        if !description.is_empty() {
            put("description", Json::from(description));
        }
        let mut time = |key: &str, value: Option<Duration>| {
            if let Some(value) = value {
                let minutes = count(value, Some(wayfare::model::signature::Unit::Minutes));
                body.insert(key.to_owned(), Json::from(minutes));
            }
        };
        time("treeTimeout", settings.run_time_max);
        time("maximumSessionTime", settings.session_time_max);
        time("maximumIdleTime", settings.idle_time_max);
        let ends = json!({
            "startNode": drawn.start.json(),
            NodeId::SUCCESS: drawn.success.json(),
            NodeId::FAILURE: drawn.failure.json(),
        });
        body.insert("staticNodes".to_owned(), ends);
        body
    }
}
