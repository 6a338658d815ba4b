//! Binds: what the policy of a directory says, the page that changes a password, and other systems.

use super::*;
use crate::engine::{
    callback::FailedPolicy,
    effect::{Bind, Credential, Directory, LdapPolicy, LdapSecurity, Unmet, Verdict, Verify, Who},
};

fn texts(all: &[&str]) -> Value {
    Value::List(all.iter().map(|text| Value::text(*text)).collect())
}

fn store() -> Visit {
    typed(Visit::new("IdentityStoreDecision", []))
}

fn typed(visit: Visit) -> Visit {
    visit
        .with_shared("username", "Demo")
        .with_transient("password", secret("old-secret"))
}

fn directory<const N: usize>(ty: &str, more: [(&str, Value); N]) -> Result<Visit, String> {
    let mut settings: BTreeMap<&str, Value> = BTreeMap::from([
        ("primaryServers", texts(&["ldap.example.com:636"])),
        ("secondaryServers", texts(&["", "other.example.com:636"])),
        (
            "accountSearchBaseDn",
            texts(&["ou=people,dc=example,dc=com"]),
        ),
        ("userProfileAttribute", "uid".into()),
        ("searchFilterAttributes", texts(&["uid", "mail"])),
        ("ldapConnectionMode", "LDAPS".into()),
    ]);
    settings.extend(more);
    let settings: Vec<(&str, Value)> = settings.into_iter().collect();
    Visit::scripted(ty, settings, &[], &BTreeMap::new()).map_err(|error| error.message)
}

fn bind_of(did: Did) -> (Verify, Bind) {
    let Did::Call(Effect::Verify(verify)) = did else {
        panic!("it verifies: {did:?}");
    };
    let Credential::Bind(bind) = &verify.credential else {
        panic!("it binds");
    };
    let bind = (**bind).clone();
    (verify, bind)
}

fn page(did: Did) -> String {
    let Did::Ask(callbacks) = did else {
        panic!("it asks: {did:?}");
    };
    let kinds: Vec<&str> = callbacks.iter().map(Callback::kind).collect();
    assert_eq!(
        kinds,
        [
            "TextOutputCallback",
            "PasswordCallback",
            "PasswordCallback",
            "PasswordCallback",
            "ConfirmationCallback"
        ]
    );
    let Some(Callback::TextOutput { text, .. }) = callbacks.into_iter().next() else {
        panic!("it says why");
    };
    text
}

fn answer(visit: &mut Visit, old: &str, new: &str, again: &str, button: u32) -> Did {
    let secret = |text: &str| Answer::Secret(Secret::from(text));
    let answers = vec![
        Answer::None,
        secret(old),
        secret(new),
        secret(again),
        Answer::Index(button),
    ];
    visit.resume(Reply::Answers(answers)).unwrap()
}

fn policy(verdict: Verdict) -> EffectReply {
    EffectReply::Policy(verdict)
}

fn proved() -> Did {
    Did::Go("TRUE".to_owned(), Some((Factor::Password, demo())))
}

#[test]
fn a_bind_says_right_wrong_locked_or_expired() {
    let mut visit = store();
    let (verify, bind) = bind_of(visit.enter().unwrap());
    assert_eq!(verify.who, Who::Name(Arc::from("Demo")));
    assert_eq!(verify.secret, Secret::from("old-secret"));
    assert_eq!((bind.at, bind.new), (Directory::Realm, None));
    for (reply, outcome) in [
        (EffectReply::Miss, "FALSE"),
        (policy(Verdict::Locked), "LOCKED"),
        (policy(Verdict::Expired), "EXPIRED"),
    ] {
        let mut visit = store();
        visit.enter().unwrap();
        assert_eq!(visit.effect(reply).unwrap(), went(outcome));
    }
    assert_eq!(visit.effect(EffectReply::Match(demo())).unwrap(), proved());
    // What a store says of nobody's question is no answer.
    assert!(visit.effect(EffectReply::Sent).is_err());
    assert!(visit.effect(EffectReply::Refused(Vec::new())).is_err());
}

