//! A load client: logins, of which each must end in a session, against a server that runs.
//!
//! In: where, as whom, how fast and for how long. Out: how long logins and their requests took, and what
//! failed. A login that ends otherwise than it should is a failure and never a figure.

pub(crate) mod client;
pub(crate) mod drive;
pub(crate) mod failure;
pub(crate) mod histogram;
pub(crate) mod host;
pub(crate) mod login;
pub(crate) mod process;
pub(crate) mod report;
pub(crate) mod schedule;
pub(crate) mod server;
pub(crate) mod tally;
pub(crate) mod trial;
pub(crate) mod users;
