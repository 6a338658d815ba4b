//! The table of node types: complete, well formed, as documented, and as recorded.

mod document;
mod form;
mod journeys;
mod reference;

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Catalog, Factor, Signature,
    catalogue::standard,
    model::{
        journey::SettingValue,
        signature::{Account, Known, Outcomes, Scope},
        value::Value,
    },
};

/// How many node types the product has.
const PRODUCT_TYPES: usize = 142;

/// The types of the language's own.
const OURS: &[&str] = &["Decision", "Unavailable"];

/// How many cells nothing settles but the script or the journey that a type runs. This number may only fall.
const UNKNOWN_MAX: usize = 13;

/// How many lines of state name no key: what a script decides, and what no source names. This number may
/// only fall.
const OPEN_STATE_MAX: usize = 6;

/// How many types have outcomes whose ids are not published. This number may only fall.
const OPEN_OUTCOMES_MAX: usize = 9;

fn signatures() -> Vec<Arc<Signature>> {
    standard()
        .iter()
        .map(|(_, signature)| Arc::clone(signature))
        .collect()
}

fn named(name: &str) -> Arc<Signature> {
    let catalog = standard();
    let id = catalog
        .find(name)
        .unwrap_or_else(|| panic!("no type `{name}`"));
    Arc::clone(catalog.get(id).expect("an id of this catalogue"))
}

#[test]
fn every_product_type_is_there_under_both_names() {
    let catalog = standard();
    assert_eq!(catalog.iter().count(), PRODUCT_TYPES + OURS.len());
    assert_eq!(catalog.names().count(), PRODUCT_TYPES + OURS.len());
    for (id, signature) in catalog.iter() {
        let name = signature
            .wire
            .strip_suffix("Node")
            .unwrap_or(&signature.wire);
        assert_eq!(signature.name, name);
        assert_eq!(catalog.find(&signature.name), Some(id), "{name}");
        assert_eq!(catalog.find_wire(&signature.wire), Some(id), "{name}");
    }
}

#[test]
fn prefixes_and_an_inner_node_stay_in_the_name() {
    for name in [
        "product-Captcha",
        "product-Saml2",
        "SocialProviderHandlerNodeV2",
    ] {
        assert_eq!(named(name).name, name);
    }
    assert_eq!(named("product-Captcha").wire, "product-CaptchaNode");
    assert_eq!(
        named("SocialProviderHandlerNodeV2").wire,
        "SocialProviderHandlerNodeV2"
    );
    assert!(standard().find("Captcha").is_none());
}

#[test]
fn a_designed_type_is_added_under_its_id() {
    let mut catalog = standard();
    let id = "designer-8ab9f1aad4b4460a9c45d15fb148e221";
    let mut designed = (*named("Message")).clone();
    designed.name = id.into();
    designed.wire = id.into();
    let added = catalog.add(designed.clone()).expect("a new name");
    assert_eq!(catalog.find(id), Some(added));
    assert_eq!(catalog.find_wire(id), Some(added));
    assert!(catalog.add(designed).is_err(), "the name is taken now");
    assert!(
        catalog.add((*named("Message")).clone()).is_err(),
        "a product type is taken"
    );
    assert!(
        standard().find(id).is_none(),
        "the standard catalogue stays as it is"
    );
}

#[test]
fn five_types_have_a_second_version() {
    let two: Vec<_> = signatures()
        .iter()
        .filter(|signature| *signature.versions != [1])
        .map(|signature| (signature.name.to_string(), signature.versions.to_vec()))
        .collect();
    let names = [
        "Page",
        "UsernameCollector",
        "ValidatedUsername",
        "WebAuthnRegistration",
        "WebAuthnAuthentication",
    ];
    let expected: Vec<_> = names.map(|name| (name.to_owned(), vec![1, 2])).into();
    assert_eq!(two, expected);
}

