//! What holds for any request.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::Value as Json;
use wayfare_wire::{
    am::request::Parts,
    capture::{
        client::{Client, Feature},
        date,
        error::{Code, RequestId},
        operation::Operation,
        parameters::Parameters,
        request::Request,
        sign::{self, Signed, WINDOW},
    },
    json::Bounds,
};

const NOW: i64 = 1_461_171_738;

fn parts<'a>(path: &'a str, headers: &'a [(String, String)], body: &'a [u8]) -> Parts<'a> {
    Parts {
        method: "POST",
        path,
        query: "",
        headers,
        body,
        client: None,
    }
}

fn kind(value: &str) -> Vec<(String, String)> {
    vec![("content-type".to_owned(), value.to_owned())]
}

fn encoded(text: &str) -> String {
    let escapes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    escapes.concat()
}

fn form(map: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = map
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

fn multipart(map: &BTreeMap<String, String>) -> String {
    let part = |(name, value): (&String, &String)| {
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("--b0unda4y\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    map.iter().map(part).collect::<String>() + "--b0unda4y--\r\n"
}

fn read(headers: &[(String, String)], body: &[u8]) -> Parameters {
    Parameters::read(&parts("/entity", headers, body), Bounds::default()).unwrap()
}

/// Names that begin each other, in any script, and values with all that a signature must survive.
fn map() -> impl Strategy<Value = BTreeMap<String, String>> {
    let name = prop_oneof![
        "[a-c]{1,2}[0-9!\\[\\]]{0,2}",
        "[a-zé語]{1,4}",
        Just("a1".to_owned()),
        Just("a".to_owned())
    ];
    let value = prop_oneof!["[ -~]{0,12}", "\\PC{0,8}", Just(String::new())];
    proptest::collection::btree_map(name, value, 0..8)
}

#[test]
fn codes_and_names_are_one_to_one() {
    assert_eq!(Code::ALL.len(), 41);
    for &code in Code::ALL {
        assert_eq!(Code::of_number(code.number()), Some(code));
        assert_eq!(Code::of_name(code.name()), Some(code));
    }
    assert!(
        Code::ALL
            .windows(2)
            .all(|pair| pair[0].number() < pair[1].number())
    );
    let known = (0..=999).filter(|number| Code::of_number(*number).is_some());
    assert_eq!(known.count(), 41);
}

#[test]
fn operations_and_paths_are_one_to_one() {
    let below = |part: &str| {
        Operation::ALL
            .iter()
            .filter(|o| o.path().starts_with(part))
            .count()
    };
    assert_eq!((below("/access/"), below("/oauth/")), (5, 11));
    for &operation in Operation::ALL {
        assert_eq!(Operation::of_path(operation.path()), Some(operation));
        assert_eq!(Operation::of_name(operation.name()), Some(operation));
        let open = operation.features().is_empty();
        assert_eq!(open, operation == Operation::UseVerificationCode);
    }
    for feature in Feature::ALL {
        assert_eq!(Feature::of_name(feature.name()), Some(feature));
    }
}

proptest! {
    #[test]
    fn what_a_request_says_does_not_depend_on_how_its_body_is_written(map in map()) {
        let by_form = read(&kind("application/x-www-form-urlencoded"), form(&map).as_bytes());
        let json = serde_json::to_string(&map).unwrap();
        let by_json = read(&kind("application/json"), json.as_bytes());
        prop_assert_eq!(&by_form, &by_json);
        if !map.is_empty() {
            let headers = kind("multipart/form-data; boundary=\"b0unda4y\"");
            prop_assert_eq!(&by_form, &read(&headers, multipart(&map).as_bytes()));
        }
        let all: BTreeMap<String, String> =
            by_form.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        prop_assert_eq!(all, map);
    }

    #[test]
    fn a_signature_counts_if_and_only_if_it_is_one_of_the_two(
        map in map(),
        secret in "[a-z0-9]{1,32}",
        order in any::<bool>(),
        change in 0_usize..7,
        off in -1_000_i64..1_000,
    ) {
        // As the two kinds of clients do it, written down here once more.
        let mut lines: Vec<String> = map.iter().map(|(n, v)| format!("{n}={v}")).collect();
        if order {
            lines.sort();
        }
        let at = date::plain(NOW + off);
        let mut text = format!("/access/getAccessToken\n{at}\n");
        for line in lines {
            text = text + &line + "\n";
        }
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let mut tag = ring::hmac::sign(&key, text.as_bytes()).as_ref().to_vec();
        let mut sent = map;
        let mut path = "/access/getAccessToken";
        let mut changed = true;
        match change {
            0 => tag[3] ^= 1,
            1 => path = "/access/getAuthorizationCode",
            2 => { sent.insert("zz".to_owned(), "1".to_owned()); }
            3 => changed = sent.pop_first().is_some(),
            _ => changed = false,
        }
        // The client and its secrets are not signed.
        sent.insert("client_id".to_owned(), "abc".to_owned());
        let parameters = read(&kind("application/x-www-form-urlencoded"), form(&sent).as_bytes());
        let credential = format!("abc:{}", BASE64_STANDARD.encode(tag));
        let signed = Signed::read(&credential, Some(&at), &[path], &parameters).unwrap();
        let fresh = off.unsigned_abs() <= WINDOW.as_secs();
        prop_assert_eq!(signed.is_by(&secret, NOW, WINDOW), fresh && !changed);
        let other = secret + "x";
        prop_assert!(!signed.is_by(&other, NOW, Duration::MAX));
    }

    #[test]
    fn what_is_signed_here_counts_here(map in map()) {
        let parameters = read(&kind("application/x-www-form-urlencoded"), form(&map).as_bytes());
        let at = date::plain(NOW);
        let credential = format!("abc:{}", sign::signature("s", "/entity", &at, &parameters));
        let headers = [
            ("authorization".to_owned(), format!("Signature {credential}")),
            ("date".to_owned(), at),
        ];
        let request = parts("/entity", &headers, b"");
        let sender = wayfare_wire::capture::client::Sender::read(&request, "/capture", &parameters);
        if let Ok(sender) = sender {
            let Some(Client::Signed(signed)) = sender.client else { panic!("a signed request") };
            prop_assert!(signed.is_by("s", NOW, WINDOW));
        }
    }

    #[test]
    fn every_refusal_is_json_with_stat(
        operation in proptest::sample::select(Operation::ALL),
        method in proptest::sample::select(&["GET", "POST", "PUT"][..]),
        query in "[ -~]{0,30}",
        header in "(Basic|OAuth|Signature|Digest)? ?[ -~]{0,20}",
        kinds in proptest::sample::select(&[
            "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "x",
        ][..]),
        body in crate::properties::noise(),
    ) {
        let headers = [
            ("authorization".to_owned(), header),
            ("content-type".to_owned(), kinds.to_owned()),
        ];
        let parts = Parts {
            method, path: operation.path(), query: &query, headers: &headers, body: &body, client: None,
        };
        if let Err(unread) = Request::read(&parts, "", Bounds::default()) {
            let reply = unread.error.reply(unread.operation, &RequestId::new([0; 10]));
            let json: Json = serde_json::from_slice(&reply.body).unwrap();
            prop_assert_eq!(&json["stat"], "error");
            let code = Code::of_number(u16::try_from(json["code"].as_u64().unwrap()).unwrap()).unwrap();
            let name = if operation == Operation::Token { "sub_error" } else { "error" };
            prop_assert_eq!(&json[name], code.name());
            prop_assert_eq!(json["request_id"].as_str().unwrap().len(), 16);
        }
    }
}

#[test]
fn a_checkbox_is_on_if_it_came() {
    let read = |body: &str| read(&kind("application/x-www-form-urlencoded"), body.as_bytes());
    for on in ["optIn=true", "optIn=false", "optIn=", "optIn"] {
        assert!(read(on).is_checked("optIn"), "{on}");
    }
    assert!(!read("other=1").is_checked("optIn"));
}

#[test]
fn three_selects_are_a_date_or_nothing() {
    let read = |year: &str, month: &str, day: &str| {
        let body = format!(
            "b[dateselect_year]={year}&b[dateselect_month]={month}&b[dateselect_day]={day}"
        );
        read(&kind("application/x-www-form-urlencoded"), body.as_bytes()).date("b")
    };
    assert_eq!(read("1980", "2", "9"), Ok(Some("1980-02-09".to_owned())));
    assert_eq!(read("", "", ""), Ok(None));
    for (year, month, day) in [
        ("1980", "2", "30"),
        ("1980", "", "3"),
        ("80", "2", "3"),
        ("1980", "x", "3"),
    ] {
        assert!(read(year, month, day).is_err());
    }
}

#[test]
fn bounds_hold_at_the_limit_and_not_beyond() {
    let form = |text: String| {
        let headers = kind("application/x-www-form-urlencoded");
        Parameters::read(
            &parts("/entity", &headers, text.as_bytes()),
            Bounds::default(),
        )
        .is_ok()
    };
    let vec_of = |count: usize| (0..count).map(|n| format!("p{n}=1&")).collect::<Vec<_>>();
    let many = |count: usize| vec_of(count).concat();
    assert!(form(many(128)) && !form(many(129)));
    let long = |bytes: usize| format!("a={}", "x".repeat(bytes));
    assert!(form(long(16 * 1_024)) && !form(long(16 * 1_024 + 1)));
    let name = |bytes: usize| format!("{}=1", "x".repeat(bytes));
    assert!(form(name(256)) && !form(name(257)));
    let body = |bytes: usize| format!("{}{}", "&".repeat(bytes - 3), "a=1");
    assert!(form(body(64 * 1_024)) && !form(body(64 * 1_024 + 1)));
}
