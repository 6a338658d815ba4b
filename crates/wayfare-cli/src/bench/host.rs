//! Where the load goes: this machine, or a host that was named on purpose.
//!
//! In: an address as it was typed, and the hosts that are allowed. Out: where connections go, found once and
//! kept, or why nothing is sent there.

use std::{
    fmt,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use http::Uri;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use crate::Trouble;

/// The path of the product where none is given.
const BASE: &str = "/am";

/// A server that may be asked.
pub(crate) struct Target {
    /// What stands before the path.
    pub(crate) authority: String,
    /// The path below which the product is.
    pub(crate) base: String,
    /// Where connections go.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Where the address is one of `https`.
    pub(crate) tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("authority", &self.authority)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// The server of an address, if it is on this machine or its host is among those allowed.
    pub(crate) fn new(
        url: &str,
        allowed: &[String],
        authorities: Option<&PathBuf>,
    ) -> Result<Self, Trouble> {
        // A password in an address is not repeated.
        let told = if url.contains('@') { "…" } else { url };
        let wrong = |what: &str| Trouble::input(format!("`{told}` {what}"));
        let uri: Uri = url.parse().map_err(|_| wrong("is no address"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("does not begin with http:// or https://")),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = uri.host().unwrap_or_default();
        let port = port(authority, host, if https { 443 } else { 80 });
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let base = uri.path().trim_end_matches('/');
        let is_more = url.contains(['@', '#']) || uri.query().is_some() || !is_plain(base);
        if is_more || host.is_empty() {
            return Err(wrong("has more in it than a host, a port and a path"));
        }
        let port = port.ok_or_else(|| wrong("has no port from 1 to 65535 behind its host"))?;
        if authorities.is_some() && !https {
            return Err(wrong(
                "is not https, so there is nothing that `--ca` is for",
            ));
        }
        if base.split('/').any(|part| part == "json") {
            return Err(wrong(
                "names more than the product, as http://127.0.0.1:8080/am does; `--realm` says the realm",
            ));
        }
        let is_named = allowed.iter().any(|allowed| {
            allowed
                .trim_start_matches('[')
                .trim_end_matches(']')
                .eq_ignore_ascii_case(host)
        });
        let literal: Option<IpAddr> = host.parse().ok();
        let is_here = literal.map_or_else(
            || host.eq_ignore_ascii_case("localhost"),
            |address| address.is_loopback(),
        );
        if !is_named && !is_here {
            return Err(Trouble::input(format!(
                "`{host}` is not this machine: a load is sent there only with `--allow-host {host}`, and only \
                 by whoever may"
            )));
        }
        let found = match literal {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => (host, port)
                .to_socket_addrs()
                .map_err(|error| wrong(&format!("leads nowhere: {error}")))?
                .collect(),
        };
        let addresses: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| is_named || address.ip().is_loopback())
            .collect();
        if addresses.is_empty() {
            return Err(wrong("leads nowhere"));
        }
        let tls = if https {
            let name = ServerName::try_from(host.to_owned());
            let name = name.map_err(|error| wrong(&error.to_string()))?;
            Some((
                TlsConnector::from(trusting(authorities.map(PathBuf::as_path))?),
                name,
            ))
        } else {
            None
        };
        Ok(Self {
            authority: authority.to_owned(),
            base: if base.is_empty() { BASE } else { base }.to_owned(),
            addresses,
            tls,
        })
    }

    /// Whether what is sent can be read on its way.
    pub(crate) fn is_open(&self) -> bool {
        self.tls.is_none()
            && !self
                .addresses
                .iter()
                .all(|address| address.ip().is_loopback())
    }

    /// As it is shown.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.base)
    }
}

/// The port behind the host, or the usual one where none is written; `None` where what is written is none.
fn port(authority: &str, host: &str, usual: u16) -> Option<u16> {
    let behind = authority.get(host.len()..)?;
    if behind.is_empty() {
        return Some(usual);
    }
    let digits = behind.strip_prefix(':')?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_number)
}

/// Whether a path leads nowhere but down, and has nothing in it that servers read in several ways.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|part| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        part.bytes().all(plain) && part != "." && part != ".."
    })
}

/// What connections are made with whose other side one of these authorities vouches for.
fn trusting(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, Trouble> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let wrong =
                |why: &dyn fmt::Display| Trouble::input(format!("{}: {why}", path.display()));
            for read in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
                let certificate = read.map_err(|error| wrong(&error))?;
                roots.add(certificate).map_err(|error| wrong(&error))?;
            }
            if roots.is_empty() {
                return Err(wrong(&"there is no certificate in it"));
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Trouble::Internal(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str, allowed: &[&str]) -> Result<String, String> {
        let allowed: Vec<String> = allowed.iter().map(|host| (*host).to_owned()).collect();
        match Target::new(url, &allowed, None) {
            Ok(target) => Ok(target.url()),
            Err(Trouble::Input(message) | Trouble::Internal(message)) => Err(message),
        }
    }

    #[test]
    fn this_machine_is_allowed_and_nothing_else_but_by_name() {
        for (url, shown) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/am"),
            (
                "http://127.0.0.1:8080/openam/",
                "http://127.0.0.1:8080/openam",
            ),
            ("http://[::1]:8080/am", "http://[::1]:8080/am"),
            ("https://LOCALHOST/am", "https://LOCALHOST/am"),
        ] {
            assert_eq!(told(url, &[]).as_deref(), Ok(shown), "{url}");
        }
        for url in [
            "http://192.0.2.1:8080",
            "http://0.0.0.0:8080",
            "http://[::ffff:192.0.2.1]",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://2130706433",
        ] {
            let refused = told(url, &["example.com", "192.0.2.10", "127.0.0.1"]).unwrap_err();
            assert!(refused.contains("--allow-host"), "{url}: {refused}");
        }
        assert_eq!(
            told("http://192.0.2.1:8080", &["192.0.2.1"]).as_deref(),
            Ok("http://192.0.2.1:8080/am")
        );
    }

    #[test]
    fn what_is_no_plain_address_is_refused() {
        for url in [
            "",
            "127.0.0.1:8080",
            "ftp://127.0.0.1",
            "http://demo:x@127.0.0.1",
            "http://127.0.0.1/am?realm=x",
            "http://127.0.0.1/am/json/realms/root/authenticate",
            "http://127.0.0.1:0/am",
            "http://127.0.0.1:65536/am",
            "http://127.0.0.1:99999/am",
            "http://127.0.0.1:-1/am",
            "http://127.0.0.1:+80/am",
            "http://127.0.0.1:8x/am",
            "http://127.0.0.1:080/am",
            "http://127.0.0.1:/am",
            "http://[::1]:/am",
            "http://[::1]:99999/am",
            "http://127.0.0.1/am#x",
            "http://127.0.0.1/am/../x",
            "http://127.0.0.1/am%0d%0aX",
            "http://127.0.0.1/am;x",
        ] {
            assert!(told(url, &["127.0.0.1", "::1"]).is_err(), "{url}");
        }
        let refused = told("http://demo:s3cr3t@127.0.0.1", &[]).unwrap_err();
        assert!(!refused.contains("s3cr3t"), "{refused}");
    }
}
