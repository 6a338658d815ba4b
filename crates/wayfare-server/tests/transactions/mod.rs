//! Transactions: on disk, and over HTTP.

mod backchannel;
mod policy;
mod store;
mod world;