/// Whoever lets another outcome prove something changes this list too.
#[test]
fn only_these_outcomes_prove_something() {
    use Factor::{
        Certificate, Cookie, Device, Federation, Knowledge, MailLink, Otp, Password, Push,
        Recovery, Registration, Session,
    };
    let mut proofs: Vec<(String, Factor)> = Vec::new();
    for signature in signatures() {
        for facts in signature.facts.iter() {
            if let Some(factor) = facts.proves {
                proofs.push((format!("{}.{}", signature.name, facts.outcome), factor));
            }
        }
    }
    proofs.sort();
    let expected = [
        ("ADDecision.TRUE", Password),
        ("AgentDataStoreDecision.true", Password),
        ("CreateObject.CREATED", Registration),
        ("DataStoreDecision.true", Password),
        ("DeviceSigningVerifier.success", Device),
        ("EmailSuspend.outcome", MailLink),
        ("IdentityStoreDecision.TRUE", Password),
        ("IotAuthentication.success", Device),
        ("KbaVerify.true", Knowledge),
        ("LdapDecision.TRUE", Password),
        ("OathTokenVerifier.successOutcome", Otp),
        ("OneTimePasswordCollectorDecision.true", Otp),
        ("PersistentCookieDecision.true", Cookie),
        ("ProvisionDynamicAccount.outcome", Federation),
        ("PushResultVerifier.TRUE", Push),
        ("RecoveryCodeCollectorDecision.true", Recovery),
        ("SessionData.outcome", Session),
        ("SocialFacebook.ACCOUNT_EXISTS", Federation),
        ("SocialGoogle.ACCOUNT_EXISTS", Federation),
        ("Social.ACCOUNT_EXISTS", Federation),
        ("SocialOpenIdConnect.ACCOUNT_EXISTS", Federation),
        ("SocialProviderHandler.ACCOUNT_EXISTS", Federation),
        ("SocialProviderHandlerNodeV2.ACCOUNT_EXISTS", Federation),
        ("WebAuthnAuthentication.success", Device),
        ("product-Kerberos.true", Certificate),
        ("product-Saml2.ACCOUNT_EXISTS", Federation),
    ];
    let mut expected: Vec<_> = expected
        .map(|(place, factor)| (place.to_owned(), factor))
        .into();
    expected.sort();
    assert_eq!(proofs, expected);
}

/// What no source settles, as `type: cell`.
/// Cells that are not known. A type that asks on some visits and not on others is known to do so: what it
/// asks is listed.
fn unknown_cells(catalog: &Catalog) -> Vec<String> {
    let mut cells = Vec::new();
    for (_, signature) in catalog.iter() {
        let name = &signature.name;
        let at_times = !signature.callbacks.iter().any(|callback| callback == "*");
        for (cell, fact) in [
            (
                "asks",
                if at_times {
                    Known::Is(true)
                } else {
                    signature.asks
                },
            ),
            ("suspends", signature.suspends),
            ("calls out", signature.calls_out),
            ("verifies", signature.verifies),
        ] {
            if fact == Known::Unknown {
                cells.push(format!("{name}: {cell}"));
            }
        }
        for facts in signature.facts.iter() {
            let outcome = &facts.outcome;
            if facts.writes_identity == Known::Unknown {
                cells.push(format!("{name}.{outcome}: writes the identity"));
            }
            if facts.counts_try == Known::Unknown {
                cells.push(format!("{name}.{outcome}: counts a try"));
            }
        }
    }
    cells.sort();
    cells
}

/// Types whose outcomes nobody published, so that only the author's arms can name them.
fn open_outcomes(catalog: &Catalog) -> Vec<String> {
    catalog
        .iter()
        .filter(|(_, signature)| !OURS.contains(&&*signature.name))
        .filter(|(_, signature)| {
            matches!(
                &signature.outcomes,
                Outcomes::Authored { setting: None, besides } if besides.is_empty()
            )
        })
        .map(|(_, signature)| signature.name.to_string())
        .collect()
}

/// Lines of state that may mean any key, as `type: line`.
fn open_state(catalog: &Catalog) -> Vec<String> {
    let mut open = Vec::new();
    for (_, signature) in catalog.iter() {
        for (what, lines) in [("reads", &signature.reads), ("writes", &signature.writes)] {
            let any = lines.iter().filter(|line| {
                let member = matches!(line.scope, Scope::ObjectShared | Scope::ObjectTransient);
                line.key == "*" && line.named_by.is_none() && !member
            });
            open.extend(any.map(|line| format!("{}: {what} {:?}", signature.name, line.scope)));
        }
    }
    open
}

#[test]
fn the_keys_that_no_line_names_only_get_fewer() {
    let open = open_state(&standard());
    println!("{} lines name no key: {}", open.len(), open.join(", "));
    assert!(
        open.len() <= OPEN_STATE_MAX,
        "more lines than before: {open:?}"
    );
}

#[test]
fn what_is_not_known_only_gets_less() {
    let unknown = unknown_cells(&standard());
    println!(
        "{} cells are unknown:\n  {}",
        unknown.len(),
        unknown.join("\n  ")
    );
    assert!(
        unknown.len() <= UNKNOWN_MAX,
        "more cells are unknown than before"
    );
    let open = open_outcomes(&standard());
    println!(
        "the outcomes of {} types are not published: {}",
        open.len(),
        open.join(", ")
    );
    assert!(
        open.len() <= OPEN_OUTCOMES_MAX,
        "more outcomes are open than before"
    );
}

#[test]
fn the_limit_of_tries_bounds_the_retry() {
    let retry = named("RetryLimitDecision");
    let limit = retry.limits.as_ref().expect("it limits");
    assert_eq!((&*limit.setting, &*limit.outcome), ("retryLimit", "Retry"));
    assert_eq!(
        retry.facts_of("Retry").map(|facts| facts.counts_try),
        Some(Known::Is(true))
    );
}

