//! Expressions: names to slots, a type for everything, and proof that what is read is there.
//!
//! Which values are surely there is followed through `&&`, `||` and `!`, and from one guard to the next:
//! a guard that failed leaves behind what its failing proves.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    codes,
    compile::{
        context::Cx,
        raw::{Place, Raw, RawKind},
        settings::{Converted, Expect, with_origin},
        slot::is_always_there,
    },
    diagnostic::Diagnostic,
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::SettingValue,
        value::{Decimal, Type, Value},
    },
    source::Span,
    syntax::ast,
};

/// The slots that surely have a value.
pub(super) type There = BTreeSet<Slot>;

/// What is there around an expression: sets that enclose each other, never copied.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) outer: Option<&'k Known<'k>>,
    pub(super) slots: &'k There,
}

impl Known<'_> {
    fn contains(&self, slot: &Slot) -> bool {
        // BOUND: one set for each level of the expression, whose depth the parser holds.
        let mut at = Some(self);
        while let Some(known) = at {
            if known.slots.contains(slot) {
                return true;
            }
            at = known.outer;
        }
        false
    }
}

/// An expression with its type; `ty` is `None` where something was reported.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) expr: Expr,
    pub(super) ty: Option<Type>,
    pub(super) span: Span,
    /// What is there where it is true, and where it is false.
    pub(super) when_true: There,
    pub(super) when_false: There,
}

impl Typed {
    pub(super) fn plain(expr: Expr, ty: Option<Type>, span: Span) -> Self {
        Self {
            expr,
            ty,
            span,
            when_true: There::new(),
            when_false: There::new(),
        }
    }

    pub(super) fn broken(span: Span) -> Self {
        Self::plain(Expr::Literal(Value::Null), None, span)
    }
}

/// How an expression is read: the names in scope, and whether reads must be guarded.
#[derive(Clone, Copy)]
pub(super) struct Reading<'s> {
    pub(super) place: Place<'s>,
    pub(super) guarded: bool,
    /// The condition around that `&&`, `||` and `!` do not take apart, and whether a `!` stands before
    /// it: where a `has` is added.
    atom: Option<(Span, bool)>,
    negated: bool,
}

impl<'s> Reading<'s> {
    /// Reads that must be guarded.
    pub(super) fn guarded(place: Place<'s>) -> Self {
        Self {
            place,
            guarded: true,
            atom: None,
            negated: false,
        }
    }

    /// Reads whose being there is the question itself.
    pub(super) fn open(place: Place<'s>) -> Self {
        Self {
            guarded: false,
            ..Self::guarded(place)
        }
    }

    fn at(self, expr: &ast::Expr) -> Self {
        let connects = match &expr.kind {
            ast::ExprKind::Not(_) => true,
            ast::ExprKind::Binary { op, .. } => matches!(op, BinaryOp::And | BinaryOp::Or),
            ast::ExprKind::Literal(_)
            | ast::ExprKind::Path(_)
            | ast::ExprKind::Has(_)
            | ast::ExprKind::Call { .. }
            | ast::ExprKind::Broken => false,
        };
        if connects {
            Self {
                negated: matches!(expr.kind, ast::ExprKind::Not(_)),
                ..self
            }
        } else {
            Self {
                atom: self.atom.or(Some((expr.span, self.negated))),
                ..self
            }
        }
    }
}

impl<'a> Cx<'a> {
    /// A condition: an expression that is true or false.
    pub(super) fn condition(
        &mut self,
        expr: &'a ast::Expr,
        reading: Reading<'_>,
        known: &Known<'_>,
    ) -> Typed {
        let typed = self.expr(expr, reading, known);
        self.expect_type(&typed, &Type::Bool, "a condition");
        typed
    }

    /// Types an expression. Its depth is bounded by the parser.
    pub(super) fn expr(
        &mut self,
        expr: &'a ast::Expr,
        reading: Reading<'_>,
        known: &Known<'_>,
    ) -> Typed {
        let span = expr.span;
        let reading = reading.at(expr);
        match &expr.kind {
            ast::ExprKind::Broken => Typed::broken(span),
            ast::ExprKind::Literal(value) => {
                let raw = self.raw(value, reading.place);
                self.literal(&raw, span, reading, known)
            }
            ast::ExprKind::Path(path) => {
                let raw = self.raw_reference(path, reading.place);
                self.literal(&raw, span, reading, known)
            }
            ast::ExprKind::Has(path) => match self.slot(path) {
                Some((slot, _)) => {
                    let mut typed = Typed::plain(Expr::Has(slot.clone()), Some(Type::Bool), span);
                    typed.when_true.insert(slot);
                    typed
                }
                None => Typed::broken(span),
            },
            ast::ExprKind::Not(inner) => {
                let inner = self.expr(inner, reading, known);
                self.expect_type(&inner, &Type::Bool, "`!`");
                Typed {
                    ty: inner.ty.map(|_| Type::Bool),
                    expr: Expr::Not(Box::new(inner.expr)),
                    span,
                    when_true: inner.when_false,
                    when_false: inner.when_true,
                }
            }
            ast::ExprKind::Binary {
                op, left, right, ..
            } => self.binary(*op, (left, right), span, reading, known),
            ast::ExprKind::Call {
                function,
                arguments,
            } => self.call(function, arguments, span, reading, known),
        }
    }

