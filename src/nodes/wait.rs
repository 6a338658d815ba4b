//! The nodes that let the client wait and come back.

use std::{sync::Arc, time::Duration};

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, MessageKind},
        context::Context,
        error::NodeError,
        host::Timestamp,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, text::LocalizedText, value::Value},
    nodes::{
        message::text_or,
        reply::{answers, unexpected},
        setting::{Kept, constant},
    },
};

/// Waits until its time is over, a button is pressed, or the client comes back too early too often.
#[derive(Debug)]
struct PollingWait {
    wait: Kept<Duration>,
    message: Kept<LocalizedText>,
    exit: Option<Exit>,
    spam: Option<Spam>,
    challenge: Option<Challenge>,
    done: OutcomeId,
}

/// The number that is to be chosen in an app while the client waits.
#[derive(Debug)]
struct Challenge {
    number: KeyId,
    message: Kept<LocalizedText>,
}

/// The button that ends the wait.
#[derive(Debug)]
struct Exit {
    text: Kept<LocalizedText>,
    outcome: OutcomeId,
}

/// How many early returns are tolerated.
#[derive(Debug)]
struct Spam {
    tolerance: Kept<i64>,
    outcome: OutcomeId,
}

pub(super) fn polling(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let exit = if constant(setup, "exitable")? {
        Some(Exit {
            text: Kept::get(setup, "exitMessage")?,
            outcome: setup.outcome("EXITED")?,
        })
    } else {
        None
    };
    let spam = if constant(setup, "spamDetectionEnabled")? {
        Some(Spam {
            tolerance: Kept::get(setup, "spamDetectionTolerance")?,
            outcome: setup.outcome("SPAM")?,
        })
    } else {
        None
    };
    Ok(Box::new(PollingWait {
        wait: Kept::get(setup, "secondsToWait")?,
        message: Kept::get(setup, "waitingMessage")?,
        exit,
        spam,
        challenge: None,
        done: setup.outcome("DONE")?,
    }))
}

pub(super) fn push(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(PollingWait {
        wait: Kept::get(setup, "secondsToWait")?,
        message: Kept::get(setup, "waitingMessage")?,
        exit: Some(Exit {
            text: Kept::get(setup, "exitMessage")?,
            outcome: setup.outcome("EXITED")?,
        }),
        spam: None,
        challenge: Some(Challenge {
            number: setup.key("pushNumberChallengeKey"),
            message: Kept::get(setup, "challengeMessage")?,
        }),
        done: setup.outcome("DONE")?,
    }))
}

/// A wait under way.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    until: Timestamp,
    early: i64,
}

impl Waiting {
    fn to_value(self) -> Value {
        let until = i64::try_from(self.until.0).unwrap_or(i64::MAX);
        Value::List(Arc::from([Value::Int(until), Value::Int(self.early)]))
    }

    fn from_value(value: Option<&Value>) -> Option<Self> {
        let Some(Value::List(fields)) = value else {
            return None;
        };
        match **fields {
            [Value::Int(until), Value::Int(early)] => Some(Self {
                until: Timestamp(u64::try_from(until).ok()?),
                early,
            }),
            _ => None,
        }
    }
}

impl PollingWait {
    /// The number that the app shows among others, where there is one.
    fn number(&self, cx: &Context<'_>) -> Option<String> {
        match cx.shared(self.challenge.as_ref()?.number)? {
            Value::Text(number) => Some(number.to_string()),
            Value::Int(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn ask(
        &self,
        cx: &mut Context<'_>,
        waiting: Waiting,
        rest: Duration,
    ) -> Result<Action, NodeError> {
        let number = self.number(cx);
        let message = match (&self.challenge, &number) {
            (Some(challenge), Some(number)) => {
                let otherwise = "Choose the number {{challenge}} in your app";
                text_or(cx, &challenge.message, otherwise)?.replace("{{challenge}}", number)
            }
            _ => text_or(cx, &self.message, "Waiting for response...")?,
        };
        let message = match self.challenge {
            Some(_) => message.replace("{{time}}", &rest.as_secs().to_string()),
            None => message,
        };
        let mut callbacks = vec![Callback::PollingWait {
            wait_ms: u64::try_from(rest.as_millis()).unwrap_or(u64::MAX),
            message,
        }];
        callbacks.extend(number.map(|value| Callback::HiddenValue {
            id: "pushChallengeNumber".to_owned(),
            value,
        }));
        if let Some(exit) = &self.exit {
            callbacks.push(Callback::Confirmation {
                prompt: String::new(),
                message: MessageKind::Information,
                options: vec![text_or(cx, &exit.text, "Exit")?],
                default: 0,
                optional: true,
            });
        }
        cx.set_visit(Some(waiting.to_value()));
        Ok(Action::ask(callbacks))
    }
}

impl Prepared for PollingWait {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let wait = *self.wait.now(cx)?;
        let waiting = Waiting {
            until: cx.now().plus(wait),
            early: 0,
        };
        self.ask(cx, waiting, wait)
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let answers = answers(reply)?;
        // The button is the last of what is asked.
        let pressed = match answers.last().filter(|_| self.exit.is_some()) {
            Some(Answer::Index(0)) => true,
            None | Some(Answer::Untouched) => false,
            Some(_) => return Err(unexpected()),
        };
        if let (Some(exit), true) = (&self.exit, pressed) {
            return Ok(Action::go(exit.outcome));
        }
        let mut waiting = Waiting::from_value(cx.visit()).ok_or_else(unexpected)?;
        let now = cx.now();
        if now >= waiting.until {
            return Ok(Action::go(self.done));
        }
        waiting.early = waiting.early.saturating_add(1);
        if let Some(spam) = &self.spam
            && waiting.early > *spam.tolerance.now(cx)?
        {
            return Ok(Action::go(spam.outcome));
        }
        // A clock that jumped back must not make the wait longer than the setting.
        let rest = waiting.until.since(now).min(*self.wait.now(cx)?);
        waiting.until = now.plus(rest);
        self.ask(cx, waiting, rest)
    }
}
