//! L2, L3, L5 and L7: random runs beside a model that knows which step is open, what it asked, and who was
//! proved.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use proptest::prelude::*;
use serde_json::Value as Json;

use super::trials;
use crate::world::World;

const REALMS: [&str; 2] = ["/alpha", "/beta"];
/// Journeys with the level at their success.
const JOURNEYS: [(&str, u32); 6] = [
    ("Login", 0),
    ("Single", 0),
    ("Easy", 1),
    ("Strong", 20),
    ("Menu", 0),
    ("NoSess", 0),
];
/// How long a run may take.
const LIFE: u64 = 300;

#[derive(Debug, Clone)]
enum Move {
    Start {
        realm: usize,
        journey: usize,
    },
    /// Sends a step, old or new, with these credentials.
    Answer {
        step: usize,
        user: usize,
        right: bool,
        choice: u8,
    },
    /// The same to the other realm.
    Elsewhere {
        step: usize,
    },
    /// The same with callbacks that were not asked.
    Misshapen {
        step: usize,
        how: u8,
    },
    Wait {
        seconds: u64,
    },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    // Counted from the newest: old ones are tried as well, but not more often than new ones.
    let step = prop_oneof![4 => Just(0), 2 => 1..3_usize, 1 => 3..12_usize];
    let one = prop_oneof![
        2 => (0..2_usize, 0..JOURNEYS.len()).prop_map(|(realm, journey)| Move::Start { realm, journey }),
        6 => (step.clone(), 0..2_usize, any::<bool>(), 0..2_u8)
            .prop_map(|(step, user, right, choice)| Move::Answer { step, user, right, choice }),
        1 => step.clone().prop_map(|step| Move::Elsewhere { step }),
        1 => (step, 0..6_u8).prop_map(|(step, how)| Move::Misshapen { step, how }),
        1 => (1..200_u64).prop_map(|seconds| Move::Wait { seconds }),
    ];
    prop::collection::vec(one, 4..40)
}

/// A step as a client holds it.
#[derive(Debug, Clone)]
struct Step {
    realm: usize,
    journey: usize,
    asked: Json,
    begun: u64,
    open: bool,
    /// The name that was given before, where name and password are asked apart.
    name: Option<&'static str>,
    /// Whose password was right in this run.
    proved: Option<&'static str>,
}

#[derive(Default)]
struct Model {
    steps: Vec<Step>,
    sessions: usize,
    tokens: Vec<String>,
    /// How many steps were sent again, or too late.
    replayed: usize,
    now: u64,
}

fn password(realm: usize, user: &str, right: bool) -> &'static str {
    match (REALMS[realm], user, right) {
        ("/alpha", "demo", true) => "Ch4ng31t",
        ("/alpha", "other", true) => "0ther",
        ("/beta", "demo", true) => "B3ta",
        _ => "wrong",
    }
}

fn path(realm: usize) -> String {
    format!("/json/realms/root/realms{}/authenticate", REALMS[realm])
}

