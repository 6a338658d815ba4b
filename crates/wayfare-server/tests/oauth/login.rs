//! Who has to log in, how, and that nobody goes round in circles (OpenID Connect Core §3.1.2.1 to §3.1.2.3).

use std::time::Duration;

use serde_json::json;

use super::stage::{
    APP, BASE, authorize, claims, code, exchange, logged_in, parameter, request, sent_to, stage,
    text, tokens,
};
use crate::support::{Client, Reply, TestServer};

/// What the login page is asked for, and where it leads.
fn page(reply: &Reply) -> (Vec<(String, String)>, String) {
    let (address, parameters) = sent_to(reply);
    assert_eq!(address, "/", "{:?}", reply.header("location"));
    let goto = parameters.iter().find(|(name, _)| name == "goto");
    let goto = goto.expect("where to go").1.clone();
    let rest = parameters.into_iter().filter(|(name, _)| name != "goto");
    (rest.collect(), goto)
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

async fn log_in(client: &mut Client, query: &str, goto: &str) {
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("{query}&")
    };
    let path = Client::path(
        "/alpha",
        &format!("{query}goto={}", wayfare_wire::oauth::encoded(goto)),
    );
    let step = client.post(&path, "").await.step();
    let body = crate::support::filled(&step, &["demo".into(), "Ch4ng31t".into()]).to_string();
    let done = client.post(&path, &body).await;
    done.token();
    assert_eq!(
        done.json()["successUrl"],
        json!(goto),
        "the page leads there"
    );
}

fn error(reply: &Reply) -> String {
    parameter(reply, "error").unwrap_or_else(|| panic!("{:?}", reply.header("location")))
}

#[tokio::test]
async fn who_is_not_logged_in_is_asked_to_and_comes_back() {
    let server = stage().await;
    let mut client = server.client();
    let reply = authorize(&mut client, &[]).await;
    let (asked, goto) = page(&reply);
    assert_eq!(asked, pairs(&[("realm", "/alpha")]));
    assert!(
        goto.starts_with(&format!("{BASE}/authorize?client_id=app&")),
        "{goto}"
    );
    // Nobody is logged in yet: the browser has been there, and is not sent there again.
    let vain = client.get(&goto).await;
    assert_eq!(error(&vain), "login_required");
    assert_eq!(parameter(&vain, "state").as_deref(), Some("s t&te"));
    log_in(&mut client, "", &goto).await;
    let granted = client.get(&goto).await;
    let all = exchange(&client, &code(&granted)).await;
    assert_eq!(all.status, 200, "{}", all.text());
}

#[tokio::test]
async fn a_login_may_be_asked_for_and_is_asked_for_once() {
    let server = stage().await;
    for more in [
        ("prompt", "login"),
        ("prompt", "select_account"),
        ("max_age", "0"),
        ("max_age", "59"),
    ] {
        let mut client = logged_in(&server).await;
        server.advance(Duration::from_secs(60));
        let reply = authorize(&mut client, &[more]).await;
        let (asked, goto) = page(&reply);
        assert_eq!(
            asked,
            pairs(&[("realm", "/alpha"), ("ForceAuth", "true")]),
            "{more:?}"
        );
        assert_eq!(
            error(&client.get(&goto).await),
            "login_required",
            "{more:?}"
        );
        server.advance(Duration::from_secs(60));
        log_in(&mut client, "ForceAuth=true", &goto).await;
        let granted = code(&client.get(&goto).await);
        let tokens = exchange(&client, &granted).await.json();
        let now = claims(text(&tokens, "id_token"))["iat"].clone();
        assert_eq!(
            claims(text(&tokens, "id_token"))["auth_time"],
            now,
            "{more:?}"
        );
    }
    let mut client = logged_in(&server).await;
    server.advance(Duration::from_secs(60));
    code(&authorize(&mut client, &[("max_age", "61")]).await);
}

