//! `run`: a journey in the terminal.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use crate::support::{Folder, LOGIN, examples};

fn example(name: &str) -> String {
    examples().join(name).to_str().unwrap().to_owned()
}

#[test]
fn the_right_password_gets_in_and_a_wrong_one_does_not() {
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    let ran = folder.run_with(&["run", "login.journey", "--user", "ann:b:c"], "ann\nb:c\n");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "success: ann at level 0\n"),
        "{ran:?}"
    );
    let ran = folder.run_with(&["run", "login.journey", "--user", "ann:b"], "ann\nc\n");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.starts_with("failure: Login failure"), "{}", ran.out);
    assert!(!ran.err.contains("b:c"), "{}", ran.err);
    let ran = folder.run_with(&["run", "login.journey"], "demo\n");
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn the_world_is_that_of_tests() {
    // Names are compared as a server does.
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    let ran = folder.run_with(&["run", "login.journey", "--user", "ann:b"], "ANN\nb\n");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "success: ann at level 0\n"),
        "{ran:?}"
    );
}

#[test]
fn a_mailed_code_is_printed_and_taken() {
    let folder = Folder::new(&[]);
    let mut child = folder
        .command(&["run", &example("otp_step_up.journey")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"demo\nCh4ng31t\n").unwrap();
    let mut error = BufReader::new(child.stderr.take().unwrap()).lines();
    let code = error
        .find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("Your code is ")?;
            Some(rest.trim_end_matches('.').to_owned())
        })
        .expect("a code");
    input.write_all(format!("{code}\n").as_bytes()).unwrap();
    drop(input);
    for line in error {
        line.unwrap();
    }
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    assert_eq!(out, "success: demo at level 20\n");
    assert!(child.wait().unwrap().success());
}

#[test]
fn choices_are_made_by_number_or_by_name() {
    let folder = Folder::new(&[]);
    let journey = example("choice_of_factor.journey");
    let ran = folder.run_with(&["run", &journey], "demo\nCh4ng31t\n2\n");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "success: demo at level 5\n"),
        "{ran:?}"
    );
    let ran = folder.run_with(&["run", &journey], "demo\nCh4ng31t\npassword only\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = folder.run_with(&["run", &journey], "demo\nCh4ng31t\nCancel\n");
    assert_eq!(ran.code, 1, "{ran:?}");
    let ran = folder.run_with(&["run", &journey], "demo\nCh4ng31t\n9\n");
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn headers_languages_and_the_trace_are_there() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&[
        "run",
        &example("zero_page.journey"),
        "--header",
        "X-OpenAM-Username: demo",
        "--header",
        "X-OpenAM-Password: Ch4ng31t",
        "--trace",
    ]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "success: demo at level 0\n"),
        "{ran:?}"
    );
    assert!(ran.err.contains("zero_page/check -> true"), "{}", ran.err);
    assert!(!ran.err.contains("Ch4ng31t"), "{}", ran.err);
    let ran = folder.run_with(&["run", &example("login.journey"), "--locale", "fr"], "");
    assert!(ran.err.contains("Connexion"), "{}", ran.err);
}

#[test]
fn the_journey_of_a_file_is_chosen() {
    let folder = Folder::new(&[]);
    let file = example("inner_journey.journey");
    let ran = folder.run_with(&["run", &file], "demo\nCh4ng31t\n1\n");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "success: demo at level 10\n"),
        "{ran:?}"
    );
    let ran = folder.run(&["run", &file, "--journey", "Nope"]);
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn a_type_without_behaviour_is_named() {
    let text = LOGIN.replace(
        "true -> success",
        "true -> risky",
    )
    .replace(
        "\n  node check",
        "\n  node risky: PingOneIdentityMatch {\n    pingOneWorker = \"hr\"\n    true -> success\n    false -> failure\n    on error -> failure\n  }\n\n  node check",
    );
    let folder = Folder::new(&[("risky.journey", &text)]);
    assert_eq!(folder.run(&["check", "risky.journey"]).code, 0);
    let ran = folder.run(&["run", "risky.journey"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.err.contains("PingOneIdentityMatch") && ran.err.contains("not built yet"),
        "{}",
        ran.err
    );
}
