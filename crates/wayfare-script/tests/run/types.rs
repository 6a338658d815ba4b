//! Scripts of other nodes than a `ScriptedDecision`: those that make settings, compare devices, and are types.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Callback, EffectReply, Input, Step, Timestamp, Value,
    engine::{effect::Device, trace::Event},
};
use wayfare_script::Settings;

use super::stage::{Stage, registry};

const AFTER: &str = "
  node after: ScriptedDecision {
    script = \"\"\"
logger.info(nodeState.keys().sort().map(key => key + '=' + JSON.stringify(nodeState.get(key))).join(' '));
outcome = 'done';
\"\"\"
    done -> success
    allow unproved_success because \"a stage for scripts\"
  }
";

fn notes(stage: &Stage) -> Vec<String> {
    let notes = stage.events().iter().filter_map(|event| match event {
        Event::Note(text) => Some(text.clone()),
        _ => None,
    });
    notes.collect()
}

/// A `ConfigProvider` that acts as a `Message`, behind a node that leaves state.
fn provider(file: &str, script: &str, lines: &str) -> Stage {
    let text = format!(
        "journey t {{
  start before
  node before: ScriptedDecision {{
    script = \"\"\"
nodeState.putShared('username', 'demo'); nodeState.putShared('hidden', 'h'); nodeState.putTransient('password', 'p'); outcome = 'done';
\"\"\"
    done -> main
  }}
  node main: ConfigProvider {{
    nodeType = \"MessageNode\"
    script = file(\"{file}\")
    {lines}
    true | false | CONFIGURATION_FAILED -> after
  }}
{AFTER}}}
"
    );
    let mut settings = Settings::default();
    settings.budget.steps = 50;
    Stage::of_files(&text, &[(file, script)], registry(settings))
}

