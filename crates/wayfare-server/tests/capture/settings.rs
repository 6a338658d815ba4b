//! What stands in the file about Capture.

use std::{path::Path, time::Duration};

use wayfare_server::config::{CaptureSettings, Config, ConfigError};
use wayfare_wire::capture::client::Feature;

use crate::support::alpha;

fn mistakes(text: &str) -> String {
    match Config::parse("wayfare.toml", text, Path::new("")) {
        Ok(_) => String::new(),
        Err(ConfigError::Mistakes(list)) => {
            let lines = list
                .iter()
                .map(|mistake| format!("{}: {}\n", mistake.line, mistake.message));
            lines.collect::<Vec<_>>().concat()
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn all_that_can_be_said_is_read() {
    let text = r#"
[realms."/alpha".capture]
path = "/janrain/capture"
hosts = ["login.example.com"]
app_id = "abc123"
type_name = "customer"
allow_signed = false
signed_window = "5m"
strict_compat = true
detailed_credential_errors = true
cors_allow = ["https://app.example.com"]

[realms."/alpha".capture.attributes]
email = "mail"
"primaryAddress.city" = "city"

[realms."/alpha".capture.clients.web]
secret = { env = "CAPTURE_SECRET" }
features = ["login_client", "access_issuer"]
redirect_uris = ["https://app.example.com/back"]
default_flow_name = "standard"
default_flow_version = "1"
password_recover_url = "https://app.example.com/recover"
verify_email_url = "https://app.example.com/verify"
access_token_lifetime = "10m"
recover_code_lifetime = "20m"
view = ["uuid", "email"]
"#;
    let config = Config::parse("wayfare.toml", text, Path::new("")).unwrap();
    let capture = config.realms[&alpha()].capture.clone().unwrap();
    assert_eq!(capture.path, "/janrain/capture");
    assert_eq!(capture.hosts, ["login.example.com"]);
    assert_eq!(
        (&*capture.app_id, &*capture.type_name),
        ("abc123", "customer")
    );
    assert!(!capture.allow_signed && capture.strict_compat && capture.detailed_credential_errors);
    assert_eq!(capture.signed_window, Duration::from_secs(300));
    assert_eq!(capture.attributes.len(), 2);
    let web = &capture.clients["web"];
    assert!(web.has(&[Feature::AccessIssuer]) && !web.has(&[Feature::DirectAccess]));
    assert_eq!(web.access_token_lifetime, Duration::from_secs(600));
    assert_eq!(web.refresh_token_lifetime, Duration::from_secs(90 * 86_400));
    assert_eq!(
        web.view.as_deref(),
        Some(&["uuid".to_owned(), "email".to_owned()][..])
    );
}

#[test]
fn mistakes_say_where_and_what_instead() {
    let text = r#"
[realms."/alpha".capture]
path = "capture"
cors_allow = ["app.example.com"]
strict = true

[realms."/alpha".capture.attributes]
uuid = "_id"
email = 3

[realms."/alpha".capture.clients.web]
secret = "s3cret"
features = ["login"]
redirect_uris = ["/back"]
verify_email_url = "verify"

[realms."/alpha".capture.clients.public]
features = ["owner"]

[realms."/alpha".capture.clients."a b"]

[realms."/beta".capture]
path = "/am/capture"
"#;
    let said = mistakes(text);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/capture/mistakes.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &said).unwrap();
    }
    assert_eq!(said, std::fs::read_to_string(&path).unwrap_or_default());
    assert!(!said.contains("s3cret"));
}

#[test]
fn two_realms_are_not_served_at_one_path() {
    let text = "[realms.\"/alpha\".capture]\n[realms.\"/beta\".capture]\npath = \"/capture/b\"\n";
    assert!(
        mistakes(text).contains("where realm `/alpha` is already"),
        "{}",
        mistakes(text)
    );
}

/// A flow with one form, whose second field goes to an attribute.
fn flow(attribute: &str) -> String {
    format!(
        r#"{{
  "name": "shop", "version": "7",
  "fields": {{
    "enterForm": {{ "action": "profileUpdate", "fields": ["firstName", "shoeSize"] }},
    "firstName": {{ "type": "text", "schemaAttribute": "givenName" }},
    "shoeSize": {{ "type": "text", "schemaAttribute": "{attribute}" }}
  }}
}}"#
    )
}

fn found(flow: &str) -> String {
    found_with(flow, |_| ())
}

fn found_with(flow: &str, change: impl FnOnce(&mut CaptureSettings)) -> String {
    found_beside(flow, "", change)
}

