//! Nodes that verify a password by a bind to a directory, whose password policy has its say.
//!
//! Name and password come from the state, and which directory it is from the settings. Out go the outcomes
//! of the policy, and where the password should or must be changed a page that changes it: the old one goes
//! with the new one, and the store compares it as every other. How a directory is reached is not here.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{
            Bind, Credential, Directory, Effect, EffectReply, Identity, Ldap, LdapPolicy,
            LdapScope, LdapSecurity, SubjectId, Unmet, Verdict, Verify, Who,
        },
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor, value::Value},
    nodes::{
        change::{Asked, Because, Typed, ask, typed},
        failure::{self, unfit},
        reply::unexpected,
        setting::{Kept, constant, constant_or_none},
        who::{secret, who},
    },
    secret::Secret,
};

/// Verifies by a bind, and changes the password where the policy wants it.
#[derive(Debug)]
struct BindDecision {
    username: KeyId,
    password: KeyId,
    place: Place,
    least: i64,
    mixed_case: bool,
    writes_name: bool,
    tells_locked: bool,
    yes: OutcomeId,
    no: OutcomeId,
    locked: OutcomeId,
    cancelled: OutcomeId,
    expired: OutcomeId,
}

/// Where the bind is made.
enum Place {
    /// In the store of the realm.
    Realm,
    /// In a directory of the node's, whose password is bound late.
    Ldap(Box<Ldap>, Option<Kept<Secret<String>>>),
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Realm => "Realm",
            Self::Ldap(..) => "Ldap",
        })
    }
}

impl Place {
    fn now(&self, cx: &Context<'_>) -> Result<Directory, NodeError> {
        let Self::Ldap(ldap, password) = self else {
            return Ok(Directory::Realm);
        };
        let mut ldap = ldap.clone();
        if let (Some((_, secret)), Some(kept)) = (&mut ldap.account, password) {
            *secret = kept.now(cx)?.into_owned();
        }
        Ok(Directory::Ldap(ldap))
    }
}

fn decision(setup: &mut Setup<'_>, place: Place) -> Result<BindDecision, NodeError> {
    Ok(BindDecision {
        username: setup.key("username"),
        password: setup.key("password"),
        least: constant(setup, "minimumPasswordLength")?,
        mixed_case: constant(setup, "mixedCaseForPasswordChangeMessages")?,
        writes_name: matches!(place, Place::Ldap(..)),
        tells_locked: false,
        place,
        yes: setup.outcome("TRUE")?,
        no: setup.outcome("FALSE")?,
        locked: setup.outcome("LOCKED")?,
        cancelled: setup.outcome("CANCELLED")?,
        expired: setup.outcome("EXPIRED")?,
    })
}

pub(super) fn identity_store(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(BindDecision {
        writes_name: constant(setup, "useUniversalIdForUsername")?,
        ..decision(setup, Place::Realm)?
    }))
}

pub(super) fn ldap(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    const LABEL: &str = "am.authentication.nodes.ldap.decision.mtls";
    let behera: bool = constant(setup, "beheraEnabled")?;
    let policy = if behera {
        LdapPolicy::Control
    } else {
        LdapPolicy::None
    };
    let place = directory(setup, policy, LABEL)?;
    Ok(Box::new(decision(setup, place)?))
}

pub(super) fn active_directory(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    const LABEL: &str = "am.authentication.nodes.ad.decision.mtls";
    let place = directory(setup, LdapPolicy::ActiveDirectory, LABEL)?;
    Ok(Box::new(BindDecision {
        tells_locked: constant(setup, "returnAccountLockedMessage")?,
        ..decision(setup, place)?
    }))
}

fn invalid(what: &str) -> NodeError {
    unfit(format!("Invalid LDAP node configuration: {what}"))
}

