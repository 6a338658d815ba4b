//! Which nodes, arrows and outcomes runs have taken.
//!
//! In: a program, the traces of runs, and the arrows that no test need take. Out: counts for each node and
//! arrow of each journey, in the order of the program; `coverage.json` is their shape in a file.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Event, Program, Span,
    model::{
        journey::{NodeKind, On},
        scenario::Uncovered,
    },
};

/// How often the parts of a program were passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The journeys in declaration order.
    pub journeys: Vec<JourneyCoverage>,
    by_name: BTreeMap<Arc<str>, usize>,
}

/// How often the parts of a journey were passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JourneyCoverage {
    /// The identifier.
    pub name: Arc<str>,
    /// Where it is declared.
    pub span: Span,
    /// The nodes, ends left out.
    pub nodes: Vec<NodeCoverage>,
    /// The arrows.
    pub edges: Vec<EdgeCoverage>,
    by_path: BTreeMap<Arc<str>, usize>,
    by_edge: BTreeMap<(Arc<str>, Option<Arc<str>>), usize>,
}

/// How often a node was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCoverage {
    /// The path.
    pub path: Arc<str>,
    /// How often.
    pub visits: u64,
    entered: u64,
    left: u64,
}

impl NodeCoverage {
    /// A node is counted where a run enters it, and one that only its arrows show where it is left.
    fn note(&mut self, entered: u64, left: u64) {
        self.entered += entered;
        self.left += left;
        self.visits = self.entered.max(self.left);
    }
}

/// How often an arrow was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeCoverage {
    /// The path of the node.
    pub node: Arc<str>,
    /// The outcome; `None` for the error arrow.
    pub on: Option<Arc<str>>,
    /// How often.
    pub count: u64,
    /// Why no test need take it.
    pub reason: Option<Arc<str>>,
    /// The arrow where it is written.
    pub span: Span,
}

impl EdgeCoverage {
    /// The outcome, or `on error`.
    pub fn label(&self) -> &str {
        self.on.as_deref().unwrap_or("on error")
    }
}

/// Numbers of a journey or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Nodes that were entered.
    pub nodes: usize,
    /// All nodes.
    pub nodes_all: usize,
    /// Outcomes that were taken, error arrows left out.
    pub outcomes: usize,
    /// All outcomes.
    pub outcomes_all: usize,
    /// Arrows that were taken.
    pub edges: usize,
    /// Arrows that were not and have a reason.
    pub reasoned: usize,
    /// All arrows.
    pub edges_all: usize,
}

impl Tally {
    /// Whether every arrow was taken or has a reason.
    pub fn is_whole(self) -> bool {
        self.edges + self.reasoned == self.edges_all
    }

    fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.nodes_all += other.nodes_all;
        self.outcomes += other.outcomes;
        self.outcomes_all += other.outcomes_all;
        self.edges += other.edges;
        self.reasoned += other.reasoned;
        self.edges_all += other.edges_all;
    }
}

impl Coverage {
    /// Nothing of this program has been passed.
    pub fn new(program: &Program) -> Self {
        let mut journeys = Vec::with_capacity(program.journeys.len());
        let mut by_name = BTreeMap::new();
        for journey in &program.journeys {
            let mut made = JourneyCoverage {
                name: Arc::clone(&journey.name),
                span: journey.span,
                nodes: Vec::new(),
                edges: Vec::new(),
                by_path: BTreeMap::new(),
                by_edge: BTreeMap::new(),
            };
            for index in journey.graph.node_indices() {
                let Some(node) = journey.graph.node_weight(index) else {
                    continue;
                };
                if matches!(
                    node.kind,
                    NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
                ) {
                    continue;
                }
                made.by_path
                    .insert(Arc::clone(&node.path), made.nodes.len());
                made.nodes.push(NodeCoverage {
                    path: Arc::clone(&node.path),
                    visits: 0,
                    entered: 0,
                    left: 0,
                });
                // A page is entered where its first child is.
                if let NodeKind::Page(page) = &node.kind
                    && let Some(first) = page.children.first()
                {
                    let child = Arc::from(format!("{}.{}", node.path, first.name));
                    made.by_path.insert(child, made.nodes.len() - 1);
                }
                let edges = journey.graph.edges(index);
                let mut edges: Vec<_> = edges.map(|edge| *edge.weight()).collect();
                edges.sort_by_key(|edge| edge.on);
                for edge in edges {
                    let on = match edge.on {
                        On::Outcome(outcome) => {
                            let name = node.outcomes.get(outcome.index());
                            Some(name.cloned().unwrap_or_default())
                        }
                        On::Error => None,
                    };
                    let key = (Arc::clone(&node.path), on.clone());
                    made.by_edge.insert(key, made.edges.len());
                    made.edges.push(EdgeCoverage {
                        node: Arc::clone(&node.path),
                        on,
                        count: 0,
                        reason: None,
                        span: edge.span,
                    });
                }
            }
            by_name.insert(Arc::clone(&journey.name), journeys.len());
            journeys.push(made);
        }
        let mut coverage = Self { journeys, by_name };
        coverage.excuse(&program.uncovered);
        coverage
    }

