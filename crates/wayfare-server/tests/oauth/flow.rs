//! The ways that end well.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use wayfare_wire::{
    jose::{Algorithm, Expected, Typ, read_jwks},
    json::Bounds,
};

use super::stage::{
    APP, BASE, SECRET, VERIFIER, authorize, basic, challenge, claims, code, exchange, introspect,
    logged_in, parameter, post, query, refresh, sent_to, stage, text, tokens, userinfo,
};
use crate::support::BEGIN;

const ISSUER: &str = "https://id.example.com/am/oauth2/realms/root/realms/alpha";

/// RFC 6749 §4.1, RFC 7636, RFC 9207 §2, OpenID Connect Core §3.1.
#[tokio::test]
async fn a_public_app_gets_tokens_and_knows_who_it_is() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let reply = authorize(&mut client, &[]).await;
    let (address, parameters) = sent_to(&reply);
    assert_eq!(address, APP);
    let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert_eq!(parameter(&reply, "state").as_deref(), Some("s t&te"));
    assert_eq!(parameter(&reply, "iss").as_deref(), Some(ISSUER));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));

    let reply = exchange(&client, &code(&reply)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    // RFC 6749 §5.1
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("pragma"), Some("no-cache"));
    let tokens = reply.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3_600);
    assert_eq!(tokens["scope"], "openid profile");

    // Core §3.1.3.7: what the client checks of an ID token.
    let mut keys = server.client();
    let keys = keys.get(&format!("{BASE}/connect/jwk_uri")).await;
    let keys = read_jwks(&keys.body, Bounds::default()).unwrap();
    assert_eq!(keys.len(), 2);
    let expected = Expected {
        typ: Typ::Plain,
        issuer: Some(ISSUER),
        audience: &["app"],
        algorithms: &[Algorithm::Es256],
        leeway: 0,
    };
    let id_token = text(&tokens, "id_token");
    let verified = expected.verify(&keys, id_token, BEGIN).unwrap();
    assert_eq!(verified.text("nonce"), Some("n0nce"));
    assert_eq!(verified.seconds("auth_time"), Some(BEGIN.0 / 1_000));
    assert_eq!(verified.seconds("exp"), Some(BEGIN.0 / 1_000 + 3_600));
    assert_eq!(verified.text("acr"), Some("0"));
    assert_eq!(verified.claims["amr"], json!(["pwd"]));
    let half = challenge(text(&tokens, "access_token"));
    let hash = verified.text("at_hash").unwrap();
    assert_eq!(hash.len(), 22);
    // Half of it, but for the letter in which the halves meet.
    assert_eq!(hash.get(..20), half.get(..20));

    let info = userinfo(&client, text(&tokens, "access_token")).await;
    assert_eq!(info.status, 200, "{}", info.text());
    let info = info.json();
    assert_eq!(info["sub"].as_str(), verified.text("sub"));
    assert_eq!(info["preferred_username"], "demo");
    assert!(info.get("email").is_none(), "{info}");

    let events = server.events();
    for name in ["AM-OAUTH2-GRANT-CREATED", "AM-OAUTH2-TOKEN-CREATED"] {
        assert!(events.iter().any(|event| event == name), "{events:?}");
    }
    let written = server.everything_written();
    for secret in ["access_token", "refresh_token", "id_token"] {
        let secret = text(&tokens, secret).as_bytes();
        let there = written.windows(secret.len()).any(|part| part == secret);
        assert!(!there, "a token is on disk");
    }
}

/// Core §5.4, and claims of the settings.
#[tokio::test]
async fn a_scope_shows_its_claims_and_no_others() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    for (scope, shown) in [
        ("openid", vec!["sub"]),
        ("openid email", vec!["email", "sub"]),
        ("openid profile", vec!["preferred_username", "sub"]),
        ("openid phone work", vec!["sub"]),
    ] {
        let tokens = tokens(&mut client, &[("scope", scope)]).await;
        let info = userinfo(&client, text(&tokens, "access_token"))
            .await
            .json();
        let names: Vec<_> = info.as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, shown, "{scope}");
    }
    // RFC 6749 §3.3: none asked for is the usual one.
    let tokens = tokens(&mut client, &[("scope", "")]).await;
    assert_eq!(tokens["scope"], "openid");
}

