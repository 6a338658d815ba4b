//! Starting and stopping.
//!
//! Everything that can be wrong is found before the server listens: settings, data folder, keys, journeys,
//! address. [`Server::start`] either returns a server that answers, or says what to mend.

use std::{collections::BTreeMap, io, net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;
use wayfare::{Realm, Registry, Timestamp, engine::effect::Handlers};
use wayfare_wire::seal::RealmKeys;

use crate::{
    access,
    app::{self, App, RealmState},
    audit::Log,
    autoid,
    bind::Directories,
    capture::{self, Capture},
    clock::{Clock, SystemClock},
    config::{Config, ConfigError, Journeys},
    devices::Devices,
    external::{ExternalError, Outside, Served},
    hash::{HashError, HashPool},
    identities::{self, DocumentError, Documents, Embedded, Identities, InDirectory},
    keys::{self, KeyError},
    ldap::Client,
    mail::{Office, Outbox, Post},
    oauth::{Provider, ProviderError},
    perform::Performer,
    programs::{JourneyError, Programs, Types, demo},
    running::Running,
    runs::OpenRuns,
    signing::{KeyUse, SigningKeys},
    social::{self, Providers, SocialTokens},
    store::{Store, StoreError},
    traces::Traces,
    users::{self, ADMIN},
    web::Web,
};

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the data folder cannot be written.
    #[error("cannot write {what} in the data folder: {error}")]
    Data {
        /// What.
        what: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// Keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The journeys of a realm cannot be served.
    #[error("the journeys of realm `{realm}` cannot be served\n{error}")]
    Journeys {
        /// The realm.
        realm: Realm,
        /// Why.
        error: JourneyError,
    },
    /// The address cannot be listened at.
    #[error(
        "cannot listen at {listen}: {error}; stop whatever uses it, or choose another with --listen"
    )]
    Listen {
        /// The address.
        listen: String,
        /// What the system says.
        error: io::Error,
    },
    /// A user of the settings cannot be made.
    #[error("user `{username}` of realm `{realm}` cannot be made: {message}")]
    User {
        /// The realm.
        realm: Realm,
        /// The name.
        username: String,
        /// Why.
        message: String,
    },
    /// An identity provider of a realm cannot be used.
    #[error("realm `{realm}`: {message}")]
    Provider {
        /// The realm.
        realm: Realm,
        /// Why.
        message: String,
    },
    /// The provider of OAuth 2.0 of a realm cannot be used.
    #[error("the provider of OAuth 2.0 of realm `{realm}` cannot be used: {error}")]
    Oauth {
        /// The realm.
        realm: Realm,
        /// Why.
        error: ProviderError,
    },
    /// A handler of nodes outside cannot be used.
    #[error(transparent)]
    External(#[from] ExternalError),
    /// What users of a realm may hold, or what is shown to them, cannot be read.
    #[error("realm `{realm}`: {error}")]
    Identities {
        /// The realm.
        realm: Realm,
        /// Why.
        error: DocumentError,
    },
    /// A token of the backchannel cannot be used.
    #[error("the token of a backchannel cannot be used: {0}")]
    Backchannel(String),
    /// The mail server of a realm cannot be used.
    #[error("the mail server of realm `{realm}` cannot be used: {message}")]
    Mail {
        /// The realm.
        realm: Realm,
        /// Why.
        message: String,
    },
    /// A directory of a realm cannot be used.
    #[error("the directory of realm `{realm}` cannot be used: {message}")]
    Directory {
        /// The realm.
        realm: Realm,
        /// Why.
        message: String,
    },
    /// What is configured for scripts cannot be used.
    #[error("what is configured for scripts cannot be used: {0}")]
    Scripts(String),
    /// Capture of a realm cannot be served.
    #[error("capture of realm `{realm}` cannot be served: {message}")]
    Capture {
        /// The realm.
        realm: Realm,
        /// Why.
        message: String,
    },
    /// Randomness failed.
    #[error("the source of randomness failed")]
    NoRandomness,
}

