//! Journeys that are not to be started by name: C09.

use super::world::{ALPHA, NO_CONFIGURATION, World, face};
use crate::support::Client;

/// Names that no journey has, and names of journeys that only others may enter, or nobody.
const UNLISTED: &[&str] = &[
    "Inner",
    "Off",
    "Confirm",
    "inner",
    "off",
    "confirm",
    "Nobody",
    "login",
    "LOGIN",
    "Login%20",
    "%20Login",
    "Login%00",
    "Lo%67in%2f",
    "%25",
    "../Login",
    "Login|Easy",
];

fn path(name: &str) -> String {
    Client::path(
        "/alpha",
        &format!("authIndexType=service&authIndexValue={name}"),
    )
}

#[tokio::test]
async fn c09_what_may_not_be_started_looks_like_what_is_not_there() {
    let world = World::new().await;
    let unknown = face(&world.client().post(&path("NoSuchJourney"), "").await);
    for name in UNLISTED {
        for body in ["", "{}"] {
            let mut client = world.client();
            let reply = world
                .refused(client.post(&path(name), body), NO_CONFIGURATION, &[name])
                .await;
            assert_eq!(face(&reply), unknown, "{name}");
        }
        // With answers and with headers: nothing is tried.
        let mut client = world
            .client()
            .header("X-OpenAM-Username", "demo")
            .header("X-OpenAM-Password", ALPHA);
        world
            .refused(client.post(&path(name), ""), NO_CONFIGURATION, &[ALPHA])
            .await;
    }
    // A session opens none of them either.
    let mut inside = world.client();
    inside.login("demo", ALPHA).await.token();
    for name in UNLISTED {
        let before = world.look();
        let reply = inside.post(&path(name), "").await;
        assert_eq!(
            (reply.status, face(&reply).2),
            (400, unknown.2.clone()),
            "{name}"
        );
        world.look().assert_unchanged(&before);
    }
    // Where another journey leads into it, the inner one runs.
    world.client().begin("Outer").await.step();
}
