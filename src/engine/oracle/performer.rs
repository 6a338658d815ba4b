//! A host, a sealer, and an outside world that answers as the dice want.

use std::{cell::Cell, collections::BTreeMap, sync::Arc};

use sha2::{Digest, Sha256};

use super::dice::Dice;
use crate::{
    engine::{
        callback::{Answer, Callback},
        effect::{
            COUNTER, Credential, Device, DeviceKind, Effect, EffectReply, ExternalReply, Identity,
            Judgement, Missed, Room, SessionView, Shape, StoreDevice, SubjectId, Went, Who,
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
    /// What devices there are, by whose and of which kind.
    devices: BTreeMap<(Arc<str>, DeviceKind), Vec<Device>>,
}

impl Outside {
    pub(super) fn new(honest: bool, fails_at: Option<u32>) -> Self {
        Self {
            honest,
            fails_at,
            effects: 0,
            code: "000000".to_owned(),
            matched: Vec::new(),
            devices: BTreeMap::new(),
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
        // That an app works which nobody keeps yet says nothing of its user.
        let unkept = matches!(effect, Effect::Verify(verify) if is_unkept(&verify.credential));
        if let EffectReply::Match(identity) = &usual
            && !unkept
        {
            self.matched.push(identity.subject.clone());
        }
        usual
    }

    /// The devices of a user; nobody has none. What a user has at first is for the dice to say.
    fn devices_of(
        &mut self,
        dice: &mut Dice,
        who: &Who,
        kind: DeviceKind,
    ) -> Option<&mut Vec<Device>> {
        let whose = find(who, dice)?.subject;
        let devices = self.devices.entry((whose.0, kind));
        Some(devices.or_insert_with(|| {
            let count = dice.below(4);
            (0..count).map(|at| device(dice, kind, at)).collect()
        }))
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
                    Credential::Recovery { .. } | Credential::Oath(_) => {
                        verify.secret.reveal() == "demo"
                    }
                    Credential::Answers { .. } => false,
                };
                match find(&verify.who, dice).filter(|_| right) {
                    Some(mut identity) => {
                        if is_unkept(&verify.credential) {
                            let counter = (Arc::from(COUNTER), Value::Int(7));
                            identity.attributes.extend([counter]);
                        }
                        EffectReply::Match(identity)
                    }
                    None if dice.once_in(3) => EffectReply::Missed(Missed::Wrong),
                    None if dice.once_in(4) => EffectReply::Missed(Missed::Locked { until: None }),
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
            Effect::ReadDevices(read) => match self.devices_of(dice, &read.who, read.kind) {
                Some(devices) => EffectReply::Devices(devices.clone()),
                None => EffectReply::Identity(None),
            },
            Effect::StoreDevice(store) => match self.devices_of(dice, &store.who, store.kind) {
                Some(_) if dice.once_in(4) => EffectReply::DeviceStored(false),
                Some(devices) => {
                    devices.retain(|kept| store.room != Room::Only && kept.uuid != store.uuid);
                    devices.push(kept(store));
                    EffectReply::DeviceStored(true)
                }
                None => EffectReply::Identity(None),
            },
            Effect::RemoveDevice(remove) => match self.devices_of(dice, &remove.who, remove.kind) {
                Some(devices) => {
                    let before = devices.len();
                    let gone = remove.uuid.as_ref();
                    devices.retain(|kept| gone.is_some_and(|gone| *gone != kept.uuid));
                    EffectReply::DeviceRemoved(devices.len() < before)
                }
                None => EffectReply::Identity(None),
            },
            Effect::Backchannel(_) => EffectReply::Failed("nobody is there".to_owned()),
            Effect::Keyed(_) => EffectReply::Failed("there are no keys".to_owned()),
            Effect::Fetch(_) => EffectReply::Failed("there is no network".to_owned()),
            Effect::Social(_) => EffectReply::Failed("there are no providers".to_owned()),
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
            Callback::HiddenValue { .. } => Answer::Text(dice.pick(&["", "v"]).to_owned()),
            Callback::DeviceProfile { .. } => Answer::Text(dice.pick(PROFILES).to_owned()),
            Callback::Confirmation { optional: true, .. } if !dice.once_in(3) => Answer::Untouched,
            Callback::Choice { choices: of, .. } | Callback::Confirmation { options: of, .. } => {
                at(dice, of)
            }
            _ => Answer::None,
        }
    }
}

/// What clients tell of their device.
const PROFILES: &[&str] = &[
    r#"{"identifier":"d0","metadata":{"os":"x"},"location":{"latitude":1.5,"longitude":2}}"#,
    r#"{"identifier":"d0","metadata":{"os":"y","more":[1,2]}}"#,
    r#"{"identifier":"d1","metadata":{"os":"x"},"location":{"latitude":"80","longitude":2}}"#,
    r#"{"identifier":"d2"}"#,
    r#"{"identifier":"d9","metadata":{"os":"x"}}"#,
    "nothing",
];

/// One of the devices that a user has.
fn device(dice: &mut Dice, kind: DeviceKind, at: u32) -> Device {
    let now = 1_800_000_000_000;
    let ago = [0, 29, 31][dice.below(3) as usize] * 86_400_000;
    let mut data = BTreeMap::new();
    if kind == DeviceKind::Profile && !dice.once_in(3) {
        let map = |members: [(&str, Value); 1]| {
            let members = members.map(|(name, value)| (Arc::from(name), value));
            Value::Map(Arc::new(BTreeMap::from(members)))
        };
        data.insert(
            Arc::from("metadata"),
            map([("os", dice.pick(&["x", "y"]).into())]),
        );
        if dice.once_in(2) {
            let place = [("latitude", 1.into()), ("longitude", 2.into())];
            let place = place.map(|(name, value)| (Arc::from(name), value));
            let place = Value::Map(Arc::new(BTreeMap::from(place)));
            data.insert(Arc::from("location"), place);
        }
    }
    Device {
        uuid: Arc::from(format!("d{at}")),
        name: Arc::from(dice.pick(&["", "Phone"])),
        created: Timestamp(now - ago),
        accessed: Timestamp(now - ago),
        used: dice.once_in(2).then_some(7),
        data,
    }
}

/// A device as it stands once it is kept.
fn kept(store: &StoreDevice) -> Device {
    Device {
        uuid: Arc::clone(&store.uuid),
        name: Arc::clone(&store.name),
        created: Timestamp(1_800_000_000_000),
        accessed: Timestamp(1_800_000_000_000),
        used: store.used,
        data: store.data.clone(),
    }
}

fn is_unkept(credential: &Credential) -> bool {
    matches!(credential, Credential::Oath(window) if window.unkept.is_some())
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
