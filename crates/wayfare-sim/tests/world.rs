//! Effects performed in memory, as a server performs them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use wayfare::{
    AuthLevel, Effect, EffectReply, Secret, SubjectId, Timestamp, Value,
    engine::{
        effect::{
            Channel, Credential, Custom, DeviceKind, EffectId, Message, ReadIdentity, ReadSession,
            SessionRef, SetStatus, Verify, Who,
        },
        step::Call,
    },
};
use wayfare_sim::{Kind, Scripted, SimHost, User, World};

const NOW: Timestamp = SimHost::EPOCH;

fn call(ordinal: u32, effect: Effect) -> Call {
    Call {
        id: EffectId {
            run: 1,
            generation: 0,
            ordinal,
        },
        effect,
        node: Arc::from("login/check"),
    }
}

fn name(name: &str) -> Who {
    Who::Name(Arc::from(name))
}

fn password(who: &str, secret: &str) -> Effect {
    Effect::Verify(Verify {
        who: name(who),
        credential: Credential::Password,
        secret: Secret::from(secret),
    })
}

fn message(body: &str) -> Effect {
    Effect::Send(Message {
        channel: Channel::Mail,
        to: Arc::from("demo@example.com"),
        from: Arc::from(""),
        subject: "A code".to_owned(),
        body: Secret::from(body),
        route: BTreeMap::new(),
        template: None,
    })
}

fn matched(reply: &EffectReply) -> bool {
    matches!(reply, EffectReply::Match(_))
}

#[test]
fn a_secret_is_right_for_whom_it_belongs_to() {
    let mut world = World::demo().user(User::new("eve"));
    let right = world.perform(&call(0, password("DEMO", "Ch4ng31t")), NOW);
    let EffectReply::Match(identity) = right else {
        panic!("{right:?}");
    };
    assert_eq!(&*identity.subject.0, "id-demo");
    assert!(identity.attributes.is_empty());
    let wrong = [
        ("demo", "ch4ng31t"),
        ("demo ", "Ch4ng31t"),
        ("d\u{0435}mo", "Ch4ng31t"),
        ("nobody", "Ch4ng31t"),
        ("eve", ""),
        ("", ""),
    ];
    for (at, (who, secret)) in (1..).zip(wrong) {
        let reply = world.perform(&call(at, password(who, secret)), NOW);
        assert!(
            matches!(reply, EffectReply::Missed(_)),
            "{who:?} {secret:?}"
        );
    }
}

#[test]
fn five_failures_lock_each_lock_twice_as_long_and_a_success_forgets_them() {
    let mut world = World::demo();
    let mut ordinal = 0;
    let mut attempt = |world: &mut World, secret: &str, now| {
        ordinal += 1;
        matched(&world.perform(&call(ordinal, password("demo", secret)), now))
    };
    for _ in 0..5 {
        assert!(!attempt(&mut world, "no", NOW));
    }
    let seconds = |count| NOW.plus(Duration::from_secs(count));
    assert!(!attempt(&mut world, "Ch4ng31t", seconds(29)));
    for _ in 0..5 {
        assert!(!attempt(&mut world, "no", seconds(30)));
    }
    assert!(!attempt(&mut world, "Ch4ng31t", seconds(89)));
    assert!(attempt(&mut world, "Ch4ng31t", seconds(90)));
    let subject = SubjectId(Arc::from("id-demo"));
    assert_eq!(world.counter(&subject, Kind::Password).total, 0);
    for _ in 0..4 {
        assert!(!attempt(&mut world, "no", seconds(91)));
    }
    assert!(attempt(&mut world, "Ch4ng31t", seconds(91)));
}

#[test]
fn codes_and_passwords_are_counted_apart_and_lapsed_codes_never_match() {
    let mut world = World::demo();
    let code = |typed: &str, lapsed| {
        Effect::Verify(Verify {
            who: name("demo"),
            credential: Credential::Otp {
                expected: Secret::from("123456"),
                lapsed,
            },
            secret: Secret::from(typed),
        })
    };
    assert!(!matched(
        &world.perform(&call(0, code("123456", true)), NOW)
    ));
    for ordinal in 1..5 {
        let effect = code("000000", false);
        assert!(!matched(&world.perform(&call(ordinal, effect), NOW)));
    }
    assert!(!matched(
        &world.perform(&call(5, code("123456", false)), NOW)
    ));
    assert!(matched(
        &world.perform(&call(6, password("demo", "Ch4ng31t")), NOW)
    ));
    let subject = SubjectId(Arc::from("id-demo"));
    assert!(
        world
            .counter(&subject, Kind::Otp)
            .is_spent(&world.lockout, NOW)
    );
    let later = NOW.plus(Duration::from_secs(31));
    assert!(matched(
        &world.perform(&call(7, code("123456", false)), later)
    ));
}

#[test]
fn a_recovery_code_is_used_up() {
    let mut world = World::new().user(User::new("demo").recovery_code("abcd"));
    let effect = Effect::Verify(Verify {
        who: name("demo"),
        credential: Credential::Recovery {
            of: DeviceKind::Oath,
        },
        secret: Secret::from("abcd"),
    });
    assert!(matched(&world.perform(&call(0, effect.clone()), NOW)));
    assert!(!matched(&world.perform(&call(1, effect), NOW)));
}

