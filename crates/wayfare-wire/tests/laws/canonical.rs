//! L11: what is canonical is taken as it is, everything else not at all.

use std::fmt::Write as _;

use proptest::prelude::*;
use wayfare::Realm;
use wayfare_wire::{
    am::{
        error::Refusal,
        goto::{Allowed, Origin},
        realm::{Realms, Route, route},
    },
    query::Query,
};

use super::trials;

const REALMS: [&str; 6] = [
    "/",
    "/alpha",
    "/beta",
    "/alpha/sub",
    "/alpha/sub/deep",
    "/a.b-c_d",
];

struct Some6;

impl Realms for Some6 {
    fn exists(&self, realm: &Realm) -> bool {
        REALMS.contains(&realm.as_str())
    }
    fn alias(&self, alias: &str) -> Option<Realm> {
        (alias == "customers")
            .then(|| Realm::parse("/alpha"))
            .flatten()
    }
}

fn lead(path: &str, query: &str) -> Result<Route, Refusal> {
    let query = Query::parse(query).map_err(|_| Refusal::BadQuery)?;
    route(path, &query, None, &Some6)
}

fn canonical(realm: &str) -> String {
    let mut path = String::from("/json/realms/root");
    for part in realm.split('/').filter(|part| !part.is_empty()) {
        let _ = write!(path, "/realms/{part}");
    }
    path + "/authenticate"
}

/// A text with the characters at these places escaped, as often as it says.
fn escaped(text: &str, places: &[bool], times: usize) -> String {
    let mut text = text.to_owned();
    for _ in 0..times {
        let mut next = String::new();
        for (at, byte) in text.bytes().enumerate() {
            // An escape of an escape needs its `%` escaped, whatever the places say.
            if byte == b'%' || places.get(at).copied().unwrap_or(false) {
                let _ = write!(next, "%{byte:02x}");
            } else {
                next.push(char::from(byte));
            }
        }
        text = next;
    }
    text
}

/// Pieces of which paths, realms and addresses are put together.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/",
        "//",
        "\\",
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "%2f",
        "%5c",
        "%252e",
        "%25",
        "%00",
        "%0d%0a",
        "%3f",
        "%23",
        ";",
        "?",
        "#",
        "@",
        ":",
        "alpha",
        "Alpha",
        "sub",
        "beta",
        "root",
        "realms",
        "customers",
        "safe",
        "app.example.com",
        "evil.example",
        "https:",
        "http:",
        "javascript:",
        "a",
        " ",
        "\t",
        "é",
        "443",
    ])
}

fn pieces(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..most).prop_map(|pieces| pieces.concat())
}

/// What a browser makes of an address: where it goes, and the path it asks for. Written after the URL
/// standard, from the other end than the code under test.
fn followed(address: &str, base: &str) -> (String, Vec<String>) {
    let address = address.replace('\\', "/");
    let (host, rest) = if let Some(rest) = address.strip_prefix("//") {
        rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
    } else if address.starts_with('/') {
        (base, &*address)
    } else {
        let rest = address.split_once(':').map_or("", |(_, rest)| rest);
        let rest = rest.trim_start_matches('/');
        rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
    };
    let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
    let path = rest.split(['?', '#']).next().unwrap_or("");
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/').skip(1) {
        let dots = part.to_ascii_lowercase().replace("%2e", ".");
        match &*dots {
            "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part.to_owned()),
        }
    }
    (host, parts)
}

#[test]
fn l11_a_realm_has_one_canonical_path_and_what_is_taken_leads_to_it() {
    let paths = (pieces(10), pieces(4), any::<bool>());
    proptest!(trials("L11 realms", 2_000), |((path, query, asked) in paths)| {
        let path = format!("/json/{path}/authenticate");
        let query = if asked { format!("realm={query}") } else { String::new() };
        if let Ok(found) = lead(&path, &query) {
            let again = lead(&canonical(found.realm.as_str()), "");
            prop_assert_eq!(again, Ok(found.clone()), "{}?{}", path, query);
            prop_assert_eq!(Realm::parse(found.realm.as_str()), Some(found.realm));
        }
    });
}

