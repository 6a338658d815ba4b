//! What holds of tokens and roles whatever the numbers are.

use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use wayfare::{Realm, Timestamp};
use wayfare_wire::{
    autoid::{
        role::{Role, Roles},
        token::{Issuing, TYP},
    },
    jose::{Algorithm, KeySet, SigningKey, Verified},
};

use super::golden::{issuing, login, user};

fn verified(claims: wayfare_wire::jose::Claims) -> Verified {
    Verified {
        claims,
        algorithm: Algorithm::EdDsa,
        kid: None,
    }
}

fn key() -> SigningKey {
    let bytes = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    SigningKey::new(Algorithm::EdDsa, None, bytes.as_ref()).unwrap()
}

proptest! {
    /// A renewed token ends no earlier than the one before it and never past the limit of its login, and
    /// keeps who logged in, when and by what.
    #[test]
    fn renewal_stays_within_the_login(
        lifetime in 1_u64..100_000,
        lifetime_max in 1_u64..1_000_000,
        steps in prop::collection::vec(0_u64..200_000, 1..12),
    ) {
        let issuing = Issuing {
            lifetime: Duration::from_secs(lifetime),
            lifetime_max: Duration::from_secs(lifetime_max),
            ..issuing()
        };
        let start = 1_628_893_019;
        let mut token = verified(issuing.issue(&login(start), "j-0"));
        let mut now = start;
        for (at, step) in steps.into_iter().enumerate() {
            let end = token.seconds("exp").unwrap();
            prop_assert!(end <= start + lifetime_max);
            now += step;
            let id = format!("j-{}", at + 1);
            match issuing.renew(&token, &user(), &id, Timestamp(now * 1_000)) {
                Ok(claims) => {
                    let next = verified(claims);
                    prop_assert!(next.seconds("exp").unwrap() >= end);
                    prop_assert!(next.seconds("exp").unwrap() > now);
                    prop_assert_eq!(next.seconds("iat"), Some(now));
                    prop_assert_eq!(next.text("jti"), Some(&*id));
                    for kept in ["sub", "auth_time", "amr", "acr", "authLevel", "realm"] {
                        prop_assert_eq!(next.claims.get(kept), token.claims.get(kept));
                    }
                    token = next;
                }
                Err(_) => prop_assert!(now >= start + lifetime_max),
            }
        }
    }

    /// Actions are the union, and `*` stands alone; title and homepage are those of the first role held.
    #[test]
    fn roles_add_up(
        declared in prop::collection::vec((0_u8..4, prop::collection::vec(0_u8..6, 0..4)), 0..6),
        held in prop::collection::vec(0_u8..4, 0..4),
    ) {
        let action = |n: &u8| if *n == 0 { "*".to_owned() } else { format!("SHOW__{n}") };
        let roles = Roles(declared.iter().enumerate().map(|(at, (group, actions))| Role {
            group: format!("g{group}"),
            title: format!("role {at}"),
            homepage: (at % 2 == 0).then(|| format!("page {at}")),
            actions: actions.iter().map(action).collect(),
        }).collect());
        let groups: Vec<String> = held.iter().map(|n| format!("g{n}")).collect();
        let permitted = roles.of(&groups);
        let wanted: BTreeSet<String> = declared
            .iter()
            .filter(|(group, _)| held.contains(group))
            .flat_map(|(_, actions)| actions.iter().map(action))
            .collect();
        let given: BTreeSet<String> = permitted.actions.iter().cloned().collect();
        prop_assert_eq!(given.len(), permitted.actions.len(), "each once");
        if wanted.contains("*") {
            prop_assert_eq!(permitted.actions, vec!["*".to_owned()]);
        } else {
            prop_assert_eq!(given, wanted);
        }
        let first = declared.iter().position(|(group, _)| held.contains(group));
        let title = first.map_or("Unknown".to_owned(), |at| format!("role {at}"));
        prop_assert_eq!(permitted.title, title);
    }
}

#[test]
fn a_token_is_what_was_issued_and_nothing_else() {
    let issuing = issuing();
    let start = 1_628_893_019;
    let (signing, other) = (key(), key());
    let keys = KeySet::of(signing.clone());
    let realm = Realm::parse("/alpha").unwrap();
    let now = Timestamp(start * 1_000);
    let claims = issuing.issue(&login(start), "j-1");
    let token = signing.sign(TYP, &claims).unwrap();
    let verified = issuing.verify(&token, &keys, &realm, now).unwrap();
    assert_eq!(verified.claims, claims);

    let refused = |token: &str| assert!(issuing.verify(token, &keys, &realm, now).is_err());
    refused(&other.sign(TYP, &claims).unwrap());
    refused(&signing.sign("at+jwt", &claims).unwrap());
    for name in [
        "iss",
        "aud",
        "exp",
        "iat",
        "sub",
        "jti",
        "uid",
        "auth_time",
        "realm",
    ] {
        let mut without = claims.clone();
        without.remove(name);
        refused(&signing.sign(TYP, &without).unwrap());
        let mut wrong = claims.clone();
        wrong.insert(name.into(), vec!["x"].into());
        refused(&signing.sign(TYP, &wrong).unwrap());
    }
    for (name, value) in [
        ("exp", serde_json::json!("9999999999")),
        ("exp", serde_json::json!(start - 11)),
        ("nbf", serde_json::json!(start + 11)),
        ("iss", serde_json::json!("https://login.example.com/")),
        ("aud", serde_json::json!("http://my.service/")),
        ("realm", serde_json::json!("/beta")),
    ] {
        let mut wrong = claims.clone();
        wrong.insert(name.into(), value);
        refused(&signing.sign(TYP, &wrong).unwrap());
    }
    // Every bit counts.
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] ^= 1;
        if let Ok(text) = String::from_utf8(bytes) {
            refused(&text);
        }
    }
    let elsewhere = Realm::parse("/beta").unwrap();
    assert!(issuing.verify(&token, &keys, &elsewhere, now).is_err());
    let late = Timestamp((start + 43_200 + 10) * 1_000);
    assert!(issuing.verify(&token, &keys, &realm, late).is_err());
}
