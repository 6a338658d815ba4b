//! What is suggested does what the script does: both are run, the script by the interpreter, what is suggested for
//! it by the engine, over the same states and requests, and are compared wherever the suggestion does not say itself
//! that it differs.
//!
//! The seed is printed; `WAYFARE_SEED` tries another.

use std::{collections::BTreeMap, sync::Arc};

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value as Json, json};
use wayfare::Generation;
use wayfare_script::{But, Suggestion};

use super::stage::{World, back, engine, play, suggested, targets};

/// How many scripts are made for each generation.
const SCRIPTS: u64 = 50;

/// How many runs each has.
const RUNS: usize = 8;

/// The share of runs that must be compared.
const SHARE: f64 = 0.4;

const KEYS: [&str; 3] = ["k", "other", "a.b"];

/// Texts that values are and that scripts compare with, so that they often meet.
const TEXTS: [&str; 6] = ["x", "xy", "", "0", "é\"q", "Xy"];

#[expect(clippy::disallowed_methods, reason = "a test is told its seed")]
fn seed() -> u64 {
    let seed = std::env::var("WAYFARE_SEED").ok();
    let seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or(1);
    println!("WAYFARE_SEED={seed}");
    seed
}

fn runner(seed: u64, at: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes[8..16].copy_from_slice(&at.to_be_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config::default(), rng)
}

fn one<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    select(&TEXTS[..]).prop_map(quoted)
}

fn key() -> impl Strategy<Value = &'static str> {
    select(&KEYS[..])
}

/// A read of the state, as a script of the generation writes it.
fn value(generation: Generation) -> BoxedStrategy<String> {
    let read = |of: &'static str| key().prop_map(move |key| format!("{of}.get({})", quoted(key)));
    match generation {
        Generation::First => prop_oneof![
            4 => read("sharedState"),
            1 => read("transientState"),
            1 => read("nodeState"),
            1 => read("nodeState").prop_map(|read| format!("{read}.asString()")),
            1 => Just("v".to_owned()),
        ]
        .boxed(),
        _ => prop_oneof![6 => read("nodeState"), 1 => Just("v".to_owned())].boxed(),
    }
}

/// The values of a header or of a parameter.
fn list() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&["x-one", "X-Two"][..])
            .prop_map(|name| format!("requestHeaders.get({})", quoted(name))),
        select(&["theme", "Goto"][..])
            .prop_map(|name| format!("requestParameters.get({})", quoted(name))),
        Just("w".to_owned()),
    ]
}

/// One value of a request.
fn first() -> impl Strategy<Value = String> {
    (list(), select(&[".get(0)", "[0]"][..])).prop_map(|(list, at)| format!("{list}{at}"))
}

fn equality() -> impl Strategy<Value = &'static str> {
    select(&["==", "===", "!=", "!=="][..])
}

/// What a script may ask of a text.
fn method(generation: Generation) -> BoxedStrategy<String> {
    let plain = select(&["includes", "startsWith", "endsWith"][..]);
    let java = select(&["equals", "contains"][..]);
    let name = match generation {
        Generation::First => prop_oneof![plain, java].boxed(),
        _ => plain.boxed(),
    };
    let index = select(&["!== -1", "!= -1", "> -1", ">= 0", "=== -1", "== -1", "< 0"][..]);
    prop_oneof![
        2 => (name, text()).prop_map(|(name, text)| format!(".{name}({text})")),
        1 => (index, text()).prop_map(|(index, text)| format!(".indexOf({text}) {index}")),
    ]
    .boxed()
}

