//! What guards say: every way the world may be, as far as their conditions can tell, tried one by one.

use std::collections::BTreeMap;

use wayfare::{
    Value,
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::Guard,
    },
};

/// A fact that guards may speak of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact<'a> {
    Has(&'a Slot),
    Holds(&'a Expr),
}

/// One way the world may be: which atoms are true, the number, the level.
struct World<'a> {
    atoms: &'a BTreeMap<Slot, bool>,
    count: Option<i64>,
    level: i64,
}

impl World<'_> {
    /// The truth of a condition; none where it cannot be evaluated.
    fn truth(&self, expr: &Expr) -> Option<bool> {
        match expr {
            Expr::Literal(Value::Bool(value)) => Some(*value),
            Expr::Has(Slot::Shared(key)) if *key == super::random::key("count") => {
                Some(self.count.is_some())
            }
            Expr::Has(slot) => Some(self.atoms[slot]),
            Expr::Not(inner) => Some(!self.truth(inner)?),
            Expr::Binary(BinaryOp::And, left, right) => {
                Some(self.truth(left)? && self.truth(right)?)
            }
            Expr::Binary(BinaryOp::Or, left, right) => {
                Some(self.truth(left)? || self.truth(right)?)
            }
            Expr::Binary(op, left, right) => {
                let (Expr::Read(slot, _), Expr::Literal(Value::Int(right))) = (&**left, &**right)
                else {
                    panic!("the generator makes no such comparison");
                };
                let left = if *slot == Slot::AuthLevel {
                    self.level
                } else {
                    self.count?
                };
                Some(match op {
                    BinaryOp::Less => left < *right,
                    BinaryOp::LessOrEqual => left <= *right,
                    BinaryOp::Greater => left > *right,
                    BinaryOp::GreaterOrEqual => left >= *right,
                    BinaryOp::Equal => left == *right,
                    BinaryOp::NotEqual => left != *right,
                    _ => panic!("the generator makes no such comparison"),
                })
            }
            _ => panic!("the generator makes no such condition"),
        }
    }
}

fn slots(expr: &Expr, into: &mut BTreeMap<Slot, bool>) {
    match expr {
        Expr::Has(slot) => {
            into.insert(slot.clone(), false);
        }
        Expr::Not(inner) => slots(inner, into),
        Expr::Binary(_, left, right) => {
            slots(left, into);
            slots(right, into);
        }
        _ => {}
    }
}

/// Calls back for every way the world may be, as far as two conditions can tell.
fn worlds(exprs: &[&Expr], levels: &[i64], mut each: impl FnMut(&World<'_>)) {
    let mut atoms = BTreeMap::new();
    for expr in exprs {
        slots(expr, &mut atoms);
    }
    for bits in 0..1_u32 << atoms.len() {
        for (at, value) in atoms.values_mut().enumerate() {
            *value = bits >> at & 1 == 1;
        }
        for count in [None].into_iter().chain((-2..10).map(Some)) {
            for level in levels {
                each(&World {
                    atoms: &atoms,
                    count,
                    level: *level,
                });
            }
        }
    }
}

/// Whether a condition can have this truth at this level.
pub(super) fn can_be(expr: &Expr, wanted: bool, level: i64) -> bool {
    let mut found = false;
    worlds(&[expr], &[level], |world| {
        found |= world.truth(expr) == Some(wanted);
    });
    found
}

/// Whether one condition alone, being true or false, says the fact.
fn says(expr: &Expr, holds: bool, fact: Fact<'_>) -> bool {
    let wanted = match fact {
        Fact::Has(slot) => Expr::Has(slot.clone()),
        Fact::Holds(condition) => condition.clone(),
    };
    let levels: Vec<i64> = (0..8).collect();
    let mut always = true;
    worlds(&[expr, &wanted], &levels, |world| {
        if world.truth(expr) == Some(holds) {
            always &= world.truth(&wanted) == Some(true);
        }
    });
    always
}

/// Whether taking an arm says a fact: by its own condition, or by an earlier one that is false.
pub(super) fn arm_says(arms: &[Guard], taken: usize, fact: Fact<'_>) -> bool {
    let own = arms[taken].condition.as_ref();
    own.is_some_and(|own| says(own, true, fact))
        || arms[..taken]
            .iter()
            .filter_map(|arm| arm.condition.as_ref())
            .any(|arm| says(arm, false, fact))
}