/// RFC 6749 §6 and RFC 9700 §4.14.2.
#[tokio::test]
async fn a_refresh_token_is_for_one_refresh_and_less_may_be_asked() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let first = tokens(&mut client, &[("scope", "openid profile email")]).await;
    let second = refresh(&client, text(&first, "refresh_token")).await;
    assert_eq!(second.status, 200, "{}", second.text());
    let second = second.json();
    assert_eq!(second["scope"], "openid profile email");
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    // Core §12.2: the same subject and time, and no nonce.
    let (before, after) = (
        claims(text(&first, "id_token")),
        claims(text(&second, "id_token")),
    );
    for claim in ["sub", "iss", "aud", "auth_time", "acr", "amr", "sid"] {
        assert_eq!(before[claim], after[claim], "{claim}");
    }
    assert!(after.get("nonce").is_none());
    let less = [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", text(&second, "refresh_token")),
        ("scope", "email"),
    ];
    let third = post(&client, "/access_token", &less).await.json();
    assert_eq!(third["scope"], "email");
    assert!(third.get("id_token").is_none());
    // All that was granted is still there for the next.
    let fourth = refresh(&client, text(&third, "refresh_token")).await.json();
    assert_eq!(fourth["scope"], "openid profile email");
    // The grant ends a day after it began, however often it is refreshed.
    server.advance(std::time::Duration::from_secs(24 * 60 * 60));
    let late = refresh(&client, text(&fourth, "refresh_token")).await;
    assert_eq!(
        (late.status, text(&late.json(), "error")),
        (400, "invalid_grant")
    );
}

/// RFC 6749 §2.3.1 and §4.4, RFC 9068 §2.
#[tokio::test]
async fn a_service_says_who_it_is_and_gets_signed_tokens() {
    let server = stage().await;
    let service = basic(&server.client(), "service", SECRET);
    let own = post(
        &service,
        "/access_token",
        &[("grant_type", "client_credentials")],
    )
    .await;
    assert_eq!(own.status, 200, "{}", own.text());
    let own = own.json();
    assert!(own.get("refresh_token").is_none() && own.get("id_token").is_none());
    let access = text(&own, "access_token");
    let claims_of = claims(access);
    assert_eq!(claims_of["aud"], "https://api.example.com");
    assert_eq!(claims_of["sub"], "service");
    assert_eq!(claims_of["client_id"], "service");
    assert_eq!(claims_of["scope"], "read");
    assert_eq!(claims_of["iss"], ISSUER);
    assert!(claims_of["jti"].is_string() && claims_of["iat"].is_u64() && claims_of["exp"].is_u64());
    assert!(claims_of.get("acr").is_none());
    let header = access.split('.').next().unwrap();
    let header: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("at+jwt"), &json!("EdDSA"))
    );

    // The next secret works beside the first.
    let next = basic(&server.client(), "service", "the next secret of it");
    let pairs = [("grant_type", "client_credentials")];
    assert_eq!(post(&next, "/access_token", &pairs).await.status, 200);

    // A user's token of the same client, without PKCE, which it need not use.
    let mut client = logged_in(&server).await;
    let asked = query(&[
        ("client_id", "service"),
        ("redirect_uri", "https://service.example.com/cb"),
        ("response_type", "code"),
        ("scope", "openid read"),
    ]);
    let granted = client.get(&format!("{BASE}/authorize?{asked}")).await;
    let code = code(&granted);
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", "https://service.example.com/cb"),
    ];
    let tokens = post(&service, "/access_token", &pairs).await.json();
    let of_user = claims(text(&tokens, "access_token"));
    assert_eq!(of_user["acr"], "0");
    assert_eq!(of_user["amr"], json!(["pwd"]));
    assert_eq!(of_user["sub"], claims(text(&tokens, "id_token"))["sub"]);
    // A signed token is good here as long as it is kept.
    let info = userinfo(&client, text(&tokens, "access_token")).await;
    assert_eq!(info.status, 200, "{}", info.text());
}

