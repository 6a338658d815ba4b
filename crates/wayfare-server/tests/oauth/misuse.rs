//! What is refused, and where that is told.

use wayfare_server::config::OauthSettings;
use wayfare_wire::oauth::Grant;

use super::stage::{
    APP, BASE, SECRET, VERIFIER, authorize, basic, challenge, code, exchange, introspect,
    logged_in, parameter, post, refresh, request, sent_to, stage, stage_with, text, tokens,
    userinfo,
};
use crate::support::alpha;

/// RFC 6749 §4.1.2.1: until the address is known to be the client's, nobody is sent anywhere.
#[tokio::test]
async fn an_address_that_is_not_registered_is_never_gone_to() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    for more in [
        [("client_id", ""), ("x", "")],
        [("client_id", "nobody"), ("x", "")],
        [("redirect_uri", ""), ("x", "")],
        [("redirect_uri", "https://evil.example.com/cb"), ("x", "")],
        [("redirect_uri", "https://app.example.com/cb/"), ("x", "")],
        [("redirect_uri", "https://app.example.com/cb?x"), ("x", "")],
        [("redirect_uri", "https://app.example.com/cb#x"), ("x", "")],
        [
            (
                "redirect_uri",
                "https://app.example.com@evil.example.com/cb",
            ),
            ("x", ""),
        ],
        [("redirect_uri", "http://127.0.0.1:80x/cb"), ("x", "")],
        [("redirect_uri", "javascript:alert(1)"), ("x", "")],
        [
            ("redirect_uri", APP),
            ("redirect_uri", "https://evil.example.com/cb"),
        ],
        [("client_id", "app"), ("client_id", "asks")],
    ] {
        let reply = authorize(&mut client, &more).await;
        assert_eq!(
            (reply.status, text(&reply.json(), "error")),
            (400, "invalid_request"),
            "{more:?}"
        );
        assert_eq!(reply.header("location"), None);
        let mut browser = client.clone().header("Accept", "text/html,*/*;q=0.8");
        let reply = authorize(&mut browser, &more).await;
        assert_eq!(reply.status, 400);
        assert!(
            reply.text().contains("This request cannot be answered"),
            "{}",
            reply.text()
        );
    }
}

/// RFC 6749 §4.1.2.1, RFC 7636 §4.4.1, RFC 9700 §2.1.1 and §2.1.2, Core §3.1.2.6.
#[tokio::test]
async fn a_request_that_is_wrong_goes_back_with_its_state() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let long = "x".repeat(1_025);
    for (name, value, error) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "id_token", "unsupported_response_type"),
        (
            "response_type",
            "code id_token",
            "unsupported_response_type",
        ),
        ("response_mode", "fragment", "invalid_request"),
        ("scope", "openid admin", "invalid_scope"),
        ("scope", "openid Profile", "invalid_scope"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("request", "x.y.z", "request_not_supported"),
        (
            "request_uri",
            "https://evil.example.com/",
            "request_uri_not_supported",
        ),
        ("registration", "{}", "registration_not_supported"),
        ("resource", "https://api.example.com", "invalid_target"),
        ("dpop_jkt", &long, "invalid_request"),
        ("display", "hologram", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("max_age", "99999999999999999999999", "invalid_request"),
        ("nonce", &long, "invalid_request"),
        ("login_hint", "a\u{0}b", "invalid_request"),
    ] {
        let reply = authorize(&mut client, &[(name, value)]).await;
        let (address, _) = sent_to(&reply);
        assert_eq!(address, APP);
        assert_eq!(
            parameter(&reply, "error").as_deref(),
            Some(error),
            "{name} {value}"
        );
        assert_eq!(parameter(&reply, "state").as_deref(), Some("s t&te"));
        assert!(parameter(&reply, "iss").is_some() && parameter(&reply, "code").is_none());
    }
    // A state that cannot be handed through is not; two of anything are none.
    let reply = authorize(&mut client, &[("state", &long)]).await;
    assert_eq!(
        parameter(&reply, "error").as_deref(),
        Some("invalid_request")
    );
    assert_eq!(parameter(&reply, "state"), None);
    for name in [
        "state",
        "scope",
        "nonce",
        "prompt",
        "code_challenge",
        "response_type",
        "max_age",
    ] {
        let query = format!("{}&{name}=1&{name}=2", request(&[(name, "")]));
        let reply = client.get(&format!("{BASE}/authorize?{query}")).await;
        assert_eq!(
            parameter(&reply, "error").as_deref(),
            Some("invalid_request"),
            "{name}"
        );
    }
    let api = [("client_id", "signs"), ("redirect_uri", APP)];
    assert_eq!(authorize(&mut client, &api).await.status, 400);
}

