//! Settings of nodes that stand for each other.
//!
//! Which way a change goes is said by a table of the settings that weigh; all others are neutral. Levels
//! are not in it: what they come to at success is asked of the runs.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    Direction, Found, Topic,
    graph::{Graph, arm_text},
    walk::Walked,
};
use crate::model::{
    journey::{Child, Node, NodeKind, SettingValue, Task},
    program::Program,
    value::Value,
};

/// When a change of a setting lets more happen.
#[derive(Debug, Clone, Copy)]
enum Weaker {
    /// When the number or span is greater.
    Greater,
    /// When it is less.
    Less,
    /// When it is turned off.
    Off,
    /// When the word stands further down this list.
    Down(&'static [&'static str]),
}

/// The settings that weigh, by key.
const TABLE: &[(&str, Weaker)] = &[
    ("authLevelRequirement", Weaker::Less),
    ("checkCertificateExpiry", Weaker::Off),
    ("expiration", Weaker::Greater),
    ("hotpWindowSize", Weaker::Greater),
    ("idleTimeout", Weaker::Greater),
    ("incrementUserAttributeOnFailure", Weaker::Off),
    ("length", Weaker::Less),
    ("lockAction", Weaker::Down(&["LOCK", "UNLOCK"])),
    ("maxLife", Weaker::Greater),
    ("maximumAllowedClockDrift", Weaker::Greater),
    ("messageTimeout", Weaker::Greater),
    ("minPasswordLength", Weaker::Less),
    ("minSharedSecretLength", Weaker::Less),
    ("minimumPasswordLength", Weaker::Less),
    ("passwordExpiryTime", Weaker::Greater),
    ("passwordLength", Weaker::Less),
    ("pushMessageExpiration", Weaker::Greater),
    ("retryLimit", Weaker::Greater),
    ("skewAllowance", Weaker::Greater),
    ("suspendDuration", Weaker::Greater),
    ("totpTimeSteps", Weaker::Greater),
    ("useHttpOnlyCookie", Weaker::Off),
    ("useSecureCookie", Weaker::Off),
    (
        "userVerificationRequirement",
        Weaker::Down(&["REQUIRED", "PREFERRED", "DISCOURAGED"]),
    ),
];

/// Compares the settings of all pairs.
pub(super) fn both(old: &Graph<'_>, new: &Graph<'_>, walked: &Walked, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for pair in &walked.pairs {
        let (Some(a), Some(b)) = (old.node(pair.nodes.0), new.node(pair.nodes.1)) else {
            continue;
        };
        let mut told = Found::new(&found.journey);
        node((old.program, a), (new.program, b), &mut told);
        for change in told.list {
            // Copies of a node change alike.
            if seen.insert((change.direction, change.message.clone())) {
                found.list.push(change);
            }
        }
    }
}

fn node(old: (&Program, &Node), new: (&Program, &Node), found: &mut Found) {
    let place = &new.1.path;
    match (&old.1.kind, &new.1.kind) {
        (NodeKind::Task(a), NodeKind::Task(b)) => task((old.0, a), (new.0, b), place, found),
        (NodeKind::Page(a), NodeKind::Page(b)) => {
            let texts = [
                ("pageHeader", &a.header, &b.header),
                ("pageDescription", &a.description, &b.description),
            ];
            for (key, before, after) in texts {
                if before != after {
                    let message = format!("`{place}`: `{key}` has another text");
                    found.push(Direction::Neutral, Topic::Setting, message);
                }
            }
            if a.stage != b.stage {
                let text = |stage: &Option<Arc<str>>| {
                    stage
                        .as_ref()
                        .map_or_else(|| "none".to_owned(), |s| format!("{s:?}"))
                };
                let message = format!(
                    "`{place}`: `stage` is {}, and was {}",
                    text(&b.stage),
                    text(&a.stage)
                );
                found.push(Direction::Client, Topic::Setting, message);
            }
            for (x, y) in twins(&a.children, &b.children) {
                let place = format!("{place}.{}", y.name);
                task((old.0, &x.task), (new.0, &y.task), &place, found);
            }
        }
        (NodeKind::Decision(a), NodeKind::Decision(b)) => {
            let list = |program: &Program, node: &Node, count: usize| {
                let arms = (0..count).filter_map(|at| arm_text(program, node, at));
                arms.collect::<Vec<String>>()
            };
            let (before, after) = (list(old.0, old.1, a.len()), list(new.0, new.1, b.len()));
            if before != after {
                let message = format!(
                    "`{place}` asks for {}, and asked for {}",
                    after.join("; "),
                    before.join("; ")
                );
                found.push(Direction::Neutral, Topic::Setting, message);
            }
        }
        _ => {}
    }
}

