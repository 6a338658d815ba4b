//! Guards as scripts, and those that have none.

use std::sync::Arc;

use serde_json::json;
use wayfare_import::{Code, Derived, NodeId};

use crate::side::{derived, files};

fn decided(arms: &str) -> Derived {
    let text = format!(
        r#"
journey j {{
  start credentials

  node credentials: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}

  node check: DataStoreDecision {{
    true -> note
    false -> failure
  }}

  node note: SetState(attributes = {{ seen = "2026-01-01T00:00:00Z", kind = "a" }}) -> where

  node where: Decision {{
{arms}
  }}
}}
"#
    );
    derived(&files(&[("j.journey", &text)]))
}

fn reasons(made: &Derived) -> Vec<&str> {
    let mut found = Vec::new();
    for finding in &made.findings {
        assert_eq!(finding.code, Code::NoCounterpart);
        assert_eq!(finding.node.as_deref(), Some("where"));
        found.push(finding.message.as_str());
    }
    found
}

fn script(made: &Derived) -> &str {
    assert_eq!(made.findings, []);
    &made.bundle.scripts.values().next().unwrap().text
}

#[test]
fn a_decision_is_a_script_that_reads_what_it_says() {
    let made = decided(
        r#"
    when has shared.kind && shared.kind in ["a", "b"] as known -> success
    when auth_level >= 10 -> success
    else -> failure"#,
    );
    let text = script(&made);
    let begins = "// Made of the guards of where in j: edit those, not this.\n\
                  outcome = (function () {\n  \
                  if (has(\"kind\") && contains([\"a\", \"b\"], state(\"kind\"))) { return \"known\"; }\n  \
                  if (order(whole(nodeState.get(\"authLevel\")), 10) >= 0) { return \"2\"; }\n  \
                  return \"else\";\n\n  function wrong()";
    assert!(text.starts_with(begins), "{text}");
    let tree = &made.bundle.trees["j"];
    let mut nodes = tree.nodes.iter();
    let (id, node) = nodes
        .find(|(_, n)| &*n.ty == "ScriptedDecisionNode")
        .unwrap();
    let (script, entity) = made.bundle.scripts.first_key_value().unwrap();
    assert_eq!(node.settings["script"], json!(**script));
    assert_eq!(node.settings["outcomes"], json!(["known", "2", "else"]));
    assert_eq!(node.settings["inputs"], json!(["authLevel", "kind"]));
    assert_eq!(node.settings["outputs"], json!([]));
    assert_eq!(node.connections["2"], NodeId(Arc::from(NodeId::SUCCESS)));
    assert_eq!(node.outcomes().len(), 3);
    assert_eq!(entity.record["evaluatorVersion"], json!("2.0"));
    assert_eq!(entity.record["context"], json!("SCRIPTED_DECISION_NODE"));
    assert_eq!(&*made.names.nodes[&(Arc::from("j"), id.clone())], "where");
}

#[test]
fn a_failing_guard_takes_its_arrow() {
    let made = decided(
        r"
    when has shared.kind && int(shared.kind) > 3 as error -> success
    else -> failure
    on error -> check",
    );
    let text = script(&made);
    assert!(
        text.contains("} catch (failure) {\n    return \"error_2\";"),
        "{text}"
    );
    let mut nodes = made.bundle.trees["j"].nodes.values();
    let node = nodes.find(|n| &*n.ty == "ScriptedDecisionNode").unwrap();
    assert_eq!(
        node.settings["outcomes"],
        json!(["error", "else", "error_2"])
    );
    assert!(!node.connections["error_2"].is_end());
}

#[test]
fn what_means_something_else_in_scripts_is_refused() {
    for (guard, why) in [
        (
            "has user.role && user.role == \"admin\"",
            "`user.role` is an attribute of this project's store",
        ),
        ("request.ip in [\"10.0.0.0/8\"]", "and not `request.ip`"),
        ("request.host == \"a\"", "and not `request.host`"),
        ("has transient.password", "cannot tell transient state"),
        (
            "has shared.password",
            "may write `password` to transient state",
        ),
        ("has shared.oneTimePassword", "knows the code"),
        (
            "has shared.kind && matches(shared.kind, \"(?i)a\")",
            "its pattern is not one",
        ),
        ("auth_level < 9007199254740993", "too large for a script"),
        ("has shared.seen && age(shared.seen) + 1m > 2m", "adds up"),
    ] {
        let arms = format!("    when {guard} -> success\n    else -> failure");
        let made = decided(&arms);
        assert!(made.bundle.trees.is_empty(), "{guard}");
        let reasons = reasons(&made);
        assert_eq!(reasons.len(), 1, "{guard}: {reasons:?}");
        assert!(
            reasons[0].starts_with("guard `1`: ") && reasons[0].contains(why),
            "{guard}: {reasons:?}"
        );
    }
}

#[test]
fn every_guard_that_has_no_counterpart_is_named() {
    let made = decided(
        r"
    when has user.a -> success
    when has shared.kind -> success
    when has user.b as other -> success
    else -> failure",
    );
    let reasons = reasons(&made);
    assert_eq!(reasons.len(), 2);
    assert!(reasons[1].starts_with("guard `other`: "));
}

#[test]
fn a_decision_that_decides_nothing_is_no_node() {
    let made = decided("    else -> past\n  }\n  node past: Decision {\n    else -> success");
    assert_eq!(made.findings, []);
    assert!(made.bundle.scripts.is_empty());
    let tree = &made.bundle.trees["j"];
    assert_eq!(tree.nodes.len(), 5);
    let note = tree
        .nodes
        .values()
        .find(|n| &*n.ty == "SetStateNode")
        .unwrap();
    assert_eq!(&*note.connections["outcome"].0, NodeId::SUCCESS);
}
