//! Nodes that compare the device with those that are kept, and the one that keeps it.

use super::*;
use crate::engine::{
    effect::{Device, DeviceKind, ReadDevices, Room, StoreDevice, Who},
    script::ScriptAction,
};

const DAY: u64 = 24 * 60 * 60 * 1_000;
const NOW: u64 = 1_700_000_000_000;

/// JSON as a value, as a collector keeps it.
fn told(json: &str) -> Value {
    let mut visit = Visit::new(
        "DeviceProfileCollector",
        [
            ("deviceLocation", true.into()),
            ("maximumSize", Value::Size(64 * 1024)),
        ],
    );
    visit.enter().unwrap();
    visit.answer([Answer::Text(json.to_owned())]).unwrap();
    visit.shared("forgeRock.device.profile").unwrap()
}

/// A device that was here now, of which a client told this.
fn device(json: &str) -> Device {
    let Value::Map(all) = told(json) else {
        panic!("a map")
    };
    let known = ["metadata", "location"];
    let data = all.iter().filter(|(name, _)| known.contains(&&***name));
    Device {
        uuid: all["identifier"].as_text().unwrap().into(),
        name: "Laptop".into(),
        created: Timestamp(0),
        accessed: Timestamp(NOW),
        used: None,
        data: data.map(|(k, v)| (Arc::clone(k), v.clone())).collect(),
    }
}

const LAPTOP: &str = r#"{"identifier":"a","metadata":{"platform":{"name":"x","version":2},"fonts":["a","b"]},
    "location":{"latitude":51.4545,"longitude":-2.5879}}"#;

fn with_profile(visit: Visit, json: &str) -> Visit {
    let mut visit = visit
        .with_shared("username", "demo")
        .with_shared("forgeRock.device.profile", told(json));
    visit.world.now = NOW;
    visit
}

fn asks(who: Who) -> Did {
    Did::Call(Effect::ReadDevices(ReadDevices {
        who,
        kind: DeviceKind::Profile,
    }))
}

fn typed() -> Who {
    Who::Name("demo".into())
}

/// What comes of a match with these devices kept.
fn matched<const N: usize>(
    settings: [(&str, Value); N],
    json: &str,
    kept: Vec<Device>,
) -> Result<Did, String> {
    let mut visit = with_profile(Visit::new("DeviceMatch", settings), json);
    assert_eq!(visit.enter().unwrap(), asks(typed()));
    visit.effect(EffectReply::Devices(kept))
}

