//! What the page of a family says of one type.

use std::fmt::Write as _;

use wayfare::{
    Setting, Signature,
    model::{
        signature::{
            Account, Challenge, Condition, Found, Known, LevelChange, OutcomeFacts, Outcomes,
            Presence, Preset, Scope, Secrecy, StateKey, Unit,
        },
        value::Value,
    },
};

use super::errors::calls;

/// More words than this stand below the table.
const WORDS_MAX: usize = 12;

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

pub(super) fn codes<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(code).collect::<Vec<_>>().join(", ")
}

fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Milliseconds => "ms",
        Unit::Seconds => "s",
        Unit::Minutes => "m",
        Unit::Hours => "h",
        Unit::Days => "d",
        Unit::Bytes => "B",
        Unit::Kibibytes => "KiB",
    }
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Milliseconds => "milliseconds",
        Unit::Seconds => "seconds",
        Unit::Minutes => "minutes",
        Unit::Hours => "hours",
        Unit::Days => "days",
        Unit::Bytes => "bytes",
        Unit::Kibibytes => "kibibytes",
    }
}

fn default_of(setting: &Setting) -> String {
    let quoted = |text: &str| format!("{text:?}");
    let text = match &setting.default {
        Preset::None => return String::new(),
        Preset::Bool(value) => value.to_string(),
        Preset::Int(number) => format!("{number}{}", setting.unit.map_or("", suffix)),
        Preset::Text(text) => quoted(text),
        Preset::Texts(texts) => {
            let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
            format!("[{}]", texts.join(", "))
        }
        Preset::EmptyList => "[]".to_owned(),
        Preset::EmptyMap => "{}".to_owned(),
        Preset::Value(Value::Map(map)) => {
            let pairs = map.iter().map(|(key, value)| {
                format!("{key:?} = {}", quoted(value.as_text().unwrap_or_default()))
            });
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        Preset::Value(Value::Localized(texts)) => {
            let pairs = texts
                .iter()
                .map(|(locale, text)| format!("{locale} = {}", quoted(text)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        Preset::Value(other) => panic!("{}: no default is {other:?}", setting.key),
    };
    code(&text)
}

fn notes_of(setting: &Setting, derived: Option<&str>) -> String {
    let mut notes = Vec::new();
    if derived == Some(&*setting.key) {
        notes.push("made from the arms, never written".to_owned());
    }
    if setting.required {
        notes.push("required".to_owned());
    }
    if !setting.allowed.is_empty() && setting.allowed.len() <= WORDS_MAX {
        notes.push(codes(setting.allowed.iter().map(|word| &**word)));
    } else if !setting.allowed.is_empty() {
        notes.push(format!("one of {} words, below", setting.allowed.len()));
    }
    if let Some((least, greatest)) = setting.range {
        notes.push(format!("{least} to {greatest}"));
    }
    if let Some(unit) = setting.unit {
        notes.push(unit_name(unit).to_owned());
    }
    notes.join("; ")
}

pub(super) fn settings(signature: &Signature, out: &mut String) {
    if signature.settings.is_empty() {
        return;
    }
    let derived = match &signature.outcomes {
        Outcomes::Authored { setting, .. } => setting.as_deref(),
        _ => None,
    };
    out.push_str("| setting | type | default | notes |\n|---|---|---|---|\n");
    for setting in signature.settings.iter() {
        let line = format!(
            "| `{}` | {} | {} | {} |",
            setting.key,
            code(&setting.ty.to_string()),
            default_of(setting),
            notes_of(setting, derived)
        );
        out.push_str(&line.replace("  ", " "));
        out.push('\n');
    }
    out.push('\n');
    for setting in signature
        .settings
        .iter()
        .filter(|setting| setting.allowed.len() > WORDS_MAX)
    {
        let words = codes(setting.allowed.iter().map(|word| &**word));
        writeln!(out, "`{}` is one of {words}.\n", setting.key).expect("a string takes all");
    }
}

fn condition(when: &Condition) -> String {
    match when {
        Condition::Always => String::new(),
        Condition::IsTrue(key) => format!("where `{key}` is true"),
        Condition::IsFalse(key) => format!("where `{key}` is false"),
        Condition::Positive(key) => format!("where `{key}` is above 0"),
        Condition::Is(key, word) => format!("where `{key}` is `{word}`"),
        Condition::EachOf(key) => format!("one for each of `{key}`"),
        Condition::Both(parts) => parts
            .iter()
            .map(condition)
            .collect::<Vec<_>>()
            .join(" and "),
    }
}

fn outcomes(signature: &Signature) -> String {
    match &signature.outcomes {
        Outcomes::Fixed(names) => codes(names.iter().map(|name| &**name)),
        Outcomes::Bounded(bounded) => {
            let parts = bounded.iter().map(|outcome| match &outcome.when {
                Condition::Always => code(&outcome.name),
                Condition::EachOf(_) => condition(&outcome.when),
                when => format!("{} {}", code(&outcome.name), condition(when)),
            });
            parts.collect::<Vec<_>>().join(", ")
        }
        Outcomes::LastChild => "as its last child".to_owned(),
        Outcomes::Authored { besides, .. } if besides.is_empty() => "as its arms say".to_owned(),
        Outcomes::Authored { besides, .. } if signature.name == "ConfigProvider" => {
            format!(
                "as nodes of that type end with any settings, and {}",
                codes(besides.iter().map(|name| &**name))
            )
        }
        Outcomes::Authored { besides, .. } => {
            format!(
                "as its arms say, and {}",
                codes(besides.iter().map(|name| &**name))
            )
        }
    }
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Shared => "shared",
        Scope::Transient => "transient",
        Scope::Secure => "secure",
        Scope::ObjectShared => "shared.objectAttributes",
        Scope::ObjectTransient => "transient.objectAttributes",
        Scope::Any => "any",
    }
}

fn path(key: &StateKey) -> String {
    let name = match &key.named_by {
        Some(setting) => format!("{{{setting}}}"),
        None => key.key.to_string(),
    };
    format!("{}.{name}", scope(key.scope))
}

fn state_key(key: &StateKey, always: &str) -> String {
    let mut text = code(&format!("{}: {}", path(key), key.ty));
    let secrecy = match key.secrecy {
        Secrecy::Public => "",
        Secrecy::Personal => "personal",
        Secrecy::Secret => "secret",
    };
    let marks = [secrecy, if key.always { always } else { "" }];
    let marks: Vec<_> = marks.into_iter().filter(|mark| !mark.is_empty()).collect();
    if !marks.is_empty() {
        write!(text, " ({})", marks.join(", ")).expect("a string takes all");
    }
    text
}

fn meaning(facts: &OutcomeFacts) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(factor) = facts.proves {
        let when = condition(&facts.proves_when);
        parts.push(format!("proves `{factor}` {when}").trim_end().to_owned());
    }
    if facts.writes_identity == Known::Is(true) {
        parts.push("writes the identity".to_owned());
    }
    if let Some(when) = &facts.of_named {
        parts.push(format!("it is that of whom was named {}", condition(when)));
    }
    match &facts.account {
        Account::Kept => {}
        Account::Made => parts.push("makes the account".to_owned()),
        Account::Changed { when, hands } => {
            let when = condition(when);
            let changes = format!("changes the account {when}");
            parts.push(changes.trim_end().to_owned());
            if !hands.is_empty() {
                let hands: Vec<String> = hands.iter().map(|f| format!("`{f}`")).collect();
                parts.push(format!("hands out {}", hands.join(", ")));
            }
        }
    }
    if !facts.compares {
        parts.push("nothing was compared".to_owned());
    }
    if facts.counts_try == Known::Is(true) {
        parts.push("counts a try".to_owned());
    }
    match facts.challenge {
        Challenge::None => {}
        Challenge::Opens => parts.push("makes a code for whom is named".to_owned()),
        Challenge::Makes => parts.push("makes a code that is nobody's yet".to_owned()),
        Challenge::Binds => parts.push("sends the code to whom is named".to_owned()),
        Challenge::Answers => parts.push("of whom the code went to".to_owned()),
    }
    match facts.presence {
        Known::Unknown => {}
        Known::Is(Presence::Either) => parts.push("of known and unknown users alike".to_owned()),
        Known::Is(Presence::Present) => parts.push("of known users only".to_owned()),
        Known::Is(Presence::Absent) => parts.push("also of unknown users".to_owned()),
        Known::Is(Presence::Entitled) => parts.push("behind a right secret only".to_owned()),
    }
    if let Some((key, instead)) = &facts.presence_where {
        let whose = match instead {
            Known::Unknown => "of whom is not known",
            Known::Is(Presence::Either) => "of known and unknown users alike",
            Known::Is(Presence::Present) => "of known users only",
            Known::Is(Presence::Absent) => "also of unknown users",
            Known::Is(Presence::Entitled) => "behind a right secret only",
        };
        parts.push(format!("where `{key}` is true, {whose}"));
    }
    if facts.vouched {
        parts.push("the name is none that a stranger typed".to_owned());
    }
    match &facts.level {
        LevelChange::None => {}
        LevelChange::By(by) => parts.push(format!("moves the level by {by}")),
        LevelChange::BySetting(key) => parts.push(format!("moves the level by `{key}`")),
    }
    if let Some(key) = &facts.level_at_least {
        parts.push(format!("the level is at least `{key}`"));
    }
    if let Some(key) = &facts.level_below {
        parts.push(format!("the level is below `{key}`"));
    }
    parts
}

/// What makes a node of the type take its `on error` arrow.
fn fails(signature: &Signature, errors: &[&str]) -> String {
    let mut parts = Vec::new();
    let needed: Vec<_> = signature
        .reads
        .iter()
        .filter(|line| line.always)
        .map(|line| code(&path(line)))
        .collect();
    if !needed.is_empty() {
        parts.push(format!("without {}", needed.join(" or ")));
    }
    let calls = calls(signature);
    if !calls.is_empty() {
        let when = signature.calls_when.as_ref().map(condition);
        let begin = when.map_or_else(|| "where".to_owned(), |when| format!("{when} and"));
        parts.push(format!("{begin} {}", calls.join(", or ")));
    }
    if !errors.is_empty() {
        let errors = errors.iter().map(|error| format!("“{error}”"));
        parts.push(format!("with {}", errors.collect::<Vec<_>>().join(", ")));
    }
    parts.join("; ")
}

fn effects(signature: &Signature) -> String {
    let mut parts = Vec::new();
    if signature.verifies == Known::Is(true) {
        parts.push("has a secret compared");
    }
    if signature.suspends == Known::Is(true) {
        parts.push("suspends the run");
    }
    if !signature.page_child {
        parts.push("may not stand in a page");
    }
    parts.join("; ")
}

pub(super) fn facts(
    signature: &Signature,
    errors: &[&str],
    otherwise: &[String],
    unknown: &[String],
    out: &mut String,
) {
    let mut line = |label: &str, text: String| {
        if !text.is_empty() {
            writeln!(out, "- {label}: {text}").expect("a string takes all");
        }
    };
    line("Ends in", outcomes(signature));
    line("Finds", {
        let found = signature.finds.iter().map(|line| {
            let ground = match &line.ground {
                Found::Kind(kind) => code(kind.word()),
                Found::BySetting(key) => format!("what {} names", code(key)),
            };
            format!("{ground} on {}", code(&line.outcome))
        });
        found.collect::<Vec<_>>().join(", ")
    });
    line("Asks", {
        let when = signature.asks_when.as_ref().map_or(String::new(), |when| {
            format!("for sure {}", condition(when))
        });
        let callbacks = codes(signature.callbacks.iter().map(|callback| &**callback));
        let mut visits = Vec::new();
        if signature.asks == Known::Unknown {
            visits.push("on some visits".to_owned());
        }
        if !when.is_empty() {
            visits.push(when);
        }
        format!("{callbacks} {}", visits.join(", "))
            .trim_end()
            .to_owned()
    });
    let keys = |keys: &[StateKey], always: &str| {
        keys.iter()
            .map(|key| state_key(key, always))
            .collect::<Vec<_>>()
            .join(", ")
    };
    line("Reads", keys(&signature.reads, "needed"));
    line("Writes", keys(&signature.writes, "always"));
    let removed = signature.removes.iter().map(|removal| {
        let name = match &removal.named_by {
            Some(setting) => format!("{{{setting}}}"),
            None => removal.key.to_string(),
        };
        match &*removal.outcome {
            "*" => code(&name),
            outcome => format!("{} on {}", code(&name), code(outcome)),
        }
    });
    line("Removes", removed.collect::<Vec<_>>().join(", "));
    for facts in signature.facts.iter() {
        let label = match &*facts.outcome {
            "*" if signature.facts.len() > 1 => "On any other outcome".to_owned(),
            "*" => "On any outcome".to_owned(),
            outcome => format!("On {}", code(outcome)),
        };
        line(&label, meaning(facts).join("; "));
    }
    if let Some(limit) = &signature.limits {
        line(
            &format!("On {}", code(&limit.outcome)),
            format!("taken at most `{}` times in a run", limit.setting),
        );
    }
    line("Fails", fails(signature, errors));
    line("Besides", effects(signature));
    line("Unlike the product", otherwise.join("; "));
    line("Not known", unknown.join("; "));
    out.push('\n');
}
