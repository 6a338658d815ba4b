//! The provider of OAuth 2.0 and OpenID Connect; each test names the section that asks for what it holds.

mod client;
mod endings;
mod flow;
mod golden;
mod keys;
mod login;
mod misuse;
mod python;
mod settings;
pub(crate) mod stage;
