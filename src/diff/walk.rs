//! Two journeys walked side by side.
//!
//! Both graphs are deterministic: a node and an outcome lead to one node. So they offer the same paths if
//! and only if a walk of both at once, outcome by outcome, never comes to two nodes that are seen to be
//! different; and of pairs that follow from others already joined nothing new can come. That is at most as
//! many pairs as there are nodes in both. Where the walk finds a difference it does not look behind it;
//! what is there is matched by name, and then by being the only one of its kind, and walked from there.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use petgraph::graph::NodeIndex;

use super::graph::{Graph, Way};
use crate::{
    analysis::{CounterStep, Counterexample},
    model::{
        journey::On,
        property::{At, Point},
    },
};

/// An arrow that leads to nodes which are seen to be different, or that one side does not have.
#[derive(Debug, Clone)]
pub(super) struct Fork {
    /// The pair it leaves, by position; none at the start.
    pub(super) from: Option<usize>,
    /// What it is taken on.
    pub(super) way: Way,
    /// Where it led and where it leads.
    pub(super) to: (Option<u32>, Option<u32>),
}

/// Nodes that stand for each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    /// The node before and the node after.
    pub(super) nodes: (u32, u32),
    /// The pair before it on the walk, and what was taken there on each side.
    came: Option<(usize, On, On)>,
    /// Whether the walk came here from the start.
    pub(super) from_start: bool,
}

/// What the walk has found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The pairs, in the order found.
    pub(super) pairs: Vec<Pair>,
    /// Where the sides part, in the order found.
    pub(super) forks: Vec<Fork>,
}

/// Where an arrow leads on one side, where that side has it.
type Target = Option<(u32, On)>;

struct Walker<'a> {
    old: &'a Graph<'a>,
    new: &'a Graph<'a>,
    joined: Vec<u32>,
    matched: (Vec<bool>, Vec<bool>),
    found: Walked,
    open: VecDeque<usize>,
}

/// Walks both journeys.
pub(super) fn walk(old: &Graph<'_>, new: &Graph<'_>) -> Walked {
    let size = old.spots.len() + new.spots.len();
    let mut walker = Walker {
        old,
        new,
        joined: (0..u32::try_from(size).unwrap_or(u32::MAX)).collect(),
        matched: (vec![false; old.spots.len()], vec![false; new.spots.len()]),
        found: Walked::default(),
        open: VecDeque::new(),
    };
    let fits = walker.fits(old.start, new.start);
    if !fits {
        walker.found.forks.push(Fork {
            from: None,
            way: Arc::from("start"),
            to: (Some(old.start), Some(new.start)),
        });
    }
    if fits {
        walker.pair(old.start, new.start, None, true);
    }
    walker.run();
    walker.by_name();
    walker.run();
    walker.by_kind();
    walker.run();
    walker.found
}

impl Walker<'_> {
    /// Whether two nodes stand for each other: they look alike, or are different steps of one name.
    fn fits(&self, old: u32, new: u32) -> bool {
        let (Some(a), Some(b)) = (self.old.spot(old), self.new.spot(new)) else {
            return false;
        };
        a.label == b.label || !a.is_end && !b.is_end && a.name == b.name
    }

    fn root(&mut self, mut at: u32) -> u32 {
        while let Some(up) = self.joined.get(at as usize).copied()
            && up != at
        {
            let above = self.joined.get(up as usize).copied().unwrap_or(up);
            if let Some(place) = self.joined.get_mut(at as usize) {
                *place = above;
            }
            at = above;
        }
        at
    }

    fn pair(&mut self, old: u32, new: u32, came: Option<(usize, On, On)>, from_start: bool) {
        let offset = u32::try_from(self.old.spots.len()).unwrap_or(u32::MAX);
        let (a, b) = (self.root(old), self.root(offset.saturating_add(new)));
        if a == b {
            return;
        }
        if let Some(place) = self.joined.get_mut(b as usize) {
            *place = a;
        }
        if let Some(seen) = self.matched.0.get_mut(old as usize) {
            *seen = true;
        }
        if let Some(seen) = self.matched.1.get_mut(new as usize) {
            *seen = true;
        }
        self.open.push_back(self.found.pairs.len());
        self.found.pairs.push(Pair {
            nodes: (old, new),
            came,
            from_start,
        });
    }

    fn run(&mut self) {
        while let Some(at) = self.open.pop_front() {
            let Some(Pair {
                nodes, from_start, ..
            }) = self.found.pairs.get(at).copied()
            else {
                continue;
            };
            let (old, new) = (self.old, self.new);
            let (Some(a), Some(b)) = (old.spot(nodes.0), new.spot(nodes.1)) else {
                continue;
            };
            let mut ways: BTreeMap<&Way, (Target, Target)> = BTreeMap::new();
            for (way, to) in &a.ways {
                ways.entry(way).or_default().0 = Some(*to);
            }
            for (way, to) in &b.ways {
                ways.entry(way).or_default().1 = Some(*to);
            }
            for (way, to) in ways {
                if let (Some((x, on_x)), Some((y, on_y))) = to
                    && self.fits(x, y)
                {
                    self.pair(x, y, Some((at, on_x, on_y)), from_start);
                } else {
                    self.found.forks.push(Fork {
                        from: Some(at),
                        way: Arc::clone(way),
                        to: (to.0.map(|to| to.0), to.1.map(|to| to.0)),
                    });
                }
            }
        }
    }

    fn by_name(&mut self) {
        let new = self.new;
        let names: BTreeMap<&str, u32> = (0..)
            .zip(&new.spots)
            .map(|(at, s)| (&*s.name, at))
            .collect();
        for (at, spot) in (0..).zip(&self.old.spots) {
            if self.matched.0.get(at as usize) == Some(&false)
                && let Some(other) = names.get(&*spot.name).copied()
                && self.fits(at, other)
            {
                self.pair(at, other, None, false);
            }
        }
    }

    fn by_kind(&mut self) {
        type Found = (Vec<u32>, Vec<u32>);
        let mut kinds: BTreeMap<&str, Found> = BTreeMap::new();
        let (old, new) = (self.old, self.new);
        for (at, spot) in (0..).zip(&old.spots) {
            if self.matched.0.get(at as usize) == Some(&false) {
                kinds.entry(&spot.label).or_default().0.push(at);
            }
        }
        for (at, spot) in (0..).zip(&new.spots) {
            if self.matched.1.get(at as usize) == Some(&false) {
                kinds.entry(&spot.label).or_default().1.push(at);
            }
        }
        for (a, b) in kinds.into_values() {
            if let ([a], [b]) = (a.as_slice(), b.as_slice()) {
                self.pair(*a, *b, None, false);
            }
        }
    }
}

