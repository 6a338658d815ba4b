//! The node that registers an authenticator app.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, MessageKind},
        context::Context,
        effect::{Change, Effect, EffectReply, Identity, OathKey, OathMoving, ReadIdentity, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, text::LocalizedText, value::Value},
    nodes::{
        failure::{self, unfit},
        message::text_or,
        oath::{Made, Shown, codes_of, codes_value, moving, no_username, recovery_codes},
        profile::{USERS, attribute, patch},
        register::{OPTED_OUT_OF_OATH, buttons},
        reply::unexpected,
        setting::{Kept, constant},
        who::who,
    },
    otpauth::{Address, base32},
    secret::Secret,
};

/// How many bytes a key has at least: as many as the hash that every app knows has.
const KEY_BYTES_MIN: usize = 20;
/// And at most.
const KEY_BYTES_MAX: usize = 64;

/// By what id clients find the address.
const ADDRESS_ID: &str = "mfaDeviceRegistration";

/// Shows an address with a new key as a QR code, and has the device kept or leaves it in the state.
#[derive(Debug)]
struct Registration {
    username: KeyId,
    issuer: Kept<Arc<str>>,
    account: Option<Arc<str>>,
    color: Kept<Arc<str>>,
    image: Kept<Arc<str>>,
    message: Kept<LocalizedText>,
    with_codes: bool,
    key_bytes: usize,
    moving: OathMoving,
    digits: u8,
    checksum: bool,
    offset: Option<u8>,
    postponed: bool,
    profile: KeyId,
    enable_codes: KeyId,
    shown: Shown,
    yes: OutcomeId,
    no: OutcomeId,
}

/// The attribute that an account is called by; none where it is the name of the user.
fn account(setup: &Setup<'_>) -> Result<Option<Arc<str>>, NodeError> {
    let name: Arc<str> = constant(setup, "accountName")?;
    Ok(match &*name {
        "COMMON_NAME" => Some(Arc::from("cn")),
        "EMAIL_ADDRESS" => Some(Arc::from("mail")),
        "EMPLOYEE_NUMBER" => Some(Arc::from("employeeNumber")),
        "GIVEN_NAME" => Some(Arc::from("givenName")),
        "LAST_NAME" => Some(Arc::from("sn")),
        "USERNAME" => None,
        other => return Err(unfit(format!("`accountName` cannot be {other}"))),
    })
}

/// The setting counts hexadecimal digits.
fn key_bytes(setup: &Setup<'_>) -> Result<usize, NodeError> {
    let digits: i64 = constant(setup, "minSharedSecretLength")?;
    let bytes = usize::try_from(digits).unwrap_or(0).div_ceil(2);
    if bytes > KEY_BYTES_MAX {
        return Err(unfit(format!(
            "`minSharedSecretLength` is more than {}",
            KEY_BYTES_MAX * 2
        )));
    }
    Ok(bytes.max(KEY_BYTES_MIN))
}

/// Only of counters: apps that go by the time know nothing of it.
fn offset(setup: &Setup<'_>, moving: OathMoving) -> Result<Option<u8>, NodeError> {
    let offset: i64 = constant(setup, "truncationOffset")?;
    match u8::try_from(offset) {
        Err(_) if offset < 0 => Ok(None),
        Ok(offset @ 0..=16) => Ok((moving == OathMoving::Counter).then_some(offset)),
        _ => Err(unfit("`truncationOffset` is more than 16")),
    }
}

pub(in crate::nodes) fn registration(
    setup: &mut Setup<'_>,
) -> Result<Box<dyn Prepared>, NodeError> {
    let moving = moving(setup)?;
    let digits: Arc<str> = constant(setup, "passwordLength")?;
    let checksum: bool = constant(setup, "addChecksum")?;
    Ok(Box::new(Registration {
        username: setup.key("username"),
        issuer: Kept::get(setup, "issuer")?,
        account: account(setup)?,
        color: Kept::get(setup, "bgColor")?,
        image: Kept::get(setup, "imgUrl")?,
        message: Kept::get(setup, "scanQRCodeMessage")?,
        with_codes: constant(setup, "generateRecoveryCodes")?,
        key_bytes: key_bytes(setup)?,
        moving,
        digits: if &*digits == "EIGHT_DIGITS" { 8 } else { 6 },
        checksum: checksum && moving == OathMoving::Counter,
        offset: offset(setup, moving)?,
        postponed: constant(setup, "postponeDeviceProfileStorage")?,
        profile: setup.key("oathDeviceProfile"),
        enable_codes: setup.key("oathEnableRecoveryCode"),
        shown: Shown::keys(setup),
        yes: setup.outcome("successOutcome")?,
        no: setup.outcome("failureOutcome")?,
    }))
}

/// What a visit keeps besides the device.
const DEVICE: &str = "device";
const CODES: &str = "codes";
const OPTED_OUT: &str = "optedOut";

/// Where the registration stands, in the memory of the visit.
#[derive(Debug, Clone)]
struct Begun {
    made: Made,
    codes: Vec<Secret<String>>,
    /// Whether the user had opted out, which is over now.
    opted_out: bool,
}

impl Begun {
    fn keep(&self, cx: &mut Context<'_>) {
        let kept = BTreeMap::from([
            (Arc::from(DEVICE), self.made.value()),
            (Arc::from(CODES), codes_value(&self.codes)),
            (Arc::from(OPTED_OUT), Value::Bool(self.opted_out)),
        ]);
        cx.set_visit(Some(Value::Map(Arc::new(kept))));
    }

