//! What a script says, by the rules of its node, and where it goes wrong.

use wayfare::{Answer, Callback, Step};
use wayfare_script::Settings;

use super::stage::{Stage, link, link_file, registry};

#[test]
fn suspending_comes_before_callbacks_and_callbacks_before_an_outcome() {
    let mut stage = Stage::new(
        "if (resumedFromSuspend) { action.goTo('two'); } else {
           callbacksBuilder.nameCallback('Name'); action.goTo('one').suspend('Look at {0}', null, 5); }",
    );
    let Step::Suspended(suspended) = stage.begin() else {
        panic!("it suspends");
    };
    assert!(matches!(&suspended.ask.callbacks[..],
        [Callback::SuspendedTextOutput { text }] if text == "Look at {0}"));
    stage.take(wayfare::Input::Resume);
    assert_eq!(stage.outcome(), "two");
    let mut stage = Stage::new(
        "callbacksBuilder.nameCallback('Name'); action.goTo('one').withStage('s').withHeader('h').withDescription('d');",
    );
    let Step::Ask(ask) = stage.begin() else {
        panic!("it asks");
    };
    assert_eq!(ask.stage.as_deref(), Some("s"));
    assert_eq!(ask.header.as_deref(), Some("h"));
    assert_eq!(ask.description.as_deref(), Some("d"));
    assert_eq!(ask.callbacks.len(), 1);
    // The same script asks again, whatever is answered.
    assert!(matches!(
        stage.answer(vec![Answer::Text("x".to_owned())]),
        Step::Ask(_)
    ));
}

#[test]
fn a_script_must_name_one_of_its_outcomes() {
    for (script, says) in [
        ("", "main.js: Script must set 'outcome' to a string."),
        (
            "outcome = 5;",
            "main.js: Script must set 'outcome' to a string.",
        ),
        (
            "outcome = true;",
            "main.js: Script must set 'outcome' to a string.",
        ),
        ("outcome = 'four';", "Invalid outcome from script, 'four'"),
        (
            "action.goTo('four');",
            "Invalid outcome from script, 'four'",
        ),
        (
            "outcome = 'one'; auditEntryDetail = 5;",
            "main.js: Invalid auditEntryDetail type from script",
        ),
    ] {
        assert_eq!(Stage::new(script).failed(), says, "{script}");
    }
    assert_eq!(
        Stage::new("outcome = 'one'; var auditEntryDetail = { a: 1 };").left(),
        "one"
    );
}

#[test]
fn errors_say_where() {
    for (script, says) in [
        (
            "var a;\n  a.b.c;",
            "main.js:2:3: TypeError: cannot read property 'b' of undefined",
        ),
        (
            "function f() {\n throw new Error('no');\n}\nf();",
            "main.js:2:",
        ),
        ("throw 'words';", "main.js: words"),
        (
            "throw { a: 1 };",
            "main.js: the script throws what is no error",
        ),
        (
            "nothing();",
            "main.js:1:1: ReferenceError: nothing is not defined",
        ),
        (
            "idRepository.getIdentity('demo').setAttribute('mail', ['x']);\nidRepository.getIdentity('demo').getAttributeValues('password');",
            "scripts may not read `password`",
        ),
    ] {
        let said = Stage::new(script).failed();
        assert!(said.contains(says), "{script}: {said}");
    }
}

#[test]
fn what_is_secret_is_in_no_message_and_in_no_line() {
    let script = "if (callbacks.isEmpty()) { callbacksBuilder.passwordCallback('P', false); }
        else { var it = callbacks.getPasswordCallbacks()[0]; logger.error('it is {}', it); throw new Error('not ' + it); }";
    let mut stage = Stage::new(script);
    stage.begin();
    stage.answer(vec![Answer::Secret(wayfare::Secret::from("Ch4ng31t"))]);
    assert_eq!(stage.lines(), ["error: it is _"]);
    let said = stage.failed_with();
    assert!(
        said.starts_with("main.js:2:") && said.ends_with(": not _"),
        "{said}"
    );
}

