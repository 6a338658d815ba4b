//! A script tried out on one visit, as far as it only asks, counts and decides.
//!
//! In: the script, what is under the keys that it counts by, and what was answered. Out: what it asks, writes and
//! says. What does more than that is not tried, so what a trial tells is what the script does.

use std::{collections::BTreeMap, rc::Rc};

use super::{
    condition::integer,
    is_binding, is_key,
    java::{self, Class, Imports},
    literal,
};
use crate::facts::tree::{Expr, ExprKind, Script, Stmt, StmtKind};

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sent {
    Text {
        kind: i64,
        text: Rc<str>,
    },
    Confirmation {
        prompt: Rc<str>,
        kind: i64,
        options: Vec<Rc<str>>,
        default: i64,
    },
}

/// What a visit came to.
#[derive(Debug, Default)]
pub(super) struct Visit {
    pub(super) sent: Vec<Sent>,
    pub(super) outcome: Option<Rc<str>>,
    /// The numbers that are in shared state behind it.
    pub(super) state: BTreeMap<Rc<str>, i64>,
    /// The keys that were looked at or written.
    pub(super) keys: Vec<Rc<str>>,
    /// Whether something was logged.
    pub(super) logs: bool,
    /// Whether what was answered was looked at.
    pub(super) asks: bool,
    /// Whether the state was looked at.
    pub(super) reads: bool,
    /// All numbers that were met in the text, added up.
    pub(super) numbers: i64,
}

#[derive(Debug, Clone, PartialEq)]
enum Val {
    Undefined,
    Null,
    Bool(bool),
    Number(i64),
    Text(Rc<str>),
    List(Vec<Val>),
    Sent(Sent),
    /// The callback that was answered by this option.
    Answered(i64),
    Imports(Imports),
    Action(Said),
    /// A text that nobody but a log gets.
    Some,
}

#[derive(Debug, Clone, PartialEq)]
enum Said {
    Send(Vec<Sent>),
    GoTo(Rc<str>),
    /// The same before `build()`.
    Unbuilt(Box<Said>),
}

/// Whether a block goes on behind a statement.
enum Flow {
    On,
    Returned,
}

struct Trial<'s> {
    script: &'s Script,
    legacy: bool,
    answer: Option<i64>,
    names: BTreeMap<Rc<str>, Val>,
    open: Imports,
    variable: Option<Rc<str>>,
    action: Option<Said>,
    inside: bool,
    visit: Visit,
}

/// Tries a script; none where it does more than can be told.
pub(super) fn visit(
    script: &Script,
    legacy: bool,
    state: BTreeMap<Rc<str>, i64>,
    answer: Option<i64>,
) -> Option<Visit> {
    let mut trial = Trial {
        script,
        legacy,
        answer,
        names: BTreeMap::new(),
        open: Imports::new(),
        variable: None,
        action: None,
        inside: false,
        visit: Visit {
            state,
            ..Visit::default()
        },
    };
    trial.block(&script.body)?;
    let mut visit = trial.visit;
    visit.outcome = match trial.action {
        Some(Said::GoTo(outcome)) => Some(outcome),
        Some(Said::Send(sent)) => {
            visit.sent = sent;
            trial.variable
        }
        Some(Said::Unbuilt(_)) => return None,
        None => trial.variable,
    };
    Some(visit)
}

/// Whether a value is true enough.
fn truth(value: &Val) -> Option<bool> {
    Some(match value {
        Val::Undefined | Val::Null => false,
        Val::Bool(truth) => *truth,
        Val::Number(number) => *number != 0,
        Val::Text(text) => !text.is_empty(),
        Val::List(_) | Val::Sent(_) | Val::Answered(_) => true,
        Val::Imports(_) | Val::Action(_) | Val::Some => return None,
    })
}

/// A number as a sum or a comparison takes it.
fn number(value: &Val) -> Option<i64> {
    match value {
        Val::Null => Some(0),
        Val::Number(number) => Some(*number),
        _ => None,
    }
}

