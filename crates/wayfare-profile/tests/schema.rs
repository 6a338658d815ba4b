//! Schemas read, and values judged.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use proptest::prelude::*;
use serde_json::json;
use wayfare::{Decimal, Value, engine::effect::Shape};
use wayfare_profile::{Attribute, Editing, Schema, SchemaError, Store};

/// A store in which these texts are taken.
struct Taken(&'static [&'static str]);

impl Store for Taken {
    type Error = Infallible;

    fn is_taken(&self, _: &Attribute, text: &str) -> Result<bool, Infallible> {
        Ok(self.0.contains(&text))
    }
}

fn values<const N: usize>(pairs: [(&str, Value); N]) -> BTreeMap<Arc<str>, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (Arc::from(name), value))
        .collect()
}

fn secret(text: &str) -> Value {
    Value::Secret(text.into())
}

fn schema(properties: &serde_json::Value) -> Result<Schema, SchemaError> {
    Schema::parse(&json!({ "properties": properties }).to_string())
}

/// The requirements that a value of `x` does not meet.
#[expect(
    clippy::unwrap_used,
    reason = "the schemas of these tests are written here"
)]
fn fails(property: &serde_json::Value, value: impl Into<Value>) -> Vec<String> {
    let value = value.into();
    let schema = schema(&json!({ "userName": { "type": "string" }, "x": property })).unwrap();
    let others = values([("userName", "demo".into()), ("X", value.clone())]);
    let name = Arc::from("x");
    let Ok(judged) = schema.judge(&name, Some(&value), &others, &Taken(&["taken"]));
    judged
        .failed
        .iter()
        .map(|failed| failed.requirement.to_string())
        .collect()
}

#[test]
fn the_schema_of_users_reads_and_is_in_its_order() {
    let users = Schema::users().unwrap();
    let names: Vec<&str> = users
        .attributes()
        .iter()
        .map(|a| &*a.name)
        .take(6)
        .collect();
    assert_eq!(
        names,
        [
            "userName",
            "givenName",
            "sn",
            "mail",
            "password",
            "telephoneNumber"
        ]
    );
    assert_eq!(&**users.name(), "userName");
    let password = users.attribute("PASSWORD").unwrap();
    assert!(password.secret && !password.searchable);
    assert_eq!(password.editing, Editing::Editable);
    assert_eq!(users.attribute("groups").unwrap().shape, Shape::List);
    assert_eq!(
        users.attribute("groups").unwrap().editing,
        Editing::ReadOnly
    );
    assert_eq!(
        users.attribute("aliasList").unwrap().editing,
        Editing::Hidden
    );
}