fn atom(generation: Generation) -> BoxedStrategy<String> {
    let value = || value(generation);
    let literal = || {
        prop_oneof![
            3 => text(),
            1 => select(&["true", "false"][..]).prop_map(str::to_owned),
            1 => (-2..4).prop_map(|number: i32| number.to_string()),
        ]
    };
    let order = select(&["<", "<=", ">", ">="][..]);
    let defined = match generation {
        Generation::First => select(
            &[
                "sharedState.containsKey",
                "transientState.containsKey",
                "nodeState.isDefined",
            ][..],
        ),
        _ => select(&["nodeState.isDefined"][..]),
    };
    prop_oneof![
        2 => value(),
        1 => list(),
        1 => first(),
        2 => (value(), equality()).prop_map(|(value, sign)| format!("{value} {sign} null")),
        1 => (value(), equality()).prop_map(|(value, sign)| format!("null {sign} {value}")),
        1 => (list(), equality()).prop_map(|(list, sign)| format!("{list} {sign} null")),
        3 => (value(), equality(), literal())
            .prop_map(|(value, sign, with)| format!("{value} {sign} {with}")),
        1 => (value(), equality(), literal())
            .prop_map(|(value, sign, with)| format!("{with} {sign} {value}")),
        2 => (first(), equality(), text())
            .prop_map(|(value, sign, with)| format!("{value} {sign} {with}")),
        1 => (value(), order, -2..4)
            .prop_map(|(value, sign, with)| format!("{value} {sign} {with}")),
        1 => (defined, key()).prop_map(|(of, key)| format!("{of}({})", quoted(key))),
        1 => (value(), method(generation)).prop_map(|(value, method)| format!("{value}{method}")),
        2 => (first(), method(generation)).prop_map(|(value, method)| format!("{value}{method}")),
        2 => (list(), method(generation))
            .prop_map(|(list, method)| format!("{list} && {list}.get(0){method}")),
        1 => (list(), method(generation))
            .prop_map(|(list, method)| format!("!{list} || {list}.get(0){method}")),
    ]
    .boxed()
}

fn condition(generation: Generation) -> BoxedStrategy<String> {
    atom(generation)
        .prop_recursive(2, 4, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|of| format!("!({of})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
                (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) || ({b})")),
            ]
        })
        .boxed()
}

fn says(generation: Generation) -> BoxedStrategy<String> {
    let outcome = || select(&["a", "b", "true", "false"][..]);
    let variable = outcome().prop_map(|name| format!("outcome = '{name}';"));
    let logged = outcome()
        .prop_map(|name| format!("logger.info('so ' + nodeState.get('k')); outcome = '{name}';"));
    let action = match generation {
        Generation::First => outcome()
            .prop_map(|name| format!("action = fr.Action.goTo('{name}').build();"))
            .boxed(),
        _ => outcome()
            .prop_map(|name| format!("action.goTo('{name}');"))
            .boxed(),
    };
    prop_oneof![4 => variable, 2 => action, 1 => logged].boxed()
}

fn statement(generation: Generation) -> BoxedStrategy<String> {
    let condition = move || condition(generation);
    says(generation)
        .prop_recursive(2, 6, 3, move |inner| {
            prop_oneof![
                (condition(), inner.clone(), inner.clone())
                    .prop_map(|(test, a, b)| format!("if ({test}) {{ {a} }} else {{ {b} }}")),
                (inner.clone(), condition(), inner.clone())
                    .prop_map(|(a, test, b)| format!("{a} if ({test}) {{ {b} }}")),
                (
                    condition(),
                    inner.clone(),
                    condition(),
                    inner.clone(),
                    inner
                )
                    .prop_map(|(one, a, other, b, c)| format!(
                        "if ({one}) {{ {a} }} else if ({other}) {{ {b} }} else {{ {c} }}"
                    )),
                condition().prop_map(|test| format!("outcome = {test} ? 'a' : 'b';")),
            ]
        })
        .boxed()
}

fn puts(generation: Generation) -> BoxedStrategy<String> {
    let put = match generation {
        Generation::First => select(&["sharedState.put", "nodeState.putShared"][..]),
        _ => select(&["nodeState.putShared"][..]),
    };
    let value = prop_oneof![
        text(),
        Just("true".to_owned()),
        (-5..5).prop_map(|number: i32| number.to_string()),
    ];
    vec((put, key(), value), 1..4)
        .prop_map(|puts| {
            let puts = puts.iter();
            let lines: Vec<String> = puts
                .map(|(put, key, value)| format!("{put}({}, {value});", quoted(key)))
                .collect();
            lines.join("\n") + "\n"
        })
        .boxed()
}

