//! Authorization: who is there, how well and since when; whether they agree; and a code for the client.
//!
//! Where the session is not enough the browser goes to the login page, with a journey that makes it enough,
//! and comes back here once: what comes back says that it was there, signed, and is not sent there again.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use wayfare::{Secret, Timestamp};
use wayfare_wire::{
    am::{goto::CHARS_MAX, reply::Reply},
    jose::{Algorithm, Expected, Typ},
    oauth::{
        Code, Consent, OauthError,
        authorize::{Authorize, Refused, client_id, redirect_to, with_query},
        form, page, pairs,
    },
    query::Query,
    same,
};

use super::{
    CODE, CONSENT, Call,
    issue::{CODE_PREFIX, Granted, Whose, name, secret},
    known::Known,
};
use crate::{
    am::session,
    audit::{Event, EventName},
    config::Acr,
    store::{
        session::Session,
        token::{Basis, NewToken, Token, TokenKey},
    },
};

/// The parameter by which a browser comes back from the login page.
const BACK: &str = "wayfare_login";
/// How long somebody may take to log in.
const LOGIN_MAX: Duration = Duration::from_secs(30 * 60);
/// How long a consent is remembered.
const CONSENT_FOR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Parameters of the answer of a page, which are no part of the request.
const ANSWER: &[&str] = &["decision", "csrf"];

/// What the login page has to bring about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// A session.
    Session,
    /// A login after the request.
    Fresh,
    /// A session of this value of `acr`.
    Better(Acr),
}

/// What a browser that comes back has with it: when it was sent to the login page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sent(Timestamp);

