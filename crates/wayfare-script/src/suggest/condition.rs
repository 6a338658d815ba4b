//! Comparisons of scripts as conditions of guards.

use std::{collections::BTreeMap, fmt, rc::Rc};

use super::{is_name, literal, quoted};
use crate::facts::tree::{Expr, ExprKind};

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Is(String),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, parts: &[Self], sign: &str| {
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    write!(f, " {sign} ")?;
                }
                match part {
                    Self::Is(_) | Self::Not(_) => write!(f, "{part}")?,
                    Self::All(_) | Self::Any(_) => write!(f, "({part})")?,
                }
            }
            Ok(())
        };
        match self {
            Self::Is(text) => f.write_str(text),
            Self::Not(of) => match &**of {
                Self::Is(text) if !text.contains(' ') => write!(f, "!{text}"),
                of => write!(f, "!({of})"),
            },
            Self::All(parts) => join(f, parts, "&&"),
            Self::Any(parts) => join(f, parts, "||"),
        }
    }
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Read {
    /// A key of the state, from whichever part has it first.
    State(Rc<str>),
    /// A key of one part.
    Part(&'static str, Rc<str>),
    /// All values of a header or a parameter.
    Values(&'static str, Rc<str>),
    /// The first of them.
    First(&'static str, Rc<str>),
}

impl Read {
    fn path(&self) -> Option<String> {
        match self {
            Self::State(key) => is_name(key).then(|| format!("shared.{key}")),
            Self::Part(part, key) => is_name(key).then(|| format!("{part}.{key}")),
            Self::Values(of, name) | Self::First(of, name) => {
                Some(format!("request.{of}[{}]", quoted(name)?))
            }
        }
    }

    fn is_there(&self) -> Option<Condition> {
        let Self::State(key) = self else {
            return Some(Condition::Is(format!("has {}", self.path()?)));
        };
        if !is_name(key) {
            return None;
        }
        let parts = ["shared", "transient", "secure"];
        let parts = parts.map(|part| Condition::Is(format!("has {part}.{key}")));
        Some(Condition::Any(parts.to_vec()))
    }
}

/// What names stand for.
pub(super) type Names<'s> = BTreeMap<Rc<str>, &'s Expr>;

/// Reads conditions, and notes where these are not quite what the script says.
pub(super) struct Reader<'n, 's> {
    pub(super) names: &'n Names<'s>,
    pub(super) legacy: bool,
    pub(super) but: &'n mut Vec<String>,
}

impl<'s> Reader<'_, 's> {
    fn resolved(&self, expr: &'s Expr) -> &'s Expr {
        match &expr.kind {
            ExprKind::Name(name) => self.names.get(name).copied().unwrap_or(expr),
            _ => expr,
        }
    }

    fn note(&mut self, text: String) {
        if !self.but.contains(&text) {
            self.but.push(text);
        }
    }

    /// A read of the state or of the request.
    pub(super) fn read(&self, expr: &'s Expr) -> Option<Read> {
        let expr = self.resolved(expr);
        let (of, at) = match &expr.kind {
            ExprKind::Call(callee, arguments) => {
                let (ExprKind::Member(of, name), [argument]) = (&callee.kind, arguments.as_slice())
                else {
                    return None;
                };
                if &**name != "get" {
                    return None;
                }
                (&**of, argument)
            }
            ExprKind::Index(pair) => {
                let [of, at] = &**pair;
                (of, at)
            }
            _ => return None,
        };
        if matches!(at.kind, ExprKind::Number(number) if number == 0.0) {
            return match self.read(of)? {
                Read::Values(of, name) => Some(Read::First(of, name)),
                _ => None,
            };
        }
        let key: Rc<str> = Rc::from(literal(at)?);
        let ExprKind::Name(of) = &of.kind else {
            return None;
        };
        Some(match &**of {
            "nodeState" => Read::State(key),
            "sharedState" if self.legacy => Read::Part("shared", key),
            "transientState" if self.legacy => Read::Part("transient", key),
            "requestHeaders" => Read::Values("headers", key),
            "requestParameters" => Read::Values("parameters", key),
            _ => return None,
        })
    }

    /// What holds where an expression is true enough.
    pub(super) fn condition(&mut self, expr: &'s Expr) -> Option<Condition> {
        match &expr.kind {
            ExprKind::Unary("!", of) => Some(Condition::Not(Box::new(self.condition(of)?))),
            ExprKind::Logical(sign @ ("&&" | "||"), list) => {
                let mut parts = Vec::new();
                for part in list {
                    parts.push(self.condition(part)?);
                }
                Some(if *sign == "&&" {
                    Condition::All(parts)
                } else {
                    Condition::Any(parts)
                })
            }
            ExprKind::Binary(sign, list) => {
                let [left, right] = list.as_slice() else {
                    return None;
                };
                self.comparison(sign, left, right)
            }
            ExprKind::Call(callee, arguments) => {
                if let Some(read) = self.read(expr) {
                    return self.truth(&read);
                }
                let ExprKind::Member(of, name) = &callee.kind else {
                    return None;
                };
                let [argument] = arguments.as_slice() else {
                    return None;
                };
                self.method(of, name, argument)
            }
            ExprKind::Name(_) => {
                let read = self.read(expr)?;
                self.truth(&read)
            }
            _ => None,
        }
    }

    fn truth(&mut self, read: &Read) -> Option<Condition> {
        let there = read.is_there()?;
        if let Read::State(key) | Read::Part(_, key) = read {
            self.note(format!(
                "an empty text, 0 or `false` under `{key}` counts as there"
            ));
        }
        if let Read::First(_, name) = read {
            self.note(format!("an empty `{name}` counts as there"));
        }
        Some(there)
    }

    fn comparison(&mut self, sign: &str, left: &'s Expr, right: &'s Expr) -> Option<Condition> {
        let is_equal = matches!(sign, "==" | "===");
        let turned = |condition: Condition, holds: bool| {
            Some(if holds {
                condition
            } else {
                Condition::Not(Box::new(condition))
            })
        };
        if let Some(found) = self.index_of(sign, left, right) {
            return Some(found);
        }
        if !is_equal && !matches!(sign, "!=" | "!==") {
            return None;
        }
        let is_null = |expr: &Expr| matches!(expr.kind, ExprKind::Null);
        for (one, other) in [(left, right), (right, left)] {
            let Some(read) = self.read(one) else { continue };
            if is_null(other) {
                return turned(read.is_there()?, !is_equal);
            }
            let Some(text) = literal(other) else { continue };
            return turned(self.equals(&read, text)?, is_equal);
        }
        None
    }

    fn equals(&mut self, read: &Read, text: &str) -> Option<Condition> {
        if let Read::State(key) = read {
            self.note(format!("`{key}` is looked for in shared state alone"));
        }
        if matches!(read, Read::Values(..)) {
            return None;
        }
        let path = read.path()?;
        Some(Condition::All(vec![
            Condition::Is(format!("has {path}")),
            Condition::Is(format!("{path} == {}", quoted(text)?)),
        ]))
    }

    /// `x.indexOf("y") !== -1` and the like.
    fn index_of(&mut self, sign: &str, left: &'s Expr, right: &Expr) -> Option<Condition> {
        let ExprKind::Call(callee, arguments) = &left.kind else {
            return None;
        };
        let (ExprKind::Member(of, name), [argument]) = (&callee.kind, arguments.as_slice()) else {
            return None;
        };
        if &**name != "indexOf" {
            return None;
        }
        let bound = match &right.kind {
            ExprKind::Number(number) if *number == 0.0 => 0,
            ExprKind::Unary("-", one) if matches!(one.kind, ExprKind::Number(n) if (n - 1.0).abs() < f64::EPSILON) => {
                -1
            }
            _ => return None,
        };
        let holds = match (sign, bound) {
            ("!=" | "!==" | ">", -1) | (">=", 0) => true,
            ("==" | "===", -1) | ("<", 0) => false,
            _ => return None,
        };
        let found = self.method(of, "includes", argument)?;
        Some(if holds {
            found
        } else {
            Condition::Not(Box::new(found))
        })
    }

    fn method(&mut self, of: &'s Expr, name: &str, argument: &'s Expr) -> Option<Condition> {
        if matches!(name, "isDefined" | "containsKey") {
            let key: Rc<str> = Rc::from(literal(argument)?);
            let ExprKind::Name(of) = &of.kind else {
                return None;
            };
            let read = match &**of {
                "nodeState" => Read::State(key),
                "sharedState" if self.legacy => Read::Part("shared", key),
                "transientState" if self.legacy => Read::Part("transient", key),
                _ => return None,
            };
            return read.is_there();
        }
        let read = self.read(of)?;
        let text = literal(argument)?;
        let function = match name {
            "equals" => return self.equals(&read, text),
            "includes" | "contains" => "contains",
            "startsWith" => "starts_with",
            "endsWith" => "ends_with",
            _ => return None,
        };
        if matches!(read, Read::Values(..)) {
            return None;
        }
        if let Read::State(key) = &read {
            let key = Rc::clone(key);
            self.note(format!("`{key}` is looked for in shared state alone"));
        }
        // Where it is not there, the script fails; the guard goes on.
        self.note(
            "where a value is not there, the script fails and the guard does not hold".to_owned(),
        );
        let path = read.path()?;
        Some(Condition::All(vec![
            Condition::Is(format!("has {path}")),
            Condition::Is(format!("{function}({path}, {})", quoted(text)?)),
        ]))
    }
}