#[test]
fn a_text_that_is_no_script_is_refused_when_linked() {
    let refused =
        |file: &str, script: &str| link_file(file, script, registry(Settings::default())).err();
    assert_eq!(
        refused("main.js", "var a = 1;\nif (;").as_deref(),
        Some(
            "node `main` of journey `t`: main.js:2:5: SyntaxError: unexpected token in expression: ';'"
        )
    );
    assert_eq!(
        refused("main.js", "outcome = 'one'; var a = 1n;").as_deref(),
        Some(
            "node `main` of journey `t`: main.js:1:27: whole numbers without end, as `12n`, are not run here"
        )
    );
    let groovy = refused("main.groovy", "outcome = 'one'").unwrap();
    assert!(
        groovy.contains("main.groovy:1:1: scripts in Groovy are not run"),
        "{groovy}"
    );
    assert!(link("outcome = 'one';", registry(Settings::default())).is_ok());
}

#[test]
fn text_is_not_run_as_code() {
    for script in [
        "eval('1')",
        "new Function('return 1')()",
        "(function () {}).constructor('return 1')()",
        "(async function () {}).constructor('return 1')()",
        "(function* () {}).constructor('return 1')()",
        "Object.getPrototypeOf(function () {}).constructor = 1; (function () {}).constructor('x')",
        "setTimeout(() => 1, 1)",
        "require('fs')",
        "import('fs')",
    ] {
        let script =
            format!("outcome = 'two'; try {{ {script}; }} catch (e) {{ outcome = 'one'; }}");
        let left = Stage::new(&script).left();
        // A module that is asked for by a promise never comes.
        assert!(
            left == "one" || script.contains("import("),
            "{script}: {left}"
        );
    }
    let script = "outcome = [typeof BigInt, typeof Atomics, typeof SharedArrayBuffer, typeof WeakRef, typeof performance, typeof eval,
        typeof std, typeof os, typeof process, typeof console].every(it => it === 'undefined') ? 'one' : 'two';";
    assert_eq!(Stage::new(script).left(), "one");
}

#[test]
fn nothing_of_a_run_is_there_in_the_next() {
    let script = "if (globalThis.seen || [].seen || Object.prototype.seen) { outcome = 'two'; } else { outcome = 'one'; }
        globalThis.seen = 1; Array.prototype.seen = 1; Object.prototype.seen = 1; Math.max = null; JSON.parse = null;";
    for _ in 0..3 {
        assert_eq!(Stage::new(script).left(), "one");
    }
}

#[test]
fn the_clock_stands_and_is_everywhere_the_same() {
    let script = "var d = new Date();
        logger.info([Date.now(), d.getTime(), +d, d.toISOString(), d.getHours() === d.getUTCHours(), d.getTimezoneOffset(),
          new Date(2024, 0, 31, 12).toISOString(), new Date('2024-03-01T10:00:00').toISOString(), new Date('2024-03-01').toISOString(),
          Date.parse('2024-03-01T10:00:00+02:00'), d instanceof Date, Object.prototype.toString.call(d), new Date(NaN) + '', d + '', typeof Date(),
          d.constructor === Date, new Date(0).toLocaleString(), new Date(d - 1000) < d].join(' '));
        outcome = 'one';";
    let mut stage = Stage::new(script);
    stage.left();
    assert_eq!(
        stage.lines(),
        [
            "info: 1700000000000 1700000000000 1700000000000 2023-11-14T22:13:20.000Z true 0 2024-01-31T12:00:00.000Z \
          2024-03-01T10:00:00.000Z 2024-03-01T00:00:00.000Z 1709280000000 true [object Date] Invalid Date \
          Tue Nov 14 2023 22:13:20 GMT+0000 (UTC) string true 1/1/1970, 12:00:00 AM true"
        ]
    );
}

#[test]
fn randomness_is_the_hosts() {
    let script = "logger.info([Math.random(), Math.random(), utils.crypto.randomUUID()].join(' ')); outcome = 'one';";
    let run = || {
        let mut stage = Stage::new(script);
        stage.left();
        stage.lines()
    };
    let first = run();
    assert_eq!(first, run());
    let parts: Vec<&str> = first[0].split(' ').collect();
    assert_ne!(parts[1], parts[2]);
}

const CONFIGURED: &str = r#"journey t {
  start main
  node main: ConfigProvider {
    nodeType = "MessageNode"
    script = """
var id = idRepository.getIdentity('demo');
config = { message: { en: 'Hello ' + id.getAttributeValues('givenName')[0] }, messageYes: { en: 'Yes' }, messageNo: { en: 'No' } };
"""
    true -> success
    false -> failure
    CONFIGURATION_FAILED -> failure
    allow unproved_success because "a stage for scripts"
  }
}
"#;

