//! Callbacks as JSON, both ways.
//!
//! Out: type, outputs, inputs, id, in this order, with the product's names and its mixture of numbers and
//! strings. In: the callbacks that a client sends back are matched by position with what was asked;
//! only declared inputs are read, everything else a client may have changed is passed over. What a node
//! outside asks comes in too, in the form in which it goes out.

mod answers;
mod qr;
mod read;
mod write;

pub use answers::{COUNT_MAX, Submitted, aligned, answers, passed};
pub use read::read;
pub(crate) use write::UNTOUCHED;
pub use write::write;
