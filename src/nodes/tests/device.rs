//! Nodes about the device that a client says it runs on.

use super::*;

fn profile(json: &str) -> Answer {
    Answer::Text(json.to_owned())
}

#[test]
fn a_device_profile_is_kept_without_what_nobody_asked_for() {
    let mut visit = Visit::new(
        "DeviceProfileCollector",
        [
            ("deviceLocation", true.into()),
            ("message", localized([("en", "One moment")])),
        ],
    );
    let asked = Did::Ask(vec![Callback::DeviceProfile {
        metadata: true,
        location: true,
        message: "One moment".to_owned(),
    }]);
    assert_eq!(visit.enter().unwrap(), asked);
    let sent = r#"{"identifier":"a1","metadata":{"platform":{"jailBreakScore":0.5}},"other":1,
                   "location":{"latitude":51.4473,"longitude":-2.5897}}"#;
    assert_eq!(visit.answer([profile(sent)]).unwrap(), went("outcome"));
    let kept = visit.shared("forgeRock.device.profile").unwrap().to_json();
    assert_eq!(
        kept,
        serde_json::json!({
            "identifier": "a1",
            "metadata": {"platform": {"jailBreakScore": 0.5}},
            "location": {"latitude": 51.4473, "longitude": -2.5897},
        })
    );
}

/// What comes of a profile that a client sends.
fn sent(text: &str) -> Result<serde_json::Value, String> {
    let mut visit = Visit::new(
        "DeviceProfileCollector",
        [
            ("deviceLocation", true.into()),
            ("maximumSize", Value::Size(64 * 1024)),
        ],
    );
    visit.enter().unwrap();
    assert_eq!(visit.answer([profile(text)])?, went("outcome"));
    Ok(visit.shared("forgeRock.device.profile").unwrap().to_json())
}

