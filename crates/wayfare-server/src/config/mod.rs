//! What the server is told: one TOML file, or the demo.
//!
//! In: the text of the file. Out: a [`Config`] in which every value is checked, or every mistake of the
//! file at once, each with its line. Journeys say what happens and are text of their own; this says where
//! they live: realms, limits, the data folder. Secrets are never written here, only named: a file or a
//! variable of the environment.

mod read;
mod table;
mod value;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use wayfare::{Realm, Value};

pub use self::table::{ConfigError, Mistake};
pub use self::value::{parse_duration, parse_size};

/// The settings of a server; every field has a default, so that a program may set only what it means.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The file the settings came from, for messages.
    pub file: Option<PathBuf>,
    /// Whether this is the demo that starts without a configuration.
    pub demo: bool,
    /// Where and how to listen.
    pub server: ServerSettings,
    /// The bounds.
    pub limits: LimitSettings,
    /// Where data is kept.
    pub data: DataSettings,
    /// How passwords are hashed.
    pub hash: HashSettings,
    /// The origins that browsers may call from.
    pub cors_allow: Vec<String>,
    /// The realm of the login page where its address names none.
    pub page_realm: Realm,
    /// The realms by path; the top realm is always there.
    pub realms: BTreeMap<Realm, RealmSettings>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            file: None,
            demo: false,
            server: ServerSettings::default(),
            limits: LimitSettings::default(),
            data: DataSettings::default(),
            hash: HashSettings::default(),
            cors_allow: Vec::new(),
            page_realm: Realm::root(),
            realms: BTreeMap::from([(Realm::root(), RealmSettings::default())]),
        }
    }
}

impl Config {
    /// The settings in this file; paths in it are relative to its folder.
    ///
    /// # Errors
    /// The file cannot be read, or has mistakes: all of them are reported.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |message| ConfigError::Unreadable {
            file: path.to_path_buf(),
            message,
        };
        let kind = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
        if !kind.is_file() {
            return Err(unreadable("it is not a plain file".to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut config = Self::parse(&path.display().to_string(), &text, folder)?;
        config.file = Some(path.to_path_buf());
        Ok(config)
    }

    /// The settings in this text; paths in it are relative to `folder`.
    ///
    /// # Errors
    /// The text has mistakes: all of them are reported.
    pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, ConfigError> {
        read::read(name, text, folder)
    }

    /// The demo: realms `/` and `/alpha`, a user, an administrator, journeys from the program itself.
    pub fn demo(data: impl Into<PathBuf>) -> Self {
        let alpha = RealmSettings {
            demo_user: true,
            journeys: Journeys::Demo,
            default: DefaultJourney::Named("Login".into()),
            ..RealmSettings::default()
        };
        let root = RealmSettings {
            journeys: Journeys::Demo,
            default: DefaultJourney::Named("Login".into()),
            ..RealmSettings::default()
        };
        let alpha_path = Realm::parse("/alpha").unwrap_or_else(Realm::root);
        Self {
            demo: true,
            data: DataSettings {
                folder: data.into(),
                ..DataSettings::default()
            },
            page_realm: alpha_path.clone(),
            realms: BTreeMap::from([(Realm::root(), root), (alpha_path, alpha)]),
            ..Self::default()
        }
    }

    /// The same with the journeys of the page's realm taken from this file or folder.
    ///
    /// Its default journey becomes the one called `Login`, else the only one.
    pub fn with_journeys(mut self, path: impl Into<PathBuf>) -> Self {
        let realm = self.realms.entry(self.page_realm.clone()).or_default();
        realm.journeys = Journeys::Paths(vec![path.into()]);
        realm.default = DefaultJourney::Required;
        self
    }
}

/// Where and how to listen.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerSettings {
    /// The address, `127.0.0.1:8080`; port 0 takes any free one.
    pub listen: String,
    /// The origin by which browsers know the server, `https://login.example.com`; the address it listens
    /// at where absent.
    pub origin: Option<String>,
    /// What the paths of the protocol begin with.
    pub base_path: String,
    /// The name of the session cookie, and of the header that may carry the same.
    pub cookie_name: String,
    /// Whether the cookie is sent over TLS only.
    pub cookie_secure: bool,
    /// The `SameSite` of the cookie.
    pub cookie_same_site: SameSite,
    /// Which version a request without `Accept-API-Version` gets.
    pub api_version: ApiVersion,
    /// Whether a locked or inactive account is told so, in the vendor's words.
    pub am_locked_message: bool,
    /// Whether a request must carry `X-Requested-With` or `Accept-API-Version`.
    pub csrf_header: bool,
    /// The peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// What is written to standard error; the audit goes to its file in any case.
    pub log: LogLevel,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            origin: None,
            base_path: "/am".to_owned(),
            cookie_name: "iPlanetDirectoryPro".to_owned(),
            cookie_secure: false,
            cookie_same_site: SameSite::Lax,
            api_version: ApiVersion::Latest,
            am_locked_message: false,
            csrf_header: true,
            trusted_proxies: Vec::new(),
            log: LogLevel::Info,
        }
    }
}

