//! Journeys with a fault, and how short the run is that shows it.

use wayfare::{Factor, FailureReason};
use wayfare_testing::{Check, Finding, Run, check};

const HEAD: &str = "
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
";

const CODE: &str = "
  node generate: OneTimePasswordGenerator(length = 6) -> send
  node send: OneTimePasswordSmtpSender -> enter
  node enter: OneTimePasswordCollectorDecision(passwordExpiryTime = 5m) {
    true -> success
    false -> again
  }
  node again: RetryLimitDecision {
    retryLimit = 2
    Retry -> enter
    Reject -> failure
  }
";

fn journey(rest: &str) -> String {
    format!("journey login {{\n  start credentials\n{HEAD}{rest}}}\n")
}

type Seeded = (&'static str, String, fn(&Run) -> Result<(), &'static str>);

fn unless(bad: bool, message: &'static str) -> Result<(), &'static str> {
    if bad { Err(message) } else { Ok(()) }
}

fn proves(run: &Run, factor: Factor) -> bool {
    run.evidence().iter().any(|proof| proof.factor == factor)
}

/// What somebody might get wrong, and what their property would say.
fn seeded() -> Vec<Seeded> {
    let limited = |limit: u32| {
        journey(&format!(
            "  node check: DataStoreDecision {{\n    true -> success\n    false -> attempts\n  }}
  node attempts: RetryLimitDecision {{\n    retryLimit = {limit}\n    Retry -> credentials\n    Reject -> lock\n  }}
  node lock: AccountLockout(lockAction = \"LOCK\") -> failure\n"
        ))
    };
    let choice = journey(&format!(
        "  node check: DataStoreDecision {{\n    true -> raise\n    false -> attempts\n  }}
  node attempts: RetryLimitDecision {{\n    retryLimit = 3\n    Retry -> credentials\n    Reject -> failure\n  }}
  node raise: ModifyAuthLevel(authLevelIncrement = 20) -> choose
  node choose: ChoiceCollector {{\n    prompt = \"How?\"\n    Mail -> generate\n    Later -> success\n    Leave -> failure\n  }}
{CODE}"
    ));
    let guard = journey(&format!(
        "  node check: DataStoreDecision {{\n    true -> where\n    false -> failure\n  }}
  node where: Decision {{
    when has request.ip && request.ip in [\"10.0.0.0/8\"] as office -> success
    when has request.parameters[\"skip\"] && request.parameters[\"skip\"] == \"yes\" as skip -> success
    else -> generate
  }}
{CODE}"
    ));
    let code = journey(&format!(
        "  node check: DataStoreDecision {{\n    true -> generate\n    false -> attempts\n  }}
  node attempts: RetryLimitDecision {{\n    retryLimit = 2\n    Retry -> credentials\n    Reject -> failure\n  }}
{CODE}"
    ));
    vec![
        ("four tries instead of three", limited(3), |run| {
            unless(run.visits("login/check") > 3, "more than three tries")
        }),
        ("an account that anybody can lock", limited(1), |run| {
            unless(
                run.world().users.values().any(|user| !user.active),
                "locked",
            )
        }),
        ("ten tries instead of six", limited(9), |run| {
            unless(
                run.left("login/check", "false") > 6,
                "more than six wrong passwords",
            )
        }),
        ("a level without a code", choice.clone(), |run| {
            let high = run
                .success()
                .is_some_and(|success| success.level.number() >= 20);
            unless(high && !proves(run, Factor::Otp), "level 20 without a code")
        }),
        ("a menu that lets people leave", choice, |run| {
            let left = run
                .failure()
                .is_some_and(|end| end.reason == FailureReason::Rejected);
            unless(
                left && proves(run, Factor::Password),
                "proved, and failed all the same",
            )
        }),
        ("no code from the office", guard.clone(), |run| {
            unless(
                run.success().is_some() && !proves(run, Factor::Otp),
                "no code",
            )
        }),
        ("a parameter that skips the code", guard, |run| {
            unless(run.left("login/where", "skip") > 0, "the code was skipped")
        }),
        ("three codes for one mail", code.clone(), |run| {
            unless(run.left("login/enter", "false") >= 3, "three wrong codes")
        }),
        ("a mail for each login", code.clone(), |run| {
            unless(
                run.success()
                    .is_some_and(|_| !run.world().outbox.is_empty()),
                "a mail",
            )
        }),
        ("a code that is slow", code.clone(), |run| {
            let slow = run.waited().as_secs() >= 60 && run.success().is_some();
            unless(slow, "a code was taken after a minute")
        }),
        ("somebody else logs in", code, |run| {
            let ada = run
                .success()
                .is_some_and(|end| &*end.subject.username == "ada");
            unless(ada, "it was ada")
        }),
    ]
}

fn find(text: &str, property: fn(&Run) -> Result<(), &'static str>) -> Option<Finding> {
    Check::new(text)
        .cases(1_000)
        .seed(7)
        .find(property)
        .unwrap()
}

/// Every fault is found, and half of them are shown in ten steps or fewer; here it is all of them.
#[test]
fn faults_are_found_and_shown_in_few_steps() {
    let mut steps = Vec::new();
    for (what, text, property) in seeded() {
        let finding = find(&text, property).unwrap_or_else(|| panic!("{what} is not found"));
        println!("{what}: {} moves, then {}", finding.found, finding.steps());
        assert!(
            property(&finding.run).is_err(),
            "{what}: the short run shows nothing"
        );
        steps.push(finding.steps());
    }
    steps.sort_unstable();
    let median = steps[steps.len() / 2];
    println!("{steps:?}, median {median}");
    assert!(median <= 10, "median {median}");
    assert!(steps.iter().all(|steps| *steps <= 10), "{steps:?}");
}

/// What cannot be made shorter without losing the fault is as short as it can be.
#[test]
fn the_shortest_runs_are_the_shortest() {
    let least = [4, 2, 7, 2, 2, 1, 1, 4, 2, 3, 2];
    for ((what, text, property), least) in seeded().into_iter().zip(least) {
        let finding = find(&text, property).unwrap();
        assert_eq!(finding.steps(), least, "{what}:\n{}", finding.as_test());
    }
}

#[test]
fn a_finding_is_repeated_by_its_seed() {
    let (_, text, property) = seeded().swap_remove(3);
    let finding = find(&text, property).unwrap();
    let again = Check::new(&text).cases(1).seed(finding.seed).find(property);
    let again = again.unwrap().unwrap();
    assert_eq!(again.case, 0);
    assert_eq!(
        again.to_string().lines().skip(4).collect::<Vec<_>>(),
        finding.to_string().lines().skip(4).collect::<Vec<_>>()
    );
}

#[test]
#[should_panic(expected = "it was demo")]
fn a_check_fails_the_test_that_makes_it() {
    let (_, text, _) = seeded().swap_remove(10);
    check!(&text, |run| {
        let success = run.success();
        assert!(
            success.is_none_or(|end| &*end.subject.username != "demo"),
            "it was demo"
        );
    });
}

#[test]
fn a_finding_is_told_as_a_test_and_as_requests() {
    let (_, text, property) = seeded().swap_remove(3);
    let finding = find(&text, property).unwrap();
    let expected = "test \"level 20 without a code\" for login {
  given user ada { password = \"Tr0ub4dor\", mail = \"ada@example.com\" }
  given user demo { password = \"Ch4ng31t\", mail = \"demo@example.com\" }
  answer credentials { username = \"demo\", password = \"Ch4ng31t\" }
  answer choose = \"Later\"
  expect success { user = \"demo\", level = 20 }
}
";
    assert_eq!(finding.as_test(), expected);
    let curl = finding.as_curl();
    assert!(
        curl.contains("authIndexType=service&authIndexValue=login"),
        "{curl}"
    );
    assert!(curl.contains("\"value\":\"Ch4ng31t\""), "{curl}");
    assert_eq!(curl.matches("REPLY=").count(), 3, "{curl}");
}

/// What is printed as a test compiles, and passes for as long as the fault is there.
#[test]
fn the_printed_test_leads_there() {
    for (what, text, property) in seeded() {
        let finding = find(&text, property).unwrap();
        let tested = crate::journeys::play_printed(
            &[("login.journey", &text)],
            &finding.run,
            &finding.as_test(),
        );
        tested.unwrap_or_else(|message| panic!("{what}: {message}\n{}", finding.as_test()));
    }
}
