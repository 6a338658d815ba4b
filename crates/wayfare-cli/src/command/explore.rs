//! `wayfare explore PATH…`: every state that runs of journeys can be in.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use wayfare::{
    Engine, Severity, analysis,
    compile::Compiled,
    model::{journey::Journey, program::Program},
};
use wayfare_sim::{
    explore::{
        Attacker, Budget, Explored, Found, Options, Progress, RunStep, Runs, Unfinished, as_test,
        explore,
    },
    scenario,
};

use crate::{
    Outcome, Trouble,
    args::{AttackerKnows, ExploreArgs, Format, RunCount},
    command::{compile, refuse_unknown},
    project::{self, Project},
    render,
    terminal::{self, Terminal},
};

/// One journey explored, and how long it took.
struct Row {
    explored: Explored,
    /// By finding, a test that shows it, or why there is none.
    tests: Vec<Result<String, String>>,
    took: Duration,
}

pub(crate) fn run(args: &ExploreArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let options = options(args)?;
    let parameters = project::parameters(&args.sources.parameters)?;
    let projects = project::load(&args.sources, terminal)?;
    let all: Vec<Compiled> = projects
        .iter()
        .map(|project| compile(project, &parameters))
        .collect();
    refuse_unknown(&all, &parameters)?;
    let mut outcome = Outcome::Clean;
    let mut rows = Vec::new();
    for (project, compiled) in projects.iter().zip(&all) {
        if compiled.program.is_none() {
            outcome = Outcome::Findings;
            let errors = compiled.diagnostics.iter();
            for finding in errors.filter(|d| d.severity == Severity::Error && d.allowed.is_none()) {
                terminal.say(&render::draw(finding, &compiled.sources, terminal.colors));
                terminal.say("");
            }
        }
        // What only the proofs refuse is explored: it shows the run that they speak of.
        let Some(program) = compiled.program.as_deref().or(compiled.refused.as_ref()) else {
            return Ok(Outcome::Findings);
        };
        let from = rows.len();
        for journey in program
            .journeys
            .iter()
            .filter(|journey| is_meant(args, project, compiled, journey))
        {
            rows.push(one(program, journey, options)?);
        }
        let own = rows.get_mut(from..).unwrap_or_default();
        if own.iter().any(|row| !row.explored.found.is_empty()) {
            let engine = played(compiled);
            for row in own {
                let test = |found: &Found| {
                    let engine = engine.as_ref().map_err(String::clone)?;
                    as_test(engine, &row.explored.journey, found).map_err(|why| why.to_string())
                };
                row.tests = row.explored.found.iter().map(test).collect();
            }
        }
    }
    if rows.is_empty() {
        return Err(Trouble::input(match &args.journey {
            Some(name) => format!("there is no journey `{name}`"),
            None => "there is no journey".to_owned(),
        }));
    }
    if !rows.iter().all(|row| row.explored.is_clean()) {
        outcome = Outcome::Findings;
    }
    let text = match args.format {
        Format::Human => rows.iter().map(human).collect(),
        Format::Json => format!("{:#}\n", report(args, &rows)),
    };
    terminal::put(&text)?;
    Ok(outcome)
}

/// The program as tests play it; what only the proofs refuse is played too, in a world of its own.
fn played(compiled: &Compiled) -> Result<Engine, String> {
    let cannot = |why: &dyn std::fmt::Display| format!("the program cannot be played: {why}");
    let program = match (&compiled.program, &compiled.refused) {
        (Some(program), _) => program.clone(),
        (None, Some(refused)) => analysis::overlook(refused.clone()).map_err(|why| cannot(&why))?,
        (None, None) => return Err(cannot(&"it does not compile")),
    };
    scenario::link(program, super::registry(), &BTreeMap::new()).map_err(|why| cannot(&why))
}

fn is_meant(args: &ExploreArgs, project: &Project, compiled: &Compiled, journey: &Journey) -> bool {
    match &args.journey {
        Some(name) => *name == *journey.name || *name == *journey.wire_name,
        // Nobody starts an inner journey, so nobody attacks it by itself.
        None => {
            project.is_named(&compiled.sources, journey)
                && (args.runs == RunCount::One || !journey.settings.inner_only)
        }
    }
}