/// RFC 6749 §5.2, RFC 7636 §4.6, RFC 9700 §4.8.2.
#[tokio::test]
async fn a_code_is_for_its_client_its_address_and_its_verifier() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let code = code(&authorize(&mut client, &[]).await);
    let good = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", code.as_str()),
        ("redirect_uri", APP),
        ("code_verifier", VERIFIER),
    ];
    let other = "E".repeat(43);
    let with = challenge(VERIFIER);
    for (name, value, error) in [
        ("grant_type", "", "invalid_request"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "client_credentials", "unauthorized_client"),
        ("client_id", "", "invalid_client"),
        ("client_id", "asks", "invalid_grant"),
        ("client_id", "service", "invalid_client"),
        ("code", "", "invalid_request"),
        ("code", "wfc1.x", "invalid_grant"),
        ("redirect_uri", "", "invalid_grant"),
        (
            "redirect_uri",
            "https://app.example.com/cb/",
            "invalid_grant",
        ),
        ("redirect_uri", "http://127.0.0.1/cb", "invalid_grant"),
        ("code_verifier", "", "invalid_grant"),
        ("code_verifier", "short", "invalid_grant"),
        ("code_verifier", &other, "invalid_grant"),
        ("code_verifier", &with, "invalid_grant"),
    ] {
        let pairs: Vec<_> = good
            .iter()
            .map(|pair| if pair.0 == name { (name, value) } else { *pair })
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let reply = post(&client, "/access_token", &pairs).await;
        assert_eq!(text(&reply.json(), "error"), error, "{name} {value}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    let service = basic(&client, "service", SECRET);
    let stolen: Vec<_> = good
        .iter()
        .copied()
        .filter(|(name, _)| *name != "client_id")
        .collect();
    let reply = post(&service, "/access_token", &stolen).await;
    assert_eq!(text(&reply.json(), "error"), "invalid_grant");
    // Nothing of this has used it up: whoever cannot redeem it cannot spoil it.
    assert_eq!(post(&client, "/access_token", &good).await.status, 200);
}

#[tokio::test]
async fn a_code_lasts_a_minute() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let (first, second) = (
        code(&authorize(&mut client, &[]).await),
        code(&authorize(&mut client, &[]).await),
    );
    server.advance(std::time::Duration::from_secs(59));
    assert_eq!(exchange(&client, &first).await.status, 200);
    server.advance(std::time::Duration::from_secs(1));
    let late = exchange(&client, &second).await;
    assert_eq!(text(&late.json(), "error"), "invalid_grant");
}

