//! The wire of PingAM, versions 7 and 8.
//!
//! A request's path, query, headers and body come in; a [`Reply`](reply::Reply) goes out: status,
//! headers, cookies, body. What a server must do in between (look up a journey, claim a step, perform an
//! effect, make a session) it is asked for as a value.
//!
//! Deliberately not here: sockets, OAuth, what stands in a tree or a node. Deviations
//! from the product are listed in docs/wire.md, each with its reason.

pub mod advice;
pub mod auth_id;
pub mod authenticate;
pub mod backchannel;
pub mod callbacks;
pub mod configuration;
pub mod cookie;
pub mod devices;
pub mod error;
pub mod goto;
pub mod policies;
pub mod realm;
pub mod realms;
pub mod reply;
pub mod request;
mod revision;
pub mod serverinfo;
pub mod sessions;
pub mod users;
pub mod version;
