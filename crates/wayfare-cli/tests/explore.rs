//! `explore`

use crate::support::{Folder, LOGIN, examples};

const SWAPPED: &str = r#"journey login {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> again
    false -> failure
  }

  node again: UsernameCollector -> success

  ensure "never twice" at most 0 visits of again
}
"#;

#[test]
fn a_journey_is_walked_whole_and_said_to_be_clean() {
    let ran = Folder::new(&[("login.journey", LOGIN)]).run(&["explore", "login.journey"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("nothing is broken; "), "{}", ran.out);
    assert!(
        ran.out.contains(" states/s, ") && ran.out.contains(" MiB"),
        "{}",
        ran.out
    );
}

#[test]
fn what_is_broken_is_shown_with_its_run() {
    let folder = Folder::new(&[("a.journey", SWAPPED)]);
    let ran = folder.run(&["explore", "a.journey"]);
    assert_eq!(ran.code, 1);
    let way = "credentials [Name, Password] -> check.true -> again";
    assert!(
        ran.out.contains(&format!(
            "ensure_failed: `never twice` does not hold\n    {way}\n"
        )),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("unproved_success: success is reached without a proof"),
        "{}",
        ran.out
    );

    let ran = folder.run(&["explore", "a.journey", "--format", "json"]);
    assert_eq!(ran.code, 1);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["schema"], 1);
    let found = &json["journeys"][0]["found"];
    assert_eq!(found[0]["code"], "ensure_failed");
    assert_eq!(found[0]["route"]["steps"][1]["node"], "check");
    assert_eq!(found[0]["route"]["steps"][1]["outcome"], "true");
    assert_eq!(
        found[0]["route"]["steps"][0]["asks"],
        serde_json::json!(["Name", "Password"])
    );
    assert_eq!(found[0]["route"]["end"], "again");
}

#[test]
fn a_budget_that_is_spent_is_no_clean_end() {
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    for (option, value, word) in [("--budget", "5", "states"), ("--memory", "1KiB", "memory")] {
        let ran = folder.run(&["explore", "login.journey", option, value]);
        assert_eq!(ran.code, 1, "{}", ran.out);
        assert!(
            ran.out.contains("nothing is broken as far as it came"),
            "{}",
            ran.out
        );
        assert!(
            ran.out.contains(&format!("the budget of {word} is spent")),
            "{}",
            ran.out
        );
    }
}

#[test]
fn an_attacker_needs_a_victim_and_a_size_a_unit() {
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    let cases: [(&[&str], &str); 3] = [
        (&["--attacker", "code"], "needs a victim"),
        (&["--memory", "12"], "is not a size"),
        (&["--journey", "logn"], "there is no journey `logn`"),
    ];
    for (arguments, why) in cases {
        let ran = folder.run(&[&["explore", "login.journey"], arguments].concat());
        assert_eq!(ran.code, 3);
        assert!(ran.err.contains(why), "{}", ran.err);
    }
}

#[test]
fn what_a_password_opens_is_told_and_no_finding() {
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    let attack = |attacker| {
        folder.run(&[
            "explore",
            "login.journey",
            "--runs",
            "2",
            "--attacker",
            attacker,
        ])
    };
    let ran = attack("password");
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(
        ran.out
            .contains("note: what the attacker knows is enough\n    "),
        "{}",
        ran.out
    );
    let ran = attack("nothing");
    assert!(
        ran.code == 0 && !ran.out.contains("is enough"),
        "{}",
        ran.out
    );
}

