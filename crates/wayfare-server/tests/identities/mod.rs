//! The store of identities in the server's own database.

mod bench;
mod devices;
mod dice;
mod document;
mod ending;
mod fault;
mod http;
mod index;
mod other;
mod same;
mod secret;

use bench::{Bench, change, named, set, text, values};
