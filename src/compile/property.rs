//! `ensure` lines: read against the units, then copied to every expansion.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    compile::{
        calls::Cost,
        context::Cx,
        expr::{Known, Reading, There},
        lower::Lowered,
        place::{PlacePlan, points},
        raw::Place as Names,
        scope::Env,
        unit::{Unit, UnitId},
    },
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::JourneyId,
        level::AuthLevel,
        property::{Ensure, Place, Property},
        value::Value,
    },
    source::SourceId,
    syntax::ast,
};

/// An `ensure` with its places found.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    ast: &'a ast::Ensure,
    places: Vec<PlacePlan>,
}

impl<'a> Cx<'a> {
    /// Reads the properties of every unit.
    pub(super) fn properties(&mut self, units: &[Unit<'a>]) -> Vec<Vec<Plan<'a>>> {
        let mut all = Vec::with_capacity(units.len());
        for (at, unit) in units.iter().enumerate() {
            let mut plans = Vec::new();
            for ensure in &unit.written.body().ensures {
                let before = self.errors();
                let written = places_of(&ensure.property);
                let places: Vec<Option<PlacePlan>> = written
                    .iter()
                    .map(|place| self.place(units, UnitId(at), place))
                    .collect();
                if let ast::Property::At { condition, .. } = &ensure.property {
                    self.claim(condition, unit.file, &unit.env);
                }
                let found: Option<Vec<PlacePlan>> = places.into_iter().collect();
                if let Some(places) = found
                    && before == self.errors()
                {
                    plans.push(Plan {
                        ast: ensure,
                        places,
                    });
                }
            }
            all.push(plans);
        }
        all
    }

    /// Lowers every journey that is clean down to what it calls.
    pub(super) fn lower_all(&mut self, units: &[Unit<'a>], costs: &[Cost]) -> Vec<Option<Lowered>> {
        let mut ids: Vec<Option<JourneyId>> = vec![None; units.len()];
        let mut next = 0_u32;
        for ((unit, cost), id) in units.iter().zip(costs).zip(ids.iter_mut()) {
            if !unit.written.is_fragment() && cost.clean {
                *id = Some(JourneyId(next));
                next += 1;
            }
        }
        let mut lowered = Vec::with_capacity(units.len());
        for (at, id) in ids.iter().enumerate() {
            lowered.push(id.and_then(|id| self.lower(units, &ids, id, UnitId(at))));
        }
        lowered
    }

    /// The properties of a journey, those of its expanded fragments included.
    pub(super) fn ensures(
        &mut self,
        units: &[Unit<'a>],
        plans: &[Vec<Plan<'a>>],
        lowered: &[Option<Lowered>],
        home: UnitId,
    ) -> Vec<Ensure> {
        let Some(journey) = lowered.get(home.0).and_then(Option::as_ref) else {
            return Vec::new();
        };
        let mut made = Vec::new();
        for (at, instance) in journey.instances.iter().enumerate() {
            let Some(unit) = units.get(instance.unit.0) else {
                continue;
            };
            for plan in plans.get(instance.unit.0).into_iter().flatten() {
                let places: Option<Vec<Place>> = plan
                    .places
                    .iter()
                    .map(|place| {
                        Some(Place {
                            text: Arc::clone(&place.written.text),
                            kind: points(units, lowered, home, at, place)?,
                            span: place.written.span,
                        })
                    })
                    .collect();
                let property = places.and_then(|places| {
                    self.lower_property(plan.ast, places, unit.file, &instance.env)
                });
                if let Some(property) = property {
                    made.push(Ensure {
                        label: self.label(plan.ast),
                        from: instance.entry,
                        property,
                        span: plan.ast.span,
                    });
                }
            }
        }
        made
    }

    pub(super) fn label(&mut self, ensure: &ast::Ensure) -> Arc<str> {
        let label = match &ensure.label {
            Some(label) => label.text.clone(),
            None => self.text(ensure.span).trim().to_owned(),
        };
        self.word(super::clip(&label))
    }

    /// Checks the condition of `condition at place`; what may be missing is the question, so reads
    /// need no guard.
    pub(super) fn claim(&mut self, condition: &'a ast::Expr, file: SourceId, env: &Env) -> Expr {
        let reading = Reading::open(Names {
            file,
            env: Some(env),
        });
        let nothing = There::new();
        let known = Known {
            outer: None,
            slots: &nothing,
        };
        self.condition(condition, reading, &known).expr
    }

    pub(super) fn lower_property(
        &mut self,
        ensure: &'a ast::Ensure,
        places: Vec<Place>,
        file: SourceId,
        env: &Env,
    ) -> Option<Property> {
        let mut places = places.into_iter();
        let first = places.next()?;
        match &ensure.property {
            ast::Property::EveryPath { .. } => Some(Property::EveryPath {
                to: first,
                passes: places.collect(),
            }),
            ast::Property::Never { .. } => Some(Property::Never {
                what: first,
                after: places.next()?,
            }),
            ast::Property::SameFace { .. } => Some(Property::SameFace { until: first }),
            ast::Property::AtMost { visits, .. } => Some(Property::AtMost {
                visits: *visits,
                of: first,
            }),
            ast::Property::At { condition, .. } => {
                let condition = self.claim(condition, file, env);
                Some(match least_level(&condition) {
                    Some(level) => Property::LevelAtLeast {
                        level: AuthLevel::saturating(level),
                        place: first,
                    },
                    None => match condition {
                        Expr::Has(slot) => Property::Has { slot, place: first },
                        condition => Property::Holds {
                            condition,
                            place: first,
                        },
                    },
                })
            }
        }
    }

    /// Gives every lowered journey its properties; places may walk from one journey into another.
    pub(super) fn take_ensures(
        &mut self,
        units: &[Unit<'a>],
        plans: &[Vec<Plan<'a>>],
        lowered: &mut [Option<Lowered>],
    ) {
        let homes: Vec<usize> = (0..lowered.len())
            .filter(|at| lowered.get(*at).is_some_and(Option::is_some))
            .collect();
        let mut made: BTreeMap<usize, Vec<Ensure>> = BTreeMap::new();
        for at in homes {
            let ensures = self.ensures(units, plans, lowered, UnitId(at));
            made.insert(at, ensures);
        }
        for (at, ensures) in made {
            if let Some(Some(journey)) = lowered.get_mut(at) {
                journey.journey.ensures = ensures;
            }
        }
    }
}

pub(super) fn places_of(property: &ast::Property) -> Vec<&ast::Place> {
    match property {
        ast::Property::EveryPath { to, passes } => std::iter::once(to).chain(passes).collect(),
        ast::Property::Never { what, after } => vec![what, after],
        ast::Property::At { place, .. } => vec![place],
        ast::Property::SameFace { until } => vec![until],
        ast::Property::AtMost { of, .. } => vec![of],
    }
}

/// The least level that a condition claims, where it claims nothing else.
fn least_level(condition: &Expr) -> Option<i64> {
    let Expr::Binary(op, left, right) = condition else {
        return None;
    };
    let is_level = |side: &Expr| matches!(side, Expr::Read(Slot::AuthLevel, _));
    let number = |side: &Expr| match side {
        Expr::Literal(Value::Int(number)) => Some(*number),
        _ => None,
    };
    match op {
        BinaryOp::GreaterOrEqual if is_level(left) => number(right),
        BinaryOp::Greater if is_level(left) => number(right)?.checked_add(1),
        BinaryOp::LessOrEqual if is_level(right) => number(left),
        BinaryOp::Less if is_level(right) => number(left)?.checked_add(1),
        _ => None,
    }
}
