//! What a program holds: graphs, settings, parameters, hashes.

use std::{collections::BTreeMap, time::Duration};

use wayfare::{
    AuthLevel, Compiler, Program, ProgramHash, Source, Valid, Value,
    model::{
        journey::{NodeKind, On, SettingValue},
        property::{At, PlaceKind, Property},
    },
};

fn compile(text: &str) -> Valid<Program> {
    let compiled =
        Compiler::new(wayfare::catalogue::standard()).compile([Source::new("a.journey", text)]);
    let findings: Vec<String> = compiled
        .diagnostics
        .iter()
        .map(|d| d.one_line(&compiled.sources))
        .collect();
    compiled.program.unwrap_or_else(|| panic!("{findings:#?}"))
}

fn hash(text: &str) -> ProgramHash {
    let program = compile(text);
    let id = program.journey_named("login").unwrap().id;
    program.hash_of(id)
}

/// The arrows of a journey as `from.outcome -> to`.
fn arrows(program: &Program, journey: &str) -> Vec<String> {
    let journey = program.journey_named(journey).unwrap();
    let graph = &journey.graph;
    let mut lines: Vec<String> = graph
        .edge_indices()
        .map(|edge| {
            let (from, to) = graph.edge_endpoints(edge).unwrap();
            let node = &graph[from];
            let on = match graph[edge].on {
                On::Outcome(outcome) => &*node.outcomes[outcome.index()],
                On::Error => "on error",
            };
            format!("{}.{on} -> {}", node.path, graph[to].path)
        })
        .collect();
    lines.sort();
    lines
}

const FRAGMENT: &str = r#"
fragment code(tries: Int = 3, ttl: Duration) -> verified | failed {
  start generate

  node generate: OneTimePasswordGenerator -> enter

  node enter: OneTimePasswordCollectorDecision {
    passwordExpiryTime = ttl
    true -> verified
    false -> again
  }

  node again: RetryLimitDecision {
    retryLimit = tries
    on error -> failed
    Retry -> enter
    Reject -> failed
  }

  ensure "counted" never enter after again.Reject
  ensure every path to verified passes enter.true
}
"#;

fn login() -> String {
    format!(
        r#"
journey login "Log In" {{
  start name
  level = 0
  treeTimeout = 5m
  maximumIdleTime = 1h
  offered = false
  description = {{ en = "Sign in" }}
  on error -> failure

  node name: UsernameCollector -> ask

  node ask: PasswordCollector -> check

  node check: DataStoreDecision {{
    true -> first
    false -> failure
  }}

  node first: code(ttl = 5m) {{
    verified -> second
    failed -> failure
  }}

  node second: code(tries = 1, ttl = 2m) {{
    on error -> nowhere
    verified -> success
    failed -> nowhere
  }}
}}
{FRAGMENT}"#
    )
}

#[test]
fn fragments_expand_under_the_name_of_their_use() {
    let program = compile(&login());
    let lines = arrows(&program, "login");
    for line in [
        "check.true -> first.generate",
        "first.generate.outcome -> first.enter",
        "first.enter.true -> second.generate",
        "first.again.Reject -> failure",
        "second.again.Reject -> nowhere",
        "second.enter.true -> success",
        // Its own, the fragment's use, the journey's.
        "first.again.on error -> failure",
        "second.again.on error -> nowhere",
        "second.enter.on error -> nowhere",
        "first.enter.on error -> failure",
        "name.on error -> failure",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line} not in {lines:#?}");
    }
    assert_eq!(lines.iter().filter(|l| l.contains("on error")).count(), 9);
}

#[test]
fn arguments_reach_the_settings_of_their_expansion() {
    let program = compile(&login());
    let journey = program.journey_named("login").unwrap();
    let mut found = BTreeMap::new();
    for node in journey.graph.node_weights() {
        if let NodeKind::Task(task) = &node.kind {
            for (key, value) in &task.settings {
                found.insert(format!("{}.{key}", node.path), value.clone());
            }
            assert!(task.settings.is_sorted_by_key(|(key, _)| key.clone()));
        }
    }
    let constant = |key: &str| match &found[key] {
        SettingValue::Constant(value) => value.clone(),
        SettingValue::Computed(expr) => panic!("{expr:?}"),
    };
    assert_eq!(constant("first.again.retryLimit"), Value::Int(3));
    assert_eq!(constant("second.again.retryLimit"), Value::Int(1));
    let minutes = |n: u64| Value::Duration(Duration::from_secs(60 * n));
    assert_eq!(constant("first.enter.passwordExpiryTime"), minutes(5));
    assert_eq!(constant("second.enter.passwordExpiryTime"), minutes(2));
}