fn options(args: &ExploreArgs) -> Result<Options, Trouble> {
    let runs = match args.runs {
        RunCount::One => Runs::One,
        RunCount::Two => Runs::Two,
        RunCount::Three => Runs::Three,
    };
    if runs == Runs::One && args.attacker.is_some() {
        return Err(Trouble::input(
            "an `--attacker` needs a victim: `--runs 2` or `--runs 3`",
        ));
    }
    let attacker = match args.attacker {
        None | Some(AttackerKnows::Nothing) => Attacker::Nothing,
        Some(AttackerKnows::Password) => Attacker::Password,
        Some(AttackerKnows::Code) => Attacker::Code,
    };
    let bytes = size(&args.memory).ok_or_else(|| {
        Trouble::input(format!(
            "`--memory {}` is not a size such as `512MiB`",
            args.memory
        ))
    })?;
    let budget = Budget {
        states: args.budget,
        bytes,
    };
    Ok(Options::default()
        .runs(runs)
        .attacker(attacker)
        .budget(budget))
}

/// A size as the language writes it.
fn size(text: &str) -> Option<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];
    let (number, shift) = units
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    let number: u64 = number.parse().ok()?;
    number.checked_mul(1 << shift)
}

fn one(program: &Program, journey: &Journey, options: Options) -> Result<Row, Trouble> {
    let mut bar = Bar::new(&journey.name, options.budget);
    let started = Instant::now();
    let explored = explore(program, journey, options, &mut |progress| {
        bar.show(progress)
    })
    .map_err(|e| Trouble::input(format!("`{}` cannot be explored: {e}", journey.name)));
    let took = started.elapsed();
    bar.clear();
    Ok(Row {
        explored: explored?,
        tests: Vec::new(),
        took,
    })
}

/// A line on the terminal that says how far it is.
struct Bar<'a> {
    name: &'a str,
    budget: Budget,
    shown: bool,
    started: Instant,
    last: Option<Instant>,
}

impl<'a> Bar<'a> {
    fn new(name: &'a str, budget: Budget) -> Self {
        Self {
            name,
            budget,
            shown: io::stderr().is_terminal(),
            started: Instant::now(),
            last: None,
        }
    }

    fn show(&mut self, progress: Progress) -> bool {
        let now = Instant::now();
        let due = self
            .last
            .is_none_or(|last| now - last > Duration::from_millis(100));
        if self.shown && due && progress.states > 1 {
            self.last = Some(now);
            // What is left to do is not known before it is done: the bar shows what is gone on from.
            let done = progress.states.saturating_sub(progress.waiting);
            let filled = usize::try_from(done.saturating_mul(20) / progress.states.max(1))
                .unwrap_or(0)
                .min(20);
            let bar = format!("{}{}", "█".repeat(filled), "░".repeat(20 - filled));
            let (states, speed) = (
                count(progress.states),
                count(per_second(progress.states, now - self.started)),
            );
            let budget = count(self.budget.states);
            let line = format!(
                "{} {bar} {states} of {budget} states, {speed}/s, depth {}, {}",
                self.name,
                progress.depth,
                bytes(progress.bytes)
            );
            let _ = write!(io::stderr(), "\r{line}\u{1b}[K");
            let _ = io::stderr().flush();
        }
        true
    }

    fn clear(&self) {
        if self.last.is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
            let _ = io::stderr().flush();
        }
    }
}

fn per_second(states: u64, took: Duration) -> u64 {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    states.saturating_mul(1_000_000) / micros
}

/// A number with commas.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(number: u64) -> String {
    format!("{} MiB", number.div_ceil(1 << 20))
}

fn unfinished(why: Unfinished) -> &'static str {
    match why {
        Unfinished::States => "the budget of states is spent: raise --budget",
        Unfinished::Memory => "the budget of memory is spent: raise --memory",
        Unfinished::Stopped => "it was stopped",
    }
}

