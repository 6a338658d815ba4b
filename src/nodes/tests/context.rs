//! Nodes that look at the request and at the device.

use super::*;

#[test]
fn headers_are_copied_as_lists_whatever_their_case_and_split_where_asked() {
    let mut visit = Visit::new(
        "RequestHeader",
        [
            (
                "allowedHeaders",
                map([
                    ("X-Forwarded-For", "hops".into()),
                    ("user-agent", "agent".into()),
                    ("X-Missing", "missing".into()),
                ]),
            ),
            ("headersToBeDelimited", list(["X-Forwarded-For"])),
        ],
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    visit.world.request.headers = vec![
        pair("x-forwarded-for", "10.0.0.1, 10.0.0.2"),
        pair("X-FORWARDED-FOR", "10.0.0.3"),
        pair("User-Agent", "curl, or so"),
        pair("Cookie", "not asked for"),
    ];
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    assert_eq!(
        visit.shared("hops"),
        Some(list(["10.0.0.1", "10.0.0.2", "10.0.0.3"]))
    );
    assert_eq!(visit.shared("agent"), Some(list(["curl, or so"])));
    assert_eq!(visit.shared("missing"), Some(list([])));
    assert_eq!(visit.shared("Cookie"), None);
}

#[test]
fn no_more_values_than_the_bound_are_copied() {
    let mut visit = Visit::new(
        "QueryParameter",
        [("allowedQueryParameters", map([("a", "a".into())]))],
    );
    visit.world.request.parameters = vec![("a".to_owned(), "x".to_owned()); 65];
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    let Some(Value::List(values)) = visit.shared("a") else {
        panic!("a list")
    };
    assert_eq!(values.len(), 64);
}

#[test]
fn parameters_are_told_apart_by_case_and_a_cookie_by_its_name() {
    let mut visit = Visit::new(
        "QueryParameter",
        [("allowedQueryParameters", map([("Lang", "lang".into())]))],
    );
    visit.world.request.parameters = vec![("lang".to_owned(), "fr".to_owned())];
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    assert_eq!(visit.shared("lang"), Some(list([])));

    let mut visit = Visit::new("CookiePresenceDecision", [("cookieName", "seen".into())]);
    assert_eq!(visit.enter().unwrap(), went("false"));
    visit.world.request.cookies = vec![("Seen".to_owned(), "1".to_owned())];
    assert_eq!(visit.enter().unwrap(), went("false"));
    visit.world.request.cookies = vec![("seen".to_owned(), String::new())];
    assert_eq!(visit.enter().unwrap(), went("true"));
}

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

#[test]
fn a_device_profile_that_is_none_is_an_error() {
    let deep = format!(
        r#"{{"identifier":"a","metadata":{}1{}}}"#,
        "[".repeat(20),
        "]".repeat(20)
    );
    let long = format!(r#"{{"identifier":"{}"}}"#, "a".repeat(3 * 1024));
    for (sent, error) in [
        ("", "the device profile is not JSON"),
        ("[]", "the device profile has no identifier"),
        (
            r#"{"identifier":""}"#,
            "the device profile has no identifier",
        ),
        (
            r#"{"identifier":7}"#,
            "the device profile has no identifier",
        ),
        (&long, "the captured data exceed the maximum size"),
    ] {
        let mut visit = Visit::new("DeviceProfileCollector", []);
        visit.enter().unwrap();
        assert_eq!(visit.answer([profile(sent)]).unwrap_err(), error);
    }
    let mut visit = Visit::new("DeviceProfileCollector", []);
    visit.enter().unwrap();
    assert_eq!(visit.answer([profile(&deep)]).unwrap(), went("outcome"));
    let kept = visit.shared("forgeRock.device.profile").unwrap().to_json();
    assert_eq!(
        kept,
        serde_json::json!({"identifier": "a"}),
        "what is too deep is left out"
    );
}

/// A visit with a profile of this device.
fn on_device(ty: &str, settings: [(&'static str, Value); 2], json: &str) -> Visit {
    let mut collector = Visit::new("DeviceProfileCollector", []);
    collector.enter().unwrap();
    collector.answer([profile(json)]).unwrap();
    let kept = collector.shared("forgeRock.device.profile").unwrap();
    Visit::new(ty, settings).with_shared("forgeRock.device.profile", kept)
}

#[test]
fn a_fence_is_a_circle_on_the_globe() {
    // From Bristol to the places: about 171 km, 0 km and 12,000 km; the last stands across the date line.
    let bristol = r#"{"identifier":"a","location":{"latitude":51.4545,"longitude":-2.5879}}"#;
    let fiji = r#"{"identifier":"a","location":{"latitude":"-17.0","longitude":"179.9"}}"#;
    let nowhere = r#"{"identifier":"a","location":{"latitude":151.0,"longitude":0}}"#;
    for (device, places, distance, near) in [
        (bristol, list(["51.5072, -0.1276"]), "171", "true"),
        (bristol, list(["51.5072, -0.1276"]), "170", "false"),
        (bristol, list(["0,0", "51.4545,-2.5879"]), "0", "true"),
        (bristol, list([]), "20000", "false"),
        (fiji, list(["-17.0,-179.9"]), "22", "true"),
        (fiji, list(["-17.0,-179.9"]), "21", "false"),
        (nowhere, list(["0,0"]), "30000", "false"),
        (r#"{"identifier":"a"}"#, list(["0,0"]), "30000", "false"),
    ] {
        let settings = [("locations", places), ("distance", distance.into())];
        let mut visit = on_device("DeviceGeoFencing", settings, device);
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
