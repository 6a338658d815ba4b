//! Identity providers elsewhere, by realm and name.
//!
//! In: an effect of a run. Out: what the provider says, as far as it counts. Which of its words counts is the
//! wire crate's; here are connections, times and what is kept of what a provider publishes.

mod broker;
mod http;
mod provider;
mod service;
mod token;

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    EffectReply, Realm, Secret, Timestamp,
    engine::effect::{Brought, Social, SocialReply},
};

pub use self::token::{SOCIAL, SocialProfile, SocialTokenError, SocialTokens};
pub(crate) use self::{
    broker::{answer, from_form, is_below},
    provider::{Known, Provider, Unheard},
};
use crate::{audit::Log, config::Config, store::Store};

/// What a run calls a social token that is brought to it.
const SOCIAL_TOKEN: &str = "social_token";

/// Whether somebody brings a social token, and nothing of a provider itself.
pub(crate) fn is_brought(brought: &Brought) -> bool {
    matches!(brought, Brought::Token { kind, .. } if &**kind == SOCIAL_TOKEN)
}

/// Whom a social token of this provider stands for. It is not used by this: a run may end in questions, after
/// which it is brought again.
async fn by_social_token(
    tokens: &SocialTokens,
    (realm, provider): (&Realm, &str),
    token: &Secret<String>,
    now: Timestamp,
) -> Result<SocialReply, Unheard> {
    let profile = tokens.resolve(realm, token, now).await;
    let profile = profile.map_err(|error| Unheard::Down(error.to_string()))?;
    match profile.filter(|profile| profile.provider == provider) {
        Some(profile) => Ok(SocialReply::Told(Box::new(profile.person()))),
        None => Err(Unheard::Denied("the social token is not good".to_owned())),
    }
}

/// The providers and the social tokens of a server.
///
/// # Errors
/// A secret or certificates cannot be read: of which realm, which, and why.
pub(crate) fn open(
    config: &Config,
    origin: &str,
    store: &Store,
) -> Result<(Providers, SocialTokens), (Realm, String)> {
    let tokens = SocialTokens::new(store.clone()).asking(service::services(config)?);
    Ok((Providers::new(config, origin)?, tokens))
}

/// The providers of all realms.
#[derive(Debug, Default)]
pub(crate) struct Providers {
    by_realm: BTreeMap<Realm, BTreeMap<String, Arc<Provider>>>,
}

impl Providers {
    /// Those of the settings; nothing is asked yet.
    ///
    /// # Errors
    /// A secret or certificates cannot be read: which, and why.
    pub(crate) fn new(config: &Config, origin: &str) -> Result<Self, (Realm, String)> {
        let mut by_realm = BTreeMap::new();
        for (realm, settings) in &config.realms {
            let mut all = BTreeMap::new();
            for (name, settings) in &settings.providers {
                if !settings.enabled {
                    continue;
                }
                let provider = Provider::new(name, settings, origin)
                    .map_err(|why| (realm.clone(), format!("provider `{name}`: {why}")))?;
                all.insert(name.clone(), Arc::new(provider));
            }
            if !all.is_empty() {
                by_realm.insert(realm.clone(), all);
            }
        }
        Ok(Self { by_realm })
    }

    /// The provider of this name in a realm.
    pub(crate) fn get(&self, realm: &Realm, name: &str) -> Option<&Arc<Provider>> {
        self.by_realm.get(realm)?.get(name)
    }

    /// Does what a run wants of a provider.
    pub(crate) async fn perform(
        &self,
        asked: &Social,
        realm: &Realm,
        now: Timestamp,
        (tokens, log): (&SocialTokens, &Log),
    ) -> EffectReply {
        let social = |reply| EffectReply::Social(Box::new(reply));
        let Some(name) = asked.provider() else {
            let all = self.by_realm.get(realm).into_iter().flatten();
            let wanted = |name: &str| match asked {
                Social::Providers { among } => {
                    among.is_empty() || among.iter().any(|known| **known == *name)
                }
                _ => false,
            };
            let all = all.filter(|(name, _)| wanted(name));
            return social(SocialReply::Providers(
                all.map(|(_, provider)| provider.offered()).collect(),
            ));
        };
        let Some(provider) = self.get(realm, name) else {
            return social(SocialReply::Unknown);
        };
        let said = match asked {
            Social::Begin(begin) => provider.begin(begin, now).await,
            Social::Finish(finish) => match &finish.brought {
                brought @ Brought::Token { token, .. } if is_brought(brought) => {
                    by_social_token(tokens, (realm, name), token, now).await
                }
                _ => provider.finish(finish, now).await,
            },
            Social::Providers { .. } => Ok(SocialReply::Unknown),
        };
        match said {
            Ok(reply) => social(reply),
            Err(Unheard::Denied(why)) => {
                // The visitor is told nothing of it, and whoever runs the server must be.
                log.info(&format!(
                    "provider {name:?} of {realm}: not believed: {why}"
                ));
                social(SocialReply::Denied(Arc::from(why)))
            }
            Err(Unheard::Down(why)) => EffectReply::Failed(format!("provider `{name}`: {why}")),
        }
    }
}
