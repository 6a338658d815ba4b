//! The wire of Capture.

mod golden;
mod properties;