/// A server that is not started yet.
#[derive(Debug)]
pub struct Server {
    config: Config,
    clock: Arc<dyn Clock>,
    registry: Registry,
    handlers: Handlers,
    identities: BTreeMap<Realm, Arc<dyn Identities>>,
}

impl Server {
    /// A server with these settings.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            clock: Arc::new(SystemClock),
            registry: Registry::standard(),
            handlers: Handlers::new(),
            identities: BTreeMap::new(),
        }
    }

    /// With these node types in place of the built-in ones: those, as a rule, and some of one's own.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// With these handlers of nodes outside, in this process; they come before those of the settings.
    pub fn handlers(mut self, handlers: Handlers) -> Self {
        self.handlers = handlers;
        self
    }

    /// With another store of identities for a realm than the server's own database.
    ///
    /// Sessions, tries and steps stay in the server's database.
    pub fn identities(mut self, realm: Realm, identities: impl Identities) -> Self {
        self.identities.insert(realm, Arc::new(identities));
        self
    }

    /// With another clock than the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Starts a server with these settings.
    ///
    /// # Errors
    /// Something has to be mended first; nothing listens.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        Self::new(config).run().await
    }

    /// Starts.
    ///
    /// # Errors
    /// Something has to be mended first; nothing listens.
    pub async fn run(self) -> Result<Running, StartError> {
        let Self {
            config,
            clock,
            mut registry,
            handlers,
            identities,
        } = self;
        let folder = config.data.folder.clone();
        let store = Store::open(&folder, config.data.durability)?;
        let data = |what| move |error| StartError::Data { what, error };
        let log = Log::open(&folder, config.server.log).map_err(data("the audit"))?;
        let log = Arc::new(log);
        let outbox = Outbox::open(&folder).map_err(data("the outbox"))?;
        let hash = Arc::new(HashPool::start(&config.hash)?);
        let mut notes = Vec::new();
        if store.restored() {
            notes.push(
                "The database was put back from a copy: open runs and sessions have ended."
                    .to_owned(),
            );
        }
        if config.scripts.enabled && !registry.has_interpreter() {
            interpret(&mut registry, &config)?;
        }
        let types = Types {
            served: Served::new(&config.external, handlers.clone()),
            registry,
        };
        let outside = Outside::new(&config.external, handlers)?;
        let web = Web::new(&config.scripts).map_err(StartError::Scripts)?;
        let directories = Directories::new(&config)
            .map_err(|(realm, message)| StartError::Directory { realm, message })?;
        let programs = programs(&config, &types, &store, &*clock).await?;
        let (identities, documents) = identities_of(&config, &store, identities)?;
        let (mut keys, mut devices) = (BTreeMap::new(), BTreeMap::new());
        for (realm, programs) in &programs {
            notes.extend(programs.notes());
            programs.warn_of_tests(&log);
            keys.insert(realm.clone(), keys::load(&folder, realm, clock.now())?);
            let storage = keys::storage(&folder, realm, clock.now())?;
            let kept = Devices::new(store.clone(), realm.clone(), storage, Arc::clone(&clock));
            devices.insert(realm.clone(), kept);
        }
        let aliases = config
            .realms
            .iter()
            .flat_map(|(realm, settings)| {
                settings.aliases.iter().map(|a| (a.clone(), realm.clone()))
            })
            .collect();
        let (listener, address) = listen(&config.server.listen).await?;
        // Last of what can fail for a reason of the author's: the password is shown by a server that
        // runs, and by no later one.
        let callers = access::callers(&config.backchannel)?;
        let offices = offices(&config, &identities, clock.now())?;
        let post = Post::new(
            outbox,
            offices,
            store.clone(),
            Arc::clone(&clock),
            Arc::clone(&log),
        );
        let origin = origin_of(&config, address);
        let (providers, social) = providers(&config, &origin, &store)?;
        let admin = users::make(&config, &store, &hash, clock.now())?;
        let beside = Beside {
            oauth: oauth(&config, &origin, clock.now())?,
            autoid_keys: autoid_keys(&config, clock.now())?,
            keys,
            identities,
            documents,
            devices,
            captures: capture::open(&config)?,
        };
        let realms = served(&config, programs, beside, &origin);
        let traces = config.traces.clone();
        let traces = traces.map(|settings| Traces::open(settings, Arc::clone(&log)));
        let traces = traces.transpose().map_err(data("the records of runs"))?;
        let app = Arc::new(App {
            traces,
            cookies: app::cookies(&config),
            unversioned: app::unversioned(&config),
            performer: Performer::new(store, hash, Arc::clone(&clock), post, Arc::clone(&log))
                .outside(outside)
                .web(web)
                .directories(directories)
                .providers(providers, social),
            metrics: crate::metrics::Metrics::default(),
            autoid: autoid::Desk::open(clock.now()),
            runs: OpenRuns::new(config.limits.runs_per_realm, config.limits.runs_per_source),
            log,
            clock,
            aliases,
            callers,
            origin,
            realms,
            config,
        });
        Ok(Running::spawn(app, listener, address, admin, notes))
    }
}