    fn literal(&mut self, raw: &Raw, span: Span, reading: Reading<'_>, known: &Known<'_>) -> Typed {
        match &raw.kind {
            RawKind::Broken => {
                self.excuse();
                Typed::broken(span)
            }
            RawKind::Hole(ty) => Typed::plain(Expr::Literal(Value::Null), Some(ty.clone()), span),
            RawKind::Read(slot, ty) => {
                let read = Expr::Read(slot.clone(), ty.clone());
                let mut typed = Typed::plain(read, Some(ty.clone()), span);
                if reading.guarded && !is_always_there(slot) && !known.contains(slot) {
                    self.unguarded(raw.span, reading.atom);
                }
                // Reported once is enough: from here on it counts as there.
                typed.when_true.insert(slot.clone());
                typed.when_false.insert(slot.clone());
                typed
            }
            RawKind::Secret(_) => {
                Typed::plain(Expr::Literal(Value::Null), Some(Type::Secret), span)
            }
            RawKind::List(values) => {
                // The first element says what all must be.
                let of = values.first().map_or(Type::Any, raw_type);
                let ty = Type::List(Arc::new(of));
                self.constant(raw, &ty, span)
            }
            RawKind::Record(_) => {
                self.report(
                    Diagnostic::new(
                        codes::WRONG_TYPE,
                        span,
                        "a record has no place in a condition",
                    )
                    .expected("a plain value or a list"),
                );
                Typed::broken(span)
            }
            RawKind::Join(_)
            | RawKind::Null
            | RawKind::Bool(_)
            | RawKind::Int(_)
            | RawKind::Decimal(_)
            | RawKind::Duration(_)
            | RawKind::Size(_)
            | RawKind::Text(_) => {
                let ty = raw_type(raw);
                self.constant(raw, &ty, span)
            }
        }
    }

    fn constant(&mut self, raw: &Raw, ty: &Type, span: Span) -> Typed {
        match self.convert(raw, Expect::of("this place", ty)) {
            Converted::Value(SettingValue::Constant(value)) => {
                Typed::plain(Expr::Literal(value), Some(ty.clone()), span)
            }
            Converted::Value(SettingValue::Computed(expr)) => {
                Typed::plain(expr, Some(ty.clone()), span)
            }
            Converted::Open => Typed::plain(Expr::Literal(Value::Null), Some(ty.clone()), span),
            Converted::Broken => Typed::broken(span),
        }
    }

    fn unguarded(&mut self, span: Span, atom: Option<(Span, bool)>) {
        let written = self.text(span);
        let mut finding = Diagnostic::new(
            codes::UNGUARDED_KEY,
            span,
            format!("`{written}` may be missing"),
        )
        .expected(format!("`has {written}` before it, joined by `&&`"));
        let title = format!("guard it with `has {written}`");
        match atom {
            Some((atom, false)) => {
                finding = finding.fix(title, atom.before(), format!("has {written} && "));
            }
            Some((atom, true)) => {
                let whole = self.text(atom);
                finding = finding.fix(title, atom, format!("(has {written} && {whole})"));
            }
            None => {}
        }
        self.report(finding);
    }

