//! Runs that nobody sits in front of: a journey driven with answers that are there beforehand.
//!
//! In: a run, and answers by the fields they belong to. Out: effects for whoever performs them, and in the
//! end what came of it. A [`Headless`] run answers what it has an answer for and nothing else: it takes no
//! default, chooses nothing by itself, and gives no answer twice. A question that comes again ends it, with
//! what the run has found, for it would be answered the same again.
//!
//! docs/embedding.md has one from its beginning to its end.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    engine::{
        callback::{Answer, Ask, AttributeValue, Callback, FailedPolicy},
        error::EngineError,
        ground::Ground,
        host::Host,
        request::Request,
        session::AuthSession,
        step::{Call, End, Failure, Input, Step, Success, Suspended},
    },
    model::value::Decimal,
    secret::Secret,
};

/// How often a run may ask, unless it is said otherwise.
pub const ASKS_MAX: u32 = 64;

/// Which questions of a run an answer is for.
///
/// A callback takes the answer to its id, else to its field, else to its kind. Fields and kinds are counted
/// over the whole run: `password#2` is the second password that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The callback with this id, on a page.
    Id(u32),
    /// The field of this name, see [`Callback::field`], where it is asked for the so manieth time.
    Field(Arc<str>, u32),
    /// The callback of this kind, see [`Callback::kind`], where it comes the so manieth time.
    Kind(Arc<str>, u32),
}

/// How a kind is told from a field.
const KIND: &str = "Callback";

impl Slot {
    /// The slot in words: `mail`, `password#2`, `ChoiceCallback`, `ConfirmationCallback#2`, `id:3`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(id) = text.strip_prefix("id:") {
            return id.parse().ok().map(Self::Id);
        }
        let (name, ordinal) = match text.rsplit_once('#') {
            None => (text, 1),
            Some((name, ordinal)) => (name, ordinal.parse().ok().filter(|n| *n > 0)?),
        };
        if name.is_empty() {
            return None;
        }
        Some(if name.ends_with(KIND) {
            Self::Kind(Arc::from(name), ordinal)
        } else {
            Self::Field(Arc::from(name), ordinal)
        })
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id:{id}"),
            Self::Field(name, 1) | Self::Kind(name, 1) => f.write_str(name),
            Self::Field(name, ordinal) | Self::Kind(name, ordinal) => {
                write!(f, "{name}#{ordinal}")
            }
        }
    }
}

/// An answer that is there beforehand.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Given {
    /// A text; for choices and confirmations what stands there, for flags `true` and `false`.
    Text(String),
    /// What must not be shown; for passwords alone.
    Secret(Secret<String>),
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(Decimal),
    /// A position, for choices and confirmations.
    Index(u32),
    /// An answer as the engine takes it, for whatever the others cannot say.
    Answer(Answer),
}

