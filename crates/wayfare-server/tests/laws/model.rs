//! L2 and L4 to L9 and L12: clients log in, fail, upgrade, log out and lie at random, beside a model that
//! knows every session, every failure and every step; now and then the server is started again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value as Json;
use wayfare::Realm;
use wayfare_server::store::session::{Session, TokenHash};

use super::{Dice, told};
use crate::{
    attacks::world::{World, add_user, face, realm},
    support::{Client, Reply, advice, filled},
};

const COOKIE: &str = "iPlanetDirectoryPro";
const REALMS: [&str; 2] = ["/alpha", "/beta"];
/// Journeys with the level at their success.
const JOURNEYS: [(&str, u32); 5] = [
    ("Plain", 0),
    ("Login", 0),
    ("Steps", 0),
    ("Easy", 1),
    ("Strong", 20),
];
const USERS: usize = 10;
const CLIENTS: usize = 5;
/// How many failures an account bears here, for good.
const TRIES: u32 = 3;

fn user(at: usize) -> String {
    format!("user-{at}")
}

/// The password of a user, another one in each realm.
fn password(realm: &str, user: &str) -> String {
    format!("Pass{}{user}-S3cret", realm.trim_start_matches('/'))
}

/// A session as it should be.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    realm: &'static str,
    username: String,
    level: u32,
    services: BTreeSet<String>,
    alive: bool,
}

/// How a try ends.
#[derive(Debug, PartialEq)]
enum End {
    Success,
    Failure,
    OtherSubject,
}

/// What a start asked for; with an advice, the first of what it names.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Journey(&'static str),
    Level(u32),
    Advice(&'static str),
}

