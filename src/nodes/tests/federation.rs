//! Other identity providers.

use super::*;
use crate::engine::{
    callback::Foreign,
    effect::{
        Brought, ExternalReply, FindIdentity, Person, Provider, Social, SocialReply, Went, Who,
    },
};

fn social(did: Did) -> Social {
    match did {
        Did::Call(Effect::Social(asked)) => *asked,
        other => panic!("{other:?}"),
    }
}

fn said(reply: SocialReply) -> EffectReply {
    EffectReply::Social(Box::new(reply))
}

fn providers(names: &[&str]) -> EffectReply {
    let provider = |name: &&str| Provider {
        name: Arc::from(*name),
        ui: map([("buttonDisplayName", Value::from(*name))]),
    };
    said(SocialReply::Providers(names.iter().map(provider).collect()))
}

/// What a choice is offered as: the names.
fn offered(did: Did) -> Vec<String> {
    let Did::Ask(asked) = did else {
        panic!("{did:?}");
    };
    let [Callback::Foreign(asked)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(&*asked.kind, "SelectIdPCallback");
    let all = asked.output[0].1.as_array().unwrap();
    let name = |one: &serde_json::Value| one["provider"].as_str().unwrap().to_owned();
    all.iter().map(name).collect()
}

fn chosen(name: &str) -> [Answer; 1] {
    [Answer::Fields(vec![(
        Arc::from(""),
        Value::Secret(Secret::from(name)),
    )])]
}

fn select<const N: usize>(settings: [(&str, Value); N]) -> Visit {
    Visit::new("SelectIdP", settings)
}

#[test]
fn what_is_offered_is_what_there_is_and_what_the_node_wants() {
    let mut visit = select([("filteredProviders", list(["b", "c"]))]);
    let asked = social(visit.enter().unwrap());
    let among = vec![Arc::from("b"), Arc::from("c")];
    assert_eq!(asked, Social::Providers { among });
    // Whatever the embedder says, nothing else is offered.
    let did = visit.effect(providers(&["a", "b", "c"])).unwrap();
    assert_eq!(offered(did), ["b", "c", "localAuthentication"]);
    assert_eq!(
        visit.answer(chosen("b")).unwrap(),
        went("socialAuthentication")
    );
    assert_eq!(visit.shared("selectedIdp"), Some(Value::from("b")));
}

#[test]
fn only_what_was_offered_can_be_chosen() {
    for other in ["a", "B", "x", "localauthentication"] {
        let mut visit = select([("filteredProviders", list(["b"]))]);
        visit.enter().unwrap();
        visit.effect(providers(&["a", "b"])).unwrap();
        let refused = visit.answer(chosen(other)).unwrap_err();
        assert_eq!(refused, "Selected provider is unknown");
        assert_eq!(visit.shared("selectedIdp"), None);
    }
    let mut visit = select([]);
    visit.enter().unwrap();
    visit.effect(providers(&["a"])).unwrap();
    // Nothing chosen is asked again, and the password here is no provider.
    let again = visit.answer(chosen("")).unwrap();
    assert_eq!(offered(again), ["a", "localAuthentication"]);
    let local = visit.answer(chosen("localAuthentication")).unwrap();
    assert_eq!(local, went("localAuthentication"));
    assert_eq!(visit.shared("selectedIdp"), None);
}

#[test]
fn one_choice_is_taken_without_asking_and_none_is_an_error() {
    let mut visit = select([("includeLocalAuthentication", false.into())]);
    visit.enter().unwrap();
    let did = visit.effect(providers(&["a"])).unwrap();
    assert_eq!(did, went("socialAuthentication"));
    assert_eq!(visit.shared("selectedIdp"), Some(Value::from("a")));
    visit.enter().unwrap();
    let none = visit.effect(providers(&[])).unwrap_err();
    assert_eq!(none, "No available authentication providers");
    let mut visit = select([]);
    visit.enter().unwrap();
    let did = visit.effect(providers(&[])).unwrap();
    assert_eq!(did, went("localAuthentication"));
}

fn linked(links: &[&str]) -> EffectReply {
    let mut identity = demo();
    let links = links.iter().map(|link| Value::from(*link));
    let links = Value::List(links.collect());
    identity.attributes.insert(Arc::from("aliasList"), links);
    EffectReply::Identity(Some(identity))
}

#[test]
fn of_a_user_who_is_known_only_what_is_linked_is_offered() {
    let existing = || {
        let visit = select([("offerOnlyExisting", true.into())]);
        let mut visit = visit.with_shared("username", "demo");
        visit.enter().unwrap();
        let Did::Call(Effect::ReadIdentity(_)) =
            visit.effect(providers(&["a", "ab", "b"])).unwrap()
        else {
            panic!("the user is looked up");
        };
        visit
    };
    // `ab-1` is no account at `a`.
    for (links, password, wanted) in [
        (
            &["ab-1", "b-2"][..],
            true,
            &["ab", "b", "localAuthentication"][..],
        ),
        (&["a-1", "b-2"], false, &["a", "b"]),
    ] {
        let mut visit = existing();
        let Did::Call(Effect::FindIdentity(_)) = visit.effect(linked(links)).unwrap() else {
            panic!("whether there is a password is asked");
        };
        let there = EffectReply::Identity(password.then(demo));
        assert_eq!(offered(visit.effect(there).unwrap()), wanted);
    }
    // Nobody looks like somebody without an account elsewhere.
    let mut visit = existing();
    let did = visit.effect(EffectReply::Identity(None)).unwrap();
    assert_eq!(did, went("localAuthentication"));
    let mut visit = select([("offerOnlyExisting", true.into())]);
    visit.enter().unwrap();
    let refused = visit.effect(providers(&["a"])).unwrap_err();
    assert_eq!(refused, "No identity stored in state");
}

fn handler(ty: &str) -> Visit {
    let settings = [("script", Value::from("x")), ("storeTokens", true.into())];
    let mut visit = Visit::new(ty, settings).with_shared("selectedIdp", "op");
    visit.world.random = (0..96).collect();
    visit
}

/// The node as somebody was sent away, and the state.
fn away(ty: &str) -> (Visit, String) {
    let mut visit = handler(ty);
    let Social::Begin(begin) = social(visit.enter().unwrap()) else {
        panic!("it begins");
    };
    let drawn = [&begin.state, &begin.nonce, &begin.verifier].map(|text| text.reveal().clone());
    assert!(drawn.iter().all(|text| text.len() == 64));
    assert!(drawn[0] != drawn[1] && drawn[1] != drawn[2] && drawn[0] != drawn[2]);
    let redirect = SocialReply::Redirect {
        url: Arc::from("https://op.example/"),
        method: Arc::from("GET"),
        data: None,
    };
    let Did::Ask(asked) = visit.effect(said(redirect)).unwrap() else {
        panic!("somebody is sent away");
    };
    assert!(matches!(
        asked.as_slice(),
        [Callback::Redirect {
            tracking_cookie: true,
            ..
        }]
    ));
    let [state, ..] = drawn;
    (visit, state)
}

fn back(visit: &mut Visit, parameters: &[(&str, &str)]) -> Result<Did, String> {
    let pairs = parameters.iter();
    visit.world.request.parameters = pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    visit.answer([Answer::None])
}

const V1: &str = "SocialProviderHandler";
const V2: &str = "SocialProviderHandlerNodeV2";

#[test]
fn whoever_comes_back_brings_the_state_of_the_visit_once() {
    let strange = "Not having the state could mean that this request did not come from the IDP";
    for ty in [V1, V2] {
        for parameters in [
            &[("code", "c")][..],
            &[("code", "c"), ("state", "x")],
            &[("code", "c"), ("state", "")],
            &[("error", "access_denied")],
        ] {
            let (mut visit, state) = away(ty);
            assert_eq!(back(&mut visit, parameters).unwrap_err(), strange, "{ty}");
            // What was brought is used up by that.
            assert!(back(&mut visit, &[("code", "c"), ("state", &state)]).is_err());
        }
        for twice in ["code", "state", "error", "iss"] {
            let (mut visit, state) = away(ty);
            let came = [
                ("code", "c"),
                ("state", &*state),
                (twice, "c"),
                (twice, "d"),
            ];
            assert_eq!(
                back(&mut visit, &came).unwrap_err(),
                strange,
                "{ty} {twice}"
            );
        }
        let (mut visit, state) = away(ty);
        let came = [
            ("code", "c"),
            ("state", &*state),
            ("iss", "https://op.example"),
        ];
        let Social::Finish(finish) = social(back(&mut visit, &came).unwrap()) else {
            panic!("the code is exchanged");
        };
        let Brought::Code { code, issuer, .. } = finish.brought else {
            panic!("it is a code");
        };
        assert_eq!(
            (code.reveal().as_str(), issuer.as_deref()),
            ("c", Some("https://op.example"))
        );
    }
}

#[test]
fn whoever_turned_back_is_told_apart_where_there_is_an_arrow_for_it() {
    for parameters in [
        &[][..],
        &[("error", "access_denied")],
        &[("error", "consent_required")],
    ] {
        for ty in [V1, V2] {
            let (mut visit, state) = away(ty);
            let mut came = parameters.to_vec();
            if !came.is_empty() {
                came.push(("state", &state));
            }
            let did = back(&mut visit, &came);
            match ty {
                V2 => assert_eq!(did.unwrap(), went("SOCIAL_AUTH_INTERRUPTED")),
                _ => assert!(did.is_err()),
            }
        }
    }
    let (mut visit, state) = away(V2);
    assert!(back(&mut visit, &[("error", "server_error"), ("state", &state)]).is_err());
}

fn person(subject: &str) -> EffectReply {
    said(SocialReply::Told(Box::new(Person {
        subject: Arc::from(subject),
        attributes: BTreeMap::from([
            (Arc::from("userName"), Value::from("ada")),
            (Arc::from("mail"), Value::from("ada@example.com")),
        ]),
        raw: map([("sub", Value::from(subject))]),
        access: Some(Secret::from("at")),
        refresh: None,
    })))
}

/// The node as the provider has said who it is, and what is searched for.
fn told(mut visit: Visit, state: &str) -> (Visit, FindIdentity) {
    back(&mut visit, &[("code", "c"), ("state", state)]).unwrap();
    let Did::Call(Effect::FindIdentity(find)) = visit.effect(person("1234")).unwrap() else {
        panic!("the account is searched for");
    };
    (visit, find)
}

#[test]
fn an_account_is_found_by_its_link_and_by_nothing_else() {
    let (visit, state) = away(V2);
    let (mut visit, find) = told(visit, &state);
    let wanted = crate::filter::Filter::equal("aliasList", "op-1234");
    assert_eq!(find.filter, wanted);
    let Did::Go(outcome, Some((Factor::Federation, identity))) =
        visit.effect(linked(&["x-1", "op-1234"])).unwrap()
    else {
        panic!("it is proved");
    };
    assert_eq!((&*outcome, &*identity.username), ("ACCOUNT_EXISTS", "demo"));
    assert_eq!(visit.shared("username"), Some(Value::from("demo")));
    let object = visit.world.object.get("userName").cloned();
    assert_eq!(
        object,
        Some((Value::from("demo"), false)),
        "no wish to be called so here"
    );
    let tokens = visit.transient("access_token");
    assert_eq!(tokens, Some(secret("at")));
    // A store that compares without letter case finds somebody else.
    let (visit, state) = away(V2);
    let (mut visit, _) = told(visit, &state);
    assert_eq!(
        visit.effect(linked(&["OP-1234"])).unwrap(),
        went("NO_ACCOUNT")
    );
}

#[test]
fn whoever_has_no_account_may_be_made_one() {
    let (visit, state) = away(V2);
    let (mut visit, _) = told(visit, &state);
    let did = visit.effect(EffectReply::Identity(None)).unwrap();
    assert_eq!(did, went("NO_ACCOUNT"));
    assert_eq!(visit.shared("username"), Some(Value::from("ada")));
    let object = |name: &str| visit.world.object.get(name).cloned();
    assert_eq!(object("userName"), Some((Value::from("ada"), false)));
    assert_eq!(object("mail"), Some((Value::from("ada@example.com"), true)));
    assert_eq!(object("aliasList"), Some((list(["op-1234"]), true)));
}

#[test]
fn a_name_that_was_typed_is_not_whom_the_provider_means() {
    for (attribute, wanted) in [("userName", "ada"), ("nickname", "op-1234")] {
        let settings = [
            ("script", Value::from("x")),
            ("usernameAttribute", Value::from(attribute)),
        ];
        let visit = Visit::new(V2, settings);
        let mut visit = visit
            .with_shared("selectedIdp", "op")
            .with_shared("username", "admin");
        visit.world.random = (0..96).collect();
        let Social::Begin(begin) = social(visit.enter().unwrap()) else {
            panic!("it begins");
        };
        let (mut visit, _) = told(visit, begin.state.reveal());
        let did = visit.effect(EffectReply::Identity(None)).unwrap();
        assert_eq!(did, went("NO_ACCOUNT"));
        assert_eq!(visit.shared("username"), Some(Value::from(wanted)));
    }
}

#[test]
fn a_run_that_knows_its_user_keeps_them() {
    let subject = Subject {
        id: demo().subject,
        username: Arc::from("demo"),
    };
    let (mut visit, state) = away(V1);
    visit.world.subject = Some(subject.clone());
    let visit = visit.with_shared("username", "demo");
    let (mut visit, _) = told(visit, &state);
    let Did::Call(Effect::ReadIdentity(read)) = visit.effect(EffectReply::Identity(None)).unwrap()
    else {
        panic!("the links of the user are read");
    };
    assert_eq!(read.who, Who::Subject(demo().subject));
    assert_eq!(visit.effect(linked(&["x-1"])).unwrap(), went("NO_ACCOUNT"));
    assert_eq!(visit.shared("username"), Some(Value::from("demo")));
    let links = visit.world.object.get("aliasList").cloned();
    assert_eq!(links, Some((list(["x-1", "op-1234"]), true)));
    // An account of somebody else is not taken in its place.
    let (mut visit, state) = away(V1);
    visit.world.subject = Some(Subject {
        id: SubjectId(Arc::from("other")),
        ..subject
    });
    let (mut visit, _) = told(visit, &state);
    let refused = visit.effect(linked(&["op-1234"])).unwrap_err();
    assert_eq!(refused, "Account does not belong to user in share state.");
    // Nor in the place of a name that was typed.
    let (visit, state) = away(V1);
    let (mut visit, _) = told(visit.with_shared("username", "eve"), &state);
    assert!(visit.effect(linked(&["op-1234"])).is_err());
}

#[test]
fn what_is_no_word_of_the_provider_proves_nothing() {
    for reply in [
        said(SocialReply::Denied(Arc::from("forged"))),
        said(SocialReply::Unknown),
        person(""),
        person("a\nb"),
        person(&"x".repeat(256)),
        linked(&["op-1234"]),
    ] {
        let (mut visit, state) = away(V2);
        back(&mut visit, &[("code", "c"), ("state", &state)]).unwrap();
        assert!(visit.effect(reply).is_err());
    }
    let mut visit = handler(V2);
    visit.enter().unwrap();
    let refused = visit.effect(said(SocialReply::Unknown)).unwrap_err();
    assert_eq!(refused, "Selected provider does not exist.");
    let mut visit = Visit::new(V2, [("script", Value::from("x"))]);
    assert_eq!(visit.enter().unwrap_err(), "selectedIdp not found in state");
}

#[test]
fn an_app_is_told_what_it_needs_and_no_more() {
    let settings = [
        ("script", Value::from("x")),
        ("clientType", "NATIVE".into()),
    ];
    let mut visit = Visit::new(V2, settings).with_shared("selectedIdp", "op");
    visit.world.random = (0..96).collect();
    let Social::Begin(begin) = social(visit.enter().unwrap()) else {
        panic!("it begins");
    };
    assert!(begin.native);
    let native = SocialReply::Native {
        client: Arc::from("c"),
        redirect: Arc::from("r"),
        scopes: vec![Arc::from("openid")],
        acr_values: Vec::new(),
    };
    let Did::Ask(asked) = visit.effect(said(native)).unwrap() else {
        panic!("the app is asked");
    };
    let [Callback::Foreign(asked)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    let Foreign { kind, output, .. } = &**asked;
    assert_eq!(&**kind, "IdPCallback");
    let shown = serde_json::to_string(&output.iter().map(|(_, v)| v).collect::<Vec<_>>()).unwrap();
    assert!(shown.contains(begin.nonce.reveal()));
    assert!(!shown.contains(begin.verifier.reveal()) && !shown.contains(begin.state.reveal()));
}

#[test]
fn a_rehearsal_says_in_a_word_how_it_ends() {
    let mut visit = handler(V2);
    visit.enter().unwrap();
    let said = |went: Went| EffectReply::External(Box::new(ExternalReply::Went(went)));
    let Did::Call(Effect::ReadIdentity(_)) = visit
        .effect(said(Went::by("ACCOUNT_EXISTS").user("demo")))
        .unwrap()
    else {
        panic!("the user is looked up");
    };
    let did = visit.effect(EffectReply::Identity(Some(demo()))).unwrap();
    let proof = Some((Factor::Federation, demo()));
    assert_eq!(did, Did::Go("ACCOUNT_EXISTS".to_owned(), proof));
    let mut visit = handler(V2);
    visit.enter().unwrap();
    let odd = visit.effect(said(Went::by("NO_ACCOUNT").write("shared.admin", true)));
    assert!(odd.is_err(), "the signature bounds it");
}
