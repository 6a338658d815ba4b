//! Constructs of the language in the product's words.

use std::sync::Arc;

use serde_json::{Value, json};
use wayfare_import::{Code, Derived, Node, Place, standard_lists};

use crate::side::{derived, files};

fn one<'d>(made: &'d Derived, path: &str) -> &'d Node {
    let mut names = made.names.nodes.iter();
    let ((tree, id), _) = names
        .find(|(_, own)| &***own == path)
        .unwrap_or_else(|| panic!("{path}"));
    &made.bundle.trees[tree].nodes[id]
}

#[test]
fn settings_have_the_vendors_units_and_spelling() {
    let text = r#"
let minutes = 10m
param esv_mail_host: Text = "mail.example.com"
/// &{esv.digits-of.codes}
param digits: Int = 6
param secret_of_mail: Secret

journey j "J" {
  description = "Codes by mail."
  treeTimeout = 1h
  start credentials

  node credentials: Page {
    pageHeader = "Hello"
    pageDescription = { en = "Sign in", fr = "Connexion" }
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> generate
    false -> failure
  }

  node generate: OneTimePasswordGenerator(length = digits) -> send

  node send: OneTimePasswordSmtpSender {
    hostName = esv_mail_host
    fromEmailAddress = "no-reply@${esv_mail_host}"
    password = secret_of_mail
    -> enter
  }

  node enter: OneTimePasswordCollectorDecision(passwordExpiryTime = minutes) {
    true -> success
    false -> nowhere
  }
}
"#;
    let made = derived(&files(&[("j.journey", text)]));
    assert_eq!(made.findings, []);
    let page = one(&made, "credentials");
    assert_eq!(page.settings["pageHeader"], json!({ "en": "Hello" }));
    assert_eq!(
        page.settings["pageDescription"],
        json!({ "en": "Sign in", "fr": "Connexion" })
    );
    assert_eq!(page.children.len(), 2);
    let child = one(&made, "credentials.username");
    assert!(matches!(&child.place, Place::Page(_)));
    assert_eq!(
        one(&made, "generate").settings["length"],
        json!({ "$int": "&{esv.digits-of.codes}" })
    );
    let send = &one(&made, "send").settings;
    assert_eq!(send["hostName"], json!("&{esv.mail.host}"));
    assert_eq!(send["fromEmailAddress"], json!("no-reply@&{esv.mail.host}"));
    assert_eq!(send["password"], json!("&{esv.secret.of.mail}"));
    let enter = one(&made, "enter");
    assert_eq!(enter.settings["passwordExpiryTime"], json!(10));
    let wired: Vec<&str> = enter.connections.keys().map(|outcome| &**outcome).collect();
    assert_eq!(wired, ["true"]);
    let outcomes = json!([
        { "id": "true", "displayName": "True" },
        { "id": "false", "displayName": "False" },
    ]);
    assert_eq!(enter.record["_outcomes"], outcomes);
    let ty = json!({ "_id": "OneTimePasswordCollectorDecisionNode", "name": "OTP Collector Decision", "collection": true });
    assert_eq!(enter.record["_type"], ty);
    let body = &made.bundle.trees["J"].body;
    assert_eq!(body["description"], json!("Codes by mail."));
    assert_eq!(body["treeTimeout"], json!(60));
    assert_eq!(body["identityResource"], json!("managed/user"));
}

#[test]
fn fragments_are_expanded_and_inner_journeys_are_called() {
    let text = r#"
fragment ask(tries: Int = 3, hint: Text) -> known | unknown {
  start credentials

  node credentials: Page {
    stage = hint
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> known
    false -> again
  }

  node again: RetryLimitDecision {
    retryLimit = tries
    Retry -> credentials
    Reject -> unknown
  }
}

param hint: Text = "x"

journey inner "Inner Journey" {
  innerTreeOnly = true
  start who
  node who: ask(hint = hint) {
    known -> success
    unknown -> failure
  }
}

journey outer {
  start call
  node call: journey inner {
    true -> success
    false | error -> failure
  }
  ensure every path to success passes call.true
}
"#;
    let made = derived(&files(&[("j.journey", text)]));
    assert_eq!(made.findings.len(), 1, "{:?}", made.findings);
    assert!(made.findings[0].message.contains("`ensure` is left out"));
    let call = one(&made, "call");
    assert_eq!(&*call.ty, "InnerTreeEvaluatorNode");
    assert_eq!(call.settings["tree"], json!("Inner Journey"));
    assert_eq!(call.settings["displayErrorOutcome"], json!(true));
    assert_eq!(
        call.outcomes(),
        [("true", "True"), ("false", "False"), ("error", "Error")]
    );
    let again = one(&made, "who.again");
    assert_eq!(again.settings["retryLimit"], json!(3));
    assert_eq!(again.display.as_deref(), Some("Again"));
    assert_eq!(
        one(&made, "who.credentials").settings["stage"],
        json!("&{esv.hint}")
    );
    let tree = &made.bundle.trees["Inner Journey"];
    let entry = tree.entry.clone().unwrap();
    assert_eq!(
        &*made.names.nodes[&(Arc::from("Inner Journey"), entry)],
        "who.credentials"
    );
}

