//! How often logins are tried from one address.
//!
//! It is counted by the minute and in memory: what an account bears is counted on disk, for all wires at
//! once, and this only keeps one address from asking for hashes all the time.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use wayfare::Timestamp;

use crate::runs::masked;

/// How many addresses are counted at once; beyond that, those of earlier minutes are forgotten first.
const SOURCES_MAX: usize = 16_384;

/// A minute, in milliseconds.
const WINDOW: u64 = 60_000;

/// The tries of this minute.
#[derive(Debug, Default)]
pub(super) struct Rate {
    counted: Mutex<HashMap<Option<IpAddr>, (u64, u32)>>,
}

impl Rate {
    /// Counts a try; where it is one too many, after how many seconds there may be another.
    pub(super) fn take(&self, source: Option<IpAddr>, most: u32, now: Timestamp) -> Option<u64> {
        if most == 0 {
            return None;
        }
        let minute = now.0 / WINDOW;
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= SOURCES_MAX {
            counted.retain(|_, (of, _)| *of == minute);
        }
        if counted.len() >= SOURCES_MAX {
            counted.clear();
        }
        let (of, tries) = counted.entry(masked(source)).or_insert((minute, 0));
        if *of != minute {
            (*of, *tries) = (minute, 0);
        }
        if *tries >= most {
            return Some((WINDOW - now.0 % WINDOW).div_ceil(1_000));
        }
        *tries += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_may_be_and_not_one_more() {
        let rate = Rate::default();
        let here = Some(IpAddr::from([127, 0, 0, 1]));
        let other = Some(IpAddr::from([127, 0, 0, 2]));
        let now = Timestamp(90_500);
        for _ in 0..3 {
            assert_eq!(rate.take(here, 3, now), None);
        }
        assert_eq!(rate.take(here, 3, now), Some(30));
        assert_eq!(rate.take(other, 3, now), None);
        assert_eq!(rate.take(here, 3, Timestamp(120_000)), None);
        assert_eq!(rate.take(here, 0, now), None);
    }
}
