//! Moves what stands further aside than it must.
//!
//! The alignment before is as narrow as it can be on average, and leaves whole parts of a picture hanging
//! at one side. Here each straight run of items moves as one to the middle of what it is joined to, as far
//! as its neighbours let it. Nothing comes closer than it may, and what is straight stays so.

use super::{
    grid::{Grid, Kind},
    int,
    row::{Fan, Row},
};

/// How often everything may move.
const ROUNDS: usize = 8;

/// Moves items; `xs` are their middles.
pub(super) fn settle(grid: &Grid, xs: Vec<i64>) -> Vec<i64> {
    let len = grid.items.len();
    let mut xs: Row<i64> = xs.into_iter().collect();
    let mut left: Row<usize> = Row::new(len, len);
    let mut right: Row<usize> = Row::new(len, len);
    for row in &grid.rows {
        for (a, b) in row.iter().zip(row.iter().skip(1)) {
            right.put(*a, *b);
            left.put(*b, *a);
        }
    }
    for round in 0..ROUNDS {
        let (count, run_of) = runs(grid, &xs);
        let items = grid.rows.iter().flatten().copied();
        let members = Fan::new(count, items.map(|item| (run_of.at(item), item)));
        let mut moved = false;
        for step in 0..count {
            let run = if round % 2 == 0 {
                step
            } else {
                count - 1 - step
            };
            let (mut least, mut most) = (i64::MIN, i64::MAX);
            let mut pulls = Vec::new();
            for &item in members.of(run) {
                let x = xs.at(item);
                let (before, after) = (left.at(item), right.at(item));
                if before < len {
                    least = least.max(xs.at(before) + grid.apart(before, item) - x);
                }
                if after < len {
                    most = most.min(xs.at(after) - grid.apart(item, after) - x);
                }
                let joined = grid.up.of(item).iter().chain(grid.down.of(item));
                let others = joined.filter(|other| run_of.at(**other) != run);
                pulls.extend(others.map(|other| xs.at(*other) - x));
            }
            let pull = if is_loop(grid, members.of(run)) {
                // A loop is short.
                i64::MIN
            } else {
                middle(&mut pulls)
            };
            // What stands at no other may stay where it is.
            let least = if least == i64::MIN && pull == i64::MIN {
                0
            } else {
                least
            };
            let shift = pull.clamp(least.min(0), most.max(0));
            if shift != 0 {
                moved = true;
                for &item in members.of(run) {
                    xs.put(item, xs.at(item) + shift);
                }
            }
        }
        if !moved {
            break;
        }
    }
    let edges = (0..len).map(|item| xs.at(item) - grid.item(item).half);
    let least = edges.min().unwrap_or(0);
    xs.iter().map(|x| x - least).collect()
}

fn is_loop(grid: &Grid, items: &[usize]) -> bool {
    let kind = items.first().map(|item| grid.item(*item).kind);
    matches!(kind, Some(Kind::Loop(_)))
}

/// By item, the number of the straight run it belongs to, from top to bottom.
fn runs(grid: &Grid, xs: &Row<i64>) -> (usize, Row<usize>) {
    let mut count = 0;
    let mut run: Row<usize> = Row::new(grid.items.len(), 0);
    let mut taken = Row::new(grid.items.len(), false);
    for &item in grid.rows.iter().flatten() {
        let above = grid.up.of(item).iter().copied();
        let mut straight = above.filter(|up| xs.at(*up) == xs.at(item) && !taken.at(*up));
        if let Some(up) = straight.next() {
            taken.put(up, true);
            run.put(item, run.at(up));
        } else {
            run.put(item, count);
            count += 1;
        }
    }
    (count, run)
}

/// The middle of some numbers; 0 of none.
fn middle(numbers: &mut [i64]) -> i64 {
    numbers.sort_unstable();
    let at = |at: usize| numbers.get(at).copied().unwrap_or(0);
    let len = int(numbers.len());
    if len == 0 {
        return 0;
    }
    let half = numbers.len() / 2;
    if len % 2 == 1 {
        at(half)
    } else {
        (at(half - 1) + at(half)).div_euclid(2)
    }
}
