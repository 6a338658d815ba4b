//! Whether a signature holds together by itself.

use std::collections::BTreeSet;

use wayfare::{
    Setting, Signature,
    model::{
        signature::{
            Account, Condition, Known, LevelChange, Outcomes, Preset, Scope, Secrecy, StateKey,
        },
        value::{Type, Value},
    },
};

use super::{named, signatures};

/// Every callback by its name on the wire.
const CALLBACKS: &[&str] = &[
    "NameCallback",
    "PasswordCallback",
    "TextInputCallback",
    "ChoiceCallback",
    "ConfirmationCallback",
    "HiddenValueCallback",
    "BooleanAttributeInputCallback",
    "NumberAttributeInputCallback",
    "StringAttributeInputCallback",
    "ValidatedCreateUsernameCallback",
    "ValidatedCreatePasswordCallback",
    "KbaCreateCallback",
    "TermsAndConditionsCallback",
    "ConsentMappingCallback",
    "SelectIdPCallback",
    "IdPCallback",
    "ReCaptchaCallback",
    "ReCaptchaEnterpriseCallback",
    "DeviceProfileCallback",
    "DeviceBindingCallback",
    "DeviceSigningVerifierCallback",
    "PingOneProtectInitializeCallback",
    "PingOneProtectEvaluationCallback",
    "TextOutputCallback",
    "SuspendedTextOutputCallback",
    "MetadataCallback",
    "PollingWaitCallback",
    "RedirectCallback",
    "HttpCallback",
];

fn is_list_of_text(ty: &Type) -> bool {
    matches!(ty, Type::List(of) if **of == Type::Text)
}

fn is_map_of_text(ty: &Type) -> bool {
    matches!(ty, Type::Map(of) if **of == Type::Text)
}

fn default_fits(setting: &Setting) -> bool {
    let ty = &setting.ty;
    match &setting.default {
        Preset::None => true,
        Preset::Bool(_) => *ty == Type::Bool,
        Preset::Int(_) => matches!(ty, Type::Int | Type::Duration | Type::Size),
        Preset::Text(_) => *ty == Type::Text,
        Preset::Texts(texts) => is_list_of_text(ty) && !texts.is_empty(),
        Preset::EmptyList => matches!(ty, Type::List(_)),
        Preset::EmptyMap => matches!(ty, Type::Map(_) | Type::LocalizedText),
        Preset::Value(Value::Map(map)) => {
            is_map_of_text(ty) && map.values().all(|value| value.as_text().is_some())
        }
        Preset::Value(Value::Localized(text)) => *ty == Type::LocalizedText && !text.is_empty(),
        Preset::Value(_) => false,
    }
}

fn allowed_fits(setting: &Setting) -> bool {
    if setting.allowed.is_empty() {
        return true;
    }
    let typed = setting.ty == Type::Text || is_list_of_text(&setting.ty);
    let distinct = setting.allowed.iter().collect::<BTreeSet<_>>().len() == setting.allowed.len();
    let default = match &setting.default {
        Preset::Text(text) => setting.allowed.contains(text),
        Preset::Texts(texts) => texts.iter().all(|text| setting.allowed.contains(text)),
        _ => true,
    };
    typed && distinct && default
}

fn range_fits(setting: &Setting) -> bool {
    let Some((least, greatest)) = setting.range else {
        return true;
    };
    let default = match setting.default {
        Preset::Int(number) => (least..=greatest).contains(&number),
        _ => true,
    };
    matches!(setting.ty, Type::Int | Type::Duration | Type::Size) && least <= greatest && default
}

fn settings(signature: &Signature, wrong: &mut Vec<String>) {
    let mut keys = BTreeSet::new();
    for setting in signature.settings.iter() {
        let key = &setting.key;
        let mut check = |right: bool, what: &str| {
            if !right {
                wrong.push(format!("{key}: {what}"));
            }
        };
        check(keys.insert(key), "is there twice");
        check(default_fits(setting), "the default is not of the type");
        check(allowed_fits(setting), "the allowed words are wrong");
        check(range_fits(setting), "the range is wrong");
        let measured = matches!(setting.ty, Type::Duration | Type::Size);
        check(
            setting.unit.is_some() == measured,
            "a unit is missing or too many",
        );
        let time = setting.unit.is_some_and(|unit| unit.duration().is_some());
        check(
            time == (setting.ty == Type::Duration),
            "the unit is of another kind",
        );
        let secret = setting.ty == Type::Secret;
        check(
            !secret || setting.default == Preset::None,
            "a secret has a default",
        );
        let open = setting.default == Preset::None;
        check(
            !setting.required || open,
            "it is required and has a default",
        );
    }
}

