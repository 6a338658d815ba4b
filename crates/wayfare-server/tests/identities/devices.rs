//! What the database says of devices is what the world in memory says, and nobody else's row is opened.
//!
//! Random effects of few users and few devices, so that they meet; the same is asked of both.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use wayfare::{
    Effect, EffectReply, Secret, SubjectId, Value,
    engine::{
        effect::{
            Credential, DEVICES_MAX, Device, DeviceKind, EffectId, OathHash, OathKey, OathMoving,
            OathWindow, ReadDevices, RemoveDevice, Room, StoreDevice, Verify, Who,
        },
        step::Call,
    },
};
use wayfare_oath::{Key, Token};
use wayfare_server::{
    clock::{Clock as _, ManualClock},
    devices::{DEVICE_BYTES_MAX, Devices},
    identities::{Hasher, Identities as _, IdentityError},
    keys,
};
use wayfare_sim::{User, World};

use super::{
    Bench,
    bench::{NOW, alpha},
    dice::Dice,
    named, text, values,
};

const MOVING: OathMoving = OathMoving::Time {
    step: 30,
    hash: OathHash::Sha1,
};
const KEYS: [&str; 2] = [
    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "MZXW6YTBOJUWU23MNUZGC3LTNBUW4ZZR",
];

fn kind(dice: &mut Dice) -> DeviceKind {
    dice.pick(&[DeviceKind::Oath, DeviceKind::Oath, DeviceKind::Profile])
}

fn store(dice: &mut Dice, who: Who) -> Effect {
    let kind = kind(dice);
    let key = OathKey {
        key: Secret::from(dice.pick(&KEYS)),
        moving: if dice.below(4) == 0 {
            OathMoving::Counter
        } else {
            MOVING
        },
        digits: 6,
        checksum: false,
        offset: None,
        used: None,
    };
    let count = dice.below(3);
    let codes: Vec<Secret<String>> = (0..count)
        .map(|_| Secret::from(dice.pick(&["a1", "b2", "c3"])))
        .collect();
    Effect::StoreDevice(Box::new(StoreDevice {
        who,
        kind,
        uuid: Arc::from(dice.pick(&["u1", "u2", "u3"])),
        name: Arc::from(dice.pick(&["Phone", "Watch"])),
        used: None,
        data: if kind == DeviceKind::Oath {
            key.data()
        } else {
            BTreeMap::from([(Arc::from("os"), Value::text("x"))])
        },
        secrets: key.secrets(),
        codes,
        room: dice.pick(&[
            Room::Only,
            Room::Among(0),
            Room::Among(1),
            Room::Among(2),
            Room::Latest(0),
            Room::Latest(1),
            Room::Latest(2),
            Room::Latest(2),
        ]),
    }))
}

fn verify(dice: &mut Dice, who: Who, clock: &ManualClock) -> Effect {
    if dice.below(3) == 0 {
        return Effect::Verify(Verify {
            who,
            credential: Credential::Recovery { of: kind(dice) },
            secret: Secret::from(dice.pick(&["a1", "b2", "c3", "d4"])),
        });
    }
    let moving = dice.pick(&[MOVING, MOVING, MOVING, OathMoving::Counter]);
    let counter = match moving {
        OathMoving::Counter => dice.below(4) as u64,
        OathMoving::Time { step, .. } => clock.now().seconds() / step + dice.below(5) as u64 - 2,
    };
    let key = Key::from_base32(dice.pick(&KEYS)).unwrap();
    let code = Token::new(key, OathHash::Sha1, 6).unwrap().code(counter);
    Effect::Verify(Verify {
        who,
        credential: Credential::Oath(OathWindow {
            moving,
            window: 2,
            drift: 3,
            unkept: None,
        }),
        secret: Secret::new(code),
    })
}

/// The store of devices of a bench, with keys of its own.
fn devices(bench: &Bench, clock: &ManualClock) -> Devices {
    let keys = keys::storage(bench.folder.path(), &alpha(), NOW).expect("keys");
    Devices::new(bench.store.clone(), alpha(), keys, Arc::new(clock.clone()))
}

