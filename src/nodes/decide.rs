//! Nodes that ask something of a profile and change nothing.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Effect, FindIdentity, Identity, SubjectId},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    filter::{Filter, Pointer},
    model::{
        journey::OutcomeId,
        value::{Decimal, Value},
    },
    nodes::{
        failure::{self, unfit},
        profile::{Finder, attribute, profile},
        reply::identity,
        setting::{Kept, constant, constant_or_none, optional},
    },
};

/// The attribute that holds the canonical id.
const ID: &str = "_id";

/// The two ways out of a question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    yes: OutcomeId,
    no: OutcomeId,
}

impl Verdict {
    pub(super) fn prepare(setup: &Setup<'_>) -> Result<Self, NodeError> {
        Ok(Self {
            yes: setup.outcome("true")?,
            no: setup.outcome("false")?,
        })
    }

    pub(super) fn go(self, holds: bool) -> Action {
        Action::go(if holds { self.yes } else { self.no })
    }
}

/// Asks whether a subject has an attribute, a secret one included: secrets cannot be read, but a filter
/// tells that one is there.
fn ask_present(subject: &SubjectId, attribute: &Arc<str>) -> Action {
    Action::call(Effect::FindIdentity(FindIdentity {
        filter: Filter::All(vec![
            Filter::equal(ID, Arc::clone(&subject.0)),
            Filter::Present(Pointer::of(attribute)),
        ]),
        attributes: Vec::new(),
    }))
}

/// Asks whether an attribute is there.
#[derive(Debug)]
struct AttributePresent {
    attribute: Kept<Arc<str>>,
    finder: Finder,
    verdict: Verdict,
}

pub(super) fn present(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(AttributePresent {
        attribute: Kept::get(setup, "presentAttribute")?,
        finder: Finder::prepare(setup)?,
        verdict: Verdict::prepare(setup)?,
    }))
}

impl Prepared for AttributePresent {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        cx.set_visit(None);
        Ok(self.finder.target(cx)?.read(Vec::new()))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        // The first reply is who it is, the second whether it is there.
        if cx.visit().is_some() {
            return Ok(self.verdict.go(identity(reply)?.is_some()));
        }
        let known = profile(reply)?;
        cx.set_visit(Some(Value::Bool(true)));
        Ok(ask_present(&known.subject, &*self.attribute.now(cx)?))
    }
}

/// Asks what an attribute is.
#[derive(Debug)]
struct AttributeValue {
    attribute: Kept<Arc<str>>,
    /// Whether it must only be there.
    present: bool,
    /// What it must be.
    value: Option<Kept<Arc<str>>>,
    finder: Finder,
    verdict: Verdict,
}

pub(super) fn value(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let operation: Arc<str> = constant(setup, "comparisonOperation")?;
    let present = match &*operation {
        "PRESENT" => true,
        "EQUALS" => false,
        _ => {
            return Err(unfit("`comparisonOperation` is neither PRESENT nor EQUALS"));
        }
    };
    Ok(Box::new(AttributeValue {
        attribute: Kept::get(setup, "comparisonAttribute")?,
        present,
        value: Kept::find(setup, "comparisonValue")?,
        finder: Finder::prepare(setup)?,
        verdict: Verdict::prepare(setup)?,
    }))
}

impl AttributeValue {
    fn equals(&self, cx: &Context<'_>, known: &Identity, with: &str) -> Result<bool, NodeError> {
        let name = self.attribute.now(cx)?;
        Ok(attribute(known, &name).is_some_and(|value| is_text_of(value, with)))
    }
}

/// Whether a text says the same as a value, read as the value's kind.
fn is_text_of(value: &Value, text: &str) -> bool {
    match value {
        Value::Text(known) => **known == *text,
        Value::Bool(flag) => text.eq_ignore_ascii_case(if *flag { "true" } else { "false" }),
        Value::Int(number) => text.trim().parse() == Ok(*number),
        Value::Decimal(number) => Decimal::parse(text.trim()) == Some(*number),
        _ => false,
    }
}

impl Prepared for AttributeValue {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        cx.set_visit(None);
        let wanted = if self.present {
            Vec::new()
        } else {
            vec![self.attribute.now(cx)?.into_owned()]
        };
        Ok(self.finder.target(cx)?.read(wanted))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if cx.visit().is_some() {
            return Ok(self.verdict.go(identity(reply)?.is_some()));
        }
        let known = profile(reply)?;
        if !self.present {
            let value =
                optional(self.value.as_ref(), cx)?.ok_or_else(|| failure::NO_COMPARISON.error())?;
            return Ok(self.verdict.go(self.equals(cx, &known, &value)?));
        }
        cx.set_visit(Some(Value::Bool(true)));
        Ok(ask_present(&known.subject, &*self.attribute.now(cx)?))
    }
}

/// Asks whether a profile fits a query filter.
#[derive(Debug)]
struct QueryFilter {
    filter: Filter,
    finder: Finder,
    verdict: Verdict,
}

/// The filter is a constant: one with something in it that was typed would be a filter of whoever typed it.
pub(super) fn filter(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let text: Arc<str> = constant(setup, "queryFilter")?;
    let filter = Filter::parse(&text).map_err(|error| unfit(format!("`queryFilter`: {error}")))?;
    Ok(Box::new(QueryFilter {
        filter,
        finder: Finder::prepare(setup)?,
        verdict: Verdict::prepare(setup)?,
    }))
}

impl Prepared for QueryFilter {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        cx.set_visit(None);
        Ok(self.finder.target(cx)?.read(Vec::new()))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if cx.visit().is_some() {
            return Ok(self.verdict.go(identity(reply)?.is_some()));
        }
        let known = profile(reply)?;
        cx.set_visit(Some(Value::Bool(true)));
        // The store compares, which can also tell that a secret is there.
        Ok(Action::call(Effect::FindIdentity(FindIdentity {
            filter: Filter::All(vec![
                Filter::equal(ID, known.subject.0),
                self.filter.clone(),
            ]),
            attributes: Vec::new(),
        })))
    }
}

/// Asks how often the user has logged in.
#[derive(Debug)]
struct LoginCountDecision {
    /// Whether it must be a multiple of the amount.
    every: bool,
    amount: Kept<i64>,
    finder: Finder,
    verdict: Verdict,
}

/// Where the store counts logins.
pub(super) const LOGINS: &str = "_loginCount";

pub(super) fn logins(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let interval: Arc<str> = constant_or_none(setup, "interval")?.unwrap_or(Arc::from("AT"));
    Ok(Box::new(LoginCountDecision {
        every: match &*interval {
            "EVERY" => true,
            "AT" => false,
            _ => return Err(unfit("`interval` is neither EVERY nor AT")),
        },
        amount: Kept::get(setup, "amount")?,
        finder: Finder::prepare(setup)?,
        verdict: Verdict::prepare(setup)?,
    }))
}

impl Prepared for LoginCountDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(self.finder.target(cx)?.read(vec![Arc::from(LOGINS)]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let known = profile(reply)?;
        let amount = *self.amount.now(cx)?;
        let holds = match attribute(&known, LOGINS).and_then(Value::as_int) {
            None => false,
            Some(count) if self.every => amount > 0 && count > 0 && count % amount == 0,
            Some(count) => count == amount,
        };
        Ok(self.verdict.go(holds))
    }
}