fn post(world: &World, target: &str, body: &str) -> (u16, Json) {
    let headers = [
        ("accept-api-version", "resource=2.1"),
        ("content-type", "application/json"),
        // A session of the client's own making, in every request.
        ("cookie", "iPlanetDirectoryPro=session-chosen-by-me"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let reply = world.send("POST", target, &headers, body.as_bytes());
    (
        reply.status,
        serde_json::from_slice(&reply.body).unwrap_or(Json::Null),
    )
}

/// The step with its inputs filled in by type; the password and the name that were given.
fn filled(
    step: &Step,
    user: &'static str,
    right: bool,
    choice: u8,
) -> (Json, Option<&'static str>, Option<&'static str>) {
    let mut asked = step.asked.clone();
    let (mut name, mut given) = (None, None);
    for callback in asked["callbacks"].as_array_mut().expect("callbacks") {
        let kind = callback["type"].as_str().expect("a type").to_owned();
        let value: Json = match &*kind {
            "NameCallback" => {
                name = Some(user);
                user.into()
            }
            "PasswordCallback" => {
                let text = password(step.realm, name.or(step.name).unwrap_or(user), right);
                given = Some(text);
                text.into()
            }
            _ => choice.into(),
        };
        if let Some(input) = callback["input"]
            .as_array_mut()
            .and_then(|list| list.first_mut())
        {
            input["value"] = value;
        }
    }
    (asked, name, given)
}

fn misshapen(step: &Step, how: u8) -> Json {
    let mut asked = step.asked.clone();
    let callbacks = asked["callbacks"].as_array_mut().expect("callbacks");
    match how {
        0 => callbacks.clear(),
        1 => callbacks.push(callbacks[0].clone()),
        2 => callbacks[0]["type"] = "HiddenValueCallback".into(),
        3 => callbacks[0]["type"] = Json::Null,
        4 => {
            callbacks[0]
                .as_object_mut()
                .expect("an object")
                .remove("input");
        }
        _ => callbacks[0]["input"][0]["value"] = serde_json::json!({ "authLevel": 20 }),
    }
    asked
}

impl Model {
    fn fresh(&mut self, step: Step) {
        self.tokens
            .push(step.asked["authId"].as_str().expect("a token").to_owned());
        self.steps.push(step);
    }

    /// The step that is so many before the newest, with its place.
    fn held(&self, back: usize) -> Option<(usize, Step)> {
        let at = self.steps.len().checked_sub(back + 1)?;
        Some((at, self.steps[at].clone()))
    }

    fn expired(&self, step: &Step) -> bool {
        self.now - step.begun >= LIFE
    }

    /// What was refused changed nothing.
    fn refused(
        &self,
        world: &World,
        before: u32,
        reply: &(u16, Json),
    ) -> Result<(), TestCaseError> {
        prop_assert!((400..500).contains(&reply.0), "{:?}", reply);
        prop_assert!(
            reply.1["authId"].is_null() && reply.1["tokenId"].is_null(),
            "{:?}",
            reply
        );
        prop_assert_eq!(world.comparisons(), before);
        prop_assert_eq!(world.session_count(), self.sessions);
        Ok(())
    }

    fn play(&mut self, world: &World, next: &Move) -> Result<(), TestCaseError> {
        let before = world.comparisons();
        match *next {
            Move::Start { realm, journey } => {
                let target = format!(
                    "{}?authIndexType=service&authIndexValue={}",
                    path(realm),
                    JOURNEYS[journey].0
                );
                let (status, asked) = post(world, &target, "");
                prop_assert_eq!(status, 200);
                prop_assert_eq!(
                    world.session_count(),
                    self.sessions,
                    "no session before success"
                );
                self.fresh(Step {
                    realm,
                    journey,
                    asked,
                    begun: self.now,
                    open: true,
                    name: None,
                    proved: None,
                });
            }
            Move::Wait { seconds } => {
                world.advance(seconds);
                self.now += seconds;
            }
            Move::Elsewhere { step } => {
                let Some((_, step)) = self.held(step) else {
                    return Ok(());
                };
                let (body, _, _) = filled(&step, "demo", true, 0);
                let reply = post(world, &path(1 - step.realm), &body.to_string());
                self.refused(world, before, &reply)?;
            }
            Move::Misshapen { step, how } => {
                let Some((_, step)) = self.held(step) else {
                    return Ok(());
                };
                let reply = post(world, &path(step.realm), &misshapen(&step, how).to_string());
                self.refused(world, before, &reply)?;
            }
            Move::Answer {
                step: at,
                user,
                right,
                choice,
            } => {
                let Some((at, step)) = self.held(at) else {
                    return Ok(());
                };
                let user = ["demo", "other"][user];
                let (body, name, given) = filled(&step, user, right, choice);
                let reply = post(world, &path(step.realm), &body.to_string());
                if !step.open || self.expired(&step) {
                    self.replayed += 1;
                    prop_assert_eq!(reply.0, 401, "a step is taken once and in time: {:?}", step);
                    return self.refused(world, before, &reply);
                }
                self.steps[at].open = false;
                self.taken(world, before, &step, (name, given), &reply)?;
            }
        }
        prop_assert_eq!(world.session_count(), self.sessions);
        Ok(())
    }

    /// An open step was answered.
    fn taken(
        &mut self,
        world: &World,
        before: u32,
        step: &Step,
        (name, given): (Option<&'static str>, Option<&'static str>),
        reply: &(u16, Json),
    ) -> Result<(), TestCaseError> {
        let name = name.or(step.name);
        let compared = u32::from(given.is_some());
        prop_assert_eq!(
            world.comparisons() - before,
            compared,
            "one comparison for one password"
        );
        let matched = given.is_some_and(|given| given != "wrong");
        let proved = if matched { name } else { step.proved };
        let (status, body) = reply;
        match (status, body["authId"].is_string()) {
            (200, true) => self.fresh(Step {
                asked: body.clone(),
                open: true,
                name,
                proved,
                ..step.clone()
            }),
            (200, false) => {
                let (journey, level) = JOURNEYS[step.journey];
                prop_assert!(proved.is_some(), "success without a proof in {}", journey);
                prop_assert_eq!(body["realm"].as_str(), Some(REALMS[step.realm]));
                if journey == "NoSess" {
                    prop_assert!(body["tokenId"].is_null());
                    return Ok(());
                }
                let token = body["tokenId"].as_str().expect("a token").to_owned();
                prop_assert!(!self.tokens.contains(&token), "a token is nobody's before");
                prop_assert_ne!(&*token, "session-chosen-by-me");
                self.sessions += 1;
                let rows = world.sessions.lock().unwrap();
                let row = &rows[&token];
                prop_assert_eq!(row.realm.as_str(), REALMS[step.realm]);
                prop_assert_eq!(Some(&*row.username), proved);
                prop_assert_eq!(row.level.number(), level);
                drop(rows);
                self.tokens.push(token);
            }
            (401, _) => {
                prop_assert!(body["tokenId"].is_null());
                prop_assert!(!matched || JOURNEYS[step.journey].0 == "Menu", "{:?}", body);
            }
            _ => prop_assert!(false, "{:?}", reply),
        }
        Ok(())
    }
}

#[test]
fn l02_l03_l05_l07_a_step_is_taken_once_and_a_session_comes_last() {
    let (sessions, replayed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    proptest!(trials("L2, L3, L5, L7", 256), |(moves in moves())| {
        let world = World::new();
        let mut model = Model::default();
        for next in &moves {
            model.play(&world, next)?;
        }
        let distinct: BTreeSet<&String> = model.tokens.iter().collect();
        prop_assert_eq!(distinct.len(), model.tokens.len(), "no token is given out twice");
        sessions.fetch_add(model.sessions, Ordering::Relaxed);
        replayed.fetch_add(model.replayed, Ordering::Relaxed);
    });
    let (sessions, replayed) = (sessions.into_inner(), replayed.into_inner());
    println!("{sessions} sessions, {replayed} steps sent again or too late");
    assert!(
        sessions > 50 && replayed > 50,
        "the moves never come to the point"
    );
}
