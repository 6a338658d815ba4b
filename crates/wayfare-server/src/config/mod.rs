//! What the server is told: one TOML file, or the demo.
//!
//! In: the text of the file. Out: a [`Config`] in which every value is checked, or every mistake of the
//! file at once, each with its line. Journeys say what happens and are text of their own; this says where
//! they live: realms, limits, the data folder. Secrets are never written here, only named: a file or a
//! variable of the environment.

mod autoid;
mod binding;
mod capture;
mod external;
mod ldap;
mod limits;
mod mail;
mod named;
mod oauth;
mod provider;
mod read;
mod read_realm;
mod realm;
mod scripts;
mod secret;
mod server;
mod social;
mod table;
mod value;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use wayfare::Realm;

pub use self::autoid::AutoidSettings;
pub use self::binding::BindingSettings;
pub use self::capture::{CaptureClient, CaptureJourneys, CaptureSettings};
pub use self::external::ExternalSettings;
pub(crate) use self::external::is_loopback as external_is_loopback;
pub use self::ldap::{
    AllowedDirectory, ClientCertificate, DirectorySettings, LdapStoreSettings, StatusSettings,
};
pub use self::limits::LimitSettings;
pub use self::oauth::{Acr, OauthClient, OauthSettings, OauthTimes};
pub use self::provider::ProviderSettings;
pub(crate) use self::read_realm::above;
pub use self::realm::{
    DefaultJourney, IdentitySettings, Journeys, Lockout, MailSecurity, MailServer, MailSettings,
    MailTemplate, Parameter, QuotaExceeded, RealmSettings, SessionSettings, UserSettings,
};
pub use self::scripts::ScriptSettings;
pub use self::secret::{SecretError, SecretSource};
pub use self::server::{
    ApiVersion, ExistingToken, LogLevel, NoSessionMessage, SameSite, ServerSettings,
};
pub use self::social::{AuthInfoService, SocialSettings};
pub(crate) use self::table::nearest;
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
    /// The realms by path; the top realm is always there, and so is every realm that another lies in.
    pub realms: BTreeMap<Realm, RealmSettings>,
    /// Who may open transactions by the backchannel.
    pub backchannel: Vec<BackchannelSettings>,
    /// Transactions.
    pub transactions: TransactionSettings,
    /// Records of runs, where they are wanted.
    pub traces: Option<TraceSettings>,
    /// The handlers of nodes outside, by the name of their type in text.
    pub external: BTreeMap<String, ExternalSettings>,
    /// What scripts may do outside.
    pub scripts: ScriptSettings,
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
            backchannel: Vec::new(),
            transactions: TransactionSettings::default(),
            traces: None,
            external: BTreeMap::new(),
            scripts: ScriptSettings::default(),
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
            capture: Some(CaptureSettings::demo()),
            autoid: Some(AutoidSettings::default()),
            oauth: Some(OauthSettings::demo()),
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
        // What it runs went with the journeys of the demo.
        realm.capture = None;
        self
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

/// Which runs are recorded, and where.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TraceSettings {
    /// The folder; made where it is missing.
    pub folder: PathBuf,
    /// How many records are kept; the oldest are taken away.
    pub files: usize,
    /// How many bytes of records are kept.
    pub bytes: u64,
    /// Whether names and addresses are others in the records.
    pub names_hidden: bool,
    /// The realms whose runs are recorded; none: all.
    pub realms: Vec<Realm>,
    /// The journeys whose runs are recorded, as they are started; none: all.
    pub journeys: Vec<String>,
}

impl TraceSettings {
    /// Records of all runs in this folder, with other names than those of people.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            files: 1_000,
            bytes: 64 << 20,
            names_hidden: true,
            realms: Vec::new(),
            journeys: Vec::new(),
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
    /// How long a login may be expected to wait for a thread, by what hashes took of late, before it is
    /// refused with 503 too: a queue of one length is short on one machine and long on another.
    pub queue_time: Duration,
}

impl Default for HashSettings {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1_024,
            time: 2,
            lanes: 1,
            threads: 0,
            queue: 100,
            queue_time: Duration::from_secs(3),
        }
    }
}

/// A caller of the backchannel: whoever sends this bearer token, in these realms.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackchannelSettings {
    /// Where the token is.
    pub token: SecretSource,
    /// The realms in which it is good; a realm below one of them is not among them.
    pub realms: Vec<Realm>,
}

impl BackchannelSettings {
    /// A caller with this token, in these realms.
    pub fn new(token: SecretSource, realms: Vec<Realm>) -> Self {
        Self { token, realms }
    }
}

/// Transactions: what a policy or the backchannel asks a user to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionSettings {
    /// How long one may be confirmed and then used.
    pub time_max: Duration,
}

impl Default for TransactionSettings {
    fn default() -> Self {
        Self {
            time_max: Duration::from_secs(10 * 60),
        }
    }
}
