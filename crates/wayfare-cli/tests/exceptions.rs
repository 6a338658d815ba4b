//! What `check` says of journeys that were imported: the list of exceptions, gravest first.

use std::fmt::Write as _;

use crate::support::{Folder, LOGIN};

/// A journey as an import writes it: it tries passwords for ever, lets in whoever has a name, and has an
/// arrow that leads nowhere.
const IMPORTED: &str = r#"journey open "Open" {
  start name

  node name: UsernameCollector -> password

  node password: PasswordCollector -> check

  node check: DataStoreDecision {
    true -> score
    false -> name
    allow unbounded_password_loop because "imported from AM"
  }

  node score: ChoiceCollector(defaultChoice = "a", prompt = { en = "?" }) {
    a -> success
    b -> nowhere
    allow loose_end because "imported from AM"
  }
}

journey free "Free" {
  start name

  node name: UsernameCollector {
    -> success
    allow unproved_success because "imported from AM"
  }
}
"#;

#[test]
fn exceptions_of_an_import_are_a_list_gravest_first() {
    let folder = Folder::new(&[("open.journey", IMPORTED)]);
    let ran = folder.run(&["check", "open.journey"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    assert_eq!(
        ran.err,
        "\
what came with the import, gravest first (`--all` draws each):

ways in without a limit
  unbounded_password_loop: a secret can be tried without a limit (1 in 1 file)
    open.journey:8:8: a secret can be tried at `check` without a limit

identity not bound
  unproved_success: success is reached without a proof of who logs in (1 in 1 file)
    open.journey:24:8: `name` leads to success without a proof of who logs in

arrows that lead nowhere
  loose_end: an arrow is declared to lead nowhere (1 in 1 file)
    open.journey:16:5: outcome `b` of `score` is declared to lead nowhere

1 file, no findings, 3 exceptions allowed
"
    );
}

#[test]
fn each_of_them_is_drawn_where_that_is_wanted() {
    let folder = Folder::new(&[("open.journey", IMPORTED)]);
    let ran = folder.run(&["check", "--all", "open.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.err
            .matches("= note: allowed because imported from AM")
            .count(),
        3,
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("gravest first"), "{}", ran.err);
}

#[test]
fn the_exceptions_of_a_person_are_drawn_as_they_were() {
    let own = IMPORTED.replace("imported from AM", "the pilot group asked for it");
    let folder = Folder::new(&[("open.journey", &own)]);
    let ran = folder.run(&["check", "open.journey"]);
    assert_eq!(
        ran.err.matches("= note: allowed because the pilot").count(),
        3,
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("gravest first"), "{}", ran.err);
    let folder = Folder::new(&[("login.journey", LOGIN)]);
    assert_eq!(
        folder.run(&["check", "login.journey"]).err,
        "1 file, no findings\n"
    );
}

#[test]
fn a_pipeline_may_refuse_them_and_programs_see_each() {
    let folder = Folder::new(&[("open.journey", IMPORTED)]);
    let ran = folder.run(&["check", "--deny", "allowed", "open.journey"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let ran = folder.run(&["check", "--format", "json", "open.journey"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["allowed"], 3);
    assert_eq!(report["diagnostics"].as_array().unwrap().len(), 3);
}

#[test]
fn of_many_a_few_places_are_shown() {
    let mut text = String::new();
    for number in 0..40 {
        let _ = write!(
            text,
            "journey free_{number} {{\n  start name\n\n  node name: UsernameCollector {{\n    -> success\n    \
             allow unproved_success because \"imported from AM\"\n  }}\n}}\n"
        );
    }
    let folder = Folder::new(&[("free.journey", &text)]);
    let ran = folder.run(&["check", "free.journey"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("(40 in 1 file)"), "{}", ran.err);
    assert!(ran.err.contains("    and 37 more\n"), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 10, "{}", ran.err);
}
