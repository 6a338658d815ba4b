//! The conformance vectors of the protocol that touch `authenticate`, each by its number, and the attacks
//! that belong to them, against the real server.

mod advice;
mod callbacks;
mod headers;
mod index;
mod nodes;
mod session;
mod stage;
mod step;
mod strict;
mod ways;