#[test]
fn a_script_makes_the_settings_of_another_type() {
    let mut stage = Stage::of_text(CONFIGURED, registry(Settings::default()));
    let asked = stage.asked();
    assert!(
        matches!(&asked[0], Callback::TextOutput { text, .. } if text == "Hello Demo"),
        "{asked:?}"
    );
    let broken = CONFIGURED.replace("config = {", "var other = {");
    let mut stage = Stage::of_text(&broken, registry(Settings::default()));
    stage.begin();
    assert_eq!(stage.outcome(), "CONFIGURATION_FAILED");
}

#[test]
fn lists_and_texts_are_what_they_are_in_javascript() {
    for (expression, value) in [
        ("String.raw`a${1}\\n${2}b`", "\"a1\\\\n2b\""),
        ("[1].concat([2, 3], 4, [[5]])", "[1,2,3,4,[5]]"),
        ("[1, , 3].concat([, 2]).length", "5"),
        (
            "(function () { return Array.prototype.slice.call(arguments, 1); }(1, 2, 3))",
            "[2,3]",
        ),
        (
            "Array.prototype.map.call('abc', it => it + it)",
            "[\"aa\",\"bb\",\"cc\"]",
        ),
        ("Array.prototype.join.call('abc', '-')", "\"a-b-c\""),
        ("Array.prototype.slice.call(Object.create([7, 8]))", "[7,8]"),
        ("new Proxy([3, 1, 2], {}).slice(1)", "[1,2]"),
        ("[3, 1, 10].sort()", "[1,10,3]"),
        ("[3, 1, 10].sort((a, b) => a - b).reverse()", "[10,3,1]"),
        ("[1, 2, 3].splice(1, 1)", "[2]"),
        ("[...new Set([1, 1, 2])]", "[1,2]"),
        ("((...all) => all)(...[1, 2], ...'ab')", "[1,2,\"a\",\"b\"]"),
        ("Array.from(new Map([[1, 2]]).entries())", "[[1,2]]"),
        ("[...[1, 2].entries()]", "[[0,1],[1,2]]"),
        ("'a-b-c'.split('-')", "[\"a\",\"b\",\"c\"]"),
        ("'a-b-c'.split('-', 2)", "[\"a\",\"b\"]"),
        ("'a1b22'.split(/[0-9]+/)", "[\"a\",\"b\",\"\"]"),
        ("'abc'.split()", "[\"abc\"]"),
        ("'aXbX'.replace('X', '$&$&')", "\"aXXbX\""),
        ("'aXbX'.replaceAll('X', () => 'y')", "\"ayby\""),
        ("'a1b2'.replace(/([a-z])(\\d)/g, '$2$1')", "\"1a2b\""),
        ("'a1b2'.match(/\\d/g)", "[\"1\",\"2\"]"),
        ("'a1'.match('[0-9]').index", "1"),
        (
            "[...'a1b2'.matchAll(/\\d/g)].map(it => it[0])",
            "[\"1\",\"2\"]",
        ),
        ("'abc'.search(/c/)", "2"),
        ("'abcb'.lastIndexOf('b')", "3"),
        ("'abcb'.lastIndexOf('b', 2)", "1"),
        (
            "'abc'.includes('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c') && !'abc'.includes('a', 1)",
            "true",
        ),
        (
            "'5'.padStart(3, '0') + 'a'.padEnd(2) + 'x'.repeat('2')",
            "\"005a xx\"",
        ),
        (
            "encodeURIComponent('a b') + parseInt('12px') + parseInt('ff', 16)",
            "\"a%20b12255\"",
        ),
        (
            "JSON.parse('{\"a\":[1]}', (key, it) => (key === 'a' ? it.concat(2) : it))",
            "{\"a\":[1,2]}",
        ),
        ("new Uint8Array([3, 1, 2]).sort().join()", "\"1,2,3\""),
        ("new Proxy({}, { get: (_, key) => key }).some", "\"some\""),
        (
            "((it) => { it.revoke(); return typeof it.proxy; })(Proxy.revocable({}, {}))",
            "\"object\"",
        ),
    ] {
        let script = format!("logger.info(JSON.stringify({expression})); outcome = 'one';");
        let mut stage = Stage::new(&script);
        stage.begin();
        assert_eq!(stage.lines(), [format!("info: {value}")], "{expression}");
    }
    for (expression, why) in [
        ("'a'.replaceAll(/a/, '')", "'g' flag"),
        ("'a'.includes(/a/)", "regexp"),
        ("String.prototype.trim.call(null)", "null or undefined"),
        ("Array.prototype.slice.call(null)", "TypeError"),
    ] {
        let said = Stage::new(expression).failed();
        assert!(said.contains(why), "{expression}: {said}");
    }
}

