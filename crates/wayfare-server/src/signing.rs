//! The keys that tokens are signed by, of a realm and a use, in files of the data folder that only their
//! owner reads.
//!
//! A new key is in the file, and so in what is published, before it signs; an old one verifies until its
//! longest token has expired. The file may be changed while a server runs: it is read anew where it is
//! another one. An RSA key is made when the keys are first asked for, because that takes its time.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use rsa::{RsaPrivateKey, pkcs1::EncodeRsaPrivateKey as _};
use serde::{Deserialize, Serialize};
use wayfare::{Realm, Timestamp};
use wayfare_wire::jose::{Algorithm, Entry, KeySet, SigningKey};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    audit::hex,
    clock::drawn,
    keys::{KeyError, name, put, text},
};

/// How many bits an RSA key has.
const RSA_BITS: usize = 2_048;

/// What keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyUse {
    /// OAuth 2.0 and OpenID Connect.
    OAuth,
    /// Autonomous Identity.
    AutoId,
}

impl KeyUse {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::OAuth, Self::AutoId];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::OAuth => "oauth",
            Self::AutoId => "autoid",
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    keys: Vec<Kept>,
}

#[derive(Clone, Serialize, Deserialize, Zeroize)]
#[serde(deny_unknown_fields)]
#[zeroize(drop)]
struct Kept {
    kid: String,
    alg: String,
    secret: String,
    /// When it begins to sign, in milliseconds since 1970.
    from: u64,
    /// When its last token expires; absent for one that is not retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

/// The file of the keys of a realm and a use.
pub fn path(data: &Path, realm: &Realm, usage: KeyUse) -> PathBuf {
    let file = format!("+{}+{}.json", usage.word(), name(realm));
    data.join("keys").join(file)
}

/// Keys in use.
#[derive(Debug)]
pub struct SigningKeys {
    file: PathBuf,
    algorithms: Vec<Algorithm>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    set: Option<Arc<KeySet>>,
    seen: Option<Seen>,
}

/// By what a file is known to be the one that was read.
type Seen = (SystemTime, u64);

impl SigningKeys {
    /// The keys of a realm and a use, one at least of each of these algorithms, the usual one first.
    ///
    /// # Errors
    /// The file cannot be used, or others may read it.
    pub fn open(
        data: &Path,
        realm: &Realm,
        usage: KeyUse,
        algorithms: &[Algorithm],
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let keys = Self {
            file: path(data, realm, usage),
            algorithms: algorithms.to_vec(),
            state: Mutex::default(),
        };
        let mut file = read(&keys.file)?.unwrap_or_default();
        let quick = |algorithm: &&Algorithm| **algorithm != Algorithm::Rs256;
        if keys.complete(&mut file, algorithms.iter().filter(quick), now)? {
            put(&keys.file, &file)?;
        }
        keys.made(&file)?;
        Ok(keys)
    }

    /// The keys as they are now, all of them; those that are missing are made, which may take a second.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn current(&self, now: Timestamp) -> Result<Arc<KeySet>, KeyError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen(&self.file);
        if let Some(set) = &state.set
            && state.seen == seen
        {
            return Ok(Arc::clone(set));
        }
        let mut file = read(&self.file)?.unwrap_or_default();
        if self.complete(&mut file, self.algorithms.iter(), now)? {
            put(&self.file, &file)?;
        }
        let set = Arc::new(self.made(&file)?);
        state.set = Some(Arc::clone(&set));
        state.seen = self::seen(&self.file);
        Ok(set)
    }

    /// The same for whoever must not block.
    ///
    /// # Errors
    /// The file cannot be used.
    pub async fn ready(self: &Arc<Self>, now: Timestamp) -> Result<Arc<KeySet>, KeyError> {
        {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(set) = &state.set
                && state.seen == seen(&self.file)
            {
                return Ok(Arc::clone(set));
            }
        }
        let keys = Arc::clone(self);
        tokio::task::spawn_blocking(move || keys.current(now))
            .await
            .unwrap_or(Err(KeyError::NoRandomness))
    }

    /// Makes a key for each algorithm that has none; whether there was one to make.
    fn complete<'a>(
        &self,
        file: &mut File,
        algorithms: impl Iterator<Item = &'a Algorithm>,
        now: Timestamp,
    ) -> Result<bool, KeyError> {
        let mut made = false;
        for algorithm in algorithms {
            let stays = |kept: &Kept| kept.alg == algorithm.name() && kept.until.is_none();
            if !file.keys.iter().any(stays) {
                file.keys.push(fresh(&self.file, *algorithm, now)?);
                made = true;
            }
        }
        Ok(made)
    }

    /// The keys of a file, those of the usual algorithm first.
    fn made(&self, file: &File) -> Result<KeySet, KeyError> {
        let mut entries = entries(&self.file, file)?;
        let order = |entry: &Entry| {
            let algorithm = entry.key.algorithm();
            self.algorithms.iter().position(|one| *one == algorithm)
        };
        // One that is no longer asked for goes on to verify, at the end.
        entries.sort_by_key(|entry| order(entry).unwrap_or(usize::MAX));
        Ok(KeySet::new(entries))
    }
}

/// The keys of a realm and a use as they stand in their file.
///
/// # Errors
/// The file cannot be used, or others may read it.
pub fn list(data: &Path, realm: &Realm, usage: KeyUse) -> Result<Vec<Entry>, KeyError> {
    let path = path(data, realm, usage);
    let file = read(&path)?.unwrap_or_default();
    entries(&path, &file)
}

