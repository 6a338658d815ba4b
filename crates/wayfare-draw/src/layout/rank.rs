//! Gives each node its row: below everything that leads to it, and no further away than it must be.

use super::row::{Fan, Row};

/// How often the rows are tightened.
const ROUNDS: usize = 4;

/// By node, its row. `arrows` lead down only; the start stays at the top.
pub(super) fn ranks(nodes: usize, arrows: &[(usize, usize)], start: usize) -> Row<usize> {
    let down = Fan::new(nodes, arrows.iter().copied());
    let up = Fan::new(nodes, arrows.iter().map(|(from, to)| (*to, *from)));
    let order = downwards(nodes, &down, &up);
    let mut rank = Row::new(nodes, 0);
    for node in &order {
        let least = up.of(*node).iter().map(|from| rank.at(*from) + 1).max();
        rank.put(*node, least.unwrap_or(0));
    }
    for _ in 0..ROUNDS {
        let mut moved = false;
        for node in order.iter().rev() {
            let (above, below) = (up.of(*node), down.of(*node));
            // With more arrows below than above, or none above, the way is shorter further down.
            if *node == start || below.len() <= above.len() {
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
    rank
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