fn providers(
    config: &Config,
    origin: &str,
    store: &Store,
) -> Result<(Providers, SocialTokens), StartError> {
    let opened = social::open(config, origin, store);
    opened.map_err(|(realm, message)| StartError::Provider { realm, message })
}

async fn listen(at: &str) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen {
        listen: at.to_owned(),
        error,
    };
    let listener = TcpListener::bind(at).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

async fn programs(
    config: &Config,
    types: &Types,
    store: &Store,
    clock: &dyn Clock,
) -> Result<BTreeMap<Realm, Programs>, StartError> {
    let mut programs = BTreeMap::new();
    let realms = Arc::new(config.realms.keys().cloned().collect());
    for (realm, settings) in &config.realms {
        let opened = Programs::open(
            (realm, &realms),
            settings,
            &config.limits,
            types,
            store,
            clock.now(),
        )
        .await
        .map_err(|error| StartError::Journeys {
            realm: realm.clone(),
            error,
        })?;
        programs.insert(realm.clone(), opened);
    }
    Ok(programs)
}

type Stores = BTreeMap<Realm, Arc<dyn Identities>>;

/// The stores of identities of all realms, those that were brought along and the server's own, and the
/// documents.
fn identities_of(
    config: &Config,
    store: &Store,
    mut identities: Stores,
) -> Result<(Stores, BTreeMap<Realm, Documents>), StartError> {
    let mut documents = BTreeMap::new();
    for (realm, settings) in &config.realms {
        let wrong = |error| StartError::Identities {
            realm: realm.clone(),
            error,
        };
        let otherwise = match settings.journeys {
            Journeys::Demo => demo::DOCUMENTS,
            _ => &[],
        };
        let read = identities::documents(&settings.identities, otherwise).map_err(wrong)?;
        documents.insert(realm.clone(), read);
        let schema = identities::schema(&settings.identities).map_err(wrong)?;
        if !identities.contains_key(realm) {
            let admins = settings.admins.iter();
            let named = admins.filter_map(|admin| admin.strip_prefix("user:"));
            let own = Embedded::open(store.clone(), realm.clone(), Arc::clone(&schema))?
                .reserving(named.chain((*realm == Realm::root()).then_some(ADMIN)));
            let kept: Arc<dyn Identities> = match &settings.identities.ldap {
                None => {
                    let capture = settings.capture.as_ref();
                    let email = capture.and_then(|capture| capture.attributes.get("email"));
                    Arc::new(own.following(email.map(String::as_str)))
                }
                Some(ldap) => {
                    let opened = ldap.directory.target().and_then(Client::new);
                    let client = opened.map_err(|message| StartError::Directory {
                        realm: realm.clone(),
                        message,
                    })?;
                    let at = (store.clone(), realm.clone());
                    Arc::new(InDirectory::new(client, ldap, schema, at, own))
                }
            };
            identities.insert(realm.clone(), kept);
        }
    }
    Ok((identities, documents))
}

