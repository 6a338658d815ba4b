//! Expressions of guards as those of scripts.
//!
//! In: a typed expression. Out: one that gives the same value for the same state, and fails where it fails:
//! a missing value, a value of another type, a number that is too large. Numbers of scripts are exact up to
//! 2^53, and a larger one fails the node. What would differ, such as sums of decimal numbers, is refused.

use std::{collections::BTreeSet, sync::Arc};

use wayfare::{
    Type, Value,
    model::{
        expr::{BinaryOp, Expr, Function},
        program::Program,
    },
};

use super::{pattern, slot};

/// The greatest whole number of which every smaller one is exact.
const SAFE: i64 = 9_007_199_254_740_991;
/// As far from zero as decimal numbers with nine digits are told apart.
const DECIMAL: i64 = 9_000_000_000_000_000;
/// How deep expressions are; the source is no deeper.
const DEPTH_MAX: u32 = 128;

/// What an expression gives, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What scripts have too.
    Plain,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// A time, in thousandths of a second.
    Time,
    /// A number of bytes.
    Size,
}

/// A script while it is made.
#[derive(Debug)]
pub(super) struct Script<'s> {
    program: &'s Program,
    functions: BTreeSet<&'static str>,
    inputs: BTreeSet<Arc<str>>,
    clock: bool,
}

type Made = Result<String, String>;

/// A text as a script writes it.
pub(super) fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

impl<'s> Script<'s> {
    pub(super) fn new(program: &'s Program) -> Self {
        Self {
            program,
            functions: BTreeSet::new(),
            inputs: BTreeSet::new(),
            clock: false,
        }
    }

    pub(super) fn functions(&self) -> &BTreeSet<&'static str> {
        &self.functions
    }

    pub(super) fn reads_clock(&self) -> bool {
        self.clock
    }

    pub(super) fn into_inputs(self) -> BTreeSet<Arc<str>> {
        self.inputs
    }

    fn call(&mut self, function: &'static str, arguments: &[String]) -> String {
        self.functions.insert(function);
        format!("{function}({})", arguments.join(", "))
    }

    /// A condition.
    pub(super) fn truth(&mut self, expr: &Expr) -> Made {
        let made = self.condition(expr, DEPTH_MAX)?;
        let is_wrapped = match expr {
            Expr::Binary(op, ..) => {
                !matches!(op, BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::In)
            }
            _ => false,
        };
        let inner = made
            .strip_prefix('(')
            .and_then(|made| made.strip_suffix(')'));
        Ok(match inner.filter(|_| is_wrapped) {
            Some(inner) => inner.to_owned(),
            None => made,
        })
    }

    // BOUND: as deep as `depth`.
    fn condition(&mut self, expr: &Expr, depth: u32) -> Made {
        let below = depth.checked_sub(1).ok_or("it is nested too deeply")?;
        match expr {
            Expr::Not(inner) => Ok(format!("!({})", self.condition(inner, below)?)),
            Expr::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
                let sign = if *op == BinaryOp::And { "&&" } else { "||" };
                let (left, right) = (self.condition(left, below)?, self.condition(right, below)?);
                Ok(format!("({left} {sign} {right})"))
            }
            Expr::Has(_)
            | Expr::Binary(..)
            | Expr::Call(
                Function::StartsWith
                | Function::EndsWith
                | Function::Contains
                | Function::Matches
                | Function::Before
                | Function::After,
                _,
            )
            | Expr::Literal(Value::Bool(_)) => self.value(expr, below),
            _ => {
                let value = self.value(expr, below)?;
                Ok(self.call("truth", &[value]))
            }
        }
    }

    // BOUND: as deep as `depth`.
    fn value(&mut self, expr: &Expr, depth: u32) -> Made {
        let below = depth.checked_sub(1).ok_or("it is nested too deeply")?;
        match expr {
            Expr::Literal(value) => literal(value, below),
            Expr::Read(of, ty) => {
                if matches!(
                    ty,
                    Type::Duration | Type::Size | Type::LocalizedText | Type::Secret
                ) {
                    return Err(format!("the state of the product has no {ty}"));
                }
                let read = self.slot(of)?;
                Ok(read.value)
            }
            Expr::Has(of) => Ok(self.slot(of)?.is_there),
            Expr::Not(_) | Expr::Binary(BinaryOp::And | BinaryOp::Or, ..) => {
                self.condition(expr, below)
            }
            Expr::Binary(op, left, right) => self.binary(*op, left, right, below),
            Expr::Call(function, arguments) => self.function(*function, arguments, below),
            Expr::Join(parts) => self.join(parts, below),
        }
    }

    fn slot(&mut self, of: &wayfare::model::expr::Slot) -> Result<slot::Read, String> {
        let read = slot::read(of, self.program)?;
        self.functions.extend(read.functions);
        self.inputs.extend(read.input.clone());
        Ok(read)
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, depth: u32) -> Made {
        let kinds = (kind(left), kind(right));
        let sides = [self.value(left, depth)?, self.value(right, depth)?];
        let differ = |of: Kind| (kinds.0 == of) != (kinds.1 == of);
        if differ(Kind::Time) || differ(Kind::Size) {
            return Err("it sets a time or a size beside something of another type".to_owned());
        }
        let order = match op {
            BinaryOp::Equal => return Ok(self.call("equal", &sides)),
            BinaryOp::NotEqual => {
                let equal = self.call("equal", &sides);
                return Ok(format!("!{equal}"));
            }
            BinaryOp::In => {
                let [item, list] = sides;
                return Ok(self.call("contains", &[list, item]));
            }
            BinaryOp::Add | BinaryOp::Subtract => return self.sum(op, kinds, &sides),
            BinaryOp::Less => "<",
            BinaryOp::LessOrEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterOrEqual => ">=",
            BinaryOp::And | BinaryOp::Or => return Err("it is no comparison".to_owned()),
        };
        let compared = self.call("order", &sides);
        Ok(format!("({compared} {order} 0)"))
    }

    fn sum(&mut self, op: BinaryOp, kinds: (Kind, Kind), sides: &[String; 2]) -> Made {
        match (op, kinds) {
            (BinaryOp::Add, (Kind::Int, Kind::Int)) => Ok(self.call("plus", sides)),
            (BinaryOp::Subtract, (Kind::Int, Kind::Int)) => Ok(self.call("minus", sides)),
            _ => Err("it adds up what scripts do not add up exactly".to_owned()),
        }
    }

    fn function(&mut self, function: Function, arguments: &[Expr], depth: u32) -> Made {
        if let (Function::Matches, [text, Expr::Literal(pattern)]) = (function, arguments) {
            let text = self.value(text, depth)?;
            let pattern = pattern.as_text().and_then(pattern::translated);
            let pattern = pattern.ok_or("its pattern is not one that scripts read the same way")?;
            return Ok(self.call("matches", &[text, pattern]));
        }
        let made = arguments.iter().map(|argument| self.value(argument, depth));
        let made: Vec<String> = made.collect::<Result<_, _>>()?;
        let compared = |this: &mut Self, sign: &str| match made.as_slice() {
            [left, right] => {
                let left = this.call("instant", std::slice::from_ref(left));
                let right = this.call("instant", std::slice::from_ref(right));
                Ok(format!("({left} {sign} {right})"))
            }
            _ => Err("it compares something else than two instants".to_owned()),
        };
        Ok(match function {
            Function::Lower => {
                let text = self.call("text", &made);
                format!("{text}.toLowerCase()")
            }
            Function::Upper => {
                let text = self.call("text", &made);
                format!("{text}.toUpperCase()")
            }
            Function::Trim => self.call("trim", &made),
            Function::Len => self.call("length", &made),
            Function::StartsWith => self.call("startsWith", &made),
            Function::EndsWith => self.call("endsWith", &made),
            Function::Contains => self.call("contains", &made),
            Function::Int => self.call("integer", &made),
            Function::Age => {
                self.clock = true;
                self.call("age", &made)
            }
            Function::Now => {
                self.clock = true;
                self.call("written", &[])
            }
            Function::Before => compared(self, "<")?,
            Function::After => compared(self, ">")?,
            Function::Matches => return Err("its pattern is not a text".to_owned()),
        })
    }

    /// A text with reads in it, of which each is a text or a whole number.
    fn join(&mut self, parts: &[Expr], depth: u32) -> Made {
        let mut made = Vec::with_capacity(parts.len());
        for part in parts {
            let value = self.value(part, depth)?;
            made.push(match kind(part) {
                Kind::Text => self.call("text", &[value]),
                Kind::Int => {
                    let whole = self.call("whole", &[value]);
                    format!("String({whole})")
                }
                Kind::Plain | Kind::Time | Kind::Size => {
                    return Err("it writes something else than texts and whole numbers".to_owned());
                }
            });
        }
        let joined = made.join(" + ");
        Ok(self.call("short", &[format!("\"\" + {joined}")]))
    }
}

