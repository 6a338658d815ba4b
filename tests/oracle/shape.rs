//! Reachability and loops, found on the graph of all stacks.
//!
//! A place is a whole stack. Every place that a run from a start reaches is listed with the moves out of
//! it; what a check says of one journey is then a question about this list.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{
    algo::tarjan_scc,
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};
use wayfare::{
    Factor,
    model::journey::{Journey, JourneyId, NodeKind},
};

use super::{
    kinds::Kind,
    moves::{Event, How, Move, Spot, may_fail, moves},
    random::Made,
};

/// All places of the runs that begin at a journey alone, with the moves between them.
#[derive(Debug, Default)]
pub(super) struct Places {
    graph: DiGraph<Vec<Spot>, Way>,
}

/// What a move does.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each named"
)]
struct Way {
    /// Whether nobody is asked on it and no limiter counts, where scripts ask.
    silent: bool,
    /// The same, where scripts do not.
    silent_at_worst: bool,
    /// Whether no limiter counts.
    free: bool,
    /// Whether a secret is tried that stays what it is.
    tries: bool,
    /// Whether a code is tried.
    tries_code: bool,
    /// Whether a code is issued.
    issues: bool,
}

impl Places {
    pub(super) fn of(made: &Made, journey: JourneyId) -> Self {
        let start = vec![(journey, made.journey(journey).start, 0)];
        let mut places = Self::default();
        let mut known: BTreeMap<Vec<Spot>, NodeIndex> = BTreeMap::new();
        let first = places.graph.add_node(start.clone());
        known.insert(start, first);
        let mut open = vec![first];
        while let Some(at) = open.pop() {
            let stack = places.graph[at].clone();
            for step in moves(made, &stack) {
                let Some(way) = way(made, &step) else {
                    continue;
                };
                let Some(to) = step.to else { continue };
                let next = *known.entry(to.clone()).or_insert_with(|| {
                    let next = places.graph.add_node(to);
                    open.push(next);
                    next
                });
                places.graph.add_edge(at, next, way);
            }
        }
        places
    }

    /// Whether the journey that the runs began at ends in success.
    pub(super) fn succeed(&self, made: &Made) -> bool {
        self.graph
            .node_weights()
            .any(|stack| match stack.as_slice() {
                [(id, node, _)] => *node == made.journey(*id).success,
                _ => false,
            })
    }

    /// Whether a run may go around in the first journey without being asked or counted.
    pub(super) fn spin(&self) -> bool {
        self.goes_around(|way| way.silent, |_| true)
    }

    /// The same, where no script asks.
    pub(super) fn may_spin(&self) -> bool {
        self.goes_around(|way| way.silent_at_worst, |_| true)
    }

    /// Whether a run may go around in the first journey with a try on every round, uncounted: of a secret,
    /// or of a code that is not issued on that round.
    pub(super) fn try_for_ever(&self) -> bool {
        self.goes_around(|way| way.free, |way| way.tries)
            || self.goes_around(|way| way.free && !way.issues, |way| way.tries_code)
    }

    /// Whether a run may go around in the first journey with a try of a code on every round, uncounted.
    pub(super) fn try_codes(&self) -> bool {
        self.goes_around(|way| way.free, |way| way.tries_code)
    }

    /// The nodes of the first journey that a run reaches and from which no end of it can be reached; where
    /// an inner journey is called that never ends, it is taken to come back.
    pub(super) fn stuck(
        &self,
        made: &Made,
        never_ends: &BTreeSet<JourneyId>,
    ) -> BTreeSet<NodeIndex<u32>> {
        let mut out: BTreeSet<NodeIndex> = BTreeSet::new();
        for place in self.graph.node_indices() {
            let [(id, node, _)] = self.graph[place].as_slice() else {
                continue;
            };
            let weight = &made.journey(*id).graph[*node];
            let ends = weight.outcomes.is_empty();
            if ends || matches!(&weight.kind, NodeKind::Inner(i) if never_ends.contains(i)) {
                out.insert(place);
            }
        }
        loop {
            let grown: Vec<NodeIndex> = self
                .graph
                .edge_references()
                .filter(|edge| out.contains(&edge.target()))
                .map(|edge| edge.source())
                .filter(|source| !out.contains(source))
                .collect();
            if grown.is_empty() {
                break;
            }
            out.extend(grown);
        }
        let stuck = self.graph.node_indices().filter(|at| !out.contains(at));
        stuck
            .filter_map(|at| match self.graph[at].as_slice() {
                [(_, node, _)] => Some(*node),
                _ => None,
            })
            .collect()
    }

    /// Whether a run comes to an end of the first journey, be it success or not.
    pub(super) fn end(&self, made: &Made) -> bool {
        self.graph
            .node_weights()
            .any(|stack| match stack.as_slice() {
                [(id, node, _)] => made.journey(*id).graph[*node].outcomes.is_empty(),
                _ => false,
            })
    }

