//! The operations that a social token is brought to.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rusqlite::Connection;
use serde_json::{Value as Json, json};
use wayfare::engine::effect::{LdapSecurity, Who};
use wayfare_server::{
    config::{LdapStoreSettings, ProviderSettings, SocialSettings},
    social::{SocialProfile, SocialTokens},
};

use super::support::{SECRET, code, entity, form, send, set};
use crate::{
    ldap::slapd::Slapd,
    social::published::{Published, without_a_browser},
    support::{TestServer, alpha, percent},
};

const ISSUER: &str = "http://127.0.0.1:9/idp";

pub(super) async fn server() -> TestServer {
    TestServer::with(|config, _| {
        set(config, |_| ());
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        for name in ["google", "example"] {
            realm
                .providers
                .insert(name.to_owned(), ProviderSettings::new(ISSUER, "client"));
        }
    })
    .await
}

pub(super) async fn social(
    server: &TestServer,
    provider: &str,
    subject: &str,
    email: &str,
) -> String {
    minted(server, &profile(provider, subject, email)).await
}

fn profile(provider: &str, subject: &str, email: &str) -> SocialProfile {
    SocialProfile {
        provider: provider.to_owned(),
        subject: subject.to_owned(),
        identifier: format!("{ISSUER}/{subject}"),
        link: format!("{provider}-{subject}"),
        email: Some(email.to_owned()),
        verified_email: Some(email.to_owned()).filter(|email| !email.is_empty()),
        display_name: Some("Ada Lovelace".to_owned()),
        preferred_username: None,
        given_name: Some("Ada".to_owned()),
        family_name: Some("Lovelace".to_owned()),
        attributes: BTreeMap::from([("city".to_owned(), json!("London"))]),
    }
}

async fn minted(server: &TestServer, profile: &SocialProfile) -> String {
    let tokens = SocialTokens::new(server.running.store().clone());
    let times = (crate::support::BEGIN, Duration::from_secs(600));
    let minted = tokens
        .mint(&alpha(), profile, times)
        .await
        .expect("a token");
    minted.reveal().clone()
}

async fn native(server: &TestServer, by: &str, path: &str, pairs: &[(&str, &str)]) -> Json {
    let flow = [
        ("client_id", "demo-login"),
        ("flow", "standard"),
        ("flow_version", "1"),
        ("locale", "en-US"),
        ("redirect_uri", "https://app.example/back"),
    ];
    let all: Vec<(&str, &str)> = flow.iter().chain(pairs).copied().collect();
    send(server, by, &format!("/oauth/{path}"), &form(&all))
        .await
        .json()
}

fn access(answer: &Json) -> String {
    assert_eq!(answer["stat"], "ok", "{answer}");
    answer["access_token"].as_str().expect("a token").to_owned()
}

async fn sign_in(server: &TestServer, more: &[(&str, &str)]) -> Json {
    let pairs = [
        ("form", "signInForm"),
        ("signInEmailAddress", "demo@example.com"),
        ("currentPassword", "Ch4ng31t"),
    ];
    let all: Vec<(&str, &str)> = pairs.iter().chain(more).copied().collect();
    native(server, "", "auth_native_traditional", &all).await
}

