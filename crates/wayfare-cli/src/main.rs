//! The command line of wayfare.
//!
//! Data goes to standard output, findings and progress to standard error. Exit codes: 0 clean, 1 findings,
//! 2 usage, 3 input or configuration that cannot be read, 4 an error of the program itself.

mod args;
mod bench;
mod command;
mod configuration;
mod exceptions;
mod gravity;
mod guards;
mod imported;
mod json;
mod made;
mod page;
mod performer;
mod progress;
mod project;
mod render;
mod sarif;
mod suggested;
mod table;
mod terminal;
mod walk;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command, ExportCommand, ImportCommand};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing to report.
    Clean,
    /// Errors in the input, or an input that is not as it should be.
    Findings,
}

/// Why a command could not do its work.
#[derive(Debug)]
enum Trouble {
    /// Input or configuration cannot be read or makes no sense.
    Input(String),
    /// Something that should not happen.
    Internal(String),
}

impl Trouble {
    fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let terminal = terminal::Terminal::new(args.color);
    let result = match &args.command {
        Command::Check(check) => command::check::run(check, terminal),
        Command::Fmt(fmt) => command::fmt::run(fmt, terminal),
        Command::Explain(explain) => command::explain::run(explain, args.color),
        Command::Graph(graph) => command::graph::run(graph, terminal),
        Command::Explore(explore) => command::explore::run(explore, terminal),
        Command::Levels(levels) => command::levels::run(levels, terminal),
        Command::Nodes(nodes) => command::nodes::run(nodes),
        Command::Diff(diff) => command::diff::run(diff, terminal),
        Command::Policy(policy) => command::policy::run(policy, terminal),
        Command::Test(test) => command::test::run(test, terminal),
        Command::Run(run) => command::run::run(run, terminal),
        Command::Trace(trace) => command::trace::run(trace, terminal),
        Command::Import(ImportCommand::Am(import)) => command::import::run(import, terminal),
        Command::Export(ExportCommand::Am(export)) => command::export::run(export, terminal),
        Command::New(new) => command::new::run(new),
        Command::Serve(serve) => command::serve::run(serve, terminal),
        Command::Bench(bench) => command::bench::run(bench, terminal),
        Command::Keys(keys) => command::keys::run(keys),
        Command::Completions(completions) => command::completions::run(completions),
    };
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(Trouble::Input(message)) => {
            terminal.error(&message);
            ExitCode::from(3)
        }
        Err(Trouble::Internal(message)) => {
            terminal.error(&message);
            ExitCode::from(4)
        }
    }
}