impl Given {
    /// The answer to a callback; `None` where this one is none.
    fn to(&self, callback: &Callback) -> Option<Answer> {
        if let Self::Answer(answer) = self {
            return Some(answer.clone());
        }
        match callback {
            Callback::Name { .. }
            | Callback::TextInput { .. }
            | Callback::HiddenValue { .. }
            | Callback::DeviceProfile { .. } => self.text().map(Answer::Text),
            Callback::ValidatedUsername { .. } => self.text().map(|text| Answer::Validated {
                text,
                validate_only: false,
            }),
            Callback::Password { .. } => self.secret().map(Answer::Secret),
            Callback::ValidatedPassword { .. } => {
                self.secret().map(|secret| Answer::ValidatedSecret {
                    secret,
                    validate_only: false,
                })
            }
            Callback::Choice { choices, .. } => self.position(choices),
            Callback::Confirmation { options, .. } => self.position(options),
            Callback::Attribute { value, .. } => {
                let value = match value {
                    AttributeValue::Text(_) => AttributeValue::Text(self.text()?),
                    AttributeValue::Flag(_) => AttributeValue::Flag(self.flag()?),
                    AttributeValue::Number(_) => AttributeValue::Number(Some(self.number()?)),
                };
                Some(Answer::Attribute {
                    value,
                    validate_only: false,
                })
            }
            Callback::Terms { .. } | Callback::Consent { .. } => self.flag().map(Answer::Flag),
            Callback::SecurityQuestion { .. }
            | Callback::Foreign(_)
            | Callback::TextOutput { .. }
            | Callback::SuspendedTextOutput { .. }
            | Callback::PollingWait { .. }
            | Callback::Metadata { .. }
            | Callback::Redirect { .. } => None,
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn secret(&self) -> Option<Secret<String>> {
        match self {
            Self::Secret(secret) => Some(secret.clone()),
            Self::Text(text) => Some(Secret::new(text.clone())),
            _ => None,
        }
    }

    fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn number(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => Decimal::parse(text),
            _ => None,
        }
    }

    fn position(&self, words: &[String]) -> Option<Answer> {
        let at = match self {
            Self::Index(at) => *at,
            Self::Text(text) => {
                let mut same = (0..).zip(words).filter(|(_, word)| *word == text);
                let (at, _) = same.next()?;
                // Two that read the same are not told apart.
                if same.next().is_some() {
                    return None;
                }
                at
            }
            _ => return None,
        };
        Some(Answer::Index(at))
    }
}

/// The answers that a run can be given, by what they are for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    given: BTreeMap<Slot, Given>,
}

impl Answers {
    /// No answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// An answer; one that was there for the same is replaced.
    pub fn put(&mut self, slot: Slot, given: Given) -> &mut Self {
        self.given.insert(slot, given);
        self
    }

    /// A text for the first field of this name.
    pub fn text(&mut self, field: &str, text: impl Into<String>) -> &mut Self {
        let slot = Slot::Field(Arc::from(field), 1);
        self.put(slot, Given::Text(text.into()))
    }

    /// A secret for the first field of this name.
    pub fn secret(&mut self, field: &str, secret: impl Into<String>) -> &mut Self {
        let slot = Slot::Field(Arc::from(field), 1);
        self.put(slot, Given::Secret(Secret::new(secret.into())))
    }

    /// What the answers are for.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.given.keys()
    }

    /// The answers to all of a first step; `None` where a callback of it has none.
    ///
    /// For whoever answers one step and leaves the rest to a person.
    pub fn to_first(&self, ask: &Ask) -> Option<Vec<Answer>> {
        match Matching::default().answers(self, ask) {
            Matched::All(answers) => Some(answers),
            Matched::Missing(_) | Matched::Redirect(_) => None,
        }
    }
}

/// Why a callback has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// There is none for it.
    Missing,
    /// The one there is is of another kind, or none of the choices.
    Unfit,
    /// Its answer has been given once, and the question came again.
    Spent,
    /// Nobody who is not a person, or a program of theirs, can answer it: a wait, an unknown callback.
    Person,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It succeeded.
    Success(Arc<Success>),
    /// It failed, or asked again what it had been answered.
    Failure(Box<Failed>),
    /// It asks something that there is no answer for.
    NeedsInput(NeedsInput),
    /// It waits until someone comes back by a link.
    Suspended(Arc<Suspended>),
    /// It goes on elsewhere, at a provider's.
    Redirect {
        /// Where.
        url: String,
        /// `GET` or `POST`
        method: String,
        /// The fields to post.
        data: Option<serde_json::Value>,
    },
}

/// A run without success.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// What it found.
    pub ground: Ground,
    /// How it ended, where it did; a run that asked again was left.
    pub failure: Option<Arc<Failure>>,
    /// What it asked again.
    pub asked: Option<Arc<Ask>>,
}

/// A question without an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct NeedsInput {
    /// The step.
    pub ask: Arc<Ask>,
    /// The callbacks of it that cannot be answered, by position, and why.
    pub lacks: Vec<(usize, Lack)>,
}

/// What comes of a step of the driver.
#[derive(Debug)]
pub enum Drive {
    /// Something is to be done outside.
    Call(Arc<Call>),
    /// The run has come to its end, or to one that this driver cannot pass.
    Done(Outcome),
}

