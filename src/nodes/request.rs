//! Nodes that look at the request: its headers, parameters and cookies.
//!
//! What they copy is what a client sent, so it proves nothing; the catalogue says so to the proofs.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
        request::Request,
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::setting::{Kept, constant},
};

/// How many values of one name are copied; more are left out.
const VALUES_MAX: usize = 64;

/// Copies what the request has under some names into shared state, as lists of texts.
#[derive(Debug)]
struct Copy {
    from: From,
    wanted: Vec<Wanted>,
    outcome: OutcomeId,
}

#[derive(Debug, Clone, Copy)]
enum From {
    Headers,
    Parameters,
}

/// One name, where its values go, and whether they are lists in themselves.
#[derive(Debug)]
struct Wanted {
    name: Arc<str>,
    key: KeyId,
    delimited: bool,
}

pub(super) fn headers(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    copy(
        setup,
        From::Headers,
        "allowedHeaders",
        "headersToBeDelimited",
    )
}

pub(super) fn parameters(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    copy(
        setup,
        From::Parameters,
        "allowedQueryParameters",
        "queryParametersToBeDelimited",
    )
}

fn copy(
    setup: &mut Setup<'_>,
    from: From,
    allowed: &'static str,
    delimited: &'static str,
) -> Result<Box<dyn Prepared>, NodeError> {
    let allowed: BTreeMap<Arc<str>, Arc<str>> = constant(setup, allowed)?;
    let delimited: Vec<Arc<str>> = constant(setup, delimited)?;
    let wanted = allowed
        .into_iter()
        .map(|(name, key)| Wanted {
            key: setup.key(&key),
            delimited: delimited.contains(&name),
            name,
        })
        .collect();
    Ok(Box::new(Copy {
        from,
        wanted,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Wanted {
    fn values(&self, from: From, request: &Request) -> Value {
        let split = |value: &str| -> Vec<Value> {
            if self.delimited {
                value
                    .split(',')
                    .map(|part| Value::text(part.trim()))
                    .collect()
            } else {
                vec![Value::text(value)]
            }
        };
        let values: Vec<Value> = match from {
            From::Headers => request
                .header(&self.name)
                .flat_map(split)
                .take(VALUES_MAX)
                .collect(),
            From::Parameters => request
                .parameter(&self.name)
                .flat_map(split)
                .take(VALUES_MAX)
                .collect(),
        };
        Value::List(Arc::from(values))
    }
}

impl Prepared for Copy {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        for wanted in &self.wanted {
            let values = wanted.values(self.from, cx.request());
            cx.put_shared(wanted.key, values);
        }
        Ok(Action::go(self.outcome))
    }
}

/// Asks whether a cookie came with the request.
#[derive(Debug)]
struct CookiePresence {
    name: Kept<Arc<str>>,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn cookie(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(CookiePresence {
        name: Kept::get(setup, "cookieName")?,
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl Prepared for CookiePresence {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let name = self.name.now(cx)?;
        let there = cx.request().cookie(&name).is_some();
        Ok(Action::go(if there { self.yes } else { self.no }))
    }
}
