//! The wayfare server: sockets, stores, files and clocks around the engine.

pub mod page;
