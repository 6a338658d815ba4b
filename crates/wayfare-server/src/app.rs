//! The parts of a running server, held together; what the wire asks of a site is answered here.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{AuthSession, Engine, EngineError, Input, Realm, Request, Start, Step};
use wayfare_wire::{
    am::{
        authenticate::{Epoch, ExistingToken, NoSessionMessage, ProgramHash, Settings, Site},
        cookie::{Cookies, SameSite},
        goto::{Allowed, Origin},
        realm::{Host, Realms},
        version::Unversioned,
    },
    json::Bounds,
    seal::RealmKeys,
};

use crate::{
    access::Caller,
    audit::{Event, Log},
    autoid,
    capture::Capture,
    clock::Clock,
    config::{self, ApiVersion, Config, RealmSettings, SameSite as ConfiguredSameSite},
    devices::Devices,
    identities::{Documents, Identities},
    metrics::Metrics,
    oauth::Provider,
    perform::Performer,
    programs::Programs,
    runs::OpenRuns,
    signing::SigningKeys,
    store::Store,
    traces::Traces,
};

/// Everything a request may need.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) realms: BTreeMap<Realm, RealmState>,
    pub(crate) aliases: BTreeMap<String, Realm>,
    pub(crate) callers: Vec<Caller>,
    pub(crate) performer: Performer,
    pub(crate) runs: OpenRuns,
    /// What Autonomous Identity keeps in memory.
    pub(crate) autoid: autoid::Desk,
    pub(crate) metrics: Metrics,
    /// The records of runs, where they are wanted.
    pub(crate) traces: Option<Traces>,
    pub(crate) log: Arc<Log>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cookies: Cookies,
    pub(crate) unversioned: Unversioned,
    /// Where clients find the server.
    pub(crate) origin: String,
}

/// A realm as it is served.
#[derive(Debug)]
pub(crate) struct RealmState {
    pub(crate) realm: Realm,
    pub(crate) settings: RealmSettings,
    pub(crate) identities: Arc<dyn Identities>,
    pub(crate) documents: Documents,
    pub(crate) devices: Devices,
    pub(crate) keys: Arc<RealmKeys>,
    pub(crate) oauth: Option<Provider>,
    /// What signs the tokens of Autonomous Identity.
    pub(crate) autoid_keys: Option<Arc<SigningKeys>>,
    pub(crate) programs: Programs,
    pub(crate) wire: Arc<Settings>,
    pub(crate) capture: Option<Capture>,
}

impl App {
    pub(crate) fn store(&self) -> &Store {
        &self.performer.store
    }

    pub(crate) fn audit(&self, event: &Event<'_>) {
        self.log.audit(self.clock.now(), event);
    }

    /// Where success leads where nothing else is said.
    pub(crate) fn success_url(&self) -> String {
        format!("{}/console", self.config.server.base_path)
    }
}

/// How a realm speaks.
pub(crate) fn wire_settings(config: &Config, realm: &RealmSettings, origin: &str) -> Settings {
    let limits = &config.limits;
    let mut settings = Settings::default();
    settings.cookies = cookies(config);
    settings.unversioned = unversioned(config);
    settings.success_url = realm
        .success_url
        .clone()
        .unwrap_or_else(|| format!("{}/console", config.server.base_path));
    settings.failure_url.clone_from(&realm.failure_url);
    // The patterns were read when the configuration was.
    settings.goto = Allowed::new(&realm.goto).unwrap_or_default();
    settings.origin = Origin::parse(origin);
    // Whoever reads a mail is not at this server: the link must say where it is.
    settings.login_page = format!("{}/", origin.trim_end_matches('/'));
    settings.locked_message = config.server.am_locked_message;
    settings.no_session_message = match config.server.no_session_message {
        config::NoSessionMessage::Auto => NoSessionMessage::Auto,
        config::NoSessionMessage::Always => NoSessionMessage::Always,
        config::NoSessionMessage::Never => NoSessionMessage::Never,
    };
    settings.existing_token = match config.server.existing_token {
        config::ExistingToken::Auto => ExistingToken::Auto,
        config::ExistingToken::Same => ExistingToken::Same,
        config::ExistingToken::Empty => ExistingToken::Empty,
    };
    settings.goto_first = config.server.goto_first;
    settings.strict_advice = config.server.strict_advice;
    settings.lenient_callbacks = config.server.lenient_callbacks;
    settings.module_login = realm.module_login;
    settings.zero_page = realm.zero_page;
    settings.cross_site_check = config.server.csrf_header;
    settings.bounds = Bounds {
        bytes: limits.body_bytes,
        depth: u32::try_from(limits.json_depth).unwrap_or(u32::MAX),
        string_bytes: limits.string_bytes,
        ..Bounds::default()
    };
    settings.auth_id_bytes_max = limits.auth_id_bytes;
    settings.goto_chars_max = limits.goto_bytes;
    settings.callbacks_max = limits.callbacks;
    settings.sealed_bytes_max = limits.inline_state_bytes;
    settings
}

