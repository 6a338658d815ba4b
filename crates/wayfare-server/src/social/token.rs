//! Social tokens: who somebody is at a provider, for whoever may ask within a short time.
//!
//! A token is made where somebody has just logged in at a provider, and stands for that. It is looked at as often
//! as needed and used once: an answer that asks for more leaves it as it is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use wayfare::{Realm, Secret, Timestamp, Value, engine::effect::Person};
use wayfare_wire::social::AuthInfo;

use super::{Known, Provider, service::Service};
use crate::{
    audit::hex,
    clock::drawn,
    identities::value,
    store::{
        Store, StoreError,
        token::{Basis, Kind, NewToken, Seen, Taken, Token, TokenKey},
    },
};

/// The kind of social tokens.
pub const SOCIAL: Kind = Kind::new("social");

/// Tokens of identity that an app has brought.
const BROUGHT: Kind = Kind::new("social.brought");
/// Tokens of another service that were used here.
const ELSEWHERE: Kind = Kind::new("social.elsewhere");
/// How long is remembered that a token of another service was used; they are good for minutes.
const ELSEWHERE_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Who somebody is at a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SocialProfile {
    /// The provider, by its name in the settings.
    pub provider: String,
    /// Who it is there; never given to anybody else.
    pub subject: String,
    /// The address that stands for the person: `https://accounts.example.com/1234`.
    pub identifier: String,
    /// The link that accounts keep in `aliasList`: `google-1234`.
    pub link: String,
    /// The mail address.
    pub email: Option<String>,
    /// The mail address, where the provider says that it is this person's.
    pub verified_email: Option<String>,
    /// The whole name.
    pub display_name: Option<String>,
    /// The name that the person goes by there.
    pub preferred_username: Option<String>,
    /// The first name.
    pub given_name: Option<String>,
    /// The last name.
    pub family_name: Option<String>,
    /// What is known, as attributes of users here, by the mapping of the provider.
    pub attributes: BTreeMap<String, Json>,
}

impl SocialProfile {
    /// The profile as `auth_info` shows it.
    pub fn shown(&self) -> Json {
        let mut profile = json!({
            "providerName": self.provider,
            "identifier": self.identifier,
            "providerSpecifier": self.provider,
        });
        let mut name = serde_json::Map::new();
        for (key, text) in [
            ("givenName", &self.given_name),
            ("familyName", &self.family_name),
            ("formatted", &self.display_name),
        ] {
            if let Some(text) = text {
                name.insert(key.to_owned(), Json::from(text.as_str()));
            }
        }
        if let Some(members) = profile.as_object_mut() {
            for (key, text) in [
                ("displayName", &self.display_name),
                ("preferredUsername", &self.preferred_username),
                ("email", &self.email),
                ("verifiedEmail", &self.verified_email),
            ] {
                if let Some(text) = text {
                    members.insert(key.to_owned(), Json::from(text.as_str()));
                }
            }
            if !name.is_empty() {
                members.insert("name".to_owned(), Json::Object(name));
            }
        }
        profile
    }

    /// What a provider has said of somebody.
    pub(crate) fn of(provider: &Provider, known: &Known) -> Self {
        let text = |name: &str| {
            let claim = known.claims.0.get(name).and_then(Json::as_str);
            claim.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let issuer = provider.settings.issuer.as_deref();
        let issuer = issuer.unwrap_or(&provider.name).trim_end_matches('/');
        let attributes = known.claims.attributes(&provider.settings.mapping);
        Self {
            provider: provider.name.to_string(),
            subject: known.subject.to_string(),
            identifier: format!("{issuer}/{}", known.subject),
            link: format!("{}-{}", provider.name, known.subject),
            email: text("email"),
            verified_email: known.claims.verified_mail().map(str::to_owned),
            display_name: text("name"),
            preferred_username: text("preferred_username"),
            given_name: text("given_name"),
            family_name: text("family_name"),
            attributes: attributes
                .into_iter()
                .map(|(name, value)| (name.to_string(), value.to_json()))
                .collect(),
        }
    }

    /// What a service elsewhere has said of somebody.
    pub(super) fn elsewhere(info: AuthInfo) -> Self {
        let attribute = |name: &str, text: &Option<String>| {
            let text = text.as_ref()?;
            Some((name.to_owned(), Json::from(text.as_str())))
        };
        let attributes = [
            attribute("userName", &info.preferred_username),
            attribute("givenName", &info.given_name),
            attribute("sn", &info.family_name),
            attribute("cn", &info.display_name),
            attribute("mail", &info.verified_email),
        ];
        Self {
            link: format!("{}-{}", info.provider, info.identifier),
            provider: info.provider,
            subject: info.identifier.clone(),
            identifier: info.identifier,
            email: info.email,
            verified_email: info.verified_email,
            display_name: info.display_name,
            preferred_username: info.preferred_username,
            given_name: info.given_name,
            family_name: info.family_name,
            attributes: attributes.into_iter().flatten().collect(),
        }
    }

    /// The person, for a run; the provider is not asked again.
    pub(crate) fn person(&self) -> Person {
        let attribute =
            |(name, json): (&String, &Json)| Some((Arc::from(name.as_str()), value(json)?));
        let mut attributes: BTreeMap<Arc<str>, Value> =
            self.attributes.iter().filter_map(attribute).collect();
        attributes
            .entry(Arc::from("userName"))
            .or_insert_with(|| Value::from(self.link.as_str()));
        Person {
            subject: Arc::from(self.subject.as_str()),
            attributes,
            raw: value(&self.shown()).unwrap_or(Value::Null),
            access: None,
            refresh: None,
        }
    }
}

/// The social tokens of a server.
#[derive(Debug, Clone)]
pub struct SocialTokens {
    store: Store,
    services: Arc<BTreeMap<Realm, Service>>,
}

/// A social token cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocialTokenError {
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The service that knows cannot be reached.
    #[error("{0}")]
    Down(String),
    /// There is no randomness.
    #[error("the source of randomness failed")]
    NoRandomness,
}

