//! Swap mutants: clean journeys into which another name is written, at every place behind a proof.
//!
//! What must be found is said by a walk over the graph that knows nothing of flows: is there a way on
//! which somebody is proved or a code made, then the new node passed, and then success reached without a
//! proof of whom it names?

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use petgraph::{graph::NodeIndex, visit::EdgeRef};
use wayfare::{
    Compiler, Factor, MemoryImporter, Program, Registry, Source,
    analysis::findings,
    codes,
    model::{
        journey::{Edge, Journey, Node, NodeKind, On, Task},
        signature::{Challenge, Known},
    },
};

/// Whether a file holds no journeys, but what is said of those of another.
fn beside(name: &str) -> bool {
    name.ends_with(".test.journey") || name.ends_with(".guard.journey")
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn clean() -> Vec<(String, Program)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lib = std::fs::read_to_string(root.join("journeys/lib/otp.journey")).unwrap();
    let mut paths = Vec::new();
    for folder in ["journeys", "tests/flawed/g3", "tests/flawed/g6"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.to_string_lossy().into_owned();
            let mended = folder == "journeys" || name.ends_with(".mended.journey");
            if mended && name.ends_with(".journey") && !beside(&name) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let programs = paths.into_iter().map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        let importer = MemoryImporter::new([Source::new("lib/otp.journey", lib.as_str())]);
        let compiled = Compiler::new(Registry::standard().catalog())
            .importer(&importer)
            .compile([Source::new("main.journey", text.as_str())]);
        let program = compiled
            .program
            .unwrap_or_else(|| panic!("{}", path.display()));
        (path.display().to_string(), program.into_inner())
    });
    programs.collect()
}

/// Who is proved: the one named last, or the one before; and whose code is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    proved: bool,
    swapped: bool,
    /// Whether a cookie names the one named last, or this run has made their account, and nobody was
    /// proved before.
    admitted: bool,
    code: Code,
    /// Whether the state states an address of the one named last, or of anybody.
    mail: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Code {
    None,
    Made,
    Out,
    OfAnother,
}

/// What the tasks of a node do to it, one after the other.
fn after(program: &Program, node: &Node, on: On, mut known: Run) -> Run {
    let On::Outcome(outcome) = on else {
        return known;
    };
    let last = node
        .outcomes
        .get(outcome.index())
        .map_or("", |name| &**name);
    let tasks: Vec<(&Task, &str)> = match &node.kind {
        NodeKind::Task(task) => vec![(task, last)],
        NodeKind::Page(page) => {
            let count = page.children.len();
            let children = page.children.iter().enumerate();
            children
                .map(|(at, child)| {
                    let own = child.outcomes.first().map_or("", |name| &**name);
                    (&child.task, if at + 1 == count { last } else { own })
                })
                .collect()
        }
        _ => Vec::new(),
    };
    for (task, outcome) in tasks {
        let signature = program.catalog.get(task.ty).unwrap();
        let setting = |key: &str| {
            let found = task.settings.iter().find(|(name, _)| &**name == key);
            found.map(|(_, value)| value)
        };
        let factor = signature.proves(outcome, setting);
        let factor = factor.filter(|factor| *factor != Factor::Session);
        if signature.renames(outcome, setting) != Known::Is(false) {
            known.swapped |= known.proved;
            known.proved = false;
            known.admitted = false;
            known.code = match known.code {
                Code::None | Code::Made => Code::None,
                Code::Out | Code::OfAnother => Code::OfAnother,
            };
            known.mail = known.mail.map(|_| false);
        }
        let challenge = signature
            .facts_of(outcome)
            .map_or(Challenge::None, |facts| facts.challenge);
        if factor.is_some() {
            match (challenge, known.code) {
                _ if matches!(factor, Some(Factor::Cookie | Factor::Registration)) => {
                    known.admitted = !known.proved && !known.swapped;
                }
                (Challenge::Answers, Code::OfAnother) => known.swapped |= !known.proved,
                (Challenge::Answers, Code::None | Code::Made) => {}
                _ => known.proved = true,
            }
        }
        match challenge {
            Challenge::None => {}
            Challenge::Opens => known.code = Code::Out,
            Challenge::Makes => known.code = Code::Made,
            Challenge::Binds if known.mail == Some(false) => known.code = Code::None,
            Challenge::Binds => {
                known.mail = Some(true);
                if known.code == Code::Made {
                    known.code = Code::Out;
                }
            }
            Challenge::Answers => known.code = Code::None,
        }
    }
    known
}

/// Whether some run reaches success behind a swap.
fn swaps(program: &Program, journey: &Journey) -> bool {
    let first = Run {
        proved: false,
        swapped: false,
        admitted: false,
        code: Code::None,
        mail: None,
    };
    let mut seen = BTreeSet::from([(journey.start, first)]);
    let mut open = vec![(journey.start, first)];
    while let Some((at, known)) = open.pop() {
        if at == journey.success && known.swapped && !known.proved && !known.admitted {
            return true;
        }
        for edge in journey.graph.edges(at) {
            let known = after(program, &journey.graph[at], edge.weight().on, known);
            if seen.insert((edge.target(), known)) {
                open.push((edge.target(), known));
            }
        }
    }
    false
}

/// The journey with another name written on this arrow.
fn mutant(program: &Program, at: usize, edge: petgraph::graph::EdgeIndex) -> Program {
    let mut mutant = program.clone();
    let ty = program.catalog.find("UsernameCollector").unwrap();
    let journey = &mut mutant.journeys[at];
    let (from, to) = journey.graph.edge_endpoints(edge).unwrap();
    let weight = journey.graph[edge];
    let span = journey.graph[from].span;
    let node: NodeIndex = journey.graph.add_node(Node {
        path: "swap".into(),
        kind: NodeKind::Task(Task {
            ty,
            version: 1,
            settings: Vec::new(),
            files: BTreeMap::new(),
        }),
        outcomes: vec!["outcome".into()],
        doc: None,
        allows: Vec::new(),
        span,
    });
    journey.graph.remove_edge(edge);
    journey.graph.add_edge(from, node, weight);
    let outcome = journey.graph[node].outcome("outcome").unwrap();
    let on = On::Outcome(outcome);
    journey.graph.add_edge(node, to, Edge { on, ..weight });
    mutant
}

#[test]
fn every_swap_mutant_is_found_and_nothing_else() {
    let (mut found, mut kept) = (0, 0);
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (path, program) in clean() {
        for (at, journey) in program.journeys.iter().enumerate() {
            let alone = journey
                .graph
                .node_weights()
                .all(|node| !matches!(node.kind, NodeKind::Inner(_)));
            if !alone || journey.settings.inner_only {
                continue;
            }
            assert!(!swaps(&program, journey), "{path}");
            for edge in journey.graph.edge_indices() {
                let mutant = mutant(&program, at, edge);
                let expected = swaps(&mutant, &mutant.journeys[at]);
                let all = findings(&mutant);
                let told = all.iter().any(|f| f.code == codes::IDENTITY_SWAPPED);
                assert_eq!(told, expected, "{path}, arrow {edge:?}: {all:?}");
                if expected {
                    found += 1;
                    *places.entry(path.clone()).or_default() += 1;
                } else {
                    kept += 1;
                }
            }
        }
    }
    println!(
        "{found} swaps found in {} journeys, {kept} left alone",
        places.len()
    );
    assert!(found >= 50, "only {found} swap mutants");
    assert!(kept >= 50, "only {kept} that are none");
}
