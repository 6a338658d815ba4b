//! The properties of a journey as steps that are put into its moves.
//!
//! In: the `ensure` lines and what happens on a move. Out: the steps that keep, in a bit or a count of the
//! state, what the property must remember, and that notice where it is broken. Conditions on values that
//! are not kept in a state are left to the checks, and said to be.

use petgraph::graph::NodeIndex;
use wayfare::{
    Factor, Value,
    model::{
        catalog::TypeId,
        expr::{BinaryOp, Expr, KeyId, Slot},
        journey::{Journey, JourneyId, On, OutcomeId},
        property::{At, Ensure, Place, PlaceKind, Property},
    },
};

use crate::explore::{
    guard::level_within,
    layout::{Field, Layout},
    lower::bit,
    table::Op,
};

/// Nodes of journeys that call the one at hand, outermost first.
pub(super) type Calls = [(JourneyId, NodeIndex<u32>)];

/// A node and the calls that led to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) calls: &'a Calls,
    pub(super) journey: JourneyId,
    pub(super) node: NodeIndex<u32>,
}

/// What happens on a move.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'a> {
    /// A node, or a child of a page, is arrived at.
    Visit { child: u16, ty: Option<TypeId> },
    /// A node, or a child of a page, ends in an outcome of its own.
    Leave {
        child: u16,
        whole: bool,
        outcome: OutcomeId,
        name: &'a str,
        ty: Option<TypeId>,
        proves: Option<Factor>,
    },
    /// An inner journey has ended, and its caller is left.
    Return(On),
    /// A node is left by its error arrow.
    Error,
    /// The outermost journey has failed in an error.
    Failed,
}

#[derive(Debug)]
enum Kind<'p> {
    Path {
        armed: Field,
        /// Whether one of the factors that may be passed is proved of whoever is named, where it asks for any.
        shown: Option<Field>,
        to: &'p Place,
        passes: &'p [Place],
    },
    Never {
        armed: Field,
        what: &'p Place,
        after: &'p Place,
    },
    Visits {
        count: Field,
        limit: u32,
        of: &'p Place,
    },
    Level {
        level: u32,
        place: &'p Place,
    },
    Fact {
        fact: Field,
        place: &'p Place,
    },
}

#[derive(Debug)]
struct Watched<'p> {
    number: u16,
    from: NodeIndex<u32>,
    /// Set once a run has come to where the property begins, if that is not the start.
    begun: Option<Field>,
    /// Whether it begins with the run, and not at each arrival.
    once: bool,
    kind: Kind<'p>,
}

/// All properties of a journey.
#[derive(Debug)]
pub(super) struct Watches<'p> {
    journey: &'p Journey,
    list: Vec<Watched<'p>>,
    /// Those that are left to the checks: their number, and why.
    pub(super) left_out: Vec<(usize, &'static str)>,
    /// The number of each factor.
    factors: Vec<Factor>,
}

const VALUES: &str = "it speaks of values that exploration does not tell apart";
const FACES: &str = "it compares two runs, which the checks of the compiler do";
const COUNT: &str = "it counts further than exploration does";

/// The parts of a condition that must hold at a place, as far as states tell.
enum Part {
    Always,
    Level(u32),
    Fact(KeyId),
}

fn part(expr: &Expr) -> Option<Part> {
    match expr {
        Expr::Literal(Value::Bool(true)) | Expr::Has(Slot::Realm | Slot::AuthLevel) => {
            Some(Part::Always)
        }
        Expr::Has(Slot::Shared(key)) => Some(Part::Fact(*key)),
        _ => match level_within(expr)? {
            (least, u32::MAX) => Some(Part::Level(least)),
            _ => None,
        },
    }
}

fn parts(ensure: &Ensure) -> Option<Vec<Part>> {
    match &ensure.property {
        Property::Has { slot, .. } => Some(vec![part(&Expr::Has(slot.clone()))?]),
        Property::LevelAtLeast { level, .. } => Some(vec![Part::Level(level.number())]),
        Property::Holds { condition, .. } => {
            let mut open = vec![condition];
            let mut found = Vec::new();
            while let Some(expr) = open.pop() {
                match expr {
                    Expr::Binary(BinaryOp::And, left, right) => open.extend([&**right, &**left]),
                    _ => found.push(part(expr)?),
                }
            }
            Some(found)
        }
        Property::EveryPath { .. }
        | Property::Never { .. }
        | Property::SameFace { .. }
        | Property::AtMost { .. } => Some(Vec::new()),
    }
}