fn found_beside(flow: &str, bound: &str, change: impl FnOnce(&mut CaptureSettings)) -> String {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("flow.json");
    std::fs::write(&file, flow).unwrap();
    let text = "[realms.\"/alpha\".capture.attributes]\nemail = \"mail\"\n".to_owned() + bound;
    let config = Config::parse("wayfare.toml", &text, Path::new("")).unwrap();
    let bindings = config.realms[&alpha()].bindings.clone();
    let mut settings = config.realms[&alpha()].capture.clone().unwrap();
    settings.attributes = CaptureSettings::default().attributes;
    settings.flows = vec![file.clone()];
    settings
        .attributes
        .insert("shoeSize".to_owned(), "shoeSize".to_owned());
    change(&mut settings);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../journeys/capture/profile.journey");
    let text = std::fs::read_to_string(root).unwrap();
    let compiled = wayfare::Compiler::new(wayfare::Registry::standard().catalog())
        .compile([wayfare::Source::new("profile.journey", text)]);
    let mut sources = (*compiled.sources).clone();
    match settings.check(&bindings, compiled.program.as_ref().unwrap(), &mut sources) {
        Ok(found) => {
            let lines: Vec<String> = found
                .iter()
                .map(|one| {
                    let places = one.labels.iter().map(|label| {
                        let file = sources.get(label.span.source).map_or("?", |s| s.name());
                        let line = sources.locate(label.span).line;
                        format!(" ({file}:{line}: {})", label.text)
                    });
                    one.one_line(&sources) + &places.collect::<String>()
                })
                .collect();
            lines
                .join("\n")
                .replace(&file.display().to_string(), "flow.json")
        }
        Err(message) => message.replace(&file.display().to_string(), "flow.json"),
    }
}

#[test]
fn forms_are_checked_beside_their_journeys() {
    assert_eq!(found(&flow("primaryAddress.city")), "");
    let said = found(&flow("shoeSize"));
    assert!(
        said.contains("flow.json:4:5: error[unasked_field]")
            && said.contains("`shoeSize` goes to `shoeSize`"),
        "{said}"
    );
    assert!(
        said.contains("`CaptureEditProfile` never asks for"),
        "{said}"
    );
    let said = found(&flow("city").replace("\"type\": \"text\"", "\"type\": \"colour\""));
    assert!(
        said.contains("flow.json: fields.firstName: `type` must be one of"),
        "{said}"
    );
    let said = found(&flow("city").replace("profileUpdate", "dance"));
    assert!(
        said.contains("`action` must be one of traditionalSignin"),
        "{said}"
    );
}

#[test]
fn a_field_that_goes_nowhere_is_told_with_both_places() {
    let said = found(&flow("hat.size"));
    assert!(
        said.contains("flow.json:6:5: error[unasked_field]")
            && said.contains("`shoeSize` goes to `hat.size`, which no attribute of records is")
            && said.contains("(wayfare.toml:1: the attributes of records)"),
        "{said}"
    );
    // Who says in the settings what it answers has said enough.
    let named = found_with(&flow("hat.size"), |settings| {
        let inputs = vec!["city".to_owned()];
        settings
            .inputs
            .insert("enterForm.shoeSize".to_owned(), inputs);
    });
    assert_eq!(named, "");
    // The flow that is built in has what there are attributes for.
    let few = found_with(&flow("email"), |settings| {
        let few = ["email", "givenName"];
        settings
            .attributes
            .retain(|path, _| few.contains(&path.as_str()));
    });
    assert!(!few.contains("which no attribute of records is"), "{few}");
}

#[test]
fn a_form_that_is_bound_is_not_checked_beside_what_it_would_run_otherwise() {
    let bound = |name: &str, fields: &str| {
        format!(
            "[realms.\"/alpha\".bindings.\"capture.update_profile_native{name}\"]\n\
             journey = \"CaptureEditProfile\"\nfields = {{ {fields} }}\notherwise = 540\n"
        )
    };
    let both = "firstName = \"givenName\", shoeSize = \"city\"";
    for name in [".enterForm", ""] {
        let said = found_beside(&flow("hat.size"), &bound(name, both), |_| ());
        assert_eq!(said, "", "{name}");
        let said = found_beside(&flow("hat.size"), &bound(name, both), |settings| {
            settings.journeys.edit_profile = "NobodyWroteIt".to_owned();
        });
        assert_eq!(said, "", "{name}");
        // What the binding does not name goes nowhere all the same.
        let one = bound(name, "firstName = \"givenName\"");
        let said = found_beside(&flow("hat.size"), &one, |_| ());
        assert!(said.contains("`shoeSize` goes to `hat.size`"), "{said}");
    }
    // The binding of another form is not this one's.
    let said = found_beside(&flow("hat.size"), &bound(".editProfileForm", ""), |_| ());
    assert!(said.contains("`shoeSize` goes to `hat.size`"), "{said}");
}

#[tokio::test]
async fn a_server_does_not_start_with_a_field_that_goes_nowhere() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("flow.json");
    std::fs::write(&file, flow("hat.size")).unwrap();
    let mut config = crate::support::cheap(folder.path());
    super::support::set(&mut config, |capture| capture.flows = vec![file]);
    let refused = wayfare_server::Server::start(config).await;
    let said = refused.expect_err("a refusal").to_string();
    assert!(
        said.contains("flow.json:6:5") && said.contains("`shoeSize` goes to `hat.size`"),
        "{said}"
    );
}

