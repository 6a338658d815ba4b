//! Attributes within attributes: read from schemas, judged, made and changed.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use serde_json::json;
use wayfare::{
    Value,
    engine::effect::{Change, Shape, Unmet},
};
use wayfare_profile::{Attribute, Editing, Schema, Store, find};

/// A store in which the text `taken` is.
struct Taken;

impl Store for Taken {
    type Error = Infallible;

    fn is_taken(&self, _: &Attribute, text: &str) -> Result<bool, Infallible> {
        Ok(text == "taken")
    }
}

#[expect(
    clippy::unwrap_used,
    reason = "the schema of these tests is written here"
)]
fn schema() -> Schema {
    let json = json!({
        "properties": {
            "userName": { "type": "string" },
            "sn": { "type": "string", "userEditable": true },
            "free": { "type": "object" },
            "workplace": {
                "type": "object", "title": "Workplace", "userEditable": true,
                "required": ["place"],
                "order": ["place", "code"],
                "properties": {
                    "code": { "type": "string", "unique": true, "viewable": false, "userEditable": false },
                    "news": { "type": "boolean", "description": "Send me news" },
                    "place": { "type": "string", "minLength": 3 },
                    "desk": {
                        "type": "object",
                        "properties": { "floor": { "type": "number", "searchable": true } }
                    }
                }
            }
        }
    });
    Schema::parse(&json.to_string()).unwrap()
}

fn values<const N: usize>(pairs: [(&str, Value); N]) -> BTreeMap<Arc<str>, Value> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| (Arc::from(name), value))
        .collect()
}

fn map<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Map(Arc::new(values(pairs)))
}

/// What is wrong, as `attribute REQUIREMENT`.
fn said(unmet: &[Unmet]) -> Vec<String> {
    let one = |unmet: &Unmet| {
        let failed = unmet.failed.iter();
        let failed: Vec<String> = failed
            .map(|failed| format!("{} {}", unmet.attribute, failed.requirement))
            .collect();
        failed
    };
    unmet.iter().flat_map(one).collect()
}

fn new<const N: usize>(pairs: [(&str, Value); N]) -> Vec<String> {
    let mut given = values(pairs);
    given.insert(Arc::from("userName"), Value::text("ada"));
    let schema = schema();
    let made = schema.made(&given);
    let Ok(unmet) = schema.refuses_new(&made, &Taken);
    said(&unmet)
}

#[test]
fn objects_that_list_what_they_hold_are_known_by_their_paths() {
    let schema = schema();
    let names: Vec<&str> = schema.attributes().iter().map(|a| &*a.name).collect();
    assert_eq!(
        names,
        [
            "free",
            "sn",
            "userName",
            "workplace",
            "workplace/place",
            "workplace/code",
            "workplace/desk",
            "workplace/desk/floor",
            "workplace/news",
        ]
    );
    for name in ["workplace/news", "/workplace/news", "WORKPLACE/News"] {
        let news = schema.attribute(name).unwrap();
        assert_eq!(
            (&*news.name, &*news.title),
            ("workplace/news", "Send me news")
        );
        assert_eq!(news.shape, Shape::Flag);
        assert_eq!(news.editing, Editing::Editable, "as the object it is in");
    }
    assert_eq!(
        schema.attribute("workplace/code").unwrap().editing,
        Editing::Hidden
    );
    assert!(schema.attribute("workplace/desk/floor").unwrap().searchable);
    assert!(schema.attribute("workplace/other").is_none());
    assert!(schema.attribute("free/news").is_none());
}

