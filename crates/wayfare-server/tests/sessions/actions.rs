//! Every action in every version, with a session and without one.

use std::time::Duration;

use super::{DENIED, FORBIDDEN, add_other, admin, ask, demo, naming, other, server, token, told};

const DEAD: &str = "wfs1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn v33_info_has_seven_keys_in_the_live_order() {
    let server = server().await;
    let client = demo(&server).await;
    let reply = ask(
        &server.client(),
        "/alpha",
        "4.0",
        "_action=getSessionInfo",
        &naming(&token(&client)),
    )
    .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-api-version"), Some("resource=4.0"));
    assert_eq!(
        reply.header("content-type"),
        Some("application/json;charset=UTF-8")
    );
    assert_eq!(reply.header("cache-control"), Some("private"));
    let handle = reply.json()["properties"]["AMCtxId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        reply.text(),
        format!(
            r#"{{"username":"demo","universalId":"id=demo,ou=user,o=alpha,ou=services,ou=am-config","realm":"/alpha","latestAccessTime":"2027-01-15T08:00:00Z","maxIdleExpirationTime":"2027-01-15T08:30:00Z","maxSessionExpirationTime":"2027-01-15T10:00:00Z","properties":{{"AMCtxId":"{handle}","AuthLevel":"0"}}}}"#
        )
    );
    // The agent of the product asks below the realm of the user, with the session of the top realm.
    let admin = admin(&server).await;
    let own = ask(&admin, "/alpha", "4.0", "_action=getSessionInfo", "").await;
    assert_eq!(own.json()["realm"], "/");
}

