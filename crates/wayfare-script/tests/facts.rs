//! What the text of a script tells.

use wayfare::{
    Generation, ScriptFacts,
    model::signature::{Known, Scope},
};
use wayfare_script::facts;

fn next(text: &str) -> ScriptFacts {
    facts(text, Generation::Next)
}

fn first(text: &str) -> ScriptFacts {
    facts(text, Generation::First)
}

/// The outcomes with their lines; a star where there may be others.
fn outcomes(facts: &ScriptFacts) -> String {
    let lines = &facts.outcomes.lines;
    let mut list: Vec<String> = lines
        .iter()
        .map(|(name, line)| format!("{name}:{line}"))
        .collect();
    if !facts.outcomes.all {
        list.push("*".to_owned());
    }
    list.join(" ")
}

fn keys(lines: &wayfare::model::script::Lines<(Scope, std::sync::Arc<str>)>) -> String {
    let mut list: Vec<String> = lines
        .lines
        .keys()
        .map(|(scope, key)| scope.path(key).to_string())
        .collect();
    if !lines.all {
        list.push("*".to_owned());
    }
    list.join(" ")
}

#[test]
fn what_is_assigned_last_is_the_outcome() {
    let text = "outcome = 'error';\nif (nodeState.get('a') == 1) {\n  outcome = 'true';\n} else {\n  outcome = 'false';\n}";
    assert_eq!(outcomes(&next(text)), "false:5 true:3");
    assert_eq!(
        outcomes(&next("outcome = 'a'; if (realm) { outcome = 'b' }")),
        "a:1 b:1"
    );
    assert_eq!(outcomes(&next("var r = 'a'; r = 'b'; outcome = r;")), "b:1");
}

#[test]
fn go_to_comes_before_the_variable() {
    assert_eq!(outcomes(&next("outcome = 'a';\naction.goTo('b');")), "b:2");
    assert_eq!(
        outcomes(&next("action.goTo(realm ? 'b' : 'c').withStage('x');")),
        "b:1 c:1"
    );
}

#[test]
fn constants_of_an_object_are_followed() {
    let text = "var O = { OK: 'ok', NO: 'no' };\nfunction main() {\n  if (realm) { return O.OK; }\n  return O.NO;\n}\naction.goTo(main());";
    assert_eq!(outcomes(&next(text)), "no:6 ok:6");
}

#[test]
fn templates_are_read() {
    let text = "var a = 'x'; outcome = `${a}${String(`y`)}` ? `o${'k'}` : `no`;";
    assert_eq!(outcomes(&next(text)), "no:1 ok:1");
    let text = "var t = `<b>${JSON.stringify(nodeState.get('a'), null, 2)}</b> ${[1].length}`; outcome = 'ok';";
    assert_eq!(outcomes(&next(text)), "ok:1");
}

#[test]
fn what_is_computed_is_not_known() {
    for text in [
        "outcome = nodeState.get('to');",
        "action.goTo('a' + realm);",
        "outcome = ['a', 'b'][0];",
        "var O = {A: 'a'}; outcome = O[realm];",
        "outcome = JSON.parse('\"a\"');",
    ] {
        assert!(!next(text).outcomes.all, "{text}");
    }
}

#[test]
fn a_branch_that_is_never_taken_is_not_read() {
    assert_eq!(
        outcomes(&next("if (false) { outcome = 'a' } else { outcome = 'b' }")),
        "b:1"
    );
    assert_eq!(
        outcomes(&next("var debug = false; outcome = debug ? 'a' : 'b';")),
        "b:1"
    );
}

#[test]
fn loops_switches_and_exceptions_are_followed() {
    let text =
        "var o = 'a'; for (var i = 0; i < 3; i++) { if (realm) { o = 'b'; break; } } outcome = o;";
    assert_eq!(outcomes(&next(text)), "a:1 b:1");
    let text = "switch (realm) { case '/a': outcome = 'a'; break; case '/b': outcome = 'b'; default: outcome = 'c'; }";
    assert_eq!(outcomes(&next(text)), "a:1 c:1");
    let text = "try { nodeState.get('a').b(); outcome = 'x'; } catch (e) { outcome = 'err'; }";
    assert_eq!(outcomes(&next(text)), "err:1 x:1");
    let text = "['a'].forEach(function (x) { outcome = 'in'; });";
    assert_eq!(outcomes(&next(text)), "in:1");
    let text = "(() => { outcome = 'a'; if (realm) return; outcome = 'b'; })();";
    assert_eq!(outcomes(&next(text)), "a:1 b:1");
}

