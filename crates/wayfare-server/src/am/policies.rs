//! `policies`: who asks about whom, what the policies of the realm say, and what becomes of transactions.
//!
//! The evaluation looks nothing up, so the subject's session, groups and confirmed transaction are fetched
//! here. A transaction is opened before its id is told, and what one has granted is told only after it
//! was used, which happens once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value as Json;
use wayfare::{
    Advice, Engine, Realm, Request, SubjectId,
    policy::{ConfirmedTransaction, Decision, Query as Question, Resource, SubjectView},
};
use wayfare_wire::{
    am::{
        authenticate::Site as _,
        error::Refusal,
        policies::{self, Ask, Subject},
        realm::Route,
        reply::Reply,
        request::Parts,
        version::Served,
    },
    query::Query,
};

use super::{session, transaction};
use crate::{
    app::App,
    audit::{Event, EventName},
    identities::IdentityError,
    store::{
        StoreError,
        session::Session,
        transaction::{Purpose, Transaction},
    },
};

/// Answers a question about resources.
pub(super) async fn answer(
    app: &App,
    parts: &Parts<'_>,
    query: &Query,
    route: &Route,
    served: Served,
) -> Result<Reply, Refusal> {
    let broken = |error: StoreError| super::resource::broken(app, &error);
    let unknown = |error: IdentityError| super::resource::broken(app, &error);
    let caller = parts.session_token(&app.cookies.session);
    let caller = caller.ok_or(Refusal::AccessDenied)?;
    let caller = session::find(app, &caller).map_err(broken)?;
    let caller = caller
        .filter(|session| session::related(&session.realm, &route.realm))
        .ok_or(Refusal::AccessDenied)?;
    let ask = Ask::read(parts, query, app.settings(&route.realm).bounds)?;
    let admin = app.is_admin(&caller, &route.realm).await.map_err(unknown)?;
    let session = match &ask.subject {
        Subject::Caller => Some(caller),
        Subject::Nobody if admin => None,
        Subject::Nobody => return Err(Refusal::Forbidden),
        Subject::Token(token) => {
            let named = session::find(app, token.reveal()).map_err(broken)?;
            let named = named.filter(|s| session::related(&s.realm, &route.realm));
            match named {
                Some(named) if admin || named.handle == caller.handle => Some(named),
                None if admin => return Err(Refusal::InvalidValue("subject")),
                // Whoever may not ask learns nothing about the token.
                _ => return Err(Refusal::Forbidden),
            }
        }
    };
    let engine = app.engine(&route.realm).ok_or(Refusal::Internal)?;
    let asking = Asking {
        app,
        realm: &route.realm,
        engine: &engine,
        request: &parts.to_request(query.clone()),
        environment: &ask.environment,
        session: session.as_ref(),
        subject: known(app, session.as_ref()).await.map_err(unknown)?,
    };
    let mut brought = asking.confirmed(ask.transactions()).map_err(broken)?;
    let mut decisions = Vec::with_capacity(ask.resources.len());
    for resource in &ask.resources {
        let decision = asking
            .decide(resource, &mut brought)
            .await
            .map_err(broken)?;
        note(app, parts, &asking, resource, &decision);
        decisions.push(decision);
    }
    let told = ask.resources.iter().map(String::as_str).zip(&decisions);
    Ok(policies::decided(told, app.clock.now(), served))
}

/// What the policies ask of whoever wants this resource; `None` where none protects it.
///
/// Where they ask for nothing but a login, the advice is empty.
pub(super) async fn policy_advice(
    app: &App,
    realm: &Realm,
    resource: &str,
    request: &Request,
    session: Option<&Session>,
) -> Result<Option<Advice>, IdentityError> {
    let Some(engine) = app.engine(realm) else {
        return Ok(None);
    };
    let asking = Asking {
        app,
        realm,
        engine: &engine,
        request,
        environment: &BTreeMap::new(),
        session,
        subject: known(app, session).await?,
    };
    let decision = asking.decide(resource, &mut Vec::new()).await?;
    Ok(decision.matched.then_some(decision.advice))
}

/// Everything a question is asked with.
struct Asking<'a> {
    app: &'a App,
    realm: &'a Realm,
    engine: &'a Engine,
    request: &'a Request,
    environment: &'a BTreeMap<String, Vec<String>>,
    session: Option<&'a Session>,
    subject: Option<SubjectView>,
}

