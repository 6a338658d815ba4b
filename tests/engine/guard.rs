//! Guards and texts with reads in them, evaluated.

use super::support::{Player, prompts, text, why};

/// Whether a guard holds for a run that has these values; what went wrong where it cannot be told.
fn holds(guard: &str) -> Result<bool, String> {
    let text_of = format!(
        r#"journey j {{
          start a
          node a: Probe(do = "name; shared word Abc; shared number 12; shared at 2026-01-02T03:04:05Z") {{ ok -> b no -> failure }}
          node b: Decision {{
            when {guard} -> yes
            else -> failure
          }}
          node yes: Probe(do = "ask") {{ ok -> failure no -> failure }}
        }}"#
    );
    let mut run = Player::new(&text_of, "j");
    run.request.headers = vec![("X-Kind".to_owned(), "mobile".to_owned())];
    run.request.cookies = vec![("seen".to_owned(), "1".to_owned())];
    run.request.client = Some("::ffff:10.2.3.4".parse().unwrap());
    run.request.locales = vec!["fr".to_owned()];
    run.begin();
    match run.answer([text("demo")]) {
        step @ wayfare::Step::Ask(_) => Ok(prompts(&step) == 1),
        step => match why(step).as_str() {
            "Rejected" => Ok(false),
            other => Err(other.to_owned()),
        },
    }
}

#[test]
fn guards_hold_or_do_not() {
    for (guard, expected) in [
        ("auth_level == 0", true),
        ("auth_level >= 1", false),
        ("!(auth_level >= 1)", true),
        ("auth_level < 1 && realm == \"/\"", true),
        ("auth_level > 0 || realm == \"/\"", true),
        ("auth_level > 0 || realm == \"/alpha\"", false),
        ("has shared.word && shared.word == \"Abc\"", true),
        ("has shared.none && shared.none == \"Abc\"", false),
        (
            "has shared.username && lower(shared.username) in [\"demo\", \"eve\"]",
            true,
        ),
        (
            "has shared.username && matches(shared.username, \"d.m\")",
            false,
        ),
        (
            "has shared.username && matches(shared.username, \"d.*|x\")",
            true,
        ),
        (
            "has shared.username && starts_with(shared.username, \"de\")",
            true,
        ),
        (
            "has shared.username && ends_with(shared.username, \"de\")",
            false,
        ),
        (
            "has shared.username && contains(shared.username, \"em\")",
            true,
        ),
        ("has shared.username && len(shared.username) == 4", true),
        (
            "has request.headers[\"x-kind\"] && request.headers[\"x-kind\"] == \"mobile\"",
            true,
        ),
        ("has request.cookies[\"seen\"]", true),
        ("has request.cookies[\"Seen\"]", false),
        ("request.ip in [\"10.0.0.0/8\"]", true),
        ("request.ip in [\"192.168.0.0/16\", \"fc00::/7\"]", false),
        ("request.ip in [\"10.2.3.4\"]", true),
        ("has session.auth_level", false),
        ("before(now(), \"2027-01-01T00:00:00Z\")", false),
        ("after(now(), \"2027-01-01T00:00:00Z\")", true),
        ("age(\"2027-01-15T07:59:00Z\") >= 1m", true),
        ("age(\"2027-01-15T07:59:00Z\") > 1m", false),
        ("int(\"12\") + 1 == 13", true),
    ] {
        assert_eq!(holds(guard), Ok(expected), "{guard}");
    }
}

#[test]
fn a_guard_that_cannot_be_told_fails_the_node() {
    for (guard, message) in [
        ("int(\"12x\") == 12", "not a whole number"),
        ("int(\"9223372036854775807\") + 1 == 0", "out of range"),
        ("age(\"yesterday\") > 1m", "not an instant"),
    ] {
        let error = holds(guard).unwrap_err();
        assert!(error.contains(message), "{guard}: {error}");
    }
}
