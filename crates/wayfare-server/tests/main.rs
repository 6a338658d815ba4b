//! The server's tests: one binary.

mod config;
mod hash;
mod login;
mod store;
mod support;
