//! Mutants of programs, and who notices them.

use std::collections::{BTreeMap, BTreeSet};

use wayfare::{Compiler, Program, Registry, Source, Valid};
use wayfare_sim::mutant::{Fate, Kind, MutantError, Options, Score, judge, mutants};

const LOGIN: &str = r#"
journey login {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> raise
    false -> attempts
  }

  node attempts: RetryLimitDecision {
    retryLimit = 1
    Retry -> credentials
    Reject -> lock
  }

  node lock: AccountLockout(lockAction = "LOCK") -> failure
  node raise: ModifyAuthLevel(authLevelIncrement = 5) -> success
}
"#;

const WEAK: &str = r#"
test "the right password" for login {
  given user demo { password = "Ch4ng31t" }
  answer credentials { username = "demo", password = "Ch4ng31t" }
  expect success
}
"#;

const STRONG: &str = r#"
test "the right password gives level five" for login {
  given user demo { password = "Ch4ng31t" }
  answer credentials { username = "demo", password = "Ch4ng31t" }
  expect success { user = "demo", level = 5 }
}

test "two wrong passwords lock" for login {
  given user demo { password = "Ch4ng31t" }
  answer credentials { username = "demo", password = "no" }
  expect ask credentials { NameCallback, PasswordCallback }
  expect no effect LockAccount
  answer credentials { username = "demo", password = "no" }
  expect failure
  expect effect LockAccount { user = "demo" }
}
"#;

fn program(text: &str) -> Valid<Program> {
    let compiler = Compiler::new(Registry::standard().catalog());
    compiler
        .compile([Source::new("a.journey", text)])
        .into_program()
        .unwrap()
}

fn score(text: &str) -> Score {
    let program = program(text);
    judge(
        &program,
        &Registry::standard,
        &BTreeMap::new(),
        Options::default(),
        &mut |_, _| true,
    )
    .unwrap()
}

fn survivors(score: &Score) -> Vec<String> {
    let survived = score
        .judged
        .iter()
        .filter(|judged| matches!(judged.fate, Fate::Survived(_)));
    survived.map(|judged| judged.mutant.to_string()).collect()
}

#[test]
fn every_kind_of_change_is_made_and_each_is_another() {
    let text = LOGIN.replace("  node raise: M", "  node where: Decision {\n    when auth_level >= 1 -> failure\n    else -> raise\n  }\n  node raise: M");
    let text = text.replace("true -> raise", "true -> where");
    let program = program(&text);
    let all = mutants(&program);
    let kinds: BTreeSet<Kind> = all.iter().map(|mutant| mutant.kind).collect();
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    let texts: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), all.len());
    let shape = |program: &Program| format!("{:?}", program.journeys);
    let shapes: BTreeSet<String> = all
        .iter()
        .map(|mutant| shape(&mutant.program(&program)))
        .collect();
    assert!(
        shapes.len() * 5 > all.len() * 4,
        "{} of {}",
        shapes.len(),
        all.len()
    );
    assert!(!shapes.contains(&shape(&program)));
    assert_eq!(all, mutants(&program));
}

#[test]
fn a_weak_test_leaves_survivors_and_each_is_shown() {
    let score = score(&format!("{LOGIN}{WEAK}"));
    let left = survivors(&score);
    assert!(score.refused() > 10);
    for wanted in [
        "login: `retryLimit` of `attempts` is one more",
        "login: `authLevelIncrement` of `raise` is one less",
        "login: `lock` is passed by, on to failure",
    ] {
        assert!(left.iter().any(|line| line == wanted), "{left:#?}");
    }
    assert!(score.thousandths() < Some(900));
    let limit = score
        .judged
        .iter()
        .find(|judged| judged.mutant.to_string().contains("attempts` is one more"))
        .unwrap();
    let Fate::Survived(difference) = &limit.fate else {
        panic!("{limit:?}")
    };
    assert_eq!(
        difference.test.matches("  answer credentials {").count(),
        2,
        "{}",
        difference.test
    );
    assert!(
        difference.original.contains("failure; done outside: "),
        "{difference:?}"
    );
    assert!(
        difference.mutant.contains("it asks [Name, Password]"),
        "{difference:?}"
    );
}

