//! What `ensure` lines say of success is held at run time, whatever the proofs have said.

use wayfare::{Compiler, End, Engine, Source, Start, Step, analysis};

use super::support::{Player, one_item_a_line, registry, secret, success, text, why};

/// The journey linked as though every finding of the proofs were allowed.
fn unchecked(text: &str) -> Engine {
    let text = &one_item_a_line(text);
    let compiled =
        Compiler::new(registry().catalog()).compile([Source::new("a.journey", text.as_str())]);
    let program = match (compiled.program, compiled.refused) {
        (Some(program), _) => program,
        (None, Some(refused)) => analysis::overlook(refused).unwrap(),
        (None, None) => panic!("{:?}\n{text}", compiled.diagnostics),
    };
    Engine::link(program, registry()).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

fn run(text: &str, sealing: bool) -> Player {
    let mut player = Player::start(unchecked(text), Start::journey("j"));
    player.sealing = sealing;
    player
}

/// Answers names and passwords until the run ends, each time with the next of these names.
fn play(player: &mut Player, names: &[&str]) -> Step {
    let mut step = player.begin();
    let mut asked = 0;
    for _ in 0..20 {
        let Step::Ask(ask) = &step else {
            return step;
        };
        let answers: Vec<_> = ask
            .callbacks
            .iter()
            .map(|callback| {
                if let wayfare::Callback::Password { .. } = callback {
                    return secret(&format!("{}-pw", names[asked.max(1) - 1]));
                }
                asked += 1;
                text(names[asked - 1])
            })
            .collect();
        step = player.answer(answers);
    }
    panic!("the run does not end");
}

/// Two logins, one after the other; a property is put behind them.
fn two_logins(between: &str, property: &str) -> String {
    format!(
        "journey j {{
  start first
  node first: Probe(do = \"name; secret; verify; prove password\", reads = [\"password\"]) {{
    ok -> between
    no -> failure
  }}
  node between: {between}
  node second: Probe(do = \"name; secret; verify; prove password\", reads = [\"password\"]) {{
    ok -> success
    no -> failure
  }}
  {property}
}}"
    )
}

#[test]
fn a_proof_of_another_is_none_of_whoever_logs_in() {
    let session = "every path to success passes proof of password";
    let text = two_logins(
        "ModifyAuthLevel(authLevelIncrement = 20) -> second",
        &format!("ensure {session}"),
    );
    for sealing in [false, true] {
        assert_eq!(
            success(play(&mut run(&text, sealing), &["demo", "demo"]))
                .level
                .number(),
            20
        );
        let end = success(play(&mut run(&text, sealing), &["demo", "eve"]));
        assert_eq!(end.level.number(), 0, "the level was that of somebody else");
        assert_eq!(end.evidence.len(), 1);
    }
}

#[test]
fn a_level_claimed_is_not_reached_by_somebody_else() {
    let text = two_logins(
        "ModifyAuthLevel(authLevelIncrement = 20) -> second",
        "ensure auth_level >= 20 at success",
    );
    assert!(matches!(
        play(&mut run(&text, false), &["demo", "demo"]),
        Step::Done(End::Success(_))
    ));
    assert!(why(play(&mut run(&text, false), &["demo", "eve"])).starts_with("EnsureUnmet"));
}

#[test]
fn a_place_that_was_not_passed_keeps_success_away() {
    let text = "journey j {
  start first
  node first: Probe(do = \"name; secret; verify; prove password\", reads = [\"password\"]) {
    ok -> way
    no -> failure
  }
  node way: ChoiceCollector {
    prompt = \"Which?\"
    Long -> page
    Short -> success
  }
  node page: Page {
    node one: UsernameCollector
    node two: Probe(do = \"name\")
    ok -> success
    no -> failure
  }
  ensure every path to success passes PLACE
}";
    for (place, long) in [
        ("page", true),
        ("page.one", true),
        ("page.two.ok", true),
        ("page.ok", true),
        ("way.Long", true),
        ("any UsernameCollector", true),
        ("page.two.no", false),
        ("page.no", false),
        ("proof of otp", false),
    ] {
        let text = text.replace("PLACE", place);
        for sealing in [false, true] {
            let mut player = run(&text, sealing);
            player.begin();
            player.answer([super::support::text("demo")]);
            player.answer([secret("demo-pw")]);
            let step = player.answer([wayfare::Answer::Index(1)]);
            assert!(why(step).starts_with("EnsureUnmet"), "{place}");

            let mut player = run(&text, sealing);
            player.begin();
            player.answer([super::support::text("demo")]);
            player.answer([secret("demo-pw")]);
            let mut step = player.answer([wayfare::Answer::Index(0)]);
            while let Step::Ask(ask) = &step {
                let answers: Vec<_> = ask
                    .callbacks
                    .iter()
                    .map(|_| super::support::text("demo"))
                    .collect();
                step = player.answer(answers);
            }
            if long {
                success(step);
            } else {
                assert!(why(step).starts_with("EnsureUnmet"), "{place}");
            }
        }
    }
}

