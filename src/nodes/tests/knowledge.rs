//! Security questions, and what a user opted out of.

use super::*;
use crate::engine::effect::{
    Change, Credential, Document, PatchIdentity, ReadIdentity, Verify, Who,
};

fn settings(define: i64, verify: i64) -> EffectReply {
    EffectReply::Document(Some(map([
        (
            "questions",
            map([
                ("1", map([("en", "Pet?".into())])),
                ("2", map([("en", "Town?".into())])),
            ]),
        ),
        ("minimumAnswersToDefine", define.into()),
        ("minimumAnswersToVerify", verify.into()),
    ])))
}

fn asks_settings() -> Did {
    Did::Call(Effect::ReadDocument(Document::SecurityQuestions))
}

fn choose(prompt: &str, own: bool, times: usize) -> Did {
    let question = Callback::SecurityQuestion {
        prompt: prompt.to_owned(),
        questions: vec!["Pet?".to_owned(), "Town?".to_owned()],
        own,
    };
    Did::Ask(vec![question; times])
}

fn chosen(question: &str, answer: &str) -> Answer {
    Answer::SecurityQuestion {
        question: question.to_owned(),
        answer: answer.into(),
    }
}

fn entry(kind: &str, question: &str, answer: Option<&str>) -> Value {
    let mut members = BTreeMap::from([(Arc::from(kind), Value::from(question))]);
    if let Some(answer) = answer {
        members.insert(Arc::from("answer"), secret(answer));
    }
    Value::Map(Arc::new(members))
}

#[test]
fn questions_are_defined_each_once_and_with_an_answer() {
    let mut visit = Visit::new("KbaCreate", []);
    assert_eq!(visit.enter().unwrap(), asks_settings());
    let asked = visit.effect(settings(2, 1)).unwrap();
    assert_eq!(asked, choose("Select a security question", true, 2));
    for bad in [
        [chosen("Pet?", "rex"), chosen("Pet?", "tom")],
        [chosen("Mine?", "rex"), chosen("mine? ", "tom")],
        [chosen("Pet?", " "), chosen("Town?", "Bonn")],
        [chosen("", "rex"), chosen("Town?", "Bonn")],
        // A question that is spelled like the id of another.
        [chosen("2", "rex"), chosen("Town?", "Bonn")],
    ] {
        assert_eq!(visit.answer(bad).unwrap(), asks_settings());
        visit.effect(settings(2, 1)).unwrap();
    }
    assert!(visit.world.object.is_empty());
    let good = [chosen("Pet?", "rex"), chosen("Who am I?", "me")];
    assert_eq!(visit.answer(good).unwrap(), went("outcome"));
    let (kept, transient) = &visit.world.object["kbaInfo"];
    let expected = [
        entry("questionId", "1", Some("rex")),
        entry("customQuestion", "Who am I?", Some("me")),
    ];
    assert_eq!(*kept, Value::List(Arc::from(expected)));
    assert!(*transient, "answers stay out of shared state");
    assert!(!format!("{kept:?}").contains("rex"));
}

#[test]
fn questions_to_define_must_be_there() {
    let only = [
        ("allowUserDefinedQuestions", false.into()),
        ("message", localized([("en", "Choose")])),
    ];
    let mut visit = Visit::new("KbaCreate", only);
    visit.enter().unwrap();
    let asked = visit.effect(settings(2, 1)).unwrap();
    assert_eq!(asked, choose("Choose", false, 2));
    let error = visit.effect(settings(3, 1)).unwrap_err();
    assert_eq!(
        error,
        "there are fewer security questions than answers to define"
    );
    assert_eq!(visit.effect(settings(0, 1)).unwrap(), went("outcome"));
    for none in [EffectReply::Document(None), settings(-1, 1)] {
        let error = visit.effect(none).unwrap_err();
        assert_eq!(error, "Failed to retrieve configuration values");
    }
}

fn known(entries: &[Value]) -> EffectReply {
    let attributes = [(Arc::from("kbaInfo"), Value::List(Arc::from(entries)))];
    EffectReply::Identity(Some(Identity {
        attributes: BTreeMap::from(attributes),
        ..demo()
    }))
}

fn proved(ty: &str) -> Visit {
    let mut visit = Visit::new(ty, []);
    visit.world.subject = Some(subject());
    visit
}

fn reads() -> Did {
    Did::Call(Effect::ReadIdentity(ReadIdentity {
        who: Who::Subject(demo().subject),
        attributes: vec![Arc::from("kbaInfo")],
    }))
}

#[test]
fn enough_questions_were_answered_or_not() {
    let enough = |define: i64, entries: &[Value]| {
        let mut visit = proved("KbaDecision");
        assert_eq!(visit.enter().unwrap(), asks_settings());
        assert_eq!(visit.effect(settings(define, 1)).unwrap(), reads());
        visit.effect(known(entries)).unwrap() == went("true")
    };
    let pet = || entry("questionId", "1", None);
    let own = || entry("customQuestion", "Mine?", None);
    assert!(enough(2, &[pet(), own()]) && !enough(3, &[pet(), own()]));
    assert!(!enough(2, &[pet(), pet()]), "one question is one question");
    assert!(!enough(1, &[Value::from("x"), map([])]));
    let mut visit = proved("KbaDecision");
    visit.enter().unwrap();
    let error = visit.effect(EffectReply::Document(None)).unwrap_err();
    assert_eq!(error, "Failed to retrieve configuration values");
}

