//! What is typed under the policies of the schema.

use serde_json::json;

use super::*;
use crate::{
    engine::{
        callback::{AttributeValue, FailedPolicy},
        effect::{Judge, Judgement, Shape, Who},
    },
    model::value::Decimal,
};

fn judgement(attribute: &str) -> Judgement {
    Judgement {
        attribute: Arc::from(attribute),
        shape: Some(Shape::Text),
        title: format!("The {attribute}"),
        required: false,
        secret: false,
        viewable: true,
        editable: true,
        policies: json!({ "name": attribute }),
        failed: Vec::new(),
    }
}

fn failed(requirement: &str) -> Vec<FailedPolicy> {
    vec![FailedPolicy {
        requirement: Arc::from(requirement),
        params: json!({}),
    }]
}

fn failing(attribute: &str, requirement: &str) -> Judgement {
    Judgement {
        failed: failed(requirement),
        ..judgement(attribute)
    }
}

fn asks_about<const N: usize>(attributes: &[&str], values: [(&str, Value); N]) -> Did {
    Did::Call(Effect::Judge(Judge {
        resource: Arc::from("managed/user"),
        who: None,
        attributes: attributes.iter().map(|name| Arc::from(*name)).collect(),
        values: values.map(|(name, value)| (Arc::from(name), value)).into(),
    }))
}

fn judged<const N: usize>(visit: &mut Visit, judged: [Judgement; N]) -> Result<Did, String> {
    visit.effect(EffectReply::Judged(judged.into()))
}

fn name_asked(failed: Vec<FailedPolicy>, value: &str) -> Did {
    Did::Ask(vec![Callback::ValidatedUsername {
        prompt: "Username".to_owned(),
        policies: json!({ "name": "userName" }),
        failed,
        validate_only: false,
        value: value.to_owned(),
    }])
}

fn named(text: &str, validate_only: bool) -> Answer {
    Answer::Validated {
        text: text.to_owned(),
        validate_only,
    }
}

#[test]
fn a_username_is_judged_before_it_is_taken() {
    let mut visit = Visit::new("ValidatedUsername", [("validateInput", true.into())]);
    assert_eq!(visit.enter().unwrap(), asks_about(&["userName"], []));
    let asked = judged(&mut visit, [judgement("userName")]).unwrap();
    assert_eq!(asked, name_asked(Vec::new(), ""));
    // What fails is asked for again with what it failed.
    let about = |text: &str| asks_about(&["userName"], [("userName", text.into())]);
    assert_eq!(visit.answer([named("demo", false)]).unwrap(), about("demo"));
    let again = judged(&mut visit, [failing("userName", "UNIQUE")]).unwrap();
    assert_eq!(again, name_asked(failed("UNIQUE"), "demo"));
    // What is only to be validated goes nowhere, good or bad.
    assert_eq!(visit.answer([named("new", true)]).unwrap(), about("new"));
    let again = judged(&mut visit, [judgement("userName")]).unwrap();
    assert_eq!(again, name_asked(Vec::new(), "new"));
    assert_eq!(visit.answer([named("demo", true)]).unwrap(), about("demo"));
    let again = judged(&mut visit, [failing("userName", "UNIQUE")]).unwrap();
    assert_eq!(again, name_asked(failed("UNIQUE"), "demo"));
    // Nothing is no name, whatever the schema says.
    assert_eq!(visit.answer([named("", false)]).unwrap(), about(""));
    let again = judged(&mut visit, [judgement("userName")]).unwrap();
    assert_eq!(again, name_asked(Vec::new(), ""));
    assert_eq!(visit.shared("username"), None);
    visit.answer([named("new", false)]).unwrap();
    let went_on = judged(&mut visit, [judgement("userName")]).unwrap();
    assert_eq!(went_on, went("outcome"));
    assert_eq!(visit.shared("username"), Some("new".into()));
    assert_eq!(visit.world.object["userName"], ("new".into(), false));
    assert_eq!(visit.world.visit, None);
}