#[test]
fn a_device_profile_that_is_none_is_an_error() {
    for (text, error) in [
        ("", "the device profile cannot be read"),
        ("{}x", "the device profile cannot be read"),
        (r#"{"identifier":"a"}{}"#, "something follows it"),
        (r#"{"identifier":"a","metadata":NaN}"#, "cannot be read"),
        (
            r#"{"identifier":"a","metadata":{"x":1e999}}"#,
            "cannot be read",
        ),
        ("[]", "the device profile has no identifier"),
        (
            r#"{"identifier":""}"#,
            "the device profile has no identifier",
        ),
        (
            r#"{"identifier":7}"#,
            "the device profile has no identifier",
        ),
        (
            r#"{"identifier":"a\u0000b"}"#,
            "the identifier of the device can be none",
        ),
        (
            r#"{"identifier":"a","metadata":{"x":1,"x":1}}"#,
            "a member stands twice",
        ),
        (
            r#"{"identifier":"a","identifier":"b"}"#,
            "a member stands twice",
        ),
    ] {
        let found = sent(text).unwrap_err();
        assert!(found.contains(error), "{text}: {found}");
    }
}

#[test]
fn a_device_profile_is_held_to_its_bounds() {
    // The profile itself is one deep, what is in it two and more.
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        sent(&format!(r#"{{"identifier":"a","metadata":{open}{close}}}"#))
    };
    assert!(deep(15).is_ok());
    assert!(deep(16).unwrap_err().contains("deeper than it may be"));
    assert!(deep(100_000 / 4).is_err());
    // Itself, the identifier and the metadata are three of them.
    let wide = |members: usize| {
        let items: Vec<String> = (0..members).map(|at| format!(r#""{at}":{at}"#)).collect();
        let items = items.join(",");
        sent(&format!(r#"{{"identifier":"a","metadata":{{{items}}}}}"#))
    };
    assert!(wide(512 - 3).is_ok());
    assert!(
        wide(512 - 2)
            .unwrap_err()
            .contains("more than there may be")
    );
    let named = |length: usize| sent(&format!(r#"{{"identifier":"{}"}}"#, "ä".repeat(length)));
    assert!(named(255).is_ok());
    assert_eq!(
        named(256).unwrap_err(),
        "the identifier of the device can be none"
    );
    // Three kibibytes where no setting says it.
    for (length, fits) in [(3 * 1024, true), (3 * 1024 + 1, false)] {
        let text = r#"{"identifier":"a"}"#;
        let text = format!("{text}{}", " ".repeat(length - text.len()));
        let mut visit = Visit::new("DeviceProfileCollector", []);
        visit.enter().unwrap();
        let did = visit.answer([profile(&text)]);
        let over = "the captured data exceed the maximum size".to_owned();
        let expected = if fits { Ok(went("outcome")) } else { Err(over) };
        assert_eq!(did, expected, "{length}");
    }
}

#[test]
fn numbers_of_a_device_profile_have_one_form() {
    let numbers =
        r#"{"identifier":"a","metadata":[1,1.0,1e0,-0.0,0.1,18446744073709551615,1e300,2.5e10]}"#;
    let kept = sent(numbers).unwrap();
    let expected = serde_json::json!([
        1,
        1,
        1,
        0,
        0.1,
        "18446744073709551615",
        kept["metadata"][6],
        25_000_000_000_i64
    ]);
    assert_eq!(kept["metadata"], expected);
    assert!(kept["metadata"][6].is_string());
}

#[test]
fn a_client_tells_no_more_than_it_was_asked() {
    let text = r#"{"identifier":"a","metadata":{"x":1},"location":{"latitude":1,"longitude":2}}"#;
    for (metadata, location) in [(false, false), (true, false), (false, true)] {
        let settings = [
            ("deviceMetadata", metadata.into()),
            ("deviceLocation", location.into()),
        ];
        let mut visit = Visit::new("DeviceProfileCollector", settings);
        visit.enter().unwrap();
        visit.answer([profile(text)]).unwrap();
        let kept = visit.shared("forgeRock.device.profile").unwrap().to_json();
        assert_eq!(kept.get("metadata").is_some(), metadata);
        assert_eq!(kept.get("location").is_some(), location);
    }
}

/// A visit with a profile of this device.
fn on_device(ty: &str, settings: [(&'static str, Value); 2], json: &str) -> Visit {
    let mut collector = Visit::new("DeviceProfileCollector", [("deviceLocation", true.into())]);
    collector.enter().unwrap();
    collector.answer([profile(json)]).unwrap();
    let kept = collector.shared("forgeRock.device.profile").unwrap();
    Visit::new(ty, settings).with_shared("forgeRock.device.profile", kept)
}

fn at_degrees(latitude: &str, longitude: &str) -> String {
    format!(r#"{{"identifier":"a","location":{{"latitude":{latitude},"longitude":{longitude}}}}}"#)
}

#[test]
fn a_fence_is_a_circle_on_the_globe() {
    // From Bristol to the places: about 171 km, 0 km and 12,000 km; the last stands across the date line.
    let bristol = r#"{"identifier":"a","location":{"latitude":51.4545,"longitude":-2.5879}}"#;
    let fiji = r#"{"identifier":"a","location":{"latitude":"-17.0","longitude":"179.9"}}"#;
    let nowhere = r#"{"identifier":"a","location":{"latitude":151.0,"longitude":0}}"#;
    for (device, places, distance, near) in [
        (
            bristol.to_owned(),
            list(["51.5072, -0.1276"]),
            "171",
            "true",
        ),
        (
            bristol.to_owned(),
            list(["51.5072, -0.1276"]),
            "170",
            "false",
        ),
        (
            bristol.to_owned(),
            list(["0,0", "51.4545,-2.5879"]),
            "0",
            "true",
        ),
        (bristol.to_owned(), list([]), "20000", "false"),
        (fiji.to_owned(), list(["-17.0,-179.9"]), "22", "true"),
        (fiji.to_owned(), list(["-17.0,-179.9"]), "21", "false"),
        (nowhere.to_owned(), list(["0,0"]), "30000", "false"),
        (
            r#"{"identifier":"a"}"#.to_owned(),
            list(["0,0"]),
            "30000",
            "false",
        ),
        (at_degrees("91", "0"), list(["0,0"]), "30000", "false"),
        (at_degrees("90", "181"), list(["0,0"]), "30000", "false"),
        (at_degrees("-90", "-180"), list(["-90,45"]), "0.001", "true"),
        (at_degrees("\"NaN\"", "0"), list(["0,0"]), "30000", "false"),
        (at_degrees("\"inf\"", "0"), list(["0,0"]), "30000", "false"),
        (at_degrees("1e300", "0"), list(["0,0"]), "30000", "false"),
        (at_degrees("[0]", "0"), list(["0,0"]), "30000", "false"),
        (at_degrees("null", "0"), list(["0,0"]), "30000", "false"),
        // From pole to pole is half of the way around.
        (at_degrees("90", "0"), list(["-90,0"]), "20015.2", "true"),
        (at_degrees("90", "0"), list(["-90,0"]), "20015.0", "false"),
    ] {
        let settings = [("locations", places), ("distance", distance.into())];
        let mut visit = on_device("DeviceGeoFencing", settings, &device);
        assert_eq!(visit.enter().unwrap(), went(near), "{device} {distance}");
    }
}

#[test]
fn a_fence_around_no_place_is_refused_when_linked() {
    for (place, distance) in [
        ("here", "10"),
        ("91,0", "10"),
        ("0,0", "-1"),
        ("0,0", "far"),
    ] {
        let settings = [("locations", list([place])), ("distance", distance.into())];
        assert!(
            Visit::authored("DeviceGeoFencing", settings, &[]).is_err(),
            "{place} {distance}"
        );
    }
}

#[test]
fn a_device_that_says_nothing_of_itself_counts_as_tampered_with() {
    let of = |score: &str| {
        format!(r#"{{"identifier":"a","metadata":{{"platform":{{"jailBreakScore":{score}}}}}}}"#)
    };
    for (device, most, whole) in [
        (of("0"), "0", "true"),
        (of("0.1"), "0", "false"),
        (of("0.5"), "0.5", "true"),
        (of(r#""0.6""#), "0.5", "false"),
        (of(r#""none""#), "1", "false"),
        (of("-1"), "1", "false"),
        (of(r#""NaN""#), "1", "false"),
        (of(r#""-inf""#), "1", "false"),
        (of("null"), "1", "false"),
        (r#"{"identifier":"a"}"#.to_owned(), "1", "false"),
    ] {
        // The second setting stands twice with one value: settings come in pairs here.
        let settings = [("score", Value::from(most)), ("score", Value::from(most))];
        let mut visit = on_device("DeviceTamperingVerification", settings, &device);
        assert_eq!(visit.enter().unwrap(), went(whole), "{device} {most}");
    }
    assert_eq!(
        Visit::new("DeviceTamperingVerification", [])
            .enter()
            .unwrap(),
        went("false")
    );
}
