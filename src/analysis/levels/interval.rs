//! What is known of a level: a least and a greatest number.

use crate::{
    analysis::{
        flow::{Arc, Raise},
        level::{MAX, comparison},
    },
    model::{
        expr::{BinaryOp, Expr},
        level::{AuthLevel, Greatest, LevelSpan},
        value::Value,
    },
};

/// The greatest number of an interval that has no bound.
const UNBOUNDED: i64 = MAX + 1;

/// The levels between two numbers, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) least: i64,
    /// At most [`MAX`], or one more where there is no bound.
    pub(super) greatest: i64,
    /// Whether somebody may be named.
    pub(super) named: bool,
}

impl Interval {
    /// Where every run begins.
    pub(super) const ZERO: Self = Self {
        least: 0,
        greatest: 0,
        named: false,
    };
    /// Nothing is known.
    pub(super) const ANY: Self = Self {
        least: 0,
        greatest: UNBOUNDED,
        named: true,
    };

    pub(super) fn is_unbounded(self) -> bool {
        self.greatest == UNBOUNDED
    }

    pub(super) fn span(self) -> LevelSpan {
        LevelSpan {
            least: AuthLevel::saturating(self.least),
            greatest: if self.is_unbounded() {
                Greatest::Unbounded
            } else {
                Greatest::Finite(AuthLevel::saturating(self.greatest))
            },
        }
    }

    /// What lies in one or the other, and between them.
    pub(super) fn join(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            greatest: self.greatest.max(other.greatest),
            named: self.named || other.named,
        }
    }

    /// What lies in both.
    pub(super) fn meet(self, other: Self) -> Option<Self> {
        let least = self.least.max(other.least);
        let greatest = self.greatest.min(other.greatest);
        (least <= greatest).then_some(Self {
            least,
            greatest,
            named: self.named && other.named,
        })
    }

    pub(super) fn contains(self, other: Self) -> bool {
        let levels = self.least <= other.least && other.greatest <= self.greatest;
        levels && (self.named || !other.named)
    }

    /// The levels of at least this.
    pub(super) fn at_least(self, number: i64) -> Option<Self> {
        if number > MAX || number > self.greatest {
            return None;
        }
        Some(Self {
            least: self.least.max(number),
            ..self
        })
    }

    /// The levels of at most this.
    pub(super) fn at_most(self, number: i64) -> Option<Self> {
        if number < self.least {
            return None;
        }
        if number >= MAX {
            return Some(self);
        }
        Some(Self {
            greatest: self.greatest.min(number),
            ..self
        })
    }

    fn without(self, number: i64) -> Option<Self> {
        if self.least == number {
            return self.at_least(number.saturating_add(1));
        }
        if self.greatest == number {
            return self.at_most(number.saturating_sub(1));
        }
        Some(self)
    }

    /// The levels after a raise.
    fn raised(self, raise: Raise) -> Self {
        let Raise::By(by) = raise else {
            return Self {
                named: self.named,
                ..Self::ANY
            };
        };
        let moved = |level: i64| level.saturating_add(by).clamp(0, MAX);
        Self {
            least: moved(self.least),
            named: self.named,
            greatest: if self.is_unbounded() {
                UNBOUNDED
            } else {
                moved(self.greatest)
            },
        }
    }

    /// The levels behind an arc: another person than the one named before begins at 0.
    pub(super) fn behind(self, arc: &Arc) -> Self {
        let mut levels = self.raised(arc.raise);
        if arc.renames && self.named {
            levels.least = 0;
        }
        levels.named |= arc.writes_identity;
        levels
    }

    /// The levels with which a condition may be as wanted.
    pub(super) fn where_is(self, condition: &Expr, wanted: bool) -> Option<Self> {
        if let Some((op, number)) = comparison(condition) {
            return self.compared(op, number, wanted);
        }
        match condition {
            Expr::Literal(Value::Bool(value)) => (*value == wanted).then_some(self),
            Expr::Not(inner) => self.where_is(inner, !wanted),
            Expr::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
                if (*op == BinaryOp::And) == wanted {
                    self.where_is(left, wanted)?.where_is(right, wanted)
                } else {
                    let sides = (self.where_is(left, wanted), self.where_is(right, wanted));
                    match sides {
                        (Some(left), Some(right)) => Some(left.join(right)),
                        (left, right) => left.or(right),
                    }
                }
            }
            Expr::Literal(_)
            | Expr::Read(..)
            | Expr::Has(_)
            | Expr::Binary(..)
            | Expr::Call(..)
            | Expr::Join(_) => Some(self),
        }
    }

    fn compared(self, op: BinaryOp, number: i64, wanted: bool) -> Option<Self> {
        let (above, below) = (number.saturating_add(1), number.saturating_sub(1));
        match (op, wanted) {
            (BinaryOp::Less, true) | (BinaryOp::GreaterOrEqual, false) => self.at_most(below),
            (BinaryOp::LessOrEqual, true) | (BinaryOp::Greater, false) => self.at_most(number),
            (BinaryOp::Greater, true) | (BinaryOp::LessOrEqual, false) => self.at_least(above),
            (BinaryOp::GreaterOrEqual, true) | (BinaryOp::Less, false) => self.at_least(number),
            (BinaryOp::Equal, true) | (BinaryOp::NotEqual, false) => {
                self.at_least(number)?.at_most(number)
            }
            (BinaryOp::Equal, false) | (BinaryOp::NotEqual, true) => self.without(number),
            (
                BinaryOp::Or | BinaryOp::And | BinaryOp::In | BinaryOp::Add | BinaryOp::Subtract,
                _,
            ) => Some(self),
        }
    }
}
