//! Transactions: on disk, and over HTTP.

mod backchannel;
mod store;
mod world;
