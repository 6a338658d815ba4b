//! The arguments, as people type them.

mod bench;
mod exchange;
mod keys;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(crate) use self::{
    bench::{BenchArgs, Hashing, Mix, Trial},
    exchange::{ExportAmArgs, ExportCommand, ExportForm, ImportAmArgs, ImportCommand},
    keys::{KeyUse, KeysArgs, KeysCommand, RetireArgs, RotateArgs},
};

/// Authentication journeys as text: check them, play them, serve them.
#[derive(Debug, Parser)]
#[command(
    name = "wayfare",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_help = "Examples:
  wayfare new my-login && cd my-login && wayfare serve
  wayfare check journeys
  wayfare test journeys --coverage
  wayfare run journeys/login.journey --user demo:Ch4ng31t
  wayfare explain unwired_outcome")]
pub(crate) struct Args {
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// What is counted as an error besides errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Warnings.
    Warnings,
    /// Exceptions made by `allow`.
    Allowed,
}

/// What a pipeline may refuse of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DenyTests {
    /// Arrows that no test takes and that have no reason, and reasons that are needed no more.
    Uncovered,
    /// Tests that expect nothing, which pass whatever their journey does.
    #[value(name = "no_expectation")]
    NoExpectation,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report every mistake in journeys.
    #[command(visible_alias = "lint")]
    Check(CheckArgs),
    /// Put journeys into their one form.
    Fmt(FmtArgs),
    /// Say what a finding means and how to mend it.
    Explain(ExplainArgs),
    /// Draw journeys, as pictures or as text for Graphviz or Mermaid.
    Graph(GraphArgs),
    /// Walk all states that runs of journeys can be in, and find what breaks in one of them.
    Explore(ExploreArgs),
    /// Print the least and the greatest auth level that each journey can give.
    Levels(LevelsArgs),
    /// List every node type that is known, and whether it is built in or served from outside.
    Nodes(NodesArgs),
    /// Say what has changed between two versions, and which way each change goes.
    Diff(DiffArgs),
    /// Ask what the policies would decide, and why.
    Policy(PolicyArgs),
    /// Play the tests of journeys, and say what they cover.
    Test(TestArgs),
    /// Play a journey in the terminal.
    Run(RunArgs),
    /// Read the record of a run, or take the run again with another version.
    #[command(subcommand)]
    Trace(TraceCommand),
    /// Bring journeys from elsewhere, as text.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Send journeys back to where they came from.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Make a folder with a journey and a configuration, ready to serve.
    New(NewArgs),
    /// Serve journeys over HTTP.
    Serve(ServeArgs),
    /// Log users in under load, and say how long it takes.
    Bench(BenchArgs),
    /// Show, rotate or take away the keys that a server signs tokens with.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

/// Where journeys are and how they are read.
#[derive(Debug, ClapArgs)]
pub(crate) struct Sources {
    /// Files or folders; `-` reads standard input. Without one, the realms of the `wayfare.toml` here; without
    /// that, the folder `journeys`, or else this folder.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The folder that imports may not leave; found from the file where not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// The realm they are served in, for guards; the one that `wayfare.toml` says where not given.
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<String>,
    /// The value of a parameter, as `name=value`.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Findings {
    /// For people, on standard error.
    Human,
    /// For programs, on standard output.
    Json,
    /// For code hosts and editors: SARIF 2.1.0, on standard output.
    Sarif,
}

/// `wayfare check`
#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// How to write the findings.
    #[arg(long, value_enum, default_value_t = Findings::Human)]
    pub(crate) format: Findings,
    /// Make the edits that findings offer, where they take findings away and weaken nothing.
    #[arg(long)]
    pub(crate) fix: bool,
    /// With `--fix`: print the edits as a patch and change nothing. Told, and counted for the exit code, is what
    /// the patch leaves.
    #[arg(long, requires = "fix")]
    pub(crate) diff: bool,
    /// Count these as errors too.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) deny: Vec<Deny>,
    /// Draw also each exception that an import has made; without it they are told in a list, gravest first.
    #[arg(long)]
    pub(crate) all: bool,
}

/// How the results of tests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people.
    Human,
    /// For programs, on standard output.
    Json,
    /// For build servers: `JUnit` XML, on standard output.
    Junit,
}

/// `wayfare test`
#[derive(Debug, ClapArgs)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Only tests with this text in their name or that of their journey.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Count the nodes, outcomes and arrows that the tests pass, and list the arrows they do not.
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Write coverage.json, coverage.html and a picture of each journey into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) coverage_dir: Option<PathBuf>,
    /// Exit with 1 where the tests leave this; `uncovered` counts the coverage too.
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "filter")]
    pub(crate) deny: Vec<DenyTests>,
    /// Change the program in small ways, one at a time, and list the changes that no test notices.
    #[arg(long, conflicts_with_all = ["filter", "coverage", "coverage_dir", "deny"])]
    pub(crate) mutants: bool,
    /// The most changes to judge, for each program.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 5_000,
        requires = "mutants"
    )]
    pub(crate) mutants_max: usize,
    /// How to write the results.
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub(crate) format: TestFormat,
}