/// RFC 6750 §2 and §3, RFC 9700 §4.3.2: L14, kinds never cross.
#[tokio::test]
async fn only_an_access_token_shows_anything() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    let open = code(&authorize(&mut client, &[]).await);
    let session = client.cookies["iPlanetDirectoryPro"].clone();
    let access = text(&all, "access_token");
    for token in [
        text(&all, "refresh_token"),
        text(&all, "id_token"),
        &open,
        &session,
        "wfa1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        access.get(1..).expect("the rest"),
        &format!("{access}A"),
        &access.to_uppercase(),
    ] {
        let reply = userinfo(&client, token).await;
        assert_eq!(reply.status, 401, "{token}");
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert_eq!(
            refresh(&client, token).await.status == 200,
            token == text(&all, "refresh_token")
        );
    }
    let fresh = tokens(&mut client, &[]).await;
    let access = text(&fresh, "access_token").to_owned();
    let path = format!("{BASE}/userinfo");
    // RFC 6750 §3.1: nothing came along, so no error is told.
    for header in ["", "Basic YTpi", "Bearer", access.as_str()] {
        let mut client = server.client().header("Authorization", header);
        let reply = client.get(&path).await;
        assert_eq!(reply.status, 401, "{header}");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"/alpha\"")
        );
        assert_eq!(reply.text(), "");
    }
    let mut twice = server
        .client()
        .header("Authorization", &format!("Bearer {access}"))
        .also("Authorization", &format!("Bearer {access}"));
    assert_eq!(twice.get(&path).await.status, 400);
    // RFC 9700 §2.2: never in an address; in a form it may be.
    let mut in_query = server.client();
    assert_eq!(
        in_query
            .get(&format!("{path}?access_token={access}"))
            .await
            .status,
        401
    );
    let reply = post(&server.client(), "/userinfo", &[("access_token", &access)]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut both = server
        .client()
        .header("Authorization", &format!("Bearer {access}"))
        .header("Content-Type", "application/x-www-form-urlencoded");
    let body = format!("access_token={access}");
    assert_eq!(
        both.send("POST", &path, Some(body.as_bytes())).await.status,
        400
    );
    // A token that is not for openid is not enough.
    let service = basic(&server.client(), "service", SECRET);
    let own = post(
        &service,
        "/access_token",
        &[("grant_type", "client_credentials")],
    )
    .await
    .json();
    let reply = userinfo(&client, text(&own, "access_token")).await;
    assert_eq!(reply.status, 403);
    assert!(
        reply
            .header("www-authenticate")
            .unwrap()
            .contains("insufficient_scope")
    );
    // The session of the product is none of an app's, nor the other way round.
    let mut mixed = server.client();
    mixed
        .cookies
        .insert("iPlanetDirectoryPro".to_owned(), access);
    let reply = mixed.sessions("getSessionInfo", "{}").await;
    assert_ne!(reply.status, 200, "{}", reply.text());
}

/// RFC 7662 §2.1 and §2.3, RFC 7009 §2.1.
#[tokio::test]
async fn nobody_tries_tokens_out() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    let access = text(&all, "access_token");
    for (pairs, status) in [
        (vec![("token", access)], 401),
        (vec![("token", access), ("client_id", "app")], 401),
        (
            vec![
                ("token", access),
                ("client_id", "api"),
                ("client_secret", "wrong"),
            ],
            401,
        ),
        (vec![("client_id", "api"), ("client_secret", SECRET)], 400),
    ] {
        let reply = post(&client, "/introspect", &pairs).await;
        assert_eq!(reply.status, status, "{pairs:?}");
    }
    // Another client cannot end what is not its own.
    let pairs = [("token", access), ("client_id", "asks")];
    let reply = post(&client, "/token/revoke", &pairs).await;
    assert_eq!(
        (reply.status, text(&reply.json(), "error")),
        (400, "invalid_grant")
    );
    assert_eq!(
        post(&client, "/token/revoke", &[("token", access)])
            .await
            .status,
        401
    );
    assert_eq!(userinfo(&client, access).await.status, 200);
}

/// RFC 6749 §3.3 and §5.1: a scope has a word, and where there is no default it is asked for.
#[tokio::test]
async fn a_scope_is_asked_for_where_there_is_no_default() {
    let server = stage_with(|config| {
        let oauth = config.realms.get_mut(&alpha()).unwrap().oauth.as_mut();
        let clients = &mut oauth.unwrap().clients;
        clients.get_mut("service").unwrap().client.default_scopes = Vec::new();
        let api = &mut clients.get_mut("api").unwrap().client;
        api.grants.insert(Grant::ClientCredentials);
        api.scopes.clear();
        api.default_scopes.clear();
        let asks = &mut clients.get_mut("asks").unwrap().client;
        asks.default_scopes.clear();
    })
    .await;
    let mut client = logged_in(&server).await;
    let asks = authorize(&mut client, &[("client_id", "asks"), ("scope", "")]).await;
    // An address may be left out only beside a scope; this one is named.
    assert_eq!(parameter(&asks, "error").as_deref(), Some("invalid_scope"));
    let grant = ("grant_type", "client_credentials");
    let service = basic(&client, "service", SECRET);
    let reply = post(&service, "/access_token", &[grant]).await;
    assert_eq!(
        (reply.status, text(&reply.json(), "error")),
        (400, "invalid_scope")
    );
    // Whoever has no scopes at all has a token without one, and no word is said of it.
    let own = [grant, ("client_id", "api"), ("client_secret", SECRET)];
    let reply = post(&client, "/access_token", &own).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json().get("scope"), None);
    let access = text(&reply.json(), "access_token").to_owned();
    let told = introspect(&client, &access).await;
    assert_eq!((&told["active"], told.get("scope")), (&true.into(), None));
}

