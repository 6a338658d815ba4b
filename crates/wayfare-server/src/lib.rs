//! The wayfare server: sockets, stores, files and clocks around the engine.
//!
//! The engine decides, the wire spells, and this crate does what the two deliberately cannot: it listens,
//! keeps users, sessions and steps on disk, hashes passwords, draws randomness and reads the clock.
//! [`config::Config`] goes in; a [`Running`] server comes out.

mod access;
mod am;
mod app;
pub mod audit;
mod autoid;
mod bind;
mod capture;
pub mod clock;
pub mod config;
pub mod devices;
mod external;
pub mod hash;
mod headless;
pub mod identities;
mod keyed;
pub mod keys;
pub mod ldap;
mod listen;
pub mod mail;
mod metrics;
mod oauth;
pub mod page;
pub mod perform;
mod programs;
mod router;
mod running;
pub mod runs;
#[cfg(feature = "scripts")]
pub mod scripts;
mod server;
pub mod signing;
pub mod social;
pub mod store;
mod traces;
mod trust;
mod users;
mod web;

pub use clock::random;
pub use external::ExternalError;
pub use oauth::ProviderError;
pub use programs::{JourneyError, LoadError, Status};
pub use running::Running;
pub use server::{Server, StartError};
pub use users::{ADMIN, DEMO_PASSWORD, DEMO_USER};
