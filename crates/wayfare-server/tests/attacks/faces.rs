//! One face for everybody: G01.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use wayfare_server::config::{BackchannelSettings, SecretSource};

use super::world::{ALPHA, LOGIN_FAILURE, World, add_user, face, realm};
use crate::support::{Reply, percent};

/// Status, headers and body.
type Face = (u16, Vec<(String, String)>, String);

const WRONG: &str = "not-the-password";

/// Who tries, with a password that is right wherever there is one.
const WHO: &[(&str, &str)] = &[
    ("unknown", "nobody"),
    ("wrong password", "wrong"),
    ("locked for a while", "locked"),
    ("locked for good", "hard"),
    ("disabled", "disabled"),
    ("without a password", "none"),
    ("no name at all", "de\u{200b}mo"),
];

/// A world in which each of them is as it is called.
async fn crowd() -> World {
    crowd_where(false).await
}

/// The same where headers may answer a first step, or not.
async fn crowd_where(zero_page: bool) -> World {
    let world = World::with(|config| {
        for settings in config.realms.values_mut() {
            settings.zero_page = zero_page;
            settings.lockout.hard = 7;
            settings.lockout.failures = 5;
        }
    })
    .await;
    let alpha = realm("/alpha");
    for name in ["wrong", "locked", "hard", "disabled"] {
        add_user(&world.server, &alpha, name, Some(ALPHA));
    }
    add_user(&world.server, &alpha, "none", None);
    let store = world.server.running.store();
    let off = store.set_active(&alpha, "id-of-alpha-disabled".to_owned(), false);
    assert_eq!(off.await, Ok(true));
    // Five, then two more after the first lock: for good. Then five for the other.
    for (name, tries) in [("hard", 5), ("", 0), ("hard", 2), ("locked", 5)] {
        if name.is_empty() {
            world.server.advance(std::time::Duration::from_secs(31));
        }
        for _ in 0..tries {
            plain(&world, name, WRONG).await;
        }
    }
    world
}

/// What they say: the right password where theirs does not let them in, a wrong one where it would.
fn password(name: &str) -> &'static str {
    if name == "wrong" { WRONG } else { ALPHA }
}

async fn plain(world: &World, name: &str, password: &str) -> Reply {
    let mut client = world.client();
    let step = client.begin("Plain").await.step();
    client.answer(&step, &[name.into(), password.into()]).await
}

/// Everything that can be told apart: how many passwords were hashed, for whomever, is a part of it.
async fn seen(world: &World, request: impl Future<Output = Reply>) -> (Face, u64) {
    let before = world.look();
    let reply = request.await;
    let after = world.look();
    assert_eq!(after.sessions, before.sessions);
    let hashed = after.compared + after.dummies - before.compared - before.dummies;
    (face(&reply), hashed)
}

#[tokio::test]
async fn g01_by_callbacks_everybody_who_is_not_let_in_looks_alike() {
    let world = crowd().await;
    let mut faces = Vec::new();
    for (what, name) in WHO {
        let (seen, hashed) = seen(&world, plain(&world, name, password(name))).await;
        assert_eq!((seen.0, &*seen.2), (401, LOGIN_FAILURE), "{what}");
        assert_eq!(hashed, 1, "{what}: the same work");
        faces.push(seen);
    }
    faces.dedup();
    assert_eq!(faces.len(), 1, "{faces:#?}");
}

#[tokio::test]
async fn g01_by_tries_everybody_gets_as_many_and_the_same_steps() {
    let world = crowd().await;
    let mut faces = Vec::new();
    for (what, name) in WHO {
        let mut client = world.client();
        let mut step = client.begin("Login").await.step();
        let mut told = Vec::new();
        for _ in 0..4 {
            let values: [Json; 2] = [(*name).into(), password(name).into()];
            let reply = client.answer(&step, &values).await;
            told.push(face(&reply));
            if reply.json()["authId"].is_string() {
                step = reply.step();
            }
        }
        assert_eq!(
            told.last().map(|last| last.0),
            Some(401),
            "{what}: {told:?}"
        );
        faces.push((what, told));
    }
    // Whoever is disabled has the right password, which ends the tries: a wrong one is what is compared.
    let expected = faces[0].1.clone();
    for (what, told) in faces.iter().filter(|(what, _)| **what != "disabled") {
        assert_eq!(*told, expected, "{what}");
    }
    let mut client = world.client();
    let mut step = client.begin("Login").await.step();
    let mut told = Vec::new();
    for _ in 0..4 {
        let reply = client
            .answer(&step, &["disabled".into(), WRONG.into()])
            .await;
        told.push(face(&reply));
        if reply.json()["authId"].is_string() {
            step = reply.step();
        }
    }
    assert_eq!(told, expected, "disabled, with a wrong password");
}

#[tokio::test]
async fn g01_by_headers_everybody_who_is_not_let_in_looks_alike() {
    let world = crowd().await;
    let mut faces = Vec::new();
    // A header is ASCII: whoever is no name at all has to be encoded.
    for (what, name) in WHO {
        let shown = if name.is_ascii() {
            (*name).to_owned()
        } else {
            "=?UTF-8?Q?de=E2=80=8Bmo?=".to_owned()
        };
        let mut client = world
            .client()
            .header("X-OpenAM-Username", &shown)
            .header("X-OpenAM-Password", password(name));
        let (seen, hashed) = seen(&world, client.begin("Zero")).await;
        assert_eq!((seen.0, &*seen.2), (401, LOGIN_FAILURE), "{what}");
        assert_eq!(hashed, 1, "{what}: the same work");
        faces.push(seen);
    }
    faces.dedup();
    assert_eq!(faces.len(), 1, "{faces:#?}");
}

