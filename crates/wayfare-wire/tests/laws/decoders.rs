//! L10: one decoder for each format; it decodes once, and what could be read in two ways it refuses.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use serde_json::Value as Json;
use wayfare::encoded_word;
use wayfare_wire::{
    am::{
        advice::{read_json, read_xml},
        request::{Body, Parts},
    },
    json::Bounds,
    query::{Query, Repeated},
};

use super::{percent, trials};
use crate::world::World;

/// A text of JSON in which each letter of a key may be written as an escape.
fn spelled(key: &str, places: &[bool]) -> String {
    let letters = key.chars().enumerate().map(|(at, c)| {
        if places.get(at).copied().unwrap_or(false) {
            format!("\\u{:04x}", u32::from(c))
        } else {
            c.to_string()
        }
    });
    letters.collect()
}

#[test]
fn l10_a_query_is_decoded_once_and_what_stands_twice_is_refused() {
    proptest!(trials("L10 queries", 1_000), |(text in "\\PC{0,20}|[%+&=0-9a-f]{0,20}")| {
        let once = Query::parse(&format!("realm={}", percent(&text))).unwrap();
        prop_assert_eq!(once.one("realm"), Ok(Some(&*text)));
        let twice = Query::parse(&format!("realm={}", percent(&percent(&text)))).unwrap();
        let still = percent(&text);
        prop_assert_eq!(twice.one("realm"), Ok(Some(&*still)));
        let both = Query::parse(&format!("realm={}&re%61lm=", percent(&text))).unwrap();
        prop_assert_eq!(both.one("realm"), Err(Repeated("realm")));
    });
}

#[test]
fn l10_every_parameter_of_the_protocol_may_stand_once() {
    let world = World::new();
    let names = [
        "realm",
        "authIndexType",
        "authIndexValue",
        "noSession",
        "ForceAuth",
        "sessionUpgradeSSOTokenId",
        "suspendedId",
        "goto",
        "gotoOnFail",
    ];
    let values = prop::sample::select(vec!["", "true", "service", "Login", "/alpha", "x"]);
    let two = (0..names.len(), values.clone(), values);
    proptest!(trials("L10 parameters", 500), |((which, one, other) in two)| {
        let name = names[which];
        // The second one is spelled with an escape: another text, the same name.
        let (first, rest) = name.split_at(1);
        let escaped = percent(first) + rest;
        let target = format!(
            "/json/realms/root/realms/alpha/authenticate?{name}={one}&{escaped}={other}"
        );
        let headers = vec![("accept-api-version".to_owned(), "resource=2.1".to_owned())];
        let reply = world.send("POST", &target, &headers, b"");
        prop_assert_eq!(reply.status, 400, "{}", target);
        prop_assert_eq!(world.session_count(), 0);
    });
}

#[test]
fn l10_a_key_of_json_stands_once_however_it_is_spelled() {
    let keys = prop::sample::select(vec![
        "authId",
        "callbacks",
        "type",
        "input",
        "name",
        "value",
    ]);
    let places = prop::collection::vec(any::<bool>(), 10);
    proptest!(trials("L10 keys", 1_000), |((key, a, b, first) in (keys, places.clone(), places, any::<bool>()))| {
        let one = r#"{"authId":"a.b.c","callbacks":[{"type":"NameCallback","input":[{"name":"IDToken1","value":"x"}]}]}"#;
        prop_assert!(Body::read(one.as_bytes(), Bounds::default()).is_ok());
        let wanted = format!("\"{key}\":");
        let value = match key {
            "callbacks" | "input" => "[]",
            _ => "\"y\"",
        };
        let (mine, other) = (spelled(key, &a), spelled(key, &b));
        let twice = if first {
            one.replacen(&wanted, &format!("\"{mine}\":{value},\"{other}\":"), 1)
        } else {
            let end = one.find(&wanted).expect("there") + wanted.len();
            let (_, rest) = one.split_at(end);
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
            stream.next().expect("a value").expect("JSON");
            let (before, after) = one.split_at(end + stream.byte_offset());
            format!("{before},\"{other}\":{value}{after}")
        };
        prop_assert!(serde_json::from_str::<Json>(&twice).is_ok(), "{}", twice);
        prop_assert!(Body::read(twice.as_bytes(), Bounds::default()).is_err(), "{}", twice);
        // Advices likewise.
        let name = "AuthenticateToServiceConditionAdvice";
        let long: Vec<bool> = a.iter().cycle().take(name.len()).copied().collect();
        let advice = format!("{{\"{name}\":[\"Login\"],\"{}\":[\"Easy\"]}}", spelled(name, &long));
        prop_assert!(read_json(advice.as_bytes()).is_err(), "{}", advice);
    });
}