#[tokio::test]
async fn who_is_new_registers_in_two_steps() {
    let server = server().await;
    let token = social(&server, "google", "17", "ada@example.com").await;
    let first = [
        ("token", &*token),
        ("registration_form", "socialRegistrationForm"),
    ];
    let asked = native(&server, "", "auth_native", &first).await;
    assert_eq!(code(&asked), 310, "{asked}");
    assert_eq!(
        asked["prereg_fields"],
        json!({ "emailAddress": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace" })
    );
    let fields = [
        ("token", &*token),
        ("form", "socialRegistrationForm"),
        ("emailAddress", "ada@example.com"),
        ("firstName", "Augusta"),
    ];
    let made = native(&server, "", "register_native", &fields).await;
    let known = access(&made);
    let user = &made["capture_user"];
    assert_eq!(made["is_new"], true);
    assert_eq!(
        (&user["email"], &user["givenName"]),
        (&json!("ada@example.com"), &json!("Augusta"))
    );
    assert!(
        user["emailVerified"].is_string(),
        "the provider vouches for it: {user}"
    );
    assert_eq!(
        user["profiles"],
        json!([{ "id": 1, "domain": "127.0.0.1:9", "identifier": format!("{ISSUER}/17") }])
    );
    assert_eq!(entity(&server, &known).await["result"], *user);
    // The token is used up; another one logs in.
    assert_eq!(code(&native(&server, "", "auth_native", &first).await), 200);
    let again = social(&server, "google", "17", "ada@example.com").await;
    let answer = native(&server, "", "auth_native", &[("token", &again)]).await;
    assert_eq!(
        (&answer["is_new"], &answer["capture_user"]),
        (&json!(false), user),
        "{answer}"
    );
    // Somebody else at another provider is somebody else.
    let other = social(&server, "example", "17", "eve@example.com").await;
    assert_eq!(
        code(&native(&server, "", "auth_native", &[("token", &other)]).await),
        310
    );
}

/// Somebody of whom a provider tells all that a form asks.
fn told(subject: &str, mail: &str, vouched: bool) -> SocialProfile {
    let mut profile = profile("google", subject, mail);
    profile.verified_email = profile.verified_email.filter(|_| vouched);
    for (name, value) in [("mail", mail), ("givenName", "Ada"), ("sn", "Lovelace")] {
        profile.attributes.insert(name.to_owned(), json!(value));
    }
    profile
}

#[tokio::test]
async fn what_the_form_says_counts_and_the_address_that_the_provider_vouches_for() {
    let server = server().await;
    // What is typed in its place is not looked at, be it no address or that of somebody else.
    for (at, typed) in [(17, "no address"), (18, "demo@example.com"), (19, "")] {
        let mail = format!("ada{at}@example.com");
        let token = minted(&server, &told(&at.to_string(), &mail, true)).await;
        let fields = [
            ("token", &*token),
            ("form", "socialRegistrationForm"),
            ("emailAddress", typed),
            ("firstName", "Augusta"),
            ("lastName", ""),
        ];
        let made = native(&server, "", "register_native", &fields).await;
        let user = &made["capture_user"];
        assert_eq!(
            (&user["email"], &user["givenName"], &user["familyName"]),
            (&json!(mail), &json!("Augusta"), &Json::Null),
            "{made}"
        );
        assert_eq!(user["primaryAddress"]["city"], "London", "{made}");
        assert!(user["emailVerified"].is_string(), "{made}");
    }
}

#[tokio::test]
async fn an_address_that_is_only_told_is_the_one_that_is_typed() {
    let server = server().await;
    let token = minted(&server, &told("17", "there@example.com", false)).await;
    let pairs = |typed| {
        [
            ("token", &*token),
            ("form", "socialRegistrationForm"),
            ("emailAddress", typed),
        ]
    };
    for (typed, wanted) in [("no address", 390), ("demo@example.com", 380), ("", 390)] {
        let refused = native(&server, "", "register_native", &pairs(typed)).await;
        assert_eq!(code(&refused), wanted, "{refused}");
    }
    let made = native(&server, "", "register_native", &pairs("here@example.com")).await;
    let user = &made["capture_user"];
    // What the form does not have, the provider tells.
    assert_eq!(
        (&user["email"], &user["familyName"], &user["emailVerified"]),
        (&json!("here@example.com"), &json!("Lovelace"), &Json::Null),
        "{made}"
    );
}

#[tokio::test]
async fn who_is_disabled_logs_in_by_no_provider_either() {
    let server = server().await;
    let by = format!("OAuth {}", access(&sign_in(&server, &[]).await));
    let token = social(&server, "google", "17", "").await;
    let linked = native(&server, &by, "link_account_native", &[("token", &token)]).await;
    assert_eq!(linked["stat"], "ok");
    let identities = server.running.identities(&alpha()).unwrap();
    let who = Who::Name(Arc::from("demo"));
    identities.set_status(&who, false).await.unwrap();
    let token = social(&server, "google", "17", "").await;
    let refused = native(&server, "", "auth_native", &[("token", &token)]).await;
    assert_eq!(code(&refused), 210, "{refused}");
}

#[tokio::test]
async fn of_many_with_one_token_to_merge_the_others_are_told_of_that() {
    let server = Arc::new(server().await);
    let wanted = social(&server, "google", "17", "").await;
    let mut tasks = Vec::new();
    for at in 0..16 {
        registered(&server, at).await;
        let own = social(&server, "example", &at.to_string(), "").await;
        let (server, wanted) = (Arc::clone(&server), wanted.clone());
        tasks.push(tokio::spawn(async move {
            let pairs = [("token", &*own), ("merge_token", &wanted)];
            native(&server, "", "auth_native", &pairs).await
        }));
    }
    let mut merged = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        if answer["stat"] == "ok" {
            merged += 1;
        } else if code(&answer) != 361 {
            assert_eq!(answer["argument_name"], "merge_token", "{answer}");
        }
    }
    assert_eq!(merged, 1);
}

/// The token that the broker has for somebody who logs in at a published provider.
async fn brokered(server: &TestServer, op: &Published, name: &str) -> String {
    let mut client = server.client().bare();
    let path = format!("/capture/op/start?token_url={}", percent(SIGN_IN));
    let begun = client.get(&path).await;
    assert_eq!(begun.status, 302, "{}", begun.text());
    let back = without_a_browser(op, begun.header("location").expect("an address"), name).await;
    let own = format!("http://{}", server.running.address());
    let path = back.strip_prefix(&own).expect("this server");
    let page = client.get(path).await;
    let text = page.text();
    assert!(text.contains(&format!("action=\"{SIGN_IN}\"")), "{text}");
    let (_, rest) = text.split_once("name=\"token\" value=\"").expect("a form");
    rest.split('"').next().expect("a value").to_owned()
}

const SIGN_IN: &str = "https://app.example.com/signin";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_in_at_a_published_provider_registers_in_two_steps_and_is_known_then() {
    let Some(op) = Published::start().await else {
        return;
    };
    let server = op
        .demo(|config| {
            set(config, |_| ());
            let mut social = SocialSettings::default();
            social.token_urls = vec![SIGN_IN.to_owned()];
            let realm = config.realms.get_mut(&alpha()).expect("the realm");
            realm.social = Some(social);
        })
        .await;
    let token = brokered(&server, &op, "grace").await;
    let first = [
        ("token", &*token),
        ("registration_form", "socialRegistrationForm"),
    ];
    let asked = native(&server, "", "auth_native", &first).await;
    assert_eq!(code(&asked), 310, "{asked}");
    let known = &asked["prereg_fields"];
    assert_eq!(
        (&known["emailAddress"], &known["firstName"]),
        (&json!("grace@example.com"), &json!("grace")),
        "{asked}"
    );
    let fields = [
        ("token", &*token),
        ("form", "socialRegistrationForm"),
        ("emailAddress", "grace@example.com"),
        ("firstName", "grace"),
    ];
    let made = native(&server, "", "register_native", &fields).await;
    let user = &made["capture_user"];
    assert_eq!(
        (&made["is_new"], &user["email"], &user["givenName"]),
        (&json!(true), &json!("grace@example.com"), &json!("grace")),
        "{made}"
    );
    assert!(user["emailVerified"].is_string(), "{user}");
    let identifier = format!("{}/grace", op.issuer);
    assert_eq!(user["profiles"][0]["identifier"], *identifier);
    assert_eq!(entity(&server, &access(&made)).await["result"], *user);
    // The token is used up; who logs in there once more is the same user.
    let spent = native(&server, "", "auth_native", &[("token", &token)]).await;
    assert_eq!(code(&spent), 200, "{spent}");
    let token = brokered(&server, &op, "grace").await;
    let again = native(&server, "", "auth_native", &[("token", &token)]).await;
    assert_eq!(
        (&again["is_new"], &again["capture_user"]["uuid"]),
        (&json!(false), &user["uuid"]),
        "{again}"
    );
    // Somebody else there is somebody else here.
    let token = brokered(&server, &op, "ada").await;
    let other = native(&server, "", "auth_native", &[("token", &token)]).await;
    assert_eq!(code(&other), 310, "{other}");
}

#[tokio::test]
async fn a_thin_registration_needs_no_form() {
    let server = server().await;
    let token = social(&server, "google", "17", "ada@example.com").await;
    let pairs = [("token", &*token), ("thin_registration", "true")];
    let made = native(&server, "", "auth_native", &pairs).await;
    assert_eq!(
        (&made["is_new"], &made["capture_user"]["familyName"]),
        (&json!(true), &json!("Lovelace"))
    );
    // Without an address that the provider vouches for there is nothing to make an account of.
    let token = social(&server, "google", "18", "").await;
    let pairs = [("token", &*token), ("thin_registration", "true")];
    let asked = native(&server, "", "auth_native", &pairs).await;
    assert_eq!(
        (code(&asked), &asked["prereg_attributes"]["givenName"]),
        (310, &json!("Ada"))
    );
}

/// The account and what is known of its address are two changes; whoever is cut off between them comes again.
#[tokio::test]
async fn an_address_that_was_left_unverified_is_verified_by_the_next_login() {
    let server = server().await;
    let log_in = async |email: &str| {
        let token = social(&server, "google", "17", email).await;
        let pairs = [("token", &*token), ("thin_registration", "true")];
        native(&server, "", "auth_native", &pairs).await["capture_user"].clone()
    };
    let made = log_in("ada@example.com").await;
    assert!(made["emailVerified"].is_string(), "{made}");
    let database = Connection::open(server.database()).unwrap();
    let forgotten = database.execute("UPDATE record SET verified = '{}'", []);
    assert_eq!(forgotten, Ok(1));
    // Only who is vouched for by this address.
    for email in ["", "other@example.com"] {
        let user = log_in(email).await;
        assert_eq!(user["uuid"], made["uuid"]);
        assert!(user["emailVerified"].is_null(), "{user}");
    }
    let user = log_in("Ada@Example.com").await;
    assert_eq!(user["uuid"], made["uuid"]);
    assert!(user["emailVerified"].is_string(), "{user}");
}

#[tokio::test]
async fn an_address_in_use_is_merged_after_a_login() {
    let server = server().await;
    let token = social(&server, "google", "17", "demo@example.com").await;
    let refused = native(&server, "", "auth_native", &[("token", &token)]).await;
    assert_eq!(
        (code(&refused), &refused["existing_provider"]),
        (380, &json!("capture")),
        "{refused}"
    );
    // Nothing is merged without the password, and nothing is used up by trying.
    let wrong = [
        ("form", "signInForm"),
        ("signInEmailAddress", "demo@example.com"),
        ("currentPassword", "no"),
        ("merge_token", &*token),
    ];
    assert_eq!(
        code(&native(&server, "", "auth_native_traditional", &wrong).await),
        210
    );
    let merged = sign_in(&server, &[("merge_token", &token)]).await;
    assert_eq!(
        merged["capture_user"]["profiles"][0]["identifier"],
        format!("{ISSUER}/17"),
        "{merged}"
    );
    assert_eq!(
        code(&sign_in(&server, &[("merge_token", &token)]).await),
        200
    );
    // A second provider, behind the first.
    let second = social(&server, "example", "9", "demo@example.com").await;
    assert_eq!(
        code(&native(&server, "", "auth_native", &[("token", &second)]).await),
        380
    );
    let first = social(&server, "google", "17", "demo@example.com").await;
    let pairs = [("token", &*first), ("merge_token", &*second)];
    let both = native(&server, "", "auth_native", &pairs).await;
    assert_eq!(
        both["capture_user"]["profiles"].as_array().map(Vec::len),
        Some(2),
        "{both}"
    );
}

#[tokio::test]
async fn links_are_made_and_taken_away_with_a_token() {
    let server = server().await;
    let by = format!("OAuth {}", access(&sign_in(&server, &[]).await));
    let token = social(&server, "google", "17", "other@example.com").await;
    let link = native(&server, &by, "link_account_native", &[("token", &token)]).await;
    assert_eq!(link, json!({ "stat": "ok" }));
    assert_eq!(
        code(&native(&server, &by, "link_account_native", &[("token", &token)]).await),
        200
    );
    // It is somebody else's now for everybody else.
    let fields = |token: &str| {
        let token = token.to_owned();
        [
            ("token".to_owned(), token),
            ("form".to_owned(), "socialRegistrationForm".to_owned()),
            ("emailAddress".to_owned(), "eve@example.com".to_owned()),
        ]
    };
    let other = social(&server, "google", "18", "eve@example.com").await;
    let pairs = fields(&other);
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (&**n, &**v)).collect();
    let eve = format!(
        "OAuth {}",
        access(&native(&server, "", "register_native", &pairs).await)
    );
    let again = social(&server, "google", "17", "other@example.com").await;
    assert_eq!(
        code(&native(&server, &eve, "link_account_native", &[("token", &again)]).await),
        361
    );
    // Eve has no password, and would be locked out.
    let own = format!("{ISSUER}/18");
    let last = native(
        &server,
        &eve,
        "unlink_account_native",
        &[("identifier_to_remove", &own)],
    )
    .await;
    assert_eq!(code(&last), 360, "{last}");
    let demo = format!("{ISSUER}/17");
    let unknown = native(
        &server,
        &eve,
        "unlink_account_native",
        &[("identifier_to_remove", &demo)],
    )
    .await;
    assert_eq!(code(&unknown), 310);
    let gone = native(
        &server,
        &by,
        "unlink_account_native",
        &[("identifier_to_remove", &demo)],
    )
    .await;
    assert_eq!(gone["stat"], "ok", "{gone}");
    let token = social(&server, "google", "17", "other@example.com").await;
    assert_eq!(
        code(&native(&server, "", "auth_native", &[("token", &token)]).await),
        310
    );
}

