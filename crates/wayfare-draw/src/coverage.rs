//! How often tests went each way: read from a file, shown on a picture.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use wayfare::model::journey::{Journey, Node, NodeKind, On};

use crate::overlay::{Overlay, Paint, Tone};

/// How an error arrow is called in a file.
const ON_ERROR: &str = "on error";

/// How often tests went each way, by journey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By the identifier of the journey.
    pub journeys: BTreeMap<String, Counts>,
}

/// How often tests went each way in one journey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Visits by the path of the node.
    pub nodes: BTreeMap<String, u64>,
    /// By the path of a node and the outcome, or `on error`.
    pub edges: BTreeMap<(String, String), Count>,
}

/// How often an arrow was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub times: u64,
    /// Why it need not be, where somebody says so.
    pub reason: Option<String>,
}

/// What is covered of a journey, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// The nodes, ends left out.
    pub nodes: u64,
    /// Those that were visited.
    pub visited: u64,
    /// The arrows.
    pub edges: u64,
    /// Those that were taken.
    pub taken: u64,
    /// Those that were not taken, and a reason is told.
    pub excused: u64,
}

impl Figures {
    /// The sum of two.
    pub fn and(self, other: Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            visited: self.visited + other.visited,
            edges: self.edges + other.edges,
            taken: self.taken + other.taken,
            excused: self.excused + other.excused,
        }
    }

    /// How many arrows nobody took and nobody excused.
    pub fn missed(self) -> u64 {
        self.edges.saturating_sub(self.taken + self.excused)
    }
}

/// Why a file is no coverage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCoverage(String);

impl std::fmt::Display for BadCoverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadCoverage {}

impl Coverage {
    /// Reads what `wayfare test` writes as `coverage.json`.
    ///
    /// # Errors
    /// It is no JSON, of another schema, or not of this shape.
    pub fn from_json(text: &str) -> Result<Self, BadCoverage> {
        let bad = |message: &str| BadCoverage(message.to_owned());
        let value: Value =
            serde_json::from_str(text).map_err(|e| BadCoverage(format!("it is no JSON: {e}")))?;
        if value.get("schema").and_then(Value::as_u64) != Some(1) {
            return Err(bad("its `schema` is not 1"));
        }
        let list = value.get("journeys").and_then(Value::as_array);
        let list = list.ok_or_else(|| bad("it has no list `journeys`"))?;
        let mut coverage = Self::default();
        for journey in list {
            let name = text_of(journey, "name")?;
            let counts = coverage.journeys.entry(name).or_default();
            for node in list_of(journey, "nodes")? {
                let visits = counts.nodes.entry(text_of(node, "path")?).or_default();
                *visits = visits.saturating_add(number_of(node, "visits")?);
            }
            for edge in list_of(journey, "edges")? {
                let key = (text_of(edge, "node")?, text_of(edge, "on")?);
                let count = counts.edges.entry(key).or_default();
                count.times = count.times.saturating_add(number_of(edge, "count")?);
                let reason = edge.get("reason").and_then(Value::as_str);
                count.reason = reason.map(str::to_owned).or(count.reason.take());
            }
        }
        Ok(coverage)
    }

    /// What is covered of a journey, counted on its graph: what the file does not name was not covered.
    pub fn figures(&self, journey: &Journey) -> Figures {
        let mut figures = Figures::default();
        for (node, edges) in nodes(journey) {
            figures.nodes += 1;
            figures.visited += u64::from(self.visits(journey, node) > 0);
            for (_, name) in edges {
                let count = self.count(journey, node, &name);
                figures.edges += 1;
                figures.taken += u64::from(count.times > 0);
                figures.excused += u64::from(count.times == 0 && count.reason.is_some());
            }
        }
        figures
    }

    /// The arrows that were not taken, with the reasons that are told: node, outcome, reason.
    pub fn untaken(&self, journey: &Journey) -> Vec<(Arc<str>, String, Option<String>)> {
        let mut found = Vec::new();
        for (node, edges) in nodes(journey) {
            for (_, name) in edges {
                let count = self.count(journey, node, &name);
                if count.times == 0 {
                    found.push((Arc::clone(&node.path), name, count.reason));
                }
            }
        }
        found
    }

