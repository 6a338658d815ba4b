//! Gives arrows that lead back their lanes: beside the box they leave and beside the one they enter.
//!
//! In the order found, the chain of such an arrow ends at its boxes. Here it gets an item of its own next
//! to each, so that it is drawn straight up at their side. Which side is that on which fewer other arrows
//! stand. Loops of a box to itself get room right of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Draft,
    grid::{Fate, Grid, Item, Kind},
    int, order,
};

/// The room of a loop, without its label.
const LOOP: i64 = 22;

/// By box and whether it is its right side: what stands there, with the place of the chain as its order.
type Beside = BTreeMap<(usize, bool), Vec<(i64, usize)>>;

/// Puts lanes and loops into the rows and joins the chains to them.
pub(super) fn insert(grid: &mut Grid, draft: &Draft) {
    let place = grid.places();
    // Right of a box with a loop there is no way through for lanes.
    let looped: BTreeSet<usize> = draft
        .links
        .iter()
        .filter(|link| link.from == link.to)
        .map(|link| link.from)
        .collect();
    let mut beside: Beside = BTreeMap::new();
    let mut loops: BTreeMap<usize, usize> = BTreeMap::new();
    for at in 0..grid.chains.len() {
        let Some(chain) = grid.chains.get(at).cloned() else {
            continue;
        };
        match grid.fates.get(at) {
            Some(Fate::Back) => {
                let (leaves, enters) = order::sides(grid, &place, &chain);
                let last = chain.len().saturating_sub(1);
                let (Some(&top), Some(&bottom)) = (chain.first(), chain.last()) else {
                    continue;
                };
                let next = chain.get(1).copied().unwrap_or(top);
                let before = chain.get(last.saturating_sub(1)).copied().unwrap_or(bottom);
                let enters = enters && !looped.contains(&top);
                let leaves = leaves && !looped.contains(&bottom);
                let into = lane(grid, top, at);
                let out = lane(grid, bottom, at);
                beside
                    .entry((top, enters))
                    .or_default()
                    .push((int(place.at(next)), into));
                beside
                    .entry((bottom, leaves))
                    .or_default()
                    .push((int(place.at(before)), out));
                if let Some(chain) = grid.chains.get_mut(at) {
                    if let Some(end) = chain.first_mut() {
                        *end = into;
                    }
                    if let Some(end) = chain.last_mut() {
                        *end = out;
                    }
                }
            }
            Some(Fate::Around) => around(grid, draft, at, &mut loops, &mut beside),
            _ => {}
        }
    }
    for row in &mut grid.rows {
        let mut wider = Vec::with_capacity(row.len());
        for item in row.iter() {
            let mut side = |right: bool| {
                let mut items = beside.remove(&(*item, right)).unwrap_or_default();
                items.sort_unstable();
                items.into_iter().map(|(_, item)| item)
            };
            wider.extend(side(false));
            wider.push(*item);
            wider.extend(side(true));
        }
        *row = wider;
    }
    grid.join();
}

/// Makes room for a loop: one item next to a box holds all of its loops, one above the other.
fn around(
    grid: &mut Grid,
    draft: &Draft,
    at: usize,
    loops: &mut BTreeMap<usize, usize>,
    beside: &mut Beside,
) {
    let Some(link) = draft.links.get(at) else {
        return;
    };
    let (width, height) = link.label.unwrap_or((0, 0));
    let half = i64::midpoint(width, LOOP);
    let item = if let Some(item) = loops.get(&link.from) {
        if let Some(known) = grid.items.get_mut(*item) {
            known.half = known.half.max(half);
            known.height += height;
        }
        *item
    } else {
        let own = grid.item(link.from);
        let item = grid.push(Item {
            kind: Kind::Loop(at),
            row: own.row,
            half,
            height: height.max(16),
            group: own.group,
        });
        loops.insert(link.from, item);
        // Next to the box, before all lanes.
        beside
            .entry((link.from, true))
            .or_default()
            .push((-1, item));
        item
    };
    if let Some(chain) = grid.chains.get_mut(at) {
        *chain = vec![item];
    }
}

fn lane(grid: &mut Grid, beside: usize, link: usize) -> usize {
    let own = grid.item(beside);
    grid.push(Item {
        kind: Kind::Lane(link),
        row: own.row,
        half: 0,
        height: 0,
        group: own.group,
    })
}
