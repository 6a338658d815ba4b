//! The settings of a realm.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use serde_json::Value as Json;
pub use wayfare::engine::lockout::Lockout;
use wayfare::{LocalizedText, Realm, Value};

use super::{
    AllowedDirectory, AutoidSettings, BindingSettings, CaptureSettings, ClientCertificate,
    DirectorySettings, LdapStoreSettings, OauthSettings, ProviderSettings, SecretSource,
    SocialSettings,
};

/// One realm.
///
/// A realm may name another as its `parent` and then takes over what it does not write itself; what is
/// taken over and what never is stands at each field. Taking over happens while the file is read.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a line of the file that is yes or no"
)]
pub struct RealmSettings {
    /// The realm whose settings it took over where it has none of its own.
    pub parent: Option<Realm>,
    /// Short names by which a path or a query may call it, and, where there is a dot in them, host names.
    /// Never taken over.
    pub aliases: Vec<String>,
    /// Where its journeys are. What names journeys goes with them: a realm with journeys of its own takes
    /// over neither `default` nor `modules` nor `roles`.
    pub journeys: Journeys,
    /// Files and folders with guards that its journeys must meet besides those beside them; those of the
    /// parent are always taken over, too.
    pub guards: Vec<PathBuf>,
    /// Its default journey; taken over with the journeys only.
    pub default: DefaultJourney,
    /// Who administers it and the realms below it: `user:NAME` or `group:NAME` of this realm. Never taken
    /// over.
    pub admins: Vec<String>,
    /// Parameters of its journeys; taken over one by one.
    pub params: BTreeMap<Arc<str>, Parameter>,
    /// Which of the parameters were taken over; that no file declares them is no mistake.
    pub params_taken: BTreeSet<Arc<str>>,
    /// How many failures an account bears; taken over one by one.
    pub lockout: Lockout,
    /// How mail goes; taken over.
    pub mail: MailSettings,
    /// How long sessions last, how many there may be, and what clients may keep in them; taken over one
    /// by one.
    pub session: SessionSettings,
    /// Where success leads when neither the client nor a journey says; taken over.
    pub success_url: Option<String>,
    /// Where failure leads when neither the client nor a journey says; taken over.
    pub failure_url: Option<String>,
    /// Where clients may ask to be sent besides this server: `https://app.example.com:443/*`; taken over
    /// as a whole.
    pub goto: Vec<String>,
    /// Whether the user `demo` with the password `Ch4ng31t` is made where the realm has no users yet.
    /// Never taken over.
    pub demo_user: bool,
    /// Whether journeys are served of which something is missing: a node type that nobody answers for, a
    /// script, the value of a secret parameter. A run that comes there fails. Never taken over.
    pub incomplete: bool,
    /// How long a run may take here, where neither journey nor node says otherwise; taken over.
    pub run_time: Option<Duration>,
    /// Whether `authIndexType=module` starts the journeys of `modules`; taken over.
    pub module_login: bool,
    /// Which journey stands for a module; taken over one by one, with the journeys only.
    pub modules: BTreeMap<String, String>,
    /// Which journey stands for a role; taken over one by one, with the journeys only.
    pub roles: BTreeMap<String, String>,
    /// Which journeys the operations of wires without pages run, by what they bind; taken over one by one,
    /// with the journeys only.
    pub bindings: BTreeMap<String, BindingSettings>,
    /// How the interface of Autonomous Identity is served; without it, it is not. Never taken over.
    pub autoid: Option<AutoidSettings>,
    /// The attribute of a user that names the journey for `authIndexType=user`; taken over.
    pub user_journey_attribute: String,
    /// Whether name and password in headers answer a first step that asks for nothing else; taken over.
    pub zero_page: bool,
    /// What users may hold, and the documents that are shown to them; taken over one by one.
    pub identities: IdentitySettings,
    /// The systems that `PassthroughAuthentication` asks, by name; taken over one by one.
    pub systems: BTreeMap<String, DirectorySettings>,
    /// The directories that `LdapDecision` and `ADDecision` may call, by host and port; taken over one by
    /// one.
    pub directories: BTreeMap<(String, u16), AllowedDirectory>,
    /// The keys that `JwtPasswordReplay` may encrypt with, by the labels of the product; taken over one by
    /// one.
    pub replay_keys: BTreeMap<String, SecretSource>,
    /// The certificates that `LdapDecision` and `ADDecision` may have shown to directories, by the labels of
    /// the product; taken over one by one.
    pub client_certificates: BTreeMap<String, ClientCertificate>,
    /// The files of keys that `AmsterJwtDecision` may believe, by what its setting says; taken over one by
    /// one.
    pub authorized_keys: BTreeMap<String, PathBuf>,
    /// The identity providers elsewhere that its users may log in at, by name; taken over one by one.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Capture, where it is served. Never taken over.
    pub capture: Option<CaptureSettings>,
    /// Whom social tokens are made for; never taken over.
    pub social: Option<SocialSettings>,
    /// Users to be made at the start where they are not there, by name. Never taken over.
    pub users: BTreeMap<String, UserSettings>,
    /// The provider of OAuth 2.0 and OpenID Connect; there is none where it is absent. Never taken over.
    pub oauth: Option<OauthSettings>,
}

