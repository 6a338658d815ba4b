//! What paths read, in the words of scripts.
//!
//! In: a slot. Out: how a script reads it and asks whether it is there, or why no script can. A script asks
//! all of the state at once, transient before shared, so that a key has a counterpart only where it is in one
//! of them alone.

use std::{collections::BTreeSet, sync::Arc};

use wayfare::{
    Value,
    model::{
        expr::{KeyId, Slot},
        journey::{NodeKind, SettingValue, Task},
        program::Program,
        signature::{Scope, Signature},
    },
};

use super::expr::quoted;

/// How a script reads something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) value: String,
    pub(super) is_there: String,
    /// The key of the state that is read.
    pub(super) input: Option<Arc<str>>,
    pub(super) functions: &'static [&'static str],
}

impl Read {
    fn new(value: String, is_there: String, functions: &'static [&'static str]) -> Self {
        Self {
            value,
            is_there,
            input: None,
            functions,
        }
    }
}

/// A key that scripts of this project may not read without consequences: who reads a code knows it.
const CODE: &str = "oneTimePassword";

/// How a script reads a slot.
///
/// # Errors
/// Why none can.
pub(super) fn read(slot: &Slot, program: &Program) -> Result<Read, String> {
    match slot {
        Slot::Shared(key) => shared(*key, program),
        Slot::Transient(_) | Slot::Secure(_) => Err(
            "scripts cannot tell transient state from what was carried over a stop, nor from shared \
             state"
                .to_owned(),
        ),
        Slot::Object(name) => {
            let name = quoted(name);
            Ok(Read {
                input: Some(Arc::from("objectAttributes")),
                ..Read::new(
                    format!("attribute({name})"),
                    format!("hasAttribute({name})"),
                    &["attribute", "hasAttribute"],
                )
            })
        }
        Slot::Header(name) => Ok(from_map("first", "requestHeaders", name)),
        Slot::Parameter(name) => Ok(from_map("first", "requestParameters", name)),
        Slot::Cookie(name) => Ok(from_map("single", "requestCookies", name)),
        Slot::Session(name) => Ok(from_map("single", "session()", name)),
        Slot::SessionLevel => {
            let read = "single(session(), \"AuthLevel\")";
            Ok(Read::new(
                format!("integer(there({read}))"),
                format!("({read} !== null)"),
                &["integer", "there", "single", "session"],
            ))
        }
        Slot::Realm => Ok(Read::new("String(realm)".to_owned(), "true".to_owned(), &[])),
        Slot::AuthLevel => Ok(Read {
            input: Some(Arc::from("authLevel")),
            ..Read::new(
                "whole(nodeState.get(\"authLevel\"))".to_owned(),
                "true".to_owned(),
                &["whole"],
            )
        }),
        Slot::ClientAddress => Err(no_request("ip")),
        Slot::Host => Err(no_request("host")),
        Slot::Locale => Err(no_request("locale")),
        Slot::User(name) => Err(format!(
            "`user.{name}` is an attribute of this project's store: which one of the product's that is, \
             and by which name users are found, no text says"
        )),
        _ => Err("it reads what only policies are told".to_owned()),
    }
}

fn no_request(what: &str) -> String {
    format!("scripts are told headers, and not `request.{what}`, which proxies may have a word in")
}

fn from_map(function: &str, map: &str, name: &str) -> Read {
    let read = format!("{function}({map}, {})", quoted(name));
    let functions: &[&str] = match function {
        "first" => &["first", "there"],
        _ => &["single", "there", "session"],
    };
    Read::new(
        format!("there({read})"),
        format!("({read} !== null)"),
        functions,
    )
}

fn shared(key: KeyId, program: &Program) -> Result<Read, String> {
    let Some(name) = usize::try_from(key.0)
        .ok()
        .and_then(|at| program.keys.get(at))
    else {
        return Err("it reads a key that is not known".to_owned());
    };
    if **name == *CODE {
        return Err(format!("a script that reads `{name}` knows the code"));
    }
    if let Some(writer) = transient_writer(program, name) {
        return Err(format!(
            "`{writer}` may write `{name}` to transient state, which scripts see before shared state"
        ));
    }
    let quoted = quoted(name);
    Ok(Read {
        input: Some(Arc::clone(name)),
        ..Read::new(
            format!("state({quoted})"),
            format!("has({quoted})"),
            &["state", "has"],
        )
    })
}

/// A node that may write a key to transient state.
fn transient_writer(program: &Program, key: &str) -> Option<Arc<str>> {
    for journey in &program.journeys {
        for node in journey.graph.node_weights() {
            let tasks: Vec<&Task> = match &node.kind {
                NodeKind::Task(task) => vec![task],
                NodeKind::Page(page) => page.children.iter().map(|child| &child.task).collect(),
                _ => Vec::new(),
            };
            let writes = |task: &&Task| {
                let signature = program.catalog.get(task.ty);
                signature.is_none_or(|signature| may_write(signature, task, key))
            };
            if tasks.iter().any(writes) {
                return Some(Arc::clone(&node.path));
            }
        }
    }
    None
}

fn may_write(signature: &Signature, task: &Task, key: &str) -> bool {
    let is = |name: &str| name == key || name == "*";
    signature.writes.iter().any(|written| {
        if written.scope != Scope::Transient {
            return false;
        }
        let Some(by) = &written.named_by else {
            return is(&written.key);
        };
        let found = task.settings.iter().find(|(name, _)| **name == **by);
        match found.map(|(_, value)| value) {
            None => false,
            Some(SettingValue::Computed(_)) => true,
            Some(SettingValue::Constant(value)) => names(value).iter().any(|name| is(name)),
        }
    })
}

/// The keys that a setting may name.
fn names(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::List(list) => list.iter().filter_map(Value::as_text).collect(),
        Value::Map(map) => {
            let keys = map.keys().map(|key| &**key);
            keys.chain(map.values().filter_map(Value::as_text))
                .collect()
        }
        other => other.as_text().into_iter().collect(),
    }
}
