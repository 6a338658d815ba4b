//! Work with keys and certificates that nodes ask for.
//!
//! Keys are read whenever they are used, so that they may be changed while the server runs; a node names
//! them only by what the settings of the realm allow. A key that cannot be had fails the effect.

mod authorized;
mod certificate;
mod origin;
mod replay;
mod token;

use std::{fs, net::IpAddr, path::Path};

use wayfare::{
    EffectReply, Secret, Timestamp,
    engine::effect::{Keyed, KeyedReply},
};

use crate::config::RealmSettings;

/// How many bytes a file of authorised keys has at most.
const KEYS_BYTES_MAX: u64 = 256 * 1_024;

/// Why something could not be done; never what is secret in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyedError {
    /// The settings of the realm have nothing of this name.
    #[error("the realm allows no {0} `{1}`")]
    NotAllowed(&'static str, String),
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It is not what it should be.
    #[error("the key `{0}` is not 32 bytes in base 64")]
    NoKey(String),
    /// The source of randomness is broken.
    #[error("no randomness")]
    NoRandomness,
}

/// Does what a node wants; what cannot be done is [`EffectReply::Failed`].
pub(crate) fn perform(asked: &Keyed, settings: &RealmSettings, now: Timestamp) -> EffectReply {
    let done = match asked {
        Keyed::Seal { label, secret } => seal(label, secret, settings),
        Keyed::Token {
            keys,
            token,
            nonce,
            client,
        } => read_keys(keys, *client, settings).map(|keys| {
            let name = token::subject(token.reveal(), nonce, &keys, now);
            KeyedReply::Names(name.map(Into::into))
        }),
        Keyed::Certificate {
            certificate,
            alternative,
            subject,
        } => {
            let name = certificate::user(certificate, *alternative, subject);
            Ok(KeyedReply::Names(name.map(Into::into)))
        }
    };
    match done {
        Ok(reply) => EffectReply::Keyed(Box::new(reply)),
        Err(error) => EffectReply::Failed(error.to_string()),
    }
}

fn seal(
    label: &str,
    secret: &Secret<String>,
    settings: &RealmSettings,
) -> Result<KeyedReply, KeyedError> {
    let source = settings
        .replay_keys
        .get(label)
        .ok_or_else(|| KeyedError::NotAllowed("key", label.to_owned()))?;
    let text = source
        .read()
        .map_err(|error| KeyedError::Unreadable(error.to_string()))?;
    let key = replay::key(&text).ok_or_else(|| KeyedError::NoKey(label.to_owned()))?;
    Ok(KeyedReply::Sealed(replay::seal(&key, secret)?))
}

/// The authorised keys that count for a client.
fn read_keys(
    keys: &str,
    client: Option<IpAddr>,
    settings: &RealmSettings,
) -> Result<Vec<authorized::Key>, KeyedError> {
    let path = settings
        .authorized_keys
        .get(keys)
        .ok_or_else(|| KeyedError::NotAllowed("authorised keys", keys.to_owned()))?;
    Ok(authorized::keys(&read(path)?, client))
}

fn read(path: &Path) -> Result<String, KeyedError> {
    let unreadable = |why: String| KeyedError::Unreadable(format!("{}: {why}", path.display()));
    let file = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if !file.is_file() || file.len() > KEYS_BYTES_MAX {
        return Err(unreadable("it is no file, or too large".to_owned()));
    }
    fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))
}
