//! The time of a run, recovery codes, push, devices, nobody in particular, and what is counted.

use super::*;
use crate::engine::{callback::MessageKind, output::Measure};

const MINUTE: Duration = Duration::from_secs(60);

fn timeout(operation: &str, value: i64) -> Visit {
    let settings = [("operation", operation.into()), ("value", value.into())];
    let mut visit = Visit::new("UpdateJourneyTimeout", settings);
    visit.world.run_time = 5 * MINUTE;
    visit
}

#[test]
fn the_time_of_a_run_is_set_and_changed_in_minutes() {
    for (operation, value, minutes) in [("SET", 12, 12), ("MODIFY", 3, 8), ("MODIFY", -4, 1)] {
        let mut visit = timeout(operation, value);
        assert_eq!(visit.enter().unwrap(), went("outcome"));
        assert_eq!(visit.world.run_time, minutes * MINUTE);
        let key = visit.transient("maxAuthenticationSessionDuration");
        assert_eq!(key, Some(Value::Int(i64::from(minutes))));
    }
    let mut visit = timeout("SET", i64::MAX);
    visit.enter().unwrap();
    assert_eq!(visit.world.run_time, visit.world.limits.run_time_max);
}

#[test]
fn no_run_is_left_without_time() {
    for value in [0, -1] {
        let settings = [("operation", "SET".into()), ("value", value.into())];
        let error = "The timeout value must be positive when SET operation is selected";
        assert_eq!(Visit::refused("UpdateJourneyTimeout", settings), error);
    }
    let error = timeout("MODIFY", -5).enter().unwrap_err();
    assert_eq!(error, "The resulting timeout value must be positive");
}

#[test]
fn recovery_codes_are_shown_once_in_the_shape_that_clients_read() {
    let codes = Value::List(Arc::from([secret("iZmEtxvQ00"), "3kz0RFJVbE".into()]));
    let mut visit = Visit::new("RecoveryCodeDisplay", [])
        .with_transient("recoveryCodes", codes)
        .with_transient("recoveryCodeDeviceName", "<b>My</b> \"key\"");
    let Did::Ask(asked) = visit.enter().unwrap() else {
        panic!("it shows them")
    };
    let [Callback::TextOutput { text, message }] = &*asked else {
        panic!("one text")
    };
    assert_eq!(*message, MessageKind::Script);
    assert!(
        text.contains("Recovery Codes") && text.contains("<em>bMyb key</em>"),
        "{text}"
    );
    assert!(
        text.contains("\n  \"iZmEtxvQ00\\n\" +\n  \"3kz0RFJVbE\\n\" +\n"),
        "{text}"
    );
    assert_eq!(visit.transient("recoveryCodes"), None);
    assert_eq!(visit.answer([Answer::None]).unwrap(), went("outcome"));
    assert_eq!(visit.enter().unwrap(), went("outcome"));
}

#[test]
fn a_code_that_would_write_into_the_script_is_refused() {
    for code in ["", "a\"b", "a\nb", "a b"] {
        let codes = list([code]);
        let mut visit =
            Visit::new("RecoveryCodeDisplay", []).with_transient("recoveryCodes", codes);
        assert!(visit.enter().is_err(), "{code}");
    }
}

#[test]
fn a_push_is_waited_for_with_the_number_to_choose() {
    let push = || {
        let settings = [(
            "challengeMessage",
            localized([("en", "{{challenge}} within {{time}} s")]),
        )];
        Visit::new("PushWait", settings).with_shared("pushNumberChallengeKey", 42)
    };
    let Did::Ask(asked) = push().enter().unwrap() else {
        panic!("it waits")
    };
    let wait = Callback::PollingWait {
        wait_ms: 5_000,
        message: "42 within 5 s".to_owned(),
    };
    let number = Callback::HiddenValue {
        id: "pushChallengeNumber".to_owned(),
        value: "42".to_owned(),
    };
    assert_eq!(asked[..2], [wait, number]);
    assert!(matches!(
        &asked[2],
        Callback::Confirmation { optional: true, .. }
    ));
    let answers = |button| [Answer::None, Answer::Text("42".to_owned()), button];
    let mut visit = push();
    visit.enter().unwrap();
    assert_eq!(
        visit.answer(answers(Answer::Index(0))).unwrap(),
        went("EXITED")
    );
    let mut visit = push();
    visit.enter().unwrap();
    assert!(matches!(
        visit.answer(answers(Answer::Untouched)).unwrap(),
        Did::Ask(_)
    ));
    visit.world.now += 5_000;
    assert_eq!(
        visit.answer(answers(Answer::Untouched)).unwrap(),
        went("DONE")
    );
}