#[tokio::test]
async fn v34_log_out_then_validate() {
    let server = server().await;
    let client = demo(&server).await;
    let out = ask(&client, "/alpha", "5.1", "_action=logout", "").await;
    assert_eq!(told(&out), (200, r#"{"result":"Successfully logged out"}"#));
    let after = ask(&client, "/alpha", "5.1", "_action=validate", "").await;
    assert_eq!(told(&after), (200, r#"{"valid":false}"#));
}

#[tokio::test]
async fn times_are_told_and_use_resets_the_idle_one_alone() {
    let server = server().await;
    let client = demo(&server).await;
    server.advance(Duration::from_secs(100));
    let one = |action: &'static str| ask(&client, "/alpha", "1.2", action, "");
    for (action, body) in [
        ("_action=getTimeLeft", r#"{"maxtime":7100}"#),
        ("_action=getIdle", r#"{"idletime":100}"#),
        ("_action=getMaxIdle", r#"{"maxidletime":30}"#),
        ("_action=GETMAXSESSIONTIME", r#"{"maxsessiontime":120}"#),
        ("_action=isActive", r#"{"active":true}"#),
        ("_action=getIdle", r#"{"idletime":100}"#),
        (
            "_action=validate&refresh=false",
            r#"{"valid":true,"uid":"demo","realm":"/alpha"}"#,
        ),
        ("_action=getIdle", r#"{"idletime":100}"#),
        ("_action=isActive&refresh=true", r#"{"active":true}"#),
        ("_action=getIdle", r#"{"idletime":0}"#),
    ] {
        assert_eq!(told(&one(action).await), (200, body), "{action}");
    }
    server.advance(Duration::from_secs(60));
    let refreshed = ask(&client, "/alpha", "3.1", "_action=refresh", "").await;
    assert_eq!(
        told(&refreshed),
        (
            200,
            r#"{"uid":"demo","realm":"/alpha","idletime":0,"maxidletime":30,"maxsessiontime":120,"maxtime":7040}"#
        )
    );
    server.advance(Duration::from_secs(60));
    for (action, idle) in [
        ("getSessionInfo", "2027-01-15T08:32:40Z"),
        ("getSessionInfoAndResetIdleTime", "2027-01-15T08:33:40Z"),
    ] {
        let query = format!("_action={action}");
        let info = ask(&client, "/alpha", "4.0", &query, "").await.json();
        assert_eq!(info["maxIdleExpirationTime"], idle);
        assert_eq!(info["maxSessionExpirationTime"], "2027-01-15T10:00:00Z");
    }
}

#[tokio::test]
async fn the_dead_are_told_so_in_the_way_of_the_version() {
    let server = server().await;
    let client = server.client();
    for (version, query, body, expected) in [
        ("1.2", "isActive", "", (200, r#"{"active":false}"#)),
        ("1.2", "getTimeLeft", "", (200, r#"{"maxtime":-1}"#)),
        ("1.2", "getIdle", "", (200, r#"{"idletime":-1}"#)),
        ("1.2", "getMaxIdle", "", (200, r#"{"maxidletime":-1}"#)),
        (
            "1.2",
            "getMaxSessionTime",
            "",
            (200, r#"{"maxsessiontime":-1}"#),
        ),
        ("1.2", "getPropertyNames", "", DENIED),
        ("1.2", "getProperty", "", DENIED),
        ("1.2", "setProperty", r#"{"theme":"x"}"#, DENIED),
        (
            "1.2",
            "deleteProperty",
            r#"{"properties":["theme"]}"#,
            DENIED,
        ),
        (
            "1.2",
            "logout",
            "",
            (200, r#"{"result":"Token has expired"}"#),
        ),
        ("2.1", "getSessionInfo", "", (200, r#"{"valid":false}"#)),
        ("2.1", "refresh", "", DENIED),
        (
            "2.1",
            "logoutByHandle",
            r#"{"sessionHandles":["shandle:x"]}"#,
            DENIED,
        ),
    ] {
        let query = format!("_action={query}&tokenId={DEAD}");
        let reply = ask(&client, "/alpha", version, &query, body).await;
        assert_eq!(told(&reply), expected, "{version} {query}");
    }
    for (version, query, expected) in [
        ("4.0", "logout", DENIED),
        ("4.0", "getSessionInfo", DENIED),
        ("4.0", "refresh", DENIED),
        ("4.0", "getSessionProperties", DENIED),
        ("4.0", "validate", (200, r#"{"valid":false}"#)),
        (
            "2.1",
            "logout",
            (
                400,
                r#"{"code":400,"reason":"Bad Request","message":"iPlanetDirectoryCookie not set on request"}"#,
            ),
        ),
    ] {
        let query = format!("_action={query}");
        let reply = ask(&client, "/alpha", version, &query, "").await;
        assert_eq!(told(&reply), expected, "{version} {query} without a token");
    }
}

#[tokio::test]
async fn a_version_that_is_not_served_is_refused_with_a_body() {
    let server = server().await;
    let client = demo(&server).await;
    for version in ["999.0", "5.2", "0.1"] {
        let reply = ask(&client, "/alpha", version, "_action=validate", "").await;
        let body = format!(
            r#"{{"code":404,"reason":"Not Found","message":"Accept-API-Version: Requested version &quot;{version}&quot; does not match any routes."}}"#
        );
        let plain = body.replace("&quot;", "\\\"");
        assert_eq!(told(&reply), (404, &*plain));
        assert_eq!(reply.header("content-api-version"), None);
        assert_eq!(
            reply.header("content-security-policy"),
            Some("default-src 'none';frame-ancestors 'none';sandbox")
        );
    }
}

#[tokio::test]
async fn the_session_of_another_is_for_administrators() {
    let server = server().await;
    add_other(&server, "bob");
    let (demo, bob, admin) = (
        demo(&server).await,
        other(&server, "bob").await,
        admin(&server).await,
    );
    let body = naming(&token(&demo));
    for action in [
        "validate",
        "getSessionInfo",
        "getSessionInfoAndResetIdleTime",
        "refresh",
        "getSessionProperties",
    ] {
        let query = format!("_action={action}");
        let reply = ask(&bob, "/alpha", "5.1", &query, &body).await;
        assert_eq!(told(&reply), FORBIDDEN, "{action}");
        let reply = ask(&admin, "/alpha", "5.1", &query, &body).await;
        assert_eq!(reply.status, 200, "{action}: {}", reply.text());
        let text = reply.text();
        assert!(!text.contains("amadmin"), "{action}: {text}");
    }
    let update = format!(r#"{{"theme":"x","tokenId":"{}"}}"#, token(&demo));
    let refused = ask(
        &bob,
        "/alpha",
        "5.1",
        "_action=updateSessionProperties",
        &update,
    )
    .await;
    assert_eq!(told(&refused), FORBIDDEN);
    let refused = ask(&bob, "/alpha", "5.1", "_action=logout", &body).await;
    assert_eq!(told(&refused), FORBIDDEN);
    let alive = ask(&demo, "/alpha", "5.1", "_action=validate", "").await;
    assert_eq!(alive.json()["valid"], true);

    let done = ask(&admin, "/alpha", "5.1", "_action=logout", &body).await;
    assert_eq!(
        told(&done),
        (200, r#"{"result":"Successfully logged out"}"#)
    );
    assert_eq!(done.header("set-cookie"), None, "the administrator stays");
    assert_eq!(done.header("clear-site-data"), None);
    let over = ask(&demo, "/alpha", "5.1", "_action=validate", "").await;
    assert_eq!(told(&over), (200, r#"{"valid":false}"#));
    let line = server
        .audit()
        .into_iter()
        .rev()
        .find(|line| line["by"] == "amadmin");
    assert_eq!(line.expect("it is noted who did it")["username"], "demo");
}

#[tokio::test]
async fn a_log_out_tells_where_to_go_if_that_is_allowed() {
    let server = super::with(|config| {
        for settings in config.realms.values_mut() {
            settings.goto = vec!["https://app.example.com:443/*".to_owned()];
        }
    })
    .await;
    for (goto, expected) in [
        (
            "https%3A%2F%2Fapp.example.com%3A443%2Fbye",
            r#"{"result":"Successfully logged out","goto":"https://app.example.com:443/bye"}"#,
        ),
        (
            "%2Fbye",
            r#"{"result":"Successfully logged out","goto":"/bye"}"#,
        ),
        (
            "https%3A%2F%2Fevil.example%2F",
            r#"{"result":"Successfully logged out"}"#,
        ),
        (
            "%2F%2Fevil.example",
            r#"{"result":"Successfully logged out"}"#,
        ),
        ("", r#"{"result":"Successfully logged out"}"#),
    ] {
        let client = demo(&server).await;
        let query = format!("_action=logout&goto={goto}");
        let out = ask(&client, "/alpha", "3.1", &query, "").await;
        assert_eq!(told(&out), (200, expected), "{goto}");
    }
}
