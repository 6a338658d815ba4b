//! The evaluation against one that asks every policy and joins nothing cleverly.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{
    model::{
        expr::{BinaryOp, Expr, Slot},
        value::{Type, Value},
    },
    source::{SourceId, Span},
};

const RESOURCES: [&str; 8] = [
    "https://a.test/pay/1",
    "https://a.test:443/pay/",
    "https://a.test/pay/1?to=2",
    "https://b.test/",
    "transfer:1",
    "transfer:1/2",
    "https://a.test/pay/../1",
    "other",
];
const PATTERNS: [&str; 8] = [
    "https://a.test/pay/*",
    "https://a.test/pay/-*-",
    "https://*.test/*",
    "*://*:*/*?*",
    "https://b.test:443",
    "transfer:*",
    "transfer:-*-",
    "transfer:1",
];
const CONDITIONS: usize = 6;

fn word(text: &str) -> Arc<str> {
    Arc::from(text)
}

fn realm(path: &str) -> Realm {
    Realm::parse(path).unwrap()
}

fn condition(at: usize) -> Option<Expr> {
    let session = || Slot::Session(word("x"));
    match at {
        0 => None,
        1 => Some(Expr::Literal(Value::Bool(true))),
        2 => Some(Expr::Literal(Value::Bool(false))),
        3 => Some(Expr::Has(session())),
        // An error where there is no session, or no such property.
        4 => Some(Expr::Binary(
            BinaryOp::Equal,
            Box::new(Expr::Read(session(), Type::Text)),
            Box::new(Expr::Literal(Value::from("1"))),
        )),
        _ => Some(Expr::Binary(
            BinaryOp::GreaterOrEqual,
            Box::new(Expr::Read(Slot::SessionLevel, Type::Int)),
            Box::new(Expr::Literal(Value::Int(10))),
        )),
    }
}

/// The same condition, said again without the language.
fn holds_of(at: usize, subject: Option<&SubjectView>) -> bool {
    let x = subject.and_then(|s| s.properties.get("x"));
    match at {
        0 | 1 => true,
        2 => false,
        3 => x.is_some(),
        4 => x.is_some_and(|x| &**x == "1"),
        _ => subject.is_some_and(|s| s.level.number() >= 10),
    }
}

fn requirement() -> impl Strategy<Value = Requirement> {
    prop_oneof![
        select(vec![0, 10, 20]).prop_map(|n| Requirement::Level(AuthLevel::saturating(n))),
        select(vec!["Strong", "Other"]).prop_map(|name| Requirement::Journey(word(name))),
        select(vec!["/", "/alpha", "/alpha/sub"]).prop_map(|path| Requirement::Realm(realm(path))),
        select(vec!["Confirm", "Other"]).prop_map(|name| Requirement::Transaction(word(name))),
    ]
}

fn subjects() -> impl Strategy<Value = SubjectRule> {
    prop_oneof![
        Just(SubjectRule::Any),
        Just(SubjectRule::Authenticated),
        select(vec!["demo", "else"]).prop_map(|name| SubjectRule::User(word(name))),
        select(vec!["staff", "else"]).prop_map(|name| SubjectRule::Group(word(name))),
    ]
}

/// A policy, and which of the conditions it has.
fn policy() -> impl Strategy<Value = (Policy, usize)> {
    (
        vec(select(PATTERNS.to_vec()), 1..3),
        vec(select(vec!["GET", "POST", "PUT"]), 1..3),
        vec(subjects(), 1..3),
        0..CONDITIONS,
        vec(requirement(), 0..3),
        prop::option::of(1_u64..100),
    )
        .prop_map(|(patterns, actions, subjects, at, requirements, ttl)| {
            let policy = Policy {
                name: word("p"),
                resources: patterns
                    .into_iter()
                    .map(|p| Pattern::parse(p).unwrap())
                    .collect(),
                actions: actions.into_iter().map(word).collect(),
                subjects,
                condition: condition(at),
                requirements,
                ttl: ttl.map(Duration::from_secs),
                span: Span::new(SourceId::default(), 0, 0),
            };
            (policy, at)
        })
}

fn policies() -> impl Strategy<Value = Vec<(Policy, usize)>> {
    vec(policy(), 0..6).prop_map(|mut list| {
        for (at, (policy, _)) in list.iter_mut().enumerate() {
            policy.name = word(&format!("p{at}"));
        }
        list
    })
}

fn subject() -> impl Strategy<Value = Option<SubjectView>> {
    let view = (
        select(vec!["/", "/alpha", "/alpha/sub"]),
        select(vec!["demo", "else"]),
        select(vec![0, 10, 20]),
        any::<bool>(),
        vec(select(vec!["Strong", "Login"]), 0..2),
        vec(select(vec!["staff", "else"]), 0..2),
        prop::option::of(select(vec!["1", "2"])),
    );
    prop::option::of(
        view.prop_map(
            |(path, name, level, proved, services, groups, x)| SubjectView {
                subject: SubjectId(word(name)),
                username: word(name),
                realm: realm(path),
                level: AuthLevel::saturating(level),
                proved,
                services: services.into_iter().map(word).collect(),
                groups: groups.into_iter().map(word).collect(),
                properties: x.into_iter().map(|x| (word("x"), word(x))).collect(),
            },
        ),
    )
}

