//! Starting and stopping.
//!
//! Everything that can be wrong is found before the server listens: settings, data folder, keys, journeys,
//! address. [`Server::start`] either returns a server that answers, or says what to mend.

use std::{
    collections::BTreeMap, fmt::Write as _, io, net::SocketAddr, path::Path, sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use wayfare::{Realm, Registry, Secret, Timestamp, engine::effect::Handlers};
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
    listen,
    mail::{Office, Outbox, Post},
    oauth::{Provider, ProviderError},
    perform::Performer,
    programs::{self, JourneyError, Programs, Types, demo},
    router::Router,
    runs::OpenRuns,
    signing::{KeyUse, SigningKeys},
    social::{self, Providers, SocialTokens},
    store::{Store, StoreError},
    traces::Traces,
    users::{self, ADMIN, DEMO_PASSWORD, DEMO_USER},
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

/// A server that answers. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Running {
    app: Arc<App>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<()>>,
    chores: Vec<JoinHandle<()>>,
    admin: Option<Secret<String>>,
    notes: Vec<String>,
}

impl Running {
    fn spawn(
        app: Arc<App>,
        listener: TcpListener,
        address: SocketAddr,
        admin: Option<Secret<String>>,
        notes: Vec<String>,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let router = Arc::new(Router::new(Arc::clone(&app)));
        let serving = tokio::spawn(listen::serve(listener, router, stopped));
        let mut chores = vec![tokio::spawn(purge(Arc::clone(&app)))];
        chores.extend(programs::watch(&app));
        chores.push(tokio::spawn(app.performer.post.clone().carry()));
        Self {
            app,
            address,
            stop,
            serving: Some(serving),
            chores,
            admin,
            notes,
        }
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The password of the administrator, where it was made at this start.
    pub fn admin_password(&self) -> Option<&Secret<String>> {
        self.admin.as_ref()
    }

    /// The social tokens, for whoever lets somebody in by one in the same process.
    pub fn social(&self) -> &SocialTokens {
        &self.app.performer.social
    }

    /// The store, for whoever looks after it in the same process.
    pub fn store(&self) -> &Store {
        self.app.store()
    }

    /// How many requests ended in a panic: mistakes of ours, whatever was asked.
    pub fn panics(&self) -> u64 {
        self.app.metrics.panics()
    }

    /// The threads that hash, with their counts.
    pub fn hash(&self) -> &HashPool {
        &self.app.performer.hash
    }

    /// The file of the audit.
    pub fn audit_path(&self) -> &Path {
        self.app.log.path()
    }

    /// The folder of sent messages.
    pub fn outbox(&self) -> &Path {
        self.app.performer.post.outbox().folder()
    }

    /// What sends mail.
    pub fn post(&self) -> &Post {
        &self.app.performer.post
    }

    /// The users of a realm.
    pub fn identities(&self, realm: &Realm) -> Option<&dyn Identities> {
        let state = self.app.realms.get(realm)?;
        Some(&*state.identities)
    }

    /// The devices of the users of a realm.
    pub fn devices(&self, realm: &Realm) -> Option<&Devices> {
        self.app.realms.get(realm).map(|state| &state.devices)
    }

    /// What the journeys of a realm look like: which are served, and what is wrong with the files now.
    pub fn journeys(&self, realm: &Realm) -> Option<programs::Status> {
        self.app
            .realms
            .get(realm)
            .map(|state| state.programs.status())
    }

    /// Reads the journeys of a realm anew if their files have changed, without waiting for the watch.
    ///
    /// `true` where another version is served now.
    pub async fn reload(&self, realm: &Realm) -> bool {
        match self.app.realms.get(realm) {
            Some(state) => programs::reload(&self.app, state).await,
            None => false,
        }
    }

    /// Begins to send what waits to be sent and is due, without waiting for the next look.
    ///
    /// # Errors
    /// The store fails.
    pub fn send_waiting(&self) -> Result<(), StoreError> {
        self.post().send_waiting()
    }

    /// What to tell whoever started the server.
    pub fn welcome(&self) -> String {
        let config = &self.app.config;
        let at = format!("http://{}", self.address);
        let page_realm = &config.page_realm;
        let mut text = format!("wayfare listens at {at}\n\n");
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  log in          {at}/  (realm {page_realm})");
        for (realm, settings) in &config.realms {
            if settings.demo_user {
                let _ = writeln!(
                    text,
                    "  user            {DEMO_USER} of realm {realm}, password {DEMO_PASSWORD}"
                );
            }
        }
        if let Some(password) = &self.admin {
            let _ = writeln!(
                text,
                "  administrator   {ADMIN} of realm /, password {}  (shown this once)",
                password.reveal()
            );
        }
        let mut path = String::from("/realms/root");
        for part in page_realm.parts() {
            let _ = write!(path, "/realms/{part}");
        }
        let _ = writeln!(
            text,
            "  protocol        {at}{}/json{path}/authenticate",
            config.server.base_path
        );
        let _ = writeln!(text, "  data            {}", config.data.folder.display());
        if let Some(whose) = self.whose_mail_is_kept() {
            let outbox = self.outbox().display();
            let _ = writeln!(text, "  mail is kept in {outbox}{whose}");
        }
        if config.demo {
            let _ = writeln!(text, "  read mail       {at}/outbox");
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}");
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        if config.demo {
            text.push_str(
                "\nThis is a demo: everybody knows the password above, and nothing is encrypted on its \
                 way.\nDo not let others reach it. `wayfare new DIR` makes a folder to start from.\n",
            );
        }
        text
    }

    /// The realms whose mail is kept and not sent, where others' is sent; `None` where nobody's is kept.
    fn whose_mail_is_kept(&self) -> Option<String> {
        let realms = self.app.config.realms.iter();
        let realms = realms.filter(|(_, settings)| settings.journeys != Journeys::None);
        let (sent, kept): (Vec<_>, Vec<_>) =
            realms.partition(|(_, settings)| settings.mail.server.is_some());
        if kept.is_empty() {
            return None;
        }
        if sent.is_empty() {
            return Some(String::new());
        }
        let kept: Vec<String> = kept.iter().map(|(realm, _)| realm.to_string()).collect();
        Some(format!("  (realm {})", kept.join(", ")))
    }

    /// Takes no more connections, lets open requests end, and stops.
    pub async fn stop(mut self) {
        self.app.log.info("stopping: open requests may end");
        let _ = self.stop.send(true);
        if let Some(serving) = self.serving.take() {
            let _ = serving.await;
        }
        let post = self.post().clone();
        let drain = self.app.config.limits.drain_time;
        let _ = tokio::task::spawn_blocking(move || post.wait(drain)).await;
        self.let_go();
    }

    /// Ends what runs beside the requests, and gives the data folder free.
    fn let_go(&self) {
        for chore in &self.chores {
            chore.abort();
        }
        self.app.store().close();
    }

    /// Serves until the process is told to stop by `SIGTERM` or `SIGINT`, then drains.
    pub async fn until_signal(self) {
        wait_for_signal().await;
        self.stop().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(serving) = &self.serving {
            serving.abort();
        }
        self.let_go();
    }
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait_for_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How often what has expired is forgotten.
const PURGE_EVERY: Duration = Duration::from_secs(60);

async fn purge(app: Arc<App>) {
    let mut tick = tokio::time::interval(PURGE_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = app.clock.now();
        let life = app
            .config
            .limits
            .run_time_max
            .max(app.config.limits.suspend_time_max);
        let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let retired = Timestamp(now.0.saturating_sub(life));
        let done = match app.store().purge(now).await {
            Ok(()) => app.store().forget_programs(retired).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            app.log
                .error(&format!("expired rows cannot be forgotten: {error}"));
        }
    }
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