impl TestArgs {
    /// Whether what the tests cover is to be counted.
    pub(crate) fn wants_coverage(&self) -> bool {
        self.coverage || self.coverage_dir.is_some() || self.denies_uncovered()
    }

    /// Whether an arrow that is neither covered nor excused is a finding.
    pub(crate) fn denies_uncovered(&self) -> bool {
        self.deny.contains(&DenyTests::Uncovered)
    }

    /// Whether a test that expects nothing is a finding.
    pub(crate) fn denies_no_expectation(&self) -> bool {
        self.deny.contains(&DenyTests::NoExpectation)
    }
}

/// `wayfare fmt`
#[derive(Debug, ClapArgs)]
pub(crate) struct FmtArgs {
    /// Files or folders; `-` reads standard input and writes standard output. Without one, the folder
    /// `journeys`, or else this folder.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Change nothing; exit with 1 where a file is not in its one form.
    #[arg(long)]
    pub(crate) check: bool,
}

/// `wayfare explain`
#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// The word in the brackets of a finding; without it, all words are listed.
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// A language for pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Picture {
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
    /// A picture that browsers show, with a layout of its own.
    Svg,
}

/// `wayfare graph`
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  wayfare graph --to svg --out pictures journeys
  wayfare graph --to svg --journey login --levels journeys > login.svg
  wayfare graph --to svg --finding level_not_reached --out why journeys")]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The language of the picture.
    #[arg(long, value_enum, default_value_t = Picture::Mermaid)]
    pub(crate) to: Picture,
    /// Only this journey.
    #[arg(long, value_name = "NAME")]
    pub(crate) journey: Option<String>,
    /// Write a file for each journey into this folder, in place of standard output.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Show how often tests went each way: the `coverage.json` of `wayfare test`. For `svg`, as are those
    /// below.
    #[arg(long, value_name = "FILE", group = "overlay")]
    pub(crate) coverage: Option<PathBuf>,
    /// Show the way of a recorded run.
    #[arg(long, value_name = "FILE", group = "overlay")]
    pub(crate) trace: Option<PathBuf>,
    /// Show the run of the first finding with this code, in the journeys that it passes.
    #[arg(long, value_name = "CODE", group = "overlay")]
    pub(crate) finding: Option<String>,
    /// Show the least and the greatest level on arrival at each node.
    #[arg(long, group = "overlay")]
    pub(crate) levels: bool,
}

/// How many runs there are at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunCount {
    /// One, of anybody.
    #[value(name = "1")]
    One,
    /// The victim's and one of the attacker's.
    #[value(name = "2")]
    Two,
    /// The victim's and two of the attacker's.
    #[value(name = "3")]
    Three,
}

/// What the attacker knows of the victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AttackerKnows {
    /// The name only.
    Nothing,
    /// The password.
    Password,
    /// One code that was sent to the victim.
    Code,
}

/// `wayfare explore`
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Exits with 1 where something is broken, and where a budget ended before everything was seen.

Examples:
  wayfare explore journeys
  wayfare explore journeys/login.journey --runs 2 --attacker password"
)]
pub(crate) struct ExploreArgs {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Only this journey.
    #[arg(long, value_name = "NAME")]
    pub(crate) journey: Option<String>,
    /// How many runs there are at once.
    #[arg(long, value_enum, default_value_t = RunCount::One)]
    pub(crate) runs: RunCount,
    /// What the attacker knows, where there are several runs.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) attacker: Option<AttackerKnows>,
    /// The most states to find, for each journey.
    #[arg(long, value_name = "STATES", default_value_t = 50_000_000)]
    pub(crate) budget: u64,
    /// The most memory for states, as `512MiB` or `2GiB`.
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    pub(crate) memory: String,
    /// How to write what is found; both go to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// `wayfare levels`
#[derive(Debug, ClapArgs)]
pub(crate) struct LevelsArgs {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// How to write the table; both go to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// `wayfare nodes`
#[derive(Debug, ClapArgs)]
pub(crate) struct NodesArgs {
    /// How to write the list; both go to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// `wayfare diff`
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Exits with 1 where `--deny` names a direction that some change goes.

Example:
  wayfare diff deployed/journeys journeys --deny weaker"
)]
pub(crate) struct DiffArgs {
    /// The version before: a file or folder; `-` reads standard input.
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// The version after: a file or folder; `-` reads standard input.
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,
    /// Exit with 1 where some change goes this way; may be given several times.
    #[arg(long, value_enum, value_name = "DIRECTION")]
    pub(crate) deny: Vec<Deviation>,
    /// How to write the changes; both go to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// The folder that imports may not leave; found from the files where not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// The value of a parameter, as `name=value`.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
}

/// A direction of change that a pipeline may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deviation {
    /// The new version lets something happen that the old one does not.
    Weaker,
    /// What a client sees has changed.
    Client,
    /// The old version lets something happen that the new one does not.
    Stronger,
    /// Anything at all.
    Any,
}

