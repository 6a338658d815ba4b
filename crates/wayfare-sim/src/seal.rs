//! A seal for tests.

use wayfare::{Seal, SealError};

/// A seal that hides nothing and binds nothing but its associated data: for tests alone, where what
/// matters is what comes back.
///
/// Anybody can make and read what it makes. A server uses the sealer of `wayfare-wire`.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenSeal;

impl Seal for OpenSeal {
    fn seal(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        bytes.extend_from_slice(associated);
        Ok(())
    }

    fn open(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        let kept = bytes.strip_suffix(associated).ok_or(SealError)?.len();
        bytes.truncate(kept);
        Ok(())
    }
}