fn message(stage: &mut Stage) -> String {
    match stage.asked().first() {
        Some(Callback::TextOutput { text, .. }) => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_generations_make_settings_from_the_state() {
    let next = "config = { message: { en: 'Hello ' + nodeState.get('username') }, messageYes: { en: 'Yes' }, messageNo: { en: 'No' }, stateField: 'agreed' };";
    let first = "var made = new java.util.HashMap(), en = new java.util.HashMap();
        en.put('en', 'Hello ' + nodeState.get('username').asString());
        made.put('message', en); made.put('messageYes', { en: 'Yes' }); made.put('messageNo', { en: 'No' }); made.put('stateField', 'agreed');
        config = made;";
    for (file, script) in [("main.js", next), ("main.legacy.js", first)] {
        let mut stage = provider(file, script, "");
        assert_eq!(message(&mut stage), "Hello demo", "{file}");
        stage.answer(vec![wayfare::Answer::None, wayfare::Answer::Index(0)]);
        assert_eq!(stage.outcome(), "true", "{file}");
        assert!(stage.state_of("t/after").contains("agreed="), "{file}");
    }
}

#[test]
fn settings_of_a_visit_are_made_once() {
    let script = "logger.info('made'); config = { message: { en: String(Math.random()) }, messageYes: { en: 'Yes' }, messageNo: { en: 'No' } };";
    let mut stage = provider("main.js", script, "");
    stage.begin();
    stage.answer(vec![wayfare::Answer::None, wayfare::Answer::Index(1)]);
    assert_eq!(stage.outcome(), "false");
    let made = notes(&stage)
        .iter()
        .filter(|line| line.contains("made"))
        .count();
    assert_eq!(made, 1);
}

#[test]
fn a_script_of_settings_sees_its_inputs_and_writes_nothing() {
    let script = "config = { message: { en: [nodeState.get('username'), nodeState.get('hidden'), nodeState.get('password')].join() }, messageYes: { en: 'Yes' }, messageNo: { en: 'No' } };";
    let mut stage = provider("main.js", script, "scriptInputs = [\"username\"]");
    assert_eq!(message(&mut stage), "demo,,");
    for write in [
        "nodeState.putShared('note', 'x');",
        "nodeState.putTransient('note', 'x');",
        "nodeState.mergeShared({ objectAttributes: { mail: 'x' } });",
    ] {
        let mut stage = provider("main.js", &format!("{write} {script}"), "");
        stage.begin();
        let behind = stage.state_of("t/after");
        assert!(
            !behind.contains("note") && !behind.contains("mail"),
            "{behind}"
        );
    }
}

#[test]
fn settings_that_cannot_be_made_leave_by_the_outcome_for_that() {
    for script in [
        "config = 'message';",
        "config = ['message'];",
        "config = null;",
        "var none = 1;",
        "throw new Error('no');",
        "for (;;) {}",
        "config = { message: { en: 'x' }, other: 1 };",
        "config = { message: 7 };",
        "config = { message: { en: 'x' }, messageYes: { en: 'y' }, messageNo: { en: 'n' }, stateField: 'username' };",
        "config = { message: { en: 'x'.repeat(1 << 20) } };",
        "outcome = 'true';",
        "action.goTo('true');",
        "callbacksBuilder.nameCallback('Name');",
        "action.suspend('wait');",
    ] {
        let mut stage = provider("main.js", script, "");
        stage.begin();
        assert_eq!(stage.outcome(), "CONFIGURATION_FAILED", "{script}");
        assert_eq!(
            stage.state_of("t/after"),
            "hidden=\"h\" password=\"p\" username=\"demo\"",
            "{script}"
        );
    }
}

#[test]
fn what_is_null_in_settings_is_as_if_it_were_not_there() {
    let script = "config = { message: { en: 'x' }, messageYes: { en: 'y' }, messageNo: { en: 'n' }, stateField: null };";
    let mut stage = provider("main.js", script, "");
    assert_eq!(message(&mut stage), "x");
}

/// A `DeviceMatch` that a script decides, behind a node that leaves a profile.
fn matching(file: &str, script: &str) -> Stage {
    let text = format!(
        "journey t {{
  start before
  node before: ScriptedDecision {{
    script = \"\"\"
nodeState.putShared('username', 'demo'); nodeState.putTransient('password', 'p');
nodeState.putShared('forgeRock.device.profile', {{ identifier: 'a', metadata: {{ platform: {{ version: 14 }} }} }});
outcome = 'done';
\"\"\"
    done -> main
  }}
  node main: DeviceMatch {{
    useScript = true
    script = file(\"{file}\")
    true | false | unknownDevice -> after
    on error -> failure
    allow enumeration because \"a stage for scripts\"
  }}
{AFTER}}}
"
    );
    let mut settings = Settings::default();
    settings.budget.steps = 50;
    let mut stage = Stage::of_files(&text, &[(file, script)], registry(settings));
    let version = |version: i64| -> Value {
        let platform = BTreeMap::from([(Arc::from("version"), Value::Int(version))]);
        let metadata = BTreeMap::from([(Arc::from("platform"), Value::Map(Arc::new(platform)))]);
        Value::Map(Arc::new(metadata))
    };
    stage.devices = [("a", 13), ("b", 14)]
        .map(|(uuid, at)| Device {
            uuid: Arc::from(uuid),
            name: Arc::from("Laptop"),
            created: Timestamp(0),
            accessed: Timestamp(0),
            used: None,
            data: BTreeMap::from([(Arc::from("metadata"), version(at))]),
        })
        .to_vec();
    stage
}

const COMPARES: &str = "
    var told = nodeState.get('forgeRock.device.profile'), all = deviceProfilesDao.getDeviceProfiles(nodeState.get('username'), realm);
    var kept = null;
    for (var i = 0; i < all.size(); i++) { if (all.get(i).get('identifier') === told.identifier) kept = all.get(i); }
    if (kept === null) outcome = 'unknownDevice';
    else outcome = told.metadata.platform.version - kept.get('metadata').platform.version <= MOST ? 'true' : 'false';";

const COMPARES_FIRST: &str = "
    var told = sharedState.get('forgeRock.device.profile'), username = sharedState.get('username').asString();
    var all = deviceProfilesDao.getDeviceProfiles(username, realm), kept = null;
    for (var i = 0; i < all.size(); i++) {
      if (all.get(i).get('identifier').asString() == told.get('identifier').asString()) kept = all.get(i);
    }
    if (kept === null) { outcome = 'unknownDevice'; } else {
      var version = function (of) { return of.get('metadata').get('platform').get('version').asInteger(); };
      outcome = version(told) - version(kept) <= MOST ? 'true' : 'false';
    }";

#[test]
fn both_generations_compare_devices() {
    for (file, script) in [("main.js", COMPARES), ("main.legacy.js", COMPARES_FIRST)] {
        for (most, outcome) in [("1", "true"), ("0", "false")] {
            let mut stage = matching(file, &script.replace("MOST", most));
            stage.begin();
            assert_eq!(stage.outcome(), outcome, "{file}: {:?}", stage.events());
        }
        let mut stage = matching(file, &script.replace("MOST", "1"));
        stage.devices.remove(0);
        stage.begin();
        assert_eq!(stage.outcome(), "unknownDevice", "{file}");
    }
}

#[test]
fn a_script_of_devices_may_look_and_choose_and_nothing_else() {
    for script in [
        "outcome = 'maybe';",
        "var nothing;",
        "throw new Error('no');",
        "for (;;) {}",
        "nodeState.putShared('note', 'x'); outcome = 'true';",
        "try { idRepository.getIdentity('demo').exists(); } catch (e) {} outcome = 'true';",
        "try { httpClient.send('https://api.example.com/').get(); } catch (e) {} outcome = 'true';",
        "action.suspend('wait'); outcome = 'true';",
        "callbacksBuilder.nameCallback('Name'); outcome = 'true';",
        "action.goTo('true').putSessionProperty('a', 'b');",
        "action.goTo('true').withIdentifiedUser('eve');",
        "deviceProfilesDao.saveDeviceProfiles('demo', realm, []); outcome = 'true';",
    ] {
        let mut stage = matching("main.js", script);
        let step = stage.begin();
        assert!(matches!(step, Step::Done(_)), "{script}: {step:?}");
        assert!(!stage.failed_with().is_empty(), "{script}");
        let only = stage
            .effects
            .borrow()
            .iter()
            .all(|effect| effect.kind() == "read_devices");
        assert!(only, "{script}: {:?}", stage.effects.borrow());
    }
    // The password is not what a device is compared by.
    let mut stage = matching(
        "main.js",
        "outcome = nodeState.get('password') === null ? 'true' : 'false';",
    );
    stage.begin();
    assert_eq!(stage.outcome(), "true");
}

/// A node of a type that is declared with a script, and with these settings of its own.
fn designed(head: &str, node: &str, file: &str, script: &str) -> Stage {
    let text = format!(
        "extern Ruler \"designer-8ab9f1aad4b4460a9c45d15fb148e221\" ({head}) -> low | high | \"Script Error\" {{
  runs file(\"{file}\")
}}

journey t {{
  start main
  node main: Ruler{node} {{
    low | high | \"Script Error\" -> after
    on error -> failure
  }}
{AFTER}}}
"
    );
    let mut settings = Settings::default();
    settings.budget.steps = 50;
    Stage::of_files(&text, &[(file, script)], registry(settings))
}