/// Who has no password: made by a registration with an identity of their own.
async fn registered(server: &TestServer, at: usize) -> (String, Json) {
    let email = format!("user{at}@example.com");
    let own = social(server, "example", &at.to_string(), &email).await;
    let pairs = [
        ("token", &*own),
        ("form", "socialRegistrationForm"),
        ("emailAddress", &email),
    ];
    let made = native(server, "", "register_native", &pairs).await;
    (access(&made), made["capture_user"]["uuid"].clone())
}

#[tokio::test]
async fn of_many_who_want_one_identity_at_once_one_has_it() {
    let server = Arc::new(server().await);
    let mut tasks = Vec::new();
    for at in 0..32 {
        let email = format!("other{at}@example.com");
        let wanted = social(&server, "google", "17", &email).await;
        let (known, uuid) = registered(&server, at).await;
        let own = social(&server, "example", &at.to_string(), "").await;
        let server = Arc::clone(&server);
        tasks.push(tokio::spawn(async move {
            match at % 3 {
                0 => {
                    let by = format!("OAuth {known}");
                    let pairs = [("token", &*wanted)];
                    (
                        native(&server, &by, "link_account_native", &pairs).await,
                        uuid,
                    )
                }
                1 => {
                    let pairs = [("token", &*own), ("merge_token", &wanted)];
                    (native(&server, "", "auth_native", &pairs).await, uuid)
                }
                _ => {
                    let pairs = [
                        ("token", &*wanted),
                        ("form", "socialRegistrationForm"),
                        ("emailAddress", &email),
                    ];
                    let made = native(&server, "", "register_native", &pairs).await;
                    let uuid = made["capture_user"]["uuid"].clone();
                    (made, uuid)
                }
            }
        }));
    }
    let mut won = Vec::new();
    for task in tasks {
        let (answer, uuid) = task.await.unwrap();
        if answer["stat"] == "ok" {
            won.push(uuid);
        } else {
            assert_eq!(code(&answer), 361, "{answer}");
        }
    }
    assert_eq!(won.len(), 1, "{won:?}");
    let again = social(&server, "google", "17", "").await;
    let answer = native(&server, "", "auth_native", &[("token", &again)]).await;
    assert_eq!(answer["capture_user"]["uuid"], won[0], "{answer}");
}