/// The cookies that the settings describe.
pub(crate) fn cookies(config: &Config) -> Cookies {
    let cookies = Cookies {
        session: config.server.cookie(),
        domains: config.server.cookie_domains.clone(),
        secure: config.server.cookie_secure,
        same_site: Some(match config.server.cookie_same_site {
            ConfiguredSameSite::Lax => SameSite::Lax,
            ConfiguredSameSite::Strict => SameSite::Strict,
            ConfiguredSameSite::None => SameSite::None,
        }),
    };
    if config.server.cookie_host_prefix {
        cookies.hardened()
    } else {
        cookies
    }
}

/// Which version answers a request that names none.
pub(crate) fn unversioned(config: &Config) -> Unversioned {
    match config.server.api_version {
        ApiVersion::Latest => Unversioned::Latest,
        ApiVersion::Oldest => Unversioned::Oldest,
        ApiVersion::Refuse => Unversioned::Refused,
    }
}

impl Realms for App {
    fn exists(&self, realm: &Realm) -> bool {
        self.realms.contains_key(realm)
    }

    fn find(&self, path: &str) -> Option<Realm> {
        let (realm, _) = self.realms.get_key_value(path)?;
        Some(realm.clone())
    }

    fn alias(&self, alias: &str) -> Option<Realm> {
        self.aliases.get(alias).cloned()
    }

    fn host(&self, host: &str) -> Host {
        let Some(name) = host_name(host) else {
            return Host::Refused;
        };
        let known = &self.config.server.hosts;
        match self.aliases.get(&name).filter(|_| name.contains('.')) {
            Some(realm) => Host::Bound(realm.clone()),
            None if known.is_empty() || known.contains(&name) => Host::Unbound,
            None => Host::Refused,
        }
    }
}

/// A `Host` header without its port, in small letters; `None` where it is none.
fn host_name(host: &str) -> Option<String> {
    let name = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let port_fits = port.is_empty() || port.starts_with(':');
            return (port_fits && address.parse::<std::net::Ipv6Addr>().is_ok())
                .then(|| address.to_ascii_lowercase());
        }
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (!name.is_empty() && name.bytes().all(fits)).then(|| name.to_ascii_lowercase())
}

/// Whether a `Host` header names this machine as only this machine does.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host_name(host).is_some_and(|name| {
        name == "localhost"
            || name
                .parse::<std::net::IpAddr>()
                .is_ok_and(|at| at.is_loopback())
    })
}

impl Site for App {
    fn settings(&self, realm: &Realm) -> Arc<Settings> {
        self.realms
            .get(realm)
            .map_or_else(Arc::default, |state| Arc::clone(&state.wire))
    }

    fn keys(&self, realm: &Realm) -> Option<Arc<RealmKeys>> {
        self.realms.get(realm).map(|state| Arc::clone(&state.keys))
    }

    fn engine(&self, realm: &Realm) -> Option<Engine> {
        self.realms.get(realm).map(|state| state.programs.current())
    }

    fn engine_of(&self, realm: &Realm, program: &ProgramHash) -> Option<Engine> {
        let state = self.realms.get(realm)?;
        state.programs.named(program, self.clock.now())
    }

    fn default_journey(&self, realm: &Realm) -> Option<Arc<str>> {
        self.realms.get(realm)?.programs.default()
    }

    fn module(&self, realm: &Realm, name: &str) -> Option<Arc<str>> {
        let journey = self.realms.get(realm)?.settings.modules.get(name)?;
        Some(Arc::from(&**journey))
    }

    fn role(&self, realm: &Realm, role: &str) -> Option<Arc<str>> {
        let journey = self.realms.get(realm)?.settings.roles.get(role)?;
        Some(Arc::from(&**journey))
    }

    fn epoch(&self) -> Epoch {
        self.store().epoch()
    }

    fn begin(
        &self,
        engine: &Engine,
        start: Start,
        host: &dyn wayfare::Host,
    ) -> Result<AuthSession, EngineError> {
        match &self.traces {
            Some(traces) => traces.begin(engine, start, host),
            None => engine.begin(start, host),
        }
    }

    fn step(
        &self,
        session: &mut AuthSession,
        host: &dyn wayfare::Host,
        request: &Request,
        input: Input,
    ) -> Result<Step, EngineError> {
        match &self.traces {
            Some(traces) => traces.step(session, host, request, input),
            None => session.step(host, request, input),
        }
    }
}