/// The setting `key` with this value, and no other.
fn only<'a>(key: &'a str, value: &'a SettingValue) -> impl Fn(&str) -> Option<&'a SettingValue> {
    move |asked| (asked == key).then_some(value)
}

#[test]
fn a_setting_that_names_the_identity_writes_it() {
    let text = |text: &str| SettingValue::Constant(Value::from(text));
    let map = |key: &str, value: &str| {
        let map = BTreeMap::from([(Arc::from(key), Value::from(value))]);
        SettingValue::Constant(Value::Map(Arc::new(map)))
    };
    for (name, key, value, expected) in [
        ("SessionData", "sharedStateKey", text("username"), true),
        ("SessionData", "sharedStateKey", text("mail"), false),
        ("Message", "stateField", text("username"), true),
        ("SetState", "attributes", map("username", "demo"), true),
        ("SetState", "attributes", map("entry", "office"), false),
        (
            "RequestHeader",
            "allowedHeaders",
            map("X-User", "username"),
            true,
        ),
        (
            "QueryParameter",
            "allowedQueryParameters",
            map("lang", "locale"),
            false,
        ),
    ] {
        let signature = named(name);
        let outcome = if name == "Message" { "true" } else { "outcome" };
        let found = signature.writes_identity(outcome, only(key, &value));
        assert_eq!(found, Known::Is(expected), "{name} {key} {value:?}");
    }
    let none = |_: &str| None;
    assert_eq!(
        named("UsernameCollector").writes_identity("outcome", none),
        Known::Is(true)
    );
    assert_eq!(
        named("DataStoreDecision").writes_identity("false", none),
        Known::Is(false)
    );
    assert_eq!(
        named("ScriptedDecision").writes_identity("x", none),
        Known::Unknown
    );
    let script = |outputs: &[&str]| {
        let list = outputs.iter().map(|key| Value::from(*key)).collect();
        let value = SettingValue::Constant(Value::List(list));
        named("ScriptedDecision").writes_identity("x", only("outputs", &value))
    };
    assert_eq!(script(&["score"]), Known::Is(false));
    assert_eq!(script(&[]), Known::Is(false));
    assert_eq!(script(&["score", "username"]), Known::Is(true));
    assert_eq!(script(&["score", "*"]), Known::Unknown);
}

#[test]
fn a_session_proves_nobody_it_does_not_name() {
    let session = named("SessionData");
    let username = SettingValue::Constant(Value::from("username"));
    let mail = SettingValue::Constant(Value::from("mail"));
    let proves = |value| session.proves("outcome", only("sharedStateKey", value));
    assert_eq!(proves(&username), Some(Factor::Session));
    assert_eq!(proves(&mail), None);
    assert_eq!(
        named("DataStoreDecision").proves("true", |_| None),
        Some(Factor::Password)
    );
    assert_eq!(named("DataStoreDecision").proves("false", |_| None), None);
}

#[test]
fn a_link_proves_who_owns_the_mailbox_where_its_address_is_looked_up() {
    let proves = |looked_up: bool| {
        let value = SettingValue::Constant(Value::Bool(looked_up));
        let link = named("EmailSuspend");
        link.proves("outcome", only("objectLookup", &value))
    };
    assert_eq!(proves(true), Some(Factor::MailLink));
    assert_eq!(proves(false), None);
    assert_eq!(named("EmailSuspend").proves("outcome", |_| None), None);
}

/// Whoever lets another outcome change an account changes this list too.
#[test]
fn only_these_outcomes_change_an_account() {
    let mut changes = Vec::new();
    for signature in signatures() {
        for facts in signature.facts.iter() {
            if matches!(facts.account, Account::Changed { .. }) {
                changes.push(format!("{}.{}", signature.name, facts.outcome));
            }
        }
    }
    changes.sort();
    let expected = [
        "AccountLockout.outcome",
        "CombinedMultiFactorRegistration.successOutcome",
        "DeviceBinding.success",
        "DeviceBindingStorage.true",
        "DeviceSave.outcome",
        "OathDeviceStorage.successOutcome",
        "OathRegistration.successOutcome",
        "OptOutMultiFactorAuthentication.outcome",
        "PatchObject.PATCHED",
        "PingOneDeleteUser.true",
        "PushRegistration.successOutcome",
        "WebAuthnDeviceStorage.success",
        "WebAuthnRegistration.success",
        "product-WriteFederationInformation.outcome",
    ];
    assert_eq!(changes, expected);
    let lock = |word: &str| {
        let value = SettingValue::Constant(Value::from(word));
        named("AccountLockout").changes_account("outcome", only("lockAction", &value))
    };
    assert_eq!(lock("LOCK"), Known::Is(false));
    assert_eq!(lock("UNLOCK"), Known::Is(true));
}