#[tokio::test]
async fn of_many_thin_registrations_of_one_identity_one_makes_the_account() {
    let server = Arc::new(server().await);
    let mut tasks = Vec::new();
    for at in 0..32 {
        let email = format!("other{at}@example.com");
        let token = social(&server, "google", "17", &email).await;
        let server = Arc::clone(&server);
        tasks.push(tokio::spawn(async move {
            let pairs = [("token", &*token), ("thin_registration", "true")];
            native(&server, "", "auth_native", &pairs).await
        }));
    }
    let (mut made, mut logged_in) = (Vec::new(), Vec::new());
    for task in tasks {
        let answer = task.await.unwrap();
        let uuid = answer["capture_user"]["uuid"].clone();
        match answer["is_new"].as_bool() {
            Some(true) => made.push(uuid),
            // It came when the account was there, and is a login.
            Some(false) => logged_in.push(uuid),
            None => assert_eq!(code(&answer), 361, "{answer}"),
        }
    }
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(logged_in.iter().all(|uuid| *uuid == made[0]));
}

#[tokio::test]
async fn links_of_one_account_made_at_once_are_all_kept() {
    let server = Arc::new(server().await);
    let by = format!("OAuth {}", access(&sign_in(&server, &[]).await));
    let mut tasks = Vec::new();
    for at in 0..16 {
        let token = social(&server, "google", &at.to_string(), "").await;
        let (server, by) = (Arc::clone(&server), by.clone());
        tasks.push(tokio::spawn(async move {
            native(&server, &by, "link_account_native", &[("token", &token)]).await
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap()["stat"], "ok");
    }
    let user = sign_in(&server, &[]).await["capture_user"].clone();
    assert_eq!(
        user["profiles"].as_array().map(Vec::len),
        Some(16),
        "{user}"
    );
}

#[tokio::test]
async fn a_social_token_that_is_none_is_refused() {
    let server = server().await;
    for token in ["abc", SECRET] {
        let answer = native(&server, "", "auth_native", &[("token", token)]).await;
        assert_eq!(
            (code(&answer), &answer["argument_name"]),
            (200, &json!("token"))
        );
    }
    let token = social(&server, "google", "17", "ada@example.com").await;
    server.advance(Duration::from_secs(600));
    assert_eq!(
        code(&native(&server, "", "auth_native", &[("token", &token)]).await),
        200
    );
    let nobody = native(&server, "", "link_account_native", &[("token", &token)]).await;
    assert_eq!(code(&nobody), 100);
}

/// In a directory the store asks first and writes then; the server does one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_registrations_of_one_identity_in_a_directory_one_makes_the_account() {
    let Some(slapd) = Slapd::start() else { return };
    let name = "departmentNumber";
    let server = TestServer::with(|config, _| {
        set(config, |_| ());
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        let mut store = LdapStoreSettings::new(slapd.directory(LdapSecurity::Plain));
        store.create_in = Some("ou=people,dc=example,dc=com".to_owned());
        store
            .attributes
            .insert("aliasList".to_owned(), name.to_owned());
        realm.identities.ldap = Some(store);
        realm.demo_user = false;
        realm
            .providers
            .insert("google".to_owned(), ProviderSettings::new(ISSUER, "client"));
    })
    .await;
    let server = Arc::new(server);
    let mut tasks = Vec::new();
    for at in 0..8 {
        let email = format!("{name}{at}@example.com");
        let token = social(&server, "google", name, &email).await;
        let server = Arc::clone(&server);
        tasks.push(tokio::spawn(async move {
            let pairs = [("token", &*token), ("thin_registration", "true")];
            native(&server, "", "auth_native", &pairs).await
        }));
    }
    let mut made = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        match answer["is_new"].as_bool() {
            Some(true) => made += 1,
            Some(false) => {}
            None => assert_eq!(code(&answer), 361, "{name}: {answer}"),
        }
    }
    assert_eq!(made, 1, "{name}");
    let again = social(&server, "google", name, "").await;
    let answer = native(&server, "", "auth_native", &[("token", &again)]).await;
    assert_eq!(answer["is_new"], false, "{name}: {answer}");
}