/// The keys of the shared state that properties speak of, and the greatest level.
pub(super) fn spoken_of(journey: &Journey) -> (Vec<KeyId>, u32) {
    let mut keys = Vec::new();
    let mut level = 0;
    for part in journey.ensures.iter().filter_map(parts).flatten() {
        match part {
            Part::Always => {}
            Part::Level(number) => level = level.max(number),
            Part::Fact(key) => keys.push(key),
        }
    }
    (keys, level)
}

/// The factor that a place asks for.
fn factor_of(place: &Place) -> Option<Factor> {
    match place.kind {
        PlaceKind::Proof(factor) => Some(factor),
        PlaceKind::Points(_) | PlaceKind::Any(..) => None,
    }
}

/// Whether a place is an end of the run and nothing else.
fn is_end(journey: &Journey, place: &Place) -> bool {
    let ends = [journey.success, journey.failure, journey.loose_end];
    match &place.kind {
        PlaceKind::Points(points) => points.iter().all(|point| {
            point.calls.is_empty() && point.at == At::Node && ends.contains(&point.node)
        }),
        PlaceKind::Any(..) | PlaceKind::Proof(_) => false,
    }
}

impl<'p> Watches<'p> {
    /// Those of a journey; `fact` says where a key of the shared state is kept.
    pub(super) fn new(
        journey: &'p Journey,
        layout: &mut Layout,
        factors: &[Factor],
        fact: impl Fn(KeyId) -> Option<Field>,
    ) -> Self {
        let mut all = Self {
            journey,
            list: Vec::new(),
            left_out: Vec::new(),
            factors: factors.to_vec(),
        };
        for (at, ensure) in journey.ensures.iter().enumerate() {
            let Ok(number) = u16::try_from(at) else { break };
            // A run begins at the start once: what it has passed it has passed, also where it comes to the
            // start again. Of a part of the journey every entry counts for itself.
            let at_end =
                matches!(&ensure.property, Property::EveryPath { to, .. } if is_end(journey, to));
            let once = ensure.from == journey.start && at_end;
            let begun = (once || ensure.from != journey.start).then(|| layout.field(1));
            let kinds = match &ensure.property {
                Property::EveryPath { to, passes } => {
                    let asks = passes.iter().any(|place| factor_of(place).is_some());
                    vec![Kind::Path {
                        armed: layout.field(1),
                        shown: asks.then(|| layout.field(1)),
                        to,
                        passes,
                    }]
                }
                Property::Never { what, after } => {
                    vec![Kind::Never {
                        armed: layout.field(1),
                        what,
                        after,
                    }]
                }
                Property::SameFace { .. } => {
                    all.left_out.push((at, FACES));
                    continue;
                }
                Property::AtMost { visits, of } => {
                    let limit = u32::try_from(*visits).ok().filter(|limit| *limit < 1 << 20);
                    let Some(limit) = limit else {
                        all.left_out.push((at, COUNT));
                        continue;
                    };
                    vec![Kind::Visits {
                        count: layout.field(limit),
                        limit,
                        of,
                    }]
                }
                Property::LevelAtLeast { place, .. }
                | Property::Has { place, .. }
                | Property::Holds { place, .. } => {
                    let Some(parts) = parts(ensure) else {
                        all.left_out.push((at, VALUES));
                        continue;
                    };
                    let kind = |part| match part {
                        Part::Always => None,
                        Part::Level(level) => Some(Kind::Level { level, place }),
                        Part::Fact(key) => Some(Kind::Fact {
                            fact: fact(key)?,
                            place,
                        }),
                    };
                    parts.into_iter().filter_map(kind).collect()
                }
            };
            let watched = |kind| Watched {
                number,
                from: ensure.from,
                begun,
                once,
                kind,
            };
            all.list.extend(kinds.into_iter().map(watched));
        }
        all
    }

    /// None: several runs at once are not asked for them.
    pub(super) fn none(journey: &'p Journey) -> Self {
        Self {
            journey,
            list: Vec::new(),
            left_out: Vec::new(),
            factors: Vec::new(),
        }
    }

    /// The bits that say that a factor which is asked for is proved.
    pub(super) fn shown(&self) -> impl Iterator<Item = Field> {
        self.list.iter().filter_map(|watched| match watched.kind {
            Kind::Path { shown, .. } => shown,
            Kind::Never { .. } | Kind::Visits { .. } | Kind::Level { .. } | Kind::Fact { .. } => {
                None
            }
        })
    }

    /// The fields that remember what was passed: an error does not take it back.
    pub(super) fn memory(&self) -> impl Iterator<Item = Field> {
        self.list.iter().flat_map(|watched| {
            let own = match watched.kind {
                Kind::Path { armed, .. } | Kind::Never { armed, .. } => Some(armed),
                Kind::Visits { count, .. } => Some(count),
                Kind::Level { .. } | Kind::Fact { .. } => None,
            };
            own.into_iter().chain(watched.begun)
        })
    }

