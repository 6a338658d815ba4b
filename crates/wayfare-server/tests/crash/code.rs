//! Codes that are good once: of an app, and recovery codes in place of it.

use serde_json::{Value as Json, json};
use wayfare::{
    Secret, SubjectId, Timestamp,
    engine::effect::{DeviceKind, EffectId, OathHash, OathKey, OathMoving, Room, StoreDevice, Who},
    otpauth::base32,
};
use wayfare_oath::{Key, Token};
use wayfare_server::{devices::Devices, hash::HashPool, identities::Hasher};

use super::{
    child::PASSWORD,
    wire::{Answer, Connection, Lost},
};

/// How many recovery codes a device has.
pub(crate) const RECOVERY: u64 = 100;

/// A code that is good once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// That of the app at this counter.
    App(u64),
    /// The recovery code of this number.
    Recovery(u64),
}

fn key(user: &str) -> Secret<String> {
    base32(format!("{user:-<20}").as_bytes())
}

impl Code {
    /// The first of the app, and the first for recovery.
    pub(crate) const FIRST: [Self; 2] = [Self::App(0), Self::Recovery(0)];

    /// The one after it; none where there are no more.
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::App(counter) => Some(Self::App(counter + 1)),
            Self::Recovery(number) => (number + 1 < RECOVERY).then_some(Self::Recovery(number + 1)),
        }
    }

    /// As it is typed.
    pub(crate) fn typed(self, user: &str) -> String {
        match self {
            Self::App(counter) => {
                let key = Key::from_base32(key(user).reveal()).expect("a key");
                let token = Token::new(key, OathHash::Sha1, 6).expect("a token");
                token.code(counter)
            }
            Self::Recovery(number) => format!("r{number:09}"),
        }
    }

    /// Logs in until the code is asked for; the step that asks.
    pub(crate) fn asked(self, connection: &mut Connection, user: &str) -> Result<Json, Lost> {
        let step = connection.begin_journey("App")?.json();
        let step = connection.answer(&step, user, PASSWORD)?.json();
        if matches!(self, Self::App(_)) {
            return Ok(step);
        }
        // The second button.
        Ok(connection.give(&step, &[json!(""), json!(1)])?.json())
    }

    /// Answers the step that asks.
    pub(crate) fn given(
        self,
        connection: &mut Connection,
        step: &Json,
        user: &str,
    ) -> Result<Answer, Lost> {
        let typed = json!(self.typed(user));
        match self {
            Self::App(_) => connection.give(step, &[typed, json!(0)]),
            Self::Recovery(_) => connection.give(step, &[typed]),
        }
    }

    /// Whether it gets its user in.
    pub(crate) fn gets_in(self, connection: &mut Connection, user: &str) -> bool {
        let step = self.asked(connection, user).expect("an answer");
        let answer = self.given(connection, &step, user).expect("an answer");
        let gets_in = answer.json()["tokenId"].is_string();
        assert!(
            gets_in || answer.body.contains("Login failure"),
            "{user} {self:?}: {} {}",
            answer.status,
            answer.body
        );
        gets_in
    }
}

/// Gives a user an app that counts, and recovery codes.
pub(crate) async fn register(devices: &Devices, pool: &HashPool, user: &str, number: u32) {
    let key = OathKey {
        key: key(user),
        moving: OathMoving::Counter,
        digits: 6,
        checksum: false,
        offset: None,
        used: None,
    };
    let whose = SubjectId(user.into());
    let codes = (0..RECOVERY).map(|number| Secret::new(Code::Recovery(number).typed(user)));
    let device = StoreDevice {
        who: Who::Subject(whose.clone()),
        kind: DeviceKind::Oath,
        uuid: "app".into(),
        name: "App".into(),
        used: None,
        data: key.data(),
        secrets: key.secrets(),
        codes: codes.collect(),
        room: Room::Only,
    };
    let id = EffectId {
        run: 0,
        generation: 0,
        ordinal: number,
    };
    let kept = devices.put((id, Timestamp(0)), &whose, &device, Hasher::new(pool, None));
    assert_eq!(kept.await, Ok(true));
}
