//! What a provider knows from its settings: its clients with their secrets, its keys, what it says of itself.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use ring::digest::{SHA256, digest};
use serde_json::Value as Json;
use wayfare::{Realm, Timestamp};
use wayfare_wire::{
    jose::{Algorithm, Expected, Typ, VerifyingKey, read_jwks},
    json::Bounds,
    oauth::{
        Client, ClientAuth, Code, OauthError, claims::ClaimMap, metadata::Metadata,
        token::Credentials,
    },
};

use super::Call;
use crate::{
    config::{Acr, OauthClient, OauthSettings, OauthTimes},
    keys::KeyError,
    signing::{KeyUse, SigningKeys},
    store::token::{Kind, NewToken, Token, TokenKey},
};

/// The fewest bytes of a client's secret.
const SECRET_BYTES_MIN: usize = 16;
/// The longest that an assertion of a client may last, in seconds.
const ASSERTION_SECONDS_MAX: u64 = 10 * 60;
/// How many seconds a client's clock may differ.
const LEEWAY: u64 = 30;
/// The ids of assertions that were used.
const ASSERTION: Kind = Kind::new("oauth.assertion");

/// A client with its secrets.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) client: Client,
    pub(crate) times: OauthTimes,
    pub(crate) algorithm: Algorithm,
    pub(crate) audience: Vec<String>,
    pub(crate) introspects_all: bool,
    /// The hashes of its secrets.
    secrets: Vec<Hash>,
    keys: Vec<VerifyingKey>,
}

type Hash = [u8; 32];

/// The provider of a realm.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) clients: BTreeMap<String, Known>,
    pub(crate) acr: BTreeMap<String, Acr>,
    pub(crate) claims: ClaimMap,
    pub(crate) keys: Arc<SigningKeys>,
    algorithms: Vec<Algorithm>,
}

/// Why a provider cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// What a client is known by cannot be used.
    #[error("client `{client}`: {message}")]
    Client {
        /// The client.
        client: String,
        /// What is wrong.
        message: String,
    },
}

impl Provider {
    pub(crate) fn open(
        (data, realm): (&Path, &Realm),
        settings: &OauthSettings,
        base: &str,
        now: Timestamp,
    ) -> Result<Self, ProviderError> {
        let mut issuer = format!("{base}/oauth2");
        for (at, part) in realm.parts().enumerate() {
            issuer.push_str(if at == 0 {
                "/realms/root/realms/"
            } else {
                "/realms/"
            });
            issuer.push_str(part);
        }
        let mut clients = BTreeMap::new();
        for (id, client) in &settings.clients {
            let known = Known::open(client).map_err(|message| ProviderError::Client {
                client: id.clone(),
                message,
            })?;
            clients.insert(id.clone(), known);
        }
        let keys = SigningKeys::open(data, realm, KeyUse::OAuth, &settings.algorithms, now)?;
        Ok(Self {
            issuer,
            clients,
            acr: settings.acr.clone(),
            claims: settings.claims.clone(),
            keys: Arc::new(keys),
            algorithms: settings.algorithms.clone(),
        })
    }

    pub(super) fn metadata(&self) -> Json {
        let mut scopes: Vec<String> = self.claims.scopes().map(str::to_owned).collect();
        for client in self.clients.values() {
            scopes.extend(client.client.scopes.keys().cloned());
        }
        scopes.sort_unstable();
        scopes.dedup();
        let own = ["sub", "iss", "auth_time", "acr", "amr", "sid"].into_iter();
        let claims: Vec<String> = own.chain(self.claims.all()).map(str::to_owned).collect();
        let acr: Vec<String> = self.acr.keys().cloned().collect();
        Metadata {
            issuer: &self.issuer,
            algorithms: &self.algorithms,
            scopes: &scopes,
            claims: &claims,
            acr: &acr,
        }
        .document()
    }
}

impl Known {
    fn open(settings: &OauthClient) -> Result<Self, String> {
        let mut secrets = Vec::new();
        for source in &settings.secrets {
            let secret = source.read().map_err(|error| error.to_string())?;
            if secret.reveal().len() < SECRET_BYTES_MIN {
                return Err(format!(
                    "the secret in {source} must have {SECRET_BYTES_MIN} bytes at least"
                ));
            }
            secrets.push(hash(secret.reveal()));
        }
        let keys = match &settings.keys {
            None => Vec::new(),
            Some(path) => {
                let unreadable = |message: String| format!("{}: {message}", path.display());
                let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
                let keys = read_jwks(&bytes, Bounds::default()).filter(|keys| !keys.is_empty());
                keys.ok_or_else(|| {
                    unreadable("it is no JWK set with a key for signatures".to_owned())
                })?
            }
        };
        Ok(Self {
            client: settings.client.clone(),
            times: settings.times,
            algorithm: settings.algorithm,
            audience: settings.audience.clone(),
            introspects_all: settings.introspects_all,
            secrets,
            keys,
        })
    }

