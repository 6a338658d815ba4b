//! Where each item stands from left to right, after Brandes and Köpf.
//!
//! Items are aligned with the middle of what they are joined to, in four ways: from above or below, from
//! the left or the right. Each way gives places as narrow as can be; the middle of the four is taken. Long
//! arrows come out straight, because a bend between bends goes first.

use std::collections::BTreeSet;

use super::{
    grid::Grid,
    row::{Fan, Row},
};

/// By item, the middle of it; the leftmost edge is at 0.
pub(super) fn align(grid: &Grid) -> Vec<i64> {
    let conflicts = conflicts(grid);
    let mut ways: Vec<Vec<i64>> = Vec::with_capacity(4);
    for from_above in [true, false] {
        for from_left in [true, false] {
            let view = View::new(grid, from_above, from_left);
            let root = view.blocks(grid, &conflicts);
            let mut xs = view.compact(grid, &root);
            if !from_left {
                for x in &mut xs {
                    *x = -*x;
                }
            }
            ways.push(xs);
        }
    }
    let extent = |xs: &[i64]| {
        let halves = xs
            .iter()
            .enumerate()
            .map(|(at, x)| (*x, grid.item(at).half));
        halves.fold((i64::MAX, i64::MIN), |(least, most), (x, half)| {
            (least.min(x - half), most.max(x + half))
        })
    };
    let extents: Vec<(i64, i64)> = ways.iter().map(|xs| extent(xs)).collect();
    let narrow = extents
        .iter()
        .copied()
        .min_by_key(|(least, most)| most.saturating_sub(*least));
    let (least, most) = narrow.unwrap_or((0, 0));
    for (at, (xs, (own_least, own_most))) in ways.iter_mut().zip(extents).enumerate() {
        let shift = if at % 2 == 0 {
            least - own_least
        } else {
            most - own_most
        };
        for x in xs {
            *x += shift;
        }
    }
    let mut xs: Vec<i64> = (0..grid.items.len())
        .map(|item| {
            let mut four: Vec<i64> = ways.iter().filter_map(|xs| xs.get(item).copied()).collect();
            four.sort_unstable();
            match four.as_slice() {
                [_, low, high, _] => (low + high).div_euclid(2),
                _ => 0,
            }
        })
        .collect();
    let (least, _) = extent(&xs);
    for x in &mut xs {
        *x -= least;
    }
    xs
}

/// The joins that would break a straight arrow: those that cross one between two bends.
fn conflicts(grid: &Grid) -> BTreeSet<(usize, usize)> {
    let place = grid.places();
    let mut marked = BTreeSet::new();
    for row in &grid.rows {
        let inner = |item: usize| {
            let above = grid.up.of(item).first().copied()?;
            let both = grid.item(item).is_bend() && grid.item(above).is_bend();
            both.then_some(above)
        };
        let above_len = row.first().map_or(0, |item| {
            let above = grid.item(*item).row.checked_sub(1);
            above.and_then(|row| grid.rows.get(row)).map_or(0, Vec::len)
        });
        let mut from = 0;
        let mut left = 0;
        for (at, item) in row.iter().enumerate() {
            let straight = inner(*item);
            let is_last = at + 1 == row.len();
            if straight.is_none() && !is_last {
                continue;
            }
            let right = straight.map_or(above_len, |above| place.at(above));
            for other in row.get(from..=at).unwrap_or_default() {
                for above in grid.up.of(*other) {
                    let outside = place.at(*above) < left || place.at(*above) > right;
                    if outside && inner(*other) != Some(*above) {
                        marked.insert((*above, *other));
                    }
                }
            }
            from = at + 1;
            left = right;
        }
    }
    marked
}

/// The grid seen from one of its four corners.
struct View<'g> {
    rows: Vec<Vec<usize>>,
    joined: &'g Fan,
    place: Row<usize>,
    from_above: bool,
    from_left: bool,
}

