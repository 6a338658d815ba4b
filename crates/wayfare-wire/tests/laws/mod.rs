//! The laws of security, tried with random inputs; which other tests hold them stands beside the attacks of
//! the server.
//!
//! `WAYFARE_LAW_CASES` sets how many cases each property gets, `WAYFARE_LAW_SEED` the seed; both are printed.

mod budgets;
mod canonical;
mod closed;
mod decoders;
mod once;
mod secrets;

use proptest::{prelude::ProptestConfig, test_runner::RngSeed};

/// A text with every byte escaped.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| {
        escaped + &format!("%{byte:02X}")
    })
}

/// The cases and the seed of a law: the same on every run, unless told otherwise.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a test runs is said from outside"
)]
fn trials(law: &str, cases: u32) -> ProptestConfig {
    let number = |name| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let cases = number("WAYFARE_LAW_CASES")
        .and_then(|cases| u32::try_from(cases).ok())
        .unwrap_or(cases);
    let seed = number("WAYFARE_LAW_SEED").unwrap_or(20_261_121);
    println!("{law}: {cases} cases, seed {seed}");
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    }
}
