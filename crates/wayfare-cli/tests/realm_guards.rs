//! Guards on the command line: where they stand, and for which realm.

use crate::support::{Folder, LOGIN};

const OTP: &str = "guard \"customers\" for \"/alpha\" {
  ensure every path to success passes proof of otp
}
";

const CONFIG: &str = "[realms.\"/alpha\"]
journeys = [\"journeys\"]
guards = [\"security/customers.guard.journey\"]
";

#[test]
fn a_guard_in_the_folder_holds_for_its_realm() {
    let folder = Folder::new(&[("login.journey", LOGIN), ("c.guard.journey", OTP)]);
    // Nothing says which realm it is, so that the guard is taken for its own.
    let ran = folder.run(&["check", "."]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("guard_failed"), "{}", ran.err);
    let ran = folder.run(&["check", ".", "--realm", "/alpha/below"]);
    assert_eq!(ran.code, 1);
    let ran = folder.run(&["check", ".", "--realm", "/beta"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("idle_guard"), "{}", ran.err);
    let ran = folder.run(&["check", ".", "--realm", "beta"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
}

#[test]
fn a_guard_that_the_configuration_names_is_found() {
    let folder = Folder::new(&[
        ("wayfare.toml", CONFIG),
        ("journeys/login.journey", LOGIN),
        ("security/customers.guard.journey", OTP),
    ]);
    for command in ["check", "levels"] {
        let ran = folder.run(&[command, "journeys"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains("guard_failed"), "{}", ran.err);
    }
    folder.write(
        "security/customers.guard.journey",
        &OTP.replace("of otp", "of password"),
    );
    let ran = folder.run(&["check", "journeys"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    folder.write("wayfare.toml", &CONFIG.replace("customers", "customer"));
    let ran = folder.run(&["check", "journeys"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
}

#[test]
fn a_single_file_has_the_guards_of_its_folder_to_meet() {
    let all = OTP.replace(" for \"/alpha\"", "");
    let other = LOGIN.replace("journey login \"Login\"", "journey other \"Other\"");
    let folder = Folder::new(&[
        ("login.journey", LOGIN),
        ("other.journey", &other),
        ("c.guard.journey", &all),
    ]);
    let ran = folder.run(&["check", "login.journey"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("guard_failed"), "{}", ran.err);
    assert!(ran.err.contains("2 files"), "{}", ran.err);
    let excepted = all.replace("\"customers\"", "\"customers\" except other, login");
    folder.write("c.guard.journey", &excepted);
    let ran = folder.run(&["check", "login.journey"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains("unknown_journey"), "{}", ran.err);
}

#[test]
fn a_single_file_has_the_guards_to_meet_that_the_configuration_names() {
    let folder = Folder::new(&[
        ("wayfare.toml", CONFIG),
        ("journeys/login.journey", LOGIN),
        ("security/customers.guard.journey", OTP),
    ]);
    let ran = folder.run(&["check", "journeys/login.journey"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("guard_failed"), "{}", ran.err);
}
