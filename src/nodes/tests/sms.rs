//! One-time codes as text messages.

use super::*;
use crate::engine::effect::{Channel, ReadIdentity, Who};

fn sender<const N: usize>(settings: [(&str, Value); N]) -> Visit {
    let mut visit = Visit::new("OneTimePasswordSmsSender", settings)
        .with_shared("username", "demo")
        .with_transient("oneTimePassword", secret("123456"));
    visit.world.challenge = Some(Challenge(None));
    visit
}

fn with<const N: usize>(attributes: [(&str, Value); N]) -> EffectReply {
    let attributes = attributes.map(|(name, value)| (Arc::from(name), value));
    EffectReply::Identity(Some(Identity {
        attributes: BTreeMap::from(attributes),
        ..demo()
    }))
}

#[test]
fn a_code_goes_to_the_number_of_the_profile() {
    let mut visit = sender([
        ("mobilePhoneAttributeName", "mobile".into()),
        ("mobileCarrierAttributeName", "carrier".into()),
        ("fromEmailAddress", "door@example.com".into()),
        ("smsContent", localized([("en", "{{OTP}} it is")])),
    ]);
    assert_eq!(
        visit.enter().unwrap(),
        Did::Call(Effect::ReadIdentity(ReadIdentity {
            who: Who::Name(Arc::from("demo")),
            attributes: vec![Arc::from("mobile"), Arc::from("carrier")],
        }))
    );
    let profile = with([
        ("mobile", "+49 (171) 123-45.6/7".into()),
        ("carrier", "sms.example.com".into()),
    ]);
    let Did::Call(Effect::Send(message)) = visit.effect(profile).unwrap() else {
        panic!("it sends");
    };
    assert_eq!(message.channel, Channel::Sms);
    assert_eq!(&*message.to, "+491711234567@sms.example.com");
    assert_eq!(&*message.from, "door@example.com");
    assert_eq!(message.subject, "Your one-time password");
    assert_eq!(message.body.reveal(), "123456 it is");
    assert_eq!(visit.world.challenge, Some(Challenge(None)));
    assert_eq!(visit.effect(EffectReply::Sent).unwrap(), went("outcome"));
    assert_eq!(visit.world.challenge, Some(Challenge(Some(subject()))));
}

#[test]
fn without_a_carrier_the_embedder_knows_the_gateway() {
    let mut visit = sender([]);
    visit.enter().unwrap();
    let profile = with([("telephoneNumber", list(["0171 1234567", "2"]))]);
    let Did::Call(Effect::Send(message)) = visit.effect(profile).unwrap() else {
        panic!("it sends");
    };
    assert_eq!(&*message.to, "01711234567");
}

#[test]
fn without_a_number_a_carrier_or_a_code_nothing_goes() {
    for profile in [
        with([]),
        with([("telephoneNumber", "call me".into())]),
        with([("telephoneNumber", "1@evil.example".into())]),
        EffectReply::Identity(None),
    ] {
        let mut visit = sender([]);
        visit.enter().unwrap();
        visit.effect(profile).unwrap_err();
    }
    let mut visit = sender([("mobileCarrierAttributeName", "carrier".into())]);
    visit.enter().unwrap();
    let profile = with([
        ("telephoneNumber", "01711234567".into()),
        ("carrier", "x@evil.example".into()),
    ]);
    visit.effect(profile).unwrap_err();
    let mut codeless = Visit::new("OneTimePasswordSmsSender", []).with_shared("username", "demo");
    assert_eq!(codeless.enter().unwrap_err(), "One time password not found");
}
