//! Secrets: in as hashes, compared, never out. And changes that happen once.

use std::{fs, sync::Arc};

use wayfare::{Secret, Value, engine::effect::Change};
use wayfare_server::{
    config::Lockout,
    identities::{Outcome, SECRETS_MAX, Typed},
    store::counter::CounterKey,
};

use super::{Bench, bench::NOW, change, named, set, text, values};

fn question(question: (&str, &str), answer: &str) -> Value {
    let (member, name) = question;
    Value::Map(Arc::new(values([
        (member, text(name)),
        ("answer", text(answer)),
    ])))
}

fn questions() -> Value {
    Value::List(Arc::from([
        question(("questionId", "colour"), "Sea  Green"),
        question(("customQuestion", "First ship?"), "Pinta"),
    ]))
}

async fn right(bench: &Bench, name: &str, answers: &[(&str, &str)]) -> bool {
    let typed: Vec<(&str, Secret<String>)> = answers
        .iter()
        .map(|(question, answer)| (*question, Secret::from(*answer)))
        .collect();
    let answers: Vec<(&str, &Secret<String>)> = typed
        .iter()
        .map(|(question, answer)| (*question, answer))
        .collect();
    let attribute = "KBAINFO";
    let typed = Typed::Answers {
        attribute,
        answers: &answers,
    };
    bench.compare(name, typed).await
}

async fn password(bench: &Bench, name: &str, password: &str) -> bool {
    bench
        .compare(name, Typed::Password(&Secret::from(password)))
        .await
}

#[tokio::test]
async fn secrets_are_hashes_on_disk_and_never_come_out() {
    let mut bench = Bench::new();
    let made = bench.create(values([
        ("userName", text("ada")),
        ("password", text("Secret-12345")),
        ("kbaInfo", questions()),
    ]));
    assert!(matches!(made.await, Ok(Outcome::Written(_))));
    let seen = bench
        .read(
            "ada",
            &["password", "kbaInfo", "_createDate", "_passwordDate"],
        )
        .await;
    let list = Value::List(Arc::from([
        Value::Map(Arc::new(values([("questionId", text("colour"))]))),
        Value::Map(Arc::new(values([("customQuestion", text("First ship?"))]))),
    ]));
    let at = text(&NOW.rfc3339());
    assert_eq!(
        seen.unwrap().attributes,
        values([
            ("kbaInfo", list),
            ("_createDate", at.clone()),
            ("_passwordDate", at)
        ])
    );
    assert!(bench.find("password pr", &[]).await.unwrap().is_some());
    assert!(
        bench
            .find(r#"password eq "Secret-12345""#, &[])
            .await
            .unwrap()
            .is_none()
    );

    bench.store.close();
    let mut files = 0;
    for entry in fs::read_dir(bench.folder.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for secret in ["Secret-12345", "Green", "green", "Pinta", "pinta"] {
            let there = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!there, "{secret} stands in a file");
        }
    }
    assert!(files > 0);
}

#[tokio::test]
async fn answers_are_right_together_or_wrong() {
    let mut bench = Bench::new();
    let made = bench.create(values([
        ("userName", text("ada")),
        ("kbaInfo", questions()),
    ]));
    made.await.unwrap();
    let (colour, ship) = (("colour", " sea GREEN "), ("First ship?", "PINTA"));
    assert!(right(&bench, "ada", &[colour]).await);
    assert!(right(&bench, "ADA", &[colour, ship]).await);
    assert!(!right(&bench, "ada", &[colour, ("First ship?", "Niña")]).await);
    assert!(!right(&bench, "ada", &[("colour", "Pinta")]).await);
    assert!(!right(&bench, "ada", &[("unasked", "Pinta")]).await);
    assert!(!right(&bench, "ada", &[]).await);
    let before = (bench.pool.compared(), bench.pool.dummies());
    assert!(!right(&bench, "nobody", &[colour, ship]).await);
    // As much work as for somebody.
    assert_eq!(
        (bench.pool.compared(), bench.pool.dummies()),
        (before.0, before.1 + 2)
    );

    // Other questions in their place: the old answers are gone.
    let other = Value::List(Arc::from([question(("questionId", "street"), "Elm")]));
    bench
        .patch(named("ada"), vec![change("kbaInfo", set(other))])
        .await
        .unwrap();
    assert!(!right(&bench, "ada", &[colour]).await);
    assert!(!right(&bench, "ada", &[ship]).await);
    assert!(right(&bench, "ada", &[("street", "elm")]).await);
}