    fn has_secret(&self, given: &str) -> bool {
        let given = hash(given);
        // All of them, so that the time tells nothing.
        let mut found = false;
        for own in &self.secrets {
            let differs = own.iter().zip(&given).fold(0, |all, (a, b)| all | (a ^ b));
            found |= differs == 0;
        }
        found
    }
}

fn hash(secret: &str) -> Hash {
    let mut hash = [0; 32];
    let digest = digest(&SHA256, secret.as_bytes());
    for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    hash
}

impl<'a> Call<'a> {
    /// The client that has said who it is, and is.
    pub(super) async fn client(&self, credentials: &Credentials) -> Result<&'a Known, OauthError> {
        let basic = matches!(credentials, Credentials::Secret { basic: true, .. });
        let unknown = || OauthError {
            basic,
            ..OauthError::new(Code::InvalidClient, "the client is not known by this")
        };
        let known = |id: &str| self.provider.clients.get(id);
        match credentials {
            Credentials::None(id) => known(id)
                .filter(|known| known.client.is_public())
                .ok_or_else(unknown),
            Credentials::Secret { id, secret, .. } => {
                let found = known(id);
                // The way that is registered is the way that counts (RFC 7591 §2).
                let by_secret = |known: &&Known| match known.client.auth {
                    ClientAuth::Basic => basic,
                    ClientAuth::Post => !basic,
                    ClientAuth::None | ClientAuth::PrivateKeyJwt => false,
                };
                let right = found.is_some_and(|known| known.has_secret(secret.reveal()));
                found
                    .filter(by_secret)
                    .filter(|_| right)
                    .ok_or_else(unknown)
            }
            Credentials::Assertion { id, token } => self.by_assertion(id.as_deref(), token).await,
        }
    }

    /// RFC 7523 §3: a token of the client about itself, for this server, once.
    async fn by_assertion(&self, id: Option<&str>, token: &str) -> Result<&'a Known, OauthError> {
        let unknown = || OauthError::new(Code::InvalidClient, "the client is not known by this");
        let now = self.app.clock.now();
        let endpoint = format!("{}/access_token", self.provider.issuer);
        for known in self.provider.clients.values() {
            let own = known.client.auth == ClientAuth::PrivateKeyJwt
                && id.is_none_or(|id| id == known.client.id);
            if !own {
                continue;
            }
            let expected = Expected {
                typ: Typ::Plain,
                issuer: Some(&known.client.id),
                audience: &[&self.provider.issuer, &endpoint],
                algorithms: &[Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256],
                leeway: LEEWAY,
            };
            let Ok(verified) = expected.verify(&known.keys, token, now) else {
                continue;
            };
            let exp = verified.seconds("exp").unwrap_or(0);
            let short = exp <= now.0 / 1_000 + ASSERTION_SECONDS_MAX + LEEWAY;
            let about = verified.text("sub") == Some(known.client.id.as_str());
            let Some(jti) = verified.text("jti").filter(|jti| !jti.is_empty()) else {
                return Err(unknown());
            };
            if !short || !about || !self.is_first(known, jti, exp).await? {
                return Err(unknown());
            }
            return Ok(known);
        }
        Err(unknown())
    }

    /// Whether an assertion was not used before.
    async fn is_first(&self, known: &Known, jti: &str, exp: u64) -> Result<bool, OauthError> {
        let now = self.app.clock.now();
        let key = TokenKey::of(
            ASSERTION,
            &format!("{} {}\n{jti}", self.realm(), known.client.id),
        );
        let token = Token {
            realm: self.realm().clone(),
            subject: None,
            client: Some(known.client.id.clone()),
            family: None,
            session: None,
            issued: now,
            exp: Timestamp(exp.saturating_add(LEEWAY + 1).saturating_mul(1_000)),
            used: Some(now),
            data: Json::Null,
        };
        let first = self.app.store().is_first_use(NewToken { key, token }).await;
        self.kept(first)
    }
}
