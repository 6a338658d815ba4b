//! A server with a provider, clients of every kind, and an app that goes the ways of a browser.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::Value as Json;
use wayfare::{Registry, Timestamp};
use wayfare_server::config::{Config, OauthSettings, RealmSettings};

use crate::support::{BEGIN, Client, Reply, TestServer, alpha, write_all};

/// Where the provider of `/alpha` is.
pub(crate) const BASE: &str = "/am/oauth2/realms/root/realms/alpha";
pub(crate) const APP: &str = "https://app.example.com/cb";
pub(crate) const SECRET: &str = "a secret of the service";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const SETTINGS: &str = r#"
[realms."/alpha".oauth]
algorithms = ["ES256", "EdDSA"]
refresh_token = "1d"

[realms."/alpha".oauth.acr]
strong = { level = 20 }
second = { journey = "Second" }

[realms."/alpha".oauth.claims]
department = "department"
email_verified = "emailVerified"

[realms."/alpha".oauth.scopes]
work = ["department"]

[realms."/alpha".oauth.clients.app]
type = "public"
redirect_uris = ["https://app.example.com/cb", "http://127.0.0.1/cb"]
post_logout_redirect_uris = ["https://app.example.com/bye"]
scopes = ["openid", "profile", "email", "phone", "work"]
default_scopes = ["openid"]
consent = "implied"

[realms."/alpha".oauth.clients.asks]
type = "public"
name = "An <app>"
redirect_uris = ["https://app.example.com/cb"]
scopes = ["openid", "email", "work"]
scope_words = { work = "see your department" }

[realms."/alpha".oauth.clients.service]
type = "confidential"
secret = { file = "secret" }
next_secret = { file = "next" }
redirect_uris = ["https://service.example.com/cb"]
scopes = ["openid", "profile", "read"]
default_scopes = ["read"]
grants = ["authorization_code", "refresh_token", "client_credentials"]
consent = "implied"
pkce = false
token_format = "jwt"
audience = ["https://api.example.com"]
algorithm = "EdDSA"

[realms."/alpha".oauth.clients.api]
type = "confidential"
auth = "client_secret_post"
secret = { file = "secret" }
grants = []
introspect_all = true

[realms."/alpha".oauth.clients.signs]
type = "confidential"
keys = "keys.json"
grants = ["client_credentials"]
scopes = ["read"]
default_scopes = ["read"]
"#;

/// Somebody beside the user of the demo.
const USERS: &str = r#"
[realms."/alpha".users.ada]
password = { file = "secret" }
"#;

/// A login by password, one that reaches level 20 and one that only passes.
const JOURNEYS: &str = r#"
journey login "Login" {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision { true -> success, false -> failure }
}

journey strong "Strong" {
  level = 20
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision { true -> raise, false -> failure }
  node raise: ModifyAuthLevel(authLevelIncrement = 20) -> success
}

journey second "Second" {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision { true -> success, false -> failure }
}
"#;

/// The provider that the tests configure.
pub(crate) fn settings(folder: &Path) -> OauthSettings {
    settings_of(folder, SETTINGS)
}

/// The provider of a text.
pub(crate) fn settings_of(folder: &Path, text: &str) -> OauthSettings {
    realm_of(folder, text).oauth.expect("a provider")
}

fn realm_of(folder: &Path, text: &str) -> RealmSettings {
    fs::write(folder.join("secret"), SECRET).expect("a file");
    fs::write(folder.join("next"), "the next secret of it\n").expect("a file");
    if !folder.join("keys.json").exists() {
        fs::write(folder.join("keys.json"), super::client::jwks().to_string()).expect("a file");
    }
    let config =
        Config::parse("wayfare.toml", text, folder).unwrap_or_else(|error| panic!("{error}"));
    config.realms.get(&alpha()).expect("a realm").clone()
}

/// The server.
pub(crate) async fn stage() -> TestServer {
    stage_with(|_| ()).await
}

/// The server, with settings changed.
pub(crate) async fn stage_with(change: impl FnOnce(&mut Config)) -> TestServer {
    stage_at(BEGIN, change).await
}

/// The server at another time.
pub(crate) async fn stage_at(begin: Timestamp, change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::at(begin, Registry::standard(), |config, folder| {
        let journeys = folder.join("journeys");
        write_all(&journeys, &[("journeys.journey", JOURNEYS)]);
        *config = config.clone().with_journeys(journeys);
        let realm = config.realms.get_mut(&alpha()).expect("a realm");
        realm.oauth = Some(settings(folder));
        realm.users = realm_of(folder, USERS).users;
        config.server.origin = Some("https://id.example.com".to_owned());
        change(config);
    })
    .await
}

