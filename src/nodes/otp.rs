//! Nodes that make a one-time code and ask for it.
//!
//! The code stands in state as a secret. It is compared outside, where each try is counted for the user
//! it is asked of; a lapsed code is compared too, and never matches. So is a code that was made and then
//! sent to nobody: a journey may ask for it all the same, so that a stranger cannot tell who has an address.
//! A code that some other node was given may have been shown by that one, and one that no generator has made
//! is whose it may be: both can match, and prove nothing.

use std::time::Duration;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback},
        context::Context,
        effect::{Credential, Effect, EffectReply, Identity, Verify, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor, value::Value},
    nodes::{
        draw::below,
        failure::{self, unfit},
        reply::unexpected,
        setting::{Kept, constant},
        who::{secret, who},
    },
    secret::Secret,
};

/// Where the code stands, and since when.
#[derive(Debug, Clone, Copy)]
struct Code {
    code: KeyId,
    made: KeyId,
}

impl Code {
    fn keys(setup: &mut Setup<'_>) -> Self {
        Self {
            code: setup.key("oneTimePassword"),
            made: setup.key("oneTimePasswordTimestamp"),
        }
    }
}

/// Makes a code of decimal digits and opens a challenge.
#[derive(Debug)]
struct Generator {
    length: usize,
    code: Code,
    outcome: OutcomeId,
}

pub(super) fn generator(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let length: i64 = constant(setup, "length")?;
    let length = usize::try_from(length)
        .ok()
        .filter(|length| (6..=10).contains(length))
        .ok_or_else(|| unfit("`length` is not within 6 and 10"))?;
    Ok(Box::new(Generator {
        length,
        code: Code::keys(setup),
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for Generator {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let digits = below(cx, 10, self.length)?;
        let code: String = digits
            .into_iter()
            .map(|digit| char::from(b'0' + digit))
            .collect();
        // The product keeps the instant in seconds.
        let made = i64::try_from(cx.now().seconds()).unwrap_or(i64::MAX);
        cx.put_transient(self.code.code, Value::Secret(Secret::new(code)));
        cx.put_transient(self.code.made, Value::Int(made));
        cx.open_challenge();
        Ok(Action::go(self.outcome))
    }
}

/// Asks for the code and has it compared.
#[derive(Debug)]
struct Collector {
    valid_for: Kept<Duration>,
    code: Code,
    username: KeyId,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn collector(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(Collector {
        valid_for: Kept::get(setup, "passwordExpiryTime")?,
        code: Code::keys(setup),
        username: setup.key("username"),
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl Collector {
    /// Whom the try is counted for: who the code went to, else whom the run is about.
    fn who(&self, cx: &Context<'_>) -> Option<Who> {
        match cx.challenge_subject() {
            Some(subject) => Some(Who::Subject(subject.id.clone())),
            None => who(cx, self.username),
        }
    }

    fn verify(&self, cx: &mut Context<'_>, typed: Secret<String>) -> Result<Action, NodeError> {
        let expected = secret(cx, self.code.code).ok_or_else(no_code)?;
        let who = self
            .who(cx)
            .ok_or_else(|| failure::NOBODY_TO_COUNT.error())?;
        let lapsed = self.lapsed(cx)?;
        Ok(Action::call(Effect::Verify(Verify {
            who,
            credential: Credential::Otp { expected, lapsed },
            secret: typed,
        })))
    }

    /// Whether the code is no longer good; also where nothing says since when it is, and where it was
    /// never sent: who gets that one right has guessed it.
    fn lapsed(&self, cx: &mut Context<'_>) -> Result<bool, NodeError> {
        if cx.challenge_is_unsent() {
            return Ok(true);
        }
        let valid_for = *self.valid_for.now(cx)?;
        let now = cx.now();
        let made = cx.get(self.code.made).and_then(Value::as_int);
        let Some(made) = made.and_then(|made| u64::try_from(made).ok()) else {
            return Ok(true);
        };
        let age = Duration::from_millis(now.0.saturating_sub(made.saturating_mul(1_000)));
        Ok(age >= valid_for)
    }

    /// The code is used up. It proves something of nobody but the subject it was sent to.
    fn matched(&self, cx: &mut Context<'_>, identity: Identity) -> Action {
        let proved = cx
            .challenge_subject()
            .is_some_and(|subject| subject.id == identity.subject);
        cx.remove(self.code.code);
        cx.remove(self.code.made);
        if proved {
            return Action::prove(self.yes, Factor::Otp, identity);
        }
        cx.close_challenge();
        Action::go(self.yes)
    }
}

/// The product's words.
pub(super) fn no_code() -> NodeError {
    failure::NO_CODE.error()
}

impl Prepared for Collector {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if cx.get(self.code.code).is_none() {
            return Err(no_code());
        }
        Ok(Action::ask([Callback::Password {
            prompt: "One Time Password".to_owned(),
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => match answers.into_iter().next() {
                Some(Answer::Secret(typed)) if typed.reveal().is_empty() => self.enter(cx),
                Some(Answer::Secret(typed)) => self.verify(cx, typed),
                _ => Err(unexpected()),
            },
            Reply::Effect(EffectReply::Match(identity)) => Ok(self.matched(cx, identity)),
            Reply::Effect(EffectReply::Miss) => Ok(Action::go(self.no)),
            _ => Err(unexpected()),
        }
    }
}
