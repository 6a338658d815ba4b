//! What a script decides, as a tree of conditions.

use std::{collections::BTreeMap, rc::Rc};

use wayfare::Generation;

use super::{
    condition::{Condition, Names, Reader},
    is_name, literal, quoted,
};
use crate::facts::tree::{Expr, ExprKind, Script, Stmt, StmtKind};

/// How many ways through a script are laid out.
const WAYS_MAX: usize = 16;

/// What is decided.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Leave(Rc<str>),
    If(Condition, Box<Tree>, Box<Tree>),
}

/// What a script does.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) tree: Tree,
    /// The fixed values that it writes to shared state.
    pub(super) puts: BTreeMap<String, String>,
    pub(super) but: Vec<String>,
}

struct Planner<'s> {
    script: &'s Script,
    legacy: bool,
    puts: BTreeMap<String, String>,
    but: Vec<String>,
    ways: usize,
    branches: bool,
}

/// Where the planner is: what names stand for, and what was said.
#[derive(Clone, Default)]
struct Here<'s> {
    names: Names<'s>,
    variable: Option<Rc<str>>,
    action: Option<Rc<str>>,
}

/// What a script does; none where it does more than can be said.
pub(super) fn plan(script: &Script, generation: Generation) -> Option<Plan> {
    let mut planner = Planner {
        script,
        legacy: generation == Generation::First,
        puts: BTreeMap::new(),
        but: Vec::new(),
        ways: 0,
        branches: false,
    };
    let body: Vec<&Stmt> = script.body.iter().collect();
    let tree = planner.tree(&body, Here::default())?;
    // A write on some ways only is none of `SetState`.
    if planner.branches && !planner.puts.is_empty() {
        return None;
    }
    Some(Plan {
        tree,
        puts: planner.puts,
        but: planner.but,
    })
}

/// The tree as arms in order; the last one has no condition.
pub(super) fn arms(tree: Tree) -> Vec<(Option<Condition>, Rc<str>)> {
    let mut arms = Vec::new();
    let mut open: Vec<(Vec<Condition>, Tree)> = vec![(Vec::new(), tree)];
    // BOUND: a tree has as many nodes as ways.
    while let Some((before, tree)) = open.pop() {
        match tree {
            Tree::Leave(outcome) => {
                arms.push((together(before), outcome));
            }
            Tree::If(condition, then, other) => {
                let mut inside = before.clone();
                inside.push(condition);
                open.push((before, *other));
                open.push((inside, *then));
            }
        }
    }
    // An arm that leads where the rest leads says nothing.
    while let [.., before, last] = arms.as_slice()
        && before.1 == last.1
    {
        let at = arms.len() - 2;
        arms.remove(at);
    }
    arms
}

/// All of these, each once.
fn together(conditions: Vec<Condition>) -> Option<Condition> {
    let mut parts: Vec<Condition> = Vec::new();
    let mut open: Vec<Condition> = conditions.into_iter().rev().collect();
    // BOUND: each part of a condition is looked at once.
    while let Some(condition) = open.pop() {
        match condition {
            Condition::All(inner) => open.extend(inner.into_iter().rev()),
            other if parts.contains(&other) => {}
            other => parts.push(other),
        }
    }
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(Condition::All(parts)),
    }
}