    pub(super) fn expect_type(&mut self, typed: &Typed, ty: &Type, what: &str) -> bool {
        match &typed.ty {
            None => false,
            Some(Type::Any) => true,
            Some(got) if got == ty => true,
            Some(got) => {
                self.report(
                    Diagnostic::new(
                        codes::WRONG_TYPE,
                        typed.span,
                        format!("{what} takes `{ty}`, and this is `{got}`"),
                    )
                    .expected(match ty {
                        // What stands in an expression need not be written out.
                        Type::Text => "a text".to_owned(),
                        _ => super::settings::describe(ty, None),
                    }),
                );
                false
            }
        }
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        (left, right): (&'a ast::Expr, &'a ast::Expr),
        span: Span,
        reading: Reading<'_>,
        known: &Known<'_>,
    ) -> Typed {
        let left = self.expr(left, reading, known);
        let read;
        let slots = match op {
            BinaryOp::And => &left.when_true,
            BinaryOp::Or => &left.when_false,
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual
            | BinaryOp::In
            | BinaryOp::Add
            | BinaryOp::Subtract => {
                // Both sides are read, so what the left reads is there for the right.
                read = intersection(&left.when_true, &left.when_false);
                &read
            }
        };
        let inner = Known {
            outer: Some(known),
            slots,
        };
        let right = self.expr(right, reading, &inner);
        let (left, right) = widen(left, right);
        let ty = self.binary_type(op, &left, &right, span);
        let (when_true, when_false) = match op {
            BinaryOp::And => {
                let both = union(&left.when_true, &right.when_true);
                let second = union(&left.when_true, &right.when_false);
                (both, intersection(&left.when_false, &second))
            }
            BinaryOp::Or => {
                let neither = union(&left.when_false, &right.when_false);
                let second = union(&left.when_false, &right.when_true);
                (intersection(&left.when_true, &second), neither)
            }
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual
            | BinaryOp::In
            | BinaryOp::Add
            | BinaryOp::Subtract => {
                let left_read = intersection(&left.when_true, &left.when_false);
                let right_read = intersection(&right.when_true, &right.when_false);
                let read = union(&left_read, &right_read);
                (read.clone(), read)
            }
        };
        Typed {
            expr: Expr::Binary(op, Box::new(left.expr), Box::new(right.expr)),
            ty,
            span,
            when_true,
            when_false,
        }
    }

    fn binary_type(
        &mut self,
        op: BinaryOp,
        left: &Typed,
        right: &Typed,
        span: Span,
    ) -> Option<Type> {
        let sign = sign(op);
        match op {
            BinaryOp::And | BinaryOp::Or => {
                let first = self.expect_type(left, &Type::Bool, sign);
                let second = self.expect_type(right, &Type::Bool, sign);
                return (first && second).then_some(Type::Bool);
            }
            _ => {}
        }
        let (l, r) = (left.ty.as_ref()?, right.ty.as_ref()?);
        for side in [left, right] {
            if side.ty == Some(Type::Secret) {
                self.secret_compared(side.span);
                return None;
            }
            if side.expr == Expr::Literal(Value::Null) && side.ty == Some(Type::Any) {
                self.null_compared(side.span);
                return None;
            }
        }
        match op {
            BinaryOp::Equal | BinaryOp::NotEqual => {
                if compatible(l, r) {
                    return Some(Type::Bool);
                }
                self.mismatch(sign, l, r, span);
                None
            }
            BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual => {
                if compatible(l, r) && is_measure(l) && is_measure(r) {
                    return Some(Type::Bool);
                }
                self.mismatch(sign, l, r, span);
                None
            }
            BinaryOp::Add | BinaryOp::Subtract => {
                if compatible(l, r) && is_measure(l) && is_measure(r) {
                    return Some(if *l == Type::Any {
                        r.clone()
                    } else {
                        l.clone()
                    });
                }
                self.mismatch(sign, l, r, span);
                None
            }
            BinaryOp::In => self.membership(left, right, l, r, span),
            BinaryOp::And | BinaryOp::Or => Some(Type::Bool),
        }
    }

    fn membership(
        &mut self,
        left: &Typed,
        right: &Typed,
        l: &Type,
        r: &Type,
        span: Span,
    ) -> Option<Type> {
        match r {
            Type::Any => Some(Type::Bool),
            Type::List(of) if compatible(l, of) => {
                let is_address = matches!(left.expr, Expr::Read(Slot::ClientAddress, _));
                if is_address && let Expr::Literal(Value::List(blocks)) = &right.expr {
                    for block in blocks.iter() {
                        let block = block.as_text().unwrap_or("");
                        if !is_address_block(block) {
                            self.not_an_address(block, right.span);
                            return None;
                        }
                    }
                }
                Some(Type::Bool)
            }
            Type::List(of) => {
                self.mismatch("`in`", l, of, span);
                None
            }
            _ => {
                self.expect_type(right, &Type::List(Arc::new(l.clone())), "`in`");
                None
            }
        }
    }

    fn not_an_address(&mut self, block: &str, span: Span) {
        self.report(
            Diagnostic::new(
                codes::WRONG_TYPE,
                span,
                format!("`{}` is not an address", super::clip(block)),
            )
            .expected("addresses such as `10.0.0.1` or blocks such as `10.0.0.0/8`"),
        );
    }