#[test]
fn answers_are_compared_by_the_store_all_at_once() {
    let mut visit = proved("KbaVerify");
    // The last of three, then the first of the two that are left.
    visit.world.random = vec![2, 0];
    assert_eq!(visit.enter().unwrap(), asks_settings());
    assert_eq!(visit.effect(settings(3, 2)).unwrap(), reads());
    let entries = [
        entry("questionId", "1", None),
        entry("questionId", "2", None),
        entry("customQuestion", "Mine?", None),
    ];
    let Did::Ask(callbacks) = visit.effect(known(&entries)).unwrap() else {
        panic!("it asks");
    };
    let prompts: Vec<_> = callbacks
        .iter()
        .map(|callback| match callback {
            Callback::Password { prompt } => prompt.as_str(),
            other => panic!("a secret is asked for: {other:?}"),
        })
        .collect();
    assert_eq!(prompts.len(), 2);
    let of = |prompt: &str| match prompt {
        "Pet?" => Arc::from("1"),
        "Town?" => Arc::from("2"),
        own => Arc::from(own),
    };
    let verify = Did::Call(Effect::Verify(Verify {
        who: Who::Subject(demo().subject),
        credential: Credential::Answers {
            attribute: Arc::from("kbaInfo"),
            question: of(prompts[0]),
            besides: vec![(of(prompts[1]), "second".into())],
        },
        secret: "first".into(),
    }));
    let both = || {
        [
            Answer::Secret("first".into()),
            Answer::Secret("second".into()),
        ]
    };
    let did = visit.answer(both()).unwrap();
    assert!(
        !format!("{did:?}").contains("second\""),
        "no secret is shown"
    );
    assert_eq!(did, verify);
    let right = visit.effect(EffectReply::Match(demo())).unwrap();
    let proof = Some((Factor::Knowledge, demo()));
    assert_eq!(right, Did::Go("true".to_owned(), proof));
    assert_eq!(visit.effect(EffectReply::Miss).unwrap(), went("false"));
    // Who leaves one empty is asked again, and no try is spent.
    let blank = [Answer::Secret("first".into()), Answer::Secret(" ".into())];
    assert_eq!(visit.answer(blank).unwrap(), asks_settings());
}

#[test]
fn what_cannot_be_verified_fails() {
    let entries = [entry("questionId", "7", None)];
    let error = |settings: EffectReply, reply: Option<EffectReply>| {
        let mut visit = proved("KbaVerify");
        visit.world.random = vec![0];
        visit.enter().unwrap();
        match (visit.effect(settings), reply) {
            (Ok(_), Some(reply)) => visit.effect(reply).unwrap_err(),
            (did, _) => did.unwrap_err(),
        }
    };
    assert_eq!(
        error(EffectReply::Document(None), None),
        "Failed to retrieve configuration values"
    );
    assert_eq!(
        error(settings(1, 0), Some(known(&entries))),
        "Minimum answers to verify is set to zero"
    );
    assert_eq!(
        error(settings(1, 2), Some(known(&entries))),
        "Object has defined fewer questions than the minimum"
    );
    assert_eq!(
        error(settings(1, 1), Some(known(&entries))),
        "Question id 7 is not defined"
    );
    assert_eq!(
        error(settings(1, 1), Some(EffectReply::Identity(None))),
        "Failed to retrieve user object"
    );
    let mut nobody = Visit::new("KbaVerify", []);
    nobody.enter().unwrap();
    let error = nobody.effect(settings(1, 1)).unwrap_err();
    assert_eq!(error, "userName not present in state");
}

#[test]
fn a_user_opts_out_of_one_method() {
    let opt_out = |method: &str| {
        Visit::new("OptOutMultiFactorAuthentication", [])
            .with_shared("username", "demo")
            .with_shared("mfaMethod", method)
    };
    for (method, attribute) in [
        ("oath", "_optedOutOfOath"),
        ("push", "_optedOutOfPush"),
        ("webauthn", "_optedOutOfWebAuthn"),
    ] {
        let mut visit = opt_out(method);
        visit.world.subject = Some(subject());
        let noted = Did::Call(Effect::PatchIdentity(PatchIdentity {
            resource: Arc::from("managed/user"),
            who: Who::Subject(demo().subject),
            changes: vec![(Arc::from(attribute), Change::Set(true.into()))],
            attributes: Vec::new(),
        }));
        assert_eq!(visit.enter().unwrap(), noted);
        let written = visit.effect(EffectReply::Written(demo())).unwrap();
        assert_eq!(written, went("outcome"));
        let gone = visit.effect(EffectReply::Identity(None)).unwrap_err();
        assert_eq!(gone, "Failed to get the identity object");
        assert!(visit.effect(EffectReply::Refused(Vec::new())).is_err());
    }
    let error = |mut visit: Visit| visit.enter().unwrap_err();
    let unsupported = "Unsupported MFA method has been set.";
    assert_eq!(error(opt_out("sms")), unsupported);
    let mut visit = Visit::new("OptOutMultiFactorAuthentication", []);
    assert_eq!(visit.enter().unwrap_err(), "Expected username to be set.");
    let visit = visit.with_shared("username", "demo");
    assert_eq!(error(visit), "Expected MFA method to be set.");
}
