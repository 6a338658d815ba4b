//! The nodes that deal with users, over a directory and over the server's own database: they go the same way.
//!
//! Each journey of `journeys/nodes` that needs nobody outside is gone through by the same friendly client in
//! two servers whose realms have the same user, one of them in a directory; what is asked and how it ends
//! must be the same. So must what each operator of a filter finds.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use wayfare::engine::effect::LdapSecurity;
use wayfare_server::config::{
    Config, DefaultJourney, LdapStoreSettings, SecretSource, UserSettings,
};

use super::{said, slapd::Slapd, status};
use crate::{
    nodes::every::{files, fill, journeys},
    support::{TestServer, alpha},
};

/// The nodes that deal with users, by the files of their journeys.
const NODES: &[&str] = &[
    "accept_terms_and_conditions",
    "account_active_decision",
    "account_lockout",
    "agent_data_store_decision",
    "anonymous_session_upgrade",
    "anonymous_user",
    "attribute_collector",
    "attribute_present_decision",
    "attribute_value_decision",
    "consent",
    "create_object",
    "data_store_decision",
    "device_match",
    "device_save",
    "display_user_name",
    "email_suspend",
    "enable_device_management",
    "identify_existing_user",
    "identity_store_decision",
    "increment_login_count",
    "kba_create",
    "kba_decision",
    "kba_verify",
    "login_count_decision",
    "oath_device_storage",
    "oath_registration",
    "oath_token_verifier",
    "one_time_password_collector_decision",
    "opt_out_multi_factor_authentication",
    "patch_object",
    "profile_completeness_decision",
    "query_filter_decision",
    "recovery_code_collector_decision",
    "required_attributes_decision",
    "retry_limit_decision",
    "session_data",
    "set_persistent_cookie",
    "terms_and_conditions_decision",
    "time_since_decision",
    "validated_password",
    "validated_username",
];

/// What is of the profile and stands in the directory; the rest stands beside it.
fn mapped() -> BTreeMap<String, String> {
    [
        ("givenName", "givenName"),
        ("mail", "mail"),
        ("telephoneNumber", "telephoneNumber"),
        ("description", "description"),
        ("city", "l"),
        ("groups", "departmentNumber"),
    ]
    .map(|(name, place)| (name.to_owned(), place.to_owned()))
    .into()
}

fn in_directory(config: &mut Config, slapd: &Slapd) {
    let realm = config.realms.get_mut(&alpha()).expect("the realm");
    let mut store = LdapStoreSettings::new(slapd.directory(LdapSecurity::Plain));
    store.attributes = mapped();
    store.create_in = Some("ou=people,dc=example,dc=com".to_owned());
    store.status = Some(status());
    realm.identities.ldap = Some(store);
    realm.demo_user = false;
}

/// The one user of both, here.
fn in_database(config: &mut Config, slapd: &Slapd) {
    let realm = config.realms.get_mut(&alpha()).expect("the realm");
    realm.demo_user = false;
    let mut user = UserSettings::default();
    user.password = Some(SecretSource::File(slapd.ca().with_file_name("demo")));
    user.groups = vec!["staff".to_owned()];
    user.attributes = BTreeMap::from([
        ("mail".to_owned(), "demo@example.com".into()),
        ("city".to_owned(), "Bonn".into()),
        ("givenName".to_owned(), "Demo".into()),
    ]);
    realm.users = BTreeMap::from([("demo".to_owned(), user)]);
}

/// What is asked and how it ends, as lines.
async fn told(server: &TestServer, journey: &str) -> Vec<String> {
    let mut client = server.client();
    let mut reply = client.begin(journey).await;
    let mut lines = Vec::new();
    // BOUND: whoever is asked more often goes in a circle, as a retry does.
    for _ in 0..12 {
        let json = reply.json();
        let Some(callbacks) = json.get("callbacks").and_then(Json::as_array) else {
            lines.push(format!("{} {}", reply.status, json["message"]));
            return lines;
        };
        let kinds = callbacks.iter().map(|callback| {
            let output = callback["output"].as_array().into_iter().flatten();
            let said = output.filter(|one| {
                ["value", "failedPolicies", "message"]
                    .iter()
                    .any(|name| one["name"] == *name)
            });
            let said: Vec<String> = said.map(|one| one["value"].to_string()).collect();
            format!("{} {}", callback["type"], said.join(" "))
        });
        let kinds: Vec<String> = kinds.collect();
        lines.push(kinds.join("; "));
        if callbacks
            .iter()
            .any(|c| c["type"] == "SuspendedTextOutputCallback")
        {
            return lines;
        }
        if callbacks.iter().any(|c| c["type"] == "PollingWaitCallback") {
            server.advance(std::time::Duration::from_secs(10));
        }
        let mut step = json.clone();
        for callback in step["callbacks"].as_array_mut().expect("callbacks") {
            fill(callback);
        }
        let path = "/am/json/realms/root/realms/alpha/authenticate";
        reply = client.post(path, &step.to_string()).await;
    }
    lines
}

