//! Every journey of the corpus is written, compiles and is formatted; with a table of what came of it.

use std::{collections::BTreeMap, fmt::Write as _};

use wayfare::{Compiler, Engine, MemoryImporter, Registry, Severity, Source, catalogue};
use wayfare_import::{Project, ReadLimits, WriteOptions, read, write};

use crate::corpus;

/// The most lines a node that say how a journey is wired, over the whole corpus: heads, arms and braces.
const WIRING_A_NODE: f64 = 2.65;

/// The most lines a node with its settings, declared types and the places of missing trees.
const LINES_A_NODE: f64 = 3.85;

/// Compiles a project as whoever gets the folder does.
pub(super) fn compiled(project: &Project) -> wayfare::Compiled {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let sources = |journeys: bool| {
        project
            .files
            .iter()
            .filter(move |(path, _)| path.ends_with(".journey") == journeys)
            .map(|(path, bytes)| Source::new(path.as_str(), text(bytes)))
    };
    let importer = MemoryImporter::new(sources(false));
    Compiler::new(catalogue::standard())
        .scripts(&wayfare_script::READER)
        .importer(&importer)
        .compile(sources(true))
}

/// What linking refuses of a program, and what of it fails late: what `wayfare check` says beside the compiler.
pub(super) fn refused(compiled: &wayfare::Compiled) -> Vec<String> {
    let mut registry = Registry::standard();
    registry.interpreter(wayfare_script::Scripts::new(
        wayfare_script::Settings::default(),
    ));
    registry.fail_late();
    let Some(program) = &compiled.program else {
        return Vec::new();
    };
    Engine::refusals(program, &registry)
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.one_line(&compiled.sources))
        .collect()
}

/// The lines of all files that say something.
fn lines(project: &Project) -> usize {
    let texts = project
        .files
        .iter()
        .filter(|(path, _)| path.ends_with(".journey"));
    texts
        .flat_map(|(_, bytes)| std::str::from_utf8(bytes).unwrap().lines())
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with("allow "))
        .count()
}

/// The lines of a text that say how it is wired: none of settings and none of declarations.
fn wiring(text: &str) -> usize {
    let (mut count, mut depth, mut block) = (0, 0_usize, false);
    for line in text.lines().map(str::trim) {
        let signs = line.matches("\"\"\"").count();
        let inside = depth > 0 || block;
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let key = line.trim_start_matches(is_word);
        let is_setting = key.len() < line.len() && key.starts_with(" = ");
        let is_declared = line.starts_with("extern ") || line.starts_with("param ");
        if inside || is_setting || is_declared {
            if signs % 2 == 1 {
                block = !block;
            } else if !block {
                let of = |signs: &[char]| line.matches(signs).count();
                depth = (depth + of(&['{', '[', '('])).saturating_sub(of(&['}', ']', ')']));
            }
        } else if !line.is_empty() && !line.starts_with("//") && !line.starts_with("allow ") {
            count += 1;
        }
    }
    count
}

/// So many of these on one of those.
#[expect(clippy::cast_precision_loss, reason = "a test counts a few thousand")]
fn each(lines: usize, nodes: usize) -> f64 {
    lines as f64 / nodes.max(1) as f64
}

#[test]
fn the_corpus_compiles_and_is_readable() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let (mut all_nodes, mut all_lines, mut all_wiring) = (0, 0, 0);
    let mut wrong = Vec::new();
    let mut table = String::new();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for row in corpus::rows(&folder) {
        let reading = read(&corpus::files(&folder, &row), &ReadLimits::default());
        for bundle in &reading.bundles {
            let project = write(bundle, &WriteOptions::default());
            let compiled = compiled(&project);
            let refused = refused(&compiled).into_iter();
            wrong.extend(refused.map(|line| format!("{}: {line}", row.get("file"))));
            if compiled.program.is_none() {
                wrong.push(format!(
                    "{}: {}",
                    row.get("file"),
                    compiled.into_program().unwrap_err()
                ));
            }
            for (path, bytes) in &project.files {
                if path.ends_with(".journey") {
                    let text = std::str::from_utf8(bytes).unwrap();
                    let formatted = wayfare::format(&Source::new(path.as_str(), text));
                    assert_eq!(formatted.as_deref().ok(), Some(text), "{path}");
                }
            }
            all_lines += lines(&project);
            for finding in &project.findings {
                *codes.entry(finding.code.word()).or_default() += 1;
            }
            for (name, journey) in &project.journeys {
                all_nodes += journey.nodes;
                let text = std::str::from_utf8(&project.files[&journey.file]).unwrap();
                all_wiring += wiring(text);
                assert!(journey.compiles, "{name}");
                let allowed: usize = journey.allowed.values().sum();
                let _ = writeln!(
                    table,
                    "{:>5} {:>5} {:>5.2} {allowed:>4}  {name}",
                    journey.nodes,
                    journey.lines,
                    each(journey.lines, journey.nodes),
                );
            }
        }
    }
    println!("nodes lines  each allow  journey\n{table}");
    println!("{codes:?}");
    let wired = each(all_wiring, all_nodes);
    let each = each(all_lines, all_nodes);
    println!("{all_nodes} nodes, {all_lines} lines: {each:.2} lines a node, {wired:.2} of wiring");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(wired <= WIRING_A_NODE, "{wired}");
    assert!(each <= LINES_A_NODE, "{each}");
}
