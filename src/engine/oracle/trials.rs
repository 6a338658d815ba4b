//! The trials: many duels, what must have occurred in them, and faults at every call.

use std::collections::BTreeMap;

use super::{
    dice::Dice,
    duel::{Arena, Faults, Told, report},
    writer::program,
};

/// Runs of one program.
const RUNS: u64 = 25;

/// Constructs, troubles and ends: none of them may be missing from a trial.
const WANTED: &[&str] = &[
    "AccountActiveDecision",
    "AccountLockout",
    "AuthLevelDecision",
    "ChoiceCollector",
    "DataStoreDecision",
    "Decision",
    "DeviceLocationMatch",
    "DeviceMatch",
    "DeviceProfileCollector",
    "DeviceSave",
    "FlowControl",
    "Message",
    "ModifyAuthLevel",
    "OathDeviceStorage",
    "OathRegistration",
    "OathTokenVerifier",
    "OneTimePasswordCollectorDecision",
    "OneTimePasswordGenerator",
    "OneTimePasswordSmtpSender",
    "PollingWait",
    "Probe",
    "RecoveryCodeCollectorDecision",
    "RetryLimitDecision",
    "SessionData",
    "SetFailureDetails",
    "SetSessionProperties",
    "SetState",
    "Waiting",
    "a clock replayed in a page",
    "a draw replayed in a page",
    "a failing node that gives something back",
    "a further round of a page",
    "a jump of the clock",
    "a level asked for, and no proof",
    "a level moved otherwise than the signature says",
    "a loose end",
    "a loose end in an inner journey",
    "a node of a fragment",
    "a page left by the child that comes first",
    "a proof by a one-time code",
    "a proof by a password",
    "a proof by a session",
    "a seal and an opening",
    "a step after the time of the run",
    "a user with a device",
    "a user with several devices",
    "a user without a device",
    "an effect replayed in a page",
    "an effect that failed",
    "an error arrow",
    "an error arrow of a caller",
    "an identity that nothing has named",
    "an inner journey",
    "an inner journey in another",
    "an inner journey that ends in error",
    "an input that does not fit",
    "another name clears the proofs",
    "another name takes the level away",
    "choices left out",
    "choices left out in a page",
    "choices left out in an inner journey",
    "no choice is left",
    "the one choice left is taken",
    "end: Inactive",
    "end: LevelNotReached",
    "end: LooseEnd",
    "end: NodeFailed",
    "end: OtherSubject",
    "end: Rejected",
    "end: TooManyVisits",
    "end: UnprovedSuccess",
    "end: success",
    "end: success that needs no proof",
    "expressions that read the session",
    "expressions that read the user",
    "inner journeys too deep",
    "level lowered",
    "level raised",
    "more callbacks than the limit",
    "page",
    "randomness failed",
    "resumed by a link",
    "success below the level asked for",
    "success of somebody else than expected",
    "transient values that cross a stop",
    "values that an inner journey does not get",
];

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says how many there are"
)]
fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(otherwise, |text| text.parse().unwrap())
}

fn add(all: &mut BTreeMap<String, u64>, some: BTreeMap<&'static str, u64>) {
    for (what, count) in some {
        *all.entry(what.to_owned()).or_insert(0) += count;
    }
}

fn print(runs: u64, seen: &BTreeMap<String, u64>) {
    println!("{runs} runs");
    for (what, count) in seen {
        println!("{count:>9}  {what}");
    }
}

/// Plays one run; a difference is made small and said.
fn duel(arena: &Arena, journey: &Dice, seed: u64, honest: bool, faults: Faults) -> Told {
    let mut dice = Dice::seeded(seed);
    let told = arena.play(&mut dice, honest, faults);
    told.unwrap_or_else(|_| {
        let small = report(&journey.drawn, &dice.drawn, honest, faults);
        panic!("run {seed}, honest {honest}, {faults:?}\n{small}")
    })
}

