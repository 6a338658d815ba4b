//! `check` in a folder with settings: every realm, with what its wires run.

use crate::support::{Folder, LOGIN};

/// The settings of the page of `unknown_form`.
const BROKEN: &str = "[realms.\"/alpha\".capture]

[realms.\"/alpha\".bindings.\"capture.auth_native_traditional.signInForm\"]
journey = \"login\"
fields = { signInEmailAdress = \"username\", currentPassword = \"password\" }
on = { invalid_credentials = 210 }
";

fn found(err: &str) -> Vec<&str> {
    err.lines()
        .filter(|line| line.starts_with("error[") || line.contains(" --> "))
        .collect()
}

#[test]
fn a_broken_binding_is_found_without_a_path() {
    let login = LOGIN.replace(" \"Login\"", "");
    let folder = Folder::new(&[("wayfare.toml", BROKEN), ("journeys/login.journey", &login)]);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let said = "no path is named: taking `journeys`, of `/alpha` in `wayfare.toml`\n";
    assert!(ran.err.starts_with(said), "{}", ran.err);
    assert_eq!(
        found(&ran.err),
        [
            "error[unknown_form]: `capture.auth_native_traditional.signInForm` binds `signInEmailAdress`, which \
             is no field of the form",
            " --> wayfare.toml:5:12",
        ],
        "{}",
        ran.err
    );
    folder.write("wayfare.toml", &BROKEN.replace("Adress", "Address"));
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // The same of a realm that says where its journeys are.
    let named = "[realms.\"/alpha\"]\njourneys = [\"journeys\"]\n".to_owned() + BROKEN;
    folder.write("wayfare.toml", &named);
    for arguments in [
        &["check"] as &[&str],
        &["check", "journeys"],
        &["check", "."],
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, 1, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains("unknown_form"), "{}", ran.err);
    }
}

#[test]
fn every_realm_is_checked_with_all_its_journeys() {
    let login = LOGIN.replace(" \"Login\"", "");
    let other = LOGIN.replace("journey login \"Login\"", "journey other");
    let bound = |realm: &str, journey: &str| {
        format!(
            "[realms.\"{realm}\".bindings.\"autoid.login\"]\njourney = \"{journey}\"\n\
             fields = {{ username = \"username\", password = \"password\" }}\n"
        )
    };
    let settings = "[realms.\"/alpha\"]\njourneys = [\"a\", \"b/other.journey\"]\n\
                    [realms.\"/beta\"]\njourneys = [\"a\"]\n\
                    [realms.\"/gamma\"]\njourneys = [\"a\"]\n"
        .to_owned()
        + &bound("/alpha", "other");
    let folder = Folder::new(&[
        ("wayfare.toml", &settings),
        ("a/login.journey", &login),
        ("b/other.journey", &other),
        ("journeys/broken.journey", "journey {"),
    ]);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let said = "no path is named: taking `a`, `b/other.journey`, of `/alpha`, `/beta`, `/gamma` in \
                `wayfare.toml`\n4 files, no findings\n";
    assert_eq!(ran.err, said);
    // Of a realm with journeys elsewhere, too, not all are at hand.
    let ran = folder.run(&["check", "a"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // What two realms with the same journeys say is asked of each.
    let beside = bound("/beta", "login") + &bound("/gamma", "other");
    folder.write("wayfare.toml", &(settings + &beside));
    for arguments in [
        &["check"] as &[&str],
        &["check", "a"],
        &["check", "--realm", "/gamma"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, 1, "{arguments:?}: {}", ran.err);
        // Where a path is named, the settings above it are called by their whole path.
        let expected = "error[unknown_bound_journey]: `autoid.login` runs `other`, and there is no such journey";
        let [said, place] = found(&ran.err)[..] else {
            panic!("{arguments:?}: {}", ran.err);
        };
        assert_eq!(said, expected, "{arguments:?}");
        assert!(place.ends_with("wayfare.toml:14:11"), "{place}");
    }
    let ran = folder.run(&["check", "--realm", "/beta"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn a_flow_that_cannot_be_read_is_told() {
    let login = LOGIN.replace(" \"Login\"", "");
    let settings = "[realms.\"/alpha\".capture]\nflows = [\"shop.json\"]\n";
    let folder = Folder::new(&[
        ("wayfare.toml", settings),
        ("journeys/login.journey", &login),
    ]);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let said = "the flows of `/alpha` cannot be read: shop.json: ";
    assert!(ran.err.contains(said), "{}", ran.err);
    folder.write("shop.json", "{ \"name\": 3 }");
    let ran = folder.run(&["check", "--realm", "/alpha"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains(said), "{}", ran.err);
}

#[test]
fn journeys_that_wires_name_must_be_there() {
    let login = LOGIN.replace(" \"Login\"", "");
    let settings = "[realms.\"/alpha\".oauth.acr]\nstrong = { journey = \"logn\" }\n\
                    [realms.\"/alpha\".capture.journeys]\nsign_in = \"Nope\"\n";
    let folder = Folder::new(&[
        ("wayfare.toml", settings),
        ("journeys/login.journey", &login),
    ]);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(
        found(&ran.err),
        [
            "error[unknown_bound_journey]: `oauth.acr.strong` names `logn`, and there is no such journey",
            " --> wayfare.toml:2:22",
            "error[unknown_bound_journey]: `capture.journeys.sign_in` names `Nope`, and there is no such journey",
            " --> wayfare.toml:4:11",
        ],
        "{}",
        ran.err
    );
}