    /// The overlay of a journey.
    pub fn overlay(&self, journey: &Journey) -> Overlay {
        let figures = self.figures(journey);
        let mut overlay = Overlay {
            title: Some(format!(
                "coverage: {} of {} arrows, {} of {} nodes",
                figures.taken, figures.edges, figures.visited, figures.nodes
            )),
            legend: vec![
                (
                    Tone::Heat(1),
                    "taken, with how often; the thicker, the more often".to_owned(),
                ),
                (Tone::Missed, "never taken".to_owned()),
            ],
            ..Overlay::default()
        };
        if figures.excused > 0 {
            let words = "never taken, for a reason that its tooltip tells";
            overlay.legend.push((Tone::Excused, words.to_owned()));
        }
        let counts = self.journeys.get(&*journey.name);
        let most_taken = counts.and_then(|c| c.edges.values().map(|count| count.times).max());
        let most_visited = counts.and_then(|c| c.nodes.values().copied().max());
        for (node, edges) in nodes(journey) {
            let visits = self.visits(journey, node);
            let paint = Paint {
                tone: heat(visits, most_visited.unwrap_or(0)),
                note: Some(match visits {
                    0 => "never visited".to_owned(),
                    1 => "1 visit".to_owned(),
                    visits => format!("{visits} visits"),
                }),
                tip: None,
            };
            overlay.nodes.insert(Arc::clone(&node.path), paint);
            for (on, name) in edges {
                let count = self.count(journey, node, &name);
                let excused = count.times == 0 && count.reason.is_some();
                let paint = Paint {
                    tone: if excused {
                        Tone::Excused
                    } else {
                        heat(count.times, most_taken.unwrap_or(0))
                    },
                    note: Some(match (count.times, excused) {
                        (0, true) => "(0)".to_owned(),
                        (0, false) => "✗ never".to_owned(),
                        (times, _) => format!("×{times}"),
                    }),
                    tip: Some(match count.reason {
                        Some(reason) if count.times == 0 => {
                            format!("never taken, because {reason}")
                        }
                        _ => format!("taken {} times", count.times),
                    }),
                };
                overlay.edges.insert((Arc::clone(&node.path), on), paint);
            }
        }
        overlay
    }

    fn visits(&self, journey: &Journey, node: &Node) -> u64 {
        let counts = self.journeys.get(&*journey.name);
        counts
            .and_then(|c| c.nodes.get(&*node.path))
            .copied()
            .unwrap_or(0)
    }

    fn count(&self, journey: &Journey, node: &Node, name: &str) -> Count {
        let counts = self.journeys.get(&*journey.name);
        let key = (node.path.to_string(), name.to_owned());
        counts
            .and_then(|c| c.edges.get(&key))
            .cloned()
            .unwrap_or_default()
    }
}

fn heat(times: u64, most: u64) -> Tone {
    if times == 0 {
        return Tone::Missed;
    }
    let steps = times.ilog2() * 4 / most.max(2).ilog2();
    Tone::Heat(u8::try_from(steps.min(4)).unwrap_or(4))
}

/// The nodes that are no ends, each with its arrows by the names of the file.
fn nodes(journey: &Journey) -> impl Iterator<Item = (&Node, Vec<(On, String)>)> {
    journey.graph.node_indices().filter_map(|index| {
        let node = journey.graph.node_weight(index)?;
        if matches!(
            node.kind,
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
        ) {
            return None;
        }
        let mut edges: Vec<(On, String)> = journey
            .graph
            .edges(index)
            .map(|edge| {
                let on = edge.weight().on;
                let name = match on {
                    On::Error => ON_ERROR,
                    On::Outcome(id) => node.outcomes.get(id.index()).map_or("", |o| &**o),
                };
                (on, name.to_owned())
            })
            .collect();
        edges.sort();
        Some((node, edges))
    })
}

fn text_of(value: &Value, key: &str) -> Result<String, BadCoverage> {
    let text = value.get(key).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| BadCoverage(format!("an entry has no text `{key}`")))
}

fn number_of(value: &Value, key: &str) -> Result<u64, BadCoverage> {
    let number = value.get(key).and_then(Value::as_u64);
    number.ok_or_else(|| BadCoverage(format!("an entry has no number `{key}`")))
}

fn list_of<'v>(value: &'v Value, key: &str) -> Result<&'v [Value], BadCoverage> {
    let list = value.get(key).and_then(Value::as_array);
    list.map(Vec::as_slice)
        .ok_or_else(|| BadCoverage(format!("a journey has no list `{key}`")))
}