/// RFC 7662 §2.2, RFC 7009 §2.
#[tokio::test]
async fn tokens_are_told_about_and_ended() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    let (access, renew) = (text(&all, "access_token"), text(&all, "refresh_token"));
    let about = introspect(&client, access).await;
    assert_eq!(about["active"], true);
    assert_eq!(about["client_id"], "app");
    assert_eq!(about["username"], "demo");
    assert_eq!(about["scope"], "openid profile");
    assert_eq!(about["token_type"], "Bearer");
    assert_eq!(about["exp"], BEGIN.0 / 1_000 + 3_600);
    assert_eq!(introspect(&client, renew).await["active"], true);
    // Another confidential client is told about its own only.
    let service = basic(&server.client(), "service", SECRET);
    let other = post(&service, "/introspect", &[("token", access)]).await;
    assert_eq!(other.json(), json!({"active": false}));
    for (token, hint) in [("unknown", ""), (access, "nonsense")] {
        let pairs = [
            ("token", token),
            ("client_id", "app"),
            ("token_type_hint", hint),
        ];
        let reply = post(&client, "/token/revoke", &pairs).await;
        assert_eq!((reply.status, reply.text()), (200, "{}"));
    }
    // RFC 7009 §2.1: the grant ends with a token of it.
    for token in [access, renew] {
        assert_eq!(introspect(&client, token).await, json!({"active": false}));
    }
    assert_eq!(userinfo(&client, access).await.status, 401);
    assert_eq!(refresh(&client, renew).await.status, 400);
}

/// Core §3.1.2.1: a request may be posted too. OAuth 2.0 Form Post Response Mode.
#[tokio::test]
async fn requests_and_responses_may_be_forms() {
    let server = stage().await;
    let mut client = logged_in(&server)
        .await
        .header("Content-Type", "application/x-www-form-urlencoded");
    let body = super::stage::request(&[("response_mode", "form_post"), ("state", "\"><b>")]);
    let reply = client
        .send("POST", &format!("{BASE}/authorize"), Some(body.as_bytes()))
        .await;
    assert_eq!(reply.status, 200);
    let page = reply.text();
    assert!(
        page.contains("<form method=\"post\" action=\"https://app.example.com/cb\">"),
        "{page}"
    );
    assert!(
        page.contains("name=\"state\" value=\"&quot;&gt;&lt;b&gt;\""),
        "{page}"
    );
    let policy = reply.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'; script-src 'sha256-"),
        "{policy}"
    );
    let code = page.split("name=\"code\" value=\"").nth(1).unwrap();
    let code = code.split('"').next().unwrap();
    assert_eq!(exchange(&client, code).await.status, 200);
}

/// RFC 8252 §7.3: the port of a native app is the system's.
#[tokio::test]
async fn a_native_app_listens_at_any_port() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let native = "http://127.0.0.1:51004/cb";
    let code = code(&authorize(&mut client, &[("redirect_uri", native)]).await);
    let pairs = |uri| {
        [
            ("grant_type", "authorization_code"),
            ("client_id", "app"),
            ("code", code.as_str()),
            ("redirect_uri", uri),
            ("code_verifier", VERIFIER),
        ]
    };
    // RFC 6749 §4.1.3: identical, the port too.
    let other = post(
        &client,
        "/access_token",
        &pairs("http://127.0.0.1:51005/cb"),
    )
    .await;
    assert_eq!(text(&other.json(), "error"), "invalid_grant");
    assert_eq!(
        post(&client, "/access_token", &pairs(native)).await.status,
        200
    );
}

/// RFC 8414 §3 and OpenID Connect Discovery §4: the documents, in all places where they are looked for.
#[tokio::test]
async fn discovery_is_the_same_everywhere() {
    let server = stage().await;
    let mut client = server.client();
    let mut seen = Vec::new();
    for path in [
        format!("{BASE}/.well-known/openid-configuration"),
        format!("{BASE}/.well-known/oauth-authorization-server"),
        "/am/oauth2/alpha/.well-known/openid-configuration".to_owned(),
        "/am/oauth2/.well-known/openid-configuration?realm=/alpha".to_owned(),
        format!("/.well-known/oauth-authorization-server{BASE}"),
    ] {
        let reply = client.get(&path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        seen.push(reply.json());
    }
    seen.dedup();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["issuer"], ISSUER);
    for path in [
        "/am/oauth2/.well-known/openid-configuration",
        "/am/oauth2/beta/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/am/oauth2",
        "/.well-known/oauth-authorization-server/elsewhere",
    ] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
}