fn kind(expr: &Expr) -> Kind {
    match expr {
        Expr::Literal(Value::Duration(_)) | Expr::Call(Function::Age, _) => Kind::Time,
        Expr::Literal(Value::Size(_)) => Kind::Size,
        Expr::Literal(Value::Int(_))
        | Expr::Read(_, Type::Int)
        | Expr::Call(Function::Len | Function::Int, _) => Kind::Int,
        Expr::Literal(Value::Text(_))
        | Expr::Read(_, Type::Text)
        | Expr::Join(_)
        | Expr::Call(Function::Lower | Function::Upper | Function::Trim | Function::Now, _) => {
            Kind::Text
        }
        // BOUND: as deep as the expression, which the source bounds.
        Expr::Binary(BinaryOp::Add | BinaryOp::Subtract, left, _) => kind(left),
        _ => Kind::Plain,
    }
}

// BOUND: as deep as `depth`.
fn literal(value: &Value, depth: u32) -> Made {
    let below = depth.checked_sub(1).ok_or("it is nested too deeply")?;
    let too_large = || Err("a number in it is too large for a script".to_owned());
    match value {
        Value::Null => Ok("null".to_owned()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Int(number) if number.unsigned_abs() <= SAFE.unsigned_abs() => {
            Ok(number.to_string())
        }
        Value::Decimal(number) if number.units().unsigned_abs() <= DECIMAL.unsigned_abs() => {
            Ok(number.to_string())
        }
        Value::Int(_) | Value::Decimal(_) => too_large(),
        Value::Text(text) => Ok(quoted(text)),
        Value::Duration(span) => match i64::try_from(span.as_millis()) {
            Ok(ms) if ms <= SAFE => Ok(ms.to_string()),
            _ => too_large(),
        },
        Value::Size(bytes) if *bytes <= SAFE.unsigned_abs() => Ok(bytes.to_string()),
        Value::List(list) => {
            let items: Result<Vec<String>, String> =
                list.iter().map(|item| literal(item, below)).collect();
            Ok(format!("[{}]", items?.join(", ")))
        }
        _ => Err("it compares with something that scripts have not".to_owned()),
    }
}
