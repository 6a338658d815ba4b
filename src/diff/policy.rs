//! Policies: what they grant, to whom, and what they require.
//!
//! A policy grants; so more of it lets more happen, and what it requires lets less happen.

use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

use super::{Change, Direction, Topic};
use crate::model::{
    policy::{Policy, Requirement, SubjectRule},
    program::Program,
};

/// Compares the policies of two programs by name.
pub(super) fn both(before: &Program, after: &Program, changes: &mut Vec<Change>) {
    let find = |program: &'_ Program, name: &str| {
        program
            .policies
            .iter()
            .find(|policy| &*policy.name == name)
            .cloned()
    };
    let names: BTreeSet<&Arc<str>> = before
        .policies
        .iter()
        .chain(&after.policies)
        .map(|policy| &policy.name)
        .collect();
    for name in names {
        let mut push = |direction: Direction, message: String| {
            changes.push(Change {
                journey: None,
                direction,
                topic: Topic::Policy,
                message: format!("policy `{name}`{message}"),
                run: None,
            });
        };
        match (find(before, name), find(after, name)) {
            (Some(a), Some(b)) => policy((before, &a), (after, &b), &mut push),
            (Some(_), None) => push(Direction::Stronger, " is gone".to_owned()),
            (None, Some(_)) => push(Direction::Weaker, " is new".to_owned()),
            (None, None) => {}
        }
    }
}

fn policy(
    old: (&Program, &Policy),
    new: (&Program, &Policy),
    push: &mut impl FnMut(Direction, String),
) {
    let (a, b) = (old.1, new.1);
    let resources = |policy: &Policy| -> Vec<String> {
        let patterns = policy.resources.iter();
        patterns
            .map(|pattern| format!("{:?}", pattern.as_str()))
            .collect()
    };
    more(
        "protects",
        &resources(a),
        &resources(b),
        Direction::Weaker,
        push,
    );
    let actions = |policy: &Policy| -> Vec<String> {
        policy
            .actions
            .iter()
            .map(|action| format!("`{action}`"))
            .collect()
    };
    more("grants", &actions(a), &actions(b), Direction::Weaker, push);
    subjects(a, b, push);
    let condition = |(program, policy): (&Program, &Policy)| {
        policy.condition.as_ref().map(|c| c.text(&program.keys))
    };
    match (condition(old), condition(new)) {
        (Some(before), None) => push(
            Direction::Weaker,
            format!(": the condition `{before}` is gone"),
        ),
        (None, Some(after)) => push(
            Direction::Stronger,
            format!(": has the condition `{after}` now"),
        ),
        (Some(before), Some(after)) if before != after => push(
            Direction::Neutral,
            format!(": the condition is `{after}`, and was `{before}`"),
        ),
        _ => {}
    }
    requirements(a, b, push);
    if a.ttl != b.ttl {
        let direction = match (a.ttl, b.ttl) {
            (Some(before), Some(after)) if after < before => Direction::Stronger,
            (Some(_), Some(_)) => Direction::Weaker,
            _ => Direction::Neutral,
        };
        push(
            direction,
            ": decisions may be kept for another time".to_owned(),
        );
    }
}

/// Reports what stands in one list only; `direction` is that of more.
fn more<T: Ord + Debug + AsRef<str>>(
    verb: &str,
    before: &[T],
    after: &[T],
    direction: Direction,
    push: &mut impl FnMut(Direction, String),
) {
    for item in after.iter().filter(|item| !before.contains(item)) {
        push(direction, format!(" {verb} {} now", item.as_ref()));
    }
    for item in before.iter().filter(|item| !after.contains(item)) {
        push(
            direction.reversed(),
            format!(" {verb} {} no more", item.as_ref()),
        );
    }
}

fn subjects(a: &Policy, b: &Policy, push: &mut impl FnMut(Direction, String)) {
    let covered = |rule: &SubjectRule, policy: &Policy| {
        policy.subjects.iter().any(|known| {
            known == rule
                || *known == SubjectRule::Any
                || *known == SubjectRule::Authenticated && *rule != SubjectRule::Any
        })
    };
    let text = |rule: &SubjectRule| match rule {
        SubjectRule::Any => "everyone".to_owned(),
        SubjectRule::Authenticated => "everyone with a session".to_owned(),
        SubjectRule::User(name) => format!("user {name:?}"),
        SubjectRule::Group(name) => format!("group {name:?}"),
    };
    for rule in b.subjects.iter().filter(|rule| !covered(rule, a)) {
        push(Direction::Weaker, format!(" speaks of {} now", text(rule)));
    }
    for rule in a.subjects.iter().filter(|rule| !covered(rule, b)) {
        push(
            Direction::Stronger,
            format!(" speaks of {} no more", text(rule)),
        );
    }
}

fn requirements(a: &Policy, b: &Policy, push: &mut impl FnMut(Direction, String)) {
    let implied = |wanted: &Requirement, policy: &Policy| {
        policy
            .requirements
            .iter()
            .any(|known| match (known, wanted) {
                (Requirement::Level(known), Requirement::Level(wanted)) => known >= wanted,
                _ => known == wanted,
            })
    };
    let text = |requirement: &Requirement| match requirement {
        Requirement::Level(level) => format!("level {level}"),
        Requirement::Journey(name) => format!("journey {name:?}"),
        Requirement::Realm(realm) => format!("realm \"{realm}\""),
        Requirement::Transaction(name) => format!("transaction {name:?}"),
    };
    for wanted in a.requirements.iter().filter(|wanted| !implied(wanted, b)) {
        push(
            Direction::Weaker,
            format!(" requires {} no more", text(wanted)),
        );
    }
    for wanted in b.requirements.iter().filter(|wanted| !implied(wanted, a)) {
        push(
            Direction::Stronger,
            format!(" requires {} now", text(wanted)),
        );
    }
}
