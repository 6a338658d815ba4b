//! One-time codes: made, mailed, asked for.

use super::*;
use crate::engine::effect::{Channel, Credential, ReadIdentity, Verify, Who};

const NOW: u64 = 1_700_000_000_000;

#[test]
fn a_code_has_its_length_and_opens_a_challenge() {
    for (length, digits) in [(6, "012345"), (8, "01234567"), (10, "0123456789")] {
        let mut visit = Visit::new("OneTimePasswordGenerator", [("length", length.into())]);
        visit.world.now = NOW + 999;
        visit.world.random = (0..=255).collect();
        assert_eq!(visit.enter().unwrap(), went("outcome"));
        let Some(Value::Secret(code)) = visit.transient("oneTimePassword") else {
            panic!("the code is a secret");
        };
        assert_eq!(code.reveal(), digits);
        let made = visit.transient("oneTimePasswordTimestamp");
        assert_eq!(made, Some(Value::Int(1_700_000_000)));
        assert_eq!(visit.world.challenge, Some(Challenge(None)));
        assert!(visit.world.shared.is_empty());
    }
    for length in [5, 11, -1] {
        Visit::refused("OneTimePasswordGenerator", [("length", length.into())]);
    }
}

#[test]
fn digits_are_fair_and_broken_randomness_is_an_error() {
    // 250 and above would make small digits likelier.
    let mut visit = Visit::new("OneTimePasswordGenerator", []);
    visit.world.random = vec![255, 250, 249, 7];
    visit.enter().unwrap();
    assert_eq!(visit.transient("oneTimePassword"), Some(secret("97979797")));
    for random in [vec![], vec![255]] {
        let mut visit = Visit::new("OneTimePasswordGenerator", []);
        visit.world.random = random;
        visit.enter().unwrap_err();
        assert_eq!(visit.world.challenge, None);
        assert!(visit.world.transient.is_empty());
    }
}

fn sender<const N: usize>(settings: [(&str, Value); N]) -> Visit {
    let mut visit = Visit::new("OneTimePasswordSmtpSender", settings)
        .with_shared("username", "demo")
        .with_transient("oneTimePassword", secret("123456"));
    visit.world.challenge = Some(Challenge(None));
    visit
}

fn with_mail(name: &str, mail: Value) -> EffectReply {
    EffectReply::Identity(Some(Identity {
        attributes: BTreeMap::from([(Arc::from(name), mail)]),
        ..demo()
    }))
}

fn sent(visit: &mut Visit, reply: EffectReply) -> crate::engine::effect::Message {
    match visit.effect(reply).unwrap() {
        Did::Call(Effect::Send(message)) => message,
        other => panic!("it sends: {other:?}"),
    }
}

#[test]
fn a_mail_goes_out_as_the_settings_say() {
    let mut visit = sender([
        ("hostName", "mail.example.com".into()),
        ("hostPort", 2525.into()),
        ("username", "mailer".into()),
        ("password", Value::SecretParameter(Arc::from("smtp"))),
        ("secretLabelIdentifier", "smtp.label".into()),
        ("fromEmailAddress", "login@example.com".into()),
        ("emailAttribute", "privateMail".into()),
        (
            "emailSubject",
            localized([("en", "Code {{OTP}}"), ("fr", "Code : {{OTP}}")]),
        ),
        (
            "emailContent",
            localized([("en", "Use"), ("fr", "{{OTP}}, oui, {{OTP}}")]),
        ),
        ("sslOption", "START_TLS".into()),
        (
            "smsGatewayImplementationClass",
            "com.example.Gateway".into(),
        ),
    ]);
    visit.world.request.locales = vec!["fr".to_owned()];
    assert_eq!(
        visit.enter().unwrap(),
        Did::Call(Effect::ReadIdentity(ReadIdentity {
            who: Who::Name(Arc::from("demo")),
            attributes: vec![Arc::from("privateMail")],
        }))
    );
    let mails = list(["demo@example.com", "second@example.com"]);
    let message = sent(&mut visit, with_mail("privateMail", mails));
    assert_eq!(message.channel, Channel::Mail);
    assert_eq!(&*message.to, "demo@example.com");
    assert_eq!(&*message.from, "login@example.com");
    assert_eq!(message.subject, "Code : 123456");
    assert_eq!(message.body.reveal(), "123456, oui, 123456");
    let route = [
        ("hostName", Value::from("mail.example.com")),
        ("hostPort", 2525.into()),
        ("password", secret("bound smtp")),
        ("secretLabelIdentifier", "smtp.label".into()),
        (
            "smsGatewayImplementationClass",
            "com.example.Gateway".into(),
        ),
        ("sslOption", "START_TLS".into()),
        ("username", "mailer".into()),
    ];
    assert_eq!(
        message.route,
        route.into_iter().map(|(k, v)| (Arc::from(k), v)).collect()
    );
    assert_eq!(visit.effect(EffectReply::Sent).unwrap(), went("outcome"));
    assert_eq!(
        visit.shared("emailAddress"),
        Some("demo@example.com".into())
    );
    assert_eq!(visit.world.challenge, Some(Challenge(Some(subject()))));
}

