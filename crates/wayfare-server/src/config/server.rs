//! The settings of the server as a whole.

use std::net::IpAddr;

/// Where and how to listen.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as the file has them"
)]
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
    /// The domains the cookie is set for; none: the host that was asked, and no other.
    pub cookie_domains: Vec<String>,
    /// Whether the cookie is called `__Host-NAME`: a browser then takes it over TLS only, for this host
    /// and for all its paths; there are no `cookie_domains` then.
    pub cookie_host_prefix: bool,
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
    /// The names by which a request that names no realm may call the server; none: any.
    pub hosts: Vec<String>,
    /// Whether a composite advice means all that it says: service and level together mean both, and of
    /// several levels the highest is asked for.
    pub strict_advice: bool,
    /// Whether `goto` wins over the URL that a journey set.
    pub goto_first: bool,
    /// Whether a success without a session says so in words.
    pub no_session_message: NoSessionMessage,
    /// What stands for the token where a session that was there already satisfies a request.
    pub existing_token: ExistingToken,
    /// Whether callbacks are matched by position and type alone where the product does so.
    pub lenient_callbacks: bool,
    /// Whether a log-out asks browsers to forget what they keep of this site.
    pub clear_site_data: bool,
    /// What is written to standard error; the audit goes to its file in any case.
    pub log: LogLevel,
}

impl ServerSettings {
    /// The name of the session cookie as browsers see it, and of the header that may carry the same.
    pub fn cookie(&self) -> String {
        if self.cookie_host_prefix {
            format!("__Host-{}", self.cookie_name)
        } else {
            self.cookie_name.clone()
        }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            origin: None,
            base_path: "/am".to_owned(),
            cookie_name: "iPlanetDirectoryPro".to_owned(),
            cookie_secure: false,
            cookie_domains: Vec::new(),
            cookie_host_prefix: false,
            cookie_same_site: SameSite::Lax,
            api_version: ApiVersion::Latest,
            am_locked_message: false,
            csrf_header: true,
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            strict_advice: false,
            goto_first: true,
            no_session_message: NoSessionMessage::Auto,
            existing_token: ExistingToken::Auto,
            lenient_callbacks: false,
            clear_site_data: true,
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

/// Whether a success without a session carries a `message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSessionMessage {
    /// For requests up to resource 2.0 and for those that name no version.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What `tokenId` is where a session that was there already satisfies a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingToken {
    /// Empty where the session came by cookie, the same token where it came otherwise.
    Auto,
    /// The same token.
    Same,
    /// Empty.
    Empty,
}