#[test]
fn journey_settings_have_their_units() {
    let program = compile(&login());
    let journey = program.journey_on_wire("Log In").unwrap();
    assert!(program.journey_on_wire("login").is_none());
    let settings = &journey.settings;
    assert_eq!(settings.level, Some(AuthLevel::ZERO));
    assert_eq!(settings.run_time_max, Some(Duration::from_secs(300)));
    assert_eq!(settings.idle_time_max, Some(Duration::from_secs(3_600)));
    assert!(!settings.offered && settings.enabled);
    assert_eq!(settings.description.best(["en"]), "Sign in");
}

#[test]
fn properties_of_a_fragment_are_copied_to_every_expansion() {
    let program = compile(&login());
    let journey = program.journey_named("login").unwrap();
    let counted: Vec<_> = journey
        .ensures
        .iter()
        .filter(|ensure| &*ensure.label == "counted")
        .map(|ensure| &*journey.graph[ensure.from].path)
        .collect();
    assert_eq!(counted, ["first.generate", "second.generate"]);
    let exits = journey
        .ensures
        .iter()
        .find_map(|ensure| match &ensure.property {
            Property::EveryPath { to, .. } => Some(&to.kind),
            _ => None,
        });
    let Some(PlaceKind::Points(points)) = exits else {
        panic!("{exits:?}");
    };
    let [point] = points.as_slice() else {
        panic!("{points:?}");
    };
    assert_eq!(&*journey.graph[point.node].path, "first.enter");
    assert!(matches!(point.at, At::Outcome(_)));
}

#[test]
fn deep_places_walk_through_calls_pages_and_fragments() {
    let text = format!(
        r"
journey login {{
  start inner

  node inner: journey second {{
    true -> success
    false -> failure
  }}

  ensure every path to success passes inner.once.enter.true
  ensure every path to success passes inner.page.password
  ensure every path to success passes inner.once.verified
}}

journey second {{
  start page

  node page: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}

  node check: DataStoreDecision {{
    true -> once
    false -> failure
  }}

  node once: code(ttl = 5m) {{
    verified -> success
    failed -> failure
  }}
}}
{FRAGMENT}"
    );
    let program = compile(&text);
    let second = program.journey_named("second").unwrap();
    let login = program.journey_named("login").unwrap();
    let mut seen = Vec::new();
    for ensure in &login.ensures {
        let Property::EveryPath { passes, .. } = &ensure.property else {
            panic!("{ensure:?}");
        };
        let PlaceKind::Points(points) = &passes[0].kind else {
            panic!("{passes:?}");
        };
        assert_eq!(points[0].calls, [(login.id, login.start)]);
        assert_eq!(points[0].journey, second.id);
        seen.push((
            second.graph[points[0].node].path.to_string(),
            matches!(points[0].at, At::Child(1)),
        ));
    }
    assert_eq!(
        seen,
        [
            ("once.enter".to_owned(), false),
            ("page".to_owned(), true),
            ("once.enter".to_owned(), false)
        ]
    );
}

#[test]
fn the_hash_does_not_see_formatting_comments_docs_and_other_journeys() {
    let text = login();
    let first = hash(&text);
    let spaced = text
        .replace(
            "  node check",
            "\n  // a comment\n  /// a doc\n  node check",
        )
        .replace("start name", "start   name");
    assert_eq!(first, hash(&spaced));
    let other = text.clone()
        + "\njourney other {\n  allow unwritten_key because \"not run\"\n  start a\n  node a: DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n";
    assert_eq!(first, hash(&other));
    let allowed = text.replace("maximumIdleTime = 1h", "maximumIdleTime = 60m");
    assert_eq!(first, hash(&allowed));
    assert_eq!(first.to_string().len(), 64);
}

#[test]
fn policies_are_in_the_program_and_in_no_hash() {
    let text = login();
    let policy = "policy pay \"https://a.test/*\" {\n  actions = [GET]\n  when has session.x\n  \
                  require level 10\n  require journey login\n}\n\n";
    let with = format!("{policy}{text}");
    assert_eq!(hash(&text), hash(&with));
    let program = compile(&with);
    let [pay] = program.policies.as_slice() else {
        panic!("{:?}", program.policies);
    };
    assert_eq!(&*pay.name, "pay");
    assert!(pay.condition.is_some());
    assert_eq!(pay.requirements.len(), 2);
    // Without a line of its own a policy speaks of whoever has logged in.
    assert_eq!(pay.subjects, [wayfare::policy::SubjectRule::Authenticated]);
}

