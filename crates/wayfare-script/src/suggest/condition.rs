//! Comparisons of scripts as conditions of guards.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    rc::Rc,
    sync::Arc,
};

use super::{But, but::Buts, is_key, is_name, literal, quoted};
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
            Self::Not(of) => write!(f, "!({of})"),
            Self::All(parts) => join(f, parts, "&&"),
            Self::Any(parts) => join(f, parts, "||"),
        }
    }
}

impl Condition {
    fn not(self) -> Self {
        match self {
            Self::Not(of) => *of,
            other => Self::Not(Box::new(other)),
        }
    }

    fn turned(self, holds: bool) -> Self {
        if holds { self } else { self.not() }
    }
}

/// Conditions that are known to hold where one is read, as they are written.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(BTreeSet<String>);

impl Known {
    /// Learns that a condition holds, or does not.
    pub(super) fn learn(&mut self, condition: &Condition, holds: bool) {
        let mut open = vec![(condition, holds)];
        // BOUND: each part of a condition is looked at once.
        while let Some((condition, holds)) = open.pop() {
            if holds {
                self.0.insert(condition.to_string());
            }
            match condition {
                Condition::Not(of) => open.push((of, !holds)),
                Condition::All(parts) if holds => {
                    open.extend(parts.iter().map(|part| (part, true)));
                }
                Condition::Any(parts) if !holds => {
                    open.extend(parts.iter().map(|part| (part, false)));
                }
                Condition::Is(_) | Condition::All(_) | Condition::Any(_) => {}
            }
        }
    }

