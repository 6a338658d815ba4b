//! Random journeys compile, contain everything, and their runs keep to what holds of all runs.

use proptest::{
    strategy::{Strategy, ValueTree as _},
    test_runner::TestRunner,
};
use wayfare::{Compiler, Registry, Severity, Source};
use wayfare_testing::{
    Check, Run, property,
    strategy::{self, Grown, Table},
};

/// How many there are; more with `WAYFARE_TEST_CASES`.
fn cases(usual: usize) -> usize {
    std::env::var("WAYFARE_TEST_CASES").map_or(usual, |text| text.parse().unwrap())
}

fn each(strategy: impl Strategy<Value = Grown>, cases: usize, mut hold: impl FnMut(Grown)) {
    let mut runner = TestRunner::deterministic();
    for _ in 0..cases {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        hold(tree.current());
        // What it shrinks to is held to the same.
        for _ in 0..2 {
            if tree.simplify() {
                hold(tree.current());
            }
        }
    }
}

#[test]
fn journeys_and_programs_compile_and_contain_everything() {
    let mut table = Table::default();
    let mut count = 0;
    each(strategy::journeys(), cases(50), |grown| {
        grown.engine().unwrap_or_else(|found| panic!("{found}"));
        table.count(grown.constructs);
        count += 1;
    });
    each(strategy::programs(), cases(50), |grown| {
        grown
            .engine()
            .unwrap_or_else(|found| panic!("{found}\n{:?}", grown.files));
        table.count(grown.constructs);
        count += 1;
    });
    println!("{count} programs\n{table}");
    assert_eq!(table.missing(), [], "these never occurred");
}

#[test]
fn random_journeys_keep_what_holds_of_all_runs() {
    let mut runs = 0;
    each(strategy::programs(), cases(30), |grown| {
        let engine = grown.engine().unwrap();
        let check = Check::new(&engine).journey("Login").cases(6).seed(runs);
        let check = check
            .outside("gadget", [true.into(), false.into()])
            .faults();
        if let Some(finding) = check.find(property::all).unwrap() {
            panic!("{finding}\n{}", grown.text());
        }
        runs += 6;
    });
    println!("{runs} runs");
}

/// Compiles a printed test beside its journeys and plays it.
pub(crate) fn play_printed(files: &[(&str, &str)], run: &Run, test: &str) -> Result<(), String> {
    let sources = files.iter().map(|(name, text)| Source::new(*name, *text));
    let sources = sources.chain([Source::new("found.test.journey", test)]);
    let compiled = Compiler::new(Registry::standard().catalog()).compile(sources);
    let program = compiled.program.ok_or_else(|| {
        let found = compiled.diagnostics.iter();
        let found = found.filter(|found| found.severity == Severity::Error);
        format!(
            "{:?}",
            found
                .map(|found| (&found.code, &found.message))
                .collect::<Vec<_>>()
        )
    })?;
    let [scenario] = &*program.scenarios else {
        return Err(format!("{} tests", program.scenarios.len()));
    };
    match wayfare_sim::scenario::run(run.engine(), scenario).failed {
        None => Ok(()),
        Some(failed) => Err(format!("{failed:?}")),
    }
}

/// Any run, printed as a test, is the test that passes.
#[test]
fn runs_are_printed_as_tests_that_pass() {
    let (mut played, mut out_of_time, mut unsaid) = (0, 0, 0);
    each(strategy::programs(), cases(25), |grown| {
        let engine = grown.engine().unwrap();
        for seed in 0..3 {
            let check = Check::new(&engine)
                .journey("Login")
                .cases(1)
                .seed(seed)
                .steps(12);
            let check = check
                .outside("gadget", [true.into(), false.into()])
                .faults();
            let kept = std::cell::RefCell::new(None);
            let _ = check.find(|run| {
                kept.replace(Some(run.clone()));
                Ok::<(), String>(())
            });
            let run = kept.into_inner().unwrap();
            if run.refused().is_some() {
                out_of_time += 1;
                continue;
            }
            let test = run.as_test("any run");
            if test.contains("// Here a look-up of the engine fails") {
                unsaid += 1;
                continue;
            }
            let files: Vec<(&str, &str)> = grown
                .files
                .iter()
                .map(|(name, text)| (&**name, &**text))
                .collect();
            if let Err(message) = play_printed(&files, &run, &test) {
                panic!("{message}\n{test}\n{}", grown.text());
            }
            played += 1;
        }
    });
    println!(
        "{played} tests played, {out_of_time} runs out of time, {unsaid} failed by themselves"
    );
    assert!(played > 100, "{played}");
}
