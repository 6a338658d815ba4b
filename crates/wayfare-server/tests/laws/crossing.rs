//! L14: everything that opens something opens that and nothing else.
//!
//! Each kind of token is put into each place where another kind belongs. There it must do what noise does;
//! at the end each does what it is for.

use serde_json::{Value as Json, json};
use wayfare::Realm;
use wayfare_server::config::{BackchannelSettings, SecretSource};

use crate::{
    attacks::forge::{claims, slice},
    clients::nodes::registry,
    support::{Client, Reply, TestServer, advice, filled, percent, write_all},
};

const JOURNEYS: &str = "fragment password -> known | unknown {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> known
    false -> unknown
  }
}

journey login \"Login\" {
  start password
  node password: password {
    known -> success
    unknown -> failure
  }
}

journey mailed \"Mailed\" {
  start password
  node password: password {
    known -> link
    unknown -> failure
  }
  node link: MailLink -> success
}
";

const BEARER: &str = "c2VjcmV0LW9mLXRoZS1iYWNrY2hhbm5lbA==";

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Step,
    /// A step that is a menu of journeys, with no run behind it yet.
    Menu,
    Session,
    Handle,
    Link,
    Transaction,
    Bearer,
    /// Not a token of any place: the sealed state within a step.
    State,
    Noise,
}

