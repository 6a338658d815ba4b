//! The greatest number of visits in any run.

use crate::analysis::{
    component::Arcs,
    visits::{FREE, Unfolded, Way},
};

/// The greatest number of visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analysis) enum Greatest {
    /// This many.
    AtMost(u64),
    /// There is no bound.
    Unbounded,
    /// Counting took too much.
    Unsure,
}

impl Greatest {
    /// The number in words.
    pub(in crate::analysis) fn times(self) -> String {
        match self {
            Self::AtMost(1) => "once".to_owned(),
            Self::AtMost(times) => format!("{times} times"),
            Self::Unbounded | Self::Unsure => "without a bound".to_owned(),
        }
    }
}

/// How much work the exact count may take.
const WORK_MAX: u64 = 20_000_000;

/// A way that does not lead there.
const NEVER: i64 = -1;
/// More visits than any number.
const BOUNDLESS: i64 = i64::MAX;

impl Unfolded {
    /// The greatest number of visits; a mere bound where that is at most `enough`.
    pub(in crate::analysis) fn greatest(&self, enough: u64) -> Greatest {
        let bounded: Vec<&Way> = self.ways.iter().filter(|way| way.limiter != FREE).collect();
        let ways = Longest::new(self);
        let from_start = ways.best_from(self.start);
        let bound = self.upper_bound(&bounded, &ways);
        if let Some(bound) = bound
            && bound <= enough
        {
            return Greatest::AtMost(bound);
        }
        if from_start == BOUNDLESS {
            return Greatest::Unbounded;
        }
        if bounded.is_empty() {
            return Greatest::AtMost(total(self.at_start, from_start));
        }
        self.exact(&bounded, &ways)
    }

    /// At most all bounded arcs as often as they allow, with the longest way behind each.
    fn upper_bound(&self, bounded: &[&Way], ways: &Longest<'_>) -> Option<u64> {
        let mut sum = finite(ways.best_from(self.start))?.checked_add(self.at_start)?;
        let mut most_of = vec![0_u64; self.limits.len()];
        for way in bounded {
            let behind = finite(ways.best_from(way.to))?;
            let visits = behind.checked_add(way.visits())?;
            if let Some(most) = most_of.get_mut(way.limiter as usize) {
                *most = (*most).max(visits);
            }
        }
        for (most, limit) in most_of.into_iter().zip(&self.limits) {
            sum = sum.checked_add(most.checked_mul(*limit)?)?;
        }
        Some(sum)
    }

    /// The best sequence of bounded arcs. What is left of the limits falls with each arc, so the tables
    /// can be filled from nothing left upwards.
    fn exact(&self, bounded: &[&Way], ways: &Longest<'_>) -> Greatest {
        let mut used: Vec<u32> = bounded.iter().map(|way| way.limiter).collect();
        used.sort_unstable();
        used.dedup();
        let limit = |limiter: u32| self.limits.get(limiter as usize).copied().unwrap_or(0);
        // The weight of one unit of each limiter in a mixed radix.
        let mut radix: Vec<(u32, u64, u64)> = Vec::new();
        let mut states: u64 = 1;
        for limiter in used {
            radix.push((limiter, states, limit(limiter)));
            states = states.saturating_mul(limit(limiter).saturating_add(1));
        }
        let count = bounded.len() as u64;
        let work = states
            .saturating_mul(count.saturating_add(1))
            .saturating_mul(count.saturating_add(1))
            .saturating_add(count.saturating_mul(self.ways.len() as u64));
        if work > WORK_MAX {
            return Greatest::Unsure;
        }
        let sources: Vec<u32> = [self.start]
            .into_iter()
            .chain(bounded.iter().map(|way| way.to))
            .collect();
        // From each source: the longest way to the tail of each bounded arc, and to anywhere.
        let between: Vec<(Vec<i64>, i64)> = sources
            .iter()
            .map(|source| {
                let reach = ways.from(*source);
                let to = |way: &&Way| reach.get(way.from as usize).copied().unwrap_or(NEVER);
                (bounded.iter().map(to).collect(), ways.best_from(*source))
            })
            .collect();
        let places: Vec<Option<(u64, u64)>> = bounded
            .iter()
            .map(|way| {
                let place = radix.iter().find(|(limiter, ..)| *limiter == way.limiter)?;
                Some((place.1, place.2))
            })
            .collect();
        let mut best: Vec<i64> = Vec::new();
        for left in 0..states {
            for (tails, end) in &between {
                let mut most = *end;
                for (at, (way, tail)) in bounded.iter().zip(tails).enumerate() {
                    let Some((unit, limit)) = places.get(at).copied().flatten() else {
                        continue;
                    };
                    let available = (left / unit) % (limit + 1) > 0;
                    if !available || *tail == NEVER {
                        continue;
                    }
                    let behind = (left - unit)
                        .saturating_mul(count.saturating_add(1))
                        .saturating_add(at as u64 + 1);
                    let behind = usize::try_from(behind).ok().and_then(|at| best.get(at));
                    let visits = i64::try_from(way.visits()).unwrap_or(0);
                    let sum = tail
                        .saturating_add(visits)
                        .saturating_add(behind.copied().unwrap_or(0));
                    most = most.max(sum);
                }
                best.push(most);
            }
        }
        let last = states
            .saturating_sub(1)
            .saturating_mul(count.saturating_add(1));
        let most = usize::try_from(last)
            .ok()
            .and_then(|at| best.get(at))
            .copied();
        match most {
            Some(BOUNDLESS) => Greatest::Unbounded,
            Some(most) => Greatest::AtMost(total(self.at_start, most)),
            None => Greatest::Unsure,
        }
    }
}

