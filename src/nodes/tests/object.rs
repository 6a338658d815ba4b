//! Profiles that are made and changed.

use serde_json::json;

use super::*;
use crate::{
    engine::{
        callback::FailedPolicy,
        effect::{
            Change, CreateIdentity, FindIdentity, Judgement, PatchIdentity, Shape, Unmet, Who,
        },
    },
    filter::Filter,
};

fn collected<const N: usize>(mut visit: Visit, values: [(&str, Value); N]) -> Visit {
    for (name, value) in values {
        let transient = matches!(value, Value::Secret(_));
        visit
            .world
            .object
            .insert(name.to_owned(), (value, transient));
    }
    visit
}

fn accepted() -> Value {
    map([("termsVersion", "2".into()), ("acceptDate", "now".into())])
}

fn unmet() -> EffectReply {
    EffectReply::Refused(vec![Unmet {
        attribute: Arc::from("mail"),
        failed: vec![FailedPolicy {
            requirement: Arc::from("UNIQUE"),
            params: json!({}),
        }],
    }])
}

fn changes<const N: usize>(who: Who, changes: [(&str, Change); N]) -> Did {
    Did::Call(Effect::PatchIdentity(PatchIdentity {
        resource: Arc::from("managed/user"),
        who,
        changes: changes
            .map(|(name, change)| (Arc::from(name), change))
            .into(),
        attributes: Vec::new(),
    }))
}

fn known() -> Who {
    Who::Subject(demo().subject)
}

#[test]
fn a_profile_is_made_of_what_was_collected() {
    let visit = Visit::new("CreateObject", []).with_shared("termsAccepted", accepted());
    let mut visit = collected(
        visit,
        [
            ("userName", "ada".into()),
            ("password", secret("s")),
            ("city", Value::Null),
            ("_id", "id-demo".into()),
            ("_loginCount", 7.into()),
        ],
    );
    let made = Did::Call(Effect::CreateIdentity(CreateIdentity {
        resource: Arc::from("managed/user"),
        attributes: BTreeMap::from([
            (Arc::from("userName"), "ada".into()),
            (Arc::from("password"), secret("s")),
            (Arc::from("_termsAccepted"), accepted()),
        ]),
    }));
    assert_eq!(visit.enter().unwrap(), made);
    let did = visit.effect(EffectReply::Written(demo())).unwrap();
    assert_eq!(
        did,
        Did::Go("CREATED".to_owned(), Some((Factor::Registration, demo())))
    );
    assert_eq!(visit.effect(unmet()).unwrap(), went("FAILURE"));
    assert!(visit.effect(EffectReply::Identity(Some(demo()))).is_err());
}

#[test]
fn the_profile_of_the_subject_is_changed_whatever_was_typed() {
    let visit = Visit::new("PatchObject", [("identityAttribute", "mail".into())])
        .with_shared("username", "other")
        .with_shared("termsAccepted", accepted());
    let mut visit = collected(
        visit,
        [
            ("mail", "victim@example.com".into()),
            ("password", secret("new")),
            ("city", Value::Null),
            ("userName", "DEMO".into()),
            ("_id", "id-victim".into()),
        ],
    );
    visit.world.subject = Some(subject());
    let patched = changes(
        known(),
        [
            ("_termsAccepted", Change::Set(accepted())),
            ("city", Change::Remove),
            ("mail", Change::Set("victim@example.com".into())),
            ("password", Change::Set(secret("new"))),
        ],
    );
    let did = visit.enter().unwrap();
    assert!(!format!("{did:?}").contains("new"), "secrets are not shown");
    assert_eq!(did, patched);
    let did = visit.effect(EffectReply::Written(demo())).unwrap();
    assert_eq!(did, went("PATCHED"));
    assert_eq!(visit.effect(unmet()).unwrap(), went("FAILURE"));
    let gone = visit.effect(EffectReply::Identity(None)).unwrap_err();
    assert_eq!(gone, "Failed to retrieve existing object");
}

#[test]
fn another_name_is_a_change_like_others() {
    let mut visit = collected(
        Visit::new("PatchObject", []),
        [("userName", "demo2".into())],
    );
    visit.world.subject = Some(subject());
    let renamed = [("userName", Change::Set("demo2".into()))];
    assert_eq!(visit.enter().unwrap(), changes(known(), renamed));
}

