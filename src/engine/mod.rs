//! The evaluator: a checked program in, callbacks and effects out.
//!
//! It reads no clock, draws no randomness, opens no file and no socket. What is slow or outside leaves as
//! an [`Effect`](effect::Effect) and its answer comes back through
//! [`AuthSession::step`](session::AuthSession::step); what a person must answer leaves as callbacks.
//! Time and randomness come from the [`Host`](host::Host) alone, so that the same inputs give the same
//! run, byte for byte.

pub mod action;
pub mod advice;
mod answer;
pub mod callback;
pub mod context;
pub mod effect;
pub mod error;
mod evidence;
pub(crate) mod expr;
mod gain;
pub mod ground;
pub mod headless;
pub mod host;
mod inner;
pub(crate) mod instant;
pub mod level_index;
pub mod limits;
pub mod link;
mod live;
pub mod lockout;
#[cfg(test)]
mod long;
pub mod node_type;
mod obligation;
#[cfg(test)]
mod oracle;
pub mod output;
mod page;
mod pin;
mod plan;
mod property;
mod refusal;
pub mod registry;
pub mod request;
mod run;
pub mod script;
pub mod seal;
pub mod session;
pub mod silent;
pub(crate) mod snapshot;
pub mod start;
mod state;
pub mod step;
mod success;
pub mod trace;
mod turn;
mod view;
mod walk;

pub use property::is_system_property;
pub(crate) use property::refuse_system_property;