/// A script of the shape that suggestions know, or nearly.
fn script(generation: Generation) -> BoxedStrategy<String> {
    let begins = match generation {
        Generation::First => {
            "var fr = JavaImporter(org.forgerock.openam.auth.node.api.Action, java.lang.String);\n"
        }
        _ => "",
    };
    let named = (value(generation), list()).prop_map(|(v, w)| {
        let v = v.replace('v', "V");
        let v = if v == "V" {
            "nodeState.get('k')".to_owned()
        } else {
            v.replace('V', "v")
        };
        let w = if w == "w" {
            "requestHeaders.get('x-one')"
        } else {
            &w
        };
        format!("var v = {v};\nvar w = {w};\n")
    });
    let body = prop_oneof![
        8 => statement(generation),
        1 => (puts(generation), says(generation)).prop_map(|(puts, says)| puts + &says),
    ];
    (named, body, any::<bool>())
        .prop_map(move |(named, body, is_called)| {
            if is_called {
                format!("{begins}(function () {{\n{named}{body}\n}}());")
            } else {
                format!("{begins}{named}{body}")
            }
        })
        .boxed()
}

fn kept() -> impl Strategy<Value = Option<Json>> {
    prop_oneof![
        3 => Just(None),
        4 => select(&TEXTS[..]).prop_map(|text| Some(json!(text))),
        1 => (-2..4).prop_map(|number| Some(json!(number))),
        1 => any::<bool>().prop_map(|truth| Some(json!(truth))),
        1 => Just(Some(json!(1.5))),
        1 => Just(Some(json!(null))),
        1 => Just(Some(json!(["x", 1]))),
        1 => Just(Some(json!({ "x": "y" }))),
    ]
}

fn part(most: usize) -> impl Strategy<Value = BTreeMap<&'static str, Json>> {
    vec((key(), kept()), 0..=most).prop_map(|pairs| {
        let pairs = pairs.into_iter();
        pairs
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    })
}

fn world() -> impl Strategy<Value = World> {
    let headers = vec(
        (select(&["x-one", "X-One", "x-two"][..]), select(&TEXTS[..])),
        0..4,
    );
    let names = select(&["theme", "theme", "Goto", "Theme"][..]);
    let parameters = vec((names, select(&TEXTS[..])), 0..4);
    let transient = prop_oneof![3 => part(0), 1 => part(2)];
    (
        part(5),
        transient,
        any::<bool>(),
        headers,
        parameters,
        vec(0..2_u32, 4),
    )
        .prop_map(
            |(shared, transient, crosses, headers, parameters, answers)| World {
                shared,
                transient,
                crosses,
                headers,
                parameters,
                answers,
            },
        )
}

/// Whether a suggestion says itself that it differs here.
fn is_excepted(but: &But, all: &[But], world: &World) -> bool {
    let has = |names: &[(&str, &str)], name: &str| {
        names.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    };
    let kept = |key: &str| {
        let parts = [&world.shared, &world.transient].into_iter();
        let values: Vec<Json> = parts.filter_map(|part| part.get(key)).cloned().collect();
        values
    };
    match but {
        But::Logs => false,
        But::Alone(key) | But::Hidden(key) => world.transient.contains_key(&**key),
        But::Crossed(key) => world.crosses && world.transient.contains_key(&**key),
        But::NotText(key) => kept(key).iter().any(|value| !value.is_string()),
        But::NotBool(key) => kept(key).iter().any(|value| !value.is_boolean()),
        But::NotNumber(key) => kept(key).iter().any(|value| !value.is_number()),
        But::Null(key) => kept(key).iter().any(Json::is_null),
        But::Empty(key) => {
            let empty = [json!(null), json!(false), json!(0), json!("")];
            kept(key).iter().any(|value| empty.contains(value))
        }
        But::NoKey(key) => {
            let is_hidden = all.contains(&But::Crossed(Arc::clone(key)));
            !world.shared.contains_key(&**key)
                || (is_hidden && !world.transient.contains_key(&**key))
        }
        But::NoHeader(name) => !has(&world.headers, name),
        But::NoParameter(name) => !has(&world.parameters, name),
        But::Case(name) => world
            .parameters
            .iter()
            .any(|(own, _)| **own != **name && own.eq_ignore_ascii_case(name)),
        other => panic!("what `{other}` speaks of is looked at here"),
    }
}

