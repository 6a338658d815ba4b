//! Peers beside wayfare, in one run: the same login, the same chain, the same states.
//!
//! Every operation asserts what comes of it, so that a ratio of two refusals is none. A value is what the
//! peer takes, divided by what wayfare takes: 4 means that the peer takes four times as long.

#[allow(
    dead_code,
    reason = "each program uses a part of what the benches share"
)]
#[path = "../../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "its lines are for ratios without a peer")]
#[path = "../../support/ratio.rs"]
mod ratio;

#[cfg(feature = "cedar")]
mod cedar;
#[cfg(feature = "regorus")]
mod regorus;
mod report;
#[cfg(feature = "rhai")]
mod rhai;
#[cfg(feature = "stateright")]
mod stateright;
#[cfg(feature = "statig")]
mod statig;
mod wayfare;
#[cfg(feature = "zen")]
mod zen;

use std::{env, fs, process::ExitCode};

use rustix::time::{ClockId, clock_gettime};

use crate::{
    ratio::alone,
    report::Report,
    wayfare::{CHAINS, Large, Ours},
};

const USAGE: &str = "usage: peers [--json FILE | --login | --chain | --explore]";

/// What a program outside of this one is held against.
fn tell(nanoseconds: f64) -> ExitCode {
    println!("in-process wayfare nanoseconds {nanoseconds:.1}");
    ExitCode::SUCCESS
}

/// The nanoseconds of one decision, by the difference of a long chain and a short one.
fn decision() -> f64 {
    let ours = Ours::new();
    let [short, .., long] = CHAINS;
    let least = |at| alone(&mut || ours.walk(at)).least;
    (least(CHAINS.len() - 1) - least(0)) / (long - short) as f64
}

/// The nanoseconds of one state of the journey that is explored: the least of three searches.
fn state() -> f64 {
    let large = Large::new();
    let each = |_| {
        let before = clock_gettime(ClockId::ProcessCPUTime);
        let states = large.states();
        let after = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = (after.tv_sec - before.tv_sec) as f64;
        (seconds * 1e9 + (after.tv_nsec - before.tv_nsec) as f64) / states as f64
    };
    (0..3).map(each).fold(f64::MAX, f64::min)
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let file = match words.as_slice() {
        [] => None,
        [flag] if flag == "--login" => {
            let ours = Ours::new();
            return tell(alone(&mut || ours.log_in()).least);
        }
        [flag] if flag == "--chain" => return tell(decision()),
        [flag] if flag == "--explore" => return tell(state()),
        [flag, file] if flag == "--json" => Some(file),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut report = Report::default();
    let ours = Ours::new();
    #[cfg(feature = "cedar")]
    self::cedar::run(&ours, &mut report);
    #[cfg(feature = "regorus")]
    self::regorus::run(&ours, &mut report);
    #[cfg(feature = "rhai")]
    self::rhai::run(&ours, &mut report);
    #[cfg(feature = "zen")]
    self::zen::run(&ours, &mut report);
    #[cfg(feature = "statig")]
    self::statig::run(&ours, &mut report);
    #[cfg(feature = "stateright")]
    self::stateright::run(&mut report);
    let text = report.finish();
    if let Some(file) = file
        && let Err(error) = fs::write(file, text)
    {
        eprintln!("peers: cannot write {file}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
