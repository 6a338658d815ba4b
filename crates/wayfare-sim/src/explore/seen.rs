//! The states that were found, each once, in the order in which they were found.
//!
//! A table of open addresses over one list. A cell holds half of the hash beside the number of the state,
//! so that the list is looked at only where the halves are equal. The hash is fixed: journeys are not
//! hostile to it, and the same exploration takes the same way every time.

/// States with the state that each was found from.
#[derive(Debug)]
pub(super) struct Seen<const N: usize> {
    states: Vec<[u64; N]>,
    parents: Vec<u32>,
    cells: Vec<u64>,
}

/// What became of a state that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// It was not there; this is its number.
    New,
    /// It was there.
    Known,
    /// There is no room.
    Full,
}

const EMPTY: u64 = u64::MAX;

fn hash<const N: usize>(state: &[u64; N]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
    for word in state {
        hash = (hash ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 32;
    }
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 29
}

impl<const N: usize> Seen<N> {
    pub(super) fn new() -> Self {
        Self {
            states: Vec::new(),
            parents: Vec::new(),
            cells: vec![EMPTY; 1 << 10],
        }
    }

    /// How many states there are.
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// The state with this number.
    pub(super) fn state(&self, id: u32) -> Option<&[u64; N]> {
        self.states.get(id as usize)
    }

    /// The state from which one was found; its own number for those at the start.
    pub(super) fn parent(&self, id: u32) -> Option<u32> {
        self.parents.get(id as usize).copied()
    }

    /// The bytes that are held.
    pub(super) fn bytes(&self) -> usize {
        self.states.capacity() * size_of::<[u64; N]>()
            + self.parents.capacity() * size_of::<u32>()
            + self.cells.capacity() * size_of::<u64>()
    }

    /// The bytes that are held once it has grown, and while it grows.
    pub(super) fn bytes_grown(&self) -> usize {
        let states = self.states.len() * 2;
        states * (size_of::<[u64; N]>() + size_of::<u32>())
            + self.cells.len() * 3 * size_of::<u64>()
    }

    /// Whether the next new state makes it grow.
    pub(super) fn is_tight(&self) -> bool {
        self.states.len() == self.states.capacity() || self.states.len() * 8 >= self.cells.len() * 5
    }

    /// Where a state stands, or the empty cell where it would.
    fn find(&self, state: &[u64; N]) -> (usize, Option<u32>) {
        let mask = self.cells.len() - 1;
        let hash = hash(state);
        let mut at = usize::try_from(hash & 0xffff_ffff).unwrap_or(0) & mask;
        // Never full: it grows at five eighths.
        for _ in 0..self.cells.len() {
            let cell = self.cells.get(at).copied().unwrap_or(EMPTY);
            if cell == EMPTY {
                break;
            }
            if cell >> 32 == hash >> 32 {
                let id = u32::try_from(cell & 0xffff_ffff).unwrap_or(u32::MAX);
                if self.state(id) == Some(state) {
                    return (at, Some(id));
                }
            }
            at = (at + 1) & mask;
        }
        (at, None)
    }

    /// The number of a state that was found.
    pub(super) fn number(&self, state: &[u64; N]) -> Option<u32> {
        self.find(state).1
    }

    /// Keeps a state that is not there yet; without a parent it is one at the start.
    pub(super) fn offer(&mut self, state: &[u64; N], parent: Option<u32>) -> Offer {
        if self.states.len() * 8 >= self.cells.len() * 5 {
            self.grow();
        }
        let (at, known) = self.find(state);
        if known.is_some() {
            return Offer::Known;
        }
        let Ok(id) = u32::try_from(self.states.len()) else {
            return Offer::Full;
        };
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = hash(state) >> 32 << 32 | u64::from(id);
        }
        self.states.push(*state);
        self.parents.push(parent.unwrap_or(id));
        Offer::New
    }

    fn grow(&mut self) {
        let mask = self.cells.len() * 2 - 1;
        let mut cells = vec![EMPTY; mask + 1];
        for (id, state) in (0_u32..).zip(&self.states) {
            let hash = hash(state);
            let mut at = usize::try_from(hash & 0xffff_ffff).unwrap_or(0) & mask;
            for _ in 0..=mask {
                if let Some(cell) = cells.get_mut(at).filter(|cell| **cell == EMPTY) {
                    *cell = hash >> 32 << 32 | u64::from(id);
                    break;
                }
                at = (at + 1) & mask;
            }
        }
        self.cells = cells;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_state_is_kept_once_whatever_comes_between() {
        let mut seen = Seen::<2>::new();
        let mut model = BTreeSet::new();
        let mut number = 1_u64;
        for _ in 0..100_000 {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let state = [number >> 49, number >> 62];
            let new = model.insert(state);
            let offer = seen.offer(&state, Some(0));
            assert_eq!(offer == Offer::New, new);
            let id = seen.number(&state).unwrap();
            assert_eq!(seen.state(id), Some(&state));
        }
        assert_eq!(seen.len(), model.len());
        assert!(seen.len() > 10_000);
    }
}
