//! Node types whose behaviour is not here, played by the tests.
//!
//! In: the signature of a type. Out: a behaviour that asks the world how to end, with
//! `reply NODE { outcome = "…" }`, and does what the signature says of that outcome: it writes what the
//! reply gives, raises the level, and proves its factor of the user that the reply names.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Action, Context, Effect, EffectReply, Factor, NodeError, NodeType, Prepared, Program, Registry,
    Reply, Setup, Signature, Suspend, Value,
    engine::effect::{Custom, Identity, ReadIdentity, Who},
    model::{
        journey::{NodeKind, OutcomeId},
        scenario,
        signature::{Known, LevelChange, Scope},
    },
};

/// The kind of the effect by which a stand-in asks how to end.
pub(crate) const KIND: &str = "stand_in";

/// A node type that is known by its signature alone, and ends as a test says.
#[derive(Debug)]
pub struct StandIn {
    signature: Signature,
}

impl StandIn {
    /// A stand-in for the type with this signature.
    pub fn new(signature: Signature) -> Self {
        Self { signature }
    }
}

/// The registry, and a stand-in for each type of the program that has no behaviour in it, and for scripts
/// that are not registered.
pub fn registry(program: &Program, mut registry: Registry) -> Registry {
    let mut missing: BTreeMap<&str, &Signature> = BTreeMap::new();
    for node in program.journeys.iter().flat_map(|j| j.graph.node_weights()) {
        let types: Vec<_> = match &node.kind {
            NodeKind::Task(task) => vec![task.ty],
            NodeKind::Page(page) => page.children.iter().map(|child| child.task.ty).collect(),
            _ => Vec::new(),
        };
        for signature in types.into_iter().filter_map(|ty| program.catalog.get(ty)) {
            missing.insert(&signature.name, signature);
        }
    }
    let built: Vec<String> = registry.built().map(str::to_owned).collect();
    for (name, signature) in missing {
        if !built.iter().any(|known| known == name) {
            // Only names that are not there are added.
            let _ = registry.add(StandIn::new(signature.clone()));
        } else if name == "ScriptedDecision" {
            registry.unscripted(StandIn::new(signature.clone()));
        }
    }
    registry
}

/// What is said to a stand-in.
pub(crate) fn reply(said: &scenario::StandIn) -> EffectReply {
    let writes = said.writes.iter().map(|(scope, key, value)| {
        let transient = matches!(scope, Scope::Transient | Scope::ObjectTransient);
        let object = matches!(scope, Scope::ObjectShared | Scope::ObjectTransient);
        Value::List(Arc::from([
            Value::Bool(transient),
            Value::Bool(object),
            Value::Text(Arc::clone(key)),
            value.clone(),
        ]))
    });
    let mut map = BTreeMap::from([
        (Arc::from("outcome"), Value::Text(Arc::clone(&said.outcome))),
        (Arc::from("writes"), Value::List(writes.collect())),
    ]);
    if let Some(user) = &said.user {
        map.insert(Arc::from("user"), Value::Text(Arc::clone(user)));
    }
    if let Some(text) = &said.suspends {
        map.insert(Arc::from("suspends"), Value::Text(Arc::clone(text)));
    }
    EffectReply::Custom(Value::Map(Arc::new(map)))
}

impl NodeType for StandIn {
    fn signature(&self) -> Signature {
        self.signature.clone()
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        let mut ways = BTreeMap::new();
        for name in setup.outcomes().to_vec() {
            let facts = self.signature.facts_of(&name);
            let raise = match facts.map(|facts| &facts.level) {
                Some(LevelChange::By(by)) => i64::from(*by),
                Some(LevelChange::BySetting(key)) => {
                    let value = setup.constant(key)?;
                    value.and_then(Value::as_int).unwrap_or_default()
                }
                Some(LevelChange::None) | None => 0,
            };
            let way = Way {
                outcome: setup.outcome(&name)?,
                raise,
                proves: self.signature.proves(&name, |key| setup.setting(key)),
                identifies: facts.is_some_and(|f| f.writes_identity != Known::Is(false)),
            };
            ways.insert(name, way);
        }
        Ok(Box::new(Played {
            username: setup.key("username"),
            ways,
        }))
    }
}