/// The outcomes a type can have, and whether the author may add some.
fn outcomes(signature: &Signature, wrong: &mut Vec<String>) -> (Vec<String>, bool) {
    match &signature.outcomes {
        Outcomes::Fixed(names) => (names.iter().map(ToString::to_string).collect(), false),
        Outcomes::Bounded(bounded) => {
            let mut names = Vec::new();
            let mut open = false;
            for outcome in bounded.iter() {
                if let Condition::EachOf(_) = outcome.when {
                    open = true;
                } else {
                    names.push(outcome.name.to_string());
                }
                condition(signature, &outcome.when, wrong);
            }
            (names, open)
        }
        Outcomes::LastChild => (Vec::new(), true),
        Outcomes::Authored { setting, besides } => {
            if let Some(key) = setting {
                typed(signature, key, is_list_of_text, "lists the outcomes", wrong);
                let required = signature
                    .setting(key)
                    .is_some_and(|setting| setting.required);
                if required {
                    wrong.push(format!("{key}: is derived and required"));
                }
            }
            (besides.iter().map(ToString::to_string).collect(), true)
        }
    }
}

fn typed(
    signature: &Signature,
    key: &str,
    fits: impl Fn(&Type) -> bool,
    use_: &str,
    wrong: &mut Vec<String>,
) {
    match signature.setting(key) {
        None => wrong.push(format!("{key}: {use_} and is no setting")),
        Some(setting) if !fits(&setting.ty) => {
            wrong.push(format!("{key}: {use_} and is `{}`", setting.ty));
        }
        Some(_) => {}
    }
}

fn condition(signature: &Signature, when: &Condition, wrong: &mut Vec<String>) {
    match when {
        Condition::Always => {}
        Condition::IsTrue(key) | Condition::IsFalse(key) => {
            typed(
                signature,
                key,
                |ty| *ty == Type::Bool,
                "bounds an outcome",
                wrong,
            );
        }
        Condition::Positive(key) => {
            typed(
                signature,
                key,
                |ty| *ty == Type::Int,
                "bounds an outcome",
                wrong,
            );
        }
        Condition::Is(key, word) => {
            typed(
                signature,
                key,
                |ty| *ty == Type::Text,
                "bounds an outcome",
                wrong,
            );
            if !signature
                .setting(key)
                .is_some_and(|s| s.allowed.contains(word))
            {
                wrong.push(format!("{key}: is never `{word}`"));
            }
        }
        Condition::EachOf(key) => {
            typed(signature, key, is_list_of_text, "makes outcomes", wrong);
        }
        Condition::Both(parts) => {
            for part in parts.iter() {
                condition(signature, part, wrong);
            }
        }
    }
}

