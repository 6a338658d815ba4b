//! Which journeys a login at a level may choose from, without looking at all of them.
//!
//! Two trees stand over the journeys in the order of declaration: one knows the greatest of the least
//! levels below each of its forks, the other the greatest of the greatest ones. A search goes down only
//! where there is something to find, so that it costs as much as what is found, times the height.

use crate::model::{
    journey::Journey,
    level::{AuthLevel, Greatest, LevelSpan},
    program::Program,
};

/// The spans of journeys, searchable by level; journeys are named by their position.
///
/// An engine has one of its program, behind [`Engine::at_least`](crate::Engine::at_least).
///
/// ```
/// use wayfare::{AuthLevel, Greatest, LevelSpan, engine::level_index::LevelIndex};
/// let level = AuthLevel::saturating;
/// let to = |least, greatest| {
///     Some(LevelSpan { least: level(least), greatest: Greatest::Finite(level(greatest)) })
/// };
/// let index = LevelIndex::new(vec![to(0, 20), None, to(20, 20), to(0, 10)], &[true; 4]);
/// assert_eq!(index.at_least(level(20), 64), [2, 0], "what always reaches it comes first");
/// ```
#[derive(Debug, Clone, Default)]
pub struct LevelIndex {
    spans: Vec<Option<LevelSpan>>,
    least: MaxTree,
    greatest: MaxTree,
}

impl LevelIndex {
    /// The index of a program: journeys that nobody may start from a menu are never found, and none that
    /// may end without a session that has the level and a proof.
    pub(crate) fn of_program(program: &Program, spans: Vec<Option<LevelSpan>>) -> Self {
        let journeys = program.journeys.iter();
        let offered: Vec<bool> = journeys.map(Journey::is_offered_for_level).collect();
        Self::new(spans, &offered)
    }

    /// The index of these spans, `None` where there is no way to success; only those offered are found.
    pub fn new(spans: Vec<Option<LevelSpan>>, offered: &[bool]) -> Self {
        let value = |of: fn(LevelSpan) -> u32| -> Vec<u32> {
            let offered = offered.iter().copied().chain(std::iter::repeat(false));
            spans
                .iter()
                .zip(offered)
                .map(|(span, offered)| span.filter(|_| offered).map_or(0, of))
                .collect()
        };
        let least = MaxTree::new(&value(|span| key(Greatest::Finite(span.least))));
        let greatest = MaxTree::new(&value(|span| key(span.greatest)));
        Self {
            spans,
            least,
            greatest,
        }
    }

    /// The levels of a journey at success.
    pub fn span(&self, journey: usize) -> Option<LevelSpan> {
        self.spans.get(journey).copied().flatten()
    }

    /// The journeys whose greatest level suffices, at most `max`: first those whose least one does, and
    /// each part in order.
    pub fn at_least(&self, level: AuthLevel, max: usize) -> Vec<usize> {
        self.search(level, max).0
    }

    /// As [`LevelIndex::at_least`], with how many forks and leaves were looked at.
    fn search(&self, level: AuthLevel, max: usize) -> (Vec<usize>, usize) {
        let key = key(Greatest::Finite(level));
        let (mut found, mut visited) = self.least.find(key, max, |_| true);
        let sure = found.len();
        if sure < max {
            // All that are sure are found, so at most that many are met again here.
            let unsure = |at: usize| self.span(at).is_some_and(|span| span.least < level);
            let (more, looked_at) = self.greatest.find(key, max - sure, unsure);
            found.extend(more);
            visited += looked_at;
        }
        (found, visited)
    }
}

/// A level as a number above 0, which stands for none.
fn key(level: Greatest) -> u32 {
    match level {
        Greatest::Finite(level) => level.number().saturating_add(1),
        Greatest::Unbounded => u32::MAX,
    }
}

/// Numbers in a row, with the greatest of each half, of each quarter, and so on.
#[derive(Debug, Clone, Default)]
struct MaxTree {
    /// The root at 1; below fork `n` stand `2n` and `2n + 1`; the leaves are the last half.
    forks: Vec<u32>,
}

impl MaxTree {
    fn new(values: &[u32]) -> Self {
        let leaves = values.len().next_power_of_two();
        let mut forks = vec![0; leaves];
        forks.extend_from_slice(values);
        forks.resize(leaves * 2, 0);
        for at in (1..leaves).rev() {
            let below = forks.get(at * 2..at * 2 + 2).unwrap_or_default();
            let greatest = below.iter().copied().max().unwrap_or(0);
            if let Some(fork) = forks.get_mut(at) {
                *fork = greatest;
            }
        }
        Self { forks }
    }