    fn excuse(&mut self, uncovered: &[Uncovered]) {
        for item in uncovered {
            let at = self.by_name.get(&item.journey);
            let Some(journey) = at.and_then(|at| self.journeys.get_mut(*at)) else {
                continue;
            };
            let key = (Arc::clone(&item.node), item.outcome.clone());
            let at = journey.by_edge.get(&key);
            if let Some(edge) = at.and_then(|at| journey.edges.get_mut(*at)) {
                edge.reason = Some(Arc::clone(&item.reason));
            }
        }
    }

    /// Counts what a run has passed.
    pub fn add(&mut self, trace: &[Event]) {
        for event in trace {
            match event {
                Event::Entered { node } => {
                    if let Some((journey, path)) = self.journey(node)
                        && let Some(at) = journey.by_path.get(path)
                        && let Some(node) = journey.nodes.get_mut(*at)
                    {
                        node.note(1, 0);
                    }
                }
                Event::Left { node, outcome } => {
                    let on = Some(Arc::clone(outcome));
                    self.take(node, on);
                }
                Event::Failed { node, .. } => self.take(node, None),
                _ => {}
            }
        }
    }

    fn journey<'n>(&mut self, node: &'n str) -> Option<(&mut JourneyCoverage, &'n str)> {
        let (journey, path) = node.split_once('/')?;
        let at = self.by_name.get(journey)?;
        Some((self.journeys.get_mut(*at)?, path))
    }

    fn take(&mut self, node: &str, on: Option<Arc<str>>) {
        let Some((journey, path)) = self.journey(node) else {
            return;
        };
        let at = journey.by_edge.get(&(Arc::from(path), on));
        if let Some(edge) = at.and_then(|at| journey.edges.get_mut(*at)) {
            edge.count += 1;
            let at = journey.by_path.get(path);
            if let Some(node) = at.and_then(|at| journey.nodes.get_mut(*at)) {
                node.note(0, 1);
            }
        }
    }

    /// The counts of another coverage of a program with the same names, added.
    pub fn merge(&mut self, other: &Self) {
        for theirs in &other.journeys {
            let at = self.by_name.get(&theirs.name);
            let Some(mine) = at.and_then(|at| self.journeys.get_mut(*at)) else {
                continue;
            };
            for node in &theirs.nodes {
                let at = mine.by_path.get(&node.path);
                if let Some(mine) = at.and_then(|at| mine.nodes.get_mut(*at)) {
                    mine.note(node.entered, node.left);
                }
            }
            for edge in &theirs.edges {
                let key = (Arc::clone(&edge.node), edge.on.clone());
                let at = mine.by_edge.get(&key);
                if let Some(mine) = at.and_then(|at| mine.edges.get_mut(*at)) {
                    mine.count += edge.count;
                    if mine.reason.is_none() {
                        mine.reason.clone_from(&edge.reason);
                    }
                }
            }
        }
    }

    /// The numbers of all journeys together.
    pub fn tally(&self) -> Tally {
        let mut all = Tally::default();
        for journey in &self.journeys {
            all.add(journey.tally());
        }
        all
    }

    /// Arrows that no test has taken and that have no reason, each with its journey.
    pub fn missing(&self) -> impl Iterator<Item = (&JourneyCoverage, &EdgeCoverage)> {
        self.edges()
            .filter(|(_, edge)| edge.count == 0 && edge.reason.is_none())
    }

    /// Arrows that have a reason and were taken nevertheless, each with its journey.
    pub fn stale(&self) -> impl Iterator<Item = (&JourneyCoverage, &EdgeCoverage)> {
        self.edges()
            .filter(|(_, edge)| edge.count > 0 && edge.reason.is_some())
    }

    fn edges(&self) -> impl Iterator<Item = (&JourneyCoverage, &EdgeCoverage)> {
        let journeys = self.journeys.iter();
        journeys.flat_map(|journey| journey.edges.iter().map(move |edge| (journey, edge)))
    }

    /// The shape of `coverage.json`.
    pub fn to_json(&self) -> serde_json::Value {
        let journeys: Vec<_> = self.journeys.iter().map(JourneyCoverage::to_json).collect();
        serde_json::json!({ "schema": 1, "journeys": journeys })
    }
}

impl JourneyCoverage {
    /// The numbers of the journey.
    pub fn tally(&self) -> Tally {
        let taken = |edge: &&EdgeCoverage| edge.count > 0;
        let outcome = |edge: &&EdgeCoverage| edge.on.is_some();
        Tally {
            nodes: self.nodes.iter().filter(|node| node.visits > 0).count(),
            nodes_all: self.nodes.len(),
            outcomes: self.edges.iter().filter(outcome).filter(taken).count(),
            outcomes_all: self.edges.iter().filter(outcome).count(),
            edges: self.edges.iter().filter(taken).count(),
            reasoned: self
                .edges
                .iter()
                .filter(|edge| edge.count == 0 && edge.reason.is_some())
                .count(),
            edges_all: self.edges.len(),
        }
    }

    fn to_json(&self) -> serde_json::Value {
        let nodes: Vec<_> = self
            .nodes
            .iter()
            .map(|node| serde_json::json!({ "path": &*node.path, "visits": node.visits }))
            .collect();
        let edges: Vec<_> = self
            .edges
            .iter()
            .map(|edge| {
                serde_json::json!({
                    "node": &*edge.node,
                    "on": edge.label(),
                    "count": edge.count,
                    "reason": edge.reason.as_deref(),
                })
            })
            .collect();
        serde_json::json!({ "name": &*self.name, "nodes": nodes, "edges": edges })
    }
}