impl Asking<'_> {
    fn evaluate(&self, resource: &str, confirmed: Option<&ConfirmedTransaction>) -> Decision {
        self.engine.policies().evaluate(Question {
            resource,
            realm: self.realm,
            subject: self.subject.as_ref(),
            request: self.request,
            environment: self.environment,
            now: self.app.clock.now(),
            transaction: confirmed,
        })
    }

    /// Those of these transactions that the subject has confirmed, each once.
    fn confirmed(&self, ids: &[String]) -> Result<Vec<Transaction>, StoreError> {
        let Some(subject) = &self.subject else {
            return Ok(Vec::new());
        };
        let ids: BTreeSet<&String> = ids.iter().collect();
        let mut found = Vec::new();
        for id in ids {
            found.extend(transaction::confirmed(
                self.app,
                self.realm,
                &subject.subject.0,
                id,
            )?);
        }
        Ok(found)
    }

    /// What one of the transactions grants, which is used by it; all that cannot be used are given up.
    async fn granted(
        &self,
        resource: &str,
        brought: &mut Vec<Transaction>,
    ) -> Result<Option<Decision>, StoreError> {
        let Ok(canonical) = Resource::parse(resource) else {
            return Ok(None);
        };
        let canonical = canonical.to_string();
        let fits = |transaction: &Transaction| {
            let confirmed = confirmation(transaction).filter(|c| *c.resource == *canonical)?;
            let decision = self.evaluate(resource, Some(&confirmed));
            decision.used_transaction.then_some(decision)
        };
        let mut at = 0;
        while let Some(transaction) = brought.get(at) {
            let Some(decision) = fits(transaction) else {
                at += 1;
                continue;
            };
            let transaction = brought.remove(at);
            if transaction::use_confirmed(self.app, &transaction).await? {
                return Ok(Some(decision));
            }
            // Somebody was first: it has granted what it could.
        }
        Ok(None)
    }

    /// The decision, with transactions used and opened.
    async fn decide(
        &self,
        resource: &str,
        brought: &mut Vec<Transaction>,
    ) -> Result<Decision, StoreError> {
        let mut decision = match self.granted(resource, brought).await? {
            Some(granted) => granted,
            None => self.evaluate(resource, None),
        };
        if let (Some(wanted), Some(session)) = (&decision.wants_transaction, self.session) {
            let id = transaction::open_for_policy(
                self.app,
                self.realm,
                session,
                (&wanted.policy, &wanted.resource),
                &wanted.journey,
            )
            .await?;
            decision.advice.transaction(&id);
        }
        Ok(decision)
    }
}

/// What a transaction confirms.
fn confirmation(transaction: &Transaction) -> Option<ConfirmedTransaction> {
    match &transaction.purpose {
        Purpose::Policy { policy, resource } => Some(ConfirmedTransaction {
            policy: Arc::from(&**policy),
            journey: Arc::from(&*transaction.journey),
            resource: Arc::from(&**resource),
            subject: SubjectId(Arc::from(&*transaction.subject)),
        }),
        Purpose::Backchannel { .. } => None,
    }
}

/// The subject of a session, where there is one.
async fn known(app: &App, session: Option<&Session>) -> Result<Option<SubjectView>, IdentityError> {
    match session {
        Some(session) => subject(app, session).await,
        None => Ok(None),
    }
}

/// The subject of a session; nobody where its account is gone or inactive.
async fn subject(app: &App, session: &Session) -> Result<Option<SubjectView>, IdentityError> {
    let Some(owner) = app.owner(session).await? else {
        return Ok(None);
    };
    let beside = session::beside(session).session;
    Ok(Some(SubjectView {
        subject: beside.subject,
        username: beside.username,
        realm: session.realm.clone(),
        level: beside.level,
        proved: beside.proved,
        services: beside.services,
        groups: owner.groups,
        properties: session
            .properties
            .iter()
            .filter_map(|(key, value)| match value {
                Json::String(text) => Some((Arc::from(&**key), Arc::from(&**text))),
                _ => None,
            })
            .collect(),
    }))
}

fn note(app: &App, parts: &Parts<'_>, asking: &Asking<'_>, resource: &str, decision: &Decision) {
    let granted: Vec<String> = decision
        .actions
        .iter()
        .filter(|(_, granted)| **granted)
        .map(|(action, _)| action.to_string())
        .collect();
    let result = if granted.is_empty() {
        "DENIED"
    } else {
        "GRANTED"
    };
    let mut event = Event::new(EventName::PolicyEvaluated)
        .text("realm", asking.realm.as_str())
        .text("result", result)
        .text("resource", resource)
        .maybe("username", asking.subject.as_ref().map(|s| &*s.username))
        .list("actions", &granted)
        .client(parts.client);
    if decision.used_transaction {
        event = event.text("reason", "transaction");
    }
    app.audit(&event);
}
