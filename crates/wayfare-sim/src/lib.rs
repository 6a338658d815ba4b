//! A world in memory for journeys: a virtual clock, randomness from a seed, and every collaborator of a run.
//!
//! In: a linked program, and who exists, who answers what, what the outside says. Out: the same run every
//! time. Tests of the language, coverage, records of runs and the exploration of all states stand on it.
//! Deliberately not here: real clocks, files and sockets; generators of random journeys, which stand in
//! `wayfare-testing`.
//!
//! ```
//! use wayfare::{Answer, Compiler, End, Engine, Registry, Secret, Source, Start};
//! use wayfare_sim::{Play, SimHost, Stop, World};
//!
//! let text = r#"
//! journey login {
//!   start credentials
//!   node credentials: Page {
//!     node username: UsernameCollector
//!     node password: PasswordCollector
//!     -> check
//!   }
//!   node check: DataStoreDecision { true -> success
//!     false -> failure }
//! }
//! "#;
//! let registry = Registry::standard();
//! let compiled = Compiler::new(registry.catalog()).compile([Source::new("login.journey", text)]);
//! let engine = Engine::link(compiled.program.ok_or("it does not compile")?, registry)?;
//!
//! let mut play = Play::begin(&engine, Start::journey("login"), World::demo(), SimHost::new(7))?;
//! assert!(matches!(play.first()?, Stop::Ask(_)));
//! let stop = play.answer(vec![
//!     Answer::Text("demo".to_owned()),
//!     Answer::Secret(Secret::from("Ch4ng31t")),
//! ])?;
//! assert!(matches!(stop, Stop::Done(End::Success(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attempt;
mod backchannel;
pub mod explore;
pub mod mutant;

pub mod coverage;
mod device;
mod host;
mod identity;
mod link;
mod lockout;
mod name;
mod perform;
mod play;
pub mod scenario;
mod seal;
mod session;
mod social;
pub mod trace;
mod user;
mod world;

pub use device::KeptDevice;
pub use host::SimHost;
pub use lockout::{Counter, Kind, Lockout};
pub use play::{Play, Stop};
pub use seal::OpenSeal;
pub use session::Session;
pub use user::User;
pub use world::{Performed, Scripted, Sent, World};
