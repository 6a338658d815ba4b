//! L1: whatever goes wrong between the wire and what stands around it, nobody is let in by it.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use proptest::prelude::*;
use wayfare::{EffectReply, Secret};
use wayfare_wire::am::authenticate::Given;

use super::trials;
use crate::{transcript::answer, world::World};

const PATH: &str = "/json/realms/root/realms/alpha/authenticate";

/// What a need is answered by.
const SPOILS: [fn() -> Given; 15] = [
    || Given::Failed,
    || Given::Nothing,
    || Given::Done,
    || Given::Session(None),
    || Given::UserJourney(None),
    || Given::Policy(None),
    || Given::Transaction(None),
    || Given::Admitted,
    || Given::State(None),
    || Given::Effect(EffectReply::Sent),
    || Given::Effect(EffectReply::Identity(None)),
    || Given::Effect(EffectReply::Failed("it failed".to_owned())),
    || Given::NotMade,
    || Given::OverQuota,
    || Given::Made {
        token: Secret::new("forged".to_owned()),
        properties: BTreeMap::new(),
        cookies: Vec::new(),
    },
];

/// Every way to start, with what makes it need one more thing.
const STARTS: [&str; 12] = [
    "",
    "authIndexType=service&authIndexValue=Login",
    "authIndexType=service&authIndexValue=Strong&ForceAuth=true",
    "authIndexType=service&authIndexValue=ZeroPage",
    "authIndexType=service&authIndexValue=NoSess",
    "authIndexType=level&authIndexValue=1",
    "authIndexType=user&authIndexValue=demo",
    "authIndexType=resource&authIndexValue=https://app.example.com/",
    "authIndexType=transaction&authIndexValue=anything",
    "authIndexType=composite_advice&authIndexValue=%3CAdvices%3E%3CAttributeValuePair%3E%3CAttribute%20name%3D%22AuthenticateToServiceConditionAdvice%22/%3E%3CValue%3ELogin%3C/Value%3E%3C/AttributeValuePair%3E%3C/Advices%3E",
    "authIndexType=composite_advice&authIndexValue=%3CAdvices%3E%3CAttributeValuePair%3E%3CAttribute%20name%3D%22AuthLevelConditionAdvice%22/%3E%3CValue%3E1%3C/Value%3E%3C/AttributeValuePair%3E%3C/Advices%3E",
    "sessionUpgradeSSOTokenId=session-chosen",
];

fn headers(with: u8) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = vec![
        pair("accept-api-version", "resource=2.1"),
        pair("content-type", "application/json"),
    ];
    if with & 1 > 0 {
        headers.push(pair("x-openam-username", "demo"));
        headers.push(pair("x-openam-password", "Ch4ng31t"));
    }
    if with & 2 > 0 {
        headers.push(pair("cookie", "iPlanetDirectoryPro=session-chosen"));
    }
    headers
}

#[test]
fn l01_whatever_a_need_is_answered_by_nobody_is_let_in() {
    let cases = (
        0..SPOILS.len(),
        0..STARTS.len(),
        0..8_usize,
        0..4_u8,
        any::<bool>(),
    );
    let spoiled = AtomicUsize::new(0);
    proptest!(trials("L1", 1_500), |((spoil, start, after, with, answered) in cases)| {
        let world = World::new();
        let mut target = format!("{PATH}?{}", STARTS[start]);
        let mut body = String::new();
        if answered {
            // The last step of a login, which has every need to the end before it.
            let first = world.send("POST", PATH, &headers(0), b"");
            let first: serde_json::Value = serde_json::from_slice(&first.body).expect("a step");
            body = answer(first["authId"].as_str().expect("a token"), "demo", "Ch4ng31t");
            PATH.clone_into(&mut target);
        }
        world.spoil(after, SPOILS[spoil]);
        let reply = world.send("POST", &target, &headers(with), body.as_bytes());
        if world.was_spoiled() {
            spoiled.fetch_add(1, Ordering::Relaxed);
            let told: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            prop_assert!(told["tokenId"].is_null(), "{}", told);
            prop_assert!(told["successUrl"].is_null(), "{}", told);
            prop_assert_eq!(world.session_count(), 0);
            let session = reply.cookies.iter().find(|cookie| cookie.name == "iPlanetDirectoryPro");
            prop_assert!(session.is_none());
            // A failed effect is a failure of its node; nothing else is an answer, and is refused.
            let effect = matches!(SPOILS[spoil](), Given::Effect(_));
            prop_assert!(reply.status >= 400 || effect, "{} {}", reply.status, told);
        }
    });
    let spoiled = spoiled.into_inner();
    println!("{spoiled} needs were answered by what they did not ask for");
    assert!(spoiled > 300);
}
