//! The token endpoint: grants, who a client says it is, and the reply.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json};
use wayfare::Secret;

use super::{Client, Code, Grant, OauthError, authorize, fresh, one};
use crate::{
    am::{reply::Reply, request::Parts},
    query::{Plus, Query, decode},
};

/// How many bytes an id, a secret or a token may have.
const TEXT_BYTES_MAX: usize = 16 * 1_024;
/// What a client says its assertion is (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who a client says it is, and by what.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A public client: its id alone.
    None(String),
    /// By a secret.
    Secret {
        /// The id.
        id: String,
        /// The secret.
        secret: Secret<String>,
        /// Whether it stood in the header.
        basic: bool,
    },
    /// By a token that it has signed.
    Assertion {
        /// The id, where the form names it too.
        id: Option<String>,
        /// The token.
        token: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None(id) => f.debug_tuple("None").field(id).finish(),
            Self::Secret { id, .. } => f
                .debug_struct("Secret")
                .field("id", id)
                .finish_non_exhaustive(),
            Self::Assertion { id, .. } => f
                .debug_struct("Assertion")
                .field("id", id)
                .finish_non_exhaustive(),
        }
    }
}

/// No client may say who it is in more than one way (RFC 6749 §2.3).
pub fn credentials(parts: &Parts<'_>, form: &Query) -> Result<Credentials, OauthError> {
    let unknown = |basic| OauthError {
        basic,
        ..OauthError::new(Code::InvalidClient, "the client is not known by this")
    };
    let mut headers = parts.header("authorization");
    let header = headers.next();
    if headers.next().is_some() {
        return Err(OauthError::invalid("there is more than one Authorization"));
    }
    let id = one(form, "client_id")?;
    let secret = one(form, "client_secret")?;
    let assertion = one(form, "client_assertion")?;
    let ways = [header.is_some(), secret.is_some(), assertion.is_some()];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        return Err(OauthError::invalid(
            "the client says in more than one way who it is",
        ));
    }
    if let Some(header) = header {
        let (named, secret) = basic(header).ok_or_else(|| unknown(true))?;
        if id.is_some_and(|id| id != named) {
            return Err(OauthError::invalid(
                "client_id is another one than in the header",
            ));
        }
        return Ok(Credentials::Secret {
            id: named,
            secret,
            basic: true,
        });
    }
    if let Some(token) = assertion {
        if one(form, "client_assertion_type")? != Some(JWT_BEARER) {
            return Err(OauthError::invalid("client_assertion_type is not known"));
        }
        return Ok(Credentials::Assertion {
            id: id.map(str::to_owned),
            token: token.to_owned(),
        });
    }
    let id = id.ok_or_else(|| unknown(false))?.to_owned();
    Ok(match secret {
        Some(secret) => Credentials::Secret {
            id,
            secret: Secret::from(secret),
            basic: false,
        },
        None => Credentials::None(id),
    })
}

/// RFC 6749 §2.3.1: both are encoded as in forms before they are put together.
fn basic(header: &str) -> Option<(String, Secret<String>)> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || rest.len() > TEXT_BYTES_MAX {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |text: &str| decode(text, Plus::Blank).map(std::borrow::Cow::into_owned);
    Some((plain(id)?, Secret::new(plain(secret)?)))
}

/// What a client wants for what.
#[derive(Clone, PartialEq, Eq)]
pub enum Asked {
    /// Tokens for a code.
    Code {
        /// The code.
        code: Secret<String>,
        /// The address that the code was sent to, where the exchange names it.
        redirect_uri: Option<String>,
        /// What the challenge was made of.
        verifier: Option<Secret<String>>,
    },
    /// Tokens for a refresh token.
    Refresh {
        /// The refresh token.
        token: Secret<String>,
        /// Less than before; all of it where absent.
        scope: Option<Vec<String>>,
    },
    /// A token of the client's own.
    Own {
        /// What for.
        scope: Vec<String>,
    },
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code { .. } => "Code",
            Self::Refresh { .. } => "Refresh",
            Self::Own { .. } => "Own",
        })
    }
}

