//! What is offered in the place of scripts.

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
    match suggest(text, generation, &targets()) {
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
        "Decision: when has shared.username as known -> to_known\nelse -> to_unknown"
    );
    let text = "outcome = 'false'; if (nodeState.get('a') === 'x' && !nodeState.isDefined('b')) outcome = 'true';";
    assert_eq!(
        offered(text, Generation::Next),
        "Decision: when has shared.a && shared.a == \"x\" && !(has shared.b || has transient.b || has secure.b) -> to_true\nelse -> to_false\nbut `a` is looked for in shared state alone"
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
            "sharedState.put('a', 'x'); nodeState.putShared('b c', 2); action = Action.goTo('true').build();",
            Generation::First
        ),
        "SetState: attributes = { \"b c\" = 2, a = \"x\" }\n-> to_true"
    );
}

#[test]
fn of_other_scripts_nothing_is_offered() {
    for text in [
        "outcome = nodeState.get('a');",
        "if (nodeState.get('a') > 3) outcome = 'true'; else outcome = 'false';",
        "nodeState.putShared('username', 'x'); outcome = 'true';",
        "if (nodeState.get('a') == null) nodeState.putShared('b', 1); outcome = 'true';",
        "httpClient.send('x'); outcome = 'true';",
        "logger.error(httpClient.send('x')); outcome = 'true';",
        "for (;;) {} outcome = 'true';",
        "outcome = 'nobody';",
        "if (realm) outcome = 'true';",
        "callbacksBuilder.nameCallback('x'); outcome = 'true';",
        "throw 1;",
    ] {
        assert_eq!(offered(text, Generation::Next), "none", "{text}");
    }
}