/// A run that is driven with answers.
#[derive(Debug, Clone)]
pub struct Headless {
    session: AuthSession,
    answers: Answers,
    matching: Matching,
    asks: u32,
    asks_max: u32,
}

impl Headless {
    /// A run with the answers to what it will ask.
    pub fn new(session: AuthSession, answers: Answers) -> Self {
        Self {
            session,
            answers,
            matching: Matching::default(),
            asks: 0,
            asks_max: ASKS_MAX,
        }
    }

    /// The same with another bound on how often the run may ask.
    pub fn with_asks_max(mut self, asks: u32) -> Self {
        self.asks_max = asks;
        self
    }

    /// The run.
    pub fn session(&self) -> &AuthSession {
        &self.session
    }

    /// The run, to take from it what nodes wrote and handed out.
    pub fn session_mut(&mut self) -> &mut AuthSession {
        &mut self.session
    }

    /// The answers that no question was asked for so far.
    pub fn unused(&self) -> impl Iterator<Item = &Slot> {
        let used = &self.matching.used;
        self.answers.slots().filter(|slot| !used.contains(slot))
    }

    /// Which field each answer that was used went to, in order.
    pub fn used(&self) -> impl Iterator<Item = (&Slot, &str)> {
        let fields = self.matching.used.iter().zip(&self.matching.fields);
        fields.map(|(slot, field)| (slot, &**field))
    }

    /// Takes the run on: its beginning, the reply to an effect, or someone who came back by the link.
    /// Answers it gives itself.
    ///
    /// # Errors
    /// As [`AuthSession::step`]. Answers that are out of the bounds of the engine end the run with what
    /// it lacks instead.
    pub fn step(
        &mut self,
        host: &dyn Host,
        request: &Request,
        input: Input,
    ) -> Result<Drive, EngineError> {
        self.step_by(input, &mut |session, input| {
            session.step(host, request, input)
        })
    }

    /// As [`Headless::step`], for whoever has a way of their own to take the steps of a run.
    ///
    /// # Errors
    /// As that way.
    pub fn step_by(
        &mut self,
        input: Input,
        step: &mut dyn FnMut(&mut AuthSession, Input) -> Result<Step, EngineError>,
    ) -> Result<Drive, EngineError> {
        let mut input = input;
        // BOUND: every turn is an ask, and those are counted.
        loop {
            let ask = match step(&mut self.session, input)? {
                Step::Ask(ask) => ask,
                Step::Call(call) => return Ok(Drive::Call(call)),
                Step::Suspended(suspended) => {
                    return Ok(Drive::Done(Outcome::Suspended(suspended)));
                }
                Step::Done(End::Success(success)) => {
                    return Ok(Drive::Done(Outcome::Success(success)));
                }
                Step::Done(End::Failure(failure)) => {
                    return Ok(Drive::Done(Outcome::Failure(Box::new(Failed {
                        ground: failure.ground.clone(),
                        failure: Some(failure),
                        asked: None,
                    }))));
                }
            };
            if self.asks >= self.asks_max {
                let lacks = every_input(&ask, Lack::Spent);
                return Ok(Drive::Done(self.lacks(ask, lacks)));
            }
            self.asks += 1;
            let answers = match self.matching.answers(&self.answers, &ask) {
                Matched::All(answers) => answers,
                Matched::Redirect(outcome) => return Ok(Drive::Done(outcome)),
                Matched::Missing(lacks) => return Ok(Drive::Done(self.lacks(ask, lacks))),
            };
            if self.session.check(&answers).is_err() {
                let lacks = every_input(&ask, Lack::Unfit);
                return Ok(Drive::Done(Outcome::NeedsInput(NeedsInput { ask, lacks })));
            }
            input = Input::Answers(answers);
        }
    }

