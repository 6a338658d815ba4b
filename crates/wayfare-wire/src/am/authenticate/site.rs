//! What an embedder knows: realms, programs, keys, settings.

use std::sync::Arc;

use wayfare::{Realm, engine::session::Engine};

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

    /// The name of the store of steps.
    fn epoch(&self) -> Epoch;
}

/// How a realm speaks.
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
    /// Whether success without a session says `Authentication Successful`, as before version 8.
    pub no_session_message: bool,
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
            no_session_message: false,
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