#[test]
fn a_password_that_is_blank_is_never_bound_with() {
    for blank in ["", "  \t"] {
        let mut visit = store().with_transient("password", secret(blank));
        assert_eq!(visit.enter().unwrap(), went("FALSE"));
        let mut visit =
            typed(directory("LdapDecision", []).unwrap()).with_transient("password", secret(blank));
        assert_eq!(visit.enter().unwrap(), went("FALSE"));
    }
}

#[test]
fn who_is_not_active_is_locked_whatever_else_is_said() {
    let gone = || Identity {
        active: false,
        ..demo()
    };
    for reply in [
        EffectReply::Match(gone()),
        policy(Verdict::MustChange(gone())),
        policy(Verdict::Grace(gone(), 1)),
    ] {
        let mut visit = store();
        visit.enter().unwrap();
        assert_eq!(visit.effect(reply).unwrap(), went("LOCKED"));
    }
}

#[test]
fn a_password_that_was_reset_is_changed_or_nobody_is_let_in() {
    let mut visit = store();
    visit.enter().unwrap();
    let text = page(visit.effect(policy(Verdict::MustChange(demo()))).unwrap());
    assert_eq!(text, "YOU MUST CHANGE YOUR PASSWORD.");
    assert_eq!(answer(&mut visit, "", "", "", 1), went("CANCELLED"));

    let (verify, bind) = bind_of(answer(&mut visit, "old", "new-secret", "new-secret", 0));
    assert_eq!(verify.secret, Secret::from("old"));
    assert_eq!(bind.new, Some(Secret::from("new-secret")));
    // A wrong old password, one that the policy does not take, and one that it takes.
    let text = page(visit.effect(EffectReply::Miss).unwrap());
    assert!(text.contains("OLD PASSWORD"), "{text}");
    bind_of(answer(
        &mut visit,
        "old-secret",
        "new-secret",
        "new-secret",
        0,
    ));
    let refused = |requirement: &str| {
        EffectReply::Refused(vec![Unmet {
            attribute: Arc::from("password"),
            failed: vec![FailedPolicy {
                requirement: Arc::from(requirement),
                params: serde_json::json!({}),
            }],
        }])
    };
    let text = page(visit.effect(refused("PASSWORD_IN_HISTORY")).unwrap());
    assert!(text.contains("BEFORE"), "{text}");
    bind_of(answer(
        &mut visit,
        "old-secret",
        "new-secret",
        "new-secret",
        0,
    ));
    assert_eq!(visit.effect(EffectReply::Match(demo())).unwrap(), proved());
    assert_eq!(visit.transient("password"), Some(secret("new-secret")));
}

#[test]
fn a_change_may_end_in_a_lock_and_never_in_somebody_else() {
    for (reply, outcome) in [
        (policy(Verdict::Locked), "LOCKED"),
        (policy(Verdict::Expired), "EXPIRED"),
    ] {
        let mut visit = store();
        visit.enter().unwrap();
        visit.effect(policy(Verdict::Grace(demo(), 1))).unwrap();
        bind_of(answer(&mut visit, "old", "new-secret", "new-secret", 0));
        assert_eq!(visit.effect(reply).unwrap(), went(outcome));
    }
    let mut visit = store();
    visit.enter().unwrap();
    visit.effect(policy(Verdict::MustChange(demo()))).unwrap();
    bind_of(answer(&mut visit, "old", "new-secret", "new-secret", 0));
    let other = Identity::named(Arc::from("other"));
    assert!(visit.effect(EffectReply::Match(other)).is_err());
}

