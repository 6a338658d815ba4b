//! Expressions of one program in the keys of another.

use crate::model::{
    expr::{Expr, KeyId, Slot},
    program::Program,
};

/// How deep an expression is carried over; sources are no deeper.
const DEPTH_MAX: u32 = 128;

/// What a path reads, in the other program; none where that has no such key.
pub(super) fn slot(from: &Program, to: &Program, slot: &Slot) -> Option<Slot> {
    let key = |id: &KeyId| to.key(from.keys.get(id.0 as usize)?);
    Some(match slot {
        Slot::Shared(id) => Slot::Shared(key(id)?),
        Slot::Transient(id) => Slot::Transient(key(id)?),
        Slot::Secure(id) => Slot::Secure(key(id)?),
        other => other.clone(),
    })
}

/// An expression, in the other program.
pub(super) fn expr(from: &Program, to: &Program, expr: &Expr) -> Option<Expr> {
    within(from, to, expr, DEPTH_MAX)
}

fn within(from: &Program, to: &Program, expr: &Expr, depth: u32) -> Option<Expr> {
    let below = depth.checked_sub(1)?;
    let boxed = |expr: &Expr| within(from, to, expr, below).map(Box::new);
    let all = |list: &[Expr]| {
        list.iter()
            .map(|e| within(from, to, e, below))
            .collect::<Option<_>>()
    };
    Some(match expr {
        Expr::Literal(value) => Expr::Literal(value.clone()),
        Expr::Read(read, ty) => Expr::Read(slot(from, to, read)?, ty.clone()),
        Expr::Has(read) => Expr::Has(slot(from, to, read)?),
        Expr::Not(inner) => Expr::Not(boxed(inner)?),
        Expr::Binary(op, left, right) => Expr::Binary(*op, boxed(left)?, boxed(right)?),
        Expr::Call(function, arguments) => Expr::Call(*function, all(arguments)?),
        Expr::Join(parts) => Expr::Join(all(parts)?),
    })
}
