//! `wayfare graph --to svg|dot|mermaid PATH…`: pictures of the very graph that runs.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use wayfare::{
    Program,
    compile::Compiled,
    model::journey::{Journey, NodeKind, On},
};
use wayfare_draw::{Overlay, svg};

use crate::{
    Outcome, Trouble,
    args::{GraphArgs, Picture},
    command::{compile, refuse_unknown},
    project, render,
    terminal::{self, Terminal},
};

/// A journey drawn.
struct Drawn {
    journey: String,
    text: String,
}

pub(crate) fn run(args: &GraphArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let parameters = project::parameters(&args.sources.parameters)?;
    let mut drawn = Vec::new();
    let mut outcome = Outcome::Clean;
    let all: Vec<Compiled> = project::load(&args.sources)?
        .iter()
        .map(|project| compile(project, &parameters))
        .collect();
    refuse_unknown(&all, &parameters)?;
    for compiled in &all {
        for finding in &compiled.diagnostics {
            terminal.say(&render::draw(finding, &compiled.sources, terminal.colors));
            terminal.say("");
        }
        // What only the proofs refuse is drawn: the picture shows the way they speak of.
        let proved = compiled.program.as_deref();
        if proved.is_none() {
            outcome = Outcome::Findings;
        }
        let Some(program) = proved.or(compiled.refused.as_ref()) else {
            return Ok(Outcome::Findings);
        };
        for journey in &program.journeys {
            let named = |name: &String| *name == *journey.name || *name == *journey.wire_name;
            if args.journey.as_ref().is_none_or(named) {
                drawn.push(draw(args.to, program, journey));
            }
        }
    }
    if drawn.is_empty() {
        return Err(Trouble::input(match &args.journey {
            Some(name) => format!("there is no journey `{name}`"),
            None => "there is no journey".to_owned(),
        }));
    }
    match &args.out {
        Some(folder) => write_files(folder, args.to, &drawn, terminal)?,
        // One file holds one picture, but any number of graphs as text.
        None if args.to == Picture::Svg && drawn.len() > 1 => {
            return Err(Trouble::input(format!(
                "there are {} journeys and one standard output; name one with `--journey`, or a folder with `--out`",
                drawn.len()
            )));
        }
        None => terminal::put(
            &drawn
                .iter()
                .map(|one| one.text.as_str())
                .collect::<String>(),
        )?,
    }
    Ok(outcome)
}

fn draw(to: Picture, program: &Program, journey: &Journey) -> Drawn {
    let mut text = String::new();
    match to {
        Picture::Dot => dot(&mut text, program, journey),
        Picture::Mermaid => mermaid(&mut text, program, journey),
        Picture::Svg => text = svg(program, journey, &Overlay::default()),
    }
    Drawn {
        journey: journey.name.to_string(),
        text,
    }
}