#[test]
fn the_run_of_a_survivor_is_a_test_that_reads() {
    let first = score(&format!("{LOGIN}{WEAK}"));
    for judged in &first.judged {
        let Fate::Survived(difference) = &judged.fate else {
            continue;
        };
        let text = format!("{LOGIN}{WEAK}{}", difference.test);
        let again = program(&text);
        assert_eq!(again.scenarios.len(), 2, "{}", difference.test);
        let engine =
            wayfare_sim::scenario::link(again.clone(), Registry::standard(), &BTreeMap::new())
                .unwrap();
        let report = wayfare_sim::scenario::run(&engine, &again.scenarios[1]);
        assert!(
            report.failed.is_none(),
            "{:?}\n{}",
            report.failed,
            difference.test
        );
    }
}

/// A type whose behaviour is not here, and behind it what no test looks at.
const EXTERN: &str = r#"
extern Risk "RiskNode" -> low | high {
  calls out
  writes shared.note: Text
}

journey login {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> risk
    false -> failure
  }

  node risk: Risk {
    low -> low
    high -> high
    on error -> failure
  }

  node low: ModifyAuthLevel(authLevelIncrement = 5) -> success
  node high: ModifyAuthLevel(authLevelIncrement = 1) -> success
}

test "a low risk" for login {
  given user demo { password = "Ch4ng31t" }
  reply risk { outcome = "low" }
  answer credentials { username = "demo", password = "Ch4ng31t" }
  expect success { user = "demo", level = 5 }
}
"#;

#[test]
fn what_stands_behind_a_node_without_behaviour_is_tried_in_each_of_its_ways() {
    let score = score(EXTERN);
    let left = survivors(&score);
    let wanted = "login: `authLevelIncrement` of `high` is one more";
    assert!(left.iter().any(|line| line == wanted), "{left:#?}");
    let judged = score.judged.iter();
    let mut shown = judged.filter(|judged| judged.mutant.to_string() == wanted);
    let Some(Fate::Survived(difference)) = shown.next().map(|judged| &judged.fate) else {
        panic!("{left:#?}")
    };
    let reply = "  reply risk { outcome = \"high\" }\n";
    assert!(difference.test.contains(reply), "{}", difference.test);
    let again = program(&format!("{EXTERN}{}", difference.test));
    let engine = wayfare_sim::scenario::link(again.clone(), Registry::standard(), &BTreeMap::new());
    let report = wayfare_sim::scenario::run(&engine.unwrap(), &again.scenarios[1]);
    assert!(
        report.failed.is_none(),
        "{:?}\n{}",
        report.failed,
        difference.test
    );
}

#[test]
fn a_score_of_nothing_is_none() {
    assert_eq!(Score::default().thousandths(), None);
}

#[test]
fn strong_tests_leave_nobody() {
    let score = score(&format!("{LOGIN}{STRONG}"));
    assert_eq!(survivors(&score), [""; 0]);
    assert_eq!(score.thousandths(), Some(1_000));
    assert!(score.killed() > 5 && score.left == 0);
}

#[test]
fn tests_that_fail_already_judge_nobody() {
    let wrong = WEAK.replace("expect success", "expect failure");
    let program = program(&format!("{LOGIN}{wrong}"));
    let judged = judge(
        &program,
        &Registry::standard,
        &BTreeMap::new(),
        Options::default(),
        &mut |_, _| true,
    );
    assert!(matches!(judged, Err(MutantError::Fails(name)) if &*name == "the right password"));
}

#[test]
fn a_budget_of_mutants_is_kept_and_the_rest_is_counted() {
    let program = program(&format!("{LOGIN}{WEAK}"));
    let all = mutants(&program).len();
    let options = Options::default().mutants_max(3);
    let score = judge(
        &program,
        &Registry::standard,
        &BTreeMap::new(),
        options,
        &mut |_, _| true,
    )
    .unwrap();
    assert_eq!((score.judged.len(), score.left), (3, all - 3));
    let score = judge(
        &program,
        &Registry::standard,
        &BTreeMap::new(),
        Options::default(),
        &mut |done, _| done < 2,
    )
    .unwrap();
    assert_eq!((score.judged.len(), score.left), (2, all - 2));
}