#[test]
fn without_settings_the_mail_has_words_of_its_own() {
    let mut visit = sender([]);
    visit.enter().unwrap();
    let message = sent(&mut visit, with_mail("mail", "demo@example.com".into()));
    assert!(message.body.reveal().contains("123456"));
    assert!(!message.subject.is_empty() && !message.subject.contains("123456"));
    assert_eq!(&*message.from, "");
    assert_eq!(message.route["sslOption"], "SSL".into());
}

#[test]
fn a_code_sent_elsewhere_proves_nothing_even_if_sending_fails() {
    let mut visit = sender([]).with_shared("emailAddress", "evil@example.com");
    visit.enter().unwrap();
    let message = sent(&mut visit, with_mail("mail", "demo@example.com".into()));
    assert_eq!(&*message.to, "evil@example.com");
    assert_eq!(visit.world.challenge, None, "closed before it goes out");
    assert_eq!(visit.effect(EffectReply::Sent).unwrap(), went("outcome"));
    assert_eq!(visit.world.challenge, None);

    let mut profile = sender([]);
    profile
        .world
        .object
        .insert("mail".to_owned(), ("new@example.com".into(), false));
    profile.enter().unwrap();
    let message = sent(&mut profile, with_mail("mail", "demo@example.com".into()));
    assert_eq!(&*message.to, "new@example.com");
    assert_eq!(profile.world.challenge, None);
}

#[test]
fn a_stated_address_of_the_profile_is_the_profile_s() {
    let mut visit = sender([]).with_shared("emailAddress", "second@example.com");
    visit.enter().unwrap();
    let mails = list(["demo@example.com", "second@example.com"]);
    let message = sent(&mut visit, with_mail("mail", mails));
    assert_eq!(&*message.to, "second@example.com");
    visit.effect(EffectReply::Sent).unwrap();
    assert_eq!(visit.world.challenge, Some(Challenge(Some(subject()))));
}

#[test]
fn without_code_identity_or_address_nothing_is_sent() {
    let mut codeless = Visit::new("OneTimePasswordSmtpSender", []).with_shared("username", "demo");
    assert_eq!(codeless.enter().unwrap_err(), "One time password not found");
    let mut nobody = Visit::new("OneTimePasswordSmtpSender", [])
        .with_transient("oneTimePassword", secret("123456"));
    let no_identity = "Failed to get identity with provided user name";
    assert_eq!(nobody.enter().unwrap_err(), no_identity);
    let mut visit = sender([]);
    let unknown = visit.effect(EffectReply::Identity(None)).unwrap_err();
    assert_eq!(unknown, no_identity);
    let addressless = visit.effect(EffectReply::Identity(Some(demo())));
    assert_eq!(
        addressless.unwrap_err(),
        "Failed to find an email address for the specified user."
    );
    let forged = with_mail("mail", "a@example.com\r\nBcc: b@example.com".into());
    assert!(visit.effect(forged).unwrap_err().contains("control"));
    assert_eq!(visit.shared("emailAddress"), None);
    visit.effect(EffectReply::Sent).unwrap_err();
}

fn collector(expiry: Option<Duration>) -> Visit {
    let visit = match expiry {
        Some(expiry) => Visit::new(
            "OneTimePasswordCollectorDecision",
            [("passwordExpiryTime", Value::Duration(expiry))],
        ),
        None => Visit::new("OneTimePasswordCollectorDecision", []),
    };
    let mut visit = visit
        .with_shared("username", "demo")
        .with_transient("oneTimePassword", secret("123456"))
        .with_transient("oneTimePasswordTimestamp", 1_700_000_000);
    visit.world.now = NOW;
    visit.world.challenge = Some(Challenge(Some(subject())));
    visit
}

