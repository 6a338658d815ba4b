//! Waiting, drawing and measuring.

use super::*;
use crate::engine::callback::MessageKind;

const NOW: u64 = 1_700_000_000_000;

fn waits(wait_ms: u64, message: &str, exit: Option<&str>) -> Did {
    let mut callbacks = vec![Callback::PollingWait {
        wait_ms,
        message: message.to_owned(),
    }];
    if let Some(exit) = exit {
        callbacks.push(Callback::Confirmation {
            prompt: String::new(),
            message: MessageKind::Information,
            options: vec![exit.to_owned()],
            default: 0,
            optional: true,
        });
    }
    Did::Ask(callbacks)
}

#[test]
fn a_wait_is_done_when_its_time_is_over_and_goes_on_before() {
    let mut visit = Visit::new("PollingWait", []);
    visit.world.now = NOW;
    let message = "Waiting for response...";
    assert_eq!(visit.enter().unwrap(), waits(8_000, message, None));
    visit.world.now = NOW + 7_999;
    assert_eq!(
        visit.answer([Answer::None]).unwrap(),
        waits(1, message, None)
    );
    visit.world.now = NOW + 8_000;
    assert_eq!(visit.answer([Answer::None]).unwrap(), went("DONE"));
}

#[test]
fn a_clock_that_jumps_back_does_not_stretch_the_wait() {
    let mut visit = Visit::new("PollingWait", []);
    visit.world.now = NOW;
    visit.enter().unwrap();
    visit.world.now = NOW - 3_600_000;
    let message = "Waiting for response...";
    assert_eq!(
        visit.answer([Answer::None]).unwrap(),
        waits(8_000, message, None)
    );
    visit.world.now += 8_000;
    assert_eq!(visit.answer([Answer::None]).unwrap(), went("DONE"));
}

#[test]
fn a_wait_can_be_left_by_its_button() {
    let mut visit = Visit::new(
        "PollingWait",
        [
            ("secondsToWait", Value::Duration(Duration::from_secs(30))),
            (
                "waitingMessage",
                localized([("en", "Hold on"), ("fr", "Attendez")]),
            ),
            ("exitable", true.into()),
            (
                "exitMessage",
                localized([("en", "Leave"), ("fr", "Partir")]),
            ),
        ],
    );
    visit.world.now = NOW;
    visit.world.request.locales = vec!["fr".to_owned()];
    let asked = waits(30_000, "Attendez", Some("Partir"));
    assert_eq!(visit.enter().unwrap(), asked);
    let untouched = [Answer::None, Answer::Untouched];
    assert_eq!(visit.answer(untouched).unwrap(), asked);
    let pressed = [Answer::None, Answer::Index(0)];
    assert_eq!(visit.answer(pressed).unwrap(), went("EXITED"));

    let mut plain = Visit::new("PollingWait", [("exitable", true.into())]);
    let asked = waits(8_000, "Waiting for response...", Some("Exit"));
    assert_eq!(plain.enter().unwrap(), asked);
}

#[test]
fn coming_back_early_too_often_is_spam() {
    let spam = |tolerance: i64| {
        let mut visit = Visit::new(
            "PollingWait",
            [
                ("spamDetectionEnabled", true.into()),
                ("spamDetectionTolerance", tolerance.into()),
            ],
        );
        visit.world.now = NOW;
        visit.enter().unwrap();
        visit
    };
    let mut visit = spam(1);
    assert!(matches!(visit.answer([Answer::None]).unwrap(), Did::Ask(_)));
    assert_eq!(visit.answer([Answer::None]).unwrap(), went("SPAM"));
    let mut strict = spam(0);
    assert_eq!(strict.answer([Answer::None]).unwrap(), went("SPAM"));
    let mut patient = spam(0);
    patient.world.now = NOW + 8_000;
    assert_eq!(patient.answer([Answer::None]).unwrap(), went("DONE"));
    let mut off = Visit::new("PollingWait", []);
    off.enter().unwrap();
    for _ in 0..10 {
        assert!(matches!(off.answer([Answer::None]).unwrap(), Did::Ask(_)));
    }
}

#[test]
fn runs_are_split_by_the_percentage() {
    let split = |percentage: i64, random: u8| {
        let mut visit = Visit::new(
            "FlowControl",
            [
                ("percentageA", percentage.into()),
                ("outcomeADisplayName", "old".into()),
                ("outcomeBDisplayName", "new".into()),
            ],
        );
        visit.world.random = vec![random];
        visit.enter().unwrap()
    };
    assert_eq!(split(30, 29), went("A"));
    assert_eq!(split(30, 30), went("B"));
    assert_eq!(split(30, 129), went("A"));
    assert_eq!(split(0, 0), went("B"));
    assert_eq!(split(100, 199), went("A"));
    for percentage in [-1, 101] {
        Visit::refused("FlowControl", [("percentageA", percentage.into())]);
    }
    let mut plain = Visit::new("FlowControl", []);
    plain.world.random = vec![49];
    assert_eq!(plain.enter().unwrap(), went("A"));
    plain.world.random = vec![50];
    assert_eq!(plain.enter().unwrap(), went("B"));
    plain.world.random = vec![255];
    plain.enter().unwrap_err();
}

#[test]
fn timers_measure_from_start_to_stop() {
    let mut start = Visit::new("TimerStart", [("startTimeProperty", "t0".into())]);
    start.world.now = NOW;
    assert_eq!(start.enter().unwrap(), went("outcome"));
    let started = start.shared("t0");
    assert_eq!(started, Some(Value::Int(1_700_000_000_000)));
    let settings = || {
        [
            ("startTimeProperty", "t0".into()),
            ("metricKey", "login.time".into()),
        ]
    };
    let mut stop = Visit::new("TimerStop", settings()).with_shared("t0", started.unwrap());
    stop.world.now = NOW + 1_234;
    assert_eq!(stop.enter().unwrap(), went("outcome"));
    assert_eq!(stop.world.trace, ["timer login.time 1234 ms"]);
    let mut silent = Visit::new("TimerStop", settings());
    assert_eq!(silent.enter().unwrap(), went("outcome"));
    assert!(silent.world.trace.is_empty());
    let mut plain = Visit::new("TimerStart", []);
    plain.enter().unwrap();
    assert!(plain.shared("TimerNodeStartTime").is_some());
}
