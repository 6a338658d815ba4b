//! Nodes that set cookies, and the one that takes the user from a persistent cookie.
//!
//! A persistent cookie is sealed by the embedder and says whose it is; here stands only where it is asked
//! for and what follows from it.

use std::{sync::Arc, time::Duration};

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Effect, EffectReply},
        error::NodeError,
        node_type::{Prepared, Setup},
        output::{CookieSite, CookieUse, OpenCookie, Output, Remember, SetCookie},
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor, value::Value},
    nodes::{
        failure::unfit,
        reply::unexpected,
        setting::{Kept, constant, constant_or_none, optional},
    },
    secret::Secret,
};

/// The longest value of a cookie that is looked at, and that clients keep.
const VALUE_MAX: usize = 4_096;

/// What the name of a cookie begins with that must be secure.
const SECURE: &str = "__Secure-";
/// What the name of a cookie begins with that must be secure and of one host.
const HOST: &str = "__Host-";

fn usage(setup: &Setup<'_>) -> Result<CookieUse, NodeError> {
    let site: Arc<str> = constant(setup, "sameSite")?;
    let usage = CookieUse {
        secure: constant(setup, "useSecureCookie")?,
        http_only: constant(setup, "useHttpOnlyCookie")?,
        site: match &*site {
            "STRICT" => CookieSite::Strict,
            "LAX" => CookieSite::Lax,
            "NONE" => CookieSite::None,
            _ => return Err(unfit("`sameSite` is none of STRICT, LAX and NONE")),
        },
    };
    if usage.site == CookieSite::None && !usage.secure {
        return Err(unfit(
            "a cookie that travels across sites must be secure: `sameSite = \"NONE\"` needs \
             `useSecureCookie = true`",
        ));
    }
    Ok(usage)
}

fn check_name(name: &str, usage: CookieUse) -> Result<(), NodeError> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || name.len() > 128 || !name.bytes().all(token) {
        return Err(unfit(format!("`{name}` is no name of a cookie")));
    }
    let must_be_secure = name.starts_with(SECURE) || name.starts_with(HOST);
    if must_be_secure && !usage.secure {
        return Err(unfit(format!(
            "cookie `{name}` must be secure, as its name says"
        )));
    }
    Ok(())
}

/// Sets a cookie of the journey's own in the reply at hand.
#[derive(Debug)]
struct SetCustomCookie {
    name: Kept<Arc<str>>,
    value: Kept<Arc<str>>,
    max_age: Option<Kept<Duration>>,
    domain: Option<Kept<Arc<str>>>,
    path: Option<Kept<Arc<str>>>,
    usage: CookieUse,
    outcome: OutcomeId,
}

pub(super) fn custom(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let node = SetCustomCookie {
        name: Kept::get(setup, "name")?,
        value: Kept::get(setup, "value")?,
        max_age: Kept::find(setup, "maxAge")?,
        domain: Kept::find(setup, "domain")?,
        path: Kept::find(setup, "path")?,
        usage: usage(setup)?,
        outcome: setup.outcome("outcome")?,
    };
    if let Some(name) = node.name.known() {
        check_name(name, node.usage)?;
    }
    if let Some(value) = node.value.known() {
        check_value(value)?;
    }
    let known = |kept: &Option<Kept<Arc<str>>>| kept.as_ref().and_then(Kept::known).cloned();
    let (domain, path) = (known(&node.domain), known(&node.path));
    check_place(domain.as_deref(), path.as_deref())?;
    Ok(Box::new(node))
}

fn check_value(value: &str) -> Result<(), NodeError> {
    let fits = |b: u8| b.is_ascii_graphic() && !b"\",;\\".contains(&b);
    if value.len() > VALUE_MAX || !value.bytes().all(fits) {
        return Err(unfit(
            "the value of the cookie has letters that no cookie may have, or too many",
        ));
    }
    Ok(())
}

fn check_place(domain: Option<&str>, path: Option<&str>) -> Result<(), NodeError> {
    let of_domain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    if let Some(domain) = domain
        && (domain.is_empty() || domain.len() > 253 || !domain.bytes().all(of_domain))
    {
        return Err(unfit(format!("`{domain}` is no domain")));
    }
    let of_path = |b: u8| b.is_ascii_graphic() && b != b';';
    if let Some(path) = path
        && (!path.starts_with('/') || path.len() > 1_024 || !path.bytes().all(of_path))
    {
        return Err(unfit(format!("`{path}` is no path of a cookie")));
    }
    Ok(())
}

