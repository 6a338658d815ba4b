//! The provider of OAuth 2.0 and OpenID Connect of a realm: `[realms."/alpha".oauth]`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use wayfare::{Diagnostics, SourceMap, model::program::Program};
use wayfare_wire::{
    jose::Algorithm,
    oauth::{
        Client, ClientAuth, Consent, Grant, TokenFormat,
        claims::{ClaimMap, RESERVED},
        is_redirect_uri,
    },
};

use super::{
    SecretSource,
    named::{self, Place},
    table::Table,
};

/// How long what is handed out lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OauthTimes {
    /// An authorization code.
    pub code: Duration,
    /// An access token.
    pub access: Duration,
    /// An ID token.
    pub id_token: Duration,
    /// A grant that is refreshed, from its beginning.
    pub refresh: Duration,
}

impl Default for OauthTimes {
    fn default() -> Self {
        Self {
            code: Duration::from_secs(60),
            access: Duration::from_secs(60 * 60),
            id_token: Duration::from_secs(60 * 60),
            refresh: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

/// What a value of `acr` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acr {
    /// A level.
    Level(u32),
    /// A journey, by its name on the wire.
    Journey(String),
}

/// The provider of a realm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OauthSettings {
    /// The algorithms there are keys for.
    pub algorithms: Vec<Algorithm>,
    /// How long things last, where a client says nothing else.
    pub times: OauthTimes,
    /// What values of `acr` stand for; a number is a level by itself.
    pub acr: BTreeMap<String, Acr>,
    /// Where claims come from, and which scopes show them.
    pub claims: ClaimMap,
    /// The clients by id.
    pub clients: BTreeMap<String, OauthClient>,
    /// Where the journeys of `acr` are named.
    places: BTreeMap<String, Place>,
}

impl Default for OauthSettings {
    fn default() -> Self {
        Self {
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa],
            times: OauthTimes::default(),
            acr: BTreeMap::new(),
            claims: ClaimMap::default(),
            clients: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }
}

impl OauthSettings {
    /// What is wrong with the settings beside a program: journeys of `acr` that are not there.
    pub fn check(&self, program: &Program, sources: &mut SourceMap) -> Diagnostics {
        let mut found = Diagnostics::default();
        for (value, acr) in &self.acr {
            let Acr::Journey(journey) = acr else {
                continue;
            };
            let place = self.places.get(value).cloned();
            let span = place.unwrap_or_else(Place::nowhere).span(sources);
            let what = format!("oauth.acr.{value}");
            if let Some(wrong) = named::unknown(program, (&what, journey), span) {
                found.push(wrong);
            }
        }
        found
    }

    /// What the demo serves: one public client, for apps on this machine.
    pub(super) fn demo() -> Self {
        let mut client = OauthClient::new(Client::public("demo-app"));
        client.client.name = Some("Demo app".to_owned());
        client.client.consent = Consent::Implied;
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let uri = |path: &str| format!("http://{host}/{path}");
            client.client.redirect_uris.push(uri("callback"));
            client.client.post_logout_redirect_uris.push(uri(""));
        }
        client.scopes(["openid", "profile", "email", "phone", "address"]);
        Self {
            clients: BTreeMap::from([("demo-app".to_owned(), client)]),
            ..Self::default()
        }
    }
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OauthClient {
    /// What the wire looks at.
    pub client: Client,
    /// Where its secrets are: more than one while they are changed.
    pub secrets: Vec<SecretSource>,
    /// The file of its public keys, as a JWK set.
    pub keys: Option<PathBuf>,
    /// How long things last.
    pub times: OauthTimes,
    /// By what its ID tokens and signed access tokens are signed.
    pub algorithm: Algorithm,
    /// Whom its signed access tokens are for; the issuer where empty.
    pub audience: Vec<String>,
    /// Whether it is told about tokens of other clients too.
    pub introspects_all: bool,
}

impl OauthClient {
    /// A client with the usual times.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            secrets: Vec::new(),
            keys: None,
            times: OauthTimes::default(),
            algorithm: Algorithm::Rs256,
            audience: Vec::new(),
            introspects_all: false,
        }
    }

    /// Has it ask for these scopes, and get the first where it asks for none.
    pub fn scopes<'s>(&mut self, scopes: impl IntoIterator<Item = &'s str>) {
        for scope in scopes {
            if self.client.default_scopes.is_empty() {
                self.client.default_scopes.push(scope.to_owned());
            }
            self.client.scopes.insert(scope.to_owned(), None);
        }
    }
}

