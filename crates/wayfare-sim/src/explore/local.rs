//! Places whose moves need not be interleaved.
//!
//! A move is local where it reads and writes the run alone, so that it commutes with every move of the
//! other runs and is of no concern to any finding. Where a run stands at such a place, only that run goes
//! on: what the others do before can as well be done after. A circle of local places would put the others
//! off for ever, so places from which one can be entered are not counted among them.

use crate::explore::table::{Op, Table};

fn touches_others(op: &Op) -> bool {
    match op {
        Op::Password(_)
        | Op::Outside(_)
        | Op::WrongOutside
        | Op::Lock(_)
        | Op::Active(_)
        | Op::CodeMade
        | Op::CodeSent(_)
        | Op::Astray(_)
        | Op::CodeTyped(_)
        | Op::Success(_) => true,
        Op::LevelMin(_)
        | Op::LevelMax(_)
        | Op::LevelBy(_)
        | Op::LevelTo(_)
        | Op::Count(..)
        | Op::Spent(..)
        | Op::Fact(..)
        | Op::Guard(..)
        | Op::Named(_)
        | Op::Stated(_)
        | Op::Prove(_)
        | Op::Save
        | Op::Restore
        | Op::Watch(_)
        | Op::Begin(..)
        | Op::Cut(_)
        | Op::Goal(..)
        | Op::Shown(..)
        | Op::Unshown(..)
        | Op::After(..)
        | Op::Visit(..)
        | Op::LevelAt(..)
        | Op::FactAt(..) => false,
    }
}

/// Which of the candidates lead out of the candidates after finitely many moves, whatever is chosen.
pub(super) fn without_circles(table: &Table, candidate: impl Fn(u32) -> bool) -> Vec<bool> {
    let count = table.places.len();
    let mut open = vec![0_u32; count];
    let mut back: Vec<Vec<u32>> = vec![Vec::new(); count];
    for (at, open) in (0_u32..).zip(&mut open) {
        if !candidate(at) {
            continue;
        }
        for found in table
            .moves_at(at)
            .1
            .iter()
            .filter(|found| candidate(found.to))
        {
            *open += 1;
            if let Some(back) = back.get_mut(found.to as usize) {
                back.push(at);
            }
        }
    }
    let mut done = vec![false; count];
    let mut ready: Vec<u32> = (0_u32..)
        .zip(&open)
        .filter(|(at, open)| candidate(*at) && **open == 0)
        .map(|(at, _)| at)
        .collect();
    while let Some(at) = ready.pop() {
        if let Some(done) = done.get_mut(at as usize) {
            *done = true;
        }
        for from in back.get(at as usize).into_iter().flatten() {
            if let Some(open) = open.get_mut(*from as usize) {
                *open -= 1;
                if *open == 0 {
                    ready.push(*from);
                }
            }
        }
    }
    done
}

/// Marks the places whose moves are local.
pub(super) fn mark(table: &mut Table) {
    let candidate = |at: u32| {
        let quiet = table
            .places
            .get(at as usize)
            .is_some_and(|place| !place.foreign_code && !place.push && !place.is_end);
        let own = |found| !table.ops_of(found).iter().any(touches_others);
        quiet && table.moves_at(at).1.iter().all(own)
    };
    let candidates: Vec<bool> = (0_u32..).take(table.places.len()).map(candidate).collect();
    let local = without_circles(table, |at| candidates.get(at as usize) == Some(&true));
    for (place, local) in table.places.iter_mut().zip(local) {
        place.is_local = local;
    }
}