/// What the realms send mail by.
fn offices(
    config: &Config,
    identities: &Stores,
    now: Timestamp,
) -> Result<BTreeMap<Realm, Office>, StartError> {
    let mut offices = BTreeMap::new();
    for (realm, settings) in &config.realms {
        if let Some(identities) = identities.get(realm) {
            let keys = keys::storage(&config.data.folder, realm, now)?;
            let mail = settings.mail.clone();
            let office = Office::new(realm, mail, Arc::clone(identities), keys)?;
            offices.insert(realm.clone(), office);
        }
    }
    Ok(offices)
}

/// What realms have besides their settings and journeys.
struct Beside {
    keys: BTreeMap<Realm, RealmKeys>,
    identities: Stores,
    documents: BTreeMap<Realm, Documents>,
    devices: BTreeMap<Realm, Devices>,
    captures: BTreeMap<Realm, Capture>,
    oauth: BTreeMap<Realm, Provider>,
    autoid_keys: BTreeMap<Realm, Arc<SigningKeys>>,
}

/// Where clients find the server.
fn origin_of(config: &Config, address: SocketAddr) -> String {
    let origin = config.server.origin.clone();
    origin.unwrap_or_else(|| format!("http://{address}"))
}

/// The providers of OAuth 2.0 of the realms that have one.
fn oauth(
    config: &Config,
    origin: &str,
    now: Timestamp,
) -> Result<BTreeMap<Realm, Provider>, StartError> {
    let base = format!(
        "{}{}",
        origin.trim_end_matches('/'),
        config.server.base_path
    );
    let mut providers = BTreeMap::new();
    for (realm, settings) in &config.realms {
        if let Some(oauth) = &settings.oauth {
            let opened = Provider::open((&config.data.folder, realm), oauth, &base, now);
            let provider = opened.map_err(|error| StartError::Oauth {
                realm: realm.clone(),
                error,
            })?;
            providers.insert(realm.clone(), provider);
        }
    }
    Ok(providers)
}

/// The keys of the realms that serve Autonomous Identity.
fn autoid_keys(
    config: &Config,
    now: Timestamp,
) -> Result<BTreeMap<Realm, Arc<SigningKeys>>, StartError> {
    let mut all = BTreeMap::new();
    for (realm, settings) in &config.realms {
        if let Some(autoid) = &settings.autoid {
            let algorithms = [autoid.algorithm];
            let folder = &config.data.folder;
            let keys = SigningKeys::open(folder, realm, KeyUse::AutoId, &algorithms, now)?;
            all.insert(realm.clone(), Arc::new(keys));
        }
    }
    Ok(all)
}

/// The realms as they are served.
fn served(
    config: &Config,
    programs: BTreeMap<Realm, Programs>,
    mut beside: Beside,
    origin: &str,
) -> BTreeMap<Realm, RealmState> {
    programs
        .into_iter()
        .filter_map(|(realm, programs)| {
            let settings = config.realms.get(&realm)?.clone();
            let state = RealmState {
                realm: realm.clone(),
                wire: Arc::new(app::wire_settings(config, &settings, origin)),
                settings,
                identities: beside.identities.remove(&realm)?,
                documents: beside.documents.remove(&realm)?,
                devices: beside.devices.remove(&realm)?,
                keys: Arc::new(beside.keys.remove(&realm)?),
                capture: beside.captures.remove(&realm),
                oauth: beside.oauth.remove(&realm),
                autoid_keys: beside.autoid_keys.remove(&realm),
                programs,
            };
            Some((realm, state))
        })
        .collect()
}

/// Has scripts that stand as text run by the interpreter that the settings make.
#[cfg(feature = "scripts")]
fn interpret(registry: &mut Registry, config: &Config) -> Result<(), StartError> {
    let made = crate::scripts::interpreter(&config.scripts, &config.server.cookie_name);
    registry.interpreter(made.map_err(StartError::Scripts)?);
    Ok(())
}

/// Without the feature, journeys with scripts that stand as text are refused where they are loaded.
#[cfg(not(feature = "scripts"))]
fn interpret(_: &mut Registry, _: &Config) -> Result<(), StartError> {
    Ok(())
}
