//! What is asked of identity providers elsewhere.
//!
//! The run draws what binds an answer to it (state, nonce, verifier) and compares the state; which providers
//! there are, how they are reached and whether their word is theirs, the embedder knows. What a provider says
//! of somebody is told; whose account that is says the store.

use std::{collections::BTreeMap, sync::Arc};

use crate::{model::value::Value, secret::Secret};

/// Something that an identity provider has to do with.
#[derive(Debug, Clone, PartialEq)]
pub enum Social {
    /// Say which providers there are. Fresh; the reply is `Providers`.
    Providers {
        /// Only those of these names; all where empty.
        among: Vec<Arc<str>>,
    },
    /// Say where somebody logs in. Fresh; the reply is `Redirect`, or `Native`, or `Unknown`.
    Begin(BeginSocial),
    /// Take what somebody came back with to the provider. Once; the reply is `Told` or `Denied`.
    Finish(FinishSocial),
}

/// Where somebody is to log in.
#[derive(Debug, Clone, PartialEq)]
pub struct BeginSocial {
    /// The provider, by its name.
    pub provider: Arc<str>,
    /// Whether an app does it by itself; else it is a browser that is sent there.
    pub native: bool,
    /// What the provider sends back, so that an answer belongs to this run.
    pub state: Secret<String>,
    /// What stands in the token, so that it belongs to this run.
    pub nonce: Secret<String>,
    /// What only whoever began can show; the provider sees its hash first.
    pub verifier: Secret<String>,
}

/// What somebody came back with.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishSocial {
    /// The provider, by its name.
    pub provider: Arc<str>,
    /// The nonce of the beginning.
    pub nonce: Secret<String>,
    /// What came back.
    pub brought: Brought,
}

/// What somebody brings from a provider.
#[derive(Debug, Clone, PartialEq)]
pub enum Brought {
    /// A code, by a browser.
    Code {
        /// The code.
        code: Secret<String>,
        /// The verifier of the beginning.
        verifier: Secret<String>,
        /// Which provider the answer says it is from, where it says so.
        issuer: Option<Arc<str>>,
    },
    /// A token or a code, by an app.
    Token {
        /// The token.
        token: Secret<String>,
        /// What it is: `id_token`, `access_token`, `authorization_code`.
        kind: Arc<str>,
    },
}

/// The reply to a [`Social`].
#[derive(Debug, Clone, PartialEq)]
pub enum SocialReply {
    /// The providers that may be offered, in order.
    Providers(Vec<Provider>),
    /// Where to send a browser.
    Redirect {
        /// The address.
        url: Arc<str>,
        /// `GET` or `POST`
        method: Arc<str>,
        /// The fields to post.
        data: Option<serde_json::Value>,
    },
    /// What an app has to know.
    Native {
        /// Who the provider knows this server as.
        client: Arc<str>,
        /// Where the provider sends its answer.
        redirect: Arc<str>,
        /// What is asked for.
        scopes: Vec<Arc<str>>,
        /// How the provider is to make sure who it is.
        acr_values: Vec<Arc<str>>,
    },
    /// There is no such provider.
    Unknown,
    /// Who it is, on the provider's word.
    Told(Box<Person>),
    /// The provider's word is not good; this is why.
    Denied(Arc<str>),
}

/// A provider as it is offered.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its name.
    pub name: Arc<str>,
    /// How its button looks, as clients expect it.
    pub ui: Value,
}

/// Somebody as a provider knows them.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Who it is there; never given to anybody else.
    pub subject: Arc<str>,
    /// What is known, as attributes of users here.
    pub attributes: BTreeMap<Arc<str>, Value>,
    /// What the provider said, as it said it.
    pub raw: Value,
    /// Its token for more.
    pub access: Option<Secret<String>>,
    /// Its token for tokens.
    pub refresh: Option<Secret<String>>,
}

impl Social {
    /// Which provider it is about.
    pub fn provider(&self) -> Option<&Arc<str>> {
        match self {
            Self::Providers { .. } => None,
            Self::Begin(begin) => Some(&begin.provider),
            Self::Finish(finish) => Some(&finish.provider),
        }
    }

    /// What it is, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Providers { .. } => "providers",
            Self::Begin(_) => "begin",
            Self::Finish(_) => "finish",
        }
    }
}

impl SocialReply {
    /// Whether it is one to this.
    pub(crate) fn fits(&self, asked: &Social) -> bool {
        match asked {
            Social::Providers { .. } => matches!(self, Self::Providers(_)),
            Social::Begin(begin) => match self {
                Self::Redirect { .. } => !begin.native,
                Self::Native { .. } => begin.native,
                Self::Unknown => true,
                Self::Providers(_) | Self::Told(_) | Self::Denied(_) => false,
            },
            Social::Finish(_) => matches!(self, Self::Told(_) | Self::Denied(_) | Self::Unknown),
        }
    }
}
