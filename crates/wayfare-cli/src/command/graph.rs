//! `wayfare graph --to svg|dot|mermaid PATH…`: pictures of the very graph that runs.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use wayfare::{
    Diagnostic, Program,
    compile::Compiled,
    model::journey::{Journey, NodeKind, On},
};
use wayfare_draw::{Coverage, Left, Overlay, read_trace, steps, svg};

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

/// What is shown on top of the journeys.
enum Shown {
    Nothing,
    Coverage(Coverage),
    Trace(String, Vec<Left>),
    Finding(String),
    Levels,
}

impl Shown {
    fn new(args: &GraphArgs) -> Result<Self, Trouble> {
        let shown = if let Some(file) = &args.coverage {
            let coverage = Coverage::from_json(&read(file)?);
            Self::Coverage(coverage.map_err(|e| no_such(file, "coverage", &e))?)
        } else if let Some(file) = &args.trace {
            let steps = read_trace(&read(file)?).map_err(|e| no_such(file, "trace", &e))?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            Self::Trace(format!("a run of {} steps, {name}", steps.len()), steps)
        } else if let Some(code) = &args.finding {
            Self::Finding(code.clone())
        } else if args.levels {
            Self::Levels
        } else {
            return Ok(Self::Nothing);
        };
        if args.to == Picture::Svg {
            return Ok(shown);
        }
        Err(Trouble::input(
            "`--coverage`, `--trace`, `--finding` and `--levels` are shown on pictures: add `--to svg`",
        ))
    }

    /// The overlay of a journey; `None` where it is not to be drawn.
    fn overlay(
        &self,
        compiled: &Compiled,
        program: &Program,
        journey: &Journey,
    ) -> Option<Overlay> {
        match self {
            Self::Nothing => Some(Overlay::default()),
            Self::Coverage(coverage) => Some(coverage.overlay(journey)),
            Self::Levels => Some(Overlay::levels(program, journey)),
            Self::Trace(title, steps) => {
                passes(journey, steps).then(|| Overlay::run(journey, title.as_str(), steps))
            }
            Self::Finding(code) => {
                let finding = finding(compiled, code)?;
                let route = finding.route.as_ref()?;
                let steps = steps(route);
                let title = format!(
                    "{}[{}]: {}",
                    finding.severity, finding.code, finding.message
                );
                let drawn = passes(journey, &steps) || journey.name == route.journey;
                drawn.then(|| Overlay::run(journey, title, &steps))
            }
        }
    }

    /// Why nothing was drawn, where it is for what was to be shown.
    fn nothing(&self) -> Option<String> {
        match self {
            Self::Trace(..) => Some("the trace passes none of these journeys".to_owned()),
            Self::Finding(code) => Some(format!("there is no finding `{code}` with a run")),
            Self::Nothing | Self::Coverage(_) | Self::Levels => None,
        }
    }
}

fn passes(journey: &Journey, steps: &[Left]) -> bool {
    let named = |step: &Left| step.journey == journey.name || step.journey == journey.wire_name;
    steps.iter().any(named)
}

/// The first finding with this code that has a run, as `unwired_outcome` or `error[unwired_outcome]`.
fn finding<'c>(compiled: &'c Compiled, code: &str) -> Option<&'c Diagnostic> {
    let word = code
        .split_once('[')
        .map_or(code, |(_, word)| word.trim_end_matches(']'));
    let mut all = compiled.diagnostics.iter();
    all.find(|finding| finding.code.word == word && finding.route.is_some())
}

fn read(file: &Path) -> Result<String, Trouble> {
    fs::read_to_string(file)
        .map_err(|e| Trouble::input(format!("`{}` cannot be read: {e}", file.display())))
}

fn no_such(file: &Path, what: &str, error: &dyn std::error::Error) -> Trouble {
    Trouble::input(format!("`{}` is no {what}: {error}", file.display()))
}

pub(crate) fn run(args: &GraphArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let shown = Shown::new(args)?;
    let parameters = project::parameters(&args.sources.parameters)?;
    let mut drawn = Vec::new();
    let mut outcome = Outcome::Clean;
    let projects = project::load(&args.sources, terminal)?;
    let all: Vec<Compiled> = projects
        .iter()
        .map(|project| compile(project, &parameters))
        .collect();
    refuse_unknown(&all, &parameters)?;
    for (project, compiled) in projects.iter().zip(&all) {
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
            let is_meant = match &args.journey {
                Some(name) => named(name),
                None => project.is_named(&compiled.sources, journey),
            };
            if !is_meant {
                continue;
            }
            if let Some(overlay) = shown.overlay(compiled, program, journey) {
                drawn.push(draw(args.to, program, journey, &overlay));
            }
        }
    }
    if drawn.is_empty() {
        return Err(Trouble::input(match (shown.nothing(), &args.journey) {
            (Some(why), _) => why,
            (None, Some(name)) => format!("there is no journey `{name}`"),
            (None, None) => "there is no journey".to_owned(),
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

fn draw(to: Picture, program: &Program, journey: &Journey, overlay: &Overlay) -> Drawn {
    let mut text = String::new();
    match to {
        Picture::Dot => dot(&mut text, program, journey),
        Picture::Mermaid => mermaid(&mut text, program, journey),
        Picture::Svg => text = svg(program, journey, overlay),
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
