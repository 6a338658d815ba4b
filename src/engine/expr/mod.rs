//! Expressions made ready to be evaluated, and their evaluation.
//!
//! In: typed expressions with every name resolved. Out: [`Test`]s, which are flat lists of predicates
//! and jumps over one truth value, and [`Term`]s, the small trees below a comparison. Nothing here
//! allocates but functions that make a new text. A value that is not there is an error, never false.

mod compile;
mod eval;

use std::sync::Arc;

use regex_lite::Regex;

use crate::model::{
    expr::{BinaryOp, Function, Slot},
    value::Value,
};

pub(crate) use compile::{compile_term, compile_test, slots};
pub(crate) use eval::{Around, Question, Scene, evaluate, holds};

/// A condition: predicates set one truth value, jumps look at it.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) ops: Box<[Op]>,
}

impl Test {
    /// A condition that holds.
    pub(crate) fn always() -> Self {
        let truth = Op::Truth(Box::new(Term::Constant(Value::Bool(true))));
        Self {
            ops: Box::new([truth]),
        }
    }
}

/// One instruction of a condition.
#[derive(Debug)]
pub(crate) enum Op {
    /// `auth_level op number`, the commonest of all.
    Level(BinaryOp, i64),
    /// Whether a value is there.
    Has(Slot),
    /// Whether a value is a text, or another one where the first is false: what is compared most.
    Is(bool, Box<(Slot, Arc<str>)>),
    /// `l op r`
    Compare(BinaryOp, Box<(Term, Term)>),
    /// A truth value.
    Truth(Box<Term>),
    /// The other truth value.
    Not,
    /// Goes on at this instruction where the truth value is false.
    JumpIfFalse(u32),
    /// Goes on at this instruction where the truth value is true.
    JumpIfTrue(u32),
}

/// A value to compute. Its depth is bounded by the depth of the source.
#[derive(Debug)]
pub(crate) enum Term {
    Constant(Value),
    Slot(Slot),
    Test(Test),
    /// `request.ip in [networks]`
    Within(Box<Term>),
    Add(Box<(Term, Term)>),
    Subtract(Box<(Term, Term)>),
    Call(Function, Box<[Term]>),
    Matches(Box<Term>, Arc<Regex>),
    Join(Box<[Term]>),
}
