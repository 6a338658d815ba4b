//! Types of which a performer may say how their nodes end.

use super::*;
use crate::{
    engine::effect::{ExternalReply, Went},
    nodes::STOOD_IN,
};

fn of(ty: &str) -> Visit {
    let mut visit = match ty {
        "SelectIdP" => Visit::new(ty, []),
        _ => Visit::new(ty, [("script", Value::from("x"))]).with_shared("selectedIdp", "op"),
    };
    visit.world.random = (0..96).collect();
    visit
}

fn says(went: Went) -> EffectReply {
    EffectReply::External(Box::new(ExternalReply::Went(went)))
}

#[test]
fn each_asks_by_its_own_effect_and_ends_as_it_is_said() {
    for ty in STOOD_IN {
        let outcomes: &[&str] = match *ty {
            "SelectIdP" => &["socialAuthentication", "localAuthentication"],
            _ => &["NO_ACCOUNT"],
        };
        for outcome in outcomes {
            let mut visit = of(ty);
            let Did::Call(Effect::Social(_)) = visit.enter().unwrap() else {
                panic!("{ty} asks for its own");
            };
            let did = visit.effect(says(Went::by(*outcome))).unwrap();
            assert_eq!(did, went(outcome), "{ty}");
        }
    }
}

#[test]
fn what_is_said_is_bounded_by_the_signature() {
    for ty in STOOD_IN {
        for went in [
            Went::by("nowhere"),
            Went::by("NO_ACCOUNT").write("shared.admin", true),
            Went::by("socialAuthentication").write("shared.admin", true),
        ] {
            let mut visit = of(ty);
            visit.enter().unwrap();
            assert!(visit.effect(says(went.clone())).is_err(), "{ty} {went:?}");
        }
    }
}

/// Only what was said before lets an identity be the answer of somebody outside.
#[test]
fn an_identity_that_nobody_was_said_to_be_is_the_nodes_own_affair() {
    for ty in &STOOD_IN[1..] {
        let mut visit = of(ty);
        visit.enter().unwrap();
        let did = visit.effect(EffectReply::Identity(Some(demo())));
        assert!(
            !matches!(did, Ok(Did::Go(_, Some(_)))),
            "{ty} proves nobody: {did:?}"
        );
    }
}

#[test]
fn what_a_type_says_of_itself_is_its_own() {
    let all = standard();
    for ty in STOOD_IN {
        let mut known = all.iter();
        let known = known.find(|known| known.signature().name == **ty).unwrap();
        assert!(
            !known.errors().is_empty() && !known.calls().is_empty(),
            "{ty}"
        );
    }
}
