//! Passwords whose store has a policy of its own: a bind to a directory, and what the policy says of it.
//!
//! A bind is a comparison like every other, so it is `Effect::Verify` with the credential
//! [`super::Credential::Bind`], and it takes a try of the account before anything is asked. A new password
//! goes with the old one: it is written only where the old one is right, and both are one effect. How a
//! directory is reached is the embedder's.

use std::{sync::Arc, time::Duration};

use super::Identity;
use crate::secret::Secret;

/// Where a password is compared by a bind, and what it is to be replaced by.
#[derive(Debug, Clone, PartialEq)]
pub struct Bind {
    /// Where.
    pub at: Directory,
    /// The password to have from then on; without one, nothing changes.
    pub new: Option<Secret<String>>,
}

/// Which directory is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Directory {
    /// The store of the realm, whatever it is.
    Realm,
    /// A system that the embedder knows by this name; whose account it is there is nobody's subject here.
    System(Arc<str>),
    /// One that the node describes; the embedder may refuse to call it.
    Ldap(Box<Ldap>),
}

impl Directory {
    /// What kind it is, as traces call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Realm => "realm",
            Self::System(_) => "system",
            Self::Ldap(_) => "ldap",
        }
    }
}

/// A directory as a node describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ldap {
    /// `host:port`, best first.
    pub servers: Vec<Arc<str>>,
    /// Below which entries users are.
    pub bases: Vec<Arc<str>>,
    /// How far below.
    pub scope: LdapScope,
    /// How the line is protected.
    pub security: LdapSecurity,
    /// The label of the certificate that is shown to the servers; who searches is then its owner.
    pub certificate: Option<Arc<str>>,
    /// Who searches, and the password; nobody in particular without.
    pub account: Option<(Arc<str>, Secret<String>)>,
    /// The attributes that a typed name is looked for in.
    pub search: Vec<Arc<str>>,
    /// What must hold of an entry besides, as a filter of RFC 4515.
    pub filter: Option<Arc<str>>,
    /// The attribute that holds the name of the user.
    pub name: Arc<str>,
    /// What says how it is with the password.
    pub policy: LdapPolicy,
    /// How long one operation may take; the embedder's where there is none.
    pub timeout: Option<Duration>,
    /// How long a connection may be idle before it is not used again.
    pub idle: Option<Duration>,
}

/// How far below the base users are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LdapScope {
    /// At the base itself.
    Object,
    /// One level below it.
    OneLevel,
    /// Anywhere below it.
    Subtree,
}

/// How the line to a directory is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LdapSecurity {
    /// Not at all.
    Plain,
    /// TLS from the first byte.
    Tls,
    /// TLS before anything is said.
    StartTls,
}

/// What says how it is with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LdapPolicy {
    /// Nothing: it is right or wrong.
    None,
    /// The control of the password-policy draft (Behera).
    Control,
    /// The numbers in Active Directory's messages.
    ActiveDirectory,
}

/// What the password policy of a store says of a bind that is neither plainly right nor plainly wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The account is locked; stores say so whatever the password was.
    Locked,
    /// The password has lapsed and lets nobody in.
    Expired,
    /// It is right, and must be changed before anything else is done.
    MustChange(Identity),
    /// It is right, and lapses in this time.
    Expires(Identity, Duration),
    /// It is right and has lapsed, and still lets in as many times more.
    Grace(Identity, u32),
}

impl Verdict {
    /// Whose password was right, where it was.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Locked | Self::Expired => None,
            Self::MustChange(identity) | Self::Expires(identity, _) | Self::Grace(identity, _) => {
                Some(identity)
            }
        }
    }

    /// What kind it is, as traces call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Expired => "expired",
            Self::MustChange(_) => "must change",
            Self::Expires(..) => "expires",
            Self::Grace(..) => "grace",
        }
    }
}
