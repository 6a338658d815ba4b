//! Behaviours for the node types of random programs: each asks what to do, and does it.
//!
//! On every visit a node stops for an effect of its own; the reply is the outcome to leave by, or a
//! failure. So whoever plays decides every visit, and a new request comes with every node.

use std::sync::Arc;

use wayfare::{
    Action, Answer, Callback, Context, Effect, EffectReply, NodeError, NodeType, Prepared,
    Registry, Reply, Setup, Signature, SubjectId, Value,
    engine::effect::{Custom, Identity},
    model::{expr::KeyId, journey::OutcomeId},
};

use super::kinds::{KINDS, Kind};

/// Said behind an outcome: what binds as it does in the product. A property follows one of them at most;
/// what it does not follow is as free as other outcomes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strict {
    Nothing,
    Limits,
    Levels,
}

impl Strict {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Limits => "!limits",
            Self::Levels => "!levels",
        }
    }
}

pub(super) fn demo() -> Identity {
    Identity {
        subject: SubjectId(Arc::from("id-demo")),
        username: Arc::from("demo"),
        active: true,
        attributes: std::collections::BTreeMap::new(),
    }
}

/// A registry with these types alone.
pub(super) fn registry() -> Registry {
    let mut registry = Registry::empty();
    for kind in KINDS {
        registry.add(Scripted(*kind)).unwrap();
    }
    registry
}

#[derive(Debug)]
struct Scripted(Kind);

impl NodeType for Scripted {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        let number = match self.0.setting() {
            Some(key) => setup.constant(key)?.and_then(Value::as_int),
            None => None,
        };
        Ok(Box::new(Node {
            kind: self.0,
            number: number.unwrap_or(0),
            outcomes: setup.outcomes().to_vec(),
            username: setup.key("username"),
            note: setup.key("note"),
            ticket: setup.key("ticket"),
        }))
    }
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    number: i64,
    outcomes: Vec<Arc<str>>,
    username: KeyId,
    note: KeyId,
    ticket: KeyId,
}

fn what_to_do() -> Action {
    Action::call(Effect::Custom(Custom {
        kind: Arc::from("script"),
        request: Value::Null,
        once: false,
    }))
}

impl Prepared for Node {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if cx.shared(self.username).is_none() {
            cx.put_shared(self.username, Value::from("demo"));
        }
        if self.kind.may_stop() {
            return Ok(Action::ask([Callback::TextInput {
                prompt: "go on".to_owned(),
                default: String::new(),
            }]));
        }
        Ok(what_to_do())
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => match answers.as_slice() {
                [Answer::Text(_)] => Ok(what_to_do()),
                _ => Err(NodeError::new("not the answer to this question")),
            },
            Reply::Effect(EffectReply::Custom(Value::Text(text))) => self.leave(cx, &text),
            _ => Err(NodeError::new("not the reply to this effect")),
        }
    }
}

impl Node {
    fn leave(&self, cx: &mut Context<'_>, text: &str) -> Result<Action, NodeError> {
        let (name, strict) = text.split_once('!').unwrap_or((text, ""));
        let at = self.outcomes.iter().position(|outcome| &**outcome == name);
        let at = at.ok_or_else(|| NodeError::new("no such outcome"))?;
        let outcome = OutcomeId(u16::try_from(at).unwrap());
        match self.kind {
            Kind::Raises => cx.raise(self.number),
            Kind::WritesShared => cx.put_shared(self.note, Value::from("here")),
            Kind::WritesTransient => cx.put_transient(self.ticket, Value::from("here")),
            Kind::Removes if name == "true" => cx.remove(self.note),
            Kind::Gate
                if strict == "levels"
                    && (cx.level().number() >= self.need()) != (name == "true") =>
            {
                return Err(NodeError::new("the level leads the other way"));
            }
            Kind::Limits if name == "Retry" => {
                let used = cx.memory().and_then(Value::as_int).unwrap_or(0);
                if strict == "limits" && used >= self.number {
                    return Err(NodeError::new("no retry is left"));
                }
                cx.set_memory(Some(Value::Int(used + 1)));
            }
            _ => {}
        }
        Ok(match self.kind.proves(name) {
            Some(factor) => Action::prove(outcome, factor, demo()),
            None => Action::go(outcome),
        })
    }

    fn need(&self) -> u32 {
        u32::try_from(self.number).unwrap()
    }
}
