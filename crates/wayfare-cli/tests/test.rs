//! `wayfare test`: the examples and their coverage, every format, and what is said of a test that fails.

use std::collections::BTreeSet;

use crate::support::{Folder, Ran, examples};

const LOGIN: &str = include_str!("../../../journeys/login.journey");

const GOOD: &str = r#"
test "a right password logs in" for login {
  given user demo { password = "Ch4ng31t" }
  answer credentials { username = "demo", password = "Ch4ng31t" }
  expect success { user = "demo" }
}
"#;

const BAD: &str = r#"
test "a wrong <password> is \"right\" & good" for login {
  given user demo { password = "Ch4ng31t" }
  answer credentials { username = "demo", password = "no" }
  expect success { user = "demo" }
}
"#;

fn folder(tests: &str) -> Folder {
    Folder::new(&[
        ("journeys/login.journey", LOGIN),
        ("journeys/login.test.journey", tests),
    ])
}

fn json(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"))
}

#[test]
fn every_arrow_of_the_examples_is_covered_or_has_a_reason() {
    let folder = Folder::new(&[]);
    let path = examples();
    let path = path.to_str().unwrap();
    let ran = folder.run(&["test", "--format", "json", "--coverage", path]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = json(&ran);
    assert_eq!(report["failed"], 0);
    let journeys = report["coverage"]["journeys"].as_array().unwrap();
    assert!(journeys.len() >= 12, "{}", journeys.len());
    for journey in journeys {
        for node in journey["nodes"].as_array().unwrap() {
            assert!(node["visits"].as_u64().unwrap() > 0, "{journey}: {node}");
        }
        for edge in journey["edges"].as_array().unwrap() {
            let taken = edge["count"].as_u64().unwrap() > 0;
            assert!(taken || edge["reason"].is_string(), "{journey}: {edge}");
        }
    }
    let tested: BTreeSet<&str> = report["tests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|test| test["journey"].as_str().unwrap())
        .collect();
    // A journey that cannot be started alone is covered by its callers.
    assert!(tested.len() + 1 >= journeys.len(), "{tested:?}");
}

#[test]
fn the_journeys_of_node_types_play_their_tests_and_are_in_their_one_form() {
    let folder = Folder::new(&[]);
    let path = examples().join("nodes");
    let path = path.to_str().unwrap();
    for command in [
        &["check", path][..],
        &["test", "--deny", "uncovered", path],
        &["fmt", "--check", path],
    ] {
        let ran = folder.run(command);
        assert_eq!(ran.code, 0, "{command:?}: {ran:?}");
    }
}

#[test]
fn tests_stand_beside_a_journey_or_in_its_file() {
    let beside = folder(GOOD);
    for path in [
        "journeys",
        "journeys/login.journey",
        "journeys/login.test.journey",
    ] {
        let ran = beside.run(&["test", path]);
        assert_eq!(ran.code, 0, "{path}: {ran:?}");
        assert_eq!(
            ran.out, "ok     login: a right password logs in\n",
            "{path}"
        );
        assert!(ran.err.contains("1 test, all passed"), "{}", ran.err);
    }
    let within = Folder::new(&[("login.journey", &format!("{LOGIN}{GOOD}"))]);
    let ran = within.run(&["test", "login.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("ok     login"), "{}", ran.out);
}

#[test]
fn a_failed_test_says_what_was_expected_and_the_run_so_far() {
    let ran = folder(&format!("{GOOD}{BAD}")).run(&["test", "journeys"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("FAILED login: a wrong <password>"),
        "{}",
        ran.out
    );
    for piece in [
        "error[test_failed]: `credentials` asks: NameCallback, PasswordCallback",
        "--> journeys/login.test.journey:11:3",
        "^ success",
        "the run: credentials [Name, Password] -> check.false -> attempts.Retry -> credentials",
        "2 tests, 1 passed, 1 failed",
    ] {
        assert!(ran.err.contains(piece), "{piece}\n{}", ran.err);
    }
}

#[test]
fn json_says_what_people_are_told() {
    let folder = folder(&format!("{GOOD}{BAD}"));
    let ran = folder.run(&["test", "--format", "json", "journeys"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let report = json(&ran);
    assert_eq!(report["schema"], 1);
    assert_eq!(report["passed"], 1);
    assert_eq!(report["failed"], 1);
    assert!(report["coverage"].is_null());
    let test = &report["tests"][1];
    assert_eq!(test["journey"], "login");
    assert_eq!(test["passed"], false);
    assert_eq!(test["line"], 8);
    assert_eq!(test["failure"]["code"], "test_failed");
    assert_eq!(test["failure"]["expected"], "success");
    assert_eq!(test["failure"]["place"]["start"]["line"], 11);
    let again = folder.run(&["test", "--format", "json", "journeys"]);
    assert_eq!(again.out, ran.out);
}

/// A tag of an XML text: its name, its attributes, and whether it opens or closes.
#[derive(Debug, PartialEq)]
enum Tag {
    Open(String, Vec<(String, String)>),
    Close(String),
}

/// The tags of a text in XML, which must be well formed.
fn tags(text: &str) -> Vec<Tag> {
    let body = text
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        .unwrap();
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, content) = piece.split_once('>').unwrap();
        for text in content.split('&').skip(1) {
            let (name, _) = text.split_once(';').unwrap();
            assert!(
                name.starts_with('#') || ["amp", "lt", "gt", "quot"].contains(&name),
                "{name}"
            );
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{text}");
            found.push(Tag::Close(name.to_owned()));
            continue;
        }
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        let mut rest = rest;
        while let Some((key, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"').unwrap();
            attributes.push((key.trim().to_owned(), value.to_owned()));
            rest = after;
        }
        assert!(rest.trim().is_empty(), "{tag}");
        found.push(Tag::Open(name.to_owned(), attributes));
        if is_empty {
            found.push(Tag::Close(name.to_owned()));
        } else {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    found
}

/// The attributes that the schema of such files asks for and allows, by element.
fn allowed(element: &str) -> &'static [&'static str] {
    match element {
        "testsuites" => &["name", "tests", "failures", "errors"],
        "testsuite" => &["name", "tests", "failures", "errors", "skipped"],
        "testcase" => &["name", "classname"],
        "failure" | "error" => &["message", "type"],
        other => panic!("{other} has no place in such a file"),
    }
}

#[test]
fn junit_is_well_formed_and_has_the_shape_that_build_servers_read() {
    let ran = folder(&format!("{GOOD}{BAD}")).run(&["test", "--format", "junit", "journeys"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let mut counts = (0, 0);
    let mut parents: Vec<String> = Vec::new();
    for tag in tags(&ran.out) {
        let (name, attributes) = match tag {
            Tag::Close(_) => {
                parents.pop();
                continue;
            }
            Tag::Open(name, attributes) => (name, attributes),
        };
        let keys: Vec<&str> = attributes.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, allowed(&name), "{name}");
        let parent = match name.as_str() {
            "testsuites" => None,
            "testsuite" => Some("testsuites"),
            "testcase" => Some("testsuite"),
            _ => Some("testcase"),
        };
        assert_eq!(parents.last().map(String::as_str), parent, "{name}");
        counts.0 += usize::from(name == "testcase");
        counts.1 += usize::from(name == "failure");
        parents.push(name);
    }
    assert_eq!(counts, (2, 1));
    assert!(
        ran.out.contains("tests=\"2\" failures=\"1\" errors=\"0\""),
        "{}",
        ran.out
    );
    let name = "a wrong &lt;password&gt; is &quot;right&quot; &amp; good";
    assert!(ran.out.contains(name), "{}", ran.out);
}

#[test]
fn a_program_that_does_not_compile_is_a_finding_in_every_format() {
    let folder = folder("test \"x\" for logn {\n  expect success\n}\n");
    let ran = folder.run(&["test", "journeys"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("did you mean `login`?"), "{}", ran.err);
    let ran = folder.run(&["test", "--format", "json", "journeys"]);
    assert_eq!(json(&ran)["diagnostics"][0]["code"], "unknown_journey");
    let ran = folder.run(&["test", "--format", "junit", "journeys"]);
    assert!(ran.out.contains("<error message="), "{}", ran.out);
    assert!(!tags(&ran.out).is_empty());
    // Whoever serves, plays or draws the journey does not look at its tests.
    let ran = folder.run(&["graph", "journeys"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(folder.run(&["check", "journeys"]).code, 1);
}

#[test]
fn a_filter_takes_some_tests_and_says_where_it_takes_none() {
    let folder = folder(&format!("{GOOD}{BAD}"));
    let ran = folder.run(&["test", "--filter", "right password", "journeys"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("1 test, all passed"), "{}", ran.err);
    let ran = folder.run(&["test", "--filter", "nothing", "journeys"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("no test has `nothing`"), "{}", ran.err);
    assert_eq!(folder.run(&["test", "--nothing"]).code, 2);
    assert_eq!(folder.run(&["test", "nowhere"]).code, 3);
}

#[test]
fn coverage_names_every_arrow_that_is_not_taken() {
    let reason = "allow uncovered attempts.Reject for login because \"tried by hand\"\n";
    let folder = folder(&format!("{GOOD}{reason}"));
    let ran = folder.run(&["test", "--coverage", "journeys"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "coverage login: nodes 2/3 (66%), outcomes 2/5 (40%), arrows 2/5 (40%), 1 with a reason",
        "uncovered: login/check.false at journeys/login.journey:17:5",
        "uncovered: login/attempts.Reject at journeys/login.journey:23:5, because tried by hand",
    ] {
        assert!(ran.out.lines().any(|l| l == line), "{line}\n{}", ran.out);
    }
    let stale = "allow uncovered check.true for login because \"no\"\n";
    let folder = self::folder(&format!("{GOOD}{stale}"));
    let ran = folder.run(&["test", "--coverage", "journeys"]);
    assert!(
        ran.out.contains("covered after all: login/check.true"),
        "{}",
        ran.out
    );
}

#[test]
fn a_pipeline_can_refuse_what_is_not_covered() {
    let deny = ["test", "--deny", "uncovered", "journeys"];
    let ran = folder(GOOD).run(&deny);
    assert_eq!(ran.code, 1, "{ran:?}");
    let line = "denied: 3 arrows uncovered without a reason";
    assert!(ran.err.contains(line), "{}", ran.err);
    assert!(
        ran.out.contains("uncovered: login/check.false"),
        "{}",
        ran.out
    );
    let excused = "allow uncovered check.false, attempts.Retry, attempts.Reject for login because \"by hand\"\n";
    let whole = folder(&format!("{GOOD}{excused}"));
    for format in ["human", "json", "junit"] {
        let ran = whole.run(&[
            "test",
            "--format",
            format,
            "--deny",
            "uncovered",
            "journeys",
        ]);
        assert_eq!(ran.code, 0, "{format}: {ran:?}");
    }
    let stale = format!("{GOOD}{excused}allow uncovered check.true for login because \"no\"\n");
    let stale = folder(&stale);
    let ran = stale.run(&deny);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.err.contains("denied: 1 reason needed no more"),
        "{}",
        ran.err
    );
    // Without being asked, coverage refuses nothing.
    assert_eq!(stale.run(&["test", "--coverage", "journeys"]).code, 0);
    let some = [
        "test",
        "--deny",
        "uncovered",
        "--filter",
        "right",
        "journeys",
    ];
    assert_eq!(stale.run(&some).code, 2);
    // A program that is refused is refused, whatever is covered.
    assert_eq!(
        folder("test \"x\" for logn {\n  expect success\n}\n")
            .run(&deny)
            .code,
        1
    );
}

#[test]
fn coverage_is_written_as_numbers_a_page_and_pictures() {
    let folder = folder(GOOD);
    let ran = folder.run(&["test", "--coverage-dir", "out/cov", "journeys"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let counts: serde_json::Value =
        serde_json::from_str(&folder.read("out/cov/coverage.json")).unwrap();
    assert_eq!(counts["schema"], 1);
    let edge = &counts["journeys"][0]["edges"][0];
    assert_eq!(
        (&edge["node"], &edge["count"]),
        (&"credentials".into(), &1.into())
    );
    assert!(folder.read("out/cov/coverage.html").contains("<svg"));
    assert!(folder.read("out/cov/login.svg").starts_with("<svg"));
}

#[test]
fn parameters_of_a_test_hold_for_that_test() {
    let text = r#"
param tries: Int = 2

journey login {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> success
    false -> attempts
  }

  node attempts: RetryLimitDecision {
    retryLimit = tries
    Retry -> credentials
    Reject -> failure
  }
}

test "two retries by default" for login {
  given user demo { password = "Ch4ng31t" }
  repeat 3 {
    answer credentials { username = "demo", password = "no" }
  }
  expect failure
}

test "no retry where it says so" for login {
  given user demo { password = "Ch4ng31t" }
  given param tries = 0
  answer credentials { username = "demo", password = "no" }
  expect failure
}
"#;
    let folder = Folder::new(&[("login.journey", text)]);
    let ran = folder.run(&["test", "login.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn types_without_a_behaviour_end_as_the_test_says() {
    let text = r#"
extern AcmeRisk "AcmeRiskNode" (limit: Int = 50) -> low | high {
  calls out
  writes transient.score: Decimal
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

  node risk: AcmeRisk {
    low -> success
    high -> lock
    on error -> failure
  }

  node lock: AccountLockout(lockAction = "LOCK") -> failure
}

test "no risk" for login {
  given user demo { password = "Ch4ng31t" }
  reply risk { outcome = "low", writes = { score = 0.1 } }
  answer credentials { username = "demo", password = "Ch4ng31t" }
  expect success { user = "demo" }
}

test "a risk locks the account" for login {
  given user demo { password = "Ch4ng31t" }
  reply risk { outcome = "high" }
  answer credentials { username = "demo", password = "Ch4ng31t" }
  expect failure
  expect effect LockAccount { user = "demo" }
}

test "the partner is down" for login {
  given user demo { password = "Ch4ng31t" }
  reply risk { fails = "down" }
  answer credentials { username = "demo", password = "Ch4ng31t" }
  expect failure { reason = "rejected" }
}

test "a wrong password" for login {
  given user demo { password = "Ch4ng31t" }
  answer credentials { username = "demo", password = "no" }
  expect failure
}
"#;
    let folder = Folder::new(&[("login.journey", text)]);
    let ran = folder.run(&["test", "--coverage", "login.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("arrows 7/7 (100%)"), "{}", ran.out);
    let unsaid = text.replace("  reply risk { outcome = \"high\" }\n", "");
    let folder = Folder::new(&[("login.journey", &unsaid)]);
    let ran = folder.run(&["test", "login.journey"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.err.contains("nothing says how `login/risk` ends"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("reply risk { outcome"), "{}", ran.err);
}

#[test]
fn a_reply_that_nobody_waits_for_is_a_failure() {
    let text = GOOD.replace(
        "  answer",
        "  reply check { matches = false }\n  reply check { fails = \"x\" }\n  answer",
    );
    let text = text.replace(
        "expect success { user = \"demo\" }",
        "expect ask credentials",
    );
    let ran = folder(&text).run(&["test", "journeys"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.err
            .contains("nothing was asked of the outside by `login/check`"),
        "{}",
        ran.err
    );
}

const DEMO: &str = "test \"logs in\" for login {\n  given user demo { password = \"Ch4ng31t\" }\n  answer credentials { username = \"demo\", password = \"Ch4ng31t\" }\n";

#[test]
fn a_test_is_played_once_however_often_its_file_is_named() {
    let tests = format!("{DEMO}  expect success\n}}\n");
    let folder = Folder::new(&[("a/login.journey", LOGIN), ("a/login.test.journey", &tests)]);
    let named = [
        vec!["a/login.journey", "a/login.test.journey"],
        vec!["a/login.test.journey", "a/login.journey"],
        vec!["a", "a/login.journey"],
        vec!["a/login.test.journey", "./a"],
        vec!["a", "a"],
        vec!["a/login.test.journey"],
    ];
    for paths in named {
        let ran = folder.run(&[&["test"], &paths[..]].concat());
        assert_eq!(ran.code, 0, "{paths:?}: {}", ran.err);
        assert_eq!(ran.out, "ok     login: logs in\n", "{paths:?}");
        assert!(ran.err.contains("1 test, all passed"), "{}", ran.err);
    }
}

#[test]
fn a_test_that_expects_nothing_can_be_denied() {
    let folder = Folder::new(&[("login.journey", &format!("{LOGIN}\n{DEMO}}}\n"))]);
    assert_eq!(folder.run(&["test", "login.journey"]).code, 0);
    let ran = folder.run(&["test", "login.journey", "--deny", "no_expectation"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(
        ran.err.contains("denied: 1 test expects nothing"),
        "{}",
        ran.err
    );
}

#[test]
fn without_a_path_the_folder_of_journeys_is_taken_and_that_is_said() {
    let files = [
        ("journeys/login.journey", LOGIN),
        ("tests/golden/broken.journey", "journey {"),
        ("broken.journey", "journey {"),
    ];
    let folder = Folder::new(&files);
    for command in ["check", "test"] {
        let ran = folder.run(&[command]);
        assert_eq!(ran.code, 0, "{command}: {}", ran.err);
        let said = "no path is named: taking `journeys`\n";
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    let ran = folder.run(&["fmt", "--check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(folder.run(&["check", "."]).code, 1);
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains("no path is named"), "{}", ran.err);
}