    /// What comes of a step that is not answered in full.
    fn lacks(&self, ask: Arc<Ask>, lacks: Vec<(usize, Lack)>) -> Outcome {
        let again = lacks.iter().any(|(_, lack)| *lack == Lack::Spent);
        let mut fields = BTreeMap::<Arc<str>, Vec<FailedPolicy>>::new();
        for callback in &ask.callbacks {
            if let (Some(field), [_, ..]) = (callback.field(), callback.failed()) {
                let failed = fields.entry(Arc::from(field)).or_default();
                failed.extend(callback.failed().iter().cloned());
            }
        }
        let ground = if fields.is_empty() {
            self.session.ground().cloned().filter(|_| again)
        } else {
            Some(Ground::FieldsInvalid { fields })
        };
        match ground {
            Some(ground) => Outcome::Failure(Box::new(Failed {
                ground,
                failure: None,
                asked: Some(ask),
            })),
            None => Outcome::NeedsInput(NeedsInput { ask, lacks }),
        }
    }
}

fn every_input(ask: &Ask, lack: Lack) -> Vec<(usize, Lack)> {
    let callbacks = ask.callbacks.iter().enumerate();
    callbacks.map(|(at, _)| (at, lack)).collect()
}

/// Which answers were given so far, and how often each field and kind was asked for.
#[derive(Debug, Clone, PartialEq, Default)]
struct Matching {
    used: Vec<Slot>,
    fields: Vec<Arc<str>>,
    asked_fields: BTreeMap<Arc<str>, u32>,
    asked_kinds: BTreeMap<Arc<str>, u32>,
}

enum Matched {
    All(Vec<Answer>),
    Missing(Vec<(usize, Lack)>),
    Redirect(Outcome),
}

impl Matching {
    /// The answers to a step, all of them; what is used is used up.
    fn answers(&mut self, given: &Answers, ask: &Ask) -> Matched {
        let mut answers = Vec::with_capacity(ask.callbacks.len());
        let mut lacks = Vec::new();
        for (at, callback) in ask.callbacks.iter().enumerate() {
            if let Callback::Redirect {
                url, method, data, ..
            } = callback
            {
                return Matched::Redirect(Outcome::Redirect {
                    url: url.clone(),
                    method: method.clone(),
                    data: data.clone(),
                });
            }
            let id = ask.ids.as_ref().and_then(|ids| ids.get(at)).copied();
            match self.answer(given, callback, id) {
                Ok(answer) => answers.push(answer),
                Err(lack) => lacks.push((at, lack)),
            }
        }
        if lacks.is_empty() {
            Matched::All(answers)
        } else {
            Matched::Missing(lacks)
        }
    }

    fn answer(
        &mut self,
        given: &Answers,
        callback: &Callback,
        id: Option<u32>,
    ) -> Result<Answer, Lack> {
        let Some(field) = callback.field() else {
            return match callback {
                Callback::PollingWait { .. } => Err(Lack::Person),
                _ => Ok(Answer::None),
            };
        };
        let field: Arc<str> = Arc::from(field);
        let kind: Arc<str> = Arc::from(callback.kind());
        // Apart, for a field may be called like a kind: what the engine does not know is.
        let nth = count(&mut self.asked_fields, &field);
        let mth = count(&mut self.asked_kinds, &kind);
        let slots = [
            id.map(Slot::Id),
            Some(Slot::Field(Arc::clone(&field), nth)),
            Some(Slot::Kind(Arc::clone(&kind), mth)),
        ];
        let mut spent = false;
        for slot in slots.into_iter().flatten() {
            let Some(value) = given.given.get(&slot) else {
                continue;
            };
            if self.used.contains(&slot) {
                spent = true;
                continue;
            }
            let answer = value.to(callback).ok_or(Lack::Unfit)?;
            self.used.push(slot);
            self.fields.push(field);
            return Ok(answer);
        }
        let before = |slot: Slot| self.used.contains(&slot);
        let again = (nth > 1 && before(Slot::Field(field, nth - 1)))
            || (mth > 1 && before(Slot::Kind(kind, mth - 1)));
        Err(if spent || again {
            Lack::Spent
        } else {
            Lack::Missing
        })
    }
}

/// Counts one more question of this name.
fn count(asked: &mut BTreeMap<Arc<str>, u32>, name: &Arc<str>) -> u32 {
    let asked = asked.entry(Arc::clone(name)).or_insert(0);
    *asked = asked.saturating_add(1);
    *asked
}