const HEAD: &str = "operator: Text = \"ADD\", most: Int = 3, strict: Bool = false, share: Decimal = 0.5, tags: [Text] = [\"a\", \"b\"], labels: {Text} = { x = \"y\" }, note: Text";

#[test]
fn the_settings_of_a_node_are_properties_of_its_script() {
    let script = "nodeState.putShared('seen', [properties.operator, properties.most + 1, properties.strict, properties.share,
        properties.tags.length, properties.tags[1], properties.labels.x, properties.note, typeof properties.other, Object.keys(properties).sort().join('/')]);
        action.goTo('low');";
    for file in ["main.js", "main.legacy.js"] {
        let script = match file {
            "main.js" => script.to_owned(),
            _ => script.replace("action.goTo('low');", "outcome = 'low';"),
        };
        let mut stage = designed(
            HEAD,
            "(operator = \"SUB\", strict = true, note = \"n\")",
            file,
            &script,
        );
        stage.begin();
        assert_eq!(stage.outcome(), "low", "{file}: {:?}", stage.events());
        assert_eq!(
            stage.state_of("t/after"),
            r#"seen=["SUB",4,true,0.5,2,"b","y","n","undefined","labels/most/note/operator/share/strict/tags"]"#,
            "{file}"
        );
    }
}

