//! How long an author waits until everything is proved of a journey: 10,000 nodes in the shapes that
//! journeys take, and a chain of a million.
//!
//! Budgets: 100 ms for 10,000 nodes, 2 s for a million. Criterion measures time on the clock; where the
//! machine is shared, `cargo bench --bench analyse -- cpu` writes the least processor time of three
//! runs instead. It analyses on a stack of 512 KiB, and a chain of which anything is found fails it.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench fails as a test does, and its figures are its output"
)]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group};
use wayfare::{Program, analysis::findings};

#[path = "support/built.rs"]
mod built;

type Shape = (&'static str, fn(usize) -> Program);

const SHAPES: &[Shape] = &[
    ("a chain", built::chain),
    ("a chain with properties and a guard", built::stated),
    ("loops", built::loops),
    ("a fan", built::fan),
    ("pages", built::pages),
    ("a key for every other node", built::keys),
    ("journeys that call each other", built::calls),
    ("a chain without a proof", built::unproved),
    ("a ring of raises without a proof", built::raises),
    ("journeys nested in each other, twice each", built::nested),
    ("limiters", built::limiters),
    ("two properties of each node", built::ensures),
    ("twenty guards of a thousand journeys", built::guarded),
    ("64 outcomes a node", built::dense),
    (
        "copies of a fragment, each with a property",
        built::fragments,
    ),
    (
        "journeys that prove nothing and call each other",
        built::unproved_calls,
    ),
    ("very many ways to success of another", built::swaps),
    ("very many keys that nothing writes", built::unwritten),
    (
        "journeys that claim a level and call each other",
        built::claims,
    ),
    (
        "journeys that claim a level and can miss it",
        built::unmet_claims,
    ),
    (
        "journeys that look up users and call each other",
        built::lookups,
    ),
    ("very many places that tell users apart", built::tellings),
];

fn analyse(c: &mut Criterion) {
    let mut group = c.benchmark_group("10,000 nodes analysed");
    for (name, shape) in SHAPES {
        let program = shape(10_000);
        group.bench_function(*name, |b| b.iter(|| found(name, &program)));
    }
    group.finish();
    let mut group = c.benchmark_group("1,000,000 nodes analysed");
    group.sample_size(10);
    for (name, shape) in SHAPES.iter().take(2) {
        let program = shape(1_000_000);
        group.bench_function(*name, |b| b.iter(|| found(name, &program)));
    }
    group.finish();
}

/// How much is found in a program of this shape: nothing in a chain.
fn found(name: &str, program: &Program) -> usize {
    let found = findings(black_box(program)).len();
    assert!(name != "a chain" || found == 0, "a chain is sound");
    found
}

/// The processor time that this thread has used so far, as Linux counts it.
#[expect(clippy::disallowed_methods, reason = "a bench measures")]
fn used() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The least processor time of three, and how much was found, on a stack of 512 KiB.
fn on_a_small_stack(program: &Program) -> (Duration, usize) {
    let measured = || {
        let mut least = (Duration::MAX, 0);
        for _ in 0..3 {
            let before = used().expect("the processor time of this thread");
            let found = findings(black_box(program)).len();
            let after = used().expect("the processor time of this thread");
            least = least.min((after.saturating_sub(before), found));
        }
        least
    };
    std::thread::scope(|scope| {
        let small = std::thread::Builder::new().stack_size(512 * 1024);
        let thread = small.spawn_scoped(scope, measured).expect("a thread");
        thread.join().expect("an analysis that does not overflow")
    })
}

#[expect(clippy::disallowed_methods, reason = "a bench is told what to measure")]
fn processor_time() {
    // Cargo adds `--bench` behind what is given.
    let filter = std::env::args()
        .nth(2)
        .filter(|given| !given.starts_with("--"));
    let filter = filter.unwrap_or_default();
    let sizes = [10_000, 1_000_000];
    let small = SHAPES.iter().map(|shape| (shape, sizes[0]));
    let large = SHAPES.iter().take(2).map(|shape| (shape, sizes[1]));
    for ((name, shape), nodes) in small
        .chain(large)
        .filter(|((name, _), _)| name.contains(&filter))
    {
        let program = shape(nodes);
        let (least, found) = on_a_small_stack(&program);
        println!("{nodes:>9} nodes, {name}: {least:.1?}, {found} findings");
        assert!(*name != "a chain" || found == 0, "a chain is sound");
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = analyse
}

#[expect(clippy::disallowed_methods, reason = "a bench is told what to measure")]
fn main() {
    if std::env::args().nth(1).as_deref() == Some("cpu") {
        processor_time();
    } else {
        benches();
        Criterion::default().configure_from_args().final_summary();
    }
}