#[test]
fn a_push_without_a_number_waits_with_its_message() {
    let mut visit = Visit::new("PushWait", []);
    let Did::Ask(asked) = visit.enter().unwrap() else {
        panic!("it waits")
    };
    assert_eq!(asked.len(), 2);
    let pressed = [Answer::None, Answer::Index(0)];
    assert_eq!(visit.answer(pressed).unwrap(), went("EXITED"));
}

fn evidence(factor: Factor, of: &str) -> Evidence {
    Evidence {
        subject: SubjectId(Arc::from(of)),
        factor,
        node: Arc::from("j/n"),
        visit: 1,
        at: Timestamp(0),
    }
}

#[test]
fn devices_are_managed_by_whoever_proved_one() {
    let manage = |strategy: &str, evidence: Vec<Evidence>| {
        let settings = [("deviceEnforcementStrategy", strategy.into())];
        let mut visit = Visit::new("EnableDeviceManagement", settings);
        visit.world.subject = Some(subject());
        visit.world.evidence = evidence;
        let did = visit.enter().unwrap();
        (did, visit.world.kept.remove("deviceManagement"))
    };
    let refused = (went("failureOutcome"), None);
    let none = || vec![evidence(Factor::Password, "id-demo")];
    assert_eq!(manage("SAME", none()), refused);
    assert_eq!(manage("ANY", none()), refused);
    assert_eq!(
        manage("SAME", vec![evidence(Factor::Push, "id-eve")]),
        refused
    );
    let kept = |strategy: &str, factors: Value| {
        let kept = map([("factors", factors), ("strategy", strategy.into())]);
        (went("successOutcome"), Some(kept))
    };
    assert_eq!(manage("NONE", none()), kept("NONE", list([])));
    let push = vec![
        evidence(Factor::Push, "id-demo"),
        evidence(Factor::Push, "id-demo"),
    ];
    assert_eq!(manage("SAME", push), kept("SAME", list(["push"])));
    let error = Visit::refused(
        "EnableDeviceManagement",
        [("deviceEnforcementStrategy", "SOME".into())],
    );
    assert!(error.contains("none of NONE, ANY and SAME"), "{error}");
}

#[test]
fn only_a_session_of_nobody_proved_is_let_go() {
    let mut visit = Visit::new("AnonymousSessionUpgrade", []);
    assert_eq!(visit.enter().unwrap_err(), "Failed to get previous session");
    visit.world.session = Some(session());
    assert!(visit.enter().is_err());
    assert!(!visit.world.lets_go);
    visit.world.session = Some(StartSession {
        proved: false,
        ..session()
    });
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    assert!(visit.world.lets_go);
}

#[test]
fn the_first_name_that_the_provider_gave_is_taken() {
    let info = |names: Value| map([("userNames", names)]);
    let mut visit = Visit::new("SocialOAuthIgnoreProfile", [])
        .with_shared("userInfo", info(map([("uid", list(["demo", "other"]))])));
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    assert_eq!(visit.shared("username"), Some("demo".into()));
    for wrong in [
        info(map([])),
        info(map([("uid", list([]))])),
        map([]),
        "demo".into(),
    ] {
        let mut visit = Visit::new("SocialOAuthIgnoreProfile", []).with_shared("userInfo", wrong);
        assert!(visit.enter().is_err());
    }
    assert!(Visit::new("SocialOAuthIgnoreProfile", []).enter().is_err());
}

#[test]
fn details_of_the_logout_are_kept_for_the_session() {
    let details = map([("goto", "https://app.example.com/bye".into())]);
    let mut visit = Visit::new("SetLogoutDetails", [("logoutDetails", details.clone())]);
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    assert_eq!(visit.world.kept["logoutDetails"], details);
    let own = [("logoutDetails", map([("result", "x".into())]))];
    assert!(Visit::refused("SetLogoutDetails", own).contains("the reply's own"));
}

#[test]
fn what_is_counted_and_timed_is_handed_out() {
    let mut visit = Visit::new("Meter", [("metricKey", "logins".into())]);
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    let count = Measure {
        key: "logins".into(),
        took: None,
    };
    assert_eq!(visit.world.outputs, [Output::Measure(count)]);
    let mut visit = Visit::new("TimerStop", [("metricKey", "slow".into())])
        .with_shared("TimerNodeStartTime", 1_000);
    visit.world.now = 3_500;
    visit.enter().unwrap();
    let took = Measure {
        key: "slow".into(),
        took: Some(Duration::from_millis(2_500)),
    };
    assert_eq!(visit.world.outputs, [Output::Measure(took)]);
}