impl<'g> View<'g> {
    fn new(grid: &'g Grid, from_above: bool, from_left: bool) -> Self {
        let mut rows = grid.rows.clone();
        if !from_above {
            rows.reverse();
        }
        let mut place = Row::new(grid.items.len(), 0);
        for row in &mut rows {
            if !from_left {
                row.reverse();
            }
            for (at, item) in row.iter().enumerate() {
                place.put(*item, at);
            }
        }
        Self {
            rows,
            joined: if from_above { &grid.up } else { &grid.down },
            place,
            from_above,
            from_left,
        }
    }

    /// By item, the first one of its block: all items that stand straight below each other.
    fn blocks(&self, grid: &Grid, conflicts: &BTreeSet<(usize, usize)>) -> Row<usize> {
        let mut root: Row<usize> = (0..grid.items.len()).collect();
        let mut taken = Row::new(grid.items.len(), false);
        for row in &self.rows {
            let mut next = 0;
            for &item in row {
                let mut before: Vec<usize> = self.joined.of(item).to_vec();
                before.sort_unstable_by_key(|other| self.place.at(*other));
                let len = before.len();
                if len == 0 {
                    continue;
                }
                let middles = before.get((len - 1) / 2..=len / 2).unwrap_or_default();
                for &other in middles {
                    let pair = if self.from_above {
                        (other, item)
                    } else {
                        (item, other)
                    };
                    let free = !taken.at(other) && self.place.at(other) >= next;
                    if free && !conflicts.contains(&pair) {
                        taken.put(other, true);
                        root.put(item, root.at(other));
                        next = self.place.at(other) + 1;
                        break;
                    }
                }
            }
        }
        root
    }

    /// Puts the blocks as near to each other as they may stand.
    fn compact(&self, grid: &Grid, root: &Row<usize>) -> Vec<i64> {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        let mut gaps: Vec<i64> = Vec::new();
        for row in &self.rows {
            for (left, right) in row.iter().zip(row.iter().skip(1)) {
                pairs.push((root.at(*left), root.at(*right)));
                gaps.push(if self.from_left {
                    grid.apart(*left, *right)
                } else {
                    grid.apart(*right, *left)
                });
            }
        }
        let len = grid.items.len();
        let number = |end: fn(&(usize, usize)) -> usize| {
            let ends = pairs.iter().enumerate();
            Fan::new(len, ends.map(move |(at, pair)| (end(pair), at)))
        };
        let (leaving, entering) = (number(|pair| pair.0), number(|pair| pair.1));
        let order = self.along(root, &pairs, &leaving, &entering);
        let mut xs = Row::new(len, 0_i64);
        let gap = |at: usize| gaps.get(at).copied().unwrap_or(0);
        let left = |at: usize| pairs.get(at).map_or(0, |pair| pair.0);
        let right = |at: usize| pairs.get(at).map_or(0, |pair| pair.1);
        for &block in &order {
            let least = entering
                .of(block)
                .iter()
                .map(|at| xs.at(left(*at)) + gap(*at));
            xs.put(block, least.max().unwrap_or(0));
        }
        // Then each moves as far to the other side as its neighbours let it.
        for &block in order.iter().rev() {
            let most = leaving
                .of(block)
                .iter()
                .map(|at| xs.at(right(*at)) - gap(*at));
            if let Some(most) = most.min() {
                xs.put(block, most.max(xs.at(block)));
            }
        }
        (0..len).map(|item| xs.at(root.at(item))).collect()
    }

    /// The blocks so that each stands after those left of it.
    fn along(
        &self,
        root: &Row<usize>,
        pairs: &[(usize, usize)],
        leaving: &Fan,
        entering: &Fan,
    ) -> Vec<usize> {
        let items = self.rows.iter().flatten().copied();
        let mut waits: Row<usize> = (0..items.clone().count())
            .map(|block| entering.of(block).len())
            .collect();
        let mut order: Vec<usize> = items
            .filter(|item| root.at(*item) == *item && waits.at(*item) == 0)
            .collect();
        let mut next = 0;
        while let Some(&block) = order.get(next) {
            next += 1;
            for at in leaving.of(block) {
                let to = pairs.get(*at).map_or(0, |pair| pair.1);
                let left = waits.at(to).saturating_sub(1);
                waits.put(to, left);
                if left == 0 {
                    order.push(to);
                }
            }
        }
        order
    }
}
