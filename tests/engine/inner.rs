//! Inner journeys: what goes in, what comes back, where failures surface.

use wayfare::{Callback, Step};

use super::support::{Player, prompts, secret, text, why};

/// A caller and an inner journey, each with one probe before and after.
fn pair(before: &str, inside: &str, arms: &str, after: &str) -> String {
    format!(
        r#"
journey outer {{
  start before
  node before: Probe(do = "{before}") {{ ok -> call no -> failure }}
  node call: journey inside {{
    {arms}
  }}
  node after: Probe(do = "{after}", reads = ["t"]) {{ ok -> failure no -> failure }}
}}

journey inside {{
  innerTreeOnly = true
  start only
  node only: Probe(do = "{inside}", reads = ["known"]) {{ ok -> success no -> failure }}
}}
"#
    )
}

#[test]
fn shared_state_goes_in_and_comes_back_what_is_transient_stays() {
    let text_of = pair(
        "shared a 1; transient t 1; transient known 2; transient secret 3",
        "expect shared a 1; expect transient known 2; expect any t nothing; \
         expect any secret nothing; shared b 2; transient made 4; ask; expect secure known 2",
        "true -> after\n false -> failure",
        "expect shared a 1; expect shared b 2; expect secure t 1; expect any made nothing; \
         expect any secret nothing; ask",
    );
    for sealing in [false, true] {
        let mut run = Player::new(&text_of, "outer");
        run.sealing = sealing;
        assert_eq!(prompts(&run.begin()), 1);
        assert_eq!(prompts(&run.answer([text("x")])), 1);
    }
}

#[test]
fn the_end_of_an_inner_journey_is_an_outcome() {
    let text_of = pair("", "go no", "true -> failure\n false -> after", "ask");
    assert_eq!(prompts(&Player::new(&text_of, "outer").begin()), 1);
    let text_of = pair("", "go ok", "true -> after\n false -> failure", "ask");
    assert_eq!(prompts(&Player::new(&text_of, "outer").begin()), 1);
}

#[test]
fn a_journey_that_is_not_enabled_is_not_run_and_its_caller_fails() {
    let arms = "true -> failure\n false -> failure\n error -> failure";
    let text_of = pair("", "ask", arms, "ask").replace("innerTreeOnly = true", "enabled = false");
    assert_eq!(
        why(Player::new(&text_of, "outer").begin()),
        "outer/call: the inner journey is not enabled"
    );
    let arms = format!("{arms}\n on error -> after");
    let text_of = pair("", "ask", &arms, "ask").replace("innerTreeOnly = true", "enabled = false");
    assert_eq!(prompts(&Player::new(&text_of, "outer").begin()), 1);
}

#[test]
fn a_failure_inside_surfaces_where_it_is_wired() {
    let wired = "true -> failure\n false -> failure\n error -> after";
    let after =
        "expect shared kept 1; expect shared lost nothing; expect shared errorMessage boom; ask";
    let text_of = pair("shared kept 1", "shared lost 1; fail boom", wired, after);
    assert_eq!(prompts(&Player::new(&text_of, "outer").begin()), 1);

    let arrow = "true -> failure\n false -> failure\n on error -> after";
    let after = "expect shared errorMessage nothing; ask";
    let text_of = pair("", "fail boom", arrow, after);
    assert_eq!(prompts(&Player::new(&text_of, "outer").begin()), 1);

    let neither = "true -> after\n false -> after";
    let text_of = pair("", "fail boom", neither, "ask");
    let step = Player::new(&text_of, "outer").begin();
    assert_eq!(why(step), "inside/only: boom");
}

#[test]
fn the_caller_is_told_which_node_failed_by_its_type_on_the_wire() {
    let text_of = r#"
journey outer {
  start call
  node call: journey inside {
    true -> failure
    false -> failure
    error -> told
  }
  node told: Metadata(attributes = ["errorNode", "errorMessage"]) -> failure
}

journey inside {
  innerTreeOnly = true
  start broken
  node broken: SessionData(sessionDataKey = "x", sharedStateKey = "y") -> success
}
"#;
    let step = Player::new(text_of, "outer").begin();
    let Step::Ask(ask) = step else {
        panic!("{step:?}");
    };
    let [Callback::Metadata { data }] = &ask.callbacks[..] else {
        panic!("{ask:?}");
    };
    let node = serde_json::json!({
        "id": "inside/broken", "displayName": "broken", "type": "SessionDataNode"
    });
    assert_eq!(data["errorNode"], node);
    assert_eq!(data["errorMessage"], "no valid session came with the start");
}

#[test]
fn a_loose_end_fails_the_caller_and_no_error_arrow_is_taken() {
    let loose = |arms: &str| {
        pair("", "ask", arms, "ask")
            .replace(
                "ok -> success no -> failure",
                "ok -> nowhere no -> failure\n on error -> failure",
            )
            .replace(
                "journey inside {",
                "journey inside {\n  allow no_success, loose_end because \"a test\"\n",
            )
            .replace(
                "journey outer {",
                "journey outer {\n  allow no_success because \"a test\"\n",
            )
    };
    let text_of = loose("true -> after\n false -> after\n on error -> after");
    let mut run = Player::new(&text_of, "outer");
    run.begin();
    let step = run.answer([text("x")]);
    assert_eq!(why(step), "LooseEnd");
    let text_of = loose("true -> failure\n false -> failure\n error -> after");
    let mut run = Player::new(&text_of, "outer");
    run.begin();
    assert_eq!(prompts(&run.answer([text("x")])), 1);
}

#[test]
fn counters_are_one_for_all_calls_of_a_journey() {
    let text_of = r"
journey outer {
  start call
  node call: journey inside {
    true -> failure
    false -> again
  }
  node again: RetryLimitDecision {
    retryLimit = 10
    Retry -> call
    Reject -> failure
  }
}

journey inside {
  innerTreeOnly = true
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> attempts
  }
  node attempts: RetryLimitDecision {
    retryLimit = 3
    Retry -> credentials
    Reject -> failure
  }
}
";
    let mut run = Player::new(text_of, "outer");
    run.sealing = true;
    let mut step = run.begin();
    let mut answered = 0;
    while matches!(step, Step::Ask(_)) {
        step = run.answer([text("demo"), secret("no")]);
        answered += 1;
        assert!(answered < 100);
    }
    assert_eq!(why(step), "Rejected");
    // Four in the first call, one in each of the ten that follow: the inner limit is spent for good.
    assert_eq!(answered, 14);
}

#[test]
fn success_inside_is_not_the_end() {
    let text_of = pair("", "go ok", "true -> success\n false -> failure", "ask")
        .replace("true -> success", "true -> out")
        .replace(
            "node after",
            "node out: Probe(do = \"go no\") { ok -> after no -> failure }\n node after",
        );
    let step = Player::new(&text_of, "outer").begin();
    assert_eq!(why(step), "Rejected");
}
