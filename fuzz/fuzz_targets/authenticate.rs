//! Clients that say whatever they like, one request after another: nobody gets in who has not given the right
//! password, and no step is taken twice.

#![no_main]

#[expect(
    dead_code,
    reason = "this is one of several that use the world of the tests"
)]
#[path = "../../crates/wayfare-wire/tests/world.rs"]
mod world;

use std::collections::BTreeSet;

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use world::World;

const TARGET: &str = "/json/realms/root/realms/alpha/authenticate";
const RIGHT: &str = "Ch4ng31t";

#[derive(Arbitrary, Debug)]
enum Move<'a> {
    /// Begins, with these parameters behind those that name the journey.
    Begin { page: bool, more: &'a str },
    /// Answers the step that came last but so many.
    Answer {
        back: u8,
        password: bool,
        right: bool,
        text: &'a str,
    },
    /// Sends the last body with a byte changed.
    Change { at: u16, by: u8 },
    /// Sends whatever it is.
    Any { query: &'a str, body: &'a [u8] },
    /// Time goes by.
    Wait(u16),
}

fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

fuzz_target!(|moves: Vec<Move<'_>>| {
    let world = World::new();
    let headers = [
        ("accept-api-version", "resource=2.1"),
        ("content-type", "application/json"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut steps: Vec<String> = Vec::new();
    let mut taken = BTreeSet::new();
    let mut last = Vec::new();
    let mut knows = false;
    for one in moves.iter().take(64) {
        let (target, body) = match one {
            Move::Begin { page, more } => {
                let journey = if *page { "Login" } else { "Single" };
                let query = format!("authIndexType=service&authIndexValue={journey}&{more}");
                (format!("{TARGET}?{query}"), b"{}".to_vec())
            }
            Move::Answer {
                back,
                password,
                right,
                text: said,
            } => {
                let at = steps.len().checked_sub(1 + usize::from(*back));
                let Some(step) = at.and_then(|at| steps.get(at)) else {
                    continue;
                };
                let said = if *right {
                    if *password { RIGHT } else { "demo" }
                } else {
                    said
                };
                let kind = if *password {
                    "PasswordCallback"
                } else {
                    "NameCallback"
                };
                let body = format!(
                    r#"{{"authId":{},"callbacks":[{{"type":"{kind}","input":[{{"name":"IDToken1","value":{}}}]}}]}}"#,
                    text(step),
                    text(said)
                );
                (TARGET.to_owned(), body.into_bytes())
            }
            Move::Change { at, by } => {
                let mut body: Vec<u8> = Vec::clone(&last);
                let length = body.len().max(1);
                if let Some(byte) = body.get_mut(usize::from(*at) % length) {
                    *byte ^= by;
                }
                (TARGET.to_owned(), body)
            }
            Move::Any { query, body } => (format!("{TARGET}?{query}"), body.to_vec()),
            Move::Wait(seconds) => {
                world.advance(u64::from(*seconds));
                continue;
            }
        };
        knows |= String::from_utf8_lossy(&body).contains(RIGHT);
        let reply = world.send("POST", &target, &headers, &body);
        let said = String::from_utf8_lossy(&reply.body).into_owned();
        assert_ne!(reply.status, 500, "{said}");
        if said.contains("\"tokenId\"") {
            assert!(knows, "somebody got in without the password: {said}");
            assert!(taken.insert(body.clone()), "a step was taken twice: {said}");
        }
        let json: Option<serde_json::Value> = serde_json::from_str(&said).ok();
        if let Some(step) = json.as_ref().and_then(|json| json["authId"].as_str()) {
            steps.push(step.to_owned());
        }
        last = body;
    }
});
