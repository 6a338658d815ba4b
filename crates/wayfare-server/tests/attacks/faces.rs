//! One face for everybody: G01.

use serde_json::Value as Json;

use super::world::{ALPHA, LOGIN_FAILURE, World, add_user, face, realm};
use crate::support::Reply;

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
    let world = World::with(|config| {
        for settings in config.realms.values_mut() {
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
async fn seen(
    world: &World,
    request: impl Future<Output = Reply>,
) -> ((u16, Vec<(String, String)>, String), u64) {
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
