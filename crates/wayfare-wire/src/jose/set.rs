//! A set of keys through its rotations.
//!
//! A key is published as soon as it is there, signs from a time on, and verifies until its end. So those
//! who fetch the set know a new key before they meet its tokens, and tokens of an old one last their time.

use serde_json::{Value as Json, json};
use wayfare::Timestamp;

use super::{Algorithm, SigningKey, VerifyingKey};

/// A key and its times.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: SigningKey,
    /// When it begins to sign.
    pub from: Timestamp,
    /// When its tokens are no longer taken; none yet for a key that is not retired.
    pub until: Option<Timestamp>,
}

impl Entry {
    fn verifies(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// The keys of one use, of one or more algorithms.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    entries: Vec<Entry>,
}

impl KeySet {
    /// A set of these keys; the algorithm of the first is the one that signs where none is asked for.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// A set of one key that signs and verifies at all times.
    pub fn of(key: SigningKey) -> Self {
        Self::new(vec![Entry {
            key,
            from: Timestamp(0),
            until: None,
        }])
    }

    /// The keys with their times.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The key that signs now: of those that have begun the one that began last, and the first to begin
    /// where none has.
    pub fn signing(&self, algorithm: Option<Algorithm>, now: Timestamp) -> Option<&SigningKey> {
        let algorithm =
            algorithm.or_else(|| self.entries.first().map(|entry| entry.key.algorithm()))?;
        let fitting = || {
            let fits = |entry: &&Entry| entry.key.algorithm() == algorithm && entry.verifies(now);
            self.entries.iter().filter(fits)
        };
        let begun = fitting()
            .filter(|entry| entry.from <= now)
            .max_by_key(|entry| entry.from);
        begun
            .or_else(|| fitting().min_by_key(|entry| entry.from))
            .map(|entry| &entry.key)
    }

    /// The algorithms by which something is signed now, the usual one first.
    pub fn algorithms(&self, now: Timestamp) -> Vec<Algorithm> {
        let mut found = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.verifies(now)) {
            if !found.contains(&entry.key.algorithm()) {
                found.push(entry.key.algorithm());
            }
        }
        found
    }

    /// The keys whose tokens are taken now.
    pub fn verifying(&self, now: Timestamp) -> impl Iterator<Item = &VerifyingKey> {
        self.entries
            .iter()
            .filter(move |entry| entry.verifies(now))
            .map(|entry| entry.key.verifying())
    }

    /// The public keys, as they are published (RFC 7517 §5).
    pub fn jwks(&self, now: Timestamp) -> Json {
        let keys: Vec<Json> = self.verifying(now).filter_map(VerifyingKey::jwk).collect();
        json!({ "keys": keys })
    }
}
