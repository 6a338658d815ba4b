//! Running a script over what its values may be: statements.
//!
//! In: a tree. Out: the states in which it may end, and what it touched on the way. Loops are run until
//! nothing new may be; whatever is not understood gives the script up, so that nothing is ever left out.

mod call;
mod eval;
mod host;
mod notes;

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

pub(super) use notes::{Note, Notes};

use super::{
    Generation,
    parse::names_of,
    problem::Unreadable,
    state::{States, Variable},
    tree::{Expr, ExprKind, Function, Key, Script, Stmt, StmtKind},
    value::Value,
};

/// How many steps are taken for one script, and how deep.
const STEPS_MAX: u32 = 60_000;
const DEPTH_MAX: u32 = 300;
/// How many things that values may be are put together in the time of a step.
const WEIGHT: u32 = 64;

/// How often a loop is run until nothing new may be.
const ROUNDS_MAX: u32 = 24;

type Ran<T> = Result<T, Unreadable>;

/// A loop, a switch or a block with a name that can be left.
struct Target {
    labels: Vec<Rc<str>>,
    is_loop: bool,
    is_switch: bool,
    broke: States,
    continued: States,
}

/// A function that is being run.
struct Frame {
    function: usize,
    this: Value,
    returned: Value,
    exits: States,
}

/// A run of a script.
pub(super) struct Runner<'s> {
    script: &'s Script,
    generation: Generation,
    /// Whether this is the first pass of a visit: nothing was answered yet.
    is_first: bool,
    steps: u32,
    /// What was put together since the last step.
    weight: Cell<u32>,
    depth: u32,
    frames: Vec<Frame>,
    targets: Vec<Target>,
    /// What an exception brings to the `catch` around.
    handlers: Vec<States>,
    /// The labels of the statement that comes next.
    labels: Vec<Rc<str>>,
    /// The members of objects, by where these are made.
    members: BTreeMap<(usize, Rc<str>), Value>,
    /// Whatever else does something and lies in an object, a list or a map.
    stored: Value,
    /// Functions of which several runs may be alive at a time.
    plural: BTreeSet<usize>,
    entered: BTreeSet<usize>,
    /// The maps of the state whose entries, which can be written into, were handed out.
    pub(super) entries: BTreeSet<super::value::Part>,
    pub(super) notes: Notes,
}

/// Runs a script: the states in which it ends.
pub(super) fn run(script: &Script, generation: Generation, is_first: bool) -> Ran<(States, Notes)> {
    let mut runner = Runner {
        script,
        generation,
        is_first,
        steps: 0,
        weight: Cell::new(0),
        depth: 0,
        frames: Vec::new(),
        targets: Vec::new(),
        handlers: Vec::new(),
        labels: Vec::new(),
        members: BTreeMap::new(),
        stored: Value::default(),
        plural: BTreeSet::new(),
        entered: BTreeSet::new(),
        entries: BTreeSet::new(),
        notes: Notes::default(),
    };
    for _ in 0..ROUNDS_MAX {
        let before = (
            runner.members.clone(),
            runner.stored.clone(),
            runner.plural.clone(),
        );
        runner.notes = Notes::default();
        runner.entered = BTreeSet::new();
        let mut states = States::start();
        runner.block(&script.body, &mut states)?;
        let after = (&runner.members, &runner.stored, &runner.plural);
        if (&before.0, &before.1, &before.2) == after {
            return Ok((states, runner.notes));
        }
    }
    Err(Unreadable::new(1, "its objects are too entangled"))
}

impl<'s> Runner<'s> {
    /// Counts that a value is looked through: what a script hands out may be found again wherever it looks, so
    /// that each of its lines takes as long as it has objects.
    fn weigh(&self, value: &Value) {
        self.put_on(value.things());
    }

    /// The same of what variables may hold, where ways come together.
    fn weigh_all(&self, states: &States) {
        self.put_on(states.things());
    }

    fn put_on(&self, things: usize) {
        let things = u32::try_from(things).unwrap_or(u32::MAX);
        self.weight.set(self.weight.get().saturating_add(things));
    }

    fn step(&mut self, line: u32) -> Ran<()> {
        let weight = self.weight.get();
        self.weight.set(weight % WEIGHT);
        self.steps = self.steps.saturating_add(1 + weight / WEIGHT);
        if self.steps > STEPS_MAX {
            return Err(Unreadable::new(line, "it does too much"));
        }
        Ok(())
    }