    fn of(cx: &Context<'_>) -> Result<Self, NodeError> {
        let kept = match cx.visit() {
            Some(Value::Map(kept)) => Some(kept),
            _ => None,
        };
        kept.and_then(|kept| {
            Some(Self {
                made: Made::of(kept.get(DEVICE)?)?,
                codes: codes_of(kept.get(CODES)?),
                opted_out: kept.get(OPTED_OUT)?.as_bool()?,
            })
        })
        .ok_or_else(|| failure::NO_DEVICE_PROFILE.error())
    }
}

impl Registration {
    fn show(&self, cx: &mut Context<'_>, identity: &Identity) -> Result<Action, NodeError> {
        let mut bytes = [0; KEY_BYTES_MAX];
        cx.random(&mut bytes)?;
        let key = base32(bytes.get(..self.key_bytes).unwrap_or(&bytes));
        zeroize::Zeroize::zeroize(&mut bytes);
        let key = OathKey {
            key,
            moving: self.moving,
            digits: self.digits,
            checksum: self.checksum,
            offset: self.offset,
            used: None,
        };
        let address = self.address(cx, identity, &key)?;
        let begun = Begun {
            made: Made {
                whose: identity.subject.clone(),
                uuid: uuid(cx)?,
                key,
            },
            codes: Vec::new(),
            opted_out: attribute(identity, OPTED_OUT_OF_OATH) == Some(&Value::Bool(true)),
        };
        begun.keep(cx);
        let otherwise = "Scan the code with your authenticator app. On a phone that has the app, follow \
                         the link.";
        Ok(Action::ask([
            Callback::TextOutput {
                text: text_or(cx, &self.message, otherwise)?,
                message: MessageKind::Information,
            },
            Callback::TextOutput {
                text: address.reveal().clone(),
                message: MessageKind::QrCode,
            },
            Callback::HiddenValue {
                id: ADDRESS_ID.to_owned(),
                value: address.reveal().clone(),
            },
            buttons(vec!["Next".to_owned()]),
        ]))
    }

    fn address(
        &self,
        cx: &Context<'_>,
        identity: &Identity,
        key: &OathKey,
    ) -> Result<Secret<String>, NodeError> {
        let named = self.account.as_deref();
        let named = named.and_then(|name| attribute(identity, name)?.as_text());
        let color = self.color.now(cx)?;
        let image = self.image.now(cx)?;
        let mut more = Vec::new();
        let color = color.trim_start_matches('#');
        if !color.is_empty() {
            more.push(("b", color));
        }
        if !image.is_empty() {
            more.push(("image", &**image));
        }
        Ok(Address {
            issuer: &self.issuer.now(cx)?,
            account: named.unwrap_or(&identity.username),
            key: &key.key,
            moving: key.moving,
            counter: 0,
            digits: key.digits,
            more: &more,
        }
        .write())
    }

    fn go_on(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let mut begun = Begun::of(cx)?;
        if self.postponed {
            cx.put_shared(self.profile, begun.made.value());
            cx.put_shared(self.enable_codes, Value::Bool(self.with_codes));
            return Ok(Action::go(self.yes));
        }
        if self.with_codes {
            begun.codes = recovery_codes(cx)?;
        }
        begun.keep(cx);
        Ok(begun.made.store(&begun.codes))
    }

    fn kept(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let begun = Begun::of(cx)?;
        if !begun.codes.is_empty() {
            self.shown.put(cx, codes_value(&begun.codes));
        }
        if !begun.opted_out {
            return Ok(Action::go(self.yes));
        }
        let change = (Arc::from(OPTED_OUT_OF_OATH), Change::Remove);
        let who = Who::Subject(begun.made.whose);
        Ok(patch(&Arc::from(USERS), who, vec![change]))
    }
}

/// A random uuid, version 4.
fn uuid(cx: &mut Context<'_>) -> Result<Arc<str>, NodeError> {
    let mut bytes = [0; 16];
    cx.random(&mut bytes)?;
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) | (4 << 76);
    let number = number & !(0b11 << 62) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts: Vec<&str> = parts
        .into_iter()
        .filter_map(|(from, to)| hex.get(from..to))
        .collect();
    Ok(Arc::from(parts.join("-")))
}

impl Prepared for Registration {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let who = who(cx, self.username).ok_or_else(no_username)?;
        let mut attributes = vec![Arc::from(OPTED_OUT_OF_OATH)];
        attributes.extend(self.account.clone());
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes,
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Identity(Some(identity))) => self.show(cx, &identity),
            Reply::Effect(EffectReply::Identity(None)) if cx.visit().is_none() => {
                Err(failure::NO_IDENTITY_OBJECT.error())
            }
            Reply::Answers(answers) => match answers.into_iter().nth(3) {
                Some(Answer::Index(0)) => self.go_on(cx),
                _ => Err(unexpected()),
            },
            Reply::Effect(EffectReply::DeviceStored(true)) => self.kept(cx),
            Reply::Effect(EffectReply::DeviceStored(false) | EffectReply::Identity(None)) => {
                Ok(Action::go(self.no))
            }
            // The device is kept: that the note of opting out could not be taken away does not matter.
            Reply::Effect(EffectReply::Written(_) | EffectReply::Refused(_)) => {
                Ok(Action::go(self.yes))
            }
            _ => Err(unexpected()),
        }
    }
}
