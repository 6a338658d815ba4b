//! Logins at identity providers elsewhere, against a provider of the tests' own.

mod attacks;
mod broker;
mod native;
mod page;
pub(crate) mod provider;
pub(crate) mod published;

use serde_json::{Value as Json, json};
use wayfare_server::config::{Config, ProviderSettings, UserSettings};

use self::provider::{CLIENT, Op, Tokens, challenge, parameter};
use crate::support::{Client, Reply, TestServer, alpha, percent, write_all};

pub(crate) const JOURNEYS: &str = r#"
journey social "Social" {
  start choose

  node choose: SelectIdP {
    socialAuthentication -> provider
    localAuthentication -> failure
  }

  node provider: SocialProviderHandlerNodeV2 {
    script = "normalise"
    ACCOUNT_EXISTS -> success
    NO_ACCOUNT -> register
    SOCIAL_AUTH_INTERRUPTED -> choose
  }

  node register: CreateObject {
    CREATED -> success
    FAILURE -> failure
  }
}

journey page "Page" {
  start page

  node page: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    node choose: SelectIdP
    socialAuthentication -> provider
    localAuthentication -> check
  }

  node provider: SocialProviderHandler {
    script = "normalise"
    ACCOUNT_EXISTS -> success
    NO_ACCOUNT -> failure
  }

  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}

journey app "App" {
  start choose

  node choose: SetState(attributes = { selectedIdp = "op" }) -> provider

  node provider: SocialProviderHandlerNodeV2 {
    script = "normalise"
    clientType = "NATIVE"
    ACCOUNT_EXISTS -> success
    NO_ACCOUNT | SOCIAL_AUTH_INTERRUPTED -> failure
  }
}

journey link "Link" {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> choose
    false -> failure
  }

  node choose: SetState(attributes = { selectedIdp = "op" }) -> provider

  node provider: SocialProviderHandler {
    script = "normalise"
    ACCOUNT_EXISTS -> success
    NO_ACCOUNT -> keep
  }

  node keep: PatchObject {
    ignoredFields = ["userName", "mail", "givenName", "sn", "cn"]
    PATCHED -> success
    FAILURE -> failure
  }
}
"#;

/// A server whose realm knows the provider as `op`.
pub(crate) async fn server(op: &Op, change: impl FnOnce(&mut ProviderSettings)) -> TestServer {
    let mut provider = ProviderSettings::new(op.issuer(), CLIENT);
    change(&mut provider);
    TestServer::with(|config, folder| {
        let journeys = folder.join("journeys");
        write_all(&journeys, &[("social.journey", JOURNEYS)]);
        *config = config.clone().with_journeys(journeys);
        settle(config, provider);
    })
    .await
}

fn settle(config: &mut Config, provider: ProviderSettings) {
    let realm = config.realms.get_mut(&alpha()).unwrap();
    realm.default = wayfare_server::config::DefaultJourney::Named("Social".to_owned());
    realm.providers.insert("op".to_owned(), provider);
    let mut known = UserSettings::default();
    known
        .attributes
        .insert("aliasList".to_owned(), json!(["op-1234"]));
    realm.users.insert("ada".to_owned(), known);
}

/// The address that a step sends somebody to.
pub(crate) fn redirect(step: &Json) -> String {
    let callback = &step["callbacks"][0];
    assert_eq!(callback["type"], "RedirectCallback", "{step}");
    let output = callback["output"].as_array().unwrap();
    let url = output.iter().find(|output| output["name"] == "redirectUrl");
    url.unwrap()["value"].as_str().unwrap().to_owned()
}

/// Comes back to a step with these parameters.
pub(crate) async fn back(client: &mut Client, step: &Json, parameters: &[(&str, &str)]) -> Reply {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", percent(value)))
        .collect();
    let body = json!({ "authId": step["authId"] }).to_string();
    client
        .post(&Client::path("/alpha", &pairs.join("&")), &body)
        .await
}

/// Who the session of a client is of.
pub(crate) async fn whose(client: &mut Client) -> String {
    let reply = client.sessions("validate", "").await;
    let json = reply.json();
    json["uid"]
        .as_str()
        .unwrap_or_else(|| panic!("{json}"))
        .to_owned()
}