fn equal(left: &Val, right: &Val, strict: bool) -> Option<bool> {
    let is_nothing = |value: &Val| matches!(value, Val::Null | Val::Undefined);
    Some(match (left, right) {
        (Val::Number(left), Val::Number(right)) => left == right,
        (Val::Text(left), Val::Text(right)) => left == right,
        (Val::Bool(left), Val::Bool(right)) => left == right,
        _ if is_nothing(left) && is_nothing(right) => !strict || left == right,
        (one, Val::Number(_) | Val::Text(_) | Val::Bool(_))
        | (Val::Number(_) | Val::Text(_) | Val::Bool(_), one)
            if is_nothing(one) =>
        {
            false
        }
        _ => return None,
    })
}

fn text(value: Val) -> Option<Rc<str>> {
    match value {
        Val::Text(text) => Some(text),
        _ => None,
    }
}

impl<'s> Trial<'s> {
    fn block(&mut self, body: &'s [Stmt]) -> Option<Flow> {
        for stmt in body {
            if let Flow::Returned = self.stmt(stmt)? {
                return Some(Flow::Returned);
            }
        }
        Some(Flow::On)
    }

    fn stmt(&mut self, stmt: &'s Stmt) -> Option<Flow> {
        match &stmt.kind {
            StmtKind::Empty => {}
            StmtKind::Block(body) => return self.block(body),
            StmtKind::Declare(list) => {
                for (target, value) in list {
                    let ExprKind::Name(name) = &target.kind else {
                        return None;
                    };
                    let value = match value {
                        Some(value) => self.eval(value)?,
                        None => Val::Undefined,
                    };
                    if &**name == "outcome" && !self.inside {
                        self.variable = Some(text(value)?);
                    } else {
                        self.keep(name, value)?;
                    }
                }
            }
            StmtKind::If(arms, other) => {
                for (test, then) in arms {
                    if truth(&self.eval(test)?)? {
                        return self.stmt(then);
                    }
                }
                if let Some(other) = other {
                    return self.stmt(other);
                }
            }
            StmtKind::With(object, body) if self.legacy => {
                let Val::Imports(imports) = self.eval(object)? else {
                    return None;
                };
                let before = self.open.len();
                self.open.extend(imports);
                let flow = self.stmt(body);
                self.open.truncate(before);
                return flow;
            }
            StmtKind::Return(None) if self.inside => return Some(Flow::Returned),
            StmtKind::Expr(expr) => self.does(expr)?,
            _ => return None,
        }
        Some(Flow::On)
    }

    fn keep(&mut self, name: &Rc<str>, value: Val) -> Option<()> {
        if is_binding(name, self.legacy) {
            return None;
        }
        self.names.insert(Rc::clone(name), value);
        Some(())
    }

    fn does(&mut self, expr: &'s Expr) -> Option<()> {
        match &expr.kind {
            ExprKind::Assign(sign, pair) => {
                let [target, value] = &**pair;
                let ExprKind::Name(name) = &target.kind else {
                    return None;
                };
                match (*sign, &**name) {
                    ("=", "outcome") => {
                        let value = self.eval(value)?;
                        self.variable = Some(text(value)?);
                        Some(())
                    }
                    ("=", "action") if self.legacy => {
                        let Val::Action(said) = self.eval(value)? else {
                            return None;
                        };
                        self.action = Some(said);
                        Some(())
                    }
                    ("=", _) => {
                        let value = self.eval(value)?;
                        self.keep(name, value)
                    }
                    ("+=", _) => {
                        let by = self.literal_number(value)?;
                        self.adds(name, by)
                    }
                    _ => None,
                }
            }
            ExprKind::Update(sign, of) => {
                let ExprKind::Name(name) = &of.kind else {
                    return None;
                };
                self.visit.numbers = self.visit.numbers.checked_add(1)?;
                self.adds(name, if *sign == "++" { 1 } else { -1 })
            }
            ExprKind::Call(callee, arguments) => self.calls(callee, arguments),
            _ => None,
        }
    }

    fn adds(&mut self, name: &Rc<str>, by: i64) -> Option<()> {
        let sum = number(self.names.get(name)?)?.checked_add(by)?;
        self.keep(name, Val::Number(sum))
    }

