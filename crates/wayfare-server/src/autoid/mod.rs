//! Autonomous Identity, served: tokens for names and passwords that a journey lets in.
//!
//! Whatever is wrong with a name, a password or a token has one face. A token is as good as what its user
//! has: it is over with its time, with its id, with the user's access, and with all that the user had.

mod admin;
mod rate;
mod user;

use std::sync::Arc;

use serde_json::Value as Json;
use wayfare::{
    Factor, Secret, Start, SubjectId, Success, Timestamp,
    engine::effect::{Identity, Who},
    headless::{Answers, Given, Outcome, Slot},
};
use wayfare_wire::{
    am::{
        authenticate::Site as _,
        realm::{Host, Realms as _},
        reply::Reply,
        request::Parts,
    },
    autoid::{
        call::{Asked, Call, Login},
        credential::Credential,
        operation::Operation,
        refusal::Refusal,
        reply::Answer,
        token::{self, Issuing},
    },
    jose::{Claims, KeySet, Verified},
    json::Bounds,
    query::Query,
};

use self::{
    admin::{API, Maker},
    rate::Rate,
};
use crate::{
    app::{App, RealmState},
    audit::{Event, EventName, hex},
    clock::drawn,
    config::{AutoidSettings, BindingSettings},
    headless::{self, Ran, Wish},
    store::{
        ending::Since,
        token::{Kind, NewToken, Seen, Token, TokenKey},
    },
};

/// What this wire is called in the audit.
const WIRE: &str = "autoid";

/// Ids of tokens that were ended before their time.
const REVOKED: Kind = Kind::new("autoid.revoked");

/// Logins whose tokens were all ended, by their ids.
const ENDED: Kind = Kind::new("autoid.ended");

/// The binding of the login, where the settings have one.
const LOGIN: &str = "autoid.login";

/// The claim by which a token is over when all that its user has ends.
const STANDING: &str = "standing";

/// What is kept in memory for all realms.
#[derive(Debug)]
pub(crate) struct Desk {
    rate: Rate,
    started: Timestamp,
}

impl Desk {
    /// With nothing counted yet.
    pub(crate) fn open(now: Timestamp) -> Self {
        Self {
            rate: Rate::default(),
            started: now,
        }
    }
}

/// What is at hand for one request.
struct Turn<'a> {
    app: &'a App,
    state: &'a RealmState,
    settings: &'a AutoidSettings,
    issuing: Issuing,
    keys: Arc<KeySet>,
    now: Timestamp,
    /// The time before the request was looked at.
    since: Since,
}

/// Whose token came.
struct Holder {
    /// The claims, of the token of a login.
    verified: Option<Verified>,
    /// Of a token for programs, what its own are bound to.
    program: Option<Maker>,
    identity: Identity,
}

/// The realm whose interface a request is for; nothing where the path is none of this wire's.
pub(crate) fn place<'a>(app: &'a App, host: Option<&str>, path: &str) -> Option<&'a RealmState> {
    let is_ours = path == "/api" || path.starts_with("/api/") || Operation::at(path).is_some();
    if !is_ours {
        return None;
    }
    let serves = |state: &&RealmState| state.settings.autoid.is_some();
    let named = match host.map(|host| app.host(host)) {
        Some(Host::Bound(realm)) => app.realms.get(&realm).filter(serves),
        _ => None,
    };
    let page = || app.realms.get(&app.config.page_realm).filter(serves);
    named
        .or_else(page)
        .or_else(|| app.realms.values().find(serves))
}

/// The answer to a request that is not read to its end.
pub(crate) fn too_large() -> Reply {
    Refusal::TooLarge.reply(&request_id())
}

/// By what logs know a request.
fn request_id() -> String {
    drawn::<12>().map_or_else(|_| String::new(), |bytes| hex(bytes.iter()))
}

/// Answers one request.
pub(crate) async fn answer(app: &App, state: &RealmState, parts: &Parts<'_>) -> Reply {
    let id = request_id();
    let done = match Turn::begin(app, state).await {
        Ok(turn) => turn.answer(parts).await,
        Err(refusal) => Err(refusal),
    };
    match done {
        Ok(answer) => answer.reply(),
        Err(refusal) => {
            let message = refusal.to_string();
            let event = Event::new(EventName::AccessRefused)
                .text("wire", WIRE)
                .text("realm", state.realm.as_str())
                .text("result", "FAILED")
                .text("path", shown(parts.path))
                .text("reason", &message)
                .text("request", &id)
                .number("status", u64::from(refusal.status()))
                .client(parts.client);
            app.audit(&event);
            refusal.reply(&id)
        }
    }
}

