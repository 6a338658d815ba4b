//! Paths, nodes and what steps ask: what the walk of both journeys has found.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Direction, Found, Topic, Version,
    graph::{Graph, Spot},
    run,
    walk::{Fork, Walked},
};
use crate::model::journey::On;

/// How many changed paths a journey reports; the rest are counted.
const FORKS_MAX: usize = 50;

/// Reports what the walk found.
pub(super) fn both(old: &Graph<'_>, new: &Graph<'_>, walked: &Walked, found: &mut Found) {
    nodes(old, new, walked, found);
    callbacks(old, new, walked, found);
    forks(old, new, walked, found);
    errors(old, new, walked, found);
}

fn nodes(old: &Graph<'_>, new: &Graph<'_>, walked: &Walked, found: &mut Found) {
    let (forward, backward) = (walked.forward(), walked.backward());
    let mut told = BTreeSet::new();
    for (at, spot) in (0..).zip(&old.spots).filter(|(_, spot)| !spot.is_end) {
        match forward.get(&at).and_then(|to| new.spot(*to)) {
            None => {
                let message = format!("node `{}` ({}) is gone", spot.name, spot.label);
                found.push(Direction::Neutral, Topic::Node, message);
            }
            Some(other) if other.name != spot.name && !new.has(&spot.name) => {
                told.insert(Arc::clone(&other.name));
                let message = format!("node `{}` is called `{}` now", spot.name, other.name);
                found.push(Direction::Neutral, Topic::Node, message);
            }
            Some(other) if other.label != spot.label => {
                let message = format!(
                    "node `{}` is {} now, and was {}",
                    spot.name, other.label, spot.label
                );
                found.push(Direction::Neutral, Topic::Node, message);
            }
            Some(_) => {}
        }
    }
    for (at, spot) in (0..).zip(&new.spots).filter(|(_, spot)| !spot.is_end) {
        if !backward.contains_key(&at) {
            let message = format!("node `{}` ({}) is new", spot.name, spot.label);
            found.push(Direction::Neutral, Topic::Node, message);
        }
    }
}

impl Graph<'_> {
    fn has(&self, name: &str) -> bool {
        self.spots.iter().any(|spot| &*spot.name == name)
    }
}

/// Reports steps that ask for other things than before.
fn callbacks(old: &Graph<'_>, new: &Graph<'_>, walked: &Walked, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for (at, pair) in walked.pairs.iter().enumerate() {
        let (Some(a), Some(b)) = (old.spot(pair.nodes.0), new.spot(pair.nodes.1)) else {
            continue;
        };
        if a.asks == b.asks || !seen.insert((Arc::clone(&a.name), Arc::clone(&b.name))) {
            continue;
        }
        let shown = walked
            .run_to(new, false, Some(at), None)
            .map(|shown| run(new.program, Version::After, &shown));
        found.with_run(Direction::Client, Topic::Callbacks, asked(a, b), shown);
    }
}

fn asked(a: &Spot, b: &Spot) -> String {
    let list = |asks: &[Arc<str>]| match asks {
        [] => "nothing".to_owned(),
        asks => format!("[{}]", asks.join(", ")),
    };
    let sorted = |asks: &[Arc<str>]| {
        let mut sorted = asks.to_vec();
        sorted.sort_unstable();
        sorted
    };
    let how = if sorted(&a.asks) == sorted(&b.asks) {
        " in another order"
    } else {
        ""
    };
    format!(
        "`{}` asks {}{how}, and asked {}",
        b.name,
        list(&b.asks),
        list(&a.asks)
    )
}