#[test]
fn walk_equals_reference_walk() {
    let (wanted, first) = (
        number("WAYFARE_DUELS", 20_000),
        // A seed under which everything that is wanted occurs.
        number("WAYFARE_DUEL_SEED", 6),
    );
    println!("WAYFARE_DUELS={wanted} WAYFARE_DUEL_SEED={first}");
    let (mut seen, mut runs, mut tried) = (BTreeMap::new(), 0, 0);
    while runs < wanted {
        let journey_seed = first.wrapping_mul(1_000_003).wrapping_add(tried);
        tried += 1;
        assert!(
            tried < 100 + wanted,
            "nearly every program is refused: {seen:?}"
        );
        let mut journey = Dice::seeded(journey_seed);
        let text = program(&mut journey, false);
        let arena = match Arena::new(&text) {
            Ok(arena) => arena,
            Err(refused) => {
                let mut codes: Vec<_> =
                    refused.iter().filter_map(|r| r.split(':').next()).collect();
                codes.sort_unstable();
                codes.dedup();
                *seen
                    .entry(format!("refused: {}", codes.join(", ")))
                    .or_insert(0) += 1;
                continue;
            }
        };
        for run in 0..RUNS {
            let told = duel(
                &arena,
                &journey,
                journey_seed.wrapping_mul(31) + run,
                false,
                Faults::default(),
            );
            add(&mut seen, told.seen);
            runs += 1;
        }
    }
    print(runs, &seen);
    for what in WANTED {
        assert!(seen.contains_key(*what), "it never occurred: {what}");
    }
}

#[test]
fn whatever_fails_nobody_succeeds_without_evidence() {
    let (wanted, first) = (
        number("WAYFARE_FAULTS", 5_000),
        number("WAYFARE_DUEL_SEED", 1),
    );
    println!("WAYFARE_FAULTS={wanted} WAYFARE_DUEL_SEED={first}");
    let (mut seen, mut runs, mut tried) = (BTreeMap::new(), 0, 0);
    while runs < wanted {
        let journey_seed = first.wrapping_mul(2_000_003).wrapping_add(tried);
        tried += 1;
        assert!(
            tried < 100 + wanted,
            "nearly every program is refused: {seen:?}"
        );
        let mut journey = Dice::seeded(journey_seed);
        let Ok(arena) = Arena::new(&program(&mut journey, true)) else {
            continue;
        };
        for run in 0..4 {
            let run = journey_seed.wrapping_mul(37) + run;
            // Every run first without a fault, then once for each effect and each draw that it had.
            let usual = duel(&arena, &journey, run, true, Faults::default());
            let effects = (0..usual.effects).map(|effect| Faults {
                effect: Some(effect),
                draw: None,
            });
            let draws = (1..usual.draws).map(|draw| Faults {
                effect: None,
                draw: Some(draw),
            });
            add(&mut seen, usual.seen);
            for faults in effects.chain(draws) {
                add(&mut seen, duel(&arena, &journey, run, true, faults).seen);
                runs += 1;
            }
            runs += 1;
        }
    }
    print(runs, &seen);
    for what in [
        "an effect that failed",
        "randomness failed",
        "end: success",
        "end: NodeFailed",
    ] {
        assert!(seen.contains_key(what), "it never occurred: {what}");
    }
}

#[test]
fn what_nobody_reads_does_not_come_back_with_a_failure() {
    let text = r#"
        allow no_success because "it is about the state"
        journey j {
          start a
          node a: Probe(do = "transient t 1; ask") {
            ok -> b
            no -> c
            on error -> c
          }
          node b: Probe(do = "transient t 2; ask; fail") {
            ok -> failure
            no -> failure
            on error -> e
          }
          node c: Probe(do = "ask", reads = ["t"]) {
            ok -> failure
            no -> failure
            on error -> failure
          }
          node e: Probe(do = "send; ask") {
            ok -> failure
            no -> failure
            on error -> failure
          }
        }"#;
    let arena = Arena::new(text).unwrap();
    let mut seen = BTreeMap::new();
    for seed in 0..200 {
        let mut dice = Dice::seeded(seed);
        let told = arena.play(&mut dice, true, Faults::default()).unwrap();
        add(&mut seen, told.seen);
    }
    assert!(seen.contains_key("a failing node that gives something back"));
}
