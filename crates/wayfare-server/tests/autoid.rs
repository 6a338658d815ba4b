//! Autonomous Identity over HTTP: every operation once, what is refused, and what an attacker tries.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value as Json, json};
use wayfare_server::{
    clock::Clock as _,
    config::{AutoidSettings, Config},
    signing::{KeyUse, rotate},
};
use wayfare_wire::{autoid::role::Role, jose::Algorithm};

use crate::capture::support as capture;
use crate::support::{Client, Reply, TestServer, alpha};

const PASSWORD: &str = "Ch4ng31t";
const ROOT: &str = "Adm1n-pass";
const HOUR: Duration = Duration::from_secs(3_600);

/// The demo with an administrator of Autonomous Identity, and its settings changed.
async fn server(change: impl FnOnce(&mut AutoidSettings)) -> TestServer {
    TestServer::with(|config, folder| {
        config.server.origin = Some("http://login.example.com".to_owned());
        let secret = folder.join("root");
        fs::write(&secret, ROOT).unwrap();
        let text = format!(
            "[realms.\"/alpha\".users.root]\npassword = {{ file = {secret:?} }}\ngroups = [\"Admin\"]\n"
        );
        let parsed = Config::parse("test.toml", &text, Path::new("")).unwrap();
        let alpha = config.realms.get_mut(&alpha()).unwrap();
        alpha.users.clone_from(&parsed.realms[&self::alpha()].users);
        let autoid = alpha.autoid.as_mut().unwrap();
        autoid.roles.0.push(Role {
            group: "User".to_owned(),
            title: "User".to_owned(),
            homepage: None,
            actions: vec!["SHOW__USER".to_owned()],
        });
        change(autoid);
    })
    .await
}

fn client(server: &TestServer) -> Client {
    server.client().bare()
}

async fn login(server: &TestServer, name: &str, word: &str) -> Reply {
    let body = json!({ "username": name, "password": word }).to_string();
    let mut client = client(server).header("content-type", "application/json");
    client.post("/api/authentication/login", &body).await
}

async fn token(server: &TestServer, name: &str, word: &str) -> String {
    let reply = login(server, name, word).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["token"].as_str().unwrap().to_owned()
}

async fn with(server: &TestServer, token: &str, method: &str, path: &str, body: &str) -> Reply {
    let mut client = client(server).header("authorization", &format!("Bearer {token}"));
    if !body.is_empty() {
        client = client.header("content-type", "application/json");
    }
    let body = (!body.is_empty()).then_some(body.as_bytes());
    client.send(method, path, body).await
}

async fn verify(server: &TestServer, token: &str) -> Reply {
    with(server, token, "GET", "/api/authentication/verify", "").await
}

/// Posts all at once.
async fn all(posts: impl Iterator<Item = (Client, String, String)>) -> Vec<Reply> {
    let mut tasks = tokio::task::JoinSet::new();
    for (mut client, path, body) in posts {
        tasks.spawn(async move { client.post(&path, &body).await });
    }
    tasks.join_all().await
}

/// A body without what differs from run to run.
fn steady(body: &Json) -> Json {
    const RANDOM: [&str; 9] = [
        "token",
        "sub",
        "jti",
        "sid",
        "requestId",
        "iss",
        "id",
        "standing",
        "x",
    ];
    match body {
        Json::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let random = RANDOM.contains(&name.as_str()) && value.is_string();
                let random = random || name == "kid";
                (
                    name.clone(),
                    if random { json!("…") } else { steady(value) },
                )
            })
            .collect(),
        Json::Array(items) => items.iter().map(steady).collect(),
        other => other.clone(),
    }
}

fn told(out: &mut String, what: &str, reply: &Reply) {
    let _ = writeln!(out, "> {what}\n{}", reply.status);
    for name in ["www-authenticate", "allow", "retry-after", "cache-control"] {
        for value in reply.all(name) {
            let _ = writeln!(out, "{name}: {value}");
        }
    }
    let _ = writeln!(out, "{}\n", steady(&reply.json()));
}

