//! Answers that went well.

use serde_json::Value as Json;
use wayfare::Secret;

use crate::{
    am::reply::Reply,
    autoid::{
        role::Permitted,
        user::{Account, User},
    },
    jose::Claims,
    json::Writer,
};

/// What comes of an operation that went well.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A login, or a token renewed.
    Token {
        /// Whose it is.
        user: User,
        /// The token.
        token: Secret<String>,
    },
    /// Whom a token stands for: its claims.
    Verified(Claims),
    /// What a user may do.
    Actions(Permitted),
    /// Public keys, as RFC 7517 writes them.
    Keys(Json),
    /// That the server is there.
    Health {
        /// For how many seconds.
        uptime: u64,
    },
    /// The version of the interface.
    Version,
    /// How users may log in.
    Config {
        /// By name and password.
        ldap: bool,
        /// By another identity provider.
        oidc: bool,
    },
    /// A user that was made or changed.
    User(Account),
    /// Users.
    Users(Vec<Account>),
    /// A token for programs, shown this once.
    ApiTokenMade {
        /// What is known of it.
        token: ApiToken,
        /// It itself.
        secret: Secret<String>,
    },
    /// Whether a token for programs is good.
    ApiTokenVerified(Option<ApiToken>),
    /// Tokens for programs.
    ApiTokens(Vec<ApiToken>),
    /// It is done, and there is nothing to say.
    Done,
}

/// What is known of a token for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its name to those who revoke it.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// When it ends, in seconds.
    pub expires: u64,
    /// Who made it.
    pub made_by: String,
}

impl ApiToken {
    fn write(&self, body: &mut Writer) {
        body.key("id").text(&self.id);
        body.key("name").text(&self.name);
        body.key("description").text(&self.description);
        body.key("expiry").int(seconds(self.expires));
        body.key("createdBy").text(&self.made_by);
    }
}

fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

impl Answer {
    /// The answer as it goes back.
    pub fn reply(&self) -> Reply {
        let mut body = Writer::with_capacity(512);
        body.open_object();
        match self {
            Self::Token { user, token } => {
                body.key("user").open_object();
                user.write(&mut body);
                body.close_object();
                body.key("token").text(token.reveal());
            }
            Self::Verified(claims) => {
                body.key("user").open_object();
                for (name, value) in claims {
                    body.key(name).json(value);
                }
                body.close_object();
            }
            Self::Actions(permitted) => {
                body.key("userActions").texts(&permitted.actions);
                body.key("roleTitle").text(&permitted.title);
                body.key("homepage").text(&permitted.homepage);
            }
            Self::Keys(keys) => {
                body.key("keys")
                    .json(keys.get("keys").unwrap_or(&Json::Null));
            }
            Self::Health { uptime } => {
                body.key("status").text("zoran-api: OK");
                body.key("uptime").int(seconds(*uptime));
                let (minutes, hours) = (uptime / 60, uptime / 3_600);
                let spelled = format!("{hours}:{:02}:{:02}", minutes % 60, uptime % 60);
                body.key("uptimeFormatted").text(&spelled);
            }
            Self::Version => {
                body.key("version").text("1.0");
            }
            Self::Config { ldap, oidc } => {
                body.key("authorizers").open_object();
                body.key("ldap").bool(*ldap);
                body.key("oidc").bool(*oidc);
                body.close_object();
            }
            Self::User(account) => {
                body.key("user").open_object();
                account.write(&mut body);
                body.close_object();
            }
            Self::Users(accounts) => {
                body.key("users").open_array();
                for account in accounts {
                    body.open_object();
                    account.write(&mut body);
                    body.close_object();
                }
                body.close_array();
            }
            Self::ApiTokenMade { token, secret } => {
                token.write(&mut body);
                body.key("token").text(secret.reveal());
            }
            Self::ApiTokenVerified(found) => {
                body.key("valid").bool(found.is_some());
                if let Some(token) = found {
                    token.write(&mut body);
                }
            }
            Self::ApiTokens(tokens) => {
                body.key("tokens").open_array();
                for token in tokens {
                    body.open_object();
                    token.write(&mut body);
                    body.close_object();
                }
                body.close_array();
            }
            Self::Done => {
                body.key("success").bool(true);
            }
        }
        body.close_object();
        Reply::unkept(200, body)
    }
}
