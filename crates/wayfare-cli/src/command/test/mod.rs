//! `wayfare test PATH…`: plays the tests of journeys, and says what they cover.
//!
//! Every project is compiled and linked once, and once more for each set of parameters that its tests
//! give. The order is that of the declarations, so that two runs write the same bytes.

mod coverage;
mod json;
mod junit;
mod mutant;

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use wayfare::{
    Diagnostic, Engine, Program, Severity, SourceMap, Value, analysis, codes, compile::Compiled,
    model::scenario::Scenario,
};
use wayfare_sim::{
    coverage::Coverage,
    scenario::{self, Failed},
};

use crate::{
    Outcome, Trouble,
    args::{TestArgs, TestFormat},
    command::{compile_tests, refuse_unknown},
    exceptions::Untouched,
    project::{self, Project},
    render,
    terminal::{self, Terminal},
};

/// What came of one test.
struct Played {
    scenario: Scenario,
    failed: Option<Failed>,
}

/// What came of the tests of one project.
struct Suite {
    compiled: Compiled,
    program: Option<Program>,
    tests: Vec<Played>,
    coverage: Option<Coverage>,
}

impl Suite {
    fn sources(&self) -> &SourceMap {
        &self.compiled.sources
    }

    fn failures(&self) -> impl Iterator<Item = (&Played, &Failed)> {
        let tests = self.tests.iter();
        tests.filter_map(|test| Some((test, test.failed.as_ref()?)))
    }

    fn has_errors(&self) -> bool {
        self.compiled.diagnostics.has_errors()
    }
}

pub(crate) fn run(args: &TestArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let parameters = project::parameters(&args.sources.parameters)?;
    let projects = project::load(&args.sources, terminal)?;
    let compiled: Vec<Compiled> = projects
        .iter()
        .map(|project| compile_tests(project, &parameters))
        .collect();
    refuse_unknown(&compiled, &parameters)?;
    if args.mutants {
        return mutant::run(args, compiled, terminal);
    }
    let mut suites = Vec::with_capacity(projects.len());
    for (project, compiled) in projects.iter().zip(compiled) {
        suites.push(play(args, project, compiled, &parameters)?);
    }
    let all: usize = suites.iter().map(|suite| suite.tests.len()).sum();
    let broken = suites.iter().any(Suite::has_errors);
    if let Some(filter) = args.filter.as_ref().filter(|_| all == 0 && !broken) {
        let message = format!("no test has `{filter}` in its name or that of its journey");
        return Err(Trouble::Input(message));
    }
    match args.format {
        TestFormat::Human => human(args, &suites, terminal)?,
        TestFormat::Json => terminal::put(&format!("{:#}\n", json::report(&suites)))?,
        TestFormat::Junit => terminal::put(&junit::report(&suites))?,
    }
    if let Some(folder) = &args.coverage_dir {
        coverage::write(folder, &suites)?;
        terminal.say(&format!("coverage is in {}", folder.display()));
    }
    let failed = suites.iter().any(|suite| suite.failures().next().is_some());
    let gaps = coverage::gaps(&suites);
    let denied = args.denies_uncovered() && gaps.is_some();
    if let Some(gaps) = gaps.filter(|_| denied) {
        terminal.say(&format!("denied: {gaps}"));
    }
    let idle = idle(&suites);
    let idle = idle.filter(|_| args.denies_no_expectation());
    if let Some(idle) = &idle {
        terminal.say(&format!("denied: {idle}"));
    }
    Ok(if failed || broken || denied || idle.is_some() {
        Outcome::Findings
    } else {
        Outcome::Clean
    })
}

/// Plays the tests of a project.
fn play(
    args: &TestArgs,
    project: &Project,
    mut compiled: Compiled,
    parameters: &BTreeMap<String, Value>,
) -> Result<Suite, Trouble> {
    // What only the proofs refuse is played all the same: a test shows the run that they speak of.
    let refused = || analysis::overlook(compiled.refused.take()?).ok();
    let Some(program) = compiled.program.take().or_else(refused) else {
        return Ok(Suite {
            compiled,
            program: None,
            tests: Vec::new(),
            coverage: None,
        });
    };
    let scenarios: Vec<Scenario> = program
        .scenarios
        .iter()
        .filter(|scenario| is_wanted(args.filter.as_deref(), scenario))
        .cloned()
        .collect();
    let kept = Program::clone(&program);
    let mut coverage = args.wants_coverage().then(|| Coverage::new(&kept));
    let none = BTreeMap::new();
    let link = |program, given: &BTreeMap<Arc<str>, Value>| {
        scenario::link(program, crate::command::registry(), given)
            .map_err(|errors| Trouble::input(errors.to_string()))
    };
    let mut engines: BTreeMap<BTreeMap<Arc<str>, Value>, Result<Engine, String>> = BTreeMap::new();
    engines.insert(none.clone(), Ok(link(program, &none)?));
    let mut tests = Vec::with_capacity(scenarios.len());
    for scenario in scenarios {
        if !engines.contains_key(&scenario.parameters) {
            let made = with_parameters(project, parameters, &scenario.parameters)?;
            engines.insert(scenario.parameters.clone(), made);
        }
        let failed = match engines.get(&scenario.parameters) {
            Some(Ok(engine)) => {
                let report = scenario::run(engine, &scenario);
                if let Some(coverage) = &mut coverage {
                    coverage.add(&report.trace);
                }
                report.failed
            }
            Some(Err(message)) => Some(Failed {
                span: scenario.span,
                message: message.clone(),
                expected: "a program that compiles with the parameters of the test".to_owned(),
                run: String::new(),
            }),
            None => None,
        };
        tests.push(Played { scenario, failed });
    }
    Ok(Suite {
        compiled,
        program: Some(kept),
        tests,
        coverage,
    })
}