/// Begins `Social` and goes to the provider: the client, the step and where it leads.
pub(crate) async fn sent(server: &TestServer) -> (Client, Json, String) {
    let mut client = server.client();
    let asked = client.begin("Social").await.step();
    assert_eq!(
        asked["callbacks"][0]["type"], "SelectIdPCallback",
        "{asked}"
    );
    let step = client.answer(&asked, &["op".into()]).await.step();
    let url = redirect(&step);
    (client, step, url)
}

#[tokio::test]
async fn somebody_with_an_account_is_logged_in() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let (mut client, step, url) = sent(&server).await;
    assert!(
        url.starts_with(&format!("{}/auth?tenant=a&", op.issuer())),
        "{url}"
    );
    assert_eq!(parameter(&url, "client_id"), CLIENT);
    assert_eq!(parameter(&url, "response_type"), "code");
    assert_eq!(parameter(&url, "scope"), "openid profile email");
    assert_eq!(parameter(&url, "code_challenge_method"), "S256");
    let page = format!("http://{}/", server.running.address());
    assert_eq!(parameter(&url, "redirect_uri"), page);
    let (state, nonce) = (parameter(&url, "state"), parameter(&url, "nonce"));
    assert_eq!((state.len(), nonce.len()), (64, 64));
    op.knows("1234", &nonce);
    op.tells(json!({ "sub": "1234", "name": "Ada" }));
    let iss = op.issuer();
    let came = [
        ("code", "c0de"),
        ("state", state.as_str()),
        ("iss", iss.as_str()),
    ];
    back(&mut client, &step, &came).await.token();
    assert_eq!(whose(&mut client).await, "ada");
    let asked = op.asked("/token");
    let [exchange] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(exchange.field("code"), Some("c0de"));
    assert_eq!(exchange.field("redirect_uri"), Some(page.as_str()));
    assert_eq!(exchange.field("client_id"), Some(CLIENT));
    let verifier = exchange.field("code_verifier").unwrap();
    assert_eq!(challenge(verifier), parameter(&url, "code_challenge"));
    // What was drawn and brought stands nowhere.
    let written = server.everything_written();
    for secret in [verifier, "c0de", &state, &nonce] {
        let found = written
            .windows(secret.len())
            .any(|w| w == secret.as_bytes());
        assert!(!found, "{secret}");
    }
}

#[tokio::test]
async fn somebody_new_gets_an_account_and_the_next_time_is_known() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let iss = op.issuer();
    for round in 0..2 {
        let (mut client, step, url) = sent(&server).await;
        let mut claims = op.claims("77", &parameter(&url, "nonce"));
        claims["preferred_username"] = json!("grace");
        claims["email"] = json!("grace@example.com");
        claims["email_verified"] = json!(true);
        claims["given_name"] = json!("Grace");
        claims["family_name"] = json!("Hopper");
        claims["name"] = json!("Grace Hopper");
        op.then(Tokens::Id(op.token(&claims)));
        op.tells(json!({ "sub": "77" }));
        let state = parameter(&url, "state");
        let came = [
            ("code", "c"),
            ("state", state.as_str()),
            ("iss", iss.as_str()),
        ];
        back(&mut client, &step, &came).await.token();
        assert_eq!(whose(&mut client).await, "grace", "round {round}");
    }
}

#[tokio::test]
async fn somebody_who_turns_back_is_asked_again() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let (mut client, step, _) = sent(&server).await;
    let again = back(&mut client, &step, &[]).await.step();
    assert_eq!(again["callbacks"][0]["type"], "SelectIdPCallback");
    let step = client.answer(&again, &["op".into()]).await.step();
    let state = parameter(&redirect(&step), "state");
    let came = [("error", "access_denied"), ("state", state.as_str())];
    let again = back(&mut client, &step, &came).await.step();
    assert_eq!(again["callbacks"][0]["type"], "SelectIdPCallback");
    assert_eq!(op.asked("/token").len(), 0);
}

