//! Guards as far as a state tells their truth.
//!
//! The level of the run and the presence of keys of the shared state are kept; everything else a guard
//! asks may be either, anew each time.

use wayfare::{
    Value,
    model::{
        expr::{BinaryOp, Expr, KeyId, Slot},
        journey::Guard,
    },
};

use crate::explore::{layout::Field, table::Condition};

/// The levels for which a comparison of the level holds, least and greatest.
pub(super) fn level_within(expr: &Expr) -> Option<(u32, u32)> {
    let (op, number) = comparison(expr)?;
    let held = |number: i64| u32::try_from(number.clamp(0, i64::from(u32::MAX))).unwrap_or(0);
    // No level at all: the bounds cross.
    let none = (1, 0);
    Some(match op {
        BinaryOp::Less if number <= 0 => none,
        BinaryOp::LessOrEqual | BinaryOp::Equal if number < 0 => none,
        BinaryOp::Less => (0, held(number.saturating_sub(1))),
        BinaryOp::LessOrEqual => (0, held(number)),
        BinaryOp::Greater => (held(number.saturating_add(1)), u32::MAX),
        BinaryOp::GreaterOrEqual => (held(number), u32::MAX),
        BinaryOp::Equal => (held(number), held(number)),
        BinaryOp::NotEqual
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::In
        | BinaryOp::Add
        | BinaryOp::Subtract => {
            return None;
        }
    })
}

fn comparison(expr: &Expr) -> Option<(BinaryOp, i64)> {
    let Expr::Binary(op, left, right) = expr else {
        return None;
    };
    let (op, number) = match (&**left, &**right) {
        (Expr::Read(Slot::AuthLevel, _), Expr::Literal(Value::Int(number))) => (*op, *number),
        (Expr::Literal(Value::Int(number)), Expr::Read(Slot::AuthLevel, _)) => {
            let turned = match op {
                BinaryOp::Less => BinaryOp::Greater,
                BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
                BinaryOp::Greater => BinaryOp::Less,
                BinaryOp::GreaterOrEqual => BinaryOp::LessOrEqual,
                BinaryOp::Equal
                | BinaryOp::NotEqual
                | BinaryOp::And
                | BinaryOp::Or
                | BinaryOp::In
                | BinaryOp::Add
                | BinaryOp::Subtract => *op,
            };
            (turned, *number)
        }
        _ => return None,
    };
    Some((op, number))
}

/// The keys whose presence guards ask for, and the greatest number that the level is compared with.
pub(super) fn spoken_of(guards: &[Guard], keys: &mut Vec<KeyId>) -> u32 {
    let mut greatest = 0;
    let mut open: Vec<&Expr> = guards
        .iter()
        .filter_map(|guard| guard.condition.as_ref())
        .collect();
    while let Some(expr) = open.pop() {
        if let Some((_, number)) = comparison(expr) {
            greatest =
                greatest.max(u32::try_from(number.clamp(0, i64::from(i32::MAX))).unwrap_or(0));
        }
        match expr {
            Expr::Has(Slot::Shared(key)) => keys.push(*key),
            Expr::Not(inner) => open.push(inner),
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Literal(_) | Expr::Read(..) | Expr::Has(_) | Expr::Call(..) | Expr::Join(_) => {}
        }
    }
    greatest
}

/// A condition as states tell it. The depth of expressions is that of the source, which is bounded.
pub(super) fn condition(
    expr: &Expr,
    ceiling: u32,
    fact: &impl Fn(KeyId) -> Option<Field>,
) -> Condition {
    if let Some((least, greatest)) = level_within(expr) {
        // From the ceiling on levels are not told apart; no bound that is written lies there.
        let greatest = if greatest >= ceiling {
            u32::MAX
        } else {
            greatest
        };
        return Condition::Level(least, greatest);
    }
    let inner = |expr: &Expr| Box::new(condition(expr, ceiling, fact));
    match expr {
        Expr::Literal(Value::Bool(truth)) => Condition::Is(*truth),
        Expr::Has(Slot::Realm | Slot::AuthLevel) => Condition::Is(true),
        Expr::Has(Slot::Shared(key)) => fact(*key).map_or(Condition::Open, Condition::Fact),
        Expr::Not(expr) => Condition::Not(inner(expr)),
        Expr::Binary(BinaryOp::And, left, right) => Condition::And(inner(left), inner(right)),
        Expr::Binary(BinaryOp::Or, left, right) => Condition::Or(inner(left), inner(right)),
        Expr::Binary(BinaryOp::NotEqual, ..) => match comparison(expr) {
            Some((_, number)) if (0..i64::from(ceiling)).contains(&number) => {
                let number = u32::try_from(number).unwrap_or(0);
                Condition::Not(Box::new(Condition::Level(number, number)))
            }
            Some(_) => Condition::Is(true),
            None => Condition::Open,
        },
        Expr::Literal(_)
        | Expr::Read(..)
        | Expr::Has(_)
        | Expr::Binary(..)
        | Expr::Call(..)
        | Expr::Join(_) => Condition::Open,
    }
}