#[test]
fn what_the_schema_does_not_know_is_not_asked_for() {
    let unknown = || Judgement {
        shape: None,
        ..judgement("userName")
    };
    for ty in ["ValidatedUsername", "ValidatedPassword"] {
        let mut visit = Visit::new(ty, [("validateInput", true.into())]);
        visit.enter().unwrap();
        let error = judged(&mut visit, [unknown()]).unwrap_err();
        assert_eq!(error, "Configuration contains an invalid attribute");
        assert!(judged(&mut visit, []).is_err());
    }
    // A node that asks without policies takes no answer to a question that it did not ask.
    let mut visit = Visit::new("ValidatedUsername", []);
    visit.enter().unwrap();
    assert!(visit.answer([named("demo", false)]).is_err());
}

fn password_asked(failed: Vec<FailedPolicy>) -> Did {
    Did::Ask(vec![Callback::ValidatedPassword {
        prompt: "Password".to_owned(),
        echo: false,
        policies: json!({ "name": "password" }),
        failed,
        validate_only: false,
    }])
}

#[test]
fn a_password_is_judged_beside_what_else_was_typed() {
    let typed = |text: &str, validate_only| Answer::ValidatedSecret {
        secret: text.into(),
        validate_only,
    };
    let mut visit = Visit::new("ValidatedPassword", [("validateInput", true.into())]);
    let object = &mut visit.world.object;
    object.insert("userName".to_owned(), ("ada".into(), false));
    object.insert("kbaInfo".to_owned(), (list(["x"]), true));
    assert_eq!(visit.enter().unwrap(), asks_about(&["password"], []));
    let asked = judged(&mut visit, [judgement("password")]).unwrap();
    assert_eq!(asked, password_asked(Vec::new()));
    let about = |text: &str| {
        let values = [("password", secret(text)), ("userName", "ada".into())];
        asks_about(&["password"], values)
    };
    assert_eq!(visit.answer([typed("ada1", false)]).unwrap(), about("ada1"));
    // What is kept meanwhile is kept as a secret.
    assert!(!format!("{:?}", visit.world.visit).contains("ada1"));
    let again = judged(&mut visit, [failing("password", "CANNOT_CONTAIN_OTHERS")]).unwrap();
    assert_eq!(again, password_asked(failed("CANNOT_CONTAIN_OTHERS")));
    assert_eq!(visit.answer([typed("good", true)]).unwrap(), about("good"));
    let again = judged(&mut visit, [judgement("password")]).unwrap();
    assert_eq!(again, password_asked(Vec::new()));
    visit.answer([typed("", false)]).unwrap();
    let again = judged(&mut visit, [judgement("password")]).unwrap();
    assert_eq!(again, password_asked(Vec::new()));
    assert_eq!(visit.transient("password"), None);
    visit.answer([typed("good", false)]).unwrap();
    let went_on = judged(&mut visit, [judgement("password")]).unwrap();
    assert_eq!(went_on, went("outcome"));
    assert_eq!(visit.transient("password"), Some(secret("good")));
    assert_eq!(visit.world.object["password"], (secret("good"), true));
    assert_eq!(visit.world.visit, None);
}

fn collector(required: bool, validate: bool) -> Visit {
    Visit::new(
        "AttributeCollector",
        [
            ("attributesToCollect", list(["mail", "age", "news"])),
            ("required", required.into()),
            ("validateInputs", validate.into()),
        ],
    )
}

const ALL: &[&str] = &["mail", "age", "news"];

fn shapes(mail: Judgement) -> [Judgement; 3] {
    let of = |name: &str, shape| Judgement {
        shape: Some(shape),
        ..judgement(name)
    };
    [mail, of("age", Shape::Number), of("news", Shape::Flag)]
}

fn typed(mail: &str, age: Option<&str>, news: bool, validate_only: bool) -> [Answer; 3] {
    let answer = |value| Answer::Attribute {
        value,
        validate_only: false,
    };
    [
        Answer::Attribute {
            value: AttributeValue::Text(mail.to_owned()),
            validate_only,
        },
        answer(AttributeValue::Number(
            age.map(|n| Decimal::parse(n).unwrap()),
        )),
        answer(AttributeValue::Flag(news)),
    ]
}