#[tokio::test]
async fn a_user_adds_an_account_elsewhere() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let iss = op.issuer();
    for _ in 0..2 {
        let mut client = server.client();
        let asked = client.begin("Link").await.step();
        let answers = ["demo".into(), "Ch4ng31t".into()];
        let step = client.answer(&asked, &answers).await.step();
        let url = redirect(&step);
        let mut claims = op.claims("9", &parameter(&url, "nonce"));
        claims["preferred_username"] = json!("somebody else");
        op.then(Tokens::Id(op.token(&claims)));
        op.tells(json!({ "sub": "9" }));
        let state = parameter(&url, "state");
        let came = [
            ("code", "c"),
            ("state", state.as_str()),
            ("iss", iss.as_str()),
        ];
        back(&mut client, &step, &came).await.token();
        assert_eq!(whose(&mut client).await, "demo");
    }
    // From now on the provider is enough.
    let (mut client, step, url) = sent(&server).await;
    op.knows("9", &parameter(&url, "nonce"));
    op.tells(json!({ "sub": "9" }));
    let state = parameter(&url, "state");
    let came = [
        ("code", "c"),
        ("state", state.as_str()),
        ("iss", iss.as_str()),
    ];
    back(&mut client, &step, &came).await.token();
    assert_eq!(whose(&mut client).await, "demo");
}

#[tokio::test]
async fn a_provider_without_tokens_of_identity_says_who_it_is_when_asked() {
    let op = Op::start();
    let issuer = op.issuer();
    let server = server(&op, |provider| {
        provider.issuer = None;
        provider.authorize = Some(format!("{issuer}/auth"));
        provider.token = Some(format!("{issuer}/token"));
        provider.userinfo = Some(format!("{issuer}/me"));
        provider.mapping.subject = "id".to_owned();
        provider.scopes = vec!["user".to_owned()];
    })
    .await;
    let (mut client, step, url) = sent(&server).await;
    assert!(!url.contains("nonce="), "{url}");
    let tokens = json!({ "access_token": "at", "token_type": "bearer" });
    op.then(Tokens::Body(200, tokens));
    op.tells(json!({ "id": 1234, "name": "Ada" }));
    let state = parameter(&url, "state");
    back(&mut client, &step, &[("code", "c"), ("state", &state)])
        .await
        .token();
    assert_eq!(whose(&mut client).await, "ada");
    let asked = op.asked("/me");
    assert_eq!(asked[0].authorization.as_deref(), Some("Bearer at"));
    assert_eq!(op.asked("/.well-known/openid-configuration").len(), 0);
}

#[tokio::test]
async fn new_keys_of_a_provider_are_fetched_when_they_are_needed() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let iss = op.issuer();
    let other = provider::key("two");
    for (round, key) in [&*op.key, &other].into_iter().enumerate() {
        let (mut client, step, url) = sent(&server).await;
        op.signs_with(&[key]);
        let claims = op.claims("1234", &parameter(&url, "nonce"));
        op.then(Tokens::Id(key.sign("JWT", &claims).unwrap()));
        op.tells(json!({ "sub": "1234" }));
        let state = parameter(&url, "state");
        let came = [
            ("code", "c"),
            ("state", state.as_str()),
            ("iss", iss.as_str()),
        ];
        back(&mut client, &step, &came).await.token();
        assert_eq!(op.asked("/jwks").len(), round + 1);
        server.advance(std::time::Duration::from_secs(90));
    }
}

#[tokio::test]
async fn a_handler_outside_may_take_the_types_over() {
    use wayfare::{
        NodeError,
        engine::effect::{EffectId, External, ExternalReply, Handler, Handlers, Went},
    };
    #[derive(Debug)]
    struct Chooses;
    impl Handler for Chooses {
        fn decide(&self, _: EffectId, asked: &External) -> Result<ExternalReply, NodeError> {
            assert_eq!(&*asked.name, "SelectIdP");
            let went = Went::by("localAuthentication");
            Ok(ExternalReply::Went(went))
        }
    }
    let folder = tempfile::TempDir::new().unwrap();
    let mut config = crate::support::cheap(&folder.path().join("data"));
    let journeys = folder.path().join("journeys");
    let text = "journey login \"Login\" {\n  start choose\n  node choose: SelectIdP {\n    \
                socialAuthentication -> failure\n    localAuthentication -> ask\n  }\n  \
                node ask: Page {\n    node username: UsernameCollector\n    node password: \
                PasswordCollector\n    -> check\n  }\n  node check: DataStoreDecision {\n    \
                true -> success\n    false -> failure\n  }\n}\n";
    write_all(&journeys, &[("login.journey", text)]);
    config = config.with_journeys(journeys);
    let running = wayfare_server::Server::new(config)
        .handlers(Handlers::new().with("SelectIdP", Chooses))
        .run()
        .await
        .unwrap();
    let mut client = Client::new(running.address());
    let step = client.begin("Login").await.step();
    assert_eq!(step["callbacks"][0]["type"], "NameCallback");
    running.stop().await;
}