fn verified(visit: &mut Visit, typed: &str) -> Verify {
    match visit.answer([Answer::Secret(typed.into())]).unwrap() {
        Did::Call(Effect::Verify(verify)) => verify,
        other => panic!("it verifies: {other:?}"),
    }
}

#[test]
fn a_code_is_asked_for_and_compared_outside() {
    let mut visit = collector(None);
    let asked = Did::Ask(vec![Callback::Password {
        prompt: "One Time Password".to_owned(),
    }]);
    assert_eq!(visit.enter().unwrap(), asked);
    assert_eq!(visit.answer([Answer::Secret("".into())]).unwrap(), asked);
    assert_eq!(
        verified(&mut visit, "654321"),
        Verify {
            who: Who::Subject(demo().subject),
            credential: Credential::Otp {
                expected: "123456".into(),
                lapsed: false,
            },
            secret: "654321".into(),
        }
    );
    assert_eq!(visit.effect(EffectReply::Miss).unwrap(), went("false"));
    assert_eq!(visit.transient("oneTimePassword"), Some(secret("123456")));
    assert_eq!(visit.world.challenge, Some(Challenge(Some(subject()))));
    assert_eq!(
        visit.effect(EffectReply::Match(demo())).unwrap(),
        Did::Go("true".to_owned(), Some((Factor::Otp, demo())))
    );
    assert_eq!(visit.transient("oneTimePassword"), None);
    assert_eq!(visit.transient("oneTimePasswordTimestamp"), None);
    assert_eq!(visit.enter().unwrap_err(), "One time password not found");
}

#[test]
fn a_code_that_went_to_nobody_or_to_another_proves_nothing() {
    let other = Subject {
        id: SubjectId(Arc::from("id-other")),
        username: Arc::from("other"),
    };
    for challenge in [None, Some(Challenge(None)), Some(Challenge(Some(other)))] {
        let mut visit = collector(None);
        visit.world.challenge = challenge;
        let matched = visit.effect(EffectReply::Match(demo())).unwrap();
        assert_eq!(matched, went("true"));
        assert_eq!(visit.world.challenge, None);
    }
}

#[test]
fn a_code_lapses_when_its_time_is_over() {
    let minute = Duration::from_secs(60);
    let cases = [
        (None, 5 * 60_000 - 1, false),
        (None, 5 * 60_000, true),
        (Some(minute), 59_999, false),
        (Some(minute), 60_000, true),
    ];
    for (expiry, later, expected) in cases {
        let mut visit = collector(expiry);
        visit.world.now = NOW + later;
        let Credential::Otp { lapsed, .. } = verified(&mut visit, "123456").credential else {
            panic!("it is a code");
        };
        assert_eq!(lapsed, expected, "{expiry:?} {later}");
    }
    let mut undated = collector(None);
    let made = undated.key("oneTimePasswordTimestamp");
    undated.world.transient.remove(&made);
    let credential = verified(&mut undated, "123456").credential;
    assert!(matches!(credential, Credential::Otp { lapsed: true, .. }));
}

#[test]
fn a_code_that_nobody_can_know_never_matches() {
    let mut visit = collector(None);
    let lapsed = |visit: &mut Visit| {
        let credential = verified(visit, "123456").credential;
        let Credential::Otp { expected, lapsed } = credential else {
            panic!("it is a code");
        };
        assert_eq!(expected.reveal(), "123456", "compared as ever");
        lapsed
    };
    visit.world.challenge = Some(Challenge(None));
    assert!(lapsed(&mut visit), "made, and sent to nobody");
    visit.world.code_told = Told::Somebody;
    assert!(!lapsed(&mut visit), "shown by another node");
    visit.world.code_told = Told::Nobody;
    visit.world.challenge = None;
    assert!(!lapsed(&mut visit), "made by no generator, or gone astray");
    visit.world.challenge = Some(Challenge(Some(subject())));
    assert!(!lapsed(&mut visit), "sent to its owner");
}

#[test]
fn a_try_is_counted_for_somebody_or_not_made() {
    let mut visit = collector(None);
    visit.world.challenge = None;
    assert_eq!(verified(&mut visit, "1").who, Who::Name(Arc::from("demo")));
    visit.world.shared.clear();
    visit.answer([Answer::Secret("1".into())]).unwrap_err();
}
