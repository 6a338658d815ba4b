//! What an attacker would make if the keys of a realm were known: forged tokens, opened states.

use std::time::Duration;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::Value as Json;
use wayfare::{Host, Seal, Timestamp, engine::host::NoRandomness};
use wayfare_server::keys;
use wayfare_wire::seal::Sealer;

use super::world::{World, data_file, realm};
use crate::support::BEGIN;

/// `{"typ":"JWT","alg":"HS256"}`, the only header there is.
pub(crate) const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

/// Base64 as tokens have it.
pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// A piece of a text of ASCII.
pub(crate) fn slice(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).expect("within the text")
}

/// The three parts of a token.
pub(crate) fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().expect("three parts")
}

/// The claims of a token, as text.
pub(crate) fn claims(token: &str) -> String {
    String::from_utf8(unb64(parts(token)[1])).expect("text")
}

/// The signing key of a realm, out of its file.
pub(crate) fn signing_key(world: &World, name: &str) -> Vec<u8> {
    let file = data_file(&world.server, &format!("keys/{name}.json"));
    let file: Json = serde_json::from_str(&file).expect("JSON");
    let key = file["pairs"][0]["signing"].as_str().expect("a key");
    STANDARD.decode(key).expect("base64")
}

/// The signature HS256 of a message.
pub(crate) fn hs256(key: &[u8], message: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    b64(ring::hmac::sign(&key, message.as_bytes()))
}

/// A token of this header and these claims, signed with a key.
pub(crate) fn forged(header: &str, claims: &str, key: &[u8]) -> String {
    let signed = format!("{}.{}", b64(header), b64(claims));
    let signature = hs256(key, &signed);
    format!("{signed}.{signature}")
}

/// The run of a token.
pub(crate) fn run_of(token: &str) -> u128 {
    let head = head(token);
    u128::from_be_bytes(head[17..33].try_into().expect("sixteen bytes"))
}

/// Kind, epoch, run, generation, program, realm; then the sealed state.
fn head(token: &str) -> Vec<u8> {
    let claims: Json = serde_json::from_str(&claims(token)).expect("JSON");
    unb64(claims["sessionId"].as_str().expect("a text"))
}

struct NoHost;

impl Host for NoHost {
    fn now(&self) -> Timestamp {
        BEGIN
    }

    fn random(&self, _: &mut [u8]) -> Result<(), NoRandomness> {
        Err(NoRandomness)
    }
}

/// The state of the run in a token of `/alpha`, opened, with what was drawn for this run alone taken out.
pub(crate) fn state(world: &World, token: &str) -> Vec<u8> {
    let bytes = head(token);
    assert_eq!(bytes[0], 1, "the token holds its state");
    let (epoch, run) = (&bytes[1..17], &bytes[17..33]);
    let (generation, program) = (&bytes[33..37], &bytes[37..69]);
    assert_eq!(bytes[69..77], *b"\0\x06/alpha", "the realm of the run");
    let mut beside = b"wayfare.run.2".to_vec();
    for _ in ["claimed", "of the run"] {
        beside.extend_from_slice(&6_u32.to_be_bytes());
        beside.extend_from_slice(b"/alpha");
    }
    for part in [program, run, generation, epoch] {
        beside.extend_from_slice(part);
    }
    let folder = world.server.folder.path().join("data");
    let keys = keys::load(
        &folder,
        &realm("/alpha"),
        BEGIN.plus(Duration::from_secs(1)),
    );
    let keys = keys.expect("the keys");
    let mut state = bytes[77..].to_vec();
    let sealer = Sealer::new(&keys, &NoHost);
    sealer.open(&beside, &mut state).expect("it opens");
    // The run begins with its id and its salt, after a head that names version and program.
    let at = state.windows(16).position(|window| window == run);
    let at = at.expect("a run knows its id");
    state[at..at + 32].fill(0);
    state
}
