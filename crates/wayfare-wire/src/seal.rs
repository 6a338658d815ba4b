//! The keys of a realm, and how bytes are sealed with them.
//!
//! Each realm has keys of its own, so that what one realm made means nothing in another. The active pair
//! signs and seals; retired pairs verify and open until their last token has expired. Nothing here draws
//! randomness: nonces are given in.

use std::fmt;

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use wayfare::{Host, Seal, SealError, Secret};
use zeroize::Zeroize;

/// How many bytes a key has.
pub const KEY_BYTES: usize = 32;

/// The first byte of everything sealed here.
const FORMAT: u8 = 1;
/// Format, number of the key, nonce.
const HEAD_BYTES: usize = 1 + 4 + NONCE_LEN;

/// One generation of a realm's keys.
pub struct KeyPair {
    id: u32,
    signing: hmac::Key,
    sealing: LessSafeKey,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A pair of keys under a number that is used once in the life of a realm.
    ///
    /// `None` where the sealing key cannot be used.
    pub fn new(
        id: u32,
        signing: &Secret<[u8; KEY_BYTES]>,
        sealing: &Secret<[u8; KEY_BYTES]>,
    ) -> Option<Self> {
        let sealing = UnboundKey::new(&AES_256_GCM, sealing.reveal()).ok()?;
        Some(Self {
            id,
            signing: hmac::Key::new(hmac::HMAC_SHA256, signing.reveal()),
            sealing: LessSafeKey::new(sealing),
        })
    }

    /// The number.
    pub fn id(&self) -> u32 {
        self.id
    }
}

/// The keys of a realm: one active pair, and retired ones.
#[derive(Debug)]
pub struct RealmKeys {
    active: KeyPair,
    retired: Vec<KeyPair>,
}

/// How many retired pairs are tried.
pub const RETIRED_MAX: usize = 8;

impl RealmKeys {
    /// Keys of which the first pair is active; at most [`RETIRED_MAX`] retired ones are kept.
    pub fn new(active: KeyPair, retired: impl IntoIterator<Item = KeyPair>) -> Self {
        Self {
            active,
            retired: retired.into_iter().take(RETIRED_MAX).collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &KeyPair> {
        std::iter::once(&self.active).chain(&self.retired)
    }

    /// The signature of a message by the active key.
    pub fn sign(&self, message: &[u8]) -> hmac::Tag {
        hmac::sign(&self.active.signing, message)
    }

    /// Whether one of the keys signed the message; compared in constant time.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.all()
            .any(|pair| hmac::verify(&pair.signing, message, signature).is_ok())
    }

    /// Seals bytes in place with the active key, bound to what stands beside them.
    fn seal_in_place(
        &self,
        beside: &[u8],
        bytes: &mut Vec<u8>,
        host: &dyn Host,
    ) -> Result<(), SealError> {
        let mut nonce = [0; NONCE_LEN];
        host.random(&mut nonce).map_err(|_| SealError)?;
        let unique = Nonce::assume_unique_for_key(nonce);
        self.active
            .sealing
            .seal_in_place_append_tag(unique, Aad::from(beside), bytes)
            .map_err(|_| SealError)?;
        let mut head = [0; HEAD_BYTES];
        let parts = [&[FORMAT][..], &self.active.id.to_be_bytes(), &nonce];
        for (to, from) in head.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes.splice(..0, head);
        Ok(())
    }

    /// Opens in place what was sealed with one of the keys beside the same bytes.
    fn open_in_place(&self, beside: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
        let (&format, rest) = bytes.split_first()?;
        let (id, rest) = rest.split_first_chunk::<4>()?;
        let (nonce, _) = rest.split_first_chunk::<NONCE_LEN>()?;
        let id = u32::from_be_bytes(*id);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let pair = self.all().find(|pair| pair.id == id)?;
        if format != FORMAT {
            return None;
        }
        let plain = pair
            .sealing
            .open_within(nonce, Aad::from(beside), bytes, HEAD_BYTES..)
            .ok()?
            .len();
        bytes.truncate(plain);
        Some(())
    }
}

/// The keys of a realm with the randomness that sealing takes: what a run is sealed by.
pub struct Sealer<'a> {
    keys: &'a RealmKeys,
    host: &'a dyn Host,
}

