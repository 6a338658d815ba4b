//! What apps on phones do: renew a token with what they sign, and download their flow.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{
    native::{native, token},
    support::{code, entity, form, send, server},
};
use crate::support::TestServer;

#[tokio::test]
async fn an_app_on_a_phone_renews_its_token_with_what_it_signs() {
    let server = server(|_| ()).await;
    let secret = "0123456789abcdef0123456789abcdef01234567";
    let pairs = [
        ("form", "signInForm"),
        ("signInEmailAddress", "demo@example.com"),
        ("currentPassword", "Ch4ng31t"),
        ("refresh_secret", secret),
    ];
    let first = token(&native(&server, "auth_native_traditional", &pairs).await);
    server.advance(Duration::from_secs(7_200));
    assert_eq!(code(&entity(&server, &first).await), 414);
    let now = crate::support::BEGIN
        .plus(Duration::from_secs(7_200))
        .seconds();
    let date = wayfare_wire::capture::date::plain(i64::try_from(now).unwrap());
    let renew = async |key: &str, token: &str| renewed(&server, &date, key, token).await;
    assert_eq!(code(&renew("other", &first).await), 200);
    let second = token(&renew(secret, &first).await);
    assert_eq!(entity(&server, &second).await["stat"], "ok");
    // Who only saw the old token, and cannot sign, ends nothing.
    let wrong = renew("0000000000000000000000000000000000000000", &first).await;
    assert_eq!(
        (code(&wrong), &wrong["argument_name"]),
        (200, &json!("signature"))
    );
    assert_eq!(entity(&server, &second).await["stat"], "ok");
    // The old one a second time ends the new one.
    assert_eq!(code(&renew(secret, &first).await), 200);
    assert_eq!(code(&entity(&server, &second).await), 414);
}

/// A renewal that is signed with a key.
async fn renewed(server: &TestServer, date: &str, key: &str, token: &str) -> Json {
    use base64::Engine as _;
    let hmac_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let text = format!("refresh_access_token\n{date}\n{token}\n");
    let signature = ring::hmac::sign(&hmac_key, text.as_bytes());
    let signature = base64::prelude::BASE64_STANDARD.encode(signature);
    let pairs = [
        ("client_id", "demo-login"),
        ("locale", "en-US"),
        ("access_token", token),
        ("date", date),
        ("signature", &*signature),
    ];
    send(server, "", "/oauth/refresh_access_token", &form(&pairs))
        .await
        .json()
}

#[tokio::test]
async fn what_an_app_signs_with_is_kept_sealed_for_its_token() {
    let server = server(|_| ()).await;
    let secret = "0123456789abcdef0123456789abcdef01234567";
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let pairs = [
            ("form", "signInForm"),
            ("signInEmailAddress", "demo@example.com"),
            ("currentPassword", "Ch4ng31t"),
            ("refresh_secret", secret),
        ];
        tokens.push(token(
            &native(&server, "auth_native_traditional", &pairs).await,
        ));
    }
    let written = server.everything_written();
    assert!(
        !written
            .windows(secret.len())
            .any(|part| part == secret.as_bytes())
    );
    // Whoever can write rows gives nobody the secret of another one.
    let db = rusqlite::Connection::open(server.database()).unwrap();
    let rows = "SELECT hash, data FROM token WHERE kind = 'capture.renewal' ORDER BY hash";
    let mut statement = db.prepare(rows).unwrap();
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?));
    let kept: Vec<_> = statement.query_map([], read).unwrap().flatten().collect();
    let [(one, of_one), (other, of_other)] = kept.as_slice() else {
        panic!("two of them: {}", kept.len());
    };
    assert_ne!(of_one, of_other);
    let put = |hash: &Vec<u8>, data: &String| {
        let sql = "UPDATE token SET data = ?2 WHERE hash = ?1";
        assert_eq!(db.execute(sql, (hash, data)).unwrap(), 1);
    };
    put(one, of_other);
    put(other, of_one);
    let now = i64::try_from(crate::support::BEGIN.seconds()).unwrap();
    let date = wayfare_wire::capture::date::plain(now);
    for token in &tokens {
        let refused = renewed(&server, &date, secret, token).await;
        assert_eq!(
            (code(&refused), &refused["argument_name"]),
            (200, &json!("signature"))
        );
    }
    put(one, of_one);
    put(other, of_other);
    for old in &tokens {
        token(&renewed(&server, &date, secret, old).await);
    }
}

#[tokio::test]
async fn apps_download_the_flow_in_a_language() {
    let server = server(|_| ()).await;
    let mut client = server.client().bare();
    let path = |version: &str, locale: &str| {
        format!("/capture/widget_data/flows/wayfare/standard/{version}/{locale}.json")
    };
    let reply = client.get(&path("HEAD", "de-DE")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let flow = reply.json();
    assert_eq!(flow["version"], "1");
    assert_eq!(
        flow["fields"]["signInForm"]["fields"],
        json!(["signInEmailAddress", "currentPassword"])
    );
    assert_eq!(
        flow["fields"]["signInEmailAddress"]["label"],
        "E-Mail-Adresse"
    );
    assert_eq!(flow["fields"]["signInEmailAddress"]["schemaId"], "email");
    assert_eq!(flow["fields"]["currentPassword"]["type"], "password");
    assert_eq!(flow["schema_info"]["paths"]["email"], "string");
    for path in [
        path("2", "en-US"),
        path("1", "fr"),
        "/capture/widget_data/flows/other/standard/1/en-US.json".to_owned(),
        "/capture/widget_data/flows/wayfare/standard/1".to_owned(),
    ] {
        assert_eq!(client.get(&path).await.status, 404, "{path}");
    }
}