/// A number with its thing, in the plural where there is not one.
fn counted(number: u64, thing: &str) -> String {
    format!(
        "{} {thing}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

fn human(row: &Row) -> String {
    let explored = &row.explored;
    let verdict = match (explored.found.len(), explored.unfinished) {
        (0, None) => "nothing is broken".to_owned(),
        (0, Some(_)) => "nothing is broken as far as it came".to_owned(),
        (broken, _) => format!("{broken} broken"),
    };
    let mut text = format!(
        "{}: {verdict}; {}, {}, depth {}, {} states/s, {}\n",
        explored.journey,
        counted(explored.states, "state"),
        counted(explored.moves, "move"),
        explored.depth,
        count(per_second(explored.states, row.took)),
        bytes(explored.bytes),
    );
    if let Some(why) = explored.unfinished {
        let _ = writeln!(
            text,
            "  unfinished at depth {}: {}",
            explored.depth,
            unfinished(why)
        );
    }
    for (at, found) in explored.found.iter().enumerate() {
        let _ = writeln!(
            text,
            "  {}: {}\n    {}",
            found.what.word(),
            found.what,
            found.text()
        );
        let _ = match row.tests.get(at) {
            Some(Ok(shown)) => write!(text, "\n{shown}\n"),
            Some(Err(why)) => writeln!(text, "    no test: {why}"),
            None => Ok(()),
        };
    }
    if let Some(entered) = &explored.entered {
        let _ = writeln!(
            text,
            "  note: what the attacker knows is enough\n    {}",
            entered.text()
        );
    }
    for (label, why) in &explored.left_out {
        let _ = writeln!(text, "  note: `{label}` is left to `wayfare check`: {why}");
    }
    text
}

fn found(found: &Found, journey: &str, test: Option<&Result<String, String>>) -> Value {
    let step = |step: &RunStep| {
        json!({
            "run": step.name().to_string(),
            "journey": &*step.journey,
            "node": &*step.node,
            "path": &*step.path,
            "outcome": step.outcome.as_deref(),
            "asks": step.asks.iter().map(|ask| &**ask).collect::<Vec<_>>(),
            "note": step.note,
            "stealsCode": step.steals,
        })
    };
    json!({
        "code": found.what.word(),
        "message": found.what.to_string(),
        "text": found.text(),
        "test": test.and_then(|test| test.as_ref().ok()),
        "noTest": test.and_then(|test| test.as_ref().err()),
        "route": {
            "journey": journey,
            "lockedBefore": found.locked,
            "steps": found.steps.iter().map(step).collect::<Vec<_>>(),
            "end": &*found.end,
        },
    })
}

fn report(args: &ExploreArgs, rows: &[Row]) -> Value {
    let journeys = rows.iter().map(|row| {
        let explored = &row.explored;
        let name = &*explored.journey;
        json!({
            "name": name,
            "clean": explored.is_clean(),
            "states": explored.states,
            "moves": explored.moves,
            "depth": explored.depth,
            "bytes": explored.bytes,
            "statesPerSecond": per_second(explored.states, row.took),
            "unfinished": explored.unfinished.map(unfinished),
            "found": explored.found.iter().enumerate().map(|(at, one)| found(one, name, row.tests.get(at))).collect::<Vec<_>>(),
            "entered": explored.entered.as_ref().map(|one| found(one, name, None)),
            "leftOut": explored.left_out.iter().map(|(label, why)| json!({ "label": &**label, "why": why })).collect::<Vec<_>>(),
        })
    });
    let runs = match args.runs {
        RunCount::One => 1,
        RunCount::Two => 2,
        RunCount::Three => 3,
    };
    let attacker = match args.attacker {
        _ if runs == 1 => None,
        None | Some(AttackerKnows::Nothing) => Some("nothing"),
        Some(AttackerKnows::Password) => Some("password"),
        Some(AttackerKnows::Code) => Some("code"),
    };
    json!({ "schema": 1, "runs": runs, "attacker": attacker, "journeys": journeys.collect::<Vec<_>>() })
}