/// The fields as asked: what stands in them, and what the address failed.
fn fields(
    (required, policies): (bool, bool),
    (mail, age, news): (&str, Option<&str>, bool),
    failed: Vec<FailedPolicy>,
) -> Did {
    let field = |name: &str, failed, value| Callback::Attribute {
        name: name.to_owned(),
        prompt: format!("The {name}"),
        required,
        policies: if policies {
            json!({ "name": name })
        } else {
            json!({})
        },
        failed,
        validate_only: false,
        value,
    };
    let age = age.map(|number| Decimal::parse(number).unwrap());
    Did::Ask(vec![
        field("mail", failed, AttributeValue::Text(mail.to_owned())),
        field("age", Vec::new(), AttributeValue::Number(age)),
        field("news", Vec::new(), AttributeValue::Flag(news)),
    ])
}

#[test]
fn attributes_are_asked_for_as_the_schema_has_them() {
    let mut visit = collector(false, false);
    visit
        .world
        .object
        .insert("age".to_owned(), (30.into(), false));
    assert_eq!(visit.enter().unwrap(), asks_about(ALL, []));
    // What was collected before stands in the field.
    let asked = judged(&mut visit, shapes(judgement("mail"))).unwrap();
    let begun = ("", Some("30"), false);
    assert_eq!(asked, fields((false, false), begun, Vec::new()));
    visit.answer(typed("x", Some("41.5"), true, false)).unwrap();
    // Nobody asked for policies.
    let went_on = judged(&mut visit, shapes(failing("mail", "VALID_EMAIL"))).unwrap();
    assert_eq!(went_on, went("outcome"));
    let object = &visit.world.object;
    assert_eq!(object["mail"], ("x".into(), false));
    let age = Value::Decimal(Decimal::parse("41.5").unwrap());
    assert_eq!(object["age"], (age, false));
    assert_eq!(object["news"], (true.into(), false));
}

#[test]
fn attributes_are_asked_for_again_until_they_are_as_they_must_be() {
    let mut visit = collector(false, true);
    visit.enter().unwrap();
    judged(&mut visit, shapes(judgement("mail"))).unwrap();
    let about = |mail: &str| {
        let values = [
            ("age", Value::Int(41)),
            ("mail", mail.into()),
            ("news", false.into()),
        ];
        asks_about(ALL, values)
    };
    let bad = visit.answer(typed("x", Some("41"), false, false)).unwrap();
    assert_eq!(bad, about("x"));
    let again = judged(&mut visit, shapes(failing("mail", "VALID_EMAIL"))).unwrap();
    let stands = ("x", Some("41"), false);
    assert_eq!(again, fields((false, true), stands, failed("VALID_EMAIL")));
    // One that is only to be validated holds back all of them.
    let only = visit.answer(typed("a@b", Some("41"), false, true)).unwrap();
    assert_eq!(only, about("a@b"));
    let again = judged(&mut visit, shapes(judgement("mail"))).unwrap();
    let stands = ("a@b", Some("41"), false);
    assert_eq!(again, fields((false, true), stands, Vec::new()));
    assert!(visit.world.object.is_empty());
    visit
        .answer(typed("a@b", Some("41"), false, false))
        .unwrap();
    let went_on = judged(&mut visit, shapes(judgement("mail"))).unwrap();
    assert_eq!(went_on, went("outcome"));
    assert_eq!(visit.world.object["age"], (Value::Int(41), false));
}

