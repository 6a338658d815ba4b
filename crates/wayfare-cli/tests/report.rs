//! `check --format sarif` and `check --fix`

use serde_json::Value;

use crate::support::{Folder, LOGIN};

/// What SARIF 2.1.0 demands of a log like ours: the properties that must be there, and what they hold.
fn holds_to_the_form(log: &Value) {
    assert_eq!(log["version"], "2.1.0");
    assert!(
        log["$schema"]
            .as_str()
            .unwrap()
            .ends_with("sarif-schema-2.1.0.json")
    );
    let run = &log["runs"][0];
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "wayfare");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["id"].is_string());
        assert!(rule["shortDescription"]["text"].is_string());
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty(), "{rule}");
        let level = rule["defaultConfiguration"]["level"].as_str().unwrap();
        assert!(["error", "warning"].contains(&level));
    }
    for result in run["results"].as_array().unwrap() {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[at]["id"], result["ruleId"]);
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].is_string());
        for location in result["locations"].as_array().unwrap() {
            is_place(run, &location["physicalLocation"]);
        }
        for flow in result["codeFlows"].as_array().into_iter().flatten() {
            for thread in flow["threadFlows"].as_array().unwrap() {
                let stops = thread["locations"].as_array().unwrap();
                assert!(!stops.is_empty());
                for stop in stops {
                    assert!(stop["location"]["message"]["text"].is_string());
                    is_place(run, &stop["location"]["physicalLocation"]);
                }
            }
        }
        for fix in result["fixes"].as_array().into_iter().flatten() {
            let change = &fix["artifactChanges"][0];
            assert!(change["artifactLocation"]["uri"].is_string());
            assert!(change["replacements"][0]["deletedRegion"]["startLine"].is_u64());
            assert!(change["replacements"][0]["insertedContent"]["text"].is_string());
        }
        for suppression in result["suppressions"].as_array().into_iter().flatten() {
            assert_eq!(suppression["kind"], "inSource");
            assert!(suppression["justification"].is_string());
        }
    }
}

fn is_place(run: &Value, place: &Value) {
    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
    let index = usize::try_from(place["artifactLocation"]["index"].as_u64().unwrap()).unwrap();
    assert_eq!(run["artifacts"][index]["location"]["uri"], uri);
    assert!(!uri.contains(' ') && !uri.contains('\\'), "{uri}");
    let region = &place["region"];
    let number = |key: &str| region[key].as_u64().unwrap();
    assert!(number("startLine") >= 1 && number("startColumn") >= 1);
    assert!(
        (number("endLine"), number("endColumn")) >= (number("startLine"), number("startColumn"))
    );
}

fn log(ran: &str) -> Value {
    let log: Value = serde_json::from_str(ran).unwrap();
    holds_to_the_form(&log);
    log
}

#[test]
fn findings_are_written_as_sarif_with_runs_fixes_and_exceptions() {
    let weak = LOGIN.replace("false -> failure", "false -> success");
    let allowed = weak.replace(
        "  node check: DataStoreDecision {\n",
        "  node check: DataStoreDecision {\n    allow unproved_success because \"a \\\"demo\\\"\"\n",
    );
    let misspelt = LOGIN.replace("-> check", "-> chekc");
    let folder = Folder::new(&[
        ("weak one.journey", &weak),
        (
            "allowed.journey",
            &allowed.replace("journey login \"Login\"", "journey other \"Other\""),
        ),
        ("misspelt.journey", &misspelt),
    ]);
    let ran = folder.run(&["check", "--format", "sarif", "weak one.journey"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let found = log(&ran.out);
    let result = &found["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "unproved_success");
    assert_eq!(
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "weak%20one.journey"
    );
    let stops = &result["codeFlows"][0]["threadFlows"][0]["locations"];
    assert_eq!(
        stops[0]["location"]["message"]["text"],
        "credentials [Name, Password]"
    );
    let allowed = log(&folder
        .run(&["check", "--format", "sarif", "allowed.journey"])
        .out);
    let result = &allowed["runs"][0]["results"][0];
    assert_eq!(result["suppressions"][0]["justification"], "a \"demo\"");
    let misspelt = log(&folder
        .run(&["check", "--format", "sarif", "misspelt.journey"])
        .out);
    let fix = &misspelt["runs"][0]["results"][0]["fixes"][0];
    let replacement = &fix["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "check");
    let clean = Folder::new(&[("login.journey", LOGIN)]);
    let ran = clean.run(&["check", "--format", "sarif", "login.journey"]);
    assert_eq!(ran.code, 0);
    assert_eq!(log(&ran.out)["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn edits_are_made_until_nothing_is_left_to_mend() {
    let broken = LOGIN
        .replace("-> check", "-> chekc")
        .replace("true -> success", "ture -> success")
        .replace("UsernameCollector", "UsernameColector");
    let folder = Folder::new(&[("login.journey", &broken)]);
    let dry = folder.run(&["check", "--fix", "--diff", "login.journey"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert!(
        dry.out
            .starts_with("--- a/login.journey\n+++ b/login.journey\n@@ "),
        "{}",
        dry.out
    );
    assert!(dry.out.contains("\n-    -> chekc\n"), "{}", dry.out);
    assert!(dry.out.contains("\n+    -> check\n"), "{}", dry.out);
    assert_eq!(
        folder.read("login.journey"),
        broken,
        "a dry run changes nothing"
    );
    let ran = folder.run(&["check", "--fix", "login.journey"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("3 edits made in 1 file"), "{}", ran.err);
    assert_eq!(folder.read("login.journey"), LOGIN);
    let again = folder.run(&["check", "--fix", "login.journey"]);
    assert!(
        again.err.contains("0 edits made in 0 files"),
        "{}",
        again.err
    );
    assert_eq!(folder.read("login.journey"), LOGIN);
}

#[test]
fn what_no_edit_mends_is_left_as_it_is() {
    let weak = LOGIN.replace("false -> failure", "false -> success");
    let folder = Folder::new(&[("login.journey", &weak)]);
    let ran = folder.run(&["check", "--fix", "login.journey"]);
    assert_eq!(ran.code, 1);
    assert_eq!(folder.read("login.journey"), weak);
    // A patch that leaves errors is no clean bill, whether it has lines or none.
    let half = LOGIN
        .replace("-> check", "-> chekc")
        .replace("false -> failure", "false -> zzzzzzzz");
    for (text, left) in [(&weak, "unproved_success"), (&half, "zzzzzzzz")] {
        let folder = Folder::new(&[("login.journey", text)]);
        for format in ["human", "json"] {
            let ran = folder.run(&[
                "check",
                "--fix",
                "--diff",
                "--format",
                format,
                "login.journey",
            ]);
            assert_eq!(ran.code, 1, "{}", ran.err);
            assert!(ran.err.contains(left), "{}", ran.err);
            assert_eq!(ran.out.is_empty(), *text == weak, "{}", ran.out);
            assert!(
                ran.out.is_empty() || ran.out.starts_with("--- a/"),
                "{}",
                ran.out
            );
            assert_eq!(folder.read("login.journey"), *text);
        }
    }
    assert_eq!(folder.run(&["check", "--diff", "login.journey"]).code, 2);
}
