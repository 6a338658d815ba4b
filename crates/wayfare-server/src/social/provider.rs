//! A provider at work: what it publishes is kept for a while, codes are exchanged, tokens are looked at.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use wayfare::{
    Secret, Timestamp, Value,
    engine::effect::{BeginSocial, Brought, FinishSocial, Person, SocialReply},
};
use wayfare_wire::{
    jose::{Algorithm, VerifyingKey, read_jwks},
    social::{Authorize, BOUNDS, Claims, IdToken, Metadata, NotTheirs, TokenAnswer, TokenRequest},
};

use super::http::{Ask, Caller};
use crate::{config::ProviderSettings, trust::trusting};

/// How long what a provider publishes is kept.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// How often the keys of a provider are fetched anew at most, for a token that none of those at hand signed.
const KEYS_AGAIN: Duration = Duration::from_secs(60);
/// How ID tokens may be signed.
const SIGNED: &[Algorithm] = &[Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256];

/// Why a provider says nothing that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unheard {
    /// It cannot be reached, or not be understood: the node fails.
    Down(String),
    /// Its word is not good: nobody is logged in.
    Denied(String),
}

/// Who somebody is at a provider, and what it says of them.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) subject: Arc<str>,
    pub(crate) claims: Claims,
    access: Option<Secret<String>>,
    refresh: Option<Secret<String>>,
}

impl Known {
    /// When the token is over that says it, where there is one.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        let seconds = self.claims.0.get("exp")?.as_u64()?;
        Some(Timestamp(seconds.saturating_add(60).saturating_mul(1_000)))
    }
}

/// A provider.
pub(crate) struct Provider {
    pub(crate) name: Arc<str>,
    pub(crate) settings: ProviderSettings,
    secret: Option<Secret<String>>,
    caller: Caller,
    redirect: String,
    /// Whether the answer comes to the login page, which hands on all of it.
    to_page: bool,
    published: Mutex<Option<(Timestamp, Arc<Metadata>)>>,
    keys: Mutex<Option<Keys>>,
}

#[derive(Clone)]
struct Keys {
    at: Timestamp,
    all: Arc<Vec<VerifyingKey>>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// A provider of the settings; nothing is asked yet.
    ///
    /// # Errors
    /// The secret or the authorities cannot be read.
    pub(super) fn new(
        name: &str,
        settings: &ProviderSettings,
        origin: &str,
    ) -> Result<Self, String> {
        let secret = settings.client_secret.as_ref();
        let secret = secret
            .map(|source| source.read().map_err(|error| error.to_string()))
            .transpose()?;
        if secret
            .as_ref()
            .is_some_and(|secret| secret.reveal().is_empty())
        {
            return Err("the client's secret is empty".to_owned());
        }
        let page = format!("{}/", origin.trim_end_matches('/'));
        let redirect = settings
            .redirect_uri
            .clone()
            .unwrap_or_else(|| page.clone());
        Ok(Self {
            name: Arc::from(name),
            secret,
            caller: Caller {
                tls: trusting(settings.ca.as_deref(), None)?,
                timeout: settings.timeout,
                private: settings.private,
            },
            to_page: redirect == page,
            redirect,
            settings: settings.clone(),
            published: Mutex::default(),
            keys: Mutex::default(),
        })
    }

    /// How it is offered.
    pub(super) fn offered(&self) -> wayfare::engine::effect::Provider {
        let mut ui: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let display = self.settings.display_name.as_deref().unwrap_or(&self.name);
        ui.insert(Arc::from("buttonDisplayName"), Value::from(display));
        for (name, text) in &self.settings.ui {
            ui.insert(Arc::from(name.as_str()), Value::from(text.as_str()));
        }
        wayfare::engine::effect::Provider {
            name: Arc::clone(&self.name),
            ui: Value::Map(Arc::new(ui)),
        }
    }