    fn mismatch(&mut self, sign: &str, left: &Type, right: &Type, span: Span) {
        self.report(
            Diagnostic::new(
                codes::WRONG_TYPE,
                span,
                format!("{sign} cannot stand between `{left}` and `{right}`"),
            )
            .expected(match sign {
                "`==`" | "`!=`" => "two values of one type",
                "`in`" => "a list of values of the type on the left",
                _ => "two numbers, durations or sizes",
            }),
        );
    }

    fn secret_compared(&mut self, span: Span) {
        let written = super::clip(self.text(span)).to_owned();
        self.report(
            Diagnostic::new(
                codes::WRONG_TYPE,
                span,
                format!("`{written}` is secret and cannot be compared here"),
            )
            .expected("a node that verifies it"),
        );
    }

    fn null_compared(&mut self, span: Span) {
        self.report(
            Diagnostic::new(codes::WRONG_TYPE, span, "`null` cannot be compared")
                .expected("`has path`, or `!(has path)`"),
        );
    }
}

/// A whole number beside a decimal is a decimal, where it is written in the text.
fn widen(left: Typed, right: Typed) -> (Typed, Typed) {
    let widened = |typed: Typed| match typed.expr {
        Expr::Literal(Value::Int(number)) => match number.checked_mul(Decimal::UNITS) {
            Some(units) => Typed {
                expr: Expr::Literal(Value::Decimal(Decimal::from_units(units))),
                ty: Some(Type::Decimal),
                ..typed
            },
            None => typed,
        },
        _ => typed,
    };
    if left.ty == Some(Type::Decimal) {
        (left, widened(right))
    } else if right.ty == Some(Type::Decimal) {
        (widened(left), right)
    } else {
        (left, right)
    }
}

fn raw_type(raw: &Raw) -> Type {
    match &raw.kind {
        RawKind::Bool(_) => Type::Bool,
        RawKind::Int(_) => Type::Int,
        RawKind::Decimal(_) => Type::Decimal,
        RawKind::Duration(_) => Type::Duration,
        RawKind::Size(_) => Type::Size,
        RawKind::Text(_) | RawKind::Join(_) => Type::Text,
        RawKind::Read(_, ty) | RawKind::Hole(ty) => ty.clone(),
        RawKind::Secret(_) => Type::Secret,
        RawKind::List(values) => Type::List(Arc::new(values.first().map_or(Type::Any, raw_type))),
        RawKind::Record(_) | RawKind::Null | RawKind::Broken => Type::Any,
    }
}

fn compatible(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Any, other) | (other, Type::Any) => *other != Type::Secret,
        (Type::List(a), Type::List(b)) => compatible(a, b),
        (a, b) => a == b,
    }
}

fn is_measure(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Int | Type::Decimal | Type::Duration | Type::Size | Type::Any
    )
}

fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "`||`",
        BinaryOp::And => "`&&`",
        BinaryOp::Equal => "`==`",
        BinaryOp::NotEqual => "`!=`",
        BinaryOp::Less => "`<`",
        BinaryOp::LessOrEqual => "`<=`",
        BinaryOp::Greater => "`>`",
        BinaryOp::GreaterOrEqual => "`>=`",
        BinaryOp::In => "`in`",
        BinaryOp::Add => "`+`",
        BinaryOp::Subtract => "`-`",
    }
}

fn union(a: &There, b: &There) -> There {
    a.union(b).cloned().collect()
}

fn intersection(a: &There, b: &There) -> There {
    a.intersection(b).cloned().collect()
}

/// Whether a text is an address or a block of addresses in CIDR form.
fn is_address_block(text: &str) -> bool {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<std::net::IpAddr>() else {
        return false;
    };
    let most: u8 = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| {
        !bits.is_empty()
            && bits.bytes().all(|b| b.is_ascii_digit())
            && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
    })
}

/// Refuses a pattern that is not well formed; the engine compiles it again with the same caps.
pub(super) fn check_pattern(cx: &mut Cx<'_>, raw: &Raw, pattern: &str) -> bool {
    let wrong = if pattern.len() > 1_024 {
        Some("the pattern has more than 1024 bytes".to_owned())
    } else {
        regex_lite::RegexBuilder::new(&format!("^(?:{pattern})$"))
            .size_limit(1_024 * 1_024)
            .build()
            .err()
            .map(|error| {
                let error = error.to_string();
                let first = error.lines().next().unwrap_or("").trim_end_matches('.');
                format!("this is not a pattern: {}", super::clip(first))
            })
    };
    let Some(message) = wrong else {
        return true;
    };
    let finding = Diagnostic::new(codes::BAD_PATTERN, raw.span, message)
        .expected("a regular expression of at most 1 KiB");
    cx.report(with_origin(finding, raw));
    false
}
