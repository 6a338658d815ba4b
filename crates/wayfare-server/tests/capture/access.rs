//! The operations below `/access`, and `/entity`.

use std::time::Duration;

use serde_json::json;
use wayfare_server::store::token::Kind;
use wayfare_wire::capture::{client::Feature, date, parameters::Parameters, sign};

use super::support::{DEMO, SECRET, ask, basic, client, code, entity, form, got, send, server};
use crate::support::{BEGIN, TestServer};

#[tokio::test]
async fn a_token_reads_the_record_that_it_was_made_for() {
    let server = server(|_| ()).await;
    let token = got(
        &server,
        "owner",
        "/access/getAccessToken",
        DEMO,
        "accessToken",
    )
    .await;
    assert!(
        token.len() == 26
            && token
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    );
    let record = entity(&server, &token).await;
    assert_eq!(record["stat"], "ok");
    let user = &record["result"];
    assert_eq!(user["email"], "demo@example.com");
    assert_eq!(user["displayName"], "demo");
    assert_eq!(user["emailVerified"], json!(null));
    assert_eq!(user["id"], 1);
    assert_eq!(user["created"], "2027-01-15 08:00:00.000000 +0000");
    assert_eq!(user["lastUpdated"], user["created"]);
    assert_eq!(user["profiles"], json!([]));
    let uuid = user["uuid"].as_str().unwrap();
    assert_eq!(
        uuid.split('-').map(str::len).collect::<Vec<_>>(),
        [8, 4, 4, 4, 12]
    );
    assert!(!record.to_string().contains("password"), "{record}");
    // By every selector it is the same record.
    for by in [format!("uuid={uuid}"), "id=1".to_owned(), DEMO.to_owned()] {
        let same = ask(&server, "direct_read_access", "/entity", &by).await;
        assert_eq!(same["result"], *user, "{by}");
    }
    let part = form(&[
        ("uuid", uuid),
        ("attributes", "[\"email\",\"primaryAddress.city\"]"),
    ]);
    let part = ask(&server, "owner", "/entity", &part).await;
    assert_eq!(
        part["result"],
        json!({"email": "demo@example.com", "primaryAddress": {"city": null}})
    );
    let one = form(&[("uuid", uuid), ("attribute_name", "email")]);
    assert_eq!(
        ask(&server, "owner", "/entity", &one).await["result"],
        "demo@example.com"
    );
    // By GET, too.
    let mut getting = server
        .client()
        .bare()
        .header("authorization", &basic("owner"));
    let reply = getting
        .get(&format!("/capture/access/getAccessToken?{DEMO}"))
        .await;
    assert_eq!(reply.json()["stat"], "ok");
}