fn finite(visits: i64) -> Option<u64> {
    (visits != BOUNDLESS).then(|| u64::try_from(visits).unwrap_or(0))
}

fn total(at_start: u64, visits: i64) -> u64 {
    at_start.saturating_add(u64::try_from(visits).unwrap_or(0))
}

/// Longest ways that take no bounded arc.
struct Longest<'a> {
    unfolded: &'a Unfolded,
    components: Vec<u32>,
    /// Whether a component has a loop with a visit on it.
    looping: Vec<bool>,
    /// Vertices, those that lead to others first.
    order: Vec<u32>,
    /// From each vertex, the most visits on any way.
    best: Vec<i64>,
}

impl<'a> Longest<'a> {
    fn new(unfolded: &'a Unfolded) -> Self {
        let free = || unfolded.ways.iter().filter(|way| way.limiter == FREE);
        let pairs: Vec<(u32, u32)> = free().map(|way| (way.from, way.to)).collect();
        let components = Arcs::new(unfolded.vertices, &pairs).components();
        let mut looping = vec![false; unfolded.vertices];
        for way in free().filter(|way| way.visits() > 0) {
            let (from, to) = (
                components.get(way.from as usize),
                components.get(way.to as usize),
            );
            if from == to
                && let Some(place) = from.and_then(|at| looping.get_mut(*at as usize))
            {
                *place = true;
            }
        }
        let mut order: Vec<u32> =
            (0..u32::try_from(unfolded.vertices).unwrap_or(u32::MAX)).collect();
        order.sort_by_key(|vertex| std::cmp::Reverse(components.get(*vertex as usize).copied()));
        let mut all = Self {
            unfolded,
            components,
            looping,
            order,
            best: Vec::new(),
        };
        all.best = all.best();
        all
    }

    fn best_from(&self, vertex: u32) -> i64 {
        self.best.get(vertex as usize).copied().unwrap_or(0)
    }

    fn component(&self, vertex: u32) -> usize {
        self.components.get(vertex as usize).copied().unwrap_or(0) as usize
    }

    /// Per component, from those that lead nowhere on up.
    fn best(&self) -> Vec<i64> {
        let mut of_component: Vec<i64> = self
            .looping
            .iter()
            .map(|looping| if *looping { BOUNDLESS } else { 0 })
            .collect();
        for vertex in self.order.iter().rev() {
            let own = self.component(*vertex);
            for (_, way) in self
                .unfolded
                .leaving(*vertex)
                .filter(|(_, way)| way.limiter == FREE)
            {
                let to = self.component(way.to);
                if to == own {
                    continue;
                }
                let behind = of_component.get(to).copied().unwrap_or(0);
                let sum = behind.saturating_add(i64::try_from(way.visits()).unwrap_or(0));
                if let Some(best) = of_component.get_mut(own) {
                    *best = sum.max(*best);
                }
            }
        }
        (0..self.components.len())
            .map(|at| {
                let own = self.components.get(at).copied().unwrap_or(0) as usize;
                of_component.get(own).copied().unwrap_or(0)
            })
            .collect()
    }

    /// The longest way from one vertex to each other.
    fn from(&self, source: u32) -> Vec<i64> {
        let mut of_component = vec![NEVER; self.looping.len()];
        let enter = |of_component: &mut Vec<i64>, component: usize, visits: i64| {
            let visits = if self.looping.get(component) == Some(&true) {
                BOUNDLESS
            } else {
                visits
            };
            if let Some(best) = of_component.get_mut(component) {
                *best = visits.max(*best);
            }
        };
        enter(&mut of_component, self.component(source), 0);
        for vertex in &self.order {
            let own = self.component(*vertex);
            let here = of_component.get(own).copied().unwrap_or(NEVER);
            if here == NEVER {
                continue;
            }
            for (_, way) in self
                .unfolded
                .leaving(*vertex)
                .filter(|(_, way)| way.limiter == FREE)
            {
                let to = self.component(way.to);
                if to != own {
                    let visits = i64::try_from(way.visits()).unwrap_or(0);
                    enter(&mut of_component, to, here.saturating_add(visits));
                }
            }
        }
        self.components
            .iter()
            .map(|component| {
                of_component
                    .get(*component as usize)
                    .copied()
                    .unwrap_or(NEVER)
            })
            .collect()
    }
}