#[tokio::test]
async fn a_way_back_is_for_one_client_and_half_an_hour() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let (_, goto) = page(&authorize(&mut client, &[("prompt", "login")]).await);
    log_in(&mut client, "ForceAuth=true", &goto).await;
    // Nobody can make one, and that of another client or time is none: the login page it is again.
    let (before, back) = goto.split_once("wayfare_login=").unwrap();
    for forged in [
        format!("{before}wayfare_login={}", back.replacen('1', "2", 1)),
        format!("{before}wayfare_login=9{back}"),
        format!("{before}wayfare_login="),
        format!("{before}wayfare_login=x.y"),
        goto.replace("client_id=app", "client_id=asks")
            .replace("profile", "email"),
    ] {
        let reply = client.get(&forged).await;
        page(&reply);
    }
    server.advance(Duration::from_secs(29 * 60));
    code(&client.get(&goto).await);
    server.advance(Duration::from_secs(60));
    page(&client.get(&goto).await);
}

#[tokio::test]
async fn nothing_is_shown_where_nothing_may_be() {
    let server = stage().await;
    let mut client = server.client();
    let none = ("prompt", "none");
    assert_eq!(
        error(&authorize(&mut client, &[none]).await),
        "login_required"
    );
    let mut client = logged_in(&server).await;
    code(&authorize(&mut client, &[none]).await);
    server.advance(Duration::from_secs(10));
    assert_eq!(
        error(&authorize(&mut client, &[none, ("max_age", "9")]).await),
        "login_required"
    );
    let strong = ("acr_values", "strong");
    assert_eq!(
        error(&authorize(&mut client, &[none, strong]).await),
        "login_required"
    );
    let asks = [none, ("client_id", "asks"), ("scope", "openid email")];
    assert_eq!(
        error(&authorize(&mut client, &asks).await),
        "consent_required"
    );
    assert_eq!(
        error(&authorize(&mut client, &[("prompt", "none login")]).await),
        "invalid_request"
    );
    assert_eq!(
        error(&authorize(&mut client, &[("prompt", "wink")]).await),
        "invalid_request"
    );
}

/// OpenID Connect Core §5.5.1.1, Unmet Authentication Requirements §2, RFC 9470 §5.
#[tokio::test]
async fn a_client_says_how_well_it_wants_to_know() {
    let server = stage().await;
    for (value, index, journey) in [
        ("strong", ["level", "20"], "Strong"),
        ("20", ["level", "20"], "Strong"),
        ("unknown strong 5", ["level", "20"], "Strong"),
        ("second", ["service", "Second"], "Second"),
    ] {
        let mut client = logged_in(&server).await;
        let reply = authorize(&mut client, &[("acr_values", value)]).await;
        let (asked, goto) = page(&reply);
        let [kind, name] = index;
        let wanted = [
            ("realm", "/alpha"),
            ("authIndexType", kind),
            ("authIndexValue", name),
        ];
        assert_eq!(asked, pairs(&wanted), "{value}");
        // Back without it: the client is told, and not fooled.
        let vain = client.get(&goto).await;
        assert_eq!(error(&vain), "unmet_authentication_requirements", "{value}");
        let query = format!("authIndexType=service&authIndexValue={journey}");
        log_in(&mut client, &query, &goto).await;
        let granted = code(&client.get(&goto).await);
        let tokens = exchange(&client, &granted).await.json();
        let expected = value.strip_prefix("unknown ").unwrap_or(value);
        let expected = expected.split(' ').next().unwrap();
        assert_eq!(claims(text(&tokens, "id_token"))["acr"], expected);
        assert_eq!(claims(text(&tokens, "id_token"))["amr"], json!(["pwd"]));
    }
    let mut client = logged_in(&server).await;
    let reply = authorize(&mut client, &[("acr_values", "never heard")]).await;
    assert_eq!(error(&reply), "unmet_authentication_requirements");
    // What is asked for first and there is told; so is the best that is there where nothing is asked for.
    let step = client.begin("Strong").await.step();
    client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    for (asked, told) in [
        ("", "strong"),
        ("second 10 strong", "10"),
        ("strong 10", "strong"),
        ("0", "0"),
    ] {
        let all = tokens(&mut client, &[("acr_values", asked)]).await;
        assert_eq!(claims(text(&all, "id_token"))["acr"], told, "{asked}");
    }
}

/// The login page of somebody without a session leads to the level at once.
#[tokio::test]
async fn a_first_login_is_good_enough_at_once() {
    let server = stage().await;
    let mut client = server.client();
    let (asked, _) = page(&authorize(&mut client, &[("acr_values", "strong")]).await);
    let wanted = [
        ("realm", "/alpha"),
        ("authIndexType", "level"),
        ("authIndexValue", "20"),
    ];
    assert_eq!(asked, pairs(&wanted));
}