fn transaction() -> impl Strategy<Value = Option<ConfirmedTransaction>> {
    let confirmed = (
        select(vec!["p0", "p1", "p2"]),
        select(vec!["Confirm", "Other"]),
        select(RESOURCES.to_vec()),
        select(vec!["demo", "else"]),
    );
    prop::option::of(confirmed.prop_map(|(policy, journey, resource, subject)| {
        let resource = Resource::parse(resource).map_or(String::new(), |r| r.to_string());
        ConfirmedTransaction {
            policy: word(policy),
            journey: word(journey),
            resource: Arc::from(resource),
            subject: SubjectId(word(subject)),
        }
    }))
}

#[derive(Debug, Clone)]
struct Case {
    policies: Vec<(Policy, usize)>,
    resource: &'static str,
    subject: Option<SubjectView>,
    transaction: Option<ConfirmedTransaction>,
}

fn cases() -> impl Strategy<Value = Case> {
    (
        policies(),
        select(RESOURCES.to_vec()),
        subject(),
        transaction(),
    )
        .prop_map(|(policies, resource, subject, transaction)| Case {
            policies,
            resource,
            subject,
            transaction,
        })
}

impl Case {
    fn decide(&self) -> Decision {
        let list: Vec<Policy> = self.policies.iter().map(|(p, _)| p.clone()).collect();
        Policies::of(&list).evaluate(Query {
            resource: self.resource,
            realm: &realm("/alpha"),
            subject: self.subject.as_ref(),
            request: &Request::default(),
            environment: &BTreeMap::new(),
            now: Timestamp(0),
            transaction: self.transaction.as_ref(),
        })
    }

    /// What a policy says, from the words of the documents alone: nothing, or what is missing.
    fn says(&self, policy: &Policy, condition: usize) -> Option<Vec<Requirement>> {
        let resource = Resource::parse(self.resource).ok()?;
        policy.resources.iter().find(|p| p.matches(&resource))?;
        let required = policy.requirements.iter().find_map(|r| match r {
            Requirement::Realm(realm) => Some(realm.clone()),
            _ => None,
        });
        let home = required.unwrap_or(realm("/alpha"));
        let who = self.subject.as_ref().filter(|s| s.realm == home);
        let meant = policy.subjects.iter().any(|rule| match (rule, who) {
            (_, None) | (SubjectRule::Any | SubjectRule::Authenticated, _) => true,
            (SubjectRule::User(name), Some(who)) => *name == who.username,
            (SubjectRule::Group(name), Some(who)) => who.groups.contains(name),
        });
        if !meant || !holds_of(condition, who) {
            return None;
        }
        let lacks = |requirement: &Requirement| match (requirement, who) {
            (_, None) => true,
            (_, Some(who)) if !who.proved => true,
            (Requirement::Level(level), Some(who)) => who.level < *level,
            (Requirement::Journey(name), Some(who)) => {
                who.realm != realm("/alpha") || !who.services.contains(name)
            }
            (Requirement::Realm(realm), Some(who)) => who.realm != *realm,
            (Requirement::Transaction(name), Some(who)) => {
                self.transaction
                    != Some(ConfirmedTransaction {
                        policy: policy.name.clone(),
                        journey: name.clone(),
                        resource: Arc::from(resource.to_string()),
                        subject: who.subject.clone(),
                    })
            }
        };
        let missing: Vec<_> = policy
            .requirements
            .iter()
            .filter(|r| lacks(r))
            .cloned()
            .collect();
        if missing.is_empty() && who.is_none() && !policy.subjects.contains(&SubjectRule::Any) {
            // A login is missing, which no requirement names.
            return Some(vec![Requirement::Level(AuthLevel::ZERO)]);
        }
        Some(missing)
    }

    fn granted(&self) -> Vec<&str> {
        let granting = self
            .policies
            .iter()
            .filter(|(policy, at)| self.says(policy, *at) == Some(Vec::new()));
        let mut actions: Vec<&str> = granting
            .flat_map(|(policy, _)| policy.actions.iter().map(|a| &**a))
            .collect();
        actions.sort_unstable();
        actions.dedup();
        actions
    }
}

