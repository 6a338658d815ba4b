//! The body of a reply of a handler: exactly one thing, and no key that is not known.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::Value as Json;
use wayfare::{
    Value,
    engine::effect::{ExternalReply, Went},
};

use super::value;
use crate::am::callbacks;

/// Why a body is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// It is not the JSON of one.
    #[error("the reply is no JSON of a reply: {0}")]
    Malformed(String),
    /// It says nothing, or more than one thing.
    #[error("the reply has to say one of `outcome`, `callbacks`, `suspend`, `taken` and `error`")]
    NotOne,
    /// It is a reply to something else.
    #[error("the reply is one to another event")]
    Unfit,
    /// A callback of it cannot be asked.
    #[error("{0}")]
    NoCallback(&'static str),
    /// It asks too much at once.
    #[error("the reply asks too many callbacks")]
    Callbacks,
    /// A value of it is none that the engine has.
    #[error("the reply has a value that cannot be kept")]
    Value,
    /// The outcome is not one of those that are allowed here.
    #[error("the settings do not let it end by `{0}`")]
    Outcome(Arc<str>),
    /// The callback is not one of those that are allowed here.
    #[error("the settings do not let it ask `{0}`")]
    Callback(Arc<str>),
    /// The handler says that it cannot.
    #[error("the handler says: {0}")]
    Refused(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    outcome: Option<String>,
    #[serde(default)]
    writes: BTreeMap<String, Json>,
    user: Option<String>,
    callbacks: Option<Vec<Json>>,
    suspend: Option<Suspend>,
    #[serde(default)]
    taken: bool,
    error: Option<String>,
    #[serde(default)]
    memory: Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suspend {
    text: String,
    seconds: Option<u64>,
    #[serde(default)]
    link: bool,
    then: Option<Then>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    outcome: String,
    #[serde(default)]
    writes: BTreeMap<String, Json>,
    user: Option<String>,
    #[serde(default)]
    memory: Json,
}

/// The longest message of a handler that is kept.
const ERROR_CHARS_MAX: usize = 200;

pub(super) fn read(body: &[u8]) -> Result<ExternalReply, ReplyError> {
    let body: Body =
        serde_json::from_slice(body).map_err(|error| ReplyError::Malformed(position(&error)))?;
    let said = [
        body.outcome.is_some(),
        body.callbacks.is_some(),
        body.suspend.is_some(),
        body.taken,
        body.error.is_some(),
    ];
    if said.iter().filter(|said| **said).count() != 1 {
        return Err(ReplyError::NotOne);
    }
    // What belongs to an outcome stands beside one.
    if body.outcome.is_none() && (!body.writes.is_empty() || body.user.is_some()) {
        return Err(ReplyError::NotOne);
    }
    if let Some(outcome) = body.outcome {
        return Ok(ExternalReply::Went(went(Then {
            outcome,
            writes: body.writes,
            user: body.user,
            memory: body.memory,
        })?));
    }
    if let Some(list) = body.callbacks {
        if list.len() > callbacks::COUNT_MAX {
            return Err(ReplyError::Callbacks);
        }
        let read: Result<Vec<_>, _> = list.iter().map(callbacks::read).collect();
        return Ok(ExternalReply::Asked {
            callbacks: read.map_err(ReplyError::NoCallback)?,
            memory: memory(&body.memory)?,
        });
    }
    if let Some(suspend) = body.suspend {
        return Ok(ExternalReply::Waits {
            text: suspend.text,
            within: suspend.seconds.map(Duration::from_secs),
            link: suspend.link,
            memory: memory(&body.memory)?,
            then: suspend.then.map(went).transpose()?,
        });
    }
    match body.error {
        Some(why) => {
            let why = why.chars().filter(|c| !c.is_control());
            Err(ReplyError::Refused(why.take(ERROR_CHARS_MAX).collect()))
        }
        None => Ok(ExternalReply::Taken),
    }
}

/// What is wrong and where; never what stands there.
fn position(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a key is unknown, missing or of another type",
        _ => "it cannot be read",
    };
    format!("{what}, line {} column {}", error.line(), error.column())
}

fn went(then: Then) -> Result<Went, ReplyError> {
    let mut writes = BTreeMap::new();
    for (path, json) in then.writes {
        let value = value::value(&json).ok_or(ReplyError::Value)?;
        writes.insert(Arc::from(path), value);
    }
    Ok(Went {
        outcome: Arc::from(then.outcome),
        writes,
        user: then.user.map(Arc::from),
        memory: memory(&then.memory)?,
    })
}

fn memory(json: &Json) -> Result<Option<Value>, ReplyError> {
    if json.is_null() {
        return Ok(None);
    }
    value::value(json).map(Some).ok_or(ReplyError::Value)
}
