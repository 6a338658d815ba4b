//! What is offered in the place of scripts.

#[cfg(feature = "run")]
mod exact;
#[cfg(feature = "run")]
mod stage;

use std::{collections::BTreeMap, sync::Arc};

use wayfare::Generation;
use wayfare_script::suggest;

fn targets() -> BTreeMap<Arc<str>, String> {
    let names = ["known", "unknown", "true", "false", "android", "ios"];
    names
        .iter()
        .map(|name| (Arc::from(*name), format!("to_{name}")))
        .collect()
}

fn offered(text: &str, generation: Generation) -> String {
    match suggest(text, generation, &targets(), &|_| false) {
        None => "none".to_owned(),
        Some(found) => {
            let but = found.but.iter().map(|but| format!("\nbut {but}"));
            format!(
                "{}: {}{}",
                found.ty.unwrap_or("nothing"),
                found.lines.join("\n"),
                but.collect::<String>()
            )
        }
    }
}

#[test]
fn a_comparison_is_a_guard() {
    let text = "(function () {\n  if (null != sharedState.get('username')) { outcome = 'known'; }\n  else { outcome = 'unknown'; }\n}());";
    assert_eq!(
        offered(text, Generation::First),
        "Decision: when has shared.username as known -> to_known\nelse -> to_unknown\nbut null under `username` counts as there"
    );
    let text = "outcome = 'false'; if (nodeState.get('a') === 'x' && !nodeState.isDefined('b')) outcome = 'true';";
    assert_eq!(
        offered(text, Generation::Next),
        "Decision: when has shared.a && shared.a == \"x\" && !(has shared.b || has transient.b || has secure.b) -> to_true\nelse -> to_false\nbut `a` is looked for in shared state alone\nbut the guard fails where `a` is no text"
    );
}

#[test]
fn nested_comparisons_are_arms_in_order() {
    let text = "var h = requestHeaders.get('x-platform');\nif (h) {\n  if (h.get(0).indexOf('android') !== -1) { action.goTo('android'); }\n  else if (h.get(0).indexOf('ios') > -1) { action.goTo('ios'); }\n  else { action.goTo('unknown'); }\n} else { action.goTo('unknown'); }";
    let made = offered(text, Generation::Next);
    let lines: Vec<&str> = made.lines().collect();
    assert_eq!(
        lines[0],
        "Decision: when has request.headers[\"x-platform\"] && contains(request.headers[\"x-platform\"], \"android\") as android -> to_android"
    );
    assert!(lines[1].ends_with(" as ios -> to_ios"), "{made}");
    assert_eq!(lines[2], "else -> to_unknown");
}

#[test]
fn a_constant_and_fixed_values_are_offered() {
    assert_eq!(
        offered("outcome = 'true';", Generation::First),
        "nothing: to_true"
    );
    assert_eq!(
        offered(
            "var fr = JavaImporter(org.forgerock.openam.auth.node.api); sharedState.put('a', 'x'); nodeState.putShared('b c', 2); action = fr.Action.goTo('true').build();",
            Generation::First
        ),
        "SetState: attributes = { \"b c\" = 2, a = \"x\" }\n-> to_true\nbut `a` is taken out of transient state, where the script leaves it\nbut `b c` is taken out of transient state, where the script leaves it"
    );
}

#[test]
fn a_header_is_looked_at_as_the_script_does() {
    let text = "outcome = requestHeaders.get('X-A').get(0) === 'x' ? 'known' : 'unknown';";
    assert_eq!(
        offered(text, Generation::Next),
        "Decision: when has request.headers[\"X-A\"] && request.headers[\"X-A\"] == \"x\" as known -> to_known\nelse -> to_unknown\nbut where the header `X-A` is not there, the script fails and the guard does not hold"
    );
    let text = "var h = requestHeaders.get('x-a');\nif (h && h.get(0).startsWith('x')) action.goTo('known'); else action.goTo('unknown');";
    assert_eq!(
        offered(text, Generation::Next),
        "Decision: when has request.headers[\"x-a\"] && starts_with(request.headers[\"x-a\"], \"x\") as known -> to_known\nelse -> to_unknown"
    );
}

#[test]
fn a_key_with_dots_and_a_number_are_compared() {
    let text = "var jwt = nodeState.get('DeviceSigningVerifierNode.JWT')\nif (jwt) { logger.error('jwt: ' + jwt); outcome = 'true'; } else outcome = 'false';";
    assert!(offered(text, Generation::First).starts_with(
        "Decision: when has shared[\"DeviceSigningVerifierNode.JWT\"] || has transient[\"DeviceSigningVerifierNode.JWT\"] || "
    ));
    let text = "if (nodeState.get('tries') < 3) outcome = 'true'; else outcome = 'false';";
    assert_eq!(
        offered(text, Generation::Next),
        "Decision: when !(has shared.tries) || shared.tries < 3 -> to_true\nelse -> to_false\nbut `tries` is looked for in shared state alone\nbut the guard fails where `tries` is no number"
    );
}

