//! Session tokens of one's own making, and dead ones: B01 and B05.

use serde_json::json;

use super::{
    foreign::assert_unknown,
    forge::slice,
    world::{ALPHA, BAD_SIGNATURE, Refused, World, bad},
};
use crate::support::{Client, Reply};

const DEAD: Refused<'_> = bad("The session to upgrade is not valid");

/// Asks `sessions` about a token, by a body.
async fn ask(world: &World, action: &str, token: &str) -> Reply {
    let body = json!({ "tokenId": token }).to_string();
    world.client().sessions(action, &body).await
}

#[tokio::test]
async fn b01_a_session_token_is_never_taken_from_a_client() {
    let world = World::new().await;
    let other = world.client().login("demo", ALPHA).await.token();
    let well_formed = "wfs1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let near = format!(
        "{}{}",
        slice(&other, 0, other.len() - 2),
        if other.ends_with("AA") { "BA" } else { "AA" }
    );
    let mut live = vec![other.clone()];
    for chosen in [
        well_formed,
        near,
        other.to_uppercase(),
        format!("{other}."),
        "wfs1.".to_owned(),
        "admin".to_owned(),
        "*AAJTSQACMDE.*".to_owned(),
        "x".repeat(4_000),
    ] {
        for by_header in [false, true] {
            let before = world.look();
            let mut client = world.client();
            if by_header {
                client = client.header("iPlanetDirectoryPro", &chosen);
            } else {
                client
                    .cookies
                    .insert("iPlanetDirectoryPro".into(), chosen.clone());
            }
            let step = client.begin("Login").await.step();
            let done = client.answer(&step, &["demo".into(), ALPHA.into()]).await;
            let token = done.token();
            let cookies: Vec<&str> = done
                .all("set-cookie")
                .filter(|c| c.contains("iPlanet"))
                .collect();
            assert_eq!(cookies.len(), 1);
            assert!(
                cookies[0].starts_with(&format!("iPlanetDirectoryPro={token};")),
                "{cookies:?}"
            );
            assert!(!live.contains(&token) && token != chosen, "a new one");
            live.push(token);
            let after = world.look();
            assert_eq!(after.sessions, before.sessions + 1, "none was replaced");
            assert_eq!(
                after.audit.len(),
                before.audit.len() + 2,
                "a step and a login"
            );
            assert!(
                !after
                    .audit
                    .iter()
                    .any(|line| line.to_string().contains(&chosen) && chosen.len() > 8)
            );
            assert_eq!(
                ask(&world, "validate", &chosen).await.text(),
                r#"{"valid":false}"#
            );
        }
        // Named as the one to be upgraded it is refused.
        let mut client = world.client();
        let path = Client::path(
            "/alpha",
            &format!("sessionUpgradeSSOTokenId={}", chosen.replace('*', "%2A")),
        );
        world.refused(client.post(&path, ""), DEAD, &[ALPHA]).await;
    }
    for token in &live {
        assert_eq!(ask(&world, "validate", token).await.json()["valid"], true);
    }
    // A session token is no step, and a step is no session token.
    let step = world.client().begin("").await.step();
    let auth_id = step["authId"].as_str().expect("a token").to_owned();
    assert_eq!(
        ask(&world, "validate", &auth_id).await.text(),
        r#"{"valid":false}"#
    );
    let as_step =
        json!({ "authId": format!("YQ.Yg.{}", live[0].trim_start_matches("wfs1.")), "callbacks": [] }).to_string();
    let mut client = world.client();
    let path = Client::path("/alpha", "");
    world
        .refused(client.post(&path, &as_step), BAD_SIGNATURE, &[&live[0]])
        .await;
}

#[tokio::test]
async fn b05_a_session_that_ended_stays_ended() {
    let world = World::new().await;
    let mut client = world.client();
    let step = client.begin("Strong").await.step();
    let token = client
        .answer(&step, &["demo".into(), ALPHA.into()])
        .await
        .token();
    let kept = client.cookies.clone();
    assert_eq!(world.level(&token).await, "20");
    let out = client.sessions("logout", "").await;
    assert_eq!(
        (out.status, out.text()),
        (200, r#"{"result":"Successfully logged out"}"#)
    );
    assert_eq!(world.server.sessions(), 0);
    let denied = r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#;
    let before = world.look();
    for _ in 0..2 {
        for (action, status, body) in [
            ("validate", 200, r#"{"valid":false}"#),
            ("getSessionInfo", 401, denied),
            ("getSessionInfoAndResetIdleTime", 401, denied),
            ("logout", 200, r#"{"result":"Token has expired"}"#),
            ("refresh", 401, denied),
            ("getSessionProperties", 401, denied),
        ] {
            let reply = ask(&world, action, &token).await;
            assert_eq!((reply.status, reply.text()), (status, body), "{action}");
            let mut cookie = world.client();
            cookie.cookies.clone_from(&kept);
            let reply = cookie.sessions(action, "").await;
            assert_eq!(
                (reply.status, reply.text()),
                (status, body),
                "{action} by cookie"
            );
        }
        // An action that is not served answers the dead and the living alike.
        let reply = ask(&world, "getIdleTime", &token).await;
        let body = r#"{"code":501,"reason":"Not Implemented","message":"Action getIdleTime not implemented for this resource"}"#;
        assert_eq!((reply.status, reply.text()), (501, body));
        let mut cookie = world
            .client()
            .header("Accept-API-Version", "protocol=1.0,resource=2.0");
        cookie.cookies.clone_from(&kept);
        let path = "/am/json/realms/root/realms/alpha/users?_action=idFromSession";
        let reply = cookie.post(path, "").await;
        assert_eq!((reply.status, reply.text()), (401, denied));
    }
    // Whatever is asked about it, in whatever place and version: it never was.
    assert_unknown(&world, "/alpha", &token).await;
    let after = world.look();
    after.assert_unchanged(&before);
    for line in &after.audit {
        assert!(!line.to_string().contains(&token), "{line}");
    }
    // Upgrading it is refused where it is named, and a login with its cookie begins at nothing.
    let mut upgrade = world.client();
    let path = Client::path("/alpha", &format!("sessionUpgradeSSOTokenId={token}"));
    world
        .refused(upgrade.post(&path, ""), DEAD, &[&token])
        .await;
    upgrade.cookies.clone_from(&kept);
    let step = upgrade.begin("Easy").await.step();
    let fresh = upgrade
        .answer(&step, &["demo".into(), ALPHA.into()])
        .await
        .token();
    assert_eq!(
        world.level(&fresh).await,
        "1",
        "nothing of the dead one was taken over"
    );
    assert_eq!(
        ask(&world, "validate", &token).await.text(),
        r#"{"valid":false}"#
    );
    assert_eq!(world.server.sessions(), 1);
}
