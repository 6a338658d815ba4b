//! How long it takes to find one user by a filter, among few and among many, and to judge values.
//!
//! `eq`, `and`, `sw` go by the index; `nobody` looks for what is not there. `judge` is every policy of a new
//! user's name, mail and password, the name being looked for among those that are there.

#![expect(clippy::expect_used, reason = "a bench fails as a test does")]

use std::{collections::BTreeMap, hint::black_box, sync::Arc};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wayfare::{
    Filter, Realm, Secret, Value,
    engine::effect::{FindIdentity, Judge},
};
use wayfare_profile::Schema;
use wayfare_server::{
    config::Durability,
    identities::{Embedded, Identities as _},
    store::{Store, user::User},
};

/// Users in the store.
const COUNTS: [usize; 3] = [100, 10_000, 100_000];

fn filled(folder: &TempDir, count: usize) -> Embedded {
    let store = Store::open(folder.path(), Durability::Normal).expect("a store");
    let realm = Realm::parse("/alpha").expect("a realm");
    let users = (0..count).map(|at| {
        let text = |name: &str, text: String| (name.to_owned(), Json::from(text));
        User {
            id: format!("id{at}"),
            username: format!("user{at}"),
            active: true,
            attributes: BTreeMap::from([
                text("mail", format!("user{at}@example.com")),
                text("sn", format!("Family{}", at % 100)),
                text("givenName", format!("Given{}", at % 1_000)),
                text("city", format!("City{}", at % 50)),
            ]),
            password: None,
        }
    });
    store.add_users(&realm, users.collect()).expect("users");
    Embedded::open(store, realm, Schema::standard()).expect("identities")
}

fn find(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = c.benchmark_group("find");
    for count in COUNTS {
        let folder = TempDir::new().expect("a folder");
        let identities = filled(&folder, count);
        let last = count - 1;
        for (name, filter) in [
            ("eq", format!("mail eq \"USER{last}@example.com\"")),
            (
                "and",
                format!(
                    "sn eq \"family{}\" and mail eq \"user{last}@example.com\"",
                    last % 100
                ),
            ),
            ("sw", format!("mail sw \"user{last}@\"")),
            ("nobody", "mail eq \"nobody@example.com\"".to_owned()),
        ] {
            let wanted = FindIdentity {
                filter: Filter::parse(&filter).expect("a filter"),
                attributes: vec![Arc::from("mail")],
            };
            group.bench_function(BenchmarkId::new(name, count), |b| {
                b.iter(|| {
                    let found = runtime.block_on(identities.find(black_box(&wanted)));
                    assert_eq!(found.expect("an answer").is_some(), name != "nobody");
                });
            });
        }
        let judge = Judge {
            resource: Arc::from("managed/user"),
            who: None,
            attributes: ["userName", "mail", "password"].map(Arc::from).to_vec(),
            values: BTreeMap::from([
                (Arc::from("userName"), Value::text("somebody")),
                (Arc::from("mail"), Value::text("somebody@example.com")),
                (
                    Arc::from("password"),
                    Value::Secret(Secret::from("Secret12")),
                ),
            ]),
        };
        group.bench_function(BenchmarkId::new("judge", count), |b| {
            b.iter(|| {
                let judged = runtime.block_on(identities.judge(black_box(&judge)));
                assert!(
                    judged
                        .expect("an answer")
                        .iter()
                        .all(|one| one.failed.is_empty())
                );
            });
        });
    }
    group.finish();
}

criterion_group!(benches, find);
criterion_main!(benches);
