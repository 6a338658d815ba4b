//! Hosts and worlds that fail.

use std::{collections::BTreeSet, sync::Arc};

use proptest::{
    collection::{btree_set, vec},
    prelude::*,
};
use wayfare::{EffectReply, Value};
use wayfare_sim::{Scripted, SimHost, User, World};

/// Hosts: their seed, a clock that may jump forth and back whenever it is read, and a draw that may fail.
pub fn hosts() -> impl Strategy<Value = SimHost> {
    let jump = prop_oneof![
        4 => Just(0_i64),
        2 => 0_i64..10_000,
        1 => -10_000_i64..0,
        1 => prop_oneof![Just(-86_400_000_i64), Just(301_000), Just(86_400_000)],
    ];
    (any::<u64>(), vec(jump, 0..12), prop::option::of(0_u64..12)).prop_map(
        |(seed, jumps, fails)| {
            let host = SimHost::new(seed).jumping(jumps);
            if let Some(at) = fails {
                host.fail_random_at(at);
            }
            host
        },
    )
}

/// Worlds: people with and without passwords, mail and active accounts, and effects that fail.
///
/// `demo` with the password `Ch4ng31t` is always there, unless effects fail.
pub fn worlds() -> impl Strategy<Value = World> {
    let user = (
        prop_oneof![
            Just("ada".to_owned()),
            Just("Zoë".to_owned()),
            Just("eve@example.com".to_owned()),
            "[a-z]{1,8}",
        ],
        prop::option::of(Just("Tr0ub4dor")),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(name, password, mail, active)| {
            let mut user = User::new(name.as_str());
            if let Some(password) = password {
                user = user.password(password);
            }
            if mail {
                user = user.attribute("mail", format!("{}@example.com", name.len()));
            }
            if active { user } else { user.inactive() }
        });
    let failing = btree_set(0_usize..24, 0..4);
    (vec(user, 0..3), failing, any::<bool>()).prop_map(world)
}

fn world((users, failing, gadget): (Vec<User>, BTreeSet<usize>, bool)) -> World {
    let mut world = World::new();
    for user in users {
        world = world.user(user);
    }
    let demo = User::new("demo").password("Ch4ng31t");
    world = world.user(demo.attribute("mail", "demo@example.com"));
    world.failing = failing;
    world.answers("gadget", EffectReply::Custom(Value::Bool(gadget)))
}

/// What the outside may say next to a node that calls out, whatever it asks: a refusal, or nonsense.
///
/// A reply that is none to the effect is refused by the run, and nothing changes.
pub fn replies() -> impl Strategy<Value = Scripted> {
    prop_oneof![
        Just(Scripted::Fail("the outside fails".to_owned())),
        Just(Scripted::Reply(EffectReply::Miss)),
        Just(Scripted::Reply(EffectReply::Identity(None))),
        Just(Scripted::Reply(EffectReply::Sent)),
        Just(Scripted::Reply(EffectReply::StatusSet(false))),
        Just(Scripted::Reply(EffectReply::Session(None))),
        Just(Scripted::Reply(EffectReply::Custom(Value::Text(
            Arc::from("?")
        )))),
    ]
}
