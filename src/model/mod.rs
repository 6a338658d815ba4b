//! What a compiled program is made of.
//!
//! The words are the field's. A *journey* is a graph of *nodes*; a node ends in one of its *outcomes*,
//! and each outcome has one arrow. A node may *ask*: it sends *callbacks* and waits for their answers.
//! A run has an *auth level* and belongs to a *realm*; its *state* has the scopes shared, transient and
//! secure. Everything here is immutable once compiled, and everything is named by small numbers.

pub mod address;
pub mod catalog;
pub mod device;
pub mod expr;
mod expr_text;
mod facts;
pub mod ground;
pub mod guard;
pub mod hearsay;
pub mod journey;
mod key_facts;
pub mod level;
pub mod pattern;
pub mod policy;
pub mod program;
pub mod property;
pub mod provided;
pub mod realm;
pub mod resource;
pub mod scenario;
pub mod script;
pub mod setting;
pub mod signature;
pub mod text;
pub mod unsent;
pub mod value;
