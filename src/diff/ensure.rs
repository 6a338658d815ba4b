//! Properties of one program asked of the other.
//!
//! A place is carried over by what stands for its node there; a property whose places are not all there
//! cannot be asked. One that is stated in the same words on both sides is the other compiler's business.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::graph::NodeIndex;

use super::{Direction, Found, Topic, carried, graph::Graph, side::Side, walk::Walked};
use crate::{
    analysis::{Verdict, prove},
    model::{
        journey::{JourneyId, NodeKind, OutcomeId},
        program::Program,
        property::{At, Ensure, Place, PlaceKind, Point, Property},
    },
};

/// Asks the properties of each journey of the other.
pub(super) fn both(
    old: &Side<'_>,
    new: &Side<'_>,
    graphs: (&Graph<'_>, &Graph<'_>),
    walked: &Walked,
    found: &mut Found,
) {
    let (forward, backward) = (walked.forward(), walked.backward());
    let sides = [
        (
            old.program,
            new.program,
            graphs.0,
            graphs.1,
            forward,
            Direction::Weaker,
        ),
        (
            new.program,
            old.program,
            graphs.1,
            graphs.0,
            backward,
            Direction::Stronger,
        ),
    ];
    for (from, to, a, b, map, direction) in sides {
        let over = Over {
            from,
            to,
            a,
            b,
            map,
        };
        for ensure in &a.journey.ensures {
            ask(&over, ensure, direction, found);
        }
    }
}

fn ask(over: &Over<'_>, ensure: &Ensure, direction: Direction, found: &mut Found) {
    let label = &ensure.label;
    let stated = over
        .b
        .journey
        .ensures
        .iter()
        .any(|other| other.label == *label);
    let Some(carried) = over.ensure(ensure) else {
        if !stated {
            let message = match direction {
                Direction::Weaker => {
                    format!("`{label}` is not stated any more, and speaks of what is gone")
                }
                _ => format!("`{label}` is stated now, of what was not there"),
            };
            found.push(direction, Topic::Ensure, message);
        }
        return;
    };
    match prove(over.to, over.b.journey.id, &carried) {
        Verdict::Holds => {
            if !stated {
                let message = match direction {
                    Direction::Weaker => format!(
                        "`{label}` is not promised any more: it still holds, and nothing keeps it"
                    ),
                    _ => format!("`{label}` is promised now; it held before"),
                };
                found.push(direction, Topic::Ensure, message);
            }
        }
        Verdict::Fails(shown) => {
            let holds = prove(over.from, over.a.journey.id, ensure) == Verdict::Holds;
            if holds {
                let message = match direction {
                    Direction::Weaker => format!("`{label}` does not hold any more"),
                    _ => format!("`{label}` holds now, and did not before"),
                };
                found.shown(direction, Topic::Ensure, message, (over.to, Some(&shown)));
            }
        }
        Verdict::Open(_) => {
            let message = match direction {
                Direction::Weaker => format!("`{label}` cannot be shown to hold any more"),
                _ => format!("`{label}` could not be shown to hold before"),
            };
            found.push(direction, Topic::Ensure, message);
        }
    }
}

/// What carries a property from one program to the other.
struct Over<'a> {
    from: &'a Program,
    to: &'a Program,
    a: &'a Graph<'a>,
    b: &'a Graph<'a>,
    map: BTreeMap<u32, u32>,
}

