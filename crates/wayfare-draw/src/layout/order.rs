//! Orders the items of each row so that few arrows cross.
//!
//! Sweeps down and up put each item at the middle of what it is joined to, neighbours are swapped where
//! that helps, and the best order that was seen is kept. How many sweeps there are goes by the size.
//! Items of a group stay side by side.

use super::{
    grid::{Fate, Grid, Kind},
    int,
    row::{Fan, Row},
};

/// About how many steps all sweeps together may take.
const STEPS: usize = 6_000_000;
/// The most sweeps from one first order.
const SWEEPS_MAX: usize = 40;
/// Sweeps without a better order before the search ends.
const PATIENCE: usize = 9;

/// Where an order begins: which way the rows are filled, and where arrows that lead back stand.
#[derive(Debug, Clone, Copy)]
struct Begin {
    deep: bool,
    mirrored: bool,
    back: Option<bool>,
}

/// The first orders, the most promising ones first; how many are tried goes by the size.
const BEGINS: [Begin; 8] = {
    const fn begin(deep: bool, mirrored: bool, back: Option<bool>) -> Begin {
        Begin {
            deep,
            mirrored,
            back,
        }
    }
    [
        begin(true, false, None),
        begin(false, false, None),
        begin(true, false, Some(true)),
        begin(true, false, Some(false)),
        begin(false, false, Some(true)),
        begin(false, false, Some(false)),
        begin(true, true, Some(false)),
        begin(false, true, Some(true)),
    ]
};

/// Orders the rows.
pub(super) fn order(grid: &mut Grid, start: usize) {
    let size = grid.items.len() + grid.chains.iter().map(Vec::len).sum::<usize>();
    let mut left = (STEPS / (size * 64).max(1)).max(4);
    let mut best: Option<(u64, Vec<Vec<usize>>)> = None;
    for begin in BEGINS {
        grid.rows = first_order(grid, start, begin);
        let mut own = u64::MAX;
        let mut idle = 0;
        for sweep in 0..=SWEEPS_MAX {
            if sweep > 0 {
                let flip = sweep % 8 >= 4;
                sweep_rows(grid, sweep % 2 == 1, sweep % 4 < 2, flip);
                transpose(grid, flip, if left > 30 { 8 } else { 2 });
            }
            let crossings = grid.crossings();
            if best.as_ref().is_none_or(|(least, _)| crossings < *least) {
                best = Some((crossings, grid.rows.clone()));
            }
            idle = if crossings < own { 0 } else { idle + 1 };
            own = own.min(crossings);
            left = left.saturating_sub(1);
            if crossings == 0 || idle > PATIENCE || left == 0 {
                break;
            }
        }
        if left == 0 || best.as_ref().is_some_and(|(least, _)| *least == 0) {
            break;
        }
    }
    if let Some((_, rows)) = best {
        grid.rows = rows;
    }
}

/// Rows in the order in which a search from the start comes by, in depth or in breadth.
fn first_order(grid: &Grid, start: usize, begin: Begin) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); grid.rows.len()];
    let mut seen = Row::new(grid.items.len(), false);
    let mut open = std::collections::VecDeque::new();
    // What nothing leads to comes after the start, each in turn.
    let roots = (0..grid.items.len()).filter(|item| grid.up.of(*item).is_empty());
    for root in std::iter::once(start)
        .chain(roots)
        .chain(0..grid.items.len())
    {
        open.push_back(root);
        while let Some(item) = if begin.deep {
            open.pop_back()
        } else {
            open.pop_front()
        } {
            if seen.at(item) || item >= grid.items.len() {
                continue;
            }
            seen.put(item, true);
            if let Some(row) = rows.get_mut(grid.item(item).row) {
                row.push(item);
            }
            let below = grid.down.of(item).iter().copied();
            if begin.deep == begin.mirrored {
                open.extend(below);
            } else {
                open.extend(below.rev());
            }
        }
    }
    let leads_back = |item: usize| match grid.item(item).kind {
        Kind::Bend(link) => grid.fates.get(link) == Some(&Fate::Back),
        _ => false,
    };
    for row in &mut rows {
        if let Some(right) = begin.back {
            row.sort_by_key(|item| leads_back(*item) == right);
        }
        let own = row.iter().zip(0..).map(|(item, at)| (*item, at * SCALE));
        let own: Vec<(usize, i64)> = own.collect();
        *row = sorted(grid, &own);
    }
    rows
}

/// Places are compared in fractions of one.
const SCALE: i64 = 1_024;