/// The `SameSite` attribute of the session cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Sent with top-level navigation.
    Lax,
    /// Sent from the same site only.
    Strict,
    /// Sent from everywhere; needs a secure cookie.
    None,
}

impl SameSite {
    /// The attribute as a cookie spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }
}

/// What is written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What went wrong.
    Error,
    /// Starts, reloads, ends.
    Info,
    /// Every line of the audit as well.
    Audit,
}

/// Which version a request gets that asks for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// The newest.
    Latest,
    /// The oldest.
    Oldest,
    /// None: the request is refused.
    Refuse,
}

/// The bounds of the server; those of a run are among them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LimitSettings {
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Bytes of one header.
    pub header_bytes: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Nesting of a JSON body.
    pub json_depth: usize,
    /// Bytes of one text in a JSON body.
    pub string_bytes: usize,
    /// Callbacks of a request.
    pub callbacks: usize,
    /// How long the head of a request may take to arrive.
    pub head_time: Duration,
    /// How long the body of a request may take to arrive.
    pub body_time: Duration,
    /// How long a request may take as a whole.
    pub request_time: Duration,
    /// Connections open at once; more wait.
    pub connections: usize,
    /// How long a connection is kept for further requests.
    pub connection_time: Duration,
    /// How long open requests may take after the signal to stop.
    pub drain_time: Duration,
    /// Code points of a username.
    pub username_chars: usize,
    /// Code points of a password.
    pub password_chars: usize,
    /// Bytes of `goto` and `gotoOnFail`.
    pub goto_bytes: usize,
    /// Bytes of an authId.
    pub auth_id_bytes: usize,
    /// Bytes of sealed state that an authId carries itself; more are kept in the store.
    pub inline_state_bytes: usize,
    /// Bytes of the state of a run.
    pub state_bytes: usize,
    /// Node visits between two stops.
    pub visits_per_turn: u32,
    /// Node visits of a run.
    pub visits_per_run: u32,
    /// Inner journeys within each other.
    pub inner_depth: u32,
    /// How long a run may take.
    pub run_time: Duration,
    /// How long a run may take whatever a journey says.
    pub run_time_max: Duration,
    /// How long a suspended run may wait.
    pub suspend_time_max: Duration,
    /// Open runs of a realm.
    pub runs_per_realm: usize,
    /// Open runs from one address.
    pub runs_per_source: usize,
    /// Journey files of a realm.
    pub journey_files: usize,
    /// Bytes of a journey file.
    pub journey_bytes: usize,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            head_bytes: 32 * 1_024,
            headers: 100,
            header_bytes: 8 * 1_024,
            body_bytes: 64 * 1_024,
            json_depth: 32,
            string_bytes: 16 * 1_024,
            callbacks: 32,
            head_time: Duration::from_secs(5),
            body_time: Duration::from_secs(10),
            request_time: Duration::from_secs(30),
            connections: 4_096,
            connection_time: minute * 10,
            drain_time: Duration::from_secs(30),
            username_chars: 256,
            password_chars: 1_024,
            goto_bytes: 2_000,
            auth_id_bytes: 8 * 1_024,
            inline_state_bytes: 4 * 1_024,
            state_bytes: 64 * 1_024,
            visits_per_turn: 1_000,
            visits_per_run: 10_000,
            inner_depth: 32,
            run_time: minute * 5,
            run_time_max: minute * 60,
            suspend_time_max: minute * 60 * 24,
            runs_per_realm: 200_000,
            runs_per_source: 200,
            journey_files: 10_000,
            journey_bytes: 1_024 * 1_024,
        }
    }
}