fn granted(decision: &Decision) -> Vec<&str> {
    let granted = decision.actions.iter().filter(|(_, granted)| **granted);
    granted.map(|(action, _)| &**action).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_granted_and_advised_is_what_each_policy_says(case in cases()) {
        let decision = case.decide();
        prop_assert_eq!(granted(&decision), case.granted());
        let mut levels = Vec::new();
        for (policy, at) in &case.policies {
            let helps = policy.actions.iter().any(|a| !decision.grants(a));
            for requirement in case.says(policy, *at).into_iter().flatten().filter(|_| helps) {
                if let Requirement::Level(level) = requirement
                    && policy.requirements.contains(&Requirement::Level(level))
                    && !levels.contains(&(None, level))
                {
                    levels.push((None, level));
                }
            }
        }
        prop_assert_eq!(&decision.advice.levels, &levels);
        prop_assert!(decision.advice.transactions.is_empty());
    }

    #[test]
    fn what_no_policy_protects_is_denied_and_advised_nothing(case in cases()) {
        let decision = case.decide();
        let resource = Resource::parse(case.resource);
        let protected = resource.is_ok_and(|resource| {
            let mut patterns = case.policies.iter().flat_map(|(p, _)| &p.resources);
            patterns.any(|p| p.matches(&resource))
        });
        prop_assert_eq!(decision.matched, protected);
        if !protected {
            prop_assert_eq!(decision, Decision::default());
        }
    }

    #[test]
    fn requiring_more_never_grants_more(case in cases(), more in requirement(), at in 0_usize..6, condition_at in 0..CONDITIONS) {
        let before = case.decide();
        let mut harder = case.clone();
        if let Some((policy, _)) = harder.policies.get_mut(at) {
            // Another realm would change whose sessions count, which is no more and no less.
            if !matches!(more, Requirement::Realm(_)) {
                policy.requirements.push(more);
            }
        }
        let after = harder.decide();
        prop_assert!(granted(&after).iter().all(|action| before.grants(action)));
        let mut narrower = case;
        if let Some((policy, old)) = narrower.policies.get_mut(at) && *old == 0 {
            policy.condition = condition(condition_at);
        }
        prop_assert!(granted(&narrower.decide()).iter().all(|action| before.grants(action)));
    }

    #[test]
    fn what_is_not_proved_meets_no_requirement(case in cases()) {
        let mut case = case;
        for (policy, _) in &mut case.policies {
            policy.requirements.push(Requirement::Level(AuthLevel::ZERO));
        }
        if let Some(subject) = &mut case.subject {
            subject.proved = false;
        }
        let decision = case.decide();
        prop_assert_eq!(granted(&decision), Vec::<&str>::new());
        prop_assert_eq!(decision.wants_transaction, None);
    }

    #[test]
    fn a_transaction_is_used_only_for_what_it_alone_grants(case in cases()) {
        let with = case.decide();
        let mut without = case;
        without.transaction = None;
        let without = without.decide();
        prop_assert_eq!(with.used_transaction, granted(&with) != granted(&without));
    }
}

proptest! {
    #[test]
    fn a_session_of_another_realm_is_told_what_would_help(case in cases()) {
        let decision = case.decide();
        let policies = case.policies.iter().filter(|(p, _)| {
            p.actions.iter().any(|a| !decision.grants(a))
        });
        for (policy, at) in policies {
            let requires = |r: &Requirement| matches!(r, Requirement::Realm(_));
            let foreign = case.subject.as_ref().is_some_and(|s| s.realm != realm("/alpha"));
            if foreign && !policy.requirements.iter().any(requires) && case.says(policy, *at).is_some() {
                prop_assert!(!decision.advice.is_empty(), "{policy:?}");
                if policy.requirements.is_empty() {
                    prop_assert!(decision.advice.realms.contains(&word("/alpha")));
                }
            }
        }
    }
}

#[test]
fn the_address_that_a_gateway_saw_stands_for_its_own() {
    let inside = Expr::Binary(
        BinaryOp::In,
        Box::new(Expr::Read(Slot::ClientAddress, Type::Text)),
        Box::new(Expr::Literal(Value::List(
            [Value::from("10.0.0.0/8")].into_iter().collect(),
        ))),
    );
    let policies = Policies::of(&[Policy {
        name: word("p"),
        resources: vec![Pattern::parse("x").unwrap()],
        actions: vec![word("GET")],
        subjects: vec![SubjectRule::Any],
        condition: Some(inside),
        requirements: Vec::new(),
        ttl: None,
        span: Span::new(SourceId::default(), 0, 0),
    }]);
    let from = |own: Option<&str>, seen: &[&str]| {
        let request = Request {
            client: own.map(|ip| ip.parse::<IpAddr>().unwrap()),
            ..Request::default()
        };
        let seen: Vec<String> = seen.iter().map(|ip| (*ip).to_owned()).collect();
        let environment = match seen.as_slice() {
            [] => BTreeMap::new(),
            _ => BTreeMap::from([("requestIp".to_owned(), seen)]),
        };
        let query = Query {
            resource: "x",
            realm: &Realm::root(),
            subject: None,
            request: &request,
            environment: &environment,
            now: Timestamp(0),
            transaction: None,
        };
        let said = policies.explain(query);
        assert_eq!(said.len(), 1);
        policies.evaluate(query).grants("GET")
    };
    assert!(from(Some("10.1.1.1"), &[]));
    assert!(!from(Some("11.1.1.1"), &[]));
    assert!(!from(None, &[]));
    assert!(from(Some("11.1.1.1"), &["10.1.1.1"]));
    assert!(!from(Some("10.1.1.1"), &["11.1.1.1"]));
    assert!(!from(Some("10.1.1.1"), &["nonsense"]));
    assert!(!from(Some("10.1.1.1"), &["10.1.1.1", "10.1.1.1"]));
}
