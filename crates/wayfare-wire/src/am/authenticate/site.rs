//! What an embedder knows: realms, programs, keys, settings.

use std::sync::Arc;

use wayfare::{
    AuthLevel, AuthSession, Engine, EngineError, Host, Input, Journeys, Realm, Request, Start, Step,
};

use crate::{
    am::{
        auth_id,
        authenticate::token::{Epoch, ProgramHash},
        callbacks,
        cookie::Cookies,
        goto::{self, Allowed, Origin},
        realm::Realms,
        version::Unversioned,
    },
    json::Bounds,
    seal::RealmKeys,
};

/// What an embedder knows of its realms; every question is answered from memory.
pub trait Site: Realms + Sync {
    /// The settings of a realm.
    fn settings(&self, realm: &Realm) -> Arc<Settings>;

    /// The keys of a realm.
    fn keys(&self, realm: &Realm) -> Option<Arc<RealmKeys>>;

    /// The program that new runs of a realm begin with.
    fn engine(&self, realm: &Realm) -> Option<Engine>;

    /// A program with a journey of this hash, where the realm has one or had one lately: a run ends on
    /// the journey it began with.
    fn engine_of(&self, realm: &Realm, program: &ProgramHash) -> Option<Engine>;

    /// The journey that a start without a name means.
    fn default_journey(&self, realm: &Realm) -> Option<Arc<str>>;

    /// The journey that stands for a module of this name; none unless an embedder says so.
    fn module(&self, _realm: &Realm, _name: &str) -> Option<Arc<str>> {
        None
    }

    /// The journey by which users of a role log in; none unless an embedder says so.
    fn role(&self, _realm: &Realm, _role: &str) -> Option<Arc<str>> {
        None
    }

    /// The name of the store of steps.
    fn epoch(&self) -> Epoch;

    /// Begins a run; whoever records runs does it here.
    ///
    /// # Errors
    /// As [`Engine::begin`].
    fn begin(
        &self,
        engine: &Engine,
        start: Start,
        host: &dyn Host,
    ) -> Result<AuthSession, EngineError> {
        engine.begin(start, host)
    }

    /// Takes a step of a run; whoever records runs does it here.
    ///
    /// # Errors
    /// As [`AuthSession::step`].
    fn step(
        &self,
        session: &mut AuthSession,
        host: &dyn Host,
        request: &Request,
        input: Input,
    ) -> Result<Step, EngineError> {
        session.step(host, request, input)
    }
}

/// A site as an advice is resolved against it.
pub(super) struct Places<'a>(pub(super) &'a dyn Site);

impl Journeys for Places<'_> {
    fn engine(&self, realm: &Realm) -> Option<Engine> {
        self.0.engine(realm)
    }

    fn default_journey(&self, realm: &Realm) -> Option<Arc<str>> {
        self.0.default_journey(realm)
    }

    fn scheme(&self, realm: &Realm, name: &str) -> Option<Arc<str>> {
        self.0.module(realm, name)
    }

    fn alias(&self, alias: &str) -> Option<Realm> {
        self.0.alias(alias)
    }

    fn at_least(&self, realm: &Realm, level: AuthLevel, max: usize) -> Vec<Arc<str>> {
        let engine = self.0.engine(realm);
        engine.map_or_else(Vec::new, |engine| engine.at_least(level, max))
    }

    fn reaches(&self, realm: &Realm, journey: &str, level: AuthLevel) -> bool {
        let engine = self.0.engine(realm);
        engine
            .and_then(|engine| engine.levels(journey))
            .is_some_and(|span| span.may_reach(level))
    }
}

/// Whether success without a session says `Authentication Successful`, as before version 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoSessionMessage {
    /// To clients that ask for version 2.0 or older, or for none.
    #[default]
    Auto,
    /// To everybody.
    Always,
    /// To nobody.
    Never,
}

/// What stands for the token where a session that came along is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExistingToken {
    /// Nothing where it came as a cookie, which scripts are not to read; else the token.
    #[default]
    Auto,
    /// The token.
    Same,
    /// Nothing.
    Empty,
}

/// How a realm speaks.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in docs/wire.md"
)]
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// How cookies are made.
    pub cookies: Cookies,
    /// Which version answers a request that names none.
    pub unversioned: Unversioned,
    /// Where success leads when neither the client nor the journey says.
    pub success_url: String,
    /// Where failure leads when neither the client nor the journey says.
    pub failure_url: Option<String>,
    /// Where a client may ask to be sent, besides this server.
    pub goto: Allowed,
    /// The origin of this server.
    pub origin: Option<Origin>,
    /// The page that a link for coming back opens.
    pub login_page: String,
    /// Whether success without a session says so in words.
    pub no_session_message: NoSessionMessage,
    /// What stands for the token where a session that came along is enough.
    pub existing_token: ExistingToken,
    /// Whether `goto` goes before the address that a journey set.
    pub goto_first: bool,
    /// Whether all that an advice asks for is meant: the highest level, and that also of journeys that it
    /// names; a session that has it all is then enough.
    pub strict_advice: bool,
    /// Whether a start may ask for a module.
    pub module_login: bool,
    /// Whether a first step that asks for name and password is answered from the headers of the start.
    pub zero_page: bool,
    /// Whether callbacks that come back are told by their ids and inputs, and those that hold nothing may
    /// be left out.
    pub lenient_callbacks: bool,
    /// Whether an inactive user is told so, as the product does.
    pub locked_message: bool,
    /// Whether a request must carry a header that other sites cannot send.
    pub cross_site_check: bool,
    /// What a body may hold at most.
    pub bounds: Bounds,
    /// The longest token that is read or made, in bytes; never more than [`auth_id::BYTES_MAX`].
    pub auth_id_bytes_max: usize,
    /// The longest address a client may ask to be sent to; never more than [`goto::CHARS_MAX`].
    pub goto_chars_max: usize,
    /// How many callbacks a body may hold; never more than [`callbacks::COUNT_MAX`].
    pub callbacks_max: usize,
    /// The longest sealed state that stands in a token; a longer one is kept in the store.
    pub sealed_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cookies: Cookies::default(),
            unversioned: Unversioned::default(),
            success_url: "/am/console".to_owned(),
            failure_url: None,
            goto: Allowed::default(),
            origin: None,
            login_page: "/".to_owned(),
            no_session_message: NoSessionMessage::Auto,
            existing_token: ExistingToken::Auto,
            goto_first: true,
            strict_advice: false,
            module_login: false,
            zero_page: true,
            lenient_callbacks: false,
            locked_message: false,
            cross_site_check: true,
            bounds: Bounds::default(),
            auth_id_bytes_max: auth_id::BYTES_MAX,
            goto_chars_max: goto::CHARS_MAX,
            callbacks_max: callbacks::COUNT_MAX,
            sealed_bytes_max: 4 * 1_024,
        }
    }
}
