//! Two versions of random programs against brute force: the paths that each offers, one by one.

use std::collections::{BTreeSet, VecDeque};

use petgraph::{
    graph::{EdgeIndex, NodeIndex},
    visit::EdgeRef,
};
use proptest::{collection::vec, prelude::any, test_runner::TestCaseError};
use wayfare::{
    Program,
    diff::Direction,
    model::journey::{Journey, Node, NodeKind, On},
};

use super::{
    Tally, cases,
    random::{self, Choices, Guards},
    runner,
};
use crate::diff::holds_both_ways;

/// What is seen of a node.
fn label(program: &Program, node: &Node) -> String {
    let ty = |id| program.catalog.get(id).unwrap().name.to_string();
    match &node.kind {
        NodeKind::Task(task) => ty(task.ty),
        NodeKind::Page(page) => {
            let children = page.children.iter().map(|child| ty(child.task.ty));
            format!("page {:?}", children.collect::<Vec<_>>())
        }
        NodeKind::Decision(_) => "decision".to_owned(),
        NodeKind::Inner(inner) => format!("inner {}", program.journey(*inner).unwrap().wire_name),
        NodeKind::Success => "success".to_owned(),
        NodeKind::Failure => "failure".to_owned(),
        NodeKind::LooseEnd => "loose end".to_owned(),
    }
}

/// Where a node leads, by what is seen of its arrows.
fn ways(journey: &Journey, at: NodeIndex<u32>) -> Vec<(String, NodeIndex<u32>)> {
    let node = &journey.graph[at];
    let name = |on: On| match (on, &node.kind) {
        (On::Error, _) => "on error".to_owned(),
        (On::Outcome(id), NodeKind::Decision(arms)) => format!("{:?}", arms[id.index()].condition),
        (On::Outcome(id), _) => node.outcomes[id.index()].to_string(),
    };
    let edges = journey.graph.edges(at);
    let mut ways: Vec<_> = edges
        .map(|edge| (name(edge.weight().on), edge.target()))
        .collect();
    ways.sort();
    ways
}

/// All paths of at most this many arrows: labels and ways in turn.
fn paths(program: &Program, journey: &Journey, length: usize) -> BTreeSet<Vec<String>> {
    let mut all = BTreeSet::new();
    let begin = vec![label(program, &journey.graph[journey.start])];
    let mut open = vec![(journey.start, begin)];
    while let Some((at, path)) = open.pop() {
        if path.len() <= length * 2 {
            for (way, to) in ways(journey, at) {
                let mut longer = path.clone();
                longer.push(way);
                longer.push(label(program, &journey.graph[to]));
                open.push((to, longer));
            }
        }
        all.insert(path);
    }
    all
}

/// Whether two journeys offer the same paths of any length: every pair that a path leads to is tried.
fn same(a: (&Program, &Journey), b: (&Program, &Journey)) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([(a.1.start, b.1.start)]);
    while let Some((x, y)) = open.pop_front() {
        if !seen.insert((x, y)) {
            continue;
        }
        if label(a.0, &a.1.graph[x]) != label(b.0, &b.1.graph[y]) {
            return false;
        }
        let (left, right) = (ways(a.1, x), ways(b.1, y));
        let names = |ways: &[(String, _)]| ways.iter().map(|way| way.0.clone()).collect::<Vec<_>>();
        if names(&left) != names(&right) {
            return false;
        }
        open.extend(left.iter().zip(&right).map(|(x, y)| (x.1, y.1)));
    }
    true
}

/// Changes a journey a little: where arrows lead, whether errors are taken, what nodes are called.
fn change(choices: &mut Choices<'_>, journey: &mut Journey) {
    for _ in 0..choices.below(4) {
        let nodes: Vec<_> = journey.graph.node_indices().collect();
        let edges: Vec<_> = journey.graph.edge_indices().collect();
        match choices.below(5) {
            0 | 1 if !edges.is_empty() => {
                let edge = *choices.pick(&edges);
                let (from, _) = journey.graph.edge_endpoints(edge).unwrap();
                let weight = journey.graph[edge];
                let to = *choices.pick(&nodes);
                journey.graph.remove_edge(edge);
                journey.graph.add_edge(from, to, weight);
            }
            2 => {
                let errors: Vec<_> = journey.graph.edge_indices().collect();
                let is_error = |edge: &&EdgeIndex<u32>| journey.graph[**edge].on == On::Error;
                if let Some(edge) = errors.iter().find(is_error).copied() {
                    journey.graph.remove_edge(edge);
                }
            }
            _ => {
                let at = *choices.pick(&nodes[3..]);
                let name = format!("renamed{}", at.index());
                journey.graph[at].path = name.into();
            }
        }
    }
}

#[test]
fn paths_are_the_same_where_brute_force_finds_them_so() {
    let tally = Tally::default();
    runner(cases(400))
        .run(&vec(any::<u16>(), 0..200), |numbers| {
            let mut choices = Choices::new(&numbers);
            let before = random::program(&mut choices, Guards::Opaque).program;
            let mut after = before.clone();
            change(&mut choices, &mut after.journeys[0]);
            let found = holds_both_ways(&before, &after);
            let (a, b) = (&before.journeys[0], &after.journeys[0]);
            let wanted = same((&before, a), (&after, b));
            let is_same = found.same_paths.contains(&a.wire_name);
            let fail = |what: &str| Err(TestCaseError::fail(what.to_owned()));
            if is_same != wanted {
                return fail("the walk of both differs from that of all pairs");
            }
            let short = (paths(&before, a, 4), paths(&after, b, 4));
            if wanted && short.0 != short.1 {
                return fail("the same, and yet a short path differs");
            }
            if short.0 != short.1 && is_same {
                return fail("a short path differs, and it is not said");
            }
            tally.add(if wanted { "the same" } else { "different" });
            tally.add(if short.0 == short.1 {
                "short the same"
            } else {
                "short different"
            });
            if found.has(Direction::Weaker) {
                tally.add("weaker");
            }
            if found.has(Direction::Stronger) {
                tally.add("stronger");
            }
            for change in &found.changes {
                if change.direction == Direction::Weaker && change.run.is_some() {
                    tally.add("a run");
                }
            }
            Ok(())
        })
        .unwrap();
    tally.expect(&[
        "the same",
        "different",
        "short different",
        "weaker",
        "stronger",
        "a run",
    ]);
}

#[test]
fn nothing_differs_from_itself() {
    runner(cases(300))
        .run(&vec(any::<u16>(), 0..200), |numbers| {
            let program = random::program(&mut Choices::new(&numbers), Guards::All).program;
            let found = holds_both_ways(&program, &program.clone());
            if found.is_empty() {
                Ok(())
            } else {
                Err(TestCaseError::fail(format!("{found:?}")))
            }
        })
        .unwrap();
}
