//! `levels`

use crate::support::{Folder, LOGIN, examples};

/// A way to 20 and a shorter one to 10, a loop without end, and one that nobody gets through.
const OTHERS: &str = r#"journey step_up "Step Up" {
  level = 10
  mustRun = true
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

  node raise: ModifyAuthLevel(authLevelIncrement = 10) -> more

  node more: ChoiceCollector(prompt = "More?") {
    yes -> again
    no -> success
  }

  node again: ModifyAuthLevel(authLevelIncrement = 10) -> success
}

journey endless {
  offered = false
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> more
    false -> failure
  }

  node more: ChoiceCollector(prompt = "More?") {
    yes -> raise
    no -> success
  }

  node raise: ModifyAuthLevel(authLevelIncrement = 1) -> more
}

journey never {
  allow no_success because "a test"
  innerTreeOnly = true
  start ask

  node ask: ChoiceCollector(prompt = "Which?") {
    a | b -> failure
  }
}
"#;

#[test]
fn the_table_says_what_each_journey_gives() {
    let folder = Folder::new(&[("a.journey", LOGIN), ("b.journey", OTHERS)]);
    let ran = folder.run(&["levels"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let expected = "\
journey  least   greatest  claimed
Login        0          0        -
Step Up     10         20       10  must run
endless      0  unbounded        -  not offered
never        -          -        -  never succeeds, inner only
";
    assert_eq!(ran.out, expected, "{}", ran.out);
    assert_eq!(ran.err, "");
    let one = folder.run(&["levels", "a.journey"]);
    assert_eq!(one.out.lines().count(), 2, "{}", one.out);
}

#[test]
fn what_no_menu_offers_is_marked() {
    let kiosk = r#"journey kiosk {
  start name

  node name: UsernameCollector {
    allow unproved_success because "a kiosk"
    -> success
  }
}
"#;
    let none = LOGIN.replacen("start ", "noSession = true\n  start ", 1);
    let folder = Folder::new(&[("a.journey", &none), ("b.journey", kiosk)]);
    let ran = folder.run(&["levels"]);
    let expected = "\
journey  least  greatest  claimed
Login        0         0        -  no session
kiosk        0         0        -  unproved
";
    assert_eq!(ran.out, expected, "{ran:?}");
    let ran = folder.run(&["levels", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["journeys"][0]["unproved"], false);
    assert_eq!(report["journeys"][1]["unproved"], true);
}

#[test]
fn programs_read_the_same_as_json() {
    let folder = Folder::new(&[("a.journey", LOGIN), ("b.journey", OTHERS)]);
    let ran = folder.run(&["levels", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["schema"], 1);
    let of = |key: &str| -> Vec<String> {
        let journeys = report["journeys"].as_array().unwrap().iter();
        journeys.map(|journey| journey[key].to_string()).collect()
    };
    assert_eq!(
        of("name"),
        ["\"login\"", "\"step_up\"", "\"endless\"", "\"never\""]
    );
    assert_eq!(of("wireName")[1], "\"Step Up\"");
    assert_eq!(of("least"), ["0", "10", "0", "null"]);
    assert_eq!(of("greatest"), ["0", "20", "\"unbounded\"", "null"]);
    assert_eq!(of("claimed"), ["null", "10", "null", "null"]);
    assert_eq!(of("offered"), ["true", "true", "false", "true"]);
    assert_eq!(of("mustRun"), ["false", "true", "false", "false"]);
    assert_eq!(of("innerTreeOnly"), ["false", "false", "false", "true"]);
}

#[test]
fn what_only_the_proofs_refuse_has_levels() {
    let text = OTHERS.replace("level = 10", "level = 15");
    let folder = Folder::new(&[("b.journey", &text)]);
    let ran = folder.run(&["levels"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("level_not_reached"), "{}", ran.err);
    assert!(
        ran.out.contains("Step Up     10         20       15"),
        "{}",
        ran.out
    );
    folder.write("b.journey", "journey x {");
    let ran = folder.run(&["levels"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    let ran = folder.run(&["levels", "none"]);
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn the_examples_have_levels() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&["levels", examples().to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let step_up = ran
        .out
        .lines()
        .find(|line| line.starts_with("StepUp "))
        .unwrap();
    let cells: Vec<&str> = step_up.split_whitespace().collect();
    assert_eq!(cells[1..3], ["20", "20"], "{step_up}");
}