#[tokio::test]
async fn a_binding_of_the_settings_comes_before_what_follows_from_the_flow() {
    let text = r#"
[realms."/alpha".bindings."capture.auth_native_traditional"]
journey = "Login"
fields = { signInEmailAddress = "username", currentPassword = "password" }
on = { invalid_credentials = 213 }
otherwise = 540
"#;
    let read = Config::parse("wayfare.toml", text, Path::new("")).unwrap();
    let bindings = read.realms[&alpha()].bindings.clone();
    let server = crate::support::TestServer::with(|config, _| {
        config.realms.get_mut(&alpha()).unwrap().bindings = bindings;
    })
    .await;
    let sign_in = async |who: &str, password: &str| {
        let pairs = [
            ("client_id", "demo-login"),
            ("form", "signInForm"),
            ("signInEmailAddress", who),
            ("currentPassword", password),
        ];
        let form = super::support::form(&pairs);
        super::support::send(&server, "", "/oauth/auth_native_traditional", &form)
            .await
            .json()
    };
    assert_eq!(sign_in("demo", "Ch4ng31t").await["stat"], "ok");
    // This journey knows names only.
    assert_eq!(
        super::support::code(&sign_in("demo@example.com", "Ch4ng31t").await),
        213
    );
}

/// What a server says that is started with this in the settings of the demo's realm.
async fn refusal(text: &str) -> String {
    let folder = tempfile::TempDir::new().unwrap();
    let mut config = crate::support::cheap(folder.path());
    let read = Config::parse("wayfare.toml", text, Path::new("")).unwrap();
    let read = read.realms[&alpha()].clone();
    let realm = config.realms.get_mut(&alpha()).unwrap();
    realm.bindings = read.bindings;
    if read.capture.is_some() {
        realm.capture = read.capture;
    }
    if read.oauth.is_some() {
        realm.oauth = read.oauth;
    }
    let refused = wayfare_server::Server::start(config).await;
    refused.expect_err("a refusal").to_string()
}

#[tokio::test]
async fn a_server_does_not_start_with_a_name_that_stands_for_nothing() {
    let said = refusal(
        "[realms.\"/alpha\".capture.journeys]\nsign_in = \"Nope\"\nsocial_sign_in = \"CaptureSocialSignin\"\n\
         [realms.\"/alpha\".capture.inputs]\nsize = [\"shoeSize\"]\n\"signInForm.givenName\" = [\"givenName\"]\n\
         [realms.\"/alpha\".capture.clients.web]\ndefault_flow_name = \"standart\"\n\
         [realms.\"/alpha\".capture.clients.app]\ndefault_flow_name = \"standard\"\ndefault_flow_version = \"99\"\n\
         [realms.\"/alpha\".oauth.acr]\nstrong = { journey = \"Nope\" }\n",
    )
    .await;
    for expected in [
        "wayfare.toml:2:11: error[unknown_bound_journey]: `capture.journeys.sign_in` names `Nope`, and there \
         is no such journey",
        "wayfare.toml:3:18: error[unknown_bound_journey]: `capture.journeys.social_sign_in` names",
        "wayfare.toml:5:1: error[unknown_form]: `capture.inputs` names `size`, which is no field of a form",
        "wayfare.toml:6:1: error[unknown_form]: `capture.inputs` names `signInForm.givenName`",
        "wayfare.toml:8:21: error[unknown_form]: client `web` takes the flow `standart`, which is not there",
        "wayfare.toml:10:21: error[unknown_form]: client `app` takes the flow `standard` in version `99`",
        "wayfare.toml:13:22: error[unknown_bound_journey]: `oauth.acr.strong` names `Nope`",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert_eq!(said.matches("error[").count(), 7, "{said}");
}

#[tokio::test]
async fn a_journey_that_makes_accounts_is_no_login() {
    let said = refusal(
        "[realms.\"/alpha\".capture.journeys]\nsign_in = \"CaptureRegister\"\n\
         [realms.\"/alpha\".bindings.\"autoid.login\"]\njourney = \"CaptureRegister\"\n\
         fields = { username = \"username\", password = \"password\" }\n",
    )
    .await;
    for expected in [
        "wayfare.toml:2:11: error[unknown_bound_journey]: `capture.journeys.sign_in` runs `CaptureRegister` for \
         logins, and nobody succeeds there without a new account",
        "wayfare.toml:4:11: error[unknown_bound_journey]: `autoid.login` runs `CaptureRegister` for logins",
        // Both places.
        "register.journey:4:",
        "it is declared here)",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
}

#[tokio::test]
async fn what_the_built_in_flow_does_not_fit_is_told_where_the_settings_name_it() {
    let said =
        refusal("[realms.\"/alpha\".capture.journeys]\nedit_profile = \"CaptureSignIn\"\n").await;
    assert!(
        said.contains("wayfare.toml:2:16: error[unasked_field]")
            && said.contains("(journeys/") | said.contains(".journey:"),
        "{said}"
    );
    assert!(!said.contains("the flow that is built in:"), "{said}");
}
