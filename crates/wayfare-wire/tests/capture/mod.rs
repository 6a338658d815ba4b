//! The wire of Capture.

mod flow;
mod golden;
mod properties;
