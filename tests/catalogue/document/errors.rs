//! What makes nodes fail: what they say, and what they have done outside.
//!
//! Both are the registry's; a test beside the behaviours holds them against their sources.

use std::sync::LazyLock;

use wayfare::{Registry, Signature, model::signature::Known};

use super::is_built;
use crate::catalogue::signatures;

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::standard);

/// What it is for an effect to fail, for each kind that a built-in type has done.
const FAILS: &[(&str, &str)] = &[
    ("verify", "a secret cannot be compared"),
    ("bind", "the directory does not answer"),
    ("read_identity", "a user cannot be read"),
    ("find_identity", "users cannot be searched"),
    ("set_status", "an account cannot be changed"),
    ("create_identity", "a user cannot be made"),
    ("patch_identity", "a user cannot be changed"),
    ("judge", "the schema cannot be asked"),
    ("read_document", "a document of the realm cannot be read"),
    ("read_session", "the session cannot be read"),
    ("open_cookie", "the persistent cookie cannot be looked at"),
    ("read_devices", "the devices of the user cannot be read"),
    ("store_device", "a device cannot be kept"),
    ("send", "the message is not taken"),
    (
        "backchannel",
        "the journey beside this one cannot be reached",
    ),
    ("keyed", "the key is not there or cannot be used"),
    (
        "fetch",
        "a call of its script over HTTP cannot be made at all",
    ),
    ("social", "the identity provider cannot be reached"),
    (
        "custom",
        "what its script wants from the embedder cannot be done",
    ),
    (
        "external",
        "its handler does not answer, or says what the signature does not allow",
    ),
];

/// The errors of a type.
pub(in super::super) fn of(name: &str) -> Vec<&'static str> {
    REGISTRY.errors(name)
}

/// When what a type has done outside fails, one by one.
pub(super) fn calls(signature: &Signature) -> Vec<&'static str> {
    let kinds = if is_built(&signature.name) {
        REGISTRY.calls(&signature.name)
    } else {
        vec!["external"]
    };
    let fails = |kind: &str| {
        let known = FAILS.iter().find(|(known, _)| *known == kind);
        known
            .unwrap_or_else(|| panic!("what is it for `{kind}` to fail?"))
            .1
    };
    kinds.into_iter().map(fails).collect()
}

/// What the checks of journeys are told of calls is what the behaviours do.
#[test]
fn a_built_type_calls_out_where_its_signature_says_so() {
    let mut wrong = Vec::new();
    for signature in signatures() {
        let name = &*signature.name;
        // As what it acts.
        if !REGISTRY.built().any(|built| built == name) || name == "ConfigProvider" {
            continue;
        }
        let calls = REGISTRY.calls(name);
        let may = signature.calls_out != Known::Is(false) || signature.suspends != Known::Is(false);
        let must = signature.calls_out == Known::Is(true);
        let verifies = signature.verifies != Known::Is(false);
        if (!may && !calls.is_empty()) || (must && calls.is_empty()) {
            wrong.push(format!(
                "{name} calls {calls:?}, and its signature says {:?}",
                signature.calls_out
            ));
        }
        if verifies != calls.contains(&"verify") {
            wrong.push(format!(
                "{name} calls {calls:?}, and verifies is {verifies}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
