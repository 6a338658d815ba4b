//! Types whose behaviour is outside: one HTTP service answers for all of them, over the wire of handlers.
//!
//! The service asks what the type asks, says its outcomes in turn and fails in between, so that a journey that
//! is begun often enough ends in every way that stands in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use wayfare::{Registry, catalogue::standard};
use wayfare_server::config::{DefaultJourney, Parameter};

use super::every::{all_files, journeys, uses, walk};
use crate::{
    external::{
        service::{Seen, Service},
        settings,
    },
    support::{TestServer, alpha, write_all},
};

/// Journeys are begun this often at most.
const WALKS_MAX: usize = 120;

/// The types of the product that are not built in.
pub(super) fn types() -> BTreeSet<String> {
    let registry = Registry::standard();
    let built: BTreeSet<&str> = registry.built().collect();
    let walked = ["Page", "InnerTreeEvaluator", "Decision"];
    let catalog = standard();
    let names = catalog.iter().map(|(_, signature)| &*signature.name);
    names
        .filter(|name| !built.contains(name) && !walked.contains(name))
        .map(str::to_owned)
        .collect()
}

/// What is written where a type writes it: what the next node of its journey needs.
fn writes(asked: &Json) -> Json {
    let known = [
        ("shared.pingOneUserId", json!("u1")),
        ("shared.pushMessageId", json!("m1")),
        ("shared.selectedIdp", json!("example")),
        ("shared.userInfo", json!({ "name": "demo at home" })),
        ("transient.DeviceBinding.DEVICE", json!("a key")),
        ("transient.X509Certificate", json!("a certificate")),
        ("transient.webauthnDeviceData", json!("a key")),
    ];
    let may = asked["writes"].as_array().expect("paths");
    let fitting = known
        .into_iter()
        .filter(|(path, _)| may.contains(&json!(path)));
    fitting
        .map(|(path, value)| (path.to_owned(), value))
        .collect()
}

fn callback(kind: &Json) -> Json {
    let output: &[(&str, Json)] = match kind.as_str().expect("a type") {
        "TextOutputCallback" => &[("message", json!("Wait")), ("messageType", json!("0"))],
        "HiddenValueCallback" => &[("value", json!("")), ("id", json!("told"))],
        "MetadataCallback" => &[("data", json!({}))],
        "PollingWaitCallback" => &[("waitTime", json!("1000")), ("message", json!("Wait"))],
        "RedirectCallback" => &[
            ("redirectUrl", json!("https://id.example.com/authorize")),
            ("redirectMethod", json!("GET")),
            ("trackingCookie", json!(true)),
        ],
        "ChoiceCallback" => &[
            ("prompt", json!("How?")),
            ("choices", json!(["so", "otherwise"])),
            ("defaultChoice", json!(0)),
        ],
        "ConfirmationCallback" => &[
            ("prompt", json!("")),
            ("messageType", json!(0)),
            ("options", json!(["Go on"])),
            ("optionType", json!(-1)),
            ("defaultOption", json!(0)),
        ],
        "NameCallback" | "PasswordCallback" => &[("prompt", json!("Say"))],
        _ => &[],
    };
    let output = output.iter();
    let output: Vec<Json> = output
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    json!({ "type": kind, "output": output })
}

/// What the last request is told, by how often the same was told before.
fn decide(seen: &[Seen]) -> Json {
    let asked = &seen.last().expect("a request").body;
    let begun = asked["event"]["kind"] == "entered";
    let asks = asked["callbacks"].as_array().expect("types");
    if begun && !asks.is_empty() {
        let callbacks: Vec<Json> = asks.iter().map(callback).collect();
        return json!({ "callbacks": callbacks });
    }
    let outcomes = asked["outcomes"].as_array().expect("outcomes");
    let same = |old: &&Seen| {
        let decided = old.body["event"]["kind"] == asked["event"]["kind"];
        decided && old.body["node"] == asked["node"]
    };
    let before = seen.iter().filter(same).count() - 1;
    let Some(outcome) = outcomes.get(before % (outcomes.len() + 1)) else {
        return json!({ "error": "it is down" });
    };
    let mut reply = json!({ "outcome": outcome, "writes": writes(asked) });
    let proving = asked["proving"].as_array().expect("outcomes");
    // Who comes back from there is named and not proved.
    if proving.contains(outcome) || asked["name"] == "ProvisionIdmAccount" {
        reply["user"] = json!("demo");
    }
    reply
}

/// A server with the journeys of one file, and the service for whatever in it is outside.
async fn server(service: &Service, file: &str, text: &str) -> TestServer {
    let outside = types();
    TestServer::with(|config, folder| {
        let at = folder.join("journeys");
        write_all(&at, &[(file, text)]);
        *config = config.clone().with_journeys(at);
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        realm.default = DefaultJourney::Found;
        for name in ["client_secret", "captcha_secret"] {
            if text.contains(&format!("param {name}: Secret")) {
                let path = folder.join(name);
                std::fs::write(&path, "s3cr3t").expect("a secret");
                realm
                    .params
                    .insert(name.into(), Parameter::SecretFile(path));
            }
        }
        let settings = settings(service, folder);
        for ty in uses(text).intersection(&outside) {
            config.external.insert(ty.clone(), settings.clone());
        }
    })
    .await
}

/// The outcomes that were said of each node, and those that could have been.
fn said(service: &Service) -> BTreeMap<String, (usize, usize)> {
    let mut nodes = BTreeMap::new();
    for seen in service.seen() {
        let asks = seen.body["callbacks"].as_array().expect("types").len();
        if asks > 0 && seen.body["event"]["kind"] == "entered" {
            continue;
        }
        let all = seen.body["outcomes"].as_array().expect("outcomes").len() + 1;
        let node = seen.body["node"].to_string();
        let (times, _) = nodes.entry(node).or_insert((0, all));
        *times += 1;
    }
    nodes
}

#[tokio::test(flavor = "multi_thread")]
async fn every_journey_of_a_node_outside_runs_over_http() {
    let outside = types();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut wrong = Vec::new();
    for (file, text) in all_files() {
        let here: BTreeSet<String> = uses(&text).intersection(&outside).cloned().collect();
        // A user is read from a real certificate, which the tests of keys have.
        let elsewhere = ["ScriptedDecision", "product-CertificateUserExtractor"];
        if here.is_empty() || elsewhere.iter().any(|ty| text.contains(ty)) {
            continue;
        }
        let service = Service::start();
        service.decide(decide);
        let server = server(&service, &file, &text).await;
        let (mut in_, mut out) = (0, 0);
        for journey in journeys(&text) {
            for _ in 0..WALKS_MAX {
                match walk(&server, &journey).await.0 {
                    200 => in_ += 1,
                    _ => out += 1,
                }
                let told = said(&service);
                if in_ > 0 && !told.is_empty() && told.values().all(|(times, all)| times >= all) {
                    break;
                }
            }
        }
        println!("{file}: {in_} got in, {out} did not");
        if in_ == 0 {
            wrong.push(format!("{file}: {in_} got in, {out} did not"));
        }
        let short = said(&service)
            .into_iter()
            .filter(|(_, (times, all))| times < all);
        wrong.extend(short.map(|(node, (times, all))| {
            format!("{file}: {node} was asked {times} times for {all} ways")
        }));
        for seen in service.seen() {
            asked.extend(seen.body["name"].as_str().map(str::to_owned));
        }
    }
    let missing: Vec<_> = outside.difference(&asked).collect();
    assert!(
        wrong.is_empty() && missing.is_empty(),
        "{}\nnever asked for: {missing:?}",
        wrong.join("\n")
    );
}
