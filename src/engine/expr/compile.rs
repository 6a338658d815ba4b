//! From typed expressions to tests and terms.

use std::sync::Arc;

use regex_lite::RegexBuilder;

use super::{Op, Term, Test};
use crate::{
    engine::error::NodeError,
    model::{
        expr::{BinaryOp, Expr, Function, Slot},
        value::Value,
    },
};

/// Bytes of a compiled pattern.
const PATTERN_SIZE: usize = 1 << 20;
/// Bytes of a pattern as written.
const PATTERN_BYTES: usize = 1 << 10;

/// A condition, ready to be evaluated.
///
/// # Errors
/// A pattern is not well formed or too large.
pub(crate) fn compile_test(expr: &Expr) -> Result<Test, NodeError> {
    let mut ops = Vec::new();
    test(expr, &mut ops)?;
    Ok(Test { ops: ops.into() })
}

fn here(ops: &[Op]) -> u32 {
    u32::try_from(ops.len()).unwrap_or(u32::MAX)
}

fn test(expr: &Expr, ops: &mut Vec<Op>) -> Result<(), NodeError> {
    match expr {
        Expr::Has(slot) => ops.push(Op::Has(slot.clone())),
        Expr::Not(inner) => {
            test(inner, ops)?;
            ops.push(Op::Not);
        }
        Expr::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
            test(left, ops)?;
            let jump = ops.len();
            ops.push(Op::Not);
            test(right, ops)?;
            let end = here(ops);
            if let Some(at) = ops.get_mut(jump) {
                *at = match op {
                    BinaryOp::And => Op::JumpIfFalse(end),
                    _ => Op::JumpIfTrue(end),
                };
            }
        }
        Expr::Binary(BinaryOp::In, left, _)
            if matches!(**left, Expr::Read(Slot::ClientAddress, _)) =>
        {
            ops.push(Op::Truth(Box::new(compile_term(expr)?)));
        }
        Expr::Binary(op, left, right) if is_order(*op) => {
            ops.push(match (&**left, &**right) {
                (Expr::Read(Slot::AuthLevel, _), Expr::Literal(Value::Int(number))) => {
                    Op::Level(*op, *number)
                }
                (Expr::Read(slot, _), Expr::Literal(Value::Text(text)))
                    if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) =>
                {
                    Op::Is(
                        *op == BinaryOp::Equal,
                        Box::new((slot.clone(), Arc::clone(text))),
                    )
                }
                _ => Op::Compare(*op, Box::new((compile_term(left)?, compile_term(right)?))),
            });
        }
        Expr::Literal(_) | Expr::Read(..) | Expr::Binary(..) | Expr::Call(..) | Expr::Join(_) => {
            ops.push(Op::Truth(Box::new(compile_term(expr)?)));
        }
    }
    Ok(())
}

fn is_order(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessOrEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterOrEqual
        | BinaryOp::In => true,
        BinaryOp::Or | BinaryOp::And | BinaryOp::Add | BinaryOp::Subtract => false,
    }
}

/// A value, ready to be computed.
///
/// # Errors
/// As [`compile_test`].
pub(crate) fn compile_term(expr: &Expr) -> Result<Term, NodeError> {
    Ok(match expr {
        Expr::Literal(value) => Term::Constant(value.clone()),
        Expr::Read(slot, _) => Term::Slot(slot.clone()),
        Expr::Binary(BinaryOp::In, left, right)
            if matches!(**left, Expr::Read(Slot::ClientAddress, _)) =>
        {
            Term::Within(Box::new(compile_term(right)?))
        }
        Expr::Binary(BinaryOp::Add, left, right) => {
            Term::Add(Box::new((compile_term(left)?, compile_term(right)?)))
        }
        Expr::Binary(BinaryOp::Subtract, left, right) => {
            Term::Subtract(Box::new((compile_term(left)?, compile_term(right)?)))
        }
        Expr::Has(_) | Expr::Not(_) | Expr::Binary(..) => Term::Test(compile_test(expr)?),
        Expr::Call(Function::Matches, args) => matches(args)?,
        Expr::Call(function, args) => Term::Call(*function, terms(args)?),
        Expr::Join(parts) => Term::Join(terms(parts)?),
    })
}

fn terms(exprs: &[Expr]) -> Result<Box<[Term]>, NodeError> {
    exprs.iter().map(compile_term).collect()
}

fn matches(args: &[Expr]) -> Result<Term, NodeError> {
    let [text, Expr::Literal(Value::Text(pattern))] = args else {
        return Err(NodeError::new(
            "`matches` needs a text and a literal pattern",
        ));
    };
    if pattern.len() > PATTERN_BYTES {
        return Err(NodeError::new("the pattern of `matches` is too long"));
    }
    let whole = format!("^(?:{pattern})$");
    let regex = RegexBuilder::new(&whole)
        .size_limit(PATTERN_SIZE)
        .build()
        .map_err(|error| NodeError::new(format!("the pattern of `matches`: {error}")))?;
    Ok(Term::Matches(
        Box::new(compile_term(text)?),
        Arc::new(regex),
    ))
}

/// Every slot that an expression reads or asks for.
pub(crate) fn slots<'e>(expr: &'e Expr, each: &mut impl FnMut(&'e Slot)) {
    let mut rest = vec![expr];
    while let Some(expr) = rest.pop() {
        match expr {
            Expr::Literal(_) => {}
            Expr::Read(slot, _) | Expr::Has(slot) => each(slot),
            Expr::Not(inner) => rest.push(inner),
            Expr::Binary(_, left, right) => rest.extend([&**left, &**right]),
            Expr::Call(_, parts) | Expr::Join(parts) => rest.extend(parts),
        }
    }
}
