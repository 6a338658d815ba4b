//! Every type of the table in a journey: what the table says of it can be written.

use std::{collections::BTreeSet, fmt::Write as _};

use wayfare::{
    Compiler, Engine, LinkError, Registry, ScriptAction, Secret, Secrets, Setting, Severity,
    Signature, Source,
    catalogue::standard,
    model::{
        signature::{Condition, Outcomes, Preset, Unit},
        value::Type,
    },
};

use super::{document::examples, signatures};

/// Parts of the language with a form of their own.
pub(super) const OTHER_FORMS: &[&str] = &["Page", "InnerTreeEvaluator", "Decision"];

/// The types that have a behaviour so far, besides those with a form of their own.
pub(super) fn built() -> Vec<String> {
    Registry::standard().built().map(str::to_owned).collect()
}

/// How much of a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Required,
    Everything,
}

fn literal(setting: &Setting) -> String {
    // Texts that a behaviour reads as something else than a text.
    let plain = match &*setting.key {
        "locations" => "1,1",
        "distance" | "score" => "1",
        "path" => "/",
        "elapsedTime" => "7 days",
        "queryFilter" => "true",
        "defaultChoice" => "first",
        "tree" => "every_type",
        _ => "x",
    };
    let word = setting.allowed.first().map_or(plain, |word| &**word);
    let number = match setting.default {
        Preset::Int(number) => number,
        _ => setting.range.map_or(1, |(least, _)| least),
    };
    let unit = match setting.unit {
        Some(Unit::Milliseconds) => "ms",
        Some(Unit::Seconds) => "s",
        Some(Unit::Minutes) => "m",
        Some(Unit::Hours) => "h",
        Some(Unit::Days) => "d",
        Some(Unit::Bytes) => "B",
        Some(Unit::Kibibytes) => "KiB",
        None => "",
    };
    match &setting.ty {
        Type::Bool => (setting.default == Preset::Bool(true)).to_string(),
        Type::Int | Type::Duration | Type::Size => format!("{number}{unit}"),
        Type::Text => format!("{word:?}"),
        Type::LocalizedText => r#"{ en = "x", "pt-BR" = "y" }"#.to_owned(),
        Type::Secret => "a_secret".to_owned(),
        Type::List(_) => format!("[{word:?}]"),
        Type::Map(of) if **of == Type::Any => r#"{ a = 1, b = "c" }"#.to_owned(),
        Type::Map(_) => r#"{ a = "b" }"#.to_owned(),
        Type::Decimal | Type::Any => panic!("{}: no setting is `{}`", setting.key, setting.ty),
    }
}

/// Whether an outcome is there where every setting has its default, or no less than that.
fn is_there(signature: &Signature, when: &Condition) -> bool {
    let default = |key: &str| signature.setting(key).map(|setting| &setting.default);
    match when {
        Condition::Always => true,
        Condition::IsTrue(key) => default(key) == Some(&Preset::Bool(true)),
        Condition::IsFalse(key) => default(key) == Some(&Preset::Bool(false)),
        Condition::Positive(key) => {
            matches!(default(key), Some(Preset::Int(number)) if *number > 0)
        }
        Condition::Is(key, word) => {
            matches!(default(key), Some(Preset::Text(text)) if text == word)
        }
        Condition::Both(parts) => parts.iter().all(|part| is_there(signature, part)),
        Condition::EachOf(key) => panic!("{key}: makes outcomes of any name"),
    }
}

fn outcomes(signature: &Signature, written: Written) -> Vec<String> {
    match &signature.outcomes {
        Outcomes::Fixed(names) => names.iter().map(ToString::to_string).collect(),
        Outcomes::Bounded(bounded) => {
            let mut names = Vec::new();
            for outcome in bounded.iter() {
                match &outcome.when {
                    Condition::EachOf(_) if written == Written::Everything => {
                        names.push("x".to_owned());
                    }
                    Condition::EachOf(key) => {
                        if let Some(Preset::Texts(list)) =
                            signature.setting(key).map(|setting| &setting.default)
                        {
                            names.extend(list.iter().map(ToString::to_string));
                        }
                    }
                    when if is_there(signature, when) => names.push(outcome.name.to_string()),
                    _ => {}
                }
            }
            names
        }
        Outcomes::Authored { .. } if says(&signature.name).is_some() => {
            let arms = says(&signature.name).into_iter().flatten();
            arms.map(|arm| (*arm).to_owned()).collect()
        }
        // Its first word is a type with one outcome.
        Outcomes::Authored { besides, .. } if signature.name == "ConfigProvider" => {
            let own = ["outcome".to_owned()];
            own.into_iter()
                .chain(besides.iter().map(ToString::to_string))
                .collect()
        }
        Outcomes::Authored { besides, .. } => {
            let own = ["first".to_owned(), "second one".to_owned()];
            own.into_iter()
                .chain(besides.iter().map(ToString::to_string))
                .collect()
        }
        Outcomes::LastChild => panic!("{} has a form of its own", signature.name),
    }
}