impl Prepared for SetCustomCookie {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let name = self.name.now(cx)?.into_owned();
        check_name(&name, self.usage)?;
        let value = self.value.now(cx)?.into_owned();
        check_value(&value)?;
        let text = |kept: &Option<Kept<Arc<str>>>| -> Result<Option<Arc<str>>, NodeError> {
            let text = optional(kept.as_ref(), cx)?.map(std::borrow::Cow::into_owned);
            Ok(text.filter(|text| !text.is_empty()))
        };
        let (domain, path) = (text(&self.domain)?, text(&self.path)?);
        check_place(domain.as_deref(), path.as_deref())?;
        if name.starts_with(HOST) && (domain.is_some() || path.as_deref().is_some_and(|p| p != "/"))
        {
            return Err(unfit(format!(
                "cookie `{name}` must be of one host and of the path `/`, as its name says"
            )));
        }
        let max_age = optional(self.max_age.as_ref(), cx)?.map(|age| *age);
        cx.output(Output::Cookie(SetCookie {
            name,
            value,
            max_age,
            domain,
            path,
            usage: self.usage,
        }));
        Ok(Action::go(self.outcome))
    }
}

/// What both nodes of persistent cookies are told.
#[derive(Debug)]
struct Persistent {
    name: Arc<str>,
    key: Option<Kept<Secret<String>>>,
    label: Option<Arc<str>>,
    idle: Kept<Duration>,
    usage: CookieUse,
}

fn persistent(setup: &Setup<'_>) -> Result<Persistent, NodeError> {
    let made = Persistent {
        name: constant(setup, "persistentCookieName")?,
        key: Kept::find(setup, "hmacSigningKey")?,
        label: constant_or_none(setup, "hmacSigningKeySecretLabelIdentifier")?,
        idle: Kept::get(setup, "idleTimeout")?,
        usage: usage(setup)?,
    };
    check_name(&made.name, made.usage)?;
    Ok(made)
}

impl Persistent {
    /// What tells the cookies of one pair of nodes from those of another; sealing is by the keys of the
    /// embedder in any case.
    fn key(&self, cx: &Context<'_>) -> Result<Option<Secret<String>>, NodeError> {
        if let Some(key) = optional(self.key.as_ref(), cx)? {
            return Ok(Some(key.into_owned()));
        }
        Ok(self
            .label
            .as_ref()
            .map(|label| Secret::new(format!("label {label}"))))
    }

    fn idle(&self, cx: &Context<'_>) -> Result<Duration, NodeError> {
        let idle = *self.idle.now(cx)?;
        if idle.is_zero() {
            return Err(unfit("`idleTimeout` is not above zero"));
        }
        Ok(idle)
    }
}

/// Has a persistent cookie set once the journey has made a session.
#[derive(Debug)]
struct SetPersistentCookie {
    cookie: Persistent,
    life: Kept<Duration>,
    outcome: OutcomeId,
}

pub(super) fn set_persistent(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(SetPersistentCookie {
        cookie: persistent(setup)?,
        life: Kept::get(setup, "maxLife")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for SetPersistentCookie {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let life = *self.life.now(cx)?;
        if life.is_zero() {
            return Err(unfit("`maxLife` is not above zero"));
        }
        let (key, idle) = (self.cookie.key(cx)?, self.cookie.idle(cx)?);
        let until = cx.now().plus(life);
        cx.remember(Remember {
            name: Arc::clone(&self.cookie.name),
            key,
            idle,
            until,
            usage: self.cookie.usage,
        });
        Ok(Action::go(self.outcome))
    }
}

/// Takes the user from the persistent cookie, and has it renewed at success for as long as it may live.
#[derive(Debug)]
struct PersistentCookieDecision {
    cookie: Persistent,
    enforces_client: bool,
    username: KeyId,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn decide(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(PersistentCookieDecision {
        cookie: persistent(setup)?,
        enforces_client: constant(setup, "enforceClientIp")?,
        username: setup.key("username"),
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl Prepared for PersistentCookieDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let request = cx.request();
        let value = request.cookie(&self.cookie.name);
        let value = value.filter(|value| !value.is_empty() && value.len() <= VALUE_MAX);
        let client = request.client;
        let Some(value) = value.map(str::to_owned) else {
            return Ok(Action::go(self.no));
        };
        if self.enforces_client && client.is_none() {
            return Ok(Action::go(self.no));
        }
        Ok(Action::call(Effect::OpenCookie(OpenCookie {
            name: Arc::clone(&self.cookie.name),
            value: Secret::new(value),
            key: self.cookie.key(cx)?,
            client: client.filter(|_| self.enforces_client),
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Reply::Effect(EffectReply::Remembered(whose)) = reply else {
            return Err(unexpected());
        };
        let now = cx.now();
        let whose = whose.filter(|(identity, until)| identity.active && now < *until);
        let Some((identity, until)) = whose else {
            return Ok(Action::go(self.no));
        };
        let (key, idle) = (self.cookie.key(cx)?, self.cookie.idle(cx)?);
        cx.remember(Remember {
            name: Arc::clone(&self.cookie.name),
            key,
            idle,
            until,
            usage: self.cookie.usage,
        });
        cx.put_shared(self.username, Value::Text(Arc::clone(&identity.username)));
        Ok(Action::prove(self.yes, Factor::Cookie, identity))
    }
}
