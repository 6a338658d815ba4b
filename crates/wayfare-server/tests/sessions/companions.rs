//! `users`, `realms` and `serverinfo` after a login.

use serde_json::json;

use super::{DENIED, FORBIDDEN, add_other, admin, demo, other, server, told};
use crate::support::{Client, Reply};

async fn get(client: &Client, path: &str) -> Reply {
    let mut client = client.clone().header("Accept-API-Version", "protocol=1.0");
    client.get(&format!("/am/json/{path}")).await
}

#[tokio::test]
async fn a_profile_is_read_by_its_user_and_by_administrators() {
    let server = server().await;
    add_other(&server, "bob");
    let (demo, bob, admin) = (
        demo(&server).await,
        other(&server, "bob").await,
        admin(&server).await,
    );
    let own = get(&demo, "realms/root/realms/alpha/users/demo").await;
    assert_eq!(own.status, 200, "{}", own.text());
    assert_eq!(own.header("cache-control"), Some("no-store"));
    assert_eq!(
        own.header("cross-origin-resource-policy"),
        Some("same-origin")
    );
    let json = own.json();
    let revision = json["_rev"].as_str().unwrap();
    assert_eq!(own.header("etag"), Some(&*format!("\"{revision}\"")));
    assert!(own.text().starts_with(&format!(
        r#"{{"_id":"demo","_rev":"{revision}","username":"demo","realm":"/alpha","#
    )));
    assert_eq!(json["mail"], json!(["demo@example.com"]));
    assert_eq!(json["uid"], json!(["demo"]));
    assert_eq!(json["roles"], json!([]));
    let text = own.text().to_lowercase();
    assert!(
        !text.contains("argon2") && !text.contains("password"),
        "{text}"
    );
    assert_eq!(
        get(&admin, "realms/root/realms/alpha/users/demo")
            .await
            .text(),
        own.text()
    );
    assert_eq!(get(&demo, "alpha/users/DEMO").await.text(), own.text());
    assert_eq!(
        told(&get(&bob, "users/bob").await),
        FORBIDDEN,
        "of the top realm"
    );
    assert_eq!(
        told(&get(&server.client(), "alpha/users/demo").await),
        DENIED
    );
    let none = get(&admin, "alpha/users/nobody").await;
    assert_eq!(
        told(&none),
        (
            404,
            r#"{"code":404,"reason":"Not Found","message":"Resource 'nobody' not found"}"#
        )
    );
    let mut writer = demo.clone();
    let put = writer
        .send("PUT", "/am/json/alpha/users/demo", Some(b"{}"))
        .await;
    assert_eq!(put.status, 405);
}

#[tokio::test]
async fn g01_a_profile_does_not_say_who_there_is() {
    let server = server().await;
    add_other(&server, "bob");
    add_other(&server, "locked");
    let alpha = crate::support::alpha();
    let locked = server
        .running
        .store()
        .set_active(&alpha, "id-of-alpha-locked".to_owned(), false);
    assert_eq!(locked.await, Ok(true));
    let bob = other(&server, "bob").await;
    for (client, expected) in [(&bob, FORBIDDEN), (&server.client(), DENIED)] {
        let mut faces = Vec::new();
        for id in [
            "demo", "locked", "nobody", "%20", "amadmin", "a%2Fb", "de%00mo",
        ] {
            let reply = get(client, &format!("alpha/users/{id}")).await;
            assert_eq!(told(&reply), expected, "{id}");
            let headers = reply.headers.into_iter().filter(|(name, _)| name != "date");
            faces.push(headers.collect::<Vec<_>>());
        }
        assert!(faces.windows(2).all(|pair| pair[0] == pair[1]), "{faces:?}");
    }
}

#[tokio::test]
async fn realms_are_listed_for_administrators() {
    let server = server().await;
    let (demo, admin) = (demo(&server).await, admin(&server).await);
    for path in [
        "realms?_queryFilter=true",
        "realms/root/realms?_queryFilter=true",
        "global-config/realms?_queryFilter=true",
    ] {
        let listed = get(&admin, path).await;
        assert_eq!(listed.status, 200, "{path}: {}", listed.text());
        let json = listed.json();
        let names: Vec<_> = json["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| &r["name"])
            .collect();
        assert_eq!(names, ["/", "alpha"]);
        assert_eq!(json["result"][1]["parentPath"], "/");
        assert_eq!(json["resultCount"], 2);
        assert_eq!(told(&get(&demo, path).await), FORBIDDEN);
        assert_eq!(told(&get(&server.client(), path).await), DENIED);
    }
    assert_eq!(get(&admin, "realms").await.status, 400);
    assert_eq!(get(&admin, "realms?_queryFilter=false").await.status, 400);
}

#[tokio::test]
async fn who_a_session_is_and_what_the_server_is() {
    let server = server().await;
    let demo = demo(&server).await;
    let asked = |client: Client| async move {
        let mut client = client.header("Accept-API-Version", "protocol=1.0,resource=2.0");
        client
            .post(
                "/am/json/realms/root/realms/alpha/users?_action=IDFROMSESSION",
                "",
            )
            .await
    };
    assert_eq!(
        told(&asked(demo.clone()).await),
        (
            200,
            r#"{"id":"demo","realm":"/alpha","dn":"id=demo,ou=user,o=alpha,ou=services,ou=am-config","successURL":"/am/console","fullLoginURL":"/am/UI/Login?realm=%2Falpha"}"#
        )
    );
    assert_eq!(told(&asked(server.client()).await), DENIED);
    let info = get(&server.client(), "alpha/serverinfo/%2A").await;
    assert!(info.text().starts_with(r#"{"_id":"*","_rev":""#));
    assert!(info.text().ends_with(
        r#""realm":"/alpha","xuiUserSessionValidationEnabled":true,"fileBasedConfiguration":false,"userIdAttributes":[],"nodeDesignerXuiEnabled":true}"#
    ));
    assert_eq!(
        get(&server.client(), "serverinfo/version").await.status,
        401
    );
    assert_eq!(
        get(&demo, "alpha/serverinfo/version").await.json()["_id"],
        "version"
    );
    let other = get(&demo, "serverinfo/nothing").await;
    assert_eq!(other.status, 501);
}