impl Call<'_> {
    pub(super) async fn authorize(&self, query: Query) -> Reply {
        let answers = self.parts.method == "POST";
        let request = if answers {
            match form(self.parts) {
                Ok(form) => form,
                Err(error) => return self.shown(&error),
            }
        } else {
            query
        };
        let known = client_id(&request).and_then(|id| {
            self.provider
                .clients
                .get(id)
                .ok_or_else(|| OauthError::invalid("client_id is not known"))
        });
        let known = match known {
            Ok(known) => known,
            Err(error) => return self.shown(&error),
        };
        let read = Authorize::read(&request, &known.client, &self.provider.issuer);
        let asked = match read {
            Ok(asked) => asked,
            Err(Refused::Shown(error)) => return self.shown(&error),
            Err(Refused::Sent(back, error)) => {
                self.refused(&error, Some(&known.client.id));
                return back.error(&error);
            }
        };
        match self.decide(&request, known, &asked, answers).await {
            Ok(reply) => reply,
            Err(error) => {
                self.refused(&error, Some(&known.client.id));
                asked.back.error(&error)
            }
        }
    }

    /// An error that no client may be told, as whoever asked can read it.
    fn shown(&self, error: &OauthError) -> Reply {
        self.refused(error, None);
        let mut accept = self.parts.header("accept");
        if accept.any(|accept| accept.contains("text/html")) {
            page::error(error)
        } else {
            error.reply()
        }
    }

    async fn decide(
        &self,
        request: &Query,
        known: &Known,
        asked: &Authorize,
        answers: bool,
    ) -> Result<Reply, OauthError> {
        let now = self.app.clock.now();
        let sent = self.came_back(request, known, now);
        let cookie = &self.app.cookies.session;
        let token = self.parts.session_token(cookie).map(Secret::new);
        let session = match &token {
            Some(token) => self.kept(session::find(self.app, token.reveal()))?,
            None => None,
        };
        let session = session.filter(|session| session.realm == *self.realm());
        let session = match session {
            Some(session) => self.kept(session::touched(self.app, session, now).await)?,
            None => None,
        };
        let (Some(session), Some(token)) = (session, token) else {
            return self.login(request, known, asked, (Wanted::Session, sent));
        };
        if let Some(wanted) = self.missing(asked, &session, sent).await? {
            return self.login(request, known, asked, (wanted, sent));
        }
        let acr = self.reached(asked, &session);
        let Some(acr) = acr else {
            let known_acr = asked.acr.iter().find_map(|value| self.meant(value));
            let wanted = known_acr.ok_or_else(|| {
                let error = "no value of acr_values is known";
                OauthError::new(Code::UnmetAuthenticationRequirements, error)
            })?;
            return self.login(request, known, asked, (Wanted::Better(wanted), sent));
        };
        if self.user(&session.subject, &[]).await?.is_none() {
            return Err(OauthError::new(
                Code::AccessDenied,
                "the user may not log in",
            ));
        }
        if let Some(reply) = self
            .consent(request, known, asked, (&session, &token), answers)
            .await?
        {
            return Ok(reply);
        }
        self.code(known, asked, &session, acr).await
    }

    /// What the session lacks in time, or in whose it is.
    async fn missing(
        &self,
        asked: &Authorize,
        session: &Session,
        sent: Option<Sent>,
    ) -> Result<Option<Wanted>, OauthError> {
        let now = self.app.clock.now();
        let since = sent.is_some_and(|Sent(sent)| session.created >= sent);
        if asked.prompt.login && !since {
            return Ok(Some(Wanted::Fresh));
        }
        if let Some(seconds) = asked.max_age {
            // A login that was made for this request is as young as can be, however long the way back took.
            let over = session.created.plus(Duration::from_secs(seconds)) <= now;
            if over && !since {
                return Ok(Some(Wanted::Fresh));
            }
        }
        if let Some(hint) = &asked.id_token_hint {
            let subject = self.hinted(hint).await?;
            if subject != session.subject {
                return Ok(Some(Wanted::Fresh));
            }
        }
        Ok(None)
    }

    /// Whom an ID token of this provider is about, however old it is.
    async fn hinted(&self, hint: &str) -> Result<String, OauthError> {
        let wrong = || OauthError::invalid("id_token_hint is no ID token of this provider");
        let verified = self.id_token_of(hint).await?.ok_or_else(wrong)?;
        verified.text("sub").map(str::to_owned).ok_or_else(wrong)
    }

    /// The claims of an ID token that this provider has signed; its time does not matter.
    pub(super) async fn id_token_of(
        &self,
        token: &str,
    ) -> Result<Option<wayfare_wire::jose::Verified>, OauthError> {
        let now = self.app.clock.now();
        let keys = self.provider.keys.ready(now).await;
        let keys = keys.map_err(|error| self.broken(&error))?;
        let expected = Expected {
            typ: Typ::Plain,
            issuer: Some(&self.provider.issuer),
            audience: &[],
            algorithms: &[Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa],
            // A hint is no proof: RP-Initiated Logout §2 and Core §3.1.2.1 take one that has expired.
            leeway: u64::MAX / 2,
        };
        Ok(keys.verify(token, &expected, now).ok())
    }

    /// What a value of `acr` stands for.
    fn meant(&self, value: &str) -> Option<Acr> {
        let own = self.provider.acr.get(value).cloned();
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        own.or_else(|| digits.then(|| value.parse().ok().map(Acr::Level)).flatten())
    }

    fn satisfies(acr: &Acr, session: &Session) -> bool {
        match acr {
            // Level 0 is that of whoever is there.
            Acr::Level(0) => true,
            Acr::Level(level) => session.proved && session.level.number() >= *level,
            Acr::Journey(journey) => session.proved && passed(session, journey),
        }
    }

    /// The value of `acr` of a session: of those that are asked for the first that fits, or none; else the
    /// best that has a name; else the level.
    fn reached(&self, asked: &Authorize, session: &Session) -> Option<String> {
        if !asked.acr.is_empty() {
            let fits = |value: &&String| {
                self.meant(value)
                    .is_some_and(|acr| Self::satisfies(&acr, session))
            };
            return asked.acr.iter().find(fits).cloned();
        }
        let named = self.provider.acr.iter();
        let named = named.filter_map(|(value, acr)| match acr {
            Acr::Level(level) if *level > 0 && Self::satisfies(acr, session) => {
                Some((*level, value))
            }
            _ => None,
        });
        let best = named.max().map(|(_, value)| value.clone());
        Some(best.unwrap_or_else(|| {
            let level = if session.proved {
                session.level.number()
            } else {
                0
            };
            level.to_string()
        }))
    }

    /// Sends the browser to the login page, once.
    fn login(
        &self,
        request: &Query,
        known: &Known,
        asked: &Authorize,
        (wanted, sent): (Wanted, Option<Sent>),
    ) -> Result<Reply, OauthError> {
        let code = match wanted {
            Wanted::Session | Wanted::Fresh => Code::LoginRequired,
            Wanted::Better(_) if asked.prompt.none => Code::LoginRequired,
            Wanted::Better(_) => Code::UnmetAuthenticationRequirements,
        };
        if asked.prompt.none {
            return Err(OauthError::new(code, "the user has to log in"));
        }
        if sent.is_some() {
            return Err(OauthError::new(code, "the login was not what is asked for"));
        }
        let now = self.app.clock.now();
        let back = self.back(known, now);
        let own = request
            .iter()
            .filter(|(name, _)| !ANSWER.contains(name) && *name != BACK);
        let query = pairs(own.chain([(BACK, back.as_str())]));
        let base = &self.app.config.server.base_path;
        let goto = with_query(&format!("{base}{}", self.parts.path), &query);
        if goto.chars().count() > CHARS_MAX {
            return Err(OauthError::invalid("the request is too long to log in for"));
        }
        // A login that is asked for may as well be good enough at once.
        let acr = match &wanted {
            Wanted::Better(acr) => Some(acr.clone()),
            Wanted::Session | Wanted::Fresh => asked.acr.iter().find_map(|value| self.meant(value)),
        };
        let index = match acr {
            Some(Acr::Level(least)) if least > 0 => Some(("level", least.to_string())),
            Some(Acr::Journey(journey)) => Some(("service", journey)),
            Some(Acr::Level(_)) | None => None,
        };
        let mut page = vec![("realm", self.realm().as_str()), ("goto", &goto)];
        if wanted == Wanted::Fresh {
            page.push(("ForceAuth", "true"));
        }
        if let Some((kind, value)) = &index {
            page.extend([("authIndexType", *kind), ("authIndexValue", value.as_str())]);
        }
        Ok(redirect_to(&with_query("/", &pairs(page))))
    }

    fn signed(&self, words: &[&str]) -> String {
        let tag = self.state.keys.sign(words.join("\n").as_bytes());
        URL_SAFE_NO_PAD.encode(tag)
    }

    /// What a browser comes back with from the login page.
    fn back(&self, known: &Known, now: Timestamp) -> String {
        let at = now.0.to_string();
        let signature = self.signed(&["oauth-login", self.realm().as_str(), &known.client.id, &at]);
        format!("{at}.{signature}")
    }

    fn came_back(&self, request: &Query, known: &Known, now: Timestamp) -> Option<Sent> {
        let (at, signature) = request.one(BACK).ok().flatten()?.split_once('.')?;
        let words = ["oauth-login", self.realm().as_str(), &known.client.id, at];
        let given = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let sent = Timestamp(at.parse().ok()?);
        let right = self.state.keys.signed(words.join("\n").as_bytes(), &given);
        (right && sent <= now && now < sent.plus(LOGIN_MAX)).then_some(Sent(sent))
    }

    /// The page that asks, where it is to be shown; `None` where the user agrees.
    async fn consent(
        &self,
        request: &Query,
        known: &Known,
        asked: &Authorize,
        (session, token): (&Session, &Secret<String>),
        answers: bool,
    ) -> Result<Option<Reply>, OauthError> {
        let csrf = self.signed(&[
            "oauth-consent",
            &session.handle,
            &known.client.id,
            &asked.back.redirect_uri,
            &asked.scope.join(" "),
        ]);
        if answers && let Some(decision) = request.one("decision").ok().flatten() {
            let given = request.one("csrf").ok().flatten().unwrap_or_default();
            // Clients of the product answer with the token of the session, which is as hard to guess.
            if !same(given, &csrf) && !same(given, token.reveal()) {
                return Err(OauthError::new(
                    Code::AccessDenied,
                    "the answer is not of this session",
                ));
            }
            if decision != "allow" {
                return Err(OauthError::new(Code::AccessDenied, "the user has said no"));
            }
            self.agree(known, asked, session).await?;
            return Ok(None);
        }
        if known.client.consent == Consent::Implied && !asked.prompt.consent {
            return Ok(None);
        }
        let agreed = self.agreed(known, session)?;
        let all = asked.scope.iter().all(|scope| agreed.contains(scope));
        if all && !asked.prompt.consent {
            return Ok(None);
        }
        if asked.prompt.none {
            return Err(OauthError::new(
                Code::ConsentRequired,
                "the user has to agree",
            ));
        }
        let own = request.iter().filter(|(name, _)| !ANSWER.contains(name));
        let page = page::ConsentPage {
            client: known.client.name.as_deref().unwrap_or(&known.client.id),
            username: &session.username,
            scopes: asked
                .scope
                .iter()
                .map(|scope| words_of(known, scope))
                .collect(),
            request: own.collect(),
            csrf: &csrf,
        };
        Ok(Some(page.reply()))
    }

    fn consent_key(&self, known: &Known, session: &Session) -> TokenKey {
        let whose = [self.realm().as_str(), &known.client.id, &session.subject].join("\n");
        TokenKey::of(CONSENT, &whose)
    }

    /// What a user has let a client have.
    fn agreed(&self, known: &Known, session: &Session) -> Result<Vec<String>, OauthError> {
        let now = self.app.clock.now();
        let key = self.consent_key(known, session);
        let found = self.kept(self.app.store().token(&key, now))?;
        let scopes = found.and_then(|token| serde_json::from_value(token.data).ok());
        Ok(scopes.unwrap_or_default())
    }

    async fn agree(
        &self,
        known: &Known,
        asked: &Authorize,
        session: &Session,
    ) -> Result<(), OauthError> {
        let now = self.app.clock.now();
        let mut scopes = self.agreed(known, session)?;
        scopes.extend(asked.scope.iter().cloned());
        scopes.sort_unstable();
        scopes.dedup();
        let new = NewToken {
            key: self.consent_key(known, session),
            token: Token {
                realm: self.realm().clone(),
                subject: Some(session.subject.clone()),
                client: Some(known.client.id.clone()),
                family: None,
                session: None,
                issued: now,
                exp: now.plus(CONSENT_FOR),
                used: None,
                data: json!(scopes),
            },
        };
        let replaced = self.app.store().replace_token(new).await;
        self.kept(replaced)
    }

    async fn code(
        &self,
        known: &Known,
        asked: &Authorize,
        session: &Session,
        acr: String,
    ) -> Result<Reply, OauthError> {
        let now = self.app.clock.now();
        let code = self.random(secret(CODE_PREFIX))?;
        let whose = Whose {
            subject: session.subject.clone(),
            family: self.random(name())?,
            session: Some(session.handle.clone()),
        };
        let granted = Granted {
            scope: asked.scope.clone(),
            auth_time: session.created.0 / 1_000,
            acr,
            amr: amr(session),
            until: now.plus(known.times.refresh).0,
        };
        let granted = serde_json::to_value(granted).map_err(|error| self.broken(&error))?;
        let data = json!({
            "granted": granted,
            "redirect_uri": asked.redirect_given.then_some(&asked.back.redirect_uri),
            "nonce": asked.nonce,
            "challenge": asked.challenge,
        });
        let exp = now.plus(known.times.code);
        let new = self.kept_as((CODE, &code), known, Some(&whose), (now, exp), data);
        let basis = Basis::Session(session.handle.clone());
        self.kept(self.app.store().put_tokens(vec![new], basis).await)?;
        let scope = asked.scope.join(" ");
        let event = Event::new(EventName::GrantMade)
            .text("realm", self.realm().as_str())
            .text("username", &session.username)
            .text("oauthClient", &known.client.id)
            .text("scope", &scope)
            .hashed("session", session.handle.as_bytes())
            .hashed("grant", whose.family.as_bytes())
            .client(self.parts.client);
        self.app.audit(&event);
        Ok(asked.back.code(code.reveal()))
    }
}