/// Reports the arrows that lead elsewhere.
fn forks(old: &Graph<'_>, new: &Graph<'_>, walked: &Walked, found: &mut Found) {
    let asks = (old.first_asks(), new.first_asks());
    let mut told: BTreeMap<String, Direction> = BTreeMap::new();
    let mut more = 0_usize;
    for fork in &walked.forks {
        let direction = match fork.to {
            (Some(a), Some(b)) => {
                let before = asks.0.get(a as usize).and_then(Option::as_ref);
                let after = asks.1.get(b as usize).and_then(Option::as_ref);
                match (before, after) {
                    (Some(before), Some(after)) if before == after => Direction::Neutral,
                    // A step that asks nothing more is only an end.
                    (Some(_), Some(after)) if after.is_empty() => Direction::Neutral,
                    _ => Direction::Client,
                }
            }
            _ => Direction::Neutral,
        };
        let message = fork_text(old, new, walked, fork);
        if told.insert(message.clone(), direction).is_some() {
            continue;
        }
        if told.len() > FORKS_MAX {
            more += 1;
            continue;
        }
        let shown = fork_run(old, new, walked, fork);
        found.with_run(direction, Topic::Path, message, shown);
    }
    if more > 0 {
        let message = format!("{more} more arrows lead elsewhere");
        found.push(Direction::Neutral, Topic::Path, message);
    }
}

fn fork_text(old: &Graph<'_>, new: &Graph<'_>, walked: &Walked, fork: &Fork) -> String {
    let name = |graph: &Graph<'_>, at: u32| {
        let spot = graph.spot(at);
        spot.map_or_else(String::new, |spot| format!("`{}`", spot.name))
    };
    let pair = fork.from.and_then(|at| walked.pairs.get(at));
    let from = match pair.and_then(|pair| new.spot(pair.nodes.1)) {
        None => "the start".to_owned(),
        Some(spot) if &*fork.way == "on error" => format!("`{}` on error", spot.name),
        Some(spot) => format!("`{}.{}`", spot.name, fork.way),
    };
    match fork.to {
        (Some(a), Some(b)) => format!(
            "{from} leads to {}, and led to {}",
            name(new, b),
            name(old, a)
        ),
        (None, Some(b)) => format!("{from} is new and leads to {}", name(new, b)),
        (Some(a), None) => format!("{from} is gone; it led to {}", name(old, a)),
        (None, None) => format!("{from} has changed"),
    }
}

fn fork_run(old: &Graph<'_>, new: &Graph<'_>, walked: &Walked, fork: &Fork) -> Option<super::Run> {
    let pair = walked.pairs.get(fork.from?)?;
    let on = |graph: &Graph<'_>, at: u32| -> Option<On> {
        graph.spot(at)?.ways.get(&fork.way).map(|(_, on)| *on)
    };
    if fork.to.1.is_some() {
        let on = on(new, pair.nodes.1)?;
        let shown = walked.run_to(new, false, fork.from, Some(on))?;
        return Some(run(new.program, Version::After, &shown));
    }
    let on = on(old, pair.nodes.0)?;
    let shown = walked.run_to(old, true, fork.from, Some(on))?;
    Some(run(old.program, Version::Before, &shown))
}

/// Reports errors that lead to success, and those that do no more.
fn errors(old: &Graph<'_>, new: &Graph<'_>, walked: &Walked, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for (at, pair) in walked.pairs.iter().enumerate() {
        let (Some(a), Some(b)) = (old.spot(pair.nodes.0), new.spot(pair.nodes.1)) else {
            continue;
        };
        let opens = |graph: &Graph<'_>, spot: &Spot| {
            let to = spot
                .ways
                .get("on error")
                .and_then(|(to, _)| graph.spot(*to));
            to.is_some_and(|spot| &*spot.label == "success")
        };
        let (before, after) = (opens(old, a), opens(new, b));
        if before == after || !seen.insert((Arc::clone(&a.name), Arc::clone(&b.name))) {
            continue;
        }
        let (direction, message, graph, version) = if after {
            let message = format!("an error in `{}` leads to success", b.name);
            (Direction::Weaker, message, new, Version::After)
        } else {
            let message = format!("an error in `{}` does not lead to success any more", b.name);
            (Direction::Stronger, message, old, Version::Before)
        };
        let is_old = version == Version::Before;
        let shown = walked.run_to(graph, is_old, Some(at), Some(On::Error));
        let shown = shown.map(|shown| run(graph.program, version, &shown));
        found.with_run(direction, Topic::Error, message, shown);
    }
}
