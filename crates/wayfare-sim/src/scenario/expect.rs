//! Expectations, against where the run stands.

use std::sync::Arc;

use wayfare::{
    Callback, End, Failure, FailureReason, Host as _, Span, Success, Value,
    model::scenario::{
        AskedCallback, Expectation, FailurePattern, FailureWord, NodeRef, SuccessPattern,
    },
};

use crate::{
    play::Stop,
    scenario::{Broken, access, effect, player::Player},
};

pub(super) fn check(
    player: &mut Player<'_>,
    expectation: &Expectation,
    span: Span,
) -> Result<(), Broken> {
    if let Expectation::Access(pattern) = expectation {
        return access::check(player, pattern, span);
    }
    player.begin(span)?;
    match expectation {
        Expectation::Ask { node, callbacks } => asks(player, node, callbacks.as_deref(), span),
        Expectation::Page {
            stage,
            header,
            description,
        } => {
            let Some(Stop::Ask(ask)) = player.stop() else {
                return Err(Broken::new(
                    span,
                    player.where_it_stands(),
                    "a page is asked",
                ));
            };
            let fields = [
                ("stage", stage, &ask.stage),
                ("header", header, &ask.header),
                ("description", description, &ask.description),
            ];
            for (name, wanted, found) in fields {
                if let Some(wanted) = wanted {
                    same(
                        &format!("`{name}`"),
                        Some(&**wanted),
                        found.as_deref(),
                        span,
                    )?;
                }
            }
            Ok(())
        }
        Expectation::Level(level) => {
            let found = match (player.stop(), player.running()) {
                (Some(Stop::Done(End::Success(success))), _) => success.level,
                (_, Some(play)) => play.session().level(),
                _ => wayfare::AuthLevel::default(),
            };
            if found == *level {
                return Ok(());
            }
            let message = format!("the level is {found}");
            Err(Broken::new(span, message, format!("level {level}")))
        }
        Expectation::State(values) => state(player, values, span),
        Expectation::Effect(pattern) => effect::check(player, pattern, span),
        Expectation::Success(pattern) => match player.stop() {
            Some(Stop::Done(End::Success(success))) => succeeded(success, pattern, span),
            _ => Err(Broken::new(span, player.where_it_stands(), "success")),
        },
        Expectation::Failure(pattern) => match player.stop() {
            Some(Stop::Done(End::Failure(failure))) => failed(failure, pattern, span),
            _ => Err(Broken::new(span, player.where_it_stands(), "failure")),
        },
        Expectation::Suspended(text) => {
            let Some(Stop::Suspended(suspended)) = player.stop() else {
                return Err(Broken::new(
                    span,
                    player.where_it_stands(),
                    "a suspended run",
                ));
            };
            let shown = suspended.ask.callbacks.iter().find_map(shown);
            match text {
                Some(text) => same("`text`", Some(text), shown.as_deref(), span),
                None => Ok(()),
            }
        }
        Expectation::Expired => match (player.stop(), player.running()) {
            (Some(Stop::Ask(_) | Stop::Suspended(_)), Some(play))
                if play.host().now() >= play.session().expires_at() =>
            {
                Ok(())
            }
            (Some(Stop::Done(_)), _) | (_, None) => Err(Broken::new(
                span,
                player.where_it_stands(),
                "an expired run",
            )),
            (_, Some(play)) => {
                let left = play.session().expires_at().since(play.host().now());
                let message = format!("{}, for {} s yet", player.where_it_stands(), left.as_secs());
                Err(Broken::new(span, message, "an expired run"))
            }
        },
        Expectation::Access(_) => Ok(()),
    }
}

/// One text of several that must be equal.
fn same(name: &str, wanted: Option<&str>, found: Option<&str>, span: Span) -> Result<(), Broken> {
    if wanted == found {
        return Ok(());
    }
    let shown = |text: Option<&str>| match text {
        Some(text) => format!("\"{text}\""),
        None => "nothing".to_owned(),
    };
    Err(Broken::new(
        span,
        format!("{name} is {}", shown(found)),
        shown(wanted),
    ))
}

pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        value => value.to_json().to_string(),
    }
}