/// What a user is told of a scope.
fn words_of<'k>(known: &'k Known, scope: &'k str) -> &'k str {
    let own = known.client.scopes.get(scope).and_then(Option::as_deref);
    own.unwrap_or(match scope {
        "openid" => "know who you are",
        "profile" => "see your name and profile",
        "email" => "see your email address",
        "phone" => "see your phone number",
        "address" => "see your address",
        other => other,
    })
}

/// Whether a session came through a journey.
fn passed(session: &Session, journey: &str) -> bool {
    let services = session.properties.get("Service").and_then(Json::as_str);
    services.unwrap_or("").split('|').any(|one| one == journey)
}

/// By what the user was authenticated (RFC 8176).
fn amr(session: &Session) -> Vec<String> {
    let factors = session::kept(session, session::FACTORS).and_then(Json::as_str);
    let mut all: Vec<String> = Vec::new();
    let factors = factors.unwrap_or("").split('|');
    let named = factors.filter_map(|factor| {
        Some(match factor {
            "password" => "pwd",
            "otp" | "mail_link" | "recovery" => "otp",
            "device" => "pop",
            "push" => "swk",
            "certificate" => "hwk",
            "knowledge" => "kba",
            "federation" => "fed",
            _ => return None,
        })
    });
    let mut count = 0;
    for name in named {
        count += 1;
        if !all.iter().any(|known| known == name) {
            all.push(name.to_owned());
        }
    }
    if count > 1 && all.len() > 1 {
        all.push("mfa".to_owned());
    }
    all
}