/// One pass over all rows, each ordered by the row before it.
fn sweep_rows(grid: &mut Grid, down: bool, median: bool, flip: bool) {
    let mut place = grid.places();
    let count = grid.rows.len();
    for step in 1..count {
        let at = if down { step } else { count - 1 - step };
        let joined: &Fan = if down { &grid.up } else { &grid.down };
        let Some(row) = grid.rows.get(at) else {
            continue;
        };
        let mut wanted: Vec<(usize, i64)> = Vec::with_capacity(row.len());
        let mut last = -1;
        for &item in row {
            // What is joined to nothing stays behind its neighbour.
            let middle = middle(joined.of(item), &place, median).unwrap_or(last);
            last = middle;
            wanted.push((item, middle));
        }
        // What wants the same place changes sides now and then, which leads out of dead ends.
        if flip {
            wanted.reverse();
        }
        let row = sorted(grid, &wanted);
        for (at, item) in row.iter().enumerate() {
            place.put(*item, at);
        }
        if let Some(slot) = grid.rows.get_mut(at) {
            *slot = row;
        }
    }
}

/// The middle of the places of some items.
fn middle(items: &[usize], place: &Row<usize>, median: bool) -> Option<i64> {
    let mut places: Vec<i64> = items.iter().map(|i| int(place.at(*i)) * SCALE).collect();
    if places.is_empty() {
        return None;
    }
    let len = int(places.len());
    if !median {
        return Some(places.iter().sum::<i64>() / len);
    }
    places.sort_unstable();
    let low = places.get((places.len() - 1) / 2)?;
    let high = places.get(places.len() / 2)?;
    Some(i64::midpoint(*low, *high))
}

/// Items by what they want, those of a group side by side.
fn sorted(grid: &Grid, wanted: &[(usize, i64)]) -> Vec<usize> {
    let mut groups: std::collections::BTreeMap<u32, (i64, i64)> = std::collections::BTreeMap::new();
    for (item, want) in wanted {
        let sum = groups.entry(grid.item(*item).group).or_default();
        *sum = (sum.0 + want, sum.1 + 1);
    }
    let mut keyed: Vec<((i64, u32, i64), usize)> = wanted
        .iter()
        .map(|(item, want)| {
            let group = grid.item(*item).group;
            let (sum, count) = groups.get(&group).copied().unwrap_or((0, 1));
            let outer = if group == 0 {
                *want
            } else {
                sum / count.max(1)
            };
            ((outer, group, *want), *item)
        })
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}

/// Swaps neighbours while fewer arrows cross for it.
fn transpose(grid: &mut Grid, even: bool, rounds: usize) {
    let mut place = grid.places();
    for round in 0..rounds {
        let mut better = false;
        // A swap that changes nothing may make room for one that does.
        let even = even && round == 0;
        for row in 0..grid.rows.len() {
            let mut items = grid.rows.get(row).cloned().unwrap_or_default();
            for at in 1..items.len() {
                let (Some(&left), Some(&right)) = (items.get(at - 1), items.get(at)) else {
                    continue;
                };
                let apart = grid.item(left).group != grid.item(right).group;
                if apart || !wins(grid, &place, left, right, even) {
                    continue;
                }
                items.swap(at - 1, at);
                place.put(left, at);
                place.put(right, at - 1);
                better = true;
            }
            if let Some(slot) = grid.rows.get_mut(row) {
                *slot = items;
            }
        }
        if !better {
            break;
        }
    }
}

/// Whether two neighbours cross less the other way round.
fn wins(grid: &Grid, place: &Row<usize>, left: usize, right: usize, even: bool) -> bool {
    let (mut now, mut then) = (0, 0);
    for joined in [&grid.up, &grid.down] {
        let sides = |item: usize| {
            let mut places: Vec<usize> = joined.of(item).iter().map(|i| place.at(*i)).collect();
            places.sort_unstable();
            places
        };
        let (a, b) = (sides(left), sides(right));
        now += crossed(&a, &b);
        then += crossed(&b, &a);
    }
    then < now || even && then == now && now > 0
}

/// How many pairs cross where the first stands left of the second.
fn crossed(left: &[usize], right: &[usize]) -> usize {
    let mut total = 0;
    let mut below = 0;
    for end in left {
        while right.get(below).is_some_and(|other| other < end) {
            below += 1;
        }
        total += below;
    }
    total
}

/// By link that leads back, whether its lane stands right of the box it leaves and of the one it enters.
pub(super) fn sides(grid: &Grid, place: &Row<usize>, chain: &[usize]) -> (bool, bool) {
    let side = |end: Option<&usize>, next: Option<&usize>, joined: &Fan| {
        let (Some(end), Some(next)) = (end, next) else {
            return true;
        };
        let own = place.at(*next);
        let others = joined.of(*end).iter().filter(|other| *other != next);
        let (left, right) = others.fold((0, 0), |(left, right), other| {
            if place.at(*other) < own {
                (left + 1, right)
            } else {
                (left, right + 1)
            }
        });
        left >= right
    };
    let mut bottom_up = chain.iter().rev();
    let leaves = side(bottom_up.next(), bottom_up.next(), &grid.up);
    let mut top_down = chain.iter();
    let enters = side(top_down.next(), top_down.next(), &grid.down);
    (leaves, enters)
}
