//! How requests are refused: a status, one body, and what a status asks for in headers.
//!
//! What went wrong with a password or a token is never told: there is one refusal for either.

use std::borrow::Cow;

use crate::{
    am::reply::{Reply, reason},
    json::Writer,
};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Name and password do not log anybody in, whyever that is.
    #[error("Wrong username or password")]
    BadLogin,
    /// There is no token.
    #[error("A token is required")]
    NoToken,
    /// The token is not good, whyever that is.
    #[error("The token is not valid")]
    BadToken,
    /// The user may not do this.
    #[error("This is for administrators")]
    Forbidden,
    /// The request cannot be read.
    #[error("{0}")]
    Malformed(Cow<'static, str>),
    /// A value is not one that may be kept.
    #[error("{0}")]
    Unfit(String),
    /// There is nothing here, or nobody.
    #[error("{0}")]
    NotFound(&'static str),
    /// Somebody has it already.
    #[error("{0}")]
    Conflict(&'static str),
    /// The path does not take the method.
    #[error("This path takes {0}")]
    Method(&'static str),
    /// The body is too long.
    #[error("The body is too long")]
    TooLarge,
    /// The body is no JSON, by what its header says.
    #[error("The body must be application/json")]
    MediaType,
    /// Too many requests.
    #[error("Too many requests")]
    TooMany {
        /// After how many seconds to try again.
        retry_after: u64,
    },
    /// The server failed.
    #[error("The server failed")]
    Internal,
    /// The server cannot at the moment.
    #[error("The server is busy")]
    Busy {
        /// After how many seconds to try again.
        retry_after: u64,
    },
}

impl Refusal {
    /// The status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Unfit(_) => 400,
            Self::BadLogin | Self::NoToken | Self::BadToken => 401,
            Self::Forbidden => 403,
            Self::NotFound(_) => 404,
            Self::Method(_) => 405,
            Self::Conflict(_) => 409,
            Self::TooLarge => 413,
            Self::MediaType => 415,
            Self::TooMany { .. } => 429,
            Self::Internal => 500,
            Self::Busy { .. } => 503,
        }
    }

    /// The refusal as it goes back; `request` is the id by which logs know the request.
    pub fn reply(&self, request: &str) -> Reply {
        let status = self.status();
        let mut body = Writer::with_capacity(128);
        body.open_object();
        body.key("error").text(reason(status));
        body.key("message").text(&self.to_string());
        body.key("statusCode").int(status.into());
        body.key("requestId").text(request);
        body.close_object();
        let reply = Reply::unkept(status, body);
        match self {
            // Without a token nothing is said of one: RFC 6750, section 3.1.
            Self::BadLogin | Self::NoToken => reply.header("www-authenticate", "Bearer"),
            Self::BadToken => reply.header("www-authenticate", "Bearer error=\"invalid_token\""),
            Self::Forbidden => {
                reply.header("www-authenticate", "Bearer error=\"insufficient_scope\"")
            }
            Self::Method(allow) => reply.header("allow", *allow),
            Self::TooMany { retry_after } | Self::Busy { retry_after } => {
                reply.header("retry-after", retry_after.to_string())
            }
            _ => reply,
        }
    }
}
