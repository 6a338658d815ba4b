//! The node that takes a recovery code in place of a device.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback},
        context::Context,
        effect::{Credential, DeviceKind, Effect, EffectReply, Verify},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor},
    nodes::{failure::unfit, oath::no_username, reply::unexpected, setting::constant, who::who},
    secret::Secret,
};

/// Asks for a recovery code and has it compared, which uses it up.
#[derive(Debug)]
struct Collector {
    username: KeyId,
    of: DeviceKind,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(in crate::nodes) fn collector(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let of: Arc<str> = constant(setup, "recoveryCodeType")?;
    Ok(Box::new(Collector {
        username: setup.key("username"),
        of: match &*of {
            "OATH" => DeviceKind::Oath,
            "PUSH" => DeviceKind::Push,
            "WEB_AUTHN" => DeviceKind::WebAuthn,
            other => {
                return Err(unfit(format!("`recoveryCodeType` cannot be {other}")));
            }
        },
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl Prepared for Collector {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        who(cx, self.username).ok_or_else(no_username)?;
        Ok(Action::ask([Callback::Name {
            prompt: "Recovery Code".to_owned(),
            default: String::new(),
            autocomplete: Vec::new(),
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => {
                let Some(Answer::Text(typed)) = answers.into_iter().next() else {
                    return Err(unexpected());
                };
                let typed = typed.trim();
                if typed.is_empty() {
                    return self.enter(cx);
                }
                Ok(Action::call(Effect::Verify(Verify {
                    who: who(cx, self.username).ok_or_else(no_username)?,
                    credential: Credential::Recovery { of: self.of },
                    secret: Secret::from(typed),
                })))
            }
            Reply::Effect(EffectReply::Match(identity)) => {
                Ok(Action::prove(self.yes, Factor::Recovery, identity))
            }
            Reply::Effect(EffectReply::Miss) => Ok(Action::go(self.no)),
            _ => Err(unexpected()),
        }
    }
}
