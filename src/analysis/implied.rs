//! What a guard that was taken says for sure.
//!
//! Conditions are compared as written: no arithmetic but that of bounds, no knowledge of functions. So a
//! fact that is implied is implied; one that is not may still be true.

use std::{borrow::Cow, cmp::Ordering};

use crate::{
    analysis::level::turned,
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::Guard,
        value::Value,
    },
};

/// A fact about a run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact<'a> {
    /// A value is there.
    Has(&'a Slot),
    /// A condition holds.
    Holds(&'a Expr),
}

/// For each arm of a decision, whether taking it implies the fact.
pub(super) fn by_arms(arms: &[Guard], fact: Fact<'_>) -> Vec<bool> {
    let mut before = false;
    arms.iter()
        .map(|arm| match &arm.condition {
            None => before,
            Some(condition) => {
                let taken = before || implies(condition, true, fact);
                before = before || implies(condition, false, fact);
                taken
            }
        })
        .collect()
}

/// Whether a condition that is true (or false) says that another is true.
pub(super) fn says(condition: &Expr, holds: bool, wanted: &Expr) -> bool {
    implies(condition, holds, Fact::Holds(wanted))
}

/// Whether a condition that is true (or false) implies the fact.
fn implies(expr: &Expr, holds: bool, fact: Fact<'_>) -> bool {
    if let Fact::Holds(wanted) = fact {
        match wanted {
            Expr::Binary(BinaryOp::And, left, right) => {
                return implies(expr, holds, Fact::Holds(left))
                    && implies(expr, holds, Fact::Holds(right));
            }
            Expr::Binary(BinaryOp::Or, left, right) => {
                let either = implies(expr, holds, Fact::Holds(left))
                    || implies(expr, holds, Fact::Holds(right));
                if either {
                    return true;
                }
            }
            Expr::Has(slot) => {
                if implies(expr, holds, Fact::Has(slot)) {
                    return true;
                }
            }
            Expr::Literal(Value::Bool(true)) => return true,
            Expr::Literal(_)
            | Expr::Read(..)
            | Expr::Not(_)
            | Expr::Binary(..)
            | Expr::Call(..)
            | Expr::Join(_) => {}
        }
    }
    match (expr, holds) {
        (Expr::Not(inner), _) => implies(inner, !holds, fact) || is_fact(expr, holds, fact),
        (Expr::Binary(BinaryOp::And, left, right), true)
        | (Expr::Binary(BinaryOp::Or, left, right), false) => {
            implies(left, holds, fact) || implies(right, holds, fact) || is_fact(expr, holds, fact)
        }
        (Expr::Binary(BinaryOp::And, left, right), false)
        | (Expr::Binary(BinaryOp::Or, left, right), true) => {
            implies(left, holds, fact) && implies(right, holds, fact) || is_fact(expr, holds, fact)
        }
        (
            Expr::Literal(_)
            | Expr::Read(..)
            | Expr::Has(_)
            | Expr::Binary(..)
            | Expr::Call(..)
            | Expr::Join(_),
            _,
        ) => is_fact(expr, holds, fact),
    }
}

fn is_fact(expr: &Expr, holds: bool, fact: Fact<'_>) -> bool {
    match fact {
        Fact::Has(slot) => match expr {
            Expr::Has(there) => holds && there == slot,
            // What was read was there.
            _ => reads(expr, slot),
        },
        Fact::Holds(wanted) => {
            if let Expr::Not(inner) = wanted {
                return !holds && **inner == *expr
                    || holds && wanted == expr
                    || bounds(expr, holds, wanted);
            }
            holds && wanted == expr || bounds(expr, holds, wanted)
        }
    }
}

/// Whether evaluating the expression reads the slot for sure.
fn reads(expr: &Expr, slot: &Slot) -> bool {
    match expr {
        Expr::Read(read, _) => read == slot,
        Expr::Not(inner) => reads(inner, slot),
        Expr::Binary(BinaryOp::And | BinaryOp::Or, left, _) => reads(left, slot),
        Expr::Binary(_, left, right) => reads(left, slot) || reads(right, slot),
        Expr::Call(_, parts) | Expr::Join(parts) => parts.iter().any(|part| reads(part, slot)),
        Expr::Literal(_) | Expr::Has(_) => false,
    }
}

/// A comparison with a constant: of what, how, with what.
type Compared<'a> = (&'a Expr, BinaryOp, Cow<'a, Value>);

fn compared(expr: &Expr, holds: bool) -> Option<Compared<'_>> {
    if let Expr::Not(inner) = expr {
        return compared(inner, !holds);
    }
    let Expr::Binary(op, left, right) = expr else {
        return None;
    };
    let (of, op, value) = match (&**left, &**right) {
        (of, Expr::Literal(value)) => (of, *op, value),
        (Expr::Literal(value), of) if *op != BinaryOp::In => (of, turned(*op), value),
        _ => return None,
    };
    let op = match (op, holds) {
        (op, true) => op,
        (BinaryOp::Equal, false) => BinaryOp::NotEqual,
        (BinaryOp::NotEqual, false) => BinaryOp::Equal,
        (BinaryOp::Less, false) => BinaryOp::GreaterOrEqual,
        (BinaryOp::LessOrEqual, false) => BinaryOp::Greater,
        (BinaryOp::Greater, false) => BinaryOp::LessOrEqual,
        (BinaryOp::GreaterOrEqual, false) => BinaryOp::Less,
        (
            BinaryOp::Or | BinaryOp::And | BinaryOp::In | BinaryOp::Add | BinaryOp::Subtract,
            false,
        ) => return None,
    };
    // Whole numbers have neighbours.
    Some(match (op, value) {
        (BinaryOp::Greater, Value::Int(number)) if *number < i64::MAX => (
            of,
            BinaryOp::GreaterOrEqual,
            Cow::Owned(Value::Int(number + 1)),
        ),
        (BinaryOp::Less, Value::Int(number)) if *number > i64::MIN => (
            of,
            BinaryOp::LessOrEqual,
            Cow::Owned(Value::Int(number - 1)),
        ),
        _ => (of, op, Cow::Borrowed(value)),
    })
}