/// The label of the certificate that is to be shown, where one is.
fn certificate(setup: &Setup<'_>, label: &str) -> Result<Option<Arc<str>>, NodeError> {
    if !constant::<bool>(setup, "mtlsEnabled")? {
        return Ok(None);
    }
    let mode: Arc<str> = constant(setup, "ldapConnectionMode")?;
    if &*mode != "LDAPS" {
        return Err(invalid(
            "`mtlsEnabled` needs `ldapConnectionMode = \"LDAPS\"`",
        ));
    }
    let name: Option<Arc<str>> = constant_or_none(setup, "mtlsSecretLabel")?;
    let name = name.unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '.';
    if name.is_empty() || !name.chars().all(fits) || name.starts_with('.') || name.ends_with('.') {
        return Err(invalid(
            "`mtlsEnabled` needs `mtlsSecretLabel`, of letters, digits and points between them",
        ));
    }
    Ok(Some(Arc::from(format!("{label}.{name}.cert"))))
}

/// The directory that the settings describe.
fn directory(setup: &Setup<'_>, policy: LdapPolicy, label: &str) -> Result<Place, NodeError> {
    let texts = |key: &'static str| -> Result<Vec<Arc<str>>, NodeError> {
        let list: Vec<Arc<str>> = constant(setup, key)?;
        Ok(list.into_iter().filter(|text| !text.is_empty()).collect())
    };
    let text = |key: &'static str| -> Result<Option<Arc<str>>, NodeError> {
        let text: Option<Arc<str>> = constant_or_none(setup, key)?;
        Ok(text.filter(|text| !text.is_empty()))
    };
    if constant(setup, "trustAllServerCertificates")? {
        return Err(invalid(
            "`trustAllServerCertificates` is not supported: whoever stands between would be sent the \
             passwords; the settings of the server say whom to trust, by `ca`",
        ));
    }
    let certificate = certificate(setup, label)?;
    let mut servers = texts("primaryServers")?;
    servers.extend(texts("secondaryServers")?);
    let (bases, search) = (
        texts("accountSearchBaseDn")?,
        texts("searchFilterAttributes")?,
    );
    if servers.is_empty() || bases.is_empty() || search.is_empty() {
        return Err(invalid(
            "servers, `accountSearchBaseDn` and `searchFilterAttributes` are needed",
        ));
    }
    let scope: Arc<str> = constant(setup, "searchScope")?;
    let mode: Arc<str> = constant(setup, "ldapConnectionMode")?;
    let timeout: Duration = constant(setup, "ldapOperationsTimeout")?;
    let password: Option<Kept<Secret<String>>> = Kept::find(setup, "adminPassword")?;
    // With a certificate, its owner searches and no account does, as in the product.
    let by_password = password.is_some() && certificate.is_none();
    let account = text("adminDn")?.filter(|_| by_password);
    Ok(Place::Ldap(
        Box::new(Ldap {
            servers,
            bases,
            scope: match &*scope {
                "OBJECT" => LdapScope::Object,
                "ONE_LEVEL" => LdapScope::OneLevel,
                _ => LdapScope::Subtree,
            },
            security: match &*mode {
                "LDAPS" => LdapSecurity::Tls,
                "START_TLS" => LdapSecurity::StartTls,
                _ => LdapSecurity::Plain,
            },
            certificate,
            account: account.map(|dn| (dn, Secret::from(""))),
            search,
            filter: text("userSearchFilter")?,
            name: constant(setup, "userProfileAttribute")?,
            policy,
            timeout: (!timeout.is_zero()).then_some(timeout),
            idle: idle(setup)?,
        }),
        password,
    ))
}

fn idle(setup: &Setup<'_>) -> Result<Option<Duration>, NodeError> {
    let number: i64 = constant(setup, "heartbeatInterval")?;
    let unit: Arc<str> = constant(setup, "heartbeatTimeUnit")?;
    let seconds = match &*unit {
        "MINUTES" => 60,
        "HOURS" => 3_600,
        _ => 1,
    };
    let number = u64::try_from(number).unwrap_or(0);
    let idle = Duration::from_secs(number.saturating_mul(seconds));
    Ok((!idle.is_zero()).then_some(idle))
}

/// What is kept while the page is there: whose password it is, whether it must be changed, and the new one
/// on its way to the store.
struct Changing {
    identity: Identity,
    must: bool,
    new: Option<Secret<String>>,
}