/// The arms of types whose ids of outcomes are not published, and which know their arms by what they say.
fn says(ty: &str) -> Option<&'static [&'static str]> {
    match ty {
        "BackChannelInit" => Some(&["created", "unknownSubject", "error"]),
        "BackChannelStatus" => Some(&[
            "pending",
            "inProgress",
            "success",
            "failure",
            "unknown",
            "error",
        ]),
        "BackchannelNotification" => Some(&["success", "error"]),
        _ => None,
    }
}

fn journey(signature: &Signature, version: u32, written: Written) -> String {
    let mut text = String::from("param a_secret: Secret\n\njourney every_type {\n  start it\n\n");
    let name = &signature.name;
    writeln!(text, "  node it: {name}@{version} {{").expect("a string takes all");
    text.push_str(
        "    allow unproved_success, unproved_write, unwritten_key because \"only the form of the node matters\"\n",
    );
    let of_node = lines(signature, written).into_iter();
    text.extend(of_node.map(|line| format!("    {line}\n")));
    text.push_str("  }\n}\n");
    text
}

/// A node with what must be written and no more, for types of which no journey is shown.
pub(super) fn least(signature: &Signature) -> String {
    let mut text = format!("node it: {} {{\n", signature.name);
    let of_node = lines(signature, Written::Required).into_iter();
    text.extend(of_node.map(|line| format!("  {line}\n")));
    text.push_str("}\n");
    text
}

/// The settings and arrows of a node.
fn lines(signature: &Signature, written: Written) -> Vec<String> {
    let mut lines = Vec::new();
    let derived = match &signature.outcomes {
        Outcomes::Authored { setting, .. } => setting.as_deref(),
        _ => None,
    };
    for setting in signature.settings.iter() {
        let wanted = setting.required || written == Written::Everything;
        if wanted && derived != Some(&*setting.key) {
            lines.push(format!("{} = {}", setting.key, literal(setting)));
        }
    }
    for (at, outcome) in outcomes(signature, written).iter().enumerate() {
        let target = if at == 0 { "success" } else { "failure" };
        let plain = outcome
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain {
            lines.push(format!("{outcome} -> {target}"));
        } else {
            lines.push(format!("{outcome:?} -> {target}"));
        }
    }
    lines
}