#[test]
fn l11_an_escape_is_undone_once_and_never_twice() {
    let which = (
        0..REALMS.len(),
        prop::collection::vec(any::<bool>(), 20),
        0..4_usize,
    );
    proptest!(trials("L11 escapes", 2_000), |((which, places, times) in which)| {
        let realm = REALMS[which];
        let mut path = String::from("/json/realms/root");
        let mut touched = false;
        for part in realm.split('/').filter(|part| !part.is_empty()) {
            let shown = escaped(part, &places, times);
            touched |= shown != part;
            let _ = write!(path, "/realms/{shown}");
        }
        let found = lead(&(path + "/authenticate"), "");
        if touched && times > 1 {
            prop_assert!(matches!(found, Err(Refusal::UnknownRealm(_))), "{:?}", found);
        } else {
            prop_assert_eq!(found.map(|route| route.realm.to_string()), Ok(realm.to_owned()));
        }
        let query = format!("realm={}", escaped(realm, &places, times));
        let found = lead("/json/authenticate", &query);
        if query.trim_start_matches("realm=") != realm && times > 1 {
            prop_assert!(matches!(found, Err(Refusal::InvalidRealm(_))), "{:?}", found);
        } else {
            prop_assert_eq!(found.map(|route| route.realm.to_string()), Ok(realm.to_owned()));
        }
    });
}

#[test]
fn l11_a_realm_in_another_letter_case_is_another() {
    let which = (1..REALMS.len(), prop::collection::vec(any::<bool>(), 20));
    proptest!(trials("L11 letter case", 500), |((which, places) in which)| {
        let realm = REALMS[which];
        let other: String = realm
            .chars()
            .enumerate()
            .map(|(at, c)| if places[at] { c.to_ascii_uppercase() } else { c })
            .collect();
        prop_assert_eq!(lead(&canonical(&other), "").is_ok(), other == realm);
        let query = format!("realm={other}");
        prop_assert_eq!(lead("/json/authenticate", &query).is_ok(), other == realm);
    });
}

#[test]
fn l11_an_address_that_is_taken_leads_where_it_says() {
    let own = Origin::parse("https://am.example.com").unwrap();
    let allowed = Allowed::new(["https://app.example.com:443/safe/*"]).unwrap();
    let start = prop::sample::select(vec![
        "",
        "/",
        "//",
        "https://app.example.com",
        "https://app.example.com/safe/",
        "https://app.example.com:443/safe/",
        "https://am.example.com/",
        "HTTPS://APP.EXAMPLE.COM/safe/",
        "https://app.example.com@",
        "https:app.example.com/safe/",
        "https:/app.example.com/safe/",
    ]);
    proptest!(trials("L11 addresses", 2_000), |((start, rest) in (start, pieces(8)))| {
        let address = format!("{start}{rest}");
        if let Some(taken) = allowed.check(&address, Some(&own)) {
            // As it stands, byte for byte, and the same when it is looked at again.
            prop_assert_eq!(taken, &*address);
            prop_assert_eq!(allowed.check(taken, Some(&own)), Some(taken));
            let (host, parts) = followed(taken, "am.example.com");
            match host.trim_end_matches(":443") {
                "am.example.com" => {}
                "app.example.com" => prop_assert_eq!(
                    parts.first().map(String::as_str), Some("safe"), "{} leads out of it", taken
                ),
                other => prop_assert!(false, "{} leads to {}", taken, other),
            }
            // Whoever decodes it once more finds no way up in it.
            let path = taken.split(['?', '#']).next().unwrap_or("");
            prop_assert!(!path.to_ascii_lowercase().contains("%25"), "{}", taken);
        }
    });
}
