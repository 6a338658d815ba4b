//! Ways out and back: vectors 36 and 37, `goto` and what may be in it (C07), languages.

use serde_json::{Value as Json, json};

use super::stage::{Player as _, at, service, session_cookie, stage, stage_with};
use crate::support::{Client, Reply, TestServer, percent};

/// A client that was sent elsewhere: the step, and the state that must come back.
async fn away(server: &TestServer, query: &str) -> (Client, Json, String) {
    let mut client = server.client();
    let step = client
        .post(&format!("{}{query}", service("Away")), "")
        .await
        .step();
    let step = client.as_demo(&step).await.step();
    let callback = &step["callbacks"][0];
    assert_eq!(callback["type"], "RedirectCallback");
    assert_eq!(callback["input"], json!(null));
    let url = callback["output"][0]["value"].as_str().expect("a text");
    let (_, state) = url.split_once("state=").expect("a state");
    let state = state.to_owned();
    (client, step, state)
}

#[tokio::test]
async fn v36_what_a_redirect_brings_back_reaches_the_node() {
    let server = stage().await;
    // The token alone, with parameters in the query.
    let (mut client, step, state) = away(&server, "").await;
    let body = json!({"authId": step["authId"]}).to_string();
    let query = format!(
        "code=4%2F2+%26&state={state}&scope=openid%20mail&nonce=n&RelayState=r&responsekey=k\
         &form_post_entry=f&error=&of_my_own=1&of_my_own=2"
    );
    let reply = client.post(&at(&query), &body).await;
    reply.token();
    let told = reply.json();
    assert_eq!(told["code"], "4/2 &");
    assert_eq!(told["scope"], "openid mail");
    assert_eq!(
        (&told["nonce"], &told["RelayState"]),
        (&json!("n"), &json!("r"))
    );
    assert_eq!(
        (&told["responsekey"], &told["form_post_entry"]),
        (&json!("k"), &json!("f"))
    );
    assert_eq!(told["of_my_own"], "1|2");
    // The step as it was stored, with index parameters and all, as one of the clients sends it.
    let (mut client, step, state) = away(&server, "").await;
    let query = format!("code=1&state={state}&authIndexType=service&authIndexValue=Away");
    client.post(&at(&query), &step.to_string()).await.token();
    // The state of another run, and none.
    for query in [
        "code=1&state=00",
        "code=1",
        "error=access_denied&error_description=no&errorCode=7",
    ] {
        let (mut client, step, _) = away(&server, "").await;
        let body = json!({"authId": step["authId"]}).to_string();
        let reply = client.post(&at(query), &body).await;
        assert_eq!(reply.status, 401, "{}", reply.text());
        let detail = &reply.json()["detail"];
        let error = if query.starts_with("error") {
            json!("access_denied")
        } else {
            json!(null)
        };
        assert_eq!(detail["error"], error);
    }
}

#[tokio::test]
async fn v37_a_link_is_followed_once() {
    let server = stage().await;
    let mut client = server.client();
    let step = client.post(&service("Link"), "").await.step();
    let waiting = client.as_demo(&step).await.step();
    assert_eq!(
        waiting["callbacks"][0]["type"],
        "SuspendedTextOutputCallback"
    );
    // The step itself cannot be answered.
    let reply = client.post(&at(""), &waiting.to_string()).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    let mail = server.outbox().pop_first().expect("a message");
    let (_, rest) = mail.split_once("suspendedId=").expect("a link");
    let link = rest.split_whitespace().next().expect("a word");
    assert!(
        link.contains("&authIndexType=service&authIndexValue=Link"),
        "{link}"
    );
    let id = link.split('&').next().expect("an id");
    // Another device, no index, an empty body.
    let query = format!("suspendedId={id}");
    let mut elsewhere = server.client();
    let reply = elsewhere.post(&at(&query), "").await;
    assert!(session_cookie(&reply).is_some());
    reply.token();
    let again = elsewhere.post(&at(&query), "").await;
    let expected = "{\"code\":401,\"reason\":\"Unauthorized\",\"message\":\"org.forgerock.openam.auth.nodes.framework.token.SuspendedAuthSessionException: Token not found. It may have expired.\"}";
    assert_eq!((again.status, again.text()), (401, expected));
    assert_eq!(server.sessions(), 1);
}

async fn led(server: &TestServer, query: &str, password: &str) -> Reply {
    let mut client = server.client();
    let step = client
        .post(&format!("{}&{query}", service("Led")), "")
        .await
        .step();
    client
        .answer(&step, &["demo".into(), password.into()])
        .await
}