impl fmt::Debug for Sealer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

impl<'a> Sealer<'a> {
    /// A sealer with these keys; every nonce is drawn from the host.
    pub fn new(keys: &'a RealmKeys, host: &'a dyn Host) -> Self {
        Self { keys, host }
    }
}

impl Seal for Sealer<'_> {
    fn seal(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        let sealed = self.keys.seal_in_place(associated, bytes, self.host);
        if sealed.is_err() {
            bytes.zeroize();
        }
        sealed
    }

    fn open(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        self.keys.open_in_place(associated, bytes).ok_or(SealError)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use wayfare::{Timestamp, engine::host::NoRandomness};

    use super::*;

    /// A host whose randomness counts up and whose time stands still until it is moved.
    #[derive(Debug, Default)]
    pub(crate) struct Counting {
        next: Cell<u8>,
        pub(crate) now: Cell<u64>,
    }

    impl Host for Counting {
        fn now(&self) -> Timestamp {
            Timestamp(self.now.get())
        }
        fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            for byte in bytes {
                *byte = self.next.get();
                self.next.set(self.next.get().wrapping_add(1));
            }
            Ok(())
        }
    }

    fn seal(keys: &RealmKeys, plain: &[u8], beside: &[u8], host: &Counting) -> Vec<u8> {
        let mut bytes = plain.to_vec();
        Sealer::new(keys, host).seal(beside, &mut bytes).unwrap();
        bytes
    }

    fn open(keys: &RealmKeys, sealed: &[u8], beside: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = sealed.to_vec();
        let host = Counting::default();
        let opened = Sealer::new(keys, &host).open(beside, &mut bytes);
        opened.ok().map(|()| bytes)
    }

    pub(crate) fn pair(id: u32) -> KeyPair {
        let fill = u8::try_from(id).unwrap();
        KeyPair::new(
            id,
            &Secret::new([fill; 32]),
            &Secret::new([fill ^ 0xff; 32]),
        )
        .unwrap()
    }

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let keys = RealmKeys::new(pair(1), []);
        let host = Counting::default();
        let sealed = seal(&keys, b"state", b"beside", &host);
        assert_eq!(
            open(&keys, &sealed, b"beside").as_deref(),
            Some(&b"state"[..])
        );
        assert_eq!(open(&keys, &sealed, b"Beside"), None);
        assert!(!sealed.windows(5).any(|window| window == b"state"));
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&keys, &changed, b"beside"), None, "bit {bit}");
        }
        for end in 0..sealed.len() {
            assert_eq!(open(&keys, &sealed[..end], b"beside"), None, "cut at {end}");
        }
    }

    #[test]
    fn retired_keys_open_and_verify_but_neither_seal_nor_sign() {
        let before = RealmKeys::new(pair(1), []);
        let after = RealmKeys::new(pair(2), [pair(1)]);
        let host = Counting::default();
        let sealed = seal(&before, b"x", b"", &host);
        assert!(open(&after, &sealed, b"").is_some());
        let signature = before.sign(b"m");
        assert!(after.signed(b"m", signature.as_ref()));
        assert!(!before.signed(b"m", after.sign(b"m").as_ref()));
        assert!(open(&before, &seal(&after, b"x", b"", &host), b"").is_none());
        let gone = RealmKeys::new(pair(3), []);
        assert!(open(&gone, &sealed, b"").is_none());
        assert!(!gone.signed(b"m", signature.as_ref()));
    }

    #[test]
    fn two_seals_of_the_same_bytes_differ() {
        let keys = RealmKeys::new(pair(1), []);
        let host = Counting::default();
        assert_ne!(seal(&keys, b"x", b"", &host), seal(&keys, b"x", b"", &host));
    }
}
