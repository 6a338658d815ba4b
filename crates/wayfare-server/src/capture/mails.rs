//! How many mails are asked for: for one recipient, and from one address.
//!
//! It is counted by the hour and in memory, before anybody is looked for: whether somebody has the address
//! changes nothing.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use ring::digest::{SHA256, digest};
use unicode_normalization::UnicodeNormalization as _;
use wayfare::{Timestamp, filter::folded};

use crate::{config::LimitSettings, runs::masked};

/// An hour, in milliseconds.
const WINDOW: u64 = 3_600_000;

/// How many recipients, and how many sources, are counted in an hour; beyond that they are forgotten.
const COUNTED_MAX: usize = 262_144;

/// The mails of this hour.
#[derive(Debug, Default)]
pub(super) struct Mails(Mutex<Hour>);

#[derive(Debug, Default)]
struct Hour {
    at: u64,
    recipients: HashMap<[u8; 32], u32>,
    sources: HashMap<Option<IpAddr>, u32>,
}

impl Mails {
    /// Counts a mail that is asked for; where it is one too many, after how many seconds there may be another.
    /// Without a recipient only the source is counted.
    pub(super) fn take(
        &self,
        recipient: Option<&str>,
        source: Option<IpAddr>,
        limits: &LimitSettings,
        now: Timestamp,
    ) -> Result<(), u64> {
        let mut hour = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = now.0 / WINDOW;
        if hour.at != at {
            *hour = Hour {
                at,
                ..Hour::default()
            };
        }
        let recipient = recipient.map(key);
        let mailed = recipient.and_then(|recipient| hour.recipients.get(&recipient));
        let asked = hour.sources.get(&masked(source));
        if mailed.is_some_and(|mailed| *mailed >= limits.mails_per_recipient)
            || asked.is_some_and(|asked| *asked >= limits.mails_per_source)
        {
            return Err((WINDOW - now.0 % WINDOW).div_ceil(1_000));
        }
        if let Some(recipient) = recipient {
            count(&mut hour.recipients, recipient);
        }
        count(&mut hour.sources, masked(source));
        Ok(())
    }
}

fn count<K: Eq + std::hash::Hash>(counted: &mut HashMap<K, u32>, key: K) {
    if counted.len() >= COUNTED_MAX && !counted.contains_key(&key) {
        counted.clear();
    }
    let count = counted.entry(key).or_default();
    *count = count.saturating_add(1);
}

/// A recipient as it is counted: as filters compare it, and no longer than a hash.
fn key(recipient: &str) -> [u8; 32] {
    let text = folded(&recipient.nfc().collect::<String>());
    let mut key = [0; 32];
    let hash = digest(&SHA256, text.as_bytes());
    key.iter_mut()
        .zip(hash.as_ref())
        .for_each(|(to, from)| *to = *from);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_may_be_and_not_one_more() {
        let limits = LimitSettings {
            mails_per_recipient: 2,
            mails_per_source: 3,
            ..LimitSettings::default()
        };
        let mails = Mails::default();
        let from = |n: u8| Some(IpAddr::from([127, 0, 0, n]));
        let take = |to: &str, n, now| mails.take(Some(to), from(n), &limits, Timestamp(now));
        assert_eq!(take("ada@example.com", 1, 0), Ok(()));
        assert_eq!(take("Ada@Example.com", 2, 0), Ok(()));
        assert_eq!(
            take("ADA@example.com", 3, 1_800_000),
            Err(1_800),
            "a third to her"
        );
        assert_eq!(take("bob@example.com", 1, 0), Ok(()));
        assert_eq!(take("eve@example.com", 1, 0), Ok(()));
        assert_eq!(
            take("fay@example.com", 1, 0),
            Err(3_600),
            "a fourth from there"
        );
        assert_eq!(mails.take(None, from(1), &limits, Timestamp(0)), Err(3_600));
        assert_eq!(
            take("fay@example.com", 2, 0),
            Ok(()),
            "what is refused is not counted"
        );
        assert_eq!(
            take("ada@example.com", 1, 3_600_000),
            Ok(()),
            "the next hour"
        );
    }
}
