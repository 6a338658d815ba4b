//! Scripts that mean harm: none of them reaches more than scripts may, and each ends in an error or an outcome.

use proptest::prelude::*;
use wayfare::Secret;

use super::stage::{Play, Stage};

fn run(script: &str) -> Stage {
    let mut stage = Play::new(script).stage();
    stage.begin();
    stage
}

/// Runs a script that must say `true`; what it says otherwise is what it found.
fn holds(script: &str) {
    let stage = run(script);
    assert_eq!(stage.failure(), None, "{script}");
    assert_eq!(stage.outcome().as_deref(), Some("true"), "{script}");
}

fn fails(script: &str) -> String {
    let stage = run(script);
    stage.failure().unwrap_or_else(|| {
        panic!("it fails: {script}: {:?}", stage.outcome());
    })
}

#[test]
fn text_is_never_code() {
    for way in [
        "sharedState.get.constructor('return 1')()",
        "(function () {}).constructor('return 1')()",
        "JavaImporter.constructor('return 1')()",
        "java.util.ArrayList.constructor('return 1')()",
        "org.forgerock.constructor('return 1')",
        "Object.getPrototypeOf(function* () {}).constructor('yield 1')",
        "eval('1')",
        "new Function('return 1')",
        "callbacks.constructor.constructor('return 1')()",
        "logger.error.constructor('return 1')()",
    ] {
        let script =
            format!("try {{ {way}; outcome = 'false'; }} catch (e) {{ outcome = 'true'; }}");
        holds(&script);
    }
}

#[test]
fn nothing_of_the_host_is_in_reach() {
    // Every object that can be come to from the global ones is looked at, names and prototypes included.
    holds(
        "var seen = new Set(), open = [globalThis], found = [];
         var names = ['load', 'delivers', 'identity', 'fetch', 'jwt', 'openidm', 'hmac', 'secret'];
         while (open.length && seen.size < 20000) {
           var at = open.pop();
           if (at === null || typeof at !== 'object' && typeof at !== 'function' || seen.has(at)) continue;
           seen.add(at);
           open.push(Object.getPrototypeOf(at));
           var own = Object.getOwnPropertyDescriptors(at);
           Reflect.ownKeys(own).forEach(function (name) {
             var property = own[name];
             if (names.indexOf(name) >= 0 && typeof property.value === 'function') found.push(String(name));
             open.push(property.value); open.push(property.set);
             if (property.get) { open.push(property.get); try { open.push(at[name]); } catch (e) { } }
           });
         }
         outcome = String(found.length === 0 && seen.size > 500);
         if (found.length) throw new Error(found.join());",
    );
    for name in [
        "require",
        "process",
        "std",
        "os",
        "print",
        "load",
        "host",
        "given",
        "begin",
        "globalThis.module",
    ] {
        holds(&format!("outcome = String(typeof {name} === 'undefined');"));
    }
}

#[test]
fn modules_of_the_bindings_are_not_imported() {
    let stage = run(
        "import('core.js').then(function () { outcome = 'false'; }, function () { outcome = 'true'; });",
    );
    assert_eq!(
        stage.outcome().as_deref(),
        Some("true"),
        "{:?}",
        stage.failure()
    );
    // Reading the callbacks reads a module, and what waits is done meanwhile.
    holds(
        "outcome = 'true';
         Promise.resolve().then(function () { return import('core.js'); }).then(function () { outcome = 'false'; }, function () { });
         callbacks.isEmpty(); httpClient.get; nodeState.keys();",
    );
    for name in [
        "./core.js",
        "begin.js",
        "callbacks.js",
        "main.legacy.js",
        "os",
        "std",
    ] {
        holds(&format!(
            "outcome = 'true'; import('{name}').then(function (it) {{ outcome = 'false'; }}, function () {{}});"
        ));
    }
}

#[test]
fn prototypes_are_those_of_one_run() {
    let play = Play::new(
        "if (Object.prototype.dirty || [].dirty || ''.dirty || java.util.ArrayList.dirty) { outcome = 'false'; } else {
           Object.prototype.dirty = Array.prototype.dirty = String.prototype.dirty = java.util.ArrayList.dirty = true;
           JSON.stringify = null; Object.keys = null; Array.prototype.map = null;
           outcome = 'true';
         }",
    );
    let engine = play.engine().unwrap();
    for _ in 0..3 {
        let mut stage = Stage::new(&engine);
        stage.begin();
        let came = stage.outcome().or_else(|| stage.failure());
        assert_ne!(came.as_deref(), Some("false"), "{:?}", stage.events);
    }
}

