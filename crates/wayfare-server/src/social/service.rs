//! A service elsewhere that knows who a social token stands for: `auth_info`.

use std::{collections::BTreeMap, time::Duration};

use wayfare::{Realm, Secret};
use wayfare_wire::social::{AuthInfo, form};

use super::{
    http::{Ask, Caller},
    token::SocialProfile,
};
use crate::{
    config::{AuthInfoService, Config},
    trust::trusting,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The service.
#[derive(Debug)]
pub(super) struct Service {
    url: String,
    key: Secret<String>,
    caller: Caller,
}

/// The services of all realms.
///
/// # Errors
/// A key cannot be read: which, and why.
pub(super) fn services(config: &Config) -> Result<BTreeMap<Realm, Service>, (Realm, String)> {
    let mut services = BTreeMap::new();
    for (realm, settings) in &config.realms {
        let social = settings.social.as_ref();
        if let Some(service) = social.and_then(|social| social.auth_info.as_ref()) {
            let opened = Service::new(service);
            let opened = opened.map_err(|why| (realm.clone(), format!("auth_info: {why}")))?;
            services.insert(realm.clone(), opened);
        }
    }
    Ok(services)
}

impl Service {
    fn new(settings: &AuthInfoService) -> Result<Self, String> {
        let key = settings.api_key.read().map_err(|error| error.to_string())?;
        if key.reveal().is_empty() {
            return Err("its key is empty".to_owned());
        }
        Ok(Self {
            url: settings.url.clone(),
            key,
            caller: Caller {
                tls: trusting(None, None)?,
                timeout: PATIENCE,
                private: false,
            },
        })
    }

    /// Who a token stands for; `None` where the service knows nobody.
    ///
    /// # Errors
    /// It does not answer, or not as it should.
    pub(super) async fn ask(
        &self,
        token: &Secret<String>,
    ) -> Result<Option<SocialProfile>, String> {
        let body = form(&[
            ("apiKey", self.key.reveal()),
            ("token", token.reveal()),
            ("format", "json"),
        ]);
        let answer = self.caller.ask(Ask {
            url: &self.url,
            form: Some(Secret::new(body)),
            authorization: None,
        });
        let answer = answer.await?;
        let read = AuthInfo::read(&answer.body);
        let read = read.map_err(|error| format!("the service of auth_info: {error}"))?;
        Ok(read.map(SocialProfile::elsewhere))
    }
}
