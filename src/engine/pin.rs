//! What a run is bound to: the hash of the journey it started, with all that this journey can reach.
//!
//! In: the hashes that the compiler makes, with the revisions of behaviours. Out: the journey that a hash
//! names, and numbers for nodes and units that hold in every program in which the hash holds. A program
//! numbers its nodes across all journeys, so an edit to one moves the numbers of others; a run is kept
//! with the place of a journey among those it can reach, by name, and the place within that journey.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use crate::{
    compile::ProgramHash,
    engine::plan::{Kind, NOWHERE, Plan},
};

/// The pins of the journeys of a program.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    hashes: Vec<ProgramHash>,
    by_hash: BTreeMap<ProgramHash, u32>,
    /// What each journey can reach; made when a run of it is first kept.
    reached: Vec<OnceLock<Reached>>,
}

/// The journeys that one journey can reach, itself included.
#[derive(Debug)]
pub(crate) struct Reached {
    /// By name.
    journeys: Vec<u32>,
    places: BTreeMap<u32, u32>,
}

impl Pins {
    pub(crate) fn new(hashes: Vec<ProgramHash>) -> Self {
        let by_hash = (0..).zip(&hashes).map(|(at, hash)| (*hash, at)).collect();
        let reached = hashes.iter().map(|_| OnceLock::new()).collect();
        Self {
            hashes,
            by_hash,
            reached,
        }
    }

    /// The hashes in the order of the journeys.
    pub(crate) fn hashes(&self) -> &[ProgramHash] {
        &self.hashes
    }

    pub(crate) fn hash(&self, journey: u32) -> Option<&ProgramHash> {
        self.hashes.get(journey as usize)
    }

    /// The journey that a hash names.
    pub(crate) fn journey(&self, hash: &ProgramHash) -> Option<u32> {
        self.by_hash.get(hash).copied()
    }
}

/// A number that holds beyond one program: the place of a journey, and the place in it.
pub(crate) type Place = (u32, u32);

impl Plan {
    /// The journeys that a journey can reach.
    pub(crate) fn reached(&self, journey: u32) -> Option<&Reached> {
        let cell = self.pins.reached.get(journey as usize)?;
        Some(cell.get_or_init(|| Reached::from(self, journey)))
    }

    /// The numbers of the nodes of a journey.
    fn nodes_of(&self, journey: u32) -> Option<std::ops::Range<u32>> {
        let first = self.journey(journey)?.first_node;
        let next = self.journey(journey.checked_add(1)?);
        let end = next.map_or(self.nodes.len(), |next| next.first_node as usize);
        Some(first..u32::try_from(end).ok()?)
    }

    fn units_of(&self, journey: u32) -> Option<std::ops::Range<u32>> {
        let first = self.journey(journey)?.first_unit;
        let next = self.journey(journey.checked_add(1)?);
        let end = next.map_or(self.units.len(), |next| next.first_unit as usize);
        Some(first..u32::try_from(end).ok()?)
    }

    /// The place of a node among what is reached.
    pub(crate) fn place_of_node(&self, reached: &Reached, node: u32) -> Option<Place> {
        let journey = self.label(node)?.journey;
        let first = self.journey(journey)?.first_node;
        Some((*reached.places.get(&journey)?, node.checked_sub(first)?))
    }

    pub(crate) fn node_at(&self, reached: &Reached, (journey, at): Place) -> Option<u32> {
        let nodes = self.nodes_of(*reached.journeys.get(journey as usize)?)?;
        let node = nodes.start.checked_add(at)?;
        nodes.contains(&node).then_some(node)
    }

    /// The place of a unit among what is reached.
    pub(crate) fn place_of_unit(&self, reached: &Reached, unit: u32) -> Option<Place> {
        let behind = self.journeys.partition_point(|j| j.first_unit <= unit);
        let journey = u32::try_from(behind.checked_sub(1)?).ok()?;
        let units = self.units_of(journey)?;
        let place = *reached.places.get(&journey)?;
        units
            .contains(&unit)
            .then(|| (place, unit.saturating_sub(units.start)))
    }

    pub(crate) fn unit_at(&self, reached: &Reached, (journey, at): Place) -> Option<u32> {
        let units = self.units_of(*reached.journeys.get(journey as usize)?)?;
        let unit = units.start.checked_add(at)?;
        units.contains(&unit).then_some(unit)
    }
}

impl Reached {
    fn from(plan: &Plan, journey: u32) -> Self {
        let mut seen = BTreeSet::from([journey]);
        let mut open = vec![journey];
        // BOUND: every journey is taken once.
        while let Some(journey) = open.pop() {
            for node in plan.nodes_of(journey).unwrap_or(NOWHERE..NOWHERE) {
                let inner = plan.node(node).filter(|node| node.kind == Kind::Inner);
                if let Some(inner) = inner.filter(|inner| seen.insert(inner.body)) {
                    open.push(inner.body);
                }
            }
        }
        let mut journeys: Vec<u32> = seen.into_iter().collect();
        journeys.sort_by_key(|journey| plan.journey(*journey).map(|journey| &journey.name));
        let places = journeys.iter().copied().zip(0..).collect();
        Self { journeys, places }
    }
}
