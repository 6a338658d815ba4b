//! Flows: which rules are read, and what they say of what came.

use serde_json::{Value as Json, json};
use wayfare_wire::{
    am::request::Parts,
    capture::{flow::Flow, parameters::Parameters},
    json::Bounds,
};

/// A flow with one field, of this type and with these rules.
fn flow(kind: &str, rules: &Json) -> Result<Flow, String> {
    let json = json!({
        "version": "1",
        "fields": {
            "form": { "action": "profileUpdate", "fields": ["field"] },
            "field": { "type": kind, "schemaAttribute": "aboutMe", "validation": rules },
        },
        "translations": { "en-US": { "postcode": "Five digits, please." } },
    });
    Flow::read(&json).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

/// What a flow says of a value.
fn said(flow: &Flow, value: &str) -> Vec<String> {
    let body = json!({ "field": value }).to_string();
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let parts = Parts {
        method: "POST",
        path: "/oauth/update_profile_native",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
        client: None,
    };
    let parameters = Parameters::read(&parts, Bounds::default()).unwrap();
    let mut invalid = flow.invalid(&flow.forms["form"], &parameters, "en-US");
    invalid.remove("field").unwrap_or_default()
}

#[test]
fn a_format_may_be_a_pattern() {
    for pattern in ["^[0-9]{5}$", "/^[0-9]{5}$/", r"/^\d{5}$/g"] {
        let rule =
            json!([{ "rule": "format", "value": pattern, "message": { "key": "postcode" } }]);
        let flow = flow("text", &rule).unwrap();
        assert!(said(&flow, "53111").is_empty(), "{pattern}");
        assert!(
            said(&flow, "").is_empty(),
            "what is empty is for `required`"
        );
        for wrong in ["5311", "531111", "5311a", "53111\n"] {
            assert!(
                said(&flow, wrong).contains(&"Five digits, please.".to_owned()),
                "{pattern} {wrong:?}"
            );
        }
        // Apps read it as it is written.
        let shown = flow.shown("en-US");
        assert_eq!(shown["fields"]["field"]["validation"][0]["value"], pattern);
    }
    // As in JavaScript it is found anywhere, and letter case counts unless a flag says otherwise.
    let anywhere = flow("text", &json!([{ "rule": "format", "value": "/a.c/i" }])).unwrap();
    assert!(said(&anywhere, "xxABCxx").is_empty());
    assert_eq!(
        said(&anywhere, "xxABxx"),
        ["The value is not written as it should be."]
    );
    assert!(!said(&anywhere, &("abc".to_owned() + &"x".repeat(1_024))).is_empty());
}

#[test]
fn patterns_that_cannot_be_held_are_refused() {
    let long = "a".repeat(1_024) + "+";
    for (pattern, wanted) in [
        ("(", "cannot be read"),
        ("(?=a)b", "cannot be read"),
        (r"(a)\1", "cannot be read"),
        ("(a{500}){500}", "cannot be read"),
        ("/a/y", "a flag `y`"),
        (&long, "at most 1024 bytes"),
        ("url", "is not known"),
    ] {
        let found = flow("text", &json!([{ "rule": "format", "value": pattern }]));
        let said = found.expect_err(pattern);
        assert!(said.starts_with("fields.field: "), "{said}");
        assert!(said.contains(wanted), "{pattern}: {said}");
    }
}

#[test]
fn patterns_take_a_time_that_grows_with_the_value_alone() {
    let rule = json!([{ "rule": "format", "value": "^(a+)+$" }]);
    let flow = flow("text", &rule).unwrap();
    assert!(!said(&flow, &("a".repeat(1_000) + "!")).is_empty());
}

#[test]
fn control_characters_are_taken_nowhere_but_for_lines() {
    let words = ["The value holds characters that are not taken here."];
    for (kind, value, fine) in [
        ("text", "Zoë O'Neill 李", true),
        ("text", "a\nb", false),
        ("text", "a\u{0}b", false),
        ("text", "a\u{1b}[2Jb", false),
        ("text", "a\u{85}b", false),
        ("hidden", "a\u{7f}b", false),
        ("textarea", "a\r\n\tb", true),
        ("textarea", "a\u{0}b", false),
        ("password", "a\u{1}b", true),
    ] {
        let found = said(&flow(kind, &json!([])).unwrap(), value);
        assert_eq!(found.is_empty(), fine, "{kind} {value:?}");
        if !fine {
            assert_eq!(found, words);
        }
    }
}
