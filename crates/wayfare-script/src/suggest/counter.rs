//! A script that counts its visits and decides at a limit.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use super::{But, Suggestion, trial};
use crate::facts::tree::Script;

/// How many visits are tried.
const VISITS_MAX: usize = 2_000;

/// The `RetryLimitDecision` that a script is, where nobody else knows of its count.
///
/// The script is tried visit by visit. Its count grows and is compared by numbers that stand in its text, so once
/// it is greater than all of these together, and grows or stays, every later visit goes the same way.
pub(super) fn counter(
    script: &Script,
    legacy: bool,
    targets: &BTreeMap<Arc<str>, String>,
    elsewhere: &dyn Fn(&str) -> bool,
) -> Option<Suggestion> {
    let mut outcomes: Vec<Rc<str>> = Vec::new();
    let mut state = BTreeMap::new();
    let (mut key, mut logs) = (None, false);
    for turn in 0..VISITS_MAX {
        let visit = trial::visit(script, legacy, state.clone(), None)?;
        if !visit.sent.is_empty() || visit.asks {
            return None;
        }
        let [counted] = visit.keys.as_slice() else {
            return None;
        };
        if *key.get_or_insert_with(|| Rc::clone(counted)) != *counted {
            return None;
        }
        logs |= visit.logs;
        outcomes.push(visit.outcome?);
        let (before, after) = (state.get(counted), visit.state.get(counted));
        let grows = before <= after;
        let is_past = before.is_some_and(|count| *count > visit.numbers.saturating_mul(2));
        if state == visit.state || (is_past && grows) {
            break;
        }
        if turn + 1 == VISITS_MAX {
            return None;
        }
        state = visit.state;
    }
    let (first, last) = (outcomes.first()?, outcomes.last()?);
    let limit = outcomes
        .iter()
        .take_while(|outcome| *outcome == first)
        .count();
    let is_limit = first != last && outcomes.iter().skip(limit).all(|outcome| outcome == last);
    if !is_limit || elsewhere(&key?) {
        return None;
    }
    Some(Suggestion {
        ty: Some("RetryLimitDecision"),
        lines: vec![
            format!("retryLimit = {limit}"),
            format!("Retry -> {}", targets.get(&**first)?),
            format!("Reject -> {}", targets.get(&**last)?),
        ],
        but: logs.then_some(But::Logs).into_iter().collect(),
    })
}
