//! What the two runs of a pair may have done differently: all of it at once, kept with the pair.

use std::collections::BTreeSet;

use wayfare::{
    Value,
    model::{
        expr::{Expr, Slot},
        journey::{SettingValue, Task},
    },
};

use super::{
    super::{kinds::KEYS, moves::Spot, random::Made},
    sorts::sort_of,
};

/// Something that may be otherwise in the one run than in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Odd {
    Key(&'static str),
    Level,
    /// How often a known user has passed the first limiter, and an unknown one the second.
    Count(Spot, Spot),
}

pub(super) type Odds = BTreeSet<Odd>;

fn key(name: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|key| *key == name)
}

/// The keys that a setting names, and whether it lists them.
fn named(task: &Task, setting: &str) -> (Vec<&'static str>, bool) {
    let value = task.settings.iter().find(|(name, _)| &**name == setting);
    match value {
        Some((_, SettingValue::Constant(Value::List(list)))) => {
            let names = list.iter().filter_map(|name| key(name.as_text()?));
            (names.collect(), true)
        }
        Some((_, SettingValue::Constant(Value::Map(map)))) => {
            let left = map.keys().filter_map(|name| key(name));
            let right = map.values().filter_map(|name| key(name.as_text()?));
            (left.chain(right).collect(), false)
        }
        Some((_, SettingValue::Constant(value))) => {
            (value.as_text().and_then(key).into_iter().collect(), false)
        }
        _ => (Vec::new(), false),
    }
}

/// Whether an expression reads one of these, or the profile.
pub(super) fn asks(expr: &Expr, odds: &Odds, profile: bool) -> bool {
    match expr {
        Expr::Read(slot, _) | Expr::Has(slot) => match slot {
            Slot::User(_) => profile,
            Slot::Shared(id) => odds.contains(&Odd::Key(KEYS[id.0 as usize])),
            Slot::AuthLevel => odds.contains(&Odd::Level),
            _ => false,
        },
        Expr::Binary(_, left, right) => asks(left, odds, profile) || asks(right, odds, profile),
        _ => false,
    }
}

pub(super) fn computes(task: &Task, odds: &Odds, profile: bool) -> bool {
    task.settings.iter().any(|(_, value)| match value {
        SettingValue::Computed(expr) => asks(expr, odds, profile),
        SettingValue::Constant(_) => false,
    })
}

/// Whether the task reads a value that differs.
pub(super) fn reads(made: &Made, task: &Task, odds: &Odds) -> bool {
    let sort = sort_of(made, task);
    let listed = named(task, "list").0;
    let mut keys = sort.reads.into_iter().chain(listed);
    keys.any(|key| odds.contains(&Odd::Key(key)))
}

/// Whether it cannot work without one that differs.
pub(super) fn needs(made: &Made, task: &Task, odds: &Odds) -> bool {
    let sort = sort_of(made, task);
    sort.needs && sort.reads.is_some_and(|key| odds.contains(&Odd::Key(key)))
}

pub(super) fn lists(task: &Task, odds: &Odds) -> bool {
    let (keys, listed) = named(task, "list");
    listed && keys.into_iter().any(|key| odds.contains(&Odd::Key(key)))
}

/// What a task leaves behind that only one run does, or that does it differently.
pub(super) fn writes(made: &Made, task: &Task) -> Odds {
    let sort = sort_of(made, task);
    let keys = sort.writes.into_iter().chain(sort.clears);
    let mut odds: Odds = keys.chain(named(task, "into").0).map(Odd::Key).collect();
    if sort.name == "Raises" {
        odds.insert(Odd::Level);
    }
    odds
}

/// What it leaves alike in both, whatever was there.
pub(super) fn settles(made: &Made, task: &Task) -> Odds {
    let sort = sort_of(made, task);
    let keys = sort.writes.filter(|_| sort.always).into_iter();
    // What is gone is gone in both.
    let keys = keys.chain(sort.clears);
    let value = task.settings.iter().find(|(name, _)| &**name == "into");
    // In a map it is not clear which side is meant.
    let clear = !matches!(value, Some((_, SettingValue::Constant(Value::Map(_)))));
    let named = named(task, "into").0.into_iter().filter(|_| clear);
    keys.chain(named).map(Odd::Key).collect()
}

/// All limiters of a program.
pub(super) fn limiters(made: &Made) -> Vec<(Spot, &Task)> {
    let mut found = Vec::new();
    for journey in &made.program.journeys {
        for index in journey.graph.node_indices() {
            let tasks: Vec<&Task> = match &journey.graph[index].kind {
                wayfare::model::journey::NodeKind::Task(task) => vec![task],
                wayfare::model::journey::NodeKind::Page(page) => {
                    page.children.iter().map(|child| &child.task).collect()
                }
                _ => Vec::new(),
            };
            for (child, task) in (0..).zip(tasks) {
                if sort_of(made, task).name == "Limits" {
                    found.push(((journey.id, index, child), task));
                }
            }
        }
    }
    found
}

/// How the counts of two runs come apart where these have passed these limiters.
pub(super) fn counted(made: &Made, known: Option<Spot>, unknown: Option<Spot>) -> Odds {
    let all = limiters(made);
    let kind = |spot: Option<Spot>| {
        let spot = spot?;
        all.iter()
            .find(|(at, _)| *at == spot)
            .map(|(_, task)| *task)
    };
    let mut odds = Odds::new();
    for (other, task) in &all {
        if kind(known) == Some(*task) {
            odds.insert(Odd::Count(known.unwrap(), *other));
        }
        if kind(unknown) == Some(*task) {
            odds.insert(Odd::Count(*other, unknown.unwrap()));
        }
    }
    if let (Some(left), Some(right)) = (known, unknown) {
        // One more in both, if both count.
        if kind(known).is_some() && kind(unknown).is_some() {
            odds.remove(&Odd::Count(left, right));
        }
    }
    odds
}

/// Whether more could differ than the check tells apart.
pub(super) fn is_large(made: &Made) -> bool {
    let all = limiters(made);
    let alike = |task: &Task| all.iter().filter(|(_, other)| *other == task).count();
    let pairs: usize = all.iter().map(|(_, task)| alike(task)).sum();
    pairs + KEYS.len() + 1 > 28
}
