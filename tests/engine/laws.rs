//! What holds of every run of every journey.

use std::collections::BTreeSet;

use proptest::prelude::*;
use wayfare::{
    Answer, Effect, EffectReply, End, Engine, EngineError, Input, Limits, Request, Seal, SealError,
    Start, Step,
};

use super::{
    random::{Dice, MARK, answer, journeys},
    support::{Machine, Player, Sealer, engine, users},
};

struct Glass;

impl Seal for Glass {
    fn seal(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }

    fn open(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }
}

/// How a run is disturbed.
#[derive(Debug, Clone, Copy, Default)]
struct Trouble {
    /// Seal and open at every stop.
    sealing: bool,
    /// Fail the effect of this number.
    failing: Option<u64>,
    /// Break randomness at the effect of this number.
    breaking: Option<u64>,
    /// Send answers that do not fit before those that do.
    wrong: bool,
}

/// What a run was like.
#[derive(Debug, PartialEq)]
struct Told {
    lines: Vec<String>,
    end: Option<End>,
    answered: u32,
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.visits_per_turn = 60;
    limits.visits_per_run = 200;
    limits
}

fn misfits(dice: &mut Dice, right: &[Answer]) -> Vec<Answer> {
    let mut wrong = right.to_vec();
    match dice.below(4) {
        0 => {
            wrong.pop();
        }
        1 => wrong.push(Answer::None),
        2 => wrong[0] = Answer::Index(u32::MAX),
        _ => {
            wrong[0] = match wrong[0] {
                Answer::None => Answer::Text(String::new()),
                _ => Answer::None,
            };
        }
    }
    wrong
}

/// Plays a run to its end; everything it says and does is written down.
fn play(engine: &Engine, seed: u64, trouble: Trouble) -> Told {
    let host = Machine::new(seed);
    let mut dice = Dice(seed);
    let mut performer = Player::start(engine.clone(), Start::journey("j"));
    for (name, user) in &mut performer.users {
        user.password = format!("{MARK}{name}");
    }
    let auth = engine.begin(Start::journey("j"), &host).unwrap();
    let mut auth = auth.traced();
    let request = Request::default();
    let (mut told, mut matched) = (Vec::new(), BTreeSet::new());
    let (mut effects, mut answered) = (0, 0);
    let mut input = Input::Begin;
    loop {
        let step = auth.step(&host, &request, input).unwrap();
        told.push(format!("{} {step:?}", auth.generation()));
        told.extend(auth.take_trace().iter().map(ToString::to_string));
        told.push(format!("{auth:?} may verify: {}", auth.may_verify()));
        if trouble.sealing && !matches!(step, Step::Done(_)) {
            let bytes = auth.seal(&Sealer([5; 32]), b"law").unwrap();
            auth = engine
                .open(&Sealer([5; 32]), b"law", &bytes)
                .unwrap()
                .traced();
            assert_eq!(auth.standing().as_ref(), Some(&step));
        }
        host.now.set(host.now.get() + 1 + dice.below(300));
        input = match step {
            Step::Done(end) => {
                if let End::Success(success) = &end {
                    assert!(success.proved, "success without a proof");
                    assert!(matched.contains(&success.subject.id), "success of another");
                }
                return Told {
                    lines: told,
                    end: Some(end),
                    answered,
                };
            }
            Step::Ask(ask) => {
                if answered == 400 {
                    return Told {
                        lines: told,
                        end: None,
                        answered,
                    };
                }
                answered += 1;
                let right: Vec<_> = ask.callbacks.iter().map(|c| answer(&mut dice, c)).collect();
                if trouble.wrong {
                    let before = auth.seal(&Glass, b"").unwrap();
                    let wrong = Input::Answers(misfits(&mut dice.clone(), &right));
                    let error = auth.step(&host, &request, wrong).unwrap_err();
                    assert!(matches!(error, EngineError::Answer(_)), "{error}");
                    assert!(
                        auth.seal(&Glass, b"").unwrap() == before,
                        "a refusal changed the run"
                    );
                    auth.take_trace();
                }
                Input::Answers(right)
            }
            Step::Call(call) => {
                if trouble.breaking == Some(effects) {
                    host.broken.set(true);
                }
                let reply = if trouble.failing == Some(effects) {
                    EffectReply::Failed("it is down".to_owned())
                } else {
                    performer.perform(&call.effect)
                };
                effects += 1;
                if let (Effect::Verify(_), EffectReply::Match(identity)) = (&call.effect, &reply) {
                    matched.insert(identity.subject.clone());
                }
                Input::Effect(reply)
            }
            Step::Suspended(_) => Input::Resume,
        };
    }
}

fn law(seed: u64) -> Engine {
    engine(&journeys(seed)).with_limits(limits())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn same_seed_same_transcript(journey: u64, run: u64) {
        let engine = law(journey);
        let trouble = Trouble::default();
        prop_assert_eq!(play(&engine, run, trouble), play(&engine, run, trouble));
    }

    #[test]
    fn snapshot_then_restore_changes_nothing(journey: u64, run: u64) {
        let engine = law(journey);
        let sealing = Trouble { sealing: true, ..Trouble::default() };
        prop_assert_eq!(play(&engine, run, Trouble::default()), play(&engine, run, sealing));
    }

    #[test]
    fn answers_not_asked_for_are_refused(journey: u64, run: u64) {
        let engine = law(journey);
        let wrong = Trouble { wrong: true, ..Trouble::default() };
        prop_assert_eq!(play(&engine, run, Trouble::default()), play(&engine, run, wrong));
    }

    #[test]
    fn walk_ends_within_limits(journey: u64, run: u64) {
        let told = play(&law(journey), run, Trouble::default());
        prop_assert!(told.end.is_some(), "no end after {} answers", told.answered);
    }

    #[test]
    fn secrets_are_in_no_debug_and_no_trace(journey: u64, run: u64) {
        for line in play(&law(journey), run, Trouble::default()).lines {
            prop_assert!(!line.contains(MARK), "{}", line);
        }
    }

    #[test]
    fn whatever_fails_nobody_logs_in_unproved(journey: u64, run: u64, effect in 0_u64..6) {
        // `play` itself refuses a success without a comparison that matched.
        let engine = law(journey);
        play(&engine, run, Trouble { failing: Some(effect), ..Trouble::default() });
        play(&engine, run, Trouble { breaking: Some(effect), ..Trouble::default() });
    }
}

#[test]
fn random_runs_come_to_every_kind_of_end() {
    let mut ends = std::collections::BTreeMap::new();
    for seed in 0..250 {
        let told = play(&law(seed), seed, Trouble::default());
        let end = match told.end {
            Some(End::Success(_)) => "success".to_owned(),
            Some(End::Failure(failure)) => {
                let reason = format!("{:?}", failure.reason);
                reason
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            }
            None => "none".to_owned(),
        };
        *ends.entry(end).or_insert(0) += 1;
    }
    println!("{ends:?}");
    for end in [
        "success",
        "Rejected",
        "NodeFailed",
        "LooseEnd",
        "TooManyVisits",
    ] {
        assert!(ends.contains_key(end), "no run ends in {end}: {ends:?}");
    }
    assert!(!ends.contains_key("none"), "{ends:?}");
    assert!(users().contains_key("demo"));
}
