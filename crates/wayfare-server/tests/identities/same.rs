//! What the database answers is what the world in memory answers.
//!
//! Random effects on few names and few values, so that they meet: each is done by both, and the replies are
//! compared, ids and dates aside.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Effect, EffectReply, Filter, Value,
    engine::{
        effect::{
            Change, CreateIdentity, EffectId, FindIdentity, Identity, Judge, PatchIdentity, Who,
        },
        step::Call,
    },
};
use wayfare_profile::Schema;
use wayfare_server::identities::{Identities as _, IdentityError, Outcome};
use wayfare_sim::World;

use super::{
    bench::{Bench, NOW, named},
    dice::Dice,
};

const NAMES: [&str; 7] = [
    "ada",
    "ADA",
    "eve",
    "\u{e9}va",
    "E\u{301}va",
    "bob ",
    "nobody",
];
const ATTRIBUTES: [&str; 16] = [
    "userName",
    "MAIL",
    "mail",
    "sn",
    "password",
    "accountStatus",
    "_loginCount",
    "aliasList",
    "_createDate",
    "shoe",
    "preferences",
    "preferences/updates",
    "/Preferences/MARKETING",
    "preferences/theme",
    "office/place",
    "office/badge",
];
const WANTED: [&str; 12] = [
    "username",
    "mail",
    "SN",
    "password",
    "aliasList",
    "accountStatus",
    "_logincount",
    "kbaInfo",
    "preferences",
    "PREFERENCES/updates",
    "office/badge",
    "/office/place",
];

/// The schema of users, and an object of which one attribute is looked for and one is unique.
fn schema() -> Arc<Schema> {
    let users = include_str!("../../../wayfare-profile/src/users.json");
    let mut json: serde_json::Value = serde_json::from_str(users).unwrap();
    json["properties"]["office"] = serde_json::json!({
        "type": "object", "required": ["place"],
        "properties": {
            "place": { "type": "string", "searchable": true, "minLength": 2 },
            "badge": { "type": "string", "unique": true },
        },
    });
    Arc::new(Schema::parse(&json.to_string()).unwrap())
}

fn value(dice: &mut Dice, attribute: &str) -> Value {
    match attribute {
        "userName" => Value::text(dice.pick(&NAMES)),
        "password" => Value::text(dice.pick(&["Secret12", "short", "", "Ada12345"])),
        "accountStatus" => Value::text(dice.pick(&["active", "Inactive", "gone"])),
        "preferences/updates" | "/Preferences/MARKETING" => match dice.below(8) {
            0 => Value::Null,
            1 => Value::text("yes"),
            at => Value::Bool(at % 2 == 0),
        },
        "preferences" => match dice.below(4) {
            0 => value(dice, "sn"),
            1 => Value::Map(Arc::default()),
            _ => {
                let name = dice.pick(&["updates", "Marketing", "theme"]);
                let members = [(Arc::from(name), value(dice, "preferences/updates"))];
                Value::Map(Arc::new(BTreeMap::from(members)))
            }
        },
        "office/place" | "office/badge" => match dice.below(8) {
            0 => Value::Null,
            1 => Value::Int(1),
            _ => Value::text(dice.pick(&["Bonn", "bonn", "Rome", "x"])),
        },
        "_loginCount" => Value::Int(i64::try_from(dice.below(5)).unwrap()),
        "aliasList" => {
            let one = Value::text(dice.pick(&["a", "b"]));
            Value::List(Arc::from([one, Value::text(dice.pick(&["B", "c"]))]))
        }
        _ => match dice.below(6) {
            0 => Value::Int(3),
            1 => Value::Null,
            _ => Value::text(dice.pick(&[
                "a@example.com",
                "A@Example.com",
                "b@example.com",
                "x",
                "",
            ])),
        },
    }
}

fn who(dice: &mut Dice) -> Who {
    named(dice.pick(&NAMES))
}

fn create(dice: &mut Dice) -> Effect {
    let mut attributes = BTreeMap::new();
    if dice.below(8) > 0 {
        attributes.insert(Arc::from("userName"), value(dice, "userName"));
    }
    for _ in 0..dice.below(4) {
        let name = dice.pick(&ATTRIBUTES[1..]);
        // One attribute under two spellings is a mistake of the node's, and which counts is not said.
        if !attributes
            .keys()
            .any(|known: &Arc<str>| known.eq_ignore_ascii_case(name))
        {
            attributes.insert(Arc::from(name), value(dice, name));
        }
    }
    Effect::CreateIdentity(CreateIdentity {
        resource: Arc::from("managed/user"),
        attributes,
    })
}

fn patch(dice: &mut Dice) -> Effect {
    let changes = (0..=dice.below(3)).map(|_| {
        let name = dice.pick(&ATTRIBUTES);
        let change = match dice.below(6) {
            0 => Change::Remove,
            1 => Change::Add(2),
            _ => Change::Set(value(dice, name)),
        };
        (Arc::from(name), change)
    });
    let changes = changes.collect();
    Effect::PatchIdentity(PatchIdentity {
        resource: Arc::from(dice.pick(&["managed/user", "managed/bravo_user", "managed/role"])),
        who: who(dice),
        changes,
        attributes: WANTED.map(Arc::from).to_vec(),
    })
}

