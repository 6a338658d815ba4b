//! Gives each node its row: below everything that leads to it, and no further away than it must be.

use super::row::{Fan, Row};

/// How often the rows are tightened.
const ROUNDS: usize = 4;

/// By node, its row. `arrows` lead down only; the start stays at the top, and what a group of nodes leads to
/// stands below all of the group, where that can be.
pub(super) fn ranks(
    nodes: usize,
    arrows: &[(usize, usize)],
    groups: &[u32],
    start: usize,
) -> Row<usize> {
    let floors = floors(nodes, arrows, groups);
    let most = groups.iter().max().map_or(0, |most| *most as usize);
    let all: Vec<(usize, usize)> = arrows.iter().copied().chain(floors).collect();
    assign(nodes, nodes + most, &all, start)
        .or_else(|| assign(nodes, nodes, arrows, start))
        .unwrap_or_else(|| Row::new(nodes, 0))
}

/// Arrows from each member of a group to its floor, and from there to what the group leads to.
fn floors(nodes: usize, arrows: &[(usize, usize)], groups: &[u32]) -> Vec<(usize, usize)> {
    let group = |node: usize| groups.get(node).copied().unwrap_or(0);
    let floor = |group: u32| nodes + (group as usize).saturating_sub(1);
    let members = (0..nodes).filter(|node| group(*node) != 0);
    let out = arrows
        .iter()
        .filter(|(from, to)| group(*from) != 0 && group(*from) != group(*to));
    members
        .map(|node| (node, floor(group(node))))
        .chain(out.map(|(from, to)| (floor(group(*from)), *to)))
        .collect()
}

/// The rows of `nodes`, where the arrows of `all` nodes lead down only. A floor is no row of its own.
fn assign(nodes: usize, all: usize, arrows: &[(usize, usize)], start: usize) -> Option<Row<usize>> {
    let down = Fan::new(all, arrows.iter().copied());
    let up = Fan::new(all, arrows.iter().map(|(from, to)| (*to, *from)));
    let order = downwards(all, &down, &up);
    if order.len() < all {
        return None;
    }
    let mut rank = Row::new(all, 0);
    let below = |node: usize| usize::from(node < nodes);
    for node in &order {
        let least = up
            .of(*node)
            .iter()
            .map(|from| rank.at(*from) + below(*from))
            .max();
        rank.put(*node, least.unwrap_or(0));
    }
    for _ in 0..ROUNDS {
        let mut moved = false;
        for node in order.iter().rev() {
            let (above, below) = (up.of(*node), down.of(*node));
            // With more arrows below than above, or none above, the way is shorter further down.
            if *node == start || *node >= nodes || below.len() <= above.len() {
                continue;
            }
            let lowest = below.iter().map(|to| rank.at(*to)).min().unwrap_or(1);
            if lowest > rank.at(*node) + 1 {
                rank.put(*node, lowest - 1);
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    Some(rank)
}

/// The nodes so that every arrow leads to a later one.
fn downwards(nodes: usize, down: &Fan, up: &Fan) -> Vec<usize> {
    let mut waits: Row<usize> = (0..nodes).map(|node| up.of(node).len()).collect();
    let mut order: Vec<usize> = (0..nodes).filter(|node| waits.at(*node) == 0).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &to in down.of(node) {
            let left = waits.at(to).saturating_sub(1);
            waits.put(to, left);
            if left == 0 {
                order.push(to);
            }
        }
    }
    order
}
