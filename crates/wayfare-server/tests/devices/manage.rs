//! What the owner of devices, and nobody else, may see and change.

use serde_json::{Value as Json, json};
use wayfare::engine::effect::DEVICES_MAX;

use super::{at, kept, serve, told};
use crate::support::{Client, Reply, TestServer};

async fn list(client: &mut Client, kind: &str) -> Vec<Json> {
    let reply = client.get(&at(&format!("{kind}?_queryFilter=true"))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let json = reply.json();
    let all = json["result"].as_array().expect("a list").clone();
    assert_eq!(json["resultCount"], all.len());
    all
}

async fn put(client: &mut Client, path: &str, body: &Json) -> Reply {
    let body = body.to_string();
    client.send("PUT", path, Some(body.as_bytes())).await
}

#[tokio::test]
async fn a_profile_is_listed_read_renamed_and_removed() {
    let server = serve().await;
    let mut client = kept(&server, "d3v1ce/1").await;
    let all = list(&mut client, "profile").await;
    let [device] = &*all else { panic!("{all:?}") };
    assert_eq!(device["_id"], "d3v1ce/1");
    assert_eq!(device["identifier"], "d3v1ce/1");
    assert_eq!(device["metadata"], told("x")["metadata"]);
    assert_eq!(device["alias"], "");
    assert_eq!(device["recoveryCodes"], json!([]));
    assert_eq!(device["lastSelectedDate"], 1_800_000_000_000_u64);
    let path = at("profile/d3v1ce%2F1");
    let read = client.get(&path).await;
    assert_eq!(read.status, 200);
    assert_eq!(&read.json(), device);
    let tag = read.header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", device["_rev"].as_str().unwrap()));
    assert_eq!(read.header("content-api-version"), Some("resource=1.0"));
    assert_eq!(read.header("cache-control"), Some("no-store"));
    // The name, and nothing else of what a client sends along.
    let mut sent = device.clone();
    sent["alias"] = "My laptop".into();
    sent["identifier"] = "another".into();
    sent["metadata"] = json!({});
    let renamed = put(&mut client, &path, &sent).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text());
    let again = client.get(&path).await.json();
    assert_eq!(renamed.json(), again);
    assert_eq!(again["alias"], "My laptop");
    assert_eq!(again["metadata"], device["metadata"]);
    assert_ne!(again["_rev"], device["_rev"]);
    // Whoever has seen the old one changes nothing.
    let mut old = client.clone().header("If-Match", &tag);
    assert_eq!(put(&mut old, &path, &sent).await.status, 412);
    assert_eq!(old.send("DELETE", &path, None).await.status, 412);
    let removed = client.send("DELETE", &path, Some(b"{}")).await;
    assert_eq!((removed.status, removed.json()), (200, again));
    assert!(list(&mut client, "profile").await.is_empty());
    for method in ["GET", "DELETE"] {
        let gone = client.send(method, &path, None).await;
        assert_eq!(gone.status, 404);
        assert_eq!(gone.json()["message"], "Resource 'd3v1ce/1' not found");
    }
    assert_eq!(put(&mut client, &path, &sent).await.status, 404);
    let audit = server.audit();
    let changes = audit
        .iter()
        .filter(|line| line["eventName"] == "AM-DEVICE-CHANGED");
    let changes: Vec<&Json> = changes.map(|line| &line["change"]).collect();
    assert_eq!(changes, ["renamed", "removed"]);
}

#[tokio::test]
async fn a_list_has_pages_and_kinds() {
    let server = serve().await;
    for device in ["a", "b"] {
        kept(&server, device).await;
    }
    let mut client = kept(&server, "c").await;
    let page = client
        .get(&at(
            "profile?_queryFilter=true&_pageSize=1&_pagedResultsOffset=1",
        ))
        .await
        .json();
    assert_eq!(page["result"][0]["_id"], "b");
    assert_eq!(page["resultCount"], 1);
    let older = client.get(&at("profile?_queryId=*")).await.json();
    assert_eq!(older["resultCount"], 3);
    for kind in [
        "trusted",
        "2fa/oath",
        "2fa/push",
        "2fa/webauthn",
        "2fa/binding",
    ] {
        assert!(list(&mut client, kind).await.is_empty(), "{kind}");
    }
    for (path, status) in [
        ("profile?_queryFilter=false", 400),
        ("profile?_queryFilter=identifier+eq+%22a%22", 400),
        ("profile?_queryFilter=true&_queryFilter=true", 400),
        ("other?_queryFilter=true", 404),
        ("2fa?_queryFilter=true", 404),
        ("profile/a/b", 404),
        ("profile/%c3%28", 404),
        ("profile/A", 404),
    ] {
        let reply = client.get(&at(path)).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
    }
    let other = client.clone().header("Accept-API-Version", "resource=3.0");
    let reply = { other }.get(&at("profile?_queryFilter=true")).await;
    assert_eq!(reply.status, 404);
    let acted = client.post(&at("profile?_action=reset"), "").await;
    assert_eq!(acted.status, 501, "{}", acted.text());
    let all = client.send("DELETE", &at("profile"), None).await;
    assert_eq!((all.status, all.header("allow")), (405, Some("GET, POST")));
    assert_eq!(list(&mut client, "profile").await.len(), 3);
}

