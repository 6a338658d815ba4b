//! What the level can still become, found by going every way with the whole stack.
//!
//! Of two runs that stand at the same place, the one with the greater level can do all that the other
//! can, so the greatest level of each place is enough; levels from which nothing on any way leads below
//! the one wanted are one level.

use std::collections::BTreeMap;

use super::{kit::Spot, walker::Walker};
use crate::model::{
    journey::{NodeKind, On, OutcomeId, SettingValue, Task},
    signature::LevelChange,
};

/// A move of the level: by how much, or by any amount.
type Move = Option<i64>;

impl Walker<'_> {
    /// Whether leaving the node at hand by an outcome may still end in success with this level.
    pub(super) fn reaches(&self, outcome: OutcomeId, wanted: i64) -> bool {
        let kit = self.kit;
        let mut level = i64::from(self.state.level.number());
        let mut moves = Vec::new();
        if let NodeKind::Page(page) = &kit.node(self.at).kind {
            let cursor = self.page.as_ref().unwrap().cursor;
            let (last, earlier) = page.children.split_last().unwrap();
            if cursor < earlier.len() {
                return true;
            }
            for child in earlier {
                moves.push(self.moved(&child.task, &child.outcomes[0]));
            }
            moves.push(self.moved(&last.task, &last.outcomes[outcome.index()]));
        } else if let NodeKind::Task(task) = &kit.node(self.at).kind {
            let name = &kit.node(self.at).outcomes[outcome.index()];
            moves.push(self.moved(task, name));
        }
        for by in moves {
            match by {
                Some(by) => level += by.max(0),
                None => return self.best(outcome, None, wanted),
            }
        }
        self.best(outcome, Some(level), wanted)
    }

    fn best(&self, outcome: OutcomeId, level: Option<i64>, wanted: i64) -> bool {
        let mut stack: Vec<Spot> = self.callers.iter().map(|caller| caller.at).collect();
        let target = self.target(self.at, On::Outcome(outcome)).unwrap();
        stack.push((self.at.0, target));
        let places = self.places(&stack);
        let falls = places.values().flatten().filter_map(|(_, by)| *by);
        let ceiling = wanted + falls.map(|by| (-by).max(0)).sum::<i64>();
        let mut greatest: BTreeMap<&[Spot], i64> = BTreeMap::new();
        let mut open: Vec<(&[Spot], i64)> = vec![(&stack, level.unwrap_or(ceiling).min(ceiling))];
        while let Some((place, level)) = open.pop() {
            if greatest.get(place).is_some_and(|known| *known >= level) {
                continue;
            }
            greatest.insert(place, level);
            if self.is_success(place) && level >= wanted {
                return true;
            }
            for (next, by) in &places[place] {
                let moved = by.map_or(ceiling, |by| (level + by).clamp(0, ceiling));
                open.push((next, moved));
            }
        }
        false
    }

    fn is_success(&self, place: &[Spot]) -> bool {
        place.len() == 1 && matches!(self.kit.node(place[0]).kind, NodeKind::Success)
    }

    /// Every place that can be reached, with where it leads.
    fn places(&self, from: &[Spot]) -> BTreeMap<Vec<Spot>, Vec<(Vec<Spot>, Move)>> {
        let mut places = BTreeMap::new();
        let mut open = vec![from.to_vec()];
        while let Some(place) = open.pop() {
            if places.contains_key(&place) {
                continue;
            }
            let ways = self.ways(&place);
            open.extend(ways.iter().map(|(next, _)| next.clone()));
            places.insert(place, ways);
        }
        places
    }

    /// Where a place leads.
    fn ways(&self, place: &[Spot]) -> Vec<(Vec<Spot>, Move)> {
        let (spot, callers) = place.split_last().unwrap();
        let node = self.kit.node(*spot);
        let still = |next: Option<Vec<Spot>>| next.map(|next| (next, Some(0))).into_iter();
        let mut ways: Vec<(Vec<Spot>, Move)> = Vec::new();
        match &node.kind {
            NodeKind::Success => ways.extend(still(self.back_by(callers, "true"))),
            NodeKind::Failure => ways.extend(still(self.back_by(callers, "false"))),
            NodeKind::LooseEnd => {
                let mut callers = callers;
                while !callers.is_empty() {
                    if let Some(next) = self.back_by(callers, "error") {
                        ways.push((next, Some(0)));
                        break;
                    }
                    callers = &callers[..callers.len() - 1];
                }
            }
            NodeKind::Inner(inner) => {
                let mut next = place.to_vec();
                next.push((inner.index(), self.kit.journey(inner.index()).start));
                ways.push((next, Some(0)));
                ways.extend(still(self.fails(place)));
            }
            NodeKind::Decision(_) | NodeKind::Task(_) | NodeKind::Page(_) => {
                for outcome in 0..node.outcomes.len() {
                    let outcome = OutcomeId(u16::try_from(outcome).unwrap());
                    if let Some(by) = self.through(*spot, outcome) {
                        ways.push((self.along(place, On::Outcome(outcome)).unwrap(), by));
                    }
                }
                ways.extend(still(self.fails(place)));
            }
        }
        ways
    }

    fn along(&self, place: &[Spot], on: On) -> Option<Vec<Spot>> {
        let (spot, callers) = place.split_last()?;
        let target = self.target(*spot, on)?;
        Some([callers, &[(spot.0, target)]].concat())
    }

    fn back_by(&self, callers: &[Spot], outcome: &str) -> Option<Vec<Spot>> {
        let outcome = self.kit.node(*callers.last()?).outcome(outcome)?;
        self.along(callers, On::Outcome(outcome))
    }

    fn fails(&self, place: &[Spot]) -> Option<Vec<Spot>> {
        if let Some(next) = self.along(place, On::Error) {
            return Some(next);
        }
        let mut callers = &place[..place.len() - 1];
        while !callers.is_empty() {
            let next = self.back_by(callers, "error");
            if let Some(next) = next.or_else(|| self.along(callers, On::Error)) {
                return Some(next);
            }
            callers = &callers[..callers.len() - 1];
        }
        None
    }

    /// What passing a node does to the level; none where it lets nobody pass.
    fn through(&self, spot: Spot, outcome: OutcomeId) -> Option<Move> {
        let node = self.kit.node(spot);
        let tasks: Vec<(&Task, &str)> = match &node.kind {
            NodeKind::Task(task) => vec![(task, &node.outcomes[outcome.index()])],
            NodeKind::Page(page) => {
                let (last, earlier) = page.children.split_last()?;
                let earlier = earlier
                    .iter()
                    .map(|child| (&child.task, &*child.outcomes[0]));
                let last = (&last.task, &*last.outcomes[outcome.index()]);
                earlier.chain([last]).collect()
            }
            _ => Vec::new(),
        };
        let mut sum = Some(0);
        for (task, outcome) in tasks {
            if self.is_shut(task, outcome) {
                return None;
            }
            let by = self.moved(task, outcome);
            // No page of these programs moves the level twice.
            assert!(sum == Some(0) || by == Some(0));
            sum = sum.zip(by).map(|(sum, by)| sum + by);
        }
        Some(sum)
    }

    fn is_shut(&self, task: &Task, outcome: &str) -> bool {
        let signature = self.kit.signature(task);
        let limit = signature.limits.as_ref();
        limit.is_some_and(|limit| {
            limit.outcome == outcome && Self::number(task, &limit.setting) == Some(0)
        })
    }

    fn moved(&self, task: &Task, outcome: &str) -> Move {
        let signature = self.kit.signature(task);
        match signature.facts_of(outcome).map(|facts| &facts.level) {
            None | Some(LevelChange::None) => Some(0),
            Some(LevelChange::By(by)) => Some(i64::from(*by)),
            Some(LevelChange::BySetting(key)) => Self::number(task, key),
        }
    }

    fn number(task: &Task, key: &str) -> Option<i64> {
        let (_, value) = task.settings.iter().find(|(name, _)| **name == *key)?;
        match value {
            SettingValue::Constant(value) => value.as_int(),
            SettingValue::Computed(_) => None,
        }
    }
}
