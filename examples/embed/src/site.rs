//! What a server is made of, and what the wire asks of it: realms, journeys, keys, settings.

use std::sync::Arc;

use wayfare::engine::host::NoRandomness;
use wayfare::{Compiler, Engine, ProgramHash, Realm, Registry, Secret, Source};
use wayfare_wire::am::authenticate::{Epoch, Settings, Site};
use wayfare_wire::am::realm::Realms;
use wayfare_wire::claims::ClaimsInMemory;
use wayfare_wire::seal::{KeyPair, RealmKeys};

use crate::{machine::drawn, sessions::Sessions, users::Users};

/// A server of one realm, the top one.
#[derive(Debug)]
pub struct Server {
    engine: Engine,
    keys: Arc<RealmKeys>,
    epoch: Epoch,
    settings: Arc<Settings>,
    pub(crate) claims: ClaimsInMemory,
    pub(crate) sessions: Sessions,
    pub(crate) users: Users,
}

impl Server {
    /// A server of the journeys of a text; the error says what is wrong with it.
    pub fn new(journeys: &str) -> Result<Self, String> {
        let registry = Registry::standard();
        let source = Source::new("own.journey", journeys);
        let compiled = Compiler::new(registry.catalog()).compile([source]);
        let Some(program) = compiled.program else {
            let lines = compiled.diagnostics.iter();
            let lines = lines.map(|finding| finding.one_line(&compiled.sources));
            return Err(lines.collect::<Vec<_>>().join("\n"));
        };
        let engine = Engine::link(program, registry).map_err(|errors| errors.to_string())?;
        Self::of(engine).map_err(|error| error.to_string())
    }

    fn of(engine: Engine) -> Result<Self, NoRandomness> {
        let pair = KeyPair::new(1, &Secret::new(drawn()?), &Secret::new(drawn()?));
        Ok(Self {
            engine,
            keys: Arc::new(RealmKeys::new(pair.ok_or(NoRandomness)?, [])),
            epoch: drawn()?,
            settings: Arc::default(),
            claims: ClaimsInMemory::default(),
            sessions: Sessions::default(),
            users: Users::new()?,
        })
    }

    /// With this user.
    pub fn user(mut self, name: &str, password: &str) -> Result<Self, NoRandomness> {
        self.users.add(name, password)?;
        Ok(self)
    }
}

impl Realms for Server {
    fn exists(&self, realm: &Realm) -> bool {
        *realm == Realm::root()
    }
    fn alias(&self, _: &str) -> Option<Realm> {
        None
    }
}

impl Site for Server {
    fn settings(&self, _: &Realm) -> Arc<Settings> {
        Arc::clone(&self.settings)
    }
    fn keys(&self, _: &Realm) -> Option<Arc<RealmKeys>> {
        Some(Arc::clone(&self.keys))
    }
    fn engine(&self, _: &Realm) -> Option<Engine> {
        Some(self.engine.clone())
    }
    fn engine_of(&self, _: &Realm, program: &ProgramHash) -> Option<Engine> {
        Some(self.engine.clone()).filter(|engine| engine.serves(program))
    }
    fn default_journey(&self, _: &Realm) -> Option<Arc<str>> {
        Some("Login".into())
    }
    fn epoch(&self) -> Epoch {
        self.epoch
    }
}