    fn calls(&mut self, callee: &'s Expr, arguments: &'s [Expr]) -> Option<()> {
        if let ExprKind::Function(function) = &callee.kind {
            let function = self.script.functions.get(*function)?;
            if !arguments.is_empty() || !function.params.is_empty() || self.inside {
                return None;
            }
            self.inside = true;
            self.block(&function.body)?;
            self.inside = false;
            return Some(());
        }
        let ExprKind::Member(of, function) = &callee.kind else {
            return None;
        };
        let ExprKind::Name(of) = &of.kind else {
            return None;
        };
        match (&**of, &**function, arguments) {
            (
                "logger",
                "error" | "warn" | "warning" | "info" | "message" | "debug" | "trace",
                arguments,
            ) => {
                self.visit.logs = true;
                for argument in arguments {
                    self.eval(argument)?;
                }
                Some(())
            }
            ("action", "goTo", [outcome]) if !self.legacy => {
                let outcome = self.eval(outcome)?;
                self.action = Some(Said::GoTo(text(outcome)?));
                Some(())
            }
            ("nodeState", "putShared", [key, value]) if !self.legacy => self.puts(key, value),
            ("sharedState", "put", [key, value]) if self.legacy => self.puts(key, value),
            ("callbacksBuilder", "textOutputCallback", [kind, said]) if !self.legacy => {
                let sent = Sent::Text {
                    kind: self.kind(kind)?,
                    text: text(self.eval(said)?)?,
                };
                self.visit.sent.push(sent);
                Some(())
            }
            ("callbacksBuilder", "confirmationCallback", arguments) if !self.legacy => {
                let sent = self.confirmation(arguments)?;
                self.visit.sent.push(sent);
                Some(())
            }
            _ => None,
        }
    }

    fn key(&mut self, key: &Expr) -> Option<Rc<str>> {
        let key: Rc<str> = Rc::from(literal(key).filter(|key| is_key(key) && *key != "username")?);
        if !self.visit.keys.contains(&key) {
            self.visit.keys.push(Rc::clone(&key));
        }
        Some(key)
    }

    fn puts(&mut self, key: &'s Expr, value: &'s Expr) -> Option<()> {
        let key = self.key(key)?;
        let Val::Number(value) = self.eval(value)? else {
            return None;
        };
        self.visit.state.insert(key, value);
        Some(())
    }

    /// A number as it is written; what a count is compared with or grows by.
    fn literal_number(&mut self, expr: &Expr) -> Option<i64> {
        let number = integer(expr)?;
        let sum = self.visit.numbers.checked_add(number.checked_abs()?)?;
        self.visit.numbers = sum;
        Some(number)
    }

    fn kind(&mut self, expr: &'s Expr) -> Option<i64> {
        number(&self.eval(expr)?)
    }

    fn eval(&mut self, expr: &'s Expr) -> Option<Val> {
        match &expr.kind {
            ExprKind::Text(text) => Some(Val::Text(Rc::clone(text))),
            ExprKind::Number(_) | ExprKind::Unary("-", _) => {
                self.literal_number(expr).map(Val::Number)
            }
            ExprKind::Bool(truth) => Some(Val::Bool(*truth)),
            ExprKind::Null => Some(Val::Null),
            ExprKind::Name(name) if &**name == "undefined" => Some(Val::Undefined),
            ExprKind::Name(name) => self.names.get(name).cloned(),
            ExprKind::Array(list) => {
                let items: Option<Vec<Val>> = list.iter().map(|item| self.eval(item)).collect();
                items.map(Val::List)
            }
            ExprKind::Unary("!", of) => Some(Val::Bool(!truth(&self.eval(of)?)?)),
            ExprKind::Logical(sign, list) => self.logical(sign, list),
            ExprKind::Conditional(parts) => {
                let [test, then, other] = &**parts;
                if truth(&self.eval(test)?)? {
                    self.eval(then)
                } else {
                    self.eval(other)
                }
            }
            ExprKind::Binary(sign, list) => self.binary(sign, list),
            ExprKind::Member(of, name) => self.member(of, name),
            ExprKind::Index(pair) => {
                let [of, at] = &**pair;
                let Val::List(list) = self.eval(of)? else {
                    return None;
                };
                list.get(usize::try_from(integer(at)?).ok()?).cloned()
            }
            ExprKind::New(callee, arguments) => self.makes(expr, callee, arguments),
            ExprKind::Call(callee, arguments) => self.call(expr, callee, arguments),
            _ => None,
        }
    }

    fn logical(&mut self, sign: &str, list: &'s [Expr]) -> Option<Val> {
        let mut value = Val::Undefined;
        for (at, part) in list.iter().enumerate() {
            if at > 0 {
                let goes_on = match sign {
                    "&&" => truth(&value)?,
                    "||" => !truth(&value)?,
                    _ => matches!(value, Val::Null | Val::Undefined),
                };
                if !goes_on {
                    return Some(value);
                }
            }
            value = self.eval(part)?;
        }
        Some(value)
    }