#[test]
fn state_is_read_and_written() {
    let read = next(
        "var k = 'b'; nodeState.get('a'); nodeState.isDefined(k);\nnodeState.putShared('c', 1).putTransient('d', 2);\nnodeState.mergeShared({e: 1, objectAttributes: {mail: 'x'}});\nnodeState.remove('f'); outcome = 'x';",
    );
    assert_eq!(keys(&read.reads), "any.a any.b");
    assert_eq!(
        keys(&read.writes),
        "shared.c shared.e transient.d shared.objectAttributes.mail"
    );
    assert_eq!(read.removes.lines.len(), 1);
    assert_eq!(read.writes.line(&(Scope::Transient, "d".into())), Some(2));
    let read = first(
        "sharedState.get('a'); transientState.put('b', 1); sharedState.get('objectAttributes').put('sn', 1); outcome = 'x'",
    );
    assert_eq!(keys(&read.reads), "shared.a shared.objectAttributes");
    assert_eq!(keys(&read.writes), "transient.b shared.objectAttributes.sn");
}

#[test]
fn what_state_is_touched_may_not_be_known() {
    assert!(!next("nodeState.get(realm); outcome = 'x'").reads.all);
    assert!(
        !next("nodeState.putShared(realm, 1); outcome = 'x'")
            .writes
            .all
    );
    assert!(
        !next("nodeState.mergeShared(JSON.parse(realm)); outcome = 'x'")
            .writes
            .all
    );
    assert!(
        !first("logger.error('' + sharedState); outcome = 'x'")
            .reads
            .all
    );
    assert!(
        !next(
            "var n = nodeState; function f(s, k) { s.putShared(k, 1) } f(n, realm); outcome = 'x'"
        )
        .writes
        .all
    );
}

#[test]
fn asking_is_always_never_or_maybe() {
    let asks = |text| next(text).asks;
    assert_eq!(asks("outcome = 'a'"), Known::Is(false));
    assert_eq!(
        asks(
            "if (callbacks.isEmpty()) { callbacksBuilder.nameCallback('n'); } else { action.goTo('a'); }"
        ),
        Known::Is(true)
    );
    assert_eq!(
        asks(
            "if (callbacks.isEmpty() && realm) { callbacksBuilder.nameCallback('n'); } else { action.goTo('a'); }"
        ),
        Known::Unknown
    );
    assert_eq!(
        asks(
            "if (!callbacks.isEmpty()) { action.goTo('a'); } else { callbacksBuilder.nameCallback('n'); }"
        ),
        Known::Is(true)
    );
    let legacy = "var fr = JavaImporter(org.forgerock.openam.auth.node.api.Action, javax.security.auth.callback.NameCallback);\nwith (fr) { if (callbacks.isEmpty()) { action = Action.send(new NameCallback('n')).build(); } else { action = Action.goTo('ok').build(); } }";
    let read = first(legacy);
    assert_eq!(read.asks, Known::Is(true), "{read:?}");
    assert_eq!(outcomes(&read), "ok:2");
    let size =
        "if (callbacks.size() == 0) { callbacksBuilder.nameCallback('n') } else { outcome = 'a' }";
    assert_eq!(asks(size), Known::Is(true));
}

#[test]
fn secrets_in_shared_state_are_seen() {
    let leaks = |read: ScriptFacts| {
        let list = read
            .leaks
            .iter()
            .map(|leak| format!("{:?}:{}", leak.key.as_deref(), leak.line));
        list.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        leaks(first(
            "var pwd = transientState.get('password');\nsharedState.put('p', '' + pwd); outcome = 'a'"
        )),
        "Some(\"p\"):2"
    );
    assert_eq!(
        leaks(next(
            "nodeState.putShared('p', secrets.getGenericSecret('x').getAsUtf8()); outcome = 'a'"
        )),
        "Some(\"p\"):1"
    );
    assert_eq!(
        leaks(next(
            "nodeState.putTransient('p', nodeState.get('password')); outcome = 'a'"
        )),
        ""
    );
    assert_eq!(
        leaks(next(
            "nodeState.putShared('n', nodeState.get('password') == 'x'); outcome = 'a'"
        )),
        ""
    );
}