    /// Where somebody logs in.
    ///
    /// # Errors
    /// What the provider publishes cannot be had.
    pub(super) async fn begin(
        &self,
        begin: &BeginSocial,
        now: Timestamp,
    ) -> Result<SocialReply, Unheard> {
        let texts = |list: &[String]| list.iter().map(|text| Arc::from(text.as_str())).collect();
        if begin.native {
            return Ok(SocialReply::Native {
                client: Arc::from(self.settings.client_id.as_str()),
                redirect: Arc::from(self.redirect.as_str()),
                scopes: texts(&self.settings.scopes),
                acr_values: texts(&self.settings.acr_values),
            });
        }
        let url = self
            .authorize(&begin.state, &begin.nonce, &begin.verifier, None, now)
            .await?;
        Ok(SocialReply::Redirect {
            url: Arc::from(url),
            method: Arc::from("GET"),
            data: None,
        })
    }

    /// The address at which somebody logs in, who then comes back there.
    pub(crate) async fn authorize(
        &self,
        state: &Secret<String>,
        nonce: &Secret<String>,
        verifier: &Secret<String>,
        back: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Unheard> {
        let metadata = self.metadata(now).await?;
        let openid = self.settings.is_openid();
        Ok(Authorize {
            endpoint: &metadata.authorize,
            client: &self.settings.client_id,
            redirect: back.unwrap_or(&self.redirect),
            scopes: &self.settings.scopes,
            state: state.reveal(),
            nonce: openid.then(|| nonce.reveal().as_str()),
            verifier: verifier.reveal(),
            acr_values: &self.settings.acr_values,
            response_mode: (self.settings.form_post && back.is_none()).then_some("form_post"),
            others: &self.settings.parameters,
        }
        .url())
    }

    /// Who somebody is that came back.
    pub(super) async fn finish(
        &self,
        finish: &FinishSocial,
        now: Timestamp,
    ) -> Result<SocialReply, Unheard> {
        let nonce = Some(&finish.nonce);
        let known = match &finish.brought {
            Brought::Code {
                code,
                verifier,
                issuer,
            } => {
                self.came_from_here(issuer.as_deref(), self.to_page, now)
                    .await?;
                self.exchange(code, Some(verifier), nonce, None, now)
                    .await?
            }
            Brought::Token { token, kind } => match &**kind {
                "authorization_code" => self.exchange(token, None, nonce, None, now).await?,
                kind => self.presented(kind, token, nonce, now).await?,
            },
        };
        Ok(SocialReply::Told(Box::new(self.person(known))))
    }

    /// Who a token is about that somebody brings.
    pub(crate) async fn presented(
        &self,
        kind: &str,
        token: &Secret<String>,
        nonce: Option<&Secret<String>>,
        now: Timestamp,
    ) -> Result<Known, Unheard> {
        match kind {
            "id_token" => {
                let claims = self.believed(token, None, nonce, now).await?;
                self.known(claims, None, None)
            }
            // Whom it was given to, nobody can say: another app's maker could bring those of its users.
            "access_token" if self.settings.trust_access_tokens => {
                let claims = self.userinfo(token, now).await?;
                self.known(claims, Some(token.clone()), None)
            }
            _ => Err(Unheard::Denied(
                "a token of this kind is not taken".to_owned(),
            )),
        }
    }

    /// Who has logged in and came back with this code.
    pub(crate) async fn exchange(
        &self,
        code: &Secret<String>,
        verifier: Option<&Secret<String>>,
        nonce: Option<&Secret<String>>,
        back: Option<&str>,
        now: Timestamp,
    ) -> Result<Known, Unheard> {
        let metadata = self.metadata(now).await?;
        let request = TokenRequest {
            client: &self.settings.client_id,
            secret: self.secret.as_ref(),
            method: self.settings.auth_method,
            code,
            redirect: back.unwrap_or(&self.redirect),
            verifier,
        };
        let answer = self.caller.ask(Ask {
            url: &metadata.token,
            form: Some(request.body()),
            authorization: request.authorization(),
        });
        let answer = answer.await.map_err(Unheard::Down)?;
        if answer.status >= 500 {
            return Err(Unheard::Down(format!("status {}", answer.status)));
        }
        let tokens = TokenAnswer::read(answer.status, &answer.body);
        let tokens = tokens.map_err(|error| Unheard::Denied(error.to_string()))?;
        let claims = match (&tokens.id, &tokens.access) {
            (Some(id), access) if self.settings.is_openid() => {
                let signed = self.believed(id, access.as_ref(), nonce, now).await?;
                match access {
                    Some(access) if metadata.userinfo.is_some() => {
                        let more = self.userinfo(access, now).await?;
                        let all = signed.and(more);
                        all.map_err(|error| Unheard::Denied(error.to_string()))?
                    }
                    _ => signed,
                }
            }
            // Nothing binds the answer to the run but the code, which was exchanged here and now.
            (_, Some(access)) if !self.settings.is_openid() => self.userinfo(access, now).await?,
            _ => return Err(Unheard::Denied("the provider says nobody".to_owned())),
        };
        self.known(claims, tokens.access, tokens.refresh)
    }

    /// Whether an answer, handed on whole or in part, says that it is this provider's, where it has to (RFC 9207).
    pub(crate) async fn came_from_here(
        &self,
        issuer: Option<&str>,
        whole: bool,
        now: Timestamp,
    ) -> Result<(), Unheard> {
        let metadata = self.metadata(now).await?;
        let must = self.settings.require_iss;
        let must = must.unwrap_or(metadata.names_itself && whole);
        let same = match (issuer, &metadata.issuer) {
            (None, _) => !must,
            (Some(said), Some(known)) => said == known,
            (Some(_), None) => false,
        };
        if same {
            Ok(())
        } else {
            Err(Unheard::Denied(
                "the answer is of another provider".to_owned(),
            ))
        }
    }

    fn known(
        &self,
        claims: Claims,
        access: Option<Secret<String>>,
        refresh: Option<Secret<String>>,
    ) -> Result<Known, Unheard> {
        let subject = claims.subject(&self.settings.mapping);
        let subject = subject.map_err(|error| Unheard::Denied(error.to_string()))?;
        Ok(Known {
            subject,
            claims,
            access,
            refresh,
        })
    }

    fn person(&self, known: Known) -> Person {
        let mut attributes = known.claims.attributes(&self.settings.mapping);
        // Whoever has no name there is called by the link, which is nobody else's.
        attributes
            .entry(Arc::from("userName"))
            .or_insert_with(|| Value::from(format!("{}-{}", self.name, known.subject).as_str()));
        Person {
            raw: known.claims.raw(),
            attributes,
            subject: known.subject,
            access: known.access,
            refresh: known.refresh,
        }
    }

    /// The claims of an ID token; keys are fetched anew where none of those at hand signed it.
    async fn believed(
        &self,
        token: &Secret<String>,
        access: Option<&Secret<String>>,
        nonce: Option<&Secret<String>>,
        now: Timestamp,
    ) -> Result<Claims, Unheard> {
        let Some(issuer) = self.settings.issuer.as_deref() else {
            return Err(Unheard::Denied(
                "the provider makes no ID tokens".to_owned(),
            ));
        };
        let wanted = IdToken {
            issuer,
            client: &self.settings.client_id,
            nonce: nonce.map(|nonce| nonce.reveal().as_str()),
            access: access.map(|access| access.reveal().as_str()),
            algorithms: SIGNED,
        };
        let look = |keys: &Keys| wanted.claims(keys.all.iter(), token.reveal(), now);
        let keys = self.keys(now, KEPT).await?;
        let mut seen = look(&keys);
        if seen.as_ref().is_err_and(|why| why.may_be_newer()) && now.since(keys.at) >= KEYS_AGAIN {
            seen = look(&self.keys(now, Duration::ZERO).await?);
        }
        seen.map_err(|why: NotTheirs| Unheard::Denied(why.to_string()))
    }

    async fn userinfo(&self, access: &Secret<String>, now: Timestamp) -> Result<Claims, Unheard> {
        let metadata = self.metadata(now).await?;
        let Some(url) = &metadata.userinfo else {
            return Err(Unheard::Denied(
                "the provider tells nothing of its users".to_owned(),
            ));
        };
        let bytes = access.reveal().bytes();
        if !bytes.into_iter().all(|byte| byte.is_ascii_graphic()) {
            return Err(Unheard::Denied("it is no token".to_owned()));
        }
        let answer = self.caller.ask(Ask {
            url,
            form: None,
            authorization: Some(Secret::new(format!("Bearer {}", access.reveal()))),
        });
        let answer = answer.await.map_err(Unheard::Down)?;
        match answer.status {
            200 => Claims::read(&answer.body).map_err(|error| Unheard::Denied(error.to_string())),
            status if status >= 500 => Err(Unheard::Down(format!("status {status}"))),
            status => Err(Unheard::Denied(format!("status {status}"))),
        }
    }

    /// The endpoints: those of the settings, and for the rest what the provider publishes.
    pub(super) async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, Unheard> {
        let kept = {
            let kept = self.published.lock();
            kept.unwrap_or_else(PoisonError::into_inner).clone()
        };
        if let Some((at, kept)) = kept
            && now.since(at) < KEPT
        {
            return Ok(kept);
        }
        let settings = &self.settings;
        let complete = settings.authorize.is_some()
            && settings.token.is_some()
            && (settings.jwks.is_some() || !settings.is_openid());
        let mut metadata = match &settings.issuer {
            Some(issuer) if !complete => {
                let url = Metadata::address(issuer);
                let read = self.read(&url).await?;
                Metadata::read(issuer, &read).map_err(|error| Unheard::Down(error.to_string()))?
            }
            issuer => Metadata {
                issuer: issuer.clone(),
                ..Metadata::default()
            },
        };
        let written = |text: &Option<String>, into: &mut String| {
            if let Some(text) = text {
                into.clone_from(text);
            }
        };
        written(&settings.authorize, &mut metadata.authorize);
        written(&settings.token, &mut metadata.token);
        metadata.userinfo = settings.userinfo.clone().or(metadata.userinfo);
        metadata.jwks = settings.jwks.clone().or(metadata.jwks);
        let metadata = Arc::new(metadata);
        let mut kept = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = Some((now, Arc::clone(&metadata)));
        Ok(metadata)
    }

    /// The keys, not older than this.
    async fn keys(&self, now: Timestamp, oldest: Duration) -> Result<Keys, Unheard> {
        let kept = {
            let kept = self.keys.lock();
            kept.unwrap_or_else(PoisonError::into_inner).clone()
        };
        if let Some(kept) = kept
            && now.since(kept.at) < oldest
        {
            return Ok(kept);
        }
        let metadata = self.metadata(now).await?;
        let Some(url) = &metadata.jwks else {
            return Err(Unheard::Down("the provider publishes no keys".to_owned()));
        };
        let read = self.read(url).await?;
        let all = read_jwks(&read, BOUNDS);
        let all = all.ok_or_else(|| Unheard::Down("its keys cannot be read".to_owned()))?;
        let keys = Keys {
            at: now,
            all: Arc::new(all),
        };
        let mut kept = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(keys.clone());
        Ok(keys)
    }

    async fn read(&self, url: &str) -> Result<bytes::Bytes, Unheard> {
        let ask = Ask {
            url,
            form: None,
            authorization: None,
        };
        let answer = self.caller.ask(ask).await.map_err(Unheard::Down)?;
        if answer.status == 200 {
            Ok(answer.body)
        } else {
            Err(Unheard::Down(format!("status {}", answer.status)))
        }
    }
}