#[test]
fn the_examples_are_clean() {
    let path = examples().join("login.journey");
    let ran = Folder::new(&[]).run(&[
        "explore",
        path.to_str().unwrap(),
        "--runs",
        "3",
        "--format",
        "json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

/// The tests that are printed for what is broken in a journey, by code.
fn printed(name: &str, text: &str) -> Vec<(String, String)> {
    let ran = Folder::new(&[(name, text)]).run(&["explore", name, "--format", "json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let journeys = json["journeys"].as_array().unwrap().iter();
    let found = journeys.flat_map(|journey| journey["found"].as_array().unwrap());
    let code = |found: &serde_json::Value| found["code"].as_str().unwrap().to_owned();
    found
        .map(|found| (code(found), found["test"].as_str().unwrap().to_owned()))
        .collect()
}

/// How many tests pass and fail beside a journey that the checks refuse.
fn beside(journey: &str, scenario: &str) -> (u64, u64) {
    let folder = Folder::new(&[("a.journey", journey), ("a.test.journey", scenario)]);
    let ran = folder.run(&["test", ".", "--format", "json"]);
    assert_eq!(ran.code, 1, "the journey is refused: {}", ran.out);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let count = |name: &str| json[name].as_u64().unwrap_or_else(|| panic!("{}", ran.out));
    assert!(count("passed") + count("failed") > 0, "{}", ran.out);
    (count("passed"), count("failed"))
}

#[test]
fn what_is_broken_is_a_test_that_plays_and_shows_it() {
    const ERRORS: &str = r#"
extern Risk "RiskNode" () -> low | high {
  calls out
  proves nothing
}

journey login {
  level = 10
  start risk

  node risk: Risk {
    low -> credentials
    high -> failure
    on error -> credentials
  }

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> success
    false -> attempts
  }

  node attempts: RetryLimitDecision(retryLimit = 2) {
    Retry -> credentials
    Reject -> failure
  }

  ensure "a risk is known" every path to success passes risk.low
  ensure "two tries" at most 2 visits of check
}
"#;
    for (text, breaks) in [(SWAPPED, "  expect "), (ERRORS, "fails = \"unavailable\"")] {
        let tests = printed("a.journey", text);
        assert!(tests.len() > 1, "{tests:?}");
        assert!(
            tests.iter().any(|(_, test)| test.contains(breaks)),
            "{tests:?}"
        );
        for (code, test) in tests {
            assert_eq!(beside(text, &test), (1, 0), "{code}\n{test}");
            // A test that passes whatever happens would show nothing.
            let lines: Vec<&str> = test.lines().filter(|l| !l.contains("  answer ")).collect();
            assert_eq!(beside(text, &lines.join("\n")), (0, 1), "{code}\n{test}");
        }
    }
    let ran = Folder::new(&[("a.journey", SWAPPED)]).run(&["explore", "a.journey"]);
    assert!(
        ran.out
            .contains("\ntest \"`never twice` does not hold\" for login {\n"),
        "{}",
        ran.out
    );
}

/// The level is raised and asked for, round and round, once the password was right.
const SPINS: &str = r"journey login {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> raise
    false -> failure
  }

  node raise: ModifyAuthLevel(authLevelIncrement = 0) -> enough

  node enough: AuthLevelDecision(authLevelRequirement = 5) {
    true -> success
    false -> raise
  }
}
";

#[test]
fn what_goes_on_for_ever_is_a_test_that_the_engine_ends() {
    let tests = printed("a.journey", SPINS);
    let spins: Vec<_> = tests
        .iter()
        .filter(|(code, _)| code == "spinning_loop")
        .collect();
    assert_eq!(spins.len(), 1, "{tests:?}");
    let test = &spins[0].1;
    assert!(
        test.contains("  expect failure { reason = \"limit\" }\n"),
        "{test}"
    );
    assert_eq!(beside(SPINS, test), (1, 0), "{test}");
    let lines: Vec<&str> = test.lines().filter(|l| !l.contains("  answer ")).collect();
    assert_eq!(beside(SPINS, &lines.join("\n")), (0, 1), "{test}");
}

#[test]
fn a_finding_without_a_test_says_why() {
    const ASKED: &str = r#"extern Risk "RiskNode" -> low | high {
  proves nothing
}

journey login {
  start risk

  node risk: Risk {
    low -> again
    high -> failure
  }

  node again: Risk {
    low | high -> once_more
  }

  node once_more: Risk {
    low | high -> again
  }
}
"#;
    let folder = Folder::new(&[("a.journey", ASKED)]);
    let why =
        "nodes that have no behaviour here would have to be told how they end again and again";
    let ran = folder.run(&["explore", "a.journey"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    let human = format!("    risk.low -> again\n    no test: {why}\n");
    assert!(ran.out.contains(&human), "{}", ran.out);
    let ran = folder.run(&["explore", "a.journey", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let found = json["journeys"][0]["found"].as_array().unwrap();
    let spins = found
        .iter()
        .find(|one| one["code"] == "spinning_loop")
        .unwrap();
    assert_eq!(
        (&spins["test"], spins["noTest"].as_str()),
        (&serde_json::Value::Null, Some(why))
    );
    let others = found.iter().filter(|one| one["test"].is_string());
    assert!(others.clone().all(|one| one["noTest"].is_null()));
}

#[test]
fn siblings_of_a_file_are_there_to_be_called_and_not_to_be_explored() {
    let caller = "journey outer {
  start inner

  node inner: journey login {
    true -> success
    false -> failure
  }
}
";
    let folder = Folder::new(&[("outer.journey", caller), ("login.journey", LOGIN)]);
    let explored = |arguments: &[&str]| {
        let ran = folder.run(&[&["explore"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let lines = ran.out.lines().filter(|line| !line.starts_with(' '));
        let names = lines.filter_map(|line| line.split_once(": "));
        names.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(explored(&["outer.journey"]), ["outer"]);
    assert_eq!(explored(&["outer.journey", "--runs", "2"]), ["outer"]);
    assert_eq!(
        explored(&["outer.journey", "login.journey"]),
        ["outer", "login"]
    );
    assert_eq!(explored(&["."]).len(), 2);
    // Who names a journey means it, wherever it stands.
    assert_eq!(
        explored(&["outer.journey", "--journey", "login"]),
        ["login"]
    );

    let drawn = |arguments: &[&str]| {
        let ran = folder.run(&[&["graph", "--to", "dot"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.matches("digraph ").count()
    };
    assert_eq!(drawn(&["outer.journey"]), 1);
    assert_eq!(drawn(&["."]), 2);
    let ran = folder.run(&["graph", "--to", "svg", "outer.journey"]);
    assert_eq!(
        ran.code, 0,
        "one journey fits one standard output: {}",
        ran.err
    );
}
