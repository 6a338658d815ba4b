//! Mails from templates, and links that runs wait for.

use super::*;
use crate::{
    engine::effect::{Channel, FindIdentity, Message, ReadIdentity, Who},
    filter::Filter,
};

fn demo_with_mail(mail: Value) -> Identity {
    Identity {
        attributes: BTreeMap::from([(Arc::from("mail"), mail)]),
        ..demo()
    }
}

fn suspended(did: Result<Did, String>) -> Suspend {
    match did.unwrap() {
        Did::Suspend(suspend) => suspend,
        other => panic!("it waits: {other:?}"),
    }
}

fn message(effect: Option<Effect>) -> Message {
    match effect {
        Some(Effect::Send(message)) => message,
        other => panic!("it sends: {other:?}"),
    }
}

fn read(name: &str) -> Did {
    Did::Call(Effect::ReadIdentity(ReadIdentity {
        who: Who::Name(Arc::from(name)),
        attributes: vec![Arc::from("mail")],
    }))
}

fn looked_up() -> Visit {
    Visit::new(
        "EmailSuspend",
        [
            ("objectLookup", true.into()),
            ("emailTemplateName", "resetPassword".into()),
            (
                "emailSuspendMessage",
                localized([("en", "Look"), ("de", "Schau")]),
            ),
            ("suspendDuration", Value::Duration(Duration::from_secs(600))),
        ],
    )
    .with_shared("username", "demo")
}

#[test]
fn a_link_to_the_address_of_a_profile_proves_its_owner() {
    let mut visit = looked_up();
    visit.world.request.locales = vec!["de".to_owned()];
    assert_eq!(visit.enter().unwrap(), read("demo"));
    let known = demo_with_mail("demo@example.com".into());
    let suspend = suspended(visit.effect(EffectReply::Identity(Some(known))));
    assert_eq!(suspend.text, "Schau");
    assert_eq!(suspend.within, Some(Duration::from_secs(600)));
    let sent = message(suspend.deliver.map(|effect| effect.addressed("https://go")));
    assert_eq!(
        (sent.channel, &*sent.to, &*sent.from),
        (Channel::Mail, "demo@example.com", "")
    );
    assert_eq!(sent.body.reveal(), "https://go");
    let template = sent.template.unwrap();
    assert_eq!(&*template.name, "resetPassword");
    assert_eq!(template.locales, ["de"]);
    assert_eq!(template.about, Some(demo().subject));
    assert_eq!(template.link.reveal(), "https://go");
    assert_eq!(
        visit.resume(Reply::Resumed).unwrap(),
        Did::Go("outcome".to_owned(), Some((Factor::MailLink, demo())))
    );
}

#[test]
fn nobody_and_whoever_has_no_address_wait_like_everybody() {
    let shown = {
        let mut visit = looked_up();
        visit.enter().unwrap();
        let known = demo_with_mail("demo@example.com".into());
        suspended(visit.effect(EffectReply::Identity(Some(known))))
    };
    let nobody = [
        None,
        Some(demo()),
        Some(demo_with_mail("".into())),
        Some(demo_with_mail("nowhere".into())),
        Some(demo_with_mail("a@b\r\nBcc: c@d".into())),
        Some(demo_with_mail("a@b, c@d".into())),
    ];
    for identity in nobody {
        let mut visit = looked_up();
        visit.enter().unwrap();
        let suspend = suspended(visit.effect(EffectReply::Identity(identity)));
        assert_eq!(suspend.text, shown.text);
        assert_eq!(suspend.within, shown.within);
        assert_eq!(suspend.deliver, None);
        // No link was made, so nobody follows one; if somebody did, it would prove nothing.
        assert_eq!(visit.resume(Reply::Resumed).unwrap(), went("outcome"));
    }
    let mut nameless = Visit::new("EmailSuspend", [("objectLookup", true.into())]);
    assert_eq!(suspended(nameless.enter()).deliver, None);
}

#[test]
fn a_link_to_an_address_that_was_typed_proves_nothing() {
    let mut visit = Visit::new("EmailSuspend", []).with_shared("username", "demo");
    for (name, text) in [
        ("mail", "new@example.com"),
        ("givenName", "Ada"),
        ("sn", "L"),
    ] {
        visit
            .world
            .object
            .insert(name.to_owned(), (text.into(), false));
    }
    let suspend = suspended(visit.enter());
    assert_eq!(suspend.within, None);
    assert!(suspend.text.starts_with("An email has been sent"));
    let sent = message(suspend.deliver);
    assert_eq!(&*sent.to, "new@example.com");
    let template = sent.template.unwrap();
    assert_eq!(template.about, None);
    let typed: Vec<(&str, &str)> = template.typed.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(
        typed,
        [
            ("givenName", "Ada"),
            ("mail", "new@example.com"),
            ("sn", "L")
        ]
    );
    assert_eq!(visit.resume(Reply::Resumed).unwrap(), went("outcome"));
    // Without an address it waits too.
    let mut visit = Visit::new("EmailSuspend", []);
    assert_eq!(suspended(visit.enter()).deliver, None);
}

#[test]
fn a_profile_is_found_by_what_was_typed_first() {
    let by = |attribute: &str| {
        Visit::new("EmailTemplate", [("identityAttribute", attribute.into())])
            .with_shared("username", "demo")
    };
    // The name of a user is normalised by the store.
    let mut visit = by("userName");
    visit
        .world
        .object
        .insert("userName".to_owned(), ("Other".into(), false));
    assert_eq!(visit.enter().unwrap(), read("Other"));
    let mut visit = by("mail");
    visit
        .world
        .object
        .insert("mail".to_owned(), ("a@example.com".into(), false));
    assert_eq!(
        visit.enter().unwrap(),
        Did::Call(Effect::FindIdentity(FindIdentity {
            filter: Filter::equal("mail", "a@example.com"),
            attributes: vec![Arc::from("mail")],
        }))
    );
    let mut visit = by("employeeNumber").with_shared("employeeNumber", "7");
    assert!(matches!(
        visit.enter().unwrap(),
        Did::Call(Effect::FindIdentity(_))
    ));
    assert_eq!(by("mail").enter().unwrap(), read("demo"));
}

#[test]
fn a_template_is_sent_or_there_is_nobody_to_send_it_to() {
    let template = || Visit::new("EmailTemplate", []).with_shared("username", "demo");
    let mut visit = template();
    assert_eq!(visit.enter().unwrap(), read("demo"));
    let mails = demo_with_mail(list(["demo@example.com", "second@example.com"]));
    let Did::Call(Effect::Send(sent)) = visit.effect(EffectReply::Identity(Some(mails))).unwrap()
    else {
        panic!("it sends");
    };
    assert_eq!(&*sent.to, "demo@example.com");
    let about = sent.template.unwrap();
    assert_eq!(
        (&*about.name, about.about.clone()),
        ("welcome", Some(demo().subject))
    );
    assert!(about.link.reveal().is_empty() && sent.body.reveal().is_empty());
    assert_eq!(visit.effect(EffectReply::Sent).unwrap(), went("EMAIL_SENT"));
    for identity in [None, Some(demo())] {
        let mut visit = template();
        visit.enter().unwrap();
        let reply = EffectReply::Identity(identity);
        assert_eq!(visit.effect(reply).unwrap(), went("EMAIL_NOT_SENT"));
    }
    let mut nameless = Visit::new("EmailTemplate", []);
    assert_eq!(nameless.enter().unwrap(), went("EMAIL_NOT_SENT"));
}
