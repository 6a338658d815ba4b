//! A second, obvious walker, and duels between it and the engine.
//!
//! The walker reads the petgraph graph of a journey, arrow by arrow, and keeps whole copies of the state
//! where the engine keeps plans, numbers and records of changes. It shares the behaviours of nodes with
//! the engine and nothing else that decides: the routing, pages, inner journeys, the memory of the run
//! and the error arrows are its own. Random journeys are played by both on the same inputs, step by
//! step; they must agree in everything that can be seen.

mod dice;
mod duel;
mod end;
mod gain;
mod input;
mod kit;
mod page;
mod performer;
#[path = "../../../tests/engine/probe.rs"]
mod probe;
mod state;
mod term;
mod trials;
mod walker;
mod way;
mod world;
mod writer;