#[test]
fn what_cannot_be_a_new_password_is_asked_for_again() {
    let mut visit = store();
    visit.enter().unwrap();
    visit.effect(policy(Verdict::MustChange(demo()))).unwrap();
    for (old, new, again, why) in [
        ("", "new-secret", "new-secret", "OLD PASSWORD IS MISSING"),
        ("old", "new-secret", "new-other", "NOT THE SAME"),
        ("old", "seven77", "seven77", "TOO SHORT"),
        ("old", "         ", "         ", "TOO SHORT"),
        ("same-secret", "same-secret", "same-secret", "THE OLD ONE"),
    ] {
        let text = page(answer(&mut visit, old, new, again, 0));
        assert!(text.contains(why), "{text}");
    }
}

#[test]
fn a_password_that_lapses_soon_may_be_kept() {
    let day = Duration::from_secs(24 * 60 * 60);
    for (verdict, said) in [
        (
            Verdict::Expires(demo(), day * 3),
            "Your password expires in 3 days.",
        ),
        (
            Verdict::Expires(demo(), day / 2),
            "Your password expires in 1 day.",
        ),
        (
            Verdict::Grace(demo(), 2),
            "Your password has expired. Logins left with it: 2.",
        ),
    ] {
        let mut visit = typed(Visit::new(
            "IdentityStoreDecision",
            [("mixedCaseForPasswordChangeMessages", true.into())],
        ));
        visit.enter().unwrap();
        assert_eq!(page(visit.effect(policy(verdict)).unwrap()), said);
        assert_eq!(answer(&mut visit, "", "", "", 1), proved());
    }
}

#[test]
fn a_node_describes_its_directory() {
    let mut visit = typed(directory("LdapDecision", []).unwrap());
    let (_, bind) = bind_of(visit.enter().unwrap());
    let Directory::Ldap(ldap) = bind.at else {
        panic!("it is the node's");
    };
    assert_eq!(
        ldap.servers,
        [
            Arc::from("ldap.example.com:636"),
            Arc::from("other.example.com:636")
        ]
    );
    assert_eq!(ldap.security, LdapSecurity::Tls);
    assert_eq!(ldap.policy, LdapPolicy::Control);
    assert_eq!(ldap.idle, Some(Duration::from_secs(10)));
    assert_eq!((ldap.timeout, ldap.account), (None, None));
    // The name of the entry takes the place of the one that was typed.
    let done = visit.effect(EffectReply::Match(demo())).unwrap();
    assert_eq!(done, proved());
    assert_eq!(visit.shared("username"), Some("demo".into()));

    let mut plain = typed(directory("LdapDecision", [("beheraEnabled", false.into())]).unwrap());
    let (_, bind) = bind_of(plain.enter().unwrap());
    let Directory::Ldap(ldap) = bind.at else {
        panic!("it is the node's");
    };
    assert_eq!(ldap.policy, LdapPolicy::None);
}

#[test]
fn the_account_of_a_directory_goes_with_it_and_not_into_what_is_printed() {
    let settings = [
        ("adminDn", "cn=reader".into()),
        ("adminPassword", secret("hidden-word")),
    ];
    let mut visit = typed(directory("LdapDecision", settings).unwrap());
    let did = visit.enter().unwrap();
    assert!(!format!("{did:?}").contains("hidden-word"));
    let (_, bind) = bind_of(did);
    let Directory::Ldap(ldap) = bind.at else {
        panic!("it is the node's");
    };
    let account = (Arc::from("cn=reader"), Secret::from("hidden-word"));
    assert_eq!(ldap.account, Some(account));
}

#[test]
fn settings_of_a_directory_that_cannot_be_kept_are_refused() {
    for (key, value, why) in [
        ("mtlsEnabled", true.into(), "mtlsSecretLabel"),
        ("trustAllServerCertificates", true.into(), "whom to trust"),
        ("accountSearchBaseDn", texts(&[]), "accountSearchBaseDn"),
        (
            "searchFilterAttributes",
            texts(&[""]),
            "searchFilterAttributes",
        ),
    ] {
        for ty in ["LdapDecision", "ADDecision"] {
            let error = directory(ty, [(key, Value::clone(&value))]).err().unwrap();
            assert!(error.contains(why), "{error}");
        }
    }
}

