//! What nodes hand out beside the answers of a run: cookies, and what is counted and timed.
//!
//! What is handed out at once leaves with the reply of the step; what a success brings stands in the
//! [`Success`](crate::Success). How a cookie is spelled and sealed, and where counts are kept, is the
//! embedder's.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use crate::{engine::host::Timestamp, secret::Secret};

/// What a node hands out at once, whatever becomes of the run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// A cookie for the reply to the request at hand.
    Cookie(SetCookie),
    /// Something to count or to time.
    Measure(Measure),
}

/// How a cookie may travel across sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieSite {
    /// Only within the site.
    Strict,
    /// Also when someone follows a link.
    Lax,
    /// Always; clients accept it on secure cookies only.
    None,
}

/// How a cookie may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieUse {
    /// Whether it travels over secure connections only.
    pub secure: bool,
    /// Whether scripts of a page may not read it.
    pub http_only: bool,
    /// How it travels across sites.
    pub site: CookieSite,
}

/// A cookie that a journey sets.
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookie {
    /// The name.
    pub name: Arc<str>,
    /// The value.
    pub value: Arc<str>,
    /// How long the client keeps it; until the browser is closed where absent.
    pub max_age: Option<Duration>,
    /// The domain; the host alone where absent.
    pub domain: Option<Arc<str>>,
    /// The path; `/` where absent.
    pub path: Option<Arc<str>>,
    /// How it may be used.
    pub usage: CookieUse,
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookie")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Something that a journey counts or times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// What the journey calls it.
    pub key: Arc<str>,
    /// How long it took; `None` where it is only counted.
    pub took: Option<Duration>,
}

/// A persistent cookie to set once the run has made a session.
///
/// The embedder seals the subject of the success into it, bound to the realm, to the name and to the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Remember {
    /// The name of the cookie.
    pub name: Arc<str>,
    /// A key of the journey's own: what was sealed with another is refused.
    pub key: Option<Secret<String>>,
    /// How long it may go unused.
    pub idle: Duration,
    /// Until when it may be used at all.
    pub until: Timestamp,
    /// How it may be used.
    pub usage: CookieUse,
}

impl fmt::Debug for Remember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remember")
            .field("name", &self.name)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Open a persistent cookie that came with the request. The reply is `Remembered`.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenCookie {
    /// The name of the cookie.
    pub name: Arc<str>,
    /// What came.
    pub value: Secret<String>,
    /// The key of the journey's own.
    pub key: Option<Secret<String>>,
    /// The address that it must have been set at; any where absent.
    pub client: Option<IpAddr>,
}

impl fmt::Debug for OpenCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenCookie")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