#[tokio::test]
async fn a_client_sees_what_its_view_names() {
    let server = server(|capture| {
        let mut narrow = client(&[Feature::DirectReadAccess]);
        narrow.view = Some(vec!["uuid".to_owned(), "primaryAddress.city".to_owned()]);
        capture.clients.insert("narrow".to_owned(), narrow);
    })
    .await;
    ask(&server, "owner", "/entity", DEMO).await;
    let record = ask(&server, "narrow", "/entity", "id=1").await;
    let names: Vec<_> = record["result"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(names, ["primaryAddress", "uuid"]);
}

#[tokio::test]
async fn selectors_find_one_record_or_say_why_not() {
    let server = server(|_| ()).await;
    for (form, wanted) in [
        ("", 100),
        ("uuid=a&id=1", 201),
        ("id=1&type_name=shop", 222),
        ("uuid=00000000-0000-0000-0000-000000000000", 310),
        ("uuid=nobody", 310),
        ("id=99", 310),
        (
            "key_attribute=email&key_value=%22nobody%40example.com%22",
            310,
        ),
        ("key_attribute=shoeSize&key_value=%2242%22", 223),
        ("key_attribute=email&key_value=demo", 200),
    ] {
        let answer = ask(&server, "owner", "/access/getAccessToken", form).await;
        assert_eq!(code(&answer), wanted, "{form}: {answer}");
    }
}

#[tokio::test]
async fn who_asks_comes_before_what_is_asked() {
    let server = server(|_| ()).await;
    for path in [
        "/access/getAccessToken",
        "/access/getAuthorizationCode",
        "/access/getVerificationCode",
        "/access/getCreationToken",
        "/entity",
    ] {
        let by = |by: String| {
            let server = &server;
            async move { code(&send(server, &by, path, "lifetime=x&id=x").await.json()) }
        };
        assert_eq!(by("Basic eDp5".to_owned()).await, 402, "{path}");
        assert_eq!(by(basic("metadata")).await, 403, "{path}");
        assert_eq!(by(String::new()).await, 100, "{path}");
        assert_eq!(by(basic("owner")).await, 200, "{path}");
    }
    let empty = ask(&server, "owner", "/access/getAccessToken", "").await;
    assert_eq!(code(&empty), 100);
    let wrong = send(&server, "Basic eDp5", "/access/getAccessToken", "").await;
    assert_eq!(code(&wrong.json()), 402);
}

#[tokio::test]
async fn the_type_of_records_counts_where_it_stands_and_is_user_where_it_does_not() {
    let server = server(|_| ()).await;
    let path = "/access/getAccessToken";
    let token = got(&server, "owner", path, DEMO, "accessToken").await;
    let by = format!("OAuth {token}");
    for (asked, wanted) in [
        ("type_name=shop", 222),
        ("id=1&type_name=shop", 222),
        ("type_name=user", 0),
        ("id=1", 0),
    ] {
        let answer = send(&server, &by, "/entity", asked).await.json();
        let code = answer["code"].as_u64().unwrap_or_default();
        assert_eq!(code, wanted, "{asked}: {answer}");
    }
    let path = "/access/getCreationToken";
    got(&server, "owner", path, "", "creation_token").await;
    let shop = ask(&server, "owner", path, "type_name=shop").await;
    assert_eq!(code(&shop), 222);
    // Where records are called otherwise, a token says enough.
    let server = self::server(|capture| capture.type_name = "shop".to_owned()).await;
    let path = "/access/getAccessToken";
    let asked = format!("{DEMO}&type_name=shop");
    let token = got(&server, "owner", path, &asked, "accessToken").await;
    assert_eq!(entity(&server, &token).await["stat"], "ok");
}

#[tokio::test]
async fn clients_do_what_their_features_let_them() {
    let server = server(|_| ()).await;
    let code_form = format!("{DEMO}&redirect_uri=https%3A%2F%2Fapp.example%2F");
    let verify = format!("{DEMO}&attribute_name=emailVerified");
    for (path, form) in [
        ("/access/getAccessToken", DEMO),
        ("/access/getAuthorizationCode", &code_form),
        ("/access/getVerificationCode", &verify),
        ("/access/getCreationToken", "type_name=user"),
    ] {
        for feature in Feature::ALL {
            let may = matches!(
                feature,
                Feature::Owner | Feature::AccessIssuer | Feature::DirectAccess
            );
            let answer = ask(&server, feature.name(), path, form).await;
            let stat = if may { "ok" } else { "error" };
            assert_eq!(answer["stat"], stat, "{path} {}: {answer}", feature.name());
            if !may {
                assert_eq!(code(&answer), 403);
            }
        }
    }
    // For other clients only who issues tokens makes any.
    let other = format!("{DEMO}&for_client_id=login_client");
    for (id, wanted) in [
        ("owner", None),
        ("access_issuer", None),
        ("direct_access", Some(403)),
    ] {
        let answer = ask(&server, id, "/access/getAccessToken", &other).await;
        assert_eq!(answer["code"].as_u64(), wanted, "{id}: {answer}");
    }
    let nobody = format!("{DEMO}&for_client_id=nobody");
    assert_eq!(
        code(&ask(&server, "owner", "/access/getAccessToken", &nobody).await),
        200
    );
}

#[tokio::test]
async fn a_client_that_does_not_prove_itself_is_refused_with_one_face() {
    let server = server(|_| ()).await;
    let mut faces = Vec::new();
    for body in [
        "client_id=owner&client_secret=wrong",
        "client_id=nobody&client_secret=wrong",
        "client_id=owner",
        "client_id=nobody",
        "client_id=owner&client_secret=",
    ] {
        let reply = send(
            &server,
            "",
            "/access/getAccessToken",
            &format!("{DEMO}&{body}"),
        )
        .await;
        assert_eq!(code(&reply.json()), 402, "{body}");
        let mut json = reply.json();
        json["request_id"] = json!("");
        faces.push((reply.status, json));
    }
    assert!(faces.windows(2).all(|pair| pair[0] == pair[1]));
    let right = format!("{DEMO}&client_id=owner&client_secret={SECRET}");
    let reply = send(&server, "", "/access/getAccessToken", &right).await;
    assert_eq!(reply.json()["stat"], "ok");
    // A user's token is no client.
    let token = got(
        &server,
        "owner",
        "/access/getAccessToken",
        DEMO,
        "accessToken",
    )
    .await;
    let as_user = send(
        &server,
        &format!("OAuth {token}"),
        "/access/getAccessToken",
        DEMO,
    )
    .await;
    assert_eq!(code(&as_user.json()), 402);
    assert_eq!(
        code(&send(&server, "Digest x", "/entity", "").await.json()),
        205
    );
}

async fn signed(server: &TestServer, path: &str, id: &str, secret: &str, at: i64) -> u64 {
    let parts = wayfare_wire::am::request::Parts {
        method: "POST",
        path,
        query: DEMO,
        headers: &[],
        body: b"",
        client: None,
    };
    let parameters = Parameters::read(&parts, wayfare_wire::json::Bounds::default()).unwrap();
    let date = date::plain(at);
    let signature = sign::signature(secret, path, &date, &parameters);
    let client = server.client().bare().header("date", &date);
    let client = client.header("content-type", "application/x-www-form-urlencoded");
    let mut client = client.header("authorization", &format!("Signature {id}:{signature}"));
    let path = path.trim_start_matches("/capture");
    let answer = super::support::post(&mut client, path, DEMO).await.json();
    answer["code"].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn requests_may_be_signed() {
    let server = server(|_| ()).await;
    let now = i64::try_from(BEGIN.seconds()).unwrap();
    let path = "/access/getAccessToken";
    assert_eq!(signed(&server, path, "owner", SECRET, now).await, 0);
    // Clients sign the path from the root, which is another one below a folder.
    assert_eq!(
        signed(
            &server,
            "/capture/access/getAccessToken",
            "owner",
            SECRET,
            now
        )
        .await,
        0
    );
    for (id, secret, at) in [
        ("owner", "other", now),
        ("nobody", SECRET, now),
        ("nobody", "", now),
        ("owner", SECRET, now - 901),
        ("owner", SECRET, now + 901),
    ] {
        assert_eq!(
            signed(&server, path, id, secret, at).await,
            402,
            "{id} {secret} {at}"
        );
    }
    assert_eq!(signed(&server, path, "owner", SECRET, now + 900).await, 0);
    drop(server);
    let server = super::support::server(|capture| capture.allow_signed = false).await;
    assert_eq!(signed(&server, path, "owner", SECRET, now).await, 205);
    assert_eq!(signed(&server, path, "owner", "other", now).await, 205);
    // Malformed or not, it is the scheme that is not taken.
    for (path, header) in [
        ("/access/getAccessToken", "Signature owner:x"),
        ("/oauth/token", "signature"),
    ] {
        let answer = send(&server, header, path, DEMO).await.json();
        assert_eq!(code(&answer), 205, "{path} {header}");
    }
}

#[tokio::test]
async fn a_signed_request_that_comes_again_is_refused_where_it_does_something() {
    let server = server(|_| ()).await;
    let now = i64::try_from(BEGIN.seconds()).unwrap();
    let path = "/access/getAccessToken";
    // What is wrong uses nothing up, even where the right one follows.
    assert_eq!(signed(&server, path, "owner", "other", now).await, 402);
    assert_eq!(signed(&server, path, "owner", SECRET, now).await, 0);
    assert_eq!(signed(&server, path, "owner", SECRET, now).await, 402);
    assert_eq!(signed(&server, path, "owner", SECRET, now + 1).await, 0);
    // What only reads may be asked again.
    for _ in 0..2 {
        assert_eq!(signed(&server, "/entity", "owner", SECRET, now).await, 0);
    }
    // As long as the date counts, and over a restart.
    assert_eq!(signed(&server, path, "owner", SECRET, now + 900).await, 0);
    server.advance(Duration::from_secs(1_799));
    let server = server.restart().await;
    assert_eq!(signed(&server, path, "owner", SECRET, now + 900).await, 402);
    let kind = Kind::new("capture.signed");
    assert_eq!(server.running.store().token_count(kind), Ok(3));
}

#[tokio::test]
async fn a_client_finds_nobody_by_what_it_does_not_see() {
    let server = server(|capture| {
        for (id, view) in [("blind", "primaryAddress.city"), ("sees", "email")] {
            let mut narrow = client(&[Feature::DirectAccess]);
            narrow.view = Some(vec!["uuid".to_owned(), view.to_owned()]);
            capture.clients.insert(id.to_owned(), narrow);
        }
    })
    .await;
    ask(&server, "owner", "/entity", DEMO).await;
    let unknown = "key_attribute=email&key_value=%22nobody%40example.com%22";
    for path in ["/entity", "/access/getAccessToken"] {
        for by in [DEMO, unknown] {
            assert_eq!(
                code(&ask(&server, "blind", path, by).await),
                223,
                "{path} {by}"
            );
        }
        assert_eq!(ask(&server, "blind", path, "id=1").await["stat"], "ok");
        assert_eq!(ask(&server, "sees", path, DEMO).await["stat"], "ok");
    }
}

#[tokio::test]
async fn a_verification_code_verifies_the_address_once() {
    let server = server(|_| ()).await;
    let asked = format!("{DEMO}&attribute_name=emailVerified");
    let path = "/access/getVerificationCode";
    let key = got(&server, "owner", path, &asked, "verification_code").await;
    assert_eq!(key.len(), 32);
    let used = form(&[("verification_code", &key)]);
    server.advance(Duration::from_secs(5));
    // Nobody proves anything else.
    let answer = send(&server, "", "/access/useVerificationCode", &used)
        .await
        .json();
    assert_eq!(answer["stat"], "ok", "{answer}");
    let record = ask(&server, "owner", "/entity", DEMO).await;
    assert_eq!(
        record["result"]["emailVerified"],
        "2027-01-15 08:00:05.000000 +0000"
    );
    assert_eq!(
        record["result"]["lastUpdated"],
        "2027-01-15 08:00:05.000000 +0000"
    );
    assert_eq!(record["result"]["uuid"], answer["uuid"]);
    for wrong in [&*used, "verification_code=abc"] {
        let again = send(&server, "", "/access/useVerificationCode", wrong)
            .await
            .json();
        assert_eq!(code(&again), 200);
        assert_eq!(again["argument_name"], "verification_code");
        assert_eq!(
            again["error_description"],
            "verification code not recognized"
        );
    }
    // It lives for 30 seconds unless somebody says otherwise.
    let short = got(&server, "owner", path, &asked, "verification_code").await;
    let long = got(
        &server,
        "owner",
        path,
        &format!("{asked}&lifetime=31"),
        "verification_code",
    )
    .await;
    server.advance(Duration::from_secs(30));
    let use_it = async |key: &str| {
        let used = form(&[("verification_code", key)]);
        send(&server, "", "/access/useVerificationCode", &used)
            .await
            .json()
    };
    assert_eq!(code(&use_it(&short).await), 416);
    assert_eq!(use_it(&long).await["stat"], "ok");
    for (attribute, wanted) in [("shoeSize", 223), ("email", 200), ("created", 234)] {
        let asked = format!("{DEMO}&attribute_name={attribute}");
        assert_eq!(
            code(&ask(&server, "owner", path, &asked).await),
            wanted,
            "{attribute}"
        );
    }
}

#[tokio::test]
async fn what_is_not_served_is_said_as_everything_is() {
    let server = server(|_| ()).await;
    for (method, path, status) in [
        ("POST", "/oauth/nothing", 404),
        ("GET", "/oauth/auth_native", 405),
        ("PUT", "/entity", 405),
    ] {
        let mut client = server.client().bare();
        let reply = client
            .send(method, &format!("/capture{path}"), Some(b""))
            .await;
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.json()["stat"], "error");
    }
    let long = "a=".to_owned() + &"x".repeat(70_000);
    let client = server.client().bare();
    let mut client = client.header("content-type", "application/x-www-form-urlencoded");
    let reply = client.post("/capture/oauth/token", &long).await;
    assert_eq!(
        (reply.status, &reply.json()["stat"]),
        (413, &json!("error"))
    );
    assert_eq!(reply.json()["error"], "invalid_request");
    // Nothing that comes in is written down.
    let form = format!("{DEMO}&client_id=owner&client_secret=s3cret-in-a-body");
    send(&server, "", "/access/getAccessToken", &form).await;
    let written = server.everything_written();
    let secret = b"s3cret-in-a-body";
    assert!(!written.windows(secret.len()).any(|part| part == secret));
}
