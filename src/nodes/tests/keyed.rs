//! Keys and certificates.

use std::net::IpAddr;

use super::*;
use crate::engine::effect::{AlternativeName, Keyed, KeyedReply, SubjectField};

fn keyed(did: Did) -> Keyed {
    match did {
        Did::Call(Effect::Keyed(asked)) => *asked,
        other => panic!("{other:?}"),
    }
}

fn said(reply: KeyedReply) -> EffectReply {
    EffectReply::Keyed(Box::new(reply))
}

fn names(name: Option<&str>) -> EffectReply {
    said(KeyedReply::Names(name.map(Arc::from)))
}

#[test]
fn the_password_is_sealed_into_a_property_of_the_session() {
    let label = ("encryptionKeySecretLabelIdentifier", Value::from("gateway"));
    let new = || Visit::new("JwtPasswordReplay", [label.clone()]);
    let mut visit = new().with_transient("password", secret("Ch4ng31t"));
    let asked = keyed(visit.enter().unwrap());
    let wanted = Keyed::Seal {
        label: Arc::from("am.authentication.nodes.jwt.replay.gateway.encryption"),
        secret: Secret::new("Ch4ng31t".to_owned()),
    };
    assert_eq!(asked, wanted);
    let sealed = || said(KeyedReply::Sealed(Secret::new("e.y.J".to_owned())));
    assert_eq!(visit.effect(sealed()).unwrap(), went("outcome"));
    let property = visit.world.properties.get("sunIdentityUserPassword");
    assert_eq!(property, Some(&Some(Value::from("e.y.J"))));
    // Without a password there is nothing to keep, and what was not sealed is not kept.
    assert!(new().enter().is_err());
    assert!(new().with_shared("password", "plain").enter().is_err());
    visit.enter().unwrap();
    assert!(visit.effect(names(Some("demo"))).is_err());
    let system = ("jwtSessionProperty", Value::from("AuthLevel"));
    assert!(!Visit::refused("JwtPasswordReplay", [label.clone(), system]).is_empty());
    let empty = ("encryptionKeySecretLabelIdentifier", Value::from(""));
    assert!(!Visit::refused("JwtPasswordReplay", [empty]).is_empty());
}

/// The node as it has asked, and its nonce.
fn asking() -> (Visit, String) {
    let mut visit = Visit::new("AmsterJwtDecision", []);
    visit.world.random = (0..16).collect();
    let Did::Ask(asked) = visit.enter().unwrap() else {
        panic!("it asks");
    };
    let [Callback::HiddenValue { id, value }] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(id, "jwt");
    let nonce = value.clone();
    (visit, nonce)
}

#[test]
fn a_token_for_the_nonce_of_the_visit_names_a_user_and_proves_nothing() {
    let (mut visit, nonce) = asking();
    assert_eq!(nonce.len(), 32);
    let client = IpAddr::from([192, 0, 2, 7]);
    visit.world.request.client = Some(client);
    let asked = keyed(visit.answer([Answer::Text("a.b.c".to_owned())]).unwrap());
    let wanted = Keyed::Token {
        keys: Arc::from("@BASE_DIR@/security/keys/amster/authorized_keys"),
        token: Secret::new("a.b.c".to_owned()),
        nonce: Secret::new(nonce),
        client: Some(client),
    };
    assert_eq!(asked, wanted);
    let Did::Call(Effect::ReadIdentity(_)) = visit.effect(names(Some("DEMO"))).unwrap() else {
        panic!("the user is looked up");
    };
    let found = visit.effect(EffectReply::Identity(Some(demo()))).unwrap();
    assert_eq!(found, Did::Found("true".to_owned(), demo()));
    assert_eq!(visit.shared("username"), Some(Value::from("demo")));
    // The nonce is good for one answer.
    assert!(visit.answer([Answer::Text("a.b.c".to_owned())]).is_err());
}

#[test]
fn what_is_no_token_or_names_nobody_is_refused() {
    for token in [String::new(), "x".repeat(8 * 1_024 + 1)] {
        let (mut visit, _) = asking();
        assert_eq!(visit.answer([Answer::Text(token)]).unwrap(), went("false"));
    }
    let (mut visit, _) = asking();
    visit.answer([Answer::Text("a.b.c".to_owned())]).unwrap();
    assert_eq!(visit.effect(names(None)).unwrap(), went("false"));
    let (mut visit, _) = asking();
    visit.answer([Answer::Text("a.b.c".to_owned())]).unwrap();
    visit.effect(names(Some("eve"))).unwrap();
    assert_eq!(
        visit.effect(EffectReply::Identity(None)).unwrap(),
        went("false")
    );
    assert_eq!(visit.shared("username"), None);
}

#[test]
fn a_certificate_names_a_user() {
    let settings = [
        (
            "certificateAttributeToProfileMapping",
            Value::from("SUBJECT_UID"),
        ),
        (
            "certificateAttributeProfileMappingExtension",
            Value::from("UPN"),
        ),
    ];
    let new = || Visit::new("product-CertificateUserExtractor", settings.clone());
    for certificate in [Value::from("MII"), list(["MII", "MIJ"])] {
        let mut visit = new().with_transient("X509Certificate", certificate);
        let asked = keyed(visit.enter().unwrap());
        let wanted = Keyed::Certificate {
            certificate: Arc::from("MII"),
            alternative: AlternativeName::Principal,
            subject: SubjectField::UserId,
        };
        assert_eq!(asked, wanted);
        assert_eq!(
            visit.effect(names(Some("demo"))).unwrap(),
            went("EXTRACTED")
        );
        assert_eq!(visit.shared("username"), Some(Value::from("demo")));
    }
    let mut nobody = new().with_transient("X509Certificate", "MII");
    nobody.enter().unwrap();
    assert_eq!(nobody.effect(names(None)).unwrap(), went("NOT_EXTRACTED"));
    assert_eq!(nobody.shared("username"), None);
    // What stands in shared state, no collector has written.
    assert!(new().with_shared("X509Certificate", "MII").enter().is_err());
    assert!(new().enter().is_err());
    let large = "x".repeat(64 * 1_024 + 1);
    let mut large = new().with_transient("X509Certificate", large.as_str());
    assert!(large.enter().is_err());
}

#[test]
fn another_field_of_a_certificate_is_named() {
    let field = ("certificateAttributeToProfileMapping", Value::from("OTHER"));
    let refused = Visit::refused("product-CertificateUserExtractor", [field.clone()]);
    assert!(refused.contains("otherCertificateAttributeToProfileMapping"));
    let other = (
        "otherCertificateAttributeToProfileMapping",
        Value::from("serialNumber"),
    );
    let mut visit = Visit::new("product-CertificateUserExtractor", [field, other])
        .with_transient("X509Certificate", "MII");
    let Keyed::Certificate { subject, .. } = keyed(visit.enter().unwrap()) else {
        panic!("a certificate is read");
    };
    assert_eq!(subject, SubjectField::Other(Arc::from("serialNumber")));
}