async fn perform(
    bench: &Bench,
    devices: &Devices,
    id: EffectId,
    effect: &Effect,
) -> Result<EffectReply, IdentityError> {
    let hasher = Hasher::new(&bench.pool, None);
    let once = (id, bench.once(id).exp);
    let who = match effect {
        Effect::ReadDevices(read) => &read.who,
        Effect::StoreDevice(store) => &store.who,
        Effect::RemoveDevice(remove) => &remove.who,
        Effect::Verify(verify) => &verify.who,
        other => panic!("{other:?}"),
    };
    let Some(user) = bench.identities.read(who, &[]).await? else {
        return Ok(match effect {
            Effect::Verify(_) => EffectReply::Miss,
            _ => EffectReply::Identity(None),
        });
    };
    let whose = &user.subject;
    Ok(match effect {
        Effect::ReadDevices(read) => EffectReply::Devices(devices.all(whose, read.kind)?),
        Effect::StoreDevice(store) => {
            EffectReply::DeviceStored(devices.put(once, whose, store, hasher).await?)
        }
        Effect::RemoveDevice(remove) => {
            let uuid = remove.uuid.as_deref();
            EffectReply::DeviceRemoved(devices.remove(once, whose, remove.kind, uuid).await?)
        }
        Effect::Verify(verify) => {
            let typed = &verify.secret;
            let right = match &verify.credential {
                Credential::Oath(window) => devices.takes_code(whose, window, typed).await?,
                Credential::Recovery { of } => {
                    devices
                        .takes_recovery(Some(whose), *of, typed, hasher)
                        .await?
                }
                other => panic!("{other:?}"),
            };
            if right {
                EffectReply::Match(user)
            } else {
                EffectReply::Miss
            }
        }
        other => panic!("{other:?}"),
    })
}

fn effect(dice: &mut Dice, clock: &ManualClock) -> Effect {
    let who = named(dice.pick(&["ada", "ada", "eve", "nobody"]));
    match dice.below(10) {
        0..3 => store(dice, who),
        3..5 => Effect::ReadDevices(ReadDevices {
            who,
            kind: kind(dice),
        }),
        5 => Effect::RemoveDevice(RemoveDevice {
            who,
            kind: kind(dice),
            uuid: dice.pick(&[None, Some("u1"), Some("u2")]).map(Arc::from),
        }),
        _ => verify(dice, who, clock),
    }
}

/// The word for what came of an effect, and whether anything may be compared of whom.
fn plain(reply: EffectReply) -> EffectReply {
    match reply {
        EffectReply::Match(mut identity) => {
            identity.subject = SubjectId(Arc::from("anybody"));
            EffectReply::Match(identity)
        }
        other => other,
    }
}

const EVERYBODY: [&str; 2] = ["ada", "eve"];
const KINDS: [DeviceKind; 2] = [DeviceKind::Oath, DeviceKind::Profile];

/// The devices of a user in a world, the oldest first.
fn known(world: &World, name: &str, kind: DeviceKind) -> Vec<Device> {
    let user = world.find(name).expect("a user");
    let kept = user.devices_of(kind).map(|kept| kept.device.clone());
    kept.collect()
}

/// Every device of a world, as whose it is, of which kind, and which.
fn uuids(world: &World) -> BTreeSet<(&'static str, DeviceKind, Arc<str>)> {
    let lists = EVERYBODY.iter().flat_map(|name| {
        KINDS.map(|kind| {
            let of = known(world, name, kind).into_iter();
            of.map(move |device| (*name, kind, device.uuid))
        })
    });
    lists.flatten().collect()
}

/// Both keep the same devices in the same order, whoever's they are.
async fn same(bench: &Bench, devices: &Devices, world: &World, did: &[String]) {
    for name in EVERYBODY {
        let user = bench.identities.read(&named(name), &[]).await;
        let subject = user.expect("a store").expect("a user").subject;
        for kind in KINDS {
            let kept = devices.all(&subject, kind).expect("a store");
            let wanted = known(world, name, kind);
            assert_eq!(kept, wanted, "{name}, after {}", did.join("\n"));
        }
    }
}

