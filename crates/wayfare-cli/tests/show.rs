//! `explain`, `graph`, `completions` and `new`.

use crate::support::{Folder, LOGIN};

#[test]
fn every_code_is_explained() {
    let folder = Folder::new(&[]);
    for code in wayfare::codes::ALL {
        let ran = folder.run(&["explain", code.word]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains(code.word), "{}", ran.out);
    }
    assert_eq!(folder.run(&["explain", "error[unwired_outcome]"]).code, 0);
    let ran = folder.run(&["explain", "unwired_outcom"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("did you mean `unwired_outcome`?"),
        "{}",
        ran.err
    );
    assert_eq!(
        folder.run(&["explain"]).out.lines().count(),
        wayfare::codes::ALL.len()
    );
}

#[test]
fn the_picture_has_every_arrow() {
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    let dot = folder.run(&["graph", "--to", "dot", "login.journey"]);
    assert_eq!(dot.code, 0, "{dot:?}");
    let expected = r#"digraph "Login" {
  node [shape=box, style=rounded];
  start [shape=point];
"#;
    assert!(dot.out.starts_with(expected), "{}", dot.out);
    assert_eq!(dot.out.matches(" -> ").count(), 4, "{}", dot.out);
    assert!(dot.out.contains(r#"[label="true"]"#), "{}", dot.out);
    let mermaid = folder.run(&["graph", "login.journey"]);
    assert!(mermaid.out.contains("flowchart TD"), "{}", mermaid.out);
    assert_eq!(mermaid.out.matches(" --> ").count(), 4, "{}", mermaid.out);
    let ran = folder.run(&["graph", "--journey", "nope", "login.journey"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(folder.run_with(&["graph", "-"], "journey x {").code, 1);
}

#[test]
fn pictures_are_written_one_a_journey() {
    let two = format!(
        "{LOGIN}\n{}",
        LOGIN.replace("journey login \"Login\"", "journey again")
    );
    let folder = Folder::new(&[("login.journey", LOGIN), ("two/all.journey", &two)]);
    let ran = folder.run(&["graph", "--to", "svg", "login.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.starts_with("<svg ") && ran.out.ends_with("</svg>\n"),
        "{}",
        ran.out
    );
    let ran = folder.run(&["graph", "--to", "svg", "two"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("`--out`"), "{}", ran.err);
    let ran = folder.run(&["graph", "--to", "svg", "--out", "pictures", "two"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    for name in ["again", "login"] {
        let picture = folder.read(&format!("pictures/{name}.svg"));
        assert!(picture.contains("role=\"img\""), "{picture}");
    }
    let ran = folder.run(&["graph", "--to", "svg", "--out", "login.journey", "two"]);
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn pictures_show_coverage_runs_findings_and_levels() {
    let folder = Folder::new(&[("a.journey", LOGIN)]);
    let run = |args: &[&str]| {
        let all = ["graph", "--to", "svg"]
            .iter()
            .chain(args)
            .chain(&["a.journey"]);
        folder.run(&all.copied().collect::<Vec<_>>())
    };
    let ran = run(&["--levels"]);
    assert!(
        ran.code == 0 && ran.out.contains(">level 0</text>"),
        "{ran:?}"
    );
    folder.write(
        "coverage.json",
        r#"{"schema":1,"journeys":[{"name":"login","nodes":[],"edges":[{"node":"check","on":"true","count":7,"reason":null}]}]}"#,
    );
    let ran = run(&["--coverage", "coverage.json"]);
    assert!(
        ran.code == 0 && ran.out.contains(">true ×7</text>"),
        "{ran:?}"
    );
    assert!(ran.out.contains("✗ never"), "{ran:?}");
    folder.write(
        "run.ndjson",
        "{\"wayfare_trace\":1}\n{\"left\":{\"node\":\"login/check\",\"outcome\":\"true\"}}\n",
    );
    let ran = run(&["--trace", "run.ndjson"]);
    assert!(
        ran.code == 0 && ran.out.contains(">true (1)</text>"),
        "{ran:?}"
    );
    for args in [
        ["--coverage", "run.ndjson"],
        ["--trace", "coverage.json"],
        ["--trace", "none.ndjson"],
        ["--finding", "ensure_failed"],
    ] {
        let ran = run(&args);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    }
    assert_eq!(run(&["--levels", "--finding", "x"]).code, 2);
    let ran = folder.run(&["graph", "--to", "dot", "--levels", "a.journey"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let open = LOGIN.replace(
        "  node check",
        "  ensure every path to success passes check.false\n\n  node check",
    );
    folder.write("a.journey", &open);
    let ran = run(&["--finding", "ensure_failed"]);
    assert!(
        ran.code == 1 && ran.out.contains(">true (2)</text>"),
        "{ran:?}"
    );
    assert!(ran.out.contains("error[ensure_failed]"), "{ran:?}");
}

#[test]
fn completions_are_printed() {
    let folder = Folder::new(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = folder.run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("wayfare"), "{shell}");
    }
}

#[test]
fn a_new_folder_is_clean_and_plays() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&["new", "mine"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("wayfare serve"), "{}", ran.out);
    let ran = folder.run(&["check", "--deny", "warnings", "mine/journeys"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = folder.run_with(&["run", "mine/journeys/login.journey"], "demo\nCh4ng31t\n");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "success: demo at level 0\n"),
        "{ran:?}"
    );
    let ran = folder.run(&["new", "mine"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("is not empty"), "{}", ran.err);
}

#[test]
fn the_readme_shows_what_is_said() {
    let readme = include_str!("../../../README.md");
    let shown: Vec<&str> = readme
        .split("```text\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let folder = Folder::new(&[]);
    assert_eq!(folder.run(&["new", "my-login"]).code, 0);
    let file = "my-login/journeys/login.journey";
    let text = folder.read(file);
    folder.write(file, &text.replace("    false -> attempts\n", ""));
    let ran = folder.run(&["check", "my-login/journeys"]);
    assert!(ran.err.contains(shown[0].trim_end()), "{}", ran.err);
    folder.write(file, &text.replace("false -> attempts", "false -> success"));
    let ran = folder.run(&["check", "my-login/journeys"]);
    for line in shown[1].lines() {
        assert!(ran.err.contains(line.trim()), "{line}\n{}", ran.err);
    }
}

#[test]
fn what_only_the_proofs_refuse_is_drawn() {
    let text = LOGIN.replace("true -> success", "true -> failure");
    let folder = Folder::new(&[("a.journey", &text)]);
    let ran = folder.run(&["graph", "--to", "dot", "a.journey"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("error["), "{}", ran.err);
    assert!(ran.out.contains("digraph"), "{}", ran.out);
    folder.write("a.journey", &text.replace("failure", "failur"));
    let ran = folder.run(&["graph", "--to", "dot", "a.journey"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
}