#[test]
fn what_no_schema_may_say() {
    let mut deep = json!({ "type": "string" });
    for _ in 0..8 {
        deep = json!({ "type": "object", "properties": { "a": deep } });
    }
    for (property, message) in [
        (
            json!({ "type": "object", "properties": { "a": { "type": "string", "isProtected": true } } }),
            "attribute `x/a`: what is secret is not kept within an object",
        ),
        (
            json!({ "type": "object", "properties": { "a": { "type": "text" } } }),
            "attribute `x/a`: no attribute has the type `text`",
        ),
        (
            json!({ "type": "object", "properties": { "a": { "type": "string" }, "A": { "type": "string" } } }),
            "the attributes `x/A` and `x/a` differ in letter case alone",
        ),
        (
            json!({ "type": "object", "required": ["b"], "properties": { "a": { "type": "string" } } }),
            "`required` names `x/b`, which is no attribute",
        ),
        (
            json!({ "type": "object", "properties": { "a/b": { "type": "string" } } }),
            "attribute `x/a/b`: `/` stands between names and in none",
        ),
        (deep, "attribute `x/a/a/a/a/a/a/a/a`: it lies deeper than 8"),
    ] {
        let json = json!({ "properties": { "userName": { "type": "string" }, "x": property } });
        let error = Schema::parse(&json.to_string()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn the_schema_of_users_has_the_preferences_of_the_field() {
    let users = Schema::users().unwrap();
    for name in ["preferences/updates", "preferences/marketing"] {
        let known = users.attribute(name).unwrap();
        assert_eq!(
            (known.shape, known.editing),
            (Shape::Flag, Editing::Editable)
        );
        assert_ne!(known.title, name);
    }
}

#[test]
fn what_is_given_by_path_or_as_an_object_is_the_same() {
    let schema = schema();
    let by_path = schema.made(&values([
        ("/WORKPLACE/place", Value::text("Bonn")),
        ("workplace/DESK/floor", Value::Int(3)),
        ("workplace/news", Value::Null),
    ]));
    let whole = schema.made(&values([(
        "Workplace",
        map([
            ("PLACE", Value::text("Bonn")),
            ("desk", map([("Floor", Value::Int(3))])),
            ("news", Value::Null),
        ]),
    )]));
    assert_eq!(by_path, whole);
    assert_eq!(find(&by_path, "workplace/desk/FLOOR"), Some(&Value::Int(3)));
    assert_eq!(
        find(&by_path, "/workplace/place"),
        Some(&Value::text("Bonn"))
    );
    assert_eq!(find(&by_path, "workplace/news"), None);
    assert_eq!(find(&by_path, "workplace/place/x"), None);
}

#[test]
fn what_is_new_is_judged_within_objects() {
    let none: [&str; 0] = [];
    assert_eq!(
        new([]),
        none,
        "what an object requires is not asked where there is none"
    );
    assert_eq!(
        new([("workplace/news", Value::Bool(true))]),
        ["workplace/place REQUIRED"]
    );
    assert_eq!(new([("workplace/place", Value::text("Bonn"))]), none);
    assert_eq!(
        new([("workplace/place", Value::text("B"))]),
        ["workplace/place MIN_LENGTH"]
    );
    let place = || ("workplace/place", Value::text("Bonn"));
    assert_eq!(
        new([place(), ("workplace/news", Value::text("x"))]),
        ["workplace/news VALID_TYPE"]
    );
    assert_eq!(
        new([place(), ("workplace/code", Value::text("taken"))]),
        ["workplace/code UNIQUE"]
    );
    assert_eq!(
        new([place(), ("workplace/other", Value::Int(1))]),
        ["workplace/other UNKNOWN_ATTRIBUTE"]
    );
    assert_eq!(
        new([(
            "workplace",
            map([("place", Value::Int(1)), ("other", Value::Int(1))])
        )]),
        [
            "workplace/place VALID_TYPE",
            "workplace/other UNKNOWN_ATTRIBUTE"
        ]
    );
    assert_eq!(
        new([place(), ("workplace/desk/chair", Value::Int(1))]),
        ["workplace/desk/chair UNKNOWN_ATTRIBUTE"]
    );
    assert_eq!(
        new([("workplace", Value::text("Bonn"))]),
        ["workplace VALID_TYPE"]
    );
    assert_eq!(new([("sn/x", Value::Int(1))]), ["sn VALID_TYPE"]);
    assert_eq!(
        new([("other/x", Value::Int(1))]),
        ["other UNKNOWN_ATTRIBUTE"]
    );
    assert_eq!(
        new([("_retry/x", Value::Int(1))]),
        none,
        "the store's own are no paths"
    );
    assert_eq!(
        new([("free/x", Value::Int(1))]),
        none,
        "it does not say what it holds"
    );
}

#[test]
fn a_change_within_an_object_leaves_the_rest_of_it() {
    let schema = schema();
    let before = values([
        ("userName", Value::text("ada")),
        (
            "workplace",
            map([("place", Value::text("B")), ("news", Value::Bool(true))]),
        ),
    ]);
    let change = |changes: &[(&str, Change)]| {
        let changes: Vec<(Arc<str>, Change)> = changes
            .iter()
            .map(|(name, change)| (Arc::from(*name), change.clone()))
            .collect();
        let after = schema.changed(&before, &changes).unwrap();
        let Ok(unmet) = schema.refuses(&after, &before, &Taken);
        (after, said(&unmet))
    };
    let (after, _) = change(&[("_retry/a/b", Change::Add(1))]);
    assert_eq!(after, values([("_retry/a/b", Value::Int(1))]));
    let (after, unmet) = change(&[("WORKPLACE/NEWS", Change::Set(Value::Bool(false)))]);
    assert_eq!(
        after,
        values([(
            "workplace",
            map([("place", Value::text("B")), ("news", Value::Bool(false))])
        )])
    );
    assert!(
        unmet.is_empty(),
        "what was there before is not judged again: {unmet:?}"
    );
    let (after, _) = change(&[
        ("workplace/desk/floor", Change::Add(2)),
        ("workplace/desk/floor", Change::Add(2)),
        ("workplace/news", Change::Remove),
        ("/workplace/place", Change::Set(Value::Null)),
    ]);
    assert_eq!(
        after,
        values([(
            "workplace",
            map([("desk", map([("floor", Value::Int(4))]))])
        )])
    );
    let (after, _) = change(&[
        ("workplace/news", Change::Remove),
        ("workplace/place", Change::Remove),
    ]);
    assert_eq!(after, values([("workplace", Value::Null)]));
    for (name, value, wrong) in [
        (
            "workplace/place",
            Value::text("x"),
            "workplace/place MIN_LENGTH",
        ),
        (
            "workplace/place",
            Value::text(""),
            "workplace/place REQUIRED",
        ),
        ("workplace/place", Value::Null, "workplace/place REQUIRED"),
        (
            "workplace/code",
            Value::text("taken"),
            "workplace/code UNIQUE",
        ),
        (
            "workplace/other",
            Value::Int(1),
            "workplace/other UNKNOWN_ATTRIBUTE",
        ),
        ("workplace/news", Value::Int(1), "workplace/news VALID_TYPE"),
    ] {
        let (_, unmet) = change(&[(name, Change::Set(value))]);
        assert_eq!(unmet, [wrong]);
    }
    let whole = map([("place", Value::text("x"))]);
    let (_, unmet) = change(&[("workplace", Change::Set(whole))]);
    assert_eq!(unmet, ["workplace/place MIN_LENGTH"]);
}

#[test]
fn an_object_may_be_changed_whole_by_whoever_may_change_all_of_it() {
    let schema = schema();
    let judged = |name: &str, others: &BTreeMap<Arc<str>, Value>| {
        let Ok(judged) = schema.judge(&Arc::from(name), None, others, &Taken);
        judged
    };
    let none = BTreeMap::new();
    assert!(
        !judged("workplace", &none).editable,
        "`code` is not theirs to change"
    );
    assert!(judged("workplace/desk", &none).editable);
    assert!(judged("workplace/news", &none).editable);
    assert_eq!(
        &*judged("/Workplace/NEWS", &none).attribute,
        "workplace/news"
    );
    assert!(!judged("workplace/place", &none).required);
    let with = values([("workplace", map([("news", Value::Bool(true))]))]);
    assert!(judged("workplace/place", &with).required);
}