impl Default for RealmSettings {
    fn default() -> Self {
        Self {
            parent: None,
            aliases: Vec::new(),
            journeys: Journeys::None,
            guards: Vec::new(),
            default: DefaultJourney::Found,
            admins: Vec::new(),
            params: BTreeMap::new(),
            params_taken: BTreeSet::new(),
            lockout: Lockout::default(),
            mail: MailSettings::default(),
            session: SessionSettings::default(),
            success_url: None,
            failure_url: None,
            goto: Vec::new(),
            demo_user: false,
            incomplete: false,
            run_time: None,
            module_login: false,
            modules: BTreeMap::new(),
            bindings: BTreeMap::new(),
            autoid: None,
            roles: BTreeMap::new(),
            user_journey_attribute: "journey".to_owned(),
            zero_page: true,
            identities: IdentitySettings::default(),
            systems: BTreeMap::new(),
            directories: BTreeMap::new(),
            replay_keys: BTreeMap::new(),
            client_certificates: BTreeMap::new(),
            authorized_keys: BTreeMap::new(),
            providers: BTreeMap::new(),
            capture: None,
            social: None,
            users: BTreeMap::new(),
            oauth: None,
        }
    }
}

impl RealmSettings {
    /// What a realm with this parent begins with.
    pub(super) fn below(parent: &Realm, settings: &Self) -> Self {
        Self {
            parent: Some(parent.clone()),
            params_taken: settings.params.keys().cloned().collect(),
            aliases: Vec::new(),
            admins: Vec::new(),
            demo_user: false,
            incomplete: false,
            capture: None,
            autoid: None,
            users: BTreeMap::new(),
            social: None,
            oauth: None,
            ..settings.clone()
        }
    }
}

/// What users of a realm may hold, and the documents that are shown to them: files of JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentitySettings {
    /// The schema of users; without one, that of the field's default users.
    pub schema: Option<PathBuf>,
    /// The terms in force: `{"version", "createDate", "text": {"en": "…"}}`.
    pub terms: Option<PathBuf>,
    /// Security questions: `{"questions": {"1": {"en": "…"}}, "minimumAnswersToDefine",
    /// "minimumAnswersToVerify"}`.
    pub questions: Option<PathBuf>,
    /// Mappings that need consent: a list of `{"name", "displayName", "icon", "accessLevel", "required",
    /// "fields"}`.
    pub consent: Option<PathBuf>,
    /// The directory that users are in; without one, they are in the server's own database.
    pub ldap: Option<LdapStoreSettings>,
}

/// A user to be made at the start where there is none of this name; one that is there is never changed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UserSettings {
    /// Where the password is; without one no password lets the user in.
    pub password: Option<SecretSource>,
    /// The groups; they are kept as the attribute `groups`.
    pub groups: Vec<String>,
    /// Further attributes.
    pub attributes: BTreeMap<String, Json>,
    /// Whether the account is active.
    pub active: bool,
    /// Whether it is the account of an agent, for `AgentDataStoreDecision`.
    pub agent: bool,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            password: None,
            groups: Vec::new(),
            attributes: BTreeMap::new(),
            active: true,
            agent: false,
        }
    }
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

/// How mail goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailSettings {
    /// The sender where a journey names none.
    pub from: Option<String>,
    /// The mail server; without one, mail is kept in the outbox of the data folder.
    pub server: Option<MailServer>,
    /// The gateway from mail to text message of those whose carrier is not known.
    pub sms_gateway: Option<String>,
    /// Templates by name, before those that are built in.
    pub templates: BTreeMap<String, MailTemplate>,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the line to it is protected.
    pub security: MailSecurity,
    /// Who sends, and where the password is.
    pub account: Option<(String, SecretSource)>,
    /// A certificate to trust instead of those that everybody trusts.
    pub ca: Option<PathBuf>,
    /// How long one message may take.
    pub timeout: Duration,
}

/// How the line to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS from the first byte.
    Tls,
    /// TLS before anything is said.
    StartTls,
    /// Not at all; to the same machine only.
    None,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailTemplate {
    /// The sender, where it is another than the realm's.
    pub from: Option<String>,
    /// Whether the text is HTML.
    pub html: bool,
    /// The subject line.
    pub subject: LocalizedText,
    /// The text.
    pub message: LocalizedText,
}

/// Sessions of a realm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionSettings {
    /// How long one lasts where neither the user nor the journey nor a node says otherwise.
    pub time_max: Duration,
    /// How long one lasts without being used, likewise.
    pub idle_max: Duration,
    /// The attribute of a user that says how many minutes a session lasts.
    pub time_max_attribute: Option<String>,
    /// The attribute of a user that says how many minutes a session lasts without being used.
    pub idle_max_attribute: Option<String>,
    /// How many sessions a user may have at once; 0: any number.
    pub quota: u32,
    /// What happens at a login beyond that.
    pub quota_exceeded: QuotaExceeded,
    /// The properties that clients may read, and set unless they are the system's.
    pub properties: Vec<String>,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            time_max: Duration::from_secs(120 * 60),
            idle_max: Duration::from_secs(30 * 60),
            time_max_attribute: None,
            idle_max_attribute: None,
            quota: 0,
            quota_exceeded: QuotaExceeded::Deny,
            properties: vec!["AuthLevel".to_owned()],
        }
    }
}

/// What happens at a login of a user who has as many sessions as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaExceeded {
    /// The login fails.
    Deny,
    /// The session that was made first ends.
    EndOldest,
    /// The session that would end first ends now.
    EndNextExpiring,
}