    /// What an event means, as steps.
    pub(super) fn ops(&self, spot: Spot<'_>, event: Event<'_>) -> Vec<Op> {
        let mut ops = Vec::new();
        let outermost = spot.calls.is_empty();
        for watched in &self.list {
            let begins = matches!(event, Event::Visit { child: 0, .. })
                && outermost
                && spot.node == watched.from;
            if let (true, true, Some(begun), Kind::Path { armed, .. }) =
                (begins, watched.once, watched.begun, &watched.kind)
            {
                ops.push(Op::Begin(begun, *armed));
            } else if begins {
                ops.extend(watched.begun.map(Op::Watch));
                if let Kind::Path { armed, shown, .. } = watched.kind {
                    ops.push(Op::Watch(armed));
                    ops.extend(shown.map(|shown| Op::Fact(shown, false)));
                }
            }
            let is = |place: &Place| self.is_at(place, spot, event);
            let (number, begun) = (watched.number, watched.begun);
            match &watched.kind {
                Kind::Path {
                    armed,
                    shown: Some(shown),
                    to,
                    passes,
                } => {
                    let passed = |place: &Place| factor_of(place).is_none() && is(place);
                    if passes.iter().any(passed) {
                        ops.push(Op::Cut(*armed));
                        continue;
                    }
                    let proved = passes
                        .iter()
                        .filter(|place| is(place))
                        .filter_map(factor_of);
                    ops.extend(proved.map(|factor| Op::Shown(*shown, bit(&self.factors, factor))));
                    if is(to) {
                        ops.push(Op::Unshown(*armed, *shown, number));
                    }
                }
                Kind::Path {
                    armed,
                    shown: None,
                    to,
                    passes,
                } => {
                    if passes.iter().any(is) {
                        ops.push(Op::Cut(*armed));
                    } else if is(to) {
                        ops.push(Op::Goal(*armed, number));
                    }
                }
                Kind::Never { armed, what, after } => {
                    if is(what) {
                        ops.push(Op::Goal(*armed, number));
                    }
                    if is(after) {
                        ops.push(Op::After(*armed, begun));
                    }
                }
                Kind::Visits { count, limit, of } if is(of) => {
                    ops.push(Op::Visit(number, *count, *limit, begun));
                }
                Kind::Level { level, place } if is(place) => {
                    ops.push(Op::LevelAt(number, *level, begun));
                }
                Kind::Fact { fact, place } if is(place) => {
                    ops.push(Op::FactAt(number, *fact, begun));
                }
                Kind::Visits { .. } | Kind::Level { .. } | Kind::Fact { .. } => {}
            }
        }
        ops
    }

    fn is_at(&self, place: &Place, spot: Spot<'_>, event: Event<'_>) -> bool {
        match &place.kind {
            PlaceKind::Points(points) => points.iter().any(|point| {
                let fails = point.calls.is_empty()
                    && point.node == self.journey.failure
                    && point.at == At::Node;
                let here = point.calls == *spot.calls
                    && point.journey == spot.journey
                    && point.node == spot.node;
                match event {
                    Event::Failed => fails,
                    Event::Visit { child, .. } => {
                        let loose = spot.calls.is_empty() && spot.node == self.journey.loose_end;
                        loose && fails
                            || here
                                && match point.at {
                                    At::Node => child == 0,
                                    At::Child(wanted) => child == wanted,
                                    At::Outcome(_) | At::Error | At::ChildOutcome(..) => false,
                                }
                    }
                    Event::Leave {
                        child,
                        whole,
                        outcome,
                        ..
                    } => {
                        here && match point.at {
                            At::Outcome(wanted) => whole && wanted == outcome,
                            At::ChildOutcome(of, wanted) => of == child && wanted == outcome,
                            At::Node | At::Error | At::Child(_) => false,
                        }
                    }
                    Event::Return(on) => {
                        here && match (point.at, on) {
                            (At::Outcome(wanted), On::Outcome(outcome)) => wanted == outcome,
                            (At::Error, On::Error) => true,
                            _ => false,
                        }
                    }
                    Event::Error => here && point.at == At::Error,
                }
            }),
            PlaceKind::Any(wanted, outcome) => match (event, outcome) {
                (Event::Visit { ty, .. }, None) => ty == Some(*wanted),
                (Event::Leave { ty, name, .. }, Some(outcome)) => {
                    ty == Some(*wanted) && *name == **outcome
                }
                _ => false,
            },
            PlaceKind::Proof(factor) => {
                matches!(event, Event::Leave { proves: Some(proved), .. } if proved == *factor)
            }
        }
    }
}