/// The program of the project with the parameters of a test; the findings as text where it is refused.
fn with_parameters(
    project: &Project,
    parameters: &BTreeMap<String, Value>,
    given: &BTreeMap<Arc<str>, Value>,
) -> Result<Result<Engine, String>, Trouble> {
    let mut parameters = parameters.clone();
    for (name, value) in given {
        parameters.insert(name.to_string(), value.clone());
    }
    match compile_tests(project, &parameters).into_program() {
        Ok(program) => {
            let engine = scenario::link(program, crate::command::registry(), given);
            let engine = engine.map_err(|errors| Trouble::input(errors.to_string()))?;
            Ok(Ok(engine))
        }
        Err(findings) => {
            let first = findings.lines().next().unwrap_or_default();
            Ok(Err(format!("the program is refused: {first}")))
        }
    }
}

/// How many tests expect nothing, in words; none where all do.
fn idle(suites: &[Suite]) -> Option<String> {
    let findings = suites.iter().flat_map(|suite| &suite.compiled.diagnostics);
    let count = findings
        .filter(|found| found.code == codes::NO_EXPECTATION)
        .count();
    match count {
        0 => None,
        1 => Some("1 test expects nothing".to_owned()),
        count => Some(format!("{count} tests expect nothing")),
    }
}

fn is_wanted(filter: Option<&str>, scenario: &Scenario) -> bool {
    filter.is_none_or(|filter| scenario.name.contains(filter) || scenario.journey.contains(filter))
}

// ---- for people --------------------------------------------------------------------------------------

fn human(args: &TestArgs, suites: &[Suite], terminal: Terminal) -> Result<(), Trouble> {
    for suite in suites {
        let sources = suite.sources();
        // What came with an import is told by `check`.
        let untouched = Untouched::of(sources.iter().map(|(_, source)| source));
        for finding in &suite.compiled.diagnostics {
            let is_told = finding.severity == Severity::Error || finding.allowed.is_none();
            if is_told && !untouched.folds(finding, sources) {
                show(finding, sources, terminal);
            }
        }
        for test in &suite.tests {
            let word = if test.failed.is_some() {
                "FAILED"
            } else {
                "ok    "
            };
            let (journey, name) = (&test.scenario.journey, &test.scenario.name);
            terminal::put(&format!("{word} {journey}: {name}\n"))?;
        }
        for (test, failed) in suite.failures() {
            show(&failed.diagnostic(&test.scenario), sources, terminal);
        }
    }
    if args.wants_coverage() {
        for suite in suites {
            terminal::put(&coverage::text(suite))?;
        }
    }
    terminal.say(&summary(suites));
    Ok(())
}

fn show(finding: &Diagnostic, sources: &SourceMap, terminal: Terminal) {
    terminal.say(&render::draw(finding, sources, terminal.colors));
    terminal.say("");
}

/// One line: how many tests, and how they went.
fn summary(suites: &[Suite]) -> String {
    let all: usize = suites.iter().map(|suite| suite.tests.len()).sum();
    let failed: usize = suites.iter().map(|suite| suite.failures().count()).sum();
    let refused = suites.iter().filter(|suite| suite.has_errors()).count();
    let counted = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let mut text = counted(all, "test");
    match (all, failed) {
        (0, _) => {}
        (_, 0) => text.push_str(", all passed"),
        (_, failed) => {
            let _ = write!(text, ", {} passed, {failed} failed", all - failed);
        }
    }
    if refused > 0 {
        let verb = if refused == 1 { "does" } else { "do" };
        let _ = write!(text, "; {} {verb} not compile", counted(refused, "program"));
    }
    text
}
