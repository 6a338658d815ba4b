//! `run --record` and `trace`

use crate::support::{Folder, LOGIN};

fn recorded(names: &str) -> Folder {
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    let arguments = [
        "run",
        "login.journey",
        "--record",
        "run.ndjson",
        "--names",
        names,
    ];
    let ran = folder.run_with(&arguments, "demo\nCh4ng31t\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    folder
}

#[test]
fn a_run_is_recorded_shown_and_taken_again() {
    let folder = recorded("kept");
    let record = folder.read("run.ndjson");
    assert!(record.starts_with("{\"wayfare_trace\":1,"), "{record}");
    assert!(
        record.contains("{\"left\":{\"node\":\"login/check\",\"outcome\":\"true\"}}"),
        "{record}"
    );
    assert!(!record.contains("Ch4ng31t"), "{record}");
    let shown = folder.run(&["trace", "show", "run.ndjson"]);
    assert_eq!(shown.code, 0);
    assert!(
        shown.out.contains("> answers \"demo\", (hidden)"),
        "{}",
        shown.out
    );
    assert!(
        shown.out.contains("success of demo at level 0"),
        "{}",
        shown.out
    );
    let again = folder.run(&["trace", "replay", "run.ndjson", "login.journey"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    assert!(
        again.out.starts_with("the same program, the same run"),
        "{}",
        again.out
    );
    // The record is not overwritten.
    let twice = folder.run_with(
        &["run", "login.journey", "--record", "run.ndjson"],
        "demo\nno\n",
    );
    assert_eq!(twice.code, 3);
    assert_eq!(folder.read("run.ndjson"), record);
}

#[test]
fn another_version_says_what_changes() {
    let folder = recorded("hidden");
    assert!(!folder.read("run.ndjson").contains("demo"));
    let raised = LOGIN.replace(
        "    true -> success\n",
        "    true -> active\n",
    ).replace(
        "    false -> failure\n  }\n",
        "    false -> failure\n  }\n\n  node active: AccountActiveDecision {\n    true -> success\n    false -> failure\n  }\n",
    );
    folder.write("new/login.journey", &raised);
    let again = folder.run(&["trace", "replay", "run.ndjson", "new"]);
    assert_eq!(again.code, 1, "{}{}", again.out, again.err);
    assert!(
        again.out.contains("another program, another run"),
        "{}",
        again.out
    );
    let json = folder.run(&["trace", "replay", "run.ndjson", "new", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["sameRun"], false);
    assert!(
        report["divergence"]["after"]
            .as_str()
            .unwrap()
            .contains("login"),
        "{report}"
    );
}

#[test]
fn what_is_no_record_is_said() {
    let folder = Folder::new(&[("login.journey", LOGIN), ("no.ndjson", "{}\n")]);
    let ran = folder.run(&["trace", "show", "no.ndjson"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("not the header of a record"),
        "{}",
        ran.err
    );
    assert_eq!(folder.run(&["trace", "show", "gone.ndjson"]).code, 3);
    assert_eq!(folder.run(&["trace", "replay", "no.ndjson"]).code, 3);
    assert_eq!(folder.run(&["trace"]).code, 2);
}

#[test]
fn what_differs_beside_the_steps_is_said() {
    let folder = recorded("kept");
    let staged = LOGIN.replace(
        "  node credentials: Page {\n",
        "  node credentials: Page {\n    stage = \"Other\"\n",
    );
    folder.write("new/login.journey", &staged);
    let again = folder.run(&["trace", "replay", "run.ndjson", "new"]);
    assert_eq!(again.code, 1, "{}{}", again.out, again.err);
    assert!(
        again
            .out
            .starts_with("another program, the same steps, but not the same run"),
        "{}",
        again.out
    );
    assert!(
        again.out.contains("\nwhat was asked differs\n"),
        "{}",
        again.out
    );
    // A record that was touched: the clock of the run is not the one that it began with.
    let record = folder.read("run.ndjson");
    let (at, rest) = record.split_once("\"times\":").unwrap();
    let touched = format!("{at}\"times\":9{rest}");
    folder.write("touched.ndjson", &touched);
    let again = folder.run(&[
        "trace",
        "replay",
        "touched.ndjson",
        "login.journey",
        "--format",
        "json",
    ]);
    let report: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(
        (again.code, &report["sameRun"]),
        (1, &serde_json::json!(false)),
        "{report}"
    );
    assert!(
        !report["differences"].as_array().unwrap().is_empty(),
        "{report}"
    );
}
