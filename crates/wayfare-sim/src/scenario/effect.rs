//! Expectations of effects, against what was performed.

use wayfare::{
    Effect, EffectReply, Span, Value,
    engine::effect::{Channel, Credential, Who},
    model::scenario::{EffectField, EffectKind, EffectPattern},
};

use wayfare_profile::find;

use crate::{
    scenario::{Broken, expect::show, player::Player},
    world::{Performed, World},
};

pub(super) fn check(
    player: &Player<'_>,
    pattern: &EffectPattern,
    span: Span,
) -> Result<(), Broken> {
    let world = player.world();
    let of_kind: Vec<&Performed> = world
        .performed
        .iter()
        .filter(|done| kind_of(&done.effect) == Some(pattern.kind))
        .collect();
    let fitting = of_kind
        .iter()
        .filter(|done| fits(world, done, pattern))
        .count();
    let named = pattern.kind.word();
    let holds = match (pattern.no, pattern.times) {
        (true, _) => fitting == 0,
        (false, Some(times)) => fitting == times as usize,
        (false, None) => fitting > 0,
    };
    if holds {
        return Ok(());
    }
    let expected = wanted(pattern);
    let message = if pattern.no || pattern.times.is_some() {
        format!("`{named}` was performed {fitting} times so")
    } else if of_kind.is_empty() {
        format!("no `{named}` was performed")
    } else {
        let seen: Vec<String> = of_kind
            .iter()
            .take(4)
            .map(|done| describe(world, done, pattern.kind))
            .collect();
        format!("`{named}` was performed otherwise: {}", seen.join("; "))
    };
    Err(Broken::new(span, message, expected))
}

fn wanted(pattern: &EffectPattern) -> String {
    let mut text = match (pattern.no, pattern.times) {
        (true, _) => "none".to_owned(),
        (false, Some(times)) => format!("{times} times"),
        (false, None) => "one".to_owned(),
    };
    let fields = pattern.fields.iter();
    let fields: Vec<String> = fields
        .map(|(field, value)| format!("{} = {}", field.word(), show(value)))
        .collect();
    if !fields.is_empty() {
        text.push_str(" with ");
        text.push_str(&fields.join(", "));
    }
    if let Some(node) = &pattern.node {
        text.push_str(", of `");
        text.push_str(&node.text);
        text.push('`');
    }
    text
}

/// What a performed effect was, without its secrets.
fn describe(world: &World, done: &Performed, kind: EffectKind) -> String {
    let known = EffectKind::ALL.iter().find(|(known, _, _)| *known == kind);
    let fields = known.map_or(&[][..], |(_, _, fields)| fields);
    let shown: Vec<String> = fields
        .iter()
        .filter(|field| !matches!(field, EffectField::Body | EffectField::Contains))
        .filter_map(|field| {
            let value = value_of(world, done, *field)?;
            Some(format!("{} = {}", field.word(), show(&value)))
        })
        .collect();
    format!("by `{}` with {}", done.node, shown.join(", "))
}

fn kind_of(effect: &Effect) -> Option<EffectKind> {
    Some(match effect {
        Effect::Verify(_) => EffectKind::Verify,
        Effect::ReadIdentity(_) => EffectKind::ReadIdentity,
        Effect::FindIdentity(_) => EffectKind::FindIdentity,
        Effect::CreateIdentity(_) => EffectKind::CreateIdentity,
        Effect::PatchIdentity(_) => EffectKind::PatchIdentity,
        Effect::SetStatus(set) if set.active => EffectKind::UnlockAccount,
        Effect::SetStatus(_) => EffectKind::LockAccount,
        Effect::Send(_) => EffectKind::Send,
        Effect::ReadSession(_) => EffectKind::ReadSession,
        Effect::ReadDevices(_) => EffectKind::ReadDevices,
        Effect::StoreDevice(_) => EffectKind::StoreDevice,
        Effect::RemoveDevice(_) => EffectKind::RemoveDevice,
        Effect::Custom(_) => EffectKind::Custom,
        _ => return None,
    })
}

