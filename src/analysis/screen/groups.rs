//! Groups of properties that are followed together, and what groups share.
//!
//! In: the properties of a group. Out: those that some run breaks. What comes of entering a journey in which
//! no point of a group lies is the same for all properties of one pattern, so it is swept once for all
//! groups. The sweep itself is not here.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    analysis::{
        flow::{Flow, Flows},
        screen::{
            marked::Marked,
            marks::{Pattern, Row},
            sweep::{Summary, Sweep},
        },
    },
    model::{journey::JourneyId, program::Program, property::Ensure},
};

/// What the groups of properties share.
pub(super) struct Groups<'a> {
    flows: &'a Flows,
    marked: Marked<'a>,
    /// By journey, its place in the order of journeys.
    rank: Vec<u32>,
    /// By journey, what comes of entering it; only that of journeys that the group at hand calls is its.
    summaries: Vec<Summary>,
    /// By journey that a group may enter, whether a point of the group lies in it or further in.
    inside: Vec<bool>,
    pub(super) patterns: Patterns,
}

/// The patterns of properties, and what comes of entering journeys in which no point lies.
#[derive(Default)]
pub(super) struct Patterns {
    numbers: BTreeMap<Pattern, usize>,
    pub(super) list: Vec<Pattern>,
    /// By journey, once something asks for it.
    swept: Vec<Summary>,
}

impl Patterns {
    /// What comes of entering a journey, for properties of these patterns.
    fn summary(&self, journey: JourneyId, numbers: &[usize]) -> Summary {
        let mut summary = Summary::default();
        if let Some(of) = self.swept.get(journey.index()) {
            for (bit, number) in numbers.iter().enumerate() {
                summary.add(of, *number, bit);
            }
        }
        summary
    }
}

impl<'a> Groups<'a> {
    pub(super) fn new(program: &'a Program, flows: &'a Flows) -> Self {
        let mut rank = vec![0; program.journeys.len()];
        for (place, id) in (0..).zip(&flows.order) {
            if let Some(rank) = rank.get_mut(id.index()) {
                *rank = place;
            }
        }
        Self {
            flows,
            marked: Marked::new(program, flows),
            summaries: vec![Summary::default(); rank.len()],
            inside: vec![false; rank.len()],
            rank,
            patterns: Patterns::default(),
        }
    }

    /// The number of the pattern of a property.
    pub(super) fn pattern(&mut self, ensure: &Ensure) -> usize {
        let pattern = self.marked.pattern(&ensure.property);
        let next = self.patterns.list.len();
        if let Some(known) = self.patterns.numbers.get(&pattern) {
            return *known;
        }
        self.patterns.numbers.insert(pattern.clone(), next);
        self.patterns.list.push(pattern);
        next
    }

    /// The properties of a group that some run breaks, one bit each; with their `patterns`, they share
    /// with other groups what comes of journeys in which none of their points lies.
    pub(super) fn broken(
        &mut self,
        here: &[(JourneyId, &Ensure)],
        patterns: Option<&[usize]>,
    ) -> u64 {
        let entered = self.entered(here);
        for id in &entered {
            let flow = self.flows.get(*id);
            let mut calls = flow.into_iter().flat_map(Flow::calls);
            let is_inside = patterns.is_none()
                || here.binary_search_by_key(id, |(own, _)| *own).is_ok()
                || calls.any(|(_, inner)| self.inside.get(inner.index()) == Some(&true));
            if let Some(inside) = self.inside.get_mut(id.index()) {
                *inside = is_inside;
            }
        }
        let is_inside = |id: &JourneyId| self.inside.get(id.index()) == Some(&true);
        let (inside, outside): (Vec<_>, Vec<_>) = entered.iter().copied().partition(is_inside);
        let called = inside.iter().filter_map(|id| self.flows.get(*id));
        let called: BTreeSet<JourneyId> = called.flat_map(Flow::calls).map(|(_, id)| id).collect();
        if let Some(patterns) = patterns.filter(|_| !outside.is_empty()) {
            self.sweep_patterns();
            for id in outside.iter().filter(|id| called.contains(id)) {
                let summary = self.patterns.summary(*id, patterns);
                if let Some(place) = self.summaries.get_mut(id.index()) {
                    *place = summary;
                }
            }
        }
        let looked = |id: JourneyId| self.inside.get(id.index()) == Some(&true);
        self.marked.mark(here, looked);
        for id in inside.iter().filter(|id| called.contains(id)) {
            self.summarise(*id);
        }
        let sweep = Sweep {
            flows: self.flows,
            marked: &self.marked,
            summaries: &self.summaries,
        };
        let broken = sweep.broken(here);
        for id in entered {
            if let Some(inside) = self.inside.get_mut(id.index()) {
                *inside = false;
            }
        }
        broken
    }

    /// The journeys that runs of a group enter, callees first.
    fn entered(&self, here: &[(JourneyId, &Ensure)]) -> Vec<JourneyId> {
        let mut open: Vec<JourneyId> = here.iter().map(|(journey, _)| *journey).collect();
        open.dedup();
        let mut entered: BTreeSet<(u32, JourneyId)> = BTreeSet::new();
        let rank = |id: JourneyId| self.rank.get(id.index()).copied().unwrap_or(0);
        while let Some(id) = open.pop() {
            if entered.insert((rank(id), id)) {
                let calls = self.flows.get(id).into_iter().flat_map(Flow::calls);
                open.extend(calls.map(|(_, inner)| inner));
            }
        }
        entered.into_iter().map(|(_, id)| id).collect()
    }

    /// Sweeps all journeys once for all patterns.
    fn sweep_patterns(&mut self) {
        if !self.patterns.swept.is_empty() {
            return;
        }
        self.marked.mark_patterns(&self.patterns.list);
        for id in &self.flows.order {
            self.summarise(*id);
        }
        self.patterns.swept.clone_from(&self.summaries);
    }

    /// Notes what comes of entering a journey, those that it calls being known.
    fn summarise(&mut self, id: JourneyId) {
        let Some(flow) = self.flows.get(id) else {
            return;
        };
        let sweep = Sweep {
            flows: self.flows,
            marked: &self.marked,
            summaries: &self.summaries,
        };
        let enter = |row: Row| sweep.through(flow, &[(flow.start, row)]);
        let summary = Summary {
            from_calm: enter(Row {
                calm: u64::MAX,
                armed: 0,
            }),
            from_armed: enter(Row {
                calm: 0,
                armed: u64::MAX,
            }),
        };
        if let Some(place) = self.summaries.get_mut(id.index()) {
            *place = summary;
        }
    }
}