#[test]
fn the_hash_sees_everything_a_run_can_meet() {
    let text = login();
    let first = hash(&text);
    for (from, to) in [
        ("retryLimit = tries", "retryLimit = 2"),
        ("ttl = 5m", "ttl = 6m"),
        ("Retry -> enter", "Retry -> generate"),
        ("failed -> nowhere", "failed -> failure"),
        ("on error -> nowhere", "on error -> failure"),
        ("treeTimeout = 5m", "treeTimeout = 6m"),
        ("\"Log In\"", "\"Log in\""),
        ("node ask:", "node asked:"),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = text.replace(from, to).replace(
            "-> ask\n",
            if to.contains("asked") {
                "-> asked\n"
            } else {
                "-> ask\n"
            },
        );
        assert_ne!(first, hash(&changed), "{from} to {to}");
    }
    let program = compile(&text);
    let id = program.journey_named("login").unwrap().id;
    let revised = program.hash_with(id, |signature| {
        u32::from(signature.name == "DataStoreDecision")
    });
    assert_ne!(first, revised);
    let unused = program.hash_with(id, |signature| u32::from(signature.name == "Message"));
    assert_eq!(first, unused);
}

const PARAMETERS: &str = r#"
param tries: Int = 3
param key: Secret

journey login {
  start name
  node name: UsernameCollector -> ask
  node ask: PasswordCollector -> check

  node check: DataStoreDecision {
    true -> success
    false -> again
  }

  node again: RetryLimitDecision {
    retryLimit = tries
    Retry -> name
    Reject -> make
  }

  node make: OneTimePasswordGenerator -> mail

  node mail: OneTimePasswordSmtpSender {
    hostName = "mail.example.com"
    username = "sender"
    password = key
    fromEmailAddress = "a@example.com"
    -> failure
  }
}
"#;

#[test]
fn parameters_are_in_the_hash_and_secret_ones_by_name_only() {
    let bound = |tries: i64, key: &str| {
        let compiled = Compiler::new(wayfare::catalogue::standard())
            .parameters([
                ("tries", Value::Int(tries)),
                ("key", Value::Secret(wayfare::Secret::from(key))),
            ])
            .compile([Source::new("a.journey", PARAMETERS)]);
        let program = compiled.program.unwrap();
        assert!(program.secret_parameters.contains_key("key"));
        assert!(!format!("{program:?}").contains(key));
        program.hash_of(program.journeys[0].id)
    };
    assert_eq!(bound(3, "first secret"), bound(3, "second secret"));
    assert_eq!(bound(3, "first secret"), hash(PARAMETERS));
    assert_ne!(bound(3, "first secret"), bound(4, "first secret"));
    assert_ne!(hash(PARAMETERS), hash(&PARAMETERS.replace("key", "other")));
}

#[test]
fn a_name_that_no_file_declares_is_told_with_the_nearest_one() {
    let unknown = |text: &str| -> Vec<String> {
        Compiler::new(wayfare::catalogue::standard())
            .compile([Source::new("a.journey", text)])
            .unknown_parameters(["tries", "key", "tires", "zzz"])
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(
        unknown(PARAMETERS),
        [
            "no file declares the parameter `tires`; did you mean `tries`?",
            "no file declares the parameter `zzz`",
        ]
    );
    let missing = format!("import \"gone.journey\"\n{PARAMETERS}");
    assert!(unknown(&missing).is_empty(), "it may be declared there");
}

#[test]
fn a_parameter_bound_to_a_value_of_another_type_is_refused() {
    let compiled = Compiler::new(wayfare::catalogue::standard())
        .parameters([("tries", Value::from("three"))])
        .compile([Source::new("a.journey", PARAMETERS)]);
    let codes: Vec<_> = compiled.diagnostics.iter().map(|d| d.code.word).collect();
    assert_eq!(codes, ["wrong_type"]);
}

#[test]
fn journeys_stand_in_the_order_of_their_files() {
    let text = |name: &str| {
        format!(
            "journey {name} {{\n  allow unwritten_key because \"not run\"\n  start a\n  node a: DataStoreDecision \
             {{\n    true -> success\n    false -> failure\n  }}\n}}\n"
        )
    };
    let compiled = Compiler::new(wayfare::catalogue::standard()).compile([
        Source::new("b.journey", text("third")),
        Source::new("a.journey", text("second") + &text("alpha")),
        Source::new("Z.journey", text("first")),
    ]);
    let program = compiled.program.unwrap();
    let names: Vec<_> = program
        .journeys
        .iter()
        .map(|j| j.name.to_string())
        .collect();
    assert_eq!(names, ["first", "second", "alpha", "third"]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads the examples")]
fn the_examples_compile_without_findings() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("journeys");
    let read = |folder: &str| -> Vec<Source> {
        std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "journey"))
            .map(|path| {
                let name = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                Source::new(name, std::fs::read_to_string(&path).unwrap())
            })
            .collect()
    };
    let importer = wayfare::MemoryImporter::new(read("lib"));
    let compiled = Compiler::new(wayfare::catalogue::standard())
        .importer(&importer)
        .compile(read(""));
    let findings: Vec<_> = compiled
        .diagnostics
        .iter()
        .filter(|d| d.allowed.is_none())
        .map(|d| d.one_line(&compiled.sources))
        .collect();
    assert!(findings.is_empty(), "{findings:#?}");
    assert!(compiled.program.unwrap().journeys.len() >= 10);
}
