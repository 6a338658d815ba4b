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