/// Where a token is put, with what belongs there.
#[derive(Debug, Clone, Copy)]
enum Place {
    StepWithAnswers,
    StepAlone,
    Cookie,
    Header,
    TokenId(&'static str),
    TokenIdInQuery,
    Upgrade,
    SuspendedId,
    TransactionIndex,
    BearerHeader,
    TransactionInfo,
    LogoutByHandle,
    Policies,
}

const PLACES: [(Place, Kind); 16] = [
    (Place::StepWithAnswers, Kind::Step),
    (Place::StepAlone, Kind::Step),
    (Place::Cookie, Kind::Session),
    (Place::Header, Kind::Session),
    (Place::TokenId("validate"), Kind::Session),
    (Place::TokenId("getSessionInfo"), Kind::Session),
    (Place::TokenId("refresh"), Kind::Session),
    (Place::TokenId("logout"), Kind::Session),
    (Place::TokenIdInQuery, Kind::Session),
    (Place::Upgrade, Kind::Session),
    (Place::SuspendedId, Kind::Link),
    (Place::TransactionIndex, Kind::Transaction),
    (Place::BearerHeader, Kind::Bearer),
    (Place::TransactionInfo, Kind::Transaction),
    (Place::LogoutByHandle, Kind::Handle),
    (Place::Policies, Kind::Session),
];

async fn served() -> TestServer {
    TestServer::with_registry(registry("http://127.0.0.1:1"), |config, folder| {
        write_all(
            folder,
            &[("journeys/all.journey", JOURNEYS), ("bearer", BEARER)],
        );
        *config = config.clone().with_journeys(folder.join("journeys"));
        let alpha = Realm::parse("/alpha").expect("a realm");
        let source = SecretSource::File(folder.join("bearer"));
        config.backchannel = vec![BackchannelSettings::new(source, vec![alpha])];
    })
    .await
}

fn resource(client: Client) -> Client {
    client.header("Accept-API-Version", "resource=4.0")
}

fn below(path: &str) -> String {
    format!("/am/json/realms/root/realms/alpha/{path}")
}

/// Puts a token into a place; an inside client asks where one is needed to ask at all.
async fn put(server: &TestServer, inside: &Client, place: Place, token: &str) -> Reply {
    let mut client = server.client();
    match place {
        Place::StepWithAnswers => {
            let step = client.begin("Login").await.step();
            let mut body = filled(&step, &["demo".into(), "Ch4ng31t".into()]);
            body["authId"] = token.into();
            client.post(&below("authenticate"), &body.to_string()).await
        }
        Place::StepAlone => {
            let body = json!({ "authId": token }).to_string();
            client.post(&below("authenticate"), &body).await
        }
        Place::Cookie => {
            client
                .cookies
                .insert("iPlanetDirectoryPro".to_owned(), token.to_owned());
            resource(client)
                .post(&below("sessions?_action=getSessionInfo"), "")
                .await
        }
        Place::Header => {
            let mut client = resource(client).header("iPlanetDirectoryPro", token);
            client
                .post(&below("sessions?_action=getSessionInfo"), "")
                .await
        }
        Place::TokenId(action) => {
            let body = json!({ "tokenId": token }).to_string();
            let path = below(&format!("sessions?_action={action}"));
            resource(client).post(&path, &body).await
        }
        Place::TokenIdInQuery => {
            let path = below(&format!(
                "sessions?_action=validate&tokenId={}",
                percent(token)
            ));
            client
                .header("Accept-API-Version", "resource=1.2")
                .post(&path, "")
                .await
        }
        Place::Upgrade => {
            let query = format!("authenticate?sessionUpgradeSSOTokenId={}", percent(token));
            client.post(&below(&query), "").await
        }
        Place::SuspendedId => {
            let query = format!("authenticate?suspendedId={}", percent(token));
            client.post(&below(&query), "").await
        }
        Place::TransactionIndex => {
            let query = format!(
                "authenticate?authIndexType=transaction&authIndexValue={}",
                percent(token)
            );
            client.post(&below(&query), "").await
        }
        Place::BearerHeader => {
            let mut client = resource(client)
                .header("Accept-API-Version", "resource=1.0")
                .header("Authorization", &format!("Bearer {token}"));
            client
                .post(&below("authenticate/backchannel/initialize"), &initialize())
                .await
        }
        Place::TransactionInfo => {
            let mut client = client
                .header("Accept-API-Version", "resource=1.0")
                .header("Authorization", &format!("Bearer {BEARER}"));
            let body = json!({ "transaction": token }).to_string();
            client
                .post(&below("authenticate/backchannel/info"), &body)
                .await
        }
        Place::Policies => {
            let resources = ["https://app.example.com/"];
            let body = json!({ "resources": resources, "subject": { "ssoToken": token } });
            let mut client = inside.clone().header("Accept-API-Version", "resource=2.1");
            let path = below("policies?_action=evaluate");
            client.post(&path, &body.to_string()).await
        }
        Place::LogoutByHandle => {
            let body = json!({ "sessionHandles": [token, format!("shandle:{token}")] });
            let mut client = inside.clone().header("Accept-API-Version", "resource=5.1");
            client
                .post(&below("sessions?_action=logoutByHandle"), &body.to_string())
                .await
        }
    }
}

fn initialize() -> String {
    json!({
        "type": "service",
        "value": "Login",
        "subject": { "type": "user", "name": "demo" },
    })
    .to_string()
}

/// What a reply says, with what was sent and what is drawn anew taken out.
fn said(reply: &Reply, token: &str) -> (u16, String) {
    (reply.status, reply.text().replace(token, "TOKEN"))
}

struct Tokens {
    inside: Client,
    step: Json,
    all: Vec<(Kind, String)>,
}

async fn tokens(server: &TestServer) -> Tokens {
    let mut inside = server.client();
    let session = inside.login("demo", "Ch4ng31t").await.token();
    let step = server.client().begin("Login").await.step();
    let auth_id = step["authId"].as_str().expect("a token").to_owned();
    let services = "AuthenticateToServiceConditionAdvice";
    let query = format!("authenticate?{}", advice(services, &["Login", "Mailed"]));
    let menu = server.client().post(&below(&query), "").await.step();
    let claims: Json = serde_json::from_str(&claims(&auth_id)).expect("claims");
    let state = claims["sessionId"].as_str().expect("a state").to_owned();
    let mut mailed = server.client();
    let asked = mailed.begin("Mailed").await.step();
    let waits = mailed
        .answer(&asked, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!(waits.status, 200, "{}", waits.text());
    let outbox = server.outbox();
    let message = outbox.first().expect("a message");
    let (_, rest) = message.split_once("suspendedId=").expect("a link");
    let end = rest.find(['&', ' ', '"', '\\']).unwrap_or(rest.len());
    let link = slice(rest, 0, end).to_owned();
    let mut caller = server
        .client()
        .header("Accept-API-Version", "resource=1.0")
        .header("Authorization", &format!("Bearer {BEARER}"));
    let opened = caller
        .post(&below("authenticate/backchannel/initialize"), &initialize())
        .await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    let transaction = opened.json()["transaction"]
        .as_str()
        .expect("an id")
        .to_owned();
    let digest = ring::digest::digest(&ring::digest::SHA256, session.as_bytes());
    let now = wayfare_server::clock::Clock::now(&server.clock);
    let hash = digest.as_ref().try_into().expect("32 bytes");
    let stored = server
        .running
        .store()
        .session(&hash, now)
        .expect("the store");
    let handle = stored.expect("a session").handle;
    let noise = format!("wfs1.{}", "A".repeat(43));
    Tokens {
        inside,
        step,
        all: vec![
            (Kind::Step, auth_id),
            (
                Kind::Menu,
                menu["authId"].as_str().expect("a token").to_owned(),
            ),
            (Kind::Session, session),
            (Kind::Handle, handle),
            (Kind::Link, link),
            (Kind::Transaction, transaction),
            (Kind::Bearer, BEARER.to_owned()),
            (Kind::State, state),
            (Kind::Noise, noise),
            (Kind::Noise, "no-token-of-any-kind".to_owned()),
        ],
    }
}

#[tokio::test]
async fn l14_no_token_is_taken_in_the_place_of_another() {
    let server = served().await;
    let Tokens { inside, step, all } = tokens(&server).await;
    let distinct: std::collections::BTreeSet<&str> = all.iter().map(|(_, t)| &**t).collect();
    assert_eq!(distinct.len(), all.len());
    let sessions = server.sessions();
    let compared = server.compared();
    let mut crossed = 0;
    for (place, wanted) in PLACES {
        let noise = put(&server, &inside, place, "no-token").await;
        let alike = said(&noise, "no-token").0;
        for (kind, token) in all.iter().filter(|(kind, _)| *kind != wanted) {
            let reply = put(&server, &inside, place, token).await;
            let (status, text) = said(&reply, token);
            let what = format!("{kind:?} as {place:?}: {status} {text}");
            assert!(
                reply
                    .header("set-cookie")
                    .is_none_or(|set| !set.contains("wfs1.")),
                "{what}"
            );
            let body: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
            for member in ["tokenId", "authId", "transaction", "username", "state"] {
                assert!(body[member].is_null(), "{what}");
            }
            match place {
                Place::TokenId("validate") | Place::TokenIdInQuery => {
                    assert_eq!((status, &*text), (200, r#"{"valid":false}"#), "{what}");
                }
                Place::TokenId("logout") => {
                    assert_eq!(status, 200, "{what}");
                    assert_eq!(body["result"], "Token has expired", "{what}");
                }
                Place::LogoutByHandle => {
                    let ended = body["result"].as_object().expect("a result");
                    assert!(ended.values().all(|ended| *ended == false), "{what}");
                }
                _ => assert!((400..500).contains(&status), "{what}"),
            }
            // What is no token of this place is like noise; a step alone is told from what is no JWT.
            if !matches!(place, Place::StepWithAnswers | Place::StepAlone) {
                assert_eq!(status, alike, "{what}");
            }
            assert_eq!(
                (server.sessions(), server.compared()),
                (sessions, compared),
                "{what}"
            );
            crossed += 1;
        }
    }
    assert!(crossed > 100, "{crossed} crossings");
    each_opens_what_it_is_for(&server, &inside, &step, &all).await;
}

async fn each_opens_what_it_is_for(
    server: &TestServer,
    inside: &Client,
    step: &Json,
    all: &[(Kind, String)],
) {
    let of = |wanted: Kind| {
        let found = all.iter().find(|(kind, _)| *kind == wanted);
        &*found.expect("there").1
    };
    for place in [
        Place::Cookie,
        Place::Header,
        Place::TokenId("getSessionInfo"),
    ] {
        let reply = put(server, inside, place, of(Kind::Session)).await;
        assert_eq!(reply.json()["username"], "demo", "{place:?}");
    }
    let told = put(
        server,
        inside,
        Place::TransactionInfo,
        of(Kind::Transaction),
    )
    .await;
    assert_eq!(told.status, 200, "{}", told.text());
    let opened = put(server, inside, Place::BearerHeader, of(Kind::Bearer)).await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    let chosen = json!({
        "authId": of(Kind::Menu),
        "callbacks": [{
            "type": "ChoiceCallback",
            "input": [{ "name": "IDToken1", "value": 0 }],
        }],
    });
    let mut client = server.client();
    let path = below("authenticate");
    client.post(&path, &chosen.to_string()).await.step();
    let begun = put(
        server,
        inside,
        Place::TransactionIndex,
        of(Kind::Transaction),
    )
    .await;
    begun.step();
    let asked = put(server, inside, Place::Policies, of(Kind::Session)).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    let mut client = server.client();
    client
        .answer(step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    put(server, inside, Place::SuspendedId, of(Kind::Link))
        .await
        .token();
    let ended = put(server, inside, Place::LogoutByHandle, of(Kind::Handle))
        .await
        .json();
    let handle = format!("shandle:{}", of(Kind::Handle));
    assert_eq!(ended["result"][handle], true, "{ended}");
}
