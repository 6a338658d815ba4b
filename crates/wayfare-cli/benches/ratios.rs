//! The budgets of the server as a process: how soon it listens, and how much memory it takes idle.
//!
//! See the bench of the same name of the library. Starts are measured on the clock, as whoever waits for one
//! does, and the least of several counts.

#![expect(
    clippy::expect_used,
    reason = "a bench measures, and one that cannot go on has nothing better to do"
)]

#[expect(dead_code, reason = "nothing here stands beside another")]
#[path = "../../../benches/support/ratio.rs"]
mod ratio;

#[path = "support/served.rs"]
mod served;

use std::{fs, time::Duration};

use ratio::line;
use served::{Server, journeys, start};

/// How often each start is made.
const STARTS: usize = 5;

/// The memory that a process has in use, in megabytes.
fn resident(server: &Server) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kibibytes.expect("its memory") / 1_024.0
}

fn main() {
    for (count, most) in [(10, 50.0), (1_000, 100.0)] {
        let folder = journeys(count);
        let mut least = Duration::MAX;
        let mut memory = f64::MAX;
        for _ in 0..STARTS {
            let (took, server) = start(folder.path());
            least = least.min(took);
            memory = memory.min(resident(&server));
        }
        let milliseconds = least.as_secs_f64() * 1_000.0;
        line(
            &format!("P8_listening_{count}_journeys_ms"),
            milliseconds,
            most,
        );
        line(&format!("P8_idle_{count}_journeys_megabytes"), memory, 20.0);
    }
}
