//! The server's tests: one binary.

mod config;
mod hash;
mod store;
