//! A host, a sealer, and an outside world that answers as the dice want.

use std::{cell::Cell, collections::BTreeMap, sync::Arc};

use sha2::{Digest, Sha256};

use super::dice::Dice;
use crate::{
    engine::{
        callback::{Answer, Callback},
        effect::{
            Credential, Effect, EffectReply, ExternalReply, Identity, Judgement, SessionView,
            Shape, SubjectId, Went, Who,
        },
        host::{Host, NoRandomness, Timestamp},
        seal::{Seal, SealError},
    },
    model::{level::AuthLevel, value::Value},
    secret::Secret,
};

/// A clock that stands still until it is moved, and numbers from a seed.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) now: Cell<u64>,
    seed: Cell<u64>,
    pub(super) draws: Cell<u32>,
    /// Whether every draw fails, and the number of one that does.
    pub(super) broken: Cell<bool>,
    pub(super) broken_at: Option<u32>,
}

impl Machine {
    pub(super) fn new(broken_at: Option<u32>) -> Self {
        Self {
            now: Cell::new(1_800_000_000_000),
            seed: Cell::new(7),
            draws: Cell::new(0),
            broken: Cell::new(false),
            broken_at,
        }
    }
}

impl Host for Machine {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.get())
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let draw = self.draws.get();
        self.draws.set(draw + 1);
        if self.broken.get() || self.broken_at == Some(draw) {
            return Err(NoRandomness);
        }
        for byte in bytes {
            let state = self
                .seed
                .get()
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            self.seed.set(state);
            *byte = state.to_be_bytes()[0];
        }
        Ok(())
    }
}

/// A sealer that binds to the data and hides nothing: what is tested is what comes back.
#[derive(Debug)]
pub(super) struct Wax;

fn tag(associated: &[u8], bytes: &[u8]) -> [u8; 32] {
    let hash = Sha256::new().chain_update([associated.len().to_le_bytes()[0]]);
    hash.chain_update(associated)
        .chain_update(bytes)
        .finalize()
        .into()
}

impl Seal for Wax {
    fn seal(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        let tag = tag(associated, bytes);
        bytes.extend_from_slice(&tag);
        Ok(())
    }

    fn open(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        let at = bytes.len().checked_sub(32).ok_or(SealError)?;
        let sealed = bytes.split_off(at);
        (sealed == tag(associated, bytes))
            .then_some(())
            .ok_or(SealError)
    }
}

/// The world outside a run.
#[derive(Debug)]
pub(super) struct Outside {
    /// Whether it answers as a store does; else it also answers what no store would.
    pub(super) honest: bool,
    /// The number of the effect that fails.
    pub(super) fails_at: Option<u32>,
    pub(super) effects: u32,
    /// The code of the last message.
    code: String,
    /// Whom a comparison has matched.
    pub(super) matched: Vec<SubjectId>,
}

impl Outside {
    pub(super) fn new(honest: bool, fails_at: Option<u32>) -> Self {
        Self {
            honest,
            fails_at,
            effects: 0,
            code: "000000".to_owned(),
            matched: Vec::new(),
        }
    }

    pub(super) fn perform(&mut self, dice: &mut Dice, effect: &Effect) -> EffectReply {
        let at = self.effects;
        self.effects += 1;
        let usual = self.reply(dice, effect);
        let failed = EffectReply::Failed("it is down".to_owned());
        if self.fails_at == Some(at) || (!self.honest && dice.once_in(9)) {
            return failed;
        }
        if let EffectReply::Match(identity) = &usual {
            self.matched.push(identity.subject.clone());
        }
        usual
    }