impl Changing {
    fn keep(&self, cx: &mut Context<'_>) {
        let new = match &self.new {
            Some(new) => Value::Secret(new.clone()),
            None => Value::Null,
        };
        let kept = [
            Value::Text(Arc::clone(&self.identity.subject.0)),
            Value::Text(Arc::clone(&self.identity.username)),
            Value::Bool(self.must),
            new,
        ];
        cx.set_visit(Some(Value::List(Arc::from(kept))));
    }

    fn kept(cx: &Context<'_>) -> Option<Self> {
        let Some(Value::List(kept)) = cx.visit() else {
            return None;
        };
        let [
            Value::Text(subject),
            Value::Text(username),
            Value::Bool(must),
            new,
        ] = &**kept
        else {
            return None;
        };
        Some(Self {
            identity: Identity {
                subject: SubjectId(Arc::clone(subject)),
                ..Identity::named(Arc::clone(username))
            },
            must: *must,
            new: match new {
                Value::Secret(new) => Some(new.clone()),
                _ => None,
            },
        })
    }
}

impl BindDecision {
    /// Asks the store to compare a password, and to take a new one where there is one.
    fn bind(
        &self,
        cx: &Context<'_>,
        typed: Secret<String>,
        new: Option<Secret<String>>,
    ) -> Result<Action, NodeError> {
        let who = who(cx, self.username).ok_or_else(|| failure::NOBODY_TO_VERIFY.error())?;
        let bind = Bind {
            at: self.place.now(cx)?,
            new,
        };
        Ok(Action::call(Effect::Verify(Verify {
            who,
            credential: Credential::Bind(Box::new(bind)),
            secret: typed,
        })))
    }

    /// The password was right, and nothing stands in the way.
    fn succeed(&self, cx: &mut Context<'_>, identity: Identity) -> Action {
        if self.writes_name {
            let name = Value::Text(Arc::clone(&identity.username));
            cx.put_shared(self.username, name);
        }
        Action::prove(self.yes, Factor::Password, identity)
    }

    fn lock(&self, cx: &mut Context<'_>) -> Action {
        if self.tells_locked {
            cx.failure_detail(Some("The account is locked."), Vec::new());
        }
        Action::go(self.locked)
    }

    fn asked<'a>(&self, because: Because<'a>) -> Asked<'a> {
        Asked {
            least: self.least,
            mixed_case: self.mixed_case,
            because,
        }
    }

    fn said(&self, cx: &mut Context<'_>, verdict: Verdict) -> Result<Action, NodeError> {
        let because = match &verdict {
            Verdict::Locked => return Ok(self.lock(cx)),
            Verdict::Expired => return Ok(Action::go(self.expired)),
            Verdict::MustChange(_) => Because::Reset,
            Verdict::Expires(_, within) => Because::Expires(*within),
            Verdict::Grace(_, left) => Because::Grace(*left),
        };
        let must = matches!(verdict, Verdict::MustChange(_));
        let (Verdict::MustChange(identity)
        | Verdict::Expires(identity, _)
        | Verdict::Grace(identity, _)) = verdict
        else {
            return Err(unexpected());
        };
        if !identity.active {
            return Ok(self.lock(cx));
        }
        let changing = Changing {
            identity,
            must,
            new: None,
        };
        changing.keep(cx);
        Ok(ask(&self.asked(because)))
    }

    fn matched(&self, cx: &mut Context<'_>, identity: Identity) -> Result<Action, NodeError> {
        if !identity.active {
            return Ok(self.lock(cx));
        }
        if let Some(changing) = Changing::kept(cx) {
            // What is matched after the page is whoever was before it.
            if changing.identity.subject != identity.subject {
                return Err(unexpected());
            }
            if let Some(new) = changing.new {
                cx.put_transient(self.password, Value::Secret(new));
            }
        }
        Ok(self.succeed(cx, identity))
    }

    fn answered(
        &self,
        cx: &mut Context<'_>,
        mut changing: Changing,
        reply: Reply,
    ) -> Result<Action, NodeError> {
        match typed(reply, &self.asked(Because::Reset))? {
            Typed::Cancelled if changing.must => Ok(Action::go(self.cancelled)),
            Typed::Cancelled => Ok(self.succeed(cx, changing.identity)),
            Typed::Wrong(why) => Ok(ask(&self.asked(Because::Wrong(why)))),
            Typed::Change { old, new } => {
                changing.new = Some(new.clone());
                changing.keep(cx);
                self.bind(cx, old, Some(new))
            }
        }
    }

    /// The old password was right, and the policy does not take the new one.
    fn refused(&self, cx: &mut Context<'_>, unmet: &[Unmet]) -> Result<Action, NodeError> {
        let mut changing = Changing::kept(cx).ok_or_else(unexpected)?;
        changing.new = None;
        changing.keep(cx);
        Ok(ask(&self.asked(Because::Refused(unmet))))
    }

    /// The password was wrong: on the page, the old one.
    fn missed(&self, cx: &mut Context<'_>) -> Action {
        let Some(mut changing) = Changing::kept(cx) else {
            return Action::go(self.no);
        };
        changing.new = None;
        changing.keep(cx);
        ask(&self.asked(Because::Wrong("The old password is not right.")))
    }
}

