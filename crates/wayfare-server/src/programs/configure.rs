//! Changes by administrators: one thing of the store, and the program with it.
//!
//! In: a change that was found to be allowed, under the lock of the realm. Out: it is on disk and served, or
//! nothing was changed. The program is made before anything is written, and what would leave the realm
//! without a journey that its settings name is refused.

use std::sync::Arc;

use tokio::sync::MutexGuard;

use super::{Base, Fresh, JourneyError, Programs, Stored, Unfit, keep};
use crate::{
    app::{App, RealmState},
    programs::stored::Row,
    store::configured::{Change, Key},
};

/// The right to change the journeys of a realm.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    _changing: MutexGuard<'a, ()>,
    pub(crate) programs: &'a Programs,
}

/// What became of a change.
#[derive(Debug)]
pub(crate) enum Changed {
    /// It is done.
    Done,
    /// A bound, in words.
    Full(String),
    /// The realm cannot be without it, in words.
    Needed(String),
    /// Somebody else has changed it on disk.
    Stale,
    /// The store failed.
    Failed(JourneyError),
}

impl Programs {
    /// Waits for the changes before, and keeps others from beginning.
    pub(crate) async fn hold(&self) -> Held<'_> {
        Held {
            _changing: self.changing.lock().await,
            programs: self,
        }
    }

    /// What the store keeps.
    pub(crate) fn stored(&self) -> Arc<Stored> {
        self.read(|state| Arc::clone(&state.stored))
    }

    /// Why journeys of the store are not served.
    pub(crate) fn unfit(&self) -> Unfit {
        self.read(|state| state.status.unfit.clone())
    }

    /// What was noticed of a journey of the store.
    pub(crate) fn noticed(&self, name: &str) -> Vec<String> {
        self.read(|state| state.noticed.get(name).cloned().unwrap_or_default())
    }

    /// What a journey of the store is allowed that a text would have to say: the words of the codes.
    pub(crate) fn exceptions(&self, name: &str) -> Option<String> {
        let codes = self.read(|state| state.exceptions.get(name).cloned())?;
        let codes: Vec<&str> = codes.into_iter().collect();
        Some(codes.join(", "))
    }

    /// The file in which a journey stands, where a text has it.
    pub(crate) fn file_of(&self, name: &str) -> Option<String> {
        self.read(|state| state.base.file_of(name))
    }

    /// The texts.
    pub(crate) fn base(&self) -> Arc<Base> {
        self.read(|state| Arc::clone(&state.base))
    }

    /// The program with the store as it would be.
    fn candidate(&self, stored: Arc<Stored>) -> Result<Fresh, JourneyError> {
        // The texts as they last compiled: those on disk may be broken just now.
        self.fresh(self.base(), stored)
    }

    /// Notes what the store keeps, where no journey is another by it.
    fn note(&self, stored: Arc<Stored>) {
        let mut state = self
            .state
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        state.stored = stored;
    }
}

impl Held<'_> {
    /// Changes one thing, or takes it away.
    pub(crate) async fn change(
        &self,
        app: &Arc<App>,
        realm: &RealmState,
        key: &Key,
        row: Option<Row>,
    ) -> Changed {
        let before = self.programs.stored();
        let seen = before.get(key).map(|row| row.text.clone());
        let row = row.map(Arc::new);
        let body = row.as_ref().map(|row| row.text.clone());
        let next = Arc::new(before.with(key, row));
        if let Some(why) = next.over().filter(|_| body.is_some()) {
            return Changed::Full(why);
        }
        let moves = seen != body && (before.is_used(key) || next.is_used(key));
        let fresh = if moves {
            match candidate(app, realm, &next).await {
                Ok(fresh) => Some(fresh),
                Err(JourneyError::Store(error)) => return Changed::Failed(error.into()),
                Err(error) => return Changed::Needed(error.to_string()),
            }
        } else {
            None
        };
        let (store, now) = (&self.programs.store, app.clock.now());
        let change = Change {
            key: key.clone(),
            seen,
            body,
        };
        match store.configure(&realm.realm, change).await {
            Ok(true) => {}
            Ok(false) => return Changed::Stale,
            Err(error) => return Changed::Failed(error.into()),
        }
        let Some(fresh) = fresh else {
            self.programs.note(next);
            return Changed::Done;
        };
        if let Err(error) = keep(store, &realm.realm, &fresh.joined.built, now).await {
            // It is kept, and will be served with the next change.
            self.programs.note(next);
            return Changed::Failed(error.into());
        }
        self.programs.take(fresh, now);
        Changed::Done
    }
}

async fn candidate(
    app: &Arc<App>,
    realm: &RealmState,
    stored: &Arc<Stored>,
) -> Result<Fresh, JourneyError> {
    let (app, name, stored) = (Arc::clone(app), realm.realm.clone(), Arc::clone(stored));
    let made = tokio::task::spawn_blocking(move || {
        let state = app.realms.get(&name)?;
        Some(state.programs.candidate(stored))
    });
    match made.await {
        Ok(Some(made)) => made,
        _ => Err(JourneyError::Default(
            "making the program was cut short".to_owned(),
        )),
    }
}