#[tokio::test]
async fn devices_are_their_owners() {
    let server = serve().await;
    let mut client = kept(&server, "d3v1ce").await;
    let path = at("profile/d3v1ce");
    let body = json!({ "alias": "Mine now" });
    // Nobody, and a session that is none.
    let mut nobody = server.client().header("Accept-API-Version", "resource=1.0");
    let mut forged = nobody.clone();
    let cookie = client.cookies.keys().find(|name| name.contains("iPlanet"));
    let cookie = cookie.expect("a session").clone();
    forged.cookies.insert(cookie, "forged".to_owned());
    for stranger in [&mut nobody, &mut forged] {
        assert_eq!(
            stranger.get(&at("profile?_queryFilter=true")).await.status,
            401
        );
        assert_eq!(stranger.get(&path).await.status, 401);
        assert_eq!(put(stranger, &path, &body).await.status, 401);
        assert_eq!(stranger.send("DELETE", &path, None).await.status, 401);
    }
    // Somebody else's look like nobody's, whoever that is.
    for user in ["amadmin", "nobody", "..", "%00", "demo%20"] {
        let theirs = path.replace("/demo/", &format!("/{user}/"));
        for method in ["GET", "DELETE"] {
            let reply = client.send(method, &theirs, None).await;
            assert_eq!(reply.status, 403, "{user}: {}", reply.text());
        }
    }
    // The same name in another realm is another user.
    for elsewhere in [
        "/am/json/realms/root/users/demo/devices/profile?_queryFilter=true",
        "/am/json/users/demo/devices/profile?_queryFilter=true",
    ] {
        let reply = client.get(elsewhere).await;
        assert!(
            [401, 403].contains(&reply.status),
            "{elsewhere}: {}",
            reply.status
        );
    }
    // Another spelling of the realm, and of the name, is the same.
    for same in [
        "/am/json/realms/alpha/users/demo/devices/profile/d3v1ce",
        "/am/json/alpha/users/DEMO/devices/profile/d3v1ce",
        "/am/json/users/demo/devices/profile/d3v1ce?realm=/alpha",
    ] {
        assert_eq!(client.get(same).await.status, 200, "{same}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let server = serve().await;
    let client = kept(&server, "d3v1ce").await;
    let path = at("profile/d3v1ce");
    let mut site = client.clone().bare();
    let body = br#"{"alias":"Mine now"}"#;
    for (method, body) in [("PUT", &body[..]), ("DELETE", b"{}"), ("DELETE", b"")] {
        let reply = site.send(method, &path, Some(body)).await;
        assert_eq!(reply.status, 403, "{method}");
    }
    let mut typed = client.clone().header("Content-Type", "text/plain");
    assert_eq!(typed.send("PUT", &path, Some(body)).await.status, 415);
    let mut client = client;
    assert_eq!(client.get(&path).await.json()["alias"], "");
}

/// A client whose session may manage keys.
async fn manager(server: &TestServer) -> Client {
    let mut client = server.client();
    super::enter(&mut client, "Keys").await.token();
    client.header("Accept-API-Version", "resource=1.0")
}

#[tokio::test]
async fn a_second_factor_is_changed_only_in_a_session_that_may() {
    let server = serve().await;
    let mut manager = manager(&server).await;
    let mut other = kept(&server, "d3v1ce").await;
    let path = at("2fa/webauthn/k3y");
    let body = json!({ "deviceName": "Red key" });
    let told = list(&mut other, "2fa/webauthn").await;
    assert_eq!(told[0]["deviceManagementStatus"], false);
    assert_eq!(told[0]["credentialId"], "c1");
    assert!(!told[0].to_string().contains("n3v3rt0ld"));
    assert_eq!(put(&mut other, &path, &body).await.status, 403);
    assert_eq!(other.send("DELETE", &path, None).await.status, 403);
    let told = list(&mut manager, "2fa/webauthn").await;
    assert_eq!(told[0]["deviceManagementStatus"], true);
    let renamed = put(&mut manager, &path, &body).await;
    assert_eq!(renamed.json()["deviceName"], "Red key");
    // The name of a kind is the name of that kind alone.
    let wrong = put(&mut manager, &path, &json!({ "alias": "Red key" })).await;
    assert_eq!(wrong.status, 400);
    // A key is no profile.
    assert_eq!(manager.get(&at("profile/k3y")).await.status, 404);
    assert_eq!(manager.send("DELETE", &path, None).await.status, 200);
    assert!(list(&mut manager, "2fa/webauthn").await.is_empty());
}

#[tokio::test]
async fn an_application_elsewhere_is_told_what_it_may_send() {
    let origin = "https://app.example.com";
    let server = TestServer::with(|config, _| config.cors_allow.push(origin.to_owned())).await;
    let mut client = server.client().header("Origin", origin);
    let reply = client.send("OPTIONS", &at("profile/x"), None).await;
    assert_eq!(reply.status, 204);
    let methods = reply.header("access-control-allow-methods");
    assert_eq!(methods, Some("DELETE, GET, OPTIONS, POST, PUT"));
    let headers = reply.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("if-match") && headers.contains("content-type"));
}

#[tokio::test]
async fn of_two_who_have_seen_the_same_device_one_changes_it() {
    let server = serve().await;
    let client = kept(&server, "d3v1ce").await;
    let path = at("profile/d3v1ce");
    for round in 0..8 {
        let tag = client.clone().get(&path).await;
        let tag = tag.header("etag").expect("a revision").to_owned();
        let writer = || client.clone().header("If-Match", &tag);
        let (mut one, mut two) = (writer(), writer());
        let names = ["one", "two"].map(|name| json!({ "alias": format!("{name} {round}") }));
        let (first, second) = tokio::join!(
            put(&mut one, &path, &names[0]),
            put(&mut two, &path, &names[1]),
        );
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "round {round}");
        let won = if first.status == 200 { first } else { second };
        assert_eq!(client.clone().get(&path).await.json(), won.json());
    }
    // Whoever removes what somebody else has just renamed is told so, and the other way around.
    let mut done = Vec::new();
    for round in 0..8 {
        let mut client = kept(&server, "d3v1ce").await;
        let tag = client.get(&path).await;
        let tag = tag.header("etag").expect("a revision").to_owned();
        let writer = || client.clone().header("If-Match", &tag);
        let (mut one, mut two) = (writer(), writer());
        let body = json!({ "alias": format!("three {round}") });
        let (renamed, removed) =
            tokio::join!(put(&mut one, &path, &body), two.send("DELETE", &path, None),);
        let statuses = (renamed.status, removed.status);
        assert!(
            [(200, 412), (404, 200), (412, 200)].contains(&statuses),
            "round {round}: {statuses:?}"
        );
        done.push(statuses.0 == 200);
    }
    println!("renamed before it was removed: {done:?}");
    // Without a revision the last one counts.
    let client = kept(&server, "d3v1ce").await;
    let (mut one, mut two) = (client.clone(), client.clone());
    let (first, second) = (json!({ "alias": "one" }), json!({ "alias": "two" }));
    let (first, second) = tokio::join!(put(&mut one, &path, &first), put(&mut two, &path, &second));
    assert_eq!((first.status, second.status), (200, 200));
}

