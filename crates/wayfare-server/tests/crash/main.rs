//! `kill -9` under load: what was acknowledged before is there after.
//!
//! This program starts itself as a server over a data folder of its own, loads it from many connections,
//! kills it at random moments with writes under way, starts it again over the same folder and compares the
//! client's log of what was acknowledged with what the server says now. A kill without a write under way, or
//! at less than 100 logins a second, does not count and is repeated. Before that it is killed at each point
//! between the compare of a code that is good once and the end of its run, and while a service is asked by a
//! script. `WAYFARE_KILLS` says how many kills
//! count (5), `WAYFARE_SEED` where the random numbers begin; see docs/testing.md.

// `cfg(test)` holds anyway; written out, it lets the helpers fail as tests do.
#[cfg(test)]
mod child;
#[cfg(test)]
mod code;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod load;
#[cfg(test)]
mod log;
#[cfg(test)]
mod points;
#[cfg(test)]
mod rounds;
#[cfg(test)]
mod service;
#[cfg(test)]
mod wire;

use std::process::ExitCode;

#[cfg(test)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(folder) = std::env::var_os(child::FOLDER) {
        child::serve(folder.as_ref());
        return ExitCode::SUCCESS;
    }
    // Whoever lists tests, or runs others by name, does not mean this one.
    let names: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let listing = arguments.iter().any(|argument| argument == "--list");
    if listing || !(names.is_empty() || names.iter().any(|name| "kill_9".contains(name.as_str()))) {
        if listing {
            println!("kill_9: test");
        }
        return ExitCode::SUCCESS;
    }
    let mut missed = points::run();
    missed.extend(effects::run());
    for violation in &missed {
        println!("  {violation}");
    }
    if rounds::run() && missed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(not(test))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
