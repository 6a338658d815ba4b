//! `[realms."/alpha".providers.NAME]`: identity providers elsewhere.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use wayfare_wire::social::{AuthMethod, Mapping, is_trustworthy};

use super::{SecretSource, table::Table};

/// An identity provider that a realm's users may log in at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a line of the file that is yes or no"
)]
pub struct ProviderSettings {
    /// Whether it is offered.
    pub enabled: bool,
    /// Who it is, exactly as its tokens say it; what is not written below is read from where it publishes it.
    pub issuer: Option<String>,
    /// Where somebody logs in.
    pub authorize: Option<String>,
    /// Where codes are exchanged.
    pub token: Option<String>,
    /// Where claims are read.
    pub userinfo: Option<String>,
    /// Where its keys are.
    pub jwks: Option<String>,
    /// Who this server is there.
    pub client_id: String,
    /// The secret of this server there.
    pub client_secret: Option<SecretSource>,
    /// How the secret is shown.
    pub auth_method: AuthMethod,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// How sure the provider is to be.
    pub acr_values: Vec<String>,
    /// What else the provider wants to be told.
    pub parameters: Vec<(String, String)>,
    /// Where the provider sends its answer; the login page where nothing is written.
    pub redirect_uri: Option<String>,
    /// Whether the answer comes in a form.
    pub form_post: bool,
    /// Whether an answer must say which provider it is from; where nothing is written, if the provider says
    /// that it does and the answer comes to the login page.
    pub require_iss: Option<bool>,
    /// Whether an access token that an app brings is believed, whomever it was given to.
    pub trust_access_tokens: bool,
    /// Whether its host may have a private address.
    pub private: bool,
    /// Certificates of authorities, as PEM, in place of the usual ones.
    pub ca: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Which claim is which attribute.
    pub mapping: Mapping,
    /// What the button says.
    pub display_name: Option<String>,
    /// How the button looks, as clients expect it.
    pub ui: BTreeMap<String, String>,
}

impl ProviderSettings {
    /// A provider with this issuer, at which this server is known as that client.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            enabled: true,
            issuer: Some(issuer.into()),
            authorize: None,
            token: None,
            userinfo: None,
            jwks: None,
            client_id: client_id.into(),
            client_secret: None,
            auth_method: AuthMethod::None,
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            acr_values: Vec::new(),
            parameters: Vec::new(),
            redirect_uri: None,
            form_post: false,
            require_iss: None,
            trust_access_tokens: false,
            private: false,
            ca: None,
            timeout: TIMEOUT,
            mapping: Mapping::default(),
            display_name: None,
            ui: BTreeMap::new(),
        }
    }

    /// Whether it says who somebody is by tokens of OIDC.
    pub fn is_openid(&self) -> bool {
        self.issuer.is_some() && self.scopes.iter().any(|scope| scope == "openid")
    }
}

/// How long an answer may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The providers, by name.
pub(super) fn read_providers(
    realm: &Table<'_>,
    folder: &Path,
    longest: Duration,
    into: &mut BTreeMap<String, ProviderSettings>,
) {
    let Some(all) = realm.table("providers") else {
        return;
    };
    for (name, _) in all.every() {
        let (span, name) = (name.span(), name.get_ref().to_string());
        let Some(table) = all.table(&name) else {
            continue;
        };
        let read = read_provider(&table, folder, longest);
        table.close();
        if !is_name(&name) {
            let message = "must be a name of 1 to 64 letters, digits, `_` and `-`, and not \
                           `localAuthentication`";
            all.wrong(&span, &name, message);
        } else if let Some(other) = into.keys().find(|other| are_alike(other, &name)) {
            // The link of an account is the name and who it is there, with `-` between.
            let message =
                format!("begins as `{other}` does, so that links to the two could be the same");
            all.wrong(&span, &name, &message);
        } else if let Some(provider) = read {
            into.insert(name, provider);
        }
    }
}

fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=64).contains(&name.len()) && name.bytes().all(fits) && name != "localAuthentication"
}

/// Whether the links to accounts at the one could be read as links to accounts at the other.
fn are_alike(one: &str, other: &str) -> bool {
    let begins = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.starts_with('-'))
    };
    begins(one, other) || begins(other, one)
}

