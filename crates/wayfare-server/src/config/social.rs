//! `[realms."/alpha".social]`: social tokens for services that log their users in elsewhere.

use std::{path::Path, time::Duration};

use wayfare_wire::social::is_trustworthy;

use super::{SecretSource, table::Table};

/// Whom social tokens are made for, and who is asked about those of others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocialSettings {
    /// Where it is served, below the server's root.
    pub path: String,
    /// Where browsers may bring tokens to: each address exactly as it is asked for.
    pub token_urls: Vec<String>,
    /// How long a token is good.
    pub lifetime: Duration,
    /// Where the key is by which services read who a token stands for; without it nobody does.
    pub api_key: Option<SecretSource>,
    /// The service that is asked about tokens that are not known here.
    pub auth_info: Option<AuthInfoService>,
}

/// A service that knows who a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthInfoService {
    /// Its address: `https://login.example.com/api/v2/auth_info`.
    pub url: String,
    /// Where the key is by which it is asked.
    pub api_key: SecretSource,
}

impl Default for SocialSettings {
    fn default() -> Self {
        Self {
            path: "/capture".to_owned(),
            token_urls: Vec::new(),
            lifetime: Duration::from_secs(10 * 60),
            api_key: None,
            auth_info: None,
        }
    }
}

pub(super) fn read_social(realm: &Table<'_>, folder: &Path, into: &mut Option<SocialSettings>) {
    let Some(table) = realm.table("social") else {
        return;
    };
    let mut social = into.take().unwrap_or_default();
    let what = "a path such as \"/capture\"";
    if let Some(path) = table.parsed("path", what, |text| {
        let fits = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        let rest = text.strip_prefix('/')?;
        rest.split('/').all(fits).then(|| text.to_owned())
    }) {
        social.path = path;
    }
    if let Some(urls) = table.texts("token_urls") {
        social.token_urls.clear();
        for (span, url) in urls {
            if is_trustworthy(&url, true) {
                social.token_urls.push(url);
            } else {
                let message = "must hold addresses such as \"https://app.example.com/token\"; http is for \
                               this machine only";
                table.wrong(&span, "token_urls", message);
            }
        }
    }
    table.duration_into("lifetime", &mut social.lifetime);
    if social.lifetime > LIFETIME_MAX {
        let _ = table.parsed("lifetime", "at most \"1h\"", |_| None::<()>);
    }
    if let Some(key) = table.secret("api_key", folder) {
        social.api_key = Some(key);
    }
    if let Some(service) = table.table("auth_info") {
        let url = service.parsed("url", "an address that begins with https", |text| {
            is_trustworthy(text, true).then(|| text.to_owned())
        });
        let api_key = service.secret("api_key", folder);
        for key in ["url", "api_key"] {
            if !service.has(key) {
                service.missing(key, "write both `url` and `api_key`");
            }
        }
        if let (Some(url), Some(api_key)) = (url, api_key) {
            social.auth_info = Some(AuthInfoService { url, api_key });
        }
        service.close();
    }
    table.close();
    *into = Some(social);
}

/// The longest life of a token: it stands for somebody who has just logged in.
const LIFETIME_MAX: Duration = Duration::from_secs(60 * 60);
