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

const OTP_GUARD: &str =
    "guard \"all\" {\n  ensure every path to success passes proof of password\n}\n";

#[test]
fn a_guard_that_promises_less_is_weaker() {
    let gone = [("old/x.guard.journey", OTP_GUARD)];
    let other = OTP_GUARD.replace("of password", "of otp");
    let wider = OTP_GUARD.replace("of password", "of password or proof of otp");
    let excepted = OTP_GUARD.replace("\"all\"", "\"all\" except login");
    let inside = format!("{LOGIN}\n{OTP_GUARD}");
    let cases: Vec<Vec<(&str, &str)>> = vec![
        gone.to_vec(),
        [&gone[..], &[("new/x.guard.journey", &*other)]].concat(),
        [&gone[..], &[("new/x.guard.journey", &*wider)]].concat(),
        [&gone[..], &[("new/x.guard.journey", &*excepted)]].concat(),
        vec![("old/login.journey", &*inside)],
    ];
    for case in cases {
        let mut files = vec![("old/login.journey", LOGIN), ("new/login.journey", LOGIN)];
        files.extend(case.iter().copied());
        let folder = Folder::new(&files);
        let ran = folder.run(&["diff", "old", "new", "--deny", "weaker"]);
        assert_eq!(ran.code, 1, "{case:?}: {}{}", ran.out, ran.err);
        assert!(
            ran.out.contains("guards\n  weaker    guard: "),
            "{}",
            ran.out
        );
        let back = folder.run(&["diff", "new", "old", "--deny", "stronger"]);
        assert_eq!(back.code, 1, "{case:?}: {}{}", back.out, back.err);
    }
    let renamed = OTP_GUARD.replace("\"all\"", "\"everybody\"");
    let folder = Folder::new(&[
        ("old/login.journey", LOGIN),
        ("new/login.journey", LOGIN),
        ("old/x.guard.journey", OTP_GUARD),
        ("new/y.guard.journey", &renamed),
    ]);
    let ran = folder.run(&["diff", "old", "new", "--deny", "any"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn a_promise_of_a_journey_that_is_taken_away_is_weaker() {
    let stated = LOGIN.trim_end().strip_suffix('}').unwrap();
    let stated = format!("{stated}  ensure every path to success passes proof of password\n}}\n");
    let folder = Folder::new(&[("a.journey", &*stated), ("b.journey", LOGIN)]);
    let ran = folder.run(&["diff", "a.journey", "b.journey", "--deny", "weaker"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("is not promised any more"), "{}", ran.out);
}