#[derive(Debug, Default)]
struct Count {
    scripts: u64,
    suggested: u64,
    runs: usize,
    compared: usize,
}

fn compare(
    script: &str,
    generation: Generation,
    found: &Suggestion,
    worlds: &[World],
    count: &mut Count,
) {
    let of_script = engine(script, generation, &targets(), None);
    let of_script = of_script.unwrap_or_else(|why| panic!("{script}\n{why}"));
    let other = engine(script, generation, &targets(), Some(found));
    let other = other.unwrap_or_else(|why| panic!("{script}\n{why}"));
    for world in worlds {
        count.runs += 1;
        if found
            .but
            .iter()
            .any(|but| is_excepted(but, &found.but, world))
        {
            continue;
        }
        count.compared += 1;
        let (one, two) = (play(&of_script, world), play(&other, world));
        assert_eq!(one, two, "{generation:?}\n{script}\n{found:#?}\n{world:?}");
    }
}

fn try_out(generation: Generation) {
    let (seed, mut count) = (seed(), Count::default());
    let (script, world) = (script(generation), world());
    for at in 0..SCRIPTS {
        let mut runner = runner(seed, at);
        let script = one(&script, &mut runner);
        count.scripts += 1;
        let Some(found) = suggested(&script, generation, &targets()) else {
            continue;
        };
        count.suggested += 1;
        let worlds: Vec<World> = (0..RUNS).map(|_| one(&world, &mut runner)).collect();
        compare(&script, generation, &found, &worlds, &mut count);
    }
    println!("{generation:?}: {count:?}");
    assert!(count.suggested * 2 > count.scripts, "{count:?}");
    let share = |part: usize, of: usize| {
        f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(of).unwrap())
    };
    assert!(share(count.compared, count.runs) > SHARE, "{count:?}");
}

#[test]
fn what_is_suggested_for_the_first_generation_is_the_same() {
    try_out(Generation::First);
}

#[test]
fn what_is_suggested_for_the_next_generation_is_the_same() {
    try_out(Generation::Next);
}

/// What a script asks and counts is made of these, with holes for what varies.
fn message(generation: Generation) -> BoxedStrategy<String> {
    let said = || select(&["Go on?", "x", "\u{e9}\"q"][..]).prop_map(quoted);
    let outcome = || select(&["a", "b", "true", "false"][..]);
    let options = prop_oneof![
        3 => (said(), said()).prop_map(|(one, two)| format!("[{one}, {two}]")),
        1 => Just("0".to_owned()),
    ];
    let default = prop_oneof![6 => Just(1), 1 => Just(0)];
    let kind = prop_oneof![6 => Just(0), 1 => 1..3];
    let test = select(&["=== 0", "== 0", "!== 1", "< 1", "=== 1", "> 0"][..]);
    let keeps = any::<bool>();
    (said(), options, kind, default, test, outcome(), outcome(), keeps)
        .prop_map(move |(text, options, kind, default, test, one, two, keeps)| {
            if generation == Generation::First {
                let keeps = if keeps { "sharedState.put('k', at);" } else { "" };
                format!(
                    "var fr = JavaImporter(org.forgerock.openam.auth.node.api, javax.security.auth.callback.TextOutputCallback, javax.security.auth.callback.ConfirmationCallback);
with (fr) {{
  if (callbacks.isEmpty()) {{
    var shown = new TextOutputCallback({kind}, {text});
    action = Action.send(shown, new ConfirmationCallback(TextOutputCallback.INFORMATION, {options}, {default})).build();
  }} else {{
    var at = callbacks.get(1).getSelectedIndex();
    {keeps}
    if (at {test}) {{ action = Action.goTo('{one}').build(); }} else {{ outcome = '{two}'; }}
  }}
}}"
                )
            } else {
                let keeps = if keeps { "nodeState.putShared('k', at);" } else { "" };
                format!(
                    "(function () {{
  if (callbacks.isEmpty()) {{
    callbacksBuilder.textOutputCallback({kind}, {text});
    callbacksBuilder.confirmationCallback(0, {options}, {default});
    return;
  }}
  var at = callbacks.getConfirmationCallbacks().get(0);
  {keeps}
  outcome = at {test} ? '{one}' : '{two}';
}}());"
                )
            }
        })
        .boxed()
}

