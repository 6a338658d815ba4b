//! Random journeys compile, contain everything, and their runs keep to what holds of all runs.

use proptest::{
    strategy::{Strategy, ValueTree as _},
    test_runner::TestRunner,
};
use wayfare_testing::{
    Check, property,
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
