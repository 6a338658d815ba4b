//! What a machine has and the library does not: a clock, randomness, hashes.

use std::time::SystemTime;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use ring::rand::{SecureRandom as _, SystemRandom};
use wayfare::{Host, Secret, Timestamp, engine::host::NoRandomness};

/// The clock of the machine and the randomness of the system.
#[derive(Debug)]
pub(crate) struct Machine;

impl Host for Machine {
    fn now(&self) -> Timestamp {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp::default().plus(since)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        SystemRandom::new().fill(bytes).map_err(|_| NoRandomness)
    }
}

/// As many random bytes as are wanted.
pub(crate) fn drawn<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    Machine.random(&mut bytes).map(|()| bytes)
}

/// A password as it is kept.
#[derive(Debug)]
pub(crate) struct Hashed(String);

impl Hashed {
    pub(crate) fn of(password: &Secret<String>) -> Result<Self, NoRandomness> {
        let salt = SaltString::encode_b64(&drawn::<16>()?).map_err(|_| NoRandomness)?;
        let hashed = Argon2::default().hash_password(password.reveal().as_bytes(), &salt);
        hashed
            .map(|hash| Self(hash.to_string()))
            .map_err(|_| NoRandomness)
    }

    /// Compares in constant time.
    pub(crate) fn is(&self, password: &Secret<String>) -> bool {
        PasswordHash::new(&self.0).is_ok_and(|hash| {
            let compared = Argon2::default().verify_password(password.reveal().as_bytes(), &hash);
            compared.is_ok()
        })
    }
}
