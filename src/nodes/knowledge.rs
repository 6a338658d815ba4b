//! Nodes about security questions: which the user defined, and whether the answers are right.
//!
//! Answers are secrets: they leave for the store alone, which keeps them as hashes and compares all that
//! are given at once, counted as one try.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback},
        context::Context,
        effect::{Credential, Document, Effect, EffectReply, Identity, SubjectId, Verify, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{journey::OutcomeId, signature::Factor, text::LocalizedText, value::Value},
    nodes::{
        decide::Verdict,
        document::{count, document, localized, member, read, text},
        draw::below,
        failure,
        message::text_or,
        profile::{Finder, attribute, profile},
        reply::unexpected,
        setting::{Kept, constant},
    },
    secret::Secret,
};

/// Where a profile keeps questions and answers.
const ANSWERS: &str = "kbaInfo";
/// More questions than this are not drawn from.
const QUESTIONS_MAX: usize = 200;

/// The product's words.
fn no_questions() -> NodeError {
    failure::NO_QUESTIONS.error()
}

/// Asks for security questions and answers to them.
#[derive(Debug)]
struct KbaCreate {
    message: Kept<LocalizedText>,
    own: bool,
    outcome: OutcomeId,
}

pub(super) fn create(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(KbaCreate {
        message: Kept::get(setup, "message")?,
        own: constant(setup, "allowUserDefinedQuestions")?,
        outcome: setup.outcome("outcome")?,
    }))
}

/// The questions of the realm as they are shown, with their ids.
fn shown(cx: &Context<'_>, questions: &Value) -> Result<Vec<(String, Arc<str>)>, NodeError> {
    let Some(Value::Map(all)) = member(questions, "questions") else {
        return Err(no_questions());
    };
    let shown = all
        .iter()
        .filter_map(|(id, text)| Some((localized(cx, text)?, Arc::clone(id))));
    Ok(shown.collect())
}

impl KbaCreate {
    fn show(&self, cx: &mut Context<'_>, questions: &Value) -> Result<Action, NodeError> {
        let wanted = count(questions, "minimumAnswersToDefine").ok_or_else(no_questions)?;
        if wanted == 0 {
            return Ok(Action::go(self.outcome));
        }
        let shown = shown(cx, questions)?;
        if !self.own && shown.len() < wanted {
            return Err(failure::TOO_FEW_QUESTIONS.error());
        }
        let callback = Callback::SecurityQuestion {
            prompt: text_or(cx, &self.message, "Select a security question")?,
            questions: shown.iter().map(|(text, _)| text.clone()).collect(),
            own: self.own,
        };
        let kept = shown
            .into_iter()
            .map(|(text, id)| (Arc::from(text), Value::Text(id)));
        cx.set_visit(Some(Value::Map(Arc::new(kept.collect()))));
        Ok(Action::ask(vec![callback; wanted]))
    }

    fn answered(&self, cx: &mut Context<'_>, answers: Vec<Answer>) -> Result<Action, NodeError> {
        let Some(Value::Map(shown)) = cx.visit().cloned() else {
            return Err(unexpected());
        };
        let mut chosen = BTreeSet::new();
        let mut entries = Vec::with_capacity(answers.len());
        for answer in answers {
            let Answer::SecurityQuestion { question, answer } = answer else {
                return Err(unexpected());
            };
            let question = question.trim();
            let is_id = shown.values().any(|id| id.as_text() == Some(question));
            let empty = question.is_empty() || answer.reveal().trim().is_empty();
            // A question of one's own that is spelled like an id would be taken for that one.
            if empty || is_id || !chosen.insert(question.to_lowercase()) {
                return Ok(read(Document::SecurityQuestions));
            }
            let question = match shown.get(question) {
                Some(id) => ("questionId", id.clone()),
                None => ("customQuestion", Value::from(question)),
            };
            let members = [question, ("answer", Value::Secret(answer))];
            let members = members.map(|(name, value)| (Arc::from(name), value));
            entries.push(Value::Map(Arc::new(BTreeMap::from(members))));
        }
        cx.put_object_transient(ANSWERS, Value::List(Arc::from(entries)));
        Ok(Action::go(self.outcome))
    }
}

impl Prepared for KbaCreate {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(read(Document::SecurityQuestions))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => self.answered(cx, answers),
            reply => {
                let questions = document(reply)?.ok_or_else(no_questions)?;
                self.show(cx, &questions)
            }
        }
    }
}

/// A question that a user answered once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// One of the realm's, by its id.
    Known(Arc<str>),
    /// One's own, as it was made up.
    Own(Arc<str>),
}

/// The questions of a profile, each once.
fn questions(known: &Identity, name: &str) -> BTreeSet<Question> {
    let Some(Value::List(entries)) = attribute(known, name) else {
        return BTreeSet::new();
    };
    let question = |entry: &Value| {
        let known = text(entry, "questionId").map(Question::Known);
        known.or_else(|| text(entry, "customQuestion").map(Question::Own))
    };
    entries.iter().filter_map(question).collect()
}

/// Asks whether the user has defined enough answers.
#[derive(Debug)]
struct KbaDecision {
    finder: Finder,
    verdict: Verdict,
}

pub(super) fn decision(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(KbaDecision {
        finder: Finder::prepare(setup)?,
        verdict: Verdict::prepare(setup)?,
    }))
}

impl Prepared for KbaDecision {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(read(Document::SecurityQuestions))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if let Reply::Effect(EffectReply::Document(settings)) = reply {
            let wanted = settings
                .and_then(|settings| member(&settings, "minimumAnswersToDefine")?.as_int())
                .ok_or_else(no_questions)?;
            cx.set_visit(Some(Value::Int(wanted)));
            return Ok(self.finder.target(cx)?.read(vec![Arc::from(ANSWERS)]));
        }
        let known = profile(reply)?;
        let defined = i64::try_from(questions(&known, ANSWERS).len()).unwrap_or(i64::MAX);
        let wanted = cx.visit().and_then(Value::as_int).ok_or_else(unexpected)?;
        Ok(self.verdict.go(defined >= wanted))
    }
}