const ASKED: &str = "goto=https://app.example.com/asked&gotoOnFail=https://app.example.com/back";

#[tokio::test]
async fn goto_goes_before_the_journey_unless_it_is_switched() {
    for (goto_first, well, badly) in [(true, "asked", "back"), (false, "well", "badly")] {
        let server = stage_with(|config| config.server.goto_first = goto_first).await;
        let at_end = |name: &str| format!("https://app.example.com/{name}");
        let good = led(&server, ASKED, super::stage::PASSWORD).await;
        assert_eq!(good.json()["successUrl"], at_end(well));
        let bad = led(&server, ASKED, "no").await;
        assert_eq!(bad.json()["detail"]["failureUrl"], at_end(badly));
        // Where nothing is asked the journey decides, where it does not either the realm does.
        let good = led(&server, "goto=", super::stage::PASSWORD).await;
        assert_eq!(good.json()["successUrl"], at_end("well"));
        let mut client = server.client();
        let step = client
            .post(&format!("{}&{ASKED}", service("Once")), "")
            .await
            .step();
        let reply = client.as_demo(&step).await;
        assert_eq!(reply.json()["successUrl"], at_end("asked"));
        let mut client = server.client();
        let step = client
            .post(&format!("{}&{ASKED}", service("Once")), "")
            .await
            .step();
        let reply = client.answer(&step, &["demo".into(), "no".into()]).await;
        assert_eq!(reply.json()["detail"]["failureUrl"], at_end("back"));
    }
}

#[tokio::test]
async fn c07_an_address_that_is_not_plainly_allowed_is_not_there() {
    let server = stage().await;
    let long = format!("https://app.example.com/{}", "x".repeat(2_001));
    for address in [
        "//e.x",
        "/\\e.x",
        "\\\\e.x",
        "https:e.x",
        "https:/e.x",
        "https:///e.x",
        "https://app.example.com@e.x/",
        "https://app.example.com.e.x/",
        "https://app.example.com:444/",
        "http://app.example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "/x\r\nSet-Cookie: a=b",
        " https://app.example.com/",
        "\thttps://app.example.com/",
        "https://app.example.com/\u{0}",
        "https://app.example.com\\@e.x/",
        "HTTPS://APP.EXAMPLE.COM/../..//e.x",
        &long,
    ] {
        let query = format!("goto={0}&gotoOnFail={0}", percent(address));
        let mut client = server.client();
        let begun = client
            .post(&format!("{}&{query}", service("Once")), "")
            .await;
        if address.len() > 2_000 && begun.status == 414 {
            continue;
        }
        let step = begun.step();
        let reply = client.as_demo(&step).await;
        assert_eq!(reply.json()["successUrl"], "/am/console", "{address:?}");
        let mut failing = server.client();
        let step = failing
            .post(&format!("{}&{query}", service("Once")), "")
            .await
            .step();
        let failed = failing.answer(&step, &["demo".into(), "no".into()]).await;
        assert_eq!(failed.text(), super::stage::LOGIN_FAILURE, "{address:?}");
        // A session that is enough leads nowhere else.
        let at_once = client
            .post(&at(&format!("goto={}", percent(address))), "")
            .await;
        assert_eq!(at_once.json()["successUrl"], "/am/console", "{address:?}");
        for reply in [&reply, &failed, &at_once] {
            for (name, value) in &reply.headers {
                assert!(
                    !value.contains("e.x") && name != "a" && !value.starts_with("a="),
                    "{name}: {value}"
                );
            }
        }
    }
    let mut client = server.client();
    let allowed = "https://app.example.com:443/a%2Fb";
    let query = format!("goto={}", percent(allowed));
    let step = client
        .post(&format!("{}&{query}", service("Once")), "")
        .await
        .step();
    assert_eq!(client.as_demo(&step).await.json()["successUrl"], allowed);
}

#[tokio::test]
async fn the_locale_of_the_query_goes_before_the_header() {
    let server = stage().await;
    let mut client = server.client().header("Accept-Language", "en-GB, de;q=0.5");
    for (query, expected) in [
        ("", "Sign In"),
        ("locale=fr", "Connexion"),
        ("locale=fr_CA", "Connexion"),
        ("locale=de", "Sign In"),
    ] {
        let step = client.post(&at(query), "").await.step();
        assert_eq!(step["header"], expected, "{query}");
    }
}