    fn function(&self, at: usize) -> Option<&'s Function> {
        self.script.functions.get(at)
    }

    /// The variable that a name means here; none where nothing declares it.
    fn variable(&self, name: &Rc<str>) -> Option<Variable> {
        let mut scope = self.frames.last().map(|frame| frame.function);
        // BOUND: a function stands in one that was begun before it.
        while let Some(at) = scope {
            let function = self.function(at)?;
            if function.names.contains(name) {
                return Some((at + 1, Rc::clone(name)));
            }
            scope = function.parent;
        }
        let is_global = self.script.globals.contains(name);
        is_global.then(|| (0, Rc::clone(name)))
    }

    fn is_weak(&self, variable: &Variable) -> bool {
        variable
            .0
            .checked_sub(1)
            .is_some_and(|function| self.plural.contains(&function))
    }

    /// What was reached may fail here, so whatever catches it may go on from here.
    fn may_throw(&mut self, st: &States) {
        if let Some(handler) = self.handlers.last_mut() {
            handler.join(st.clone());
        }
    }

    /// Functions first, for they can be called before they stand there.
    fn block(&mut self, body: &'s [Stmt], st: &mut States) -> Ran<()> {
        for stmt in body {
            if let StmtKind::Function(name, function) = &stmt.kind {
                self.assign_name(name, &Value::function(*function), st, stmt.line)?;
            }
        }
        for stmt in body {
            if st.is_dead() {
                break;
            }
            self.statement(stmt, st)?;
        }
        Ok(())
    }

    fn statement(&mut self, stmt: &'s Stmt, st: &mut States) -> Ran<()> {
        self.step(stmt.line)?;
        let labels = std::mem::take(&mut self.labels);
        match &stmt.kind {
            StmtKind::Empty | StmtKind::Function(..) => {}
            StmtKind::Expr(expr) => {
                self.eval(expr, st)?;
            }
            StmtKind::Declare(list) => self.declare(list, st)?,
            StmtKind::Return(value) => {
                let value = match value {
                    Some(value) => self.eval(value, st)?,
                    None => Value::nothing(),
                };
                let left = st.take();
                match self.frames.last_mut() {
                    Some(frame) => {
                        frame.returned.join(&value);
                        frame.exits.join(left);
                    }
                    None => return Err(Unreadable::new(stmt.line, "it returns from nothing")),
                }
            }
            StmtKind::If(arms, other) => self.arms(arms, other.as_deref(), st)?,
            StmtKind::Break(label) => self.jump(label.as_ref(), true, stmt.line, st)?,
            StmtKind::Continue(label) => self.jump(label.as_ref(), false, stmt.line, st)?,
            StmtKind::Throw(value) => {
                let value = self.eval(value, st)?;
                self.stored.join(&value.blurred());
                self.may_throw(st);
                st.take();
            }
            StmtKind::Try {
                block,
                param,
                catch,
                finally,
            } => {
                if finally.is_some() {
                    return Err(Unreadable::new(stmt.line, "`finally` is not followed"));
                }
                self.attempt(
                    block,
                    param.as_ref(),
                    catch.as_deref().unwrap_or_default(),
                    st,
                )?;
            }
            StmtKind::Switch(of, cases) => self.switch(of, cases, st)?,
            StmtKind::Block(body) => {
                self.leavable(labels, false, st, |runner, st| runner.block(body, st))?;
            }
            StmtKind::Labeled(label, inner) => {
                self.labels = labels;
                self.labels.push(Rc::clone(label));
                self.statement(inner, st)?;
            }
            StmtKind::With(object, body) => self.with(object, body, st)?,
            StmtKind::For { .. }
            | StmtKind::ForEach { .. }
            | StmtKind::While(..)
            | StmtKind::DoWhile(..) => self.repeat(stmt, labels, st)?,
        }
        Ok(())
    }

    fn declare(&mut self, list: &'s [(Expr, Option<Expr>)], st: &mut States) -> Ran<()> {
        for (target, value) in list {
            if let Some(value) = value {
                let value = self.eval(value, st)?;
                self.assign(target, &value, st)?;
            }
        }
        Ok(())
    }

    fn arms(
        &mut self,
        arms: &'s [(Expr, Stmt)],
        other: Option<&'s Stmt>,
        st: &mut States,
    ) -> Ran<()> {
        let mut out = States::default();
        for (test, then) in arms {
            let (mut taken, passed) = self.branch(test, st.take())?;
            if !taken.is_dead() {
                self.statement(then, &mut taken)?;
            }
            out.join(taken);
            *st = passed;
        }
        if let Some(other) = other
            && !st.is_dead()
        {
            self.statement(other, st)?;
        }
        st.join(out);
        Ok(())
    }

    /// The states behind a condition where it holds, and where it does not.
    pub(super) fn branch(&mut self, test: &'s Expr, mut st: States) -> Ran<(States, States)> {
        match &test.kind {
            ExprKind::Logical(sign @ ("&&" | "||"), list) => {
                let mut out = States::default();
                for part in list {
                    if st.is_dead() {
                        break;
                    }
                    let (holds, fails) = self.branch(part, st)?;
                    let (goes_on, stops) = if *sign == "&&" {
                        (holds, fails)
                    } else {
                        (fails, holds)
                    };
                    out.join(stops);
                    st = goes_on;
                }
                Ok(if *sign == "&&" { (st, out) } else { (out, st) })
            }
            ExprKind::Unary("!", of) => {
                let (holds, fails) = self.branch(of, st)?;
                Ok((fails, holds))
            }
            _ => {
                let value = self.eval(test, &mut st)?;
                let (may_hold, may_fail) = value.truths();
                Ok(match (may_hold, may_fail) {
                    (true, false) => (st, States::default()),
                    (false, true) => (States::default(), st),
                    _ => (st.clone(), st),
                })
            }
        }
    }

    fn jump(
        &mut self,
        label: Option<&Rc<str>>,
        breaks: bool,
        line: u32,
        st: &mut States,
    ) -> Ran<()> {
        let meant = |target: &&mut Target| match label {
            Some(label) => target.labels.contains(label),
            None => target.is_loop || breaks && target.is_switch,
        };
        let Some(target) = self.targets.iter_mut().rev().find(meant) else {
            return Err(Unreadable::new(line, "it leaves what is not there"));
        };
        if breaks {
            target.broke.join(st.take());
        } else {
            target.continued.join(st.take());
        }
        Ok(())
    }

    /// Runs what can be left by `break`.
    fn leavable(
        &mut self,
        labels: Vec<Rc<str>>,
        is_switch: bool,
        st: &mut States,
        body: impl FnOnce(&mut Self, &mut States) -> Ran<()>,
    ) -> Ran<()> {
        self.targets.push(Target {
            labels,
            is_loop: false,
            is_switch,
            broke: States::default(),
            continued: States::default(),
        });
        body(self, st)?;
        if let Some(target) = self.targets.pop() {
            st.join(target.broke);
        }
        Ok(())
    }

    fn attempt(
        &mut self,
        block: &'s [Stmt],
        param: Option<&'s Expr>,
        catch: &'s [Stmt],
        st: &mut States,
    ) -> Ran<()> {
        self.handlers.push(st.clone());
        self.block(block, st)?;
        let mut caught = self.handlers.pop().unwrap_or_default();
        if let Some(param) = param {
            let thrown = Value::data().or(&self.anything());
            self.assign(param, &thrown, &mut caught)?;
        }
        self.block(catch, &mut caught)?;
        st.join(caught);
        Ok(())
    }

    fn switch(
        &mut self,
        of: &'s Expr,
        cases: &'s [(Option<Expr>, Vec<Stmt>)],
        st: &mut States,
    ) -> Ran<()> {
        let value = self.eval(of, st)?;
        self.leavable(Vec::new(), true, st, |runner, st| {
            let has_default = cases.iter().any(|(test, _)| test.is_none());
            let entry = st.take();
            let mut all_known = true;
            let mut taken_for_sure = false;
            for (test, body) in cases {
                let mut enters = true;
                if let Some(test) = test {
                    let mut at = entry.clone();
                    let test = runner.eval(test, &mut at)?;
                    let (may_hold, may_fail) = value.compare("===", &test).truths();
                    enters = may_hold && !taken_for_sure;
                    taken_for_sure |= !may_fail;
                    all_known &= !(may_hold && may_fail);
                }
                if enters {
                    st.join(entry.clone());
                }
                if !st.is_dead() {
                    runner.block(body, st)?;
                }
            }
            if !(has_default || all_known && taken_for_sure) {
                st.join(entry);
            }
            Ok(())
        })
    }

    fn with(&mut self, object: &'s Expr, body: &'s Stmt, st: &mut States) -> Ran<()> {
        let value = self.eval(object, st)?;
        if value != Value::host(super::value::Host::Importer) {
            return Err(Unreadable::new(object.line, "`with` hides what names mean"));
        }
        self.statement(body, st)
    }

    fn repeat(&mut self, stmt: &'s Stmt, labels: Vec<Rc<str>>, st: &mut States) -> Ran<()> {
        let (mut test, mut update, mut body, mut each) = (None, None, None, None);
        let mut runs_first = false;
        match &stmt.kind {
            StmtKind::For {
                init,
                test: condition,
                update: then,
                body: inner,
            } => {
                if let Some(init) = init {
                    self.statement(init, st)?;
                }
                (test, update, body) = (condition.as_ref(), then.as_ref(), Some(&**inner));
            }
            StmtKind::While(condition, inner) => (test, body) = (Some(condition), Some(&**inner)),
            StmtKind::DoWhile(inner, condition) => {
                (test, body) = (Some(condition), Some(&**inner));
                runs_first = true;
            }
            StmtKind::ForEach {
                target,
                object,
                body: inner,
            } => {
                let object = self.eval(object, st)?;
                let element = self.element(&object);
                self.notes.reads_all_of(&object, stmt.line);
                each = Some((target, element));
                body = Some(&**inner);
            }
            _ => {}
        }
        let Some(body) = body else {
            return Ok(());
        };
        self.targets.push(Target {
            labels,
            is_loop: true,
            is_switch: false,
            broke: States::default(),
            continued: States::default(),
        });
        let mut left = States::default();
        for _ in 0..ROUNDS_MAX {
            let before = (st.clone(), left.clone());
            let mut inside = st.clone();
            if !runs_first || test.is_none() {
                let (goes_in, out) = match test {
                    Some(test) => self.branch(test, inside)?,
                    // Whatever is gone through may be empty.
                    None if each.is_some() => (inside.clone(), inside),
                    None => (inside, States::default()),
                };
                left.join(out);
                inside = goes_in;
            }
            if let Some((target, element)) = &each
                && !inside.is_dead()
            {
                self.assign(target, element, &mut inside)?;
            }
            if !inside.is_dead() {
                self.statement(body, &mut inside)?;
            }
            if let Some(target) = self.targets.last_mut() {
                inside.join(target.continued.take());
            }
            if let (true, Some(test)) = (runs_first, test) {
                let (again, out) = self.branch(test, inside)?;
                left.join(out);
                inside = again;
            }
            if let Some(update) = update
                && !inside.is_dead()
            {
                self.eval(update, &mut inside)?;
            }
            st.join(inside);
            if before.0 == *st && before.1 == left {
                *st = left;
                if let Some(target) = self.targets.pop() {
                    st.join(target.broke);
                }
                return Ok(());
            }
        }
        Err(Unreadable::new(stmt.line, "a loop is not settled"))
    }

    /// Gives a value to a name or a pattern.
    pub(super) fn assign(&mut self, target: &'s Expr, value: &Value, st: &mut States) -> Ran<()> {
        match &target.kind {
            ExprKind::Name(name) => self.assign_name(name, value, st, target.line),
            ExprKind::Member(of, name) => {
                let of = self.eval(of, st)?;
                self.put_member(&of, name, value, target.line, st)
            }
            ExprKind::Index(pair) => {
                let [of, at] = &**pair;
                let of = self.eval(of, st)?;
                let at = self.eval(at, st)?;
                self.put_index(&of, &at, value, target.line, st)
            }
            ExprKind::Array(_)
            | ExprKind::Object(_)
            | ExprKind::Spread(_)
            | ExprKind::Assign(..) => {
                let mut part = self.element(value).or(&value.blurred());
                for default in defaults_of(target)? {
                    let mut after = st.clone();
                    let instead = self.eval(default, &mut after)?;
                    part.join(&instead.blurred());
                    st.join(after);
                }
                for name in names_of(target) {
                    self.assign_name(&name, &part, st, target.line)?;
                }
                Ok(())
            }
            _ => Err(Unreadable::new(
                target.line,
                "it assigns to what is no place",
            )),
        }
    }
}

/// What a pattern evaluates where it gives values to names: defaults and computed keys.
fn defaults_of(target: &Expr) -> Ran<Vec<&Expr>> {
    let mut found = Vec::new();
    let mut open = vec![target];
    // BOUND: each part of the pattern is looked at once.
    while let Some(part) = open.pop() {
        match &part.kind {
            ExprKind::Spread(of) => open.push(of),
            ExprKind::Array(list) => open.extend(list),
            ExprKind::Object(members) => {
                for (key, value) in members {
                    open.push(value);
                    if let Key::Computed(key) = key {
                        found.push(key);
                    }
                }
            }
            ExprKind::Assign(_, pair) => {
                let [target, default] = &**pair;
                open.push(target);
                found.push(default);
            }
            ExprKind::Member(..) | ExprKind::Index(_) => {
                return Err(Unreadable::new(
                    part.line,
                    "a pattern gives values to members",
                ));
            }
            _ => {}
        }
    }
    Ok(found)
}
