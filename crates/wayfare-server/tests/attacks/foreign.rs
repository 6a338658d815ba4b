//! Tokens of one realm below another, and properties that are the system's: B04 and B08.

use serde_json::json;

use super::world::{ALPHA, BETA, World};
use crate::{
    sessions::{FORBIDDEN, ask, logged_in, naming, told},
    support::Reply,
};

/// A token that never was one.
const UNKNOWN: &str = "wfs1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Every action, with a version that has it and what its body says besides a token.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("1.2", "logout", ""),
    ("1.2", "validate", ""),
    ("1.2", "isActive", ""),
    ("1.2", "getTimeLeft", ""),
    ("1.2", "getIdle", ""),
    ("1.2", "getMaxIdle", ""),
    ("1.2", "getMaxSessionTime", ""),
    ("1.2", "getPropertyNames", ""),
    ("1.2", "getProperty", ""),
    ("1.2", "setProperty", r#""theme":"x""#),
    ("1.2", "deleteProperty", r#""properties":["theme"]"#),
    ("2.1", "getSessionInfo", ""),
    ("2.1", "refresh", ""),
    ("3.1", "logout", ""),
    ("4.0", "getSessionInfo", ""),
    ("4.0", "getSessionInfoAndResetIdleTime", ""),
    ("4.0", "getSessionProperties", ""),
    ("4.0", "updateSessionProperties", r#""theme":"x""#),
    ("5.1", "validate", ""),
    ("5.1", "validate&refresh=false", ""),
    ("5.1", "refresh", ""),
    ("5.1", "logoutByHandle", r#""sessionHandles":["shandle:x"]"#),
    ("5.1", "logoutByUser", r#""username":"demo""#),
    ("5.1", "logout", ""),
];

/// What differs between two replies, if not for the token that was asked about.
fn face(reply: &Reply) -> (u16, String, Vec<(String, String)>) {
    let headers = reply.headers.iter().filter(|(name, _)| name != "date");
    (
        reply.status,
        reply.text().to_owned(),
        headers.cloned().collect(),
    )
}

/// Asks everything about a token below a realm, in every place where a token may stand, and compares with
/// one that never was.
pub(super) async fn assert_unknown(world: &World, realm: &str, token: &str) {
    for (version, action, members) in ACTIONS {
        let old = version.starts_with('1') || version.starts_with('2');
        let asked = async |token: &str, by: &str| {
            let mut client = world.client();
            let mut query = format!("_action={action}");
            let mut body = members.to_string();
            match by {
                "cookie" => {
                    client
                        .cookies
                        .insert("iPlanetDirectoryPro".into(), token.to_owned());
                }
                "header" => client = client.header("iPlanetDirectoryPro", token),
                _ if old => query = format!("{query}&tokenId={token}"),
                _ => {
                    let comma = if members.is_empty() { "" } else { "," };
                    body = format!(r#"{body}{comma}"tokenId":"{token}""#);
                }
            }
            if !body.is_empty() {
                body = format!("{{{body}}}");
            }
            ask(&client, realm, version, &query, &body).await
        };
        for by in ["cookie", "header", "name"] {
            let foreign = asked(token, by).await;
            let unknown = asked(UNKNOWN, by).await;
            assert_eq!(face(&foreign), face(&unknown), "{version} {action} by {by}");
            assert!(!foreign.text().contains("true"), "{}", foreign.text());
        }
    }
}

#[tokio::test]
async fn b04_a_token_of_one_realm_is_unknown_in_another() {
    let world = World::with(|config| {
        for settings in config.realms.values_mut() {
            settings.session.properties.push("theme".to_owned());
        }
    })
    .await;
    let alpha = logged_in(world.client(), "/alpha", "demo", ALPHA).await;
    let token = crate::sessions::token(&alpha);
    let before = world.look();
    assert_unknown(&world, "/beta", &token).await;
    // Nor does a session of the other realm lend its rights, not even to the namesake.
    let beta = logged_in(world.client(), "/beta", "demo", BETA).await;
    let named = ask(&beta, "/beta", "5.1", "_action=validate", &naming(&token)).await;
    assert_eq!(told(&named), (200, r#"{"valid":false}"#));
    let by_user = json!({ "username": "demo" }).to_string();
    let denied = ask(&beta, "/alpha", "5.1", "_action=logoutByUser", &by_user).await;
    assert_eq!(denied.status, 401);
    let mut users = alpha.clone().header("Accept-API-Version", "resource=4.0");
    for path in ["users?_action=idFromSession", "users/demo"] {
        let path = format!("/am/json/realms/root/realms/beta/{path}");
        let method = if path.ends_with("demo") {
            "GET"
        } else {
            "POST"
        };
        assert_eq!(users.send(method, &path, None).await.status, 401, "{path}");
    }
    let after = world.look();
    assert_eq!(after.sessions, before.sessions + 1, "the one of /beta");
    for row in &before.rows {
        assert!(after.rows.contains(row), "changed or gone: {row}");
    }
    assert_eq!(
        alpha.clone().sessions("validate", "").await.json()["valid"],
        true
    );
}

/// Letter cases of a name: as it is, small, large, and every other letter.
fn cases(name: &str) -> [String; 4] {
    let mixed = |(at, c): (usize, char)| {
        if at % 2 == 0 {
            c.to_ascii_lowercase()
        } else {
            c.to_ascii_uppercase()
        }
    };
    [
        name.to_owned(),
        name.to_lowercase(),
        name.to_uppercase(),
        name.chars().enumerate().map(mixed).collect(),
    ]
}

#[tokio::test]
async fn b08_what_is_the_systems_is_not_set_in_any_letter_case() {
    let names = [
        "AuthLevel",
        "Principal",
        "Realm",
        "am.protected.x",
        "AMCtxId",
        "UserToken",
        "UserId",
        "Organization",
        "Service",
        "AuthType",
        "authInstant",
        "sun.am.UniversalIdentifier",
    ];
    // Listed or not makes no difference.
    let world = World::with(|config| {
        for settings in config.realms.values_mut() {
            let listed = names.iter().take(6).flat_map(|name| cases(name));
            settings.session.properties.extend(listed);
        }
    })
    .await;
    let client = logged_in(world.client(), "/alpha", "demo", ALPHA).await;
    let before = world.look();
    for name in names.iter().flat_map(|name| cases(name)) {
        let body = json!({ &name: "99" }).to_string();
        for (version, action, body) in [
            ("5.1", "updateSessionProperties", body.clone()),
            ("2.1", "updateSessionProperties", body.clone()),
            ("1.2", "setProperty", body.clone()),
            (
                "1.2",
                "deleteProperty",
                json!({ "properties": [&name] }).to_string(),
            ),
        ] {
            let query = format!("_action={action}");
            let reply = ask(&client, "/alpha", version, &query, &body).await;
            assert_eq!(told(&reply), FORBIDDEN, "{action} {name}");
        }
    }
    let after = world.look();
    after.assert_unchanged(&before);
    assert_eq!(world.level(&crate::sessions::token(&client)).await, "0");
}
