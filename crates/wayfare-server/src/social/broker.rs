//! Browsers and apps that log somebody in for another service, and that service.
//!
//! `GET {path}/{provider}/start?token_url=…` sends a browser to the provider, `GET {path}/signin/callback` takes
//! it back and on to the token URL with a social token; `POST {path}/signin/oauth_token` makes a token of what an
//! app has got from the provider; `{path}/api/v2/auth_info` says who a token stands for. No journey runs here: a
//! journey ends with a user, and whoever has no account yet is who this is for.
//!
//! What a browser began is in a cookie of its own and nowhere else: strangers cannot fill the store, and nobody
//! finishes in one browser what was begun in another.

use std::{fmt::Write as _, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use ring::hmac;
use wayfare::{Realm, Secret};
use wayfare_wire::{
    am::{
        cookie::{Cookie, SameSite},
        reply::Reply,
        request::Parts,
    },
    capture::parameters::Parameters,
    json::Bounds,
    query::Query,
    same,
    social::{BrokerError, posting, profile_reply, stopped, token_reply, with_parameters},
};

use super::{Provider, SocialProfile, Unheard, token::secret};
use crate::{app::App, config::SocialSettings};

/// What a browser began.
const COOKIE: &str = "wayfare-social";
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How long a token URL may be.
const URL_MAX: usize = 2_000;

const BOUNDS: Bounds = Bounds {
    bytes: 64 * 1_024,
    depth: 4,
    string_bytes: 16 * 1_024,
    number_bytes: 32,
};

/// Whether a broker may be meant by a path.
pub(crate) fn is_below(app: &App, path: &str) -> bool {
    let mut all = app.config.realms.values();
    all.any(|realm| {
        let social = realm.social.as_ref();
        social.is_some_and(|social| path.starts_with(&social.path))
    })
}

/// Answers a request, if it is for a broker.
pub(crate) async fn answer(app: &App, parts: &Parts<'_>) -> Option<Reply> {
    for (realm, settings) in &app.config.realms {
        let Some(social) = &settings.social else {
            continue;
        };
        let Some(rest) = parts.path.strip_prefix(social.path.as_str()) else {
            continue;
        };
        let broker = Broker { app, realm, social };
        let rest: Vec<&str> = rest.split('/').skip(1).collect();
        let method = parts.method;
        return Some(match (method, rest.as_slice()) {
            ("GET", ["signin", "callback"]) => broker.callback(parts).await,
            ("GET", [provider, "start"]) => broker.start(provider, parts).await,
            ("POST", ["signin", "oauth_token"]) => broker.oauth_token(parts).await,
            ("GET" | "POST", ["api", "v2", "auth_info"]) => broker.auth_info(parts),
            _ => continue,
        });
    }
    None
}

struct Broker<'a> {
    app: &'a App,
    realm: &'a Realm,
    social: &'a SocialSettings,
}

/// What a browser began: a secret of its own, the provider and where the token is to go.
struct Begun {
    own: String,
    provider: String,
    token_url: String,
}

impl Begun {
    /// Something that follows from the secret and what it is for.
    fn derived(&self, what: &str) -> Secret<String> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.own.as_bytes());
        let text = format!("{what}\n{}\n{}", self.provider, self.token_url);
        let tag = hmac::sign(&key, text.as_bytes());
        let mut digits = String::with_capacity(64);
        for byte in tag.as_ref() {
            // Writing into a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
        }
        Secret::new(digits)
    }

    fn cookie(&self) -> String {
        let url = URL_SAFE_NO_PAD.encode(&self.token_url);
        format!("{}.{}.{url}", self.own, self.provider)
    }

    fn read(cookie: &str) -> Option<Self> {
        let mut parts = cookie.split('.');
        let (own, provider, url) = (parts.next()?, parts.next()?, parts.next()?);
        let url = URL_SAFE_NO_PAD.decode(url).ok()?;
        let fits = own.len() == 64 && parts.next().is_none();
        fits.then_some(Self {
            own: own.to_owned(),
            provider: provider.to_owned(),
            token_url: String::from_utf8(url).ok()?,
        })
    }
}

