//! Any text as an authId, and a sound one with some of its bytes changed: nothing is taken but what was signed.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use wayfare::Secret;
use wayfare_sim::SimHost;
use wayfare_wire::{
    am::auth_id::{Claims, OneTimeKey, sign, verify},
    seal::{KeyPair, RealmKeys},
};

static KEYS: OnceLock<RealmKeys> = OnceLock::new();

fn keys() -> &'static RealmKeys {
    KEYS.get_or_init(|| {
        let pair = KeyPair::new(1, &Secret::new([1; 32]), &Secret::new([2; 32]));
        RealmKeys::new(pair.expect("a pair of keys"), [])
    })
}

fn claims() -> Claims<'static> {
    Claims {
        index_value: Some("Login".into()),
        otk: OneTimeKey::draw(&SimHost::new(1)).expect("randomness"),
        index_type: Some("service"),
        realm: "/alpha",
        session_id: b"sealed".into(),
        exp: 1_800_000_000,
        iat: 1_700_000_000,
    }
}

fn is_taken(token: &str) -> bool {
    verify(token, keys(), &mut Vec::new()).is_ok()
}

fuzz_target!(|bytes: &[u8]| {
    let sound = sign(&claims(), keys());
    assert!(is_taken(&sound));
    let mut changed = sound.clone().into_bytes();
    for change in bytes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % changed.len();
        changed[at] ^= change[2];
    }
    for text in [Some(bytes), Some(&*changed)].into_iter().flatten() {
        let Ok(text) = std::str::from_utf8(text) else {
            continue;
        };
        if is_taken(text) {
            assert_eq!(text, sound, "another token than was signed");
        }
    }
});