#[test]
fn names_of_prototypes_are_keys_like_others() {
    holds(
        "sharedState.put('__proto__', { polluted: true });
         sharedState.put('constructor', 'c'); sharedState.put('get', 'g');
         var map = new java.util.HashMap(JSON.parse('{\"__proto__\": {\"polluted\": true}}'));
         outcome = String(({}).polluted === undefined && sharedState.get('get') === 'g'
           && sharedState.get('constructor') === 'c' && map.get('__proto__') !== null && map.polluted === undefined);
         sharedState.remove('__proto__'); sharedState.remove('constructor'); sharedState.remove('get');",
    );
}

#[test]
fn tricks_with_what_is_written_end_in_errors() {
    for script in [
        "var a = {}; a.a = a; sharedState.put('a', a); outcome = 'true';",
        "Object.defineProperty(sharedState, 'a', { enumerable: true, get: function () { throw new Error('no'); } }); outcome = 'true';",
        "outcome = { toString: function () { return 'true'; } };",
        "action = { outcome: 'true' };",
        "sharedState.put('a', { toJSON: function () { throw new Error('no'); } }); JSON.stringify(sharedState); outcome = 'true';",
        "action = Object.create(org.forgerock.openam.auth.node.api.Action.prototype);",
        "var deep = []; for (var i = 0; i < 100; i++) deep = [deep]; sharedState.put('deep', deep); outcome = 'true';",
        "org.forgerock.openam.auth.node.api.Action.send({ kind: 'NameCallback' }).build();",
        "org.forgerock.openam.auth.node.api.Action.send().build();",
        "new javax.security.auth.callback.NameCallback('a').getName.call({});",
        "java.lang.Runtime.getRuntime().exec('id');",
        "java.lang.System.exit(1);",
        "new java.io.File('/');",
        "throw null;",
        "throw { get message() { throw 1; } };",
    ] {
        let message = fails(script);
        assert!(
            message.starts_with("main.legacy.js") || message.contains("outcome"),
            "{message}"
        );
        assert!(!message.contains("broken invariant"), "{message}");
    }
}

#[test]
fn budgets_hold_in_the_bindings() {
    for (script, word) in [
        ("for (;;) { }", "longer"),
        ("while (true) { sharedState.put('a', 1); }", "longer"),
        (
            "try { for (;;) { } } catch (e) { outcome = 'true'; }",
            "longer",
        ),
        (
            "var l = new java.util.ArrayList(); for (;;) l.add(new java.util.ArrayList([1, 2, 3]));",
            "budget",
        ),
        ("var s = 'x'; for (;;) s = s.concat(s);", "budget"),
        (
            "function f() { return f(sharedState.toString()) + 1; } f();",
            "budget",
        ),
        ("for (;;) logger.error('again');", "more than its budget"),
        (
            "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+b'); outcome = 'true';",
            "longer",
        ),
        (
            "for (;;) new java.util.HashSet(sharedState.keySet());",
            "longer",
        ),
        (
            "new java.util.ArrayList(new Array(4294967295)); outcome = 'true'",
            "budget",
        ),
        (
            "var p = new Proxy({}, { ownKeys: function () { for (;;) { } } }); sharedState.put('p', p); outcome = 'true';",
            "longer",
        ),
    ] {
        let message = fails(script);
        assert!(message.contains(word), "{script}: {message}");
    }
}

#[test]
fn secrets_are_not_told_in_errors() {
    let mut play = Play::new(
        "throw new Error('it is ' + secrets.getGenericSecret('scripted.node.key').getAsUtf8());",
    );
    let secret = (
        "scripted.node.key".to_owned(),
        Secret::new("s3cr3t".to_owned()),
    );
    play.settings.secrets = [secret].into();
    let mut stage = play.stage();
    stage.begin();
    assert_eq!(
        stage.failure().as_deref(),
        Some("main.legacy.js:1:73: it is _")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_ends_somehow(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "sharedState", ".get('a')", ".put('a', ", ")", "(", "[", "]", "{", "}", ";", "\n", "'", "`", "/", "java.util", ".HashMap",
            "new ", "with (", "for each (var x in ", ".length()", "JavaImporter(", "callbacks", "action = ", "outcome = ", "'true'",
            "fr.Action", "org.forgerock", ".build()", "return ", "var a = ", "=> ", "function () {", "null", "1", ",", "/*", "//",
        ]), 0..24)) {
        let play = Play::new(&words.concat());
        if let Ok(engine) = play.engine() {
            let mut stage = Stage::new(&engine);
            stage.begin();
        }
    }
}