fn asks(
    player: &Player<'_>,
    node: &NodeRef,
    callbacks: Option<&[AskedCallback]>,
    span: Span,
) -> Result<(), Broken> {
    let wanted = || match callbacks {
        Some(callbacks) => {
            let kinds: Vec<&str> = callbacks.iter().map(|c| &*c.kind).collect();
            format!("`{}` asks: {}", node.text, kinds.join(", "))
        }
        None => format!("`{}` asks", node.text),
    };
    let (Some(Stop::Ask(ask)), Some(play)) = (player.stop(), player.running()) else {
        return Err(Broken::new(span, player.where_it_stands(), wanted()));
    };
    let session = play.session();
    let mut is_there =
        session.at().as_deref() == Some(&*node.at) && session.calls() == node.callers;
    let mut asked: &[Callback] = &ask.callbacks;
    if node.child.is_some() && is_there {
        let unit = node.unit();
        let asking = play.asker();
        let range = asking.iter().find(|(name, _)| *name == unit);
        is_there = range.is_some();
        let range = range.map_or(0..0, |(_, range)| range.clone());
        asked = ask.callbacks.get(range).unwrap_or_default();
    }
    let Some(callbacks) = callbacks.filter(|_| is_there) else {
        return if is_there {
            Ok(())
        } else {
            Err(Broken::new(span, player.where_it_stands(), wanted()))
        };
    };
    let same_kinds = asked
        .iter()
        .map(Callback::kind)
        .eq(callbacks.iter().map(|callback| &*callback.kind));
    if !same_kinds {
        return Err(Broken::new(span, player.where_it_stands(), wanted()));
    }
    for (callback, wanted) in asked.iter().zip(callbacks) {
        one(callback, wanted, span)?;
    }
    Ok(())
}

fn one(callback: &Callback, wanted: &AskedCallback, span: Span) -> Result<(), Broken> {
    let kind = callback.kind();
    if let Some(text) = &wanted.text {
        let name = format!("the text of the {kind}");
        same(&name, Some(text), shown(callback).as_deref(), span)?;
    }
    if let Some(choices) = &wanted.choices {
        let offered = match callback {
            Callback::Choice { choices, .. } => choices.as_slice(),
            Callback::Confirmation { options, .. } => options.as_slice(),
            _ => &[],
        };
        let is_same = offered
            .iter()
            .map(String::as_str)
            .eq(choices.iter().map(|c| &**c));
        if !is_same {
            let found = format!("the {kind} offers {}", offered.join(", "));
            let wanted: Vec<&str> = choices.iter().map(|c| &**c).collect();
            return Err(Broken::new(span, found, wanted.join(", ")));
        }
    }
    if let Some(default) = &wanted.default {
        let found = default_of(callback);
        if found != *default {
            let message = format!("the {kind} stands at {}", show(&found));
            return Err(Broken::new(span, message, show(default)));
        }
    }
    Ok(())
}

/// The text that a callback shows.
fn shown(callback: &Callback) -> Option<String> {
    Some(match callback {
        Callback::Name { prompt, .. }
        | Callback::Password { prompt }
        | Callback::TextInput { prompt, .. }
        | Callback::Choice { prompt, .. }
        | Callback::Confirmation { prompt, .. }
        | Callback::ValidatedUsername { prompt, .. }
        | Callback::ValidatedPassword { prompt, .. }
        | Callback::Attribute { prompt, .. }
        | Callback::SecurityQuestion { prompt, .. } => prompt.clone(),
        Callback::Consent { message, .. } | Callback::DeviceProfile { message, .. } => {
            message.clone()
        }
        Callback::Terms { text, .. }
        | Callback::TextOutput { text, .. }
        | Callback::SuspendedTextOutput { text } => text.clone(),
        Callback::PollingWait { message, .. } => message.clone(),
        Callback::HiddenValue { id, .. } => id.clone(),
        Callback::Redirect { url, .. } => url.clone(),
        _ => return None,
    })
}

/// What stands in the field; of a menu, what its choice reads.
fn default_of(callback: &Callback) -> Value {
    let at = |list: &[String], index: u32| {
        let text = list.get(index as usize);
        text.map_or(Value::Null, |text| Value::text(text.as_str()))
    };
    match callback {
        Callback::Name { default, .. } | Callback::TextInput { default, .. } => {
            Value::text(default.as_str())
        }
        Callback::HiddenValue { value, .. } => Value::text(value.as_str()),
        Callback::Choice {
            choices, default, ..
        } => at(choices, *default),
        Callback::Confirmation {
            options, default, ..
        } => at(options, *default),
        _ => Value::Null,
    }
}

