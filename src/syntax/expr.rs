//! Expressions: a flat run of terms and operators becomes a tree by precedence.
//!
//! In: the pairs of one expression. Out: an [`Expr`] whose depth is capped, whatever the author wrote:
//! chains of `&&` and `||` become balanced trees, chains of `+` and `-` lean to the left and are capped.

use crate::{
    codes,
    diagnostic::Diagnostic,
    source::Span,
    syntax::{
        ast::{BinaryOp, Expr, ExprKind},
        item::{Inner as _, Pair, Reader},
        parser::Rule,
        scan::SourceLimits,
    },
};

/// An expression and how deep it is.
struct Built {
    expr: Expr,
    depth: usize,
}

/// An operator and where it stands.
type Operator = (BinaryOp, Span);

/// How strongly operators bind; each level is folded before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Sum,
    Comparison,
    And,
    Or,
}

fn level(op: BinaryOp) -> Level {
    match op {
        BinaryOp::Add | BinaryOp::Subtract => Level::Sum,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessOrEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterOrEqual
        | BinaryOp::In => Level::Comparison,
        BinaryOp::And => Level::And,
        BinaryOp::Or => Level::Or,
    }
}

fn operator(text: &str) -> Option<BinaryOp> {
    Some(match text {
        "||" => BinaryOp::Or,
        "&&" => BinaryOp::And,
        "==" => BinaryOp::Equal,
        "!=" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessOrEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterOrEqual,
        "in" => BinaryOp::In,
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Subtract,
        _ => return None,
    })
}