#[test]
fn without_a_subject_whom_the_state_names_is_changed() {
    let visit = Visit::new("PatchObject", [("identityAttribute", "mail".into())]);
    let mut visit = collected(
        visit,
        [("mail", "a@example.com".into()), ("city", "Bonn".into())],
    );
    let find = Did::Call(Effect::FindIdentity(FindIdentity {
        filter: Filter::equal("mail", "a@example.com"),
        attributes: Vec::new(),
    }));
    assert_eq!(visit.enter().unwrap(), find);
    let both = || {
        [
            ("city", Change::Set("Bonn".into())),
            ("mail", Change::Set("a@example.com".into())),
        ]
    };
    let reply = EffectReply::Identity(Some(demo()));
    assert_eq!(visit.effect(reply).unwrap(), changes(known(), both()));
    // By name, which is not changed by the way.
    let mut visit = collected(
        Visit::new("PatchObject", []),
        [("userName", "Demo".into()), ("city", "Bonn".into())],
    );
    let by_name = Who::Name(Arc::from("Demo"));
    let city = [("city", Change::Set("Bonn".into()))];
    assert_eq!(visit.enter().unwrap(), changes(by_name, city));
    let mut visit = collected(Visit::new("PatchObject", []), [("city", "Bonn".into())]);
    assert_eq!(visit.enter().unwrap_err(), "userName not present in state");
}

#[test]
fn what_is_ignored_is_left_alone_and_nothing_is_no_change() {
    let ignored = || {
        Visit::new(
            "PatchObject",
            [("ignoredFields", list(["City", "username"]))],
        )
    };
    let mut visit = collected(ignored(), [("city", "Bonn".into()), ("sn", "L".into())]);
    visit.world.subject = Some(subject());
    let left = [("sn", Change::Set("L".into()))];
    assert_eq!(visit.enter().unwrap(), changes(known(), left));
    let mut visit = collected(ignored(), [("city", "Bonn".into())]);
    assert_eq!(visit.enter().unwrap(), went("PATCHED"));
}

#[test]
fn what_is_in_an_object_is_changed_by_its_path_and_ignored_with_it() {
    let typed = [
        ("preferences/marketing", true.into()),
        ("preferences/updates", false.into()),
        ("preferencesOfOthers", true.into()),
    ];
    for (ignored, left) in [
        (
            vec!["preferences/Updates"],
            vec![typed[0].clone(), typed[2].clone()],
        ),
        (vec!["/preferences"], vec![typed[2].clone()]),
        (vec!["preferences/up", "pref"], typed.to_vec()),
    ] {
        let ignored = Value::List(ignored.into_iter().map(Value::from).collect());
        let visit = Visit::new("PatchObject", [("ignoredFields", ignored)]);
        let mut visit = collected(visit, typed.clone());
        visit.world.subject = Some(subject());
        let Did::Call(Effect::PatchIdentity(patch)) = visit.enter().unwrap() else {
            panic!("no change");
        };
        let left: Vec<(Arc<str>, Change)> = left
            .into_iter()
            .map(|(name, value): (&str, Value)| (Arc::from(name), Change::Set(value)))
            .collect();
        assert_eq!(patch.changes, left);
    }
}

#[test]
fn as_the_user_only_what_users_may_change_is_changed() {
    let about = |editable| {
        EffectReply::Judged(vec![Judgement {
            attribute: Arc::from("City"),
            shape: Some(Shape::Text),
            title: String::new(),
            required: false,
            secret: false,
            viewable: true,
            editable,
            policies: json!({}),
            failed: Vec::new(),
        }])
    };
    let visit = Visit::new("PatchObject", [("patchAsObject", true.into())])
        .with_shared("termsAccepted", accepted());
    let mut visit = collected(visit, [("city", "Bonn".into())]);
    visit.world.subject = Some(subject());
    let Did::Call(Effect::Judge(judge)) = visit.enter().unwrap() else {
        panic!("it asks who may change it");
    };
    assert_eq!(judge.attributes, [Arc::from("city")]);
    assert_eq!(visit.effect(about(false)).unwrap(), went("FAILURE"));
    let patched = changes(
        known(),
        [
            ("_termsAccepted", Change::Set(accepted())),
            ("city", Change::Set("Bonn".into())),
        ],
    );
    assert_eq!(visit.effect(about(true)).unwrap(), patched);
    // Terms alone are the user's to accept.
    let mut visit = Visit::new("PatchObject", [("patchAsObject", true.into())])
        .with_shared("termsAccepted", accepted());
    visit.world.subject = Some(subject());
    let terms = [("_termsAccepted", Change::Set(accepted()))];
    assert_eq!(visit.enter().unwrap(), changes(known(), terms));
}