#[tokio::test]
async fn nothing_typed_lets_nobody_in() {
    let mut bench = Bench::new();
    let empty = Value::List(Arc::from([question(("questionId", "colour"), " ")]));
    let made = bench.create(values([
        ("userName", text("ada")),
        ("password", text("")),
        ("kbaInfo", empty),
    ]));
    assert!(matches!(made.await, Ok(Outcome::Written(_))));
    assert!(!password(&bench, "ada", "").await);
    assert!(!right(&bench, "ada", &[("colour", "")]).await);
    assert!(!right(&bench, "ada", &[("colour", "  ")]).await);
}

#[tokio::test]
async fn a_password_is_changed_and_the_tries_come_back() {
    let mut bench = Bench::new();
    let made = bench.create(values([
        ("userName", text("ada")),
        ("password", text("Secret12")),
    ]));
    let Ok(Outcome::Written(ada)) = made.await else {
        panic!("nobody is made");
    };
    let key = |kind| CounterKey {
        realm: "/alpha".to_owned(),
        subject: ada.subject.0.to_string(),
        kind,
    };
    for kind in ["password", "otp"] {
        bench
            .store
            .reserve(key(kind), Lockout::default(), NOW)
            .await
            .unwrap();
    }
    assert!(password(&bench, "ada", "Secret12").await);
    bench
        .patch(named("ada"), vec![change("PASSWORD", set("Secret34"))])
        .await
        .unwrap();
    assert!(!password(&bench, "ada", "Secret12").await);
    assert!(password(&bench, "ada", "Secret34").await);
    assert_eq!(bench.store.counter(&key("password")).unwrap().total, 0);
    assert_eq!(bench.store.counter(&key("otp")).unwrap().total, 1);
    // A refused one changes nothing.
    let refused = bench
        .patch(named("ada"), vec![change("password", set("short"))])
        .await;
    assert!(matches!(refused, Ok(Outcome::Refused(_))));
    assert!(password(&bench, "ada", "Secret34").await);
    bench
        .patch(named("ada"), vec![change("password", Change::Remove)])
        .await
        .unwrap();
    assert!(!password(&bench, "ada", "Secret34").await);
    assert!(!password(&bench, "ada", "").await);
}

#[tokio::test]
async fn a_change_happens_once() {
    let mut bench = Bench::new();
    let id = bench.next();
    let ada = || values([("userName", text("ada"))]);
    let first = bench.create_as(id, ada()).await.unwrap();
    assert!(matches!(first, Outcome::Written(_)));
    // What came of it is told again; by another id the name is taken.
    assert_eq!(bench.create_as(id, ada()).await.unwrap(), first);
    assert!(matches!(bench.create(ada()).await, Ok(Outcome::Refused(_))));

    let id = bench.next();
    let add = || vec![change("_loginCount", Change::Add(1))];
    let first = bench.patch_as(id, named("ada"), add()).await.unwrap();
    assert_eq!(
        bench.patch_as(id, named("ada"), add()).await.unwrap(),
        first
    );
    let seen = bench.read("ada", &["_loginCount"]).await.unwrap();
    assert_eq!(seen.attributes, values([("_loginCount", Value::Int(1))]));
}

#[tokio::test]
async fn additions_at_once_are_all_counted() {
    let mut bench = Bench::new();
    bench
        .create(values([("userName", text("ada"))]))
        .await
        .unwrap();
    let ids: Vec<_> = (0..24).map(|_| bench.next()).collect();
    let bench = Arc::new(bench);
    let mut tasks = tokio::task::JoinSet::new();
    for id in ids {
        let bench = Arc::clone(&bench);
        tasks.spawn(async move {
            let add = vec![change("_loginCount", Change::Add(1))];
            bench.patch_as(id, named("ada"), add).await.unwrap()
        });
    }
    tasks.join_all().await;
    let seen = bench.read("ada", &["_loginCount"]).await.unwrap();
    assert_eq!(seen.attributes, values([("_loginCount", Value::Int(24))]));
}