#[test]
fn l10_a_text_of_json_is_unescaped_once() {
    proptest!(trials("L10 texts", 500), |(text in "\\PC{0,12}|(\\\\u00[46][0-9a-f]){1,4}")| {
        let written = serde_json::to_string(&text).unwrap();
        let body = format!(r#"{{"callbacks":[{{"type":"NameCallback","input":[{{"name":"IDToken1","value":{written}}}]}}]}}"#);
        let ask = wayfare::Ask::new(vec![wayfare::Callback::Name {
            prompt: String::new(),
            default: String::new(),
            autocomplete: vec![],
        }]);
        let Ok(Body::Start(Some(sent))) = Body::read(body.as_bytes(), Bounds::default()) else {
            return Err(TestCaseError::fail(body));
        };
        let answers = wayfare_wire::am::callbacks::answers(&ask, sent).unwrap();
        let read = format!("{answers:?}");
        let expected = format!("{text:?}");
        prop_assert!(read.contains(&expected), "{} in {}", expected, read);
    });
}

#[test]
fn l10_an_encoded_word_is_decoded_once_or_refused() {
    let words = prop::collection::vec(
        "\\PC{0,8}|=\\?|\\?=|=\\?UTF-8\\?B\\?ZA==\\?=|[\\x00-\\x20\u{85}]",
        0..4,
    );
    proptest!(trials("L10 encoded words", 2_000), |((words, raw) in (words, "[=?A-Za-z0-9_ -]{0,24}"))| {
        let text = words.concat();
        let word = |text: &str| format!("=?UTF-8?B?{}?=", STANDARD.encode(text));
        let clean = !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
        match encoded_word::decode(&word(&text)) {
            Ok(read) => {
                prop_assert_eq!(&*read, &*text);
                prop_assert!(clean);
            }
            Err(_) => prop_assert!(!clean || text.contains("=?"), "{:?}", text),
        }
        prop_assert!(encoded_word::decode(&word(&word(&text))).is_err());
        // Whatever comes out needs no second look: it is no encoded word and holds no control.
        for value in [&*raw, &*text] {
            if let Ok(read) = encoded_word::decode(value) {
                prop_assert!(!read.chars().any(char::is_control), "{:?}", read);
                if value != read {
                    let again = encoded_word::decode(&read);
                    prop_assert!(again.is_err() || again.as_deref() == Ok(&*read), "{:?}", value);
                }
            }
        }
    });
}

#[test]
fn l10_what_declares_its_type_in_xml_is_never_read() {
    let head = prop::sample::select(vec![
        "<!DOCTYPE a>",
        "<!DOCTYPE a [<!ENTITY e \"x\">]>",
        "<!ENTITY e SYSTEM \"file:///etc/passwd\">",
        "<!doctype a>",
        "<?xml version=\"1.0\"?><!DOCTYPE a SYSTEM \"http://127.0.0.1/\">",
        "<![CDATA[",
        "<?php x?>",
        "&e;",
        "&#0;",
        "&#x0;",
        "&#xD800;",
        "&lt",
        "&unknown;",
        "&#99999999999;",
    ]);
    proptest!(trials("L10 XML", 1_000), |((head, at) in (head, any::<prop::sample::Index>()))| {
        let document = "<Advices><AttributeValuePair><Attribute name=\"AuthLevelConditionAdvice\"/>\
                        <Value>10</Value></AttributeValuePair></Advices>";
        let at = at.index(document.len() + 1);
        let (before, after) = document.split_at(at);
        let changed = format!("{before}{head}{after}");
        let read = read_xml(&changed);
        prop_assert!(read.is_err(), "{} was read as {:?}", changed, read);
        let read = read_xml(&percent(&percent(document)));
        prop_assert!(read.is_err(), "encoded twice more");
    });
}

#[test]
fn l10_headers_that_may_stand_once_are_refused_twice() {
    let world = World::new();
    let names = prop::sample::select(vec!["x-openam-username", "x-openam-password"]);
    let values = prop::sample::select(vec!["", "demo", "Ch4ng31t", "=?UTF-8?B?ZGVtbw==?="]);
    proptest!(trials("L10 headers", 200), |((name, one, other) in (names, values.clone(), values))| {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![
            pair("accept-api-version", "resource=2.1"),
            pair("x-openam-username", "demo"),
            pair("x-openam-password", "Ch4ng31t"),
            pair(name, one),
            pair(name, other),
        ];
        let target = "/json/realms/root/realms/alpha/authenticate?authIndexType=service&authIndexValue=ZeroPage";
        let reply = world.send("POST", target, &headers, b"");
        prop_assert_eq!(reply.status, 400);
        prop_assert_eq!((world.session_count(), world.comparisons()), (0, 0));
        let parts = Parts { method: "POST", path: "", query: "", headers: &headers, body: b"", client: None };
        prop_assert_eq!(parts.header(name).count(), 3);
    });
}

#[test]
fn l10_a_session_header_that_stands_twice_is_none() {
    let values = prop::sample::select(vec!["", "session-1", "session-2", "x"]);
    proptest!(trials("L10 session headers", 200), |((one, other) in (values.clone(), values))| {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = [pair("iplanetdirectorypro", one), pair("iPlanetDirectoryPro", other)];
        let parts = |headers| Parts { method: "POST", path: "", query: "", headers, body: b"", client: None };
        prop_assert_eq!(parts(&headers).session_token("iPlanetDirectoryPro"), None);
        let alone = parts(&headers[..1]).session_token("iPlanetDirectoryPro");
        prop_assert_eq!(alone.unwrap_or_default(), one);
    });
}
