//! Directories: searched by an account of the server's, and bound to as whoever logs in.
//!
//! In: where a directory is, whom it trusts, where users are in it. Out: entries, and what a bind came to.
//! Names that were typed go into filters escaped and never into distinguished names: whoever is bound to was
//! found first. Referrals are not followed, an empty password is never sent, and whatever a directory does
//! within an operation ends with the time for it and takes no more room than `ber` gives it. Which users are whose is not known here.

mod ber;
mod connection;
mod entry;
mod filter;
mod line;
mod policy;

use std::{path::PathBuf, sync::Arc, time::Duration};

use wayfare::{
    Secret,
    engine::effect::{LdapPolicy, LdapScope, LdapSecurity},
};

use crate::config::ClientCertificate;

pub(crate) use self::connection::{Client, TIMEOUT, Write};
pub(crate) use self::entry::{Entry, hex};
pub use self::filter::{escaped, filter_for};
pub(crate) use self::policy::unmet;
pub use self::policy::{Answer, Bound, Warning, read_control, said};

/// Why a directory could not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LdapError {
    /// It did not answer in time.
    #[error("the directory did not answer within {0:?}")]
    TooSlow(Duration),
    /// No connection, or one that broke.
    #[error("the directory cannot be reached: {0}")]
    Unreachable(String),
    /// The connection would not be protected.
    #[error("a directory on another machine is asked over TLS only")]
    Unprotected,
    /// What it sent makes no sense.
    #[error("the directory sent what cannot be read")]
    Nonsense,
    /// What it sent is not taken, for this reason.
    #[error("the directory sent {0}")]
    Sent(String),
    /// It answered, and refused.
    #[error("the directory refused: {code} {text}")]
    Refused {
        /// The number of the result.
        code: u32,
        /// What it said besides.
        text: String,
    },
    /// More was found than was asked for.
    #[error("the directory found more than {0} entries")]
    TooMany(usize),
}

/// A directory as it is called: all that is known of it, the secret of its account too.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    /// Hosts and ports, best first.
    pub(crate) servers: Vec<(String, u16)>,
    pub(crate) security: LdapSecurity,
    /// Certificates to trust instead of those that everybody trusts.
    pub(crate) ca: Option<PathBuf>,
    /// What the server shows of itself; without an account, it says who searches.
    pub(crate) certificate: Option<ClientCertificate>,
    /// Who searches.
    pub(crate) account: Option<(String, Secret<String>)>,
    pub(crate) bases: Vec<String>,
    pub(crate) scope: LdapScope,
    /// The attributes that a typed name is looked for in.
    pub(crate) search: Vec<String>,
    /// What must hold of entries besides.
    pub(crate) filter: Option<String>,
    /// The attribute that holds the name of the user.
    pub(crate) name: String,
    /// The attribute that never changes.
    pub(crate) id: String,
    pub(crate) policy: LdapPolicy,
    /// How long one operation may take, connecting included.
    pub(crate) timeout: Duration,
    /// How long a connection may be idle before it is not used again.
    pub(crate) idle: Duration,
    /// How many connections there may be at once.
    pub(crate) connections: usize,
}

fn refused(result: &ldap3::LdapResult) -> LdapError {
    LdapError::Refused {
        code: result.rc,
        text: result.text.clone(),
    }
}

/// A directory that is shared by all who ask it.
pub(crate) type Shared = Arc<Client>;

/// Reads `host:port`; without a port, the usual one.
pub(crate) fn server_of(text: &str, security: LdapSecurity) -> Option<(String, u16)> {
    let usual = if security == LdapSecurity::Tls {
        636
    } else {
        389
    };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, port.parse().ok()?),
        _ => (text, usual),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (!host.is_empty() && host.chars().all(fits)).then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_port_or_the_usual_one() {
        let tls = LdapSecurity::Tls;
        let at = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(
            server_of("LDAP.example.com", tls),
            at("ldap.example.com", 636)
        );
        assert_eq!(
            server_of("10.0.0.1:1389", LdapSecurity::StartTls),
            at("10.0.0.1", 1389)
        );
        assert_eq!(server_of("host", LdapSecurity::Plain), at("host", 389));
        for bad in [
            "",
            ":389",
            "host:",
            "host:x",
            "a/b",
            "a@b",
            "host:70000",
            "a b",
            "::1",
        ] {
            assert_eq!(server_of(bad, tls), None, "{bad}");
        }
    }
}
