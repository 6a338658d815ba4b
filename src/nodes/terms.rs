//! Nodes about terms and consent: documents of the realm that the user agrees to.
//!
//! What was agreed to is kept in the state with the time; it becomes part of the profile where a later node
//! makes or changes that. What counts is the version that was shown, whatever is in force when the answer
//! comes.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback},
        context::Context,
        effect::{Document, EffectReply},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, text::LocalizedText, value::Value},
    nodes::{
        decide::Verdict,
        document::{document, localized, member, read, text},
        failure,
        message::text_or,
        object::TERMS,
        profile::{Finder, attribute, profile},
        reply::unexpected,
        setting::{Kept, constant},
    },
};

fn entry<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.map(|(name, value)| (Arc::from(name), value));
    Value::Map(Arc::new(BTreeMap::from(members)))
}

fn now(cx: &mut Context<'_>) -> Value {
    Value::from(cx.now().rfc3339())
}

/// Shows the terms in force until they are accepted.
#[derive(Debug)]
struct AcceptTerms {
    version: KeyId,
    accepted: KeyId,
    outcome: OutcomeId,
}

pub(super) fn accept(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(AcceptTerms {
        version: setup.key("termsVersion"),
        accepted: setup.key("termsAccepted"),
        outcome: setup.outcome("outcome")?,
    }))
}

impl AcceptTerms {
    fn show(cx: &mut Context<'_>, terms: &Value) -> Result<Action, NodeError> {
        let version = text(terms, "version").ok_or_else(no_terms)?;
        let words = member(terms, "text").and_then(|words| localized(cx, words));
        let callback = Callback::Terms {
            version: version.to_string(),
            text: words.ok_or_else(no_terms)?,
            created: text(terms, "createDate").map_or_else(String::new, |at| at.to_string()),
            accepted: false,
        };
        cx.set_visit(Some(Value::Text(version)));
        Ok(Action::ask([callback]))
    }

    fn answered(&self, cx: &mut Context<'_>, answers: Vec<Answer>) -> Result<Action, NodeError> {
        match answers.into_iter().next() {
            Some(Answer::Flag(true)) => {}
            Some(Answer::Flag(false)) => return Ok(read(Document::Terms)),
            _ => return Err(unexpected()),
        }
        let Some(version @ Value::Text(_)) = cx.visit().cloned() else {
            return Err(unexpected());
        };
        let at = now(cx);
        let accepted = entry([("acceptDate", at), ("termsVersion", version.clone())]);
        cx.put_shared(self.version, version);
        cx.put_shared(self.accepted, accepted);
        Ok(Action::go(self.outcome))
    }
}

/// The product's words.
fn no_terms() -> NodeError {
    failure::NO_TERMS.error()
}

impl Prepared for AcceptTerms {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(read(Document::Terms))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => self.answered(cx, answers),
            reply => {
                let terms = document(reply)?.ok_or_else(no_terms)?;
                Self::show(cx, &terms)
            }
        }
    }
}

/// Asks whether the user accepted the terms in force; where there are none, there is nothing to accept.
#[derive(Debug)]
struct TermsDecision {
    finder: Finder,
    verdict: Verdict,
}

pub(super) fn decision(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(TermsDecision {
        finder: Finder::prepare(setup)?,
        verdict: Verdict::prepare(setup)?,
    }))
}

impl Prepared for TermsDecision {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(read(Document::Terms))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if let Reply::Effect(EffectReply::Document(terms)) = reply {
            let Some(terms) = terms else {
                return Ok(self.verdict.go(true));
            };
            let version = text(&terms, "version").ok_or_else(no_terms)?;
            cx.set_visit(Some(Value::Text(version)));
            return Ok(self.finder.target(cx)?.read(vec![Arc::from(TERMS)]));
        }
        let known = profile(reply)?;
        let accepted = attribute(&known, TERMS).and_then(|terms| text(terms, "termsVersion"));
        let wanted = cx.visit().and_then(Value::as_text);
        let is_accepted = accepted.is_some() && accepted.as_deref() == wanted;
        Ok(self.verdict.go(is_accepted))
    }
}