#[tokio::test]
async fn the_database_and_the_world_in_memory_keep_the_same_devices() {
    let mut dice = Dice(20_261_122);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..8 {
        let mut bench = Bench::new();
        let clock = ManualClock::at(NOW);
        let devices = devices(&bench, &clock);
        let mut world = World::new().user(User::new("ada")).user(User::new("eve"));
        world.lockout.failures = u32::MAX;
        world.lockout.hard = u32::MAX;
        for name in EVERYBODY {
            let needed = [("userName", text(name))];
            let made = bench.create(values(needed)).await;
            assert!(
                matches!(made, Ok(wayfare_server::identities::Outcome::Written(_))),
                "{made:?}"
            );
        }
        let mut did = Vec::new();
        for ordinal in 0..80 {
            clock.advance(Duration::from_secs(10 * dice.below(7) as u64));
            let effect = effect(&mut dice, &clock);
            let id = EffectId {
                run: 7,
                generation: 0,
                ordinal,
            };
            let node = Arc::from("login/node");
            let call = Call { id, effect, node };
            let before = uuids(&world);
            let wanted = match plain(world.perform(&call, clock.now())) {
                // Of a node that is a miss, whatever its reason is.
                EffectReply::Missed(_) => EffectReply::Miss,
                reply => reply,
            };
            let after = uuids(&world);
            let found = perform(&bench, &devices, id, &call.effect).await;
            did.push(format!("{:?}", call.effect));
            assert_eq!(
                found.map(plain),
                Ok(wanted.clone()),
                "after {}",
                did.join("\n")
            );
            same(&bench, &devices, &world, &did).await;
            let kind = match (&call.effect, &wanted) {
                (Effect::Verify(verify), EffectReply::Match(_)) => match verify.credential {
                    Credential::Oath(_) => "code",
                    _ => "recovery",
                },
                (_, EffectReply::Miss) => "miss",
                (_, EffectReply::Devices(all)) if all.len() > 1 => "several",
                (_, EffectReply::Devices(_)) => "read",
                (Effect::StoreDevice(store), EffectReply::DeviceStored(true)) => match store.room {
                    Room::Latest(_) if before.iter().any(|uuid| !after.contains(uuid)) => {
                        "made room"
                    }
                    _ => "stored",
                },
                (_, EffectReply::DeviceStored(false)) => "no room",
                (_, EffectReply::DeviceRemoved(true)) => "removed",
                (_, EffectReply::DeviceRemoved(false)) => "not there",
                _ => "nobody",
            };
            *counts.entry(kind).or_default() += 1;
        }
    }
    // A run in which something never happens compares nothing.
    for word in [
        "code",
        "recovery",
        "miss",
        "several",
        "read",
        "stored",
        "made room",
        "no room",
        "removed",
        "not there",
        "nobody",
    ] {
        assert!(
            counts.get(word).is_some_and(|count| *count >= 3),
            "{word}: {counts:?}"
        );
    }
}

/// A profile under this name, to be kept where there is room.
fn profile(uuid: &str, room: Room) -> StoreDevice {
    StoreDevice {
        who: named("ada"),
        kind: DeviceKind::Profile,
        uuid: Arc::from(uuid),
        name: Arc::from("Phone"),
        used: None,
        data: BTreeMap::new(),
        secrets: BTreeMap::new(),
        codes: Vec::new(),
        room,
    }
}

#[tokio::test]
async fn whatever_a_node_allows_there_are_so_many_devices_of_a_kind_and_no_more() {
    for latest in [false, true] {
        let room = if latest {
            Room::Latest(u32::MAX)
        } else {
            Room::Among(u32::MAX)
        };
        let mut bench = Bench::new();
        let clock = ManualClock::at(NOW);
        let devices = devices(&bench, &clock);
        let mut world = World::new().user(User::new("ada")).user(User::new("eve"));
        for name in EVERYBODY {
            let needed = [("userName", text(name))];
            bench.create(values(needed)).await.expect("a user");
        }
        // At the limit there is room, one past it there is not, or one goes that was there for longest;
        // what is there is written over at any time.
        let most = usize::try_from(DEVICES_MAX).unwrap();
        for at in (0..=most).chain([most / 2]) {
            clock.advance(Duration::from_secs(1));
            let id = bench.next();
            let effect = Effect::StoreDevice(Box::new(profile(&format!("d{at}"), room)));
            let node = Arc::from("login/node");
            let call = Call { id, effect, node };
            let wanted = world.perform(&call, clock.now());
            let found = perform(&bench, &devices, id, &call.effect).await;
            assert_eq!(found, Ok(wanted.clone()), "{at}");
            assert_eq!(wanted, EffectReply::DeviceStored(latest || at != most));
            same(&bench, &devices, &world, &[format!("{room:?} {at}")]).await;
        }
        let kept = known(&world, "ada", DeviceKind::Profile);
        assert_eq!(kept.len(), most);
        let first = kept.first().map(|device| &*device.uuid);
        assert_eq!(first, Some(if latest { "d1" } else { "d0" }));
    }
}