pub(super) fn read_oauth(table: &Table<'_>, folder: &Path) -> OauthSettings {
    let mut settings = OauthSettings::default();
    read_algorithms(table, &mut settings);
    read_times(table, &mut settings.times);
    read_acr(table, &mut settings);
    read_claims(table, &mut settings);
    if let Some(clients) = table.table("clients") {
        for (name, _) in clients.every() {
            let id: &str = name.get_ref();
            let fits = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b':');
            if id.is_empty() || id.len() > 128 || !id.bytes().all(fits) {
                clients.wrong(
                    &name.span(),
                    id,
                    "cannot be the id of a client: letters, digits and signs, without blanks, `:` and quotes",
                );
                continue;
            }
            if let Some(client) = clients.table(id) {
                let read = read_client(&client, id, folder, &settings);
                client.close();
                settings.clients.insert(id.to_owned(), read);
            }
        }
    }
    settings
}

fn algorithm(text: &str) -> Option<Algorithm> {
    Algorithm::parse(text).filter(|algorithm| algorithm.is_public())
}

fn read_algorithms(table: &Table<'_>, settings: &mut OauthSettings) {
    let Some(texts) = table.texts("algorithms") else {
        return;
    };
    settings.algorithms.clear();
    for (span, text) in texts {
        match algorithm(&text) {
            Some(algorithm) if !settings.algorithms.contains(&algorithm) => {
                settings.algorithms.push(algorithm);
            }
            Some(_) => {}
            None => table.wrong(
                &span,
                "algorithms",
                &format!("must hold RS256, ES256 or EdDSA, not {text:?}"),
            ),
        }
    }
    if settings.algorithms.is_empty() {
        settings.algorithms = OauthSettings::default().algorithms;
    }
}

fn read_times(table: &Table<'_>, times: &mut OauthTimes) {
    table.duration_into("code", &mut times.code);
    table.duration_into("access_token", &mut times.access);
    table.duration_into("id_token", &mut times.id_token);
    table.duration_into("refresh_token", &mut times.refresh);
    let most = Duration::from_secs(10 * 60);
    if times.code > most
        && let Some((span, _)) = table.find("code")
    {
        // RFC 6749 §4.1.2
        table.wrong(&span, "code", "must be 10 minutes at most");
        times.code = most;
    }
}

fn read_acr(table: &Table<'_>, settings: &mut OauthSettings) {
    let Some(acr) = table.table("acr") else {
        return;
    };
    for (name, value) in acr.every() {
        let key: &str = name.get_ref();
        if key.is_empty() || key.contains(' ') {
            acr.wrong(
                &name.span(),
                key,
                "cannot be a value of acr: it has no blanks",
            );
            continue;
        }
        let Some(table) = value.get_ref().as_table().and_then(|_| acr.table(key)) else {
            acr.wrong(
                &value.span(),
                key,
                "must be { level = 10 } or { journey = \"…\" }",
            );
            continue;
        };
        let mut level = 0_u32;
        table.number("level", 0, &mut level);
        let journey = table.text("journey");
        if let Some((at, _)) = table.find("journey") {
            let source = table.source();
            settings.places.insert(key.to_owned(), Place { source, at });
        }
        let meant = match (table.has("level"), journey) {
            (true, None) => Some(Acr::Level(level)),
            (false, Some(journey)) => Some(Acr::Journey(journey)),
            _ => {
                acr.wrong(
                    &value.span(),
                    key,
                    "must be { level = 10 } or { journey = \"…\" }",
                );
                None
            }
        };
        table.close();
        if let Some(meant) = meant {
            settings.acr.insert(key.to_owned(), meant);
        }
    }
}