#[test]
fn a_link_is_one_accounts_whatever_a_schema_says() {
    let own = schema(&json!({
        "userName": { "type": "string" },
        "aliaslist": { "type": "array", "unique": false },
    }))
    .unwrap();
    for schema in [&own, &Schema::users().unwrap()] {
        assert!(schema.attribute("aliasList").unwrap().unique);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, a line for each policy")]
fn each_policy_holds_at_its_limit_and_fails_past_it() {
    let policy = |id: &str, params: serde_json::Value| json!({ "type": "string", "policies": [{ "policyId": id, "params": params }] });
    let none = json!({});
    let mail = policy("valid-email-address-format", none.clone());
    let name = policy("valid-name-format", none.clone());
    let phone = policy("valid-phone-format", none.clone());
    let date = policy("valid-date", none.clone());
    let number = policy("valid-number", none);
    for (property, good, bad, requirement) in [
        (
            json!({"type": "string", "minLength": 3}),
            "äöü",
            "äö",
            "MIN_LENGTH",
        ),
        (
            json!({"type": "string", "maxLength": 3}),
            "äöü",
            "äöüx",
            "MAX_LENGTH",
        ),
        (
            json!({"type": "string", "pattern": "^a+$"}),
            "aaa",
            "aab",
            "MATCH_REGEXP",
        ),
        (
            policy("regexpMatches", json!({"regexp": "^A$", "flags": "i"})),
            "a",
            "b",
            "MATCH_REGEXP",
        ),
        (
            policy("at-least-X-capitals", json!({"numCaps": 2})),
            "aÄÖ",
            "aÄö",
            "AT_LEAST_X_CAPITAL_LETTERS",
        ),
        (
            policy("at-least-X-numbers", json!({"numNums": "1"})),
            "a1",
            "a",
            "AT_LEAST_X_NUMBERS",
        ),
        (
            policy(
                "cannot-contain-others",
                json!({"disallowedFields": "userName,sn"}),
            ),
            "dem0",
            "myDEMOx",
            "CANNOT_CONTAIN_OTHERS",
        ),
        (
            policy(
                "cannot-contain-characters",
                json!({"forbiddenChars": ["/"]}),
            ),
            "a",
            "a/b",
            "CANNOT_CONTAIN_CHARACTERS",
        ),
        (policy("unique", json!({})), "free", "taken", "UNIQUE"),
        (
            policy("valid-username", json!({})),
            "free",
            "taken",
            "VALID_USERNAME",
        ),
        (
            mail.clone(),
            "o'b.x+y@mail.example.com",
            "a@b",
            "VALID_EMAIL_ADDRESS_FORMAT",
        ),
        (
            mail.clone(),
            "ü@exämple.de",
            "a b@example.com",
            "VALID_EMAIL_ADDRESS_FORMAT",
        ),
        (
            mail.clone(),
            "a@b.c",
            "a@b..c",
            "VALID_EMAIL_ADDRESS_FORMAT",
        ),
        (mail, "a@b.c", "a@b@c", "VALID_EMAIL_ADDRESS_FORMAT"),
        (name.clone(), "D'Arcy-Müller", "R2", "VALID_NAME_FORMAT"),
        (name, "d’Arc", "a;b", "VALID_NAME_FORMAT"),
        (
            phone.clone(),
            "+49 (30) 12-34",
            "call me",
            "VALID_PHONE_FORMAT",
        ),
        (phone, "112", "1+12", "VALID_PHONE_FORMAT"),
        (date.clone(), "2024-02-29", "2023-02-29", "VALID_DATE"),
        (
            date.clone(),
            "2026-11-22T10:00:00.000Z",
            "2026-13-01",
            "VALID_DATE",
        ),
        (date, "2000-02-29", "1900-02-29", "VALID_DATE"),
        (number, "1.5", "one", "VALID_NUMBER"),
    ] {
        assert_eq!(fails(&property, good), [""; 0], "{property}: {good}");
        assert_eq!(fails(&property, bad), [requirement], "{property}: {bad}");
        assert_eq!(
            fails(&property, secret(bad)),
            [requirement],
            "{property}: a secret {bad}"
        );
        assert_eq!(
            fails(&property, Value::Null),
            [""; 0],
            "{property}: nothing"
        );
    }
}

#[test]
fn numbers_flags_lists_and_objects_are_told_apart() {
    let number = json!({"type": "number", "minimum": 1, "maximum": 2.5});
    assert_eq!(fails(&number, Value::Int(1)), [""; 0]);
    assert_eq!(
        fails(&number, Value::Decimal(Decimal::parse("2.5").unwrap())),
        [""; 0]
    );
    assert_eq!(fails(&number, Value::Int(0)), ["MIN_NUMBER_VALUE"]);
    assert_eq!(fails(&number, Value::Int(3)), ["MAX_NUMBER_VALUE"]);
    assert_eq!(fails(&number, "2"), ["VALID_TYPE"]);
    let flag = json!({"type": "boolean"});
    assert_eq!(fails(&flag, true), [""; 0]);
    assert_eq!(fails(&flag, "true"), ["VALID_TYPE"]);
    let list = json!({"type": "array", "items": {"type": "string"}});
    assert_eq!(fails(&list, Value::List(Arc::from(["a".into()]))), [""; 0]);
    assert_eq!(fails(&list, "a"), ["VALID_TYPE"]);
    let object = json!({"type": ["object", "null"]});
    assert_eq!(fails(&object, Value::Map(Arc::default())), [""; 0]);
    assert_eq!(fails(&object, Value::Int(1)), ["VALID_TYPE"]);
}

#[test]
fn making_one_needs_what_is_required_and_nothing_unknown() {
    let users = Schema::users().unwrap();
    let why = |values| {
        let Ok(unmet) = users.unmet(&values, &Taken(&["demo"]));
        unmet
            .into_iter()
            .map(|unmet| {
                let failed: Vec<&str> = unmet.failed.iter().map(|f| &*f.requirement).collect();
                format!("{} {}", unmet.attribute, failed.join(" "))
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(why(values([])), ["userName REQUIRED"]);
    assert_eq!(
        why(values([("username", "  ".into())])),
        ["userName REQUIRED"]
    );
    assert_eq!(
        why(values([("username", "demo".into())])),
        ["userName VALID_USERNAME"]
    );
    let full = values([
        ("USERNAME", "babs".into()),
        ("mail", "babs@example.com".into()),
        ("password", secret("Ch4ng31t")),
    ]);
    assert_eq!(why(full), [""; 0]);
    let weak = values([
        ("userName", "babs".into()),
        ("password", secret("babs")),
        ("isRoot", true.into()),
    ]);
    assert_eq!(
        why(weak),
        [
            "password MIN_LENGTH AT_LEAST_X_CAPITAL_LETTERS AT_LEAST_X_NUMBERS CANNOT_CONTAIN_OTHERS",
            "isRoot UNKNOWN_ATTRIBUTE"
        ]
    );
}

#[test]
fn a_change_is_judged_beside_what_stays() {
    let users = Schema::users().unwrap();
    let before = values([("userName", "babs".into()), ("sn", "Jensen".into())]);
    let why = |changes| {
        let Ok(unmet) = users.unmet_changes(&changes, &before, &Taken(&["demo"]));
        unmet
            .into_iter()
            .map(|unmet| unmet.attribute.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        why(values([("password", secret("xJensen12345"))])),
        ["password"]
    );
    // With another last name the same password is fine.
    assert_eq!(
        why(values([
            ("SN", "Smith".into()),
            ("password", secret("xJensen12345"))
        ])),
        [""; 0]
    );
    assert_eq!(why(values([("userName", Value::Null)])), ["userName"]);
    assert_eq!(why(values([("mail", Value::Null)])), [""; 0]);
}

#[test]
fn clients_are_told_what_they_know() {
    let users = Schema::users().unwrap();
    let judged = |name: &str| {
        let Ok(judged) = users.judge(&Arc::from(name), None, &BTreeMap::new(), &Taken(&[]));
        judged
    };
    let told = judged("username");
    assert_eq!(&*told.attribute, "userName");
    assert_eq!(told.title, "Username");
    assert!(told.required && told.viewable && told.editable && told.failed.is_empty());
    assert_eq!(
        told.policies,
        json!({
            "policyRequirements": ["REQUIRED", "VALID_TYPE", "MIN_LENGTH", "VALID_USERNAME", "CANNOT_CONTAIN_CHARACTERS"],
            "fallbackPolicies": null,
            "name": "userName",
            "policies": [
                {"policyRequirements": ["REQUIRED"], "policyId": "required"},
                {"policyRequirements": ["VALID_TYPE"], "policyId": "valid-type", "params": {"types": ["string"]}},
                {"policyRequirements": ["MIN_LENGTH"], "policyId": "minimum-length", "params": {"minLength": 1}},
                {"policyRequirements": ["VALID_USERNAME"], "policyId": "valid-username"},
                {"policyRequirements": ["CANNOT_CONTAIN_CHARACTERS"], "policyId": "cannot-contain-characters", "params": {"forbiddenChars": ["/"]}},
            ],
            "conditionalPolicies": null,
        })
    );
    assert_eq!(judged("nothing").shape, None);
}

#[test]
fn what_is_no_schema_is_told_apart() {
    let text = |text: &str| Schema::parse(text).unwrap_err();
    assert!(matches!(text("{"), SchemaError::Json(_)));
    assert_eq!(text("{}"), SchemaError::NoProperties);
    assert_eq!(text(r#"{"properties":{}}"#), SchemaError::NoName);
    let of = |properties: serde_json::Value| schema(&properties).unwrap_err().to_string();
    for (properties, message) in [
        (json!({"mail": 1}), "attribute `mail`: it is no object"),
        (json!({"mail": {}}), "attribute `mail`: it has no `type`"),
        (
            json!({"mail": {"type": "file"}}),
            "attribute `mail`: no attribute has the type `file`",
        ),
        (
            json!({"mail": {"type": "string", "policies": [{"policyId": "secret-handshake"}]}}),
            "attribute `mail`: there is no policy `secret-handshake`",
        ),
        (
            json!({"mail": {"type": "string", "policies": [{}]}}),
            "attribute `mail`: a policy has no `policyId`",
        ),
        (
            json!({"mail": {"type": "string", "minLength": -1}}),
            "attribute `mail`: policy `minimum-length` needs `minLength`, a whole number",
        ),
        (
            json!({"mail": {"type": "string"}, "MAIL": {"type": "string"}}),
            "the attributes `MAIL` and `mail` differ in letter case alone",
        ),
    ] {
        assert_eq!(of(properties), message);
    }
    let wrong = |member: &str| {
        let json = json!({"properties": {"userName": {"type": "string"}}, member: ["ghost"]});
        Schema::parse(&json.to_string()).unwrap_err().to_string()
    };
    assert_eq!(
        wrong("required"),
        "`required` names `ghost`, which is no attribute"
    );
    assert_eq!(
        wrong("order"),
        "`order` names `ghost`, which is no attribute"
    );
}

#[test]
fn relationships_are_left_out() {
    let schema = Schema::parse(
        &json!({"schema": {
            "properties": {
                "userName": {"type": "string"},
                "manager": {"type": "relationship"},
                "roles": {"type": "array", "items": {"type": "relationship"}},
            },
            "order": ["manager", "userName"],
        }})
        .to_string(),
    )
    .unwrap();
    assert_eq!(schema.attributes().len(), 1);
}

proptest! {
    #[test]
    fn reading_and_judging_never_panic(text in "\\PC{0,60}", value in "\\PC{0,40}") {
        let _ = Schema::parse(&text);
        let users = Schema::users().unwrap();
        for attribute in users.attributes() {
            let others = values([("userName", Value::text(value.clone()))]);
            let value = Value::text(value.clone());
            let Ok(_) = users.judge(&attribute.name, Some(&value), &others, &Taken(&[]));
        }
    }
}
