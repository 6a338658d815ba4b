//! What a token says about its run: which one, at which stop, of which program, and where its state is.
//!
//! The head stands in the clear, under the signature of the token; the state is sealed and bound to the
//! head and the realm, so that no two tokens can exchange parts even if signing keys were lost.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use wayfare::Realm;

/// The name of a store of steps; a new or restored store has a new one, and old tokens die with the old.
pub type Epoch = [u8; 16];

pub use wayfare::ProgramHash;

/// Where the state of a run is, and what may be done with the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A step whose state stands in the token.
    Contained,
    /// A step whose state the store keeps.
    Kept,
    /// A link by which someone comes back; the store keeps the state.
    Suspended,
}

/// A run at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) epoch: Epoch,
    pub(super) run: u128,
    pub(super) generation: u32,
    pub(super) program: ProgramHash,
}

impl Head {
    /// The claim `sessionId`.
    pub(super) fn write(&self, state: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(69 + state.len());
        bytes.push(match self.kind {
            Kind::Contained => 1,
            Kind::Kept => 2,
            Kind::Suspended => 3,
        });
        bytes.extend_from_slice(&self.epoch);
        bytes.extend_from_slice(&self.run.to_be_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.program.0);
        bytes.extend_from_slice(state);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The head and the state that stands behind it.
    pub(super) fn read(session_id: &str) -> Option<(Self, Vec<u8>)> {
        let bytes = URL_SAFE_NO_PAD.decode(session_id).ok()?;
        let (kind, rest) = bytes.split_first()?;
        let kind = match kind {
            1 => Kind::Contained,
            2 => Kind::Kept,
            3 => Kind::Suspended,
            _ => return None,
        };
        let (epoch, rest) = rest.split_first_chunk()?;
        let (run, rest) = rest.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (program, state) = rest.split_first_chunk()?;
        // Only a token that holds its state has anything behind the head.
        if (kind == Kind::Contained) == state.is_empty() {
            return None;
        }
        let head = Self {
            kind,
            epoch: *epoch,
            run: u128::from_be_bytes(*run),
            generation: u32::from_be_bytes(*generation),
            program: ProgramHash(*program),
        };
        Some((head, state.to_vec()))
    }

    /// What the sealed state is bound to.
    pub(super) fn associated(&self, realm: &Realm) -> Vec<u8> {
        let mut bytes = b"wayfare.run.1".to_vec();
        let length = u32::try_from(realm.as_str().len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(realm.as_str().as_bytes());
        bytes.extend_from_slice(&self.program.0);
        bytes.extend_from_slice(&self.run.to_be_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.epoch);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_as_it_went() {
        for (kind, state) in [
            (Kind::Contained, &b"state"[..]),
            (Kind::Kept, b""),
            (Kind::Suspended, b""),
        ] {
            let head = Head {
                kind,
                epoch: [7; 16],
                run: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
                generation: 4_000_000_000,
                program: ProgramHash([9; 32]),
            };
            let written = head.write(state);
            assert_eq!(Head::read(&written), Some((head, state.to_vec())));
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for bytes in [
            &[][..],
            &[1],
            &[0; 80],
            &[4; 80],
            &[1; 69],
            &[2; 70],
            &[1; 68],
        ] {
            assert_eq!(
                Head::read(&URL_SAFE_NO_PAD.encode(bytes)),
                None,
                "{bytes:?}"
            );
        }
        assert_eq!(Head::read("not base64!"), None);
    }
}