fn read_claims(table: &Table<'_>, settings: &mut OauthSettings) {
    if let Some(claims) = table.table("claims") {
        for (name, value) in claims.every() {
            let claim: &str = name.get_ref();
            match value.get_ref().as_str() {
                Some(attribute) if !attribute.is_empty() => {
                    if !settings.claims.claim(claim, attribute) {
                        claims.wrong(&name.span(), claim, "is the provider's own to say");
                    }
                }
                _ => claims.wrong(&value.span(), claim, "must be the name of an attribute"),
            }
        }
    }
    if let Some(scopes) = table.table("scopes") {
        for (name, _) in scopes.every() {
            let scope: &str = name.get_ref();
            if !is_scope(scope) {
                scopes.wrong(
                    &name.span(),
                    scope,
                    "cannot be a scope: it has no blanks and quotes",
                );
                continue;
            }
            let shown = scopes.texts(scope).unwrap_or_default();
            for (span, claim) in &shown {
                if RESERVED.contains(&claim.as_str()) {
                    scopes.wrong(span, scope, &format!("cannot show `{claim}`"));
                }
            }
            settings
                .claims
                .scope(scope, shown.into_iter().map(|(_, claim)| claim));
        }
    }
}

/// RFC 6749 §3.3
fn is_scope(text: &str) -> bool {
    let fits = |b: u8| matches!(b, b'!' | b'#'..=b'[' | b']'..=b'~');
    !text.is_empty() && text.bytes().all(fits)
}

fn read_client(table: &Table<'_>, id: &str, folder: &Path, realm: &OauthSettings) -> OauthClient {
    let mut client = OauthClient::new(Client::public(id));
    client.times = realm.times;
    client.algorithm = realm
        .algorithms
        .first()
        .copied()
        .unwrap_or(Algorithm::Rs256);
    read_who(table, folder, &mut client);
    client.client.name = table.text("name");
    client.client.redirect_uris = addresses(table, "redirect_uris");
    client.client.post_logout_redirect_uris = addresses(table, "post_logout_redirect_uris");
    read_scopes(table, &mut client);
    let consent = |text: &str| match text {
        "ask" => Some(Consent::Ask),
        "implied" => Some(Consent::Implied),
        _ => None,
    };
    if let Some(consent) = table.parsed("consent", "\"ask\" or \"implied\"", consent) {
        client.client.consent = consent;
    }
    read_grants(table, &mut client);
    let format = |text: &str| match text {
        "opaque" => Some(TokenFormat::Opaque),
        "jwt" => Some(TokenFormat::Jwt),
        _ => None,
    };
    if let Some(format) = table.parsed("token_format", "\"opaque\" or \"jwt\"", format) {
        client.client.format = format;
    }
    let of_realm = |text: &str| algorithm(text).filter(|one| realm.algorithms.contains(one));
    if let Some(algorithm) =
        table.parsed("algorithm", "one of the algorithms of the realm", of_realm)
    {
        client.algorithm = algorithm;
    }
    let audience = table.texts("audience").unwrap_or_default();
    client.audience = audience.into_iter().map(|(_, one)| one).collect();
    table.flag("introspect_all", &mut client.introspects_all);
    read_times(table, &mut client.times);
    client
}

