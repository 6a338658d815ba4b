//! Strongly connected components of a table of arcs, without recursion.
//!
//! In: how many vertices there are and the arcs between them. Out: the number of each vertex's component.
//! The library's own routine that fits a flat table recurses, and a long chain would end the process.

use std::collections::{BTreeMap, VecDeque};

/// A table of arcs between vertices.
#[derive(Debug)]
pub(super) struct Arcs {
    first: Vec<u32>,
    targets: Vec<u32>,
}

impl Arcs {
    /// The table of these arcs; ends beyond `vertices` are left out.
    pub(super) fn new(vertices: usize, arcs: &[(u32, u32)]) -> Self {
        let inside = |arc: &&(u32, u32)| (arc.0 as usize) < vertices && (arc.1 as usize) < vertices;
        let mut first = vec![0_u32; vertices + 1];
        for (from, _) in arcs.iter().filter(inside) {
            if let Some(count) = first.get_mut(*from as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        let mut next = first.clone();
        let mut targets = vec![0; sum as usize];
        for (from, to) in arcs.iter().filter(inside) {
            if let Some(at) = next.get_mut(*from as usize) {
                if let Some(target) = targets.get_mut(*at as usize) {
                    *target = *to;
                }
                *at += 1;
            }
        }
        Self { first, targets }
    }

    /// How many vertices there are.
    pub(super) fn vertices(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    /// Where the arcs of a vertex lead.
    pub(super) fn from(&self, vertex: u32) -> &[u32] {
        let start = self.first.get(vertex as usize).copied().unwrap_or(0) as usize;
        let end = self.first.get(vertex as usize + 1).copied().unwrap_or(0) as usize;
        self.targets.get(start..end).unwrap_or(&[])
    }

    /// What can be reached from these vertices, themselves included.
    pub(super) fn reach(&self, from: impl IntoIterator<Item = u32>) -> Vec<bool> {
        let mut seen = vec![false; self.vertices()];
        let mut open: Vec<u32> = Vec::new();
        let mut visit = |vertex: u32, open: &mut Vec<u32>| {
            if let Some(seen) = seen.get_mut(vertex as usize)
                && !*seen
            {
                *seen = true;
                open.push(vertex);
            }
        };
        for vertex in from {
            visit(vertex, &mut open);
        }
        while let Some(vertex) = open.pop() {
            for target in self.from(vertex) {
                visit(*target, &mut open);
            }
        }
        seen
    }

    /// A shortest way from one vertex to another of the same component, both ends included; none where
    /// looking for it would take more than what is left of `work`.
    pub(super) fn path(
        &self,
        components: &[u32],
        from: u32,
        to: u32,
        work: &mut usize,
    ) -> Option<Vec<u32>> {
        let component = components.get(from as usize);
        // A table of its own, for the component may be small.
        let mut before: BTreeMap<u32, u32> = BTreeMap::new();
        let mut open = VecDeque::from([from]);
        while let Some(vertex) = open.pop_front() {
            if vertex == to {
                break;
            }
            for target in self.from(vertex).iter().copied() {
                *work = work.checked_sub(1)?;
                if target != from
                    && components.get(target as usize) == component
                    && !before.contains_key(&target)
                {
                    before.insert(target, vertex);
                    open.push_back(target);
                }
            }
        }
        let mut path = vec![to];
        let mut at = to;
        while at != from {
            let Some(link) = before.get(&at) else { break };
            at = *link;
            path.push(at);
        }
        path.reverse();
        Some(path)
    }

    /// The component of each vertex. Arcs between components lead from greater to smaller numbers.
    pub(super) fn components(&self) -> Vec<u32> {
        const NONE: u32 = u32::MAX;
        let count = self.vertices();
        let mut order = vec![NONE; count];
        let mut low = vec![0_u32; count];
        let mut component = vec![NONE; count];
        let mut path: Vec<u32> = Vec::new();
        let mut work: Vec<(u32, usize)> = Vec::new();
        let (mut time, mut components) = (0_u32, 0_u32);
        for root in 0..u32::try_from(count).unwrap_or(NONE) {
            if value(&order, root) != NONE {
                continue;
            }
            work.push((root, 0));
            while let Some((vertex, next)) = work.pop() {
                if next == 0 {
                    put(&mut order, vertex, time);
                    put(&mut low, vertex, time);
                    time += 1;
                    path.push(vertex);
                }
                if let Some(target) = self.from(vertex).get(next).copied() {
                    work.push((vertex, next + 1));
                    if value(&order, target) == NONE {
                        work.push((target, 0));
                    } else if value(&component, target) == NONE {
                        let least = value(&low, vertex).min(value(&order, target));
                        put(&mut low, vertex, least);
                    }
                    continue;
                }
                if value(&low, vertex) == value(&order, vertex) {
                    while let Some(member) = path.pop() {
                        put(&mut component, member, components);
                        if member == vertex {
                            break;
                        }
                    }
                    components += 1;
                }
                if let Some((parent, _)) = work.last().copied() {
                    let least = value(&low, parent).min(value(&low, vertex));
                    put(&mut low, parent, least);
                }
            }
        }
        component
    }
}

fn value(list: &[u32], at: u32) -> u32 {
    list.get(at as usize).copied().unwrap_or(u32::MAX)
}

fn put(list: &mut [u32], at: u32, value: u32) {
    if let Some(place) = list.get_mut(at as usize) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_of_two_rings_and_a_bridge() {
        let arcs = Arcs::new(5, &[(0, 1), (1, 0), (1, 2), (2, 3), (3, 4), (4, 2)]);
        let found = arcs.components();
        assert_eq!(found[0], found[1]);
        assert_eq!(found[2], found[3]);
        assert_eq!(found[3], found[4]);
        assert!(found[0] > found[2]);
        let mut work = 3;
        assert_eq!(arcs.path(&found, 3, 2, &mut work), Some(vec![3, 4, 2]));
        assert_eq!(arcs.path(&found, 3, 3, &mut work), Some(vec![3]));
        assert_eq!(arcs.path(&found, 2, 4, &mut work), None);
    }

    #[test]
    fn a_million_vertices_in_a_chain_do_not_recurse() {
        let arcs: Vec<(u32, u32)> = (0..999_999).map(|at| (at, at + 1)).collect();
        let found = std::thread::Builder::new()
            .stack_size(256 * 1024)
            .spawn(move || Arcs::new(1_000_000, &arcs).components())
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(found[0], 999_999);
    }
}
