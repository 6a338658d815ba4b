//! How long 1,000 journeys take from an export to a checked program: read, written as text, compiled with all
//! proofs.
//!
//! The export is one of our own, repeated under other names; where `WAYFARE_CORPUS` names a folder of exports,
//! those are repeated besides. `cargo bench -p wayfare-import --bench import -- once` does each once and prints
//! what each part took.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails as a test does"
)]
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it tells a person at a terminal how long things took"
)]

use std::{
    fs,
    hint::black_box,
    path::PathBuf,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group};
use serde_json::Value;
use wayfare::{
    Severity, Source, catalogue,
    compile::{Compiler, ImportError, Importer},
};
use wayfare_import::{InputFile, Project, ReadLimits, WriteOptions, read, write};

/// An export of our own: three journeys, one of them with mistakes.
const SHOP: &str = include_str!("../../../docs/migrating/shop.journeys.json");
/// How many journeys there are.
const JOURNEYS: usize = 1_000;

/// Exports with so many journeys in all, each under a name of its own.
fn repeated(exports: &[Value]) -> Vec<InputFile> {
    let mut files = Vec::new();
    let mut journeys = 0;
    let mut round = 0;
    while journeys < JOURNEYS {
        round += 1;
        for export in exports {
            let Some(trees) = export.get("trees").and_then(Value::as_object) else {
                continue;
            };
            for (name, tree) in trees {
                if journeys >= JOURNEYS {
                    break;
                }
                let mut tree = tree.clone();
                let other = format!("{name} {round}");
                if let Some(id) = tree.pointer_mut("/tree/_id") {
                    *id = Value::from(other.as_str());
                }
                // The journeys that it calls are those of its own round.
                for node in tree
                    .pointer_mut("/nodes")
                    .and_then(Value::as_object_mut)
                    .into_iter()
                    .flatten()
                {
                    if let Some(called) = node.1.get_mut("tree") {
                        let text = called.as_str().unwrap_or_default();
                        *called = Value::from(format!("{text} {round}"));
                    }
                }
                journeys += 1;
                let file = format!("{journeys:04}.journey.json");
                files.push(InputFile::new(file, tree.to_string()));
            }
        }
        assert!(round <= JOURNEYS, "there is no journey in the exports");
    }
    files
}

/// The exports of a folder that is no part of this project.
fn corpus() -> Vec<Value> {
    let Some(folder) = std::env::var_os("WAYFARE_CORPUS") else {
        println!("skipped: the corpus (WAYFARE_CORPUS names no folder)");
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("WAYFARE_CORPUS is a folder")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    let texts = paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap_or_default());
    let exports: Vec<Value> = texts
        .filter_map(|text| serde_json::from_str(&text).ok())
        .collect();
    exports
        .into_iter()
        .filter(|export| export.get("trees").is_some())
        .collect()
}

/// From files to text.
fn import(files: &[InputFile]) -> Project {
    let reading = read(files, &ReadLimits::default());
    let bundle = reading.bundles.first().expect("there are journeys");
    write(bundle, &WriteOptions::default())
}

/// The scripts of a folder in memory.
struct Files<'p>(&'p Project);

impl Importer for Files<'_> {
    fn read(&self, _from: &str, path: &str) -> Result<Source, ImportError> {
        let bytes = self.0.files.get(path).ok_or(ImportError::NotFound)?;
        Ok(Source::new(
            path,
            String::from_utf8_lossy(bytes).into_owned(),
        ))
    }
}

/// From text to a program of which all is proved.
fn check(project: &Project) -> usize {
    let texts = project
        .files
        .iter()
        .filter(|(path, _)| path.ends_with(".journey"));
    let sources = texts.map(|(path, bytes)| {
        Source::new(path.as_str(), String::from_utf8_lossy(bytes).into_owned())
    });
    let importer = Files(project);
    let compiled = Compiler::new(catalogue::standard())
        .scripts(&wayfare_script::READER)
        .importer(&importer)
        .compile(sources);
    if compiled.program.is_none() {
        let errors = compiled
            .diagnostics
            .iter()
            .filter(|finding| finding.severity == Severity::Error && finding.allowed.is_none());
        let first: Vec<String> = errors
            .take(5)
            .map(|finding| finding.one_line(&compiled.sources))
            .collect();
        panic!("it does not compile: {first:#?}");
    }
    compiled.diagnostics.len() + compiled.diagnostics.dropped()
}

fn exports() -> Vec<(&'static str, Vec<InputFile>)> {
    let shop = serde_json::from_str(SHOP).expect("our own export is JSON");
    let mut all = vec![("ours", repeated(&[shop]))];
    let corpus = corpus();
    if !corpus.is_empty() {
        all.push(("corpus", repeated(&corpus)));
    }
    all
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("import");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500));
    for (name, files) in exports() {
        group.bench_function(format!("{name}, 1,000 journeys to text"), |bench| {
            bench.iter(|| black_box(import(&files)));
        });
        let project = import(&files);
        group.bench_function(
            format!("{name}, text of 1,000 journeys compiled and checked"),
            |bench| {
                bench.iter(|| black_box(check(&project)));
            },
        );
    }
    group.finish();
}

/// Each part once, with what it took.
fn once() {
    for (name, files) in exports() {
        let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
        let began = Instant::now();
        let reading = read(&files, &ReadLimits::default());
        let was_read = began.elapsed();
        let bundle = reading.bundles.first().expect("there are journeys");
        let began = Instant::now();
        let project = write(bundle, &WriteOptions::default());
        let written = began.elapsed();
        let began = Instant::now();
        let findings = check(&project);
        let checked = began.elapsed();
        let nodes: usize = project.journeys.values().map(|journey| journey.nodes).sum();
        println!(
            "{name}: {} journeys, {nodes} nodes, {bytes} bytes, {findings} findings: read {was_read:.2?}, written {written:.2?}, checked {checked:.2?}, in all {:.2?}",
            project.journeys.len(),
            was_read + written + checked
        );
    }
}

criterion_group!(benches, bench);

fn main() {
    if std::env::args().any(|argument| argument == "once") {
        once();
    } else {
        benches();
        Criterion::default().configure_from_args().final_summary();
    }
}