fn read_provider(table: &Table<'_>, folder: &Path, longest: Duration) -> Option<ProviderSettings> {
    let what = "an address such as \"https://accounts.example.com\"; http is for this machine only";
    let address = |key: &str| {
        table.parsed(key, what, |text| {
            is_trustworthy(text, true).then(|| text.to_owned())
        })
    };
    let client_id = table.parsed("client_id", "the name of this server there", |text| {
        (!text.is_empty()).then(|| text.to_owned())
    });
    let mut provider = ProviderSettings {
        issuer: address("issuer"),
        authorize: address("authorize"),
        token: address("token"),
        userinfo: address("userinfo"),
        jwks: address("jwks"),
        client_secret: table.secret("client_secret", folder),
        ..ProviderSettings::new("", "")
    };
    if !table.has("client_id") {
        table.missing(
            "client_id",
            "write client_id = \"…\", as the provider has given it",
        );
    }
    let endpoints = table.has("authorize") && table.has("token");
    if !table.has("issuer") && !endpoints {
        table.missing(
            "issuer",
            "write issuer = \"https://…\", or `authorize`, `token` and `userinfo` of a provider without \
             OIDC",
        );
    } else if !table.has("issuer") && !table.has("userinfo") {
        table.missing(
            "userinfo",
            "without an `issuer` nothing else says who somebody is",
        );
    }
    table.flag("enabled", &mut provider.enabled);
    read_client(table, &mut provider);
    read_wire(table, longest, &mut provider);
    provider.ca = table.text("ca").map(|path| folder.join(path));
    provider.display_name = table.text("display_name");
    read_mapping(table, &mut provider.mapping);
    if let Some(ui) = table.table("ui") {
        for (name, _) in ui.every() {
            if let Some(text) = ui.text(name.get_ref()) {
                provider.ui.insert(name.get_ref().to_string(), text);
            }
        }
    }
    provider.client_id = client_id?;
    Some(provider)
}

fn read_client(table: &Table<'_>, provider: &mut ProviderSettings) {
    provider.auth_method = match provider.client_secret {
        Some(_) => AuthMethod::Basic,
        None => AuthMethod::None,
    };
    let what = "\"client_secret_basic\", \"client_secret_post\" or \"none\"";
    let method = table.parsed("auth_method", what, |text| match text {
        "client_secret_basic" => Some(AuthMethod::Basic),
        "client_secret_post" => Some(AuthMethod::Post),
        "none" => Some(AuthMethod::None),
        _ => None,
    });
    if let Some(method) = method {
        provider.auth_method = method;
        if method != AuthMethod::None && !table.has("client_secret") {
            table.missing(
                "client_secret",
                "write client_secret = { file = \"…\" } or { env = \"…\" }",
            );
        }
    }
    let words = |key: &str, into: &mut Vec<String>| {
        if let Some(texts) = table.texts(key) {
            into.clear();
            for (span, text) in texts {
                if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
                    table.wrong(&span, key, "must hold words without blanks");
                } else {
                    into.push(text);
                }
            }
        }
    };
    words("scopes", &mut provider.scopes);
    words("acr_values", &mut provider.acr_values);
    if let Some(others) = table.table("parameters") {
        for (name, _) in others.every() {
            if let Some(text) = others.text(name.get_ref()) {
                provider.parameters.push((name.get_ref().to_string(), text));
            }
        }
    }
}

fn read_wire(table: &Table<'_>, longest: Duration, provider: &mut ProviderSettings) {
    provider.redirect_uri = table.parsed(
        "redirect_uri",
        "an address of this server or an app, such as \"https://login.example.com/\"",
        |text| {
            let uri: http::Uri = text.parse().ok()?;
            let fits = uri.scheme().is_some() && !text.contains('#');
            fits.then(|| text.to_owned())
        },
    );
    let mode = table.parsed(
        "response_mode",
        "\"query\" or \"form_post\"",
        |text| match text {
            "query" => Some(false),
            "form_post" => Some(true),
            _ => None,
        },
    );
    provider.form_post = mode.unwrap_or(false);
    if table.has("require_iss") {
        let mut require = true;
        table.flag("require_iss", &mut require);
        provider.require_iss = Some(require);
    }
    table.flag("trust_access_tokens", &mut provider.trust_access_tokens);
    table.flag("private", &mut provider.private);
    table.duration_into("timeout", &mut provider.timeout);
    if provider.timeout >= longest {
        let what = format!("shorter than `server.limits.request_time`, which is {longest:?}");
        let _ = table.parsed("timeout", &what, |_| None::<()>);
    }
}

fn read_mapping(table: &Table<'_>, mapping: &mut Mapping) {
    if let Some(subject) = table.parsed("subject", "the name of a claim", |text| {
        (!text.is_empty()).then(|| text.to_owned())
    }) {
        mapping.subject = subject;
    }
    let Some(attributes) = table.table("attributes") else {
        return;
    };
    mapping.attributes.clear();
    for (name, value) in attributes.every() {
        let key: &str = name.get_ref();
        let claims: Option<Vec<String>> = match value.get_ref().as_array() {
            Some(list) => list
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect(),
            None => value.get_ref().as_str().map(|one| vec![one.to_owned()]),
        };
        let taken = ["password", "userPassword", "aliasList"];
        if taken.iter().any(|taken| taken.eq_ignore_ascii_case(key)) || key.starts_with('_') {
            attributes.wrong(&value.span(), key, "is nothing that a provider may say");
        } else if let Some(claims) = claims.filter(|claims| !claims.is_empty()) {
            mapping.attributes.insert(key.to_owned(), claims);
        } else {
            attributes.wrong(
                &value.span(),
                key,
                "must be the name of a claim, or a list of them of which the first that is there counts",
            );
        }
    }
}
