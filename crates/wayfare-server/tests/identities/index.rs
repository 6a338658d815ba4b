//! The index: who is found, by what, and that nobody looks through all users for it.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use rusqlite::Connection;
use wayfare::Filter;
use wayfare_profile::Schema;
use wayfare_server::{
    identities::{Embedded, IdentityError, Outcome, SCAN_MAX, plan},
    store::entry::Lookup,
};

use super::{Bench, bench::alpha, change, named, set, text, values};

/// Many users, put into the tables as they are: `user0` and so on, with mail, a family name that is one of
/// a hundred, and a city that has no index.
pub(crate) fn crowd(bench: &Bench, count: usize) {
    bench.store.close();
    let mut db = Connection::open(bench.folder.path().join("wayfare.db")).expect("a database");
    let all = db.transaction().expect("a transaction");
    {
        let mut insert = all
            .prepare(
                "INSERT INTO user (id, realm, key, username, active, attributes, password)
                 VALUES (?1, '/alpha', ?2, ?2, 1, ?3, NULL)",
            )
            .expect("a statement");
        let mut attributes = String::new();
        for at in 0..count {
            attributes.clear();
            let family = at % 100;
            write!(
                attributes,
                r#"{{"mail":"User{at}@example.com","sn":"Family{family}","city":"City{family}"}}"#
            )
            .expect("a text");
            let values = (format!("id{at}"), format!("user{at}"), &attributes);
            insert.execute(values).expect("a row");
        }
        all.execute("DELETE FROM indexed", []).expect("a change");
    }
    all.commit().expect("a commit");
}

/// The bench once more over the same folder.
fn again(bench: Bench) -> Bench {
    let mut next = Bench::new();
    let store = wayfare_server::store::Store::open(
        bench.folder.path(),
        wayfare_server::config::Durability::Normal,
    );
    next.store = store.expect("a store");
    next.identities =
        Embedded::open(next.store.clone(), alpha(), Schema::standard()).expect("identities");
    next.folder = bench.folder;
    next
}

#[tokio::test]
async fn one_of_many_is_found_by_the_index() {
    let bench = Bench::new();
    crowd(&bench, 12_000);
    let bench = again(bench);
    let found = |found: Result<Option<wayfare::engine::effect::Identity>, IdentityError>| {
        found.map(|found| found.map(|found| found.username.to_string()))
    };
    let one = Ok(Some("user4711".to_owned()));
    for filter in [
        r#"mail eq "user4711@EXAMPLE.com""#,
        r#"userName eq "USER4711""#,
        r#"_id eq "id4711""#,
        r#"mail sw "user4711@""#,
        r#"sn eq "family11" and mail eq "user4711@example.com" and city eq "City11""#,
        r#"userName eq "nobody" or mail eq "user4711@example.com""#,
        r#"accountStatus eq "active" and userName eq "user4711" and !(city eq "x")"#,
    ] {
        assert_eq!(found(bench.find(filter, &[]).await), one, "{filter}");
    }
    for filter in [
        r#"sn eq "family11""#,
        r#"mail eq "nobody@example.com""#,
        r#"userName sw "user47""#,
        "false",
        // Two are enough to know, wherever they stand.
        "true",
    ] {
        assert_eq!(found(bench.find(filter, &[]).await), Ok(None), "{filter}");
    }
    for filter in [
        r#"city eq "nowhere""#,
        r#"mail co "@nowhere""#,
        r#"mail sw "user" and city eq "x""#,
    ] {
        let error = IdentityError::TooMany { most: SCAN_MAX };
        assert_eq!(found(bench.find(filter, &[]).await), Err(error), "{filter}");
    }
}

