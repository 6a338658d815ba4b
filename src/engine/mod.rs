//! The evaluator: a checked program in, callbacks and effects out.
//!
//! It reads no clock, draws no randomness, opens no file and no socket. What is slow or outside leaves as
//! an [`Effect`](effect::Effect) and its answer comes back through
//! [`AuthSession::step`](session::AuthSession::step); what a person must answer leaves as callbacks.
//! Time and randomness come from the [`Host`](host::Host) alone, so that the same inputs give the same
//! run, byte for byte.

pub mod action;
pub mod callback;
pub mod context;
pub mod effect;
pub mod error;
pub mod host;
pub mod limits;
pub mod node_type;
pub mod registry;
pub mod request;
pub mod start;
pub mod step;
