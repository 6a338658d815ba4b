//! Attacks, each by its number, on a real server over HTTP; and where each law is held.

mod address;
mod answers;
mod body;
mod expiry;
mod faces;
mod files;
mod foreign;
pub(crate) mod forge;
mod header;
mod hidden;
mod laws;
mod limits;
mod load;
mod order;
mod pipe;
mod quota;
mod restart;
mod session;
mod token;
mod trace;
mod unlisted;
pub(crate) mod world;
