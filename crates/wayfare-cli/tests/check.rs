//! `check` and `fmt`.

use serde_json::Value as Json;

use crate::support::{Folder, LOGIN, examples};

#[test]
fn a_clean_folder_is_clean() {
    let folder = Folder::new(&[("journeys/login.journey", LOGIN)]);
    let ran = folder.run(&["check", "journeys"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    assert_eq!(ran.err, "1 file, no findings\n");
}

#[test]
fn the_examples_are_clean_and_formatted() {
    let folder = Folder::new(&[]);
    let examples = examples();
    let ran = folder.run(&["check", "--deny", "warnings", examples.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = folder.run(&["fmt", "--check", examples.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn what_node_types_refuse_is_found_before_anything_is_served() {
    let text = LOGIN.replace("start credentials", "start brand").replacen(
        "  node credentials",
        "  node brand: SetCustomCookie(name = \"a;b\", value = \"north\") -> credentials\n\n  \
             node credentials",
        1,
    );
    let folder = Folder::new(&[("login.journey", &text)]);
    let ran = folder.run(&["check", "login.journey"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let expected = "error[out_of_range]: `brand` cannot be set so: `a;b` is no name of a cookie\n";
    assert!(ran.err.starts_with(expected), "{}", ran.err);
    assert!(ran.err.contains(" --> login.journey:"), "{}", ran.err);
    let ran = folder.run(&["check", "--format", "json", "login.journey"]);
    assert!(ran.out.contains("out_of_range"), "{ran:?}");
    // What a handler or a script of somebody's own brings is not looked for.
    let text = text
        .replace("name = \"a;b\"", "name = \"ab\"")
        .replace("true -> success", "true -> risk")
        .replacen(
            "  node check",
            "  node risk: ScriptedDecision(script = \"mine\", outputs = []) {\n    low -> success\n  }\n\n  node check",
            1,
        );
    let folder = Folder::new(&[("login.journey", &text)]);
    let ran = folder.run(&["check", "login.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn names_in_settings_that_are_nothing_are_found_before_anything_is_served() {
    let text = LOGIN
        .replace("true -> success", "true -> which")
        .replacen(
            "  node check",
            "  node which: ChoiceCollector {\n    prompt = { en = \"Which?\" }\n    defaultChoice = \"Raeder\"\n    \
             Reader -> success\n    Other -> begin\n  }\n\n  \
             node begin: BackChannelInit(tree = \"Aprove\", idType = \"USER\") {\n    created -> success\n    \
             unknownSubject -> failure\n    error -> failure\n  }\n\n  node check",
            1,
        );
    let approve = LOGIN.replacen("login \"Login\"", "approve \"Approve\"", 1);
    let told = |approve: &str| {
        let folder = Folder::new(&[
            ("j/login.journey", text.as_str()),
            ("j/approve.journey", approve),
        ]);
        let ran = folder.run(&["check", "j"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        let lines = ran.err.lines().map(str::to_owned);
        lines
            .filter(|line| line.starts_with("error"))
            .collect::<Vec<_>>()
    };
    let default = "error[out_of_range]: `which` cannot be set so: setting `defaultChoice` is `Raeder`, which \
                   is none of the choices; did you mean `Reader`?";
    let tree = "error[out_of_range]: `begin` cannot be set so: setting `tree` is `Aprove`, which is no journey \
                that can be begun";
    assert_eq!(
        told(&approve),
        [default, &format!("{tree}; did you mean `Approve`?")]
    );
    // Of a file alone, the sibling that it begins is looked at with it.
    let right = text
        .replace("Raeder", "Reader")
        .replace("Aprove", "Approve");
    let folder = Folder::new(&[("login.journey", &right), ("approve.journey", &approve)]);
    let ran = folder.run(&["check", "login.journey"]);
    assert!(ran.err.starts_with("2 files"), "{}", ran.err);
    assert!(!ran.err.contains("out_of_range"), "{}", ran.err);
    let inner = approve.replacen('{', "{\n  innerTreeOnly = true", 1);
    assert_eq!(told(&inner), [default, tree]);
}

#[test]
fn a_mistake_is_drawn_with_its_mend() {
    let text = LOGIN.replace("    false -> failure\n", "");
    let folder = Folder::new(&[("login.journey", &text)]);
    let ran = folder.run(&["check", "login.journey"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    let expected = "\
error[unwired_outcome]: outcome `false` of `check` leads nowhere
";
    assert!(ran.err.starts_with(expected), "{}", ran.err);
    assert!(ran.err.contains(" --> login.journey:"), "{}", ran.err);
    assert!(ran.err.contains("false -> failure"), "{}", ran.err);
    assert!(
        ran.err.ends_with("1 file, 1 error, 0 warnings\n"),
        "{}",
        ran.err
    );
}

#[test]
fn findings_are_data_too() {
    let text = LOGIN.replace("DataStoreDecision", "DataStoreDecison");
    let folder = Folder::new(&[("login.journey", &text)]);
    let ran = folder.run(&["check", "--format", "json", "login.journey"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["errors"], 1);
    let finding = &report["diagnostics"][0];
    assert_eq!(finding["code"], "unknown_type");
    assert_eq!(finding["place"]["file"], "login.journey");
    assert_eq!(finding["place"]["start"]["line"], 10);
    assert_eq!(finding["fix"]["replacement"], "DataStoreDecision");
}

#[test]
fn a_run_is_data_too() {
    let text = "journey open {\n  start name\n\n  node name: UsernameCollector -> success\n}\n";
    let folder = Folder::new(&[("open.journey", text)]);
    let ran = folder.run(&["check", "--format", "json", "open.journey"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    let finding = &report["diagnostics"][0];
    assert_eq!(finding["code"], "unproved_success");
    let step = serde_json::json!({
        "journey": "open", "node": "name", "outcome": "outcome", "asks": ["Name"],
    });
    let route = serde_json::json!({ "journey": "open", "steps": [step], "end": "success" });
    assert_eq!(finding["route"], route);
}

#[test]
fn a_file_brings_in_the_sibling_it_names_and_no_other() {
    let caller = r"journey outer {
  start inner

  node inner: journey login {
    true -> success
    false -> failure
  }
}
";
    let folder = Folder::new(&[
        ("outer.journey", caller),
        ("login.journey", LOGIN),
        ("broken.journey", "journey broken {"),
    ]);
    let ran = folder.run(&["check", "outer.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.err, "2 files, no findings\n");
    let ran = folder.run(&["check", "."]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("broken.journey"), "{}", ran.err);
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let folder = Folder::new(&[]);
    assert_eq!(folder.run_with(&["check", "-"], LOGIN).code, 0);
    assert_eq!(folder.run_with(&["check", "-"], "journey x {").code, 1);
    let endless = " ".repeat(16 * 1_024 * 1_024 + 2);
    for arguments in [&["check", "-"], &["fmt", "-"]] {
        let ran = folder.run_with(arguments, &endless);
        assert_eq!(ran.code, 3);
        assert!(ran.err.contains("no journey is that long"), "{}", ran.err);
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = Folder::new(&[("empty/readme.txt", ""), ("bytes.journey", "")]);
    std::fs::write(folder.path().join("bytes.journey"), [0x66, 0xff, 0xfe]).unwrap();
    for (path, said) in [
        ("nope.journey", "`nope.journey` cannot be read"),
        ("empty", "there is no `.journey` file in `empty`"),
    ] {
        let ran = folder.run(&["check", path]);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
        assert!(ran.err.contains(said), "{path}: {}", ran.err);
    }
    let ran = folder.run(&["fmt", "bytes.journey"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("is not UTF-8"), "{}", ran.err);
    assert_eq!(folder.run(&["check", "--nope"]).code, 2);
}

#[test]
fn imports_stay_in_the_root() {
    let text = format!("import \"../secret.journey\"\n\n{LOGIN}");
    let folder = Folder::new(&[
        ("journeys/login.journey", text.as_str()),
        ("secret.journey", "let a = 1\n"),
    ]);
    let ran = folder.run(&["check", "journeys/login.journey"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("error[import_outside]"), "{}", ran.err);

    let text = format!("import \"lib/link.journey\"\n\n{LOGIN}");
    folder.write("journeys/login.journey", &text);
    folder.write("journeys/lib/other.journey", "let b = 1\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(
        folder.path().join("secret.journey"),
        folder.path().join("journeys/lib/link.journey"),
    )
    .unwrap();
    let ran = folder.run(&["check", "journeys/login.journey"]);
    assert!(ran.err.contains("error[import_outside]"), "{}", ran.err);
}

#[test]
fn warnings_and_exceptions_can_be_refused() {
    let kiosk = r#"journey kiosk {
  start name

  node name: UsernameCollector {
    allow unproved_success because "a kiosk"
    -> success
  }
}
"#;
    let folder = Folder::new(&[("kiosk.journey", kiosk)]);
    let ran = folder.run(&["check", "kiosk.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("allowed because a kiosk"), "{}", ran.err);
    assert_eq!(
        folder
            .run(&["check", "--deny", "allowed", "kiosk.journey"])
            .code,
        1
    );
    folder.write("unused.journey", &format!("let unused = 1\n\n{LOGIN}"));
    assert_eq!(folder.run(&["check", "unused.journey"]).code, 0);
    assert_eq!(
        folder
            .run(&["check", "--deny", "warnings", "unused.journey"])
            .code,
        1
    );
}

#[test]
fn colours_are_asked_for() {
    let folder = Folder::new(&[("x.journey", "journey x {\n")]);
    assert!(!folder.run(&["check", "x.journey"]).err.contains('\u{1b}'));
    assert!(
        folder
            .run(&["check", "--color", "always", "x.journey"])
            .err
            .contains('\u{1b}')
    );
}

#[test]
fn a_drawn_finding_is_small_whatever_the_line() {
    let long = format!(
        "let x = \"{}\"\njourney a {{ nope {} }}\n",
        "y".repeat(200_000),
        "z ".repeat(100_000)
    );
    let folder = Folder::new(&[("long.journey", &long)]);
    let ran = folder.run(&["check", "long.journey"]);
    assert_eq!(ran.code, 1);
    for finding in ran.err.split("\n\n") {
        assert!(finding.len() <= 4 * 1_024, "{} bytes", finding.len());
        for line in finding.lines() {
            assert!(line.chars().count() <= 240, "{}", line.chars().count());
        }
    }
}
#[test]
fn fmt_writes_the_one_form() {
    let untidy = LOGIN
        .replace("  start", "      start")
        .replace("    node", " node");
    let folder = Folder::new(&[("a/login.journey", &untidy)]);
    let ran = folder.run(&["fmt", "--check", "a"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(folder.read("a/login.journey"), untidy);
    assert_eq!(folder.run(&["fmt", "a"]).code, 0);
    assert_eq!(folder.read("a/login.journey"), LOGIN);
    assert_eq!(folder.run(&["fmt", "--check", "a"]).code, 0);
    let ran = folder.run_with(&["fmt", "-"], &untidy);
    assert_eq!((ran.code, ran.out.as_str()), (0, LOGIN));
    let ran = folder.run_with(&["fmt", "-"], "journey {");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
}

#[test]
fn a_parameter_that_no_file_declares_is_refused() {
    let text = format!("param tries: Int = 3\n{LOGIN}");
    let folder = Folder::new(&[("a.journey", &text), ("b/b.journey", LOGIN)]);
    for command in ["check", "run"] {
        let ran = folder.run(&[command, "a.journey", "--param", "tires=4"]);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
        let expected = "no file declares the parameter `tires`; did you mean `tries`?";
        assert!(ran.err.contains(expected), "{ran:?}");
    }
    let ran = folder.run(&["check", "b", "a.journey", "--param", "tries=4"]);
    assert_ne!(ran.code, 3, "one of them declares it: {ran:?}");
}

#[test]
fn a_file_in_another_encoding_is_a_finding_among_others() {
    let broken = LOGIN.replace("DataStoreDecision", "DataStoreDecison");
    let folder = Folder::new(&[("j/b.journey", &broken.replace("login \"Login\"", "other"))]);
    let mut foreign = b"// Pr".to_vec();
    foreign.extend(b"\xfcfung f\xfcr alle\n");
    foreign.extend(LOGIN.as_bytes());
    std::fs::write(folder.path().join("j/a.journey"), foreign).unwrap();
    let ran = folder.run(&["check", "--format", "json", "j"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["errors"], 2, "{report}");
    let finding = &report["diagnostics"][0];
    assert_eq!(finding["code"], "bad_encoding");
    assert_eq!(finding["place"]["file"], "j/a.journey");
    assert_eq!(finding["place"]["start"]["line"], 1);
    assert_eq!(finding["place"]["start"]["column"], 6);
    assert_eq!(report["diagnostics"][1]["code"], "unknown_type");
}

#[test]
fn a_long_line_has_the_columns_of_the_source() {
    let policy = "policy long \"https://app.example.com:443/a/*\", \"https://app.example.com:443/b/*\", \
                  \"https://a/../b\", \"https://a/./b\", \"https://é.example.com/a//b\", \"https://a/%2f\" {\n  \
                  actions = [GET]\n}\n";
    let folder = Folder::new(&[("long.journey", policy)]);
    let json = folder.run(&["check", "--format", "json", "long.journey"]);
    let report: Json = serde_json::from_str(&json.out).unwrap();
    let columns: Vec<u64> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["place"]["start"]["column"].as_u64().unwrap())
        .collect();
    assert!(
        columns.len() >= 3 && columns.iter().all(|c| *c > 60),
        "{columns:?}"
    );
    for color in ["never", "always"] {
        let ran = folder.run(&["check", "--color", color, "long.journey"]);
        let shown: Vec<u64> = ran
            .err
            .lines()
            .filter(|line| line.contains("--> "))
            .map(|line| line.rsplit(':').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(shown, columns, "{}", ran.err);
    }
}

#[test]
fn a_second_file_has_its_own_columns() {
    let long = LOGIN.replacen(' ', &" ".repeat(150), 1);
    let folder = Folder::new(&[("a.journey", &long), ("b.journey", &long)]);
    let ran = folder.run(&["check", "."]);
    for header in ["--> b.journey:", "::: a.journey:"] {
        let at = ran
            .err
            .lines()
            .find(|line| line.contains(header))
            .unwrap_or_default();
        assert!(at.ends_with(":1:158"), "{}", ran.err);
    }
}
