//! What a token says about its run: which one, at which stop, of which program, and where its state is.
//!
//! The head stands in the clear, under the signature of the token; the state is sealed and bound to the
//! head and the realm, so that no two tokens can exchange parts even if signing keys were lost.

use std::{borrow::Cow, sync::Arc};

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
    /// A menu whose state stands in the token; its run is not begun.
    Menu,
    /// A menu whose state the store keeps.
    KeptMenu,
}

impl Kind {
    const ALL: [(Self, u8); 5] = [
        (Self::Contained, 1),
        (Self::Kept, 2),
        (Self::Suspended, 3),
        (Self::Menu, 4),
        (Self::KeptMenu, 5),
    ];

    /// Whether the token itself holds the state.
    pub(super) fn holds_state(self) -> bool {
        matches!(self, Self::Contained | Self::Menu)
    }

    /// Whether it is a menu.
    pub(super) fn is_menu(self) -> bool {
        matches!(self, Self::Menu | Self::KeptMenu)
    }
}

/// What the start asked for: index type and value, as tokens carry them.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) ty: Option<&'static str>,
    pub(super) value: Option<Arc<str>>,
}

impl Asked {
    /// The types that stand in tokens.
    const TYPES: [&'static str; 5] = [
        "service",
        "level",
        "resource",
        "composite_advice",
        "transaction",
    ];

    /// What a token says; `None` where its type is none of ours.
    pub(super) fn read(ty: Option<&str>, value: Option<Cow<'_, str>>) -> Option<Self> {
        let ty = match ty {
            Some(ty) => Some(*Self::TYPES.iter().find(|known| **known == ty)?),
            None => None,
        };
        let value = value.map(Arc::from);
        Some(Self { ty, value })
    }
}

/// A run at a stop, or a menu before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) epoch: Epoch,
    pub(super) run: u128,
    pub(super) generation: u32,
    /// The program of the run; zeros for a menu, which belongs to none.
    pub(super) program: ProgramHash,
    /// The realm the run lives in: that of the address, or one below it.
    pub(super) realm: Realm,
}

impl Head {
    /// The head, and behind it the state.
    pub(super) fn write(&self, state: &[u8]) -> Vec<u8> {
        let realm = self.realm.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(71 + realm.len() + state.len());
        let kind = Kind::ALL.iter().find(|(kind, _)| *kind == self.kind);
        bytes.push(kind.map_or(0, |(_, number)| *number));
        bytes.extend_from_slice(&self.epoch);
        bytes.extend_from_slice(&self.run.to_be_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.program.0);
        // A realm is never longer than its bound, which fits.
        let length = u16::try_from(realm.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(realm);
        bytes.extend_from_slice(state);
        bytes
    }

    /// The head of a token that claims this realm, and the state that stands behind it.
    pub(super) fn read(mut bytes: Vec<u8>, claimed: &Realm) -> Option<(Self, Vec<u8>)> {
        let (number, rest) = bytes.split_first()?;
        let (kind, _) = Kind::ALL.iter().find(|(_, known)| known == number)?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (run, rest) = rest.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (program, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (realm, state) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        // Only a token that holds its state has anything behind the head.
        if kind.holds_state() == state.is_empty() {
            return None;
        }
        let head = Self {
            kind: *kind,
            epoch: *epoch,
            run: u128::from_be_bytes(*run),
            generation: u32::from_be_bytes(*generation),
            program: ProgramHash(*program),
            realm: if realm == claimed.as_str().as_bytes() {
                claimed.clone()
            } else {
                Realm::parse(std::str::from_utf8(realm).ok()?)?
            },
        };
        bytes.drain(..bytes.len() - state.len());
        Some((head, bytes))
    }

    /// What the sealed state is bound to, for tokens that claim this realm.
    pub(super) fn associated(&self, claimed: &Realm) -> Vec<u8> {
        let purpose: &[u8] = if self.kind.is_menu() {
            b"wayfare.menu.1"
        } else {
            b"wayfare.run.2"
        };
        let realms = claimed.as_str().len() + self.realm.as_str().len();
        let mut bytes = Vec::with_capacity(purpose.len() + realms + 76);
        bytes.extend_from_slice(purpose);
        for realm in [claimed, &self.realm] {
            let length = u32::try_from(realm.as_str().len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(realm.as_str().as_bytes());
        }
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
            (Kind::Menu, b"menu"),
            (Kind::KeptMenu, b""),
        ] {
            let head = Head {
                kind,
                epoch: [7; 16],
                run: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
                generation: 4_000_000_000,
                program: ProgramHash([9; 32]),
                realm: Realm::parse("/alpha/sub").unwrap(),
            };
            for claimed in ["/alpha", "/alpha/sub"] {
                let claimed = Realm::parse(claimed).unwrap();
                let read = Head::read(head.write(state), &claimed);
                assert_eq!(read, Some((head.clone(), state.to_vec())));
            }
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for bytes in [
            &[][..],
            &[1],
            &[0; 80],
            &[6; 80],
            &[1; 69],
            &[2; 70],
            &[1; 68],
            &[1; 900],
        ] {
            let read = Head::read(bytes.to_vec(), &Realm::root());
            assert_eq!(read, None, "{bytes:?}");
        }
    }
}