#[tokio::test]
async fn one_name_and_one_mail_for_many_at_once() {
    let schema = r#"{"properties": {
        "userName": {"type": "string", "searchable": true},
        "mail": {"type": "string", "unique": true}
    }, "required": ["userName"]}"#;
    let mut bench = Bench::with(Arc::new(wayfare_profile::Schema::parse(schema).unwrap()));
    let ids: Vec<_> = (0..16).map(|_| bench.next()).collect();
    let bench = Arc::new(bench);
    let mut tasks = tokio::task::JoinSet::new();
    for (at, id) in ids.into_iter().enumerate() {
        let bench = Arc::clone(&bench);
        tasks.spawn(async move {
            let mail = if at % 2 == 0 {
                "Ada@example.com"
            } else {
                "ADA@EXAMPLE.COM"
            };
            let made = values([
                ("userName", text(&format!("user{at}"))),
                ("mail", text(mail)),
            ]);
            matches!(bench.create_as(id, made).await, Ok(Outcome::Written(_)))
        });
    }
    let made = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|made| *made)
        .count();
    assert_eq!(made, 1);
}

#[tokio::test]
async fn what_is_too_much_is_not_written() {
    let mut bench = Bench::new();
    bench
        .create(values([("userName", text("ada"))]))
        .await
        .unwrap();
    let many = (0..=SECRETS_MAX).map(|at| question(("questionId", &at.to_string()), "x"));
    let many = Value::List(many.collect());
    let refused = bench
        .patch(named("ada"), vec![change("kbaInfo", set(many))])
        .await;
    assert!(refused.is_err());
    let long = text(&"x".repeat(wayfare_server::identities::OBJECT_BYTES_MAX));
    let changes = vec![change("sn", set("Fox")), change("description", set(long))];
    assert!(bench.patch(named("ada"), changes).await.is_err());
    assert_eq!(
        bench
            .read("ada", &["sn", "description"])
            .await
            .unwrap()
            .attributes,
        values([])
    );
}

#[tokio::test]
async fn names_of_administrators_are_given_to_nobody() {
    let mut bench = Bench::new();
    bench.identities = bench.identities.clone().reserving(["amadmin", "Root"]);
    for name in ["amadmin", "AMADMIN", "root"] {
        let made = bench.create(values([("userName", text(name))])).await;
        assert!(matches!(made, Ok(Outcome::Refused(_))), "{name}");
    }
    bench
        .create(values([("userName", text("ada"))]))
        .await
        .unwrap();
    let renamed = bench
        .patch(named("ada"), vec![change("userName", set("amAdmin"))])
        .await;
    assert!(matches!(renamed, Ok(Outcome::Refused(_))));
}

#[tokio::test]
async fn numbers_and_items_of_lists_are_one_users_too() {
    let schema = r#"{"properties": {
        "userName": {"type": "string"},
        "badge": {"type": "number", "unique": true},
        "aliasList": {"type": "array", "unique": true}
    }}"#;
    let mut bench = Bench::with(Arc::new(wayfare_profile::Schema::parse(schema).unwrap()));
    let half = |text: &str| Value::Decimal(wayfare::Decimal::parse(text).unwrap());
    let list = |items: &[&str]| Value::List(items.iter().map(|item| text(item)).collect());
    for (name, attribute, value, fits) in [
        ("ada", "badge", Value::Int(7), true),
        ("bob", "badge", Value::Int(7), false),
        ("bob", "badge", half("7.0"), false),
        ("bob", "badge", half("7.5"), true),
        ("eve", "badge", half("7.50"), false),
        ("eve", "aliasList", list(&["a", "b"]), true),
        ("fay", "aliasList", list(&["c", "B"]), false),
        ("fay", "aliasList", list(&["c"]), true),
    ] {
        let made = values([("userName", text(name)), (attribute, value.clone())]);
        let made = bench.create(made).await.unwrap();
        assert_eq!(
            matches!(made, Outcome::Written(_)),
            fits,
            "{name} {value:?}"
        );
    }
    // One's own is no other's.
    let again = vec![change("badge", set(7))];
    let again = bench.patch(named("ada"), again).await.unwrap();
    assert!(matches!(again, Outcome::Written(_)), "{again:?}");
    let taken = vec![change("badge", set(7))];
    let taken = bench.patch(named("fay"), taken).await.unwrap();
    assert!(matches!(taken, Outcome::Refused(_)), "{taken:?}");
}
