//! How a run leaves the process: sealed, or not at all.

/// An authenticated cipher of the embedder's: the one way from a run to bytes and back.
///
/// The associated data is not kept in the sealed bytes; it is what the bytes are bound to (the realm,
/// the run, its generation), and opening with other data must fail.
pub trait Seal {
    /// Encrypts and authenticates the content of `bytes` in place; it may grow.
    ///
    /// # Errors
    /// There is no randomness or no key; `bytes` are wiped then.
    fn seal(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError>;

    /// Checks and decrypts the content of `bytes` in place; it shrinks.
    ///
    /// # Errors
    /// The bytes were not sealed with this key and this associated data.
    fn open(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError>;
}

/// Bytes could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes could not be sealed or opened")]
pub struct SealError;