fn state(player: &Player<'_>, values: &[(Arc<str>, Value)], span: Span) -> Result<(), Broken> {
    let Some(play) = player.running() else {
        return Ok(());
    };
    if let Some(Stop::Done(end)) = player.stop() {
        let message = format!("{}, and its state is gone", ended(end));
        return Err(Broken::new(span, message, "a run that has not ended"));
    }
    for (key, wanted) in values {
        let found = play.session().shared(key).cloned().unwrap_or(Value::Null);
        if found != *wanted {
            let message = format!("`{key}` is {}", show(&found));
            return Err(Broken::new(span, message, show(wanted)));
        }
    }
    Ok(())
}

/// How a run has ended, as messages say it.
pub(super) fn ended(end: &End) -> String {
    match end {
        End::Success(success) => format!(
            "the run has ended in success: {} at level {}",
            success.subject.username, success.level
        ),
        End::Failure(failure) => match &failure.message {
            Some(message) => format!("the run has ended in failure: \"{message}\""),
            None => format!("the run has ended in failure: {}", failure.reason),
        },
    }
}

fn succeeded(success: &Success, pattern: &SuccessPattern, span: Span) -> Result<(), Broken> {
    if let Some(user) = &pattern.user {
        same("`user`", Some(user), Some(&success.subject.username), span)?;
    }
    if let Some(level) = pattern.level.filter(|level| *level != success.level) {
        let message = format!("the level is {}", success.level);
        return Err(Broken::new(span, message, format!("level {level}")));
    }
    let truths = [
        ("proved", pattern.proved, success.proved),
        ("session", pattern.session, !success.no_session),
    ];
    for (name, wanted, found) in truths {
        if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
            let message = format!("`{name}` is {found}");
            return Err(Broken::new(span, message, wanted.to_string()));
        }
    }
    if let Some(url) = &pattern.url {
        same("`url`", Some(url), success.success_url.as_deref(), span)?;
    }
    for (name, wanted) in &pattern.properties {
        let found = success.properties.get(name).cloned().flatten();
        let found = found.unwrap_or(Value::Null);
        if found != *wanted {
            let message = format!("the property `{name}` is {}", show(&found));
            return Err(Broken::new(span, message, show(wanted)));
        }
    }
    Ok(())
}

fn failed(failure: &Failure, pattern: &FailurePattern, span: Span) -> Result<(), Broken> {
    if let Some(message) = &pattern.message {
        same("`message`", Some(message), failure.message.as_deref(), span)?;
    }
    if let Some(url) = &pattern.url {
        same("`url`", Some(url), failure.failure_url.as_deref(), span)?;
    }
    let found = word(&failure.reason);
    if let Some(wanted) = pattern.reason.filter(|wanted| *wanted != found) {
        let message = format!("the reason is `{}`: {}", found.word(), failure.reason);
        return Err(Broken::new(span, message, format!("`{}`", wanted.word())));
    }
    let found = failure.ground.kind();
    if let Some(wanted) = pattern.ground.filter(|wanted| *wanted != found) {
        let message = format!("the ground is `{found}`");
        return Err(Broken::new(span, message, format!("`{wanted}`")));
    }
    Ok(())
}

/// The word of a reason.
pub(crate) fn word(reason: &FailureReason) -> FailureWord {
    match reason {
        FailureReason::Rejected => FailureWord::Rejected,
        FailureReason::LooseEnd => FailureWord::LooseEnd,
        FailureReason::UnprovedSuccess => FailureWord::UnprovedSuccess,
        FailureReason::LevelNotReached => FailureWord::LevelNotReached,
        FailureReason::EnsureUnmet { .. } => FailureWord::EnsureUnmet,
        FailureReason::Inactive => FailureWord::Inactive,
        FailureReason::OtherSubject => FailureWord::OtherSubject,
        FailureReason::NodeFailed { .. } => FailureWord::NodeFailed,
        _ => FailureWord::Limit,
    }
}
