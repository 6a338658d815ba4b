//! JSON as the wires read and write it.
//!
//! Reading is strict: a cap on bytes before anything else, then one linear scan that bounds depth,
//! strings and numbers, then a typed reading that refuses duplicate keys wherever they stand. Writing
//! keeps the order of keys, which clients of this protocol can see.

mod canonical;
mod read;
mod write;

pub(crate) use canonical::Canonical;
pub use read::{BadJson, Bounds, Ignored, Keys, Scalar, read};
pub(crate) use read::{Key, Seen};
pub use write::Writer;
pub(crate) use write::base64;
