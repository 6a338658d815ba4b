//! Generated scripts decide as the guards do that they are made of: random guards in random states, in the
//! engine both times. Numbers are those that scripts are exact in.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use wayfare::{
    Compiler, Decimal, Engine, Event, Host, Input, MemoryImporter, Registry, Request, Signature,
    Source, Start, Timestamp, Type, Value,
    engine::host::NoRandomness,
    model::signature::{Scope, Secrecy, StateKey},
};
use wayfare_import::{DeriveOptions, derive};
use wayfare_script::{Scripts, Settings};

/// A clock that stands at 2023-11-14T22:13:20Z.
#[derive(Debug)]
struct Stand;

impl Host for Stand {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(7);
        Ok(())
    }
}

/// The keys of the state, with their types.
const KEYS: &[(&str, Type)] = &[
    ("a", Type::Any),
    ("b", Type::Bool),
    ("f", Type::Decimal),
    ("m", Type::Int),
    ("n", Type::Int),
    ("t", Type::Text),
    ("u", Type::Text),
];

const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "A",
    "abc",
    " \u{85}a\u{3000}",
    "é",
    "ß",
    "İx",
    "\u{1F600}",
    "\u{FFFD}z",
    "12",
    "-7",
    "-0",
    "007",
    "1.5",
    "x\ny",
    "demo@example.com",
    "2023-11-14T22:13:20.000Z",
    "2023-11-14T23:12:19.9994+01:00",
    "2024-02-30T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "\u{2028}\"\\${",
];

const PATTERNS: &[&str] = &[
    "a",
    ".",
    ".*",
    "[a-z]+@[a-z.]+",
    "-?\\d{1,3}",
    "(?:a|A)?",
    "[^a]*",
    "\\w*",
    "x.y",
    "é|ß",
    "\\S+",
];

fn any_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(texts).prop_map(str::to_owned)
}

/// A text of the language.
fn literal(text: &str) -> String {
    let mut made = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '$' => made.extend(['\\', c]),
            c if c.is_control() || c > '~' => {
                let _ = write!(made, "\\u{{{:x}}}", u32::from(c));
            }
            c => made.push(c),
        }
    }
    made.push('"');
    made
}

fn text() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        any_of(TEXTS).prop_map(|text| literal(&text)),
        Just("shared.t".to_owned()),
        Just("shared.u".to_owned()),
        Just("realm".to_owned()),
        Just("request.headers[\"x-kind\"]".to_owned()),
        Just("\"<${shared.t}:${shared.n}>\"".to_owned()),
    ];
    leaf.prop_recursive(2, 4, 1, |inner| {
        (any_of(&["lower", "upper", "trim"]), inner)
            .prop_map(|(name, text)| format!("{name}({text})"))
    })
    .boxed()
}

fn number() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        (-3_i64..20).prop_map(|number| number.to_string()),
        Just("1000000000000".to_owned()),
        Just("shared.m".to_owned()),
        Just("shared.n".to_owned()),
        Just("auth_level".to_owned()),
        text().prop_map(|text| format!("len({text})")),
        text().prop_map(|text| format!("int({text})")),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), any_of(&["+", "-"]), inner)
            .prop_map(|(left, sign, right)| format!("({left} {sign} {right})"))
    })
    .boxed()
}

fn condition() -> BoxedStrategy<String> {
    let sign = || any_of(&["==", "!=", "<", "<=", ">", ">="]);
    let list = |item: BoxedStrategy<String>| {
        proptest::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(", ")))
    };
    let word = any_of(TEXTS).prop_map(|text| literal(&text)).boxed();
    let small = (-3_i64..20).prop_map(|number| number.to_string()).boxed();
    let leaf = prop_oneof![
        Just("shared.b".to_owned()),
        any_of(&["a", "b", "t", "z"]).prop_map(|key| format!("has shared.{key}")),
        (text(), any_of(&["==", "!="]), text())
            .prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
        (number(), sign(), number())
            .prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
        (sign(), any_of(&["0.5", "-1.25", "3.0", "0.000000001"]))
            .prop_map(|(sign, right)| format!("shared.f {sign} {right}")),
        (any_of(&["==", "!="]), word.clone())
            .prop_map(|(sign, right)| format!("shared.a {sign} {right}")),
        (text(), list(word)).prop_map(|(item, list)| format!("{item} in {list}")),
        (number(), list(small)).prop_map(|(item, list)| format!("{item} in {list}")),
        (
            any_of(&["starts_with", "ends_with", "contains"]),
            text(),
            text()
        )
            .prop_map(|(name, text, part)| format!("{name}({text}, {part})")),
        (text(), any_of(PATTERNS))
            .prop_map(|(text, pattern)| format!("matches({text}, {})", literal(&pattern))),
        (any_of(&["before", "after"]), text(), text())
            .prop_map(|(name, left, right)| format!("{name}({left}, {right})")),
        (text(), sign(), any_of(&["0s", "1h", "365d"]))
            .prop_map(|(text, sign, time)| format!("age({text}) {sign} {time}")),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("!({inner})")),
            (inner.clone(), any_of(&["&&", "||"]), inner)
                .prop_map(|(left, sign, right)| format!("({left} {sign} {right})")),
        ]
    })
    .boxed()
}