#[test]
fn what_is_required_is_asked_for_until_it_is_there() {
    let mut visit = collector(true, false);
    visit.enter().unwrap();
    judged(&mut visit, shapes(judgement("mail"))).unwrap();
    visit.answer(typed("", Some("1"), false, false)).unwrap();
    let again = judged(&mut visit, shapes(judgement("mail"))).unwrap();
    let stands = ("", Some("1"), false);
    assert_eq!(again, fields((true, false), stands, failed("REQUIRED")));
    // Also where only the schema says so, and it is told once.
    let mut visit = collector(false, true);
    let must = |failed| Judgement {
        required: true,
        failed,
        ..judgement("mail")
    };
    visit.enter().unwrap();
    judged(&mut visit, shapes(must(Vec::new()))).unwrap();
    visit.answer(typed("", None, false, false)).unwrap();
    let Did::Ask(again) = judged(&mut visit, shapes(must(failed("REQUIRED")))).unwrap() else {
        panic!("it asks again");
    };
    let Callback::Attribute { failed: told, .. } = &again[0] else {
        panic!("a field");
    };
    assert_eq!(*told, failed("REQUIRED"));
}

#[test]
fn what_is_left_empty_is_no_part_of_the_profile() {
    let mut visit = collector(false, false);
    visit
        .world
        .object
        .insert("mail".to_owned(), ("old@example.com".into(), false));
    visit.enter().unwrap();
    judged(&mut visit, shapes(judgement("mail"))).unwrap();
    visit.answer(typed("", None, false, false)).unwrap();
    judged(&mut visit, shapes(judgement("mail"))).unwrap();
    let object = &visit.world.object;
    assert_eq!(object["mail"], (Value::Null, false));
    assert!(!object.contains_key("age"));
}

#[test]
fn some_attributes_are_not_for_asking() {
    let one = |change: fn(&mut Judgement)| {
        let attributes = ("attributesToCollect", list(["it"]));
        let mut visit = Visit::new("AttributeCollector", [attributes]);
        visit.enter().unwrap();
        let mut it = judgement("it");
        change(&mut it);
        judged(&mut visit, [it]).unwrap_err()
    };
    assert_eq!(
        one(|it| it.secret = true),
        "`it` is a secret, which this node does not ask for"
    );
    let unhandled = "Unhandleable data type: ";
    assert_eq!(
        one(|it| it.shape = Some(Shape::List)),
        format!("{unhandled}array")
    );
    assert_eq!(
        one(|it| it.shape = Some(Shape::Object)),
        format!("{unhandled}object")
    );
    assert_eq!(
        one(|it| it.shape = None),
        "Configuration contains an invalid attribute"
    );
    let mut nothing = Visit::new("AttributeCollector", []);
    assert_eq!(nothing.enter().unwrap(), went("outcome"));
}

#[test]
fn values_are_judged_as_those_of_the_subject() {
    let mut visit = collector(false, true).with_shared("username", "typed");
    visit.world.subject = Some(subject());
    let Did::Call(Effect::Judge(judge)) = visit.enter().unwrap() else {
        panic!("it asks the schema");
    };
    assert_eq!(judge.who, Some(Who::Subject(demo().subject)));
}

#[test]
fn what_is_the_users_to_see_and_to_change_is_asked_for_and_no_more() {
    let asks = |validate: bool, viewable: bool, editable: bool| {
        let attributes = ("attributesToCollect", list(["salary"]));
        let settings = [attributes, ("validateInputs", validate.into())];
        let mut visit = Visit::new("AttributeCollector", settings);
        visit.enter().unwrap();
        let about = Judgement {
            viewable,
            editable,
            ..judgement("salary")
        };
        judged(&mut visit, [about])
    };
    for (validate, viewable, editable, asked) in [
        (false, true, true, true),
        (false, false, true, true),
        (true, false, true, true),
        // Written for the user by whoever made the journey, and held to no policy.
        (false, true, false, true),
        (true, true, false, false),
        (false, false, false, false),
        (true, false, false, false),
    ] {
        let done = asks(validate, viewable, editable);
        match done {
            Ok(Did::Ask(_)) => assert!(asked, "{validate} {viewable} {editable}"),
            Err(error) => {
                assert!(!asked, "{validate} {viewable} {editable}");
                assert_eq!(error, "Configuration contains an invalid attribute");
            }
            other => panic!("{other:?}"),
        }
    }
}