impl Reader<'_> {
    pub(super) fn expr(&mut self, pair: Pair<'_>) -> Option<Expr> {
        self.built(pair).map(|built| built.expr)
    }

    fn built(&mut self, pair: Pair<'_>) -> Option<Built> {
        let mut operands: Vec<Built> = Vec::new();
        let mut operators: Vec<Operator> = Vec::new();
        let mut nots: Vec<Span> = Vec::new();
        for part in pair.inner() {
            match part.as_rule() {
                Rule::not => nots.push(self.span(&part)),
                Rule::infix => operators.push((operator(part.as_str().trim())?, self.span(&part))),
                _ => {
                    let mut built = self.operand(part)?;
                    // Two negations are none; folding them keeps the tree shallow.
                    let first = nots.first().copied();
                    if let Some(first) = first {
                        built = self.negated(first, nots.len(), built);
                    }
                    nots.clear();
                    operands.push(built);
                }
            }
        }
        self.climb(operands, operators)
    }

    /// `!` before a term, at most twice: an even run keeps two, an odd one keeps one, so that the type of
    /// the term is still checked.
    fn negated(&mut self, first: Span, count: usize, mut built: Built) -> Built {
        let kept = if count % 2 == 1 { 1 } else { 2 };
        for _ in 0..kept {
            let span = first.to(built.expr.span);
            let depth = built.depth + 1;
            let kind = ExprKind::Not(Box::new(built.expr));
            built = self.capped(Expr { kind, span }, depth);
        }
        built
    }

    fn operand(&mut self, pair: Pair<'_>) -> Option<Built> {
        let span = self.span(&pair);
        let one = |kind: ExprKind| {
            Some(Built {
                expr: Expr { kind, span },
                depth: 1,
            })
        };
        match pair.as_rule() {
            Rule::group => {
                let inner = pair.inner().next()?;
                let mut built = self.built(inner)?;
                built.expr.span = span;
                built.depth += 1;
                Some(built)
            }
            Rule::has => {
                let path = pair.inner().next()?;
                let path = self.path(&path);
                one(ExprKind::Has(path))
            }
            Rule::call => {
                let mut inner = pair.inner();
                let function = self.word(&inner.next()?);
                let mut arguments = Vec::new();
                let mut depth = 0;
                for argument in inner {
                    let built = self.built(argument)?;
                    depth = depth.max(built.depth);
                    arguments.push(built.expr);
                }
                let kind = ExprKind::Call {
                    function,
                    arguments,
                };
                Some(self.capped(Expr { kind, span }, depth + 1))
            }
            Rule::path => one(ExprKind::Path(self.path(&pair))),
            _ => {
                let value = self.value(pair)?;
                one(ExprKind::Literal(value))
            }
        }
    }

    fn climb(&mut self, mut operands: Vec<Built>, mut operators: Vec<Operator>) -> Option<Built> {
        for at in [Level::Sum, Level::Comparison, Level::And, Level::Or] {
            if operators.iter().all(|(op, _)| level(*op) != at) {
                continue;
            }
            let mut folded = Vec::new();
            let mut left_over = Vec::new();
            let mut run: Vec<Built> = Vec::new();
            let mut joints: Vec<Operator> = Vec::new();
            let mut next = operators.into_iter();
            for operand in operands {
                run.push(operand);
                match next.next() {
                    Some(op) if level(op.0) == at => joints.push(op),
                    other => {
                        folded.push(self.fold(at, std::mem::take(&mut run), &joints)?);
                        joints.clear();
                        left_over.extend(other);
                    }
                }
            }
            operands = folded;
            operators = left_over;
        }
        operands.into_iter().next()
    }

    /// One run of operators of the same level.
    fn fold(&mut self, at: Level, run: Vec<Built>, joints: &[Operator]) -> Option<Built> {
        match at {
            Level::Sum => self.lean(run, joints),
            Level::Comparison => {
                if let Some((op, span)) = joints.get(1) {
                    let all = run.first()?.expr.span.to(run.last()?.expr.span);
                    let sign = self.text_of(*span).to_owned();
                    let known = matches!(op, BinaryOp::In);
                    self.report(
                        Diagnostic::new(
                            codes::SYNTAX,
                            *span,
                            format!("`{sign}` follows another comparison"),
                        )
                        .expected(if known {
                            "`&&` or `||` between two comparisons"
                        } else {
                            "`&&` or `||`, as in `a < b && b < c`"
                        }),
                    );
                    return Some(Built {
                        expr: Expr {
                            kind: ExprKind::Broken,
                            span: all,
                        },
                        depth: 1,
                    });
                }
                self.lean(run, joints)
            }
            Level::And | Level::Or => self.balance(run, joints),
        }
    }

    fn lean(&mut self, run: Vec<Built>, joints: &[Operator]) -> Option<Built> {
        if joints.len() >= SourceLimits::DEPTH_CEILING {
            let all = run.first()?.expr.span.to(run.last()?.expr.span);
            let kind = ExprKind::Broken;
            return Some(self.capped(Expr { kind, span: all }, joints.len() + 1));
        }
        let mut operands = run.into_iter();
        let mut left = operands.next()?;
        for (joint, right) in joints.iter().zip(operands) {
            left = self.join(*joint, left, right);
        }
        Some(left)
    }

    /// Joins neighbours until one is left, so that a long chain is a shallow tree.
    fn balance(&mut self, run: Vec<Built>, joints: &[Operator]) -> Option<Built> {
        let mut row = run;
        let mut between = joints.to_vec();
        while row.len() > 1 {
            let mut above = Vec::with_capacity(row.len().div_ceil(2));
            let mut kept = Vec::new();
            let mut joints = between.into_iter();
            let mut operands = row.into_iter();
            while let Some(left) = operands.next() {
                let joined = match (joints.next(), operands.next()) {
                    (Some(joint), Some(right)) => self.join(joint, left, right),
                    _ => left,
                };
                above.push(joined);
                kept.extend(joints.next());
            }
            row = above;
            between = kept;
        }
        row.into_iter().next()
    }

    fn join(&mut self, (op, op_span): Operator, left: Built, right: Built) -> Built {
        let span = left.expr.span.to(right.expr.span);
        let depth = left.depth.max(right.depth) + 1;
        let kind = ExprKind::Binary {
            op,
            op_span,
            left: Box::new(left.expr),
            right: Box::new(right.expr),
        };
        self.capped(Expr { kind, span }, depth)
    }

    /// The expression, or a finding where it is too deep for the passes that follow.
    fn capped(&mut self, expr: Expr, depth: usize) -> Built {
        if depth <= SourceLimits::DEPTH_CEILING {
            return Built { expr, depth };
        }
        let span = expr.span;
        self.report(
            Diagnostic::new(
                codes::TOO_DEEP,
                span,
                format!(
                    "the expression is deeper than {}",
                    SourceLimits::DEPTH_CEILING
                ),
            )
            .help("split it into several guards"),
        );
        Built {
            expr: Expr {
                kind: ExprKind::Broken,
                span,
            },
            depth: 1,
        }
    }
}
