//! Sessions found and ended by administrators: queries, handles, whole users.

use serde_json::{Value as Json, json};

use super::{
    DENIED, FORBIDDEN, add_other, admin, ask, at, demo, logged_in, naming, other, path, server,
    token, told, with,
};
use crate::support::{Client, Reply};

async fn search(client: &Client, realm: &str, user: &str, of: &str, more: &str) -> Reply {
    let filter = format!("username%20eq%20%22{user}%22%20and%20realm%20eq%20%22{of}%22");
    get(client, realm, &format!("_queryFilter={filter}{more}")).await
}

async fn get(client: &Client, realm: &str, query: &str) -> Reply {
    let mut client = client
        .clone()
        .header("Accept-API-Version", "resource=3.1, protocol=1.0");
    client.get(&path(realm, query)).await
}

fn handles(reply: &Reply) -> Vec<String> {
    let json = reply.json();
    let result = json["result"].as_array().expect("a list");
    result
        .iter()
        .map(|row| at(row, "sessionHandle").to_owned())
        .collect()
}

async fn by_handle(client: &Client, handles: &[String]) -> Reply {
    let body = json!({ "sessionHandles": handles }).to_string();
    ask(client, "/alpha", "4.0", "_action=logoutByHandle", &body).await
}

#[tokio::test]
async fn an_administrator_finds_the_sessions_of_a_user() {
    let server = server().await;
    let (first, second) = (demo(&server).await, demo(&server).await);
    let admin = admin(&server).await;
    let found = search(&admin, "/alpha", "DEMO", "%2Falpha", "").await;
    assert_eq!(found.status, 200, "{}", found.text());
    assert_eq!(found.header("cache-control"), Some("no-store"));
    let json = found.json();
    assert_eq!(json["resultCount"], 2);
    let keys: Vec<&String> = json["result"][0].as_object().unwrap().keys().collect();
    let mut expected = [
        "username",
        "universalId",
        "realm",
        "sessionHandle",
        "latestAccessTime",
        "maxIdleExpirationTime",
        "maxSessionExpirationTime",
    ];
    assert_eq!(keys.len(), expected.len());
    let positions = expected.map(|key| found.text().find(&format!("\"{key}\":")).unwrap());
    assert!(positions.is_sorted(), "{}", found.text());
    expected.sort_unstable();
    assert_eq!(
        json["result"][0]["latestAccessTime"],
        "2027-01-15T08:00:00.000Z"
    );
    assert!(found.text().ends_with(
        r#""resultCount":2,"pagedResultsCookie":null,"totalPagedResultsPolicy":"NONE","totalPagedResults":-1,"remainingPagedResults":-1}"#
    ));
    for handle in handles(&found) {
        assert!(handle.starts_with("shandle:"), "{handle}");
        assert!(!handle.contains(&token(&first)) && !handle.contains(&token(&second)));
    }
    let page = search(
        &admin,
        "/",
        "demo",
        "%2Falpha",
        "&_pageSize=1&_pagedResultsOffset=1",
    )
    .await;
    assert_eq!(handles(&page), handles(&found)[1..]);
    let nobody = search(&admin, "/alpha", "nobody", "%2Falpha", "").await;
    assert_eq!(nobody.json()["result"], json!([]));
    for filter in [
        "",
        "_queryFilter=true",
        "_queryFilter=username%20eq%20%22demo%22",
        "_queryId=x",
    ] {
        let reply = get(&admin, "/alpha", filter).await;
        assert_eq!(
            told(&reply),
            (
                400,
                r#"{"code":400,"reason":"Bad Request","message":"The query filter is not supported"}"#
            ),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn nobody_else_finds_anything() {
    let server = with(|config| {
        let mut beta = wayfare_server::config::RealmSettings::default();
        beta.journeys = wayfare_server::config::Journeys::Demo;
        beta.default = wayfare_server::config::DefaultJourney::Named("Login".to_owned());
        beta.demo_user = true;
        beta.admins = vec!["user:demo".to_owned()];
        config
            .realms
            .insert(wayfare::Realm::parse("/beta").unwrap(), beta);
    })
    .await;
    let demo = demo(&server).await;
    let none = search(&server.client(), "/alpha", "demo", "%2Falpha", "").await;
    assert_eq!(told(&none), DENIED);
    let own = search(&demo, "/alpha", "demo", "%2Falpha", "").await;
    assert_eq!(told(&own), FORBIDDEN);
    // An administrator of one realm is none of another, and a realm is asked for below itself.
    let beta = logged_in(server.client(), "/beta", "demo", "Ch4ng31t").await;
    assert_eq!(
        search(&beta, "/beta", "demo", "%2Fbeta", "").await.status,
        200
    );
    assert_eq!(
        told(&search(&beta, "/beta", "demo", "%2Falpha", "").await),
        FORBIDDEN
    );
    assert_eq!(
        told(&search(&beta, "/alpha", "demo", "%2Falpha", "").await),
        DENIED
    );
    let admin = admin(&server).await;
    assert_eq!(
        told(&search(&admin, "/beta", "demo", "%2Falpha", "").await),
        FORBIDDEN
    );
    // Nor does a handle of the other realm end anything.
    let found = search(&admin, "/", "demo", "%2Falpha", "").await;
    let handle = handles(&found).remove(0);
    let body = json!({ "sessionHandles": [handle] }).to_string();
    for realm in ["/beta", "/"] {
        let reply = ask(&beta, realm, "4.0", "_action=logoutByHandle", &body).await;
        assert_eq!(reply.json()["result"], json!({ &handle: false }), "{realm}");
    }
    let alive = ask(&demo, "/alpha", "4.0", "_action=validate", "").await;
    assert_eq!(alive.json()["valid"], true);
}

#[tokio::test]
async fn handles_end_what_the_caller_may_end() {
    let server = server().await;
    add_other(&server, "bob");
    let (first, second, bob) = (
        demo(&server).await,
        demo(&server).await,
        other(&server, "bob").await,
    );
    let admin = admin(&server).await;
    let all = handles(&search(&admin, "/alpha", "demo", "%2Falpha", "").await);
    let theirs = handles(&search(&admin, "/alpha", "bob", "%2Falpha", "").await);
    let alive = async |client: &Client| {
        let query = "_action=validate&refresh=false";
        ask(client, "/alpha", "4.0", query, "").await.json()["valid"] == Json::Bool(true)
    };
    let none = by_handle(&server.client(), &all).await;
    assert_eq!(told(&none), DENIED);
    // Those of another look like those that are not there.
    let mut asked = all.clone();
    asked.push("shandle:nothing".to_owned());
    asked.push("nothing".to_owned());
    asked.push(all[0].clone());
    let reply = by_handle(&bob, &asked).await;
    let no: serde_json::Map<_, _> = asked
        .iter()
        .map(|h| (h.clone(), Json::Bool(false)))
        .collect();
    assert_eq!(reply.json()["result"], Json::Object(no));
    assert!(alive(&first).await && alive(&second).await);
    // One's own, of another login too.
    let handle = |client: &Client| {
        let client = client.clone();
        async move {
            let info = ask(&client, "/alpha", "2.1", "_action=getSessionInfo", "")
                .await
                .json();
            at(&info, "sessionHandle").to_owned()
        }
    };
    let of_second = handle(&second).await;
    assert!(all.contains(&of_second));
    let own = by_handle(&first, &[of_second.clone(), theirs[0].clone()]).await;
    assert_eq!(
        own.json()["result"],
        json!({ &of_second: true, &theirs[0]: false })
    );
    assert!(alive(&first).await && !alive(&second).await && alive(&bob).await);
    let rest = by_handle(
        &admin,
        &[handle(&first).await, theirs[0].clone(), of_second],
    )
    .await;
    assert_eq!(
        rest.json()["result"]
            .as_object()
            .unwrap()
            .values()
            .filter(|v| **v == json!(true))
            .count(),
        2
    );
    assert!(!alive(&first).await && !alive(&bob).await && alive(&admin).await);
    let server = server.restart().await;
    for client in [&first, &second, &bob] {
        let body = naming(&token(client));
        let reply = ask(&server.client(), "/alpha", "4.0", "_action=validate", &body).await;
        assert_eq!(told(&reply), (200, r#"{"valid":false}"#), "after a restart");
    }
}

#[tokio::test]
async fn a_user_is_logged_out_by_an_administrator_or_by_oneself() {
    let server = server().await;
    add_other(&server, "bob");
    add_other(&server, "amadmin");
    let body = |name: &str| json!({ "username": name }).to_string();
    let query = "_action=logoutByUser";
    let done = (200, r#"{"result":true}"#);
    let (first, second, bob) = (
        demo(&server).await,
        demo(&server).await,
        other(&server, "bob").await,
    );
    for name in ["demo", "nobody", "amadmin", ""] {
        let refused = ask(&bob, "/alpha", "5.1", query, &body(name)).await;
        assert_eq!(told(&refused), FORBIDDEN, "{name}");
    }
    // The name counts in the realm of the path alone.
    let elsewhere = ask(&bob, "/", "5.1", query, &body("bob")).await;
    assert_eq!(told(&elsewhere), FORBIDDEN);
    let namesake = other(&server, "amadmin").await;
    let elsewhere = ask(&namesake, "/", "5.1", query, &body("amadmin")).await;
    assert_eq!(told(&elsewhere), FORBIDDEN);
    assert_eq!(
        told(&ask(&first, "/alpha", "5.1", query, &body("Demo")).await),
        done
    );
    assert_eq!(server.sessions(), 2, "both of demo's have ended");
    let admin = admin(&server).await;
    assert_eq!(
        told(&ask(&admin, "/alpha", "5.1", query, &body("bob")).await),
        done
    );
    assert_eq!(
        told(&ask(&admin, "/alpha", "5.1", query, &body("nobody")).await),
        done
    );
    assert_eq!(server.sessions(), 2, "the administrator and the namesake");
    assert_eq!(
        told(&ask(&second, "/alpha", "5.1", query, &body("demo")).await),
        DENIED
    );
    let before = ask(&admin, "/alpha", "4.0", query, &body("demo")).await;
    assert_eq!(before.status, 501);
}
