//! Nodes that look at the request.

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
