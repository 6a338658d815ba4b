//! Strategies of `proptest`: journeys and programs that compile, answers that fit and that do not, hosts
//! and worlds that fail.
//!
//! ```
//! use proptest::prelude::*;
//! use wayfare_testing::{Check, property, strategy};
//!
//! proptest!(ProptestConfig::with_cases(8), |(grown in strategy::journeys())| {
//!     let engine = grown.engine().map_err(TestCaseError::fail)?;
//!     let found = Check::new(engine).journey("Login").cases(4).find(property::all);
//!     prop_assert!(found.map_err(TestCaseError::fail)?.is_none());
//! });
//! ```

mod answers;
mod construct;
mod grow;
mod hosts;
mod journeys;
mod stage;

pub use answers::{answers, misfits, wild_answers};
pub use construct::{Construct, Table};
pub use hosts::{hosts, replies, worlds};
pub use journeys::{Grown, journeys, programs, registry};
