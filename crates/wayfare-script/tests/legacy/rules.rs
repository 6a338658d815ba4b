//! The rules of the first generation: what counts as said, and what of the state is kept.

use wayfare::{Effect, Step};

use super::stage::{Play, Stage};

fn run(script: &str) -> Stage {
    let mut stage = Play::new(script).stage();
    stage.begin();
    stage
}

/// The message of a script that fails.
fn fails(play: &Play) -> String {
    let mut stage = play.stage();
    stage.begin();
    stage
        .failure()
        .unwrap_or_else(|| panic!("it fails: {:?}", stage.events))
}

/// The message of a script that cannot be linked.
fn refused(file: &str, script: &str) -> String {
    let mut play = Play::new(script);
    file.clone_into(&mut play.file);
    play.engine().map(|_| ()).unwrap_err()
}

const ACTION: &str = "var fr = JavaImporter(org.forgerock.openam.auth.node.api.Action);\n";

#[test]
fn an_action_comes_before_the_variable() {
    let stage = run(&format!(
        "{ACTION}outcome = 'false'; action = fr.Action.goTo('true').build();"
    ));
    assert_eq!(stage.outcome().as_deref(), Some("true"));
    assert_eq!(run("outcome = 'false'").outcome().as_deref(), Some("false"));
    // As in the product, what was not built is no action.
    let stage = run(&format!(
        "{ACTION}outcome = 'false'; action = fr.Action.goTo('true');"
    ));
    assert_eq!(stage.outcome().as_deref(), Some("false"));
}

#[test]
fn variables_count_however_they_are_declared() {
    for script in [
        "var outcome = 'true';",
        "let outcome = 'true';",
        "const outcome = 'true';",
        "(function () { outcome = 'true'; }());",
        "'use strict'; outcome = 'true';",
        "outcome = new java.lang.String('true');",
        "if (true) { with (JavaImporter(java.util)) { outcome = 'true'; } }",
    ] {
        assert_eq!(run(script).outcome().as_deref(), Some("true"), "{script}");
    }
}

#[test]
fn an_outcome_must_be_one_of_the_nodes() {
    let message = fails(&Play::new("outcome = 'elsewhere';"));
    assert!(message.contains("elsewhere"), "{message}");
    let message = fails(&Play::new("outcome = 1;"));
    assert!(
        message.contains("Script must set 'outcome' to a string"),
        "{message}"
    );
    let message = fails(&Play::new(&format!(
        "{ACTION}action = fr.Action.goTo(null).build();"
    )));
    assert!(message.contains("NullPointerException"), "{message}");
}

#[test]
fn an_action_dresses_what_it_sends() {
    let script = format!(
        "{ACTION}var cb = javax.security.auth.callback;
        action = fr.Action.send([new cb.NameCallback('Name'), cb.PasswordCallback('Password', false)])
          .withStage('one').withHeader('Head').withDescription('Text').build();"
    );
    let mut stage = Play::new(&script).stage();
    let Step::Ask(ask) = stage.begin() else {
        panic!("it asks: {:?}", stage.events);
    };
    assert_eq!(ask.callbacks.len(), 2);
    assert_eq!(ask.stage.as_deref(), Some("one"));
    assert_eq!(ask.header.as_deref(), Some("Head"));
    assert_eq!(ask.description.as_deref(), Some("Text"));
}

#[test]
fn a_suspension_shows_its_text_and_sends_its_link() {
    let script = format!(
        "{ACTION}
        if (resumedFromSuspend) {{
          action = fr.Action.goTo('true').build();
        }} else {{
          action = fr.Action.suspend(function (uri) {{
            var request = new org.forgerock.http.protocol.Request();
            request.setUri('https://mail.example/send').setMethod('POST');
            request.getEntity().setString('go to ' + uri);
            if (!httpClient.send(request).get().getStatus().isSuccessful()) throw new Error('not sent');
            return new org.forgerock.openam.auth.node.api.SuspendedTextOutputCallback(0, 'Look into your mail');
          }}).build();
        }}"
    );
    let mut stage = Play::new(&script).stage();
    let step = stage.begin();
    let Step::Suspended(suspended) = step else {
        panic!("it is suspended: {step:?} {:?}", stage.events);
    };
    let shown = format!("{:?}", suspended.ask.callbacks);
    assert!(shown.contains("Look into your mail"), "{shown}");
    let deliver = suspended.deliver.as_ref().map(Effect::kind);
    assert_eq!(deliver, Some("fetch"));
    assert!(stage.fetched.borrow().is_empty(), "the link sends it");
}

