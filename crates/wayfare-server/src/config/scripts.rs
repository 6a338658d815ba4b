//! `[scripts]`: what scripts of journeys may do outside, and what is configured for them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use http::Uri;
use toml::de::DeValue;

use super::{Config, SecretSource, table::Table};

/// What scripts may do outside, and what is configured for them. Where nothing is written they read profiles
/// and do nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptSettings {
    /// Whether scripts that stand as text are run at all.
    pub enabled: bool,
    /// The addresses that scripts may call over HTTP: these, and what lies below them.
    pub http: Vec<Uri>,
    /// Hosts of those whose addresses may be private ones; hosts that are written as an address may.
    pub private: Vec<String>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many bytes an answer may have.
    pub reply_bytes: usize,
    /// Certificates of authorities, as PEM, in place of the usual ones.
    pub ca: Option<PathBuf>,
    /// The attributes that scripts may read; a star stands for all that are no secrets.
    pub read: Vec<String>,
    /// The attributes that they may write.
    pub write: Vec<String>,
    /// Whether they may make users.
    pub create: bool,
    /// Whether they may send mail.
    pub mail: bool,
    /// Secrets by their labels.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Variables by their names.
    pub variables: BTreeMap<String, String>,
    /// How long a run of a script may take.
    pub time: Duration,
}

impl Default for ScriptSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            http: Vec::new(),
            private: Vec::new(),
            timeout: Duration::from_secs(5),
            reply_bytes: 32 * 1_024,
            ca: None,
            read: vec!["*".to_owned()],
            write: Vec::new(),
            create: false,
            mail: false,
            secrets: BTreeMap::new(),
            variables: BTreeMap::new(),
            time: Duration::from_millis(50),
        }
    }
}

/// The most that an answer may have: it is kept in the state of the run.
const REPLY_BYTES_MAX: usize = 256 * 1_024;

/// The longest that a run of a script may take.
const TIME_MAX: Duration = Duration::from_secs(1);

pub(super) fn scripts(top: &Table<'_>, folder: &Path, config: &mut Config) {
    let Some(table) = top.table("scripts") else {
        return;
    };
    let settings = &mut config.scripts;
    table.flag("enabled", &mut settings.enabled);
    table.flag("create", &mut settings.create);
    table.flag("mail", &mut settings.mail);
    if let Some(listed) = table.texts("http") {
        for (span, text) in listed {
            match address(&text) {
                Some(uri) => settings.http.push(uri),
                None => table.wrong(
                    &span,
                    "http",
                    &format!(
                        "must hold addresses such as \"https://api.example.com/v1/\", not {text:?}"
                    ),
                ),
            }
        }
    }
    let plain = |key: &str| {
        let texts = table.texts(key);
        texts.map(|texts| texts.into_iter().map(|(_, text)| text).collect::<Vec<_>>())
    };
    settings.private = plain("private").unwrap_or_default();
    if let Some(read) = plain("read") {
        settings.read = read;
    }
    settings.write = plain("write").unwrap_or_default();
    table.duration_into("timeout", &mut settings.timeout);
    let longest = config.limits.request_time;
    if settings.timeout >= longest {
        let what = format!("shorter than `server.limits.request_time`, which is {longest:?}");
        let _ = table.parsed("timeout", &what, |_| None::<()>);
    }
    table.size("reply_bytes", &mut settings.reply_bytes);
    if settings.reply_bytes > REPLY_BYTES_MAX {
        let _ = table.parsed("reply_bytes", "at most \"256KiB\"", |_| None::<()>);
    }
    table.duration_into("time", &mut settings.time);
    if settings.time > TIME_MAX {
        let _ = table.parsed("time", "at most \"1s\"", |_| None::<()>);
    }
    settings.ca = table.text("ca").map(|path| folder.join(path));
    if let Some(secrets) = table.table("secrets") {
        for (label, _) in secrets.every() {
            if !label.get_ref().starts_with("scripted.node.") {
                secrets.wrong(
                    &label.span(),
                    label.get_ref(),
                    "must begin with `scripted.node.`: no other secret is one of scripts",
                );
            }
            if let Some(source) = secrets.secret(label.get_ref(), folder) {
                settings.secrets.insert(label.get_ref().to_string(), source);
            }
        }
        secrets.close();
    }
    if let Some(variables) = table.table("variables") {
        for (name, value) in variables.every() {
            if let DeValue::String(text) = value.get_ref() {
                let name = name.get_ref().to_string();
                let _ = variables.text(&name);
                settings.variables.insert(name, text.to_string());
            } else {
                let _ = variables.text(name.get_ref());
            }
        }
        variables.close();
    }
    table.close();
}

/// An address that may be listed.
fn address(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    let authority = uri.authority()?.as_str();
    if authority.contains('@') || text.contains(['#', '?']) {
        return None;
    }
    if authority != host && uri.port_u16().is_none_or(|port| port == 0) {
        return None;
    }
    matches!(uri.scheme_str(), Some("https" | "http")).then_some(uri)
}
