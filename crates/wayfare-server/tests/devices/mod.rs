//! Devices of users over HTTP: known ones in journeys, and what their owners do with them.

mod known;
mod manage;

use std::borrow::Cow;

use serde_json::{Value as Json, json};
use wayfare::{
    Action, Context, Effect, EffectReply, NodeError, NodeType, Prepared, Registry,
    Reply as NodeReply, Setup, Signature, Value,
    engine::effect::{DeviceKind, Room, StoreDevice, Who},
    model::{
        journey::OutcomeId,
        signature::{Known, Outcomes},
    },
};

use crate::support::{Client, Reply, TestServer, write_all};

const KNOWN: &str = include_str!("../../../../journeys/known_device.journey");
const OTP: &str = include_str!("../../../../journeys/lib/otp.journey");

/// Keeps any device without asking more than a password, in as many as there may be; and two journeys
/// whose sessions may and may not manage keys.
const KEEP: &str = r#"
fragment password -> known | unknown {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> known
    false -> unknown
  }
}

journey keep "Login" {
  start password
  node password: password {
    known -> device
    unknown -> failure
  }
  node device: DeviceProfileCollector {
    maximumSize = 8KiB
    deviceLocation = true
    -> save
  }
  node save: DeviceSave(maxSavedProfiles = 3) -> success
}

journey many "Many" {
  start password
  node password: password {
    known -> device
    unknown -> failure
  }
  node device: DeviceProfileCollector -> save
  node save: DeviceSave(maxSavedProfiles = 1000) -> success
}

journey keys "Keys" {
  start password
  node password: password {
    known -> key
    unknown -> failure
  }
  node key: KeptKey -> manage
  node manage: EnableDeviceManagement {
    deviceEnforcementStrategy = "NONE"
    successOutcome -> success
    failureOutcome -> failure
  }
}
"#;

/// A server with the example, and the journeys above.
async fn serve() -> TestServer {
    let mut registry = Registry::standard();
    registry.add(KeptKey).expect("a name of its own");
    TestServer::with_registry(registry, |config, folder| {
        let journeys = folder.join("journeys");
        let files = [
            ("known_device.journey", KNOWN),
            ("lib/otp.journey", OTP),
            ("keep.journey", KEEP),
        ];
        write_all(&journeys, &files);
        *config = config.clone().with_journeys(journeys);
    })
    .await
}

/// What a device of this name tells.
fn told(identifier: &str) -> Json {
    json!({
        "identifier": identifier,
        "metadata": { "platform": { "language": "en", "marker": "m3tad4ta" }, "fonts": ["a"] },
    })
}

/// Gives name and password in a journey; what comes then.
async fn enter(client: &mut Client, journey: &str) -> Reply {
    let step = client.begin(journey).await.step();
    let values = ["demo".into(), "Ch4ng31t".into()];
    client.answer(&step, &values).await
}

/// Logs in from a device; what comes then.
async fn come(client: &mut Client, journey: &str, device: &Json) -> Reply {
    let step = enter(client, journey).await.step();
    client.answer(&step, &[device.to_string().into()]).await
}

/// A client that has kept this device.
async fn kept(server: &TestServer, identifier: &str) -> Client {
    let mut client = server.client();
    come(&mut client, "Login", &told(identifier)).await.token();
    client.header("Accept-API-Version", "resource=1.0")
}

fn at(rest: &str) -> String {
    format!("/am/json/realms/root/realms/alpha/users/demo/devices/{rest}")
}

/// A node that keeps a key of the user's, as a registration would.
#[derive(Debug)]
pub(crate) struct KeptKey;

impl NodeType for KeptKey {
    fn signature(&self) -> Signature {
        const OUTCOMES: &[Cow<'static, str>] = &[Cow::Borrowed("outcome")];
        Signature {
            outcomes: Outcomes::Fixed(Cow::Borrowed(OUTCOMES)),
            calls_out: Known::Is(true),
            ..Signature::new("KeptKey", "KeptKeyNode")
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Keeping(setup.outcome("outcome")?)))
    }
}

#[derive(Debug)]
struct Keeping(OutcomeId);

impl Prepared for Keeping {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let subject = cx
            .subject()
            .ok_or_else(|| NodeError::new("nobody is there"))?;
        let data = [("credentialId".into(), Value::from("c1"))];
        let secrets = [("privateKey".into(), "n3v3rt0ld".into())];
        Ok(Action::call(Effect::StoreDevice(Box::new(StoreDevice {
            who: Who::Subject(subject.id.clone()),
            kind: DeviceKind::WebAuthn,
            uuid: "k3y".into(),
            name: "Key".into(),
            used: None,
            data: data.into(),
            secrets: secrets.into(),
            codes: Vec::new(),
            room: Room::Only,
        }))))
    }

    fn resume(&self, _: &mut Context<'_>, reply: NodeReply) -> Result<Action, NodeError> {
        match reply {
            NodeReply::Effect(EffectReply::DeviceStored(true)) => Ok(Action::go(self.0)),
            _ => Err(NodeError::new("the key was not kept")),
        }
    }
}