fn fits(world: &World, done: &Performed, pattern: &EffectPattern) -> bool {
    let of_node = pattern
        .node
        .as_ref()
        .is_none_or(|node| done.node == node.unit());
    of_node
        && pattern.fields.iter().all(|(field, wanted)| {
            let Some(found) = value_of(world, done, *field) else {
                return false;
            };
            match (field, found.as_text(), wanted.as_text()) {
                (EffectField::Contains, Some(body), Some(piece)) => body.contains(piece),
                _ => found == *wanted,
            }
        })
}

fn value_of(world: &World, done: &Performed, field: EffectField) -> Option<Value> {
    let user = |who: &Who| {
        Value::Text(match who {
            Who::Name(name) => name.clone(),
            Who::Subject(subject) => match world.find_subject(subject) {
                Some(user) => user.username.clone(),
                None => subject.0.clone(),
            },
        })
    };
    let failed = matches!(done.reply, EffectReply::Failed(_));
    Some(match (&done.effect, field) {
        (_, EffectField::Failed) => Value::Bool(failed),
        (Effect::Verify(verify), EffectField::User) => user(&verify.who),
        (Effect::ReadIdentity(read), EffectField::User) => user(&read.who),
        (Effect::FindIdentity(_), EffectField::User) => match &done.reply {
            EffectReply::Identity(Some(found)) => Value::Text(found.username.clone()),
            _ => Value::Null,
        },
        (Effect::CreateIdentity(create), EffectField::User) => {
            let name = find(&create.attributes, world.user_schema().name());
            name.cloned().unwrap_or(Value::Null)
        }
        (Effect::PatchIdentity(patch), EffectField::User) => user(&patch.who),
        (Effect::CreateIdentity(_) | Effect::PatchIdentity(_), EffectField::Refused) => {
            Value::Bool(matches!(done.reply, EffectReply::Refused(_)))
        }
        (Effect::ReadDevices(read), EffectField::User) => user(&read.who),
        (Effect::ReadDevices(read), EffectField::Kind) => Value::text(read.kind.word()),
        (Effect::StoreDevice(store), EffectField::User) => user(&store.who),
        (Effect::StoreDevice(store), EffectField::Kind) => Value::text(store.kind.word()),
        (Effect::StoreDevice(_), EffectField::Accepted) => {
            Value::Bool(done.reply == EffectReply::DeviceStored(true))
        }
        (Effect::RemoveDevice(remove), EffectField::User) => user(&remove.who),
        (Effect::RemoveDevice(remove), EffectField::Kind) => Value::text(remove.kind.word()),
        (Effect::RemoveDevice(_), EffectField::Accepted) => {
            Value::Bool(done.reply == EffectReply::DeviceRemoved(true))
        }
        (Effect::SetStatus(set), EffectField::User) => user(&set.who),
        (Effect::Verify(verify), EffectField::Kind) => Value::text(match verify.credential {
            Credential::Password | Credential::Bind(_) => "password",
            Credential::Otp { .. } => "otp",
            Credential::Oath(_) => "oath",
            Credential::Recovery { .. } => "recovery",
            Credential::Answers { .. } => "answers",
        }),
        (Effect::Verify(_), EffectField::Matched) => Value::Bool(match &done.reply {
            EffectReply::Match(_) => true,
            EffectReply::Policy(verdict) => verdict.identity().is_some(),
            _ => false,
        }),
        (Effect::Send(message), EffectField::To) => Value::Text(message.to.clone()),
        (Effect::Send(message), EffectField::From) => Value::Text(message.from.clone()),
        (Effect::Send(message), EffectField::Subject) => Value::text(message.subject.as_str()),
        (Effect::Send(message), EffectField::Body | EffectField::Contains) => {
            Value::text(message.body.reveal().as_str())
        }
        (Effect::Send(message), EffectField::Channel) => Value::text(match message.channel {
            Channel::Mail => "mail",
            Channel::Sms => "sms",
        }),
        (Effect::Custom(custom), EffectField::Kind) => Value::Text(custom.kind.clone()),
        (Effect::Custom(custom), EffectField::Request) => custom.request.clone(),
        _ => return None,
    })
}