#[tokio::test]
async fn of_one_device_so_much_is_kept_and_no_more() {
    let mut bench = Bench::new();
    let clock = ManualClock::at(NOW);
    let devices = devices(&bench, &clock);
    let whose = SubjectId(Arc::from("id"));
    // What stands around one text that is known of a device.
    let around = r#"{"data":{"x":""},"secrets":{}}"#.len();
    for (length, fits) in [(DEVICE_BYTES_MAX, true), (DEVICE_BYTES_MAX + 1, false)] {
        let mut wanted = profile("d", Room::Only);
        let long = Value::from("x".repeat(length - around));
        wanted.data.insert(Arc::from("x"), long);
        let id = bench.next();
        let once = (id, bench.once(id).exp);
        let hasher = Hasher::new(&bench.pool, None);
        let put = devices.put(once, &whose, &wanted, hasher).await;
        assert_eq!(put.is_ok(), fits, "{length}: {put:?}");
        // What is too long has not taken the place of what was there.
        let kept = devices.all(&whose, DeviceKind::Profile).expect("a store");
        assert_eq!(kept.len(), 1);
    }
}

#[tokio::test]
async fn a_device_that_is_kept_twice_for_one_effect_is_kept_once() {
    let mut bench = Bench::new();
    let clock = ManualClock::at(NOW);
    let devices = devices(&bench, &clock);
    let whose = SubjectId(Arc::from("id"));
    let id = bench.next();
    let once = (id, bench.once(id).exp);
    let hasher = Hasher::new(&bench.pool, None);
    let Effect::StoreDevice(mut wanted) = store(&mut Dice(3), named("ada")) else {
        panic!("a device")
    };
    wanted.kind = DeviceKind::Profile;
    wanted.room = Room::Among(5);
    assert_eq!(devices.put(once, &whose, &wanted, hasher).await, Ok(true));
    wanted.uuid = Arc::from("another");
    assert_eq!(devices.put(once, &whose, &wanted, hasher).await, Ok(true));
    let kept = devices.all(&whose, DeviceKind::Profile).expect("a store");
    assert_eq!(kept.len(), 1);
    assert_ne!(&*kept[0].uuid, "another");
    // A secret has no place in what may be told.
    wanted
        .data
        .insert(Arc::from("x"), Value::Secret(Secret::from("y")));
    let id = bench.next();
    let once = (id, bench.once(id).exp);
    let hasher = Hasher::new(&bench.pool, None);
    assert!(devices.put(once, &whose, &wanted, hasher).await.is_err());
}

#[tokio::test]
async fn a_row_of_somebody_else_is_not_opened() {
    let mut bench = Bench::new();
    let clock = ManualClock::at(NOW);
    let kept = devices(&bench, &clock);
    let whose = SubjectId(Arc::from("id-of-ada"));
    let id = bench.next();
    let once = (id, bench.once(id).exp);
    let Effect::StoreDevice(mut wanted) = store(&mut Dice(3), named("ada")) else {
        panic!("a device")
    };
    wanted.room = Room::Only;
    let hasher = Hasher::new(&bench.pool, None);
    kept.put(once, &whose, &wanted, hasher)
        .await
        .expect("a store");
    assert_eq!(kept.all(&whose, wanted.kind).expect("a store").len(), 1);
    bench.store.close();
    let file = bench.folder.path().join("wayfare.db");
    let db = rusqlite::Connection::open(&file).expect("a database");
    for change in [
        "UPDATE device SET subject = 'id-of-eve'",
        "UPDATE device SET subject = 'id-of-ada', uuid = 'x'",
        "UPDATE device SET uuid = 'u', realm = '/beta'",
    ] {
        assert_eq!(db.execute(change, []).expect(change), 1);
        let (realm, subject): (String, String) = db
            .query_row("SELECT realm, subject FROM device", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .expect("a row");
        let store = wayfare_server::store::Store::open(
            bench.folder.path(),
            wayfare_server::config::Durability::Normal,
        )
        .expect("a store");
        let keys = keys::storage(bench.folder.path(), &alpha(), NOW).expect("keys");
        let realm = wayfare::Realm::parse(&realm).expect("a realm");
        let moved = Devices::new(store.clone(), realm, keys, Arc::new(clock.clone()));
        let opened = moved.all(&SubjectId(Arc::from(subject)), wanted.kind);
        assert!(opened.is_err(), "{change}: {opened:?}");
        store.close();
    }
}