/// Times, random texts and what is made of them differ from server to server.
fn is_random(line: &str) -> bool {
    [
        "QR code",
        "Recovery Codes",
        "HiddenValueCallback",
        "otpauth",
        "ScriptTextOutput",
        "PollingWait",
    ]
    .iter()
    .any(|part| line.contains(part))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_of_a_user_store_goes_the_same_way_over_a_directory() {
    let Some(slapd) = Slapd::of_one() else { return };
    let mut compared = 0;
    let mut other = Vec::new();
    let of_users =
        |(name, _): &(String, String)| NODES.contains(&name.trim_end_matches(".journey"));
    let files: Vec<_> = files().into_iter().filter(of_users).collect();
    assert_eq!(files.len(), NODES.len());
    for (name, text) in files {
        // What one journey makes is not there for the next.
        slapd.begin_again().await;
        let begin = |config: &mut Config| {
            let realm = config.realms.get_mut(&alpha()).expect("the realm");
            realm.default = DefaultJourney::Found;
        };
        let here = TestServer::with_journeys(&[(&name, &text)], |config| {
            begin(config);
            in_database(config, &slapd);
        })
        .await;
        let there = TestServer::with_journeys(&[(&name, &text)], |config| {
            begin(config);
            in_directory(config, &slapd);
        })
        .await;
        for journey in journeys(&text) {
            let here = told(&here, &journey).await;
            let there = told(&there, &journey).await;
            compared += 1;
            let same = here.len() == there.len()
                && here
                    .iter()
                    .zip(&there)
                    .all(|(a, b)| a == b || (is_random(a) && is_random(b)));
            if !same {
                other.push(format!("{name} {journey}:\n  {here:?}\n  {there:?}"));
            }
        }
    }
    assert!(compared >= NODES.len(), "{compared}");
    assert!(other.is_empty(), "{}", other.join("\n"));
}

/// Filters, and whether they hold for the user of both.
const FILTERS: &[(&str, bool)] = &[
    ("mail eq 'demo@example.com'", true),
    ("mail eq 'DEMO@example.com'", true),
    ("mail eq 'other@example.com'", false),
    ("mail co '@example'", true),
    ("mail co '*'", false),
    ("mail co ')(uid=*'", false),
    ("mail sw 'demo@'", true),
    ("mail sw 'emo@'", false),
    ("mail ew '.com'", true),
    ("mail ew '.co'", false),
    ("city gt 'Bochum'", true),
    ("city gt 'Bonn'", false),
    ("city ge 'Bonn'", true),
    ("city lt 'Cologne'", true),
    ("city le 'Bonn'", true),
    ("city lt 'Bonn'", false),
    ("mail pr", true),
    ("description pr", false),
    ("telephoneNumber eq '1'", false),
    ("!(mail pr)", false),
    ("!(description pr)", true),
    ("!(mail eq 'other@example.com')", true),
    ("mail pr and city eq 'bonn'", true),
    ("description pr or city eq 'Bonn'", true),
    ("description pr or city eq 'Cologne'", false),
    ("(mail pr or description pr) and !(city sw 'C')", true),
    ("true", true),
    ("false", false),
    ("userName eq 'demo'", true),
    ("userName eq 'DEMO'", true),
    ("userName sw 'de' and password pr", true),
    ("groups eq 'staff'", true),
    ("groups eq 'admins'", false),
    ("accountStatus eq 'active'", true),
    ("accountStatus eq 'inactive'", false),
    ("country eq 'Germany'", false),
    ("!(country pr)", true),
    ("loginCount gt 3", false),
    ("/mail eq 'demo@example.com'", true),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_operator_of_a_filter_finds_the_same_over_a_directory() {
    let Some(slapd) = Slapd::of_one() else {
        return;
    };
    let one = |(at, (filter, _)): (usize, &(&str, bool))| {
        format!(
            r#"
journey f{at} "F{at}" {{
  start credentials
  node credentials: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}
  node check: DataStoreDecision {{
    true -> it
    false -> failure
  }}
  node it: QueryFilterDecision {{
    queryFilter = "{filter}"
    true -> success
    false -> no
    on error -> broken
  }}
  node no: SetFailureDetails(failureMessage = "no") -> failure
  node broken: SetFailureDetails(failureMessage = "broken") -> failure
}}
"#
        )
    };
    let text: String = FILTERS.iter().enumerate().map(one).collect();
    let text = text.replacen("journey f0 \"F0\"", "journey f0 \"Login\"", 1);
    let here = TestServer::with_journeys(&[("world.journey", &text)], |config| {
        in_database(config, &slapd);
    })
    .await;
    let there = TestServer::with_journeys(&[("world.journey", &text)], |config| {
        in_directory(config, &slapd);
    })
    .await;
    for (at, (filter, holds)) in FILTERS.iter().enumerate() {
        let journey = if at == 0 {
            "Login".to_owned()
        } else {
            format!("F{at}")
        };
        let expected = if *holds { "in" } else { "no" };
        for (which, server) in [("database", &here), ("directory", &there)] {
            let reply = super::login(server, &journey, "demo", "Ch4ng31t").await;
            assert_eq!(said(&reply), expected, "{filter} in the {which}");
        }
    }
}
