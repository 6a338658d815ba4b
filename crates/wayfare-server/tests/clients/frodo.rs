//! A log-in of frodo, request by request, from its trace: what it needs to find out what it talks to.

use serde_json::json;

use crate::support::{Client, TestServer, filled};

/// The headers that every request of it has.
fn frodo(server: &TestServer, version: &str) -> Client {
    server
        .client()
        .bare()
        .header("Content-Type", "application/json")
        .header(
            "X-ForgeRock-TransactionId",
            "frodo-6dd8f0a2-1c8f-4d6a-9d0e-0b3f3a0c6d11",
        )
        .header("User-Agent", "@rockcarver/frodo-lib/3.3.3")
        .header("Accept-API-Version", version)
}

#[tokio::test]
async fn frodo_finds_a_classic_deployment_and_logs_in() {
    let server = TestServer::demo().await;
    let password = server
        .running
        .admin_password()
        .expect("made now")
        .reveal()
        .clone();

    // 1. The name of the cookie.
    let info = frodo(&server, "resource=1.1")
        .get("/am/json/serverinfo/*")
        .await;
    assert_eq!(info.status, 200);
    let cookie = info.json()["cookieName"]
        .as_str()
        .expect("a name")
        .to_owned();

    // 2. The administrator logs in at the top, with headers and an object without members.
    let mut login = frodo(&server, "resource=2.0, protocol=1.0")
        .header("X-OpenAM-Username", "amadmin")
        .header("X-OpenAM-Password", &password);
    let path = "/am/json/realms/root/authenticate";
    let mut reply = login.post(path, "{}").await;
    // It fills in at most three steps.
    for _ in 0..3 {
        assert_eq!(reply.status, 200, "{}", reply.text());
        if reply.json().get("tokenId").is_some() {
            break;
        }
        let body = filled(&reply.step(), &["amadmin".into(), password.clone().into()]);
        reply = login.post(path, &body.to_string()).await;
    }
    let token = reply.token();

    // 3. How long the session lasts: no cookie, no header, another realm's path.
    let body = json!({ "tokenId": token }).to_string();
    let mut ask = frodo(&server, "resource=4.0");
    let path = "/am/json/realms/root/realms/alpha/sessions/?_action=getSessionInfo";
    let told = ask.post(path, &body).await;
    assert_eq!(told.status, 200, "{}", told.text());
    assert_eq!(told.header("content-api-version"), Some("resource=4.0"));
    let until = told.json()["maxIdleExpirationTime"].clone();
    assert_eq!(
        until.as_str().map(str::len),
        Some("2027-01-15T08:30:00Z".len())
    );

    // 4. Anything but a redirect with a code means that this is no tenant of the cloud.
    let mut client = frodo(&server, "protocol=2.1,resource=1.0");
    client = client.header("Content-Type", "application/x-www-form-urlencoded");
    client.cookies.insert(cookie.clone(), token.clone());
    for _ in 0..2 {
        let reply = client
            .post("/am/oauth2/authorize", "response_type=code")
            .await;
        assert_ne!(reply.status, 302);
        assert_eq!(reply.header("location"), None);
    }

    // 5. The version, which only someone who is logged in is told.
    let mut ask = frodo(&server, "resource=1.0");
    ask.cookies.insert(cookie, token);
    let version = ask.get("/am/json/serverinfo/version").await;
    assert_eq!(version.status, 200, "{}", version.text());
    let number = version.json()["version"]
        .as_str()
        .expect("a version")
        .to_owned();
    let parts: Vec<&str> = number.split('.').collect();
    assert_eq!(parts.len(), 3, "{number}");
    assert!(version.json()["fullVersion"].is_string());
    assert_eq!(
        version.header("x-forgerock-transactionid"),
        None,
        "only a login is followed by its id"
    );
}
