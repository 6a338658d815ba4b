//! `diff`

use crate::support::{Folder, LOGIN, examples};

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_same_files_have_no_changes() {
    let folder = Folder::new(&[("a.journey", LOGIN), ("b.journey", LOGIN)]);
    let ran = folder.run(&["diff", "a.journey", "b.journey", "--deny", "any"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "nothing has changed\n"));
    let all = examples();
    let all = all.to_str().unwrap();
    let ran = folder.run(&["diff", all, all, "--deny", "any"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn a_weakening_is_shown_with_its_run_and_denied() {
    let weak = LOGIN.replace("false -> failure", "false -> success");
    let folder = Folder::new(&[("old/login.journey", LOGIN), ("new/login.journey", &weak)]);
    let ran = folder.run(&["diff", "old", "new"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("refused by 1 finding"), "{}", ran.err);
    let wanted = "  weaker    proof: success can be reached with no proof; before it took password\n            \
                  now: credentials [Name, Password] -> check.false -> success\n";
    assert!(ran.out.contains(wanted), "{}", ran.out);
    assert_eq!(
        folder.run(&["diff", "old", "new", "--deny", "weaker"]).code,
        1
    );
    assert_eq!(
        folder.run(&["diff", "new", "old", "--deny", "weaker"]).code,
        0
    );
    assert_eq!(
        folder
            .run(&["diff", "new", "old", "--deny", "stronger"])
            .code,
        1
    );
}

#[test]
fn changes_as_json_carry_their_runs() {
    let weak = LOGIN.replace("false -> failure", "false -> success");
    let folder = Folder::new(&[("a.journey", LOGIN), ("b.journey", &weak)]);
    let ran = folder.run_with(&["diff", "-", "b.journey", "--format", "json"], LOGIN);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let report = json(&ran.out);
    assert_eq!(report["schema"], 1);
    assert_eq!(report["samePaths"], serde_json::json!([]));
    let changes = report["changes"].as_array().unwrap();
    let proof = changes.iter().find(|c| c["topic"] == "proof").unwrap();
    assert_eq!(proof["direction"], "weaker");
    assert_eq!(proof["journey"], "Login");
    assert_eq!(proof["run"]["allowed"], "after");
    assert_eq!(proof["run"]["route"]["steps"][1]["node"], "check");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let folder = Folder::new(&[("a.journey", LOGIN), ("b.journey", "journey {")]);
    let ran = folder.run(&["diff", "a.journey", "b.journey"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("cannot be compiled"), "{}", ran.err);
    assert_eq!(folder.run(&["diff", "a.journey", "gone.journey"]).code, 3);
    assert_eq!(folder.run(&["diff", "-", "-"]).code, 3);
    assert_eq!(folder.run(&["diff", "a.journey"]).code, 2);
}
