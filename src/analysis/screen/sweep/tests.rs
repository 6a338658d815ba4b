//! The laws of a sweep: bits do not touch each other, more starts bring what each of them brings, a called
//! journey lets out what its summary says and no more, and what is broken is what some run breaks.

use super::*;
use crate::{Compiler, Source, catalogue::standard, model::program::Program};

const TEXT: &str = r"
journey inner {
  innerTreeOnly = true
  start password

  node password: PasswordCollector -> check

  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}

journey outer {
  start name

  node name: UsernameCollector -> prove

  node prove: journey inner {
    true -> raise
    false -> again
  }

  node raise: ModifyAuthLevel(authLevelIncrement = 5) -> success

  node again: RetryLimitDecision {
    Retry -> name
    Reject -> failure
  }

  ensure every path to success passes raise
  ensure never raise after again.Reject
}
";

fn program() -> Program {
    let compiled = Compiler::new(standard()).compile([Source::new("laws.journey", TEXT)]);
    let findings = compiled.diagnostics.len();
    let program = compiled.program;
    (*program.unwrap_or_else(|| panic!("{findings} findings"))).clone()
}

fn flow<'f>(program: &Program, flows: &'f Flows, name: &str) -> &'f Flow {
    let journey = program.journeys.iter().find(|known| &*known.name == name);
    flows.get(journey.expect("a journey").id).expect("a flow")
}

fn row(calm: u64, armed: u64) -> Row {
    Row { calm, armed }
}

/// Everything that a test needs of one program, with the summary of its inner journey where it is known.
fn with_sweep<T>(
    known: bool,
    asked: &[Property],
    test: impl FnOnce(&Sweep<'_, '_>, &Program, &Flows, &[(JourneyId, &Ensure)]) -> T,
) -> T {
    let program = program();
    let flows = Flows::new(&program);
    let outer = program
        .journeys
        .iter()
        .find(|known| &*known.name == "outer");
    let outer = outer.expect("a journey");
    let line = outer.ensures.first().expect("a line");
    let ensures: Vec<Ensure> = asked
        .iter()
        .map(|property| Ensure {
            property: property.clone(),
            ..line.clone()
        })
        .collect();
    let here: Vec<(JourneyId, &Ensure)> = ensures.iter().map(|one| (outer.id, one)).collect();
    let mut marked = Marked::new(&program, &flows);
    marked.mark(&here, |_| true);
    let mut summaries = vec![Summary::default(); program.journeys.len()];
    if known {
        let inner = flow(&program, &flows, "inner");
        let first = Sweep {
            flows: &flows,
            marked: &marked,
            summaries: &summaries,
        };
        let summary = Summary {
            from_calm: first.through(inner, &[(inner.start, row(u64::MAX, 0))]),
            from_armed: first.through(inner, &[(inner.start, row(0, u64::MAX))]),
        };
        summaries[inner.journey.index()] = summary;
    }
    let sweep = Sweep {
        flows: &flows,
        marked: &marked,
        summaries: &summaries,
    };
    test(&sweep, &program, &flows, &here)
}

/// The two lines of the journey, and the same without what makes them hold.
fn properties() -> Vec<Property> {
    let program = program();
    let outer = program
        .journeys
        .iter()
        .find(|known| &*known.name == "outer");
    let lines = &outer.expect("a journey").ensures;
    let mut all: Vec<Property> = lines.iter().map(|line| line.property.clone()).collect();
    let Property::EveryPath { to, .. } = all[0].clone() else {
        panic!("the first line is about every path");
    };
    let Property::Never { what, after } = all[1].clone() else {
        panic!("the second line says never");
    };
    all.push(Property::EveryPath {
        to,
        passes: Vec::new(),
    });
    all.push(Property::Never {
        what: after,
        after: what,
    });
    all
}

#[test]
fn a_bit_that_is_taken_over_touches_no_other() {
    let full = ([row(u64::MAX, u64::MAX); Exit::COUNT], u64::MAX);
    let of = Summary {
        from_calm: full,
        from_armed: full,
    };
    let mut summary = Summary::default();
    summary.add(&of, 63, 2);
    for (ends, broken) in [summary.from_calm, summary.from_armed] {
        assert_eq!(broken, 0b100);
        assert_eq!(ends, [row(0b100, 0b100); Exit::COUNT]);
    }
    summary.add(&Summary::default(), 0, 2);
    assert_eq!(summary.from_calm.1, 0b100, "what is there stays");
}

#[test]
fn what_is_broken_is_what_some_run_breaks() {
    // Success without a condition is broken by every run; what comes after the end never does.
    with_sweep(true, &properties(), |sweep, _, _, here| {
        assert_eq!(sweep.broken(here), 0b0100);
    });
}

#[test]
fn behind_a_journey_of_which_nothing_is_known_nothing_is_broken() {
    with_sweep(false, &properties(), |sweep, program, flows, here| {
        assert_eq!(sweep.broken(here), 0);
        let outer = flow(program, flows, "outer");
        let (ends, broken) = sweep.through(outer, &[(outer.start, row(0b1111, 0b1111))]);
        assert_eq!(broken, 0);
        // Only an error before the call ends the run otherwise.
        for exit in [Exit::Success, Exit::Failure] {
            assert_eq!(ends[exit.number()], Row::default(), "{exit:?}");
        }
    });
}

#[test]
fn starts_together_bring_what_they_bring_alone_and_bits_stay_apart() {
    with_sweep(true, &properties(), |sweep, program, flows, _| {
        let outer = flow(program, flows, "outer");
        let states = u32::try_from(outer.states.len()).expect("few");
        let alone = |start: (u32, Row)| sweep.through(outer, &[start]);
        for one in 0..states {
            for (bit, other) in (0..states).enumerate() {
                let bit = 1_u64 << (bit % 4);
                let (a, b) = ((one, row(bit, 0)), (other, row(0, 0b1111)));
                let ((ends_a, broken_a), (ends_b, broken_b)) = (alone(a), alone(b));
                let (ends, broken) = sweep.through(outer, &[a, b]);
                assert_eq!(broken, broken_a | broken_b, "{one} {other}");
                for ((end, a), b) in ends.iter().zip(ends_a).zip(ends_b) {
                    assert_eq!(*end, a.or(b), "{one} {other}");
                }
                let kept = ends_a.iter().all(|end| (end.calm | end.armed) & !bit == 0);
                assert!(
                    kept && broken_a & !bit == 0,
                    "a bit that nobody brought, from {one}"
                );
            }
        }
    });
}

#[test]
fn nothing_comes_of_nothing() {
    with_sweep(true, &properties(), |sweep, program, flows, _| {
        let outer = flow(program, flows, "outer");
        let nothing = ([Row::default(); Exit::COUNT], 0);
        assert_eq!(sweep.through(outer, &[]), nothing);
        assert_eq!(
            sweep.through(outer, &[(outer.start, Row::default())]),
            nothing
        );
        assert_eq!(
            sweep.through(outer, &[(u32::MAX, row(1, 1))]),
            nothing,
            "no such state"
        );
        assert_eq!(sweep.broken(&[]), 0);
    });
}
