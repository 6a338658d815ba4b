//! The keys of a realm, in files of the data folder that only their owner reads.
//!
//! They are made at the first start and stay. Rotating makes a new pair and keeps the old ones until the
//! last token they signed has expired.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use wayfare::{Realm, Secret, Timestamp};
use wayfare_wire::seal::{KEY_BYTES, KeyPair, RETIRED_MAX, RealmKeys};
use zeroize::{Zeroize, Zeroizing};

use crate::{clock::drawn, store::write_whole};

/// Why the keys of a realm cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the keys {} cannot be used: {error}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file does not hold keys.
    #[error(
        "the keys {} are damaged; put them back from a copy, or delete the file: open runs end then",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
    },
    /// The file does not hold the keys that devices of users are sealed by.
    #[error(
        "the keys {} are damaged; put them back from a copy: what is known of devices cannot be read \
         without them",
        file.display()
    )]
    Lost {
        /// The file.
        file: PathBuf,
    },
    /// Others may read the file.
    #[error("the keys {} can be read by others; run chmod 600 on the file", file.display())]
    Exposed {
        /// The file.
        file: PathBuf,
    },
    /// The file does not hold the keys that tokens are signed by.
    #[error(
        "the keys {} are damaged; put them back from a copy, or delete the file: tokens signed with them \
         end then",
        file.display()
    )]
    Signing {
        /// The file.
        file: PathBuf,
    },
    /// There is no such key, or it is the only one that signs in its way.
    #[error("{0}")]
    NotRetired(String),
    /// Randomness failed.
    #[error("the source of randomness failed")]
    NoRandomness,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pairs: Vec<Pair>,
}

/// The first pair of a file is active.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
#[serde(deny_unknown_fields)]
#[zeroize(drop)]
struct Pair {
    id: u32,
    signing: String,
    sealing: String,
    /// When its last token expires, in milliseconds since 1970; absent for the active one.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

/// The file of a realm's keys.
pub fn path(data: &Path, realm: &Realm) -> PathBuf {
    data.join("keys").join(format!("{}.json", name(realm)))
}

/// The file of the keys by which a realm seals what it keeps.
pub fn storage_path(data: &Path, realm: &Realm) -> PathBuf {
    let name = format!("+storage+{}.json", name(realm));
    data.join("keys").join(name)
}

/// `+` stands in no name of a realm, so no two realms share a file.
pub(crate) fn name(realm: &Realm) -> String {
    let parts: Vec<_> = realm.parts().collect();
    if parts.is_empty() {
        "+root".to_owned()
    } else {
        parts.join("+")
    }
}

/// The keys of a realm, made where there are none.
///
/// # Errors
/// The file cannot be used, or others may read it.
pub fn load(data: &Path, realm: &Realm, now: Timestamp) -> Result<RealmKeys, KeyError> {
    let file = path(data, realm);
    let pairs = if let Some(pairs) = read(&file)? {
        pairs
    } else {
        let pairs = vec![fresh(1)?];
        write(&file, &pairs)?;
        pairs
    };
    made(&file, &pairs, now)
}

/// The keys by which a realm seals what it keeps, made where there are none.
///
/// They do not expire, and rotating leaves them alone: without them nobody opens what was sealed.
///
/// # Errors
/// The file cannot be used, or others may read it.
pub fn storage(data: &Path, realm: &Realm, now: Timestamp) -> Result<RealmKeys, KeyError> {
    let file = storage_path(data, realm);
    let pairs = if let Some(pairs) = read(&file)? {
        pairs
    } else {
        let pairs = vec![fresh(1)?];
        write(&file, &pairs)?;
        pairs
    };
    made(&file, &pairs, now).map_err(|error| match error {
        KeyError::Damaged { file } => KeyError::Lost { file },
        other => other,
    })
}

/// Makes a new pair of keys; the old ones are kept until `keep` has passed.
///
/// # Errors
/// The file cannot be used, or others may read it.
pub fn rotate(
    data: &Path,
    realm: &Realm,
    now: Timestamp,
    keep: Duration,
) -> Result<RealmKeys, KeyError> {
    let file = path(data, realm);
    let old = read(&file)?.unwrap_or_default();
    let highest = old.iter().map(|pair| pair.id).max().unwrap_or(0);
    let mut pairs = vec![fresh(highest.saturating_add(1))?];
    for pair in old {
        let until = pair.until.unwrap_or(now.plus(keep).0);
        if until > now.0 && pairs.len() <= RETIRED_MAX {
            let mut pair = pair.clone();
            pair.until = Some(until);
            pairs.push(pair);
        }
    }
    write(&file, &pairs)?;
    made(&file, &pairs, now)
}

fn read(file: &Path) -> Result<Option<Vec<Pair>>, KeyError> {
    let Some(text) = text(file)? else {
        return Ok(None);
    };
    let parsed: File = serde_json::from_str(&text).map_err(|_| damaged(file))?;
    Ok(Some(parsed.pairs))
}

/// The text of a file that its owner alone may read; `None` where there is none.
pub(crate) fn text(file: &Path) -> Result<Option<Zeroizing<String>>, KeyError> {
    let wrong = |error| KeyError::File {
        file: file.to_path_buf(),
        error,
    };
    let text = match fs::read_to_string(file) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(file).map_err(wrong)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed {
                file: file.to_path_buf(),
            });
        }
    }
    Ok(Some(text))
}

fn write(file: &Path, pairs: &[Pair]) -> Result<(), KeyError> {
    put(
        file,
        &File {
            pairs: pairs.to_vec(),
        },
    )
}

/// Writes keys whole, into a file that its owner alone may read.
pub(crate) fn put(file: &Path, keys: &impl Serialize) -> Result<(), KeyError> {
    let wrong = |error| KeyError::File {
        file: file.to_path_buf(),
        error,
    };
    if let Some(folder) = file.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(wrong)?;
    }
    let text = serde_json::to_vec(keys);
    let text = Zeroizing::new(text.map_err(|error| wrong(error.into()))?);
    write_whole(file, &text).map_err(wrong)
}

fn fresh(id: u32) -> Result<Pair, KeyError> {
    let key = || -> Result<String, KeyError> {
        let bytes: [u8; KEY_BYTES] = drawn().map_err(|_| KeyError::NoRandomness)?;
        Ok(STANDARD.encode(Zeroizing::new(bytes)))
    };
    Ok(Pair {
        id,
        signing: key()?,
        sealing: key()?,
        until: None,
    })
}

fn made(file: &Path, pairs: &[Pair], now: Timestamp) -> Result<RealmKeys, KeyError> {
    let key = |text: &str| {
        let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
        <[u8; KEY_BYTES]>::try_from(bytes.as_slice())
            .ok()
            .map(Secret::new)
    };
    let mut keys = pairs
        .iter()
        .enumerate()
        .filter(|(at, pair)| *at == 0 || pair.until.is_some_and(|until| until > now.0))
        .map(|(_, pair)| {
            key(&pair.signing)
                .zip(key(&pair.sealing))
                .and_then(|(signing, sealing)| KeyPair::new(pair.id, &signing, &sealing))
                .ok_or_else(|| damaged(file))
        });
    let active = keys.next().ok_or_else(|| damaged(file))??;
    let retired = keys.collect::<Result<Vec<_>, _>>()?;
    Ok(RealmKeys::new(active, retired))
}

fn damaged(file: &Path) -> KeyError {
    KeyError::Damaged {
        file: file.to_path_buf(),
    }
}