#[tokio::test]
async fn sqlite_goes_by_the_index() {
    let bench = Bench::new();
    crowd(&bench, 2_000);
    let bench = again(bench);
    let indexed = bench.store.indexed_attributes(&alpha()).unwrap();
    let wanted = ["aliaslist", "givenname", "mail", "sn", "username"].map(str::to_owned);
    assert_eq!(indexed, BTreeSet::from(wanted));
    for text in [
        r#"mail eq "a""#,
        r#"mail sw "a""#,
        r#"mail eq "a" and sn eq "b" and userName eq "c""#,
        r#"_id eq "a""#,
        r#"sn eq "a" or mail eq "b""#,
    ] {
        for lookup in plan(&Filter::parse(text).unwrap(), &indexed) {
            let lines = bench.store.explain(&alpha(), &lookup).unwrap();
            let scans = lines.iter().filter(|line| line.starts_with("SCAN")).count();
            assert_eq!(scans, 0, "{text}: {lines:#?}");
            let seeks = lines
                .iter()
                .filter(|line| line.starts_with("SEARCH"))
                .count();
            assert!(seeks > 0, "{text}: {lines:#?}");
        }
    }
    // What the lines look like where there is none.
    let lines = bench.store.explain(&alpha(), &Lookup::All).unwrap();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("realm=?") || line.starts_with("SCAN")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn the_index_follows_every_change() {
    let mut bench = Bench::new();
    let made = bench.create(values([
        ("userName", text("ada")),
        ("mail", text("a@example.com")),
    ]));
    made.await.unwrap();
    let changes = vec![
        change("mail", set("b@example.com")),
        change("userName", set("Eve")),
    ];
    let written = bench.patch(named("ada"), changes).await;
    assert!(matches!(written, Ok(Outcome::Written(_))));
    for (filter, there) in [
        (r#"mail eq "a@example.com""#, false),
        (r#"mail eq "B@example.com""#, true),
        (r#"userName eq "ada""#, false),
        (r#"userName eq "eve""#, true),
    ] {
        let found = bench.find(filter, &[]).await.unwrap();
        assert_eq!(found.is_some(), there, "{filter}");
    }
}

#[tokio::test]
async fn another_schema_has_another_index() {
    let mut bench = Bench::new();
    let made = bench.create(values([("userName", text("ada")), ("city", text("Turin"))]));
    made.await.unwrap();
    let schema = r#"{"properties": {
        "userName": {"type": "string"}, "city": {"type": "string", "searchable": true}
    }}"#;
    let schema = Arc::new(Schema::parse(schema).unwrap());
    bench.identities = Embedded::open(bench.store.clone(), alpha(), schema).unwrap();
    let indexed = bench.store.indexed_attributes(&alpha()).unwrap();
    assert_eq!(
        indexed,
        BTreeSet::from(["city", "username"].map(str::to_owned))
    );
    let filter = r#"city eq "TURIN""#;
    assert!(matches!(
        &*plan(&Filter::parse(filter).unwrap(), &indexed),
        [Lookup::Exact(_)]
    ));
    assert!(bench.find(filter, &[]).await.unwrap().is_some());
    assert!(!bench.store.index_users(&alpha(), indexed).unwrap());
}

#[tokio::test]
async fn what_is_within_an_object_is_indexed_and_unique() {
    let schema = r#"{ "properties": {
        "userName": { "type": "string" },
        "office": { "type": "object", "properties": {
            "place": { "type": "string", "searchable": true },
            "badge": { "type": "string", "unique": true },
            "floor": { "type": "number" }
        } }
    } }"#;
    let mut bench = Bench::with(Arc::new(Schema::parse(schema).unwrap()));
    for (name, badge) in [("ada", "7"), ("bob", "8")] {
        let made = bench.create(values([
            ("userName", text(name)),
            ("office/badge", text(badge)),
            ("office/place", text("Bonn")),
        ]));
        assert!(matches!(made.await, Ok(Outcome::Written(_))));
    }
    let taken = bench.create(values([
        ("userName", text("eve")),
        ("Work/BADGE", text("7")),
    ]));
    assert!(matches!(taken.await, Ok(Outcome::Refused(_))));
    let taken = bench.patch(named("ada"), vec![change("office/badge", set("8"))]);
    assert!(matches!(taken.await, Ok(Outcome::Refused(_))));
    let same = bench.patch(named("ada"), vec![change("office/badge", set("7"))]);
    assert!(matches!(same.await, Ok(Outcome::Written(_))));
    let moved = bench.patch(named("ada"), vec![change("/office/place", set("Rome"))]);
    assert!(matches!(moved.await, Ok(Outcome::Written(_))));

    let indexed = bench.store.indexed_attributes(&alpha()).unwrap();
    let wanted = ["username", "office/badge", "office/place"].map(str::to_owned);
    assert_eq!(indexed, BTreeSet::from(wanted));
    for (filter, who) in [
        (r#"/office/place eq "rome""#, Some("ada")),
        (r#"office/place sw "bo""#, Some("bob")),
        (r#"OFFICE/badge eq "7""#, Some("ada")),
        (r#"office/badge eq "9""#, None),
    ] {
        let plan = plan(&Filter::parse(filter).unwrap(), &indexed);
        assert!(!plan.contains(&Lookup::All), "{filter}: {plan:?}");
        let found = bench.find(filter, &["office/badge"]).await.unwrap();
        assert_eq!(
            found.map(|found| found.username.to_string()).as_deref(),
            who,
            "{filter}"
        );
    }
}