struct Model {
    world: World,
    dice: Dice,
    clients: Vec<Client>,
    sessions: BTreeMap<String, Held>,
    failures: BTreeMap<(&'static str, String), u32>,
    /// Steps that were taken, or whose run is over.
    dead: Vec<(&'static str, Json)>,
    /// What must never be written anywhere.
    secrets: BTreeSet<String>,
    /// How a failure of `Plain` looks, whatever the reason.
    faces: BTreeMap<String, Vec<String>>,
    counts: BTreeMap<&'static str, u32>,
}

fn hash(token: &str) -> TokenHash {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("32 bytes")
}

fn sessions_path(realm: &str, action: &str) -> String {
    let path = Client::path(realm, "");
    let path = path.strip_suffix("authenticate").expect("a path");
    format!("{path}sessions?_action={action}")
}

impl Model {
    async fn new(seed: u64) -> Self {
        let world = World::with(|config| {
            for settings in config.realms.values_mut() {
                let for_good = Duration::from_secs(86_400 * 100);
                settings.zero_page = true;
                settings.lockout.failures = TRIES;
                settings.lockout.window = for_good;
                settings.lockout.lock_for = for_good;
                settings.lockout.lock_max = for_good;
                settings.session.time_max = for_good;
                settings.session.idle_max = for_good;
            }
            config.limits.runs_per_source = 100_000;
        })
        .await;
        let mut secrets = BTreeSet::new();
        for path in REALMS {
            for at in 0..USERS {
                let secret = password(path, &user(at));
                add_user(&world.server, &realm(path), &user(at), Some(&secret));
                secrets.insert(secret);
            }
        }
        let clients = (0..CLIENTS).map(|_| world.client()).collect();
        Self {
            world,
            dice: Dice::new(seed),
            clients,
            sessions: BTreeMap::new(),
            failures: BTreeMap::new(),
            dead: Vec::new(),
            secrets,
            faces: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn stored(&self, token: &str) -> Option<Session> {
        let now = wayfare_server::clock::Clock::now(&self.world.server.clock);
        let store = self.world.server.running.store();
        store.session(&hash(token), now).expect("the store")
    }

    /// The session a client would send to this realm, where it is one of this realm and alive.
    fn held(&self, client: usize, realm: &str) -> Option<(String, Held)> {
        let token = self.clients[client].cookies.get(COOKIE)?;
        let held = self.sessions.get(token)?;
        (held.alive && held.realm == realm).then(|| (token.clone(), held.clone()))
    }

    /// A name and a secret: mostly those of somebody, sometimes another's, sometimes nobody's.
    fn credentials(&mut self, realm: &str, client: usize) -> (String, String) {
        let mine = self.held(client, realm).map(|(_, held)| held.username);
        let name = match (mine, self.dice.below(8)) {
            (Some(mine), 0..=3) => mine,
            (_, 7) => "nobody".to_owned(),
            _ => user(self.dice.below(USERS)),
        };
        let secret = match self.dice.below(8) {
            // The password of another realm, of another user, and one of nobody.
            0 => password(if realm == "/alpha" { "/beta" } else { "/alpha" }, &name),
            1 => password(realm, &user(self.dice.below(USERS))),
            2 => format!("wrong-{}", self.dice.below(1 << 20)),
            _ => password(realm, &name),
        };
        self.secrets.insert(secret.clone());
        (name, secret)
    }

    /// Notes a try as the model counts it; whether the secret is compared, and whether it matches.
    fn tried(&mut self, realm: &'static str, name: &str, secret: &str) -> (bool, bool) {
        if name == "nobody" {
            return (false, false);
        }
        let failures = self.failures.entry((realm, name.to_owned())).or_default();
        if *failures >= TRIES {
            return (false, false);
        }
        let matches = secret == password(realm, name);
        *failures = if matches { 0 } else { *failures + 1 };
        (true, matches)
    }

    /// One of the ways to ask for a journey: its query, and what a session must have to satisfy it.
    fn way(&mut self) -> (String, Asked) {
        let journey = JOURNEYS[self.dice.below(JOURNEYS.len())].0;
        let other = JOURNEYS[self.dice.below(JOURNEYS.len())].0;
        let level = [0, 1, 2, 20][self.dice.below(4)];
        let services = "AuthenticateToServiceConditionAdvice";
        match self.dice.below(8) {
            0 => (advice(services, &[journey]), Asked::Journey(journey)),
            1 => (
                advice(services, &[journey, other, "Off", "Inner"]),
                Asked::Advice(journey),
            ),
            2 => {
                let value = ["0", "1", "20"][self.dice.below(3)];
                (
                    advice("AuthLevelConditionAdvice", &[value]),
                    Asked::Advice(journey),
                )
            }
            3 => (
                format!("authIndexType=level&authIndexValue={level}"),
                Asked::Level(level),
            ),
            _ => (
                format!("authIndexType=service&authIndexValue={journey}"),
                Asked::Journey(journey),
            ),
        }
    }

    async fn log_in(&mut self) {
        let client = self.dice.below(CLIENTS);
        let path = REALMS[self.dice.below(2)];
        let (query, asked) = self.way();
        let force = self.dice.once_in(2);
        let before = self.world.server.sessions();
        let target = Client::path(path, &format!("{query}&ForceAuth={force}"));
        let mut reply = self.clients[client].post(&target, "").await;
        let made = self.world.server.sessions();
        assert_eq!(made, before, "no session before success");
        if reply.json()["authId"].is_null() {
            assert!(!query.contains("composite_advice"), "an advice always asks");
            return self.satisfied(client, path, asked, force, &reply);
        }
        let Some((journey, level)) = self.chosen(client, path, asked, &mut reply).await else {
            return;
        };
        let (name, secret) = self.credentials(path, client);
        let step = self
            .asked_for_the_password(client, path, journey, &reply, &name)
            .await;
        let old = self.held(client, path);
        let (compared, dummies) = self.hashed();
        let values: Vec<Json> = if journey == "Steps" {
            vec![secret.clone().into()]
        } else {
            vec![name.clone().into(), secret.clone().into()]
        };
        let body = filled(&step, &values).to_string();
        let done = self.clients[client]
            .post(&Client::path(path, ""), &body)
            .await;
        self.dead.push((path, filled(&step, &values)));
        let (looked, matches) = self.tried(path, &name, &secret);
        let (after, after_dummies) = self.hashed();
        assert_eq!(after - compared, u64::from(looked), "{name} in {path}");
        assert_eq!(
            after_dummies - dummies,
            u64::from(!looked),
            "{name} in {path}"
        );
        let expected = match (&old, matches) {
            (_, false) => End::Failure,
            (Some((_, held)), true) if held.username != name => End::OtherSubject,
            _ => End::Success,
        };
        self.ended(client, (path, journey, level), &name, old, &expected, &done);
    }

    /// Where the name is asked apart, it is given.
    async fn asked_for_the_password(
        &mut self,
        client: usize,
        path: &'static str,
        journey: &str,
        reply: &Reply,
        name: &str,
    ) -> Json {
        let step = reply.step();
        if journey != "Steps" {
            return step;
        }
        let values = [name.into()];
        let body = filled(&step, &values).to_string();
        let next = self.clients[client]
            .post(&Client::path(path, ""), &body)
            .await;
        self.dead.push((path, filled(&step, &values)));
        next.step()
    }

    /// The journey that runs, with its level; chosen from the menu where there is one.
    async fn chosen(
        &mut self,
        client: usize,
        path: &'static str,
        asked: Asked,
        reply: &mut Reply,
    ) -> Option<(&'static str, u32)> {
        let named = |name: &str| JOURNEYS.iter().copied().find(|(known, _)| *known == name);
        let step = reply.step();
        let first = &step["callbacks"][0];
        if first["output"][0]["value"] != "Authentication Menu" {
            return match asked {
                // Several names were one and the same.
                Asked::Journey(name) | Asked::Advice(name) => named(name),
                Asked::Level(_) => None,
            };
        }
        let choices = first["output"][1]["value"].as_array().expect("choices");
        let choices: Vec<&str> = choices.iter().filter_map(Json::as_str).collect();
        for hidden in ["Off", "Inner", "Confirm"] {
            assert!(!choices.contains(&hidden), "{choices:?}");
        }
        let known: Vec<usize> = (0..choices.len())
            .filter(|at| named(choices[*at]).is_some())
            .collect();
        let at = known[self.dice.below(known.len())];
        let journey = named(choices[at]);
        if let (Asked::Level(level), Some((name, reaches))) = (asked, journey) {
            assert!(reaches >= level, "{name} for {level}");
        }
        let body = filled(&step, &[at.into()]);
        let mut others = [0, 1].map(|_| self.clients[client].clone());
        let target = Client::path(path, "");
        *reply = self.clients[client].post(&target, &body.to_string()).await;
        self.count("chosen from a menu");
        // A menu is a step like any other: the same choice again, and another, are refused.
        for (more, sender) in others.iter_mut().enumerate() {
            let other = (at + more) % choices.len();
            let again = filled(&step, &[other.into()]).to_string();
            let refused = sender.post(&target, &again).await;
            assert_eq!(refused.status, 401, "{}", refused.text());
        }
        self.dead.push((path, body));
        journey
    }

    /// A session that was there answered at once: nothing may have changed.
    fn satisfied(&mut self, client: usize, path: &str, asked: Asked, force: bool, reply: &Reply) {
        self.count("satisfied by a session");
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(!force, "ForceAuth asks in any case");
        let (token, held) = self.held(client, path).expect("a session that satisfies");
        match asked {
            Asked::Level(level) => assert!(held.level >= level, "{held:?} for {level}"),
            Asked::Journey(name) | Asked::Advice(name) => {
                assert!(held.services.contains(name), "{held:?} for {name}");
            }
        }
        let told = reply.json()["tokenId"].as_str().unwrap_or("").to_owned();
        assert!(told.is_empty() || told == token);
        assert_eq!(reply.json()["realm"], path);
        self.check(&token);
    }

    fn hashed(&self) -> (u64, u64) {
        let hash = self.world.server.running.hash();
        (hash.compared(), hash.dummies())
    }

    fn ended(
        &mut self,
        client: usize,
        (path, journey, level): (&'static str, &str, u32),
        name: &str,
        old: Option<(String, Held)>,
        expected: &End,
        done: &Reply,
    ) {
        let body = done.json();
        match expected {
            End::Success => {
                let token = done.token();
                assert_eq!(body["realm"], path);
                assert!(!self.sessions.contains_key(&token), "a token is made once");
                assert_eq!(self.clients[client].cookies.get(COOKIE), Some(&token));
                let mut held = Held {
                    realm: path,
                    username: name.to_owned(),
                    level,
                    services: BTreeSet::from([journey.to_owned()]),
                    alive: true,
                };
                self.count("made");
                if let Some((old, was)) = old {
                    self.count("upgraded");
                    held.level = held.level.max(was.level);
                    held.services.extend(was.services);
                    self.sessions.get_mut(&old).expect("held").alive = false;
                    self.check(&old);
                }
                self.secrets.insert(token.clone());
                self.sessions.insert(token.clone(), held);
                self.check(&token);
            }
            End::OtherSubject => {
                self.count("of another subject");
                assert!((400..500).contains(&done.status), "{}", done.text());
                assert!(
                    body["tokenId"].is_null() && body["authId"].is_null(),
                    "{body}"
                );
                self.check(&old.expect("a session").0);
            }
            End::Failure => {
                self.count("failed");
                assert!(body["tokenId"].is_null(), "{body}");
                let cookie = self.clients[client].cookies.get(COOKIE).cloned();
                if let Some((old, _)) = old {
                    assert_eq!(
                        cookie.as_ref(),
                        Some(&old),
                        "a failure takes no session away"
                    );
                    self.check(&old);
                }
                let face = format!("{:?}", face(done));
                let faces = self.faces.entry(journey.to_owned()).or_default();
                if !faces.contains(&face) {
                    faces.push(face);
                }
                assert_eq!(faces.len(), 1, "{journey}: {faces:#?}");
            }
        }
    }

    /// Name and password in headers, read by a node or by the handler: the same counters.
    async fn by_headers(&mut self) {
        let client = self.dice.below(CLIENTS);
        let path = REALMS[self.dice.below(2)];
        let (name, secret) = self.credentials(path, client);
        let old = self.held(client, path);
        let (compared, _) = self.hashed();
        let mut sender = self.clients[client]
            .clone()
            .header("X-OpenAM-Username", &name)
            .header("X-OpenAM-Password", &secret);
        let ways = [("Zero", 0), ("Plain", 0), ("Easy", 1), ("Strong", 20)];
        let (journey, level) = ways[self.dice.below(ways.len())];
        let query = format!("authIndexType=service&authIndexValue={journey}&ForceAuth=true");
        let done = sender.post(&Client::path(path, &query), "").await;
        self.clients[client].cookies = sender.cookies;
        let (looked, matches) = self.tried(path, &name, &secret);
        assert_eq!(
            self.hashed().0 - compared,
            u64::from(looked),
            "{name} in {path}"
        );
        let expected = match (&old, matches) {
            (_, false) => End::Failure,
            (Some((_, held)), true) if held.username != name => End::OtherSubject,
            _ => End::Success,
        };
        self.ended(client, (path, journey, level), &name, old, &expected, &done);
    }

    /// What the store holds of a token, and what the server says of it, is what the model holds.
    fn check(&self, token: &str) {
        let held = &self.sessions[token];
        let stored = self.stored(token);
        assert_eq!(stored.is_some(), held.alive, "{held:?}");
        if let Some(stored) = stored {
            assert_eq!(stored.realm, Realm::parse(held.realm).expect("a realm"));
            assert_eq!(stored.username, held.username);
            assert_eq!(stored.level.number(), held.level, "{held:?}");
            assert!(stored.proved);
        }
    }

    async fn ask(&mut self) {
        let known: Vec<String> = self.sessions.keys().cloned().collect();
        if known.is_empty() {
            return;
        }
        let token = &known[self.dice.below(known.len())];
        let held = self.sessions[token].clone();
        let path = REALMS[self.dice.below(2)];
        let body = serde_json::json!({ "tokenId": token }).to_string();
        let mut client = self
            .world
            .client()
            .header("Accept-API-Version", "resource=4.0");
        let reply = client.post(&sessions_path(path, "validate"), &body).await;
        let expected = held.alive && held.realm == path;
        assert_eq!(reply.json()["valid"], expected, "{held:?} asked in {path}");
        if !held.alive {
            self.count("asked after its end");
        }
        self.check(token);
    }

    async fn log_out(&mut self) {
        let client = self.dice.below(CLIENTS);
        let Some(token) = self.clients[client].cookies.get(COOKIE).cloned() else {
            return;
        };
        let Some(path) = self.sessions.get(&token).map(|held| held.realm) else {
            return;
        };
        let mut sender = self.clients[client]
            .clone()
            .header("Accept-API-Version", "resource=4.0");
        let reply = sender.post(&sessions_path(path, "logout"), "{}").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        // Sometimes the browser does not do as it is told, and goes on with a dead token.
        if self.dice.once_in(2) {
            self.clients[client].cookies = sender.cookies;
        }
        self.sessions.get_mut(&token).expect("known").alive = false;
        self.count("logged out");
        self.check(&token);
    }

    /// A step that was taken is sent again, to its realm or to the other.
    async fn replay(&mut self) {
        if self.dead.is_empty() {
            return;
        }
        let (path, step) = self.dead[self.dice.below(self.dead.len())].clone();
        let path = if self.dice.once_in(4) {
            REALMS[self.dice.below(2)]
        } else {
            path
        };
        let before = self.world.server.sessions();
        let hashed = self.hashed();
        let mut client = self.world.client();
        let reply = client
            .post(&Client::path(path, ""), &step.to_string())
            .await;
        assert!((400..500).contains(&reply.status), "{}", reply.text());
        assert!(!client.cookies.contains_key(COOKIE));
        assert_eq!(
            (self.world.server.sessions(), self.hashed()),
            (before, hashed)
        );
        self.count("replayed");
    }

    /// A client brings a token of its own making, of another client, or of another time.
    fn lie(&mut self) {
        let client = self.dice.below(CLIENTS);
        let known: Vec<String> = self.sessions.keys().cloned().collect();
        let token = if known.is_empty() || self.dice.once_in(2) {
            format!("wfs1.{}", "A".repeat(43))
        } else {
            known[self.dice.below(known.len())].clone()
        };
        assert!(self.sessions.contains_key(&token) || self.stored(&token).is_none());
        self.clients[client]
            .cookies
            .insert(COOKIE.to_owned(), token);
        self.count("lied");
    }

    async fn again(mut self) -> Self {
        self.world.server = self.world.server.restart().await;
        for client in &mut self.clients {
            let cookies = std::mem::take(&mut client.cookies);
            *client = self.world.server.client();
            client.cookies = cookies;
        }
        for token in self.sessions.keys() {
            self.check(token);
        }
        self.count("started again");
        self
    }

    fn nothing_leaked(&self) {
        let mut written =
            String::from_utf8_lossy(&self.world.server.everything_written()).into_owned();
        for message in self.world.server.outbox() {
            written.push_str(&message);
        }
        assert!(written.contains("user-1"), "what is searched is there");
        for secret in &self.secrets {
            assert!(!written.contains(secret), "{secret} was written");
        }
        for (_, step) in &self.dead {
            let token = step["authId"].as_str().expect("a token");
            assert!(!written.contains(token), "a step was written");
        }
    }
}

#[tokio::test]
async fn l02_to_l09_random_clients_never_get_more_than_they_proved() {
    let moves = told("WAYFARE_LAW_MOVES", 500);
    let seed = told("WAYFARE_LAW_SEED", 20_261_121);
    println!("L2, L4 to L9, L12: {moves} moves, seed {seed}");
    let mut model = Model::new(seed).await;
    for at in 0..moves {
        match model.dice.below(16) {
            0..=6 => model.log_in().await,
            7 | 8 => model.by_headers().await,
            9 | 10 => model.ask().await,
            11 | 12 => model.log_out().await,
            13 => model.replay().await,
            14 => model.lie(),
            _ => model.world.server.advance(Duration::from_secs(30)),
        }
        if at % 250 == 249 {
            model = model.again().await;
        }
    }
    for token in model.sessions.keys() {
        model.check(token);
    }
    model.nothing_leaked();
    println!("{:?}", model.counts);
    let due = [
        "made",
        "upgraded",
        "of another subject",
        "failed",
        "logged out",
        "replayed",
        "asked after its end",
        "started again",
        "chosen from a menu",
        "satisfied by a session",
    ];
    for what in due {
        assert!(model.counts.contains_key(what), "nothing was {what}");
    }
    let locked = model
        .failures
        .values()
        .filter(|failures| **failures >= TRIES);
    assert!(locked.count() > 0, "nobody was locked");
}
