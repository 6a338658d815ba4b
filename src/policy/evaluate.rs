//! The evaluation: each policy says what it thinks, and what they say is joined.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use crate::{
    engine::{
        advice::{Advice, Qualified},
        expr::{Around, Question, Scene, holds},
        request::Request,
    },
    model::{
        policy::{Policy, Requirement, SubjectRule},
        realm::Realm,
        resource::Resource,
    },
    policy::{Decision, Policies, Query, Row, SubjectView, WantedTransaction},
};

/// What one policy says to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It grants its actions; where `by_transaction`, only since a transaction was confirmed.
    Grants {
        /// Whether it would not without the transaction.
        by_transaction: bool,
    },
    /// It would grant them if these requirements were met.
    Asks(Vec<Requirement>),
    /// It does not speak of this subject or this request.
    Denies(Denial),
}

/// Why a policy that protects a resource grants nothing, and nothing can be proved that would help.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// It speaks of other subjects.
    Subject,
    /// Its condition does not hold.
    Condition,
    /// Its condition could not be evaluated.
    Failed(String),
}

impl Policies {
    /// Answers a query. A resource that has no canonical form is protected by nothing and so denied.
    pub fn evaluate(&self, query: Query<'_>) -> Decision {
        let Ok(resource) = Resource::parse(query.resource) else {
            return Decision::default();
        };
        let verdicts = self.asked(query, &resource);
        join(&verdicts, query, &resource)
    }

    /// What each policy that protects the resource says, in declaration order: why a decision is as it is.
    pub fn explain(&self, query: Query<'_>) -> Vec<(&Policy, Verdict)> {
        match Resource::parse(query.resource) {
            Ok(resource) => self.asked(query, &resource),
            Err(_) => Vec::new(),
        }
    }

    fn asked(&self, query: Query<'_>, resource: &Resource) -> Vec<(&Policy, Verdict)> {
        let request = behind_gateway(query);
        let request = request.as_ref().unwrap_or(query.request);
        self.index
            .candidates(resource)
            .into_iter()
            .filter_map(|at| self.rows.get(at))
            .filter(|row| row.policy.resources.iter().any(|p| p.matches(resource)))
            .map(|row| (&row.policy, verdict(row, query, request, resource)))
            .collect()
    }
}

/// The request with the address that whoever asks has seen, where it says so; one that cannot be read is
/// no address, and reading it fails.
fn behind_gateway(query: Query<'_>) -> Option<Request> {
    let addresses = query.environment.get("requestIp")?;
    let mut request = query.request.clone();
    request.client = match addresses.as_slice() {
        [address] => address.parse::<IpAddr>().ok(),
        _ => None,
    };
    Some(request)
}

fn verdict(row: &Row, query: Query<'_>, request: &Request, resource: &Resource) -> Verdict {
    let policy = &row.policy;
    let subject = query.subject.filter(|s| s.realm == *home(policy, query));
    if !policy.subjects.iter().any(|rule| speaks_of(rule, subject)) {
        return Verdict::Denies(Denial::Subject);
    }
    let Some(condition) = &row.condition else {
        return Verdict::Denies(Denial::Failed("a pattern is not well formed".to_owned()));
    };
    let question = Question {
        session: subject.map(|subject| (subject.level, &subject.properties)),
        environment: query.environment,
    };
    let scene = Scene {
        around: Around::Question(&question),
        request,
        now: query.now,
    };
    match holds(condition, scene) {
        Ok(true) => {}
        Ok(false) => return Verdict::Denies(Denial::Condition),
        Err(error) => return Verdict::Denies(Denial::Failed(error.to_string())),
    }
    let mut missing = Vec::new();
    let mut by_transaction = false;
    for requirement in &policy.requirements {
        let met =
            subject
                .filter(|subject| subject.proved)
                .is_some_and(|subject| match requirement {
                    Requirement::Level(level) => subject.level >= *level,
                    // Names of journeys are names of this realm.
                    Requirement::Journey(name) => {
                        subject.realm == *query.realm && subject.services.contains(name)
                    }
                    Requirement::Realm(realm) => subject.realm == *realm,
                    Requirement::Transaction(journey) => {
                        let confirmed = is_confirmed(query, policy, journey, subject, resource);
                        by_transaction |= confirmed;
                        confirmed
                    }
                });
        if !met {
            missing.push(requirement.clone());
        }
    }
    if missing.is_empty() && (subject.is_some() || policy.subjects.contains(&SubjectRule::Any)) {
        Verdict::Grants { by_transaction }
    } else {
        Verdict::Asks(missing)
    }
}