#[test]
fn a_certificate_is_named_by_the_label_of_the_product_and_takes_the_place_of_the_account() {
    for (ty, kind) in [("LdapDecision", "ldap"), ("ADDecision", "ad")] {
        let settings = [
            ("mtlsEnabled", true.into()),
            ("mtlsSecretLabel", "own.1".into()),
            ("adminDn", "cn=reader".into()),
            ("adminPassword", secret("hidden-word")),
        ];
        let mut visit = typed(directory(ty, settings).unwrap());
        let (_, bind) = bind_of(visit.enter().unwrap());
        let Directory::Ldap(ldap) = bind.at else {
            panic!("it is the node's");
        };
        let label = format!("am.authentication.nodes.{kind}.decision.mtls.own.1.cert");
        assert_eq!(ldap.certificate.as_deref(), Some(label.as_str()));
        assert_eq!(ldap.account, None);
    }
    for (label, mode) in [
        ("", "LDAPS"),
        (".own", "LDAPS"),
        ("own.", "LDAPS"),
        ("own/../other", "LDAPS"),
        ("own", "LDAP"),
        ("own", "START_TLS"),
    ] {
        let settings = [
            ("mtlsEnabled", true.into()),
            ("mtlsSecretLabel", label.into()),
            ("ldapConnectionMode", mode.into()),
        ];
        let error = directory("LdapDecision", settings).err().unwrap();
        assert!(error.contains("`mtlsEnabled` needs"), "{error}");
    }
}

#[test]
fn active_directory_tells_a_locked_account_where_it_is_to() {
    for (tells, message) in [(false, None), (true, Some("The account is locked."))] {
        let settings = [("returnAccountLockedMessage", tells.into())];
        let mut visit = typed(directory("ADDecision", settings).unwrap());
        let (_, bind) = bind_of(visit.enter().unwrap());
        let Directory::Ldap(ldap) = bind.at else {
            panic!("it is the node's");
        };
        assert_eq!(ldap.policy, LdapPolicy::ActiveDirectory);
        assert_eq!(
            visit.effect(policy(Verdict::Locked)).unwrap(),
            went("LOCKED")
        );
        let said = visit
            .world
            .failure
            .as_ref()
            .and_then(|(text, _)| text.as_deref());
        assert_eq!(said, message);
    }
}

#[test]
fn another_system_says_yes_or_no_and_proves_nothing() {
    let new = || {
        Visit::new(
            "PassthroughAuthentication",
            [("systemEndpoint", "hr".into())],
        )
    };
    assert_eq!(new().enter().unwrap(), went("MISSING"));
    let mut visit = new();
    visit.world.put_object("userName", "ada".into(), false);
    assert_eq!(visit.enter().unwrap(), went("MISSING"));
    visit.world.put_object("password", secret(" "), true);
    assert_eq!(visit.enter().unwrap(), went("MISSING"));
    visit.world.put_object("password", secret("right"), true);
    let (verify, bind) = bind_of(visit.enter().unwrap());
    assert_eq!(verify.who, Who::Name(Arc::from("ada")));
    assert_eq!(bind.at, Directory::System(Arc::from("hr")));
    let day = Duration::from_secs(24 * 60 * 60);
    for (reply, outcome) in [
        (EffectReply::Match(demo()), "AUTHENTICATED"),
        (policy(Verdict::Expires(demo(), day)), "AUTHENTICATED"),
        (policy(Verdict::Grace(demo(), 1)), "AUTHENTICATED"),
        (policy(Verdict::MustChange(demo())), "FAILED"),
        (policy(Verdict::Locked), "FAILED"),
        (policy(Verdict::Expired), "FAILED"),
        (EffectReply::Miss, "FAILED"),
    ] {
        assert_eq!(visit.effect(reply).unwrap(), went(outcome));
    }
    assert!(visit.effect(EffectReply::Sent).is_err());
}
