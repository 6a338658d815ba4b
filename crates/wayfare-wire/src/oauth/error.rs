//! What goes wrong, in the words of the specifications.

use std::borrow::Cow;

use serde_json::json;

use crate::am::reply::Reply;

/// The code of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the word of its specification")]
pub enum Code {
    // RFC 6749 §4.1.2.1 and §5.2
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    AccessDenied,
    ServerError,
    TemporarilyUnavailable,
    // RFC 6750 §3.1
    InvalidToken,
    InsufficientScope,
    // OpenID Connect Core §3.1.2.6
    LoginRequired,
    ConsentRequired,
    InteractionRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    RegistrationNotSupported,
    // OpenID Connect Core, Unmet Authentication Requirements
    UnmetAuthenticationRequirements,
    // RFC 8707 §2
    InvalidTarget,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::InvalidScope,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::UnsupportedResponseType,
        Self::AccessDenied,
        Self::ServerError,
        Self::TemporarilyUnavailable,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::LoginRequired,
        Self::ConsentRequired,
        Self::InteractionRequired,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::RegistrationNotSupported,
        Self::UnmetAuthenticationRequirements,
        Self::InvalidTarget,
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::InvalidTarget => "invalid_target",
        }
    }

    /// The status, where the error is not sent back by the browser.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidClient | Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }
}

/// An error with what helps whoever writes the client; never a word of what was kept or compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.word())]
pub struct OauthError {
    /// The code.
    pub code: Code,
    /// The description, of the characters that RFC 6749 allows.
    pub description: Cow<'static, str>,
    /// Whether the client tried to authenticate by the header of HTTP (RFC 6749 §5.2).
    pub basic: bool,
}

impl OauthError {
    /// An error.
    pub fn new(code: Code, description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        let allowed = |c: char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
        let description = if description.chars().all(allowed) {
            description
        } else {
            let only = |c: char| if allowed(c) { c } else { '.' };
            description.chars().map(only).collect::<String>().into()
        };
        Self {
            code,
            description,
            basic: false,
        }
    }

    /// `invalid_request`
    pub fn invalid(description: &'static str) -> Self {
        Self::new(Code::InvalidRequest, description)
    }

    /// The reply to a client (RFC 6749 §5.2).
    pub fn reply(&self) -> Reply {
        self.reply_as(self.code.status())
    }

    /// The same with a status that says more than the code.
    pub fn reply_as(&self, status: u16) -> Reply {
        let body = json!({
            "error": self.code.word(),
            "error_description": &*self.description,
        });
        let reply = super::json(status, &body);
        if self.basic && self.code == Code::InvalidClient {
            reply.header(
                "www-authenticate",
                "Basic realm=\"oauth2\", charset=\"UTF-8\"",
            )
        } else {
            reply
        }
    }
}