    fn reply(&mut self, dice: &mut Dice, effect: &Effect) -> EffectReply {
        match effect {
            Effect::Verify(verify) => {
                if !self.honest && dice.once_in(12) {
                    return EffectReply::Match(identity("eve", dice));
                }
                let right = match &verify.credential {
                    Credential::Password | Credential::Bind(_) => verify.secret.reveal() == "right",
                    Credential::Otp { expected, lapsed } => *expected == verify.secret && !lapsed,
                    Credential::Recovery { .. }
                    | Credential::Oath(_)
                    | Credential::Answers { .. } => false,
                };
                match find(&verify.who, dice).filter(|_| right) {
                    Some(identity) => EffectReply::Match(identity),
                    None => EffectReply::Miss,
                }
            }
            Effect::ReadIdentity(read) => EffectReply::Identity(find(&read.who, dice)),
            Effect::SetStatus(_) => EffectReply::StatusSet(!dice.once_in(6)),
            Effect::Send(message) => {
                let digits = message.body.reveal().chars().filter(char::is_ascii_digit);
                self.code = digits.collect();
                EffectReply::Sent
            }
            Effect::ReadSession(_) if dice.once_in(8) => EffectReply::Session(None),
            Effect::ReadSession(_) => EffectReply::Session(Some(SessionView {
                subject: SubjectId(Arc::from("id-demo")),
                username: Arc::from("demo"),
                level: AuthLevel::saturating(10),
                created: Timestamp(0),
                properties: BTreeMap::from([(Arc::from("color"), Value::from("red"))]),
            })),
            Effect::FindIdentity(_) => EffectReply::Identity(find(
                &Who::Name(Arc::from(if dice.once_in(3) { "nobody" } else { "demo" })),
                dice,
            )),
            Effect::CreateIdentity(_) | Effect::PatchIdentity(_) if dice.once_in(4) => {
                EffectReply::Refused(Vec::new())
            }
            Effect::CreateIdentity(_) | Effect::PatchIdentity(_) => {
                EffectReply::Written(identity("demo", dice))
            }
            Effect::Judge(judge) => {
                EffectReply::Judged(judge.attributes.iter().map(judgement).collect())
            }
            Effect::ReadDocument(_) => EffectReply::Document(None),
            Effect::External(external) => {
                let at = dice.below(u32::try_from(external.outcomes.len()).unwrap());
                let mut went = Went::by(Arc::clone(&external.outcomes[at as usize]));
                if external.proving.contains(&went.outcome) {
                    went.user = Some(Arc::from("demo"));
                }
                EffectReply::External(Box::new(ExternalReply::Went(went)))
            }
            Effect::OpenCookie(_) => EffectReply::Remembered(None),
            Effect::ReadDevices(_) => EffectReply::Devices(Vec::new()),
            Effect::StoreDevice(_) => EffectReply::DeviceStored(!dice.once_in(4)),
            Effect::RemoveDevice(_) => EffectReply::DeviceRemoved(!dice.once_in(4)),
            Effect::Backchannel(_) => EffectReply::Failed("nobody is there".to_owned()),
            Effect::Keyed(_) => EffectReply::Failed("there are no keys".to_owned()),
            Effect::Custom(_) => EffectReply::Custom(Value::from("done")),
        }
    }

    /// An answer that fits.
    pub(super) fn answer(&self, dice: &mut Dice, callback: &Callback) -> Answer {
        let at = |dice: &mut Dice, of: &[String]| {
            Answer::Index(dice.below(u32::try_from(of.len()).unwrap()))
        };
        match callback {
            Callback::Name { .. } => {
                Answer::Text(dice.pick(&["demo", "demo", "eve", "nobody", ""]).to_owned())
            }
            Callback::Password { .. } => {
                let secrets = ["right", &*self.code, "right", "wrong", ""];
                Answer::Secret(Secret::from(dice.pick(&secrets)))
            }
            Callback::TextInput { .. } => {
                Answer::Text(dice.pick(&["x", "1", "again", "2"]).to_owned())
            }
            Callback::Confirmation { optional: true, .. } if !dice.once_in(3) => Answer::Untouched,
            Callback::Choice { choices: of, .. } | Callback::Confirmation { options: of, .. } => {
                at(dice, of)
            }
            _ => Answer::None,
        }
    }
}

fn identity(name: &str, dice: &mut Dice) -> Identity {
    let mut attributes = BTreeMap::new();
    if !dice.once_in(4) {
        attributes.insert(
            Arc::from("mail"),
            Value::from(format!("{name}@example.com")),
        );
    }
    if dice.once_in(2) {
        attributes.insert(Arc::from("role"), Value::from("admin"));
    }
    Identity {
        subject: SubjectId(Arc::from(format!("id-{name}"))),
        username: Arc::from(name),
        active: !dice.once_in(8),
        attributes,
    }
}

fn judgement(name: &Arc<str>) -> Judgement {
    Judgement {
        attribute: Arc::clone(name),
        shape: Some(Shape::Text),
        title: name.to_string(),
        required: false,
        secret: false,
        viewable: true,
        editable: true,
        policies: serde_json::json!({}),
        failed: Vec::new(),
    }
}

fn find(who: &Who, dice: &mut Dice) -> Option<Identity> {
    let name = match who {
        Who::Name(name) => &**name,
        Who::Subject(id) => id.0.strip_prefix("id-").unwrap_or("nobody"),
    };
    ["demo", "eve"]
        .contains(&name)
        .then(|| identity(name, dice))
}

/// Answers that do not fit.
pub(super) fn misfits(dice: &mut Dice, right: &[Answer]) -> Vec<Answer> {
    let mut wrong = right.to_vec();
    match dice.below(4) {
        0 => {
            wrong.pop();
        }
        1 => wrong.push(Answer::None),
        2 => wrong[0] = Answer::Index(u32::MAX),
        _ => {
            wrong[0] = match &wrong[0] {
                Answer::Text(_) => Answer::Text("x".repeat(20_000)),
                Answer::Secret(_) => Answer::Secret(Secret::new("x".repeat(2_000))),
                Answer::None => Answer::Untouched,
                _ => Answer::None,
            };
        }
    }
    wrong
}
