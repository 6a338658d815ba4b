//! `[external.TYPE]`: the handlers of nodes outside.

use std::{
    collections::BTreeSet,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use http::Uri;
use wayfare_wire::external::Allowed;

use super::{Config, SecretSource, table::Table};

/// The handler of a node type whose behaviour is not in the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalSettings {
    /// Where it answers: `https`, or `http` on this machine.
    pub url: Uri,
    /// The secret by which both sides sign; at least 32 bytes.
    pub secret: SecretSource,
    /// How long a reply may take.
    pub timeout: Duration,
    /// How many bytes a reply may have.
    pub reply_bytes: usize,
    /// What it gets and what it may say.
    pub allowed: Allowed,
    /// Certificates of authorities, as PEM, in place of the usual ones.
    pub ca: Option<PathBuf>,
}

impl ExternalSettings {
    /// A handler at this address, with this secret.
    pub fn new(url: Uri, secret: SecretSource) -> Self {
        Self {
            url,
            secret,
            timeout: TIMEOUT,
            reply_bytes: REPLY_BYTES,
            allowed: Allowed::default(),
            ca: None,
        }
    }
}

/// How long a reply may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How many bytes a reply may have where nothing is said.
const REPLY_BYTES: usize = 32 * 1_024;

/// The most that a reply may have; what the engine takes is less.
const REPLY_BYTES_MAX: usize = 256 * 1_024;

/// The handlers, by the name of the type in text.
pub(super) fn externals(top: &Table<'_>, folder: &Path, config: &mut Config) {
    let Some(all) = top.table("external") else {
        return;
    };
    for (name, _) in all.every() {
        if let Some(table) = all.table(name.get_ref()) {
            if let Some(settings) = external(&table, folder, config.limits.request_time) {
                config.external.insert(name.get_ref().to_string(), settings);
            }
            table.close();
        }
    }
    all.close();
}

fn external(table: &Table<'_>, folder: &Path, longest: Duration) -> Option<ExternalSettings> {
    let what =
        "an address such as \"https://nodes.example.com/captcha\"; http is for this machine only";
    let url = table.parsed("url", what, address);
    let secret = table.secret("secret", folder);
    if !table.has("url") {
        table.missing("url", "write url = \"https://…\"");
    }
    if !table.has("secret") {
        table.missing(
            "secret",
            "write secret = { file = \"…\" } or { env = \"…\" }",
        );
    }
    let mut timeout = TIMEOUT;
    table.duration_into("timeout", &mut timeout);
    if timeout >= longest {
        let what = format!("shorter than `server.limits.request_time`, which is {longest:?}");
        let _ = table.parsed("timeout", &what, |_| None::<()>);
    }
    let mut reply_bytes = REPLY_BYTES;
    table.size("reply_bytes", &mut reply_bytes);
    if reply_bytes > REPLY_BYTES_MAX {
        let _ = table.parsed("reply_bytes", "at most \"256KiB\"", |_| None::<()>);
    }
    let texts = |key: &str| {
        let texts: Option<Vec<(Range<usize>, String)>> = table.texts(key);
        texts.map(|texts| {
            texts
                .into_iter()
                .map(|(_, text)| text)
                .collect::<BTreeSet<_>>()
        })
    };
    let allowed = Allowed {
        state: texts("state"),
        secrets: texts("secrets").unwrap_or_default(),
        outcomes: texts("outcomes"),
        callbacks: texts("callbacks"),
    };
    let ca = table.text("ca").map(|path| folder.join(path));
    Some(ExternalSettings {
        url: url?,
        secret: secret?,
        timeout,
        reply_bytes,
        allowed,
        ca,
    })
}

/// An address that may be called.
fn address(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    let authority = uri.authority()?.as_str();
    // Names and passwords in addresses end in logs.
    if authority.contains('@') || text.contains('#') {
        return None;
    }
    // What is behind the host and no port would be left out silently.
    if authority != host && uri.port_u16().is_none_or(|port| port == 0) {
        return None;
    }
    match uri.scheme_str()? {
        "https" => Some(uri),
        "http" if is_loopback(host) => Some(uri),
        _ => None,
    }
}

/// Whether a host is this machine by its name.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