/// A path as it may be logged: what stands behind one that takes a token is left out.
fn shown(path: &str) -> &str {
    Operation::at(path).map_or("", |(operation, _)| operation.path())
}

fn internal(error: &dyn std::fmt::Display, app: &App) -> Refusal {
    app.log.error(&error.to_string());
    Refusal::Internal
}

impl<'a> Turn<'a> {
    async fn begin(app: &'a App, state: &'a RealmState) -> Result<Self, Refusal> {
        let settings = state.settings.autoid.as_ref().ok_or(Refusal::Internal)?;
        let keys = state.autoid_keys.as_ref().ok_or(Refusal::Internal)?;
        let now = app.clock.now();
        let since = app.store().since();
        let keys = keys.ready(now).await;
        Ok(Self {
            app,
            state,
            settings,
            issuing: Issuing {
                issuer: app.origin.clone(),
                audience: settings.audience.clone(),
                algorithm: settings.algorithm,
                lifetime: settings.lifetime,
                lifetime_max: settings.lifetime_max,
            },
            keys: keys.map_err(|error| internal(&error, app))?,
            now,
            since,
        })
    }

    async fn answer(&self, parts: &Parts<'_>) -> Result<Answer, Refusal> {
        let asked = Asked::read(parts)?;
        // Before the body is read: strangers learn nothing of what it must be.
        let holder = match &asked.credential {
            None => None,
            Some(Credential::Login(token)) => Some(self.holder(token).await?),
            Some(Credential::Program(token)) => Some(self.program(token).await?),
        };
        let limits = &self.app.config.limits;
        let bounds = Bounds {
            bytes: limits.body_bytes,
            depth: u32::try_from(limits.json_depth).unwrap_or(u32::MAX),
            string_bytes: limits.string_bytes,
            ..Bounds::default()
        };
        if let Some(holder) = &holder
            && asked.operation.is_for_administrators()
            && !self.is_administrator(&holder.identity)
        {
            return Err(Refusal::Forbidden);
        }
        let call = asked.call(parts, bounds)?;
        match (asked.operation, call, holder) {
            (Operation::Login, Call::Login(login), _) => self.login(login, parts).await,
            (Operation::Verify, _, Some(holder)) => {
                let verified = holder.verified.ok_or(Refusal::BadToken)?;
                Ok(Answer::Verified(verified.claims))
            }
            (Operation::RenewToken, _, Some(holder)) => self.renew(holder).await,
            (Operation::Actions, _, Some(holder)) => {
                let user = user::of(&holder.identity, self.settings);
                Ok(Answer::Actions(self.settings.roles.of(&user.groups)))
            }
            (Operation::Logout, _, Some(holder)) => {
                let verified = holder.verified.ok_or(Refusal::BadToken)?;
                self.end_login(&verified).await?;
                Ok(Answer::Done)
            }
            (Operation::Keys, ..) => Ok(Answer::Keys(self.keys.jwks(self.now))),
            (Operation::HealthCheck, ..) => Ok(Answer::Health {
                uptime: self.now.since(self.app.autoid.started).as_secs(),
            }),
            (Operation::Version, ..) => Ok(Answer::Version),
            (Operation::Config, ..) => Ok(Answer::Config {
                ldap: true,
                oidc: false,
            }),
            (Operation::VerifyApiToken, ..) => {
                let named = match &asked.named {
                    Some(Credential::Program(token)) => self.api_token(token)?,
                    Some(Credential::Login(_)) | None => None,
                };
                let shown = named.as_ref().and_then(admin::shown);
                Ok(Answer::ApiTokenVerified(shown))
            }
            (_, call, Some(holder)) => {
                let by = admin::By {
                    identity: &holder.identity,
                    program: holder.program.as_ref(),
                };
                self.administer(asked.operation, call, by).await
            }
            _ => Err(Refusal::Internal),
        }
    }

    fn is_administrator(&self, identity: &Identity) -> bool {
        let user = user::of(identity, self.settings);
        let permitted = self.settings.roles.of(&user.groups);
        permitted.actions.iter().any(|action| action == "*")
    }

