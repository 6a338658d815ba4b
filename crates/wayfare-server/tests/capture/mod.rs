//! Capture, as its clients find it.

mod access;
mod settings;
mod support;
mod tokens;