/// Asks for consent to hand on parts of the profile, one question for each mapping.
#[derive(Debug)]
struct Consent {
    all_required: bool,
    message: Kept<LocalizedText>,
    outcome: OutcomeId,
}

/// Where it is kept which mappings were consented to.
const CONSENTED: &str = "consentedMappings";

pub(super) fn consent(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(Consent {
        all_required: constant(setup, "allRequired")?,
        message: Kept::get(setup, "message")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Consent {
    fn show(&self, cx: &mut Context<'_>, mappings: &[Value]) -> Result<Action, NodeError> {
        let otherwise = "Parts of your profile are shared. You can choose with whom.";
        let message = text_or(cx, &self.message, otherwise)?;
        let mut callbacks = Vec::with_capacity(mappings.len());
        let mut kept = Vec::with_capacity(mappings.len());
        for mapping in mappings {
            let name = text(mapping, "name").ok_or_else(no_mappings)?;
            let word = |member: &str| {
                text(mapping, member).map_or_else(String::new, |word| word.to_string())
            };
            let required = self.all_required
                || member(mapping, "required").and_then(Value::as_bool) == Some(true);
            let fields = match member(mapping, "fields") {
                Some(Value::List(fields)) => fields.iter().filter_map(Value::as_text).collect(),
                _ => Vec::new(),
            };
            let shown = member(mapping, "displayName").and_then(|shown| localized(cx, shown));
            callbacks.push(Callback::Consent {
                name: name.to_string(),
                display_name: shown.unwrap_or_else(|| name.to_string()),
                icon: word("icon"),
                access_level: word("accessLevel"),
                required,
                message: message.clone(),
                fields: fields.into_iter().map(str::to_owned).collect(),
                given: false,
            });
            kept.push(Value::List(Arc::from([
                Value::Text(name),
                Value::Bool(required),
            ])));
        }
        cx.set_visit(Some(Value::List(Arc::from(kept))));
        Ok(Action::ask(callbacks))
    }

    fn answered(&self, cx: &mut Context<'_>, answers: Vec<Answer>) -> Result<Action, NodeError> {
        let Some(Value::List(asked)) = cx.visit().cloned() else {
            return Err(unexpected());
        };
        if asked.len() != answers.len() {
            return Err(unexpected());
        }
        let at = now(cx);
        let mut consented = Vec::new();
        for (asked, answer) in asked.iter().zip(answers) {
            let Value::List(asked) = asked else {
                return Err(unexpected());
            };
            match (&**asked, answer) {
                ([name, Value::Bool(_)], Answer::Flag(true)) => consented.push(entry([
                    ("consentDate", at.clone()),
                    ("mapping", name.clone()),
                ])),
                ([_, Value::Bool(false)], Answer::Flag(false)) => {}
                ([_, Value::Bool(true)], Answer::Flag(false)) => {
                    return Ok(read(Document::Consent));
                }
                _ => return Err(unexpected()),
            }
        }
        cx.put_object_shared(CONSENTED, Value::List(Arc::from(consented)));
        Ok(Action::go(self.outcome))
    }
}

/// The product's words.
fn no_mappings() -> NodeError {
    failure::NO_MAPPINGS.error()
}

impl Prepared for Consent {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(read(Document::Consent))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if let Reply::Answers(answers) = reply {
            return self.answered(cx, answers);
        }
        match document(reply)? {
            None => Ok(Action::go(self.outcome)),
            Some(Value::List(mappings)) if mappings.is_empty() => Ok(Action::go(self.outcome)),
            Some(Value::List(mappings)) => self.show(cx, &mappings),
            Some(_) => Err(no_mappings()),
        }
    }
}
