//! Codes that are being redeemed: those who come with the same one at once wait for each other.
//!
//! Of those who came before the first was answered the others are refused, and nothing else: a client that
//! sends twice keeps what it got. Who comes later comes a second time, and that is for the store to see.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as Lock, PoisonError},
};

use tokio::sync::{Mutex, MutexGuard};

use crate::store::token::TokenKey;

/// Those who wait, by the code; whether one of them was given what it stands for.
#[derive(Debug, Default)]
pub(super) struct Redeeming(Lock<HashMap<TokenKey, Arc<Mutex<bool>>>>);

/// One who has come with a code.
pub(super) struct Attempt<'a> {
    all: &'a Redeeming,
    key: TokenKey,
    given: Arc<Mutex<bool>>,
}

impl Redeeming {
    /// Notes that somebody has come.
    pub(super) fn come(&self, key: TokenKey) -> Attempt<'_> {
        let given = Arc::clone(self.lock().entry(key).or_default());
        Attempt {
            all: self,
            key,
            given,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TokenKey, Arc<Mutex<bool>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// Waits for those who came before; whether one of them was given it.
    pub(super) async fn turn(&self) -> MutexGuard<'_, bool> {
        self.given.lock().await
    }

    /// Whoever comes from now on comes later.
    pub(super) fn over(&self) {
        let mut all = self.all.lock();
        if all
            .get(&self.key)
            .is_some_and(|given| Arc::ptr_eq(given, &self.given))
        {
            all.remove(&self.key);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        // This one and the map have it, and nobody else waits.
        if Arc::strong_count(&self.given) == 2
            && all
                .get(&self.key)
                .is_some_and(|given| Arc::ptr_eq(given, &self.given))
        {
            all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::token::Kind;

    #[tokio::test]
    async fn who_waits_is_told_and_who_comes_later_is_not() {
        let all = Redeeming::default();
        let key = TokenKey::of(Kind::new("capture.code"), "abc");
        let (first, second) = (all.come(key), all.come(key));
        {
            let mut given = first.turn().await;
            assert!(!*given);
            *given = true;
            first.over();
        }
        let third = all.come(key);
        assert!(*second.turn().await);
        assert!(!*third.turn().await);
        drop((first, second));
        assert_eq!(all.lock().len(), 1);
        drop(third);
        assert!(all.lock().is_empty());
    }
}