#[test]
fn a_text_with_two_buttons_is_a_message() {
    let next = "if (callbacks.isEmpty()) {
  callbacksBuilder.textOutputCallback(0, \"Go on?\");
  callbacksBuilder.confirmationCallback(0, [\"Yes\", \"No\"], 1);
} else if (callbacks.getConfirmationCallbacks()[0] === 0) action.goTo(\"known\");
else action.goTo(\"unknown\");";
    let made = "Message: message = \"Go on?\"\nmessageYes = \"Yes\"\nmessageNo = \"No\"\ntrue -> to_known\nfalse -> to_unknown";
    assert_eq!(offered(next, Generation::Next), made);
    let first = "var fr = JavaImporter(org.forgerock.openam.auth.node.api.Action, javax.security.auth.callback.TextOutputCallback, javax.security.auth.callback.ConfirmationCallback);
if (callbacks.isEmpty()) {
  action = fr.Action.send(
    new fr.TextOutputCallback(fr.TextOutputCallback.INFORMATION, 'Go on?'),
    new fr.ConfirmationCallback(fr.ConfirmationCallback.INFORMATION, fr.ConfirmationCallback.YES_NO_OPTION, fr.ConfirmationCallback.NO)
  ).build();
} else {
  outcome = callbacks.get(1).getSelectedIndex() == fr.ConfirmationCallback.YES ? 'known' : 'unknown';
}";
    assert_eq!(offered(first, Generation::First), made);
    for (from, to) in [
        // No button, the first one chosen, a warning: clients show these otherwise.
        (
            "  callbacksBuilder.confirmationCallback(0, [\"Yes\", \"No\"], 1);\n",
            "",
        ),
        ("\"No\"], 1", "\"No\"], 0"),
        ("textOutputCallback(0", "textOutputCallback(1"),
        ("\"Go on?\"", "\"Hello \" + nodeState.get(\"username\")"),
        (
            "action.goTo(\"unknown\")",
            "action.goTo(\"unknown\").withErrorMessage(\"no\")",
        ),
        (
            "else action",
            "else if (nodeState.get(\"a\")) action.goTo(\"known\"); else action",
        ),
    ] {
        assert!(next.contains(from), "{from}");
        assert_eq!(
            offered(&next.replace(from, to), Generation::Next),
            "none",
            "{to}"
        );
    }
}

#[test]
fn a_script_that_only_counts_is_a_limit() {
    let text = "var tries = nodeState.get(\"tries\");
if (tries === null) { tries = 0; }
tries++;
nodeState.putShared(\"tries\", tries);
if (tries > 3) { outcome = \"false\"; } else { outcome = \"true\"; }";
    let made = "RetryLimitDecision: retryLimit = 3\nRetry -> to_true\nReject -> to_false";
    assert_eq!(offered(text, Generation::Next), made);
    let first = "(function () {
  var n = parseInt(sharedState.get('tries') || 0);
  if (n >= 3) { outcome = 'false'; return; }
  sharedState.put('tries', n + 1);
  outcome = 'true';
}());";
    assert_eq!(offered(first, Generation::First), made);
    // Where somebody else knows of the count, it is no limit of its own.
    let known = suggest(text, Generation::Next, &targets(), &|key| key == "tries");
    assert_eq!(known, None);
    for (from, to) in [
        (
            "outcome = \"false\"",
            "nodeState.putShared(\"tries\", 0); outcome = \"false\"",
        ),
        ("tries > 3", "tries === 3"),
        ("tries++", "tries--"),
        ("tries++", "tries = tries * 2"),
        ("tries > 3", "tries > 1e8"),
        (
            "tries++;",
            "tries++; nodeState.putShared(\"other\", tries);",
        ),
        ("tries > 3", "tries > 3 && requestHeaders.get(\"x\")"),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(
            offered(&text.replace(from, to), Generation::Next),
            "none",
            "{to}"
        );
    }
}

#[test]
fn of_other_scripts_nothing_is_offered() {
    for text in [
        "outcome = nodeState.get('a');",
        "if (nodeState.get('a') > nodeState.get('b')) outcome = 'true'; else outcome = 'false';",
        "nodeState.putShared('username', 'x'); outcome = 'true';",
        "if (nodeState.get('a') == null) nodeState.putShared('b', 1); outcome = 'true';",
        "httpClient.send('x'); outcome = 'true';",
        "logger.error(httpClient.send('x')); outcome = 'true';",
        "for (;;) {} outcome = 'true';",
        "outcome = 'nobody';",
        "if (realm) outcome = 'true';",
        "callbacksBuilder.nameCallback('x'); outcome = 'true';",
        "throw 1;",
        // What a name is looked at in is not what it was.
        "(function () { var outcome = 'true'; }());",
        "if (nodeState.isDefined('a')) { var outcome = 'true'; } else { outcome = 'false'; }",
        "if (nodeState['a']) outcome = 'true'; else outcome = 'false';",
        "logger.error(missing); outcome = 'true';",
        "logger.shout('x'); outcome = 'true';",
        "if (nodeState.get('authLevel') > 3) outcome = 'true'; else outcome = 'false';",
        "if (nodeState.get('objectAttributes')) outcome = 'true'; else outcome = 'false';",
        "nodeState.putShared('oneTimePassword', 'x'); outcome = 'true';",
        "var nodeState = 1; outcome = 'true';",
        "if (requestHeaders.get('x').get(0).contains('y')) outcome = 'true'; else outcome = 'false';",
    ] {
        assert_eq!(offered(text, Generation::Next), "none", "{text}");
    }
}

#[test]
fn of_other_scripts_of_the_first_generation_nothing_is_offered() {
    for text in [
        // No class is there without an import, and no action without `build`.
        "action = Action.goTo('true').build();",
        "var fr = JavaImporter(org.forgerock.openam.auth.node.api.Action); action = fr.Action.goTo('true');",
        "var fr = JavaImporter(org.forgerock.json.JsonValue); action = fr.Action.goTo('true').build();",
        "var fr = JavaImporter(nothing); outcome = 'true';",
        // A JSON value is no text.
        "if (nodeState.get('a') == 'x') outcome = 'true'; else outcome = 'false';",
        "if (nodeState.get('a').indexOf('x') > -1) outcome = 'true'; else outcome = 'false';",
    ] {
        assert_eq!(offered(text, Generation::First), "none", "{text}");
    }
}
