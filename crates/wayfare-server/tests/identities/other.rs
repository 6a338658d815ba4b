//! Another store of identities than the server's own: everything that asks who somebody is asks it, and while it
//! does not answer nobody gets in and nothing is lost.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use wayfare::{
    Secret, SubjectId,
    engine::effect::{
        CreateIdentity, FindIdentity, Identity, Judge, Judgement, PatchIdentity, Who,
    },
};
use wayfare_profile::Schema;
use wayfare_server::{
    Running, Server,
    config::Durability,
    identities::{Done, Embedded, Hasher, Identities, Once, Outcome, Typed},
    store::{Store, user::User},
};

use super::bench::alpha;
use crate::support::{Client, cheap, write_all};

const JOURNEYS: &str = r#"
policy audits "https://a.test/*" {
  actions = [GET]
  subjects = [group "auditors"]
}

journey login "Login" {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;

/// A store in a folder of its own, which can be made to answer nothing.
#[derive(Debug, Clone)]
struct Other {
    identities: Embedded,
    stuck: Arc<AtomicBool>,
}

impl Other {
    fn open(folder: &TempDir, hash: &str) -> Self {
        let store = Store::open(folder.path(), Durability::Normal).expect("a store");
        for (name, groups) in [
            ("ann", json!(["auditors", "staff"])),
            ("bob", json!("staff")),
            ("root", json!([])),
        ] {
            let user = User {
                id: format!("uid-{name}"),
                username: name.to_owned(),
                active: true,
                attributes: BTreeMap::from([
                    ("groups".to_owned(), groups),
                    ("mail".to_owned(), json!(format!("{name}@example.com"))),
                ]),
                password: Some(hash.to_owned()),
            };
            assert_eq!(store.add_user(&alpha(), user), Ok(true));
        }
        Self {
            identities: Embedded::open(store, alpha(), Schema::standard()).expect("identities"),
            stuck: Arc::default(),
        }
    }

    /// Goes on, or never.
    async fn turn(&self) {
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

impl Identities for Other {
    fn read<'a>(&'a self, who: &'a Who, wanted: &'a [Arc<str>]) -> Done<'a, Option<Identity>> {
        Box::pin(async move {
            self.turn().await;
            self.identities.read(who, wanted).await
        })
    }

    fn profile<'a>(&'a self, who: &'a Who) -> Done<'a, Option<Identity>> {
        Box::pin(async move {
            self.turn().await;
            self.identities.profile(who).await
        })
    }

    fn find<'a>(&'a self, wanted: &'a FindIdentity) -> Done<'a, Option<Identity>> {
        self.identities.find(wanted)
    }

    fn create<'a>(&'a self, create: &'a CreateIdentity, once: Once<'a>) -> Done<'a, Outcome> {
        self.identities.create(create, once)
    }

    fn patch<'a>(&'a self, patch: &'a PatchIdentity, once: Once<'a>) -> Done<'a, Outcome> {
        self.identities.patch(patch, once)
    }

    fn judge<'a>(&'a self, judge: &'a Judge) -> Done<'a, Vec<Judgement>> {
        self.identities.judge(judge)
    }

    fn set_status<'a>(&'a self, who: &'a Who, active: bool) -> Done<'a, bool> {
        self.identities.set_status(who, active)
    }

    fn compare<'a>(
        &'a self,
        whose: Option<&'a SubjectId>,
        typed: Typed<'a>,
        hasher: Hasher<'a>,
    ) -> Done<'a, bool> {
        self.identities.compare(whose, typed, hasher)
    }
}

/// A server over such a store, and the folders that both stand on.
struct Bench {
    running: Running,
    stuck: Arc<AtomicBool>,
    _folders: [TempDir; 2],
}

