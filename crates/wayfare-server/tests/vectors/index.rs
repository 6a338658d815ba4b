//! The other ways to name a journey: level, module, user, role, resource, transaction.

use wayfare_server::config::RealmSettings;

use super::stage::{
    NO_CONFIGURATION, Player as _, alpha, at, bad_request, choices, journey, service, stage,
    stage_with,
};
use crate::attacks::world::realm;

fn index(ty: &str, value: &str) -> String {
    at(&format!("authIndexType={ty}&authIndexValue={value}"))
}

#[tokio::test]
async fn a_service_without_a_name_is_the_default() {
    let server = stage().await;
    for query in [
        "authIndexType=service",
        "authIndexType=service&authIndexValue=",
        "authIndexType=",
    ] {
        let step = server.client().post(&at(query), "").await.step();
        assert_eq!(step["stage"], "UsernamePassword");
    }
}

#[tokio::test]
async fn a_level_is_a_number() {
    let server = stage().await;
    let mut client = server.client();
    for wrong in [
        "",
        "x",
        "-1",
        "+1",
        "1.0",
        "2147483648",
        "%2010",
        "1e1",
        "0x10",
        "%D9%A1",
    ] {
        let reply = client.post(&index("level", wrong), "").await;
        let expected = bad_request("Invalid Auth Level.");
        assert_eq!((reply.status, reply.text()), (400, &*expected), "{wrong}");
    }
    let menu = client.post(&index("level", "20"), "").await.step();
    assert_eq!(choices(&menu), ["Strong", "Either"]);
    let none = client.post(&index("level", "2147483647"), "").await;
    assert_eq!((none.status, none.text()), (400, NO_CONFIGURATION));
}

#[tokio::test]
async fn modules_are_journeys_by_another_name_where_that_is_allowed() {
    let off = stage_with(|config| {
        alpha(config)
            .modules
            .insert("LDAP".to_owned(), "Once".to_owned());
    })
    .await;
    for module in ["LDAP", "Nothing"] {
        let reply = off.client().post(&index("module", module), "").await;
        let expected = r#"{"code":401,"reason":"Unauthorized","message":"Module Based Authentication is not allowed."}"#;
        assert_eq!((reply.status, reply.text()), (401, expected));
    }
    let on = stage_with(|config| {
        let alpha: &mut RealmSettings = alpha(config);
        alpha.module_login = true;
        alpha.modules.insert("LDAP".to_owned(), "Once".to_owned());
        alpha
            .modules
            .insert("Hidden".to_owned(), "Inner".to_owned());
    })
    .await;
    let mut client = on.client();
    let step = client.post(&index("module", "LDAP"), "").await.step();
    assert_eq!(journey(&step), "Once");
    for module in ["Nothing", "Hidden", "Once", ""] {
        let reply = client.post(&index("module", module), "").await;
        assert_eq!(
            (reply.status, reply.text()),
            (400, NO_CONFIGURATION),
            "{module}"
        );
    }
    // A session of the journey is one of the module.
    client.as_demo(&step).await.token();
    let reply = client.post(&index("module", "LDAP"), "").await;
    assert_eq!(reply.json()["tokenId"], "");
}

#[tokio::test]
async fn roles_have_journeys() {
    let server = stage_with(|config| {
        alpha(config)
            .roles
            .insert("staff".to_owned(), "Strong".to_owned());
    })
    .await;
    let step = server
        .client()
        .post(&index("role", "staff"), "")
        .await
        .step();
    assert_eq!(journey(&step), "Strong");
    for role in ["guests", ""] {
        let reply = server.client().post(&index("role", role), "").await;
        assert_eq!((reply.status, reply.text()), (400, NO_CONFIGURATION));
    }
}

#[tokio::test]
async fn users_may_have_a_journey_of_their_own_and_nobody_is_told_who_has() {
    let server = stage().await;
    let add = |name: &str, journey: serde_json::Value| {
        let user = wayfare_server::store::user::User {
            id: format!("id-of-{name}"),
            username: name.to_owned(),
            active: true,
            attributes: [("journey".to_owned(), journey)].into(),
            password: None,
        };
        let added = server.running.store().add_user(&realm("/alpha"), user);
        assert_eq!(added, Ok(true));
    };
    add("strong", "Strong".into());
    add("listed", serde_json::json!(["Mid"]));
    add("inner", "Inner".into());
    add("odd", 7.into());
    let mut client = server.client();
    for (name, expected) in [
        ("strong", "Strong"),
        ("STRONG", "Strong"),
        ("listed", "Mid"),
        ("demo", "Login"),
        ("inner", "Login"),
        ("odd", "Login"),
        ("nobody", "Login"),
        ("%20", "Login"),
    ] {
        let step = client.post(&index("user", name), "").await.step();
        assert_eq!(journey(&step), expected, "{name}");
    }
}

#[tokio::test]
async fn what_no_policy_knows_and_transactions_that_are_none() {
    let server = stage().await;
    for query in [
        "authIndexType=resource&authIndexValue=https://app.example.com/x",
        "authIndexType=resource&authIndexValue=true&resourceURL=https://app.example.com/x",
        "authIndexType=resource&authIndexValue=true&goto=https://app.example.com/x",
        "authIndexType=resource&authIndexValue=true",
        "authIndexType=resource",
        "authIndexType=transaction&authIndexValue=6f1c3b0e-0000-4000-8000-000000000000",
        "authIndexType=transaction",
    ] {
        let reply = server.client().post(&at(query), "").await;
        assert_eq!(
            (reply.status, reply.text()),
            (400, NO_CONFIGURATION),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_old_clients_send_besides_means_nothing() {
    let server = stage().await;
    let mut client = server
        .client()
        .header("X-NoSession", "true")
        .header("X-Username", "demo")
        .header("X-Password", "anonymous");
    let path = format!("{}&arg=newsession", service("Login"));
    let step = client.post(&path, "").await.step();
    let first = client.as_demo(&step).await.token();
    assert!(client.is_valid(&first).await);
    // It is the page that logs out first, not the server.
    let reply = client.post(&path, "").await;
    assert_eq!(reply.json()["tokenId"], "");
    assert!(client.is_valid(&first).await);
}
