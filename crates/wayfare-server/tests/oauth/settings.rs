//! What may stand in `[realms."/alpha".oauth]`, and what is said of the rest.

use tempfile::TempDir;
use wayfare_server::config::{Acr, Config};
use wayfare_wire::oauth::{ClientAuth, Consent, Grant, TokenFormat};

use super::stage::settings;

fn mistakes(text: &str) -> String {
    let folder = TempDir::new().unwrap();
    match Config::parse("wayfare.toml", text, folder.path()) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn settings_are_read() {
    let folder = TempDir::new().unwrap();
    let oauth = settings(folder.path());
    assert_eq!(oauth.acr["strong"], Acr::Level(20));
    assert_eq!(oauth.acr["second"], Acr::Journey("Second".to_owned()));
    let service = &oauth.clients["service"];
    assert_eq!(service.client.auth, ClientAuth::Basic);
    assert_eq!(service.secrets.len(), 2);
    assert_eq!(service.client.format, TokenFormat::Jwt);
    assert_eq!(
        oauth.clients["signs"].client.auth,
        ClientAuth::PrivateKeyJwt
    );
    assert_eq!(oauth.clients["asks"].client.consent, Consent::Ask);
    assert!(oauth.clients["api"].client.grants.is_empty());
    assert!(
        oauth.clients["app"]
            .client
            .grants
            .contains(&Grant::RefreshToken)
    );
    let demo = Config::demo(folder.path());
    let alpha = wayfare::Realm::parse("/alpha").unwrap();
    assert!(demo.realms[&alpha].oauth.is_some());
    assert!(demo.realms[&wayfare::Realm::root()].oauth.is_none());
}

#[test]
fn mistakes_have_their_lines() {
    let text = r#"[realms."/alpha".oauth]
algorithms = ["HS256", "none"]
code = "11m"
colour = "blue"

[realms."/alpha".oauth.acr]
strong = 20
both = { level = 1, journey = "x" }

[realms."/alpha".oauth.claims]
sub = "uid"

[realms."/alpha".oauth.clients.one]
redirect_uris = ["http://app.example.com/cb", "javascript:x"]
secret = "swordfish"

[realms."/alpha".oauth.clients.two]
type = "confidential"
auth = "none"
grants = ["password"]
default_scopes = ["admin"]

[realms."/alpha".oauth.clients.three]
type = "public"
auth = "client_secret_basic"
grants = ["client_credentials"]
token_format = "xml"
"#;
    let said = mistakes(text);
    assert!(!said.contains("swordfish"), "{said}");
    for (line, part) in [
        (2, "must hold RS256, ES256 or EdDSA, not \"HS256\""),
        (2, "must hold RS256, ES256 or EdDSA, not \"none\""),
        (3, "must be 10 minutes at most"),
        (4, "there is no setting `colour`"),
        (7, "must be { level = 10 } or { journey = "),
        (8, "must be { level = 10 } or { journey = "),
        (11, "is the provider's own to say"),
        (13, "`realms.\"/alpha\".oauth.clients.one.type` is missing"),
        (14, "must hold whole addresses without a fragment"),
        (15, "secrets are never written here"),
        (17, "clients.two.secret` is missing"),
        (19, "must be one of client_secret_basic"),
        (
            20,
            "must hold authorization_code, refresh_token or client_credentials, not \"password\"",
        ),
        (21, "`admin` is none of its scopes"),
        (25, "is nothing for a public client"),
        (26, "client_credentials is for confidential clients"),
        (27, "must be \"opaque\" or \"jwt\""),
    ] {
        let found = said
            .lines()
            .any(|one| one.starts_with(&format!("wayfare.toml:{line}: ")) && one.contains(part));
        assert!(found, "line {line}: {part}\n{said}");
    }
}