fn read_who(table: &Table<'_>, folder: &Path, client: &mut OauthClient) {
    let read = table.parsed(
        "type",
        "\"public\" or \"confidential\"",
        |text| match text {
            "public" => Some(true),
            "confidential" => Some(false),
            _ => None,
        },
    );
    if !table.has("type") {
        table.missing("type", "write \"public\" or \"confidential\"");
    }
    let public = read.unwrap_or(true);
    for key in ["secret", "next_secret"] {
        client
            .secrets
            .extend(table.has(key).then(|| table.secret(key, folder)).flatten());
    }
    client.keys = table.text("keys").map(|path| folder.join(path));
    let word = |text: &str| ClientAuth::ALL.into_iter().find(|one| one.word() == text);
    let words = "one of client_secret_basic, client_secret_post and private_key_jwt";
    let auth = table.parsed("auth", words, |text| {
        word(text).filter(|auth| *auth != ClientAuth::None)
    });
    let usual = match (public, client.keys.is_some()) {
        (true, _) => ClientAuth::None,
        (false, true) => ClientAuth::PrivateKeyJwt,
        (false, false) => ClientAuth::Basic,
    };
    client.client.auth = if public {
        ClientAuth::None
    } else {
        auth.unwrap_or(usual)
    };
    client.client.pkce = true;
    if public {
        for key in ["secret", "next_secret", "keys", "auth"] {
            if let Some((span, _)) = table.find(key).filter(|_| table.has(key)) {
                table.wrong(
                    &span,
                    key,
                    "is nothing for a public client, which can keep no secret",
                );
            }
        }
    } else {
        table.flag("pkce", &mut client.client.pkce);
        match client.client.auth {
            ClientAuth::PrivateKeyJwt if client.keys.is_none() => {
                table.missing(
                    "keys",
                    "write the file of the client's public keys, a JWK set",
                );
            }
            ClientAuth::Basic | ClientAuth::Post if !table.has("secret") => {
                table.missing("secret", "write { file = \"…\" } or { env = \"…\" }");
            }
            _ => {}
        }
    }
}

fn addresses(table: &Table<'_>, key: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (span, uri) in table.texts(key).unwrap_or_default() {
        if is_redirect_uri(&uri) {
            all.push(uri);
        } else {
            table.wrong(
                &span,
                key,
                "must hold whole addresses without a fragment: https, http on this machine, or a scheme of \
                 an app's own, with a dot in it",
            );
        }
    }
    all
}

fn read_scopes(table: &Table<'_>, client: &mut OauthClient) {
    let texts = |key: &str| {
        let mut all = Vec::new();
        for (span, scope) in table.texts(key).unwrap_or_default() {
            if is_scope(&scope) {
                all.push((span, scope));
            } else {
                table.wrong(&span, key, "must hold scopes: without blanks and quotes");
            }
        }
        all
    };
    let scopes = texts("scopes");
    if scopes.is_empty() && !table.has("scopes") {
        client.scopes(["openid", "profile", "email"]);
    }
    for (_, scope) in scopes {
        client.client.scopes.insert(scope, None);
    }
    if table.has("default_scopes") {
        client.client.default_scopes.clear();
        for (span, scope) in texts("default_scopes") {
            if client.client.scopes.contains_key(&scope) {
                client.client.default_scopes.push(scope);
            } else {
                table.wrong(
                    &span,
                    "default_scopes",
                    &format!("`{scope}` is none of its scopes"),
                );
            }
        }
    }
    if let Some(words) = table.table("scope_words") {
        for (name, value) in words.every() {
            let scope: &str = name.get_ref();
            match (
                client.client.scopes.get_mut(scope),
                value.get_ref().as_str(),
            ) {
                (Some(shown), Some(text)) => *shown = Some(text.to_owned()),
                (None, _) => words.wrong(&name.span(), scope, "is none of its scopes"),
                (_, None) => words.wrong(&value.span(), scope, "must be a text"),
            }
        }
    }
}

fn read_grants(table: &Table<'_>, client: &mut OauthClient) {
    if let Some(grants) = table.texts("grants") {
        client.client.grants = BTreeSet::new();
        for (span, text) in grants {
            match Grant::ALL.into_iter().find(|grant| grant.word() == text) {
                Some(Grant::ClientCredentials) if client.client.is_public() => table.wrong(
                    &span,
                    "grants",
                    "client_credentials is for confidential clients",
                ),
                Some(grant) => {
                    client.client.grants.insert(grant);
                }
                None => table.wrong(
                    &span,
                    "grants",
                    &format!(
                        "must hold authorization_code, refresh_token or client_credentials, not {text:?}"
                    ),
                ),
            }
        }
    }
    let codes = client.client.grants.contains(&Grant::AuthorizationCode);
    if codes && client.client.redirect_uris.is_empty() && !table.has("redirect_uris") {
        table.missing(
            "redirect_uris",
            "write the addresses that codes are sent to",
        );
    }
}
