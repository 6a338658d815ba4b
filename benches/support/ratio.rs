//! Two operations beside each other, and what their ratio is held against.
//!
//! Shared machines are noisy, so that only runs of the same minute compare: batches of both are run in turn
//! and measured on the clock of the thread, which stands still while others run. The least of the batches
//! counts; the median is told beside it. Nothing here fails: a figure that is short of its goal says so.

#![expect(
    clippy::print_stdout,
    reason = "the lines are what a bench of ratios is for"
)]

use std::{fmt, time::Duration};

use allocation_counter::measure;
use rustix::time::{ClockId, clock_gettime};

/// How many batches of each there are.
const ROUNDS: usize = 9;
/// How many where one batch takes so long that it is not noise.
const ROUNDS_OF_LONG: usize = 3;
/// How long that is.
const LONG: Duration = Duration::from_millis(300);
/// How long a batch takes at least.
const BATCH: Duration = Duration::from_millis(2);

/// What an operation took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Nanoseconds of the least batch.
    pub(crate) least: f64,
    /// Nanoseconds of the batch in the middle.
    pub(crate) median: f64,
    /// Allocations of one operation.
    pub(crate) allocations: u64,
    /// Bytes of one operation, allocated and given back.
    pub(crate) bytes: u64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            least,
            median,
            allocations,
            bytes,
        } = self;
        write!(
            f,
            "least {least:.1} ns, median {median:.1} ns, {allocations} allocations, {bytes} bytes"
        )
    }
}

/// The processor time that this thread has used.
pub(crate) fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanoseconds)
}

/// What one operation of a batch of so many took, in nanoseconds.
fn batch(operation: &mut dyn FnMut(), times: u32) -> f64 {
    let before = used();
    for _ in 0..times {
        operation();
    }
    let spent = used().saturating_sub(before);
    spent.as_secs_f64() * 1e9 / f64::from(times)
}

/// How many operations make a batch that is long enough, and how many batches there are.
fn times(operation: &mut dyn FnMut()) -> (u32, usize) {
    let mut times = 1;
    // BOUND: it doubles up to a fixed number.
    while times < 1 << 20 {
        let spent = batch(operation, times) * f64::from(times) / 1e9;
        if spent >= LONG.as_secs_f64() {
            return (times, ROUNDS_OF_LONG);
        }
        if spent >= BATCH.as_secs_f64() {
            break;
        }
        times *= 2;
    }
    (times, ROUNDS)
}

fn cost(mut all: Vec<f64>, operation: &mut dyn FnMut()) -> Cost {
    all.sort_by(f64::total_cmp);
    let counted = measure(operation);
    Cost {
        least: all.first().copied().unwrap_or(f64::NAN),
        median: all.get(all.len() / 2).copied().unwrap_or(f64::NAN),
        allocations: counted.count_total,
        bytes: counted.bytes_total,
    }
}

/// Both operations, in turn.
pub(crate) fn beside(one: &mut dyn FnMut(), other: &mut dyn FnMut()) -> (Cost, Cost) {
    let ((times_of_one, rounds), (times_of_other, others)) = (times(one), times(other));
    let rounds = rounds.min(others);
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ones.push(batch(one, times_of_one));
        others.push(batch(other, times_of_other));
    }
    (cost(ones, one), cost(others, other))
}

/// One operation alone.
pub(crate) fn alone(operation: &mut dyn FnMut()) -> Cost {
    let (times, rounds) = times(operation);
    let all = (0..rounds).map(|_| batch(operation, times)).collect();
    cost(all, operation)
}

/// One line of one budget: a figure that is to be no more than its goal.
pub(crate) fn line(name: &str, value: f64, goal: f64) {
    let word = if value <= goal { "ok" } else { "short" };
    println!("ratio {name} value {value:.2} goal {goal:.2} {word}");
}

/// What stands behind the line before it.
pub(crate) fn detail(what: &str, cost: Cost) {
    println!("  {what}: {cost}");
}