/// Whether one comparison with a constant implies another of the same thing.
fn bounds(expr: &Expr, holds: bool, wanted: &Expr) -> bool {
    use BinaryOp::{Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let (Some((of, op, value)), Some((same, want, bound))) =
        (compared(expr, holds), compared(wanted, true))
    else {
        return false;
    };
    if of != same {
        return false;
    }
    let (value, bound) = (&*value, &*bound);
    if let (BinaryOp::In, Value::List(list)) = (op, value) {
        return !list.is_empty() && list.iter().all(|value| fits(value, want, bound));
    }
    if op == BinaryOp::Equal {
        return fits(value, want, bound);
    }
    let Some(order) = ordered(value, bound) else {
        return op == NotEqual && want == NotEqual && value == bound;
    };
    match (op, want) {
        (Less, Less | LessOrEqual | NotEqual) | (LessOrEqual, LessOrEqual) => order.is_le(),
        (LessOrEqual, Less | NotEqual) => order.is_lt(),
        (Greater, Greater | GreaterOrEqual | NotEqual) | (GreaterOrEqual, GreaterOrEqual) => {
            order.is_ge()
        }
        (GreaterOrEqual, Greater | NotEqual) => order.is_gt(),
        (NotEqual, NotEqual) => order.is_eq(),
        _ => false,
    }
}

/// Whether `value op bound` is true.
fn fits(value: &Value, op: BinaryOp, bound: &Value) -> bool {
    let order = ordered(value, bound);
    match op {
        BinaryOp::Equal => value == bound,
        BinaryOp::NotEqual => value != bound && value.ty() == bound.ty(),
        BinaryOp::Less => order.is_some_and(Ordering::is_lt),
        BinaryOp::LessOrEqual => order.is_some_and(Ordering::is_le),
        BinaryOp::Greater => order.is_some_and(Ordering::is_gt),
        BinaryOp::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        BinaryOp::In => match bound {
            // Addresses are in networks, which is not a matter of equality.
            Value::List(list) => list.contains(value),
            _ => false,
        },
        BinaryOp::Or | BinaryOp::And | BinaryOp::Add | BinaryOp::Subtract => false,
    }
}

fn ordered(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Decimal(left), Value::Decimal(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Size(left), Value::Size(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{expr::KeyId, value::Type};

    fn compare(op: BinaryOp, number: i64) -> Expr {
        let read = Expr::Read(Slot::Shared(KeyId(0)), Type::Int);
        Expr::Binary(
            op,
            Box::new(read),
            Box::new(Expr::Literal(Value::Int(number))),
        )
    }

    /// Every pair of comparisons against every number nearby.
    #[test]
    fn an_implied_bound_is_true_wherever_the_guard_is() {
        use BinaryOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let ops = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
        let mut implied = 0;
        for (left, right) in ops.iter().flat_map(|l| ops.iter().map(move |r| (*l, *r))) {
            for (a, b) in (0..5).flat_map(|a| (0..5).map(move |b| (a, b))) {
                for holds in [true, false] {
                    let wanted = compare(right, b);
                    if !implies(&compare(left, a), holds, Fact::Holds(&wanted)) {
                        continue;
                    }
                    implied += 1;
                    for x in -2..8 {
                        let (x, a, b) = (Value::Int(x), Value::Int(a), Value::Int(b));
                        if fits(&x, left, &a) == holds {
                            assert!(
                                fits(&x, right, &b),
                                "{left:?} {a:?} {holds} {right:?} {b:?}"
                            );
                        }
                    }
                }
            }
        }
        assert!(implied > 300, "{implied}");
    }
}