#[test]
fn what_is_not_followed_tells_nothing() {
    for text in [
        "eval('outcome = \"a\"')",
        "function f(n) { return n ? f(n - 1) : 'a' } outcome = f(3)",
        "with (nodeState) { putShared('a', 1) } outcome = 'a'",
        "nodeState[realm]('a', 1); outcome = 'a'",
        "class A {} outcome = 'a'",
        "var x = {toString: function () { nodeState.putShared('a', 1); return 'k' }}; outcome = 'a' + x",
        "outcome = 'a",
        "try { outcome = 'a' } finally { outcome = 'b' }",
        "`${{ [Symbol.toPrimitive]() { nodeState.putShared('a', 1) } }}`; outcome = 'a'",
        "[...{ [Symbol.iterator]() { nodeState.putShared('a', 1); return [].values() } }]; outcome = 'a'",
        "var o = { ['toString']: function () { nodeState.putShared('a', 1) } }; outcome = 'a' + o",
        "var o = {}; o[Symbol.iterator] = function () { nodeState.putShared('a', 1) }; outcome = 'a'",
        "Array.prototype.map = function () { nodeState.putShared('a', 1) }; [1].map(x => x); outcome = 'a'",
        "var p = Array.prototype; p.x = { y() { nodeState.putShared('a', 1) } }; [].x.y(); outcome = 'a'",
        "function F() {} F.prototype.g = function () { nodeState.putShared('a', 1) }; new F().g(); outcome = 'a'",
        "Math.max = function () { nodeState.putShared('a', 1) }; Math.max(1); outcome = 'a'",
        "logger.info = x => nodeState.putShared(x, 1); logger.info('a'); outcome = 'a'",
        "var o = nodeState.get('o'); o.f = () => nodeState.putShared('a', 1); o.f(); outcome = 'a'",
        "Object.assign(nodeState.get('o'), { userName: 'a' }); outcome = 'a'",
        "Object.assign(nodeState, { putShared: k => nodeState.mergeShared({ a: k }) }); outcome = 'a'",
        "var q = { ...nodeState }; q.putShared('a', 1); outcome = 'a'",
        "var h = {}; h.__proto__ = nodeState; h.putShared('a', 1); outcome = 'a'",
        "var h = {}; [h.toString] = [() => nodeState.putShared('a', 1)]; outcome = 'a' + h",
    ] {
        let read = next(text);
        assert!(read.unread.is_some(), "{text}: {read:?}");
        assert!(!read.outcomes.all && !read.writes.all && !read.reads.all);
        assert_eq!(
            (read.asks, read.calls_out),
            (Known::Unknown, Known::Unknown)
        );
    }
}

#[test]
fn what_stands_before_a_failure_counts_behind_it() {
    for fails in [
        "y = z",
        "1 in 5",
        "for (const i of 5) {}",
        "var [a] = null",
        "null.a",
        "f()",
        "var q = undef.a",
    ] {
        let read = next(&format!(
            "function f() {{ x = 2; g; x = 3; }} var x = 1; outcome = 'a'; try {{ x = 2; {fails}; x = 3; }} catch (e) {{ if (x === 2) outcome = 'b'; }}"
        ));
        assert!(read.outcomes.lines.contains_key("b"), "{fails}: {read:?}");
    }
    let read = next("outcome = 'a'; if (010 === 8) { outcome = 'b'; }");
    assert!(read.outcomes.lines.contains_key("b"), "{read:?}");
}

#[test]
fn what_a_pattern_evaluates_is_followed() {
    for text in [
        "var { z = nodeState.putShared('a', 1) } = {};",
        "var [z = nodeState.putShared('a', 1)] = [];",
        "(function ({ y: { z = nodeState.putShared('a', 1) } }) {})({ y: {} });",
        "var { [nodeState.putShared('a', 1)]: z } = {};",
        "for (const { z = nodeState.putShared('a', 1) } of [{}]) {}",
    ] {
        let read = next(&format!("{text} outcome = 'a';"));
        let written = read.writes.lines.contains_key(&(Scope::Shared, "a".into()));
        assert!(read.unread.is_some() || written, "{text}: {read:?}");
    }
    let read = next("var { z = 'b' } = nodeState.getObject('x'); outcome = z ? 'a' : 'c';");
    assert!(read.unread.is_none(), "{read:?}");
}

