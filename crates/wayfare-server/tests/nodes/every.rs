//! Types that stand in journeys of their own: each is served, begun and answered over HTTP until it ends.
//!
//! What each type does with its settings is tested beside its code and by the tests in the journeys; here
//! they meet the store, the wire and the server.

use std::{collections::BTreeSet, path::Path, time::Duration};

use serde_json::{Value as Json, json};
use wayfare_server::config::DefaultJourney;

use super::serve;
use crate::support::{TestServer, alpha};

/// Types whose journeys stand here, because there is nothing to show of them but this.
const HERE: &[(&str, &str)] = &[
    (
        "CookiePresenceDecision",
        "node first: CookiePresenceDecision(cookieName = \"seen\") {\n    true -> failure\n    false -> name\n  }",
    ),
    (
        "CreatePassword",
        "node first: UsernameCollector -> made\n  node made: CreatePassword(minPasswordLength = 4) -> name",
    ),
    (
        "DeviceGeoFencing",
        "node first: DeviceProfileCollector(deviceLocation = true) -> fence\n  node fence: DeviceGeoFencing(locations = [\"51.45,-2.58\"], distance = \"10\") {\n    true -> name\n    false -> failure\n  }",
    ),
    (
        "DeviceProfileCollector",
        "node first: DeviceProfileCollector(deviceMetadata = true) -> name",
    ),
    (
        "DeviceTamperingVerification",
        "node first: DeviceProfileCollector(deviceMetadata = true) -> whole\n  node whole: DeviceTamperingVerification {\n    true -> name\n    false -> failure\n  }",
    ),
    (
        "GetAuthenticatorApp",
        "node first: GetAuthenticatorApp -> name",
    ),
    (
        "MultiFactorRegistrationOptions",
        "node first: UsernameCollector -> method\n  node method: SetState {\n    attributes = { mfaMethod = \"oath\" }\n    -> options\n  }\n  node options: MultiFactorRegistrationOptions(mandatory = true) {\n    registerOutcome -> name\n    getAppOutcome -> name\n  }",
    ),
    (
        "QueryParameter",
        "node first: QueryParameter(allowedQueryParameters = { lang = \"language\" }) -> name",
    ),
    (
        "RequestHeader",
        "node first: RequestHeader(allowedHeaders = { \"X-Requested-With\" = \"client\" }) -> name",
    ),
];

const AUTHENTICATE: &str = "/am/json/realms/root/realms/alpha/authenticate";

/// A login behind the nodes.
const LOGIN: &str = "
  node name: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }";

/// The types that are driven here.
pub(super) fn driven() -> BTreeSet<String> {
    let mut types: BTreeSet<String> = HERE.iter().map(|(ty, _)| (*ty).to_owned()).collect();
    for (_, text) in files() {
        // Whatever a journey of the folder uses is visited on some way through it.
        types.extend(uses(&text));
    }
    types
}

pub(crate) fn files() -> Vec<(String, String)> {
    // What needs a handler outside or a registered script is driven elsewhere.
    let outside = super::outside::types();
    let mut files = all_files();
    files.retain(|(_, text)| {
        let served = ["ScriptedDecision", "ConfigProvider"];
        let mut used = uses(text).into_iter();
        let served = served.iter().any(|ty| text.contains(ty));
        !text.contains("\nextern ") && !served && !used.any(|ty| outside.contains(&ty))
    });
    files
}

/// The types that the nodes of a text have.
pub(super) fn uses(text: &str) -> BTreeSet<String> {
    let behind = text.split(": ").skip(1).filter_map(|behind| {
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
        behind.get(..end).map(str::to_owned)
    });
    behind.collect()
}

/// Every file of the folder, by its name.
pub(super) fn all_files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../journeys/nodes");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "journey"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The journeys of a text, by their names on the wire.
pub(crate) fn journeys(text: &str) -> Vec<String> {
    let heads = text
        .lines()
        .filter_map(|line| line.strip_prefix("journey "));
    heads
        .map(|head| match head.split('"').nth(1) {
            Some(wire) => wire.to_owned(),
            None => head.split_whitespace().next().unwrap().to_owned(),
        })
        .collect()
}

