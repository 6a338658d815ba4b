//! Transactions: on disk, and over HTTP.

mod store;