impl Asked {
    /// Reads the request of a client that is known to be who it says.
    ///
    /// # Errors
    /// Something is missing, or the client may not ask for it.
    pub fn read(form: &Query, client: &Client) -> Result<Self, OauthError> {
        let word =
            one(form, "grant_type")?.ok_or_else(|| OauthError::invalid("grant_type is missing"))?;
        let grant = Grant::ALL.into_iter().find(|grant| grant.word() == word);
        let grant = grant.ok_or_else(|| {
            OauthError::new(Code::UnsupportedGrantType, "grant_type is not known")
        })?;
        if !client.grants.contains(&grant) {
            return Err(OauthError::new(
                Code::UnauthorizedClient,
                "the client may not use this grant_type",
            ));
        }
        authorize::untargeted(form)?;
        let needed = |name: &'static str| {
            let value = one(form, name)?.filter(|value| value.len() <= TEXT_BYTES_MAX);
            value.map(Secret::from).ok_or_else(|| {
                OauthError::new(
                    Code::InvalidRequest,
                    format!("{name} is missing or too long"),
                )
            })
        };
        Ok(match grant {
            Grant::AuthorizationCode => Self::Code {
                code: needed("code")?,
                redirect_uri: one(form, "redirect_uri")?.map(str::to_owned),
                verifier: one(form, "code_verifier")?.map(Secret::from),
            },
            Grant::RefreshToken => Self::Refresh {
                token: needed("refresh_token")?,
                scope: match one(form, "scope")? {
                    None => None,
                    asked => Some(authorize::scope(asked, client)?),
                },
            },
            Grant::ClientCredentials => {
                let scope = authorize::scope(one(form, "scope")?, client)?;
                if scope.iter().any(|scope| scope == "openid") {
                    return Err(OauthError::new(
                        Code::InvalidScope,
                        "openid is about a user, and there is none",
                    ));
                }
                Self::Own { scope }
            }
        })
    }
}

/// Tokens as a client gets them.
#[derive(Clone)]
pub struct Tokens {
    /// The access token.
    pub access: Secret<String>,
    /// How long it lasts, in seconds.
    pub expires_in: u64,
    /// The refresh token.
    pub refresh: Option<Secret<String>>,
    /// The ID token.
    pub id_token: Option<Secret<String>>,
    /// What they are for.
    pub scope: Vec<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("scope", &self.scope)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl Tokens {
    /// The reply (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
    pub fn reply(&self) -> Reply {
        let mut body = Map::new();
        let mut put = |name: &str, value: &str| {
            body.insert(name.to_owned(), Json::from(value));
        };
        put("access_token", self.access.reveal());
        if let Some(refresh) = &self.refresh {
            put("refresh_token", refresh.reveal());
        }
        // RFC 6749 §3.3: a scope has a word at least.
        if !self.scope.is_empty() {
            put("scope", &self.scope.join(" "));
        }
        if let Some(token) = &self.id_token {
            put("id_token", token.reveal());
        }
        put("token_type", "Bearer");
        body.insert("expires_in".to_owned(), Json::from(self.expires_in));
        let mut reply = fresh(200).header("content-type", "application/json");
        reply.body = Json::Object(body).to_string().into_bytes();
        reply
    }
}

/// Which token a client means, at introspection and revocation (RFC 7662 §2.1, RFC 7009 §2.1).
#[derive(Clone)]
pub struct Meant {
    /// The token.
    pub token: Secret<String>,
    /// Whether it is a refresh token, by what the client says; nothing hangs on it.
    pub refresh_first: bool,
}

impl fmt::Debug for Meant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meant").finish_non_exhaustive()
    }
}

impl Meant {
    /// Reads it. A hint that is not known is no mistake (RFC 7009 §2.1).
    ///
    /// # Errors
    /// There is no token.
    pub fn read(form: &Query) -> Result<Self, OauthError> {
        let token = one(form, "token")?.ok_or_else(|| OauthError::invalid("token is missing"))?;
        Ok(Self {
            token: Secret::from(token),
            refresh_first: one(form, "token_type_hint")? == Some("refresh_token"),
        })
    }
}