fn find(dice: &mut Dice) -> Effect {
    let part = |dice: &mut Dice| {
        let attribute = dice.pick(&[
            "userName",
            "mail",
            "sn",
            "aliasList",
            "accountStatus",
            "_loginCount",
            "preferences/updates",
            "/Preferences/marketing",
            "office/place",
            "OFFICE/badge",
            "office",
        ]);
        let how = dice.pick(&["eq", "sw", "co", "ew", "ge"]);
        let with = dice.pick(&["ada", "A@example.com", "b", "x", "active", "e", "bonn"]);
        match dice.below(6) {
            0 => format!("{attribute} pr"),
            5 => format!("{attribute} eq {}", dice.below(2) == 0),
            1 => format!("!({attribute} eq \"{with}\")"),
            _ => format!("{attribute} {how} \"{with}\""),
        }
    };
    let (one, two) = (part(dice), part(dice));
    let text = match dice.below(3) {
        0 => one,
        1 => format!("{one} and {two}"),
        _ => format!("{one} or {two}"),
    };
    Effect::FindIdentity(FindIdentity {
        filter: Filter::parse(&text).unwrap(),
        attributes: WANTED.map(Arc::from).to_vec(),
    })
}

fn judge(dice: &mut Dice) -> Effect {
    let name = dice.pick(&ATTRIBUTES);
    let judged = value(dice, name);
    Effect::Judge(Judge {
        resource: Arc::from("managed/user"),
        who: (dice.below(2) == 0).then(|| who(dice)),
        attributes: vec![Arc::from(name), Arc::from("mail")],
        values: BTreeMap::from([(Arc::from(name), judged)]),
    })
}

async fn perform(bench: &mut Bench, effect: &Effect) -> EffectReply {
    let id = bench.next();
    let once = bench.once(id);
    let done: Result<EffectReply, IdentityError> = match effect {
        Effect::CreateIdentity(create) => bench.identities.create(create, once).await.map(written),
        Effect::PatchIdentity(patch) => bench.identities.patch(patch, once).await.map(written),
        Effect::FindIdentity(find) => bench.identities.find(find).await.map(EffectReply::Identity),
        Effect::Judge(judge) => Ok(bench.judge(judge).await),
        other => panic!("{other:?}"),
    };
    done.unwrap_or_else(|error| EffectReply::Failed(error.to_string()))
}

fn written(outcome: Outcome) -> EffectReply {
    match outcome {
        Outcome::Written(identity) => EffectReply::Written(identity),
        Outcome::Refused(unmet) => EffectReply::Refused(unmet),
        Outcome::Nobody => EffectReply::Identity(None),
    }
}

/// A reply without what the two may differ in: the ids and the words of failures.
fn plain(reply: EffectReply) -> EffectReply {
    let anybody = |identity: Identity| Identity {
        subject: Identity::named(Arc::from("anybody")).subject,
        ..identity
    };
    match reply {
        EffectReply::Written(identity) => EffectReply::Written(anybody(identity)),
        EffectReply::Identity(Some(identity)) => EffectReply::Identity(Some(anybody(identity))),
        EffectReply::Failed(_) => EffectReply::Failed(String::new()),
        other => other,
    }
}

#[tokio::test]
async fn the_database_and_the_world_in_memory_answer_alike() {
    let mut dice = Dice(20_261_122);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..20 {
        let mut bench = Bench::with(schema());
        let mut world = World::new();
        world.schema = Some(schema());
        let mut did = Vec::new();
        for ordinal in 0..60 {
            let effect = match dice.below(10) {
                0..4 => create(&mut dice),
                4..7 => patch(&mut dice),
                7..9 => find(&mut dice),
                _ => judge(&mut dice),
            };
            let id = EffectId {
                run: 1,
                generation: 0,
                ordinal,
            };
            let node = Arc::from("login/node");
            let call = Call { id, effect, node };
            let wanted = plain(world.perform(&call, NOW));
            let found = plain(perform(&mut bench, &call.effect).await);
            did.push(format!("{:?}", call.effect));
            assert_eq!(found, wanted, "after {}", did.join("\n"));
            let kind = match &wanted {
                EffectReply::Written(_) => "written",
                EffectReply::Refused(_) => "refused",
                EffectReply::Identity(Some(_)) => "found",
                EffectReply::Identity(None) => "not found",
                EffectReply::Judged(_) => "judged",
                _ => "failed",
            };
            *counts.entry(kind).or_default() += 1;
        }
    }
    // A run in which something never happens compares nothing.
    for kind in [
        "written",
        "refused",
        "found",
        "not found",
        "judged",
        "failed",
    ] {
        assert!(
            counts.get(kind).is_some_and(|count| *count >= 8),
            "{kind}: {counts:?}"
        );
    }
}
