//! The nodes of authenticator apps: one is registered, kept, and asked for codes.
//!
//! The key is drawn when it is shown, and waits in the memory of the visit until whoever registers goes on,
//! or in the state where keeping it is left to a later node. How codes are made is not here: whoever
//! compares has that.

mod recovery;
mod registration;
mod storage;
mod verifier;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub(super) use self::{
    recovery::collector, registration::registration, storage::storage, verifier::verifier,
};
use crate::{
    engine::{
        action::Action,
        context::Context,
        effect::{
            DeviceKind, Effect, OathHash, OathKey, OathMoving, Room, StoreDevice, SubjectId, Who,
        },
        error::NodeError,
        node_type::Setup,
    },
    model::{expr::KeyId, value::Value},
    nodes::{
        draw::below,
        failure::{self, unfit},
        setting::constant,
    },
    secret::Secret,
};

/// What a device is called.
const NAME: &str = "OATH Device";

/// How many recovery codes a device has, and of how many letters and digits each.
const CODES: usize = 10;
const CODE_CHARS: usize = 10;
const CODE_ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What moves, by the settings that registration and verification have in common.
fn moving(setup: &Setup<'_>) -> Result<OathMoving, NodeError> {
    let algorithm: Arc<str> = constant(setup, "algorithm")?;
    if &*algorithm == "HOTP" {
        return Ok(OathMoving::Counter);
    }
    let step: Duration = constant(setup, "totpTimeInterval")?;
    if step.as_secs() == 0 {
        return Err(unfit("`totpTimeInterval` is less than a second"));
    }
    let hash: Arc<str> = constant(setup, "totpHashAlgorithm")?;
    let hash = match &*hash {
        "HMAC_SHA1" => OathHash::Sha1,
        "HMAC_SHA256" => OathHash::Sha256,
        "HMAC_SHA512" => OathHash::Sha512,
        other => {
            return Err(unfit(format!("`totpHashAlgorithm` cannot be {other}")));
        }
    };
    Ok(OathMoving::Time {
        step: step.as_secs(),
        hash,
    })
}

/// A device that the run has made and nobody keeps yet.
#[derive(Debug, Clone, PartialEq)]
struct Made {
    whose: SubjectId,
    uuid: Arc<str>,
    key: OathKey,
}

const WHOSE: &str = "subject";
const UUID: &str = "uuid";
const DATA: &str = "data";
const SECRETS: &str = "secrets";
const USED: &str = "used";

impl Made {
    /// As it stands in the memory of a visit and in the state; the key is a secret there.
    fn value(&self) -> Value {
        let secrets = self.key.secrets().into_iter();
        let secrets: BTreeMap<Arc<str>, Value> = secrets
            .map(|(name, secret)| (name, Value::Secret(secret)))
            .collect();
        let mut value = BTreeMap::from([
            (Arc::from(WHOSE), Value::Text(Arc::clone(&self.whose.0))),
            (Arc::from(UUID), Value::Text(Arc::clone(&self.uuid))),
            (Arc::from(DATA), Value::Map(Arc::new(self.key.data()))),
            (Arc::from(SECRETS), Value::Map(Arc::new(secrets))),
        ]);
        if let Some(used) = self.key.used {
            let used = i64::try_from(used).unwrap_or(i64::MAX);
            value.insert(Arc::from(USED), Value::Int(used));
        }
        Value::Map(Arc::new(value))
    }

    /// What stands there; `None` where it is no such device.
    fn of(value: &Value) -> Option<Self> {
        let map = |value: &Value| match value {
            Value::Map(map) => Some(Arc::clone(map)),
            _ => None,
        };
        let made = map(value)?;
        let text = |name: &str| Some(Arc::from(made.get(name)?.as_text()?));
        let kept = map(made.get(SECRETS)?)?;
        let mut secrets: BTreeMap<Arc<str>, Secret<String>> = BTreeMap::new();
        for (name, value) in &*kept {
            if let Value::Secret(secret) = value {
                secrets.insert(Arc::clone(name), secret.clone());
            }
        }
        let used = match made.get(USED) {
            Some(used) => Some(u64::try_from(used.as_int()?).ok()?),
            None => None,
        };
        Some(Self {
            whose: SubjectId(text(WHOSE)?),
            uuid: text(UUID)?,
            key: OathKey::kept(&*map(made.get(DATA)?)?, &secrets, used)?,
        })
    }

    /// Has it kept, in place of any other of its owner.
    fn store(&self, codes: &[Secret<String>]) -> Action {
        Action::call(Effect::StoreDevice(Box::new(StoreDevice {
            who: Who::Subject(self.whose.clone()),
            kind: DeviceKind::Oath,
            uuid: Arc::clone(&self.uuid),
            name: Arc::from(NAME),
            used: self.key.used,
            data: self.key.data(),
            secrets: self.key.secrets(),
            codes: codes.to_vec(),
            room: Room::Only,
        })))
    }
}

/// Where recovery codes stand for the node that shows them.
#[derive(Debug)]
struct Shown {
    codes: KeyId,
    device: KeyId,
}

impl Shown {
    fn keys(setup: &mut Setup<'_>) -> Self {
        Self {
            codes: setup.key("recoveryCodes"),
            device: setup.key("recoveryCodeDeviceName"),
        }
    }

    fn put(&self, cx: &mut Context<'_>, codes: Value) {
        cx.put_transient(self.codes, codes);
        cx.put_transient(self.device, Value::text(NAME));
    }
}

/// New recovery codes.
fn recovery_codes(cx: &mut Context<'_>) -> Result<Vec<Secret<String>>, NodeError> {
    let drawn = below(cx, 62, CODES * CODE_CHARS)?;
    let letter = |at: &u8| {
        let letter = CODE_ALPHABET.get(usize::from(*at));
        letter.map_or('0', |letter| char::from(*letter))
    };
    let codes = drawn.chunks(CODE_CHARS);
    Ok(codes
        .map(|code| Secret::new(code.iter().map(letter).collect()))
        .collect())
}

/// Codes as a value of the state.
fn codes_value(codes: &[Secret<String>]) -> Value {
    let codes: Vec<Value> = codes.iter().cloned().map(Value::Secret).collect();
    Value::List(Arc::from(codes))
}

/// Codes from a value of the state.
fn codes_of(value: &Value) -> Vec<Secret<String>> {
    let Value::List(list) = value else {
        return Vec::new();
    };
    let secrets = list.iter().filter_map(|code| match code {
        Value::Secret(code) => Some(code.clone()),
        _ => None,
    });
    secrets.collect()
}

/// The product's words.
fn no_username() -> NodeError {
    failure::NO_USERNAME.error()
}
