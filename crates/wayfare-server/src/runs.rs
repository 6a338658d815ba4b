//! How many runs are open, in memory.
//!
//! A run is open from its start until it ends or its last authId expires. A restart forgets the count:
//! whoever may be locked out by it is not, for the few minutes a run lasts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use wayfare::{Realm, Timestamp};

/// The open runs.
#[derive(Debug)]
pub struct OpenRuns {
    per_realm_max: usize,
    per_source_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    runs: HashMap<u128, Entry>,
    by_exp: BTreeSet<(Timestamp, u128)>,
    realms: BTreeMap<Realm, usize>,
    sources: BTreeMap<Option<IpAddr>, usize>,
}

#[derive(Debug)]
struct Entry {
    realm: Realm,
    source: Option<IpAddr>,
    exp: Timestamp,
}

/// There is no room for another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom;

impl OpenRuns {
    /// With these bounds.
    pub fn new(per_realm_max: usize, per_source_max: usize) -> Self {
        Self {
            per_realm_max,
            per_source_max,
            state: Mutex::default(),
        }
    }

    /// Whether another run may be started from here.
    ///
    /// # Errors
    /// One of the bounds is reached.
    pub fn room(
        &self,
        realm: &Realm,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), NoRoom> {
        let mut state = self.lock();
        state.expire(now);
        let in_realm = state.realms.get(realm).copied().unwrap_or(0);
        let from_source = state.sources.get(&masked(source)).copied().unwrap_or(0);
        if in_realm >= self.per_realm_max || from_source >= self.per_source_max {
            return Err(NoRoom);
        }
        Ok(())
    }

    /// Counts a run until it expires; one that is counted already expires later now.
    ///
    /// A run that comes from before a restart is counted too, whatever the bounds: it is never refused.
    pub fn open(&self, run: u128, realm: &Realm, source: Option<IpAddr>, exp: Timestamp) {
        let mut state = self.lock();
        let (realm, source) = match state.close(run) {
            Some(entry) => (entry.realm, entry.source),
            None => (realm.clone(), masked(source)),
        };
        *state.realms.entry(realm.clone()).or_default() += 1;
        *state.sources.entry(source).or_default() += 1;
        state.by_exp.insert((exp, run));
        state.runs.insert(run, Entry { realm, source, exp });
    }

    /// Counts a run no longer.
    pub fn close(&self, run: u128) {
        let _ = self.lock().close(run);
    }

    /// How many runs are open in a realm.
    pub fn count(&self, realm: &Realm, now: Timestamp) -> usize {
        let mut state = self.lock();
        state.expire(now);
        state.realms.get(realm).copied().unwrap_or(0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn close(&mut self, run: u128) -> Option<Entry> {
        let entry = self.runs.remove(&run)?;
        self.by_exp.remove(&(entry.exp, run));
        less(&mut self.realms, &entry.realm);
        less(&mut self.sources, &entry.source);
        Some(entry)
    }

    fn expire(&mut self, now: Timestamp) {
        while let Some(&(exp, run)) = self.by_exp.first() {
            if exp > now {
                return;
            }
            if self.close(run).is_none() {
                self.by_exp.remove(&(exp, run));
            }
        }
    }
}

fn less<K: Ord>(map: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = map.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            map.remove(key);
        }
    }
}

/// One IPv6 customer has at least a /64.
pub(crate) fn masked(source: Option<IpAddr>) -> Option<IpAddr> {
    source.map(|address| match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_hold_at_the_limit_and_are_given_back() {
        let alpha = Realm::parse("/alpha").unwrap();
        let here = |n: u8| Some(IpAddr::from([127, 0, 0, n]));
        let runs = OpenRuns::new(3, 2);
        let start = |run: u128, from: u8, exp: u64| {
            runs.room(&alpha, here(from), Timestamp(0))
                .map(|()| runs.open(run, &alpha, here(from), Timestamp(exp)))
        };
        assert_eq!(start(1, 1, 10), Ok(()));
        assert_eq!(start(2, 1, 20), Ok(()));
        assert_eq!(start(3, 1, 30), Err(NoRoom), "third from one source");
        assert_eq!(start(3, 2, 30), Ok(()));
        assert_eq!(start(4, 3, 40), Err(NoRoom), "fourth of the realm");
        runs.close(1);
        runs.close(1);
        assert_eq!(start(4, 3, 40), Ok(()));
        assert_eq!(runs.count(&alpha, Timestamp(19)), 3);
        assert_eq!(runs.count(&alpha, Timestamp(20)), 2, "one expired");
        runs.open(3, &Realm::root(), here(9), Timestamp(90));
        assert_eq!(
            runs.count(&alpha, Timestamp(40)),
            1,
            "it stays where it was opened"
        );
        assert_eq!(runs.count(&alpha, Timestamp(90)), 0);
        assert!(runs.lock().sources.is_empty() && runs.lock().by_exp.is_empty());
    }

    #[test]
    fn one_network_is_one_source() {
        let at = |text: &str| masked(Some(text.parse().unwrap()));
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff"));
        assert_ne!(at("2001:db8:0:1::1"), at("2001:db8::1"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
    }
}