#[tokio::test]
async fn g01_a_name_alone_tells_nothing() {
    // The way back asks who it is first: the next step is the same for everybody.
    let world = crowd().await;
    let mut faces = Vec::new();
    for (_, name) in WHO {
        let mut client = world.client();
        let step = client.begin("Reset").await.step();
        let (seen, hashed) = seen(&world, client.answer(&step, &[(*name).into()])).await;
        assert_eq!((seen.0, hashed), (200, 0));
        faces.push(seen);
    }
    faces.dedup();
    assert_eq!(faces.len(), 1, "{faces:#?}");
}

#[tokio::test]
async fn g01_headers_that_answer_a_first_step_tell_as_little() {
    // The handler answers name and password from the headers where the journey asks for nothing else.
    let world = crowd_where(true).await;
    let mut faces = Vec::new();
    for (what, name) in WHO.iter().filter(|(_, name)| name.is_ascii()) {
        let mut client = world
            .client()
            .header("X-OpenAM-Username", name)
            .header("X-OpenAM-Password", password(name));
        let (seen, hashed) = seen(&world, client.begin("Plain")).await;
        assert_eq!((seen.0, &*seen.2), (401, LOGIN_FAILURE), "{what}");
        assert_eq!(hashed, 1, "{what}: the same work");
        faces.push(seen);
    }
    faces.dedup();
    assert_eq!(faces.len(), 1, "{faces:#?}");
}

#[tokio::test]
async fn g01_companions_tell_an_ordinary_user_nothing_about_others() {
    let world = crowd().await;
    let mut inside = world.client();
    let token = inside.login("demo", ALPHA).await.token();
    let below = |path: &str| format!("/am/json/realms/root/realms/alpha/{path}");
    let mut faces: BTreeMap<&str, Vec<Face>> = BTreeMap::new();
    for (what, name) in WHO {
        let escaped = percent(name);
        let filter = format!("username%20eq%20%22{escaped}%22%20and%20realm%20eq%20%22%2Falpha%22");
        let by_name = serde_json::json!({ "username": name }).to_string();
        let ask = async |version: &str, method: &str, path: &str, body: Option<&str>| {
            let mut client = inside.clone().header("Accept-API-Version", version);
            let reply = client
                .send(method, &below(path), body.map(str::as_bytes))
                .await;
            assert_eq!(client.cookies, inside.cookies, "{what}: {path}");
            face(&reply)
        };
        let told = [
            (
                "profile",
                ask("resource=4.0", "GET", &format!("users/{escaped}"), None).await,
            ),
            (
                "log-out",
                ask(
                    "resource=5.1",
                    "POST",
                    "sessions?_action=logoutByUser",
                    Some(&by_name),
                )
                .await,
            ),
            (
                "query",
                ask(
                    "resource=4.0",
                    "GET",
                    &format!("sessions?_queryFilter={filter}"),
                    None,
                )
                .await,
            ),
            (
                "index",
                ask(
                    "resource=2.1",
                    "POST",
                    &format!(
                        "authenticate?authIndexType=user&authIndexValue={escaped}&ForceAuth=true"
                    ),
                    Some(""),
                )
                .await,
            ),
        ];
        for (question, told) in told {
            faces.entry(question).or_default().push(told);
        }
    }
    for (question, mut told) in faces {
        let expected = if question == "index" { 200 } else { 403 };
        assert_eq!(told[0].0, expected, "{question}: {told:?}");
        told.dedup();
        assert_eq!(told.len(), 1, "{question}: {told:#?}");
    }
    // Somebody who is there and has a session is told apart from nobody by none of them.
    let mut other = world.client();
    let step = other.begin("Plain").await.step();
    other
        .answer(&step, &["wrong".into(), ALPHA.into()])
        .await
        .token();
    let sessions = world.server.sessions();
    let mut client = inside.clone().header("Accept-API-Version", "resource=5.1");
    for name in ["wrong", "nobody"] {
        let body = serde_json::json!({ "username": name }).to_string();
        let reply = client
            .post(&below("sessions?_action=logoutByUser"), &body)
            .await;
        assert_eq!(reply.status, 403, "{name}");
    }
    assert_eq!(world.server.sessions(), sessions);
    assert!(inside.cookies.values().any(|cookie| *cookie == token));
}

#[tokio::test]
async fn g01_a_backchannel_is_answered_alike_whomever_it_asks_for() {
    const BEARER: &str = "c2VjcmV0LW9mLXRoZS1iYWNrY2hhbm5lbA==";
    let folder = tempfile::TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("bearer"), BEARER).expect("written");
    let source = SecretSource::File(folder.path().join("bearer"));
    let world = World::with(|config| {
        config.backchannel = vec![BackchannelSettings::new(source, vec![realm("/alpha")])];
    })
    .await;
    add_user(&world.server, &realm("/alpha"), "none", None);
    let path = "/am/json/realms/root/realms/alpha/authenticate/backchannel/initialize";
    let mut faces = Vec::new();
    for name in ["demo", "DEMO", "none", "nobody"] {
        let body = serde_json::json!({
            "type": "service",
            "value": "Login",
            "subject": { "type": "user", "name": name },
        });
        let mut client = world
            .client()
            .header("Accept-API-Version", "resource=1.0")
            .header("Authorization", &format!("Bearer {BEARER}"));
        let reply = client.post(path, &body.to_string()).await;
        let id = reply.json()["transaction"]
            .as_str()
            .expect("an id")
            .to_owned();
        let (status, headers, text) = face(&reply);
        faces.push((status, headers, text.replace(&id, "ID")));
    }
    faces.dedup();
    assert_eq!(faces.len(), 1, "{faces:#?}");
}