fn counter(generation: Generation) -> BoxedStrategy<String> {
    let (get, put) = if generation == Generation::First {
        ("sharedState.get('tries')", "sharedState.put")
    } else {
        ("nodeState.get('tries')", "nodeState.putShared")
    };
    let begins = prop_oneof![
        Just(format!("var n = {get} || 0;")),
        Just(format!("var n = {get};\nif (n == null) {{ n = 0; }}")),
        Just(format!("var n = {get} ? {get} : 0;")),
        Just(format!(
            "var n = {get};\nif (!n) n = 0; else n = parseInt(n, 10);"
        )),
    ];
    let grows = prop_oneof![
        4 => Just("n++;"), 2 => Just("n = n + 1;"), 1 => Just("n += 2;"), 2 => Just("n = 1 + n;"),
        1 => Just(""), 1 => Just("n--;")
    ];
    let kept = select(&["n", "n", "n", "n + 1", "0", "n - 1"][..]);
    let test = (select(&[">=", ">", "===", "<", "<="][..]), 1..6)
        .prop_map(|(sign, limit)| format!("{sign} {limit}"));
    let outcome = || select(&["a", "b"][..]);
    (begins, grows, kept, test, outcome(), outcome(), any::<[bool; 2]>())
        .prop_map(move |(begins, grows, kept, test, one, two, [resets, keeps_first])| {
            let put_it = format!("{put}('tries', {kept});");
            let reset = if resets { format!("{put}('tries', 0); ") } else { String::new() };
            let (before, after) = if keeps_first { (put_it.as_str(), "") } else { ("", put_it.as_str()) };
            format!(
                "{begins}\n{grows}\n{before}\nif (n {test}) {{ {reset}outcome = '{one}'; }} else {{ {after} outcome = '{two}'; }}"
            )
        })
        .boxed()
}

#[test]
fn a_message_that_is_suggested_is_the_same() {
    let (seed, mut count) = (seed(), Count::default());
    let world = world();
    for generation in [Generation::First, Generation::Next] {
        let message = message(generation);
        for at in 0..SCRIPTS / 2 {
            let mut runner = runner(seed, at);
            let script = one(&message, &mut runner);
            count.scripts += 1;
            let Some(found) = suggested(&script, generation, &targets()) else {
                continue;
            };
            assert_eq!(found.ty, Some("Message"), "{script}");
            assert!(found.but.is_empty(), "{found:?}");
            count.suggested += 1;
            let worlds: Vec<World> = (0..RUNS / 2).map(|_| one(&world, &mut runner)).collect();
            compare(&script, generation, &found, &worlds, &mut count);
        }
    }
    println!("messages: {count:?}");
    assert!(count.suggested * 2 > count.scripts, "{count:?}");
    assert_eq!(count.compared, count.runs);
}

#[test]
fn a_counter_that_is_suggested_decides_the_same() {
    let (seed, mut all, mut suggestions) = (seed(), 0, 0);
    for generation in [Generation::First, Generation::Next] {
        let counter = counter(generation);
        for at in 0..SCRIPTS {
            let mut runner = runner(seed, at);
            let script = one(&counter, &mut runner);
            all += 1;
            let Some(found) = suggested(&script, generation, &back()) else {
                continue;
            };
            if found.ty != Some("RetryLimitDecision") {
                continue;
            }
            suggestions += 1;
            assert!(found.but.is_empty(), "{found:?}");
            let run = |suggestion| {
                let engine = engine(&script, generation, &back(), suggestion);
                let engine = engine.unwrap_or_else(|why| panic!("{script}\n{why}"));
                let ran = play(&engine, &World::default());
                // The count itself is what nobody else knows of.
                let nodes: Vec<String> = ran.nodes().into_iter().map(str::to_owned).collect();
                (nodes, ran.failed)
            };
            assert_eq!(
                run(None),
                run(Some(&found)),
                "{generation:?}\n{script}\n{found:#?}"
            );
        }
    }
    println!("counters: {suggestions} of {all}");
    assert!(suggestions * 10 > all, "{suggestions} of {all}");
}