fn value(ty: &Type) -> BoxedStrategy<Value> {
    let text = any_of(TEXTS).prop_map(Value::from);
    let number = prop_oneof![
        -3_i64..20,
        Just(1_000_000_000_000),
        Just(-1_000_000_000_000)
    ];
    let number = number.prop_map(Value::Int);
    let flag = any::<bool>().prop_map(Value::from);
    let decimal = any_of(&["0.5", "-1.25", "3.0", "0.000000001", "0.3"])
        .prop_map(|text| Value::Decimal(Decimal::parse(&text).unwrap()));
    // Now and then what is there is of another type than somebody declared.
    match ty {
        Type::Bool => prop_oneof![9 => flag, 1 => text].boxed(),
        Type::Int => prop_oneof![9 => number, 1 => text].boxed(),
        Type::Text => prop_oneof![9 => text, 1 => flag].boxed(),
        Type::Decimal => prop_oneof![7 => decimal, 3 => number].boxed(),
        _ => prop_oneof![text, number, flag, decimal, Just(Value::Null)].boxed(),
    }
}

/// A state: every key but those that are left out.
fn state() -> impl Strategy<Value = BTreeMap<Arc<str>, Value>> {
    type Cell = BoxedStrategy<Option<(Arc<str>, Value)>>;
    let cells: Vec<Cell> = KEYS
        .iter()
        .map(|(key, ty)| {
            let there = value(ty).prop_map(move |value| Some((Arc::from(*key), value)));
            prop_oneof![8 => there, 1 => Just(None)].boxed()
        })
        .collect();
    cells.prop_map(|cells| cells.into_iter().flatten().collect())
}

/// A type that writes the keys, so that they have types; none of its nodes is ever visited.
fn filler() -> Signature {
    let writes: Vec<StateKey> = KEYS
        .iter()
        .map(|(key, ty)| StateKey {
            scope: Scope::Shared,
            key: (*key).into(),
            named_by: None,
            ty: ty.clone(),
            secrecy: Secrecy::Public,
            always: true,
        })
        .collect();
    Signature {
        writes: writes.into(),
        ..Signature::new("Fill", "FillNode")
    }
}

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry.interpreter(Scripts::new(Settings::default()));
    registry.add(wayfare::ExternalNode::new(filler())).unwrap();
    registry
}

fn journey(node: &str) -> String {
    format!(
        "journey t {{\n  allow unreachable, no_success, level_without_proof because \"it stands for guards\"\n  \
         start raise\n  node raise: ModifyAuthLevel(authLevelIncrement = 7) -> where\n{node}\n  \
         node fill: Fill -> where\n}}\n"
    )
}

/// How the node is left: by an outcome, or not at all.
fn left(engine: &Engine, state: &BTreeMap<Arc<str>, Value>) -> Option<String> {
    let mut request = Request::default();
    request.headers = vec![("X-Kind".to_owned(), "abc".to_owned())];
    let start = Start::journey("t").data(state.clone());
    let mut auth = engine.begin(start, &Stand).unwrap().traced();
    auth.step(&Stand, &request, Input::Begin).unwrap();
    let events = auth.take_trace();
    events.iter().find_map(|event| match event {
        Event::Left { node, outcome } if &**node == "t/where" => Some(outcome.to_string()),
        _ => None,
    })
}

/// Whether script and guard decide the same; none where there is nothing to compare.
fn same(guard: &str, states: &[BTreeMap<Arc<str>, Value>]) -> Option<Result<(), String>> {
    let there: Vec<String> = KEYS
        .iter()
        .map(|(key, _)| format!("has shared.{key}"))
        .collect();
    let there = format!("{} && has request.headers[\"x-kind\"]", there.join(" && "));
    let text = journey(&format!(
        "  node where: Decision {{\n    when {there} && ({guard}) as yes -> failure\n    else -> failure\n  }}"
    ));
    let compiled = Compiler::new(registry().catalog()).compile([Source::new("t.journey", text)]);
    let program = compiled.program?;
    let made = derive(&program, &DeriveOptions::default());
    let script = made.bundle.scripts.values().next()?.text.to_string();
    let scripted = journey(
        "  node where: ScriptedDecision {\n    script = file(\"g.js\")\n    inputs = [\"*\"]\n    outputs = []\n    yes -> failure\n    \"else\" -> failure\n  }",
    );
    let importer = MemoryImporter::new([Source::new("g.js", script.as_str())]);
    let other = Compiler::new(registry().catalog())
        .importer(&importer)
        .compile([Source::new("t.journey", scripted)])
        .into_program()
        .unwrap();
    let guarded = Engine::link(program, registry()).unwrap();
    let scripted = Engine::link(other, registry()).unwrap();
    for state in states {
        let (wanted, found) = (left(&guarded, state), left(&scripted, state));
        if wanted != found {
            return Some(Err(format!(
                "{guard}\n{state:?}\nguard {wanted:?}, script {found:?}\n{script}"
            )));
        }
    }
    Some(Ok(()))
}

#[test]
fn scripts_decide_as_the_guards_that_they_are_made_of() {
    let cases = 120;
    let mut runner = TestRunner::deterministic();
    let strategy = (condition(), proptest::collection::vec(state(), 4));
    let mut compared = 0;
    for _ in 0..cases {
        let (guard, states) = strategy.new_tree(&mut runner).unwrap().current();
        match same(&guard, &states) {
            None => {}
            Some(Ok(())) => compared += 1,
            Some(Err(why)) => panic!("{why}"),
        }
    }
    println!("{compared} of {cases} guards have a counterpart");
    assert!(compared * 2 > cases, "{compared}");
}
