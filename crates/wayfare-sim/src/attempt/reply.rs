//! How nodes end whose behaviour is not here: each declared outcome, as a reply.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use wayfare::{
    Effect, EffectReply, Program, Signature, Type, Value,
    model::{
        journey::{NodeKind, Task},
        scenario::StandIn,
        signature::{Known, Scope},
    },
};

use crate::{Play, scenario::stand_in::reply, world::Scripted};

/// A reply, and its fields as the language writes them.
pub(crate) struct Reply {
    pub(crate) scripted: Scripted,
    pub(crate) fields: String,
}

/// What a service says that fails because it was told to.
pub(crate) const FAILS: &str = "unavailable";

/// The first node since then that nothing told how to end.
pub(crate) fn missing(before: &Play, after: &Play) -> Option<Arc<str>> {
    let known = before.world().performed.len();
    let mut since = after.world().performed.iter().skip(known);
    let waits = since.find(|done| {
        let own = matches!(&done.effect, Effect::External(_));
        let failed = matches!(&done.reply, EffectReply::Failed(message) if message != FAILS);
        own && failed
    });
    waits.map(|done| Arc::clone(&done.node))
}

/// The ways in which a node may end: `node` is its journey and its path there.
pub(crate) fn ways(program: &Program, node: &str) -> Vec<Reply> {
    let Some((task, outcomes)) = task_of(program, node) else {
        return Vec::new();
    };
    let Some(signature) = program.catalog.get(task.ty) else {
        return Vec::new();
    };
    let ways = outcomes.iter().map(|outcome| way(signature, task, outcome));
    ways.collect()
}

fn task_of<'p>(program: &'p Program, name: &str) -> Option<(&'p Task, &'p [Arc<str>])> {
    let (journey, path) = name.split_once('/')?;
    let journey = program.journey_named(journey)?;
    journey
        .graph
        .node_weights()
        .find_map(|node| match &node.kind {
            NodeKind::Task(task) if *node.path == *path => Some((task, &*node.outcomes)),
            NodeKind::Page(page) => {
                let child = path.strip_prefix(&*node.path)?.strip_prefix('.')?;
                let found = page.children.iter().find(|known| *known.name == *child)?;
                Some((&found.task, &*found.outcomes))
            }
            _ => None,
        })
}

fn way(signature: &Signature, task: &Task, outcome: &Arc<str>) -> Reply {
    let setting = |key: &str| {
        let found = task.settings.iter().find(|(known, _)| &**known == key);
        found.map(|(_, value)| value)
    };
    let facts = signature.facts_of(outcome);
    let identifies = facts.is_some_and(|facts| facts.writes_identity != Known::Is(false));
    let names = identifies || signature.proves(outcome, setting).is_some();
    let writes: Vec<(Scope, Arc<str>, Value)> = signature
        .writes
        .iter()
        .filter(|key| key.always && key.key != "*" && key.key != "username")
        .filter_map(|key| Some((key.scope, Arc::from(&*key.key), any_of(&key.ty)?)))
        .collect();
    let mut fields = format!("outcome = {outcome:?}");
    if !writes.is_empty() {
        let each = writes
            .iter()
            .map(|(_, key, value)| format!("{key} = {}", value.source_text()));
        let each: Vec<String> = each.collect();
        let _ = write!(fields, ", writes = {{ {} }}", each.join(", "));
    }
    if names {
        fields.push_str(", user = \"demo\"");
    }
    let said = StandIn {
        outcome: Arc::clone(outcome),
        writes,
        user: names.then(|| Arc::from("demo")),
        suspends: None,
    };
    Reply {
        scripted: Scripted::Reply(reply(&said)),
        fields,
    }
}

/// Some value of a type.
fn any_of(ty: &Type) -> Option<Value> {
    Some(match ty {
        Type::Text => Value::text("x"),
        Type::Int => Value::Int(1),
        Type::Bool => Value::Bool(true),
        Type::Duration => Value::Duration(Duration::from_secs(60)),
        _ => return None,
    })
}