#[test]
fn what_must_not_happen_twice_does_not() {
    let mut world = World::demo();
    let right = call(0, password("demo", "Ch4ng31t"));
    assert!(matched(&world.perform(&right, NOW)));
    assert_eq!(world.perform(&right, NOW), EffectReply::Miss);
    let mail = call(1, message("It is 042517."));
    assert_eq!(world.perform(&mail, NOW), EffectReply::Sent);
    assert_eq!(world.perform(&mail, NOW), EffectReply::Sent);
    assert_eq!(world.outbox.len(), 1);
    let code = world.outbox[0].code().unwrap();
    assert_eq!(code.reveal(), "042517");
    assert_eq!(world.performed.len(), 4);
}

#[test]
fn an_account_is_locked_and_read_with_what_is_wanted() {
    let mut world = World::demo();
    let set = |who: &str, active| {
        Effect::SetStatus(SetStatus {
            who: name(who),
            active,
        })
    };
    let set_reply = world.perform(&call(0, set("demo", false)), NOW);
    assert_eq!(set_reply, EffectReply::StatusSet(true));
    let set_reply = world.perform(&call(1, set("nobody", false)), NOW);
    assert_eq!(set_reply, EffectReply::StatusSet(false));
    let read = |who| {
        Effect::ReadIdentity(ReadIdentity {
            who,
            attributes: vec![Arc::from("MAIL"), Arc::from("missing")],
        })
    };
    let demo = Who::Subject(SubjectId(Arc::from("id-demo")));
    let EffectReply::Identity(Some(identity)) = world.perform(&call(2, read(demo)), NOW) else {
        panic!("demo is there");
    };
    assert!(!identity.active);
    let mail = Value::from("demo@example.com");
    assert_eq!(
        identity.attributes,
        BTreeMap::from([(Arc::from("MAIL"), mail)])
    );
    let reply = world.perform(&call(3, read(name("nobody"))), NOW);
    assert_eq!(reply, EffectReply::Identity(None));
}

#[test]
fn sessions_are_read_while_they_are_there() {
    let mut world = World::demo();
    let level = AuthLevel::saturating(10);
    let handle = world.open_session("demo", level, NOW).unwrap();
    assert_eq!(world.open_session("nobody", level, NOW), None);
    let read = Effect::ReadSession(ReadSession {
        session: SessionRef(Arc::clone(&handle)),
        properties: Vec::new(),
    });
    let EffectReply::Session(Some(view)) = world.perform(&call(0, read.clone()), NOW) else {
        panic!("the session is there");
    };
    assert_eq!(view.level, level);
    world.sessions.remove(&handle);
    let gone = world.perform(&call(1, read), NOW);
    assert_eq!(gone, EffectReply::Session(None));
}

#[test]
fn the_script_comes_first_and_what_it_says_was_done_is_done() {
    let mut world = World::demo()
        .reply("login/check", Scripted::Fail("no route".to_owned()))
        .reply("login/check", Scripted::Reply(EffectReply::Sent));
    let failed = world.perform(&call(0, message("1")), NOW);
    assert_eq!(failed, EffectReply::Failed("no route".to_owned()));
    assert!(world.outbox.is_empty());
    assert_eq!(
        world.perform(&call(1, message("2")), NOW),
        EffectReply::Sent
    );
    assert_eq!(
        world.perform(&call(2, message("3")), NOW),
        EffectReply::Sent
    );
    assert_eq!(world.outbox.len(), 2);
}

#[test]
fn an_effect_of_an_embedders_own_wants_a_script() {
    let custom = Effect::Custom(Custom {
        kind: Arc::from("score"),
        request: Value::Null,
        once: false,
    });
    let mut world = World::new();
    let reply = world.perform(&call(0, custom.clone()), NOW);
    assert!(matches!(reply, EffectReply::Failed(message) if message.contains("score")));
    let said = EffectReply::Custom(Value::from("low"));
    world.script("login/check", Scripted::Reply(said.clone()));
    assert_eq!(world.perform(&call(1, custom), NOW), said);
}

#[test]
fn effects_fail_by_their_number() {
    let mut world = World::demo();
    world.failing.insert(1);
    assert_eq!(
        world.perform(&call(0, message("1")), NOW),
        EffectReply::Sent
    );
    let failed = world.perform(&call(1, message("2")), NOW);
    assert!(matches!(failed, EffectReply::Failed(_)));
    assert_eq!(
        world.perform(&call(2, message("3")), NOW),
        EffectReply::Sent
    );
}

#[test]
fn nothing_secret_is_shown() {
    let mut world = World::demo().user(User::new("eve").recovery_code("s3cret"));
    world.perform(&call(0, password("demo", "typed-it")), NOW);
    world.perform(&call(1, message("It is 042517.")), NOW);
    let shown = format!("{world:?}");
    for secret in ["Ch4ng31t", "typed-it", "042517", "s3cret"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
