//! Capture, as its clients find it.

mod access;
mod native;
mod settings;
pub(crate) mod support;
mod tokens;
