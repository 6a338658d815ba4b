//! Exhaustive exploration: every state of journeys, one run or several.

mod agreement;
mod attack;
mod single;
mod witness;

use std::{fs, path::PathBuf, sync::Arc};

use wayfare::{
    Compiler, Program, Source,
    compile::{ImportError, Importer},
};
use wayfare_sim::explore::{Explored, Options, explore};

/// The folder of the examples.
fn journeys() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../journeys")
}

/// Imports of the examples.
struct Folder;

impl Importer for Folder {
    #[expect(
        clippy::disallowed_methods,
        reason = "the examples are files of the project"
    )]
    fn read(&self, _: &str, path: &str) -> Result<Source, ImportError> {
        let text = fs::read_to_string(journeys().join(path)).map_err(|_| ImportError::NotFound)?;
        Ok(Source::new(path, text))
    }
}

/// The examples, compiled together.
#[expect(
    clippy::disallowed_methods,
    reason = "the examples are files of the project"
)]
fn examples() -> Program {
    let mut files: Vec<PathBuf> = fs::read_dir(journeys())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "journey"));
    files.retain(|path| !path.to_string_lossy().contains(".test."));
    files.sort();
    let sources = files.iter().map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        Source::new(name, fs::read_to_string(path).unwrap())
    });
    let compiler = Compiler::new(wayfare::catalogue::standard()).importer(&Folder);
    compiler
        .compile(sources)
        .into_program()
        .unwrap()
        .into_inner()
}

/// A program, whether or not the proofs refuse it.
fn program(text: &str) -> Program {
    let compiled =
        Compiler::new(wayfare::catalogue::standard()).compile([Source::new("a.journey", text)]);
    let refused = compiled.refused.clone();
    let lines: Vec<String> = compiled
        .diagnostics
        .iter()
        .map(|d| d.one_line(&compiled.sources))
        .collect();
    compiled
        .program
        .map(wayfare::Valid::into_inner)
        .or(refused)
        .unwrap_or_else(|| panic!("{}", lines.join("\n")))
}

fn run(program: &Program, journey: &str, options: Options) -> Explored {
    let journey = program.journey_named(journey).unwrap();
    explore(program, journey, options, &mut |_| true).unwrap()
}

/// What was found, a line each: the word, the run.
fn lines(explored: &Explored) -> Vec<String> {
    explored
        .found
        .iter()
        .map(|found| format!("{}: {}", found.what.word(), found.text()))
        .collect()
}

fn names(program: &Program) -> Vec<Arc<str>> {
    program
        .journeys
        .iter()
        .map(|journey| Arc::clone(&journey.name))
        .collect()
}
