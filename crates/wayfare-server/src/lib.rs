//! The wayfare server: sockets, stores, files and clocks around the engine.
//!
//! The engine decides, the wire spells, and this crate does what the two deliberately cannot: it listens,
//! keeps users, sessions and steps on disk, hashes passwords, draws randomness and reads the clock.
//! [`config::Config`] goes in; a running server comes out.

pub mod config;
pub mod hash;
pub mod page;
pub mod store;