#[test]
fn a_device_matches_within_its_variance() {
    let changed = |metadata: &str| format!(r#"{{"identifier":"a","metadata":{metadata}}}"#);
    for (metadata, differences) in [
        (
            r#"{"platform":{"name":"x","version":2},"fonts":["a","b"]}"#,
            0,
        ),
        // The order of members says nothing, and 2.0 is 2.
        (
            r#"{"fonts":["a","b"],"platform":{"version":2.0,"name":"x"}}"#,
            0,
        ),
        (
            r#"{"platform":{"name":"y","version":2},"fonts":["a","b"]}"#,
            1,
        ),
        (
            r#"{"platform":{"name":"x","version":"2"},"fonts":["a","b"]}"#,
            1,
        ),
        (
            r#"{"platform":{"name":"x","version":2,"new":1},"fonts":["a","b"]}"#,
            1,
        ),
        // A list is one attribute, in its order.
        (
            r#"{"platform":{"name":"x","version":2},"fonts":["b","a"]}"#,
            1,
        ),
        (r#"{"platform":{"name":"x","version":2},"fonts":[]}"#, 1),
        // A list for a map and a map for a list.
        (r#"{"platform":["x",2],"fonts":["a","b"]}"#, 2),
        (
            r#"{"platform":{"name":"x","version":2},"fonts":{"0":"a","1":"b"}}"#,
            2,
        ),
        // What is left out counts with all that is in it.
        (r#"{"platform":{"name":"x","version":2}}"#, 1),
        (r#"{"fonts":["a","b"]}"#, 2),
        (r#"{"platform":{},"fonts":["a","b"]}"#, 2),
        (r#"{"platform":null,"fonts":["a","b"]}"#, 2),
        ("{}", 3),
        (r#"{"a":{"b":{"c":{}}}}"#, 4),
    ] {
        for (acceptable, same) in [(differences, true), (differences - 1, false)] {
            if acceptable < 0 {
                continue;
            }
            let settings = [("acceptableVariance", acceptable.into())];
            let did = matched(settings, &changed(metadata), vec![device(LAPTOP)]);
            let expected = if same { "true" } else { "false" };
            assert_eq!(did.unwrap(), went(expected), "{metadata} {acceptable}");
        }
    }
}

#[test]
fn a_device_that_nobody_has_is_unknown() {
    let unknown = went("unknownDevice");
    let other = r#"{"identifier":"b","metadata":{"x":1}}"#;
    let bare = r#"{"identifier":"a"}"#;
    let empty = r#"{"identifier":"a","metadata":{}}"#;
    for (json, kept) in [
        (LAPTOP, vec![]),
        (LAPTOP, vec![device(other)]),
        // Of nothing all devices are the same, so nothing is not compared.
        (LAPTOP, vec![device(bare)]),
        (empty, vec![device(empty)]),
        (LAPTOP, vec![device(empty)]),
        (bare, vec![device(LAPTOP)]),
        (r#"{"identifier":"a","metadata":[]}"#, vec![device(LAPTOP)]),
        (r#"{"identifier":"A","metadata":{}}"#, vec![device(LAPTOP)]),
    ] {
        assert_eq!(matched([], json, kept).unwrap(), unknown, "{json}");
    }
    // Nobody has no devices; that there is nobody is not told apart.
    let mut visit = with_profile(Visit::new("DeviceMatch", []), LAPTOP);
    visit.enter().unwrap();
    assert_eq!(visit.effect(EffectReply::Identity(None)).unwrap(), unknown);
    // A client that has told nothing.
    let mut visit = Visit::new("DeviceMatch", []).with_shared("username", "demo");
    assert_eq!(visit.enter().unwrap(), unknown);
    let mut visit = Visit::new("DeviceMatch", []);
    assert_eq!(visit.enter().unwrap_err(), "Expected username to be set.");
}

#[test]
fn a_device_that_was_not_here_for_long_matches_no_more() {
    let age = |millis: u64| Device {
        accessed: Timestamp(NOW - millis),
        ..device(LAPTOP)
    };
    let expiration = || {
        [(
            "expiration",
            Value::Duration(Duration::from_millis(30 * DAY)),
        )]
    };
    for (millis, same) in [(30 * DAY, "true"), (30 * DAY + 1, "false")] {
        let did = matched(expiration(), LAPTOP, vec![age(millis)]);
        assert_eq!(did.unwrap(), went(same), "{millis}");
    }
    // A clock that went back makes no device old.
    let early = Device {
        accessed: Timestamp(NOW + 90 * DAY),
        ..device(LAPTOP)
    };
    assert_eq!(matched([], LAPTOP, vec![early]).unwrap(), went("true"));
    let refused = |key, value| Visit::refused("DeviceMatch", [(key, value)]);
    assert_eq!(
        refused("expiration", Value::Duration(Duration::ZERO)),
        "`expiration` is no time at all"
    );
    assert_eq!(
        refused("acceptableVariance", (-1).into()),
        "`acceptableVariance` is below 0"
    );
}

/// A visit of a run in which this user was proved.
fn proved(mut visit: Visit, whose: &str) -> Visit {
    visit.world.subject = Some(subject());
    visit.world.evidence = vec![Evidence {
        subject: SubjectId(Arc::from(whose)),
        factor: Factor::Password,
        node: Arc::from("j/n"),
        visit: 1,
        at: Timestamp(0),
    }];
    visit
}

#[test]
fn only_whoever_was_proved_keeps_a_device_alive() {
    for (ty, json) in [("DeviceMatch", LAPTOP), ("DeviceLocationMatch", LAPTOP)] {
        let visit = || with_profile(Visit::new(ty, []), json);
        let mut somebody = proved(visit(), "id-eve");
        let asked = asks(Who::Subject(subject().id));
        assert_eq!(somebody.enter().unwrap(), asked);
        let did = somebody.effect(EffectReply::Devices(vec![device(LAPTOP)]));
        assert_eq!(did.unwrap(), went("true"), "nothing is written for them");
        let mut owner = proved(visit(), &subject().id.0);
        owner.enter().unwrap();
        let kept = device(LAPTOP);
        let did = owner.effect(EffectReply::Devices(vec![kept.clone()]));
        let noted = Did::Call(Effect::StoreDevice(Box::new(StoreDevice {
            who: Who::Subject(subject().id),
            kind: DeviceKind::Profile,
            uuid: kept.uuid,
            name: kept.name,
            used: None,
            data: kept.data,
            secrets: BTreeMap::new(),
            codes: Vec::new(),
            room: Room::Among(0),
        })));
        assert_eq!(did.unwrap(), noted);
        let did = owner.effect(EffectReply::DeviceStored(false));
        assert_eq!(did.unwrap(), went("true"), "it was the same");
        // What does not match is not noted.
        let other =
            r#"{"identifier":"a","metadata":{"x":1},"location":{"latitude":0,"longitude":0}}"#;
        let mut owner = proved(visit(), &subject().id.0);
        owner.enter().unwrap();
        let did = owner.effect(EffectReply::Devices(vec![device(other)]));
        assert_eq!(did.unwrap(), went("false"));
    }
}

#[test]
fn a_place_is_near_by_the_distance_along_the_globe() {
    let at = |latitude: &str, longitude: &str| {
        format!(
            r#"{{"identifier":"a","location":{{"latitude":{latitude},"longitude":{longitude}}}}}"#
        )
    };
    let went_to = |here: &str, there: &str, distance: &str| {
        let settings = [("distance", distance.into())];
        let mut visit = with_profile(Visit::new("DeviceLocationMatch", settings), here);
        assert_eq!(visit.enter().unwrap(), asks(typed()));
        visit
            .effect(EffectReply::Devices(vec![device(there)]))
            .unwrap()
    };
    let bristol = at("51.4545", "-2.5879");
    let london = at("51.5072", "-0.1276");
    for (here, there, distance, outcome) in [
        (&bristol, &london, "171", "true"),
        (&bristol, &london, "170", "false"),
        (&bristol, &bristol, "0.001", "true"),
        // Nothing is nearer than nothing.
        (&bristol, &bristol, "0", "false"),
        // Over the date line and over the pole.
        (&at("-17", "179.9"), &at("-17", "-179.9"), "22", "true"),
        (&at("-17", "180"), &at("-17", "-180"), "0.001", "true"),
        (&at("90", "0"), &at("90", "135"), "0.001", "true"),
        (&at("90", "0"), &at("-90", "0"), "20015.2", "true"),
        (&at("90", "0"), &at("-90", "0"), "20015.0", "false"),
        // What is no place on earth is near nothing, on either side.
        (&at("91", "0"), &bristol, "30000", "unknownDevice"),
        (&bristol, &at("91", "0"), "30000", "unknownDevice"),
        (&at("0", "181"), &bristol, "30000", "unknownDevice"),
        (&at("0", "-180.000001"), &bristol, "30000", "unknownDevice"),
        (&at("\"NaN\"", "0"), &bristol, "30000", "unknownDevice"),
        (&at("\"inf\"", "0"), &bristol, "30000", "unknownDevice"),
        (&at("1e308", "-1e308"), &bristol, "30000", "unknownDevice"),
        (&at("[51]", "0"), &bristol, "30000", "unknownDevice"),
        (&at("null", "0"), &bristol, "30000", "unknownDevice"),
        (
            &r#"{"identifier":"a"}"#.to_owned(),
            &bristol,
            "30000",
            "unknownDevice",
        ),
        (
            &bristol,
            &r#"{"identifier":"a"}"#.to_owned(),
            "30000",
            "unknownDevice",
        ),
        (
            &bristol,
            &bristol.replace("\"a\"", "\"b\""),
            "30000",
            "unknownDevice",
        ),
    ] {
        assert_eq!(
            went_to(here, there, distance),
            went(outcome),
            "{here} {there} {distance}"
        );
    }
    for distance in ["-1", "NaN", "inf", "far", ""] {
        let settings = [("distance", distance.into())];
        assert!(
            Visit::authored("DeviceLocationMatch", settings, &[]).is_err(),
            "{distance}"
        );
    }
}

/// A match that this script decides, with one device kept.
fn by_script(
    script: impl Fn(&mut crate::engine::script::ScriptView<'_>) -> Result<ScriptAction, NodeError>
    + Send
    + Sync
    + 'static,
) -> Result<Did, String> {
    let scripts = BTreeMap::from([(Arc::from("mine"), Script::new(script))]);
    let settings = vec![("useScript", true.into()), ("script", "mine".into())];
    let visit = Visit::scripted("DeviceMatch", settings, &[], &scripts);
    let mut visit = with_profile(visit.map_err(|error| error.message)?, LAPTOP);
    visit.enter()?;
    visit.effect(EffectReply::Devices(vec![device(LAPTOP)]))
}

#[test]
fn a_script_may_look_at_the_devices_and_choose() {
    for outcome in ["true", "false", "unknownDevice"] {
        let did = by_script(move |view| {
            assert_eq!(view.devices().len(), 1);
            assert_eq!(view.get("username"), Some(&"demo".into()));
            assert!(view.is_defined("forgeRock.device.profile"));
            assert!(!view.is_defined("password"));
            assert!(view.put_shared("username", "eve").is_err());
            Ok(ScriptAction::go(outcome))
        });
        assert_eq!(did.unwrap(), went(outcome));
    }
    for (said, error) in [
        (
            ScriptAction::default(),
            "Script must set 'outcome' to a string.",
        ),
        (
            ScriptAction::go("maybe"),
            "Invalid outcome from script, 'maybe'",
        ),
        (ScriptAction::suspend("later", None), "and nothing else"),
        (
            ScriptAction::go("true").session_property("a", 1),
            "and nothing else",
        ),
        (
            ScriptAction::ask([Callback::PollingWait {
                wait_ms: 1,
                message: String::new(),
            }]),
            "and nothing else",
        ),
    ] {
        let found = by_script(move |_| Ok(said.clone())).unwrap_err();
        assert!(found.contains(error), "{found}");
    }
    let settings = vec![("useScript", true.into()), ("script", "other".into())];
    assert!(Visit::scripted("DeviceMatch", settings, &[], &BTreeMap::new()).is_err());
}

/// What is kept by a save, with these devices kept before.
fn saved<const N: usize>(
    settings: [(&str, Value); N],
    json: &str,
    kept: Vec<Device>,
) -> Result<StoreDevice, String> {
    let mut visit = with_profile(Visit::new("DeviceSave", settings), json);
    assert_eq!(visit.enter()?, asks(typed()));
    let did = visit.effect(EffectReply::Devices(kept))?;
    let Did::Call(Effect::StoreDevice(store)) = did else {
        panic!("{did:?}")
    };
    assert_eq!(
        visit.effect(EffectReply::DeviceStored(true)).unwrap(),
        went("outcome")
    );
    Ok(*store)
}

#[test]
fn a_device_is_saved_with_what_the_settings_want() {
    let all = saved([], LAPTOP, vec![]).unwrap();
    let laptop = device(LAPTOP);
    assert_eq!(all.data, laptop.data);
    assert_eq!((&*all.uuid, &*all.name), ("a", ""));
    assert_eq!((all.kind, all.room), (DeviceKind::Profile, Room::Latest(5)));
    assert!(all.secrets.is_empty() && all.codes.is_empty() && all.used.is_none());
    for (metadata, location) in [(true, false), (false, true), (false, false)] {
        let settings = [
            ("saveDeviceMetadata", metadata.into()),
            ("saveDeviceLocation", location.into()),
            ("maxSavedProfiles", 1.into()),
        ];
        let some = saved(settings, LAPTOP, vec![]).unwrap();
        assert_eq!(some.data.contains_key("metadata"), metadata);
        assert_eq!(some.data.contains_key("location"), location);
        assert_eq!(some.room, Room::Latest(1));
    }
    // What is not told stays as it was, and what is no place is not kept.
    let moved = r#"{"identifier":"a","location":{"latitude":1,"longitude":2,"accuracy":3}}"#;
    let again = saved([], moved, vec![laptop.clone()]).unwrap();
    assert_eq!(again.data["metadata"], laptop.data["metadata"]);
    let place = map([("latitude", 1.into()), ("longitude", 2.into())]);
    assert_eq!(again.data["location"], place);
    assert_eq!(&*again.name, "Laptop");
    let nowhere = r#"{"identifier":"a","location":{"latitude":91,"longitude":2}}"#;
    let again = saved([], nowhere, vec![laptop.clone()]).unwrap();
    assert_eq!(again.data["location"], laptop.data["location"]);
    // Another device of the user's is left alone.
    let other = r#"{"identifier":"b","metadata":{"x":1}}"#;
    assert_eq!(
        saved([], other, vec![laptop]).unwrap().data,
        device(other).data
    );
}

#[test]
fn a_device_is_called_as_the_state_its_owner_or_its_platform_says() {
    let platform = r#"{"identifier":"a","metadata":{"platform":{"deviceName":"Pixel\n 9"}}}"#;
    let nameless = Device {
        name: "".into(),
        ..device(platform)
    };
    assert_eq!(&*saved([], platform, vec![]).unwrap().name, "Pixel 9");
    assert_eq!(
        &*saved([], platform, vec![nameless]).unwrap().name,
        "Pixel 9"
    );
    let known = vec![device(platform)];
    assert_eq!(&*saved([], platform, known.clone()).unwrap().name, "Laptop");
    let [long, kept] = [101, 100].map(|count| "é".repeat(count));
    for (chosen, name) in [
        (Value::from("Mine"), "Mine"),
        (" \u{7}Mine ".into(), "Mine"),
        ("".into(), "Laptop"),
        (7.into(), "Laptop"),
        (long.as_str().into(), &kept),
    ] {
        let settings = [("variableName", "called".into())];
        let visit = with_profile(Visit::new("DeviceSave", settings), platform);
        let mut visit = visit.with_shared("called", chosen);
        visit.enter().unwrap();
        let did = visit.effect(EffectReply::Devices(known.clone())).unwrap();
        let Did::Call(Effect::StoreDevice(store)) = did else {
            panic!("{did:?}")
        };
        assert_eq!(&*store.name, name);
    }
}

#[test]
fn a_device_is_not_saved_where_it_cannot_be() {
    let mut visit = Visit::new("DeviceSave", []).with_shared("username", "demo");
    let none = "the state holds no profile of a device";
    assert_eq!(visit.enter().unwrap_err(), none);
    let broken = map([("identifier", "".into())]);
    let mut visit = visit.with_shared("forgeRock.device.profile", broken);
    assert_eq!(visit.enter().unwrap_err(), none);
    let mut nobody =
        Visit::new("DeviceSave", []).with_shared("forgeRock.device.profile", told(LAPTOP));
    assert_eq!(nobody.enter().unwrap_err(), "Expected username to be set.");
    let saving = || {
        let mut visit = with_profile(Visit::new("DeviceSave", []), LAPTOP);
        visit.enter().unwrap();
        visit
    };
    let gone = saving().effect(EffectReply::Identity(None)).unwrap_err();
    assert_eq!(gone, "Failed to get the identity object");
    let full = saving()
        .effect(EffectReply::DeviceStored(false))
        .unwrap_err();
    assert_eq!(full, "there is no room for one more device");
    let settings = [("maxSavedProfiles", 0.into())];
    let error = Visit::refused("DeviceSave", settings);
    assert_eq!(error, "`maxSavedProfiles` is below 1");
    // A journey may put more into the state than a client may tell.
    let sized = |bytes: usize| {
        let metadata = map([("x", "x".repeat(bytes).into())]);
        let profile = map([("identifier", "a".into()), ("metadata", metadata)]);
        let mut visit = Visit::new("DeviceSave", [])
            .with_shared("username", "demo")
            .with_shared("forgeRock.device.profile", profile);
        visit.enter().unwrap();
        visit.effect(EffectReply::Devices(vec![]))
    };
    let frame = r#"{"metadata":{"x":""}}"#.len();
    assert!(sized(48 * 1024 - frame).is_ok());
    assert!(
        sized(48 * 1024 - frame + 1)
            .unwrap_err()
            .contains("more to the device")
    );
}