impl Walked {
    /// The node after that stands for each node before, by number.
    pub(super) fn forward(&self) -> BTreeMap<u32, u32> {
        let mut map = BTreeMap::new();
        for pair in &self.pairs {
            map.entry(pair.nodes.0).or_insert(pair.nodes.1);
        }
        map
    }

    /// The node before that stands for each node after, by number.
    pub(super) fn backward(&self) -> BTreeMap<u32, u32> {
        let mut map = BTreeMap::new();
        for pair in &self.pairs {
            map.entry(pair.nodes.1).or_insert(pair.nodes.0);
        }
        map
    }

    /// Whether both journeys offer the same paths.
    pub(super) fn is_same(&self, old: &Graph<'_>, new: &Graph<'_>) -> bool {
        self.forks.iter().all(|fork| !self.is_from_start(fork))
            && self.pairs.iter().filter(|pair| pair.from_start).all(|p| {
                let labels = (old.spot(p.nodes.0), new.spot(p.nodes.1));
                labels.0.map(|spot| &spot.label) == labels.1.map(|spot| &spot.label)
            })
    }

    /// Whether the walk came to a fork from the start.
    pub(super) fn is_from_start(&self, fork: &Fork) -> bool {
        let pair = fork.from.map(|at| self.pairs.get(at));
        pair.is_none_or(|pair| pair.is_some_and(|pair| pair.from_start))
    }

    /// The run to a pair, on the side of the version before or after; none where the walk did not come
    /// there from the start.
    pub(super) fn run_to(
        &self,
        graph: &Graph<'_>,
        is_old: bool,
        to: Option<usize>,
        last: Option<On>,
    ) -> Option<Counterexample> {
        let mut steps = Vec::new();
        let side = |pair: &Pair| if is_old { pair.nodes.0 } else { pair.nodes.1 };
        let step = |pair: &Pair, on: On| CounterStep {
            calls: Arc::from([]),
            journey: graph.journey.id,
            node: NodeIndex::new(side(pair) as usize),
            on,
        };
        let mut at = to;
        let mut on = last;
        let mut end = graph.start;
        while let Some(pair) = at.and_then(|at| self.pairs.get(at)) {
            if !pair.from_start {
                return None;
            }
            match on {
                Some(on) => steps.push(step(pair, on)),
                None => end = side(pair),
            }
            match pair.came {
                Some((from, old, new)) => {
                    at = Some(from);
                    on = Some(if is_old { old } else { new });
                }
                None => break,
            }
        }
        steps.reverse();
        let length = steps.len() as u64;
        steps.truncate(Counterexample::STEPS_MAX);
        if let (Some(on), Some(pair)) = (last, to.and_then(|to| self.pairs.get(to))) {
            let ways = graph.spot(side(pair)).map(|spot| spot.ways.values());
            let target = ways.and_then(|mut ways| ways.find(|(_, way)| *way == on));
            end = target.map_or(end, |(to, _)| *to);
        }
        Some(Counterexample {
            steps,
            length,
            end: Point {
                calls: Vec::new(),
                journey: graph.journey.id,
                node: NodeIndex::new(end as usize),
                at: At::Node,
            },
            beside: None,
        })
    }
}
