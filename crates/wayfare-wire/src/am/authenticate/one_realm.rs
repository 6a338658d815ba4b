//! A site of one realm, for embedders who have no others.

use std::sync::Arc;

use wayfare::{Engine, Host, Realm, Secret, engine::host::NoRandomness};

use crate::{
    am::{
        authenticate::site::{Settings, Site},
        authenticate::token::{Epoch, ProgramHash},
        realm::Realms,
    },
    seal::{KEY_BYTES, KeyPair, RealmKeys},
};

/// A site of the top realm and one program, with keys of its own.
///
/// The keys are drawn when it is made and kept nowhere, so no open run outlives it; neither would the
/// steps in a [`ClaimsInMemory`](crate::claims::ClaimsInMemory) beside it.
#[derive(Debug)]
pub struct OneRealm {
    engine: Engine,
    default_journey: Arc<str>,
    keys: Arc<RealmKeys>,
    settings: Arc<Settings>,
    epoch: Epoch,
}

impl OneRealm {
    /// A site of this program; a start without a name means the journey of that name on the wire.
    ///
    /// # Errors
    /// There is no randomness to draw keys from.
    pub fn new(
        engine: Engine,
        default_journey: &str,
        host: &dyn Host,
    ) -> Result<Self, NoRandomness> {
        let (mut signing, mut sealing, mut epoch) =
            ([0; KEY_BYTES], [0; KEY_BYTES], Epoch::default());
        host.random(&mut signing)?;
        host.random(&mut sealing)?;
        host.random(&mut epoch)?;
        let pair = KeyPair::new(1, &Secret::new(signing), &Secret::new(sealing));
        Ok(Self {
            engine,
            default_journey: default_journey.into(),
            keys: Arc::new(RealmKeys::new(pair.ok_or(NoRandomness)?, [])),
            settings: Arc::default(),
            epoch,
        })
    }

    /// With these settings.
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = Arc::new(settings);
        self
    }
}

impl Realms for OneRealm {
    fn exists(&self, realm: &Realm) -> bool {
        realm.as_str() == "/"
    }

    fn alias(&self, _: &str) -> Option<Realm> {
        None
    }
}

impl Site for OneRealm {
    fn settings(&self, _: &Realm) -> Arc<Settings> {
        Arc::clone(&self.settings)
    }

    fn keys(&self, realm: &Realm) -> Option<Arc<RealmKeys>> {
        self.exists(realm).then(|| Arc::clone(&self.keys))
    }

    fn engine(&self, realm: &Realm) -> Option<Engine> {
        self.exists(realm).then(|| self.engine.clone())
    }

    fn engine_of(&self, realm: &Realm, program: &ProgramHash) -> Option<Engine> {
        self.engine(realm).filter(|engine| engine.serves(program))
    }

    fn default_journey(&self, realm: &Realm) -> Option<Arc<str>> {
        self.exists(realm)
            .then(|| Arc::clone(&self.default_journey))
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}
