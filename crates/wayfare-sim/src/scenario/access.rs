//! What the policies of the program answer to the session that there is now.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Host as _, Realm, Span, Value,
    model::scenario::AccessPattern,
    policy::{Decision, Query, SubjectView},
};

use crate::{
    host::SimHost,
    scenario::{Broken, player::Player},
    world::World,
};

pub(super) fn check(
    player: &Player<'_>,
    pattern: &AccessPattern,
    span: Span,
) -> Result<(), Broken> {
    let world = player.world();
    let subject = player.session().and_then(|handle| view(world, handle));
    let now = player
        .running()
        .map_or(SimHost::EPOCH, |play| play.host().now());
    let decision = player.engine.policies().evaluate(Query {
        resource: &pattern.resource,
        realm: &Realm::root(),
        subject: subject.as_ref(),
        request: player.request(),
        environment: &BTreeMap::new(),
        now,
        transaction: None,
    });
    let answered = say(&decision);
    let granted = decision.actions.values().any(|granted| *granted);
    if pattern.no && granted {
        return Err(Broken::new(span, answered, "nothing is granted"));
    }
    if !pattern.no && pattern.actions.is_empty() && pattern.advice.is_none() && !granted {
        return Err(Broken::new(span, answered, "something is granted"));
    }
    for (action, wanted) in &pattern.actions {
        if decision.grants(action) != *wanted {
            let what = if *wanted { "granted" } else { "denied" };
            return Err(Broken::new(span, answered, format!("`{action}` is {what}")));
        }
    }
    if let Some(advice) = &pattern.advice {
        let level = decision.advice.levels.iter().map(|(_, level)| *level);
        let has_level = advice
            .level
            .is_none_or(|wanted| level.clone().any(|l| l == wanted));
        let mut services = decision.advice.services.iter();
        let has_journey = advice
            .journey
            .as_ref()
            .is_none_or(|wanted| services.any(|service| service.name == *wanted));
        let has_any = !decision.advice.is_empty() || decision.wants_transaction.is_some();
        if !has_level || !has_journey || !has_any {
            let mut wanted = Vec::new();
            wanted.extend(advice.level.map(|level| format!("level {level}")));
            wanted.extend(
                advice
                    .journey
                    .as_ref()
                    .map(|name| format!("journey `{name}`")),
            );
            let wanted = format!("an advice of {}", wanted.join(" and "));
            return Err(Broken::new(span, answered, wanted));
        }
    }
    Ok(())
}

fn say(decision: &Decision) -> String {
    if !decision.matched {
        return "no policy protects this".to_owned();
    }
    let mut parts: Vec<String> = decision
        .actions
        .iter()
        .map(|(action, granted)| {
            let what = if *granted { "granted" } else { "denied" };
            format!("`{action}` is {what}")
        })
        .collect();
    if parts.is_empty() {
        parts.push("nothing is granted".to_owned());
    }
    for (_, level) in &decision.advice.levels {
        parts.push(format!("level {level} is advised"));
    }
    for service in &decision.advice.services {
        parts.push(format!("journey `{service}` is advised"));
    }
    if let Some(wanted) = &decision.wants_transaction {
        parts.push(format!("a transaction by `{}` is wanted", wanted.journey));
    }
    parts.join(", ")
}

fn view(world: &World, handle: &Arc<str>) -> Option<SubjectView> {
    let session = world.sessions.get(handle)?;
    let user = world.find_subject(&session.subject)?;
    let groups = match user.attributes.get("groups") {
        Some(Value::List(list)) => list
            .iter()
            .filter_map(Value::as_text)
            .map(Arc::from)
            .collect(),
        Some(Value::Text(one)) => vec![Arc::clone(one)],
        _ => Vec::new(),
    };
    let properties = session.properties.iter();
    Some(SubjectView {
        subject: session.subject.clone(),
        username: Arc::clone(&session.username),
        realm: Realm::root(),
        level: session.level,
        proved: session.proved,
        services: session.services.clone(),
        groups,
        properties: properties
            .filter_map(|(name, value)| Some((Arc::clone(name), Arc::from(value.as_text()?))))
            .collect(),
    })
}
