//! Answers that went well: `stat` is `ok`, and what was asked for stands beside it.

use serde_json::{Map, Value as Json};
use wayfare::Secret;

use crate::{am::reply::Reply, json::Writer};

/// How an operation ends that went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing but that it went well.
    Ok,
    /// An access token, as `getAccessToken` spells it.
    AccessToken(Secret<String>),
    /// An access token, as `refresh_access_token` spells it.
    RefreshedToken(Secret<String>),
    /// An authorization code.
    AuthorizationCode(Secret<String>),
    /// A code to verify a mail address with.
    VerificationCode(Secret<String>),
    /// A token to make a record with.
    CreationToken(Secret<String>),
    /// Whose address was verified.
    Verified {
        /// The record.
        uuid: String,
    },
    /// A code or a refresh token was redeemed.
    Tokens(Tokens),
    /// Somebody logged in or registered.
    Login(Login),
    /// A record, read.
    Entity(Json),
}

/// What a code or a refresh token was redeemed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: Secret<String>,
    /// The next refresh token.
    pub refresh: Secret<String>,
    /// How many seconds the access token lives.
    pub expires_in: u64,
    /// What whoever had the code made gave along.
    pub state: Option<Json>,
}

/// What a login answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Login {
    /// The record as the client may see it.
    pub user: Map<String, Json>,
    /// The access token, for `token` and `code_and_token`.
    pub token: Option<Secret<String>>,
    /// The authorization code, for `code` and `code_and_token`.
    pub code: Option<Secret<String>>,
    /// Whether the record was made by this request, where that is a question.
    pub is_new: Option<bool>,
}

impl Answer {
    /// The answer as it goes back.
    pub fn reply(&self) -> Reply {
        let mut body = Writer::with_capacity(256);
        body.open_object();
        let mut secret = |key: &str, value: &Secret<String>| {
            body.key(key).text(value.reveal());
        };
        match self {
            Self::Ok => {}
            Self::AccessToken(token) => secret("accessToken", token),
            Self::RefreshedToken(token) => secret("access_token", token),
            Self::AuthorizationCode(code) => secret("authorizationCode", code),
            Self::VerificationCode(code) => secret("verification_code", code),
            Self::CreationToken(token) => secret("creation_token", token),
            Self::Verified { uuid } => {
                body.key("uuid").text(uuid);
            }
            Self::Tokens(tokens) => {
                secret("access_token", &tokens.access);
                secret("refresh_token", &tokens.refresh);
                let seconds = i64::try_from(tokens.expires_in).unwrap_or(i64::MAX);
                body.key("expires_in").int(seconds);
                // RFC 6749, section 5.1, asks for it; the original leaves it out, and its clients do not look.
                body.key("token_type").text("Bearer");
                if let Some(state) = &tokens.state {
                    body.key("transaction_state").json(state);
                }
            }
            Self::Login(login) => {
                if let Some(token) = &login.token {
                    secret("access_token", token);
                }
                if let Some(code) = &login.code {
                    secret("authorization_code", code);
                }
                body.key("capture_user").open_object();
                for (name, value) in &login.user {
                    body.key(name).json(value);
                }
                body.close_object();
                if let Some(is_new) = login.is_new {
                    body.key("is_new").bool(is_new);
                }
            }
            Self::Entity(record) => {
                body.key("result").json(record);
            }
        }
        body.key("stat").text("ok");
        body.close_object();
        Reply::unkept(200, body)
    }
}
