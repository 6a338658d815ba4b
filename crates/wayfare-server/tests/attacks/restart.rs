//! What a restart keeps, and what another store does not know.

use std::{fs, path::Path};

use serde_json::{Value as Json, json};

use super::world::{ALPHA, TIMED_OUT, World};
use crate::support::{Client, filled};

fn right() -> [Json; 2] {
    ["demo".into(), ALPHA.into()]
}

async fn valid(world: &World, token: &str) -> bool {
    let body = json!({ "tokenId": token }).to_string();
    let reply = world.client().sessions("validate", &body).await;
    reply.json()["valid"] == true
}

/// An answer with a step of a server before the restart.
async fn refused(world: &World, step: &Json, values: &[Json]) {
    let (mut client, path) = (world.client(), Client::path("/alpha", ""));
    let body = filled(step, values).to_string();
    let token = step["authId"].as_str().expect("a token");
    world
        .refused(client.post(&path, &body), TIMED_OUT, &[ALPHA, token])
        .await;
}

#[tokio::test]
async fn a_run_goes_on_after_a_restart_and_a_used_step_does_not() {
    let world = World::new().await;
    let mut client = world.client();
    let first = client.begin("Mfa").await.step();
    let second = client
        .answer(&first, &["demo".into(), "wrong".into()])
        .await
        .step();
    let unused = world.client().begin("").await.step();
    let world = World {
        server: world.server.restart().await,
    };
    refused(&world, &first, &right()).await;
    let code = world.client().answer(&second, &right()).await.step();
    let world = World {
        server: world.server.restart().await,
    };
    refused(&world, &second, &right()).await;
    let sent = world.server.outbox().pop_first().expect("a message");
    let sent = super::world::code(&sent);
    let token = world
        .client()
        .answer(&code, &[sent.clone().into()])
        .await
        .token();
    assert_eq!(world.level(&token).await, "20");
    world.client().answer(&unused, &right()).await.token();
    let world = World {
        server: world.server.restart().await,
    };
    refused(&world, &code, &[sent.into()]).await;
    refused(&world, &unused, &right()).await;
    assert!(valid(&world, &token).await);
    assert_eq!(world.server.sessions(), 2);
}

#[tokio::test]
async fn a_step_dies_with_the_store_it_was_made_beside() {
    for from_a_copy in [true, false] {
        let world = World::new().await;
        let begun = world.client().begin("").await.step();
        let mut client = world.client();
        let step = client.begin("").await.step();
        let later = client
            .answer(&step, &["demo".into(), "wrong".into()])
            .await
            .step();
        let token = world.client().login("demo", ALPHA).await.token();
        let mut copies = Vec::new();
        let files = ["wayfare.db", "wayfare.db-wal", "wayfare.db-shm"];
        let copy_all = |data: &Path| {
            let kept = files.map(|name| (name, fs::read(data.join(name)).ok()));
            copies.extend(kept);
        };
        let world = World {
            server: world.server.restart_after(copy_all).await,
        };
        assert!(valid(&world, &token).await);
        let body = json!({ "tokenId": token }).to_string();
        world.client().sessions("logout", &body).await;
        let put_back = |data: &Path| {
            for (name, copy) in &copies {
                let file = data.join(name);
                let _ = fs::remove_file(&file);
                if let Some(copy) = copy.as_ref().filter(|_| from_a_copy) {
                    fs::write(file, copy).expect("put back");
                }
            }
        };
        let server = world.server.restart_after(put_back).await;
        let world = World { server };
        // The keys are the same ones; the store is not.
        for old in [&begun, &step, &later] {
            refused(&world, old, &right()).await;
        }
        assert!(
            !valid(&world, &token).await,
            "a log-out is not undone by a copy"
        );
        assert_eq!(world.server.sessions(), 0);
        world.client().login("demo", ALPHA).await.token();
    }
}
