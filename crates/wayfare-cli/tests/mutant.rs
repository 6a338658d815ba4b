//! `test --mutants`

use crate::support::{Folder, LOGIN};

const WEAK: &str = "
test \"the right password\" for login {
  given user demo { password = \"Ch4ng31t\" }
  answer credentials { username = \"demo\", password = \"Ch4ng31t\" }
  expect success
}
";

/// The login with a level that the test does not look at.
fn raised() -> String {
    let last = LOGIN.trim_end().strip_suffix('}').unwrap();
    let raised = last.replace("true -> success", "true -> raise");
    format!(
        "{raised}\n  node raise: ModifyAuthLevel(authLevelIncrement = 5) -> success\n}}\n{WEAK}"
    )
}

#[test]
fn survivors_are_shown_with_a_run_and_are_no_clean_end() {
    let folder = Folder::new(&[("login.journey", &raised())]);
    let ran = folder.run(&["test", "login.journey", "--mutants"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("survived: login: "), "{}", ran.out);
    assert!(
        ran.out
            .contains("    test \"tells the mutant\" for login {\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("    // as changed: "), "{}", ran.out);
    assert!(ran.out.contains(" refused by the proofs, "), "{}", ran.out);

    let ran = folder.run(&["test", "login.journey", "--mutants", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["schema"], 1);
    let sum: u64 = ["refused", "killed", "survived", "equivalent"]
        .iter()
        .map(|key| json[key].as_u64().unwrap())
        .sum();
    assert_eq!(json["mutants"], sum);
    assert!(
        json["survived"].as_u64() > Some(0) && json["refused"].as_u64() > Some(0),
        "{}",
        ran.out
    );
    assert!(json["scoreThousandths"].as_u64() < Some(1_000));
}

#[test]
fn a_budget_of_mutants_is_told() {
    let folder = Folder::new(&[("login.journey", &format!("{LOGIN}{WEAK}"))]);
    let ran = folder.run(&["test", "login.journey", "--mutants", "--mutants-max", "2"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("2 mutants: ") && ran.out.contains(" were not judged"),
        "{}",
        ran.out
    );
}

#[test]
fn a_test_that_fails_already_judges_nobody() {
    let wrong = WEAK.replace("expect success", "expect failure");
    let folder = Folder::new(&[("login.journey", &format!("{LOGIN}{wrong}"))]);
    let ran = folder.run(&["test", "login.journey", "--mutants"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err
            .contains("the test `the right password` fails without any change"),
        "{}",
        ran.err
    );
}

#[test]
fn a_score_of_nothing_is_none() {
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    let args = ["test", "login.journey", "--mutants", "--mutants-max", "0"];
    let ran = folder.run(&args);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("score none"), "{}", ran.out);
    assert!(ran.out.contains("mutants were not judged"), "{}", ran.out);
    let ran = folder.run(&[&args[..], &["--format", "json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(report["scoreThousandths"].is_null(), "{}", ran.out);
    assert!(report["notJudged"].as_u64().unwrap() > 0, "{}", ran.out);
}
