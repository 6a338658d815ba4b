//! What a script decides, as a tree of conditions.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use wayfare::Generation;

use super::{
    But,
    but::Buts,
    condition::{Condition, Known, Names, Reader, integer},
    is_binding, is_key, is_name,
    java::{self, Class, Imports},
    literal, quoted,
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
    pub(super) but: Vec<But>,
}

struct Planner<'s> {
    script: &'s Script,
    legacy: bool,
    puts: BTreeMap<String, String>,
    buts: Buts,
    ways: usize,
    branches: bool,
}

/// Where the planner is: what names stand for, what is known, and what was said.
#[derive(Clone, Default)]
struct Here<'s> {
    names: Names<'s>,
    importers: BTreeMap<Rc<str>, Imports>,
    /// What can be named without an importer.
    open: Imports,
    known: Known,
    variable: Option<Rc<str>>,
    action: Option<Rc<str>>,
    /// Whether this is within a function, where a declared `outcome` is not the one that is read.
    inside: bool,
    /// Whether this is within a block, where it might not be.
    nested: bool,
}

/// What an outcome is named by.
#[derive(Clone, Copy)]
enum By {
    Variable,
    Action,
}

/// What a script does; none where it does more than can be said.
pub(super) fn plan(script: &Script, generation: Generation) -> Option<Plan> {
    let mut planner = Planner {
        script,
        legacy: generation == Generation::First,
        puts: BTreeMap::new(),
        buts: Buts::default(),
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
        but: planner.buts.0,
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
                    here.nested = true;
                    return self.tree(&whole, here);
                }
                StmtKind::Declare(list) => {
                    for (target, value) in list {
                        let ExprKind::Name(name) = &target.kind else {
                            return None;
                        };
                        if &**name == "outcome" && (here.inside || here.nested) {
                            return None;
                        }
                        let Some(value) = value else { continue };
                        if let ([_], "outcome", ExprKind::Conditional(parts)) =
                            (list.as_slice(), &**name, &value.kind)
                        {
                            return self.choose(parts, By::Variable, rest, here);
                        }
                        self.declares(&mut here, name, value)?;
                    }
                }
                StmtKind::With(object, inner) => {
                    here.open.extend(imports(object, &here)?.iter().cloned());
                    let mut whole: Vec<&Stmt> = vec![inner];
                    whole.extend(rest);
                    return self.tree(&whole, here);
                }
                StmtKind::If(arms, other) => {
                    return self.branch(arms, other.as_deref(), rest, here);
                }
                StmtKind::Expr(expr) => {
                    if let Some(body) = self.called_at_once(expr).filter(|_| rest.is_empty()) {
                        let body: Vec<&Stmt> = body.iter().collect();
                        here.inside = true;
                        return self.tree(&body, here);
                    }
                    if let Some((parts, by)) = self.chosen(expr) {
                        return self.choose(parts, by, rest, here);
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

    fn condition(&mut self, test: &'s Expr, here: &Here<'s>) -> Option<Condition> {
        let mut reader = Reader {
            names: &here.names,
            legacy: self.legacy,
            buts: &mut self.buts,
        };
        reader.condition(test, &here.known)
    }

    fn branch(
        &mut self,
        arms: &'s [(Expr, Stmt)],
        other: Option<&'s Stmt>,
        rest: &[&'s Stmt],
        mut here: Here<'s>,
    ) -> Option<Tree> {
        self.branches = true;
        here.nested = true;
        let mut made: Vec<(Condition, Tree)> = Vec::new();
        for (test, then) in arms {
            let condition = self.condition(test, &here)?;
            let mut inside = here.clone();
            inside.known.learn(&condition, true);
            here.known.learn(&condition, false);
            let mut whole = vec![then];
            whole.extend(rest);
            made.push((condition, self.tree(&whole, inside)?));
        }
        let mut whole: Vec<&Stmt> = other.into_iter().collect();
        whole.extend(rest);
        let last = self.tree(&whole, here)?;
        Some(made.into_iter().rev().fold(last, either))
    }

    /// `outcome = a ? "b" : "c"`, and the like of actions.
    fn chosen(&self, expr: &'s Expr) -> Option<(&'s [Expr; 3], By)> {
        let (value, by) = match &expr.kind {
            ExprKind::Assign("=", pair) => {
                let [target, value] = &**pair;
                let is_outcome =
                    matches!(&target.kind, ExprKind::Name(name) if &**name == "outcome");
                (value, is_outcome.then_some(By::Variable)?)
            }
            ExprKind::Call(callee, arguments) if !self.legacy => {
                let ExprKind::Member(of, name) = &callee.kind else {
                    return None;
                };
                let is_action = matches!(&of.kind, ExprKind::Name(of) if &**of == "action");
                let [value] = arguments.as_slice() else {
                    return None;
                };
                (
                    value,
                    (is_action && &**name == "goTo").then_some(By::Action)?,
                )
            }
            _ => return None,
        };
        match &value.kind {
            ExprKind::Conditional(parts) => Some((parts, by)),
            _ => None,
        }
    }

    fn choose(
        &mut self,
        parts: &'s [Expr; 3],
        by: By,
        rest: &[&'s Stmt],
        mut here: Here<'s>,
    ) -> Option<Tree> {
        self.branches = true;
        let [test, then, other] = parts;
        let condition = self.condition(test, &here)?;
        let said = |mut here: Here<'s>, outcome: &Expr| {
            let outcome = Some(Rc::from(literal(outcome)?));
            match by {
                By::Variable => here.variable = outcome,
                By::Action => here.action = outcome,
            }
            Some(here)
        };
        let mut inside = here.clone();
        inside.known.learn(&condition, true);
        here.known.learn(&condition, false);
        let then = self.tree(rest, said(inside, then)?)?;
        let other = self.tree(rest, said(here, other)?)?;
        Some(either(other, (condition, then)))
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

    fn declares(&mut self, here: &mut Here<'s>, name: &Rc<str>, value: &'s Expr) -> Option<()> {
        if &**name == "outcome" {
            here.variable = Some(Rc::from(literal(value)?));
            return Some(());
        }
        if is_binding(name, self.legacy) {
            return None;
        }
        if self.legacy
            && let Some(imports) = java::importer(value)
        {
            here.importers.insert(Rc::clone(name), imports);
            return Some(());
        }
        if literal(value).is_none() {
            self.reads(value, here)?;
        }
        here.names.insert(Rc::clone(name), value);
        Some(())
    }

    /// Reads a value where the script does, which may fail there.
    fn reads(&mut self, value: &'s Expr, here: &mut Here<'s>) -> Option<()> {
        let mut reader = Reader {
            names: &here.names,
            legacy: self.legacy,
            buts: &mut self.buts,
        };
        let read = reader.read(value)?;
        reader.looks(&read, &here.known)?;
        if let Some(there) = read.proved() {
            here.known.learn(&there, true);
        }
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
                    "action" if self.legacy => here.action = Some(goes_to(value, here)?),
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
                    (
                        "logger",
                        "error" | "warn" | "warning" | "info" | "message" | "debug" | "trace",
                        _,
                    ) => {
                        self.buts.note(But::Logs);
                        arguments
                            .iter()
                            .try_for_each(|argument| self.is_said(argument, here))
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

    /// What is logged: texts, names and reads put together, which do nothing but perhaps fail.
    fn is_said(&mut self, expr: &'s Expr, here: &mut Here<'s>) -> Option<()> {
        let mut open = vec![expr];
        // BOUND: each part is looked at once.
        while let Some(part) = open.pop() {
            match &part.kind {
                ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Null => {}
                ExprKind::Name(name) => {
                    here.names.get(name)?;
                }
                ExprKind::Binary("+", list) => open.extend(list),
                ExprKind::Template(_, parts) => open.extend(parts),
                _ => self.reads(part, here)?,
            }
        }
        Some(())
    }

    fn puts(&mut self, key: &Expr, value: &Expr) -> Option<()> {
        let key = literal(key)?;
        // Who is there is no value to be set.
        if key == "username" || !is_key(key) {
            return None;
        }
        let value = match &value.kind {
            ExprKind::Text(text) => quoted(text)?,
            ExprKind::Bool(truth) => truth.to_string(),
            _ => integer(value)?.to_string(),
        };
        self.buts.note(But::Hidden(Arc::from(key)));
        let key = if is_name(key) {
            key.to_owned()
        } else {
            quoted(key)?
        };
        self.puts.insert(key, value);
        Some(())
    }
}

/// A decision, or none where both ways are the same.
fn either(other: Tree, (condition, then): (Condition, Tree)) -> Tree {
    if then == other {
        return other;
    }
    Tree::If(condition, Box::new(then), Box::new(other))
}

/// What the object of a `with` opens.
fn imports(object: &Expr, here: &Here<'_>) -> Option<Imports> {
    match &object.kind {
        ExprKind::Name(name) => here.importers.get(name).cloned(),
        _ => java::importer(object),
    }
}

/// The outcome of `Action.goTo("x").build()`.
fn goes_to(expr: &Expr, here: &Here<'_>) -> Option<Rc<str>> {
    let built = called(expr, "build")?;
    let ([], of) = built else { return None };
    let ([outcome], of) = called(of, "goTo")? else {
        return None;
    };
    let class = java::class(of, |name| here.importers.get(name), &here.open)?;
    let outcome = literal(outcome)?;
    (class == Class::Action).then(|| Rc::from(outcome))
}

/// The arguments of a call of this name, and of what it is called.
fn called<'e>(expr: &'e Expr, name: &str) -> Option<(&'e [Expr], &'e Expr)> {
    match &expr.kind {
        ExprKind::Call(callee, arguments) => match &callee.kind {
            ExprKind::Member(of, member) if &**member == name => Some((arguments, of)),
            _ => None,
        },
        _ => None,
    }
}
