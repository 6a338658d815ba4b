//! Property testing for journeys: random journeys, fitting and ill-fitting answers, hosts that fail.
//!
//! In: a journey and what should hold of each of its runs. Out: the shortest list of answers for which it
//! does not, as a test of the language and as requests to a server. Deliberately not here: the world that
//! runs take place in, which is `wayfare-sim`.
//!
//! ```
//! use wayfare_testing::{check, property};
//!
//! const LOGIN: &str = r#"
//! journey login {
//!   start credentials
//!   node credentials: Page {
//!     node username: UsernameCollector
//!     node password: PasswordCollector
//!     -> check
//!   }
//!   node check: DataStoreDecision {
//!     true -> success
//!     false -> attempts
//!   }
//!   node attempts: RetryLimitDecision {
//!     retryLimit = 2
//!     Retry -> credentials
//!     Reject -> failure
//!   }
//! }
//! "#;
//!
//! check!(LOGIN, property::all);
//! check!(LOGIN, |run| assert!(run.visits("login/check") <= 3));
//! ```

mod case;
mod check;
mod dice;
mod finding;
mod knowledge;
mod moves;
mod print;
pub mod property;
mod quiet;
mod run;
mod shrink;
pub mod strategy;
mod walk;
mod worth;

pub use check::{CASES, Check, SEED, STEPS, Subject, Verdict};
pub use finding::Finding;
pub use moves::{Move, Word};
pub use run::{Run, Seen};
pub use wayfare_sim as sim;

/// Holds random runs of a journey to a property.
///
/// The first argument is a text of journeys, an engine, or a [`Check`] that says more; the second a closure
/// that asserts on a [`Run`], or gives a `Result`, or one of [`property`]. `WAYFARE_TEST_CASES` and
/// `WAYFARE_TEST_SEED` say how many runs and which.
///
/// # Panics
/// It does not hold of some run: the panic tells the shortest that was found, see [`Finding`].
#[macro_export]
macro_rules! check {
    ($subject:expr, $property:expr $(,)?) => {
        $crate::Check::new($subject).holds($property)
    };
}

/// The Rust in docs/property-testing.md, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/property-testing.md")]
mod property_testing {}
