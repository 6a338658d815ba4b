//! Autonomous Identity.

mod golden;
mod laws;