#[test]
fn scripts_are_entities_and_nodes_share_them() {
    let node = |name: &str, file: &str, next: &str| {
        format!(
            "  node {name}: ScriptedDecision {{\n    script = file(\"{file}\")\n    ok -> {next}\n  }}\n"
        )
    };
    let text = format!(
        "journey j {{\n  start a\n{}{}{}{}}}\n",
        node("a", "scripts/check_risk.js", "b"),
        node("b", "scripts/check_risk.js", "c"),
        node("c", "scripts/old_way.legacy.js", "d"),
        node("d", "scripts/very_old.groovy", "nowhere"),
    );
    let made = derived(&files(&[
        ("j.journey", &text),
        ("scripts/check_risk.js", "outcome = 'ok';"),
        ("scripts/old_way.legacy.js", "outcome = \"ok\";"),
        ("scripts/very_old.groovy", "outcome = \"ok\""),
    ]));
    let scripts: Vec<(&str, &Value, &Value)> = made
        .bundle
        .scripts
        .values()
        .map(|s| {
            (
                &*s.name,
                &s.record["evaluatorVersion"],
                &s.record["language"],
            )
        })
        .collect();
    let mut sorted = scripts.clone();
    sorted.sort_by_key(|(name, ..)| name.to_owned());
    assert_eq!(
        sorted,
        [
            ("Check Risk", &json!("2.0"), &json!("JAVASCRIPT")),
            ("Old Way", &json!("1.0"), &json!("JAVASCRIPT")),
            ("Very Old", &json!("1.0"), &json!("GROOVY")),
        ]
    );
    assert_eq!(
        one(&made, "a").settings["script"],
        one(&made, "b").settings["script"]
    );
    assert_eq!(
        standard_lists(&made.bundle, &made.bundle.trees["j"])["scripts"].len(),
        3
    );
}

#[test]
fn arrows_on_errors_need_a_counterpart_only_where_somebody_can_tell() {
    let node = "  node who: UsernameCollector {\n    allow unproved_success because \"a test\"\n    -> success\n    on error -> failure\n  }\n";
    let inner = format!("journey inner {{\n  start who\n{node}}}\n");
    let call = |to: &str| {
        format!(
            "journey outer {{\n  start call\n  node call: journey inner {{\n    allow unproved_success because \"a test\"\n    true -> success\n    false -> {to}\n  }}\n  node other: UsernameCollector -> failure\n}}\n"
        )
    };
    let alone = derived(&files(&[("j.journey", &inner)]));
    assert_eq!(alone.findings, []);
    let same = derived(&files(&[(
        "j.journey",
        &format!("{inner}{}", call("failure")),
    )]));
    assert_eq!(same.bundle.trees.len(), 2, "{:?}", same.findings);
    let told = derived(&files(&[(
        "j.journey",
        &format!("{inner}{}", call("other")),
    )]));
    assert_eq!(told.bundle.trees.len(), 0);
    let said: Vec<(&str, Code)> = told
        .findings
        .iter()
        .map(|f| (f.tree.as_deref().unwrap(), f.code))
        .collect();
    assert_eq!(
        said,
        [
            ("inner", Code::NoCounterpart),
            ("outer", Code::NoCounterpart)
        ]
    );
    assert!(
        told.findings[1].message.contains("it calls `inner`"),
        "{:?}",
        told.findings
    );
}

#[test]
fn what_depends_on_the_run_is_refused() {
    let text = r#"
journey j {
  start who
  node who: UsernameCollector -> generate
  node generate: OneTimePasswordGenerator -> send
  node send: OneTimePasswordSmtpSender(emailSubject = "For ${shared.username}") -> failure
}
"#;
    let made = derived(&files(&[("j.journey", text)]));
    assert!(made.bundle.trees.is_empty(), "{made:?}");
    assert!(
        made.findings[0]
            .message
            .contains("`emailSubject` is made of what is known in the run")
    );
    assert_eq!(made.refused.len(), 1);
}

#[test]
fn a_script_that_is_no_text_is_refused() {
    let text = "journey j {\n  start a\n  node a: ScriptedDecision {\n    script = \"risk\"\n    ok -> failure\n  }\n}\n";
    let made = derived(&files(&[("j.journey", text)]));
    assert!(made.bundle.trees.is_empty());
    assert!(
        made.findings[0]
            .message
            .starts_with("script `risk` is a name"),
        "{made:?}"
    );
    let text = text.replace("risk", "58c824ae-84ed-4724-82cd-db128fc3f6c1");
    let made = derived(&files(&[("j.journey", &text)]));
    assert_eq!(
        one(&made, "a").settings["script"],
        json!("58c824ae-84ed-4724-82cd-db128fc3f6c1")
    );
}
