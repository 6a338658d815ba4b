//! Accounts made of what a provider told.

use super::*;
use crate::engine::effect::CreateIdentity;

fn info(name: &str) -> Value {
    map([
        ("userNames", map([("username", list([name]))])),
        (
            "attributes",
            map([
                ("mail", list(["ada@example.com"])),
                ("aliasList", list(["a", "b"])),
                ("uid", list(["admin"])),
                ("password", list(["chosen"])),
                ("_id", list(["id-admin"])),
            ]),
        ),
    ])
}

fn told(name: &str) -> Visit {
    let mut visit = Visit::new("ProvisionDynamicAccount", []).with_shared("userInfo", info(name));
    visit.world.told = Some(info(name));
    visit
}

const NOTHING_TOLD: &str = "No user information has been found in the shared state. You must call a \
                            node that sets this information first";

#[test]
fn an_account_is_made_of_what_the_provider_told() {
    let mut visit = told("ada").with_transient("password", secret("s"));
    let made = Did::Call(Effect::CreateIdentity(CreateIdentity {
        resource: Arc::from("managed/user"),
        attributes: BTreeMap::from([
            (Arc::from("userName"), "ada".into()),
            (Arc::from("mail"), "ada@example.com".into()),
            (Arc::from("aliasList"), list(["a", "b"])),
            (Arc::from("password"), secret("s")),
        ]),
    }));
    assert_eq!(visit.enter().unwrap(), made);
    // The engine writes the name of whom this proves.
    visit = visit.with_shared("username", "demo");
    let proof = Some((Factor::Federation, demo()));
    let did = visit.effect(EffectReply::Written(demo())).unwrap();
    assert_eq!(did, Did::Go("outcome".to_owned(), proof));
    let refused = visit.effect(EffectReply::Refused(Vec::new())).unwrap_err();
    assert_eq!(refused, "Unable to create user");
    // Somebody who is there already is not taken for the one the provider told of.
    let found = EffectReply::Identity(Some(demo()));
    assert!(visit.effect(found).is_err());
}

#[test]
fn what_only_stands_in_the_state_was_told_by_nobody() {
    let mut visit =
        Visit::new("ProvisionDynamicAccount", []).with_shared("userInfo", info("admin"));
    assert_eq!(visit.enter().unwrap_err(), NOTHING_TOLD);
    // Nor what was told, and then written over.
    let mut visit = told("ada").with_shared("userInfo", info("admin"));
    assert_eq!(visit.enter().unwrap_err(), NOTHING_TOLD);
    let mut visit = Visit::new("ProvisionDynamicAccount", []);
    visit.world.told = Some(info("ada"));
    assert_eq!(visit.enter().unwrap_err(), NOTHING_TOLD);
}

#[test]
fn without_a_name_there_is_no_account() {
    for names in [
        map([]),
        map([("userNames", map([]))]),
        map([("userNames", map([("username", list([""]))]))]),
        map([("userNames", map([("username", list(["a", "b"]))]))]),
        map([("userNames", "ada".into())]),
    ] {
        let mut visit = Visit::new("ProvisionDynamicAccount", []);
        visit = visit.with_shared("userInfo", names.clone());
        visit.world.told = Some(names);
        let error = visit.enter().unwrap_err();
        assert!(error.contains("doesn't contain the userNames"), "{error}");
    }
}
