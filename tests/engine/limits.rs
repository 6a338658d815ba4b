//! Every limit at its bound and one past it.

use std::fmt::Write as _;

use wayfare::{Limits, Start, Step};

use super::support::{Player, engine, prompts, text, why};

fn chain(count: usize) -> String {
    let mut text = "journey j {\n start n0\n".to_owned();
    for at in 0..count {
        let _ = writeln!(
            text,
            " node n{at}: ModifyAuthLevel(authLevelIncrement = 0) -> n{}",
            at + 1
        );
    }
    text + &format!(" node n{count}: Probe(do = \"ask\") {{ ok -> failure no -> failure }}\n}}\n")
}

fn limited(text: &str, change: impl Fn(&mut Limits)) -> Player {
    let mut limits = Limits::default();
    change(&mut limits);
    Player::start(engine(text).with_limits(limits), Start::journey("j"))
}

#[test]
fn visits_between_two_stops_are_bounded() {
    let mut run = limited(&chain(999), |_| {});
    assert_eq!(prompts(&run.begin()), 1);
    let mut run = limited(&chain(1_000), |_| {});
    let step = run.begin();
    assert_eq!(why(step), "TooManyVisits");
}

const LOOP: &str = r#"journey j {
  start a
  node a: Probe(do = "ask") { ok -> a no -> failure }
}"#;

#[test]
fn visits_of_a_run_are_bounded() {
    let mut run = limited(LOOP, |limits| limits.visits_per_run = 5);
    run.begin();
    for _ in 0..4 {
        assert_eq!(prompts(&run.answer([text("x")])), 1);
    }
    let step = run.answer([text("x")]);
    assert_eq!(why(step), "TooManyVisits");
}

#[test]
fn a_node_that_calls_for_ever_is_stopped() {
    let calls = "lookup;".repeat(20);
    let text_of = format!(
        "journey j {{ start a node a: Probe(do = \"{calls} ask\") {{ ok -> failure no -> failure }} }}"
    );
    let mut run = limited(&text_of, |limits| limits.visits_per_turn = 21);
    assert_eq!(prompts(&run.begin()), 1);
    let mut run = limited(&text_of, |limits| limits.visits_per_turn = 20);
    let step = run.begin();
    assert_eq!(why(step), "TooManyVisits");
}

#[test]
fn inner_journeys_are_bounded_in_depth() {
    let mut text_of = String::from(
        "journey j { start a node a: journey i1 { true -> failure false -> failure } }\n",
    );
    for at in 1..4 {
        let _ = writeln!(
            text_of,
            "journey i{at} {{ start a node a: journey i{} {{ true -> failure false -> failure }} }}",
            at + 1
        );
    }
    text_of +=
        "journey i4 { start a node a: Probe(do = \"ask\") { ok -> failure no -> failure } }\n";
    let mut run = limited(&text_of, |limits| limits.inner_depth = 4);
    assert_eq!(prompts(&run.begin()), 1);
    let mut run = limited(&text_of, |limits| limits.inner_depth = 3);
    let step = run.begin();
    assert!(why(step).contains("deeper in each other than the limit"));
}

#[test]
fn callbacks_of_a_step_are_bounded() {
    let asks = |count: usize| {
        format!(
            "journey j {{ start a node a: Probe(do = \"ask {count}\") {{ ok -> failure no -> failure }} }}"
        )
    };
    assert_eq!(prompts(&limited(&asks(32), |_| {}).begin()), 32);
    let step = limited(&asks(33), |_| {}).begin();
    assert!(why(step).contains("more than the limit"));
    let none = asks(0).replace("ask 0", "ask nothing");
    let step = limited(&none, |_| {}).begin();
    assert!(why(step).contains("asks nothing"));
}

#[test]
fn the_state_is_bounded_in_bytes() {
    let grows = |bytes: usize| {
        format!(
            "journey j {{ start a node a: Probe(do = \"big k {bytes}; ask\") {{ ok -> failure no -> failure }} }}"
        )
    };
    let fits = |bytes: usize| {
        let step = limited(&grows(bytes), |_| {}).begin();
        match step {
            Step::Ask(_) => true,
            other => {
                assert_eq!(why(other), "StateTooLarge");
                false
            }
        }
    };
    assert!(fits(60_000));
    assert!(!fits(65_536));
    // The bound itself, found by halving: one byte more is too much.
    let (mut good, mut bad) = (60_000, 65_536);
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        if fits(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    let mut run = limited(&grows(good), |_| {});
    run.begin();
    let sealed = run
        .auth
        .seal(&super::support::Sealer([1; 32]), b"")
        .unwrap();
    assert_eq!(sealed.len() - 32, 64 * 1_024);
}