/// `wayfare policy`
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Exits with 1 where the action, or without one everything, is denied.

Example:
  wayfare policy journeys --resource https://bank.example.com/pay/1 --user demo --level 10"
)]
pub(crate) struct PolicyArgs {
    /// A file or folder.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) path: PathBuf,
    /// What somebody wants.
    #[arg(long, value_name = "RESOURCE")]
    pub(crate) resource: String,
    /// What they want to do with it.
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// Whose session it is; without it there is no session.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// A group of the user; may be given several times.
    #[arg(long = "group", value_name = "NAME", requires = "user")]
    pub(crate) groups: Vec<String>,
    /// The level of the session.
    #[arg(long, value_name = "LEVEL", default_value_t = 0)]
    pub(crate) level: u32,
    /// A journey that the session went through, by its name on the wire; may be given several times.
    #[arg(long = "journey", value_name = "NAME", requires = "user")]
    pub(crate) journeys: Vec<String>,
    /// A property of the session, as `name=value`; may be given several times.
    #[arg(long = "property", value_name = "NAME=VALUE", requires = "user")]
    pub(crate) properties: Vec<String>,
    /// The realm of the policies.
    #[arg(long, value_name = "REALM", default_value = "/")]
    pub(crate) realm: String,
    /// The realm of the session, where it is another.
    #[arg(long, value_name = "REALM", requires = "user")]
    pub(crate) session_realm: Option<String>,
    /// What comes with the question, as `name=value`, such as `requestIp=10.0.0.7`.
    #[arg(long = "environment", value_name = "NAME=VALUE")]
    pub(crate) environment: Vec<String>,
    /// How to write the decision.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// The value of a parameter, as `name=value`.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
}

/// `wayfare run`
#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    /// The file; `-` is not taken, standard input answers the questions.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The journey, where the file has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) journey: Option<String>,
    /// A user, as `NAME:PASSWORD`; may be given several times.
    #[arg(long = "user", value_name = "NAME:PASSWORD")]
    pub(crate) users: Vec<String>,
    /// A header of every request, as `Name: value`.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// Preferred languages, best first.
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    pub(crate) locale: Vec<String>,
    /// Say each node that is visited and each outcome.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Record the run in this file, without anything secret; `wayfare trace` reads it.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// What becomes of names and addresses in the record.
    #[arg(long, value_enum, default_value_t = RecordedNames::Kept, requires = "record")]
    pub(crate) names: RecordedNames,
    /// The value of a parameter, as `name=value`.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
}

/// What becomes of names and addresses in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordedNames {
    /// They are kept.
    Kept,
    /// Each is given another one.
    Hidden,
}

/// `wayfare trace`
#[derive(Debug, Subcommand)]
pub(crate) enum TraceCommand {
    /// Say in words what happened in a recorded run.
    Show(TraceShowArgs),
    /// Take a recorded run again, without doing anything outside, and say what changes.
    Replay(TraceReplayArgs),
}

/// `wayfare trace show`
#[derive(Debug, ClapArgs)]
pub(crate) struct TraceShowArgs {
    /// The record.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// `wayfare trace replay`
#[derive(Debug, ClapArgs)]
#[command(after_help = "Exits with 1 where the run does not go as it did.")]
pub(crate) struct TraceReplayArgs {
    /// The record.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The version to take it with: a file or folder.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) path: PathBuf,
    /// How to write what comes of it.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// The value of a parameter, as `name=value`.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
}

/// `wayfare new`
#[derive(Debug, ClapArgs)]
pub(crate) struct NewArgs {
    /// The folder to make.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// `wayfare serve`
#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    /// Journeys of `/alpha` in place of those of the demo: a file or folder. A folder with a `wayfare.toml` of its
    /// own, as that of an import, is served as that says.
    #[arg(value_name = "JOURNEYS")]
    pub(crate) journeys: Option<PathBuf>,
    /// The configuration; `wayfare.toml` in this folder is read where there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder with users, sessions and keys.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The address to listen at.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// End when standard input does, for whoever starts a server as a part of something else.
    #[arg(long, hide = true)]
    pub(crate) until_stdin_ends: bool,
    /// Take this folder away at the end: that of whoever started the server and may be gone by then.
    #[arg(long, hide = true, value_name = "DIR", requires = "until_stdin_ends")]
    pub(crate) take_away: Option<PathBuf>,
}

/// `wayfare completions`
#[derive(Debug, ClapArgs)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