#[derive(Debug)]
struct Way {
    outcome: OutcomeId,
    raise: i64,
    proves: Option<Factor>,
    identifies: bool,
}

#[derive(Debug)]
struct Played {
    username: wayfare::model::expr::KeyId,
    ways: BTreeMap<Arc<str>, Way>,
}

impl Prepared for Played {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::call(Effect::Custom(Custom {
            kind: Arc::from(KIND),
            request: Value::Null,
            once: true,
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Custom(said)) => match suspension(&said) {
                Some(suspend) => {
                    cx.set_visit(Some(said));
                    Ok(Action::Suspend(Box::new(suspend)))
                }
                None => self.said(cx, said),
            },
            Reply::Resumed => {
                let said = cx.visit().cloned().unwrap_or(Value::Null);
                self.said(cx, said)
            }
            Reply::Effect(EffectReply::Identity(found)) => {
                let user = found.ok_or_else(|| NodeError::new("there is no such user"))?;
                let said = cx.visit().cloned().unwrap_or(Value::Null);
                let way = self.way(&said)?;
                Ok(self.go(cx, way, Some(user)))
            }
            _ => Err(NodeError::new("nothing says how this node ends")),
        }
    }
}

/// The suspension that a reply asks for.
fn suspension(said: &Value) -> Option<Suspend> {
    let Value::Map(map) = said else {
        return None;
    };
    let text = map.get("suspends").and_then(Value::as_text)?;
    Some(Suspend {
        text: text.to_owned(),
        within: None,
        deliver: None,
    })
}

impl Played {
    fn way(&self, said: &Value) -> Result<&Way, NodeError> {
        let Value::Map(map) = said else {
            return Err(NodeError::new("nothing says how this node ends"));
        };
        let outcome = map.get("outcome").and_then(Value::as_text);
        outcome
            .and_then(|outcome| self.ways.get(outcome))
            .ok_or_else(|| NodeError::new("the node has no such outcome"))
    }

    fn said(&self, cx: &mut Context<'_>, said: Value) -> Result<Action, NodeError> {
        let way = self.way(&said)?;
        let Value::Map(map) = &said else {
            return Err(NodeError::new("nothing says how this node ends"));
        };
        if let Some(Value::List(writes)) = map.get("writes") {
            for write in writes.iter() {
                write_one(cx, write);
            }
        }
        let named = map.get("user").and_then(Value::as_text);
        if named.is_none() && way.proves.is_none() {
            return Ok(self.go(cx, way, None));
        }
        let who = match (named, cx.subject()) {
            (Some(name), _) => Who::Name(Arc::from(name)),
            (None, Some(subject)) => Who::Subject(subject.id.clone()),
            (None, None) => match cx.get(self.username).and_then(Value::as_text) {
                Some(name) => Who::Name(Arc::from(name)),
                None => return Err(NodeError::new("the reply names no `user`")),
            },
        };
        cx.set_visit(Some(said));
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes: Vec::new(),
        })))
    }

    fn go(&self, cx: &mut Context<'_>, way: &Way, user: Option<Identity>) -> Action {
        if way.raise != 0 {
            cx.raise(way.raise);
        }
        let Some(user) = user else {
            return Action::go(way.outcome);
        };
        if way.identifies {
            cx.put_shared(self.username, Value::Text(Arc::clone(&user.username)));
        }
        match way.proves {
            Some(factor) => Action::prove(way.outcome, factor, user),
            None => Action::go(way.outcome),
        }
    }
}

fn write_one(cx: &mut Context<'_>, write: &Value) {
    let Value::List(parts) = write else {
        return;
    };
    let [transient, object, Value::Text(key), value] = &**parts else {
        return;
    };
    let transient = transient.as_bool().unwrap_or_default();
    match (object.as_bool().unwrap_or_default(), transient) {
        (true, true) => cx.put_object_transient(key, value.clone()),
        (true, false) => cx.put_object_shared(key, value.clone()),
        (false, transient) => {
            let id = cx.key(key);
            if transient {
                cx.put_transient(id, value.clone());
            } else {
                cx.put_shared(id, value.clone());
            }
        }
    }
}