#[tokio::test]
async fn every_operation_is_answered_as_it_was() {
    let server = server(|_| ()).await;
    let mut out = String::new();
    let reply = login(&server, "root", ROOT).await;
    told(&mut out, "login", &reply);
    let root = reply.json()["token"].as_str().unwrap().to_owned();
    let calls = [
        ("GET", "/api/authentication/verify", ""),
        ("POST", "/api/authentication/renewToken", ""),
        ("GET", "/api/authentication/actions", ""),
        ("GET", "/api/authentication/action", ""),
        ("GET", "/api/authentication/jwks", ""),
        ("GET", "/health-check", ""),
        ("GET", "/version", ""),
        ("GET", "/api/config", ""),
        (
            "POST",
            "/api/admin/createUser",
            r#"{"uid":"bob","email":"bob@example.com","displayName":"Bob","password":"S3cret-pass","roles":["User"]}"#,
        ),
        (
            "POST",
            "/api/admin/createUser",
            r#"{"uid":"bob","email":"other@example.com","displayName":"Bob","password":"S3cret-pass"}"#,
        ),
        (
            "POST",
            "/api/admin/createUser",
            r#"{"uid":"eve","email":"no address","displayName":"Eve","password":"short"}"#,
        ),
        (
            "POST",
            "/api/admin/updateUser",
            r#"{"uid":"bob","displayName":"Robert","roles":["Admin"]}"#,
        ),
        (
            "POST",
            "/api/admin/updateUser",
            r#"{"uid":"nobody","displayName":"Robert"}"#,
        ),
        (
            "POST",
            "/api/admin/updateSelf",
            r#"{"displayName":"The Root"}"#,
        ),
        ("POST", "/api/admin/disableUser", r#"{"uid":"bob"}"#),
        ("POST", "/api/admin/disableUser", r#"{"uid":"root"}"#),
        ("POST", "/api/admin/enableUser", r#"{"uid":"bob"}"#),
        ("GET", "/api/admin/getUsers", ""),
        (
            "POST",
            "/api/admin/createApiToken",
            r#"{"name":"nightly","description":"the job","expiry":1900000000}"#,
        ),
        ("GET", "/api/admin/getTokens", ""),
        ("GET", "/api/admin/verifyApiToken/unknown", ""),
        ("POST", "/api/slo/logout", ""),
        ("GET", "/api/authentication/verify", ""),
        ("DELETE", "/api/authentication/verify", ""),
        ("GET", "/api/authentication/nothing", ""),
        ("GET", "/api/authentication", ""),
        ("GET", "/api/nothing/at/all", ""),
    ];
    for (method, path, body) in calls {
        let reply = with(&server, &root, method, path, body).await;
        told(&mut out, &format!("{method} {path} {body}"), &reply);
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/autoid.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&golden, &out).unwrap();
    }
    assert_eq!(fs::read_to_string(&golden).unwrap(), out);
}

#[tokio::test]
async fn a_change_of_nothing_is_a_mistake_and_so_is_a_role_that_nobody_has() {
    let server = server(|_| ()).await;
    let root = token(&server, "root", ROOT).await;
    let post = async |path: &str, body: &str| {
        let path = format!("/api/admin/{path}");
        let reply = with(&server, &root, "POST", &path, body).await;
        (reply.status, reply.json()["message"].to_string())
    };
    for body in ["", "{}", "null", "[]"] {
        assert_eq!(post("updateSelf", body).await.0, 400, "{body}");
    }
    for name in ["displayName", "password", "currentPassword"] {
        let body = json!({ name: null }).to_string();
        assert_eq!(post("updateSelf", &body).await.0, 400, "{body}");
    }
    let (status, message) = post("updateSelf", "{}").await;
    assert_eq!((status, &*message), (400, "\"There is nothing to change\""));
    assert_eq!(
        post("updateUser", r#"{"uid":"demo"}"#).await,
        (400, message)
    );
    for name in ["displayName", "dn", "password", "roles"] {
        let body = json!({ "uid": "demo", name: null }).to_string();
        assert_eq!(post("updateUser", &body).await.0, 400, "{body}");
    }
    let known = r#"{"uid":"demo","roles":["User"]}"#;
    assert_eq!(post("updateUser", known).await.0, 200);
    let unknown = r#"{"uid":"demo","roles":["User","user"]}"#;
    let said = "\"`user` is no role of the realm\"".to_owned();
    assert_eq!(post("updateUser", unknown).await, (400, said.clone()));
    let new = json!({
        "uid": "eve", "email": "eve@example.com", "displayName": "Eve", "password": "S3cret-pass",
        "roles": ["user"],
    });
    assert_eq!(post("createUser", &new.to_string()).await, (400, said));
    // All of them may be taken away.
    let none = r#"{"uid":"demo","roles":[]}"#;
    assert_eq!(post("updateUser", none).await.0, 200);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_as_all_else_is() {
    let server = server(|_| ()).await;
    let long = json!({ "username": "x".repeat(70_000), "password": "y" }).to_string();
    let mut client = client(&server).header("content-type", "application/json");
    let reply = client.post("/api/authentication/login", &long).await;
    assert_eq!(reply.status, 413);
    let told = reply.json();
    assert_eq!(
        (&told["statusCode"], &told["message"]),
        (&json!(413), &json!("The body is too long"))
    );
    assert_eq!(told["requestId"].as_str().map(str::len), Some(24));
}

#[tokio::test]
async fn a_refused_login_has_one_face_and_one_cost() {
    let server = server(|_| ()).await;
    let root = token(&server, "root", ROOT).await;
    for (uid, mail) in [("locked", "l@example.com"), ("gone", "g@example.com")] {
        let body =
            json!({ "uid": uid, "email": mail, "displayName": uid, "password": "S3cret-pass" });
        let made = with(
            &server,
            &root,
            "POST",
            "/api/admin/createUser",
            &body.to_string(),
        )
        .await;
        assert_eq!(made.status, 200, "{}", made.text());
    }
    let off = with(
        &server,
        &root,
        "POST",
        "/api/admin/disableUser",
        r#"{"uid":"gone"}"#,
    )
    .await;
    assert_eq!(off.status, 200);
    for _ in 0..5 {
        login(&server, "locked", "wrong").await;
    }
    let hashes = || {
        let pool = server.running.hash();
        pool.compared() + pool.dummies()
    };
    let mut faces = Vec::new();
    for (name, word) in [
        ("demo", "wrong"),
        ("nobody", "wrong"),
        ("locked", "S3cret-pass"),
        ("gone", "S3cret-pass"),
        ("gone", "wrong"),
    ] {
        let before = hashes();
        let reply = login(&server, name, word).await;
        let mut headers = reply.headers.clone();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
        faces.push((
            reply.status,
            headers,
            steady(&reply.json()),
            hashes() - before,
        ));
    }
    assert_eq!(faces[0].0, 401);
    assert_eq!(faces[0].3, 1);
    for face in &faces {
        assert_eq!(face, &faces[0]);
    }
}

#[tokio::test]
async fn no_token_but_the_servers_own_is_taken() {
    let server = server(|_| ()).await;
    let good = token(&server, "demo", PASSWORD).await;
    assert_eq!(verify(&server, &good).await.status, 200);
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("a token has three parts")
    };
    let encode = |text: &str| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(text)
    };
    let decode = |part: &str| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let none = encode(r#"{"alg":"none","typ":"JWT"}"#);
    let hmac = encode(&decode(header).replace("EdDSA", "HS256"));
    let typ = encode(&decode(header).replace("\"JWT\"", "\"at+jwt\""));
    let other = encode(&decode(claims).replace("demo", "root"));
    let mut flipped = signature.to_owned();
    let first = if flipped.starts_with('A') { "B" } else { "A" };
    flipped.replace_range(..1, first);
    let am = server.client().login("demo", PASSWORD).await.token();
    let bad = [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{hmac}.{claims}.{signature}"),
        format!("{typ}.{claims}.{signature}"),
        format!("{header}.{other}.{signature}"),
        format!("{header}.{claims}.{flipped}"),
        format!("{header}.{claims}"),
        format!("{good}.{signature}"),
        am,
        "x".repeat(7_000),
        "nothing".to_owned(),
    ];
    let mut faces = Vec::new();
    for token in &bad {
        let reply = verify(&server, token).await;
        assert_eq!(reply.status, 401, "{token}");
        let told = reply.header("www-authenticate").map(str::to_owned);
        faces.push((told, steady(&reply.json())));
    }
    assert!(faces.iter().all(|face| face == &faces[0]), "{faces:#?}");
    // Neither is a token of this wire one of the other.
    let mut am = server.client().header("iPlanetDirectoryPro", &good);
    let info = am.sessions("getSessionInfo", "").await;
    assert_eq!(info.status, 401, "{}", info.text());
    // Never in an address.
    let path = format!("/api/authentication/verify?token={good}");
    let reply = client(&server).get(&path).await;
    assert_eq!(reply.status, 400);
    assert!(!String::from_utf8_lossy(&server.everything_written()).contains(signature));
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_with_what_its_user_has() {
    let server = server(|_| ()).await;
    let demo = token(&server, "demo", PASSWORD).await;
    let root = token(&server, "root", ROOT).await;
    server.advance(11 * HOUR);
    let renewed = with(&server, &demo, "POST", "/api/authentication/renewToken", "").await;
    let renewed = renewed.json()["token"].as_str().unwrap().to_owned();
    // The old one stays until its own end, plus the leeway.
    server.advance(HOUR + Duration::from_secs(5));
    assert_eq!(verify(&server, &demo).await.status, 200);
    server.advance(Duration::from_secs(6));
    assert_eq!(verify(&server, &demo).await.status, 401);
    assert_eq!(verify(&server, &root).await.status, 401);
    assert_eq!(verify(&server, &renewed).await.status, 200);
    // Renewing never goes past the longest life of the login.
    let mut last = renewed;
    for _ in 0..20 {
        server.advance(10 * HOUR);
        let reply = with(&server, &last, "POST", "/api/authentication/renewToken", "").await;
        if reply.status != 200 {
            break;
        }
        last = reply.json()["token"].as_str().unwrap().to_owned();
    }
    let since = server.clock.now().0 - crate::support::BEGIN.0;
    assert!(since >= 7 * 24 * 3_600_000, "{since}");
    assert_eq!(verify(&server, &last).await.status, 401);

    let demo = token(&server, "demo", PASSWORD).await;
    let root = token(&server, "root", ROOT).await;
    let restarted = server.restart().await;
    assert_eq!(verify(&restarted, &demo).await.status, 200);
    let off = with(
        &restarted,
        &root,
        "POST",
        "/api/admin/disableUser",
        r#"{"uid":"demo"}"#,
    )
    .await;
    assert_eq!(off.status, 200, "{}", off.text());
    assert_eq!(verify(&restarted, &demo).await.status, 401);
    // Given back, old tokens stay ended.
    with(
        &restarted,
        &root,
        "POST",
        "/api/admin/enableUser",
        r#"{"uid":"demo"}"#,
    )
    .await;
    assert_eq!(verify(&restarted, &demo).await.status, 401);
    let again = token(&restarted, "demo", PASSWORD).await;
    let body = format!(r#"{{"password":"N3w-pass-word","currentPassword":"{PASSWORD}"}}"#);
    let changed = with(&restarted, &again, "POST", "/api/admin/updateSelf", &body).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(verify(&restarted, &again).await.status, 401);
    token(&restarted, "demo", "N3w-pass-word").await;
}

#[tokio::test]
async fn a_token_that_is_renewed_once_is_renewed_once() {
    let server = server(|autoid| autoid.rotate = true).await;
    let first = token(&server, "demo", PASSWORD).await;
    let client = client(&server).header("authorization", &format!("Bearer {first}"));
    let path = "/api/authentication/renewToken";
    let posts = (0..8).map(|_| (client.clone(), path.to_owned(), String::new()));
    let replies = all(posts).await;
    let renewed = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(renewed, 1);
    assert_eq!(verify(&server, &first).await.status, 401);
}

#[tokio::test]
async fn a_log_out_ends_all_tokens_of_its_login_and_none_of_another() {
    let server = server(|_| ()).await;
    let renew = async |token: &str| {
        let path = "/api/authentication/renewToken";
        let reply = with(&server, token, "POST", path, "").await;
        reply.json()["token"].as_str().unwrap().to_owned()
    };
    let first = token(&server, "demo", PASSWORD).await;
    let other = token(&server, "demo", PASSWORD).await;
    let second = renew(&first).await;
    let third = renew(&second).await;
    let out = with(&server, &second, "POST", "/api/slo/logout", "").await;
    assert_eq!(out.status, 200, "{}", out.text());
    let restarted = server.restart().await;
    for (which, over) in [&first, &second, &third].into_iter().enumerate() {
        assert_eq!(verify(&restarted, over).await.status, 401, "{which}");
        let path = "/api/authentication/renewToken";
        let reply = with(&restarted, over, "POST", path, "").await;
        assert_eq!(reply.status, 401, "{which}");
    }
    assert_eq!(verify(&restarted, &other).await.status, 200);
}

#[tokio::test]
async fn a_log_out_ends_one_login_and_that_of_a_user_ends_all_on_all_wires() {
    let server = server(|_| ()).await;
    let autoid = token(&server, "demo", PASSWORD).await;
    let sign_in = [
        ("client_id", "demo-login"),
        ("flow", "standard"),
        ("flow_version", "1"),
        ("locale", "en-US"),
        ("form", "signInForm"),
        ("response_type", "token"),
        ("redirect_uri", "https://app.example.com/back"),
        ("signInEmailAddress", "demo@example.com"),
        ("currentPassword", PASSWORD),
    ];
    let form = capture::form(&sign_in);
    let path = "/oauth/auth_native_traditional";
    let given = capture::send(&server, "", path, &form).await.json();
    let capture = given["access_token"].as_str().unwrap().to_owned();
    let entity = async || capture::entity(&server, &capture).await["stat"] == "ok";
    let mut one = server.client();
    let mut other = server.client();
    one.login("demo", PASSWORD).await.token();
    other.login("demo", PASSWORD).await.token();
    assert!(entity().await);

    assert_eq!(one.sessions("logout", "{}").await.status, 200);
    assert_eq!(verify(&server, &autoid).await.status, 200);
    assert!(entity().await);
    let second = token(&server, "demo", PASSWORD).await;
    let out = with(&server, &second, "POST", "/api/slo/logout", "").await;
    assert_eq!(out.status, 200);
    assert_eq!(verify(&server, &autoid).await.status, 200);
    assert!(entity().await);

    let path = "/am/json/realms/root/realms/alpha/sessions?_action=logoutByUser";
    let mut other = other.header("Accept-API-Version", "resource=5.1");
    let out = other.post(path, r#"{"username":"demo"}"#).await;
    assert_eq!(out.status, 200, "{}", out.text());
    assert_eq!(verify(&server, &autoid).await.status, 401);
    assert!(!entity().await);
}

#[tokio::test]
async fn a_token_for_programs_makes_none_that_outlives_it() {
    let server = server(|_| ()).await;
    let root = token(&server, "root", ROOT).await;
    let make = async |by: &str, expiry: u64| {
        let body = json!({ "name": "job", "expiry": expiry }).to_string();
        with(&server, by, "POST", "/api/admin/createApiToken", &body).await
    };
    let works = async |secret: &str| {
        let reply = with(&server, secret, "GET", "/api/admin/getUsers", "").await;
        reply.status == 200
    };
    let text = |made: &Json, name: &str| made[name].as_str().unwrap().to_owned();
    let parent = make(&root, 1_900_000_000).await.json();
    let beside = make(&root, 1_900_000_000).await.json();
    let secret = text(&parent, "token");
    assert_eq!(make(&secret, 1_900_000_001).await.status, 400);
    let child = make(&secret, 1_900_000_000).await.json();
    let grandchild = make(&text(&child, "token"), 1_850_000_000).await.json();
    let late = make(&text(&grandchild, "token"), 1_900_000_000).await;
    assert_eq!(late.status, 400, "{}", late.text());
    let mut last = grandchild.clone();
    for _ in 0..6 {
        last = make(&text(&last, "token"), 1_850_000_000).await.json();
    }
    let deep = make(&text(&last, "token"), 1_850_000_000).await;
    assert_eq!(deep.status, 400, "{}", deep.text());

    let body = json!({ "id": child["id"] }).to_string();
    with(&server, &root, "POST", "/api/admin/revokeApiToken", &body).await;
    assert!(works(&secret).await && works(&text(&beside, "token")).await);
    for over in [&child, &grandchild, &last] {
        assert!(!works(&text(over, "token")).await, "{over}");
    }
    let child = make(&secret, 1_850_000_000).await.json();
    let body = json!({ "id": parent["id"] }).to_string();
    with(&server, &root, "POST", "/api/admin/revokeApiToken", &body).await;
    assert!(!works(&secret).await && !works(&text(&child, "token")).await);
    assert!(works(&text(&beside, "token")).await);
}

#[tokio::test]
async fn only_administrators_administer_and_tokens_for_programs_stand_in_for_them() {
    let server = server(|_| ()).await;
    let demo = token(&server, "demo", PASSWORD).await;
    let root = token(&server, "root", ROOT).await;
    for path in ["getUsers", "getTokens", "verifyApiToken/x"] {
        let reply = with(&server, &demo, "GET", &format!("/api/admin/{path}"), "").await;
        assert_eq!(reply.status, 403, "{path}");
    }
    // What a body must be is told to nobody who may not send it.
    for path in ["createUser", "updateUser", "disableUser", "createApiToken"] {
        let reply = with(&server, &demo, "POST", &format!("/api/admin/{path}"), "{").await;
        assert_eq!(reply.status, 403, "{path}");
        let reply = client(&server)
            .post(&format!("/api/admin/{path}"), "{")
            .await;
        assert_eq!(reply.status, 401, "{path}");
    }
    let body = r#"{"name":"job","expiry":1900000000}"#;
    let made = with(&server, &root, "POST", "/api/admin/createApiToken", body)
        .await
        .json();
    let (secret, id) = (
        made["token"].as_str().unwrap(),
        made["id"].as_str().unwrap(),
    );
    assert_eq!(
        with(&server, secret, "GET", "/api/admin/getUsers", "")
            .await
            .status,
        200
    );
    // It is no login: nothing of it is renewed or read out.
    assert_eq!(verify(&server, secret).await.status, 401);
    let path = format!("/api/admin/verifyApiToken/{secret}");
    assert_eq!(
        with(&server, &root, "GET", &path, "").await.json()["valid"],
        true
    );
    let body = json!({ "id": id }).to_string();
    with(&server, &root, "POST", "/api/admin/revokeApiToken", &body).await;
    assert_eq!(
        with(&server, &root, "GET", &path, "").await.json()["valid"],
        false
    );
    assert_eq!(
        with(&server, secret, "GET", "/api/admin/getUsers", "")
            .await
            .status,
        401
    );
    let written = server.everything_written();
    assert!(!String::from_utf8_lossy(&written).contains(secret));
}

#[tokio::test]
async fn logins_of_one_address_are_bounded() {
    let server = server(|autoid| autoid.logins_per_minute = 3).await;
    for _ in 0..3 {
        login(&server, "demo", "no").await;
    }
    let reply = login(&server, "demo", PASSWORD).await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), Some("60"));
    server.advance(Duration::from_secs(60));
    assert_eq!(login(&server, "demo", PASSWORD).await.status, 200);
}

/// Whoever changes from one wire to the other has no try more.
#[tokio::test]
async fn tries_over_all_wires_are_counted_together() {
    let server = server(|autoid| autoid.logins_per_minute = 0).await;
    let failures = Config::default().realms[&wayfare::Realm::root()]
        .lockout
        .failures;
    let before = server.compared();
    let wrong = json!({ "username": "demo", "password": "wrong" }).to_string();
    let autoid = client(&server).header("content-type", "application/json");
    let am = server
        .client()
        .header("X-OpenAM-Username", "demo")
        .header("X-OpenAM-Password", "wrong");
    let capture = client(&server).header("content-type", "application/x-www-form-urlencoded");
    let form = "client_id=demo-login&locale=en-US&flow=standard&flow_version=1&redirect_uri=http%3A%2F%2Flocalhost\
                &response_type=token&form=signInForm&signInEmailAddress=demo%40example.com&currentPassword=wrong";
    let tries = (0..64).map(|at| match at % 3 {
        0 => {
            let path = "/api/authentication/login";
            (autoid.clone(), path.to_owned(), wrong.clone())
        }
        1 => (am.clone(), Client::path("/alpha", ""), String::new()),
        _ => {
            let path = "/capture/oauth/auth_native_traditional";
            (capture.clone(), path.to_owned(), form.to_owned())
        }
    });
    let replies = all(tries).await;
    // What is refused here is a step that is asked again there.
    let let_in = |reply: &Reply| {
        let body = reply.text();
        ["tokenId", "\"token\"", "access_token"]
            .iter()
            .any(|word| body.contains(word))
    };
    assert!(!replies.iter().any(let_in));
    let by_capture = replies
        .iter()
        .filter(|reply| reply.text().contains("invalid_credentials"));
    assert!(by_capture.count() > 0);
    let compared = server.compared() - before;
    assert!(compared <= u64::from(failures), "{compared}");
    assert_eq!(login(&server, "demo", PASSWORD).await.status, 401);
}

#[tokio::test]
async fn a_published_client_verifies_the_tokens() {
    let python = std::env::var("WAYFARE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let known = Command::new(&python)
        .args(["-c", "import jwt, cryptography"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !known {
        let required = std::env::var("WAYFARE_CLIENTS").is_ok_and(|value| value == "required");
        assert!(!required, "there is no Python with PyJWT");
        eprintln!("skipped: there is no Python with PyJWT");
        return;
    }
    // The client looks at the clock of this machine.
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let server = server(|_| ()).await;
    server
        .clock
        .set(wayfare::Timestamp(u64::try_from(now.as_millis()).unwrap()));
    let token = token(&server, "demo", PASSWORD).await;
    let keys = client(&server).get("/api/authentication/jwks").await.json();
    let asked = json!({
        "token": token, "jwks": keys, "alg": "EdDSA", "aud": "autoid", "typ": "JWT",
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/verify.py");
    let mut child = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(asked.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let claims: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(claims["uid"], "demo");
    assert_eq!(verify(&server, &token).await.json()["user"], claims);
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs_and_the_one_before_goes_on_to_verify() {
    let server = server(|_| ()).await;
    let kid = |token: &str| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let header = token.split('.').next().unwrap();
        let header = URL_SAFE_NO_PAD.decode(header).unwrap();
        let header: Json = serde_json::from_slice(&header).unwrap();
        header["kid"].as_str().unwrap().to_owned()
    };
    let before = token(&server, "root", ROOT).await;
    let data = server.folder.path().join("data");
    let whose = (data.as_path(), &alpha(), KeyUse::AutoId);
    rotate(
        whose,
        Algorithm::EdDsa,
        server.clock.now(),
        (HOUR, 24 * HOUR),
    )
    .unwrap();
    let keys = client(&server).get("/api/authentication/jwks").await;
    assert_eq!(keys.json()["keys"].as_array().unwrap().len(), 2);
    let same = token(&server, "root", ROOT).await;
    assert_eq!(kid(&before), kid(&same));
    server.advance(HOUR);
    let after = token(&server, "root", ROOT).await;
    assert_ne!(kid(&before), kid(&after));
    for token in [&before, &after] {
        assert_eq!(verify(&server, token).await.status, 200);
    }
}