    fn binary(&mut self, sign: &str, list: &'s [Expr]) -> Option<Val> {
        if sign == "+" {
            return self.sum(list);
        }
        let [left, right] = list else { return None };
        // One side is written out, so that a count grows and is compared by fixed steps.
        if sign == "-" && integer(right).is_none() {
            return None;
        }
        let (left, right) = (self.eval(left)?, self.eval(right)?);
        let ordered =
            |by: fn(&i64, &i64) -> bool| Some(Val::Bool(by(&number(&left)?, &number(&right)?)));
        match sign {
            "-" => number(&left)?.checked_sub(number(&right)?).map(Val::Number),
            "==" | "===" => Some(Val::Bool(equal(&left, &right, sign == "===")?)),
            "!=" | "!==" => Some(Val::Bool(!equal(&left, &right, sign == "!==")?)),
            "<" => ordered(i64::lt),
            "<=" => ordered(i64::le),
            ">" => ordered(i64::gt),
            ">=" => ordered(i64::ge),
            _ => None,
        }
    }

    fn sum(&mut self, list: &'s [Expr]) -> Option<Val> {
        let counts = list.iter().filter(|part| integer(part).is_none()).count();
        let values: Option<Vec<Val>> = list.iter().map(|part| self.eval(part)).collect();
        let values = values?;
        if values
            .iter()
            .any(|value| matches!(value, Val::Text(_) | Val::Some))
        {
            let texts: Option<String> = values
                .iter()
                .map(|value| match value {
                    Val::Text(text) => Some(&**text),
                    _ => None,
                })
                .collect();
            return Some(texts.map_or(Val::Some, |text| Val::Text(Rc::from(text))));
        }
        if counts > 1 {
            return None;
        }
        let mut sum = 0_i64;
        for value in &values {
            sum = sum.checked_add(number(value)?)?;
        }
        Some(Val::Number(sum))
    }

    fn class(&self, expr: &Expr) -> Option<Class> {
        if !self.legacy {
            return None;
        }
        let named = |name: &str| match self.names.get(name) {
            Some(Val::Imports(imports)) => Some(imports),
            _ => None,
        };
        java::class(expr, named, &self.open)
    }

    fn member(&mut self, of: &'s Expr, name: &str) -> Option<Val> {
        if let Some(class) = self.class(of) {
            let number = match (class, name) {
                (Class::TextOutput | Class::Confirmation, "INFORMATION")
                | (Class::Confirmation, "YES_NO_OPTION" | "YES") => 0,
                (Class::TextOutput | Class::Confirmation, "WARNING")
                | (Class::Confirmation, "NO") => 1,
                (Class::TextOutput | Class::Confirmation, "ERROR") => 2,
                _ => return None,
            };
            return Some(Val::Number(number));
        }
        match (self.eval(of)?, name) {
            (Val::Answered(at), "selectedIndex") => Some(Val::Number(at)),
            (Val::List(list), "length") => i64::try_from(list.len()).ok().map(Val::Number),
            _ => None,
        }
    }

    /// `new X(…)`, or without `new`.
    fn makes(&mut self, expr: &'s Expr, callee: &'s Expr, arguments: &'s [Expr]) -> Option<Val> {
        if self.legacy
            && let Some(imports) = java::importer(expr)
        {
            return Some(Val::Imports(imports));
        }
        match (self.class(callee)?, arguments) {
            (Class::TextOutput, [kind, said]) => Some(Val::Sent(Sent::Text {
                kind: self.kind(kind)?,
                text: text(self.eval(said)?)?,
            })),
            (Class::Confirmation, arguments) => self.confirmation(arguments).map(Val::Sent),
            _ => None,
        }
    }