    /// The first positions, at most `max`, with a number of at least `key` that are wanted besides; and
    /// how many forks and leaves were looked at.
    fn find(&self, key: u32, max: usize, wanted: impl Fn(usize) -> bool) -> (Vec<usize>, usize) {
        let leaves = self.forks.len() / 2;
        let mut found = Vec::new();
        let mut visited = 0;
        let mut open = vec![1];
        while let Some(at) = open.pop() {
            if found.len() == max {
                break;
            }
            visited += 1;
            if self.forks.get(at).is_none_or(|greatest| *greatest < key) {
                continue;
            }
            if at < leaves {
                open.extend([at * 2 + 1, at * 2]);
            } else if wanted(at - leaves) {
                found.push(at - leaves);
            }
        }
        (found, visited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the index should answer, by looking at every journey twice.
    fn by_hand(spans: &[Option<LevelSpan>], offered: &[bool], level: AuthLevel) -> Vec<usize> {
        let all = || {
            let pairs = spans.iter().zip(offered).enumerate();
            pairs.filter_map(|(at, (span, offered))| Some((at, span.filter(|_| *offered)?)))
        };
        let sure = all().filter(|(_, span)| span.always_reaches(level));
        let unsure = all().filter(|(_, span)| !span.always_reaches(level) && span.may_reach(level));
        sure.chain(unsure).map(|(at, _)| at).collect()
    }

    fn scattered(count: usize) -> (Vec<Option<LevelSpan>>, Vec<bool>) {
        let mut state = 88_172_645_463_325_252_u64;
        let mut draw = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let mut level = |below| AuthLevel::saturating(i64::try_from(draw(below) * 5).unwrap());
        let spans = (0..count).map(|at| {
            let least = level(8);
            let greatest = match at % 7 {
                0 => Greatest::Unbounded,
                _ => Greatest::Finite(least.raised(i64::from(level(8).number()))),
            };
            (at % 11 != 3).then_some(LevelSpan { least, greatest })
        });
        let spans = spans.collect();
        (spans, (0..count).map(|at| at % 5 != 2).collect())
    }

    #[test]
    fn finds_what_a_look_at_every_journey_finds() {
        for count in [0, 1, 2, 3, 10, 63, 64, 65, 300] {
            let (spans, offered) = scattered(count);
            let index = LevelIndex::new(spans.clone(), &offered);
            for level in 0..90 {
                let level = AuthLevel::saturating(level);
                let expected = by_hand(&spans, &offered, level);
                for max in [0, 1, 2, 5, 64, 1_000] {
                    let wanted = &expected[..expected.len().min(max)];
                    assert_eq!(index.at_least(level, max), wanted, "{count} {level} {max}");
                }
            }
        }
    }

    #[test]
    fn the_greatest_level_and_no_bound_are_told_apart() {
        let span = |greatest| {
            Some(LevelSpan {
                least: AuthLevel::ZERO,
                greatest,
            })
        };
        let spans = vec![
            span(Greatest::Finite(AuthLevel::MAX)),
            span(Greatest::Unbounded),
            span(Greatest::Finite(AuthLevel::MAX.raised(-1))),
        ];
        let index = LevelIndex::new(spans, &[true; 3]);
        assert_eq!(index.at_least(AuthLevel::MAX, 9), [0, 1]);
    }

    /// The worst there is: what is found lies far apart, and all that is sure is met twice.
    #[test]
    fn a_search_looks_at_no_more_than_it_finds_times_the_height() {
        for (count, height) in [(10, 4), (1_000, 10), (100_000, 17)] {
            let sure = LevelSpan {
                least: AuthLevel::saturating(20),
                greatest: Greatest::Unbounded,
            };
            let unsure = LevelSpan {
                least: AuthLevel::ZERO,
                ..sure
            };
            let low = LevelSpan {
                least: AuthLevel::ZERO,
                greatest: Greatest::Finite(AuthLevel::saturating(10)),
            };
            let spans = (0..count).map(|at| match at * 64 / count {
                _ if at % (count / 64 + 1) != 0 => Some(low),
                part if part % 2 == 0 => Some(sure),
                _ => Some(unsure),
            });
            let index = LevelIndex::new(spans.collect(), &vec![true; count]);
            for max in [0, 1, 8, 64] {
                let (found, visited) = index.search(AuthLevel::saturating(20), max);
                assert!(found.len() <= max);
                // Two children at each step down, for twice what is found and the way to nothing.
                let bound = 2 * (height + 1) * (2 * max + 2);
                assert!(visited <= bound, "{count} journeys, {max}: {visited}");
            }
            let (found, visited) = index.search(AuthLevel::saturating(30), 64);
            assert!(found.len() <= 64 && visited <= 4 * 64 * (height + 1));
        }
    }
}
