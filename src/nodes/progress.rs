//! Nodes for profiles that grow over time: how old one is, how full, and how often it was used.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Change, EffectReply, Identity, Who},
        error::NodeError,
        instant,
        node_type::{Prepared, Setup},
    },
    model::{journey::OutcomeId, value::Value},
    nodes::{
        decide::{LOGINS, Verdict},
        failure::{self, unfit},
        profile::{
            Finder, Target, USERS, attribute, find, is_something, judge, judged, patch, profile,
        },
        reply::unexpected,
        setting::{Kept, constant},
    },
};

/// When the store made a profile.
const CREATED: &str = "_createDate";

/// Asks whether a profile is older than a time.
#[derive(Debug)]
struct TimeSince {
    elapsed: Duration,
    finder: Finder,
    verdict: Verdict,
}

pub(super) fn since(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let text: Arc<str> = constant(setup, "elapsedTime")?;
    Ok(Box::new(TimeSince {
        elapsed: span(&text).ok_or_else(|| {
            unfit("`elapsedTime` is no number of minutes and no time such as `7 days`")
        })?,
        finder: Finder::prepare(setup)?,
        verdict: Verdict::prepare(setup)?,
    }))
}

/// A span as the product writes it: a number of minutes, or numbers with units.
fn span(text: &str) -> Option<Duration> {
    if let Ok(minutes) = text.trim().parse::<u64>() {
        return minutes.checked_mul(60).map(Duration::from_secs);
    }
    let spaced: String = text
        .chars()
        .map(|c| {
            if c == ',' {
                ' '
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    let mut rest = spaced.trim();
    let mut total = Duration::ZERO;
    // BOUND: every round takes a digit at least.
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at(digits);
        let behind = behind.trim_start();
        let letters = behind
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let seconds: u64 = match unit {
            "w" | "week" | "weeks" => 604_800,
            "d" | "day" | "days" => 86_400,
            "h" | "hour" | "hours" => 3_600,
            "m" | "min" | "minute" | "minutes" => 60,
            "s" | "sec" | "second" | "seconds" => 1,
            _ => return None,
        };
        let seconds = number.parse::<u64>().ok()?.checked_mul(seconds)?;
        total = total.checked_add(Duration::from_secs(seconds))?;
        rest = behind.trim_start();
        if let Some(more) = rest.strip_prefix("and ") {
            rest = more.trim_start();
        }
    }
    (!spaced.trim().is_empty()).then_some(total)
}

impl Prepared for TimeSince {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(self.finder.target(cx)?.read(vec![Arc::from(CREATED)]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let known = profile(reply)?;
        let created = attribute(&known, CREATED)
            .and_then(Value::as_text)
            .and_then(instant::read);
        let now = cx.now();
        let is_over = created.is_some_and(|created| created.plus(self.elapsed) <= now);
        Ok(self.verdict.go(is_over))
    }
}

/// Counts a login.
#[derive(Debug)]
struct IncrementLoginCount {
    finder: Finder,
    outcome: OutcomeId,
}

pub(super) fn increment(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(IncrementLoginCount {
        finder: Finder::prepare(setup)?,
        outcome: setup.outcome("outcome")?,
    }))
}

fn add_login(who: Who) -> Action {
    let one = vec![(Arc::from(LOGINS), Change::Add(1))];
    patch(&Arc::from(USERS), who, one)
}

impl Prepared for IncrementLoginCount {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(match self.finder.target(cx) {
            Ok(Target::Who(who)) => add_login(who),
            Ok(having @ Target::Having(_)) => having.read(Vec::new()),
            // Nothing to count is no reason to stop somebody.
            Err(_) => Action::go(self.outcome),
        })
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Identity(Some(Identity { subject, .. }))) => {
                Ok(add_login(Who::Subject(subject)))
            }
            Reply::Effect(
                EffectReply::Identity(None) | EffectReply::Written(_) | EffectReply::Refused(_),
            ) => Ok(Action::go(self.outcome)),
            _ => Err(unexpected()),
        }
    }
}

/// Asks whether more of a profile than a share is filled, of what its owner may see and change.
#[derive(Debug)]
struct ProfileCompleteness {
    threshold: Kept<i64>,
    finder: Finder,
    verdict: Verdict,
}

pub(super) fn completeness(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(ProfileCompleteness {
        threshold: Kept::get(setup, "threshold")?,
        finder: Finder::prepare(setup)?,
        verdict: Verdict::prepare(setup)?,
    }))
}

impl ProfileCompleteness {
    /// Whether the share of what is filled is greater than the threshold, in percent.
    fn is_fuller(&self, cx: &Context<'_>, known: &Identity) -> Result<bool, NodeError> {
        let Some(Value::List(names)) = cx.visit() else {
            return Err(unexpected());
        };
        let all = names.iter().filter_map(Value::as_text);
        let filled = all.filter(|name| attribute(known, name).is_some()).count();
        let number = |count: usize| i128::try_from(count).unwrap_or(i128::MAX / 100);
        let threshold = i128::from(*self.threshold.now(cx)?);
        Ok(number(filled) * 100 > threshold * number(names.len()))
    }
}

impl Prepared for ProfileCompleteness {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        // Whoever cannot be found is told before the schema is asked.
        self.finder.target(cx)?;
        Ok(judge(cx, Vec::new(), BTreeMap::new()))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if let Reply::Effect(EffectReply::Judged(judged)) = reply {
            // An object is one, however much it holds.
            let counted = judged.into_iter().filter(|judgement| {
                let is_outer = !judgement.attribute.contains('/');
                is_outer && judgement.viewable && judgement.editable && !judgement.secret
            });
            let names: Vec<Arc<str>> = counted.map(|judgement| judgement.attribute).collect();
            let kept = names.iter().map(|name| Value::Text(Arc::clone(name)));
            cx.set_visit(Some(Value::List(kept.collect())));
            return Ok(self.finder.target(cx)?.read(names));
        }
        let known = profile(reply)?;
        Ok(self.verdict.go(self.is_fuller(cx, &known)?))
    }
}

/// Asks whether all that the schema requires was collected.
#[derive(Debug)]
struct RequiredAttributes {
    verdict: Verdict,
}

pub(super) fn required(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let resource: Arc<str> = constant(setup, "identityResource")?;
    if resource.is_empty() {
        return Err(unfit("`identityResource` is empty"));
    }
    Ok(Box::new(RequiredAttributes {
        verdict: Verdict::prepare(setup)?,
    }))
}

impl Prepared for RequiredAttributes {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(judge(cx, Vec::new(), BTreeMap::new()))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let collected = cx.object_attributes();
        let judged = judged(reply)?;
        // Where nothing is known, nothing can be said to be there.
        if judged.is_empty() {
            return Err(failure::NO_SCHEMA.error());
        }
        let are_there = judged
            .iter()
            .filter(|judgement| judgement.required)
            .all(|judgement| find(&collected, &judgement.attribute).is_some_and(is_something));
        Ok(self.verdict.go(are_there))
    }
}