impl<'s> Planner<'s> {
    fn tree(&mut self, body: &[&'s Stmt], mut here: Here<'s>) -> Option<Tree> {
        let mut rest = body;
        // BOUND: each turn takes a statement.
        while let Some((first, then)) = rest.split_first() {
            rest = then;
            match &first.kind {
                StmtKind::Empty => {}
                StmtKind::Block(inner) => {
                    let whole: Vec<&Stmt> = inner.iter().chain(rest.iter().copied()).collect();
                    return self.tree(&whole, here);
                }
                StmtKind::Declare(list) => {
                    for (target, value) in list {
                        let ExprKind::Name(name) = &target.kind else {
                            return None;
                        };
                        let Some(value) = value else { continue };
                        self.declares(&mut here, name, value)?;
                    }
                }
                StmtKind::With(object, inner) if self.is_importer(object, &here) => {
                    let mut whole: Vec<&Stmt> = vec![inner];
                    whole.extend(rest);
                    return self.tree(&whole, here);
                }
                StmtKind::If(arms, other) => {
                    return self.branch(arms, other.as_deref(), rest, &here);
                }
                StmtKind::Expr(expr) => {
                    if let Some(body) = self.called_at_once(expr).filter(|_| rest.is_empty()) {
                        let body: Vec<&Stmt> = body.iter().collect();
                        return self.tree(&body, here);
                    }
                    self.does(expr, &mut here)?;
                }
                StmtKind::Return(None) => break,
                _ => return None,
            }
        }
        self.ways += 1;
        if self.ways > WAYS_MAX {
            return None;
        }
        here.action.or(here.variable).map(Tree::Leave)
    }

    fn branch(
        &mut self,
        arms: &'s [(Expr, Stmt)],
        other: Option<&'s Stmt>,
        rest: &[&'s Stmt],
        here: &Here<'s>,
    ) -> Option<Tree> {
        self.branches = true;
        let mut made: Vec<(Condition, Tree)> = Vec::new();
        for (test, then) in arms {
            let mut reader = Reader {
                names: &here.names,
                legacy: self.legacy,
                but: &mut self.but,
            };
            let condition = reader.condition(test)?;
            let mut whole = vec![then];
            whole.extend(rest);
            made.push((condition, self.tree(&whole, here.clone())?));
        }
        let mut whole: Vec<&Stmt> = other.into_iter().collect();
        whole.extend(rest);
        let last = self.tree(&whole, here.clone())?;
        let tree = made
            .into_iter()
            .rev()
            .fold(last, |other, (condition, then)| {
                if then == other {
                    return other;
                }
                Tree::If(condition, Box::new(then), Box::new(other))
            });
        Some(tree)
    }

    /// The body of a function that is written to be called once.
    fn called_at_once(&self, expr: &'s Expr) -> Option<&'s [Stmt]> {
        let ExprKind::Call(callee, arguments) = &expr.kind else {
            return None;
        };
        let ExprKind::Function(function) = &callee.kind else {
            return None;
        };
        let function = self.script.functions.get(*function)?;
        let is_plain = arguments.is_empty() && function.params.is_empty();
        is_plain.then_some(&*function.body)
    }

    fn is_importer(&self, expr: &Expr, here: &Here<'s>) -> bool {
        let expr = match &expr.kind {
            ExprKind::Name(name) => here.names.get(name).copied().unwrap_or(expr),
            _ => expr,
        };
        let ExprKind::Call(callee, _) = &expr.kind else {
            return false;
        };
        self.legacy && matches!(&callee.kind, ExprKind::Name(name) if &**name == "JavaImporter")
    }

    fn declares(&mut self, here: &mut Here<'s>, name: &Rc<str>, value: &'s Expr) -> Option<()> {
        if &**name == "outcome" {
            here.variable = Some(Rc::from(literal(value)?));
            return Some(());
        }
        let reader = Reader {
            names: &here.names,
            legacy: self.legacy,
            but: &mut self.but,
        };
        let is_read = reader.read(value).is_some();
        if !is_read && literal(value).is_none() && !self.is_importer(value, here) {
            return None;
        }
        here.names.insert(Rc::clone(name), value);
        Some(())
    }

    /// One thing that is done: an outcome is named, a value written, a line logged.
    fn does(&mut self, expr: &'s Expr, here: &mut Here<'s>) -> Option<()> {
        match &expr.kind {
            ExprKind::Assign("=", pair) => {
                let [target, value] = &**pair;
                let ExprKind::Name(name) = &target.kind else {
                    return None;
                };
                match &**name {
                    "outcome" => here.variable = Some(Rc::from(literal(value)?)),
                    "action" if self.legacy => here.action = Some(goes_to(value)?),
                    _ => return None,
                }
                Some(())
            }
            ExprKind::Call(callee, arguments) => {
                let ExprKind::Member(of, function) = &callee.kind else {
                    return None;
                };
                let ExprKind::Name(of) = &of.kind else {
                    return None;
                };
                match (&**of, &**function, arguments.as_slice()) {
                    ("logger", ..) => {
                        let lost = "what the script logs is not logged";
                        if !self.but.iter().any(|but| but == lost) {
                            self.but.push(lost.to_owned());
                        }
                        arguments.iter().all(is_harmless).then_some(())
                    }
                    ("action", "goTo", [outcome]) if !self.legacy => {
                        here.action = Some(Rc::from(literal(outcome)?));
                        Some(())
                    }
                    ("nodeState", "putShared", [key, value]) => self.puts(key, value),
                    ("sharedState", "put", [key, value]) if self.legacy => self.puts(key, value),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn puts(&mut self, key: &Expr, value: &Expr) -> Option<()> {
        let key = literal(key)?;
        // Who is there is no value to be set.
        if key == "username" || key == "objectAttributes" {
            return None;
        }
        let value = match &value.kind {
            ExprKind::Text(text) => quoted(text)?,
            ExprKind::Bool(truth) => truth.to_string(),
            ExprKind::Number(number) if number.fract() == 0.0 && number.abs() < 1e9 => {
                format!("{number}")
            }
            _ => return None,
        };
        let key = if is_name(key) {
            key.to_owned()
        } else {
            quoted(key)?
        };
        self.puts.insert(key, value);
        Some(())
    }
}

/// The outcome of `Action.goTo("x").build()`.
fn goes_to(expr: &Expr) -> Option<Rc<str>> {
    let ExprKind::Call(callee, arguments) = &expr.kind else {
        return None;
    };
    let ExprKind::Member(of, name) = &callee.kind else {
        return None;
    };
    match (&**name, arguments.as_slice()) {
        ("build", []) => goes_to(of),
        ("goTo", [outcome]) => {
            let is_action = match &of.kind {
                ExprKind::Name(name) | ExprKind::Member(_, name) => &**name == "Action",
                _ => false,
            };
            is_action.then(|| literal(outcome).map(Rc::from)).flatten()
        }
        _ => None,
    }
}

/// Whether computing it does nothing: texts, names and reads put together.
fn is_harmless(expr: &Expr) -> bool {
    let mut open = vec![expr];
    // BOUND: each part is looked at once.
    while let Some(part) = open.pop() {
        match &part.kind {
            ExprKind::Text(_)
            | ExprKind::Number(_)
            | ExprKind::Bool(_)
            | ExprKind::Null
            | ExprKind::Name(_) => {}
            ExprKind::Binary("+", list) => open.extend(list),
            ExprKind::Template(_, parts) => open.extend(parts),
            ExprKind::Call(callee, arguments) => {
                let is_get = matches!(&callee.kind, ExprKind::Member(_, name) if &**name == "get");
                if !is_get {
                    return false;
                }
                open.extend(arguments);
            }
            _ => return false,
        }
    }
    true
}