impl Bench {
    async fn start() -> Self {
        let folders = [(); 2].map(|()| TempDir::new().expect("a folder"));
        let journeys = folders[0].path().join("journeys");
        write_all(&journeys, &[("login.journey", JOURNEYS)]);
        let mut config = cheap(&folders[0].path().join("data")).with_journeys(journeys);
        config.limits.request_time = Duration::from_secs(1);
        for settings in config.realms.values_mut() {
            settings.demo_user = false;
            settings.admins = vec!["user:root".to_owned()];
        }
        let pool = wayfare_server::hash::HashPool::start(&config.hash).expect("a pool");
        let hash = pool.here().hash(&Secret::from("Ch4ng31t")).expect("a hash");
        let other = Other::open(&folders[1], &hash);
        let stuck = Arc::clone(&other.stuck);
        let running = Server::new(config).identities(alpha(), other).run().await;
        Self {
            running: running.unwrap_or_else(|error| panic!("{error}")),
            stuck,
            _folders: folders,
        }
    }

    async fn logged_in(&self, name: &str) -> Client {
        let mut client = Client::new(self.running.address());
        let token = client.login(name, "Ch4ng31t").await.token();
        client.header("iPlanetDirectoryPro", &token)
    }
}

const REALM: &str = "/am/json/realms/root/realms/alpha";

async fn actions(client: &Client) -> Json {
    let body = json!({ "resources": ["https://a.test/x"] }).to_string();
    let mut client = client.clone().header("Accept-API-Version", "resource=2.1");
    let path = format!("{REALM}/policies?_action=evaluate");
    client.post(&path, &body).await.json()[0]["actions"].clone()
}

#[tokio::test]
async fn groups_profiles_and_administrators_are_those_of_the_other_store() {
    let bench = Bench::start().await;
    let (ann, bob) = (bench.logged_in("ann").await, bench.logged_in("bob").await);
    assert_eq!(actions(&ann).await, json!({ "GET": true }));
    assert_eq!(actions(&bob).await, json!({}));
    let read = async |client: &Client, name: &str| {
        let mut client = client.clone().header("Accept-API-Version", "resource=2.0");
        client.get(&format!("{REALM}/users/{name}")).await
    };
    let own = read(&ann, "ann").await.json();
    assert_eq!(own["mail"], json!(["ann@example.com"]));
    assert_eq!(own["groups"], json!(["auditors", "staff"]));
    assert_eq!(read(&bob, "ann").await.status, 403);
    // Whom the settings call an administrator is looked for in the same store.
    let root = bench.logged_in("root").await;
    assert_eq!(read(&root, "ann").await.status, 200);
    assert_eq!(read(&root, "nobody").await.status, 404);
    let path = format!("{REALM}/sessions?_action=logoutByUser");
    let body = json!({ "username": "ann" }).to_string();
    let mut root = root.header("Accept-API-Version", "resource=5.0");
    let out = root.post(&path, &body).await;
    assert_eq!(out.status, 200, "{}", out.text());
    assert_eq!(read(&ann, "ann").await.status, 401);
}

#[tokio::test]
async fn a_store_that_does_not_answer_lets_nobody_in_and_loses_nothing() {
    let bench = Bench::start().await;
    let ann = bench.logged_in("ann").await;
    let mut client = Client::new(bench.running.address());
    let step = client.begin("").await.step();
    bench.stuck.store(true, Ordering::SeqCst);
    let late = client
        .answer(&step, &["ann".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!(late.status, 504, "{}", late.text());
    let body = json!({ "resources": ["https://a.test/x"] }).to_string();
    let mut asking = ann.clone().header("Accept-API-Version", "resource=2.1");
    let path = format!("{REALM}/policies?_action=evaluate");
    let late = asking.post(&path, &body).await;
    assert_eq!(late.status, 504, "{}", late.text());
    bench.stuck.store(false, Ordering::SeqCst);
    // What was asked before stands, and whoever was logged in still is.
    assert_eq!(actions(&ann).await, json!({ "GET": true }));
    let mut fresh = Client::new(bench.running.address());
    fresh.login("ann", "Ch4ng31t").await.token();
}
