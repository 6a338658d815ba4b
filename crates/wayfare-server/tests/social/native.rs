//! Apps that log somebody in by themselves and bring what they got.

use serde_json::{Value as Json, json};

use super::{
    provider::{CLIENT, Op, Tokens},
    server, whose,
};
use crate::support::{Client, TestServer};

/// Begins `App`: the client, the step, and the nonce that the app is to use.
async fn begun(server: &TestServer) -> (Client, Json, String) {
    let mut client = server.client();
    let step = client.begin("App").await.step();
    let callback = &step["callbacks"][0];
    assert_eq!(callback["type"], "IdPCallback");
    let output = callback["output"].as_array().unwrap();
    let names: Vec<&str> = output.iter().map(|o| o["name"].as_str().unwrap()).collect();
    let wanted = [
        "provider",
        "clientId",
        "redirectUri",
        "scopes",
        "nonce",
        "acrValues",
        "request",
        "requestUri",
    ];
    assert_eq!(names, wanted);
    assert_eq!(output[1]["value"], CLIENT);
    assert_eq!(output[3]["value"], json!(["openid", "profile", "email"]));
    let inputs = callback["input"].as_array().unwrap();
    assert_eq!(inputs[0]["name"], "IDToken1token");
    assert_eq!(inputs[1]["name"], "IDToken1token_type");
    let nonce = output[4]["value"].as_str().unwrap().to_owned();
    (client, step, nonce)
}

#[tokio::test]
async fn an_app_brings_an_id_token_for_the_nonce_of_the_run() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let (mut client, step, nonce) = begun(&server).await;
    let token = op.token(&op.claims("1234", &nonce));
    client
        .answer(&step, &[token.as_str().into(), "id_token".into()])
        .await
        .token();
    assert_eq!(whose(&mut client).await, "ada");
    // The same token in another run is worth nothing: the nonce is another.
    let (mut client, step, _) = begun(&server).await;
    let reply = client
        .answer(&step, &[token.into(), "id_token".into()])
        .await;
    assert_eq!((reply.status, server.sessions()), (401, 1));
}

#[tokio::test]
async fn an_app_brings_a_code() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let (mut client, step, nonce) = begun(&server).await;
    op.then(Tokens::Id(op.token(&op.claims("1234", &nonce))));
    op.tells(json!({ "sub": "1234" }));
    client
        .answer(&step, &["c0de".into(), "authorization_code".into()])
        .await
        .token();
    let asked = op.asked("/token");
    assert_eq!(asked[0].field("code"), Some("c0de"));
    assert_eq!(asked[0].field("code_verifier"), None);
}

#[tokio::test]
async fn an_access_token_is_believed_only_where_the_settings_say_so() {
    let op = Op::start();
    op.tells(json!({ "sub": "1234" }));
    for trusted in [false, true] {
        let server = server(&op, |provider| provider.trust_access_tokens = trusted).await;
        let (mut client, step, _) = begun(&server).await;
        let reply = client
            .answer(&step, &["at".into(), "access_token".into()])
            .await;
        assert_eq!(reply.status, if trusted { 200 } else { 401 });
        assert_eq!(op.asked("/me").len(), usize::from(trusted));
    }
}

#[tokio::test]
async fn what_is_nothing_is_worth_nothing() {
    let op = Op::start();
    let server = server(&op, |provider| provider.trust_access_tokens = true).await;
    for (token, kind) in [
        ("", ""),
        ("a.b.c", "id_token"),
        ("x", "password"),
        ("x", ""),
        ("", "id_token"),
        ("at\r\nX: y", "access_token"),
        ("0123456789abcdef", "social_token"),
    ] {
        let (mut client, step, _) = begun(&server).await;
        let reply = client.answer(&step, &[token.into(), kind.into()]).await;
        assert_eq!(
            (reply.status, server.sessions()),
            (401, 0),
            "{token} {kind}"
        );
    }
}