#[test]
fn what_calls_out_names_users_and_sets_properties_is_noted() {
    let read = next(
        "httpClient.send('https://example.com', {}).get(); action.goTo('a').putSessionProperty('p', 'v').withIdentifiedUser('demo');",
    );
    assert_eq!(read.calls_out, Known::Is(true));
    assert_eq!(read.identifies, Known::Is(true));
    assert!(read.properties.lines.contains_key("p"));
    assert!(
        read.writes
            .lines
            .contains_key(&(Scope::Shared, "username".into()))
    );
    assert_eq!(next("outcome = 'a'").calls_out, Known::Is(false));
    assert_eq!(
        next("action.suspend('x', function (u) { nodeState.putShared('u', 1) })").suspends,
        Known::Is(true)
    );
}

#[test]
fn a_closure_of_another_call_keeps_its_variables() {
    let text = "function make(o) { return function () { return o; } }\nvar a = make('a'); var b = make('b'); outcome = a();";
    let read = next(text);
    assert!(read.outcomes.lines.contains_key("a"), "{read:?}");
}

#[test]
fn nothing_deep_or_long_breaks_it() {
    for text in [
        "(".repeat(100_000),
        "[".repeat(5_000),
        "!".repeat(50_000),
        format!("outcome = {}'a'", "'a' + ".repeat(20_000)),
        format!("a{}", ".b()".repeat(20_000)),
        "if (a) ".repeat(20_000),
        format!("outcome = {}'x'", "a ? b : ".repeat(20_000)),
        "`${".repeat(10_000),
        "{".repeat(10_000),
        format!(
            "outcome = 'a';{}",
            "if (realm) { outcome = 'b' } else { outcome = 'c' }".repeat(2_000)
        ),
        "function f() {".repeat(5_000),
        "new ".repeat(10_000),
    ] {
        let _ = next(&text);
    }
}

#[test]
fn entries_of_a_state_are_ways_into_it() {
    let read = first("sharedState.entrySet().iterator().next().setValue('a'); outcome = 'a';");
    assert!(read.unread.is_some() || !read.writes.all, "{read:?}");
    let read = first("logger.message(sharedState.entrySet()); outcome = 'a';");
    assert!(read.unread.is_none() && read.writes.all, "{read:?}");
}

#[test]
fn callbacks_are_told_as_the_wire_calls_them() {
    let names = |facts: &ScriptFacts| facts.callbacks.lines.keys().cloned().collect::<Vec<_>>();
    let text = "callbacksBuilder.scriptTextOutputCallback('x'); callbacksBuilder.validatedUsernameCallback('U', '{}', false);";
    assert_eq!(
        names(&next(text)),
        ["TextOutputCallback", "ValidatedCreateUsernameCallback"].map(std::sync::Arc::from)
    );
    let text = "var fr = JavaImporter(com.sun.identity.authentication.callbacks, org.forgerock.openam.auth.node.api);
        action = fr.Action.send(new fr.ScriptTextOutputCallback('x')).build();";
    assert_eq!(
        names(&first(text)),
        ["TextOutputCallback"].map(std::sync::Arc::from)
    );
}

#[test]
fn whoever_names_a_user_calls_out() {
    let named = next("action.goTo('a').withIdentifiedUser('demo');");
    assert_eq!(named.calls_out, Known::Is(true));
    let text = "var fr = JavaImporter(org.forgerock.openam.auth.node.api);
        action = fr.Action.goTo('a').withIdentifiedUser('demo').build();";
    assert_eq!(first(text).calls_out, Known::Is(true));
    let written = next("nodeState.putShared('username', 'demo'); outcome = 'a';");
    assert_eq!(written.calls_out, Known::Is(false));
}

#[test]
fn a_script_that_hands_out_objects_is_read_within_its_bounds() {
    let lines = [
        "httpClient.send('https://a.example.com', {method: 'POST', body: {a: 1}}).get()\n",
        "var id = idRepository.getIdentity('demo'); id.setAttribute('mail', ['x']); id.store();\n",
        "httpClient.send('https://a.example.com').then(r => { outcome = 'one'; });\n",
    ];
    for line in lines {
        let few = format!("{}outcome = 'true';", line.repeat(12));
        assert!(next(&few).unread.is_none(), "{line}");
        // Without a bound on what each line looks through, these would take minutes.
        let many = format!("{}outcome = 'true';", line.repeat(3_000));
        let read = next(&many);
        assert!(read.unread.is_some(), "{line}");
        assert!(!read.outcomes.all && !read.writes.all, "{line}");
    }
}