#[test]
fn what_a_script_does_to_its_properties_is_gone_in_its_next_run() {
    let script = "var before = properties.most; properties.most = 99; properties.other = 1;
        if (callbacks.isEmpty()) { callbacksBuilder.textInputCallback('Text'); }
        else { idRepository.getIdentity('demo').exists(); nodeState.putShared('seen', [before, callbacks.getTextInputCallbacks()[0]]); action.goTo('high'); }";
    let mut stage = designed("most: Int = 3", "", "main.js", script);
    assert_eq!(stage.asked().len(), 1);
    stage.answer(vec![wayfare::Answer::Text("t".to_owned())]);
    assert_eq!(stage.state_of("t/after"), r#"seen=[3,"t"]"#);
}

#[test]
fn a_script_of_a_type_that_fails_leaves_by_script_error_and_leaves_nothing() {
    let begins = "nodeState.putShared('note', 'x'); nodeState.putTransient('other', 1); action.putSessionProperty('p', 'v');";
    for script in [
        "throw new Error('no');",
        "null.x;",
        "for (;;) {}",
        "(function f() { f(); }());",
        "var nothing;",
        "action.goTo('middle');",
        "outcome = 'middle';",
        "outcome = 7;",
        "callbacksBuilder.httpCallback('a', 'b', 'c');",
        "idRepository.getIdentity('demo').setAttribute('userPassword', ['x']); idRepository.getIdentity('demo').store(); throw new Error('no');",
    ] {
        let mut stage = designed("", "", "main.js", &format!("{begins} {script}"));
        let step = stage.begin();
        assert_eq!(stage.outcome(), "Script Error", "{script}: {step:?}");
        assert_eq!(stage.state_of("t/after"), "", "{script}");
    }
    // A script may choose it too, and then has not failed.
    let mut stage = designed(
        "",
        "",
        "main.js",
        "nodeState.putShared('note', 'x'); action.goTo('Script Error');",
    );
    stage.begin();
    assert_eq!(stage.state_of("t/after"), "note=\"x\"");
}

#[test]
fn what_cannot_be_done_outside_fails_the_node_and_not_its_script() {
    let mut stage = designed(
        "",
        "",
        "main.js",
        "try { idRepository.getIdentity('demo').exists(); } catch (e) {} action.goTo('low');",
    );
    assert!(matches!(stage.step(Input::Begin), Step::Call(_)));
    let step = stage.take(Input::Effect(EffectReply::Failed("it is down".to_owned())));
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    assert_eq!(stage.failed_with(), "it is down");
}

#[test]
fn a_decision_that_names_no_outcome_of_its_node_leaves_nothing() {
    let text = format!(
        "journey t {{
  start main
  node main: ScriptedDecision {{
    script = file(\"main.js\")
    asks = false
    one -> after
    on error -> after
  }}
{AFTER}}}
"
    );
    for says in [
        "outcome = 'other';",
        "action.goTo('other');",
        "callbacksBuilder.nameCallback('Name'); outcome = 'one';",
        "action.goTo('one').putSessionProperty('AuthLevel', '9');",
    ] {
        let script = format!(
            "nodeState.putShared('note', 'x'); nodeState.putTransient('other', 1); action.withErrorMessage('m'); {says}"
        );
        let mut stage = Stage::of_files(
            &text,
            &[("main.js", &script)],
            registry(Settings::default()),
        );
        stage.begin();
        assert!(!stage.failed_with().is_empty(), "{says}");
        assert_eq!(stage.state_of("t/after"), "", "{says}");
    }
}