/// The realm whose sessions a policy knows: the one it requires, else its own. Levels and names of another
/// realm mean nothing to it.
fn home<'q>(policy: &'q Policy, query: Query<'q>) -> &'q Realm {
    policy
        .requirements
        .iter()
        .find_map(|requirement| match requirement {
            Requirement::Realm(realm) => Some(realm),
            Requirement::Level(_) | Requirement::Journey(_) | Requirement::Transaction(_) => None,
        })
        .unwrap_or(query.realm)
}

/// Whether a rule means this subject. Somebody without a session may be anybody after a login, so every
/// rule may mean them; nothing is granted by that.
fn speaks_of(rule: &SubjectRule, subject: Option<&SubjectView>) -> bool {
    let Some(subject) = subject else {
        return true;
    };
    match rule {
        SubjectRule::Any | SubjectRule::Authenticated => true,
        SubjectRule::User(name) => subject.username == *name,
        SubjectRule::Group(name) => subject.groups.contains(name),
    }
}

fn is_confirmed(
    query: Query<'_>,
    policy: &Policy,
    journey: &Arc<str>,
    subject: &SubjectView,
    resource: &Resource,
) -> bool {
    query.transaction.is_some_and(|confirmed| {
        confirmed.policy == policy.name
            && confirmed.journey == *journey
            && confirmed.subject == subject.subject
            && *confirmed.resource == *resource.to_string()
    })
}

/// Joins what the policies say: an action that one grants is granted, and advice comes from those that
/// would grant more.
fn join(verdicts: &[(&Policy, Verdict)], query: Query<'_>, resource: &Resource) -> Decision {
    let mut decision = Decision {
        matched: !verdicts.is_empty(),
        ..Decision::default()
    };
    let mut shortest = None;
    for (policy, _) in verdicts {
        for action in &policy.actions {
            decision.actions.entry(Arc::clone(action)).or_insert(false);
        }
        shortest = match (shortest, policy.ttl) {
            (Some(a), Some(b)) => Some(std::cmp::min(a, b)),
            (a, b) => a.or(b),
        };
    }
    decision.ttl = shortest;
    for (policy, verdict) in verdicts {
        if *verdict
            == (Verdict::Grants {
                by_transaction: false,
            })
        {
            grant(policy, &mut decision.actions);
        }
    }
    for (policy, verdict) in verdicts {
        if *verdict
            == (Verdict::Grants {
                by_transaction: true,
            })
        {
            decision.used_transaction |= grant(policy, &mut decision.actions);
        }
    }
    for (policy, verdict) in verdicts {
        let Verdict::Asks(missing) = verdict else {
            continue;
        };
        let helps = |action| decision.actions.get(action) == Some(&false);
        if policy.actions.iter().any(helps) {
            ask(policy, missing, query, resource, &mut decision);
        }
    }
    decision
}

/// Grants the actions of a policy; whether any was not granted before.
fn grant(policy: &Policy, actions: &mut BTreeMap<Arc<str>, bool>) -> bool {
    let mut new = false;
    for action in &policy.actions {
        new |= actions.insert(Arc::clone(action), true) != Some(true);
    }
    new
}

/// Turns what is missing into advice. A transaction is wanted only where nothing else is missing: what it
/// confirms must not be lost to a step that comes first.
fn ask(
    policy: &Policy,
    missing: &[Requirement],
    query: Query<'_>,
    resource: &Resource,
    decision: &mut Decision,
) {
    let mut advice = Advice::default();
    for requirement in missing {
        match requirement {
            Requirement::Level(level) => advice.levels.push((None, *level)),
            Requirement::Journey(name) => {
                advice.services.push(Qualified::here(Arc::clone(name)));
            }
            Requirement::Realm(realm) => advice.realm(realm.as_str()),
            Requirement::Transaction(journey) => {
                let alone = missing.len() == 1
                    && query
                        .subject
                        .is_some_and(|s| s.proved && s.realm == *home(policy, query));
                if alone && decision.wants_transaction.is_none() {
                    decision.wants_transaction = Some(WantedTransaction {
                        policy: Arc::clone(&policy.name),
                        journey: Arc::clone(journey),
                        resource: Arc::from(resource.to_string()),
                    });
                }
            }
        }
    }
    // A session of another realm can meet nothing here, and nothing else says where to get one.
    let home = home(policy, query);
    if advice.is_empty() && query.subject.is_some_and(|subject| subject.realm != *home) {
        advice.realm(home.as_str());
    }
    decision.advice.unite(&advice);
}