/// Makes a new key of an algorithm, which is published at once and signs when `lead` has passed; those
/// before it verify until `keep` has passed from then on. What is over is taken away.
///
/// # Errors
/// The file cannot be used, or others may read it.
pub fn rotate(
    (data, realm, usage): (&Path, &Realm, KeyUse),
    algorithm: Algorithm,
    now: Timestamp,
    (lead, keep): (Duration, Duration),
) -> Result<Vec<Entry>, KeyError> {
    let path = path(data, realm, usage);
    let mut file = read(&path)?.unwrap_or_default();
    let same = |kept: &Kept| kept.alg == algorithm.name();
    // One that has not begun has signed nothing, and the new one takes its place: otherwise it would begin
    // after the new one, when its own end is near.
    file.keys.retain(|kept| !same(kept) || kept.from <= now.0);
    let alone = !file.keys.iter().any(same);
    let from = if alone { now } else { now.plus(lead) };
    let until = from.plus(keep).0;
    let last = file.keys.iter().filter(|kept| same(kept));
    let signs = last
        .max_by_key(|kept| kept.from)
        .map(|kept| kept.kid.clone());
    for kept in file.keys.iter_mut().filter(|kept| same(kept)) {
        // The one that signs until the new one begins has tokens that last from then on.
        if kept.until.is_none() || Some(&kept.kid) == signs.as_ref() {
            kept.until = Some(kept.until.unwrap_or(0).max(until));
        }
    }
    file.keys
        .retain(|kept| kept.until.is_none_or(|until| until > now.0));
    file.keys.push(fresh(&path, algorithm, from)?);
    put(&path, &file)?;
    entries(&path, &file)
}

/// Takes a key away at once: none of its tokens is taken any more.
///
/// # Errors
/// There is no such key, there is no other that signs in its way, or the file cannot be used.
pub fn retire(
    (data, realm, usage): (&Path, &Realm, KeyUse),
    kid: &str,
    now: Timestamp,
) -> Result<Vec<Entry>, KeyError> {
    let path = path(data, realm, usage);
    let mut file = read(&path)?.unwrap_or_default();
    let found = file.keys.iter().find(|kept| kept.kid == kid).cloned();
    let Some(found) = found else {
        let message = format!("there is no key `{kid}` in {}", path.display());
        return Err(KeyError::NotRetired(message));
    };
    file.keys.retain(|kept| kept.kid != kid);
    let mut left = file.keys.iter_mut().filter(|kept| kept.alg == found.alg);
    let Some(next) = left.find(|kept| kept.until.is_none()) else {
        let alone = !file.keys.iter().any(|kept| kept.alg == found.alg);
        let which = if alone {
            "is the only key"
        } else {
            "is the only key that signs, or will,"
        };
        let message = format!("`{kid}` {which} for {}; rotate first", found.alg);
        return Err(KeyError::NotRetired(message));
    };
    // Whoever takes a key away at once has no time to have the next one known first.
    next.from = next.from.min(now.0);
    put(&path, &file)?;
    entries(&path, &file)
}

fn seen(file: &Path) -> Option<Seen> {
    let known = fs::metadata(file).ok()?;
    Some((known.modified().ok()?, known.len()))
}

fn read(path: &Path) -> Result<Option<File>, KeyError> {
    let Some(text) = text(path)? else {
        return Ok(None);
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|_| damaged(path))
}

fn damaged(path: &Path) -> KeyError {
    KeyError::Signing {
        file: path.to_path_buf(),
    }
}

fn entries(path: &Path, file: &File) -> Result<Vec<Entry>, KeyError> {
    let entry = |kept: &Kept| {
        let algorithm = Algorithm::parse(&kept.alg)?;
        let bytes = Zeroizing::new(STANDARD.decode(&kept.secret).ok()?);
        let key = SigningKey::new(algorithm, Some(kept.kid.clone()), &bytes).ok()?;
        Some(Entry {
            key,
            from: Timestamp(kept.from),
            until: kept.until.map(Timestamp),
        })
    };
    let all = file.keys.iter().map(entry).collect::<Option<Vec<_>>>();
    all.ok_or_else(|| damaged(path))
}

fn fresh(path: &Path, algorithm: Algorithm, from: Timestamp) -> Result<Kept, KeyError> {
    let bytes = generated(algorithm).ok_or(KeyError::NoRandomness)?;
    // The name of a public key is its thumbprint; that of a secret says nothing of it.
    let kid = if algorithm.is_public() {
        let key = SigningKey::new(algorithm, None, &bytes).map_err(|_| damaged(path))?;
        key.kid().map(str::to_owned)
    } else {
        let random: [u8; 16] = drawn().map_err(|_| KeyError::NoRandomness)?;
        Some(hex(random.iter()))
    };
    Ok(Kept {
        kid: kid.ok_or_else(|| damaged(path))?,
        alg: algorithm.name().to_owned(),
        secret: STANDARD.encode(&*bytes),
        from: from.0,
        until: None,
    })
}

fn generated(algorithm: Algorithm) -> Option<Zeroizing<Vec<u8>>> {
    let random = SystemRandom::new();
    let bytes = match algorithm {
        Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random)
            .ok()?
            .as_ref()
            .to_vec(),
        Algorithm::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .ok()?
            .as_ref()
            .to_vec(),
        Algorithm::Rs256 => {
            // The search for primes takes a source that cannot fail; it is seeded by the one that can.
            let seed = Zeroizing::new(drawn().ok()?);
            let mut random = ChaCha20Rng::from_seed(*seed);
            let key = RsaPrivateKey::new(&mut random, RSA_BITS).ok()?;
            return Some(Zeroizing::new(key.to_pkcs1_der().ok()?.as_bytes().to_vec()));
        }
        Algorithm::Hs256 => {
            let secret: [u8; 32] = drawn().ok()?;
            secret.to_vec()
        }
    };
    Some(Zeroizing::new(bytes))
}
