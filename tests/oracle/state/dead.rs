//! What must be said of values that nothing reads.

use std::collections::BTreeSet;

use petgraph::visit::EdgeRef;
use wayfare::{
    Span,
    model::{
        journey::{NodeKind, On},
        signature::{Scope, StateKey},
    },
};

use super::{
    super::{Tally, kinds::KEYS, moves::Spot, random::Made},
    data::{Effect, Never, Question, Secure, Transient},
    declared::{guard_slots, means, signature, slot_of, spots, task_at},
    expected::{put, span},
    key_of,
    made::NAMES,
    runs::{roots, runs},
    steps,
};

/// Whether a spot may read a key from shared, or from transient and secure state.
pub(super) fn may_read(made: &Made, spot: Spot, name: &str, sensitive: bool) -> bool {
    let looks = |scope: Scope| match scope {
        Scope::Shared => !sensitive,
        Scope::Transient | Scope::Secure => sensitive,
        _ => true,
    };
    if let NodeKind::Decision(arms) = &made.journey(spot.0).graph[spot.1].kind {
        let slots = guard_slots(arms);
        let mut own = slots.iter().filter_map(slot_of);
        return own.any(|(id, scope)| KEYS[id] == name && looks(scope));
    }
    let (Some(task), Some(own)) = (task_at(made, spot), signature(made, spot)) else {
        return false;
    };
    let mut reads = own.reads.iter();
    reads.any(|line| means(task, line) == name && looks(line.scope))
}

/// Whether some run reads what a line of a spot writes, and whether some run writes it at all.
pub(super) fn is_read(made: &Made, spot: Spot, line: &StateKey) -> (bool, bool) {
    let name = NAMES.into_iter().find(|own| *own == line.key).unwrap();
    let sensitive = line.scope != Scope::Shared;
    let effect = |write: &StateKey| {
        if std::ptr::eq(write, line) {
            Effect::Put
        } else if write.always {
            Effect::Drop
        } else {
            Effect::Nothing
        }
    };
    let asked = Question {
        name,
        effect: &effect,
        strict: false,
        given: false,
    };
    let alone = made.program.journeys.len() == 1;
    let (mut read, mut visited) = (false, false);
    for root in roots(made) {
        runs(made, &asked, root, None, |stack, data, _| {
            let here = *stack.last().unwrap();
            visited |= here == spot;
            let own = *data.frames.last().unwrap();
            let there = match (sensitive, alone) {
                (false, _) => data.shared,
                // A stop may be counted as one that keeps what it drops.
                (true, true) => own != Never,
                (true, false) => matches!(own, Transient | Secure),
            };
            read |= there && may_read(made, here, name, sensitive);
            let kind = &made.journey(here.0).graph[here.1].kind;
            let ends = matches!(
                kind,
                NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
            );
            read |= ends && stack.len() == 1 && data.shared;
        });
    }
    (read, visited)
}

/// A node whose values nothing reads must be told where there is one journey; elsewhere, who calls is not
/// told apart, so that some are not, but none is told that is read.
pub(super) fn dead(made: &Made, all: &wayfare::Diagnostics, tally: &Tally) -> Result<(), String> {
    let of = |word: &'static str| all.iter().filter(move |finding| finding.code.word == word);
    let lost: BTreeSet<&str> = of("lost_value").filter_map(key_of).collect();
    let said: BTreeSet<Span> = of("dead_write").map(|finding| finding.span).collect();
    let mut is = BTreeSet::new();
    for spot in spots(made) {
        let Some(own) = signature(made, spot) else {
            continue;
        };
        let named = |line: &StateKey| line.key == "username" || lost.contains(&*line.key);
        if own.writes.is_empty() || own.writes.iter().any(|line| !line.always || named(line)) {
            continue;
        }
        let lines: Vec<(bool, bool)> = own
            .writes
            .iter()
            .map(|line| is_read(made, spot, line))
            .collect();
        let dead = lines.iter().all(|(read, visited)| !read && *visited);
        if dead {
            is.insert(span(made, spot));
        }
        if said.contains(&span(made, spot)) && !dead {
            return Err(format!("{spot:?} is read"));
        }
    }
    for finding in of("dead_write") {
        tally.add("dead_write");
        let steps = steps(finding).ok_or("a dead write without its run")?;
        let root = made.program.by_name[&finding.route.as_ref().unwrap().journey];
        let free = Question {
            name: "note",
            effect: &put,
            strict: false,
            given: false,
        };
        let mut real = false;
        // It may end on the arrow that overwrites, which no visit follows where it ends the run.
        let most = steps.len().saturating_sub(1);
        runs(made, &free, root, Some(&steps), |_, data, _| {
            real |= data.step >= most;
        });
        if !real {
            return Err(format!("no run is like that of {finding:?}"));
        }
    }
    let missed = |spot: &Spot| {
        let own = span(made, *spot);
        is.contains(&own) && !said.contains(&own) && goes_at_last(made, *spot)
    };
    if made.program.journeys.len() == 1
        && let Some(spot) = spots(made).iter().find(|spot| missed(spot))
    {
        return Err(format!("{spot:?} is dead and not told"));
    }
    Ok(())
}

/// Whether what a spot writes comes to an end of the journey, or is overwritten; on a round without an
/// end it is neither.
pub(super) fn goes_at_last(made: &Made, spot: Spot) -> bool {
    let graph = &made.journey(spot.0).graph;
    let line = &signature(made, spot).unwrap().writes[0];
    let overwrites = |other: Spot| {
        signature(made, other).is_some_and(|own| {
            let mut writes = own.writes.iter();
            let shared = line.scope == Scope::Shared;
            let same = |w: &StateKey| {
                w.always && w.key == line.key && (w.scope == Scope::Shared) == shared
            };
            writes.any(same) || own.removes.iter().any(|gone| gone.key == line.key)
        })
    };
    let later = spots(made);
    let mut later = later
        .into_iter()
        .filter(|own| own.1 == spot.1 && own.2 > spot.2);
    if later.any(overwrites) {
        return true;
    }
    // An error of the node itself takes back what it wrote.
    let goes = graph.edges(spot.1);
    let goes = goes.filter(|edge| edge.weight().on != On::Error);
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = goes.map(|edge| edge.target()).collect();
    while let Some(node) = open.pop() {
        if !seen.insert(node) {
            continue;
        }
        let ends = matches!(
            graph[node].kind,
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
        );
        let own = spots(made);
        if ends || own.into_iter().any(|own| own.1 == node && overwrites(own)) {
            return true;
        }
        open.extend(graph.neighbors(node));
    }
    false
}
