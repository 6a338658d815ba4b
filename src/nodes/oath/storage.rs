//! The node that has an authenticator app kept which an earlier one left in the state.

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::EffectReply,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        oath::{Made, Shown, codes_of, codes_value, no_username, recovery_codes},
        reply::unexpected,
        who::who,
    },
};

/// Has the device of the state kept, for whom it was made.
#[derive(Debug)]
struct Storage {
    username: KeyId,
    profile: KeyId,
    enable_codes: KeyId,
    shown: Shown,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(in crate::nodes) fn storage(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(Storage {
        username: setup.key("username"),
        profile: setup.key("oathDeviceProfile"),
        enable_codes: setup.key("oathEnableRecoveryCode"),
        shown: Shown::keys(setup),
        yes: setup.outcome("successOutcome")?,
        no: setup.outcome("failureOutcome")?,
    }))
}

impl Storage {
    fn kept(&self, cx: &mut Context<'_>) -> Action {
        if let Some(codes) = cx.visit().cloned()
            && !codes_of(&codes).is_empty()
        {
            self.shown.put(cx, codes);
        }
        cx.remove(self.profile);
        cx.remove(self.enable_codes);
        Action::go(self.yes)
    }
}

impl Prepared for Storage {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        who(cx, self.username).ok_or_else(no_username)?;
        let Some(made) = cx.shared(self.profile).and_then(Made::of) else {
            return Ok(Action::go(self.no));
        };
        // A device that was shown to somebody else is not kept for whoever is there now.
        if cx.subject().is_some_and(|subject| subject.id != made.whose) {
            return Ok(Action::go(self.no));
        }
        let mut codes = Vec::new();
        if cx.shared(self.enable_codes) == Some(&Value::Bool(true)) {
            codes = recovery_codes(cx)?;
        }
        cx.set_visit(Some(codes_value(&codes)));
        Ok(made.store(&codes))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::DeviceStored(true)) => Ok(self.kept(cx)),
            Reply::Effect(EffectReply::DeviceStored(false) | EffectReply::Identity(None)) => {
                Ok(Action::go(self.no))
            }
            _ => Err(unexpected()),
        }
    }
}