impl SocialTokens {
    /// Those that this store keeps.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            services: Arc::default(),
        }
    }

    /// The same with the services that are asked about others.
    pub(super) fn asking(mut self, services: BTreeMap<Realm, Service>) -> Self {
        self.services = Arc::new(services);
        self
    }

    /// A new token for somebody who has just logged in at a provider; 40 digits, 160 bits.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn mint(
        &self,
        realm: &Realm,
        profile: &SocialProfile,
        (now, lifetime): (Timestamp, Duration),
    ) -> Result<Secret<String>, SocialTokenError> {
        let bytes: [u8; 20] = drawn().map_err(|_| SocialTokenError::NoRandomness)?;
        let secret = hex(bytes.iter());
        let data = serde_json::to_value(profile).unwrap_or(Json::Null);
        let token = Token {
            realm: realm.clone(),
            subject: None,
            client: None,
            family: None,
            session: None,
            issued: now,
            exp: now.plus(lifetime),
            used: None,
            data,
        };
        let key = TokenKey::of(SOCIAL, &secret);
        self.store
            .put_tokens(vec![NewToken { key, token }], Basis::Nobody)
            .await?;
        Ok(Secret::new(secret))
    }

    /// Who a token that was made here stands for; `None` where it is none of this realm's, over or used.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) fn own(
        &self,
        realm: &Realm,
        token: &Secret<String>,
        now: Timestamp,
    ) -> Result<Option<SocialProfile>, StoreError> {
        let key = TokenKey::of(SOCIAL, token.reveal());
        let found = self.store.token(&key, now)?;
        let found = found.filter(|token| token.realm == *realm);
        Ok(found.and_then(|token| serde_json::from_value(token.data).ok()))
    }

    /// Who a token stands for; `None` where it is none of this realm's, over or used. It is not used by this.
    /// Where the settings name a service that knows more, that is asked about tokens that were not made here.
    ///
    /// # Errors
    /// Nobody can say.
    pub async fn resolve(
        &self,
        realm: &Realm,
        token: &Secret<String>,
        now: Timestamp,
    ) -> Result<Option<SocialProfile>, SocialTokenError> {
        if let Some(profile) = self.own(realm, token, now)? {
            return Ok(Some(profile));
        }
        let Some(service) = self.services.get(realm) else {
            return Ok(None);
        };
        let known = service.ask(token).await.map_err(SocialTokenError::Down)?;
        let key = TokenKey::of(ELSEWHERE, token.reveal());
        // One that was used here is used up, whatever the service says of it.
        let used = known.is_some() && self.store.look_at_token(&key, now)? != Seen::Absent;
        Ok(known.filter(|_| !used))
    }

    /// Uses a token: of any number of callers with the same one, one is told who it stands for.
    ///
    /// # Errors
    /// It cannot be said.
    pub async fn consume(
        &self,
        realm: &Realm,
        token: &Secret<String>,
        now: Timestamp,
    ) -> Result<Option<SocialProfile>, SocialTokenError> {
        // A token of another realm is not used up by asking here.
        let Some(profile) = self.resolve(realm, token, now).await? else {
            return Ok(None);
        };
        let key = TokenKey::of(SOCIAL, token.reveal());
        let first = match self.store.take_token(key, now).await? {
            Taken::Fresh(_) => true,
            Taken::Reused(_) | Taken::Expired => false,
            Taken::Absent => {
                let exp = now.plus(ELSEWHERE_KEPT);
                self.note(ELSEWHERE, realm, token, (now, exp)).await?
            }
        };
        Ok(first.then_some(profile))
    }

    /// Whether a token that a provider has made is brought for the first time.
    ///
    /// # Errors
    /// It cannot be said.
    pub(crate) async fn is_first(
        &self,
        realm: &Realm,
        token: &Secret<String>,
        times: (Timestamp, Timestamp),
    ) -> Result<bool, SocialTokenError> {
        Ok(self.note(BROUGHT, realm, token, times).await?)
    }

    async fn note(
        &self,
        kind: Kind,
        realm: &Realm,
        token: &Secret<String>,
        (now, exp): (Timestamp, Timestamp),
    ) -> Result<bool, StoreError> {
        let used = Token {
            realm: realm.clone(),
            subject: None,
            client: None,
            family: None,
            session: None,
            issued: now,
            exp,
            used: Some(now),
            data: Json::Null,
        };
        let key = TokenKey::of(kind, token.reveal());
        self.store.is_first_use(NewToken { key, token: used }).await
    }
}

/// A text that nobody guesses: 64 digits.
pub(super) fn secret() -> Result<String, SocialTokenError> {
    let bytes: [u8; 32] = drawn().map_err(|_| SocialTokenError::NoRandomness)?;
    Ok(hex(bytes.iter()))
}