    fn has(&self, condition: &Condition) -> bool {
        let is_one_known = |parts: &[Condition]| parts.iter().any(|part| self.has(part));
        self.0.contains(&condition.to_string())
            || matches!(condition, Condition::Any(parts) if is_one_known(parts))
    }
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Read {
    /// A key of the state, from whichever part has it first.
    State(Rc<str>),
    /// The text of a key, as the first generation takes it out of a JSON value.
    Text(Rc<str>),
    /// A key of one part.
    Part(&'static str, Rc<str>),
    /// All values of a header or a parameter.
    Values(&'static str, Rc<str>),
    /// The first of them.
    First(&'static str, Rc<str>),
}

/// A value that something is compared with.
enum Literal<'e> {
    Text(&'e str),
    Bool(bool),
    Number(i64),
}

fn plain(expr: &Expr) -> Option<Literal<'_>> {
    match &expr.kind {
        ExprKind::Text(text) => Some(Literal::Text(text)),
        ExprKind::Bool(truth) => Some(Literal::Bool(*truth)),
        _ => integer(expr).map(Literal::Number),
    }
}

/// A whole number as it is written.
pub(super) fn integer(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Number(number) if number.fract() == 0.0 && number.abs() < 1e9 => {
            format!("{number:.0}").parse().ok()
        }
        ExprKind::Unary("-", of) => integer(of).filter(|number| *number != 0).map(|n| -n),
        _ => None,
    }
}

impl Read {
    fn path(&self) -> Option<String> {
        let of_part = |part: &str, key: &str| {
            Some(if is_name(key) {
                format!("{part}.{key}")
            } else {
                format!("{part}[{}]", quoted(key)?)
            })
        };
        match self {
            Self::State(key) | Self::Text(key) => of_part("shared", key),
            Self::Part(part, key) => of_part(part, key),
            Self::Values(of, name) | Self::First(of, name) => {
                Some(format!("request.{of}[{}]", quoted(name)?))
            }
        }
    }

    /// That there is a value, null included.
    fn is_there(&self) -> Option<Condition> {
        let part = |part, key: &Rc<str>| {
            let path = Self::Part(part, Rc::clone(key)).path()?;
            Some(Condition::Is(format!("has {path}")))
        };
        Some(match self {
            Self::State(key) | Self::Text(key) => Condition::Any(vec![
                part("shared", key)?,
                part("transient", key)?,
                part("secure", key)?,
            ]),
            Self::Part("transient", key) => {
                Condition::Any(vec![part("transient", key)?, part("secure", key)?])
            }
            _ => Condition::Is(format!("has {}", self.path()?)),
        })
    }

    /// What is known once it was read without failing.
    pub(super) fn proved(&self) -> Option<Condition> {
        match self {
            Self::First(..) | Self::Text(_) => self.is_there(),
            Self::State(_) | Self::Part(..) | Self::Values(..) => None,
        }
    }

    fn key(&self) -> Option<Arc<str>> {
        match self {
            Self::State(key) | Self::Text(key) | Self::Part(_, key) => Some(Arc::from(&**key)),
            Self::Values(..) | Self::First(..) => None,
        }
    }
}

/// What names stand for.
pub(super) type Names<'s> = BTreeMap<Rc<str>, &'s Expr>;

/// Reads conditions, and notes where these are not quite what the script says.
pub(super) struct Reader<'n, 's> {
    pub(super) names: &'n Names<'s>,
    pub(super) legacy: bool,
    pub(super) buts: &'n mut Buts,
}

impl<'s> Reader<'_, 's> {
    /// A read of the state or of the request.
    pub(super) fn read(&self, expr: &'s Expr) -> Option<Read> {
        let expr = match &expr.kind {
            ExprKind::Name(name) => self.names.get(name).copied()?,
            _ => expr,
        };
        let (of, at, is_indexed) = match &expr.kind {
            ExprKind::Call(callee, arguments) => {
                let ExprKind::Member(of, name) = &callee.kind else {
                    return None;
                };
                match (&**name, arguments.as_slice()) {
                    ("asString", []) => {
                        return match self.read(of)? {
                            Read::State(key) if self.legacy => Some(Read::Text(key)),
                            _ => None,
                        };
                    }
                    ("get", [argument]) => (&**of, argument, false),
                    _ => return None,
                }
            }
            ExprKind::Index(pair) => {
                let [of, at] = &**pair;
                (of, at, true)
            }
            _ => return None,
        };
        if matches!(at.kind, ExprKind::Number(number) if number == 0.0) {
            return match self.read(of)? {
                Read::Values(of, name) => Some(Read::First(of, name)),
                _ => None,
            };
        }
        let ExprKind::Name(of) = &of.kind else {
            return None;
        };
        if is_indexed {
            return None;
        }
        self.of_binding(of, literal(at)?)
    }

    fn of_binding(&self, of: &str, key: &str) -> Option<Read> {
        let name: Rc<str> = Rc::from(key);
        let read = match of {
            "nodeState" => Read::State(name),
            "sharedState" if self.legacy => Read::Part("shared", name),
            "transientState" if self.legacy => Read::Part("transient", name),
            "requestHeaders" => Read::Values("headers", name),
            "requestParameters" => Read::Values("parameters", name),
            _ => return None,
        };
        let fits = match read {
            // Names of headers and parameters are compared without regard to case, in ASCII.
            Read::Values(..) => key.is_ascii() && key != "__proto__",
            _ => is_key(key),
        };
        fits.then_some(read)
    }

    /// Notes that a script fails where this is read and not there.
    pub(super) fn needs(&mut self, read: &Read, known: &Known) -> Option<()> {
        if known.has(&read.is_there()?) {
            return Some(());
        }
        self.buts.note(match read {
            Read::State(key) | Read::Text(key) | Read::Part(_, key) => {
                But::NoKey(Arc::from(&**key))
            }
            Read::Values("headers", name) | Read::First("headers", name) => {
                But::NoHeader(Arc::from(&**name))
            }
            Read::Values(_, name) | Read::First(_, name) => But::NoParameter(Arc::from(&**name)),
        });
        Some(())
    }

    /// What it takes to look at a value where the script does: what fails without one, and where it is looked.
    pub(super) fn looks(&mut self, read: &Read, known: &Known) -> Option<()> {
        if let Read::Values("parameters", name) | Read::First("parameters", name) = read {
            self.buts.note(But::Case(Arc::from(&**name)));
        }
        match read {
            Read::First(..) => self.needs(read, known),
            Read::Text(key) => {
                self.buts.note(But::NotText(Arc::from(&**key)));
                self.needs(read, known)
            }
            Read::State(_) | Read::Part(..) | Read::Values(..) => Some(()),
        }
    }

    /// What holds where an expression is true enough.
    pub(super) fn condition(&mut self, expr: &'s Expr, known: &Known) -> Option<Condition> {
        match &expr.kind {
            ExprKind::Unary("!", of) => Some(self.condition(of, known)?.not()),
            ExprKind::Logical(sign @ ("&&" | "||"), list) => {
                let is_and = *sign == "&&";
                let (mut parts, mut known) = (Vec::new(), known.clone());
                for part in list {
                    let part = self.condition(part, &known)?;
                    known.learn(&part, is_and);
                    parts.push(part);
                }
                Some(if is_and {
                    Condition::All(parts)
                } else {
                    Condition::Any(parts)
                })
            }
            ExprKind::Binary(sign, list) => {
                let [left, right] = list.as_slice() else {
                    return None;
                };
                self.comparison(sign, left, right, known)
            }
            ExprKind::Call(callee, arguments) => {
                if let Some(read) = self.read(expr) {
                    return self.truth(&read, known);
                }
                let ExprKind::Member(of, name) = &callee.kind else {
                    return None;
                };
                let [argument] = arguments.as_slice() else {
                    return None;
                };
                self.method(of, name, argument, known)
            }
            ExprKind::Name(_) | ExprKind::Index(_) => {
                let read = self.read(expr)?;
                self.truth(&read, known)
            }
            _ => None,
        }
    }

    fn truth(&mut self, read: &Read, known: &Known) -> Option<Condition> {
        self.looks(read, known)?;
        let there = read.is_there()?;
        match read {
            // A JSON value is an object, whatever is in it.
            Read::State(key) if self.legacy => self.buts.note(But::Null(Arc::from(&**key))),
            Read::State(key) | Read::Part(_, key) => {
                self.buts.note(But::Empty(Arc::from(&**key)));
            }
            Read::Values(..) => {}
            Read::First(..) | Read::Text(_) => {
                let path = read.path()?;
                return Some(Condition::All(vec![
                    Condition::Is(format!("has {path}")),
                    Condition::Is(format!("{path} != \"\"")),
                ]));
            }
        }
        Some(there)
    }

    fn comparison(
        &mut self,
        sign: &'static str,
        left: &'s Expr,
        right: &'s Expr,
        known: &Known,
    ) -> Option<Condition> {
        if let Some(found) = self.index_of(sign, left, right, known) {
            return Some(found);
        }
        let (sign, read, value) = match self.read(left) {
            Some(read) => (sign, read, right),
            None => (mirrored(sign), self.read(right)?, left),
        };
        let is_equal = matches!(sign, "==" | "===");
        if !is_equal && !matches!(sign, "!=" | "!==") {
            return self.order(sign, &read, integer(value)?);
        }
        if matches!(value.kind, ExprKind::Null) {
            match &read {
                Read::State(key) | Read::Part(_, key) => {
                    self.buts.note(But::Null(Arc::from(&**key)));
                }
                Read::Values(..) => {}
                Read::First(..) | Read::Text(_) => return None,
            }
            self.looks(&read, known)?;
            return Some(read.is_there()?.turned(!is_equal));
        }
        Some(self.equals(&read, &plain(value)?, known)?.turned(is_equal))
    }

    /// Notes where else a value of the state may be than in the one part that a guard compares.
    fn alone(&mut self, read: &Read) {
        if let Some(key) = read.key() {
            match read {
                Read::Part("transient", _) => self.buts.note(But::Crossed(key)),
                Read::Part(..) => {}
                _ => self.buts.note(But::Alone(key)),
            }
        }
    }

    fn equals(&mut self, read: &Read, with: &Literal<'_>, known: &Known) -> Option<Condition> {
        let is_text = matches!(with, Literal::Text(_));
        match read {
            Read::Values(..) => return None,
            // A JSON value of the first generation is no text, and no number either.
            Read::State(_) if self.legacy => return None,
            Read::First(..) | Read::Text(_) if !is_text => return None,
            _ => {}
        }
        self.looks(read, known)?;
        self.alone(read);
        let (written, but) = match with {
            Literal::Text(text) => (quoted(text)?, But::NotText as fn(Arc<str>) -> But),
            Literal::Bool(truth) => (truth.to_string(), But::NotBool as fn(Arc<str>) -> But),
            Literal::Number(number) => (number.to_string(), But::NotNumber as fn(Arc<str>) -> But),
        };
        if let Some(key) = read.key() {
            self.buts.note(but(key));
        }
        let path = read.path()?;
        Some(Condition::All(vec![
            Condition::Is(format!("has {path}")),
            Condition::Is(format!("{path} == {written}")),
        ]))
    }

    /// `count >= 3`; what is not there is taken for 0.
    fn order(&mut self, sign: &str, read: &Read, number: i64) -> Option<Condition> {
        match read {
            Read::State(_) if !self.legacy => {}
            Read::Part(..) => {}
            _ => return None,
        }
        let nothing_does = match sign {
            "<" => 0 < number,
            "<=" => 0 <= number,
            ">" => 0 > number,
            ">=" => 0 >= number,
            _ => return None,
        };
        self.alone(read);
        self.buts.note(But::NotNumber(read.key()?));
        let path = read.path()?;
        let there = Condition::Is(format!("has {path}"));
        let compared = Condition::Is(format!("{path} {sign} {number}"));
        Some(if nothing_does {
            Condition::Any(vec![there.not(), compared])
        } else {
            Condition::All(vec![there, compared])
        })
    }

    /// `x.indexOf("y") !== -1` and the like.
    fn index_of(
        &mut self,
        sign: &str,
        left: &'s Expr,
        right: &Expr,
        known: &Known,
    ) -> Option<Condition> {
        let ExprKind::Call(callee, arguments) = &left.kind else {
            return None;
        };
        let (ExprKind::Member(of, name), [argument]) = (&callee.kind, arguments.as_slice()) else {
            return None;
        };
        if &**name != "indexOf" {
            return None;
        }
        let holds = match (sign, integer(right)?) {
            ("!=" | "!==" | ">", -1) | (">=", 0) => true,
            ("==" | "===", -1) | ("<", 0) => false,
            _ => return None,
        };
        let found = self.method(of, "includes", argument, known)?;
        Some(found.turned(holds))
    }

    fn method(
        &mut self,
        of: &'s Expr,
        name: &str,
        argument: &'s Expr,
        known: &Known,
    ) -> Option<Condition> {
        let text = literal(argument)?;
        if matches!(name, "isDefined" | "containsKey") {
            let ExprKind::Name(of) = &of.kind else {
                return None;
            };
            let read = self.of_binding(of, text)?;
            let fits = match read {
                Read::State(_) => name == "isDefined",
                Read::Part(..) => name == "containsKey",
                _ => false,
            };
            return if fits { read.is_there() } else { None };
        }
        let read = self.read(of)?;
        let is_text = match read {
            Read::State(_) => !self.legacy,
            Read::Text(_) | Read::Part(..) | Read::First(..) => true,
            Read::Values(..) => false,
        };
        if !is_text {
            return None;
        }
        let function = match name {
            // Texts have these in the first generation alone.
            "equals" | "contains" if !self.legacy => return None,
            "equals" => "==",
            "includes" | "contains" => "contains",
            "startsWith" => "starts_with",
            "endsWith" => "ends_with",
            _ => return None,
        };
        self.looks(&read, known)?;
        self.needs(&read, known)?;
        self.alone(&read);
        if let Some(key) = read.key() {
            self.buts.note(But::NotText(key));
        }
        let (path, text) = (read.path()?, quoted(text)?);
        let compared = match function {
            "==" => format!("{path} == {text}"),
            _ => format!("{function}({path}, {text})"),
        };
        Some(Condition::All(vec![
            Condition::Is(format!("has {path}")),
            Condition::Is(compared),
        ]))
    }
}

/// The sign that says the same with its sides changed.
fn mirrored(sign: &'static str) -> &'static str {
    match sign {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}
