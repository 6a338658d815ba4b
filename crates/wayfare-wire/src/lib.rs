//! The wires of wayfare: what a vendor's clients send and read, without sockets, clocks or files.
//!
//! Bytes and values come in, bytes and values go out. A server gives the parts of a request and performs
//! what it is asked to; everything a client can observe of the protocol is decided here: paths of realms,
//! versions, bodies, headers, cookies, and the one-time token that stands for a run in progress.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`am`] | the wire of PingAM: `authenticate`, `sessions`, `serverinfo`, `users` |
//! | [`autoid`] | the wire of Autonomous Identity: logins for signed tokens |
//! | [`capture`] | the wire of Capture: `access`, `oauth`, `entity` |
//! | [`external`] | the wire to handlers of nodes outside, which is ours |
//! | [`social`] | the relying party: what is said to identity providers, and what of their answers counts |
//! | [`jose`] | signed tokens: keys, sets of keys, what is expected of a token |
//! | [`oauth`] | the wire of OAuth 2.0 and OpenID Connect |
//! | [`claims`] | the contract by which a step is used once, and an implementation in memory |
//! | [`seal`] | the keys of a realm; how a run in progress is sealed |
//! | [`json`] | one strict way to read JSON and one to write it |
//! | [`query`] | one way to read the query of an address |

pub mod am;
pub mod autoid;
pub mod capture;
pub mod claims;
pub mod external;
pub mod jose;
pub mod json;
pub mod oauth;
pub mod query;
mod same;
pub mod seal;
pub mod social;

pub use self::same::same;