    /// Runs the journey of the login.
    async fn login(&self, login: Login, parts: &Parts<'_>) -> Result<Answer, Refusal> {
        let most = self.settings.logins_per_minute;
        let too_many = self.app.autoid.rate.take(parts.client, most, self.now);
        if let Some(retry_after) = too_many {
            return Err(Refusal::TooMany { retry_after });
        }
        let binding = self.state.settings.bindings.get(LOGIN);
        let journey = match binding {
            Some(binding) => Arc::from(&*binding.journey),
            None => (self.app.default_journey(&self.state.realm)).ok_or(Refusal::Internal)?,
        };
        let Ok(query) = Query::parse("") else {
            return Err(Refusal::Internal);
        };
        let wish = Wish {
            wire: WIRE,
            start: Start::journey(journey)
                .realm(self.state.realm.clone())
                .no_session(),
            answers: answers(binding, login),
            request: parts.to_request(query),
            tells: false,
            standing: None,
            person: None,
        };
        let run = match headless::run(self.app, wish).await {
            Ran::Done(run) => run,
            Ran::Busy { retry_after } => {
                return Err(Refusal::Busy {
                    retry_after: retry_after.into(),
                });
            }
            Ran::NoJourney | Ran::Expired | Ran::Failed => return Err(Refusal::Internal),
        };
        match run.outcome {
            // Without a proof there is nobody that a token could stand for.
            Outcome::Success(success) if success.proved => self.issue(&success, run.since).await,
            _ => Err(Refusal::BadLogin),
        }
    }

    async fn issue(&self, success: &Success, since: Since) -> Result<Answer, Refusal> {
        let subject = &success.subject.id;
        let realm = &self.state.realm;
        let standing = self.app.store().standing_since(realm, &subject.0, since);
        let standing = standing.map_err(|error| internal(&error, self.app))?;
        // A password that was set meanwhile, or a user who was disabled, ends what is on its way.
        let standing = standing.ok_or(Refusal::BadLogin)?;
        let identity = self.identity(subject).await?;
        let identity = identity.ok_or(Refusal::BadLogin)?;
        let user = user::of(&identity, self.settings);
        let login = token::Login {
            user,
            realm: self.state.realm.clone(),
            at: self.now,
            methods: methods(success),
            level: success.level.number(),
        };
        let claims = self.issuing.issue(&login, &self.id()?);
        let token = self.sign(claims, standing.as_str())?;
        Ok(Answer::Token {
            user: login.user,
            token,
        })
    }

    async fn renew(&self, holder: Holder) -> Result<Answer, Refusal> {
        let Holder {
            verified, identity, ..
        } = holder;
        let verified = verified.ok_or(Refusal::BadToken)?;
        // As it was found to be: what ends meanwhile ends the new token, too.
        let standing = verified.text(STANDING).ok_or(Refusal::BadToken)?;
        let user = user::of(&identity, self.settings);
        let renewed = self
            .issuing
            .renew(&verified, &user, &self.id()?, self.now)
            .map_err(|_| Refusal::BadToken)?;
        // Of two that renew one token at once, one gets another.
        if self.settings.rotate && !self.revoke(&verified).await? {
            return Err(Refusal::BadToken);
        }
        let token = self.sign(renewed, standing)?;
        Ok(Answer::Token { user, token })
    }

    fn id(&self) -> Result<String, Refusal> {
        let bytes: [u8; 20] = drawn().map_err(|error| internal(&error, self.app))?;
        Ok(hex(bytes.iter()))
    }

    /// Signs for somebody who stands like this: it was read before they were let in.
    fn sign(&self, mut claims: Claims, standing: &str) -> Result<Secret<String>, Refusal> {
        claims.insert(STANDING.into(), standing.into());
        let key = self.keys.signing(Some(self.settings.algorithm), self.now);
        let key = key.ok_or(Refusal::Internal)?;
        let signed = key.sign(token::TYP, &claims);
        signed
            .map(Secret::new)
            .map_err(|error| internal(&error, self.app))
    }

    fn standing(&self, subject: &SubjectId) -> Result<String, Refusal> {
        let standing = self.app.store().standing(&self.state.realm, &subject.0);
        let standing = standing.map_err(|error| internal(&error, self.app))?;
        Ok(standing.as_str().to_owned())
    }

    /// Whose token this is, as they are now.
    async fn holder(&self, token: &Secret<String>) -> Result<Holder, Refusal> {
        let realm = &self.state.realm;
        let verified = self
            .issuing
            .verify(token.reveal(), &self.keys, realm, self.now)
            .map_err(|_| Refusal::BadToken)?;
        let (Some(subject), Some(id)) = (verified.text("sub"), verified.text("jti")) else {
            return Err(Refusal::BadToken);
        };
        let subject = SubjectId(Arc::from(subject));
        let login = verified.text(token::LOGIN);
        let revoked = self.is_over(REVOKED, id)?
            || login.map_or(Ok(false), |login| self.is_over(ENDED, login))?;
        let standing = self.standing(&subject)?;
        if revoked || verified.text(STANDING) != Some(&standing) {
            return Err(Refusal::BadToken);
        }
        let identity = self.identity(&subject).await?.ok_or(Refusal::BadToken)?;
        Ok(Holder {
            verified: Some(verified),
            program: None,
            identity,
        })
    }

