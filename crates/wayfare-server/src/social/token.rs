//! Social tokens: who somebody is at a provider, for whoever may ask within a short time.
//!
//! A token is made where somebody has just logged in at a provider, and stands for that. It is looked at as often
//! as needed and used once: an answer that asks for more leaves it as it is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use wayfare::{Realm, Secret, Timestamp, Value, engine::effect::Person};

use crate::{
    audit::hex,
    clock::drawn,
    identities::value,
    store::{
        Store, StoreError,
        token::{Kind, NewToken, Token, TokenKey},
    },
};

/// The kind of social tokens.
pub const SOCIAL: Kind = Kind::new("social");

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
        Self { store }
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
        self.store.put_tokens(vec![NewToken { key, token }]).await?;
        Ok(Secret::new(secret))
    }

    /// Who a token stands for; `None` where it is none of this realm's, over or used. It is not used by this.
    ///
    /// # Errors
    /// Nobody can say.
    #[expect(
        clippy::unused_async,
        reason = "who asks a service elsewhere has to wait for it"
    )]
    pub async fn resolve(
        &self,
        realm: &Realm,
        token: &Secret<String>,
        now: Timestamp,
    ) -> Result<Option<SocialProfile>, SocialTokenError> {
        let key = TokenKey::of(SOCIAL, token.reveal());
        let found = self.store.token(&key, now)?;
        let found = found.filter(|token| token.realm == *realm);
        Ok(found.and_then(|token| serde_json::from_value(token.data).ok()))
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
        if self.resolve(realm, token, now).await?.is_none() {
            return Ok(None);
        }
        let key = TokenKey::of(SOCIAL, token.reveal());
        let fresh = self.store.take_token(key, now).await?.fresh();
        Ok(fresh.and_then(|token| serde_json::from_value(token.data).ok()))
    }
}
