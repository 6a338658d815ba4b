//! The server of the vectors: `/alpha` and a realm below it, with the same journeys and other people.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use wayfare_server::config::{Config, DefaultJourney, Journeys, RealmSettings};

use super::nodes;
use crate::{
    attacks::world::{add_user, realm},
    support::{Client, Reply, TestServer, filled, percent, write_all},
};

pub(super) const PASSWORD: &str = "Ch4ng31t";
pub(super) const OTHERS: &str = "0ther-S3cret";

pub(super) const LOGIN_FAILURE: &str =
    r#"{"code":401,"reason":"Unauthorized","message":"Login failure"}"#;
pub(super) const NO_CONFIGURATION: &str =
    r#"{"code":400,"reason":"Bad Request","message":"No Configuration found"}"#;
pub(super) const TIMED_OUT: &str = r#"{"code":401,"reason":"Unauthorized","message":"Session has timed out","detail":{"errorCode":"110"}}"#;

pub(super) fn bad_request(message: &str) -> String {
    format!(r#"{{"code":400,"reason":"Bad Request","message":"{message}"}}"#)
}

/// The server. In `/alpha` there are `demo` and `other`, below it another `demo`.
pub(super) async fn stage() -> TestServer {
    stage_with(|_| ()).await
}

pub(super) async fn stage_with(change: impl FnOnce(&mut Config)) -> TestServer {
    let server = TestServer::with_registry(nodes::registry(), |config, folder| {
        let journeys = folder.join("journeys");
        let text = include_str!("vectors.journey");
        write_all(&journeys, &[("vectors.journey", text)]);
        for (path, demo_user) in [("/", false), ("/alpha", true), ("/alpha/sub", false)] {
            let mut settings = RealmSettings::default();
            settings.journeys = Journeys::Paths(vec![journeys.clone()]);
            settings.default = DefaultJourney::Named("Login".to_owned());
            settings.demo_user = demo_user;
            settings.goto = vec!["https://app.example.com:443/*".to_owned()];
            config.realms.insert(realm(path), settings);
        }
        change(config);
    })
    .await;
    add_user(&server, &realm("/alpha"), "other", Some(OTHERS));
    add_user(&server, &realm("/alpha/sub"), "demo", Some(OTHERS));
    server
}

/// The settings of `/alpha`.
pub(super) fn alpha(config: &mut Config) -> &mut RealmSettings {
    config.realms.get_mut(&realm("/alpha")).expect("a realm")
}

/// The path of `authenticate` in `/alpha`.
pub(super) fn at(query: &str) -> String {
    Client::path("/alpha", query)
}

pub(super) fn service(name: &str) -> String {
    at(&format!("authIndexType=service&authIndexValue={name}"))
}

/// An advice of names with their values.
pub(super) fn advice(pairs: &[(&str, &[&str])]) -> String {
    let mut xml = String::from("<Advices>");
    for (name, values) in pairs {
        // Writing into a string cannot fail.
        let _ = write!(xml, "<AttributeValuePair><Attribute name=\"{name}\"/>");
        for value in *values {
            let _ = write!(xml, "<Value>{value}</Value>");
        }
        xml.push_str("</AttributeValuePair>");
    }
    xml + "</Advices>"
}

pub(super) const SERVICE: &str = "AuthenticateToServiceConditionAdvice";
pub(super) const TREE: &str = "AuthenticateToTreeConditionAdvice";
pub(super) const REALM: &str = "AuthenticateToRealmConditionAdvice";
pub(super) const LEVEL: &str = "AuthLevelConditionAdvice";
pub(super) const SCHEME: &str = "AuthSchemeConditionAdvice";

/// The query of a composite advice.
pub(super) fn composite(pairs: &[(&str, &[&str])]) -> String {
    let document = percent(&advice(pairs));
    format!("authIndexType=composite_advice&authIndexValue={document}")
}

/// What a token says in the clear.
pub(super) fn claims(step: &Json) -> Json {
    let token = step["authId"].as_str().expect("a token");
    let payload = token.split('.').nth(1).expect("a payload");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

/// The journey that a step belongs to.
pub(super) fn journey(step: &Json) -> String {
    let claims = claims(step);
    assert_eq!(claims["authIndexType"], "service", "{claims}");
    claims["authIndexValue"]
        .as_str()
        .expect("a name")
        .to_owned()
}

/// The choices of a menu.
pub(super) fn choices(step: &Json) -> Vec<String> {
    let callbacks = step["callbacks"].as_array().expect("callbacks");
    assert_eq!(callbacks.len(), 1, "{step}");
    let choices = callbacks[0]["output"][1]["value"].clone();
    serde_json::from_value(choices).expect("texts")
}

pub(super) trait Player {
    /// Logs in to a journey of `/alpha` as `demo`.
    async fn log_in(&mut self, journey: &str) -> Reply;
    /// Answers a step of `/alpha` with the name and password of `demo`.
    async fn as_demo(&mut self, step: &Json) -> Reply;
    /// What the session of a token is.
    async fn info(&mut self, token: &str) -> Json;
    /// Whether the token is that of a session.
    async fn is_valid(&mut self, token: &str) -> bool;
    /// Posts a step with its inputs filled in order.
    async fn answer_at(&mut self, path: &str, step: &Json, values: &[Json]) -> Reply;
}

impl Player for Client {
    async fn log_in(&mut self, journey: &str) -> Reply {
        let step = self.post(&service(journey), "").await.step();
        self.as_demo(&step).await
    }

    async fn as_demo(&mut self, step: &Json) -> Reply {
        self.answer(step, &["demo".into(), PASSWORD.into()]).await
    }

    async fn info(&mut self, token: &str) -> Json {
        let body = json!({ "tokenId": token }).to_string();
        self.sessions("getSessionInfo", &body).await.json()
    }

    async fn is_valid(&mut self, token: &str) -> bool {
        let body = json!({ "tokenId": token }).to_string();
        let mut nobody = self.clone();
        nobody.cookies.clear();
        nobody.sessions("validate", &body).await.json()["valid"] == true
    }

    async fn answer_at(&mut self, path: &str, step: &Json, values: &[Json]) -> Reply {
        let body = filled(step, values).to_string();
        self.post(path, &body).await
    }
}

/// The session cookie that a reply sets.
pub(super) fn session_cookie(reply: &Reply) -> Option<String> {
    let cookie = reply
        .all("set-cookie")
        .find(|cookie| cookie.starts_with("iPlanetDirectoryPro="));
    cookie.map(str::to_owned)
}
