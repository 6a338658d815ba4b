//! Running a script over what its values may be: calls.

use std::rc::Rc;

use super::{
    Frame, ROUNDS_MAX, Ran, Runner,
    eval::{doing, site},
};
use crate::facts::{
    problem::Unreadable,
    state::States,
    tree::{Expr, ExprKind},
    value::{Host, Value},
};

impl<'s> Runner<'s> {
    fn arguments(&mut self, list: &'s [Expr], st: &mut States) -> Ran<Vec<Value>> {
        let mut values = Vec::with_capacity(list.len());
        for argument in list {
            values.push(self.eval(argument, st)?);
        }
        Ok(values)
    }

    pub(super) fn call(
        &mut self,
        callee: &'s Expr,
        arguments: &'s [Expr],
        line: u32,
        st: &mut States,
    ) -> Ran<Value> {
        let (of, names) = match &callee.kind {
            ExprKind::Member(of, name) => (self.eval(of, st)?, vec![Rc::clone(name)]),
            ExprKind::Index(pair) => {
                let [of, at] = &**pair;
                let of = self.eval(of, st)?;
                let at = self.eval(at, st)?;
                let Some(names) = at.keys() else {
                    return Err(Unreadable::new(line, "it calls what has a computed name"));
                };
                let names = names.iter().map(Rc::clone).collect();
                (of, names)
            }
            _ => {
                let value = self.eval(callee, st)?;
                let arguments = self.arguments(arguments, st)?;
                self.may_throw(st);
                return self.call_value(&value, &Value::host(Host::This), &arguments, line, st);
            }
        };
        let arguments = self.arguments(arguments, st)?;
        self.may_throw(st);
        let mut result = Value::default();
        let before = st.take();
        for name in names {
            let mut after = before.clone();
            let value = self.call_method(&of, &name, &arguments, line, &mut after)?;
            result.join(&value);
            st.join(after);
        }
        // What failed in the middle of it may have done some of it.
        self.may_throw(st);
        Ok(result)
    }

    fn call_method(
        &mut self,
        of: &Value,
        name: &Rc<str>,
        arguments: &[Value],
        line: u32,
        st: &mut States,
    ) -> Ran<Value> {
        if !of.functions.is_empty() && matches!(&**name, "call" | "apply" | "bind") {
            return self.call_indirectly(of, name, arguments, line, st);
        }
        if &**name == "setValue" && of.data {
            let value = arguments.first().cloned().unwrap_or_default();
            for part in self.entries.clone() {
                self.notes.writes(part, &Value::data(), &value, line);
            }
        }
        let mut result = Value::default();
        let before = st.take();
        for host in &of.hosts {
            let mut after = before.clone();
            let value = self.host_call(host, name, arguments, line, &mut after)?;
            result.join(&value);
            st.join(after);
        }
        let mut member = Value::default();
        for site in &of.objects {
            self.weigh(&member);
            let is_own = self.members.contains_key(&(*site, Rc::clone(name)));
            let object = Value::object(*site);
            let found = self.get_member(&object, name, line)?;
            if !is_own || found.functions.is_empty() {
                member.data = true;
            }
            member.join(&found);
        }
        // A function that was put where nobody knows may be called by any name.
        let other = of.data || !of.texts.is_empty() || !of.numbers.is_empty();
        if other {
            member.data = true;
            let known = self.stored.functions.clone();
            member.functions.extend(known);
        }
        if member != Value::default() {
            let mut after = before;
            member.hosts.clear();
            let this = doing(of);
            let value = self.call_value(&member, &this, arguments, line, &mut after)?;
            result.join(&value);
            st.join(after);
        } else if of.hosts.is_empty() {
            // Nothing is there to be called, which is an error: this way ends here.
            result.data = true;
            st.join(before);
        }
        Ok(result)
    }

    fn call_indirectly(
        &mut self,
        of: &Value,
        name: &str,
        arguments: &[Value],
        line: u32,
        st: &mut States,
    ) -> Ran<Value> {
        let (this, rest) = match arguments.split_first() {
            Some((this, rest)) => (this.clone(), rest),
            None => (Value::host(Host::This), arguments),
        };
        match name {
            "call" => self.call_value(of, &this, rest, line, st),
            _ => Err(Unreadable::new(
                line,
                "it calls a function in a way that is not followed",
            )),
        }
    }

    /// Calls whatever a value may be.
    pub(super) fn call_value(
        &mut self,
        callee: &Value,
        this: &Value,
        arguments: &[Value],
        line: u32,
        st: &mut States,
    ) -> Ran<Value> {
        let mut result = Value::default();
        let before = st.take();
        for function in &callee.functions {
            let mut after = before.clone();
            let value = self.enter(*function, this, arguments, line, &mut after)?;
            result.join(&value);
            self.weigh_all(&after);
            st.join(after);
        }
        for host in &callee.hosts {
            let mut after = before.clone();
            let value = self.host_call_itself(host, arguments, line, &mut after)?;
            result.join(&value);
            st.join(after);
        }
        let other = callee.data || !callee.objects.is_empty();
        if other {
            let mut after = before;
            let value = self.call_unknown(this, arguments, line, &mut after)?;
            result.join(&value);
            st.join(after);
        } else if callee.functions.is_empty() && callee.hosts.is_empty() {
            result.data = true;
            st.join(before);
        }
        Ok(result)
    }