/// The challenge of a verifier.
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// Parameters as a query.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    wayfare_wire::oauth::pairs(pairs.iter().copied())
}

/// A request for a code by the public app, with some parameters more, or in place of its own; an empty one
/// is left out.
pub(crate) fn request(more: &[(&str, &str)]) -> String {
    let challenge = challenge(VERIFIER);
    let own = [
        ("client_id", "app"),
        ("redirect_uri", APP),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "s t&te"),
        ("nonce", "n0nce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let given = |name: &str| more.iter().any(|(other, _)| *other == name);
    let kept = own.into_iter().filter(|(name, _)| !given(name));
    let added = more.iter().copied().filter(|(_, value)| !value.is_empty());
    query(&kept.chain(added).collect::<Vec<_>>())
}

/// Asks for a code.
pub(crate) async fn authorize(client: &mut Client, more: &[(&str, &str)]) -> Reply {
    client
        .get(&format!("{BASE}/authorize?{}", request(more)))
        .await
}

/// Posts a form to an endpoint, with a client's own authentication where it has one.
pub(crate) async fn post(client: &Client, path: &str, pairs: &[(&str, &str)]) -> Reply {
    let mut client = client
        .clone()
        .header("Content-Type", "application/x-www-form-urlencoded");
    client.cookies.clear();
    client
        .send(
            "POST",
            &format!("{BASE}{path}"),
            Some(query(pairs).as_bytes()),
        )
        .await
}

/// A client that says who it is in the header.
pub(crate) fn basic(client: &Client, id: &str, secret: &str) -> Client {
    use base64::engine::general_purpose::STANDARD;
    let text = format!(
        "{}:{}",
        wayfare_wire::oauth::encoded(id),
        wayfare_wire::oauth::encoded(secret)
    );
    let value = format!("Basic {}", STANDARD.encode(text));
    client.clone().header("Authorization", &value)
}

/// The parameters of the address that somebody is sent to.
pub(crate) fn sent_to(reply: &Reply) -> (String, Vec<(String, String)>) {
    assert_eq!(reply.status, 302, "{}", reply.text());
    let location = reply.header("location").expect("an address");
    let (address, query) = location.split_once('?').unwrap_or((location, ""));
    let query = wayfare_wire::query::Query::parse(query).expect("a query");
    (address.to_owned(), query.into_parameters())
}

/// A parameter of the address that somebody is sent to.
pub(crate) fn parameter(reply: &Reply, name: &str) -> Option<String> {
    let (_, parameters) = sent_to(reply);
    let found = parameters.into_iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value)
}

/// The code of a request that is granted.
pub(crate) fn code(reply: &Reply) -> String {
    let code = parameter(reply, "code");
    code.unwrap_or_else(|| panic!("no code: {:?}", reply.header("location")))
}

/// A client of the server in which the user of the demo is logged in.
pub(crate) async fn logged_in(server: &TestServer) -> Client {
    let mut client = server.client();
    client.login("demo", "Ch4ng31t").await.token();
    client
}

/// Exchanges a code of the public app.
pub(crate) async fn exchange(client: &Client, code: &str) -> Reply {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", code),
        ("redirect_uri", APP),
        ("code_verifier", VERIFIER),
    ];
    post(client, "/access_token", &pairs).await
}

/// Refreshes tokens of the public app.
pub(crate) async fn refresh(client: &Client, token: &str) -> Reply {
    let pairs = [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", token),
    ];
    post(client, "/access_token", &pairs).await
}

/// The tokens of the public app for a user who is logged in.
pub(crate) async fn tokens(client: &mut Client, more: &[(&str, &str)]) -> Json {
    let code = code(&authorize(client, more).await);
    let reply = exchange(client, &code).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// A member that is text.
pub(crate) fn text<'j>(json: &'j Json, name: &str) -> &'j str {
    json[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {json}"))
}

/// What a token shows of the user.
pub(crate) async fn userinfo(client: &Client, token: &str) -> Reply {
    let mut client = client
        .clone()
        .header("Authorization", &format!("Bearer {token}"));
    client.cookies.clear();
    client.get(&format!("{BASE}/userinfo")).await
}

/// The claims of a signed token, as they stand.
pub(crate) fn claims(token: &str) -> Json {
    let part = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base 64")).expect("claims")
}

/// What a confidential client is told of a token.
pub(crate) async fn introspect(client: &Client, token: &str) -> Json {
    let pairs = [
        ("token", token),
        ("client_id", "api"),
        ("client_secret", SECRET),
    ];
    let reply = post(client, "/introspect", &pairs).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}
