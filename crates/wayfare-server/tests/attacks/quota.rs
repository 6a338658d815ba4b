//! How many sessions a user may have, and logins that make none: B09 and B10.

use std::time::Duration;

use wayfare_server::config::QuotaExceeded;

use super::world::{ALPHA, BETA, World};
use crate::{
    sessions::{ask, logged_in, naming},
    support::{Client, Reply},
};

const QUOTA: u32 = 5;
const FULL: &str =
    r#"{"code":401,"reason":"Unauthorized","message":"You have reached your session limit."}"#;

async fn world(exceeded: QuotaExceeded) -> World {
    World::with(|config| {
        for settings in config.realms.values_mut() {
            settings.session.quota = QUOTA;
            settings.session.quota_exceeded = exceeded;
        }
    })
    .await
}

async fn valid(world: &World, token: &str) -> bool {
    let query = "_action=validate&refresh=false";
    let reply = ask(&world.client(), "/alpha", "4.0", query, &naming(token)).await;
    reply.json()["valid"] == true
}

async fn live(world: &World, tokens: &[String]) -> Vec<usize> {
    let mut live = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if valid(world, token).await {
            live.push(at);
        }
    }
    live
}

async fn log_in(mut client: Client) -> Reply {
    client.login("demo", ALPHA).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b09_fifty_logins_at_once_never_make_more_than_the_quota() {
    for rule in [
        QuotaExceeded::Deny,
        QuotaExceeded::EndOldest,
        QuotaExceeded::EndNextExpiring,
    ] {
        let world = world(rule).await;
        let logins: Vec<_> = (0..50)
            .map(|_| tokio::spawn(log_in(world.client())))
            .collect();
        let mut tokens = Vec::new();
        let mut most = 0;
        for login in logins {
            most = most.max(world.server.sessions());
            let reply = login.await.expect("a reply");
            if reply.status == 200 {
                tokens.push(reply.token());
            } else {
                assert_eq!((reply.status, reply.text()), (401, FULL), "{rule:?}");
                assert_eq!(reply.header("set-cookie"), None);
            }
        }
        assert!(most <= u64::from(QUOTA), "{rule:?}: {most} at once");
        assert_eq!(world.server.sessions(), u64::from(QUOTA), "{rule:?}");
        let expected = if rule == QuotaExceeded::Deny { 5 } else { 50 };
        assert_eq!(tokens.len(), expected, "{rule:?}");
        assert_eq!(live(&world, &tokens).await.len(), 5, "{rule:?}");
        let lines = world.server.audit();
        let of = |what: &str| lines.iter().filter(|line| line["reason"] == what).count();
        assert_eq!(of("session_quota"), 50 - expected, "{rule:?}");
        assert_eq!(of("quota"), expected - 5, "{rule:?}");
        // Another user, and the namesake of the other realm, have a quota of their own.
        logged_in(world.client(), "/beta", "demo", BETA).await;
    }
}

#[tokio::test]
async fn b09_the_rule_decides_which_session_ends() {
    for (rule, expected) in [
        (QuotaExceeded::EndOldest, vec![1, 2, 3, 4, 5]),
        (QuotaExceeded::EndNextExpiring, vec![0, 2, 3, 4, 5]),
        (QuotaExceeded::Deny, vec![0, 1, 2, 3, 4]),
    ] {
        let world = world(rule).await;
        let mut tokens: Vec<String> = Vec::new();
        for at in 0..6 {
            world.server.advance(Duration::from_secs(60));
            if at == 5 {
                // Whoever was used last ends last.
                let body = naming(&tokens[0]);
                ask(&world.client(), "/alpha", "4.0", "_action=validate", &body).await;
            }
            let reply = log_in(world.client()).await;
            if reply.status == 200 {
                tokens.push(reply.token());
            } else {
                assert_eq!(reply.text(), FULL);
            }
        }
        assert_eq!(live(&world, &tokens).await, expected, "{rule:?}");
    }
}

#[tokio::test]
async fn b09_an_upgrade_takes_the_place_of_what_it_replaces() {
    for rule in [QuotaExceeded::Deny, QuotaExceeded::EndOldest] {
        let world = world(rule).await;
        let mut tokens = Vec::new();
        let mut client = world.client();
        for _ in 0..QUOTA {
            client = world.client();
            tokens.push(client.login("demo", ALPHA).await.token());
        }
        let step = client.begin("Strong").await.step();
        let upgraded = client
            .answer(&step, &["demo".into(), ALPHA.into()])
            .await
            .token();
        assert_eq!(live(&world, &tokens).await, [0, 1, 2, 3], "{rule:?}");
        assert!(valid(&world, &upgraded).await);
        // A place that time or a log-out made free is free.
        client.sessions("logout", "").await;
        assert_eq!(log_in(world.client()).await.status, 200);
        world.server.advance(Duration::from_secs(2 * 60 * 60));
        assert_eq!(log_in(world.client()).await.status, 200);
        assert_eq!(live(&world, &tokens).await, [0; 0]);
    }
}

#[tokio::test]
async fn b10_a_login_without_a_session_leaves_none() {
    let world = World::new().await;
    for query in [
        "authIndexType=service&authIndexValue=NoSess",
        "authIndexType=service&authIndexValue=Login&noSession=true",
        "noSession=true",
    ] {
        let before = world.look();
        let mut client = world.client();
        let step = client.post(&Client::path("/alpha", query), "").await.step();
        let done = client.answer(&step, &["demo".into(), ALPHA.into()]).await;
        assert_eq!(done.status, 200, "{}", done.text());
        assert!(done.json().get("tokenId").is_none(), "{}", done.text());
        assert!(!done.text().contains("wfs1."));
        assert!(
            done.all("set-cookie")
                .all(|cookie| cookie.starts_with("amlbcookie=")),
            "no cookie but the balancer's"
        );
        let after = world.look();
        assert_eq!(after.sessions, 0);
        assert!(!after.rows.iter().any(|row| row.starts_with("session ")));
        assert_eq!(after.compared, before.compared + 1, "it was a real login");
        let denied = client.sessions("getSessionInfo", "").await;
        assert_eq!(denied.status, 401);
    }
}