impl Over<'_> {
    fn ensure(&self, ensure: &Ensure) -> Option<Ensure> {
        let property = match &ensure.property {
            Property::EveryPath { to, passes } => Property::EveryPath {
                to: self.place(to)?,
                passes: passes
                    .iter()
                    .map(|p| self.place(p))
                    .collect::<Option<_>>()?,
            },
            Property::Never { what, after } => Property::Never {
                what: self.place(what)?,
                after: self.place(after)?,
            },
            Property::LevelAtLeast { level, place } => Property::LevelAtLeast {
                level: *level,
                place: self.place(place)?,
            },
            Property::Has { slot, place } => Property::Has {
                slot: carried::slot(self.from, self.to, slot)?,
                place: self.place(place)?,
            },
            Property::Holds { condition, place } => Property::Holds {
                condition: carried::expr(self.from, self.to, condition)?,
                place: self.place(place)?,
            },
            Property::SameFace { until } => Property::SameFace {
                until: self.place(until)?,
            },
            Property::AtMost { visits, of } => Property::AtMost {
                visits: *visits,
                of: self.place(of)?,
            },
        };
        Some(Ensure {
            label: Arc::clone(&ensure.label),
            from: self.node(self.a.journey.id, ensure.from)?.1,
            property,
            span: ensure.span,
        })
    }

    fn place(&self, place: &Place) -> Option<Place> {
        let kind = match &place.kind {
            PlaceKind::Points(points) => PlaceKind::Points(
                points
                    .iter()
                    .map(|p| self.point(p))
                    .collect::<Option<_>>()?,
            ),
            PlaceKind::Any(ty, outcome) => {
                let name = &self.from.catalog.get(*ty)?.name;
                PlaceKind::Any(self.to.catalog.find(name)?, outcome.clone())
            }
            PlaceKind::Proof(factor) => PlaceKind::Proof(*factor),
        };
        Some(Place {
            text: Arc::clone(&place.text),
            kind,
            span: place.span,
        })
    }

    /// The node that stands for another: by the walk in the journeys themselves, by its path further in.
    fn node(
        &self,
        journey: JourneyId,
        node: NodeIndex<u32>,
    ) -> Option<(JourneyId, NodeIndex<u32>)> {
        if journey == self.a.journey.id {
            let at = u32::try_from(node.index()).ok()?;
            let to = match self.map.get(&at) {
                Some(to) => *to,
                None => self.end(at)?,
            };
            return Some((self.b.journey.id, NodeIndex::new(to as usize)));
        }
        let from = self.from.journey(journey)?;
        let to = self.to.journey_on_wire(&from.wire_name)?;
        let weight = from.graph.node_weight(node)?;
        let index = match weight.kind {
            NodeKind::Success => to.success,
            NodeKind::Failure => to.failure,
            NodeKind::LooseEnd => to.loose_end,
            NodeKind::Task(_) | NodeKind::Decision(_) | NodeKind::Page(_) | NodeKind::Inner(_) => {
                let path = &weight.path;
                let mut nodes = to.graph.node_indices();
                nodes.find(|at| to.graph.node_weight(*at).is_some_and(|n| n.path == *path))?
            }
        };
        Some((to.id, index))
    }

    fn end(&self, at: u32) -> Option<u32> {
        let to = &self.b.journey;
        let end = match self.a.node(at)?.kind {
            NodeKind::Success => to.success,
            NodeKind::Failure => to.failure,
            NodeKind::LooseEnd => to.loose_end,
            NodeKind::Task(_) | NodeKind::Decision(_) | NodeKind::Page(_) | NodeKind::Inner(_) => {
                return None;
            }
        };
        u32::try_from(end.index()).ok()
    }

    fn point(&self, point: &Point) -> Option<Point> {
        let calls = point
            .calls
            .iter()
            .map(|(journey, node)| self.node(*journey, *node));
        let calls = calls.collect::<Option<Vec<_>>>()?;
        let (journey, node) = self.node(point.journey, point.node)?;
        let from = self
            .from
            .journey(point.journey)?
            .graph
            .node_weight(point.node)?;
        let to = self.to.journey(journey)?.graph.node_weight(node)?;
        let outcome = |names: (&[Arc<str>], &[Arc<str>]), id: OutcomeId| {
            let name = names.0.get(id.index())?;
            let at = names.1.iter().position(|other| other == name)?;
            u16::try_from(at).ok().map(OutcomeId)
        };
        let child = |at: u16| match (&from.kind, &to.kind) {
            (NodeKind::Page(a), NodeKind::Page(b)) => {
                let child = a.children.get(usize::from(at))?;
                let found = b
                    .children
                    .iter()
                    .position(|other| other.name == child.name)?;
                let other = b.children.get(found)?;
                let same = type_name(self.from, child.task.ty) == type_name(self.to, other.task.ty);
                same.then_some((u16::try_from(found).ok()?, child, other))
            }
            _ => None,
        };
        let at = match point.at {
            At::Node => At::Node,
            At::Error => At::Error,
            At::Outcome(id) => At::Outcome(outcome((&from.outcomes, &to.outcomes), id)?),
            At::Child(at) => At::Child(child(at)?.0),
            At::ChildOutcome(at, id) => {
                let (found, a, b) = child(at)?;
                At::ChildOutcome(found, outcome((&a.outcomes, &b.outcomes), id)?)
            }
        };
        Some(Point {
            calls,
            journey,
            node,
            at,
        })
    }
}

fn type_name(program: &Program, ty: crate::model::catalog::TypeId) -> Option<&str> {
    program.catalog.get(ty).map(|signature| &*signature.name)
}
