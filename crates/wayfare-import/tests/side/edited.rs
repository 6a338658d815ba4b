//! Texts that are edited after they were imported.

use std::sync::Arc;

use serde_json::json;
use wayfare_import::{Bundle, Node, NodeId, Tree};

use super::{back, files, with_side};

const LOGIN: &str = r#"
param esv_mail_host: Text = "&{esv.mail.host}"

journey login "Login" {
  start credentials

  node credentials: Page@2 {
    pageHeader = { en = "Sign in" }
    node username: UsernameCollector
    node password: PasswordCollector
    password-outcome -> check
  }

  node check: DataStoreDecision {
    true -> choose
    false -> attempts
  }

  node attempts: RetryLimitDecision {
    retryLimit = 2
    Retry -> credentials
    Reject -> failure
  }

  node choose: ChoiceCollector {
    prompt = "Where to?"
    Home -> risk
    "a > b" -> nowhere
  }

  node risk: ScriptedDecision {
    script = file("scripts/risk_score.js")
    low -> success
    high -> failure
  }
}
"#;

const SCRIPT: &str = "outcome = 'low';\n";

fn imported() -> (super::Files, Bundle) {
    with_side(&files(&[
        ("login.journey", LOGIN),
        ("scripts/risk_score.js", SCRIPT),
    ]))
}

fn edit(files: &mut super::Files, path: &str, old: &str, new: &str) {
    let text = String::from_utf8(files[path].clone()).unwrap();
    assert!(text.contains(old), "{old}");
    files.insert(path.to_owned(), text.replacen(old, new, 1).into_bytes());
}

fn node<'b>(bundle: &'b Bundle, display: &str) -> (&'b NodeId, &'b Node) {
    let mut nodes = bundle.trees["Login"].nodes.iter();
    nodes
        .find(|(_, node)| node.display.as_deref() == Some(display))
        .unwrap_or_else(|| panic!("{display}"))
}

#[test]
fn what_came_goes_back_as_it_was() {
    let (files, came) = imported();
    assert_eq!(back(&files), came);
    let side = String::from_utf8(files["am/journeys/login.json"].clone()).unwrap();
    let longest = side.lines().map(str::len).max().unwrap();
    assert!(longest <= 104, "{side}");
    for path in files.keys().filter(|path| path.starts_with("am/")) {
        assert!(!path.contains(".."), "{path}");
    }
}

#[test]
fn without_the_files_beside_it_a_text_is_what_follows_from_it() {
    let (mut files, _) = imported();
    files.retain(|path, _| !path.starts_with("am/"));
    assert_eq!(back(&files), super::derived(&files).bundle);
}

#[test]
fn an_edited_setting_counts_and_the_rest_comes_back() {
    let (mut files, came) = imported();
    edit(
        &mut files,
        "login.journey",
        "retryLimit = 2",
        "retryLimit = 5",
    );
    let made = back(&files);
    let (id, attempts) = node(&made, "Attempts (prod)");
    let (old, before) = node(&came, "Attempts (prod)");
    assert_eq!(id, old);
    assert_eq!(attempts.settings["retryLimit"], json!(5));
    assert_eq!(attempts.settings["aSettingOfTomorrow"], json!(null));
    assert_eq!(attempts.record, before.record);
}

#[test]
fn a_setting_that_the_text_did_not_say_counts_once_it_does() {
    let (mut files, came) = imported();
    let (_, before) = node(&came, "Attempts (prod)");
    assert!(
        before
            .settings
            .contains_key("incrementUserAttributeOnFailure")
    );
    let mut came = came;
    let (id, _) = node(&came, "Attempts (prod)");
    let id = id.clone();
    let settings = &mut trees(&mut came).nodes.get_mut(&id).unwrap().settings;
    settings.remove("retryLimit");
    // As an import that left the default out would have it.
    edit(
        &mut files,
        "am/journeys/login.json",
        "\"attempts\": {",
        "\"attempts\": { \"settings/retryLimit\": {\"text\": 2},",
    );
    let made = back(&files);
    assert_eq!(
        made.trees["Login"].nodes[&id].settings.get("retryLimit"),
        None
    );
    edit(
        &mut files,
        "login.journey",
        "retryLimit = 2",
        "retryLimit = 3",
    );
    let made = back(&files);
    assert_eq!(
        made.trees["Login"].nodes[&id].settings["retryLimit"],
        json!(3)
    );
}

fn trees(bundle: &mut Bundle) -> &mut Tree {
    bundle.trees.get_mut("Login").unwrap()
}