fn meanings(signature: &Signature, wrong: &mut Vec<String>) {
    let (names, open) = outcomes(signature, wrong);
    let distinct: BTreeSet<_> = names.iter().collect();
    if distinct.len() != names.len() || names.iter().any(String::is_empty) {
        wrong.push("an outcome is there twice or has no name".to_owned());
    }
    if names.is_empty() && !open {
        wrong.push("there is no outcome".to_owned());
    }
    let known = |outcome: &str| names.iter().any(|name| name == outcome);
    let mut lines = BTreeSet::new();
    for facts in signature.facts.iter() {
        let outcome = &facts.outcome;
        if outcome != "*" && !known(outcome) {
            wrong.push(format!("{outcome}: means something and is no outcome"));
        }
        if !lines.insert(outcome) {
            wrong.push(format!("{outcome}: has two lines"));
        }
        condition(signature, &facts.proves_when, wrong);
        if let Account::Changed { when, .. } = &facts.account {
            condition(signature, when, wrong);
        }
        if !facts.compares && (facts.proves.is_some() || signature.verifies == Known::Is(false)) {
            wrong.push(format!(
                "{outcome}: nothing was compared and something is proved"
            ));
        }
        if outcome == "*" && facts.proves.is_some() {
            wrong.push("every outcome proves something".to_owned());
        }
        let moved = match &facts.level {
            LevelChange::BySetting(key) => Some(key),
            LevelChange::None | LevelChange::By(_) => None,
        };
        let bounds = facts.level_at_least.iter().chain(&facts.level_below);
        for key in moved.into_iter().chain(bounds) {
            typed(
                signature,
                key,
                |ty| *ty == Type::Int,
                "counts levels",
                wrong,
            );
        }
    }
    if let Some(limit) = &signature.limits {
        typed(
            signature,
            &limit.setting,
            |ty| *ty == Type::Int,
            "limits",
            wrong,
        );
        let least = signature
            .setting(&limit.setting)
            .and_then(|setting| setting.range)
            .map(|(least, _)| least);
        if least.is_none_or(|least| least < 0) {
            wrong.push(format!("{}: limits and may be negative", limit.setting));
        }
        if !known(&limit.outcome) {
            wrong.push(format!("{}: is limited and no outcome", limit.outcome));
        }
    }
}

fn state(signature: &Signature, wrong: &mut Vec<String>) {
    let both = signature.reads.iter().chain(signature.writes.iter());
    for key in both {
        let StateKey {
            key: name,
            named_by,
            ty,
            secrecy,
            ..
        } = key;
        if name.is_empty() || named_by.is_some() && name != "*" {
            wrong.push(format!("state key `{name}` is named twice or not at all"));
        }
        if let Some(setting) = named_by {
            let names = |ty: &Type| matches!(ty, Type::Text | Type::Map(_)) || is_list_of_text(ty);
            typed(signature, setting, names, "names a state key", wrong);
        }
        if *ty == Type::Secret && *secrecy != Secrecy::Secret {
            wrong.push(format!(
                "state key `{name}` holds a secret and is not secret"
            ));
        }
    }
    let (names, open) = outcomes(signature, &mut Vec::new());
    for removal in signature.removes.iter() {
        let outcome = &removal.outcome;
        if outcome != "*" && !open && !names.contains(&outcome.to_string()) {
            wrong.push(format!("{outcome}: takes something away and is no outcome"));
        }
        if let Some(setting) = &removal.named_by {
            let names = |ty: &Type| matches!(ty, Type::Text | Type::Map(_)) || is_list_of_text(ty);
            typed(signature, setting, names, "takes a key away", wrong);
        }
    }
    for write in signature
        .writes
        .iter()
        .filter(|write| write.scope == Scope::Secure)
    {
        wrong.push(format!(
            "state key `{}` is written where nothing can be",
            write.key
        ));
    }
}

fn effects(signature: &Signature, wrong: &mut Vec<String>) {
    for callback in signature.callbacks.iter() {
        if callback != "*" && !CALLBACKS.contains(&&**callback) {
            wrong.push(format!("there is no callback `{callback}`"));
        }
    }
    let sends = !signature.callbacks.is_empty();
    if sends != (signature.asks != Known::Is(false)) {
        wrong.push("it asks without callbacks, or has callbacks and does not ask".to_owned());
    }
    if signature.verifies == Known::Is(true) && signature.calls_out != Known::Is(true) {
        wrong.push("it verifies and does not call out".to_owned());
    }
    if signature.suspends == Known::Is(true) && signature.page_child {
        wrong.push("it suspends and may stand in a page".to_owned());
    }
    let proves = signature.facts.iter().any(|facts| facts.proves.is_some());
    if proves && signature.calls_out == Known::Is(false) {
        wrong.push("it proves something and asks nobody".to_owned());
    }
    let writes_name = signature.writes.iter().any(|write| write.key == "username");
    let says_so = signature
        .facts
        .iter()
        .any(|facts| facts.writes_identity != Known::Is(false));
    if writes_name && !says_so {
        wrong.push("it writes `username` on no outcome".to_owned());
    }
}

