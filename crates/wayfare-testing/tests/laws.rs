//! The laws of the engine, L1 to L15, as far as they can be said of runs: each with what holds it.
//!
//! What needs a wire or a server is named with the test that holds it there; that it is there is tested.

use std::{fs, path::Path};

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use wayfare::{Engine, EngineError, Input, Request, Start, Step};
use wayfare_sim::{OpenSeal, Play, SimHost, Stop, World};
use wayfare_testing::{Check, Run, property, strategy};

/// What holds a law.
enum Held {
    /// A test of this file.
    Here(&'static str),
    /// A test of another part: `library`, `wire`, `server`.
    There(&'static str, &'static str),
}

use Held::{Here, There};

type Law = (&'static str, &'static str, &'static [Held]);

const LAWS: &[Law] = &[
    (
        "L1",
        "fail closed",
        &[
            Here("l01_whatever_fails_nobody_succeeds_unproved"),
            There("library", "whatever_fails_nobody_logs_in_unproved"),
            There(
                "wire",
                "l01_whatever_a_need_is_answered_by_nobody_is_let_in",
            ),
        ],
    ),
    (
        "L2",
        "steps are taken once",
        &[
            Here("l02_a_run_that_has_ended_takes_no_step"),
            There(
                "wire",
                "l02_l03_l05_l07_a_step_is_taken_once_and_a_session_comes_last",
            ),
            There("server", "a09_of_many_at_once_one_goes_on"),
        ],
    ),
    (
        "L3",
        "what is asked belongs to its visit",
        &[
            Here("l03_answers_that_do_not_fit_change_nothing"),
            There("server", "a17_the_answers_to_another_step_are_refused"),
        ],
    ),
    (
        "L4",
        "proofs name their subject",
        &[
            Here("l04_l05_l07_evidence_is_of_who_succeeds_and_levels_do_not_fall"),
            There("library", "another_name_drops_what_was_proved"),
        ],
    ),
    (
        "L5",
        "the session is born last",
        &[
            Here("l04_l05_l07_evidence_is_of_who_succeeds_and_levels_do_not_fall"),
            Here("l05_there_is_no_session_before_success"),
            There(
                "server",
                "an_upgrade_ends_the_old_session_and_never_lowers_the_level",
            ),
        ],
    ),
    (
        "L6",
        "count before comparing",
        &[
            Here("l06_no_run_compares_more_than_the_account_allows"),
            There("server", "a10_five_hundred_runs_at_once_compare_five_times"),
        ],
    ),
    (
        "L7",
        "nobody goes on as another",
        &[
            Here("l04_l05_l07_evidence_is_of_who_succeeds_and_levels_do_not_fall"),
            There(
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
        ],
    ),
    (
        "L8",
        "what was refused stays refused",
        &[There("server", "failures_are_not_forgotten_by_a_restart")],
    ),
    (
        "L9",
        "the same face for everybody",
        &[
            Here("l09_strangers_see_the_same"),
            There(
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
        ],
    ),
    (
        "L10",
        "parse once, strictly",
        &[There(
            "wire",
            "l10_a_key_of_json_stands_once_however_it_is_spelled",
        )],
    ),
    (
        "L11",
        "canonical first",
        &[There(
            "wire",
            "l11_a_realm_has_one_canonical_path_and_what_is_taken_leads_to_it",
        )],
    ),
    (
        "L12",
        "secrets are types",
        &[Here("l12_nothing_secret_is_shown")],
    ),
    (
        "L13",
        "budgets everywhere",
        &[Here("l13_every_run_ends_within_its_limits")],
    ),
    (
        "L14",
        "types of tokens never cross",
        &[There(
            "server",
            "l14_no_token_is_taken_in_the_place_of_another",
        )],
    ),
    (
        "L15",
        "a run keeps its program",
        &[Here("l15_a_run_opens_under_its_own_program_alone")],
    ),
];

/// How many programs a law is tried on; more with `WAYFARE_TEST_CASES`.
fn cases(usual: u32) -> u32 {
    std::env::var("WAYFARE_TEST_CASES").map_or(usual, |text| text.parse().unwrap())
}

fn runner() -> TestRunner {
    TestRunner::deterministic()
}

/// Random programs, each with a runner to draw more from.
fn programs(count: u32, mut hold: impl FnMut(&Engine, &mut TestRunner, u64)) {
    let mut runner = runner();
    for case in 0..count {
        let grown = strategy::programs()
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let engine = grown.engine().unwrap();
        hold(&engine, &mut runner, u64::from(case));
    }
}

fn check(engine: &Engine, seed: u64) -> Check {
    let gadget = [true.into(), false.into()];
    let check = Check::new(engine).journey("Login").seed(seed).cases(8);
    check.outside("gadget", gadget)
}

/// Holds runs of random programs to a property, and says how many of them said anything.
fn held(
    count: u32,
    faults: bool,
    property: fn(&Run) -> Result<(), String>,
    telling: fn(&Run) -> bool,
) {
    let told = std::cell::Cell::new(0);
    programs(cases(count), |engine, _, seed| {
        let mut check = check(engine, seed);
        if faults {
            check = check.faults();
        }
        let found = check.find(|run| {
            told.set(told.get() + u32::from(telling(run)));
            property(run)
        });
        if let Some(finding) = found.unwrap() {
            panic!("{finding}");
        }
    });
    println!("{} runs say something", told.get());
    assert!(told.get() >= count, "only {} runs say anything", told.get());
}

/// A run with random answers in a world and on a host that may fail.
fn wander(play: &mut Play, runner: &mut TestRunner) -> Result<Stop, EngineError> {
    let mut stop = play.first()?;
    for _ in 0..30 {
        stop = match &stop {
            Stop::Ask(ask) => {
                let answers = strategy::answers(ask).new_tree(runner).unwrap().current();
                play.answer(answers)?
            }
            Stop::Suspended(_) => play.resume()?,
            Stop::Done(_) => break,
        };
    }
    Ok(stop)
}

#[test]
fn l01_whatever_fails_nobody_succeeds_unproved() {
    held(30, true, property::no_success_without_evidence, |run| {
        run.success().is_some() || run.failure().is_some()
    });
    let mut failed = 0;
    programs(cases(40), |engine, runner, _| {
        for _ in 0..6 {
            let host = strategy::hosts().new_tree(runner).unwrap().current();
            let world = strategy::worlds().new_tree(runner).unwrap().current();
            let Ok(mut play) = Play::begin(engine, Start::journey("Login"), world, host) else {
                failed += 1;
                continue;
            };
            if wander(&mut play, runner).is_err() {
                failed += 1;
            }
            let journey = engine.program().journey_on_wire("Login").unwrap();
            if let Some(Stop::Done(wayfare::End::Success(success))) = play.stop()
                && journey.sessions().are_proved()
            {
                let subject = &success.subject.id;
                assert!(
                    success
                        .evidence
                        .iter()
                        .any(|proof| proof.subject == *subject)
                );
            }
        }
    });
    println!("{failed} runs were refused");
    assert!(failed > 0);
}

#[test]
fn l02_a_run_that_has_ended_takes_no_step() {
    let mut ended = 0;
    programs(cases(40), |engine, runner, seed| {
        let start = Start::journey("Login");
        let mut play = Play::begin(engine, start, World::demo(), SimHost::new(seed)).unwrap();
        if !matches!(wander(&mut play, runner), Ok(Stop::Done(_))) {
            return;
        }
        ended += 1;
        let before = (play.stop(), play.world().clone());
        assert_eq!(play.first().unwrap_err(), EngineError::Ended);
        assert_eq!(play.resume().unwrap_err(), EngineError::Ended);
        assert_eq!(play.answer(Vec::new()).unwrap_err(), EngineError::Ended);
        assert_eq!(play.restore().unwrap_err(), EngineError::Ended);
        assert_eq!((play.stop(), play.world().clone()), before);
    });
    assert!(ended > 10, "{ended}");
}

#[test]
fn l03_answers_that_do_not_fit_change_nothing() {
    held(20, false, property::misfits_change_nothing, |run| {
        matches!(run.last().map(|seen| &seen.stop), Some(Stop::Ask(_))) || !run.moves().is_empty()
    });
    let mut refused = 0;
    programs(cases(20), |engine, runner, seed| {
        let start = Start::journey("Login");
        let mut play = Play::begin(engine, start, World::demo(), SimHost::new(seed)).unwrap();
        let mut stop = play.first().unwrap();
        for _ in 0..6 {
            let Stop::Ask(ask) = &stop else { break };
            let before = (play.session().generation(), play.world().clone());
            let misfit = strategy::wild_answers(ask)
                .new_tree(runner)
                .unwrap()
                .current();
            assert!(play.answer(misfit).is_err());
            assert_eq!((play.session().generation(), play.world().clone()), before);
            refused += 1;
            let answers = strategy::answers(ask).new_tree(runner).unwrap().current();
            stop = play.answer(answers).unwrap();
        }
    });
    assert!(refused > 40, "{refused}");
}

#[test]
fn l04_l05_l07_evidence_is_of_who_succeeds_and_levels_do_not_fall() {
    fn both(run: &Run) -> Result<(), String> {
        property::no_success_without_evidence(run)?;
        property::level_never_falls(run)
    }
    held(30, true, both, |run| run.success().is_some());
}

#[test]
fn l05_there_is_no_session_before_success() {
    fn last(run: &Run) -> Result<(), String> {
        let before = usize::from(run.began_with().is_some());
        let expected = match run.success() {
            Some(success) if !success.no_session => {
                1 + before - usize::from(success.upgrades.is_some())
            }
            Some(_) | None => before,
        };
        let there = run.world().sessions.len();
        (there == expected)
            .then_some(())
            .ok_or(format!("{there} sessions, not {expected}"))
    }
    held(20, true, last, |run| run.end().is_some());
}

#[test]
fn l06_no_run_compares_more_than_the_account_allows() {
    fn budget(run: &Run) -> Result<(), String> {
        let hard = run.world().lockout.hard;
        for user in run.world().users.values() {
            let counter = run
                .world()
                .counter(&user.subject, wayfare_sim::Kind::Password);
            if counter.total > hard || counter.failures >= run.world().lockout.failures {
                return Err(format!("{} has {counter:?}", user.username));
            }
        }
        Ok(())
    }
    held(20, false, budget, |run| {
        run.left("login/check", "false") > 0
    });
}

#[test]
fn l09_strangers_see_the_same() {
    held(40, false, property::strangers_see_the_same, |run| {
        run.evidence().is_empty() && run.left("login/check", "false") > 0
    });
}

#[test]
fn l12_nothing_secret_is_shown() {
    held(20, true, property::no_secret_is_shown, |run| {
        run.secrets().len() > 2
    });
}

#[test]
fn l13_every_run_ends_within_its_limits() {
    held(20, true, property::ends_within_limits, |run| {
        run.end().is_some()
    });
}

#[test]
fn l15_a_run_opens_under_its_own_program_alone() {
    let mut engines: Vec<Engine> = Vec::new();
    let (mut own, mut foreign) = (0, 0);
    programs(cases(20), |engine, _, seed| {
        let host = SimHost::new(seed);
        let mut run = engine.begin(Start::journey("Login"), &host).unwrap();
        let step = run.step(&host, &Request::default(), Input::Begin).unwrap();
        assert!(matches!(step, Step::Ask(_)));
        let sealed = run.seal(&OpenSeal, b"law").unwrap();
        let opened = engine.open(&OpenSeal, b"law", &sealed).unwrap();
        assert_eq!(opened.standing(), run.standing());
        own += 1;
        for other in &engines {
            let opens = other.open(&OpenSeal, b"law", &sealed).is_ok();
            assert_eq!(opens, other.serves(&run.program()));
            foreign += u32::from(!opens);
        }
        assert!(engine.open(&OpenSeal, b"other", &sealed).is_err());
        engines.push(engine.clone());
    });
    println!("{own} runs opened, {foreign} refused");
    assert!(foreign > 50, "{foreign}");
}

/// The texts of the tests of a part.
fn texts(part: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders: &[&str] = match part {
        "library" => &["src", "tests"],
        "wire" => &["crates/wayfare-wire/tests"],
        "server" => &["crates/wayfare-server/tests"],
        _ => &["crates/wayfare-testing/tests"],
    };
    let mut texts = Vec::new();
    let mut rest: Vec<_> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = rest.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rest.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    texts
}

/// Whether a text has a test whose name begins so.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let line = line.trim_start_matches("async ");
        let named = line
            .strip_prefix("fn ")
            .is_some_and(|rest| rest.starts_with(name));
        let above = lines[..at].iter().rev().take(4);
        named
            && above
                .into_iter()
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn every_law_is_held_here_or_there() {
    let numbers: Vec<&str> = LAWS.iter().map(|(number, _, _)| *number).collect();
    let due: Vec<String> = (1..=15).map(|number| format!("L{number}")).collect();
    assert_eq!(numbers, due);
    for (number, says, held) in LAWS {
        assert!(!held.is_empty(), "{number}, {says}, is held by nothing");
        for by in *held {
            let (part, name) = match by {
                Here(name) => ("here", name),
                There(part, name) => (*part, name),
            };
            let there = texts(part).iter().any(|text| has_test(text, name));
            assert!(there, "{number}: no test {name} in {part}");
        }
    }
    assert!(!has_test("#[test]\nfn one() {}", "two"));
}