/// Writes a file for each journey, named after it.
fn write_files(
    folder: &Path,
    to: Picture,
    drawn: &[Drawn],
    terminal: Terminal,
) -> Result<(), Trouble> {
    let unwritable = |path: &Path, e: std::io::Error| {
        Trouble::input(format!("`{}` cannot be written: {e}", path.display()))
    };
    let ending = match to {
        Picture::Dot => "dot",
        Picture::Mermaid => "mmd",
        Picture::Svg => "svg",
    };
    fs::create_dir_all(folder).map_err(|e| unwritable(folder, e))?;
    let mut taken = BTreeSet::new();
    for one in drawn {
        // Names are words; what is not one in a journey that is refused must not lead out of the folder.
        let plain = |c: char| {
            if c.is_alphanumeric() || matches!(c, '_' | '-') {
                c
            } else {
                '_'
            }
        };
        let name: String = one.journey.chars().take(100).map(plain).collect();
        let again = (2..).map(|n| format!("{name}-{n}"));
        let name = std::iter::once(name.clone())
            .chain(again)
            .find(|name| taken.insert(name.to_lowercase()))
            .unwrap_or(name);
        let path = folder.join(format!("{name}.{ending}"));
        fs::write(&path, &one.text).map_err(|e| unwritable(&path, e))?;
        terminal.say(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// What stands in the box of a node, a line each.
fn lines(program: &Program, kind: &NodeKind, path: &str) -> Vec<String> {
    let ty = |id| {
        program
            .catalog
            .get(id)
            .map_or_else(String::new, |s| s.name.to_string())
    };
    match kind {
        NodeKind::Task(task) => vec![path.to_owned(), ty(task.ty)],
        NodeKind::Decision(_) => vec![path.to_owned(), "Decision".to_owned()],
        NodeKind::Page(page) => {
            let mut lines = vec![path.to_owned(), "Page".to_owned()];
            lines.extend(page.children.iter().map(|child| ty(child.task.ty)));
            lines
        }
        NodeKind::Inner(id) => {
            let name = program.journey(*id).map_or("", |journey| &journey.name);
            vec![path.to_owned(), format!("journey {name}")]
        }
        NodeKind::Success => vec!["success".to_owned()],
        NodeKind::Failure => vec!["failure".to_owned()],
        NodeKind::LooseEnd => vec!["nowhere".to_owned()],
    }
}

/// The arrows of a journey: from, label, to; several outcomes to one target are one arrow.
fn arrows(journey: &Journey) -> Vec<(usize, String, usize)> {
    let mut arrows: Vec<(usize, String, usize)> = Vec::new();
    for from in journey.graph.node_indices() {
        let mut edges: Vec<_> = journey.graph.edges(from).collect();
        edges.sort_by_key(|edge| edge.weight().on);
        for edge in edges {
            use petgraph::visit::EdgeRef as _;
            let to = edge.target().index();
            let label = match edge.weight().on {
                On::Error => "on error".to_owned(),
                On::Outcome(id) => {
                    let node = journey.graph.node_weight(from);
                    node.and_then(|n| n.outcomes.get(id.index()))
                        .map_or("", |o| o)
                        .to_owned()
                }
            };
            match arrows
                .iter_mut()
                .find(|(f, _, t)| *f == from.index() && *t == to)
            {
                Some((_, labels, _)) => {
                    labels.push_str(" | ");
                    labels.push_str(&label);
                }
                None => arrows.push((from.index(), label, to)),
            }
        }
    }
    arrows
}

/// The nodes that are drawn: ends that nothing leads to are not.
fn shown(journey: &Journey) -> impl Iterator<Item = (usize, &wayfare::model::journey::Node)> {
    journey.graph.node_indices().filter_map(|index| {
        let node = journey.graph.node_weight(index)?;
        let end = matches!(
            node.kind,
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
        );
        let led_to = journey
            .graph
            .edges_directed(index, petgraph::Direction::Incoming)
            .next()
            .is_some();
        (!end || led_to).then_some((index.index(), node))
    })
}

fn dot(out: &mut String, program: &Program, journey: &Journey) {
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let _ = writeln!(out, "digraph {} {{", quote(&journey.wire_name));
    out.push_str("  node [shape=box, style=rounded];\n  start [shape=point];\n");
    let _ = writeln!(out, "  start -> n{};", journey.start.index());
    for (index, node) in shown(journey) {
        let label = lines(program, &node.kind, &node.path)
            .iter()
            .map(|line| line.replace('\\', "\\\\").replace('"', "\\\""))
            .collect::<Vec<_>>()
            .join("\\n");
        let shape = match node.kind {
            NodeKind::Decision(_) => ", shape=diamond, style=solid",
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => {
                ", shape=oval, style=solid"
            }
            NodeKind::Page(_) | NodeKind::Inner(_) | NodeKind::Task(_) => "",
        };
        let _ = writeln!(out, "  n{index} [label=\"{label}\"{shape}];");
    }
    for (from, label, to) in arrows(journey) {
        let _ = writeln!(out, "  n{from} -> n{to} [label={}];", quote(&label));
    }
    out.push_str("}\n");
}

fn mermaid(out: &mut String, program: &Program, journey: &Journey) {
    // Entities keep whatever an author writes from being read as Mermaid.
    let escape = |text: &str| {
        text.replace('&', "#amp;")
            .replace('"', "#quot;")
            .replace('<', "#lt;")
            .replace('>', "#gt;")
    };
    let _ = writeln!(
        out,
        "---\ntitle: \"{}\"\n---\nflowchart TD",
        escape(&journey.wire_name)
    );
    let _ = writeln!(out, "  start(( )) --> n{}", journey.start.index());
    for (index, node) in shown(journey) {
        let label = lines(program, &node.kind, &node.path)
            .iter()
            .map(|line| escape(line))
            .collect::<Vec<_>>()
            .join("<br>");
        let _ = match node.kind {
            NodeKind::Decision(_) => writeln!(out, "  n{index}{{\"{label}\"}}"),
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => {
                writeln!(out, "  n{index}([\"{label}\"])")
            }
            NodeKind::Inner(_) => writeln!(out, "  n{index}[[\"{label}\"]]"),
            NodeKind::Page(_) | NodeKind::Task(_) => writeln!(out, "  n{index}[\"{label}\"]"),
        };
    }
    for (from, label, to) in arrows(journey) {
        let _ = writeln!(out, "  n{from} -- \"{}\" --> n{to}", escape(&label));
    }
}
