//! Conditions that decide how much a success takes.
//!
//! For each condition that stands in a decision of either program: what do the successes hold, and what
//! have they passed, on which nothing says that it is true? A second factor that is asked of everybody
//! outside of a network is one that every success takes on which nothing says that the run is inside; so
//! it is seen when more runs are let round it, also where some were before.

use std::collections::BTreeMap;

use super::{
    Direction, Found, Topic, carried,
    proof::words,
    side::{Side, is_startable},
};
use crate::{
    analysis::summary::Holdings,
    model::{
        expr::Expr,
        journey::{Guard, Journey, JourneyId, NodeKind},
        program::Program,
    },
};

/// How many sets of conditions are asked for; a program with more is compared by the first of them.
const SETS_MAX: usize = 64;
/// How many changes a journey reports each way.
const SHOWN_MAX: usize = 16;

/// Conditions that nothing says to be true, in words.
type Sets<'a> = BTreeMap<String, (&'a Program, Vec<Expr>)>;

/// Compares a journey that both programs have.
pub(super) fn both(old: &Side<'_>, new: &Side<'_>, a: &Journey, b: &Journey, found: &mut Found) {
    if !is_startable(a) || !is_startable(b) {
        return;
    }
    let mut sets = Sets::new();
    let decisions = (decisions(old.program, a.id), decisions(new.program, b.id));
    let texts = |program: &Program, all: &[&[Guard]]| -> Vec<Vec<Option<String>>> {
        let text = |arm: &Guard| arm.condition.as_ref().map(|c| c.text(&program.keys));
        all.iter()
            .map(|arms| arms.iter().map(text).collect())
            .collect()
    };
    let same = texts(old.program, &decisions.0) == texts(new.program, &decisions.1);
    if same
        && found.list.is_empty()
        && a.graph.edge_count() == b.graph.edge_count()
        && same_arrows(a, b)
    {
        return;
    }
    for arms in decisions.0 {
        add(old.program, arms, &mut sets);
    }
    for arms in decisions.1 {
        add(new.program, arms, &mut sets);
    }
    let plain = (old.all.holdings(a), new.all.holdings(b));
    let mut told = (0, 0);
    for (text, (program, conditions)) in sets.iter().take(SETS_MAX) {
        let over = |side: &Side<'_>| -> Vec<Expr> {
            let carried = conditions
                .iter()
                .map(|c| carried::expr(program, side.program, c));
            carried.flatten().collect()
        };
        let (x, y) = ((old, a, over(old)), (new, b, over(new)));
        let asked = (
            old.all.holdings_without(a, &x.2),
            new.all.holdings_without(b, &y.2),
        );
        for (first, second, held, all, direction, told) in [
            (
                &x,
                &y,
                (&asked.0, &asked.1),
                &plain.0,
                Direction::Weaker,
                &mut told.0,
            ),
            (
                &y,
                &x,
                (&asked.1, &asked.0),
                &plain.1,
                Direction::Stronger,
                &mut told.1,
            ),
        ] {
            if *told < SHOWN_MAX {
                *told += ask(text, first, second, held, all, direction, found);
            }
        }
    }
}

fn same_arrows(a: &Journey, b: &Journey) -> bool {
    let arrows = |journey: &Journey| -> Vec<(usize, usize)> {
        let edges = journey.graph.edge_indices();
        let ends = edges.filter_map(|edge| journey.graph.edge_endpoints(edge));
        ends.map(|(from, to)| (from.index(), to.index())).collect()
    };
    arrows(a) == arrows(b)
}

/// The decisions that runs of a journey may come to, also within its inner journeys.
fn decisions(program: &Program, journey: JourneyId) -> Vec<&[Guard]> {
    let mut found = Vec::new();
    let mut seen = vec![false; program.journeys.len()];
    let mut open = vec![journey];
    while let Some(id) = open.pop() {
        match seen.get_mut(id.index()) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        let nodes = program
            .journey(id)
            .map(|journey| journey.graph.node_weights());
        for node in nodes.into_iter().flatten() {
            match &node.kind {
                NodeKind::Decision(arms) => found.push(arms.as_slice()),
                NodeKind::Inner(inner) => open.push(*inner),
                NodeKind::Task(_)
                | NodeKind::Page(_)
                | NodeKind::Success
                | NodeKind::Failure
                | NodeKind::LooseEnd => {}
            }
        }
    }
    found
}

fn add<'a>(program: &'a Program, arms: &[Guard], sets: &mut Sets<'a>) {
    let conditions: Vec<&Expr> = arms
        .iter()
        .filter_map(|arm| arm.condition.as_ref())
        .collect();
    let mut put = |text: String, conditions: Vec<Expr>| {
        sets.entry(text).or_insert((program, conditions));
    };
    let all: Vec<Expr> = conditions.iter().map(|c| (*c).clone()).collect();
    let text = |expr: &Expr| format!("`{}`", expr.text(&program.keys));
    for condition in all.iter().cloned() {
        let not = Expr::Not(Box::new(condition.clone()));
        put(text(&not), vec![not]);
        put(text(&condition), vec![condition]);
    }
    if all.len() > 1 {
        let texts: Vec<String> = all.iter().map(text).collect();
        put(texts.join(" and without "), all);
    }
}

/// One of the programs, the journey there, and the conditions in its keys.
type Asked<'s, 'p> = (&'s Side<'p>, &'s Journey, Vec<Expr>);

/// Reports what the second allows without the conditions and the first does not; how much that is.
fn ask(
    text: &str,
    (first, a, without): &Asked<'_, '_>,
    (second, b, conditions): &Asked<'_, '_>,
    (before, after): (&Holdings, &Holdings),
    plain: &Holdings,
    direction: Direction,
    found: &mut Found,
) -> usize {
    if before.cut_short || after.cut_short || plain.cut_short {
        return 0;
    }
    let least: Vec<String> = before.least().into_iter().map(words).collect();
    let least = if least.is_empty() {
        "and could not be".to_owned()
    } else {
        format!("which took {}", least.join(", or "))
    };
    let mut told = 0;
    for holding in before.news_of(after) {
        // What is news at all is told as such.
        if !plain.list.iter().any(|known| known.covers(holding)) {
            continue;
        }
        let held = words(holding);
        let message = match direction {
            Direction::Weaker => {
                format!("success can be reached with {held} without {text}, {least} before")
            }
            _ => format!("success can no more be reached with {held} without {text}"),
        };
        let shown = second.all.run_without(b, conditions, holding);
        found.shown(
            direction,
            Topic::Condition,
            message,
            (second.program, shown.as_ref()),
        );
        told += 1;
    }
    if before.list.is_empty() || after.list.is_empty() {
        return told;
    }
    let passed = (
        first.all.passed_without(without),
        second.all.passed_without(conditions),
    );
    let lost = passed.0.of(a.id).filter(|check| {
        // What was passed on every way at all is told as such.
        !passed.1.has(b.id, check) && !first.passed.has(a.id, check)
    });
    for check in lost {
        let Some(shown) = second.all.run_around_without(b, conditions, check) else {
            continue;
        };
        let message = match direction {
            Direction::Weaker => {
                format!("success can be reached without {text} and without passing `{check}`")
            }
            _ => format!("success cannot be reached without {text} and without `{check}` any more"),
        };
        found.shown(
            direction,
            Topic::Condition,
            message,
            (second.program, Some(&shown)),
        );
        told += 1;
    }
    told
}