/// What is too long is told in the words of the provider.
#[tokio::test]
async fn a_body_that_is_too_long_is_an_invalid_request() {
    let server = stage().await;
    let long = "x".repeat(70_000);
    for path in [
        "/access_token",
        "/introspect",
        "/token/revoke",
        "/authorize",
    ] {
        let reply = post(&server.client(), path, &[("a", &long)]).await;
        assert_eq!(
            (reply.status, text(&reply.json(), "error")),
            (413, "invalid_request"),
            "{path}"
        );
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn endpoints_take_forms_and_their_methods() {
    let server = stage().await;
    let mut client = server.client();
    for (method, path) in [
        ("GET", "/access_token"),
        ("PUT", "/authorize"),
        ("DELETE", "/userinfo"),
        ("GET", "/introspect"),
        ("GET", "/token/revoke"),
        ("POST", "/connect/jwk_uri"),
        ("POST", "/.well-known/openid-configuration"),
    ] {
        let reply = client
            .send(method, &format!("{BASE}{path}"), Some(b""))
            .await;
        assert_eq!(reply.status, 405, "{method} {path}");
        assert!(reply.header("allow").is_some());
    }
    let json = client
        .post(&format!("{BASE}/access_token"), "{\"grant_type\":\"x\"}")
        .await;
    assert_eq!(text(&json.json(), "error"), "invalid_request");
    for path in ["", "/", "/unknown", "/authorize/x", "/connect", "/token"] {
        assert_eq!(
            client.get(&format!("{BASE}{path}")).await.status,
            404,
            "{path}"
        );
    }
    for query in ["%zz", "client_id=%ff"] {
        let reply = client.get(&format!("{BASE}/authorize?{query}")).await;
        assert_eq!(reply.status, 400, "{query}");
    }
}

/// Realms do not meet: a token, a code and a session of one are nothing in another.
#[tokio::test]
async fn realms_do_not_meet() {
    let server = stage_with(|config| {
        let mut oauth: Option<OauthSettings> = config
            .realms
            .get(&alpha())
            .and_then(|realm| realm.oauth.clone());
        // Its journeys are those of the other realm.
        oauth.as_mut().expect("a provider").acr.clear();
        let root = config
            .realms
            .get_mut(&wayfare::Realm::root())
            .expect("a realm");
        root.oauth = oauth;
    })
    .await;
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    let open = code(&authorize(&mut client, &[]).await);
    let root = "/am/oauth2";
    let mut bearer = client.clone().header(
        "Authorization",
        &format!("Bearer {}", text(&all, "access_token")),
    );
    assert_eq!(bearer.get(&format!("{root}/userinfo")).await.status, 401);
    let mut form = client
        .clone()
        .header("Content-Type", "application/x-www-form-urlencoded");
    let body = super::stage::query(&[
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", &open),
        ("redirect_uri", APP),
        ("code_verifier", VERIFIER),
    ]);
    let reply = form
        .send(
            "POST",
            &format!("{root}/access_token"),
            Some(body.as_bytes()),
        )
        .await;
    assert_eq!(text(&reply.json(), "error"), "invalid_grant");
    let reply = client
        .get(&format!("{root}/authorize?{}", request(&[])))
        .await;
    assert_eq!(sent_to(&reply).0, "/", "the session is of another realm");
}
