//! Expressions: a flat run of terms and operators becomes a tree by precedence.
//!
//! In: the pairs of one expression. Out: an [`Expr`] whose depth is capped, whatever the author wrote:
//! chains of `&&` and `||` become balanced trees, chains of `+` and `-` lean to the left and are capped.

use crate::{
    codes,
    diagnostic::Diagnostic,
    source::Span,
    syntax::{
        ast::{BinaryOp, Expr, ExprKind, Name},
        item::{Inner as _, Pair, Reader, is_trivia},
        parser::Rule,
        scan::SourceLimits,
    },
};

/// An expression and how deep it is.
struct Built {
    expr: Expr,
    depth: usize,
}

type Pairs<'a> = pest::iterators::Pairs<'a, Rule>;

/// An operator and where it stands.
type Operator = (BinaryOp, Span);

/// How strongly operators bind; each level is folded before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strength {
    Sum,
    Comparison,
    And,
    Or,
}

fn strength(op: BinaryOp) -> Strength {
    match op {
        BinaryOp::Add | BinaryOp::Subtract => Strength::Sum,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessOrEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterOrEqual
        | BinaryOp::In => Strength::Comparison,
        BinaryOp::And => Strength::And,
        BinaryOp::Or => Strength::Or,
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

/// A place in an expression that is being built; kept on a stack of our own, since brackets nest.
enum Level<'a> {
    /// The terms of an expression, and the brackets around it.
    Terms {
        parts: Pairs<'a>,
        around: Option<Span>,
        nots: Vec<Span>,
        operands: Vec<Built>,
        operators: Vec<Operator>,
    },
    /// The arguments of a call.
    Call {
        parts: Pairs<'a>,
        span: Span,
        function: Name,
        arguments: Vec<Expr>,
        depth: usize,
    },
}

/// What became of a part.
enum Taken<'a> {
    /// It is in its level.
    Whole,
    /// It is a level of its own.
    Nested(Level<'a>),
}

impl<'a> Level<'a> {
    fn terms(pair: Pair<'a>, around: Option<Span>) -> Self {
        Self::Terms {
            parts: pair.into_inner(),
            around,
            nots: Vec::new(),
            operands: Vec::new(),
            operators: Vec::new(),
        }
    }

    fn next(&mut self) -> Option<Pair<'a>> {
        match self {
            Self::Terms { parts, .. } | Self::Call { parts, .. } => {
                parts.find(|pair| !is_trivia(pair.as_rule()))
            }
        }
    }
}

impl Reader<'_> {
    pub(super) fn expr(&mut self, pair: Pair<'_>) -> Option<Expr> {
        let mut levels = vec![Level::terms(pair, None)];
        loop {
            let top = levels.last_mut()?;
            if let Some(part) = top.next() {
                if let Taken::Nested(inner) = self.part(part, top)? {
                    levels.push(inner);
                }
                continue;
            }
            let built = match levels.pop()? {
                Level::Terms {
                    around,
                    operands,
                    operators,
                    ..
                } => {
                    let mut built = self.climb(operands, operators)?;
                    if let Some(span) = around {
                        built.expr.span = span;
                    }
                    built
                }
                Level::Call {
                    span,
                    function,
                    arguments,
                    depth,
                    ..
                } => {
                    let kind = ExprKind::Call {
                        function,
                        arguments,
                    };
                    self.capped(Expr { kind, span }, depth + 1)
                }
            };
            match levels.last_mut() {
                None => return Some(built.expr),
                Some(Level::Call {
                    arguments, depth, ..
                }) => {
                    *depth = built.depth.max(*depth);
                    arguments.push(built.expr);
                }
                Some(Level::Terms { nots, operands, .. }) => {
                    let nots = std::mem::take(nots);
                    operands.push(self.negated(&nots, built));
                }
            }
        }
    }

    /// Takes one part of a level; what nests becomes a level of its own.
    fn part<'a>(&mut self, part: Pair<'a>, level: &mut Level<'a>) -> Option<Taken<'a>> {
        let span = self.span(&part);
        match part.as_rule() {
            Rule::wide_expr => return Some(Taken::Nested(Level::terms(part, None))),
            Rule::group => {
                let inner = part.inner().next()?;
                return Some(Taken::Nested(Level::terms(inner, Some(span))));
            }
            Rule::call => {
                let mut parts = part.into_inner();
                let function = self.word(&parts.next()?);
                return Some(Taken::Nested(Level::Call {
                    parts,
                    span,
                    function,
                    arguments: Vec::new(),
                    depth: 0,
                }));
            }
            _ => {}
        }
        let Level::Terms {
            nots,
            operands,
            operators,
            ..
        } = level
        else {
            return None;
        };
        match part.as_rule() {
            Rule::not => nots.push(span),
            Rule::infix => operators.push((operator(part.as_str().trim())?, span)),
            _ => {
                let kind = self.leaf(part)?;
                let nots = std::mem::take(nots);
                let expr = Expr { kind, span };
                operands.push(self.negated(&nots, Built { expr, depth: 1 }));
            }
        }
        Some(Taken::Whole)
    }

    fn leaf(&mut self, part: Pair<'_>) -> Option<ExprKind> {
        Some(match part.as_rule() {
            Rule::has => {
                let path = part.inner().next()?;
                ExprKind::Has(self.path(&path))
            }
            Rule::path => ExprKind::Path(self.path(&part)),
            _ => ExprKind::Literal(self.value(part)?),
        })
    }

    /// `!` before a term. Two negations are none: an even run keeps two and an odd one keeps one, so that
    /// the type of the term is still checked and a run of any length stays shallow.
    fn negated(&mut self, nots: &[Span], mut built: Built) -> Built {
        let Some(first) = nots.first() else {
            return built;
        };
        let kept = if nots.len() % 2 == 1 { 1 } else { 2 };
        for _ in 0..kept {
            let span = first.to(built.expr.span);
            let depth = built.depth + 1;
            let kind = ExprKind::Not(Box::new(built.expr));
            built = self.capped(Expr { kind, span }, depth);
        }
        built
    }

    fn climb(&mut self, mut operands: Vec<Built>, mut operators: Vec<Operator>) -> Option<Built> {
        for at in [
            Strength::Sum,
            Strength::Comparison,
            Strength::And,
            Strength::Or,
        ] {
            if operators.iter().all(|(op, _)| strength(*op) != at) {
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
                    Some(op) if strength(op.0) == at => joints.push(op),
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
    fn fold(&mut self, at: Strength, run: Vec<Built>, joints: &[Operator]) -> Option<Built> {
        match at {
            Strength::Sum => self.lean(run, joints),
            Strength::Comparison => {
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
            Strength::And | Strength::Or => self.balance(run, joints),
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