#[test]
fn what_an_inner_journey_has_passed_counts_at_the_call_it_was_passed_in() {
    let text = "journey j {
  start one
  node one: journey k { true -> two false -> failure }
  node two: journey k { true -> success false -> failure }
  ensure every path to success passes PLACE
}
journey k {
  start login
  node login: Probe(do = \"name; secret; verify; prove password\", reads = [\"password\"]) {
    ok -> way
    no -> failure
  }
  node way: ChoiceCollector {
    prompt = \"Which?\"
    Long -> passed
    Short -> success
  }
  node passed: Probe(do = \"shared x 1\") { ok -> success no -> failure }
}";
    for (place, ways, met) in [
        ("one.passed", [0, 1], true),
        ("one.passed", [1, 0], false),
        ("two.passed.ok", [1, 0], true),
        ("two.passed.ok", [0, 1], false),
        ("any ModifyAuthLevel", [0, 0], false),
        ("one.way.Short", [1, 0], true),
    ] {
        for sealing in [false, true] {
            let mut player = run(&text.replace("PLACE", place), sealing);
            let mut step = player.begin();
            let mut ways = ways.into_iter();
            while let Step::Ask(ask) = &step {
                let answer = match &ask.callbacks[0] {
                    wayfare::Callback::Password { .. } => secret("demo-pw"),
                    wayfare::Callback::Choice { .. } => {
                        wayfare::Answer::Index(ways.next().unwrap())
                    }
                    _ => super::support::text("demo"),
                };
                step = player.answer([answer]);
            }
            if met {
                success(step);
            } else {
                assert!(why(step).starts_with("EnsureUnmet"), "{place}");
            }
        }
    }
}

#[test]
fn an_inner_journey_is_held_to_its_own_lines() {
    let text = "journey j {
  start one
  node one: journey k { true -> success false -> failure }
}
journey k {
  start login
  node login: Probe(do = \"name; secret; verify; prove password\", reads = [\"password\"]) {
    ok -> success
    no -> failure
  }
  ensure every path to success passes proof of otp
}";
    assert!(why(play(&mut run(text, false), &["demo"])).starts_with("EnsureUnmet"));
}

#[test]
fn success_never_follows_what_it_must_not() {
    let text = "journey j {
  start lock
  node lock: Probe(do = \"shared x 1\") { ok -> login no -> failure }
  node login: Probe(do = \"name; secret; verify; prove password\", reads = [\"password\"]) {
    ok -> success
    no -> failure
  }
  ensure never success after lock
}";
    assert!(why(play(&mut run(text, false), &["demo"])).starts_with("EnsureUnmet"));
}

#[test]
fn an_error_arrow_is_a_place_and_an_exception_lifts_the_line() {
    let text = "journey j {
  ALLOW
  start login
  node login: Probe(do = \"name; secret; verify; prove password\", reads = [\"password\"]) {
    ok -> odd
    no -> failure
  }
  node odd: Probe(do = \"fail\") {
    ok -> success
    no -> failure
    on error -> success
  }
  ensure every path to success passes PLACE
}";
    let plain = |place: &str| text.replace("PLACE", place).replace("ALLOW", "");
    success(play(&mut run(&plain("odd.error"), false), &["demo"]));
    assert!(why(play(&mut run(&plain("odd.ok"), false), &["demo"])).starts_with("EnsureUnmet"));
    let allowed = text
        .replace("PLACE", "odd.ok")
        .replace("ALLOW", "allow ensure_failed because \"told in a test\"");
    success(play(&mut run(&allowed, false), &["demo"]));
}