    /// `[prompt,] kind, options, default`
    fn confirmation(&mut self, arguments: &'s [Expr]) -> Option<Sent> {
        let (prompt, kind, options, default) = match arguments {
            [prompt, kind, options, default] => (Some(prompt), kind, options, default),
            [kind, options, default] => (None, kind, options, default),
            _ => return None,
        };
        let prompt = match prompt {
            Some(prompt) => text(self.eval(prompt)?)?,
            None => Rc::from(""),
        };
        let kind = self.kind(kind)?;
        let options = match self.eval(options)? {
            Val::Number(0) => vec![Rc::from("Yes"), Rc::from("No")],
            Val::List(list) => {
                let options: Option<Vec<Rc<str>>> = list.into_iter().map(text).collect();
                options?
            }
            _ => return None,
        };
        let default = number(&self.eval(default)?)?;
        Some(Sent::Confirmation {
            prompt,
            kind,
            options,
            default,
        })
    }

    fn call(&mut self, expr: &'s Expr, callee: &'s Expr, arguments: &'s [Expr]) -> Option<Val> {
        if let ExprKind::Name(name) = &callee.kind {
            return match (&**name, arguments) {
                ("parseInt", [of] | [of, _]) | ("Number", [of]) => {
                    if let [_, base] = arguments
                        && integer(base) != Some(10)
                    {
                        return None;
                    }
                    match self.eval(of)? {
                        Val::Number(number) => Some(Val::Number(number)),
                        _ => None,
                    }
                }
                _ => self.makes(expr, callee, arguments),
            };
        }
        let ExprKind::Member(of, name) = &callee.kind else {
            return None;
        };
        if let ExprKind::Name(binding) = &of.kind
            && let Some(value) = self.asks(binding, name, arguments)
        {
            return Some(value);
        }
        match (self.class(of), &**name, arguments) {
            (Some(Class::Action), "goTo", [outcome]) => {
                let outcome = text(self.eval(outcome)?)?;
                return Some(Val::Action(Said::Unbuilt(Box::new(Said::GoTo(outcome)))));
            }
            (Some(Class::Action), "send", arguments) => {
                let sent: Option<Vec<Val>> = arguments.iter().map(|sent| self.eval(sent)).collect();
                let sent = match sent?.as_slice() {
                    [Val::List(list)] => list.clone(),
                    sent => sent.to_vec(),
                };
                let sent: Option<Vec<Sent>> = sent
                    .into_iter()
                    .map(|sent| match sent {
                        Val::Sent(sent) => Some(sent),
                        _ => None,
                    })
                    .collect();
                return Some(Val::Action(Said::Unbuilt(Box::new(Said::Send(sent?)))));
            }
            (None, ..) => {}
            _ => return self.makes(expr, callee, arguments),
        }
        match (self.eval(of), &**name, arguments) {
            (Some(Val::Action(Said::Unbuilt(said))), "build", []) => Some(Val::Action(*said)),
            (Some(Val::Answered(at)), "getSelectedIndex", []) => Some(Val::Number(at)),
            (Some(Val::List(list)), "get", [at]) => {
                list.get(usize::try_from(integer(at)?).ok()?).cloned()
            }
            _ => self.makes(expr, callee, arguments),
        }
    }

    /// What a binding is asked.
    fn asks(&mut self, binding: &str, name: &str, arguments: &'s [Expr]) -> Option<Val> {
        let (legacy, answer) = (self.legacy, self.answer);
        match (binding, name, arguments) {
            ("nodeState", "get", [key]) if !legacy => self.looks_up(key),
            ("sharedState", "get", [key]) if legacy => self.looks_up(key),
            ("nodeState", "isDefined", [key]) if !legacy => {
                Some(Val::Bool(self.looks_up(key)? != Val::Null))
            }
            ("sharedState", "containsKey", [key]) if legacy => {
                Some(Val::Bool(self.looks_up(key)? != Val::Null))
            }
            ("callbacks", "isEmpty", []) => {
                self.visit.asks = true;
                Some(Val::Bool(answer.is_none()))
            }
            ("callbacks", "getConfirmationCallbacks", []) if !legacy => {
                self.visit.asks = true;
                Some(Val::List(vec![Val::Number(answer?)]))
            }
            ("callbacks", "get", [at]) if legacy && integer(at) == Some(1) => {
                self.visit.asks = true;
                answer.map(Val::Answered)
            }
            _ => None,
        }
    }

    fn looks_up(&mut self, key: &'s Expr) -> Option<Val> {
        self.visit.reads = true;
        let key = self.key(key)?;
        Some(
            self.visit
                .state
                .get(&key)
                .map_or(Val::Null, |n| Val::Number(*n)),
        )
    }
}
