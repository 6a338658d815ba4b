//! Journeys that are new or gone, who may start them, and what is excepted in them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    Direction, Found, Topic,
    graph::Graph,
    proof::words,
    setting::duration_text,
    side::{Side, is_startable},
    walk::Walked,
};
use crate::{
    analysis::summary::{Holding, Holdings},
    codes,
    diagnostic::Severity,
    model::{
        journey::{Allow, Journey},
        level::AuthLevel,
    },
};

/// Reports a journey that only one of the programs has.
pub(super) fn alone(
    old: &Side<'_>,
    new: &Side<'_>,
    a: Option<&Journey>,
    b: Option<&Journey>,
    found: &mut Found,
) {
    match (a, b) {
        (Some(journey), None) => {
            let direction = if is_startable(journey) {
                Direction::Client
            } else {
                Direction::Neutral
            };
            found.push(direction, Topic::Journey, "the journey is gone");
            news(new, old, journey, Direction::Stronger, found);
        }
        (None, Some(journey)) => {
            found.push(Direction::Neutral, Topic::Journey, "the journey is new");
            news(old, new, journey, Direction::Weaker, found);
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
}

/// Reports successes of a journey that prove less, for what they give, than any of the other program.
pub(super) fn news(
    other: &Side<'_>,
    here: &Side<'_>,
    journey: &Journey,
    direction: Direction,
    found: &mut Found,
) {
    if !is_startable(journey) {
        return;
    }
    let mut known = Holdings::default();
    let startable = other.program.journeys.iter().filter(|j| is_startable(j));
    for startable in startable {
        let more = other.all.holdings(startable);
        known.list.extend(more.list);
        known.cut_short |= more.cut_short;
    }
    if known.cut_short {
        return;
    }
    for holding in known.news_of(&here.all.holdings(journey)) {
        let message = news_text(holding, direction);
        let shown = here.all.run_to(journey, holding);
        found.shown(
            direction,
            Topic::Proof,
            message,
            (here.program, shown.as_ref()),
        );
    }
}

fn news_text(holding: Holding, direction: Direction) -> String {
    let held = words(holding);
    match direction {
        Direction::Stronger => format!("no journey succeeds with {held} any more"),
        _ => format!("it succeeds with {held}, as no journey did before"),
    }
}

/// Reports changed settings of a journey.
pub(super) fn settings(a: &Journey, b: &Journey, found: &mut Found) {
    let (x, y) = (&a.settings, &b.settings);
    // For each switch: its name, its values, and whether turning it on lets more happen.
    let switches = [
        ("enabled", x.enabled, y.enabled, true),
        ("innerTreeOnly", x.inner_only, y.inner_only, false),
        ("noSession", x.no_session, y.no_session, false),
        ("mustRun", x.must_run, y.must_run, false),
        (
            "transactionalOnly",
            x.transactional_only,
            y.transactional_only,
            false,
        ),
    ];
    for (name, before, after, on_is_more) in switches {
        if before != after {
            let direction = if after == on_is_more {
                Direction::Weaker
            } else {
                Direction::Stronger
            };
            let message = format!("`{name}` is {after}, and was {before}");
            found.push(direction, Topic::Start, message);
        }
    }
    let spans = [
        ("treeTimeout", x.run_time_max, y.run_time_max),
        ("maximumSessionTime", x.session_time_max, y.session_time_max),
        ("maximumIdleTime", x.idle_time_max, y.idle_time_max),
    ];
    for (name, before, after) in spans {
        if before != after {
            found.push(
                longer(before, after),
                Topic::Start,
                span_text(name, before, after),
            );
        }
    }
    let claim = |journey: &Journey| journey.settings.level.map_or(0, AuthLevel::number);
    let (before, after) = (claim(a), claim(b));
    if before != after {
        let direction = if after < before {
            Direction::Weaker
        } else {
            Direction::Stronger
        };
        let message = format!("it claims level {after}, and claimed {before}");
        found.push(direction, Topic::Level, message);
    }
    if x.offered != y.offered {
        let message = format!("`offered` is {}, and was {}", y.offered, x.offered);
        found.push(Direction::Client, Topic::Start, message);
    }
    if x.identity_resource != y.identity_resource {
        let message = format!(
            "`identityResource` is {:?}, and was {:?}",
            y.identity_resource, x.identity_resource
        );
        found.push(Direction::Neutral, Topic::Start, message);
    }
}

fn longer(before: Option<Duration>, after: Option<Duration>) -> Direction {
    match (before, after) {
        (Some(before), Some(after)) if after > before => Direction::Weaker,
        (Some(_), Some(_)) => Direction::Stronger,
        // What the realm sets is not known here.
        _ => Direction::Neutral,
    }
}

fn span_text(name: &str, before: Option<Duration>, after: Option<Duration>) -> String {
    let text = |span: Option<Duration>| {
        span.map_or_else(|| "what the realm sets".to_owned(), duration_text)
    };
    format!("`{name}` is {}, and was {}", text(after), text(before))
}

/// Reports exceptions that are new or gone.
pub(super) fn exceptions(old: &Graph<'_>, new: &Graph<'_>, walked: &Walked, found: &mut Found) {
    report(
        &allowed(&old.journey.allows),
        &allowed(&new.journey.allows),
        None,
        found,
    );
    let mut seen = std::collections::BTreeSet::new();
    for pair in &walked.pairs {
        if let (Some(a), Some(b)) = (old.node(pair.nodes.0), new.node(pair.nodes.1))
            && seen.insert(pair.nodes.1)
        {
            report(
                &allowed(&a.allows),
                &allowed(&b.allows),
                Some(&b.path),
                found,
            );
        }
    }
    let (forward, backward) = (walked.forward(), walked.backward());
    for (at, node) in (0..).zip(old.journey.graph.node_weights()) {
        if !forward.contains_key(&at) {
            report(
                &allowed(&node.allows),
                &BTreeMap::new(),
                Some(&node.path),
                found,
            );
        }
    }
    for (at, node) in (0..).zip(new.journey.graph.node_weights()) {
        if !backward.contains_key(&at) {
            report(
                &BTreeMap::new(),
                &allowed(&node.allows),
                Some(&node.path),
                found,
            );
        }
    }
}

type Allowed = BTreeMap<Arc<str>, Arc<str>>;

/// The codes with their reasons.
fn allowed(allows: &[Allow]) -> Allowed {
    let each = allows.iter().flat_map(|allow| {
        let reason = &allow.reason;
        allow
            .codes
            .iter()
            .map(move |(code, _)| (Arc::clone(code), Arc::clone(reason)))
    });
    each.collect()
}

fn report(before: &Allowed, after: &Allowed, node: Option<&Arc<str>>, found: &mut Found) {
    let place = node.map_or_else(|| "the journey".to_owned(), |node| format!("`{node}`"));
    let way = |code: &str, direction| {
        let is_error = codes::find(code).is_none_or(|code| code.severity == Severity::Error);
        if is_error {
            direction
        } else {
            Direction::Neutral
        }
    };
    for (code, reason) in after {
        if !before.contains_key(code) {
            let message = format!("`{code}` is allowed at {place} now: {reason}");
            found.push(way(code, Direction::Weaker), Topic::Exception, message);
        }
    }
    for code in before.keys().filter(|code| !after.contains_key(*code)) {
        let message = format!("`{code}` is not allowed at {place} any more");
        found.push(way(code, Direction::Stronger), Topic::Exception, message);
    }
}