impl Broker<'_> {
    fn provider(&self, name: &str) -> Option<&std::sync::Arc<Provider>> {
        self.app.performer.providers.get(self.realm, name)
    }

    /// Where the provider sends a browser back to.
    fn back(&self) -> String {
        let origin = self.app.origin.trim_end_matches('/');
        format!("{origin}{}/signin/callback", self.social.path)
    }

    /// Whether tokens may go there: it is one of the list, byte for byte.
    fn may_post_to(&self, url: &str) -> bool {
        url.len() <= URL_MAX && self.social.token_urls.iter().any(|known| known == url)
    }

    fn set(&self, value: &str, cleared: bool) -> Cookie {
        Cookie {
            name: COOKIE.into(),
            value: value.to_owned().into(),
            domain: None,
            secure: self.app.cookies.secure || self.app.origin.starts_with("https://"),
            same_site: Some(SameSite::Lax),
            cleared,
            max_age: (!cleared).then_some(PATIENCE),
            path: Some(self.social.path.clone()),
            http_only: true,
        }
    }

    async fn start(&self, provider: &str, parts: &Parts<'_>) -> Reply {
        let Some(provider) = self.provider(provider) else {
            return stopped(404, "There is no such way to sign in.");
        };
        let asked = Query::parse(parts.query).ok();
        let url = asked
            .as_ref()
            .and_then(|query| query.one("token_url").ok()?);
        let Some(url) = url.filter(|url| self.may_post_to(url)) else {
            return stopped(
                400,
                "This sign-in was not begun by an application that is known here.",
            );
        };
        let Ok(own) = secret() else {
            return stopped(503, "Signing in is not possible now.");
        };
        let begun = Begun {
            own,
            provider: provider.name.to_string(),
            token_url: url.to_owned(),
        };
        let now = self.app.clock.now();
        let (state, nonce) = (begun.derived("state"), begun.derived("nonce"));
        let verifier = begun.derived("verifier");
        let back = self.back();
        let there = provider.authorize(&state, &nonce, &verifier, Some(&back), now);
        match there.await {
            Ok(there) => {
                let mut reply = stopped(302, "");
                reply.body.clear();
                reply.headers.push(("location".into(), there.into()));
                reply.cookies.push(self.set(&begun.cookie(), false));
                reply
            }
            Err(why) => {
                self.note(&provider.name, &why);
                stopped(502, "The place to sign in at does not answer.")
            }
        }
    }

    /// Somebody is back from the provider.
    async fn callback(&self, parts: &Parts<'_>) -> Reply {
        let mut reply = self.came_back(parts).await;
        // What was begun is over, whatever came of it.
        reply.cookies.push(self.set("", true));
        reply
    }

    async fn came_back(&self, parts: &Parts<'_>) -> Reply {
        let strange = || stopped(400, "This sign-in was not begun here, or is over.");
        let mut cookies = parts.cookies().filter(|(name, _)| *name == COOKIE);
        let begun = match (cookies.next(), cookies.next()) {
            (Some((_, cookie)), None) => Begun::read(cookie),
            _ => None,
        };
        let (Some(begun), Ok(query)) = (begun, Query::parse(parts.query)) else {
            return strange();
        };
        let (Some(provider), true) = (
            self.provider(&begun.provider),
            self.may_post_to(&begun.token_url),
        ) else {
            return strange();
        };
        let one = |name| {
            query
                .one(name)
                .ok()
                .flatten()
                .filter(|text| !text.is_empty())
        };
        let state = one("state").is_some_and(|state| same(state, begun.derived("state").reveal()));
        if !state {
            return strange();
        }
        let (Some(code), None) = (one("code"), one("error")) else {
            // The application is told that there is no token, and asks again if it wants.
            return stopped(
                200,
                "You are not signed in. You may close this page or go back.",
            );
        };
        let now = self.app.clock.now();
        let back = self.back();
        let known = async {
            provider.came_from_here(one("iss"), true, now).await?;
            let (nonce, verifier) = (begun.derived("nonce"), begun.derived("verifier"));
            let code = Secret::new(code.to_owned());
            provider
                .exchange(&code, Some(&verifier), Some(&nonce), Some(&back), now)
                .await
        };
        match known.await {
            Ok(known) => {
                let profile = SocialProfile::of(provider, &known);
                match self.mint(&profile).await {
                    Some(token) => posting(&begun.token_url, token.reveal()),
                    None => stopped(503, "Signing in is not possible now."),
                }
            }
            Err(why) => {
                self.note(&provider.name, &why);
                stopped(400, "The sign-in did not work.")
            }
        }
    }

    /// An app has logged somebody in and brings what it got.
    async fn oauth_token(&self, parts: &Parts<'_>) -> Reply {
        let Ok(sent) = Parameters::read(parts, BOUNDS) else {
            return BrokerError::Invalid.reply();
        };
        let Some(provider) = sent.filled("provider") else {
            return BrokerError::Missing.reply();
        };
        let Some(provider) = self.provider(provider) else {
            return BrokerError::Invalid.reply();
        };
        let brought = match (sent.secret("id_token"), sent.secret("token")) {
            (Some(id), None) => ("id_token", id),
            (None, Some(access)) => ("access_token", access),
            (None, None) => return BrokerError::Missing.reply(),
            (Some(_), Some(_)) => return BrokerError::Invalid.reply(),
        };
        let (kind, token) = brought;
        let now = self.app.clock.now();
        let nonce = sent.secret("nonce");
        match provider.presented(kind, token, nonce, now).await {
            Ok(known) => {
                let tokens = &self.app.performer.social;
                let first = match known.expires().filter(|_| kind == "id_token") {
                    // A token of identity logs in once.
                    Some(exp) => tokens.is_first(self.realm, token, (now, exp)).await,
                    None => Ok(true),
                };
                match first {
                    Ok(true) => {}
                    Ok(false) => return BrokerError::NotFound.reply(),
                    Err(_) => return BrokerError::Down.reply(),
                }
                match self.mint(&SocialProfile::of(provider, &known)).await {
                    Some(token) => token_reply(token.reveal()),
                    None => BrokerError::Down.reply(),
                }
            }
            Err(why) => {
                self.note(&provider.name, &why);
                match why {
                    Unheard::Down(_) => BrokerError::Down.reply(),
                    Unheard::Denied(_) => BrokerError::NotFound.reply(),
                }
            }
        }
    }

    /// A service asks who a token stands for.
    fn auth_info(&self, parts: &Parts<'_>) -> Reply {
        let Some(source) = &self.social.api_key else {
            return BrokerError::NotAllowed.reply();
        };
        let Ok(sent) = Parameters::read(parts, BOUNDS) else {
            return BrokerError::Invalid.reply();
        };
        let (Some(given), Some(token)) = (sent.filled("apiKey"), sent.secret("token")) else {
            return BrokerError::Missing.reply();
        };
        let Ok(key) = source.read() else {
            return BrokerError::NotAllowed.reply();
        };
        if key.reveal().is_empty() || !same(given, key.reveal()) {
            return BrokerError::NotAllowed.reply();
        }
        let now = self.app.clock.now();
        // Only those made here: who asks another service asks it directly.
        match self.app.performer.social.own(self.realm, token, now) {
            Ok(Some(profile)) => profile_reply(&profile.shown()),
            Ok(None) => BrokerError::NotFound.reply(),
            Err(_) => BrokerError::Down.reply(),
        }
    }

    async fn mint(&self, profile: &SocialProfile) -> Option<Secret<String>> {
        let tokens = &self.app.performer.social;
        let times = (self.app.clock.now(), self.social.lifetime);
        let made = tokens.mint(self.realm, profile, times).await;
        made.inspect_err(|error| self.app.log.error(&error.to_string()))
            .ok()
    }

    fn note(&self, provider: &str, why: &Unheard) {
        let (Unheard::Down(why) | Unheard::Denied(why)) = why;
        let realm = self.realm;
        self.app
            .log
            .info(&format!("provider {provider:?} of {realm}: {why}"));
    }
}

/// Where a form that a provider posts to the login page leads: the same, with what came in the address.
pub(crate) fn from_form(
    method: &Method,
    content_type: Option<&str>,
    body: &[u8],
) -> Option<String> {
    let form = content_type?.split(';').next()?.trim();
    if *method != Method::POST || !form.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return None;
    }
    let sent = Query::parse(std::str::from_utf8(body).ok()?).ok()?;
    let known = ["code", "state", "iss", "error", "error_description"];
    let mut kept = Vec::new();
    for name in known {
        if let Some(value) = sent.one(name).ok()? {
            kept.push((name, value));
        }
    }
    let answers = kept
        .iter()
        .any(|(name, _)| matches!(*name, "code" | "error"));
    answers.then(|| with_parameters("/", &kept))
}
