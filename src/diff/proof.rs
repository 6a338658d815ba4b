//! What successes prove, what they have passed, and how often secrets may be tried.
//!
//! Asked of journeys that a login may begin with; of an inner journey the answer depends on its callers,
//! and theirs is asked for. Everything is written once, as what the second journey allows and the first
//! does not, and asked both ways.

use super::{
    Direction, Found, Topic,
    side::{Side, is_startable},
};
use crate::{
    analysis::summary::{Holding, Most},
    model::journey::Journey,
};

/// How many changes of one topic a journey reports each way.
const SHOWN_MAX: usize = 16;

/// Compares a journey that both programs have.
pub(super) fn both(old: &Side<'_>, new: &Side<'_>, a: &Journey, b: &Journey, found: &mut Found) {
    if !is_startable(a) || !is_startable(b) {
        return;
    }
    let ways = [
        (old, new, a, b, Direction::Weaker),
        (new, old, b, a, Direction::Stronger),
    ];
    for (first, second, a, b, direction) in ways {
        holdings(first, second, a, b, direction, found);
        checks(first, second, a, b, direction, found);
        tries(first, second, a, b, direction, found);
    }
    levels(old, new, a, b, found);
}

/// What a success holds, in words.
pub(super) fn words(holding: Holding) -> String {
    match holding.level {
        0 => format!("{}", holding.factors),
        level if level >= i64::from(i32::MAX) => format!("{} at any level", holding.factors),
        level => format!("{} at level {level}", holding.factors),
    }
}

fn holdings(
    first: &Side<'_>,
    second: &Side<'_>,
    a: &Journey,
    b: &Journey,
    direction: Direction,
    found: &mut Found,
) {
    let (before, after) = (first.all.holdings(a), second.all.holdings(b));
    if before.cut_short || after.cut_short {
        if direction == Direction::Weaker {
            let message = "there are too many different proofs to compare them all";
            found.push(Direction::Neutral, Topic::Proof, message);
        }
        return;
    }
    if before.list.is_empty() && !after.list.is_empty() {
        let message = match direction {
            Direction::Weaker => "success can be reached, and could not be before",
            _ => "success cannot be reached any more",
        };
        let example = after.list.first().copied();
        let shown = example.and_then(|holding| second.all.run_to(b, holding));
        found.shown(
            direction,
            Topic::Proof,
            message,
            (second.program, shown.as_ref()),
        );
        return;
    }
    let least: Vec<String> = before.least().into_iter().map(words).collect();
    for holding in before.news_of(&after).into_iter().take(SHOWN_MAX) {
        let message = match direction {
            Direction::Weaker => format!(
                "success can be reached with {}; before it took {}",
                words(holding),
                least.join(", or ")
            ),
            _ => format!(
                "success cannot be reached with {} any more; now it takes {}",
                words(holding),
                least.join(", or ")
            ),
        };
        let shown = second.all.run_to(b, holding);
        found.shown(
            direction,
            Topic::Proof,
            message,
            (second.program, shown.as_ref()),
        );
    }
}

fn checks(
    first: &Side<'_>,
    second: &Side<'_>,
    a: &Journey,
    b: &Journey,
    direction: Direction,
    found: &mut Found,
) {
    if !second.all.succeeds(b.id) || !first.all.succeeds(a.id) {
        return;
    }
    if first.passed.cut_short && direction == Direction::Weaker {
        let message = "there are too many different checks to compare them all";
        found.push(Direction::Neutral, Topic::Check, message);
    }
    let lost = first
        .passed
        .of(a.id)
        .filter(|check| !second.passed.has(b.id, check));
    for check in lost.take(SHOWN_MAX) {
        // A run that passes it nowhere is the proof that it was lost.
        let Some(shown) = second.all.run_around(b, check) else {
            continue;
        };
        let message = match direction {
            Direction::Weaker => {
                format!("`{check}` is not passed on every way to success any more")
            }
            _ => format!("`{check}` is passed on every way to success now"),
        };
        found.shown(
            direction,
            Topic::Check,
            message,
            (second.program, Some(&shown)),
        );
    }
}

fn tries(
    first: &Side<'_>,
    second: &Side<'_>,
    a: &Journey,
    b: &Journey,
    direction: Direction,
    found: &mut Found,
) {
    let (before, after) = (first.all.secrets(a), second.all.secrets(b));
    for (secret, most) in &after {
        let Some(Most::Times(known)) = before.get(secret).copied().filter(|known| known < most)
        else {
            continue;
        };
        let now = match most {
            Most::Times(times) => format!("{times} times"),
            Most::Unbounded => "without a bound".to_owned(),
        };
        let message = match direction {
            Direction::Weaker => {
                format!("{secret} can be tried {now} in one run, and could be {known} times before")
            }
            _ => {
                format!("{secret} can be tried {known} times in one run, and could be {now} before")
            }
        };
        let shown = second.all.run_beyond(b, secret, known);
        found.shown(
            direction,
            Topic::Tries,
            message,
            (second.program, shown.as_ref()),
        );
    }
}

fn levels(old: &Side<'_>, new: &Side<'_>, a: &Journey, b: &Journey, found: &mut Found) {
    if let (Some(before), Some(after)) = (old.span(a.id), new.span(b.id))
        && before != after
    {
        let message = format!("the levels at success are {after}, and were {before}");
        found.push(Direction::Neutral, Topic::Level, message);
    }
}
