//! Nodes that are not visited come to the same as nodes that are.
//!
//! A traced run visits every node; a run that is not traced hops over those that read or move the level,
//! count, write into the state or decide by it. Step for step both must be in the same state, byte for byte.

use std::fmt::Write as _;

use wayfare::{Answer, AuthSession, Engine, Host, Input, Limits, Request, Start, Step};

use super::{
    random::Dice,
    support::{Machine, Sealer, engine},
};

const NODES: u64 = 12;

/// A journey of nodes that can be hopped over, of stops between them and of arrows that lead anywhere.
fn journey(dice: &mut Dice) -> String {
    let mut text = "journey inner \"Inner\" {\n  innerTreeOnly = true\n  start i0\n  node i0: ModifyAuthLevel {\n    \
                    authLevelIncrement = 2\n    -> i1\n  }\n  node i1: AuthLevelDecision {\n    \
                    authLevelRequirement = 3\n    true -> success\n    false -> i2\n  }\n  node i2: SetState {\n    \
                    attributes = { inner = \"yes\" }\n    -> i3\n  }\n  node i3: RetryLimitDecision {\n    \
                    retryLimit = 1\n    Retry -> failure\n    Reject -> nowhere\n  }\n}\n\
                    journey test \"Test\" {\n  start n0\n"
        .to_owned();
    for at in 0..NODES {
        let mut to = || match dice.below(NODES + 2) {
            at if at < NODES => format!("n{at}"),
            at if at == NODES => "failure".to_owned(),
            _ => "nowhere".to_owned(),
        };
        let (yes, no) = (to(), to());
        let number = dice.below(5);
        let _ = match dice.below(12) {
            0..=2 => write!(
                text,
                "  node n{at}: AuthLevelDecision {{\n    authLevelRequirement = {number}\n    \
                 true -> {yes}\n    false -> {no}\n  }}\n"
            ),
            3 | 4 => write!(
                text,
                "  node n{at}: ModifyAuthLevel {{\n    authLevelIncrement = {}\n    -> {yes}\n  }}\n",
                i64::try_from(number).unwrap() - 2
            ),
            5 => write!(
                text,
                "  node n{at}: Decision {{\n    when auth_level {} {number} -> {yes}\n    \
                 else -> {no}\n  }}\n",
                [">=", ">", "<", "<=", "=="][usize::try_from(dice.below(5)).unwrap()]
            ),
            6 => write!(
                text,
                "  node n{at}: journey inner {{\n    true -> {yes}\n    false -> {no}\n  }}\n"
            ),
            7 | 8 => write!(
                text,
                "  node n{at}: SetState {{\n    attributes = {{ color = \"{}\", tone = {number} }}\n    \
                 -> {yes}\n  }}\n",
                ["red", "blue"][usize::try_from(dice.below(2)).unwrap()]
            ),
            9 => write!(
                text,
                "  node n{at}: RetryLimitDecision {{\n    retryLimit = {number}\n    Retry -> {yes}\n    \
                 Reject -> {no}\n  }}\n"
            ),
            10 => write!(
                text,
                "  node n{at}: Decision {{\n    when {} -> {yes}\n    else -> {no}\n  }}\n",
                [
                    "has shared.color && shared.color == \"red\"",
                    "!has shared.tone || shared.tone < 3",
                    // Fails where it is there, for a text is no number.
                    "has shared.color && shared.color == 3",
                ][usize::try_from(dice.below(3)).unwrap()]
            ),
            _ => writeln!(text, "  node n{at}: UsernameCollector -> {yes}"),
        };
    }
    text + "}\n"
}

/// The run as bytes, while it has not ended.
fn bytes(run: &AuthSession) -> Option<Vec<u8>> {
    run.seal(&Sealer([3; 32]), b"data").ok()
}

fn begin(engine: &Engine, host: &dyn Host) -> AuthSession {
    engine.begin(Start::journey("Test"), host).unwrap()
}

#[test]
fn a_run_that_hops_is_the_run_that_visits() {
    let request = Request::default();
    let (mut stops, mut ends) = (0, 0);
    for seed in 0..200 {
        let text = journey(&mut Dice(seed));
        let mut limits = Limits::default();
        limits.visits_per_turn = 40;
        limits.visits_per_run = 90;
        let engine = engine(&text).with_limits(limits);
        let (one, two) = (Machine::new(seed), Machine::new(seed));
        let (mut hops, mut visits) = (begin(&engine, &one), begin(&engine, &two).traced());
        let mut input: fn() -> Input = || Input::Begin;
        let name: fn() -> Input = || Input::Answers(vec![Answer::Text("demo".to_owned())]);
        for _ in 0..20 {
            let step = hops.step(&one, &request, input()).unwrap();
            let other = visits.step(&two, &request, input()).unwrap();
            assert_eq!(step, other, "seed {seed}\n{text}");
            assert_eq!(bytes(&hops), bytes(&visits), "seed {seed}\n{text}");
            if matches!(step, Step::Done(_)) {
                ends += 1;
                break;
            }
            stops += 1;
            input = name;
        }
    }
    assert!(stops > 20 && ends > 20, "{stops} stops, {ends} ends");
}
