//! Nodes around the registration of a second factor: what there is to choose, where to get the app, and
//! the recovery codes that come with it.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, MessageKind},
        context::Context,
        effect::{Change, EffectReply},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, text::LocalizedText, value::Value},
    nodes::{
        failure,
        message::text_or,
        profile::{USERS, patch},
        reply::{answers, unexpected},
        setting::{Kept, constant},
        who::who,
    },
};

/// Offers to register, to get the app, to skip and to opt out.
#[derive(Debug)]
struct Options {
    username: KeyId,
    method: KeyId,
    message: Kept<LocalizedText>,
    offers: Vec<(Kept<LocalizedText>, &'static str, OutcomeId)>,
}

pub(super) fn options(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let mandatory: bool = constant(setup, "mandatory")?;
    let get_app: bool = constant(setup, "getApp")?;
    let all = [
        (
            true,
            "registerDeviceLabel",
            "Register Device",
            "registerOutcome",
        ),
        (get_app, "getAppLabel", "Get the App", "getAppOutcome"),
        (!mandatory, "skipStepLabel", "Skip this step", "skipOutcome"),
        (!mandatory, "optOutLabel", "Opt-out", "optOutOutcome"),
    ];
    let mut offers = Vec::with_capacity(all.len());
    for (offered, label, otherwise, outcome) in all {
        if offered {
            offers.push((Kept::get(setup, label)?, otherwise, setup.outcome(outcome)?));
        }
    }
    Ok(Box::new(Options {
        username: setup.key("username"),
        method: setup.key("mfaMethod"),
        message: Kept::get(setup, "message")?,
        offers,
    }))
}

impl Prepared for Options {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if cx.shared(self.username).is_none() {
            return Err(failure::NO_USERNAME.error());
        }
        if cx.shared(self.method).is_none() {
            return Err(failure::NO_FACTOR.error());
        }
        let mut labels = Vec::with_capacity(self.offers.len());
        for (label, otherwise, _) in &self.offers {
            labels.push(text_or(cx, label, otherwise)?);
        }
        let otherwise = "A second factor keeps your account safe. Register a device to go on.";
        Ok(Action::ask([
            Callback::TextOutput {
                text: text_or(cx, &self.message, otherwise)?,
                message: MessageKind::Information,
            },
            buttons(labels),
        ]))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Some(Answer::Index(at)) = answers(reply)?.nth(1) else {
            return Err(unexpected());
        };
        let chosen = usize::try_from(at).ok().and_then(|at| self.offers.get(at));
        let (_, _, outcome) = chosen.ok_or_else(unexpected)?;
        Ok(Action::go(*outcome))
    }
}

pub(super) fn buttons(options: Vec<String>) -> Callback {
    Callback::Confirmation {
        prompt: String::new(),
        message: MessageKind::Information,
        options,
        default: 0,
        optional: false,
    }
}

/// Shows where to get the authenticator app, with a button to go on.
#[derive(Debug)]
struct GetApp {
    message: Kept<LocalizedText>,
    go_on: Kept<LocalizedText>,
    apple: Kept<Arc<str>>,
    google: Kept<Arc<str>>,
    outcome: OutcomeId,
}

/// What stands on the links.
const APPLE: &str = "Apple App Store";
const GOOGLE: &str = "Google Play Store";

pub(super) fn get_app(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(GetApp {
        message: Kept::get(setup, "message")?,
        go_on: Kept::get(setup, "continueLabel")?,
        apple: Kept::get(setup, "appleLink")?,
        google: Kept::get(setup, "googleLink")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for GetApp {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let otherwise = "Get the app from the {{appleLabel}}: {{appleLink}} or on the \
                         {{googleLabel}}: {{googleLink}}";
        let text = text_or(cx, &self.message, otherwise)?
            .replace("{{appleLink}}", &self.apple.now(cx)?)
            .replace("{{googleLink}}", &self.google.now(cx)?)
            .replace("{{appleLabel}}", APPLE)
            .replace("{{googleLabel}}", GOOGLE);
        Ok(Action::ask([
            Callback::TextOutput {
                text,
                message: MessageKind::Information,
            },
            buttons(vec![text_or(cx, &self.go_on, "Continue")?]),
        ]))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match answers(reply)?.nth(1) {
            Some(Answer::Index(0)) => Ok(Action::go(self.outcome)),
            _ => Err(unexpected()),
        }
    }
}

/// Marks that the user wants no second factor of the method in state.
#[derive(Debug)]
struct OptOut {
    username: KeyId,
    method: KeyId,
    outcome: OutcomeId,
}

/// Where the store keeps that a user opted out of authenticator apps.
pub(super) const OPTED_OUT_OF_OATH: &str = "_optedOutOfOath";

/// Where the store keeps that a user opted out, by method.
const OPTED_OUT: [(&str, &str); 3] = [
    ("oath", OPTED_OUT_OF_OATH),
    ("push", "_optedOutOfPush"),
    ("webauthn", "_optedOutOfWebAuthn"),
];

pub(super) fn opt_out(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(OptOut {
        username: setup.key("username"),
        method: setup.key("mfaMethod"),
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for OptOut {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let who = who(cx, self.username).ok_or_else(|| failure::NO_USERNAME.error())?;
        let method = cx
            .shared(self.method)
            .ok_or_else(|| failure::NO_METHOD.error())?;
        let (_, attribute) = OPTED_OUT
            .iter()
            .find(|(word, _)| method.as_text() == Some(*word))
            .ok_or_else(|| failure::UNSUPPORTED_METHOD.error())?;
        let change = Change::Set(Value::Bool(true));
        let changes = vec![(Arc::from(*attribute), change)];
        Ok(patch(&Arc::from(USERS), who, changes))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Written(_)) => Ok(Action::go(self.outcome)),
            Reply::Effect(EffectReply::Identity(None)) => Err(failure::NO_IDENTITY_OBJECT.error()),
            Reply::Effect(EffectReply::Refused(_)) => Err(failure::CHOICE_REFUSED.error()),
            _ => Err(unexpected()),
        }
    }
}