impl LimitSettings {
    /// The part of the bounds that the engine keeps.
    pub fn engine(&self) -> wayfare::Limits {
        let mut limits = wayfare::Limits::default();
        limits.visits_per_turn = self.visits_per_turn;
        limits.visits_per_run = self.visits_per_run;
        limits.inner_depth = self.inner_depth;
        limits.callbacks = u32::try_from(self.callbacks).unwrap_or(u32::MAX);
        limits.answer_bytes = self.string_bytes;
        limits.username_chars = self.username_chars;
        limits.password_chars = self.password_chars;
        limits.state_bytes = self.state_bytes;
        limits.run_time = self.run_time;
        limits.run_time_max = self.run_time_max;
        limits.suspend_time_max = self.suspend_time_max;
        limits
    }
}

/// Where data is kept, and how hard.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DataSettings {
    /// The data folder; made where it is missing.
    pub folder: PathBuf,
    /// What an acknowledged change survives.
    pub durability: Durability,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("./wayfare-data"),
            durability: Durability::Normal,
        }
    }
}

/// What an acknowledged change survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process.
    Normal,
    /// The loss of power.
    Power,
}

/// How passwords are hashed: argon2id.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HashSettings {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub time: u32,
    /// Lanes.
    pub lanes: u32,
    /// Threads that hash; as many as there are cores where 0.
    pub threads: usize,
    /// Logins that may wait for a thread before new ones are refused with 503.
    pub queue: usize,
}

impl Default for HashSettings {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1_024,
            time: 2,
            lanes: 1,
            threads: 0,
            queue: 100,
        }
    }
}

/// One realm.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RealmSettings {
    /// Short names by which a path or a query may call it.
    pub aliases: Vec<String>,
    /// Where its journeys are.
    pub journeys: Journeys,
    /// Its default journey.
    pub default: DefaultJourney,
    /// Who administers it: `user:NAME` or `group:NAME`.
    pub admins: Vec<String>,
    /// Parameters of its journeys.
    pub params: BTreeMap<Arc<str>, Parameter>,
    /// How many failures an account bears.
    pub lockout: Lockout,
    /// How mail goes.
    pub mail: MailSettings,
    /// How long sessions last.
    pub session: SessionSettings,
    /// Where success leads when neither the client nor a journey says.
    pub success_url: Option<String>,
    /// Where failure leads when neither the client nor a journey says.
    pub failure_url: Option<String>,
    /// Where clients may ask to be sent besides this server: `https://app.example.com:443/*`.
    pub goto: Vec<String>,
    /// Whether the user `demo` with the password `Ch4ng31t` is made where the realm has no users yet.
    pub demo_user: bool,
    /// How long a run may take here, where neither journey nor node says otherwise.
    pub run_time: Option<Duration>,
}

/// Where the journeys of a realm are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Journeys {
    /// There are none.
    #[default]
    None,
    /// In the program itself.
    Demo,
    /// In these files and folders.
    Paths(Vec<PathBuf>),
}

/// Which journey a realm runs where none is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DefaultJourney {
    /// `Login`, else the only one, else none.
    #[default]
    Found,
    /// `Login`, else the only one, else the server does not start.
    Required,
    /// The one the wire calls so; the server does not start where there is none.
    Named(String),
}

/// The value of a parameter of journeys.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    /// This value.
    Value(Value),
    /// A secret in a file; an end of line at its end does not belong to it.
    SecretFile(PathBuf),
    /// A secret in a variable of the environment.
    SecretVariable(String),
}

/// How many failures an account bears, for each kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lockout {
    /// Failures within the window that lock the account for a while.
    pub failures: u32,
    /// The window.
    pub window: Duration,
    /// How long the first lock lasts; each further one lasts twice as long.
    pub lock_for: Duration,
    /// How long a lock lasts at most.
    pub lock_max: Duration,
    /// Failures without a success between them that lock the account for good.
    pub hard: u32,
}

impl Default for Lockout {
    fn default() -> Self {
        Self {
            failures: 5,
            window: Duration::from_secs(5 * 60),
            lock_for: Duration::from_secs(30),
            lock_max: Duration::from_secs(60 * 60),
            hard: 100,
        }
    }
}

/// How mail goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailSettings {
    /// The sender where a journey names none.
    pub from: Option<String>,
}

/// How long sessions last where neither journey nor node says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionSettings {
    /// As a whole.
    pub time_max: Duration,
    /// Without being used.
    pub idle_max: Duration,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            time_max: Duration::from_secs(120 * 60),
            idle_max: Duration::from_secs(30 * 60),
        }
    }
}