/// Asks some of the questions that the user defined, and has the answers compared.
#[derive(Debug)]
struct KbaVerify {
    attribute: Kept<Arc<str>>,
    finder: Finder,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn verify(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(KbaVerify {
        attribute: Kept::get(setup, "kbaInfoAttribute")?,
        finder: Finder::prepare(setup)?,
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

/// Who is asked what.
#[derive(Debug)]
struct Asked {
    subject: SubjectId,
    questions: Vec<Arc<str>>,
}

impl Asked {
    fn to_value(&self) -> Value {
        let questions = self.questions.iter().map(|q| Value::Text(Arc::clone(q)));
        Value::List(Arc::from([
            Value::Text(Arc::clone(&self.subject.0)),
            Value::List(questions.collect()),
        ]))
    }

    fn from_value(value: Option<&Value>) -> Option<Self> {
        let Some(Value::List(fields)) = value else {
            return None;
        };
        let [Value::Text(subject), Value::List(questions)] = &**fields else {
            return None;
        };
        let question = |value: &Value| value.as_text().map(Arc::from);
        Some(Self {
            subject: SubjectId(Arc::clone(subject)),
            questions: questions.iter().map(question).collect::<Option<_>>()?,
        })
    }
}

impl KbaVerify {
    /// Asks as many questions as the realm wants, drawn from those of the profile.
    fn ask(&self, cx: &mut Context<'_>, known: &Identity) -> Result<Action, NodeError> {
        let Some(settings) = cx.visit().cloned() else {
            return Err(unexpected());
        };
        let wanted = count(&settings, "minimumAnswersToVerify").ok_or_else(no_questions)?;
        if wanted == 0 {
            return Err(failure::NO_ANSWER_TO_VERIFY.error());
        }
        let name = self.attribute.now(cx)?.into_owned();
        let defined = questions(known, &name).into_iter().take(QUESTIONS_MAX);
        let drawn = draw(cx, defined.collect(), wanted)?;
        let mut callbacks = Vec::with_capacity(drawn.len());
        let mut asked = Asked {
            subject: known.subject.clone(),
            questions: Vec::with_capacity(drawn.len()),
        };
        for question in drawn {
            let (prompt, question) = match question {
                Question::Own(text) => (text.to_string(), text),
                Question::Known(id) => {
                    let text = member(&settings, "questions").and_then(|all| member(all, &id));
                    let text = text.and_then(|text| localized(cx, text));
                    let undefined = || failure::QUESTION_NOT_DEFINED.about(&id);
                    (text.ok_or_else(undefined)?, id)
                }
            };
            callbacks.push(Callback::Password { prompt });
            asked.questions.push(question);
        }
        cx.set_visit(Some(asked.to_value()));
        Ok(Action::ask(callbacks))
    }

    fn answered(&self, cx: &mut Context<'_>, answers: Vec<Answer>) -> Result<Action, NodeError> {
        let asked = Asked::from_value(cx.visit()).ok_or_else(unexpected)?;
        if asked.questions.len() != answers.len() {
            return Err(unexpected());
        }
        let secret = |answer| match answer {
            Answer::Secret(secret) => Ok(secret),
            _ => Err(unexpected()),
        };
        let answers: Vec<Secret<String>> =
            answers.into_iter().map(secret).collect::<Result<_, _>>()?;
        // Who left one empty has not tried.
        if answers
            .iter()
            .any(|answer| answer.reveal().trim().is_empty())
        {
            return self.enter(cx);
        }
        let mut given = asked.questions.into_iter().zip(answers);
        let (question, secret) = given.next().ok_or_else(unexpected)?;
        Ok(Action::call(Effect::Verify(Verify {
            who: Who::Subject(asked.subject),
            credential: Credential::Answers {
                attribute: self.attribute.now(cx)?.into_owned(),
                question,
                besides: given.collect(),
            },
            secret,
        })))
    }
}

/// So many of these, each set of them as likely as any other.
fn draw(
    cx: &mut Context<'_>,
    mut from: Vec<Question>,
    wanted: usize,
) -> Result<Vec<Question>, NodeError> {
    if from.len() < wanted {
        return Err(failure::TOO_FEW_DEFINED.error());
    }
    let mut drawn = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let bound = u8::try_from(from.len()).unwrap_or(u8::MAX);
        let at = below(cx, bound, 1)?.first().copied().unwrap_or(0);
        drawn.push(from.remove(usize::from(at)));
    }
    Ok(drawn)
}

impl Prepared for KbaVerify {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        cx.set_visit(None);
        Ok(read(Document::SecurityQuestions))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => self.answered(cx, answers),
            Reply::Effect(EffectReply::Document(settings)) => {
                cx.set_visit(Some(settings.ok_or_else(no_questions)?));
                let name = self.attribute.now(cx)?.into_owned();
                Ok(self.finder.target(cx)?.read(vec![name]))
            }
            Reply::Effect(EffectReply::Identity(None)) => Err(failure::NO_USER_OBJECT.error()),
            Reply::Effect(EffectReply::Identity(Some(known))) => self.ask(cx, &known),
            Reply::Effect(EffectReply::Match(known)) => {
                Ok(Action::prove(self.yes, Factor::Knowledge, known))
            }
            Reply::Effect(EffectReply::Miss) => Ok(Action::go(self.no)),
            _ => Err(unexpected()),
        }
    }
}
