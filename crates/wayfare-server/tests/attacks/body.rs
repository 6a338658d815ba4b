//! Bodies that are no answer, and tokens that stand where none is looked for: A18 and A19.

use serde_json::Value as Json;

use super::{
    forge::{run_of, slice},
    world::{ALPHA, BAD_JSON, BAD_SIGNATURE, MALFORMED, World},
};
use crate::support::{Client, filled};

fn auth_id(step: &Json) -> &str {
    step["authId"].as_str().expect("a token")
}

/// The step after the first: it has a claim to lose.
async fn second(client: &mut Client) -> Json {
    let step = client.begin("").await.step();
    client
        .answer(&step, &["demo".into(), "wrong".into()])
        .await
        .step()
}

#[tokio::test]
async fn a18_what_is_no_answer_never_resumes() {
    let world = World::new().await;
    let mut client = world.client();
    let open = second(&mut client).await;
    let path = Client::path("/alpha", "");
    for body in [
        "",
        "{}",
        " { } ",
        r#"{"callbacks":null}"#,
        r#"{"callbacks":[]}"#,
        r#"{"authid":"x"}"#,
    ] {
        let before = world.look();
        let reply = client.post(&path, body).await;
        if body.contains('[') || body.contains("null") {
            // Answers to a first step that were none: the start is refused, as any wrong answer is.
            assert_eq!(reply.status, 400, "{body}");
        } else {
            let step = reply.step();
            assert_ne!(
                run_of(auth_id(&step)),
                run_of(auth_id(&open)),
                "{body} starts anew"
            );
        }
        world.look().assert_unchanged(&before);
    }
    for body in [
        "null",
        "[]",
        "\"x\"",
        " ",
        "\n",
        "0",
        "true",
        "{",
        "{}{}",
        "[{}]",
        "\u{feff}{}",
        "{\"a\":1,}",
        "{'a':1}",
    ] {
        let mut other = client.clone();
        world
            .refused(other.post(&path, body), BAD_JSON, &[auth_id(&open)])
            .await;
    }
    for body in [
        r#"{"authId":null}"#,
        r#"{"authId":1}"#,
        r#"{"authId":["x"]}"#,
        r#"{"authId":{}}"#,
        r#"{"authId":""}"#,
    ] {
        let mut other = client.clone();
        world
            .refused(other.post(&path, body), MALFORMED, &[auth_id(&open)])
            .await;
    }
    client
        .answer(&open, &["demo".into(), ALPHA.into()])
        .await
        .token();
    assert_eq!(world.server.sessions(), 1);
}

#[tokio::test]
async fn a19_one_token_in_the_body_counts() {
    let world = World::new().await;
    let mut client = world.client();
    let open = second(&mut client).await;
    let good = filled(&open, &["demo".into(), ALPHA.into()]).to_string();
    let path = Client::path("/alpha", "");
    let token = auth_id(&open).to_owned();
    let bent = format!(
        "{}x{}",
        slice(&token, 0, 60),
        slice(&token, 61, token.len())
    );
    let bent = if bent == token {
        token.replacen('e', "f", 1)
    } else {
        bent
    };
    for twice in [
        good.replacen('{', &format!("{{\"authId\":\"{token}\","), 1),
        good.replacen('{', "{\"authId\":\"x\",", 1),
        good.replacen('{', "{\"auth\\u0049d\":\"x\",", 1),
        format!("{},\"authId\":null}}", good.trim_end_matches('}')),
        good.replacen("\"callbacks\"", "\"callbacks\":[],\"callbacks\"", 1),
    ] {
        let mut other = client.clone();
        world
            .refused(other.post(&path, &twice), BAD_JSON, &[ALPHA, &token])
            .await;
    }
    // A good token elsewhere does not help a bad one in the body …
    let mut other = client.clone().header("authId", &token);
    other.cookies.insert("authId".into(), token.clone());
    let everywhere = format!("{path}?authId={token}");
    let spoiled = good.replace(&token, &bent);
    let reply = world
        .refused(
            other.post(&everywhere, &spoiled),
            BAD_SIGNATURE,
            &[ALPHA, &bent],
        )
        .await;
    assert!(!reply.text().contains(&token));
    // … nor does it make a start a step,
    let step = other.post(&everywhere, "{}").await.step();
    assert_ne!(run_of(auth_id(&step)), run_of(&token));
    // and a bad one elsewhere does not spoil a good one in the body.
    let mut other = client.clone().header("authId", &bent);
    other.cookies.insert("authId".into(), bent.clone());
    other
        .post(&format!("{path}?authId={bent}"), &good)
        .await
        .token();
    assert_eq!(world.server.sessions(), 1);
}
