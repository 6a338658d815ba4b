//! A seal that seals nothing.

use wayfare::{Seal, SealError};

/// No cipher: what is left is the work of the engine.
#[derive(Debug)]
pub(crate) struct Open;

impl Seal for Open {
    fn seal(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }

    fn open(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }
}