#[test]
fn a_text_is_read_before_it_is_run_and_not_run_to_be_read() {
    for (script, why) in [
        ("return;", "main.js:1:"),
        ("outcome = 'one';\nif (true) { return; }", "main.js:2:"),
        ("}); for (;;) {} (function () {", "main.js:1:1: SyntaxError"),
        ("}\nthrow 0;\n{", "main.js:1:1: SyntaxError"),
    ] {
        let Err(said) = link(script, registry(Settings::default())) else {
            panic!("{script} is no script");
        };
        assert!(said.contains(why), "{script}: {said}");
    }
    for script in [
        "",
        "throw 1;",
        "for (;;) {}",
        "'use strict'; nothing = 1;",
        "let a; { let a; }",
    ] {
        assert!(
            link(script, registry(Settings::default())).is_ok(),
            "{script}"
        );
    }
}

#[test]
fn a_script_that_catches_its_stop_says_nothing_by_it() {
    let mut stage = Stage::new(
        "logger.info('before'); var mail; \
         try { mail = idRepository.getIdentity('demo').getAttributeValues('mail')[0]; } \
         catch (e) { logger.error('caught ' + e); } \
         logger.info('mail ' + mail); logger.info('behind'); outcome = 'one';",
    );
    assert_eq!(stage.left(), "one");
    assert_eq!(
        stage.lines(),
        [
            "info: before",
            "info: mail demo@example.com",
            "info: behind"
        ]
    );
}

#[test]
fn secrets_of_several_lines_are_not_told() {
    let key = "-----BEGIN KEY-----\nMIIabc\r\nDEF==\n-----END KEY-----\n";
    for text in ["it", "it.trim()", "'<' + it + '>'"] {
        let mut settings = Settings::default();
        let secret = wayfare::Secret::new(key.to_owned());
        settings
            .secrets
            .insert("scripted.node.key".to_owned(), secret);
        let script = format!(
            "var it = secrets.getGenericSecret('scripted.node.key').getAsUtf8(); \
             logger.info({text}); throw new Error({text});"
        );
        let mut stage = Stage::with(&script, settings);
        let told = format!("{} {:?}", stage.failed(), stage.lines());
        assert!(!told.contains("MII") && told.contains('_'), "{told}");
    }
}

#[test]
fn what_nests_too_deep_is_said_so() {
    let deep = "var a = {}, x = a; for (var i = 0; i < 200; i++) x = x.a = {}; nodeState.putShared('deep', a); outcome = 'one';";
    let said = Stage::new(deep).failed();
    assert!(said.contains("nests too deep"), "{said}");
}

#[test]
fn what_is_stored_together_is_written_together() {
    let mut settings = Settings::default();
    settings.permissions.write = vec!["givenName".to_owned(), "mail".to_owned()];
    let script = "var it = idRepository.getIdentity('demo'); it.setAttribute('givenName', ['A']); \
        it.addAttribute('mail', 'b@example.com'); it.store(); it.store(); outcome = 'one';";
    let mut stage = Stage::with(script, settings.clone());
    assert_eq!(stage.left(), "one");
    let effects = stage
        .effects
        .borrow()
        .iter()
        .map(wayfare::Effect::kind)
        .collect::<Vec<_>>();
    assert_eq!(effects.len(), 2, "{effects:?}");
    let users = stage.users.borrow();
    let demo = &users["demo"].attributes;
    assert_eq!(demo["givenName"], wayfare::Value::from("A"));
    assert!(format!("{:?}", demo["mail"]).contains("b@example.com"));
    // One that may not be written keeps the others from being written.
    let script = "var it = idRepository.getIdentity('demo'); it.setAttribute('givenName', ['A']); \
        it.setAttribute('sn', ['B']); it.store(); outcome = 'one';";
    let mut stage = Stage::with(script, settings);
    let said = stage.failed();
    assert!(said.contains("may not write `sn`"), "{said}");
    assert!(stage.effects.borrow().is_empty());
}
