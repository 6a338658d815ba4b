//! Finds the arrows that lead back, so that what is left has a direction.
//!
//! A search in depth from the start: an arrow to a node that is still open closes a loop. Arrows are
//! followed in the order given, which is the author's, so that the way down is the one written first.

use super::{
    Link,
    row::{Fan, Row},
};

/// By link, whether it leads back to a node it was reached from; links of a node to itself are none.
pub(super) fn back_links(nodes: usize, links: &[Link], start: usize) -> Vec<bool> {
    let pairs = links.iter().enumerate().map(|(at, link)| (link.from, at));
    let leaving = Fan::new(nodes, pairs);
    let mut back = vec![false; links.len()];
    let mut state: Row<u8> = Row::new(nodes, 0);
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for root in std::iter::once(start).chain(0..nodes) {
        if root >= nodes || state.at(root) != 0 {
            continue;
        }
        state.put(root, 1);
        stack.push((root, 0));
        while let Some((node, next)) = stack.pop() {
            let Some(&at) = leaving.of(node).get(next) else {
                state.put(node, 2);
                continue;
            };
            stack.push((node, next + 1));
            let Some(link) = links.get(at) else { continue };
            if link.to >= nodes || link.to == node {
                continue;
            }
            match state.at(link.to) {
                0 => {
                    state.put(link.to, 1);
                    stack.push((link.to, 0));
                }
                1 => {
                    if let Some(mark) = back.get_mut(at) {
                        *mark = true;
                    }
                }
                _ => {}
            }
        }
    }
    back
}