#[test]
fn every_type_compiles_as_the_table_says() {
    let compiler = Compiler::new(standard());
    let mut wrong = Vec::new();
    let mut journeys = 0;
    for signature in signatures() {
        if OTHER_FORMS.contains(&&*signature.name) {
            continue;
        }
        for version in signature.versions.iter() {
            for written in [Written::Required, Written::Everything] {
                let text = journey(&signature, *version, written);
                let result = compiler.compile([Source::new("every_type.journey", text.clone())]);
                let errors: Vec<_> = result
                    .diagnostics
                    .iter()
                    .filter(|finding| {
                        finding.severity == Severity::Error && finding.allowed.is_none()
                    })
                    .map(|finding| finding.one_line(&result.sources))
                    .collect();
                if result.program.is_none() || !errors.is_empty() {
                    wrong.push(format!("{text}\n{}", errors.join("\n")));
                }
                journeys += 1;
            }
        }
    }
    println!("{journeys} journeys compiled");
    assert!(
        wrong.is_empty(),
        "{} do not compile:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Whatever the table says a type needs, its behaviour takes; what is not built is refused by name.
#[test]
fn every_type_links_or_says_that_it_is_not_built() {
    let compiler = Compiler::new(standard());
    let secrets = Secrets::from([("a_secret".into(), Secret::new("hidden".to_owned()))]);
    let mut linked = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut registry = Registry::standard();
    registry
        .script("x", |_| Ok(ScriptAction::go("only")))
        .unwrap();
    for signature in signatures() {
        if OTHER_FORMS.contains(&&*signature.name) {
            continue;
        }
        for written in [Written::Required, Written::Everything] {
            let text = journey(&signature, 1, written);
            let result = compiler.compile([Source::new("every_type.journey", text.clone())]);
            let program = result.program.expect("it compiles");
            match Engine::link_with(program, registry.clone(), secrets.clone()) {
                Ok(_) => {
                    linked.insert(signature.name.to_string());
                }
                Err(errors) => match &*errors.0 {
                    [LinkError::NoBehaviour { node, ty, .. }]
                        if **ty == *signature.name && &**node == "it" => {}
                    other => wrong.push(format!("{text}\n{other:?}")),
                },
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(linked.into_iter().collect::<Vec<_>>(), built());
}

/// A file in `journeys/nodes` shows a type that its head names: `//! Type: what it shows`.
#[test]
fn every_type_has_a_journey_that_shows_it() {
    let catalog = standard();
    let examples = examples();
    let mut shown = BTreeSet::new();
    for example in &examples {
        for name in &example.types {
            assert!(
                catalog.find(name).is_some(),
                "{}: its head names `{name}`, which is no type",
                example.file
            );
            assert!(
                shown.insert(name.clone()),
                "{name} has two journeys, the second in {}",
                example.file
            );
        }
    }
    let known: Vec<String> = signatures()
        .iter()
        .map(|signature| signature.name.to_string())
        .collect();
    let missing: BTreeSet<_> = known
        .iter()
        .filter(|name| !shown.contains(*name))
        .map(String::as_str)
        .collect();
    assert_eq!(
        missing,
        BTreeSet::new(),
        "write journeys/nodes/TYPE.journey"
    );
}

#[test]
fn what_the_table_does_not_know_does_not_compile() {
    let compiler = Compiler::new(standard());
    let retry = |body: &str| {
        format!(
            "journey j {{\n  start it\n\n  node it: RetryLimitDecision {{\n    \
             allow unproved_success because \"a test\"\n{body}\n  }}\n}}\n"
        )
    };
    for (body, code) in [
        (
            "    retryLimt = 3\n    Retry -> success\n    Reject -> failure",
            "unknown_setting",
        ),
        (
            "    retryLimit = -1\n    Retry -> success\n    Reject -> failure",
            "out_of_range",
        ),
        (
            "    retryLimit = 3s\n    Retry -> success\n    Reject -> failure",
            "wrong_type",
        ),
        (
            "    Retry -> success\n    reject -> failure\n    Reject -> failure",
            "unknown_outcome",
        ),
        ("    Retry -> success", "unwired_outcome"),
    ] {
        let result = compiler.compile([Source::new("retry.journey", retry(body))]);
        assert!(result.program.is_none(), "{body}");
        let codes: Vec<_> = result
            .diagnostics
            .iter()
            .map(|finding| finding.code.word)
            .collect();
        assert_eq!(codes, [code], "{body}");
    }
}

#[test]
fn a_designed_type_is_declared_and_used_under_its_id() {
    let designed = "designer-8ab9f1aad4b4460a9c45d15fb148e221";
    let declare = |name: &str| {
        format!(
            "extern {name} \"{name}\" (displayFormat: Text = \"json\") -> True | False {{\n  \
             asks TextOutputCallback\n  proves nothing\n}}\n\n\
             journey designed {{\n  start ask\n\n  node ask: UsernameCollector -> shown\n\n  \
             node shown: {name} {{\n    allow unproved_success because \"a test\"\n    \
             displayFormat = \"table\"\n    True -> success\n    False -> failure\n  }}\n}}\n"
        )
    };
    let compiler = Compiler::new(standard());
    let codes = |text: String| {
        let result = compiler.compile([Source::new("designed.journey", text)]);
        let codes: Vec<_> = result
            .diagnostics
            .iter()
            .filter(|finding| finding.allowed.is_none())
            .map(|finding| finding.code.word)
            .collect();
        (result.program.is_some(), codes)
    };
    assert_eq!(codes(declare(designed)), (true, Vec::new()));
    let (accepted, found) = codes(declare("product-Captcha"));
    assert!(!accepted && found.contains(&"known_type"), "{found:?}");
}
