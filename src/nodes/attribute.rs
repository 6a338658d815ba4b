//! The node that asks for attributes of the profile under construction.
//!
//! What kinds of values they take, their titles and their policies are the schema's. What stands in a field
//! already is what this run collected, never what a profile holds: nobody is shown the profile of a name
//! that was typed.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, AttributeValue, Callback, FailedPolicy},
        context::Context,
        effect::{Judgement, Shape},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{
        journey::OutcomeId,
        value::{Decimal, Value},
    },
    nodes::{
        failure,
        profile::{constructed, is_something, judge, judged, plain, unknown_attribute},
        reply::unexpected,
        setting::{Kept, constant},
    },
};

/// The policy that what is left empty does not meet.
const REQUIRED: &str = "REQUIRED";

/// Asks for one value each, again until they are as they must be.
#[derive(Debug)]
struct AttributeCollector {
    attributes: Kept<Vec<Arc<str>>>,
    required: bool,
    validate: bool,
    outcome: OutcomeId,
}

pub(super) fn collector(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(AttributeCollector {
        attributes: Kept::get(setup, "attributesToCollect")?,
        required: constant(setup, "required")?,
        validate: constant(setup, "validateInputs")?,
        outcome: setup.outcome("outcome")?,
    }))
}

/// What was typed and is being judged.
#[derive(Debug, Default)]
struct Typed {
    values: BTreeMap<Arc<str>, Value>,
    validate_only: bool,
}

impl Typed {
    fn to_value(&self) -> Value {
        let values = Value::Map(Arc::new(self.values.clone()));
        Value::List(Arc::from([values, Value::Bool(self.validate_only)]))
    }

    fn from_value(value: Option<&Value>) -> Option<Self> {
        let Some(Value::List(fields)) = value else {
            return None;
        };
        match &**fields {
            [Value::Map(values), Value::Bool(validate_only)] => Some(Self {
                values: (**values).clone(),
                validate_only: *validate_only,
            }),
            _ => None,
        }
    }
}

impl AttributeCollector {
    /// What is collected, by the paths that schemas have.
    fn names(&self, cx: &Context<'_>) -> Result<Vec<Arc<str>>, NodeError> {
        let names = self.attributes.now(cx)?;
        Ok(names.iter().map(plain).collect())
    }

    fn typed(&self, cx: &mut Context<'_>, answers: Vec<Answer>) -> Result<Action, NodeError> {
        let attributes = self.names(cx)?;
        if attributes.len() != answers.len() {
            return Err(unexpected());
        }
        let mut typed = Typed::default();
        for (name, answer) in attributes.iter().zip(answers) {
            let Answer::Attribute {
                value,
                validate_only,
            } = answer
            else {
                return Err(unexpected());
            };
            typed.validate_only |= validate_only;
            typed.values.insert(Arc::clone(name), value_of(value));
        }
        cx.set_visit(Some(typed.to_value()));
        Ok(judge(cx, attributes, typed.values))
    }

    fn judged(&self, cx: &mut Context<'_>, judged: Vec<Judgement>) -> Result<Action, NodeError> {
        let attributes = self.names(cx)?;
        if attributes.len() != judged.len() {
            return Err(unexpected());
        }
        let typed = Typed::from_value(cx.visit());
        cx.set_visit(None);
        let mut callbacks = Vec::with_capacity(judged.len());
        let mut is_fine = typed.as_ref().is_some_and(|typed| !typed.validate_only);
        for (name, judgement) in attributes.iter().zip(judged) {
            let value = typed.as_ref().and_then(|typed| typed.values.get(name));
            let failed = value.map(|value| self.failed(&judgement, value));
            let failed = failed.unwrap_or_default();
            is_fine &= failed.is_empty();
            let value = value.or_else(|| constructed(cx, name));
            callbacks.push(self.field(name, judgement, failed, value)?);
        }
        match typed {
            Some(typed) if is_fine => Ok(self.take(cx, typed)),
            _ => Ok(Action::ask(callbacks)),
        }
    }

    /// The policies that a value does not meet.
    fn failed(&self, judgement: &Judgement, value: &Value) -> Vec<FailedPolicy> {
        let mut failed = if self.validate {
            judgement.failed.clone()
        } else {
            Vec::new()
        };
        let told = failed.iter().any(|policy| &*policy.requirement == REQUIRED);
        if self.is_required(judgement) && !is_something(value) && !told {
            failed.push(FailedPolicy {
                requirement: Arc::from(REQUIRED),
                params: json!({}),
            });
        }
        failed
    }

    fn is_required(&self, judgement: &Judgement) -> bool {
        self.required || judgement.required
    }

    fn field(
        &self,
        name: &Arc<str>,
        judgement: Judgement,
        failed: Vec<FailedPolicy>,
        value: Option<&Value>,
    ) -> Result<Callback, NodeError> {
        if judgement.secret {
            return Err(failure::SECRET_ATTRIBUTE.about(name));
        }
        // Of what is neither shown nor changed there is nothing to ask, and what is to be held to the policies
        // must be the user's to change.
        let asked = judgement.editable || (judgement.viewable && !self.validate);
        if judgement.shape.is_some() && !asked {
            return Err(unknown_attribute());
        }
        let value = match (judgement.shape, value) {
            (Some(Shape::Text), value) => {
                AttributeValue::Text(value.and_then(Value::as_text).unwrap_or("").to_owned())
            }
            (Some(Shape::Number), value) => AttributeValue::Number(value.and_then(number_of)),
            (Some(Shape::Flag), value) => {
                AttributeValue::Flag(value.and_then(Value::as_bool).unwrap_or(false))
            }
            (Some(Shape::List), _) => return Err(unhandled("array")),
            (Some(Shape::Object), _) => return Err(unhandled("object")),
            (None, _) => return Err(unknown_attribute()),
        };
        Ok(Callback::Attribute {
            name: name.to_string(),
            required: self.is_required(&judgement),
            prompt: judgement.title,
            policies: if self.validate {
                judgement.policies
            } else {
                json!({})
            },
            failed,
            validate_only: false,
            value,
        })
    }

    fn take(&self, cx: &mut Context<'_>, typed: Typed) -> Action {
        for (name, value) in typed.values {
            if is_something(&value) {
                cx.put_object_shared(&name, value);
            } else if constructed(cx, &name).is_some() {
                cx.put_object_shared(&name, Value::Null);
            }
        }
        Action::go(self.outcome)
    }
}

/// The product's words.
fn unhandled(ty: &str) -> NodeError {
    failure::UNHANDLED_TYPE.about(ty)
}

fn value_of(value: AttributeValue) -> Value {
    match value {
        AttributeValue::Text(text) => Value::from(text),
        AttributeValue::Flag(flag) => Value::Bool(flag),
        AttributeValue::Number(None) => Value::Null,
        AttributeValue::Number(Some(number)) => {
            let units = number.units();
            if units % Decimal::UNITS == 0 {
                Value::Int(units / Decimal::UNITS)
            } else {
                Value::Decimal(number)
            }
        }
    }
}

fn number_of(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(number) => number.checked_mul(Decimal::UNITS).map(Decimal::from_units),
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

impl Prepared for AttributeCollector {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let attributes = self.names(cx)?;
        if attributes.is_empty() {
            return Ok(Action::go(self.outcome));
        }
        cx.set_visit(None);
        Ok(judge(cx, attributes, BTreeMap::new()))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => self.typed(cx, answers),
            reply => {
                let judged = judged(reply)?;
                self.judged(cx, judged)
            }
        }
    }
}