/// Everything that is wrong with a signature.
fn findings(signature: &Signature) -> Vec<String> {
    let mut wrong = Vec::new();
    if signature.versions.first() != Some(&1) {
        wrong.push("the first version is not 1".to_owned());
    }
    if signature.summary.is_empty() || signature.summary.ends_with('.') {
        wrong.push("the summary is no sentence of the table".to_owned());
    }
    settings(signature, &mut wrong);
    meanings(signature, &mut wrong);
    state(signature, &mut wrong);
    effects(signature, &mut wrong);
    wrong
}

#[test]
fn every_signature_is_well_formed() {
    let mut wrong = Vec::new();
    for signature in signatures() {
        for finding in findings(&signature) {
            wrong.push(format!("{}: {finding}", signature.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Breaks a sound signature in one place.
type Break = fn(&mut Signature);

/// A type, how it is broken, and how the finding begins.
const BREAKS: &[(&str, Break, &str)] = &[
    (
        "Message",
        |s| s.settings.to_mut()[0].default = Preset::Int(1),
        "message: the default",
    ),
    (
        "PollingWait",
        |s| s.settings.to_mut()[0].unit = None,
        "secondsToWait: a unit",
    ),
    (
        "FlowControl",
        |s| s.settings.to_mut()[0].range = Some((60, 70)),
        "percentageA: the range",
    ),
    (
        "AccountLockout",
        |s| s.settings.to_mut()[0].allowed = ["X".into()].to_vec().into(),
        "lockAction: the allowed",
    ),
    (
        "SetSuccessUrl",
        |s| s.settings.to_mut()[0].default = Preset::Text("x".into()),
        "successUrl: it is required",
    ),
    (
        "PollingWait",
        |s| s.settings.to_mut()[4].key = "exit".into(),
        "exitable: bounds an outcome",
    ),
    (
        "RetryLimitDecision",
        |s| s.settings.to_mut()[0].ty = Type::Text,
        "retryLimit: limits and is `Text`",
    ),
    (
        "RetryLimitDecision",
        |s| s.settings.to_mut()[0].range = None,
        "retryLimit: limits and may be negative",
    ),
    (
        "DataStoreDecision",
        |s| s.outcomes = Outcomes::Fixed(["yes".into()].to_vec().into()),
        "true: means something",
    ),
    (
        "DataStoreDecision",
        |s| s.calls_out = Known::Is(false),
        "it verifies and does not call out",
    ),
    (
        "PasswordCollector",
        |s| s.writes.to_mut()[0].secrecy = Secrecy::Public,
        "state key `password` holds a secret",
    ),
    (
        "PasswordCollector",
        |s| s.writes.to_mut()[0].scope = Scope::Secure,
        "state key `password` is written",
    ),
    (
        "UsernameCollector",
        |s| s.facts.to_mut().clear(),
        "it writes `username` on no outcome",
    ),
    (
        "UsernameCollector",
        |s| s.callbacks.to_mut().clear(),
        "it asks without callbacks",
    ),
    (
        "UsernameCollector",
        |s| s.callbacks.to_mut()[0] = "Name".into(),
        "there is no callback `Name`",
    ),
    (
        "OneTimePasswordCollectorDecision",
        |s| s.removes.to_mut()[0].outcome = "yes".into(),
        "yes: takes something away",
    ),
    (
        "EmailSuspend",
        |s| s.page_child = true,
        "it suspends and may stand in a page",
    ),
    (
        "SessionData",
        |s| s.settings.to_mut()[1].ty = Type::Bool,
        "sharedStateKey: names a state key",
    ),
    (
        "ChoiceCollector",
        |s| s.settings.to_mut()[0].required = true,
        "choices: is derived and required",
    ),
];

#[test]
fn a_broken_signature_is_found_out() {
    for (name, break_it, expected) in BREAKS {
        let mut signature = (*named(name)).clone();
        break_it(&mut signature);
        let wrong = findings(&signature);
        let found = wrong.iter().any(|finding| finding.starts_with(expected));
        assert!(found, "{name}: expected `{expected}`, found {wrong:?}");
    }
}