#[test]
fn a_node_that_is_gone_is_gone_and_a_new_one_is_new() {
    let (mut files, came) = imported();
    let old = "    Reject -> failure\n  }\n";
    let new = "    Reject -> lock\n  }\n\n  node lock: AccountLockout(lockAction = \"LOCK\") -> failure\n";
    edit(&mut files, "login.journey", old, new);
    edit(
        &mut files,
        "login.journey",
        "Home -> risk",
        "Home -> success",
    );
    let from = LOGIN.find("  node risk").unwrap();
    edit(
        &mut files,
        "login.journey",
        LOGIN.split_at(from).1.strip_suffix("}\n").unwrap(),
        "",
    );
    let made = back(&files);
    let (id, lock) = node(&made, "Lock");
    assert!(!came.trees["Login"].nodes.contains_key(id));
    assert_eq!(&*lock.ty, "AccountLockoutNode");
    assert!(
        lock.entry.contains_key("x"),
        "a new node is drawn somewhere"
    );
    let types: Vec<&str> = made.trees["Login"].nodes.values().map(|n| &*n.ty).collect();
    assert!(!types.contains(&"ScriptedDecisionNode"), "{types:?}");
    assert_eq!(
        made.trees["Login"].nodes.len(),
        came.trees["Login"].nodes.len()
    );
}

#[test]
fn an_edited_script_counts_and_keeps_its_id() {
    let (mut files, came) = imported();
    edit(&mut files, "scripts/risk_score.js", "low", "high");
    let made = back(&files);
    let id = came.scripts.keys().next().unwrap();
    assert_eq!(&*made.scripts[id].text, "outcome = 'high';\n");
    assert_eq!(made.scripts[id].record["createdBy"], json!("somebody"));
}

#[test]
fn an_arrow_that_is_drawn_counts() {
    let (mut files, _) = imported();
    edit(
        &mut files,
        "login.journey",
        "\"a > b\" -> nowhere",
        "\"a > b\" -> success",
    );
    let made = back(&files);
    let (_, choose) = node(&made, "Choose (prod)");
    assert_eq!(&*choose.connections["a > b"].0, NodeId::SUCCESS);
}

#[test]
fn a_journey_that_is_renamed_on_the_wire_keeps_its_ids() {
    let (mut files, came) = imported();
    edit(&mut files, "login.journey", "\"Login\"", "\"SignIn\"");
    let made = back(&files);
    let ids: Vec<&NodeId> = made.trees["SignIn"].nodes.keys().collect();
    assert_eq!(ids, came.trees["Login"].nodes.keys().collect::<Vec<_>>());
    assert_eq!(made.trees["SignIn"].body["_id"], json!("SignIn"));
}

#[test]
fn a_text_of_which_nothing_follows_keeps_what_came_until_it_is_edited() {
    let broken = files(&[("login.journey", "journey login {\n  start nobody\n}\n")]);
    let (_, came) = imported();
    let names = wayfare_import::Names {
        journeys: [(Arc::from("Login"), Arc::from("login"))].into(),
        ..wayfare_import::Names::default()
    };
    let mut all = broken.clone();
    all.extend(wayfare_import::side_files(&broken, &came, &names));
    let none = wayfare_import::Derived::default();
    let made = wayfare_import::restore(&none, &all);
    assert_eq!(made.bundle.trees, came.trees);
    edit(&mut all, "login.journey", "nobody", "somebody");
    let made = wayfare_import::restore(&none, &all);
    assert!(made.bundle.trees.is_empty());
    assert_eq!(made.findings.len(), 1);
}

#[test]
fn a_broken_file_beside_is_said() {
    let (mut files, _) = imported();
    files.insert("am/journeys/login.json".to_owned(), b"{".to_vec());
    let made = wayfare_import::restore(&super::derived(&files), &files);
    assert_eq!(made.findings.len(), 1);
    assert_eq!(made.bundle.trees["Login"].nodes.len(), 7);
}

#[test]
fn a_designed_type_goes_back_with_the_script_that_stands_beside_it() {
    let text = r#"
/// Adds
extern Adder "designer-alu" (operator: Text = "ADD") -> Success | "Script Error" {
  runs file("scripts/alu.js")
}

journey sums "Sums" {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> add
    false -> failure
  }

  node add: Adder(operator = "SUB") {
    allow identity_swapped, leaked_secret because "a test"
    Success -> success
    "Script Error" -> failure
  }
}
"#;
    let script = "nodeState.putShared('sum', 1);\naction.goTo('Success');\n";
    let texts = files(&[("sums.journey", text), ("scripts/alu.js", script)]);
    let derived = super::derived(&texts);
    let made = &derived.bundle.besides["nodeTypes"]["alu"];
    assert_eq!(made["script"], json!(script));
    assert_eq!(made["errorOutcome"], json!(true));
    assert_eq!(made["outcomes"], json!(["Success"]));
    assert_eq!(made["properties"]["operator"]["defaultValue"], json!("ADD"));
    let (mut bundle, names) = super::came(&derived);
    let types = bundle.besides.get_mut("nodeTypes").unwrap();
    let mut record = types.remove("alu").unwrap();
    record["tags"] = json!(["sums"]);
    types.insert("alu-1".into(), record);
    let mut all = texts.clone();
    all.extend(wayfare_import::side_files(&texts, &bundle, &names));
    let came = back(&all);
    assert_eq!(came.besides["nodeTypes"], bundle.besides["nodeTypes"]);
    edit(&mut all, "scripts/alu.js", "1", "2");
    let record = &back(&all).besides["nodeTypes"]["alu-1"];
    assert_eq!(record["script"], json!(script.replace('1', "2")));
    assert_eq!(record["tags"], json!(["sums"]));
}