    /// Whether there is a way around through a place of the first journey itself, of such moves alone, with
    /// such a move on it.
    fn goes_around(&self, along: impl Fn(&Way) -> bool, with: impl Fn(&Way) -> bool) -> bool {
        let kept = self.graph.filter_map(
            |_, stack| Some(stack.len()),
            |_, way| along(way).then_some(*way),
        );
        let mut group = BTreeMap::new();
        for (number, members) in tarjan_scc(&kept).into_iter().enumerate() {
            let own = members.iter().any(|member| kept[*member] == 1);
            group.extend(members.into_iter().map(|member| (member, (number, own))));
        }
        kept.edge_references().any(|edge| {
            let (from, to) = (group[&edge.source()], group[&edge.target()]);
            from == to && from.1 && with(edge.weight())
        })
    }
}

/// What a move does; none where a limiter lets nobody pass.
fn way(made: &Made, step: &Move) -> Option<Way> {
    let mut way = Way {
        silent: true,
        silent_at_worst: true,
        free: true,
        tries: false,
        tries_code: false,
        issues: false,
    };
    for event in &step.events {
        let Event::Leave(stack, how) = event else {
            continue;
        };
        let (id, node, child) = *stack.last().unwrap();
        let kind = made.kind(id, node, child).map(|(kind, _)| kind);
        let mut proved = false;
        match how {
            How::Next(outcome) | How::Go(outcome) => {
                way.silent &= !asks(made, stack, true);
                way.silent_at_worst &= !asks(made, stack, false);
                if let Some((Kind::Limits, limit)) = made.kind(id, node, child)
                    && outcome.index() == 0
                {
                    (way.silent, way.silent_at_worst, way.free) = (false, false, false);
                    if limit == 0 {
                        return None;
                    }
                }
                proved = kind.is_some_and(|kind| {
                    let factor = kind.proves(kind.outcomes()[outcome.index()]);
                    factor.is_some_and(|factor| factor != Factor::Session)
                });
            }
            How::Error | How::Unhandled => {
                way.silent &= fails(made, stack);
                way.silent_at_worst &= fails(made, stack);
            }
        }
        let issued = !matches!(how, How::Error | How::Unhandled);
        way.issues |= matches!(kind, Some(Kind::Issues | Kind::Drafts)) && issued;
        way.tries |= matches!(kind, Some(Kind::Check | Kind::Unknown)) && !proved;
        way.tries_code |= kind == Some(Kind::Code) && !proved;
    }
    Some(way)
}

/// The kinds of a node from this child on.
fn children(made: &Made, stack: &[Spot]) -> Vec<Kind> {
    let (id, node, child) = *stack.last().unwrap();
    let count = match &made.journey(id).graph[node].kind {
        NodeKind::Page(page) => u16::try_from(page.children.len()).unwrap(),
        _ => 1,
    };
    let kinds = (child..count).filter_map(|child| made.kind(id, node, child));
    kinds.map(|(kind, _)| kind).collect()
}

/// Whether every visit asks before the node is left; a page asks once, before its first child is left.
fn asks(made: &Made, stack: &[Spot], scripts_ask: bool) -> bool {
    let (_, _, child) = *stack.last().unwrap();
    let asks = |kind: &Kind| match kind {
        Kind::Unknown => false,
        Kind::Script => scripts_ask,
        kind => kind.may_stop(),
    };
    child == 0 && children(made, stack).iter().any(asks)
}

/// Whether the node is expected to fail here; what a page did is taken back whichever child fails.
fn fails(made: &Made, stack: &[Spot]) -> bool {
    let (_, _, child) = *stack.last().unwrap();
    may_fail(made, stack) || child == 0 && children(made, stack).into_iter().any(Kind::may_fail)
}

/// By node, every node that arrows lead to from it, itself left out unless they lead back.
fn behind(journey: &Journey) -> BTreeMap<NodeIndex<u32>, BTreeSet<NodeIndex<u32>>> {
    let mut behind: BTreeMap<_, BTreeSet<_>> = journey
        .graph
        .node_indices()
        .map(|node| (node, journey.graph.neighbors(node).collect()))
        .collect();
    loop {
        let mut grown = behind.clone();
        for further in grown.values_mut() {
            for node in further.clone() {
                further.extend(&behind[&node]);
            }
        }
        if grown == behind {
            return behind;
        }
        behind = grown;
    }
}

/// Whether these nodes, and no more than must be, are told to be unreachable.
pub(super) fn unreachable_is_right(
    journey: &Journey,
    told: &BTreeSet<NodeIndex<u32>>,
) -> Result<bool, &'static str> {
    let behind = behind(journey);
    let is_end = |node: &NodeIndex<u32>| journey.graph[*node].outcomes.is_empty();
    let unreached: BTreeSet<NodeIndex<u32>> = journey
        .graph
        .node_indices()
        .filter(|node| *node != journey.start && !behind[&journey.start].contains(node))
        .collect();
    if !told.is_subset(&unreached) {
        return Err("what is told can be reached");
    }
    let covered = |node: &NodeIndex<u32>| {
        told.contains(node) || told.iter().any(|from| behind[from].contains(node))
    };
    if !unreached.iter().filter(|node| !is_end(node)).all(covered) {
        return Err("a node that cannot be reached is not behind what is told");
    }
    let twice = told.iter().any(|one| {
        let mut others = told.iter().filter(|other| *other != one);
        others.any(|other| behind[other].contains(one))
    });
    if twice {
        return Err("a node is told that another told one leads to");
    }
    Ok(!told.is_empty())
}
