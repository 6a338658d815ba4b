//! How fast all states of a journey are walked.
//!
//! The journey is `journeys/explore_large.journey`; a line says how many states it has and what they hold.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput};
use wayfare::{
    Compiler, Program, Source,
    compile::{ImportError, Importer},
};
use wayfare_sim::explore::{Attacker, Explored, Options, Runs, explore};

const LARGE: &str = include_str!("../../../journeys/explore_large.journey");
const LOGIN: &str = include_str!("../../../journeys/otp_step_up.journey");
const CODES: &str = include_str!("../../../journeys/lib/otp.journey");

struct Lib;

impl Importer for Lib {
    fn read(&self, _: &str, path: &str) -> Result<Source, ImportError> {
        Ok(Source::new(path, CODES))
    }
}

fn program(text: &str) -> Program {
    let compiled = Compiler::new(wayfare::catalogue::standard())
        .importer(&Lib)
        .compile([Source::new("a.journey", text)]);
    let program = compiled.program.expect("a text without a mistake");
    program.into_inner()
}

/// A journey of which every state was seen.
fn explored(program: &Program, options: Options) -> Explored {
    let journey = program.journeys.first().expect("there is one");
    let found = explore(program, journey, options, &mut |_| true).expect("it has room");
    assert!(found.unfinished.is_none(), "{:?}", found.unfinished);
    found
}

#[expect(
    clippy::print_stdout,
    reason = "the number of states belongs to the figures"
)]
fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .measurement_time(Duration::from_secs(15))
        .configure_from_args();
    let attack = Options::default()
        .runs(Runs::Three)
        .attacker(Attacker::Code);
    let all = [
        ("one run", LARGE, Options::default()),
        ("three runs", LOGIN, attack),
    ];
    let mut group = criterion.benchmark_group("explore");
    for (name, text, options) in all {
        let program = program(text);
        let found = explored(&program, options);
        let mib = found.bytes.div_ceil(1 << 20);
        println!(
            "{name}: {} states, {} moves, {mib} MiB, clean: {}",
            found.states,
            found.moves,
            found.is_clean()
        );
        group.throughput(Throughput::Elements(found.states));
        group.bench_function(name, |b| {
            b.iter(|| {
                let again = explored(black_box(&program), options);
                assert_eq!(again.states, found.states);
                again
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