#[tokio::test]
async fn a_name_and_a_body_are_held_to_their_bounds() {
    let server = serve().await;
    let mut client = kept(&server, "d3v1ce").await;
    let path = at("profile/d3v1ce");
    for (length, status) in [(0, 400), (1, 200), (100, 200), (101, 400)] {
        let body = json!({ "alias": "\u{e4}".repeat(length) });
        let reply = put(&mut client, &path, &body).await;
        assert_eq!(reply.status, status, "{length}: {}", reply.text());
    }
    let named = "\u{e4}".repeat(100);
    assert_eq!(client.get(&path).await.json()["alias"], named);
    // 64 kibibytes are read, and one more is not.
    for (length, status) in [(64 * 1024, 200), (64 * 1024 + 1, 413)] {
        let body = json!({ "alias": "x" }).to_string();
        let body = format!("{body}{}", " ".repeat(length - body.len()));
        let reply = client.send("PUT", &path, Some(body.as_bytes())).await;
        assert_eq!(reply.status, status, "{length}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_list_is_as_long_as_there_may_be_devices() {
    let server = serve().await;
    let mut client = server.client();
    // The setting lets there be a thousand; the store does not.
    for device in 0..=DEVICES_MAX {
        client = server.client();
        let told = told(&format!("d{device}"));
        super::come(&mut client, "Many", &told).await.token();
    }
    let mut client = client.header("Accept-API-Version", "resource=1.0");
    let all = list(&mut client, "profile").await;
    let most = usize::try_from(DEVICES_MAX).expect("a few");
    assert_eq!(all.len(), most);
    assert_eq!(
        (&all[0]["_id"], &all[most - 1]["_id"]),
        (&json!("d1"), &json!("d64"))
    );
    for (page, ids) in [
        ("_pageSize=2&_pagedResultsOffset=62", &["d63", "d64"][..]),
        ("_pageSize=1000&_pagedResultsOffset=63", &["d64"][..]),
        ("_pagedResultsOffset=64", &[][..]),
        ("_pagedResultsOffset=18446744073709551615", &[][..]),
    ] {
        let reply = client
            .get(&at(&format!("profile?_queryFilter=true&{page}")))
            .await;
        let json = reply.json();
        let found = json["result"].as_array().expect("a list");
        let found: Vec<&Json> = found.iter().map(|device| &device["_id"]).collect();
        assert_eq!(found, ids, "{page}");
    }
}
