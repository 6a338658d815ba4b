//! What is asked of a code of an authenticator app.
//!
//! How codes are made stands elsewhere: here is what whoever compares is told, and how such a device is
//! written where devices are kept.

use std::{collections::BTreeMap, sync::Arc};

use crate::{model::value::Value, secret::Secret};

/// A hash that codes are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OathHash {
    /// SHA-1, which every app knows; as a keyed hash it is not broken.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl OathHash {
    const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// Its name in addresses and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }
}

/// What moves from one code to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OathMoving {
    /// A counter.
    Counter,
    /// The time.
    Time {
        /// In steps of so many seconds.
        step: u64,
        /// With this hash.
        hash: OathHash,
    },
}

/// What an authenticator app and the server have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct OathKey {
    /// The key, in base 32.
    pub key: Secret<String>,
    /// What moves.
    pub moving: OathMoving,
    /// How many digits its codes have.
    pub digits: u8,
    /// Whether a digit that guards against misspelling comes after them.
    pub checksum: bool,
    /// Where the number stands in what was hashed; its last four bits say it where this is `None`.
    pub offset: Option<u8>,
    /// The last counter, or step of time, whose code was used.
    pub used: Option<u64>,
}

const KEY: &str = "key";
const ALGORITHM: &str = "algorithm";
const STEP: &str = "step";
const HASH: &str = "hash";
const DIGITS: &str = "digits";
const CHECKSUM: &str = "checksum";
const OFFSET: &str = "offset";

impl OathKey {
    /// What may be told of it, as it is kept.
    pub fn data(&self) -> BTreeMap<Arc<str>, Value> {
        let mut data = BTreeMap::from([
            (Arc::from(DIGITS), Value::Int(i64::from(self.digits))),
            (Arc::from(CHECKSUM), Value::Bool(self.checksum)),
        ]);
        let mut put = |name: &str, value| data.insert(Arc::from(name), value);
        match self.moving {
            OathMoving::Counter => {
                put(ALGORITHM, Value::text("HOTP"));
            }
            OathMoving::Time { step, hash } => {
                put(ALGORITHM, Value::text("TOTP"));
                put(STEP, Value::Int(i64::try_from(step).unwrap_or(i64::MAX)));
                put(HASH, Value::text(hash.name()));
            }
        }
        if let Some(offset) = self.offset {
            put(OFFSET, Value::Int(i64::from(offset)));
        }
        data
    }

    /// What is a secret of it, as it is kept.
    pub fn secrets(&self) -> BTreeMap<Arc<str>, Secret<String>> {
        BTreeMap::from([(Arc::from(KEY), self.key.clone())])
    }

    /// What was kept; `None` where it is no such device.
    pub fn kept(
        data: &BTreeMap<Arc<str>, Value>,
        secrets: &BTreeMap<Arc<str>, Secret<String>>,
        used: Option<u64>,
    ) -> Option<Self> {
        let text = |name: &str| data.get(name)?.as_text();
        let number = |name: &str| data.get(name)?.as_int();
        let moving = match text(ALGORITHM)? {
            "HOTP" => OathMoving::Counter,
            "TOTP" => OathMoving::Time {
                step: u64::try_from(number(STEP)?).ok().filter(|step| *step > 0)?,
                hash: OathHash::ALL
                    .into_iter()
                    .find(|hash| text(HASH) == Some(hash.name()))?,
            },
            _ => return None,
        };
        Some(Self {
            key: secrets.get(KEY)?.clone(),
            moving,
            digits: u8::try_from(number(DIGITS)?).ok()?,
            checksum: data.get(CHECKSUM) == Some(&Value::Bool(true)),
            offset: match data.get(OFFSET) {
                Some(offset) => Some(u8::try_from(offset.as_int()?).ok()?),
                None => None,
            },
            used,
        })
    }
}

/// Which codes of an authenticator app are right now.
#[derive(Debug, Clone, PartialEq)]
pub struct OathWindow {
    /// What moves; codes of a device that was registered otherwise are never right.
    pub moving: OathMoving,
    /// How many counters ahead, or steps of time on either side.
    pub window: u64,
    /// How many steps of time the clock of a device may go wrong by.
    pub drift: u64,
    /// A device that the run has made and nobody keeps yet; else the user's.
    ///
    /// Where such a one matches, the identity of the reply has the counter that was used as its attribute
    /// `counter`: whoever keeps the device keeps that. It says nothing of the user.
    pub unkept: Option<OathKey>,
}

/// The attribute that has the counter of a device that nobody keeps yet.
pub const COUNTER: &str = "counter";