    /// Whose token for programs this is, as they are now.
    async fn program(&self, token: &Secret<String>) -> Result<Holder, Refusal> {
        let key = TokenKey::of(API, token.reveal());
        let token = self.api_token(token)?.ok_or(Refusal::BadToken)?;
        let maker = Maker {
            key,
            family: token.family.ok_or(Refusal::BadToken)?,
            exp: token.exp,
        };
        let subject = token.subject.ok_or(Refusal::BadToken)?;
        let subject = SubjectId(Arc::from(subject));
        let identity = self.identity(&subject).await?.ok_or(Refusal::BadToken)?;
        Ok(Holder {
            verified: None,
            program: Some(maker),
            identity,
        })
    }

    /// Somebody who may have a token.
    async fn identity(&self, subject: &SubjectId) -> Result<Option<Identity>, Refusal> {
        let who = Who::Subject(subject.clone());
        let found = self.app.identity(&self.state.realm, &who, user::ATTRIBUTES);
        let found = found.await.map_err(|error| internal(&error, self.app))?;
        Ok(found.filter(|identity| identity.active))
    }

    /// Ends a token before its time; whether it was this that ended it.
    async fn revoke(&self, verified: &Verified) -> Result<bool, Refusal> {
        let id = verified.text("jti").ok_or(Refusal::BadToken)?;
        let exp = verified.seconds("exp").ok_or(Refusal::BadToken)?;
        self.ended(REVOKED, id, exp).await
    }

    /// Ends all tokens of a login: the one that came, those before it and those that it was renewed to.
    async fn end_login(&self, verified: &Verified) -> Result<(), Refusal> {
        let Some(login) = verified.text(token::LOGIN) else {
            return self.revoke(verified).await.map(|_| ());
        };
        let begun = verified.seconds("auth_time").ok_or(Refusal::BadToken)?;
        let last = begun.saturating_add(self.settings.lifetime_max.as_secs());
        let exp = verified.seconds("exp").ok_or(Refusal::BadToken)?;
        self.ended(ENDED, login, last.max(exp)).await.map(|_| ())
    }

    /// Keeps that something is over; whether it was not before.
    async fn ended(&self, kind: Kind, id: &str, exp: u64) -> Result<bool, Refusal> {
        let token = Token {
            realm: self.state.realm.clone(),
            subject: None,
            client: None,
            family: None,
            session: None,
            issued: self.now,
            // As long as somebody whose clock is behind may take it for good.
            exp: Timestamp(exp.saturating_mul(1_000)).plus(std::time::Duration::from_secs(60)),
            used: Some(self.now),
            data: Json::Null,
        };
        let key = TokenKey::of(kind, id);
        let first = self.app.store().is_first_use(NewToken { key, token }).await;
        first.map_err(|error| internal(&error, self.app))
    }

    fn is_over(&self, kind: Kind, id: &str) -> Result<bool, Refusal> {
        let key = TokenKey::of(kind, id);
        let seen = self.app.store().look_at_token(&key, self.now);
        let seen = seen.map_err(|error| internal(&error, self.app))?;
        Ok(matches!(seen, Seen::Live(_) | Seen::Used))
    }
}

/// What the journey is answered with.
fn answers(binding: Option<&BindingSettings>, login: Login) -> Answers {
    let mut answers = Answers::new();
    let slot = |field: &str| {
        let bound = binding
            .and_then(|binding| binding.fields.get(field))
            .cloned();
        bound.unwrap_or_else(|| Slot::Field(Arc::from(field), 1))
    };
    answers.put(slot("username"), Given::Text(login.username));
    answers.put(slot("password"), Given::Secret(login.password));
    answers
}

/// What was proved, by the names of RFC 8176 where it has some.
fn methods(success: &Success) -> Vec<String> {
    let mut methods: Vec<String> = Vec::new();
    for evidence in &success.evidence {
        let name = match evidence.factor {
            Factor::Password => "pwd",
            Factor::Otp => "otp",
            Factor::Knowledge => "kba",
            other => other.word(),
        };
        if !methods.iter().any(|known| known == name) {
            methods.push(name.to_owned());
        }
    }
    if methods.len() > 1 {
        methods.push("mfa".to_owned());
    }
    methods
}