    /// Calls what is not of the script: it may hand out whatever it is given, and call it.
    pub(super) fn call_unknown(
        &mut self,
        this: &Value,
        arguments: &[Value],
        line: u32,
        st: &mut States,
    ) -> Ran<Value> {
        let mut all = doing(this);
        all.join(&self.element(this));
        for argument in arguments {
            self.notes.reads_all_of(argument, line);
            all.join(&doing(argument));
            if !argument.objects.is_empty() {
                all.join(&self.element(argument));
            }
        }
        let mut stored = Value::default();
        for argument in arguments {
            self.weigh(argument);
            stored.join(&doing(argument));
        }
        self.stored.join(&stored);
        for site in &this.objects {
            for argument in arguments {
                self.weigh(argument);
                let list = self.members.entry((*site, Rc::from("[]"))).or_default();
                list.join(&argument.blurred());
            }
        }
        all.data = true;
        let functions: Vec<usize> = arguments
            .iter()
            .flat_map(|argument| argument.functions.iter().copied())
            .collect();
        if functions.is_empty() {
            return Ok(all);
        }
        let given = vec![all.clone(); 4];
        for _ in 0..ROUNDS_MAX {
            let before = st.clone();
            for function in &functions {
                let mut after = st.clone();
                let value = self.enter(
                    *function,
                    &Value::host(Host::This),
                    &given,
                    line,
                    &mut after,
                )?;
                all.join(&value.blurred());
                self.weigh_all(&after);
                st.join(after);
            }
            if before == *st {
                return Ok(all);
            }
        }
        Err(Unreadable::new(line, "a loop is not settled"))
    }

    /// Runs a function of the script.
    pub(super) fn enter(
        &mut self,
        at: usize,
        this: &Value,
        arguments: &[Value],
        line: u32,
        st: &mut States,
    ) -> Ran<Value> {
        for argument in arguments {
            self.weigh(argument);
        }
        self.step(line)?;
        if self.frames.iter().any(|frame| frame.function == at) {
            return Err(Unreadable::new(line, "a function calls itself"));
        }
        let Some(function) = self.function(at) else {
            return Ok(Value::data());
        };
        if !self.entered.insert(at) && function.has_functions {
            self.plural.insert(at);
        }
        let outer = match (function.is_arrow, self.frames.last()) {
            (true, Some(frame)) => frame.this.clone().or(&Value::host(Host::This)),
            (true, None) => Value::host(Host::This),
            (false, _) => this.clone(),
        };
        for name in &function.names {
            let variable = (at + 1, Rc::clone(name));
            let weak = self.is_weak(&variable);
            st.set(&variable, &Value::nothing(), weak);
        }
        let targets = std::mem::take(&mut self.targets);
        self.frames.push(Frame {
            function: at,
            this: outer,
            returned: Value::default(),
            exits: States::default(),
        });
        if let Some(name) = &function.name {
            self.assign_name(name, &Value::function(at), st, line)?;
        }
        self.bind(at, arguments, st)?;
        self.block(&function.body, st)?;
        self.targets = targets;
        let Some(frame) = self.frames.pop() else {
            return Ok(Value::data());
        };
        let mut value = frame.returned;
        value.nothing |= !st.is_dead();
        st.join(frame.exits);
        Ok(value)
    }

    fn bind(&mut self, at: usize, arguments: &[Value], st: &mut States) -> Ran<()> {
        let Some(function) = self.function(at) else {
            return Ok(());
        };
        for (place, (target, default)) in function.params.iter().enumerate() {
            let mut value = arguments.get(place).cloned().unwrap_or_else(Value::nothing);
            if matches!(target.kind, ExprKind::Spread(_)) {
                value = Value::data();
                for argument in arguments.iter().skip(place) {
                    value.join(&argument.blurred());
                }
            } else if let Some(default) = default
                && (value.nothing || value.data)
            {
                let instead = self.eval(default, st)?;
                value.nothing = false;
                value.join(&instead);
            }
            self.assign(target, &value, st)?;
        }
        Ok(())
    }

    pub(super) fn construct(
        &mut self,
        expr: &'s Expr,
        callee: &'s Expr,
        arguments: &'s [Expr],
        st: &mut States,
    ) -> Ran<Value> {
        let callee = self.eval(callee, st)?;
        let arguments = self.arguments(arguments, st)?;
        self.may_throw(st);
        let mut result = Value::default();
        let before = st.take();
        if !callee.functions.is_empty() {
            let object = Value::object(site(expr));
            let mut after = before.clone();
            let functions = Value {
                functions: callee.functions.clone(),
                ..Value::default()
            };
            let value = self.call_value(&functions, &object, &arguments, expr.line, &mut after)?;
            result.join(&object);
            result.join(&doing(&value));
            st.join(after);
        }
        let mut after = before;
        for host in &callee.hosts {
            self.host_new(host, &arguments, expr.line)?;
        }
        if callee.functions.is_empty() || callee.data || !callee.hosts.is_empty() {
            let stored = self.stored.clone();
            let mut value =
                self.call_unknown(&Value::default(), &arguments, expr.line, &mut after)?;
            if arguments.is_empty() {
                // What is new and was given nothing has nothing in it yet.
                self.stored = stored;
                value = Value::data();
            }
            result.join(&value);
            st.join(after);
        }
        self.may_throw(st);
        Ok(result)
    }
}
