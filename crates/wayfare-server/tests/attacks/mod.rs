//! Attacks, each by its number, on a real server over HTTP; and where each law is held.

mod answers;
mod body;
mod forge;
mod header;
mod order;
mod pipe;
mod session;
mod token;
mod world;