/// Core §3.1.2.1: the user that the client expects, or nobody.
#[tokio::test]
async fn a_hint_of_somebody_else_is_no_login() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    let hint = ("id_token_hint", text(&all, "id_token"));
    code(&authorize(&mut client, &[hint, ("prompt", "none")]).await);
    let junk = authorize(&mut client, &[("id_token_hint", "x.y.z")]).await;
    assert_eq!(error(&junk), "invalid_request");
    let access = authorize(
        &mut client,
        &[("id_token_hint", text(&all, "access_token"))],
    )
    .await;
    assert_eq!(error(&access), "invalid_request");
}

async fn asked(server: &TestServer, more: &[(&str, &str)]) -> (Client, Reply) {
    let mut client = logged_in(server).await;
    let own = [("client_id", "asks"), ("scope", "openid work")];
    let all: Vec<_> = own.iter().chain(more).copied().collect();
    let reply = authorize(&mut client, &all).await;
    (client, reply)
}

fn csrf(page: &Reply) -> String {
    let rest = page
        .text()
        .split("name=\"csrf\" value=\"")
        .nth(1)
        .expect("a form");
    rest.split('"').next().expect("a value").to_owned()
}

/// RFC 6749 §10.12 and Core §3.1.2.4.
#[tokio::test]
async fn a_user_is_asked_once_and_may_say_no() {
    let server = stage().await;
    let (client, reply) = asked(&server, &[]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let shown = reply.text();
    for part in [
        "An &lt;app&gt; asks for access",
        "know who you are",
        "see your department",
        "logged in as demo",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(reply.header("x-frame-options"), Some("DENY"));
    let csrf = csrf(&reply);
    let mut client = client.header("Content-Type", "application/x-www-form-urlencoded");
    let path = format!("{BASE}/authorize");
    let with = |decision: &str, csrf: &str, scope: &str| {
        let own = [
            ("client_id", "asks"),
            ("scope", scope),
            ("decision", decision),
            ("csrf", csrf),
        ];
        request(&own)
    };
    // The answer of no page, of another page, of another session.
    for wrong in ["", "x", &format!("{csrf}A")] {
        let body = with("allow", wrong, "openid work");
        let reply = client.send("POST", &path, Some(body.as_bytes())).await;
        assert_eq!(error(&reply), "access_denied");
    }
    let more = with("allow", &csrf, "openid work email");
    assert_eq!(
        error(&client.send("POST", &path, Some(more.as_bytes())).await),
        "access_denied"
    );
    let mut other = logged_in(&server)
        .await
        .header("Content-Type", "application/x-www-form-urlencoded");
    let body = with("allow", &csrf, "openid work");
    assert_eq!(
        error(&other.send("POST", &path, Some(body.as_bytes())).await),
        "access_denied"
    );
    let no = with("deny", &csrf, "openid work");
    let reply = client.send("POST", &path, Some(no.as_bytes())).await;
    assert_eq!(
        (error(&reply), sent_to(&reply).0.as_str()),
        ("access_denied".to_owned(), APP)
    );
    let reply = client.send("POST", &path, Some(body.as_bytes())).await;
    code(&reply);
    // Once is enough, for this and for less; more is asked for, and whoever wants asks again.
    let mut client = logged_in(&server).await;
    let own = ("client_id", "asks");
    for (scope, prompt, asks) in [
        ("openid work", "", false),
        ("openid", "none", false),
        ("openid email", "", true),
        ("openid work", "consent", true),
    ] {
        let reply = authorize(&mut client, &[own, ("scope", scope), ("prompt", prompt)]).await;
        assert_eq!(reply.status == 200, asks, "{scope} {prompt}");
    }
}

/// The product's apps answer for their user, with the token of the session.
#[tokio::test]
async fn an_app_of_the_product_answers_with_the_session() {
    let server = stage().await;
    let client = logged_in(&server).await;
    let token = client.cookies["iPlanetDirectoryPro"].clone();
    let mut client = client.header("Content-Type", "application/x-www-form-urlencoded");
    let own = [
        ("client_id", "asks"),
        ("scope", "openid email"),
        ("decision", "allow"),
        ("csrf", token.as_str()),
    ];
    let body = request(&own);
    let reply = client
        .send("POST", "/am/oauth2/alpha/authorize", Some(body.as_bytes()))
        .await;
    code(&reply);
}