/// The children that stand for each other: those of one type at one place among those of that type.
fn twins<'a>(a: &'a [Child], b: &'a [Child]) -> Vec<(&'a Child, &'a Child)> {
    if a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.task.ty == b.task.ty) {
        return a.iter().zip(b).collect();
    }
    let named = |child: &&'a Child| b.iter().find(|other| other.name == child.name);
    a.iter().filter_map(|a| Some((a, named(&a)?))).collect()
}

fn task(old: (&Program, &Task), new: (&Program, &Task), place: &str, found: &mut Found) {
    let name = |(program, task): (&Program, &Task)| {
        let signature = program.catalog.get(task.ty);
        signature.map(|signature| signature.name.clone().into_owned())
    };
    if name(old) != name(new) {
        return;
    }
    let keys: BTreeSet<&Arc<str>> = old
        .1
        .settings
        .iter()
        .chain(&new.1.settings)
        .map(|(key, _)| key)
        .collect();
    for key in keys {
        let value = |task: &'_ Task| {
            let found = task.settings.iter().find(|(known, _)| known == key);
            found.map(|(_, value)| value.clone())
        };
        let (before, after) = (value(old.1), value(new.1));
        let texts = (text(old.0, before.as_ref()), text(new.0, after.as_ref()));
        if texts.0 == texts.1 {
            continue;
        }
        let message = format!("`{place}`: `{key}` is {}, and was {}", texts.1, texts.0);
        let direction = direction(key, before.as_ref(), after.as_ref());
        found.push(direction, Topic::Setting, message);
    }
}

fn text(program: &Program, value: Option<&SettingValue>) -> String {
    match value {
        None => "not set".to_owned(),
        Some(SettingValue::Constant(value)) => value.source_text(),
        Some(SettingValue::Computed(expr)) => expr.text(&program.keys),
    }
}

fn direction(key: &str, before: Option<&SettingValue>, after: Option<&SettingValue>) -> Direction {
    let rule = TABLE.iter().find(|(known, _)| *known == key);
    let (Some((_, rule)), Some(before), Some(after)) = (rule, before, after) else {
        return Direction::Neutral;
    };
    let (SettingValue::Constant(before), SettingValue::Constant(after)) = (before, after) else {
        return Direction::Neutral;
    };
    let order = match (rule, before, after) {
        (Weaker::Greater, before, after) => after.partial_number().cmp(&before.partial_number()),
        (Weaker::Less, before, after) => before.partial_number().cmp(&after.partial_number()),
        (Weaker::Off, Value::Bool(before), Value::Bool(after)) => before.cmp(after),
        (Weaker::Down(words), Value::Text(before), Value::Text(after)) => {
            let at = |word: &str| words.iter().position(|known| *known == word);
            match (at(before), at(after)) {
                (Some(before), Some(after)) => after.cmp(&before),
                _ => return Direction::Neutral,
            }
        }
        (Weaker::Off | Weaker::Down(_), _, _) => return Direction::Neutral,
    };
    match order {
        std::cmp::Ordering::Greater => Direction::Weaker,
        std::cmp::Ordering::Less => Direction::Stronger,
        std::cmp::Ordering::Equal => Direction::Neutral,
    }
}

impl Value {
    /// The number or span that a value is, on one scale.
    fn partial_number(&self) -> Option<i128> {
        match self {
            Self::Int(number) => Some(i128::from(*number)),
            Self::Duration(span) => i128::try_from(span.as_millis()).ok(),
            Self::Size(bytes) => Some(i128::from(*bytes)),
            _ => None,
        }
    }
}

/// A span of time as the language writes it.
pub(super) fn duration_text(span: Duration) -> String {
    Value::Duration(span).source_text()
}