#[test]
fn what_is_declared_must_be_provided() {
    let mut play = Play::new("outcome = 'true'; sharedState.put('other', 1);");
    "outputs = [\"made\"]".clone_into(&mut play.lines);
    let message = fails(&play);
    assert!(
        message.contains("Script did not provide all declared outputs"),
        "{message}"
    );
    play.script = "outcome = 'true'; sharedState.put('other', 1); transientState.put('made', 2); sharedState.remove('profile');".to_owned();
    let mut stage = play.stage();
    stage.begin();
    assert_eq!(stage.outcome().as_deref(), Some("true"));
    let left = stage.state();
    assert!(left.contains("made=2"), "{left}");
    assert!(
        !left.contains("other"),
        "only what is declared is kept: {left}"
    );
    assert!(
        left.contains("profile="),
        "and nothing else is taken away: {left}"
    );
}

#[test]
fn only_inputs_are_seen() {
    let mut play = Play::new(
        "outcome = String(sharedState.get('username') === null && sharedState.get('profile') !== null \
         && nodeState.get('username') === null && transientState.get('password') === null);",
    );
    "inputs = [\"profile\"]".clone_into(&mut play.lines);
    let mut stage = play.stage();
    stage.begin();
    assert_eq!(
        stage.outcome().as_deref(),
        Some("true"),
        "{:?}",
        stage.failure()
    );
}

#[test]
fn both_states_are_written_and_removed() {
    let stage = run(
        "sharedState.put('a', { b: [1, 2] }); transientState.put('t', 'x'); sharedState.remove('profile');
         sharedState.get('objectAttributes').put('sn', 'Last'); outcome = 'true';",
    );
    assert_eq!(stage.failure(), None);
    let left = stage.state();
    assert!(left.contains(r#"a={"b":[1,2]}"#), "{left}");
    assert!(left.contains(r#"t="x""#), "{left}");
    assert!(!left.contains("profile"), "{left}");
    assert!(left.contains(r#""sn":"Last""#), "{left}");
    // What the product has in the state anyway is not left there.
    assert!(!left.contains("realm="), "{left}");
}

#[test]
fn errors_name_file_and_line() {
    let message = fails(&Play::new("var a = 1;\nvar b = new com.example.Thing();\n"));
    assert!(message.starts_with("main.legacy.js:2:"), "{message}");
    assert!(message.contains("com.example.Thing"), "{message}");
    let message = fails(&Play::new("\n\nsharedState.get('nothing').length();"));
    assert!(message.starts_with("main.legacy.js:3:"), "{message}");
    let message = fails(&Play::new("throw 'a text';"));
    assert!(message.contains("a text"), "{message}");
}

#[test]
fn what_is_no_script_is_refused_when_it_is_linked() {
    let message = refused("main.legacy.js", "var a = 1;\nvar b = ;");
    assert!(message.contains("main.legacy.js:2:"), "{message}");
}

#[test]
fn groovy_is_recognised_and_refused() {
    let message = refused("main.groovy", "outcome = 'true'");
    assert!(message.contains("Groovy"), "{message}");
    let groovy = "// moves a value\nString pwd = transientState.get('password');\nif (pwd) { outcome = 'true' }";
    let message = refused("main.legacy.js", groovy);
    assert!(message.contains("main.legacy.js:2:1"), "{message}");
    assert!(message.contains("Groovy"), "{message}");
    let message = refused(
        "main.legacy.js",
        "import org.forgerock.json.JsonValue\noutcome = 'true'",
    );
    assert!(message.contains("Groovy"), "{message}");
}
