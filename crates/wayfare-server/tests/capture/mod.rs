//! Capture, as its clients find it.

mod access;
mod apps;
mod mails;
mod native;
mod settings;
mod social;
pub(crate) mod support;
mod tokens;