impl Prepared for BindDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let secret = secret(cx, self.password).ok_or_else(|| failure::NO_PASSWORD.error())?;
        // To a directory, a bind without a password is one of nobody, and succeeds.
        if secret.reveal().trim().is_empty() {
            return Ok(Action::go(self.no));
        }
        self.bind(cx, secret, None)
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Match(identity)) => self.matched(cx, identity),
            Reply::Effect(EffectReply::Miss) => Ok(self.missed(cx)),
            Reply::Effect(EffectReply::Policy(verdict)) => self.said(cx, verdict),
            Reply::Effect(EffectReply::Refused(unmet)) => self.refused(cx, &unmet),
            Reply::Answers(_) => {
                let changing = Changing::kept(cx).ok_or_else(unexpected)?;
                self.answered(cx, changing, reply)
            }
            _ => Err(unexpected()),
        }
    }
}

/// Verifies name and password of the profile under construction in another system; the account there is
/// nobody's subject here, so that nothing is proved.
#[derive(Debug)]
struct PassthroughAuthentication {
    system: Arc<str>,
    name: Arc<str>,
    password: Arc<str>,
    authenticated: OutcomeId,
    missing: OutcomeId,
    failed: OutcomeId,
}

pub(super) fn passthrough(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(PassthroughAuthentication {
        system: constant(setup, "systemEndpoint")?,
        name: constant(setup, "identityAttribute")?,
        password: constant(setup, "passwordAttribute")?,
        authenticated: setup.outcome("AUTHENTICATED")?,
        missing: setup.outcome("MISSING")?,
        failed: setup.outcome("FAILED")?,
    }))
}

impl Prepared for PassthroughAuthentication {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let name = match cx.object_attribute(&self.name) {
            Some(Value::Text(name)) if !name.trim().is_empty() => Arc::clone(name),
            _ => return Ok(Action::go(self.missing)),
        };
        let secret = match cx.object_attribute(&self.password) {
            Some(Value::Secret(secret)) if !secret.reveal().trim().is_empty() => secret.clone(),
            _ => return Ok(Action::go(self.missing)),
        };
        let bind = Bind {
            at: Directory::System(Arc::clone(&self.system)),
            new: None,
        };
        Ok(Action::call(Effect::Verify(Verify {
            who: Who::Name(name),
            credential: Credential::Bind(Box::new(bind)),
            secret,
        })))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(
                EffectReply::Match(identity)
                | EffectReply::Policy(Verdict::Expires(identity, _) | Verdict::Grace(identity, _)),
            ) if identity.active => Ok(Action::go(self.authenticated)),
            Reply::Effect(EffectReply::Match(_) | EffectReply::Policy(_) | EffectReply::Miss) => {
                Ok(Action::go(self.failed))
            }
            _ => Err(unexpected()),
        }
    }
}
