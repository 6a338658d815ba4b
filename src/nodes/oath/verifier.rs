//! The node that asks for a code of an authenticator app.

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, MessageKind},
        context::Context,
        effect::{
            COUNTER, Credential, DeviceKind, Effect, EffectReply, Identity, OathMoving, OathWindow,
            ReadDevices, Verify,
        },
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor, value::Value},
    nodes::{
        failure::unfit,
        oath::{Made, moving, no_username},
        reply::unexpected,
        setting::constant,
        who::who,
    },
    secret::Secret,
};

/// Asks for a code and has it compared; goes on without where the user has no such device.
#[derive(Debug)]
struct Verifier {
    username: KeyId,
    method: KeyId,
    profile: KeyId,
    moving: OathMoving,
    window: u64,
    drift: u64,
    success: OutcomeId,
    failure: OutcomeId,
    unregistered: OutcomeId,
    recovery: Option<OutcomeId>,
}

pub(in crate::nodes) fn verifier(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let moving = moving(setup)?;
    let count = |setup: &Setup<'_>, key: &'static str, most: u64| {
        let number: i64 = constant(setup, key)?;
        let number = u64::try_from(number).ok().filter(|number| *number <= most);
        number.ok_or_else(|| unfit(format!("`{key}` is not between 0 and {most}")))
    };
    let window = match moving {
        OathMoving::Counter => count(setup, "hotpWindowSize", WINDOW_MAX)?,
        OathMoving::Time { .. } => count(setup, "totpTimeSteps", STEPS_MAX)?,
    };
    let drift = count(setup, "maximumAllowedClockDrift", STEPS_MAX)?;
    let recovery: bool = constant(setup, "isRecoveryCodeAllowed")?;
    Ok(Box::new(Verifier {
        username: setup.key("username"),
        method: setup.key("mfaMethod"),
        profile: setup.key("oathDeviceProfile"),
        moving,
        window,
        drift,
        success: setup.outcome("successOutcome")?,
        failure: setup.outcome("failureOutcome")?,
        unregistered: setup.outcome("notRegisteredOutcome")?,
        recovery: if recovery {
            Some(setup.outcome("recoveryCodeOutcome")?)
        } else {
            None
        },
    }))
}

/// The most counters, and the most steps of time on either side, that codes are looked for in.
const WINDOW_MAX: u64 = 1_000;
const STEPS_MAX: u64 = 499;

impl Verifier {
    fn unkept(&self, cx: &Context<'_>) -> Option<Made> {
        cx.shared(self.profile).and_then(Made::of)
    }

    fn ask(&self) -> Action {
        let mut options = vec!["Submit".to_owned()];
        if self.recovery.is_some() {
            options.push("Use Recovery Code".to_owned());
        }
        Action::ask([
            Callback::Name {
                prompt: "Enter verification code".to_owned(),
                default: String::new(),
                autocomplete: Vec::new(),
            },
            Callback::Confirmation {
                prompt: String::new(),
                message: MessageKind::Information,
                options,
                default: 0,
                optional: false,
            },
        ])
    }

    fn answered(&self, cx: &mut Context<'_>, answers: Vec<Answer>) -> Result<Action, NodeError> {
        let mut answers = answers.into_iter();
        let (Some(Answer::Text(typed)), Some(chosen)) = (answers.next(), answers.next()) else {
            return Err(unexpected());
        };
        match (chosen, self.recovery) {
            (Answer::Index(0), _) => {}
            (Answer::Index(1), Some(recovery)) => return Ok(Action::go(recovery)),
            _ => return Err(unexpected()),
        }
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(self.ask());
        }
        Ok(Action::call(Effect::Verify(Verify {
            who: who(cx, self.username).ok_or_else(no_username)?,
            credential: Credential::Oath(OathWindow {
                moving: self.moving,
                window: self.window,
                drift: self.drift,
                unkept: self.unkept(cx).map(|made| made.key),
            }),
            secret: Secret::from(typed),
        })))
    }

    /// A code of a device that nobody keeps yet says that the app works, and nothing of the user.
    fn matched(&self, cx: &mut Context<'_>, identity: Identity) -> Result<Action, NodeError> {
        let Some(mut made) = self.unkept(cx) else {
            return Ok(Action::prove(self.success, Factor::Otp, identity));
        };
        let counter = identity.attributes.get(COUNTER).and_then(Value::as_int);
        let counter = counter.and_then(|counter| u64::try_from(counter).ok());
        made.key.used = Some(counter.ok_or_else(unexpected)?);
        cx.put_shared(self.profile, made.value());
        Ok(Action::go(self.success))
    }
}

impl Prepared for Verifier {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let who = who(cx, self.username).ok_or_else(no_username)?;
        if self.unkept(cx).is_some() {
            return Ok(self.ask());
        }
        Ok(Action::call(Effect::ReadDevices(ReadDevices {
            who,
            kind: DeviceKind::Oath,
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Devices(devices)) if !devices.is_empty() => Ok(self.ask()),
            Reply::Effect(EffectReply::Devices(_) | EffectReply::Identity(None)) => {
                cx.put_shared(self.method, Value::text("oath"));
                Ok(Action::go(self.unregistered))
            }
            Reply::Answers(answers) => self.answered(cx, answers),
            Reply::Effect(EffectReply::Match(identity)) => self.matched(cx, identity),
            Reply::Effect(EffectReply::Miss) => Ok(Action::go(self.failure)),
            _ => Err(unexpected()),
        }
    }
}
