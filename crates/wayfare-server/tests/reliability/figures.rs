//! What is measured on the way: the memory of the process, and times of which the slowest count.

use std::{fs, time::Duration};

/// The memory of this process, in MiB; 0 where the system does not tell.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1_024
}

/// Below what ninety-nine of a hundred are, in microseconds.
pub(crate) fn p99(mut times: Vec<Duration>) -> u128 {
    times.sort();
    times[times.len() * 99 / 100].as_micros()
}