/// An answer that a friendly client gives to a callback.
pub(crate) fn fill(callback: &mut Json) {
    let output = |name: &str| {
        let all = callback["output"].as_array().into_iter().flatten();
        all.filter(|entry| entry["name"] == name)
            .map(|entry| entry["value"].clone())
            .next()
            .unwrap_or(Json::Null)
    };
    let attribute = output("name").as_str().unwrap_or_default().to_lowercase();
    let profile = json!({
        "identifier": "d3v1ce",
        "metadata": { "platform": { "jailBreakScore": 0 } },
        "location": { "latitude": 51.45, "longitude": -2.58 },
    });
    let values: Vec<Json> = match callback["type"].as_str().unwrap() {
        "NameCallback" | "TextInputCallback" => vec!["demo".into()],
        "PasswordCallback" => vec!["Ch4ng31t".into()],
        "ValidatedCreateUsernameCallback" => vec!["ada".into(), false.into()],
        "ValidatedCreatePasswordCallback" => vec!["Passw0rd!x".into(), false.into()],
        "StringAttributeInputCallback" if attribute == "mail" => {
            vec!["ada@example.com".into(), false.into()]
        }
        "StringAttributeInputCallback" => vec!["Ada".into(), false.into()],
        "NumberAttributeInputCallback" => vec![7.into(), false.into()],
        "BooleanAttributeInputCallback" => vec![true.into(), false.into()],
        "KbaCreateCallback" => vec!["Why?".into(), "Because".into()],
        "TermsAndConditionsCallback" | "ConsentMappingCallback" => vec![true.into()],
        "ChoiceCallback" | "ConfirmationCallback" => vec![0.into()],
        "DeviceProfileCallback" => vec![profile.to_string().into()],
        _ => Vec::new(),
    };
    let inputs = callback["input"].as_array_mut().into_iter().flatten();
    for (input, value) in inputs.zip(values) {
        input["value"] = value;
    }
}

/// Goes through a journey, and says how it ended and how many steps there were.
pub(super) async fn walk(server: &TestServer, journey: &str) -> (u16, usize) {
    let mut client = server.client();
    let mut reply = client.begin(journey).await;
    // BOUND: whoever is asked more often goes in a circle, as a retry does.
    for steps in 0..12 {
        let json = reply.json();
        let Some(callbacks) = json.get("callbacks") else {
            assert!([200, 401].contains(&reply.status), "{journey}: {json}");
            return (reply.status, steps);
        };
        assert_eq!(reply.status, 200, "{journey}: {json}");
        assert!(
            callbacks.as_array().is_some_and(|all| !all.is_empty()),
            "{json}"
        );
        let waits = callbacks.as_array().into_iter().flatten();
        if waits
            .clone()
            .any(|c| c["type"] == "SuspendedTextOutputCallback")
        {
            return (200, steps + 1);
        }
        let waiting = waits.clone().any(|c| c["type"] == "PollingWaitCallback");
        if waiting {
            server.advance(Duration::from_secs(10));
        }
        let mut step = json.clone();
        for callback in step["callbacks"].as_array_mut().unwrap() {
            // What stands beside a wait is a button to give it up.
            if !(waiting && callback["type"] == "ConfirmationCallback") {
                fill(callback);
            }
        }
        reply = client.post(AUTHENTICATE, &step.to_string()).await;
    }
    (reply.status, 12)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_journey_of_a_node_runs_over_http() {
    let mut told = Vec::new();
    for (name, text) in files() {
        // Where there are several, none of them is the one to begin with.
        let server = TestServer::with_journeys(&[(&name, &text)], |config| {
            let realm = config.realms.get_mut(&alpha()).expect("the realm");
            realm.default = DefaultJourney::Found;
        })
        .await;
        for journey in journeys(&text) {
            let (status, steps) = walk(&server, &journey).await;
            told.push(format!("{name} {journey}: {status} after {steps}"));
        }
    }
    for (ty, nodes) in HERE {
        let text = format!(
            "journey login \"Login\" {{\n  allow enumeration because \"looked at elsewhere\"\n  start first\n  {nodes}{LOGIN}\n}}\n"
        );
        let server = serve(&text).await;
        let (status, steps) = walk(&server, "Login").await;
        assert_eq!(status, 200, "{ty}: a right password lets in behind it");
        assert!(steps > 0, "{ty}");
        told.push(format!("{ty}: {status} after {steps}"));
    }
    println!("{}", told.join("\n"));
    let lets_in = told.iter().filter(|line| line.contains(": 200 ")).count();
    assert!(lets_in * 2 > told.len(), "{}", told.join("\n"));
}
