//! `explain`, `graph`, `completions` and `new`.

use crate::support::{Folder, LOGIN};

#[test]
fn every_code_is_explained() {
    let folder = Folder::new(&[]);
    for code in wayfare::codes::ALL {
        let ran = folder.run(&["explain", code.word]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        let head = format!("{}[{}]: {}\n\n", code.severity, code.word, code.summary);
        assert!(ran.out.starts_with(&head), "{}", ran.out);
        assert!(ran.out.contains("\nMend it: "), "{}", ran.out);
        let last = if code.allowable {
            format!("\n\nAn exception: `allow {} because \"…\"`.\n", code.word)
        } else {
            "\n\nNo `allow` can name it.\n".to_owned()
        };
        assert!(ran.out.ends_with(&last), "{}", ran.out);
        let (bad, good) = (
            ran.out.contains("\nBad:\n\n    "),
            ran.out.contains("\nGood:\n\n    "),
        );
        assert_eq!(bad, good, "{}", ran.out);
        for line in ran.out.lines().skip(1) {
            let is_prose = !line.starts_with("    ");
            assert!(!is_prose || line.chars().count() <= 80, "{line}");
            assert!(
                !line.starts_with("```") && line.trim_end() == line,
                "{line}"
            );
            assert!(
                !is_prose || !(line.contains("**") || line.contains("](")),
                "{line}"
            );
        }
    }
}

#[test]
fn a_code_is_explained_as_this() {
    let folder = Folder::new(&[]);
    let expected = r#"warning[colon_in_wire_name]: a colon in a name on the wire reads as a realm in an advice

In an advice, what stands before a colon is read as a realm. A client that asks
for this journey by advice would be sent to another one, or to none.

Bad:

    journey login "Log:in" {
"#;
    // People paste what they see.
    for word in ["colon_in_wire_name", "warning[colon_in_wire_name]:"] {
        let ran = folder.run(&["explain", word]);
        assert!(ran.out.starts_with(expected), "{}", ran.out);
    }
}

#[test]
fn all_codes_are_listed_by_pass() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&["explain"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut lines = ran.out.lines();
    for pass in wayfare::codes::PASSES {
        assert_eq!(lines.next(), Some(pass.name));
        for code in pass.codes {
            let words: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
            assert_eq!(words[..2], [code.word, &code.severity.to_string()]);
            assert_eq!(words[2..].join(" "), code.summary);
        }
        assert_eq!(lines.next().unwrap_or_default(), "");
    }
    assert_eq!(lines.next(), None);
    let passes = wayfare::codes::PASSES.iter().map(|pass| pass.codes.len());
    assert_eq!(passes.sum::<usize>(), wayfare::codes::ALL.len());
}

#[test]
fn an_unknown_code_is_guessed_at() {
    let folder = Folder::new(&[]);
    for (word, hint) in [
        (
            "unwired_outcom",
            "there is no finding `unwired_outcom`; did you mean `unwired_outcome`?",
        ),
        ("error[enshure_failed]", "did you mean `ensure_failed`?"),
        (
            "E0308",
            "there is no finding `E0308`; `wayfare explain` lists all",
        ),
        ("", "there is no finding ``"),
    ] {
        for format in ["human", "json"] {
            let ran = folder.run(&["explain", word, "--format", format]);
            assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
            assert!(ran.err.contains(hint), "{}", ran.err);
        }
    }
}

#[test]
fn explanations_have_colours_where_they_are_wanted() {
    let folder = Folder::new(&[]);
    for arguments in [&["explain"][..], &["explain", "loose_end"]] {
        let plain = folder.run(arguments).out;
        assert!(!plain.contains('\u{1b}'), "{plain}");
        let colored = folder
            .run(&[arguments, &["--color", "always"]].concat())
            .out;
        assert!(colored.contains("\u{1b}[1;33mwarning"), "{colored}");
        let mut bare = String::new();
        for (at, part) in colored.split('\u{1b}').enumerate() {
            let shown = part.split_once('m').filter(|_| at > 0);
            bare.push_str(shown.map_or(part, |(_, shown)| shown));
        }
        assert_eq!(bare, plain);
    }
}

#[test]
fn explanations_are_data_too() {
    let folder = Folder::new(&[]);
    let json = |arguments: &[&str]| -> serde_json::Value {
        let ran = folder.run(&[arguments, &["--format", "json", "--color", "always"]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    };
    let all = json(&["explain"]);
    assert_eq!(all["schema"], 1);
    let listed = all["codes"].as_array().unwrap();
    assert_eq!(listed.len(), wayfare::codes::ALL.len());
    for (code, listed) in wayfare::codes::ALL.iter().zip(listed) {
        let page = json(&["explain", code.word]);
        assert_eq!(page["schema"], 1);
        for key in ["code", "pass", "severity", "allowable", "summary"] {
            assert_eq!(page[key], listed[key], "{code} {key}");
        }
        assert_eq!(page["code"], code.word);
        assert_eq!(page["allowable"], code.allowable);
        for key in ["meaning", "mend"] {
            assert!(
                page[key].as_str().is_some_and(|text| text.len() > 10),
                "{code} {key}"
            );
        }
        assert_eq!(page["bad"].is_null(), page["good"].is_null(), "{code}");
    }
    let page = json(&["explain", "unwired_outcome"]);
    assert_eq!(page["pass"], "wiring");
    let bad = page["bad"].as_str().unwrap();
    let good = page["good"].as_str().unwrap();
    assert_eq!(folder.run_with(&["check", "-"], bad).code, 1);
    assert_eq!(folder.run_with(&["check", "-"], good).code, 0);
}

/// The one page whose bad journey compiles; what is wrong with it is seen when it is played.
#[test]
fn the_page_of_a_failed_test_shows_one() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&["explain", "test_failed", "--format", "json"]);
    let page: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    folder.write("bad.journey", page["bad"].as_str().unwrap());
    folder.write("good.journey", page["good"].as_str().unwrap());
    let ran = folder.run(&["test", "bad.journey"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        format!("{}{}", ran.out, ran.err).contains("test_failed"),
        "{ran:?}"
    );
    let ran = folder.run(&["test", "good.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
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
