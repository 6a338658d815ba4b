//! Authenticator apps: what is shown, kept and asked.

use super::*;
use crate::engine::{
    callback::MessageKind,
    effect::{
        COUNTER, Change, Credential, Device, DeviceKind, OathHash, OathKey, OathMoving, Room,
        StoreDevice, Who,
    },
};

fn registration<const N: usize>(settings: [(&'static str, Value); N]) -> Visit {
    let mut visit = Visit::new("OathRegistration", settings).with_shared("username", "demo");
    visit.world.random = (0..=255).collect();
    visit
}

/// The address that is shown, and what is kept when whoever registers goes on.
fn begun(visit: &mut Visit, identity: Identity) -> String {
    assert!(matches!(
        visit.enter().unwrap(),
        Did::Call(Effect::ReadIdentity(_))
    ));
    let asked = visit.effect(EffectReply::Identity(Some(identity))).unwrap();
    let Did::Ask(callbacks) = asked else {
        panic!("it asks")
    };
    let [
        Callback::TextOutput {
            message: MessageKind::Information,
            ..
        },
        Callback::TextOutput {
            text,
            message: MessageKind::QrCode,
        },
        Callback::HiddenValue { id, value },
        Callback::Confirmation { options, .. },
    ] = callbacks.as_slice()
    else {
        panic!("{callbacks:?}")
    };
    assert_eq!((id.as_str(), text), ("mfaDeviceRegistration", value));
    assert_eq!(options, &["Next"]);
    value.clone()
}

fn next(visit: &mut Visit) -> Did {
    let answers = [
        Answer::None,
        Answer::None,
        Answer::Text("whatever comes back".to_owned()),
        Answer::Index(0),
    ];
    visit.answer(answers).unwrap()
}

fn stored(did: Did) -> StoreDevice {
    match did {
        Did::Call(Effect::StoreDevice(store)) => *store,
        other => panic!("{other:?}"),
    }
}

fn key_in(address: &str) -> &str {
    let rest = address.split("secret=").nth(1).unwrap();
    rest.split('&').next().unwrap()
}

#[test]
fn what_is_shown_is_what_is_kept() {
    let mut visit = registration([
        ("issuer", "Acme".into()),
        ("bgColor", "#ff0000".into()),
        ("imgUrl", "https://acme.example/x.png".into()),
    ]);
    let address = begun(&mut visit, demo());
    assert!(
        address.starts_with("otpauth://totp/Acme:demo?secret="),
        "{address}"
    );
    assert!(address.ends_with("&b=ff0000&image=https%3A%2F%2Facme.example%2Fx.png"));
    let store = stored(next(&mut visit));
    assert_eq!(store.who, Who::Subject(demo().subject));
    assert_eq!((store.kind, store.room), (DeviceKind::Oath, Room::Only));
    let kept = OathKey::kept(&store.data, &store.secrets, store.used).unwrap();
    assert_eq!(kept.key.reveal(), key_in(&address));
    assert_eq!(kept.key.reveal().len(), 32);
    assert_eq!(kept.digits, 6);
    let step = OathMoving::Time {
        step: 30,
        hash: OathHash::Sha1,
    };
    assert_eq!(kept.moving, step);
    assert_eq!(store.codes.len(), 10);
    assert!(store.codes.iter().all(|code| code.reveal().len() == 10));
    // Nothing of it is in the state before it is kept, and then the codes alone.
    assert_eq!(visit.shared("oathDeviceProfile"), None);
    assert_eq!(visit.transient("recoveryCodes"), None);
    let kept = visit.effect(EffectReply::DeviceStored(true)).unwrap();
    assert_eq!(kept, went("successOutcome"));
    let codes: Vec<Value> = store.codes.into_iter().map(Value::Secret).collect();
    assert_eq!(
        visit.transient("recoveryCodes"),
        Some(Value::List(codes.into()))
    );
}

#[test]
fn settings_reach_the_address() {
    let named = |attribute: &str, value: &str| Identity {
        attributes: BTreeMap::from([(Arc::from(attribute), Value::from(value))]),
        ..demo()
    };
    for (settings, identity, parts) in [
        (
            [
                ("accountName", Value::from("EMAIL_ADDRESS")),
                ("issuer", "Acme".into()),
            ],
            named("mail", "ada@example.com"),
            vec![":ada%40example.com?"],
        ),
        (
            [
                ("accountName", "LAST_NAME".into()),
                ("issuer", "Acme".into()),
            ],
            demo(),
            vec![":demo?"],
        ),
        (
            [
                ("passwordLength", "EIGHT_DIGITS".into()),
                ("algorithm", "HOTP".into()),
            ],
            demo(),
            vec!["otpauth://hotp/", "&digits=8", "&counter=0"],
        ),
        (
            [
                ("totpTimeInterval", Value::Duration(Duration::from_secs(60))),
                ("totpHashAlgorithm", "HMAC_SHA512".into()),
            ],
            demo(),
            vec!["&algorithm=SHA512", "&period=60"],
        ),
    ] {
        let mut visit = registration(settings);
        let address = begun(&mut visit, identity);
        for part in parts {
            assert!(address.contains(part), "{part} in {address}");
        }
    }
    let mut long = registration([("minSharedSecretLength", 128.into())]);
    assert_eq!(key_in(&begun(&mut long, demo())).len(), 103);
    assert!(
        Visit::refused("OathRegistration", [("minSharedSecretLength", 130.into())])
            .contains("more than 128")
    );
    assert!(Visit::refused("OathRegistration", [("truncationOffset", 17.into())]).contains("16"));
}

#[test]
fn whoever_opted_out_is_in_again() {
    let out = Identity {
        attributes: BTreeMap::from([(Arc::from("_optedOutOfOath"), Value::Bool(true))]),
        ..demo()
    };
    let mut visit = registration([("generateRecoveryCodes", false.into())]);
    begun(&mut visit, out);
    assert!(stored(next(&mut visit)).codes.is_empty());
    let Did::Call(Effect::PatchIdentity(patch)) =
        visit.effect(EffectReply::DeviceStored(true)).unwrap()
    else {
        panic!("it patches")
    };
    assert_eq!(
        patch.changes,
        [(Arc::from("_optedOutOfOath"), Change::Remove)]
    );
    let done = visit.effect(EffectReply::Written(demo())).unwrap();
    assert_eq!(done, went("successOutcome"));
    assert_eq!(visit.transient("recoveryCodes"), None);
}

#[test]
fn nobody_is_registered_and_no_room_is_a_failure() {
    let mut visit = Visit::new("OathRegistration", []);
    assert_eq!(visit.enter().unwrap_err(), "Expected username to be set.");
    let mut visit = registration([]);
    visit.enter().unwrap();
    assert!(visit.effect(EffectReply::Identity(None)).is_err());
    for reply in [
        EffectReply::DeviceStored(false),
        EffectReply::Identity(None),
    ] {
        let mut visit = registration([]);
        begun(&mut visit, demo());
        next(&mut visit);
        assert_eq!(visit.effect(reply).unwrap(), went("failureOutcome"));
        assert_eq!(visit.transient("recoveryCodes"), None);
    }
}

/// The device that a registration leaves in the state.
fn postponed() -> Value {
    let mut visit = registration([("postponeDeviceProfileStorage", true.into())]);
    begun(&mut visit, demo());
    assert_eq!(next(&mut visit), went("successOutcome"));
    assert_eq!(
        visit.shared("oathEnableRecoveryCode"),
        Some(Value::Bool(true))
    );
    visit.shared("oathDeviceProfile").unwrap()
}

#[test]
fn a_device_of_the_state_is_tried_proves_nothing_and_is_kept_as_used() {
    let made = postponed();
    assert!(!format!("{made:?}").contains("Secret(\""));
    let mut visit = Visit::new("OathTokenVerifier", [])
        .with_shared("username", "demo")
        .with_shared("oathDeviceProfile", made);
    assert!(matches!(visit.enter().unwrap(), Did::Ask(_)));
    let typed = [Answer::Text(" 123456 ".to_owned()), Answer::Index(0)];
    let Did::Call(Effect::Verify(verify)) = visit.answer(typed).unwrap() else {
        panic!("it verifies")
    };
    assert_eq!(verify.secret.reveal(), "123456");
    let Credential::Oath(window) = &verify.credential else {
        panic!("{verify:?}")
    };
    assert!(window.unkept.as_ref().is_some_and(|key| key.used.is_none()));
    let matched = Identity {
        attributes: BTreeMap::from([(Arc::from(COUNTER), Value::Int(7))]),
        ..demo()
    };
    let done = visit.effect(EffectReply::Match(matched)).unwrap();
    assert_eq!(done, went("successOutcome"));
    let made = visit.shared("oathDeviceProfile").unwrap();

    let mut keep = Visit::new("OathDeviceStorage", [])
        .with_shared("username", "demo")
        .with_shared("oathEnableRecoveryCode", true)
        .with_shared("oathDeviceProfile", made);
    keep.world.random = (0..=255).collect();
    let store = stored(keep.enter().unwrap());
    assert_eq!((store.used, store.codes.len()), (Some(7), 10));
    let done = keep.effect(EffectReply::DeviceStored(true)).unwrap();
    assert_eq!(done, went("successOutcome"));
    assert_eq!(keep.shared("oathDeviceProfile"), None);
    assert!(keep.transient("recoveryCodes").is_some());
}

#[test]
fn a_device_is_kept_for_nobody_but_whom_it_was_shown_to() {
    let mut visit = Visit::new("OathDeviceStorage", [])
        .with_shared("username", "eve")
        .with_shared("oathDeviceProfile", postponed());
    visit.world.subject = Some(Subject {
        id: SubjectId(Arc::from("id-eve")),
        username: Arc::from("eve"),
    });
    assert_eq!(visit.enter().unwrap(), went("failureOutcome"));
    let mut visit = Visit::new("OathDeviceStorage", []).with_shared("username", "demo");
    assert_eq!(visit.enter().unwrap(), went("failureOutcome"));
    let mut visit = visit.with_shared("oathDeviceProfile", "none of ours");
    assert_eq!(visit.enter().unwrap(), went("failureOutcome"));
}

fn device() -> Device {
    Device {
        uuid: Arc::from("u"),
        name: Arc::from("OATH Device"),
        created: Timestamp(0),
        accessed: Timestamp(0),
        used: None,
        data: BTreeMap::new(),
    }
}

#[test]
fn a_code_proves_its_user_and_a_wrong_one_fails() {
    for (reply, proves) in [
        (EffectReply::Match(demo()), true),
        (EffectReply::Miss, false),
    ] {
        let mut visit = Visit::new(
            "OathTokenVerifier",
            [("isRecoveryCodeAllowed", true.into())],
        )
        .with_shared("username", "demo");
        assert!(matches!(
            visit.enter().unwrap(),
            Did::Call(Effect::ReadDevices(_))
        ));
        let asked = visit.effect(EffectReply::Devices(vec![device()])).unwrap();
        assert!(matches!(&asked, Did::Ask(callbacks) if callbacks.len() == 2));
        // An empty code costs no try.
        let empty = [Answer::Text(String::new()), Answer::Index(0)];
        assert_eq!(visit.answer(empty).unwrap(), asked);
        let typed = [Answer::Text("123456".to_owned()), Answer::Index(0)];
        assert!(matches!(
            visit.answer(typed).unwrap(),
            Did::Call(Effect::Verify(_))
        ));
        let done = visit.effect(reply).unwrap();
        if proves {
            let proof = Some((Factor::Otp, demo()));
            assert_eq!(done, Did::Go("successOutcome".to_owned(), proof));
        } else {
            assert_eq!(done, went("failureOutcome"));
        }
    }
}

#[test]
fn without_a_device_there_is_nothing_to_ask() {
    for reply in [
        EffectReply::Devices(Vec::new()),
        EffectReply::Identity(None),
    ] {
        let mut visit = Visit::new("OathTokenVerifier", []).with_shared("username", "demo");
        visit.enter().unwrap();
        assert_eq!(visit.effect(reply).unwrap(), went("notRegisteredOutcome"));
        assert_eq!(visit.shared("mfaMethod"), Some(Value::text("oath")));
    }
}

#[test]
fn recovery_is_chosen_where_it_is_offered() {
    let visit = |allowed: bool| {
        let mut visit = Visit::new(
            "OathTokenVerifier",
            [("isRecoveryCodeAllowed", allowed.into())],
        )
        .with_shared("username", "demo");
        visit.enter().unwrap();
        visit.effect(EffectReply::Devices(vec![device()])).unwrap();
        visit.answer([Answer::Text(String::new()), Answer::Index(1)])
    };
    assert_eq!(visit(true).unwrap(), went("recoveryCodeOutcome"));
    assert!(visit(false).is_err());
}

#[test]
fn a_recovery_code_is_compared_with_those_of_its_kind() {
    for (word, kind) in [
        ("OATH", DeviceKind::Oath),
        ("PUSH", DeviceKind::Push),
        ("WEB_AUTHN", DeviceKind::WebAuthn),
    ] {
        let mut visit = Visit::new(
            "RecoveryCodeCollectorDecision",
            [("recoveryCodeType", word.into())],
        )
        .with_shared("username", "demo");
        visit.enter().unwrap();
        let asked = visit.answer([Answer::Text("  ".to_owned())]).unwrap();
        assert!(matches!(asked, Did::Ask(_)));
        let called = visit.answer([Answer::Text(" abc ".to_owned())]).unwrap();
        let Did::Call(Effect::Verify(verify)) = called else {
            panic!("{called:?}")
        };
        assert_eq!(verify.credential, Credential::Recovery { of: kind });
        assert_eq!(verify.secret.reveal(), "abc");
        assert_eq!(visit.effect(EffectReply::Miss).unwrap(), went("false"));
    }
}
